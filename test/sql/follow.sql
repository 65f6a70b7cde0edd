-- follow: whom our accounts follow, by rule, by people and by the platform's own
-- list (R29 to R37, R70, R83, R84; rulings 7, 26, 28; I11). The desk is that of
-- test/lib/desk.psql, with an account of Group and no follow interface on tencent.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
SELECT kefu.add_account('sina.group', 'sina', 'group', '中国电信客服', '9000', 'desk.sina') \g /dev/null
SELECT kefu.set_secret('desk.sina', '{"access_token": "t"}') \g /dev/null
SELECT kefu.go_live() \g /dev/null
DELETE FROM kefu.endpoint WHERE platform = 'tencent' AND action IN ('follow', 'unfollow', 'follows');
CREATE FUNCTION pg_temp.found(which text) RETURNS TABLE (rulebook text, account text, since_at timestamptz,
        detail_zh text, detail_en text)
    LANGUAGE sql AS
$$
    SELECT f.all_rulebook, f.account, f.since_at, f.detail_zh, f.detail_en
      FROM kefu_bi.findings f WHERE f.finding = which ORDER BY f.account, f.detail_en, f.object_id $$;
CREATE FUNCTION pg_temp.listed(account text) RETURNS TABLE (target text, category text, cause text, state text,
        is_required boolean, review_due_at timestamptz)
    LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT w.target, f.category, f.cause, f.state, f.is_required, f.review_due_at
      FROM kefu_bi.follows f JOIN kefu.follow_now w USING (follow_id)
     WHERE f.account = listed.account ORDER BY f.follow_id $$;
CREATE FUNCTION pg_temp.of(account text, target text) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT max(f.follow_id) FROM kefu.follow_now f WHERE f.account = of.account AND f.target = of.target $$;
-- The platform's limits are test/sql/budget.sql's matter.
UPDATE kefu.rate_rule SET calls = 1000000;
-- What the worker sends, and what the platform answers.
CREATE FUNCTION pg_temp.sent(reply text, status integer DEFAULT 200) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT c.* FROM kefu.claim_exchanges((SELECT count(*)::integer FROM kefu.outbound o WHERE o.state = 'queued')) c LOOP
        PERFORM kefu.record_exchanges(ARRAY[f.kind], ARRAY[f.key], ARRAY[f.lease_key], ARRAY[status], ARRAY[NULL::text],
            ARRAY[true], ARRAY[reply], ARRAY[''], ARRAY[kefu.now()], ARRAY[kefu.now()]);
        RETURN NEXT f.method || ' ' || f.url || ' ' || regexp_replace(convert_from(f.body, 'UTF8'), 'access_token=[^&]*', 'access_token=…');
    END LOOP;
