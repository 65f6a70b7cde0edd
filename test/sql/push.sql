-- push: what platforms bring by themselves (R85, R86): by whom it is let in, how
-- often, what becomes of it, and how long and how often it may be answered (R122,
-- R129). The dialect is the shipped one with the documented signature.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set plaza :tests '/lib/plaza.psql'

-- The documented example of the signature; capitals and the order of the parts are
-- nothing, one bit, a beginning of it or nothing at all are something.
SELECT kefu.push_signature_fits('sha1', s.given, s.parts) AS fits
  FROM (VALUES
      (1, '90e4c22c90a58f26526c2dd5b6c56c8822edeaa1', '{xyz123xyz,1397022061823,57155157}'::text[]),
      (2, '90E4C22C90A58F26526C2DD5B6C56C8822EDEAA1', '{57155157,xyz123xyz,1397022061823}'),
      (3, '90e4c22c90a58f26526c2dd5b6c56c8822edeaa0', '{xyz123xyz,1397022061823,57155157}'),
      (4, '90e4c22c90a58f26526c2dd5b6c56c8822edeaa1', '{xyz123xyz,1397022061823,57155158}'),
      (5, '90e4c22c90', '{xyz123xyz,1397022061823,57155157}'),
      (6, '', '{xyz123xyz,1397022061823,57155157}'),
      (7, encode(sha256('acab'), 'hex'), '{b,ac,a}')) AS s(n, given, parts)
 ORDER BY s.n;

BEGIN;
\set ECHO none
\i :plaza
SELECT FROM kefu.load_preset('platform_sina_v2');
DO $$ BEGIN PERFORM kefu.create_roles(); END $$;
INSERT INTO kefu.staff (login, unit, name) VALUES (current_user, 'group', '集团甲') ON CONFLICT DO NOTHING;
INSERT INTO kefu.staff_role (staff_id, unit, role)
    SELECT staff_id, 'group', 'admin' FROM kefu.staff WHERE login = current_user ON CONFLICT DO NOTHING;
DELETE FROM kefu.desk_mode;
SELECT FROM kefu.go_live();
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('fans.east', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential) VALUES
    ('fans.east', 'sina', 'east', '东省客服', '1902538057', 'fans.east');

