-- setup: a province's desk with its tickets, made through the API, and the
-- scratch schema bench.  Variables: tickets.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION pg_kefu;
SELECT count(*) FROM kefu.create_roles() \g /dev/null
CREATE ROLE bench_operator LOGIN;
GRANT kefu_operator TO bench_operator;
SELECT count(*) FROM kefu.load_preset('all') \g /dev/null
SELECT kefu.add_staff('bench_operator', 'gd', '林') \g /dev/null
SELECT kefu.grant_role('bench_operator', 'gd', 'operator') \g /dev/null
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('bench.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('sina.gd', 'sina', 'gd', '广东客服', '9001', 'bench.key');

CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO bench_operator;

-- One page of mentions, as the platform sends it: ids from..upto, each by an
-- author of its own.
CREATE FUNCTION bench.page(id_from bigint, id_to bigint, at timestamptz) RETURNS text
    LANGUAGE sql STABLE
RETURN (SELECT jsonb_build_object('statuses', jsonb_agg(jsonb_build_object(
            'idstr', n::text, 'mid', n::text,
            'text', '第' || n || '条: 宽带从昨天晚上开始一直连不上,打电话没有人接,请尽快处理。',
            'created_at', to_char(at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
            'user', jsonb_build_object('idstr', 'u' || n, 'screen_name', 'n' || n,
                                       'province', '44'))))::text
          FROM generate_series(id_from, id_to) AS n);

-- The open tickets; each page in a transaction of its own.
CREATE PROCEDURE bench.fill(tickets integer) LANGUAGE plpgsql AS
$$ BEGIN
    FOR p IN 1 .. tickets / 200 LOOP
        PERFORM kefu.ingest('sina.gd', 'mentions',
                            bench.page(1000000 + p * 200, 1000199 + p * 200, statement_timestamp()));
        COMMIT;
    END LOOP;
END $$;
CALL bench.fill(:tickets);
DO $$ BEGIN
    IF (SELECT count(*) < 200 FROM kefu.ticket) THEN
        RAISE EXCEPTION 'the desk has no tickets';
    END IF;
END $$;
VACUUM ANALYZE;
