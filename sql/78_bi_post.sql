-- 78_bi_post: requests, posts, their reviews, placements, and the days of accounts.
--
-- As 70_bi: owner's rights, the caller's units once a query. Posts are public, so
-- their words are shown; who wrote them isn't.

CREATE VIEW kefu_bi.post_kinds WITH (security_barrier) AS
SELECT k.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       k.mix,
       k.slot,
       k.is_soft,
       k.is_urgent,
       k.sort
  FROM kefu.post_kind k;
COMMENT ON VIEW kefu_bi.post_kinds IS 'Kinds of post, the same for every unit (博文类别; R44-R50, R61)';
COMMENT ON COLUMN kefu_bi.post_kinds.kind IS 'code (类别代码)';
COMMENT ON COLUMN kefu_bi.post_kinds.kind_label_zh IS 'Chinese label of kind (类别标签)';
COMMENT ON COLUMN kefu_bi.post_kinds.kind_label_en IS 'English label of kind (类别英文标签)';
COMMENT ON COLUMN kefu_bi.post_kinds.mix IS 'what 6:3:1 counts it as; NULL not (配比类别; R50)';
COMMENT ON COLUMN kefu_bi.post_kinds.slot IS 'fixed slot; NULL none (固定时段)';
COMMENT ON COLUMN kefu_bi.post_kinds.is_soft IS 'welfare, news or culture (是否公益新闻文化; R61)';
COMMENT ON COLUMN kefu_bi.post_kinds.is_urgent IS 'may go the urgent path (是否应急)';
COMMENT ON COLUMN kefu_bi.post_kinds.sort IS 'order (排序)';

CREATE VIEW kefu_bi.posting_rules WITH (security_barrier) AS
SELECT r.rule,
       lr.label_zh AS rule_label_zh,
       lr.label_en AS rule_label_en,
       r.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       nullif(r.account, '') AS account,
       r.valid_from AS valid_from_at,
       (r.valid_from AT TIME ZONE 'Asia/Shanghai')::date AS valid_from_local_date,
       extract(hour FROM r.valid_from AT TIME ZONE 'Asia/Shanghai')::integer AS valid_from_local_hour,
       r.at_least,
       r.at_most,
       r.from_time,
       r.to_time,
       r.effect,
       le.label_zh AS effect_label_zh,
       le.label_en AS effect_label_en,
       r.latitude,
       ll.label_zh AS latitude_label_zh,
       ll.label_en AS latitude_label_en,
       r.rulebook,
       coalesce(r.valid_from = max(r.valid_from) FILTER (WHERE r.valid_from <= kefu.now())
                               OVER (PARTITION BY r.rule, r.unit, r.account), false) AS is_in_force,
       w.own IS NOT NULL AS has_given_way
  FROM kefu.posting_rule r
  JOIN kefu.unit u USING (unit)
  LEFT JOIN kefu.rule_given_way w ON (w.rule_set, w.rule, w.unit, w.account, w.given_way_at)
                                   = ('posting_rule', r.rule, r.unit, r.account, r.valid_from)
  LEFT JOIN kefu_bi.labels lr ON lr.code_kind = 'posting_rule' AND lr.code = r.rule
  LEFT JOIN kefu_bi.labels le ON le.code_kind = 'effect' AND le.code = r.effect
  LEFT JOIN kefu_bi.labels ll ON ll.code_kind = 'latitude' AND ll.code = r.latitude
 WHERE r.unit = ANY ((SELECT kefu.my_rule_units())::text[]);
COMMENT ON VIEW kefu_bi.posting_rules IS 'Posting rules of the own units and those above, every version (发文规则; R38, R39, R48-R52, R61, R62)';
COMMENT ON COLUMN kefu_bi.posting_rules.rule IS 'rule (规则)';
COMMENT ON COLUMN kefu_bi.posting_rules.rule_label_zh IS 'Chinese label of rule (规则标签)';
COMMENT ON COLUMN kefu_bi.posting_rules.rule_label_en IS 'English label of rule (规则英文标签)';
COMMENT ON COLUMN kefu_bi.posting_rules.unit IS 'unit and all below it (机构)';
COMMENT ON COLUMN kefu_bi.posting_rules.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.posting_rules.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.posting_rules.account IS 'one account only; NULL all (账号)';
COMMENT ON COLUMN kefu_bi.posting_rules.valid_from_at IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu_bi.posting_rules.valid_from_local_date IS 'Beijing date of valid_from_at; NULL where that is (生效时间日期)';
COMMENT ON COLUMN kefu_bi.posting_rules.valid_from_local_hour IS 'Beijing hour of valid_from_at, 0 to 23; NULL where that is (生效时间小时)';
COMMENT ON COLUMN kefu_bi.posting_rules.at_least IS 'lower figure, or share; NULL none (下限或份额)';
COMMENT ON COLUMN kefu_bi.posting_rules.at_most IS 'upper figure, or tolerance; NULL none (上限或容差)';
COMMENT ON COLUMN kefu_bi.posting_rules.from_time IS 'local time it begins or is at; NULL none (开始或时刻)';
COMMENT ON COLUMN kefu_bi.posting_rules.to_time IS 'local time it ends; NULL none (结束)';
COMMENT ON COLUMN kefu_bi.posting_rules.effect IS 'block or warn (效力)';
COMMENT ON COLUMN kefu_bi.posting_rules.effect_label_zh IS 'Chinese label of effect (效力标签)';
COMMENT ON COLUMN kefu_bi.posting_rules.effect_label_en IS 'English label of effect (效力英文标签)';
COMMENT ON COLUMN kefu_bi.posting_rules.latitude IS 'what units below may change (下级可调范围)';
COMMENT ON COLUMN kefu_bi.posting_rules.latitude_label_zh IS 'Chinese label of latitude (下级可调范围标签)';
COMMENT ON COLUMN kefu_bi.posting_rules.latitude_label_en IS 'English label of latitude (下级可调范围英文标签)';
COMMENT ON COLUMN kefu_bi.posting_rules.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu_bi.posting_rules.is_in_force IS 'the version of that unit that holds now (是否现行)';
COMMENT ON COLUMN kefu_bi.posting_rules.has_given_way IS 'true: not the unit''s own, which went beyond what the rule above allows (是否让位)';

