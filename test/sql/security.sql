-- security: who sees what, tried from the catalog: R3-R8, R94, R111.
--
-- Nothing here is a list of functions, tables or views: the loops take what the
-- catalog has, so that what is added is tried too.  Each shows what broke the
-- rule, and how much was tried.  Logins of their own are in t/030_penetration.pl.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
\o /dev/null
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
SELECT FROM kefu.create_roles() \g /dev/null
SELECT FROM kefu.load_preset('all');
INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en)
VALUES ('gd.helper', 'gd', 'contractor', '某外包公司', 'a contractor'),
       ('qh.helper', 'qh', 'contractor', '另一外包公司', 'another contractor');

-- Logins, the group role each has, and where it stands on the desk.
CREATE TEMP TABLE who (login text PRIMARY KEY, granted text, unit text, role text, is_far boolean);
INSERT INTO who VALUES
    ('sec_operator', 'kefu_operator', 'gd', 'operator', false),
    ('sec_leader', 'kefu_leader', 'gd', 'leader', false),
    ('sec_reviewer', 'kefu_reviewer', 'group', 'reviewer', false),
    ('sec_admin', 'kefu_admin', 'gd', 'admin', false),
    ('sec_network', 'kefu_department', 'gd.network', 'department', false),
    ('sec_hotline', 'kefu_operator', 'gd.10000', 'hotline', true),
    ('sec_contractor', 'kefu_operator', 'gd.helper', 'operator', true),
    ('sec_market', 'kefu_department', 'gd.market', 'department', true),
    ('sec_far_operator', 'kefu_operator', 'qh', 'operator', true),
    ('sec_far_leader', 'kefu_leader', 'qh', 'leader', true),
    ('sec_far_admin', 'kefu_admin', 'qh', 'admin', true),
    ('sec_far_hotline', 'kefu_operator', 'qh.10000', 'hotline', true),
    ('sec_far_contractor', 'kefu_operator', 'qh.helper', 'operator', true),
    ('sec_far_analyst', 'kefu_analyst', 'qh', NULL, true),
    ('sec_analyst', 'kefu_analyst', NULL, NULL, true),
    ('sec_auditor', 'kefu_auditor', NULL, NULL, true),
    ('sec_crm', 'kefu_gateway', NULL, NULL, true),
    ('sec_clock', 'kefu_worker', NULL, NULL, false),
    ('sec_unregistered', 'kefu_operator', NULL, NULL, true),
    ('sec_nobody', NULL, NULL, NULL, true);
CREATE SCHEMA sec_mine;
GRANT ALL ON SCHEMA sec_mine TO PUBLIC;
DO $$
DECLARE
    w who;
BEGIN
    FOR w IN TABLE who LOOP
        EXECUTE format('CREATE ROLE %I', w.login);
        IF w.granted IS NOT NULL THEN
            EXECUTE format('GRANT %I TO %I', w.granted, w.login);
        END IF;
        IF w.role IS NOT NULL THEN
            PERFORM kefu.add_staff(w.login, w.unit, w.login);
            PERFORM kefu.grant_role(w.login, w.unit, w.role);
        ELSIF w.unit IS NOT NULL THEN
            PERFORM kefu.grant_reader(w.login, w.unit);
        END IF;
    END LOOP;
