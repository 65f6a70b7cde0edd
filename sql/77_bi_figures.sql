-- 77_bi_figures: figures of departments, satisfaction, repeats and matters, by month.
--
-- The rules at the head of 70_bi hold here too. A share has both its numbers
-- beside it, and a mark where they are small (ruling 24).

CREATE VIEW kefu_bi.department_times WITH (security_barrier) AS
WITH stage AS (
    SELECT s.*,
           count(*) FILTER (WHERE s.entered_by IN ('dispatch', 'redispatch', 'rework', 'unqualified'))
               OVER (PARTITION BY s.order_id ORDER BY s.visit_number) AS spell
      FROM kefu_bi.work_order_stages s
     WHERE s.department = ANY ((SELECT kefu.my_units())::text[])
), spell AS (
    -- From the dispatch, or the demand to do it again, to what the department made of it.
    SELECT s.order_id, s.department, s.spell, max(s.left_at) AS left_at,
           (array_agg(s.left_by ORDER BY s.visit_number DESC))[1] AS left_by,
           sum(s.minutes) AS minutes, sum(s.desk_minutes) AS desk_minutes
      FROM stage s
     WHERE s.holder = 'department'
     GROUP BY s.order_id, s.department, s.spell
), counted AS (
    SELECT s.department, (date_trunc('month', s.entered_at AT TIME ZONE 'Asia/Shanghai'))::date AS local_month, 'dispatched' AS what,
           NULL::numeric AS minutes, NULL::numeric AS desk_minutes
      FROM stage s WHERE s.entered_by IN ('dispatch', 'redispatch')
    UNION ALL
    SELECT p.department, (date_trunc('month', p.left_at AT TIME ZONE 'Asia/Shanghai'))::date, 'returned', p.minutes, p.desk_minutes
      FROM spell p WHERE p.left_by = 'return'
    UNION ALL
    SELECT s.department, (date_trunc('month', s.left_at AT TIME ZONE 'Asia/Shanghai'))::date, 'unqualified', NULL, NULL
      FROM stage s WHERE s.left_by = 'unqualified'
    UNION ALL
    SELECT b.department, (date_trunc('month', b.returned_at AT TIME ZONE 'Asia/Shanghai'))::date, 'bounced_' || b.judgement, NULL, NULL
      FROM kefu_bi.work_order_bounces b WHERE b.department = ANY ((SELECT kefu.my_units())::text[])
    UNION ALL
    -- Each promise once, by its end, though it covers two visits.
    SELECT x.department, (date_trunc('month', x.due_at AT TIME ZONE 'Asia/Shanghai'))::date, x.clock || CASE WHEN x.is_in_time THEN '_kept' ELSE '_late' END, NULL, NULL
      FROM (SELECT DISTINCT s.order_id, s.department, s.clock, s.due_at, s.is_in_time, s.spell
              FROM stage s WHERE s.clock IN ('order_accept', 'order_handle') AND s.is_in_time IS NOT NULL) AS x
    UNION ALL
    SELECT x.department, (date_trunc('month', x.desk_due_at AT TIME ZONE 'Asia/Shanghai'))::date, x.clock || CASE WHEN x.is_desk_in_time THEN '_desk_kept' ELSE '_desk_late' END, NULL, NULL
      FROM (SELECT DISTINCT s.order_id, s.department, s.clock, s.desk_due_at, s.is_desk_in_time, s.spell
              FROM stage s WHERE s.clock IN ('order_accept', 'order_handle') AND s.is_desk_in_time IS NOT NULL) AS x
    UNION ALL
    SELECT o.department, (date_trunc('month', o.limit_due_at AT TIME ZONE 'Asia/Shanghai'))::date, CASE WHEN o.is_in_time THEN 'limit_kept' ELSE 'limit_late' END, NULL, NULL
      FROM kefu_bi.work_orders o
     WHERE o.is_in_time IS NOT NULL AND o.limit_due_at <= kefu.now() AND o.department = ANY ((SELECT kefu.my_units())::text[])
), figure AS (
    SELECT c.department, c.local_month,
           count(*) FILTER (WHERE c.what = 'dispatched') AS dispatched,
           count(*) FILTER (WHERE c.what = 'returned') AS returned,
           count(*) FILTER (WHERE c.what = 'unqualified') AS unqualified,
           count(*) FILTER (WHERE c.what LIKE 'bounced%') AS bounced,
           count(*) FILTER (WHERE c.what = 'bounced_wrong') AS bounced_wrong,
           count(*) FILTER (WHERE c.what IN ('order_accept_kept', 'order_accept_late')) AS accept_due,
           count(*) FILTER (WHERE c.what = 'order_accept_kept') AS accept_kept,
           count(*) FILTER (WHERE c.what IN ('order_handle_kept', 'order_handle_late')) AS handle_due,
           count(*) FILTER (WHERE c.what = 'order_handle_kept') AS handle_kept,
           count(*) FILTER (WHERE c.what IN ('order_handle_desk_kept', 'order_handle_desk_late')) AS handle_desk_due,
           count(*) FILTER (WHERE c.what = 'order_handle_desk_kept') AS handle_desk_kept,
           count(*) FILTER (WHERE c.what LIKE 'limit%') AS limit_due,
           count(*) FILTER (WHERE c.what = 'limit_kept') AS limit_kept,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY c.minutes) AS median,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY c.minutes) AS p90,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY c.desk_minutes) AS desk_median,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY c.desk_minutes) AS desk_p90
      FROM counted c
     GROUP BY c.department, c.local_month
)
SELECT f.department,
       pu.name_zh AS department_label_zh,
       pu.name_en AS department_label_en,
       f.local_month,
       f.dispatched AS dispatched_count,
       f.accept_due AS accept_due_count,
       f.accept_kept AS accept_in_time_count,
       round(100.0 * f.accept_kept / nullif(f.accept_due, 0), 2) AS accept_in_time_pct,
       f.handle_due AS handle_due_count,
       f.handle_kept AS handle_in_time_count,
       round(100.0 * f.handle_kept / nullif(f.handle_due, 0), 2) AS handle_in_time_pct,
       f.handle_desk_due AS handle_desk_due_count,
       f.handle_desk_kept AS handle_desk_in_time_count,
       round(100.0 * f.handle_desk_kept / nullif(f.handle_desk_due, 0), 2) AS handle_desk_in_time_pct,
       f.limit_due AS limit_due_count,
       f.limit_kept AS limit_in_time_count,
       round(100.0 * f.limit_kept / nullif(f.limit_due, 0), 2) AS limit_in_time_pct,
       f.returned AS returned_count,
       round(f.median::numeric, 1) AS median_minutes,
       round(f.p90::numeric, 1) AS p90_minutes,
       round(f.desk_median::numeric, 1) AS desk_median_minutes,
       round(f.desk_p90::numeric, 1) AS desk_p90_minutes,
       f.bounced AS bounce_count,
       f.bounced_wrong AS wrong_bounce_count,
       round(100.0 * f.bounced / nullif(f.dispatched, 0), 2) AS bounce_pct,
       round(100.0 * f.bounced_wrong / nullif(f.dispatched, 0), 2) AS wrong_bounce_pct,
       f.unqualified AS rework_count,
       round(100.0 * f.unqualified / nullif(f.returned, 0), 2) AS rework_pct,
       f.dispatched < 30 AS is_small,
       f.dispatched >= 10 AS is_ranked
  FROM figure f
  LEFT JOIN kefu.unit pu ON pu.unit = f.department;
