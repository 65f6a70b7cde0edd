-- 36_budget: what the platforms' limits have left.
--
-- A bucket counts the calls of one holder under one row of kefu.rate_rule, in
-- slots of time: a call is given back when the window has passed since its slot
-- ended, so that no window of the platform, wherever it begins, sees more calls
-- than the rule allows. A stop is a platform's own word that it takes none now.

CREATE TABLE kefu.rate_bucket (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    tier text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    action_class text COLLATE "C" NOT NULL,
    per interval NOT NULL,
    holder text COLLATE "C" NOT NULL,
    slot_seconds double precision NOT NULL CONSTRAINT rate_bucket_slot_seconds CHECK (slot_seconds > 0),
    slot bigint NOT NULL,
    spent integer[] NOT NULL DEFAULT array_fill(0, ARRAY[241])
        CONSTRAINT rate_bucket_spent CHECK (cardinality(spent) = 241),
    told_left integer,
    told_until timestamptz,
    PRIMARY KEY (platform, scope, holder, action_class, per, tier),
    CONSTRAINT rate_bucket_told CHECK ((told_left IS NULL) = (told_until IS NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE kefu.rate_bucket IS 'Calls spent of a limit: one row a row of kefu.rate_rule and holder, made with its first call (配额桶; R86, R88)';
COMMENT ON COLUMN kefu.rate_bucket.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.rate_bucket.tier IS 'level of the application (级别)';
COMMENT ON COLUMN kefu.rate_bucket.scope IS 'who is counted: user, app, ip (范围)';
COMMENT ON COLUMN kefu.rate_bucket.action_class IS 'what is counted (动作类别)';
COMMENT ON COLUMN kefu.rate_bucket.per IS 'length of the window (时间窗)';
COMMENT ON COLUMN kefu.rate_bucket.holder IS 'the credential, or the account where it has none, the application, or * for our address (持有者)';
COMMENT ON COLUMN kefu.rate_bucket.slot_seconds IS 'length of a slot: a 240th of the window and the longest wait for a reply, seconds (槽长)';
COMMENT ON COLUMN kefu.rate_bucket.slot IS 'number of the newest slot, counted from 1970 (最新槽号)';
COMMENT ON COLUMN kefu.rate_bucket.spent IS 'calls in the last 241 slots, oldest first (各槽已用次数)';
COMMENT ON COLUMN kefu.rate_bucket.told_left IS 'what the platform said was left, less what was spent since; NULL: nothing (平台告知余额)';
COMMENT ON COLUMN kefu.rate_bucket.told_until IS 'until when that holds; NULL as told_left (告知有效期)';

CREATE TABLE kefu.call_stop (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    scope text COLLATE "C" NOT NULL CONSTRAINT call_stop_scope CHECK
        (scope IN ('user', 'app', 'ip', 'endpoint')),
    holder text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL DEFAULT '',
    class text COLLATE "C" NOT NULL CONSTRAINT call_stop_class CHECK (class IN ('rate', 'blacklisted')),
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 1,
    probing_until timestamptz,
    PRIMARY KEY (platform, scope, holder, action)
);
COMMENT ON TABLE kefu.call_stop IS 'Where a platform takes no calls for now: by its word (rate), or because it doesn''t answer at all any more (blacklisted), and then a single call finds out whether that is over before others go (熔断)';
COMMENT ON COLUMN kefu.call_stop.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.call_stop.scope IS 'whom it takes none from: user, app, ip, or endpoint: none of one action of a user (范围)';
COMMENT ON COLUMN kefu.call_stop.holder IS 'as in kefu.rate_bucket (持有者)';
COMMENT ON COLUMN kefu.call_stop.action IS 'endpoint, for scope endpoint; else empty (接口)';
COMMENT ON COLUMN kefu.call_stop.class IS 'rate 限频, blacklisted 被屏蔽 (原因)';
COMMENT ON COLUMN kefu.call_stop.since IS 'when it began (开始时间)';
COMMENT ON COLUMN kefu.call_stop.until IS 'nothing is asked before (截止时间)';
COMMENT ON COLUMN kefu.call_stop.failures IS 'calls that met it since (失败次数)';
COMMENT ON COLUMN kefu.call_stop.probing_until IS 'a single call is under way to find out, and no other goes until then; NULL: none (试探截止时间)';
