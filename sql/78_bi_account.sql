-- 78_bi_account: what analysts read of our accounts' appearance.
--
-- The rules at the head of 70_bi hold here too.

CREATE VIEW kefu_bi.accounts WITH (security_barrier) AS
SELECT p.account,
       p.platform,
       f.name_zh AS platform_label_zh,
       f.name_en AS platform_label_en,
       p.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       p.rule_name,
       p.handle AS registered_name,
       p.name AS set_name,
       p.seen_name,
       coalesce(p.seen_name, p.handle) = p.rule_name AS is_name_by_rule,
       p.domain AS set_domain,
       p.seen_domain,
       array_to_string(p.tags, ', ') AS set_tags,
       (SELECT string_agg(t.tag, ', ' ORDER BY t.n)
          FROM jsonb_array_elements_text(p.seen_tags) WITH ORDINALITY AS t(tag, n)) AS seen_tags,
       (SELECT count(*) FROM kefu.tag_rule t
         WHERE t.valid_from <= kefu.now() AND (t.valid_to IS NULL OR t.valid_to > kefu.now())
           AND (p.unit_kind = 'province' OR p.unit_kind = 'group' AND NOT t.is_service)) AS asked_tag_count,
       (SELECT count(*) FROM kefu.tag_rule t
         WHERE t.valid_from <= kefu.now() AND (t.valid_to IS NULL OR t.valid_to > kefu.now())
           AND (p.unit_kind = 'province' OR p.unit_kind = 'group' AND NOT t.is_service)
           AND NOT coalesce(p.seen_tags, to_jsonb(p.tags)) ? t.tag) AS missing_tag_count,
       coalesce(p.seen_is_verified, p.is_verified) AS is_verified,
       coalesce(p.seen_dm_open, p.dm_open) AS is_message_open,
       v.background_fits AS is_background_fit,
       v.intro_fits AS is_intro_fit,
       v.reviewed_at,
       (v.reviewed_at AT TIME ZONE 'Asia/Shanghai')::date AS reviewed_local_date,
       extract(hour FROM v.reviewed_at AT TIME ZONE 'Asia/Shanghai')::integer AS reviewed_local_hour,
       p.is_set,
       p.checked_at,
       (p.checked_at AT TIME ZONE 'Asia/Shanghai')::date AS checked_local_date,
       extract(hour FROM p.checked_at AT TIME ZONE 'Asia/Shanghai')::integer AS checked_local_hour,
       (SELECT count(*) FROM kefu.duty_now d WHERE d.account = p.account AND d.state = 'open') AS open_duty_count,
       (SELECT count(*) FROM kefu.duty_now d WHERE d.account = p.account AND d.state = 'open'
           AND d.due_at < kefu.now()) AS late_duty_count
  FROM kefu.profile_now p
  JOIN kefu.unit u ON u.unit = p.unit
  JOIN kefu.platform f ON f.platform = p.platform
  LEFT JOIN LATERAL (SELECT w.* FROM kefu.profile_review w WHERE w.account = p.account
                      ORDER BY w.reviewed_at DESC LIMIT 1) AS v ON true
 WHERE p.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.accounts IS
