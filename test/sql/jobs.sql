-- jobs: what has to be done now and then runs when it is due, each job alone.

\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
BEGIN;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
-- All run at first, then none before its time.
SELECT ran = (SELECT count(*) FROM kefu.job) AS all_ran, failed, next_at > kefu.now() AS later FROM kefu.run_jobs();
SELECT ran, failed FROM kefu.run_jobs();
SELECT job, did_count, failures FROM kefu.stat_job WHERE ran_at IS DISTINCT FROM ok_at OR ok_at IS NULL;
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
-- Nobody else may.
CREATE ROLE jobs_nobody;
GRANT USAGE ON SCHEMA kefu TO jobs_nobody;
SET LOCAL ROLE jobs_nobody;
SELECT kefu.run_jobs();
RESET ROLE;
GRANT EXECUTE ON FUNCTION kefu.run_jobs(), kefu.is_worker() TO jobs_nobody;
SET LOCAL ROLE jobs_nobody;
SELECT kefu.run_jobs();
ROLLBACK;
