-- watch.sql: how the desk runs.
SELECT worker, state, date_trunc('second', started_at) AS started_at, loops_count AS loops,
       wakeups_count AS wakeups, fired_count AS fired, fetches_count AS fetches, sends_count AS sends,
       errors_count AS errors
  FROM kefu.stat_worker;
SELECT account, count(*) AS feeds, string_agg(DISTINCT state, ' ') AS states, sum(polls_count) AS polls,
       sum(items_count) AS items, sum(new_count) AS new_items, sum(failures) AS failing,
       sum(dead_letters_count) AS dead_letters, max(lag_seconds) AS lag_s
  FROM kefu.stat_feed GROUP BY account ORDER BY account;
SELECT state, sum(sends_count) AS replies, max(attempts_max) AS attempts_at_most
  FROM kefu.stat_outbound GROUP BY state ORDER BY 2 DESC;
SELECT h.* FROM kefu.health() AS h;
