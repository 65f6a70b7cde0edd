-- mapping: platforms' replies read by rows.
--
-- First the rows of Sina v2 over replies in its recorded shapes, with invented
-- content; then a platform that doesn't exist, added by INSERTs alone. All in
-- one transaction that is rolled back.

\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
SET timezone = 'Asia/Shanghai';
BEGIN;
SELECT kefu.load_preset('platform_sina_v2') \g /dev/null

-- One item a line, without what is NULL.
CREATE FUNCTION pg_temp.mapped(action text, payload text, own_id text DEFAULT NULL,
        platform text DEFAULT 'sina')
    RETURNS TABLE (item jsonb)
    LANGUAGE sql AS
    $$SELECT jsonb_strip_nulls(to_jsonb(m)) FROM kefu.map_payload(platform, action, payload, own_id) AS m$$;

-- A post that mentions us: ids beyond 64 bits stay exact, as number and as text.
SELECT item FROM pg_temp.mapped('mentions', '{"statuses": [
    {"created_at": "Mon Mar 02 08:15:30 +0800 2026", "id": 18446744073709551617, "idstr": "18446744073709551617",
     "mid": "18446744073709551617", "text": "@东省客服 宽带断了，10000号打不通", "truncated": false, "favorited": false,
     "source": "<a href=\"http://app.example/\" rel=\"nofollow\">手机客户端</a>", "in_reply_to_status_id": "",
     "in_reply_to_user_id": "", "in_reply_to_screen_name": "", "geo": null,
     "thumbnail_pic": "http://img.example/t/a.jpg", "original_pic": "http://img.example/o/a.jpg",
     "user": {"id": 7001, "idstr": "7001", "screen_name": "小满", "name": "小满", "province": "44", "city": "1",
              "domain": "", "followers_count": 12, "verified": false, "created_at": "Wed May 19 00:00:00 +0800 2010"},
     "reposts_count": 0, "comments_count": 1, "visible": {"type": 0, "list_id": 0}}],
    "hasvisible": false, "previous_cursor": 0, "next_cursor": 0, "total_number": 1}');

-- Types drift: text for numbers, numbers for text, "1" for true, absent idstr.
SELECT item FROM pg_temp.mapped('mentions', '{"statuses": [
    {"created_at": "Mon Mar 02 08:15:31 +0800 2026", "id": "-3334373500841821049", "text": 10000, "truncated": "1",
     "source": "网页", "user": {"id": "7002", "screen_name": "大寒", "province": 44, "city": "1000",
     "followers_count": "134461", "verified": "1"},
     "pic_urls": [{"thumbnail_pic": "http://img.example/1.jpg"}, {"thumbnail_pic": "http://img.example/2.jpg"}]}]}');

-- A repost whose original was deleted has lost its author; so has a deleted post.
SELECT item FROM pg_temp.mapped('mentions', '{"statuses": [
    {"created_at": "Mon Mar 02 08:16:00 +0800 2026", "id": 5003, "text": "转发微博", "user": {"id": 7003, "screen_name": "谷雨"},
     "retweeted_status": {"created_at": "Mon Mar 02 08:00:00 +0800 2026", "id": 5001, "text": "此微博已被原作者删除。", "deleted": "1"}},
    {"created_at": "Mon Mar 02 08:16:30 +0800 2026", "id": 5004, "text": "@东省客服 同问", "user": {"id": 7004},
     "retweeted_status": {"id": 5002, "idstr": "5002", "text": "故障公告", "user": {"id": 9001, "idstr": "9001"}}},
    {"id": 5005, "text": "此微博已被原作者删除。", "deleted": "1"}]}');

-- Comments: on a post, and on a comment under it. Ours are known by author_id.
SELECT item FROM pg_temp.mapped('comments_to_me', '{"comments": [
    {"created_at": "Mon Mar 02 09:00:00 +0800 2026", "id": 6002, "idstr": "6002", "mid": "6002", "text": "回复@东省客服: 还是不行",
     "source": "<a href=\"x\">微博</a>", "user": {"id": 7001, "idstr": "7001", "screen_name": "小满"},
     "status": {"id": 5002, "idstr": "5002", "text": "故障公告", "user": {"id": 9001, "idstr": "9001"}},
     "reply_comment": {"id": 6001, "idstr": "6001", "text": "请提供号码", "user": {"id": 9001, "idstr": "9001"}}},
    {"created_at": "Mon Mar 02 08:59:00 +0800 2026", "id": 6000, "text": "什么时候修好?", "user": {"id": 7001, "screen_name": "小满"},
     "status": {"id": 5002, "text": "故障公告", "user": {"id": 9001}}}],
    "previous_cursor": 0, "next_cursor": 0, "total_number": 2}');

