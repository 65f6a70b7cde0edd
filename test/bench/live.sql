-- live: accounts on the simulator with four feeds each, nothing due, and the
-- desk goes live.  Variables: sim (base address), accounts.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;

UPDATE kefu.platform SET base_url = :'sim', allows_http = true WHERE platform = 'sina';
UPDATE kefu.rate_rule SET calls = 1000000000 WHERE platform = 'sina';
INSERT INTO kefu.credential_secret (credential, secret, set_at)
    VALUES ('bench.key', '{"access_token": "bench"}', now());
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    SELECT 'sina.' || n, 'sina', 'gd', '客服' || n, (10000 + n)::text, 'bench.key'
      FROM generate_series(1, :accounts) AS n;
INSERT INTO kefu.feed (account, action, every, start_at)
    SELECT 'sina.' || n, f, '1 hour', now()
      FROM generate_series(1, :accounts) AS n,
           unnest('{mentions,comments_to_me,comments_mentions,messages}'::text[]) AS f;
INSERT INTO kefu.feed_state (account, action, next_poll_at)
    SELECT account, action, now() + interval '1 day' FROM kefu.feed;
WITH s AS (INSERT INTO kefu.staff (login, unit, name) VALUES (current_user, 'group', '沈')
           RETURNING staff_id)
INSERT INTO kefu.staff_role (staff_id, unit, role)
SELECT s.staff_id, 'group', r.role FROM s, unnest('{admin,operator}'::text[]) AS r(role);

-- The next poll of a feed is so long after its page; the first ones are spread.
CREATE PROCEDURE bench.poll(every interval, spread interval) LANGUAGE plpgsql AS
$$ BEGIN
    UPDATE kefu.feed SET every = poll.every WHERE feed.every <> poll.every;
    UPDATE kefu.feed_state SET next_poll_at = now() + random() * spread, lease_until = NULL;
    PERFORM kefu.wake_worker('net');
END $$;
-- Polls every feed once, and returns when the last page is recorded.
CREATE PROCEDURE bench.poll_once() LANGUAGE plpgsql AS
$$
DECLARE
    began timestamptz := clock_timestamp();
BEGIN
    CALL bench.poll('1 hour', '0');
    COMMIT;
    WHILE EXISTS (SELECT FROM kefu.feed_state WHERE (ok_at >= began) IS NOT TRUE) LOOP
        COMMIT;
        PERFORM pg_sleep(0.02);
        IF clock_timestamp() > began + interval '2 min' THEN
            RAISE EXCEPTION 'not every feed was polled';
        END IF;
    END LOOP;
END $$;

-- What is to fire, and when.
CREATE TABLE bench.plan (clock_id bigint, level integer, ticket_id bigint, fire_at timestamptz,
                         PRIMARY KEY (clock_id, level));
-- One level of so many tickets falls due from first_at on, rate a second; rate
-- NULL: at once.
CREATE PROCEDURE bench.plan_level(of_level integer, ticket_from integer, ticket_to integer, rate integer,
                                  first_at timestamptz) LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO bench.plan
    SELECT c.clock_id, of_level, c.object_id,
           first_at + coalesce((c.object_id - ticket_from) * interval '1 s' / rate, '0')
      FROM kefu.clock c
     WHERE c.clock = 'complaint_ack' AND c.object_type = 'ticket' AND c.stopped_at IS NULL
       AND c.object_id BETWEEN ticket_from AND ticket_to;
    UPDATE kefu.clock c
       SET next_level = of_level, due_at = p.fire_at - l.offset_by, next_fire_at = p.fire_at
      FROM bench.plan p, kefu.clock_level l
     WHERE p.clock_id = c.clock_id AND p.level = of_level AND p.ticket_id BETWEEN ticket_from AND ticket_to
       AND l.clock = c.clock AND l.unit = 'group' AND l.level = of_level;
    PERFORM kefu.wake_worker('clock');
END $$;
-- Lateness of what was planned, counted to the commit of its escalation.
CREATE VIEW bench.lateness AS
    SELECT p.*, e.outcome,
           extract(epoch FROM pg_xact_commit_timestamp(e.xmin) - p.fire_at) * 1000 AS late_ms
      FROM bench.plan p LEFT JOIN kefu.escalation e USING (clock_id, level);

-- Posts, and when each is to leave: approved at once, planned for later, and their
-- clocks moved.
CREATE TABLE bench.post_plan (placement_id bigint PRIMARY KEY, run text NOT NULL, leaves_at timestamptz);
CREATE TABLE bench.arrival (native_id text PRIMARY KEY, at_ms bigint NOT NULL);
CREATE PROCEDURE bench.plan_posts(run text, count integer, at timestamptz) LANGUAGE plpgsql AS
$$
DECLARE
    made bigint;
BEGIN
    FOR n IN 1 .. count LOOP
        INSERT INTO kefu.post (state, unit, kind, text, made_at, submitted_at, approved_at)
        VALUES ('approved', 'gd', 'service', format('%s 第%s条:套餐余量可发短信查询', run, n), now(), now(), now())
        RETURNING post_id INTO made;
        PERFORM kefu.schedule(made, ARRAY['sina.' || n], plan_posts.at);
        INSERT INTO bench.post_plan (placement_id, run) SELECT l.placement_id, plan_posts.run
          FROM kefu.placement l WHERE l.post_id = made;
    END LOOP;
END $$;
-- They leave from first_at on, rate a second; rate NULL: at once.
CREATE PROCEDURE bench.move_posts(run text, rate integer, first_at timestamptz) LANGUAGE plpgsql AS
$$ BEGIN
    UPDATE bench.post_plan p SET leaves_at = move_posts.first_at + coalesce(n.number * interval '1 s' / rate, '0')
      FROM (SELECT x.placement_id, row_number() OVER (ORDER BY x.placement_id) AS number
              FROM bench.post_plan x WHERE x.run = move_posts.run) AS n
     WHERE n.placement_id = p.placement_id;
    UPDATE kefu.clock c SET due_at = p.leaves_at, next_fire_at = p.leaves_at
      FROM bench.post_plan p
     WHERE c.object_type = 'placement' AND c.object_id = p.placement_id AND c.clock = 'posting'
       AND c.stopped_at IS NULL AND p.run = move_posts.run;
    PERFORM kefu.wake_worker('clock');
END $$;
-- Lateness of posts, counted to when the platform had them.
CREATE VIEW bench.post_lateness AS
    SELECT p.run, l.state, a.at_ms - extract(epoch FROM p.leaves_at) * 1000 AS late_ms
      FROM bench.post_plan p JOIN kefu.placement l USING (placement_id)
      LEFT JOIN bench.arrival a USING (native_id);
VACUUM ANALYZE;
SELECT kefu.go_live() \g /dev/null
