-- reposts: what is passed on is context of one ticket, however often (R85, R103, ruling 23);
-- what comes cut is completed, and what is attached is kept (R82, R85).
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set plaza :tests '/lib/plaza.psql'
\set storm 5000
\getenv storm KEFU_STORM
SET timezone = 'Asia/Shanghai';
BEGIN;
\set ECHO none
\i :plaza
\set ECHO all

-- --- as platforms say it ------------------------------------------------------------

SELECT kefu.load_preset('platform_sina_v2') \g /dev/null
SELECT kefu.load_preset('platform_mastodon') \g /dev/null
SELECT kefu.load_preset('platform_sohu') \g /dev/null
SELECT i.native_id, i.text, i.is_truncated, i.media, i.repost_of_id, i.repost_text, i.repost_of_count
  FROM kefu.map_payload('sina', 'mentions', '{"statuses": [
    {"created_at": "Mon Mar 02 08:16:30 +0800 2026", "id": 5004, "text": "@东省客服 看看//@谷雨:同问", "truncated": false,
     "user": {"id": 7004}, "retweeted_status": {"id": 5002, "idstr": "5002", "text": "断网三天了", "truncated": false,
     "reposts_count": 321, "original_pic": "http://img.example/o/5002.jpg", "user": {"id": 7001, "idstr": "7001"}}},
    {"created_at": "Mon Mar 02 08:17:30 +0800 2026", "id": 5005, "text": "@东省客服 说来话长…", "isLongText": true, "truncated": false,
     "user": {"id": 7005}, "pic_urls": [{"thumbnail_pic": "http://img.example/1.jpg"}]},
    {"created_at": "Mon Mar 02 08:18:30 +0800 2026", "id": 5006, "text": "@东省客服 转发微博", "truncated": "1", "user": {"id": 7006},
     "retweeted_status": {"id": 5003, "text": "此微博已被原作者删除。", "deleted": "1"}}]}') AS i;
-- A long text that comes along is the text, and nothing is missing then; of what is reposted too.
SELECT i.native_id, i.text, i.is_truncated, i.repost_text
  FROM kefu.map_payload('sina', 'mentions', '{"statuses": [
    {"created_at": "Mon Mar 02 08:17:30 +0800 2026", "id": 5005, "text": "@东省客服 说来…", "isLongText": true,
     "longText": {"longTextContent": "@东省客服 说来话长", "url_objects": []}, "user": {"id": 7005}},
    {"created_at": "Mon Mar 02 08:18:30 +0800 2026", "id": 5007, "text": "@东省客服", "isLongText": false, "user": {"id": 7006},
     "retweeted_status": {"id": 5005, "text": "@东省客服 说来…", "isLongText": true, "longText": {"longTextContent": "@东省客服 说来话长"}}}]}') AS i;
-- Sohu's lists say that a text is cut, as a word or a truth; one post alone is asked for by its path.
SELECT i.native_id, i.is_truncated, e.complete_action, s.method, s.path, s.item_kind
  FROM kefu.map_payload('sohu', 'mentions', '[
    {"created_at": "Mon Mar 02 08:17:30 +0800 2026", "id": "61", "text": "说来…", "truncated": "true", "user": {"id": "71"}},
    {"created_at": "Mon Mar 02 08:17:31 +0800 2026", "id": "62", "text": "短", "truncated": "false", "user": {"id": "71"}},
    {"created_at": "Mon Mar 02 08:17:32 +0800 2026", "id": "63", "text": "长…", "truncated": true, "user": {"id": "71"}}]') AS i
  JOIN kefu.endpoint e ON e.platform = 'sohu' AND e.action = 'mentions'
  JOIN kefu.endpoint s ON s.platform = 'sohu' AND s.action = e.complete_action;
