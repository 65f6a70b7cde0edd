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

-- --- what breaks the rules --------------------------------------------------------------

CREATE VIEW kefu.profile_now AS
WITH seen AS (
    SELECT s.account, max(s.checked_at) AS checked_at, max(s.seen_at) AS changed_at,
           (array_agg(s.name ORDER BY s.checked_at DESC) FILTER (WHERE s.name IS NOT NULL))[1] AS name,
           (array_agg(s.intro ORDER BY s.checked_at DESC) FILTER (WHERE s.intro IS NOT NULL))[1] AS intro,
           (array_agg(s.domain ORDER BY s.checked_at DESC) FILTER (WHERE s.domain IS NOT NULL))[1] AS domain,
           (array_agg(to_jsonb(s.tags) ORDER BY s.checked_at DESC) FILTER (WHERE s.tags IS NOT NULL))[1] AS tags,
           (array_agg(to_jsonb(s.topics) ORDER BY s.checked_at DESC) FILTER (WHERE s.topics IS NOT NULL))[1] AS topics,
           (array_agg(s.background ORDER BY s.checked_at DESC) FILTER (WHERE s.background IS NOT NULL))[1] AS background,
           (array_agg(s.is_verified ORDER BY s.checked_at DESC) FILTER (WHERE s.is_verified IS NOT NULL))[1] AS is_verified,
           (array_agg(s.dm_open ORDER BY s.checked_at DESC) FILTER (WHERE s.dm_open IS NOT NULL))[1] AS dm_open
      FROM kefu.account_profile_seen s
     GROUP BY s.account
), should AS (
    SELECT DISTINCT ON (p.account) p.*
      FROM kefu.account_profile p
     WHERE p.valid_from <= kefu.now()
     ORDER BY p.account, p.valid_from DESC
)
SELECT a.account, a.platform, a.unit, u.kind AS unit_kind, a.handle,
       CASE u.kind WHEN 'group' THEN r.group_name
                   WHEN 'province' THEN replace(r.province_name, '{province}',
                       CASE WHEN right(u.name_zh, length(r.unit_suffix)) = r.unit_suffix
                            THEN left(u.name_zh, length(u.name_zh) - length(r.unit_suffix)) ELSE u.name_zh END)
                   END AS rule_name,
       p.account IS NOT NULL AS is_set, p.valid_from AS set_from, p.name, p.intro, p.domain, p.tags, p.topics,
       p.background, p.is_verified, p.dm_open,
       s.checked_at, s.changed_at, s.name AS seen_name, s.intro AS seen_intro, s.domain AS seen_domain,
       s.tags AS seen_tags, s.topics AS seen_topics, s.background AS seen_background,
       s.is_verified AS seen_is_verified, s.dm_open AS seen_dm_open
  FROM kefu.account a
  JOIN kefu.unit u USING (unit)
  LEFT JOIN (SELECT x.* FROM kefu.profile_rule x WHERE x.valid_from <= kefu.now()
              ORDER BY x.valid_from DESC LIMIT 1) AS r ON true
  LEFT JOIN should p ON p.account = a.account
  LEFT JOIN seen s ON s.account = a.account
 WHERE a.is_live;
