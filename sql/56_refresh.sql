-- 56_refresh: renewing tokens by the platform's rows.
--
-- A token is renewed before it expires, and when the platform says that it has.
-- Only the live desk does so: a platform that gives a new refresh token with each
-- renewal would lock the desk out after one by a copy. The network worker asks,
-- in the same bracket as everywhere; what it brings goes into the secret and
-- nowhere else: no log, no ledger, no dead letter has a word of the reply. While
-- a renewal is possible sends wait for it; when it is not a person gets a task.

CREATE FUNCTION kefu.refresh_params(rule jsonb, secret jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    m record;
    params jsonb := coalesce(rule -> 'params', '{}');
BEGIN
    FOR m IN SELECT * FROM jsonb_each_text(coalesce(rule -> 'secret_params', '{}')) LOOP
        IF coalesce(secret ->> m.key, '') = '' THEN
            RAISE EXCEPTION 'the secret has no %', m.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
        params := params || jsonb_build_object(m.value, CASE WHEN rule -> 'base64' ? m.key
            THEN translate(encode(convert_to(secret ->> m.key, 'UTF8'), 'base64'), E'\n', '')
            ELSE secret ->> m.key END);
    END LOOP;
    RETURN params;
END $$;
COMMENT ON FUNCTION kefu.refresh_params(jsonb, jsonb) IS
'The parameters that renew a token, from kefu.platform.token_refresh; invalid_parameter_value if the secret lacks one (刷新参数)';

CREATE FUNCTION kefu.build_refresh(credential text) RETURNS SETOF kefu.http_request
    LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1
BEGIN ATOMIC
    SELECT r.method, kefu.with_query(p.token_refresh ->> 'url', CASE r.method WHEN 'GET' THEN f.form ELSE '' END),
           array_remove(ARRAY['User-Agent: ' || p.user_agent], NULL),
           CASE r.method WHEN 'GET' THEN NULL ELSE convert_to(f.form, 'UTF8') END,
           CASE r.method WHEN 'GET' THEN NULL ELSE 'application/x-www-form-urlencoded' END,
           p.total_timeout_ms, 64 * 1024, p.allows_http
      FROM kefu.credential c
      JOIN kefu.platform p ON p.platform = c.platform
      LEFT JOIN kefu.credential_secret k ON k.credential = c.credential
     CROSS JOIN LATERAL (SELECT coalesce(k.secret, kefu.secret_file(c.credential))) AS s(secret)
     CROSS JOIN LATERAL (SELECT coalesce(p.token_refresh ->> 'method', 'POST')) AS r(method)
     CROSS JOIN LATERAL kefu.encode_request('/', kefu.refresh_params(p.token_refresh, s.secret), '{}') AS f
     WHERE c.credential = build_refresh.credential AND p.token_refresh IS NOT NULL AND s.secret IS NOT NULL;
END;
COMMENT ON FUNCTION kefu.build_refresh(text) IS
'The request that renews a token. kefu.platform.token_refresh has url; method, POST if not given, with the parameters in the body, or GET; params, always the same; secret_params, from members of the secret, such as {"refresh_token": "refresh_token"}; base64, members that are encoded so; reply json or form; token, refresh_token and expires_in, where the reply has them; before_seconds, how long before it expires a token is renewed, 600 if not given. No row without secret or rule; invalid_parameter_value if the secret lacks a member (刷新请求)';

CREATE VIEW kefu.due_refresh AS
    SELECT c.credential, greatest(w.wanted_at, s.next_try_at, s.lease_until) AS due_at
      FROM kefu.credential c
      JOIN kefu.platform p ON p.platform = c.platform AND p.is_live AND p.token_refresh IS NOT NULL
      LEFT JOIN kefu.credential_state s ON s.credential = c.credential
     CROSS JOIN LATERAL (SELECT least(s.wanted_at, c.expires_at - make_interval(
         secs => coalesce((p.token_refresh ->> 'before_seconds')::integer, 600)))) AS w(wanted_at)
     WHERE c.kind = 'token' AND w.wanted_at IS NOT NULL AND s.given_up_at IS NULL
       AND EXISTS (SELECT FROM kefu.account a WHERE a.credential = c.credential AND a.is_live);
COMMENT ON VIEW kefu.due_refresh IS 'Tokens that can be renewed, and when they are next (待刷新令牌)';
COMMENT ON COLUMN kefu.due_refresh.credential IS 'name of the credential (凭证)';
COMMENT ON COLUMN kefu.due_refresh.due_at IS 'when its renewal is due (时间)';

CREATE FUNCTION kefu.can_refresh(credential text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM kefu.credential c
                     JOIN kefu.platform p ON p.platform = c.platform AND p.token_refresh IS NOT NULL
                     LEFT JOIN kefu.credential_state s ON s.credential = c.credential
                    WHERE c.credential = can_refresh.credential AND c.kind = 'token' AND s.given_up_at IS NULL);
END;
COMMENT ON FUNCTION kefu.can_refresh(text) IS 'True if this token can be renewed without a person (可自动刷新)';

CREATE FUNCTION kefu.want_refresh(account text, asked_at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    used text := (SELECT a.credential FROM kefu.account a WHERE a.account = want_refresh.account);
BEGIN
    IF NOT kefu.can_refresh(used) THEN
        RETURN false;
    END IF;
    -- Whoever was asked before the last renewal, or before a person set the secret,
    -- has seen the old token.
    INSERT INTO kefu.credential_state AS s (credential, wanted_at)
    SELECT used, kefu.now()
     WHERE NOT EXISTS (SELECT FROM kefu.credential_secret k WHERE k.credential = used AND k.set_at > asked_at)
    ON CONFLICT ON CONSTRAINT credential_state_pkey DO UPDATE
        SET wanted_at = coalesce(s.wanted_at, EXCLUDED.wanted_at);
    PERFORM kefu.wake_worker('net');
    RETURN true;
END $$;
COMMENT ON FUNCTION kefu.want_refresh(text, timestamptz) IS
'The platform called the token of this account expired when it was asked then: it is renewed, unless that has happened since. False if a person must (要求刷新)';

CREATE FUNCTION kefu.fail_refresh(credential text, class text, http_status integer, retry_after integer)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s kefu.credential_state;
BEGIN
    UPDATE kefu.credential_state x
       SET lease_until = NULL, lease_key = NULL, failures = x.failures + 1, last_class = class,
           last_status = http_status,
           next_try_at = kefu.now() + greatest(make_interval(secs => coalesce(retry_after, 0)),
               kefu.backoff(x.failures + 1, 30, 1800, hashtextextended(x.credential, x.failures))),
           given_up_at = CASE WHEN class NOT IN ('transient', 'unknown', 'rate', 'unrecorded', 'empty') OR x.failures >= 9
                              THEN kefu.now() END
     WHERE x.credential = fail_refresh.credential
    RETURNING x.* INTO s;
    IF s.given_up_at IS NOT NULL THEN
        PERFORM kefu.open_task(a.unit, 'renew_token', 'house', kefu.now() + interval '1 hour',
                               note => s.credential || ': ' || class)
           FROM kefu.account a WHERE a.credential = s.credential ORDER BY a.account LIMIT 1;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.fail_refresh(text, text, integer, integer) IS
'A renewal failed: tried again later, or after a refusal or ten times left to a person, with a task (刷新失败)';

CREATE FUNCTION kefu.claim_refreshes(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    found_credential text;
    r kefu.http_request;
    new_key uuid;
BEGIN
    INSERT INTO kefu.credential_state (credential)
    SELECT d.credential FROM kefu.due_refresh d WHERE d.due_at <= kefu.now()
    ON CONFLICT DO NOTHING;
    FOR found_credential IN
        SELECT s.credential FROM kefu.credential_state s
         WHERE s.credential IN (SELECT d.credential FROM kefu.due_refresh d WHERE d.due_at <= kefu.now())
           AND greatest(s.next_try_at, s.lease_until) <= kefu.now() AND s.given_up_at IS NULL
         ORDER BY s.credential LIMIT max FOR UPDATE SKIP LOCKED
    LOOP
        BEGIN
            r := NULL;
            SELECT b.* INTO r FROM kefu.build_refresh(found_credential) b;
        EXCEPTION WHEN invalid_parameter_value THEN
            PERFORM kefu.fail_refresh(found_credential, 'needs_secret', NULL, NULL);
            CONTINUE;
        END;
        IF r.url IS NULL THEN
            UPDATE kefu.credential_state s SET next_try_at = kefu.now() + interval '10 minutes', last_class = 'needs_secret'
             WHERE s.credential = found_credential;
            CONTINUE;
        END IF;
        new_key := gen_random_uuid();
        UPDATE kefu.credential_state s SET lease_key = new_key, lease_until = kefu.now() + interval '2 minutes'
         WHERE s.credential = found_credential;
        RETURN QUERY SELECT 'refresh', found_credential, new_key, r.method, r.url, r.headers, r.body, r.content_type,
                            r.timeout_ms, r.max_bytes, r.allows_http;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.claim_refreshes(integer) IS
'Leases renewals that are due; called by kefu.claim_exchanges() (认领刷新)';

CREATE FUNCTION kefu.decode_percent(encoded text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT coalesce(convert_from(string_agg(CASE WHEN r.part[1] ~ '^%[0-9A-Fa-f]{2}$' THEN decode(substr(r.part[1], 2), 'hex')
                                                 ELSE convert_to(r.part[1], 'UTF8') END, ''::bytea ORDER BY r.n), 'UTF8'), '')
      FROM regexp_matches(replace(encoded, '+', ' '), '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') WITH ORDINALITY AS r(part, n);
END;
COMMENT ON FUNCTION kefu.decode_percent(text) IS
'Undoes the encoding of a form''s name or value; character_not_in_repertoire if that gives no UTF-8 (解码)';

CREATE FUNCTION kefu.reply_object(reply_form text, body text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
    IF reply_form = 'form' THEN
        RETURN (SELECT jsonb_object_agg(kefu.decode_percent(split_part(p.pair, '=', 1)),
                                        kefu.decode_percent(substr(p.pair, strpos(p.pair, '=') + 1)))
                  FROM regexp_split_to_table(body, '&') AS p(pair) WHERE strpos(p.pair, '=') > 1);
    END IF;
    RETURN body::jsonb;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION kefu.reply_object(text, text) IS 'A reply in JSON, or as a form, as an object; NULL if it is none (响应对象)';

CREATE FUNCTION kefu.use_token(credential text, rule jsonb, reply jsonb, started_at timestamptz,
                               finished_at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    old jsonb;
    expires timestamptz := finished_at
        + make_interval(secs => nullif(substring(kefu.reply_value(reply, rule ->> 'expires_in') FROM '^[0-9]{1,9}$'), '')::integer);
BEGIN
    SELECT coalesce((SELECT k.secret FROM kefu.credential_secret k WHERE k.credential = use_token.credential),
                    kefu.secret_file(use_token.credential)) INTO old;
    INSERT INTO kefu.credential_secret AS k (credential, secret, set_at)
    VALUES (use_token.credential, old || jsonb_strip_nulls(jsonb_build_object(
                'access_token', kefu.reply_value(reply, rule ->> 'token'),
                'refresh_token', kefu.reply_value(reply, rule ->> 'refresh_token'))), kefu.now())
    ON CONFLICT ON CONSTRAINT credential_secret_pkey DO UPDATE
        SET secret = EXCLUDED.secret, set_at = EXCLUDED.set_at
      WHERE k.set_at <= started_at;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE kefu.credential c SET expires_at = expires WHERE c.credential = use_token.credential;
    UPDATE kefu.credential_state s
       SET wanted_at = NULL, next_try_at = '-infinity', lease_until = NULL, lease_key = NULL, failures = 0,
           last_class = 'ok', last_status = 200, refreshed_at = kefu.now(), given_up_at = NULL
     WHERE s.credential = use_token.credential;
    PERFORM kefu.resume_credential(use_token.credential);
    PERFORM kefu.append_ledger('rules', 'refresh_token', jsonb_strip_nulls(jsonb_build_object(
        'credential', credential, 'expires_at', expires)));
    RETURN true;
END $$;
COMMENT ON FUNCTION kefu.use_token(text, jsonb, jsonb, timestamptz, timestamptz) IS
'Writes a renewed token into the secret and lets what waited for it go on; false, changing nothing, if the secret was set since the request began (启用新令牌)';

CREATE FUNCTION kefu.resume_credential(credential text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.feed_state f SET next_poll_at = kefu.now()
      FROM kefu.account a
     WHERE a.account = f.account AND a.credential = resume_credential.credential
       AND f.last_class IN ('needs_secret', 'auth_expired');
    UPDATE kefu.outbound o SET not_before = kefu.now()
      FROM kefu.account a
     WHERE a.account = o.account AND a.credential = resume_credential.credential
       AND o.state = 'queued' AND o.last_class IN ('needs_secret', 'auth_expired');
    PERFORM kefu.wake_worker('net');
END $$;
COMMENT ON FUNCTION kefu.resume_credential(text) IS 'What waited for this secret is due now (恢复凭证使用)';

CREATE FUNCTION kefu.record_refresh(key text, lease_key uuid, http_status integer, error text, body text,
                                    headers text, started_at timestamptz, finished_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s kefu.credential_state;
    rule jsonb;
    platform text;
    c record;
    reply jsonb;
BEGIN
    SELECT x.* INTO s FROM kefu.credential_state x WHERE x.credential = key FOR UPDATE;
    SELECT p.platform, p.token_refresh INTO platform, rule
      FROM kefu.credential x JOIN kefu.platform p ON p.platform = x.platform WHERE x.credential = key;
    IF s.credential IS NULL OR rule IS NULL THEN
        RETURN;
    END IF;
    SELECT r.* INTO c FROM kefu.classify_reply(platform, CASE WHEN error IS NULL THEN http_status ELSE 0 END, body,
                                               kefu.header_of(headers, 'retry-after')) r;
    reply := CASE WHEN c.class = 'ok' THEN kefu.reply_object(rule ->> 'reply', body) END;
    IF kefu.reply_value(reply, rule ->> 'token') IS NOT NULL THEN
        -- Whoever reports it: the old token may be worth nothing by now.
        PERFORM kefu.use_token(key, rule, reply, started_at, finished_at);
    ELSIF s.lease_key IS NOT DISTINCT FROM record_refresh.lease_key THEN
        PERFORM kefu.fail_refresh(key, CASE WHEN c.class = 'ok' THEN 'unknown' ELSE c.class END, http_status,
                                  c.retry_after_seconds);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_refresh(text, uuid, integer, text, text, text, timestamptz, timestamptz) IS
'What became of a renewal; called by kefu.record_exchanges() (登记刷新结果)';

CREATE VIEW kefu.stat_credential AS
    SELECT c.credential, c.platform, c.kind, c.expires_at,
           CASE WHEN p.token_refresh IS NULL OR c.kind <> 'token' THEN 'manual'
                WHEN s.given_up_at IS NOT NULL THEN 'given_up'
                WHEN s.lease_until > kefu.now() THEN 'refreshing'
                WHEN s.failures > 0 THEN 'failing'
                ELSE 'automatic' END AS state,
           s.refreshed_at, d.due_at AS next_refresh_at, coalesce(s.failures, 0) AS failures,
           s.last_class, s.last_status
      FROM kefu.credential c
      LEFT JOIN kefu.platform p ON p.platform = c.platform
      LEFT JOIN kefu.credential_state s ON s.credential = c.credential
      LEFT JOIN kefu.due_refresh d ON d.credential = c.credential;
COMMENT ON VIEW kefu.stat_credential IS 'The credentials, never the secrets: whether they are renewed, and how that goes (凭证状态)';
COMMENT ON COLUMN kefu.stat_credential.credential IS 'name (凭证)';
COMMENT ON COLUMN kefu.stat_credential.platform IS 'platform; NULL for a subscriber''s (平台)';
COMMENT ON COLUMN kefu.stat_credential.kind IS 'token, oauth1, basic or webhook (种类)';
COMMENT ON COLUMN kefu.stat_credential.expires_at IS 'when it expires; NULL never or unknown (失效时间)';
COMMENT ON COLUMN kefu.stat_credential.state IS 'manual 人工更新, automatic 自动刷新, refreshing 刷新中, failing 刷新失败, given_up 待人工';
COMMENT ON COLUMN kefu.stat_credential.refreshed_at IS 'last renewal by us; NULL never (最近刷新)';
COMMENT ON COLUMN kefu.stat_credential.next_refresh_at IS 'when the next is due; NULL if none is (下次刷新)';
COMMENT ON COLUMN kefu.stat_credential.failures IS 'failures in a row; 0 after a success (连续失败)';
COMMENT ON COLUMN kefu.stat_credential.last_class IS 'class of the last reply; NULL none (最近结果)';
COMMENT ON COLUMN kefu.stat_credential.last_status IS 'its HTTP status; 0 without a reply, NULL none yet (HTTP状态)';

-- The server's own monitoring role reads how the desk runs, never what it holds.
GRANT SELECT ON kefu.stat_credential TO pg_monitor;
