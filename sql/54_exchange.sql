-- 54_exchange: the bracket around each HTTP exchange.
--
-- Claiming gives the network worker complete requests with a lease and no
-- knowledge of platforms; recording takes what came back and does the rest.
-- Between the two no transaction is open. A lease that nobody ends expires: a
-- feed is then simply asked again, a send is looked for on the platform first.
-- Everything works as well when a person or a test calls it by hand.

-- --- what is due ---------------------------------------------------------------

-- Whoever wants the first of them reads the index on when they are due, and asks
-- of each row whether it is live, instead of joining and sorting all.
CREATE VIEW kefu.due_feed AS
    SELECT s.account, s.action, greatest(s.next_poll_at, s.lease_until) AS due_at
      FROM kefu.feed_state s
     WHERE (SELECT f.is_live AND a.is_live AND p.is_live
              FROM kefu.feed f JOIN kefu.account a USING (account) JOIN kefu.platform p USING (platform)
             WHERE f.account = s.account AND f.action = s.action);
COMMENT ON VIEW kefu.due_feed IS 'Feeds that are polled, and when next (待拉取)';
COMMENT ON COLUMN kefu.due_feed.account IS 'account (账号)';
COMMENT ON COLUMN kefu.due_feed.action IS 'endpoint (接口)';
COMMENT ON COLUMN kefu.due_feed.due_at IS 'when its next request is due (时间)';

CREATE VIEW kefu.due_outbound AS
    SELECT o.outbound_id, o.state, o.priority, greatest(o.not_before, o.lease_until) AS due_at
      FROM kefu.outbound o
      JOIN kefu.account a ON a.account = o.account AND a.is_live
      JOIN kefu.platform p ON p.platform = a.platform AND p.is_live
     WHERE o.state IN ('queued', 'sending', 'uncertain');
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
    RETURN least(CASE WHEN may IN ('live', 'rehearse') THEN (SELECT f.due_at FROM kefu.due_feed f ORDER BY f.due_at LIMIT 1) END,
                 CASE WHEN may IN ('live', 'rehearse') THEN (SELECT c.due_at FROM kefu.due_completion c ORDER BY c.due_at LIMIT 1) END,
                 CASE WHEN may IN ('live', 'rehearse') THEN (SELECT w.due_at FROM kefu.due_sweep w ORDER BY w.due_at LIMIT 1) END,
                 CASE WHEN may = 'live' THEN (SELECT min(o.due_at) FROM kefu.due_outbound o) END,
                 CASE WHEN may = 'live' THEN (SELECT min(t.due_at) FROM kefu.due_refresh t) END);
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

CREATE FUNCTION kefu.picture(media bigint) RETURNS kefu.request_file
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ROW(m.file_name, m.content_type, m.content)::kefu.request_file
      FROM kefu.media m WHERE m.media_id = picture.media;
END;
COMMENT ON FUNCTION kefu.picture(bigint) IS 'A picture as the file of a request; NULL if there is none (图片文件)';

CREATE FUNCTION kefu.picture_words(media bigint) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object('alt_text', m.alt_text) FROM kefu.media m WHERE m.media_id = picture_words.media;
END;
COMMENT ON FUNCTION kefu.picture_words(bigint) IS 'What is said of a picture, as a value for a request (图片说明)';

