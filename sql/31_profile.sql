-- 31_profile: how our accounts present themselves, by rule and in fact.
--
-- What an account should show is kept as versions, what the platform or a
-- person says it shows as rows of their own; neither overwrites the other, and
-- kefu_bi.findings says where they differ.  What has to be done by a time
-- (switch the avatar, add a tag, put a background up) is a duty with a task.
-- Nothing here is sent to a platform: none of them lets a client do it.

CREATE TABLE kefu.profile_rule (
    valid_from timestamptz PRIMARY KEY,
    group_name text NOT NULL,
    province_name text NOT NULL CONSTRAINT profile_rule_province_name CHECK (strpos(province_name, '{province}') > 0),
    unit_suffix text NOT NULL,
    domain_prefix text NOT NULL,
    platforms integer NOT NULL CONSTRAINT profile_rule_platforms CHECK (platforms > 0),
    seen_within interval NOT NULL CONSTRAINT profile_rule_seen_within CHECK (seen_within > interval '0'),
    switch_tolerance interval NOT NULL CONSTRAINT profile_rule_switch_tolerance CHECK (switch_tolerance >= interval '0'),
    shown_for interval NOT NULL CONSTRAINT profile_rule_shown_for CHECK (shown_for > interval '0'),
    plan_before interval NOT NULL,
    design_before interval NOT NULL,
    CONSTRAINT profile_rule_order CHECK (plan_before > design_before AND design_before > interval '0')
);
COMMENT ON TABLE kefu.profile_rule IS 'Rules of the accounts'' appearance; the latest valid_from holds, for all units (账号资料规则; R16, R17, R18, R19, R21, R22, R27, ruling 28)';
COMMENT ON COLUMN kefu.profile_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.profile_rule.group_name IS 'name of Group''s accounts, without @ (集团账号名称; R16)';
COMMENT ON COLUMN kefu.profile_rule.province_name IS 'name of a province''s accounts, without @; {province} is the unit''s Chinese name without unit_suffix (省公司账号名称; R17)';
COMMENT ON COLUMN kefu.profile_rule.unit_suffix IS 'end of a unit''s Chinese name that is no part of the account''s (机构名称后缀)';
COMMENT ON COLUMN kefu.profile_rule.domain_prefix IS 'how a personal domain begins (个性域名前缀; R27)';
COMMENT ON COLUMN kefu.profile_rule.platforms IS 'on how many platforms Group and each province have their account (平台数; R18)';
COMMENT ON COLUMN kefu.profile_rule.seen_within IS 'an account''s real profile is looked at at least this often; house default (核对周期)';
COMMENT ON COLUMN kefu.profile_rule.switch_tolerance IS 'how far from its time a switch may be, to count as at that time, itself included; house default (切换容差; R19, R21)';
COMMENT ON COLUMN kefu.profile_rule.shown_for IS 'how long what was done off its time, and can''t be mended, stays a finding; house default (留示期)';
COMMENT ON COLUMN kefu.profile_rule.plan_before IS 'how long before a festival its duties are made; house default (提前下达)';
COMMENT ON COLUMN kefu.profile_rule.design_before IS 'how long before a festival its theme has to be designed; house default (提前设计; R22)';

CREATE TABLE kefu.tag_rule (
    tag text NOT NULL CONSTRAINT tag_rule_tag CHECK (tag = btrim(tag) AND tag <> ''),
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    is_service boolean NOT NULL,
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (tag, valid_from),
    CONSTRAINT tag_rule_order CHECK (valid_to > valid_from)
);
COMMENT ON TABLE kefu.tag_rule IS 'Tags that every customer-service account must have (必选标签; R24, R25)';
COMMENT ON COLUMN kefu.tag_rule.tag IS 'tag (标签)';
COMMENT ON COLUMN kefu.tag_rule.valid_from IS 'from when an account without it is a finding (生效时间)';
COMMENT ON COLUMN kefu.tag_rule.valid_to IS 'until then; NULL for good (失效时间)';
COMMENT ON COLUMN kefu.tag_rule.is_service IS 'name of a new service, asked of provinces only; false: mandatory for all (是否服务名称; R25)';
COMMENT ON COLUMN kefu.tag_rule.rulebook IS 'R number (规范条款)';