'Our live accounts: the profile by rule, as set and as it was last seen (账号资料; R11, R16 to R28)';
COMMENT ON COLUMN kefu_bi.accounts.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.accounts.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.accounts.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.accounts.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.accounts.unit IS 'unit that runs it (机构)';
COMMENT ON COLUMN kefu_bi.accounts.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.accounts.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.accounts.rule_name IS 'name by rule; NULL none for this kind of unit (规范名称; R16, R17)';
COMMENT ON COLUMN kefu_bi.accounts.registered_name IS 'name it was registered with here (登记名称)';
COMMENT ON COLUMN kefu_bi.accounts.set_name IS 'name it should show; NULL not set (应有名称)';
COMMENT ON COLUMN kefu_bi.accounts.seen_name IS 'name last seen; NULL not told (实际名称)';
COMMENT ON COLUMN kefu_bi.accounts.is_name_by_rule IS 'the name as seen, else as registered, is the one by rule; NULL there is no rule (名称是否合规)';
COMMENT ON COLUMN kefu_bi.accounts.set_domain IS 'domain it should have; NULL not set (应有域名; R27)';
COMMENT ON COLUMN kefu_bi.accounts.seen_domain IS 'domain last seen; NULL not told (实际域名; R27)';
COMMENT ON COLUMN kefu_bi.accounts.set_tags IS 'tags it should have, with commas between; NULL not set (应有标签; R24, R25)';
COMMENT ON COLUMN kefu_bi.accounts.seen_tags IS 'tags last seen, with commas between; NULL not told (实际标签)';
COMMENT ON COLUMN kefu_bi.accounts.asked_tag_count IS 'tags asked of it now (必选标签数; R24, R25)';
COMMENT ON COLUMN kefu_bi.accounts.missing_tag_count IS 'of them, those it lacks, as seen, else as set; 0 none, or nothing is known (缺少标签数)';
COMMENT ON COLUMN kefu_bi.accounts.is_verified IS 'carries the V, as seen, else as set; NULL unknown (是否加V; R28)';
COMMENT ON COLUMN kefu_bi.accounts.is_message_open IS 'takes everybody''s messages, as seen, else as set; NULL unknown (是否开放私信; R26)';
COMMENT ON COLUMN kefu_bi.accounts.is_background_fit IS 'last review of the background; NULL never (背景是否合规; R20)';
COMMENT ON COLUMN kefu_bi.accounts.is_intro_fit IS 'last review of introduction, tags and topics; NULL never (介绍标签话题是否合规; R23)';
COMMENT ON COLUMN kefu_bi.accounts.reviewed_at IS 'last review; NULL never (审核时间)';
COMMENT ON COLUMN kefu_bi.accounts.reviewed_local_date IS 'Beijing date of reviewed_at; NULL where that is (审核时间日期)';
COMMENT ON COLUMN kefu_bi.accounts.reviewed_local_hour IS 'Beijing hour of reviewed_at, 0 to 23; NULL where that is (审核时间小时)';
COMMENT ON COLUMN kefu_bi.accounts.is_set IS 'what it should show is set (是否已设置)';
COMMENT ON COLUMN kefu_bi.accounts.checked_at IS 'last look at what it shows; NULL never (核对时间)';
COMMENT ON COLUMN kefu_bi.accounts.checked_local_date IS 'Beijing date of checked_at; NULL where that is (核对时间日期)';
COMMENT ON COLUMN kefu_bi.accounts.checked_local_hour IS 'Beijing hour of checked_at, 0 to 23; NULL where that is (核对时间小时)';
COMMENT ON COLUMN kefu_bi.accounts.open_duty_count IS 'open duties of the account; 0 none (未办待办数)';
COMMENT ON COLUMN kefu_bi.accounts.late_duty_count IS 'of them, those past due; 0 none (超时待办数)';

