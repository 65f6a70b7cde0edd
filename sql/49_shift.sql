-- 49_shift: who is on duty when, what changes hands at the end, and when
-- nobody looks.
--
-- One person is at one desk at a time: the constraints of kefu.shift say so,
-- without an extension, because a person's number as a range of one has an
-- operator class of its own.

CREATE FUNCTION kefu.put_shift(unit text, staff_id integer, role text, during tstzrange, on_call boolean)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO kefu.shift (unit, staff_id, role, during, is_on_call)
    VALUES (put_shift.unit, put_shift.staff_id, put_shift.role, put_shift.during, on_call)
    RETURNING shift_id INTO new_id;
    RETURN new_id;
EXCEPTION WHEN exclusion_violation THEN
    RAISE EXCEPTION 'person % has another shift then', staff_id
        USING ERRCODE = 'exclusion_violation',
              DETAIL = (SELECT format('Shift %s at unit %s, %s to %s.', s.shift_id, s.unit,
                                      lower(s.during), upper(s.during))
                          FROM kefu.shift s
                         WHERE s.staff_id = put_shift.staff_id AND s.during && put_shift.during
                           AND s.is_on_call = on_call
                         ORDER BY s.during LIMIT 1),
              HINT = 'End that one with kefu.end_shift(), or give it away with kefu.swap_shift().';
END $$;
COMMENT ON FUNCTION kefu.put_shift(text, integer, text, tstzrange, boolean) IS
'Inserts a shift; exclusion_violation names the other shift where the person has one then, at a desk or on call alike (内部: 排班)';

