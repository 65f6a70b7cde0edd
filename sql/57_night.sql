-- 57_night: what is done while the desk sleeps: the nightly verification of the
-- audit trail, the day's count of findings, and the log of pg_cron.
--
-- These are jobs of kefu.job (58_jobs) that may take minutes, so the clock
-- worker, which has deadlines to fire, never runs them: pg_cron does
-- (58_cron), or somebody who calls kefu.run_jobs('night').

CREATE TABLE kefu.audit_check (
    check_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    from_at timestamptz,
    misfits_count integer NOT NULL CONSTRAINT audit_check_misfits CHECK (misfits_count >= 0),
    problem text,
    object_type text,
    object_id bigint,
    event_id bigint,
    CONSTRAINT audit_check_found CHECK ((misfits_count = 0) = (problem IS NULL))
);
CREATE INDEX audit_check_at ON kefu.audit_check (checked_at);
COMMENT ON TABLE kefu.audit_check IS 'Each nightly verification of the audit trail and what it found first; what is older than 400 days is forgotten (夜间审计核查; R8)';
COMMENT ON COLUMN kefu.audit_check.check_id IS 'number (核查编号)';
COMMENT ON COLUMN kefu.audit_check.checked_at IS 'when (核查时间)';
COMMENT ON COLUMN kefu.audit_check.from_at IS 'what is older was taken as verified; NULL: all was verified (核查起点)';
COMMENT ON COLUMN kefu.audit_check.misfits_count IS 'misfits, counted up to the bound of the job; 0: the trail is whole (不符数)';
COMMENT ON COLUMN kefu.audit_check.problem IS 'the first one, as kefu.verify_audit() names it; NULL if there is none (问题)';
COMMENT ON COLUMN kefu.audit_check.object_type IS 'where: type of the object; NULL none, or a seal (对象类型)';
COMMENT ON COLUMN kefu.audit_check.object_id IS 'where: number of the object (对象编号)';
COMMENT ON COLUMN kefu.audit_check.event_id IS 'where: audit event (审计事件)';