SELECT action FROM kefu.endpoint WHERE platform = 'sohu' AND purpose = 'feed' AND item_kind = 'status' AND complete_action IS NULL ORDER BY 1;
SELECT i.native_id, i.repost_of_id, i.repost_of_key, i.repost_text, m.kind, m.url
  FROM kefu.map_payload('mastodon', 'home', '[
    {"id": "11", "uri": "https://one.example/s/11", "created_at": "2026-03-02T00:16:30Z", "content": "<p>断网三天了</p>", "visibility": "public",
     "account": {"id": "71", "acct": "u71"}, "media_attachments": [],
     "reblog": {"id": "10", "uri": "https://one.example/s/10", "content": "<p>断网三天了</p>", "account": {"id": "70"}}},
    {"id": "12", "uri": "https://one.example/s/12", "created_at": "2026-03-02T00:17:30Z", "content": "<p>看图</p>", "visibility": "public",
     "account": {"id": "72", "acct": "u72"}, "reblog": null, "media_attachments": [
        {"id": "1", "type": "image", "url": "https://one.example/m/1.png"}, {"id": "2", "type": "video", "url": "https://one.example/m/2.mp4"}]}]') AS i
  LEFT JOIN LATERAL kefu.media_of(i.media, i.media_kind) AS m ON true;
-- Kinds that don't fit the addresses say nothing; without any, all are pictures.
SELECT * FROM kefu.media_of(E'https://a/1\nhttps://a/2', 'video');
SELECT * FROM kefu.media_of(E'https://a/1\nhttps://a/2', NULL);
SELECT count(*) FROM kefu.media_of(NULL, NULL);

-- --- one matter, one ticket ------------------------------------------------------------

INSERT INTO kefu.clock_policy (clock, unit, valid_from, target, calendar) VALUES ('reseen', 'group', '2020-01-01', '30 min', 'wall');
INSERT INTO kefu.clock_policy (clock, unit, valid_from, target_from, calendar) VALUES ('alarm', 'group', '2020-01-01', 'due_at', 'wall');
INSERT INTO kefu.alarm_rule (measure, alarm, valid_from, at_least)
    VALUES ('reposts', 1, '2010-01-01', 100), ('reposts', 2, '2010-01-01', 1000), ('reposts', 3, '2010-01-01', 5000),
           ('reposts', 4, '2010-01-01', 50000);
UPDATE kefu.platform SET repost_mark = '//@' WHERE platform = 'plaza';
INSERT INTO kefu.field_map (platform, item_kind, field, paths, transform) VALUES
    ('plaza', 'status', 'repost_of_id', '{of.id}', 'id'), ('plaza', 'status', 'repost_text', '{of.text}', 'text'),
    ('plaza', 'status', 'repost_of_count', '{of.reposts}', 'int'), ('plaza', 'status', 'is_truncated', '{cut}', 'bool'),
    ('plaza', 'status', 'media', '{pictures.*}', 'list');
CREATE FUNCTION pg_temp.repost(id text, by text, text text, of_id text, of_text text DEFAULT NULL, of_reposts bigint DEFAULT NULL)
    RETURNS jsonb LANGUAGE sql
    RETURN pg_temp.item(id, by, text, under => of_id,
        more => jsonb_build_object('of', jsonb_build_object('id', of_id, 'text', of_text, 'reposts', of_reposts)));
-- What became of a message: with a ticket of its own, on another's, or as context of one.
CREATE FUNCTION pg_temp.became(ids text[]) RETURNS TABLE (item text, state text, kind text, ticket text, context text, clocks bigint)
    LANGUAGE sql AS
$$ SELECT m.native_id, m.state, m.suggested_kind,
          (SELECT o.native_id FROM kefu.ticket t JOIN kefu.message o ON o.message_id = t.message_id WHERE t.ticket_id = m.ticket_id),
          (SELECT o.native_id FROM kefu.ticket t JOIN kefu.message o ON o.message_id = t.message_id WHERE t.ticket_id = m.context_of),
          (SELECT count(*) FROM kefu.clock c WHERE c.object_type = 'message' AND c.object_id = m.message_id)
     FROM kefu.message m WHERE m.platform = 'plaza' AND m.native_id = ANY (ids) ORDER BY m.message_id $$;

