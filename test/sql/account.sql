-- account: what our accounts show, by rule and in fact, and who switched what
-- when (R11, R16 to R28; rulings 26, 28). The desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE FUNCTION pg_temp.found(which text) RETURNS TABLE (rulebook text, unit text, account text, since_at timestamptz,
        detail_zh text, detail_en text)
    LANGUAGE sql AS
$$
    SELECT f.all_rulebook, f.unit, f.account, f.since_at, f.detail_zh, f.detail_en
      FROM kefu_bi.findings f WHERE f.finding = which AND f.unit IN ('group', 'gd', 'qh')
     ORDER BY f.unit, f.account, f.all_rulebook, f.detail_en $$;
CREATE FUNCTION pg_temp.polled(account text, reply jsonb, status integer DEFAULT 200) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    f record;
BEGIN
    UPDATE kefu.feed_state s SET next_poll_at = kefu.now() WHERE s.account = polled.account AND s.action = 'profile';
    SELECT c.* INTO f FROM kefu.claim_exchanges(10) c WHERE c.key = account || '/profile';
    PERFORM kefu.record_exchanges(ARRAY[f.kind], ARRAY[f.key], ARRAY[f.lease_key], ARRAY[status], ARRAY[NULL::text],
        ARRAY[true], ARRAY[reply::text], ARRAY[''], ARRAY[kefu.now()], ARRAY[kefu.now()]);
    RETURN regexp_replace(f.url, 'access_token=[^&]*', 'access_token=…');
END $$;
\set ECHO all

-- R16, R17: names by unit; R18: one account on each live platform. The test's
-- two platforms, Group has none.
SELECT account, rule_name, registered_name, is_name_by_rule FROM kefu_bi.accounts ORDER BY 1;
SELECT * FROM pg_temp.found('name_break');
SELECT rulebook, unit, account, detail_zh, detail_en FROM pg_temp.found('account_gap');
SELECT kefu.reserve_name('tencent', 'qh', '@中国电信青海客服', '截图1');
SELECT kefu.reserve_name('tencent', 'qh', '中国电信青海客服', '截图1');
SELECT kefu.add_account('sina.group', 'sina', 'group', '@中国电信客服', '9000', 'desk.sina');
SELECT kefu.add_account('sina.gd2', 'sina', 'gd', '广东电信微博', '9009', 'desk.sina');
SELECT rulebook, unit, account, detail_zh, detail_en FROM pg_temp.found('account_gap');
SELECT * FROM pg_temp.found('name_break');
SELECT kefu.set_account('sina.gd2', false);
SET LOCAL ROLE zhao;
SELECT kefu.reserve_name('tencent', 'group', '中国电信客服', '截图');
RESET ROLE;
-- A name is changed for all by a new version with its day, never for the past.
SELECT kefu.set_profile_rule('2026-03-01', '{"province_name": "电信{province}客服"}');
SELECT kefu.set_profile_rule('2026-03-03', '{"colour": "blue"}');
SELECT kefu.set_profile_rule('2026-03-03', '{"province_name": "电信{province}客服"}');
SELECT count(*) FROM pg_temp.found('name_break');
SET LOCAL kefu.test_now = '2026-03-02 23:59:59+08';
SELECT count(*) FROM pg_temp.found('name_break');
SET LOCAL kefu.test_now = '2026-03-03 00:00+08';
SELECT account, detail_zh FROM pg_temp.found('name_break');
SELECT kefu.set_profile_rule('2026-03-03', '{"province_name": "中国电信{province}客服"}');
SELECT kefu.set_profile_rule('2026-03-03 00:01+08', '{"province_name": "中国电信{province}客服"}');
SET LOCAL kefu.test_now = '2026-03-03 00:01+08';
SELECT count(*) FROM pg_temp.found('name_break');

-- R11: what an account should show is set, and what it shows is looked at
-- every 7 days.
SET LOCAL kefu.test_now = '2026-03-03 09:00+08';
SELECT account, detail_en FROM pg_temp.found('profile_apart');
SELECT account, detail_en FROM pg_temp.found('unseen_profile');
SET LOCAL ROLE lin;
SELECT kefu.set_account_profile('sina.gd', '{"intro": "中国电信广东客服官方微博"}');
RESET ROLE;
SET LOCAL ROLE zhao;
SELECT kefu.set_account_profile('sina.gd', '{"colour": "blue"}');
SELECT kefu.set_account_profile('sina.qh', '{"intro": "x"}');
SELECT kefu.set_account_profile('sina.gd', '{"intro": "中国电信广东客服官方微博", "domain": "ct10000gd",
    "tags": ["中国电信", "客服", "天翼", "宽带"], "topics": ["天翼"]}');