CREATE VIEW kefu_bi.requests WITH (security_barrier) AS
SELECT r.request_id,
       r.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       r.desk_unit,
       du.name_zh AS desk_unit_label_zh,
       du.name_en AS desk_unit_label_en,
       r.kind,
       CASE r.kind WHEN 'marketing' THEN '营销' WHEN 'notice' THEN '通知' WHEN 'product' THEN '产品介绍' ELSE '业务操作示范' END AS kind_label_zh,
       CASE r.kind WHEN 'marketing' THEN 'marketing' WHEN 'notice' THEN 'notice' WHEN 'product' THEN 'product' ELSE 'demonstration' END AS kind_label_en,
       r.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       r.text,
       r.wish_at,
       (r.wish_at AT TIME ZONE 'Asia/Shanghai')::date AS wish_local_date,
       extract(hour FROM r.wish_at AT TIME ZONE 'Asia/Shanghai')::integer AS wish_local_hour,
       r.submitted_at,
       (r.submitted_at AT TIME ZONE 'Asia/Shanghai')::date AS submitted_local_date,
       extract(hour FROM r.submitted_at AT TIME ZONE 'Asia/Shanghai')::integer AS submitted_local_hour,
       r.reviewed_at,
       (r.reviewed_at AT TIME ZONE 'Asia/Shanghai')::date AS reviewed_local_date,
       extract(hour FROM r.reviewed_at AT TIME ZONE 'Asia/Shanghai')::integer AS reviewed_local_hour,
       extract(epoch FROM r.reviewed_at - r.submitted_at)::bigint AS review_seconds,
       r.review_words,
       r.post_id,
       p.published_at,
       (p.published_at AT TIME ZONE 'Asia/Shanghai')::date AS published_local_date,
       extract(hour FROM p.published_at AT TIME ZONE 'Asia/Shanghai')::integer AS published_local_hour,
       c.placement_count,
       c.reposts_count,
       c.comments_count,
       c.likes_count
  FROM kefu.post_request r
  JOIN kefu.unit u ON u.unit = r.unit
  JOIN kefu.state s ON s.machine = 'request' AND s.state = r.state
  LEFT JOIN kefu.post p ON p.post_id = r.post_id
  LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE l.state IN ('published', 'deleting')) AS placement_count,
                            sum(n.reposts_count)::bigint AS reposts_count, sum(n.comments_count)::bigint AS comments_count,
                            sum(n.likes_count)::bigint AS likes_count
                       FROM kefu.placement l LEFT JOIN kefu.placement_count n USING (placement_id)
                      WHERE l.post_id = r.post_id) AS c ON true
  LEFT JOIN kefu.unit du ON du.unit = r.desk_unit
 WHERE r.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.requests IS 'What departments asked to have published, and what became of it (信息发布需求; R5, R10)';