CREATE FUNCTION kefu.lease_outbound(ids bigint[])
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT x.*, gen_random_uuid() AS new_key,
               CASE x.state WHEN 'queued' THEN 'send' ELSE 'verify' END AS asked_for,
               -- Here, as a query among its arguments would keep build_request() from being expanded.
               (SELECT i.handle FROM kefu.account a JOIN kefu.identity i ON i.platform = a.platform
                 WHERE a.account = x.account AND i.native_id = x.recipient_id) AS recipient_handle
          FROM kefu.outbound x
         WHERE x.outbound_id = ANY (ids) AND x.state IN ('queued', 'uncertain')
           AND greatest(x.not_before, x.lease_until) <= kefu.now()
           FOR UPDATE SKIP LOCKED
    ), asked AS MATERIALIZED (
        SELECT d.outbound_id, d.account, d.step_no, d.priority, d.not_before, d.new_key, d.asked_for,
               CASE d.asked_for WHEN 'send' THEN e.action ELSE e.verify_action END AS calls, r.*
          FROM due d
          JOIN kefu.account a ON a.account = d.account
          JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = coalesce(d.step_action, d.action)
          LEFT JOIN LATERAL kefu.build_request(d.account,
              CASE d.asked_for WHEN 'send' THEN e.action ELSE e.verify_action END,
              jsonb_build_object('text', d.text, 'parent_id', d.parent_id, 'native_id', d.parent_id,
                                 'root_id', d.root_id, 'recipient_id', d.recipient_id,
                                 'own_id', a.native_id, 'own_handle', a.handle, 'nonce', d.new_key,
                                 'request_key', 'kefu-' || d.outbound_id,
                                 'recipient_handle', d.recipient_handle)
              || CASE WHEN d.media_id IS NOT NULL THEN kefu.picture_words(d.media_id) ELSE '{}' END || d.step_args,
              CASE d.asked_for WHEN 'send' THEN '{}'
                               ELSE (kefu.walk_request(a.platform, e.verify_action, NULL, NULL)).params END,
              file => CASE WHEN d.asked_for = 'send' AND e.body_kind IN ('multipart', 'raw')
                           THEN kefu.picture(d.media_id) END) r ON true
    ), allowed AS MATERIALIZED (
        SELECT q.*, q.url IS NOT NULL AND g.wait IS NULL AS goes, g.wait
          FROM asked q
          LEFT JOIN (SELECT w.outbound_id, w.wait
                       FROM (SELECT array_agg(c.outbound_id ORDER BY c.priority, c.not_before, c.outbound_id) AS ids,
                                    array_agg(c.account ORDER BY c.priority, c.not_before, c.outbound_id) AS accounts,
                                    array_agg(c.calls ORDER BY c.priority, c.not_before, c.outbound_id) AS calls
                               FROM asked c WHERE c.url IS NOT NULL) a
                      CROSS JOIN LATERAL unnest(a.ids, kefu.grant_calls(a.accounts, a.calls, false))
                                 AS w(outbound_id, wait)) g ON g.outbound_id = q.outbound_id
    ), marked AS (
        UPDATE kefu.outbound x
           SET state = CASE WHEN q.asked_for = 'send' AND q.goes THEN 'sending' ELSE x.state END,
               attempts = x.attempts + CASE WHEN q.asked_for = 'send' AND q.goes THEN 1 ELSE 0 END,
               sending_at = CASE WHEN q.asked_for = 'send' AND q.goes THEN kefu.now() ELSE x.sending_at END,
               lease_key = CASE WHEN q.goes THEN q.new_key END,
               lease_until = CASE WHEN q.goes THEN kefu.now() + interval '2 minutes' END,
               not_before = CASE WHEN q.goes THEN x.not_before ELSE coalesce(q.wait, kefu.now() + interval '1 minute') END,
               last_class = CASE WHEN NOT q.goes AND x.state = 'queued'
                                 THEN CASE WHEN q.url IS NULL THEN 'needs_secret' ELSE 'budget' END
                                 ELSE x.last_class END
          FROM allowed q
         WHERE x.outbound_id = q.outbound_id
    )
    SELECT q.asked_for, q.outbound_id || CASE WHEN q.step_no > 0 THEN '/' || q.step_no ELSE '' END, q.new_key, q.method, q.url, q.headers, q.body, q.content_type,
           q.timeout_ms, q.max_bytes, q.allows_http
      FROM allowed q WHERE q.goes
     ORDER BY q.priority, q.not_before, q.outbound_id;
END $$;
COMMENT ON FUNCTION kefu.lease_outbound(bigint[]) IS
'Leases these sends and builds their requests, where nobody else has them, their secret is there and the platform''s limits have room; what has none waits for it (租用发送)';