END $$;
-- One page of the real list.
CREATE FUNCTION pg_temp.page(account text, reply text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    f record;
BEGIN
    SELECT c.* INTO f FROM kefu.claim_exchanges(10) c WHERE c.key = account || '/follows';
    PERFORM kefu.record_exchanges(ARRAY[f.kind], ARRAY[f.key], ARRAY[f.lease_key], ARRAY[200], ARRAY[NULL::text],
        ARRAY[true], ARRAY[reply], ARRAY[''], ARRAY[kefu.now()], ARRAY[kefu.now()]);
    RETURN regexp_replace(f.url, 'access_token=[^&]*', 'access_token=…');
END $$;
\set ECHO all

-- R30, R31: what must be is found missing, and proposed by the job; people follow.
SELECT rulebook, account, detail_zh, detail_en FROM pg_temp.found('missing_follow');
SET LOCAL ROLE zhao;
SELECT kefu.add_follow_target('sina', '8001', '@中国电信', 'official', '', true);
RESET ROLE;
SET LOCAL ROLE he;
SELECT kefu.add_follow_target('sina', '8001', '@中国电信', 'nonsense', '', true);
SELECT kefu.add_follow_target('sina', '8001', '@中国电信', 'official', '', true, '2026-03-01');
SELECT kefu.add_follow_target('sina', '8001', '@中国电信', 'official', '', true, '2026-03-02 10:00+08');
RESET ROLE;
SELECT count(*) FROM pg_temp.found('missing_follow') WHERE rulebook = 'R30';
SET LOCAL kefu.test_now = '2026-03-02 10:00+08';
SELECT rulebook, account, since_at, detail_en FROM pg_temp.found('missing_follow') WHERE rulebook = 'R30';
-- I11: two hours are the job's; after them somebody must look.
SET LOCAL kefu.test_now = '2026-03-02 12:00+08';
SELECT count(*) FROM kefu_bi.invariants WHERE invariant = 'I11';
SET LOCAL kefu.test_now = '2026-03-02 12:00:01+08';
SELECT rulebook, object_type, unit, detail FROM kefu_bi.invariants WHERE invariant = 'I11' ORDER BY detail;
SELECT kefu.propose_follows();
SELECT kefu.propose_follows();
SELECT count(*) FROM kefu_bi.invariants WHERE invariant = 'I11';
SELECT * FROM pg_temp.listed('sina.group');
SELECT * FROM pg_temp.listed('sina.gd');
SET LOCAL ROLE lin;
SELECT machine, state, why, text FROM kefu.worklist('gd') WHERE object_type = 'follow' ORDER BY text;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '8001'))).state;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '9000'))).state;
SELECT (kefu.start_follow(pg_temp.of('sina.qh', '9000'))).state;
RESET ROLE;
-- Sent to the platform; its answer is the user.
SELECT * FROM pg_temp.sent('{"id": 8001, "idstr": "8001", "screen_name": "x"}') ORDER BY 1;
SELECT * FROM pg_temp.listed('sina.gd');
SELECT rulebook, account, detail_en FROM pg_temp.found('missing_follow') WHERE account = 'sina.gd';
-- Followed already is followed; a user that isn't there is back with a task.
SET LOCAL ROLE far;
SELECT (kefu.start_follow(pg_temp.of('sina.qh', '9000'))).state;
RESET ROLE;
SELECT count(*) FROM pg_temp.sent('{"error": "already followed", "error_code": 20506}', 400);
SET LOCAL ROLE far;
SELECT (kefu.start_follow(pg_temp.of('sina.qh', '8001'))).state;
RESET ROLE;
SELECT count(*) FROM pg_temp.sent('{"error": "no such user", "error_code": 20003}', 400);
SELECT * FROM pg_temp.listed('sina.qh');
SELECT t.cause, t.rulebook, t.object_type, t.state FROM kefu.task t WHERE t.cause LIKE 'follow%';
-- A reply that says nothing: followed again, which does no harm.
SET LOCAL ROLE far;
SELECT (kefu.start_follow(pg_temp.of('sina.qh', '8001'))).state;
RESET ROLE;
SELECT count(*) FROM pg_temp.sent('<html>', 502);
SELECT o.state, o.attempts FROM kefu.outbound o ORDER BY o.outbound_id DESC LIMIT 1;
SET LOCAL kefu.test_now = '2026-03-02 12:30+08';
SELECT count(*) FROM pg_temp.sent('{"id": 8001, "idstr": "8001"}');
SELECT * FROM pg_temp.listed('sina.qh');

-- Where the platform can't: a task, and a person's word.
SET LOCAL ROLE lin;
SELECT (kefu.propose_follow('tencent.gd', '7001', 'telecom_org')).state;
SELECT (kefu.propose_follow('tencent.gd', '7001', 'telecom_org')).state;
SELECT (kefu.propose_follow('tencent.gd', '7002', 'nonsense')).state;
SELECT (kefu.propose_follow('sina.qh', '7002', 'telecom_org')).state;
SELECT (kefu.start_follow(pg_temp.of('tencent.gd', '7001'))).state;
RESET ROLE;
SELECT t.cause, t.rulebook, t.due_at, t.object_type, t.object_id = pg_temp.of('tencent.gd', '7001') AS is_it FROM kefu.task t
 WHERE t.cause = 'follow_by_hand';