COMMENT ON COLUMN kefu_bi.requests.request_id IS 'number (需求编号)';
COMMENT ON COLUMN kefu_bi.requests.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.requests.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.requests.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.requests.desk_unit IS 'customer service that decides (审核机构)';
COMMENT ON COLUMN kefu_bi.requests.desk_unit_label_zh IS 'Chinese label of desk_unit (审核机构标签)';
COMMENT ON COLUMN kefu_bi.requests.desk_unit_label_en IS 'English label of desk_unit (审核机构英文标签)';
COMMENT ON COLUMN kefu_bi.requests.kind IS 'marketing, notice, product, demo (需求类别)';
COMMENT ON COLUMN kefu_bi.requests.kind_label_zh IS 'Chinese label of kind (需求类别标签)';
COMMENT ON COLUMN kefu_bi.requests.kind_label_en IS 'English label of kind (需求类别英文标签)';
COMMENT ON COLUMN kefu_bi.requests.state IS 'state (状态)';
COMMENT ON COLUMN kefu_bi.requests.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.requests.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.requests.text IS 'what is asked for (内容)';
COMMENT ON COLUMN kefu_bi.requests.wish_at IS 'wished time; NULL none (期望发布时间)';
COMMENT ON COLUMN kefu_bi.requests.wish_local_date IS 'Beijing date of wish_at; NULL where that is (期望发布时间日期)';
COMMENT ON COLUMN kefu_bi.requests.wish_local_hour IS 'Beijing hour of wish_at, 0 to 23; NULL where that is (期望发布时间小时)';
COMMENT ON COLUMN kefu_bi.requests.submitted_at IS 'last submitted; NULL not (提交时间)';
COMMENT ON COLUMN kefu_bi.requests.submitted_local_date IS 'Beijing date of submitted_at; NULL where that is (提交时间日期)';
COMMENT ON COLUMN kefu_bi.requests.submitted_local_hour IS 'Beijing hour of submitted_at, 0 to 23; NULL where that is (提交时间小时)';
COMMENT ON COLUMN kefu_bi.requests.reviewed_at IS 'last decided on; NULL not (审核时间)';
COMMENT ON COLUMN kefu_bi.requests.reviewed_local_date IS 'Beijing date of reviewed_at; NULL where that is (审核时间日期)';
COMMENT ON COLUMN kefu_bi.requests.reviewed_local_hour IS 'Beijing hour of reviewed_at, 0 to 23; NULL where that is (审核时间小时)';
COMMENT ON COLUMN kefu_bi.requests.review_seconds IS 'seconds from submitted_at to reviewed_at; NULL not decided (审核用时)';
COMMENT ON COLUMN kefu_bi.requests.review_words IS 'the reviewer''s words; NULL none (审核意见)';
COMMENT ON COLUMN kefu_bi.requests.post_id IS 'post it became; NULL none (博文编号)';
COMMENT ON COLUMN kefu_bi.requests.published_at IS 'first published; NULL not (发布时间)';
COMMENT ON COLUMN kefu_bi.requests.published_local_date IS 'Beijing date of published_at; NULL where that is (发布时间日期)';
COMMENT ON COLUMN kefu_bi.requests.published_local_hour IS 'Beijing hour of published_at, 0 to 23; NULL where that is (发布时间小时)';
COMMENT ON COLUMN kefu_bi.requests.placement_count IS 'accounts it stands on; 0 none (发布账号数)';
COMMENT ON COLUMN kefu_bi.requests.reposts_count IS 'reposts of them; NULL never counted (转发数)';
COMMENT ON COLUMN kefu_bi.requests.comments_count IS 'comments of them; NULL never counted (评论数)';
COMMENT ON COLUMN kefu_bi.requests.likes_count IS 'likes of them; NULL never counted or not told (点赞数)';

CREATE VIEW kefu_bi.posts WITH (security_barrier) AS
SELECT p.post_id,
       p.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       p.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       s.is_final AS is_closed,
       p.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       p.is_marketing,
       p.heading,
       p.text,
       p.repost_id IS NOT NULL AS is_repost,
       p.repost_source,
       p.is_copied,
       p.source,
       p.category,
       mc.name_zh AS category_label_zh,
       mc.name_en AS category_label_en,
       p.request_id,
       p.topic_id,
       p.opinion_id,
       p.reissue_of,
       (SELECT count(*) FROM kefu.post_media g JOIN kefu.media m USING (media_id) WHERE g.post_id = p.post_id AND NOT m.is_video) AS picture_count,
       (SELECT count(*) FROM kefu.post_media g JOIN kefu.media m USING (media_id) WHERE g.post_id = p.post_id AND m.is_video) AS video_count,
       p.review_round,
       p.scheme AS review_scheme,
       p.steps_needed,
       p.steps_done,
       p.is_urgent,
       (SELECT count(*) FROM kefu.post_warning w WHERE w.post_id = p.post_id AND w.review_round = p.review_round) AS warning_count,
       p.made_at,
       (p.made_at AT TIME ZONE 'Asia/Shanghai')::date AS made_local_date,
       extract(hour FROM p.made_at AT TIME ZONE 'Asia/Shanghai')::integer AS made_local_hour,
       p.submitted_at,
       (p.submitted_at AT TIME ZONE 'Asia/Shanghai')::date AS submitted_local_date,
       extract(hour FROM p.submitted_at AT TIME ZONE 'Asia/Shanghai')::integer AS submitted_local_hour,
       p.approved_at,
       (p.approved_at AT TIME ZONE 'Asia/Shanghai')::date AS approved_local_date,
       extract(hour FROM p.approved_at AT TIME ZONE 'Asia/Shanghai')::integer AS approved_local_hour,
       extract(epoch FROM p.approved_at - p.submitted_at)::bigint AS review_seconds,
       p.published_at,
       (p.published_at AT TIME ZONE 'Asia/Shanghai')::date AS published_local_date,
       extract(hour FROM p.published_at AT TIME ZONE 'Asia/Shanghai')::integer AS published_local_hour,
       p.withdrawn_at,
       (p.withdrawn_at AT TIME ZONE 'Asia/Shanghai')::date AS withdrawn_local_date,
       extract(hour FROM p.withdrawn_at AT TIME ZONE 'Asia/Shanghai')::integer AS withdrawn_local_hour,
       c.placement_count,
       c.reposts_count,
       c.comments_count,
       c.likes_count
  FROM kefu.post p
  JOIN kefu.unit u ON u.unit = p.unit
  JOIN kefu.state s ON s.machine = 'post' AND s.state = p.state
  JOIN kefu.post_kind k ON k.kind = p.kind
  LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE l.state IN ('published', 'deleting')) AS placement_count,
                            sum(n.reposts_count)::bigint AS reposts_count, sum(n.comments_count)::bigint AS comments_count,
                            sum(n.likes_count)::bigint AS likes_count
                       FROM kefu.placement l LEFT JOIN kefu.placement_count n USING (placement_id)
                      WHERE l.post_id = p.post_id) AS c ON true
  LEFT JOIN kefu.matter mc ON mc.axis = 'phenomenon' AND mc.matter = p.category
 WHERE p.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.posts IS 'Posts with their review and what came of them (博文; R5, R38-R64)';