COMMENT ON VIEW kefu.profile_now IS 'Each live account: its name by rule, what it should show, what it was last seen to show (账号资料现状)';
COMMENT ON COLUMN kefu.profile_now.account IS 'account (账号)';
COMMENT ON COLUMN kefu.profile_now.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.profile_now.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu.profile_now.unit_kind IS 'kind of unit (机构类型)';
COMMENT ON COLUMN kefu.profile_now.handle IS 'name it is registered with (登记名称)';
COMMENT ON COLUMN kefu.profile_now.rule_name IS 'name by rule; NULL: there is none for this kind of unit (规范名称; R16, R17)';
COMMENT ON COLUMN kefu.profile_now.is_set IS 'what it should show has been set (是否已设置)';
COMMENT ON COLUMN kefu.profile_now.set_from IS 'since when; NULL not set (生效时间)';
COMMENT ON COLUMN kefu.profile_now.name IS 'name it should show; NULL not set, as in what follows (应有名称)';
COMMENT ON COLUMN kefu.profile_now.intro IS 'introduction it should show (应有介绍)';
COMMENT ON COLUMN kefu.profile_now.domain IS 'domain it should have (应有域名)';
COMMENT ON COLUMN kefu.profile_now.tags IS 'tags it should have (应有标签)';
COMMENT ON COLUMN kefu.profile_now.topics IS 'topics it should follow (应有话题)';
COMMENT ON COLUMN kefu.profile_now.background IS 'background it should show (应有背景)';
COMMENT ON COLUMN kefu.profile_now.is_verified IS 'should carry the V (应否加V)';
COMMENT ON COLUMN kefu.profile_now.dm_open IS 'should take messages of anybody (应否开放私信)';
COMMENT ON COLUMN kefu.profile_now.checked_at IS 'last look at it; NULL never (最近核对时间)';
COMMENT ON COLUMN kefu.profile_now.changed_at IS 'last change seen; NULL never (最近变化时间)';
COMMENT ON COLUMN kefu.profile_now.seen_name IS 'name seen; NULL not told, as in what follows (实际名称)';
COMMENT ON COLUMN kefu.profile_now.seen_intro IS 'introduction seen (实际介绍)';
COMMENT ON COLUMN kefu.profile_now.seen_domain IS 'domain seen (实际域名)';
COMMENT ON COLUMN kefu.profile_now.seen_tags IS 'tags seen, as an array (实际标签)';
COMMENT ON COLUMN kefu.profile_now.seen_topics IS 'topics seen, as an array (实际话题)';
COMMENT ON COLUMN kefu.profile_now.seen_background IS 'background seen (实际背景)';
COMMENT ON COLUMN kefu.profile_now.seen_is_verified IS 'carries the V (实际是否加V)';
COMMENT ON COLUMN kefu.profile_now.seen_dm_open IS 'takes messages of anybody (实际是否开放私信)';

CREATE FUNCTION kefu.find_unseen_profile() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, p.checked_at + r.seen_within, NULL::text[],
           CASE WHEN p.checked_at IS NULL THEN '从未核对实际资料' ELSE '超过核对周期未核对实际资料' END,
           CASE WHEN p.checked_at IS NULL THEN 'what it really shows was never looked at'
                ELSE 'what it really shows was not looked at in time' END
      FROM kefu.profile_now p
     WHERE p.checked_at IS NULL OR p.checked_at < kefu.now() - r.seen_within;
END $$;
COMMENT ON FUNCTION kefu.find_unseen_profile() IS 'Accounts nobody looked at for longer than seen_within (未核对的账号资料; R11)';

CREATE FUNCTION kefu.find_profile_apart() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, p.changed_at, NULL::text[],
           CASE WHEN p.is_set THEN '实际资料与设置不符：' || f.fields ELSE '未设置应有资料' END,
           CASE WHEN p.is_set THEN 'what it shows differs from what is set: ' || f.fields
                ELSE 'what it should show is not set' END
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (
           SELECT concat_ws(', ', CASE WHEN p.seen_name <> p.name THEN 'name' END,
                                  CASE WHEN p.seen_intro <> coalesce(p.intro, '') THEN 'intro' END,
                                  CASE WHEN p.seen_domain <> coalesce(p.domain, '') THEN 'domain' END,
                                  CASE WHEN NOT to_jsonb(p.tags) <@ p.seen_tags OR NOT p.seen_tags <@ to_jsonb(p.tags)
                                       THEN 'tags' END,
                                  CASE WHEN NOT to_jsonb(p.topics) <@ p.seen_topics
                                         OR NOT p.seen_topics <@ to_jsonb(p.topics) THEN 'topics' END) AS fields) AS f
     WHERE NOT p.is_set OR f.fields <> '';
END $$;
COMMENT ON FUNCTION kefu.find_profile_apart() IS 'Accounts that show something else than is set, or for which nothing is set (账号资料不符; R11, R23)';

CREATE FUNCTION kefu.find_name_break() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, NULL::timestamptz,
           ARRAY[CASE p.unit_kind WHEN 'group' THEN 'R16' ELSE 'R17' END, 'R11'],
           format('名称为“%s”，规范名称为“%s”', x.name, p.rule_name),
           format('it is named %s, by rule it is %s', x.name, p.rule_name)
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (SELECT coalesce(p.seen_name, p.handle) AS name) AS x
     WHERE x.name <> p.rule_name;
