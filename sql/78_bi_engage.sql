-- 78_bi_engage: what was owed a repost or a comment, and what became of it.
--
-- As 70_bi: owner's rights, the caller's units once a query. Customers are
-- numbers, names are those of known accounts and of our own; no words.

CREATE VIEW kefu_bi.engagements WITH (security_barrier) AS
SELECT e.task_id,
       e.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       e.account,
       a.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       e.what,
       CASE e.what WHEN 'repost' THEN '转发' ELSE '评论' END AS what_label_zh,
       CASE e.what WHEN 'repost' THEN 'repost' ELSE 'comment' END AS what_label_en,
       k.rulebook,
       e.rule,
       coalesce(w.category, 'praise') AS category,
       CASE WHEN w.watched_id IS NULL THEN '客户' ELSE c.label_zh END AS category_label_zh,
       CASE WHEN w.watched_id IS NULL THEN 'customer' ELSE c.label_en END AS category_label_en,
       coalesce(w.subcategory, '') AS subcategory,
       e.watched_id,
       e.message_id,
       w.native_id AS watched_native_id,
       coalesce(b.handle, t.name) AS author_name,
       coalesce(w.posted_at, g.posted_at) AS posted_at,
       (coalesce(w.posted_at, g.posted_at) AT TIME ZONE 'Asia/Shanghai')::date AS posted_local_date,
       extract(hour FROM coalesce(w.posted_at, g.posted_at) AT TIME ZONE 'Asia/Shanghai')::integer AS posted_local_hour,
       e.opened_at,
       (e.opened_at AT TIME ZONE 'Asia/Shanghai')::date AS opened_local_date,
       extract(hour FROM e.opened_at AT TIME ZONE 'Asia/Shanghai')::integer AS opened_local_hour,
       k.due_at,
       (k.due_at AT TIME ZONE 'Asia/Shanghai')::date AS due_local_date,
       extract(hour FROM k.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_local_hour,
       k.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       e.done_at,
       (e.done_at AT TIME ZONE 'Asia/Shanghai')::date AS done_local_date,
       extract(hour FROM e.done_at AT TIME ZONE 'Asia/Shanghai')::integer AS done_local_hour,
       extract(epoch FROM e.done_at - coalesce(w.posted_at, g.posted_at))::bigint AS done_seconds,
       CASE WHEN e.done_at IS NOT NULL THEN e.done_at <= k.due_at WHEN k.state = 'open' AND k.due_at < kefu.now() THEN false END AS is_in_time,
       e.done_account,
       e.done_native_id,
       e.post_id,
       e.placement_id,
       w.deleted_at IS NOT NULL AS is_deleted
  FROM kefu.engagement e
  JOIN kefu.task k ON k.task_id = e.task_id
  JOIN kefu.unit u ON u.unit = e.unit
  JOIN kefu.account a ON a.account = e.account
  JOIN kefu.platform p ON p.platform = a.platform
  JOIN kefu.state s ON s.machine = 'task' AND s.state = k.state
  LEFT JOIN kefu.watched_post w ON w.watched_id = e.watched_id
  LEFT JOIN kefu.message g ON g.message_id = e.message_id
  LEFT JOIN kefu.follow_category c ON c.category = w.category AND c.subcategory = w.subcategory
  LEFT JOIN kefu.account b ON b.platform = w.platform AND b.native_id = w.author_id
  LEFT JOIN LATERAL (SELECT x.name FROM kefu.follow_target x
                      WHERE x.platform = w.platform AND x.native_id = w.author_id AND x.valid_from <= kefu.now()
                      ORDER BY x.valid_from DESC LIMIT 1) AS t ON true
 WHERE e.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.engagements IS
'What is owed a repost or a comment, by which rule and until when, and what fulfilled it: facts, one row a unit, post and kind (转评事项; R54 to R60, R65 to R68)';
COMMENT ON COLUMN kefu_bi.engagements.task_id IS 'its task (待办)';
COMMENT ON COLUMN kefu_bi.engagements.unit IS 'unit that owes it (责任机构)';
COMMENT ON COLUMN kefu_bi.engagements.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.engagements.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.engagements.account IS 'account that saw it first, and comments (账号)';
COMMENT ON COLUMN kefu_bi.engagements.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.engagements.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.engagements.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.engagements.what IS 'repost or comment (做什么)';
COMMENT ON COLUMN kefu_bi.engagements.what_label_zh IS 'Chinese label of what (做什么标签)';
COMMENT ON COLUMN kefu_bi.engagements.what_label_en IS 'English label of what (做什么英文标签)';
COMMENT ON COLUMN kefu_bi.engagements.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu_bi.engagements.rule IS 'rule it is owed by; NULL: a person said so (规则)';
COMMENT ON COLUMN kefu_bi.engagements.category IS 'whose post: a category of follow lists, or praise for a message of a customer (类别)';
COMMENT ON COLUMN kefu_bi.engagements.category_label_zh IS 'Chinese label of the kind (类别标签)';
COMMENT ON COLUMN kefu_bi.engagements.category_label_en IS 'English label of the kind (类别英文标签)';
COMMENT ON COLUMN kefu_bi.engagements.subcategory IS 'its part; empty none (子类)';
COMMENT ON COLUMN kefu_bi.engagements.watched_id IS 'watched post; NULL: a message (关注对象博文编号)';
COMMENT ON COLUMN kefu_bi.engagements.message_id IS 'message; NULL: a watched post (消息编号)';
COMMENT ON COLUMN kefu_bi.engagements.watched_native_id IS 'the platform''s id of the watched post; NULL: a message (原文平台ID)';
COMMENT ON COLUMN kefu_bi.engagements.author_name IS 'name of who wrote it, from our accounts or the list of known ones; NULL for others (作者)';
COMMENT ON COLUMN kefu_bi.engagements.posted_at IS 'platform''s time of it (发布时间)';
COMMENT ON COLUMN kefu_bi.engagements.posted_local_date IS 'Beijing date of posted_at (发布时间日期)';
COMMENT ON COLUMN kefu_bi.engagements.posted_local_hour IS 'Beijing hour of posted_at, 0 to 23 (发布时间小时)';
COMMENT ON COLUMN kefu_bi.engagements.opened_at IS 'when it became owed (产生时间)';
COMMENT ON COLUMN kefu_bi.engagements.opened_local_date IS 'Beijing date of opened_at (产生时间日期)';
COMMENT ON COLUMN kefu_bi.engagements.opened_local_hour IS 'Beijing hour of opened_at, 0 to 23 (产生时间小时)';
COMMENT ON COLUMN kefu_bi.engagements.due_at IS 'when it is due (到期时间)';
COMMENT ON COLUMN kefu_bi.engagements.due_local_date IS 'Beijing date of due_at (到期时间日期)';
COMMENT ON COLUMN kefu_bi.engagements.due_local_hour IS 'Beijing hour of due_at, 0 to 23 (到期时间小时)';
COMMENT ON COLUMN kefu_bi.engagements.state IS 'open, done, waived, expired (状态)';
COMMENT ON COLUMN kefu_bi.engagements.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.engagements.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.engagements.done_at IS 'platform''s time of what fulfilled it; NULL nothing has (完成时间)';
COMMENT ON COLUMN kefu_bi.engagements.done_local_date IS 'Beijing date of done_at; NULL where that is (完成时间日期)';
COMMENT ON COLUMN kefu_bi.engagements.done_local_hour IS 'Beijing hour of done_at, 0 to 23; NULL where that is (完成时间小时)';
COMMENT ON COLUMN kefu_bi.engagements.done_seconds IS 'seconds from its post to what fulfilled it; NULL nothing has (完成用时)';
COMMENT ON COLUMN kefu_bi.engagements.is_in_time IS 'done by then; false also while overdue, NULL: not due yet, waived or expired (是否及时)';
COMMENT ON COLUMN kefu_bi.engagements.done_account IS 'account it was done with; NULL not done (完成账号)';
COMMENT ON COLUMN kefu_bi.engagements.done_native_id IS 'the platform''s id of our repost or comment; NULL not done (转评平台ID)';
COMMENT ON COLUMN kefu_bi.engagements.post_id IS 'post drafted for it; NULL none (转发博文编号)';
COMMENT ON COLUMN kefu_bi.engagements.placement_id IS 'placement that reposts it; NULL not by the desk (投放编号)';
COMMENT ON COLUMN kefu_bi.engagements.is_deleted IS 'the post is gone from its platform (原文是否已删)';

CREATE VIEW kefu_bi.engagement_kpis WITH (security_barrier) AS
SELECT e.unit,
       e.unit_label_zh,
       e.unit_label_en,
       to_char(e.opened_local_date, 'YYYY-MM') AS local_month,
       e.what,
       e.what_label_zh,
       e.what_label_en,
       e.rulebook,
       count(*) AS owed_count,
       count(*) FILTER (WHERE e.done_at IS NOT NULL) AS done_count,
       count(*) FILTER (WHERE e.done_at IS NOT NULL AND e.is_in_time) AS in_time_count,
       count(*) FILTER (WHERE NOT e.is_in_time) AS late_count,
       count(*) FILTER (WHERE e.state = 'waived') AS waived_count,
       count(*) FILTER (WHERE e.state = 'expired') AS expired_count,
       count(*) FILTER (WHERE e.state = 'open') AS open_count,
       count(*) FILTER (WHERE e.is_in_time IS NOT NULL OR e.state = 'expired' AND NOT e.is_deleted) AS judged_count,
       round(100.0 * count(*) FILTER (WHERE e.done_at IS NOT NULL AND e.is_in_time) / nullif(count(*) FILTER (WHERE e.is_in_time IS NOT NULL OR e.state = 'expired' AND NOT e.is_deleted), 0), 2) AS in_time_pct,
       round(avg(e.done_seconds))::bigint AS done_avg_seconds
  FROM kefu_bi.engagements e
 GROUP BY e.unit, e.unit_label_zh, e.unit_label_en, to_char(e.opened_local_date, 'YYYY-MM'), e.what, e.what_label_zh, e.what_label_en, e.rulebook;
COMMENT ON VIEW kefu_bi.engagement_kpis IS
'Reposts and comments owed by each unit in each month, by rule, and how many were done in time. Zero rule: a share or mean of nothing is NULL; nothing owed has no row (转评及时率; R54 to R60, R65 to R68, R70)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.local_month IS 'Beijing month in which it became owed, such as 2026-03 (月份)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.what IS 'repost or comment (做什么)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.what_label_zh IS 'Chinese label of what (做什么标签)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.what_label_en IS 'English label of what (做什么英文标签)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.owed_count IS 'owed (应办数)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.done_count IS 'of them done; 0 none (完成数)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.in_time_count IS 'of them done in time; 0 none (及时数)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.late_count IS 'done late or overdue now; 0 none (超时数)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.waived_count IS 'waived by a leader; 0 none (免办数)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.expired_count IS 'expired, or gone from the platform; 0 none (过期数)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.open_count IS 'still open; 0 none (未办数)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.judged_count IS 'that count for in_time_pct: done, overdue, or expired though the post was there; 0 none (计率基数)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.in_time_pct IS 'in_time_count of judged_count, 0 to 100; NULL where that is 0 (及时率)';
COMMENT ON COLUMN kefu_bi.engagement_kpis.done_avg_seconds IS 'mean seconds from post to repost or comment; NULL none done (平均用时)';

CREATE VIEW kefu_bi.engage_rules WITH (security_barrier) AS
SELECT r.rule,
       r.valid_from AS valid_from_at,
       (r.valid_from AT TIME ZONE 'Asia/Shanghai')::date AS valid_from_local_date,
       extract(hour FROM r.valid_from AT TIME ZONE 'Asia/Shanghai')::integer AS valid_from_local_hour,
       r.valid_from = max(r.valid_from) FILTER (WHERE r.valid_from <= kefu.now()) OVER (PARTITION BY r.rule) AS is_in_force,
       r.sort,
       r.category,
       CASE r.category WHEN 'praise' THEN '客户' ELSE fc.label_zh END AS category_label_zh,
       CASE r.category WHEN 'praise' THEN 'customer' ELSE fc.label_en END AS category_label_en,
       r.subcategory,
       r.what,
       CASE r.what WHEN 'repost' THEN '转发' ELSE '评论' END AS what_label_zh,
       CASE r.what WHEN 'repost' THEN 'repost' ELSE 'comment' END AS what_label_en,
       r.pattern,
       r.is_answer,
       extract(epoch FROM r.due_within)::bigint AS due_within_seconds,
       r.is_staffed_time,
       extract(epoch FROM r.lapses_after)::bigint AS lapses_after_seconds,
       r.at_most AS at_most_count,
       r.post_kind,
       pk.label_zh AS post_kind_label_zh,
       pk.label_en AS post_kind_label_en,
       r.rulebook
  FROM kefu.engage_rule r
  LEFT JOIN kefu.follow_category fc ON fc.category = r.category AND fc.subcategory = r.subcategory
  LEFT JOIN kefu.post_kind pk ON pk.kind = r.post_kind
 WHERE cardinality((SELECT kefu.my_units())::text[]) > 0;
COMMENT ON VIEW kefu_bi.engage_rules IS
'Which posts of whom are owed a repost or a comment, with all versions (转评规则; R54 to R60, R65 to R68)';
COMMENT ON COLUMN kefu_bi.engage_rules.rule IS 'code (规则)';
COMMENT ON COLUMN kefu_bi.engage_rules.valid_from_at IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu_bi.engage_rules.valid_from_local_date IS 'Beijing date of valid_from_at (生效日期)';
COMMENT ON COLUMN kefu_bi.engage_rules.valid_from_local_hour IS 'Beijing hour of valid_from_at, 0 to 23; NULL where that is (生效时间小时)';
COMMENT ON COLUMN kefu_bi.engage_rules.is_in_force IS 'the version that holds now; NULL none has begun (是否现行)';
COMMENT ON COLUMN kefu_bi.engage_rules.sort IS 'order in which rules are asked (次序)';
COMMENT ON COLUMN kefu_bi.engage_rules.category IS 'whose posts, or praise (类别)';
COMMENT ON COLUMN kefu_bi.engage_rules.category_label_zh IS 'Chinese label of category (类别标签)';
COMMENT ON COLUMN kefu_bi.engage_rules.category_label_en IS 'English label of category (类别英文标签)';
COMMENT ON COLUMN kefu_bi.engage_rules.subcategory IS 'its part; empty none (子类)';
COMMENT ON COLUMN kefu_bi.engage_rules.what IS 'repost or comment (做什么)';
COMMENT ON COLUMN kefu_bi.engage_rules.what_label_zh IS 'Chinese label of what (做什么标签)';
COMMENT ON COLUMN kefu_bi.engage_rules.what_label_en IS 'English label of what (做什么英文标签)';
COMMENT ON COLUMN kefu_bi.engage_rules.pattern IS 'what the text must match; NULL any (正则)';
COMMENT ON COLUMN kefu_bi.engage_rules.is_answer IS 'only answers to somebody (仅限答复)';
COMMENT ON COLUMN kefu_bi.engage_rules.due_within_seconds IS 'seconds allowed; NULL nothing is owed any more (时限秒数)';
COMMENT ON COLUMN kefu_bi.engage_rules.is_staffed_time IS 'counted in staffed time (按值班时间)';
COMMENT ON COLUMN kefu_bi.engage_rules.lapses_after_seconds IS 'seconds after which it expires; NULL never (失效秒数)';
COMMENT ON COLUMN kefu_bi.engage_rules.at_most_count IS 'tasks a unit and day; NULL no limit (每日上限)';
COMMENT ON COLUMN kefu_bi.engage_rules.post_kind IS 'kind of post of its repost; NULL to be named (博文类别)';
COMMENT ON COLUMN kefu_bi.engage_rules.post_kind_label_zh IS 'Chinese label of post_kind; NULL where that is (博文类别标签)';
COMMENT ON COLUMN kefu_bi.engage_rules.post_kind_label_en IS 'English label of post_kind; NULL where that is (博文类别英文标签)';
COMMENT ON COLUMN kefu_bi.engage_rules.rulebook IS 'R number (规范条款)';
