-- webhook: who is told of new tickets, escalations and state changes: what a
-- template makes of them, what is queued for whom, and what becomes of each
-- attempt. No worker, no network.
--
-- Everything happens in one transaction that is rolled back. What is queued behind
-- a cursor across transactions is for test/isolation/specs/webhook_queue.spec.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set plaza :tests '/lib/plaza.psql'
BEGIN;
\set ECHO none
SET LOCAL client_min_messages = warning;
\i :plaza
SELECT kefu.grant_reader(current_user, 'group');
CREATE ROLE webhook_east_admin; CREATE ROLE webhook_group_admin;
SELECT FROM kefu.add_staff('webhook_east_admin', 'east', '东乙');
SELECT FROM kefu.add_staff('webhook_group_admin', 'group', '集团乙');
SELECT FROM kefu.grant_role('webhook_east_admin', 'east', 'admin');
SELECT FROM kefu.grant_role('webhook_group_admin', 'group', 'admin');
SELECT FROM kefu.create_roles() \g /dev/null
GRANT kefu_admin TO webhook_east_admin, webhook_group_admin;
ALTER SEQUENCE kefu.webhook_webhook_id_seq RESTART;
DELETE FROM kefu.desk_mode;
SELECT FROM kefu.go_live();

UPDATE kefu.unit SET name_zh = E'西"}]\\{title}\n省' WHERE unit = 'west';

-- This transaction is not over, and so told of by nobody: here it is all the same.
CREATE FUNCTION pg_temp.queue() RETURNS integer LANGUAGE sql AS
$$ SELECT kefu.queue_range(ARRAY(SELECT subscriber FROM kefu.subscriber WHERE is_live), kefu.here(), 0,
                           pg_current_xact_id()::text::bigint + 1) $$;