CREATE ROLE push_receiver IN ROLE kefu_receiver;
CREATE FUNCTION pg_temp.at(t text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('kefu.test_now', t || '+08', true); END $$;
-- What a receiver does with a request, as a receiver. at is when it was signed.
CREATE FUNCTION pg_temp.brought(query jsonb, body bytea, account text DEFAULT 'fans.east') RETURNS text
    LANGUAGE plpgsql AS
$$
DECLARE
    a kefu.push_answer;
BEGIN
    SET LOCAL ROLE push_receiver;
    a := kefu.take_push(account, query, body);
    RESET ROLE;
    RETURN concat_ws(' ', a.http_status, a.outcome, nullif(a.body, ''));
END $$;
CREATE FUNCTION pg_temp.signed(nonce text, at timestamptz DEFAULT kefu.now(), secret text DEFAULT 'xyz123xyz') RETURNS jsonb
    LANGUAGE sql AS
$$ SELECT jsonb_build_object('timestamp', s.t, 'nonce', nonce, 'signature', encode(sha256(convert_to(
              (SELECT string_agg(p, '' ORDER BY p COLLATE "C") FROM unnest(ARRAY[secret, s.t, nonce]) p), 'UTF8')), 'hex'))
     FROM (SELECT (extract(epoch FROM at) * 1000)::bigint::text) AS s(t) $$;
CREATE FUNCTION pg_temp.body(type text, text text, data jsonb DEFAULT '{}', at timestamptz DEFAULT kefu.now(),
        sender bigint DEFAULT 2489518277) RETURNS bytea
    LANGUAGE sql AS
$$ SELECT convert_to(jsonb_strip_nulls(jsonb_build_object('type', type, 'receiver_id', 1902538057, 'sender_id', sender,
              'created_at', to_char(at AT TIME ZONE 'Asia/Shanghai', 'Dy Mon DD HH24:MI:SS "+0800" YYYY'),
              'text', text, 'data', data))::text, 'UTF8') $$;
-- A push of its own, signed now.
CREATE SEQUENCE pg_temp.nonce;
CREATE FUNCTION pg_temp.push(type text, text text, data jsonb DEFAULT '{}', at timestamptz DEFAULT kefu.now(),
        sender bigint DEFAULT 2489518277) RETURNS text
    LANGUAGE sql AS
$$ SELECT pg_temp.brought(pg_temp.signed('n' || nextval('pg_temp.nonce')), pg_temp.body(type, text, data, at, sender)) $$;
CREATE FUNCTION pg_temp.messages() RETURNS TABLE (action text, item_type text, native_id text, text text, media text, ticket boolean)
    LANGUAGE sql AS
$$ SELECT m.action, m.item_type, m.native_id, m.text, m.media, m.ticket_id IS NOT NULL
     FROM kefu.message m WHERE m.platform = 'sina' ORDER BY m.message_id $$;
\set ECHO all

-- Set-up, with the documented example: without a secret it is asked again later.
SELECT pg_temp.at('2014-04-09 13:41:02');
\set example '{"timestamp": "1397022061823", "nonce": "57155157", "signature": "90e4c22c90a58f26526c2dd5b6c56c8822edeaa1", "echostr": "e&<1>"}'
SELECT pg_temp.brought(:'example', '');
SELECT kefu.set_secret('fans.east', '{"app_secret": "xyz123xyz"}');
SELECT pg_temp.brought(:'example', '');

-- From here on SHA-256, which this test can make.
UPDATE kefu.push_rule SET digest = 'sha256' WHERE platform = 'sina';
SELECT pg_temp.at('2026-03-02 09:00:00');

-- One text, its two repetitions, and one too many. The same item in another request
-- is nothing new either; the same request with another body is somebody else's.
SELECT pg_temp.brought(pg_temp.signed('a'), pg_temp.body('text', '断网了'));
SELECT pg_temp.at('2026-03-02 09:00:05');
SELECT pg_temp.brought(pg_temp.signed('a', '2026-03-02 09:00+08'), pg_temp.body('text', '断网了', at => '2026-03-02 09:00+08'))
  FROM generate_series(2, 4);
SELECT pg_temp.brought(pg_temp.signed('b'), pg_temp.body('text', '断网了', at => '2026-03-02 09:00+08'));
SELECT pg_temp.brought(pg_temp.signed('b'), pg_temp.body('text', '转账给我', at => '2026-03-02 09:00+08'));
SELECT * FROM pg_temp.messages();
SELECT account, deliveries FROM kefu.push_request WHERE account LIKE 'fans%' ORDER BY nonce;

-- Without an id two texts of one second are two messages, on one ticket.
SELECT pg_temp.push('text', '喂', at => '2026-03-02 09:00+08');
SELECT count(*) AS messages, count(DISTINCT native_id) AS ids, count(DISTINCT ticket_id) AS tickets
  FROM kefu.message WHERE platform = 'sina';

-- Who isn't the platform, is too late or too early, or means another account.
SELECT pg_temp.brought(pg_temp.signed('c', secret => 'xyz123xyy'), pg_temp.body('text', '请问'));
SELECT pg_temp.brought(pg_temp.signed('c') - p.name, pg_temp.body('text', '请问'))
  FROM unnest('{signature,timestamp,nonce}'::text[]) AS p(name);
SELECT pg_temp.brought(pg_temp.signed('', kefu.now()), pg_temp.body('text', '请问'));
SELECT pg_temp.brought(q.query, pg_temp.body('text', '请问'))
  FROM (VALUES ('null'::jsonb), ('[]'), ('"signature"'), ('{}'), (NULL)) AS q(query);
SELECT pg_temp.brought(pg_temp.signed('d' || a.age, kefu.now() - a.age), pg_temp.body('text', '早'))
  FROM (VALUES (interval '10 minutes'), ('10 minutes 1 second'), ('-10 minutes'), ('-10 minutes -1 second')) AS a(age);
SELECT pg_temp.brought(pg_temp.signed('e'), convert_to(replace(convert_from(pg_temp.body('text', '请问'), 'UTF8'),
    '1902538057', '1902538058'), 'UTF8'));
SELECT pg_temp.brought(pg_temp.signed('e'), pg_temp.body('text', '请问'), account => a.account)
  FROM unnest(ARRAY['fans.nobody', 'plaza.east', NULL]) AS a(account);
SELECT pg_temp.brought(pg_temp.signed('e'), NULL);

-- What is too long isn't looked at; what can't be read is kept, and not asked for
-- again; what says nothing that we know is left alone.
SELECT pg_temp.brought(pg_temp.signed('f' || l.length), convert_to(rpad(convert_from(pg_temp.body('text', '长'), 'UTF8'), l.length), 'UTF8'))
  FROM (VALUES (65534), (65535)) AS l(length);
SELECT pg_temp.brought(pg_temp.signed('g' || b.n), b.body)
  FROM (VALUES (1, '\xc3ff'::bytea), (2, '{"text": "a\000b"}'), (3, '{"type": "text", "sender_'), (4, ''), (5, '[]'),
               (6, convert_to(repeat('[', 1000), 'UTF8')), (7, '{"type": "video"}'), (8, '{"type": "event", "data": {"subtype": "scan"}}'),
               (9, '{"type": "text", "sender_id": 1}')) AS b(n, body);
SELECT action, reason, length(payload) FROM kefu.dead_letter WHERE account = 'fans.east' ORDER BY dead_letter_id;

-- What is not taken is counted, and a finding until a day has passed without any;
-- nothing of it is kept, and nobody else's account has a row.
SELECT account, outcome, since_at::time, last_at::time, refusals_count FROM kefu.push_refusal ORDER BY account, outcome;
CREATE FUNCTION pg_temp.findings() RETURNS TABLE (effect text, all_rulebook text, unit text, account text, object_code text,
        since_at timestamptz, detail_zh text, detail_en text) LANGUAGE sql AS
$$ SELECT f.effect, f.all_rulebook, f.unit, f.account, f.object_code, f.since_at, f.detail_zh, f.detail_en
     FROM kefu_bi.findings f WHERE f.finding = 'refused_push' ORDER BY f.account, f.object_code $$;
SELECT * FROM pg_temp.findings();
SAVEPOINT later;
SELECT pg_temp.at('2026-03-03 09:00:05');
SELECT pg_temp.brought(pg_temp.signed('y', secret => 'no'), pg_temp.body('text', '请问'));
SELECT count(*) FROM pg_temp.findings();
SELECT pg_temp.at('2026-03-03 09:00:06');
SELECT object_code, since_at, detail_en FROM pg_temp.findings();
SELECT pg_temp.at('2026-03-04 09:00:06');
SELECT pg_temp.brought(pg_temp.signed('y', secret => 'no'), pg_temp.body('text', '请问'));
SELECT object_code, since_at, detail_en FROM pg_temp.findings();
ROLLBACK TO later;
SELECT mend_en FROM kefu_bi.findings WHERE finding = 'refused_push' LIMIT 1;

-- Everything else that is said to us. A mention that was found by asking is known.
SELECT pg_temp.push('image', NULL, '{"vfid": 821804459, "tovfid": 821804469}');
SELECT pg_temp.push('voice', '发了一条语音', '{"vfid": 821804460, "tovfid": 821804470}');
SELECT pg_temp.push('position', '我在这里', '{"longitude": "116.308586", "latitude": "39.982525"}');
SELECT kefu.ingest('fans.east', 'mentions', '{"statuses": [{"idstr": "3663464826469468", "text": "@东省客服 请问",
    "created_at": "Mon Mar 02 09:00:00 +0800 2026", "user": {"idstr": "2489518277"}}]}');
