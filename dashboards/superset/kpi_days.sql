-- 每日指标 KPIs by day
-- One row a KPI, unit, platform, kind and Beijing day. Temporal column local_date; metric
-- 100.0 * SUM(hit_count) / NULLIF(SUM(case_count), 0) with a filter on one kpi_label_zh;
-- never AVG(pct).
SELECT local_date, kpi, kpi_label_zh, measure, unit_label_zh, platform_label_zh, kind_label_zh,
       case_count, hit_count, value_sum
  FROM kefu_bi.kpi_days
