-- 61_profile_finding: what of the accounts' appearance breaks a rule.
--
-- By what was last seen, else by what is set; each has its row in kefu_bi.findings.

CREATE VIEW kefu.profile_now AS
WITH seen AS (
    SELECT s.account, max(s.checked_at) AS checked_at, max(s.seen_at) AS changed_at,
           (array_agg(s.name ORDER BY s.checked_at DESC) FILTER (WHERE s.name IS NOT NULL))[1] AS name,
           (array_agg(s.intro ORDER BY s.checked_at DESC) FILTER (WHERE s.intro IS NOT NULL))[1] AS intro,
           (array_agg(s.domain ORDER BY s.checked_at DESC) FILTER (WHERE s.domain IS NOT NULL))[1] AS domain,
           (array_agg(to_jsonb(s.tags) ORDER BY s.checked_at DESC) FILTER (WHERE s.tags IS NOT NULL))[1] AS tags,
           (array_agg(to_jsonb(s.topics) ORDER BY s.checked_at DESC) FILTER (WHERE s.topics IS NOT NULL))[1] AS topics,
           (array_agg(s.background ORDER BY s.checked_at DESC) FILTER (WHERE s.background IS NOT NULL))[1] AS background,
           (array_agg(s.is_verified ORDER BY s.checked_at DESC) FILTER (WHERE s.is_verified IS NOT NULL))[1] AS is_verified,
           (array_agg(s.dm_open ORDER BY s.checked_at DESC) FILTER (WHERE s.dm_open IS NOT NULL))[1] AS dm_open
      FROM kefu.account_profile_seen s
     GROUP BY s.account
), should AS (
    SELECT DISTINCT ON (p.account) p.*
      FROM kefu.account_profile p
     WHERE p.valid_from <= kefu.now()
     ORDER BY p.account, p.valid_from DESC
)
SELECT a.account, a.platform, a.unit, u.kind AS unit_kind, a.handle,
       CASE u.kind WHEN 'group' THEN r.group_name
                   WHEN 'province' THEN replace(r.province_name, '{province}',
                       CASE WHEN right(u.name_zh, length(r.unit_suffix)) = r.unit_suffix
                            THEN left(u.name_zh, length(u.name_zh) - length(r.unit_suffix)) ELSE u.name_zh END)
                   END AS rule_name,
       p.account IS NOT NULL AS is_set, p.valid_from AS set_from, p.name, p.intro, p.domain, p.tags, p.topics,
       p.background, p.is_verified, p.dm_open,
       s.checked_at, s.changed_at, s.name AS seen_name, s.intro AS seen_intro, s.domain AS seen_domain,
       s.tags AS seen_tags, s.topics AS seen_topics, s.background AS seen_background,
       s.is_verified AS seen_is_verified, s.dm_open AS seen_dm_open
  FROM kefu.account a
  JOIN kefu.unit u USING (unit)
  LEFT JOIN (SELECT x.* FROM kefu.profile_rule x WHERE x.valid_from <= kefu.now()
              ORDER BY x.valid_from DESC LIMIT 1) AS r ON true
  LEFT JOIN should p ON p.account = a.account
  LEFT JOIN seen s ON s.account = a.account
 WHERE a.is_live;
