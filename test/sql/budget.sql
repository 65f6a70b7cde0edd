-- budget: the platforms' limits (R86, R88): what is counted, what is kept back
-- for answers, what a quota can't keep, and what a platform's silence does. No
-- worker, no network.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set plaza :tests '/lib/plaza.psql'
BEGIN;
\set ECHO none
\i :plaza

INSERT INTO kefu.staff (login, unit, name) VALUES (current_user, 'group', '集团甲') ON CONFLICT DO NOTHING;
INSERT INTO kefu.staff_role (staff_id, unit, role)
    SELECT staff_id, 'group', 'admin' FROM kefu.staff WHERE login = current_user ON CONFLICT DO NOTHING;
DELETE FROM kefu.desk_mode;

CREATE TEMP TABLE last (n serial, kind text, key text, lease_key uuid);
CREATE FUNCTION pg_temp.at(t text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('kefu.test_now', CASE WHEN t LIKE '%-%' THEN t ELSE '2026-03-02 ' || t END || '+08', true); END $$;
CREATE FUNCTION pg_temp.claim(max integer DEFAULT 20) RETURNS TABLE (kind text, key text)
    LANGUAGE plpgsql AS
$$ BEGIN
    TRUNCATE last;
    INSERT INTO last (kind, key, lease_key) SELECT x.kind, x.key, x.lease_key FROM kefu.claim_exchanges(max) x;
    RETURN QUERY SELECT l.kind, CASE l.kind WHEN 'feed' THEN l.key ELSE 'a send' END FROM last l ORDER BY 1, 2;
END $$;
-- Everything that was claimed gets this reply.
CREATE FUNCTION pg_temp.reply(status integer, body text, headers text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql AS
$$
DECLARE
    l record;
    n bigint := 0;
BEGIN
    FOR l IN SELECT * FROM last LOOP
        PERFORM kefu.record_exchanges(ARRAY[l.kind], ARRAY[l.key], ARRAY[l.lease_key], ARRAY[status], ARRAY[NULL], ARRAY[true],
            ARRAY[body], ARRAY[headers], ARRAY[kefu.now()], ARRAY[kefu.now()]);
        n := n + 1;
    END LOOP;
    TRUNCATE last;
    RETURN n;
END $$;
CREATE FUNCTION pg_temp.budget(which text DEFAULT 'user') RETURNS TABLE (class text, calls integer, reserve integer, spent integer,
        "left" integer, polls integer, refills text, told integer, stop text)
    LANGUAGE sql AS
$$ SELECT b.action_class, b.calls, b.reserve_calls, b.spent_calls, b.left_calls, b.left_polls,
          to_char(b.refills_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI:SS'), b.told_left, b.stop_class
     FROM kefu.stat_budget b WHERE b.platform = 'plaza' AND b.scope = which ORDER BY 1 $$;
CREATE FUNCTION pg_temp.feeds() RETURNS TABLE (feed text, next text, class text)
    LANGUAGE sql AS
$$ SELECT s.account || '/' || s.action, to_char(s.next_poll_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI:SS'), s.last_class
     FROM kefu.feed_state s ORDER BY 1 $$;
CREATE FUNCTION pg_temp.say(n integer) RETURNS bigint LANGUAGE sql AS
$$ WITH q AS (INSERT INTO kefu.outbound (unit, account, action, channel, recipient_id, text, queued_at, not_before)
              SELECT 'east', 'plaza.east', 'message', 'private', '71', '您好' || i, kefu.now(), kefu.now()
                FROM generate_series(1, n) i RETURNING 1) SELECT count(*) FROM q $$;
\set ECHO all

-- The planner alone: four feeds every half hour are 8 polls an hour.
--   96 of 100 calls from 08:00 to 20:00 fit; with 20 kept back they don't; around the clock needs 192.
SELECT * FROM kefu.plan_patrol(100, '1 day', 8, 12);
SELECT * FROM kefu.plan_patrol(80, '1 day', 8, 12);
SELECT * FROM kefu.plan_patrol(191, '1 day', 8, 12);
SELECT * FROM kefu.plan_patrol(192, '1 day', 8, 12);
SELECT * FROM kefu.plan_patrol(150, '1 hour', 240, 12);
SELECT * FROM kefu.plan_patrol(0, '1 day', 8, 12);

-- What counts as what.
SELECT e.action, kefu.action_class(e) FROM kefu.endpoint e WHERE e.platform = 'plaza' ORDER BY 1;

-- 100 calls a day against four feeds every half hour (R86, R88): the reserve of 20 breaks the promise, and that is said.
INSERT INTO kefu.rate_rule (platform, scope, action_class, per, calls, reserve_pct) VALUES ('plaza', 'user', 'any', '1 day', 100, 20);
SELECT kefu.set_secret('plaza.key', '{"access_token": "t"}');
SELECT kefu.add_feed('plaza.east', f, '30 minutes', '2026-03-02 08:00+08')
  FROM unnest('{mentions,comments_to_me,comments_mentions,messages}'::text[]) f;
SELECT kefu.go_live();
SELECT planned_polls, around_the_clock, pause_minutes, broken_promise FROM kefu.stat_budget WHERE platform = 'plaza';
SELECT level, message FROM kefu.health() WHERE check_name = 'budget';
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"items": []}');
SELECT * FROM pg_temp.feeds();
SELECT * FROM pg_temp.budget();
-- Without a reserve it can be kept to the last call.
UPDATE kefu.rate_rule SET reserve_pct = 0 WHERE platform = 'plaza';
SELECT planned_polls, around_the_clock, pause_minutes, broken_promise FROM kefu.stat_budget WHERE platform = 'plaza';
SELECT count(*) FROM kefu.health() WHERE check_name = 'budget';

-- Three days of patrols and of answers, each poll when it is due: no 24 hours have more than 100 calls, and
-- none falls between 20:00 and 08:00.
UPDATE kefu.rate_rule SET reserve_pct = 20 WHERE platform = 'plaza';
CREATE TEMP TABLE called (at timestamptz, kind text);
DO $$
DECLARE
    t timestamptz := '2026-03-02 09:00+08';
    l record;
BEGIN
    LOOP
        t := greatest(t + interval '1 second', (SELECT min(due) FROM (SELECT min(s.next_poll_at) FROM kefu.feed_state s
            UNION ALL SELECT min(o.not_before) FROM kefu.outbound o WHERE o.state = 'queued') x(due)));
        EXIT WHEN t >= '2026-03-05 09:00+08';
        PERFORM set_config('kefu.test_now', t::text, true);
        -- A wave of thirty answers every morning.
        IF NOT EXISTS (SELECT FROM kefu.outbound o WHERE o.queued_at::date = t::date) THEN
            PERFORM pg_temp.say(30);
        END IF;
        FOR l IN SELECT * FROM kefu.claim_exchanges(20) LOOP
            INSERT INTO called VALUES (t, l.kind);
            PERFORM kefu.record_exchanges(ARRAY[l.kind], ARRAY[l.key], ARRAY[l.lease_key], ARRAY[200], ARRAY[NULL], ARRAY[true],
                ARRAY[CASE l.kind WHEN 'feed' THEN '{"items": []}' ELSE pg_temp.item(l.key, '901', '您好', t)::text END],
                ARRAY[NULL], ARRAY[t], ARRAY[t]);
        END LOOP;
    END LOOP;
END $$;
SELECT max(n) <= 100 AS never_more, max(n) > 90 AS uses_it
  FROM (SELECT count(*) OVER (ORDER BY at RANGE BETWEEN interval '1 day' PRECEDING AND CURRENT ROW) AS n FROM called) x;
SELECT kind, count(*) BETWEEN 90 AND 240 AS as_planned,
       min(at::time) >= '08:00' AND max(at::time) < '20:07' AS by_day
  FROM called GROUP BY kind ORDER BY kind;
SELECT count(*) FILTER (WHERE state <> 'sent') AS starved FROM kefu.outbound WHERE queued_at < '2026-03-05';

-- Polls stop at the reserve; answers go on, until nothing is left. What waits is shown with the time.
SELECT pg_temp.at('2026-03-09 09:00');
DELETE FROM kefu.rate_bucket;
DELETE FROM kefu.outbound;
UPDATE kefu.rate_rule SET calls = 6, reserve_pct = 50, per = '1 hour' WHERE platform = 'plaza';
UPDATE kefu.feed_state SET next_poll_at = kefu.now();
SELECT count(*) AS polls FROM pg_temp.claim();
SELECT * FROM pg_temp.feeds();
SELECT * FROM pg_temp.budget();
SELECT pg_temp.say(5);
SELECT * FROM pg_temp.claim();
SELECT state, last_class, count(*), to_char(min(not_before) AT TIME ZONE 'Asia/Shanghai', 'HH24:MI:SS') AS tries_at
  FROM kefu.outbound GROUP BY 1, 2 ORDER BY 1;
SELECT * FROM pg_temp.budget();
-- When calls have come back, answers take them before polls do.
SELECT pg_temp.at('2026-03-09 10:01');
SELECT kind, count(*) FROM pg_temp.claim() GROUP BY 1 ORDER BY 1;

-- Every rule that covers a call counts it; accounts of one application share its limit.
DELETE FROM kefu.rate_bucket;
DELETE FROM kefu.outbound;
DELETE FROM kefu.rate_rule WHERE platform = 'plaza';
INSERT INTO kefu.rate_rule (platform, scope, action_class, per, calls) VALUES
    ('plaza', 'user', 'any', '1 hour', 10), ('plaza', 'user', 'message', '1 hour', 2), ('plaza', 'app', 'any', '1 hour', 6),
    ('plaza', 'ip', 'any', '5 minutes', 1000);
SELECT kefu.add_credential('plaza.west', 'plaza', 'token');
SELECT kefu.set_secret('plaza.west', '{"access_token": "t"}');
UPDATE kefu.account SET credential = 'plaza.west' WHERE account = 'plaza.west';
SELECT w IS NULL AS granted, w > kefu.now() + interval '1 hour' AS waits, count(*)
  FROM unnest(kefu.grant_calls('{plaza.east,plaza.east,plaza.east,plaza.east}', '{message,message,message,mentions}', false)) w
 GROUP BY 1, 2 ORDER BY 1;
SELECT w IS NULL AS granted, count(*) FROM unnest(kefu.grant_calls('{plaza.west,plaza.west,plaza.west,plaza.west}',
    '{message,message,mentions,mentions}', false)) w GROUP BY 1 ORDER BY 1;
SELECT scope, holder, action_class, calls, spent_calls, left_calls FROM kefu.stat_budget WHERE platform = 'plaza' ORDER BY 1, 2, 3;
-- Another tier has other rules; a credential moves there by its registration.
INSERT INTO kefu.rate_rule (platform, tier, scope, action_class, per, calls) VALUES ('plaza', 'business', 'user', 'any', '1 hour', 50);
SELECT kefu.add_credential('plaza.west', 'plaza', 'token', tier => 'business', application => 'second');
SELECT scope, action_class, calls, left_calls FROM kefu.stat_budget WHERE holder = 'plaza.west';

-- Who waits, waits for the limit that is full, not for a longer one that has room.
DELETE FROM kefu.rate_bucket;
DELETE FROM kefu.rate_rule WHERE platform = 'plaza';
INSERT INTO kefu.rate_rule (platform, scope, action_class, per, calls) VALUES
    ('plaza', 'user', 'any', '1 minute', 2), ('plaza', 'ip', 'any', '1 hour', 1000);
SELECT w < kefu.now() + interval '2 minutes' AS soon, count(*)
  FROM unnest(kefu.grant_calls('{plaza.east,plaza.east,plaza.east}', '{mentions,mentions,mentions}', true)) w GROUP BY 1;

-- What the platform says is left holds if it is less: others may use the same limit.
DELETE FROM kefu.rate_bucket;
DELETE FROM kefu.rate_rule WHERE platform = 'plaza';
INSERT INTO kefu.rate_rule (platform, scope, action_class, per, calls) VALUES ('plaza', 'user', 'any', '1 hour', 100);
INSERT INTO kefu.rate_field (platform, source, scope, remaining, reset, reset_form) VALUES
    ('plaza', 'header', 'user', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'iso');
UPDATE kefu.feed_state SET next_poll_at = kefu.now(), lease_until = NULL, lease_key = NULL WHERE action = 'mentions';
UPDATE kefu.feed_state SET next_poll_at = 'infinity', lease_until = NULL, lease_key = NULL WHERE action <> 'mentions';
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"items": []}', E'HTTP/1.1 200\r\nX-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 2\r\nX-RateLimit-Reset: 2026-03-09T02:21:00.000Z\r\n');
SELECT * FROM pg_temp.budget();
SELECT pg_temp.say(3);
SELECT * FROM pg_temp.claim();
SELECT count(*), to_char(min(not_before) AT TIME ZONE 'Asia/Shanghai', 'HH24:MI:SS') FROM kefu.outbound WHERE state = 'queued';
SELECT pg_temp.at('2026-03-09 10:21:01');
SELECT * FROM pg_temp.budget();
-- Nonsense in headers is not told.
SELECT * FROM kefu.told_budget('plaza', false, NULL, E'X-RateLimit-Remaining: many\r\n', kefu.now());
SELECT left_calls, until FROM kefu.told_budget('plaza', false, NULL,
    E'X-RateLimit-Remaining: 5\r\nX-RateLimit-Reset: 2026-99-99T00:00:00Z\r\n', kefu.now());
-- An endpoint that tells it is free of charge.
INSERT INTO kefu.rate_field (platform, source, scope, remaining, reset, reset_form) VALUES
    ('plaza', 'body', 'user', 'user.remaining_hits', 'user.reset_in', 'delta');
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, body_kind, item_kind, result_kind)
    VALUES ('plaza', 'rate_status', 'budget', 'GET', '/rate', 'none', 'status', 'object');
SELECT kefu.add_feed('plaza.east', 'rate_status', '10 minutes');
UPDATE kefu.outbound SET state = 'cancelled' WHERE state = 'queued';
UPDATE kefu.feed_state SET next_poll_at = 'infinity' WHERE action <> 'rate_status';
SELECT spent FROM pg_temp.budget();
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"user": {"remaining_hits": 31, "reset_in": "1800"}}');
SELECT spent, "left", told, refills FROM pg_temp.budget();
SELECT * FROM pg_temp.feeds() WHERE feed LIKE '%rate_status';

