-- generate: a year of a 31-province desk, written set by set. Variables: tickets; trail
-- (on unless said). The desk's extension, roles and presets are made here.
--
-- Tickets are spread over the provinces as complaints were in 2008Q1 (青海 1, 广东
-- 285), over the week and the day as customers write, over four kinds. Each has
-- what the engine would have left: customer, message, sighting, ticket, round,
-- promises with their outcome, what was said and sent, and the audit trail of
-- message and ticket, chained by doc/audit.md. Old ones are archived, those of
-- last days resolved or answered, with the clock that comes next running. So
-- kefu_bi.invariants is empty and kefu.verify_audit() finds nothing.
--
-- Without the trail there are customers, tickets, rounds and promises alone: all
-- that figures of tickets are made of, in a third of the time and the room.
--
-- Written past the triggers, which only guard changes: rows are inserted once,
-- as they are to be.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
SET synchronous_commit = off;
CREATE EXTENSION IF NOT EXISTS pg_kefu;
SELECT count(*) FROM kefu.create_roles() \g /dev/null
SELECT count(*) FROM kefu.load_preset('all') \g /dev/null
CREATE SCHEMA IF NOT EXISTS bench;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SELECT kefu.now() AS now \gset
\if :{?trail}
\else
    \set trail on
\endif

-- A number from 0 to below 1 that hangs on two others alone: every run makes the same desk.
CREATE FUNCTION bench.chance(n bigint, salt integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(n, salt) & 1048575) / 1048576.0::double precision;

