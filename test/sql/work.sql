-- work: what contractors' people, a hotline and a province's own team did, against slow
-- queries written from the definitions, and that it makes their scores: R3, R4, R6,
-- R7, R8, R71, R91, R93, R106, R114, R115, ruling 24. The desk is that of
-- test/lib/desk.psql; handlers of the past come from kefu.tickets_at() here.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en)
VALUES ('gd.helper', 'gd', 'contractor', '某外包公司', 'a contractor'), ('gd.other', 'gd', 'contractor', '另一外包公司', 'another contractor');
CREATE ROLE hua; CREATE ROLE hong; CREATE ROLE odd; CREATE ROLE gdboss; CREATE ROLE work_gd; CREATE ROLE work_helper; CREATE ROLE work_qh;
GRANT kefu_operator TO hua, hong, odd; GRANT kefu_admin TO gdboss; GRANT kefu_analyst TO work_gd, work_helper, work_qh;
SELECT kefu.add_staff(s.login, s.unit, s.login), kefu.grant_role(s.login, s.of, s.role)
  FROM (VALUES ('hua', 'gd.helper', 'gd.helper', 'operator'), ('hong', 'gd.helper', 'gd.helper', 'operator'), ('odd', 'gd.other', 'gd.other', 'operator'),
               ('gdboss', 'gd', 'gd', 'admin')) AS s(login, unit, of, role) \g /dev/null
-- The other company's review lapses in the night to the 12th; hong's training ends at noon of the 20th and is renewed later.
SELECT kefu.add_qualification('gd.helper', '2026-01-01', '2027-01-01', 'file'), kefu.add_qualification('gd.other', '2026-01-01', '2026-03-12 00:00+08', 'file'),
       kefu.add_training('hua', 'service', '2026-01-01', '2027-01-01', 'course'), kefu.add_training('odd', 'service', '2026-01-01', '2027-01-01', 'course'),
       kefu.add_training('hong', 'service', '2026-01-01', '2026-03-20 12:00+08', 'course'), kefu.add_training('hong', 'service', '2026-03-22 08:00+08', '2027-01-01', 'course') \g /dev/null
