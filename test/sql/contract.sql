-- contract: every published column. A line that changes or goes is a change of
-- what analysts rely on and needs an entry in CHANGELOG.md; a new line doesn't (R1).
--
-- And the rules at the head of 70_bi, for all of them.

\pset format unaligned
\pset tuples_only on
SELECT d.relation_name, d.column_name, d.data_type
  FROM kefu_bi.data_dictionary d ORDER BY d.relation_name COLLATE "C", d.column_number;
\pset tuples_only off
CREATE TEMP VIEW offence AS
SELECT 'instant without _at' AS rule, d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE (d.data_type = 'timestamp with time zone') <> (d.column_name LIKE '%\_at')
UNION ALL
SELECT 'instant without date or hour', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.data_type = 'timestamp with time zone'
   AND 2 <> (SELECT count(*) FROM kefu_bi.data_dictionary x
              WHERE x.relation_name = d.relation_name AND x.data_type IN ('date', 'integer')
                AND x.column_name IN (regexp_replace(d.column_name, '_at$', '_local_date'), regexp_replace(d.column_name, '_at$', '_local_hour')))
UNION ALL
SELECT 'count that is no whole number', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.column_name LIKE '%\_count' AND d.data_type NOT IN ('bigint', 'integer')
UNION ALL
SELECT 'share that is no number', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.column_name LIKE '%\_pct' AND d.data_type NOT LIKE 'numeric%'
UNION ALL
SELECT 'label in one language', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.column_name LIKE '%label\_zh'
   AND NOT EXISTS (SELECT FROM kefu_bi.data_dictionary x
                    WHERE x.relation_name = d.relation_name AND x.column_name = regexp_replace(d.column_name, 'zh$', 'en'))
UNION ALL
SELECT 'no Chinese term', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.column_term_zh IS NULL
UNION ALL
SELECT 'nested', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.data_type LIKE '%[]' OR d.data_type LIKE 'json%' OR d.data_type IN ('interval', 'bytea', 'record');
-- Each rule finds what breaks it.
BEGIN;
CREATE VIEW kefu_bi.planted AS
SELECT now() AS looked, now() AS seen_at, 1.5 AS odd_count, '5' AS odd_pct, 'x' AS odd_label_zh, '{}'::text[] AS parts;
SELECT rule, column_name FROM offence WHERE relation_name = 'planted' ORDER BY 1, 2;
ROLLBACK;
SELECT * FROM offence ORDER BY 1, 2, 3;
-- Tables have keys; nothing is a materialized view.
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'kefu_bi'::regnamespace AND (c.relkind NOT IN ('r', 'v', 'i')
    OR c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p'));