COMMENT ON VIEW kefu_bi.department_times IS
'What departments did with their work orders, a month. Population: orders sent to departments of the reader''s units. Clock: wall, staffed time beside it. Window: dispatches, results and returns by when they were, promises by when they fell due. Excluded: promises that are void, time with the desk or the customer. Zero rule: a share of nothing is NULL. Percentiles must not be averaged over rows (部门时效; R15, R113, R120, rulings 20, 24)';
COMMENT ON COLUMN kefu_bi.department_times.department IS 'department (责任部门)';
COMMENT ON COLUMN kefu_bi.department_times.department_label_zh IS 'Chinese label of department (责任部门标签)';
COMMENT ON COLUMN kefu_bi.department_times.department_label_en IS 'English label of department (责任部门英文标签)';
COMMENT ON COLUMN kefu_bi.department_times.local_month IS 'first day of the month in Beijing (月份)';
COMMENT ON COLUMN kefu_bi.department_times.dispatched_count IS 'orders sent there in the month, each sending once (派发数)';
COMMENT ON COLUMN kefu_bi.department_times.accept_due_count IS 'promises to judge whose it is that fell due in the month and ended, or are late (判断归属到期数)';
COMMENT ON COLUMN kefu_bi.department_times.accept_in_time_count IS 'of these, kept; a return in time keeps it too (判断归属按时数)';
COMMENT ON COLUMN kefu_bi.department_times.accept_in_time_pct IS 'share; NULL none due (判断归属及时率)';
COMMENT ON COLUMN kefu_bi.department_times.handle_due_count IS 'promises of the handling stage that fell due in the month (环节到期数)';
COMMENT ON COLUMN kefu_bi.department_times.handle_in_time_count IS 'of these, kept (环节按时数)';
COMMENT ON COLUMN kefu_bi.department_times.handle_in_time_pct IS 'share; NULL none due (环节及时率)';
COMMENT ON COLUMN kefu_bi.department_times.handle_desk_due_count IS 'the same by its end in staffed time (环节值班到期数)';
COMMENT ON COLUMN kefu_bi.department_times.handle_desk_in_time_count IS 'of these, kept in staffed time (环节值班按时数)';
COMMENT ON COLUMN kefu_bi.department_times.handle_desk_in_time_pct IS 'share; NULL none due (环节值班及时率)';
COMMENT ON COLUMN kefu_bi.department_times.limit_due_count IS 'orders whose whole limit fell due in the month; the department that has the order then answers for all of it (总时限到期数)';
COMMENT ON COLUMN kefu_bi.department_times.limit_in_time_count IS 'of these, closed in time in every round (总时限按时数)';
COMMENT ON COLUMN kefu_bi.department_times.limit_in_time_pct IS 'share; NULL none due (总时限及时率)';
COMMENT ON COLUMN kefu_bi.department_times.returned_count IS 'results given in the month, rework included (回单数)';
COMMENT ON COLUMN kefu_bi.department_times.median_minutes IS 'median from dispatch, or the demand to do it again, to the result, wall clock without suspensions; NULL no result (处理时长中位数)';
COMMENT ON COLUMN kefu_bi.department_times.p90_minutes IS 'ninth decile of the same (处理时长九分位数)';
COMMENT ON COLUMN kefu_bi.department_times.desk_median_minutes IS 'median in staffed time; NULL no result or no calendar (值班处理时长中位数)';
COMMENT ON COLUMN kefu_bi.department_times.desk_p90_minutes IS 'ninth decile in staffed time (值班处理时长九分位数)';
COMMENT ON COLUMN kefu_bi.department_times.bounce_count IS 'returns in the month (退单数)';
COMMENT ON COLUMN kefu_bi.department_times.wrong_bounce_count IS 'of these, came back to the department (错误退单数)';
COMMENT ON COLUMN kefu_bi.department_times.bounce_pct IS 'returns by dispatches; NULL nothing dispatched (退单率)';
COMMENT ON COLUMN kefu_bi.department_times.wrong_bounce_pct IS 'wrong returns by dispatches; NULL nothing dispatched (错误退单率; ruling 20)';
COMMENT ON COLUMN kefu_bi.department_times.rework_count IS 'results judged not qualified in the month (不合格数)';
COMMENT ON COLUMN kefu_bi.department_times.rework_pct IS 'by results; NULL no result (返工率; R121)';
COMMENT ON COLUMN kefu_bi.department_times.is_small IS 'fewer than 30 dispatches: a share says little (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.department_times.is_ranked IS 'at least 10 dispatches: may stand in a ranking (是否参与排名; ruling 24)';