CREATE FUNCTION kefu.add_shift(login text, unit text, role text, from_at timestamptz, to_at timestamptz,
                               on_call boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    who kefu.staff;
    new_id bigint;
BEGIN
    PERFORM kefu.require_unit(unit, 'leader', 'admin');
    who := kefu.staff_named(login);
    new_id := kefu.put_shift(unit, who.staff_id, role, kefu.require_range(from_at, to_at), on_call);
    PERFORM kefu.append_ledger('organization', 'add_shift', jsonb_build_object(
        'shift', new_id, 'staff', who.staff_id, 'unit', unit, 'role', role,
        'from', from_at, 'to', to_at, 'on_call', on_call));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.add_shift(text, text, text, timestamptz, timestamptz, boolean) IS
'Puts a person on duty at a unit for a time; a leader or an administrator may. exclusion_violation if the person has another shift of the kind then (排班; R71)';

CREATE FUNCTION kefu.open_shift(shift bigint, VARIADIC roles text[]) RETURNS kefu.shift
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s kefu.shift;
BEGIN
    SELECT * INTO s FROM kefu.shift h WHERE h.shift_id = open_shift.shift FOR NO KEY UPDATE;
    PERFORM kefu.require_unit(s.unit);
    PERFORM kefu.require_unit(s.unit, VARIADIC roles);
    IF upper(s.during) <= kefu.now() THEN
        RAISE EXCEPTION 'shift % is over', shift
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('It ended at %s.', upper(s.during)),
                  HINT = 'What was, stays; only a shift that runs or is to come changes.';
    END IF;
    RETURN s;
END $$;
COMMENT ON FUNCTION kefu.open_shift(bigint, text[]) IS
'Locks and gives a shift that runs or is to come; KF008 not there or not visible, KF003 without one of the roles at its unit, object_not_in_prerequisite_state if it is over (内部: 取班次)';

CREATE FUNCTION kefu.cut_shift(s kefu.shift) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF lower(s.during) >= kefu.now() THEN
        DELETE FROM kefu.shift h WHERE h.shift_id = s.shift_id;
    ELSE
        UPDATE kefu.shift h SET during = tstzrange(lower(s.during), kefu.now())
         WHERE h.shift_id = s.shift_id;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.cut_shift(kefu.shift) IS
'A shift that runs ends now; one that is to come goes away, the ledger remembers it (内部: 截断班次)';

CREATE FUNCTION kefu.end_shift(shift bigint, reason text) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.shift := kefu.open_shift(shift, 'leader', 'admin');
BEGIN
    PERFORM kefu.cut_shift(s);
    PERFORM kefu.append_ledger('organization', 'end_shift', jsonb_build_object(
        'shift', s.shift_id, 'staff', s.staff_id, 'unit', s.unit, 'from', lower(s.during),
        'to', upper(s.during)), jsonb_build_object('reason', reason));
    RETURN (SELECT upper(h.during) FROM kefu.shift h WHERE h.shift_id = s.shift_id);
END $$;
COMMENT ON FUNCTION kefu.end_shift(bigint, text) IS
'Ends a shift now, or cancels one that is to come; a leader or an administrator may. Returns its end, NULL if it was cancelled (结束或取消班次; R71)';

CREATE FUNCTION kefu.swap_shift(shift bigint, login text, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.shift := kefu.open_shift(shift, 'leader', 'admin');
    who kefu.staff := kefu.staff_named(login);
    new_id bigint;
BEGIN
    PERFORM kefu.cut_shift(s);
    new_id := kefu.put_shift(s.unit, who.staff_id, s.role,
                             s.during * tstzrange(kefu.now(), NULL), s.is_on_call);
    PERFORM kefu.append_ledger('organization', 'swap_shift', jsonb_build_object(
        'shift', s.shift_id, 'staff', s.staff_id, 'unit', s.unit, 'from', lower(s.during),
        'to', upper(s.during), 'new_shift', new_id, 'new_staff', who.staff_id),
        jsonb_build_object('reason', reason));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.swap_shift(bigint, text, text) IS
'Somebody else has what is left of a shift; a leader or an administrator may. Returns the number of the new one (换班; R71)';

-- Handing over ----------------------------------------------------------------------

CREATE FUNCTION kefu.handover(shift bigint, to_shift bigint DEFAULT NULL, note text DEFAULT NULL)
    RETURNS TABLE (object_type text, id bigint, of_unit text, went_to text,
                   is_call_promised boolean, is_sensitive boolean, due_at timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.shift;
    next_one kefu.shift;
    record_id bigint;
    held record;
BEGIN
    SELECT * INTO s FROM kefu.shift h WHERE h.shift_id = handover.shift;
    PERFORM kefu.require_unit(s.unit);
    IF s.staff_id IS DISTINCT FROM kefu.me() THEN
        PERFORM kefu.require_unit(s.unit, 'leader');
    END IF;
    IF to_shift IS NOT NULL THEN
        SELECT * INTO next_one FROM kefu.shift h WHERE h.shift_id = to_shift;
        PERFORM kefu.require_unit(next_one.unit);
        IF next_one.unit <> s.unit OR next_one.staff_id = s.staff_id
           OR upper(next_one.during) <= kefu.now() THEN
            RAISE EXCEPTION 'shift % can''t go on where shift % ends', to_shift, shift
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      DETAIL = 'It must be somebody else''s, at the same unit, and not over.',
                      HINT = 'Without a next shift all goes back to the unit''s queue.';
        END IF;
    END IF;
    INSERT INTO kefu.handover_record (unit, shift_id, to_shift_id, from_staff_id, to_staff_id,
                                      by_staff_id, at, note, ticket_count, order_count, task_count,
                                      call_count, sensitive_count)
    VALUES (s.unit, s.shift_id, next_one.shift_id, s.staff_id, next_one.staff_id, kefu.me(), kefu.now(),
            handover.note, 0, 0, 0, 0, 0)
    RETURNING handover_id INTO record_id;
    FOR held IN
        SELECT w.object_type, w.id, w.unit,
               w.object_type = 'ticket' AND EXISTS (
                   SELECT FROM kefu.clock c
                    WHERE c.object_id = w.id AND c.object_type = 'ticket' AND c.clock = 'call_back'
                      AND c.stopped_at IS NULL) AS is_call,
               coalesce(t.priority = 1 OR t.level > 0 OR t.kind = 'negative', false) AS is_sensitive,
               (SELECT min(c.due_at) FROM kefu.clock c
                 WHERE c.object_id = w.id AND c.object_type = w.object_type
                   AND c.stopped_at IS NULL) AS due_at
          FROM kefu.held_work w
          LEFT JOIN kefu.ticket t ON w.object_type = 'ticket' AND t.ticket_id = w.id
         WHERE w.handler = s.staff_id AND kefu.is_below(w.unit, s.unit)
           AND kefu.may_happen(w.object_type, w.id, 'hand_over')
         ORDER BY w.object_type, w.id LOOP
        PERFORM kefu.raise_as('event', held.object_type, held.id,
                              CASE WHEN to_shift IS NULL THEN 'release' ELSE 'hand_over' END,
                              jsonb_strip_nulls(jsonb_build_object('shift', to_shift)));
        UPDATE kefu.handover_record h
           SET ticket_count = h.ticket_count + (held.object_type = 'ticket')::integer,
               order_count = h.order_count + (held.object_type = 'work_order')::integer,
               task_count = h.task_count + (held.object_type = 'task')::integer,
               call_count = h.call_count + held.is_call::integer,
               sensitive_count = h.sensitive_count + held.is_sensitive::integer
         WHERE h.handover_id = record_id;
        object_type := held.object_type; id := held.id; of_unit := held.unit;
        went_to := coalesce((SELECT f.login FROM kefu.staff f WHERE f.staff_id = next_one.staff_id), 'queue');
        is_call_promised := held.is_call; is_sensitive := held.is_sensitive; due_at := held.due_at;
        RETURN NEXT;
    END LOOP;
    PERFORM kefu.append_ledger('organization', 'handover', jsonb_strip_nulls(jsonb_build_object(
        'handover', record_id, 'shift', s.shift_id, 'to_shift', next_one.shift_id, 'unit', s.unit)),
        jsonb_strip_nulls(jsonb_build_object('note', note)));
END $$;
COMMENT ON FUNCTION kefu.handover(bigint, bigint, text) IS
'All that the person of a shift holds at its unit and below goes to the person of the next shift, or without one back to the queues; the person or a leader may. Lists it, with the calls that were promised and what is sensitive: urgent, escalated or negative; kept in kefu.handover_record. KF009 where the next one is not qualified (交接班; R71, R93, R106)';

CREATE FUNCTION kefu.end_shifts(max_people integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    who integer;
    went record;
    total integer := 0;
BEGIN
    FOR who IN SELECT DISTINCT s.staff_id FROM kefu.shift s
                WHERE s.returned_at IS NULL AND upper(s.during) <= kefu.now() ORDER BY 1 LIMIT max_people LOOP
        -- Who goes on in the next shift keeps what is held until that one ends.
        IF NOT EXISTS (SELECT FROM kefu.shift s WHERE s.staff_id = who AND s.during @> kefu.now()) THEN
            went := kefu.return_held(who);
            total := total + went.returned;
            IF went.returned > 0 THEN
                PERFORM kefu.append_ledger('organization', 'end_shifts',
                                           jsonb_build_object('staff', who, 'count', went.returned));
            END IF;
            CONTINUE WHEN went.locked > 0;
        END IF;
        UPDATE kefu.shift s SET returned_at = kefu.now()
         WHERE s.staff_id = who AND s.returned_at IS NULL AND upper(s.during) <= kefu.now();
    END LOOP;
    RETURN total;
END $$;
COMMENT ON FUNCTION kefu.end_shifts(integer) IS
'What people held whose shift ended goes back to the queues, once a shift: what they take afterwards they keep. Nothing happens to those who are in another shift, or never had one. Returns how many; anybody may call it, the clock worker does every minute (下班退回; R71)';

-- When nobody looks -------------------------------------------------------------------

CREATE VIEW kefu.desk_unit AS
SELECT u.unit, u.kind, u.calendar AS own_calendar, kefu.unit_calendar(u.unit) AS calendar,
       EXISTS (SELECT FROM kefu.shift s WHERE s.unit = u.unit AND s.role = 'operator') AS has_roster
  FROM kefu.unit u
 WHERE u.is_live
   AND (EXISTS (SELECT FROM kefu.account a WHERE a.unit = u.unit AND a.is_live)
        OR EXISTS (SELECT FROM kefu.shift s WHERE s.unit = u.unit AND s.role = 'operator'));
COMMENT ON VIEW kefu.desk_unit IS 'Units that run a desk: a live account, or an operator''s shift ever (设台机构; R71)';
COMMENT ON COLUMN kefu.desk_unit.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu.desk_unit.kind IS 'kind of unit (机构类型)';
COMMENT ON COLUMN kefu.desk_unit.own_calendar IS 'calendar of its own; NULL inherited (自有日历)';
COMMENT ON COLUMN kefu.desk_unit.calendar IS 'calendar that holds; NULL none up to Group (值班日历)';
COMMENT ON COLUMN kefu.desk_unit.has_roster IS 'an operator had a shift there at least once (是否排过班)';

CREATE FUNCTION kefu.staffed(calendar text, from_at timestamptz, to_at timestamptz) RETURNS tstzmultirange
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(range_agg(tstzrange(w.from_at, w.to_at)), '{}')
      FROM kefu.working_periods(staffed.calendar, staffed.from_at, staffed.to_at) AS w;
END;
COMMENT ON FUNCTION kefu.staffed(text, timestamptz, timestamptz) IS
'The staffed periods of a calendar as one value; empty if there are none (值班时段集合; R71)';

CREATE FUNCTION kefu.rostered(unit text, from_at timestamptz, to_at timestamptz) RETURNS tstzmultirange
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(range_agg(s.during), '{}') * tstzmultirange(tstzrange(rostered.from_at, rostered.to_at))
      FROM kefu.shift s
     WHERE s.unit = rostered.unit AND s.role = 'operator' AND NOT s.is_on_call
       AND s.during && tstzrange(rostered.from_at, rostered.to_at);
END;
COMMENT ON FUNCTION kefu.rostered(text, timestamptz, timestamptz) IS
'When an operator is at the unit''s own desk, as one value; those on call and those of units above don''t count (排班时段集合; R71)';

CREATE FUNCTION kefu.minutes_of(ranges tstzmultirange) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(round(sum(extract(epoch FROM upper(r.r) - lower(r.r))) / 60, 1), 0)
      FROM unnest(ranges) AS r(r);
END;
COMMENT ON FUNCTION kefu.minutes_of(tstzmultirange) IS 'Length of all ranges together in minutes, one decimal; 0 for none (合计分钟)';

CREATE FUNCTION kefu.due_while_closed(from_at timestamptz, to_at timestamptz)
    RETURNS TABLE (clock_id bigint, clock text, object_type text, object_id bigint, unit text,
                   due_at timestamptz, opens_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    WITH cal AS MATERIALIZED (
        SELECT u.unit, kefu.unit_calendar(u.unit) AS calendar
          FROM kefu.unit u WHERE u.unit = ANY (kefu.my_units())
    )
    SELECT c.clock_id, c.clock, c.object_type, c.object_id, c.unit, c.due_at,
           kefu.add_working_time(cal.calendar, c.due_at, interval '1 microsecond') - interval '1 microsecond'
      FROM kefu.clock c
      JOIN cal ON cal.unit = c.unit AND cal.calendar IS NOT NULL
     WHERE c.stopped_at IS NULL AND c.due_at >= due_while_closed.from_at
       AND c.due_at < due_while_closed.to_at
       AND NOT kefu.is_working_time(cal.calendar, c.due_at)
     ORDER BY c.due_at, c.clock_id;
END $$;
COMMENT ON FUNCTION kefu.due_while_closed(timestamptz, timestamptz) IS
'Running promises of units the caller sees that fall due from one instant until another while their unit''s calendar is closed, and when it opens next; those already paused included (闭台期间到期的时限; R71, R72, ruling 1)';

-- A feed that was silent ------------------------------------------------------------------

CREATE TABLE kefu.feed_gap (
    account text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    during tstzrange NOT NULL,
    PRIMARY KEY (account, action, during)
);
CREATE INDEX feed_gap_during ON kefu.feed_gap USING gist (during);
COMMENT ON TABLE kefu.feed_gap IS 'Times between two successful polls of a feed that were longer than kefu.patrol_rule allows: when our machine did not look (采集中断; R86)';
COMMENT ON COLUMN kefu.feed_gap.account IS 'account (账号)';
COMMENT ON COLUMN kefu.feed_gap.action IS 'endpoint (接口)';
COMMENT ON COLUMN kefu.feed_gap.during IS 'from one success to the next; without a start before the first (起止时间)';

CREATE FUNCTION kefu.note_feed_gap() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    -- What tells the state of an account, or what those it follows post, finds no customer.
    INSERT INTO kefu.feed_gap (account, action, during)
    SELECT NEW.account, NEW.action, tstzrange(OLD.ok_at, NEW.ok_at)
      FROM kefu.account a
     WHERE a.account = NEW.account
       AND (OLD.ok_at IS NULL OR NEW.ok_at - OLD.ok_at > kefu.patrol_every(a.unit, OLD.ok_at))
       AND NOT EXISTS (SELECT FROM kefu.endpoint e
                        WHERE e.platform = a.platform AND e.action = NEW.action AND e.purpose IN ('state', 'watch', 'budget'))
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION kefu.note_feed_gap() IS
'Trigger of kefu.feed_state, only where a success comes late: keeps how long nobody looked (内部: 记录采集中断)';
-- What no rule asks for isn't looked at: the shortest pause of kefu.patrol_rule.
CREATE TRIGGER note_feed_gap AFTER UPDATE OF ok_at ON kefu.feed_state
    FOR EACH ROW WHEN (NEW.ok_at IS NOT NULL
                       AND (OLD.ok_at IS NULL OR NEW.ok_at > OLD.ok_at + interval '5 minutes'))
    EXECUTE FUNCTION kefu.note_feed_gap();

CREATE FUNCTION kefu.worker_saw(unit text, during tstzrange) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH silent AS (
        SELECT f.account, f.action,
               (coalesce((SELECT range_agg(g.during) FROM kefu.feed_gap g
                           WHERE g.account = f.account AND g.action = f.action
                             AND g.during && worker_saw.during), '{}')
                + tstzmultirange(tstzrange(s.ok_at, NULL)))
               * tstzmultirange(worker_saw.during) AS ranges
          FROM kefu.feed f
          JOIN kefu.account a ON a.account = f.account AND a.is_live
          LEFT JOIN kefu.feed_state s ON s.account = f.account AND s.action = f.action
         WHERE f.is_live AND a.unit = worker_saw.unit
           AND NOT EXISTS (SELECT FROM kefu.endpoint e
                            WHERE e.platform = a.platform AND e.action = f.action AND e.purpose IN ('state', 'watch', 'budget'))
    )
    SELECT bool_and(NOT EXISTS (SELECT FROM unnest(l.ranges) AS r(r)
                                 WHERE upper(r.r) - lower(r.r) > kefu.patrol_every(worker_saw.unit, lower(r.r))))
      FROM silent l;
END;
COMMENT ON FUNCTION kefu.worker_saw(text, tstzrange) IS
'True if each live feed of the unit''s accounts was polled with success as often as the patrol rule asks in the range, false if one was not, NULL if there is none (后台是否持续采集; R86)';
