-- 76_bi_people: what analysts read of people: qualification, rosters, patrols.
--
-- The rules at the head of 70_bi hold here too.  What takes calendars and
-- ranges of time is found by a definer function that gives the caller's units
-- only; the view beside it has the labels.  These are findings: something a
-- leader looks at, not something that can't be.

CREATE FUNCTION kefu.find_qualification_gap()
    RETURNS TABLE (unit text, staff_id integer, login text, needs text, subject text,
                   until_at timestamptz, waived_until_at timestamptz, days_left integer, level text)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    SELECT f.* FROM (
        SELECT s.unit, s.staff_id, s.login, n.needs, n.subject, n.until, n.waived_until,
               floor(extract(epoch FROM n.until - kefu.now()) / 86400)::integer,
               CASE WHEN n.until IS NULL OR n.until <= kefu.now() THEN 'lapsed'
                    WHEN n.until <= kefu.now() + interval '168 hours' THEN 'week'
                    WHEN n.until <= kefu.now() + interval '720 hours' THEN 'month' END AS level
          FROM kefu.staff s
         CROSS JOIN LATERAL kefu.qualification_needs(s.staff_id, kefu.now()) AS n
         WHERE s.is_active AND s.unit = ANY ((SELECT kefu.watched_units())::text[])) AS f
     WHERE f.level IS NOT NULL;
END $$;
COMMENT ON FUNCTION kefu.find_qualification_gap() IS
'Rows of kefu_bi.qualification_gap (内部: 资质到期)';

CREATE VIEW kefu_bi.qualification_gap WITH (security_barrier) AS
SELECT g.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.staff_id,
       CASE WHEN g.unit = ANY ((SELECT kefu.desk_units())::text[]) THEN g.login END AS login,
       g.needs,
       CASE g.needs WHEN 'qualification' THEN '资质' ELSE '培训' END AS needs_label_zh,
       g.needs AS needs_label_en,
       g.subject,
       g.until_at,
       (g.until_at AT TIME ZONE 'Asia/Shanghai')::date AS until_local_date,
       extract(hour FROM g.until_at AT TIME ZONE 'Asia/Shanghai')::integer AS until_local_hour,
       g.waived_until_at,
       (g.waived_until_at AT TIME ZONE 'Asia/Shanghai')::date AS waived_until_local_date,
       extract(hour FROM g.waived_until_at AT TIME ZONE 'Asia/Shanghai')::integer AS waived_until_local_hour,
       g.days_left,
       g.level,
       CASE g.level WHEN 'lapsed' THEN '已失效' WHEN 'week' THEN '7天内到期' ELSE '30天内到期' END AS level_label_zh,
       CASE g.level WHEN 'lapsed' THEN 'lapsed' WHEN 'week' THEN 'within 7 days' ELSE 'within 30 days' END AS level_label_en
  FROM kefu.find_qualification_gap() AS g
  JOIN kefu.unit u ON u.unit = g.unit;
COMMENT ON VIEW kefu_bi.qualification_gap IS
'People whose qualification or training lapsed or ends within 30 days, of those who are asked for one; a renewal that follows at once counts (资质与培训到期; R7)';
COMMENT ON COLUMN kefu_bi.qualification_gap.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.qualification_gap.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.qualification_gap.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.qualification_gap.staff_id IS 'person (人员编号)';
COMMENT ON COLUMN kefu_bi.qualification_gap.login IS 'login of the person; NULL for analysts (登录角色)';
COMMENT ON COLUMN kefu_bi.qualification_gap.needs IS 'qualification of the contractor or training of the person (要求)';
COMMENT ON COLUMN kefu_bi.qualification_gap.needs_label_zh IS 'Chinese label of needs (要求标签)';
COMMENT ON COLUMN kefu_bi.qualification_gap.needs_label_en IS 'English label of needs (要求英文标签)';
COMMENT ON COLUMN kefu_bi.qualification_gap.subject IS 'subject of the training; company for a qualification (科目)';
COMMENT ON COLUMN kefu_bi.qualification_gap.until_at IS 'end of what there is, or when it ended; NULL never recorded (到期时间)';
COMMENT ON COLUMN kefu_bi.qualification_gap.until_local_date IS 'Beijing date of until_at; NULL where that is (到期时间日期)';
COMMENT ON COLUMN kefu_bi.qualification_gap.until_local_hour IS 'Beijing hour of until_at, 0 to 23; NULL where that is (到期时间小时)';
COMMENT ON COLUMN kefu_bi.qualification_gap.waived_until_at IS 'end of the waiver that runs; NULL none (豁免截止时间)';
COMMENT ON COLUMN kefu_bi.qualification_gap.waived_until_local_date IS 'Beijing date of waived_until_at; NULL where that is (豁免截止时间日期)';
COMMENT ON COLUMN kefu_bi.qualification_gap.waived_until_local_hour IS 'Beijing hour of waived_until_at, 0 to 23; NULL where that is (豁免截止时间小时)';
COMMENT ON COLUMN kefu_bi.qualification_gap.days_left IS 'whole days until then, negative once lapsed; NULL never recorded (剩余天数)';
COMMENT ON COLUMN kefu_bi.qualification_gap.level IS 'lapsed, week or month: 7 and 30 days before the end, inclusive (等级)';
COMMENT ON COLUMN kefu_bi.qualification_gap.level_label_zh IS 'Chinese label of level (等级标签)';
COMMENT ON COLUMN kefu_bi.qualification_gap.level_label_en IS 'English label of level (等级英文标签)';

