-- rollup: a year of a 31-province desk for the figure rollup, counted, and the same
-- question put to the rollup and to the rows; compared once. Prints how long the desk
-- took to make and to count. Variables: tickets. Neither side reads the trail.

SELECT clock_timestamp() AS began \gset
\set trail off
\ir generate.sql
SELECT clock_timestamp() AS made \gset
SELECT 'CREATE ROLE bench_analyst LOGIN IN ROLE kefu_analyst'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bench_analyst') \gexec
SELECT kefu.grant_reader('bench_analyst', 'group') \g /dev/null
-- A batch a transaction, as the job does; nobody asks here what keys of new cells cost.
SET session_replication_role = replica;
CREATE PROCEDURE bench.count_all() LANGUAGE plpgsql AS $$ BEGIN
    WHILE kefu.refresh_kpis(20000) >= 20000 LOOP
        COMMIT;
    END LOOP;
END $$;
CALL bench.count_all();
RESET session_replication_role;
SELECT clock_timestamp() AS counted \gset
VACUUM ANALYZE;

GRANT USAGE ON SCHEMA bench TO bench_analyst;
-- A share a province and month of the year: from the rollup, as an analyst reads it ...
CREATE VIEW bench.months WITH (security_invoker) AS
SELECT k.local_date, k.unit, sum(k.case_count) AS due_count, sum(k.hit_count) AS in_time_count
  FROM kefu_bi.kpi_months k WHERE k.kpi = 'response_in_time' GROUP BY k.local_date, k.unit;
-- ... and from the rows.
CREATE VIEW bench.months_from_rows AS
SELECT date_trunc('month', c.due_at AT TIME ZONE 'Asia/Shanghai')::date AS local_date, t.unit,
       count(*)::numeric AS due_count, (count(*) FILTER (WHERE c.outcome = 'kept'))::numeric AS in_time_count
  FROM kefu.ticket t
  JOIN kefu.clock c ON c.object_type = 'ticket' AND c.object_id = t.ticket_id
 WHERE NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped')
   AND c.clock IN ('inquiry_ack', 'complaint_ack', 'negative_reply', 'thank')
   AND c.outcome IS DISTINCT FROM 'void' AND c.due_at <= now()
 GROUP BY 1, 2;
GRANT SELECT ON bench.months TO bench_analyst;
SET SESSION AUTHORIZATION bench_analyst;
CREATE TEMP TABLE seen AS TABLE bench.months;
RESET SESSION AUTHORIZATION;
DO $$ BEGIN
    IF EXISTS ((TABLE bench.months_from_rows EXCEPT ALL TABLE seen) UNION ALL (TABLE seen EXCEPT ALL TABLE bench.months_from_rows)) THEN
        RAISE 'the rollup is not what the rows say';
    END IF;
END $$;
SELECT format('made in %s s, counted in %s s, %s', extract(epoch FROM :'made'::timestamptz - :'began')::integer,
              extract(epoch FROM :'counted'::timestamptz - :'made')::integer, pg_size_pretty(pg_database_size(current_database())));
