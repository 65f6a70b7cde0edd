-- 53_budget: every call to a platform has its place in the platform's limits.
--
-- kefu.grant_calls() is asked when a request is claimed (54_exchange): the call
-- counts from then on, in the transaction of its lease, so that two claimers can't
-- spend the same one. What has no place waits until there is one, and is shown,
-- never dropped. Polls may not take what a rule keeps in reserve for answers.
--
-- How often a feed is polled follows from what is left: kefu.plan_patrol().

-- --- whose limits ----------------------------------------------------------------

CREATE VIEW kefu.account_limit AS
    SELECT a.account, r.platform, r.tier, r.scope, r.action_class, r.per, r.calls,
           r.calls - ceil(r.calls * (r.reserve_pct / 100.0))::integer AS polling_calls,
           CASE r.scope WHEN 'user' THEN coalesce(a.credential, a.account)
                        WHEN 'app' THEN coalesce(c.application, 'default')
                        ELSE '*' END AS holder,
           (extract(epoch FROM r.per) + p.total_timeout_ms / 1000.0)::double precision / 240 AS slot_seconds
      FROM kefu.account a
      JOIN kefu.platform p ON p.platform = a.platform
      LEFT JOIN kefu.credential c ON c.credential = a.credential
      JOIN kefu.rate_rule r ON r.platform = a.platform AND r.tier = coalesce(c.tier, 'standard');
COMMENT ON VIEW kefu.account_limit IS 'The limits that hold for each account, and who is counted under them (账号配额)';
COMMENT ON COLUMN kefu.account_limit.account IS 'account (账号)';
COMMENT ON COLUMN kefu.account_limit.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.account_limit.tier IS 'level of its application (级别)';
COMMENT ON COLUMN kefu.account_limit.scope IS 'who is counted: user, app, ip (范围)';
COMMENT ON COLUMN kefu.account_limit.action_class IS 'what is counted; any counts all (动作类别)';
COMMENT ON COLUMN kefu.account_limit.per IS 'length of the window (时间窗)';
COMMENT ON COLUMN kefu.account_limit.calls IS 'calls allowed in it (次数)';
COMMENT ON COLUMN kefu.account_limit.polling_calls IS 'of them, what polls may take: all but the reserve (可用于拉取次数)';
COMMENT ON COLUMN kefu.account_limit.holder IS 'as in kefu.rate_bucket (持有者)';
COMMENT ON COLUMN kefu.account_limit.slot_seconds IS 'length of a slot, seconds (槽长)';

