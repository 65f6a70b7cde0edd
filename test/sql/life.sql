-- life: what changes on a platform behind our back: names, ids, posts that go, and persons
-- who turn out to be one (R18, R85, R103, R129, ruling 5). Its end is in closing.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
SELECT kefu.set_secret(c, '{"access_token": "t"}') FROM unnest('{desk.sina,desk.tencent}'::text[]) AS c \g /dev/null
-- A page of mentions of one author under any name; what they say, by id.
CREATE FUNCTION pg_temp.named(author text, name text, id text, text text, "to" text DEFAULT NULL) RETURNS kefu.ingested
    LANGUAGE sql AS
$$ SELECT kefu.ingest('sina.gd', 'mentions', jsonb_build_object('statuses', jsonb_build_array(jsonb_build_object(
       'idstr', id, 'mid', id, 'text', text, 'created_at', to_char(kefu.now() AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
       'in_reply_to_status_id', coalesce("to", ''),
       'user', jsonb_build_object('idstr', author, 'screen_name', name, 'province', '44'))))::text) $$;
CREATE FUNCTION pg_temp.message_of(id text, account text DEFAULT 'sina.gd') RETURNS bigint LANGUAGE sql SECURITY DEFINER
    AS $$ SELECT m.message_id FROM kefu.message m WHERE m.native_id = id AND m.account = message_of.account $$;
-- What is sent now, and what the platform says to it.
CREATE FUNCTION pg_temp.sends() RETURNS TABLE (account text, action text, to_whom text) LANGUAGE sql AS
$$ SELECT o.account, o.action, o.recipient_id FROM kefu.claim_outbound(10) AS c
     JOIN kefu.outbound o ON o.outbound_id = split_part(c.key, '/', 1)::bigint ORDER BY o.outbound_id $$;
CREATE FUNCTION pg_temp.answers(status integer, body text) RETURNS void LANGUAGE sql AS
$$ SELECT kefu.record_outbound('send', o.outbound_id::text, o.lease_key, status, NULL, true, body, NULL, kefu.now())
     FROM kefu.outbound o WHERE o.state = 'sending' ORDER BY o.outbound_id $$;
\set ECHO all

-- --- another name ---------------------------------------------------------------------

SELECT new_messages, tickets FROM pg_temp.named('501', '老名字', '2001', '断网三天没人管');
SELECT new_messages, tickets FROM pg_temp.named('501', '新名字', '2002', '还是没人管', '2001');
-- Somebody else takes the old name: another person.
SELECT new_messages, tickets FROM pg_temp.named('502', '老名字', '2003', '请问怎么办宽带?');
SELECT i.native_id, i.screen_name, count(m.message_id) AS messages, count(DISTINCT m.person_id) AS persons, count(DISTINCT m.ticket_id) AS tickets
  FROM kefu.identity i JOIN kefu.message m USING (identity_id) WHERE i.platform = 'sina' GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) AS persons FROM kefu.person;
SET ROLE lin;
SELECT kefu.card(pg_temp.ticket_of(pg_temp.message_of('2001'))) -> 'person' -> 'identities' AS identities;
RESET ROLE;

-- --- another id: an edited post of a snac server ------------------------------------------

