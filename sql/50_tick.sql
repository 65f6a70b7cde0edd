-- 50_tick: firing what is due, and who is told.

CREATE FUNCTION kefu.on_duty(unit text, level_role text, at timestamptz, handler integer DEFAULT 0)
    RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    at_unit text := CASE level_role
        WHEN 'group_cs' THEN 'group'
        WHEN 'province_cs' THEN coalesce(
            (SELECT u.unit FROM kefu.unit_path(on_duty.unit) WITH ORDINALITY AS p(unit, step)
               JOIN kefu.unit u ON u.unit = p.unit AND u.kind IN ('province', 'group')
              ORDER BY p.step LIMIT 1), 'group')
        WHEN 'hotline' THEN kefu.hotline_of(on_duty.unit)
        ELSE on_duty.unit END;
    as_role text := CASE level_role
        WHEN 'shift_leader' THEN 'leader' WHEN 'department_leader' THEN 'leader'
        WHEN 'province_cs' THEN 'leader' WHEN 'group_cs' THEN 'leader'
        WHEN 'department' THEN
            CASE (SELECT u.kind FROM kefu.unit u WHERE u.unit = on_duty.unit)
                WHEN 'department' THEN 'department' ELSE 'operator' END
        ELSE level_role END;
BEGIN
    RETURN (SELECT s.staff_id
              FROM kefu.unit_path(at_unit) WITH ORDINALITY AS p(unit, step)
              JOIN kefu.shift s ON s.unit = p.unit AND s.role = as_role AND s.during @> on_duty.at
             ORDER BY s.staff_id = on_duty.handler DESC, s.is_on_call, p.step, s.staff_id
             LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.on_duty(text, text, timestamptz, integer) IS
'Who is told of a level: the handler if on shift, else whoever has that role at the nearest unit up the tree, those at the desk before those on call; the role department of a unit that is none is its operator, who still has the matter; NULL if nobody (值班人员; ruling 1)';

CREATE FUNCTION kefu.open_digest(unit text, role text, staff_id integer, at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    found_id bigint;
BEGIN
    SELECT d.digest_id INTO found_id
      FROM kefu.digest d
     WHERE d.unit = open_digest.unit AND d.role = open_digest.role
       AND d.staff_id IS NOT DISTINCT FROM open_digest.staff_id AND d.read_at IS NULL
     ORDER BY d.digest_id LIMIT 1;
    IF found_id IS NULL THEN
        INSERT INTO kefu.digest (unit, role, staff_id, opened_at)
        VALUES (open_digest.unit, open_digest.role, open_digest.staff_id, open_digest.at)
        RETURNING digest_id INTO found_id;
    END IF;
    RETURN found_id;
END $$;
COMMENT ON FUNCTION kefu.open_digest(text, text, integer, timestamptz) IS
'The unread digest of a recipient, or of the next shift; a new one where there is none (提醒汇总)';

CREATE FUNCTION kefu.tick(max_clocks integer DEFAULT 1000, max_events integer DEFAULT NULL,
                          OUT fired integer, OUT skipped integer, OUT next_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
    AS 'MODULE_PATHNAME', 'kefu_tick';
COMMENT ON FUNCTION kefu.tick(integer, integer) IS
'Fires every level that is due, at most max_clocks clocks, each exactly once; of levels that fire an event at most max_events, NULL as many, and the others are left for the next call. fired: clocks acted on; skipped: due but their object is locked, tried again at next_at; next_at: when to call again, NULL if no clock runs. Fires nothing in a foreign copy. Anything may call it: the clock worker, pg_cron, a person (触发到期时限)';

CREATE VIEW kefu.stat_clock WITH (security_barrier) AS
SELECT c.clock,
       count(*) AS running_count,
       count(*) FILTER (WHERE c.paused_at IS NOT NULL) AS paused_count,
       count(*) FILTER (WHERE c.due_at < kefu.now()) AS late_count,
       count(*) FILTER (WHERE c.next_fire_at < kefu.now()) AS waiting_count,
       extract(epoch FROM max(kefu.now() - c.next_fire_at) FILTER (WHERE c.next_fire_at < kefu.now()))
           AS lag_seconds,
       min(c.next_fire_at) AS next_fire_at
  FROM kefu.clock c
 WHERE c.stopped_at IS NULL
 GROUP BY c.clock;
COMMENT ON VIEW kefu.stat_clock IS 'Running promises, one row a clock (运行中的时限)';
COMMENT ON COLUMN kefu.stat_clock.clock IS 'promise (时限)';
COMMENT ON COLUMN kefu.stat_clock.running_count IS 'running, paused ones included (运行数)';
COMMENT ON COLUMN kefu.stat_clock.paused_count IS 'of them paused; 0 if none (暂停数)';
COMMENT ON COLUMN kefu.stat_clock.late_count IS 'past their end; 0 if none (超时数)';
COMMENT ON COLUMN kefu.stat_clock.waiting_count IS 'a level is due and not fired, such as behind a locked ticket; 0 if none (待触发数)';
COMMENT ON COLUMN kefu.stat_clock.lag_seconds IS 'age of the oldest of those in seconds; NULL if none (最大滞后秒数)';
COMMENT ON COLUMN kefu.stat_clock.next_fire_at IS 'next level due; NULL if none is left (下次触发时间)';

