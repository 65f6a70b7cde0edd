-- contract: every published column. A line that changes or goes is a change of
-- what analysts rely on and needs an entry in CHANGELOG.md; a new line doesn't (R1).
-- So it is with the Chinese names of kefu_bi_zh, a line a view.
--
-- And the rules at the head of 70_bi, for all of them.

\pset format unaligned
\pset tuples_only on
SELECT d.relation_name, d.column_name, d.data_type
  FROM kefu_bi.data_dictionary d ORDER BY d.relation_name COLLATE "C", d.column_number;
-- kefu_bi_zh: each view, what it mirrors, its columns in the order of the original.
CREATE TEMP VIEW zh AS
SELECT c.relname::text AS view_name, a.attname::text AS name, a.attnum::integer AS column_number,
       format_type(a.atttypid, a.atttypmod) AS data_type,
       (regexp_match(obj_description(c.oid, 'pg_class'), '^kefu_bi\.(\w+): '))[1] AS relation_name,
       (regexp_match(col_description(c.oid, a.attnum), '^(\w+): '))[1] AS column_name
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'kefu_bi_zh'::regnamespace;
SELECT z.relation_name, z.view_name, string_agg(z.name, ' ' ORDER BY z.column_number)
  FROM zh z GROUP BY 1, 2 ORDER BY z.relation_name COLLATE "C";
\pset tuples_only off
-- One Chinese view for each relation, one Chinese column for each column, of the same
-- type and written without quotes; nothing else is there.
SELECT coalesce(d.relation_name, z.relation_name) AS relation_name,
       coalesce(d.column_name, z.column_name) AS column_name, z.view_name, z.name
  FROM kefu_bi.data_dictionary d
  FULL JOIN zh z ON z.relation_name = d.relation_name AND z.column_name = d.column_name
   AND z.column_number = d.column_number AND z.data_type = d.data_type
   AND z.view_name = lower(d.relation_term_zh) AND z.name = lower(d.column_term_zh)
 WHERE d.relation_name IS NULL OR z.name IS NULL
    OR z.view_name || z.name ~ '[\x01-\x2f\x3a-\x60\x7b-\x7f]' OR z.view_name ~ '^[0-9]' OR z.name ~ '^[0-9]';
SELECT count(*) = count(DISTINCT (z.view_name, z.name)) AS each_name_once,
       count(DISTINCT z.view_name) = count(DISTINCT z.relation_name) AS each_view_once
  FROM zh z;
-- Comments without a name, with a long one, with the same twice are refused; what is there stays.
\set VERBOSITY terse
\pset tuples_only on
SELECT kefu.mirror_zh();
BEGIN;
CREATE VIEW kefu_bi.planted AS SELECT 1 AS one, 2 AS two;
COMMENT ON VIEW kefu_bi.planted IS 'planted (插入)';
COMMENT ON COLUMN kefu_bi.planted.one IS 'one (一)';
SAVEPOINT unnamed;
SELECT kefu.mirror_zh();
ROLLBACK TO unnamed;
COMMENT ON COLUMN kefu_bi.planted.two IS 'two (一二三四五六七八九十一二三四五六七八九十一二)';
SELECT kefu.mirror_zh();
ROLLBACK TO unnamed;
COMMENT ON COLUMN kefu_bi.planted.two IS 'two (一)';
SELECT kefu.mirror_zh();
ROLLBACK TO unnamed;
COMMENT ON COLUMN kefu_bi.planted.two IS 'two (二)';
COMMENT ON VIEW kefu_bi.planted IS 'planted (工单)';
SELECT kefu.mirror_zh();
ROLLBACK TO unnamed;
COMMENT ON COLUMN kefu_bi.planted.two IS 'two (二ID)';
SELECT kefu.mirror_zh();
SELECT 二ID FROM kefu_bi_zh.插入;
ROLLBACK;
\pset tuples_only off
-- Codes have their words beside them. What ends like a column that has a label somewhere holds such a code, unless it is a
-- key of a dimension, where the words are, or one of these.
CREATE TEMP TABLE wordless AS
SELECT x.relation_name, w.column_name, x.reason
  FROM (VALUES ('clocks', 'legal_source', 'a law and its article'), ('compliance', 'answered_by', 'names of functions and clocks'),
               ('data_dictionary', 'relation_kind data_type', 'words of SQL'), ('labels', 'code_kind', 'says which words these are'),
               ('kpi_definitions', 'clock period_rule zero_rule', 'sentences'), ('work_definitions', 'clock period_rule zero_rule', 'sentences'),
               ('deletions', 'reason', 'words of a person'), ('opinions', 'report', 'words to a department'), ('lexicon_hits', 'override_reason', 'words of a person'), ('placements', 'reason', 'words of a person or platform'),
               ('post_warnings', 'reason rule', 'words of a person; rules of many tables'), ('reports', 'reason', 'words of a person'), ('score_entries', 'reason', 'words of a person'),
               ('scorecards', 'reason', 'words of a person'), ('posts', 'source repost_source', 'somebody''s account'),
               ('rules', 'rule', 'keys of many tables'), ('rule_latitudes', 'rule', 'keys of many tables'),
               ('engage_rules', 'rule', 'code of the desk''s own; what, category and post_kind say it'), ('engagements', 'rule', 'code of engage_rules')) AS x(relation_name, column_names, reason)
 CROSS JOIN LATERAL string_to_table(x.column_names, ' ') AS w(column_name);