SELECT kefu.grant_reader('work_gd', 'gd'), kefu.grant_reader('work_helper', 'gd.helper'), kefu.grant_reader('work_qh', 'qh') \g /dev/null
-- Somebody does something at an instant, and the platform has taken what was said a minute later.
CREATE FUNCTION pg_temp.does(who name, at timestamptz, call text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('kefu.test_now', at::text, true);
    PERFORM set_config('role', who, true);
    EXECUTE 'SELECT ' || call;
    PERFORM set_config('role', 'none', true);
    PERFORM set_config('kefu.test_now', (at + interval '1 minute')::text, true);
    PERFORM pg_temp.taken();
END $$;
CREATE FUNCTION pg_temp.number_of(login text) RETURNS integer LANGUAGE sql AS $$ SELECT s.staff_id FROM kefu.staff s WHERE s.login = number_of.login $$;
-- 48 complaints: of two companies, of the desk's own people, of nobody for a while; in time and late, sent back and not, called.
CREATE FUNCTION pg_temp.complaint(n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := timestamptz '2026-03-01 20:00+08' + n * interval '15 hours';
    who name := (ARRAY['hua', 'hong', 'lin', 'odd', 'lin'])[1 + n % 5];
    m bigint;
    t bigint;
BEGIN
    PERFORM set_config('kefu.test_now', (at + interval '2 minutes')::text, true);
    m := pg_temp.says('w' || n, '投诉第' || n || '件', at);
    t := pg_temp.ticket_of(m);
    PERFORM pg_temp.does('lin', at + interval '4 minutes', format('kefu.triage(%s, ''complaint'', 2, ''broadband.fault'')', m));
    -- odd isn't qualified any more from the 12th on: the desk keeps it.
    IF who = 'odd' AND at >= '2026-03-11 12:00+08' THEN
        who := 'lin';
    ELSIF who = 'hong' AND at >= '2026-03-16 00:00+08' AND at < '2026-03-23 00:00+08' THEN
        who := 'hua';
    END IF;
    IF who <> 'lin' THEN
        PERFORM pg_temp.does('zhao', at + interval '6 minutes' + CASE WHEN n % 7 = 3 THEN interval '40 minutes' ELSE interval '0' END,
                             format('kefu.assign(%s, %s)', t, pg_temp.number_of(who)));
    END IF;
    IF n % 4 = 3 THEN
        -- A grumble: 10000 calls, not reached at first, settled or not.
        PERFORM pg_temp.does(who, at + CASE WHEN n % 7 = 3 THEN interval '50 minutes' ELSE interval '15 minutes' END, format('kefu.call_back(%s)', t));
        IF n % 8 = 3 THEN
            PERFORM pg_temp.does('tan', at + interval '5 hours', format('kefu.call_missed(%s, ''no_answer'')', t));
        END IF;
        IF n <> 19 THEN
            PERFORM pg_temp.does('tan', at + CASE WHEN n % 12 = 3 THEN interval '50 hours' ELSE interval '9 hours' END,
                                 format('kefu.called(%s, %L)', t, (ARRAY['solved', 'refused', 'advised'])[1 + n % 3]));
        END IF;
    ELSE
        PERFORM pg_temp.does(who, at + CASE WHEN n % 7 = 3 THEN interval '50 minutes' ELSE interval '12 minutes' END, format('kefu.acknowledge(%s, ''gd.network'')', t));
    END IF;
    IF n % 9 = 4 AND who <> 'lin' THEN
        -- Taken away before the answer: the answer is the desk's own.
        PERFORM pg_temp.does('zhao', at + interval '3 hours', format('kefu.release(%s)', t));
        who := 'lin';
    END IF;
    IF n = 45 THEN
        RETURN;
    END IF;
    PERFORM pg_temp.does(who, at + CASE WHEN n % 6 = 2 THEN interval '55 hours' ELSE interval '20 hours' END, format('kefu.answer(%s, ''您好,已处理,请问您是否满意?'')', t));
    IF n % 5 < 2 AND n % 3 = 0 THEN
        PERFORM pg_temp.does(who, at + interval '60 hours', format('kefu.dissatisfied(%s, ''还是不行'', %L)', t, at + interval '59 hours'));
        PERFORM pg_temp.does(who, at + interval '70 hours', format('kefu.answer(%s, ''您好,已再次处理,请问您是否满意?'')', t));
    END IF;
    IF n % 4 <> 1 THEN
        PERFORM pg_temp.does('lin', at + interval '80 hours', CASE WHEN who = 'lin' THEN format('kefu.satisfied(%s)', t) ELSE format('kefu.note(%s, ''ok'')', t) END);
        IF who <> 'lin' THEN
            PERFORM pg_temp.does(who, at + interval '81 hours', format('kefu.satisfied(%s)', t));
        END IF;
    END IF;
END $$;
SELECT pg_temp.complaint(n) FROM generate_series(0, 47) AS n \g /dev/null
-- The desk looks at its list now and then: each half hour of the 3rd, twice on the 4th, never else.
INSERT INTO kefu.patrol (unit, staff_id, at)
SELECT 'gd', pg_temp.number_of('lin'), t FROM generate_series(timestamptz '2026-03-03 08:30+08', '2026-03-03 19:30+08', '30 minutes') AS t
UNION ALL VALUES ('gd', pg_temp.number_of('lin'), timestamptz '2026-03-04 08:20+08'), ('gd', pg_temp.number_of('lin'), '2026-03-04 12:00+08') \g /dev/null
SET LOCAL kefu.test_now = '2026-04-06 09:00+08';
SELECT kefu.rebuild_kpis() > 0 AS counted, kefu.refresh_dimensions(10000) \g /dev/null

-- --- the definitions once more, as slow queries ---------------------------------------

-- Who had a ticket: whom the replay of its events names, else who spoke last.
CREATE FUNCTION pg_temp.had(t bigint, instant timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT s.unit FROM kefu.tickets_at(instant, t) AS x JOIN kefu.staff s ON s.staff_id = x.handler),
                    (SELECT CASE WHEN v.event = 'release' THEN NULL ELSE s.unit END
                       FROM kefu.audit_event v LEFT JOIN kefu.staff s USING (staff_id)
                      WHERE v.object_type = 'ticket' AND v.object_id = t AND v.at <= instant
                        AND (v.event = 'release' OR v.event_id IN (SELECT p.event_id FROM kefu.speech p)) ORDER BY v.at DESC, v.seq DESC LIMIT 1),
                    (SELECT x.unit FROM kefu.ticket x WHERE x.ticket_id = t)) $$;
CREATE TEMP TABLE slow AS
WITH due AS (SELECT c.*, t.unit AS desk FROM kefu.clock c JOIN kefu.ticket t ON t.ticket_id = c.object_id
              WHERE c.object_type = 'ticket' AND c.due_at >= '2026-03-01 00:00+08' AND c.due_at < '2026-04-01 00:00+08' AND coalesce(c.outcome, '') <> 'void')
SELECT pg_temp.had(d.object_id, least(d.stopped_at, d.due_at)) AS unit, 'held_response_in_time' AS kpi, count(*) AS cases, count(*) FILTER (WHERE d.stopped_at <= d.due_at) AS hits
  FROM due d WHERE d.clock = 'complaint_ack' GROUP BY 1
UNION ALL
SELECT pg_temp.had(d.object_id, least(d.stopped_at, d.due_at)), 'held_answer_in_time', count(*), count(*) FILTER (WHERE d.stopped_at <= d.due_at)
  FROM due d WHERE d.clock = 'answer' GROUP BY 1
UNION ALL
SELECT pg_temp.had(t.ticket_id, t.answered_at), 'held_satisfied', count(*), count(*) FILTER (WHERE t.satisfaction = 'satisfied')
  FROM kefu.ticket t WHERE t.satisfaction IN ('satisfied', 'dissatisfied') AND t.posted_at >= '2026-03-01 00:00+08' AND t.posted_at < '2026-04-01 00:00+08' GROUP BY 1
UNION ALL
SELECT pg_temp.had(r.ticket_id, r.answered_at), 'held_reworked', count(*), count(*) FILTER (WHERE r.round < t.round)
  FROM kefu.round r JOIN kefu.ticket t USING (ticket_id)
 WHERE r.answered_at IS NOT NULL AND r.posted_at >= '2026-03-01 00:00+08' AND r.posted_at < '2026-04-01 00:00+08' GROUP BY 1
UNION ALL
SELECT 'gd.10000', 'call_in_time', count(*), count(*) FILTER (WHERE d.stopped_at <= d.due_at) FROM due d WHERE d.clock = 'call_back'
UNION ALL
SELECT 'gd.10000', 'call_reached', count(*), count(*) FILTER (WHERE k.evidence LIKE 'called: %') FROM kefu.task k WHERE k.cause = 'call_back' AND k.state = 'done'
   AND k.closed_at >= '2026-03-01 00:00+08' AND k.closed_at < '2026-04-01 00:00+08'
UNION ALL
SELECT 'gd.10000', 'call_solved', count(*), count(*) FILTER (WHERE k.evidence IN ('called: solved', 'called: advised')) FROM kefu.task k
 WHERE k.cause = 'call_back' AND k.evidence LIKE 'called: %' AND k.closed_at >= '2026-03-01 00:00+08' AND k.closed_at < '2026-04-01 00:00+08'
UNION ALL
-- 31 days of three people; but for the 12th to the 31st of odd, and of hong the 20th, whose noon is the end, and the 21st.
VALUES ('gd.helper', 'qualified_days', 2 * 31::bigint, 2 * 31 - 2::bigint), ('gd.other', 'qualified_days', 31, 11)
UNION ALL
-- 22 workdays of 720 minutes: all of the 3rd; of the 4th 20 minutes and twice half an hour; of the others the first half hour.
VALUES ('gd', 'patrol_kept', 22 * 720::bigint, 720 + 80 + 20 * 30::bigint);
\set ECHO all

SET LOCAL ROLE work_gd;
SELECT unit, unit_kind, kpi, case_count, hit_count, kpi_value, is_small, is_ranked FROM kefu_bi.work_kpis('gd', '2026-03-01') ORDER BY unit, kpi;
RESET ROLE;
SELECT coalesce(s.unit, w.unit) AS unit, coalesce(s.kpi, w.kpi) AS kpi, s.cases, s.hits, w.case_count, w.hit_count
  FROM slow s FULL JOIN kefu_bi.work_kpis('gd', '2026-03-31') AS w ON w.unit = s.unit AND w.kpi = s.kpi
 WHERE coalesce(s.kpi, w.kpi) <> 'call_time' AND (s.cases, s.hits) IS DISTINCT FROM (w.case_count, w.hit_count);
-- A call counts from the task, over tries; the median to 1 in 64.
SELECT w.case_count = o.n AS cases, abs(w.kpi_value - o.median) * 64 <= o.median AS median
  FROM kefu_bi.work_kpis('gd.10000', '2026-03-01') AS w
 CROSS JOIN (SELECT count(*) AS n, percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM k.closed_at - f.created_at)) AS median
               FROM kefu.task k JOIN kefu.task f ON f.ticket_id = k.ticket_id AND f.cause = 'call_back' AND NOT EXISTS (
                        SELECT FROM kefu.task e WHERE e.ticket_id = f.ticket_id AND e.cause = 'call_back' AND e.task_id < f.task_id)
              WHERE k.evidence LIKE 'called: %' AND k.closed_at < '2026-04-01 00:00+08') AS o
 WHERE w.kpi = 'call_time';
