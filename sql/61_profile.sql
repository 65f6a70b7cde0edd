-- 61_profile: the accounts' appearance: set, seen, reviewed, switched.
--
-- Group sets what holds for all (names, avatar and its time, service tags,
-- campaigns of its own); a province sets and tends its accounts.  Group's
-- rules are not for provinces to change (ruling 28).

-- --- who may ---------------------------------------------------------------------

CREATE FUNCTION kefu.require_rank(unit text, VARIADIC roles text[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = kefu.caller()) THEN
        PERFORM kefu.require_unit(unit, VARIADIC roles);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_rank(text, text[]) IS
'Raises KF008 or KF003 as kefu.require_unit(); a superuser passes (内部: 校验角色)';

CREATE FUNCTION kefu.account_for(account text, VARIADIC roles text[]) RETURNS kefu.account
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    a kefu.account;
BEGIN
    SELECT * INTO a FROM kefu.account x WHERE x.account = account_for.account;
    -- The same for an account that isn't there: whose it is, is no secret to tell.
    PERFORM kefu.require_rank(a.unit, VARIADIC roles);
    IF a.account IS NULL THEN
        RAISE EXCEPTION 'there is no account "%"', account
            USING ERRCODE = 'undefined_object', HINT = 'Register it with kefu.add_account().';
    END IF;
    RETURN a;
END $$;
COMMENT ON FUNCTION kefu.account_for(text, text[]) IS
'The account, if the caller has one of the roles at its unit; KF003 or KF008 if not, KF008 also if there is none, which a superuser learns as undefined_object (内部: 校验账号权限)';

CREATE FUNCTION kefu.profile_rule_now() RETURNS kefu.profile_rule
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT r FROM kefu.profile_rule r WHERE r.valid_from <= kefu.now() ORDER BY r.valid_from DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.profile_rule_now() IS 'The rules that hold now; all NULL where none are loaded (内部: 现行账号资料规则)';

CREATE FUNCTION kefu.require_later(at timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    IF at IS NULL OR at < kefu.now() THEN
        RAISE EXCEPTION 'a rule holds from now on or later'
            USING ERRCODE = 'invalid_parameter_value', DETAIL = 'What held before stays as it was.',
                  HINT = 'Give a time that is not over.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_later(timestamptz) IS 'Raises invalid_parameter_value for a time that is over or NULL (内部: 校验生效时间; R2)';

CREATE FUNCTION kefu.set_profile_rule(valid_from timestamptz, changes jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    r kefu.profile_rule;
    stray text;
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_later(valid_from);
    SELECT x.* INTO r FROM kefu.profile_rule x WHERE x.valid_from <= set_profile_rule.valid_from
     ORDER BY x.valid_from DESC LIMIT 1;
    SELECT string_agg(k.key, ', ') INTO stray FROM jsonb_object_keys(changes) AS k(key)
     WHERE NOT to_jsonb(r) ? k.key OR k.key = 'valid_from';
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'no such rule: %', stray
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Each is named like its column of kefu.profile_rule.';
    END IF;
    INSERT INTO kefu.profile_rule
    SELECT (jsonb_populate_record(r, changes || jsonb_build_object('valid_from', valid_from))).*;
    PERFORM kefu.append_ledger('rules', 'set_profile_rule', changes || jsonb_build_object('from', valid_from));
END $$;
COMMENT ON FUNCTION kefu.set_profile_rule(timestamptz, jsonb) IS
'A new version of the rules of appearance from a time on: what changes, {column: value}, the rest as before. Group administrators only; invalid_parameter_value for a time that is over (调整账号资料规则; R2, ruling 28)';

-- --- what it should show, what it shows ---------------------------------------------

CREATE FUNCTION kefu.require_profile(profile jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    stray text;
BEGIN
    SELECT string_agg(k.key, ', ') INTO stray FROM jsonb_object_keys(profile) AS k(key)
     WHERE k.key NOT IN ('name', 'intro', 'domain', 'tags', 'topics', 'avatar', 'background', 'theme',
                         'is_verified', 'dm_open');
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'a profile has no "%"', stray
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It has name, intro, domain, tags, topics, avatar, background, theme, is_verified, dm_open.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_profile(jsonb) IS 'Raises invalid_parameter_value for a field that no profile has (内部: 校验账号资料)';

CREATE FUNCTION kefu.set_account_profile(account text, profile jsonb, valid_from timestamptz DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account := kefu.account_for(account, 'leader', 'admin');
    since timestamptz := coalesce(set_account_profile.valid_from, kefu.now());
    p kefu.account_profile;
BEGIN
    PERFORM kefu.require_later(since);
    SELECT x.* INTO p FROM kefu.account_profile x WHERE x.account = a.account AND x.valid_from <= since
     ORDER BY x.valid_from DESC LIMIT 1;
    IF NOT FOUND THEN
        p := jsonb_populate_record(NULL::kefu.account_profile, jsonb_build_object('name', a.handle,
            'tags', '[]'::jsonb, 'topics', '[]'::jsonb, 'is_verified', true, 'dm_open', true));
    END IF;
    PERFORM kefu.require_profile(profile);
    INSERT INTO kefu.account_profile
    SELECT (jsonb_populate_record(p, profile || jsonb_build_object('account', a.account, 'valid_from', since,
            'set_by', kefu.me(), 'set_at', kefu.now()))).*
        ON CONFLICT ON CONSTRAINT account_profile_pkey DO UPDATE
       SET name = excluded.name, intro = excluded.intro, domain = excluded.domain, tags = excluded.tags,
           topics = excluded.topics, avatar = excluded.avatar, background = excluded.background,
           theme = excluded.theme, is_verified = excluded.is_verified, dm_open = excluded.dm_open,
           set_by = excluded.set_by, set_at = excluded.set_at;
    PERFORM kefu.append_ledger('organization', 'set_account_profile',
        jsonb_build_object('account', a.account, 'from', since), profile);
END $$;
COMMENT ON FUNCTION kefu.set_account_profile(text, jsonb, timestamptz) IS
'What an account should show from a time on (now if NULL), as a new version: {name, intro, domain, tags, topics, avatar, background, theme, is_verified, dm_open}, what isn''t named as before. A leader or administrator of its unit (设置账号资料; R11, R16 to R28)';

CREATE FUNCTION kefu.keep_profile(account text, seen jsonb, at timestamptz, is_platform boolean, evidence text)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    last kefu.account_profile_seen;
    base kefu.account_profile_seen;
BEGIN
    PERFORM FROM kefu.account a WHERE a.account = keep_profile.account FOR NO KEY UPDATE;
    SELECT x.* INTO last FROM kefu.account_profile_seen x
     WHERE x.account = keep_profile.account AND x.is_platform = keep_profile.is_platform
     ORDER BY x.seen_at DESC LIMIT 1;
    IF FOUND AND at < last.checked_at THEN
        RETURN false;
    END IF;
    -- The same things said, and the same of them: nothing changed.
    IF FOUND AND jsonb_strip_nulls(to_jsonb(jsonb_populate_record(NULL::kefu.account_profile_seen, seen)))
             = jsonb_strip_nulls(to_jsonb(last) - '{account,seen_at,checked_at,is_platform,evidence,noted_by}'::text[]) THEN
        UPDATE kefu.account_profile_seen x SET checked_at = at
         WHERE x.account = last.account AND x.is_platform = last.is_platform AND x.seen_at = last.seen_at;
        RETURN false;
    END IF;
    -- Said in two parts at one instant is said once.
    IF last.seen_at = at THEN
        base := last;
        DELETE FROM kefu.account_profile_seen x
         WHERE x.account = last.account AND x.is_platform = last.is_platform AND x.seen_at = at;
    END IF;
    INSERT INTO kefu.account_profile_seen
    SELECT (jsonb_populate_record(base, seen || jsonb_build_object('account', account, 'seen_at', at,
            'checked_at', at, 'is_platform', is_platform, 'evidence', evidence,
            'noted_by', CASE WHEN NOT is_platform THEN kefu.me() END))).*;
    RETURN true;
END $$;
COMMENT ON FUNCTION kefu.keep_profile(text, jsonb, timestamptz, boolean, text) IS
'Keeps what an account shows: a new row if anything changed, else the time of the last one; what is older than it says nothing. True for a new row. For the owner''s functions only (内部: 登记账号资料)';

CREATE FUNCTION kefu.take_profile(account text, body text, at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    reply jsonb := body::jsonb;
    seen jsonb;
BEGIN
    SELECT jsonb_object_agg(m.field, reply #> m.path) INTO seen
      FROM kefu.account a JOIN kefu.profile_map m USING (platform)
     WHERE a.account = take_profile.account AND jsonb_typeof(reply #> m.path) IN ('string', 'boolean');
    IF seen IS NULL THEN
        RAISE EXCEPTION 'the reply has nothing of a profile' USING ERRCODE = 'data_exception';
    END IF;
    PERFORM kefu.keep_profile(account, seen, at, true, NULL);
    RETURN 1;
END $$;
COMMENT ON FUNCTION kefu.take_profile(text, text, timestamptz) IS
'Takes a platform''s reply about one of our accounts, as kefu.profile_map reads it; data_exception where it can''t be read. Returns 1. For the owner''s functions only (读取账号资料; R11, R26, R28)';

CREATE FUNCTION kefu.note_profile(account text, profile jsonb, evidence text, seen_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account := kefu.account_for(account, 'operator', 'leader', 'admin');
    at timestamptz := coalesce(note_profile.seen_at, kefu.now());
    is_new boolean;
BEGIN
    IF coalesce(evidence, '') = '' THEN
        RAISE EXCEPTION 'evidence is missing'
            USING ERRCODE = 'KF002', HINT = 'Say how one can see it, such as the address of a picture of the screen.';
    END IF;
    IF at > kefu.now() THEN
        RAISE EXCEPTION 'nobody has seen what is still to come' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM kefu.require_profile(profile);
    is_new := kefu.keep_profile(a.account, profile, at, false, evidence);
    PERFORM kefu.append_ledger('organization', 'note_profile', jsonb_build_object('account', a.account, 'at', at),
                               profile || jsonb_build_object('evidence', evidence));
    RETURN is_new;
END $$;
COMMENT ON FUNCTION kefu.note_profile(text, jsonb, text, timestamptz) IS
'A person says what an account really shows, with evidence; what isn''t named isn''t said. True if it is a change. KF002 without evidence. Operators, leaders and administrators of its unit (登记账号资料核对; R11)';

CREATE FUNCTION kefu.review_profile(account text, background_fits boolean, intro_fits boolean, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account;
BEGIN
    SELECT * INTO a FROM kefu.account x WHERE x.account = review_profile.account;
    PERFORM kefu.require_unit(a.unit, 'leader', 'reviewer');
    IF NOT (background_fits AND intro_fits) AND coalesce(reason, '') = '' THEN
        RAISE EXCEPTION 'a reason is missing'
            USING ERRCODE = 'KF002', HINT = 'Say what doesn''t fit, so that it can be mended.';
    END IF;
    INSERT INTO kefu.profile_review (account, reviewed_at, reviewed_by, background_fits, intro_fits, reason)
    VALUES (a.account, kefu.now(), kefu.me(), background_fits, intro_fits, reason);
    PERFORM kefu.append_ledger('organization', 'review_profile', jsonb_build_object('account', a.account,
        'background_fits', background_fits, 'intro_fits', intro_fits), jsonb_build_object('reason', reason));
END $$;
COMMENT ON FUNCTION kefu.review_profile(text, boolean, boolean, text) IS
'A leader or reviewer of the unit, or of one above, says whether the background shows China Telecom and service, and whether introduction, tags and topics fit. KF002 where something doesn''t and no reason is given (审核账号资料; R20, R23)';

CREATE FUNCTION kefu.reserve_name(platform text, unit text, name text, evidence text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin('group');
    INSERT INTO kefu.reserved_name (platform, unit, name, reserved_at, reserved_by, evidence)
    VALUES (reserve_name.platform, reserve_name.unit, ltrim(reserve_name.name, '@'), kefu.now(), kefu.me(),
            reserve_name.evidence);
    PERFORM kefu.append_ledger('organization', 'reserve_name', jsonb_build_object('platform', platform, 'unit', unit),
                               jsonb_build_object('name', name, 'evidence', evidence));
END $$;
COMMENT ON FUNCTION kefu.reserve_name(text, text, text, text) IS
'Group took a name for a unit on a platform. unique_violation if one is taken. Group administrators only (统一抢注名称; R18)';

-- --- duties ---------------------------------------------------------------------------

CREATE FUNCTION kefu.open_duty(kind text, unit text, account text, subject text, due_at timestamptz, rulebook text,
                               note text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    task kefu.outcome;
BEGIN
    IF EXISTS (SELECT FROM kefu.profile_duty d
                WHERE d.kind = open_duty.kind AND d.subject = open_duty.subject AND d.unit = open_duty.unit
                  AND coalesce(d.account, '') = coalesce(open_duty.account, '') AND NOT d.is_void) THEN
        RETURN false;
    END IF;
    task := kefu.raise_new('task', 'open', kefu.facts('unit', unit, 'cause', 'profile_' || kind,
        'due_at', due_at::text, 'rulebook', rulebook, 'note', note));
    INSERT INTO kefu.profile_duty (kind, unit, account, subject, due_at, task_id)
    VALUES (open_duty.kind, open_duty.unit, open_duty.account, open_duty.subject, open_duty.due_at, task.id);
    RETURN true;
END $$;
COMMENT ON FUNCTION kefu.open_duty(text, text, text, text, timestamptz, text, text) IS
'A duty and its task, unless it is there; true if it is new. For the owner''s functions only (内部: 下达账号资料待办)';

CREATE FUNCTION kefu.void_duties(duties bigint[], reason text) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    d kefu.profile_duty;
    ended integer := 0;
BEGIN
    FOR d IN SELECT x.* FROM kefu.profile_duty x WHERE x.duty_id = ANY (duties) AND NOT x.is_void
              ORDER BY x.task_id LOOP
        IF kefu.may_happen('task', d.task_id, 'waive') THEN
            PERFORM kefu.raise_as('event', 'task', d.task_id, 'waive', kefu.facts('reason', reason));
        END IF;
        UPDATE kefu.profile_duty x SET is_void = true WHERE x.duty_id = d.duty_id;
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END $$;
COMMENT ON FUNCTION kefu.void_duties(bigint[], text) IS
'Calls duties off and waives their open tasks; returns how many. For the owner''s functions only (内部: 撤销账号资料待办)';

CREATE VIEW kefu.duty_now AS
SELECT d.duty_id, d.kind, d.unit, d.account, d.subject, d.due_at, d.task_id, t.state,
       coalesce(d.done_at, CASE WHEN t.state = 'done' THEN t.closed_at END) AS done_at, d.done_by
  FROM kefu.profile_duty d JOIN kefu.task t USING (task_id)
 WHERE NOT d.is_void;
COMMENT ON VIEW kefu.duty_now IS 'Duties that hold, and when each was done, whichever call said so (现行账号资料待办)';
COMMENT ON COLUMN kefu.duty_now.duty_id IS 'number (编号)';
COMMENT ON COLUMN kefu.duty_now.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu.duty_now.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu.duty_now.account IS 'account; NULL where it is the unit''s (账号)';
COMMENT ON COLUMN kefu.duty_now.subject IS 'what it is about (事项)';
COMMENT ON COLUMN kefu.duty_now.due_at IS 'when (到期时间)';
COMMENT ON COLUMN kefu.duty_now.task_id IS 'its task (待办)';
COMMENT ON COLUMN kefu.duty_now.state IS 'state of the task (状态)';
COMMENT ON COLUMN kefu.duty_now.done_at IS 'when it was done; NULL not yet (完成时间)';
COMMENT ON COLUMN kefu.duty_now.done_by IS 'who said so with its time; NULL: the task was closed as such (完成人)';

CREATE FUNCTION kefu.duty_done(duty bigint, evidence text, at timestamptz DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    d kefu.profile_duty;
    o kefu.outcome;
BEGIN
    SELECT x.* INTO d FROM kefu.profile_duty x WHERE x.duty_id = duty_done.duty;
    PERFORM kefu.require_unit(d.unit, 'operator', 'leader');
    IF at > kefu.now() THEN
        RAISE EXCEPTION 'nothing is done in the future'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the time at which it was done on the platform.';
    END IF;
    o := kefu.advance('task', d.task_id, 'done', kefu.facts('evidence', evidence));
    UPDATE kefu.profile_duty x SET done_at = coalesce(duty_done.at, kefu.now()), done_by = kefu.me()
     WHERE x.duty_id = d.duty_id;
    RETURN o;
END $$;
COMMENT ON FUNCTION kefu.duty_done(bigint, text, timestamptz) IS
'A duty of appearance is done, at the time it was done on the platform (now if NULL), with evidence; closes its task. Refuses as kefu.advance(); invalid_parameter_value for a time to come (办结账号资料待办; R19, R21, R22, R25)';

CREATE FUNCTION kefu.issue_avatar(medium text, switch_at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    new_id integer;
BEGIN
    PERFORM kefu.require_rank('group', 'leader', 'admin');
    PERFORM kefu.require_later(switch_at);
    INSERT INTO kefu.issued_avatar (medium, switch_at, issued_at, issued_by)
    VALUES (issue_avatar.medium, issue_avatar.switch_at, kefu.now(), kefu.me())
    RETURNING avatar_id INTO new_id;
    PERFORM kefu.open_duty('avatar', a.unit, a.account, new_id::text, issue_avatar.switch_at, 'R19',
                           format('头像统一更新：账号 %s，%s', a.account, medium))
       FROM kefu.account a WHERE a.is_live ORDER BY a.account;
    PERFORM kefu.append_ledger('organization', 'issue_avatar',
        jsonb_build_object('avatar', new_id, 'due_at', switch_at), jsonb_build_object('medium', medium));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.issue_avatar(text, timestamptz) IS
'Group issues an avatar with the one time at which all accounts switch: a task for each live account, due then. Returns its number; unique_violation where another is to be switched at the same time. A leader or administrator of Group (下发头像; R19)';

CREATE FUNCTION kefu.new_service_tag(tag text, due_at timestamptz, reason text) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    made integer;
BEGIN
    PERFORM kefu.require_rank('group', 'leader', 'admin');
    PERFORM kefu.require_later(due_at);
    INSERT INTO kefu.tag_rule (tag, valid_from, is_service, rulebook)
    VALUES (btrim(new_service_tag.tag), new_service_tag.due_at, true, 'R25');
    SELECT count(*) FILTER (WHERE kefu.open_duty('tag', a.unit, a.account, btrim(tag), new_service_tag.due_at, 'R25',
                                                 format('新服务名称添加标签：账号 %s，%s', a.account, btrim(tag))))
      INTO made
      FROM kefu.account a JOIN kefu.unit u USING (unit) WHERE a.is_live AND u.kind = 'province';
    PERFORM kefu.append_ledger('organization', 'new_service_tag', jsonb_build_object('due_at', due_at, 'count', made),
                               jsonb_build_object('tag', tag, 'reason', reason));
    RETURN made;
END $$;
COMMENT ON FUNCTION kefu.new_service_tag(text, timestamptz, text) IS
'A service has a new name: every live account of a province has it as a tag by a time, a task each; from then on an account without it is a finding. Returns how many tasks. A leader or administrator of Group (新服务名称标签; R25)';

CREATE FUNCTION kefu.add_mandatory_tag(tag text, valid_from timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_later(valid_from);
    INSERT INTO kefu.tag_rule (tag, valid_from, is_service, rulebook)
    VALUES (btrim(add_mandatory_tag.tag), add_mandatory_tag.valid_from, false, 'R24');
    PERFORM kefu.append_ledger('organization', 'add_mandatory_tag', jsonb_build_object('from', valid_from),
                               jsonb_build_object('tag', tag));
END $$;
COMMENT ON FUNCTION kefu.add_mandatory_tag(text, timestamptz) IS
'A tag that every account must have from a time on; kefu.retire_tag() ends it. Group administrators only; invalid_parameter_value for a time that is over (新增必选标签; R2, R24)';

CREATE FUNCTION kefu.retire_tag(tag text, valid_to timestamptz DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    ends timestamptz := coalesce(retire_tag.valid_to, kefu.now());
    ended integer;
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_later(ends);
    UPDATE kefu.tag_rule r SET valid_to = ends
     WHERE r.tag = retire_tag.tag AND r.valid_from < ends AND (r.valid_to IS NULL OR r.valid_to > ends);
    GET DIAGNOSTICS ended = ROW_COUNT;
    PERFORM kefu.append_ledger('organization', 'retire_tag', jsonb_build_object('until', ends, 'count', ended),
                               jsonb_build_object('tag', tag));
    RETURN ended;
END $$;
COMMENT ON FUNCTION kefu.retire_tag(text, timestamptz) IS
'A tag is asked for no longer from a time on (now if NULL); returns how many rules ended, 0 for none. Group administrators only (停用必选标签; R24, R25)';

-- --- campaigns ------------------------------------------------------------------------

CREATE FUNCTION kefu.plan_campaign(c kefu.campaign) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    made integer;
BEGIN
    SELECT count(*) FILTER (WHERE kefu.open_duty(x.kind, a.unit, a.account, c.campaign, x.due_at, 'R21',
                                                 format('活动背景%s：账号 %s，%s', x.word, a.account, c.name)))
      INTO made
      FROM kefu.account a
     CROSS JOIN (VALUES ('campaign_up', c.from_at, '上架'), ('campaign_down', c.to_at, '下架')) AS x(kind, due_at, word)
     WHERE a.is_live AND c.unit IN (SELECT kefu.unit_path(a.unit));
    RETURN made;
END $$;
COMMENT ON FUNCTION kefu.plan_campaign(kefu.campaign) IS
'The duties at both ends of a campaign, for each live account of its unit and below; returns how many. For the owner''s functions only (内部: 下达活动背景待办; R21)';

CREATE FUNCTION kefu.add_campaign(campaign text, unit text, name text, from_at timestamptz, to_at timestamptz, background text)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    c kefu.campaign;
BEGIN
    PERFORM kefu.require_unit(unit, 'leader', 'operator');
    PERFORM kefu.require_later(from_at);
    INSERT INTO kefu.campaign (campaign, unit, name, from_at, to_at, background)
    VALUES (add_campaign.campaign, add_campaign.unit, add_campaign.name, add_campaign.from_at, add_campaign.to_at,
            add_campaign.background)
    RETURNING * INTO c;
    PERFORM kefu.append_ledger('organization', 'add_campaign', jsonb_build_object('campaign', campaign, 'unit', unit,
        'from', from_at, 'until', to_at), jsonb_build_object('name', name, 'background', background));
    RETURN kefu.plan_campaign(c);
END $$;
COMMENT ON FUNCTION kefu.add_campaign(text, text, text, timestamptz, timestamptz, text) IS
'A campaign with a background: two tasks for each live account of its unit and below, up at its start, down at its end. Returns how many. An operator or leader of the unit (登记营销活动背景; R21)';

CREATE FUNCTION kefu.set_campaign(campaign text, from_at timestamptz DEFAULT NULL, to_at timestamptz DEFAULT NULL,
                                  is_live boolean DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    old kefu.campaign;
    c kefu.campaign;
    moved text[];
BEGIN
    SELECT x.* INTO old FROM kefu.campaign x WHERE x.campaign = set_campaign.campaign FOR UPDATE;
    PERFORM kefu.require_unit(old.unit, 'leader', 'operator');
    UPDATE kefu.campaign x
       SET from_at = coalesce(set_campaign.from_at, x.from_at), to_at = coalesce(set_campaign.to_at, x.to_at),
           is_live = coalesce(set_campaign.is_live, x.is_live)
     WHERE x.campaign = set_campaign.campaign
    RETURNING x.* INTO c;
    -- A background that is up comes down whatever becomes of the campaign.
    moved := CASE WHEN c.from_at <> old.from_at OR NOT c.is_live THEN '{campaign_up}' ELSE '{}'::text[] END
             || CASE WHEN c.to_at <> old.to_at THEN '{campaign_down}' ELSE '{}'::text[] END;
    PERFORM kefu.void_duties(array_agg(d.duty_id), 'campaign ' || c.campaign || ' was moved or called off')
       FROM kefu.duty_now d
      WHERE d.subject = c.campaign AND d.state = 'open'
        AND (d.kind = ANY (moved)
             OR NOT c.is_live AND d.kind = 'campaign_down'
                AND NOT EXISTS (SELECT FROM kefu.duty_now u WHERE u.kind = 'campaign_up' AND u.subject = c.campaign
                                   AND u.account = d.account AND u.done_at IS NOT NULL));
    PERFORM kefu.append_ledger('organization', 'set_campaign', jsonb_build_object('campaign', campaign,
        'from', c.from_at, 'until', c.to_at, 'is_live', c.is_live));
    RETURN CASE WHEN c.is_live THEN kefu.plan_campaign(c) ELSE 0 END;
END $$;
COMMENT ON FUNCTION kefu.set_campaign(text, timestamptz, timestamptz, boolean) IS
'Moves an end of a campaign, or calls it off; NULL keeps. Open tasks of an end that moved are waived and made anew; a background that is up keeps its task to come down. Returns how many were made (调整营销活动; R21)';

-- --- festivals ------------------------------------------------------------------------

CREATE FUNCTION kefu.plan_themes(at_most integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
    f record;
    made integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    -- A theme stays up until its last day is over.
    FOR f IN
        WITH day AS (
            SELECT x.festival, x.date, x.name_zh, x.date::timestamp AT TIME ZONE 'Asia/Shanghai' AS from_at,
                   (x.to_date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS to_at
              FROM kefu.festival x
        )
        SELECT d.kind, a.unit, CASE WHEN d.kind <> 'theme_design' THEN a.account END AS account, d.name_zh,
               y.festival || '/' || y.date AS subject, d.due_at
          FROM day y
         CROSS JOIN LATERAL (VALUES ('theme_design', y.from_at - r.design_before, y.name_zh),
                                    ('theme_up', y.from_at, y.name_zh),
                                    ('theme_down', y.to_at, y.name_zh)) AS d(kind, due_at, name_zh)
          JOIN kefu.account a ON a.is_live
          JOIN kefu.unit u ON u.unit = a.unit AND u.kind IN ('group', 'province')
         WHERE y.from_at <= kefu.now() + r.plan_before AND d.due_at > kefu.now()
           AND NOT EXISTS (SELECT FROM kefu.profile_duty x
                            WHERE x.kind = d.kind AND x.subject = y.festival || '/' || y.date AND x.unit = a.unit
                              AND coalesce(x.account, '')
                                  = CASE WHEN d.kind <> 'theme_design' THEN a.account ELSE '' END)
         GROUP BY 1, 2, 3, 4, 5, 6
         ORDER BY d.due_at, a.unit, 3
         LIMIT at_most
    LOOP
        made := made + kefu.open_duty(f.kind, f.unit, f.account, f.subject, f.due_at, 'R22',
            format('节日主题%s：%s', CASE f.kind WHEN 'theme_design' THEN '设计' WHEN 'theme_up' THEN '更换'
                                                ELSE '撤下' END, f.name_zh))::integer;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION kefu.plan_themes(integer) IS
'Makes the duties of festivals that come within plan_before: a design for each unit, a theme up on the day and down after it for each live account. Returns how many. The clock worker calls it each day; a Group administrator may (下达节日主题待办; R22)';

CREATE FUNCTION kefu.add_festival(festival text, date date, to_date date, name_zh text, name_en text, basis text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_later(kefu.local_instant(date, '00:00'));
    INSERT INTO kefu.festival (festival, date, to_date, name_zh, name_en, basis)
    VALUES (add_festival.festival, add_festival.date, coalesce(add_festival.to_date, add_festival.date),
            add_festival.name_zh, add_festival.name_en, add_festival.basis);
    PERFORM kefu.append_ledger('organization', 'add_festival',
        jsonb_build_object('festival', festival, 'date', date, 'to_date', to_date));
END $$;
COMMENT ON FUNCTION kefu.add_festival(text, date, date, text, text, text) IS
'The day of a festival in a year, with the last day of its theme (NULL: the day) and where the date comes from; from that year on it is asked for each year. Group administrators only; invalid_parameter_value for a day that has come (新增节日日期; R2, R22)';

CREATE FUNCTION kefu.offer_template(unit text, festival text, date date, link text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_unit(unit, 'operator', 'leader');
    INSERT INTO kefu.theme_template AS t (unit, festival, date, link, offered_at)
    VALUES (offer_template.unit, offer_template.festival, offer_template.date, offer_template.link, kefu.now())
        ON CONFLICT ON CONSTRAINT theme_template_pkey DO UPDATE SET link = excluded.link;
    PERFORM kefu.append_ledger('organization', 'offer_template', jsonb_build_object('unit', unit, 'festival', festival,
        'date', date), jsonb_build_object('link', link));
END $$;
COMMENT ON FUNCTION kefu.offer_template(text, text, date, text) IS
'The background template of a festival is offered to fans at an address; called again, the address changes. An operator or leader of the unit (开放背景模板下载; R22)';

CREATE FUNCTION kefu.count_downloads(unit text, festival text, date date, download_count integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_unit(unit, 'operator', 'leader');
    UPDATE kefu.theme_template t SET download_count = count_downloads.download_count, counted_at = kefu.now()
     WHERE t.unit = count_downloads.unit AND t.festival = count_downloads.festival AND t.date = count_downloads.date;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no template of that festival is offered'
            USING ERRCODE = 'undefined_object', HINT = 'Offer it with kefu.offer_template().';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.count_downloads(text, text, date, integer) IS
'How often a template was downloaded up to now, as its host says; undefined_object for one that isn''t offered (登记模板下载次数; R22)';