END $$;
COMMENT ON FUNCTION kefu.find_name_break() IS 'Accounts of Group and provinces that are not named by rule: as seen, else as registered (账号名称不合规范; R16, R17)';

CREATE FUNCTION kefu.find_account_gap() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    asked CONSTANT integer := (kefu.profile_rule_now()).platforms;
BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, u.unit, u.unit, CASE WHEN n.accounts > 1 THEN n.account END,
           NULL::timestamptz, NULL::text[],
           CASE WHEN n.accounts > 1 THEN format('平台 %s 有 %s 个在用账号', p.platform, n.accounts)
                WHEN r.unit IS NOT NULL THEN format('平台 %s 无账号，名称已抢注', p.platform)
                ELSE format('平台 %s 无账号，名称未抢注', p.platform) END,
           CASE WHEN n.accounts > 1 THEN format('%s live accounts on platform %s', n.accounts, p.platform)
                WHEN r.unit IS NOT NULL THEN format('no account on platform %s, its name is reserved', p.platform)
                ELSE format('no account on platform %s, and its name is not reserved', p.platform) END
      FROM kefu.unit u
     CROSS JOIN kefu.platform p
     CROSS JOIN LATERAL (SELECT count(*) AS accounts, min(a.account) AS account FROM kefu.account a
                          WHERE a.unit = u.unit AND a.platform = p.platform AND a.is_live) AS n
      LEFT JOIN kefu.reserved_name r ON r.platform = p.platform AND r.unit = u.unit
     WHERE u.is_live AND u.kind IN ('group', 'province') AND p.is_live
       AND (n.accounts > 1
            OR n.accounts = 0 AND (SELECT count(DISTINCT a.platform) FROM kefu.account a JOIN kefu.platform x USING (platform)
                                    WHERE a.unit = u.unit AND a.is_live AND x.is_live) < asked);
END $$;
COMMENT ON FUNCTION kefu.find_account_gap() IS 'Live platforms without an account of Group or a province that is on fewer than it has to be, and those on which it has two (平台账号缺失或重复; R18)';

CREATE FUNCTION kefu.find_few_platforms() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 1 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, 'group', 'group', NULL::text, r.valid_from, NULL::text[],
           format('在用平台 %s 个，少于规定的 %s 个', n.live, r.platforms),
           format('%s live platforms, the rule asks for %s', n.live, r.platforms)
      FROM kefu.profile_rule_now() AS r
     CROSS JOIN (SELECT count(*) AS live FROM kefu.platform p WHERE p.is_live) AS n
     WHERE n.live < r.platforms;
END $$;
COMMENT ON FUNCTION kefu.find_few_platforms() IS 'Fewer live platforms than units have to be on; Group''s (在用平台不足; R18)';

CREATE FUNCTION kefu.find_missing_tag() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, t.valid_from, ARRAY[t.rulebook],
           '缺少标签“' || t.tag || '”', 'it lacks the tag ' || t.tag
      FROM kefu.profile_now p
      JOIN kefu.tag_rule t ON t.valid_from <= kefu.now() AND (t.valid_to IS NULL OR t.valid_to > kefu.now())
                          AND (p.unit_kind = 'province' OR p.unit_kind = 'group' AND NOT t.is_service)
     CROSS JOIN LATERAL (SELECT coalesce(p.seen_tags, to_jsonb(p.tags)) AS tags) AS x
     WHERE NOT x.tags ? t.tag;
END $$;
COMMENT ON FUNCTION kefu.find_missing_tag() IS 'Accounts without a tag that is asked of them: as seen, else as set; where neither is known that is a finding of its own (缺少必选标签; R24, R25)';

CREATE FUNCTION kefu.find_profile_setting() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, p.changed_at, ARRAY[x.rulebook], x.zh, x.en
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (VALUES
           ('R26', NOT coalesce(p.seen_dm_open, p.dm_open), '私信未对所有用户开放', 'private messages are not open to all'),
           ('R28', NOT coalesce(p.seen_is_verified, p.is_verified), '未加V认证', 'it is not verified')
           ) AS x(rulebook, is_broken, zh, en)
     WHERE x.is_broken AND p.unit_kind IN ('group', 'province');
