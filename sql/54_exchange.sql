-- 54_exchange: the bracket around each HTTP exchange.
--
-- Claiming gives the network worker complete requests with a lease and no
-- knowledge of platforms; recording takes what came back and does the rest.
-- Between the two no transaction is open. A lease that nobody ends expires: a
-- feed is then simply asked again, a send is looked for on the platform first.
-- Everything works as well when a person or a test calls it by hand.

-- --- building a request ------------------------------------------------------

CREATE FUNCTION kefu.encode_request(template text, params jsonb, pre_encoded text[],
                                    OUT path text, OUT form text)
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_encode_request';
COMMENT ON FUNCTION kefu.encode_request(text, jsonb, text[]) IS
'The path with its {placeholders} filled, and the other parameters as a form; nulls are not sent. invalid_parameter_value if a placeholder has no value (请求编码)';

CREATE TYPE kefu.http_request AS (
    method text,
    url text,
    headers text[],
    body bytea,
    content_type text,
    timeout_ms integer,
    max_bytes integer,
    allows_http boolean
);
COMMENT ON TYPE kefu.http_request IS 'What the network worker needs to ask (HTTP请求)';
COMMENT ON COLUMN kefu.http_request.method IS 'HTTP method (方法)';
COMMENT ON COLUMN kefu.http_request.url IS 'address with its query (地址)';
COMMENT ON COLUMN kefu.http_request.headers IS 'lines Name: value (请求头)';
COMMENT ON COLUMN kefu.http_request.body IS 'NULL: none (请求体)';
COMMENT ON COLUMN kefu.http_request.content_type IS 'of the body; NULL: none (内容类型)';
COMMENT ON COLUMN kefu.http_request.timeout_ms IS 'longest wait for the whole reply, milliseconds (超时)';
COMMENT ON COLUMN kefu.http_request.max_bytes IS 'longest body taken, bytes (最大长度)';
COMMENT ON COLUMN kefu.http_request.allows_http IS 'the platform may be asked unencrypted, if kefu.allow_http agrees (允许明文)';

CREATE FUNCTION kefu.secret_of(credential text) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    kept jsonb;
    folder text := current_setting('kefu.secret_directory', true);
BEGIN
    IF EXISTS (SELECT FROM kefu.credential c
                WHERE c.credential = secret_of.credential AND c.expires_at <= kefu.now()) THEN
        RETURN NULL;
    END IF;
    SELECT s.secret INTO kept FROM kefu.credential_secret s WHERE s.credential = secret_of.credential;
    -- A name that could leave the folder is not looked for there.
    IF kept IS NULL AND folder <> '' AND credential ~ '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' THEN
        kept := pg_read_file(folder || '/' || credential, 0, 65536, true)::jsonb;
    END IF;
    RETURN kept;
END $$;
COMMENT ON FUNCTION kefu.secret_of(text) IS
'The secret of a credential, from the table or from the file of its name under kefu.secret_directory; NULL if it is missing or expired. For the owner''s functions only (取密钥)';

CREATE FUNCTION kefu.auth_of(p kefu.platform, secret jsonb, OUT header text, OUT query jsonb, OUT form jsonb)
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    param jsonb;
BEGIN
    query := '{}';
    form := '{}';
    CASE p.auth_kind
        WHEN 'none' THEN RETURN;
        WHEN 'basic' THEN
            header := 'Authorization: Basic ' || translate(encode(convert_to(
                (secret ->> 'user') || ':' || (secret ->> 'password'), 'UTF8'), 'base64'), E'\n', '');
        WHEN 'token' THEN
            param := jsonb_build_object(p.auth_name, secret ->> 'access_token');
            CASE p.auth_placement
                WHEN 'header' THEN
                    header := 'Authorization: ' || p.auth_name || ' ' || (secret ->> 'access_token');
                WHEN 'query' THEN query := param;
                ELSE form := param;
            END CASE;
        ELSE
            RAISE EXCEPTION 'no request can be signed with %', p.auth_kind
                USING ERRCODE = 'feature_not_supported',
                      DETAIL = 'Platforms of auth_kind none, token and basic can be asked.';
    END CASE;
