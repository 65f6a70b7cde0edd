-- 72_bi_rules: every rule there is, for who has to know what holds.
--
-- As 70_bi: owner's rights, the caller's units once a query.  A rule is shown to
-- every unit it holds for: those of the units above are everybody's below.  The
-- tables are found in the catalog and the Chinese names are those of their comments, so that
-- a rule added later is here without a line more.

CREATE FUNCTION kefu.my_rule_units() RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT p.unit), '{}')
              FROM unnest(kefu.my_units()) AS m(unit), kefu.unit_path(m.unit) AS p(unit));
END $$;
COMMENT ON FUNCTION kefu.my_rule_units() IS 'Units whose rules hold for a unit that the caller may see: those and all above them (内部: 规则适用机构)';

CREATE FUNCTION kefu.rule_relations()
    RETURNS TABLE (rule_set text, relation regclass, keys text[], has_versions boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 40
BEGIN ATOMIC
    SELECT c.relname::text, c.oid::regclass, k.keys, k.has_versions
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'kefu'::regnamespace
     CROSS JOIN LATERAL (
           SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attname <> 'valid_from'), '{}') AS keys,
                  bool_or(a.attname = 'valid_from') AS has_versions
             FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) AS k
     -- What is found is said in kefu_bi.compliance; what an account shows is no rule.
     WHERE i.indisprimary AND c.relname NOT IN ('finding_rule', 'account_profile')
       AND (k.has_versions OR c.relname ~ '_(rule|policy|latitude|scheme|exception)$');
END;
COMMENT ON FUNCTION kefu.rule_relations() IS 'Tables of rules, by their versions or their names, the columns of their keys but valid_from, and whether they have versions (内部: 规则表)';

CREATE TYPE kefu.rule_shown AS (
    rule_set text,
    relation regclass,
    rule text,
    unit text,
    account text,
    valid_from timestamptz,
    is_in_force boolean,
    settings jsonb
);
COMMENT ON TYPE kefu.rule_shown IS 'A version of a rule as kefu_bi.rules shows it (规则)';
COMMENT ON COLUMN kefu.rule_shown.rule_set IS 'table it is in (规则表)';
COMMENT ON COLUMN kefu.rule_shown.relation IS 'the same, for its comments (关系)';
COMMENT ON COLUMN kefu.rule_shown.rule IS 'rest of its key; NULL none (规则)';
COMMENT ON COLUMN kefu.rule_shown.unit IS 'unit it is for, with all below it; NULL every unit (机构)';
COMMENT ON COLUMN kefu.rule_shown.account IS 'account it is for; NULL every account (账号)';
COMMENT ON COLUMN kefu.rule_shown.valid_from IS 'holds from then on; NULL: it has no versions (生效时间)';
COMMENT ON COLUMN kefu.rule_shown.is_in_force IS 'the version of its unit that holds now (是否现行)';
COMMENT ON COLUMN kefu.rule_shown.settings IS 'what it says, by column (内容)';

CREATE FUNCTION kefu.my_rules() RETURNS SETOF kefu.rule_shown
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 500
    SET search_path = pg_catalog, kefu, pg_temp SET intervalstyle = postgres SET timezone = 'Asia/Shanghai' AS
$$
DECLARE
    r record;
    units text[] := kefu.my_rule_units();
BEGIN
    IF units = '{}' THEN
        RETURN;
    END IF;
    FOR r IN SELECT x.* FROM kefu.rule_relations() AS x ORDER BY x.rule_set LOOP
        -- Names of ours, from the catalog.
        RETURN QUERY EXECUTE format(
            'SELECT %L, %L::regclass, k.rule, v.row ->> ''unit'', nullif(v.row ->> ''account'', ''''), k.since,
                    NOT %L OR coalesce(k.since = max(k.since) FILTER (WHERE k.since <= kefu.now()) OVER (PARTITION BY k.subject)
                                       AND (v.row ->> ''valid_to'')::timestamptz > kefu.now() IS NOT FALSE, false),
                    coalesce(nullif(v.row - %L::text[] - ''valid_from'', ''{}''), v.row - ARRAY[''unit'', ''account''])
               FROM (SELECT jsonb_strip_nulls(to_jsonb(x)) AS row FROM %s AS x) AS v
              CROSS JOIN LATERAL (
                    SELECT (v.row ->> ''valid_from'')::timestamptz AS since,
                           string_agg(v.row ->> n.key, ''/'' ORDER BY n.n)
                               FILTER (WHERE n.key NOT IN (''unit'', ''account'') AND v.row ->> n.key <> '''') AS rule,
                           -- Levels of a promise and hours of a day are replaced together.
                           array_agg(v.row ->> n.key ORDER BY n.n) FILTER (WHERE n.key NOT IN (''level'', ''from_minute'')) AS subject
                      FROM unnest(%L::text[]) WITH ORDINALITY AS n(key, n)) AS k
              WHERE coalesce(v.row ->> ''unit'', ''group'') = ANY ($1)',
            r.rule_set, r.relation, r.has_versions, r.keys, r.relation, r.keys)
            USING units;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.my_rules() IS
