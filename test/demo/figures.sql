-- figures.sql: how the day went, by province and by level.
SELECT to_regclass('kefu_bi.response_kpis') IS NOT NULL AS has_kpis \gset
\if :has_kpis
SELECT * FROM kefu_bi.response_kpis ORDER BY 1, 2, 3;
\endif
SELECT t.unit, t.kind, count(*) AS tickets, count(t.answered_at) AS answered,
       round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_response_at - t.posted_at))::numeric, 1)
           AS median_first_response_s,
       count(*) FILTER (WHERE t.first_response_at IS NULL) AS no_response,
       count(*) FILTER (WHERE t.resolved_at IS NOT NULL) AS resolved
  FROM kefu.ticket t GROUP BY t.unit, t.kind ORDER BY t.unit, t.kind;
SELECT c.clock, count(*) AS promises, count(*) FILTER (WHERE c.outcome = 'kept') AS kept,
       count(*) FILTER (WHERE c.outcome = 'late') AS late, count(*) FILTER (WHERE c.outcome = 'void') AS void,
       count(*) FILTER (WHERE c.outcome IS NULL) AS running
  FROM kefu.clock c GROUP BY c.clock ORDER BY c.clock;
SELECT c.clock, e.level, coalesce(e.role, 'event') AS told, e.outcome, count(*) AS times,
       round(extract(epoch FROM max(e.fired_at - e.due_at))::numeric, 2) AS latest_s
  FROM kefu.escalation e JOIN kefu.clock c USING (clock_id)
 GROUP BY c.clock, e.level, e.role, e.outcome ORDER BY c.clock, e.level, e.outcome;