-- The parts of a province add up to it, month by month.
SELECT v.kpi, sum(w.case_count) = m.case_count AS cases, sum(w.hit_count) = m.hit_count AS hits
  FROM (VALUES ('response_in_time'), ('answer_in_time'), ('satisfied')) AS v(kpi)
  JOIN kefu_bi.work_kpis('gd', '2026-03-01') AS w ON w.kpi = 'held_' || v.kpi
  JOIN kefu.kpi('gd', '2026-03-01', '2026-04-01') AS m ON m.kpi = v.kpi
 GROUP BY v.kpi, m.case_count, m.hit_count ORDER BY 1;
-- Which tickets stand behind a figure.
SELECT count(*) AS late, bool_and(c.value_seconds IS NULL) AS no_value, bool_and(k.outcome = 'late') AS rightly
  FROM kefu_bi.work_cases('gd.helper', '2026-03-01') AS c
  JOIN kefu.clock k ON k.object_type = 'ticket' AND k.object_id = c.object_id AND k.clock = 'answer' AND k.due_at = c.counts_at
 WHERE c.kpi = 'held_answer_in_time' AND c.hit_count = 0;

-- --- what the desk itself owes: posts, corrections, reports, and negatives by who held them -----------

SAVEPOINT owned;
\set ECHO none
-- Five days of one account: the 27th of leisure and too much culture, the 28th nearly as it should be, the 29th a single post, the 30th none, the 31st exempt;
-- another account whose only post was cancelled owes nothing. The 29th has its own rule of spacing.
INSERT INTO kefu.post (post_id, state, unit, kind, made_at, text) OVERRIDING SYSTEM VALUE VALUES (990001, 'published', 'gd', 'service', '2026-03-27', 'text');
INSERT INTO kefu.placement (post_id, state, unit, account, kind, is_repost, is_exempt, has_media, text, planned_at, send_at, made_at, published_at)
SELECT 990001, x.state, 'gd', x.account, x.kind, x.is_repost, x.kind = 'reissue', x.has_media, 'text', x.at, x.at, x.at, CASE x.state WHEN 'published' THEN x.at END
  FROM (SELECT 'sina.gd' AS account, 'published' AS state, k.kind, k.is_repost, k.has_media, timestamptz '2026-03-28 00:00+08' + k.at::interval AS at
          FROM (VALUES ('08:31', 'morning', false, false), ('09:10', 'service', false, true), ('10:00', 'service', true, false), ('10:50', 'service', false, false),
                       ('11:40', 'industry', true, false), ('12:30', 'service', false, false), ('13:25', 'industry', false, false), ('14:20', 'welfare', true, false),
                       ('14:30', 'reissue', false, false), ('15:10', 'leisure', false, false), ('16:25', 'service', false, false), ('18:16', 'evening', false, false)) AS k(at, kind, is_repost, has_media)
        UNION ALL
        SELECT 'sina.gd', 'published', CASE WHEN n < 3 THEN 'culture' ELSE 'leisure' END, n < 3, true, timestamptz '2026-03-27 09:00+08' + n * interval '1 hour' FROM generate_series(0, 6) AS n
        UNION ALL
        VALUES ('sina.gd', 'published', 'leisure', false, false, timestamptz '2026-03-29 12:00+08'), ('sina.gd', 'cancelled', 'service', false, true, '2026-03-29 13:00+08'),
               ('sina.gd', 'published', 'news', true, false, '2026-03-31 09:00+08'), ('sina.gd', 'published', 'news', true, false, '2026-03-31 09:10+08'),
               ('tencent.gd', 'cancelled', 'service', false, false, '2026-03-28 09:00+08')) AS x;
