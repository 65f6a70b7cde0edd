-- kpis.sql: the day as an analyst's tool reads it.
SELECT unit_label_zh AS unit, kind_label_zh AS kind, volume_count AS volume, responded_count AS responded,
       first_response_median_seconds AS median_s, first_response_p90_seconds AS p90_s,
       response_in_time_pct AS response_in_time, answer_in_time_pct AS answer_in_time,
       resolved_pct AS resolved, satisfied_count AS satisfied
  FROM kefu_bi.response_kpis
 ORDER BY unit, kind;
