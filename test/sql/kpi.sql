-- kpi: every KPI against a slow query written from its definition; midnights,
-- month ends, make-up workdays, provinces without a ticket, reopened tickets;
-- who reads what; medians from histograms; what late changes do to sums that
-- were made before (R1, R4, R91, R108, R112, R114, R120, R134, rulings 1, 18, 22, 24, 25).
--
-- Everything happens in one transaction that is rolled back. A quarter of 31
-- provinces is written past the engine, by numbers that are the same each
-- time; what the engine does is counted in property and in the isolation tests.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-04-01 00:00+08';
SELECT kefu.create_roles() \g /dev/null
CREATE ROLE kpi_gd; CREATE ROLE kpi_all; CREATE ROLE kpi_nobody;
GRANT kefu_analyst TO kpi_gd, kpi_all, kpi_nobody;
SELECT kefu.load_preset('all') \g /dev/null
SELECT kefu.grant_reader('kpi_gd', 'gd'), kefu.grant_reader('kpi_all', 'group') \g /dev/null
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('kpi.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
VALUES ('kpi.gd', 'sina', 'gd', '中国电信广东客服', '9001', 'kpi.key');
INSERT INTO kefu.person (created_at) VALUES ('2026-01-01') RETURNING person_id \gset
-- A number from 0 to below 1 that hangs on two others alone.
CREATE FUNCTION pg_temp.chance(a bigint, b integer) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS $$ SELECT (hashint8extended(a, b) & 1048575) / 1048576.0 $$;
-- Complaints of a province as in 2008Q1, 青海 1 against 广东 285; none in 海南 here.
CREATE TEMP TABLE weight (unit text PRIMARY KEY, weight integer NOT NULL);
INSERT INTO weight VALUES ('gd', 285), ('sd', 136), ('bj', 130), ('he', 109), ('ha', 100), ('sn', 87), ('hl', 78), ('js', 78),
    ('ln', 63), ('jl', 59), ('zj', 55), ('fj', 53), ('hb', 50), ('sc', 49), ('cq', 39), ('sh', 31), ('hn', 28), ('gx', 28),
    ('sx', 24), ('nm', 22), ('ah', 22), ('tj', 21), ('jx', 17), ('gz', 14), ('yn', 10), ('gs', 9), ('xj', 8), ('xz', 4), ('nx', 3), ('qh', 1);
CREATE TEMP TABLE plan AS
SELECT p.*, (ARRAY['inquiry', 'complaint', 'complaint', 'negative', 'praise'])[1 + floor(5 * pg_temp.chance(p.n, 1))::integer] AS kind,
       -- Half an hour around every midnight and month end gets its share.
       CASE WHEN pg_temp.chance(p.n, 2) < 0.2
            THEN date_trunc('day', p.day) + ((pg_temp.chance(p.n, 3) - 0.5) * 3600)::integer * interval '1 second'
            ELSE p.day + (pg_temp.chance(p.n, 4) * 86399)::integer * interval '1 second' END AT TIME ZONE 'Asia/Shanghai' AS posted_at
  FROM (SELECT row_number() OVER (ORDER BY w.unit, i) AS n, w.unit,
               timestamp '2026-01-01' + floor(90 * pg_temp.chance(row_number() OVER (ORDER BY w.unit, i), 0)) * interval '1 day' AS day
          FROM weight w, generate_series(1, w.weight) AS i) AS p;
INSERT INTO kefu.ticket (ticket_id, kind, state, unit, received_unit, account, person_id, is_provisional, level, posted_at,
                         round_posted_at, round, opened_at, first_response_at, answered_at, resolved_at, archived_at,
                         satisfaction, urge_count, first_kind) OVERRIDING SYSTEM VALUE
SELECT 900000 + p.n, p.kind, CASE WHEN pg_temp.chance(p.n, 5) < 0.03 THEN 'dropped' ELSE 'archived' END, p.unit, p.unit,
       CASE WHEN p.unit = 'gd' AND pg_temp.chance(p.n, 6) < 0.5 THEN 'kpi.gd' END, :person_id, pg_temp.chance(p.n, 7) < 0.05,
       floor(pg_temp.chance(p.n, 8) * 1.2), p.posted_at, p.posted_at, 1 + floor(pg_temp.chance(p.n, 9) * 1.4), p.posted_at + interval '3 minutes',
       CASE WHEN pg_temp.chance(p.n, 10) < 0.95 THEN p.posted_at + (pg_temp.chance(p.n, 11) * pg_temp.chance(p.n, 12) * 20000)::integer * interval '1 second' END,
       NULL, CASE WHEN pg_temp.chance(p.n, 13) < 0.8 THEN p.posted_at + interval '2 days' END,
       CASE WHEN pg_temp.chance(p.n, 14) < 0.7 THEN p.posted_at + (pg_temp.chance(p.n, 14) * 1000000)::integer * interval '1 second' END,
       (ARRAY['not_asked', 'no_reply', 'satisfied', 'satisfied', 'dissatisfied'])[1 + floor(5 * pg_temp.chance(p.n, 15))::integer],
       floor(pg_temp.chance(p.n, 16) * 2.5), p.kind
  FROM plan p;
-- As a repair would.
SET LOCAL session_replication_role = replica;
UPDATE kefu.ticket t SET repeat_of = t.ticket_id - 1
 WHERE t.ticket_id > 900000 AND pg_temp.chance(t.ticket_id, 17) < 0.1
   AND EXISTS (SELECT FROM kefu.ticket e WHERE e.ticket_id = t.ticket_id - 1);
UPDATE kefu.ticket t SET merged_into = t.ticket_id - 1
 WHERE t.ticket_id > 900000 AND pg_temp.chance(t.ticket_id, 18) < 0.02
   AND EXISTS (SELECT FROM kefu.ticket e WHERE e.ticket_id = t.ticket_id - 1);
RESET session_replication_role;
INSERT INTO kefu.round (ticket_id, round, posted_at, opened_at, answered_at)
SELECT t.ticket_id, r, t.posted_at + (r - 1) * interval '3 days', t.opened_at + (r - 1) * interval '3 days',
       CASE WHEN pg_temp.chance(t.ticket_id * 7 + r, 19) < 0.9
            THEN t.posted_at + (r - 1) * interval '3 days' + (pg_temp.chance(t.ticket_id * 7 + r, 20) * 200000)::integer * interval '1 second' END
  FROM kefu.ticket t, generate_series(1, t.round) AS r
 WHERE t.ticket_id > 900000;
SELECT p.policy_id FROM kefu.clock_policy p WHERE p.clock = 'answer' AND p.unit = 'group' ORDER BY p.valid_from LIMIT 1 \gset
INSERT INTO kefu.clock (object_type, object_id, clock, round, unit, policy_id, started_at, due_at, due_desk_at, stopped_at, outcome)
SELECT 'ticket', c.ticket_id, c.clock, c.round, c.unit, :policy_id, c.started_at, c.due_at, c.desk_at, c.stopped_at,
       CASE WHEN pg_temp.chance(c.key, 21) < 0.04 THEN 'void' WHEN c.stopped_at IS NULL THEN NULL
            WHEN c.stopped_at <= c.due_at THEN 'kept' ELSE 'late' END
  FROM (SELECT t.*, k.*, t.posted_at + (t.round - 1) * interval '3 days' AS started_at,
               t.ticket_id * 10 + length(k.clock) AS key,
               t.posted_at + (t.round - 1) * interval '3 days' + k.target AS due_at,
               CASE WHEN t.unit <> 'xz' THEN kefu.add_working_time('cn-duty', t.posted_at + (t.round - 1) * interval '3 days', k.target) END AS desk_at,
               CASE WHEN pg_temp.chance(t.ticket_id * 10 + length(k.clock), 21) < 0.04 OR pg_temp.chance(t.ticket_id * 10 + length(k.clock), 22) < 0.93
                    THEN t.posted_at + (t.round - 1) * interval '3 days' + k.target * (1.2 * pg_temp.chance(t.ticket_id * 10 + length(k.clock), 23)) END AS stopped_at
          FROM kefu.ticket t
          JOIN (VALUES ('inquiry', 'inquiry_ack', interval '2 hours'), ('inquiry', 'answer', '48 hours'), ('complaint', 'complaint_ack', '30 minutes'),
                       ('complaint', 'answer', '48 hours'), ('complaint', 'call_back', '48 hours'), ('negative', 'negative_reply', '2 hours'),
                       ('negative', 'call_back', '48 hours'), ('praise', 'thank', '24 hours'), ('complaint', 'seen', '30 minutes')) AS k(of, clock, target)
            ON k.of = t.kind
         WHERE t.ticket_id > 900000) AS c;
-- One of every third complaint has an order of its department, with its dispatches.
INSERT INTO kefu.work_order (order_id, state, unit, desk_unit, ticket_id, department, reply_by, needs_reviews, rework_count, created_at, closed_at) OVERRIDING SYSTEM VALUE
SELECT t.ticket_id, CASE WHEN pg_temp.chance(t.ticket_id, 30) < 0.05 THEN 'cancelled' WHEN pg_temp.chance(t.ticket_id, 30) < 0.9 THEN 'closed' ELSE 'handling' END,
       t.unit || '.network', t.unit, t.ticket_id, t.unit || '.network', t.posted_at + interval '40 hours', true, floor(pg_temp.chance(t.ticket_id, 31) * 1.3),
       t.opened_at, CASE WHEN pg_temp.chance(t.ticket_id, 30) < 0.9 THEN t.opened_at + (pg_temp.chance(t.ticket_id, 32) * 260000)::integer * interval '1 second' END
  FROM kefu.ticket t WHERE t.ticket_id > 900000 AND t.kind = 'complaint' AND t.ticket_id % 3 = 0;
INSERT INTO kefu.clock (object_type, object_id, clock, round, unit, policy_id, started_at, due_at, stopped_at, outcome)
SELECT 'work_order', o.order_id, 'order_limit', r, o.unit, :policy_id, o.created_at, o.created_at + r * interval '40 hours', o.closed_at,
       CASE WHEN o.closed_at IS NULL THEN NULL WHEN o.closed_at <= o.created_at + r * interval '40 hours' THEN 'kept' ELSE 'late' END
  FROM kefu.work_order o, generate_series(1, 1 + o.rework_count) AS r WHERE o.order_id > 900000;
INSERT INTO kefu.audit_event (event_id, object_type, object_id, seq, at, machine, event, to_state, version, flags, incarnation, xid, facts, form, hash)
SELECT nextval('kefu.audit_event_id_seq'), 'work_order', o.order_id, s.seq, o.created_at + s.seq * interval '1 hour', 'work_order', s.event, 'x', 1, 0, 0, 0,
       jsonb_build_object('department', o.desk_unit || s.dept), 1, ''
  FROM kefu.work_order o
  JOIN (VALUES (0, 1, 'dispatch', '.network'), (1, 2, 'bounce', '.network'), (1, 3, 'dispatch', '.billing'), (2, 2, 'redispatch', '.market')) AS s(variant, seq, event, dept)
    ON s.variant = 0 OR s.variant = o.order_id % 4
 WHERE o.order_id > 900000;
INSERT INTO kefu.message (message_id, state, unit, platform, account, action, item_type, native_id, posted_at, seen_at, is_live, to_us) OVERRIDING SYSTEM VALUE
SELECT 900000 + n, 'ticketed', 'gd', 'sina', 'kpi.gd', 'mentions', 'status', 'kpi' || n, '2026-03-01', '2026-03-01', true, true FROM generate_series(1, 40) AS n;
INSERT INTO kefu.opinion (opinion_id, state, unit, desk_unit, message_id, person_id, posted_at, item, recorded_at) OVERRIDING SYSTEM VALUE
SELECT m.message_id, 'screened', 'gd', 'gd', m.message_id, :person_id, '2026-03-01', 'service', '2026-03-01' FROM kefu.message m WHERE m.message_id > 900000;
INSERT INTO kefu.post (post_id, state, unit, kind, made_at, text) OVERRIDING SYSTEM VALUE
SELECT 900000 + n, 'draft', CASE WHEN n % 2 = 0 THEN 'gd' ELSE 'bj' END, 'service', '2026-02-01', 'text' FROM generate_series(1, 30) AS n;
INSERT INTO kefu.clock (object_type, object_id, clock, unit, policy_id, started_at, due_at, stopped_at, outcome)
SELECT x.object_type, x.id, x.clock, x.unit, :policy_id, '2026-02-20', x.due_at, CASE WHEN x.id % 5 > 0 THEN x.due_at + (x.id % 3 - 1) * interval '1 hour' END,
       CASE WHEN x.id % 5 > 0 THEN CASE WHEN x.id % 7 = 0 THEN 'void' WHEN x.id % 3 < 2 THEN 'kept' ELSE 'late' END END
  FROM (SELECT 'opinion' AS object_type, o.opinion_id AS id, o.unit, c.clock, timestamptz '2026-02-27 12:00+08' + (o.opinion_id - 900000) * interval '5 hours' AS due_at
          FROM kefu.opinion o, (VALUES ('opinion_screen'), ('opinion_feedback')) AS c(clock) WHERE o.opinion_id > 900000
        UNION ALL
        SELECT 'post', p.post_id, p.unit, 'post_review', timestamptz '2026-02-27 12:00+08' + (p.post_id - 900000) * interval '5 hours'
          FROM kefu.post p WHERE p.post_id > 900000) AS x;
ANALYZE;

-- --- the definitions once more, as slow queries -----------------------------------
-- cases, hits and total of a KPI for what lies between two instants and belongs to a unit.
CREATE FUNCTION pg_temp.promised(of_unit text, since timestamptz, until timestamptz, clocks text[], by_desk boolean,
                                 OUT cases bigint, OUT kept bigint, OUT stopped bigint) LANGUAGE plpgsql AS $$
DECLARE
    t kefu.ticket;
    c kefu.clock;
    due timestamptz;
BEGIN
    cases := 0; kept := 0; stopped := 0;
    FOR t IN SELECT * FROM kefu.ticket x WHERE x.unit = of_unit LOOP
        CONTINUE WHEN t.is_provisional OR t.merged_into IS NOT NULL OR t.state = 'dropped' OR t.state = 'merged';
        FOR c IN SELECT * FROM kefu.clock x WHERE x.object_type = 'ticket' AND x.object_id = t.ticket_id AND x.clock = ANY (clocks) LOOP
            CONTINUE WHEN c.outcome = 'void';
            CONTINUE WHEN c.clock = 'call_back' AND (SELECT count(*) FROM kefu.clock a WHERE a.object_type = 'ticket' AND a.object_id = t.ticket_id
                                                      AND a.round = c.round AND a.clock = 'answer' AND coalesce(a.outcome, '') <> 'void') > 0;
            due := CASE WHEN by_desk THEN c.due_desk_at ELSE c.due_at END;
            CONTINUE WHEN due IS NULL OR due < since OR due >= until OR due > kefu.now();
            cases := cases + 1;
            IF c.stopped_at IS NOT NULL THEN
                stopped := stopped + 1;
                IF c.stopped_at <= due THEN kept := kept + 1; END IF;
            END IF;
        END LOOP;
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.slow(k text, of_unit text, since timestamptz, until timestamptz, OUT cases bigint, OUT hits bigint, OUT total bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    responses CONSTANT text[] := '{inquiry_ack,complaint_ack,negative_reply,thank}';
    answers CONSTANT text[] := '{answer,call_back}';
BEGIN
    IF k IN ('response_in_time', 'response_desk_in_time', 'replied', 'negative_replied', 'answer_in_time', 'answer_desk_in_time') THEN
        SELECT p.cases, CASE WHEN k LIKE '%replied' THEN p.stopped ELSE p.kept END, 0 INTO cases, hits, total
          FROM pg_temp.promised(of_unit, since, until, CASE WHEN k = 'negative_replied' THEN '{negative_reply}' WHEN k LIKE 'answer%' THEN answers ELSE responses END,
                                k LIKE '%desk%') AS p;
    ELSIF k = 'non_voice_in_time' THEN
        SELECT count(*), count(*) FILTER (WHERE x.late = 0), 0 INTO cases, hits, total
          FROM (SELECT (SELECT max(c.due_at) FROM kefu.clock c WHERE c.object_type = 'ticket' AND c.object_id = t.ticket_id
                          AND c.clock = ANY (responses || answers) AND coalesce(c.outcome, 'runs') <> 'void') AS last_due,
                       (SELECT count(*) FROM kefu.clock c WHERE c.object_type = 'ticket' AND c.object_id = t.ticket_id
                          AND c.clock = ANY (responses || answers) AND coalesce(c.outcome, 'runs') IN ('late', 'runs')) AS late
                  FROM kefu.ticket t WHERE t.unit = of_unit AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped') AS x
         WHERE x.last_due >= since AND x.last_due < until AND x.last_due <= kefu.now();
    ELSIF k IN ('resolved', 'answer') THEN
        SELECT count(*), CASE k WHEN 'resolved' THEN count(*) FILTER (WHERE x.is_ok) ELSE 0 END, CASE k WHEN 'answer' THEN coalesce(sum(x.seconds), 0) ELSE 0 END INTO cases, hits, total
          FROM (SELECT t.archived_at AS at, t.resolved_at IS NOT NULL AND t.satisfaction IN ('not_asked', 'no_reply', 'satisfied') AS is_ok, 0 AS seconds
                  FROM kefu.ticket t WHERE k = 'resolved' AND t.unit = of_unit AND t.kind IN ('inquiry', 'complaint', 'negative')
                   AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped'
                UNION ALL
                SELECT r.posted_at, NULL, extract(epoch FROM r.answered_at - r.posted_at)
                  FROM kefu.round r JOIN kefu.ticket t USING (ticket_id) WHERE k = 'answer' AND t.unit = of_unit AND r.answered_at IS NOT NULL
                   AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped') AS x
         WHERE x.at >= since AND x.at < until AND x.at <= kefu.now();
    ELSIF k IN ('order_overtime', 'order_time', 'reworked', 'order_in_time') THEN
        SELECT count(*), count(*) FILTER (WHERE x.is_hit), CASE k WHEN 'order_time' THEN coalesce(sum(x.seconds), 0) ELSE 0 END INTO cases, hits, total
          FROM (SELECT CASE k WHEN 'order_in_time' THEN (SELECT max(c.due_at) FROM kefu.clock c WHERE c.object_type = 'work_order' AND c.object_id = o.order_id AND c.clock = 'order_limit')
                              ELSE o.closed_at END AS at,
                       CASE k WHEN 'reworked' THEN o.rework_count >= 1 WHEN 'order_overtime' THEN extract(epoch FROM o.closed_at - o.created_at) > 172800
                              WHEN 'order_in_time' THEN NOT EXISTS (SELECT FROM kefu.clock c WHERE c.object_type = 'work_order' AND c.object_id = o.order_id
                                   AND c.clock = 'order_limit' AND (c.stopped_at IS NULL OR c.stopped_at > c.due_at)) END AS is_hit,
                       extract(epoch FROM o.closed_at - o.created_at) AS seconds
                  FROM kefu.work_order o JOIN kefu.ticket t USING (ticket_id)
                 WHERE o.department = of_unit AND (o.state = 'closed' OR k = 'order_in_time' AND o.state = 'handling')
                   AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped') AS x
         WHERE x.at >= since AND x.at < until AND x.at <= kefu.now();
    ELSIF k IN ('bounced', 'redispatched') THEN
        SELECT count(*), count(*) FILTER (WHERE x.is_hit), 0 INTO cases, hits, total
          FROM (SELECT e.at, k = 'bounced' AND EXISTS (SELECT FROM kefu.audit_event b WHERE b.object_type = 'work_order' AND b.object_id = e.object_id AND b.event = 'bounce'
                          AND b.seq > e.seq AND NOT EXISTS (SELECT FROM kefu.audit_event m WHERE m.object_type = 'work_order' AND m.object_id = e.object_id
                                AND m.event LIKE '%dispatch' AND m.seq > e.seq AND m.seq < b.seq))
                       OR k = 'redispatched' AND EXISTS (SELECT FROM kefu.audit_event m WHERE m.object_type = 'work_order' AND m.object_id = e.object_id
                                AND m.event LIKE '%dispatch' AND m.seq <> e.seq) AS is_hit
                  FROM kefu.audit_event e JOIN kefu.work_order o ON o.order_id = e.object_id JOIN kefu.ticket t USING (ticket_id)
                 WHERE e.object_type = 'work_order' AND e.event LIKE '%dispatch'
                   AND CASE k WHEN 'bounced' THEN e.facts ->> 'department' ELSE o.department END = of_unit
                   AND (k = 'bounced' OR NOT EXISTS (SELECT FROM kefu.audit_event m WHERE m.object_type = 'work_order' AND m.object_id = e.object_id
                                AND m.event LIKE '%dispatch' AND m.seq < e.seq))
                   AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped') AS x
         WHERE x.at >= since AND x.at < until AND x.at <= kefu.now();
    ELSIF k IN ('opinion_in_time', 'opinion_feedback', 'post_reviewed_in_time') THEN
        SELECT count(*), count(*) FILTER (WHERE c.stopped_at IS NOT NULL AND c.outcome = 'kept'), 0 INTO cases, hits, total
          FROM kefu.clock c
         WHERE c.clock = CASE k WHEN 'opinion_in_time' THEN 'opinion_screen' WHEN 'opinion_feedback' THEN 'opinion_feedback' ELSE 'post_review' END
           AND of_unit = coalesce((SELECT o.desk_unit FROM kefu.opinion o WHERE c.object_type = 'opinion' AND o.opinion_id = c.object_id),
                                  (SELECT p.unit FROM kefu.post p WHERE c.object_type = 'post' AND p.post_id = c.object_id))
           AND (c.outcome IS NULL OR c.outcome <> 'void') AND c.due_at >= since AND c.due_at < until AND c.due_at <= kefu.now();
    ELSIF k IN ('stock_open', 'stock_late') THEN
        -- What is there at the end less what was there at the beginning; cases are only a sum of changes.
        SELECT NULL, NULL, sum(CASE WHEN k = 'stock_open' THEN pg_temp.open_at(of_unit, until) - pg_temp.open_at(of_unit, since)
                                    ELSE pg_temp.late_at(of_unit, until) - pg_temp.late_at(of_unit, since) END) INTO cases, hits, total;
    ELSE
        SELECT count(*), count(*) FILTER (WHERE x.is_hit), coalesce(sum(x.value), 0) INTO cases, hits, total
          FROM (SELECT CASE k WHEN 'first_contact' THEN t.round = 1 AND t.urge_count = 0 AND t.resolved_at IS NOT NULL AND NOT t.satisfaction = 'dissatisfied'
                              WHEN 'satisfied' THEN t.satisfaction = 'satisfied' WHEN 'rated' THEN t.satisfaction IN ('satisfied', 'dissatisfied')
                              WHEN 'repeated' THEN t.repeat_of > 0 WHEN 'escalated' THEN t.level >= 1 END AS is_hit,
                       CASE k WHEN 'volume' THEN 1 WHEN 'urges' THEN t.urge_count WHEN 'first_response' THEN extract(epoch FROM t.first_response_at) - extract(epoch FROM t.posted_at) END AS value
                  FROM kefu.ticket t
                 WHERE t.unit = of_unit AND t.posted_at >= since AND t.posted_at < until
                   AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped'
                   AND CASE k WHEN 'volume' THEN true WHEN 'first_contact' THEN t.kind IN ('inquiry', 'complaint') WHEN 'urges' THEN t.kind IN ('inquiry', 'complaint')
                              WHEN 'satisfied' THEN t.satisfaction IN ('satisfied', 'dissatisfied') WHEN 'rated' THEN t.satisfaction IN ('no_reply', 'satisfied', 'dissatisfied')
                              WHEN 'repeated' THEN t.kind = 'complaint' WHEN 'escalated' THEN t.kind = 'complaint'
                              WHEN 'first_response' THEN t.first_response_at IS NOT NULL END) AS x;
    END IF;
END $$;
CREATE FUNCTION pg_temp.open_at(of_unit text, at timestamptz) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM kefu.ticket t
     WHERE t.unit = of_unit AND t.opened_at < least(at, '2026-04-01 00:00:00.000001+08') AND (t.archived_at IS NULL OR t.archived_at >= at OR t.archived_at > kefu.now())
       AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped' $$;
CREATE FUNCTION pg_temp.late_at(of_unit text, at timestamptz) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM kefu.clock c JOIN kefu.ticket t ON t.ticket_id = c.object_id AND c.object_type = 'ticket'
     WHERE t.unit = of_unit AND c.clock IN ('answer', 'call_back') AND coalesce(c.outcome, '') <> 'void'
       AND c.due_at < at AND c.due_at <= kefu.now() AND (c.stopped_at IS NULL OR c.stopped_at >= at AND c.stopped_at > c.due_at OR c.stopped_at > kefu.now())
       AND NOT (c.clock = 'call_back' AND EXISTS (SELECT FROM kefu.clock a WHERE a.object_id = c.object_id AND a.object_type = 'ticket' AND a.round = c.round
                                                   AND a.clock = 'answer' AND coalesce(a.outcome, '') <> 'void'))
       AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped' $$;

\set ECHO all

-- Before anything was counted: no figure, no error.
SET LOCAL ROLE kpi_all;
SELECT count(*), sum(case_count), bool_and(pct IS NULL) AS all_null FROM kefu.kpi('group', '2026-01-01', '2026-04-01');
SELECT count(*) FROM kefu_bi.kpi_freshness;
RESET ROLE;
SELECT kefu.refresh_dimensions(1);
-- An event of this database's own, so that it knows itself.
SELECT kefu.set_clock_policy('archive', 'group', interval '8 days') IS NOT NULL AS noted;
SELECT kefu.rebuild_kpis() > 10000 AS many_cases;
SELECT * FROM kefu.find_kpi_misfits();

-- --- every KPI, unit and period against the slow queries ---------------------------

CREATE TEMP TABLE period AS
SELECT * FROM (VALUES ('month', date '2026-01-01', date '2026-02-01'), ('month', '2026-02-01', '2026-03-01'), ('month', '2026-03-01', '2026-04-01'),
                      ('month', '2026-04-01', '2026-05-01'), ('week', '2025-12-29', '2026-01-05'), ('week', '2026-02-09', '2026-02-16'), ('week', '2026-03-30', '2026-04-06'),
                      ('day', '2026-02-14', '2026-02-15'), ('day', '2026-02-28', '2026-03-01'), ('day', '2026-03-01', '2026-03-02')) AS p(grain, since, until);
CREATE TEMP TABLE compared AS
SELECT p.grain, p.since, u.unit, d.kpi, d.measure, s.cases, s.hits, s.total, c.cases AS our_cases, c.hits AS our_hits, c.total AS our_total
  FROM period p
 CROSS JOIN (SELECT unit FROM weight UNION SELECT 'hi' UNION SELECT u.unit FROM kefu.unit u WHERE u.parent IN ('gd', 'bj', 'sd')) AS u
 CROSS JOIN kefu_bi.kpi_definitions d
 CROSS JOIN LATERAL pg_temp.slow(d.kpi, u.unit, p.since::timestamp AT TIME ZONE 'Asia/Shanghai', p.until::timestamp AT TIME ZONE 'Asia/Shanghai') AS s
 CROSS JOIN LATERAL (SELECT coalesce(sum(x.case_count), 0)::bigint AS cases, coalesce(sum(x.hit_count), 0)::bigint AS hits, coalesce(sum(x.value_sum), 0)::bigint AS total
                       FROM kefu_bi.kpi_cells x WHERE x.grain = p.grain AND x.local_date = p.since AND x.unit = u.unit AND x.kpi = d.kpi) AS c;
-- Nothing differs, and there is something to differ for each KPI.
SELECT * FROM compared
 WHERE total IS DISTINCT FROM our_total OR measure <> 'flow' AND (cases, hits) IS DISTINCT FROM (our_cases, our_hits)
 ORDER BY grain, since, unit, kpi LIMIT 20;
SELECT c.kpi, count(*) AS compared, count(*) FILTER (WHERE c.our_cases > 0) > 3 AS has_cases,
       bool_or(c.our_hits > 0 AND c.our_hits < c.our_cases) AS has_hits_and_misses, bool_or(c.our_total <> 0) AS has_values
  FROM compared c JOIN kefu_bi.kpi_definitions d USING (kpi) GROUP BY c.kpi, d.sort ORDER BY d.sort;
-- Medians and ninth deciles of sums of histograms against sorted values, to 1 in 64.
SELECT x.kpi, o.cases > 50 AS many, abs(o.median - x.median) * 64 <= x.median AS median_fits, abs(o.p90 - x.p90) * 64 <= x.p90 AS p90_fits,
       round(o.mean) = round(x.mean) AS mean_fits
  FROM (SELECT v.kpi, percentile_disc(0.5) WITHIN GROUP (ORDER BY v.seconds) AS median, percentile_disc(0.9) WITHIN GROUP (ORDER BY v.seconds) AS p90, avg(v.seconds) AS mean
          FROM kefu.ticket t
         CROSS JOIN LATERAL (SELECT 'first_response' AS kpi, t.posted_at AS at, extract(epoch FROM t.first_response_at - t.posted_at) AS seconds
                             UNION ALL
                             SELECT 'answer', r.posted_at, extract(epoch FROM r.answered_at - r.posted_at) FROM kefu.round r WHERE r.ticket_id = t.ticket_id) AS v
         WHERE t.unit = 'gd' AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state <> 'dropped'
           AND v.at >= '2026-01-31 16:00Z' AND v.at < '2026-02-28 16:00Z' AND v.seconds IS NOT NULL
         GROUP BY v.kpi) AS x
  JOIN (SELECT b.kpi, sum(b.case_count) AS cases, kefu.percentile(b.bucket, b.case_count, 0.5) AS median,
               kefu.percentile(b.bucket, b.case_count, 0.9) AS p90, sum(b.value_sum) / sum(b.case_count) AS mean
          FROM kefu_bi.kpi_buckets b
         WHERE b.grain = 'day' AND b.unit = 'gd' AND date_trunc('month', b.local_date) = '2026-02-01'
         GROUP BY b.kpi) AS o USING (kpi)
 ORDER BY 1;
-- The older view of the same agrees where it counts the same.
SET LOCAL ROLE kpi_all;
SELECT count(*) > 500 AS many, bool_and(r.volume_count = c.volume) AS volume,
       bool_and(r.response_due_count = c.responses AND r.response_in_time_count = c.responses_kept) AS responses,
       bool_and(r.answer_due_count = c.answers AND r.answer_in_time_count = c.answers_kept) AS answers
  FROM kefu_bi.response_kpis r
 CROSS JOIN LATERAL (SELECT coalesce(sum(c.case_count) FILTER (WHERE c.kpi = 'volume'), 0) AS volume,
                            coalesce(sum(c.case_count) FILTER (WHERE c.kpi = 'response_in_time'), 0) AS responses,
                            coalesce(sum(c.hit_count) FILTER (WHERE c.kpi = 'response_in_time'), 0) AS responses_kept,
                            coalesce(sum(c.case_count) FILTER (WHERE c.kpi = 'answer_in_time'), 0) AS answers,
                            coalesce(sum(c.hit_count) FILTER (WHERE c.kpi = 'answer_in_time'), 0) AS answers_kept
                       FROM kefu_bi.kpi_cells c
                      WHERE c.grain = 'day' AND c.local_date = r.local_date AND c.unit = r.unit
                        AND c.platform = coalesce(r.platform, 'none') AND c.kind = r.kind) AS c;

-- --- what readers see ----------------------------------------------------------------

-- Guangdong its own; Group everybody's; Hainan has no ticket and no share; Qinghai is small.
SET LOCAL ROLE kpi_gd;
SELECT count(DISTINCT unit) FILTER (WHERE unit !~ '^gd') AS others, count(DISTINCT unit) > 1 AS own FROM kefu_bi.kpi_days;
SELECT count(*) FROM kefu_bi.kpi_cells WHERE unit = 'bj';
SELECT count(*) FROM kefu_bi.kpi_buckets WHERE unit !~ '^gd';
SELECT count(*) FROM kefu_bi.kpi_cases WHERE unit !~ '^gd';
SELECT account, label_zh, unit FROM kefu_bi.dim_account;
SELECT k.kpi, k.case_count > 0 AS has_cases, k.pct BETWEEN 0 AND 100 AS is_share, k.median_seconds > 0 AS has_median, k.is_small
  FROM kefu.kpi('gd', '2026-02-01', '2026-03-01') AS k ORDER BY k.sort;
SELECT count(*) FROM kefu.kpi('group', '2026-02-01', '2026-03-01');
SET LOCAL ROLE kpi_nobody;
SELECT (SELECT count(*) FROM kefu_bi.kpi_cells), (SELECT count(*) FROM kefu_bi.unit_kpis), (SELECT count(*) FROM kefu_bi.dim_account),
       (SELECT count(*) FROM kefu_bi.dim_date) > 1000 AS dates;
SET LOCAL ROLE kpi_all;
SELECT k.kpi, k.case_count, k.hit_count, k.pct, k.mean_value, k.median_seconds, k.is_small, k.is_ranked
  FROM kefu.kpi('hi', '2026-01-01', '2026-04-01') AS k WHERE k.kpi IN ('volume', 'response_in_time', 'first_response', 'urges');
SELECT k.kpi, k.is_small, k.is_ranked FROM kefu.kpi('qh', '2026-01-01', '2026-04-01') AS k WHERE k.kpi = 'volume';
-- Of a unit and all below it, by days as by months.
SELECT count(*) FROM (SELECT m.kpi, m.case_count, m.hit_count, m.p90_seconds FROM kefu.kpi('group', '2026-01-01', '2026-03-01') AS m
                      EXCEPT ALL
                      SELECT m.kpi, sum(m.case_count)::bigint, sum(m.hit_count)::bigint, NULL
                        FROM (VALUES (date '2026-01-01', date '2026-01-15'), ('2026-01-15', '2026-03-01')) AS h(a, b), kefu.kpi('group', h.a, h.b) AS m
                       WHERE m.measure <> 'seconds' GROUP BY m.kpi) AS x WHERE x.p90_seconds IS NULL;
-- The wide view says the same.
SELECT count(*) > 50 AS many, bool_and(w.response_in_time_pct IS NOT DISTINCT FROM k.pct AND w.response_in_time_case_count = k.case_count) AS pct,
       bool_and(w.answer_median_seconds IS NOT DISTINCT FROM a.median_seconds AND w.answer_case_count = a.case_count) AS median
  FROM kefu_bi.unit_kpis w
  JOIN (VALUES ('gd'), ('bj'), ('qh')) AS u(unit) USING (unit)
  LEFT JOIN LATERAL (SELECT round(100.0 * sum(d.hit_count) / nullif(sum(d.case_count), 0), 2) AS pct, coalesce(sum(d.case_count), 0) AS case_count
                       FROM kefu_bi.kpi_days d WHERE d.unit = w.unit AND d.local_date = w.local_date AND d.kpi = 'response_in_time') AS k ON true
  LEFT JOIN LATERAL (SELECT max(t.median_seconds) AS median_seconds, coalesce(sum(t.case_count), 0) AS case_count FROM kefu_bi.kpi_times t
                      WHERE t.grain = 'day' AND t.unit = w.unit AND t.local_date = w.local_date AND t.kpi = 'answer') AS a ON true
 WHERE w.grain = 'day';
-- Stock at the end of each day, against the rows themselves.
RESET ROLE;
ALTER FUNCTION pg_temp.open_at(text, timestamptz) SECURITY DEFINER;
ALTER FUNCTION pg_temp.late_at(text, timestamptz) SECURITY DEFINER;
SET LOCAL ROLE kpi_gd;
SELECT count(*) > 80 AS many, bool_and(s.open_count = pg_temp.open_at('gd', (s.local_date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
                                   AND s.late_count = pg_temp.late_at('gd', (s.local_date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')) AS fits,
       max(s.late_count) > 3 AS some_late
  FROM kefu_bi.kpi_stock_days s WHERE s.unit = 'gd' AND s.local_date < '2026-04-01';
RESET ROLE;

-- --- appraisals and peers against slow queries written from their definitions ---------------

-- Cases, hits and points of each province and KPI in February, with all below it.
CREATE TEMP TABLE judged AS
SELECT s.*, CASE WHEN s.cases < 10 THEN NULL WHEN s.full_at = s.zero_at THEN CASE WHEN s.hits = s.cases THEN 100 ELSE 0 END
                 ELSE round(greatest(0, least(100, 100 * (round(100.0 * s.hits / s.cases, 2) - s.zero_at) / (s.full_at - s.zero_at))), 2) END AS points
  FROM (SELECT p.unit, r.kpi, r.weight, r.full_at, r.zero_at, sum(x.cases) AS cases, sum(x.hits) AS hits
          FROM kefu.unit p
          JOIN kefu.unit u ON u.unit = p.unit OR u.unit LIKE p.unit || '.%'
         CROSS JOIN (SELECT s.kpi, s.weight, s.full_at, s.zero_at FROM kefu.score_rule s WHERE s.unit = 'group' AND s.kind = 'province') AS r
         CROSS JOIN LATERAL pg_temp.slow(r.kpi, u.unit, '2026-01-31 16:00Z', '2026-02-28 16:00Z') AS x
         WHERE p.kind = 'province' AND (u.unit = p.unit OR EXISTS (SELECT FROM kefu.ticket t WHERE t.unit = u.unit))
         GROUP BY p.unit, r.kpi, r.weight, r.full_at, r.zero_at) AS s;
CREATE TEMP TABLE slow_card AS
SELECT c.*, CASE WHEN c.is_ranked THEN 1 + (SELECT count(*) FROM (SELECT round(sum(y.weight * y.points) / sum(y.weight), 2) AS score, sum(y.weight) AS scored
                                                                    FROM judged y WHERE y.points IS NOT NULL GROUP BY y.unit) AS o
                                             WHERE o.scored >= 50 AND o.score > c.score) END AS rank
  FROM (SELECT j.unit, sum(j.weight) FILTER (WHERE j.points IS NOT NULL) AS scored, coalesce(sum(j.weight) FILTER (WHERE j.points IS NOT NULL) >= 50, false) AS is_ranked,
               round(sum(j.weight * j.points) / sum(j.weight) FILTER (WHERE j.points IS NOT NULL), 2) AS score
          FROM judged j GROUP BY j.unit) AS c;
GRANT SELECT ON judged, slow_card TO kpi_all, kpi_gd;
SELECT kefu.close_scores('group', '2026-02-01') AS edition, kefu.close_scores('gd', '2026-02-01') AS of_gd;
SET LOCAL ROLE kpi_all;
SELECT count(*) AS provinces, count(s.score) > 10 AS many_scores, count(DISTINCT s.score) > 10 AS that_differ, count(s.rank) BETWEEN 10 AND 30 AS some_ranked,
       count(*) FILTER (WHERE (s.base_score, s.is_ranked, s.rank, coalesce(nullif(s.scored_weight, 0), -1)) IS DISTINCT FROM (o.score, o.is_ranked, o.rank, coalesce(o.scored, -1))) AS differ
  FROM kefu.scores('group', '2026-02-10') AS s FULL JOIN slow_card o ON o.unit = s.unit WHERE s.kind = 'province';
SELECT count(*) FILTER (WHERE l.case_count <> j.cases OR l.hit_count <> j.hits OR l.points IS DISTINCT FROM j.points) AS differ, count(*) = 31 * 9 AS all_lines
  FROM kefu_bi.scorecard_lines l JOIN judged j USING (unit, kpi) WHERE l.by_unit = 'group' AND l.kind = 'province';
SELECT count(*) FROM kefu_bi.scorecards c JOIN kefu.scores('group', '2026-02-01') AS s ON s.unit = c.unit AND s.kind = c.kind AND c.by_unit = 'group'
 WHERE (c.score, c.rank, c.ranked_count) IS DISTINCT FROM (s.score, s.rank, s.ranked_count);
-- Guangdong's own place and the median of all, of the KPIs that are shares.
SET LOCAL ROLE kpi_gd;
SELECT p.kpi, p.case_count = j.cases AND p.hit_count = j.hits AS own, p.rank = o.place AS rank, p.ranked_count = o.n AS peers, p.national_median = o.median AS median
  FROM kefu_bi.peer_kpis p
  JOIN judged j ON j.unit = p.unit AND j.kpi = p.kpi
 CROSS JOIN LATERAL (SELECT count(*) AS n, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY round(100.0 * y.hits / y.cases, 2)::float8)::numeric) AS median,
                            1 + count(*) FILTER (WHERE (CASE WHEN p.is_higher_better THEN 1 ELSE -1 END) * round(100.0 * y.hits / y.cases, 2)
                                                     > (CASE WHEN p.is_higher_better THEN 1 ELSE -1 END) * round(100.0 * j.hits / j.cases, 2)) AS place
                       FROM judged y WHERE y.kpi = p.kpi AND y.cases >= 10) AS o
 WHERE p.local_month = '2026-02-01' AND p.measure = 'pct' AND p.is_ranked ORDER BY 1;
SELECT count(DISTINCT unit) AS units, count(DISTINCT local_month) AS months FROM kefu_bi.peer_kpis;
RESET ROLE;

-- --- the questions of doc/bi.md, as the analyst who asks them; the last part is in activity -----

\getenv abs_srcdir PG_ABS_SRCDIR
\getenv abs_builddir PG_ABS_BUILDDIR
\set questions :abs_builddir '/results/bi_questions.sql'
\setenv KEFU_DOC :abs_srcdir
\setenv KEFU_QUESTIONS :questions
\! perl -ne 'exit if /^## Scripts, accounts and findings/; print if /^```sql/ .. /^```$/ and !/^```/' "$KEFU_DOC/../doc/bi.md" > "$KEFU_QUESTIONS"
SET LOCAL ROLE kpi_all;
\i :questions
RESET ROLE;

-- --- time ----------------------------------------------------------------------------

-- What falls due later counts later: nobody is late before that.
SELECT count(*) FILTER (WHERE NOT is_counted) > 50 AS many_wait, bool_and(is_counted = (counts_at <= '2026-04-01 00:00+08')) AS rightly FROM kefu.kpi_case;
SET LOCAL kefu.test_now = '2026-04-03 10:00+08';
SELECT kefu.refresh_kpis(100000) < 100000 AS done;
SELECT count(*) FROM kefu.find_kpi_misfits();
-- A correction of the past moves its case out of the old day, unit and kind into the new ones.
SELECT ticket_id FROM kefu.kpi_case JOIN kefu.ticket ON ticket_id = object_id WHERE kpi = 'volume' AND kefu.kpi_case.unit = 'gd' ORDER BY 1 LIMIT 1 \gset
SET LOCAL session_replication_role = replica;
UPDATE kefu.ticket SET unit = 'hi', kind = 'praise', posted_at = '2026-01-07 15:59:59Z' WHERE ticket_id = :ticket_id;
RESET session_replication_role;
SELECT count(*) > 2 AS misfits FROM kefu.find_kpi_misfits();
INSERT INTO kefu.audit_event (event_id, object_type, object_id, seq, at, machine, event, to_state, version, flags, incarnation, xid, form, hash)
SELECT nextval('kefu.audit_event_id_seq'), 'ticket', :ticket_id, 1000, kefu.now(), 'praise', 'amend', 'archived', 2, 0, s.incarnation, pg_current_xact_id()::text::bigint, 1, ''
  FROM kefu.kpi_state s;
SELECT kefu.refresh_kpis(100000) BETWEEN 1 AND 99999 AS done;
SELECT * FROM kefu.find_kpi_misfits();
SELECT local_date, unit, kind, case_count FROM kefu_bi.kpi_cells WHERE unit = 'hi' AND kpi = 'volume' AND case_count > 0 ORDER BY grain;
-- Only what differs is written, and who has a ticket is no case of anything: another's urge is counted with the first event that may be one.
CREATE TEMP TABLE written AS SELECT k.ctid AS place, k.* FROM kefu.kpi_case k;
SELECT object_id AS taken_id FROM written WHERE kpi = 'urges' AND object_id > :ticket_id ORDER BY 1 LIMIT 1 \gset
CREATE PROCEDURE pg_temp.happens(ticket_id bigint, event text) LANGUAGE sql AS $$
    INSERT INTO kefu.audit_event (event_id, object_type, object_id, seq, at, machine, event, to_state, version, flags, incarnation, xid, form, hash)
    SELECT nextval('kefu.audit_event_id_seq'), 'ticket', ticket_id, 1001 + (event = 'urge')::integer, kefu.now(), 'complaint', event, 'archived', 2, 0, s.incarnation,
           pg_current_xact_id()::text::bigint, 1, ''
      FROM kefu.kpi_state s $$;
SET LOCAL session_replication_role = replica;
UPDATE kefu.ticket SET urge_count = urge_count + 1 WHERE ticket_id = :taken_id;
RESET session_replication_role;
CALL pg_temp.happens(:taken_id, 'take');
SELECT kefu.refresh_kpis(100000) BETWEEN 1 AND 99999 AS done;
SELECT count(*) FROM kefu.kpi_case k FULL JOIN written w USING (object_type, object_id, kpi, part) WHERE k.ctid IS DISTINCT FROM w.place;
CALL pg_temp.happens(:taken_id, 'urge');
SELECT kefu.refresh_kpis(100000) BETWEEN 1 AND 99999 AS done;
SELECT kpi, k.value - w.value AS more FROM kefu.kpi_case k FULL JOIN written w USING (object_type, object_id, kpi, part) WHERE k.ctid IS DISTINCT FROM w.place ORDER BY 1;
SELECT * FROM kefu.find_kpi_misfits();
-- Any number of times, and from the beginning, gives the same.
CREATE TEMP TABLE kept AS SELECT * FROM kefu_bi.kpi_cells WHERE case_count <> 0;
SELECT kefu.refresh_kpis(100000) < 100000 AS done;
SELECT kefu.rebuild_kpis() > 10000 AS rebuilt;
SELECT count(*) FROM (TABLE kept EXCEPT ALL SELECT * FROM kefu_bi.kpi_cells) AS x;
SELECT count(*) FROM (SELECT * FROM kefu_bi.kpi_cells EXCEPT ALL TABLE kept) AS x;
-- A handful at a time ends where all at once does.
DELETE FROM kefu.kpi_state;
SELECT count(*) > 10 AS many_steps FROM generate_series(1, 60) AS n WHERE kefu.refresh_kpis(100) >= 100;
SELECT is_complete, counted_to_local_date, counted_to_local_hour FROM kefu_bi.kpi_freshness;
SELECT count(*) FROM kefu.find_kpi_misfits();
-- Another database of the same rows counts anew; nobody but Group's administrators rebuilds.
UPDATE kefu.kpi_state SET incarnation = 0;
SELECT kefu.refresh_kpis(100000) = 100000 AS begun;
SELECT fill_type, fill_id FROM kefu.kpi_state;
SET LOCAL ROLE kpi_all;
SELECT kefu.rebuild_kpis();
SELECT kefu.find_kpi_misfits();
RESET ROLE;

-- --- dates ---------------------------------------------------------------------------

-- The make-up Saturday is a workday of twelve hours; the long closure; ISO weeks at the turn of the year; outside the table it is assumed.
SELECT local_date, weekday_label_zh, day_kind, day_kind_label_zh, is_workday, is_assumed, holiday_name, festival_label_zh, iso_year, iso_week_number, week_date
  FROM kefu_bi.dim_date WHERE local_date IN ('2025-12-29', '2026-01-01', '2026-01-04', '2026-02-14', '2026-02-15', '2026-02-17', '2026-02-23', '2026-02-24', '2027-10-01') ORDER BY 1;
SELECT x.year, count(*) FILTER (WHERE x.is_workday) AS workdays, sum(d.desk_hours) FILTER (WHERE d.is_workday) AS desk_hours
  FROM kefu_bi.dim_date x JOIN kefu_bi.dim_desk_date d USING (local_date) WHERE d.calendar = 'cn-duty' AND x.year IN (2024, 2025, 2026) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM kefu_bi.dim_date d WHERE d.is_workday <> kefu.is_working_day('cn-duty', d.local_date);
-- Every key of a fact is in its dimension.
SELECT count(*) FROM kefu_bi.kpi_cases c WHERE NOT EXISTS (SELECT FROM kefu_bi.dim_kind k WHERE k.kind = c.kind);

-- --- histograms ------------------------------------------------------------------------

SELECT v AS seconds, kefu.bucket(v) FROM unnest(ARRAY[-5, 0, 63, 64, 65, 66, 127, 128, 7200, 4294967295, 9223372036854775807]::bigint[]) AS v;
SELECT kefu.percentile(b, 0, 0.5), kefu.percentile(NULL, 1, 0.5), kefu.percentile(b, 1, 0) AS first, kefu.percentile(b, 1, 0.5) AS median, kefu.percentile(b, 1, 1) AS last
  FROM generate_series(0, 60) AS b;
SELECT kefu.percentile(896, 1, 0.5);
SELECT kefu.percentile(1, -1, 0.5);
SELECT kefu.percentile(1, 1, 1.5);
SELECT kefu.percentile(1, 9223372036854775807, 0.5) FROM generate_series(1, 2);
-- Parallel workers' parts add up to the whole.
CREATE TABLE kpi_parallel AS SELECT n, kefu.bucket((n * n)::bigint) AS bucket FROM generate_series(1, 20000) AS n;
ANALYZE kpi_parallel;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
EXPLAIN (COSTS off) SELECT kefu.percentile(bucket, 1, 0.9) FROM kpi_parallel;
SELECT kefu.percentile(bucket, 1, 0.9) AS p90, abs(kefu.percentile(bucket, 1, 0.9) - 18000 * 18000) * 64 <= 18000 * 18000 AS fits FROM kpi_parallel;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT kefu.percentile(bucket, 1, 0.9) AS p90 FROM kpi_parallel;
ROLLBACK;