SELECT kefu.note_profile('sina.gd', '{"tags": ["客服"]}', '');
SELECT kefu.note_profile('sina.gd', '{"tags": ["客服"]}', '截图', '2026-03-03 09:01+08');
SELECT kefu.note_profile('sina.gd', '{"tags": ["中国电信", "客服", "天翼"], "topics": ["天翼"]}', '截图2');
SELECT kefu.note_profile('sina.gd', '{"tags": ["中国电信", "客服", "天翼"], "topics": ["天翼"]}', '截图2');
RESET ROLE;
SELECT detail_zh, detail_en FROM pg_temp.found('profile_apart') WHERE account = 'sina.gd';
SET LOCAL kefu.test_now = '2026-03-10 09:00+08';
SELECT account, since_at FROM pg_temp.found('unseen_profile') WHERE account = 'sina.gd';
SET LOCAL kefu.test_now = '2026-03-10 09:00:01+08';
SELECT account, since_at FROM pg_temp.found('unseen_profile') WHERE account = 'sina.gd';

-- The platform tells what it can, polled like a feed and never a message.
SET LOCAL kefu.test_now = '2026-03-10 10:00+08';
SELECT kefu.set_secret('desk.sina', '{"access_token": "t"}');
SELECT state FROM kefu.go_live() AS g(state) \g /dev/null
SELECT kefu.add_feed('sina.gd', 'profile', '1 day');
SELECT pg_temp.polled('sina.gd', '{"id": 9001, "idstr": "9001", "screen_name": "中国电信广东客服", "verified": true,
    "description": "中国电信广东客服官方微博", "domain": "gdtelecom", "allow_all_act_msg": false,
    "avatar_large": "https://tp1.example/9001/180/1"}');
SELECT seen_at, checked_at, is_platform, name, domain, tags, avatar, is_verified, dm_open
  FROM kefu.account_profile_seen WHERE account = 'sina.gd' ORDER BY 1;
SELECT count(*) FROM kefu.message;
-- R26, R28, R27: closed messages, no V, a domain of another series.
SELECT rulebook, account, detail_zh, detail_en FROM pg_temp.found('profile_setting');
SELECT account, detail_en FROM pg_temp.found('odd_domain');
-- R24: the fourth tag is missing.
SELECT rulebook, account, detail_zh, detail_en FROM pg_temp.found('missing_tag');
-- The same again changes nothing but the time of the look; a reply without a
-- profile is a dead letter.
SET LOCAL kefu.test_now = '2026-03-11 10:00+08';
SELECT pg_temp.polled('sina.gd', '{"id": 9001, "idstr": "9001", "screen_name": "中国电信广东客服", "verified": true,
    "description": "中国电信广东客服官方微博", "domain": "gdtelecom", "allow_all_act_msg": false,
    "avatar_large": "https://tp1.example/9001/180/1"}') IS NOT NULL AS polled;
SELECT seen_at, checked_at, is_platform FROM kefu.account_profile_seen WHERE account = 'sina.gd' ORDER BY 1;
SET LOCAL kefu.test_now = '2026-03-12 10:00+08';
SELECT pg_temp.polled('sina.gd', '[]') IS NOT NULL AS polled;
SELECT last_class, failures FROM kefu.feed_state WHERE account = 'sina.gd' AND action = 'profile';
SELECT action, reason FROM kefu.dead_letter WHERE account = 'sina.gd';
SELECT count(*) FROM kefu.feed_gap WHERE account = 'sina.gd';
-- Mended on the platform, and gone.
SET LOCAL kefu.test_now = '2026-03-13 10:00+08';
SELECT pg_temp.polled('sina.gd', '{"id": 9001, "idstr": "9001", "screen_name": "中国电信广东客服", "verified": true,
    "description": "中国电信广东客服官方微博", "domain": "ct10000gd", "allow_all_act_msg": true,
    "avatar_large": "https://tp1.example/9001/180/1"}') IS NOT NULL AS polled;
SET LOCAL ROLE lin;
SELECT kefu.note_profile('sina.gd', '{"tags": ["宽带", "中国电信", "客服", "天翼"]}', '截图3');
RESET ROLE;
SELECT finding, detail_en FROM kefu_bi.findings
 WHERE account = 'sina.gd' AND finding IN ('profile_apart', 'profile_setting', 'odd_domain', 'missing_tag', 'unseen_profile');
