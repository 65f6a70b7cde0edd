-- search: where we look for what nobody wrote to us, and where nobody looks (R87, R104):
-- keywords and other units' accounts with their pauses, gaps, finds and refusals. The
-- desk is that of test/lib/desk.psql; the network worker is played by hand.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
SELECT kefu.set_secret('desk.sina', '{"access_token": "t"}') \g /dev/null
SELECT kefu.set_secret('desk.tencent', '{"access_token": "t"}') \g /dev/null
SELECT kefu.go_live() \g /dev/null
INSERT INTO kefu.account (account, platform, unit, handle, native_id) VALUES ('old.gd', 'sina_v1', 'gd', '广东客服', '9001');
-- Every pause is kept, whatever the presets' limits are: those of this test come below.
UPDATE kefu.rate_rule SET calls = 100000;
CREATE FUNCTION pg_temp.at(t text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('kefu.test_now', t || '+08', true); END $$;
CREATE FUNCTION pg_temp.item(id text, author text, at text) RETURNS jsonb
    LANGUAGE sql AS
$$ SELECT jsonb_build_object('idstr', id, 'text', '电信断网三天没人管',
              'created_at', to_char((at || '+08')::timestamptz AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
              'user', jsonb_build_object('idstr', author, 'screen_name', 'n' || author)) $$;
-- A feed is due, alone; false: the limits have no room. Its page, and the empty one below it.
CREATE FUNCTION pg_temp.look(account text, action text, VARIADIC items jsonb[] DEFAULT '{}') RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    f record;
BEGIN
    UPDATE kefu.feed_state s SET next_poll_at = CASE WHEN (s.account, s.action) = (look.account, look.action)
                                                     THEN '-infinity' ELSE 'infinity' END::timestamptz;
    LOOP
        SELECT c.* INTO f FROM kefu.claim_feeds(50) c;
        IF NOT FOUND THEN
            RETURN (SELECT s.walk IS NULL AND s.ok_at = kefu.now() FROM kefu.feed_state s
                     WHERE (s.account, s.action) = (look.account, look.action));
        END IF;
        PERFORM kefu.record_exchanges(ARRAY[f.kind], ARRAY[f.key], ARRAY[f.lease_key], ARRAY[200], ARRAY[NULL::text], ARRAY[true],
            ARRAY[jsonb_build_object('statuses', to_jsonb(items))::text], ARRAY[''], ARRAY[kefu.now()], ARRAY[kefu.now()]);
        items := '{}';
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.standing() RETURNS TABLE (account text, kind text, feed text, keyword text, watched_id text, watched text, standing text, late boolean)
    LANGUAGE sql AS
$$ SELECT s.account, s.search_kind, s.feed, s.keyword, s.watched_native_id, s.watched_name, s.standing, s.is_late
     FROM kefu_bi.searches s ORDER BY s.account COLLATE "C", s.search_kind, s.feed COLLATE "C" $$;
CREATE FUNCTION pg_temp.came() RETURNS TABLE (feed text, since text, complete text, polls bigint, refused bigint, gaps bigint, minutes numeric, day text, week text)
    LANGUAGE sql AS
$$ SELECT s.feed, to_char(s.since_at, 'DD HH24:MI'), to_char(s.complete_at, 'DD HH24:MI'), s.poll_count, s.refused_count,
          s.week_gap_count, s.week_gap_minutes, concat_ws(' ', s.day_item_count, s.day_new_count, s.day_ticket_count),
          concat_ws(' ', s.week_item_count, s.week_new_count, s.week_ticket_count)
     FROM kefu_bi.searches s WHERE s.feed IS NOT NULL ORDER BY s.account COLLATE "C", s.feed COLLATE "C" $$;
-- The same once more, from the rows that the desk keeps, by another way: minutes are
-- counted one by one, what came is asked for item by item.
CREATE FUNCTION pg_temp.misfits() RETURNS TABLE (feed text, column_name text, said numeric, fact numeric)
    LANGUAGE sql SECURITY DEFINER AS
$$ SELECT s.feed, x.*
     FROM kefu_bi.searches s
     JOIN kefu.feed f ON f.account = s.account AND f.action = s.feed
     JOIN kefu.feed_state t ON t.account = s.account AND t.action = s.feed
    CROSS JOIN LATERAL (
        SELECT array_agg((SELECT ARRAY[count(*), count(*) FILTER (WHERE i.first), count(DISTINCT i.ticket_id) FILTER (WHERE i.first)]
                            FROM (SELECT g.ticket_id, g.account || g.action = s.account || s.feed AS first
                                    FROM kefu.message g
                                   WHERE g.is_live AND EXISTS (SELECT FROM kefu.sighting z
                                       WHERE z.message_id = g.message_id AND z.account = s.account AND z.action = s.feed
                                         AND kefu.now() - z.found_at < d.days * interval '1 day')) AS i) ORDER BY d.days)
          FROM (VALUES (1), (7)) AS d(days)) AS n(n)
    CROSS JOIN LATERAL (
        SELECT count(*)
          FROM generate_series(kefu.now() - interval '7 days', kefu.now() - interval '1 minute', interval '1 minute') AS m(at)
         WHERE m.at >= f.start_at
           AND (EXISTS (SELECT FROM kefu.feed_gap p WHERE p.account = s.account AND p.action = s.feed AND m.at <@ p.during
                           AND upper(p.during) - greatest(lower(p.during), f.start_at) > interval '30 minutes')
                OR m.at >= coalesce(t.ok_at, f.start_at) AND kefu.now() - coalesce(t.ok_at, f.start_at) > interval '30 minutes')) AS m(minutes)
    CROSS JOIN LATERAL (VALUES ('day_item_count', s.day_item_count, n[1][1]), ('day_new_count', s.day_new_count, n[1][2]),
                               ('day_ticket_count', s.day_ticket_count, n[1][3]), ('week_item_count', s.week_item_count, n[2][1]),
                               ('week_new_count', s.week_new_count, n[2][2]), ('week_ticket_count', s.week_ticket_count, n[2][3]),
                               ('week_gap_minutes', s.week_gap_minutes, m.minutes)) AS x(column_name, said, fact)
    WHERE x.said IS DISTINCT FROM x.fact $$;
\set ECHO all

-- Nobody looks anywhere: the first dialect of Sina's has no search at all.
SELECT * FROM pg_temp.standing();
SELECT kefu.add_feed('old.gd', 'search');

-- Two keywords are two endpoints' rows, and numbers in them are masked; of the accounts that are watched only those that are known
-- have their name here, one of ours and one of the list.
SELECT kefu.add_follow_target('sina', '8001', '中国电信', 'official', '') \g /dev/null
INSERT INTO kefu.endpoint SELECT (jsonb_populate_record(e, jsonb_build_object('action', e.action || '_2'))).*
  FROM kefu.endpoint e WHERE e.platform = 'sina' AND e.action IN ('search', 'watched_posts');
INSERT INTO kefu.endpoint SELECT (jsonb_populate_record(e, jsonb_build_object('action', e.action || '_3'))).*
  FROM kefu.endpoint e WHERE e.platform = 'sina' AND e.action = 'watched_posts';
SELECT kefu.add_feed('sina.gd', 'search', '10 minutes', args => '{"keyword": "电信 断网"}');
SELECT kefu.add_feed('sina.gd', 'search_2', '20 minutes', args => '{"keyword": "宽带 13800138000"}');
SELECT kefu.add_feed('sina.gd', 'watched_posts', '10 minutes', args => '{"watched_id": "9002"}');
SELECT kefu.add_feed('sina.gd', 'watched_posts_2', '10 minutes', args => '{"watched_id": "8001"}');
SELECT kefu.add_feed('sina.gd', 'watched_posts_3', '10 minutes', args => '{"watched_id": "777"}');
SELECT kefu.add_feed('sina.gd', 'mentions', '10 minutes');
SELECT kefu.add_feed('tencent.gd', 'search', args => jsonb_build_object('keyword', repeat('电', 300)));
SELECT kefu.add_feed('tencent.gd', 'search', args => '["断网"]');
SELECT * FROM pg_temp.standing();

-- --- what came -----------------------------------------------------------------------

-- One is history, one was found by a mention first, two are new, and one of these gets a ticket.
SELECT pg_temp.at('2026-03-02 09:10');
SELECT pg_temp.look('sina.gd', 'mentions', pg_temp.item('104', '51', '2026-03-02 09:04'));
SELECT pg_temp.look('sina.gd', 'search', pg_temp.item('104', '51', '2026-03-02 09:04'), pg_temp.item('103', '52', '2026-03-02 09:03'),
                    pg_temp.item('102', '53', '2026-03-02 09:02'), pg_temp.item('101', '54', '2026-03-02 08:59'));
SELECT pg_temp.look('sina.gd', 'watched_posts', pg_temp.item('201', '9002', '2026-03-02 09:05'));
SELECT * FROM pg_temp.came();
SELECT m.message_id FROM kefu.message m WHERE m.native_id = '103' \gset
SET ROLE lin;
SELECT (kefu.triage(:message_id, 'inquiry')).state;
RESET ROLE;
-- Read again: nothing twice.
SELECT pg_temp.at('2026-03-02 09:40');
SELECT pg_temp.look('sina.gd', 'search', pg_temp.item('104', '51', '2026-03-02 09:04'), pg_temp.item('103', '52', '2026-03-02 09:03'));
SELECT pg_temp.look('sina.gd', 'watched_posts_2', pg_temp.item('301', '8001', '2026-03-02 09:05'));
SELECT * FROM pg_temp.came();
SELECT * FROM pg_temp.misfits();

-- --- gaps ------------------------------------------------------------------------------

-- 30 minutes are allowed, more is a gap; what never was asked is one from its beginning on.
SELECT kefu.set_feed('sina.gd', 'watched_posts', false);
SELECT pg_temp.at('2026-03-02 10:11');
SELECT pg_temp.look('sina.gd', 'search', pg_temp.item('105', '52', '2026-03-02 10:00'));
SELECT g.feed, g.from_at, g.to_at, g.minutes, g.is_open FROM kefu_bi.search_gaps g ORDER BY g.feed COLLATE "C", g.from_at;
SELECT * FROM pg_temp.standing() WHERE feed IS NOT NULL;
-- A reply that fails is no request in full.
SELECT pg_temp.at('2026-03-02 10:20');
UPDATE kefu.feed_state SET next_poll_at = '-infinity' WHERE action = 'search_2';
SELECT c.key, c.lease_key FROM kefu.claim_feeds(50) c \gset
SELECT kefu.record_exchanges(ARRAY['feed'], ARRAY[:'key'], ARRAY[:'lease_key'::uuid], ARRAY[502], ARRAY[NULL::text], ARRAY[true], ARRAY[''],
    ARRAY[''], ARRAY[kefu.now()], ARRAY[kefu.now()]);
SELECT feed, standing, late FROM pg_temp.standing() WHERE feed = 'search_2';

-- --- refused ------------------------------------------------------------------------------

-- The limits have no room: put off, counted, and said until when; and longer pauses are planned.
UPDATE kefu.rate_rule SET calls = 2, reserve_pct = 0, per = '1 hour' WHERE platform = 'sina' AND action_class IN ('any', 'read') AND scope = 'user';
DELETE FROM kefu.rate_bucket;
SELECT pg_temp.at('2026-03-02 10:30');
SELECT pg_temp.look('sina.gd', 'search_2', pg_temp.item('105', '52', '2026-03-02 10:00'));
SELECT pg_temp.look('sina.gd', 'search'), pg_temp.look('sina.gd', 'search');
SELECT s.feed, s.standing, s.is_late, s.refused_count, s.next_at > kefu.now() AS waits, s.every_seconds, s.pace_seconds > s.every_seconds AS is_stretched, s.allowed_seconds
  FROM kefu_bi.searches s WHERE s.feed IN ('search', 'search_2') ORDER BY s.feed;
SELECT f.refused_count FROM kefu.stat_feed f WHERE f.account = 'sina.gd' AND f.action = 'search';
SELECT * FROM pg_temp.came();
SELECT * FROM pg_temp.misfits();

-- --- later ----------------------------------------------------------------------------------

-- After 24 hours it came this week, after 7 days not at all; gaps end a week ago.
SELECT pg_temp.at('2026-03-03 09:11');
SELECT * FROM pg_temp.came();
SELECT * FROM pg_temp.misfits();
SELECT pg_temp.at('2026-03-09 09:40');
SELECT * FROM pg_temp.came();
SELECT * FROM pg_temp.misfits();

-- --- who sees it ------------------------------------------------------------------------------

SELECT kefu.add_feed('sina.qh', 'search', args => '{"keyword": "青海 电信"}');
SELECT DISTINCT s.unit FROM kefu_bi.searches s ORDER BY 1;
SET ROLE far;
SELECT s.account, s.search_kind_label_zh, s.keyword, s.standing_label_zh FROM kefu_bi.searches s ORDER BY s.search_kind;
SELECT count(*) FROM kefu_bi.search_gaps;
SELECT 账号, 检索词 FROM kefu_bi_zh.主动搜索 WHERE 检索词 IS NOT NULL;
RESET ROLE;
ROLLBACK;
