-- 73_bi_replay: what would have been, under other promises.
--
-- A promise is its start, its pauses and its stop; all of that is history. Other
-- lengths or calendars give it another end, and another answer to whether it
-- was kept. Nothing is written.

CREATE FUNCTION kefu.promise_kpi() RETURNS TABLE (clock text, kpi text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT v.* FROM (VALUES
        ('inquiry_ack', 'response_in_time'), ('complaint_ack', 'response_in_time'), ('negative_reply', 'response_in_time'),
        ('thank', 'response_in_time'), ('answer', 'answer_in_time'), ('call_back', 'answer_in_time'), ('order_limit', 'order_in_time'),
        ('opinion_screen', 'opinion_in_time'), ('opinion_feedback', 'opinion_feedback'), ('post_review', 'post_reviewed_in_time')) AS v(clock, kpi);
END;
COMMENT ON FUNCTION kefu.promise_kpi() IS 'Promises that an in-time rate counts, and which (内部: 时限所属指标)';

CREATE FUNCTION kefu.end_of_promise(started_at timestamptz, target interval, calendar text, desk text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    -- As src/clock.c: a day has 24 hours, and a unit without a calendar goes by the wall.
    IF desk IS NOT NULL AND calendar = 'working_days' THEN
        RETURN kefu.add_working_days(desk, started_at, extract(day FROM target)::integer, started_at);
    ELSIF desk IS NOT NULL AND calendar = 'shift' THEN
        RETURN kefu.add_working_time(desk, started_at, extract(epoch FROM target) * interval '1 second', started_at);
    END IF;
    RETURN started_at + extract(epoch FROM target) * interval '1 second';
END $$;
COMMENT ON FUNCTION kefu.end_of_promise(timestamptz, interval, text, text) IS
'End of a promise of so much time of a kind of calendar, with the desk calendar as it was known when the promise began (内部: 时限终点)';

CREATE FUNCTION kefu.begins_before(target interval, calendar text, desk text, instant timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    since timestamptz := instant - extract(epoch FROM target) * interval '1 second';
    step interval := greatest(target, interval '1 day');
BEGIN
    -- What begins later ends later: an end before the instant is the bound.
    WHILE kefu.end_of_promise(since, target, calendar, desk) >= instant LOOP
        since := since - step;
        step := 2 * step;
    END LOOP;
    RETURN since;
END $$;
COMMENT ON FUNCTION kefu.begins_before(interval, text, text, timestamptz) IS
'An instant before which no promise of so much time of a kind of calendar began that ends at the instant or later (内部: 时限起点下界)';

CREATE FUNCTION kefu.after_pauses(due_at timestamptz, pauses tstzmultirange) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    pause tstzrange;
BEGIN
    FOR pause IN SELECT p FROM unnest(pauses) AS p ORDER BY p LOOP
        -- What was over before can't stand still.
        EXIT WHEN lower(pause) >= due_at;
        due_at := due_at + (upper(pause) - lower(pause));
    END LOOP;
    RETURN due_at;
END $$;
COMMENT ON FUNCTION kefu.after_pauses(timestamptz, tstzmultirange) IS 'An end that each pause before it has moved by its length (内部: 顺延暂停)';

CREATE FUNCTION kefu.check_policy(policy jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    c record;
BEGIN
    IF jsonb_typeof(policy) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'a policy must be an object of promises' USING ERRCODE = 'invalid_parameter_value',
              HINT = 'Such as {"answer": {"target": "24 hours"}, "complaint_ack": {"calendar": "shift"}}.';
    END IF;
    FOR c IN SELECT p.key AS clock, p.value FROM jsonb_each(policy) AS p LOOP
        IF NOT EXISTS (SELECT FROM kefu.promise_kpi() AS k WHERE k.clock = c.clock) THEN
            RAISE EXCEPTION 'there is no in-time rate of promise "%"', c.clock USING ERRCODE = 'undefined_object',
                  HINT = (SELECT 'There are: ' || string_agg(k.clock, ', ' ORDER BY k.clock) || '.' FROM kefu.promise_kpi() AS k);
        ELSIF jsonb_typeof(c.value) <> 'object' OR c.value - '{target,calendar,desk}'::text[] <> '{}' THEN
            RAISE EXCEPTION 'promise "%" may have a target, a calendar and a desk', c.clock USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'target: an interval; calendar: wall, shift, calendar_days or working_days; desk: a calendar of kefu.calendar.';
        ELSIF coalesce((c.value ->> 'target')::interval <= interval '0', false) THEN
            RAISE EXCEPTION 'the target of promise "%" must be positive', c.clock USING ERRCODE = 'invalid_parameter_value';
        ELSIF c.value ->> 'calendar' NOT IN ('wall', 'shift', 'calendar_days', 'working_days') THEN
            RAISE EXCEPTION 'there is no way of counting "%"', c.value ->> 'calendar' USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'There are: wall, shift, calendar_days, working_days.';
        ELSIF NOT EXISTS (SELECT FROM kefu.calendar x WHERE x.calendar = coalesce(c.value ->> 'desk', x.calendar)) THEN
            RAISE EXCEPTION 'there is no calendar "%"', c.value ->> 'desk' USING ERRCODE = 'undefined_object';
        END IF;
    END LOOP;
END $$;

COMMENT ON FUNCTION kefu.check_policy(jsonb) IS 'Refuses a policy for kefu_bi.replay() that names what there isn''t (内部: 校验推演方案)';

CREATE FUNCTION kefu_bi.replay(policy jsonb, period text, within text DEFAULT NULL)
    RETURNS TABLE (unit text, kpi text, clock text, case_count bigint, in_time_count bigint, in_time_pct numeric,
                   actual_case_count bigint, actual_in_time_count bigint, actual_in_time_pct numeric)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 500
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    span CONSTANT text := CASE WHEN period ~ '-W' THEN 'week' WHEN length(period) = 7 THEN 'month' ELSE 'day' END;
    from_at timestamptz;
    until_at timestamptz;
    since timestamptz;
    until_due timestamptz;
    is_up_to_date boolean;
    covered text[];
BEGIN
    PERFORM kefu.check_policy(policy);
    IF within IS NOT NULL THEN
        PERFORM kefu.require_unit(within);
    END IF;
    covered := CASE WHEN within IS NULL THEN kefu.my_units() ELSE kefu.units_under(within) END;
    SELECT kefu.local_instant(s.from_date, '00:00'), kefu.local_instant(s.until_date, '00:00') INTO from_at, until_at
      FROM kefu.report_span(span, kefu.period_day(period)) AS s;
    -- Whose other end is in the period began after since and before its end, so its own end lies between since and until_due; a
    -- work order's may be later: it stands still, and counts with its last round. A month for what was known of holidays since.
    SELECT least(from_at, min(kefu.begins_before(coalesce((c.value ->> 'target')::interval, p.target), coalesce(c.value ->> 'calendar', p.calendar), d.desk, from_at)))
           - interval '30 days',
           greatest(until_at, max(kefu.end_of_promise(until_at, p.target, p.calendar, d.desk))) + interval '30 days'
      INTO since, until_due
      FROM kefu.promise_kpi() AS k
      JOIN (SELECT DISTINCT x.clock, x.target, x.calendar FROM kefu.clock_policy x) AS p ON p.clock = k.clock
     CROSS JOIN (SELECT x.calendar AS desk FROM kefu.calendar x UNION ALL SELECT NULL) AS d
      LEFT JOIN jsonb_each(policy) AS c ON c.key = k.clock;
    -- The rollup's cases are those of the rows, found by an index; where it is behind, the rows are asked.
    is_up_to_date := EXISTS (SELECT FROM kefu.kpi_state s WHERE s.fill_type IS NULL AND s.counted_to >= least(until_at, kefu.now() - interval '10 minutes'));
    RETURN QUERY
    WITH counted AS (
        SELECT x.kpi, x.object_type, x.object_id, x.part, x.unit, x.counts_at FROM kefu.kpi_case x
         WHERE is_up_to_date AND x.unit = ANY (covered) AND x.counts_at >= since
           AND x.kpi IN (SELECT k.kpi FROM kefu.promise_kpi() AS k)
        UNION ALL
        SELECT x.kpi, x.object_type, x.object_id, x.part, x.unit, x.counts_at FROM kefu.kpi_case_now x
         WHERE NOT is_up_to_date AND x.unit = ANY (covered) AND x.counts_at >= since
           AND x.kpi IN (SELECT k.kpi FROM kefu.promise_kpi() AS k)
    ), promise AS (
        SELECT x.unit, k.kpi, p.clock, p.unit AS given_by, p.started_at, p.due_at, p.pauses, p.stopped_at, p.outcome, p.limit_id, o.target, o.calendar,
               coalesce(policy -> p.clock, '{}') AS other
          FROM counted x
          JOIN kefu.promise_kpi() AS k ON k.kpi = x.kpi
          JOIN kefu.clock p ON p.object_type = x.object_type AND p.object_id = x.object_id AND p.clock = k.clock
                           AND (p.clock_id = x.part OR x.part = 0)
          JOIN kefu.clock_policy o ON o.policy_id = p.policy_id
         WHERE (x.object_type = 'work_order' OR x.counts_at < until_due) AND p.started_at < until_at
           AND p.outcome IS DISTINCT FROM 'void'
    ), ends AS (
        SELECT p.*, kefu.unit_calendar(p.given_by) AS desk,
               coalesce((p.other ->> 'target')::interval, p.target) AS other_target, coalesce(p.other ->> 'calendar', p.calendar) AS other_calendar
          FROM promise p
    ), moved AS (
        SELECT e.*, kefu.after_pauses(kefu.end_of_promise(e.started_at, e.target, e.calendar, e.desk), e.pauses) AS own_due_at,
               kefu.after_pauses(kefu.end_of_promise(e.started_at, e.other_target, e.other_calendar, coalesce(e.other ->> 'desk', e.desk)), e.pauses) AS other_due_at
          FROM ends e
    ), replayed AS (
        -- An earlier end that the law or the event brought holds for any policy.
        SELECT m.*, CASE WHEN m.other_due_at IS NULL THEN m.due_at
                         WHEN m.due_at < m.own_due_at THEN least(m.other_due_at, m.due_at) ELSE m.other_due_at END AS new_due_at
          FROM moved m
    )
    SELECT r.unit, r.kpi, r.clock, n.cases, n.hits, round(100.0 * n.hits / nullif(n.cases, 0), 2),
           n.actual_cases, n.actual_hits, round(100.0 * n.actual_hits / nullif(n.actual_cases, 0), 2)
      FROM (SELECT d.unit, d.kpi, d.clock,
                   count(*) FILTER (WHERE d.is_new) AS cases, count(*) FILTER (WHERE d.is_new AND d.stopped_at <= d.new_due_at) AS hits,
                   count(*) FILTER (WHERE d.is_actual) AS actual_cases, count(*) FILTER (WHERE d.is_actual AND d.outcome = 'kept') AS actual_hits
              FROM (SELECT q.*, q.new_due_at >= from_at AND q.new_due_at < until_at AND q.new_due_at <= kefu.now() AS is_new,
                           q.due_at >= from_at AND q.due_at < until_at AND q.due_at <= kefu.now() AS is_actual
                      FROM replayed q) AS d
             GROUP BY d.unit, d.kpi, d.clock) AS n
     CROSS JOIN LATERAL (SELECT n.unit, n.kpi, n.clock) AS r
     WHERE n.cases > 0 OR n.actual_cases > 0
     ORDER BY 1, 2, 3;
END $$;
COMMENT ON FUNCTION kefu_bi.replay(jsonb, text, text) IS
'In-time rates of a day, week or month (2026-03-02, 2026-W10, 2026-03) as they would have been under another policy, beside the actual ones, by unit and promise; within: a unit and all below it instead of all one sees. policy: {"answer": {"target": "24 hours", "calendar": "shift", "desk": "cn-duty"}}, each part as it was where left out; {} replays what held. Counted when due, from the rows of the desk: the rollup only finds them, and where it is behind the rows are searched, which is slow. A promise that isn''t due yet counts nowhere, of a work order each one counts. An earlier end by law or by the event stays. Shares are 0 to 100, NULL on none. KF008 where the caller may not see the unit (时限推演; R2, R91, ruling 1)';
