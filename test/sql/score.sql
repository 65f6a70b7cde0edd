-- score: how units are appraised, who may do it, what a closed month keeps, and
-- that a province learns nobody else's figure (R3, R4, R6, R7, ruling 24).
--
-- The rollups are written by hand here, so that every figure is known; that
-- they are what the desk's rows give is shown in kpi, which also compares
-- scores and peers with slow queries over a whole quarter.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-02-20 09:00+08';
SELECT kefu.create_roles() \g /dev/null
SELECT kefu.load_preset('all') \g /dev/null
-- boss leads Group's desk, chief administers it; gdadmin and gdlead run Guangdong; lin operates there, ji too and
-- leads at Group besides; qh is far.
CREATE TEMP TABLE who (login text, granted text, unit text, role text);
INSERT INTO who VALUES ('sc_chief', 'kefu_admin', 'group', 'admin'), ('sc_boss', 'kefu_leader', 'group', 'leader'),
    ('sc_gdadmin', 'kefu_admin', 'gd', 'admin'), ('sc_gdlead', 'kefu_leader', 'gd', 'leader'), ('sc_lin', 'kefu_operator', 'gd', 'operator'),
    ('sc_far', 'kefu_leader', 'qh', 'leader'), ('sc_ji', 'kefu_leader', 'gd', 'operator'), ('sc_ji', NULL, 'group', 'leader'),
    ('sc_gd', 'kefu_analyst', 'gd', NULL), ('sc_qh', 'kefu_analyst', 'qh', NULL), ('sc_all', 'kefu_analyst', 'group', NULL),
    ('sc_most', 'kefu_analyst', NULL, NULL), ('sc_nobody', 'kefu_analyst', NULL, NULL);
DO $$
DECLARE
    w who;
BEGIN
    FOR w IN SELECT * FROM who ORDER BY granted NULLS LAST LOOP
        IF w.granted IS NOT NULL THEN
            EXECUTE format('CREATE ROLE %I', w.login);
            EXECUTE format('GRANT %I TO %I', w.granted, w.login);
            IF w.role IS NOT NULL THEN
                PERFORM kefu.add_staff(w.login, w.unit, w.login);
            END IF;
        END IF;
        IF w.role IS NOT NULL THEN
            PERFORM kefu.grant_role(w.login, w.unit, w.role);
        ELSIF w.unit IS NOT NULL THEN
            PERFORM kefu.grant_reader(w.login, w.unit);
        END IF;
    END LOOP;
