-- 58_cron: the same work by pg_cron, where it is there.
--
-- pg_cron is optional.  What is due is known to the desk (kefu.job_state, the
-- clocks, the seals), not to pg_cron, which only calls: so an outage is caught
-- up with by the first call after it, and a call that finds the work being done
-- by another, such as the clock worker, goes home.

CREATE TABLE kefu.cron_call (
    call text COLLATE "C" PRIMARY KEY CONSTRAINT cron_call_code CHECK (call ~ '^[a-z]+$'),
    schedule text NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL
);
COMMENT ON TABLE kefu.cron_call IS 'Engine rows: what pg_cron calls and how often; its name there is kefu_ and the call (定时调用)';
COMMENT ON COLUMN kefu.cron_call.call IS 'what kefu.run_cron() is to do (调用)';
COMMENT ON COLUMN kefu.cron_call.schedule IS 'when, in the five fields of cron, by pg_cron''s clock (时间表)';
COMMENT ON COLUMN kefu.cron_call.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.cron_call.label_en IS 'English label (英文标签)';

INSERT INTO kefu.cron_call (call, schedule, label_zh, label_en)
VALUES ('tick', '* * * * *', '触发到期时限', 'fire what is due'),
       ('seal', '* * * * *', '封存审计', 'seal the audit trail'),
       ('minute', '* * * * *', '每分钟作业', 'jobs of the minute'),
       ('night', '*/5 * * * *', '夜间作业', 'jobs that may take long');

CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.cron_call
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();

CREATE FUNCTION kefu.run_cron(call text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    state text := kefu.desk_state();
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    IF state NOT IN ('live', 'rehearse') THEN
        RETURN state;
    END IF;
    CASE call
        WHEN 'tick' THEN
            RETURN (SELECT format('fired %s', t.fired) FROM kefu.tick() AS t);
        WHEN 'seal' THEN
            RETURN format('sealed %s', kefu.seal_audit());
        WHEN 'minute', 'night' THEN
            RETURN (SELECT CASE WHEN r.ran IS NULL THEN 'busy' ELSE format('ran %s, failed %s', r.ran, r.failed) END
                      FROM kefu.run_jobs(call) AS r);
        ELSE
            RAISE EXCEPTION 'there is no call "%"', call
                USING ERRCODE = 'undefined_object', HINT = 'kefu.cron_call lists them.';
    END CASE;
END $$;
COMMENT ON FUNCTION kefu.run_cron(text) IS
'What pg_cron calls: tick, seal, minute or night. Does nothing while the desk is off or a foreign copy, and says so; busy where the jobs are being run already. For pg_cron, a Group administrator, a superuser; undefined_object for another word (定时调用入口)';

CREATE FUNCTION kefu.require_cron() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = kefu.caller()) THEN
        PERFORM kefu.require_admin('group');
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION 'pg_cron is not in this database'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'It is optional: the clock worker runs the jobs of the minute, kefu.run_jobs(''night'') the others.',
                  HINT = 'Add pg_cron to shared_preload_libraries, set cron.database_name to this database, restart, CREATE EXTENSION pg_cron. Where it lives in another database, schedule kefu.cron_call from there with cron.schedule_in_database().';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_cron() IS 'Refuses who is neither superuser nor Group administrator (KF003, KF008), and where pg_cron is missing (内部: 检查 pg_cron)';

CREATE FUNCTION kefu.install_jobs(run_as name DEFAULT NULL)
    RETURNS TABLE (jobname text, schedule text, username name, change text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    runner name := coalesce(run_as, pg_catalog.current_setting('kefu.worker_role'));
    c kefu.cron_call;
    jobs bigint;
    is_same boolean;
BEGIN
    PERFORM kefu.require_cron();
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = runner) THEN
        RAISE EXCEPTION 'there is no role "%"', runner
            USING ERRCODE = 'undefined_object', HINT = 'kefu.create_roles() makes the worker''s role.';
    ELSIF (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = runner)
          AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = kefu.caller()) THEN
        RAISE EXCEPTION 'only a superuser lets jobs run as one' USING ERRCODE = 'insufficient_privilege';
    ELSIF (SELECT r.rolconnlimit = 0 FROM pg_catalog.pg_roles r WHERE r.rolname = runner)
          AND pg_catalog.current_setting('cron.use_background_workers', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'pg_cron can''t connect as "%"', runner
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'The role takes no client connections, and pg_cron comes as a client.',
                  HINT = 'Set cron.use_background_workers = on and restart, or name a login that is a Group administrator: kefu.install_jobs(run_as => ...).';
    END IF;
    FOR c IN SELECT x.* FROM kefu.cron_call x ORDER BY x.call LOOP
        jobname := 'kefu_' || c.call;
        schedule := c.schedule;
        username := runner;
        -- Another database's jobs of the same name are not ours.
        EXECUTE 'SELECT count(*),
                        bool_and(j.schedule = $2 AND j.username = $3 AND j.active AND j.command = $4)
                   FROM cron.job j WHERE j.jobname = $1 AND j.database = current_database()'
           INTO jobs, is_same USING jobname, c.schedule, runner::text, kefu.cron_command(c.call);
        IF jobs = 1 AND is_same THEN
            change := 'kept';
        ELSE
            EXECUTE 'SELECT cron.unschedule(j.jobid) FROM cron.job j
                      WHERE j.jobname = $1 AND j.database = current_database()' USING jobname;
            EXECUTE 'SELECT cron.schedule_in_database($1, $2, $3, current_database(), $4)'
              USING jobname, c.schedule, kefu.cron_command(c.call), runner::text;
            change := CASE WHEN jobs = 0 THEN 'added' ELSE 'replaced' END;
        END IF;
        RETURN NEXT;
    END LOOP;
    PERFORM kefu.append_ledger('desk', 'install_jobs', jsonb_build_object('run_as', runner));
END $$;
COMMENT ON FUNCTION kefu.install_jobs(name) IS
'Has pg_cron call what kefu.cron_call lists, as the worker''s role or as run_as; one row each: added, replaced or kept, so that calling it again changes nothing. object_not_in_prerequisite_state without pg_cron in this database, or where it can''t connect as that role. For a superuser or a Group administrator (安装定时作业)';

CREATE FUNCTION kefu.cron_command(call text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT format('SELECT kefu.run_cron(%L)', call);
END;
COMMENT ON FUNCTION kefu.cron_command(text) IS 'The command that pg_cron runs (内部: 定时命令)';

CREATE FUNCTION kefu.uninstall_jobs() RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_cron();
    RETURN QUERY EXECUTE $sql$
        SELECT g.jobname
          FROM (SELECT j.jobname::text, cron.unschedule(j.jobid)
                  FROM cron.job j
                 WHERE j.command LIKE 'SELECT kefu.run\_cron(%' AND j.database = current_database()
                OFFSET 0) AS g
         ORDER BY g.jobname $sql$;
    PERFORM kefu.append_ledger('desk', 'uninstall_jobs', '{}');
END $$;
COMMENT ON FUNCTION kefu.uninstall_jobs() IS
'Takes our calls out of pg_cron and names them; no row if there were none. Others'' jobs stay. Call it before DROP EXTENSION pg_kefu. Errors as kefu.install_jobs() (卸载定时作业)';
