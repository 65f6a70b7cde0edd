-- plan: 128 accounts of the 32 units that have the most, 60 approved posts in each
-- unit, and the tables of a plan again for the reference, with the same keys
-- and indexes.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE ROLE bench_planner LOGIN;
GRANT kefu_operator TO bench_planner;
SELECT kefu.add_staff('bench_planner', 'group', '陈') \g /dev/null
SELECT kefu.grant_role('bench_planner', 'group', 'operator') \g /dev/null
UPDATE kefu.account SET is_live = false;
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
SELECT format('bench.%s.%s', u.unit, n), 'sina', u.unit, u.unit || n, format('b%s.%s', u.unit, n), 'bench.key'
  FROM (SELECT x.unit FROM kefu.unit x WHERE x.kind IN ('group', 'province') ORDER BY x.unit LIMIT 32) AS u
 CROSS JOIN generate_series(1, 4) AS n;
INSERT INTO kefu.post (state, unit, kind, text, repost_platform, repost_id, repost_source, valid_until, made_at, approved_at)
SELECT 'approved', u.unit, k.kind, k.kind || n, CASE WHEN k.repost THEN 'sina' END, CASE WHEN k.repost THEN '77' END,
       CASE WHEN k.repost THEN 'x' END, CASE WHEN n % 3 = 0 THEN now() + n * interval '20 hours' END, now(), now()
  FROM (SELECT DISTINCT a.unit FROM kefu.account a WHERE a.is_live) AS u
 CROSS JOIN (VALUES ('morning', 3, false), ('evening', 3, false), ('service', 25, false), ('industry', 14, true),
                    ('leisure', 10, false), ('culture', 5, true)) AS k(kind, count, repost)
 CROSS JOIN generate_series(1, k.count) AS n;
CREATE TABLE bench.day_plan (LIKE kefu.day_plan INCLUDING ALL);
CREATE TABLE bench.day_plan_slot (LIKE kefu.day_plan_slot INCLUDING ALL);
CREATE TABLE bench.day_plan_check (LIKE kefu.day_plan_check INCLUDING ALL);

-- The rows of the current plans, written plainly; those of the run before end.
CREATE PROCEDURE bench.plan_bare() LANGUAGE plpgsql AS
$$ BEGIN
    UPDATE bench.day_plan SET ended_at = now() WHERE ended_at IS NULL;
    INSERT INTO bench.day_plan OVERRIDING SYSTEM VALUE SELECT * FROM kefu.day_plan WHERE ended_at IS NULL;
    INSERT INTO bench.day_plan_slot SELECT s.* FROM kefu.day_plan_slot s JOIN kefu.day_plan USING (plan_id) WHERE ended_at IS NULL;
    INSERT INTO bench.day_plan_check SELECT c.* FROM kefu.day_plan_check c JOIN kefu.day_plan USING (plan_id) WHERE ended_at IS NULL;
    IF (SELECT count(*) < 128 * 14 FROM kefu.day_plan_slot JOIN kefu.day_plan USING (plan_id) WHERE ended_at IS NULL) THEN
        RAISE EXCEPTION 'the plans are not full';
    END IF;
END $$;
VACUUM ANALYZE;