CREATE FUNCTION kefu.find_uncovered()
    RETURNS TABLE (unit text, has_roster boolean, from_at timestamptz, to_at timestamptz)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    SELECT d.unit, d.has_roster, lower(r.r), upper(r.r)
      FROM kefu.desk_unit d
     CROSS JOIN LATERAL (SELECT date_trunc('day', kefu.now(), 'Asia/Shanghai') - interval '7 days' AS a,
                                date_trunc('day', kefu.now(), 'Asia/Shanghai') + interval '14 days' AS b) AS w
     CROSS JOIN LATERAL unnest(kefu.staffed(d.calendar, w.a, w.b)
                               - kefu.rostered(d.unit, w.a, w.b)) AS r(r)
     WHERE d.has_roster AND d.calendar IS NOT NULL
       AND d.unit = ANY ((SELECT kefu.watched_units())::text[])
    UNION ALL
    SELECT d.unit, false, NULL, NULL
      FROM kefu.desk_unit d
     WHERE NOT d.has_roster AND d.unit = ANY ((SELECT kefu.watched_units())::text[]);
END $$;
COMMENT ON FUNCTION kefu.find_uncovered() IS
'Rows of kefu_bi.uncovered (内部: 无人值守时段)';

CREATE VIEW kefu_bi.uncovered WITH (security_barrier) AS
SELECT g.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.has_roster,
       g.from_at,
       (g.from_at AT TIME ZONE 'Asia/Shanghai')::date AS from_local_date,
       extract(hour FROM g.from_at AT TIME ZONE 'Asia/Shanghai')::integer AS from_local_hour,
       g.to_at,
       (g.to_at AT TIME ZONE 'Asia/Shanghai')::date AS to_local_date,
       extract(hour FROM g.to_at AT TIME ZONE 'Asia/Shanghai')::integer AS to_local_hour,
       round(extract(epoch FROM g.to_at - g.from_at) / 60, 1) AS minutes
  FROM kefu.find_uncovered() AS g
  JOIN kefu.unit u ON u.unit = g.unit;
COMMENT ON VIEW kefu_bi.uncovered IS
'Staffed time of a desk, from 7 days before today until 14 days after it, in which no operator has a shift there; a desk with a live account that never had a roster is one row without times (值班空档; R71, I16)';
COMMENT ON COLUMN kefu_bi.uncovered.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.uncovered.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.uncovered.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.uncovered.has_roster IS 'false: no operator ever had a shift there (是否排过班)';
COMMENT ON COLUMN kefu_bi.uncovered.from_at IS 'start; NULL no roster at all (开始时间)';
COMMENT ON COLUMN kefu_bi.uncovered.from_local_date IS 'Beijing date of from_at; NULL where that is (开始时间日期)';
COMMENT ON COLUMN kefu_bi.uncovered.from_local_hour IS 'Beijing hour of from_at, 0 to 23; NULL where that is (开始时间小时)';
COMMENT ON COLUMN kefu_bi.uncovered.to_at IS 'end; NULL no roster at all (结束时间)';
COMMENT ON COLUMN kefu_bi.uncovered.to_local_date IS 'Beijing date of to_at; NULL where that is (结束时间日期)';
COMMENT ON COLUMN kefu_bi.uncovered.to_local_hour IS 'Beijing hour of to_at, 0 to 23; NULL where that is (结束时间小时)';
COMMENT ON COLUMN kefu_bi.uncovered.minutes IS 'length in minutes, one decimal; NULL no roster at all (分钟)';