COMMENT ON VIEW kefu.profile_now IS 'Each live account: its name by rule, what it should show, what it was last seen to show (账号资料现状)';
COMMENT ON COLUMN kefu.profile_now.account IS 'account (账号)';
COMMENT ON COLUMN kefu.profile_now.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.profile_now.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu.profile_now.unit_kind IS 'kind of unit (机构类型)';
COMMENT ON COLUMN kefu.profile_now.handle IS 'name it is registered with (登记名称)';
COMMENT ON COLUMN kefu.profile_now.rule_name IS 'name by rule; NULL: there is none for this kind of unit (规范名称; R16, R17)';
COMMENT ON COLUMN kefu.profile_now.is_set IS 'what it should show has been set (是否已设置)';
COMMENT ON COLUMN kefu.profile_now.set_from IS 'since when; NULL not set (生效时间)';
COMMENT ON COLUMN kefu.profile_now.name IS 'name it should show; NULL not set, as in what follows (应有名称)';
COMMENT ON COLUMN kefu.profile_now.intro IS 'introduction it should show (应有介绍)';
COMMENT ON COLUMN kefu.profile_now.domain IS 'domain it should have (应有域名)';
COMMENT ON COLUMN kefu.profile_now.tags IS 'tags it should have (应有标签)';
COMMENT ON COLUMN kefu.profile_now.topics IS 'topics it should follow (应有话题)';
COMMENT ON COLUMN kefu.profile_now.background IS 'background it should show (应有背景)';
COMMENT ON COLUMN kefu.profile_now.is_verified IS 'should carry the V (应否加V)';
COMMENT ON COLUMN kefu.profile_now.dm_open IS 'should take messages of anybody (应否开放私信)';
COMMENT ON COLUMN kefu.profile_now.checked_at IS 'last look at it; NULL never (最近核对时间)';
COMMENT ON COLUMN kefu.profile_now.changed_at IS 'last change seen; NULL never (最近变化时间)';
COMMENT ON COLUMN kefu.profile_now.seen_name IS 'name seen; NULL not told, as in what follows (实际名称)';
COMMENT ON COLUMN kefu.profile_now.seen_intro IS 'introduction seen (实际介绍)';
COMMENT ON COLUMN kefu.profile_now.seen_domain IS 'domain seen (实际域名)';
COMMENT ON COLUMN kefu.profile_now.seen_tags IS 'tags seen, as an array (实际标签)';
COMMENT ON COLUMN kefu.profile_now.seen_topics IS 'topics seen, as an array (实际话题)';
COMMENT ON COLUMN kefu.profile_now.seen_background IS 'background seen (实际背景)';
COMMENT ON COLUMN kefu.profile_now.seen_is_verified IS 'carries the V (实际是否加V)';
COMMENT ON COLUMN kefu.profile_now.seen_dm_open IS 'takes messages of anybody (实际是否开放私信)';

CREATE FUNCTION kefu.find_unseen_profile() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, p.checked_at + r.seen_within, NULL::text[],
           CASE WHEN p.checked_at IS NULL THEN '从未核对实际资料' ELSE '超过核对周期未核对实际资料' END,
           CASE WHEN p.checked_at IS NULL THEN 'what it really shows was never looked at'
                ELSE 'what it really shows was not looked at in time' END
      FROM kefu.profile_now p
     WHERE p.checked_at IS NULL OR p.checked_at < kefu.now() - r.seen_within;
END $$;
COMMENT ON FUNCTION kefu.find_unseen_profile() IS 'Accounts nobody looked at for longer than seen_within (未核对的账号资料; R11)';

CREATE FUNCTION kefu.find_profile_apart() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, p.changed_at, NULL::text[],
           CASE WHEN p.is_set THEN '实际资料与设置不符：' || f.fields ELSE '未设置应有资料' END,
           CASE WHEN p.is_set THEN 'what it shows differs from what is set: ' || f.fields
                ELSE 'what it should show is not set' END
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (
           SELECT concat_ws(', ', CASE WHEN p.seen_name <> p.name THEN 'name' END,
                                  CASE WHEN p.seen_intro <> coalesce(p.intro, '') THEN 'intro' END,
                                  CASE WHEN p.seen_domain <> coalesce(p.domain, '') THEN 'domain' END,
                                  CASE WHEN NOT to_jsonb(p.tags) <@ p.seen_tags OR NOT p.seen_tags <@ to_jsonb(p.tags)
                                       THEN 'tags' END,
                                  CASE WHEN NOT to_jsonb(p.topics) <@ p.seen_topics
                                         OR NOT p.seen_topics <@ to_jsonb(p.topics) THEN 'topics' END) AS fields) AS f
     WHERE NOT p.is_set OR f.fields <> '';
END $$;
COMMENT ON FUNCTION kefu.find_profile_apart() IS 'Accounts that show something else than is set, or for which nothing is set (账号资料不符; R11, R23)';

