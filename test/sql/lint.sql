-- lint: what must hold for every object of the extension.
--
-- All rules are in one view, offence(rule, object).  Objects that break them
-- are planted first, in a transaction that is rolled back: a rule that misses
-- its plant shows in the output.  After that the view must be empty.
--
-- Runs last, when kefu.create_roles() and the like have done their work.

SET search_path = pg_catalog;

-- Exceptions, each with its reason.  One that no longer fits an object is an
-- offence of its own.
CREATE TEMP TABLE exempt (
    rule text NOT NULL,
    object text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (rule, object)
);
INSERT INTO exempt VALUES
    ('not dumped', 'kefu.object_type', 'engine rows come with the version'),
    ('not dumped', 'kefu.machine', 'engine rows come with the version'),
    ('not dumped', 'kefu.state', 'engine rows come with the version'),
    ('not dumped', 'kefu.transition', 'engine rows come with the version'),
    ('not dumped', 'kefu.event', 'engine rows come with the version'),
    ('not dumped', 'kefu.send_event', 'engine rows come with the version'),
    ('not dumped', 'kefu.fact', 'engine rows come with the version'),
    ('not dumped', 'kefu.holder', 'engine rows come with the version'),
    ('not dumped', 'kefu.job', 'engine rows come with the version'),
    ('not dumped', 'kefu.cron_call', 'engine rows come with the version'),
    ('not dumped', 'kefu.clock_kind', 'engine rows come with the version'),
    ('not dumped', 'kefu.requirement', 'engine rows come with the version'),
    ('not dumped', 'kefu.finding_rule', 'engine rows come with the version'),
    ('not dumped', 'kefu.preset_row', 'shipped rows come with the version'),
    ('not dumped', 'kefu_bi.dim_date', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.dim_unit', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.dim_desk_date', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.dim_platform', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.dim_account', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.dim_staff', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.dim_matter', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.dim_kind', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.dim_state', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.kpi_cells', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.kpi_buckets', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu_bi.kpi_definitions', 'engine rows come with the version'),
    ('not dumped', 'kefu_bi.work_definitions', 'engine rows come with the version'),
    ('not dumped', 'kefu.kpi_case', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu.kpi_state', 'made anew from the rows of the desk'),
    ('not dumped', 'kefu.credential_secret', 'a dump must not carry secrets');

-- Which exceptions speak of functions; the others speak of relations.
CREATE TEMP VIEW exempt_object AS
    SELECT e.rule, e.object, to_regprocedure(e.object)::oid AS objid
      FROM exempt e
     WHERE e.object LIKE '%(%'
    UNION ALL
    SELECT e.rule, e.object, to_regclass(e.object)::oid
      FROM exempt e
     WHERE e.object NOT LIKE '%(%';

CREATE TEMP VIEW member AS
    SELECT d.classid, d.objid
      FROM pg_depend d
      JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
     WHERE e.extname = 'pg_kefu' AND d.deptype = 'e';

CREATE TEMP VIEW relation AS
    SELECT c.*, c.oid::regclass::text AS object
      FROM member m JOIN pg_class c ON c.oid = m.objid
     WHERE m.classid = 'pg_class'::regclass;

CREATE TEMP VIEW routine AS
    SELECT p.*, p.oid::regprocedure::text AS object
      FROM member m JOIN pg_proc p ON p.oid = m.objid
     WHERE m.classid = 'pg_proc'::regclass;

-- Types of our schemas that are not the shadow of a table or of another type.
CREATE TEMP VIEW own_type AS
    SELECT t.oid, t.typtype, t.typrelid, t.oid::regtype::text AS object,
           EXISTS (SELECT FROM member m
                    WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid) AS is_member
      FROM pg_type t
      LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE t.typnamespace IN ('kefu'::regnamespace, 'kefu_bi'::regnamespace, 'kefu_bi_zh'::regnamespace)
       AND (t.typtype IN ('d', 'e', 'r') OR t.typtype = 'c' AND c.relkind = 'c');

CREATE TEMP VIEW dumped AS
    SELECT t.relid, t.condition
      FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS t(relid, condition)
     WHERE e.extname = 'pg_kefu';

-- Who may do what to a relation or a column of it, its owner left out.
CREATE TEMP VIEW granted AS
    SELECT r.oid, r.object, r.relkind, r.relnamespace, a.grantee, a.privilege_type
      FROM relation r, aclexplode(r.relacl) a
     WHERE a.grantee <> r.relowner
    UNION ALL
    SELECT r.oid, r.object, r.relkind, r.relnamespace, a.grantee, a.privilege_type
      FROM relation r JOIN pg_attribute c ON c.attrelid = r.oid, aclexplode(c.attacl) a
     WHERE a.grantee <> r.relowner;

CREATE TEMP VIEW found AS
    -- A definer function resolves names where nobody else can put any.
    SELECT 'search path not pinned' AS rule, p.object, p.oid AS objid
      FROM routine p
     WHERE p.prosecdef
       AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s
                        WHERE s ~ '^search_path=.*\mpg_temp"?$')
    UNION ALL
    -- Nothing is for everybody unless it is said here.
    SELECT 'public may execute', p.object, p.oid
      FROM routine p
     WHERE has_function_privilege('public', p.oid, 'EXECUTE')
    UNION ALL
    -- A definer function that people may call asks for the caller's units; the
    -- workers and the monitoring serve all units.
    SELECT 'unit not checked', p.object, p.oid
      FROM routine p
     WHERE p.prosecdef
       AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                     LEFT JOIN pg_roles r ON r.oid = a.grantee
                    WHERE a.grantee <> p.proowner
                      AND r.rolname IS DISTINCT FROM 'kefu_worker'
                      AND r.rolname IS DISTINCT FROM 'pg_monitor')
       AND (p.prolang <> ALL (SELECT l.oid FROM pg_language l WHERE l.lanname IN ('sql', 'plpgsql'))
            OR pg_get_functiondef(p.oid) !~ '\mkefu\.(require_unit|my_units|watched_units)\(')
    UNION ALL
    SELECT 'no comment', p.object, p.oid
      FROM routine p
     WHERE obj_description(p.oid, 'pg_proc') IS NULL
    UNION ALL
    SELECT 'no comment', r.object, r.oid
      FROM relation r
     WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND NOT r.relispartition
       AND obj_description(r.oid, 'pg_class') IS NULL
    UNION ALL
    SELECT 'no comment', r.object || '.' || c.attname, r.oid
      FROM relation r JOIN pg_attribute c ON c.attrelid = r.oid
     WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND NOT r.relispartition
       AND c.attnum > 0 AND NOT c.attisdropped
       AND col_description(r.oid, c.attnum) IS NULL
    UNION ALL
    SELECT 'no comment', t.object, t.oid
      FROM own_type t
     WHERE t.is_member AND obj_description(t.oid, 'pg_type') IS NULL
    UNION ALL
    SELECT 'no comment', t.object || '.' || c.attname, t.oid
      FROM own_type t JOIN pg_attribute c ON c.attrelid = t.typrelid
     WHERE t.is_member AND t.typtype = 'c'
       AND c.attnum > 0 AND NOT c.attisdropped
       AND col_description(t.typrelid, c.attnum) IS NULL
    UNION ALL
    -- A parent of partitions holds no rows; its partitions do.
    SELECT 'not dumped', r.object, r.oid
      FROM relation r
     WHERE r.relkind = 'r'
       AND NOT EXISTS (SELECT FROM dumped d WHERE d.relid = r.oid)
    UNION ALL
    -- Else the first insert after a restore collides.
    SELECT 'sequence not dumped', s.object, s.oid
      FROM relation s
      JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
                      AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      JOIN dumped t ON t.relid = d.refobjid
     WHERE s.relkind = 'S'
       AND NOT EXISTS (SELECT FROM dumped x WHERE x.relid = s.oid)
    UNION ALL
    -- Rows that a filter leaves out come back as shipped, without a word.
    SELECT 'dumped through a filter', d.relid::regclass::text, d.relid
      FROM dumped d
     WHERE d.condition <> ''
    UNION ALL
    -- The rows that refer to what is not there are lost in a restore.
    SELECT 'foreign key to an undumped table', k.conrelid::regclass::text || ' ' || k.conname, k.conrelid
      FROM pg_constraint k
      JOIN dumped d ON d.relid = k.conrelid
      JOIN relation r ON r.oid = k.confrelid
     WHERE k.contype = 'f'
       AND NOT EXISTS (SELECT FROM dumped x WHERE x.relid = k.confrelid)
    UNION ALL
    SELECT 'others may write', g.object || ' ' || g.privilege_type, g.oid
      FROM granted g
     WHERE g.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
    UNION ALL
    -- What is read from kefu is read through views.
    SELECT 'others may read', g.object, g.oid
      FROM granted g
     WHERE g.relkind IN ('r', 'p', 'm') AND g.privilege_type = 'SELECT'
       AND g.relnamespace = 'kefu'::regnamespace
    UNION ALL
    SELECT 'published table without row security', r.object, r.oid
      FROM relation r
     WHERE r.relnamespace = 'kefu_bi'::regnamespace AND r.relkind IN ('r', 'p')
       AND NOT r.relrowsecurity
    UNION ALL
    -- Otherwise a cheap function in a query sees the rows before the predicate.
    SELECT 'published view without barrier', r.object, r.oid
      FROM relation r
     WHERE r.relnamespace = 'kefu_bi'::regnamespace AND r.relkind = 'v'
       AND NOT coalesce(r.reloptions && ARRAY['security_barrier=true', 'security_barrier=on',
                                              'security_invoker=true', 'security_invoker=on'], false)
    UNION ALL
    -- The owner's rights would go past the row security of published tables.
    SELECT 'Chinese view with the rights of its owner', r.object, r.oid
      FROM relation r
     WHERE r.relnamespace = 'kefu_bi_zh'::regnamespace AND r.relkind = 'v'
       AND NOT coalesce(r.reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], false)
    UNION ALL
    -- BI tools can't use these.
    SELECT 'published column of an unfit type', r.object || '.' || c.attname, r.oid
      FROM relation r
      JOIN pg_attribute c ON c.attrelid = r.oid
      JOIN pg_type t ON t.oid = c.atttypid
     WHERE r.relnamespace = 'kefu_bi'::regnamespace AND r.relkind IN ('r', 'p', 'v', 'm')
       AND c.attnum > 0 AND NOT c.attisdropped
       AND (t.typcategory = 'A' OR t.typname IN ('interval', 'json', 'jsonb', 'bytea'))
    UNION ALL
    SELECT 'instant without time zone', r.object || '.' || c.attname, r.oid
      FROM relation r JOIN pg_attribute c ON c.attrelid = r.oid
     WHERE c.atttypid = 'timestamp'::regtype AND NOT c.attisdropped
    UNION ALL
    -- Partitions are made by a function and are no members on purpose.
    SELECT 'not of the extension', c.oid::regclass::text, c.oid
      FROM pg_class c
     WHERE c.relnamespace IN ('kefu'::regnamespace, 'kefu_bi'::regnamespace, 'kefu_bi_zh'::regnamespace)
       AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       AND NOT c.relispartition
       AND NOT EXISTS (SELECT FROM relation r WHERE r.oid = c.oid)
    UNION ALL
    SELECT 'not of the extension', t.object, t.oid
      FROM own_type t
     WHERE NOT t.is_member
    UNION ALL
    SELECT 'not of the extension', p.oid::regprocedure::text, p.oid
      FROM pg_proc p
     WHERE p.pronamespace IN ('kefu'::regnamespace, 'kefu_bi'::regnamespace, 'kefu_bi_zh'::regnamespace)
       AND NOT EXISTS (SELECT FROM routine r WHERE r.oid = p.oid)
    UNION ALL
    -- Nothing calls it, and the checker below can't look into it.
    SELECT 'trigger function without trigger', p.object, p.oid
      FROM routine p
     WHERE p.prorettype = 'trigger'::regtype
       AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgfoid = p.oid)
    UNION ALL
    SELECT 'exception without object', x.rule || ': ' || x.object, NULL
      FROM exempt_object x
     WHERE x.objid IS NULL;

