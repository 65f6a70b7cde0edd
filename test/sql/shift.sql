-- shift: rosters, handover and what nobody saw: R71, R72, R86, R88, R108,
-- rulings 1 and 22.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
SELECT FROM kefu.create_roles() \g /dev/null
CREATE ROLE shift_zhao; CREATE ROLE shift_lin; CREATE ROLE shift_he; CREATE ROLE shift_far; CREATE ROLE shift_tmp;
GRANT kefu_leader TO shift_zhao, shift_far;
GRANT kefu_operator TO shift_lin, shift_he, shift_tmp;
SELECT FROM kefu.load_preset('all');
SELECT FROM kefu.grant_reader(current_user, 'group');
INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en)
    VALUES ('gd.lantu', 'gd', 'contractor', '蓝途外包', 'Lantu contractor');
SELECT count(kefu.add_staff(s.login, s.unit, s.name))
  FROM (VALUES ('shift_zhao', 'gd', '赵'), ('shift_lin', 'gd', '林'), ('shift_he', 'gd', '何'),
               ('shift_far', 'qh', '马'), ('shift_tmp', 'gd.lantu', '胡')) AS s(login, unit, name);
SELECT count(*) FROM (SELECT kefu.grant_role(r.login, r.unit, r.role)
  FROM (VALUES ('shift_zhao', 'gd', 'leader'), ('shift_lin', 'gd', 'operator'), ('shift_he', 'gd', 'operator'),
               ('shift_far', 'qh', 'leader'), ('shift_tmp', 'gd', 'operator')) AS r(login, unit, role)) AS g;
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('shift.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('sina.gd', 'sina', 'gd', '中国电信广东客服', '9001', 'shift.key');
CREATE FUNCTION pg_temp.mention(id text, text text, at timestamptz) RETURNS integer
    LANGUAGE sql AS $$ SELECT tickets FROM kefu.ingest('sina.gd', 'mentions',
        jsonb_build_object('statuses', jsonb_build_array(jsonb_build_object(
        'idstr', id, 'mid', id, 'text', text, 'created_at',
        to_char(at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
        'user', jsonb_build_object('idstr', '7' || id, 'screen_name', 'n' || id, 'province', '44'))))::text) $$;
-- The number of a shift or a person differs from run to run.
CREATE PROCEDURE pg_temp.try(command text) LANGUAGE plpgsql AS $$
DECLARE said text; detail text; hint text; code text;
BEGIN
    EXECUTE command;
    RAISE WARNING 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        code = RETURNED_SQLSTATE;
    RAISE WARNING '%: % | % | %', code, regexp_replace(said, '(person|shift) [0-9]+', '\1 N', 'g'),
        regexp_replace(detail, 'Shift [0-9]+', 'Shift N'), hint;
END $$;
CREATE VIEW pg_temp.roster AS
    SELECT f.login, s.unit, s.role, s.during, s.is_on_call, s.returned_at IS NOT NULL AS is_returned
      FROM kefu.shift s JOIN kefu.staff f USING (staff_id) ORDER BY s.during, f.login;
CREATE VIEW pg_temp.held AS
    SELECT w.object_type, w.unit, s.login FROM kefu.held_work w JOIN kefu.staff s ON s.staff_id = w.handler
     ORDER BY w.object_type, w.id;
\set ECHO all

-- A person is at one desk at a time, and may be on call besides.
SET LOCAL ROLE shift_zhao;
SELECT kefu.add_shift('shift_lin', 'gd', 'operator', '2026-03-02 08:00+08', '2026-03-02 14:00+08') AS early \gset
SELECT kefu.add_shift('shift_he', 'gd', 'operator', '2026-03-02 14:00+08', '2026-03-02 20:00+08') AS late \gset
CALL pg_temp.try($$SELECT kefu.add_shift('shift_lin', 'gd', 'reviewer', '2026-03-02 13:59:59+08', '2026-03-02 15:00+08')$$);
SELECT kefu.add_shift('shift_lin', 'gd', 'operator', '2026-03-02 14:00+08', '2026-03-02 15:00+08') AS extra \gset
SELECT kefu.add_shift('shift_he', 'gd', 'operator', '2026-03-02 12:00+08', '2026-03-02 21:00+08', true) > 0 AS on_call;
CALL pg_temp.try($$SELECT kefu.add_shift('shift_he', 'gd', 'leader', '2026-03-02 20:59+08', '2026-03-02 22:00+08', true)$$);
SELECT kefu.add_shift('shift_lin', 'gd', 'operator', '2026-03-02 15:00+08', '2026-03-02 15:00+08');
SELECT kefu.add_shift('nobody', 'gd', 'operator', '2026-03-02 15:00+08', '2026-03-02 16:00+08');
SELECT kefu.add_shift('shift_far', 'qh', 'leader', '2026-03-02 15:00+08', '2026-03-02 16:00+08');
-- Another province changes nothing here, and an operator no roster.
SET LOCAL ROLE shift_far;
SELECT kefu.add_shift('shift_lin', 'gd', 'operator', '2026-03-03 08:00+08', '2026-03-03 16:00+08');
SELECT kefu.end_shift(:early, 'x');
SELECT kefu.end_shift(-1, 'x');
SELECT kefu.swap_shift(:early, 'shift_far', 'x');
SELECT * FROM kefu.handover(:early);
SET LOCAL ROLE shift_lin;
SELECT kefu.end_shift(:early, 'x');
RESET ROLE;
TABLE pg_temp.roster;

-- A shift to come is cancelled; one that runs ends now; one that is over stays.
SET LOCAL ROLE shift_zhao;
CALL pg_temp.try(format('SELECT kefu.swap_shift(%s, ''shift_lin'', ''x'')', :late));
SELECT kefu.end_shift(:extra, 'not needed');
SELECT kefu.end_shift(:extra, 'not needed');
SELECT kefu.swap_shift(:late, 'shift_lin', 'ill') AS swapped \gset
SELECT kefu.swap_shift(:swapped, 'shift_he', 'well again') AS late \gset
RESET ROLE;
TABLE pg_temp.roster;

-- At the end of a shift all goes to the next one, with what is promised and sensitive.
SET LOCAL kefu.test_now = '2026-03-02 09:10+08';
SELECT pg_temp.mention('11', '宽带断了三天', '2026-03-02 09:05+08'),
       pg_temp.mention('12', '请问如何查询流量', '2026-03-02 09:06+08'),
       pg_temp.mention('13', '宽带断了两天', '2026-03-02 09:07+08');
SELECT min(ticket_id) AS t1, max(ticket_id) AS t3, min(ticket_id) + 1 AS t2 FROM kefu.ticket \gset
SET LOCAL ROLE shift_lin;
SELECT (kefu.take(:t1)).state, (kefu.take(:t2)).state;
SELECT (kefu.prioritise(:t1, 1, 'angry')).state;
SELECT state FROM kefu.open_task_for('gd', 'evidence', '2026-03-03 09:00+08');
RESET ROLE;
SELECT max(task_id) AS k FROM kefu.task \gset
SET LOCAL ROLE shift_lin;
SELECT (kefu.advance('task', :k, 'take')).state;
RESET ROLE;
TABLE pg_temp.held;
SET LOCAL ROLE shift_he;
SELECT * FROM kefu.handover(:early, :late);
SET LOCAL kefu.test_now = '2026-03-02 13:55+08';
SET LOCAL ROLE shift_lin;
CALL pg_temp.try(format('SELECT kefu.handover(%1$s, %1$s)', :early));
SELECT * FROM kefu.handover(:early, -1);
SELECT object_type, of_unit, went_to, is_call_promised, is_sensitive, due_at
  FROM kefu.handover(:early, :late, 'the first one is angry');
RESET ROLE;
TABLE pg_temp.held;
SELECT h.unit, f.login AS from_login, o.login AS to_login, h.at, h.note, ticket_count, order_count, task_count,
       call_count, sensitive_count
  FROM kefu.handover_record h JOIN kefu.staff f ON f.staff_id = h.from_staff_id
  LEFT JOIN kefu.staff o ON o.staff_id = h.to_staff_id;
-- In the chain: a part of what that person did, with the shift and nothing else.
SELECT e.event, f.login, e.flags & 14 AS flags, (e.facts ->> 'shift')::bigint = :late AS to_shift
  FROM kefu.audit_event e JOIN kefu.staff f USING (staff_id)
 WHERE e.object_type = 'ticket' AND e.object_id = :t2 AND e.event = 'hand_over';

-- An unqualified one gets nothing that way either (R7).
SET LOCAL ROLE shift_zhao;
SELECT kefu.add_shift('shift_tmp', 'gd', 'operator', '2026-03-02 13:00+08', '2026-03-02 22:00+08') AS temp \gset
CALL pg_temp.try(format('SELECT kefu.hand_over(%s, %s)', :t1, :temp));
CALL pg_temp.try(format('SELECT kefu.handover(%s, %s)', :late, :temp));
SELECT kefu.hand_over(:t1, 999999);

-- Without a next shift, back to the queue: who was not on a shift keeps all.
RESET ROLE;
SET LOCAL ROLE shift_zhao;
SELECT (kefu.take(:t3)).state;
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-02 14:00+08';
SELECT kefu.end_shifts();
SET LOCAL kefu.test_now = '2026-03-02 20:00+08';
-- On call until nine, so still in a shift.
SELECT kefu.end_shifts();
SET LOCAL kefu.test_now = '2026-03-02 20:59:59+08';
SELECT kefu.end_shifts();
SET LOCAL kefu.test_now = '2026-03-02 21:00+08';
SELECT kefu.end_shifts();
SELECT kefu.end_shifts();
TABLE pg_temp.held;
-- Once a shift: who stays longer and takes something keeps it.
SET LOCAL ROLE shift_he;
SELECT (kefu.take(:t1)).state;
RESET ROLE;
SELECT kefu.end_shifts();
TABLE pg_temp.held;
SET LOCAL ROLE shift_zhao;
CALL pg_temp.try(format('SELECT kefu.end_shift(%s, ''x'')', :late));
RESET ROLE;

-- Uncovered time: the calendar is open and no operator is at the desk (I16). The
-- one on call is none. Another desk never had a roster; others see nothing.
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('sina.qh', 'sina', 'qh', '中国电信青海客服', '9002', 'shift.key');
SET LOCAL kefu.test_now = '2026-03-03 12:00+08';
SELECT unit, has_roster, from_at, to_at, minutes FROM kefu_bi.uncovered
 WHERE from_at IS NULL OR from_at BETWEEN '2026-02-28 00:00+08' AND '2026-03-04 00:00+08' ORDER BY 1, 3;
SELECT min(from_at), max(to_at), sum(minutes) FROM kefu_bi.uncovered WHERE unit = 'gd';
SET LOCAL ROLE shift_far;
SELECT unit, has_roster FROM kefu_bi.uncovered;
RESET ROLE;

-- Patrols: 30 minutes are none too many, a second more is a finding (I5).
SET LOCAL ROLE shift_lin;
SET LOCAL kefu.test_now = '2026-03-03 08:30+08';
SELECT count(*) FILTER (WHERE of_unit <> 'gd') AS others FROM kefu.worklist('gd');
SET LOCAL kefu.test_now = '2026-03-03 09:00:01+08';
SELECT count(*) FILTER (WHERE of_unit <> 'gd') AS others FROM kefu.worklist('gd');
SET LOCAL kefu.test_now = '2026-03-03 09:30+08';
SELECT count(*) FILTER (WHERE of_unit <> 'gd') AS others FROM kefu.worklist('gd');
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-03 10:00+08';
SELECT unit, from_at, to_at, people_seconds, worker_saw FROM kefu_bi.patrol_gap
 WHERE unit = 'gd' AND from_at >= '2026-03-03 00:00+08' ORDER BY 2;
SET LOCAL kefu.test_now = '2026-03-03 10:00:01+08';
SELECT from_at, to_at, people_seconds FROM kefu_bi.patrol_gap
 WHERE unit = 'gd' AND from_at >= '2026-03-03 00:00+08' ORDER BY 1;
SELECT count(*), min(patrolled_at), max(patrolled_at) FROM kefu_bi.patrols;
-- The worker's column: each live feed every 30 minutes, by what its polls left behind.
INSERT INTO kefu.feed (account, action, start_at) VALUES ('sina.gd', 'mentions', '2026-02-01 00:00+08');
INSERT INTO kefu.feed_state (account, action) VALUES ('sina.gd', 'mentions')
    ON CONFLICT (account, action) DO NOTHING;
UPDATE kefu.feed_state SET ok_at = NULL;
UPDATE kefu.feed_state SET ok_at = '2026-03-03 08:00+08';
UPDATE kefu.feed_state SET ok_at = '2026-03-03 08:30+08';
UPDATE kefu.feed_state SET ok_at = '2026-03-03 09:00+08';
UPDATE kefu.feed_state SET ok_at = '2026-03-03 09:30:01+08';
UPDATE kefu.feed_state SET ok_at = '2026-03-03 09:59+08';
SELECT account, action, during FROM kefu.feed_gap ORDER BY during;
SELECT from_at, to_at, people_seconds, worker_saw FROM kefu_bi.patrol_gap
 WHERE unit = 'gd' AND from_at >= '2026-03-03 00:00+08' ORDER BY 1;
SELECT kefu.worker_saw('gd', '[2026-03-03 09:00:00+08, 2026-03-03 09:30:01+08)') AS gap,
       kefu.worker_saw('gd', '[2026-03-03 09:00:01+08, 2026-03-03 09:30:01+08)') AS no_gap,
       kefu.worker_saw('gd', '[2026-03-03 10:00:00+08, 2026-03-03 10:30:01+08)') AS silent_now,
       kefu.worker_saw('qh', '[2026-03-03 09:00:00+08, 2026-03-03 09:30:01+08)') AS no_feed;
SET LOCAL ROLE shift_far;
SELECT count(*) FROM kefu_bi.patrols;
SELECT DISTINCT unit FROM kefu_bi.patrol_gap;
SELECT * FROM kefu.patrol;
RESET ROLE;

-- Messages, breaches and staffed minutes by hour and kind of day: a make-up Saturday
-- is one, the Monday evening after eight is no staffed hour.
SET LOCAL kefu.test_now = '2026-02-18 10:20+08';
SELECT pg_temp.mention('23', '宽带断了三天', '2026-02-18 10:15+08');
SET LOCAL kefu.test_now = '2026-02-28 10:20+08';
SELECT pg_temp.mention('22', '宽带断了三天', '2026-02-28 10:15+08');
SET LOCAL kefu.test_now = '2026-03-03 12:00+08';
SELECT pg_temp.mention('21', '宽带断了三天', '2026-03-02 23:15+08');
SELECT day_kind, local_hour, day_count, message_count, breach_count > 0 AS breaches, staffed_minutes, uncovered_minutes
  FROM kefu_bi.coverage_gap WHERE unit = 'gd' AND message_count > 0 ORDER BY 1, 2;
SELECT day_kind, count(*) AS hours, max(day_count) AS days, sum(staffed_minutes) AS staffed, sum(uncovered_minutes) AS uncovered
  FROM kefu_bi.coverage_gap WHERE unit = 'gd' GROUP BY 1 ORDER BY 1;
-- What was promised for the hours when the desk is closed.
SELECT clock, object_type, unit, due_at, opens_at
  FROM kefu.due_while_closed('2026-03-02 20:00+08', '2026-03-03 08:00+08') ORDER BY due_at, clock;
SET LOCAL ROLE shift_far;
SELECT * FROM kefu.due_while_closed('2026-03-01 00:00+08', '2026-04-01 00:00+08');
SELECT DISTINCT unit FROM kefu_bi.coverage_gap;
RESET ROLE;

-- Holiday hours (R72): Qingming 2026 is 4 to 6 April; nothing before the 28th.
SET LOCAL kefu.test_now = '2026-03-27 23:59:59+08';
SELECT unit, holiday_name, from_date, to_date, unset_day_count, days_left FROM kefu_bi.holiday_hours_unset ORDER BY 1;
SET LOCAL kefu.test_now = '2026-03-28 00:00+08';
SELECT unit, holiday_name, from_date, to_date, unset_day_count, days_left FROM kefu_bi.holiday_hours_unset ORDER BY 1;
SET LOCAL ROLE shift_far;
SELECT unit FROM kefu_bi.holiday_hours_unset;
RESET ROLE;
-- A calendar of its own, with holiday windows; or decided day by day, also as closed.
INSERT INTO kefu.calendar VALUES ('shift_gd', '广东', 'Guangdong', 'Asia/Shanghai', 'cn'),
                                 ('shift_qh', '青海', 'Qinghai', 'Asia/Shanghai', 'cn');
UPDATE kefu.unit SET calendar = 'shift_' || unit WHERE unit IN ('gd', 'qh');
INSERT INTO kefu.calendar_week VALUES ('shift_gd', 9, 600, 960);
INSERT INTO kefu.calendar_exception VALUES
    ('shift_qh', '2026-04-04 09:00+08', '2026-04-04 12:00+08', true, 'holiday desk', '2026-03-20'),
    ('shift_qh', '2026-04-05 00:00+08', '2026-04-06 00:00+08', false, 'closed', '2026-03-20');
SELECT unit, from_date, to_date, unset_day_count FROM kefu_bi.holiday_hours_unset ORDER BY 1;
INSERT INTO kefu.calendar_exception VALUES
    ('shift_qh', '2026-04-06 00:00+08', '2026-04-07 00:00+08', false, 'closed', '2026-03-20');
SELECT unit, from_date, to_date, unset_day_count FROM kefu_bi.holiday_hours_unset ORDER BY 1;
SELECT e.event, count(*) FROM kefu.audit_event e JOIN kefu.ledger l ON l.ledger_id = e.object_id
 WHERE e.object_type = 'ledger' AND l.ledger = 'organization' GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM kefu.verify_audit();
ROLLBACK;