END $$;
INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en) VALUES ('gd.helper', 'gd', 'contractor', '某外包公司', 'a contractor');
SELECT kefu.refresh_dimensions(1) \g /dev/null
SELECT kefu.write_dates('2025-12-29', '2026-12-31') \g /dev/null
DELETE FROM kefu_bi.kpi_buckets; DELETE FROM kefu_bi.kpi_cells; DELETE FROM kefu.kpi_state;
-- Cases and hits of a KPI of a unit in a month; of seconds, so many cases of so many seconds.
CREATE FUNCTION pg_temp.count(unit text, kpi text, month date, cases bigint, hits bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kefu_bi.kpi_cells VALUES ('month', kpi, month, unit, 'none', 'inquiry', cases, hits, 0)
        ON CONFLICT (grain, kpi, local_date, unit, platform, kind) DO UPDATE SET case_count = excluded.case_count, hit_count = excluded.hit_count $$;
CREATE FUNCTION pg_temp.spread(unit text, kpi text, month date, seconds bigint, cases bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kefu_bi.kpi_cells AS x VALUES ('month', kpi, month, unit, 'none', 'inquiry', cases, 0, cases * seconds)
        ON CONFLICT (grain, kpi, local_date, unit, platform, kind) DO UPDATE SET case_count = x.case_count + excluded.case_count;
    INSERT INTO kefu_bi.kpi_buckets VALUES ('month', kpi, month, unit, 'none', 'inquiry', kefu.bucket(seconds), cases, cases * seconds) $$;
CREATE FUNCTION pg_temp.counted_to(at timestamptz) RETURNS void LANGUAGE sql AS $$
    DELETE FROM kefu.kpi_state; INSERT INTO kefu.kpi_state (incarnation, next_xid, counted_to) VALUES (0, 0, at) $$;
\set ECHO all

-- --- rules (R3, R4, R6): a row a version, from a month that has not begun ------------------------------

SET LOCAL ROLE sc_chief;
SELECT count(kefu.set_score_rule('group', 'province', k.kpi, 0, 100)) FROM (SELECT DISTINCT kpi FROM kefu_bi.score_rules WHERE kind = 'province') AS k;
SET LOCAL kefu.test_now = '2026-02-20 09:01+08';
SELECT kefu.set_score_rule('group', 'province', 'response_in_time', 3, 90, 50, '2026-03-01');
SELECT kefu.set_score_rule('group', 'province', 'satisfied', 1, 80, 40);
SELECT kefu.set_score_rule('group', 'province', 'first_response', 1, 600, 3600);
-- Of two for one month the later setting holds.
SET LOCAL kefu.test_now = '2026-02-20 09:02+08';
SELECT kefu.set_score_rule('group', 'province', 'response_in_time', 2, 90, 50);
-- What can't be.
SELECT kefu.set_score_rule('group', 'province', 'response_in_time', 2, 90, 50, '2026-02-01');
SELECT kefu.set_score_rule('group', 'province', 'response_in_time', 2, 90, 50, '2026-03-15');
SELECT kefu.set_score_rule('group', 'province', 'volume', 2, 90);
SELECT kefu.set_score_rule('group', 'province', 'nothing', 2, 90);
SELECT kefu.set_score_rule('group', 'province', 'first_response', 2, 3600, 600);
SELECT kefu.set_score_rule('group', 'province', 'satisfied', -1, 80);
SELECT kefu.set_score_rule('group', 'group', 'satisfied', 1, 80);
-- Who is appraised sets no rule of it; a province sets those of its own team.
SET LOCAL ROLE sc_gdadmin;
SELECT kefu.set_score_rule('group', 'province', 'satisfied', 9, 10);
SELECT kefu.set_score_rule('gd', 'contractor', 'response_in_time', 5, 95, 95);
SELECT kefu.set_score_rule('qh', 'contractor', 'response_in_time', 5, 95, 95);
SET LOCAL ROLE sc_boss;
SELECT kefu.set_score_rule('group', 'province', 'satisfied', 9, 10);
RESET ROLE;
UPDATE kefu.score_rule SET weight = 1;
DELETE FROM kefu.score_rule;
TRUNCATE kefu.score_rule;

-- --- a month: ties, a province without cases, one with too few, one with a part ---------------------------

SELECT pg_temp.count('gd', 'response_in_time', '2026-03-01', 60, 42), pg_temp.count('gd.network', 'response_in_time', '2026-03-01', 40, 28),
       pg_temp.count('gd', 'satisfied', '2026-03-01', 50, 30), pg_temp.spread('gd', 'first_response', '2026-03-01', 60, 30),
       pg_temp.spread('gd.network', 'first_response', '2026-03-01', 600, 31),
       pg_temp.count('bj', 'response_in_time', '2026-03-01', 100, 70), pg_temp.count('bj', 'satisfied', '2026-03-01', 20, 12),
       pg_temp.spread('bj', 'first_response', '2026-03-01', 512, 10),
       pg_temp.count('sh', 'response_in_time', '2026-03-01', 40, 40), pg_temp.count('sh', 'satisfied', '2026-03-01', 9, 0),
       pg_temp.count('js', 'satisfied', '2026-03-01', 30, 0),
       pg_temp.count('qh', 'response_in_time', '2026-03-01', 1, 1),
       pg_temp.count('gd.helper', 'response_in_time', '2026-03-01', 20, 14) \g /dev/null
SET LOCAL kefu.test_now = '2026-03-20 09:00+08';
SET LOCAL ROLE sc_all;
-- gd: (2 × 50 + 50 + 100) : 4, with all below it; bj the same; sh half of the weight, js a quarter; qh and the others nothing.
SELECT unit, full_weight, scored_weight, base_score, score, is_small, is_ranked, rank, ranked_count
  FROM kefu.scores('group', '2026-03-17') WHERE kind = 'province' AND (scored_weight > 0 OR unit IN ('qh', 'hi')) ORDER BY 1;
SELECT count(*), count(score) FROM kefu.scores('group', '2026-03-01') WHERE kind = 'province';
-- The rules of February are those that were shipped; there is no case.
SELECT DISTINCT full_weight, base_score, is_ranked FROM kefu.scores('group', '2026-02-01') WHERE kind = 'province';
-- A contractor by the rule of its province, all or nothing, here nothing, beside two shipped ones.
SELECT unit, full_weight, scored_weight, base_score, is_ranked, rank FROM kefu.scores('gd', '2026-03-01') WHERE kind = 'contractor';

-- --- bonus and penalty points (R4, R6, R7): append-only, by who stands above ------------------------------

SET LOCAL ROLE sc_boss;
SELECT kefu.add_score_entry('bj', '2026-03-10', 5, '处置及时获用户表扬', 'R119') AS given \gset
SELECT kefu.add_score_entry('bj', '2026-03-01', -2.5, '瞒报一次') AS wrong \gset
\set VERBOSITY terse
SELECT kefu.add_score_entry('sh', '2026-03-01', -30, '过多');
SELECT kefu.add_score_entry('sh', '2026-03-01', 0, '没有');
SELECT kefu.add_score_entry('sh', '2026-03-01', 1, ' ');
SELECT kefu.add_score_entry('sh', '2026-03-01', 1, '规则不明', 'R1 etc');
\set VERBOSITY default
SELECT kefu.add_score_entry('sh', '2026-04-01', 1, '未到');
SELECT kefu.add_score_entry('sh', '2026-03-01', 1, '致电13800000000的客户');
SELECT kefu.add_score_entry('group', '2026-03-01', 1, '自评');
SET LOCAL ROLE sc_gdlead;
SELECT kefu.add_score_entry('gd', '2026-03-01', 20, '自评');
SELECT kefu.add_score_entry('bj', '2026-03-01', -20, '他评');
SELECT kefu.add_score_entry('nowhere', '2026-03-01', -20, '他评');
SELECT kefu.add_score_entry('gd.helper', '2026-03-01', 1, '支援节假日') > 0 AS given;
SELECT kefu.counter_score_entry(:wrong, '误登');
SELECT kefu.counter_score_entry(987654321, '误登');
SET LOCAL ROLE sc_ji;
SELECT kefu.add_score_entry('gd', '2026-03-01', 20, '兼任');
SET LOCAL ROLE sc_lin;
SELECT kefu.add_score_entry('gd.helper', '2026-03-01', 20, '无权');
SET LOCAL ROLE sc_boss;
-- A wrong one is countered, once; both stay.
SELECT kefu.counter_score_entry(:wrong, '误登') AS counter \gset
SELECT kefu.counter_score_entry(:wrong, '再冲');
SELECT kefu.counter_score_entry(:counter, '冲冲销');
SELECT unit, local_month, points, reason, rulebook, counters_entry_id = :wrong AS counters, is_standing, is_closed, made_at FROM kefu_bi.score_entries ORDER BY entry_id;
RESET ROLE;
DELETE FROM kefu.score_entry;
UPDATE kefu.score_entry SET points = 1;
SELECT e.event, e.facts - 'entry' - 'counters' AS facts, d.value FROM kefu.audit_event e LEFT JOIN kefu.audit_detail d USING (event_id)
 WHERE e.event LIKE '%score_entry' ORDER BY e.event_id;
SET LOCAL ROLE sc_gd;
SELECT unit, points, is_standing FROM kefu_bi.score_entries ORDER BY entry_id;
SELECT unit, kind, bonus_points, penalty_points, score, rank, ranked_count FROM kefu.scores('group', '2026-03-01');
RESET ROLE;

-- --- closing: what is kept, and that it stays -----------------------------------------------------------

SELECT kefu.close_scores('group', '2026-03-01');
SELECT pg_temp.counted_to('2026-04-01 00:00+08') \g /dev/null
SET LOCAL kefu.test_now = '2026-04-04 09:00+08';
SELECT kefu.close_due_scores();
SET LOCAL kefu.test_now = '2026-04-06 05:10+08';
SELECT kefu.close_due_scores(1);
SELECT kefu.close_due_scores();
SELECT kefu.close_due_scores();
SELECT unit, local_month, edition, reason, closed_by FROM kefu.score_close ORDER BY unit;
SET LOCAL ROLE sc_gdadmin;
SELECT kefu.close_scores('group', '2026-03-01', '改');
SET LOCAL ROLE sc_all;
SELECT unit, edition, is_current, scored_weight, scored_weight_pct, base_score, bonus_points, penalty_points, score, is_ranked, rank, ranked_count, year_score, year_month_count
  FROM kefu_bi.scorecards WHERE kind = 'province' AND score IS NOT NULL ORDER BY rank NULLS LAST, unit;
SELECT unit, kpi, weight, case_count, hit_count, kpi_value, points, is_small, is_scored FROM kefu_bi.scorecard_lines WHERE unit IN ('gd', 'sh', 'qh') AND kind = 'province' ORDER BY unit, kpi;
RESET ROLE;
CREATE TEMP TABLE stood AS SELECT * FROM kefu_bi.scorecards;
CREATE TEMP TABLE kept AS SELECT c.* FROM kefu.score_card c;
-- Tickets move, rules change, points come and go: nothing of the closed month changes.
SELECT pg_temp.count('gd', 'response_in_time', '2026-03-01', 60, 60), pg_temp.count('qh', 'response_in_time', '2026-03-01', 500, 500) \g /dev/null
SET LOCAL ROLE sc_chief;
SELECT kefu.set_score_rule('group', 'province', 'satisfied', 100, 100, 100);
SET LOCAL ROLE sc_boss;
SELECT kefu.counter_score_entry(:given, '查无实据') > 0 AS countered;
SELECT kefu.add_score_entry('sh', '2026-03-01', 4, '补登') > 0 AS given;
SELECT unit, points, is_standing, is_closed FROM kefu_bi.score_entries WHERE unit IN ('bj', 'sh') ORDER BY entry_id;
RESET ROLE;
SELECT count(*) FROM (SELECT c.* FROM kefu.score_card c EXCEPT ALL TABLE kept) AS x;
-- It comes out the same of what was kept with it; and the rules are still those set before it began.
SELECT count(*) > 30 AS many, count(*) FILTER (WHERE r IS DISTINCT FROM c) AS differ
  FROM kefu.score_close k
 CROSS JOIN LATERAL kefu.score_cards_of(ARRAY(SELECT l FROM kefu.score_line l WHERE l.close_id = k.close_id), k.local_month, k.last_entry) AS r
  FULL JOIN kefu.score_card c ON c.close_id = r.close_id AND c.unit = r.unit AND c.kind = r.kind;
SELECT count(*) FROM kefu.score_line l JOIN kefu.score_close k USING (close_id)
 WHERE NOT EXISTS (SELECT FROM kefu.score_rules_of(k.unit, k.local_month) AS r
                    WHERE (r.kind, r.kpi, r.weight, r.full_at, r.zero_at) = (l.kind, l.kpi, l.weight, l.full_at, l.zero_at));
SET LOCAL ROLE sc_all;
SELECT DISTINCT full_weight FROM kefu.scores('group', '2026-03-01') WHERE kind = 'province';
SELECT DISTINCT full_weight FROM kefu.scores('group', '2026-05-01') WHERE kind = 'province';
RESET ROLE;
UPDATE kefu.score_card SET score = 100;
DELETE FROM kefu.score_line;
TRUNCATE kefu.score_close CASCADE;
-- Another edition has a reason and stands from then on; the first stays beside it.
SET LOCAL ROLE sc_chief;
SELECT kefu.close_scores('group', '2026-03-01');
SELECT kefu.close_scores('group', '2026-03-31', '补登上海加分，冲销北京加分');
SELECT kefu.close_scores('group', '2026-04-01');
SELECT kefu.close_scores('hi', '2026-03-01') > 0 AS closed;
SELECT kefu.close_scores('gd.network', '2026-03-01');
SELECT unit, edition, is_current, base_score, bonus_points, score, rank, ranked_count, year_score, reason FROM kefu_bi.scorecards
 WHERE by_unit = 'group' AND unit IN ('gd', 'bj', 'sh', 'qh') AND kind = 'province' ORDER BY unit, edition;
RESET ROLE;
SELECT count(*) FROM (SELECT c.* FROM kefu.score_card c WHERE c.close_id IN (SELECT close_id FROM kept) EXCEPT ALL TABLE kept) AS x;

-- --- who sees what ------------------------------------------------------------------------------------------

SET LOCAL ROLE sc_qh;
SELECT DISTINCT unit FROM kefu_bi.scorecards;
SELECT DISTINCT unit FROM kefu_bi.scorecard_lines;
SELECT count(*) FROM kefu_bi.score_entries;
SELECT DISTINCT by_unit FROM kefu_bi.score_rules;
SELECT unit FROM kefu.scores('gd', '2026-03-01');
SELECT unit FROM kefu.scores('nowhere', '2026-03-01');
SET LOCAL ROLE sc_nobody;
SELECT (SELECT count(*) FROM kefu_bi.scorecards), (SELECT count(*) FROM kefu_bi.score_rules), (SELECT count(*) FROM kefu.scores('group', '2026-03-01')),
       (SELECT count(*) FROM kefu_bi.peer_kpis);
RESET ROLE;

-- --- peers: one's own figure, rank and the median, and nobody else's ---------------------------------------

DELETE FROM kefu_bi.kpi_buckets; DELETE FROM kefu_bi.kpi_cells;
SELECT pg_temp.count(p.unit, 'answer_in_time', '2026-03-01', 1000, p.hits), pg_temp.spread(p.unit, 'answer', '2026-03-01', p.hits * 7, 40),
       pg_temp.count(p.unit, 'answer_in_time', '2026-04-01', 1000, p.hits)
  FROM (VALUES ('gd', 913), ('bj', 937), ('sh', 871), ('js', 853), ('zj', 947), ('sd', 961)) AS p(unit, hits) \g /dev/null
-- Too few cases count for nothing, here nor in the median.
SELECT pg_temp.count('qh', 'answer_in_time', '2026-03-01', 9, 0), pg_temp.count('hi', 'answer_in_time', '2026-03-01', 9, 9) \g /dev/null
SET LOCAL ROLE sc_gd;
SELECT local_month, unit, kpi, case_count, hit_count, kpi_value, rank, ranked_count, national_median, is_small, is_ranked FROM kefu_bi.peer_kpis ORDER BY kpi;
SET LOCAL ROLE sc_qh;
SELECT local_month, unit, kpi, kpi_value, rank, ranked_count, national_median, is_small, is_ranked FROM kefu_bi.peer_kpis ORDER BY kpi;
SET LOCAL ROLE sc_all;
SELECT unit, kpi_value, rank, national_median FROM kefu_bi.peer_kpis WHERE kpi = 'answer_in_time' ORDER BY rank, unit;
-- Exactly five others suffice, four don't: the median would be nearly theirs. Who reads all but a few is one who sees few others.
RESET ROLE;
SELECT kefu.grant_reader('sc_most', u) FROM unnest('{gd,bj}'::text[]) AS u \g /dev/null
SET LOCAL ROLE sc_most;
SELECT unit, kpi_value, rank, ranked_count, national_median FROM kefu_bi.peer_kpis WHERE kpi = 'answer_in_time' ORDER BY unit;
RESET ROLE;
SELECT pg_temp.count('sd', 'answer_in_time', '2026-03-01', 9, 9) \g /dev/null
SET LOCAL ROLE sc_gd;
SELECT kpi, rank, ranked_count, national_median FROM kefu_bi.peer_kpis ORDER BY kpi;
RESET ROLE;
SELECT pg_temp.count('sd', 'answer_in_time', '2026-03-01', 1000, 961) \g /dev/null
-- A function that costs nothing, an operator, a filter that fails on a row, EXPLAIN with and without running, estimates: each
-- is first shown to tell what the reader may see.
CREATE FUNCTION pg_temp.leak(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
$$ BEGIN RAISE NOTICE 'leaked %', what; RETURN true; END $$;
CREATE OPERATOR pg_temp.?? (RIGHTARG = text, FUNCTION = pg_temp.leak);
CREATE FUNCTION pg_temp.tries() RETURNS SETOF text LANGUAGE plpgsql AS
$$
DECLARE
    line text;
    said text;
    try text;
BEGIN
    FOREACH try IN ARRAY ARRAY[
        'SELECT v::text FROM kefu_bi.peer_kpis v WHERE v.local_month > ''2000-01-01''',
        'SELECT v::text FROM kefu_bi.peer_kpis v WHERE unit <> ''gd'' OR true',
        'SELECT v::text FROM kefu.peer_figures() v',
        'SELECT v::text FROM kefu.month_figures(ARRAY[''bj''], ''2026-03-01'', ''2026-04-01'') v',
        'SELECT v::text FROM kefu.score_lines_of(''group'', ''2026-03-01'') v',
        'SELECT v::text FROM kefu_bi.kpi_cells v', 'SELECT v::text FROM kefu_bi.scorecards v', 'SELECT v::text FROM kefu_bi.scorecard_lines v',
        'SELECT v::text FROM kefu.score_card v', 'SELECT v::text FROM kefu.scores(''group'', ''2026-03-01'') v',
        'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM kefu_bi.peer_kpis WHERE kpi_value > 93',
        'EXPLAIN (VERBOSE) SELECT * FROM kefu_bi.peer_kpis WHERE kpi_value = 93.7',
        'SELECT 1 / (kpi_value - 93.7) FROM kefu_bi.peer_kpis WHERE kpi = ''answer_in_time''',
        'SELECT histogram_bounds::text FROM pg_stats WHERE schemaname LIKE ''kefu%'' AND tablename LIKE ''kpi%'''] LOOP
        BEGIN
            FOR line IN EXECUTE try LOOP
                RETURN NEXT line;
            END LOOP;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS said = MESSAGE_TEXT;
            RETURN NEXT said;
        END;
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION pg_temp.tries() TO PUBLIC;
-- 91.3 is Guangdong's own; 93.7, 87.1, 85.3, 94.7 and 96.1, and their cases, are not.
SET LOCAL ROLE sc_gd;
SELECT bool_or(t ~ '91\.3|913') AS own, count(*) FILTER (WHERE t ~ '93\.7|87\.1|85\.3|94\.7|96\.1|937|871|853|947|961' AND t !~ '^EXPLAIN|Filter: ') AS others,
       count(*) FILTER (WHERE t ~ '[(,]"?(bj|sh|js|zj|sd)[,")]') AS names,
       count(*) FILTER (WHERE t ~ 'permission denied') AS refused, count(*) FILTER (WHERE t ~ 'Function Scan|Nested Loop|Join') > 0 AS explained FROM pg_temp.tries() AS t;
SET LOCAL client_min_messages = notice;
SELECT kpi FROM kefu_bi.peer_kpis v WHERE pg_temp.leak(v.unit || ' ' || v.kpi_value);
SELECT kpi FROM kefu_bi.peer_kpis v WHERE OPERATOR(pg_temp.??) (v.unit || ' ' || v.kpi_value);
SET LOCAL client_min_messages = warning;
SET LOCAL ROLE sc_all;
SELECT count(*) FILTER (WHERE t ~ '93\.7|87\.1|85\.3|94\.7|96\.1') > 5 AS others FROM pg_temp.tries() AS t;
RESET ROLE;

-- A running month is nobody's business: each refresh would tell what the last hour added.
SET LOCAL kefu.test_now = '2026-04-30 23:59+08';
SET LOCAL ROLE sc_gd;
SELECT DISTINCT local_month FROM kefu_bi.peer_kpis;
RESET ROLE;
SET LOCAL kefu.test_now = '2026-05-01 00:00+08';
SET LOCAL ROLE sc_gd;
SELECT DISTINCT local_month FROM kefu_bi.peer_kpis ORDER BY 1;
RESET ROLE;
ROLLBACK;