END $$;
COMMENT ON FUNCTION kefu.auth_of(kefu.platform, jsonb) IS
'Where the proof of who we are goes: a header, or parameters of the query or the form. feature_not_supported for other kinds (认证参数)';

CREATE FUNCTION kefu.fill_body(template jsonb, params jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    filled text := template::text;
    param record;
BEGIN
    IF template IS NULL THEN
        RETURN params::text;
    END IF;
    FOR param IN SELECT * FROM jsonb_each(params) LOOP
        filled := replace(filled, '"{' || param.key || '}"', param.value::text);
    END LOOP;
    RETURN filled;
END $$;
COMMENT ON FUNCTION kefu.fill_body(jsonb, jsonb) IS
'A JSON body: the template with each "{name}" replaced by that parameter, or without a template the parameters themselves (JSON请求体)';

CREATE FUNCTION kefu.build_request(account text, action text, args jsonb, page jsonb DEFAULT '{}',
                                   link text DEFAULT NULL)
    RETURNS kefu.http_request
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    a kefu.account;
    p kefu.platform;
    e kefu.endpoint;
    r kefu.http_request;
    auth record;
    secret jsonb;
    params jsonb;
    encoded record;
    base text;
BEGIN
    SELECT * INTO STRICT a FROM kefu.account x WHERE x.account = build_request.account;
    SELECT * INTO STRICT p FROM kefu.platform x WHERE x.platform = a.platform;
    SELECT * INTO e FROM kefu.endpoint x WHERE x.platform = a.platform AND x.action = build_request.action;
    IF NOT FOUND OR e.body_kind IN ('multipart', 'raw') THEN
        RAISE EXCEPTION 'platform "%" can''t be asked for "%"', a.platform, action
            USING ERRCODE = 'feature_not_supported';
    END IF;
    secret := kefu.secret_of(a.credential);
    IF secret IS NULL AND p.auth_kind <> 'none' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO auth FROM kefu.auth_of(p, secret);
    base := coalesce(e.base_url, p.auth_base_urls ->> p.auth_kind, p.base_url);
    -- What a platform calls the next page must be its own: our proof goes there.
    IF link IS NOT NULL AND NOT starts_with(link, base || '/') THEN
        RAISE EXCEPTION 'the next page is on another server' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT p.default_params || e.const_params || page || coalesce(
               (SELECT jsonb_object_agg(m.value, args -> m.key) FROM jsonb_each_text(e.param_map) m
                 WHERE args ->> m.key IS NOT NULL), '{}')
      INTO params;
    IF e.body_kind = 'none' THEN
        auth.query := auth.query || auth.form;
    ELSE
        params := params || auth.form;
    END IF;
    SELECT * INTO encoded FROM kefu.encode_request(e.path, params, e.pre_encoded);
    r.method := e.method;
    r.url := coalesce(link, base || encoded.path || coalesce('?' || nullif(concat_ws('&',
        CASE WHEN e.body_kind = 'none' THEN nullif(encoded.form, '') END,
        nullif((kefu.encode_request('/', auth.query, '{}')).form, '')), ''), ''));
    r.headers := array_remove(ARRAY['User-Agent: ' || p.user_agent, auth.header,
        CASE WHEN e.idempotency = 'header' AND args ? 'request_key'
             THEN e.idempotency_name || ': ' || (args ->> 'request_key') END], NULL);
    IF e.body_kind = 'form' THEN
        r.body := convert_to(encoded.form, 'UTF8');
        r.content_type := 'application/x-www-form-urlencoded';
    ELSIF e.body_kind = 'json' THEN
        r.body := convert_to(kefu.fill_body(e.body_template, params), 'UTF8');
        r.content_type := 'application/json';
    END IF;
    r.timeout_ms := p.total_timeout_ms;
    r.max_bytes := 8 * 1024 * 1024;
    r.allows_http := p.allows_http;
    RETURN r;
END $$;
COMMENT ON FUNCTION kefu.build_request(text, text, jsonb, jsonb, text) IS
'The request for an endpoint from the platform''s rows; args are values by our names, page the parameters of a page, link its whole address. NULL if the secret is missing. feature_not_supported for what the rows can''t ask (构造请求)';

-- --- what is due ---------------------------------------------------------------

CREATE VIEW kefu.due_feed AS
    SELECT s.account, s.action, greatest(s.next_poll_at, s.lease_until) AS due_at
      FROM kefu.feed_state s
      JOIN kefu.feed f USING (account, action)
      JOIN kefu.account a USING (account)
      JOIN kefu.platform p USING (platform)
     WHERE f.is_live AND a.is_live AND p.is_live;
COMMENT ON VIEW kefu.due_feed IS 'Feeds that are polled, and when next (待拉取)';
COMMENT ON COLUMN kefu.due_feed.account IS 'account (账号)';
COMMENT ON COLUMN kefu.due_feed.action IS 'endpoint (接口)';
COMMENT ON COLUMN kefu.due_feed.due_at IS 'when its next request is due (时间)';

CREATE VIEW kefu.due_outbound AS
    SELECT o.outbound_id, o.state, o.priority, greatest(o.not_before, o.lease_until) AS due_at
      FROM kefu.outbound o
      JOIN kefu.account a USING (account)
      JOIN kefu.platform p USING (platform)
     WHERE o.state IN ('queued', 'sending', 'uncertain') AND a.is_live AND p.is_live;
COMMENT ON VIEW kefu.due_outbound IS 'Sends that are not settled, and when something is to be done about them (待发送)';
COMMENT ON COLUMN kefu.due_outbound.outbound_id IS 'number (发送编号)';
COMMENT ON COLUMN kefu.due_outbound.state IS 'queued, sending or uncertain (状态)';
COMMENT ON COLUMN kefu.due_outbound.priority IS 'lowest first (优先级)';
COMMENT ON COLUMN kefu.due_outbound.due_at IS 'when (时间)';

CREATE FUNCTION kefu.next_exchange_at() RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    may text := kefu.desk_state();
BEGIN
    PERFORM kefu.require_worker();
    RETURN least(CASE WHEN may IN ('live', 'rehearse') THEN (SELECT min(f.due_at) FROM kefu.due_feed f) END,
                 CASE WHEN may = 'live' THEN (SELECT min(o.due_at) FROM kefu.due_outbound o) END);
END $$;
COMMENT ON FUNCTION kefu.next_exchange_at() IS
'When the next exchange is due, -infinity or the past for at once; NULL if none is or the desk may not act here (下次交换时间)';

-- --- claiming --------------------------------------------------------------------

CREATE FUNCTION kefu.defer_outbound(outbound_id bigint, class text, reason text, wait interval) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE kefu.outbound o
       SET state = CASE WHEN o.state = 'sending' THEN 'queued' ELSE o.state END,
           lease_until = NULL, lease_key = NULL, not_before = kefu.now() + wait,
           last_class = class, last_error = reason
     WHERE o.outbound_id = defer_outbound.outbound_id;
END;
COMMENT ON FUNCTION kefu.defer_outbound(bigint, text, text, interval) IS
'Ends a lease and tries again later; what was being sent did not reach the platform (推迟发送)';

CREATE FUNCTION kefu.claim_outbound(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, request kefu.http_request)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.outbound;
    action_asked text;
    own text;
BEGIN
    FOR o IN
        SELECT x.* FROM kefu.outbound x JOIN kefu.due_outbound d USING (outbound_id)
         WHERE d.due_at <= kefu.now() AND d.state IN ('queued', 'uncertain')
           AND greatest(x.not_before, x.lease_until) <= kefu.now() AND x.state = d.state
           AND (x.expires_at > kefu.now()) IS NOT FALSE
         ORDER BY d.priority, d.due_at, x.outbound_id LIMIT max FOR UPDATE OF x SKIP LOCKED
    LOOP
        kind := CASE o.state WHEN 'queued' THEN 'send' ELSE 'verify' END;
        key := o.outbound_id;
        lease_key := gen_random_uuid();
        request := NULL;
        SELECT a.native_id, CASE kind WHEN 'send' THEN o.action ELSE e.verify_action END
          INTO own, action_asked
          FROM kefu.account a
          LEFT JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = o.action
         WHERE a.account = o.account;
        BEGIN
            request := kefu.build_request(o.account, action_asked, jsonb_build_object(
                'text', o.text, 'parent_id', o.parent_id, 'native_id', o.parent_id,
                'root_id', o.root_id, 'recipient_id', o.recipient_id, 'own_id', own,
                'request_key', 'kefu-' || o.outbound_id));
        EXCEPTION WHEN OTHERS THEN
            PERFORM kefu.defer_outbound(o.outbound_id, 'bad_request', SQLERRM, interval '10 minutes');
            CONTINUE;
        END;
        IF (request).url IS NULL THEN
            PERFORM kefu.defer_outbound(o.outbound_id, 'needs_secret', NULL, interval '1 minute');
            CONTINUE;
        END IF;
        UPDATE kefu.outbound x
           SET state = CASE kind WHEN 'send' THEN 'sending' ELSE x.state END,
               attempts = x.attempts + CASE kind WHEN 'send' THEN 1 ELSE 0 END,
               sending_at = CASE kind WHEN 'send' THEN kefu.now() ELSE x.sending_at END,
               lease_until = kefu.now() + interval '2 minutes', lease_key = claim_outbound.lease_key
         WHERE x.outbound_id = o.outbound_id;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.claim_outbound(integer) IS
'Leases sends that are due, and looks at the platform for uncertain ones; called by kefu.claim_exchanges() (认领发送)';

CREATE FUNCTION kefu.claim_feeds(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, request kefu.http_request)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s kefu.feed_state;
    of_platform text;
    own text;
    page record;
BEGIN
    FOR s IN
        SELECT x.* FROM kefu.feed_state x JOIN kefu.due_feed d USING (account, action)
         WHERE d.due_at <= kefu.now() AND greatest(x.next_poll_at, x.lease_until) <= kefu.now()
         ORDER BY d.due_at, x.account, x.action LIMIT max FOR UPDATE OF x SKIP LOCKED
    LOOP
        kind := 'feed';
        key := s.account || '/' || s.action;
        lease_key := gen_random_uuid();
        request := NULL;
        SELECT a.platform, a.native_id INTO of_platform, own FROM kefu.account a WHERE a.account = s.account;
        BEGIN
            SELECT * INTO page FROM kefu.walk_request(of_platform, s.action, s.walk ->> 'walk', s.high_mark);
            request := kefu.build_request(s.account, s.action, jsonb_build_object('own_id', own),
                                          page.params, page.link);
        EXCEPTION WHEN OTHERS THEN
            PERFORM kefu.fail_feed(s.account, s.action, 'bad_request', NULL, NULL, NULL);
            PERFORM kefu.add_dead_letter(s.account, s.action, SQLSTATE || ': ' || SQLERRM);
            CONTINUE;
        END;
        UPDATE kefu.feed_state x
           SET lease_until = CASE WHEN (request).url IS NOT NULL THEN kefu.now() + interval '2 minutes' END,
               lease_key = CASE WHEN (request).url IS NOT NULL THEN claim_feeds.lease_key END,
               last_class = CASE WHEN (request).url IS NULL THEN 'needs_secret' ELSE x.last_class END,
               next_poll_at = CASE WHEN (request).url IS NULL THEN kefu.now() + interval '1 minute'
                                   ELSE x.next_poll_at END,
               polled_at = CASE WHEN (request).url IS NOT NULL THEN kefu.now() ELSE x.polled_at END,
               polls_count = x.polls_count + CASE WHEN (request).url IS NOT NULL THEN 1 ELSE 0 END
         WHERE x.account = s.account AND x.action = s.action;
        IF (request).url IS NOT NULL THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.claim_feeds(integer) IS
'Leases feeds that are due; called by kefu.claim_exchanges() (认领拉取)';

CREATE FUNCTION kefu.require_worker() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_unit('group', 'admin');
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_worker() IS
'Raises KF008 or KF003 unless the caller is the worker or an administrator of Group (校验后台进程)';

CREATE FUNCTION kefu.claim_exchanges(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    may text := kefu.desk_state();
    claimed integer := 0;
BEGIN
    PERFORM kefu.require_worker();
    IF may NOT IN ('live', 'rehearse') OR max <= 0 THEN
        RETURN;
    END IF;
    -- Answers go before polls.
    IF may = 'live' THEN
        PERFORM kefu.recover_outbound();
        RETURN QUERY SELECT c.kind, c.key, c.lease_key, (c.request).* FROM kefu.claim_outbound(max) c;
        GET DIAGNOSTICS claimed = ROW_COUNT;
    END IF;
    RETURN QUERY SELECT c.kind, c.key, c.lease_key, (c.request).* FROM kefu.claim_feeds(max - claimed) c;
END $$;
COMMENT ON FUNCTION kefu.claim_exchanges(integer) IS
'At most so many exchanges that are due, each leased for two minutes with a key that its result must carry: sends (kind send, attempts and sending_at are set), looks at the platform for uncertain sends (verify), and polls (feed). None unless the desk is live here; a rehearsing desk only polls. For the worker or an administrator of Group (认领交换)';

-- --- what came back ------------------------------------------------------------------

CREATE FUNCTION kefu.walk_request(platform text, action text, walk text, mark text,
                                  OUT link text, OUT params jsonb)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_walk_request_sql';
COMMENT ON FUNCTION kefu.walk_request(text, text, text, text) IS
'What the next page of a walk needs: a whole address, or parameters. walk NULL begins one towards the mark (翻页请求)';

CREATE FUNCTION kefu.walk_take(platform text, action text, walk text, mark text, body text, own_id text,
                               closed_count integer, next_link text, max_pages integer,
                               OUT step text, OUT new_walk text, OUT new_mark text)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_walk_take_sql';
COMMENT ON FUNCTION kefu.walk_take(text, text, text, text, text, text, integer, text, integer) IS
'Tells a walk what its page brought. step: goes_on, closed, capped (enough for now) or stuck (the platform repeats itself); new_mark NULL keeps the old one. closed_count: items on it that a closed walk of this feed had found, or that are too old (翻页结果)';

CREATE FUNCTION kefu.next_link(headers text, rel text) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_next_link';
COMMENT ON FUNCTION kefu.next_link(text, text) IS 'The address with this relation in a Link header''s value; NULL if there is none (下一页地址)';

CREATE FUNCTION kefu.backoff(failures integer, base_seconds integer, cap_seconds integer, seed bigint)
    RETURNS interval
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_backoff';
COMMENT ON FUNCTION kefu.backoff(integer, integer, integer, bigint) IS
'How long to wait after so many failures in a row: base doubled with each, at most cap, the upper half of it by chance of the seed (退避时长)';

CREATE FUNCTION kefu.header_of(headers text, name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT btrim((regexp_match(headers, '(?:^|\n)' || name || ':([^\r\n]*)', 'i'))[1]);
END;
COMMENT ON FUNCTION kefu.header_of(text, text) IS 'Value of the first header of this name; NULL if there is none (取响应头)';

CREATE FUNCTION kefu.add_dead_letter(account text, action text, reason text, payload text DEFAULT NULL)
    RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO kefu.dead_letter (account, action, received_at, reason, payload)
    VALUES (account, action, kefu.now(), reason, payload);
END;
COMMENT ON FUNCTION kefu.add_dead_letter(text, text, text, text) IS 'Keeps what could not be dealt with (记录无法处理的报文)';

CREATE FUNCTION kefu.fail_feed(account text, action text, class text, http_status integer,
                               retry_after integer, scope text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    until timestamptz;
    own kefu.account;
BEGIN
    UPDATE kefu.feed_state s
       SET lease_until = NULL, lease_key = NULL, failures = s.failures + 1,
           last_class = class, last_status = http_status,
           next_poll_at = kefu.now() + greatest(
               make_interval(secs => coalesce(retry_after, 0)),
               CASE WHEN class = 'blacklisted' THEN interval '1 hour'
                    ELSE kefu.backoff(s.failures + 1,
                             CASE WHEN class IN ('rate', 'auth_expired', 'auth_revoked', 'forbidden')
                                  THEN 60 ELSE 10 END, 3600,
                             hashtextextended(s.account || s.action, s.failures)) END)
     WHERE s.account = fail_feed.account AND s.action = fail_feed.action
    RETURNING s.next_poll_at INTO until;
    -- A limit of the user or the application is one for its other feeds too, and
    -- who is ignored is ignored on all of them.
    IF class = 'blacklisted' OR (class = 'rate' AND coalesce(scope, 'user') <> 'endpoint') THEN
        SELECT * INTO own FROM kefu.account a WHERE a.account = fail_feed.account;
        UPDATE kefu.feed_state s SET next_poll_at = until
          FROM kefu.account a
         WHERE a.account = s.account AND s.lease_until IS NULL AND s.next_poll_at < until
           AND (s.account, s.action) <> (fail_feed.account, fail_feed.action)
           AND a.platform = own.platform
           AND (class = 'blacklisted' OR a.credential = own.credential);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.fail_feed(text, text, text, integer, integer, text) IS
'A poll failed: its walk stays, the next one waits, at least as long as the platform asked (拉取失败)';

CREATE FUNCTION kefu.count_closed(s kefu.feed_state, a kefu.account, body text, start_at timestamptz)
    RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)::integer
      FROM kefu.map_payload((a).platform, (s).action, body, (a).native_id) i
      LEFT JOIN kefu.seen_item k ON k.platform = (a).platform AND k.item_type = i.item_type
                                AND k.native_id = coalesce(i.dedupe_key, i.native_id)
      LEFT JOIN kefu.sighting g ON g.message_id = k.message_id AND g.account = (s).account
                               AND g.action = (s).action
                               AND g.found_at <= ((s).walk ->> 'closed_before')::timestamptz
     WHERE i.error IS NULL AND (g.message_id IS NOT NULL OR i.posted_at < start_at);
END;
COMMENT ON FUNCTION kefu.count_closed(kefu.feed_state, kefu.account, text, timestamptz) IS
'Items of a page that this feed had found in a walk that was closed, or from before its start: behind them is no gap (已闭合条数)';

CREATE FUNCTION kefu.record_feed(s kefu.feed_state, http_status integer, body text, headers text,
                                 finished_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    a kefu.account;
    f kefu.feed;
    e kefu.endpoint;
    r kefu.ingested;
    w record;
BEGIN
    SELECT * INTO a FROM kefu.account x WHERE x.account = s.account;
    SELECT * INTO f FROM kefu.feed x WHERE x.account = s.account AND x.action = s.action;
    SELECT * INTO e FROM kefu.endpoint x WHERE x.platform = a.platform AND x.action = s.action;
    r := kefu.ingest(s.account, s.action, body, finished_at);
    IF r.items = 0 AND r.dead_letters > 0 THEN
        PERFORM kefu.fail_feed(s.account, s.action, 'unreadable', http_status, NULL, NULL);
        RETURN;
    END IF;
    IF s.walk IS NULL THEN
        s.walk := jsonb_build_object('closed_before', s.ok_at);
    END IF;
    SELECT * INTO w FROM kefu.walk_take(a.platform, s.action, s.walk ->> 'walk', s.high_mark, body,
        a.native_id, CASE WHEN r.items > 0 THEN kefu.count_closed(s, a, body, f.start_at) ELSE 0 END,
        kefu.next_link(kefu.header_of(headers, 'link'), e.link_rel), e.max_pages);
    -- The mark moves with the page's items, and only over ground without a gap. A
    -- walk that is stuck begins anew and still counts from the last closed one.
    UPDATE kefu.feed_state x
       SET lease_until = NULL, lease_key = NULL, last_status = http_status,
           high_mark = coalesce(w.new_mark, x.high_mark),
           walk = CASE w.step
               WHEN 'closed' THEN NULL
               WHEN 'stuck' THEN jsonb_build_object('closed_before', s.walk -> 'closed_before')
               ELSE jsonb_build_object('closed_before', s.walk -> 'closed_before', 'walk', w.new_walk) END,
           next_poll_at = CASE w.step WHEN 'goes_on' THEN kefu.now() ELSE kefu.now() + f.every END,
           ok_at = CASE w.step WHEN 'closed' THEN kefu.now() ELSE x.ok_at END,
           failures = CASE w.step WHEN 'stuck' THEN x.failures + 1 ELSE 0 END,
           last_class = CASE w.step WHEN 'stuck' THEN 'stuck' ELSE 'ok' END,
           items_count = x.items_count + r.items, new_count = x.new_count + r.new_messages
     WHERE x.account = s.account AND x.action = s.action;
END $$;
COMMENT ON FUNCTION kefu.record_feed(kefu.feed_state, integer, text, text, timestamptz) IS
'A page came: its items are ingested and the walk goes on, all or nothing (拉取成功)';

CREATE FUNCTION kefu.record_exchange(kind text, key text, lease_key uuid, http_status integer, error text,
                                     bytes_sent boolean, body text, reply_headers text,
                                     started_at timestamptz, finished_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.feed_state;
    c record;
BEGIN
    PERFORM kefu.require_worker();
    IF kind <> 'feed' THEN
        PERFORM kefu.record_outbound(kind, key::bigint, record_exchange.lease_key, http_status, error,
                                     bytes_sent, body, reply_headers, finished_at);
        RETURN;
    END IF;
    SELECT x.* INTO s FROM kefu.feed_state x
     WHERE x.account = split_part(key, '/', 1) AND x.action = split_part(key, '/', 2) FOR UPDATE;
    -- Somebody else has asked since: what comes late is asked for again.
    IF NOT FOUND OR s.lease_key IS DISTINCT FROM record_exchange.lease_key THEN
        RETURN;
    END IF;
    SELECT r.* INTO c FROM kefu.account a,
           kefu.classify_reply(a.platform, CASE WHEN error IS NULL THEN http_status ELSE 0 END, body,
                               kefu.header_of(reply_headers, 'retry-after')) r
     WHERE a.account = s.account;
    IF c.class IN ('ok', 'empty') THEN
        PERFORM kefu.record_feed(s, http_status, body, reply_headers, finished_at);
    ELSE
        PERFORM kefu.fail_feed(s.account, s.action, c.class, http_status, c.retry_after_seconds, c.scope);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_exchange(text, text, uuid, integer, text, boolean, text, text, timestamptz, timestamptz) IS
'What became of a claimed exchange. http_status 0 or error not NULL: no complete reply; bytes_sent: the request may have reached the platform; reply_headers: as received. A result whose lease is not the current one is ignored, except the success of a send: what was sent is sent. For the worker or an administrator of Group (登记交换结果)';

CREATE FUNCTION kefu.exchange_failed(kind text, key text, lease_key uuid, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.feed_state;
    o kefu.outbound;
BEGIN
    PERFORM kefu.require_worker();
    IF kind = 'feed' THEN
        SELECT x.* INTO s FROM kefu.feed_state x
         WHERE x.account = split_part(key, '/', 1) AND x.action = split_part(key, '/', 2)
           AND x.lease_key = exchange_failed.lease_key FOR UPDATE;
        IF FOUND THEN
            PERFORM kefu.fail_feed(s.account, s.action, 'unrecorded', NULL, NULL, NULL);
            PERFORM kefu.add_dead_letter(s.account, s.action, reason);
        END IF;
        RETURN;
    END IF;
    UPDATE kefu.outbound x
       SET state = 'uncertain', lease_until = NULL, lease_key = NULL, last_class = 'unrecorded',
           last_error = reason, not_before = kefu.now() + interval '5 minutes'
     WHERE x.outbound_id = key::bigint AND x.lease_key = exchange_failed.lease_key
       AND x.state IN ('sending', 'uncertain')
    RETURNING x.* INTO o;
    IF FOUND THEN
        PERFORM kefu.add_dead_letter(o.account, o.action, reason);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.exchange_failed(text, text, uuid, text) IS
'The result of an exchange could not be recorded: it becomes a dead letter, a feed waits, a send is looked for on the platform. For the worker or an administrator of Group (交换结果无法登记)';
