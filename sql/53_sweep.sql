-- 53_sweep: dead links and deleted originals, found by looking.
--
-- While a placement stands, the network worker asks now and then for each address
-- in it and for the original of a repost. A look is an exchange like any other
-- (54_exchange), the last in line. Only what was found dead several times in a
-- row opens a correction: a server that doesn't answer says nothing.
--
-- What it doesn't do: follow redirects (whoever redirects is there), look at
-- addresses inside the company (no dot in the host, or a bare number), read what
-- an address shows.

CREATE FUNCTION kefu.sweep_rule_of(what text, at timestamptz) RETURNS kefu.sweep_rule
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.sweep_rule;
BEGIN
    SELECT x.* INTO r FROM kefu.sweep_rule x
     WHERE x.what = sweep_rule_of.what AND x.valid_from <= at ORDER BY x.valid_from DESC LIMIT 1;
    RETURN r;
END $$;
COMMENT ON FUNCTION kefu.sweep_rule_of(text, timestamptz) IS 'The rule that holds at an instant; a row of NULLs if none, and then nothing is looked at (现行巡检规则)';

CREATE FUNCTION kefu.links_in(text text) RETURNS SETOF text
    LANGUAGE plpgsql ROWS 2 IMMUTABLE PARALLEL SAFE STRICT AS
$$ BEGIN
    IF strpos(text, '://') = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT DISTINCT rtrim(m.found[1], '.,;:!?)')
      FROM regexp_matches(text, '(https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?::[0-9]+)?(?:/[A-Za-z0-9._~:/?#@!$&''()*+,;=%-]*)?)', 'g') AS m(found);
END $$;
COMMENT ON FUNCTION kefu.links_in(text) IS 'The web addresses in a text whose host is a name with a dot, each once (提取链接; R78)';

CREATE FUNCTION kefu.watch_placement(l kefu.placement) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r kefu.sweep_rule := kefu.sweep_rule_of('link', kefu.now());
BEGIN
    INSERT INTO kefu.sweep (placement_id, what, link, next_at, until)
    SELECT l.placement_id, 'link', x.link, l.published_at + r.every, l.published_at + r.max_age
      FROM kefu.links_in(l.text) AS x(link) WHERE r.every IS NOT NULL
        ON CONFLICT DO NOTHING;
    r := kefu.sweep_rule_of('original', kefu.now());
    IF l.is_repost AND r.every IS NOT NULL AND kefu.can_ask(l.account, 'show_post') THEN
        INSERT INTO kefu.sweep (placement_id, what, next_at, until)
        VALUES (l.placement_id, 'original', l.published_at + r.every, l.published_at + r.max_age)
            ON CONFLICT DO NOTHING;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.watch_placement(kefu.placement) IS 'From now on its links and its original are looked at. For the effects of placements only (开始巡检; R78, R79)';

CREATE VIEW kefu.due_sweep AS
    SELECT s.sweep_id, greatest(s.next_at, s.lease_until) AS due_at
      FROM kefu.sweep s
     WHERE (SELECT l.state = 'published' AND a.is_live AND p.is_live
              FROM kefu.placement l JOIN kefu.account a USING (account) JOIN kefu.platform p USING (platform)
             WHERE l.placement_id = s.placement_id);
COMMENT ON VIEW kefu.due_sweep IS 'What is to be looked at, and when (待巡检)';
COMMENT ON COLUMN kefu.due_sweep.sweep_id IS 'number (巡检编号)';
COMMENT ON COLUMN kefu.due_sweep.due_at IS 'when (时间)';

