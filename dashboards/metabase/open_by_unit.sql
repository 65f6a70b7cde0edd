-- 各机构在办与超时 Open and late by unit
-- Tickets that count and are open, and running promises that are late, one row a handling
-- unit. Table; or a bar chart of open_count and late_count by unit_label_zh.
-- Variable: unit, text, optional.
SELECT t.unit_label_zh,
       count(*) AS open_count,
       count(*) FILTER (WHERE EXISTS (SELECT FROM kefu_bi.clocks c
                                       WHERE c.ticket_id = t.ticket_id
                                         AND c.outcome = 'running' AND c.is_overdue)) AS late_count
  FROM kefu_bi.tickets t
 WHERE t.is_counted AND NOT t.is_closed
   [[AND t.unit = {{unit}}]]
 GROUP BY t.unit_label_zh
 ORDER BY late_count DESC, open_count DESC
