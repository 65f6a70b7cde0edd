-- numbers: every number of chapter 3 and of sections 4.1 to 4.4, in the order of the
-- table "Numbers" of doc/rulebook.md: at its boundary, one step beyond, and changed
-- by a new version, with the old number until its date and the new one from it (R2).
-- test/check_docs holds the headings against that table. The desk is that of
-- test/lib/desk.psql; what is followed and posted is put there as rows, since how it
-- gets there is proved elsewhere.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE FUNCTION pg_temp.at(t text) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT set_config('kefu.test_now', t || '+08', true)::timestamptz $$;
-- What a rule of accounts finds of sina.gd, or kept.
CREATE FUNCTION pg_temp.verdict(VARIADIC said text[]) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(nullif(array_to_string(said, '; '), ''), 'kept') $$;
-- Follows so many of a kind, and what the rule says then.
CREATE FUNCTION pg_temp.followed(of_category text, of_subcategory text, many integer) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO kefu.follow (state, unit, account, native_id, category, subcategory, cause, proposed_at, followed_at)
    SELECT 'following', 'gd', 'sina.gd', format('%s.%s.%s', of_category, of_subcategory, n), of_category, of_subcategory,
           'person', kefu.now(), kefu.now()
      FROM generate_series(1, many) AS n
     WHERE NOT EXISTS (SELECT FROM kefu.follow f WHERE f.native_id = format('%s.%s.%s', of_category, of_subcategory, n));
    RETURN pg_temp.follow_verdict(of_category, of_subcategory);