SET LOCAL ROLE lin;
SELECT (kefu.follow_done(pg_temp.of('tencent.gd', '7001'))).state;
RESET ROLE;

-- R37: a star only by a leader, with a reason.
SET LOCAL ROLE lin;
SELECT (kefu.propose_follow('sina.gd', '6001', 'entertainment')).state;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '6001'))).state;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '6001'), '公益代言')).state;
RESET ROLE;
SET LOCAL ROLE zhao;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '6001'))).state;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '6001'), '公益代言')).state;
RESET ROLE;
SELECT count(*) FROM pg_temp.sent('{"id": 6001, "idstr": "6001"}');
SELECT count(*) FROM pg_temp.found('banned_follow');
SELECT count(*) FROM kefu_bi.invariants WHERE invariant = 'I11';
SET LOCAL ROLE lin;
SELECT (kefu.propose_follow('sina.gd', '6002', 'public_figure')).state;
SELECT (kefu.refuse_follow(pg_temp.of('sina.gd', '6002'), '')).state;
SELECT (kefu.refuse_follow(pg_temp.of('sina.gd', '6002'), '与企业无关')).state;
RESET ROLE;

-- R83: reviewed each 30 days; R84: ended for a listed reason, and never what must be.
SELECT review_due_at FROM pg_temp.listed('sina.gd') WHERE target = '6001';
SET LOCAL kefu.test_now = '2026-04-01 12:00:01+08';
SELECT all_rulebook, detail_en FROM kefu_bi.findings WHERE finding = 'late_promise' AND object_type = 'follow' AND unit = 'gd';
SET LOCAL kefu.test_now = '2026-04-01 12:00:02+08';
SELECT all_rulebook, detail_en FROM kefu_bi.findings WHERE finding = 'late_promise' AND object_type = 'follow' AND unit = 'gd';
SET LOCAL ROLE lin;
SELECT state, why, text, due_at FROM kefu.worklist('gd') WHERE object_type = 'follow' ORDER BY text;
SELECT (kefu.review_follow(pg_temp.of('sina.gd', '8001'))).state;
SELECT review_due_at FROM pg_temp.listed('sina.gd') WHERE target = '8001';
SELECT (kefu.end_follow(pg_temp.of('sina.gd', '8001'), 'out_of_use')).state;
SELECT (kefu.end_follow(pg_temp.of('sina.gd', '6001'), 'bored')).state;
SELECT (kefu.end_follow(pg_temp.of('sina.gd', '6001'), 'social_or_legal')).state;
RESET ROLE;
SELECT * FROM pg_temp.sent('{"error": "not followed", "error_code": 20522}', 400);
SELECT * FROM pg_temp.listed('sina.gd') WHERE target LIKE '60%';
-- What must be followed no longer may be ended.
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'retired_follow';
SET LOCAL kefu.test_now = '2026-04-01 12:00:03+08';
SET LOCAL ROLE he;
SELECT kefu.retire_follow_target('sina', '8001');
RESET ROLE;
-- Who still follows it decides: ends it, or looks at it and keeps it.
SELECT effect, rulebook, account, since_at, detail_zh, detail_en FROM kefu_bi.findings WHERE finding = 'retired_follow' AND unit = 'gd';
SAVEPOINT kept;
SET LOCAL ROLE lin;
SELECT (kefu.review_follow(pg_temp.of('sina.gd', '8001'))).state;
RESET ROLE;
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'retired_follow' AND unit = 'gd';
ROLLBACK TO kept;
SET LOCAL ROLE lin;
SELECT (kefu.end_follow(pg_temp.of('sina.gd', '8001'), 'out_of_use')).state;
RESET ROLE;
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'retired_follow' AND unit = 'gd';
SELECT count(*) FROM pg_temp.sent('{"id": 8001, "idstr": "8001"}');