CREATE VIEW kefu_bi.account_duties WITH (security_barrier) AS
SELECT d.duty_id,
       d.kind,
       l.label_zh AS kind_label_zh,
       l.label_en AS kind_label_en,
       t.rulebook,
       d.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       d.account,
       d.subject,
       d.due_at,
       (d.due_at AT TIME ZONE 'Asia/Shanghai')::date AS due_local_date,
       extract(hour FROM d.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_local_hour,
       d.task_id,
       d.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       d.done_at,
       (d.done_at AT TIME ZONE 'Asia/Shanghai')::date AS done_local_date,
       extract(hour FROM d.done_at AT TIME ZONE 'Asia/Shanghai')::integer AS done_local_hour,
       d.done_by AS done_by_staff_id,
       extract(epoch FROM d.done_at - d.due_at)::bigint AS off_seconds,
       d.state = 'open' AND d.due_at < kefu.now() AS is_late
  FROM kefu.duty_now d
  JOIN kefu.task t USING (task_id)
  JOIN kefu.unit u ON u.unit = d.unit
  JOIN kefu.state s ON s.machine = 'task' AND s.state = d.state
  LEFT JOIN kefu_bi.labels l ON l.code_kind = 'duty' AND l.code = d.kind
 WHERE d.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.account_duties IS
'What had to be done to an account''s appearance, by when, and who did it when: avatars, tags, campaigns, festivals; what was called off is left out (账号资料待办; R19, R21, R22, R25)';
COMMENT ON COLUMN kefu_bi.account_duties.duty_id IS 'number (编号)';
COMMENT ON COLUMN kefu_bi.account_duties.kind IS 'tag, avatar, campaign_up, campaign_down, theme_design, theme_up, theme_down (类型)';
COMMENT ON COLUMN kefu_bi.account_duties.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.account_duties.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.account_duties.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu_bi.account_duties.unit IS 'unit that does it (机构)';
COMMENT ON COLUMN kefu_bi.account_duties.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.account_duties.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.account_duties.account IS 'account; NULL where it is the unit''s (账号)';
COMMENT ON COLUMN kefu_bi.account_duties.subject IS 'tag, number of the avatar, campaign, or festival with its day (事项)';
COMMENT ON COLUMN kefu_bi.account_duties.due_at IS 'when it is due (到期时间)';
COMMENT ON COLUMN kefu_bi.account_duties.due_local_date IS 'Beijing date of due_at (到期时间日期)';
COMMENT ON COLUMN kefu_bi.account_duties.due_local_hour IS 'Beijing hour of due_at, 0 to 23 (到期时间小时)';
COMMENT ON COLUMN kefu_bi.account_duties.task_id IS 'its task (待办编号)';
COMMENT ON COLUMN kefu_bi.account_duties.state IS 'state of the task (状态)';
COMMENT ON COLUMN kefu_bi.account_duties.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.account_duties.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.account_duties.done_at IS 'when it was done; NULL not yet (完成时间)';
COMMENT ON COLUMN kefu_bi.account_duties.done_local_date IS 'Beijing date of done_at; NULL where that is (完成时间日期)';
COMMENT ON COLUMN kefu_bi.account_duties.done_local_hour IS 'Beijing hour of done_at, 0 to 23; NULL where that is (完成时间小时)';
COMMENT ON COLUMN kefu_bi.account_duties.done_by_staff_id IS 'who said when it was done; NULL nobody (完成人编号)';
COMMENT ON COLUMN kefu_bi.account_duties.off_seconds IS 'done later than due, negative if earlier; NULL not done (偏差秒数)';
COMMENT ON COLUMN kefu_bi.account_duties.is_late IS 'open and past due (是否超时)';

CREATE VIEW kefu_bi.campaigns WITH (security_barrier) AS
SELECT c.campaign,
       c.name,
       c.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       c.from_at,
       (c.from_at AT TIME ZONE 'Asia/Shanghai')::date AS from_local_date,
       extract(hour FROM c.from_at AT TIME ZONE 'Asia/Shanghai')::integer AS from_local_hour,
       c.to_at,
       (c.to_at AT TIME ZONE 'Asia/Shanghai')::date AS to_local_date,
       extract(hour FROM c.to_at AT TIME ZONE 'Asia/Shanghai')::integer AS to_local_hour,
       c.is_live,
       (SELECT count(*) FROM kefu.duty_now d WHERE d.subject = c.campaign AND d.kind = 'campaign_up') AS account_count,
       (SELECT count(*) FROM kefu.duty_now d WHERE d.subject = c.campaign AND d.kind = 'campaign_up'
           AND d.done_at IS NOT NULL) AS up_count,
       (SELECT count(*) FROM kefu.duty_now d WHERE d.subject = c.campaign AND d.kind = 'campaign_down'
           AND d.done_at IS NOT NULL) AS down_count,
       (SELECT count(*) FROM kefu.duty_now d WHERE d.subject = c.campaign AND d.kind LIKE 'campaign%'
           AND d.done_at IS NULL AND d.state = 'open' AND d.due_at < kefu.now()) AS late_count
  FROM kefu.campaign c
  JOIN kefu.unit u USING (unit)
 WHERE c.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.campaigns IS
'Campaigns with a background, and how many accounts put it up and took it down (营销活动背景; R21)';
COMMENT ON COLUMN kefu_bi.campaigns.campaign IS 'code (活动代码)';
COMMENT ON COLUMN kefu_bi.campaigns.name IS 'Chinese name (活动名称)';
COMMENT ON COLUMN kefu_bi.campaigns.unit IS 'whose (机构)';
COMMENT ON COLUMN kefu_bi.campaigns.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.campaigns.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.campaigns.from_at IS 'start (开始时间)';
COMMENT ON COLUMN kefu_bi.campaigns.from_local_date IS 'Beijing date of from_at (开始时间日期)';
COMMENT ON COLUMN kefu_bi.campaigns.from_local_hour IS 'Beijing hour of from_at, 0 to 23 (开始时间小时)';
COMMENT ON COLUMN kefu_bi.campaigns.to_at IS 'end (结束时间)';
COMMENT ON COLUMN kefu_bi.campaigns.to_local_date IS 'Beijing date of to_at (结束时间日期)';
COMMENT ON COLUMN kefu_bi.campaigns.to_local_hour IS 'Beijing hour of to_at, 0 to 23 (结束时间小时)';
COMMENT ON COLUMN kefu_bi.campaigns.is_live IS 'false: called off (是否有效)';
COMMENT ON COLUMN kefu_bi.campaigns.account_count IS 'accounts that put it up; 0 none (账号数)';
COMMENT ON COLUMN kefu_bi.campaigns.up_count IS 'of them, those that did; 0 none (已上架数)';
COMMENT ON COLUMN kefu_bi.campaigns.down_count IS 'of them, those that took it down; 0 none (已下架数)';
COMMENT ON COLUMN kefu_bi.campaigns.late_count IS 'ends past due and not done; 0 none (超时未办数)';

CREATE VIEW kefu_bi.themes WITH (security_barrier) AS
SELECT f.festival,
       f.name_zh AS festival_label_zh,
       f.name_en AS festival_label_en,
       f.date,
       f.to_date,
       f.basis,
       (SELECT string_agg(o.festival, ', ' ORDER BY o.date)
          FROM kefu.festival o WHERE (o.festival, o.date) <> (f.festival, f.date)
           AND o.date <= f.to_date AND o.to_date >= f.date) AS overlapping,
       d.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       d.account_count,
       d.up_count,
       d.is_designed,
       t.link AS template_link,
       t.offered_at,
       (t.offered_at AT TIME ZONE 'Asia/Shanghai')::date AS offered_local_date,
       extract(hour FROM t.offered_at AT TIME ZONE 'Asia/Shanghai')::integer AS offered_local_hour,
       t.download_count
  FROM kefu.festival f
  JOIN (SELECT x.unit, x.subject, count(*) FILTER (WHERE x.kind = 'theme_up') AS account_count,
               count(x.done_at) FILTER (WHERE x.kind = 'theme_up') AS up_count,
               coalesce(bool_or(x.done_at IS NOT NULL) FILTER (WHERE x.kind = 'theme_design'), false) AS is_designed
          FROM kefu.duty_now x WHERE x.kind LIKE 'theme%' GROUP BY 1, 2) AS d ON d.subject = f.festival || '/' || f.date
  JOIN kefu.unit u ON u.unit = d.unit
  LEFT JOIN kefu.theme_template t ON t.unit = d.unit AND t.festival = f.festival AND t.date = f.date
 WHERE d.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.themes IS
'Festivals of each unit whose duties were made: designed, up on how many accounts, offered to fans (节日主题; R22)';
COMMENT ON COLUMN kefu_bi.themes.festival IS 'festival (节日)';
COMMENT ON COLUMN kefu_bi.themes.festival_label_zh IS 'Chinese label of festival (节日标签)';
COMMENT ON COLUMN kefu_bi.themes.festival_label_en IS 'English label of festival (节日英文标签)';
COMMENT ON COLUMN kefu_bi.themes.date IS 'the day, in Beijing (日期)';
COMMENT ON COLUMN kefu_bi.themes.to_date IS 'last day of the theme (主题截止日)';
COMMENT ON COLUMN kefu_bi.themes.basis IS 'where the date comes from (日期依据)';
COMMENT ON COLUMN kefu_bi.themes.overlapping IS 'festivals whose theme is up on one of these days, with commas between; NULL none. The one that began last is shown (重叠节日)';
COMMENT ON COLUMN kefu_bi.themes.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.themes.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.themes.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.themes.account_count IS 'accounts that change their theme; 0 none (账号数)';
COMMENT ON COLUMN kefu_bi.themes.up_count IS 'of them, those that did; 0 none (已更换数)';
COMMENT ON COLUMN kefu_bi.themes.is_designed IS 'the unit has designed it (是否已设计)';
COMMENT ON COLUMN kefu_bi.themes.template_link IS 'where fans download the template; NULL not offered (下载链接)';
COMMENT ON COLUMN kefu_bi.themes.offered_at IS 'since when; NULL not offered (开放时间)';
COMMENT ON COLUMN kefu_bi.themes.offered_local_date IS 'Beijing date of offered_at; NULL where that is (开放时间日期)';
COMMENT ON COLUMN kefu_bi.themes.offered_local_hour IS 'Beijing hour of offered_at, 0 to 23; NULL where that is (开放时间小时)';
COMMENT ON COLUMN kefu_bi.themes.download_count IS 'downloads as last told; NULL never (下载次数)';


CREATE VIEW kefu_bi.account_weeks WITH (security_barrier) AS
WITH account AS (
    SELECT a.account, a.handle, a.platform, a.unit FROM kefu.account a
     WHERE a.is_live AND a.unit = ANY ((SELECT kefu.my_units())::text[])
), post AS (
    SELECT l.account, (date_trunc('week', l.published_at AT TIME ZONE 'Asia/Shanghai'))::date AS week, count(*) AS posts,
           count(*) FILTER (WHERE l.is_repost) AS reposts, count(*) FILTER (WHERE l.has_media) AS pictures,
           count(*) FILTER (WHERE c.reposts_count IS NOT NULL AND c.comments_count IS NOT NULL) AS counted,
           sum(c.reposts_count)::bigint AS reposted, sum(c.comments_count)::bigint AS commented, sum(c.likes_count)::bigint AS liked,
           sum(c.reposts_count + c.comments_count) AS echoes, count(c.reposts_count) AS reposts_counted, count(c.comments_count) AS comments_counted
      FROM account a
      JOIN kefu.placement l ON l.account = a.account AND l.published_at IS NOT NULL
      LEFT JOIN kefu.placement_count c USING (placement_id)
     GROUP BY l.account, 2
), message AS (
    SELECT g.account, (date_trunc('week', g.posted_at AT TIME ZONE 'Asia/Shanghai'))::date AS week, count(*) AS messages
      FROM account a JOIN kefu.message g ON g.account = a.account AND g.is_live AND g.to_us
     GROUP BY g.account, 2
), reply AS (
    SELECT o.account, (date_trunc('week', o.sent_at AT TIME ZONE 'Asia/Shanghai'))::date AS week,
           count(*) FILTER (WHERE o.channel = 'public') AS in_public, count(*) FILTER (WHERE o.channel = 'private') AS in_private
      FROM account a JOIN kefu.outbound o ON o.account = a.account AND o.state = 'sent' AND o.speech_id IS NOT NULL
     GROUP BY o.account, 2
), life AS (
    SELECT f.account, min(f.week) AS first_week
      FROM (SELECT p.account, p.week FROM post p UNION ALL SELECT m.account, m.week FROM message m UNION ALL SELECT r.account, r.week FROM reply r) AS f
     GROUP BY f.account
), week AS (
    SELECT a.account, a.handle, a.platform, a.unit, s::date AS week, coalesce(p.posts, 0) AS posts, coalesce(p.reposts, 0) AS reposts,
           coalesce(p.pictures, 0) AS pictures, coalesce(p.counted, 0) AS counted, p.reposted, p.commented, p.liked, p.echoes, p.reposts_counted, p.comments_counted,
           coalesce(m.messages, 0) AS messages, coalesce(r.in_public, 0) AS in_public, coalesce(r.in_private, 0) AS in_private
      FROM account a
      JOIN life l ON l.account = a.account
     CROSS JOIN LATERAL generate_series(l.first_week::timestamp, date_trunc('week', kefu.now() AT TIME ZONE 'Asia/Shanghai'), interval '7 days') AS s
      LEFT JOIN post p ON p.account = a.account AND p.week = s::date
      LEFT JOIN message m ON m.account = a.account AND m.week = s::date
      LEFT JOIN reply r ON r.account = a.account AND r.week = s::date
)
SELECT w.week AS local_week,
       w.week + 7 <= (kefu.now() AT TIME ZONE 'Asia/Shanghai')::date AS is_over,
       w.account,
       w.handle AS registered_name,
       w.platform,
       f.name_zh AS platform_label_zh,
       f.name_en AS platform_label_en,
       w.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       w.posts AS post_count,
       w.posts - w.reposts AS original_count,
       w.reposts AS repost_count,
       w.pictures AS picture_count,
       round(100.0 * (w.posts - w.reposts) / nullif(w.posts, 0), 2) AS original_pct,
       round(w.posts / 7.0, 2) AS posts_per_day,
       w.counted AS counted_post_count,
       w.reposted AS reposts_received_count,
       w.commented AS comments_received_count,
       w.liked AS likes_received_count,
       round(w.echoes / nullif(w.counted, 0), 2) AS echoes_per_post,
       round(w.reposted::numeric / nullif(w.reposts_counted, 0), 2) AS reposts_per_post,
       round(w.commented::numeric / nullif(w.comments_counted, 0), 2) AS comments_per_post,
       w.messages AS message_count,
       w.in_public AS public_reply_count,
       w.in_private AS private_reply_count,
       w.posts = 0 AND coalesce(lag(w.posts) OVER (PARTITION BY w.account ORDER BY w.week) = 0, false) AS is_idle
  FROM week w
  JOIN kefu.platform f ON f.platform = w.platform
  JOIN kefu.unit u ON u.unit = w.unit;
COMMENT ON VIEW kefu_bi.account_weeks IS
'How active each account is, a week from Monday in Beijing. Population: live accounts of the reader''s units, from their first post, reply or message on; posts published, also those deleted since. Clock: none. Window: posts and replies by the platform''s time, messages by the customer''s; echoes are those of the week''s posts as last read. Left out: sends without a customer. Zero rule: a week without anything is a row of zeros; a share or mean of nothing is NULL. Followers aren''t known here (账号活跃度; R12, R38, R50)';
COMMENT ON COLUMN kefu_bi.account_weeks.local_week IS 'Monday of the week (周)';
COMMENT ON COLUMN kefu_bi.account_weeks.is_over IS 'false: the running week, whose posts_per_day still rises (是否完整周)';
COMMENT ON COLUMN kefu_bi.account_weeks.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.account_weeks.registered_name IS 'its name (账号名称)';
COMMENT ON COLUMN kefu_bi.account_weeks.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.account_weeks.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.account_weeks.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.account_weeks.unit IS 'unit that runs it (机构)';
COMMENT ON COLUMN kefu_bi.account_weeks.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.account_weeks.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.account_weeks.post_count IS 'posts published; 0 none (发文数)';
COMMENT ON COLUMN kefu_bi.account_weeks.original_count IS 'of them, originals (原创数)';
COMMENT ON COLUMN kefu_bi.account_weeks.repost_count IS 'of them, reposts of others'' posts (转发他人数)';
COMMENT ON COLUMN kefu_bi.account_weeks.picture_count IS 'of them, with a picture (配图数; R52)';
COMMENT ON COLUMN kefu_bi.account_weeks.original_pct IS 'originals by posts; NULL no post (原创率)';
COMMENT ON COLUMN kefu_bi.account_weeks.posts_per_day IS 'posts by 7 days (活跃度)';
COMMENT ON COLUMN kefu_bi.account_weeks.counted_post_count IS 'posts whose reposts and comments the platform told; 0 none (有数据博文数)';
COMMENT ON COLUMN kefu_bi.account_weeks.reposts_received_count IS 'reposts of the week''s posts; NULL not told (被转发数)';
COMMENT ON COLUMN kefu_bi.account_weeks.comments_received_count IS 'comments on them; NULL not told (被评论数)';
COMMENT ON COLUMN kefu_bi.account_weeks.likes_received_count IS 'likes of them; NULL not told (被点赞数)';
COMMENT ON COLUMN kefu_bi.account_weeks.echoes_per_post IS 'reposts and comments by posts whose numbers are told; NULL none is (传播力)';
COMMENT ON COLUMN kefu_bi.account_weeks.reposts_per_post IS 'reposts by posts whose reposts are told; NULL none is (单条被转发数)';
COMMENT ON COLUMN kefu_bi.account_weeks.comments_per_post IS 'comments by posts whose comments are told; NULL none is (单条被评论数)';
COMMENT ON COLUMN kefu_bi.account_weeks.message_count IS 'messages, mentions and comments written to it in the week; 0 none (来言数)';
COMMENT ON COLUMN kefu_bi.account_weeks.public_reply_count IS 'public replies to customers that the platform took; 0 none (公开回复数)';
COMMENT ON COLUMN kefu_bi.account_weeks.private_reply_count IS 'private ones; 0 none (私信回复数)';
COMMENT ON COLUMN kefu_bi.account_weeks.is_idle IS 'no post in this week and none in the one before: two weeks without an update; the first week never is (是否两周未更新)';
