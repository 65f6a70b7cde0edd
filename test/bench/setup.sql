-- setup: a province's desk with its tickets, made through the API, and the
-- scratch schema bench.  Variables: tickets.
--
-- Everything a real desk has is switched on: every preset, a contractor whose
-- operator does the work and is qualified for it, leaders, reviewer,
-- departments and hotline, all of them on shift, a gateway, readers, and a
-- system that is told by HTTP.  Customers' texts have matters, risk words and
-- numbers to call back in them.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION pg_kefu;
SELECT count(*) FROM kefu.create_roles() \g /dev/null
SELECT count(*) FROM kefu.load_preset('all') \g /dev/null
INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en)
    VALUES ('gd.helper', 'gd', 'contractor', '某外包公司', 'a contractor');

CREATE TEMP TABLE people (login text, unit text, at_unit text, role text, member text);
GRANT SELECT ON people TO PUBLIC;
INSERT INTO people
VALUES ('bench_operator', 'gd.helper', 'gd', 'operator', 'kefu_operator'),
       ('bench_second', 'gd', 'gd', 'operator', 'kefu_operator'),
       ('bench_leader', 'gd', 'gd', 'leader', 'kefu_leader'),
       ('bench_hotline', 'gd.10000', 'gd.10000', 'hotline', 'kefu_operator'),
       ('bench_network', 'gd.network', 'gd.network', 'department', 'kefu_department'),
       ('bench_market', 'gd.market', 'gd.market', 'department', 'kefu_department'),
       ('bench_reviewer', 'group', 'group', 'reviewer', 'kefu_reviewer'),
       ('bench_group', 'group', 'group', 'leader', 'kefu_leader'),
       ('bench_admin', 'group', 'group', 'admin', 'kefu_admin'),
       ('bench_far', 'qh', 'qh', 'operator', 'kefu_operator');
-- Another desk of the same server may have made them.
SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', p.login, p.member)
  FROM (SELECT login, member FROM people
        UNION ALL VALUES ('bench_gateway', 'kefu_gateway'), ('bench_analyst', 'kefu_analyst')) AS p
 WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = p.login) \gexec
SELECT kefu.add_staff(login, unit, login) FROM people \g /dev/null
SELECT kefu.grant_role(login, at_unit, role) FROM people \g /dev/null
SELECT kefu.add_gateway('bench_gateway', 'gd') \g /dev/null
SELECT kefu.grant_reader('bench_analyst', 'group') \g /dev/null
SET SESSION AUTHORIZATION bench_leader;
SELECT kefu.add_qualification('gd.helper', now() - interval '1 day', now() + interval '1 year', 'bench') \g /dev/null
SELECT kefu.add_training('bench_operator', 'service', now() - interval '1 day', now() + interval '1 year', 'bench') \g /dev/null
SET SESSION AUTHORIZATION bench_admin;
SELECT kefu.add_credential('bench.key', 'sina', 'token') \g /dev/null
SELECT kefu.add_account('sina.gd', 'sina', 'gd', '广东客服', '9001', 'bench.key') \g /dev/null
SELECT kefu.add_subscriber('crm', 'gd', 'https://crm.example/hook', 'json',
                           '{ticket_opened,escalation,state_change}') \g /dev/null
SELECT kefu.add_shift(login, at_unit, role, now() - interval '1 hour', now() + interval '1 day')
  FROM people WHERE role <> 'admin' \g /dev/null
RESET SESSION AUTHORIZATION;

CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO bench_operator;
\ir text.sql

-- One page of mentions, as the platform sends it: ids from..upto, each by an
-- author of its own.
CREATE FUNCTION bench.page(id_from bigint, id_to bigint, at timestamptz) RETURNS text
    LANGUAGE sql STABLE
RETURN (SELECT jsonb_build_object('statuses', jsonb_agg(jsonb_build_object(
            'idstr', n::text, 'mid', n::text,
            'text', (bench.said(n)).text,
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
