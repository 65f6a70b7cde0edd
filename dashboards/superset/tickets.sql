-- 工单 Tickets
-- One row a ticket that counts. Temporal column posted_at; metrics COUNT(*) and
-- AVG(first_response_seconds); dimensions are the columns _label_zh.
SELECT ticket_id, posted_at, kind_label_zh, state_label_zh, is_closed,
       unit_label_zh, received_unit_label_zh, home_unit_label_zh, platform_label_zh,
       category, priority, urge_count, satisfaction_label_zh,
       first_response_seconds, answer_seconds
  FROM kefu_bi.tickets
 WHERE is_counted