CREATE FUNCTION kefu.find_name_break() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, NULL::timestamptz,
           ARRAY[CASE p.unit_kind WHEN 'group' THEN 'R16' ELSE 'R17' END, 'R11'],
           format('名称为“%s”，规范名称为“%s”', x.name, p.rule_name),
           format('it is named %s, by rule it is %s', x.name, p.rule_name)
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (SELECT coalesce(p.seen_name, p.handle) AS name) AS x
     WHERE x.name <> p.rule_name;
END $$;
COMMENT ON FUNCTION kefu.find_name_break() IS 'Accounts of Group and provinces that are not named by rule: as seen, else as registered (账号名称不合规范; R16, R17)';

CREATE FUNCTION kefu.find_account_gap() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    asked CONSTANT integer := (kefu.profile_rule_now()).platforms;
BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, u.unit, u.unit, CASE WHEN n.accounts > 1 THEN n.account END,
           NULL::timestamptz, NULL::text[],
           CASE WHEN n.accounts > 1 THEN format('平台 %s 有 %s 个在用账号', p.platform, n.accounts)
                WHEN r.unit IS NOT NULL THEN format('平台 %s 无账号，名称已抢注', p.platform)
                ELSE format('平台 %s 无账号，名称未抢注', p.platform) END,
           CASE WHEN n.accounts > 1 THEN format('%s live accounts on platform %s', n.accounts, p.platform)
                WHEN r.unit IS NOT NULL THEN format('no account on platform %s, its name is reserved', p.platform)
                ELSE format('no account on platform %s, and its name is not reserved', p.platform) END
      FROM kefu.unit u
     CROSS JOIN kefu.platform p
     CROSS JOIN LATERAL (SELECT count(*) AS accounts, min(a.account) AS account FROM kefu.account a
                          WHERE a.unit = u.unit AND a.platform = p.platform AND a.is_live) AS n
      LEFT JOIN kefu.reserved_name r ON r.platform = p.platform AND r.unit = u.unit
     WHERE u.is_live AND u.kind IN ('group', 'province') AND p.is_live
       AND (n.accounts > 1
            OR n.accounts = 0 AND (SELECT count(DISTINCT a.platform) FROM kefu.account a JOIN kefu.platform x USING (platform)
                                    WHERE a.unit = u.unit AND a.is_live AND x.is_live) < asked);
END $$;
COMMENT ON FUNCTION kefu.find_account_gap() IS 'Live platforms without an account of Group or a province that is on fewer than it has to be, and those on which it has two (平台账号缺失或重复; R18)';

CREATE FUNCTION kefu.find_few_platforms() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 1 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, 'group', 'group', NULL::text, r.valid_from, NULL::text[],
           format('在用平台 %s 个，少于规定的 %s 个', n.live, r.platforms),
           format('%s live platforms, the rule asks for %s', n.live, r.platforms)
      FROM kefu.profile_rule_now() AS r
     CROSS JOIN (SELECT count(*) AS live FROM kefu.platform p WHERE p.is_live) AS n
     WHERE n.live < r.platforms;
END $$;
COMMENT ON FUNCTION kefu.find_few_platforms() IS 'Fewer live platforms than units have to be on; Group''s (在用平台不足; R18)';

CREATE FUNCTION kefu.find_missing_tag() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, t.valid_from, ARRAY[t.rulebook],
           '缺少标签“' || t.tag || '”', 'it lacks the tag ' || t.tag
      FROM kefu.profile_now p
      JOIN kefu.tag_rule t ON t.valid_from <= kefu.now() AND (t.valid_to IS NULL OR t.valid_to > kefu.now())
                          AND (p.unit_kind = 'province' OR p.unit_kind = 'group' AND NOT t.is_service)
     CROSS JOIN LATERAL (SELECT coalesce(p.seen_tags, to_jsonb(p.tags)) AS tags) AS x
     WHERE NOT x.tags ? t.tag;
END $$;
COMMENT ON FUNCTION kefu.find_missing_tag() IS 'Accounts without a tag that is asked of them: as seen, else as set; where neither is known that is a finding of its own (缺少必选标签; R24, R25)';

