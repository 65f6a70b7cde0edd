-- 59_work: what the people of a unit did, for appraising them.
--
-- The rollup counts for the unit a ticket belongs to.  A contractor's people
-- work on tickets that stay the province's, a hotline calls the province's
-- customers, and a province's own team shares the desk with both: whose work
-- it was is said by the audit trail.  What is counted is taken from the
-- rollup's cases where it has them, so that the parts of a province add up to
-- it, and from the desk's rows where it hasn't.

CREATE TABLE kefu_bi.work_definitions (
    kpi text COLLATE "C" PRIMARY KEY,
    sort integer NOT NULL UNIQUE,
    measure text COLLATE "C" NOT NULL CONSTRAINT work_definitions_measure CHECK (measure IN ('pct', 'seconds')),
    is_higher_better boolean NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    population text NOT NULL,
    clock text NOT NULL,
    period_rule text NOT NULL,
    exclusions text NOT NULL,
    zero_rule text NOT NULL,
    definition_zh text NOT NULL,
    rulebook text NOT NULL
);
COMMENT ON TABLE kefu_bi.work_definitions IS 'Engine rows: by what the people of contractors, hotlines and teams are appraised; kefu_bi.work_kpis() has the figures (承办指标定义; R4, R6, R7)';
COMMENT ON COLUMN kefu_bi.work_definitions.kpi IS 'code; none of kefu_bi.kpi_definitions has the same (指标代码)';
COMMENT ON COLUMN kefu_bi.work_definitions.sort IS 'place in lists (次序)';
COMMENT ON COLUMN kefu_bi.work_definitions.measure IS 'pct 比率, seconds 时长 (度量方式)';
COMMENT ON COLUMN kefu_bi.work_definitions.is_higher_better IS 'more is better (是否越高越好)';
COMMENT ON COLUMN kefu_bi.work_definitions.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu_bi.work_definitions.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu_bi.work_definitions.population IS 'what the cases are (统计对象)';
COMMENT ON COLUMN kefu_bi.work_definitions.clock IS 'which time is measured (计时口径)';
COMMENT ON COLUMN kefu_bi.work_definitions.period_rule IS 'what puts a case into a month (归期规则)';
COMMENT ON COLUMN kefu_bi.work_definitions.exclusions IS 'what is left out (排除项)';
COMMENT ON COLUMN kefu_bi.work_definitions.zero_rule IS 'what no case gives (零值规则)';
COMMENT ON COLUMN kefu_bi.work_definitions.definition_zh IS 'the same in Chinese (中文定义)';
COMMENT ON COLUMN kefu_bi.work_definitions.rulebook IS 'R numbers, rulings, or house default (依据)';
ALTER TABLE kefu_bi.work_definitions ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON kefu_bi.work_definitions FOR SELECT USING (true);