COMMENT ON COLUMN kefu_bi.posts.post_id IS 'number (博文编号)';
COMMENT ON COLUMN kefu_bi.posts.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.posts.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.posts.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.posts.state IS 'state (状态)';
COMMENT ON COLUMN kefu_bi.posts.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.posts.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.posts.is_closed IS 'in a final state (是否结束)';
COMMENT ON COLUMN kefu_bi.posts.kind IS 'kind (类别)';
COMMENT ON COLUMN kefu_bi.posts.kind_label_zh IS 'Chinese label of kind (类别标签)';
COMMENT ON COLUMN kefu_bi.posts.kind_label_en IS 'English label of kind (类别英文标签)';
COMMENT ON COLUMN kefu_bi.posts.is_marketing IS 'marketing, counted as own service (是否营销; R45)';
COMMENT ON COLUMN kefu_bi.posts.heading IS 'topic heading; NULL none (话题; R53)';
COMMENT ON COLUMN kefu_bi.posts.text IS 'text; NULL not written yet (正文)';
COMMENT ON COLUMN kefu_bi.posts.is_repost IS 'a repost (是否转发)';
COMMENT ON COLUMN kefu_bi.posts.repost_source IS 'account that is reposted; NULL an original (转发来源账号)';
COMMENT ON COLUMN kefu_bi.posts.is_copied IS 'copied text (是否拷贝; R63)';
COMMENT ON COLUMN kefu_bi.posts.source IS 'account it was copied from; NULL none (来源账号)';
COMMENT ON COLUMN kefu_bi.posts.category IS 'matter; NULL none (业务分类)';
COMMENT ON COLUMN kefu_bi.posts.category_label_zh IS 'Chinese label of category; NULL where that is (业务分类标签)';
COMMENT ON COLUMN kefu_bi.posts.category_label_en IS 'English label of category; NULL where that is (业务分类英文标签)';
COMMENT ON COLUMN kefu_bi.posts.request_id IS 'request; NULL none (需求编号)';
COMMENT ON COLUMN kefu_bi.posts.topic_id IS 'topic it answers; NULL none (同类问题编号)';
COMMENT ON COLUMN kefu_bi.posts.opinion_id IS 'opinion it is the feedback of; NULL none (意见编号)';
COMMENT ON COLUMN kefu_bi.posts.reissue_of IS 'post it stands for; NULL none (重发自)';
COMMENT ON COLUMN kefu_bi.posts.picture_count IS 'pictures; 0 none (图片数)';
COMMENT ON COLUMN kefu_bi.posts.video_count IS 'videos; 0 none (视频数; R52)';
COMMENT ON COLUMN kefu_bi.posts.review_round IS 'round of review, from 1 (审核轮次)';
COMMENT ON COLUMN kefu_bi.posts.review_scheme IS 'scheme; NULL not submitted (审核方案)';
COMMENT ON COLUMN kefu_bi.posts.steps_needed IS 'steps of the review (审核步骤数)';
COMMENT ON COLUMN kefu_bi.posts.steps_done IS 'of them done; 0 none (已审步骤数)';
COMMENT ON COLUMN kefu_bi.posts.is_urgent IS 'approved on the urgent path (是否紧急发布)';
COMMENT ON COLUMN kefu_bi.posts.warning_count IS 'warnings for the reviewer; 0 none (提示数)';
COMMENT ON COLUMN kefu_bi.posts.made_at IS 'begun (创建时间)';
COMMENT ON COLUMN kefu_bi.posts.made_local_date IS 'Beijing date of made_at; NULL where that is (创建时间日期)';
COMMENT ON COLUMN kefu_bi.posts.made_local_hour IS 'Beijing hour of made_at, 0 to 23; NULL where that is (创建时间小时)';
COMMENT ON COLUMN kefu_bi.posts.submitted_at IS 'submitted; NULL not (提交时间)';
COMMENT ON COLUMN kefu_bi.posts.submitted_local_date IS 'Beijing date of submitted_at; NULL where that is (提交时间日期)';
COMMENT ON COLUMN kefu_bi.posts.submitted_local_hour IS 'Beijing hour of submitted_at, 0 to 23; NULL where that is (提交时间小时)';
COMMENT ON COLUMN kefu_bi.posts.approved_at IS 'approved; NULL not (审核通过时间)';
COMMENT ON COLUMN kefu_bi.posts.approved_local_date IS 'Beijing date of approved_at; NULL where that is (审核通过时间日期)';
COMMENT ON COLUMN kefu_bi.posts.approved_local_hour IS 'Beijing hour of approved_at, 0 to 23; NULL where that is (审核通过时间小时)';
COMMENT ON COLUMN kefu_bi.posts.review_seconds IS 'seconds from submitted_at to approved_at; NULL not approved (审核用时)';
COMMENT ON COLUMN kefu_bi.posts.published_at IS 'first published; NULL not (首次发布时间)';
COMMENT ON COLUMN kefu_bi.posts.published_local_date IS 'Beijing date of published_at; NULL where that is (首次发布时间日期)';
COMMENT ON COLUMN kefu_bi.posts.published_local_hour IS 'Beijing hour of published_at, 0 to 23; NULL where that is (首次发布时间小时)';
COMMENT ON COLUMN kefu_bi.posts.withdrawn_at IS 'withdrawn; NULL not (撤下时间)';
COMMENT ON COLUMN kefu_bi.posts.withdrawn_local_date IS 'Beijing date of withdrawn_at; NULL where that is (撤下时间日期)';
COMMENT ON COLUMN kefu_bi.posts.withdrawn_local_hour IS 'Beijing hour of withdrawn_at, 0 to 23; NULL where that is (撤下时间小时)';
COMMENT ON COLUMN kefu_bi.posts.placement_count IS 'accounts it stands on; 0 none (发布账号数)';
COMMENT ON COLUMN kefu_bi.posts.reposts_count IS 'reposts of all of them; NULL never counted (转发数)';
COMMENT ON COLUMN kefu_bi.posts.comments_count IS 'comments; NULL never counted (评论数)';
COMMENT ON COLUMN kefu_bi.posts.likes_count IS 'likes; NULL never counted or not told (点赞数)';

