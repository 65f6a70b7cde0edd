-- grow: the desk after years: open tickets with their rounds and promises, the
-- audit trail and the seen items many times over.  Variables: tickets (there are
-- now), grown, events.
--
-- Copies of what is there under other numbers, written past all triggers: their
-- chains don't verify, but an event is appended to each as to any other. Events are
-- of the last 13 months, a month a partition as the job makes them. In one table,
-- copied and vacuumed, each page would have room for one small row, and every new
-- event would go to another page of the past.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
SET session_replication_role = replica;

-- Copies the rows of a table so many times; the columns of shifts get copy times
-- their number added, or, being text, the copy's number appended; an instant goes up
-- to their number of months back.
CREATE PROCEDURE bench.copy_rows(name text, condition text, shifts jsonb, copies integer)
    LANGUAGE plpgsql AS
$$ BEGIN
    EXECUTE format('INSERT INTO kefu.%1$I OVERRIDING SYSTEM VALUE SELECT %2$s FROM kefu.%1$I, generate_series(1, %3$s) AS copy WHERE %4$s',
        name,
        (SELECT string_agg(CASE WHEN NOT shifts ? a.attname THEN quote_ident(a.attname)
                                WHEN a.atttypid = 'text'::regtype THEN format('%I || ''.'' || copy', a.attname)
                                WHEN a.atttypid = 'timestamptz'::regtype THEN
                                    format('%I - copy %% %s * interval ''1 month''', a.attname, 1 + (shifts ->> a.attname)::integer)
                                ELSE format('%I + copy::bigint * %s', a.attname, shifts ->> a.attname) END, ', ' ORDER BY a.attnum)
           FROM pg_attribute a
          WHERE a.attrelid = format('kefu.%I', name)::regclass AND a.attnum > 0 AND NOT a.attisdropped),
        copies, condition);
END $$;
SELECT :grown / :tickets - 1 AS copies,
       (SELECT :events / count(*) FROM kefu.audit_event WHERE object_type = 'ticket') AS event_copies,
       (SELECT :events / count(*) FROM kefu.seen_item) AS seen_copies \gset
SELECT kefu.make_partition('audit_event', m::date)
  FROM generate_series(date_trunc('month', now()) - interval '13 months', date_trunc('month', now()) - interval '1 month', interval '1 month') AS m \g /dev/null
CALL bench.copy_rows('audit_event', $$object_type = 'ticket'$$,
                     jsonb_build_object('event_id', 1000000000000, 'object_id', :tickets, 'at', 12), :event_copies);
CALL bench.copy_rows('seen_item', 'true', '{"native_id": 0}', :seen_copies);
CALL bench.copy_rows('ticket', 'true', jsonb_build_object('ticket_id', :tickets), :copies);
CALL bench.copy_rows('round', 'true', jsonb_build_object('ticket_id', :tickets), :copies);
CALL bench.copy_rows('clock', $$object_type = 'ticket'$$,
                     jsonb_build_object('clock_id', 1000000000, 'object_id', :tickets), :copies);
RESET session_replication_role;
VACUUM ANALYZE;
