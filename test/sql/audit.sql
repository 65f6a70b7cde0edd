-- audit: what is appended can be verified, sealed and proved, and whoever
-- tampers with it is found: by kefu.verify_audit() and by the independent
-- verifier, which reads the export and shares nothing with the extension.
--
-- In a database of its own: the trail of the other tests is not tampered with,
-- and its own starts at event 1.

CREATE DATABASE kefu_audit TEMPLATE template0;
\c kefu_audit
SET client_min_messages = warning;
CREATE EXTENSION pg_kefu;
\getenv source PG_ABS_SRCDIR
\set verifier :source '/../doc/verify_audit.pl'
\setenv VERIFIER :verifier
SET kefu.test_now = '2026-03-02 10:00+08';

INSERT INTO kefu.unit (unit, kind, name_zh, name_en) VALUES ('group', 'group', '集团', 'Group');
INSERT INTO kefu.staff (login, unit, name) VALUES (current_user, 'group', 'Wang Lan');
INSERT INTO kefu.staff_role (staff_id, unit, role)
SELECT 1, 'group', r FROM unnest(ARRAY['operator', 'leader', 'admin', 'department']) r;
INSERT INTO kefu.clock_policy (clock, unit, valid_from, target_from, calendar)
VALUES ('task_due', 'group', '2020-01-01', 'due_at', 'wall'),
       ('task_expiry', 'group', '2020-01-01', 'expires_at', 'wall');

-- Nothing is sealed while an older transaction runs, an autovacuum's included.
CREATE FUNCTION pg_temp.settle() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WHILE pg_snapshot_xmin(pg_current_snapshot())::text::bigint
          <= (SELECT max(xid) FROM kefu.audit_event) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
END
$$;

-- --- the life of three tasks ----------------------------------------------------

SELECT machine, id, state, version, event_id
  FROM generate_series(1, 3) n,
       kefu.create_object('task', 'open', jsonb_build_object(
           'unit', 'group', 'cause', 'watch', 'due_at', '2026-03-09T02:00:00Z',
           'note', 'call 张先生 back, try ' || n));
SELECT (kefu.advance('task', 1, 'take')).event_id;
SELECT (kefu.advance('task', 1, 'done', '{"evidence": "told on the phone"}')).event_id;
SELECT (kefu.advance('task', 2, 'take')).event_id;
SELECT kefu.append_ledger('rules', 'policy',
    '{"clock": "answer", "hours": 48.0, "é": true, "aa": null, "b": "", "B": 1e3}');
SELECT kefu.append_ledger('rules', 'policy', '{}', '{"why": ["自然时间", {"b": 1, "a": null}]}');
SELECT kefu.append_ledger('desk', 'take_over', NULL);
SELECT kefu.append_ledger('gossip', 'heard', '{}');
SELECT kefu.append_ledger('rules', 'policy', '{"hours": [48, 24]}');
SELECT kefu.append_ledger('rules', 'policy', '48');
SELECT event_id, object_type, object_id, seq, event, from_state, to_state, version, flags,
       facts, detail_digest IS NOT NULL AS has_detail
  FROM kefu.audit_event ORDER BY event_id;

-- --- the binary form, as doc/audit.md defines it -------------------------------

CREATE FUNCTION pg_temp.octets(b bytea) RETURNS bytea LANGUAGE sql AS
$$ SELECT coalesce(int4send(length(b)) || b, '\xffffffff') $$;
CREATE FUNCTION pg_temp.text(t text) RETURNS bytea LANGUAGE sql AS
$$ SELECT pg_temp.octets(convert_to(t, 'UTF8')) $$;
CREATE FUNCTION pg_temp.pairs(j jsonb) RETURNS bytea LANGUAGE sql AS $$
    SELECT CASE WHEN j IS NULL THEN '\xffffffff'::bytea ELSE
        (SELECT int4send(count(*)::integer)
                || coalesce(string_agg(pg_temp.text(key)
                            || substr(int4send(CASE jsonb_typeof(value) WHEN 'null' THEN 0 WHEN 'string' THEN 1
                                               WHEN 'number' THEN 2 WHEN 'boolean' THEN 3 ELSE 4 END), 4)
                            || pg_temp.text(j ->> key), '' ORDER BY convert_to(key, 'UTF8')), '')
           FROM jsonb_each(j)) END
