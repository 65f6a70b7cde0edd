-- 80_worker: where the desk lives, whether it may act, and what its workers do.
--
-- A desk acts in one place only. kefu.go_live() stores which server, database
-- and node that is; anywhere else (a restore, a clone, a server for testing)
-- the workers keep silent until kefu.take_over(). No row in desk_mode means
-- that the desk never went live.

CREATE TABLE kefu.desk_mode (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT desk_mode_only_row CHECK (only_row),
    mode text COLLATE "C" NOT NULL CONSTRAINT desk_mode_mode CHECK
        (mode IN ('off', 'rehearse', 'live')),
    system_identifier text COLLATE "C" NOT NULL,
    database_oid oid NOT NULL,
    node text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    staff_id integer REFERENCES kefu.staff
);
COMMENT ON TABLE kefu.desk_mode IS
'What the workers may do, and where; at most one row, none before the first start (运行方式)';
COMMENT ON COLUMN kefu.desk_mode.only_row IS 'always true (唯一行)';
COMMENT ON COLUMN kefu.desk_mode.mode IS
'off 停止: only seals are made, rehearse 演练: everything but sending, live 运行';
COMMENT ON COLUMN kefu.desk_mode.system_identifier IS 'of the cluster, from pg_control_system() (集群标识)';
COMMENT ON COLUMN kefu.desk_mode.database_oid IS 'of the database (数据库标识)';
COMMENT ON COLUMN kefu.desk_mode.node IS 'kefu.node of the server; empty if none is set (节点)';
COMMENT ON COLUMN kefu.desk_mode.since IS 'when it was set (设置时间)';
COMMENT ON COLUMN kefu.desk_mode.staff_id IS 'who set it; NULL for a superuser who is not on the desk (设置人)';

-- --- waking and watching the workers ---------------------------------------

