-- people: qualification, training and waiver of contractors' staff, what that
-- means for who is given work (R7, R3), whom to ask (R4, R5, R8, R10), and what
-- provinces may change (R91, ruling 28).
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
SELECT FROM kefu.create_roles() \g /dev/null
CREATE ROLE people_zhao; CREATE ROLE people_lin; CREATE ROLE people_hu; CREATE ROLE people_boss;
CREATE ROLE people_far; CREATE ROLE people_wang;
GRANT kefu_leader TO people_zhao, people_boss, people_far;
GRANT kefu_operator TO people_lin, people_hu;
GRANT kefu_department TO people_wang;
SELECT FROM kefu.load_preset('all');
SELECT FROM kefu.grant_reader(current_user, 'group');
INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en)
    VALUES ('gd.lantu', 'gd', 'contractor', '蓝途外包', 'Lantu contractor');
SELECT count(kefu.add_staff(s.login, s.unit, s.name))
  FROM (VALUES ('people_zhao', 'gd', '赵'), ('people_lin', 'gd', '林'), ('people_hu', 'gd.lantu', '胡'),
               ('people_boss', 'gd.lantu', '包'), ('people_far', 'qh', '马'), ('people_wang', 'gd.network', '王')
       ) AS s(login, unit, name);
SELECT count(*) FROM (SELECT kefu.grant_role(r.login, r.unit, r.role)
  FROM (VALUES ('people_zhao', 'gd', 'leader'), ('people_lin', 'gd', 'operator'), ('people_hu', 'gd', 'operator'),
               ('people_boss', 'gd.lantu', 'leader'), ('people_far', 'qh', 'leader'),
               ('people_wang', 'gd.network', 'department')) AS r(login, unit, role)) AS g;
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('people.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('sina.gd', 'sina', 'gd', '中国电信广东客服', '9001', 'people.key');
SELECT tickets FROM kefu.ingest('sina.gd', 'mentions', '{"statuses": [{"idstr": "31", "mid": "31",
    "text": "宽带断了三天", "created_at": "Mon Mar 02 00:50:00 +0000 2026",
    "user": {"idstr": "501", "screen_name": "n501", "province": "44"}}]}');
SELECT max(ticket_id) AS t FROM kefu.ticket \gset
SELECT staff_id AS hu FROM kefu.staff WHERE login = 'people_hu' \gset
SELECT staff_id AS lin FROM kefu.staff WHERE login = 'people_lin' \gset
CREATE VIEW pg_temp.held AS
    SELECT w.object_type, s.login FROM kefu.held_work w JOIN kefu.staff s ON s.staff_id = w.handler ORDER BY 1;
GRANT SELECT ON pg_temp.held TO PUBLIC;
-- The number of a person in a message differs from run to run.
CREATE PROCEDURE pg_temp.try(command text) LANGUAGE plpgsql AS $$
DECLARE said text; detail text; hint text; code text;
BEGIN
    EXECUTE command;
    RAISE WARNING 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        code = RETURNED_SQLSTATE;
    RAISE WARNING '%: % | % | %', code, regexp_replace(said, '(person|shift|人员) [0-9]+', '\1 N', 'g'),
        regexp_replace(detail, 'Shift [0-9]+', 'Shift N'), hint;
END $$;
\set ECHO all

-- Staff of the province need nothing; a contractor's need both (R7).
SELECT login, needs, subject, n.unit, until, waived_until
  FROM kefu.staff s, kefu.qualification_needs(s.staff_id, kefu.now()) AS n
 WHERE login LIKE 'people%' ORDER BY 1, 2;
SET LOCAL ROLE people_hu;
CALL pg_temp.try(format('SELECT kefu.take(%s)', :t));
SET LOCAL kefu.language = 'zh';
CALL pg_temp.try(format('SELECT kefu.take(%s)', :t));
RESET kefu.language;
SET LOCAL ROLE people_lin;
SELECT state FROM kefu.take(:t);
-- Who takes can't take for somebody else: only what names a person gives to one.
SELECT FROM kefu.advance('ticket', :t, 'take', format('{"staff": %s}', :hu)::jsonb);
TABLE pg_temp.held;
SET LOCAL ROLE people_zhao;
CALL pg_temp.try(format('SELECT kefu.assign(%s, %s)', :t, :hu));