CREATE TEMP VIEW offence AS
    SELECT f.rule, f.object
      FROM found f
     WHERE NOT EXISTS (SELECT FROM exempt_object x WHERE x.rule = f.rule AND x.objid = f.objid);

-- plpgsql_check, where Debian offers it; elsewhere this part says nothing.
SELECT count(*) > 0 AS has_checker
  FROM pg_available_extensions
 WHERE name = 'plpgsql_check' \gset
\if :has_checker
SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS lint_checker;
CREATE EXTENSION IF NOT EXISTS plpgsql_check SCHEMA lint_checker;
RESET client_min_messages;
CREATE TEMP VIEW misfit AS
    SELECT p.object, t.relid::regclass AS on_table, c.level, c.lineno, c.message
      FROM routine p
      JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
      CROSS JOIN LATERAL (
          SELECT g.tgrelid AS relid FROM pg_trigger g WHERE g.tgfoid = p.oid
          UNION
          SELECT 0 WHERE p.prorettype <> 'trigger'::regtype) AS t
      CROSS JOIN LATERAL lint_checker.plpgsql_check_function_tb(p.oid::regprocedure, t.relid::regclass,
          fatal_errors := false, other_warnings := true, extra_warnings := true,
          performance_warnings := false, security_warnings := true) AS c
     -- Guards and effects have one signature, whether or not they look at it.
     WHERE NOT (p.proargtypes::text = to_regtype('kefu.move')::oid::text
                AND c.message = 'unused parameter "m"')
       -- pg_cron isn't in this database; test/t/027_cron.pl runs what names it.
       AND c.message !~ '"cron(\.\w+)?" does not exist$';