SELECT pg_temp.push('mention', '@东省客服 请问', '{"subtype": "status", "key": "3663464826469468"}');
SELECT pg_temp.push('mention', '@东省客服 宽带', '{"subtype": "status", "key": 3663464826469469}');
SELECT pg_temp.push('mention', '@东省客服 谢谢', '{"subtype": "comment", "key": "3663464826469470"}');
SELECT pg_temp.push('mention', '@东省客服 断网');
SELECT * FROM pg_temp.messages() OFFSET 4;

-- A message that is brought and found by asking is one, whichever comes first: sender,
-- second and words are all that both have. Other words, another second or sender are
-- others; the same words of one second are one, also where asking tells two ids.
CREATE FUNCTION pg_temp.asked(id bigint, text text, at timestamptz DEFAULT kefu.now(), sender bigint DEFAULT 2489518277)
    RETURNS kefu.ingested LANGUAGE sql AS
$$ SELECT kefu.ingest('fans.east', 'messages', jsonb_build_object('direct_messages', jsonb_build_array(jsonb_build_object(
              'id', id, 'idstr', id::text, 'text', text, 'sender_id', sender, 'recipient_id', 1902538057,
              'created_at', to_char(at AT TIME ZONE 'Asia/Shanghai', 'Dy Mon DD HH24:MI:SS "+0800" YYYY'))))::text) $$;
