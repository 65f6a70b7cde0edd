-- orders: what analysts read of work orders, departments, chasers, satisfaction,
-- repeats and matters (R99, R109, R112-R117, R119-R121; rulings 1, 19, 20, 24). First
-- a few orders whose figures a person can follow, then hundreds of random steps, whose
-- figures are computed again, event by event and minute by minute. The desk is that of
-- test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
\set random :tests '/lib/random.psql'
BEGIN;
\set ECHO none
\i :desk
\i :random
-- A complaint with its work order, made at an instant; returns the order.
CREATE FUNCTION pg_temp.refers(author text, at timestamptz, department text, category text DEFAULT 'broadband.fault')
    RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
    message bigint;
    ticket bigint;
BEGIN
    PERFORM set_config('kefu.test_now', at::text, true);
    message := pg_temp.says(author, '宽带断网,投诉', at - interval '10 minutes');
    ticket := pg_temp.ticket_of(message);
    PERFORM set_config('role', 'lin', true);
    PERFORM kefu.triage(message, 'complaint', category => category);
    PERFORM kefu.acknowledge(ticket, department);
    PERFORM kefu.refer(ticket, department, category);
    PERFORM set_config('role', 'none', true);
    PERFORM FROM pg_temp.taken();
    RETURN pg_temp.order_of(ticket);
END $$;
-- One event on an order by somebody, at a time of the second of March, unless it says more.
CREATE FUNCTION pg_temp.does(who text, clock_time text, id bigint, event text, args jsonb DEFAULT '{}') RETURNS text
    LANGUAGE plpgsql AS
$$
DECLARE
    state text;
BEGIN
    PERFORM set_config('kefu.test_now', (CASE WHEN clock_time LIKE '% %' THEN clock_time ELSE '2026-03-02 ' || clock_time END
                                         || '+08')::timestamptz::text, true);
    PERFORM set_config('role', who, true);
    state := (kefu.order_event(id, event, args)).state;
    PERFORM set_config('role', 'none', true);
    RETURN state;
END $$;
\set ECHO all

-- --- followed by hand -----------------------------------------------------------------
SELECT pg_temp.refers('901', '2026-03-02 09:00+08', 'gd.network') AS o1 \gset
SELECT pg_temp.does('chen', '09:10', :o1, 'review'), pg_temp.does('chen', '09:20', :o1, 'dispatch', '{"department": "gd.network"}'),
       pg_temp.does('wang', '09:30', :o1, 'receive'), pg_temp.does('wang', '09:50', :o1, 'bounce', '{"reason": "not_ours"}');
-- The desk sends it on: the return was right.
SELECT pg_temp.does('lin', '10:00', :o1, 'dispatch', '{"department": "gd.market"}'), pg_temp.does('sun', '10:30', :o1, 'receive'),
       pg_temp.does('sun', '11:00', :o1, 'accept'), pg_temp.does('sun', '12:00', :o1, 'suspend', '{"until": "2026-03-02 19:00+08", "evidence": "message 1"}'),
       pg_temp.does('sun', '14:00', :o1, 'resume'), pg_temp.does('sun', '15:00', :o1, 'return', '{"solution": "x", "result": "y"}'),
       pg_temp.does('chen', '15:30', :o1, 'review_result'), pg_temp.does('chen', '15:40', :o1, 'unqualified', '{"reason": "why"}'),
       pg_temp.does('sun', '16:40', :o1, 'return', '{"solution": "x", "result": "y"}'), pg_temp.does('chen', '17:00', :o1, 'review_result'),
       pg_temp.does('chen', '17:10', :o1, 'qualified');
-- Returned without need: the desk sends it back to the same department.
SELECT pg_temp.refers('902', '2026-03-02 17:30+08', 'gd.network', 'fee') AS o2 \gset
SELECT pg_temp.does('chen', '17:40', :o2, 'review'), pg_temp.does('chen', '17:50', :o2, 'dispatch', '{"department": "gd.network"}'),
       pg_temp.does('wang', '18:00', :o2, 'receive'), pg_temp.does('wang', '18:30', :o2, 'bounce', '{"reason": "not_ours"}'),
       pg_temp.does('lin', '18:40', :o2, 'dispatch', '{"department": "gd.network"}'), pg_temp.does('wang', '18:50', :o2, 'receive'),
       pg_temp.does('wang', '19:00', :o2, 'accept');