-- R32 to R36, ruling 7: numbers at their boundaries; too many is never refused.
SELECT category, subcategory, least_count, most_count FROM kefu_bi.follow_quotas WHERE account = 'sina.gd' ORDER BY category, subcategory;
\set ECHO none
CREATE FUNCTION pg_temp.follows(category text, subcategory text, many integer) RETURNS bigint
    LANGUAGE plpgsql AS
$$
DECLARE
    have integer := (SELECT count(*) FROM kefu.follow f WHERE f.account = 'sina.qh' AND f.state = 'following'
                        AND f.category = follows.category AND f.subcategory = follows.subcategory);
    i integer;
BEGIN
    FOR i IN have + 1 .. many LOOP
        SET LOCAL ROLE far;
        PERFORM kefu.start_follow((kefu.propose_follow('sina.qh', format('%s.%s.%s', category, subcategory, i), category, subcategory)).id);
        RESET ROLE;
    END LOOP;
    WHILE EXISTS (SELECT FROM kefu.outbound o WHERE o.state = 'queued') LOOP
        IF NOT EXISTS (SELECT FROM pg_temp.sent('{"id": 1, "idstr": "1"}')) THEN
            RAISE EXCEPTION 'what is queued is not claimed';
        END IF;
    END LOOP;
    RETURN (SELECT count(*) FROM pg_temp.found('follow_quota') f WHERE f.account = 'sina.qh');
END $$;
\set ECHO all
SELECT rulebook, detail_zh, detail_en FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh';
SELECT pg_temp.follows('other_org', 'news', 2) \g /dev/null
SELECT rulebook, detail_en FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND detail_en LIKE '%news%';
SELECT pg_temp.follows('other_org', 'news', 3) \g /dev/null
SELECT count(*) FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND detail_en LIKE '%news%';
SELECT pg_temp.follows('other_org', 'news', 5) \g /dev/null
SELECT count(*) FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND detail_en LIKE '%news%';
SELECT pg_temp.follows('other_org', 'news', 6) \g /dev/null
SELECT rulebook, detail_en FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND detail_en LIKE '%news%';
-- 6 + 3 * 7 = 27 of 30; then 29, 30, 50 and 51.
SELECT pg_temp.follows('other_org', s.s, 3) FROM unnest('{rescue,environment,social_care,reading,film,art,philosophy}'::text[]) AS s(s) \g /dev/null
SELECT pg_temp.follows('other_org', 'art', 5) \g /dev/null
SELECT detail_en FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND detail_en LIKE '%organisations%';
SELECT pg_temp.follows('other_org', 'film', 4) \g /dev/null
SELECT detail_en FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND detail_en LIKE '%organisations%';
SELECT pg_temp.follows('other_org', '', 20) \g /dev/null
SELECT detail_en FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND detail_en LIKE '%organisations%';
SELECT pg_temp.follows('other_org', '', 21) \g /dev/null
SELECT detail_en FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND detail_en LIKE '%organisations%';
-- About 100 individuals, a tenth either way; 30 to 50 celebrities.
SELECT pg_temp.follows('telecom_person', '', 89), pg_temp.follows('celebrity', '', 29) \g /dev/null
SELECT rulebook, detail_zh FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND rulebook IN ('R33', 'R35') ORDER BY 1;
SELECT pg_temp.follows('telecom_person', '', 90), pg_temp.follows('celebrity', '', 30) \g /dev/null
SELECT count(*) FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND rulebook IN ('R33', 'R35');
SELECT pg_temp.follows('telecom_person', '', 110), pg_temp.follows('celebrity', '', 50) \g /dev/null
SELECT count(*) FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND rulebook IN ('R33', 'R35');
SELECT pg_temp.follows('telecom_person', '', 111), pg_temp.follows('celebrity', '', 51) \g /dev/null
SELECT rulebook, detail_zh FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND rulebook IN ('R33', 'R35') ORDER BY 1;
-- Another number holds from its day on.
SELECT kefu.set_follow_quota('celebrity', '', '2026-04-01', 30, 60);
SELECT kefu.set_follow_quota('celebrity', '', '2026-04-03', 60, 30);
SELECT kefu.set_follow_quota('celebrity', '', '2026-04-03', 30, 60);
SELECT count(*) FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND rulebook = 'R35';
SET LOCAL kefu.test_now = '2026-04-03 00:00+08';
SELECT count(*) FROM pg_temp.found('follow_quota') WHERE account = 'sina.qh' AND rulebook = 'R35';
SELECT category, followed_count, standing, standing_label_zh FROM kefu_bi.follow_quotas
 WHERE account = 'sina.qh' AND subcategory = '' AND followed_count > 0 ORDER BY 1;

