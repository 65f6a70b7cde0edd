-- rollup: a year of a 31-province desk for the figure rollup: tickets with their
-- first-response promises, spread as complaints of the provinces were in 2008Q1
-- (青海 1, 广东 285), and counted.  Variables: tickets.
--
-- Written past the engine, since only what is summed up is under test; the
-- rollup is made of it by kefu.rebuild_kpis() and compared with it once.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION pg_kefu;
SELECT count(*) FROM kefu.create_roles() \g /dev/null
SELECT count(*) FROM kefu.load_preset('all') \g /dev/null
SELECT 'CREATE ROLE bench_analyst LOGIN IN ROLE kefu_analyst'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bench_analyst') \gexec
SELECT kefu.grant_reader('bench_analyst', 'group') \g /dev/null
INSERT INTO kefu.person (created_at) VALUES (now()) RETURNING person_id \gset
CREATE TEMP TABLE weight (unit text, upto integer);
INSERT INTO weight
SELECT w.unit, sum(w.weight) OVER (ORDER BY w.unit)
  FROM (VALUES ('gd', 285), ('sd', 136), ('bj', 130), ('he', 109), ('ha', 100), ('sn', 87), ('hl', 78), ('js', 78), ('ln', 63), ('jl', 59),
               ('zj', 55), ('fj', 53), ('hb', 50), ('sc', 49), ('cq', 39), ('sh', 31), ('hn', 28), ('gx', 28), ('sx', 24), ('nm', 22), ('ah', 22),
               ('tj', 21), ('jx', 17), ('gz', 14), ('yn', 10), ('gs', 9), ('xj', 8), ('xz', 4), ('hi', 3), ('nx', 3), ('qh', 1)) AS w(unit, weight);
SELECT setseed(0.5) \g /dev/null
INSERT INTO kefu.ticket (kind, state, unit, received_unit, home_unit, person_id, posted_at, round_posted_at, opened_at, first_response_at, first_kind)
SELECT 'complaint', 'archived', x.unit, x.unit, x.unit, :person_id, x.at, x.at, x.at + interval '2 minutes', x.at + random() * interval '40 minutes', 'complaint'
  FROM (SELECT (SELECT w.unit FROM weight w WHERE w.upto > r.r ORDER BY w.upto LIMIT 1) AS unit, r.at
          FROM (SELECT random() * 1616 AS r, now() - interval '1 year' + random() * interval '360 days' AS at
                  FROM generate_series(1, :tickets)) AS r) AS x;
INSERT INTO kefu.clock (object_type, object_id, clock, unit, policy_id, started_at, due_at, stopped_at, outcome)
SELECT 'ticket', t.ticket_id, 'complaint_ack', t.unit, p.policy_id, t.posted_at, t.posted_at + interval '30 minutes', t.first_response_at,
       CASE WHEN t.first_response_at <= t.posted_at + interval '30 minutes' THEN 'kept' ELSE 'late' END
  FROM kefu.ticket t,
       (SELECT policy_id FROM kefu.clock_policy WHERE clock = 'complaint_ack' LIMIT 1) AS p;
-- So that the database knows itself: it has an event of its own.
SELECT kefu.set_clock_policy('archive', 'group', interval '8 days') \g /dev/null
ANALYZE;
SELECT kefu.rebuild_kpis() \g /dev/null
VACUUM ANALYZE;

CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO bench_analyst;
-- A share a province and month of the year: from the rollup, as an analyst reads it ...
CREATE VIEW bench.months WITH (security_invoker) AS
SELECT k.local_date, k.unit, sum(k.case_count) AS due_count, sum(k.hit_count) AS in_time_count
  FROM kefu_bi.kpi_months k WHERE k.kpi = 'response_in_time' GROUP BY k.local_date, k.unit;
-- ... and from the rows.
CREATE VIEW bench.months_from_rows AS
SELECT date_trunc('month', c.due_at AT TIME ZONE 'Asia/Shanghai')::date AS local_date, t.unit,
       count(*)::numeric AS due_count, (count(*) FILTER (WHERE c.outcome = 'kept'))::numeric AS in_time_count
  FROM kefu.ticket t
  JOIN kefu.clock c ON c.object_type = 'ticket' AND c.object_id = t.ticket_id
 WHERE NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped')
   AND c.clock IN ('inquiry_ack', 'complaint_ack', 'negative_reply', 'thank')
   AND c.outcome IS DISTINCT FROM 'void' AND c.due_at <= now()
 GROUP BY 1, 2;
GRANT SELECT ON bench.months TO bench_analyst;
SET SESSION AUTHORIZATION bench_analyst;
CREATE TEMP TABLE seen AS TABLE bench.months;
RESET SESSION AUTHORIZATION;
DO $$ BEGIN
    IF EXISTS ((TABLE bench.months_from_rows EXCEPT ALL TABLE seen) UNION ALL (TABLE seen EXCEPT ALL TABLE bench.months_from_rows)) THEN
        RAISE 'the rollup is not what the rows say';
    END IF;
END $$;