CREATE FUNCTION kefu.lease_feeds(accounts text[], actions text[])
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT x.*, gen_random_uuid() AS new_key
          FROM unnest(accounts, actions) WITH ORDINALITY AS f(account, action, seq)
         CROSS JOIN LATERAL (SELECT f.seq, s.account, s.action, s.walk, s.high_mark FROM kefu.feed_state s
                              WHERE s.account = f.account AND s.action = f.action
                                AND s.next_poll_at <= kefu.now() AND (s.lease_until <= kefu.now()) IS NOT FALSE
                                FOR UPDATE SKIP LOCKED) x
    ), asked AS MATERIALIZED (
        SELECT d.account, d.action, d.seq, d.new_key, r.*
          FROM due d
          JOIN kefu.account a ON a.account = d.account
          JOIN kefu.feed f ON f.account = d.account AND f.action = d.action
         CROSS JOIN LATERAL kefu.walk_request(a.platform, d.action, d.walk ->> 'walk', d.high_mark) w
          LEFT JOIN LATERAL kefu.build_request(d.account, d.action,
              jsonb_build_object('own_id', a.native_id, 'own_handle', a.handle, 'nonce', d.new_key) || f.args,
              w.params, w.link) r ON true
    ), allowed AS MATERIALIZED (
        SELECT q.*, q.url IS NOT NULL AND g.wait IS NULL AS goes, g.wait
          FROM asked q
          LEFT JOIN (SELECT w.account, w.action, w.wait
                       FROM (SELECT array_agg(c.account ORDER BY c.seq) AS accounts, array_agg(c.action ORDER BY c.seq) AS actions
                               FROM asked c WHERE c.url IS NOT NULL) a
                      CROSS JOIN LATERAL unnest(a.accounts, a.actions, kefu.grant_calls(a.accounts, a.actions, true))
                                 AS w(account, action, wait)) g ON g.account = q.account AND g.action = q.action
    ), marked AS (
        UPDATE kefu.feed_state x
           SET lease_key = CASE WHEN q.goes THEN q.new_key END,
               lease_until = CASE WHEN q.goes THEN kefu.now() + interval '2 minutes' END,
               next_poll_at = CASE WHEN q.goes THEN x.next_poll_at
                                   ELSE coalesce(q.wait, kefu.now() + interval '1 minute') END,
               last_class = CASE WHEN q.goes THEN x.last_class
                                 WHEN q.url IS NULL THEN 'needs_secret' ELSE 'budget' END,
               polled_at = CASE WHEN q.goes THEN kefu.now() ELSE x.polled_at END,
               polls_count = x.polls_count + CASE WHEN q.goes THEN 1 ELSE 0 END,
               refused_count = x.refused_count + CASE WHEN q.wait IS NOT NULL THEN 1 ELSE 0 END
          FROM allowed q
         WHERE x.account = q.account AND x.action = q.action
    )
    SELECT 'feed', q.account || '/' || q.action, q.new_key, q.method, q.url, q.headers, q.body, q.content_type,
           q.timeout_ms, q.max_bytes, q.allows_http
      FROM allowed q WHERE q.goes;
END $$;
COMMENT ON FUNCTION kefu.lease_feeds(text[], text[]) IS
'Leases these feeds and builds their requests, where nobody else has them, their secret is there and the platform''s limits have room for polls; what has none waits for it (租用信息源)';

-- All at once, or if the rows of one are wrong each alone, so that it can't stop
-- the others.