-- R35, R36: who engages is a candidate from the third message on.
SET LOCAL kefu.test_now = '2026-04-03 10:00+08';
SELECT pg_temp.says('701', '宽带怎么报装', '2026-04-03 09:00+08'), pg_temp.says('701', '谢谢,办好了', '2026-04-03 09:30+08') \g /dev/null
SELECT count(*) FROM kefu_bi.follow_candidates;
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'no_active_user';
SELECT pg_temp.says('701', '再问一下资费', '2026-04-03 09:40+08') \g /dev/null
SELECT account, message_count, praise_count, suggested_category, suggested_category_label_zh FROM kefu_bi.follow_candidates;
-- None of them is followed yet (R36, which gives no number).
SELECT effect, rulebook, account, detail_zh, detail_en FROM kefu_bi.findings WHERE finding = 'no_active_user';
SELECT identity_id AS c1 FROM kefu_bi.follow_candidates \gset
SET LOCAL ROLE far;
SELECT (kefu.propose_candidate('sina.qh', :c1, 'active_user')).state;
RESET ROLE;
SET LOCAL ROLE lin;
SELECT (kefu.propose_candidate('sina.gd', :c1, 'active_user')).state;
SELECT count(*) FROM kefu_bi.follow_candidates;
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'no_active_user';
SELECT target_native_id, identity_id = :c1 AS is_it, target_name, cause_label_zh FROM kefu_bi.follows WHERE category = 'active_user' AND account = 'sina.gd';
RESET ROLE;
-- The time runs out with the 90th day; another number holds from its day on.
SELECT pg_temp.says('702', '流量怎么查', '2026-04-03 09:00+08'), pg_temp.says('702', '好的', '2026-04-03 09:30+08'),
       pg_temp.says('702', '明白了', '2026-04-03 09:40+08') \g /dev/null
SET LOCAL kefu.test_now = '2026-07-02 08:59:59+08';
SELECT message_count FROM kefu_bi.follow_candidates;
SET LOCAL kefu.test_now = '2026-07-02 09:00+08';
SELECT message_count FROM kefu_bi.follow_candidates;
INSERT INTO kefu.follow_rule SELECT '2026-07-02 09:01+08', r.engaged_within, 2, r.read_within, r.by_hand_within FROM kefu.follow_rule r;
SELECT message_count FROM kefu_bi.follow_candidates;
SET LOCAL kefu.test_now = '2026-07-02 09:01+08';
SELECT message_count FROM kefu_bi.follow_candidates;