SELECT pg_temp.push('text', '先推后拉'), (pg_temp.asked(3400000000000001, '先推后拉')).new_messages;
SELECT (pg_temp.asked(3400000000000002, '先拉后推')).new_messages, pg_temp.push('text', '先拉后推');
SELECT (pg_temp.asked(3400000000000002, '先拉后推')).new_messages, pg_temp.push('text', '先拉后推');
SELECT (pg_temp.asked(3400000000000003, '先拉后推!')).new_messages AS words,
       (pg_temp.asked(3400000000000004, '先拉后推', kefu.now() + interval '1 second')).new_messages AS second,
       (pg_temp.asked(3400000000000005, '先拉后推', sender => 2489518278)).new_messages AS sender,
       (pg_temp.asked(3400000000000006, '先拉后推')).new_messages AS same;
SELECT m.text, m.native_id, m.posted_at::time, string_agg(s.action, ', ' ORDER BY s.action) AS found_by
  FROM kefu.message m JOIN kefu.sighting s USING (message_id) WHERE m.text LIKE '先%' GROUP BY m.message_id ORDER BY m.message_id;

-- Who follows us, of those that wrote: by the platform's time, whenever it comes.
CREATE FUNCTION pg_temp.fans() RETURNS TABLE (native_id text, is_fan boolean, changed time)
    LANGUAGE sql AS
$$ SELECT i.native_id, f.is_fan, f.changed_at::time FROM kefu.fan f JOIN kefu.identity i USING (identity_id) ORDER BY 1 $$;
SELECT pg_temp.push('event', '关注', '{"subtype": "follow"}', '2026-03-02 08:59+08');
SELECT pg_temp.push('event', '关注', '{"subtype": "follow"}', sender => 77);
SELECT * FROM pg_temp.fans();
SELECT pg_temp.push('event', '取消关注', '{"subtype": "unfollow"}', '2026-03-02 09:00+08');
SELECT pg_temp.push('event', '关注', '{"subtype": "follow"}', '2026-03-02 08:59:59+08');
SELECT pg_temp.push('event', '订阅', '{"subtype": "subscribe"}'), pg_temp.push('event', '退订', '{"subtype": "unsubscribe"}');
SELECT * FROM pg_temp.fans();

-- A receiver may do nothing else.
SET LOCAL ROLE push_receiver;
SELECT kefu.ingest('fans.east', 'pushed_messages', '{}');
SELECT kefu.ingest_signed('fans.east', 'pushed_messages', '{}', NULL);
SELECT kefu.push_signature_fits('sha1', '', '{}');
SELECT kefu.now();
SELECT FROM kefu.message;
SELECT FROM kefu.credential_secret;
RESET ROLE;

-- --- how long, and how often ------------------------------------------------------

\set ECHO none
SELECT kefu.set_secret('fans.east', '{"app_secret": "xyz123xyz", "access_token": "t"}');
INSERT INTO kefu.outbound_way (channel, way, kind) VALUES
    ('private', 1, 'message'), ('private', 3, 'other_identity'), ('private', 4, 'call') ON CONFLICT DO NOTHING;
GRANT USAGE ON SCHEMA kefu TO PUBLIC;
GRANT EXECUTE ON FUNCTION kefu.advance TO PUBLIC;
CREATE ROLE plaza_operator;
-- Somebody says something, which is an inquiry.
CREATE FUNCTION pg_temp.asks(who bigint, type text DEFAULT 'text') RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    outcome text := pg_temp.push(type, '请问' || who, sender => who);
    id bigint := (SELECT g.message_id FROM kefu.message g WHERE g.text = '请问' || who);
BEGIN
    SET LOCAL ROLE plaza_operator;
    PERFORM kefu.advance('message', id, 'triage', '{"kind": "inquiry", "priority": 2}');
    RESET ROLE;
    RETURN outcome;
END $$;
CREATE FUNCTION pg_temp.ticket_of(who bigint) RETURNS bigint LANGUAGE sql AS
$$ SELECT g.ticket_id FROM kefu.message g WHERE g.text = '请问' || who $$;
CREATE FUNCTION pg_temp.says(who bigint, text text, event text DEFAULT 'answer') RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    t bigint := pg_temp.ticket_of(who);
    state text;
BEGIN
    SET LOCAL ROLE plaza_operator;
    state := (kefu.advance('ticket', t, event, jsonb_build_object('text', text, 'further_need', text))).state;
    RESET ROLE;
    RETURN state;
END $$;
-- What the worker is given, and what the platform says to each.
CREATE FUNCTION pg_temp.exchange(status integer DEFAULT 200, reply text DEFAULT '{"result": true}')
    RETURNS TABLE (kind text, url text, body text) LANGUAGE plpgsql AS
