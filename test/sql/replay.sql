-- replay: in-time rates under other promises, from history alone: what held gives
-- what was, and the ends of other promises are right to the second over make-up
-- workdays, holidays, pauses and what still runs (R2, R91, rulings 1, 18, 22). The random
-- walk of property replays what the engine promised.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-03-01 00:00+08';
SELECT kefu.create_roles() \g /dev/null
CREATE ROLE replay_gd; GRANT kefu_analyst TO replay_gd;
SELECT kefu.load_preset('all') \g /dev/null
SELECT kefu.grant_reader('replay_gd', 'gd'), kefu.grant_reader(current_user, 'group') \g /dev/null
INSERT INTO kefu.person (created_at) VALUES ('2026-01-01') RETURNING person_id \gset
-- A promise as the engine would have given it; what it needs besides is there once.
CREATE FUNCTION pg_temp.promise(id integer, clock text, unit text, started_at timestamptz, stopped_at timestamptz,
                                pauses tstzmultirange DEFAULT '{}', brought timestamptz DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    p kefu.clock_policy;
    due timestamptz;
BEGIN
    SELECT x.* INTO p FROM kefu.clock_policy x WHERE x.clock = promise.clock AND x.unit = 'group' ORDER BY x.valid_from DESC LIMIT 1;
    SELECT least(promise.started_at + p.target + coalesce(sum(upper(r) - lower(r)), interval '0'), brought) INTO due FROM unnest(pauses) AS r;
    INSERT INTO kefu.ticket (ticket_id, kind, state, unit, received_unit, person_id, posted_at, round_posted_at, opened_at, first_kind)
        OVERRIDING SYSTEM VALUE VALUES (id, 'complaint', 'recorded', promise.unit, promise.unit, (SELECT max(w.person_id) FROM kefu.person w),
                                        started_at, started_at, started_at, 'complaint') ON CONFLICT DO NOTHING;
    IF clock = 'order_limit' THEN
        INSERT INTO kefu.work_order (order_id, state, unit, desk_unit, ticket_id, department, reply_by, needs_reviews, created_at)
            OVERRIDING SYSTEM VALUE VALUES (id, 'handling', promise.unit, promise.unit, id, promise.unit, due, true, started_at) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO kefu.clock (object_type, object_id, clock, round, unit, policy_id, started_at, due_at, pauses, stopped_at, outcome)
    VALUES (CASE clock WHEN 'order_limit' THEN 'work_order' ELSE 'ticket' END, id, clock, CASE WHEN started_at > '2026-06-01' THEN 2 ELSE 1 END, promise.unit, p.policy_id, started_at, due, pauses, stopped_at,
            CASE WHEN stopped_at <= due THEN 'kept' WHEN stopped_at > due THEN 'late' END);
END $$;
-- A case of its own at unit after unit: what each gives is one row of it.
SELECT pg_temp.promise(n, clock, unit, started_at, stopped_at, pauses, brought)
  FROM (VALUES
    -- Kept to the second, and a second late.
    (9001, 'complaint_ack', 'bj', timestamptz '2026-02-03 10:00:00+08', timestamptz '2026-02-03 10:20:00+08', '{}'::tstzmultirange, NULL::timestamptz),
    (9002, 'complaint_ack', 'bj', '2026-02-03 10:00:00+08', '2026-02-03 10:20:01+08', '{}', NULL),
    -- Friday evening before the make-up Saturday 14 February, and on the Saturday before, which is none.
    (9003, 'complaint_ack', 'gd', '2026-02-13 20:30:00+08', '2026-02-14 09:30:00+08', '{}', NULL),
    (9004, 'complaint_ack', 'sd', '2026-02-06 20:30:00+08', '2026-02-07 09:30:00+08', '{}', NULL),
    (9010, 'complaint_ack', 'ln', '2026-02-13 20:30:00+08', '2026-02-14 20:31:00+08', '{}', NULL),
    (9011, 'complaint_ack', 'jl', '2026-02-06 20:30:00+08', '2026-02-07 20:31:00+08', '{}', NULL),
    -- Over the closure of the Spring Festival.
    (9005, 'answer', 'he', '2026-02-14 18:00:00+08', '2026-02-24 12:00:00+08', '{}', NULL),
    -- Ends in March if it is longer.
    (9006, 'answer', 'ha', '2026-02-26 12:00:00+08', '2026-02-27 12:00:00+08', '{}', NULL),
    -- Still running when the month is over: due in February, or not at all yet.
    (9007, 'answer', 'sn', '2026-02-26 10:00:00+08', NULL, '{}', NULL),
    -- Stood still for six hours after ten, and for one more after 38; of 40.
    (9008, 'order_limit', 'hl', '2026-02-03 00:00:00+08', '2026-02-04 22:00:00+08',
           '{[2026-02-03 10:00:00+08,2026-02-03 16:00:00+08), [2026-02-04 20:00:00+08,2026-02-04 21:00:00+08)}', NULL),
    -- An earlier end came with the event.
    (9009, 'order_limit', 'js', '2026-02-03 00:00:00+08', '2026-02-03 11:00:00+08', '{}', '2026-02-03 10:00:00+08'),
    -- Stood still for ten months after a day: of 40 hours it ends in December, of 20 in February.
    (9012, 'order_limit', 'zj', '2026-02-10 00:00:00+08', NULL, '{[2026-02-11 00:00:00+08,2026-12-11 00:00:00+08)}', NULL),
    -- Two rounds four months apart are one case of the rollup, and two promises.
    (9013, 'order_limit', 'fj', '2026-02-10 00:00:00+08', '2026-02-11 00:00:00+08', '{}', NULL),
    (9013, 'order_limit', 'fj', '2026-06-10 00:00:00+08', NULL, '{}', NULL)) AS c(n, clock, unit, started_at, stopped_at, pauses, brought) \g /dev/null
SELECT kefu.set_clock_policy('archive', 'group', interval '8 days') \g /dev/null
SELECT kefu.rebuild_kpis() > 0 AS counted \g /dev/null
CREATE TEMP TABLE before AS SELECT c.*, t.audit_seq FROM kefu.clock c LEFT JOIN kefu.ticket t ON t.ticket_id = c.object_id;
\set ECHO all

-- What held gives what was: the actual figures, and those of the views.
SELECT r.unit, r.clock, r.case_count, r.in_time_count, r.in_time_pct, r.actual_case_count, r.actual_in_time_count
  FROM kefu_bi.replay('{}', '2026-02') AS r ORDER BY 1;
SELECT count(*) > 5 AS many, bool_and((r.case_count, r.in_time_count) = (m.case_count, m.hit_count)) AS as_in_views
  FROM kefu_bi.replay('{}', '2026-02') AS r
  JOIN kefu_bi.kpi_months m ON m.kpi = r.kpi AND m.unit = r.unit AND m.local_date = '2026-02-01';
SELECT count(*) FROM (SELECT unit, clock, case_count, in_time_count FROM kefu_bi.replay('{}', '2026-02')
                      EXCEPT SELECT unit, clock, case_count, in_time_count FROM kefu_bi.replay(
                          (SELECT jsonb_object_agg(p.clock, jsonb_build_object('target', p.target, 'calendar', p.calendar))
                             FROM kefu.clock_policy p WHERE p.unit = 'group' AND p.clock IN ('complaint_ack', 'answer', 'order_limit')), '2026-02')) AS x;

-- Exact targets: what ends with the target is kept, a second later it isn't.
SELECT o.target, r.case_count, r.in_time_count FROM (VALUES ('30 minutes'), ('20 minutes 1 second'), ('20 minutes'), ('19 minutes 59 seconds')) AS o(target)
 CROSS JOIN LATERAL kefu_bi.replay(jsonb_build_object('complaint_ack', jsonb_build_object('target', o.target)), '2026-02', 'bj') AS r ORDER BY o.target DESC;
-- Staffed time: what begins at 20:30 goes on on the make-up Saturday, and on a usual one on Monday.
SELECT r.unit, r.in_time_count, r.actual_in_time_count, kefu.add_working_time('cn-duty', c.started_at, '1 hour') AS ends
  FROM kefu_bi.replay('{"complaint_ack": {"target": "1 hour", "calendar": "shift"}}', '2026-02') AS r
  JOIN kefu.clock c ON c.unit = r.unit AND c.clock = r.clock WHERE r.unit IN ('gd', 'sd') ORDER BY 1;
SELECT r.unit, r.case_count, r.in_time_count
  FROM kefu_bi.replay('{"complaint_ack": {"target": "1 day", "calendar": "working_days", "desk": "cn-workdays"}}', '2026-02') AS r
 WHERE r.unit IN ('gd', 'sd', 'ln', 'jl') ORDER BY 1;
-- Two working days over the closure end on 25 February; two days on the wall ended on the 16th.
SELECT o.calendar, r.case_count, r.in_time_count, r.actual_in_time_count
  FROM (VALUES ('wall'), ('working_days')) AS o(calendar)
 CROSS JOIN LATERAL kefu_bi.replay(jsonb_build_object('answer', jsonb_build_object('target', '2 days', 'calendar', o.calendar, 'desk', 'cn-workdays')), '2026-02', 'he') AS r
 ORDER BY 1;
-- What falls due in another month counts there.
SELECT o.period, r.case_count, r.actual_case_count FROM (VALUES ('2026-02'), ('2026-03')) AS o(period)
 CROSS JOIN LATERAL kefu_bi.replay('{"answer": {"target": "60 hours"}}', o.period, 'ha') AS r ORDER BY 1;
-- What runs is late once it is due, and nothing before.
SELECT o.target, r.case_count, r.in_time_count, r.actual_case_count FROM (VALUES ('24 hours'), ('61 hours')) AS o(target)
 CROSS JOIN LATERAL kefu_bi.replay(jsonb_build_object('answer', jsonb_build_object('target', o.target)), '2026-02', 'sn') AS r ORDER BY 1;
SELECT count(*) FROM kefu_bi.replay('{"answer": {"target": "63 hours"}}', '2026-03', 'sn');
-- Pauses move the end only while it lies ahead: it stopped after 46 hours, of which 7 stood still; after 38 it was over before the second pause.
SELECT o.target, r.in_time_count, r.actual_in_time_count FROM (VALUES ('40 hours'), ('39 hours'), ('38 hours'), ('10 hours')) AS o(target)
 CROSS JOIN LATERAL kefu_bi.replay(jsonb_build_object('order_limit', jsonb_build_object('target', o.target)), '2026-02', 'hl') AS r ORDER BY 1 DESC;
-- An earlier end that the event brought stays, however long the promise would be; a shorter one comes first.
SELECT o.target, r.in_time_count FROM (VALUES ('90 hours'), ('9 hours')) AS o(target)
 CROSS JOIN LATERAL kefu_bi.replay(jsonb_build_object('order_limit', jsonb_build_object('target', o.target)), '2026-02', 'js') AS r ORDER BY 1;
-- However far the two ends of a promise are apart, and however far the rounds of an order.
SELECT o.target, r.case_count, r.in_time_count, r.actual_case_count FROM (VALUES ('40 hours'), ('20 hours')) AS o(target)
  LEFT JOIN LATERAL kefu_bi.replay(jsonb_build_object('order_limit', jsonb_build_object('target', o.target)), '2026-02', 'zj') AS r ON true ORDER BY 1;
SELECT r.case_count, r.in_time_count, r.actual_case_count FROM kefu_bi.replay('{}', '2026-02', 'fj') AS r;
-- A desk that opens an hour a week: nine staffed hours began weeks before.
INSERT INTO kefu.calendar (calendar, name_zh, name_en, timezone) VALUES ('hourly', '每周一小时', 'an hour a week', 'Asia/Shanghai');
INSERT INTO kefu.calendar_week (calendar, day, from_minute, to_minute, valid_from) VALUES ('hourly', 1, 540, 600, '2020-01-01');
SET LOCAL kefu.test_now = '2026-05-01 00:00+08';
SELECT kefu.add_working_time('hourly', '2026-02-03 10:00+08', '9 hours') AS ends, r.period, r.case_count, r.in_time_count
  FROM (SELECT o.period, x.case_count, x.in_time_count FROM (VALUES ('2026-W14'), ('2026-W15'), ('2026-W16')) AS o(period)
         CROSS JOIN LATERAL kefu_bi.replay('{"complaint_ack": {"target": "9 hours", "calendar": "shift", "desk": "hourly"}}', o.period, 'bj') AS x) AS r;
SET LOCAL kefu.test_now = '2026-03-01 00:00+08';
-- A rollup that is behind, or begun anew, changes nothing: the rows say it, too.
CREATE TEMP TABLE from_rollup AS SELECT * FROM kefu_bi.replay('{"answer": {"target": "24 hours"}}', '2026-02');
SAVEPOINT behind;
DELETE FROM kefu.kpi_case; DELETE FROM kefu.kpi_state;
SELECT count(*) > 5 AS many, count(*) FILTER (WHERE f.unit IS NULL OR r.unit IS NULL) AS others
  FROM from_rollup f FULL JOIN kefu_bi.replay('{"answer": {"target": "24 hours"}}', '2026-02') AS r
       ON (f.unit, f.kpi, f.clock, f.case_count, f.in_time_count, f.actual_case_count, f.actual_in_time_count)
        = (r.unit, r.kpi, r.clock, r.case_count, r.in_time_count, r.actual_case_count, r.actual_in_time_count);
ROLLBACK TO behind;
-- Weeks and days are periods too.
SELECT o.period, sum(r.case_count) AS cases FROM (VALUES ('2026-W06'), ('2026-02-03'), ('2026-01')) AS o(period)
  LEFT JOIN LATERAL kefu_bi.replay('{}', o.period) AS r ON true GROUP BY 1 ORDER BY 1;

-- What there isn't is refused; who sees what.
SELECT kefu_bi.replay('{"lunch": {"target": "1 hour"}}', '2026-02');
SELECT kefu_bi.replay('{"answer": "24 hours"}', '2026-02');
SELECT kefu_bi.replay('{"answer": {"target": "-1 hours"}}', '2026-02');
SELECT kefu_bi.replay('{"answer": {"calendar": "moon"}}', '2026-02');
SELECT kefu_bi.replay('{"answer": {"desk": "moon"}}', '2026-02');
SELECT kefu_bi.replay('[]', '2026-02');
SELECT kefu_bi.replay('{}', 'last month');
SET LOCAL ROLE replay_gd;
SELECT DISTINCT unit FROM kefu_bi.replay('{}', '2026-02');
SELECT count(*) FROM kefu_bi.replay('{}', '2026-02', 'bj');
RESET ROLE;
-- Nothing was changed.
SELECT count(*) FROM (SELECT * FROM before EXCEPT SELECT c.*, t.audit_seq FROM kefu.clock c LEFT JOIN kefu.ticket t ON t.ticket_id = c.object_id) AS x;
ROLLBACK;