-- The company is reviewed by the province, not by itself, and not by another one.
SET LOCAL ROLE people_boss;
SELECT kefu.add_qualification('gd.lantu', '2026-03-01 00:00+08', '2027-03-01 00:00+08', 'record 7');
SELECT kefu.add_training('people_hu', 'service', '2026-03-01 00:00+08', '2026-04-01 00:00+08', 'sheet 3');
SELECT kefu.waive_qualification('2026-03-03 09:00+08', 'new', login => 'people_hu');
SET LOCAL ROLE people_far;
SELECT kefu.add_qualification('gd.lantu', '2026-03-01 00:00+08', '2027-03-01 00:00+08', 'record 7');
SELECT kefu.add_training('people_hu', 'service', '2026-03-01 00:00+08', '2026-04-01 00:00+08', 'sheet 3');
SELECT kefu.waive_qualification('2026-03-03 09:00+08', 'new', unit => 'gd.lantu');
SET LOCAL ROLE people_lin;
SELECT kefu.add_qualification('gd.lantu', '2026-03-01 00:00+08', '2027-03-01 00:00+08', 'record 7');
SET LOCAL ROLE people_zhao;
SELECT kefu.add_qualification('gd.network', '2026-03-01 00:00+08', '2027-03-01 00:00+08', 'record 7');
SELECT kefu.add_qualification('gd.lantu', '2026-03-01 00:00+08', '2026-03-01 00:00+08', 'record 7');
SELECT kefu.add_qualification('gd.lantu', '2026-03-01 00:00+08', '2026-04-10 00:00+08', 'record 7') > 0 AS reviewed;
CALL pg_temp.try(format('SELECT kefu.assign(%s, %s)', :t, :hu));
SELECT kefu.add_training('people_zhao', 'service', '2026-03-01 00:00+08', '2026-04-01 00:00+08', 'sheet 3');
SELECT kefu.add_training('nobody', 'service', '2026-03-01 00:00+08', '2026-04-01 00:00+08', 'sheet 3');
SELECT kefu.add_training('people_hu', 'service', '2026-03-01 00:00+08', '2026-04-01 00:00+08', 'sheet 3') > 0 AS trained;
SELECT state FROM kefu.assign(:t, :hu);
TABLE pg_temp.held;

-- Until the last instant of the range, and not at its end.
RESET ROLE;
SELECT kefu.qualification_gap(:hu, '2026-04-01 00:00+08'::timestamptz - interval '1 microsecond') IS NULL AS fine,
       kefu.qualification_gap(:hu, '2026-04-01 00:00+08') AS gap;
SELECT kefu.qualification_gap(:hu, '2026-04-10 00:00+08') AS gap;
-- Findings 30 and 7 days before, inclusive, and on the lapse; not for other provinces.
SET LOCAL ROLE people_zhao;
SET LOCAL kefu.test_now = '2026-03-01 23:59:59+08';
SELECT needs, subject, level FROM kefu_bi.qualification_gap WHERE login = 'people_hu';
SET LOCAL kefu.test_now = '2026-03-02 00:00+08';
SELECT needs, subject, until_at, days_left, level FROM kefu_bi.qualification_gap WHERE login = 'people_hu';
SET LOCAL kefu.test_now = '2026-03-25 00:00+08';
SELECT needs, subject, until_at, days_left, level FROM kefu_bi.qualification_gap WHERE login = 'people_hu' ORDER BY 1;
SET LOCAL kefu.test_now = '2026-04-01 00:00+08';
SELECT unit, needs, subject, until_at, days_left, level FROM kefu_bi.qualification_gap WHERE login = 'people_hu' ORDER BY 2;
SET LOCAL ROLE people_far;
SELECT * FROM kefu_bi.qualification_gap;
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
-- A renewal that joins the old one leaves no gap.
SAVEPOINT renewal;
SELECT kefu.add_training('people_hu', 'service', '2026-04-01 00:00+08', '2027-04-01 00:00+08', 'sheet 9') > 0 AS renewed;
SELECT subject, until FROM kefu.qualification_needs(:hu, '2026-03-20 00:00+08') ORDER BY 1;
ROLLBACK TO renewal;

-- A lapse returns what is held to the queue, on the clock's authority, once.
SET LOCAL kefu.test_now = '2026-03-31 23:59:59+08';
SELECT kefu.release_unqualified();
SET LOCAL kefu.test_now = '2026-04-01 00:00+08';
SELECT kefu.release_unqualified();
SELECT kefu.release_unqualified();
TABLE pg_temp.held;
SELECT e.event, e.staff_id, e.flags & 14 AS flags FROM kefu.audit_event e
 WHERE e.object_type = 'ticket' AND e.object_id = :t ORDER BY e.seq DESC LIMIT 1;