END $$;
COMMENT ON FUNCTION kefu.find_profile_setting() IS 'Accounts that don''t take everybody''s messages, or carry no V: as seen, else as set (私信未开放、未认证; R26, R28)';

CREATE FUNCTION kefu.find_odd_domain() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account, p.changed_at, NULL::text[],
           CASE WHEN d.domain = '' THEN '无个性域名' ELSE '个性域名为 ' || d.domain END,
           CASE WHEN d.domain = '' THEN 'it has no domain of its own' ELSE 'its domain is ' || d.domain END
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (SELECT coalesce(p.seen_domain, CASE WHEN p.is_set THEN coalesce(p.domain, '') END) AS domain) AS d
     WHERE p.unit_kind IN ('group', 'province') AND NOT starts_with(d.domain, r.domain_prefix);
END $$;
COMMENT ON FUNCTION kefu.find_odd_domain() IS 'Accounts whose domain is not of the series: as seen, else as set (个性域名不合规范; R27)';

CREATE FUNCTION kefu.find_unfit_profile() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, p.account, p.unit, p.account,
           CASE WHEN x.is_fit IS NULL THEN c.changed_at ELSE v.reviewed_at END, ARRAY[x.rulebook],
           x.what_zh || CASE WHEN x.is_fit IS NULL THEN '变化后未审核' ELSE '审核不合规' END,
           x.what_en || CASE WHEN x.is_fit IS NULL THEN ' not reviewed since it changed' ELSE ' found not to fit' END
      FROM kefu.profile_now p
     CROSS JOIN LATERAL (SELECT greatest(p.set_from, p.changed_at) AS changed_at) AS c
      LEFT JOIN LATERAL (SELECT w.* FROM kefu.profile_review w WHERE w.account = p.account
                          ORDER BY w.reviewed_at DESC LIMIT 1) AS v ON true
     CROSS JOIN LATERAL (SELECT v.reviewed_at >= c.changed_at AS is_current) AS n
     CROSS JOIN LATERAL (VALUES
           ('R20', CASE WHEN n.is_current OR NOT v.background_fits THEN v.background_fits END, '背景', 'background'),
           ('R23', CASE WHEN n.is_current OR NOT v.intro_fits THEN v.intro_fits END, '介绍、标签、话题', 'introduction, tags and topics')
           ) AS x(rulebook, is_fit, what_zh, what_en)
     WHERE c.changed_at IS NOT NULL AND x.is_fit IS NOT TRUE;
END $$;
COMMENT ON FUNCTION kefu.find_unfit_profile() IS 'Backgrounds and introductions that nobody reviewed since they changed, or that don''t fit (账号资料未审核或不合规; R20, R23)';

CREATE FUNCTION kefu.find_avatar_apart() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    -- A platform names a picture by an address of its own: what was there before
    -- the switch must be gone, and what came with it must stay.
    RETURN QUERY
    WITH issued AS (
        SELECT i.* FROM kefu.issued_avatar i WHERE i.switch_at <= kefu.now() ORDER BY i.switch_at DESC LIMIT 1
    ), seen AS (
        SELECT s.account, s.seen_at, s.checked_at, s.avatar, s.is_platform
          FROM kefu.account_profile_seen s WHERE s.avatar IS NOT NULL
    )
    SELECT 'account', NULL::bigint, a.account, a.unit, a.account, last.seen_at, NULL::text[],
           CASE WHEN last.avatar = before.avatar THEN '更新时间已过，头像仍为更新前的'
                WHEN NOT last.is_platform THEN '头像不是统一下发的' ELSE '更换后头像又有变化' END,
           CASE WHEN last.avatar = before.avatar THEN 'the avatar is still the one from before the switch'
                WHEN NOT last.is_platform THEN 'the avatar is not the one issued'
                ELSE 'the avatar changed again after the switch' END
      FROM issued i
     CROSS JOIN kefu.account a
      JOIN LATERAL (SELECT s.* FROM seen s WHERE s.account = a.account AND s.checked_at >= i.switch_at
                     ORDER BY s.checked_at DESC LIMIT 1) AS last ON true
      LEFT JOIN LATERAL (SELECT s.avatar FROM seen s WHERE s.account = a.account AND s.is_platform = last.is_platform
                            AND s.seen_at < i.switch_at ORDER BY s.seen_at DESC LIMIT 1) AS before ON true
      LEFT JOIN LATERAL (SELECT s.avatar FROM kefu.duty_now d
                           JOIN seen s ON s.account = a.account AND s.is_platform AND s.checked_at >= d.done_at
                                      AND s.avatar IS DISTINCT FROM before.avatar
                          WHERE d.kind = 'avatar' AND d.subject = i.avatar_id::text AND d.account = a.account
                          ORDER BY s.seen_at LIMIT 1) AS switched ON true
     WHERE a.is_live AND last.avatar <> i.medium
       AND (last.avatar = before.avatar OR NOT last.is_platform OR last.avatar <> switched.avatar);