SELECT seen_tags, missing_tag_count, is_verified, is_message_open, is_name_by_rule, checked_at
  FROM kefu_bi.accounts WHERE account = 'sina.gd';

-- R20, R23: a person looks, and looks again when something changed.
SELECT rulebook, detail_zh, detail_en FROM pg_temp.found('unfit_profile') WHERE account = 'sina.gd';
SET LOCAL ROLE lin;
SELECT kefu.review_profile('sina.gd', true, true);
RESET ROLE;
SET LOCAL ROLE zhao;
SELECT kefu.review_profile('sina.gd', false, true);
SELECT kefu.review_profile('sina.gd', false, true, '背景没有客服元素');
RESET ROLE;
SELECT rulebook, detail_zh, detail_en FROM pg_temp.found('unfit_profile') WHERE account = 'sina.gd';
SET LOCAL kefu.test_now = '2026-03-13 10:01+08';
SET LOCAL ROLE zhao;
SELECT kefu.review_profile('sina.gd', true, true);
RESET ROLE;
SELECT count(*) FROM pg_temp.found('unfit_profile') WHERE account = 'sina.gd';
SET LOCAL kefu.test_now = '2026-03-13 10:02+08';
SET LOCAL ROLE lin;
SELECT kefu.note_profile('sina.gd', '{"background": "bg-2"}', '截图4');
RESET ROLE;
SELECT rulebook, detail_en FROM pg_temp.found('unfit_profile') WHERE account = 'sina.gd';

-- R25: a new service name, a task for each account of a province.
SET LOCAL ROLE zhao;
SELECT kefu.new_service_tag('天翼云', '2026-03-20 18:00+08', '新业务');
RESET ROLE;
SET LOCAL ROLE he;
SELECT kefu.new_service_tag('天翼云', '2026-03-13 10:00+08', '新业务');
SELECT kefu.new_service_tag('天翼云', '2026-03-20 18:00+08', '新业务');
RESET ROLE;
SELECT kind, rulebook, unit, account, subject, due_at, state, is_late FROM kefu_bi.account_duties ORDER BY account;
SET LOCAL kefu.test_now = '2026-03-20 17:59:59+08';
SELECT count(*) FROM pg_temp.found('missing_tag') WHERE rulebook = 'R25';
SET LOCAL kefu.test_now = '2026-03-20 18:00+08';
SELECT rulebook, account, detail_zh FROM pg_temp.found('missing_tag') WHERE rulebook = 'R25';
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'late_promise' AND all_rulebook = 'R25';
SET LOCAL kefu.test_now = '2026-03-20 18:00:01+08';
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'late_promise' AND all_rulebook = 'R25';
SELECT duty_id AS d1 FROM kefu_bi.account_duties WHERE account = 'sina.gd' AND kind = 'tag' \gset
SET LOCAL ROLE far;
SELECT kefu.duty_done(:d1, '截图');
RESET ROLE;
SET LOCAL ROLE lin;
SELECT (kefu.duty_done(:d1, '截图', '2026-03-21 00:00+08')).state;
SELECT (kefu.duty_done(:d1, '截图5', '2026-03-20 17:00+08')).state;
SELECT kefu.note_profile('sina.gd', '{"tags": ["宽带", "中国电信", "客服", "天翼", "天翼云"]}', '截图5');
SELECT state, done_at, off_seconds FROM kefu_bi.account_duties WHERE duty_id = :d1;
RESET ROLE;
SELECT account FROM pg_temp.found('missing_tag') WHERE rulebook = 'R25';
SELECT kefu.retire_tag('天翼云', '2026-03-20 18:00:01+08');
SELECT account FROM pg_temp.found('missing_tag') WHERE rulebook = 'R25';

