-- 71_bi_kpi: what stands behind the KPIs, and what is made of them.
--
-- The rules at the head of 70_bi hold here too. The views by day, week and
-- month and the wide one are made by sql/kpi/build.pl.

CREATE VIEW kefu_bi.kpi_cases WITH (security_barrier) AS
SELECT c.kpi,
       d.label_zh AS kpi_label_zh,
       d.label_en AS kpi_label_en,
       c.object_type,
       y.label_zh AS object_type_label_zh,
       y.label_en AS object_type_label_en,
       c.object_id,
       c.counts_at,
       (c.counts_at AT TIME ZONE 'Asia/Shanghai')::date AS counts_local_date,
       extract(hour FROM c.counts_at AT TIME ZONE 'Asia/Shanghai')::integer AS counts_local_hour,
       c.unit,
       u.label_zh AS unit_label_zh,
       u.label_en AS unit_label_en,
       c.platform,
       p.label_zh AS platform_label_zh,
       p.label_en AS platform_label_en,
       c.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       c.is_hit,
       c.value AS case_value
  FROM kefu.kpi_case c
  JOIN kefu_bi.kpi_definitions d ON d.kpi = c.kpi
  JOIN kefu_bi.dim_unit u ON u.unit = c.unit
  JOIN kefu.object_type y ON y.object_type = c.object_type
  LEFT JOIN kefu_bi.dim_platform p ON p.platform = c.platform
  LEFT JOIN kefu_bi.dim_kind k ON k.kind = c.kind
 WHERE c.is_counted AND c.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.kpi_cases IS 'The cases behind each figure: which tickets, orders, opinions and posts a KPI counted, and as what (指标明细; R1, ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_cases.kpi IS 'KPI (指标)';
