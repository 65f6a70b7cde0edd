-- 85_bi_zh: kefu_bi under Chinese names.
--
-- Each view and table of kefu_bi has one view here, with all its columns in their
-- order. The names are the Chinese terms of the comments, as kefu_bi.data_dictionary
-- finds them, so the two can't say different things. A view reads with the
-- rights of who asks: row security and the barriers of the originals hold.

CREATE SCHEMA kefu_bi_zh;
COMMENT ON SCHEMA kefu_bi_zh IS 'kefu_bi under Chinese names, made of its comments (中文视图)';

-- The folding is the server's own of what stands without quotes, so that 微博ID
-- is found as it is written.
CREATE FUNCTION kefu.mirror_zh() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    v record;
    made integer := 0;
BEGIN
    FOR v IN SELECT d.relation_name, d.relation_comment, lower(d.relation_term_zh COLLATE "C") AS name,
                    array_agg(d.column_name ORDER BY d.column_number) AS columns,
                    array_agg(lower(d.column_term_zh COLLATE "C") ORDER BY d.column_number) AS names,
                    array_agg(d.column_comment ORDER BY d.column_number) AS comments,
                    count(d.column_term_zh) = count(*) AND max(octet_length(d.column_term_zh)) <= 63 AS is_named
               FROM kefu_bi.data_dictionary d
              GROUP BY d.relation_name, d.relation_comment, d.relation_term_zh
              ORDER BY d.relation_name LOOP
        IF v.name IS NULL OR octet_length(v.name) > 63 OR NOT v.is_named THEN
            RAISE 'kefu_bi.% or a column of it has no Chinese name of at most 63 bytes', v.relation_name
                USING ERRCODE = 'invalid_name', HINT = 'The name stands in parentheses at the end of the comment.';
        END IF;
        CONTINUE WHEN obj_description(to_regclass(format('kefu_bi_zh.%I', v.name)), 'pg_class')
                      LIKE 'kefu\_bi.' || v.relation_name || ':%';
        EXECUTE format('CREATE VIEW kefu_bi_zh.%I WITH (security_invoker) AS TABLE kefu_bi.%I', v.name, v.relation_name);
        EXECUTE format('COMMENT ON VIEW kefu_bi_zh.%I IS %L', v.name,
                       format('kefu_bi.%s: %s', v.relation_name, v.relation_comment));
        FOR i IN 1 .. cardinality(v.columns) LOOP
            EXECUTE format('ALTER VIEW kefu_bi_zh.%I RENAME COLUMN %I TO %I', v.name, v.columns[i], v.names[i]);
            EXECUTE format('COMMENT ON COLUMN kefu_bi_zh.%I.%I IS %L', v.name, v.names[i],
                           format('%s: %s', v.columns[i], v.comments[i]));
        END LOOP;
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION kefu.mirror_zh() IS
'Makes the views that kefu_bi_zh lacks and says how many; for the scripts of the extension only. An update drops the views whose original has changed and calls it. Two views or columns of one name are refused by the server (生成中文视图; R1)';

SELECT kefu.mirror_zh();

