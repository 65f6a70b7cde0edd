-- twin: tables with the same columns, keys, indexes and foreign keys as the
-- product's, filled with the same rows, but without its triggers; and the
-- bare statements that the product is measured against.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;

CREATE TABLE bench.audit_event (LIKE kefu.audit_event INCLUDING DEFAULTS) PARTITION BY RANGE (at);
CREATE TABLE bench.audit_event_default (LIKE kefu.audit_event_default INCLUDING ALL);
ALTER TABLE bench.audit_event ATTACH PARTITION bench.audit_event_default DEFAULT;
CREATE TABLE bench.raw_payload (LIKE kefu.raw_payload INCLUDING DEFAULTS) PARTITION BY RANGE (received_at);
CREATE TABLE bench.raw_payload_default (LIKE kefu.raw_payload_default INCLUDING ALL);
ALTER TABLE bench.raw_payload ATTACH PARTITION bench.raw_payload_default DEFAULT;
CREATE SEQUENCE bench.event_id_seq START 100000000;

DO $$
DECLARE
    tables CONSTANT text[] := '{person,identity,ticket,message,round,clock,digest,escalation,seen_item,sighting,
        post,post_review,posting_day,placement,outbound,audit_detail}';
    name text;
    key record;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('CREATE TABLE bench.%1$I (LIKE kefu.%1$I INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE bench.%I SET (fillfactor = %s)', name,
            coalesce((SELECT substr(o, 12) FROM pg_class c, unnest(c.reloptions) AS o
                       WHERE c.oid = format('kefu.%I', name)::regclass AND o LIKE 'fillfactor=%'), '100'));
        EXECUTE format('INSERT INTO bench.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM kefu.%1$I', name);
    END LOOP;
    FOR key IN SELECT conrelid::regclass::text AS of_table, pg_get_constraintdef(oid) AS definition
                 FROM pg_constraint
                WHERE contype = 'f' AND conrelid::regclass::text = ANY
                      (SELECT 'kefu.' || t FROM unnest(tables) AS t) LOOP
        FOREACH name IN ARRAY tables LOOP
            key.definition := replace(key.definition, 'REFERENCES kefu.' || name || '(',
                                      'REFERENCES bench.' || name || '(');
        END LOOP;
        EXECUTE format('ALTER TABLE %s ADD %s',
                       replace(key.of_table, 'kefu.', 'bench.'), key.definition);
    END LOOP;
END $$;
INSERT INTO bench.audit_event SELECT * FROM kefu.audit_event;
INSERT INTO bench.raw_payload SELECT * FROM kefu.raw_payload;
INSERT INTO bench.digest (unit, role, opened_at) VALUES ('gd', 'operator', now());

-- What is hashed in SQL: the chain's head and the scalars of the event.
-- The same columns that the engine writes, once, without any check.
CREATE PROCEDURE bench.transitions(count integer, tickets integer, staff integer) LANGUAGE plpgsql AS
$$
DECLARE
    target bigint;
    who integer;
    what text;
BEGIN
    FOR n IN 1 .. count LOOP
        target := 1 + n / 2 % tickets;
        who := CASE n % 2 WHEN 0 THEN staff END;
        what := CASE n % 2 WHEN 0 THEN 'take' ELSE 'release' END;
        WITH t AS (
            UPDATE bench.ticket SET handler = who, state = 'recorded', version = version,
                   audit_seq = audit_seq + 1,
                   audit_head = sha256(audit_head || convert_to(concat_ws('|', ticket_id, audit_seq + 1,
                       now(), kind, what, state, version, unit), 'UTF8'))
             WHERE ticket_id = target
            RETURNING ticket_id, audit_seq, kind, state, version, unit, audit_head)
        INSERT INTO bench.audit_event (event_id, object_type, object_id, seq, at, machine, event,
               from_state, to_state, version, staff_id, unit, flags, incarnation, xid, form, hash)
        SELECT nextval('bench.event_id_seq'), 'ticket', t.ticket_id, t.audit_seq, now(), t.kind, what,
               t.state, t.state, t.version, 1, t.unit, 0, 1,
               pg_current_xact_id()::text::bigint, 1, t.audit_head
          FROM t;
    END LOOP;
END $$;