-- Retry-After holds for all of the credential, answers included.
UPDATE kefu.feed_state SET next_poll_at = 'infinity';
UPDATE kefu.feed_state SET next_poll_at = kefu.now() WHERE action = 'mentions';
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(429, '{"error": "limit"}', E'HTTP/1.1 429\r\nRetry-After: 300\r\n');
SELECT pg_temp.say(1);
SELECT * FROM pg_temp.claim();
SELECT stop_class, to_char(stopped_until AT TIME ZONE 'Asia/Shanghai', 'HH24:MI:SS') FROM kefu.stat_budget WHERE platform = 'plaza';
SELECT state, last_class, to_char(not_before AT TIME ZONE 'Asia/Shanghai', 'HH24:MI:SS') FROM kefu.outbound WHERE state = 'queued';
SELECT pg_temp.at('2026-03-09 10:26:01');
SELECT kind FROM pg_temp.claim() WHERE kind = 'send';
SELECT count(*) FROM kefu.call_stop;

-- Who answers nothing has black-listed us: nothing goes for an hour, then a single call finds out, then twice as long.
INSERT INTO kefu.error_map (platform, seq, http_status, body, class) VALUES ('plaza', 9, '200', 'empty', 'blacklisted');
SELECT pg_temp.at('2026-03-10 09:00');
UPDATE kefu.outbound SET state = 'cancelled' WHERE state IN ('queued', 'sending');
UPDATE kefu.feed_state SET next_poll_at = kefu.now(), lease_until = NULL, lease_key = NULL, failures = 0;
SELECT count(*) FROM pg_temp.claim();
SELECT pg_temp.reply(200, '');
SELECT scope, class, failures, to_char(until AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') FROM kefu.call_stop;
SELECT level, message FROM kefu.health() WHERE check_name = 'blacklisted';
SELECT pg_temp.at('2026-03-10 09:59');
UPDATE kefu.feed_state SET next_poll_at = kefu.now();
SELECT * FROM pg_temp.claim();
SELECT pg_temp.at('2026-03-10 10:00');
SELECT count(*) AS probes FROM pg_temp.claim();
SELECT count(*) FROM kefu.feed_state WHERE next_poll_at = '2026-03-10 10:02+08';
SELECT pg_temp.reply(200, '');
SELECT class, failures, to_char(until AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') FROM kefu.call_stop;
SELECT pg_temp.at('2026-03-10 12:00:01');
SELECT count(*) AS probes FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"items": []}');
SELECT count(*) FROM kefu.call_stop;
SELECT count(*) > 1 AS all_go_on FROM pg_temp.claim();

-- The pace of an account is remembered, and is always that of the rows (R86, R88): the rule, the feeds, the hours of
-- the platform, the credential and the account are changed in turn.
SELECT pg_temp.at('2026-03-11 09:00');
UPDATE kefu.rate_rule SET per = '1 day', calls = 60 WHERE platform = 'plaza';
CREATE FUNCTION pg_temp.pace() RETURNS TABLE (all_day boolean, stretch numeric, as_the_rows boolean) LANGUAGE sql AS
$$ SELECT y.around_the_clock, round(y.stretch::numeric, 2),
          (SELECT count(*) = 0 FROM kefu.account a LEFT JOIN kefu.patrol_pace p USING (account) CROSS JOIN LATERAL kefu.pace_of(a.account) z
            WHERE (p.around_the_clock, p.stretch) IS DISTINCT FROM (z.around_the_clock, z.stretch))
     FROM kefu.pace_of('plaza.east') y $$;
SELECT * FROM pg_temp.pace();
UPDATE kefu.rate_rule SET calls = 120 WHERE platform = 'plaza';
SELECT * FROM pg_temp.pace();
UPDATE kefu.feed SET every = '5 minutes' WHERE account = 'plaza.east' AND action = 'mentions';
SELECT * FROM pg_temp.pace();
SELECT kefu.set_feed('plaza.east', 'messages', false);
SELECT * FROM pg_temp.pace();
INSERT INTO kefu.platform_policy (platform, can_delete_post, can_delete_comment, can_report, can_edit, patrol_opens, patrol_closes) VALUES ('plaza', true, true, true, true, '08:00', '14:00')
    ON CONFLICT (platform) DO UPDATE SET patrol_opens = '08:00', patrol_closes = '14:00';
SELECT * FROM pg_temp.pace();
UPDATE kefu.credential SET tier = 'business' WHERE credential = 'plaza.key';
SELECT * FROM pg_temp.pace();
UPDATE kefu.credential SET tier = 'standard' WHERE credential = 'plaza.key';
SELECT * FROM pg_temp.pace();
SAVEPOINT closed;
UPDATE kefu.account SET is_live = false WHERE account = 'plaza.east';
SELECT * FROM pg_temp.pace();
ROLLBACK TO closed;
SELECT * FROM pg_temp.pace();
SELECT * FROM kefu.pace_of('nobody');

-- A poll doesn't look at the desk's other feeds, however many there are; the first after a change does.
SELECT count(kefu.add_account('plaza.' || n, 'plaza', 'east', '客服' || n, (40000 + n)::text, 'plaza.key')) FROM generate_series(1, 200) n;
SELECT count(kefu.add_feed('plaza.' || n, 'mentions', '30 minutes', '2026-03-11 08:00+08')) FROM generate_series(1, 200) n;
UPDATE kefu.rate_rule SET calls = 1000000 WHERE platform = 'plaza';
SET LOCAL enable_seqscan = off;
ANALYZE kefu.feed, kefu.feed_state, kefu.account;
CREATE FUNCTION pg_temp.due() RETURNS void LANGUAGE sql AS
$$ UPDATE kefu.feed_state SET next_poll_at = 'infinity', lease_until = NULL, lease_key = NULL;
   UPDATE kefu.feed_state SET next_poll_at = kefu.now() WHERE account = 'plaza.1' $$;
CREATE FUNCTION pg_temp.feeds_read() RETURNS bigint LANGUAGE sql AS
$$ SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_all_tables WHERE relid = 'kefu.feed'::regclass $$;
SELECT pg_temp.due();
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"items": []}');
SELECT pg_temp.due();
SELECT pg_temp.feeds_read() AS before \gset
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"items": []}');
SELECT pg_temp.feeds_read() - :before < 20 AS reads_few;

-- None of this is for people; the server's monitoring may look.
SELECT count(*) FROM kefu.grant_list() WHERE object_name ~ 'grant_calls|take_calls|pace_of|note_replies|note_stop|stat_budget|rate_bucket';
SELECT has_table_privilege('pg_monitor', 'kefu.stat_budget', 'SELECT');
ROLLBACK;