-- R70: the platform's own list, page by page, to its end; then compared.
SET LOCAL kefu.test_now = '2026-07-02 10:00+08';
SELECT account, detail_en FROM pg_temp.found('unread_follows');
SELECT * FROM pg_temp.listed('sina.gd') WHERE state NOT IN ('refused', 'unfollowed');
SELECT kefu.add_feed('sina.gd', 'follows', '1 day');
SELECT pg_temp.page('sina.gd', '{"ids": [5001, 98765432109876543210], "next_cursor": 2, "previous_cursor": 0, "total_number": 3}');
SELECT kefu.match_follows();
SELECT pg_temp.page('sina.gd', '{"ids": [9002], "next_cursor": 0, "previous_cursor": 2, "total_number": 3}');
SELECT listed_count, closed_began_at, closed_at, matched_at FROM kefu.follow_list;
SELECT difference, target FROM kefu.list_differences('sina.gd');
SELECT kefu.match_follows(1);
SELECT kefu.match_follows();
SELECT kefu.match_follows();
SELECT * FROM pg_temp.listed('sina.gd') WHERE state NOT IN ('refused', 'unfollowed');
SELECT rulebook, detail_zh, detail_en FROM pg_temp.found('unsorted_follow');
SELECT rulebook, detail_zh, detail_en FROM pg_temp.found('lost_follow');
SELECT rulebook, detail_en FROM pg_temp.found('missing_follow') WHERE account = 'sina.gd';
-- Sorted: a star needs the leader's reason here too.
SET LOCAL ROLE lin;
SELECT (kefu.sort_follow(pg_temp.of('sina.gd', '5001'), 'other_org', 'news')).state;
SELECT (kefu.sort_follow(pg_temp.of('sina.gd', '98765432109876543210'), 'entertainment')).state;
RESET ROLE;
SET LOCAL ROLE zhao;
SELECT (kefu.sort_follow(pg_temp.of('sina.gd', '98765432109876543210'), 'entertainment', '', '代言人')).state;
RESET ROLE;
SELECT count(*) FROM pg_temp.found('banned_follow');
-- The next reading: the whole list again, from its first page; what came back is
-- followed, what went is lost, what we are ending is over.
SET LOCAL ROLE lin;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '9000'))).state;
RESET ROLE;
SELECT count(*) FROM pg_temp.sent('{"id": 9000, "idstr": "9000"}');
SET LOCAL kefu.test_now = '2026-07-03 10:00+08';
SELECT pg_temp.page('sina.gd', '{"ids": [5001, 9000, 9002], "next_cursor": 0, "previous_cursor": 0, "total_number": 3}');
SELECT difference, target FROM kefu.list_differences('sina.gd');
SELECT kefu.match_follows();
SELECT * FROM pg_temp.listed('sina.gd') WHERE state NOT IN ('refused', 'unfollowed');
-- What we did while the list was read is not held against it.
SET LOCAL kefu.test_now = '2026-07-04 10:00+08';
SELECT pg_temp.page('sina.gd', '{"ids": [5001], "next_cursor": 1, "previous_cursor": 0, "total_number": 3}') IS NOT NULL AS first_page;
SET LOCAL kefu.test_now = '2026-07-04 10:01+08';
SET LOCAL ROLE lin;
SELECT (kefu.end_follow(pg_temp.of('sina.gd', '5001'), 'not_fitting')).state;
SELECT (kefu.propose_follow('sina.gd', '5005', 'telecom_org')).state;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '5005'))).state;
RESET ROLE;
SELECT count(*) FROM pg_temp.sent('{"id": 1, "idstr": "1"}');
SELECT pg_temp.page('sina.gd', '{"ids": [9000, 9002], "next_cursor": 0, "previous_cursor": 0, "total_number": 3}') IS NOT NULL AS last_page;
SELECT difference, target FROM kefu.list_differences('sina.gd');
SELECT kefu.match_follows();
-- A list that can't be read is no list.
SET LOCAL kefu.test_now = '2026-07-05 10:01+08';
SELECT pg_temp.page('sina.gd', '{"users": []}') IS NOT NULL AS read;
SELECT last_class FROM kefu.feed_state WHERE account = 'sina.gd' AND action = 'follows';
SELECT listed_count, closed_at FROM kefu.follow_list WHERE account = 'sina.gd';
-- Read at least every 3 days.
SET LOCAL kefu.test_now = '2026-07-07 10:01+08';
SELECT count(*) FROM pg_temp.found('unread_follows') WHERE account = 'sina.gd';
SET LOCAL kefu.test_now = '2026-07-07 10:01:01+08';
SELECT since_at, detail_zh FROM pg_temp.found('unread_follows') WHERE account = 'sina.gd';