-- A complaint, and those who pass it on: in silence, with anger, quoting others. Only who
-- asks something in his own words has his own ticket; the customer himself is heard.
SELECT tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(pg_temp.item('100', '1', '断网三天了')));
SELECT new_messages, tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(
    pg_temp.repost('101', '2', '转发', '100', '断网三天了'),
    pg_temp.repost('102', '3', '断网三天了', '100', '断网三天了'),
    pg_temp.repost('103', '4', '太差了//@n3:请问修好没', '100', '断网三天了'),
    pg_temp.repost('104', '5', '请问什么时候修好//@n3:唉', '100', '断网三天了'),
    pg_temp.repost('105', '1', '还没修好', '100', '断网三天了')));
SELECT * FROM pg_temp.became('{100,101,102,103,104,105}');
-- The ticket learns of its own customer only.
SELECT count(*) FROM kefu.audit_event e JOIN kefu.ticket t ON t.ticket_id = e.object_id
  JOIN kefu.message m ON m.message_id = t.message_id AND m.native_id = '100'
 WHERE e.object_type = 'ticket' AND e.event = 'customer_wrote';
SELECT e.facts - 'person' - 'ticket' - 'posted_at' AS facts, e.facts ? 'ticket' AS names_ticket
  FROM kefu.audit_event e JOIN kefu.message m ON e.object_type = 'message' AND e.object_id = m.message_id
 WHERE m.native_id = '101' AND m.platform = 'plaza';
-- Words of an original that is a message are kept once, there.
SELECT item_key, text, reposts_count, told_count FROM kefu.original;

-- The original and its reposts in one payload.
SELECT new_messages, tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(
    pg_temp.repost('111', '12', '转发', '110', '断网'), pg_temp.repost('112', '13', '转发', '110', '断网'),
    pg_temp.item('110', '11', '断网', kefu.now() - interval '1 minute')));
SELECT * FROM pg_temp.became('{110,111,112}');

-- An original that was never addressed to us: the first repost opens the ticket, of the kind that its words suggest.
SELECT new_messages, tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(
    pg_temp.repost('121', '22', '转发', '120', '断网没人管', 7), pg_temp.repost('122', '23', '转发', '120', '断网没人管', 9)));
SELECT new_messages, tickets FROM kefu.ingest('plaza.west', 'mentions', pg_temp.page(
    pg_temp.repost('123', '24', '转发', '120', '断网没人管', 8)));
SELECT * FROM pg_temp.became('{121,122,123}');
SELECT item_key, text, reposts_count, told_count FROM kefu.original WHERE item_key = '120';
-- A search that finds reposts opens nothing; they are context where a ticket is open.
SELECT tickets FROM kefu.ingest('plaza.east', 'search', pg_temp.page(
    pg_temp.repost('124', '25', '转发', '120', '断网没人管'), pg_temp.repost('131', '26', '转发', '130', '断网')));
SELECT * FROM pg_temp.became('{124,131}');

-- Once that matter is closed, the next repost is a new one.
SET LOCAL session_replication_role = replica;
UPDATE kefu.ticket t SET state = (SELECT s.state FROM kefu.state s WHERE s.machine = t.kind AND s.is_final LIMIT 1)
  FROM kefu.message m WHERE m.message_id = t.message_id AND m.native_id = '121';
SET LOCAL session_replication_role = origin;
SELECT tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(
    pg_temp.repost('125', '27', '转发', '120', '断网没人管'), pg_temp.repost('126', '28', '转发', '120', '断网没人管')));
SELECT * FROM pg_temp.became('{125,126}');