CREATE FUNCTION kefu.find_profile_setting() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, p.changed_at, ARRAY[x.rulebook], x.zh, x.en
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (VALUES
           ('R26', NOT coalesce(p.seen_dm_open, p.dm_open), '私信未对所有用户开放', 'private messages are not open to all'),
           ('R28', NOT coalesce(p.seen_is_verified, p.is_verified), '未加V认证', 'it is not verified')
           ) AS x(rulebook, is_broken, zh, en)
     WHERE x.is_broken AND p.unit_kind IN ('group', 'province');
END $$;
COMMENT ON FUNCTION kefu.find_profile_setting() IS 'Accounts that don''t take everybody''s messages, or carry no V: as seen, else as set (私信未开放、未认证; R26, R28)';

CREATE FUNCTION kefu.find_odd_domain() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, p.changed_at, NULL::text[],
           CASE WHEN d.domain = '' THEN '无个性域名' ELSE '个性域名为 ' || d.domain END,
           CASE WHEN d.domain = '' THEN 'it has no domain of its own' ELSE 'its domain is ' || d.domain END
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (SELECT coalesce(p.seen_domain, CASE WHEN p.is_set THEN coalesce(p.domain, '') END) AS domain) AS d
     WHERE p.unit_kind IN ('group', 'province') AND NOT starts_with(d.domain, r.domain_prefix);
END $$;
COMMENT ON FUNCTION kefu.find_odd_domain() IS 'Accounts whose domain is not of the series: as seen, else as set (个性域名不合规范; R27)';

CREATE FUNCTION kefu.find_unfit_profile() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account,
           CASE WHEN x.is_fit IS NULL THEN c.changed_at ELSE v.reviewed_at END, ARRAY[x.rulebook],
           x.what_zh || CASE WHEN x.is_fit IS NULL THEN '变化后未审核' ELSE '审核不合规' END,
           x.what_en || CASE WHEN x.is_fit IS NULL THEN ' not reviewed since it changed' ELSE ' found not to fit' END
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (SELECT greatest(p.set_from, p.changed_at) AS changed_at) AS c
      LEFT JOIN LATERAL (SELECT w.* FROM kefu.profile_review w WHERE w.account = p.account
                          ORDER BY w.reviewed_at DESC LIMIT 1) AS v ON true
     CROSS JOIN LATERAL (SELECT v.reviewed_at >= c.changed_at AS is_current) AS n
     CROSS JOIN LATERAL (VALUES
           ('R20', CASE WHEN n.is_current OR NOT v.background_fits THEN v.background_fits END, '背景', 'background'),
           ('R23', CASE WHEN n.is_current OR NOT v.intro_fits THEN v.intro_fits END, '介绍、标签、话题', 'introduction, tags and topics')
           ) AS x(rulebook, is_fit, what_zh, what_en)
     WHERE c.changed_at IS NOT NULL AND x.is_fit IS NOT TRUE;
END $$;
COMMENT ON FUNCTION kefu.find_unfit_profile() IS 'Backgrounds and introductions that nobody reviewed since they changed, or that don''t fit (账号资料未审核或不合规; R20, R23)';

CREATE FUNCTION kefu.find_avatar_apart() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    -- A platform names a picture by an address of its own: what was there before
    -- the switch must be gone, and what came with it must stay.
    RETURN QUERY
    WITH issued AS (
        SELECT i.* FROM kefu.issued_avatar i WHERE i.switch_at <= kefu.now() ORDER BY i.switch_at DESC LIMIT 1
    ), seen AS (
        SELECT s.account, s.seen_at, s.checked_at, s.avatar, s.is_platform
          FROM kefu.account_profile_seen s WHERE s.avatar IS NOT NULL
    )
    SELECT 'account', NULL::bigint, a.account, a.unit, a.account, last.seen_at, NULL::text[],
           CASE WHEN last.avatar = before.avatar THEN '更新时间已过，头像仍为更新前的'
                WHEN NOT last.is_platform THEN '头像不是统一下发的' ELSE '更换后头像又有变化' END,
           CASE WHEN last.avatar = before.avatar THEN 'the avatar is still the one from before the switch'
                WHEN NOT last.is_platform THEN 'the avatar is not the one issued'
                ELSE 'the avatar changed again after the switch' END
      FROM issued i
     CROSS JOIN kefu.account a
      JOIN LATERAL (SELECT s.* FROM seen s WHERE s.account = a.account AND s.checked_at >= i.switch_at
                     ORDER BY s.checked_at DESC LIMIT 1) AS last ON true
      LEFT JOIN LATERAL (SELECT s.avatar FROM seen s WHERE s.account = a.account AND s.is_platform = last.is_platform
                            AND s.seen_at < i.switch_at ORDER BY s.seen_at DESC LIMIT 1) AS before ON true
      LEFT JOIN LATERAL (SELECT s.avatar FROM kefu.duty_now d
                           JOIN seen s ON s.account = a.account AND s.is_platform AND s.checked_at >= d.done_at
                                      AND s.avatar IS DISTINCT FROM before.avatar
                          WHERE d.kind = 'avatar' AND d.subject = i.avatar_id::text AND d.account = a.account
                          ORDER BY s.seen_at LIMIT 1) AS switched ON true
     WHERE a.is_live AND last.avatar <> i.medium
       AND (last.avatar = before.avatar OR NOT last.is_platform OR last.avatar <> switched.avatar);