CREATE VIEW kefu_bi.patrols WITH (security_barrier) AS
SELECT p.patrol_id,
       p.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       p.staff_id,
       p.at AS patrolled_at,
       (p.at AT TIME ZONE 'Asia/Shanghai')::date AS patrolled_local_date,
       extract(hour FROM p.at AT TIME ZONE 'Asia/Shanghai')::integer AS patrolled_local_hour
  FROM kefu.patrol p
  JOIN kefu.unit u ON u.unit = p.unit
 WHERE p.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.patrols IS 'Who looked when: each reading of a worklist (巡查明细; R71, R86, R88)';
COMMENT ON COLUMN kefu_bi.patrols.patrol_id IS 'number (巡查编号)';
COMMENT ON COLUMN kefu_bi.patrols.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.patrols.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.patrols.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.patrols.staff_id IS 'who looked (人员编号)';
COMMENT ON COLUMN kefu_bi.patrols.patrolled_at IS 'when (巡查时间)';
COMMENT ON COLUMN kefu_bi.patrols.patrolled_local_date IS 'Beijing date of patrolled_at; NULL where that is (巡查时间日期)';
COMMENT ON COLUMN kefu_bi.patrols.patrolled_local_hour IS 'Beijing hour of patrolled_at, 0 to 23; NULL where that is (巡查时间小时)';

