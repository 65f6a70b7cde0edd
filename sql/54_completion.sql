-- 54_completion: what came cut is asked for whole.
--
-- Some platforms give only the beginning of a long text in their lists. The message
-- is there at once, with its ticket and its promises, and is_truncated says that
-- more follows; the network worker then asks for the item alone, by an endpoint that
-- the feed's row names, and the reply completes the message as an event of its own.
-- Such an exchange counts as a poll and waits like one where the limits have no room.

CREATE VIEW kefu.due_completion AS
    SELECT c.message_id, greatest(c.next_at, c.lease_until) AS due_at
      FROM kefu.completion c
     WHERE c.given_up_at IS NULL
       AND (SELECT a.is_live AND p.is_live FROM kefu.account a JOIN kefu.platform p USING (platform)
             WHERE a.account = c.account);
COMMENT ON VIEW kefu.due_completion IS 'Messages whose whole text is to be asked for, and when (待补全)';
COMMENT ON COLUMN kefu.due_completion.message_id IS 'message (消息)';
COMMENT ON COLUMN kefu.due_completion.due_at IS 'when (时间)';

CREATE FUNCTION kefu.defer_completion(message bigint, class text, at timestamptz) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE kefu.completion c SET lease_until = NULL, lease_key = NULL, last_class = class, next_at = at
     WHERE c.message_id = message;
END;
COMMENT ON FUNCTION kefu.defer_completion(bigint, text, timestamptz) IS 'Nothing was asked: it is asked later (推迟补全)';

CREATE FUNCTION kefu.fail_completion(message bigint, class text, retry_after integer) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    -- What is gone or withheld stays so; a text that is still cut may be so for a while.
    UPDATE kefu.completion c
       SET lease_until = NULL, lease_key = NULL, failures = c.failures + 1, last_class = class,
           next_at = kefu.now() + greatest(make_interval(secs => coalesce(retry_after, 0)),
                                           kefu.backoff(c.failures + 1, 30, 3600, c.message_id)),
           given_up_at = CASE WHEN class IN ('gone', 'forbidden') OR c.failures >= 7 THEN kefu.now() END
     WHERE c.message_id = message;
END;
COMMENT ON FUNCTION kefu.fail_completion(bigint, text, integer) IS
'The whole text didn''t come: asked again later, eight times at most; what is gone or forbidden is given up at once. The message stays as it is, and says that it is cut (补全失败)';

CREATE FUNCTION kefu.claim_completions(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    c record;
    leased uuid;
    q kefu.http_request;
    wait timestamptz;
BEGIN
    FOR c IN SELECT x.message_id, x.account, x.action, g.native_id
               FROM kefu.due_completion d
               JOIN kefu.completion x USING (message_id) JOIN kefu.message g USING (message_id)
              WHERE d.due_at <= kefu.now() ORDER BY d.due_at LIMIT max
                FOR UPDATE OF x SKIP LOCKED LOOP
        leased := gen_random_uuid();
        SELECT b.* INTO q FROM kefu.build_request(c.account, c.action,
                                   jsonb_build_object('native_id', c.native_id, 'nonce', leased)) AS b;
        IF q.url IS NULL THEN
            PERFORM kefu.defer_completion(c.message_id, 'needs_secret', kefu.now() + interval '1 minute');
            CONTINUE;
        END IF;
        wait := (kefu.grant_calls(ARRAY[c.account], ARRAY[c.action], true))[1];
        IF wait IS NOT NULL THEN
            PERFORM kefu.defer_completion(c.message_id, 'budget', wait);
            CONTINUE;
        END IF;
        UPDATE kefu.completion x SET lease_until = kefu.now() + interval '2 minutes', lease_key = leased
         WHERE x.message_id = c.message_id;
        RETURN QUERY SELECT 'complete', c.message_id::text, leased, q.method, q.url, q.headers, q.body, q.content_type,
                            q.timeout_ms, q.max_bytes, q.allows_http;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.claim_completions(integer) IS
'Leases messages whose whole text is to be asked for, and builds their requests; what has no secret, or no room in the limits for polls, waits. Called by kefu.claim_exchanges() (认领补全)';

CREATE FUNCTION kefu.record_completion(message bigint, lease_key uuid, http_status integer, error text, body text,
                                       headers text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    c record;
    r record;
    whole record;
BEGIN
    -- The message first: an erasure takes its completion along.
    PERFORM kefu.lock_object('message', message);
    SELECT x.account, x.action, g.platform, g.native_id INTO c
      FROM kefu.completion x JOIN kefu.message g USING (message_id)
     WHERE x.message_id = record_completion.message AND x.lease_key = record_completion.lease_key FOR UPDATE OF x;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT k.* INTO r FROM kefu.classify_reply(c.platform, CASE WHEN error IS NULL THEN http_status ELSE 0 END, body,
                                               kefu.header_of(headers, 'retry-after')) AS k;
    IF r.class = 'ok' THEN
        BEGIN
            SELECT i.* INTO whole FROM kefu.map_payload(c.platform, c.action, body) AS i
             WHERE i.error IS NULL AND i.native_id = c.native_id LIMIT 1;
        EXCEPTION WHEN data_exception THEN
            NULL;
        END;
        r.class := CASE WHEN whole.native_id IS NULL THEN 'unreadable' WHEN whole.is_deleted THEN 'gone'
                        WHEN whole.is_truncated OR coalesce(whole.text, '') = '' THEN 'truncated' ELSE 'ok' END;
    END IF;
    IF r.class <> 'ok' THEN
        PERFORM kefu.fail_completion(message, r.class, r.retry_after_seconds);
    ELSIF kefu.may_happen('message', message, 'complete') THEN
        PERFORM kefu.raise_as('platform', 'message', message, 'complete', jsonb_strip_nulls(jsonb_build_object(
            'text', whole.text, 'media_links', whole.media, 'media_kinds', whole.media_kind)));
    ELSE
        DELETE FROM kefu.completion x WHERE x.message_id = record_completion.message;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_completion(bigint, uuid, integer, text, text, text) IS
'What came of asking for a message''s whole text: the event complete, or another try. A result without the current lease is ignored (登记补全结果; R85)';