CREATE TEMP VIEW wordy AS
SELECT d.relation_name, d.column_name,
       EXISTS (SELECT FROM kefu_bi.data_dictionary x WHERE x.relation_name = d.relation_name AND x.column_name = d.column_name || '_label_zh') AS has_label
  FROM kefu_bi.data_dictionary d
 WHERE NOT d.is_key AND d.refers_to IS NULL AND d.column_name !~ '_(zh|en)$' AND d.relation_name !~ '^dim_'
   AND (d.column_name IN (SELECT l.code_kind FROM kefu_bi.labels l) AND d.data_type NOT IN ('boolean', 'bigint')
        OR d.data_type = 'text' AND regexp_replace(d.column_name, '^.*_', '') IN (
               SELECT regexp_replace(regexp_replace(x.column_name, '_label_zh$', ''), '^.*_', '') FROM kefu_bi.data_dictionary x WHERE x.column_name LIKE '%\_label\_zh'));
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
SELECT 'code without a label', w.relation_name, w.column_name FROM wordy w
 WHERE NOT w.has_label AND NOT EXISTS (SELECT FROM wordless x WHERE x.relation_name = w.relation_name AND x.column_name = w.column_name)
UNION ALL
SELECT 'excused in vain', x.relation_name, x.column_name FROM wordless x
 WHERE NOT EXISTS (SELECT FROM wordy w WHERE w.relation_name = x.relation_name AND w.column_name = x.column_name AND NOT w.has_label)
UNION ALL
SELECT 'label named otherwise', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.column_name ~ '_(zh|en)$' AND d.column_name !~ '_label_(zh|en)$'
   AND EXISTS (SELECT FROM kefu_bi.data_dictionary x WHERE x.relation_name = d.relation_name AND x.column_name = regexp_replace(d.column_name, '_(zh|en)$', ''))
UNION ALL
-- What a share, mean or quantile of nothing is, is said of the view or the column (ruling 24).
SELECT 'figure without a zero rule', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE (d.column_name ~ '(^|_)(pct|mean|avg|median|p[0-9]+)(_|$)' OR d.column_name ~ '_per_' OR d.column_name ~ '^(kpi|figure)_value$')
   AND d.data_type NOT IN ('boolean', 'timestamp with time zone')
   AND concat_ws(' ', d.relation_comment, d.column_comment) !~ 'Zero rule: |; zero: '
UNION ALL
SELECT 'no Chinese term', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.column_term_zh IS NULL
UNION ALL
SELECT 'nested', d.relation_name, d.column_name FROM kefu_bi.data_dictionary d
 WHERE d.data_type LIKE '%[]' OR d.data_type LIKE 'json%' OR d.data_type IN ('interval', 'bytea', 'record');
-- Each rule finds what breaks it.
BEGIN;
CREATE VIEW kefu_bi.planted AS
SELECT now() AS looked, now() AS seen_at, 1.5 AS odd_count, '5' AS odd_pct, 'x' AS odd_label_zh, '{}'::text[] AS parts, 'x' AS state,
       'x' AS home_unit, '某' AS home_unit_zh;