CREATE FUNCTION kefu.claim_outbound(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    ids bigint[] := ARRAY(SELECT d.outbound_id FROM kefu.due_outbound d
                           WHERE d.due_at <= kefu.now() AND d.state IN ('queued', 'uncertain')
                           ORDER BY d.priority, d.due_at, d.outbound_id LIMIT max);
    id bigint;
BEGIN
    IF ids = '{}' THEN
        RETURN;
    END IF;
    BEGIN
        RETURN QUERY SELECT * FROM kefu.lease_outbound(ids);
        RETURN;
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    FOREACH id IN ARRAY ids LOOP
        BEGIN
            RETURN QUERY SELECT * FROM kefu.lease_outbound(ARRAY[id]);
        EXCEPTION WHEN OTHERS THEN
            PERFORM kefu.defer_outbound(id, 'bad_request', SQLERRM, interval '10 minutes');
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.claim_outbound(integer) IS
'Leases sends that are due, and looks at the platform for uncertain ones; called by kefu.claim_exchanges() (认领发送)';

CREATE FUNCTION kefu.claim_feeds(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    accounts text[];
    actions text[];
BEGIN
    SELECT array_agg(d.account), array_agg(d.action) INTO accounts, actions
      FROM (SELECT * FROM kefu.due_feed f WHERE f.due_at <= kefu.now() ORDER BY f.due_at LIMIT max) d;
    IF accounts IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        RETURN QUERY SELECT * FROM kefu.lease_feeds(accounts, actions);
        RETURN;
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    FOR i IN 1 .. cardinality(accounts) LOOP
        BEGIN
            RETURN QUERY SELECT * FROM kefu.lease_feeds(accounts[i:i], actions[i:i]);
        EXCEPTION WHEN OTHERS THEN
            PERFORM kefu.fail_feed(accounts[i], actions[i], 'bad_request', NULL, NULL, NULL);
            PERFORM kefu.add_dead_letter(accounts[i], actions[i], SQLSTATE || ': ' || SQLERRM);
        END;
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
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    may text := kefu.desk_state();
    claimed integer := 0;
    refreshed integer := 0;
    completed integer := 0;
    polled integer;
BEGIN
    PERFORM kefu.require_worker();
    IF may NOT IN ('live', 'rehearse') OR max <= 0 THEN
        RETURN;
    END IF;
    -- Without a token nothing goes; answers go before polls.
    IF may = 'live' AND EXISTS (SELECT FROM kefu.due_refresh t WHERE t.due_at <= kefu.now()) THEN
        RETURN QUERY SELECT c.* FROM kefu.claim_refreshes(max) c;
        GET DIAGNOSTICS refreshed = ROW_COUNT;
    END IF;
    IF may = 'live' AND EXISTS (SELECT FROM kefu.outbound o WHERE o.state IN ('queued', 'sending', 'uncertain')) THEN
        PERFORM kefu.recover_outbound();
        RETURN QUERY SELECT c.* FROM kefu.claim_outbound(max - refreshed) c;
        GET DIAGNOSTICS claimed = ROW_COUNT;
    END IF;
    -- What customers wrote in full goes before what they write next, but not all the time.
    IF EXISTS (SELECT FROM kefu.due_completion c WHERE c.due_at <= kefu.now()) THEN
        RETURN QUERY SELECT c.* FROM kefu.claim_completions((max - refreshed - claimed + 1) / 2) c;
        GET DIAGNOSTICS completed = ROW_COUNT;
    END IF;
    RETURN QUERY SELECT c.* FROM kefu.claim_feeds(max - refreshed - claimed - completed) c;
    GET DIAGNOSTICS polled = ROW_COUNT;
    IF refreshed + claimed + completed + polled < max THEN
        RETURN QUERY SELECT c.* FROM kefu.claim_sweeps(max - refreshed - claimed - completed - polled) c;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.claim_exchanges(integer) IS
'At most so many exchanges that are due, each leased for two minutes with a key that its result must carry: sends (kind send, attempts and sending_at are set), looks at the platform for uncertain sends (verify), whole texts (complete), polls (feed), renewals of tokens (refresh), and looks at links and originals (sweep). None unless the desk is live here; a rehearsing desk only polls and looks. For the worker or an administrator of Group (认领交换)';

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
    asked_at timestamptz;
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
    RETURNING s.next_poll_at, s.polled_at INTO until, asked_at;
    IF class = 'auth_expired' THEN
        PERFORM kefu.want_refresh(account, asked_at);
    END IF;
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

CREATE FUNCTION kefu.closed_before(s kefu.feed_state) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN s.walk IS NULL THEN s.ok_at ELSE (s.walk ->> 'closed_before')::timestamptz END;
END;
COMMENT ON FUNCTION kefu.closed_before(kefu.feed_state) IS
'When this feed''s last closed walk ended; NULL if none ever did (上次闭合时间)';

CREATE FUNCTION kefu.is_empty_page(platform text, action text, body text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_is_empty_page';
COMMENT ON FUNCTION kefu.is_empty_page(text, text, text) IS
'True if a page can be read and has nothing on it; false if it can''t be read (空白页)';

-- In PL/pgSQL, which keeps its plan from call to call.
CREATE FUNCTION kefu.count_closed(account text, action text, body text) RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT count(*)
      FROM kefu.feed_state s
      JOIN kefu.feed f ON f.account = s.account AND f.action = s.action
      JOIN kefu.account a ON a.account = s.account
     CROSS JOIN LATERAL kefu.map_payload(a.platform, s.action, body, a.native_id) i
      LEFT JOIN kefu.seen_item k ON k.platform = a.platform AND k.item_type = i.item_type
                                AND k.native_id = coalesce(i.dedupe_key, i.native_id)
      LEFT JOIN kefu.sighting g ON g.message_id = k.message_id AND g.account = s.account
                               AND g.action = s.action AND g.found_at <= kefu.closed_before(s)
     WHERE s.account = count_closed.account AND s.action = count_closed.action
       AND i.error IS NULL AND (g.message_id IS NOT NULL OR i.posted_at < f.start_at));
END $$;
COMMENT ON FUNCTION kefu.count_closed(text, text, text) IS
'Items of a page that this feed had found in a walk that was closed, or from before its start: behind them is no gap (已闭合条数)';

CREATE FUNCTION kefu.record_feeds(keys text[], lease_keys uuid[], http_statuses integer[], errors text[],
                                  bodies text[], headers text[], started_at timestamptz[],
                                  finished_at timestamptz[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r record;
    g kefu.ingested;
    watched record;
    none integer[] := array_fill(NULL::integer, ARRAY[cardinality(keys)]);
    items integer[] := none;
    new_messages integer[] := none;
    closed integer[] := none;
BEGIN
    -- Where somebody else has asked since, there is no such lease: what comes late
    -- is asked for again.
    FOR r IN
        SELECT p.*, a.account, a.platform, s.action, s.walk ->> 'walk' IS NULL AS begins, s.closed_before, e.purpose, c.class, c.retry_after_seconds, c.scope
          FROM unnest(keys, lease_keys, http_statuses, errors, bodies, headers, started_at, finished_at)
               WITH ORDINALITY AS p(key, lease_key, http_status, error, body, headers, started_at, finished_at, n)
         CROSS JOIN LATERAL (SELECT x.account, x.action, x.walk, kefu.closed_before(x) AS closed_before FROM kefu.feed_state x
                              WHERE x.account = split_part(p.key, '/', 1) AND x.action = split_part(p.key, '/', 2)
                                AND x.lease_key = p.lease_key FOR UPDATE) s
          JOIN kefu.account a ON a.account = s.account
          LEFT JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = s.action
         CROSS JOIN LATERAL kefu.classify_reply(a.platform, CASE WHEN p.error IS NULL THEN p.http_status ELSE 0 END,
                                                p.body, kefu.header_of(p.headers, 'retry-after')) AS c
    LOOP
        IF r.class NOT IN ('ok', 'empty') THEN
            PERFORM kefu.fail_feed(r.account, r.action, r.class, r.http_status, r.retry_after_seconds, r.scope);
            CONTINUE;
        END IF;
        items[r.n] := 0;
        new_messages[r.n] := 0;
        closed[r.n] := 0;
        -- What is left of the limits is read by kefu.note_replies().
        CONTINUE WHEN r.purpose = 'budget';
        IF r.purpose = 'state' THEN
            BEGIN
                items[r.n] := kefu.take_state(r.account, r.action, r.body, r.begins, r.started_at, r.finished_at);
            EXCEPTION WHEN data_exception THEN
                items[r.n] := NULL;
                PERFORM kefu.fail_feed(r.account, r.action, 'unreadable', r.http_status, NULL, NULL);
                PERFORM kefu.add_dead_letter(r.account, r.action, SQLSTATE || ': ' || SQLERRM, r.body);
            END;
            CONTINUE;
        END IF;
        IF r.purpose = 'watch' THEN
            BEGIN
                watched := kefu.take_watched(r.account, r.action, r.body, r.closed_before, r.finished_at);
                items[r.n] := watched.items;
                new_messages[r.n] := watched.kept;
                closed[r.n] := watched.closed;
            EXCEPTION WHEN data_exception THEN
                items[r.n] := NULL;
                PERFORM kefu.fail_feed(r.account, r.action, 'unreadable', r.http_status, NULL, NULL);
                PERFORM kefu.add_dead_letter(r.account, r.action, SQLSTATE || ': ' || SQLERRM, r.body);
            END;
            CONTINUE;
        END IF;
        IF NOT kefu.is_empty_page(r.platform, r.action, r.body) THEN
            g := kefu.ingest(r.account, r.action, r.body, r.finished_at);
            IF g.items = 0 AND g.dead_letters > 0 THEN
                items[r.n] := NULL;
                PERFORM kefu.fail_feed(r.account, r.action, 'unreadable', r.http_status, NULL, NULL);
                CONTINUE;
            END IF;
            items[r.n] := g.items;
            new_messages[r.n] := g.new_messages;
            closed[r.n] := kefu.count_closed(r.account, r.action, r.body);
            IF r.action = 'own_posts' THEN
                PERFORM kefu.note_own_reposts(r.account, r.action, r.body);
            END IF;
        END IF;
    END LOOP;
    -- The mark moves with the page's items, and only over ground without a gap. A
    -- walk that is stuck begins anew and still counts from the last closed one.
    UPDATE kefu.feed_state x
       SET lease_until = NULL, lease_key = NULL, last_status = p.http_status,
           polled_at = p.started_at,
           -- What an account is, is read from end to end each time.
           high_mark = CASE WHEN e.purpose <> 'state' THEN coalesce(w.new_mark, x.high_mark) END,
           walk = CASE w.step
               WHEN 'closed' THEN NULL
               WHEN 'stuck' THEN jsonb_build_object('closed_before', kefu.closed_before(s))
               ELSE jsonb_build_object('closed_before', kefu.closed_before(s), 'walk', w.new_walk) END,
           next_poll_at = CASE w.step WHEN 'goes_on' THEN kefu.now()
                                      ELSE kefu.next_patrol_at(a.platform, f.every, y.around_the_clock, y.stretch) END,
           ok_at = CASE w.step WHEN 'closed' THEN kefu.now() ELSE x.ok_at END,
           failures = CASE w.step WHEN 'stuck' THEN x.failures + 1 ELSE 0 END,
           last_class = CASE w.step WHEN 'stuck' THEN 'stuck' ELSE 'ok' END,
           items_count = x.items_count + p.items, new_count = x.new_count + p.new_messages
      FROM unnest(keys, http_statuses, bodies, headers, started_at, items, new_messages, closed)
           AS p(key, http_status, body, headers, started_at, items, new_messages, closed)
      JOIN kefu.feed_state s ON s.account = split_part(p.key, '/', 1) AND s.action = split_part(p.key, '/', 2)
      JOIN kefu.feed f ON f.account = s.account AND f.action = s.action
      JOIN kefu.account a ON a.account = s.account
      JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = s.action
     CROSS JOIN LATERAL kefu.walk_take(a.platform, s.action, s.walk ->> 'walk', s.high_mark, p.body,
         a.native_id, p.closed, CASE WHEN e.link_rel IS NOT NULL
                                     THEN kefu.next_link(kefu.header_of(p.headers, 'link'), e.link_rel) END,
         e.max_pages) AS w
     CROSS JOIN LATERAL kefu.pace_of(CASE WHEN e.purpose <> 'budget' THEN a.account END) AS y
     WHERE x.account = s.account AND x.action = s.action AND p.items IS NOT NULL;
    PERFORM kefu.close_state(s.account, s.action)
       FROM unnest(keys, items) AS p(key, items)
       JOIN kefu.feed_state s ON s.account = split_part(p.key, '/', 1) AND s.action = split_part(p.key, '/', 2)
       JOIN kefu.account a ON a.account = s.account
       JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = s.action AND e.purpose = 'state'
      WHERE p.items IS NOT NULL AND s.walk IS NULL AND s.last_class = 'ok';
END $$;
COMMENT ON FUNCTION kefu.record_feeds(text[], uuid[], integer[], text[], text[], text[], timestamptz[], timestamptz[]) IS
'What became of polls, all or nothing; called by kefu.record_exchanges() (登记拉取结果)';

CREATE FUNCTION kefu.record_exchanges(kinds text[], keys text[], lease_keys uuid[], http_statuses integer[],
                                      errors text[], bytes_sent boolean[], bodies text[], reply_headers text[],
                                      started_at timestamptz[], finished_at timestamptz[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_worker();
    FOR i IN 1 .. cardinality(kinds) LOOP
        IF kinds[i] = 'webhook' THEN
            PERFORM kefu.record_webhook(keys[i]::bigint, lease_keys[i], http_statuses[i], errors[i], bodies[i],
                                        reply_headers[i], finished_at[i]);
        ELSIF kinds[i] = 'refresh' THEN
            PERFORM kefu.record_refresh(keys[i], lease_keys[i], http_statuses[i], errors[i], bodies[i],
                                        reply_headers[i], started_at[i], finished_at[i]);
        ELSIF kinds[i] = 'complete' THEN
            PERFORM kefu.record_completion(keys[i]::bigint, lease_keys[i], http_statuses[i], errors[i], bodies[i],
                                           reply_headers[i]);
        ELSIF kinds[i] = 'sweep' THEN
            PERFORM kefu.record_sweep(keys[i]::bigint, lease_keys[i], http_statuses[i], errors[i], bodies[i]);
        ELSIF kinds[i] <> 'feed' THEN
            PERFORM kefu.record_outbound(kinds[i], keys[i], lease_keys[i], http_statuses[i], errors[i],
                                         bytes_sent[i], bodies[i], reply_headers[i], finished_at[i]);
        END IF;
    END LOOP;
    -- The number of a send is no feed's key, nor is the name of a secret.
    IF 'feed' = ANY (kinds) THEN
        PERFORM kefu.record_feeds(keys, lease_keys, http_statuses, errors, bodies, reply_headers, started_at, finished_at);
    END IF;
    PERFORM kefu.note_replies(kinds, keys, http_statuses, errors, bodies, reply_headers, finished_at);
END $$;
COMMENT ON FUNCTION kefu.record_exchanges(text[], text[], uuid[], integer[], text[], boolean[], text[], text[], timestamptz[], timestamptz[]) IS
'What became of claimed exchanges, an element each, all or nothing. http_status 0 or error not NULL: no complete reply; bytes_sent: the request may have reached the platform; reply_headers: as received. A result whose lease is not the current one is ignored, except the success of a send: what was sent is sent. For the worker or an administrator of Group (登记交换结果)';

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
    IF kind = 'refresh' THEN
        PERFORM kefu.fail_refresh(t.credential, 'unrecorded', NULL, NULL) FROM kefu.credential_state t
          WHERE t.credential = key AND t.lease_key = exchange_failed.lease_key;
        RETURN;
    END IF;
    IF kind = 'complete' THEN
        PERFORM kefu.fail_completion(c.message_id, 'unrecorded', NULL) FROM kefu.completion c
          WHERE c.message_id = key::bigint AND c.lease_key = exchange_failed.lease_key;
        RETURN;
    END IF;
    IF kind = 'sweep' THEN
        UPDATE kefu.sweep w SET lease_until = NULL, lease_key = NULL, last_outcome = 'unclear', next_at = kefu.now() + interval '1 hour'
         WHERE w.sweep_id = key::bigint AND w.lease_key = exchange_failed.lease_key;
        RETURN;
    END IF;
    IF kind = 'webhook' THEN
        PERFORM kefu.fail_webhook(w.webhook_id, 'unrecorded', NULL, reason)
           FROM kefu.webhook w JOIN kefu.subscriber_state t USING (subscriber)
          WHERE w.webhook_id = key::bigint AND t.lease_key = exchange_failed.lease_key;
        RETURN;
    END IF;
    UPDATE kefu.outbound x
       SET state = 'uncertain', lease_until = NULL, lease_key = NULL, last_class = 'unrecorded',
           last_error = reason, not_before = kefu.now() + interval '5 minutes'
     WHERE x.outbound_id = split_part(key, '/', 1)::bigint AND x.lease_key = exchange_failed.lease_key
       AND x.state IN ('sending', 'uncertain')
    RETURNING x.* INTO o;
    IF FOUND THEN
        PERFORM kefu.add_dead_letter(o.account, o.action, reason);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.exchange_failed(text, text, uuid, text) IS
'The result of an exchange could not be recorded: it becomes a dead letter, a feed waits, a send is looked for on the platform, a webhook is tried again, a look is taken later. For the worker or an administrator of Group (交换结果无法登记)';
