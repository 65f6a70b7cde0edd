-- fingerprint: everything that pg_kefu made in this database, a line each:
--
--     psql -XAtq -f upgrade/fingerprint.sql DATABASE
--
-- Two databases whose lines are the same have the same extension, however they
-- came by it: objects, columns, definitions, rights, comments, dump marks and
-- the rows that come with the version.  Nothing in it depends on an oid, on the
-- order of creation or on what the desk was used for.  Left out: the version's
-- own name, owners, and rows of the desk.

SET search_path = pg_catalog;
SET client_min_messages = warning;
WITH RECURSIVE extension AS (
    SELECT e.oid, e.extconfig, e.extcondition FROM pg_extension e WHERE e.extname = 'pg_kefu'
), object AS (
    -- The members, and what belongs to a member: indexes, constraints, triggers,
    -- rules, policies, defaults, sequences of identity columns, row types.
    SELECT d.classid, d.objid
      FROM pg_depend d, extension e
     WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    UNION
    SELECT d.classid, d.objid
      FROM object o
      JOIN pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid AND d.deptype IN ('a', 'i')
     WHERE d.classid IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass,
                         'pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_type'::regclass)
       AND NOT EXISTS (SELECT FROM pg_class c WHERE d.classid = 'pg_class'::regclass
                          AND c.oid = d.objid AND c.relkind = 't')
       -- Months are made by the desk.
       AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
                        WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid
                          AND c.relispartition
                          AND NOT EXISTS (SELECT FROM pg_depend x, extension e
                                           WHERE x.objid = c.oid AND x.deptype = 'e' AND x.refobjid = e.oid))
), relation AS (
    SELECT c.* FROM pg_class c JOIN object o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid
), line AS (
    SELECT 'object' AS kind, i.type || ' ' || i.identity AS name, '' AS what
      FROM object o, pg_identify_object(o.classid, o.objid, 0) i
     WHERE o.classid NOT IN ('pg_constraint'::regclass, 'pg_rewrite'::regclass, 'pg_trigger'::regclass)
    UNION ALL
    SELECT 'relation', r.oid::regclass::text,
           concat_ws(' ', r.relkind, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity,
                     r.relreplident, pg_get_partkeydef(r.oid), pg_get_expr(r.relpartbound, r.oid),
                     (SELECT string_agg(x, ' ' ORDER BY x) FROM unnest(r.reloptions) x))
      FROM relation r
    UNION ALL
    SELECT 'column', r.oid::regclass || '.' || a.attname,
           concat_ws(' ', row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum),
                     format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation,
                     CASE WHEN a.attnotnull THEN 'not null' END, a.attidentity, a.attgenerated,
                     a.attstorage, nullif(a.attstattarget::integer, -1),
                     'default ' || pg_get_expr(d.adbin, d.adrelid))
      FROM relation r
      JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
     WHERE r.relkind IN ('r', 'p', 'v', 'm', 'c', 'f')
    UNION ALL
    SELECT 'definition', 'constraint ' || c.conname || ' on ' || coalesce(nullif(c.conrelid, 0)::regclass::text,
                                                                         c.contypid::regtype::text),
           concat_ws(' ', pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not valid' END)
      FROM pg_constraint c JOIN object o ON o.classid = 'pg_constraint'::regclass AND o.objid = c.oid
    UNION ALL
    SELECT 'definition', 'index ' || i.indexrelid::regclass,
           concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered, i.indisreplident)
      FROM pg_index i JOIN relation r ON r.oid = i.indexrelid
    UNION ALL
    SELECT 'definition', 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass,
           concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
      FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
     WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'definition', 'view ' || r.oid::regclass, pg_get_viewdef(r.oid)
      FROM relation r WHERE r.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'definition', 'policy ' || p.polname || ' on ' || p.polrelid::regclass,
           concat_ws(' ', p.polcmd, p.polpermissive,
                     (SELECT string_agg(coalesce(nullif(x, 0)::regrole::text, 'public'), ',' ORDER BY x)
                        FROM unnest(p.polroles) x),
                     'using ' || pg_get_expr(p.polqual, p.polrelid),
                     'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
      FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
    UNION ALL
    SELECT 'definition', 'sequence ' || s.seqrelid::regclass,
           concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
                     s.seqcache, s.seqcycle)
      FROM pg_sequence s JOIN relation r ON r.oid = s.seqrelid
    UNION ALL
    SELECT 'definition', 'routine ' || p.oid::regprocedure,
           CASE WHEN p.prokind = 'a'
                THEN (SELECT concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
                                       a.aggtranstype::regtype, a.agginitval)
                        FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
                ELSE pg_get_functiondef(p.oid) END
      FROM pg_proc p JOIN object o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid
    UNION ALL
    SELECT 'definition', 'type ' || t.oid::regtype,
           concat_ws(' ', t.typtype, t.typbasetype::regtype, t.typnotnull, t.typdefault,
                     (SELECT string_agg(l.enumlabel, ',' ORDER BY l.enumsortorder)
                        FROM pg_enum l WHERE l.enumtypid = t.oid))
      FROM pg_type t JOIN object o ON o.classid = 'pg_type'::regclass AND o.objid = t.oid
    UNION ALL
    SELECT 'right', pg_describe_object(x.classid, x.objid, x.subid), g.item
      FROM (SELECT 'pg_class'::regclass::oid AS classid, r.oid AS objid, 0 AS subid, r.relacl AS acl
              FROM relation r
            UNION ALL
            SELECT 'pg_class'::regclass, a.attrelid, a.attnum, a.attacl
              FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid
             WHERE NOT a.attisdropped
            UNION ALL
            SELECT 'pg_proc'::regclass, p.oid, 0, coalesce(p.proacl, acldefault('f', p.proowner))
              FROM pg_proc p JOIN object o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid
            UNION ALL
            SELECT 'pg_type'::regclass, t.oid, 0, t.typacl
              FROM pg_type t JOIN object o ON o.classid = 'pg_type'::regclass AND o.objid = t.oid
            UNION ALL
            SELECT 'pg_namespace'::regclass, n.oid, 0, n.nspacl
              FROM pg_namespace n, extension e
             WHERE n.oid = (SELECT x.extnamespace FROM pg_extension x WHERE x.oid = e.oid)
                OR n.oid IN (SELECT o.objid FROM object o WHERE o.classid = 'pg_namespace'::regclass)) x,
           LATERAL (SELECT unnest(x.acl)::text AS item) g
    UNION ALL
    -- What a dump takes for granted: rights beyond these are dumped.
    SELECT 'initial right', pg_describe_object(p.classoid, p.objoid, p.objsubid), g.item
      FROM pg_init_privs p JOIN object o ON o.classid = p.classoid AND o.objid = p.objoid,
           LATERAL (SELECT unnest(p.initprivs)::text AS item) g
     WHERE p.privtype = 'e'
    UNION ALL
    SELECT 'comment', pg_describe_object(c.classoid, c.objoid, c.objsubid), c.description
      FROM pg_description c JOIN object o ON o.classid = c.classoid AND o.objid = c.objoid
    UNION ALL
    SELECT 'dumped', m.relation::regclass::text, e.extcondition[m.place]
      FROM extension e, unnest(e.extconfig) WITH ORDINALITY AS m(relation, place)
    UNION ALL
    -- Rows that come with the version: those of tables without a dump mark. The
    -- number of an identity column is nobody's business.
    SELECT 'rows', r.oid::regclass::text,
           (xpath('/row/digest/text()', query_to_xml(format(
               'SELECT count(*) || '' '' || md5(coalesce(string_agg(j, E''\n'' ORDER BY j COLLATE "C"), '''')) AS digest'
               ' FROM (SELECT (to_jsonb(t) - %L::text[])::text AS j FROM ONLY %s AS t) AS x',
               (SELECT coalesce(array_agg(a.attname), '{}') FROM pg_attribute a
                 WHERE a.attrelid = r.oid AND a.attidentity <> ''), r.oid::regclass),
               false, true, '')))[1]::text
      FROM relation r, extension e
     WHERE r.relkind = 'r' AND r.oid <> ALL (e.extconfig) AND r.oid <> 'kefu.credential_secret'::regclass
)
SELECT x.line
  FROM (SELECT l.kind || E'\t' || l.name || E'\t'
               || regexp_replace(coalesce(l.what, ''), '\s+', ' ', 'g') AS line
          FROM line l) x
 ORDER BY x.line COLLATE "C";