-- A waiver: by a leader of the unit above, 7 days and not a second more.
SET LOCAL ROLE people_lin;
SELECT kefu.waive_qualification('2026-04-08 00:00+08', 'exam is on the 8th', login => 'people_hu');
SET LOCAL ROLE people_zhao;
SELECT kefu.waive_qualification('2026-04-08 00:00:01+08', 'exam is on the 8th', login => 'people_hu');
SELECT kefu.waive_qualification('2026-04-08 00:00+08', 'exam is on the 8th');
SELECT kefu.waive_qualification('2026-04-08 00:00+08', 'exam is on the 8th', login => 'people_hu') > 0 AS waived;
SELECT kefu.waive_qualification('2026-04-03 00:00+08', 'again', login => 'people_hu');
SELECT state FROM kefu.assign(:t, :hu);
RESET ROLE;
SET LOCAL kefu.test_now = '2026-04-07 23:59:59+08';
SELECT kefu.release_unqualified();
SET LOCAL kefu.test_now = '2026-04-08 00:00+08';
SELECT kefu.release_unqualified();
-- No chain of waivers: 7 days without one come first.
SET LOCAL ROLE people_zhao;
SET LOCAL kefu.test_now = '2026-04-14 23:59:59+08';
SELECT kefu.waive_qualification('2026-04-16 00:00+08', 'again', login => 'people_hu');
SET LOCAL kefu.test_now = '2026-04-15 00:00+08';
SELECT kefu.waive_qualification('2026-04-16 00:00+08', 'again', unit => 'gd.lantu') > 0 AS company_waived;
SELECT state FROM kefu.assign(:t, :hu);
SELECT kefu.waive_qualification('2026-04-16 00:00+08', 'again', unit => 'gd.lantu');

-- A rule row asks it of others, too.
RESET ROLE;
INSERT INTO kefu.qualification_rule (unit, unit_kind, needs, subject, valid)
    VALUES ('gd', 'province', 'training', 'privacy', tstzrange('2026-04-20 00:00+08', NULL));
SET LOCAL kefu.test_now = '2026-04-19 23:59:59+08';
SELECT kefu.qualification_gap(:lin, kefu.now());
SET LOCAL kefu.test_now = '2026-04-20 00:00+08';
SELECT kefu.qualification_gap(:lin, kefu.now());
INSERT INTO kefu.qualification_rule (unit, unit_kind, needs, subject) VALUES ('gd', 'province', 'qualification', 'company');
-- The engine remembers who is qualified, not beyond what the rows say: until a rule
-- begins, and until a row changes.
SET LOCAL ROLE people_zhao;
SET LOCAL kefu.test_now = '2026-04-19 23:59:58+08';
SELECT state FROM kefu.assign(:t, :lin);
SELECT state FROM kefu.release(:t);
SET LOCAL kefu.test_now = '2026-04-19 23:59:59+08';
SELECT state FROM kefu.assign(:t, :lin);
SELECT state FROM kefu.release(:t);
SET LOCAL kefu.test_now = '2026-04-20 00:00+08';
CALL pg_temp.try(format('SELECT kefu.assign(%s, %s)', :t, :lin));
SELECT kefu.add_training('people_lin', 'privacy', '2026-04-20 00:00+08', '2026-05-20 00:00+08', 'list 7') > 0 AS trained;
SELECT state FROM kefu.assign(:t, :lin);
SELECT state FROM kefu.release(:t);
RESET ROLE;
DELETE FROM kefu.training WHERE staff_id = :lin;
SET LOCAL ROLE people_zhao;
CALL pg_temp.try(format('SELECT kefu.assign(%s, %s)', :t, :lin));
RESET ROLE;
SELECT kefu.qualified_until(:lin, '2026-04-19 23:59:59+08') = '2026-04-20 00:00+08' AS until_the_rule;

-- Whom to ask: the nearest matter first, the deputy when the first is off.
RESET ROLE;
SET LOCAL kefu.test_now = '2026-04-20 10:00+08';
INSERT INTO kefu.calendar VALUES ('people_early', '早班', 'mornings', 'Asia/Shanghai', NULL);
INSERT INTO kefu.calendar_week SELECT 'people_early', d, 480, 720 FROM generate_series(1, 7) AS d;
SET LOCAL ROLE people_far;
SELECT kefu.set_contact('gd.network', login => 'people_wang');
SELECT * FROM kefu.contact_of('gd.network');
SET LOCAL ROLE people_lin;
SELECT kefu.set_contact('gd.network', login => 'people_wang');
SET LOCAL ROLE people_zhao;
SELECT count(*) AS nobody FROM kefu.contact_of('gd.network');
SELECT kefu.set_contact('gd.network', login => 'people_wang', name => '王');
SELECT kefu.set_contact('gd.network', name => '夜班');
SELECT kefu.set_contact('gd.network', login => 'people_wang', from_at => '2026-04-20 09:59:59+08');
SELECT kefu.set_contact('gd.network', login => 'people_wang', calendar => 'people_early') > 0 AS first_one,
       kefu.set_contact('gd.network', name => '夜班', phone => '6001', is_deputy => true, calendar => 'always') > 0 AS deputy,
       kefu.set_contact('gd.network', 'broadband', name => '宽带组', phone => '6002', calendar => 'people_early') > 0 AS special;
