-- 时限 Promises
-- One row a promise that was not void. Temporal column due_at; metrics SUM(due_count),
-- SUM(kept_count) and 100.0 * SUM(kept_count) / NULLIF(SUM(due_count), 0).
SELECT clock_id, due_at, clock_label_zh, object_type_label_zh, unit_label_zh, outcome_label_zh,
       1 AS due_count,
       (outcome = 'kept')::integer AS kept_count,
       late_seconds
  FROM kefu_bi.clocks
 WHERE outcome <> 'void'