CREATE FUNCTION kefu.action_class(e kefu.endpoint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN (e).purpose = 'budget' THEN NULL
                WHEN (e).purpose NOT IN ('write', 'step') OR (e).method = 'GET' THEN 'read'
                WHEN (e).body_kind IN ('multipart', 'raw') AND (e).then_action IS NOT NULL THEN 'media'
                WHEN (e).action LIKE 'delete%' THEN 'delete'
                WHEN (e).action LIKE '%follow' THEN 'follow'
                WHEN (e).action LIKE '%message%' THEN 'message'
                WHEN (e).action LIKE '%comment%' THEN 'comment'
                ELSE 'post' END;
END;
COMMENT ON FUNCTION kefu.action_class(kefu.endpoint) IS
'What a call of this endpoint counts as, beside any; NULL: it is free of charge. An upload counts as media where the post is another call (动作类别)';

-- --- buckets ---------------------------------------------------------------------

CREATE FUNCTION kefu.turned_slots(spent integer[], slots bigint) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN slots <= 0 THEN spent
                WHEN slots >= cardinality(spent) THEN array_fill(0, ARRAY[cardinality(spent)])
                ELSE spent[slots + 1 :] || array_fill(0, ARRAY[slots::integer]) END;
COMMENT ON FUNCTION kefu.turned_slots(integer[], bigint) IS 'The slots after so many more have begun (推移时间槽)';

CREATE FUNCTION kefu.bucket_at(b kefu.rate_bucket, at timestamptz) RETURNS kefu.rate_bucket
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    slot_now bigint := floor(extract(epoch FROM at) / b.slot_seconds);
BEGIN
    b.spent := kefu.turned_slots(b.spent, slot_now - b.slot);
    b.slot := greatest(b.slot, slot_now);
    IF b.told_until <= at THEN
        b.told_left := NULL;
        b.told_until := NULL;
    END IF;
    RETURN b;
END $$;
COMMENT ON FUNCTION kefu.bucket_at(kefu.rate_bucket, timestamptz) IS 'What a bucket holds at that instant, without what has come back by then (配额桶现状)';

CREATE FUNCTION kefu.slots_sum(calls integer[]) RETURNS integer
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_slots_sum';
COMMENT ON FUNCTION kefu.slots_sum(integer[]) IS 'Calls in all slots; 22004 if one has no number (各槽合计)';

CREATE FUNCTION kefu.bucket_spent(b kefu.rate_bucket) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(kefu.slots_sum((b).spent), 0);
COMMENT ON FUNCTION kefu.bucket_spent(kefu.rate_bucket) IS 'Calls that count in a bucket (已用次数)';

CREATE FUNCTION kefu.bucket_room(b kefu.rate_bucket, allowed integer, reserve integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN greatest(0, least(allowed - kefu.bucket_spent(b), (b).told_left - reserve));
COMMENT ON FUNCTION kefu.bucket_room(kefu.rate_bucket, integer, integer) IS
'Calls that may be made of so many allowed, of which reserve are kept back, if the platform didn''t say that fewer are left (可用次数)';

CREATE FUNCTION kefu.bucket_frees_at(b kefu.rate_bucket, allowed integer, reserve integer) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT least(kefu.now() + make_interval(secs => 242 * (b).slot_seconds), greatest(
        CASE WHEN (b).told_left - reserve <= 0 THEN (b).told_until END,
        (SELECT to_timestamp(min((b).slot + u.n) * (b).slot_seconds)
           FROM (SELECT s.n, sum(s.calls) OVER (ORDER BY s.n) AS back FROM unnest((b).spent) WITH ORDINALITY AS s(calls, n)) u
          WHERE kefu.bucket_spent(b) >= allowed AND kefu.bucket_spent(b) - u.back < allowed)));
END;
COMMENT ON FUNCTION kefu.bucket_frees_at(kefu.rate_bucket, integer, integer) IS
'When a full bucket has room again: when enough calls have come back and what the platform said has run out, but looked at again after the window at the latest (配额恢复时间)';

-- --- stops -----------------------------------------------------------------------

CREATE FUNCTION kefu.stop_holder(account text, scope text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE scope WHEN 'ip' THEN '*'
                      WHEN 'app' THEN coalesce(c.application, 'default')
                      ELSE coalesce(a.credential, a.account) END
      FROM kefu.account a LEFT JOIN kefu.credential c ON c.credential = a.credential
     WHERE a.account = stop_holder.account;
END;
COMMENT ON FUNCTION kefu.stop_holder(text, text) IS 'Who is stopped with an account, by the scope of the stop (熔断持有者)';

CREATE FUNCTION kefu.pass_stops(account text, action text) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s kefu.call_stop;
    closed_until timestamptz;
BEGIN
    FOR s IN SELECT x.* FROM kefu.call_stop x JOIN kefu.account a ON a.platform = x.platform
              WHERE a.account = pass_stops.account AND x.holder = kefu.stop_holder(a.account, x.scope)
                AND x.action IN ('', pass_stops.action)
              ORDER BY x.scope, x.holder, x.action FOR UPDATE OF x
    LOOP
        IF greatest(s.until, s.probing_until) > kefu.now() THEN
            closed_until := greatest(closed_until, s.until, s.probing_until);
        ELSIF s.class = 'blacklisted' THEN
            UPDATE kefu.call_stop x SET probing_until = kefu.now() + interval '2 minutes'
             WHERE (x.platform, x.scope, x.holder, x.action) = (s.platform, s.scope, s.holder, s.action);
        ELSE
            DELETE FROM kefu.call_stop x
             WHERE (x.platform, x.scope, x.holder, x.action) = (s.platform, s.scope, s.holder, s.action);
        END IF;
    END LOOP;
    RETURN closed_until;
END $$;
COMMENT ON FUNCTION kefu.pass_stops(text, text) IS
'Until when an account may not make this call; NULL if it may, and where the platform had gone silent it is then the one call that finds out (通过熔断)';

-- --- granting --------------------------------------------------------------------

CREATE FUNCTION kefu.lock_buckets(accounts text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    INSERT INTO kefu.rate_bucket (platform, tier, scope, action_class, per, holder, slot_seconds, slot)
    SELECT DISTINCT l.platform, l.tier, l.scope, l.action_class, l.per, l.holder, l.slot_seconds,
           floor(extract(epoch FROM kefu.now()) / l.slot_seconds)::bigint
      FROM kefu.account_limit l
     WHERE l.account = ANY (accounts)
       AND NOT EXISTS (SELECT FROM kefu.rate_bucket b
                        WHERE (b.platform, b.scope, b.holder, b.action_class, b.per, b.tier)
                              = (l.platform, l.scope, l.holder, l.action_class, l.per, l.tier))
     ORDER BY l.platform, l.scope, l.holder, l.action_class, l.per, l.tier
        ON CONFLICT DO NOTHING;
    -- All of them, in one order: whoever else claims waits here, with nothing of theirs held.
    PERFORM FROM kefu.rate_bucket b
      WHERE (b.platform, b.scope, b.holder, b.action_class, b.per, b.tier) IN
            (SELECT l.platform, l.scope, l.holder, l.action_class, l.per, l.tier FROM kefu.account_limit l
              WHERE l.account = ANY (accounts))
      ORDER BY b.platform, b.scope, b.holder, b.action_class, b.per, b.tier FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION kefu.lock_buckets(text[]) IS 'Makes the buckets of these accounts that are missing and locks all (锁定配额桶)';

CREATE FUNCTION kefu.take_calls(accounts text[], actions text[], waits timestamptz[], polls boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.rate_bucket b
       SET slot = w.slot, spent = w.spent[:240] || (w.spent[241] + w.calls),
           told_left = w.told_left - w.calls, told_until = w.told_until
      FROM (SELECT x.platform, x.tier, x.scope, x.action_class, x.per, x.holder, x.calls,
                   t.slot, t.spent, t.told_left, t.told_until,
                   bool_and(kefu.bucket_room(t, x.allowed, x.reserve) >= x.calls) OVER () AS all_fit
              FROM (SELECT l.platform, l.tier, l.scope, l.action_class, l.per, l.holder, sum(c.calls)::integer AS calls,
                           min(CASE WHEN polls THEN l.polling_calls ELSE l.calls END) AS allowed,
                           min(CASE WHEN polls THEN l.calls - l.polling_calls ELSE 0 END) AS reserve
                      FROM (SELECT u.account, kefu.action_class(e) AS class, count(*) AS calls
                              FROM unnest(accounts, actions, waits) AS u(account, action, wait)
                              JOIN kefu.account a ON a.account = u.account
                              JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = u.action
                             WHERE u.wait IS NULL
                             GROUP BY 1, 2) c
                      JOIN kefu.account_limit l ON l.account = c.account AND l.action_class IN ('any', c.class)
                     WHERE c.class IS NOT NULL
                     GROUP BY l.platform, l.tier, l.scope, l.action_class, l.per, l.holder) x
              JOIN kefu.rate_bucket k USING (platform, tier, scope, action_class, per, holder)
             CROSS JOIN LATERAL kefu.bucket_at(k, kefu.now()) AS t) w
     WHERE w.all_fit
       AND (b.platform, b.scope, b.holder, b.action_class, b.per, b.tier)
           = (w.platform, w.scope, w.holder, w.action_class, w.per, w.tier);
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION kefu.take_calls(text[], text[], timestamptz[], boolean) IS
'Takes all of these calls that have no wait out of their limits, each bucket once, if all have room for them; else none, and false, as where nothing counts them. The buckets are locked; arguments as of kefu.grant_calls() (核准全部调用)';

CREATE FUNCTION kefu.grant_calls(accounts text[], actions text[], polls boolean) RETURNS timestamptz[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    waits timestamptz[] := array_fill(NULL::timestamptz, ARRAY[coalesce(cardinality(accounts), 0)]);
    g record;
    room integer;
    frees_at timestamptz;
BEGIN
    IF waits = '{}' THEN
        RETURN waits;
    END IF;
    IF EXISTS (SELECT FROM kefu.call_stop) THEN
        FOR i IN 1 .. cardinality(accounts) LOOP
            waits[i] := kefu.pass_stops(accounts[i], actions[i]);
        END LOOP;
    END IF;
    IF NOT EXISTS (SELECT FROM kefu.rate_rule r JOIN kefu.account a ON a.platform = r.platform
                    WHERE a.account = ANY (accounts)) THEN
        RETURN waits;
    END IF;
    PERFORM kefu.lock_buckets(accounts);
    IF kefu.take_calls(accounts, actions, waits, polls) THEN
        RETURN waits;
    END IF;
    FOR g IN SELECT c.account, kefu.action_class(e) AS class, array_agg(c.n::integer ORDER BY c.n) AS numbers
               FROM unnest(accounts, actions, waits) WITH ORDINALITY AS c(account, action, wait, n)
               JOIN kefu.account a ON a.account = c.account
               JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = c.action
              WHERE c.wait IS NULL AND kefu.action_class(e) IS NOT NULL
              GROUP BY 1, 2 ORDER BY min(c.n)
    LOOP
        -- Rows that are locked; what came back by now is forgotten with what is spent.
        SELECT min(kefu.bucket_room(kefu.bucket_at(b, kefu.now()), x.allowed, l.calls - x.allowed)) INTO room
          FROM kefu.account_limit l
          JOIN kefu.rate_bucket b USING (platform, scope, holder, action_class, per, tier)
         CROSS JOIN LATERAL (SELECT CASE WHEN polls THEN l.polling_calls ELSE l.calls END) AS x(allowed)
         WHERE l.account = g.account AND l.action_class IN ('any', g.class);
        CONTINUE WHEN room IS NULL;
        room := least(room, cardinality(g.numbers));
        UPDATE kefu.rate_bucket b
           SET (slot, spent, told_left, told_until) =
               (SELECT t.slot, t.spent[:240] || (t.spent[241] + room), t.told_left - room, t.told_until
                  FROM kefu.bucket_at(b, kefu.now()) AS t)
          FROM kefu.account_limit l
         WHERE room > 0 AND l.account = g.account AND l.action_class IN ('any', g.class)
           AND (b.platform, b.scope, b.holder, b.action_class, b.per, b.tier)
               = (l.platform, l.scope, l.holder, l.action_class, l.per, l.tier);
        CONTINUE WHEN room = cardinality(g.numbers);
        -- Only those that are full now keep the rest waiting.
        SELECT max(kefu.bucket_frees_at(t.b, x.allowed, l.calls - x.allowed)) INTO frees_at
          FROM kefu.account_limit l
          JOIN kefu.rate_bucket b USING (platform, scope, holder, action_class, per, tier)
         CROSS JOIN LATERAL (SELECT kefu.bucket_at(b, kefu.now())) AS t(b)
         CROSS JOIN LATERAL (SELECT CASE WHEN polls THEN l.polling_calls ELSE l.calls END) AS x(allowed)
         WHERE l.account = g.account AND l.action_class IN ('any', g.class)
           AND kefu.bucket_room(t.b, x.allowed, l.calls - x.allowed) = 0;
        FOR i IN room + 1 .. cardinality(g.numbers) LOOP
            waits[g.numbers[i]] := greatest(frees_at, kefu.now() + interval '1 second');
        END LOOP;
    END LOOP;
    RETURN waits;
END $$;
COMMENT ON FUNCTION kefu.grant_calls(text[], text[], boolean) IS
'Takes these calls out of the limits of their accounts, in this order, and tells for each NULL, or until when it must wait: a limit has nothing left, for polls (polls true) nothing but the reserve, or the platform takes none. What was taken stays taken, whatever becomes of the call. For the owner''s functions only (核准调用; R86, R88)';

-- --- what platforms say ------------------------------------------------------------

CREATE FUNCTION kefu.told_budget(platform text, is_status boolean, body text, headers text, at timestamptz)
    RETURNS TABLE (scope text, action_class text, left_calls integer, until timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 2 AS
$$
DECLARE
    f kefu.rate_field;
    reply jsonb;
    said text;
    reset text;
BEGIN
    IF is_status THEN
        BEGIN
            reply := body::jsonb;
        EXCEPTION WHEN data_exception THEN
            NULL;
        END;
    END IF;
    FOR f IN SELECT x.* FROM kefu.rate_field x
              WHERE x.platform = told_budget.platform AND (is_status OR x.source = 'header')
    LOOP
        said := CASE f.source WHEN 'header' THEN kefu.header_of(headers, f.remaining)
                              ELSE kefu.reply_value(reply, f.remaining) END;
        reset := CASE f.source WHEN 'header' THEN kefu.header_of(headers, f.reset)
                               ELSE kefu.reply_value(reply, f.reset) END;
        CONTINUE WHEN said IS NULL OR said !~ '^[0-9]{1,9}$';
        scope := f.scope;
        action_class := f.action_class;
        left_calls := said::integer;
        until := NULL;
        -- What can't be read is not told.
        IF f.reset_form = 'delta' AND reset ~ '^[0-9]{1,7}$' THEN
            until := at + make_interval(secs => reset::integer);
        ELSIF f.reset_form = 'unix' AND reset ~ '^[0-9]{1,10}$' THEN
            until := to_timestamp(reset::bigint);
        ELSIF f.reset_form = 'iso' AND reset ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|[+-][0-9]{2}:?[0-9]{2})$' THEN
            BEGIN
                until := reset::timestamptz;
            EXCEPTION WHEN data_exception THEN
                NULL;
            END;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.told_budget(text, boolean, text, text, timestamptz) IS
'What a reply says is left of the limits, by kefu.rate_field; is_status: it is that of an endpoint of purpose budget. until is NULL where that isn''t told or can''t be read (平台告知配额)';

CREATE FUNCTION kefu.note_told(account text, is_status boolean, body text, headers text, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- Within one window it only goes down: what is under way is not counted there yet.
    UPDATE kefu.rate_bucket b
       SET told_left = CASE WHEN b.told_until > at AND t.ends <= b.told_until + interval '5 seconds'
                            THEN least(b.told_left, t.left_calls) ELSE t.left_calls END,
           told_until = t.ends
      FROM kefu.account_limit l
      JOIN kefu.account a ON a.account = l.account
     CROSS JOIN LATERAL (SELECT x.*, coalesce(x.until, at + l.per) AS ends
                           FROM kefu.told_budget(a.platform, is_status, body, headers, at) x) AS t
     WHERE l.account = note_told.account AND t.scope = l.scope AND t.action_class = l.action_class AND t.ends > at
       AND (b.platform, b.scope, b.holder, b.action_class, b.per, b.tier)
           = (l.platform, l.scope, l.holder, l.action_class, l.per, l.tier);
END $$;
COMMENT ON FUNCTION kefu.note_told(text, boolean, text, text, timestamptz) IS
'Keeps what the platform says is left, until its next fill: others may use the same limit (登记平台告知配额)';

CREATE FUNCTION kefu.resume_budget(platform text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- A claimer that has one of them waits for what is locked here already.
    UPDATE kefu.feed_state f SET next_poll_at = kefu.now()
     WHERE (f.account, f.action) IN (SELECT s.account, s.action
                                       FROM kefu.feed_state s JOIN kefu.account a ON a.account = s.account
                                      WHERE a.platform = resume_budget.platform AND s.next_poll_at > kefu.now()
                                        AND s.last_class IN ('budget', 'blacklisted') AND s.lease_until IS NULL
                                        FOR UPDATE OF s SKIP LOCKED);
    UPDATE kefu.outbound x SET not_before = kefu.now()
     WHERE x.outbound_id IN (SELECT o.outbound_id FROM kefu.outbound o JOIN kefu.account a ON a.account = o.account
                              WHERE a.platform = resume_budget.platform AND o.state = 'queued' AND o.not_before > kefu.now()
                                AND o.last_class = 'budget' FOR UPDATE OF o SKIP LOCKED);
    PERFORM kefu.wake_worker('net');
END $$;
COMMENT ON FUNCTION kefu.resume_budget(text) IS 'What waited for a platform that answers again is due now; what its limits have no room for waits on when it is claimed (恢复调用)';

CREATE FUNCTION kefu.note_stop(account text, action text, class text, scope text, retry_after integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    stopped text := CASE class WHEN 'blacklisted' THEN 'ip' ELSE coalesce(scope, 'user') END;
BEGIN
    IF class = 'rate' AND coalesce(retry_after, 0) > 0 OR class = 'blacklisted' THEN
        INSERT INTO kefu.call_stop AS s (platform, scope, holder, action, class, since, until)
        SELECT a.platform, stopped, kefu.stop_holder(a.account, stopped),
               CASE stopped WHEN 'endpoint' THEN note_stop.action ELSE '' END, note_stop.class, kefu.now(),
               kefu.now() + CASE note_stop.class WHEN 'rate' THEN make_interval(secs => retry_after)
                                                 ELSE interval '1 hour' END
          FROM kefu.account a WHERE a.account = note_stop.account
        ON CONFLICT ON CONSTRAINT call_stop_pkey DO UPDATE
           SET class = CASE s.class WHEN 'blacklisted' THEN s.class ELSE EXCLUDED.class END,
               -- Replies of calls that were under way when it began don't make it longer.
               failures = s.failures + CASE WHEN s.until <= kefu.now() THEN 1 ELSE 0 END,
               until = greatest(s.until, CASE WHEN EXCLUDED.class = 'rate' THEN EXCLUDED.until
                   WHEN s.until <= kefu.now() THEN kefu.now() + least(interval '1 day', interval '1 hour' * 2 ^ least(s.failures, 5))
                   WHEN s.class = 'rate' THEN EXCLUDED.until ELSE s.until END),
               probing_until = NULL;
    ELSIF class IN ('ok', 'empty') THEN
        DELETE FROM kefu.call_stop s USING kefu.account a
         WHERE a.account = note_stop.account AND s.platform = a.platform AND s.class = 'blacklisted'
           AND s.until <= kefu.now();
        IF FOUND THEN
            PERFORM kefu.resume_budget(a.platform) FROM kefu.account a WHERE a.account = note_stop.account;
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.note_stop(text, text, text, text, integer) IS
'A platform takes no calls for so many seconds, or answers with nothing at all: then none for an hour, twice as long each time that the call that finds out meets the same, a day at most. Once that call is answered all go on (登记熔断)';

CREATE FUNCTION kefu.note_replies(kinds text[], keys text[], http_statuses integer[], errors text[], bodies text[],
                                  headers text[], finished_at timestamptz[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r record;
BEGIN
    -- What is only counted by us, and meets no stop, needs nothing of this.
    FOR r IN
        SELECT x.account, x.action, c.class, c.scope, c.retry_after_seconds, p.body, p.headers, p.finished_at,
               t.tells, coalesce(e.purpose = 'budget', false) AS is_status
          FROM unnest(kinds, keys, http_statuses, errors, bodies, headers, finished_at)
               AS p(kind, key, http_status, error, body, headers, finished_at)
         CROSS JOIN LATERAL (SELECT split_part(p.key, '/', 1), split_part(p.key, '/', 2), s.last_class
                               FROM kefu.feed_state s
                              WHERE p.kind = 'feed' AND s.account = split_part(p.key, '/', 1)
                                AND s.action = split_part(p.key, '/', 2)
                             UNION ALL
                             SELECT o.account, coalesce(o.step_action, o.action), o.last_class FROM kefu.outbound o
                              WHERE p.kind IN ('send', 'verify')
                                AND o.outbound_id = CASE WHEN p.kind IN ('send', 'verify')
                                                         THEN split_part(p.key, '/', 1)::bigint END)
               AS x(account, action, last_class)
          JOIN kefu.account a ON a.account = x.account
          LEFT JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = x.action
         CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM kefu.rate_field f WHERE f.platform = a.platform
                                                AND (f.source = 'header' OR e.purpose = 'budget'))) AS t(tells)
         CROSS JOIN LATERAL kefu.classify_reply(a.platform, CASE WHEN p.error IS NULL THEN p.http_status ELSE 0 END,
                                                p.body, kefu.header_of(p.headers, 'retry-after')) AS c
         WHERE t.tells OR x.last_class IN ('rate', 'blacklisted')
            OR EXISTS (SELECT FROM kefu.call_stop s WHERE s.platform = a.platform)
         ORDER BY x.account, x.action
    LOOP
        PERFORM kefu.note_stop(r.account, r.action, r.class, r.scope, r.retry_after_seconds);
        IF r.tells THEN
            PERFORM kefu.note_told(r.account, r.is_status, r.body, r.headers, r.finished_at);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.note_replies(text[], text[], integer[], text[], text[], text[], timestamptz[]) IS
'What replies say about limits: called last by kefu.record_exchanges(), when all else is locked already (登记限额信息)';

-- --- the patrol planner -------------------------------------------------------------

CREATE FUNCTION kefu.plan_patrol(calls integer, per interval, polls_per_hour double precision, hours_per_day double precision,
                                 OUT around_the_clock boolean, OUT stretch double precision, OUT polls integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.all_day,
           CASE WHEN calls > 0 THEN greatest(1, polls_per_hour * w.hours / calls) END,
           floor(least(calls, polls_per_hour * w.hours) + 0.0001)::integer
      FROM (SELECT per < interval '1 day' OR polls_per_hour * extract(epoch FROM per) / 3600 <= calls) AS a(all_day)
     CROSS JOIN LATERAL (SELECT extract(epoch FROM per)::double precision / 3600
                                * CASE WHEN a.all_day THEN 1 ELSE hours_per_day / 24 END) AS w(hours);
END;
COMMENT ON FUNCTION kefu.plan_patrol(integer, interval, double precision, double precision) IS
'How a limit of so many calls per window is spread over feeds that ask for polls_per_hour in all: around the clock if it allows that; else, where the window is a day or longer, over the patrol hours only; and if that is too much as well every pause is stretch times as long (1: kept; NULL: no calls at all). polls: how many that makes in a window. A walk over several pages costs more than one call: what that takes is missing at the end of the window (巡查计划; R86, R88)';

CREATE VIEW kefu.patrol_plan AS
    SELECT w.*, p.around_the_clock, p.stretch, p.polls
      FROM (SELECT l.platform, l.tier, l.scope, l.action_class, l.per, l.holder, l.polling_calls,
                   count(*)::integer AS feeds_count,
                   sum(3600 / extract(epoch FROM f.every))::double precision AS polls_per_hour,
                   max(f.every) AS every_max
              FROM kefu.account_limit l
              JOIN kefu.account a ON a.account = l.account AND a.is_live
              JOIN kefu.feed f ON f.account = a.account AND f.is_live
              JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = f.action AND e.purpose <> 'budget'
             WHERE l.action_class IN ('any', 'read')
             GROUP BY l.platform, l.tier, l.scope, l.action_class, l.per, l.holder, l.polling_calls) w
      LEFT JOIN kefu.platform_policy y ON y.platform = w.platform
     CROSS JOIN LATERAL kefu.plan_patrol(w.polling_calls, w.per, w.polls_per_hour,
         extract(epoch FROM coalesce(y.patrol_closes, '20:00') - coalesce(y.patrol_opens, '08:00'))::double precision / 3600) AS p;
COMMENT ON VIEW kefu.patrol_plan IS 'How the limits are spread over the feeds that are polled, one row a limit and holder (巡查计划; R86, R88)';
COMMENT ON COLUMN kefu.patrol_plan.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.patrol_plan.tier IS 'level of the application (级别)';
COMMENT ON COLUMN kefu.patrol_plan.scope IS 'who is counted: user, app, ip (范围)';
COMMENT ON COLUMN kefu.patrol_plan.action_class IS 'any or read (动作类别)';
COMMENT ON COLUMN kefu.patrol_plan.per IS 'length of the window (时间窗)';
COMMENT ON COLUMN kefu.patrol_plan.holder IS 'as in kefu.rate_bucket (持有者)';
COMMENT ON COLUMN kefu.patrol_plan.polling_calls IS 'calls in a window that polls may take (可用于拉取次数)';
COMMENT ON COLUMN kefu.patrol_plan.feeds_count IS 'feeds that share it (信息源数)';
COMMENT ON COLUMN kefu.patrol_plan.polls_per_hour IS 'polls an hour that their pauses ask for (每小时拉取需求)';
COMMENT ON COLUMN kefu.patrol_plan.every_max IS 'longest of their pauses (最长间隔)';
COMMENT ON COLUMN kefu.patrol_plan.around_the_clock IS 'polled day and night; false: in the patrol hours only (全天)';
COMMENT ON COLUMN kefu.patrol_plan.stretch IS 'how many times as long the pauses are; 1: as asked for; NULL: no calls at all (间隔倍数)';
COMMENT ON COLUMN kefu.patrol_plan.polls IS 'polls in a window by that plan (计划拉取次数)';

CREATE VIEW kefu.patrol_pace AS
    SELECT l.account, bool_and(p.around_the_clock) AS around_the_clock, max(p.stretch) AS stretch
      FROM kefu.account_limit l
      JOIN kefu.patrol_plan p USING (platform, tier, scope, action_class, per, holder)
     GROUP BY l.account;
COMMENT ON VIEW kefu.patrol_pace IS 'How the feeds of an account are paced by all limits that hold for it; no row without one (账号巡查节奏)';
COMMENT ON COLUMN kefu.patrol_pace.account IS 'account (账号)';
COMMENT ON COLUMN kefu.patrol_pace.around_the_clock IS 'as in kefu.patrol_plan (全天)';
COMMENT ON COLUMN kefu.patrol_pace.stretch IS 'as in kefu.patrol_plan (间隔倍数)';

CREATE FUNCTION kefu.pace_of(account text, OUT around_the_clock boolean, OUT stretch double precision)
    LANGUAGE c STABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_pace_of';
COMMENT ON FUNCTION kefu.pace_of(text) IS
'The row of kefu.patrol_pace of an account, NULLs without one, remembered until a row of the desk behind it changes: every poll asks for it (账号巡查节奏)';

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.feed FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.account FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OF tier, application OR DELETE OR TRUNCATE
    ON kefu.credential FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();

-- In PL/pgSQL, which keeps its plan from call to call.
CREATE FUNCTION kefu.next_patrol_at(platform text, every interval, around_the_clock boolean, stretch double precision)
    RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    next_at timestamptz := kefu.now() + every * coalesce(stretch, 1);
BEGIN
    IF around_the_clock IS NOT FALSE THEN
        RETURN next_at;
    END IF;
    RETURN (SELECT CASE WHEN t.local::time >= y.opens AND t.local::time < y.closes THEN next_at
                        ELSE (t.local::date + CASE WHEN t.local::time < y.opens THEN 0 ELSE 1 END + y.opens) AT TIME ZONE p.timezone END
              FROM kefu.platform p
              LEFT JOIN kefu.platform_policy x ON x.platform = p.platform
             CROSS JOIN LATERAL (SELECT coalesce(x.patrol_opens, '08:00'), coalesce(x.patrol_closes, '20:00')) AS y(opens, closes)
             CROSS JOIN LATERAL (SELECT next_at AT TIME ZONE p.timezone) AS t(local)
             WHERE p.platform = next_patrol_at.platform);
END $$;
COMMENT ON FUNCTION kefu.next_patrol_at(text, interval, boolean, double precision) IS
'When a feed with this pause is polled again, by the pace of kefu.patrol_pace (NULLs: as asked for); outside the patrol hours when they next begin, if it isn''t polled around the clock (下次巡查时间; R86, R88)';

-- --- how it stands -----------------------------------------------------------------

CREATE VIEW kefu.stat_budget AS
    SELECT l.platform, l.scope, l.holder, l.tier, l.action_class, l.per, l.calls, l.calls - l.polling_calls AS reserve_calls,
           coalesce(kefu.bucket_spent(n.b), 0) AS spent_calls,
           coalesce(kefu.bucket_room(n.b, l.calls, 0), l.calls) AS left_calls,
           coalesce(kefu.bucket_room(n.b, l.polling_calls, l.calls - l.polling_calls), l.polling_calls) AS left_polls,
           CASE WHEN kefu.bucket_spent(n.b) > 0 THEN kefu.bucket_frees_at(n.b, kefu.bucket_spent(n.b), 0)
                WHEN (n.b).told_left < l.calls THEN (n.b).told_until END AS refills_at,
           (n.b).told_left, (n.b).told_until,
           s.class AS stop_class, greatest(s.until, s.probing_until) AS stopped_until,
           p.feeds_count, p.polls AS planned_polls, p.around_the_clock,
           round((extract(epoch FROM p.every_max) * p.stretch / 60)::numeric, 1) AS pause_minutes,
           CASE WHEN p.stretch IS NULL AND p.feeds_count > 0
                THEN 'R86 R88: no calls are left for polls'
                WHEN p.stretch > 1 AND p.every_max * p.stretch > y.every
                THEN format('R86 R88: polling %s feeds every %s minutes from %s to %s takes %s calls in %s hours, %s may be used: every %s minutes',
                         p.feeds_count, round(extract(epoch FROM y.every) / 60, 1), to_char(y.opens, 'HH24:MI'), to_char(y.closes, 'HH24:MI'),
                         ceil(p.feeds_count * extract(epoch FROM CASE WHEN p.around_the_clock THEN l.per ELSE l.per * (extract(epoch FROM y.closes - y.opens) / 86400)::double precision END)
                              / extract(epoch FROM y.every)), round(extract(epoch FROM l.per) / 3600, 2), l.polling_calls,
                         round((extract(epoch FROM p.every_max) * p.stretch / 60)::numeric, 1)) END AS broken_promise
      FROM (SELECT DISTINCT x.platform, x.scope, x.holder, x.tier, x.action_class, x.per, x.calls, x.polling_calls
              FROM kefu.account_limit x) l
      LEFT JOIN kefu.rate_bucket b USING (platform, scope, holder, tier, action_class, per)
     CROSS JOIN LATERAL (SELECT CASE WHEN b.platform IS NOT NULL THEN kefu.bucket_at(b, kefu.now()) END) AS n(b)
      LEFT JOIN kefu.patrol_plan p USING (platform, scope, holder, tier, action_class, per)
      LEFT JOIN LATERAL (SELECT x.* FROM kefu.call_stop x
                          WHERE x.platform = l.platform AND x.action = ''
                            AND (x.class = 'blacklisted' OR (x.scope, x.holder) = (l.scope, l.holder))
                          ORDER BY greatest(x.until, x.probing_until) DESC LIMIT 1) s ON true
      LEFT JOIN kefu.platform_policy z ON z.platform = l.platform
     CROSS JOIN LATERAL (SELECT (SELECT r.every FROM kefu.patrol_rule r WHERE r.unit = 'group' AND r.valid_from <= kefu.now()
                                  ORDER BY r.valid_from DESC LIMIT 1), coalesce(z.patrol_opens, '08:00'),
                                coalesce(z.patrol_closes, '20:00')) AS y(every, opens, closes);
COMMENT ON VIEW kefu.stat_budget IS 'The platforms'' limits, one row a limit and holder: what is used, what is left, when some of it comes back, and which promise it can''t keep (配额状态; R86, R88)';
COMMENT ON COLUMN kefu.stat_budget.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.stat_budget.scope IS 'who is counted: user 凭证, app 应用, ip 地址';
COMMENT ON COLUMN kefu.stat_budget.holder IS 'the credential, or the account where it has none, the application, or * for our address (持有者)';
COMMENT ON COLUMN kefu.stat_budget.tier IS 'level of the application (级别)';
COMMENT ON COLUMN kefu.stat_budget.action_class IS 'what is counted; any counts all (动作类别)';
COMMENT ON COLUMN kefu.stat_budget.per IS 'length of the window (时间窗)';
COMMENT ON COLUMN kefu.stat_budget.calls IS 'calls allowed in it (限额)';
COMMENT ON COLUMN kefu.stat_budget.reserve_calls IS 'of them, kept back from polls, for answers (预留)';
COMMENT ON COLUMN kefu.stat_budget.spent_calls IS 'calls that count now (已用)';
COMMENT ON COLUMN kefu.stat_budget.left_calls IS 'calls that may be made now, the reserve included (剩余)';
COMMENT ON COLUMN kefu.stat_budget.left_polls IS 'polls that may be made now (剩余拉取次数)';
COMMENT ON COLUMN kefu.stat_budget.refills_at IS 'when the next calls come back; NULL if all are there (下次恢复时间)';
COMMENT ON COLUMN kefu.stat_budget.told_left IS 'what the platform said is left, less what was spent since; NULL: nothing that holds now (平台告知余额)';
COMMENT ON COLUMN kefu.stat_budget.told_until IS 'until when that holds; NULL as told_left (告知有效期)';
COMMENT ON COLUMN kefu.stat_budget.stop_class IS 'why nothing is asked: rate 限频, blacklisted 被屏蔽; NULL: no stop (熔断原因)';
COMMENT ON COLUMN kefu.stat_budget.stopped_until IS 'until when; in the past: the next call finds out; NULL as stop_class (熔断截止时间)';
COMMENT ON COLUMN kefu.stat_budget.feeds_count IS 'feeds that are polled on it; NULL if none is, or it doesn''t count polls (信息源数)';
COMMENT ON COLUMN kefu.stat_budget.planned_polls IS 'polls that the plan makes in a window; NULL as feeds_count (计划拉取次数)';
COMMENT ON COLUMN kefu.stat_budget.around_the_clock IS 'polled day and night; false: in the patrol hours only; NULL as feeds_count (全天)';
COMMENT ON COLUMN kefu.stat_budget.pause_minutes IS 'longest pause between two polls of a feed by that plan, minutes; NULL as feeds_count (计划间隔)';
COMMENT ON COLUMN kefu.stat_budget.broken_promise IS 'R numbers and words of the promise that can''t be kept by it; NULL: none (无法兑现的承诺)';

GRANT SELECT ON kefu.stat_budget TO pg_monitor;
