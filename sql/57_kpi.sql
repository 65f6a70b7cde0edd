-- 57_kpi: the figures of the desk, and how they are kept up to date.
--
-- kefu.kpi_case_now says what each KPI counts: one row a case, computed from
-- the desk's rows as they are. kefu.kpi_case is what of it was counted, and
-- kefu_bi.kpi_cells and kpi_buckets are its sums by day, week and month. The
-- audit trail says which objects changed: their old cases are taken out of the
-- sums and the new ones put in, so that it doesn't matter in which order, how
-- late or how often this happens.
--
-- A case counts from an instant on, counts_at, which is also what dates it: a
-- promise counts when it falls due. Cases of the future wait in kpi_case.
--
-- All of this is made from other rows: a dump leaves it out, and a restored
-- desk counts anew.

CREATE TABLE kefu_bi.kpi_definitions (
    kpi text COLLATE "C" PRIMARY KEY,
    sort integer NOT NULL UNIQUE,
    measure text COLLATE "C" NOT NULL CONSTRAINT kpi_definitions_measure CHECK
        (measure IN ('count', 'pct', 'seconds', 'mean', 'flow')),
    is_higher_better boolean,
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
COMMENT ON TABLE kefu_bi.kpi_definitions IS 'Engine rows: what each KPI counts, from sql/kpi (指标定义; ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.kpi IS 'code (指标代码)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.sort IS 'place in reports (次序)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.measure IS 'count 计数, pct 比率, seconds 时长, mean 均值, flow 增减: a change whose running sum is a stock (度量方式)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.is_higher_better IS 'NULL neither (是否越高越好)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.population IS 'what the cases are (统计对象)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.clock IS 'which time is measured (计时口径)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.period_rule IS 'what puts a case into a day, week or month (归期规则)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.exclusions IS 'what is left out (排除项)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.zero_rule IS 'what no case gives (零值规则)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.definition_zh IS 'the same in Chinese (中文定义)';
COMMENT ON COLUMN kefu_bi.kpi_definitions.rulebook IS 'R numbers, rulings, or house default (依据)';

CREATE TABLE kefu_bi.kpi_cells (
    grain text COLLATE "C" NOT NULL CONSTRAINT kpi_cells_grain CHECK (grain IN ('day', 'week', 'month')),
    kpi text COLLATE "C" NOT NULL REFERENCES kefu_bi.kpi_definitions,
    local_date date NOT NULL REFERENCES kefu_bi.dim_date,
    unit text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_unit,
    platform text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_platform,
    kind text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_kind,
    case_count bigint NOT NULL,
    hit_count bigint NOT NULL,
    value_sum bigint NOT NULL,
    PRIMARY KEY (grain, kpi, local_date, unit, platform, kind)
) WITH (fillfactor = 80);
CREATE INDEX kpi_cells_unit ON kefu_bi.kpi_cells (unit, grain, local_date);
COMMENT ON TABLE kefu_bi.kpi_cells IS 'Rollup: cases, hits and values of each KPI by day, week and month; kefu_bi.kpi_days, kpi_weeks and kpi_months give them labels and shares (指标汇总; R1, R4, ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_cells.grain IS 'day, week or month: never add up rows of two (统计周期)';
COMMENT ON COLUMN kefu_bi.kpi_cells.kpi IS 'KPI (指标)';
COMMENT ON COLUMN kefu_bi.kpi_cells.local_date IS 'the day, the Monday of the week, the first of the month, in Beijing (日期)';
COMMENT ON COLUMN kefu_bi.kpi_cells.unit IS 'handling unit; of work orders the department (处理机构; ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_cells.platform IS 'platform; none where none (平台)';
COMMENT ON COLUMN kefu_bi.kpi_cells.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu_bi.kpi_cells.case_count IS 'cases; 0: there was one that counts elsewhere now (基数)';
COMMENT ON COLUMN kefu_bi.kpi_cells.hit_count IS 'hits; 0 for measures that have none (命中数)';
COMMENT ON COLUMN kefu_bi.kpi_cells.value_sum IS 'sum of seconds, of values, or of changes; 0 for measures that have none (合计值)';

CREATE TABLE kefu_bi.kpi_buckets (
    grain text COLLATE "C" NOT NULL CONSTRAINT kpi_buckets_grain CHECK (grain IN ('day', 'week', 'month')),
    kpi text COLLATE "C" NOT NULL REFERENCES kefu_bi.kpi_definitions,
    local_date date NOT NULL REFERENCES kefu_bi.dim_date,
    unit text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_unit,
    platform text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_platform,
    kind text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_kind,
    bucket integer NOT NULL,
    case_count bigint NOT NULL,
    value_sum bigint NOT NULL,
    PRIMARY KEY (grain, kpi, local_date, unit, platform, kind, bucket)
) WITH (fillfactor = 80);
COMMENT ON TABLE kefu_bi.kpi_buckets IS 'Rollup: how the durations of KPIs are spread. Rows may be added up and read by kefu.percentile(bucket, case_count, 0.9): percentiles of sums, where percentiles may not be averaged (时长分布; ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.grain IS 'day, week or month: never add up rows of two (统计周期)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.kpi IS 'KPI measured in seconds (指标)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.local_date IS 'the day, the Monday of the week, the first of the month, in Beijing (日期)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.unit IS 'handling unit; of work orders the department (处理机构; ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.platform IS 'platform; none where none (平台)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.bucket IS 'bucket of kefu.bucket(): one a second up to 63, then 32 an octave (分桶)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.case_count IS 'cases in it; 0: there was one that counts elsewhere now (基数)';
COMMENT ON COLUMN kefu_bi.kpi_buckets.value_sum IS 'sum of their seconds (合计秒数)';

ALTER TABLE kefu_bi.kpi_definitions ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.kpi_cells ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.kpi_buckets ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON kefu_bi.kpi_definitions FOR SELECT USING (true);
CREATE POLICY own_units ON kefu_bi.kpi_cells FOR SELECT USING (unit = ANY ((SELECT kefu.my_units())::text[]));
CREATE POLICY own_units ON kefu_bi.kpi_buckets FOR SELECT USING (unit = ANY ((SELECT kefu.my_units())::text[]));

CREATE TABLE kefu.kpi_case (
    object_type text COLLATE "C" NOT NULL,
    object_id bigint NOT NULL,
    kpi text COLLATE "C" NOT NULL,
    part bigint NOT NULL,
    counts_at timestamptz NOT NULL,
    unit text COLLATE "C" NOT NULL,
    platform text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    is_hit boolean,
    value bigint,
    is_counted boolean NOT NULL,
    PRIMARY KEY (object_id, object_type, kpi, part)
);
CREATE INDEX kpi_case_waiting ON kefu.kpi_case (counts_at) WHERE NOT is_counted;
CREATE INDEX kpi_case_drill ON kefu.kpi_case (kpi, unit, counts_at);
COMMENT ON TABLE kefu.kpi_case IS 'Cases that the rollup has counted, and those it will count when their time comes (指标个案)';
COMMENT ON COLUMN kefu.kpi_case.object_type IS 'what it is a case of (对象类型)';
COMMENT ON COLUMN kefu.kpi_case.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu.kpi_case.kpi IS 'KPI (指标)';
COMMENT ON COLUMN kefu.kpi_case.part IS 'tells cases of one object and KPI apart: round, clock or event; 0 there is one (部分)';
COMMENT ON COLUMN kefu.kpi_case.counts_at IS 'counts from then on, and on that day (计入时间)';
COMMENT ON COLUMN kefu.kpi_case.unit IS 'unit it counts for (机构)';
COMMENT ON COLUMN kefu.kpi_case.platform IS 'platform; none where none (平台)';
COMMENT ON COLUMN kefu.kpi_case.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu.kpi_case.is_hit IS 'counts as a hit; NULL for measures other than shares (是否命中)';
COMMENT ON COLUMN kefu.kpi_case.value IS 'seconds, value or change; NULL for a share (值)';
COMMENT ON COLUMN kefu.kpi_case.is_counted IS 'it is in the sums (是否已计入)';

CREATE TABLE kefu.kpi_state (
    is_only boolean PRIMARY KEY DEFAULT true CONSTRAINT kpi_state_is_only CHECK (is_only),
    incarnation integer NOT NULL,
    next_xid bigint NOT NULL,
    counted_to timestamptz NOT NULL,
    fill_type text COLLATE "C",
    fill_id bigint
);
COMMENT ON TABLE kefu.kpi_state IS 'How far the rollups are; no row: nothing was counted yet (汇总进度)';
COMMENT ON COLUMN kefu.kpi_state.is_only IS 'there is one row (唯一)';
COMMENT ON COLUMN kefu.kpi_state.incarnation IS 'database it was counted in: another one counts anew (化身)';
COMMENT ON COLUMN kefu.kpi_state.next_xid IS 'events of earlier transactions are all in the sums (下一事务号)';
COMMENT ON COLUMN kefu.kpi_state.counted_to IS 'cases that count from then on or before are in the sums (计至)';
COMMENT ON COLUMN kefu.kpi_state.fill_type IS 'while everything is counted anew: the type of object it has come to; NULL done (重建进度: 类型)';
COMMENT ON COLUMN kefu.kpi_state.fill_id IS 'and the last number done; NULL done (重建进度: 编号)';

-- --- histograms -------------------------------------------------------------------

CREATE FUNCTION kefu.bucket(seconds bigint) RETURNS integer
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_bucket_sql';
COMMENT ON FUNCTION kefu.bucket(bigint) IS
'Bucket of a duration in seconds: its own up to 63, then 32 an octave up to 136 years, so that what it stands for is within 1 in 64; a negative one is in bucket 0 (时长分桶)';

CREATE FUNCTION kefu.percentile_add(state internal, bucket integer, count bigint, fraction double precision)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_percentile_add';
COMMENT ON FUNCTION kefu.percentile_add(internal, integer, bigint, double precision) IS
'Transition of kefu.percentile (内部: 分位数累加)';
CREATE FUNCTION kefu.percentile_combine(state internal, other internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_percentile_combine';
COMMENT ON FUNCTION kefu.percentile_combine(internal, internal) IS
'Combine function of kefu.percentile: counts add up (内部: 分位数合并)';
CREATE FUNCTION kefu.percentile_save(state internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_percentile_save';
COMMENT ON FUNCTION kefu.percentile_save(internal) IS
'Serialization of kefu.percentile for parallel workers (内部: 分位数状态写出)';
CREATE FUNCTION kefu.percentile_load(saved bytea, ignored internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_percentile_load';
COMMENT ON FUNCTION kefu.percentile_load(bytea, internal) IS
'Deserialization of kefu.percentile (内部: 分位数状态读入)';
CREATE FUNCTION kefu.percentile_final(state internal) RETURNS bigint
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_percentile_final';
COMMENT ON FUNCTION kefu.percentile_final(internal) IS
'Result of kefu.percentile (内部: 分位数结果)';
CREATE AGGREGATE kefu.percentile(bucket integer, count bigint, fraction double precision) (
    SFUNC = kefu.percentile_add, STYPE = internal, SSPACE = 7200,
    COMBINEFUNC = kefu.percentile_combine, SERIALFUNC = kefu.percentile_save,
    DESERIALFUNC = kefu.percentile_load, FINALFUNC = kefu.percentile_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE kefu.percentile(integer, bigint, double precision) IS
'Seconds that this share of the durations, 0 to 1, doesn''t exceed, from their counts by bucket; within 1 in 64; NULL without any. Rows with a NULL count nothing; a bucket or count that can''t be raises invalid_parameter_value, a fraction outside 0 to 1 numeric_value_out_of_range (时长分位数; ruling 24)';

-- --- what each KPI counts -----------------------------------------------------------

CREATE VIEW kefu.counted_ticket AS
SELECT t.ticket_id, t.kind, t.unit, coalesce(a.platform, 'none') AS platform, t.round, t.level, t.urge_count,
       t.satisfaction, t.repeat_of, t.posted_at, t.opened_at, t.first_response_at, t.resolved_at, t.archived_at
  FROM kefu.ticket t
  LEFT JOIN kefu.account a ON a.account = t.account
 WHERE NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped');
COMMENT ON VIEW kefu.counted_ticket IS 'Tickets that count, with their platform (计数工单; ruling 24)';
COMMENT ON COLUMN kefu.counted_ticket.ticket_id IS 'number (工单编号)';
COMMENT ON COLUMN kefu.counted_ticket.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu.counted_ticket.unit IS 'handling unit (处理机构)';
COMMENT ON COLUMN kefu.counted_ticket.platform IS 'platform; none where none (平台)';
COMMENT ON COLUMN kefu.counted_ticket.round IS 'rounds so far, from 1 (轮次)';
COMMENT ON COLUMN kefu.counted_ticket.level IS 'times it was escalated; 0 none (升级级别)';
COMMENT ON COLUMN kefu.counted_ticket.urge_count IS 'chasers; 0 none (催单次数)';
COMMENT ON COLUMN kefu.counted_ticket.satisfaction IS 'not_asked, no_reply, satisfied or dissatisfied (满意度)';
COMMENT ON COLUMN kefu.counted_ticket.repeat_of IS 'earlier ticket of the same matter; NULL none (重复于)';
COMMENT ON COLUMN kefu.counted_ticket.posted_at IS 'first post (首次发布时间)';
COMMENT ON COLUMN kefu.counted_ticket.opened_at IS 'when it was opened (立案时间)';
COMMENT ON COLUMN kefu.counted_ticket.first_response_at IS 'first words of a person; NULL none (首次响应时间)';
COMMENT ON COLUMN kefu.counted_ticket.resolved_at IS 'NULL before (解决时间)';
COMMENT ON COLUMN kefu.counted_ticket.archived_at IS 'NULL before (归档时间)';

CREATE FUNCTION kefu.has_answer_promise(ticket_id bigint, round smallint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM kefu.clock c
         WHERE c.object_id = has_answer_promise.ticket_id AND c.object_type = 'ticket'
           AND c.round = has_answer_promise.round AND c.clock = 'answer' AND c.outcome IS DISTINCT FROM 'void');
END;
COMMENT ON FUNCTION kefu.has_answer_promise(bigint, smallint) IS
'True if a written answer is promised in this round: then the promise of a call is none of the customer''s answer (内部: 是否有答复时限)';

-- Where an object has several rows they are looked up by its number: a join of
-- sums would add up those of all objects for a question about a few.
CREATE VIEW kefu.kpi_case_now AS
-- What a ticket's own row says.
SELECT 'ticket'::text AS object_type, t.ticket_id AS object_id, k.kpi, 0::bigint AS part, k.counts_at,
       t.unit, t.platform, t.kind, k.is_hit, k.value
  FROM kefu.counted_ticket t
 CROSS JOIN LATERAL (VALUES
       ('volume', true, t.posted_at, NULL::boolean, 1::bigint),
       ('first_contact', t.kind IN ('inquiry', 'complaint'), t.posted_at,
        t.resolved_at IS NOT NULL AND t.round = 1 AND t.urge_count = 0 AND t.satisfaction <> 'dissatisfied', NULL),
       ('resolved', t.kind <> 'praise' AND t.archived_at IS NOT NULL, t.archived_at,
        t.resolved_at IS NOT NULL AND t.satisfaction <> 'dissatisfied', NULL),
       ('satisfied', t.satisfaction IN ('satisfied', 'dissatisfied'), t.posted_at, t.satisfaction = 'satisfied', NULL),
       ('rated', t.satisfaction <> 'not_asked', t.posted_at, t.satisfaction <> 'no_reply', NULL),
       ('first_response', t.first_response_at IS NOT NULL, t.posted_at, NULL,
        extract(epoch FROM t.first_response_at - t.posted_at)::bigint),
       ('repeated', t.kind = 'complaint', t.posted_at, t.repeat_of IS NOT NULL, NULL),
       ('escalated', t.kind = 'complaint', t.posted_at, t.level > 0, NULL),
       ('urges', t.kind IN ('inquiry', 'complaint'), t.posted_at, NULL, t.urge_count::bigint),
       ('stock_open', true, t.opened_at, NULL, 1)) AS k(kpi, applies, counts_at, is_hit, value)
 WHERE k.applies
UNION ALL
SELECT 'ticket', t.ticket_id, 'stock_open', 1, t.archived_at, t.unit, t.platform, t.kind, NULL, -1
  FROM kefu.counted_ticket t
 WHERE t.archived_at IS NOT NULL
UNION ALL
SELECT 'ticket', r.ticket_id, 'answer', r.round, r.posted_at, t.unit, t.platform, t.kind, NULL,
       extract(epoch FROM r.answered_at - r.posted_at)::bigint
  FROM kefu.round r
  JOIN kefu.counted_ticket t ON t.ticket_id = r.ticket_id
 WHERE r.answered_at IS NOT NULL
UNION ALL
-- What was promised to customers, each promise when it falls due.
SELECT 'ticket', p.object_id, k.kpi, p.clock_id, k.counts_at, t.unit, t.platform, t.kind, k.is_hit, k.value
  FROM kefu.clock p
  JOIN kefu.counted_ticket t ON t.ticket_id = p.object_id
 CROSS JOIN LATERAL (SELECT p.clock IN ('answer', 'call_back') AS is_answer) AS w
 CROSS JOIN LATERAL (VALUES
       ('response_in_time', NOT w.is_answer, p.due_at, p.outcome IS NOT DISTINCT FROM 'kept', NULL::bigint),
       ('response_desk_in_time', NOT w.is_answer AND p.due_desk_at IS NOT NULL, p.due_desk_at,
        coalesce(p.stopped_at <= p.due_desk_at, false), NULL),
       ('replied', NOT w.is_answer, p.due_at, p.stopped_at IS NOT NULL, NULL),
       ('negative_replied', p.clock = 'negative_reply', p.due_at, p.stopped_at IS NOT NULL, NULL),
       ('answer_in_time', w.is_answer, p.due_at, p.outcome IS NOT DISTINCT FROM 'kept', NULL),
       ('answer_desk_in_time', w.is_answer AND p.due_desk_at IS NOT NULL, p.due_desk_at,
        coalesce(p.stopped_at <= p.due_desk_at, false), NULL),
       ('stock_late', w.is_answer AND p.outcome IS DISTINCT FROM 'kept', p.due_at, NULL, 1)) AS k(kpi, applies, counts_at, is_hit, value)
 WHERE p.object_type = 'ticket' AND p.outcome IS DISTINCT FROM 'void'
   AND p.clock IN ('inquiry_ack', 'complaint_ack', 'negative_reply', 'thank', 'answer', 'call_back')
   AND NOT (p.clock = 'call_back' AND kefu.has_answer_promise(p.object_id, p.round))
   AND k.applies
UNION ALL
SELECT 'ticket', p.object_id, 'stock_late', -p.clock_id, p.stopped_at, t.unit, t.platform, t.kind, NULL, -1
  FROM kefu.clock p
  JOIN kefu.counted_ticket t ON t.ticket_id = p.object_id
 WHERE p.object_type = 'ticket' AND p.outcome = 'late' AND p.clock IN ('answer', 'call_back')
   AND NOT (p.clock = 'call_back' AND kefu.has_answer_promise(p.object_id, p.round))
UNION ALL
SELECT 'ticket', t.ticket_id, 'non_voice_in_time', 0, p.counts_at, t.unit, t.platform, t.kind, p.is_hit, NULL
  FROM kefu.counted_ticket t
 CROSS JOIN LATERAL (
       SELECT max(c.due_at) AS counts_at, bool_and(c.outcome IS NOT DISTINCT FROM 'kept') AS is_hit
         FROM kefu.clock c
        WHERE c.object_id = t.ticket_id AND c.object_type = 'ticket' AND c.outcome IS DISTINCT FROM 'void'
          AND c.clock IN ('inquiry_ack', 'complaint_ack', 'negative_reply', 'thank', 'answer', 'call_back')) AS p
 WHERE p.counts_at IS NOT NULL
UNION ALL
-- Work orders, for the department.
SELECT 'work_order', o.order_id, k.kpi, 0, o.closed_at, o.department, t.platform, t.kind, k.is_hit, k.value
  FROM kefu.work_order o
  JOIN kefu.counted_ticket t ON t.ticket_id = o.ticket_id
 CROSS JOIN LATERAL (VALUES
       ('order_overtime', o.closed_at - o.created_at > interval '48 hours', NULL::bigint),
       ('order_time', NULL, extract(epoch FROM o.closed_at - o.created_at)::bigint),
       ('reworked', o.rework_count > 0, NULL)) AS k(kpi, is_hit, value)
 WHERE o.state = 'closed'
UNION ALL
SELECT 'work_order', o.order_id, 'order_in_time', 0, p.counts_at, o.department, t.platform, t.kind, p.is_hit, NULL
  FROM kefu.work_order o
  JOIN kefu.counted_ticket t ON t.ticket_id = o.ticket_id
 CROSS JOIN LATERAL (
       SELECT max(c.due_at) AS counts_at, bool_and(c.outcome IS NOT DISTINCT FROM 'kept') AS is_hit
         FROM kefu.clock c
        WHERE c.object_id = o.order_id AND c.object_type = 'work_order' AND c.clock = 'order_limit'
          AND c.outcome IS DISTINCT FROM 'void') AS p
 WHERE o.state <> 'cancelled' AND p.counts_at IS NOT NULL
UNION ALL
SELECT 'work_order', o.order_id, 'bounced', e.seq, e.at, e.department, t.platform, t.kind, e.next_event = 'bounce', NULL
  FROM kefu.work_order o
  JOIN kefu.counted_ticket t ON t.ticket_id = o.ticket_id
 CROSS JOIN LATERAL (
       SELECT v.seq, v.at, v.event, v.facts ->> 'department' AS department,
              coalesce(lead(v.event) OVER (ORDER BY v.seq), '') AS next_event
         FROM kefu.audit_event v
        WHERE v.object_type = 'work_order' AND v.object_id = o.order_id
          AND v.event IN ('dispatch', 'redispatch', 'bounce')) AS e
 WHERE e.event <> 'bounce'
UNION ALL
SELECT 'work_order', o.order_id, 'redispatched', 0, e.at, o.department, t.platform, t.kind, e.sent > 1, NULL
  FROM kefu.work_order o
  JOIN kefu.counted_ticket t ON t.ticket_id = o.ticket_id
 CROSS JOIN LATERAL (
       SELECT min(v.at) AS at, count(*) AS sent
         FROM kefu.audit_event v
        WHERE v.object_type = 'work_order' AND v.object_id = o.order_id AND v.event IN ('dispatch', 'redispatch')) AS e
 WHERE e.sent > 0
UNION ALL
SELECT 'opinion', o.opinion_id, CASE c.clock WHEN 'opinion_screen' THEN 'opinion_in_time' ELSE 'opinion_feedback' END,
       c.clock_id, c.due_at, o.desk_unit, g.platform, 'opinion', c.outcome IS NOT DISTINCT FROM 'kept', NULL
  FROM kefu.opinion o
  JOIN kefu.message g ON g.message_id = o.message_id
  JOIN kefu.clock c ON c.object_type = 'opinion' AND c.object_id = o.opinion_id
 WHERE c.clock IN ('opinion_screen', 'opinion_feedback') AND c.outcome IS DISTINCT FROM 'void'
UNION ALL
SELECT 'post', o.post_id, 'post_reviewed_in_time', c.clock_id, c.due_at, o.unit, 'none', 'post',
       c.outcome IS NOT DISTINCT FROM 'kept', NULL
  FROM kefu.post o
  JOIN kefu.clock c ON c.object_type = 'post' AND c.object_id = o.post_id
 WHERE c.clock = 'post_review' AND c.outcome IS DISTINCT FROM 'void';
COMMENT ON VIEW kefu.kpi_case_now IS 'Every case of every KPI, from the desk''s rows as they are, also those whose time has not come; one object is quick, all of them are the slow way (指标个案现状; ruling 24)';
COMMENT ON COLUMN kefu.kpi_case_now.object_type IS 'what it is a case of (对象类型)';
COMMENT ON COLUMN kefu.kpi_case_now.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu.kpi_case_now.kpi IS 'KPI (指标)';
COMMENT ON COLUMN kefu.kpi_case_now.part IS 'tells cases of one object and KPI apart: round, clock or event; 0 there is one (部分)';
COMMENT ON COLUMN kefu.kpi_case_now.counts_at IS 'counts from then on, and on that day (计入时间)';
COMMENT ON COLUMN kefu.kpi_case_now.unit IS 'unit it counts for (机构)';
COMMENT ON COLUMN kefu.kpi_case_now.platform IS 'platform; none where none (平台)';
COMMENT ON COLUMN kefu.kpi_case_now.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu.kpi_case_now.is_hit IS 'counts as a hit; NULL for measures other than shares (是否命中)';
COMMENT ON COLUMN kefu.kpi_case_now.value IS 'seconds, value or change; NULL for a share (值)';

-- --- counting -------------------------------------------------------------------------

CREATE FUNCTION kefu.add_cases(gone kefu.kpi_case[], come kefu.kpi_case[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    first_date date;
    last_date date;
BEGIN
    IF gone IS NULL AND come IS NULL THEN
        RETURN;
    END IF;
    SELECT min(c.counts_at AT TIME ZONE 'Asia/Shanghai')::date, max(c.counts_at AT TIME ZONE 'Asia/Shanghai')::date
      INTO first_date, last_date
      FROM unnest(come) AS c;
    first_date := date_trunc('week', date_trunc('month', first_date))::date;
    IF EXISTS (SELECT FROM generate_series(first_date, last_date, interval '1 day') AS s
                WHERE NOT EXISTS (SELECT FROM kefu_bi.dim_date d WHERE d.local_date = s::date)) THEN
        PERFORM kefu.write_dates(first_date, last_date);
    END IF;
    -- By day first, of which the longer ones are sums; a spread for what is measured in seconds.
    WITH day AS MATERIALIZED (
        SELECT x.kpi, (x.counts_at AT TIME ZONE 'Asia/Shanghai')::date::timestamp AS local_day, x.unit, x.platform, x.kind,
               CASE WHEN d.measure = 'seconds' THEN kefu.bucket(x.value) END AS bucket,
               sum(x.sign) AS cases, coalesce(sum(x.sign) FILTER (WHERE x.is_hit), 0) AS hits,
               coalesce(sum(x.sign * x.value), 0) AS total
          FROM (SELECT -1 AS sign, g.* FROM unnest(gone) AS g
                UNION ALL
                SELECT 1, c.* FROM unnest(come) AS c) AS x
          JOIN kefu_bi.kpi_definitions d ON d.kpi = x.kpi
         GROUP BY 1, 2, 3, 4, 5, 6
    ), summed AS (
        INSERT INTO kefu_bi.kpi_cells AS x
        SELECT g.grain, a.kpi, date_trunc(g.grain, a.local_day)::date, a.unit, a.platform, a.kind,
               sum(a.cases), sum(a.hits), sum(a.total)
          FROM day a
         CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS g(grain)
         GROUP BY 1, 2, 3, 4, 5, 6
        HAVING sum(a.cases) <> 0 OR sum(a.hits) <> 0 OR sum(a.total) <> 0
            ON CONFLICT (grain, kpi, local_date, unit, platform, kind) DO UPDATE
           SET case_count = x.case_count + excluded.case_count, hit_count = x.hit_count + excluded.hit_count,
               value_sum = x.value_sum + excluded.value_sum
    )
    INSERT INTO kefu_bi.kpi_buckets AS x
    SELECT g.grain, a.kpi, date_trunc(g.grain, a.local_day)::date, a.unit, a.platform, a.kind, a.bucket,
           sum(a.cases), sum(a.total)
      FROM day a
     CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS g(grain)
     WHERE a.bucket IS NOT NULL
     GROUP BY 1, 2, 3, 4, 5, 6, 7
    HAVING sum(a.cases) <> 0 OR sum(a.total) <> 0
        ON CONFLICT (grain, kpi, local_date, unit, platform, kind, bucket) DO UPDATE
       SET case_count = x.case_count + excluded.case_count, value_sum = x.value_sum + excluded.value_sum;
END $$;
COMMENT ON FUNCTION kefu.add_cases(kefu.kpi_case[], kefu.kpi_case[]) IS
'Takes cases out of the sums and puts others in; NULL none. A sum that stays what it was is not written (内部: 计入汇总)';

CREATE FUNCTION kefu.recount(object_type text, ids bigint[], until timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    gone kefu.kpi_case[];
    come kefu.kpi_case[];
BEGIN
    -- Most events change nothing that is counted: only what differs is written.
    WITH was AS (
        SELECT c.* FROM kefu.kpi_case c
         WHERE c.object_type = recount.object_type AND c.object_id = ANY (ids)
    ), now AS (
        SELECT n.object_type, n.object_id, n.kpi, n.part, n.counts_at, n.unit, n.platform, n.kind,
               n.is_hit, n.value, n.counts_at <= recount.until AS is_counted
          FROM kefu.kpi_case_now n
         WHERE n.object_type = recount.object_type AND n.object_id = ANY (ids)
    ), differs AS MATERIALIZED (
        SELECT w::kefu.kpi_case AS was, n::kefu.kpi_case AS now
          FROM was w
          FULL JOIN now n ON n.object_id = w.object_id AND n.kpi = w.kpi AND n.part = w.part
         WHERE (w.counts_at, w.unit, w.platform, w.kind, w.is_hit, w.value, w.is_counted)
               IS DISTINCT FROM (n.counts_at, n.unit, n.platform, n.kind, n.is_hit, n.value, n.is_counted)
    ), ended AS (
        DELETE FROM kefu.kpi_case c USING differs d
         WHERE (d.now).object_id IS NULL AND c.object_id = (d.was).object_id AND c.object_type = (d.was).object_type
           AND c.kpi = (d.was).kpi AND c.part = (d.was).part
    ), changed AS (
        UPDATE kefu.kpi_case c
           SET counts_at = (d.now).counts_at, unit = (d.now).unit, platform = (d.now).platform, kind = (d.now).kind,
               is_hit = (d.now).is_hit, value = (d.now).value, is_counted = (d.now).is_counted
          FROM differs d
         WHERE (d.was).object_id IS NOT NULL AND c.object_id = (d.now).object_id AND c.object_type = (d.now).object_type
           AND c.kpi = (d.now).kpi AND c.part = (d.now).part
    ), began AS (
        INSERT INTO kefu.kpi_case
        SELECT (d.now).* FROM differs d WHERE (d.was).object_id IS NULL
    )
    SELECT array_agg(d.was) FILTER (WHERE (d.was).is_counted), array_agg(d.now) FILTER (WHERE (d.now).is_counted)
      INTO gone, come
      FROM differs d;
    PERFORM kefu.add_cases(gone, come);
END $$;
COMMENT ON FUNCTION kefu.recount(text, bigint[], timestamptz) IS
'Counts these objects anew: what they no longer count for goes out of the sums, what they count for now comes in. Cases later than until wait (内部: 重新计数)';

CREATE FUNCTION kefu.next_to_count(object_type text, after bigint, at_most integer) RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(o.id)
      FROM (SELECT t.ticket_id AS id FROM kefu.ticket t
             WHERE next_to_count.object_type = 'ticket' AND t.ticket_id > next_to_count.after
            UNION ALL
            SELECT w.order_id FROM kefu.work_order w
             WHERE next_to_count.object_type = 'work_order' AND w.order_id > next_to_count.after
            UNION ALL
            SELECT n.opinion_id FROM kefu.opinion n
             WHERE next_to_count.object_type = 'opinion' AND n.opinion_id > next_to_count.after
            UNION ALL
            SELECT p.post_id FROM kefu.post p
             WHERE next_to_count.object_type = 'post' AND p.post_id > next_to_count.after
             ORDER BY 1 LIMIT next_to_count.at_most) AS o;
END;
COMMENT ON FUNCTION kefu.next_to_count(text, bigint, integer) IS
'The next objects of a type by number; NULL if there are none (内部: 待重建对象)';

CREATE FUNCTION kefu.count_fallen_due(until timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    due kefu.kpi_case[];
BEGIN
    WITH fallen AS (
        UPDATE kefu.kpi_case c SET is_counted = true
         WHERE NOT c.is_counted AND c.counts_at <= count_fallen_due.until
        RETURNING c.*)
    SELECT array_agg(f::kefu.kpi_case) INTO due FROM fallen f;
    PERFORM kefu.add_cases(NULL, due);
END $$;
COMMENT ON FUNCTION kefu.count_fallen_due(timestamptz) IS
'Puts the waiting cases whose time has come into the sums (内部: 到期计入)';

-- Two-integer advisory lock of one refresh at a time: this class, number 1.
CREATE FUNCTION kefu.lock_kpis(waits boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF waits THEN
        PERFORM pg_advisory_xact_lock(1262506301, 1);
        RETURN true;
    END IF;
    RETURN pg_try_advisory_xact_lock(1262506301, 1);
END $$;
COMMENT ON FUNCTION kefu.lock_kpis(boolean) IS
'One counts at a time, to the end of its transaction; false if another one does and this one doesn''t wait (内部: 汇总互斥)';

CREATE FUNCTION kefu.count_changes(state kefu.kpi_state, until timestamptz, at_most integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    horizon bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    last_xid bigint;
    -- Whoever has it, it counts for the same.
    handling CONSTANT text[] := ARRAY(
        SELECT t.event FROM kefu.transition t GROUP BY t.event
        HAVING bool_and(t.handler IS NOT NULL AND t.effect IS NULL AND t.clock_ops = '{}'
                        AND t.from_state = t.to_state AND t.machine = t.to_machine));
    done integer;
    seen integer;
    t text;
    ids bigint[];
BEGIN
    done := 0;
    FOR t, ids, seen, last_xid IN
        WITH fresh AS MATERIALIZED (
            SELECT e.xid, e.object_type, e.object_id, e.event
              FROM kefu.audit_event e
             WHERE e.incarnation = state.incarnation AND e.xid >= state.next_xid
        ), last AS MATERIALIZED (
            -- All of a transaction or nothing: the transaction of the at_most-th event is the last.
            SELECT f.xid FROM fresh f ORDER BY f.xid OFFSET at_most - 1 LIMIT 1
        ), touched AS MATERIALIZED (
            SELECT f.object_type, f.object_id, count(*) AS events, bool_or(f.event <> ALL (handling)) AS counts
              FROM fresh f
             WHERE f.xid <= ALL (TABLE last)
             GROUP BY f.object_type, f.object_id)
        SELECT x.object_type, array_agg(DISTINCT x.object_id) FILTER (WHERE x.counts), sum(x.events), (TABLE last)
          FROM (TABLE touched
                UNION ALL
                -- A work order counts under the kind and platform of its ticket.
                SELECT 'work_order', o.order_id, 0, true
                  FROM touched c
                  JOIN kefu.work_order o ON o.ticket_id = c.object_id
                 WHERE c.object_type = 'ticket' AND c.counts) AS x
         GROUP BY x.object_type
    LOOP
        done := done + seen;
        CONTINUE WHEN ids IS NULL OR t NOT IN ('ticket', 'work_order', 'opinion', 'post');
        PERFORM kefu.recount(t, ids, until);
    END LOOP;
    -- What runs now may still write events of transactions from the horizon on:
    -- those are looked at again, however often they were seen.
    UPDATE kefu.kpi_state SET next_xid = least(horizon, last_xid + 1);
    RETURN done;
END $$;
COMMENT ON FUNCTION kefu.count_changes(kefu.kpi_state, timestamptz, integer) IS
'Counts anew what events since the last time happened to, about at_most of them; returns how many events (内部: 增量计数)';

CREATE FUNCTION kefu.fill_some(state kefu.kpi_state, until timestamptz, at_most integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    types CONSTANT text[] := ARRAY['ticket', 'work_order', 'opinion', 'post'];
    ids bigint[] := kefu.next_to_count(state.fill_type, state.fill_id, at_most);
BEGIN
    IF ids IS NULL THEN
        UPDATE kefu.kpi_state
           SET fill_type = types[array_position(types, state.fill_type) + 1], fill_id = 0;
        UPDATE kefu.kpi_state SET fill_id = NULL WHERE fill_type IS NULL;
    ELSE
        PERFORM kefu.recount(state.fill_type, ids, until);
        UPDATE kefu.kpi_state SET fill_id = (SELECT max(i) FROM unnest(ids) AS i);
    END IF;
    RETURN at_most;
END $$;
COMMENT ON FUNCTION kefu.fill_some(kefu.kpi_state, timestamptz, integer) IS
'Goes on counting everything anew, at_most objects; returns at_most, since something may be left (内部: 分批重建)';

CREATE FUNCTION kefu.begin_count(until timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    DELETE FROM kefu_bi.kpi_buckets;
    DELETE FROM kefu_bi.kpi_cells;
    DELETE FROM kefu.kpi_case;
    DELETE FROM kefu.kpi_state;
    INSERT INTO kefu.kpi_state (incarnation, next_xid, counted_to, fill_type, fill_id)
    SELECT i.incarnation, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, until, 'ticket', 0
      FROM kefu.incarnation i
     WHERE i.system_identifier = (SELECT c.system_identifier::text FROM pg_control_system() AS c)
       AND i.database_oid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION kefu.begin_count(timestamptz) IS
'Throws the sums away, to count everything from now on; false where this database has no events of its own yet (内部: 开始重建)';

CREATE FUNCTION kefu.refresh_kpis(at_most integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    until timestamptz := kefu.now();
    state kefu.kpi_state;
    done integer;
BEGIN
    IF NOT kefu.lock_kpis(false) THEN
        RETURN 0;
    END IF;
    PERFORM kefu.write_organization();
    SELECT s.* INTO state
      FROM kefu.kpi_state s
      JOIN kefu.incarnation i ON i.incarnation = s.incarnation
     WHERE i.system_identifier = (SELECT c.system_identifier::text FROM pg_control_system() AS c)
       AND i.database_oid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
    IF NOT FOUND THEN
        RETURN CASE WHEN kefu.begin_count(until) THEN at_most ELSE 0 END;
    END IF;
    IF state.fill_type IS NOT NULL THEN
        RETURN kefu.fill_some(state, until, at_most);
    END IF;
    done := kefu.count_changes(state, until, at_most);
    PERFORM kefu.count_fallen_due(until);
    UPDATE kefu.kpi_state SET counted_to = until;
    RETURN done;
END $$;
COMMENT ON FUNCTION kefu.refresh_kpis(integer) IS
'Brings the KPI rollups up to date from the audit trail, at most about so many events, or so many objects while everything is counted anew; returns at_most or more while something may be left, 0 also where another one does it. Any number of times gives the same. For the clock worker''s job (刷新指标汇总; ruling 24)';

CREATE FUNCTION kefu.catch_up_kpis() RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    batch CONSTANT integer := 20000;
    counted_to timestamptz;
BEGIN
    FOR n IN 1 .. 50 LOOP
        EXIT WHEN kefu.refresh_kpis(batch) < batch;
    END LOOP;
    SELECT s.counted_to INTO counted_to FROM kefu.kpi_state s WHERE s.fill_type IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the figures are being counted anew'
            USING ERRCODE = 'KF004', HINT = 'kefu_bi.kpi_freshness says how far that is; the job refresh_kpis does it.';
    END IF;
    RETURN counted_to;
END $$;
COMMENT ON FUNCTION kefu.catch_up_kpis() IS
'Refreshes the figures as far as a caller may wait for, and says up to when they are counted; KF004 while everything is counted anew. For the owner''s functions only (内部: 补齐指标汇总)';

CREATE FUNCTION kefu.rebuild_kpis() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    batch CONSTANT integer := 20000;
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.lock_kpis(true);
    PERFORM kefu.write_organization();
    IF kefu.begin_count(kefu.now()) THEN
        WHILE kefu.refresh_kpis(batch) >= batch LOOP
        END LOOP;
    END IF;
    RETURN (SELECT count(*) FROM kefu.kpi_case);
END $$;
COMMENT ON FUNCTION kefu.rebuild_kpis() IS
'Counts everything anew, in this transaction; returns the number of cases. For a Group administrator or a superuser; KF003 for others (重建指标汇总; ruling 24)';

CREATE FUNCTION kefu.find_kpi_misfits()
    RETURNS TABLE (grain text, kpi text, local_date date, unit text, platform text, kind text,
                   case_count bigint, hit_count bigint, value_sum bigint, is_in_rollup boolean)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin('group');
    RETURN QUERY
    WITH detail AS (
        SELECT g.grain, n.kpi, date_trunc(g.grain, n.counts_at AT TIME ZONE 'Asia/Shanghai')::date AS local_date,
               n.unit, n.platform, n.kind, count(*) AS case_count,
               count(*) FILTER (WHERE n.is_hit) AS hit_count, coalesce(sum(n.value), 0)::bigint AS value_sum
          FROM kefu.kpi_case_now n
         CROSS JOIN (VALUES ('day'), ('week'), ('month')) AS g(grain)
         WHERE n.counts_at <= (SELECT s.counted_to FROM kefu.kpi_state s)
         GROUP BY 1, 2, 3, 4, 5, 6
    ), rollup AS (
        SELECT c.grain, c.kpi, c.local_date, c.unit, c.platform, c.kind, c.case_count, c.hit_count, c.value_sum
          FROM kefu_bi.kpi_cells c
         WHERE c.case_count <> 0
    )
    SELECT d.*, false FROM (SELECT * FROM detail EXCEPT ALL SELECT * FROM rollup) AS d
    UNION ALL
    SELECT r.*, true FROM (SELECT * FROM rollup EXCEPT ALL SELECT * FROM detail) AS r
    UNION ALL
    -- And the spread of each duration counts what its cell does.
    SELECT x.*, true
      FROM (SELECT c.grain, c.kpi, c.local_date, c.unit, c.platform, c.kind, c.case_count, 0::bigint, c.value_sum
              FROM kefu_bi.kpi_cells c JOIN kefu_bi.kpi_definitions d ON d.kpi = c.kpi AND d.measure = 'seconds'
             WHERE c.case_count <> 0
            EXCEPT ALL
            SELECT b.grain, b.kpi, b.local_date, b.unit, b.platform, b.kind, sum(b.case_count)::bigint, 0, sum(b.value_sum)::bigint
              FROM kefu_bi.kpi_buckets b WHERE b.case_count <> 0
             GROUP BY 1, 2, 3, 4, 5, 6) AS x;
END $$;
COMMENT ON FUNCTION kefu.find_kpi_misfits() IS
'Where the rollups differ from what the desk''s rows give, both ways; no row on a sound desk after a refresh with nothing under way. Slow: it counts everything. For a Group administrator or a superuser (核对指标汇总; ruling 24)';

CREATE FUNCTION kefu.kpi_of(units text[], from_date date, to_date date)
    RETURNS TABLE (kpi text, sort integer, label_zh text, label_en text, measure text, is_higher_better boolean,
                   case_count bigint, hit_count bigint, pct numeric, mean_value numeric,
                   median_seconds bigint, p90_seconds bigint, is_small boolean, is_ranked boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 30 AS
$$
DECLARE
    by_grain text := CASE WHEN extract(day FROM from_date) = 1 AND extract(day FROM to_date) = 1 THEN 'month' ELSE 'day' END;
BEGIN
    RETURN QUERY
    SELECT d.kpi, d.sort, d.label_zh, d.label_en, d.measure, d.is_higher_better,
           coalesce(c.cases, 0),
           CASE WHEN d.measure = 'pct' THEN coalesce(c.hits, 0) END,
           CASE WHEN d.measure = 'pct' THEN round(100.0 * c.hits / nullif(c.cases, 0), 2) END,
           CASE WHEN d.measure IN ('seconds', 'mean') THEN round(c.total::numeric / nullif(c.cases, 0), 2) END,
           b.median, b.p90, coalesce(c.cases, 0) < 30, coalesce(c.cases, 0) >= 10
      FROM kefu_bi.kpi_definitions d
      LEFT JOIN (SELECT x.kpi, sum(x.case_count)::bigint AS cases, sum(x.hit_count)::bigint AS hits, sum(x.value_sum) AS total
                   FROM kefu_bi.kpi_cells x
                  WHERE x.grain = by_grain AND x.local_date >= from_date AND x.local_date < to_date AND x.unit = ANY (units)
                  GROUP BY x.kpi) AS c ON c.kpi = d.kpi
      LEFT JOIN (SELECT x.kpi, kefu.percentile(x.bucket, x.case_count, 0.5) AS median, kefu.percentile(x.bucket, x.case_count, 0.9) AS p90
                   FROM kefu_bi.kpi_buckets x
                  WHERE x.grain = by_grain AND x.local_date >= from_date AND x.local_date < to_date AND x.unit = ANY (units)
                  GROUP BY x.kpi) AS b ON b.kpi = d.kpi
     WHERE d.measure <> 'flow'
     ORDER BY d.sort;
END $$;
COMMENT ON FUNCTION kefu.kpi_of(text[], date, date) IS
'Every KPI of these units together, as kefu.kpi() has it for one and all below it, whoever asks: of months where both dates begin one, else of days (内部: 机构合计指标)';

CREATE FUNCTION kefu.kpi(unit text, from_date date, to_date date)
    RETURNS TABLE (kpi text, sort integer, label_zh text, label_en text, measure text, is_higher_better boolean,
                   case_count bigint, hit_count bigint, pct numeric, mean_value numeric,
                   median_seconds bigint, p90_seconds bigint, is_small boolean, is_ranked boolean)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 30
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_unit(kpi.unit);
    RETURN QUERY SELECT k.* FROM kefu.kpi_of(kefu.units_under(kpi.unit), from_date, to_date) AS k;
END $$;
COMMENT ON FUNCTION kefu.kpi(text, date, date) IS
'Every KPI of a unit and all below it from from_date to before to_date, Beijing dates, as of the last refresh: one row each, also those without a case, whose share is NULL. Raises KF008 where the caller may not see the unit (机构指标; R1, R4, ruling 24)';

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu_bi.kpi_definitions
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