-- R19: one avatar, one time.
SET LOCAL kefu.test_now = '2026-04-01 09:00+08';
SET LOCAL ROLE zhao;
SELECT kefu.issue_avatar('avatar-2026', '2026-04-02 10:00+08');
RESET ROLE;
SET LOCAL ROLE he;
SELECT kefu.issue_avatar('avatar-2026', '2026-04-01 08:59+08');
SELECT kefu.issue_avatar('avatar-2026', '2026-04-02 10:00+08') > 0 AS issued;
SELECT kefu.issue_avatar('avatar-other', '2026-04-02 10:00+08');
RESET ROLE;
SELECT account, due_at, state FROM kefu_bi.account_duties WHERE kind = 'avatar' ORDER BY 1;
-- In time to the quarter of an hour; a minute more is off its time.
SET LOCAL kefu.test_now = '2026-04-02 10:20+08';
SELECT duty_id AS gd FROM kefu_bi.account_duties WHERE kind = 'avatar' AND account = 'sina.gd' \gset
SELECT duty_id AS gdt FROM kefu_bi.account_duties WHERE kind = 'avatar' AND account = 'tencent.gd' \gset
SELECT duty_id AS qh FROM kefu_bi.account_duties WHERE kind = 'avatar' AND account = 'sina.qh' \gset
SET LOCAL ROLE lin;
SELECT (kefu.duty_done(:gd, '截图6', '2026-04-02 10:15+08')).state;
SELECT (kefu.duty_done(:gdt, '截图7', '2026-04-02 09:44+08')).state;
RESET ROLE;
SELECT rulebook, account, detail_zh, detail_en FROM pg_temp.found('switch_apart');
-- The late one.
SELECT f.unit, f.all_rulebook, f.detail_en FROM kefu_bi.findings f WHERE f.finding = 'late_promise' AND f.all_rulebook = 'R19' ORDER BY 1;
-- What the platform shows: still the one from before, then a new one, then another.
SELECT pg_temp.polled('sina.gd', '{"screen_name": "中国电信广东客服", "avatar_large": "https://tp1.example/9001/180/1"}') IS NOT NULL AS polled;
SELECT account, detail_zh, detail_en FROM pg_temp.found('avatar_apart');
SET LOCAL kefu.test_now = '2026-04-02 11:00+08';
SELECT pg_temp.polled('sina.gd', '{"screen_name": "中国电信广东客服", "avatar_large": "https://tp1.example/9001/180/2"}') IS NOT NULL AS polled;
SELECT account, detail_en FROM pg_temp.found('avatar_apart');
SET LOCAL kefu.test_now = '2026-04-02 12:00+08';
SELECT pg_temp.polled('sina.gd', '{"screen_name": "中国电信广东客服", "avatar_large": "https://tp1.example/9001/180/3"}') IS NOT NULL AS polled;
SELECT account, detail_en FROM pg_temp.found('avatar_apart');
-- By a person: the medium issued is right, any other isn't.
SET LOCAL ROLE lin;
SELECT kefu.note_profile('tencent.gd', '{"avatar": "avatar-2025"}', '截图8');
RESET ROLE;
SELECT account, detail_en FROM pg_temp.found('avatar_apart') WHERE account = 'tencent.gd';
SET LOCAL kefu.test_now = '2026-04-02 12:01+08';
SET LOCAL ROLE lin;
SELECT kefu.note_profile('tencent.gd', '{"avatar": "avatar-2026"}', '截图9');
RESET ROLE;
SELECT account, detail_en FROM pg_temp.found('avatar_apart') WHERE account = 'tencent.gd';
-- What was off its time is shown for 7 days.
SET LOCAL kefu.test_now = '2026-04-09 09:43:59+08';
SELECT count(*) FROM pg_temp.found('switch_apart');
SET LOCAL kefu.test_now = '2026-04-09 09:44+08';
SELECT count(*) FROM pg_temp.found('switch_apart');
-- Another tolerance holds from its day on.
SET LOCAL kefu.test_now = '2026-04-03 09:00+08';
SELECT kefu.set_profile_rule('2026-04-03 10:00+08', '{"switch_tolerance": "20 minutes"}');
SELECT count(*) FROM pg_temp.found('switch_apart');
SET LOCAL kefu.test_now = '2026-04-03 10:00+08';
SELECT count(*) FROM pg_temp.found('switch_apart');