\else
CREATE TEMP VIEW misfit AS
    SELECT NULL::text AS object, NULL::regclass AS on_table, NULL::text AS level,
           NULL::integer AS lineno, NULL::text AS message
     WHERE false;
\endif

-- Every rule finds what breaks it.
BEGIN;
CREATE TABLE kefu.planted (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamp);
CREATE TABLE kefu.planted_child (id integer REFERENCES kefu.planted);
CREATE TABLE kefu_bi.planted_published (tags text[]);
CREATE VIEW kefu_bi.planted_view AS SELECT interval '1 h' AS length;
CREATE VIEW kefu_bi_zh.planted_view WITH (security_barrier) AS SELECT 1 AS one;
CREATE DOMAIN kefu.planted_domain AS text;
CREATE TYPE kefu.planted_composite AS (id integer);
CREATE TYPE kefu.planted_stray_type AS ENUM ('one');
CREATE FUNCTION kefu.planted_definer() RETURNS integer LANGUAGE sql SECURITY DEFINER
    AS 'SELECT 1';
CREATE FUNCTION kefu.planted_pinned() RETURNS integer LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS 'SELECT 1';
CREATE FUNCTION kefu.planted_body() RETURNS integer LANGUAGE plpgsql
    AS 'BEGIN RETURN (SELECT nothing FROM kefu.planted); END';
