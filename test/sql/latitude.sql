-- latitude: a unit's own version of a rule stays within what the one above it leaves
-- open, when it is set and ever after (R2, R6, R91; ruling 28). Posting, texts,
-- patrols and promises go the same way. The desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE FUNCTION pg_temp.at(t text) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT set_config('kefu.test_now', t || '+08', true)::timestamptz $$;
-- The versions of a rule, of gd and below.
CREATE FUNCTION pg_temp.versions(of_set text, of_rule text) RETURNS TABLE (unit text, account text, day date, gave_way boolean, said text)
    LANGUAGE sql AS
$$ SELECT r.unit, nullif(r.account, ''), kefu.local_day(r.valid_from),
          EXISTS (SELECT FROM kefu.rule_given_way w WHERE (w.rule_set, w.rule, w.unit, w.account, w.given_way_at)
                                                         = (r.rule_set, r.rule, r.unit, r.account, r.valid_from)),
          concat_ws(' ', r.says ->> 'effect', r.says ->> 'applies_to', r.says ->> 'at_least', r.says ->> 'at_most', r.says ->> 'from_time',
                    r.says ->> 'every', r.says ->> 'target')
     FROM kefu.unit_rule r WHERE r.rule_set = of_set AND r.rule = of_rule AND r.unit <> 'group'
    ORDER BY r.unit, r.account, r.valid_from $$;
CREATE FUNCTION pg_temp.found() RETURNS TABLE (all_rulebook text, unit text, account text, since_local_date date, detail_zh text, detail_en text)
    LANGUAGE sql AS
$$ SELECT f.all_rulebook, f.unit, f.account, f.since_local_date, f.detail_zh, f.detail_en
     FROM kefu_bi.findings f WHERE f.finding = 'given_way' ORDER BY f.unit, f.account, f.detail_en $$;
SELECT kefu.load_preset('all') \g /dev/null
SELECT pg_temp.at('2026-03-01 09:00') \g /dev/null
\set ECHO all

-- --- posting: within what the rule allows now --------------------------------------
SELECT kefu.set_posting_rule('pictures', 'gd', at_least => 0);
SELECT kefu.set_posting_rule('pictures', 'gd', at_least => 2);
SELECT kefu.set_posting_rule('pictures', 'gd', at_least => 3, account => 'sina.gd');
SELECT kefu.set_posting_rule('pictures', 'qh', at_least => 5);
-- Group becomes stricter with a date: who is stricter still stays, until then all do.
SELECT kefu.set_posting_rule('pictures', 'group', at_least => 4, valid_from => '2026-03-10 00:00+08');
SELECT * FROM pg_temp.versions('posting_rule', 'pictures');
SELECT pg_temp.at('2026-03-09 23:59:59');
SELECT (kefu.posting_rule_of('pictures', 'sina.gd', kefu.now())).at_least;
SELECT * FROM pg_temp.found();
SELECT pg_temp.at('2026-03-10 00:00');
SELECT (kefu.posting_rule_of('pictures', 'sina.gd', kefu.now())).at_least;
SELECT * FROM pg_temp.found();
SET LOCAL ROLE zhao;
SELECT unit, account, finding_label_zh, effect, detail_en FROM kefu_bi.findings WHERE finding = 'given_way' ORDER BY 2 NULLS FIRST;
RESET ROLE;
-- Stricter again, and it follows; room again, and each has its own back.
SELECT kefu.set_posting_rule('pictures', 'group', at_least => 6, valid_from => '2026-03-11 00:00+08'),
       kefu.set_posting_rule('pictures', 'group', at_least => 3, valid_from => '2026-03-12 00:00+08'),
       kefu.set_posting_rule('pictures', 'group', at_least => 1, valid_from => '2026-03-13 00:00+08');
SELECT * FROM pg_temp.versions('posting_rule', 'pictures');
SELECT d.day, a.account, (kefu.posting_rule_of('pictures', a.account, kefu.local_instant(d.day, '12:00'))).at_least
  FROM unnest('{2026-03-10,2026-03-11,2026-03-12,2026-03-13}'::date[]) AS d(day), unnest('{sina.gd,sina.qh}'::text[]) AS a(account) ORDER BY 2, 1;