INSERT INTO kefu.posting_rule (rule, unit, account, valid_from, at_least, effect, latitude, rulebook) VALUES ('spacing', 'gd', 'sina.gd', '2026-03-29 11:00+08', 20, 'warn', 'no', 'R39');
INSERT INTO kefu.posting_exception (unit, during, reason, granted_by, granted_at)
VALUES ('gd', '[2026-03-31 00:00+08, 2026-04-01 00:00+08)', '特殊事件', pg_temp.number_of('zhao'), '2026-03-30 09:00+08');
-- Corrections and reports of Guangdong, whatever may become of a promise; Qinghai has a void one of each, so nothing to divide by.
INSERT INTO kefu.change_notice (notice_id, unit, product, text, received_at, noted_at) OVERRIDING SYSTEM VALUE
VALUES (990001, 'gd', '套餐', '调价', '2026-03-28 19:00+08', '2026-03-28 19:00+08');
CREATE TEMP TABLE promise AS
SELECT * FROM (VALUES (1, 'gd', timestamptz '2026-03-28 19:10+08', timestamptz '2026-03-28 19:10+08', 'kept'), (2, 'gd', '2026-03-28 19:10+08', '2026-03-28 19:10:01+08', 'late'),
                      (3, 'gd', '2026-03-29 19:10+08', NULL, NULL), (4, 'gd', '2026-03-29 19:10+08', '2026-03-29 19:00+08', 'void'), (5, 'gd', '2026-02-28 23:59:59+08', '2026-02-28 23:00+08', 'kept'),
                      (6, 'gd', '2026-03-31 23:59:59+08', '2026-03-31 23:30+08', 'kept'), (7, 'gd', '2026-04-01 00:00+08', '2026-04-01 00:00+08', 'kept'), (8, 'gd', '2026-04-06 09:00:01+08', NULL, NULL),
                      (9, 'qh', '2026-03-29 19:10+08', '2026-03-29 19:00+08', 'void')) AS v(n, unit, due_at, stopped_at, outcome);
INSERT INTO kefu.correction (correction_id, state, unit, post_id, placement_id, cause, notice_id, notice_time, made_at, closed_at) OVERRIDING SYSTEM VALUE
SELECT 990000 + p.n, 'closed', p.unit, 990001, (SELECT min(placement_id) FROM kefu.placement), 'change', 990001, p.due_at - interval '10 minutes', p.due_at, p.due_at FROM promise p;
INSERT INTO kefu.report (report_id, state, unit, desk_unit, kind, period, from_date, until_date, file_by, opened_at, title) OVERRIDING SYSTEM VALUE
SELECT 990000 + p.n, 'draft', p.unit, p.unit, CASE p.n % 2 WHEN 0 THEN 'daily' ELSE 'weekly' END, 'r' || p.n, date '2026-03-01', date '2026-03-02', p.due_at, p.due_at - interval '9 hours', NULL FROM promise p
UNION ALL
-- An event's report owes nothing.
SELECT 990010, 'draft', 'qh', 'qh', 'event', 'r', '2026-03-01', '2026-03-02', NULL, '2026-03-28 00:00+08', '两天';
INSERT INTO kefu.clock (object_type, object_id, clock, unit, policy_id, started_at, due_at, stopped_at, outcome)
SELECT c.object_type, 990000 + p.n, c.clock, p.unit, (SELECT max(x.policy_id) FROM kefu.clock_policy x WHERE x.clock = c.clock), p.due_at - interval '10 minutes', p.due_at, p.stopped_at, p.outcome
  FROM promise p, (VALUES ('correction', 'correction'), ('report', 'report_filing')) AS c(object_type, clock)
