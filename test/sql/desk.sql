-- desk: the engine's contract on the whole path of a complaint and of an
-- inquiry: R88-R101, R105-R123, rulings 14, 20, 25, 27, 30.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
SELECT FROM kefu.create_roles() \g /dev/null
SELECT r.rolname, r.rolcanlogin, r.rolconnlimit FROM pg_roles r
 WHERE r.rolname IN (SELECT g.role FROM kefu.grant_list() AS g UNION VALUES ('kefu_worker')) ORDER BY 1;
CREATE ROLE desk_lin; CREATE ROLE desk_zhao; CREATE ROLE desk_wang; CREATE ROLE desk_chen;
CREATE ROLE desk_far; CREATE ROLE desk_nobody; CREATE ROLE desk_crm;
GRANT kefu_operator TO desk_lin, desk_far, desk_nobody;
GRANT kefu_leader TO desk_zhao; GRANT kefu_department TO desk_wang; GRANT kefu_reviewer TO desk_chen;
GRANT kefu_gateway TO desk_crm;
\set ECHO all
-- Presets load once, and a second time change nothing.
SELECT outcome, number > 600 AS many FROM kefu.load_preset('all');
SELECT outcome, number > 600 AS many FROM kefu.load_preset('all');
SELECT * FROM kefu.load_preset('none such');

SELECT count(kefu.add_staff(s.login, s.unit, s.name))
  FROM (VALUES ('desk_lin', 'gd', '林'), ('desk_zhao', 'gd', '赵'), ('desk_wang', 'gd.network', '王'),
               ('desk_chen', 'group', '陈'), ('desk_far', 'qh', '马')) AS s(login, unit, name);
SELECT count(*) FROM (SELECT kefu.grant_role(r.login, r.unit, r.role)
  FROM (VALUES ('desk_lin', 'gd', 'operator'), ('desk_zhao', 'gd', 'leader'),
               ('desk_wang', 'gd.network', 'department'), ('desk_chen', 'group', 'reviewer'),
               ('desk_far', 'qh', 'operator')) AS r(login, unit, role)) AS g;
-- Who operates doesn't administer (R3).
SELECT kefu.grant_role('desk_lin', 'gd', 'admin');
SELECT FROM kefu.grant_reader(current_user, 'group');
SELECT kefu.add_gateway('desk_crm', 'gd') > 0 AS gateway;

