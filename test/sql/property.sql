-- property: random events, legal and illegal, by everybody on the desk, on every
-- machine; after each batch what must hold is checked. KEFU_PROPERTY_STEPS in the
-- environment is their number, KEFU_PROPERTY_SEED (-1 to 1) where the random numbers begin.
-- All is one transaction, which nothing vacuums: a long walk is several, as make soak does.
--
-- A step takes one of the last objects and, four times in five, an event that its state has,
-- else any event of any machine; most facts are there and make sense, some are
-- not. Time goes on between the steps, clocks fire, the platform takes or
-- refuses what is said, customers write again. An error that is no refusal of
-- ours fails the test.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set steps 2000
\getenv steps KEFU_PROPERTY_STEPS
\set seed 0.42
\getenv seed KEFU_PROPERTY_SEED
\set desk :tests '/lib/desk.psql'
\set random :tests '/lib/random.psql'
BEGIN;
\set ECHO none
\i :desk
\i :random
CREATE ROLE ou; GRANT kefu_admin TO ou;
SELECT kefu.add_staff('ou', 'group', '欧') \g /dev/null
SELECT kefu.grant_role('ou', 'group', 'admin') \g /dev/null
\set ECHO all

CREATE TEMP TABLE tried (
    object_type text, event text, sqlstate text, message text
);
-- What events happen to: where it is, and among how many of the last ones a step chooses.
CREATE TEMP TABLE object_kind (
    object_type text, source regclass, key name, machine text, recent integer
);
INSERT INTO object_kind (object_type, source, key, machine, recent)
VALUES ('ticket', 'kefu.ticket', 'ticket_id', 'kind', 60), ('message', 'kefu.message', 'message_id', '''message''', 60), ('task', 'kefu.task', 'task_id', '''task''', 60),
       ('work_order', 'kefu.work_order', 'order_id', '''work_order''', 12), ('topic', 'kefu.topic', 'topic_id', '''topic''', 12),
       ('opinion', 'kefu.opinion', 'opinion_id', '''opinion''', 12), ('erasure', 'kefu.erasure', 'erasure_id', '''erasure''', 6),
       ('request', 'kefu.post_request', 'request_id', '''request''', 6), ('post', 'kefu.post', 'post_id', '''post''', 6),
       ('placement', 'kefu.placement', 'placement_id', '''placement''', 8);
GRANT SELECT ON object_kind TO PUBLIC;

-- One of the last objects of a kind, so that they get far.
CREATE FUNCTION pg_temp.recent(object_type text, OUT id bigint, OUT machine text, OUT state text)
    LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
    k object_kind;
    among integer;
BEGIN
    SELECT * INTO k FROM object_kind x WHERE x.object_type = recent.object_type;
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %s LIMIT %s) AS x', k.source, k.recent) INTO among;
    EXECUTE format('SELECT %1$I, %2$s, state FROM %3$s ORDER BY %1$I DESC OFFSET $1 LIMIT 1', k.key, k.machine, k.source)
       INTO id, machine, state USING floor(random() * among)::integer;
END $$;

