-- engage: reposts and comments that a unit owes for what those we watch have posted
-- (R54 to R60, R65 to R70, with R61 and R64 of what is drafted), from home timelines.
-- The desk is that of test/lib/desk.psql, with an account of Group; the network
-- worker is played by hand. All figures are house defaults, hence rows.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
SELECT kefu.add_account('sina.group', 'sina', 'group', '中国电信客服', '9000', 'desk.sina') \g /dev/null
SELECT kefu.set_secret('desk.sina', '{"access_token": "t"}') \g /dev/null
SELECT kefu.set_secret('desk.tencent', '{"access_token": "t"}') \g /dev/null
SELECT kefu.go_live() \g /dev/null
-- A second account of gd on sina, which sees the same posts.
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
VALUES ('sina.gd2', 'sina', 'gd', '广东客服二号', '9003', 'desk.sina');
CREATE FUNCTION pg_temp.at(t text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('kefu.test_now', '2026-03-02 ' || t || '+08', true); PERFORM FROM kefu.tick(); END $$;
CREATE FUNCTION pg_temp.item(id text, author text, text text, at text, more jsonb DEFAULT '{}') RETURNS jsonb
    LANGUAGE sql AS
$$ SELECT jsonb_build_object('idstr', id, 'text', text,
              'created_at', to_char(('2026-03-02 ' || at || '+08')::timestamptz AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
              'user', jsonb_build_object('idstr', author, 'screen_name', 'n' || author)) || more $$;
CREATE FUNCTION pg_temp.of(id text, author text) RETURNS jsonb
    LANGUAGE sql AS
$$ SELECT jsonb_build_object('retweeted_status', jsonb_build_object('idstr', id, 'text', '原文', 'user',
              jsonb_build_object('idstr', author))) $$;
-- One page of a feed, as the worker fetches it.
CREATE FUNCTION pg_temp.page(account text, action text, VARIADIC items jsonb[]) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    f record;
BEGIN
    UPDATE kefu.feed_state s SET next_poll_at = '-infinity', lease_until = NULL, lease_key = NULL
     WHERE s.account = page.account AND s.action = page.action;
    SELECT c.* INTO f FROM kefu.claim_feeds(50) c WHERE c.key = account || '/' || action;
    PERFORM kefu.record_exchanges(ARRAY[f.kind], ARRAY[f.key], ARRAY[f.lease_key], ARRAY[200], ARRAY[NULL::text],
        ARRAY[true], ARRAY[jsonb_build_object('statuses', to_jsonb(items))::text], ARRAY[''], ARRAY[kefu.now()], ARRAY[kefu.now()]);
    RETURN regexp_replace(f.url, '^https://[^/]+|[?].*$', '', 'g');
END $$;
CREATE FUNCTION pg_temp.sends(reply text, status integer DEFAULT 200) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT c.* FROM kefu.claim_exchanges(50) c WHERE c.kind IN ('send', 'verify') LOOP
        PERFORM kefu.record_exchanges(ARRAY[f.kind], ARRAY[f.key], ARRAY[f.lease_key], ARRAY[status], ARRAY[NULL::text],
            ARRAY[true], ARRAY[reply], ARRAY[''], ARRAY[kefu.now()], ARRAY[kefu.now()]);
        RETURN NEXT f.kind || ' ' || regexp_replace(f.url, '^https://[^/]+|[?].*$', '', 'g');
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.owed() RETURNS TABLE (unit text, account text, what text, rulebook text, rule text, post text, due text, state text, done_by text, in_time boolean)
    LANGUAGE sql SECURITY DEFINER AS
$$ SELECT e.unit, e.account, e.what, e.rulebook, e.rule, e.watched_native_id,
          to_char(e.due_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI'), e.state, e.done_account || ' ' || e.done_native_id, e.is_in_time
     FROM kefu_bi.engagements e ORDER BY e.watched_native_id, e.unit, e.what DESC $$;
CREATE FUNCTION pg_temp.task(post text, unit text, what text) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER AS
$$ SELECT e.task_id FROM kefu_bi.engagements e
    WHERE e.watched_native_id = post AND e.unit = task.unit AND e.what = task.what $$;
SELECT kefu.add_follow_target('sina', t.id, t.name, t.category, t.subcategory)
  FROM (VALUES ('8001', '中国电信', 'official', ''), ('8002', '天翼基地', 'official', 'base'), ('8003', '集团市场部', 'official', 'department'),
               ('8004', '公司领导甲', 'official', 'leader'), ('8005', '工信部', 'official', 'regulator'),
               ('8006', '环保组织', 'other_org', 'environment')) AS t(id, name, category, subcategory) \g /dev/null
\set ECHO all

-- R70: the home timeline is polled like a feed, but brings no messages.
SELECT kefu.add_feed('sina.gd', 'home');
SELECT kefu.add_feed('sina.gd2', 'home');
SELECT kefu.add_feed('sina.group', 'home');
SELECT kefu.add_feed('sina.gd', 'own_posts');
SELECT kefu.add_feed('sina.qh', 'no_such');

-- R54: an important notice is owed a repost within 2 staffed hours, R66: a comment
-- within 8; other words, only the comment. What is older than the feed isn't owed.
SELECT pg_temp.at('10:00') \g /dev/null
SELECT pg_temp.page('sina.gd', 'home',
    pg_temp.item('103', '8001', '今天天气不错', '09:50'),
    pg_temp.item('102', '8001', '【公告】系统割接', '09:40'),
    pg_temp.item('101', '8001', '【公告】上周的', '08:59'),
    pg_temp.item('100', '5555', '路人的公告', '09:45'));
SELECT * FROM pg_temp.owed();
SELECT count(*) AS messages FROM kefu.message;
SELECT native_id, author_id, category, text FROM kefu.watched_post ORDER BY 1;
-- Seen again, and by another account of the unit: nothing new. Group owes its own.
SELECT pg_temp.page('sina.gd', 'home', pg_temp.item('102', '8001', '【公告】系统割接', '09:40'));
SELECT pg_temp.page('sina.gd2', 'home', pg_temp.item('102', '8001', '【公告】系统割接', '09:40'));
SELECT pg_temp.page('sina.group', 'home', pg_temp.item('102', '8001', '【公告】系统割接', '09:40'));
SELECT unit, count(*) FROM pg_temp.owed() GROUP BY 1 ORDER BY 1;

-- Nobody's word ends it; the repost that stands does, with the account's truth.
SET LOCAL ROLE lin;
SELECT (kefu.task_done(pg_temp.task('102', 'gd', 'repost'), '已转发')).state;
SELECT (kefu.advance('task', pg_temp.task('102', 'gd', 'repost'), 'engaged', '{"native_id": "1"}')).state;
SELECT what, account, author, text FROM kefu.show_engagement(pg_temp.task('102', 'gd', 'repost'));
SELECT what FROM kefu.show_engagement(pg_temp.task('102', 'group', 'repost'));
SELECT (kefu.comment_on(pg_temp.task('102', 'gd', 'repost'), '支持')).state;
-- The refusal names a number that depends on what ran before.
\set VERBOSITY sqlstate
SELECT (kefu.repost_task(pg_temp.task('102', 'gd', 'comment'))).state;
\set VERBOSITY default
SELECT id AS post, state FROM kefu.repost_task(pg_temp.task('102', 'gd', 'repost'), '请大家留意') \gset p_
-- The refusal names a number that depends on what ran before.
\set VERBOSITY sqlstate
SELECT (kefu.repost_task(pg_temp.task('102', 'gd', 'repost'), '再来一次')).state;
\set VERBOSITY default
RESET ROLE;
SELECT kind, text, repost_platform, repost_id, repost_source FROM kefu.post WHERE post_id = :p_post;
SET LOCAL ROLE lin;
SELECT (kefu.submit_post(:p_post, '时效')).state;
RESET ROLE;
SET LOCAL ROLE zhao;
SELECT (kefu.review_post(:p_post)).state;
SELECT (kefu.schedule(:p_post, '{sina.gd2}', '2026-03-02 11:00+08')).state;
RESET ROLE;
SELECT pg_temp.at('11:00') \g /dev/null
SELECT state FROM pg_temp.owed() WHERE post = '102' AND unit = 'gd' AND what = 'repost';
SELECT * FROM pg_temp.sends(pg_temp.item('7001', '9003', '请大家留意', '11:00')::text);
SELECT state, done_by, in_time FROM pg_temp.owed() WHERE post = '102' AND unit = 'gd' AND what = 'repost';
SELECT placement_id IS NOT NULL AS by_desk, post_id = :p_post AS is_it, done_seconds FROM kefu_bi.engagements
 WHERE watched_native_id = '102' AND unit = 'gd' AND what = 'repost';

-- R65, R66: the comment is checked, queued, and done when the platform took it.
SET LOCAL ROLE lin;
SELECT (kefu.comment_on(pg_temp.task('102', 'gd', 'comment'), ' ')).state;
SELECT (kefu.comment_on(pg_temp.task('102', 'gd', 'comment'), '请拨打13800138000')).state;
SELECT (kefu.comment_on(pg_temp.task('102', 'gd', 'comment'), '支持,辛苦了!')).state;
-- The refusal names a number that depends on what ran before.
\set VERBOSITY sqlstate
SELECT (kefu.comment_on(pg_temp.task('102', 'gd', 'comment'), '再说一遍')).state;
\set VERBOSITY default
RESET ROLE;
SELECT state FROM pg_temp.owed() WHERE post = '102' AND unit = 'gd' AND what = 'comment';
-- Not taken: still owed, with the platform's words.
SELECT * FROM pg_temp.sends('{"error": "content is illegal", "error_code": 20018}', 400);
SELECT state FROM pg_temp.owed() WHERE post = '102' AND unit = 'gd' AND what = 'comment';
SET LOCAL ROLE lin;
SELECT reason FROM kefu.show_engagement(pg_temp.task('102', 'gd', 'comment'));
SELECT (kefu.comment_on(pg_temp.task('102', 'gd', 'comment'), '为客户着想!')).state;
RESET ROLE;
-- Perhaps taken: looked for before anything else.
SELECT * FROM pg_temp.sends('<html>', 502);
SELECT state FROM pg_temp.owed() WHERE post = '102' AND unit = 'gd' AND what = 'comment';
SELECT pg_temp.at('11:10') \g /dev/null
SELECT * FROM pg_temp.sends(jsonb_build_object('comments', jsonb_build_array(pg_temp.item('7002', '9001', '为客户着想!', '11:01',
    '{"status": {"idstr": "102", "user": {"idstr": "8001"}}}')))::text);
SELECT state, done_by, in_time FROM pg_temp.owed() WHERE post = '102' AND unit = 'gd' AND what = 'comment';

-- R55, R56, R57: Group's departments, bases, regulators. R67: welfare organisations.
SELECT pg_temp.at('12:00') \g /dev/null
SELECT pg_temp.page('sina.gd', 'home',
    pg_temp.item('203', '8006', '植树活动', '11:57'),
    pg_temp.item('202', '8005', '关于码号的通知', '11:56'),
    pg_temp.item('201', '8002', '新品介绍:天翼空间', '11:55'),
    pg_temp.item('200', '8003', '充值优惠活动', '11:54'),
    pg_temp.item('199', '8005', '领导讲话', '11:53'));
SELECT account, what, rulebook, rule, post, due FROM pg_temp.owed() WHERE post BETWEEN '199' AND '203';

-- R59: leaders' business posts, above all answers to complaints, which are due earlier.
SELECT pg_temp.page('sina.gd', 'home',
    pg_temp.item('302', '8004', '周末爬山', '11:59'),
    pg_temp.item('301', '8004', '宽带提速', '11:58'),
    pg_temp.item('300', '8004', '投诉已安排处理', '11:57', pg_temp.of('55', '5555')));
SELECT what, rulebook, rule, post, due FROM pg_temp.owed() WHERE post BETWEEN '300' AND '302';

-- R58: Group and provinces repost each other; one's own other account, and a
-- province's, are nobody's duty; what reposts us is not sent back.
SELECT pg_temp.page('sina.gd', 'home',
    pg_temp.item('403', '9000', '转发', '11:59', pg_temp.of('90', '9001')),
    pg_temp.item('402', '9003', '二号的微博', '11:59'),
    pg_temp.item('401', '9002', '青海的微博', '11:59'),
    pg_temp.item('400', '9000', '集团客服提醒', '11:59'));
SELECT pg_temp.page('sina.group', 'home', pg_temp.item('401', '9002', '青海的微博', '11:59'));
SELECT unit, what, rulebook, post, due FROM pg_temp.owed() WHERE post BETWEEN '400' AND '403';
-- Reposted by hand on the platform: the account's own list says so. Not that of another post.
SELECT pg_temp.page('sina.gd', 'own_posts', pg_temp.item('7101', '9001', '转', '12:00', pg_temp.of('999', '9000')));
SELECT state FROM pg_temp.owed() WHERE post = '400' AND what = 'repost';
SELECT pg_temp.page('sina.gd', 'own_posts', pg_temp.item('7102', '9001', '转', '12:00', pg_temp.of('400', '9000')));
SELECT state, done_by FROM pg_temp.owed() WHERE post = '400' AND what = 'repost';
-- The home timeline shows one's own too.
SELECT pg_temp.page('sina.group', 'home', pg_temp.item('7103', '9000', '转', '12:00', pg_temp.of('401', '9002')));
SELECT state, done_by FROM pg_temp.owed() WHERE post = '401' AND what = 'repost';

-- Deleted at its platform: nothing is owed any more, by nobody.
SELECT pg_temp.page('sina.gd2', 'home', '{"idstr": "200", "deleted": "1"}'::jsonb);
SELECT what, state FROM pg_temp.owed() WHERE post = '200';
SELECT is_deleted FROM kefu_bi.engagements WHERE watched_native_id = '200' AND what = 'repost';
SET LOCAL ROLE lin;
SELECT (kefu.comment_on(pg_temp.task('201', 'gd', 'comment'), '好产品')).state;
RESET ROLE;
SELECT * FROM pg_temp.sends('{"error": "target weibo does not exist", "error_code": 20101}', 400);
SELECT what, state FROM pg_temp.owed() WHERE post = '201';

-- A leader waives, with a reason; what was still to be said isn't.
SET LOCAL ROLE lin;
SELECT (kefu.advance('task', pg_temp.task('301', 'gd', 'repost'), 'waive', '{"reason": "x"}')).state;
SELECT (kefu.comment_on(pg_temp.task('203', 'gd', 'comment'), '为环保点赞')).state;
RESET ROLE;
SET LOCAL ROLE zhao;
SELECT (kefu.advance('task', pg_temp.task('203', 'gd', 'comment'), 'waive', '{"reason": "当日已评"}')).state;
RESET ROLE;
SELECT state FROM kefu.outbound WHERE object_type = 'task' ORDER BY outbound_id DESC LIMIT 1;

-- R67: one a day; the next day, of Beijing, one more. A new version holds from its day on.
SELECT pg_temp.page('sina.gd', 'home', pg_temp.item('204', '8006', '节水', '11:58'));
SELECT count(*) FROM pg_temp.owed() WHERE post = '204';
SELECT kefu.set_engage_rule('environment_comment', '2026-03-01', '{"at_most": 2}');
SELECT kefu.set_engage_rule('environment_comment', '2026-03-03', '{"at_last": 2}');
SELECT kefu.set_engage_rule('new_one', '2026-03-03', '{"what": "repost"}');
SELECT kefu.set_engage_rule('environment_comment', '2026-03-03', '{"category": "nonsense"}');
SELECT kefu.set_engage_rule('environment_comment', '2026-03-03', '{"pattern": "("}');
SELECT kefu.set_engage_rule('environment_comment', '2026-03-03', '{"due_within": "1 day"}');
SET LOCAL ROLE zhao;
SELECT kefu.set_engage_rule('environment_comment', '2026-03-03', '{"at_most": 2}');
RESET ROLE;
SELECT kefu.set_engage_rule('environment_comment', '2026-03-03 09:00+08', '{"at_most": 2, "due_within": "01:00", "is_staffed_time": false}');
SET LOCAL kefu.test_now = '2026-03-02 23:59:59+08';
SELECT pg_temp.page('sina.gd', 'home', pg_temp.item('204', '8006', '节水', '11:58'));
SELECT count(*) FROM pg_temp.owed() WHERE post = '204';
SET LOCAL kefu.test_now = '2026-03-03 00:00+08';
SELECT pg_temp.page('sina.gd', 'home', pg_temp.item('204', '8006', '节水', '11:58'));
SELECT due FROM pg_temp.owed() WHERE post = '204';
SET LOCAL kefu.test_now = '2026-03-03 08:59:59+08';
SELECT pg_temp.page('sina.gd', 'home', pg_temp.item('205', '8006', '节电', '23:50'));
SELECT count(*) FROM pg_temp.owed() WHERE post = '205';
SET LOCAL kefu.test_now = '2026-03-03 09:00+08';
SELECT pg_temp.page('sina.gd', 'home', pg_temp.item('205', '8006', '节电', '23:50'), pg_temp.item('206', '8006', '节粮', '23:51'));
SELECT post, due FROM pg_temp.owed() WHERE post IN ('205', '206');
-- A rule that is ended owes nothing.
SELECT kefu.set_engage_rule('sister_post', '2026-03-03 09:00+08', '{"due_within": null}');
SELECT pg_temp.page('sina.gd', 'home', pg_temp.item('404', '9000', '集团客服提醒', '23:59'));
SELECT what FROM pg_temp.owed() WHERE post = '404';

-- R68: whom we follow and who writes to us, named by identity; only about telecom.
SET LOCAL ROLE lin;
SELECT (kefu.propose_follow('sina.gd', '701', 'active_user')).id AS f \gset
SELECT (kefu.start_follow(:f)).state;
RESET ROLE;
SELECT count(*) FROM pg_temp.sends('{"id": 701, "idstr": "701"}');
SELECT pg_temp.says('701', '宽带怎么报装', '2026-03-03 09:00+08') \g /dev/null
SELECT pg_temp.page('sina.gd', 'home', pg_temp.item('501', '701', '电信宽带真快', '23:58'), pg_temp.item('500', '701', '吃饭', '23:57'));
SELECT what, rulebook, post FROM pg_temp.owed() WHERE post IN ('500', '501');
SELECT author_id IS NULL AS unnamed, text FROM kefu.watched_post WHERE native_id = '501';
SELECT author_name FROM kefu_bi.engagements WHERE watched_native_id = '501';
-- What is erased takes it along.
SELECT kefu.erase_identities(ARRAY[i.person_id]) FROM kefu.identity i WHERE i.native_id = '701' \g /dev/null
SELECT text, url FROM kefu.watched_post WHERE native_id = '501';

-- R60, R69: praise in public that was thanked for is owed a repost; said in private, not.
SELECT pg_temp.says('801', '广东电信服务很好,点赞', '2026-03-03 09:00+08') AS g1, pg_temp.says('802', '谢谢客服', '2026-03-03 09:00+08', action => 'messages') AS g2 \gset
SET LOCAL ROLE lin;
SELECT (kefu.triage(:g1, 'praise')).state, (kefu.triage(:g2, 'praise')).state;
SELECT (kefu.thank(pg_temp.ticket_of(:g1))).state;
SELECT (kefu.thank(pg_temp.ticket_of(:g2))).state;
RESET ROLE;
SELECT what, rulebook, category, message_id = :g1 AS is_it, state FROM kefu_bi.engagements WHERE message_id IS NOT NULL;
SELECT task_id AS praise FROM kefu_bi.engagements WHERE message_id = :g1 \gset
SET LOCAL ROLE lin;
SELECT (kefu.task_done(:praise, '已转发')).state;
SELECT (kefu.repost_task(:praise, '感谢支持', 'nonsense')).state;
SELECT (kefu.repost_task(:praise, '感谢支持', 'culture')).state;
RESET ROLE;
SELECT kind, repost_id = (SELECT g.native_id FROM kefu.message g WHERE g.message_id = :g1) AS is_it, repost_source FROM kefu.post ORDER BY post_id DESC LIMIT 1;
SELECT pg_temp.page('sina.gd', 'own_posts', pg_temp.item('7201', '9001', '谢谢', '23:59', pg_temp.of((SELECT g.native_id FROM kefu.message g WHERE g.message_id = :g1), '801')));
SELECT state, done_native_id FROM kefu_bi.engagements WHERE message_id = :g1;

-- R70: overdue is a finding of its own, at the boundary; after its time it lapses.
SET LOCAL kefu.test_now = '2026-03-02 15:58+08';
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'late_engagement' AND object_id = pg_temp.task('301', 'gd', 'repost');
SET LOCAL kefu.test_now = '2026-03-02 15:58:01+08';
SELECT all_rulebook, unit, account, detail_zh, detail_en FROM kefu_bi.findings WHERE finding = 'late_engagement' AND object_id = pg_temp.task('301', 'gd', 'repost');
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'late_promise' AND object_id = pg_temp.task('301', 'gd', 'repost') AND object_type = 'task';
SET LOCAL kefu.test_now = '2026-03-05 11:57:59+08';
SELECT FROM kefu.tick(10000) \g /dev/null
SELECT state FROM pg_temp.owed() WHERE post = '301' AND what = 'repost';
SET LOCAL kefu.test_now = '2026-03-05 11:58+08';
SELECT FROM kefu.tick(10000) \g /dev/null
SELECT state, in_time FROM pg_temp.owed() WHERE post = '301' AND what = 'repost';
SELECT what, rulebook, owed_count, done_count, in_time_count, late_count, waived_count, expired_count, open_count, judged_count, in_time_pct
  FROM kefu_bi.engagement_kpis WHERE unit = 'gd' ORDER BY what, rulebook;

-- Visibility: others see neither facts nor posts.
SET LOCAL ROLE far;
SELECT count(*) FROM kefu_bi.engagements;
SELECT count(*) FROM kefu_bi.engage_rules WHERE is_in_force;
SELECT (kefu.repost_task(pg_temp.task('300', 'gd', 'repost'))).state;
RESET ROLE;
-- A page that can't be read is kept and told.
SET LOCAL kefu.test_now = '2026-03-05 12:00+08';
SELECT pg_temp.page('sina.gd', 'home', '{"idstr": "1"}'::jsonb);
SELECT reason FROM kefu.dead_letter WHERE action = 'home';
SELECT count(*) FROM kefu_bi.invariants WHERE invariant IN ('I13', 'I21');
ROLLBACK;
