-- privacy: who is who, consents, looking at personal data, erasing it, keeping
-- it no longer than its purpose: R94, R111, rulings 5 and 21, I4.
--
-- What is shown must have been committed before, so this runs in a database of
-- its own, which is dropped at the end.

\set SHOW_CONTEXT never
\set ECHO none
SET client_min_messages = warning;
SELECT current_database() AS home \gset
CREATE DATABASE kefu_privacy TEMPLATE template0;
\c kefu_privacy
SET client_min_messages = warning;
CREATE EXTENSION pg_kefu;
SET kefu.test_now = '2026-03-02 09:00+08';
SELECT count(*) > 0 AS roles FROM kefu.create_roles();
CREATE ROLE privacy_lin; CREATE ROLE privacy_zhao; CREATE ROLE privacy_gu; CREATE ROLE privacy_far;
CREATE ROLE privacy_wang; CREATE ROLE privacy_nobody; CREATE ROLE privacy_bi;
GRANT kefu_operator TO privacy_lin, privacy_far, privacy_nobody;
GRANT kefu_leader TO privacy_zhao; GRANT kefu_admin TO privacy_gu; GRANT kefu_department TO privacy_wang;
GRANT kefu_analyst TO privacy_bi;
SELECT outcome FROM kefu.load_preset('all');
SELECT count(kefu.add_staff(s.login, s.unit, s.name))
  FROM (VALUES ('privacy_lin', 'gd', '林'), ('privacy_zhao', 'gd', '赵'), ('privacy_gu', 'group', '顾'),
               ('privacy_far', 'qh', '马'), ('privacy_wang', 'gd.network', '王')) AS s(login, unit, name);
SELECT count(*) FROM (SELECT kefu.grant_role(r.login, r.unit, r.role)
  FROM (VALUES ('privacy_lin', 'gd', 'operator'), ('privacy_zhao', 'gd', 'leader'),
               ('privacy_gu', 'group', 'admin'), ('privacy_far', 'qh', 'operator'),
               ('privacy_wang', 'gd.network', 'department')) AS r(login, unit, role)) AS g;
