-- 36_push: what is kept of what platforms push.

CREATE TABLE kefu.push_request (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    signed_at timestamptz NOT NULL,
    nonce text COLLATE "C" NOT NULL,
    body_digest bytea NOT NULL,
    deliveries smallint NOT NULL,
    forget_at timestamptz NOT NULL,
    PRIMARY KEY (account, signed_at, nonce)
);
CREATE INDEX push_request_forget ON kefu.push_request (forget_at);
COMMENT ON TABLE kefu.push_request IS 'Requests of platforms that were let in, while their time alone would let them in again (推送请求)';
COMMENT ON COLUMN kefu.push_request.account IS 'account they are for (账号)';
COMMENT ON COLUMN kefu.push_request.signed_at IS 'time that is signed (签名时间)';
COMMENT ON COLUMN kefu.push_request.nonce IS 'nonce that is signed (随机数)';
COMMENT ON COLUMN kefu.push_request.body_digest IS 'SHA-256 of the body, which no signature covers (正文摘要)';
COMMENT ON COLUMN kefu.push_request.deliveries IS 'times it came, from 1 (投递次数)';
COMMENT ON COLUMN kefu.push_request.forget_at IS 'when its time is too old and it may be forgotten (可清除时间)';

CREATE TABLE kefu.push_refusal (
    account text COLLATE "C" REFERENCES kefu.account,
    outcome text COLLATE "C" NOT NULL CONSTRAINT push_refusal_outcome CHECK
        (outcome IN ('unknown', 'needs_secret', 'unsigned', 'stale', 'too_long', 'replayed', 'misdirected', 'unreadable')),
    since_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    refusals_count bigint NOT NULL,
    CONSTRAINT push_refusal_key UNIQUE NULLS NOT DISTINCT (account, outcome)
) WITH (fillfactor = 50);
COMMENT ON TABLE kefu.push_refusal IS 'How often pushes were not taken: one row an account and reason, whoever sends however much; nothing of what came is kept (推送拒收)';
COMMENT ON COLUMN kefu.push_refusal.account IS 'account they were for; NULL: none that there is (账号)';
COMMENT ON COLUMN kefu.push_refusal.outcome IS 'why, as in kefu.push_answer; unreadable: signed, and a dead letter (原因)';
COMMENT ON COLUMN kefu.push_refusal.since_at IS 'when the first came; one after a day without any begins anew (起始时间)';
COMMENT ON COLUMN kefu.push_refusal.last_at IS 'when the last came (最近时间)';
COMMENT ON COLUMN kefu.push_refusal.refusals_count IS 'how many since then (次数)';

CREATE TABLE kefu.fan (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    identity_id bigint NOT NULL REFERENCES kefu.identity,
    is_fan boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    left_at timestamptz,
    PRIMARY KEY (account, identity_id)
);
COMMENT ON TABLE kefu.fan IS 'Who of those that have written to us follows an account of ours, as far as the platform has pushed it or says it beside what they wrote; no row: not told (粉丝)';
COMMENT ON COLUMN kefu.fan.account IS 'our account (账号)';
COMMENT ON COLUMN kefu.fan.identity_id IS 'who (身份)';
COMMENT ON COLUMN kefu.fan.is_fan IS 'false: not, or no longer (是否关注)';
COMMENT ON COLUMN kefu.fan.changed_at IS 'when it came to be, by the platform''s time; where it was found beside a message, when that came (变更时间)';
COMMENT ON COLUMN kefu.fan.left_at IS 'when they last unfollowed; NULL: never, as far as we know (取消关注时间)';
