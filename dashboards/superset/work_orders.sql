-- 投诉单 Work orders
-- One row an order. Temporal column created_at; metrics COUNT(*), SUM(bounce_count),
-- AVG(total_minutes).
SELECT order_id, created_at, closed_at, department_label_zh, desk_unit_label_zh, state_label_zh,
       is_closed, is_in_time, bounce_count, rework_count, urge_count, total_minutes, suspended_minutes
  FROM kefu_bi.work_orders
