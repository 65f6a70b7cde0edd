-- year: the year of 31 provinces that the benchmarks run on (test/bench/generate.sql): it is
-- sound, spread as it says, and its figures are those of slow queries written from their
-- definitions (R1, R8, R91, ruling 24).

\set SHOW_CONTEXT never
\set ECHO none
\getenv tests PG_ABS_SRCDIR
\set generate :tests '/bench/generate.sql'
SET client_min_messages = warning;
SELECT current_database() AS home \gset
CREATE DATABASE kefu_year TEMPLATE template0;
\c kefu_year
SET client_min_messages = warning;
CREATE EXTENSION pg_kefu;
SET kefu.test_now = '2026-11-30 10:00+08';
\set tickets 1000
\i :generate
\set ON_ERROR_STOP 0
SELECT kefu.grant_reader(current_user, 'group') \g /dev/null
\set ECHO all

-- Every invariant holds, every chain is right, nothing is due that hasn't happened.
SELECT invariant, count(*) FROM kefu_bi.invariants GROUP BY 1;
SELECT object_type, problem, count(*) FROM kefu.verify_audit() GROUP BY 1, 2;
SELECT fired, late FROM kefu.tick() AS t(fired, late, next_at);
SELECT count(*) FROM kefu.audit_event_default;
-- 广东 beside 青海, every kind and its ways, a year of days, most of it in the evening.
SELECT count(*) FILTER (WHERE unit = 'gd') > 100 AS large, count(*) FILTER (WHERE unit IN ('qh', 'nx', 'hi')) < 20 AS small, count(DISTINCT unit) > 25 AS provinces,
       count(DISTINCT date_trunc('month', posted_at)) AS months,
       avg((extract(hour FROM posted_at AT TIME ZONE 'Asia/Shanghai') >= 18)::integer) > 0.5 AS in_the_evening FROM kefu.ticket;
SELECT kind, count(DISTINCT state) > 1 AS several_states, count(*) > 30 AS many FROM kefu.ticket WHERE kind <> 'praise' GROUP BY 1 ORDER BY 1;
SELECT clock, bool_or(outcome = 'late') AS some_late, bool_or(outcome = 'kept') AS some_kept FROM kefu.clock WHERE object_type = 'ticket' GROUP BY 1 ORDER BY 1;
-- The trail tells of each ticket what its row says, also from its first event on.
CREATE FUNCTION pg_temp.replayed(t kefu.ticket) RETURNS kefu.ticket LANGUAGE plpgsql AS $$
DECLARE
    e kefu.audit_event;
    made kefu.ticket;
BEGIN
    FOR e IN SELECT * FROM kefu.audit_event v WHERE v.object_type = 'ticket' AND v.object_id = t.ticket_id ORDER BY v.seq LOOP
        IF made.ticket_id IS NULL THEN
            made := kefu.begin_ticket(t, e);
        END IF;
        made := kefu.apply_event(made, e);
    END LOOP;
    RETURN made;
END $$;
CREATE VIEW pg_temp.told AS
SELECT b.ticket_id, to_jsonb(b) - '{solution,result,location,product,alarm,alarm_overruled,has_contact}'::text[] AS "is",
       to_jsonb(pg_temp.replayed(b)) - '{solution,result,location,product,alarm,alarm_overruled,has_contact}'::text[] AS was FROM kefu.ticket b;
SELECT count(*) > 900 AS many, count(*) FILTER (WHERE "is" <> was) AS others FROM pg_temp.told;

-- --- figures -------------------------------------------------------------------------------
SELECT kefu.rebuild_kpis() > 10000 AS counted;
SELECT * FROM kefu.find_kpi_misfits();
CREATE VIEW pg_temp.slow AS
SELECT 'response_in_time' AS kpi, date_trunc('month', c.due_at AT TIME ZONE 'Asia/Shanghai')::date AS month, t.unit, count(*) AS cases, sum((c.stopped_at <= c.due_at)::integer) AS hits
  FROM kefu.clock c JOIN kefu.ticket t ON t.ticket_id = c.object_id
 WHERE c.object_type = 'ticket' AND c.clock IN ('inquiry_ack', 'complaint_ack', 'negative_reply', 'thank') AND c.due_at <= kefu.now() GROUP BY 2, 3
UNION ALL
SELECT 'answer_in_time', date_trunc('month', c.due_at AT TIME ZONE 'Asia/Shanghai')::date, t.unit, count(*), sum((c.stopped_at <= c.due_at)::integer)
  FROM kefu.clock c JOIN kefu.ticket t ON t.ticket_id = c.object_id WHERE c.object_type = 'ticket' AND c.clock = 'answer' AND c.due_at <= kefu.now() GROUP BY 2, 3
UNION ALL
SELECT 'volume', date_trunc('month', t.posted_at AT TIME ZONE 'Asia/Shanghai')::date, t.unit, count(*), NULL FROM kefu.ticket t GROUP BY 2, 3
UNION ALL
SELECT 'resolved', date_trunc('month', t.archived_at AT TIME ZONE 'Asia/Shanghai')::date, t.unit, count(*), sum((t.resolved_at IS NOT NULL)::integer)
  FROM kefu.ticket t WHERE t.archived_at <= kefu.now() AND t.kind <> 'praise' GROUP BY 2, 3;
SELECT kpi, count(*) > 100 AS many, count(*) FILTER (WHERE s.cases IS DISTINCT FROM m.cases OR s.hits IS DISTINCT FROM m.hits) AS others
  FROM pg_temp.slow s
  FULL JOIN (SELECT k.kpi, k.local_date AS month, k.unit, sum(k.case_count) AS cases, sum(k.hit_count) AS hits FROM kefu_bi.kpi_months k
              WHERE k.kpi IN ('response_in_time', 'answer_in_time', 'volume', 'resolved') AND k.case_count > 0 GROUP BY 1, 2, 3) AS m USING (kpi, month, unit)
 GROUP BY kpi ORDER BY kpi;
-- A report of a month says the same, and so does what its promises give when they are replayed.
SELECT f.figure, f.numerator = s.hits AND f.denominator = s.cases AS as_counted
  FROM kefu.report_figures_of(kefu.units_under('gd'), '2026-06-01', '2026-07-01') AS f
  JOIN (SELECT kpi, cases, hits FROM pg_temp.slow WHERE unit = 'gd' AND month = '2026-06-01') AS s ON s.kpi = f.figure AND s.kpi <> 'volume' ORDER BY 1;
SELECT count(*) > 20 AS many, count(*) FILTER (WHERE (r.case_count, r.in_time_count) IS DISTINCT FROM (r.actual_case_count, r.actual_in_time_count)) AS others
  FROM kefu_bi.replay('{}', '2026-06') AS r;
\set ECHO none
\c :home
DROP DATABASE kefu_year;