-- A loop of reposts, as only a hostile server sends it, waits for nobody.
SELECT tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(
    pg_temp.repost('141', '31', '转发', '142', '转发'), pg_temp.repost('142', '32', '转发', '141', '转发')));
SELECT item, state, ticket, context FROM pg_temp.became('{141,142}');

-- The desk sees how many, and answers the customer, not who passes it on.
SELECT t.ticket_id AS t1 FROM kefu.ticket t JOIN kefu.message m ON m.message_id = t.message_id AND m.native_id = '100' AND m.platform = 'plaza' \gset
CREATE ROLE plaza_operator;
GRANT USAGE ON SCHEMA kefu TO plaza_operator;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA kefu TO plaza_operator;
SELECT message_id AS m101 FROM kefu.message WHERE platform = 'plaza' AND native_id = '101' \gset
SET LOCAL ROLE plaza_operator;
SELECT kefu.card(:t1) -> 'reposts' ->> 'count' AS reposts, jsonb_array_length(kefu.card(:t1) -> 'thread') AS thread;
-- What was no mere repost is taken out by a person: it raised nothing that is to be undone.
SELECT state FROM kefu.detach(:m101, 'asks for a call');
RESET ROLE;
SELECT * FROM pg_temp.became('{101}');
SELECT count(*) AS to_be_undone FROM kefu.task WHERE cause = 'undo_attached_event';

-- --- a storm ------------------------------------------------------------------------------

-- Pages of 200 of people who pass one post on; how many rows each touched.
CREATE TEMPORARY TABLE page_cost (page integer, rows_read bigint, rows_written bigint);
CREATE FUNCTION pg_temp.touched(OUT rows_read bigint, OUT rows_written bigint) LANGUAGE sql AS
$$ SELECT sum(s.seq_tup_read + coalesce(s.idx_tup_fetch, 0)), sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)
     FROM pg_stat_xact_user_tables s WHERE s.schemaname = 'kefu' $$;
CREATE FUNCTION pg_temp.storm(pages integer) RETURNS TABLE (new_messages bigint, tickets bigint) LANGUAGE plpgsql AS
$$
DECLARE
    before record;
    after record;
    got kefu.ingested;
BEGIN
    new_messages := 0;
    tickets := 0;
    FOR p IN 0 .. pages - 1 LOOP
        before := pg_temp.touched();
        got := kefu.ingest('plaza.east', 'mentions', (SELECT jsonb_build_object('items', jsonb_agg(
            pg_temp.repost('s' || n, 'u' || n, '转发', '200', '断网三天没人管', NULL)))::text
              FROM generate_series(p * 200 + 1, p * 200 + 200) AS n));
        after := pg_temp.touched();
        new_messages := new_messages + got.new_messages;
        tickets := tickets + got.tickets;
        INSERT INTO page_cost VALUES (p, after.rows_read - before.rows_read, after.rows_written - before.rows_written);
    END LOOP;
    RETURN NEXT;
END $$;
SELECT tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(pg_temp.item('200', '51', '断网三天没人管')));
SELECT t.ticket_id AS lead, t.audit_seq AS lead_events FROM kefu.ticket t JOIN kefu.message m ON m.message_id = t.message_id AND m.native_id = '200' \gset
SELECT kefu.raise_alarms();
SELECT new_messages = :storm AS all_new, tickets FROM pg_temp.storm(:storm / 200);
-- All are context of the one ticket, which none of them has changed.
SELECT count(*) = :storm AS all_context, count(ticket_id) AS tickets, count(DISTINCT state) AS states
  FROM kefu.message WHERE context_of = :lead;
SELECT audit_seq = :lead_events AS untouched FROM kefu.ticket WHERE ticket_id = :lead;
SELECT count(*) AS promises FROM kefu.clock c JOIN kefu.message m ON c.object_type = 'message' AND c.object_id = m.message_id
 WHERE m.context_of = :lead;