CREATE VIEW kefu_bi.satisfaction WITH (security_barrier) AS
WITH figure AS (
    SELECT t.unit, (date_trunc('month', t.posted_at AT TIME ZONE 'Asia/Shanghai'))::date AS local_month, t.kind,
           count(*) AS tickets,
           count(*) FILTER (WHERE t.satisfaction = 'not_asked') AS not_asked,
           count(*) FILTER (WHERE t.satisfaction = 'no_reply') AS no_reply,
           count(*) FILTER (WHERE t.satisfaction = 'satisfied') AS satisfied,
           count(*) FILTER (WHERE t.satisfaction = 'dissatisfied') AS dissatisfied
      FROM kefu.ticket t
     WHERE t.unit = ANY ((SELECT kefu.my_units())::text[]) AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped')
     GROUP BY 1, 2, 3
)
SELECT f.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       f.local_month,
       f.kind,
       m.label_zh AS kind_label_zh,
       m.label_en AS kind_label_en,
       f.tickets AS ticket_count,
       f.not_asked AS not_asked_count,
       f.no_reply + f.satisfied + f.dissatisfied AS asked_count,
       f.no_reply AS no_reply_count,
       f.satisfied AS satisfied_count,
       f.dissatisfied AS dissatisfied_count,
       f.satisfied + f.dissatisfied AS rated_count,
       round(100.0 * f.satisfied / nullif(f.satisfied + f.dissatisfied, 0), 2) AS satisfied_pct,
       round(100.0 * (f.satisfied + f.dissatisfied) / nullif(f.no_reply + f.satisfied + f.dissatisfied, 0), 2) AS rated_pct,
       f.satisfied + f.dissatisfied < 30 AS is_small,
       f.satisfied + f.dissatisfied >= 10 AS is_ranked
  FROM figure f
  JOIN kefu.machine m ON m.machine = f.kind
  LEFT JOIN kefu.unit hu ON hu.unit = f.unit;