END $$;
COMMENT ON FUNCTION kefu.find_avatar_apart() IS 'Accounts whose avatar, looked at after the time of the switch, is the one from before, another than issued, or one that came later (头像未统一更新; R19)';

CREATE FUNCTION kefu.find_switch_apart() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
BEGIN
    RETURN QUERY
    SELECT 'task', d.task_id, NULL::text, d.unit, d.account, d.done_at,
           ARRAY[CASE d.kind WHEN 'avatar' THEN 'R19' ELSE 'R21' END],
           format('规定 %s 切换，实际 %s', x.due, x.done), format('to be switched at %s, was at %s', x.due, x.done)
      FROM kefu.duty_now d
     CROSS JOIN LATERAL (SELECT to_char(d.due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS due,
                                to_char(d.done_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS done) AS x
     WHERE d.kind IN ('avatar', 'campaign_up', 'campaign_down')
       AND d.done_at NOT BETWEEN d.due_at - r.switch_tolerance AND d.due_at + r.switch_tolerance
       AND d.done_at > kefu.now() - r.shown_for;
END $$;
COMMENT ON FUNCTION kefu.find_switch_apart() IS 'Switches done off their time by more than the tolerance, for as long as shown_for says; those still open are late promises (未按时切换; R19, R21)';

CREATE FUNCTION kefu.find_missing_template() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, d.unit, d.unit, NULL::text, f.date::timestamp AT TIME ZONE 'Asia/Shanghai', NULL::text[],
           f.name_zh || '背景模板未开放下载', 'the template of ' || f.name_en || ' is not offered to fans'
      FROM kefu.festival f
      JOIN (SELECT DISTINCT a.unit FROM kefu.account a JOIN kefu.unit u USING (unit)
             WHERE a.is_live AND u.kind IN ('group', 'province')) AS d ON true
     WHERE (f.date::timestamp AT TIME ZONE 'Asia/Shanghai') <= kefu.now()
       AND ((f.to_date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') > kefu.now()
       AND NOT EXISTS (SELECT FROM kefu.theme_template t
                        WHERE t.unit = d.unit AND t.festival = f.festival AND t.date = f.date);
END $$;
COMMENT ON FUNCTION kefu.find_missing_template() IS 'Festivals that are on without a template for fans (背景模板未开放下载; R22)';

CREATE FUNCTION kefu.find_festival_gap() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.profile_rule := kefu.profile_rule_now();
BEGIN
    -- A festival that was kept in a year is kept in the next one, whose date must be
    -- known before its duties are due: while this year lasts, and that long ahead.
    RETURN QUERY
    SELECT 'festival', NULL::bigint, f.festival, 'group', NULL::text, kefu.local_instant(make_date(y.year, 1, 1), '00:00'),
           NULL::text[], format('%s年%s日期未登记', y.year, f.name_zh), format('%s has no date in %s', f.name_en, y.year)
      FROM (SELECT DISTINCT extract(year FROM kefu.local_day(t.at))::integer AS year
              FROM (VALUES (kefu.now()), (kefu.now() + r.plan_before)) AS t(at)) AS y
      JOIN (SELECT x.festival, extract(year FROM x.date)::integer AS year, min(x.name_zh) AS name_zh, min(x.name_en) AS name_en
              FROM kefu.festival x GROUP BY 1, 2) AS f ON f.year = y.year - 1
     WHERE NOT EXISTS (SELECT FROM kefu.festival x
                        WHERE x.festival = f.festival AND extract(year FROM x.date)::integer = y.year);
END $$;
COMMENT ON FUNCTION kefu.find_festival_gap() IS 'Festivals kept last year that have no date this year, or next year as soon as its duties may come (节日日期未登记; R22)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES
    ('unseen_profile', 'kefu.find_unseen_profile()', '{R11}', 'warn', '账号资料未核对', 'profile not looked at',
     '为账号开通 profile 信息源，或用 kefu.note_profile() 登记核对结果。',
     'Start the feed profile for the account, or note what it shows with kefu.note_profile().'),
    ('profile_apart', 'kefu.find_profile_apart()', '{R11,R23}', 'must', '账号资料不符', 'profile differs',
     '在平台上改正，或用 kefu.set_account_profile() 设置应有资料。',
     'Mend it on the platform, or set what it should show with kefu.set_account_profile().'),
    ('name_break', 'kefu.find_name_break()', '{R17,R16,R11}', 'must', '账号名称不合规范', 'name against the rule',
     '在平台上更名为规范名称。', 'Rename the account on the platform.'),
    ('account_gap', 'kefu.find_account_gap()', '{R18}', 'must', '平台账号缺失或重复', 'account missing or double',
     '由集团抢注名称（kefu.reserve_name）并登记账号（kefu.add_account），或停用多余账号（kefu.set_account）。',
     'Group reserves the name (kefu.reserve_name) and the account is registered (kefu.add_account), or the surplus one is stopped (kefu.set_account).'),
    ('few_platforms', 'kefu.find_few_platforms()', '{R18}', 'warn', '在用平台不足', 'fewer platforms than asked for',
     '由集团接入更多平台，或以新版本调整平台数（kefu.set_profile_rule）。',
     'Group connects more platforms, or sets another number by a new version (kefu.set_profile_rule).'),
    ('missing_tag', 'kefu.find_missing_tag()', '{R24,R25}', 'must', '缺少必选标签', 'tag missing',
     '在平台上添加标签并登记核对结果。', 'Add the tag on the platform and note what it shows.'),
    ('profile_setting', 'kefu.find_profile_setting()', '{R26,R28}', 'must', '私信未开放或未认证', 'messages closed or not verified',
     '在平台上对所有用户开放私信；认证由集团与平台协商。',
     'Open messages to everybody on the platform; Group negotiates the verification.'),
    ('odd_domain', 'kefu.find_odd_domain()', '{R27}', 'warn', '个性域名不合规范', 'domain not of the series',
     '在平台上设置 ct10000 系列个性域名。', 'Set a domain of the series on the platform.'),
    ('unfit_profile', 'kefu.find_unfit_profile()', '{R20,R23}', 'warn', '账号资料未审核或不合规', 'profile not reviewed or unfit',
     '由审核员审核（kefu.review_profile），不合规的先改正。', 'A reviewer reviews it (kefu.review_profile); what doesn''t fit is mended first.'),
    ('avatar_apart', 'kefu.find_avatar_apart()', '{R19,R11}', 'must', '头像未统一更新', 'avatar not as issued',
     '立即换上统一下发的头像，并办结待办。', 'Put up the avatar issued, and close the task.'),
    ('switch_apart', 'kefu.find_switch_apart()', '{R21,R19}', 'warn', '未按时切换', 'switched off its time',
     '说明原因；以后按规定时间切换。', 'Say why; switch at the time next time.'),
    ('missing_template', 'kefu.find_missing_template()', '{R22}', 'warn', '背景模板未开放下载', 'no template offered',
     '用 kefu.offer_template() 登记下载链接。', 'Offer it with kefu.offer_template().'),
    ('festival_gap', 'kefu.find_festival_gap()', '{R22}', 'warn', '节日日期未登记', 'festival without a date',
     '用 kefu.add_festival() 登记该年日期。', 'Enter its day of that year with kefu.add_festival().');