CREATE TABLE kefu.account_profile (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    valid_from timestamptz NOT NULL,
    name text NOT NULL,
    intro text,
    domain text COLLATE "C",
    tags text[] NOT NULL DEFAULT '{}',
    topics text[] NOT NULL DEFAULT '{}',
    avatar text,
    background text,
    theme text,
    is_verified boolean NOT NULL DEFAULT true,
    dm_open boolean NOT NULL DEFAULT true,
    set_by integer REFERENCES kefu.staff,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (account, valid_from)
);
COMMENT ON TABLE kefu.account_profile IS 'What an account should show, as versions; the latest valid_from holds (账号资料; R11, R16 to R28)';
COMMENT ON COLUMN kefu.account_profile.account IS 'account (账号)';
COMMENT ON COLUMN kefu.account_profile.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.account_profile.name IS 'name on the platform, without @ (名称; R16, R17)';
COMMENT ON COLUMN kefu.account_profile.intro IS 'introduction; NULL none (个人介绍; R23)';
COMMENT ON COLUMN kefu.account_profile.domain IS 'personal domain; NULL none (个性域名; R27)';
COMMENT ON COLUMN kefu.account_profile.tags IS 'tags (标签; R23 to R25)';
COMMENT ON COLUMN kefu.account_profile.topics IS 'topics followed (关注的话题; R23)';
COMMENT ON COLUMN kefu.account_profile.avatar IS 'medium of the avatar; NULL none (头像; R19)';
COMMENT ON COLUMN kefu.account_profile.background IS 'medium of the background; NULL the platform''s own (背景; R20, R21)';
COMMENT ON COLUMN kefu.account_profile.theme IS 'theme; NULL the platform''s own (主题; R22)';
COMMENT ON COLUMN kefu.account_profile.is_verified IS 'carries the V (是否加V; R28)';
COMMENT ON COLUMN kefu.account_profile.dm_open IS 'anybody may send a private message (是否开放私信; R26)';
COMMENT ON COLUMN kefu.account_profile.set_by IS 'who set it; NULL the platform''s administrator (设置人)';
COMMENT ON COLUMN kefu.account_profile.set_at IS 'when it was set (设置时间)';

CREATE TABLE kefu.account_profile_seen (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    seen_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    is_platform boolean NOT NULL,
    name text,
    intro text,
    domain text,
    tags text[],
    topics text[],
    avatar text,
    background text,
    theme text,
    is_verified boolean,
    dm_open boolean,
    evidence text,
    noted_by integer REFERENCES kefu.staff,
    PRIMARY KEY (account, is_platform, seen_at),
    CONSTRAINT account_profile_seen_evidence CHECK (is_platform OR evidence <> ''),
    CONSTRAINT account_profile_seen_checked CHECK (checked_at >= seen_at)
);
COMMENT ON TABLE kefu.account_profile_seen IS 'What an account really shows: by the platform where it can tell, else noted by a person with evidence; a row for each change (账号资料核对; R11, R16 to R28)';
COMMENT ON COLUMN kefu.account_profile_seen.account IS 'account (账号)';
COMMENT ON COLUMN kefu.account_profile_seen.seen_at IS 'when it was first seen so (首次看到时间)';
COMMENT ON COLUMN kefu.account_profile_seen.checked_at IS 'when it was last seen so (最近核对时间)';
COMMENT ON COLUMN kefu.account_profile_seen.is_platform IS 'the platform said so; false: a person (是否平台返回)';
COMMENT ON COLUMN kefu.account_profile_seen.name IS 'name; this and what follows: NULL not told (名称)';
COMMENT ON COLUMN kefu.account_profile_seen.intro IS 'introduction (个人介绍)';
COMMENT ON COLUMN kefu.account_profile_seen.domain IS 'personal domain (个性域名)';
COMMENT ON COLUMN kefu.account_profile_seen.tags IS 'tags (标签)';
COMMENT ON COLUMN kefu.account_profile_seen.topics IS 'topics followed (关注的话题)';
COMMENT ON COLUMN kefu.account_profile_seen.avatar IS 'medium, or the platform''s address of it (头像)';
COMMENT ON COLUMN kefu.account_profile_seen.background IS 'medium, or the platform''s address of it (背景)';
COMMENT ON COLUMN kefu.account_profile_seen.theme IS 'theme (主题)';
COMMENT ON COLUMN kefu.account_profile_seen.is_verified IS 'carries the V (是否加V)';
COMMENT ON COLUMN kefu.account_profile_seen.dm_open IS 'anybody may send a private message (是否开放私信)';
COMMENT ON COLUMN kefu.account_profile_seen.evidence IS 'how a person knows; NULL from the platform (凭据)';
COMMENT ON COLUMN kefu.account_profile_seen.noted_by IS 'who noted it; NULL the platform (登记人)';

