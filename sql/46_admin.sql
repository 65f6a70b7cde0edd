-- 46_admin: who is on the desk and what its rules are, changed by calls that
-- leave a trace on the ledger "rules".

CREATE FUNCTION kefu.caller() RETURNS text
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'kefu_caller';
COMMENT ON FUNCTION kefu.caller() IS
'Login that calls: the outer user, SET ROLE honoured, also inside a definer function (调用登录)';

CREATE FUNCTION kefu.require_admin(unit text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    -- A superuser may set up the first administrator; nobody else passes unregistered.
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = kefu.caller()) THEN
        PERFORM kefu.require_unit(unit, 'admin');
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_admin(text) IS
'Raises KF003 or KF008 unless the caller is an administrator of the unit, or a superuser (校验管理员)';

CREATE FUNCTION kefu.add_staff(login text, unit text, name text) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    new_id integer;
BEGIN
    PERFORM kefu.require_admin(unit);
    INSERT INTO kefu.staff (login, unit, name) VALUES (add_staff.login, add_staff.unit, add_staff.name)
    RETURNING staff_id INTO new_id;
    PERFORM kefu.append_ledger('rules', 'add_staff',
        jsonb_build_object('staff', new_id, 'unit', unit), jsonb_build_object('login', login, 'name', name));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.add_staff(text, text, text) IS
'Registers a person with a database login; returns the staff number. unique_violation if the login is registered (登记人员)';

CREATE FUNCTION kefu.grant_role(login text, unit text, role text, valid tstzrange DEFAULT tstzrange(NULL, NULL))
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    who integer;
    operates boolean;
BEGIN
    PERFORM kefu.require_admin(unit);
    SELECT s.staff_id INTO who FROM kefu.staff s WHERE s.login = grant_role.login;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'login "%" is not registered', login
            USING ERRCODE = 'undefined_object', HINT = 'Register it with kefu.add_staff().';
    END IF;
    -- Who sets the rules doesn't operate in the same unit (R3).
    SELECT EXISTS (SELECT FROM kefu.staff_role r
                    WHERE r.staff_id = who AND r.unit = grant_role.unit AND r.valid && grant_role.valid
                      AND (r.role = 'admin') <> (grant_role.role = 'admin'))
      INTO operates;
    IF operates THEN
        RAISE EXCEPTION 'who administers a unit does not operate in it'
            USING ERRCODE = 'KF003', DETAIL = 'Rules, supervision and appraisal are kept apart from operation (R3).',
                  HINT = 'Give the role to somebody else.';
    END IF;
    INSERT INTO kefu.staff_role (staff_id, unit, role, valid)
    VALUES (who, grant_role.unit, grant_role.role, grant_role.valid);
    PERFORM kefu.append_ledger('rules', 'grant_role', jsonb_build_object(
        'staff', who, 'unit', unit, 'role', role, 'from', lower(valid), 'to', upper(valid)));
END $$;
COMMENT ON FUNCTION kefu.grant_role(text, text, text, tstzrange) IS
'Gives a person a role at a unit and all below it, for a time; refused (KF003) where it would join operating with administering (授予角色; R3)';

CREATE FUNCTION kefu.revoke_role(login text, unit text, role text) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    ended integer;
BEGIN
    PERFORM kefu.require_admin(unit);
    UPDATE kefu.staff_role r SET valid = r.valid * tstzrange(NULL, kefu.now())
      FROM kefu.staff s
     WHERE s.staff_id = r.staff_id AND s.login = revoke_role.login AND r.unit = revoke_role.unit
       AND r.role = revoke_role.role AND r.valid @> kefu.now();
    GET DIAGNOSTICS ended = ROW_COUNT;
    PERFORM kefu.append_ledger('rules', 'revoke_role',
        jsonb_build_object('unit', unit, 'role', role, 'count', ended), jsonb_build_object('login', login));
    RETURN ended;