-- Private messages: the thread is the other party, whoever wrote.
SELECT item FROM pg_temp.mapped('messages', '{"direct_messages": [
    {"id": 8002, "idstr": "8002", "created_at": "Mon Mar 02 10:00:05 +0800 2026", "text": "我的号码是…", "sender_id": 7001,
     "recipient_id": 9001, "sender_screen_name": "小满", "recipient_screen_name": "东省客服", "mid": "8002", "status_id": 0, "geo": null},
    {"id": 8001, "idstr": "8001", "created_at": "Mon Mar 02 10:00:00 +0800 2026", "text": "请私信号码", "sender_id": 9001,
     "recipient_id": 7001, "sender_screen_name": "东省客服", "status_id": 5002}]}', '9001');

-- What a write answers is the created object itself.
SELECT item FROM pg_temp.mapped('reply_comment', '{"created_at": "Mon Mar 02 10:05:00 +0800 2026", "id": 6003, "idstr": "6003",
    "text": "已受理", "user": {"id": 9001}, "status": {"id": 5002, "user": {"id": 9001}}, "reply_comment": {"id": 6002, "user": {"id": 7001}}}');

-- Bad items say why, the others survive; NUL and half characters are replaced.
SELECT item FROM pg_temp.mapped('mentions', '{"statuses": [7, null, {"text": "no id"}, {"id": 1, "text": "no author"},
    {"id": 2, "user": {"id": 3}, "text": "when?", "created_at": "昨天"},
    {"id": 4, "user": {"id": 5}, "text": "a\u0000b\ud83d", "created_at": "Mon Mar 02 08:15:30 +0800 2026"}]}');
SELECT count(*) FROM pg_temp.mapped('mentions', '{"statuses": [], "total_number": 0}');

-- Replies that can't be read.
SELECT pg_temp.mapped('mentions', '');
SELECT pg_temp.mapped('mentions', '<html>502 Bad Gateway</html>');
SELECT pg_temp.mapped('mentions', '{"statuses": [{"id": 1, "text": "cut');
SELECT pg_temp.mapped('mentions', '{"statuses": [] } {}');
SELECT pg_temp.mapped('mentions', '{"request": "/statuses/mentions.json", "error_code": "20502", "error": "no"}');
SELECT pg_temp.mapped('mentions', '{"statuses": ' || repeat('[', 100000));
SELECT pg_temp.mapped('mentions', '{"statuses": ' || repeat('{"a":', 64) || '1' || repeat('}', 64) || '}');
SELECT pg_temp.mapped('mentions', '["' || repeat('长', 6000000) || '"]');
SELECT pg_temp.mapped('mentions', '{"statuses": [' || repeat('0,', 10000) || '0]}');
SELECT pg_temp.mapped('mentions', convert_from('\x7b22ff22', 'UTF8'));
SELECT pg_temp.mapped('no_such_action', '{}');
SELECT pg_temp.mapped('mentions', '{}', platform => 'nowhere');
SELECT pg_temp.mapped('mentions', '{}', platform => repeat('x', 100));
SELECT count(*) FROM kefu.map_payload(NULL, 'mentions', '{}');
SELECT count(*) FROM kefu.map_payload('sina', 'mentions', NULL);

-- A page of 200 is a page of 200.
SELECT count(*), count(DISTINCT m.native_id), min(m.item_no), max(m.item_no), count(m.error)
  FROM kefu.map_payload('sina', 'mentions', (SELECT jsonb_build_object('statuses', jsonb_agg(jsonb_build_object(
           'id', 9223372036854775807::numeric + i, 'text', '第' || i || '条', 'user', jsonb_build_object('id', i),
           'created_at', 'Mon Mar 02 08:15:30 +0800 2026')))::text FROM generate_series(1, 200) AS i)) AS m;

-- What replies mean: by code as number or text, by status, by emptiness.
SELECT t.status, t.body, c.*
  FROM (VALUES (200, '{"id": 1}'), (200, ''), (403, '{"error_code": 20306, "error": "not your follower"}'),
           (400, '{"request": "/comments/reply.json", "error_code": "20019", "error": "repeat content!"}'),
           (400, '{"error_code": 20031, "error": "update success, server slow"}'), (403, '{"error_code": 10023}'),
           (403, '{"error_code": "10022"}'), (403, '{"error_code": 10024}'), (403, '{"error_code": 21327, "error": "expired_token"}'),
           (403, '{"error_code": "21332"}'), (400, '{"error_code": 20012}'), (400, '{"error_code": 20018}'),
           (400, '{"error_code": 20101}'), (503, '{"error_code": 10009}'), (400, '{"error_code": 99999}'), (200, '{"error_code": 99999}'),
           (502, '<html>'), (404, ''), (429, ''), (418, ''), (0, NULL), (302, NULL)) AS t(status, body),
       LATERAL kefu.classify_reply('sina', t.status, t.body) AS c;