CREATE TABLE kefu.profile_map (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    field text COLLATE "C" NOT NULL CONSTRAINT profile_map_field CHECK (field IN
        ('name', 'intro', 'domain', 'avatar', 'background', 'theme', 'is_verified', 'dm_open')),
    path text[] NOT NULL CONSTRAINT profile_map_path CHECK (cardinality(path) > 0),
    PRIMARY KEY (platform, field)
);
COMMENT ON TABLE kefu.profile_map IS 'Where a platform''s reply about one of our accounts has each field of its profile (账号资料映射)';
COMMENT ON COLUMN kefu.profile_map.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.profile_map.field IS 'column of kefu.account_profile_seen (字段)';
COMMENT ON COLUMN kefu.profile_map.path IS 'members from the top of the reply down (路径)';

CREATE TABLE kefu.profile_review (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    reviewed_at timestamptz NOT NULL,
    reviewed_by integer NOT NULL REFERENCES kefu.staff,
    background_fits boolean NOT NULL,
    intro_fits boolean NOT NULL,
    reason text,
    PRIMARY KEY (account, reviewed_at)
);
COMMENT ON TABLE kefu.profile_review IS 'What only a person can tell: does the background show China Telecom and service, do introduction, tags and topics fit (账号资料审核; R20, R23)';
COMMENT ON COLUMN kefu.profile_review.account IS 'account (账号)';
COMMENT ON COLUMN kefu.profile_review.reviewed_at IS 'when (审核时间)';
COMMENT ON COLUMN kefu.profile_review.reviewed_by IS 'who (审核人)';
COMMENT ON COLUMN kefu.profile_review.background_fits IS 'the background shows both elements (背景是否合规; R20)';
COMMENT ON COLUMN kefu.profile_review.intro_fits IS 'introduction, tags and topics fit business and identity (介绍标签话题是否合规; R23)';
COMMENT ON COLUMN kefu.profile_review.reason IS 'what doesn''t; NULL where all does (理由)';

CREATE TABLE kefu.reserved_name (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    name text NOT NULL,
    reserved_at timestamptz NOT NULL,
    reserved_by integer REFERENCES kefu.staff,
    evidence text NOT NULL,
    PRIMARY KEY (platform, unit)
);
COMMENT ON TABLE kefu.reserved_name IS 'Names that Group took on a platform before the unit has its account there (统一抢注; R18)';
COMMENT ON COLUMN kefu.reserved_name.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.reserved_name.unit IS 'unit it is for (机构)';
COMMENT ON COLUMN kefu.reserved_name.name IS 'name, without @ (名称)';
COMMENT ON COLUMN kefu.reserved_name.reserved_at IS 'when (抢注时间)';
COMMENT ON COLUMN kefu.reserved_name.reserved_by IS 'who; NULL a superuser (抢注人)';
COMMENT ON COLUMN kefu.reserved_name.evidence IS 'how one can see it (凭据)';

CREATE TABLE kefu.issued_avatar (
    avatar_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    medium text NOT NULL,
    switch_at timestamptz NOT NULL UNIQUE,
    issued_at timestamptz NOT NULL,
    issued_by integer REFERENCES kefu.staff
);
COMMENT ON TABLE kefu.issued_avatar IS 'Avatars that Group issued, each with the one time at which all accounts switch (统一头像; R19)';
COMMENT ON COLUMN kefu.issued_avatar.avatar_id IS 'number (编号)';
COMMENT ON COLUMN kefu.issued_avatar.medium IS 'the picture (图片)';
COMMENT ON COLUMN kefu.issued_avatar.switch_at IS 'when all switch (更新时间)';
COMMENT ON COLUMN kefu.issued_avatar.issued_at IS 'when it was issued (下发时间)';
COMMENT ON COLUMN kefu.issued_avatar.issued_by IS 'who; NULL a superuser (下发人)';