-- What was in force is what the ledger says, and who is told only of what holds.
SELECT pg_temp.at('2026-03-13 00:00');
SELECT count(*) FROM pg_temp.found();
SELECT r.valid_from_at, r.account, r.setting_value, r.recorded_at
  FROM kefu_bi.rules_as_of('2026-03-11 12:00+08', 'gd') AS r WHERE r.rule_set = 'posting_rule' AND r.rule = 'pictures' AND r.setting = 'at_least' ORDER BY 2;
SELECT e.event, e.facts FROM kefu.audit_event e WHERE e.event ~ '^rule_' ORDER BY e.seq;

-- Within bounds a number of Group's doesn't matter; that it blocks now does.
SELECT kefu.set_posting_rule('number', 'gd', at_least => 5, at_most => 30);
SELECT kefu.set_posting_rule('number', 'group', at_least => 12, at_most => 18, valid_from => '2026-03-14 00:00+08');
SELECT kefu.set_posting_rule('number', 'group', effect => 'block', valid_from => '2026-03-15 00:00+08');
SELECT * FROM pg_temp.versions('posting_rule', 'number');

-- --- texts ---------------------------------------------------------------------------
SELECT kefu.set_content_rule('not_brief', 'gd', 'warn', at_most => 120);
SELECT kefu.set_content_rule('competitor', 'gd', 'block');
-- Set for later, while a stricter one of Group's is still unknown.
SELECT kefu.set_content_rule('not_brief', 'gd', 'warn', at_most => 130, valid_from => '2026-03-20 00:00+08');
SELECT kefu.set_content_rule('not_brief', 'group', 'warn', at_most => 125, valid_from => '2026-03-16 00:00+08');
SELECT * FROM pg_temp.versions('content_rule', 'not_brief');
-- Group's is known: beyond it nothing is set, at its very instant something else may be.
SELECT kefu.set_content_rule('not_brief', 'gd', 'warn', at_most => 126, valid_from => '2026-03-20 00:00+08');
SELECT kefu.set_content_rule('not_brief', 'gd', 'warn', at_most => 110, valid_from => '2026-03-20 00:00+08');
SELECT * FROM pg_temp.versions('content_rule', 'not_brief');
-- Before it a looser one may, and gives way at once where it must.
SELECT kefu.set_content_rule('not_brief', 'gd', 'warn', at_most => 135, valid_from => '2026-03-15 00:00+08');
SELECT * FROM pg_temp.versions('content_rule', 'not_brief');
SELECT r.at_most FROM kefu.content_rules('gd', '2026-03-16 00:00+08') AS r WHERE r.rule = 'not_brief';
SELECT kefu.set_content_rule('competitor', 'group', 'block', '{post,repost,comment}', valid_from => '2026-03-16 00:00+08');
SELECT * FROM pg_temp.versions('content_rule', 'competitor');
SELECT pg_temp.at('2026-03-16 00:00');
SELECT * FROM pg_temp.found();

-- --- patrols ---------------------------------------------------------------------------
SELECT kefu.set_patrol('gd', '25 minutes'), kefu.set_patrol('qh', '10 minutes');
SELECT kefu.set_patrol('group', '20 minutes', '2026-03-18 00:00+08');
SELECT kefu.patrol_every('gd', '2026-03-17 23:59:59+08') AS before, kefu.patrol_every('gd', '2026-03-18 00:00+08') AS after,
       kefu.patrol_every('qh', '2026-03-18 00:00+08') AS qh;

-- --- promises: levels go with the length, running clocks keep theirs ----------------------
SELECT kefu.set_clock_policy('legal', 'gd', '12 days') > 0 AS is_set;
SELECT kefu.set_clock_policy('legal', 'group', '10 days', valid_from => '2026-03-18 00:00+08') > 0 AS is_set;
SELECT * FROM pg_temp.versions('clock_policy', 'legal');
SELECT l.unit, kefu.local_day(l.valid_from) AS day, l.level, l.base, l.offset_by
  FROM kefu.clock_level l WHERE l.clock = 'legal' AND l.valid_from >= '2026-03-18' ORDER BY 1, 2, 3;