END $$;
CREATE FUNCTION pg_temp.follow_verdict(of_category text, of_subcategory text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.verdict(VARIADIC array_agg(f.detail_en))
     FROM kefu.find_follow_quota() AS f JOIN kefu.follow_category c ON f.detail_en LIKE '% of ' || c.label_en || ',%'
    WHERE f.account = 'sina.gd' AND (c.category, c.subcategory) = (of_category, of_subcategory) $$;
-- A day of posts on sina.gd: of a kind, at times, so many of them reposts or with a picture.
CREATE FUNCTION pg_temp.posted(day date, kind text, times time[], reposts integer DEFAULT 0, pictures integer DEFAULT 0,
                               off interval[] DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql AS
$$
DECLARE
    made bigint;
BEGIN
    FOR n IN 1 .. cardinality(times) LOOP
        INSERT INTO kefu.post (state, unit, kind, text, repost_platform, repost_id, repost_source, made_at, approved_at)
        VALUES ('published', 'gd', kind, kind || n, CASE WHEN n <= reposts THEN 'sina' END, CASE WHEN n <= reposts THEN '77' END,
                CASE WHEN n <= reposts THEN '某博' END, kefu.now(), kefu.now())
        RETURNING post_id INTO made;
        INSERT INTO kefu.placement (state, unit, post_id, account, kind, is_repost, is_exempt, has_media, text, planned_at, send_at,
                                    published_at, native_id, made_at)
        VALUES ('published', 'gd', made, 'sina.gd', kind, n <= reposts, false, n <= pictures, kind || n,
                kefu.local_instant(day, times[n]), kefu.local_instant(day, times[n]),
                kefu.local_instant(day, times[n]) + coalesce(off[n], '0'), made::text, kefu.now());
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.every(first time, last time, minutes integer) RETURNS time[] LANGUAGE sql AS
$$ SELECT array_agg(t::time ORDER BY t) FROM generate_series('2026-01-01'::timestamp + first, '2026-01-01'::timestamp + last,
                                                             make_interval(mins => minutes)) AS t $$;
-- How a rule of posting looks back on a day, the morning after.
CREATE FUNCTION pg_temp.looked(day date, VARIADIC kinds text[]) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM pg_temp.at((day + 1) || ' 01:00');
    RETURN (SELECT pg_temp.verdict(VARIADIC array_agg(f.said_en ORDER BY f.said_en)) FROM kefu.find_posting(kinds) AS f
             WHERE f.account = 'sina.gd' AND f.day = looked.day);
END $$;
-- What a post would break on an account at a time.
CREATE FUNCTION pg_temp.slot(at timestamptz, kind text DEFAULT 'service', is_repost boolean DEFAULT false, of_rule text DEFAULT NULL)
    RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.verdict(VARIADIC array_agg(p.effect || ': ' || p.problem ORDER BY p.rule))
     FROM kefu.slot_problems('sina.gd', at, kind, is_repost) AS p WHERE p.rule = coalesce(of_rule, p.rule) $$;
\set ECHO all

-- [4 platforms] R18: on three a province is one short, on a fifth it need not be, until
-- a version with its day asks for five; which platforms there are is in rows (ruling 16).
\set ECHO none
SELECT kefu.load_preset('all') \g /dev/null
INSERT INTO kefu.platform SELECT (jsonb_populate_record(p, jsonb_build_object('platform', n.name))).*
  FROM kefu.platform p, (VALUES ('sohu'), ('netease')) AS n(name)
 WHERE p.platform = 'sina' AND NOT EXISTS (SELECT FROM kefu.platform x WHERE x.platform = n.name);
UPDATE kefu.platform SET is_live = true WHERE platform IN ('sina', 'tencent', 'sohu', 'netease');
INSERT INTO kefu.account (account, platform, unit, handle, native_id) VALUES ('sohu.gd', 'sohu', 'gd', '中国电信广东客服', '9001');
CREATE FUNCTION pg_temp.platforms() RETURNS TABLE (live bigint, verdict text, group_verdict text) LANGUAGE sql AS
$$ SELECT (SELECT count(*) FROM kefu.platform p WHERE p.is_live),
          (SELECT pg_temp.verdict(VARIADIC array_agg(f.detail_en ORDER BY f.detail_en)) FROM kefu.find_account_gap() AS f WHERE f.unit = 'gd'),
          (SELECT pg_temp.verdict(VARIADIC array_agg(f.detail_en)) FROM kefu.find_few_platforms() AS f) $$;
\set ECHO all
SELECT * FROM pg_temp.platforms();
INSERT INTO kefu.account (account, platform, unit, handle, native_id) VALUES ('netease.gd', 'netease', 'gd', '中国电信广东客服', '9001');
SELECT * FROM pg_temp.platforms();
INSERT INTO kefu.account (account, platform, unit, handle, native_id) VALUES ('sohu.gd2', 'sohu', 'gd', '中国电信广东客服', '9002');
SELECT * FROM pg_temp.platforms();
SELECT kefu.set_account('sohu.gd2', false);
UPDATE kefu.platform SET is_live = true WHERE platform = 'mastodon';
SELECT * FROM pg_temp.platforms();
SELECT kefu.set_profile_rule('2026-03-02 09:01+08', '{"platforms": 0}');
SELECT kefu.set_profile_rule('2026-03-02 09:01+08', '{"platforms": 5}');
SELECT pg_temp.at('2026-03-02 09:00:59');
SELECT * FROM pg_temp.platforms();
SELECT pg_temp.at('2026-03-02 09:01');
SELECT * FROM pg_temp.platforms();
-- Four live platforms are one too few for that.
SELECT kefu.close_platform('mastodon', '2026-03-02 09:02+08', '试用结束');
SELECT pg_temp.at('2026-03-02 09:02');
SELECT kefu.close_platform('mastodon', '2026-03-02 09:02+08', '试用结束');
SELECT p.*, (SELECT closed_at FROM kefu.platform WHERE platform = 'mastodon') FROM pg_temp.platforms() AS p;

-- [4 tags] R24: each of the four is missed, a fifth is free; another four from a day on.
\set ECHO none
CREATE FUNCTION pg_temp.tagged(VARIADIC tags text[]) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO kefu.account_profile (account, valid_from, name, tags, set_at) VALUES ('sina.gd', kefu.now(), '中国电信广东客服', tags, kefu.now())
        ON CONFLICT (account, valid_from) DO UPDATE SET tags = excluded.tags;
    RETURN (SELECT pg_temp.verdict(VARIADIC array_agg(f.detail_en ORDER BY f.detail_en)) FROM kefu.find_missing_tag() AS f WHERE f.account = 'sina.gd');
END $$;
\set ECHO all
SELECT pg_temp.tagged('中国电信', '客服', '天翼', '宽带') AS four, pg_temp.tagged('中国电信', '客服', '天翼') AS three,
       pg_temp.tagged('中国电信', '客服', '天翼', '宽带', '广东') AS five;
SELECT kefu.add_mandatory_tag('天翼云', '2026-03-05 00:00+08'), kefu.retire_tag('天翼', '2026-03-05 00:00+08');
SELECT pg_temp.at('2026-03-04 23:59:59');
SELECT pg_temp.tagged('中国电信', '客服', '天翼', '宽带') AS old, pg_temp.tagged('中国电信', '客服', '天翼云', '宽带') AS new;
SELECT pg_temp.at('2026-03-05 00:00');
SELECT pg_temp.tagged('中国电信', '客服', '天翼', '宽带') AS old, pg_temp.tagged('中国电信', '客服', '天翼云', '宽带') AS new;

-- [11 festivals] R22: each year has its eleven; ten are one too few; a twelfth is asked
-- for from its year on.
\set ECHO none
CREATE FUNCTION pg_temp.festivals(at text) RETURNS TABLE (dates bigint, verdict text) LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM pg_temp.at(at);
    RETURN QUERY SELECT (SELECT count(*) FROM kefu.festival f WHERE extract(year FROM f.date)::text = left(at, 4)),
                        pg_temp.verdict(VARIADIC array_agg(g.detail_en)) FROM kefu.find_festival_gap() AS g;
END $$;
\set ECHO all
SELECT * FROM pg_temp.festivals('2026-06-01 09:00');
SAVEPOINT eleven;
DELETE FROM kefu.festival WHERE festival = 'qixi' AND date = '2026-08-19';
SELECT * FROM pg_temp.festivals('2026-06-01 09:00');
ROLLBACK TO eleven;
SELECT pg_temp.at('2026-06-01 09:00');
SELECT kefu.add_festival('double_ninth', '2026-05-31', NULL, '重阳', 'Double Ninth', '农历九月初九');
SELECT kefu.add_festival('double_ninth', '2027-10-08', NULL, '重阳', 'Double Ninth', '农历九月初九');
SELECT y.at, f.* FROM unnest('{2026-12-31 23:59:59,2027-12-01 23:59:59,2027-12-02 00:00}'::text[]) AS y(at)
 CROSS JOIN LATERAL pg_temp.festivals(y.at) AS f;
SELECT kefu.add_festival('double_ninth', '2028-10-26', NULL, '重阳', 'Double Ninth', '农历九月初九');
SELECT * FROM pg_temp.festivals('2028-01-01 00:00');
SELECT pg_temp.at('2026-03-05 00:00');

-- [about 100 individuals] R33: a tenth either way.
SELECT n, pg_temp.followed('telecom_person', '', n) FROM unnest('{89,90,110,111}'::integer[]) AS n;
SELECT kefu.set_follow_quota('telecom_person', '', '2026-03-06 00:00+08', 80, 120);
SELECT pg_temp.at('2026-03-05 23:59:59');
SELECT pg_temp.follow_verdict('telecom_person', '');
SELECT pg_temp.at('2026-03-06 00:00');
SELECT n, pg_temp.followed('telecom_person', '', n) FROM unnest('{111,120,121}'::integer[]) AS n;

-- [3 to 5 of a kind, 30 to 50 organisations] R34, ruling 7.
SELECT n, pg_temp.followed('other_org', 'news', n) FROM unnest('{2,3,5,6}'::integer[]) AS n;
SELECT kefu.set_follow_quota('other_org', 'news', '2026-03-07 00:00+08', 3, 6);
SELECT pg_temp.at('2026-03-06 23:59:59');
SELECT pg_temp.follow_verdict('other_org', 'news');
SELECT pg_temp.at('2026-03-07 00:00');
SELECT n, pg_temp.followed('other_org', 'news', n) FROM unnest('{6,7}'::integer[]) AS n;
-- Seven of them are news.
SELECT n, pg_temp.followed('other_org', '', n - 7) FROM unnest('{29,30,50,51}'::integer[]) AS n;
SELECT kefu.set_follow_quota('other_org', '', '2026-03-08 00:00+08', 30, 51);
SELECT pg_temp.at('2026-03-07 23:59:59');
SELECT pg_temp.follow_verdict('other_org', '');
SELECT pg_temp.at('2026-03-08 00:00');
SELECT n, pg_temp.followed('other_org', '', n - 7) FROM unnest('{51,52}'::integer[]) AS n;

-- [30 to 50 celebrities] R35.
SELECT n, pg_temp.followed('celebrity', '', n) FROM unnest('{29,30,50,51}'::integer[]) AS n;
SELECT kefu.set_follow_quota('celebrity', '', '2026-03-09 00:00+08', 30, 60);
SELECT pg_temp.at('2026-03-08 23:59:59');
SELECT pg_temp.follow_verdict('celebrity', '');
SELECT pg_temp.at('2026-03-09 00:00');
SELECT n, pg_temp.followed('celebrity', '', n) FROM unnest('{51,60,61}'::integer[]) AS n;

-- [10 to 20 posts a day] R38: a finding the day after, said beforehand.
SELECT pg_temp.at('2026-04-01 08:00');
SELECT kefu.set_posting_rule('number', 'group', at_least => 9, at_most => 21, valid_from => '2026-04-06 00:00+08');
SELECT pg_temp.posted(d.day, 'service', (pg_temp.every('09:00', '22:00', 30))[1 : d.posts])
  FROM (VALUES ('2026-04-01'::date, 9), ('2026-04-02', 10), ('2026-04-03', 20), ('2026-04-04', 21), ('2026-04-05', 9),
               ('2026-04-06', 9), ('2026-04-07', 21), ('2026-04-08', 22), ('2026-04-09', 8)) AS d(day, posts) \g /dev/null
SELECT day::date, pg_temp.looked(day::date, 'number') FROM generate_series('2026-04-01'::date, '2026-04-09', interval '1 day') AS day;
SELECT pg_temp.slot('2026-04-02 22:30+08', of_rule => 'number') AS eleventh, pg_temp.slot('2026-04-03 22:30+08', of_rule => 'number') AS "twenty-first",
       pg_temp.slot('2026-04-07 22:30+08', of_rule => 'number') AS "twenty-second";

-- [30 and 60 minutes apart] R39.
SELECT pg_temp.at('2026-04-11 08:00');
SELECT kefu.set_posting_rule('spacing', 'group', at_least => 20, valid_from => '2026-04-15 00:00+08'),
       kefu.set_posting_rule('gap', 'group', at_most => 90, valid_from => '2026-04-15 00:00+08');
SELECT pg_temp.posted(d.day, 'service', d.times)
  FROM (VALUES ('2026-04-11'::date, '{09:00,09:30,10:30}'::time[]), ('2026-04-12', '{09:00,09:29}'), ('2026-04-13', '{09:00,10:01}'),
               ('2026-04-14', '{09:00,09:20,10:50}'), ('2026-04-15', '{09:00,09:20,10:50}'), ('2026-04-16', '{09:00,09:19}'),
               ('2026-04-17', '{09:00,10:31}')) AS d(day, times) \g /dev/null
SELECT day::date, pg_temp.looked(day::date, 'spacing', 'gap') FROM generate_series('2026-04-11'::date, '2026-04-17', interval '1 day') AS day;
SELECT pg_temp.slot('2026-04-13 08:30+08', of_rule => 'spacing') AS thirty, pg_temp.slot('2026-04-13 08:31+08', of_rule => 'spacing') AS twenty_nine,
       pg_temp.slot('2026-04-16 08:40+08', of_rule => 'spacing') AS twenty, pg_temp.slot('2026-04-16 08:41+08', of_rule => 'spacing') AS nineteen;

-- The rule speaks in minutes: what a platform stamps less than one away from its time
-- counts as at its time, and seconds within a minute count nowhere.
SELECT pg_temp.at('2026-03-26 08:00');
SELECT pg_temp.posted('2026-03-23', 'industry', '{08:30,09:00,22:00}', off => '{-2 s,-59.9 s,59.9 s}'),
       pg_temp.posted('2026-03-24', 'industry', '{08:30,22:00}', off => '{-60 s,60 s}'),
       pg_temp.posted('2026-03-25', 'industry', '{23:05,23:35,23:59:40}', off => '{2 s,-2 s,40 s}'),
       pg_temp.posted('2026-03-26', 'industry', '{09:00,09:30,10:30:50}', off => '{2 s,-2 s,0 s}') \g /dev/null
SELECT day::date, pg_temp.looked(day::date, 'window') FROM generate_series('2026-03-23'::date, '2026-03-24', interval '1 day') AS day;
SELECT pg_temp.looked('2026-03-23', 'spacing'), pg_temp.looked('2026-03-26', 'spacing', 'gap');
SELECT at, pg_temp.slot(at, of_rule => 'spacing') FROM unnest('{2026-03-26 08:30:59+08,2026-03-26 08:31+08,2026-03-26 11:00+08}'::timestamptz[]) AS at;
SELECT posts FROM kefu.posting_days('2026-03-25', '2026-03-25') WHERE account = 'sina.gd';

-- [140 characters on Sina] R41: comments today; posts had them until 2016 (test/sql/length.sql).
SELECT pg_temp.at('2026-04-20 09:00');
SELECT kefu.set_length_rule('sina', 'comment', 200, valid_from => '2026-04-21 00:00+08');
SELECT d.at, n, pg_temp.verdict(VARIADIC (SELECT array_agg(c.effect || ': ' || c.detail)
                                            FROM kefu.check_text('sina', 'reply', 'gd', repeat('中', n), d.at) AS c))
  FROM unnest('{2026-04-20 23:59:59+08,2026-04-21 00:00+08}'::timestamptz[]) AS d(at), unnest('{140,141,200,201}'::integer[]) AS n
 ORDER BY 1, 2;

-- [08:30 and 18:00] R48, R49: about is a quarter of an hour.
SELECT kefu.set_posting_rule('morning', 'group', from_time => '07:30', valid_from => '2026-04-24 00:00+08'),
       kefu.set_posting_rule('evening', 'group', from_time => '19:00', at_most => 10, valid_from => '2026-04-24 00:00+08');
SELECT s.kind, s.day, t.t, pg_temp.slot((s.day || ' ' || t.t || '+08')::timestamptz, s.kind, of_rule => s.kind)
  FROM (VALUES ('morning', '2026-04-23', '{08:14,08:15,08:45,08:46}'::text[]), ('morning', '2026-04-24', '{07:14,07:15,07:45,07:46,08:30}'),
               ('evening', '2026-04-23', '{17:44,17:45,18:15,18:16}'), ('evening', '2026-04-24', '{18:15,18:49,18:50,19:10,19:11}')) AS s(kind, day, times)
 CROSS JOIN LATERAL unnest(s.times) AS t(t);
SELECT pg_temp.posted('2026-04-21', 'morning', '{08:45}'), pg_temp.posted('2026-04-21', 'evening', '{17:45}'),
       pg_temp.posted('2026-04-22', 'morning', '{08:46}'), pg_temp.posted('2026-04-22', 'evening', '{17:44}'),
       pg_temp.posted('2026-04-23', 'service', '{12:00}'),
       pg_temp.posted('2026-04-24', 'morning', '{08:15}'), pg_temp.posted('2026-04-24', 'evening', '{19:10}') \g /dev/null
SELECT day::date, pg_temp.looked(day::date, 'morning', 'evening') FROM generate_series('2026-04-21'::date, '2026-04-24', interval '1 day') AS day;

SELECT pg_temp.posted('2026-04-20', 'morning', '{08:45}', off => '{59 s}'), pg_temp.posted('2026-04-20', 'evening', '{17:45}', off => '{-59 s}') \g /dev/null
SELECT pg_temp.looked('2026-04-20', 'morning', 'evening'), pg_temp.slot('2026-04-20 08:45:59+08', 'morning', of_rule => 'morning');

-- [6:3:1] R50, ruling 9: between the two slots, give or take a post.
SELECT pg_temp.at('2026-05-01 08:00');
SELECT kefu.set_posting_rule('mix_service', 'group', at_least => 4, valid_from => '2026-05-05 00:00+08'),
       kefu.set_posting_rule('mix_industry', 'group', at_least => 4, valid_from => '2026-05-05 00:00+08'),
       kefu.set_posting_rule('mix_leisure', 'group', at_least => 2, valid_from => '2026-05-05 00:00+08'),
       kefu.set_posting_rule('mix', 'group', at_most => 0, valid_from => '2026-05-05 00:00+08');
SELECT pg_temp.posted(d.day, k.kind, (pg_temp.every('09:00', '17:00', 30))[k.first : k.last])
  FROM (VALUES ('2026-05-01'::date, 6, 3), ('2026-05-02', 5, 4), ('2026-05-03', 7, 1), ('2026-05-04', 4, 4), ('2026-05-05', 4, 4), ('2026-05-06', 6, 3))
       AS d(day, service, industry)
 CROSS JOIN LATERAL (VALUES ('service', 1, d.service), ('industry', d.service + 1, d.service + d.industry),
                            ('leisure', d.service + d.industry + 1, 10)) AS k(kind, first, last) \g /dev/null
SELECT day::date, pg_temp.looked(day::date, 'mix') FROM generate_series('2026-05-01'::date, '2026-05-06', interval '1 day') AS day;
-- On the two slots themselves nothing is counted, a minute within it is.
SELECT pg_temp.posted('2026-05-07', 'service', '{07:30,07:31,18:59,19:00}') \g /dev/null
SELECT mixed, service FROM kefu.posting_days('2026-05-07', '2026-05-07') WHERE account = 'sina.gd';

-- [1 picture a day] R52.
SELECT pg_temp.at('2026-05-11 08:00');
SELECT kefu.set_posting_rule('pictures', 'group', at_least => 2, valid_from => '2026-05-13 00:00+08');
SELECT pg_temp.posted(d.day, 'service', '{09:00,10:00}', pictures => d.pictures)
  FROM (VALUES ('2026-05-11'::date, 0), ('2026-05-12', 1), ('2026-05-13', 1), ('2026-05-14', 2)) AS d(day, pictures) \g /dev/null
SELECT day::date, pg_temp.looked(day::date, 'pictures') FROM generate_series('2026-05-11'::date, '2026-05-14', interval '1 day') AS day;

-- [2 soft reposts a day] R61: the third is refused; I8 sees one that came about otherwise.
SELECT pg_temp.at('2026-05-18 08:00');
SELECT kefu.set_posting_rule('soft_reposts', 'group', at_most => 3, valid_from => '2026-05-20 00:00+08');
SELECT pg_temp.posted('2026-05-18', 'news', '{10:00}', reposts => 1), pg_temp.posted('2026-05-19', 'news', '{10:00,11:00}', reposts => 2),
       pg_temp.posted('2026-05-20', 'news', '{10:00,11:00}', reposts => 2), pg_temp.posted('2026-05-21', 'news', '{10:00,11:00,12:00}', reposts => 3),
       pg_temp.posted('2026-05-17', 'culture', '{10:00,11:00,12:00}', reposts => 3) \g /dev/null
SELECT kefu.claim_slot('sina.gd', '2026-05-18 15:00+08', 'welfare', true) AS second;
SELECT kefu.claim_slot('sina.gd', '2026-05-19 23:59:59+08', 'welfare', true) AS third;
SELECT kefu.claim_slot('sina.gd', '2026-05-20 00:00+08', 'welfare', true) AS third_of_three;
SELECT kefu.claim_slot('sina.gd', '2026-05-21 15:00+08', 'welfare', true) AS fourth_of_three;
SELECT kefu.claim_slot('sina.gd', '2026-05-19 15:00+08', 'welfare', false) AS original;
SELECT day, pg_temp.looked(day, 'soft_reposts') FROM unnest('{2026-05-17,2026-05-19,2026-05-21}'::date[]) AS day;
SELECT b.detail FROM kefu.find_broken_posts() AS b WHERE b.invariant = 'I8';

-- [1:2 of reposts and originals] R62, ruling 9: give or take a post.
SELECT pg_temp.at('2026-05-25 08:00');
SELECT kefu.set_posting_rule('ratio_original', 'group', at_least => 1, valid_from => '2026-05-30 00:00+08');
SELECT pg_temp.posted(d.day, 'industry', pg_temp.every('09:00', '17:00', 60), reposts => d.reposts)
  FROM (VALUES ('2026-05-25'::date, 3), ('2026-05-26', 4), ('2026-05-27', 5), ('2026-05-28', 1), ('2026-05-29', 6), ('2026-05-30', 6), ('2026-05-31', 3))
       AS d(day, reposts) \g /dev/null
SELECT day::date, pg_temp.looked(day::date, 'ratio') FROM generate_series('2026-05-25'::date, '2026-05-31', interval '1 day') AS day;

-- [08:00 to 20:00 on working days] R71: half-open; holidays are the province's (R72).
SELECT pg_temp.at('2026-06-01 08:00');
SELECT kefu.set_duty_hours('cn-duty', '{1,2,3,4,5,8}', '07:30', '20:30', '2026-05-31');
SELECT kefu.set_duty_hours('nowhere', '{1}', '07:30', '20:30', '2026-06-10');
SELECT kefu.set_duty_hours('cn-duty', '{1,2,3,4,5,8}', '07:30', '20:30', '2026-06-10');
SELECT kefu.set_duty_hours('cn-duty', '{3}', NULL, NULL, '2026-06-17');
SELECT t.at, kefu.is_working_time('cn-duty', (t.at || '+08')::timestamptz)
  FROM unnest('{2026-06-09 07:59:59,2026-06-09 08:00,2026-06-09 19:59:59,2026-06-09 20:00,2026-06-10 07:29:59,2026-06-10 07:30,
                2026-06-10 20:29:59,2026-06-10 20:30,2026-06-13 12:00,2026-06-17 12:00,2026-06-18 07:30,2026-02-14 08:00,2026-02-14 20:00}'::text[]) AS t(at);
-- What a roster of the old hours leaves uncovered.
INSERT INTO kefu.shift (staff_id, unit, role, during)
SELECT s.staff_id, 'gd', 'operator', tstzrange(kefu.local_instant(d::date, '08:00'), kefu.local_instant(d::date, '20:00'))
  FROM kefu.staff s, generate_series('2026-06-08'::date, '2026-06-11', interval '1 day') AS d WHERE s.login = 'lin';
SELECT u.from_at, u.to_at FROM kefu.find_uncovered() AS u
 WHERE u.unit = 'gd' AND u.from_at BETWEEN '2026-06-08 00:00+08' AND '2026-06-12 00:00+08' ORDER BY 1;

-- [30 minutes between patrols] R71, R86, R88: a pause goes by the rule of its beginning.
SELECT kefu.set_patrol('gd', '31 minutes'), kefu.set_patrol('gd', '30 minutes', '2026-05-31 00:00+08');
SELECT kefu.set_patrol('group', '20 minutes', '2026-06-10 00:00+08');
INSERT INTO kefu.patrol (unit, staff_id, at)
SELECT 'gd', s.staff_id, t.at FROM kefu.staff s,
       unnest('{2026-06-09 08:30+08,2026-06-09 09:00:00+08,2026-06-09 09:30:00.000001+08,2026-06-09 09:55+08,
                2026-06-10 07:50+08,2026-06-10 08:10:00+08,2026-06-10 08:30:00.000001+08,2026-06-10 08:55+08}'::timestamptz[]) AS t(at)
 WHERE s.login = 'lin';
SELECT pg_temp.at('2026-06-10 09:00');
SELECT g.from_at, g.to_at FROM kefu.find_patrol_gap() AS g
 WHERE g.unit = 'gd' AND (g.from_at BETWEEN '2026-06-09 00:00+08' AND '2026-06-09 09:54+08' OR g.from_at > '2026-06-10 00:00+08') ORDER BY 1;
SELECT kefu.set_patrol('gd', '21 minutes');
-- The machine's own looking, by the same rule.
INSERT INTO kefu.feed (account, action, start_at) VALUES ('sina.gd', 'mentions', '2026-06-01 00:00+08');
INSERT INTO kefu.feed_state (account, action, ok_at) VALUES ('sina.gd', 'mentions', '2026-06-09 09:00+08')
    ON CONFLICT (account, action) DO UPDATE SET ok_at = excluded.ok_at;
UPDATE kefu.feed_state SET ok_at = '2026-06-09 09:30+08' WHERE account = 'sina.gd';
UPDATE kefu.feed_state SET ok_at = '2026-06-09 10:00:01+08' WHERE account = 'sina.gd';
UPDATE kefu.feed_state SET ok_at = '2026-06-10 00:00+08' WHERE account = 'sina.gd';
UPDATE kefu.feed_state SET ok_at = '2026-06-10 00:20+08' WHERE account = 'sina.gd';
UPDATE kefu.feed_state SET ok_at = '2026-06-10 00:40:01+08' WHERE account = 'sina.gd';
SELECT during FROM kefu.feed_gap WHERE account = 'sina.gd' AND lower(during) IS NOT NULL ORDER BY 1;

-- [10 minutes from the notice] R73: a promise keeps the number it was given; no
-- province changes it.
SELECT pg_temp.at('2026-06-15 09:00');
SELECT kefu.set_clock_policy('correction', 'gd', '9 minutes');
SELECT kefu.set_clock_policy('correction', 'group', '5 minutes', valid_from => '2026-06-15 12:00+08') > 0 AS is_set;
\set ECHO none
CREATE FUNCTION pg_temp.noticed(product text, at text) RETURNS TABLE (due_at timestamptz)
    LANGUAGE plpgsql AS
$$
DECLARE
    n bigint;
BEGIN
    PERFORM pg_temp.at(at);
    INSERT INTO kefu.post (state, unit, kind, text, made_at, approved_at, published_at)
    VALUES ('published', 'gd', 'service', product || '每月59元', kefu.now(), kefu.now(), kefu.now()) RETURNING post_id INTO n;
    INSERT INTO kefu.placement (state, unit, post_id, account, kind, is_repost, is_exempt, has_media, text, planned_at, send_at,
                                published_at, native_id, made_at)
    VALUES ('published', 'gd', n, 'sina.gd', 'service', false, false, false, product || '每月59元', kefu.now(), kefu.now(), kefu.now(),
            'n' || n, kefu.now());
    SET LOCAL ROLE lin;
    SELECT notice_id INTO n FROM kefu.change_notice('gd', product, kefu.now(), product || '每月59元调整为每月69元');
    PERFORM kefu.confirm_notice(n, ARRAY(SELECT placement_id FROM kefu.affected_by(n)));
    RESET ROLE;
    RETURN QUERY SELECT k.due_at FROM kefu.clock k JOIN kefu.correction c ON k.object_type = 'correction' AND c.correction_id = k.object_id
                  WHERE c.notice_id = n;
END $$;
CREATE FUNCTION pg_temp.late(at text) RETURNS TABLE (late bigint) LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM pg_temp.at(at);
    PERFORM FROM kefu.tick();
    RETURN QUERY SELECT count(*) FROM kefu_bi.invariants v WHERE v.invariant = 'I9';
END $$;
\set ECHO all
SELECT * FROM pg_temp.noticed('乐享套餐', '2026-06-15 11:59:59');
SELECT * FROM pg_temp.late('2026-06-15 12:09:59');
SELECT * FROM pg_temp.late('2026-06-15 12:10:00');
SELECT * FROM pg_temp.noticed('畅聊套餐', '2026-06-15 12:10:00');
SELECT * FROM pg_temp.late('2026-06-15 12:15:00');
SELECT * FROM pg_temp.late('2026-06-15 12:15:01');
-- Deleted by hand it is within the same time.
SELECT t.at, kefu.deletion_due('gd', t.at) FROM unnest('{2026-06-15 11:59:59+08,2026-06-15 12:00+08}'::timestamptz[]) AS t(at);

-- [ct10000 domains] R27: the series begins with it.
\set ECHO none
CREATE FUNCTION pg_temp.named(domain text) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO kefu.account_profile AS p (account, valid_from, name, domain, set_at) VALUES ('sina.gd', kefu.now(), '中国电信广东客服', domain, kefu.now())
        ON CONFLICT (account, valid_from) DO UPDATE SET domain = excluded.domain;
    RETURN (SELECT pg_temp.verdict(VARIADIC array_agg(f.detail_en)) FROM kefu.find_odd_domain() AS f WHERE f.account = 'sina.gd');
END $$;
\set ECHO all
SELECT kefu.set_profile_rule('2026-06-16 00:00+08', '{"domain_prefix": "dx10000"}');
SELECT d.domain, pg_temp.named(d.domain) FROM unnest('{ct10000,ct10000gd,ct1000,xct10000,""}'::text[]) AS d(domain);
SELECT pg_temp.at('2026-06-15 23:59:59');
SELECT pg_temp.named('ct10000gd') AS old, pg_temp.named('dx10000gd') AS new;
SELECT pg_temp.at('2026-06-16 00:00');
SELECT pg_temp.named('ct10000gd') AS old, pg_temp.named('dx10000gd') AS new;

-- What was changed, and by whom, is on the ledger.
SELECT e.event, count(*) FROM kefu.audit_event e
 WHERE e.object_type = 'ledger' AND e.event ~ '^(set_(posting|follow|patrol|duty|length|clock|profile)|add_(mandatory|festival)|retire_tag|close_platform)'
 GROUP BY 1 ORDER BY 1;
ROLLBACK;