CREATE TABLE kefu.campaign (
    campaign text COLLATE "C" PRIMARY KEY CONSTRAINT campaign_code CHECK (campaign ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    name text NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    background text NOT NULL,
    is_live boolean NOT NULL DEFAULT true,
    CONSTRAINT campaign_order CHECK (to_at > from_at)
);
COMMENT ON TABLE kefu.campaign IS 'Campaigns with a background of their own, put up and taken down with them (营销活动背景; R21)';
COMMENT ON COLUMN kefu.campaign.campaign IS 'code (活动代码)';
COMMENT ON COLUMN kefu.campaign.unit IS 'whose: the accounts of this unit and all below it (机构)';
COMMENT ON COLUMN kefu.campaign.name IS 'Chinese name (活动名称)';
COMMENT ON COLUMN kefu.campaign.from_at IS 'start, when the background goes up (上架时间)';
COMMENT ON COLUMN kefu.campaign.to_at IS 'end, when it comes down (下架时间)';
COMMENT ON COLUMN kefu.campaign.background IS 'medium of the background (背景图片)';
COMMENT ON COLUMN kefu.campaign.is_live IS 'false: called off (是否有效)';

CREATE TABLE kefu.festival (
    festival text COLLATE "C" NOT NULL CONSTRAINT festival_code CHECK (festival ~ '^[a-z][a-z0-9_]{0,30}$'),
    date date NOT NULL,
    to_date date NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (festival, date),
    CONSTRAINT festival_order CHECK (to_date >= date)
);
COMMENT ON TABLE kefu.festival IS 'The festivals of the rulebook, with the days their theme is up (节日主题; R22)';
COMMENT ON COLUMN kefu.festival.festival IS 'code (节日代码)';
COMMENT ON COLUMN kefu.festival.date IS 'the day, in Beijing (日期)';
COMMENT ON COLUMN kefu.festival.to_date IS 'last day of the theme; house default where longer than the day (主题截止日)';
COMMENT ON COLUMN kefu.festival.name_zh IS 'Chinese name, as in the rulebook (中文名称)';
COMMENT ON COLUMN kefu.festival.name_en IS 'English name (英文名称)';
COMMENT ON COLUMN kefu.festival.basis IS 'where the date comes from (日期依据)';

CREATE TABLE kefu.theme_template (
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    festival text COLLATE "C" NOT NULL,
    date date NOT NULL,
    link text NOT NULL CONSTRAINT theme_template_link CHECK (link ~ '^https?://'),
    offered_at timestamptz NOT NULL,
    download_count integer CONSTRAINT theme_template_download_count CHECK (download_count >= 0),
    counted_at timestamptz,
    PRIMARY KEY (unit, festival, date),
    FOREIGN KEY (festival, date) REFERENCES kefu.festival,
    CONSTRAINT theme_template_counted CHECK ((download_count IS NULL) = (counted_at IS NULL))
);
COMMENT ON TABLE kefu.theme_template IS 'Background templates offered to fans for download (背景模板下载; R22)';
COMMENT ON COLUMN kefu.theme_template.unit IS 'unit that designed it (机构)';
COMMENT ON COLUMN kefu.theme_template.festival IS 'festival (节日)';
COMMENT ON COLUMN kefu.theme_template.date IS 'its day (日期)';
COMMENT ON COLUMN kefu.theme_template.link IS 'where it is downloaded (下载链接)';
COMMENT ON COLUMN kefu.theme_template.offered_at IS 'since when (开放时间)';
COMMENT ON COLUMN kefu.theme_template.download_count IS 'downloads, as last told; NULL never told (下载次数)';
COMMENT ON COLUMN kefu.theme_template.counted_at IS 'when that was told; NULL never (统计时间)';

CREATE TABLE kefu.profile_duty (
    duty_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CONSTRAINT profile_duty_kind CHECK (kind IN
        ('tag', 'avatar', 'campaign_up', 'campaign_down', 'theme_design', 'theme_up', 'theme_down')),
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    account text COLLATE "C" REFERENCES kefu.account,
    subject text NOT NULL,
    due_at timestamptz NOT NULL,
    task_id bigint NOT NULL UNIQUE,
    done_at timestamptz,
    done_by integer REFERENCES kefu.staff,
    is_void boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX profile_duty_once ON kefu.profile_duty (kind, subject, unit, (coalesce(account, ''))) WHERE NOT is_void;
CREATE INDEX profile_duty_account ON kefu.profile_duty (account, kind);
COMMENT ON TABLE kefu.profile_duty IS 'What has to be done to an account''s appearance, by when; each has its task (账号资料待办; R19, R21, R22, R25)';
COMMENT ON COLUMN kefu.profile_duty.duty_id IS 'number (编号)';
COMMENT ON COLUMN kefu.profile_duty.kind IS 'tag 添加标签, avatar 更换头像, campaign_up 活动背景上架, campaign_down 活动背景下架, theme_design 设计节日主题, theme_up 更换节日主题, theme_down 撤下节日主题';
COMMENT ON COLUMN kefu.profile_duty.unit IS 'unit that does it (机构)';
COMMENT ON COLUMN kefu.profile_duty.account IS 'account; NULL where it is the unit''s (账号)';
COMMENT ON COLUMN kefu.profile_duty.subject IS 'the tag, the avatar''s number, the campaign, or the festival with its day (事项)';
COMMENT ON COLUMN kefu.profile_duty.due_at IS 'when (到期时间)';
COMMENT ON COLUMN kefu.profile_duty.task_id IS 'its task (待办)';
COMMENT ON COLUMN kefu.profile_duty.done_at IS 'when it was really done; NULL not yet (完成时间)';
COMMENT ON COLUMN kefu.profile_duty.done_by IS 'who; NULL not yet (完成人)';
COMMENT ON COLUMN kefu.profile_duty.is_void IS 'called off or moved to another time (是否作废)';