INSERT INTO kefu.credential (credential, platform, kind) VALUES ('desk.mastodon', 'mastodon', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('mastodon.gd', 'mastodon', 'gd', 'kefu', 'b1', 'desk.mastodon');
CREATE FUNCTION pg_temp.notified(notice text, id text, text text) RETURNS kefu.ingested LANGUAGE sql AS
$$ SELECT kefu.ingest('mastodon.gd', 'mentions', jsonb_build_array(jsonb_build_object(
       'id', notice, 'type', 'mention', 'created_at', '2026-03-02T00:58:36Z',
       'account', jsonb_build_object('id', 'a1', 'acct', 'alice@one.example', 'username', 'alice', 'display_name', 'alice'),
       'status', jsonb_build_object('id', id, 'uri', 'https://one.example/alice/p/1772413116.1', 'visibility', 'public',
            'created_at', '2026-03-02T00:58:36.000Z', 'in_reply_to_id', NULL, 'in_reply_to_account_id', NULL,
            'content', '<p>' || text || '</p>', 'url', 'https://one.example/alice/p/1772413116.1', 'media_attachments', '[]'::jsonb,
            'account', jsonb_build_object('id', 'a1', 'acct', 'alice@one.example', 'username', 'alice'))))::text) $$;
SELECT new_messages, tickets, dead_letters FROM pg_temp.notified('1', '17724131160a805a871f42087ecb56ea1f837eb3aa', '断网了');
SELECT new_messages, tickets, dead_letters FROM pg_temp.notified('2', '17724139990a805a871f42087ecb56ea1f837eb3aa', '断网了,已经两天');
SELECT native_id, text, (SELECT count(*) FROM kefu.sighting s WHERE s.message_id = m.message_id) AS sightings FROM kefu.message m WHERE platform = 'mastodon';

-- --- gone ------------------------------------------------------------------------------------

-- The post that is answered was deleted: a message instead; who takes none is called. The ticket stays, its promise runs.
SET ROLE lin;
SELECT state FROM kefu.triage(pg_temp.message_of('2003'), 'inquiry');
SELECT state FROM kefu.answer(pg_temp.ticket_of(pg_temp.message_of('2003')), '您好,请携带身份证到营业厅办理宽带。');
RESET ROLE;
SELECT * FROM pg_temp.sends();
SELECT pg_temp.answers(400, '{"error_code": 20101, "error": "target weibo does not exist!"}');
SELECT * FROM pg_temp.stands(pg_temp.ticket_of(pg_temp.message_of('2003')));
SELECT * FROM pg_temp.sends();
SELECT pg_temp.answers(403, '{"error_code": 20306, "error": "not your follower"}');
SELECT way, action, state, last_class FROM kefu.outbound ORDER BY outbound_id;
SELECT * FROM pg_temp.stands(pg_temp.ticket_of(pg_temp.message_of('2003')));
-- That a feed shows it as deleted takes nothing away.
SELECT (kefu.ingest('sina.gd', 'mentions', '{"statuses": [{"idstr": "2003", "id": 2003, "text": "此微博已被原作者删除。", "deleted": "1"}]}')).*;
SELECT text, state, ticket_id IS NOT NULL AS has_ticket FROM kefu.message WHERE message_id = pg_temp.message_of('2003');

-- --- who doesn't follow us -----------------------------------------------------------------------

-- What is known of it is what the platform says beside their words; a message to who is
-- known not to isn't tried, whatever way it is on. Who isn't known is tried.
CREATE FUNCTION pg_temp.fan_says(author text, follows boolean, id text, text text, action text DEFAULT 'mentions') RETURNS kefu.ingested
    LANGUAGE sql AS
$$ SELECT kefu.ingest('sina.gd', action, jsonb_build_object(CASE action WHEN 'mentions' THEN 'statuses' ELSE 'direct_messages' END,
       jsonb_build_array(jsonb_build_object('idstr', id, 'text', text, 'sender_id', author, 'recipient_id', '9001',
           'created_at', to_char(kefu.now() AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
           CASE action WHEN 'mentions' THEN 'user' ELSE 'sender' END,
           jsonb_build_object('idstr', author, 'screen_name', 'n' || author, 'follow_me', follows))))::text) $$;
CREATE FUNCTION pg_temp.fans() RETURNS TABLE (who text, is_fan boolean, changed time, "left" time) LANGUAGE sql AS
$$ SELECT i.native_id, f.is_fan, f.changed_at::time, f.left_at::time FROM kefu.fan f JOIN kefu.identity i USING (identity_id) ORDER BY 1 $$;
CREATE FUNCTION pg_temp.answer_to(id text) RETURNS text LANGUAGE sql AS
$$ SELECT kefu.triage(pg_temp.message_of(id), 'inquiry');
   SELECT state FROM kefu.answer(pg_temp.ticket_of(pg_temp.message_of(id)), '您好，办理好了。') $$;
CREATE FUNCTION pg_temp.ways(id text) RETURNS TABLE (way smallint, action text, channel text, state text, last_class text, tasks text)
    LANGUAGE sql AS
$$ SELECT o.way, o.action, o.channel, o.state, o.last_class,
          (SELECT string_agg(k.cause || ' ' || k.unit, ', ' ORDER BY k.task_id) FROM kefu.task k WHERE k.outbound_id = o.outbound_id)
     FROM kefu.speech p JOIN kefu.outbound o USING (speech_id)
    WHERE p.object_type = 'ticket' AND p.object_id = pg_temp.ticket_of(pg_temp.message_of(id)) ORDER BY o.outbound_id $$;
SELECT tickets FROM pg_temp.fan_says('511', false, '2101', '请问怎么退订?');
SELECT tickets FROM pg_temp.fan_says('512', true, '2102', '请问怎么退订?');
SELECT tickets FROM pg_temp.fan_says('513', NULL, '2103', '请问怎么退订?');
SELECT tickets FROM pg_temp.fan_says('514', false, '3400000000002104', '请问怎么退订?', 'messages');
SELECT tickets FROM pg_temp.fan_says('515', false, '2105', '请问怎么退订?');
SELECT * FROM pg_temp.fans();
SET ROLE lin;
SELECT pg_temp.answer_to(id) FROM unnest('{2101,2102,2103,3400000000002104}'::text[]) AS id;
RESET ROLE;
-- The posts are gone; one of the three is called at once, and so is who wrote in private.
SELECT kefu.recover_outbound();
SELECT * FROM pg_temp.sends();
SELECT pg_temp.answers(400, '{"error_code": 20101, "error": "target weibo does not exist!"}');
SELECT * FROM pg_temp.sends();
SELECT pg_temp.answers(200, '{"idstr": "90002", "created_at": "Mon Mar 02 09:00:00 +0800 2026", "text": "x", "sender_id": 9001, "recipient_id": 512}');
SELECT id, (pg_temp.ways(id)).* FROM unnest('{2101,2102,2103,3400000000002104}'::text[]) AS id;
-- Whoever has written in public and now writes in private is told there; the last word counts, and an older
-- page is none.
SELECT set_config('kefu.test_now', (kefu.now() + interval '1 minute')::text, true) \g /dev/null
SELECT new_messages, tickets FROM pg_temp.fan_says('515', false, '3400000000002106', '还有发票的事', 'messages');
SET ROLE lin;
SELECT kefu.attach(pg_temp.message_of('3400000000002106'), pg_temp.ticket_of(pg_temp.message_of('2105')), 'chaser') \g /dev/null
SELECT pg_temp.answer_to('2105');
RESET ROLE;
SELECT kefu.recover_outbound();
SELECT * FROM pg_temp.ways('2105');
SELECT new_messages FROM pg_temp.fan_says('511', true, '2107', '我关注了');
SELECT new_messages FROM pg_temp.fan_says('512', false, '2108', '取消了');
SELECT * FROM pg_temp.fans();
UPDATE kefu.platform_policy SET needs_follower_for_message = false WHERE platform = 'sina';
SELECT (kefu.reply_way(pg_temp.message_of(id), pg_temp.ticket_of(pg_temp.message_of(id)), 'private', true)).closed_by
  FROM unnest('{2107,2108}'::text[]) AS id;
UPDATE kefu.platform_policy SET needs_follower_for_message = true WHERE platform = 'sina';
SELECT (kefu.reply_way(pg_temp.message_of(id), pg_temp.ticket_of(pg_temp.message_of(id)), 'private', true)).closed_by
  FROM unnest('{2107,2108}'::text[]) AS id;

-- --- one person after all -------------------------------------------------------------------------

-- Known on both platforms as two persons, each with an open ticket; one has a third identity, merged before.
SELECT pg_temp.says('601', '断网一周了', account => 'sina.gd') AS s1, pg_temp.says('701', '请问能不能退订?', account => 'tencent.gd') AS q1,
       pg_temp.says('602', '请问积分怎么换?', account => 'sina.gd') AS s3 \gset
SELECT (SELECT m.person_id FROM kefu.message m WHERE m.message_id = :s1) AS p1, (SELECT m.person_id FROM kefu.message m WHERE m.message_id = :q1) AS p2,
       (SELECT m.person_id FROM kefu.message m WHERE m.message_id = :s3) AS p3 \gset
SET ROLE lin;
SELECT kefu.merge_person(:p3, :p1, '电话核实为同一人') = :p1 AS merged;
SELECT kefu.merge_person(:p1, :p2, '电话核实为同一人') = :p2 AS merged;
RESET ROLE;
-- However long the chain was, everybody stands under who is left.
SELECT count(*) FROM kefu.person WHERE merged_into = :p2;
-- What goes on where it was goes on in its ticket; nothing is opened twice, no identity is made anew.
SELECT new_messages, tickets FROM pg_temp.named('601', 'n601', '2011', '还在断网', (SELECT native_id FROM kefu.message WHERE message_id = :s1));
SELECT new_messages, tickets FROM pg_temp.named('602', 'n602', '2012', '再补充一下', (SELECT native_id FROM kefu.message WHERE message_id = :s3));
SELECT pg_temp.ticket_of(pg_temp.message_of('2011')) = pg_temp.ticket_of(:s1) AS same_first,
       pg_temp.ticket_of(pg_temp.message_of('2012')) = pg_temp.ticket_of(:s3) AS same_third;
SELECT count(*) AS identities FROM kefu.identity WHERE native_id IN ('601', '602', '701');
-- The same matter again is a repetition, whoever of them it was.
SET LOCAL session_replication_role = replica;
UPDATE kefu.ticket SET is_provisional = false WHERE ticket_id = pg_temp.ticket_of(:s1);
SET LOCAL session_replication_role = origin;
SELECT tickets FROM pg_temp.named('602', 'n602', '2013', '断网一周了');
SELECT repeat_of = pg_temp.ticket_of(:s1) AS repeats FROM kefu.ticket WHERE ticket_id = pg_temp.ticket_of(pg_temp.message_of('2013'));
-- An answer that doesn't reach one identity goes to another; what comes back there joins the ticket.
SET ROLE lin;
SELECT state FROM kefu.triage(:s3, 'inquiry');
SELECT state FROM kefu.answer(pg_temp.ticket_of(:s3), '您好,积分可在网上营业厅兑换。');
RESET ROLE;
SELECT * FROM pg_temp.sends();
SELECT pg_temp.answers(400, '{"error_code": 20101, "error": "gone"}');
SELECT * FROM pg_temp.sends();
SELECT pg_temp.answers(403, '{"error_code": 20306, "error": "not your follower"}');
SELECT * FROM pg_temp.sends();
SELECT pg_temp.answers(200, '{"idstr": "90001", "id": 90001, "created_at": "Mon Mar 02 09:00:00 +0800 2026", "text": "x", "sender_id": 9001, "recipient_id": 701}');
SELECT pg_temp.ticket_of(pg_temp.says('701', '知道了', account => 'tencent.gd', action => 'messages')) = pg_temp.ticket_of(:s3) AS same_ticket;
-- A platform that ends leaves the other.
SELECT kefu.has_other_channel(pg_temp.ticket_of(:s1)) AS other_channel;

-- --- the end, in the middle of requests ----------------------------------------------------------------

-- Three answers and two posts have left when the platform is closed; one more answer waits.
SELECT set_config('kefu.test_now', '2026-03-02 10:00+08', true) \g /dev/null
SELECT pg_temp.says('801', '请问怎么办宽带?') AS e1, pg_temp.says('802', '请问怎么改套餐?') AS e2,
       pg_temp.says('803', '请问营业厅在哪?') AS e3, pg_temp.says('804', '请问几点关门?') AS e4 \gset
SET ROLE lin;
SELECT count(kefu.triage(m, 'inquiry')) AS triaged, count(kefu.answer(pg_temp.ticket_of(m), '您好,第' || m || '件事请拨打10000号。')) AS answered
  FROM unnest(ARRAY[:e1, :e2, :e3]) AS m;
RESET ROLE;
SELECT pg_temp.scheduled('春节期间营业厅照常营业,详情请咨询10000号', '{sina.gd}', kefu.now()) \g /dev/null
SELECT fired FROM kefu.tick() \g /dev/null
SELECT set_config('kefu.test_now', '2026-03-02 11:00+08', true) \g /dev/null
SELECT pg_temp.scheduled('新春乐享套餐每月59元,营业厅和网上均可办理', '{sina.gd}', kefu.now()) \g /dev/null
SELECT fired FROM kefu.tick() \g /dev/null
SELECT * FROM pg_temp.sends() ORDER BY 2, 3;
SET ROLE lin;
SELECT state FROM kefu.triage(:e4, 'inquiry');
SELECT state FROM kefu.answer(pg_temp.ticket_of(:e4), '您好,营业厅18点关门。');
RESET ROLE;
CREATE TEMPORARY TABLE under_way AS
    SELECT row_number() OVER (PARTITION BY action ORDER BY outbound_id) AS n, outbound_id, lease_key, action FROM kefu.outbound WHERE state = 'sending';
CREATE FUNCTION pg_temp.of_them() RETURNS TABLE (action text, n bigint, state text, last_class text, native_id text) LANGUAGE sql AS
$$ SELECT o.action, u.n, o.state, o.last_class, o.native_id FROM kefu.outbound o LEFT JOIN under_way u USING (outbound_id, action)
    WHERE o.queued_at >= '2026-03-02 10:00+08' ORDER BY o.action, u.n $$;
CREATE FUNCTION pg_temp.comes(what text, which bigint, status integer, error text, body text) RETURNS void LANGUAGE sql AS
$$ SELECT kefu.record_outbound('send', u.outbound_id::text, u.lease_key, status, error, true, body, NULL, kefu.now())
     FROM under_way u WHERE (u.action, u.n) = (what, which) $$;
SELECT kefu.close_platform('sina', kefu.now(), '平台停止服务');
SELECT * FROM pg_temp.of_them();
SELECT account, state, reason FROM kefu.placement ORDER BY placement_id;
SELECT x.n, s.state, s.running, s.tasks FROM unnest(ARRAY[:e1, :e2, :e3, :e4]) WITH ORDINALITY AS x(m, n) CROSS JOIN LATERAL pg_temp.stands(pg_temp.ticket_of(x.m)) AS s;
-- What is said after all is believed: the first answer and the first post arrive; the second of each is refused, of the third nobody hears.
SELECT pg_temp.comes('comment', 1, 200, NULL, '{"idstr": "90011", "id": 90011, "created_at": "Mon Mar 02 11:00:02 +0800 2026", "text": "x", "user": {"idstr": "9001"}, "status": {"idstr": "1"}}');
SELECT pg_temp.comes('comment', 2, 503, NULL, '');
SELECT pg_temp.comes('post', 1, 200, NULL, '{"idstr": "90012", "id": 90012, "created_at": "Mon Mar 02 11:00:02 +0800 2026", "text": "x", "user": {"idstr": "9001"}}');
SELECT pg_temp.comes('post', 2, 0, 'connection reset', NULL);
SELECT * FROM pg_temp.of_them();
SELECT account, state, native_id FROM kefu.placement ORDER BY placement_id;
SELECT x.n, s.state, s.running, s.tasks FROM unnest(ARRAY[:e1, :e2, :e3, :e4]) WITH ORDINALITY AS x(m, n) CROSS JOIN LATERAL pg_temp.stands(pg_temp.ticket_of(x.m)) AS s;
-- Nothing is sent or looked for there again, now or later.
SELECT kefu.recover_outbound();
SELECT set_config('kefu.test_now', '2026-03-02 15:00+08', true) \g /dev/null
SELECT kefu.recover_outbound();
SELECT count(*) AS sent_again FROM pg_temp.sends();
SELECT count(*) AS due FROM kefu.due_outbound d JOIN kefu.outbound o USING (outbound_id) WHERE o.account = 'sina.gd';
SELECT count(*) AS completions_due FROM kefu.due_completion;
ROLLBACK;
