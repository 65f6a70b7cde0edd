-- length: how long a text is to each platform (R41), what of it fits (R42), and
-- that the numbers are rows with a beginning (R2).  The vectors of every way of
-- counting are in test/unit/test_textlength.c.

\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
\set ECHO all

-- R41: Sina's 140, by its own counting, at the boundary and one beyond.
SELECT v.what, kefu.text_length('sina', 'comment', v.text) AS length,
       kefu.text_length('sina', 'comment', v.text) <= kefu.length_limit('sina', 'comment') AS fits
  FROM (VALUES ('139', repeat('中', 139)), ('140', repeat('中', 140)), ('141', repeat('中', 141)),
               ('280 letters', repeat('a', 280)), ('281 letters', repeat('a', 281)),
               ('139 and ab', repeat('中', 139) || 'ab'), ('139 and abc', repeat('中', 139) || 'abc'),
               ('130 and an address', repeat('中', 130) || 'http://www.189.cn/tianyi/index.html'),
               ('131 and an address', repeat('中', 131) || 'http://www.189.cn/tianyi/index.html'),
               ('70 emoji', repeat('😀', 70)), ('71 emoji', repeat('😀', 71))) AS v(what, text);
-- An own address of 41 halves counts 21 characters, one of 42 counts 10.
SELECT n AS halves, kefu.text_length('sina', 'comment', rpad('http://weibo.com/', n, 'a')) AS length
  FROM generate_series(41, 42) AS n;

-- The limits of their day: posts had 140 until the last minute of 27 February 2016.
SELECT at, kefu.length_limit('sina', 'post', at) AS post, kefu.length_limit('sina', 'repost', at) AS repost,
       kefu.length_limit('sina', 'comment', at) AS comment, kefu.length_limit('sina', 'message', at) AS message
  FROM unnest('{2009-08-13 23:59:59+08,2009-08-14 00:00+08,2016-02-27 23:59:59+08,2016-02-28 00:00+08,2026-03-02 09:00+08}'::timestamptz[]) AS at;

-- R42: what fits, by the character.
SELECT kefu.fitting_length('sina', 'comment', repeat('中', 139)) AS all_139,
       kefu.fitting_length('sina', 'comment', repeat('中', 141)) AS of_141,
       kefu.fitting_length('sina', 'comment', repeat('中', 139) || 'abc') AS of_142,
       kefu.fitting_length('sina', 'comment', '') AS none;
-- Without a rule nothing is known; NULL stays NULL.
SELECT kefu.text_length('nowhere', 'post', '中') IS NULL AS platform, kefu.length_limit('sina', 'reply') IS NULL AS kind,
       kefu.fitting_length('nowhere', 'post', '中') IS NULL AS fitting, kefu.text_length('sina', 'post', NULL) IS NULL AS text,
       kefu.text_length(NULL, 'post', '中') IS NULL AS no_platform;

-- A new version holds from its beginning on, in the session that has read the old one.
SELECT kefu.set_length_rule('sina', 'repost', 500, valid_from => '2026-06-01 00:00+08');
SELECT at, kefu.length_limit('sina', 'repost', at), kefu.text_length('sina', 'repost', 'abc', at)
  FROM unnest('{2026-05-31 23:59:59+08,2026-06-01 00:00+08}'::timestamptz[]) AS at;
SELECT kefu.set_length_rule('tencent', 'post', 140, 'codepoints', 23, true);
SELECT kefu.length_limit('tencent', 'post') AS "limit",
       kefu.text_length('tencent', 'post', '看http://www.189.cn/tianyi/index.html @ct10000@kefu.example') AS length;
-- What an address counts as goes with the algorithm: kept with it, gone with it.
SELECT kefu.set_length_rule('tencent', 'post', 200, valid_from => '2026-04-01 00:00+08');
SELECT kefu.set_length_rule('tencent', 'post', 500, 'graphemes', valid_from => '2026-05-01 00:00+08');
SELECT valid_from, text_limit, algorithm, url_length, short_names
  FROM kefu.length_rule WHERE platform = 'tencent' ORDER BY valid_from;
SELECT e.event, e.facts FROM kefu.audit_event e WHERE e.event = 'set_length_rule' ORDER BY e.event_id LIMIT 2;
SAVEPOINT s;
SELECT kefu.set_length_rule('sina', 'post', 140, valid_from => '2026-03-02 08:59:59+08');
ROLLBACK TO s;
SELECT kefu.set_length_rule('tencent', 'message', 140);
ROLLBACK TO s;
SELECT kefu.set_length_rule('sina', 'post', 140, 'words');
ROLLBACK TO s;
SELECT kefu.set_length_rule('sina', 'post', 0);
ROLLBACK TO s;
SELECT kefu.set_length_rule('sina', 'post', 140, 'sina', 20);
ROLLBACK TO s;
SELECT kefu.set_length_rule('nowhere', 'post', 140, 'bytes');
ROLLBACK TO s;
-- Everybody on the desk may count; nobody there sets a limit.
SET LOCAL ROLE lin;
SELECT kefu.text_length('sina', 'post', '中a') AS length;
SELECT kefu.set_length_rule('sina', 'post', 140);
ROLLBACK;
-- What was rolled back is not what holds.
SELECT kefu.length_limit('tencent', 'post') IS NULL AS gone;
