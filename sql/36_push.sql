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

CREATE TABLE kefu.fan (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    identity_id bigint NOT NULL REFERENCES kefu.identity,
    is_fan boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (account, identity_id)
);
COMMENT ON TABLE kefu.fan IS 'Who of those that have written to us follows an account of ours, as far as the platform has pushed it; no row: not told (粉丝)';
COMMENT ON COLUMN kefu.fan.account IS 'our account (账号)';
COMMENT ON COLUMN kefu.fan.identity_id IS 'who (身份)';
COMMENT ON COLUMN kefu.fan.is_fan IS 'false: no longer (是否关注)';
COMMENT ON COLUMN kefu.fan.changed_at IS 'the platform''s time of that (变更时间)';
