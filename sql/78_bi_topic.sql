-- 78_bi_topic: same-matter topics and what is in them.
--
-- As 70_bi: owner's rights, the caller's units once a query.

CREATE VIEW kefu_bi.topics WITH (security_barrier) AS
SELECT t.topic_id,
       t.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       t.category,
       m.name_zh AS category_label_zh,
       m.name_en AS category_label_en,
       t.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       t.messages_count,
       t.persons_count,
       t.platforms_count,
       t.needs_solution,
       t.reached_by,
       CASE t.reached_by WHEN 'inquiry_persons' THEN '咨询人数' WHEN 'inquiry_platforms' THEN '咨询平台数'
                         WHEN 'complaint_persons' THEN '投诉人数' WHEN 'complaint_platforms' THEN '投诉平台数'
           END AS reached_by_label_zh,
       CASE t.reached_by WHEN 'inquiry_persons' THEN 'persons who asked' WHEN 'inquiry_platforms' THEN 'platforms asked on'
                         WHEN 'complaint_persons' THEN 'persons who complained' WHEN 'complaint_platforms' THEN 'platforms complained on'
           END AS reached_by_label_en,
       t.is_recounted,
       t.decision,
       CASE t.decision WHEN 'announce' THEN '发文' WHEN 'wait' THEN '待解决' END AS decision_label_zh,
       CASE t.decision WHEN 'announce' THEN 'post' WHEN 'wait' THEN 'wait for a solution' END AS decision_label_en,
       t.first_posted_at,
       (t.first_posted_at AT TIME ZONE 'Asia/Shanghai')::date AS first_posted_local_date,
       extract(hour FROM t.first_posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS first_posted_local_hour,
       t.last_posted_at,
       (t.last_posted_at AT TIME ZONE 'Asia/Shanghai')::date AS last_posted_local_date,
       extract(hour FROM t.last_posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS last_posted_local_hour,
       t.reached_at,
       (t.reached_at AT TIME ZONE 'Asia/Shanghai')::date AS reached_local_date,
       extract(hour FROM t.reached_at AT TIME ZONE 'Asia/Shanghai')::integer AS reached_local_hour,
       t.published_at,
       (t.published_at AT TIME ZONE 'Asia/Shanghai')::date AS published_local_date,
       extract(hour FROM t.published_at AT TIME ZONE 'Asia/Shanghai')::integer AS published_local_hour,
       extract(epoch FROM t.published_at - t.reached_at)::bigint AS publish_seconds,
       t.account,
       t.link,
       t.merged_into
  FROM kefu.topic t
  JOIN kefu.unit u ON u.unit = t.unit
  JOIN kefu.state s ON s.machine = 'topic' AND s.state = t.state
  LEFT JOIN kefu.matter m ON m.axis = 'phenomenon' AND m.matter = t.category
 WHERE t.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.topics IS 'Same-matter topics, their counts, the threshold they reached and what became of it (同类问题; R92, R116)';
COMMENT ON COLUMN kefu_bi.topics.topic_id IS 'number (同类问题编号)';
COMMENT ON COLUMN kefu_bi.topics.unit IS 'handling unit (处理机构)';
COMMENT ON COLUMN kefu_bi.topics.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.topics.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.topics.category IS 'category of its first message; NULL none (业务分类)';
COMMENT ON COLUMN kefu_bi.topics.category_label_zh IS 'Chinese label of category; NULL none (业务分类标签)';
COMMENT ON COLUMN kefu_bi.topics.category_label_en IS 'English label of category; NULL none (业务分类英文标签)';
COMMENT ON COLUMN kefu_bi.topics.state IS 'state (状态)';
COMMENT ON COLUMN kefu_bi.topics.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.topics.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.topics.messages_count IS 'messages in it at the last count; 0 once merged away (消息数)';
COMMENT ON COLUMN kefu_bi.topics.persons_count IS 'distinct persons at the last count (人数; ruling 5)';
COMMENT ON COLUMN kefu_bi.topics.platforms_count IS 'distinct platforms at the last count (平台数)';
COMMENT ON COLUMN kefu_bi.topics.needs_solution IS 'complaints or negative comments are in it (是否须先解决)';
COMMENT ON COLUMN kefu_bi.topics.reached_by IS 'threshold it reached first; NULL none (达到的门槛)';
COMMENT ON COLUMN kefu_bi.topics.reached_by_label_zh IS 'Chinese label of reached_by; NULL none (达到的门槛标签)';
COMMENT ON COLUMN kefu_bi.topics.reached_by_label_en IS 'English label of reached_by (达到的门槛英文标签)';
COMMENT ON COLUMN kefu_bi.topics.is_recounted IS 'counted anew after that: persons were merged or split, topics merged, or a message''s ticket or its kind changed (是否重新计数; ruling 6)';
COMMENT ON COLUMN kefu_bi.topics.decision IS 'announce or wait; NULL undecided (决定)';
COMMENT ON COLUMN kefu_bi.topics.decision_label_zh IS 'Chinese label of decision; NULL undecided (决定标签)';
COMMENT ON COLUMN kefu_bi.topics.decision_label_en IS 'English label of decision (决定英文标签)';
COMMENT ON COLUMN kefu_bi.topics.first_posted_at IS 'earliest post; NULL once merged away (最早发布时间)';
COMMENT ON COLUMN kefu_bi.topics.first_posted_local_date IS 'Beijing date of first_posted_at (最早发布日期)';
COMMENT ON COLUMN kefu_bi.topics.first_posted_local_hour IS 'Beijing hour of first_posted_at, 0 to 23 (最早发布小时)';
COMMENT ON COLUMN kefu_bi.topics.last_posted_at IS 'latest post; NULL once merged away (最近发布时间)';
COMMENT ON COLUMN kefu_bi.topics.last_posted_local_date IS 'Beijing date of last_posted_at (最近发布日期)';
COMMENT ON COLUMN kefu_bi.topics.last_posted_local_hour IS 'Beijing hour of last_posted_at, 0 to 23 (最近发布小时)';
COMMENT ON COLUMN kefu_bi.topics.reached_at IS 'post that reached the threshold; NULL none (达到门槛时间)';
COMMENT ON COLUMN kefu_bi.topics.reached_local_date IS 'Beijing date of reached_at (达到门槛日期)';
COMMENT ON COLUMN kefu_bi.topics.reached_local_hour IS 'Beijing hour of reached_at, 0 to 23 (达到门槛小时)';
COMMENT ON COLUMN kefu_bi.topics.published_at IS 'when the public answer was published; NULL not (发文时间)';
COMMENT ON COLUMN kefu_bi.topics.published_local_date IS 'Beijing date of published_at (发文日期)';
COMMENT ON COLUMN kefu_bi.topics.published_local_hour IS 'Beijing hour of published_at, 0 to 23 (发文小时)';
COMMENT ON COLUMN kefu_bi.topics.publish_seconds IS 'seconds from reached_at to published_at; NULL not published (发文用时)';
COMMENT ON COLUMN kefu_bi.topics.account IS 'account that published; NULL not (发文账号)';
COMMENT ON COLUMN kefu_bi.topics.link IS 'address of the public answer; NULL none (发文链接)';
COMMENT ON COLUMN kefu_bi.topics.merged_into IS 'topic it goes on as; NULL none (并入)';

CREATE VIEW kefu_bi.topic_messages WITH (security_barrier) AS
SELECT x.topic_id,
       x.message_id,
       g.ticket_id,
       t.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       x.why,
       CASE x.why WHEN 'first' THEN '首条' WHEN 'text' THEN '文本相似' WHEN 'category' THEN '同类且相近'
                  ELSE '同一个案' END AS why_label_zh,
       CASE x.why WHEN 'first' THEN 'first' WHEN 'text' THEN 'similar text' WHEN 'category' THEN 'same matter and near'
                  ELSE 'same ticket' END AS why_label_en,
       x.like_message,
       x.similarity,
       x.added_at,
       (x.added_at AT TIME ZONE 'Asia/Shanghai')::date AS added_local_date,
       extract(hour FROM x.added_at AT TIME ZONE 'Asia/Shanghai')::integer AS added_local_hour
  FROM kefu.topic_message x
  JOIN kefu.topic t USING (topic_id)
  JOIN kefu.message g USING (message_id)
  LEFT JOIN kefu.unit u ON u.unit = t.unit
  JOIN kefu.platform p ON p.platform = g.platform
 WHERE t.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.topic_messages IS 'Which message is in which topic, and why (同类消息; R92, R116)';
COMMENT ON COLUMN kefu_bi.topic_messages.topic_id IS 'topic (同类问题编号)';
COMMENT ON COLUMN kefu_bi.topic_messages.message_id IS 'message (消息编号)';
COMMENT ON COLUMN kefu_bi.topic_messages.ticket_id IS 'its ticket (工单编号)';
COMMENT ON COLUMN kefu_bi.topic_messages.unit IS 'unit of the topic (机构)';
COMMENT ON COLUMN kefu_bi.topic_messages.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.topic_messages.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.topic_messages.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.topic_messages.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.topic_messages.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.topic_messages.why IS 'first, text, category or ticket (归类依据)';
COMMENT ON COLUMN kefu_bi.topic_messages.why_label_zh IS 'Chinese label of why (归类依据标签)';
COMMENT ON COLUMN kefu_bi.topic_messages.why_label_en IS 'English label of why (归类依据英文标签)';
COMMENT ON COLUMN kefu_bi.topic_messages.like_message IS 'message it is most like; NULL for the first (最相似消息)';
COMMENT ON COLUMN kefu_bi.topic_messages.similarity IS 'how alike, 0 to 1; NULL for the first (相似度)';
COMMENT ON COLUMN kefu_bi.topic_messages.added_at IS 'when it was put there (归类时间)';
COMMENT ON COLUMN kefu_bi.topic_messages.added_local_date IS 'Beijing date of added_at (归类日期)';
COMMENT ON COLUMN kefu_bi.topic_messages.added_local_hour IS 'Beijing hour of added_at, 0 to 23 (归类小时)';