INSERT INTO wordless VALUES ('planted', 'gone', 'the column is no more');
SELECT rule, column_name FROM offence WHERE relation_name = 'planted' ORDER BY 1, 2;
ROLLBACK;
SELECT * FROM offence ORDER BY 1, 2, 3;
-- Tables have keys; nothing is a materialized view.
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'kefu_bi'::regnamespace AND (c.relkind NOT IN ('r', 'v', 'i')
    OR c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p'));

-- Each KPI of the trade that the desk's rows can carry has a column, and who counts by which rule is said: a KPI of the
-- rollup and what people did in their definitions, others in the comment of their view (R1, ruling 24).
SELECT k.term, k.relation, k.name
  FROM (VALUES ('非电话业务处理及时率', 'unit_kpis', 'non_voice_in_time_pct'), ('一次问题解决率', 'unit_kpis', 'first_contact_pct'), ('客户满意率', 'unit_kpis', 'satisfied_pct'),
               ('参评率', 'unit_kpis', 'rated_pct'), ('处理客户意见及时率', 'unit_kpis', 'opinion_in_time_pct'), ('首次响应时长', 'unit_kpis', 'first_response_median_seconds'),
               ('首次响应时长 P90', 'unit_kpis', 'first_response_p90_seconds'), ('平均处理时长', 'unit_kpis', 'answer_avg_seconds'), ('处理时长 P90', 'unit_kpis', 'answer_p90_seconds'),
               ('响应及时率', 'unit_kpis', 'response_in_time_pct'), ('响应及时率（值班）', 'unit_kpis', 'response_desk_in_time_pct'), ('处理及时率', 'unit_kpis', 'answer_in_time_pct'),
               ('解决率', 'unit_kpis', 'resolved_pct'), ('回复率', 'unit_kpis', 'replied_pct'), ('负面回复率', 'unit_kpis', 'negative_replied_pct'), ('超时率', 'unit_kpis', 'order_overtime_pct'),
               ('滞留率', 'kpi_stock_days', 'stranded_pct'), ('驳回率', 'unit_kpis', 'bounced_pct'), ('重派率', 'unit_kpis', 'redispatched_pct'), ('重复投诉率', 'unit_kpis', 'repeated_pct'),
               ('升级率', 'unit_kpis', 'escalated_pct'), ('催单次数', 'unit_kpis', 'urges_mean_value'), ('月工单量', 'unit_kpis', 'volume_count'), ('采集时效', 'ingest_kpis', 'median_lag_seconds'),
               ('活跃度', 'account_weeks', 'posts_per_day'), ('传播力', 'account_weeks', 'echoes_per_post'), ('原创率', 'account_weeks', 'original_pct'),
               ('单条转发', 'account_weeks', 'reposts_per_post'), ('单条评论', 'account_weeks', 'comments_per_post'), ('互动（主动回复）', 'account_weeks', 'public_reply_count'),
               ('投诉按业务与省份', 'complaint_matters', 'complaint_count'), ('考核得分', 'scorecards', 'score'), ('考核排名', 'scorecards', 'rank')) AS k(term, relation, name)
 WHERE NOT EXISTS (SELECT FROM kefu_bi.data_dictionary d WHERE d.relation_name = k.relation AND d.column_name = k.name);
SELECT d.kpi FROM (SELECT w.* FROM kefu_bi.work_definitions w UNION ALL SELECT x.kpi, x.sort, x.measure, x.is_higher_better, x.label_zh, x.label_en, x.population, x.clock,
                          x.period_rule, x.exclusions, x.zero_rule, x.definition_zh, x.rulebook FROM kefu_bi.kpi_definitions x) AS d
 WHERE '' IN (btrim(d.population), btrim(d.clock), btrim(d.period_rule), btrim(d.exclusions), btrim(d.zero_rule), btrim(d.definition_zh));
SELECT DISTINCT d.relation_name FROM kefu_bi.data_dictionary d
 WHERE d.relation_name IN ('response_kpis', 'kpi_stock_days', 'ingest_kpis', 'account_weeks', 'satisfaction', 'department_times', 'script_results')
   AND NOT (d.relation_comment ~ 'Population: ' AND d.relation_comment ~ 'Clock: ' AND d.relation_comment ~ 'Window: ' AND d.relation_comment ~ 'Zero rule: ');
