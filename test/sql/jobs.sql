-- jobs: what has to be done now and then runs when it is due, each job alone.

\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
BEGIN;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
-- All run at first, then none before its time.
SELECT ran = (SELECT count(*) FROM kefu.job WHERE lane = 'minute') AS all_ran, failed, next_at > kefu.now() AS later FROM kefu.run_jobs();
SELECT ran, failed FROM kefu.run_jobs();
SELECT job, did_count, failures FROM kefu.stat_job WHERE lane = 'minute' AND (ran_at IS DISTINCT FROM ok_at OR ok_at IS NULL);
SET LOCAL kefu.test_now = '2026-03-02 09:01:00+08';
SELECT ran > 0 AS some_ran, failed FROM kefu.run_jobs();
-- One that fails is undone alone, keeps its error and is tried again.
CREATE OR REPLACE FUNCTION kefu.raise_alarms(max_tickets integer DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO kefu.digest (unit, role, opened_at) VALUES ('nowhere', 'operator', now());
    RETURN 0;
END $$;
SET LOCAL kefu.test_now = '2026-03-02 09:02:00+08';
SELECT failed FROM kefu.run_jobs();
SELECT job, failures, last_error FROM kefu.stat_job WHERE failures > 0;
SELECT level, check_name, message FROM kefu.health() WHERE check_name = 'job';
SELECT failed FROM kefu.run_jobs();
-- A job that did all it may at a time is due at once.
CREATE OR REPLACE FUNCTION kefu.raise_alarms(max_tickets integer DEFAULT 100) RETURNS integer
    LANGUAGE sql AS 'SELECT max_tickets';
SET LOCAL kefu.test_now = '2026-03-02 09:03:00+08';
SELECT next_at = kefu.now() AS at_once FROM kefu.run_jobs();
SELECT failures, last_error, did_count FROM kefu.stat_job WHERE job = 'raise_alarms';
-- What may take long is a lane of its own, and due at its time of day in Beijing.
SELECT ran = (SELECT count(*) FROM kefu.job WHERE lane = 'night') AS all_ran, failed, next_at FROM kefu.run_jobs('night');
SELECT job, next_at, failures FROM kefu.stat_job WHERE lane = 'night' ORDER BY next_at, job;
SELECT checked_at, from_at, misfits_count, problem FROM kefu.audit_check;
SELECT at, kefu.next_run('1 day', '03:10', at) AS daily, kefu.next_run('1 hour', NULL, at) AS hourly
  FROM (VALUES (timestamptz '2026-03-02 03:09+08'), ('2026-03-02 03:10+08'), ('2026-12-31 23:59+08')) AS v(at);
SELECT kefu.run_jobs('noon');
-- Where nobody verifies any more, or the trail is broken, health() says so.
SET LOCAL kefu.test_now = '2026-03-06 09:03:00+08';
SELECT level, check_name, message FROM kefu.health() WHERE check_name = 'audit';
-- pg_cron calls; what it would do, and that it is asked for where it is missing.
SELECT kefu.run_cron('tick');
SELECT kefu.install_jobs();
SELECT kefu.uninstall_jobs();
-- Nobody else may.
CREATE ROLE jobs_nobody;
GRANT USAGE ON SCHEMA kefu TO jobs_nobody;
SET LOCAL ROLE jobs_nobody;
SELECT kefu.run_jobs();
RESET ROLE;
GRANT EXECUTE ON FUNCTION kefu.run_jobs(text), kefu.is_worker() TO jobs_nobody;
SET LOCAL ROLE jobs_nobody;
SELECT kefu.run_jobs();
ROLLBACK;
