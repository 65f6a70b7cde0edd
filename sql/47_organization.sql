-- 47_organization: who is qualified, who may say so, and whom to ask.
--
-- A contractor never says so itself: review and training of its staff are
-- recorded by a unit above it (R3, R7).  Every call leaves a trace on the
-- ledger "organization".

CREATE FUNCTION kefu.is_below(unit text, top text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT top IN (SELECT p.unit FROM kefu.unit_path(is_below.unit) AS p(unit));
END;
COMMENT ON FUNCTION kefu.is_below(text, text) IS 'True if the unit is top or below it (是否下属机构)';

CREATE FUNCTION kefu.company_of(unit text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT u.unit
      FROM kefu.unit_path(company_of.unit) WITH ORDINALITY AS p(unit, step)
      JOIN kefu.unit u ON u.unit = p.unit AND u.kind = 'contractor'
     ORDER BY p.step LIMIT 1;
END;
COMMENT ON FUNCTION kefu.company_of(text) IS
'The contractor that a unit is or belongs to; NULL if it is none (所属外包公司)';

CREATE FUNCTION kefu.supervisor_of(unit text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce((SELECT u.parent FROM kefu.unit u WHERE u.unit = kefu.company_of(supervisor_of.unit)),
                    supervisor_of.unit);
END;
COMMENT ON FUNCTION kefu.supervisor_of(text) IS
'Unit that reviews, trains and appraises the staff of a unit: the one above a contractor, else the unit itself (主管机构; R7)';

CREATE FUNCTION kefu.unit_calendar(unit text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT u.calendar
      FROM kefu.unit_path(unit_calendar.unit) WITH ORDINALITY AS p(unit, step)
      JOIN kefu.unit u ON u.unit = p.unit AND u.calendar IS NOT NULL
     ORDER BY p.step LIMIT 1;
END;
COMMENT ON FUNCTION kefu.unit_calendar(text) IS
'Duty calendar of a unit, its own or the nearest one above; NULL if there is none up to Group (值班日历; R71, R72)';

CREATE FUNCTION kefu.patrol_every(unit text, at timestamptz) RETURNS interval
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.every
      FROM kefu.unit_path(patrol_every.unit) WITH ORDINALITY AS p(unit, step)
      JOIN kefu.patrol_rule r ON r.unit = p.unit AND r.valid_from <= at
     ORDER BY p.step, r.valid_from DESC LIMIT 1;
END;
COMMENT ON FUNCTION kefu.patrol_every(text, timestamptz) IS
'Longest pause between two patrols of a unit at an instant; NULL without a rule (巡查间隔; R71, R86, R88)';

CREATE FUNCTION kefu.set_patrol(unit text, every interval, valid_from timestamptz DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(set_patrol.valid_from, kefu.now());
    g kefu.patrol_rule;
    n kefu.patrol_rule;
BEGIN
    PERFORM kefu.require_admin(unit);
    PERFORM kefu.require_later(since);
    SELECT r.* INTO g FROM kefu.patrol_rule r WHERE r.unit = 'group' AND r.valid_from <= since
     ORDER BY r.valid_from DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no rule of patrols'
            USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM kefu.load_preset(''people'').';
    END IF;
    n := g;
    n.unit := set_patrol.unit;
    n.valid_from := since;
    n.every := set_patrol.every;
    PERFORM kefu.check_latitude('patrol_rule', '', unit, to_jsonb(n), kefu.rule_above('patrol_rule', '', unit, '', since));
    PERFORM kefu.make_room('patrol_rule', '', unit, '', since);
    INSERT INTO kefu.patrol_rule SELECT n.*;
    PERFORM kefu.append_ledger('rules', 'set_patrol', jsonb_build_object(
        'unit', unit, 'every_s', extract(epoch FROM every)::bigint, 'from', since));
    PERFORM kefu.settle_rules('patrol_rule', '', unit, since);
END $$;
COMMENT ON FUNCTION kefu.set_patrol(text, interval, timestamptz) IS
'How often a unit and all below it patrol, from an instant on (default now). KF004 where a unit below Group would patrol less often. Administrators of the unit (设定巡查间隔; R2, R71, ruling 28)';

CREATE FUNCTION kefu.set_duty_hours(calendar text, days smallint[], opens time, closes time, valid_from date)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    is_closed boolean := num_nulls(opens, closes) = 2;
BEGIN
    -- Whoever changes a calendar changes it for every unit that goes by it.
    PERFORM kefu.require_admin(u.unit)
       FROM (SELECT x.unit FROM kefu.unit x WHERE x.calendar = set_duty_hours.calendar
             UNION ALL
             SELECT 'group' WHERE NOT EXISTS (SELECT FROM kefu.unit x WHERE x.calendar = set_duty_hours.calendar)) AS u;
    IF valid_from IS NULL OR valid_from < kefu.local_day(kefu.now()) THEN
        RAISE EXCEPTION 'duty hours can''t begin in the past'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Who was on duty was so by the hours of the day.';
    ELSIF NOT EXISTS (SELECT FROM kefu.calendar c WHERE c.calendar = set_duty_hours.calendar) THEN
        RAISE EXCEPTION 'there is no calendar "%"', calendar
            USING ERRCODE = 'undefined_object', HINT = 'SELECT calendar, name_zh FROM kefu.calendar.';
    END IF;
    INSERT INTO kefu.calendar_week (calendar, day, from_minute, to_minute, valid_from)
    SELECT set_duty_hours.calendar, d.day, CASE WHEN is_closed THEN 0 ELSE extract(epoch FROM opens) / 60 END,
           CASE WHEN is_closed THEN 0 ELSE extract(epoch FROM closes) / 60 END, set_duty_hours.valid_from
      FROM unnest(days) AS d(day);
    PERFORM kefu.append_ledger('rules', 'set_duty_hours', jsonb_strip_nulls(jsonb_build_object(
        'calendar', calendar, 'days', array_to_string(days, ','), 'opens', opens, 'closes', closes, 'from', valid_from)));
END $$;
COMMENT ON FUNCTION kefu.set_duty_hours(text, smallint[], time, time, date) IS
'A new version of a calendar''s hours on kinds of day (1 Monday to 7, 8 make-up workday, 9 holiday), from a local date on; both times NULL: closed; called again with the same date it adds a window. Running promises keep theirs. Administrators of all units that go by the calendar (设定值班时段; R2, R71, R72)';

-- What is asked for --------------------------------------------------------------

CREATE FUNCTION kefu.cover_end(ranges tstzmultirange, at timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT upper(r.r) FROM unnest(ranges) AS r(r)
     WHERE lower(r.r) <= at ORDER BY lower(r.r) DESC LIMIT 1;
END;
COMMENT ON FUNCTION kefu.cover_end(tstzmultirange, timestamptz) IS
'Until when the ranges cover an instant without a break, or when the last one before it ended; NULL if none had begun (内部: 有效截止)';

CREATE FUNCTION kefu.qualification_needs(staff_id integer, at timestamptz)
    RETURNS TABLE (needs text, subject text, unit text, until timestamptz, waived_until timestamptz)
    LANGUAGE plpgsql ROWS 3 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT r.needs, r.subject, c.company,
           CASE r.needs
               WHEN 'qualification' THEN
                   kefu.cover_end((SELECT range_agg(q.valid) FROM kefu.qualification q
                                    WHERE q.unit = c.company), at)
               ELSE kefu.cover_end((SELECT range_agg(t.valid) FROM kefu.training t
                                     WHERE t.staff_id = s.staff_id AND t.subject = r.subject), at) END,
           (SELECT max(upper(w.valid)) FROM kefu.waiver w
             WHERE (w.staff_id = s.staff_id OR w.unit = c.company) AND w.valid @> at)
      FROM kefu.staff s
      JOIN LATERAL (SELECT DISTINCT q.needs, q.subject
              FROM kefu.qualification_rule q
              JOIN kefu.unit_path(s.unit) AS p(unit) ON p.unit = q.unit
             WHERE q.valid @> at
               AND EXISTS (SELECT FROM kefu.unit_path(s.unit) AS k(unit) JOIN kefu.unit u USING (unit)
                            WHERE u.kind = q.unit_kind)) AS r ON true
     CROSS JOIN LATERAL (SELECT kefu.company_of(s.unit) AS company) AS c
     WHERE s.staff_id = qualification_needs.staff_id;
END $$;
COMMENT ON FUNCTION kefu.qualification_needs(integer, timestamptz) IS
'What a person must have at an instant: until when it is had without a break, or when it ended, NULL never; until when it is waived, NULL not. unit: the contractor, NULL for other staff. No row if nothing is asked for (资质与培训要求; R7)';

CREATE FUNCTION kefu.qualification_gap(staff_id integer, at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT string_agg(
                CASE WHEN current_setting('kefu.language') = 'zh'
                     THEN CASE n.needs WHEN 'qualification' THEN format('外包公司 %s 的资质审核', n.unit)
                                       ELSE format('培训 %s ', n.subject) END
                          || coalesce('自 ' || n.until || ' 起失效。', '没有记录。')
                     ELSE CASE n.needs WHEN 'qualification' THEN format('Qualification of contractor %s', n.unit)
                                       ELSE format('Training %s', n.subject) END
                          || coalesce(' lapsed at ' || n.until || '.', ' was never recorded.') END,
                ' ' ORDER BY n.needs, n.subject)
              FROM kefu.qualification_needs(qualification_gap.staff_id, qualification_gap.at) AS n
             WHERE (n.until IS NULL OR n.until <= at) AND n.waived_until IS NULL);
END $$;
COMMENT ON FUNCTION kefu.qualification_gap(integer, timestamptz) IS
'What a person lacks at an instant to be given work and since when, in the language of the session; NULL if nothing. The engine asks it whenever work gets a new handler and refuses with KF009 (资质缺口; R7)';

CREATE FUNCTION kefu.qualified_until(staff_id integer, at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce(least(
        (SELECT min(greatest(n.until, n.waived_until))
           FROM kefu.qualification_needs(qualified_until.staff_id, qualified_until.at) AS n),
        (SELECT min(lower(r.valid)) FROM kefu.qualification_rule r WHERE lower(r.valid) > at)),
        'infinity');
END $$;
COMMENT ON FUNCTION kefu.qualified_until(integer, timestamptz) IS
'Of a person who lacks nothing at an instant: before when no row written so far can change that, such as the end of a training or the first day of a new rule; infinity if nothing can (内部: 资质有效至; R7)';

-- Recording it --------------------------------------------------------------------

CREATE FUNCTION kefu.require_range(from_at timestamptz, to_at timestamptz) RETURNS tstzrange
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
    IF from_at IS NULL OR to_at IS NULL OR to_at <= from_at THEN
        RAISE EXCEPTION 'the end must come after the start'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give both instants.';
    END IF;
    RETURN tstzrange(from_at, to_at);
END $$;
COMMENT ON FUNCTION kefu.require_range(timestamptz, timestamptz) IS
'The half-open range; raises invalid_parameter_value where it would be empty or open-ended (内部: 校验时段)';

CREATE FUNCTION kefu.staff_named(login text, in_units text[] DEFAULT NULL) RETURNS kefu.staff
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    s kefu.staff;
BEGIN
    SELECT * INTO s FROM kefu.staff f
     WHERE f.login = staff_named.login AND f.is_active
       AND (in_units IS NULL OR f.unit = ANY (in_units));
    IF NOT FOUND AND in_units IS NOT NULL THEN
        PERFORM kefu.require_unit(NULL);
    ELSIF NOT FOUND THEN
        RAISE EXCEPTION 'login "%" is not registered', login
            USING ERRCODE = 'undefined_object', HINT = 'Register it with kefu.add_staff().';
    END IF;
    RETURN s;
END $$;
COMMENT ON FUNCTION kefu.staff_named(text, text[]) IS
'The active person with that login; undefined_object if there is none. With in_units only people of these, and KF008 for anybody else, so that nobody learns who there is (内部: 按登录查人员)';

CREATE FUNCTION kefu.require_supervisor(unit text, VARIADIC roles text[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = kefu.caller()) THEN
        PERFORM kefu.require_unit(unit);
        PERFORM kefu.require_unit(kefu.supervisor_of(unit), VARIADIC roles);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_supervisor(text, text[]) IS
'Raises KF008 unless the caller sees the unit and the one that supervises it, KF003 unless the caller has one of the roles at that one; a superuser passes (内部: 校验主管机构; R3, R7)';

CREATE FUNCTION kefu.add_qualification(unit text, from_at timestamptz, to_at timestamptz, evidence text)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    new_id bigint;
BEGIN
    PERFORM kefu.require_supervisor(unit, 'leader', 'admin');
    IF kefu.company_of(unit) IS DISTINCT FROM unit THEN
        RAISE EXCEPTION 'unit "%" is no contractor', unit
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Only contractors are reviewed (R7).';
    END IF;
    INSERT INTO kefu.qualification (unit, valid, evidence, reviewed_by, recorded_at)
    VALUES (add_qualification.unit, kefu.require_range(from_at, to_at), add_qualification.evidence,
            kefu.me(), kefu.now())
    RETURNING qualification_id INTO new_id;
    PERFORM kefu.append_ledger('organization', 'add_qualification',
        jsonb_build_object('qualification', new_id, 'unit', unit, 'from', from_at, 'to', to_at),
        jsonb_build_object('evidence', evidence));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.add_qualification(text, timestamptz, timestamptz, text) IS
'Records that a contractor passed its review, until when, and on what evidence; a leader or administrator of a unit above it may, KF003 and KF008 for others. Returns its number (登记资质审核; R7)';

CREATE FUNCTION kefu.add_training(login text, subject text, from_at timestamptz, to_at timestamptz, evidence text)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    -- Somebody of a unit one can't see is as unknown as nobody.
    who kefu.staff := kefu.staff_named(login, CASE
        WHEN (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = kefu.caller()) THEN NULL
        ELSE kefu.my_units() END);
    new_id bigint;
BEGIN
    PERFORM kefu.require_supervisor(who.unit, 'leader', 'admin');
    IF who.staff_id = kefu.me() THEN
        RAISE EXCEPTION 'nobody records a training of one''s own'
            USING ERRCODE = 'KF003', HINT = 'Have another leader or administrator record it.';
    END IF;
    INSERT INTO kefu.training (staff_id, subject, valid, evidence, recorded_by, recorded_at)
    VALUES (who.staff_id, add_training.subject, kefu.require_range(from_at, to_at),
            add_training.evidence, kefu.me(), kefu.now())
    RETURNING training_id INTO new_id;
    PERFORM kefu.append_ledger('organization', 'add_training',
        jsonb_build_object('training', new_id, 'staff', who.staff_id, 'subject', subject,
                           'from', from_at, 'to', to_at),
        jsonb_build_object('evidence', evidence));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.add_training(text, text, timestamptz, timestamptz, text) IS
'Records that a person passed a training, until when, and on what evidence; a leader or administrator of the unit, for a contractor''s staff of a unit above it, may. Returns its number (登记培训; R7)';

CREATE FUNCTION kefu.waive_qualification(until timestamptz, reason text,
                                         login text DEFAULT NULL, unit text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    who kefu.staff;
    new_id bigint;
BEGIN
    IF num_nonnulls(login, unit) <> 1 THEN
        RAISE EXCEPTION 'name either a person or a company'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give login or unit.';
    END IF;
    IF login IS NOT NULL THEN
        who := kefu.staff_named(login);
    ELSE
        -- Two waivers for one company at a time would pass the check below.
        PERFORM FROM kefu.unit u WHERE u.unit = waive_qualification.unit FOR NO KEY UPDATE;
    END IF;
    PERFORM kefu.require_unit(kefu.supervisor_of(coalesce(who.unit, unit)), 'leader');
    PERFORM FROM kefu.staff s WHERE s.staff_id = who.staff_id FOR NO KEY UPDATE;
    IF until > kefu.now() + interval '168 hours' THEN
        RAISE EXCEPTION 'a waiver lasts at most 7 days'
            USING ERRCODE = 'KF004', DETAIL = format('It would end at %s.', until),
                  HINT = format('The latest end is %s.', kefu.now() + interval '168 hours');
    END IF;
    IF EXISTS (SELECT FROM kefu.waiver w
                WHERE (w.staff_id = who.staff_id OR w.unit = waive_qualification.unit)
                  AND upper(w.valid) > kefu.now() - interval '168 hours') THEN
        RAISE EXCEPTION 'there was a waiver within the last 7 days'
            USING ERRCODE = 'KF004', DETAIL = 'One waiver follows another only after 7 days without.',
                  HINT = 'Renew the qualification or the training.';
    END IF;
    INSERT INTO kefu.waiver (unit, staff_id, valid, reason, granted_by)
    VALUES (waive_qualification.unit, who.staff_id, kefu.require_range(kefu.now(), until),
            waive_qualification.reason, kefu.me())
    RETURNING waiver_id INTO new_id;
    PERFORM kefu.append_ledger('organization', 'waive_qualification',
        jsonb_strip_nulls(jsonb_build_object('waiver', new_id, 'staff', who.staff_id, 'unit', unit,
                                             'until', until)),
        jsonb_build_object('reason', reason));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.waive_qualification(timestamptz, text, text, text) IS
'A leader lets a person (login) or all staff of a contractor (unit) work without what is asked for, from now until an instant at most 7 days off; refused (KF004) for longer or within 7 days of the last one. Returns its number (资质豁免; R7)';

-- What somebody holds ---------------------------------------------------------------

-- None on tickets, whose handler changes often: what is open is few and read by ticket_unit.
CREATE INDEX work_order_handler ON kefu.work_order (handler) WHERE handler IS NOT NULL AND closed_at IS NULL;
CREATE INDEX task_handler ON kefu.task (handler) WHERE handler IS NOT NULL AND state = 'open';

CREATE VIEW kefu.held_work AS
SELECT 'ticket' AS object_type, t.ticket_id AS id, t.unit, t.handler
  FROM kefu.ticket t
 WHERE t.handler IS NOT NULL AND t.archived_at IS NULL
UNION ALL
SELECT 'work_order', o.order_id, o.unit, o.handler
  FROM kefu.work_order o
 WHERE o.handler IS NOT NULL AND o.closed_at IS NULL
UNION ALL
SELECT 'task', k.task_id, k.unit, k.handler
  FROM kefu.task k
 WHERE k.handler IS NOT NULL AND k.state = 'open';
COMMENT ON VIEW kefu.held_work IS 'Open work that a person holds; some in a final state may be among it (持有的事务)';
COMMENT ON COLUMN kefu.held_work.object_type IS 'ticket, work_order or task (对象类型)';
COMMENT ON COLUMN kefu.held_work.id IS 'its number (编号)';
COMMENT ON COLUMN kefu.held_work.unit IS 'handling unit (处理机构)';
COMMENT ON COLUMN kefu.held_work.handler IS 'who holds it (处理人)';

CREATE FUNCTION kefu.return_held(staff_id integer, OUT returned integer, OUT locked integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    h record;
    is_free boolean;
BEGIN
    returned := 0;
    locked := 0;
    FOR h IN SELECT w.object_type, w.id, y.relation, y.id_column
               FROM kefu.held_work w JOIN kefu.object_type y USING (object_type)
              WHERE w.handler = return_held.staff_id AND kefu.may_happen(w.object_type, w.id, 'release')
              ORDER BY w.object_type, w.id LOOP
        -- What somebody works on this moment is left for the next minute.
        EXECUTE format('SELECT true FROM %s WHERE %I = $1 AND handler = $2 FOR NO KEY UPDATE SKIP LOCKED',
                       h.relation::regclass, h.id_column)
           INTO is_free USING h.id, staff_id;
        IF is_free THEN
            PERFORM kefu.raise_as('clock', h.object_type, h.id, 'release');
            returned := returned + 1;
        ELSE
            locked := locked + 1;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.return_held(integer) IS
'Releases all that a person holds, on the clock''s authority; counts what went back and what was locked and stays for the next call (内部: 退回所持事务)';

CREATE FUNCTION kefu.release_unqualified(max_objects integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    who integer;
    total integer := 0;
    went integer;
BEGIN
    FOR who IN SELECT DISTINCT w.handler FROM kefu.held_work w ORDER BY 1 LOOP
        CONTINUE WHEN kefu.qualification_gap(who, kefu.now()) IS NULL;
        went := (kefu.return_held(who)).returned;
        IF went > 0 THEN
            PERFORM kefu.append_ledger('organization', 'release_unqualified',
                                       jsonb_build_object('staff', who, 'count', went));
        END IF;
        total := total + went;
        EXIT WHEN total >= max_objects;
    END LOOP;
    RETURN total;
END $$;
COMMENT ON FUNCTION kefu.release_unqualified(integer) IS
'Tickets, work orders and tasks of people whose qualification or training lapsed go back to their unit''s queue; returns how many. Changes nothing else, so anybody may call it; the clock worker does every minute (资质失效退回; R7)';

-- Whom to ask -----------------------------------------------------------------------------

CREATE FUNCTION kefu.set_contact(unit text, category text DEFAULT '', login text DEFAULT NULL,
                                 name text DEFAULT NULL, phone text DEFAULT NULL,
                                 is_deputy boolean DEFAULT false, calendar text DEFAULT NULL,
                                 from_at timestamptz DEFAULT NULL, to_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(set_contact.from_at, kefu.now());
    who kefu.staff;
    new_id bigint;
BEGIN
    PERFORM kefu.require_unit(unit, 'leader', 'admin');
    IF num_nonnulls(login, name) <> 1 OR (login IS NULL AND phone IS NULL) OR since < kefu.now()
       OR to_at <= since THEN
        RAISE EXCEPTION 'a contact is a login, or a name with a phone, from now on or later'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'What was, stays as it was.';
    END IF;
    IF login IS NOT NULL THEN
        who := kefu.staff_named(login);
    END IF;
    -- One at a time for a department, so that a first contact has one successor.
    PERFORM FROM kefu.unit u WHERE u.unit = set_contact.unit FOR NO KEY UPDATE;
    DELETE FROM kefu.contact c
     WHERE c.unit = set_contact.unit AND c.category = set_contact.category
       AND c.is_deputy = set_contact.is_deputy AND lower(c.valid) >= since;
    UPDATE kefu.contact c SET valid = c.valid * tstzrange(NULL, since)
     WHERE c.unit = set_contact.unit AND c.category = set_contact.category
       AND c.is_deputy = set_contact.is_deputy AND c.valid @> since;
    INSERT INTO kefu.contact (unit, category, staff_id, name, phone, is_deputy, calendar, valid)
    VALUES (set_contact.unit, set_contact.category, who.staff_id, set_contact.name, set_contact.phone,
            set_contact.is_deputy, set_contact.calendar, tstzrange(since, to_at))
    RETURNING contact_id INTO new_id;
    PERFORM kefu.append_ledger('organization', 'set_contact', jsonb_strip_nulls(jsonb_build_object(
        'contact', new_id, 'unit', unit, 'category', category, 'staff', who.staff_id,
        'deputy', is_deputy, 'from', since, 'to', to_at)),
        jsonb_strip_nulls(jsonb_build_object('name', name, 'phone', phone)));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.set_contact(text, text, text, text, text, boolean, text, timestamptz, timestamptz) IS
'Names the contact of a department for a matter and all below it (empty: any), or the deputy, from an instant on (default now); it follows the one named before. Somebody of the desk by login, others by name and a number inside the company. A leader or administrator of the department or above may. Returns its number (设定接口人; R4, R5, R8, R10)';

CREATE FUNCTION kefu.contact_of(department text, category text DEFAULT '', at timestamptz DEFAULT NULL)
    RETURNS TABLE (contact_id bigint, staff_id integer, name text, phone text, is_deputy boolean,
                   is_reachable boolean)
    LANGUAGE plpgsql ROWS 1 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    when_at timestamptz := coalesce(contact_of.at, kefu.now());
BEGIN
    PERFORM kefu.require_unit(department);
    RETURN QUERY
    SELECT c.contact_id, c.staff_id, coalesce(c.name, s.name), c.phone, c.is_deputy, h.is_on
      FROM kefu.contact c
      LEFT JOIN kefu.staff s ON s.staff_id = c.staff_id
     CROSS JOIN LATERAL (SELECT coalesce(kefu.is_working_time(
               coalesce(c.calendar, kefu.unit_calendar(c.unit)), when_at), true) AS is_on) AS h
     WHERE c.unit = contact_of.department AND c.valid @> when_at AND coalesce(s.is_active, true)
       AND (c.category = '' OR c.category = contact_of.category
            OR starts_with(contact_of.category, c.category || '.'))
     ORDER BY h.is_on DESC, length(c.category) DESC, c.is_deputy, c.contact_id
     LIMIT 1;
END $$;
COMMENT ON FUNCTION kefu.contact_of(text, text, timestamptz) IS
'Whom to ask in a department about a matter at an instant (default now): who is in hours before who is not, the one named for the nearest matter before a general one, the first before the deputy; is_reachable is false if all are off. No row if nobody is named; KF008 if the department is not visible (查询接口人; R4, R5, R8, R10)';