CREATE FUNCTION kefu.patrol_pauses(units text[], since timestamptz, until timestamptz)
    RETURNS TABLE (unit text, from_at timestamptz, to_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 AS
$$ BEGIN
    RETURN QUERY
    WITH period AS MATERIALIZED (
        SELECT d.unit, w.from_at AS opens_at, w.to_at AS closes_at
          FROM kefu.desk_unit d
         CROSS JOIN LATERAL kefu.working_periods(d.calendar, patrol_pauses.since, patrol_pauses.until) AS w
         WHERE d.calendar IS NOT NULL AND d.unit = ANY (units)
    ), mark AS (
        SELECT p.unit, p.opens_at, x.at
          FROM period p
         CROSS JOIN LATERAL (SELECT p.opens_at AS at UNION ALL SELECT p.closes_at UNION ALL
                             SELECT r.at FROM kefu.patrol r
                              WHERE r.unit = p.unit AND r.at > p.opens_at AND r.at < p.closes_at) AS x
    ), pause AS (
        SELECT m.unit, lag(m.at) OVER (PARTITION BY m.unit, m.opens_at ORDER BY m.at) AS begins_at, m.at FROM mark m
    )
    SELECT p.unit, p.begins_at, p.at FROM pause p WHERE p.begins_at IS NOT NULL;
END $$;
COMMENT ON FUNCTION kefu.patrol_pauses(text[], timestamptz, timestamptz) IS
'Stretches of staffed time between two looks at a desk''s worklist, or its opening or closing (内部: 巡查间歇; R71, R86, R88)';

CREATE FUNCTION kefu.find_patrol_gap()
    RETURNS TABLE (unit text, from_at timestamptz, to_at timestamptz, worker_saw boolean)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    SELECT p.unit, p.from_at, p.to_at, kefu.worker_saw(p.unit, tstzrange(p.from_at, p.to_at))
      FROM kefu.patrol_pauses(kefu.watched_units(), date_trunc('day', kefu.now(), 'Asia/Shanghai') - interval '7 days', kefu.now()) AS p
     WHERE p.to_at - p.from_at > kefu.patrol_every(p.unit, p.from_at);
END $$;
COMMENT ON FUNCTION kefu.find_patrol_gap() IS
'Rows of kefu_bi.patrol_gap (内部: 巡查间隔)';

CREATE VIEW kefu_bi.patrol_gap WITH (security_barrier) AS
SELECT g.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.from_at,
       (g.from_at AT TIME ZONE 'Asia/Shanghai')::date AS from_local_date,
       extract(hour FROM g.from_at AT TIME ZONE 'Asia/Shanghai')::integer AS from_local_hour,
       g.to_at,
       (g.to_at AT TIME ZONE 'Asia/Shanghai')::date AS to_local_date,
       extract(hour FROM g.to_at AT TIME ZONE 'Asia/Shanghai')::integer AS to_local_hour,
       extract(epoch FROM g.to_at - g.from_at)::bigint AS people_seconds,
       g.worker_saw
  FROM kefu.find_patrol_gap() AS g
  JOIN kefu.unit u ON u.unit = g.unit;
COMMENT ON VIEW kefu_bi.patrol_gap IS
'More of a desk''s staffed time than kefu.patrol_rule allows, 30 minutes as shipped, since 7 days before today, in which nobody read its own worklist; what is open now is cut at this minute (巡查超时; R71, R86, R88, R108, I5)';
COMMENT ON COLUMN kefu_bi.patrol_gap.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.patrol_gap.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.patrol_gap.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.patrol_gap.from_at IS 'the patrol before, or the opening of the desk (开始时间)';
COMMENT ON COLUMN kefu_bi.patrol_gap.from_local_date IS 'Beijing date of from_at; NULL where that is (开始时间日期)';
COMMENT ON COLUMN kefu_bi.patrol_gap.from_local_hour IS 'Beijing hour of from_at, 0 to 23; NULL where that is (开始时间小时)';
COMMENT ON COLUMN kefu_bi.patrol_gap.to_at IS 'the next patrol, the closing, or now (结束时间)';
COMMENT ON COLUMN kefu_bi.patrol_gap.to_local_date IS 'Beijing date of to_at; NULL where that is (结束时间日期)';
COMMENT ON COLUMN kefu_bi.patrol_gap.to_local_hour IS 'Beijing hour of to_at, 0 to 23; NULL where that is (结束时间小时)';
COMMENT ON COLUMN kefu_bi.patrol_gap.people_seconds IS 'seconds without a person''s patrol (人工巡查间隔秒数)';
COMMENT ON COLUMN kefu_bi.patrol_gap.worker_saw IS 'true: the worker polled each live feed of the unit with success as often as that meanwhile; false: not; NULL: there is no feed (后台是否持续采集)';

CREATE FUNCTION kefu.day_kind(calendar text, day date) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT CASE (SELECT h.kind FROM kefu.holiday h JOIN kefu.calendar c USING (holiday_table)
                  WHERE c.calendar = day_kind.calendar AND h.date = day_kind.day AND h.known_from <= kefu.now()
                  ORDER BY h.known_from DESC LIMIT 1)
        WHEN 'holiday' THEN 'holiday'
        WHEN 'workday' THEN 'make_up_workday'
        ELSE CASE WHEN extract(isodow FROM day_kind.day) >= 6 THEN 'weekend' ELSE 'workday' END END;
END;
COMMENT ON FUNCTION kefu.day_kind(text, date) IS
'holiday, make_up_workday, weekend or workday, as known now; without a holiday table by the week alone (日期类型; R71, R72, ruling 22)';

CREATE FUNCTION kefu.find_coverage()
    RETURNS TABLE (unit text, day_kind text, local_hour integer, day_count integer, message_count bigint,
                   breach_count bigint, staffed_minutes numeric, uncovered_minutes numeric)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    WITH w AS MATERIALIZED (
        SELECT date_trunc('day', kefu.now(), 'Asia/Shanghai') - interval '28 days' AS a,
               date_trunc('day', kefu.now(), 'Asia/Shanghai') AS b
    ), desk AS MATERIALIZED (
        SELECT d.unit, d.calendar, kefu.staffed(d.calendar, w.a, w.b) AS staffed,
               kefu.rostered(d.unit, w.a, w.b) AS rostered
          FROM kefu.desk_unit d CROSS JOIN w
         WHERE d.calendar IS NOT NULL AND d.unit = ANY ((SELECT kefu.my_units())::text[])
    ), day AS MATERIALIZED (
        SELECT c.calendar, s.n, kefu.day_kind(c.calendar, (w.a AT TIME ZONE 'Asia/Shanghai')::date + s.n) AS kind
          FROM (SELECT DISTINCT d.calendar FROM desk d) AS c CROSS JOIN w CROSS JOIN generate_series(0, 27) AS s(n)
    ), seen AS MATERIALIZED (
        SELECT g.unit, date_trunc('hour', g.posted_at) AS hour, count(*) AS messages
          FROM kefu.message g CROSS JOIN w
         WHERE g.posted_at >= w.a AND g.posted_at < w.b AND g.is_live AND g.to_us
         GROUP BY 1, 2
    ), missed AS MATERIALIZED (
        SELECT c.unit, date_trunc('hour', c.due_at) AS hour, count(*) AS breaches
          FROM kefu.clock c CROSS JOIN w
         WHERE c.due_at >= w.a AND c.due_at < w.b
           AND (c.outcome = 'late' OR (c.outcome IS NULL AND c.paused_at IS NULL))
         GROUP BY 1, 2
    ), slot AS (
        SELECT d.unit, y.kind, h.hour::integer AS hour, y.n,
               coalesce(s.messages, 0) AS messages, coalesce(m.breaches, 0) AS breaches,
               kefu.minutes_of(d.staffed * o.during) AS staffed,
               kefu.minutes_of((d.staffed - d.rostered) * o.during) AS uncovered
          FROM desk d
          JOIN day y ON y.calendar = d.calendar
         CROSS JOIN w
         CROSS JOIN generate_series(0, 23) AS h(hour)
         CROSS JOIN LATERAL (SELECT w.a + make_interval(hours => 24 * y.n + h.hour) AS at) AS t
         CROSS JOIN LATERAL (SELECT tstzmultirange(tstzrange(t.at, t.at + interval '1 hour')) AS during) AS o
          LEFT JOIN seen s ON s.unit = d.unit AND s.hour = t.at
          LEFT JOIN missed m ON m.unit = d.unit AND m.hour = t.at
    )
    SELECT s.unit, s.kind, s.hour, count(*)::integer, sum(s.messages)::bigint, sum(s.breaches)::bigint,
           sum(s.staffed), sum(s.uncovered)
      FROM slot s
     GROUP BY s.unit, s.kind, s.hour
    HAVING sum(s.messages) + sum(s.breaches) + sum(s.staffed) > 0;
END $$;
COMMENT ON FUNCTION kefu.find_coverage() IS
'Rows of kefu_bi.coverage_gap (内部: 时段覆盖)';

CREATE VIEW kefu_bi.coverage_gap WITH (security_barrier) AS
SELECT g.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.day_kind,
       CASE g.day_kind WHEN 'workday' THEN '工作日' WHEN 'weekend' THEN '周末' WHEN 'holiday' THEN '节假日'
            ELSE '调休上班日' END AS day_kind_label_zh,
       replace(g.day_kind, '_', ' ') AS day_kind_label_en,
       g.local_hour,
       g.day_count,
       g.message_count,
       g.breach_count,
       g.staffed_minutes,
       g.uncovered_minutes
  FROM kefu.find_coverage() AS g
  JOIN kefu.unit u ON u.unit = g.unit;
COMMENT ON VIEW kefu_bi.coverage_gap IS
'When customers write and promises are missed against when a desk is staffed: the 28 days before today by kind of day and hour, hours with nothing at all left out (客户来言与值班覆盖; R71, R72, ruling 1)';
COMMENT ON COLUMN kefu_bi.coverage_gap.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.coverage_gap.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.coverage_gap.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.coverage_gap.day_kind IS 'workday, weekend, holiday or make_up_workday (日期类型)';
COMMENT ON COLUMN kefu_bi.coverage_gap.day_kind_label_zh IS 'Chinese label of day_kind (日期类型标签)';
COMMENT ON COLUMN kefu_bi.coverage_gap.day_kind_label_en IS 'English label of day_kind (日期类型英文标签)';
COMMENT ON COLUMN kefu_bi.coverage_gap.local_hour IS 'Beijing hour, 0 to 23 (小时)';
COMMENT ON COLUMN kefu_bi.coverage_gap.day_count IS 'days of that kind among the 28 (天数)';
COMMENT ON COLUMN kefu_bi.coverage_gap.message_count IS 'messages to us posted in that hour; 0 none (消息数)';
COMMENT ON COLUMN kefu_bi.coverage_gap.breach_count IS 'promises that were missed with their end in that hour; 0 none (超时数)';
COMMENT ON COLUMN kefu_bi.coverage_gap.staffed_minutes IS 'minutes in which the calendar is open; 0 closed (值班分钟)';
COMMENT ON COLUMN kefu_bi.coverage_gap.uncovered_minutes IS 'of them, those without an operator''s shift; 0 covered (空档分钟)';

CREATE FUNCTION kefu.find_holiday_unset()
    RETURNS TABLE (unit text, name text, from_date date, to_date date, unset_days integer, days_left integer)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    WITH known AS MATERIALIZED (
        SELECT DISTINCT ON (h.holiday_table, h.date) h.holiday_table, h.date, h.kind, h.name
          FROM kefu.holiday h
         WHERE h.known_from <= kefu.now() AND h.date >= (kefu.now() AT TIME ZONE 'Asia/Shanghai')::date
         ORDER BY h.holiday_table, h.date, h.known_from DESC
    ), run AS (
        SELECT k.*, k.date - (row_number() OVER (PARTITION BY k.holiday_table ORDER BY k.date))::integer AS run
          FROM known k WHERE k.kind = 'holiday'
    ), day AS (
        SELECT d.unit, r.name, r.run, r.date,
               d.own_calendar IS NOT NULL AND (
                   EXISTS (SELECT FROM kefu.calendar_week w WHERE w.calendar = d.own_calendar AND w.day = 9
                              AND w.valid_from <= r.date)
                   OR EXISTS (SELECT FROM kefu.calendar_exception e
                               WHERE e.calendar = d.own_calendar AND e.known_from <= kefu.now()
                                 AND e.from_at < (r.date + 1)::timestamp AT TIME ZONE c.timezone
                                 AND e.to_at > r.date::timestamp AT TIME ZONE c.timezone)) AS is_set
          FROM kefu.desk_unit d
          JOIN kefu.calendar c ON c.calendar = d.calendar
          JOIN run r ON r.holiday_table = c.holiday_table
         WHERE d.kind = 'province' AND d.unit = ANY ((SELECT kefu.watched_units())::text[])
    )
    SELECT y.unit, min(y.name), min(y.date), max(y.date), (count(*) FILTER (WHERE NOT y.is_set))::integer,
           min(y.date) - (kefu.now() AT TIME ZONE 'Asia/Shanghai')::date
      FROM day y
     GROUP BY y.unit, y.run
    HAVING min(y.date) - (kefu.now() AT TIME ZONE 'Asia/Shanghai')::date <= 7
       AND NOT bool_and(y.is_set);
END $$;
COMMENT ON FUNCTION kefu.find_holiday_unset() IS
'Rows of kefu_bi.holiday_hours_unset (内部: 节假日值班未定)';

CREATE VIEW kefu_bi.holiday_hours_unset WITH (security_barrier) AS
SELECT g.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.name AS holiday_name,
       g.from_date,
       g.to_date,
       g.unset_days AS unset_day_count,
       g.days_left
  FROM kefu.find_holiday_unset() AS g
  JOIN kefu.unit u ON u.unit = g.unit;
COMMENT ON VIEW kefu_bi.holiday_hours_unset IS
'Public holidays that begin within 7 days, or run, for which a province''s desk has not said its hours. Said is: a calendar of its own (not Group''s) with windows for public holidays, or an exception of that calendar on each day, open or closed (节假日值班时间未定; R72)';
COMMENT ON COLUMN kefu_bi.holiday_hours_unset.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.holiday_hours_unset.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.holiday_hours_unset.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.holiday_hours_unset.holiday_name IS 'holiday, as published (节日名称)';
COMMENT ON COLUMN kefu_bi.holiday_hours_unset.from_date IS 'its first day that is not over, local (首日)';
COMMENT ON COLUMN kefu_bi.holiday_hours_unset.to_date IS 'its last day, local (末日)';
COMMENT ON COLUMN kefu_bi.holiday_hours_unset.unset_day_count IS 'days of it without a decision, at least 1 (未定天数)';
COMMENT ON COLUMN kefu_bi.holiday_hours_unset.days_left IS 'days until from_date; 0 today (剩余天数)';
