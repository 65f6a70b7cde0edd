-- 首次响应时长 First response
-- Median and ninth decile by day over all units that the reader sees: histograms add up,
-- medians don't. Line chart: local_date, median_seconds, p90_seconds.
-- Variable: unit, text, optional.
SELECT local_date,
       sum(case_count) AS case_count,
       kefu.percentile(bucket, case_count, 0.5) AS median_seconds,
       kefu.percentile(bucket, case_count, 0.9) AS p90_seconds
  FROM kefu_bi.kpi_buckets
 WHERE grain = 'day' AND kpi = 'first_response'
   [[AND unit = {{unit}}]]
 GROUP BY local_date
 ORDER BY local_date