-- Moves a cursor back to the beginning of this transaction.
CREATE FUNCTION pg_temp.rewind() RETURNS void LANGUAGE sql AS
$$ UPDATE kefu.subscriber_state SET next_xid = pg_current_xact_id()::text::bigint $$;
CREATE FUNCTION pg_temp.at(t text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('kefu.test_now', '2026-03-02 ' || t || '+08', true); END $$;
CREATE TEMP TABLE last (n serial, key text, lease_key uuid, url text, headers text[], body text, timeout_ms integer,
                        max_bytes integer, allows_http boolean);
CREATE FUNCTION pg_temp.claim(room integer DEFAULT 10) RETURNS TABLE (subscriber text, attempts integer)
    LANGUAGE plpgsql AS
$$ BEGIN
    TRUNCATE last RESTART IDENTITY;
    INSERT INTO last (key, lease_key, url, headers, body, timeout_ms, max_bytes, allows_http)
    SELECT c.key, c.lease_key, c.url, c.headers, convert_from(c.body, 'UTF8'), c.timeout_ms, c.max_bytes, c.allows_http
      FROM kefu.claim_webhooks(room) c;
    RETURN QUERY SELECT w.subscriber, w.attempts FROM last l JOIN kefu.webhook w ON w.webhook_id = l.key::bigint ORDER BY 1;
END $$;
CREATE FUNCTION pg_temp.reply(status integer, body text DEFAULT '', error text DEFAULT NULL, headers text DEFAULT NULL)
    RETURNS void LANGUAGE sql AS
$$ SELECT kefu.record_exchanges(array_agg('webhook'::text), array_agg(l.key), array_agg(l.lease_key),
           array_agg(reply.status), array_agg(reply.error), array_agg(true), array_agg(reply.body),
           array_agg(reply.headers), array_agg(kefu.now()), array_agg(kefu.now())) FROM last l $$;
CREATE FUNCTION pg_temp.fares(who text) RETURNS TABLE (state text, queued bigint, dead bigint, delivered bigint,
        failures integer, class text, status integer, waits boolean) LANGUAGE sql AS
$$ SELECT v.state, v.queued_count, v.dead_count, v.delivered_count, v.failures, v.last_class, v.last_status,
          v.next_at > kefu.now() FROM kefu.stat_webhook v WHERE v.subscriber = fares.who $$;
\set ECHO all

-- Templates. A slot is within a string of the JSON, or it is no JSON; unknown names
-- are refused.
SELECT number, outcome FROM kefu.load_preset('webhooks');
SELECT template, kefu.slots_in(text::text) <@ kefu.webhook_slots() AS known FROM kefu.webhook_template ORDER BY 1;
SELECT kefu.set_webhook_template('number', '数字', '{"id": {id}}');
SELECT kefu.set_webhook_template('words', '正文', '{"text": "{text}"}');
INSERT INTO kefu.webhook_template (template, name_zh, text) VALUES ('words', '正文', '{"text": "{author_name}"}');
SELECT kefu.set_webhook_template('page', '网页', '"{title}"', 'text/html');
-- No value leaves its string, none is read as a template, none is lost.
SELECT kefu.fill_template('{"a": "{title}", "{unit}": ["{link}", "{}", "{X}", "{ title}", "\u007btitle}"]}',
    '{"title": "\"}, \\ {unit} \n\t\u0001\u001f/ 客服 😀", "unit": "\"", "more": "x"}');
SELECT count(*) AS tried, bool_and(j ->> 'a' = '<' || v.value || '>' AND j ->> 'b' = v.value AND
                                   (SELECT count(*) FROM jsonb_object_keys(j)) = 2) AS kept
  FROM (SELECT chr(n) FROM generate_series(1, 8448) AS n
        UNION ALL SELECT '","b":"' UNION ALL SELECT '\' UNION ALL SELECT '\"' UNION ALL SELECT '\u0022'
        UNION ALL SELECT '{title}' UNION ALL SELECT '{' UNION ALL SELECT '}' UNION ALL SELECT ''
        UNION ALL SELECT chr(65533) || chr(1114111)) AS v(value)
 CROSS JOIN LATERAL (SELECT kefu.fill_template('{"a": "<{title}>", "b": "{title}"}',
                                               jsonb_build_object('title', v.value))::jsonb) AS f(j);

-- Signatures: RFC 4231, test cases 1, 2 and 6, whose key is longer than a block.
SELECT encode(kefu.hmac_sha256(decode(repeat('0b', 20), 'hex'), 'Hi There'), 'hex') AS first,
       encode(kefu.hmac_sha256('Jefe', 'what do ya want for nothing?'), 'hex') AS second,
       encode(kefu.hmac_sha256(decode(repeat('aa', 131), 'hex'),
                               'Test Using Larger Than Block-Size Key - Hash Key First'), 'hex') AS sixth;

-- Who may be told, and who may say so.
SET LOCAL ROLE webhook_east_admin;
SELECT kefu.add_subscriber('east', 'east', 'https://hook.example/in', 'json', '{ticket_opened,escalation}',
                           link => 'https://desk.example/{object_type}/{id}');
SELECT kefu.add_subscriber('group', 'group', 'https://hook.example/in', 'json', '{ticket_opened}');
SELECT kefu.add_subscriber('east.signed', 'east', 'https://hook.example/{secret}', 'json', '{escalation}', 'plaza.key');
SET LOCAL ROLE webhook_group_admin;
-- A platform's secret is given to nobody.
SELECT kefu.add_subscriber('thief', 'east', 'https://hook.example/?{access_token}', 'json', '{escalation}', 'plaza.key');
SELECT kefu.add_credential('hook', 'plaza', 'webhook');
SELECT kefu.add_credential('hook', NULL, 'token');
SELECT kefu.add_credential('hook', NULL, 'webhook');
SELECT kefu.add_subscriber('signed', 'group', 'https://hook.example/robot?key={key}', 'json', '{state_change}', 'hook', 'kefu',
                           machines => '{inquiry,complaint}');
SELECT kefu.add_subscriber('signed', 'group', 'https://hook.example', 'json', '{state_change}');
SELECT kefu.add_subscriber('plain', 'group', 'http://hook.example', 'json', '{state_change}');
SELECT kefu.add_subscriber('odd', 'group', 'https://hook.example', 'json', '{everything}');
SELECT kefu.add_subscriber('odd', 'group', 'https://hook.example', 'json', '{escalation}', machines => '{nothing}');
SELECT kefu.add_subscriber('odd', 'group', 'https://user@hook.example', 'json', '{escalation}');
SELECT kefu.add_subscriber('odd', 'group', 'https://{key}.example/', 'json', '{escalation}');
SELECT kefu.add_subscriber('odd', 'group', 'https://hook.example', 'json', '{escalation}', signature => 'kefu');
RESET ROLE;
SELECT e.event, s.login, e.facts FROM kefu.audit_event e JOIN kefu.ledger l ON l.ledger_id = e.object_id
  LEFT JOIN kefu.staff s USING (staff_id)
 WHERE e.object_type = 'ledger' AND l.ledger = 'rules' AND e.event = 'add_subscriber' ORDER BY e.seq;

-- What happens: two tickets in the east and one in the west, one of them taken, and
-- a level of each is reached.
SELECT items, tickets FROM kefu.ingest('plaza.east', 'comments_to_me', pg_temp.page(
    pg_temp.item('11', '71', '断网了 "}', '2026-03-02 08:59+08'), pg_temp.item('12', '72', '请问', '2026-03-02 08:59+08')));
SELECT items, tickets FROM kefu.ingest('plaza.west', 'comments_to_me', pg_temp.page(
    pg_temp.item('13', '73', '请问', '2026-03-02 08:59+08')));
INSERT INTO kefu.clock_level (clock, unit, valid_from, level, base, offset_by, role)
    VALUES ('complaint_ack', 'group', '2020-01-01', 1, 'due', '0', 'shift_leader');
SELECT items, tickets FROM kefu.ingest('plaza.east', 'comments_to_me', pg_temp.page(
    pg_temp.item('14', '74', '断网了', '2026-03-02 08:59+08')));
SELECT pg_temp.at('09:30');
SELECT fired FROM kefu.tick();
SELECT m.ticket_id AS complaint FROM kefu.message m WHERE m.native_id = '11' \gset
SELECT m.ticket_id AS inquiry FROM kefu.message m WHERE m.native_id = '13' \gset
SELECT (kefu.raise_event('ticket', :complaint, 'customer_wrote', '{"text": "断网三天了", "meaning": "chaser"}')).state;
SELECT (kefu.raise_event('ticket', :inquiry, 'drop', '{"reason": "旧号重复"}')).state;

-- Each is queued once for whom it is for: the east sees the east, the others asked
-- for changes of state alone.
SELECT kefu.queue_webhooks(1000);
SELECT pg_temp.queue();
SELECT pg_temp.queue();
SELECT pg_temp.rewind();
SELECT pg_temp.queue();
SELECT w.subscriber, w.what, w.state, replace(w.slots ->> 'title', w.slots ->> 'id', 'N') AS title,
       w.slots ->> 'unit' AS unit, w.slots ->> 'at' AS at
  FROM kefu.webhook w ORDER BY w.webhook_id;
-- Slots are codes, numbers, instants, labels and names of units, and one may ask
-- for no other.
SELECT DISTINCT k.name FROM kefu.webhook w, jsonb_object_keys(w.slots) AS k(name)
 WHERE k.name <> ALL (kefu.webhook_slots());
SELECT count(*) FROM kefu.webhook w WHERE w.slots::text ~ '断网|旧号|n7';

-- Claiming: one webhook for each subscriber, none where its secret is missing, and
-- none where the desk is not live.
SELECT * FROM pg_temp.claim(0);
SELECT kefu.rehearse();
SELECT * FROM pg_temp.claim();
SELECT kefu.next_webhook_at() = kefu.now() + interval '1 second' AS looks_again;
SELECT kefu.stop_desk('test');
SELECT kefu.next_webhook_at();
SELECT kefu.go_live();
SELECT * FROM pg_temp.claim();
SELECT * FROM pg_temp.fares('signed');
SELECT level, message FROM kefu.health() WHERE check_name = 'subscriber';
SELECT l.url, replace(l.headers::text, '-' || w.webhook_id, '-N') AS headers, l.timeout_ms, l.max_bytes, l.allows_http,
       l.body::jsonb - '{delivery,event_id,id,title,link}'::text[] AS body,
       l.body::jsonb ->> 'delivery' = w.incarnation || '-' || w.webhook_id AS has_number,
       l.body::jsonb ->> 'link' = 'https://desk.example/ticket/' || (l.body::jsonb ->> 'id') AS has_link
  FROM last l JOIN kefu.webhook w ON w.webhook_id = l.key::bigint;
-- One request at a time. This one is lost on the way; let it wait for a while.
CREATE TEMP TABLE lost AS SELECT l.key, l.lease_key FROM last l;
UPDATE kefu.subscriber_state SET lease_until = 'infinity' WHERE subscriber = 'east';
SELECT * FROM pg_temp.claim();

-- A signed one: over the timestamp, a dot and the body, with a key that comes from
-- the secret and is in no table of ours; the HMAC here is by the book.
CREATE FUNCTION pg_temp.hmac(key bytea, data bytea) RETURNS bytea LANGUAGE plpgsql AS
$$
DECLARE
    i bytea := decode(repeat('36', 64), 'hex');
    o bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR n IN 0 .. length(key) - 1 LOOP
        i := set_byte(i, n, get_byte(i, n) # get_byte(key, n));
        o := set_byte(o, n, get_byte(o, n) # get_byte(key, n));
    END LOOP;
    RETURN sha256(o || sha256(i || data));
END $$;
SELECT kefu.set_secret('hook', '{"secret": "密 s3cret", "key": "a b&c"}');
SELECT pg_temp.at('09:31');
SELECT * FROM pg_temp.claim();
SELECT l.url, l.headers[3] AS stamp, l.headers[4] = 'X-Kefu-Signature: sha256=' || encode(pg_temp.hmac(
           convert_to('密 s3cret', 'UTF8'), convert_to(split_part(l.headers[3], ' ', 2) || '.' || l.body, 'UTF8')), 'hex') AS fits,
       split_part(l.headers[3], ' ', 2)::bigint = extract(epoch FROM kefu.now()) AS is_now
  FROM last l WHERE cardinality(l.headers) = 4;
SELECT count(*) FROM kefu.webhook w, kefu.subscriber s WHERE concat(w, s) ~ 's3cret|a b';

-- What comes back. A success ends it; each failure lets webhook and subscriber wait.
SELECT pg_temp.reply(204);
SELECT * FROM pg_temp.fares('signed');
SELECT w.state, w.attempts, w.delivered_at = kefu.now() AS now FROM kefu.webhook w JOIN last l ON l.key::bigint = w.webhook_id;
SELECT * FROM pg_temp.claim(1);
SELECT pg_temp.reply(500, 'oops');
SELECT * FROM pg_temp.fares('signed');
-- It waits 5 to 10 seconds, or as long as it was asked to.
SELECT t.next_at - kefu.now() BETWEEN '5 s' AND '10 s' AS subscriber, w.not_before - kefu.now() BETWEEN '5 s' AND '10 s' AS webhook
  FROM last l JOIN kefu.webhook w ON w.webhook_id = l.key::bigint JOIN kefu.subscriber_state t USING (subscriber);
SELECT * FROM pg_temp.claim();
SELECT pg_temp.at('09:32');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(429, '', NULL, E'HTTP/1.1 429 Slow\r\nRetry-After: 600\r\n');
SELECT last_class, next_at - kefu.now() AS subscriber FROM kefu.stat_webhook WHERE subscriber = 'signed';
SELECT pg_temp.at('09:42');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(0, NULL, 'timed out waiting for the reply');
SELECT * FROM pg_temp.fares('signed');
SELECT level, check_name, regexp_replace(message, 'next at.*', 'next at …') AS message FROM kefu.health() WHERE check_name = 'subscriber';
-- A redirect is no success, nor is what the receiver says no to.
SELECT pg_temp.at('09:55');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(302, '', NULL, E'HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example\r\n');
SELECT * FROM pg_temp.fares('signed');
SELECT w.state, w.attempts, w.failures, w.last_class, w.last_status FROM kefu.webhook w JOIN last l ON l.key::bigint = w.webhook_id;

-- What was lost to the east is sent again under its number when its lease is over.
-- The late success of the first counts, once.
SELECT pg_temp.at('10:10');
UPDATE kefu.subscriber_state SET lease_until = kefu.now() WHERE subscriber = 'east';
UPDATE kefu.subscriber_state SET next_at = 'infinity' WHERE subscriber = 'signed';
SELECT * FROM pg_temp.claim();
SELECT l.key = o.key AS same_number, l.lease_key <> o.lease_key AS new_lease FROM last l, lost o;
CREATE FUNCTION pg_temp.late(status integer, lease uuid) RETURNS void LANGUAGE sql AS
$$ SELECT kefu.record_exchanges('{webhook}', ARRAY[o.key], ARRAY[lease], ARRAY[status], '{NULL}', '{t}', '{NULL}', '{NULL}',
                                ARRAY[kefu.now()], ARRAY[kefu.now()]) FROM lost o $$;
SELECT pg_temp.late(500, o.lease_key) FROM lost o;
SELECT * FROM pg_temp.fares('east');
SELECT pg_temp.late(200, o.lease_key) FROM lost o;
SELECT * FROM pg_temp.fares('east');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.late(200, t.lease_key) FROM kefu.subscriber_state t WHERE t.subscriber = 'east';
SELECT * FROM pg_temp.fares('east');

-- A reply that can't be recorded.
SELECT * FROM pg_temp.claim();
SELECT kefu.exchange_failed('webhook', l.key, l.lease_key, '22021: invalid') FROM last l;
SELECT * FROM pg_temp.fares('east');

-- Receivers that say no with status 200: what their template asks of the body.
SELECT kefu.satisfies(b.body, '$.errcode == 0') AS robot, kefu.satisfies(b.body, '$.code == 0 || $.StatusCode == 0') AS other
  FROM (VALUES (1, '{"errcode":0,"errmsg":"ok"}'), (2, '{"errcode":"0"}'), (3, '{"StatusCode":0}'), (4, '<html>'), (5, ''),
               (6, NULL), (7, '[{"errcode":0}]')) AS b(n, body) ORDER BY b.n;
SELECT kefu.set_subscriber('east', template => 'wecom', url => 'https://hook.example/send?key={key}', every => '3 s', link => '');
SELECT pg_temp.at('10:30');
SELECT * FROM pg_temp.claim();
-- Its key is in no secret, as it has none.
SELECT * FROM pg_temp.fares('east');
SELECT last_error FROM kefu.webhook WHERE last_class = 'bad_request';
SET LOCAL ROLE webhook_east_admin;
SELECT kefu.set_subscriber('east', credential => 'hook');
SELECT kefu.set_subscriber('signed', is_live => false);
SELECT kefu.set_subscriber('nobody');
SET LOCAL ROLE webhook_group_admin;
SELECT kefu.set_subscriber('east', credential => 'hook');
RESET ROLE;
SELECT pg_temp.at('10:50');
SELECT * FROM pg_temp.claim();
SELECT l.url, cardinality(l.headers) AS headers, l.body::jsonb -> 'msgtype' AS type FROM last l;
SELECT pg_temp.reply(200, '{"errcode":93000,"errmsg":"invalid webhook url"}');
SELECT state, failures, last_class, last_status FROM kefu.stat_webhook WHERE subscriber = 'east';
SELECT pg_temp.at('11:20');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"errcode":0,"errmsg":"ok"}');
SELECT state, failures, last_class, delivered_count, next_at - kefu.now() AS pause FROM kefu.stat_webhook WHERE subscriber = 'east';

-- Robots that sign in their own ways.
SELECT kefu.set_subscriber('east', template => 'dingtalk', signature => 'dingtalk', url => 'https://hook.example/robot/send?access_token={key}');
SELECT pg_temp.at('11:21');
SELECT * FROM pg_temp.claim();
SELECT l.url = 'https://hook.example/robot/send?access_token=a%20b%26c' || '&' || (kefu.encode_request('/', jsonb_build_object(
           'timestamp', t.ms, 'sign', encode(pg_temp.hmac(convert_to('密 s3cret', 'UTF8'),
                convert_to(t.ms || E'\n' || '密 s3cret', 'UTF8')), 'base64')), '{}')).form AS fits
  FROM last l, (SELECT (extract(epoch FROM kefu.now())::bigint * 1000)::text) AS t(ms);
SELECT pg_temp.reply(200, '{"errcode":0}');
SELECT kefu.set_subscriber('signed', template => 'feishu_signed', signature => 'feishu', url => 'https://hook.example/hook/{key}');
SELECT pg_temp.at('11:22');
SELECT * FROM pg_temp.claim();
SELECT l.url, b.j ->> 'timestamp' = t.s AS stamped, b.j ->> 'sign' = encode(pg_temp.hmac(
           convert_to(t.s || E'\n' || '密 s3cret', 'UTF8'), ''), 'base64') AS fits,
       regexp_replace(b.j -> 'content' ->> 'text', '#\d+', '#N') AS text
  FROM last l, jsonb(l.body) AS b(j), (SELECT extract(epoch FROM kefu.now())::bigint::text) AS t(s) WHERE l.url LIKE '%/hook/%';
SELECT pg_temp.reply(200, '{"code":0}');
SELECT * FROM pg_temp.fares('signed');

-- Dead after so many failures, or too old; alive again by hand, with its number.
UPDATE kefu.subscriber SET max_tries = 2 WHERE subscriber = 'signed';
SELECT pg_temp.rewind();
DELETE FROM kefu.webhook WHERE subscriber = 'signed';
SELECT pg_temp.queue();
SELECT pg_temp.at('11:23');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(500);
SELECT pg_temp.at('11:40');
UPDATE kefu.subscriber_state SET next_at = kefu.now(), failures = 0;
UPDATE kefu.webhook SET not_before = 'infinity' WHERE attempts = 0 OR subscriber <> 'signed';
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(500);
SELECT * FROM pg_temp.fares('signed');
SELECT level, message FROM kefu.health() WHERE check_name = 'webhook';
SELECT l.key AS dead FROM last l \gset
SET LOCAL ROLE webhook_east_admin;
SELECT kefu.retry_webhook(:dead);
SET LOCAL ROLE webhook_group_admin;
SELECT kefu.retry_webhook(0);
SELECT kefu.retry_webhook(:dead);
SELECT kefu.retry_webhook(:dead);
RESET ROLE;
SELECT * FROM pg_temp.claim();
SELECT l.key::bigint = :dead AS same_number, w.attempts, w.failures FROM last l JOIN kefu.webhook w ON w.webhook_id = l.key::bigint;
UPDATE kefu.webhook SET give_up_at = kefu.now() WHERE webhook_id = :dead;
SELECT pg_temp.reply(0, NULL, 'connection cut');
SELECT w.state, w.failures, w.last_error FROM kefu.webhook w WHERE w.webhook_id = :dead;

-- 410: it is no more, and that is on the ledger. Switched on again it is told of
-- what happens from then on.
SELECT pg_temp.at('11:50');
UPDATE kefu.subscriber_state SET next_at = kefu.now();
UPDATE kefu.webhook SET not_before = kefu.now() WHERE subscriber = 'signed';
SELECT * FROM pg_temp.claim();
SELECT pg_temp.reply(410);
SELECT state, queued_count, last_status FROM kefu.stat_webhook WHERE subscriber = 'signed';
SELECT pg_temp.at('12:10');
SELECT * FROM pg_temp.claim();
SELECT s.is_live FROM kefu.subscriber s WHERE s.subscriber = 'signed';
SELECT e.event, e.facts, e.staff_id IS NULL AS by_nobody FROM kefu.audit_event e
 WHERE e.object_type = 'ledger' AND e.event IN ('subscriber_gone', 'retry_webhook') ORDER BY e.seq;
SELECT regexp_replace(message, 'since.*', 'since …') AS message FROM kefu.health() WHERE check_name = 'subscriber' AND message ~ 'signed';
UPDATE kefu.subscriber_state SET next_xid = 3 WHERE subscriber = 'signed';
SELECT kefu.set_subscriber('signed', is_live => true);
SELECT t.next_xid = pg_current_xact_id()::text::bigint AS from_now, t.gone_at FROM kefu.subscriber_state t WHERE t.subscriber = 'signed';

-- A copy of the desk sends nothing.
UPDATE kefu.desk_mode SET system_identifier = '1';
UPDATE kefu.webhook SET not_before = kefu.now();
UPDATE kefu.subscriber_state SET next_at = kefu.now(), lease_key = NULL, lease_until = NULL;
SELECT * FROM pg_temp.claim();
SELECT kefu.queue_webhooks(10), kefu.next_webhook_at();
UPDATE kefu.desk_mode SET system_identifier = (SELECT system_identifier::text FROM pg_control_system());
SELECT * FROM pg_temp.claim();

-- A desk restored elsewhere goes on where the copied trail ends: nothing of it is
-- told twice, what was not told is told, and cursors count its own transactions.
INSERT INTO kefu.incarnation (incarnation, system_identifier, database_oid, opened_at) OVERRIDING SYSTEM VALUE
    VALUES (99, '1', 1, kefu.now());
INSERT INTO kefu.audit_event (event_id, object_type, object_id, seq, at, machine, event, from_state, to_state, version,
                              unit, flags, incarnation, xid, form, hash)
    VALUES (-2, 'ticket', :complaint, 1001, kefu.now(), 'complaint', 'open', '*new', 'new', 1, 'east', 0, 99, 4, 1, ''),
           (-1, 'ticket', :complaint, 1002, kefu.now(), 'complaint', 'open', '*new', 'new', 1, 'east', 0, 99, 5, 1, ''),
           (-3, 'ticket', :complaint, 1003, kefu.now(), 'complaint', 'open', '*new', 'new', 1, 'east', 0, 99, 6, 1, ''),
           (-4, 'ticket', :complaint, 1004, kefu.now(), 'complaint', 'open', '*new', 'new', 1, 'east', 0, 99, 6, 1, '');
UPDATE kefu.subscriber_state SET incarnation = 99, next_xid = 5;
-- At most one event at a time, or one transaction.
SELECT kefu.queue_webhooks(1);
SELECT t.incarnation, t.next_xid FROM kefu.subscriber_state t WHERE t.subscriber = 'east';
SELECT kefu.queue_webhooks(1);
SELECT kefu.queue_webhooks(1);
SELECT w.subscriber, w.incarnation = kefu.here() AS is_here, w.event_id FROM kefu.webhook w WHERE w.event_id < 0 ORDER BY w.webhook_id;
SELECT t.subscriber, t.incarnation = kefu.here() AS here, t.next_xid <= pg_current_xact_id()::text::bigint AS before_us
  FROM kefu.subscriber_state t ORDER BY 1;

-- What was delivered is kept for 30 days.
SELECT count(*) > 0 AS some FROM kefu.webhook WHERE state = 'delivered';
SELECT kefu.forget_webhooks(100);
SET LOCAL kefu.test_now = '2026-04-02 09:00+08';
SELECT kefu.forget_webhooks(1);
SELECT kefu.forget_webhooks(100) > 0 AS rest;
SELECT count(*) FROM kefu.webhook WHERE state = 'delivered';

-- Who is neither the worker nor an administrator of Group.
SET LOCAL ROLE webhook_east_admin;
SELECT kefu.set_webhook_template('mine', '我的', '{}');
SELECT kefu.queue_webhooks(1);
SELECT * FROM kefu.claim_webhooks(1);
SELECT * FROM kefu.webhook;
SELECT kefu.hmac_sha256('', '');
RESET ROLE;

-- Opinions are told of as any object is, by machine; none of a customer's words is in it.
SET LOCAL ROLE webhook_group_admin;
SELECT kefu.add_subscriber('ideas', 'group', 'https://hook.example', 'json', '{state_change}', machines => '{opinion}');
RESET ROLE;
SELECT count(*) > 0 AS matters FROM kefu.load_preset('matters');
INSERT INTO kefu.clock_policy (clock, unit, valid_from, target, calendar) VALUES ('opinion_screen', 'group', '2020-01-01', '24 hours', 'wall');
CREATE ROLE plaza_operator IN ROLE kefu_operator;
SELECT items FROM kefu.ingest('plaza.east', 'comments_to_me', pg_temp.page(
    pg_temp.item('21', '81', '建议断网时发短信', '2026-04-02 08:59+08'), pg_temp.item('22', '82', '断网也该短信通知', '2026-04-02 08:59+08')));
SELECT m.message_id AS m1 FROM kefu.message m WHERE m.native_id = '21' \gset
SELECT m.message_id AS m2 FROM kefu.message m WHERE m.native_id = '22' \gset
SET LOCAL ROLE plaza_operator;
SELECT state FROM kefu.triage(:m1, 'opinion', item => 'service.shop');
SELECT state FROM kefu.triage(:m2, 'opinion', item => 'service.shop');
RESET ROLE;
SELECT o.opinion_id AS o1 FROM kefu.opinion o WHERE o.message_id = :m1 \gset
SELECT o.opinion_id AS o2 FROM kefu.opinion o WHERE o.message_id = :m2 \gset
SET LOCAL ROLE plaza_operator;
SELECT state FROM kefu.screen_opinion(:o1, 'service', summary => '断网短信');
SELECT state FROM kefu.merge_opinion(:o2, :o1);
RESET ROLE;
SELECT pg_temp.rewind();
SELECT pg_temp.queue() > 0 AS queued;
SELECT w.subscriber, w.what, replace(replace(w.slots ->> 'title', :'o1', 'N'), :'o2', 'M') AS title, w.slots ->> 'unit' AS unit,
       w.slots ->> 'event' AS event, w.slots ->> 'from_state' AS from_state, w.slots ->> 'to_state' AS to_state
  FROM kefu.webhook w WHERE w.subscriber = 'ideas' ORDER BY w.webhook_id;
SELECT count(*) FROM kefu.webhook w WHERE w.subscriber = 'ideas' AND w.slots::text ~ '断网|短信|n8[12]';
ROLLBACK;