CREATE FUNCTION kefu.wake_worker(worker text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT AS 'MODULE_PATHNAME', 'kefu_wake_worker';
COMMENT ON FUNCTION kefu.wake_worker(text) IS
'Wakes the worker ''clock'' or ''net'' once this transaction commits; nothing happens if it rolls back. Does nothing without preload (唤醒后台进程)';

CREATE FUNCTION kefu.worker_stats(
        OUT worker text, OUT pid integer, OUT state text, OUT waits_for text,
        OUT state_since timestamptz, OUT started_at timestamptz, OUT last_loop_at timestamptz,
        OUT last_error_at timestamptz, OUT last_error text,
        OUT loops_count bigint, OUT wakeups_count bigint, OUT errors_count bigint,
        OUT restarts_count bigint, OUT fired_count bigint, OUT fetches_count bigint,
        OUT sends_count bigint, OUT counting_since timestamptz) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 3 AS 'MODULE_PATHNAME', 'kefu_worker_stats';
COMMENT ON FUNCTION kefu.worker_stats() IS
'Rows of kefu.stat_worker, from shared memory (后台进程状态)';

CREATE VIEW kefu.stat_worker AS
    SELECT s.worker, s.pid, s.state, s.waits_for, s.state_since, s.started_at,
           s.last_loop_at, s.last_error_at, s.last_error, s.loops_count, s.wakeups_count,
           s.errors_count, s.restarts_count, s.fired_count, s.fetches_count, s.sends_count,
           s.counting_since
      FROM kefu.worker_stats() s;
COMMENT ON VIEW kefu.stat_worker IS
'The launcher and the two workers, one row each, also without preload and on a standby (后台进程; counts since server start)';
COMMENT ON COLUMN kefu.stat_worker.worker IS 'kefu launcher, kefu clock or kefu net, as in pg_stat_activity.backend_type (进程)';
COMMENT ON COLUMN kefu.stat_worker.pid IS 'process; NULL if there is none (进程号)';
COMMENT ON COLUMN kefu.stat_worker.state IS 'running, rehearsing, waiting, disabled, backing off, foreign copy, version mismatch, absent, or not preloaded (状态)';
COMMENT ON COLUMN kefu.stat_worker.waits_for IS 'database, role, worker slot, extension, go_live or promotion; NULL for nothing (等待)';
COMMENT ON COLUMN kefu.stat_worker.state_since IS 'when it came into this state; NULL never (状态起始)';
COMMENT ON COLUMN kefu.stat_worker.started_at IS 'when the process started; NULL if there is none (启动时间)';
COMMENT ON COLUMN kefu.stat_worker.last_loop_at IS 'when it last did or looked for something; NULL never (最近循环)';
COMMENT ON COLUMN kefu.stat_worker.last_error_at IS 'when a unit of work last failed; NULL never (最近错误)';
COMMENT ON COLUMN kefu.stat_worker.last_error IS 'SQLSTATE of that failure; its text is in the server''s log (错误代码)';
COMMENT ON COLUMN kefu.stat_worker.loops_count IS 'turns of its loop (循环次数)';
COMMENT ON COLUMN kefu.stat_worker.wakeups_count IS 'turns that a commit asked for (唤醒次数)';
COMMENT ON COLUMN kefu.stat_worker.errors_count IS 'units of work that failed (错误次数)';
COMMENT ON COLUMN kefu.stat_worker.restarts_count IS 'times it ended unasked and was started again (重启次数)';
COMMENT ON COLUMN kefu.stat_worker.fired_count IS 'levels of clocks fired (触发次数)';
COMMENT ON COLUMN kefu.stat_worker.fetches_count IS 'requests that only read (拉取次数)';
COMMENT ON COLUMN kefu.stat_worker.sends_count IS 'requests that speak (发送次数)';
COMMENT ON COLUMN kefu.stat_worker.counting_since IS 'start of the server; NULL without preload (统计起始)';

-- --- may this desk act here? ------------------------------------------------

CREATE FUNCTION kefu.is_here(system_identifier text, database_oid oid, node text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED STRICT AS 'MODULE_PATHNAME', 'kefu_is_here';
COMMENT ON FUNCTION kefu.is_here(text, oid, text) IS
'True if this database of this server under this kefu.node is the one described (是否本库)';

CREATE FUNCTION kefu.is_foreign_copy() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    SELECT coalesce((SELECT NOT kefu.is_here(m.system_identifier, m.database_oid, m.node)
                       FROM kefu.desk_mode m), false);
END;
COMMENT ON FUNCTION kefu.is_foreign_copy() IS
'True if the desk went live elsewhere and this database is a copy of it, which never polls, sends or fires. False if it never went live (是否异地副本)';

-- Every turn of a worker asks: in PL/pgSQL, which keeps its plan from call to call.
CREATE FUNCTION kefu.desk_state() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN coalesce((SELECT CASE WHEN kefu.is_here(m.system_identifier, m.database_oid, m.node)
                                 THEN m.mode ELSE 'foreign' END
                       FROM kefu.desk_mode m), 'off');
END $$;
COMMENT ON FUNCTION kefu.desk_state() IS
'off, rehearse, live, or foreign in a copy: what the workers may do here and now (运行状态)';

CREATE FUNCTION kefu.set_desk(mode text, event text, facts jsonb, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
DECLARE
    here record;
BEGIN
    -- Before work begins: a partition made under somebody who writes into the
    -- default one fails that writer.
    IF set_desk.mode <> 'off' THEN
        PERFORM kefu.make_partitions();
    END IF;
    SELECT c.system_identifier::text AS system_identifier, d.oid AS database_oid,
           coalesce(current_setting('kefu.node', true), '') AS node
      INTO STRICT here
      FROM pg_control_system() c, pg_database d
     WHERE d.datname = current_database();
    INSERT INTO kefu.desk_mode AS m (mode, system_identifier, database_oid, node, since, staff_id)
    VALUES (set_desk.mode, here.system_identifier, here.database_oid, here.node, kefu.now(), kefu.me())
    ON CONFLICT (only_row) DO UPDATE
       SET mode = EXCLUDED.mode,
           system_identifier = EXCLUDED.system_identifier,
           database_oid = EXCLUDED.database_oid,
           node = EXCLUDED.node,
           since = EXCLUDED.since,
           staff_id = EXCLUDED.staff_id;
    PERFORM kefu.append_ledger('desk', set_desk.event,
        jsonb_build_object('mode', set_desk.mode, 'system_identifier', here.system_identifier,
                           'database_oid', here.database_oid::bigint, 'node', here.node)
            || coalesce(set_desk.facts, '{}'),
        jsonb_strip_nulls(jsonb_build_object('login', kefu.caller(), 'reason', set_desk.reason)));
    PERFORM kefu.wake_worker('clock'), kefu.wake_worker('net');
END
$$;
COMMENT ON FUNCTION kefu.set_desk(text, text, jsonb, text) IS
'Stores mode and place of the desk, makes the partitions that are missing, writes it to the ledger and wakes the workers; the public functions check the caller first (内部: 设置运行方式)';

CREATE FUNCTION kefu.require_own_desk(node text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
BEGIN
    IF kefu.is_foreign_copy() THEN
        RAISE EXCEPTION 'this database is a copy of a desk that went live elsewhere'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'If the desk is to go on here and nowhere else, call kefu.take_over().';
    END IF;
    IF node IS DISTINCT FROM coalesce(current_setting('kefu.node', true), '') THEN
        RAISE EXCEPTION 'this server is not node "%"', node
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Its kefu.node is "%s".', current_setting('kefu.node', true)),
                  HINT = 'Set kefu.node in postgresql.conf and reload before going live.';
    END IF;
END
$$;
COMMENT ON FUNCTION kefu.require_own_desk(text) IS
'Raises 55000 in a foreign copy, or if this server is not the node named (内部: 校验所在节点)';

CREATE FUNCTION kefu.go_live(node text DEFAULT coalesce(current_setting('kefu.node', true), ''))
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_own_desk(node);
    PERFORM kefu.set_desk('live', 'went_live', NULL, NULL);
END
$$;
COMMENT ON FUNCTION kefu.go_live(text) IS
'Lets the workers poll, fire and send, here and nowhere else. Group administrators and superusers only. Raises 55000 in a foreign copy, or if node is not this server''s kefu.node (启用)';

CREATE FUNCTION kefu.rehearse() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_own_desk(coalesce(current_setting('kefu.node', true), ''));
    PERFORM kefu.set_desk('rehearse', 'rehearsed', NULL, NULL);
END
$$;
COMMENT ON FUNCTION kefu.rehearse() IS
'Lets the workers do everything but send: what would be sent stays queued. Group administrators and superusers only. Raises 55000 in a foreign copy (演练)';

CREATE FUNCTION kefu.require_reason(reason text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'a reason is required'
            USING ERRCODE = 'KF002',
                  DETAIL = 'It is kept in the ledger "desk".';
    END IF;
END
$$;
COMMENT ON FUNCTION kefu.require_reason(text) IS
'Raises KF002 if the reason is empty (内部: 校验原因)';

CREATE FUNCTION kefu.stop_desk(reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_reason(reason);
    PERFORM kefu.require_own_desk(coalesce(current_setting('kefu.node', true), ''));
    PERFORM kefu.set_desk('off', 'stopped', NULL, reason);
END
$$;
COMMENT ON FUNCTION kefu.stop_desk(text) IS
'Stops polling, firing and sending within a second; requests under way still end, seals go on. Group administrators and superusers only. Raises KF002 without a reason, 55000 in a foreign copy (停止)';

CREATE FUNCTION kefu.take_over(reason text, OUT feeds_released integer, OUT sends_uncertain integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
DECLARE
    stored kefu.desk_mode;
    found_id bigint;
    o kefu.outbound;
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_reason(reason);
    sends_uncertain := 0;
    SELECT * INTO stored FROM kefu.desk_mode FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this desk never went live'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'There is nothing to take over; call kefu.go_live().';
    END IF;
    UPDATE kefu.feed_state f SET lease_until = NULL, lease_key = NULL
     WHERE f.lease_until IS NOT NULL;
    GET DIAGNOSTICS feeds_released = ROW_COUNT;
    -- Only the far side knows what got out: also what is queued here may have been
    -- sent by the former desk after this copy was made.
    FOR found_id IN SELECT x.outbound_id FROM kefu.outbound x
                     WHERE x.state IN ('queued', 'sending') ORDER BY x.outbound_id LOOP
        o := kefu.lock_outbound(found_id);
        CONTINUE WHEN o.state NOT IN ('queued', 'sending');
        PERFORM kefu.doubt_outbound(o, 'uncertain', 'taken over before it was known to be sent', true);
        sends_uncertain := sends_uncertain + 1;
    END LOOP;
    UPDATE kefu.outbound x SET lease_until = NULL, lease_key = NULL
     WHERE x.state = 'uncertain' AND x.lease_until IS NOT NULL;
    PERFORM kefu.set_desk(stored.mode, 'taken_over',
        jsonb_build_object('feeds_released', feeds_released, 'sends_uncertain', sends_uncertain,
                           'former_system_identifier', stored.system_identifier,
                           'former_database_oid', stored.database_oid::bigint,
                           'former_node', stored.node), reason);
END
$$;
COMMENT ON FUNCTION kefu.take_over(text) IS
'Makes this copy the desk, in the mode it was in: releases every lease and makes everything that waits to be sent uncertain, so that it is looked for on the platform before it is sent; where a platform can''t be asked, it fails and a person sees to it. The former desk must not run any more. Group administrators and superusers only. Raises KF002 without a reason, 55000 if the desk never went live (接管)';

-- --- what listeners hear ----------------------------------------------------

CREATE FUNCTION kefu.notify_fired() RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    SELECT pg_notify('kefu', string_agg(DISTINCT coalesce(t.kind, c.object_type), ','))
      FROM kefu.escalation e
      JOIN kefu.clock c ON c.clock_id = e.clock_id
      LEFT JOIN kefu.ticket t ON c.object_type = 'ticket' AND t.ticket_id = c.object_id
     WHERE e.fired_at = kefu.now()
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION kefu.notify_fired() IS
'Tells listeners of channel kefu the names of the machines whose clocks fired in this transaction, comma-separated; the clock worker calls it once a turn. Nothing else ever notifies (触发通知)';

-- --- health -----------------------------------------------------------------

CREATE FUNCTION kefu.worker_health(OUT level text, OUT check_name text, OUT message text, OUT hint text)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    -- Without the launcher the workers' rows say nothing new.
    SELECT 'error', 'preload', 'the library is not preloaded, so no worker runs',
           'Add pg_kefu to shared_preload_libraries and restart the server.'
      FROM kefu.worker_stats() s
     WHERE s.worker = 'kefu launcher' AND s.state = 'not preloaded'
    UNION ALL
    SELECT a.level, 'worker', format('%s: %s%s, since %s', s.worker, s.state,
                                     ' for ' || s.waits_for, s.state_since), a.hint
      FROM kefu.worker_stats() s
      JOIN (VALUES
        ('absent', NULL, 'error', 'See the server''s log; max_worker_processes may be too small.'),
        ('waiting', 'database', 'error', 'Create the database that kefu.database names, or set it and reload.'),
        ('waiting', 'role', 'error', 'Call kefu.create_roles(), or set kefu.worker_role and reload. The role must be able to log in.'),
        ('waiting', 'worker slot', 'error', 'Raise max_worker_processes and restart the server.'),
        ('waiting', 'extension', 'error', 'Set kefu.database to the database of the extension and reload.'),
        ('waiting', 'go_live', 'warning', 'The desk is off: call kefu.go_live() or kefu.rehearse().'),
        ('disabled', NULL, 'warning', 'Set kefu.enabled to on and reload.'),
        ('backing off', NULL, 'error', 'See the server''s log for the error; last_error in kefu.stat_worker has its code.'),
        ('version mismatch', NULL, 'error', 'Run ALTER EXTENSION pg_kefu UPDATE, or restart the server with the new library.'),
        ('foreign copy', NULL, 'warning', 'Right for a copy. If the desk is to go on here and nowhere else, call kefu.take_over().'),
        ('rehearsing', NULL, 'warning', 'Nothing is sent: call kefu.go_live() when ready.')
        ) AS a (state, waits_for, level, hint)
        ON a.state = s.state AND a.waits_for IS NOT DISTINCT FROM s.waits_for
     WHERE NOT pg_is_in_recovery()
    UNION ALL
    SELECT 'error', 'worker', format('%s has not turned since %s', s.worker, s.last_loop_at),
           'It waits for a lock, a disk or a synchronous standby: see its row in pg_stat_activity.'
      FROM kefu.worker_stats() s
     WHERE s.state IN ('running', 'rehearsing') AND s.worker <> 'kefu launcher'
       AND s.last_loop_at < clock_timestamp() - interval '1 minute';
END;
COMMENT ON FUNCTION kefu.worker_health() IS
'What is wrong with the workers; no row if nothing is. On a standby their absence is right (内部: 后台进程健康)';

CREATE FUNCTION kefu.credential_health(OUT level text, OUT check_name text, OUT message text, OUT hint text)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    SELECT 'error', 'secret', format('credential "%s" has no secret', c.credential),
           'Call kefu.set_secret(), or put its file into kefu.secret_directory.'
      FROM kefu.credential c
     WHERE NOT EXISTS (SELECT FROM kefu.credential_secret s WHERE s.credential = c.credential)
       AND (coalesce(current_setting('kefu.secret_directory', true), '') = ''
            OR c.credential !~ '^[A-Za-z0-9_][A-Za-z0-9_.-]*$'
            OR (pg_stat_file(current_setting('kefu.secret_directory', true) || '/' || c.credential,
                             true)).size IS NULL)
    UNION ALL
    SELECT CASE WHEN c.expires_at <= kefu.now() THEN 'error' ELSE 'warning' END, 'credential',
           format('credential "%s" %s %s', c.credential,
                  CASE WHEN c.expires_at <= kefu.now() THEN 'expired' ELSE 'expires' END, c.expires_at),
           'Renew it with the platform and call kefu.set_secret().'
      FROM kefu.credential c
     WHERE c.expires_at <= kefu.now() + CASE WHEN kefu.can_refresh(c.credential) THEN interval '0' ELSE interval '7 days' END
    UNION ALL
    SELECT CASE WHEN s.given_up_at IS NULL THEN 'warning' ELSE 'error' END, 'token',
           format('the token of credential "%s" could not be renewed, %s times in a row: %s', s.credential, s.failures, s.last_class),
           CASE WHEN s.given_up_at IS NULL THEN 'It is tried again: see kefu.stat_credential.'
                ELSE 'Grant access anew with the platform and call kefu.set_secret().' END
      FROM kefu.credential_state s
     WHERE s.failures > 0;
END;
COMMENT ON FUNCTION kefu.credential_health() IS
'Credentials without a secret, expired, expiring within 7 days though nobody renews them by itself, or not renewed (内部: 凭证健康)';

CREATE FUNCTION kefu.data_health(OUT level text, OUT check_name text, OUT message text, OUT hint text)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    SELECT 'warning', 'partitions', format('%s has rows', p.name),
           'Call kefu.make_partitions(); the clock worker does so daily.'
      FROM (VALUES ('kefu.audit_event_default', EXISTS (SELECT FROM kefu.audit_event_default)),
                   ('kefu.raw_payload_default', EXISTS (SELECT FROM kefu.raw_payload_default))
           ) AS p (name, has_rows)
     WHERE p.has_rows
    UNION ALL
    SELECT 'warning', 'dead letters', format('%s payloads could not be understood', count(*)),
           'See kefu.dead_letter, whose reason names what was wrong.'
      FROM kefu.dead_letter l
     WHERE l.settled_at IS NULL
    HAVING count(*) > 0
    UNION ALL
    SELECT 'error', 'outbound',
           format('%s messages may or may not have been sent, the oldest at %s', count(*), min(o.sending_at)),
           'They are looked for on the platform; if that keeps failing, see last_error in kefu.outbound.'
      FROM kefu.outbound o
     WHERE o.state = 'uncertain' AND o.sending_at < kefu.now() - interval '10 minutes'
    HAVING count(*) > 0
    UNION ALL
    SELECT 'warning', 'seal', format('events are not sealed since %s', min(e.at)),
           coalesce('Held back for ' || (SELECT h.lag || ' by ' || h.holder FROM kefu.audit_horizon() h) || '.',
                    'See the clock worker in kefu.stat_worker, or call kefu.seal_audit().')
      FROM kefu.audit_event e
     WHERE e.incarnation = (SELECT l.incarnation FROM kefu.seal l ORDER BY l.seal_id DESC LIMIT 1)
       AND e.xid >= (SELECT l.xid_to FROM kefu.seal l ORDER BY l.seal_id DESC LIMIT 1)
       AND NOT kefu.is_foreign_copy()
    HAVING min(e.at) < kefu.now() - interval '5 minutes'
    UNION ALL
    SELECT 'warning', 'feed', format('%s/%s failed %s times in a row: %s, next at %s',
                                     s.account, s.action, s.failures, s.last_class, s.next_poll_at),
           'See kefu.stat_feed and the classes in doc/reference.md.'
      FROM kefu.feed_state s
     WHERE s.failures >= 3
    UNION ALL
    SELECT 'warning', 'budget', format('%s %s "%s": %s', b.platform, b.scope, b.holder, b.broken_promise),
           'Ask the platform for more, use fewer feeds or longer pauses: see kefu.stat_budget.'
      FROM kefu.stat_budget b
     WHERE b.broken_promise IS NOT NULL
    UNION ALL
    SELECT 'error', 'blacklisted', format('%s answers nothing any more since %s', s.platform, s.since),
           'The application or our address may be black-listed: ask the platform. One call finds out again at '
           || s.until || '.'
      FROM kefu.call_stop s
     WHERE s.class = 'blacklisted'
    UNION ALL
    SELECT 'error', 'job', format('%s failed, %s times in a row, with %s', j.job, j.failures, left(j.last_error, 5)),
           'It is tried again each minute; last_error of kefu.stat_job says more.'
      FROM kefu.job_state j
     WHERE j.failures > 0
    UNION ALL
    SELECT 'warning', 'test clock', 'kefu.test_clock is on: this is no desk for customers',
           'Remove kefu.test_clock from postgresql.conf and restart the server.'
     WHERE current_setting('kefu.test_clock', true) = 'on'
    UNION ALL
    SELECT 'error', 'encoding', format('the database is in %s', current_setting('server_encoding')),
           'Platforms speak UTF-8: create the database with ENCODING UTF8.'
     WHERE current_setting('server_encoding') <> 'UTF8';
END;
COMMENT ON FUNCTION kefu.data_health() IS
'What is wrong with what the desk keeps: default partitions, dead letters, uncertain sends, seals (内部: 数据健康)';

CREATE FUNCTION kefu.health(OUT level text, OUT check_name text, OUT message text, OUT hint text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT h.*
          FROM (SELECT * FROM kefu.worker_health()
                UNION ALL SELECT * FROM kefu.credential_health()
                UNION ALL SELECT * FROM kefu.webhook_health()
                UNION ALL SELECT * FROM kefu.night_health()
                UNION ALL SELECT * FROM kefu.data_health()) h
         ORDER BY h.level, h.check_name, h.message;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'ok', 'all', 'nothing to report', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION kefu.health() IS
'What needs a person: level error or warning, what was checked, what was found, what to do; one row of level ok if nothing does. Holds no message text, only names and numbers (健康检查)';

GRANT USAGE ON SCHEMA kefu TO pg_monitor;
GRANT SELECT ON kefu.stat_worker TO pg_monitor;
GRANT EXECUTE ON FUNCTION kefu.worker_stats(), kefu.desk_state(), kefu.is_foreign_copy(), kefu.health()
    TO pg_monitor;