SELECT FROM kefu.grant_reader('privacy_bi', 'gd');
SELECT FROM kefu.grant_reader(current_user, 'group');
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('privacy.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('sina.gd', 'sina', 'gd', '中国电信广东客服', '9001', 'privacy.key');
CREATE FUNCTION pg_temp.item(id text, by text, text text, at timestamptz) RETURNS jsonb
    LANGUAGE sql RETURN jsonb_build_object('idstr', id, 'mid', id, 'text', text, 'created_at',
        to_char(at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
        'user', jsonb_build_object('idstr', by, 'screen_name', 'n' || by, 'province', '44'));
CREATE FUNCTION pg_temp.page(VARIADIC items jsonb[]) RETURNS text
    LANGUAGE sql RETURN jsonb_build_object('statuses', to_jsonb(items))::text;
CREATE FUNCTION pg_temp.taken(at timestamptz) RETURNS bigint
    LANGUAGE sql AS $$
    SELECT count(*) FROM (SELECT kefu.settle_speech(s.speech_id, at) FROM kefu.speech s
                           WHERE s.outcome IS NULL) AS x $$;
-- As if the worker had sent them.
CREATE FUNCTION pg_temp.sent() RETURNS void LANGUAGE sql AS $$
    UPDATE kefu.outbound SET state = 'sent', sent_at = kefu.now() WHERE state = 'queued' $$;
\set ECHO all

-- Boundaries of what may be said in public (I4); the rest is in test/unit.
SELECT said, kefu.has_personal_data(said) AS refused
  FROM (VALUES (1, '请拨打 13800000000'), (2, '138 0000 0000'), (3, '138-0000-0000'),
               (4, '１３８００００００００'), (5, '11010119900307001X'), (6, '6200 0000 0000 0005'),
               (7, '020-38000000'), (8, '工单号 202603021234567'), (9, '10000号'),
               (10, '138****0000')) AS x(n, said) ORDER BY n;

-- Three people write; two of them are one.
SELECT new_messages, tickets FROM kefu.ingest('sina.gd', 'mentions', pg_temp.page(
    pg_temp.item('88000001', '77000001', '宽带断了,我是张三', '2026-03-02 08:50+08'),
    pg_temp.item('88000002', '77000002', '还是断的', '2026-03-02 08:52+08'),
    pg_temp.item('88000003', '77000003', '请问流量怎么查', '2026-03-02 08:53+08')));
SELECT person_id AS p2, identity_id AS i2 FROM kefu.identity WHERE native_id = '77000002' \gset
SELECT message_id AS m1 FROM kefu.message WHERE native_id = '88000001' \gset
SELECT message_id AS m2 FROM kefu.message WHERE native_id = '88000002' \gset
SELECT message_id AS m3 FROM kefu.message WHERE native_id = '88000003' \gset
SELECT ticket_id AS t2 FROM kefu.message WHERE message_id = :m2 \gset
SELECT ticket_id AS t1 FROM kefu.message WHERE message_id = :m1 \gset
SELECT ticket_id AS t3, person_id AS p3 FROM kefu.message WHERE message_id = :m3 \gset
SELECT person_id AS p1 FROM kefu.message WHERE message_id = :m1 \gset
CREATE FUNCTION pg_temp.is_one(a bigint, b bigint) RETURNS boolean LANGUAGE sql SECURITY DEFINER
    RETURN kefu.ticket_person(a) = kefu.ticket_person(b);

-- Merging (ruling 5): by somebody who sees both, with a reason, no circles.
SET ROLE privacy_far;
SELECT kefu.merge_person(:p2, :p1, '同一人');
SET ROLE privacy_lin;
SELECT kefu.merge_person(:p2, :p1, ' ');
SELECT kefu.merge_person(:p2, :p1, '同一个手机号') = :p1 AS merged;
\set VERBOSITY sqlstate
SELECT kefu.merge_person(:p2, :p3, '又是');
SELECT kefu.merge_person(:p1, :p2, '反过来');
SELECT kefu.merge_person(:p1, :p1, '自己');
\set VERBOSITY default
SELECT pg_temp.is_one(:t1, :t2) AS one, pg_temp.is_one(:t1, :t3) AS others;
SELECT jsonb_array_length(kefu.card(:t2) -> 'person' -> 'identities') AS identities,
       jsonb_array_length(kefu.card(:t2) -> 'person' -> 'other_tickets') AS other_tickets;
RESET ROLE;
-- Nothing was rewritten.
SELECT count(*) FROM kefu.ticket t WHERE t.person_id = :p2;
-- A ticket of the merged person is a repeat of the other's (ruling 19).
SET ROLE privacy_lin;
SELECT state FROM kefu.triage(:m1, 'complaint', 1, 'broadband.fault');
SELECT state FROM kefu.triage(:m2, 'complaint', 1, 'broadband.fault');
SELECT state FROM kefu.triage(:m3, 'inquiry', 3);
SELECT state FROM kefu.contact_given(:t1, '{"name": "张三", "mobile": "13800000001"}', '私信 5001');
SELECT state FROM kefu.contact_given(:t2, '{"address": "某路1号"}', '私信 5002');
SELECT kefu.contact_given(:t2, '{"mobile": "13800000009"}', '私信 5003', 'curiosity');
SELECT kefu.contact_given(:t2, '{"mobile": "13800000009"}', '私信 5003', 'record');
SELECT kefu.card(:t2) -> 'person' -> 'contact' AS masked;

-- Splitting: the identity's tickets, and what was told in them, follow it.
SET ROLE privacy_far;
SELECT kefu.split_identity(:i2, '不是');
SET ROLE privacy_lin;
SELECT kefu.split_identity(:i2, '另一户') NOT IN (:p1, :p2) AS is_new;
SELECT pg_temp.is_one(:t1, :t2) AS one;
SELECT kefu.card(:t1) -> 'person' -> 'contact' AS first, kefu.card(:t2) -> 'person' -> 'contact' AS second;
\set VERBOSITY sqlstate
SELECT kefu.split_identity(:i2, '再来');
\set VERBOSITY default
RESET ROLE;
SELECT h.event, h.person_id = :p2 AS from_second, h.identity_id IS NOT NULL AS identity
  FROM kefu.person_history h ORDER BY h.history_id;
-- And together again.
SELECT person_id AS p4 FROM kefu.identity WHERE identity_id = :i2 \gset
SET ROLE privacy_zhao;
SELECT kefu.merge_person(:p4, :p1, '还是同一人') = :p1 AS merged;
SELECT pg_temp.is_one(:t1, :t2) AS one;
RESET ROLE;
SELECT count(*) FROM kefu.verify_audit();

-- Looking: never within the transaction that asks, never for another unit.
SET ROLE privacy_far;
SELECT kefu.request_reveal(:p1, 'handling');
SET ROLE privacy_gu;
\set VERBOSITY sqlstate
SELECT kefu.request_reveal(:p1, 'handling');
SET ROLE privacy_lin;
SELECT kefu.request_reveal(:p1, 'curiosity');
SELECT kefu.request_reveal(:p1, 'handling', :t3);
BEGIN;
SELECT kefu.request_reveal(:p1, 'handling') AS r \gset
SELECT * FROM kefu.reveal(:r);
ROLLBACK;
SELECT * FROM kefu.reveal(:r);
\set VERBOSITY default
-- Nor in a subtransaction of it.
BEGIN;
SAVEPOINT a;
SELECT kefu.request_reveal(:p1, 'handling') AS r \gset
RELEASE SAVEPOINT a;
\set VERBOSITY terse
SELECT * FROM kefu.reveal(:r);
\set VERBOSITY default
ROLLBACK;
SELECT kefu.request_reveal(:p2, 'handling', :t2) AS r \gset
SET ROLE privacy_zhao;
\set VERBOSITY sqlstate
SELECT * FROM kefu.reveal(:r);
SET ROLE privacy_lin;
SELECT kind, value FROM kefu.reveal(:r);
SELECT * FROM kefu.reveal(:r);
-- No consent for that purpose: nothing to see. Ten minutes are the limit.
SELECT kefu.request_reveal(:p1, 'call_back') AS r \gset
SELECT kind, value FROM kefu.reveal(:r);
SELECT kefu.request_reveal(:p1, 'handling') AS r \gset
SET kefu.test_now = '2026-03-02 09:10+08';
SELECT kind, value FROM kefu.reveal(:r);
\set VERBOSITY default
-- A department sees it through its order.
SELECT state FROM kefu.refer(:t1, 'gd.network', 'broadband.fault');
RESET ROLE;
SELECT max(order_id) AS o FROM kefu.work_order \gset
SET ROLE privacy_wang;
\set VERBOSITY sqlstate
SELECT kefu.request_reveal(:p1, 'handling');
\set VERBOSITY default
RESET ROLE;
SELECT (kefu.raise_event('work_order', :o, 'review')).state;
SELECT (kefu.raise_event('work_order', :o, 'dispatch', '{"department": "gd.network"}')).state;
SET ROLE privacy_wang;
SELECT kefu.request_reveal(:p1, 'handling') > 0 AS may_ask;
SET ROLE privacy_bi;
SELECT unit, purpose_label_zh, staff_name, is_used, requested_local_hour FROM kefu_bi.personal_data_access ORDER BY reveal_id;
-- An analyst reads no name; who leads the desk does.
SET ROLE privacy_zhao;
SELECT DISTINCT unit, staff_name FROM kefu_bi.personal_data_access ORDER BY 1;
RESET ROLE;
SELECT e.event, e.facts ->> 'purpose' AS purpose, count(*)
  FROM kefu.audit_event e WHERE e.machine = 'access' GROUP BY 1, 2 ORDER BY 1, 2;

-- Consents: one more, and one withdrawn; data goes with the last of them.
SET ROLE privacy_lin;
SELECT kefu.consent_given(:p1, 'customer_view', ARRAY['mobile'], '私信 5004', :t1);
\set VERBOSITY sqlstate
SELECT kefu.consent_given(:p1, 'customer_view', ARRAY['mobile'], '');
SELECT kefu.consent_given(:p1, 'customer_view', ARRAY['mobile'], '私信 5004', :t3);
SELECT kefu.consent_given(:p1, 'customer_view', ARRAY['colour'], '私信 5004');
\set VERBOSITY default

-- The customer view: the operator's own table, by key, if the caller may read it.
RESET ROLE;
CREATE SCHEMA crm;
CREATE TABLE crm."Kunden" (mobile text, plan text, "from" date, secret text);
INSERT INTO crm."Kunden" VALUES ('13800000001', '天翼 e9', '2020-05-01', 's'), ('13800000002', 'x', NULL, NULL);
SELECT kefu.set_customer_source('crm', 'crm."Kunden"', 'mobile', 'mobile', '{plan,from}');
SELECT kefu.set_customer_source('bad', 'crm."Kunden"', 'mobile; DROP', 'mobile', '{plan}');
CREATE VIEW crm.everything AS TABLE crm."Kunden";
SELECT kefu.set_customer_source('bad', 'crm.everything', 'mobile', 'mobile', '{plan}');
SET ROLE privacy_lin;
SELECT kefu.customer_view(:t1);
RESET ROLE;
GRANT USAGE ON SCHEMA crm TO privacy_lin;
GRANT SELECT (mobile, plan, "from") ON crm."Kunden" TO privacy_lin;
SET ROLE privacy_lin;
SELECT kefu.customer_view(:t1);
SELECT kefu.customer_view(:t3);
SELECT kefu.customer_view(:t1, 'none');
SET ROLE privacy_far;
SELECT kefu.customer_view(:t1);
SET ROLE privacy_lin;
SELECT kefu.withdraw_consent(:p1, 'handling', '客户来电') AS ended;
SELECT kefu.withdraw_consent(:p1, 'handling', '客户来电') AS ended;
-- The mobile number has another purpose yet; name and address are gone.
SELECT kefu.card(:t1) -> 'person' -> 'contact' AS contact;
RESET ROLE;
SELECT count(*) AS told_in_trail FROM kefu.audit_detail d WHERE d.value::text ~ '张三|某路|13800000001';
SELECT count(*) FROM kefu.verify_audit();

-- Erasure on request: who may, and when not.
SET ROLE privacy_far;
\set VERBOSITY sqlstate
SELECT kefu.request_erasure(:p1);
SET ROLE privacy_lin;
SELECT state FROM kefu.request_erasure(:p2, '2026-03-02 09:05+08');
SELECT kefu.request_erasure(:p1);
SELECT kefu.request_erasure(:p1, request_key => 'k1');
SELECT (kefu.erase_person(1, '私信 5005')).state;
SET ROLE privacy_gu;
SELECT (kefu.erase_person(1, '私信 5005')).state;
SELECT (kefu.resume_erasure(1)).state;
\set VERBOSITY default
SELECT (kefu.hold_erasure(1, '投诉处理中')).state;
SELECT (kefu.resume_erasure(1)).state;
\set VERBOSITY sqlstate
SELECT (kefu.erase_person(1, '私信 5005')).state;
SELECT (kefu.hold_erasure(1, '还在处理')).state;
\set VERBOSITY default
RESET ROLE;
-- Held: what is not for handling goes at once.
SELECT count(*) AS contacts_left FROM kefu.personal_data;
SELECT c.clock, c.started_at, c.due_at, c.paused_at IS NOT NULL AS paused FROM kefu.clock c WHERE c.object_type = 'erasure';
SELECT k.cause, k.unit, k.note, k.due_at FROM kefu.task k WHERE k.cause ~ 'erasure' ORDER BY k.task_id;

-- The matters end.
SET ROLE privacy_lin;
SELECT (kefu.order_event(:o, 'cancel', '{"reason": "已在营业厅办理,张三"}')).state;
SELECT state FROM kefu.amend(:t1, 'broadband.fault', 'gd');
SELECT state FROM kefu.answer(:t1, '张三您好,线路已修复,请问您是否满意?', request_key => 'a1');
SELECT state FROM kefu.answer(:t2, '您好,线路已修复,请问您是否满意?');
SELECT state FROM kefu.answer(:t3, '您好,请发送短信查询。');
SELECT state FROM kefu.note(:t1, '张三很客气');
RESET ROLE;
SELECT pg_temp.taken('2026-03-02 10:00+08');
SET kefu.test_now = '2026-03-03 10:00+08';
SET ROLE privacy_lin;
SELECT state FROM kefu.satisfied(:t1);
SELECT state FROM kefu.satisfied(:t2);
SELECT state FROM kefu.accept(:t3);
SELECT state FROM kefu.archive(:t1);
SELECT state FROM kefu.archive(:t2);
SELECT state FROM kefu.archive(:t3);
-- Words on their way hold it too.
RESET ROLE;
SELECT kefu.has_open_matter(:p1) AS words_under_way;
SELECT pg_temp.sent();
SELECT kefu.has_open_matter(:p1) AS words_under_way;

-- The legal minimum: half a year after the last matter, to the second.
SET kefu.test_now = '2026-09-03 09:59:59+08';
SELECT resumed FROM kefu.retain();
SET kefu.test_now = '2026-09-03 10:00+08';
SELECT resumed FROM kefu.retain();
SELECT c.due_at, c.stopped_at, c.paused_at FROM kefu.clock c WHERE c.object_type = 'erasure';
CREATE TEMP VIEW left_over AS SELECT x.kept FROM (
    SELECT to_jsonb(g)::text FROM kefu.message g UNION ALL SELECT to_jsonb(t)::text FROM kefu.ticket t
    UNION ALL SELECT to_jsonb(o)::text FROM kefu.work_order o UNION ALL SELECT to_jsonb(k)::text FROM kefu.task k
    UNION ALL SELECT to_jsonb(o)::text FROM kefu.outbound o UNION ALL SELECT to_jsonb(i)::text FROM kefu.identity i
    UNION ALL SELECT to_jsonb(d)::text FROM kefu.audit_detail d UNION ALL SELECT to_jsonb(r)::text FROM kefu.raw_payload r
    UNION ALL SELECT to_jsonb(c)::text FROM kefu.consent c UNION ALL SELECT to_jsonb(d)::text FROM kefu.personal_data d
    UNION ALL SELECT e.facts::text FROM kefu.audit_event e) AS x(kept)
 WHERE x.kept ~ '张三|7700000[12]|断|1380000000|线路已修复|同一|另一户|客户来电|投诉处理中';
SELECT count(*) >= 20 AS much_to_erase FROM left_over;
CREATE TEMP TABLE figures AS
    SELECT (SELECT jsonb_agg(to_jsonb(t) - '{ticket_id,solution,result}'::text[] ORDER BY t.ticket_id)
              FROM kefu_bi.tickets t) AS tickets,
           (SELECT count(*) FROM kefu.message) AS messages, (SELECT count(*) FROM kefu.sighting) AS sightings,
           (SELECT count(*) FROM kefu.audit_detail) AS details, (SELECT count(*) FROM kefu.outbound) AS outbounds,
           (SELECT count(*) FROM kefu.identity) AS identities, (SELECT count(*) FROM kefu.person) AS persons,
           (SELECT p.person_key FROM kefu.person p WHERE p.person_id = :p1) AS person_key;
SELECT max(event_id) AS told FROM kefu.audit_event e
 WHERE e.object_type = 'ticket' AND e.object_id = :t1 AND e.event = 'note' \gset
SET ROLE privacy_gu;
SELECT sealed FROM (SELECT kefu.seal_audit() IS NOT NULL AS sealed) AS s;
\set VERBOSITY sqlstate
SELECT (kefu.hold_erasure(1, '还在处理')).state;
SELECT (kefu.erase_person(1)).state;
SET ROLE privacy_lin;
SELECT (kefu.erase_person(1, '私信 5005 已告知')).state;
SELECT (kefu.advance('message', :m1, 'erase', '{"erasure": 1}')).state;
SET ROLE privacy_gu;
\set VERBOSITY default
SELECT (kefu.erase_person(1, '私信 5005 已告知')).state;
\set VERBOSITY sqlstate
SELECT (kefu.erase_person(1, '私信 5005 已告知')).state;
SELECT (kefu.refuse_erasure(1, '晚了')).state;
\set VERBOSITY default
RESET ROLE;
-- Nothing of the person is left; the third person is untouched.
SELECT count(*) FROM left_over;
SELECT g.text, g.native_id FROM kefu.message g ORDER BY g.message_id;
SELECT i.screen_name, i.native_id = 'erased.' || i.identity_id AS is_erased FROM kefu.identity i ORDER BY i.identity_id;
SELECT jsonb_path_query_array(r.payload::jsonb, '$.statuses[*].idstr') AS kept,
       jsonb_path_query_array(r.payload::jsonb, '$.statuses[*].erased') AS cut FROM kefu.raw_payload r;
SELECT o.text, o.recipient_id IS NULL AS nobody FROM kefu.outbound o ORDER BY 1;
-- Every figure is as it was, every chain valid, the proof of what was erased too.
SELECT (SELECT jsonb_agg(to_jsonb(t) - '{ticket_id,solution,result}'::text[] ORDER BY t.ticket_id)
          FROM kefu_bi.tickets t) = f.tickets AS tickets,
       (SELECT count(*) FROM kefu.message) = f.messages AS messages,
       (SELECT count(*) FROM kefu.sighting) = f.sightings AS sightings,
       (SELECT count(*) FROM kefu.audit_detail) > f.details AS details,
       (SELECT count(*) FROM kefu.outbound) = f.outbounds AS outbounds,
       (SELECT count(*) FROM kefu.identity) = f.identities AS identities,
       (SELECT count(*) FROM kefu.person) = f.persons AS persons,
       (SELECT p.person_key FROM kefu.person p WHERE p.person_id = :p1) = f.person_key AS person_key
  FROM figures f;
SELECT * FROM kefu.verify_audit();
SELECT kefu.verify_proof(p.leaf, p.leaf_index, p.event_count, p.path, p.root) AS proven FROM kefu.audit_proof(:told) AS p;
SELECT d.value IS NULL AS erased, x.event AS by FROM kefu.audit_detail d
  JOIN kefu.audit_event x ON x.event_id = d.erased_by WHERE d.event_id = :told;
-- The same item is never taken in again.
SELECT new_messages FROM kefu.ingest('sina.gd', 'mentions', pg_temp.page(
    pg_temp.item('88000001', '77000001', '宽带断了,我是张三', '2026-03-02 08:50+08')));
SELECT count(*) FROM kefu.identity WHERE screen_name = 'n77000001';
SELECT payloads_cut FROM kefu.retain();
SELECT count(*) AS kept FROM kefu.raw_payload r WHERE r.payload ~ '张三|77000001';
-- Items are cut as they stand; what can't be taken apart goes as a whole.
SELECT kefu.cut_items(p.payload, kefu.id_pattern('{5.1,77}')) AS rest
  FROM (VALUES (1, '{"n":1.50,  "a":[{"id":77}, {"id":770,"x":"é"}]}'), (2, '{"a":{"b":[{"id":"5.1"},{"id":"5x1"}]}}'),
               (3, '{"user":77, "a":[]}'), (4, '{"a":[{"id":77}'), (5, '[{"id":1}]')) AS p(n, payload) ORDER BY n;
SET ROLE privacy_bi;
SELECT state_label_zh, origin_label_zh, asked_at, due_at, closed_at, is_late, messages_count, tickets_count, payloads_count
  FROM kefu_bi.erasures;
SET ROLE privacy_far;
SELECT (SELECT count(*) FROM kefu_bi.erasures) AS erasures, (SELECT count(*) FROM kefu_bi.personal_data_access) AS reveals;
RESET ROLE;

-- Retention: contact data half a year after the last ticket was archived.
SET kefu.test_now = '2026-10-01 09:00+08';
SELECT new_messages FROM kefu.ingest('sina.gd', 'mentions', pg_temp.page(
    pg_temp.item('88000011', '77000011', '请问如何携号转网', '2026-10-01 08:59+08')));
SELECT max(message_id) AS m5 FROM kefu.message \gset
SELECT ticket_id AS t5, person_id AS p5 FROM kefu.message WHERE message_id = :m5 \gset
SET ROLE privacy_lin;
SELECT state FROM kefu.triage(:m5, 'inquiry', 3);
SELECT state FROM kefu.contact_given(:t5, '{"mobile": "13800000005"}', '私信 6001');
SELECT state FROM kefu.answer(:t5, '您好,请到营业厅办理。');
RESET ROLE;
SELECT pg_temp.taken('2026-10-01 09:30+08');
SELECT pg_temp.sent();
SET ROLE privacy_lin;
SELECT state FROM kefu.accept(:t5);
SET kefu.test_now = '2026-10-02 09:00+08';
SELECT state FROM kefu.archive(:t5);
RESET ROLE;
-- Only an administrator sets how long, never below Group's legal minimum.
SET ROLE privacy_lin;
SELECT kefu.retain();
SET ROLE privacy_gu;
SELECT kefu.set_retention('record', 'gd', '1 year', '1 day');
SELECT kefu.set_retention('record', 'gd', '1 year');
SELECT kefu.set_retention('handling', 'gd', '3 mons');
RESET ROLE;
SET kefu.test_now = '2027-01-02 08:59:59+08';
SELECT * FROM kefu.retain();
SET kefu.test_now = '2027-01-02 09:00+08';
SELECT * FROM kefu.retain();
SELECT * FROM kefu.retain();
SELECT c.purpose, c.kind, c.ended_by, c.withdrawn_at FROM kefu.consent c WHERE c.person_id = :p5;
SELECT count(*) FROM kefu.personal_data WHERE person_id = :p5;
-- The record itself: a year here, then the person, by nobody's hand; at most so many a call.
SET kefu.test_now = '2027-03-03 09:59:59+08';
SELECT persons_erased FROM kefu.retain();
SET kefu.test_now = '2027-10-02 09:00+08';
SELECT persons_erased FROM kefu.retain(0);
SELECT persons_erased FROM kefu.retain(1);
SELECT persons_erased FROM kefu.retain();
SELECT persons_erased FROM kefu.retain();
SELECT e.state, e.origin, e.messages_count, e.tickets_count FROM kefu.erasure e ORDER BY e.erasure_id;
SELECT g.text FROM kefu.message g WHERE g.message_id IN (:m3, :m5);

-- A refused one, and a deferred one that is refused.
SET kefu.test_now = '2027-10-03 09:00+08';
SELECT new_messages FROM kefu.ingest('sina.gd', 'mentions', pg_temp.page(
    pg_temp.item('88000021', '77000021', '查不到账单', '2027-10-03 08:59+08')));
SELECT max(person_id) AS p6 FROM kefu.person \gset
SET ROLE privacy_lin;
SELECT id AS e FROM kefu.request_erasure(:p6, request_key => 'k2') \gset
SELECT id = :e AS same FROM kefu.request_erasure(:p6, request_key => 'k2');
\set VERBOSITY sqlstate
SELECT (kefu.refuse_erasure(:e, '不是本人')).state;
SET ROLE privacy_zhao;
SELECT (kefu.refuse_erasure(:e, '')).state;
\set VERBOSITY default
SELECT (kefu.refuse_erasure(:e, '不是本人')).state;
SELECT id AS e FROM kefu.request_erasure(:p6) \gset
-- Ten days on somebody is warned, and told again when the fifteen are over.
RESET ROLE;
SET kefu.test_now = '2027-10-13 09:00+08';
SELECT fired > 0 AS fired FROM kefu.tick();
SELECT x.level, x.role, x.outcome, x.due_at FROM kefu.escalation x JOIN kefu.clock c USING (clock_id)
 WHERE c.object_type = 'erasure' AND c.object_id = :e ORDER BY x.level;
SET kefu.test_now = '2027-10-18 09:00:01+08';
SELECT fired > 0 AS fired FROM kefu.tick();
SELECT x.level, x.role, x.outcome, x.due_at FROM kefu.escalation x JOIN kefu.clock c USING (clock_id)
 WHERE c.object_type = 'erasure' AND c.object_id = :e ORDER BY x.level;
SELECT e.is_late FROM kefu_bi.erasures e WHERE e.erasure_id = :e;
SET ROLE privacy_zhao;
SELECT (kefu.hold_erasure(:e, '有未结工单')).state;
SELECT (kefu.refuse_erasure(:e, '不是本人')).state;
RESET ROLE;
SELECT * FROM kefu.verify_audit();

-- Who was erased and writes again is a new person, to whom one can write in private (R93, R111);
-- nothing of the old one comes back.
SELECT new_messages, tickets FROM kefu.ingest('sina.gd', 'mentions', pg_temp.page(
    pg_temp.item('88000031', '77000001', '请问流量怎么查', '2027-10-18 08:59+08')));
SELECT ticket_id AS t8, message_id AS m8, person_id AS p8 FROM kefu.message WHERE native_id = '88000031' \gset
SELECT i.native_id, i.screen_name, i.person_id = :p8 AS is_the_writer, i.person_id = :p1 AS is_the_old
  FROM kefu.identity i WHERE i.native_id = '77000001';
SELECT g.text, i.native_id = 'erased.' || i.identity_id AS is_erased
  FROM kefu.message g JOIN kefu.identity i USING (identity_id) WHERE g.message_id = :m1;
SET ROLE privacy_lin;
SELECT state FROM kefu.triage(:m8, 'inquiry');
SELECT state FROM kefu.defer(:t8, 'gd.network');
RESET ROLE;
SELECT o.channel, o.recipient_id FROM kefu.speech s JOIN kefu.outbound o USING (speech_id)
 WHERE s.object_type = 'ticket' AND s.object_id = :t8 ORDER BY o.channel;
SELECT count(*) AS misfits FROM kefu.verify_audit();

-- Plain changes are refused, as everywhere.
UPDATE kefu.erasure SET state = 'done';
DELETE FROM kefu.erasure;
TRUNCATE kefu.erasure;

\set ECHO none
\c :home
DROP DATABASE kefu_privacy;
DROP ROLE privacy_lin, privacy_zhao, privacy_gu, privacy_far, privacy_wang, privacy_nobody, privacy_bi;
