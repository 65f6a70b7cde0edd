-- publish: what a desk posts: requests of departments (R5, R10), review in one to
-- three steps, the time and the place of a post (R38, R39), and what becomes of a
-- send for an object. The desk is that of test/lib/desk.psql; the network worker
-- is played by hand.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
INSERT INTO kefu.staff (login, unit, name) VALUES (current_user, 'group', '集团甲') ON CONFLICT DO NOTHING;
INSERT INTO kefu.staff_role (staff_id, unit, role)
    SELECT staff_id, 'group', 'admin' FROM kefu.staff WHERE login = current_user ON CONFLICT DO NOTHING;
DELETE FROM kefu.desk_mode;
SELECT kefu.go_live() \g /dev/null
SELECT kefu.set_secret('desk.sina', '{"access_token": "t"}') \g /dev/null
SELECT kefu.set_secret('desk.tencent', '{"access_token": "t"}') \g /dev/null
CREATE FUNCTION pg_temp.at(t text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('kefu.test_now', '2026-03-02 ' || t || '+08', true); PERFORM FROM kefu.tick(); END $$;
-- Takes what is due, and answers the first of it.
CREATE TEMP TABLE last (n serial, kind text, key text, lease_key uuid);
CREATE FUNCTION pg_temp.claim() RETURNS TABLE (kind text, path text, body text)
    LANGUAGE plpgsql AS
$$
DECLARE
    c record;
BEGIN
    TRUNCATE last;
    FOR c IN SELECT x.* FROM kefu.claim_exchanges(10) x LOOP
        INSERT INTO last (kind, key, lease_key) VALUES (c.kind, c.key, c.lease_key);
        RETURN QUERY SELECT c.kind, regexp_replace(c.url, '^https://[^/]+|[?].*$', '', 'g'), convert_from(c.body, 'UTF8');
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.reply(status integer, body text, error text DEFAULT NULL, sent boolean DEFAULT true) RETURNS void
    LANGUAGE sql AS
$$ SELECT kefu.record_exchanges(ARRAY[l.kind], ARRAY[l.key], ARRAY[l.lease_key], ARRAY[status], ARRAY[error], ARRAY[sent],
                                ARRAY[body], ARRAY[NULL], ARRAY[kefu.now()], ARRAY[kefu.now()])
     FROM (SELECT * FROM last ORDER BY last.n LIMIT 1) l $$;
CREATE FUNCTION pg_temp.item(id text, text text, at text DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql AS
$$ SELECT jsonb_build_object('idstr', id, 'text', text,
              'created_at', to_char(coalesce(('2026-03-02 ' || at || '+08')::timestamptz, kefu.now()) AT TIME ZONE 'UTC',
                                    'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
              'user', jsonb_build_object('idstr', '9001', 'screen_name', '中国电信广东客服')) $$;
CREATE FUNCTION pg_temp.posts() RETURNS TABLE (post bigint, state text, kind text, round smallint, steps text, urgent boolean, running text)
    LANGUAGE sql SECURITY DEFINER AS
$$ SELECT p.post_id - (SELECT min(x.post_id) FROM kefu.post x) + 1, p.state, p.kind, p.review_round,
          p.steps_done || ' of ' || p.steps_needed, p.is_urgent,
          (SELECT string_agg(format('%s %s', c.clock, to_char(c.due_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI')), ', ' ORDER BY c.due_at)
             FROM kefu.clock c WHERE c.object_type = 'post' AND c.object_id = p.post_id AND c.stopped_at IS NULL)
     FROM kefu.post p ORDER BY p.post_id $$;
CREATE FUNCTION pg_temp.placements() RETURNS TABLE (post bigint, account text, state text, send_at text, native_id text, text text, reason text, sends text)
    LANGUAGE sql SECURITY DEFINER AS
$$ SELECT l.post_id - (SELECT min(x.post_id) FROM kefu.post x) + 1, l.account, l.state,
          to_char(l.send_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI'), l.native_id, l.text, l.reason,
          (SELECT string_agg(concat_ws(' ', o.action, o.state, o.attempts, o.last_class), ', ' ORDER BY o.outbound_id)
             FROM kefu.outbound o WHERE o.object_type = 'placement' AND o.object_id = l.placement_id)
     FROM kefu.placement l ORDER BY l.placement_id $$;
CREATE FUNCTION pg_temp.tasks() RETURNS TABLE (cause text, rulebook text, due text, note text)
    LANGUAGE sql SECURITY DEFINER AS
$$ SELECT k.cause, k.rulebook, to_char(k.due_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI'), k.note
     FROM kefu.task k WHERE k.state = 'open' ORDER BY k.task_id $$;
\set ECHO all

-- R10: a department asks; customer service of its province decides, never who asked.
SET LOCAL ROLE sun;
SELECT kefu.request_post('gd.market', 'gift', '开学季宽带提速', '2026-03-02 12:00+08');
SELECT (o).id AS r1, (o).state FROM (SELECT kefu.request_post('gd.market', 'marketing', '开学季宽带提速', '2026-03-02 12:00+08') AS o) x \gset
SELECT kefu.accept_request(:r1);
SET LOCAL ROLE far;
SELECT kefu.accept_request(:r1);
SET LOCAL ROLE lin;
SELECT object_type, state, why, text FROM kefu.worklist('gd') WHERE object_type = 'request';
SELECT kefu.accept_request(:r1);
SET LOCAL ROLE zhao;
SELECT state FROM kefu.reject_request(:r1, '请写明截止日期');
SET LOCAL ROLE sun;
SELECT state FROM kefu.advance('request', :r1, 'revise');
SELECT state FROM kefu.advance('request', :r1, 'submit', '{"text": "开学季宽带免费提速至100M,3月31日前有效"}');
SET LOCAL ROLE zhao;
SELECT state FROM kefu.accept_request(:r1, '同意');
RESET ROLE;
SELECT * FROM pg_temp.posts();
SELECT is_marketing, p.text, writers = ARRAY[requested_by] AS written_by_who_asked
  FROM kefu.post p JOIN kefu.post_request r USING (request_id);
SELECT max(post_id) AS p1 FROM kefu.post \gset

-- R5: reviewed by somebody else; then it is planned, and leaves when it is due.
SET LOCAL ROLE lin;
SELECT state FROM kefu.submit_post(:p1);
SELECT kefu.review_post(:p1);
SET LOCAL ROLE zhao;
SELECT state FROM kefu.review_post(:p1, '可以');
SET LOCAL ROLE lin;
SELECT kefu.schedule(:p1, '{sina.qh}', '2026-03-02 10:00+08');
SELECT kefu.schedule(:p1, '{}', '2026-03-02 10:00+08');
SELECT state FROM kefu.schedule(:p1, '{sina.gd,tencent.gd}', '2026-03-02 10:00+08');
SELECT kefu.schedule(:p1, '{sina.gd}', '2026-03-02 11:00+08');
RESET ROLE;
SELECT pg_temp.at('09:59:59');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.at('10:00');
SELECT * FROM pg_temp.placements();
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(200, pg_temp.item('70001', '开学季宽带免费提速至100M,3月31日前有效')::text);
SELECT * FROM pg_temp.placements();
SELECT state FROM kefu.post_request;
SELECT * FROM pg_temp.posts();

-- The other one was lost on the way; it is found among our own posts before
-- anything is sent again.
SELECT pg_temp.at('10:02');
SELECT * FROM pg_temp.claim();
SELECT * FROM pg_temp.placements() OFFSET 1;
SELECT pg_temp.at('10:04');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(200, jsonb_build_object('statuses', jsonb_build_array(
    pg_temp.item('80002', '早安'), pg_temp.item('80001', '开学季宽带免费提速至100M,3月31日前有效', '10:00:30')))::text);
SELECT * FROM pg_temp.placements() OFFSET 1;
SELECT * FROM pg_temp.tasks();

-- Not there in the platform's whole list: sent again, its attempts counted on.
CREATE FUNCTION pg_temp.planned(said text, accounts text[], at text, kind text DEFAULT 'service') RETURNS bigint
    LANGUAGE plpgsql AS
$$
DECLARE
    p bigint;
BEGIN
    SET LOCAL ROLE lin;
    p := (kefu.draft_post('gd', kind, said)).id;
    PERFORM kefu.submit_post(p);
    SET LOCAL ROLE zhao;
    PERFORM kefu.review_post(p);
    SET LOCAL ROLE lin;
    PERFORM kefu.schedule(p, accounts, ('2026-03-02 ' || at || '+08')::timestamptz);
    RESET ROLE;
    RETURN p;
END $$;
SELECT pg_temp.planned('天翼3G套餐余量可发短信查询', '{sina.gd}', '10:30') AS p2 \gset
SELECT pg_temp.at('10:30');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(0, NULL, 'connection reset');
SELECT pg_temp.at('10:32');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"statuses": []}');
SELECT * FROM pg_temp.placements() OFFSET 2;
SELECT pg_temp.at('10:34:30');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"statuses": []}');
SELECT * FROM pg_temp.placements() OFFSET 2;
SELECT pg_temp.at('10:34:31');
SELECT kind FROM pg_temp.claim();
-- The platform's limit puts it off; nothing was sent.
SELECT pg_temp.reply(403, '{"error_code": 10023, "error": "User requests out of rate limit!"}');
SELECT * FROM pg_temp.placements() OFFSET 2;
SELECT pg_temp.at('10:44:32');
SELECT kind FROM pg_temp.claim();
-- What it refuses comes back as a task, in its words; a person has it tried again.
SELECT pg_temp.reply(400, '{"error_code": 20021, "error": "content is illegal"}');
SELECT * FROM pg_temp.placements() OFFSET 2;
SELECT state FROM pg_temp.posts() OFFSET 1;
SELECT * FROM pg_temp.tasks();
SELECT max(placement_id) AS l3 FROM kefu.placement \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.retry_placement(:l3);
RESET ROLE;
SELECT pg_temp.at('10:45');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(200, pg_temp.item('70002', '天翼3G套餐余量可发短信查询')::text);
SELECT state FROM pg_temp.posts() OFFSET 1;
-- R76: deleted where it stands; gone already is as good, and a lost deletion is
-- simply done again.
SET LOCAL ROLE lin;
SELECT state FROM kefu.withdraw_post(:p2, '领导要求');
RESET ROLE;
SELECT kind, path, body FROM pg_temp.claim();
SELECT pg_temp.reply(0, NULL, 'timed out');
SELECT * FROM pg_temp.placements() OFFSET 2;
SELECT pg_temp.at('10:46');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(400, '{"error_code": 20101, "error": "target weibo does not exist!"}');
SELECT * FROM pg_temp.placements() OFFSET 2;
-- One that was deleted by hand on the platform.
SELECT placement_id AS l2 FROM kefu.placement WHERE account = 'tencent.gd' \gset
SET LOCAL ROLE zhao;
SELECT state FROM kefu.delete_placement(:l2, '链接已失效');
SET LOCAL ROLE lin;
SELECT state FROM kefu.advance('placement', :l2, 'deleted');
RESET ROLE;
SELECT count(*) FROM pg_temp.claim();
-- Cancelled while nobody has it, refused while the worker has.
SELECT pg_temp.planned('流量提醒', '{sina.gd,tencent.gd}', '11:00') AS p4 \gset
SELECT pg_temp.at('11:00');
SET LOCAL ROLE lin;
SELECT state FROM kefu.unschedule(:p4, '改天再发');
RESET ROLE;
SELECT count(*) FROM pg_temp.claim();
SET LOCAL ROLE lin;
SELECT state FROM kefu.schedule(:p4, '{sina.gd,tencent.gd}', '2026-03-02 11:30+08');
RESET ROLE;
SELECT pg_temp.at('11:30');
SELECT count(*) FROM pg_temp.claim();
SET LOCAL ROLE lin;
SELECT kefu.revise_post(:p4, '漏了一句');
-- Withdrawn is not possible either before it stands somewhere; then it is deleted
-- wherever it comes to stand.
SELECT kefu.withdraw_post(:p4, '不合时宜');
RESET ROLE;
SELECT pg_temp.reply(200, pg_temp.item('70003', '流量提醒')::text);
SET LOCAL ROLE lin;
SELECT state FROM kefu.withdraw_post(:p4, '不合时宜');
RESET ROLE;
SELECT post, account, state, native_id, sends FROM pg_temp.placements() OFFSET 3;
-- R76: a platform that calls it gone may only not know how to delete. Where the rows
-- say how, the post itself is asked for: what can't be read says nothing, what is shown
-- stands, and a person deletes it.
UPDATE kefu.endpoint SET verify_action = 'show_post', verify_after = '5 seconds'
 WHERE platform = 'sina' AND action = 'delete_post';
SELECT kind, path FROM pg_temp.claim();
SELECT pg_temp.reply(400, '{"error_code": 20101, "error": "target weibo does not exist!"}');
SELECT post, account, state, native_id, sends FROM pg_temp.placements() OFFSET 3;
SELECT count(*) FROM pg_temp.claim();
SELECT pg_temp.at('11:31');
SELECT kind, path FROM pg_temp.claim();
SELECT pg_temp.reply(200, '<html>');
SELECT pg_temp.at('11:35');
SELECT kind, path FROM pg_temp.claim();
SELECT pg_temp.reply(200, pg_temp.item('70003', '流量提醒')::text);
SELECT post, account, state, native_id, sends FROM pg_temp.placements() OFFSET 3;
SELECT state, last_class, last_error FROM kefu.outbound WHERE action = 'delete_post' ORDER BY outbound_id DESC LIMIT 1;
SELECT kefu.record_sent(max(outbound_id), '80003', kefu.now()) FROM kefu.outbound WHERE account = 'tencent.gd';
SELECT post, account, state, native_id, sends FROM pg_temp.placements() OFFSET 3;

-- Whoever is in the way of the sending doesn't make it be forgotten: it is fired again.
CREATE FUNCTION pg_temp.in_the_way() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'somebody is in the way'; END $$;
SELECT pg_temp.planned('办事指南', '{sina.gd}', '11:40') AS p6 \gset
CREATE TRIGGER in_the_way BEFORE INSERT ON kefu.outbound FOR EACH ROW EXECUTE FUNCTION pg_temp.in_the_way();
SET LOCAL client_min_messages = error;
SELECT pg_temp.at('11:40');
SELECT state, reason FROM kefu_bi.placements WHERE post_id = :p6;
DROP TRIGGER in_the_way ON kefu.outbound;
SELECT pg_temp.at('11:40:59');
SELECT state FROM kefu_bi.placements WHERE post_id = :p6;
SELECT pg_temp.at('11:41');
SELECT state FROM kefu_bi.placements WHERE post_id = :p6;
SET LOCAL client_min_messages = warning;
SELECT count(*) FROM pg_temp.claim() WHERE kind = 'send';
SELECT kefu.record_sent(max(outbound_id), '70004', kefu.now()) FROM kefu.outbound WHERE action = 'post';

-- R92, R116: the public answer of a topic is a post; published, it publishes the topic.
SELECT pg_temp.says('701', '宽带断网两天了没人管', kefu.now() - interval '10 minutes') AS a1,
       pg_temp.says('702', '宽带断网2天了没人管啊', kefu.now() - interval '9 minutes') AS a2,
       pg_temp.says('703', '宽带断网好几天,没人管', kefu.now() - interval '8 minutes') AS a3 \gset
SET LOCAL ROLE lin;
SELECT count(kefu.triage(m, 'inquiry', category => 'broadband.fault')) FROM unnest(ARRAY[:a1, :a2, :a3]::bigint[]) AS m;
RESET ROLE;
SELECT kefu.assign_topics() > 0 AS assigned;
SELECT topic_id AS t1, state FROM kefu.topic \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.decide_topic(:t1, 'announce');
SELECT state FROM kefu.solve_topic(:t1, '光缆已于今日修复。');
SELECT (kefu.draft_post('gd', 'notice', kefu.draft_topic(:t1), jsonb_build_object('topic', :t1))).id AS p5 \gset
SELECT state FROM kefu.submit_post(:p5);
SET LOCAL ROLE zhao;
SELECT state FROM kefu.review_post(:p5);
SELECT state FROM kefu.schedule(:p5, '{sina.gd}', '2026-03-02 12:00+08');
RESET ROLE;
SELECT pg_temp.at('12:00');
SELECT count(*) FROM pg_temp.claim() WHERE kind = 'send';
SELECT kefu.record_sent(max(outbound_id), '70005', kefu.now(), 'https://weibo.example/70005') FROM kefu.outbound WHERE action = 'post';
SELECT state, account, native_id, link FROM kefu.topic;

-- The numbers come back; what is missing three times was taken down.
SELECT kefu.take_counts('sina.gd', 'post_counts', jsonb_build_object('statuses', jsonb_build_array(
    pg_temp.item('70005', '公告', '12:00') || '{"reposts_count": 7, "comments_count": "3", "attitudes_count": 11}',
    pg_temp.item('69000', '旧', '08:00')))::text, kefu.now());
SELECT native_id, state, reposts_count, comments_count, likes_count FROM kefu_bi.placements WHERE account = 'sina.gd' AND state = 'published' ORDER BY 1;
SELECT placement_count, reposts_count, comments_count, likes_count FROM kefu_bi.posts WHERE post_id = :p5;
SELECT kefu.take_counts('sina.gd', 'post_counts', jsonb_build_object('statuses', jsonb_build_array(
    pg_temp.item('70005', '公告', '12:00'), pg_temp.item('69000', '旧', '08:00')))::text, kefu.now() + n * interval '1 hour')
  FROM generate_series(1, 2) AS n;
SELECT native_id, state FROM kefu_bi.placements WHERE account = 'sina.gd' AND native_id IS NOT NULL ORDER BY 1;

-- R76: withdrawn while one of its placements is on its way. What the platform puts off, or
-- proves absent, isn't sent any more; what failed isn't tried again.
CREATE FUNCTION pg_temp.withdrawn_meanwhile(said text, at text) RETURNS TABLE (placement bigint, outbound bigint)
    LANGUAGE plpgsql AS
$$
DECLARE
    p bigint := pg_temp.planned(said, '{sina.gd,tencent.gd}', at, 'emergency');
BEGIN
    PERFORM pg_temp.at(at);
    PERFORM FROM pg_temp.claim();
    PERFORM kefu.record_sent(o.outbound_id, (75000 + o.outbound_id)::text, kefu.now())
       FROM kefu.placement l JOIN kefu.outbound o ON o.object_type = 'placement' AND o.object_id = l.placement_id
      WHERE l.post_id = p AND l.account = 'tencent.gd';
    SET LOCAL ROLE lin;
    PERFORM kefu.withdraw_post(p, '不合时宜');
    RESET ROLE;
    RETURN QUERY SELECT l.placement_id, o.outbound_id
                   FROM kefu.placement l JOIN kefu.outbound o ON o.object_type = 'placement' AND o.object_id = l.placement_id
                  WHERE l.post_id = p AND l.account = 'sina.gd';
END $$;
SELECT placement AS l7, outbound AS o7 FROM pg_temp.withdrawn_meanwhile('紧急公告一', '12:10') \gset
SELECT kefu.record_refused(o, 'rate', 'too often', 60, false) FROM kefu.outbound o WHERE o.outbound_id = :o7 AND o.state = 'sending';
SELECT placement AS l8, outbound AS o8 FROM pg_temp.withdrawn_meanwhile('紧急公告二', '12:20') \gset
SELECT kefu.doubt_outbound(o, 'transient', 'cut') FROM kefu.outbound o WHERE o.outbound_id = :o8 AND o.state = 'sending';
SELECT placement AS l9, outbound AS o9 FROM pg_temp.withdrawn_meanwhile('紧急公告三', '12:30') \gset
SELECT kefu.record_failed(:o9, 'content_refused', 'no');
SELECT kefu.record_missing(o) FROM kefu.outbound o WHERE o.outbound_id = :o8 AND o.state = 'uncertain';
SET LOCAL ROLE lin;
SELECT kefu.retry_placement(:l9);
RESET ROLE;
SELECT pg_temp.at('14:00');
SELECT l.state, l.reason, o.state AS send,
       (SELECT count(*) FROM kefu.clock c WHERE c.object_type = 'placement' AND c.object_id = l.placement_id AND c.stopped_at IS NULL) AS running
  FROM kefu.placement l JOIN kefu.outbound o ON o.object_type = 'placement' AND o.object_id = l.placement_id
 WHERE l.placement_id IN (:l7, :l8, :l9) ORDER BY l.placement_id;

-- R133: the feedback of an opinion is a post; published, it closes the opinion.
SELECT pg_temp.says('705', '希望电视回看延长到30天', kefu.now() - interval '5 minutes') AS b1 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:b1, 'opinion', item => 'iptv');
RESET ROLE;
SELECT o.opinion_id AS o1 FROM kefu.opinion o WHERE o.message_id = :b1 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.screen_opinion(:o1, 'business', summary => '回看延长到30天');
SELECT state FROM kefu.report_opinion(:o1, '意见周报', 'gd.market');
SET LOCAL ROLE sun;
SELECT state FROM kefu.adopt_opinion(:o1, '回看延长至30天');
SELECT state FROM kefu.handle_opinion(:o1, '3月4日起回看延长至30天。');
SET LOCAL ROLE far;
SELECT kefu.draft_post('qh', 'notice', 'x', jsonb_build_object('opinion', :o1));
SET LOCAL ROLE lin;
SELECT (kefu.draft_post('gd', 'notice', kefu.draft_feedback(:o1), jsonb_build_object('opinion', :o1))).id AS p10 \gset
SELECT state FROM kefu.submit_post(:p10);
SET LOCAL ROLE zhao;
SELECT state FROM kefu.review_post(:p10);
SELECT state FROM kefu.schedule(:p10, '{sina.gd}', '2026-03-02 15:00+08');
RESET ROLE;
SELECT pg_temp.at('15:00');
SELECT count(*) > 0 AS claimed FROM pg_temp.claim() WHERE kind = 'send';
SELECT kefu.record_sent(max(outbound_id), '70006', kefu.now(), 'https://weibo.example/70006') FROM kefu.outbound WHERE action = 'post';
SELECT o.state, o.account, o.native_id, o.link, p.opinion_id = o.opinion_id AS named FROM kefu.opinion o JOIN kefu_bi.posts p USING (opinion_id);
SELECT what, object_type, detail FROM pg_temp.broken WHERE what IN ('audit', 'I2', 'I13', 'I17', 'I21');
ROLLBACK;