SET LOCAL ROLE people_lin;
SELECT c.category, a.at, o.name, o.phone, o.is_deputy, o.is_reachable
  FROM (VALUES (''), ('billing'), ('broadband.fault'), ('broadbands')) AS c(category),
       (VALUES ('2026-04-20 11:59:59+08'::timestamptz), ('2026-04-20 12:00+08')) AS a(at),
       kefu.contact_of('gd.network', c.category, a.at) AS o ORDER BY 1, 2;
-- A successor from an instant on; the deputy gone, nobody is reachable at night.
SET LOCAL ROLE people_zhao;
SELECT kefu.set_contact('gd.network', name => '李', phone => '6003', calendar => 'people_early', from_at => '2026-04-21 00:00+08') > 0 AS successor,
       kefu.set_contact('gd.network', name => '夜班', phone => '6001', is_deputy => true, calendar => 'always', to_at => '2026-04-21 00:00+08') > 0 AS leaves;
SELECT a.at, o.name, o.is_deputy, o.is_reachable
  FROM (VALUES ('2026-04-20 11:00+08'::timestamptz), ('2026-04-20 23:59:59+08'), ('2026-04-21 00:00+08'), ('2026-04-21 08:00+08')) AS a(at),
       kefu.contact_of('gd.network', '', a.at) AS o ORDER BY 1;
-- No published view tells a number of a contact.
RESET ROLE;
SELECT count(*) AS published FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
 WHERE d.refobjid = 'kefu.contact'::regclass AND v.relnamespace = 'kefu_bi'::regnamespace;

-- What provinces may change (R91, ruling 28); Group is free, but never off the wall clock.
CREATE ROLE people_adm; CREATE ROLE people_top;
GRANT kefu_admin TO people_adm, people_top;
SELECT count(kefu.add_staff(s.login, s.unit, s.name))
  FROM (VALUES ('people_adm', 'gd', '规'), ('people_top', 'group', '总')) AS s(login, unit, name);
SELECT FROM kefu.grant_role('people_adm', 'gd', 'admin');
SELECT FROM kefu.grant_role('people_top', 'group', 'admin');
INSERT INTO kefu.clock_policy (clock, unit, valid_from, target, calendar)
SELECT c.clock, 'group', '2026-01-01 00:00+08', c.target, 'wall'
  FROM (VALUES ('correction', interval '10 minutes')) AS c(clock, target)
 WHERE NOT EXISTS (SELECT FROM kefu.clock_policy p WHERE p.clock = c.clock AND p.unit = 'group');
SET LOCAL ROLE people_adm;
SELECT kefu.set_clock_policy('inquiry_ack', 'gd', '4 hours') > 0 AS at_the_bound;
SELECT kefu.set_clock_policy('inquiry_ack', 'gd', '4 hours 1 second', valid_from => '2026-04-21 00:00+08');
SELECT kefu.set_clock_policy('complaint_ack', 'gd', '30 minutes 1 second');
SELECT kefu.set_clock_policy('complaint_ack', 'gd', '59 seconds');
SELECT kefu.set_clock_policy('complaint_ack', 'gd', '10 minutes') > 0 AS stricter;
SELECT kefu.set_clock_policy('legal', 'gd', '16 days');
SELECT kefu.set_clock_policy('legal', 'gd', '5 days', 'working_days') > 0 AS jurisdiction;
SELECT kefu.set_clock_policy('legal', 'gd', '100 hours', 'shift', '2026-04-21 00:00+08');
SELECT kefu.set_clock_policy('correction', 'gd', '5 minutes');
SELECT kefu.set_clock_policy('order_handle', 'gd', '90 hours', 'shift') > 0 AS free;
SELECT kefu.set_clock_policy('inquiry_ack', 'qh', '1 hour');
SET LOCAL ROLE people_top;
SELECT kefu.set_clock_policy('correction', 'group', '8 minutes') > 0 AS by_group;
SELECT kefu.set_clock_policy('correction', 'group', '8 minutes', 'shift', '2026-04-21 00:00+08');
RESET ROLE;

-- All of it is on the ledger.
SELECT e.event, count(*) FROM kefu.audit_event e JOIN kefu.ledger l ON l.ledger_id = e.object_id
 WHERE e.object_type = 'ledger' AND l.ledger = 'organization' GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM kefu.verify_audit();
ROLLBACK;