CREATE VIEW kefu_bi.post_reviews WITH (security_barrier) AS
SELECT r.review_id,
       r.post_id,
       p.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       r.review_round,
       r.step,
       x.label_zh AS step_label_zh,
       x.label_en AS step_label_en,
       r.outcome,
       CASE r.outcome WHEN 'approved' THEN '通过' WHEN 'urgent' THEN '紧急通过' WHEN 'back_filled' THEN '补审' ELSE '退回' END AS outcome_label_zh,
       CASE r.outcome WHEN 'approved' THEN 'approved' WHEN 'urgent' THEN 'approved urgently' WHEN 'back_filled' THEN 'back-filled' ELSE 'rejected' END AS outcome_label_en,
       r.staff_id,
       r.words,
       r.at AS reviewed_at,
       (r.at AT TIME ZONE 'Asia/Shanghai')::date AS reviewed_local_date,
       extract(hour FROM r.at AT TIME ZONE 'Asia/Shanghai')::integer AS reviewed_local_hour
  FROM kefu.post_review r
  JOIN kefu.post p ON p.post_id = r.post_id
  JOIN kefu.unit u ON u.unit = p.unit
  LEFT JOIN kefu.review_scheme x ON x.scheme = p.scheme AND x.step = r.step
 WHERE p.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.post_reviews IS 'Steps of the reviews of posts: each by somebody else (审核记录; R5)';
COMMENT ON COLUMN kefu_bi.post_reviews.review_id IS 'number (审核编号)';
COMMENT ON COLUMN kefu_bi.post_reviews.post_id IS 'post (博文编号)';
COMMENT ON COLUMN kefu_bi.post_reviews.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.post_reviews.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.post_reviews.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.post_reviews.review_round IS 'round (审核轮次)';
COMMENT ON COLUMN kefu_bi.post_reviews.step IS 'step, from 1 (步骤)';
COMMENT ON COLUMN kefu_bi.post_reviews.step_label_zh IS 'Chinese label of step; NULL without a scheme (步骤标签)';
COMMENT ON COLUMN kefu_bi.post_reviews.step_label_en IS 'English label of step; NULL without a scheme (步骤英文标签)';
COMMENT ON COLUMN kefu_bi.post_reviews.outcome IS 'approved, urgent, back_filled, rejected (结果)';
COMMENT ON COLUMN kefu_bi.post_reviews.outcome_label_zh IS 'Chinese label of outcome (结果标签)';
COMMENT ON COLUMN kefu_bi.post_reviews.outcome_label_en IS 'English label of outcome (结果英文标签)';
COMMENT ON COLUMN kefu_bi.post_reviews.staff_id IS 'who (审核人编号)';
COMMENT ON COLUMN kefu_bi.post_reviews.words IS 'the reviewer''s words; NULL none (审核意见)';
COMMENT ON COLUMN kefu_bi.post_reviews.reviewed_at IS 'when (审核时间)';
COMMENT ON COLUMN kefu_bi.post_reviews.reviewed_local_date IS 'Beijing date of reviewed_at; NULL where that is (审核时间日期)';
COMMENT ON COLUMN kefu_bi.post_reviews.reviewed_local_hour IS 'Beijing hour of reviewed_at, 0 to 23; NULL where that is (审核时间小时)';

CREATE VIEW kefu_bi.post_warnings WITH (security_barrier) AS
SELECT w.post_id,
       p.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       w.review_round,
       w.rule,
       nullif(w.account, '') AS account,
       w.needs_reason,
       w.rulebook,
       w.detail,
       w.reason,
       w.at AS warned_at,
       (w.at AT TIME ZONE 'Asia/Shanghai')::date AS warned_local_date,
       extract(hour FROM w.at AT TIME ZONE 'Asia/Shanghai')::integer AS warned_local_hour
  FROM kefu.post_warning w
  JOIN kefu.post p ON p.post_id = w.post_id
  JOIN kefu.unit u ON u.unit = p.unit
 WHERE p.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.post_warnings IS 'What texts were warned of when they were submitted, and why they stayed (审核提示; ruling 26)';