COMMENT ON VIEW kefu_bi.satisfaction IS
'Satisfaction a handling unit, month and kind, both shares side by side. Population: tickets that count (provisional, merged and dropped ones left out). Clock: none. Window: month of the customer''s post. Zero rule: a share of nothing is NULL (满意度; R114, R115, ruling 24)';
COMMENT ON COLUMN kefu_bi.satisfaction.unit IS 'handling unit, the one scorecards count for (处理机构)';
COMMENT ON COLUMN kefu_bi.satisfaction.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.satisfaction.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.satisfaction.local_month IS 'first day of the month of the post, in Beijing (月份)';
COMMENT ON COLUMN kefu_bi.satisfaction.kind IS 'kind of the tickets (类型)';
COMMENT ON COLUMN kefu_bi.satisfaction.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.satisfaction.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.satisfaction.ticket_count IS 'tickets posted in the month that count (工单数)';
COMMENT ON COLUMN kefu_bi.satisfaction.not_asked_count IS 'not asked, or not yet (未询问数)';
COMMENT ON COLUMN kefu_bi.satisfaction.asked_count IS 'asked whether they are satisfied (已询问数)';
COMMENT ON COLUMN kefu_bi.satisfaction.no_reply_count IS 'asked without a reply, closure by silence included (未参评数)';
COMMENT ON COLUMN kefu_bi.satisfaction.satisfied_count IS 'satisfied, by their last word (满意数)';
COMMENT ON COLUMN kefu_bi.satisfaction.dissatisfied_count IS 'dissatisfied, by their last word (不满意数)';
COMMENT ON COLUMN kefu_bi.satisfaction.rated_count IS 'said one or the other (参评数)';
COMMENT ON COLUMN kefu_bi.satisfaction.satisfied_pct IS 'satisfied by rated; NULL nobody rated (满意率; ruling 24)';
COMMENT ON COLUMN kefu_bi.satisfaction.rated_pct IS 'rated by asked; NULL nobody asked (参评率; ruling 24)';
COMMENT ON COLUMN kefu_bi.satisfaction.is_small IS 'fewer than 30 rated: the share says little (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.satisfaction.is_ranked IS 'at least 10 rated: may stand in a ranking (是否参与排名; ruling 24)';

CREATE VIEW kefu_bi.complaint_repeats WITH (security_barrier) AS
WITH figure AS (
    SELECT t.unit, (date_trunc('month', t.posted_at AT TIME ZONE 'Asia/Shanghai'))::date AS local_month,
           count(*) AS complaints, count(t.repeat_of) AS repeats
      FROM kefu.ticket t
     WHERE t.unit = ANY ((SELECT kefu.my_units())::text[]) AND t.kind = 'complaint'
       AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped')
     GROUP BY 1, 2
)
SELECT f.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       f.local_month,
       f.complaints AS complaint_count,
       f.repeats AS repeat_count,
       round(100.0 * f.repeats / nullif(f.complaints, 0), 2) AS repeat_pct,
       f.complaints < 30 AS is_small,
       f.complaints >= 10 AS is_ranked
  FROM figure f
  LEFT JOIN kefu.unit hu ON hu.unit = f.unit;