CREATE FUNCTION kefu.claim_sweeps(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s record;
    leased uuid;
    q kefu.http_request;
    wait timestamptz;
BEGIN
    FOR s IN SELECT w.sweep_id, w.what, w.link, l.account, p.repost_id
               FROM kefu.due_sweep d JOIN kefu.sweep w USING (sweep_id)
               JOIN kefu.placement l USING (placement_id) JOIN kefu.post p USING (post_id)
              WHERE d.due_at <= kefu.now() ORDER BY d.due_at LIMIT max
                FOR UPDATE OF w SKIP LOCKED LOOP
        leased := gen_random_uuid();
        UPDATE kefu.sweep w SET lease_until = kefu.now() + interval '2 minutes', lease_key = leased
         WHERE w.sweep_id = s.sweep_id;
        IF s.what = 'link' THEN
            RETURN QUERY SELECT 'sweep', s.sweep_id::text, leased, 'GET', s.link, '{}'::text[], NULL::bytea, NULL::text,
                                15000, 65536, true;
            CONTINUE;
        END IF;
        SELECT b.* INTO q FROM kefu.build_request(s.account, 'show_post', jsonb_build_object('native_id', s.repost_id)) AS b;
        IF q.url IS NULL THEN
            PERFORM kefu.note_sweep(s.sweep_id, 'unclear', 0, kefu.now());
            CONTINUE;
        END IF;
        wait := (kefu.grant_calls(ARRAY[s.account], ARRAY['show_post'], true))[1];
        IF wait IS NOT NULL THEN
            UPDATE kefu.sweep w SET lease_until = NULL, lease_key = NULL, next_at = wait WHERE w.sweep_id = s.sweep_id;
            CONTINUE;
        END IF;
        RETURN QUERY SELECT 'sweep', s.sweep_id::text, leased, q.method, q.url, q.headers, q.body, q.content_type,
                            q.timeout_ms, q.max_bytes, q.allows_http;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.claim_sweeps(integer) IS
'Leases looks that are due; called by kefu.claim_exchanges(). An unencrypted address is asked for only if kefu.allow_http agrees (认领巡检)';

CREATE FUNCTION kefu.next_sweep_at(s kefu.sweep, at timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN at <= s.until THEN at ELSE 'infinity' END;
COMMENT ON FUNCTION kefu.next_sweep_at(kefu.sweep, timestamptz) IS 'That instant, or never if the sweep is over by then (下次巡检时间)';

CREATE FUNCTION kefu.note_sweep(sweep_id bigint, outcome text, http_status integer, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s kefu.sweep;
    r kefu.sweep_rule;
    l kefu.placement;
    opened bigint;
BEGIN
    SELECT x.* INTO s FROM kefu.sweep x WHERE x.sweep_id = note_sweep.sweep_id;
    r := kefu.sweep_rule_of(s.what, at);
    -- The post first, then what hangs on it.
    SELECT x.* INTO l FROM kefu.placement x WHERE x.placement_id = s.placement_id;
    IF outcome = 'dead' THEN
        PERFORM kefu.lock_object('placement', l.placement_id);
        SELECT x.* INTO l FROM kefu.placement x WHERE x.placement_id = s.placement_id;
    END IF;
    UPDATE kefu.sweep x
       SET lease_until = NULL, lease_key = NULL, looked_at = at, last_status = http_status, last_outcome = outcome,
           dead_count = CASE outcome WHEN 'dead' THEN x.dead_count + 1 WHEN 'there' THEN 0 ELSE x.dead_count END,
           next_at = kefu.next_sweep_at(x, at + CASE outcome WHEN 'there' THEN r.every ELSE r.again_after END)
     WHERE x.sweep_id = note_sweep.sweep_id RETURNING x.* INTO s;
    IF s.dead_count < r.dead_looks OR l.state <> 'published'
       OR EXISTS (SELECT FROM kefu.correction c WHERE c.placement_id = l.placement_id AND c.closed_at IS NULL) THEN
        RETURN;
    END IF;
    opened := (kefu.raise_new('correction', 'notice', jsonb_build_object('unit', l.unit, 'placement', l.placement_id,
        'cause', CASE s.what WHEN 'link' THEN 'dead_link' ELSE 'original_gone' END, 'notice_time', at))).id;
    IF r.deletes THEN
        PERFORM kefu.raise_as('clock', 'correction', opened, 'delete', jsonb_build_object(
            'evidence', format('sweep %s: %s times dead, HTTP %s', s.sweep_id, s.dead_count, http_status)));
    END IF;
    UPDATE kefu.sweep x SET next_at = kefu.next_sweep_at(x, at + r.every) WHERE x.sweep_id = s.sweep_id;
END $$;
COMMENT ON FUNCTION kefu.note_sweep(bigint, text, integer, timestamptz) IS
'What a look brought: there, dead or unclear. Dead often enough, it opens a correction, and deletes by itself where the rule says so. For the owner''s functions only (登记巡检; R78, R79)';

CREATE FUNCTION kefu.record_sweep(sweep_id bigint, lease_key uuid, http_status integer, error text, body text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s record;
    outcome text;
BEGIN
    SELECT x.what, a.platform INTO s
      FROM kefu.sweep x JOIN kefu.placement l USING (placement_id) JOIN kefu.account a USING (account)
     WHERE x.sweep_id = record_sweep.sweep_id AND x.lease_key = record_sweep.lease_key;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF s.what = 'link' THEN
        outcome := CASE WHEN error = 'reply too large' THEN 'there'
                        WHEN error = 'could not resolve the host' THEN 'dead'
                        WHEN error IS NOT NULL OR http_status = 0 THEN 'unclear'
                        WHEN http_status IN (404, 410) THEN 'dead'
                        WHEN http_status < 500 AND http_status <> 429 THEN 'there' ELSE 'unclear' END;
    ELSE
        SELECT CASE c.class WHEN 'gone' THEN 'dead' WHEN 'ok' THEN 'there' ELSE 'unclear' END INTO outcome
          FROM kefu.classify_reply(s.platform, CASE WHEN error IS NULL THEN http_status ELSE 0 END, body, NULL) AS c;
        IF outcome = 'there' THEN
            BEGIN
                SELECT CASE WHEN bool_or(i.is_deleted) THEN 'dead' WHEN count(*) > 0 THEN 'there' ELSE 'unclear' END
                  INTO outcome FROM kefu.map_payload(s.platform, 'show_post', body) AS i;
            EXCEPTION WHEN data_exception THEN
                outcome := 'unclear';
            END;
        END IF;
    END IF;
    PERFORM kefu.note_sweep(record_sweep.sweep_id, outcome, http_status, kefu.now());
END $$;
COMMENT ON FUNCTION kefu.record_sweep(bigint, uuid, integer, text, text) IS
'Reads what a look brought: 404, 410 or no such host is dead; no answer, an overloaded or failing server is unclear; anything else is there. An original is what its platform''s rows say. A result without the current lease is ignored (登记巡检结果; R78, R79)';