CREATE FUNCTION kefu.planted_trigger() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NULL; END';
CREATE TABLE kefu.planted_stray (id integer);
CREATE FUNCTION kefu.planted_stray() RETURNS integer LANGUAGE sql AS 'SELECT 1';
ALTER EXTENSION pg_kefu ADD TABLE kefu.planted;
ALTER EXTENSION pg_kefu ADD SEQUENCE kefu.planted_id_seq;
ALTER EXTENSION pg_kefu ADD TABLE kefu.planted_child;
ALTER EXTENSION pg_kefu ADD TABLE kefu_bi.planted_published;
ALTER EXTENSION pg_kefu ADD VIEW kefu_bi.planted_view;
ALTER EXTENSION pg_kefu ADD VIEW kefu_bi_zh.planted_view;
ALTER EXTENSION pg_kefu ADD DOMAIN kefu.planted_domain;
ALTER EXTENSION pg_kefu ADD TYPE kefu.planted_composite;
ALTER EXTENSION pg_kefu ADD FUNCTION kefu.planted_definer();
ALTER EXTENSION pg_kefu ADD FUNCTION kefu.planted_pinned();
ALTER EXTENSION pg_kefu ADD FUNCTION kefu.planted_body();
ALTER EXTENSION pg_kefu ADD FUNCTION kefu.planted_trigger();
GRANT SELECT, INSERT ON kefu.planted TO PUBLIC;
GRANT UPDATE (id) ON kefu.planted TO PUBLIC;
INSERT INTO exempt VALUES ('planted', 'kefu.planted_gone()', 'there is no such function');
UPDATE pg_extension
   SET extconfig = extconfig || 'kefu.planted_child'::regclass::oid,
       extcondition = extcondition || 'WHERE true'::text
 WHERE extname = 'pg_kefu';