INSERT INTO kefu_bi.work_definitions
SELECT d.kpi, d.sort, d.measure, d.better = 'higher', d.label_zh, d.label_en, d.population, d.clock, d.period_rule, d.exclusions,
       CASE d.measure WHEN 'pct' THEN 'a share of nothing is NULL, never 0 or 100' ELSE 'NULL without a case' END, d.definition_zh, d.rulebook
  FROM (VALUES
    ('held_response_in_time', 10, 'pct', 'higher', '承办响应及时率', 'first responses in time, by who held the ticket',
     'promises of a first response that kefu_bi.kpi_definitions counts as response_in_time, for whose people held the ticket when it was kept or fell due, whichever came first',
     'wall clock from the customer''s post', 'day on which the promise falls due', 'as response_in_time; tickets that nobody held are the desk''s own',
     '到期的首次响应承诺中按时兑现的比例，归属兑现或到期时（取早者）承办该工单的人员所在机构；无人承办的归本台', 'R7, R8, R91'),
    ('held_answer_in_time', 11, 'pct', 'higher', '承办处理及时率', 'answers in time, by who held the ticket',
     'promises of an answer that answer_in_time counts, for whose people held the ticket when it was kept or fell due, whichever came first',
     'wall clock from the post that opened the round', 'day on which the promise falls due', 'as answer_in_time; tickets that nobody held are the desk''s own',
     '到期的答复承诺中按时答复的比例，归属兑现或到期时（取早者）承办该工单的人员所在机构', 'R7, R8, R108, ruling 25'),
    ('held_negative_replied', 12, 'pct', 'higher', '承办负面回复率', 'negative comments replied to, by who held the ticket',
     'promises that negative_replied counts, for whose people held the ticket when it was kept or fell due, whichever came first',
     'none: late ones too', 'day on which the promise falls due', 'as negative_replied; tickets that nobody held are the desk''s own',
     '到期应回复的负面评价中已回复的比例，按承办人员所在机构', 'R8, R125'),
    ('held_satisfied', 13, 'pct', 'higher', '承办满意率', 'satisfied, by who answered',
     'customers that satisfied counts, for whose people held the ticket at its last answer', 'none', 'day of the customer''s first post',
     'as satisfied; tickets that nobody held are the desk''s own', '满意 ÷（满意＋不满意），归属末次答复时的承办机构', 'R7, R114, ruling 24'),
    ('held_reworked', 14, 'pct', 'lower', '承办返工率', 'answers the customer sent back, by who answered',
     'answered rounds that answer counts, for whose people held the ticket when it was answered; hit: another round followed, since the customer objected or was not satisfied',
     'none', 'day of the post that opened the round', 'as answer; tickets that nobody held are the desk''s own',
     '已答复的轮次中客户又提出异议而进入下一轮的比例', 'R7, R97, R115'),
    ('qualified_days', 20, 'pct', 'higher', '资质培训有效率', 'days on which people were qualified',
     'days of people with a role on the desk that day, who are asked for a qualification or training; hit: all of it was valid at noon; a waiver is none',
     'none', 'the day', 'people of whom nothing is asked; days to come', '在岗人日中当日正午资质与培训全部有效的比例，豁免不计有效', 'R7'),
    ('call_in_time', 30, 'pct', 'higher', '回访及时率', 'calls in time',
     'promises that 10000 calls, for the hotline that had the task last before it was kept or fell due; a written answer in time keeps it too',
     'wall clock from the customer''s post', 'day on which the promise falls due', 'void promises; what is not due yet; promises without a task, such as those to customers who gave no number',
     '到期的回访承诺中按时兑现的比例，归属持有回访待办的10000号', 'R93, R106'),
    ('call_reached', 31, 'pct', 'higher', '回访接通率', 'calls that reached the customer', 'calls that an agent recorded; hit: the customer was reached',
     'none', 'day of the call', 'none', '回访次数中接通客户的比例', 'R93'),
    ('call_solved', 32, 'pct', 'higher', '回访解决率', 'calls that settled it', 'calls that reached the customer; hit: the outcome is solved or advised',
     'none', 'day of the call', 'calls that reached nobody', '接通的回访中结果为已解决或已给出建议的比例', 'R93, R106'),
    ('call_time', 33, 'seconds', 'lower', '回访时长', 'time to the call', 'calls that reached the customer',
     'wall clock from the task to call to the call that reached the customer, tries between counted', 'day of the call', 'calls without a task', '自转回访至接通客户的时长', 'R93'),
    ('posting_kept', 40, 'pct', 'higher', '发文合规率', 'rules of posting kept',
     'rules with a bound, a case a rule, account and day from that of its first post on, as kefu_bi.posting_day has them; hit: no deviation, or an event exempts the day',
     'none', 'the day', 'days to come; accounts no longer live', '账号每日发文规则的达标比例', 'R8, R38, R48, R52, R61, R62'),
    ('patrol_kept', 41, 'pct', 'higher', '巡查覆盖率', 'staffed minutes under patrol',
     'staffed minutes of the desk; hit: no longer after the last look, or the opening, than its rule allows',
     'staffed time', 'the day', 'what is to come; desks without a calendar', '值班分钟中距上次巡查未超规定间隔的比例', 'R71, R86, R88'),
    ('correction_in_time', 42, 'pct', 'higher', '更正及时率', 'corrections in time', 'promises to take down and publish anew what changed',
     'wall clock from the notice', 'day on which the promise falls due', 'void promises; what is not due yet', '到期更正中按时完成的比例', 'R73'),
    ('report_in_time', 43, 'pct', 'higher', '报告按时率', 'reports filed in time', 'daily, weekly and monthly reports and those to departments; hit: the filing promise was kept',
     'wall clock from the end of the period', 'day by which it was to be filed', 'void promises; what is not due yet', '到期报告中按时提交的比例', 'R8, R95'))
    AS d(kpi, sort, measure, better, label_zh, label_en, population, clock, period_rule, exclusions, definition_zh, rulebook);
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu_bi.work_definitions
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu_bi.work_definitions
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();

CREATE FUNCTION kefu.holder_at(ticket bigint, instant timestamptz) RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    e kefu.audit_event;
    earlier bigint;
