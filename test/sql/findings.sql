-- findings: what breaks a rule is a row until it is mended, and the rulebook
-- stands line by line (R1, R2; R7, R71, R72, R86, R92, R108, R116; rulings 6,
-- 26). The desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE FUNCTION pg_temp.found(which text) RETURNS TABLE (effect text, rulebook text, unit text, object_type text,
        object_code text, since_at timestamptz, detail_zh text, detail_en text)
    LANGUAGE sql AS
$$
    SELECT f.effect, f.all_rulebook, f.unit, f.object_type, f.object_code, f.since_at, f.detail_zh, f.detail_en
      FROM kefu_bi.findings f WHERE f.finding = which ORDER BY f.unit, f.since_at, f.all_rulebook, f.detail_en $$;
\set ECHO all

-- R2: each line of the rulebook is there once, each rule names lines that are
-- there and a function that returns what a rule returns.
SELECT count(*), min(requirement), max(requirement) FROM kefu.requirement;
SELECT f.finding, x.rulebook FROM kefu.finding_rule f CROSS JOIN LATERAL unnest(f.rulebook) AS x(rulebook)
 WHERE x.rulebook <> 'house' AND NOT EXISTS (SELECT FROM kefu.requirement q WHERE 'R' || q.requirement = x.rulebook);
SELECT f.finding FROM kefu.finding_rule f JOIN pg_proc p ON p.oid = f.call
 WHERE p.prorettype <> 'kefu.found'::regtype OR NOT p.proretset OR p.pronargs > 0 OR p.provolatile = 'v';
-- Nobody changes them.
UPDATE kefu.finding_rule SET effect = 'warn';
DELETE FROM kefu.requirement;

-- A message is to be looked at within 30 minutes (R86, R88, R108): at the 30th
-- nothing is broken yet.
SELECT pg_temp.says('701', '宽带断网两天了', '2026-03-02 09:00+08') AS m1 \gset
SET LOCAL kefu.test_now = '2026-03-02 09:30+08';
SELECT * FROM pg_temp.found('late_promise');
SET LOCAL kefu.test_now = '2026-03-02 09:30:01+08';
SELECT * FROM pg_temp.found('late_promise');
SELECT finding, account, platform, object_type_label_zh, object_id = :m1 AS is_it, since_local_date, since_local_hour,
       open_seconds, mend_en
  FROM kefu_bi.findings WHERE finding = 'late_promise' AND all_rulebook LIKE '%R86%';
-- I5: nobody has even looked; once somebody has, it is only late.
SELECT effect, rulebook, unit, object_type, since_at, detail_en FROM pg_temp.found('unseen_message');
SET LOCAL ROLE lin;
SELECT count(*) > 0 AS has_it FROM kefu.worklist('gd') WHERE object_type = 'message';
RESET ROLE;
SELECT count(*) FROM pg_temp.found('unseen_message');
SELECT count(*) > 0 AS late FROM pg_temp.found('late_promise');
-- R71: nobody has ever been on a roster, and no one has patrolled.
SELECT effect, rulebook, unit, object_code, detail_en FROM pg_temp.found('unstaffed_hours');
-- Ruling 6: with two platforms, or one, three can't be reached.
SELECT effect, rulebook, unit, detail_zh, detail_en FROM pg_temp.found('unreachable_threshold');
-- R7: who comes from a contractor needs both; who has both is no finding.
INSERT INTO kefu.unit (unit, parent, kind, name_zh, name_en)
    VALUES ('gd.lantu', 'gd', 'contractor', '蓝途外包', 'Lantu contractor');
SELECT count(kefu.add_staff('hu', 'gd.lantu', '胡'));
SELECT effect, rulebook, unit, object_type, since_at, detail_en FROM pg_temp.found('unqualified_staff');
SET LOCAL ROLE zhao;
SELECT count(kefu.add_qualification('gd.lantu', '2026-01-01', '2027-01-01', 'review 1'));
SELECT count(kefu.add_training('hu', s.subject, '2026-01-01', '2027-01-01', 'course 1'))
  FROM (VALUES ('rulebook'), ('service')) AS s(subject);
RESET ROLE;
SELECT unit, detail_en FROM pg_temp.found('unqualified_staff');

-- Another province sees none of this but its own.
SET LOCAL ROLE far;
SELECT DISTINCT unit FROM kefu_bi.findings;
RESET ROLE;

-- How the rulebook stands: each line once, in one of four states.
SET LOCAL ROLE lin;
SELECT count(*), count(DISTINCT rulebook) FROM kefu_bi.compliance;
SELECT rulebook, section, state, state_label_zh, is_watched, finding_count > 0 AS is_open, phrase_zh
  FROM kefu_bi.compliance WHERE rulebook IN ('R43', 'R71', 'R86', 'R102') ORDER BY requirement;
SELECT rulebook, phrase_zh, finding_rules, clocks, finding_count, state FROM kefu.rulebook('R72');
SELECT * FROM kefu.rulebook('R138');
SELECT * FROM kefu.rulebook('rubbish');
-- What is mended is gone.
SELECT (kefu.triage(:m1, 'complaint', category => 'broadband.fault')).state;
SELECT count(*) FROM kefu_bi.findings WHERE object_type = 'message';
RESET ROLE;
DELETE FROM kefu.reader;
CREATE ROLE nobody_knows;
GRANT kefu_analyst TO nobody_knows;
SET LOCAL ROLE nobody_knows;
SELECT count(*) FROM kefu_bi.findings;
SELECT count(*) FROM kefu_bi.compliance;
SELECT * FROM kefu.rulebook('R71');
RESET ROLE;
SELECT kefu.grant_reader(current_user, 'group');

-- A rule that can't be checked is one row of Group, and hides no other.
CREATE FUNCTION pg_temp.fails() RETURNS SETOF kefu.found LANGUAGE plpgsql STABLE AS
$$ BEGIN PERFORM 1 / 0; END $$;
ALTER TABLE kefu.finding_rule DISABLE TRIGGER refuse_change;
INSERT INTO kefu.finding_rule VALUES ('a_failing', 'pg_temp.fails()', '{R9}', 'warn', '坏', 'bad', '修', 'mend');
ALTER TABLE kefu.finding_rule ENABLE TRIGGER refuse_change;
SELECT finding, unit, object_type, object_code, detail_zh, detail_en FROM kefu_bi.findings WHERE finding = 'a_failing';
SELECT state FROM kefu_bi.compliance WHERE rulebook = 'R9';
SELECT count(*) > 0 AS others_are_there FROM kefu_bi.findings WHERE finding <> 'a_failing';
SET LOCAL ROLE lin;
SELECT count(*) FROM kefu_bi.findings WHERE finding = 'a_failing';
ROLLBACK;