UNION ALL
-- What is taken down and not said anew has another promise, which isn't counted.
SELECT 'correction', 990003, 'correction_error', 'gd', (SELECT max(x.policy_id) FROM kefu.clock_policy x WHERE x.clock = 'correction_error'), '2026-03-29 19:00+08', '2026-03-29 19:30+08', '2026-03-29 19:20+08', 'kept';
-- 10 negatives: answered in time or late, by one company, the desk, or whoever; taken away before; never answered; dropped.
CREATE FUNCTION pg_temp.negative(n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := timestamptz '2026-03-02 09:00+08' + n * interval '2 days';
    who name := (ARRAY['hua', 'lin', 'hua', 'lin', 'hua'])[1 + n % 5];
    m bigint;
    t bigint;
BEGIN
    PERFORM set_config('kefu.test_now', (at + interval '1 minute')::text, true);
    m := pg_temp.says('neg' || n, '垃圾第' || n || '家', at);
    t := pg_temp.ticket_of(m);
    PERFORM pg_temp.does('lin', at + interval '2 minutes', format('kefu.triage(%s, ''negative'')', m));
    IF who = 'hua' THEN
        PERFORM pg_temp.does('zhao', at + interval '10 minutes', format('kefu.assign(%s, %s)', t, pg_temp.number_of(who)));
    END IF;
    IF n = 5 THEN
        PERFORM pg_temp.does('zhao', at + interval '20 minutes', format('kefu.release(%s)', t));
        who := 'lin';
    END IF;
    IF n NOT IN (1, 4, 9) THEN
        PERFORM pg_temp.does(who, at + CASE n % 3 WHEN 0 THEN interval '30 minutes' WHEN 1 THEN interval '2 hours' ELSE interval '5 hours' END, format('kefu.judge(%s, ''vague'')', t));
    END IF;
END $$;
SELECT pg_temp.negative(n) FROM generate_series(0, 9) AS n \g /dev/null
SET LOCAL kefu.test_now = '2026-04-06 09:00+08';
SELECT kefu.rebuild_kpis() > 0 \g /dev/null

-- The version of a rule that an account goes by on a day: its own, its unit's, Group's, the newest by noon.
CREATE FUNCTION pg_temp.ruled(of_account text, day date, of_rule text) RETURNS kefu.posting_rule LANGUAGE sql AS $$
    SELECT r FROM kefu.posting_rule r WHERE r.rule = of_rule AND r.unit IN ('gd', 'group') AND r.account IN ('', of_account) AND r.valid_from <= (day + time '12:00') AT TIME ZONE 'Asia/Shanghai'
     ORDER BY r.account = of_account DESC, r.unit = 'gd' DESC, r.valid_from DESC LIMIT 1 $$;
-- Largest remainder, of equal ones the first.
CREATE FUNCTION pg_temp.part(total bigint, ratio integer[], n integer) RETURNS integer LANGUAGE sql AS $$
    SELECT (floor(x.quota) + (x.place <= x.missing)::integer)::integer
      FROM (SELECT q.*, rank() OVER (ORDER BY q.quota - floor(q.quota) DESC, q.i) AS place, total - sum(floor(q.quota)) OVER () AS missing
              FROM (SELECT i, total * r::numeric / (SELECT sum(s) FROM unnest(ratio) AS s) AS quota FROM unnest(ratio) WITH ORDINALITY AS u(r, i)) AS q) AS x
     WHERE x.i = n $$;
-- The eleven rules of a day, each kept unless what is there breaks it.
CREATE FUNCTION pg_temp.day_of(of_account text, day date) RETURNS TABLE (rule text, kept boolean) LANGUAGE sql AS $$
    WITH p AS (SELECT l.kind, l.is_repost, l.has_media, date_trunc('minute', l.published_at AT TIME ZONE 'Asia/Shanghai')::time AS t
                 FROM kefu.placement l WHERE l.account = of_account AND l.state = 'published' AND NOT l.is_exempt AND (l.published_at AT TIME ZONE 'Asia/Shanghai')::date = day),
         pair AS (SELECT a.t AS one, min(b.t) AS next FROM p a JOIN p b ON b.t > a.t GROUP BY a.t),
         mixed AS (SELECT CASE WHEN p.kind IN ('service', 'notice') THEN 'service' ELSE p.kind END AS kind FROM p
                    WHERE p.kind IN ('service', 'notice', 'industry', 'leisure') AND p.t > (pg_temp.ruled(of_account, day, 'morning')).from_time AND p.t < (pg_temp.ruled(of_account, day, 'evening')).from_time)
    SELECT 'number', count(*) BETWEEN (pg_temp.ruled(of_account, day, 'number')).at_least AND (pg_temp.ruled(of_account, day, 'number')).at_most FROM p
    UNION ALL SELECT 'spacing', count(*) = 0 FROM pair WHERE next - one < make_interval(mins => (pg_temp.ruled(of_account, day, 'spacing')).at_least)
    UNION ALL SELECT 'gap', count(*) = 0 FROM pair WHERE next - one > make_interval(mins => (pg_temp.ruled(of_account, day, 'gap')).at_most)
    UNION ALL SELECT s.slot, EXISTS (SELECT FROM p WHERE p.kind = s.slot AND abs(extract(epoch FROM p.t - (pg_temp.ruled(of_account, day, s.slot)).from_time)) <= 60 * (pg_temp.ruled(of_account, day, s.slot)).at_most)
                FROM (VALUES ('morning'), ('evening')) AS s(slot)
    UNION ALL SELECT k.kind, abs((SELECT count(*) FROM mixed WHERE mixed.kind = k.kind)
                                 - pg_temp.part((SELECT count(*) FROM mixed), ARRAY[(pg_temp.ruled(of_account, day, 'mix_service')).at_least, (pg_temp.ruled(of_account, day, 'mix_industry')).at_least,
                                                                                    (pg_temp.ruled(of_account, day, 'mix_leisure')).at_least], k.n)) <= (pg_temp.ruled(of_account, day, 'mix')).at_most
                FROM (VALUES ('service', 1), ('industry', 2), ('leisure', 3)) AS k(kind, n)
    UNION ALL SELECT 'reposts', abs(count(*) FILTER (WHERE is_repost) - pg_temp.part(count(*), ARRAY[(pg_temp.ruled(of_account, day, 'ratio_repost')).at_least,
                                                                                                     (pg_temp.ruled(of_account, day, 'ratio_original')).at_least], 1)) <= (pg_temp.ruled(of_account, day, 'ratio')).at_most FROM p
    UNION ALL SELECT 'soft', count(*) <= (pg_temp.ruled(of_account, day, 'soft_reposts')).at_most FROM p WHERE is_repost AND kind IN ('welfare', 'news', 'culture')
    UNION ALL SELECT 'pictures', count(*) FILTER (WHERE has_media) >= (pg_temp.ruled(of_account, day, 'pictures')).at_least FROM p $$;
CREATE TEMP TABLE owed AS
SELECT 'gd' AS unit, 'posting_kept' AS kpi, count(*) AS cases, count(*) FILTER (WHERE d.day = '2026-03-31' OR r.kept) AS hits
  FROM (VALUES (date '2026-03-27'), ('2026-03-28'), ('2026-03-29'), ('2026-03-30'), ('2026-03-31')) AS d(day) CROSS JOIN LATERAL pg_temp.day_of('sina.gd', d.day) AS r
UNION ALL
SELECT x.unit, CASE c.clock WHEN 'correction' THEN 'correction_in_time' ELSE 'report_in_time' END, count(*), count(*) FILTER (WHERE c.stopped_at <= c.due_at)
  FROM kefu.clock c
  JOIN (SELECT 'correction' AS clock, correction_id AS id, unit FROM kefu.correction UNION ALL SELECT 'report_filing', report_id, desk_unit FROM kefu.report) AS x ON x.clock = c.clock AND x.id = c.object_id
 WHERE c.object_type IN ('correction', 'report') AND coalesce(c.outcome, '') <> 'void' AND c.due_at >= '2026-03-01 00:00+08' AND c.due_at < '2026-04-01 00:00+08' GROUP BY 1, 2
UNION ALL
SELECT pg_temp.had(c.object_id, least(c.stopped_at, c.due_at)), 'held_negative_replied', count(*), count(c.stopped_at)
  FROM kefu.clock c WHERE c.object_type = 'ticket' AND c.clock = 'negative_reply' AND coalesce(c.outcome, '') <> 'void' AND c.due_at >= '2026-03-01 00:00+08' AND c.due_at < '2026-04-01 00:00+08' GROUP BY 1;
\set ECHO all
-- Each has cases that hit and cases that don't.
SELECT coalesce(s.unit, w.unit) AS unit, coalesce(s.kpi, w.kpi) AS kpi, s.cases, s.hits, w.case_count, w.hit_count, w.kpi_value, s.hits > 0 AND s.hits < s.cases AS both
  FROM owed s FULL JOIN (SELECT * FROM kefu_bi.work_kpis('group', '2026-03-01') AS x WHERE x.kpi IN ('posting_kept', 'correction_in_time', 'report_in_time', 'held_negative_replied')) AS w
    ON w.unit = s.unit AND w.kpi = s.kpi ORDER BY 1, 2;
SELECT day, string_agg(r.rule, ' ' ORDER BY r.rule) AS broken FROM (VALUES (date '2026-03-27'), ('2026-03-28'), ('2026-03-29'), ('2026-03-30'), ('2026-03-31')) AS d(day)
 CROSS JOIN LATERAL pg_temp.day_of('sina.gd', d.day) AS r WHERE NOT r.kept GROUP BY day ORDER BY day;
-- The day and the page of a report say the same of each rule.
SELECT count(*) AS rules, count(*) FILTER (WHERE v.is_deviation = r.kept) AS differ
  FROM kefu_bi.posting_day v CROSS JOIN LATERAL pg_temp.day_of(v.account, v.local_date) AS r WHERE r.rule = v.rule AND v.local_date <= '2026-03-31';
SELECT (g ->> 'rules')::bigint = o.cases AS rules, (g ->> 'kept')::bigint = o.hits AS kept
  FROM owed o, jsonb_array_elements(kefu.report_figures('gd', '2026-03-01', '2026-04-01') -> 'posting') AS g WHERE o.kpi = 'posting_kept';
-- A share of nothing isn't there: void, or of another kind; what isn't due yet isn't counted.
SELECT count(*) AS corrections, count(*) FILTER (WHERE c.outcome IS NULL AND c.due_at > kefu.now()) AS to_come FROM kefu.clock c WHERE c.clock = 'correction' AND c.due_at > '2026-04-01 00:00+08';
SELECT unit, kpi, case_count, hit_count FROM kefu_bi.work_kpis('group', '2026-04-01') WHERE kpi IN ('correction_in_time', 'report_in_time', 'held_negative_replied');
SELECT kpi FROM kefu_bi.work_kpis('qh', '2026-03-01') WHERE kpi <> 'patrol_kept';
ROLLBACK TO owned;

-- --- who reads what, and a month that isn't over -----------------------------------------

SET LOCAL ROLE work_helper;
SELECT unit, count(*) AS kpis, sum(case_count) AS cases FROM kefu_bi.work_kpis('gd.helper', '2026-03-01') GROUP BY unit;
SELECT unit FROM kefu_bi.work_kpis('gd', '2026-03-01');
SELECT unit FROM kefu_bi.work_cases('gd.other', '2026-03-01');
SET LOCAL ROLE work_qh;
SELECT unit FROM kefu_bi.work_kpis('gd', '2026-03-01');
SELECT kpi FROM kefu_bi.work_kpis('qh', '2026-03-01');
SELECT count(*) > 10 AS definitions FROM kefu_bi.work_definitions;
RESET ROLE;
DELETE FROM kefu_bi.work_definitions;
-- April has begun with six days: nobody is unqualified on days to come.
SELECT unit, case_count, hit_count FROM kefu_bi.work_kpis('gd', '2026-04-01') WHERE kpi = 'qualified_days' ORDER BY 1;

-- --- scores of it -------------------------------------------------------------------------

SELECT unit, kind, scored_weight, base_score, is_small, is_ranked, rank, ranked_count FROM kefu.scores('gd', '2026-03-01') WHERE kind <> 'department';
-- The team of Guangdong has the same figures on Group's card, where it is ranked among teams.
SELECT unit, scored_weight, base_score, is_ranked, rank, ranked_count FROM kefu.scores('group', '2026-03-01') WHERE kind = 'team' AND scored_weight > 0;
-- Made of the figures above and the shipped rules, nothing else; fewer than 10 cases give no points.
SELECT count(*) AS cards, count(*) FILTER (WHERE s.base_score IS DISTINCT FROM o.score) AS differ
  FROM kefu.scores('gd', '2026-03-01') AS s
  JOIN (SELECT w.unit, r.kind, round(sum(r.weight * round(100 * greatest(0, least(1, (w.kpi_value - r.zero_value) / nullif(r.full_value - r.zero_value, 0))), 2)) / sum(r.weight), 2) AS score
          FROM kefu_bi.work_kpis('gd', '2026-03-01') AS w
          JOIN kefu_bi.score_rules r ON r.kpi = w.kpi AND r.kind = CASE w.unit_kind WHEN 'province' THEN 'team' ELSE w.unit_kind END
         WHERE w.case_count >= 10 GROUP BY w.unit, r.kind) AS o USING (unit, kind);
-- A province weighs its own team and contractors otherwise (R6); a team has no KPI of the rollup, which counts those below it too.
SET LOCAL ROLE gdboss;
SELECT kefu.set_score_rule('gd', 'team', 'patrol_kept', 60, 98, 80);
SELECT kefu.set_score_rule('gd', 'team', 'answer_in_time', 60, 98, 80);
SELECT kefu.set_score_rule('gd', 'hotline', 'call_time', 60, 3600, 7200);
SELECT kefu.set_score_rule('gd', 'hotline', 'call_time', 60, 7200, 3600);
-- Points of a team are another matter than those of its province, and only a province has one.
SET LOCAL ROLE he;
SELECT kefu.add_score_entry('gd', '2026-03-01', 3, '台风期间连续值守', team => true) > 0 AS given;
SELECT kefu.add_score_entry('gd.helper', '2026-03-01', 3, '无此团队', team => true);
RESET ROLE;
SELECT kind, bonus_points FROM kefu.scores('group', '2026-03-01') WHERE unit = 'gd' ORDER BY 1;
SELECT kefu.close_scores('gd', '2026-03-01'), kefu.close_scores('group', '2026-03-01');
SET LOCAL ROLE work_gd;
SELECT by_unit, unit, kind, base_score, bonus_points, score, rank, ranked_count FROM kefu_bi.scorecards WHERE kind NOT IN ('department', 'province') ORDER BY 1, 2, 3;
SELECT unit, kpi_label_zh, weight, case_count, kpi_value, points FROM kefu_bi.scorecard_lines WHERE kind = 'hotline' ORDER BY weight DESC, kpi_label_zh;
RESET ROLE;

-- --- the monthly report (R4, R6, R8): score, rank, parts, points with reasons, the month before ----------------

SET LOCAL kefu.test_now = '2026-04-06 09:30+08';
SELECT kefu.add_score_entry('gd', '2026-03-01', 2.5, '处置"断网"<迅速>', 'R119') > 0, kefu.add_score_entry('gd', '2026-03-01', -1, '晚报一次') > 0 \g /dev/null
SELECT kefu.close_scores('group', '2026-02-01'), kefu.close_scores('group', '2026-03-01', '补登加减分'), kefu.open_reports(1000) > 0 \g /dev/null
SELECT report_id AS month FROM kefu.report WHERE desk_unit = 'gd' AND kind = 'monthly' AND period = '2026-03' \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.open_report('gd', 'event', '2026-03-01/2026-03-02', title => '两天');
SELECT state FROM kefu.submit_report(:month);
SELECT kefu.report_html(:month) AS page \gset
RESET ROLE;
CREATE TEMP TABLE page AS SELECT xmlparse(DOCUMENT regexp_replace(regexp_replace(:'page', '^<!DOCTYPE html>\n', ''), '<(meta [^>]*)>', '<\1/>', 'g')) AS x;
-- What the page says is what the views say.
SELECT (xpath('//*[@data-score="score"]/text()', x))[1]::text = kefu.html_value('points', c.score) AS score,
       (xpath('//*[@data-score="rank"]', x))[1]::text LIKE '%—%' AS no_rank, c.rank, c.score, c.bonus_points, c.penalty_points
  FROM page, kefu_bi.scorecards c WHERE c.by_unit = 'group' AND c.unit = 'gd' AND c.kind = 'province' AND c.local_month = '2026-03-01' AND c.is_current;
SELECT count(*) AS lines, count(*) FILTER (WHERE (xpath('/tr/td[1]/text()', t))[1]::text = l.weight::text AND (xpath('/tr/td[2]/text()', t))[1]::text = l.case_count::text
                                             AND (xpath('/tr/td[3]/text()', t))[1]::text = kefu.html_value(l.measure, l.kpi_value)
                                             AND (xpath('/tr/td[6]/text()', t))[1]::text = kefu.html_value('points', l.points)) AS as_in_view
  FROM page, unnest(xpath('//tr[@data-kpi]', x)) AS t
  JOIN kefu_bi.scorecard_lines l ON l.kpi = (xpath('/tr/@data-kpi', t))[1]::text AND l.by_unit = 'group' AND l.unit = 'gd' AND l.kind = 'province'
                                AND l.local_month = '2026-03-01' AND l.edition = (SELECT max(m.edition) FROM kefu_bi.scorecard_lines m WHERE m.by_unit = 'group' AND m.local_month = '2026-03-01');
SELECT (xpath('string(//caption[@id="score-entries"]/following-sibling::tbody)', x))[1]::text AS points,
       (xpath('count(//caption[starts-with(@id, "scores-")])', x))[1]::text AS rankings,
       (xpath('string(//caption[@id="scores-contractor"]/following-sibling::tbody/tr[1])', x))[1]::text AS first FROM page;
-- Points that come later change nothing of what was filed; a page of days has no scores.
SELECT kefu.add_score_entry('gd', '2026-03-01', 9, '更晚的') > 0, kefu.close_scores('group', '2026-03-01', '又改') \g /dev/null
SET LOCAL ROLE lin;
SELECT kefu.report_html(:month) = :'page' AS same;
SELECT bool_or(kefu.report_html(r.report_id) ~ 'id="scores-h"') AS has_scores FROM kefu_bi.reports r WHERE r.kind IN ('daily', 'event');
RESET ROLE;
-- Before the month is closed a draft shows what is counted now, and says so; Group's shows the provinces, and the teams once closed.
SELECT s ->> 'edition' AS edition, s #>> '{card,kind}' AS kind, jsonb_array_length(s -> 'below') > 3 AS below FROM kefu.report_scores('gd', '2026-04-01') AS s;
SELECT array_agg(DISTINCT b ->> 'kind') FROM jsonb_array_elements(kefu.report_scores('group', '2026-04-01') -> 'below') AS b;
SELECT array_agg(DISTINCT b ->> 'kind') FROM jsonb_array_elements(kefu.report_scores('group', '2026-03-01') -> 'below') AS b;
SELECT kefu.html_scores(kefu.report_scores('gd', '2026-04-01')) ~ '试算，未结账' AS says_so;

-- What happens later changes nothing of it: a call, a training, another handler.
CREATE TEMP TABLE stood AS SELECT * FROM kefu_bi.scorecard_lines;
SELECT kefu.add_training('hong', 'service', '2026-03-20 00:00+08', '2026-03-23 00:00+08', 'found again') > 0 AS added;
SELECT hit_count FROM kefu_bi.work_kpis('gd.helper', '2026-03-01') WHERE kpi = 'qualified_days';
SELECT count(*) FROM (TABLE stood EXCEPT SELECT * FROM kefu_bi.scorecard_lines) AS x;
ROLLBACK;