-- A page costs the same, however many were there before: the rows it reads, and those it writes
-- (from the sixth page on, when its plans are kept; once a plan is made anew it reads each author again).
SELECT max(rows_read) - min(rows_read) < 400 AS reads_flat, count(DISTINCT rows_written) AS written FROM page_cost WHERE page > 5;
-- The level rises by its rows.
SELECT kefu.raise_alarms();
SELECT (SELECT max(r.alarm) FROM kefu.alarm_rule r WHERE r.measure = 'reposts' AND r.at_least <= :storm) = t.alarm AS by_the_rows
  FROM kefu.ticket t WHERE t.ticket_id = :lead;
SELECT reposts_count = :storm AS counted FROM kefu.original WHERE platform = 'plaza' AND item_key = '200';
-- What the platform counts in all may be more than what comes to us.
SET LOCAL kefu.test_now = '2026-03-02 09:01+08';
SELECT tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(pg_temp.repost('201', '52', '转发', '200', '断网三天没人管', 987654)));
SELECT h.reposts FROM kefu.angry_threads(kefu.now()) AS h WHERE h.platform = 'plaza' AND h.thread = '200';

-- --- cut and completed ----------------------------------------------------------------------

SELECT kefu.set_secret('plaza.key', '{"access_token": "t"}');
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, param_map, body_kind, item_kind, result_kind)
    VALUES ('plaza', 'one', 'step', 'GET', '/items/{id}', '{"native_id": "id"}', 'none', 'status', 'object');
UPDATE kefu.endpoint SET complete_action = 'one' WHERE platform = 'plaza' AND action IN ('mentions', 'search');
CREATE FUNCTION pg_temp.cut(id text, by text, text text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql
    RETURN pg_temp.item(id, by, text, more => '{"cut": true}' || more);
CREATE FUNCTION pg_temp.asked() RETURNS TABLE (item text, url text) LANGUAGE sql AS
$$ SELECT m.native_id, c.url FROM kefu.claim_completions(10) AS c JOIN kefu.message m ON m.message_id = c.key::bigint ORDER BY 1 $$;
CREATE FUNCTION pg_temp.replies(item text, status integer, body text) RETURNS TABLE (text text, is_cut boolean, kind text, priority smallint, last_class text, failures smallint, given_up boolean)
    LANGUAGE plpgsql AS
$$
DECLARE
    m bigint := (SELECT g.message_id FROM kefu.message g WHERE g.platform = 'plaza' AND g.native_id = item);
BEGIN
    PERFORM kefu.record_completion(m, (SELECT c.lease_key FROM kefu.completion c WHERE c.message_id = m), status, NULL, body, NULL);
    RETURN QUERY SELECT g.text, g.is_truncated, g.suggested_kind, g.priority, c.last_class, c.failures, c.given_up_at IS NOT NULL
                   FROM kefu.message g LEFT JOIN kefu.completion c USING (message_id) WHERE g.message_id = m;
END $$;
INSERT INTO kefu.kind_rule (rule, priority, raises_to, pattern) VALUES ('plaza.risk', 5, 1, '律师');

-- It is there at once, with its ticket and its promises; the rest is asked for.
SELECT new_messages, tickets FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(
    pg_temp.cut('300', '61', '前些天…', '{"pictures": ["https://a/1.jpg", "https://a/2.jpg"]}'), pg_temp.cut('301', '62', '我家…'),
    pg_temp.item('302', '63', '短短一句'), pg_temp.cut('303', '64', '上个月…')));
SELECT item, state, kind, ticket, clocks FROM pg_temp.became('{300,302}');
SELECT * FROM pg_temp.asked();
SELECT count(*) AS leased_twice FROM pg_temp.asked();
-- Whole: the words, and what they suggest. Each is an event; the words are salted in its detail.
SELECT * FROM pg_temp.replies('300', 200, pg_temp.item('300', '61', '前些天断网,再不修就找律师', more => '{"pictures": ["https://a/1.jpg", "https://a/2.jpg", "https://a/3.jpg"]}')::text);
SELECT e.event, e.from_state, e.to_state, e.facts, e.detail_digest IS NOT NULL AS has_detail FROM kefu.audit_event e JOIN kefu.message m ON m.message_id = e.object_id AND e.object_type = 'message'
 WHERE m.native_id = '300' AND m.platform = 'plaza' ORDER BY e.seq OFFSET 1;