SELECT * FROM kefu.classify_reply('sina', 503, '', '120');
SELECT * FROM kefu.classify_reply('sina', NULL, NULL);
SELECT kefu.classify_reply(NULL, 200, '{}') IS NULL AS nothing;
SELECT * FROM kefu.classify_reply('nowhere', 200, '');

-- Rows of * come after the platform's own.
INSERT INTO kefu.error_map (platform, seq, codes, class) VALUES ('*', 1, '{99999,20012}', 'forbidden');
SELECT class FROM kefu.classify_reply('sina', 400, '{"error_code": 99999}');
SELECT class FROM kefu.classify_reply('sina', 400, '{"error_code": 20012}');

-- A change of rows is seen at once, and gone with its subtransaction.
\set page '{"statuses": [{"id": 1, "text": "甲", "note": "乙", "user": {"id": 2}, "created_at": "Mon Mar 02 08:15:30 +0800 2026"}]}'
SELECT m.text FROM kefu.map_payload('sina', 'mentions', :'page') AS m;
SAVEPOINT changed;
UPDATE kefu.field_map SET paths = '{note}' WHERE platform = 'sina' AND item_kind = 'status' AND field = 'text';
SELECT m.text FROM kefu.map_payload('sina', 'mentions', :'page') AS m;
ROLLBACK TO changed;
SELECT m.text FROM kefu.map_payload('sina', 'mentions', :'page') AS m;

-- Rows that contradict themselves are refused when they are used, by name.
SAVEPOINT wrong;
UPDATE kefu.field_map SET transform = 'int' WHERE platform = 'sina' AND item_kind = 'status' AND field = 'text';
\set VERBOSITY default
SELECT pg_temp.mapped('mentions', :'page');
ROLLBACK TO wrong;
UPDATE kefu.error_map SET text_pattern = '(' WHERE platform = 'sina' AND seq = 30;
SELECT kefu.classify_reply('sina', 200, '{}');
ROLLBACK TO wrong;
\set VERBOSITY terse

-- And some when they are written.
INSERT INTO kefu.platform (platform, name_zh, name_en, base_url, auth_kind, auth_placement, auth_name, timezone)
    VALUES ('x', '甲', 'X', 'http://x.example', 'none', 'header', '', 'UTC');
INSERT INTO kefu.field_map (platform, item_kind, field, transform) VALUES ('sina', 'status', 'text', 'text');
INSERT INTO kefu.field_map (platform, item_kind, field, paths, transform) VALUES ('sina', 'status', 'sentiment', '{a}', 'text');
INSERT INTO kefu.field_map (platform, item_kind, field, seq, paths, transform) VALUES ('sina', 'status', 'url', 9, '{a}', 'template');
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, body_kind, item_kind, result_kind, paging_style)
    VALUES ('sina', 'search', 'feed', 'GET', '/search.json', 'none', 'status', 'list', 'page');
INSERT INTO kefu.error_map (platform, seq, class) VALUES ('sina', 999, 'gone');

-- A platform by rows alone: errors with status 200, lists below data, flat
-- users, cursors of time and id, one endpoint for two feeds, HTML, a template.
INSERT INTO kefu.platform (platform, name_zh, name_en, base_url, default_params, auth_kind, auth_placement, auth_name,
        oauth1_signature, timezone, error_code_paths, error_message_paths)
    VALUES ('plover', '鸻鸟', 'Plover', 'https://api.plover.example/v1', '{"format": "json"}', 'oauth1', 'query', '',
        'HMAC-SHA1', 'Asia/Shanghai', '{ret,errcode}', '{msg}');