SELECT kefu.set_clock_policy('legal', 'gd', '8 days', valid_from => '2026-03-18 00:00+08') > 0 AS is_set;
SELECT * FROM pg_temp.versions('clock_policy', 'legal');
SELECT kefu.set_clock_policy('legal', 'gd', '11 days', valid_from => '2026-03-19 00:00+08');
SELECT pg_temp.at('2026-03-18 00:00');
SELECT * FROM pg_temp.found();

-- --- every rule is read by whom it holds for --------------------------------------------------
-- Of every table of rules that has rows there are rules, with Chinese names throughout.
\set ECHO none
CREATE FUNCTION pg_temp.rows_of(relation regclass) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
    n bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || relation INTO n;
    RETURN n;
END $$;
SELECT kefu.grant_reader(current_user, 'group') \g /dev/null
\set ECHO all
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'kefu'::regnamespace AND c.relkind IN ('r', 'p') AND pg_temp.rows_of(c.oid) > 0
   AND (c.relname ~ '_(rule|policy|latitude|scheme|quota|threshold|limit|level|exception)$'
        OR EXISTS (SELECT FROM pg_attribute a JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey)
                    WHERE a.attrelid = c.oid AND a.attname = 'valid_from'))
   AND c.relname <> 'finding_rule'
   AND NOT EXISTS (SELECT FROM kefu_bi.rules r WHERE r.rule_set = c.relname) ORDER BY 1;
SELECT DISTINCT r.rule_set, r.setting FROM kefu_bi.rules r WHERE num_nulls(r.rule_set_label_zh, r.setting_label_zh, r.unit_label_zh) > 0;
-- What is in force is what the past says of now, for what is set for Group or its units.
SELECT count(*) > 300 AS many, count(*) FILTER (WHERE b.setting_value IS DISTINCT FROM a.setting_value) AS others
  FROM kefu_bi.rules_as_of(kefu.now(), 'gd') AS a
  LEFT JOIN kefu_bi.rules b ON b.is_in_force AND b.unit = a.unit_of_rule AND b.account IS NOT DISTINCT FROM a.account AND b.rule_set = a.rule_set
                           AND b.rule IS NOT DISTINCT FROM nullif(a.rule, '') AND b.valid_from_at = a.valid_from_at AND b.setting = a.setting
 WHERE a.rule_set NOT IN ('account_profile', 'legal_limit');
SELECT r.setting_value, r.recorded_at FROM kefu_bi.rules_as_of(kefu.now(), 'gd') AS r WHERE r.rule_set = 'profile_rule' AND r.setting = 'platforms';
-- A desk sees Group's rules and its own, not its neighbour's.
SET LOCAL ROLE zhao;
SELECT r.rule_set, r.unit, count(DISTINCT (r.rule, r.valid_from_at)) > 0 AS some
  FROM kefu_bi.rules r WHERE r.rule_set IN ('patrol_rule', 'posting_rule') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT unit, valid_from_at, is_in_force, every_seconds, has_given_way, latitude_label_zh FROM kefu_bi.patrol_rules ORDER BY unit, valid_from_at;
SELECT unit, account, valid_from_at, at_least, is_in_force, has_given_way FROM kefu_bi.posting_rules WHERE rule = 'number' ORDER BY 1, 3;
SELECT unit, valid_from_at, at_most, is_in_force, has_given_way FROM kefu_bi.content_rules WHERE rule = 'not_brief' ORDER BY 1, 2;
SELECT rule_set, rule, latitude_label_zh, bound_least, bound_most FROM kefu_bi.rule_latitudes WHERE rule IN ('answer', 'number', 'not_brief', 'sensitive', '*') OR rule IS NULL ORDER BY 1, 2;
RESET ROLE;
ROLLBACK;
