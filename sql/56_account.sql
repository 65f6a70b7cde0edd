-- 56_account: our accounts, their secrets and feeds, and how they are doing.

CREATE FUNCTION kefu.add_credential(credential text, platform text, kind text,
                                    expires_at timestamptz DEFAULT NULL, tier text DEFAULT NULL,
                                    application text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin('group');
    INSERT INTO kefu.credential AS c (credential, platform, kind, expires_at, tier, application)
    VALUES (add_credential.credential, add_credential.platform, add_credential.kind, add_credential.expires_at,
            coalesce(add_credential.tier, 'standard'), coalesce(add_credential.application, 'default'))
    ON CONFLICT ON CONSTRAINT credential_pkey DO UPDATE
        SET expires_at = EXCLUDED.expires_at, tier = coalesce(add_credential.tier, c.tier),
            application = coalesce(add_credential.application, c.application);
    PERFORM kefu.append_ledger('rules', 'add_credential', jsonb_strip_nulls(jsonb_build_object(
        'credential', credential, 'platform', platform, 'kind', kind, 'expires_at', expires_at,
        'tier', tier, 'application', application)));
END $$;
COMMENT ON FUNCTION kefu.add_credential(text, text, text, timestamptz, text, text) IS
'Names a secret that a platform asks for, or with no platform and kind webhook one shared with a subscriber; of one that is there only expires_at changes, and tier and application where they are given. tier says which rows of kefu.rate_rule hold (standard if not given), application which credentials share limits of scope app. Group administrators only (登记凭证)';

CREATE FUNCTION kefu.set_secret(credential text, secret jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin(u.unit)
       FROM (SELECT coalesce(a.unit, 'group') AS unit
               FROM (SELECT set_secret.credential) AS c(credential)
               LEFT JOIN kefu.account a ON a.credential = c.credential) AS u;
    IF jsonb_typeof(secret) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'a secret is a JSON object'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Kind token has access_token, and what the platform''s token_refresh asks for; kind oauth1 has consumer_key, consumer_secret, token and token_secret; kind basic has user and password; kind webhook has secret.';
    END IF;
    PERFORM FROM kefu.credential c WHERE c.credential = set_secret.credential;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no credential "%"', credential
            USING ERRCODE = 'undefined_object', HINT = 'Name it with kefu.add_credential().';
    END IF;
    INSERT INTO kefu.credential_secret AS s (credential, secret, set_at)
    VALUES (set_secret.credential, set_secret.secret, kefu.now())
    ON CONFLICT ON CONSTRAINT credential_secret_pkey DO UPDATE
        SET secret = EXCLUDED.secret, set_at = EXCLUDED.set_at;
    -- A renewal that is under way has lost: its token comes of the old secret.
    UPDATE kefu.credential_state s
       SET wanted_at = NULL, next_try_at = '-infinity', lease_until = NULL, lease_key = NULL, failures = 0,
           last_class = NULL, last_status = NULL, given_up_at = NULL
     WHERE s.credential = set_secret.credential;
    PERFORM kefu.resume_credential(set_secret.credential);
    PERFORM kefu.append_ledger('rules', 'set_secret', jsonb_build_object('credential', credential));
END $$;
COMMENT ON FUNCTION kefu.set_secret(text, jsonb) IS
'Stores the secret of a credential: {"access_token": ...}, with "refresh_token" and whatever else kefu.platform.token_refresh names where the platform renews tokens, {"consumer_key": ..., "consumer_secret": ..., "token": ..., "token_secret": ...}, or {"user": ..., "password": ...}. It is never dumped, shown or logged by us, but the server writes statements where log_statement, log_min_duration_statement or pg_stat_statements.track ask for it: pass it as a parameter and switch these off in the session, or put a file under kefu.secret_directory instead. For administrators of the units whose accounts use it (设置密钥)';

CREATE FUNCTION kefu.add_account(account text, platform text, unit text, handle text, native_id text,
                                 credential text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin(unit);
    INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES (add_account.account, add_account.platform, add_account.unit, ltrim(add_account.handle, '@'),
            add_account.native_id, add_account.credential);
    PERFORM kefu.append_ledger('rules', 'add_account', jsonb_build_object(
        'account', account, 'platform', platform, 'unit', unit, 'native_id', native_id,
        'credential', credential));
END $$;
COMMENT ON FUNCTION kefu.add_account(text, text, text, text, text, text) IS
'Registers an account of a unit on a platform; native_id is the platform''s id of it. unique_violation if it is registered. Administrators of the unit only (登记账号; R16-R18)';

CREATE FUNCTION kefu.set_account(account text, is_live boolean, credential text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account;
BEGIN
    a := kefu.administered_account(account);
    UPDATE kefu.account x
       SET is_live = set_account.is_live, credential = coalesce(set_account.credential, x.credential)
     WHERE x.account = a.account;
    PERFORM kefu.append_ledger('rules', 'set_account', jsonb_strip_nulls(jsonb_build_object(
        'account', account, 'is_live', is_live, 'credential', credential)));
    PERFORM kefu.wake_worker('net');
END $$;
COMMENT ON FUNCTION kefu.set_account(text, boolean, text) IS
'Stops or resumes polling and sending of an account, or gives it another credential (NULL keeps it). Administrators of its unit only (设置账号)';

CREATE FUNCTION kefu.administered_account(account text) RETURNS kefu.account
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    a kefu.account;
BEGIN
    SELECT * INTO a FROM kefu.account x WHERE x.account = administered_account.account;
    -- First, and the same for an account that isn't there: whose it is, is no secret to tell.
    PERFORM kefu.require_admin(a.unit);
    IF a.account IS NULL THEN
        RAISE EXCEPTION 'there is no account "%"', account
            USING ERRCODE = 'undefined_object', HINT = 'Register it with kefu.add_account().';
    END IF;
    RETURN a;
END $$;
COMMENT ON FUNCTION kefu.administered_account(text) IS
'The account, if the caller administers its unit; KF003 or KF008 if not, KF008 also if there is none, which a superuser learns as undefined_object (校验账号管理权限)';

CREATE FUNCTION kefu.add_feed(account text, action text, every interval DEFAULT '1 minute',
                              start_at timestamptz DEFAULT NULL, args jsonb DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account := kefu.administered_account(account);
    since timestamptz := coalesce(add_feed.start_at, kefu.now());
BEGIN
    IF NOT EXISTS (SELECT FROM kefu.endpoint e WHERE e.platform = a.platform
                      AND e.action = add_feed.action AND e.purpose IN ('feed', 'state', 'watch', 'budget')) THEN
        RAISE EXCEPTION 'platform "%" has no feed "%"', a.platform, action
            USING ERRCODE = 'undefined_object', HINT = 'SELECT action FROM kefu.endpoint WHERE purpose IN (''feed'', ''state'', ''watch'', ''budget'') lists them.';
    END IF;
    INSERT INTO kefu.feed (account, action, every, start_at, args)
    VALUES (a.account, add_feed.action, add_feed.every, since, add_feed.args);
    INSERT INTO kefu.feed_state (account, action) VALUES (a.account, add_feed.action);
    PERFORM kefu.append_ledger('rules', 'add_feed', jsonb_strip_nulls(jsonb_build_object(
        'account', account, 'action', action, 'every_seconds', extract(epoch FROM every),
        'start_at', since, 'args', nullif(args::text, '{}'))));
    PERFORM kefu.wake_worker('net');
END $$;
COMMENT ON FUNCTION kefu.add_feed(text, text, interval, timestamptz, jsonb) IS
'Starts to poll a feed of an account; items posted before start_at (kefu.now() if NULL) are kept as history. args is what the endpoint asks for by name: {"keyword": ...} of a search, {"watched_id": ...} of another unit''s account; check_violation if it is no object or longer than 300 characters as text. Administrators of the unit only (开通信息源; R85-R88, R104)';

CREATE FUNCTION kefu.set_feed(account text, action text, is_live boolean, every interval DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account := kefu.administered_account(account);
BEGIN
    UPDATE kefu.feed f
       SET is_live = set_feed.is_live, every = coalesce(set_feed.every, f.every)
     WHERE f.account = a.account AND f.action = set_feed.action;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account "%" has no feed "%"', account, action
            USING ERRCODE = 'undefined_object', HINT = 'Start it with kefu.add_feed().';
    END IF;
    PERFORM kefu.append_ledger('rules', 'set_feed', jsonb_strip_nulls(jsonb_build_object(
        'account', account, 'action', action, 'is_live', is_live,
        'every_seconds', extract(epoch FROM every))));
    PERFORM kefu.wake_worker('net');
END $$;
COMMENT ON FUNCTION kefu.set_feed(text, text, boolean, interval) IS
'Stops or resumes polling of a feed, or changes its pause (NULL keeps it). Administrators of the unit only (设置信息源)';

-- --- how they are doing ------------------------------------------------------------

CREATE VIEW kefu.stat_feed AS
    SELECT a.platform, f.account, f.action, a.unit,
           CASE WHEN NOT (f.is_live AND a.is_live AND p.is_live) THEN 'off'
                WHEN s.lease_until > kefu.now() THEN 'polling'
                WHEN s.last_class = 'needs_secret' THEN 'needs_secret'
                WHEN s.failures > 0 THEN 'failing'
                WHEN s.walk ? 'walk' THEN 'walking'
                WHEN s.ok_at IS NULL THEN 'new'
                ELSE 'ok' END AS state,
           s.ok_at, extract(epoch FROM kefu.now() - s.ok_at)::bigint AS lag_seconds,
           s.polled_at, nullif(s.next_poll_at, '-infinity') AS next_poll_at,
           s.failures, s.last_class, s.last_status,
           s.polls_count, s.items_count, s.new_count, s.refused_count,
           (SELECT count(*) FROM kefu.dead_letter d WHERE d.account = f.account
               AND d.action = f.action AND d.settled_at IS NULL) AS dead_letters_count
      FROM kefu.feed f
      JOIN kefu.account a USING (account)
      JOIN kefu.platform p USING (platform)
      LEFT JOIN kefu.feed_state s ON s.account = f.account AND s.action = f.action;
COMMENT ON VIEW kefu.stat_feed IS 'The feeds, one row each: where they stand and since when; counts since the feed was started (信息源状态; R86, R88)';
COMMENT ON COLUMN kefu.stat_feed.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.stat_feed.account IS 'account (账号)';
COMMENT ON COLUMN kefu.stat_feed.action IS 'endpoint (接口)';
COMMENT ON COLUMN kefu.stat_feed.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu.stat_feed.state IS 'off 停用, needs_secret 缺密钥, polling 拉取中, failing 失败, walking 翻页中, new 未拉取, ok 正常';
COMMENT ON COLUMN kefu.stat_feed.ok_at IS 'when a walk last closed: up to then nothing is missing; NULL never (最近完整拉取)';
COMMENT ON COLUMN kefu.stat_feed.lag_seconds IS 'seconds since then; NULL never (滞后秒数)';
COMMENT ON COLUMN kefu.stat_feed.polled_at IS 'last request; NULL never (最近请求)';
COMMENT ON COLUMN kefu.stat_feed.next_poll_at IS 'when the next is due; NULL at once (下次请求)';
COMMENT ON COLUMN kefu.stat_feed.failures IS 'failures in a row; 0 after a success (连续失败)';
COMMENT ON COLUMN kefu.stat_feed.last_class IS 'what the last reply was: ok, stuck (pages repeat), unreadable, needs_secret, unrecorded, or a class of kefu.error_map; NULL none yet (最近结果)';
COMMENT ON COLUMN kefu.stat_feed.last_status IS 'its HTTP status; 0 without a reply, NULL none yet (HTTP状态)';
COMMENT ON COLUMN kefu.stat_feed.polls_count IS 'requests (请求次数)';
COMMENT ON COLUMN kefu.stat_feed.items_count IS 'items that came, repeated ones included (条数)';
COMMENT ON COLUMN kefu.stat_feed.new_count IS 'of them, messages not known before (新消息数)';
COMMENT ON COLUMN kefu.stat_feed.refused_count IS 'requests that the platform''s limits had no room for, put off each (限额拒绝次数)';
COMMENT ON COLUMN kefu.stat_feed.dead_letters_count IS 'dead letters not settled (未处理死信)';

CREATE VIEW kefu.stat_outbound AS
    SELECT a.platform, a.account, a.unit, x.state, count(o.outbound_id) AS sends_count,
           count(o.outbound_id) FILTER (WHERE o.not_before > kefu.now()) AS deferred_count,
           max(o.attempts)::integer AS attempts_max, min(o.queued_at) AS oldest_at,
           extract(epoch FROM kefu.now() - min(o.queued_at))::bigint AS oldest_seconds,
           max(o.sent_at) AS sent_at,
           (array_agg(o.last_class ORDER BY o.outbound_id DESC) FILTER (WHERE o.last_class IS NOT NULL))[1]
               AS last_class
      FROM kefu.account a
     CROSS JOIN unnest(ARRAY['queued', 'sending', 'uncertain', 'sent', 'failed', 'cancelled']) AS x(state)
      LEFT JOIN kefu.outbound o ON o.account = a.account AND o.state = x.state
     GROUP BY a.platform, a.account, a.unit, x.state;
COMMENT ON VIEW kefu.stat_outbound IS 'What each account sends, one row for each state, with 0 where there is none (发送状态; I17)';
COMMENT ON COLUMN kefu.stat_outbound.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.stat_outbound.account IS 'account (账号)';
COMMENT ON COLUMN kefu.stat_outbound.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu.stat_outbound.state IS 'queued 待发, sending 发送中, uncertain 待核对, sent 已发, failed 失败, cancelled 取消';
COMMENT ON COLUMN kefu.stat_outbound.sends_count IS 'sends in this state; 0 is none (数量)';
COMMENT ON COLUMN kefu.stat_outbound.deferred_count IS 'of them, those that wait for a time to come: deferred, never dropped (推迟数)';
COMMENT ON COLUMN kefu.stat_outbound.attempts_max IS 'most attempts of one; NULL if there is none (最多尝试次数)';
COMMENT ON COLUMN kefu.stat_outbound.oldest_at IS 'when the oldest was queued; NULL if there is none (最早排队时间)';
COMMENT ON COLUMN kefu.stat_outbound.oldest_seconds IS 'seconds since then; NULL if there is none (最长等待秒数)';
COMMENT ON COLUMN kefu.stat_outbound.sent_at IS 'when the last one was taken; NULL never (最近发送时间)';
COMMENT ON COLUMN kefu.stat_outbound.last_class IS 'last result of the newest with one; NULL none (最近结果)';

-- The server's own monitoring role reads how the desk runs, never what it holds.
GRANT SELECT ON kefu.stat_feed, kefu.stat_outbound TO pg_monitor;