-- Whoever asks to be erased is followed no longer (ruling 21): what was only proposed is
-- refused, what is followed is ended through the outbox, what is on its way waits; and
-- nothing is erased before the platform has taken it.
SET LOCAL kefu.test_now = '2026-07-07 11:00+08';
INSERT INTO kefu.person (home_unit, created_at) VALUES ('gd', kefu.now()) RETURNING person_id AS p66 \gset
INSERT INTO kefu.identity (platform, native_id, person_id, screen_name, updated_at) VALUES ('sina', '66001', :p66, '小张', kefu.now())
RETURNING identity_id AS i66 \gset
INSERT INTO kefu.staff_role (staff_id, unit, role) SELECT staff_id, 'group', 'admin' FROM kefu.staff WHERE login = 'he';
SET LOCAL ROLE lin;
SELECT (kefu.propose_follow('sina.gd', '66001', 'active_user')).id AS f66 \gset
SELECT (kefu.end_follow(:f66, 'erased')).state;
SELECT (kefu.start_follow(:f66)).state;
RESET ROLE;
SELECT kefu.has_open_matter(:p66);
SELECT * FROM pg_temp.sent('{"id": 66001, "idstr": "66001"}');
SET LOCAL ROLE lin;
SELECT (kefu.end_follow(:f66, 'erased')).state;
RESET ROLE;
SET LOCAL ROLE he;
SELECT (kefu.propose_follow('sina.group', '66001', 'active_user')).state;
RESET ROLE;
SELECT (kefu.raise_new('erasure', 'open', jsonb_build_object('unit', 'gd', 'person', :p66, 'origin', 'request',
           'notice_time', kefu.now()))).id AS e66 \gset
SET LOCAL ROLE he;
SELECT (kefu.erase_person(:e66, '私信告知')).state;
RESET ROLE;
SELECT account, state, unfollow_reason FROM kefu.follow WHERE identity_id = :i66 ORDER BY account;
-- Nor is it followed again where everybody must: neither proposed nor missing (R30).
SET LOCAL ROLE he;
SELECT kefu.add_follow_target('sina', '66001', '小张', 'official', '', true);
RESET ROLE;
SELECT count(*) FROM pg_temp.found('missing_follow') WHERE detail_en LIKE '%66001%';
SELECT kefu.propose_follows() \g /dev/null
SELECT account, state FROM kefu.follow WHERE identity_id = :i66 ORDER BY account;
SELECT * FROM pg_temp.sent('{"id": 66001, "idstr": "66001"}');
SELECT account, state FROM kefu.follow WHERE identity_id = :i66 ORDER BY account;
SELECT count(*) FROM kefu.outbound WHERE recipient_id = '66001';
SET LOCAL ROLE he;
SELECT (kefu.erase_person(:e66, '私信告知')).state;
RESET ROLE;
SELECT count(*) FROM kefu.outbound WHERE recipient_id = '66001';
SELECT target = 'erased.' || identity_id AS is_erased FROM kefu.follow_now WHERE identity_id = :i66 ORDER BY account;

-- Another unit sees nothing of this, and the trail is whole.
SET LOCAL ROLE far;
SELECT DISTINCT account FROM kefu_bi.follows;
SELECT DISTINCT account FROM kefu_bi.follow_quotas;
SELECT (kefu.start_follow(pg_temp.of('sina.gd', '9000'))).state;
SELECT (kefu.sort_follow(pg_temp.of('sina.gd', '9000'), 'official')).state;
SELECT (kefu.follow_done(pg_temp.of('sina.gd', '9000'))).state;
RESET ROLE;
SELECT count(*) FROM kefu.verify_audit() WHERE object_type = 'follow';
SELECT invariant, detail FROM kefu_bi.invariants WHERE object_type = 'follow' AND invariant <> 'I2';
ROLLBACK;