CREATE FUNCTION kefu.check_audit(max_misfits integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    since timestamptz;
    found record;
    first record;
    misfits integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    -- All of it once a week; on the other nights what came since a clean check, a day overlapping.
    SELECT max(c.checked_at) FILTER (WHERE c.misfits_count = 0) - interval '1 day' INTO since
      FROM kefu.audit_check c
    HAVING max(c.checked_at) FILTER (WHERE c.from_at IS NULL AND c.misfits_count = 0) > now - interval '6 days 12 hours';
    FOR found IN SELECT t.* FROM kefu.check_trail(since) AS t LIMIT max_misfits LOOP
        misfits := misfits + 1;
        IF misfits = 1 THEN
            first := found;
        END IF;
    END LOOP;
    IF misfits = 0 THEN
        INSERT INTO kefu.audit_check (checked_at, from_at, misfits_count) VALUES (now, since, 0);
    ELSE
        INSERT INTO kefu.audit_check (checked_at, from_at, misfits_count, problem, object_type, object_id, event_id)
        VALUES (now, since, misfits, first.problem, first.object_type, first.object_id, first.event_id);
    END IF;
    DELETE FROM kefu.audit_check c WHERE c.checked_at < now - interval '400 days';
    RETURN 1;
END $$;
COMMENT ON FUNCTION kefu.check_audit(integer) IS
'Verifies the audit trail and keeps the result in kefu.audit_check, where kefu.health() sees it: all of it where the last clean check of all is older than 6.5 days, else what came since the day before the last clean one. Counts at most so many misfits; returns 1. For pg_cron, a Group administrator, a superuser (夜间审计核查; R8)';

CREATE FUNCTION kefu.night_health(OUT level text, OUT check_name text, OUT message text, OUT hint text)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    SELECT 'error', 'audit', format('%s misfits in the audit trail at %s, the first: %s', c.misfits_count, c.checked_at,
                                    c.problem || coalesce(' of ' || c.object_type || ' ' || c.object_id, '')),
           'SELECT * FROM kefu.verify_audit() names each; doc/audit.md says what they mean.'
      FROM kefu.audit_check c
     WHERE c.check_id = (SELECT max(x.check_id) FROM kefu.audit_check x) AND c.misfits_count > 0
    UNION ALL
    SELECT 'warning', 'audit', format('the audit trail was last verified at %s', max(c.checked_at)),
           'Call kefu.run_jobs(''night'') each night, or have pg_cron do so: kefu.install_jobs().'
      FROM kefu.audit_check c
    HAVING max(c.checked_at) < kefu.now() - interval '3 days';
END;
COMMENT ON FUNCTION kefu.night_health() IS
'What the nightly verification found, and where it was begun and then stopped (内部: 夜间核查健康)';

-- --- findings day by day ------------------------------------------------------------

CREATE TABLE kefu.finding_run (
    local_date date PRIMARY KEY,
    counted_at timestamptz NOT NULL,
    failed_count integer NOT NULL CONSTRAINT finding_run_failed CHECK (failed_count >= 0)
);
COMMENT ON TABLE kefu.finding_run IS 'Days on which the findings were counted; what is older than 800 days is forgotten (缺口统计日; R2)';
COMMENT ON COLUMN kefu.finding_run.local_date IS 'Beijing day of the count (日期)';
COMMENT ON COLUMN kefu.finding_run.counted_at IS 'last count of that day, which stands (统计时间)';
COMMENT ON COLUMN kefu.finding_run.failed_count IS 'rules that could not be checked; 0 none (无法检查的规则数)';

CREATE TABLE kefu.finding_day (
    local_date date NOT NULL REFERENCES kefu.finding_run ON DELETE CASCADE,
    finding text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    found_count bigint NOT NULL CONSTRAINT finding_day_found CHECK (found_count > 0),
    PRIMARY KEY (local_date, finding, unit)
);
COMMENT ON TABLE kefu.finding_day IS 'How many findings of a rule a unit had at the end of a day; none, no row (每日缺口数; R2)';
COMMENT ON COLUMN kefu.finding_day.local_date IS 'Beijing day (日期)';
COMMENT ON COLUMN kefu.finding_day.finding IS 'finding rule; no foreign key: engine rows are never dumped (缺口)';
COMMENT ON COLUMN kefu.finding_day.unit IS 'unit that mends it (机构)';
COMMENT ON COLUMN kefu.finding_day.found_count IS 'open findings (缺口数)';

CREATE FUNCTION kefu.watched_units() RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    IF kefu.is_worker() THEN
        RETURN ARRAY(SELECT u.unit FROM kefu.unit u ORDER BY u.unit);
    END IF;
    RETURN kefu.my_units();
END $$;
COMMENT ON FUNCTION kefu.watched_units() IS
'Units whose rows a finding rule looks at: the caller''s, for the workers'' jobs all (内部: 缺口检查范围)';

CREATE FUNCTION kefu.count_findings(keep_days integer DEFAULT 800) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    today date := kefu.local_day(kefu.now());
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    -- One at a time: two would write the same day.
    LOCK TABLE kefu.finding_run IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM kefu.finding_run r WHERE r.local_date = today OR r.local_date < today - keep_days;
    INSERT INTO kefu.finding_run (local_date, counted_at, failed_count) VALUES (today, now, 0);
    WITH found AS (
        SELECT b.finding, b.unit, b.object_type = 'finding_rule' AS is_failure, count(*) AS n
          FROM kefu.breakages_of(ARRAY(SELECT u.unit FROM kefu.unit u)) AS b
         GROUP BY 1, 2, 3
    ), kept AS (
        INSERT INTO kefu.finding_day (local_date, finding, unit, found_count)
        SELECT today, f.finding, f.unit, f.n FROM found f WHERE NOT f.is_failure
    )
    UPDATE kefu.finding_run r SET failed_count = (SELECT count(*) FROM found f WHERE f.is_failure)
     WHERE r.local_date = today;
    RETURN 1;
END $$;
COMMENT ON FUNCTION kefu.count_findings(integer) IS
'Counts the open findings of every rule and unit for this day; again on the same day: anew, in place of the former count. Forgets days older than so many. Returns 1. For the night''s job, a Group administrator, a superuser (每日缺口统计; R2)';

CREATE FUNCTION kefu.forget_cron_log(max_rows integer DEFAULT 10000) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    gone integer;
BEGIN
    IF pg_catalog.to_regclass('cron.job_run_details') IS NULL THEN
        RETURN 0;
    END IF;
    -- Ours alone, also those of jobs that are gone: the log names the command.
    EXECUTE $sql$
        DELETE FROM cron.job_run_details d
         WHERE d.runid IN (SELECT x.runid FROM cron.job_run_details x
                            WHERE x.command LIKE 'SELECT kefu.run\_cron(%' AND x.database = current_database()
                              AND x.end_time < pg_catalog.now() - interval '7 days'
                            LIMIT $1) $sql$ USING max_rows;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION kefu.forget_cron_log(integer) IS
'Deletes what pg_cron has logged of our jobs, at most so many runs that ended more than 7 days ago, never anybody else''s; returns how many, 0 without pg_cron. A job: pg_cron itself keeps its log for ever (清理作业日志)';