END $$;
COMMENT ON FUNCTION kefu.revoke_role(text, text, text) IS
'Ends a role now; the row stays as history. Returns how many ended, 0 if the person did not have it (收回角色)';

CREATE FUNCTION kefu.grant_reader(login text, unit text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin(unit);
    INSERT INTO kefu.reader (login, unit) VALUES (grant_reader.login, grant_reader.unit)
        ON CONFLICT DO NOTHING;
    PERFORM kefu.append_ledger('rules', 'grant_reader', jsonb_build_object('unit', unit),
                               jsonb_build_object('login', login));
END $$;
COMMENT ON FUNCTION kefu.grant_reader(text, text) IS
'Registers a login that reads a unit and all below it, such as a BI tool''s; nothing happens if it is registered (登记只读用户)';

CREATE FUNCTION kefu.add_gateway(login text, unit text) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    new_id integer;
BEGIN
    PERFORM kefu.require_admin(unit);
    INSERT INTO kefu.gateway (login, unit) VALUES (add_gateway.login, add_gateway.unit)
    RETURNING gateway_id INTO new_id;
    PERFORM kefu.append_ledger('rules', 'add_gateway', jsonb_build_object('gateway', new_id, 'unit', unit),
                               jsonb_build_object('login', login));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.add_gateway(text, text) IS
'Lets a login, such as a CRM''s, speak for the staff of a unit and below through kefu.acting_as (登记网关)';

CREATE FUNCTION kefu.set_clock_policy(
    clock text, unit text, target interval, calendar text DEFAULT NULL,
    valid_from timestamptz DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(set_clock_policy.valid_from, kefu.now());
    earlier kefu.clock_policy;
    policy kefu.clock_policy;
    new_id integer;
BEGIN
    PERFORM kefu.require_admin(unit);
    IF since < kefu.now() THEN
        RAISE EXCEPTION 'a policy can''t begin in the past'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Promises that were given stay as they were given.';
    END IF;
    SELECT p.* INTO earlier
      FROM kefu.clock_policy p
      JOIN kefu.unit_path(set_clock_policy.unit) WITH ORDINALITY AS u(unit, step) ON u.unit = p.unit
     WHERE p.clock = set_clock_policy.clock AND p.valid_from <= since
     ORDER BY u.step, p.valid_from DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no policy for clock "%"', clock
            USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM kefu.load_preset(''policies'').';
    END IF;
    policy.clock := set_clock_policy.clock;
    policy.unit := set_clock_policy.unit;
    policy.valid_from := since;
    policy.target := set_clock_policy.target;
    policy.calendar := coalesce(set_clock_policy.calendar, earlier.calendar);
    PERFORM kefu.check_latitude('clock_policy', clock, unit, to_jsonb(policy), kefu.rule_above('clock_policy', clock, unit, '', since));
    PERFORM kefu.make_room('clock_policy', clock, unit, '', since);
    INSERT INTO kefu.clock_policy (clock, unit, valid_from, target, calendar)
    VALUES (policy.clock, policy.unit, policy.valid_from, policy.target, policy.calendar)
    RETURNING policy_id INTO new_id;
    PERFORM kefu.scale_levels(policy, earlier);
    PERFORM kefu.append_ledger('rules', 'set_clock_policy', jsonb_build_object(
        'clock', clock, 'unit', unit, 'policy', new_id, 'target_s', extract(epoch FROM target)::bigint,
        'from', since));
    PERFORM kefu.settle_rules('clock_policy', clock, unit, since);
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.set_clock_policy(text, text, interval, text, timestamptz) IS
'A new version of a promise''s length for a unit and all below it, from an instant on (default now); levels are scaled in proportion. Running clocks keep theirs. Returns the version (设定时限; R2, R91)';

CREATE FUNCTION kefu.set_legal_limit(
    jurisdiction text, days integer, source text, calendar text DEFAULT NULL,
    valid_from timestamptz DEFAULT NULL, valid_to timestamptz DEFAULT NULL,
    clock text DEFAULT 'legal') RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    new_id integer;
BEGIN
    PERFORM kefu.require_admin('group');
    IF NOT EXISTS (SELECT FROM kefu.clock_kind k WHERE k.clock = set_legal_limit.clock) THEN
        RAISE EXCEPTION 'there is no clock "%"', clock USING ERRCODE = 'undefined_object',
            HINT = 'Complaints have the clock legal.';
    END IF;
    IF (jurisdiction ~ '^(cn|[0-9]{2,6})$' AND days BETWEEN 1 AND 3660 AND source <> '') IS NOT TRUE THEN
        RAISE EXCEPTION 'a legal limit is a number of days in a jurisdiction, with its source'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'jurisdiction is cn or a region code such as 41; days are 1 to 3660; source names the law and its article.';
    END IF;
    INSERT INTO kefu.legal_limit (clock, jurisdiction, valid_from, valid_to, days, calendar, source)
    VALUES (set_legal_limit.clock, set_legal_limit.jurisdiction, coalesce(set_legal_limit.valid_from, kefu.now()),
            set_legal_limit.valid_to, set_legal_limit.days, set_legal_limit.calendar, set_legal_limit.source)
    RETURNING limit_id INTO new_id;
    PERFORM kefu.append_ledger('rules', 'set_legal_limit', jsonb_strip_nulls(jsonb_build_object(
        'limit', new_id, 'clock', clock, 'jurisdiction', jurisdiction, 'days', days, 'calendar', calendar,
        'from', coalesce(valid_from, kefu.now()), 'to', valid_to)));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.set_legal_limit(text, integer, text, text, timestamptz, timestamptz, text) IS
'A new version of what the law of a jurisdiction (cn, or a region code) gives for a promise: so many calendar days, or working days of a calendar, from an instant on (default now; a law in force for long may be entered late) until it is repealed. Promises that were given keep their end. For an administrator of Group. Returns the version (设定法定时限; ruling 18)';

CREATE FUNCTION kefu.create_roles() RETURNS TABLE (role text, action text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT w.name
               FROM unnest(ARRAY['kefu_operator', 'kefu_reviewer', 'kefu_department', 'kefu_leader',
                                 'kefu_analyst', 'kefu_auditor', 'kefu_admin', 'kefu_gateway',
                                 'kefu_receiver']) AS w(name)
              WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = w.name) LOOP
        EXECUTE format('CREATE ROLE %I NOLOGIN', f.name);
        role := f.name; action := 'created'; RETURN NEXT;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'kefu_worker') THEN
        CREATE ROLE kefu_worker LOGIN CONNECTION LIMIT 0;
        role := 'kefu_worker'; action := 'created'; RETURN NEXT;
    ELSIF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'kefu_worker'
                    AND (NOT r.rolcanlogin OR r.rolconnlimit <> 0 OR r.rolsuper)) THEN
        ALTER ROLE kefu_worker LOGIN NOSUPERUSER CONNECTION LIMIT 0;
        role := 'kefu_worker'; action := 'set to LOGIN CONNECTION LIMIT 0'; RETURN NEXT;
    END IF;
    -- Grants are taken from the table below and applied again each time.
    FOR f IN SELECT g.role AS to_role, g.schema_name, g.object_name, g.what
               FROM kefu.grant_list() AS g LOOP
        IF f.what = 'USAGE' THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', f.schema_name, f.to_role);
        ELSIF f.what = 'SELECT' THEN
            EXECUTE format('GRANT SELECT ON %I.%I TO %I', f.schema_name, f.object_name, f.to_role);
        ELSE
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f.object_name::regprocedure, f.to_role);
        END IF;
    END LOOP;
    role := 'all'; action := 'grants applied'; RETURN NEXT;
END $$;
COMMENT ON FUNCTION kefu.create_roles() IS
'Makes the NOLOGIN group roles and kefu_worker where they are missing, and applies every grant again. Whoever runs it must be allowed to create roles (创建角色)';