BEGIN
    SELECT v.* INTO e FROM kefu.audit_event v
     WHERE v.object_type = 'ticket' AND v.object_id = holder_at.ticket AND v.at <= instant
       AND (v.event IN ('open', 'take', 'assign', 'hand_over', 'release', 'transfer')
            -- Who acts on what nobody holds is who has it.
            OR (v.staff_id IS NOT NULL AND v.event IN ('acknowledge', 'answer', 'defer', 'thank', 'judge', 'ask', 'ask_contact', 'refer', 'progress', 'call_back')))
     ORDER BY v.seq DESC LIMIT 1;
    IF e.event = 'hand_over' THEN
        RETURN (SELECT s.staff_id FROM kefu.shift s WHERE s.shift_id = (e.facts ->> 'shift')::bigint);
    ELSIF e.event = 'assign' THEN
        RETURN (e.facts ->> 'staff')::integer;
    ELSIF e.event = 'open' AND e.flags & 8 = 0 THEN
        -- A repeated matter goes first to whom the earlier ticket was with.
        SELECT t.repeat_of INTO earlier FROM kefu.ticket t WHERE t.ticket_id = holder_at.ticket;
        RETURN CASE WHEN earlier IS NOT NULL THEN kefu.holder_at(earlier, e.at) END;
    ELSIF e.event = 'open' THEN
        RETURN (e.facts ->> 'staff')::integer;
    END IF;
    RETURN CASE WHEN e.event NOT IN ('release', 'transfer') THEN e.staff_id END;
END $$;
COMMENT ON FUNCTION kefu.holder_at(bigint, timestamptz) IS
'Who held a ticket at an instant, from the audit trail: to whom it was given, or who spoke on it while nobody held it; NULL: it stood in the queue. For the owner''s functions only (内部: 历史承办人; R7)';

