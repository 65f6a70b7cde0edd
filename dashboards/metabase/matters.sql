-- 投诉业务与省份 What is complained of, and where
-- Complaints by matter and the customer's province. Pivot table: rows home_unit_label_zh,
-- columns category_label_zh, values complaint_count.
-- Variable: from_date, date, optional.
SELECT coalesce(home_unit_label_zh, '未知') AS home_unit_label_zh,
       coalesce(category_label_zh, '未分类') AS category_label_zh,
       sum(complaint_count) AS complaint_count,
       sum(repeat_count) AS repeat_count
  FROM kefu_bi.complaint_matters
 WHERE true
   [[AND local_month >= {{from_date}}]]
 GROUP BY 1, 2
 ORDER BY complaint_count DESC