'Every version of every rule that holds for a unit the caller may see, those that are to begin too; of a table without versions each row holds (内部: 全部规则)';

CREATE VIEW kefu_bi.rules WITH (security_barrier) AS
SELECT r.rule_set,
       kefu.term_zh(obj_description(r.relation, 'pg_class')) AS rule_set_label_zh,
       replace(r.rule_set, '_', ' ') AS rule_set_label_en,
       r.rule,
       coalesce(r.unit, 'group') AS unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       r.account,
       r.valid_from AS valid_from_at,
       (r.valid_from AT TIME ZONE 'Asia/Shanghai')::date AS valid_from_local_date,
       extract(hour FROM r.valid_from AT TIME ZONE 'Asia/Shanghai')::integer AS valid_from_local_hour,
       r.is_in_force,
       s.key AS setting,
       kefu.term_zh(col_description(r.relation, a.attnum)) AS setting_label_zh,
       replace(s.key, '_', ' ') AS setting_label_en,
       s.value AS setting_value
  FROM kefu.my_rules() AS r
 CROSS JOIN LATERAL jsonb_each_text(r.settings) AS s
  LEFT JOIN pg_attribute a ON a.attrelid = r.relation AND a.attname = s.key
  LEFT JOIN kefu.unit u ON u.unit = coalesce(r.unit, 'group');
COMMENT ON VIEW kefu_bi.rules IS 'Every rule that holds for the own units, one row a setting, with earlier versions and those to come; what held at an instant, and who recorded it, is kefu_bi.rules_as_of() (全部规则; R2, R12, ruling 28)';
COMMENT ON COLUMN kefu_bi.rules.rule_set IS 'which rules: the table they are in (规则表)';
COMMENT ON COLUMN kefu_bi.rules.rule_set_label_zh IS 'Chinese label of rule_set (规则表标签)';
COMMENT ON COLUMN kefu_bi.rules.rule_set_label_en IS 'English label of rule_set (规则表英文标签)';
COMMENT ON COLUMN kefu_bi.rules.rule IS 'which of them, by its key; NULL: there is one only (规则)';
COMMENT ON COLUMN kefu_bi.rules.unit IS 'it holds there and below, unless a nearer unit has its own (机构)';
COMMENT ON COLUMN kefu_bi.rules.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.rules.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.rules.account IS 'one account only; NULL all (账号)';
COMMENT ON COLUMN kefu_bi.rules.valid_from_at IS 'from then on; NULL: it has no versions (生效时间)';
COMMENT ON COLUMN kefu_bi.rules.valid_from_local_date IS 'Beijing date of valid_from_at; NULL where that is (生效时间日期)';
COMMENT ON COLUMN kefu_bi.rules.valid_from_local_hour IS 'Beijing hour of valid_from_at, 0 to 23; NULL where that is (生效时间小时)';
COMMENT ON COLUMN kefu_bi.rules.is_in_force IS 'the version of that unit that holds now (是否现行)';
COMMENT ON COLUMN kefu_bi.rules.setting IS 'what is set: the column (设置项)';
COMMENT ON COLUMN kefu_bi.rules.setting_label_zh IS 'Chinese label of setting (设置项标签)';
COMMENT ON COLUMN kefu_bi.rules.setting_label_en IS 'English label of setting (设置项英文标签)';
COMMENT ON COLUMN kefu_bi.rules.setting_value IS 'to what; what is not set has no row (设置值)';

CREATE VIEW kefu_bi.patrol_rules WITH (security_barrier) AS
SELECT r.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       r.valid_from AS valid_from_at,
       (r.valid_from AT TIME ZONE 'Asia/Shanghai')::date AS valid_from_local_date,
       extract(hour FROM r.valid_from AT TIME ZONE 'Asia/Shanghai')::integer AS valid_from_local_hour,
       coalesce(r.valid_from = max(r.valid_from) FILTER (WHERE r.valid_from <= kefu.now()) OVER (PARTITION BY r.unit), false) AS is_in_force,
       extract(epoch FROM r.every)::bigint AS every_seconds,
       r.latitude,
       ll.label_zh AS latitude_label_zh,
       ll.label_en AS latitude_label_en,
       w.own IS NOT NULL AS has_given_way,
       r.rulebook
  FROM kefu.patrol_rule r
  JOIN kefu.unit u USING (unit)
  LEFT JOIN kefu.rule_given_way w ON (w.rule_set, w.rule, w.unit, w.account, w.given_way_at) = ('patrol_rule', '', r.unit, '', r.valid_from)
  LEFT JOIN kefu_bi.labels ll ON ll.code_kind = 'latitude' AND ll.code = r.latitude
 WHERE r.unit = ANY ((SELECT kefu.my_rule_units())::text[]);