CREATE FUNCTION kefu.work_cases_of(within text, month date)
    RETURNS TABLE (unit text, kpi text, object_type text, object_id bigint, counts_at timestamptz, case_count bigint, hit_count bigint, value bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10000 AS
$$
DECLARE
    first date := date_trunc('month', month)::date;
    from_at timestamptz := kefu.local_instant(first, '00:00');
    until_at timestamptz := least(kefu.local_instant((first + interval '1 month')::date, '00:00'), kefu.now());
    people text[] := kefu.units_under(within);
    -- A contractor or hotline works on what belongs to the unit above it.
    field text[] := (SELECT kefu.units_under(CASE WHEN u.kind IN ('contractor', 'hotline') THEN u.parent ELSE u.unit END)
                       FROM kefu.unit u WHERE u.unit = within);
BEGIN
    RETURN QUERY
    WITH held AS (
        SELECT 'held_' || c.kpi AS kpi, c.object_id, c.counts_at, c.is_hit, c.unit AS desk, least(p.stopped_at, p.due_at) AS held_at
          FROM kefu.kpi_case c JOIN kefu.clock p ON p.clock_id = c.part
         WHERE c.kpi IN ('response_in_time', 'answer_in_time', 'negative_replied') AND c.unit = ANY (field)
           AND c.counts_at >= from_at AND c.counts_at < until_at AND c.is_counted
        UNION ALL
        SELECT 'held_satisfied', c.object_id, c.counts_at, c.is_hit, c.unit, coalesce(t.answered_at, t.archived_at, until_at)
          FROM kefu.kpi_case c JOIN kefu.ticket t ON t.ticket_id = c.object_id
         WHERE c.kpi = 'satisfied' AND c.unit = ANY (field) AND c.counts_at >= from_at AND c.counts_at < until_at AND c.is_counted
        UNION ALL
        SELECT 'held_reworked', c.object_id, c.counts_at,
               EXISTS (SELECT FROM kefu.round n WHERE n.ticket_id = r.ticket_id AND n.round = r.round + 1), c.unit, r.answered_at
          FROM kefu.kpi_case c JOIN kefu.round r ON r.ticket_id = c.object_id AND r.round = c.part
         WHERE c.kpi = 'answer' AND c.unit = ANY (field) AND c.counts_at >= from_at AND c.counts_at < until_at AND c.is_counted
    ), call AS (
        SELECT e.object_id, e.at, e.event = 'called' AS is_reached, e.facts ->> 'outcome' AS outcome, s.unit,
               (SELECT max(v.at) FROM kefu.audit_event v
                 WHERE v.object_type = 'ticket' AND v.object_id = e.object_id AND v.seq < e.seq AND v.event = 'called') AS called_before
          FROM kefu.audit_event e JOIN kefu.staff s ON s.staff_id = e.staff_id
         WHERE e.object_type = 'ticket' AND e.event IN ('called', 'call_missed') AND e.at >= from_at AND e.at < until_at
           AND s.unit = ANY (people)
    )
    SELECT w.unit, w.kpi, w.object_type, w.object_id, w.counts_at, w.cases, w.hits, w.value
      FROM (SELECT coalesce(s.unit, h.desk) AS unit, h.kpi, 'ticket' AS object_type, h.object_id, h.counts_at, 1::bigint AS cases, h.is_hit::integer::bigint AS hits, NULL::bigint AS value
              FROM held h LEFT JOIN kefu.staff s ON s.staff_id = kefu.holder_at(h.object_id, h.held_at)
            UNION ALL
            SELECT s.unit, 'qualified_days', 'staff', s.staff_id, d.noon, 1, q.is_valid::integer, NULL
              FROM kefu.staff s
             CROSS JOIN LATERAL (SELECT kefu.local_instant(g::date, '12:00') AS noon
                                   FROM generate_series(first, first + interval '1 month' - interval '1 day', interval '1 day') AS g) AS d
             CROSS JOIN LATERAL (SELECT count(*) AS asked, coalesce(bool_and(n.until > d.noon), false) AS is_valid
                                   FROM kefu.qualification_needs(s.staff_id, d.noon) AS n) AS q
             WHERE s.unit = ANY (people) AND d.noon < until_at AND q.asked > 0
               AND EXISTS (SELECT FROM kefu.staff_role r WHERE r.staff_id = s.staff_id AND r.valid @> d.noon)
            UNION ALL
            SELECT x.unit, 'call_in_time', 'ticket', x.object_id, x.due_at, 1, (x.outcome = 'kept')::integer, NULL
              FROM (SELECT DISTINCT ON (p.clock_id) k.unit, p.object_id, p.due_at, coalesce(p.outcome, '') AS outcome
                      FROM kefu.task k
                      JOIN kefu.clock p ON p.object_id = k.ticket_id AND p.object_type = 'ticket' AND p.clock = 'call_back'
                                       AND k.created_at >= p.started_at AND k.created_at <= least(p.stopped_at, p.due_at)
                     WHERE k.cause = 'call_back' AND k.unit = ANY (people) AND p.outcome IS DISTINCT FROM 'void'
                       AND p.due_at >= from_at AND p.due_at < until_at
                     ORDER BY p.clock_id, k.created_at DESC, k.task_id DESC) AS x
            UNION ALL
            SELECT c.unit, v.kpi, 'ticket', c.object_id, c.at, 1, v.hits, v.value
              FROM call c
             CROSS JOIN LATERAL (SELECT min(k.created_at) AS since FROM kefu.task k
                                  WHERE k.ticket_id = c.object_id AND k.cause = 'call_back' AND k.created_at <= c.at
                                    AND k.created_at > coalesce(c.called_before, '-infinity')) AS k
             CROSS JOIN LATERAL (VALUES ('call_reached', true, c.is_reached::integer, NULL::bigint),
                                        ('call_solved', c.is_reached, (c.outcome IN ('solved', 'advised'))::integer, NULL),
                                        ('call_time', c.is_reached AND k.since IS NOT NULL, NULL, extract(epoch FROM c.at - k.since)::bigint))
                   AS v(kpi, applies, hits, value)
             WHERE v.applies
            UNION ALL
            SELECT v.unit, 'posting_kept', 'account', NULL, kefu.local_instant(v.day, '00:00'), count(*),
                   count(*) FILTER (WHERE v.is_exempt OR NOT v.is_deviation), NULL
              FROM kefu.posting_verdicts(first, kefu.local_day(until_at - interval '1 second'), people) AS v
             WHERE v.low IS NOT NULL OR v.high IS NOT NULL
             GROUP BY v.unit, v.account, v.day
            UNION ALL
            SELECT p.unit, 'patrol_kept', 'desk', NULL, p.from_at, m.whole, least(m.whole, m.allowed), NULL
              FROM kefu.patrol_pauses(people, from_at, until_at) AS p
             CROSS JOIN LATERAL (SELECT round(extract(epoch FROM p.to_at - p.from_at) / 60)::bigint AS whole,
                                        round(extract(epoch FROM kefu.patrol_every(p.unit, p.from_at)) / 60)::bigint AS allowed) AS m
             WHERE m.whole > 0
            UNION ALL
            SELECT p.unit, CASE p.clock WHEN 'correction' THEN 'correction_in_time' ELSE 'report_in_time' END, p.object_type, p.object_id, p.due_at,
                   1, (p.outcome IS NOT DISTINCT FROM 'kept')::integer, NULL
              FROM (SELECT 'correction' AS object_type, n.correction_id AS id FROM kefu.correction n WHERE n.unit = ANY (people) AND n.notice_time < until_at
                    UNION ALL
                    SELECT 'report', r.report_id FROM kefu.report r WHERE r.desk_unit = ANY (people) AND r.file_by >= from_at AND r.file_by < until_at) AS o
              JOIN kefu.clock p ON p.object_type = o.object_type AND p.object_id = o.id AND p.clock IN ('correction', 'report_filing')
             WHERE p.outcome IS DISTINCT FROM 'void' AND p.due_at >= from_at AND p.due_at < until_at) AS w
     WHERE w.unit = ANY (people);
END $$;
COMMENT ON FUNCTION kefu.work_cases_of(text, date) IS
'Each case of kefu_bi.work_definitions in the month of a date, of the people a unit and those below it employ, up to now; what the rollup counts as of its last refresh. For the owner''s functions only (内部: 承办个案; R7, R93)';

CREATE FUNCTION kefu_bi.work_cases(within text, month date)
    RETURNS TABLE (unit text, kpi text, object_type text, object_id bigint, counts_at timestamptz, counts_local_date date,
                   case_count bigint, hit_count bigint, value_seconds bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 10000
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_unit(within);
    RETURN QUERY
    SELECT c.unit, c.kpi, c.object_type, c.object_id, c.counts_at, kefu.local_day(c.counts_at), c.case_count, c.hit_count, c.value
      FROM kefu.work_cases_of(within, month) AS c
     ORDER BY c.unit, c.kpi, c.counts_at, c.object_id;
END $$;
COMMENT ON FUNCTION kefu_bi.work_cases(text, date) IS
'What stands behind kefu_bi.work_kpis(): the cases of a unit''s people and of those below it in the month of a date. KF008 where the caller may not see the unit (承办个案; R7)';

CREATE FUNCTION kefu_bi.work_kpis(within text, month date)
    RETURNS TABLE (unit text, unit_label_zh text, unit_label_en text, unit_kind text, kpi text, kpi_label_zh text, kpi_label_en text, measure text,
                   case_count bigint, hit_count bigint, kpi_value numeric, is_small boolean, is_ranked boolean)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 50
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_unit(within);
    RETURN QUERY
    SELECT u.unit, u.name_zh, u.name_en, u.kind, d.kpi, d.label_zh, d.label_en, d.measure, f.cases, f.hits,
           CASE d.measure WHEN 'pct' THEN round(100.0 * f.hits / f.cases, 2) ELSE f.median END, f.cases < 30, f.cases >= 10
      FROM (SELECT c.unit, c.kpi, sum(c.case_count)::bigint AS cases, sum(c.hit_count)::bigint AS hits,
                   kefu.percentile(kefu.bucket(c.value), c.case_count, 0.5)::numeric AS median
              FROM kefu.work_cases_of(within, month) AS c GROUP BY c.unit, c.kpi) AS f
      JOIN kefu_bi.work_definitions d ON d.kpi = f.kpi
      JOIN kefu.unit u ON u.unit = f.unit
     ORDER BY u.unit, d.sort;
END $$;
COMMENT ON FUNCTION kefu_bi.work_kpis(text, date) IS
'What the people of a unit and of those below it did in the month of a date, a row an employing unit and KPI of kefu_bi.work_definitions: pct 0 to 100, median seconds; no row without a case. A province''s own people are its team. KF008 where the caller may not see the unit (承办指标; R4, R6, R7)';

CREATE VIEW kefu.score_kpi AS
SELECT d.kpi, d.sort, d.measure, d.is_higher_better, d.label_zh, d.label_en, false AS is_work FROM kefu_bi.kpi_definitions d
 WHERE d.is_higher_better IS NOT NULL AND d.measure IN ('pct', 'seconds', 'mean')
UNION ALL
SELECT w.kpi, 1000 + w.sort, w.measure, w.is_higher_better, w.label_zh, w.label_en, true FROM kefu_bi.work_definitions w;
COMMENT ON VIEW kefu.score_kpi IS 'What a unit can be appraised by: KPIs of the rollup, of a unit and all below it, and what people of a unit did (可考核指标; R4, R6, R7)';
COMMENT ON COLUMN kefu.score_kpi.kpi IS 'code (指标代码)';
COMMENT ON COLUMN kefu.score_kpi.sort IS 'place in lists (次序)';
COMMENT ON COLUMN kefu.score_kpi.measure IS 'pct, seconds or mean (度量方式)';
COMMENT ON COLUMN kefu.score_kpi.is_higher_better IS 'more is better (是否越高越好)';
COMMENT ON COLUMN kefu.score_kpi.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.score_kpi.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu.score_kpi.is_work IS 'true: of kefu_bi.work_definitions (是否承办指标)';
