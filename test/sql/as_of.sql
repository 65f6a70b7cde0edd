-- as_of: how tickets and rules stood at an instant, from the audit trail: a matter
-- through every kind of change against what was seen at each moment, who sees
-- which rows of the past, which indexes are used (R2, R8, R91, R95). The random walk
-- of property compares many more. The desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE ROLE ou; GRANT kefu_admin TO ou;
CREATE ROLE past_gd; CREATE ROLE past_qh; GRANT kefu_analyst TO past_gd, past_qh;
SELECT kefu.add_staff('ou', 'group', '欧') \g /dev/null
SELECT kefu.grant_role('ou', 'group', 'admin'), kefu.grant_reader('past_gd', 'gd'), kefu.grant_reader('past_qh', 'qh') \g /dev/null
CREATE TEMP TABLE seen AS SELECT kefu.now() AS instant, 0 AS step, t.* FROM kefu_bi.tickets t WITH NO DATA;
-- Whoever does it, a minute later what everybody sees is noted.
CREATE FUNCTION pg_temp.does(who name, VARIADIC calls text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    call text;
    said text := '';
BEGIN
    PERFORM set_config('kefu.test_now', (kefu.now() + interval '1 minute')::text, true);
    FOREACH call IN ARRAY calls LOOP
        PERFORM set_config('role', who, true);
        EXECUTE 'SELECT (' || call || ')::text' INTO said;
        PERFORM set_config('role', 'none', true);
    END LOOP;
    PERFORM pg_temp.taken();
    INSERT INTO seen SELECT kefu.now(), (SELECT coalesce(max(s.step), 0) + 1 FROM seen s), t.* FROM kefu_bi.tickets t;
    RETURN (regexp_match(said, '^\((\w+),\d+,(\w+)'))[1] || ' ' || (regexp_match(said, '^\((\w+),\d+,(\w+)'))[2];
END $$;
CREATE VIEW pg_temp.differs AS
    SELECT 'seen' AS what, x.* FROM (SELECT s.* FROM seen s EXCEPT ALL
           SELECT m.instant, m.step, t.* FROM (SELECT DISTINCT instant, step FROM seen) AS m CROSS JOIN LATERAL kefu_bi.tickets_as_of(m.instant) AS t) AS x
    UNION ALL
    SELECT 'told', x.* FROM (SELECT m.instant, m.step, t.* FROM (SELECT DISTINCT instant, step FROM seen) AS m CROSS JOIN LATERAL kefu_bi.tickets_as_of(m.instant) AS t
           EXCEPT ALL SELECT s.* FROM seen s) AS x;
\set ECHO all

-- --- a matter that everything happens to -----------------------------------------------
SELECT pg_temp.says('601', '宽带断网三天,投诉没人管', '2026-03-02 08:50+08') AS m1, pg_temp.says('602', '请问套餐怎么改', '2026-03-02 08:51+08') AS m2,
       pg_temp.says('603', '垃圾服务', '2026-03-02 08:52+08') AS m3, pg_temp.says('604', '谢谢,服务很好', '2026-03-02 08:53+08') AS m4 \gset
SELECT pg_temp.ticket_of(:m1) AS t1, pg_temp.ticket_of(:m2) AS t2, pg_temp.ticket_of(:m3) AS t3, pg_temp.ticket_of(:m4) AS t4 \gset
SELECT s.staff_id AS liang FROM kefu.staff s WHERE s.login = 'liang' \gset
SELECT pg_temp.does('lin', format('kefu.triage(%s, ''complaint'', 2::smallint, ''broadband.fault'')', :m1));
SELECT pg_temp.does('lin', format('kefu.take(%s)', :t1));
SELECT pg_temp.does('lin', format('kefu.acknowledge(%s, ''gd.network'')', :t1));
SELECT pg_temp.does('zhao', format('kefu.assign(%s, %s)', :t1, :liang));
SELECT pg_temp.does('zhao', format('kefu.prioritise(%s, 1::smallint, ''loud'')', :t1));
SELECT pg_temp.does('liang', format('kefu.amend(%s, category => ''fee'', location => ''63'')', :t1));
SELECT pg_temp.does('liang', format('kefu.answer(%s, ''您好,光猫已更换,请问您是否满意?'')', :t1));
SELECT pg_temp.does('liang', format('kefu.dissatisfied(%s, ''还是断'')', :t1));
SELECT pg_temp.does('liang', format('kefu.answer(%s, ''您好,线路已更换,请问您是否满意?'')', :t1));
SELECT pg_temp.does('liang', format('kefu.dissatisfied(%s, ''又断'')', :t1));
SELECT pg_temp.does('lin', format('kefu.urge(%s, %s)', :t1, :m1));
SELECT pg_temp.does('zhao', format('kefu.transfer(%s, ''qh'', ''moved there'')', :t1));
SELECT pg_temp.does('far', format('kefu.take(%s)', :t1), format('kefu.answer(%s, ''您好,光缆已更换,请问您是否满意?'')', :t1));
SELECT pg_temp.does('far', format('kefu.satisfied(%s)', :t1));
SELECT pg_temp.does('far', format('kefu.reopen(%s, ''再次断网'')', :t1));
SELECT pg_temp.does('far', format('kefu.release(%s)', :t1));
-- Another kind, and another.
SELECT pg_temp.does('lin', format('kefu.triage(%s, ''inquiry'')', :m2), format('kefu.answer(%s, ''您好,登录网厅即可办理。'')', :t2));
SELECT pg_temp.does('lin', format('kefu.accept(%s)', :t2));
SELECT pg_temp.does('lin', format('kefu.triage(%s, ''negative'')', :m3), format('kefu.take(%s)', :t3));
SELECT pg_temp.does('lin', format('kefu.reclassify(%s, ''praise'', ''meant well'')', :t3));
SELECT pg_temp.does('lin', format('kefu.merge_ticket(%s, %s, ''the same'')', :t3, :t4));
-- Somebody of whom there was a matter before: it goes to whom that was with (ruling 19).
SET LOCAL kefu.test_now = '2026-03-02 09:30+08';
SELECT pg_temp.says('602', '请问套餐还能改吗', '2026-03-02 09:20+08') AS m5 \gset
SELECT pg_temp.does('lin', format('kefu.triage(%s, ''inquiry'')', :m5));
SELECT pg_temp.does('zhao', format('kefu.assign(pg_temp.ticket_of(%s), %s)', :m5, :liang));
-- Days later: archived by the clock.
SET LOCAL kefu.test_now = '2026-03-12 10:00+08';
SELECT FROM kefu.tick();
RESET ROLE;
-- Nothing differs, at any moment.
SELECT count(DISTINCT step) AS moments, count(*) AS rows FROM seen;
SELECT what, step, ticket_id, kind, state, unit FROM pg_temp.differs ORDER BY ticket_id, step, what;
-- A matter's way, as anybody may read it now.
SELECT s.step, t.kind, t.state, t.unit, f.login AS handler, t.priority, t.round_count AS round, t.escalation_level AS level, t.urge_count AS urges,
       t.category, t.satisfaction, t.first_response_seconds AS first, t.answer_seconds AS answer
  FROM (SELECT DISTINCT step, instant FROM seen WHERE step < 17) AS s CROSS JOIN LATERAL kefu_bi.tickets_as_of(s.instant, :t1) AS t
  LEFT JOIN kefu.staff f ON f.staff_id = t.handler_id ORDER BY s.step;
-- Before it came there was nothing.
SELECT count(*) FROM kefu_bi.tickets_as_of('2026-03-02 08:00+08');

-- --- who sees which rows: as in kefu_bi.tickets then ---------------------------------------
SELECT instant AS before_transfer FROM seen WHERE ticket_id = :t1 AND unit = 'gd' ORDER BY step DESC LIMIT 1 \gset
SET LOCAL ROLE past_qh;
SELECT count(*) FROM kefu_bi.tickets;
SELECT count(*) FROM kefu_bi.tickets_as_of(:'before_transfer');
SET LOCAL ROLE past_gd;
SELECT count(*) FROM kefu_bi.tickets_as_of(:'before_transfer');
RESET ROLE;

-- --- the way by an index is open, and taken: no table is read through -------------------------
SET LOCAL enable_seqscan = off;
CREATE FUNCTION pg_temp.reads() RETURNS TABLE (seq_scans bigint, idx_scans bigint) LANGUAGE sql AS $$
    SELECT sum(seq_scan)::bigint, sum(idx_scan)::bigint FROM pg_stat_xact_all_tables WHERE schemaname = 'kefu' AND relname ~ '^(ticket|audit_event.*|message|speech)$' $$;
SELECT seq_scans AS seq_before, idx_scans AS idx_before FROM pg_temp.reads() \gset
SELECT state FROM kefu_bi.tickets_as_of(:'before_transfer', :t1);
SELECT seq_scans - :seq_before AS seq_scans, idx_scans - :idx_before > 3 AS by_index FROM pg_temp.reads();
RESET enable_seqscan;

-- --- rules ---------------------------------------------------------------------------------
SET LOCAL kefu.test_now = '2026-03-13 10:00+08';
SELECT kefu.set_clock_policy('complaint_ack', 'gd', interval '20 minutes') IS NOT NULL AS set;
SELECT kefu.set_clock_policy('complaint_ack', 'gd', interval '15 minutes', valid_from => '2026-04-01 00:00+08') IS NOT NULL AS set;
SET LOCAL kefu.test_now = '2026-05-01 10:00+08';
SELECT a.at, r.unit_of_rule, r.setting_value AS target, r.valid_from_at, r.recorded_at
  FROM (VALUES (1, timestamptz '2026-03-13 09:59+08'), (2, '2026-03-13 10:00+08'), (3, '2026-03-31 23:59+08'), (4, '2026-04-01 00:00+08')) AS a(n, at)
 CROSS JOIN LATERAL kefu_bi.rules_as_of(a.at, 'gd') AS r
 WHERE r.rule_set = 'clock_policy' AND r.rule = 'complaint_ack' AND r.setting = 'target' ORDER BY a.n;
SELECT setting_value FROM kefu_bi.rules_as_of('2026-04-02', 'qh') WHERE rule_set = 'clock_policy' AND rule = 'complaint_ack' AND setting = 'target';
-- It is what the engine goes by, for every promise and unit.
SELECT count(*) > 30 AS many, count(*) FILTER (WHERE x.setting_value::integer IS DISTINCT FROM y.policy_id) AS others
  FROM (VALUES ('gd'), ('gd.network'), ('qh'), ('group')) AS u(unit)
 CROSS JOIN LATERAL kefu_bi.rules_as_of('2026-04-10', u.unit) AS x
  LEFT JOIN LATERAL (SELECT p.policy_id FROM kefu.unit_path(u.unit) WITH ORDINALITY AS o(unit, step) JOIN kefu.clock_policy p ON p.unit = o.unit
                      WHERE p.clock = x.rule AND p.valid_from <= '2026-04-10' ORDER BY o.step, p.valid_from DESC LIMIT 1) AS y ON true
 WHERE x.rule_set = 'clock_policy' AND x.setting = 'policy_id';
-- What wasn't loaded yet held for nobody; what holds is of many kinds; the law is of its place.
SELECT count(*) FROM kefu_bi.rules_as_of('2026-03-02 08:59+08', 'gd');
SELECT count(DISTINCT rule_set) > 10 AS many_sets, count(*) FILTER (WHERE setting_value IS NULL) AS empty FROM kefu_bi.rules_as_of('2026-04-10', 'gd');
SELECT u.unit, r.rule_set, r.rule, r.setting_value AS days
  FROM (VALUES ('gd'), ('ha')) AS u(unit) CROSS JOIN LATERAL kefu_bi.rules_as_of('2026-04-10', u.unit) AS r
 WHERE r.rule_set = 'legal_limit' AND r.setting = 'days' ORDER BY 1, 4;
SET LOCAL ROLE past_qh;
SELECT count(*) FROM kefu_bi.rules_as_of('2026-04-10', 'gd');
RESET ROLE;

-- --- who was erased since: the matter stands as it stood, without the person ---------------------
SET LOCAL kefu.test_now = '2026-12-01 10:00+08';
SELECT FROM kefu.tick();
SELECT person_id AS p3 FROM kefu.ticket WHERE ticket_id = :t3 \gset
SELECT pg_temp.does('ou', format('kefu.request_erasure(%s)', :p3));
SELECT max(erasure_id) AS e3 FROM kefu.erasure \gset
SELECT pg_temp.does('ou', format('kefu.erase_person(%s, ''told by letter'')', :e3));
SELECT count(*) AS erased FROM kefu.audit_event WHERE object_type = 'ticket' AND object_id = :t3 AND event = 'erase';
RESET ROLE;
SELECT count(*) > 0 AS seen_before FROM seen WHERE ticket_id = :t3 AND step < 20;
SELECT what, step, ticket_id, kind, state, unit FROM pg_temp.differs ORDER BY ticket_id, step, what;
ROLLBACK;