COMMENT ON COLUMN kefu_bi.kpi_cases.kpi_label_zh IS 'Chinese label of kpi (指标标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.kpi_label_en IS 'English label of kpi (指标英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.object_type IS 'what it is (对象类型)';
COMMENT ON COLUMN kefu_bi.kpi_cases.object_type_label_zh IS 'Chinese label of object_type (对象类型标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.object_type_label_en IS 'English label of object_type (对象类型英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.object_id IS 'which one, such as a ticket_id (对象编号)';
COMMENT ON COLUMN kefu_bi.kpi_cases.counts_at IS 'instant that dates it (计入时间)';
COMMENT ON COLUMN kefu_bi.kpi_cases.counts_local_date IS 'Beijing date of counts_at (计入日期)';
COMMENT ON COLUMN kefu_bi.kpi_cases.counts_local_hour IS 'Beijing hour of counts_at, 0 to 23 (计入小时)';
COMMENT ON COLUMN kefu_bi.kpi_cases.unit IS 'unit it counts for (机构)';
COMMENT ON COLUMN kefu_bi.kpi_cases.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.platform IS 'platform; none where none (平台)';
COMMENT ON COLUMN kefu_bi.kpi_cases.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu_bi.kpi_cases.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_cases.is_hit IS 'counted as a hit; NULL for measures other than shares (是否命中)';
COMMENT ON COLUMN kefu_bi.kpi_cases.case_value IS 'seconds, value or change; NULL for a share (值)';

CREATE VIEW kefu_bi.kpi_times WITH (security_barrier) AS
SELECT b.grain,
       b.local_date,
       b.kpi,
       d.label_zh AS kpi_label_zh,
       d.label_en AS kpi_label_en,
       b.unit,
       u.label_zh AS unit_label_zh,
       u.label_en AS unit_label_en,
       sum(b.case_count)::bigint AS case_count,
       round(sum(b.value_sum) / nullif(sum(b.case_count), 0))::bigint AS avg_seconds,
       kefu.percentile(b.bucket, b.case_count, 0.5) AS median_seconds,
       kefu.percentile(b.bucket, b.case_count, 0.9) AS p90_seconds,
       sum(b.case_count) < 30 AS is_small,
       sum(b.case_count) >= 10 AS is_ranked
  FROM kefu_bi.kpi_buckets b
  JOIN kefu_bi.kpi_definitions d ON d.kpi = b.kpi
  JOIN kefu_bi.dim_unit u ON u.unit = b.unit
 WHERE b.unit = ANY ((SELECT kefu.my_units())::text[])
 GROUP BY b.grain, b.local_date, b.kpi, d.label_zh, d.label_en, b.unit, u.label_zh, u.label_en
HAVING sum(b.case_count) > 0;
COMMENT ON VIEW kefu_bi.kpi_times IS 'Mean, median and ninth decile of each duration a unit and day, week or month; for other groups add up kefu_bi.kpi_buckets. Zero rule: no row without a case, so none is NULL (时长指标; R91, ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_times.grain IS 'day, week or month (统计周期)';
COMMENT ON COLUMN kefu_bi.kpi_times.local_date IS 'the day, the Monday of the week, the first of the month, in Beijing (日期)';
COMMENT ON COLUMN kefu_bi.kpi_times.kpi IS 'KPI measured in seconds (指标)';
COMMENT ON COLUMN kefu_bi.kpi_times.kpi_label_zh IS 'Chinese label of kpi (指标标签)';
COMMENT ON COLUMN kefu_bi.kpi_times.kpi_label_en IS 'English label of kpi (指标英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_times.unit IS 'handling unit; of work orders the department (处理机构)';
COMMENT ON COLUMN kefu_bi.kpi_times.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.kpi_times.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_times.case_count IS 'cases (基数)';
COMMENT ON COLUMN kefu_bi.kpi_times.avg_seconds IS 'mean, exact but for rounding (平均秒数)';
COMMENT ON COLUMN kefu_bi.kpi_times.median_seconds IS 'median, to 1 in 64 (中位秒数)';
COMMENT ON COLUMN kefu_bi.kpi_times.p90_seconds IS 'ninth decile, to 1 in 64 (九十分位秒数)';
COMMENT ON COLUMN kefu_bi.kpi_times.is_small IS 'fewer than 30 cases: it says little (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_times.is_ranked IS 'at least 10 cases: may stand in a ranking (是否参与排名; ruling 24)';

CREATE VIEW kefu_bi.kpi_stock_days WITH (security_barrier) AS
WITH flow AS (
    SELECT c.unit, c.local_date,
           coalesce(sum(c.value_sum) FILTER (WHERE c.kpi = 'stock_open'), 0) AS open,
           coalesce(sum(c.value_sum) FILTER (WHERE c.kpi = 'stock_late'), 0) AS late
      FROM kefu_bi.kpi_cells c
     WHERE c.grain = 'day' AND c.kpi IN ('stock_open', 'stock_late')
       AND c.unit = ANY ((SELECT kefu.my_units())::text[])
     GROUP BY c.unit, c.local_date
), span AS (
    SELECT f.unit, min(f.local_date) AS first_date FROM flow f GROUP BY f.unit
), stock AS (
    SELECT s.unit, d.local_date,
           sum(coalesce(f.open, 0)) OVER days AS open, sum(coalesce(f.late, 0)) OVER days AS late
      FROM span s
      JOIN kefu_bi.dim_date d ON d.local_date >= s.first_date
                             AND d.local_date <= (kefu.now() AT TIME ZONE 'Asia/Shanghai')::date
      LEFT JOIN flow f ON f.unit = s.unit AND f.local_date = d.local_date
    WINDOW days AS (PARTITION BY s.unit ORDER BY d.local_date)
)
SELECT s.local_date,
       s.unit,
       u.label_zh AS unit_label_zh,
       u.label_en AS unit_label_en,
       s.open::bigint AS open_count,
       s.late::bigint AS late_count,
       round(100.0 * s.late / nullif(s.open, 0), 2) AS stranded_pct,
       s.open < 30 AS is_small,
       s.open >= 10 AS is_ranked
  FROM stock s
  JOIN kefu_bi.dim_unit u ON u.unit = s.unit;
COMMENT ON VIEW kefu_bi.kpi_stock_days IS 'Tickets open and overdue at the end of each Beijing day, for today as of the last refresh (滞留率). Population: tickets that count, from their opening to their archiving. Clock: wall, of the answer promised. Window: the end of the day. Left out: void promises. Zero rule: no open ticket, no share. A ticket counts for the unit that handles it now (在办与滞留; R108, ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.local_date IS 'Beijing day at whose end it is counted (日期)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.unit IS 'handling unit (处理机构)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.open_count IS 'opened and not archived; 0 none (在办数)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.late_count IS 'answers overdue and not given; 0 none (滞留数)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.stranded_pct IS 'late_count by open_count, 0 to 100; NULL nothing is open (滞留率)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.is_small IS 'fewer than 30 open: the share says little (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.kpi_stock_days.is_ranked IS 'at least 10 open: may stand in a ranking (是否参与排名; ruling 24)';

CREATE VIEW kefu_bi.ingest_kpis WITH (security_barrier) AS
WITH seen AS (
    SELECT (g.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS local_date, g.unit, g.platform,
           greatest(extract(epoch FROM g.seen_at - g.posted_at), 0) AS lag
      FROM kefu.message g
     WHERE g.is_live AND g.to_us AND g.unit = ANY ((SELECT kefu.my_units())::text[])
)
SELECT s.local_date,
       s.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       s.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       count(*) AS message_count,
       count(*) FILTER (WHERE s.lag <= 600) AS within_10_minutes_count,
       round(100.0 * count(*) FILTER (WHERE s.lag <= 600) / count(*), 2) AS within_10_minutes_pct,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY s.lag))::bigint AS median_lag_seconds,
       round(percentile_cont(0.9) WITHIN GROUP (ORDER BY s.lag))::bigint AS p90_lag_seconds,
       count(*) < 30 AS is_small,
       count(*) >= 10 AS is_ranked
  FROM seen s
  JOIN kefu.unit u ON u.unit = s.unit
  JOIN kefu.platform p ON p.platform = s.platform
 GROUP BY s.local_date, s.unit, u.name_zh, u.name_en, s.platform, p.name_zh, p.name_en;
COMMENT ON VIEW kefu_bi.ingest_kpis IS
'How long customers'' messages take to reach the desk, a day, unit and platform: what is late because the feed was late is late all the same. Population: live messages to us, also those dismissed. Clock: wall, from the customer''s post until the desk first had it; never below 0. Window: day of the post. Left out: items older than their feed''s start, finds by search. Zero rule: a day without messages has no row. Percentiles must not be averaged over rows (采集时效; R108, ruling 2)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.local_date IS 'Beijing day of the post (日期)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.unit IS 'unit that has to read it (机构)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.message_count IS 'messages (消息数)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.within_10_minutes_count IS 'of them those the desk had within 10 minutes, the shorter of the times in which R108 has complaints looked for (10分钟内数)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.within_10_minutes_pct IS 'share of these, 0 to 100; never NULL (10分钟内占比)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.median_lag_seconds IS 'median (采集滞后中位秒数)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.p90_lag_seconds IS 'ninth decile (采集滞后九十分位秒数)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.is_small IS 'fewer than 30 messages (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.ingest_kpis.is_ranked IS 'at least 10 messages (是否参与排名; ruling 24)';

CREATE VIEW kefu_bi.kpi_freshness WITH (security_barrier) AS
SELECT s.counted_to AS counted_to_at,
       (s.counted_to AT TIME ZONE 'Asia/Shanghai')::date AS counted_to_local_date,
       extract(hour FROM s.counted_to AT TIME ZONE 'Asia/Shanghai')::integer AS counted_to_local_hour,
       s.fill_type IS NULL AS is_complete
  FROM kefu.kpi_state s;
COMMENT ON VIEW kefu_bi.kpi_freshness IS 'How recent the KPI rollups are; no row: nothing was counted yet (指标时效)';
COMMENT ON COLUMN kefu_bi.kpi_freshness.counted_to_at IS 'what counted by then is in them (计至)';
COMMENT ON COLUMN kefu_bi.kpi_freshness.counted_to_local_date IS 'Beijing date of counted_to_at (计至日期)';
COMMENT ON COLUMN kefu_bi.kpi_freshness.counted_to_local_hour IS 'Beijing hour of counted_to_at, 0 to 23 (计至小时)';
COMMENT ON COLUMN kefu_bi.kpi_freshness.is_complete IS 'false while everything is counted anew: figures are too low until then (是否完整)';

CREATE FUNCTION kefu.term_zh(comment text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (regexp_match(comment, '[(]([^();]*[^ -~][^();]*)(;[^()]*)?[)]$'))[1];
END;
COMMENT ON FUNCTION kefu.term_zh(text) IS 'The Chinese term that a comment ends with, in parentheses before what it cites; NULL without (内部: 注释中文名)';

CREATE VIEW kefu_bi.data_dictionary WITH (security_barrier) AS
SELECT c.relname::text AS relation_name,
       CASE c.relkind WHEN 'r' THEN 'table' ELSE 'view' END AS relation_kind,
       obj_description(c.oid, 'pg_class') AS relation_comment,
       a.attnum::integer AS column_number,
       a.attname::text AS column_name,
       format_type(a.atttypid, a.atttypmod) AS data_type,
       col_description(c.oid, a.attnum) AS column_comment,
       kefu.term_zh(col_description(c.oid, a.attnum)) AS column_term_zh,
       coalesce((SELECT true FROM pg_constraint k
                  WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey)), false) AS is_key,
       (SELECT f.relname::text FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey)
         ORDER BY k.conname LIMIT 1) AS refers_to,
       kefu.term_zh(obj_description(c.oid, 'pg_class')) AS relation_term_zh
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'kefu_bi'::regnamespace AND c.relkind IN ('r', 'v');
COMMENT ON VIEW kefu_bi.data_dictionary IS 'Every published column and what it means, from the comments in the catalog (数据字典)';
COMMENT ON COLUMN kefu_bi.data_dictionary.relation_name IS 'view or table of kefu_bi (名称)';
COMMENT ON COLUMN kefu_bi.data_dictionary.relation_kind IS 'view or table (种类)';
COMMENT ON COLUMN kefu_bi.data_dictionary.relation_comment IS 'what it holds (说明)';
COMMENT ON COLUMN kefu_bi.data_dictionary.column_number IS 'place of the column, from 1 (列序号)';
COMMENT ON COLUMN kefu_bi.data_dictionary.column_name IS 'column (列)';
COMMENT ON COLUMN kefu_bi.data_dictionary.data_type IS 'its type (类型)';
COMMENT ON COLUMN kefu_bi.data_dictionary.column_comment IS 'what it means, with unit and zero case (列说明)';
COMMENT ON COLUMN kefu_bi.data_dictionary.column_term_zh IS 'the Chinese term in it, its name in kefu_bi_zh; NULL without (中文列名)';
COMMENT ON COLUMN kefu_bi.data_dictionary.is_key IS 'part of the primary key; false for views (是否主键)';
COMMENT ON COLUMN kefu_bi.data_dictionary.refers_to IS 'dimension it is the key of; NULL none, or a view (所引用维度)';
COMMENT ON COLUMN kefu_bi.data_dictionary.relation_term_zh IS 'the Chinese term of relation_comment, its name in kefu_bi_zh (中文名称)';