COMMENT ON COLUMN kefu_bi.post_warnings.post_id IS 'post (博文编号)';
COMMENT ON COLUMN kefu_bi.post_warnings.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.post_warnings.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.post_warnings.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.post_warnings.review_round IS 'round (审核轮次)';
COMMENT ON COLUMN kefu_bi.post_warnings.rule IS 'rule (规则)';
COMMENT ON COLUMN kefu_bi.post_warnings.account IS 'account whose wording it is about; NULL the text itself (账号)';
COMMENT ON COLUMN kefu_bi.post_warnings.needs_reason IS 'who lets the text out says why (放行须说明理由)';
COMMENT ON COLUMN kefu_bi.post_warnings.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu_bi.post_warnings.detail IS 'what was found (说明)';
COMMENT ON COLUMN kefu_bi.post_warnings.reason IS 'why it stays, in the writer''s words; NULL none given (理由)';
COMMENT ON COLUMN kefu_bi.post_warnings.warned_at IS 'when (提示时间)';
COMMENT ON COLUMN kefu_bi.post_warnings.warned_local_date IS 'Beijing date of warned_at; NULL where that is (提示时间日期)';
COMMENT ON COLUMN kefu_bi.post_warnings.warned_local_hour IS 'Beijing hour of warned_at, 0 to 23; NULL where that is (提示时间小时)';

CREATE VIEW kefu_bi.placements WITH (security_barrier) AS
SELECT l.placement_id,
       l.post_id,
       l.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       l.account,
       a.platform,
       f.name_zh AS platform_label_zh,
       f.name_en AS platform_label_en,
       l.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       l.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       l.is_repost,
       l.is_exempt,
       l.has_media AS has_picture,
       l.has_video,
       l.text,
       l.planned_at,
       (l.planned_at AT TIME ZONE 'Asia/Shanghai')::date AS planned_local_date,
       extract(hour FROM l.planned_at AT TIME ZONE 'Asia/Shanghai')::integer AS planned_local_hour,
       l.send_at,
       (l.send_at AT TIME ZONE 'Asia/Shanghai')::date AS send_local_date,
       extract(hour FROM l.send_at AT TIME ZONE 'Asia/Shanghai')::integer AS send_local_hour,
       l.published_at,
       (l.published_at AT TIME ZONE 'Asia/Shanghai')::date AS published_local_date,
       extract(hour FROM l.published_at AT TIME ZONE 'Asia/Shanghai')::integer AS published_local_hour,
       extract(epoch FROM l.published_at - l.planned_at)::bigint AS delay_seconds,
       l.deleted_at,
       (l.deleted_at AT TIME ZONE 'Asia/Shanghai')::date AS deleted_local_date,
       extract(hour FROM l.deleted_at AT TIME ZONE 'Asia/Shanghai')::integer AS deleted_local_hour,
       l.native_id,
       l.link,
       l.reason,
       n.reposts_count,
       n.comments_count,
       n.likes_count,
       n.counted_at,
       (n.counted_at AT TIME ZONE 'Asia/Shanghai')::date AS counted_local_date,
       extract(hour FROM n.counted_at AT TIME ZONE 'Asia/Shanghai')::integer AS counted_local_hour
  FROM kefu.placement l
  JOIN kefu.unit u ON u.unit = l.unit
  JOIN kefu.account a ON a.account = l.account
  JOIN kefu.platform f ON f.platform = a.platform
  JOIN kefu.state s ON s.machine = 'placement' AND s.state = l.state
  JOIN kefu.post_kind k ON k.kind = l.kind
  LEFT JOIN kefu.placement_count n USING (placement_id)
 WHERE l.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.placements IS 'Where and when posts stand, with their numbers (投放; R38-R64)';
