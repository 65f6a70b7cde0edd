-- 78_bi_opinion: opinions, how they were asked for, and how the desk fares with
-- them.
--
-- As 70_bi: owner's rights, the caller's units once a query. No words: what
-- customers said, masked, is in kefu.report_opinions(), which desk and
-- departments call. Persons are counted when a view is read.

CREATE VIEW kefu_bi.opinions WITH (security_barrier) AS
SELECT o.opinion_id,
       o.desk_unit AS unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       o.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       CASE WHEN o.survey_id IS NULL THEN 'passive' ELSE 'active' END AS source,
       ls.label_zh AS source_label_zh,
       ls.label_en AS source_label_en,
       o.survey_id,
       o.message_id,
       g.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       n.person_key,
       o.item,
       pm.name_zh AS item_label_zh,
       pm.name_en AS item_label_en,
       o.category,
       cm.name_zh AS category_label_zh,
       cm.name_en AS category_label_en,
       o.merged_into,
       EXISTS (SELECT FROM kefu.opinion x WHERE x.merged_into = o.opinion_id) AS is_collective,
       n.submissions_count,
       n.persons_count,
       o.department,
       du.name_zh AS department_label_zh,
       du.name_en AS department_label_en,
       o.unit <> o.desk_unit AS is_with_department,
       o.report,
       o.posted_at,
       (o.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS posted_local_date,
       extract(hour FROM o.posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS posted_local_hour,
       o.recorded_at,
       (o.recorded_at AT TIME ZONE 'Asia/Shanghai')::date AS recorded_local_date,
       extract(hour FROM o.recorded_at AT TIME ZONE 'Asia/Shanghai')::integer AS recorded_local_hour,
       o.screened_at,
       (o.screened_at AT TIME ZONE 'Asia/Shanghai')::date AS screened_local_date,
       extract(hour FROM o.screened_at AT TIME ZONE 'Asia/Shanghai')::integer AS screened_local_hour,
       o.reported_at,
       (o.reported_at AT TIME ZONE 'Asia/Shanghai')::date AS reported_local_date,
       extract(hour FROM o.reported_at AT TIME ZONE 'Asia/Shanghai')::integer AS reported_local_hour,
       o.adopted_at,
       (o.adopted_at AT TIME ZONE 'Asia/Shanghai')::date AS adopted_local_date,
       extract(hour FROM o.adopted_at AT TIME ZONE 'Asia/Shanghai')::integer AS adopted_local_hour,
       o.handled_at,
       (o.handled_at AT TIME ZONE 'Asia/Shanghai')::date AS handled_local_date,
       extract(hour FROM o.handled_at AT TIME ZONE 'Asia/Shanghai')::integer AS handled_local_hour,
       o.closed_at,
       (o.closed_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_local_date,
       extract(hour FROM o.closed_at AT TIME ZONE 'Asia/Shanghai')::integer AS closed_local_hour,
       extract(epoch FROM o.screened_at - o.recorded_at)::bigint AS screen_seconds,
       extract(epoch FROM o.closed_at - o.handled_at)::bigint AS feedback_seconds,
       o.account,
       o.link
  FROM kefu.opinion o
  JOIN kefu.message g USING (message_id)
  JOIN kefu.unit u ON u.unit = o.desk_unit
  JOIN kefu.state s ON s.machine = 'opinion' AND s.state = o.state
  JOIN kefu_bi.labels ls ON ls.code_kind = 'opinion_source'
       AND ls.code = CASE WHEN o.survey_id IS NULL THEN 'passive' ELSE 'active' END
  JOIN kefu.count_opinions() n USING (opinion_id)
  LEFT JOIN kefu.unit du ON du.unit = o.department
  LEFT JOIN kefu.matter pm ON pm.axis = 'product' AND pm.matter = o.item
  LEFT JOIN kefu.matter cm ON cm.axis = 'phenomenon' AND cm.matter = o.category
  JOIN kefu.platform p ON p.platform = g.platform
 WHERE o.desk_unit = ANY ((SELECT kefu.my_units())::text[])
    OR o.department = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.opinions IS
'One row an opinion of any state, merged ones too; seen by readers of the unit that collected it and of the department it was reported to (意见; R132-R137)';
COMMENT ON COLUMN kefu_bi.opinions.opinion_id IS 'number (意见编号)';
COMMENT ON COLUMN kefu_bi.opinions.unit IS 'unit that collected it, the one scorecards count for (收集机构)';
COMMENT ON COLUMN kefu_bi.opinions.unit_label_zh IS 'Chinese label of unit (收集机构标签)';
COMMENT ON COLUMN kefu_bi.opinions.unit_label_en IS 'English label of unit (收集机构英文标签)';
COMMENT ON COLUMN kefu_bi.opinions.state IS 'state (状态)';
COMMENT ON COLUMN kefu_bi.opinions.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.opinions.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.opinions.source IS 'active: under the post of a survey; passive: in any other message (来源; R135)';
COMMENT ON COLUMN kefu_bi.opinions.source_label_zh IS 'Chinese label of source (来源标签)';
COMMENT ON COLUMN kefu_bi.opinions.source_label_en IS 'English label of source (来源英文标签)';
COMMENT ON COLUMN kefu_bi.opinions.survey_id IS 'survey it answers; NULL passive (征集编号; R136)';
COMMENT ON COLUMN kefu_bi.opinions.message_id IS 'message that it is (消息编号; R135)';
COMMENT ON COLUMN kefu_bi.opinions.platform IS 'platform of the message (平台)';
COMMENT ON COLUMN kefu_bi.opinions.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.opinions.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.opinions.person_key IS 'submitter as known today, for counting customers; means nothing outside (用户标识; R135, ruling 5)';
COMMENT ON COLUMN kefu_bi.opinions.item IS 'product or service concerned (意见所属项; R135)';
COMMENT ON COLUMN kefu_bi.opinions.item_label_zh IS 'Chinese label of item; NULL not in the tree (意见所属项标签)';
COMMENT ON COLUMN kefu_bi.opinions.item_label_en IS 'English label of item; NULL not in the tree (意见所属项英文标签)';
COMMENT ON COLUMN kefu_bi.opinions.category IS 'category; NULL not screened yet (意见分类; R134)';
COMMENT ON COLUMN kefu_bi.opinions.category_label_zh IS 'Chinese label of category; NULL none (意见分类标签)';
COMMENT ON COLUMN kefu_bi.opinions.category_label_en IS 'English label of category; NULL none (意见分类英文标签)';
COMMENT ON COLUMN kefu_bi.opinions.merged_into IS 'collective opinion it goes on as; NULL none (归并至)';
COMMENT ON COLUMN kefu_bi.opinions.is_collective IS 'others were merged into it (是否群体性意见; R133)';
COMMENT ON COLUMN kefu_bi.opinions.submissions_count IS 'how often it was put forward, with all that were merged into it, from 1 (提出次数; R134)';
COMMENT ON COLUMN kefu_bi.opinions.persons_count IS 'distinct persons of those as known today, from 1 (提出人数; R134, ruling 5)';
COMMENT ON COLUMN kefu_bi.opinions.department IS 'department it was reported to; NULL not (上报部门; R134)';
COMMENT ON COLUMN kefu_bi.opinions.department_label_zh IS 'Chinese label of department; NULL not (上报部门标签)';
COMMENT ON COLUMN kefu_bi.opinions.department_label_en IS 'English label of department; NULL not (上报部门英文标签)';
COMMENT ON COLUMN kefu_bi.opinions.is_with_department IS 'the department has it and has to decide or act (是否在部门)';
COMMENT ON COLUMN kefu_bi.opinions.report IS 'report it stands in; NULL not (上报报告; R134)';
COMMENT ON COLUMN kefu_bi.opinions.posted_at IS 'customer''s own post time (提出时间)';
COMMENT ON COLUMN kefu_bi.opinions.posted_local_date IS 'Beijing date of posted_at (提出日期)';
COMMENT ON COLUMN kefu_bi.opinions.posted_local_hour IS 'Beijing hour of posted_at, 0 to 23 (提出小时)';
COMMENT ON COLUMN kefu_bi.opinions.recorded_at IS 'when it was recorded (记录时间)';
COMMENT ON COLUMN kefu_bi.opinions.recorded_local_date IS 'Beijing date of recorded_at (记录日期)';
COMMENT ON COLUMN kefu_bi.opinions.recorded_local_hour IS 'Beijing hour of recorded_at, 0 to 23 (记录小时)';
COMMENT ON COLUMN kefu_bi.opinions.screened_at IS 'when it was screened, screened out or merged; NULL not yet (筛选时间)';
COMMENT ON COLUMN kefu_bi.opinions.screened_local_date IS 'Beijing date of screened_at (筛选日期)';
COMMENT ON COLUMN kefu_bi.opinions.screened_local_hour IS 'Beijing hour of screened_at, 0 to 23 (筛选小时)';
COMMENT ON COLUMN kefu_bi.opinions.reported_at IS 'when it was reported last; NULL not (上报时间)';
COMMENT ON COLUMN kefu_bi.opinions.reported_local_date IS 'Beijing date of reported_at (上报日期)';
COMMENT ON COLUMN kefu_bi.opinions.reported_local_hour IS 'Beijing hour of reported_at, 0 to 23 (上报小时)';
COMMENT ON COLUMN kefu_bi.opinions.adopted_at IS 'when it was adopted; NULL not (采纳时间)';
COMMENT ON COLUMN kefu_bi.opinions.adopted_local_date IS 'Beijing date of adopted_at (采纳日期)';
COMMENT ON COLUMN kefu_bi.opinions.adopted_local_hour IS 'Beijing hour of adopted_at, 0 to 23 (采纳小时)';
COMMENT ON COLUMN kefu_bi.opinions.handled_at IS 'when it was carried out; NULL not (落实时间)';
COMMENT ON COLUMN kefu_bi.opinions.handled_local_date IS 'Beijing date of handled_at (落实日期)';
COMMENT ON COLUMN kefu_bi.opinions.handled_local_hour IS 'Beijing hour of handled_at, 0 to 23 (落实小时)';
COMMENT ON COLUMN kefu_bi.opinions.closed_at IS 'when it was over; NULL open (结束时间)';
COMMENT ON COLUMN kefu_bi.opinions.closed_local_date IS 'Beijing date of closed_at (结束日期)';
COMMENT ON COLUMN kefu_bi.opinions.closed_local_hour IS 'Beijing hour of closed_at, 0 to 23 (结束小时)';
COMMENT ON COLUMN kefu_bi.opinions.screen_seconds IS 'seconds from recorded_at to screened_at; NULL not screened (筛选用时)';
COMMENT ON COLUMN kefu_bi.opinions.feedback_seconds IS 'seconds from handled_at to closed_at; NULL not carried out or no feedback yet (反馈用时)';
COMMENT ON COLUMN kefu_bi.opinions.account IS 'account of the feedback post; NULL none (反馈账号; R133)';
COMMENT ON COLUMN kefu_bi.opinions.link IS 'address of the feedback post; NULL none (反馈链接; R133)';

CREATE VIEW kefu_bi.surveys WITH (security_barrier) AS
SELECT v.survey_id,
       v.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       v.title,
       v.occasion,
       lo.label_zh AS occasion_label_zh,
       lo.label_en AS occasion_label_en,
       v.item,
       pm.name_zh AS item_label_zh,
       pm.name_en AS item_label_en,
       v.open_from AS open_from_at,
       (v.open_from AT TIME ZONE 'Asia/Shanghai')::date AS open_from_local_date,
       extract(hour FROM v.open_from AT TIME ZONE 'Asia/Shanghai')::integer AS open_from_local_hour,
       v.open_until AS open_until_at,
       (v.open_until AT TIME ZONE 'Asia/Shanghai')::date AS open_until_local_date,
       extract(hour FROM v.open_until AT TIME ZONE 'Asia/Shanghai')::integer AS open_until_local_hour,
       (SELECT count(*) FROM kefu.survey_post x WHERE x.survey_id = v.survey_id) AS posts_count,
       coalesce(c.opinions_count, 0) AS opinions_count,
       coalesce(c.persons_count, 0) AS persons_count
  FROM kefu.survey v
  JOIN kefu.unit u ON u.unit = v.unit
  JOIN kefu_bi.labels lo ON lo.code_kind = 'survey_occasion' AND lo.code = v.occasion
  LEFT JOIN kefu.matter pm ON pm.axis = 'product' AND pm.matter = v.item
  LEFT JOIN (SELECT o.survey_id, count(*) AS opinions_count, count(DISTINCT n.person_key) AS persons_count
               FROM kefu.opinion o JOIN kefu.count_opinions() n USING (opinion_id)
              GROUP BY o.survey_id) AS c ON c.survey_id = v.survey_id
 WHERE v.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.surveys IS 'What customers were asked, when, and how many answered with an opinion (意见征集; R136)';
COMMENT ON COLUMN kefu_bi.surveys.survey_id IS 'number (征集编号)';
COMMENT ON COLUMN kefu_bi.surveys.unit IS 'unit that asks (征集机构)';
COMMENT ON COLUMN kefu_bi.surveys.unit_label_zh IS 'Chinese label of unit (征集机构标签)';
COMMENT ON COLUMN kefu_bi.surveys.unit_label_en IS 'English label of unit (征集机构英文标签)';
COMMENT ON COLUMN kefu_bi.surveys.title IS 'what is asked (征集标题)';
COMMENT ON COLUMN kefu_bi.surveys.occasion IS 'released or planned (征集时机; R136)';
COMMENT ON COLUMN kefu_bi.surveys.occasion_label_zh IS 'Chinese label of occasion (征集时机标签)';
COMMENT ON COLUMN kefu_bi.surveys.occasion_label_en IS 'English label of occasion (征集时机英文标签)';
COMMENT ON COLUMN kefu_bi.surveys.item IS 'product or service (意见所属项)';
COMMENT ON COLUMN kefu_bi.surveys.item_label_zh IS 'Chinese label of item; NULL not in the tree (意见所属项标签)';
COMMENT ON COLUMN kefu_bi.surveys.item_label_en IS 'English label of item; NULL not in the tree (意见所属项英文标签)';
COMMENT ON COLUMN kefu_bi.surveys.open_from_at IS 'what is posted from then on answers it (开始时间)';
COMMENT ON COLUMN kefu_bi.surveys.open_from_local_date IS 'Beijing date of open_from_at (开始日期)';
COMMENT ON COLUMN kefu_bi.surveys.open_from_local_hour IS 'Beijing hour of open_from_at, 0 to 23 (开始小时)';
COMMENT ON COLUMN kefu_bi.surveys.open_until_at IS 'what is posted before then answers it; NULL open-ended (截止时间)';
COMMENT ON COLUMN kefu_bi.surveys.open_until_local_date IS 'Beijing date of open_until_at (截止日期)';
COMMENT ON COLUMN kefu_bi.surveys.open_until_local_hour IS 'Beijing hour of open_until_at, 0 to 23 (截止小时)';
COMMENT ON COLUMN kefu_bi.surveys.posts_count IS 'posts that ask; 0 none registered yet (发文数)';
COMMENT ON COLUMN kefu_bi.surveys.opinions_count IS 'opinions recorded under them; 0 none (意见数)';
COMMENT ON COLUMN kefu_bi.surveys.persons_count IS 'distinct submitters as known today; 0 none (提出人数; ruling 5)';

CREATE VIEW kefu_bi.opinion_kpis WITH (security_barrier) AS
WITH counted AS (
    SELECT o.desk_unit AS unit, date_trunc('month', o.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS month,
           count(*) AS received_count,
           count(o.survey_id) AS active_count,
           count(*) - count(o.survey_id) AS passive_count,
           count(DISTINCT n.person_key) AS persons_count,
           count(*) FILTER (WHERE EXISTS (SELECT FROM kefu.opinion x WHERE x.merged_into = o.opinion_id)) AS collective_count,
           count(*) FILTER (WHERE s.outcome IN ('kept', 'late')
                               OR s.stopped_at IS NULL AND s.due_at <= kefu.now()) AS screening_due_count,
           count(*) FILTER (WHERE s.outcome = 'kept') AS screened_in_time_count,
           count(*) FILTER (WHERE o.state = 'discarded') AS discarded_count,
           count(*) FILTER (WHERE o.state = 'merged') AS merged_count,
           count(o.reported_at) AS reported_count,
           count(o.adopted_at) AS adopted_count,
           count(*) FILTER (WHERE o.state = 'declined') AS declined_count,
           count(o.handled_at) AS handled_count,
           count(o.native_id) AS feedback_count,
           count(*) FILTER (WHERE f.outcome IN ('kept', 'late')
                               OR f.stopped_at IS NULL AND f.due_at <= kefu.now()) AS feedback_due_count,
           count(*) FILTER (WHERE f.outcome = 'kept') AS feedback_in_time_count
      FROM kefu.opinion o
      JOIN kefu.count_opinions() n USING (opinion_id)
      LEFT JOIN kefu.clock s ON s.object_type = 'opinion' AND s.object_id = o.opinion_id AND s.clock = 'opinion_screen'
      LEFT JOIN kefu.clock f ON f.object_type = 'opinion' AND f.object_id = o.opinion_id AND f.clock = 'opinion_feedback'
     WHERE o.desk_unit = ANY ((SELECT kefu.my_units())::text[])
     GROUP BY 1, 2
)
SELECT k.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       k.month,
       k.received_count,
       k.active_count,
       k.passive_count,
       k.persons_count,
       k.collective_count,
       k.screening_due_count,
       k.screened_in_time_count,
       round(100.0 * k.screened_in_time_count / nullif(k.screening_due_count, 0), 1) AS screened_in_time_pct,
       k.discarded_count,
       k.merged_count,
       k.reported_count,
       k.adopted_count,
       round(100.0 * k.adopted_count / nullif(k.reported_count, 0), 1) AS adopted_pct,
       k.declined_count,
       k.handled_count,
       k.feedback_count,
       round(100.0 * k.feedback_count / nullif(k.handled_count, 0), 1) AS feedback_pct,
       k.feedback_due_count,
       k.feedback_in_time_count,
       round(100.0 * k.feedback_in_time_count / nullif(k.feedback_due_count, 0), 1) AS feedback_in_time_pct
  FROM counted k
  JOIN kefu.unit u ON u.unit = k.unit;
COMMENT ON VIEW kefu_bi.opinion_kpis IS
'Per unit and month of the posts: what became of the opinions so far, and how many promises were kept. Zero rule: a share of nothing is NULL; months without an opinion have no row (意见指标; R132, R133, R134)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.unit IS 'unit that collected them (收集机构)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.unit_label_zh IS 'Chinese label of unit (收集机构标签)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.unit_label_en IS 'English label of unit (收集机构英文标签)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.month IS 'first day of the Beijing month in which they were posted (月份)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.received_count IS 'opinions recorded, each message one, merged ones too (收到意见数; R132)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.active_count IS 'of them under the posts of surveys; 0 none (主动征集数; R136)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.passive_count IS 'of them in other messages; 0 none (被动收集数; R137)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.persons_count IS 'distinct submitters as known today (提出人数; ruling 5)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.collective_count IS 'opinions into which others were merged; 0 none (群体性意见数; R133)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.screening_due_count IS 'opinions whose screening was done or is overdue (应筛选数; R134)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.screened_in_time_count IS 'of them screened, screened out or merged within the promise, 24 hours as shipped (按时筛选数; R134)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.screened_in_time_pct IS 'screened_in_time_count by screening_due_count, 0 to 100; NULL none due (按时筛选率; R134)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.discarded_count IS 'screened out; 0 none (筛除数)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.merged_count IS 'merged into others; 0 none (归并数)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.reported_count IS 'reported to a department; 0 none (上报数; R134)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.adopted_count IS 'adopted by it, carried out or not; 0 none (采纳数; R132)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.adopted_pct IS 'adopted_count by reported_count, 0 to 100; NULL none reported (采纳率; R132)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.declined_count IS 'declined; 0 none (未采纳数)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.handled_count IS 'carried out; 0 none (落实数; R133)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.feedback_count IS 'carried out and told by a feedback post; 0 none (发文反馈数; R133)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.feedback_pct IS 'feedback_count by handled_count, 0 to 100; NULL none carried out (发文反馈率; R133)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.feedback_due_count IS 'whose feedback was given or is overdue; 0 none (应反馈数; R133)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.feedback_in_time_count IS 'of them within the promise, 3 days as shipped; 0 none (按时反馈数; R133)';
COMMENT ON COLUMN kefu_bi.opinion_kpis.feedback_in_time_pct IS 'feedback_in_time_count by feedback_due_count, 0 to 100; NULL none due (按时反馈率; R133)';
