-- 00_guard: refuses to install over something that is not ours.
--
-- The control file fixes the schema, so an existing kefu would be used as it
-- is. Whoever made it owns it and could plant functions in front of ours.

\echo Use "CREATE EXTENSION pg_kefu" to load this file. \quit

DO $$
DECLARE
    planted text;
BEGIN
    SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
      INTO planted
      FROM pg_catalog.pg_depend d
     WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
       AND d.refobjid OPERATOR(pg_catalog.=) 'kefu'::pg_catalog.regnamespace
       AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'schema "kefu" is not empty'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'It contains ' || planted || '.',
                  HINT = 'Drop or rename the schema; CREATE EXTENSION makes its own.';
    END IF;
    IF NOT (SELECT r.rolsuper
              FROM pg_catalog.pg_namespace n
              JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
             WHERE n.nspname OPERATOR(pg_catalog.=) 'kefu') THEN
        RAISE EXCEPTION 'schema "kefu" is not owned by a superuser'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Drop the schema; CREATE EXTENSION makes its own.';
    END IF;
END
$$;

CREATE SCHEMA kefu_bi;
COMMENT ON SCHEMA kefu_bi IS 'What analysts and BI tools read; the tables and the API are in kefu (客服微博分析视图)';