$$;
CREATE FUNCTION pg_temp.instant(t timestamptz) RETURNS bytea LANGUAGE sql AS
$$ SELECT int8send((extract(epoch FROM t) * 1000000)::bigint) $$;
CREATE FUNCTION pg_temp.form(e kefu.audit_event) RETURNS bytea LANGUAGE sql AS $$
    SELECT '\x01'::bytea || int8send(e.event_id) || pg_temp.text(e.object_type)
        || int8send(e.object_id) || int4send(e.seq) || pg_temp.instant(e.at)
        || pg_temp.text(e.machine) || pg_temp.text(e.event)
        || pg_temp.text(e.from_state) || pg_temp.text(e.to_state) || int4send(e.version)
        || int4send(coalesce(e.staff_id, 0)) || int4send(coalesce(e.gateway_id, 0))
        || pg_temp.text(e.unit) || int2send(e.flags) || int4send(e.incarnation)
        || int8send(e.xid) || pg_temp.pairs(e.facts) || pg_temp.octets(e.detail_digest)
$$;
CREATE FUNCTION pg_temp.previous(e kefu.audit_event) RETURNS bytea LANGUAGE sql AS $$
    SELECT coalesce((SELECT p.hash FROM kefu.audit_event p
                      WHERE p.object_type = e.object_type AND p.object_id = e.object_id
                        AND p.seq = e.seq - 1), decode(repeat('00', 32), 'hex'))
$$;

SELECT count(*) AS events,
       count(*) FILTER (WHERE e.hash = sha256(pg_temp.previous(e) || pg_temp.form(e))) AS hashes,
       count(*) FILTER (WHERE e.detail_digest = sha256(d.salt || pg_temp.pairs(d.value))) AS digests,
       count(DISTINCT d.salt) FILTER (WHERE length(d.salt) = 16) AS salts
  FROM kefu.audit_event e LEFT JOIN kefu.audit_detail d USING (event_id);

-- --- seals and proofs -----------------------------------------------------------

SELECT pg_temp.settle();
SELECT kefu.seal_audit() AS made;
SELECT kefu.seal_audit() AS made_again;
BEGIN;
SELECT kefu.append_ledger('desk', 'rehearse', '{}') AS in_doubt;
SELECT kefu.seal_audit() AS made_meanwhile;
SELECT count(*) AS holders, bool_and(lag >= '0' AND holder LIKE 'process %') AS named
  FROM kefu.audit_horizon();
ROLLBACK;
SELECT (kefu.advance('task', 2, 'done', '{"evidence": "二次回访"}')).event_id;
SELECT kefu.append_ledger('desk', 'rehearse', '{}');
SELECT pg_temp.settle();
SELECT kefu.seal_audit(true) AS made;
SELECT (kefu.advance('task', 3, 'take')).event_id;
SELECT seal_id, incarnation, event_count,
       xid_from = lag(xid_to, 1, 0::bigint) OVER (ORDER BY seal_id) AS is_gapless,
       hash = sha256(lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY seal_id)
                     || '\x01' || int8send(seal_id) || int4send(incarnation) || int8send(xid_from)
                     || int8send(xid_to) || int8send(event_count) || root
                     || pg_temp.instant(sealed_at)) AS is_chained
  FROM kefu.seal ORDER BY seal_id;

SELECT e.event_id, p.seal_id, p.leaf_index, p.event_count, cardinality(p.path) AS steps,
       p.leaf = sha256('\x00' || e.hash || int4send(e.incarnation) || int8send(e.xid)) AS is_leaf,
       p.root = s.root AS is_root,
       kefu.verify_proof(p.leaf, p.leaf_index, p.event_count, p.path, s.root) AS proved,
       kefu.verify_proof(sha256(p.leaf), p.leaf_index, p.event_count, p.path, s.root) AS other_leaf,
       kefu.verify_proof(p.leaf, p.leaf_index, p.event_count, p.path, sha256(s.root)) AS other_root
  FROM kefu.audit_event e, kefu.audit_proof(e.event_id) p, kefu.seal s
 WHERE s.seal_id = p.seal_id
 ORDER BY e.event_id;
SELECT kefu.verify_proof('\x00', 0, 1, '{}', '\x00');

-- --- the trail is whole ---------------------------------------------------------

SELECT * FROM kefu.verify_audit();
SELECT * FROM kefu.verify_audit('2026-03-02 10:00+08');
SELECT * FROM kefu.verify_audit('2026-03-02 10:00:01+08');
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
SELECT kefu.export_audit('-infinity', '2026-03-02 10:00+08') \g (format=unaligned tuples_only=on) | perl "$VERIFIER"