COMMENT ON VIEW kefu_bi.complaint_repeats IS
'Repeated complaints a handling unit and month. Population: complaints that count. Window: month of the post; the 30 days before are 720 hours before the post, as the ticket was linked when it came. A complaint that goes on in its own ticket is a round, no repeat. Zero rule: a unit and month without a complaint has no row, so the share is never NULL (重复投诉率; ruling 19)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.unit IS 'handling unit (处理机构)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.local_month IS 'first day of the month of the post, in Beijing (月份)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.complaint_count IS 'complaints that count (投诉数)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.repeat_count IS 'of these, the same person had the same matter within 30 days before (重复投诉数; ruling 19)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.repeat_pct IS 'share; never NULL, a row has at least one complaint (重复投诉率)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.is_small IS 'fewer than 30: the share says little (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.complaint_repeats.is_ranked IS 'at least 10: may stand in a ranking (是否参与排名; ruling 24)';

CREATE VIEW kefu_bi.complaint_matters WITH (security_barrier) AS
WITH figure AS (
    SELECT (date_trunc('month', t.posted_at AT TIME ZONE 'Asia/Shanghai'))::date AS local_month, t.home_unit, t.category,
           count(*) AS complaints, count(DISTINCT t.person_id) AS persons, count(t.repeat_of) AS repeats
      FROM kefu.ticket t
     WHERE (t.unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.received_unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.home_unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]))
       AND t.kind = 'complaint' AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped')
     GROUP BY 1, 2, 3
)
SELECT f.local_month,
       f.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       split_part(f.category, '.', 1) AS business,
       tm.name_zh AS business_label_zh,
       tm.name_en AS business_label_en,
       f.category,
       cm.name_zh AS category_label_zh,
       cm.name_en AS category_label_en,
       f.complaints AS complaint_count,
       f.persons AS person_count,
       f.repeats AS repeat_count,
       sum(f.complaints) OVER (PARTITION BY f.local_month)::bigint AS month_count,
       round(100.0 * f.complaints / sum(f.complaints) OVER (PARTITION BY f.local_month), 2) AS month_pct,
       f.complaints < 30 AS is_small
  FROM figure f
  LEFT JOIN kefu.unit ou ON ou.unit = f.home_unit
  LEFT JOIN kefu.matter cm ON cm.axis = 'phenomenon' AND cm.matter = f.category
  LEFT JOIN kefu.matter tm ON tm.axis = 'phenomenon' AND tm.matter = split_part(f.category, '.', 1);
COMMENT ON VIEW kefu_bi.complaint_matters IS
'Which business and which province have how many complaints, a month. Population: complaints that count, of the reader''s units by handling, receipt or home. Window: month of the post. Zero rule: a pair without complaints has no row (投诉业务与省份; R112, R117, ruling 24)';
COMMENT ON COLUMN kefu_bi.complaint_matters.local_month IS 'first day of the month of the post, in Beijing (月份)';
COMMENT ON COLUMN kefu_bi.complaint_matters.home_unit IS 'customers'' home unit, by which R117 counts; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.complaint_matters.home_unit_label_zh IS 'Chinese label of home_unit (归属机构标签)';
COMMENT ON COLUMN kefu_bi.complaint_matters.home_unit_label_en IS 'English label of home_unit (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_matters.business IS 'top of the category: the business; NULL not named (业务)';
COMMENT ON COLUMN kefu_bi.complaint_matters.business_label_zh IS 'Chinese label of business; NULL not in the tree (业务标签)';
COMMENT ON COLUMN kefu_bi.complaint_matters.business_label_en IS 'English label of business; NULL not in the tree (业务英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_matters.category IS 'category; NULL not named (分类)';
COMMENT ON COLUMN kefu_bi.complaint_matters.category_label_zh IS 'Chinese label of category (分类标签)';
COMMENT ON COLUMN kefu_bi.complaint_matters.category_label_en IS 'English label of category (分类英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_matters.complaint_count IS 'complaints (投诉数)';
COMMENT ON COLUMN kefu_bi.complaint_matters.person_count IS 'customers; must not be added over rows (客户数)';
COMMENT ON COLUMN kefu_bi.complaint_matters.repeat_count IS 'complaints that repeat one of the last 30 days (重复投诉数)';
COMMENT ON COLUMN kefu_bi.complaint_matters.month_count IS 'all complaints of the month that the reader sees (当月投诉数)';
COMMENT ON COLUMN kefu_bi.complaint_matters.month_pct IS 'share of these; never NULL (占当月比例)';
COMMENT ON COLUMN kefu_bi.complaint_matters.is_small IS 'fewer than 30: a trend of it says little (是否小样本; ruling 24)';