SELECT rule, object
  FROM offence
 WHERE object LIKE '%planted%'
 ORDER BY rule COLLATE "C", object COLLATE "C";
UPDATE pg_extension
   SET extconfig = extconfig || 'kefu.planted'::regclass::oid,
       extcondition = extcondition || ''::text
 WHERE extname = 'pg_kefu';
SELECT rule, object
  FROM offence
 WHERE object LIKE '%planted%' AND rule LIKE '%dumped%'
 ORDER BY rule COLLATE "C", object COLLATE "C";
SELECT count(*) > 0 OR NOT :'has_checker' AS checker_sees_the_plant
  FROM misfit
 WHERE object LIKE '%planted%';
ROLLBACK;

-- And nothing of ours breaks one.
SELECT rule, object
  FROM offence
 ORDER BY rule COLLATE "C", object COLLATE "C";
SELECT object, on_table, level, lineno, message
  FROM misfit
 ORDER BY object COLLATE "C", on_table, lineno, message;

-- Whatever it answers, a function in C outlives NULL in every argument.
BEGIN;
DO $$
DECLARE
    call record;
    outcome text;
BEGIN
    FOR call IN
        SELECT format('SELECT %I.%I(%s)', p.pronamespace::regnamespace, p.proname,
                      (SELECT string_agg(CASE WHEN p.provariadic <> 0 AND t.number = p.pronargs THEN 'VARIADIC ' ELSE '' END
                                         || format('NULL::%s', t.type::regtype), ', ' ORDER BY t.number)
                         FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS t(type, number))) AS text
          FROM pg_proc p JOIN routine r ON r.oid = p.oid
         WHERE p.prolang = (SELECT l.oid FROM pg_language l WHERE l.lanname = 'c') AND p.prokind = 'f'
           AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
         ORDER BY p.oid::regprocedure::text
    LOOP
        BEGIN
            EXECUTE call.text INTO outcome;
        EXCEPTION WHEN others THEN
            IF SQLSTATE IN ('XX000', '42883', '42725') THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END $$;
ROLLBACK;

\if :has_checker
DROP VIEW misfit;
SET client_min_messages = warning;
DROP SCHEMA lint_checker CASCADE;
\endif