-- Events of a later day, exported alone: what came before is given as hashes.
SET kefu.test_now = '2026-03-03 09:00+08';
SELECT (kefu.advance('task', 3, 'done', '{"evidence": "photo"}')).event_id;
SELECT kefu.append_ledger('desk', 'go_live', '{"node": "a"}');
SELECT pg_temp.settle();
SELECT kefu.seal_audit() AS made;
SELECT kefu.export_audit('2026-03-03 00:00+08') \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
SELECT x ->> 'line' AS line, count(*), count(x ->> 'previous') AS with_previous
  FROM (SELECT kefu.export_audit('2026-03-03 00:00+08')::jsonb AS x) x
 GROUP BY 1 ORDER BY 1;
SELECT * FROM kefu.verify_audit('2026-03-03 00:00+08');

-- Seals that were kept elsewhere are compared.
SELECT string_agg(format('%s=%s', seal_id, encode(hash, 'hex')), ' ') AS kept FROM kefu.seal \gset
\setenv KEPT :kept
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER" $KEPT
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER" 2=0000000000000000000000000000000000000000000000000000000000000000
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER" 9=0000000000000000000000000000000000000000000000000000000000000000

-- --- plain changes are refused --------------------------------------------------

\set VERBOSITY default
UPDATE kefu.audit_event SET staff_id = NULL WHERE event_id = 1;
\set VERBOSITY terse
DELETE FROM kefu.audit_event WHERE event_id = 1;
TRUNCATE kefu.audit_event;
TRUNCATE kefu.audit_event_default;
UPDATE kefu.audit_detail SET value = '{}';
DELETE FROM kefu.audit_detail;
TRUNCATE kefu.audit_detail;
UPDATE kefu.ledger SET audit_seq = 0;
DELETE FROM kefu.ledger;
UPDATE kefu.seal SET event_count = 0;
DELETE FROM kefu.seal;
TRUNCATE kefu.seal;

-- A permit doesn't outlive the call that it was for, whatever becomes of it.
BEGIN;
SAVEPOINT s;
SELECT kefu.append_ledger('rules', 'policy', '{"hours": {}}');
ROLLBACK TO s;
UPDATE kefu.ledger SET audit_seq = 0;
ROLLBACK;
BEGIN;
SELECT kefu.append_ledger('rules', 'policy', '{}') > 0 AS appended;
UPDATE kefu.ledger SET audit_seq = 0;
ROLLBACK;

-- --- tampering with triggers switched off is found ------------------------------

