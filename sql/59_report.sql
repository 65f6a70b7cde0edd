-- 59_report: the figures of a report, and the calls around it.
--
-- Figures are those of the rollups, for a unit and all below it, whoever asks:
-- the report is the same for the desk that files it and for Group, and the same
-- as kefu.kpi() and the views say (ruling 24). What no KPI counts, and the lists,
-- comes from the rows of the period.

CREATE FUNCTION kefu.units_under(unit text) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(u.unit ORDER BY u.unit) FROM kefu.unit u
     WHERE units_under.unit IN (SELECT kefu.unit_path(u.unit));
END;
COMMENT ON FUNCTION kefu.units_under(text) IS 'A unit and all below it (内部: 下辖机构)';

CREATE FUNCTION kefu.province_of(unit text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT u.unit FROM kefu.unit_path(province_of.unit) AS p(unit) JOIN kefu.unit u ON u.unit = p.unit
     WHERE u.kind = 'province' LIMIT 1;
END;
COMMENT ON FUNCTION kefu.province_of(text) IS 'The province a unit belongs to; NULL for those of Group (内部: 所属省)';

CREATE FUNCTION kefu.report_figure_list()
    RETURNS TABLE (figure text, sort integer, label_zh text, label_en text, measure text, is_higher_better boolean)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.* FROM (VALUES
        ('response_in_time', 1, '响应及时率', 'Responses in time', 'pct', true),
        ('answer_in_time', 2, '答复及时率', 'Answers in time', 'pct', true),
        ('satisfied', 3, '客户满意率', 'Satisfied', 'pct', true),
        ('rated', 4, '参评率', 'Rated', 'pct', true),
        ('resolved', 5, '解决率', 'Resolved', 'pct', true),
        ('first_response', 6, '首次响应时长（中位）', 'First response, median', 'seconds', false),
        ('volume', 7, '受理工单', 'Tickets', 'count', NULL::boolean),
        ('inquiry', 8, '咨询', 'Inquiries', 'count', NULL::boolean),
        ('complaint', 9, '投诉', 'Complaints', 'count', false),
        ('negative', 10, '负面评价', 'Negative comments', 'count', false),
        ('praise', 11, '表扬', 'Praise', 'count', true),
        ('opinion', 12, '收集意见', 'Opinions', 'count', NULL::boolean),
        ('message', 13, '来言', 'Messages', 'count', NULL::boolean),
        ('post', 14, '发布博文', 'Posts published', 'count', NULL::boolean),
        ('deletion', 15, '删除并举报', 'Deletions', 'count', NULL::boolean),
        ('open', 16, '期末在办', 'Open at the end', 'count', false),
        ('overdue', 17, '期末超时', 'Overdue at the end', 'count', false))
        AS v(figure, sort, label_zh, label_en, measure, is_higher_better);
END;
COMMENT ON FUNCTION kefu.report_figure_list() IS 'Figures of a report: pct 0 to 100, seconds, count; is_higher_better NULL where neither is (报告指标清单)';

CREATE FUNCTION kefu.open_tickets_at(units text[], day date) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- Whole months, then the days of the month it is in.
    SELECT coalesce(sum(c.value_sum), 0)::bigint
      FROM kefu_bi.kpi_cells c
     WHERE c.kpi = 'stock_open' AND c.unit = ANY (units)
       AND (c.grain = 'month' AND c.local_date < date_trunc('month', day)
            OR c.grain = 'day' AND c.local_date >= date_trunc('month', day) AND c.local_date < day);
END;
COMMENT ON FUNCTION kefu.open_tickets_at(text[], date) IS 'Tickets of units that were open when a Beijing day began, as of the last refresh (内部: 在办数)';

CREATE FUNCTION kefu.report_figures_of(units text[], from_date date, until_date date)
    RETURNS TABLE (figure text, numerator bigint, denominator bigint, value numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 17 AS
$$
DECLARE
    from_at timestamptz := kefu.local_instant(from_date, '00:00');
    until_at timestamptz := kefu.local_instant(until_date, '00:00');
BEGIN
    RETURN QUERY
    WITH counted AS (
        SELECT v.kind AS figure, coalesce(sum(c.case_count), 0)::bigint AS n
          FROM unnest('{inquiry,complaint,negative,praise}'::text[]) AS v(kind)
          LEFT JOIN kefu_bi.kpi_cells c ON c.kpi = 'volume' AND c.kind = v.kind AND c.grain = 'day'
                                       AND c.local_date >= from_date AND c.local_date < until_date AND c.unit = ANY (units)
         GROUP BY v.kind
        UNION ALL
        SELECT 'opinion', count(*) FROM kefu.opinion o
         WHERE o.desk_unit = ANY (units) AND o.posted_at >= from_at AND o.posted_at < until_at
        UNION ALL
        SELECT 'message', count(*) FROM kefu.message g
         WHERE g.unit = ANY (units) AND g.is_live AND g.posted_at >= from_at AND g.posted_at < until_at
        UNION ALL
        SELECT 'post', count(*) FROM kefu.placement l
         WHERE l.unit = ANY (units) AND l.published_at >= from_at AND l.published_at < until_at
        UNION ALL
        -- As kefu_bi.deletions: by the decision that removed it.
        SELECT 'deletion', count(*)
          FROM kefu.message g
         CROSS JOIN LATERAL (SELECT e.at FROM kefu.audit_event e
                              WHERE e.object_type = 'message' AND e.object_id = g.message_id AND e.event IN ('remove', 'approve')
                                AND e.to_state = 'removed' ORDER BY e.seq DESC LIMIT 1) AS d
         WHERE g.state = 'removed' AND g.unit = ANY (units) AND g.posted_at < until_at AND d.at >= from_at AND d.at < until_at
        UNION ALL
        SELECT 'open', kefu.open_tickets_at(units, until_date)
        UNION ALL
        SELECT 'overdue', count(*) FROM kefu.late_promises(units, least(until_at, kefu.now()))
    )
    SELECT k.kpi, k.hit_count, k.case_count, k.pct FROM kefu.kpi_of(units, from_date, until_date) AS k WHERE k.measure = 'pct'
    UNION ALL
    SELECT k.kpi, k.case_count, NULL, k.case_count::numeric FROM kefu.kpi_of(units, from_date, until_date) AS k WHERE k.measure = 'count'
    UNION ALL
    SELECT k.kpi, NULL, k.case_count, k.median_seconds::numeric FROM kefu.kpi_of(units, from_date, until_date) AS k WHERE k.measure = 'seconds'
    UNION ALL
    SELECT c.figure, c.n, NULL, c.n::numeric FROM counted c;
END $$;
COMMENT ON FUNCTION kefu.report_figures_of(text[], date, date) IS
'Each figure of units in a span of Beijing days, KPIs as kefu.kpi() has them: pct of numerator to denominator, NULL on zero; counts in numerator; median seconds with the number of cases (内部: 指标计算; ruling 24)';

CREATE FUNCTION kefu.late_promises(units text[], at timestamptz)
    RETURNS TABLE (clock text, unit text, object_type text, object_id bigint, due_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    -- First those few, then what kind they are: the other way round each kind would read them all.
    WITH c AS MATERIALIZED (
        SELECT r.clock, r.unit, r.object_type, r.object_id, r.due_at, r.started_at, r.paused_at
          FROM kefu.clock r WHERE r.stopped_at IS NULL AND r.unit = ANY (units) AND r.due_at < at
        UNION ALL
        SELECT r.clock, r.unit, r.object_type, r.object_id, r.due_at, r.started_at, r.paused_at
          FROM kefu.clock r WHERE r.outcome = 'late' AND r.stopped_at >= at AND r.unit = ANY (units) AND r.due_at < at)
    SELECT c.clock, c.unit, c.object_type, c.object_id, c.due_at
      FROM c JOIN kefu.clock_kind k USING (clock)
     WHERE c.started_at < at AND c.paused_at IS NULL
       AND NOT EXISTS (SELECT FROM kefu.transition x WHERE x.event = ANY (k.kept_by) AND 'clock' = ANY (x.roles));
END;
COMMENT ON FUNCTION kefu.late_promises(text[], timestamptz) IS 'Promises of units that were late at an instant; waits, which a clock ends, are none (内部: 超时清单)';

CREATE FUNCTION kefu.count_responses(units text[], from_date date, until_date date)
    RETURNS TABLE (unit text, day date, volume bigint, due bigint, kept bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT c.unit, c.local_date, coalesce(sum(c.case_count) FILTER (WHERE c.kpi = 'volume'), 0)::bigint,
           coalesce(sum(c.case_count) FILTER (WHERE c.kpi = 'response_in_time'), 0)::bigint,
           coalesce(sum(c.hit_count) FILTER (WHERE c.kpi = 'response_in_time'), 0)::bigint
      FROM kefu_bi.kpi_cells c
     WHERE c.grain = 'day' AND c.unit = ANY (units) AND c.local_date >= from_date AND c.local_date < until_date
       AND c.kpi IN ('volume', 'response_in_time')
     GROUP BY c.unit, c.local_date;
END;
COMMENT ON FUNCTION kefu.count_responses(text[], date, date) IS
'Tickets by the day of their post, first responses by the day they were due and how many were in time, of units in a span, as of the last refresh (内部: 逐日统计; ruling 24)';

CREATE FUNCTION kefu.report_figures(unit text, from_date date, until_date date, department text DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE AS
$$
DECLARE
    units text[] := kefu.units_under(unit);
    from_at timestamptz := kefu.local_instant(from_date, '00:00');
    until_at timestamptz := kefu.local_instant(until_date, '00:00');
    before date := CASE WHEN until_date - from_date BETWEEN 28 AND 31 THEN (from_date - interval '1 month')::date
                        ELSE from_date - (until_date - from_date) END;
    cut timestamptz := least(until_at, kefu.now());
    trend integer := greatest(14, least(until_date - from_date, 62));
    made jsonb := '{}'::jsonb;
BEGIN
    made := made || jsonb_build_object('before', before, 'figures', (
        SELECT jsonb_agg(jsonb_build_object('figure', l.figure, 'numerator', n.numerator, 'denominator', n.denominator,
                   'value', n.value, 'previous', o.value) ORDER BY l.sort)
          FROM kefu.report_figure_list() AS l
          LEFT JOIN (SELECT f.* FROM kefu.report_figures_of(units, from_date, until_date) AS f) AS n USING (figure)
          LEFT JOIN (SELECT f.* FROM kefu.report_figures_of(units, before, from_date) AS f) AS o USING (figure)));
    -- At least two weeks, so that a day has its neighbours.
    made := made || jsonb_build_object('days', (
        SELECT jsonb_agg(jsonb_build_object('day', d.day, 'volume', coalesce(f.volume, 0), 'due', coalesce(f.due, 0),
                   'kept', coalesce(f.kept, 0)) ORDER BY d.day)
          FROM (SELECT until_date - n AS day FROM generate_series(1, trend) AS n) AS d
          LEFT JOIN (SELECT c.day, sum(c.volume) AS volume, sum(c.due) AS due, sum(c.kept) AS kept
                       FROM kefu.count_responses(units, until_date - trend, until_date) AS c
                      GROUP BY c.day) AS f USING (day)));
    made := made || jsonb_build_object('units', (
        SELECT jsonb_agg(jsonb_build_object('unit', u.unit, 'volume', coalesce(f.volume, 0), 'due', coalesce(f.due, 0),
                   'kept', coalesce(f.kept, 0), 'overdue', coalesce(l.n, 0)) ORDER BY u.unit)
          FROM kefu.unit u
          LEFT JOIN (SELECT kefu.province_of(c.unit) AS unit, sum(c.volume) AS volume, sum(c.due) AS due, sum(c.kept) AS kept
                       FROM kefu.count_responses(units, from_date, until_date) AS c GROUP BY 1) AS f ON f.unit = u.unit
          LEFT JOIN (SELECT kefu.province_of(c.unit) AS unit, count(*) AS n
                       FROM kefu.late_promises(units, cut) AS c GROUP BY 1) AS l ON l.unit = u.unit
         WHERE u.unit = ANY (units) AND u.kind = 'province' AND u.is_live));
    -- Complaints by business and by the complainant's home (R112).
    made := made || jsonb_build_object('matters', (
        SELECT jsonb_agg(jsonb_build_object('business', g.business, 'home', g.home, 'complaints', g.n) ORDER BY g.business, g.home)
          FROM (SELECT split_part(t.category, '.', 1) AS business, t.home_unit AS home, count(*) AS n
                  FROM kefu.ticket t
                 WHERE t.kind = 'complaint' AND coalesce(t.home_unit, t.unit) = ANY (units)
                   AND t.posted_at >= from_at AND t.posted_at < until_at
                   AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped')
                 GROUP BY 1, 2) AS g));
    made := made || jsonb_build_object('topics', (
        SELECT jsonb_agg(to_jsonb(g) ORDER BY g.persons DESC, g.topic)
          FROM (SELECT t.topic_id AS topic, t.unit, t.category, t.state, t.messages_count AS messages,
                       t.persons_count AS persons, t.platforms_count AS platforms, t.reached_by AS reached
                  FROM kefu.topic t
                 WHERE t.unit = ANY (units) AND t.last_posted_at >= from_at AND t.first_posted_at < until_at
                   AND t.merged_into IS NULL AND t.messages_count > 1
                 ORDER BY t.persons_count DESC, t.topic_id LIMIT 10) AS g));
    made := made || jsonb_build_object('overdue', (
        SELECT jsonb_agg(to_jsonb(g) ORDER BY g.due_at, g.object_type, g.object_id)
          FROM (SELECT l.* FROM kefu.late_promises(units, cut) AS l
                 ORDER BY l.due_at, l.object_type, l.object_id LIMIT 20) AS g));
    made := made || jsonb_build_object('channels', (
        SELECT jsonb_agg(to_jsonb(g) ORDER BY g.n DESC, g.channel)
          FROM (SELECT CASE WHEN NOT m.to_us THEN 'found' WHEN m.item_type = 'message' THEN 'private'
                            WHEN m.item_type = 'comment' THEN 'comment' ELSE 'mention' END AS channel, count(*) AS n
                  FROM kefu.message m
                 WHERE m.unit = ANY (units) AND m.is_live AND m.posted_at >= from_at AND m.posted_at < until_at
                 GROUP BY 1) AS g));
    made := made || jsonb_build_object('post_kinds', (
        SELECT jsonb_agg(to_jsonb(g) ORDER BY g.n DESC, g.kind)
          FROM (SELECT l.kind, count(*) AS n, count(*) FILTER (WHERE l.is_repost) AS reposts, count(*) FILTER (WHERE l.has_media) AS media,
                       count(*) FILTER (WHERE l.has_video) AS videos, count(l.deleted_at) AS deleted
                  FROM kefu.placement l
                 WHERE l.unit = ANY (units) AND l.published_at >= from_at AND l.published_at < until_at
                 GROUP BY l.kind) AS g));
    -- Public opinion: what has a level now and was posted in the period, or is still open (专报).
    made := made || jsonb_build_object('alarms', (
        SELECT jsonb_agg(to_jsonb(g) ORDER BY g.alarm DESC, g.posted_at, g.ticket)
          FROM (SELECT t.ticket_id AS ticket, t.unit, t.alarm, t.category, t.state, t.kind, t.posted_at, m.seen_at, t.first_response_at, t.answered_at,
                       (SELECT max(s.reposts) FROM kefu.spread s WHERE s.message_id = t.message_id AND s.at < cut) AS reposts,
                       c.due_at AS statement_by, c.outcome AS statement
                  FROM (SELECT o.* FROM kefu.ticket o WHERE o.unit = ANY (units) AND o.alarm > 0 AND o.archived_at IS NULL
                        UNION
                        SELECT o.* FROM kefu.ticket o WHERE o.unit = ANY (units) AND o.alarm > 0 AND o.posted_at >= from_at AND o.posted_at < until_at) AS t
                  LEFT JOIN kefu.message m ON m.message_id = t.message_id
                  LEFT JOIN LATERAL (SELECT k.due_at, k.outcome FROM kefu.clock k
                                      WHERE k.object_type = 'ticket' AND k.object_id = t.ticket_id AND k.clock = 'alarm' AND k.outcome IS DISTINCT FROM 'void'
                                      ORDER BY k.clock_id DESC LIMIT 1) AS c ON true
                 WHERE t.merged_into IS NULL AND t.posted_at < until_at
                 ORDER BY t.alarm DESC, t.posted_at, t.ticket_id LIMIT 20) AS g));
    made := made || jsonb_build_object('posting', (
        SELECT jsonb_agg(to_jsonb(g) ORDER BY g.account)
          FROM (SELECT v.account, count(DISTINCT v.day) AS days, sum(v.actual) FILTER (WHERE v.rule = 'number') AS posts,
                       count(*) AS rules,
                       count(*) FILTER (WHERE v.is_exempt OR NOT v.is_deviation) AS kept
                  FROM kefu.posting_verdicts(from_date, until_date - 1, units) AS v
                 WHERE v.low IS NOT NULL OR v.high IS NOT NULL
                 GROUP BY v.account) AS g));
    made := made || jsonb_build_object('findings', (
        SELECT jsonb_agg(to_jsonb(g) ORDER BY g.n DESC, g.finding)
          FROM (SELECT b.finding, count(*) AS n, min(b.since_at) AS since FROM kefu.breakages_of(units) AS b
                 GROUP BY b.finding) AS g));
    made := made || jsonb_build_object('opinions', (
        SELECT jsonb_agg(to_jsonb(g) ORDER BY g.n DESC, g.item, g.category)
          FROM (SELECT o.item, o.category, count(*) AS n, count(DISTINCT o.person_id) AS persons,
                       count(*) FILTER (WHERE o.reported_at IS NOT NULL) AS reported,
                       count(*) FILTER (WHERE o.adopted_at IS NOT NULL) AS adopted
                  FROM kefu.opinion o
                 WHERE o.desk_unit = ANY (units) AND o.posted_at >= from_at AND o.posted_at < until_at
                   AND o.state <> 'discarded'
                 GROUP BY o.item, o.category ORDER BY n DESC LIMIT 15) AS g));
    IF department IS NULL AND extract(day FROM from_date) = 1 AND until_date = from_date + interval '1 month' THEN
        made := made || jsonb_build_object('scores', kefu.report_scores(unit, from_date));
    END IF;
    IF department IS NOT NULL THEN
        made := made || jsonb_build_object('orders', (
            SELECT jsonb_agg(jsonb_build_object('order', o.order_id, 'ticket', o.ticket_id, 'kind', t.kind, 'category', o.category,
                       'state', o.state, 'created_at', o.created_at, 'closed_at', o.closed_at, 'reply_by', o.reply_by,
                       'bounces', o.bounce_count) ORDER BY o.order_id)
              FROM kefu.work_order o JOIN kefu.ticket t USING (ticket_id)
             WHERE o.desk_unit = ANY (units) AND o.department = report_figures.department
               AND o.created_at >= from_at AND o.created_at < until_at));
        made := made || jsonb_build_object('submissions', (
            SELECT jsonb_agg(jsonb_build_object('opinion', o.opinion_id, 'item', o.item, 'category', o.category, 'state', o.state)
                             ORDER BY o.opinion_id)
              FROM kefu.opinion o
             WHERE o.desk_unit = ANY (units) AND o.department = report_figures.department
               AND o.reported_at >= from_at AND o.reported_at < until_at));
    END IF;
    RETURN jsonb_strip_nulls(made);
END $$;
COMMENT ON FUNCTION kefu.report_figures(text, date, date, text) IS
'All figures of a report of a unit and those below it for a span of Beijing days, the second excluded; of a month also the scores, of a department''s report its orders and the opinions reported to it. Counts, codes and numbers only (内部: 报告快照; R4, R6, R8, R95)';

-- --- what a department is told ----------------------------------------------------------

CREATE FUNCTION kefu.without_person(text text, person bigint) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    word text;
BEGIN
    FOR word IN SELECT d.value FROM kefu.personal_data d WHERE d.person_id = ANY (kefu.person_group(person)) AND char_length(d.value) > 1
                UNION SELECT i.screen_name FROM kefu.identity i WHERE i.person_id = ANY (kefu.person_group(person)) AND char_length(i.screen_name) > 1 LOOP
        text := replace(text, word, '***');
    END LOOP;
    text := kefu.mask_numbers(text);
    -- A number in another shape: better nothing than that.
    RETURN CASE WHEN kefu.has_personal_data(text) THEN '（含个人信息）' ELSE text END;
END $$;
COMMENT ON FUNCTION kefu.without_person(text, bigint) IS
'The text without what is known of a person (names, numbers, address, screen names) and without numbers that look like anybody''s; nothing of it if one is left; NULL for NULL (内部: 去除个人信息; ruling 21)';

CREATE FUNCTION kefu.department_contents(figures jsonb)
    RETURNS TABLE (sort bigint, kind text, number bigint, content text, initiator text, solution text, result text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 AS
$$ BEGIN
    RETURN QUERY
    SELECT row_number() OVER (ORDER BY x.part, x.number), x.kind, x.number, kefu.without_person(x.content, x.person_id),
           left(w.person_key::text, 8), kefu.without_person(x.solution, x.person_id), kefu.without_person(x.result, x.person_id)
      FROM (SELECT 1 AS part, t.kind, o.order_id AS number, g.text AS content, t.person_id,
                   coalesce(o.solution, t.solution) AS solution, coalesce(o.result, nullif(t.result, 'answered')) AS result
              FROM jsonb_array_elements(figures -> 'orders') AS f(value)
              JOIN kefu.work_order o ON o.order_id = (f.value ->> 'order')::bigint
              JOIN kefu.ticket t ON t.ticket_id = o.ticket_id
              LEFT JOIN kefu.message g ON g.message_id = t.message_id
            UNION ALL
            SELECT 2, 'opinion', o.opinion_id, coalesce(o.summary, g.text), o.person_id, o.solution, coalesce(o.result, o.reason)
              FROM jsonb_array_elements(figures -> 'submissions') AS f(value)
              JOIN kefu.opinion o ON o.opinion_id = (f.value ->> 'opinion')::bigint
              JOIN kefu.message g ON g.message_id = o.message_id) AS x
      LEFT JOIN kefu.person w ON w.person_id = x.person_id;
END $$;
COMMENT ON FUNCTION kefu.department_contents(jsonb) IS
'What the orders and opinions of a department''s report are about: content, initiator, solution, result, without personal data, from the rows as they are, so that what was erased isn''t printed. The initiator is the beginning of person_key: the same customer, and nobody''s name (内部: 部门报告内容; R95, ruling 21)';

-- --- the calls -----------------------------------------------------------------------

CREATE FUNCTION kefu.open_report(unit text, kind text, period text, department text DEFAULT NULL, title text DEFAULT NULL,
                                 request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    rule kefu.report_kind;
    file_by timestamptz;
BEGIN
    PERFORM kefu.require_unit(unit, 'operator', 'leader');
    IF kind <> 'event' THEN
        rule := kefu.report_rule(unit, kind, kefu.now());
        SELECT kefu.local_instant(s.until_date, '00:00') + rule.file_after INTO file_by
          FROM kefu.report_span(rule.span, kefu.period_day(period)) AS s;
    END IF;
    RETURN kefu.create_object('report', 'open', kefu.facts('unit', unit, 'kind', kind, 'period', period,
        'department', department, 'title', title, 'file_by', file_by::text), request_key);
END $$;
COMMENT ON FUNCTION kefu.open_report(text, text, text, text, text, text) IS
'Opens a report of a unit: kind daily, weekly, monthly, department (a department of the unit or of one above it) or event (with a title); period such as 2026-03-02, 2026-W10, 2026-03, of an event 2026-03-02/2026-03-04. The day''s job opens those that are owed (建立报告; R6, R8, R95)';

CREATE FUNCTION kefu.refresh_report(report bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('report', report, 'refresh', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.refresh_report(bigint, integer, text) IS 'Computes the figures of a draft anew (重算报告; R8)';

CREATE FUNCTION kefu.amend_report(report bigint, words text DEFAULT NULL, stage_plan text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('report', report, 'amend', kefu.facts('words', words, 'stage_plan', stage_plan), version, request_key);
END;
COMMENT ON FUNCTION kefu.amend_report(bigint, text, text, integer, text) IS 'What the desk says about its figures, and its plan for the next period; what is left out stays. Name no customer in it (编写报告; R8, R9)';

CREATE FUNCTION kefu.submit_report(report bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('report', report, 'submit', kefu.facts('as_of', kefu.now()::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.submit_report(bigint, integer, text) IS 'Fixes the figures and files the report; KF004 while its period runs (提交报告; R6, R8)';

CREATE FUNCTION kefu.accept_report(report bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('report', report, 'accept', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.accept_report(bigint, integer, text) IS 'Reviewed, by somebody who is not of the unit that reports; a phased plan in it becomes its task (审阅报告; R4, R6, R9)';

CREATE FUNCTION kefu.return_report(report bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    r kefu.report;
BEGIN
    SELECT x.* INTO r FROM kefu.report x WHERE x.report_id = report;
    PERFORM kefu.require_unit(r.unit);
    RETURN kefu.advance('report', report, 'return', kefu.facts('reason', reason,
        'file_by', coalesce(r.file_by, kefu.now() + interval '1 day')::text), version, request_key);
END $$;
COMMENT ON FUNCTION kefu.return_report(bigint, text, integer, text) IS 'Back to the desk with a reason; due when it was due, an event report a day from now (退回报告; R4, R6)';

CREATE FUNCTION kefu.restate_report(report bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('report', report, 'restate', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.restate_report(bigint, text, integer, text) IS 'An accepted report was wrong: opens its next edition, computed anew; the old one stays as it was (更正重报)';

CREATE FUNCTION kefu.cancel_report(report bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('report', report, 'cancel', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.cancel_report(bigint, text, integer, text) IS 'A leader: it is not filed (取消报告)';

CREATE FUNCTION kefu.open_reports(max_reports integer DEFAULT 200) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    d record;
    did integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    -- Every period that is over since the desk's first ticket: also those that an
    -- outage left out. The rule is that of the period's end.
    FOR d IN WITH missing AS MATERIALIZED (
                 SELECT u.unit, n.kind, s.period, s.until_date, NULL::text AS department
                   FROM kefu.desk_unit u
                  CROSS JOIN (VALUES ('daily'), ('weekly'), ('monthly')) AS w(kind)
                  CROSS JOIN LATERAL kefu.report_rule(u.unit, w.kind, now) AS n
                  CROSS JOIN LATERAL (SELECT kefu.local_day(min(t.posted_at)) AS first_day FROM kefu.ticket t WHERE t.unit = u.unit) AS b
                  CROSS JOIN LATERAL generate_series(date_trunc(n.span, b.first_day::timestamp), kefu.local_day(now) - 1,
                                                     ('1 ' || n.span)::interval) AS day
                  CROSS JOIN LATERAL kefu.report_span(n.span, day::date) AS s
                  WHERE u.kind IN ('group', 'province') AND s.until_date <= kefu.local_day(now)
                    AND NOT EXISTS (SELECT FROM kefu.report r
                                     WHERE r.desk_unit = u.unit AND r.kind = n.kind AND r.period = s.period)
                 UNION ALL
                 -- A department is told of what it had to do with (R95); of the last three months, in which an outage may lie.
                 SELECT DISTINCT o.desk_unit, 'department', s.period, s.until_date, x.unit
                   FROM generate_series(1, 3) AS back
                  CROSS JOIN LATERAL kefu.report_span('month', (kefu.local_day(now) - back * interval '1 month')::date) AS s
                   JOIN kefu.unit x ON x.kind = 'department' AND x.is_live
                   JOIN kefu.kpi_case c ON c.kpi = 'bounced' AND c.unit = x.unit AND c.counts_at >= kefu.local_instant(s.from_date, '00:00')
                                       AND c.counts_at < kefu.local_instant(s.until_date, '00:00')
                   JOIN kefu.work_order o ON o.order_id = c.object_id AND o.department = x.unit
                                         AND o.created_at >= kefu.local_instant(s.from_date, '00:00')
                  WHERE x.parent IN (SELECT kefu.unit_path(o.desk_unit))
                    AND NOT EXISTS (SELECT FROM kefu.report r
                                     WHERE r.desk_unit = o.desk_unit AND r.kind = 'department' AND r.period = s.period AND r.department = x.unit))
             SELECT m.unit, m.kind, m.period, m.department, kefu.local_instant(m.until_date, '00:00') + k.file_after AS file_by
               FROM missing m
              CROSS JOIN LATERAL kefu.report_rule(m.unit, m.kind, kefu.local_instant(m.until_date, '00:00')) AS k
              WHERE k.is_owed
              ORDER BY m.until_date, m.unit, m.kind, m.department LIMIT max_reports LOOP
        PERFORM kefu.raise_new('report', 'open', jsonb_strip_nulls(jsonb_build_object(
            'unit', d.unit, 'kind', d.kind, 'period', d.period, 'department', d.department, 'file_by', d.file_by)));
        did := did + 1;
    END LOOP;
    RETURN did;
END $$;
COMMENT ON FUNCTION kefu.open_reports(integer) IS
'Opens for each province and for Group the report of every day, week and month that is over since its first ticket, that it owes and that isn''t there, and for each of the last three months one to each department that had orders of it, due by the rule of then, oldest first; at most so many. Returns how many: any number of times opens each once. A job (建立应报报告; R6, R8)';