COMMENT ON COLUMN kefu_bi.placements.placement_id IS 'number (投放编号)';
COMMENT ON COLUMN kefu_bi.placements.post_id IS 'post (博文编号)';
COMMENT ON COLUMN kefu_bi.placements.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.placements.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.placements.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.placements.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.placements.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.placements.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.placements.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.placements.state IS 'state (状态)';
COMMENT ON COLUMN kefu_bi.placements.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.placements.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.placements.kind IS 'kind (类别)';
COMMENT ON COLUMN kefu_bi.placements.kind_label_zh IS 'Chinese label of kind (类别标签)';
COMMENT ON COLUMN kefu_bi.placements.kind_label_en IS 'English label of kind (类别英文标签)';
COMMENT ON COLUMN kefu_bi.placements.is_repost IS 'a repost (是否转发)';
COMMENT ON COLUMN kefu_bi.placements.is_exempt IS 'emergency or re-issue (是否豁免)';
COMMENT ON COLUMN kefu_bi.placements.has_picture IS 'shows a picture (是否含图)';
COMMENT ON COLUMN kefu_bi.placements.has_video IS 'shows a video (是否含视频; R52)';
COMMENT ON COLUMN kefu_bi.placements.text IS 'what it says there (正文)';
COMMENT ON COLUMN kefu_bi.placements.planned_at IS 'planned for (计划发布时间)';
COMMENT ON COLUMN kefu_bi.placements.planned_local_date IS 'Beijing date of planned_at; NULL where that is (计划发布时间日期)';
COMMENT ON COLUMN kefu_bi.placements.planned_local_hour IS 'Beijing hour of planned_at, 0 to 23; NULL where that is (计划发布时间小时)';
COMMENT ON COLUMN kefu_bi.placements.send_at IS 'to leave (发出时间)';
COMMENT ON COLUMN kefu_bi.placements.send_local_date IS 'Beijing date of send_at; NULL where that is (发出时间日期)';
COMMENT ON COLUMN kefu_bi.placements.send_local_hour IS 'Beijing hour of send_at, 0 to 23; NULL where that is (发出时间小时)';
COMMENT ON COLUMN kefu_bi.placements.published_at IS 'platform''s time; NULL not (发布时间)';
COMMENT ON COLUMN kefu_bi.placements.published_local_date IS 'Beijing date of published_at; NULL where that is (发布时间日期)';
COMMENT ON COLUMN kefu_bi.placements.published_local_hour IS 'Beijing hour of published_at, 0 to 23; NULL where that is (发布时间小时)';
COMMENT ON COLUMN kefu_bi.placements.delay_seconds IS 'seconds from planned_at to published_at; NULL not published (延迟秒数)';
COMMENT ON COLUMN kefu_bi.placements.deleted_at IS 'known to be gone; NULL not (删除时间)';
COMMENT ON COLUMN kefu_bi.placements.deleted_local_date IS 'Beijing date of deleted_at; NULL where that is (删除时间日期)';
COMMENT ON COLUMN kefu_bi.placements.deleted_local_hour IS 'Beijing hour of deleted_at, 0 to 23; NULL where that is (删除时间小时)';
COMMENT ON COLUMN kefu_bi.placements.native_id IS 'the platform''s id; NULL before (平台ID)';
COMMENT ON COLUMN kefu_bi.placements.link IS 'address; NULL before or not told (链接)';
COMMENT ON COLUMN kefu_bi.placements.reason IS 'why it failed, waits, was cancelled or is to go; NULL none (原因)';
COMMENT ON COLUMN kefu_bi.placements.reposts_count IS 'reposts; NULL never counted (转发数)';
COMMENT ON COLUMN kefu_bi.placements.comments_count IS 'comments; NULL never counted (评论数)';
COMMENT ON COLUMN kefu_bi.placements.likes_count IS 'likes; NULL never counted or not told (点赞数)';
COMMENT ON COLUMN kefu_bi.placements.counted_at IS 'numbers last read; NULL never (计数时间)';
COMMENT ON COLUMN kefu_bi.placements.counted_local_date IS 'Beijing date of counted_at; NULL where that is (计数时间日期)';
COMMENT ON COLUMN kefu_bi.placements.counted_local_hour IS 'Beijing hour of counted_at, 0 to 23; NULL where that is (计数时间小时)';

CREATE FUNCTION kefu.my_posting_days()
    RETURNS TABLE (account text, unit text, day date, posts bigint, reposts bigint, soft_reposts bigint, pictures bigint,
                   service bigint, industry bigint, leisure bigint, mixed bigint, marketing bigint,
                   first_at timestamptz, last_at timestamptz, least_spacing_minutes integer, most_gap_minutes integer,
                   morning_at timestamptz, evening_at timestamptz, outside_window bigint, exempt_posts bigint, videos bigint)
    LANGUAGE plpgsql ROWS 100 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    SELECT d.* FROM kefu.posting_days(kefu.local_day(kefu.now()) - 92, kefu.local_day(kefu.now()) + 7) AS d
     WHERE d.unit = ANY (kefu.my_units());
END $$;
COMMENT ON FUNCTION kefu.my_posting_days() IS 'kefu.posting_days() of the caller''s units, for the last 92 days and the 7 to come (每日发文统计)';

CREATE VIEW kefu_bi.posting_days WITH (security_barrier) AS
SELECT d.account,
       d.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       d.day AS local_date,
       d.posts AS post_count,
       d.reposts AS repost_count,
       d.posts - d.reposts AS original_count,
       round(100.0 * d.reposts / nullif(d.posts, 0), 1) AS repost_pct,
       d.soft_reposts AS soft_repost_count,
       d.pictures AS picture_count,
       d.videos AS video_count,
       d.mixed AS mixed_count,
       d.service AS service_count,
       d.industry AS industry_count,
       d.leisure AS leisure_count,
       round(100.0 * d.service / nullif(d.mixed, 0), 1) AS service_pct,
       round(100.0 * d.industry / nullif(d.mixed, 0), 1) AS industry_pct,
       round(100.0 * d.leisure / nullif(d.mixed, 0), 1) AS leisure_pct,
       d.marketing AS marketing_count,
       round(100.0 * d.marketing / nullif(d.posts, 0), 1) AS marketing_pct,
       d.first_at,
       (d.first_at AT TIME ZONE 'Asia/Shanghai')::date AS first_local_date,
       extract(hour FROM d.first_at AT TIME ZONE 'Asia/Shanghai')::integer AS first_local_hour,
       d.last_at,
       (d.last_at AT TIME ZONE 'Asia/Shanghai')::date AS last_local_date,
       extract(hour FROM d.last_at AT TIME ZONE 'Asia/Shanghai')::integer AS last_local_hour,
       d.least_spacing_minutes,
       d.most_gap_minutes,
       d.morning_at,
       (d.morning_at AT TIME ZONE 'Asia/Shanghai')::date AS morning_local_date,
       extract(hour FROM d.morning_at AT TIME ZONE 'Asia/Shanghai')::integer AS morning_local_hour,
       d.evening_at,
       (d.evening_at AT TIME ZONE 'Asia/Shanghai')::date AS evening_local_date,
       extract(hour FROM d.evening_at AT TIME ZONE 'Asia/Shanghai')::integer AS evening_local_hour,
       d.outside_window AS outside_window_count,
       d.exempt_posts AS exempt_count
  FROM kefu.my_posting_days() AS d JOIN kefu.unit u USING (unit);