CREATE FUNCTION pg_temp.rechain(type text, id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    e kefu.audit_event;
BEGIN
    FOR e IN SELECT * FROM kefu.audit_event x
              WHERE x.object_type = type AND x.object_id = id ORDER BY x.seq LOOP
        e.hash := sha256(pg_temp.previous(e) || pg_temp.form(e));
        UPDATE kefu.audit_event x SET hash = e.hash WHERE x.event_id = e.event_id;
        IF type = 'task' THEN
            UPDATE kefu.task SET audit_head = e.hash, audit_seq = e.seq, version = e.version,
                                 state = e.to_state WHERE task_id = id;
        ELSE
            UPDATE kefu.ledger SET audit_head = e.hash, audit_seq = e.seq WHERE ledger_id = id;
        END IF;
    END LOOP;
END
$$;

\echo changed field
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_event SET staff_id = NULL WHERE event_id = 4;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo changed type of a fact
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_event SET facts = facts || '{"hours": "48.0"}' WHERE event_id = 7;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo NULL made 0, facts made an array
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_event SET gateway_id = 0 WHERE event_id = 1;
UPDATE kefu.audit_event SET facts = '[]' WHERE event_id = 9;
SELECT * FROM kefu.verify_audit();
ROLLBACK;

\echo changed field, chain computed anew
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_event SET staff_id = NULL WHERE event_id = 4;
SELECT pg_temp.rechain('task', 1);
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo removed event
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM kefu.audit_event WHERE event_id = 4;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo removed first event
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM kefu.audit_event WHERE event_id = 1;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo removed tail, object set back
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM kefu.audit_event WHERE event_id = 11;
DELETE FROM kefu.audit_detail WHERE event_id = 11;
SELECT pg_temp.rechain('task', 2);
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo removed tail of a ledger, head set back
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM kefu.audit_event WHERE event_id = 8;
DELETE FROM kefu.audit_detail WHERE event_id = 8;
SELECT pg_temp.rechain('ledger', 1);
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo swapped order
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_event SET seq = -seq WHERE event_id IN (4, 5);
UPDATE kefu.audit_event SET seq = 5 + seq WHERE event_id IN (4, 5);
SELECT event_id, seq FROM kefu.audit_event WHERE object_type = 'task' AND object_id = 1 ORDER BY seq;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo forged event, chain computed anew
BEGIN;
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE forged ON COMMIT DROP AS SELECT * FROM kefu.audit_event WHERE event_id = 4;
UPDATE forged SET event_id = 1000, seq = 4, from_state = 'done', to_state = 'done', version = 2;
INSERT INTO kefu.audit_event SELECT * FROM forged;
SELECT pg_temp.rechain('task', 1);
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo forged event in an incarnation that never was
BEGIN;
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE forged ON COMMIT DROP AS SELECT * FROM kefu.audit_event WHERE event_id = 4;
UPDATE forged SET event_id = 1000, seq = 4, incarnation = 7, to_state = 'done', version = 2;
INSERT INTO kefu.audit_event SELECT * FROM forged;
SELECT pg_temp.rechain('task', 1);
SELECT * FROM kefu.verify_audit();
ROLLBACK;

\echo changed state, version, head
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.task SET state = 'waived' WHERE task_id = 1;
UPDATE kefu.task SET version = 9 WHERE task_id = 2;
UPDATE kefu.task SET audit_head = sha256(audit_head) WHERE task_id = 3;
UPDATE kefu.ledger SET audit_seq = audit_seq - 1 WHERE ledger = 'desk';
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo removed object, planted object, unknown type
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM kefu.task WHERE task_id = 2;
INSERT INTO kefu.task (state, unit, cause, due_at, created_at)
VALUES ('done', 'group', 'never', kefu.now(), kefu.now()) RETURNING task_id;
UPDATE kefu.audit_event SET object_type = 'tusk' WHERE object_type = 'task' AND object_id = 3;
SELECT * FROM kefu.verify_audit();
ROLLBACK;

\echo changed, removed and planted detail
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_detail SET value = '{"note": "nothing"}' WHERE event_id = 1;
DELETE FROM kefu.audit_detail WHERE event_id = 5;
UPDATE kefu.audit_detail SET salt = NULL, value = NULL, erased_by = 7 WHERE event_id = 8;
UPDATE kefu.audit_detail SET salt = sha256(salt) WHERE event_id = 11;
INSERT INTO kefu.audit_detail VALUES (9, '\x00', '{}');
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo changed seal, removed seal
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.seal SET event_count = 8 WHERE seal_id = 1;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM kefu.seal WHERE seal_id = 2;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

\echo said openly: what is not sealed yet can be rewritten
SELECT kefu.append_ledger('desk', 'rehearse', '{"node": "a"}');
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_event SET facts = '{"node": "b"}'
 WHERE event_id = (SELECT max(event_id) FROM kefu.audit_event);
SELECT pg_temp.rechain('ledger', 2);
SELECT * FROM kefu.verify_audit();
ROLLBACK;

-- --- erasure is no break --------------------------------------------------------

SELECT kefu.erase_detail(1, 'the customer asked for it') AS by_event;
SELECT kefu.erase_detail(1, 'asked again') AS by_event;
SELECT kefu.erase_detail(4, 'it has none');
SELECT kefu.erase_detail(4711, 'it is none');
SELECT event_id, salt IS NULL AS salt_gone, value, erased_by FROM kefu.audit_detail WHERE event_id = 1;
SELECT e.machine, e.event, e.facts, d.value
  FROM kefu.audit_event e JOIN kefu.audit_detail d USING (event_id)
 WHERE e.event = 'erase_detail';
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
SELECT kefu.export_audit('-infinity', '2026-03-03 00:00+08') \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
\echo erased on the account of another event
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_detail d SET salt = NULL, value = NULL, erased_by = e.event_id
  FROM kefu.audit_event e WHERE e.event = 'erase_detail' AND d.event_id = 5;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
ROLLBACK;

-- --- months ---------------------------------------------------------------------

SELECT kefu.make_partitions(1) >= 4 AS made;
SELECT kefu.make_partitions(1) AS made_again;
SELECT kefu.make_partition('audit_event', '2026-02-10') AS february,
       kefu.make_partition('audit_event', '2026-02-28') AS february_again;
SELECT kefu.make_partition('task', '2026-02-10');
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound,
       (SELECT count(*) FROM pg_index x WHERE x.indrelid = c.oid) AS indexes,
       (SELECT string_agg(g.tgname, ' ' ORDER BY g.tgname) FROM pg_trigger g WHERE g.tgrelid = c.oid) AS triggers,
       obj_description(c.oid, 'pg_class') AS comment
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'kefu.audit_event'::regclass
 ORDER BY c.relname;
SELECT tableoid::regclass, count(*) > 0 AS has_rows FROM kefu.audit_event GROUP BY 1;
UPDATE kefu.audit_event SET staff_id = NULL WHERE event_id = 1;
TRUNCATE kefu.audit_event_202603;
DELETE FROM kefu.audit_event_202603;
SELECT kefu.append_ledger('desk', 'rehearse', '{}') > 0 AS appended;
SELECT * FROM kefu.verify_audit();
DROP TABLE kefu.audit_event_202602;

-- --- another cluster ------------------------------------------------------------

-- As a restore leaves it: the database was known under another number. Its last
-- events wait for a seal, and one is of a transaction that is far ahead of those here.
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.audit_event SET xid = 1099511627776
 WHERE event_id = (SELECT max(event_id) FROM kefu.audit_event);
SELECT pg_temp.rechain('ledger', 2);
UPDATE kefu.incarnation SET database_oid = 1;
COMMIT;
\c
SET kefu.test_now = '2026-03-04 09:00+08';
SELECT kefu.append_ledger('desk', 'restored', '{}') > 0 AS appended;
SELECT incarnation, database_oid = 1 AS is_old FROM kefu.incarnation ORDER BY 1;
DO $$
BEGIN
    WHILE pg_snapshot_xmin(pg_current_snapshot())::text::bigint
          <= (SELECT max(xid) FROM kefu.audit_event WHERE incarnation = 2) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
END
$$;
SELECT kefu.seal_audit() AS made;
SELECT kefu.seal_audit() AS made_again;
SELECT seal_id, incarnation, event_count FROM kefu.seal ORDER BY seal_id;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"

-- A third home, whose transactions are ahead of those of the second.
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE kefu.incarnation SET database_oid = 2 WHERE incarnation = 2;
COMMIT;
\c
SET kefu.test_now = '2026-03-05 09:00+08';
SELECT kefu.append_ledger('desk', 'restored', '{}') > 0 AS appended;
DO $$
BEGIN
    WHILE pg_snapshot_xmin(pg_current_snapshot())::text::bigint
          <= (SELECT max(xid) FROM kefu.audit_event WHERE incarnation = 3) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
END
$$;
SELECT kefu.seal_audit() AS made;
SELECT seal_id, incarnation, event_count FROM kefu.seal ORDER BY seal_id;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"
SELECT bool_and(kefu.verify_proof(p.leaf, p.leaf_index, p.event_count, p.path, p.root)) AS all_proved
  FROM kefu.audit_event e, kefu.audit_proof(e.event_id) p;

-- In parts, as the clock worker does: a transaction is never under two seals.
SELECT kefu.append_ledger('desk', 'rehearse', '{}') > 0 AS appended \g (format=unaligned tuples_only=on)
SELECT kefu.append_ledger('desk', 'rehearse', '{}') > 0 AS appended \g (format=unaligned tuples_only=on)
SELECT kefu.append_ledger('desk', 'rehearse', '{}') > 0 AS appended \g (format=unaligned tuples_only=on)
SELECT bool_and(kefu.append_ledger('desk', 'rehearse', '{}') > 0) AS appended FROM generate_series(1, 5);
SELECT kefu.append_ledger('desk', 'rehearse', '{}') > 0 AS appended \g (format=unaligned tuples_only=on)
DO $$
BEGIN
    WHILE pg_snapshot_xmin(pg_current_snapshot())::text::bigint
          <= (SELECT max(xid) FROM kefu.audit_event WHERE incarnation = 3) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
END
$$;
SELECT kefu.seal_some(0);
SELECT kefu.seal_some(2) AS more;
SELECT kefu.seal_some(2) AS more;
SELECT kefu.seal_some(2) AS more;
SELECT kefu.seal_some(2) AS more;
SELECT kefu.seal_some(2) AS more;
SELECT seal_id, event_count FROM kefu.seal WHERE incarnation = 3 ORDER BY seal_id;
SELECT * FROM kefu.verify_audit();
SELECT bool_and(kefu.verify_proof(p.leaf, p.leaf_index, p.event_count, p.path, p.root)) AS all_proved
  FROM kefu.audit_event e, kefu.audit_proof(e.event_id) p;
SELECT kefu.export_audit() \g (format=unaligned tuples_only=on) | perl "$VERIFIER"

-- --- who may ----------------------------------------------------------------------

\set VERBOSITY terse
UPDATE kefu.staff SET is_active = false;
SELECT * FROM kefu.verify_audit();
SELECT kefu.export_audit();
SELECT * FROM kefu.audit_proof(1);
SELECT kefu.erase_detail(5, 'not mine');
UPDATE kefu.staff SET is_active = true;
DELETE FROM kefu.staff_role WHERE role = 'admin';
SELECT kefu.erase_detail(5, 'no admin');

\c postgres
DROP DATABASE kefu_audit;