COMMENT ON VIEW kefu_bi.patrol_rules IS 'How often desks are patrolled and feeds are polled, by version (巡查规则; R71, R86, R88)';
COMMENT ON COLUMN kefu_bi.patrol_rules.unit IS 'it holds there and below, unless a nearer unit has its own (机构)';
COMMENT ON COLUMN kefu_bi.patrol_rules.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.patrol_rules.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.patrol_rules.valid_from_at IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu_bi.patrol_rules.valid_from_local_date IS 'Beijing date of valid_from_at (生效时间日期)';
COMMENT ON COLUMN kefu_bi.patrol_rules.valid_from_local_hour IS 'Beijing hour of valid_from_at, 0 to 23 (生效时间小时)';
COMMENT ON COLUMN kefu_bi.patrol_rules.is_in_force IS 'the version of that unit that holds now (是否现行)';
COMMENT ON COLUMN kefu_bi.patrol_rules.every_seconds IS 'longest pause between two patrols, seconds (巡查间隔秒数)';
COMMENT ON COLUMN kefu_bi.patrol_rules.latitude IS 'what a unit below Group may change: no, stricter, yes (调整权限; ruling 28)';
COMMENT ON COLUMN kefu_bi.patrol_rules.latitude_label_zh IS 'Chinese label of latitude (调整权限标签)';
COMMENT ON COLUMN kefu_bi.patrol_rules.latitude_label_en IS 'English label of latitude (调整权限英文标签)';
COMMENT ON COLUMN kefu_bi.patrol_rules.has_given_way IS 'true: not the unit''s own, which went beyond what the rule above allows (是否让位)';
COMMENT ON COLUMN kefu_bi.patrol_rules.rulebook IS 'R number (规范条款)';

CREATE VIEW kefu_bi.rule_latitudes WITH (security_barrier) AS
WITH latitude AS (
    SELECT 'clock_policy' AS rule_set, l.clock AS rule, l.latitude, extract(epoch FROM l.least) AS least, extract(epoch FROM l.most) AS most, l.rulebook
      FROM kefu.rule_latitude l
    UNION ALL
    SELECT g.rule_set, g.rule, g.latitude, g.least, g.most, g.rulebook
      FROM (SELECT DISTINCT ON (r.rule_set, r.rule) r.rule_set, nullif(r.rule, '') AS rule, r.says ->> 'latitude' AS latitude,
                   (r.says ->> 'bound_least')::numeric AS least, (r.says ->> 'bound_most')::numeric AS most, r.says ->> 'rulebook' AS rulebook
              FROM kefu.unit_rule r
             WHERE r.unit = 'group' AND r.account = '' AND r.rule_set <> 'clock_policy' AND r.valid_from <= kefu.now()
             ORDER BY r.rule_set, r.rule, r.valid_from DESC) AS g
)
SELECT l.rule_set,
       kefu.term_zh(obj_description(to_regclass('kefu.' || l.rule_set), 'pg_class')) AS rule_set_label_zh,
       replace(l.rule_set, '_', ' ') AS rule_set_label_en,
       l.rule,
       l.latitude,
       ll.label_zh AS latitude_label_zh,
       ll.label_en AS latitude_label_en,
       l.least::bigint AS bound_least,
       l.most::bigint AS bound_most,
       l.rulebook
  FROM latitude l
  LEFT JOIN kefu_bi.labels ll ON ll.code_kind = 'latitude' AND ll.code = l.latitude
 WHERE cardinality((SELECT kefu.my_units())::text[]) > 0;
COMMENT ON VIEW kefu_bi.rule_latitudes IS 'What a unit below Group may change of a rule, as Group''s version of now has it (规则调整权限; R6, R91, ruling 28)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.rule_set IS 'which rules: the table they are in (规则表)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.rule_set_label_zh IS 'Chinese label of rule_set (规则表标签)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.rule_set_label_en IS 'English label of rule_set (规则表英文标签)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.rule IS 'which of them; * every promise without a row of its own, NULL: there is one only (规则)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.latitude IS 'no, stricter, bounds, yes (调整权限)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.latitude_label_zh IS 'Chinese label of latitude (调整权限标签)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.latitude_label_en IS 'English label of latitude (调整权限英文标签)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.bound_least IS 'smallest figure they may set, of a promise its seconds; NULL without bounds (可调下界)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.bound_most IS 'largest figure they may set, of a promise its seconds; NULL without bounds (可调上界)';
COMMENT ON COLUMN kefu_bi.rule_latitudes.rulebook IS 'where it comes from (依据)';