-- Firing: the same batches of a thousand.
CREATE PROCEDURE bench.make_due(of_schema text, level integer, number integer) LANGUAGE plpgsql AS
$$ BEGIN
    -- All levels below are over, this one is a minute ago, the next one to come.
    EXECUTE format('UPDATE %I.clock c SET next_level = $1, due_at = d.at, next_fire_at = now() - interval ''1 min''
          FROM (SELECT now() - interval ''1 min'' - l.offset_by AS at FROM kefu.clock_level l
                 WHERE l.clock = ''complaint_ack'' AND l.level = $1) AS d
         WHERE c.clock = ''complaint_ack'' AND c.object_id <= $2', of_schema) USING level, number;
    -- What else is open isn't due during the run.
    EXECUTE format('UPDATE %I.clock SET next_fire_at = now() + interval ''1 day''
                     WHERE next_fire_at < now() + interval ''1 hour''
                       AND (clock <> ''complaint_ack'' OR object_id > $1)', of_schema) USING number;
END $$;
-- Either way nothing may be left.
CREATE PROCEDURE bench.none_due(of_schema text) LANGUAGE plpgsql AS
$$
DECLARE
    due bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %I.clock WHERE next_fire_at <= now()', of_schema) INTO due;
    IF due > 0 THEN
        RAISE EXCEPTION '% clocks have not fired', due;
    END IF;
END $$;
CREATE PROCEDURE bench.fire_ours() LANGUAGE plpgsql AS
$$ BEGIN
    WHILE (SELECT fired > 0 FROM kefu.tick(1000)) LOOP
        COMMIT;
    END LOOP;
END $$;
CREATE PROCEDURE bench.fire_bare() LANGUAGE plpgsql AS
$$
DECLARE
    written bigint := 1;
BEGIN
    WHILE written > 0 LOOP
        WITH d AS (
            SELECT clock_id, object_id, next_level, due_at FROM bench.clock
             WHERE next_fire_at <= statement_timestamp()
             ORDER BY next_fire_at LIMIT 1000 FOR UPDATE SKIP LOCKED),
        c AS (
            UPDATE bench.clock c SET next_level = d.next_level + 1,
                   next_fire_at = statement_timestamp() + interval '1 day'
              FROM d WHERE c.clock_id = d.clock_id),
        e AS (
            INSERT INTO bench.escalation (clock_id, level, outcome, role, staff_id, digest_id, due_at, fired_at)
            SELECT d.clock_id, d.next_level, 'digest', 'operator', (SELECT max(staff_id) FROM kefu.staff),
                   (SELECT max(digest_id) FROM bench.digest), d.due_at, now() FROM d),
        t AS (
            UPDATE bench.ticket t SET audit_seq = t.audit_seq + 1,
                   audit_head = sha256(t.audit_head || convert_to(concat_ws('|', t.ticket_id,
                       t.audit_seq + 1, now(), t.kind, 'level', t.state, t.version, t.unit,
                       d.next_level), 'UTF8'))
              FROM d WHERE t.ticket_id = d.object_id
            RETURNING t.ticket_id, t.audit_seq, t.kind, t.state, t.version, t.unit, t.audit_head,
                      d.next_level)
        INSERT INTO bench.audit_event (event_id, object_type, object_id, seq, at, machine, event,
               from_state, to_state, version, unit, flags, incarnation, xid, facts, form, hash)
        SELECT nextval('bench.event_id_seq'), 'ticket', t.ticket_id, t.audit_seq, now(), t.kind,
               'level', t.state, t.state, t.version, t.unit, 4, 1,
               pg_current_xact_id()::text::bigint,
               jsonb_build_object('clock', 'complaint_ack', 'outcome', 'digest', 'role', 'operator',
                                  'staff', 1, 'level', t.next_level),
               1, t.audit_head
          FROM t;
        GET DIAGNOSTICS written = ROW_COUNT;
        COMMIT;
    END LOOP;
END $$;

-- Ingest: pages made beforehand; what came of each is written to files, one a
-- table, and copied from there.
CREATE SEQUENCE bench.native_seq START 900000000;
CREATE TABLE bench.page_in (page integer PRIMARY KEY, payload text NOT NULL);
CREATE PROCEDURE bench.make_pages(pages integer, size integer) LANGUAGE plpgsql AS
$$
DECLARE
    base bigint := setval('bench.native_seq', nextval('bench.native_seq') + pages * size);
BEGIN
    TRUNCATE bench.page_in;
    INSERT INTO bench.page_in
    SELECT p, bench.page(base - pages * size + (p - 1) * size, base - pages * size + p * size - 1, now())
      FROM generate_series(1, pages) AS p;
END $$;
CREATE TABLE bench.bounds (page integer PRIMARY KEY, of_person int8range, of_identity int8range,
    of_message int8range, of_ticket int8range, of_clock int8range, of_event int8range, of_raw int8range);
CREATE FUNCTION bench.marks() RETURNS bigint[] LANGUAGE sql VOLATILE AS
$$ SELECT ARRAY[(SELECT max(person_id) FROM kefu.person), (SELECT max(identity_id) FROM kefu.identity),
    (SELECT max(message_id) FROM kefu.message), (SELECT max(ticket_id) FROM kefu.ticket),
    (SELECT max(clock_id) FROM kefu.clock), (SELECT max(event_id) FROM kefu.audit_event),
    (SELECT max(raw_id) FROM kefu.raw_payload)] $$;
-- Only the call and its commit are timed, not the notes on what came of it.
CREATE PROCEDURE bench.ingest_ours(INOUT seconds double precision) LANGUAGE plpgsql AS
$$
DECLARE
    p record;
    began timestamptz;
    a bigint[];
    b bigint[] := bench.marks();
BEGIN
    TRUNCATE bench.bounds;
    FOR p IN SELECT * FROM bench.page_in ORDER BY page LOOP
        began := clock_timestamp();
        PERFORM kefu.ingest('sina.gd', 'mentions', p.payload);
        COMMIT;
        seconds := seconds + extract(epoch FROM clock_timestamp() - began);
        a := b;
        b := bench.marks();
        INSERT INTO bench.bounds VALUES (p.page, int8range(a[1] + 1, b[1], '[]'),
            int8range(a[2] + 1, b[2], '[]'), int8range(a[3] + 1, b[3], '[]'),
            int8range(a[4] + 1, b[4], '[]'), int8range(a[5] + 1, b[5], '[]'),
            int8range(a[6] + 1, b[6], '[]'), int8range(a[7] + 1, b[7], '[]'));
    END LOOP;
END $$;
CREATE TABLE bench.part (seq integer PRIMARY KEY, name text, key text, range text);
INSERT INTO bench.part VALUES (1, 'person', 'person_id', 'of_person'),
    (2, 'identity', 'identity_id', 'of_identity'), (3, 'ticket', 'ticket_id', 'of_ticket'),
    (4, 'message', 'message_id', 'of_message'), (5, 'round', 'ticket_id', 'of_ticket'),
    (6, 'clock', 'clock_id', 'of_clock'), (7, 'audit_event', 'event_id', 'of_event'),
    (8, 'seen_item', 'message_id', 'of_message'), (9, 'sighting', 'message_id', 'of_message'),
    (10, 'raw_payload', 'raw_id', 'of_raw');
CREATE PROCEDURE bench.export(folder text) LANGUAGE plpgsql AS
$$
DECLARE
    b bench.bounds;
    part bench.part;
    range int8range;
BEGIN
    -- seen_item has no index on message_id.
    CREATE TEMP TABLE seen_item AS SELECT s.* FROM kefu.seen_item s
        WHERE s.message_id >= (SELECT min(lower(of_message)) FROM bench.bounds);
    FOR b IN SELECT * FROM bench.bounds LOOP
        FOR part IN SELECT * FROM bench.part LOOP
            range := (to_jsonb(b) ->> part.range)::int8range;
            EXECUTE format('COPY (SELECT * FROM %s.%I WHERE %I >= %s AND %I < %s) TO %L',
                           CASE part.name WHEN 'seen_item' THEN 'pg_temp' ELSE 'kefu' END,
                           part.name, part.key, lower(range), part.key, upper(range),
                           folder || '/' || b.page || '.' || part.name);
        END LOOP;
    END LOOP;
    DROP TABLE pg_temp.seen_item;
END $$;
CREATE PROCEDURE bench.ingest_copy(folder text, INOUT seconds double precision) LANGUAGE plpgsql AS
$$
DECLARE
    p record;
    part bench.part;
    began timestamptz;
BEGIN
    FOR p IN SELECT page FROM bench.page_in ORDER BY page LOOP
        began := clock_timestamp();
        FOR part IN SELECT * FROM bench.part ORDER BY seq LOOP
            EXECUTE format('COPY bench.%I FROM %L', part.name, folder || '/' || p.page || '.' || part.name);
        END LOOP;
        COMMIT;
        seconds := seconds + extract(epoch FROM clock_timestamp() - began);
    END LOOP;
END $$;
GRANT SELECT, UPDATE, INSERT ON ALL TABLES IN SCHEMA bench TO bench_operator;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA bench TO bench_operator;
VACUUM ANALYZE;
