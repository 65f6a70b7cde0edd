-- 78_bi_follow: what analysts read of the follow lists.
--
-- The rules at the head of 70_bi hold here too: customers are numbers, names are
-- those of the list of known accounts and of our own.

CREATE VIEW kefu_bi.follows WITH (security_barrier) AS
SELECT f.follow_id,
       f.account,
       f.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       f.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       f.native_id AS target_native_id,
       f.identity_id,
       coalesce(t.name, b.handle) AS target_name,
       f.category,
       c.label_zh AS category_label_zh,
       c.label_en AS category_label_en,
       f.subcategory,
       c.is_discouraged,
       f.cause,
       l.label_zh AS cause_label_zh,
       l.label_en AS cause_label_en,
       r.target IS NOT NULL AS is_required,
       f.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       f.proposed_at,
       (f.proposed_at AT TIME ZONE 'Asia/Shanghai')::date AS proposed_local_date,
       extract(hour FROM f.proposed_at AT TIME ZONE 'Asia/Shanghai')::integer AS proposed_local_hour,
       f.followed_at,
       (f.followed_at AT TIME ZONE 'Asia/Shanghai')::date AS followed_local_date,
       extract(hour FROM f.followed_at AT TIME ZONE 'Asia/Shanghai')::integer AS followed_local_hour,
       f.reviewed_at,
       (f.reviewed_at AT TIME ZONE 'Asia/Shanghai')::date AS reviewed_local_date,
       extract(hour FROM f.reviewed_at AT TIME ZONE 'Asia/Shanghai')::integer AS reviewed_local_hour,
       k.due_at AS review_due_at,
       (k.due_at AT TIME ZONE 'Asia/Shanghai')::date AS review_due_local_date,
       extract(hour FROM k.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS review_due_local_hour,
       f.ended_at,
       (f.ended_at AT TIME ZONE 'Asia/Shanghai')::date AS ended_local_date,
       extract(hour FROM f.ended_at AT TIME ZONE 'Asia/Shanghai')::integer AS ended_local_hour,
       f.unfollow_reason,
       n.label_zh AS unfollow_reason_label_zh,
       n.label_en AS unfollow_reason_label_en,
       f.lost_at IS NOT NULL AS is_lost
  FROM kefu.follow_now f
  JOIN kefu.unit u ON u.unit = f.unit
  JOIN kefu.platform p ON p.platform = f.platform
  JOIN kefu.state s ON s.machine = 'follow' AND s.state = f.state
  LEFT JOIN kefu.follow_category c ON c.category = f.category AND c.subcategory = f.subcategory
  LEFT JOIN kefu.follow_required r ON r.account = f.account AND r.target = f.target
  LEFT JOIN kefu.account b ON b.platform = f.platform AND b.native_id = f.native_id
  LEFT JOIN LATERAL (SELECT x.name FROM kefu.follow_target x
                      WHERE x.platform = f.platform AND x.native_id = f.native_id AND x.valid_from <= kefu.now()
                      ORDER BY x.valid_from DESC LIMIT 1) AS t ON true
  LEFT JOIN kefu.clock k ON k.object_type = 'follow' AND k.object_id = f.follow_id AND k.clock = 'follow_review'
       AND k.stopped_at IS NULL
  LEFT JOIN kefu.unfollow_reason n ON n.unfollow_reason = f.unfollow_reason
  LEFT JOIN kefu_bi.labels l ON l.code_kind = 'follow_cause' AND l.code = f.cause
 WHERE f.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.follows IS
'Follow lists of our accounts: whom, of what kind, why, since when, reviewed when (关注列表; R29 to R37, R70, R83, R84)';
COMMENT ON COLUMN kefu_bi.follows.follow_id IS 'number (关注编号)';
COMMENT ON COLUMN kefu_bi.follows.account IS 'our account (账号)';
COMMENT ON COLUMN kefu_bi.follows.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.follows.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.follows.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.follows.unit IS 'its unit (机构)';
COMMENT ON COLUMN kefu_bi.follows.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.follows.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.follows.target_native_id IS 'the platform''s id of whom it follows; NULL for a customer (对方平台ID)';
COMMENT ON COLUMN kefu_bi.follows.identity_id IS 'number of a customer''s platform account; NULL for others (身份编号)';
COMMENT ON COLUMN kefu_bi.follows.target_name IS 'name, from the list of known accounts or our own; NULL not there (对方名称)';
COMMENT ON COLUMN kefu_bi.follows.category IS 'category (类别)';
COMMENT ON COLUMN kefu_bi.follows.category_label_zh IS 'Chinese label of the kind (类别标签)';
COMMENT ON COLUMN kefu_bi.follows.category_label_en IS 'English label of the kind (类别英文标签)';
COMMENT ON COLUMN kefu_bi.follows.subcategory IS 'one of its parts; empty none (子类)';
COMMENT ON COLUMN kefu_bi.follows.is_discouraged IS 'of a kind that needs a leader''s reason (是否须说明; R37)';
COMMENT ON COLUMN kefu_bi.follows.cause IS 'mandatory, mutual, candidate, person, found (依据)';
COMMENT ON COLUMN kefu_bi.follows.cause_label_zh IS 'Chinese label of cause (依据标签)';
COMMENT ON COLUMN kefu_bi.follows.cause_label_en IS 'English label of cause (依据英文标签)';
COMMENT ON COLUMN kefu_bi.follows.is_required IS 'must be followed now (是否必须关注; R30, R31)';
COMMENT ON COLUMN kefu_bi.follows.state IS 'state (状态)';
COMMENT ON COLUMN kefu_bi.follows.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.follows.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.follows.proposed_at IS 'when it was proposed (提出时间)';
COMMENT ON COLUMN kefu_bi.follows.proposed_local_date IS 'Beijing date of proposed_at (提出时间日期)';
COMMENT ON COLUMN kefu_bi.follows.proposed_local_hour IS 'Beijing hour of proposed_at, 0 to 23 (提出时间小时)';
COMMENT ON COLUMN kefu_bi.follows.followed_at IS 'since when it is followed; NULL not yet (关注时间)';
COMMENT ON COLUMN kefu_bi.follows.followed_local_date IS 'Beijing date of followed_at; NULL where that is (关注时间日期)';
COMMENT ON COLUMN kefu_bi.follows.followed_local_hour IS 'Beijing hour of followed_at, 0 to 23; NULL where that is (关注时间小时)';
COMMENT ON COLUMN kefu_bi.follows.reviewed_at IS 'last review; NULL never (复核时间)';
COMMENT ON COLUMN kefu_bi.follows.reviewed_local_date IS 'Beijing date of reviewed_at; NULL where that is (复核时间日期)';
COMMENT ON COLUMN kefu_bi.follows.reviewed_local_hour IS 'Beijing hour of reviewed_at, 0 to 23; NULL where that is (复核时间小时)';
COMMENT ON COLUMN kefu_bi.follows.review_due_at IS 'when the next review is due; NULL not followed (复核到期时间)';
COMMENT ON COLUMN kefu_bi.follows.review_due_local_date IS 'Beijing date of review_due_at; NULL where that is (复核到期日期)';
COMMENT ON COLUMN kefu_bi.follows.review_due_local_hour IS 'Beijing hour of review_due_at, 0 to 23; NULL where that is (复核到期小时)';
COMMENT ON COLUMN kefu_bi.follows.ended_at IS 'when it was refused or unfollowed; NULL open (结束时间)';
COMMENT ON COLUMN kefu_bi.follows.ended_local_date IS 'Beijing date of ended_at; NULL where that is (结束时间日期)';
COMMENT ON COLUMN kefu_bi.follows.ended_local_hour IS 'Beijing hour of ended_at, 0 to 23; NULL where that is (结束时间小时)';
COMMENT ON COLUMN kefu_bi.follows.unfollow_reason IS 'why it is followed no longer; NULL it is (取消关注原因; R84)';
COMMENT ON COLUMN kefu_bi.follows.unfollow_reason_label_zh IS 'Chinese label of unfollow_reason (取消关注原因标签)';
COMMENT ON COLUMN kefu_bi.follows.unfollow_reason_label_en IS 'English label of unfollow_reason (取消关注原因英文标签)';
COMMENT ON COLUMN kefu_bi.follows.is_lost IS 'the platform''s list has it no longer, and the desk did not end it (是否平台缺失)';

CREATE VIEW kefu_bi.follow_quotas WITH (security_barrier) AS
SELECT s.account,
       s.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       s.category,
       s.subcategory,
       c.label_zh AS category_label_zh,
       c.label_en AS category_label_en,
       s.rulebook,
       s.least AS least_count,
       s.most AS most_count,
       s.followed_count,
       x.standing,
       l.label_zh AS standing_label_zh,
       l.label_en AS standing_label_en
  FROM kefu.follow_standing s
  JOIN kefu.unit u ON u.unit = s.unit
  JOIN kefu.follow_category c ON c.category = s.category AND c.subcategory = s.subcategory
 CROSS JOIN LATERAL (SELECT CASE WHEN s.followed_count < s.least THEN 'below'
                                 WHEN s.followed_count > s.most THEN 'above' ELSE 'within' END AS standing) AS x
  LEFT JOIN kefu_bi.labels l ON l.code_kind = 'follow_standing' AND l.code = x.standing
 WHERE s.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.follow_quotas IS
'How many of each kind each live account follows, against what it should (关注数量; R32 to R36, rulings 7, 26)';
COMMENT ON COLUMN kefu_bi.follow_quotas.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.follow_quotas.unit IS 'its unit (机构)';
COMMENT ON COLUMN kefu_bi.follow_quotas.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.follow_quotas.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.follow_quotas.category IS 'category (类别)';
COMMENT ON COLUMN kefu_bi.follow_quotas.subcategory IS 'one of its parts; empty: all of it together (子类)';
COMMENT ON COLUMN kefu_bi.follow_quotas.category_label_zh IS 'Chinese label of the kind (类别标签)';
COMMENT ON COLUMN kefu_bi.follow_quotas.category_label_en IS 'English label of the kind (类别英文标签)';
COMMENT ON COLUMN kefu_bi.follow_quotas.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu_bi.follow_quotas.least_count IS 'at least; NULL no lower limit (下限)';
COMMENT ON COLUMN kefu_bi.follow_quotas.most_count IS 'at most; NULL no upper limit (上限)';
COMMENT ON COLUMN kefu_bi.follow_quotas.followed_count IS 'followed now; 0 none (关注数)';
COMMENT ON COLUMN kefu_bi.follow_quotas.standing IS 'below, within or above (达标情况)';
COMMENT ON COLUMN kefu_bi.follow_quotas.standing_label_zh IS 'Chinese label of standing (达标情况标签)';
COMMENT ON COLUMN kefu_bi.follow_quotas.standing_label_en IS 'English label of standing (达标情况英文标签)';

CREATE VIEW kefu_bi.follow_candidates WITH (security_barrier) AS
SELECT e.account,
       a.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       a.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       e.identity_id,
       i.is_verified,
       i.followers_count,
       e.message_count,
       e.praise_count,
       e.last_posted_at,
       (e.last_posted_at AT TIME ZONE 'Asia/Shanghai')::date AS last_posted_local_date,
       extract(hour FROM e.last_posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS last_posted_local_hour,
       k.category AS suggested_category,
       k.label_zh AS suggested_category_label_zh,
       k.label_en AS suggested_category_label_en
  FROM (SELECT x.* FROM kefu.follow_rule x WHERE x.valid_from <= kefu.now() ORDER BY x.valid_from DESC LIMIT 1) AS r
 CROSS JOIN LATERAL (
       SELECT g.account, g.identity_id, count(*) AS message_count,
              count(*) FILTER (WHERE t.kind = 'praise') AS praise_count, max(g.posted_at) AS last_posted_at
         FROM kefu.message g LEFT JOIN kefu.ticket t USING (ticket_id)
        WHERE g.to_us AND g.is_live AND g.identity_id IS NOT NULL
          AND g.posted_at > kefu.now() - r.engaged_within
          AND g.unit = ANY ((SELECT kefu.my_units())::text[])
        GROUP BY g.account, g.identity_id) AS e
  JOIN kefu.account a ON a.account = e.account AND a.is_live
  JOIN kefu.unit u ON u.unit = a.unit
  JOIN kefu.identity i ON i.identity_id = e.identity_id AND i.platform = a.platform
  JOIN kefu.follow_category k ON k.subcategory = ''
       AND k.category = CASE WHEN i.is_verified THEN 'celebrity' ELSE 'active_user' END
  JOIN kefu.platform p ON p.platform = a.platform
 WHERE e.message_count >= r.engaged_messages
   AND a.unit = ANY ((SELECT kefu.my_units())::text[])
   AND NOT EXISTS (SELECT FROM kefu.account b WHERE b.platform = i.platform AND b.native_id = i.native_id)
   AND NOT EXISTS (SELECT FROM kefu.follow_now f
                    WHERE f.account = e.account AND f.target = i.native_id
                      AND (f.ended_at IS NULL OR f.ended_at > kefu.now() - r.engaged_within));
COMMENT ON VIEW kefu_bi.follow_candidates IS
'Customers who wrote to an account of ours often enough lately and whom it doesn''t follow: verified ones as celebrities, others as active users. Who was refused or unfollowed within the time is left out (关注候选; R35, R36)';
COMMENT ON COLUMN kefu_bi.follow_candidates.account IS 'our account (账号)';
COMMENT ON COLUMN kefu_bi.follow_candidates.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.follow_candidates.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.follow_candidates.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.follow_candidates.unit IS 'its unit (机构)';
COMMENT ON COLUMN kefu_bi.follow_candidates.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.follow_candidates.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.follow_candidates.identity_id IS 'number of the customer''s platform account (身份编号)';
COMMENT ON COLUMN kefu_bi.follow_candidates.is_verified IS 'carries the V; NULL not told (是否加V)';
COMMENT ON COLUMN kefu_bi.follow_candidates.followers_count IS 'followers; NULL not told (粉丝数)';
COMMENT ON COLUMN kefu_bi.follow_candidates.message_count IS 'messages to the account within engaged_within (消息数)';
COMMENT ON COLUMN kefu_bi.follow_candidates.praise_count IS 'of them, praise; 0 none (表扬数)';
COMMENT ON COLUMN kefu_bi.follow_candidates.last_posted_at IS 'latest of them (最近发布时间)';
COMMENT ON COLUMN kefu_bi.follow_candidates.last_posted_local_date IS 'Beijing date of last_posted_at (最近发布日期)';
COMMENT ON COLUMN kefu_bi.follow_candidates.last_posted_local_hour IS 'Beijing hour of last_posted_at, 0 to 23 (最近发布小时)';
COMMENT ON COLUMN kefu_bi.follow_candidates.suggested_category IS 'celebrity or active_user (建议类别)';
COMMENT ON COLUMN kefu_bi.follow_candidates.suggested_category_label_zh IS 'Chinese label of suggested_category (建议类别标签)';
COMMENT ON COLUMN kefu_bi.follow_candidates.suggested_category_label_en IS 'English label of suggested_category (建议类别英文标签)';