CREATE UNLOGGED TABLE bench.province AS
SELECT w.unit, w.weight, sum(w.weight) OVER (ORDER BY w.unit) AS upto, row_number() OVER (ORDER BY w.unit) AS number, kefu.unit_calendar(w.unit) AS calendar
  FROM (VALUES ('gd', 285), ('sd', 136), ('bj', 130), ('he', 109), ('ha', 100), ('sn', 87), ('hl', 78), ('js', 78), ('ln', 63), ('jl', 59),
               ('zj', 55), ('fj', 53), ('hb', 50), ('sc', 49), ('cq', 39), ('sh', 31), ('hn', 28), ('gx', 28), ('sx', 24), ('nm', 22), ('ah', 22),
               ('tj', 21), ('jx', 17), ('gz', 14), ('yn', 10), ('gs', 9), ('xj', 8), ('xz', 4), ('hi', 3), ('nx', 3), ('qh', 1)) AS w(unit, weight);
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('bench.sina', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
SELECT 'sina.' || p.unit, 'sina', p.unit, u.name_zh || '客服', (9000 + p.number)::text, 'bench.sina'
  FROM bench.province p JOIN kefu.unit u USING (unit);
SELECT kefu.add_staff('bench.' || p.unit, p.unit, 'operator of ' || p.unit) FROM bench.province p \g /dev/null
SELECT kefu.grant_role('bench.' || p.unit, p.unit, 'operator') FROM bench.province p \g /dev/null

-- --- what there is to be, a row a ticket, numbered as they came in -------------------------------------------------

-- The last three days are left out, so that everything is answered.
CREATE UNLOGGED TABLE bench.plan AS
WITH drawn AS (
    SELECT n, p.units[1 + width_bucket(bench.chance(n, 1) * 1616, p.uptos)] AS unit,
           CASE WHEN bench.chance(n, 2) < 0.42 THEN 'inquiry' WHEN bench.chance(n, 2) < 0.78 THEN 'complaint'
                WHEN bench.chance(n, 2) < 0.92 THEN 'negative' ELSE 'praise' END AS kind,
           date_trunc('day', :'now'::timestamptz AT TIME ZONE 'Asia/Shanghai') - interval '3 days' - floor(362 * bench.chance(n, 3)) * interval '1 day' AS day
      FROM generate_series(1, :tickets) AS n,
           (SELECT array_agg(v.unit ORDER BY v.upto) AS units, array_agg(v.upto::double precision ORDER BY v.upto) AS uptos FROM bench.province v) AS p
), timed AS (
    -- Two of three write between 18 and 23 o'clock.
    SELECT d.n, d.unit, d.kind, (d.day + CASE WHEN bench.chance(n, 4) < 0.66 THEN 64800 + 18000 * bench.chance(n, 5) ELSE 64800 * bench.chance(n, 5) END::integer
                         * interval '1 second') AT TIME ZONE 'Asia/Shanghai' AS posted_at
      FROM drawn d
), went AS (
    SELECT t.*, t.posted_at + (20 + 60 * bench.chance(n, 6))::integer * interval '1 second' AS seen_at,
           t.posted_at + (90 + CASE WHEN bench.chance(n, 7) < 0.94 THEN 1500 ELSE 9000 END * bench.chance(n, 8))::integer * interval '1 second' AS decided_at,
           CASE WHEN t.kind = 'complaint' THEN 1500 ELSE 6600 END AS response_s
      FROM (SELECT row_number() OVER (ORDER BY x.posted_at, x.n) AS n, x.unit, x.kind, x.posted_at FROM timed x) AS t
), told AS (
    -- Complaints are answered at once here, which acknowledges them; one of sixteen is late.
    SELECT w.*, w.decided_at + (30 + CASE WHEN bench.chance(n, 9) < 0.94 THEN w.response_s / 3 ELSE w.response_s * 6 END * bench.chance(n, 10))::integer * interval '1 second' AS said_at
      FROM went w
)
SELECT t.n, t.unit, t.kind, t.posted_at, t.seen_at, t.decided_at, t.said_at, t.said_at + interval '3 seconds' AS taken_at, q.quiet_at, k.before, k.said, k.over,
       CASE WHEN q.quiet_at + interval '7 days' <= :'now' THEN 'archived' WHEN q.quiet_at <= :'now' THEN k.over ELSE k.said END COLLATE "C" AS state,
       2 + k.recorded + (t.kind <> 'praise' AND q.quiet_at <= :'now')::integer + (q.quiet_at + interval '7 days' <= :'now')::integer AS version, k.recorded,
       (ARRAY['broadband.fault', 'fee', 'business', 'signal'])[1 + floor(4 * bench.chance(t.n, 11))::integer] AS category,
       s.staff_id, 'sina.' || t.unit AS account, (9000 + t.n)::text AS native_id
  FROM told t
  JOIN kefu.staff s ON s.login = 'bench.' || t.unit
  -- Three days of silence after an answer, two after a question why, none after thanks; seven to the archive.
  JOIN (VALUES ('inquiry', 0, 'new', 'answered', 'resolved', interval '72 hours'), ('complaint', 1, 'recorded', 'answered', 'resolved', '72 hours'),
               ('negative', 0, 'new', 'reason_asked', 'grievance', '48 hours'), ('praise', 0, 'new', 'thanked', 'thanked', '0'))
       AS k(kind, recorded, before, said, over, silence) ON k.kind = t.kind
 CROSS JOIN LATERAL (SELECT t.said_at + interval '3 seconds' + k.silence AS quiet_at) AS q;
CREATE UNIQUE INDEX ON bench.plan (n);
ANALYZE bench.plan;

-- --- the trail -----------------------------------------------------------------------------

CREATE UNLOGGED TABLE bench.head (n bigint, object_type text COLLATE "C", seq integer, hash bytea);
\if :trail
-- A text as the chain has it: its length, then its bytes; a fact: name, type and text.
CREATE FUNCTION bench.canon(value text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value IS NULL THEN '\xffffffff'::bytea ELSE int4send(octet_length(value)) || convert_to(value, 'UTF8') END;
CREATE FUNCTION bench.fact(name text, type bytea, value text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN int4send(octet_length(name)) || convert_to(name, 'UTF8') || type || int4send(octet_length(value)) || convert_to(value, 'UTF8');
CREATE FUNCTION bench.link(head bytea, form bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN sha256(head || form);
CREATE AGGREGATE bench.chain(bytea) (SFUNC = bench.link, STYPE = bytea,
    INITCOND = '\x0000000000000000000000000000000000000000000000000000000000000000');
-- A partition for each month, as the job would have made them.
SELECT kefu.make_partition('audit_event', m::date) FROM generate_series(date_trunc('month', kefu.now() - interval '13 months'), kefu.now(), interval '1 month') AS m \g /dev/null

BEGIN;
SELECT pg_current_xact_id()::text AS xid, max(i.incarnation) AS incarnation, nextval('kefu.audit_event_id_seq') AS first FROM kefu.incarnation i \gset
CREATE UNLOGGED TABLE bench.event AS
WITH told AS MATERIALIZED (
    SELECT p.*, u.region, to_char(p.taken_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS taken_text, p.n::text AS number
      FROM bench.plan p
      JOIN kefu.unit u ON u.unit = p.unit
), step AS (
    -- Facts and their binary form: how many, then each in the order of the names' bytes.
    SELECT p.n, 0 AS turn, 'message' AS object_type, p.seen_at AS at, 'message' AS machine, 'ingest' AS event, '*new' AS from_state, 'new' AS to_state,
           1 AS version, NULL::integer AS staff_id, p.unit, 8 AS flags, jsonb_build_object('account', p.account, 'native_id', p.native_id, 'ticket', p.n) AS facts,
           '\x00000003'::bytea || bench.fact('account', '\x01', p.account) || bench.fact('native_id', '\x01', p.native_id) || bench.fact('ticket', '\x02', p.number) AS form
      FROM told p
    UNION ALL
    SELECT p.n, 1, 'message', p.decided_at, 'message', 'triage', 'new', 'ticketed', 2, p.staff_id, p.unit, 0, jsonb_build_object('kind', p.kind, 'category', p.category),
           '\x00000002' || bench.fact('category', '\x01', p.category) || bench.fact('kind', '\x01', p.kind)
      FROM told p
    UNION ALL
    SELECT p.n, 2, 'ticket', p.seen_at, p.kind, 'open', '*new', 'new', 1, NULL, p.unit, 10,
           jsonb_build_object('category', p.category, 'location', p.region, 'message', p.n),
           '\x00000003' || bench.fact('category', '\x01', p.category) || bench.fact('location', '\x01', p.region) || bench.fact('message', '\x02', p.number)
      FROM told p
    UNION ALL
    SELECT p.n, 3, 'ticket', p.seen_at, p.kind, 'record', 'new', 'recorded', 2, NULL, p.unit, 10, jsonb_build_object('category', p.category, 'location', p.region),
           '\x00000002' || bench.fact('category', '\x01', p.category) || bench.fact('location', '\x01', p.region)
      FROM told p WHERE p.kind = 'complaint'
    UNION ALL
    SELECT p.n, 4, 'ticket', p.decided_at, p.kind, 'confirm', p.before, p.before, 1 + p.recorded, p.staff_id, p.unit, 2,
           jsonb_build_object('kind', p.kind, 'category', p.category),
           '\x00000002' || bench.fact('category', '\x01', p.category) || bench.fact('kind', '\x01', p.kind)
      FROM told p
    UNION ALL
    SELECT p.n, 5, 'ticket', p.said_at, p.kind, CASE p.kind WHEN 'negative' THEN 'judge' WHEN 'praise' THEN 'thank' ELSE 'answer' END, p.before, p.said,
           2 + p.recorded, p.staff_id, p.unit, 0, CASE p.kind WHEN 'negative' THEN '{"judgement": "vague"}'::jsonb END,
           CASE p.kind WHEN 'negative' THEN '\x00000001' || bench.fact('judgement', '\x01', 'vague') ELSE '\xffffffff' END
      FROM told p
    UNION ALL
    SELECT p.n, 6, 'ticket', p.taken_at, p.kind, 'delivered', p.said, p.said, 2 + p.recorded, NULL, p.unit, 8,
           jsonb_build_object('speech', p.n, 'delivered_at', p.taken_text),
           '\x00000002' || bench.fact('delivered_at', '\x01', p.taken_text) || bench.fact('speech', '\x02', p.number)
      FROM told p
    UNION ALL
    SELECT p.n, 7, 'ticket', p.quiet_at, p.kind, 'silence', p.said, p.over, 3 + p.recorded, NULL, p.unit, 4, NULL, '\xffffffff'
      FROM told p WHERE p.kind <> 'praise' AND p.quiet_at <= :'now'
    UNION ALL
    SELECT p.n, 8, 'ticket', p.quiet_at + interval '7 days', p.kind, 'archive', p.over, 'archived', p.version, NULL, p.unit, 4, NULL, '\xffffffff'
      FROM told p WHERE p.state = 'archived'
), counted AS (
    SELECT e.*, row_number() OVER (PARTITION BY e.n, e.object_type ORDER BY e.turn)::integer AS seq, e.n * 16 + e.turn + :first AS event_id
      FROM step e
)
SELECT s.*, bench.chain('\x01'::bytea || int8send(s.event_id) || bench.canon(s.object_type) || int8send(s.n) || int4send(s.seq)
                        || int8send((extract(epoch FROM s.at) * 1000000)::bigint) || bench.canon(s.machine) || bench.canon(s.event)
                        || bench.canon(s.from_state) || bench.canon(s.to_state) || int4send(s.version) || int4send(coalesce(s.staff_id, 0)) || int4send(0)
                        || bench.canon(s.unit) || int2send(s.flags::smallint) || int4send(:incarnation) || int8send(:xid) || s.form || '\xffffffff'::bytea)
           OVER (PARTITION BY s.n, s.object_type ORDER BY s.turn) AS hash
  FROM counted s;
INSERT INTO kefu.audit_event (event_id, object_type, object_id, seq, at, machine, event, from_state, to_state, version, staff_id, unit, flags,
                              incarnation, xid, facts, form, hash)
SELECT e.event_id, e.object_type, e.n, e.seq, e.at, e.machine, e.event, e.from_state, e.to_state, e.version, e.staff_id, e.unit, e.flags,
       :incarnation, :xid, e.facts, 1, e.hash
  FROM bench.event e;
SELECT setval('kefu.audit_event_id_seq', max(e.event_id)) FROM bench.event e \g /dev/null
COMMIT;
INSERT INTO bench.head
SELECT DISTINCT ON (e.n, e.object_type) e.n, e.object_type, e.seq, e.hash FROM bench.event e ORDER BY e.n, e.object_type, e.seq DESC;
\endif
CREATE UNIQUE INDEX ON bench.head (object_type, n);
ANALYZE bench.head;

-- --- what it is about -----------------------------------------------------------------------

SET session_replication_role = replica;
-- Indexes are made of rows that are there, quicker than row by row.
CREATE UNLOGGED TABLE bench.index AS
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
  FROM pg_index i
 WHERE i.indrelid = ANY ('{kefu.person,kefu.identity,kefu.message,kefu.sighting,kefu.ticket,kefu.round,kefu.clock,kefu.speech,kefu.outbound}'::regclass[])
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid);
SELECT format('DROP INDEX %s', i.name) FROM bench.index i \gexec
INSERT INTO kefu.person (person_id, home_unit, created_at) OVERRIDING SYSTEM VALUE
SELECT p.n / 3, min(p.unit), min(p.seen_at) FROM bench.plan p GROUP BY p.n / 3 ORDER BY 1;
INSERT INTO kefu.identity (identity_id, platform, native_id, person_id, screen_name, updated_at) OVERRIDING SYSTEM VALUE
SELECT w.person_id, 'sina', 'u' || w.person_id, w.person_id, '用户' || w.person_id, w.created_at FROM kefu.person w;
\if :trail
INSERT INTO kefu.message (message_id, state, version, audit_seq, audit_head, unit, platform, account, action, item_type, native_id, identity_id, person_id,
                          text, posted_at, seen_at, is_live, to_us, ticket_id, suggested_kind, confirmed_kind) OVERRIDING SYSTEM VALUE
SELECT p.n, 'ticketed', 2, h.seq, h.hash, p.unit, 'sina', p.account, 'mentions', 'status', p.native_id, p.n / 3, p.n / 3,
       '第' || p.n || '条', p.posted_at, p.seen_at, true, true, p.n, p.kind, p.kind
  FROM bench.plan p JOIN bench.head h ON h.object_type = 'message' AND h.n = p.n;
INSERT INTO kefu.seen_item (platform, item_type, native_id, message_id) SELECT 'sina', 'status', p.native_id, p.n FROM bench.plan p;
INSERT INTO kefu.sighting (message_id, account, action, found_at) SELECT p.n, p.account, 'mentions', p.seen_at FROM bench.plan p;
\endif
INSERT INTO kefu.ticket (ticket_id, kind, state, version, audit_seq, audit_head, unit, received_unit, home_unit, account, message_id, person_id, category,
                         location, location_source, posted_at, round_posted_at, opened_at, kind_confirmed_at, acknowledged_at, first_response_at,
                         answered_at, resolved_at, archived_at, solution, result, judgement, satisfaction, first_kind) OVERRIDING SYSTEM VALUE
SELECT p.n, p.kind, p.state, p.version, coalesce(h.seq, 0), h.hash, p.unit, p.unit, p.unit, p.account, CASE WHEN :'trail' THEN p.n END, p.n / 3, p.category,
       u.region, 'profile', p.posted_at, p.posted_at, p.seen_at, p.decided_at, p.taken_at, p.taken_at,
       CASE WHEN p.kind <> 'negative' THEN p.taken_at END,
       CASE WHEN p.state IN ('resolved', 'grievance', 'archived') AND p.kind <> 'praise' THEN p.quiet_at END,
       CASE WHEN p.state = 'archived' THEN p.quiet_at + interval '7 days' END,
       '已处理', 'answered', CASE p.kind WHEN 'negative' THEN 'vague' END, CASE p.kind WHEN 'complaint' THEN 'no_reply' ELSE 'not_asked' END, p.kind
  FROM bench.plan p JOIN kefu.unit u ON u.unit = p.unit LEFT JOIN bench.head h ON h.object_type = 'ticket' AND h.n = p.n;
INSERT INTO kefu.round (ticket_id, round, posted_at, opened_at, message_id, first_response_at, answered_at)
SELECT t.ticket_id, 1, t.posted_at, t.opened_at, t.message_id, t.first_response_at, t.answered_at FROM kefu.ticket t;

-- Promises: of the message, of an answer, and the waits after it.
INSERT INTO kefu.clock (object_type, object_id, clock, unit, policy_id, started_at, due_at, due_desk_at, next_fire_at, stopped_at, outcome)
SELECT c.object_type, p.n, c.clock, p.unit, o.policy_id, c.started_at, c.started_at + o.target,
       CASE WHEN o.calendar = 'wall' THEN kefu.add_working_time(d.calendar, c.started_at, o.target) END,
       CASE WHEN c.ends_at > :'now' THEN c.started_at + o.target END,
       CASE WHEN c.ends_at <= :'now' THEN c.ends_at END,
       CASE WHEN c.ends_at > :'now' THEN NULL WHEN c.is_timer OR c.ends_at <= c.started_at + o.target THEN 'kept' ELSE 'late' END
  FROM bench.plan p
  JOIN bench.province d ON d.unit = p.unit
 CROSS JOIN LATERAL (VALUES
       ('message', 'seen', p.posted_at, p.decided_at, false, :'trail'::boolean),
       ('ticket', CASE p.kind WHEN 'inquiry' THEN 'inquiry_ack' WHEN 'complaint' THEN 'complaint_ack' WHEN 'negative' THEN 'negative_reply' ELSE 'thank' END,
        p.posted_at, p.taken_at, false, true),
       ('ticket', 'answer', p.posted_at, p.taken_at, false, p.kind IN ('inquiry', 'complaint')),
       ('ticket', CASE p.kind WHEN 'negative' THEN 'reason_wait' ELSE 'silence' END, p.taken_at, p.quiet_at, true, p.kind <> 'praise'),
       ('ticket', 'archive', p.quiet_at, p.quiet_at + interval '7 days', true, p.quiet_at <= :'now'))
       AS c(object_type, clock, started_at, ends_at, is_timer, happens)
  JOIN kefu.clock_policy o ON o.clock = c.clock AND o.unit = 'group'
 WHERE c.happens;

\if :trail
-- What was said and sent.
INSERT INTO kefu.speech (speech_id, object_type, object_id, event_id, event, from_state, to_state, round, version, unit, clock_ops, queued_at, outcome, settled_at)
    OVERRIDING SYSTEM VALUE
SELECT e.n, 'ticket', e.n, e.event_id, e.event, e.from_state, e.to_state, 1, e.version, e.unit, '{}', e.at, 'delivered', e.at + interval '3 seconds'
  FROM bench.event e WHERE e.event IN ('answer', 'judge', 'thank');
INSERT INTO kefu.outbound (outbound_id, speech_id, unit, account, action, channel, state, parent_id, root_id, text, queued_at, not_before, sending_at, sent_at, native_id)
    OVERRIDING SYSTEM VALUE
SELECT p.n, p.n, p.unit, p.account, 'comment', 'public', 'sent', p.native_id, p.native_id, '您好，已为您处理。', p.said_at, p.said_at, p.said_at, p.taken_at, 's' || p.n
  FROM bench.plan p;
DROP TABLE bench.event;
\endif
SELECT i.definition FROM bench.index i \gexec
RESET session_replication_role;
SELECT setval(pg_get_serial_sequence('kefu.' || s.name, s.key), :tickets + 1)
  FROM (VALUES ('person', 'person_id'), ('identity', 'identity_id'), ('message', 'message_id'), ('ticket', 'ticket_id'), ('speech', 'speech_id'),
               ('outbound', 'outbound_id')) AS s(name, key) \g /dev/null
DROP TABLE bench.head, bench.plan, bench.index;
RESET work_mem;
RESET maintenance_work_mem;
ANALYZE;
