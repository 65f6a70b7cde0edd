-- tick: levels fire once, the highest of those missed acts, nobody on duty is
-- recorded, floods become a digest (ruling 1).
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
SELECT FROM kefu.load_preset('all');
CREATE ROLE tick_lin; CREATE ROLE tick_zhao;
SELECT FROM kefu.grant_reader(current_user, 'group');
SELECT FROM kefu.add_staff('tick_lin', 'gd', '林');
SELECT FROM kefu.add_staff('tick_zhao', 'gd', '赵');
SELECT FROM kefu.grant_role('tick_lin', 'gd', 'operator');
SELECT FROM kefu.grant_role('tick_zhao', 'gd', 'leader');
INSERT INTO kefu.shift (unit, staff_id, role, during)
    SELECT 'gd', s.staff_id, r.role, tstzrange('2026-03-02 08:00+08', '2026-03-02 20:00+08')
      FROM kefu.staff s JOIN kefu.staff_role r USING (staff_id) WHERE s.login LIKE 'tick%';
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('tick.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('sina.gd', 'sina', 'gd', '中国电信广东客服', '9001', 'tick.key');
CREATE FUNCTION pg_temp.comments(first int, last int, at timestamptz) RETURNS text
    LANGUAGE sql RETURN (SELECT jsonb_build_object('comments', jsonb_agg(jsonb_build_object(
        'idstr', n::text, 'text', '投诉 ' || n, 'created_at',
        to_char(at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
        'user', jsonb_build_object('idstr', '7' || n, 'screen_name', 'n' || n, 'province', '44'),
        'status', jsonb_build_object('idstr', '1', 'text', 'x', 'user', jsonb_build_object('idstr', '9001')))))::text
      FROM generate_series(first, last) AS n);
CREATE VIEW pg_temp.fired AS
    SELECT c.object_type, c.clock, e.level, e.outcome, e.role, s.login, e.due_at::time, e.fired_at::time
      FROM kefu.escalation e JOIN kefu.clock c USING (clock_id) LEFT JOIN kefu.staff s USING (staff_id)
     ORDER BY e.escalation_id;
\set ECHO all

SELECT tickets FROM kefu.ingest('sina.gd', 'comments_to_me', pg_temp.comments(101, 101, '2026-03-02 08:59+08'));
-- Nothing is due; then each level at its minute, and a second tick fires nothing.
SELECT fired, skipped, next_at FROM kefu.tick();
SET LOCAL kefu.test_now = '2026-03-02 09:19+08';
SELECT fired, skipped, next_at FROM kefu.tick();
SELECT fired, skipped, next_at FROM kefu.tick();
TABLE pg_temp.fired;

-- After an outage only the highest level reached acts; the others are skipped.
SET LOCAL kefu.test_now = '2026-03-02 13:00+08';
SELECT fired FROM kefu.tick();
SELECT * FROM pg_temp.fired WHERE object_type = 'ticket';

-- Nobody on duty: kept for the next shift, recorded as unattended.
SET LOCAL kefu.test_now = '2026-03-04 08:58+08';
SELECT fired > 0 AS fired FROM kefu.tick();
SELECT DISTINCT f.outcome, f.role, d.unit, d.staff_id FROM kefu.escalation f JOIN kefu.digest d USING (digest_id) ORDER BY 2;

-- A flood for one person: twenty are told, the rest is one digest.
SET LOCAL kefu.test_now = '2026-03-02 14:00+08';
SELECT tickets FROM kefu.ingest('sina.gd', 'comments_to_me', pg_temp.comments(201, 250, '2026-03-02 13:45+08'));
SET LOCAL kefu.test_now = '2026-03-02 14:05:30+08';
SELECT fired FROM kefu.tick();
SELECT e.outcome, s.login, count(*), count(DISTINCT e.digest_id) AS digests
  FROM kefu.escalation e JOIN kefu.staff s USING (staff_id)
 WHERE e.fired_at = kefu.now() GROUP BY 1, 2 ORDER BY 1;

-- Half of the 48 hours gone: the department that has the work order is told; where
-- no department has it, the desk's operator (R91, R119).
INSERT INTO kefu.shift (unit, staff_id, role, during)
    SELECT 'gd.network', s.staff_id, 'department', tstzrange('2026-03-03 08:00+08', '2026-03-03 20:00+08')
      FROM kefu.add_staff('tick_wang', 'gd.network', '王') AS s(staff_id);
INSERT INTO kefu.shift (unit, staff_id, role, during)
    SELECT 'gd', s.staff_id, 'operator', tstzrange('2026-03-03 08:00+08', '2026-03-03 20:00+08')
      FROM kefu.staff s WHERE s.login = 'tick_lin';
SELECT max(ticket_id) AS last FROM kefu.ticket \gset
SELECT (kefu.raise_new('work_order', 'create', jsonb_build_object('ticket', :last, 'unit', 'gd',
        'department', 'gd.network', 'category', 'broadband', 'reply_by', '2026-03-05 08:00+08'))).machine;
SET LOCAL kefu.test_now = '2026-03-03 13:50+08';
SELECT fired > 0 AS fired FROM kefu.tick();
SELECT s.login, e.outcome <> 'unattended' AS attended, c.object_id = :last AS has_order, count(*) > 0 AS told
  FROM kefu.escalation e JOIN kefu.clock c USING (clock_id) LEFT JOIN kefu.staff s USING (staff_id)
 WHERE c.clock = 'answer' AND e.role = 'department' AND e.fired_at = kefu.now()
 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- Of levels that fire an event no more are taken than wanted, the others at the next call, at once.
SET LOCAL kefu.test_now = '2026-03-04 09:59+08';
SELECT count(kefu.raise_new('task', 'open', jsonb_build_object('unit', 'gd', 'cause', 'praise_post', 'rulebook', 'R60',
    'due_at', '2026-03-05 09:00+08', 'expires_at', '2026-03-04 10:00+08'))) FROM generate_series(1, 33);
SELECT FROM kefu.tick();
SET LOCAL kefu.test_now = '2026-03-04 10:00+08';
SELECT fired, next_at FROM kefu.tick(1000, 32);
SELECT fired, next_at > kefu.now() AS later FROM kefu.tick(1000, 32);
SELECT state, count(*) FROM kefu.task WHERE cause = 'praise_post' GROUP BY 1;

-- The chain knows of every level, and every head fits.
SELECT count(*) > 100 AS many, count(DISTINCT e.facts ->> 'clock') AS clocks
  FROM kefu.audit_event e WHERE e.event = 'level' AND e.flags & 4 = 4;
SELECT count(*) FROM kefu.verify_audit();

-- A later policy holds for later clocks; what was promised stays (R91).
SELECT kefu.set_clock_policy('inquiry_ack', 'gd', '1 hour') > 0 AS version;
SELECT kefu.set_clock_policy('inquiry_ack', 'gd', '1 hour', valid_from => '2026-03-01 00:00+08');
SELECT l.level, l.offset_by, l.role FROM kefu.clock_level l WHERE l.clock = 'inquiry_ack' AND l.unit = 'gd' ORDER BY 1;
ROLLBACK;