INSERT INTO kefu.credential (credential, platform, kind) VALUES ('desk.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('sina.gd', 'sina', 'gd', '中国电信广东客服', '9001', 'desk.key');
CREATE FUNCTION pg_temp.mention(id text, by text, text text, at timestamptz) RETURNS text
    LANGUAGE sql RETURN jsonb_build_object('statuses', jsonb_build_array(jsonb_build_object(
        'idstr', id, 'mid', id, 'text', text, 'created_at',
        to_char(at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
        'user', jsonb_build_object('idstr', by, 'screen_name', 'n' || by, 'province', '44'))))::text;
-- Settles whatever was said, as if the platform had taken it at this minute.
CREATE FUNCTION pg_temp.taken(at timestamptz) RETURNS bigint
    LANGUAGE sql AS $$
    SELECT count(*) FROM (SELECT kefu.settle_speech(s.speech_id, at) FROM kefu.speech s
                           WHERE s.outcome IS NULL) AS x $$;
CREATE VIEW pg_temp.ticket AS
    SELECT t.kind, t.state, t.version, t.audit_seq AS events, t.round, t.satisfaction,
           t.acknowledged_at::time AS acknowledged, t.answered_at::time AS answered
      FROM kefu.ticket t WHERE t.account = 'sina.gd' ORDER BY t.ticket_id;
CREATE VIEW pg_temp.clock AS
    SELECT c.clock, c.round, c.started_at, c.due_at, c.due_desk_at, c.stopped_at, c.outcome
      FROM kefu.clock c WHERE c.object_type = 'ticket' ORDER BY c.clock_id;

SELECT items, new_messages, tickets, dead_letters
  FROM kefu.ingest('sina.gd', 'mentions', pg_temp.mention('31', '501', '宽带断了三天', '2026-03-02 08:50+08'));
SELECT max(message_id) AS m FROM kefu.message \gset
SELECT max(ticket_id) AS t FROM kefu.ticket \gset
TABLE pg_temp.ticket;

-- Rights: nobody unregistered, not another province, no plain DML, no private door.
SET LOCAL ROLE desk_nobody;
SELECT kefu.me(), kefu.my_units();
SELECT kefu.advance('ticket', :t, 'take');
SET LOCAL ROLE desk_far;
SELECT kefu.advance('ticket', :t, 'take');
SELECT kefu.card(:t);
SELECT kefu.worklist('gd');
SELECT kefu.raise_event('ticket', :t, 'archive');
SELECT * FROM kefu.ticket;
SET LOCAL ROLE desk_lin;
UPDATE kefu.ticket SET state = 'archived';
SELECT kefu.me() IS NOT NULL AS me, kefu.my_units();

-- The path of the complaint.
SELECT object_type, of_unit, machine, state, why, due_at, seconds_left, text, suggested_script
  FROM kefu.worklist('gd') ORDER BY 1;
SELECT state FROM kefu.triage(:m, 'complaint', 1, 'broadband.fault');
SELECT kefu.answer(:t, 'x', version => 99);
SELECT kefu.advance('complaint', :t, 'acknowledge', '{"department": "gd.network"}');
SELECT kefu.advance('complaint', :t, 'satisfied');
SELECT kefu.assign(:t, 1);
-- No personal data in public (I4).
SELECT kefu.answer(:t, '请拨打 13800000000');
SELECT kefu.preview('complaint_acknowledge', :t, 'gd.network');
SELECT state, version FROM kefu.acknowledge(:t, 'gd.network', request_key => 'r1');
SELECT state, version FROM kefu.acknowledge(:t, 'gd.network', request_key => 'r1');
RESET ROLE;
SELECT count(*) AS said_once, min(action), min(channel), min(parent_id), min(text) FROM kefu.outbound;
-- Until the platform has taken it, the promise is not kept.
TABLE pg_temp.clock;
SELECT pg_temp.taken('2026-03-02 09:05+08');
SELECT pg_temp.taken('2026-03-02 09:06+08');
TABLE pg_temp.ticket;
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.refer(:t, 'gd.network', 'broadband.fault');
RESET ROLE;
SELECT max(order_id) AS o FROM kefu.work_order \gset
SET LOCAL ROLE desk_chen;
SELECT (kefu.order_event(:o, 'review')).state;
SELECT (kefu.order_event(:o, 'dispatch', '{"department": "gd.network"}')).state;
SET LOCAL ROLE desk_wang;
SELECT (kefu.order_event(:o, 'receive')).state;
SELECT (kefu.order_event(:o, 'bounce', '{"reason": "no time"}')).state;
SELECT (kefu.order_event(:o, 'accept')).state;
SELECT (kefu.order_event(:o, 'return', '{"solution": "已更换光猫", "result": "已恢复"}')).state;
-- Never reviewed by the unit that handled it (ruling 25).
SELECT (kefu.order_event(:o, 'review_result')).state;
SET LOCAL ROLE desk_chen;
SELECT (kefu.order_event(:o, 'review_result')).state;
SELECT (kefu.order_event(:o, 'qualified')).state;
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.take(:t);
SELECT state FROM kefu.answer(:t, '您好,光猫已更换,请问您是否满意?');
RESET ROLE;
SELECT pg_temp.taken('2026-03-02 15:00+08');
-- Not satisfied: a new round with a promise of its own, the same order again.
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.dissatisfied(:t, '还是掉线', '2026-03-02 16:00+08');
SELECT state FROM kefu.refer(:t, 'gd.network', 'broadband.fault', further_need => '还是掉线');
SELECT object_type, of_unit, text FROM kefu.worklist('gd') WHERE object_type IN ('ticket', 'work_order', 'task') ORDER BY 1, 3;
RESET ROLE;
SELECT count(*) AS orders, min(state) AS state, min(round) AS round FROM kefu.work_order;
SET LOCAL ROLE desk_lin;
SELECT (kefu.order_event(:o, 'cancel', '{"reason": "answered"}')).state;
SELECT state FROM kefu.answer(:t, '您好,线路已修复,请问您是否满意?');
RESET ROLE;
SELECT pg_temp.taken('2026-03-02 18:00+08');
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.satisfied(:t);
SELECT state FROM kefu.archive(:t);
RESET ROLE;
TABLE pg_temp.ticket;
TABLE pg_temp.clock;
SELECT r.round, r.posted_at, r.answered_at, r.ended_by FROM kefu.round r WHERE r.ticket_id = :t ORDER BY 1;

-- Every step is in the chain, with nothing personal in it.
SELECT e.seq, e.event, e.from_state, e.to_state, e.version, e.staff_id IS NOT NULL AS person,
       e.flags & 14 AS flags, e.facts - 'message' - 'person' - 'speech' AS facts,
       e.detail_digest IS NOT NULL AS detail
  FROM kefu.audit_event e WHERE e.object_type = 'ticket' AND e.object_id = :t ORDER BY e.seq;
SELECT count(*) FROM kefu.verify_audit();

-- The guard: not even the owner, on no object.
UPDATE kefu.ticket SET priority = 1;
DELETE FROM kefu.message;
TRUNCATE kefu.task CASCADE;
UPDATE kefu.audit_event SET event = 'x';
DELETE FROM kefu.transition;

-- An inquiry nobody can answer now (R93), and one that silence resolves.
SELECT tickets FROM kefu.ingest('sina.gd', 'mentions', pg_temp.mention('32', '502', '请问携号转网怎么办', '2026-03-02 08:58+08'));
SELECT max(message_id) AS m FROM kefu.message \gset
SELECT max(ticket_id) AS t FROM kefu.ticket \gset
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.triage(:m, 'inquiry', 3);
SELECT state FROM kefu.defer(:t, 'gd.market');
RESET ROLE;
SELECT part, channel, action, recipient_id, text FROM kefu.outbound
 WHERE speech_id = (SELECT max(speech_id) FROM kefu.speech) ORDER BY part;
SELECT pg_temp.taken('2026-03-02 09:30+08');
SELECT * FROM pg_temp.clock WHERE outcome = 'void' OR (outcome IS NULL AND clock <> 'archive');
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.contact_given(:t, '{"name": "某人", "mobile": "13800000001"}', 'private message 77');
SELECT kefu.card(:t) -> 'person' -> 'contact' AS contact;
SELECT state FROM kefu.answer(:t, '您好,携号转网请到营业厅办理。');
RESET ROLE;
SELECT pg_temp.taken('2026-03-03 09:00+08');
SET LOCAL kefu.test_now = '2026-03-06 08:59+08';
SELECT fired FROM kefu.tick();
SET LOCAL kefu.test_now = '2026-03-06 09:01+08';
SELECT fired FROM kefu.tick();
SELECT kind, state, satisfaction FROM pg_temp.ticket WHERE kind = 'inquiry';
-- A timer that ran its course has broken no promise, however late it was looked at.
SELECT c.clock, c.outcome, c.stopped_at > c.due_at AS after_due FROM kefu.clock c
 WHERE c.object_type = 'ticket' AND c.object_id = :t AND c.clock = 'silence';

-- A gateway speaks for the staff of its unit and for nobody else.
SET LOCAL ROLE desk_crm;
SELECT kefu.note(:t, 'x');
SET LOCAL kefu.acting_as = 'desk_far';
SELECT kefu.me();
SET LOCAL kefu.acting_as = 'desk_lin';
SELECT state FROM kefu.note(:t, '客户来电感谢');
RESET ROLE;
RESET kefu.acting_as;
SELECT e.event, e.staff_id = s.staff_id AS lin, e.gateway_id IS NOT NULL AS gateway
  FROM kefu.audit_event e, kefu.staff s
 WHERE e.object_type = 'ticket' AND e.object_id = :t AND s.login = 'desk_lin'
 ORDER BY e.seq DESC LIMIT 1;

-- Who handles it: the caller, the person a leader names, nobody.
CREATE FUNCTION pg_temp.handler(t bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS
$$ SELECT coalesce((SELECT s.login FROM kefu.staff s WHERE s.staff_id = k.handler), 'nobody')
     FROM kefu.ticket k WHERE k.ticket_id = t $$;
SELECT staff_id AS lin FROM kefu.staff WHERE login = 'desk_lin' \gset
SELECT staff_id AS far FROM kefu.staff WHERE login = 'desk_far' \gset
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.release(:t);
SELECT pg_temp.handler(:t);
SET LOCAL ROLE desk_zhao;
SELECT state FROM kefu.assign(:t, :lin);
SELECT pg_temp.handler(:t);
SELECT kefu.advance('ticket', :t, 'assign', '{"staff": "x"}');
SELECT kefu.advance('ticket', :t, 'assign', '{"staff": [1]}');
-- What no number of ours can be is refused by name too, however it is written.
SELECT kefu.advance('ticket', :t, 'assign', '{"staff": -9223372036854775809}');
SELECT kefu.advance('ticket', :t, 'assign', '{"staff": 2.0}');
SELECT kefu.advance('ticket', :t, 'assign', '{"staff": "123456789012"}');
SELECT kefu.assign(:t, -1);
-- The refusal names the number, which depends on what ran before.
\set VERBOSITY sqlstate
SELECT kefu.assign(:t, :far);
\set VERBOSITY default
SELECT state FROM kefu.take(:t);
SELECT pg_temp.handler(:t);
SELECT (kefu.advance('ticket', :t, 'assign', '{"staff": null}')).state;
SELECT (kefu.advance('ticket', :t, 'assign', jsonb_build_object('staff', :lin))).state;
SELECT pg_temp.handler(:t);
RESET ROLE;

-- What the engine writes itself is held to the table's checks and raises its triggers, those
-- too that were made after this session's first event, or whose function was replaced (R8).
ALTER TABLE kefu.ticket ADD CONSTRAINT desk_held CHECK (handler IS NOT NULL) NOT VALID;
SET LOCAL ROLE desk_lin;
\set VERBOSITY sqlstate
SELECT state FROM kefu.release(:t);
RESET ROLE;
CREATE FUNCTION public.desk_allows(handler integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
ALTER TABLE kefu.ticket DROP CONSTRAINT desk_held, ADD CONSTRAINT desk_held CHECK (public.desk_allows(handler)) NOT VALID;
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.release(:t);
SELECT state FROM kefu.take(:t);
RESET ROLE;
CREATE OR REPLACE FUNCTION public.desk_allows(handler integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN handler IS NOT NULL;
SET LOCAL ROLE desk_lin;
SELECT state FROM kefu.release(:t);
RESET ROLE;
ALTER TABLE kefu.ticket DROP CONSTRAINT desk_held;
CREATE FUNCTION public.desk_tells() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE WARNING 'handled: %', NEW.handler IS NOT NULL; RETURN NULL; END $$;
CREATE TRIGGER desk_tells AFTER UPDATE OF handler ON kefu.ticket FOR EACH ROW EXECUTE FUNCTION public.desk_tells();
SET LOCAL ROLE desk_lin;
\set VERBOSITY default
SELECT state FROM kefu.release(:t);
SELECT state FROM kefu.take(:t);
RESET ROLE;
DROP TRIGGER desk_tells ON kefu.ticket;

-- Chinese refusals, and the diagram.
SET LOCAL kefu.language = 'zh';
SELECT kefu.advance('ticket', :t, 'thank');
SELECT kefu.workflow_diagram('task');
SELECT kefu.workflow_diagram('nothing');
-- R102: the flow charts of the three annexes have every state and every event that
-- leads from one to another.
SELECT m.machine, count(*) FILTER (WHERE strpos(d.diagram, format('    %s : %s %s', s.state, s.label_zh, s.label_en)) = 0) AS states_missing,
       (SELECT count(*) FROM kefu.transition t
         WHERE t.machine = m.machine AND t.from_state <> '*new' AND (t.to_state <> t.from_state OR t.to_machine <> t.machine)
           AND d.diagram !~ format('\n    %s --> (%s_)?%s : ([a-z_]+, )*%s(,|\n|$)', t.from_state, t.to_machine, t.to_state, t.event)) AS arrows_missing
  FROM (VALUES ('inquiry'), ('complaint'), ('negative')) AS m(machine)
  JOIN kefu.state s USING (machine) CROSS JOIN LATERAL (SELECT kefu.workflow_diagram(m.machine) AS diagram) AS d
 GROUP BY m.machine, d.diagram ORDER BY m.machine;
SELECT count(*) FROM kefu.verify_audit();
ROLLBACK;
