-- 30_person: the humans behind platform identities, and our own accounts.

CREATE TABLE kefu.person (
    person_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_key uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    home_unit text COLLATE "C" REFERENCES kefu.unit,
    merged_into bigint REFERENCES kefu.person,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE kefu.person IS 'One human, on one or more platforms (用户; ruling 5)';
COMMENT ON COLUMN kefu.person.person_id IS 'number (用户编号)';
COMMENT ON COLUMN kefu.person.person_key IS 'key that outlives erasure and means nothing outside (用户标识)';
COMMENT ON COLUMN kefu.person.home_unit IS 'province the profile or the customer names; NULL unknown (归属地; ruling 27)';
COMMENT ON COLUMN kefu.person.merged_into IS 'person this one turned out to be, who stands; NULL if it stands itself (合并至)';
COMMENT ON COLUMN kefu.person.created_at IS 'when first seen (首次发现时间)';

CREATE TABLE kefu.identity (
    identity_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    native_id text COLLATE "C" NOT NULL,
    person_id bigint NOT NULL REFERENCES kefu.person,
    screen_name text,
    handle text,
    is_verified boolean,
    followers_count bigint,
    updated_at timestamptz NOT NULL,
    UNIQUE (platform, native_id)
);
CREATE INDEX identity_person ON kefu.identity (person_id);
COMMENT ON TABLE kefu.identity IS 'A person''s account on a platform (平台身份)';
COMMENT ON COLUMN kefu.identity.identity_id IS 'number (身份编号)';
COMMENT ON COLUMN kefu.identity.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.identity.native_id IS 'the platform''s id of the user, as text (平台用户ID)';
COMMENT ON COLUMN kefu.identity.person_id IS 'human behind it (用户)';
COMMENT ON COLUMN kefu.identity.screen_name IS 'public name when last seen; NULL unknown or erased (昵称)';
COMMENT ON COLUMN kefu.identity.handle IS 'name by which the platform addresses the user, where that is neither id nor screen name; NULL unknown or erased (平台用户名)';
COMMENT ON COLUMN kefu.identity.is_verified IS 'verified by the platform; NULL unknown (是否认证)';
COMMENT ON COLUMN kefu.identity.followers_count IS 'followers when last seen; NULL unknown (粉丝数)';
COMMENT ON COLUMN kefu.identity.updated_at IS 'when last seen (更新时间)';

CREATE TABLE kefu.credential (
    credential text COLLATE "C" PRIMARY KEY,
    platform text COLLATE "C" REFERENCES kefu.platform,
    kind text COLLATE "C" NOT NULL CONSTRAINT credential_kind CHECK
        (kind IN ('token', 'oauth1', 'basic', 'webhook')),
    expires_at timestamptz,
    application text COLLATE "C" NOT NULL DEFAULT 'default',
    tier text COLLATE "C" NOT NULL DEFAULT 'standard',
    CONSTRAINT credential_platform CHECK ((platform IS NULL) = (kind = 'webhook'))
);
COMMENT ON TABLE kefu.credential IS 'Names of the secrets that platforms and subscribers ask for; the secrets themselves are never dumped (凭证)';
COMMENT ON COLUMN kefu.credential.credential IS 'name (凭证)';
COMMENT ON COLUMN kefu.credential.platform IS 'platform; NULL for a subscriber''s (平台)';
COMMENT ON COLUMN kefu.credential.kind IS 'token, oauth1, basic, or webhook for subscribers (种类)';
COMMENT ON COLUMN kefu.credential.expires_at IS 'when it expires; NULL never or unknown (失效时间)';
COMMENT ON COLUMN kefu.credential.application IS 'our application with the platform it was given to: credentials of one share its limits (应用)';
COMMENT ON COLUMN kefu.credential.tier IS 'level of that application: which rows of kefu.rate_rule hold for it (级别)';

CREATE TABLE kefu.credential_secret (
    credential text COLLATE "C" PRIMARY KEY,
    secret jsonb NOT NULL,
    set_at timestamptz NOT NULL
);
COMMENT ON TABLE kefu.credential_secret IS 'Secrets, never dumped and referenced by nothing; see kefu.set_secret() (密钥)';
COMMENT ON COLUMN kefu.credential_secret.credential IS 'name of the credential; no foreign key, so that a dump without it restores (凭证)';
COMMENT ON COLUMN kefu.credential_secret.secret IS 'object: access_token, or consumer and token keys, or secret (内容)';
COMMENT ON COLUMN kefu.credential_secret.set_at IS 'when it was set (设置时间)';

CREATE TABLE kefu.credential_state (
    credential text COLLATE "C" PRIMARY KEY REFERENCES kefu.credential,
    wanted_at timestamptz,
    next_try_at timestamptz NOT NULL DEFAULT '-infinity',
    lease_until timestamptz,
    lease_key uuid,
    failures integer NOT NULL DEFAULT 0,
    last_class text COLLATE "C",
    last_status integer,
    refreshed_at timestamptz,
    given_up_at timestamptz
);
COMMENT ON TABLE kefu.credential_state IS 'How the renewal of a token stands, where the platform lets us renew it; no row: never tried (凭证刷新状态)';
COMMENT ON COLUMN kefu.credential_state.credential IS 'name of the credential (凭证)';
COMMENT ON COLUMN kefu.credential_state.wanted_at IS 'when the platform called the token expired; NULL: it has not since the last renewal (要求刷新时间)';
COMMENT ON COLUMN kefu.credential_state.next_try_at IS 'not tried before (下次尝试)';
COMMENT ON COLUMN kefu.credential_state.lease_until IS 'a worker has it until then; NULL or past: free (租约)';
COMMENT ON COLUMN kefu.credential_state.lease_key IS 'key of that lease (租约键)';
COMMENT ON COLUMN kefu.credential_state.failures IS 'failures in a row; 0 after a success (连续失败)';
COMMENT ON COLUMN kefu.credential_state.last_class IS 'class of the last reply; NULL none (最近结果)';
COMMENT ON COLUMN kefu.credential_state.last_status IS 'HTTP status of the last reply; 0 without one (HTTP状态)';
COMMENT ON COLUMN kefu.credential_state.refreshed_at IS 'last renewal; NULL never (最近刷新)';
COMMENT ON COLUMN kefu.credential_state.given_up_at IS 'when it was left to a person; NULL: it is not (放弃时间)';

CREATE TABLE kefu.account (
    account text COLLATE "C" PRIMARY KEY
        CONSTRAINT account_code CHECK (account ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handle text NOT NULL,
    native_id text COLLATE "C" NOT NULL,
    credential text COLLATE "C" REFERENCES kefu.credential,
    is_live boolean NOT NULL DEFAULT true,
    UNIQUE (platform, native_id)
);
COMMENT ON TABLE kefu.account IS 'Our accounts: one unit on one platform (账号; R16-R18)';
COMMENT ON COLUMN kefu.account.account IS 'code, such as sina.gd (账号代码)';
COMMENT ON COLUMN kefu.account.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.account.unit IS 'unit that runs it (机构)';
COMMENT ON COLUMN kefu.account.handle IS 'name on the platform, without @ (账号名称)';
COMMENT ON COLUMN kefu.account.native_id IS 'the platform''s id of it, as text (平台账号ID)';
COMMENT ON COLUMN kefu.account.credential IS 'secret used for it; NULL: it only receives what others push (凭证)';
COMMENT ON COLUMN kefu.account.is_live IS 'false stops polling and sending (是否在用)';

CREATE TABLE kefu.feed (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    action text COLLATE "C" NOT NULL,
    every interval NOT NULL DEFAULT '1 minute' CONSTRAINT feed_every CHECK (every >= interval '1 second'),
    start_at timestamptz NOT NULL,
    args jsonb NOT NULL DEFAULT '{}' CONSTRAINT feed_args CHECK (jsonb_typeof(args) = 'object' AND length(args::text) <= 300),
    is_live boolean NOT NULL DEFAULT true,
    PRIMARY KEY (account, action)
);
COMMENT ON TABLE kefu.feed IS 'What is pulled: one kind of item for one account (信息源; R85-R88)';
COMMENT ON COLUMN kefu.feed.account IS 'account (账号)';
COMMENT ON COLUMN kefu.feed.action IS 'endpoint of the platform (接口)';
COMMENT ON COLUMN kefu.feed.every IS 'pause between two polls (间隔)';
COMMENT ON COLUMN kefu.feed.start_at IS 'items posted before it are history: kept without ticket or clock (起始时间)';
COMMENT ON COLUMN kefu.feed.args IS 'what the endpoint''s param_map finds besides our names, such as keyword or watched_id: what is searched for, whose posts are watched; 300 characters at most as text (参数; R87, R104)';
COMMENT ON COLUMN kefu.feed.is_live IS 'false stops polling (是否在用)';

CREATE TABLE kefu.feed_state (
    account text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    high_mark text COLLATE "C",
    walk jsonb,
    next_poll_at timestamptz NOT NULL DEFAULT '-infinity',
    lease_until timestamptz,
    lease_key uuid,
    polled_at timestamptz,
    ok_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    last_class text COLLATE "C",
    last_status integer,
    polls_count bigint NOT NULL DEFAULT 0,
    items_count bigint NOT NULL DEFAULT 0,
    new_count bigint NOT NULL DEFAULT 0,
    refused_count bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account, action),
    FOREIGN KEY (account, action) REFERENCES kefu.feed
);
-- Which feed is due next is asked after every reply.
CREATE INDEX feed_state_due ON kefu.feed_state (greatest(next_poll_at, lease_until));
COMMENT ON TABLE kefu.feed_state IS 'Where each feed stands: its mark, its lease and its last results (信息源状态)';
COMMENT ON COLUMN kefu.feed_state.account IS 'account (账号)';
COMMENT ON COLUMN kefu.feed_state.action IS 'endpoint (接口)';
COMMENT ON COLUMN kefu.feed_state.high_mark IS 'cursor of the newest item up to which there is no gap; NULL before the first walk (高水位)';
COMMENT ON COLUMN kefu.feed_state.walk IS 'paging state of a walk under way; NULL between walks (翻页状态)';
COMMENT ON COLUMN kefu.feed_state.next_poll_at IS 'when the next request is due (下次拉取)';
COMMENT ON COLUMN kefu.feed_state.lease_until IS 'a worker has it until then; NULL or past: free (租约)';
COMMENT ON COLUMN kefu.feed_state.lease_key IS 'key of that lease: a late result with another key is refused (租约键)';
COMMENT ON COLUMN kefu.feed_state.polled_at IS 'last request; NULL never (最近拉取)';
COMMENT ON COLUMN kefu.feed_state.ok_at IS 'last success; NULL never (最近成功)';
COMMENT ON COLUMN kefu.feed_state.failures IS 'failures in a row; 0 after a success (连续失败)';
COMMENT ON COLUMN kefu.feed_state.last_class IS 'class of the last reply (最近结果)';
COMMENT ON COLUMN kefu.feed_state.last_status IS 'HTTP status of the last reply; 0 without one (HTTP状态)';
COMMENT ON COLUMN kefu.feed_state.polls_count IS 'requests so far (拉取次数)';
COMMENT ON COLUMN kefu.feed_state.items_count IS 'items seen so far (条数)';
COMMENT ON COLUMN kefu.feed_state.new_count IS 'of them, messages not seen before (新消息数)';
COMMENT ON COLUMN kefu.feed_state.refused_count IS 'times that the platform''s limits had no room for a request, which was put off (限额拒绝次数)';