END $$;
-- Contractors and their people are qualified (R7); people.sql shows what else happens.
SELECT count(*) FROM (
    SELECT kefu.add_qualification(u.unit, '2026-01-01', '2027-01-01', 'file') FROM kefu.unit u WHERE u.kind = 'contractor'
    UNION ALL
    SELECT kefu.add_training(w.login, 'service', '2026-01-01', '2027-01-01', 'course') FROM who w WHERE w.unit LIKE '%.helper') AS q;
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('sec.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
VALUES ('sina.gd', 'sina', 'gd', '某省客服', '9001', 'sec.key'),
       ('sina.qh', 'sina', 'qh', '另一省客服', '9002', 'sec.key');
CREATE FUNCTION pg_temp.mention(id text, by text, text text, at timestamptz) RETURNS text
    LANGUAGE sql RETURN jsonb_build_object('statuses', jsonb_build_array(jsonb_build_object(
        'idstr', id, 'mid', id, 'text', text, 'created_at',
        to_char(at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
        'user', jsonb_build_object('idstr', by, 'screen_name', 'n' || by, 'province', '44'))))::text;

-- What a statement says to a login; what it did is undone.
CREATE FUNCTION pg_temp.said(login text, statement text) RETURNS text
    LANGUAGE plpgsql AS
$$
DECLARE
    code text;
    message text;
    detail text;
    hint text;
    found bigint;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', login);
    EXECUTE statement;
    GET DIAGNOSTICS found = ROW_COUNT;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = format('%s rows', found);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', code, message, detail, hint);
END $$;
-- What a view shows to a login: its rows as one digest.
CREATE FUNCTION pg_temp.seen(login text, relation regclass) RETURNS text
    LANGUAGE plpgsql AS
$$
DECLARE
    digest text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', login);
    EXECUTE format('SELECT count(*) || '' '' || coalesce(md5(string_agg(v::text, '' '' ORDER BY v::text)), '''') FROM %s v',
                   relation) INTO digest;
    RESET ROLE;
    RETURN digest;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN 'refused';
END $$;
CREATE TEMP TABLE before AS
    SELECT w.login, c.oid::regclass AS relation, pg_temp.seen(w.login, c.oid) AS digest
      FROM who w, pg_class c
     WHERE c.relnamespace = 'kefu_bi'::regnamespace AND c.relkind IN ('v', 'r', 'm');

-- The desk of Guangdong at work: a complaint with its department, an inquiry for 10000.
SELECT FROM kefu.ingest('sina.gd', 'mentions', pg_temp.mention('31', '501', '宽带断了三天 13800000000', '2026-03-02 08:50+08'));
SELECT max(message_id) AS m, max(ticket_id) AS t FROM kefu.message \gset
SELECT person_id AS p FROM kefu.ticket WHERE ticket_id = :t \gset
SELECT FROM kefu.ingest('sina.gd', 'mentions', pg_temp.mention('32', '502', '请问携号转网怎么办', '2026-03-02 08:58+08'));
SELECT max(message_id) AS m2, max(ticket_id) AS t2 FROM kefu.message \gset
SET LOCAL ROLE sec_operator;
SELECT FROM kefu.triage(:m, 'complaint', 1, 'broadband.fault');
SELECT FROM kefu.acknowledge(:t, 'gd.network', request_key => 'mine');
SELECT FROM kefu.contact_given(:t, '{"mobile": "13800000001"}', 'private message 77');
SELECT FROM kefu.triage(:m2, 'inquiry', 3);
RESET ROLE;
SELECT count(kefu.settle_speech(s.speech_id, '2026-03-02 09:05+08')) FROM kefu.speech s WHERE s.outcome IS NULL;
SET LOCAL ROLE sec_operator;
SELECT FROM kefu.refer(:t, 'gd.network', 'broadband.fault');
SELECT FROM kefu.defer(:t2, 'gd.market');
RESET ROLE;
SELECT max(order_id) AS o FROM kefu.work_order \gset
SELECT max(event_id) AS e FROM kefu.audit_event \gset
SET LOCAL ROLE sec_reviewer;
SELECT FROM kefu.order_event(:o, 'review');
SELECT FROM kefu.order_event(:o, 'dispatch', '{"department": "gd.network"}');
RESET ROLE;
-- A request of its department, become a post, approved and planned.
SET LOCAL ROLE sec_network;
SELECT FROM kefu.request_post('gd.network', 'notice', '今晚光缆割接通知', '2026-03-03 10:00+08');
RESET ROLE;
SELECT max(request_id) AS r FROM kefu.post_request \gset
SET LOCAL ROLE sec_reviewer;
SELECT FROM kefu.accept_request(:r);
RESET ROLE;
SELECT max(post_id) AS b FROM kefu.post \gset
SET LOCAL ROLE sec_operator;
SELECT FROM kefu.submit_post(:b);
SET LOCAL ROLE sec_reviewer;
SELECT FROM kefu.review_post(:b);
SET LOCAL ROLE sec_operator;
SELECT FROM kefu.schedule(:b, '{sina.gd}', '2026-03-03 10:00+08');
RESET ROLE;
SELECT max(placement_id) AS l FROM kefu.placement \gset
CREATE TEMP TABLE key (name text, here text, absent text);
INSERT INTO key VALUES
    ('ticket', :t, '987654321'), ('message', :m, '987654321'), ('work_order', :o, '987654321'),
    ('order', :o, '987654321'), ('post', :b, '987654321'), ('placement', :l, '987654321'),
    ('request', :r, '987654321'), ('person', :p, '987654321'), ('event_id', :e, '987654321'),
    ('id', :t, '987654321'), ('unit', 'gd', 'nowhere'), ('account', 'sina.gd', 'nowhere'),
    ('credential', 'sec.key', 'nowhere'), ('login', 'sec_operator', 'nowhere');
\o
\set ECHO all

-- A word for every argument, so that any function can be called: names that say
-- which object get the object of Guangdong, or one that isn't there.
CREATE FUNCTION pg_temp.call_of(p pg_proc, missing boolean) RETURNS text
    LANGUAGE sql AS
$$
    SELECT format('SELECT * FROM %s(%s)', p.oid::regproc, string_agg(
        CASE WHEN k.name IS NOT NULL AND t.typ::regtype IN ('bigint', 'text', 'integer')
             THEN quote_literal(CASE WHEN missing THEN k.absent ELSE k.here END)
             WHEN p.proargnames[t.place] IN ('version', 'request_key') THEN 'NULL'
             ELSE quote_literal(CASE t.typ::regtype::text
                 WHEN 'text' THEN CASE p.proargnames[t.place]
                     WHEN 'machine' THEN 'ticket' WHEN 'object_type' THEN 'ticket'
                     WHEN 'event' THEN 'note' WHEN 'role' THEN 'operator' ELSE 'answer' END
                 WHEN 'jsonb' THEN '{"text": "x", "reason": "x", "unit": "gd"}'
                 WHEN 'json' THEN '{}' WHEN 'boolean' THEN 'true'
                 WHEN 'timestamp with time zone' THEN '2026-03-03 09:00+08'
                 WHEN 'date' THEN '2026-03-03' WHEN 'interval' THEN '1 hour'
                 WHEN 'time without time zone' THEN '12:00'
                 WHEN 'tstzrange' THEN '[2026-03-03,2026-03-04)'
                 WHEN 'uuid' THEN '00000000-0000-0000-0000-000000000001'
                 WHEN 'bytea' THEN '\x00'
                 ELSE CASE WHEN t.typ::regtype::text LIKE '%[]' THEN '{}' ELSE '1' END END) END
             || '::' || t.typ::regtype, ', ' ORDER BY t.place))
      FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS t(typ, place)
      LEFT JOIN key k ON k.name = p.proargnames[t.place]
$$;
CREATE TEMP TABLE tried AS
    SELECT w.login, w.is_far, p.oid::regprocedure AS call,
           replace(pg_temp.said(w.login, pg_temp.call_of(p, false)), 'gd', 'nowhere') AS here,
           pg_temp.said(w.login, pg_temp.call_of(p, true)) AS absent
      FROM who w, pg_proc p
     WHERE p.pronamespace = 'kefu'::regnamespace AND p.prokind = 'f'
       AND p.prorettype <> 'trigger'::regtype
       AND EXISTS (SELECT FROM key k WHERE k.name = ANY (p.proargnames[1 : p.pronargs]));
-- To whom an object isn't visible, it isn't there: the same words, whatever is called.
SELECT login, call, here, absent FROM tried
 WHERE is_far AND regexp_replace(here, '[0-9]{2,}', '#', 'g') <> regexp_replace(absent, '[0-9]{2,}', '#', 'g')
 ORDER BY 1, 2::text;
-- The loop can tell: to whom it is visible the words differ.
SELECT login, count(*) > 10 AS told FROM tried WHERE here <> absent AND NOT is_far GROUP BY 1 HAVING count(*) > 3 ORDER BY 1;
SELECT count(DISTINCT call) > 80 AS many_calls FROM tried;
-- Nobody meets an internal error, and who has no role at all calls nothing.
SELECT DISTINCT call, here FROM tried WHERE here LIKE 'XX%' OR absent LIKE 'XX%' ORDER BY 1;
SELECT call, here FROM tried WHERE login = 'sec_nobody' AND here NOT LIKE '42501|%' ORDER BY 1;

-- Every event on a ticket, a message, a work order and a task of Guangdong.
CREATE TEMP TABLE event_tried AS
    SELECT w.login, w.is_far, o.object_type, o.id, e.event,
           pg_temp.said(w.login, format('SELECT kefu.advance(%L, %s, %L, %L)', o.object_type, o.id, e.event,
               '{"text": "x", "reason": "x", "staff": -1, "unit": "qh"}')) AS said,
           pg_temp.said(w.login, format('SELECT kefu.advance(%L, 987654321, %L, %L)', o.object_type, e.event,
               '{"text": "x", "reason": "x", "staff": -1, "unit": "qh"}')) AS absent
      FROM who w,
           (SELECT 'ticket' AS object_type, :t::bigint AS id UNION ALL SELECT 'message', :m
            UNION ALL SELECT 'work_order', :o UNION ALL SELECT 'post', :b
            UNION ALL SELECT 'placement', :l UNION ALL SELECT 'request', :r
            UNION ALL SELECT 'task', max(k.task_id) FROM kefu.task k WHERE k.unit = 'gd') AS o,
           kefu.event e
     WHERE o.id IS NOT NULL;
SELECT login, object_type, event, said FROM event_tried
 WHERE is_far AND said <> absent ORDER BY 1, 2, 3;
SELECT login, count(*) > 3 AS moved FROM event_tried WHERE said LIKE 'ZZ000%' GROUP BY 1 ORDER BY 1;

-- No table, no partition and no sequence but by the calls.
CREATE TEMP TABLE door AS
    SELECT w.login, c.oid::regclass AS relation, s.what,
           pg_temp.said(w.login, format(s.statement, c.oid::regclass,
               (SELECT quote_ident(a.attname) FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attidentity = '' LIMIT 1))) AS said
      FROM who w, pg_class c,
           (VALUES ('r', 'select', 'SELECT FROM %1$s'), ('r', 'insert', 'INSERT INTO %1$s DEFAULT VALUES'),
                   ('r', 'update', 'UPDATE %1$s SET %2$s = NULL'), ('r', 'delete', 'DELETE FROM %1$s'),
                   ('r', 'truncate', 'TRUNCATE %1$s CASCADE'), ('r', 'lock', 'LOCK TABLE %1$s'),
                   ('r', 'row lock', 'SELECT FROM %1$s FOR UPDATE'),
                   ('r', 'trigger', 'CREATE TRIGGER x BEFORE UPDATE ON %1$s EXECUTE FUNCTION suppress_redundant_updates_trigger()'),
                   ('r', 'reference', 'CREATE TABLE sec_mine.t (x bigint REFERENCES %1$s)'),
                   ('r', 'alter', 'ALTER TABLE %1$s DISABLE TRIGGER ALL'),
                   ('S', 'nextval', 'SELECT nextval(''%1$s'')'), ('S', 'currval', 'SELECT currval(''%1$s'')'),
                   ('S', 'setval', 'SELECT setval(''%1$s'', 1)'), ('S', 'select', 'SELECT last_value FROM %1$s')
           ) AS s(kind, what, statement)
     WHERE c.relnamespace = 'kefu'::regnamespace
       AND s.kind = CASE WHEN c.relkind = 'p' THEN 'r' ELSE c.relkind::text END;
SELECT relation, what, string_agg(DISTINCT said, ' / ') AS said, count(*) AS logins FROM door
 WHERE said NOT LIKE '42501|%'
   -- What has no key is refused before anybody asks for rights.
   AND NOT (what = 'reference' AND said LIKE '42704|there is no primary key%') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) > 5000 AS many_doors FROM door;

-- What Guangdong did since is in no view of anybody else's.
CREATE TEMP TABLE after AS
    SELECT b.login, b.relation, b.digest AS before, pg_temp.seen(b.login, b.relation) AS digest FROM before b;
SELECT a.relation, string_agg(a.login, ' ' ORDER BY a.login) AS changed_for
  FROM after a JOIN who w USING (login) WHERE w.is_far AND a.digest <> a.before GROUP BY 1 ORDER BY 1;
SELECT a.login, count(*) > 4 AS saw FROM after a WHERE a.digest <> a.before GROUP BY 1 ORDER BY 1;
-- An unregistered analyst sees no rows of any unit.
SELECT count(*) FILTER (WHERE a.digest = 'refused') AS refused, count(*) > 10 AS views
  FROM after a WHERE a.login = 'sec_analyst';

-- A contractor works on what it was given, sees that and nothing else of the
-- province, and only while it is the handler (R7).
SELECT staff_id AS helper FROM kefu.staff WHERE login = 'sec_contractor' \gset
SELECT staff_id AS far_helper FROM kefu.staff WHERE login = 'sec_far_contractor' \gset
SET LOCAL ROLE sec_contractor;
SELECT kefu.my_units(), kefu.my_tickets();
SELECT count(*) FROM kefu.worklist('gd.helper');
SELECT kefu.worklist('gd');
SELECT kefu.take(:t);
SET LOCAL ROLE sec_leader;
\set VERBOSITY sqlstate
SELECT kefu.assign(:t, :far_helper);
\set VERBOSITY default
SELECT state FROM kefu.assign(:t, :helper);
SET LOCAL ROLE sec_contractor;
SELECT kefu.my_units(), cardinality(kefu.my_tickets()) AS tickets;
SELECT object_type, of_unit, machine, state, text FROM kefu.worklist('gd.helper');
SELECT kefu.card(:t) -> 'person' -> 'contact' AS contact;
SELECT kefu.card(:t2);
SELECT count(*) AS tickets, count(*) FILTER (WHERE ticket_id = :t) AS this FROM kefu_bi.tickets;
SELECT count(*) AS rounds FROM kefu_bi.rounds;
SELECT count(*) > 0 AS clocks, count(*) FILTER (WHERE ticket_id <> :t) AS others FROM kefu_bi.clocks;
SELECT count(*) AS messages, count(*) FILTER (WHERE ticket_id <> :t) AS others FROM kefu_bi.messages;
SELECT count(*) FILTER (WHERE ticket_id = :t) AS this, count(*) FILTER (WHERE ticket_id <> :t) AS others FROM kefu_bi.complaint_log;
SELECT count(*) > 0 AS time_split, count(*) FILTER (WHERE ticket_id <> :t) AS others FROM kefu_bi.time_split;
SELECT state FROM kefu.note(:t, 'looked at it');
SELECT kefu.note(:t2, 'not mine');
-- What is lent is the operator's role, not the leader's.
SELECT kefu.assign(:t, :helper);
SELECT state FROM kefu.release(:t);
SELECT kefu.note(:t, 'no more');
SELECT kefu.my_tickets();
SELECT (SELECT count(*) FROM kefu_bi.clocks) AS clocks, (SELECT count(*) FROM kefu_bi.messages) AS messages,
       (SELECT count(*) FROM kefu_bi.complaint_log) AS complaints, (SELECT count(*) FROM kefu_bi.time_split) AS time_split;
-- A task and a message are given in the same way.
RESET ROLE;
SELECT kefu.open_task('gd', 'other', 'house', '2026-03-03 09:00+08', :t) AS k \gset
SET LOCAL ROLE sec_contractor;
SELECT kefu.advance('task', :k, 'take');
SET LOCAL ROLE sec_leader;
SELECT (kefu.advance('task', :k, 'assign', jsonb_build_object('staff', :helper))).state;
SET LOCAL ROLE sec_contractor;
SELECT object_type, of_unit FROM kefu.worklist('gd.helper');
SELECT state FROM kefu.task_done(:k, 'seen');
SELECT kefu.card(:t);
-- A role that ended gives nothing any more, whoever is the handler.
SET LOCAL ROLE sec_leader;
SELECT state FROM kefu.assign(:t, :helper);
RESET ROLE;
SELECT kefu.revoke_role('sec_contractor', 'gd.helper', 'operator');
SET LOCAL kefu.test_now = '2026-03-02 09:01+08';
SET LOCAL ROLE sec_contractor;
SELECT kefu.my_units(), kefu.my_tickets();
SELECT kefu.note(:t, 'no more');
SELECT count(*) FROM kefu_bi.tickets;
RESET ROLE;

-- 10000 sees the tickets it has to call for, until it has called (R93).
SET LOCAL ROLE sec_hotline;
SELECT kefu.my_units(), kefu.my_tickets();
SELECT kefu.called(:t2, 'reached');
SET LOCAL ROLE sec_operator;
SELECT state FROM kefu.call_back(:t2);
SET LOCAL ROLE sec_hotline;
SELECT object_type, of_unit, machine FROM kefu.worklist('gd.10000') ORDER BY 1;
SELECT kefu.card(:t2) -> 'kind' AS kind, kefu.my_tickets() = ARRAY[:t2::bigint] AS this_one;
SELECT count(*) FROM kefu_bi.tickets;
SELECT kefu.card(:t);
SELECT kefu.answer(:t, 'x');
SET LOCAL ROLE sec_far_hotline;
SELECT kefu.card(:t2);
SET LOCAL ROLE sec_hotline;
SELECT state FROM kefu.called(:t2, 'reached');
SELECT kefu.card(:t2);
SELECT kefu.my_tickets();

-- A department reads its work orders, and of the ticket what it needs (R94).
SET LOCAL ROLE sec_network;
SELECT kefu.card(:t) - 'ticket' - 'thread' AS card, kefu.card(:t) -> 'thread' -> 0 ->> 'text' AS words;
SELECT kefu.card(:t2);
SELECT kefu.preview('complaint_acknowledge', :t);
SELECT object_type, of_unit, text FROM kefu.worklist('gd.network');
SELECT count(*) FROM kefu_bi.tickets;
SET LOCAL ROLE sec_market;
SELECT kefu.card(:t);
RESET ROLE;

-- A second object in a call is looked at like the first: one's own message or
-- ticket is no way to another unit's.
SELECT FROM kefu.ingest('sina.qh', 'mentions', pg_temp.mention('33', '503', '请问资费', '2026-03-02 08:59+08'));
SELECT max(message_id) AS mq, max(ticket_id) AS tq FROM kefu.message \gset
CREATE FUNCTION pg_temp.tried_both(statement text, here bigint) RETURNS TABLE (here text, absent text)
    LANGUAGE sql AS
$$ SELECT pg_temp.said('sec_far_operator', format(statement, here)),
          pg_temp.said('sec_far_operator', format(statement, 987654321)) $$;
SELECT c.call, split_part(b.here, '|', 1) AS here, regexp_replace(b.here, '[0-9]{2,}', '#', 'g') = regexp_replace(b.absent, '[0-9]{2,}', '#', 'g') AS same
  FROM (VALUES ('attach', format('SELECT kefu.attach(%s, %%s, ''objection'')', :mq), :t::bigint),
               ('merge_ticket', format('SELECT kefu.merge_ticket(%s, %%s, ''x'')', :tq), :t),
               ('merge_ticket back', format('SELECT kefu.merge_ticket(%%s, %s, ''x'')', :tq), :t),
               ('convert', format('SELECT kefu.convert(%s, %%s, ''x'')', :tq), :t),
               ('urge', format('SELECT kefu.urge(%s, %%s)', :tq), :m),
               ('task for a ticket', 'SELECT kefu.create_object(''task'', ''open'', jsonb_build_object(''unit'', ''qh'', ''cause'', ''other'', ''due_at'', ''2026-03-03'', ''ticket'', %s))', :t),
               ('task for a message', 'SELECT kefu.create_object(''task'', ''open'', jsonb_build_object(''unit'', ''qh'', ''cause'', ''other'', ''due_at'', ''2026-03-03'', ''message'', %s))', :m),
               ('order for a ticket', 'SELECT kefu.create_object(''work_order'', ''create'', jsonb_build_object(''unit'', ''qh'', ''ticket'', %s, ''department'', ''qh.network'', ''category'', ''x'', ''reply_by'', ''2026-03-03''))', :t),
               ('ticket of a message', 'SELECT kefu.create_object(''inquiry'', ''open'', jsonb_build_object(''unit'', ''qh'', ''message'', %s))', :m)
       ) AS c(call, statement, foreign_id), pg_temp.tried_both(c.statement, c.foreign_id) AS b;

-- A request key is the person's own: another's outcome is not told (R8).
SET LOCAL ROLE sec_far_operator;
SELECT kefu.acknowledge(:t, 'gd.network', request_key => 'mine');
SET LOCAL ROLE sec_leader;
SELECT kefu.acknowledge(:t, 'gd.network', request_key => 'mine');
RESET ROLE;

-- The units are worked out before the first row, and the barrier lets a day or a
-- unit that is asked for through to the indexes: a large desk isn't walked.
INSERT INTO kefu.ticket (kind, state, unit, received_unit, home_unit, posted_at, round_posted_at, opened_at, first_kind)
SELECT 'inquiry', 'new', u.unit, u.unit, u.unit, i.at, i.at, i.at, 'inquiry'
  FROM (SELECT unit FROM kefu.unit WHERE kind = 'province' AND unit <> 'qh' ORDER BY unit LIMIT 20) AS u,
       generate_series(timestamptz '2026-01-01 00:00+08', '2026-01-20 00:00+08', '1 hour') AS i(at);
ANALYZE kefu.ticket;
CREATE FUNCTION pg_temp.plan_of(login text, query text, OUT init_plans bigint, OUT walks_tickets boolean, OUT by_index boolean)
    LANGUAGE plpgsql AS
$$
DECLARE
    line text;
    plan text := '';
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', login);
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RESET ROLE;
    init_plans := (SELECT count(*) FROM regexp_matches(plan, '^ *InitPlan [0-9]', 'gn'));
    walks_tickets := plan ~ 'Seq Scan on ticket';
    by_index := plan ~ '(Scan using|Bitmap Index Scan on) ticket_(posted|handling|received|home|person)';
END $$;
SELECT v.name, w.asked, p.*
  FROM (VALUES ('tickets'), ('complaint_log')) AS v(name),
       (VALUES ('posted_at BETWEEN ''2026-01-05 09:00+08'' AND ''2026-01-05 12:00+08'''),
               ('unit = ''qh'''), ('received_unit = ''qh''')) AS w(asked),
       pg_temp.plan_of('sec_far_analyst', format('SELECT count(*) FROM kefu_bi.%I WHERE %s', v.name, w.asked)) AS p;
ROLLBACK;
