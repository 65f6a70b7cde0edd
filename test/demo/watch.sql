-- watch.sql: how the desk runs.
SELECT worker, state, date_trunc('second', started_at) AS started_at, loops_count AS loops,
       wakeups_count AS wakeups, fired_count AS fired, fetches_count AS fetches, sends_count AS sends,
       errors_count AS errors
  FROM kefu.stat_worker;
SELECT to_regclass('kefu.stat_feed') IS NOT NULL AS has_stat_feed \gset
\if :has_stat_feed
SELECT * FROM kefu.stat_feed LIMIT 8;
\endif
SELECT account, count(*) AS feeds, sum(polls_count) AS polls, sum(items_count) AS items,
       sum(new_count) AS new_items, sum(failures) AS failing, max(ok_at)::timestamptz(0) AS last_ok
  FROM kefu.feed_state GROUP BY account ORDER BY account;
SELECT level, "check", message FROM kefu.health();
