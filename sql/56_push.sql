-- 56_push: what platforms bring by themselves.
--
-- The database listens to nobody on HTTP. A receiver hands on what came as it
-- came, and answers with what kefu.take_push() says; examples/receiver is one.
-- It needs no right but that call, and knows no secret: a push is let in by the
-- platform's signature, which is made of its secret, the time and a nonce. The
-- body isn't signed, so a nonce is good for one body.
--
-- Platforms repeat what they get no answer to. A repetition is the same request,
-- or the same item in another, and brings nothing new either way.

CREATE FUNCTION kefu.push_signature_fits(digest text, given text, parts text[]) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_push_signature_fits';
COMMENT ON FUNCTION kefu.push_signature_fits(text, text, text[]) IS
'True if given is the digest (sha1 or sha256, in hex) of the parts, joined in order of their bytes; compared in constant time. For the owner''s functions only (推送签名校验)';

-- By key, as kefu.ingest().
CREATE FUNCTION kefu.ingest_signed(account text, action text, payload text, received_at timestamptz)
    RETURNS kefu.ingested
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET enable_seqscan = off SET jit = off
    AS 'MODULE_PATHNAME', 'kefu_ingest_signed';
COMMENT ON FUNCTION kefu.ingest_signed(text, text, text, timestamptz) IS
'kefu.ingest() for what a signature has let in, whoever hands it on. For the owner''s functions only (推送入库; R85)';

CREATE TYPE kefu.push_answer AS (
    http_status integer,
    body text,
    outcome text
);
COMMENT ON TYPE kefu.push_answer IS 'What a receiver answers the platform (推送应答)';
COMMENT ON COLUMN kefu.push_answer.http_status IS '200 for what is taken; 403, 413 or 503 for what isn''t (HTTP状态)';
COMMENT ON COLUMN kefu.push_answer.body IS 'plain text; empty for nothing (应答正文)';
COMMENT ON COLUMN kefu.push_answer.outcome IS 'for the receiver''s log: taken, known: nothing new, ignored: no message, echoed, unreadable: kept as a dead letter; or refused: unknown, unsigned, stale, replayed, misdirected, too_long, needs_secret (结果)';