-- Taken from the department for another; and one that nobody judges in time, chased.
SELECT pg_temp.does('chen', '19:10', :o2, 'redispatch', '{"department": "gd.market", "reason": "theirs"}'), pg_temp.does('sun', '19:20', :o2, 'receive');
SET LOCAL kefu.test_now = '2026-03-02 19:26+08';
SELECT pg_temp.says('902', '到底修不修', '2026-03-02 19:25+08', action => 'messages') AS m2 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.attach(:m2, (SELECT ticket_id FROM kefu_bi.work_orders WHERE order_id = :o2), 'chaser');
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-02 21:30+08';
SELECT FROM kefu.tick();
SET LOCAL ROLE lin;
\pset format unaligned
SELECT state, stage_number, unit, department, dispatch_count, redispatch_count, bounce_count, rework_count, urge_count,
       is_in_time, is_desk_in_time, limit_due_at AT TIME ZONE 'Asia/Shanghai' AS due, total_minutes, suspended_minutes
  FROM kefu_bi.work_orders ORDER BY order_id;
SELECT visit_number AS n, stage_label_zh, stage_number AS no, holder, department, to_char(entered_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') AS entered,
       entered_by, left_by, minutes, desk_minutes, clock, to_char(due_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI') AS due, is_in_time
  FROM kefu_bi.work_order_stages WHERE order_id = :o1 ORDER BY visit_number;
SELECT visit_number AS n, stage, department, left_by, next_stage, minutes, clock, is_in_time
  FROM kefu_bi.work_order_stages WHERE order_id = :o2 ORDER BY visit_number;
SELECT bounce_number AS n, department, reason_label_zh, minutes, judgement, judgement_label_zh, next_department FROM kefu_bi.work_order_bounces ORDER BY returned_at;
SELECT order_id IS NULL AS is_ticket, unit, state, is_in_time, answer_minutes, asked_at AT TIME ZONE 'Asia/Shanghai' AS asked,
       due_at AT TIME ZONE 'Asia/Shanghai' AS due FROM kefu_bi.chasers ORDER BY task_id;
SELECT department, local_month, dispatched_count AS sent, accept_due_count AS judge_due, accept_in_time_count AS judged, handle_due_count AS due,
       returned_count AS results, median_minutes AS median, p90_minutes AS p90, desk_median_minutes AS desk, bounce_count AS bounces,
       wrong_bounce_count AS wrong, bounce_pct, wrong_bounce_pct, rework_count AS rework, rework_pct, is_small, is_ranked
  FROM kefu_bi.department_times ORDER BY department;
-- Another province sees nothing, a department its own.
SET LOCAL ROLE far;
SELECT (SELECT count(*) FROM kefu_bi.work_orders), (SELECT count(*) FROM kefu_bi.work_order_stages), (SELECT count(*) FROM kefu_bi.work_order_bounces),
       (SELECT count(*) FROM kefu_bi.chasers), (SELECT count(*) FROM kefu_bi.department_times), (SELECT count(*) FROM kefu_bi.complaint_matters);
SET LOCAL ROLE wang;
-- Of orders that went on to others what it did itself; the figures are those the desk sees.
SELECT count(*), min(department), max(department) FROM kefu_bi.work_order_stages;
SELECT count(*), min(department), max(department) FROM kefu_bi.work_order_bounces;
SELECT count(*) FROM kefu_bi.work_orders;
SELECT department, dispatched_count, accept_due_count, accept_in_time_count, bounce_count, wrong_bounce_count FROM kefu_bi.department_times;
RESET ROLE;
\pset format aligned

-- --- hundreds of random steps ----------------------------------------------------------
CREATE FUNCTION pg_temp.step(n integer) RETURNS void
    LANGUAGE plpgsql AS
$$
DECLARE
    o record;
    t record;
    now timestamptz := kefu.now() + make_interval(mins => 1 + floor(random() * 45)::integer);
    draw double precision;
BEGIN
    PERFORM set_config('kefu.test_now', now::text, true);
    IF n % 13 = 0 THEN
        PERFORM pg_temp.refers((910 + floor(random() * 12))::text, now, pg_temp.any_of('gd.network', 'gd.market'),
                               pg_temp.any_of('broadband.fault', 'fee', 'signal'));
        RETURN;
    END IF;
    IF n % 7 = 0 THEN
        FOR t IN SELECT x.ticket_id, x.state FROM kefu.ticket x WHERE x.state IN ('solved', 'answered') ORDER BY x.ticket_id LIMIT 2 LOOP
            PERFORM set_config('role', 'lin', true);
            IF t.state = 'solved' THEN
                PERFORM kefu.answer(t.ticket_id, '您好,已处理,请问您是否满意?');
            ELSIF random() < 0.6 THEN
                PERFORM kefu.satisfied(t.ticket_id);
            ELSE
                PERFORM kefu.dissatisfied(t.ticket_id, '还不行');
                PERFORM kefu.refer(t.ticket_id, 'gd.network', 'fee', further_need => '还不行');
            END IF;
            PERFORM set_config('role', 'none', true);
            PERFORM FROM pg_temp.taken();
        END LOOP;
        PERFORM FROM kefu.tick();
        RETURN;
    END IF;
    draw := random();
    SELECT w.order_id, w.state, w.unit, x.event, x.roles INTO o
      FROM (SELECT v.*, row_number() OVER (ORDER BY v.order_id) AS n FROM kefu.work_order v) AS w JOIN kefu.transition x ON x.machine = 'work_order' AND x.from_state = w.state
     WHERE x.event IN ('review', 'send_back', 'supplement', 'dispatch', 'receive', 'redispatch', 'accept', 'bounce', 'return',
                       'suspend', 'resume', 'review_result', 'qualified', 'unqualified', 'rework', 'cancel', 'urge')
       AND (x.event NOT IN ('cancel', 'urge', 'send_back', 'redispatch') OR pg_temp.lot(draw, 'rare', w.n::text, x.event) < 0.15)
     ORDER BY pg_temp.lot(draw, w.n::text, x.event, x.seq::text) LIMIT 1;
    PERFORM set_config('role', CASE WHEN o.roles && ARRAY['department'] THEN CASE o.unit WHEN 'gd.market' THEN 'sun' ELSE 'wang' END
                                    WHEN o.state = 'leader_review' THEN 'zhao'
                                    WHEN o.roles && ARRAY['reviewer'] THEN 'chen' ELSE 'lin' END, true);
    IF o.order_id IS NULL THEN
        PERFORM set_config('role', 'none', true);
        RETURN;
    END IF;
    PERFORM kefu.order_event(o.order_id, o.event, jsonb_build_object(
        'department', pg_temp.any_of('gd.network', 'gd.market'), 'reason', CASE o.event WHEN 'bounce' THEN pg_temp.any_of('not_ours', 'incomplete') ELSE 'why' END,
        'text', 'x', 'solution', 'x', 'result', 'y', 'until', now + interval '3 hours', 'evidence', 'x'));
    PERFORM set_config('role', 'none', true);
EXCEPTION WHEN OTHERS THEN
    PERFORM set_config('role', 'none', true);
    IF SQLSTATE !~ '^KF' THEN RAISE; END IF;
END $$;
SELECT setseed(0.4);
SET LOCAL kefu.test_now = '2026-03-03 08:00+08';
SELECT count(pg_temp.step(n)) FROM generate_series(1, 700) AS n;
SELECT count(*) > 20 AS orders, count(*) FILTER (WHERE bounce_count > 0) > 3 AS bounced, count(*) FILTER (WHERE rework_count > 0) > 3 AS reworked,
       count(*) FILTER (WHERE is_closed) > 3 AS closed, count(*) FILTER (WHERE is_cancelled) > 0 AS cancelled, count(*) FILTER (WHERE round_count > 1) > 0 AS reopened,
       count(*) FILTER (WHERE suspended_minutes > 0) > 3 AS suspended, count(*) FILTER (WHERE is_in_time) > 0 AS kept, count(*) FILTER (WHERE NOT is_in_time) > 3 AS late
  FROM kefu_bi.work_orders;

-- The stages again, an event at a time; staffed time counted minute by minute; the
-- promise found by the instant at which it was given.
CREATE TEMP TABLE slow_stage (order_id bigint, n integer, stage text, department text, entered timestamptz, left_at timestamptz, left_by text, promised timestamptz);
DO $$
DECLARE
    e record;
    n integer;
    stage text;
    department text;
    promised timestamptz;
    since timestamptz;
BEGIN
    FOR e IN SELECT a.*, lag(a.object_id) OVER (ORDER BY a.object_id, a.seq) IS DISTINCT FROM a.object_id AS is_first
               FROM kefu.audit_event a WHERE a.object_type = 'work_order' ORDER BY a.object_id, a.seq LOOP
        IF e.is_first THEN n := 0; stage := NULL; department := NULL; promised := NULL; END IF;
        CONTINUE WHEN stage IS NOT DISTINCT FROM e.to_state AND e.event NOT IN ('dispatch', 'redispatch');
        IF stage IS NOT NULL THEN
            UPDATE slow_stage s SET left_at = e.at, left_by = e.event WHERE s.order_id = e.object_id AND s.n = (SELECT max(x.n) FROM slow_stage x WHERE x.order_id = e.object_id);
        END IF;
        n := n + 1;
        stage := e.to_state;
        IF e.event IN ('dispatch', 'redispatch') THEN department := e.facts ->> 'department'; END IF;
        IF e.event NOT IN ('receive', 'review_result') THEN
            promised := CASE WHEN e.event = 'resume' THEN since ELSE e.at END;
        END IF;
        IF e.event IN ('accept', 'rework', 'unqualified') THEN since := e.at; END IF;
        INSERT INTO slow_stage VALUES (e.object_id, n, stage, department, e.at, NULL, NULL, promised);
    END LOOP;
    DELETE FROM slow_stage s WHERE s.stage IN ('closed', 'cancelled');
END $$;
CREATE TEMP VIEW slow AS
    SELECT s.order_id, s.n, s.stage, s.department, s.entered, s.left_at, s.left_by,
           round(extract(epoch FROM coalesce(s.left_at, kefu.now()) - s.entered) / 60, 1) AS minutes,
           (SELECT count(*) FROM generate_series(s.entered, coalesce(s.left_at, kefu.now()) - interval '1 minute', '1 minute') AS m(at)
             WHERE kefu.is_working_time('cn-duty', m.at))::numeric AS desk_minutes,
           (SELECT c.due_at FROM kefu.clock c
             WHERE c.object_type = 'work_order' AND c.object_id = s.order_id AND c.started_at = s.promised
               AND c.clock = CASE WHEN s.stage = 'created' THEN 'order_review' WHEN s.stage IN ('reviewed', 'bounced') THEN 'order_dispatch'
                                  WHEN s.stage IN ('dispatched', 'judging') THEN 'order_accept' WHEN s.stage = 'handling' THEN 'order_handle'
                                  WHEN s.stage IN ('returned', 'result_reviewed') THEN 'order_result' WHEN s.stage = 'leader_review' THEN 'order_decision'
                                  WHEN s.stage = 'suspended' THEN 'suspension' END) AS due_at
      FROM slow_stage s;
CREATE TEMP VIEW quick AS
    SELECT v.order_id, v.visit_number, v.stage, v.department, v.entered_at, v.left_at, v.left_by, v.minutes, v.desk_minutes, v.due_at
      FROM kefu_bi.work_order_stages v;
SELECT count(*) > 300 AS visits FROM quick;
SELECT 'missing' AS what, x.* FROM (SELECT * FROM slow EXCEPT SELECT * FROM quick) AS x
UNION ALL
SELECT 'too many', x.* FROM (SELECT * FROM quick EXCEPT SELECT * FROM slow) AS x ORDER BY 2, 3, 1 LIMIT 10;
-- The visits of an order that is over fill its time, but for breaks between rounds.
SELECT o.order_id, o.total_minutes, sum(s.minutes) FROM kefu_bi.work_orders o JOIN kefu_bi.work_order_stages s USING (order_id)
 WHERE o.round_count = 1 GROUP BY o.order_id, o.total_minutes HAVING abs(sum(s.minutes) - o.total_minutes) > 1;

-- Departments again: each event counted by itself, percentiles from a sorted array.
CREATE FUNCTION pg_temp.percentile(sorted numeric[], share numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN sorted IS NULL THEN NULL ELSE
       round(sorted[1 + floor(p)::integer] + (p - floor(p)) * (sorted[least(2 + floor(p)::integer, cardinality(sorted))] - sorted[1 + floor(p)::integer]), 1) END
     FROM (SELECT share * (cardinality(sorted) - 1) AS p) AS x $$;
CREATE TEMP VIEW slow_department AS
WITH e AS (
    SELECT a.object_id, a.seq, a.event, a.at, a.to_state, a.from_state,
           (SELECT b.facts ->> 'department' FROM kefu.audit_event b
             WHERE b.object_type = 'work_order' AND b.object_id = a.object_id AND b.seq <= a.seq AND b.event IN ('dispatch', 'redispatch')
             ORDER BY b.seq DESC LIMIT 1) AS department,
           (SELECT b.facts ->> 'department' FROM kefu.audit_event b
             WHERE b.object_type = 'work_order' AND b.object_id = a.object_id AND b.seq < a.seq AND b.event IN ('dispatch', 'redispatch')
             ORDER BY b.seq DESC LIMIT 1) AS left_department
      FROM kefu.audit_event a WHERE a.object_type = 'work_order'
), result AS (
    -- A result took what lies between it and the last time the department was asked, less suspensions.
    SELECT e.department, e.at, extract(epoch FROM e.at - asked.at) / 60
           - coalesce((SELECT sum(extract(epoch FROM (SELECT min(r.at) FROM e AS r WHERE r.object_id = h.object_id AND r.seq > h.seq AND r.from_state = 'suspended' AND r.to_state <> 'suspended') - h.at) / 60)
                         FROM e AS h WHERE h.object_id = e.object_id AND h.seq > asked.seq AND h.seq < e.seq AND h.event = 'suspend'), 0) AS minutes
      FROM e CROSS JOIN LATERAL (SELECT b.at, b.seq FROM e AS b
             WHERE b.object_id = e.object_id AND b.seq < e.seq
               AND (b.event IN ('dispatch', 'redispatch', 'rework') OR (b.event = 'unqualified' AND b.to_state = 'handling'))
             ORDER BY b.seq DESC LIMIT 1) AS asked
     WHERE e.event = 'return'
), bounced AS (
    SELECT e.left_department AS department, e.at,
           (SELECT n.event = 'dispatch' AND n.department = e.left_department FROM e AS n
             WHERE n.object_id = e.object_id AND n.seq > e.seq AND n.event IN ('dispatch', 'redispatch', 'cancel') ORDER BY n.seq LIMIT 1)
           AND (SELECT x.value ->> 'reason' FROM kefu.audit_event y JOIN kefu.audit_detail x USING (event_id)
                 WHERE y.object_type = 'work_order' AND y.object_id = e.object_id AND y.seq = e.seq) <> 'incomplete' AS is_wrong
      FROM e WHERE e.event = 'bounce'
), month AS (
    SELECT DISTINCT d.department, m.month FROM (VALUES ('gd.network'), ('gd.market')) AS d(department),
           (VALUES (date '2026-03-01'), ('2026-04-01'), ('2026-05-01')) AS m(month)
)
SELECT m.department, m.month,
       (SELECT count(*) FROM e WHERE e.department = m.department AND e.event IN ('dispatch', 'redispatch') AND date_trunc('month', e.at AT TIME ZONE 'Asia/Shanghai') = m.month) AS sent,
       (SELECT count(*) FROM result r WHERE r.department = m.department AND date_trunc('month', r.at AT TIME ZONE 'Asia/Shanghai') = m.month) AS results,
       (SELECT pg_temp.percentile(array_agg(r.minutes ORDER BY r.minutes), 0.5) FROM result r WHERE r.department = m.department AND date_trunc('month', r.at AT TIME ZONE 'Asia/Shanghai') = m.month) AS median,
       (SELECT pg_temp.percentile(array_agg(r.minutes ORDER BY r.minutes), 0.9) FROM result r WHERE r.department = m.department AND date_trunc('month', r.at AT TIME ZONE 'Asia/Shanghai') = m.month) AS p90,
       (SELECT count(*) FROM bounced b WHERE b.department = m.department AND date_trunc('month', b.at AT TIME ZONE 'Asia/Shanghai') = m.month) AS bounces,
       (SELECT count(*) FROM bounced b WHERE b.department = m.department AND b.is_wrong AND date_trunc('month', b.at AT TIME ZONE 'Asia/Shanghai') = m.month) AS wrong,
       (SELECT count(*) FROM e WHERE e.department = m.department AND e.event = 'unqualified' AND date_trunc('month', e.at AT TIME ZONE 'Asia/Shanghai') = m.month) AS rework,
       (SELECT count(*) FROM kefu.clock c JOIN kefu.work_order o ON o.order_id = c.object_id
         WHERE c.object_type = 'work_order' AND c.clock = 'order_limit' AND c.outcome IS DISTINCT FROM 'void' AND o.department = m.department
           AND c.round = (SELECT max(k.round) FROM kefu.clock k WHERE k.object_type = 'work_order' AND k.object_id = o.order_id AND k.clock = 'order_limit' AND k.outcome IS DISTINCT FROM 'void')
           AND c.due_at <= kefu.now() AND date_trunc('month', c.due_at AT TIME ZONE 'Asia/Shanghai') = m.month) AS limit_due,
       (SELECT count(*) FROM kefu.clock c WHERE c.object_type = 'work_order' AND c.clock = 'order_handle'
           AND (c.outcome IN ('kept', 'late') OR (c.outcome IS NULL AND c.due_at <= kefu.now()))
           AND date_trunc('month', c.due_at AT TIME ZONE 'Asia/Shanghai') = m.month
           AND (SELECT b.facts ->> 'department' FROM kefu.audit_event b WHERE b.object_type = 'work_order' AND b.object_id = c.object_id
                   AND b.at <= c.started_at AND b.event IN ('dispatch', 'redispatch') ORDER BY b.seq DESC LIMIT 1) = m.department) AS handle_due,
       (SELECT count(*) FROM kefu.clock c WHERE c.object_type = 'work_order' AND c.clock = 'order_handle' AND c.outcome = 'kept'
           AND date_trunc('month', c.due_at AT TIME ZONE 'Asia/Shanghai') = m.month
           AND (SELECT b.facts ->> 'department' FROM kefu.audit_event b WHERE b.object_type = 'work_order' AND b.object_id = c.object_id
                   AND b.at <= c.started_at AND b.event IN ('dispatch', 'redispatch') ORDER BY b.seq DESC LIMIT 1) = m.department) AS handle_kept
  FROM month m;
CREATE TEMP VIEW quick_department AS
    SELECT department, local_month, dispatched_count, returned_count, median_minutes, p90_minutes, bounce_count, wrong_bounce_count, rework_count,
           limit_due_count, handle_due_count, handle_in_time_count
      FROM kefu_bi.department_times;
SELECT count(*) >= 2 AS rows, bool_or(dispatched_count >= 30) AS large FROM quick_department;
SELECT 'missing' AS what, x.* FROM (SELECT * FROM slow_department s WHERE s.sent + s.results + s.limit_due + s.handle_due > 0 EXCEPT SELECT * FROM quick_department) AS x
UNION ALL
SELECT 'too many', x.* FROM (SELECT * FROM quick_department EXCEPT SELECT * FROM slow_department) AS x ORDER BY 2, 3, 1;
-- Shares follow from their numbers; nothing of nothing is 0 or 100.
SELECT count(*) FROM kefu_bi.department_times
 WHERE bounce_pct IS DISTINCT FROM CASE WHEN dispatched_count > 0 THEN round(bounce_count * 100.0 / dispatched_count, 2) END
    OR rework_pct IS DISTINCT FROM CASE WHEN returned_count > 0 THEN round(rework_count * 100.0 / returned_count, 2) END
    OR handle_in_time_pct IS DISTINCT FROM CASE WHEN handle_due_count > 0 THEN round(handle_in_time_count * 100.0 / handle_due_count, 2) END
    OR is_small <> (dispatched_count < 30) OR is_ranked <> (dispatched_count > 9);

-- Satisfaction, a ticket at a time.
DO $$
DECLARE
    s record;
    t record;
    asked integer;
    rated integer;
    pleased integer;
BEGIN
    FOR s IN SELECT * FROM kefu_bi.satisfaction LOOP
        asked := 0; rated := 0; pleased := 0;
        FOR t IN SELECT * FROM kefu_bi.tickets x WHERE x.is_counted AND x.unit = s.unit AND x.kind = s.kind
                    AND to_char(x.posted_local_date, 'YYYY-MM') = to_char(s.local_month, 'YYYY-MM') LOOP
            IF t.satisfaction <> 'not_asked' THEN asked := asked + 1; END IF;
            IF t.satisfaction IN ('satisfied', 'dissatisfied') THEN rated := rated + 1; END IF;
            IF t.satisfaction = 'satisfied' THEN pleased := pleased + 1; END IF;
        END LOOP;
        IF (asked, rated, pleased) IS DISTINCT FROM (s.asked_count::integer, s.rated_count::integer, s.satisfied_count::integer)
           OR s.satisfied_pct IS DISTINCT FROM round(100.0 * pleased / nullif(rated, 0), 2)
           OR s.rated_pct IS DISTINCT FROM round(100.0 * rated / nullif(asked, 0), 2)
           OR s.ticket_count <> s.not_asked_count + s.no_reply_count + s.satisfied_count + s.dissatisfied_count THEN
            RAISE EXCEPTION 'satisfaction of % in % is %, counted %', s.kind, s.local_month, s, (asked, rated, pleased);
        END IF;
    END LOOP;
END $$;
SELECT sum(satisfied_count) > 0 AS satisfied, sum(ticket_count) = (SELECT count(*) FROM kefu_bi.tickets WHERE is_counted AND unit = 'gd') AS whole FROM kefu_bi.satisfaction;

-- Repeats: for each complaint, an earlier one of the same person and category (ruling 19).
SELECT r.local_month, r.repeat_count, s.repeats FROM kefu_bi.complaint_repeats r
  JOIN (SELECT date_trunc('month', t.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS month,
               count(*) FILTER (WHERE EXISTS (SELECT FROM kefu.ticket e
                    WHERE e.person_id = t.person_id AND e.ticket_id < t.ticket_id AND e.kind = 'complaint'
                      AND e.ticket_id = t.repeat_of AND t.posted_at - e.posted_at < interval '720 hours')) AS repeats
          FROM kefu.ticket t WHERE t.kind = 'complaint' AND NOT t.is_provisional AND t.merged_into IS NULL GROUP BY 1) AS s ON s.month = r.local_month
 WHERE r.repeat_count <> s.repeats;
SELECT sum(repeat_count) > 3 AS repeats FROM kefu_bi.complaint_repeats;

-- R117: each business and province; the rows add up to all complaints.
SELECT sum(complaint_count) = (SELECT count(*) FROM kefu_bi.tickets WHERE is_counted AND kind = 'complaint') AS whole,
       bool_and(month_count = (SELECT count(*) FROM kefu_bi.tickets t WHERE t.is_counted AND t.kind = 'complaint'
                                  AND date_trunc('month', t.posted_at AT TIME ZONE 'Asia/Shanghai')::date = m.local_month)) AS months,
       bool_and(complaint_count = (SELECT count(*) FROM kefu_bi.tickets t WHERE t.is_counted AND t.kind = 'complaint' AND t.category = m.category
                                      AND t.home_unit IS NOT DISTINCT FROM m.home_unit
                                      AND date_trunc('month', t.posted_at AT TIME ZONE 'Asia/Shanghai')::date = m.local_month)) AS pairs
  FROM kefu_bi.complaint_matters m;
SELECT DISTINCT business, business_label_zh, category, category_label_zh, home_unit_label_zh FROM kefu_bi.complaint_matters ORDER BY category;
SELECT what, object_type, detail FROM pg_temp.broken WHERE what IN ('audit', 'I3', 'I13', 'I21');
ROLLBACK;
