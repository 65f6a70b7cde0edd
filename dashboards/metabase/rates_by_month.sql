-- 月度及时率 Rates by month
-- Shares of each KPI by month, made of sums. Line chart: month, in_time_pct, one line a
-- kpi_label_zh. Variables: unit and kpi, text, optional; from_date, date, optional.
SELECT local_date AS month_date,
       kpi_label_zh,
       sum(case_count) AS case_count,
       round(100.0 * sum(hit_count) / nullif(sum(case_count), 0), 2) AS in_time_pct
  FROM kefu_bi.kpi_months
 WHERE measure = 'pct'
   [[AND unit = {{unit}}]]
   [[AND kpi = {{kpi}}]]
   [[AND local_date >= {{from_date}}]]
 GROUP BY local_date, kpi_label_zh
 ORDER BY local_date, kpi_label_zh