END $$;
COMMENT ON FUNCTION kefu.find_avatar_apart() IS 'Accounts whose avatar, looked at after the time of the switch, is the one from before, another than issued, or one that came later (头像未统一更新; R19)';

CREATE FUNCTION kefu.find_switch_apart() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
BEGIN
    RETURN QUERY
    SELECT 'task', d.task_id, NULL::text, d.unit, d.account, d.done_at,
           ARRAY[CASE d.kind WHEN 'avatar' THEN 'R19' ELSE 'R21' END],
           format('规定 %s 切换，实际 %s', x.due, x.done), format('to be switched at %s, was at %s', x.due, x.done)
      FROM kefu.duty_now d
     CROSS JOIN LATERAL (SELECT to_char(d.due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS due,
                                to_char(d.done_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS done) AS x
     WHERE d.kind IN ('avatar', 'campaign_up', 'campaign_down')
       AND d.done_at NOT BETWEEN d.due_at - r.switch_tolerance AND d.due_at + r.switch_tolerance
       AND d.done_at > kefu.now() - r.shown_for;
END $$;
COMMENT ON FUNCTION kefu.find_switch_apart() IS 'Switches done off their time by more than the tolerance, for as long as shown_for says; those still open are late promises (未按时切换; R19, R21)';

CREATE FUNCTION kefu.find_missing_template() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, d.unit, d.unit, NULL::text, f.date::timestamp AT TIME ZONE 'Asia/Shanghai', NULL::text[],
           f.name_zh || '背景模板未开放下载', 'the template of ' || f.name_en || ' is not offered to fans'
      FROM kefu.festival f
      JOIN (SELECT DISTINCT a.unit FROM kefu.account a JOIN kefu.unit u USING (unit)
             WHERE a.is_live AND u.kind IN ('group', 'province')) AS d ON true
     WHERE (f.date::timestamp AT TIME ZONE 'Asia/Shanghai') <= kefu.now()
       AND ((f.to_date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') > kefu.now()
       AND NOT EXISTS (SELECT FROM kefu.theme_template t
                        WHERE t.unit = d.unit AND t.festival = f.festival AND t.date = f.date);
END $$;
COMMENT ON FUNCTION kefu.find_missing_template() IS 'Festivals that are on without a template for fans (背景模板未开放下载; R22)';

CREATE FUNCTION kefu.find_festival_gap() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
BEGIN
    -- A festival that was kept in a year is kept in the next one, whose date must be
    -- known before its duties are due: while this year lasts, and that long ahead.
    RETURN QUERY
    SELECT 'festival', NULL::bigint, f.festival, 'group', NULL::text, kefu.local_instant(make_date(y.year, 1, 1), '00:00'),
           NULL::text[], format('%s年%s日期未登记', y.year, f.name_zh), format('%s has no date in %s', f.name_en, y.year)
      FROM (SELECT DISTINCT extract(year FROM kefu.local_day(t.at))::integer AS year
              FROM (VALUES (kefu.now()), (kefu.now() + r.plan_before)) AS t(at)) AS y
      JOIN (SELECT x.festival, extract(year FROM x.date)::integer AS year, min(x.name_zh) AS name_zh, min(x.name_en) AS name_en
              FROM kefu.festival x GROUP BY 1, 2) AS f ON f.year = y.year - 1
     WHERE NOT EXISTS (SELECT FROM kefu.festival x
                        WHERE x.festival = f.festival AND extract(year FROM x.date)::integer = y.year);
END $$;
COMMENT ON FUNCTION kefu.find_festival_gap() IS 'Festivals kept last year that have no date this year, or next year as soon as its duties may come (节日日期未登记; R22)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES
    ('unseen_profile', 'kefu.find_unseen_profile()', '{R11}', 'warn', '账号资料未核对', 'profile not looked at',
     '为账号开通 profile 信息源，或用 kefu.note_profile() 登记核对结果。',
     'Start the feed profile for the account, or note what it shows with kefu.note_profile().'),
    ('profile_apart', 'kefu.find_profile_apart()', '{R11,R23}', 'must', '账号资料不符', 'profile differs',
     '在平台上改正，或用 kefu.set_account_profile() 设置应有资料。',
     'Mend it on the platform, or set what it should show with kefu.set_account_profile().'),
    ('name_break', 'kefu.find_name_break()', '{R17,R16,R11}', 'must', '账号名称不合规范', 'name against the rule',
     '在平台上更名为规范名称。', 'Rename the account on the platform.'),
    ('account_gap', 'kefu.find_account_gap()', '{R18}', 'must', '平台账号缺失或重复', 'account missing or double',
     '由集团抢注名称（kefu.reserve_name）并登记账号（kefu.add_account），或停用多余账号（kefu.set_account）。',
     'Group reserves the name (kefu.reserve_name) and the account is registered (kefu.add_account), or the surplus one is stopped (kefu.set_account).'),
    ('few_platforms', 'kefu.find_few_platforms()', '{R18}', 'warn', '在用平台不足', 'fewer platforms than asked for',
     '由集团接入更多平台，或以新版本调整平台数（kefu.set_profile_rule）。',
     'Group connects more platforms, or sets another number by a new version (kefu.set_profile_rule).'),
    ('missing_tag', 'kefu.find_missing_tag()', '{R24,R25}', 'must', '缺少必选标签', 'tag missing',
     '在平台上添加标签并登记核对结果。', 'Add the tag on the platform and note what it shows.'),
    ('profile_setting', 'kefu.find_profile_setting()', '{R26,R28}', 'must', '私信未开放或未认证', 'messages closed or not verified',
     '在平台上对所有用户开放私信；认证由集团与平台协商。',
     'Open messages to everybody on the platform; Group negotiates the verification.'),
    ('odd_domain', 'kefu.find_odd_domain()', '{R27}', 'warn', '个性域名不合规范', 'domain not of the series',
     '在平台上设置 ct10000 系列个性域名。', 'Set a domain of the series on the platform.'),
    ('unfit_profile', 'kefu.find_unfit_profile()', '{R20,R23}', 'warn', '账号资料未审核或不合规', 'profile not reviewed or unfit',
     '由审核员审核（kefu.review_profile），不合规的先改正。', 'A reviewer reviews it (kefu.review_profile); what doesn''t fit is mended first.'),
    ('avatar_apart', 'kefu.find_avatar_apart()', '{R19,R11}', 'must', '头像未统一更新', 'avatar not as issued',
     '立即换上统一下发的头像，并办结待办。', 'Put up the avatar issued, and close the task.'),
    ('switch_apart', 'kefu.find_switch_apart()', '{R21,R19}', 'warn', '未按时切换', 'switched off its time',
     '说明原因；以后按规定时间切换。', 'Say why; switch at the time next time.'),
    ('missing_template', 'kefu.find_missing_template()', '{R22}', 'warn', '背景模板未开放下载', 'no template offered',
     '用 kefu.offer_template() 登记下载链接。', 'Offer it with kefu.offer_template().'),
    ('festival_gap', 'kefu.find_festival_gap()', '{R22}', 'warn', '节日日期未登记', 'festival without a date',
     '用 kefu.add_festival() 登记该年日期。', 'Enter its day of that year with kefu.add_festival().');