$$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT * FROM kefu.claim_exchanges(10) LOOP
        PERFORM kefu.record_exchanges(ARRAY[c.kind], ARRAY[c.key], ARRAY[c.lease_key], ARRAY[status], ARRAY[NULL],
            ARRAY[true], ARRAY[reply], ARRAY[NULL], ARRAY[kefu.now()], ARRAY[kefu.now()]);
        RETURN QUERY SELECT c.kind, c.url, convert_from(c.body, 'UTF8');
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.sends(who bigint) RETURNS TABLE (way smallint, action text, state text, class text, expires_at timestamptz, tasks text)
    LANGUAGE sql AS
$$ SELECT o.way, o.action, o.state, o.last_class, o.expires_at,
          (SELECT string_agg(k.cause || ' ' || k.unit, ', ' ORDER BY k.task_id) FROM kefu.task k WHERE k.ticket_id = p.object_id)
     FROM kefu.speech p JOIN kefu.outbound o USING (speech_id)
    WHERE p.object_id = pg_temp.ticket_of(who) AND p.object_type = 'ticket' ORDER BY o.outbound_id $$;
CREATE FUNCTION pg_temp.refused(who bigint, event text DEFAULT 'answer') RETURNS TABLE (state text, message text, detail text, hint text)
    LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM pg_temp.says(who, '办好了', event);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    message := regexp_replace(message, '[0-9]+', 'N');
    RETURN NEXT;
END $$;
\set ECHO all

-- Until the last second of 48 hours, as the platform wants it; what is said then and
-- sent a second later, or is said later, is not: 10000 calls.
SELECT pg_temp.at('2026-03-02 10:00:00');
SELECT pg_temp.asks(who) FROM generate_series(801, 804) AS who;
SELECT pg_temp.at('2026-03-04 09:59:59');
SELECT pg_temp.says(801, E'办理 "好" 了\\');
SELECT * FROM pg_temp.exchange();
SELECT * FROM pg_temp.sends(801);
SELECT pg_temp.says(802, '办好了');
SELECT pg_temp.at('2026-03-04 10:00:00');
SELECT pg_temp.says(803, '办好了');
SELECT * FROM pg_temp.exchange();
SELECT * FROM pg_temp.sends(802);
SELECT * FROM pg_temp.sends(803);

-- Nothing is taken from us by who left; it is again when they come back.
SELECT pg_temp.at('2026-03-05 10:00:00');
SELECT pg_temp.asks(who) FROM generate_series(805, 806) AS who;
SELECT pg_temp.push('event', '取消关注', '{"subtype": "unfollow"}', sender => who) FROM generate_series(805, 806) AS who;
SELECT pg_temp.says(805, '办好了');
SELECT pg_temp.at('2026-03-05 10:01:00');
SELECT pg_temp.push('event', '关注', '{"subtype": "follow"}', sender => 806);
SELECT pg_temp.says(806, '办好了');
SELECT url FROM pg_temp.exchange();
SELECT * FROM pg_temp.sends(805);
SELECT * FROM pg_temp.sends(806);

-- One answer to a mention, which news doesn't use up, and not a second one; a message
-- takes any number.
SELECT pg_temp.asks(807, 'mention'), pg_temp.asks(808);
SELECT pg_temp.says(w.who, '正在处理', 'progress') FROM (VALUES (807), (808)) AS w(who);
SELECT count(*) FROM pg_temp.exchange();
SELECT pg_temp.says(w.who, '办好了') FROM (VALUES (807), (808)) AS w(who);
SELECT count(*) FROM pg_temp.exchange();
SELECT pg_temp.says(w.who, '还要发票', 'further_need') FROM (VALUES (807), (808)) AS w(who);
SELECT pg_temp.says(w.who, '已寄出') FROM (VALUES (807), (808)) AS w(who);
SELECT count(*) FROM pg_temp.exchange();
SELECT * FROM pg_temp.sends(807);
SELECT * FROM pg_temp.sends(808);

-- Where the rule says so it is refused instead, and says why.
UPDATE kefu.reply_rule SET refuses = true WHERE platform = 'sina';
SELECT pg_temp.asks(809, 'mention');
SELECT * FROM pg_temp.refused(809, 'progress');
SELECT pg_temp.says(809, '办好了');
SELECT count(*) FROM pg_temp.exchange();
SELECT pg_temp.says(809, '还要发票', 'further_need');
SELECT * FROM pg_temp.refused(809);
SELECT pg_temp.asks(810);
SELECT pg_temp.push('event', '取消关注', '{"subtype": "unfollow"}', sender => 810);
SELECT * FROM pg_temp.refused(810);
SELECT pg_temp.at('2026-03-07 10:01:00');
SELECT * FROM pg_temp.refused(810);
SELECT count(*) FROM pg_temp.sends(810);
ROLLBACK;