COMMENT ON VIEW kefu_bi.posting_days IS 'Each account''s local day: how many posts, of what, how spaced; published or planned, the last 92 days and the 7 to come; without emergencies and re-issues. Zero rule: a day without posts has a row with 0, and a share of nothing is NULL (每日发文统计; R38, R39, R45, R48-R52, R61, R62)';
COMMENT ON COLUMN kefu_bi.posting_days.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.posting_days.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.posting_days.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.posting_days.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.posting_days.local_date IS 'Beijing date (日期)';
COMMENT ON COLUMN kefu_bi.posting_days.post_count IS 'posts; 0 none (发文数; R38)';
COMMENT ON COLUMN kefu_bi.posting_days.repost_count IS 'of them reposts (转发数)';
COMMENT ON COLUMN kefu_bi.posting_days.original_count IS 'of them originals (原创数)';
COMMENT ON COLUMN kefu_bi.posting_days.repost_pct IS 'reposts of post_count, 0 to 100; NULL without posts (转发占比; R62)';
COMMENT ON COLUMN kefu_bi.posting_days.soft_repost_count IS 'reposts of welfare, news, culture (公益新闻文化转发数; R61)';
COMMENT ON COLUMN kefu_bi.posting_days.picture_count IS 'posts with a picture (含图数; R52)';
COMMENT ON COLUMN kefu_bi.posting_days.video_count IS 'posts with a video (含视频数; R52)';
COMMENT ON COLUMN kefu_bi.posting_days.mixed_count IS 'posts between the fixed slots that 6:3:1 counts (配比基数; R50)';
COMMENT ON COLUMN kefu_bi.posting_days.service_count IS 'of them own service (自身业务数)';
COMMENT ON COLUMN kefu_bi.posting_days.industry_count IS 'of them industry news (业内动态数)';
COMMENT ON COLUMN kefu_bi.posting_days.leisure_count IS 'of them leisure and philosophy (哲理休闲数)';
COMMENT ON COLUMN kefu_bi.posting_days.service_pct IS 'service_count of mixed_count, 0 to 100; NULL without (自身业务占比)';
COMMENT ON COLUMN kefu_bi.posting_days.industry_pct IS 'industry_count of mixed_count, 0 to 100; NULL without (业内占比)';
COMMENT ON COLUMN kefu_bi.posting_days.leisure_pct IS 'leisure_count of mixed_count, 0 to 100; NULL without (休闲占比)';
COMMENT ON COLUMN kefu_bi.posting_days.marketing_count IS 'marketing, in service_count where it lies between the slots (营销数; R45)';
COMMENT ON COLUMN kefu_bi.posting_days.marketing_pct IS 'marketing_count of post_count, 0 to 100; NULL without posts (营销占比; R45)';
COMMENT ON COLUMN kefu_bi.posting_days.first_at IS 'first post; NULL none (首条时间)';
COMMENT ON COLUMN kefu_bi.posting_days.first_local_date IS 'Beijing date of first_at; NULL where that is (首条时间日期)';
COMMENT ON COLUMN kefu_bi.posting_days.first_local_hour IS 'Beijing hour of first_at, 0 to 23; NULL where that is (首条时间小时)';
COMMENT ON COLUMN kefu_bi.posting_days.last_at IS 'last post; NULL none (末条时间)';
COMMENT ON COLUMN kefu_bi.posting_days.last_local_date IS 'Beijing date of last_at; NULL where that is (末条时间日期)';
COMMENT ON COLUMN kefu_bi.posting_days.last_local_hour IS 'Beijing hour of last_at, 0 to 23; NULL where that is (末条时间小时)';
COMMENT ON COLUMN kefu_bi.posting_days.least_spacing_minutes IS 'shortest time between two, minutes; NULL fewer than two (最短间隔; R39)';
COMMENT ON COLUMN kefu_bi.posting_days.most_gap_minutes IS 'longest time between two, minutes; NULL fewer than two (最长间隔; R39)';
COMMENT ON COLUMN kefu_bi.posting_days.morning_at IS 'good-morning post; NULL none (早安时间; R48)';
COMMENT ON COLUMN kefu_bi.posting_days.morning_local_date IS 'Beijing date of morning_at; NULL where that is (早安时间日期)';
COMMENT ON COLUMN kefu_bi.posting_days.morning_local_hour IS 'Beijing hour of morning_at, 0 to 23; NULL where that is (早安时间小时)';
COMMENT ON COLUMN kefu_bi.posting_days.evening_at IS 'evening leisure post; NULL none (晚间休闲时间; R49)';
COMMENT ON COLUMN kefu_bi.posting_days.evening_local_date IS 'Beijing date of evening_at; NULL where that is (晚间休闲时间日期)';
COMMENT ON COLUMN kefu_bi.posting_days.evening_local_hour IS 'Beijing hour of evening_at, 0 to 23; NULL where that is (晚间休闲时间小时)';
COMMENT ON COLUMN kefu_bi.posting_days.outside_window_count IS 'posts outside the window (时段外发文数)';
COMMENT ON COLUMN kefu_bi.posting_days.exempt_count IS 'emergencies and re-issues (豁免发文数)';
