-- 58_jobs: what has to be done now and then, and who sees that it is.
--
-- A job is a function of one number, the most it may do at a time, that
-- returns how much it did.  The clock worker calls kefu.run_jobs() about once
-- a minute; a desk without workers calls it by hand or by pg_cron.  What may
-- take minutes is in the lane night and never in the worker's way.  A job that
-- fails is undone alone, keeps its error and is tried again; of one lane one
-- call runs at a time.

CREATE TABLE kefu.job (
    job text COLLATE "C" PRIMARY KEY,
    call regprocedure NOT NULL,
    every interval NOT NULL CONSTRAINT job_every CHECK (every >= interval '1 minute'),
    at_most integer NOT NULL CONSTRAINT job_at_most CHECK (at_most > 0),
    sort smallint NOT NULL UNIQUE,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    lane text COLLATE "C" NOT NULL DEFAULT 'minute' CONSTRAINT job_lane CHECK (lane IN ('minute', 'night')),
    at_time time CONSTRAINT job_at_time CHECK (at_time IS NULL OR every = interval '1 day')
);
COMMENT ON TABLE kefu.job IS 'Engine rows: what has to be done now and then (定时作业)';
COMMENT ON COLUMN kefu.job.job IS 'name (作业)';
COMMENT ON COLUMN kefu.job.call IS 'function (integer) returning how much it did (函数)';
COMMENT ON COLUMN kefu.job.every IS 'pause after a run that left nothing undone (间隔)';
COMMENT ON COLUMN kefu.job.at_most IS 'the most it does at a time (单次上限)';
COMMENT ON COLUMN kefu.job.sort IS 'order within a run (次序)';
COMMENT ON COLUMN kefu.job.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.job.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu.job.lane IS 'minute: short, the clock worker runs it; night: may take minutes, pg_cron or a person does (通道)';
COMMENT ON COLUMN kefu.job.at_time IS 'Beijing time of day of a daily one; NULL: a day after its last run (每日时刻)';

CREATE TABLE kefu.job_state (
    job text COLLATE "C" PRIMARY KEY,
    next_at timestamptz NOT NULL,
    ran_at timestamptz NOT NULL,
    ok_at timestamptz,
    did_count bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    last_error text
) WITH (fillfactor = 50);
COMMENT ON TABLE kefu.job_state IS 'How each job fares (作业状态)';
COMMENT ON COLUMN kefu.job_state.job IS 'job; no foreign key: engine rows are never dumped (作业)';
COMMENT ON COLUMN kefu.job_state.next_at IS 'when it is due again (下次运行)';
COMMENT ON COLUMN kefu.job_state.ran_at IS 'last run (最近运行)';
COMMENT ON COLUMN kefu.job_state.ok_at IS 'last run without an error; NULL never (最近成功)';
COMMENT ON COLUMN kefu.job_state.did_count IS 'how much it did so far (累计处理数)';
COMMENT ON COLUMN kefu.job_state.failures IS 'failures in a row; 0 after a success (连续失败)';
COMMENT ON COLUMN kefu.job_state.last_error IS 'SQLSTATE and message of the last failure; NULL after a success (最近错误)';

INSERT INTO kefu.job (job, call, every, at_most, sort, label_zh, label_en)
VALUES
    ('end_shifts', 'kefu.end_shifts(integer)', '1 minute', 1000, 20, '下班退回', 'work held after a shift'),
    ('release_unqualified', 'kefu.release_unqualified(integer)', '1 minute', 1000, 30, '资质失效退回',
     'work held without qualification'),
    ('assign_topics', 'kefu.assign_topics(integer)', '1 minute', 200, 15, '同类问题统计', 'same-matter topics'),
    ('collect_opinions', 'kefu.collect_opinions(integer)', '10 minutes', 500, 40, '每日意见收集', 'daily collection of opinions'),
    ('follow_originals', 'kefu.follow_originals(integer)', '1 minute', 100, 16, '原文删除联动', 'reposts of what was deleted'),
    ('keep_terms', 'kefu.retain_some(integer)', '1 day', 10, 60, '个人信息到期处理', 'personal data past its time'),
    ('forget_webhooks', 'kefu.forget_webhooks(integer)', '1 day', 10000, 90, '清理已送达推送', 'forget delivered webhooks'),
    ('plan_themes', 'kefu.plan_themes(integer)', '1 day', 1000, 70, '节日主题待办', 'duties of festivals'),
    ('propose_follows', 'kefu.propose_follows(integer)', '1 hour', 200, 72, '按规则提出关注', 'follows that must be'),
    ('match_follows', 'kefu.match_follows(integer)', '1 minute', 200, 74, '比对关注列表', 'platforms'' follow lists'),
    ('refresh_dimensions', 'kefu.refresh_dimensions(integer)', '1 hour', 1, 76, '刷新维度表', 'dimensions for analysts'),
    ('refresh_kpis', 'kefu.refresh_kpis(integer)', '1 minute', 5000, 80, '刷新指标汇总', 'rollups of KPIs'),
    ('open_reports', 'kefu.open_reports(integer)', '10 minutes', 200, 44, '建立应报报告', 'reports that are owed'),
    ('raise_alarms', 'kefu.raise_alarms(integer)', '1 minute', 100, 10, '舆情预警', 'public-opinion levels');