CREATE FUNCTION kefu.count_refusal(account text, outcome text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO kefu.push_refusal AS x (account, outcome, since_at, last_at, refusals_count)
    VALUES (account, outcome, kefu.now(), kefu.now(), 1)
    ON CONFLICT ON CONSTRAINT push_refusal_key DO UPDATE
       SET since_at = CASE WHEN x.last_at < EXCLUDED.last_at - interval '1 day' THEN EXCLUDED.since_at ELSE x.since_at END,
           refusals_count = CASE WHEN x.last_at < EXCLUDED.last_at - interval '1 day' THEN 1 ELSE x.refusals_count + 1 END,
           last_at = greatest(x.last_at, EXCLUDED.last_at);
END;
COMMENT ON FUNCTION kefu.count_refusal(text, text) IS
'Counts a push that was not taken; account NULL: for no account of ours (登记推送拒收)';

CREATE FUNCTION kefu.refuse_push(account text, http_status integer, outcome text) RETURNS kefu.push_answer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.count_refusal(account, outcome);
    RETURN ROW(http_status, '', outcome)::kefu.push_answer;
END $$;
COMMENT ON FUNCTION kefu.refuse_push(text, integer, text) IS
'Counts a push that is not let in; the answer to it, which tells the sender no reason (拒绝推送)';

CREATE FUNCTION kefu.push_signed_at(r kefu.push_rule, query jsonb) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp(CASE (r).timestamp_form
        WHEN 'unix_ms' THEN substring(query ->> (r).timestamp_param FROM '^[0-9]{1,14}$')::double precision / 1000
        ELSE substring(query ->> (r).timestamp_param FROM '^[0-9]{1,11}$')::double precision END);
COMMENT ON FUNCTION kefu.push_signed_at(kefu.push_rule, jsonb) IS 'Time that a push says it was sent at; NULL if it says none (推送时间)';

CREATE FUNCTION kefu.push_is_signed(r kefu.push_rule, secret jsonb, query jsonb) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(kefu.push_signature_fits((r).digest, query ->> (r).signature_param,
               ARRAY[secret ->> (r).secret_member] || array_agg(coalesce(query ->> p.name, ''))), false)
           AND bool_and(query ->> p.name <> '') IS TRUE
      FROM unnest((r).signed_params) AS p(name);
END;
COMMENT ON FUNCTION kefu.push_is_signed(kefu.push_rule, jsonb, jsonb) IS
'True if the parameters of a push bear the signature of the platform''s rule, and none that is signed is missing (推送是否已签名)';

CREATE FUNCTION kefu.note_push(r kefu.push_rule, account text, signed_at timestamptz, nonce text, body bytea)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    DELETE FROM kefu.push_request q
     WHERE q.ctid = ANY (ARRAY(SELECT x.ctid FROM kefu.push_request x WHERE x.forget_at < kefu.now()
                                LIMIT 100 FOR UPDATE SKIP LOCKED));
    INSERT INTO kefu.push_request AS q (account, signed_at, nonce, body_digest, deliveries, forget_at)
    VALUES (account, signed_at, nonce, sha256(body), 1, signed_at + r.max_age)
    ON CONFLICT ON CONSTRAINT push_request_pkey DO UPDATE SET deliveries = q.deliveries + 1
      WHERE q.body_digest = EXCLUDED.body_digest AND q.deliveries < r.deliveries;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION kefu.note_push(kefu.push_rule, text, timestamptz, text, bytea) IS
'Notes a request and forgets those too old to come again; false if its nonce was used for another body, or it came too often (登记推送请求)';

CREATE FUNCTION kefu.note_fans(account text, action text, payload text, is_fan boolean) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO kefu.fan AS f (account, identity_id, is_fan, changed_at, left_at)
    SELECT DISTINCT ON (i.identity_id) a.account, i.identity_id, note_fans.is_fan, m.posted_at,
           CASE WHEN NOT note_fans.is_fan THEN m.posted_at END
      FROM kefu.account a
     CROSS JOIN LATERAL kefu.map_payload(a.platform, note_fans.action, payload, a.native_id) m
      JOIN kefu.identity i ON i.platform = a.platform AND i.native_id = m.author_id
     WHERE a.account = note_fans.account AND m.error IS NULL AND m.posted_at IS NOT NULL
     ORDER BY i.identity_id, m.posted_at DESC
    ON CONFLICT ON CONSTRAINT fan_pkey DO UPDATE
       SET is_fan = EXCLUDED.is_fan, changed_at = EXCLUDED.changed_at, left_at = coalesce(EXCLUDED.left_at, f.left_at)
      WHERE f.changed_at < EXCLUDED.changed_at;
END;
COMMENT ON FUNCTION kefu.note_fans(text, text, text, boolean) IS
'Notes that the authors of pushed items follow the account, or no longer; only of who has written to us, the last word by the platform''s time (登记关注变化)';

CREATE FUNCTION kefu.read_push(account text, payload text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    e record;
    got kefu.ingested;
    outcome text := 'ignored';
BEGIN
    FOR e IN SELECT x.action, x.purpose FROM kefu.account a JOIN kefu.endpoint x USING (platform)
              WHERE a.account = read_push.account AND x.purpose IN ('push', 'joined', 'left')
              ORDER BY x.purpose <> 'push', x.action LOOP
        IF e.purpose <> 'push' THEN
            PERFORM kefu.note_fans(account, e.action, payload, e.purpose = 'joined');
            CONTINUE;
        END IF;
        got := kefu.ingest_signed(account, e.action, payload, NULL);
        IF got.dead_letters > 0 THEN
            -- Once is enough: no other endpoint understands it.
            RETURN 'unreadable';
        END IF;
        outcome := CASE WHEN got.new_messages > 0 THEN 'taken'
                        WHEN got.items > 0 AND outcome = 'ignored' THEN 'known' ELSE outcome END;
    END LOOP;
    RETURN outcome;
END $$;
COMMENT ON FUNCTION kefu.read_push(text, text) IS
'Makes of a pushed body what the platform''s endpoints of purpose push, joined and left say it is; returns the outcome of kefu.push_answer (读取推送; R85)';

CREATE FUNCTION kefu.take_push(account text, query jsonb, body bytea) RETURNS kefu.push_answer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account;
    r kefu.push_rule;
    secret jsonb;
    signed_at timestamptz;
    payload text;
    outcome text;
BEGIN
    SELECT x.* INTO a FROM kefu.account x JOIN kefu.platform p USING (platform)
     WHERE x.account = take_push.account AND p.closed_at IS NULL;
    SELECT x.* INTO r FROM kefu.push_rule x WHERE x.platform = a.platform;
    IF NOT FOUND OR jsonb_typeof(query) IS DISTINCT FROM 'object' OR body IS NULL THEN
        RETURN kefu.refuse_push(a.account, 403, 'unknown');
    END IF;
    SELECT coalesce((SELECT k.secret FROM kefu.credential_secret k WHERE k.credential = a.credential),
                    kefu.secret_file(a.credential)) INTO secret;
    IF coalesce(secret ->> r.secret_member, '') = '' THEN
        RETURN kefu.refuse_push(a.account, 503, 'needs_secret');
    ELSIF NOT kefu.push_is_signed(r, secret, query) THEN
        RETURN kefu.refuse_push(a.account, 403, 'unsigned');
    END IF;
    signed_at := kefu.push_signed_at(r, query);
    IF (signed_at BETWEEN kefu.now() - r.max_age AND kefu.now() + r.max_age) IS NOT TRUE THEN
        RETURN kefu.refuse_push(a.account, 403, 'stale');
    ELSIF length(body) > r.max_bytes THEN
        RETURN kefu.refuse_push(a.account, 413, 'too_long');
    ELSIF NOT kefu.note_push(r, a.account, signed_at, query ->> r.nonce_param, body) THEN
        RETURN kefu.refuse_push(a.account, 403, 'replayed');
    ELSIF length(body) = 0 AND query ? r.echo_param THEN
        RETURN ROW(200, query ->> r.echo_param, 'echoed')::kefu.push_answer;
    END IF;
    BEGIN
        payload := convert_from(body, 'UTF8');
        IF kefu.reply_value(payload::jsonb, r.recipient_path) <> a.native_id THEN
            RETURN kefu.refuse_push(a.account, 403, 'misdirected');
        END IF;
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        IF payload IS NULL THEN
            PERFORM kefu.add_dead_letter(a.account, 'push', 'the body is not UTF-8',
                                         left(encode(body, 'escape'), 65536));
            outcome := 'unreadable';
        END IF;
    END;
    outcome := coalesce(outcome, kefu.read_push(a.account, payload));
    IF outcome = 'unreadable' THEN
        PERFORM kefu.count_refusal(a.account, outcome);
    END IF;
    RETURN ROW(200, r.taken_body, outcome)::kefu.push_answer;
END $$;
COMMENT ON FUNCTION kefu.take_push(text, jsonb, bytea) IS
'Takes what a platform brings for an account: the parameters of the address as an object of strings, and the body as it came (empty: none); returns what to answer. It is let in by its signature (kefu.push_rule), not by who calls: a wrong signature, a time too far from ours, a nonce that was used for another body or too often, another recipient and a body too long are refused, in this order as far as they are looked at, and no reason goes to the sender; kefu.push_refusal counts them. What is let in is kept as kefu.ingest() does, once however often it comes; what can''t be read is a dead letter and answered like what can, as repeating it would not help. For receivers: EXECUTE on it is all that they need (接收推送; R85, R86)';

CREATE FUNCTION kefu.find_refused_push() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 5 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'push', NULL::bigint, x.outcome, a.unit, x.account, x.since_at, NULL::text[],
           format('推送被拒 %s 次（%s），最近 %s', x.refusals_count, x.outcome, g.last),
           format('%s pushes not taken (%s), the last at %s', x.refusals_count, x.outcome, g.last)
      FROM kefu.push_refusal x
      LEFT JOIN kefu.account a USING (account)
     CROSS JOIN LATERAL (SELECT to_char(x.last_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS last) AS g
     WHERE x.last_at >= kefu.now() - interval '1 day';
END $$;
COMMENT ON FUNCTION kefu.find_refused_push() IS 'Accounts whose pushes were not taken within a day, and pushes for no account of ours, by reason (推送拒收; R85)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES ('refused_push', 'kefu.find_refused_push()', '{R85,R86}', 'warn', '推送被拒', 'pushes not taken',
        '核对该账号的 app_secret、本机时钟和平台回调地址；unsigned 或 replayed 成批出现时可能有人冒充平台，由代理按来源拦截。停止一天后自动消失。',
        'Compare the account''s app_secret, this host''s clock and the address the platform was given; many unsigned or replayed ones may be somebody playing the platform: have the proxy turn their source away. Gone after a day without any.');