INSERT INTO kefu.field_map (platform, item_kind, field, seq, paths, transform, arg, is_required) VALUES
    ('plover', 'status', 'native_id', 1, '{id}', 'id', NULL, true),
    ('plover', 'status', 'author_id', 1, '{name}', 'id', NULL, true),
    ('plover', 'status', 'author_name', 1, '{nick}', 'text', NULL, false),
    ('plover', 'status', 'text', 1, '{origtext}', 'text', NULL, false),
    ('plover', 'status', 'text', 2, '{text}', 'html_text', NULL, true),
    ('plover', 'status', 'posted_at', 1, '{timestamp}', 'date_unix_s', NULL, true),
    ('plover', 'status', 'item_type', 1, '{comment_of}', 'const', 'comment', false),
    ('plover', 'status', 'parent_id', 1, '{comment_of}', 'id', NULL, false),
    ('plover', 'status', 'is_deleted', 1, '{status}', 'one_of', '1,3,4', false),
    ('plover', 'status', 'media', 1, '{image.*}', 'list', '{1}/460', false),
    ('plover', 'status', 'url', 1, '{name,id}', 'template', 'https://plover.example/{1}/{2}', false);
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, const_params, body_kind, item_kind, result_kind,
        items_paths, item_filter, empty_when, paging_style, page_size, size_param, cursor_paths,
        flag_param, flag_first, flag_newer, flag_older, time_param, id_param)
    SELECT 'plover', f.action, 'feed', 'GET', '/statuses/mentions', '{"type": "0x40"}', 'none', 'status', 'list',
           '{data.info}', f.filter, '[[{"path": "data", "is": "null"}, {"path": "ret", "in": ["0"]}], [{"path": "msg", "in": ["have no tweet"]}]]',
           'time_id', 70, 'reqnum', '{timestamp,id}', 'pageflag', '0', '2', '1', 'pagetime', 'lastid'
      FROM (VALUES ('mentions', '[{"path": "comment_of", "is": "null"}]'::jsonb),
                   ('comments_to_me', '[{"path": "comment_of", "is": "present"}]')) AS f(action, filter);
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, body_kind, item_kind, result_kind, items_paths, result_id_paths)
    VALUES ('plover', 'post', 'write', 'POST', '/t/add', 'form', 'status', 'id', '{data}', '{id}'),
           ('plover', 'delete_post', 'write', 'POST', '/t/del', 'form', 'status', 'nothing', '{$}', '{}');
INSERT INTO kefu.error_map (platform, seq, codes, text_pattern, class, scope) VALUES
    ('plover', 1, '{0,0.0}', NULL, 'ok', NULL), ('plover', 2, '{2%}', NULL, 'rate', 'user'),
    ('plover', 3, '{4.13}', NULL, 'duplicate', NULL), ('plover', 4, NULL, '^have no tweet$', 'empty', NULL);
\set page '{"data": {"hasnext": 0, "info": [{"id": "114923039618687", "name": "yu_shui", "nick": "雨水", "text": "<p>a &amp; b</p>", "timestamp": 1772410530, "status": 0, "image": ["http://img.example/p"]}, {"id": 14184007396556018879, "name": "bai_lu", "nick": "白露", "origtext": "1 < 2", "text": "1 &lt; 2", "timestamp": "1772410531", "comment_of": 114923039618687}, {"id": 3, "status": 3, "timestamp": 1772410532}]}, "errcode": 0, "msg": "ok", "ret": 0}'
SELECT item FROM pg_temp.mapped('mentions', :'page', platform => 'plover');
SELECT item FROM pg_temp.mapped('comments_to_me', :'page', platform => 'plover');
SELECT count(*) FROM pg_temp.mapped('mentions', '{"data": null, "errcode": 0, "msg": "result is empty", "ret": 0}', platform => 'plover');
SELECT count(*) FROM pg_temp.mapped('mentions', '{"ret": 5, "msg": "have no tweet"}', platform => 'plover');
SELECT count(*) FROM pg_temp.mapped('mentions', '{"data": null, "ret": 4}', platform => 'plover');
SELECT item FROM pg_temp.mapped('post', '{"data": {"id": "114923039618700", "time": 1366727812}, "errcode": 0, "ret": 0}', platform => 'plover');
SELECT count(*) FROM pg_temp.mapped('delete_post', '{"ret": 0}', platform => 'plover');
SELECT t.body, c.class, c.code, c.scope
  FROM (VALUES ('{"ret": 0, "errcode": 0}'), ('{"ret": "2"}'), ('{"ret": 2, "errcode": 6}'), ('{"ret": 4, "errcode": "13"}'),
           ('{"ret": 4, "errcode": 130}'), ('{"ret": 5, "msg": "Have No Tweet"}')) AS t(body),
       LATERAL kefu.classify_reply('plover', 200, t.body) AS c;
SELECT jsonb_pretty(kefu.endpoint_spec('plover', 'mentions') -> 'paging');

-- Every endpoint of the preset compiles, and every write can be verified or is
-- a deletion, a follow or its end, which may be repeated.
SELECT e.action, m.error FROM kefu.endpoint AS e, LATERAL kefu.map_payload('sina', e.action,
       CASE e.result_kind WHEN 'list' THEN jsonb_build_object(e.items_paths[1], '[]'::jsonb)::text ELSE '{}' END) AS m
 WHERE e.platform = 'sina' ORDER BY e.action;
SELECT e.action FROM kefu.endpoint AS e
 WHERE e.platform = 'sina' AND e.purpose = 'write' AND e.verify_action IS NULL ORDER BY e.action;
ROLLBACK;