-- Facts for any event; about one in fifteen is missing or makes no sense.
CREATE FUNCTION pg_temp.facts(event text, machine text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
    draw double precision := random();
    all_facts jsonb := jsonb_build_object(
        'department', pg_temp.any_of('gd.network', 'gd.market'), 'reply_by', kefu.now() + interval '30 hours',
        'category', pg_temp.any_of('fee', 'broadband.fault', 'other'), 'product', pg_temp.any_of('mobile', 'vas'),
        'limit', '48小时', 'apology', true, 'thanks', true,
        'text', '您好,非常抱歉,感谢您的支持,我们将继续为您提供优秀的服务。网络运行维护部与市场部48小时内为您处理。',
        'private_text', '您好,市场部与网络运行维护部正在处理,10000号48小时内联系您,请告知姓名和联系电话,以便帮您解决。',
        'script', CASE WHEN event = 'acknowledge' THEN machine || '_acknowledge' ELSE
                  pg_temp.any_of('negative_ask', 'inquiry_defer', 'complaint_call_back', 'praise_thanks') END,
        'further_need', '还要处理', 'evidence', 'screenshot', 'until', kefu.now() + interval '5 hours',
        'reason', CASE WHEN event = 'bounce' THEN pg_temp.any_of('not_ours', 'incomplete', 'busy') ELSE 'a reason' END,
        'kind', CASE machine WHEN 'post' THEN pg_temp.any_of('service', 'news', 'emergency', 'morning')
                             WHEN 'request' THEN pg_temp.any_of('marketing', 'notice')
                             ELSE pg_temp.any_of('inquiry', 'complaint', 'negative', 'praise', 'task', 'opinion') END, 'priority', 1 + floor(random() * 4)::integer,
        'meaning', pg_temp.any_of('objection', 'acceptance', 'further_need', 'cause', 'contact', 'chaser', 'other'),
        'judgement', pg_temp.any_of('vague', 'malicious', 'real'), 'contact', '{"mobile": "13900000000"}'::jsonb,
        'consent', 'message', 'purpose', 'handling', 'solution', '已解决', 'result', '已恢复',
        'unit', pg_temp.any_of('gd', 'qh'), 'outcome', pg_temp.any_of('solved', 'no_answer'), 'location', '44',
        'alarm', floor(random() * 5)::integer, 'due_at', kefu.now() + interval '3 hours', 'cause', 'a cause',
        'posted_at', kefu.now() - interval '5 minutes',
        'item', pg_temp.any_of('mobile', 'service', 'iptv'), 'report', '2026-03', 'opinion', (pg_temp.recent('opinion')).id,
        'summary', '概述', 'account', pg_temp.any_of('sina.gd', 'sina.qh'), 'post', '88001', 'link', 'https://weibo.example/88001',
        'ticket', (pg_temp.recent('ticket')).id,
        'message', (pg_temp.recent('message')).id,
        'staff', (SELECT s.staff_id FROM kefu.staff s ORDER BY pg_temp.lot(draw, s.login) LIMIT 1)) || jsonb_build_object(
        'accounts', pg_temp.any_of('sina.gd', 'sina.gd,tencent.gd', 'sina.qh'), 'words', 'fine',
        'send_at', kefu.now() + random() * interval '40 minutes', 'wish_at', kefu.now(),
        'native_id', (800000 + floor(random() * 100000))::text, 'placement', (pg_temp.recent('placement')).id,
        'outbound', 1, 'shift', -1, 'erasure', 1, 'asked_by', 1,
        'decision', pg_temp.any_of('announce', 'wait', 'maybe'), 'topic', (pg_temp.recent('topic')).id,
        'jurisdiction', '41', 'notice_time', kefu.now(), 'threshold', 'persons', 'similarity', '0.5');
    odd text;
BEGIN
    IF random() < 0.15 THEN
        SELECT k INTO odd FROM jsonb_object_keys(all_facts) AS k ORDER BY pg_temp.lot(draw, k) LIMIT 1;
        all_facts := CASE WHEN random() < 0.5 THEN all_facts - odd
                          WHEN random() < 0.5 THEN all_facts || jsonb_build_object(odd, pg_temp.any_of('', '-1', '[1]', 'x''; --', '9e99', 'infinity', '2026-02-30'))
                          ELSE all_facts || jsonb_build_object(odd, pg_temp.any_of('null', 'true', '[]', '{"a": {"b": 1}}', '-9223372036854775809', '1e400',
                                                                                   to_jsonb(repeat('长', 3000))::text)::jsonb) END;
    END IF;
    RETURN all_facts;
END $$;

CREATE FUNCTION pg_temp.step(kinds text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
    kind text := pg_temp.any_of(VARIADIC kinds);
    o record;
    draw double precision := random();
    what text;
    roles text[];
    who text := pg_temp.any_of('lin', 'liang', 'zhao', 'wang', 'sun', 'tan', 'chen', 'he', 'far');
BEGIN
    o := pg_temp.recent(kind);
    IF o.id IS NULL THEN
        RETURN;
    END IF;
    IF random() < 0.8 THEN
        SELECT n.event, n.roles INTO what, roles FROM kefu.transition n
         WHERE n.machine = o.machine AND n.from_state = o.state AND NOT n.roles <@ ARRAY['clock', 'platform']
         ORDER BY pg_temp.lot(draw, n.event, n.seq::text) * CASE WHEN n.to_state = n.from_state THEN 1 WHEN n.event IN ('cancel', 'revise', 'reject') AND kind = 'post'
                                  THEN 3 ELSE 0.3 END LIMIT 1;
    END IF;
    IF what IS NULL THEN
        SELECT e.event INTO what FROM kefu.event e ORDER BY pg_temp.lot(draw, e.event) LIMIT 1;
    END IF;
    -- Mostly somebody who has the role.
    IF random() < 0.8 THEN
        who := CASE pg_temp.any_of(VARIADIC roles)
            WHEN 'operator' THEN 'lin' WHEN 'leader' THEN 'zhao' WHEN 'department' THEN pg_temp.any_of('wang', 'sun')
            WHEN 'hotline' THEN 'tan' WHEN 'reviewer' THEN pg_temp.any_of('chen', 'zhao') WHEN 'admin' THEN 'ou' ELSE who END;
    END IF;
    PERFORM set_config('role', who, true);
    PERFORM kefu.advance(kind, o.id, what, pg_temp.facts(what, o.machine));
    INSERT INTO tried VALUES (kind, what, '00000', NULL);
EXCEPTION WHEN OTHERS THEN
    INSERT INTO tried VALUES (kind, what, SQLSTATE, SQLERRM);
END $$;
GRANT ALL ON tried TO PUBLIC;
-- What an analyst saw on the way.
CREATE TEMP TABLE seen AS SELECT kefu.now() AS instant, t.* FROM kefu_bi.tickets t WITH NO DATA;
GRANT SELECT ON ALL TABLES IN SCHEMA kefu TO lin, liang, zhao, wang, sun, tan, chen, he, far, ou;

-- The platform: of what is queued most is taken, some finally fails.
CREATE FUNCTION pg_temp.deliver() RETURNS void
    LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT s.speech_id, min(o.outbound_id) AS outbound FROM kefu.speech s JOIN kefu.outbound o USING (speech_id)
              WHERE s.outcome IS NULL GROUP BY s.speech_id ORDER BY s.speech_id LOOP
        IF random() < 0.9 THEN
            UPDATE kefu.outbound o SET state = 'sent', sent_at = kefu.now(), native_id = (900000 + o.outbound_id)::text
             WHERE o.speech_id = p.speech_id;
            PERFORM kefu.settle_speech(p.speech_id, kefu.now());
        ELSE
            PERFORM kefu.fail_speech(p.speech_id, p.outbound, 'refused');
        END IF;
    END LOOP;
END $$;

-- What is sent for an object meets every fate.
CREATE FUNCTION pg_temp.fare() RETURNS void
    LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
    o kefu.outbound;
    fate text;
BEGIN
    FOR o IN SELECT * FROM kefu.outbound x
              WHERE x.object_id IS NOT NULL AND x.state IN ('queued', 'uncertain') ORDER BY x.outbound_id LOOP
        fate := CASE o.state WHEN 'queued' THEN pg_temp.any_of('sent', 'sent', 'sent', 'failed', 'lost', 'rate', 'gone', 'later')
                             ELSE pg_temp.any_of('sent', 'failed', 'absent', 'absent', 'later') END;
        CASE fate
        WHEN 'sent' THEN PERFORM kefu.record_sent(o.outbound_id, (900000 + o.outbound_id)::text, kefu.now());
        WHEN 'failed' THEN PERFORM kefu.record_failed(o.outbound_id, 'content_refused', 'no');
        WHEN 'lost' THEN PERFORM kefu.doubt_outbound(o, 'transient', 'cut');
        WHEN 'rate' THEN PERFORM kefu.record_refused(o, 'rate', 'too often', 60, false);
        WHEN 'gone' THEN PERFORM kefu.record_refused(o, 'gone', 'gone', NULL, true);
        WHEN 'absent' THEN PERFORM kefu.record_missing(o);
        ELSE NULL;
        END CASE;
    END LOOP;
END $$;

-- Somebody writes a post, or a department asks for one.
CREATE FUNCTION pg_temp.writes() RETURNS void
    LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
    made kefu.outcome;
BEGIN
    IF random() < 0.3 THEN
        SET LOCAL ROLE sun;
        made := kefu.request_post('gd.market', 'notice', '通知一则', kefu.now());
    ELSE
        SET LOCAL ROLE liang;
        made := kefu.draft_post('gd', pg_temp.any_of('service', 'news', 'emergency'), '博文一则', CASE WHEN random() < 0.5 THEN '{}'
            ELSE '{"repost_platform": "sina", "repost_id": "5001", "repost_source": "官方"}'::jsonb END);
        IF random() < 0.7 THEN
            PERFORM kefu.submit_post(made.id);
            SET LOCAL ROLE zhao;
            PERFORM kefu.review_post(made.id);
            PERFORM kefu.schedule(made.id, '{sina.gd}', kefu.now() + random() * interval '1 hour');
        END IF;
    END IF;
    SET LOCAL ROLE NONE;
EXCEPTION WHEN OTHERS THEN
    -- The third soft repost of a day.
    IF SQLSTATE <> 'KF005' THEN
        RAISE;
    END IF;
END $$;

CREATE FUNCTION pg_temp.batch(steps integer, VARIADIC kinds text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
    now timestamptz;
    draw double precision;
BEGIN
    FOR n IN 1 .. steps LOOP
        now := kefu.now() + random() * interval '6 minutes';
        PERFORM set_config('kefu.test_now', now::text, true);
        IF n % 12 = 1 THEN
            PERFORM pg_temp.says((300 + floor(random() * 40))::text,
                pg_temp.any_of('请问套餐怎么改', '宽带断网,投诉', '垃圾', '谢谢,服务很好', '还是不行', '路过'), now - interval '2 minutes',
                pg_temp.any_of('sina.gd', 'sina.gd', 'sina.gd', 'sina.gd', 'tencent.gd', 'tencent.gd', 'sina.qh'),
                pg_temp.any_of('mentions', 'comments_to_me', 'messages'),
                (SELECT o.native_id FROM kefu.outbound o WHERE o.native_id IS NOT NULL ORDER BY o.outbound_id DESC LIMIT 1));
        END IF;
        PERFORM pg_temp.step(kinds);
        PERFORM set_config('role', 'none', true);
        IF n % 50 = 7 THEN
            PERFORM set_config('role', 'ou', true);
            draw := random();
            PERFORM kefu.request_erasure(x.person_id)
               FROM (SELECT t.person_id, row_number() OVER (ORDER BY t.person_id) AS n FROM kefu.ticket t
                      WHERE NOT EXISTS (SELECT FROM kefu.erasure e WHERE e.person_id = t.person_id AND e.state IN ('received', 'deferred'))
                      GROUP BY t.person_id ORDER BY t.person_id) AS x
              WHERE pg_temp.lot(draw, x.n::text) < 0.03;
            PERFORM set_config('role', 'none', true);
        END IF;
        IF n % 10 = 0 THEN
            PERFORM pg_temp.deliver();
            IF 'post' = ANY (kinds) THEN
                PERFORM pg_temp.fare();
                PERFORM pg_temp.writes();
            END IF;
            PERFORM FROM kefu.tick();
            PERFORM kefu.assign_topics();
            PERFORM kefu.collect_opinions();
        END IF;
        IF n % 83 = 0 THEN
            INSERT INTO seen SELECT kefu.now(), t.* FROM kefu_bi.tickets t;
        END IF;
    END LOOP;
END $$;

-- What must hold at any time.
CREATE VIEW pg_temp.fault AS
    SELECT b.what, b.object_type, b.count, b.detail FROM pg_temp.broken b
     WHERE b.what NOT IN ('I2', 'I17', 'I19', 'I20')      -- promises that this desk breaks
    UNION ALL
    SELECT 'clock on a final state', c.object_type, count(*), min(c.clock)
      FROM kefu.clock c
      LEFT JOIN kefu.ticket t ON c.object_type = 'ticket' AND t.ticket_id = c.object_id
      LEFT JOIN kefu.work_order w ON c.object_type = 'work_order' AND w.order_id = c.object_id
      LEFT JOIN kefu.task k ON c.object_type = 'task' AND k.task_id = c.object_id
      LEFT JOIN kefu.message m ON c.object_type = 'message' AND m.message_id = c.object_id
      LEFT JOIN kefu.post b ON c.object_type = 'post' AND b.post_id = c.object_id
      LEFT JOIN kefu.placement l ON c.object_type = 'placement' AND l.placement_id = c.object_id
      LEFT JOIN kefu.post_request r ON c.object_type = 'request' AND r.request_id = c.object_id
      LEFT JOIN kefu.opinion o ON c.object_type = 'opinion' AND o.opinion_id = c.object_id
      JOIN kefu.state s ON s.machine = coalesce(t.kind, c.object_type)
                       AND s.state = coalesce(t.state, w.state, k.state, m.state, b.state, l.state, r.state, o.state) AND s.is_final
     WHERE c.stopped_at IS NULL GROUP BY 1, 2
    UNION ALL
    SELECT 'work order without a ticket that knows it', 'work_order', count(*), min(w.state)
      FROM kefu.work_order w JOIN kefu.ticket t USING (ticket_id)
     WHERE t.order_id IS DISTINCT FROM w.order_id AND w.closed_at IS NULL HAVING count(*) > 0
    UNION ALL
    SELECT 'a referred ticket nobody works for', 'ticket', count(*), min(w.state)
      FROM kefu.ticket t LEFT JOIN kefu.work_order w USING (order_id)
     WHERE t.state = 'referred' AND coalesce(w.state, 'cancelled') IN ('closed', 'cancelled') HAVING count(*) > 0
    UNION ALL
    SELECT 'opinion that goes on nowhere', 'opinion', count(*), min(o.state)
      FROM kefu.opinion o LEFT JOIN kefu.opinion t ON t.opinion_id = o.merged_into
     WHERE (o.state = 'merged') <> (t.opinion_id IS NOT NULL) OR o.desk_unit <> t.desk_unit
        OR (o.closed_at IS NULL) <> (o.state IN ('recorded', 'screened', 'reported', 'adopted', 'handled'))
        OR (o.unit <> o.desk_unit) <> (o.state IN ('reported', 'adopted'))
    HAVING count(*) > 0
    UNION ALL
    SELECT 'round without a row', 'ticket', count(*), min(t.kind)
      FROM kefu.ticket t
     WHERE t.round <> (SELECT max(r.round) FROM kefu.round r WHERE r.ticket_id = t.ticket_id) HAVING count(*) > 0
    UNION ALL
    SELECT 'placement on its way and no send for it', 'placement', count(*), min(l.state)
      FROM kefu.placement l
     WHERE l.state IN ('sending', 'uncertain')
       AND NOT EXISTS (SELECT FROM kefu.outbound o WHERE o.object_type = 'placement' AND o.object_id = l.placement_id
                          AND o.state IN ('queued', 'sending', 'uncertain')) HAVING count(*) > 0
    UNION ALL
    SELECT 'send for a placement that waits for none', 'placement', count(*), min(l.state || ' ' || o.action)
      FROM kefu.placement l JOIN kefu.outbound o ON o.object_type = 'placement' AND o.object_id = l.placement_id
     WHERE o.state IN ('queued', 'sending', 'uncertain') AND l.state NOT IN ('sending', 'uncertain', 'deleting')
    HAVING count(*) > 0
    UNION ALL
    SELECT 'planned placement without its time', 'placement', count(*), NULL
      FROM kefu.placement l
     WHERE l.state = 'planned' AND NOT EXISTS (
           SELECT FROM kefu.clock c WHERE c.object_type = 'placement' AND c.object_id = l.placement_id
              AND c.clock = 'posting' AND c.stopped_at IS NULL) HAVING count(*) > 0
    UNION ALL
    SELECT 'planned placement of a post that is not to be published', 'placement', count(*), min(p.state)
      FROM kefu.placement l JOIN kefu.post p USING (post_id)
     WHERE l.state = 'planned' AND (p.state NOT IN ('scheduled', 'published', 'failed') OR p.approved_at IS NULL)
    HAVING count(*) > 0
    UNION ALL
    SELECT 'scheduled post with nothing planned', 'post', count(*), NULL
      FROM kefu.post p
     WHERE p.state = 'scheduled' AND NOT EXISTS (
           SELECT FROM kefu.placement l WHERE l.post_id = p.post_id
              AND l.state IN ('planned', 'sending', 'uncertain')) HAVING count(*) > 0
    UNION ALL
    SELECT 'error that is no refusal: ' || x.sqlstate, x.object_type, count(*), min(x.event || ': ' || x.message COLLATE "C")
      FROM tried x
     -- 22023, 22007 and 22008: a fact that is not of its type.
     WHERE x.sqlstate !~ '^(00000|KF...|22023|22007|22008)$' GROUP BY x.sqlstate, x.object_type;

-- So many steps, in batches of a thousand at most; each fourth is of posts. What
-- ought to hold and doesn't, and after which step.
CREATE FUNCTION pg_temp.walk(steps integer, OUT after integer, OUT what text, OUT object_type text, OUT count bigint, OUT detail text)
    RETURNS SETOF record LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
    size integer := least(1000, steps / 4);
BEGIN
    after := 0;
    FOR n IN 1 .. steps / size LOOP
        IF n % 4 = 0 THEN
            PERFORM pg_temp.batch(size, 'request', 'post', 'post', 'post', 'placement', 'placement', 'task');
        ELSE
            PERFORM pg_temp.batch(size, 'ticket', 'ticket', 'ticket', 'ticket', 'ticket', 'ticket', 'work_order', 'work_order',
                'work_order', 'work_order', 'message', 'message', 'message', 'task', 'task', 'topic', 'erasure', 'opinion', 'opinion', 'opinion', 'opinion');
        END IF;
        after := after + size;
        PERFORM kefu.refresh_kpis(1 + size / 3);
        FOR what, object_type, count, detail IN SELECT f.* FROM pg_temp.fault AS f ORDER BY 1, 2, 4 LOOP
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$;

-- So far nothing was counted; then the sums follow, a part at a time.
SELECT kefu.refresh_kpis(1) IS NOT NULL AS begun;
SELECT setseed(:seed);
SELECT * FROM pg_temp.walk(:steps);
-- It was no walk on the spot; the same seed goes the same way.
SELECT count(*) > :steps * 2 / 3 AS steps, count(*) FILTER (WHERE sqlstate = '00000') > :steps / 15 AS many_taken,
       count(*) FILTER (WHERE sqlstate LIKE 'KF%') > :steps / 6 AS many_refused,
       string_agg(DISTINCT object_type, ' ' ORDER BY object_type) AS types
  FROM tried;
SELECT count(DISTINCT e.from_state) > 3 AS opinions_got_far FROM kefu.audit_event e WHERE e.object_type = 'opinion';
SELECT count(DISTINCT (e.machine, e.from_state, e.event)) > 120 AS many_rows_used FROM kefu.audit_event e;
SELECT e.machine, count(DISTINCT (e.from_state, e.event)) > x.least AS many_rows_used
  FROM kefu.audit_event e JOIN (VALUES ('request', 5), ('post', 12), ('placement', 10)) AS x(machine, least) USING (machine)
 GROUP BY e.machine, x.least ORDER BY 1;
-- What was counted on the way is what the rows say at the end.
SELECT count(*) < 100 AS steps FROM generate_series(1, 100) AS n WHERE kefu.refresh_kpis(1000000) >= 1000000;
SELECT count(*) > 10 AS many_cells, count(DISTINCT kpi) > 5 AS many_kpis FROM kefu_bi.kpi_cells;
SELECT * FROM kefu.find_kpi_misfits();
-- The trail says the same of every moment as was seen then (R8, R95).
SELECT count(*) > 5 AS many_moments, min(x.tickets) > 0 AS with_tickets
  FROM (SELECT instant, count(*) AS tickets FROM seen GROUP BY instant) AS x;
SELECT count(*) FILTER (WHERE s.kind <> t.kind) > 0 AS kind_changed, count(*) FILTER (WHERE s.unit <> t.unit) > 0 AS transferred,
       count(*) FILTER (WHERE t.state = 'merged' AND s.state <> 'merged') > 0 AS merged, count(*) FILTER (WHERE s.priority <> t.priority) > 0 AS reprioritised
  FROM seen s JOIN kefu_bi.tickets t USING (ticket_id);
CREATE TEMP TABLE told AS
SELECT m.instant, t.* FROM (SELECT DISTINCT instant FROM seen) AS m CROSS JOIN LATERAL kefu_bi.tickets_as_of(m.instant) AS t;
SELECT what, instant, ticket_id, kind, state FROM (
    SELECT 'seen' AS what, x.* FROM (TABLE seen EXCEPT ALL TABLE told) AS x
    UNION ALL
    SELECT 'told', x.* FROM (TABLE told EXCEPT ALL TABLE seen) AS x) AS y ORDER BY ticket_id, instant, what LIMIT 20;
-- Promises replayed as they were given end as they did: one by one in replay, here those of the walk (R91).
SELECT count(*) > 3 AS many, sum(r.case_count) > 20 AS many_cases, count(*) FILTER (WHERE (r.case_count, r.in_time_count) IS DISTINCT FROM (r.actual_case_count, r.actual_in_time_count)) AS others,
       count(*) FILTER (WHERE (r.case_count, r.in_time_count) IS DISTINCT FROM (c.cases, c.hits)) AS not_as_in_views
  FROM (SELECT r.unit, r.kpi, sum(r.case_count) AS case_count, sum(r.in_time_count) AS in_time_count, sum(r.actual_case_count) AS actual_case_count,
               sum(r.actual_in_time_count) AS actual_in_time_count FROM kefu_bi.replay('{}', '2026-03') AS r WHERE r.kpi <> 'order_in_time' GROUP BY 1, 2) AS r
  LEFT JOIN (SELECT k.unit, k.kpi, sum(k.case_count) AS cases, sum(k.hit_count) AS hits FROM kefu_bi.kpi_months k WHERE k.local_date = '2026-03-01' GROUP BY 1, 2) AS c USING (unit, kpi);
ROLLBACK;