INSERT INTO kefu.job (job, call, every, at_most, sort, label_zh, label_en, lane, at_time)
VALUES
    ('check_audit', 'kefu.check_audit(integer)', '1 day', 1000, 110, '夜间审计核查', 'nightly verification', 'night', '03:10'),
    ('count_findings', 'kefu.count_findings(integer)', '1 day', 800, 130, '每日缺口统计', 'count the day''s findings', 'night', '23:40'),
    ('close_scores', 'kefu.close_due_scores(integer)', '1 day', 100, 115, '月度考核结账', 'close the month''s scores', 'night', '05:10'),
    ('forget_cron_log', 'kefu.forget_cron_log(integer)', '1 day', 10000, 120, '清理作业日志', 'forget the log of pg_cron',
     'night', '04:10');

CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.job
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();

CREATE FUNCTION kefu.next_run(every interval, at_time time, now timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN at_time IS NULL THEN now + every
                WHEN today.at > now THEN today.at
                ELSE today.at + interval '24 hours' END
      FROM (SELECT ((now AT TIME ZONE 'Asia/Shanghai')::date + at_time) AT TIME ZONE 'Asia/Shanghai' AS at) AS today;
END;
COMMENT ON FUNCTION kefu.next_run(interval, time, timestamptz) IS 'When a job that ran now is due again (内部: 下次运行)';

CREATE FUNCTION kefu.run_jobs(lane text DEFAULT 'minute', OUT ran integer, OUT failed integer, OUT next_at timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    j kefu.job;
    did integer;
    state text;
    said text;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    IF (lane IN ('minute', 'night')) IS NOT TRUE THEN
        RAISE EXCEPTION 'there is no lane "%"', lane
            USING ERRCODE = 'undefined_object', HINT = 'Lanes: minute, night.';
    END IF;
    -- Who comes while another is at it has nothing to do; kept to the end of the transaction.
    IF NOT pg_try_advisory_xact_lock(19271, hashtext(lane)) THEN
        next_at := now + interval '1 minute';
        RETURN;
    END IF;
    ran := 0;
    failed := 0;
    FOR j IN SELECT b.* FROM kefu.job b
              WHERE b.lane = run_jobs.lane AND NOT EXISTS (SELECT FROM kefu.job_state s WHERE s.job = b.job AND s.next_at > now)
              ORDER BY b.sort LOOP
        BEGIN
            -- The name is that of a function of ours, not anybody's text.
            EXECUTE format('SELECT %s($1)', j.call::regproc) INTO did USING j.at_most;
            INSERT INTO kefu.job_state AS s (job, next_at, ran_at, ok_at, did_count)
            VALUES (j.job, CASE WHEN did >= j.at_most THEN now
                               ELSE kefu.next_run(j.every, j.at_time, now) END, now, now, did)
                ON CONFLICT (job) DO UPDATE
               SET next_at = excluded.next_at, ran_at = now, ok_at = now, failures = 0,
                   last_error = NULL, did_count = s.did_count + did;
            ran := ran + 1;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
            INSERT INTO kefu.job_state AS s (job, next_at, ran_at, failures, last_error)
            VALUES (j.job, now + interval '1 minute', now, 1, state || ': ' || said)
                ON CONFLICT (job) DO UPDATE
               SET next_at = excluded.next_at, ran_at = now, failures = s.failures + 1,
                   last_error = excluded.last_error;
            failed := failed + 1;
        END;
    END LOOP;
    SELECT min(coalesce(s.next_at, now)) INTO next_at
      FROM kefu.job b LEFT JOIN kefu.job_state s USING (job)
     WHERE b.lane = run_jobs.lane;
END $$;
COMMENT ON FUNCTION kefu.run_jobs(text) IS
'Runs every job of the lane that is due, each undone alone if it fails: how many ran, how many failed, and when to call again; ran and failed are NULL where another call is running them. Each is due but once, however long nobody called. undefined_object for another lane. For the clock worker, a Group administrator, a superuser (运行定时作业)';

CREATE VIEW kefu.stat_job WITH (security_barrier) AS
SELECT b.job, b.label_zh, b.label_en, s.next_at, s.ran_at, s.ok_at, s.did_count, s.failures, s.last_error, b.lane
  FROM kefu.job b LEFT JOIN kefu.job_state s USING (job);
COMMENT ON VIEW kefu.stat_job IS 'Jobs and how they fare (定时作业状态)';
COMMENT ON COLUMN kefu.stat_job.job IS 'name (作业)';
COMMENT ON COLUMN kefu.stat_job.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.stat_job.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu.stat_job.next_at IS 'when it is due again; NULL before its first run (下次运行)';
COMMENT ON COLUMN kefu.stat_job.ran_at IS 'last run; NULL never (最近运行)';
COMMENT ON COLUMN kefu.stat_job.ok_at IS 'last run without an error; NULL never (最近成功)';
COMMENT ON COLUMN kefu.stat_job.did_count IS 'how much it did so far (累计处理数)';
COMMENT ON COLUMN kefu.stat_job.failures IS 'failures in a row; NULL before its first run (连续失败)';
COMMENT ON COLUMN kefu.stat_job.last_error IS 'SQLSTATE and message of the last failure; NULL after a success (最近错误)';
COMMENT ON COLUMN kefu.stat_job.lane IS 'minute: the clock worker runs it; night: pg_cron or a person (通道)';
