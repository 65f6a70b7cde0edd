-- figures.sql: how the promises were kept and who was told when they were not.
SELECT c.clock, count(*) AS promises, count(*) FILTER (WHERE c.outcome = 'kept') AS kept,
       count(*) FILTER (WHERE c.outcome = 'late') AS late, count(*) FILTER (WHERE c.outcome = 'void') AS void,
       count(*) FILTER (WHERE c.outcome IS NULL) AS running,
       count(*) FILTER (WHERE c.outcome IS NULL AND c.due_at < now()) AS overdue
  FROM kefu.clock c GROUP BY c.clock ORDER BY c.clock;
SELECT c.clock, e.level, coalesce(e.role, 'event') AS told, e.outcome, count(*) AS times,
       round(extract(epoch FROM max(e.fired_at - e.due_at))::numeric, 2) AS latest_s
  FROM kefu.escalation e JOIN kefu.clock c USING (clock_id)
 GROUP BY c.clock, e.level, e.role, e.outcome ORDER BY c.clock, e.level, e.outcome;