-- R21: a campaign's background goes up and comes down with it.
SET LOCAL ROLE lin;
SELECT kefu.add_campaign('gd.517', 'gd', '5·17天翼活动', '2026-05-10 09:00+08', '2026-05-17 09:00+08', 'bg-517');
SELECT kefu.add_campaign('qh.517', 'qh', '青海活动', '2026-05-10 09:00+08', '2026-05-17 09:00+08', 'bg-qh');
SELECT kefu.add_campaign('gd.back', 'gd', '倒', '2026-05-10 09:00+08', '2026-05-10 09:00+08', 'bg');
SELECT kind, account, due_at, state FROM kefu_bi.account_duties WHERE subject = 'gd.517' ORDER BY account, kind DESC;
SELECT kefu.set_campaign('gd.517', to_at => '2026-05-18 09:00+08');
SELECT kind, account, due_at FROM kefu_bi.account_duties WHERE subject = 'gd.517' ORDER BY account, kind DESC;
RESET ROLE;
SELECT t.state, count(*) FROM kefu.profile_duty d JOIN kefu.task t USING (task_id) WHERE d.subject = 'gd.517' GROUP BY 1 ORDER BY 1;
SET LOCAL kefu.test_now = '2026-05-10 09:30+08';
SELECT duty_id AS up FROM kefu_bi.account_duties WHERE kind = 'campaign_up' AND account = 'sina.gd' \gset
SET LOCAL ROLE lin;
SELECT (kefu.duty_done(:up, '截图10', '2026-05-10 09:21+08')).state;
SELECT campaign, account_count, up_count, down_count, late_count FROM kefu_bi.campaigns;
RESET ROLE;
SELECT rulebook, account, detail_en FROM pg_temp.found('switch_apart') WHERE rulebook = 'R21';
-- Called off: what is up still comes down, what isn't needn't.
SET LOCAL ROLE lin;
SELECT kefu.set_campaign('gd.517', is_live => false);
SELECT kind, account, state FROM kefu_bi.account_duties WHERE subject = 'gd.517' ORDER BY account, kind DESC;
RESET ROLE;

-- R22: eleven festivals each year, dates with their source.
SELECT extract(year FROM date) AS year, count(*), count(DISTINCT festival) FROM kefu.festival GROUP BY 1 ORDER BY 1;
SELECT name_zh, date, basis FROM kefu.festival WHERE date BETWEEN '2028-08-01' AND '2028-10-31' ORDER BY date;
-- Duties come 30 days before, and once.
SET LOCAL kefu.test_now = '2028-09-02 23:59:59+08';
SELECT kefu.plan_themes();
SELECT count(*) FROM kefu_bi.account_duties WHERE subject = 'mid_autumn/2028-10-03';
SET LOCAL kefu.test_now = '2028-09-03 00:00+08';
SELECT kefu.plan_themes();
SELECT kefu.plan_themes();
SELECT kind, unit, account, due_at FROM kefu_bi.account_duties WHERE subject = 'mid_autumn/2028-10-03' ORDER BY unit, due_at, account;
-- 中秋 within 国庆: two themes at once.
SELECT festival_label_zh, date, to_date, overlapping, account_count, up_count, is_designed
  FROM kefu_bi.themes WHERE unit = 'gd' AND date > '2028-09-01' ORDER BY date;
-- The template is offered by the day.
SET LOCAL kefu.test_now = '2028-10-02 23:59:59+08';
SELECT rulebook, unit, detail_zh, detail_en FROM pg_temp.found('missing_template') WHERE unit = 'gd';
SET LOCAL kefu.test_now = '2028-10-03 00:00+08';
SELECT rulebook, unit, since_at, detail_zh FROM pg_temp.found('missing_template') WHERE unit = 'gd';
SET LOCAL ROLE lin;
SELECT kefu.count_downloads('gd', 'mid_autumn', '2028-10-03', 12);
SELECT kefu.offer_template('gd', 'mid_autumn', '2028-10-03', 'ftp://x');
SELECT kefu.offer_template('gd', 'mid_autumn', '2028-10-04', 'https://t.example/1');
SELECT kefu.offer_template('gd', 'mid_autumn', '2028-10-03', 'https://t.example/1');
SELECT kefu.count_downloads('gd', 'mid_autumn', '2028-10-03', 12);
SELECT kefu.offer_template('qh', 'mid_autumn', '2028-10-03', 'https://t.example/1');
SELECT festival_label_zh, template_link, offered_at, download_count FROM kefu_bi.themes
 WHERE unit = 'gd' AND festival = 'mid_autumn';
RESET ROLE;
SELECT detail_zh FROM pg_temp.found('missing_template') WHERE unit = 'gd';
SET LOCAL kefu.test_now = '2028-10-08 00:00+08';
SELECT detail_zh FROM pg_temp.found('missing_template') WHERE unit = 'gd';

-- Another province sees its own only.
SET LOCAL ROLE far;
SELECT account FROM kefu_bi.accounts;
SELECT DISTINCT unit FROM kefu_bi.account_duties;
SELECT count(*) FROM kefu_bi.campaigns;
SELECT kefu.review_profile('sina.gd', true, true);
SELECT kefu.note_profile('sina.gd', '{"name": "x"}', 'y');
SELECT kefu.note_profile('nothing', '{"name": "x"}', 'y');
ROLLBACK;