SELECT kefu.media_of(media, media_kinds) FROM kefu.message WHERE platform = 'plaza' AND native_id = '300';
-- Once is enough; a result without the lease says nothing.
SELECT * FROM pg_temp.replies('300', 200, pg_temp.item('300', '61', '别的话')::text);
-- Not yet: busy, unreadable, another item, still cut.
SELECT * FROM pg_temp.replies('301', 503, '');
SELECT * FROM pg_temp.replies('301', 200, pg_temp.item('301', '62', '不算数')::text);
SELECT count(*) AS too_early FROM pg_temp.asked();
SET LOCAL kefu.test_now = '2026-03-02 09:10+08';
SELECT item FROM pg_temp.asked();
SELECT * FROM pg_temp.replies('301', 200, pg_temp.item('999', '62', '别人的话')::text);
-- Gone: it stays as it is, says so, and is asked for no more; its ticket stands.
SELECT * FROM pg_temp.replies('303', 404, '{"error": "gone"}');
SELECT item, ticket FROM pg_temp.became('{303}');
SET LOCAL kefu.test_now = '2026-03-02 12:00+08';
SELECT item FROM pg_temp.asked();
SELECT * FROM pg_temp.replies('301', 200, pg_temp.cut('301', '62', '我家…')::text);
SET LOCAL kefu.test_now = '2026-03-02 15:00+08';
SELECT item FROM pg_temp.asked();
SELECT * FROM pg_temp.replies('301', 200, pg_temp.item('301', '62', '我家断网了')::text);
SELECT m.native_id, c.last_class FROM kefu.completion c JOIN kefu.message m USING (message_id);

-- History is not asked for, nor what the platform can't give; both say that they are cut.
INSERT INTO kefu.feed (account, action, start_at) VALUES ('plaza.east', 'search', '2026-03-02 08:00+08');
SELECT new_messages FROM kefu.ingest('plaza.east', 'search', pg_temp.page(pg_temp.cut('310', '65', '很久…', '{"at": "2026-03-01T00:00:00Z"}')));
UPDATE kefu.endpoint SET complete_action = NULL WHERE platform = 'plaza' AND action = 'mentions';
SELECT new_messages FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(pg_temp.cut('311', '66', '刚才…')));
SELECT m.native_id, m.is_truncated, c.message_id IS NOT NULL AS asked_for FROM kefu.message m LEFT JOIN kefu.completion c USING (message_id)
 WHERE m.platform = 'plaza' AND m.native_id IN ('310', '311') ORDER BY 1;

-- What is attached is part of the evidence (R82).
SELECT message_id AS m300 FROM kefu.message WHERE platform = 'plaza' AND native_id = '300' \gset
SET LOCAL ROLE plaza_operator;
SELECT state FROM kefu.remove_message(:m300, '辱骂', '截图一');
RESET ROLE;
SELECT evidence FROM kefu.message WHERE message_id = :m300;
-- Whatever happened, chains are whole.
SELECT count(*) AS objects, bool_and(e.hash = m.audit_head AND e.seq = m.audit_seq AND e.to_state = m.state AND e.version = m.version) AS whole
  FROM kefu.message m
  JOIN LATERAL (SELECT * FROM kefu.audit_event e WHERE e.object_type = 'message' AND e.object_id = m.message_id
                 ORDER BY e.seq DESC LIMIT 1) AS e ON true
 WHERE m.platform = 'plaza' AND m.context_of IS NULL;
ROLLBACK;
