-- 36_posting_rule: how many posts a day, when, and of what: the numbers of 4.1 and
-- 4.2 as rows, and who is exempt from them for a while.
--
-- All rules are for one account and one local day (Asia/Shanghai). Which of them
-- refuse and which only warn is in the row (ruling 26); what warns is a finding.

CREATE TABLE kefu.posting_rule (
    rule text COLLATE "C" NOT NULL CONSTRAINT posting_rule_rule CHECK (rule IN
        ('number', 'window', 'spacing', 'gap', 'morning', 'evening', 'mix', 'mix_service', 'mix_industry',
         'mix_leisure', 'ratio', 'ratio_repost', 'ratio_original', 'pictures', 'soft_reposts', 'late')),
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    account text COLLATE "C" NOT NULL DEFAULT '',
    valid_from timestamptz NOT NULL,
    at_least integer CONSTRAINT posting_rule_at_least CHECK (at_least >= 0),
    at_most integer CONSTRAINT posting_rule_at_most CHECK (at_most >= 0),
    from_time time,
    to_time time,
    effect text COLLATE "C" NOT NULL CONSTRAINT posting_rule_effect CHECK (effect IN ('block', 'warn')),
    latitude text COLLATE "C" NOT NULL CONSTRAINT posting_rule_latitude CHECK
        (latitude IN ('no', 'stricter', 'bounds', 'yes')),
    bound_least integer,
    bound_most integer,
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (rule, unit, account, valid_from),
    CONSTRAINT posting_rule_says CHECK (num_nonnulls(at_least, at_most, from_time) > 0),
    CONSTRAINT posting_rule_bounds CHECK
        ((latitude = 'bounds') = (bound_least IS NOT NULL AND bound_most IS NOT NULL))
);
COMMENT ON TABLE kefu.posting_rule IS 'The numbers of posting, changed by a new version with a later valid_from; what an account goes by is kefu.posting_rule_of() (发文规则; R38, R39, R48-R52, R61, R62)';
COMMENT ON COLUMN kefu.posting_rule.rule IS 'number of posts a day; window of the day; spacing and gap of two posts, minutes; morning and evening: their time and its tolerance, minutes; mix: tolerance, posts, and mix_*: shares; ratio: tolerance, posts, and ratio_*: shares; pictures a day; soft_reposts a day; late: minutes after which a planned post is not sent any more (规则)';
COMMENT ON COLUMN kefu.posting_rule.unit IS 'unit and all below it (机构)';
COMMENT ON COLUMN kefu.posting_rule.account IS 'one account of it only; empty: all (账号)';
COMMENT ON COLUMN kefu.posting_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.posting_rule.at_least IS 'lower figure, or a share; NULL none (下限或份额)';
COMMENT ON COLUMN kefu.posting_rule.at_most IS 'upper figure, or a tolerance; NULL none (上限或容差)';
COMMENT ON COLUMN kefu.posting_rule.from_time IS 'local time it begins or is at; NULL none (开始或时刻)';
COMMENT ON COLUMN kefu.posting_rule.to_time IS 'local time it ends; NULL none (结束)';
COMMENT ON COLUMN kefu.posting_rule.effect IS 'block: refused with KF005; warn: a finding (效力; ruling 26)';
COMMENT ON COLUMN kefu.posting_rule.latitude IS 'what units below may change: no, stricter, bounds, yes (下级可调范围; R6, ruling 28)';
COMMENT ON COLUMN kefu.posting_rule.bound_least IS 'smallest figure they may set; NULL none (可调下界)';
COMMENT ON COLUMN kefu.posting_rule.bound_most IS 'largest figure they may set; NULL none (可调上界)';
COMMENT ON COLUMN kefu.posting_rule.rulebook IS 'R number; house for a house default (规范条款)';

CREATE TABLE kefu.posting_exception (
    exception_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    account text COLLATE "C" REFERENCES kefu.account,
    during tstzrange NOT NULL CONSTRAINT posting_exception_during CHECK
        (NOT isempty(during) AND lower(during) IS NOT NULL AND upper(during) <= lower(during) + interval '744 hours'),
    reason text NOT NULL CONSTRAINT posting_exception_reason CHECK (btrim(reason) <> ''),
    granted_by integer NOT NULL REFERENCES kefu.staff,
    granted_at timestamptz NOT NULL
);
CREATE INDEX posting_exception_unit ON kefu.posting_exception (unit);
COMMENT ON TABLE kefu.posting_exception IS 'Special events, during which times and numbers of posts may differ: rules that warn don''t, those that block still do (特殊事件; R40)';
COMMENT ON COLUMN kefu.posting_exception.exception_id IS 'number (编号)';
COMMENT ON COLUMN kefu.posting_exception.unit IS 'unit and all below it (机构)';
COMMENT ON COLUMN kefu.posting_exception.account IS 'one account of it only; NULL all (账号)';
COMMENT ON COLUMN kefu.posting_exception.during IS 'from when to when, 31 days at most (时段)';
COMMENT ON COLUMN kefu.posting_exception.reason IS 'which event (理由)';
COMMENT ON COLUMN kefu.posting_exception.granted_by IS 'leader who says so (批准人)';
COMMENT ON COLUMN kefu.posting_exception.granted_at IS 'when (批准时间)';

CREATE TABLE kefu.posting_day (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    day date NOT NULL,
    changes integer NOT NULL DEFAULT 1,
    PRIMARY KEY (account, day)
) WITH (fillfactor = 50);
COMMENT ON TABLE kefu.posting_day IS 'Plans of an account''s day: whoever changes one writes its row first, so that two see each other''s posts whatever their isolation (发文日; R61)';
COMMENT ON COLUMN kefu.posting_day.account IS 'account (账号)';
COMMENT ON COLUMN kefu.posting_day.day IS 'local date (日期)';
COMMENT ON COLUMN kefu.posting_day.changes IS 'how often its plan was changed: another number later means that it is another plan (变更次数)';

-- --- which rule holds ----------------------------------------------------------------

CREATE FUNCTION kefu.posting_rule_of(rule text, account text, at timestamptz) RETURNS kefu.posting_rule
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT r
              FROM kefu.account a
             CROSS JOIN LATERAL kefu.unit_path(a.unit) WITH ORDINALITY AS p(unit, step)
              JOIN kefu.posting_rule r ON r.unit = p.unit AND r.rule = posting_rule_of.rule AND r.valid_from <= at
                                      AND r.account IN ('', a.account)
             WHERE a.account = posting_rule_of.account
             ORDER BY r.account = '', p.step, r.valid_from DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.posting_rule_of(text, text, timestamptz) IS
'The version of a posting rule that an account goes by at an instant: its own, else that of the nearest unit above; NULLs if there is none (适用发文规则)';

CREATE FUNCTION kefu.posting_exempt(account text, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM kefu.account a JOIN kefu.posting_exception x
                            ON x.unit IN (SELECT kefu.unit_path(a.unit)) AND coalesce(x.account, a.account) = a.account
                    WHERE a.account = posting_exempt.account AND x.during @> at);
END;
COMMENT ON FUNCTION kefu.posting_exempt(text, timestamptz) IS 'True while a special event exempts the account (是否特殊事件; R40)';

CREATE FUNCTION kefu.local_day(at timestamptz) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (at AT TIME ZONE 'Asia/Shanghai')::date;
END;
COMMENT ON FUNCTION kefu.local_day(timestamptz) IS 'Beijing date of an instant (本地日期)';

CREATE FUNCTION kefu.local_instant(day date, at time) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (day + at) AT TIME ZONE 'Asia/Shanghai';
END;
COMMENT ON FUNCTION kefu.local_instant(date, time) IS 'Instant of a Beijing date and time (本地时刻)';

-- What stands or is to stand on an account, with the time it counts for.
CREATE VIEW kefu.standing_placement AS
    SELECT l.placement_id, l.post_id, l.account, l.unit, l.kind, l.is_repost, l.is_exempt, l.has_media, l.state,
           kefu.counted_at(l.send_at, l.published_at) AS at, l.published_at IS NOT NULL AS is_published, l.has_video
      FROM kefu.placement l
     WHERE l.state IN ('planned', 'sending', 'uncertain', 'published', 'deleting')
        OR l.state = 'deleted' AND l.published_at IS NOT NULL;
COMMENT ON VIEW kefu.standing_placement IS 'Placements that count for the rules of their day: planned, on their way, published, or published and deleted since (计入规则的投放)';
COMMENT ON COLUMN kefu.standing_placement.placement_id IS 'placement (投放)';
COMMENT ON COLUMN kefu.standing_placement.post_id IS 'post (博文)';
COMMENT ON COLUMN kefu.standing_placement.account IS 'account (账号)';
COMMENT ON COLUMN kefu.standing_placement.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu.standing_placement.kind IS 'kind (类别)';
COMMENT ON COLUMN kefu.standing_placement.is_repost IS 'a repost (是否转发)';
COMMENT ON COLUMN kefu.standing_placement.is_exempt IS 'emergency or re-issue (是否豁免)';
COMMENT ON COLUMN kefu.standing_placement.has_media IS 'shows a picture (是否含图)';
COMMENT ON COLUMN kefu.standing_placement.state IS 'state (状态)';
COMMENT ON COLUMN kefu.standing_placement.at IS 'instant it counts for, as kefu.counted_at() (时间)';
COMMENT ON COLUMN kefu.standing_placement.is_published IS 'published already (是否已发布)';
COMMENT ON COLUMN kefu.standing_placement.has_video IS 'shows a video (是否含视频)';

-- --- what a time breaks ------------------------------------------------------------------

CREATE FUNCTION kefu.slot_problems(account text, at timestamptz, kind text, is_repost boolean,
                                   placement bigint DEFAULT NULL)
    RETURNS TABLE (rule text, rulebook text, effect text, problem text)
    LANGUAGE plpgsql ROWS 3 STABLE PARALLEL SAFE AS
$$
DECLARE
    k kefu.post_kind;
    r kefu.posting_rule;
    day date := kefu.local_day(at);
    begins timestamptz := kefu.local_instant(day, '00:00');
    ends timestamptz := kefu.local_instant(day + 1, '00:00');
    minute timestamptz := date_trunc('minute', at);
    local time := (minute AT TIME ZONE 'Asia/Shanghai')::time;
    found integer;
    near interval;
BEGIN
    SELECT x.* INTO k FROM kefu.post_kind x WHERE x.kind = slot_problems.kind;
    IF k.is_soft AND is_repost THEN
        r := kefu.posting_rule_of('soft_reposts', account, at);
        SELECT count(*) INTO found
          FROM kefu.standing_placement s JOIN kefu.post_kind x ON x.kind = s.kind AND x.is_soft
         WHERE s.account = slot_problems.account AND s.is_repost AND s.at >= begins AND s.at < ends
           AND s.placement_id IS DISTINCT FROM placement;
        IF found >= r.at_most THEN
            RETURN QUERY SELECT r.rule, r.rulebook, r.effect,
                format('%s of %s welfare, news and culture reposts are taken on %s', found, r.at_most, day);
        END IF;
    END IF;
    IF k.is_urgent THEN
        RETURN;
    END IF;
    r := kefu.posting_rule_of('number', account, at);
    SELECT count(*) INTO found FROM kefu.standing_placement s
     WHERE s.account = slot_problems.account AND NOT s.is_exempt AND s.at >= begins AND s.at < ends
       AND s.placement_id IS DISTINCT FROM placement;
    IF found >= r.at_most THEN
        RETURN QUERY SELECT r.rule, r.rulebook, r.effect, format('%s of %s posts are taken on %s', found, r.at_most, day);
    END IF;
    r := kefu.posting_rule_of('window', account, at);
    IF k.slot IS NULL AND (local < r.from_time OR local > r.to_time) THEN
        RETURN QUERY SELECT r.rule, r.rulebook, r.effect,
            format('%s is outside %s to %s', to_char(local, 'HH24:MI'), to_char(r.from_time, 'HH24:MI'), to_char(r.to_time, 'HH24:MI'));
    END IF;
    r := kefu.posting_rule_of('spacing', account, at);
    SELECT min(CASE WHEN m.at > minute THEN m.at - minute ELSE minute - m.at END) INTO near
      FROM kefu.standing_placement s
     CROSS JOIN LATERAL (SELECT date_trunc('minute', s.at) AS at) AS m
     WHERE s.account = slot_problems.account AND NOT s.is_exempt AND s.placement_id IS DISTINCT FROM placement
       AND s.at BETWEEN minute - make_interval(mins => r.at_least) AND minute + make_interval(mins => r.at_least);
    IF near < make_interval(mins => r.at_least) THEN
        RETURN QUERY SELECT r.rule, r.rulebook, r.effect,
            format('another post is %s minutes away, less than %s', extract(epoch FROM near)::integer / 60, r.at_least);
    END IF;
    IF k.slot IS NOT NULL THEN
        r := kefu.posting_rule_of(k.slot, account, at);
        IF minute NOT BETWEEN kefu.local_instant(day, r.from_time) - make_interval(mins => r.at_most)
                      AND kefu.local_instant(day, r.from_time) + make_interval(mins => r.at_most) THEN
            RETURN QUERY SELECT r.rule, r.rulebook, r.effect,
                format('%s is not %s, give or take %s minutes', to_char(local, 'HH24:MI'), to_char(r.from_time, 'HH24:MI'), r.at_most);
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.slot_problems(text, timestamptz, text, boolean, bigint) IS
'What a post of a kind would break on an account at an instant, one row a rule; placement: itself, which doesn''t count. In whole minutes, seconds cut off. Special events are not looked at (时段冲突; R38, R39, R48, R49, R61)';

CREATE FUNCTION kefu.next_free_at(account text, kind text, is_repost boolean, from_at timestamptz,
                                  placement bigint DEFAULT NULL) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    k kefu.post_kind;
    w kefu.posting_rule;
    s kefu.posting_rule;
    day date := kefu.local_day(from_at);
    free timestamptz;
BEGIN
    SELECT x.* INTO k FROM kefu.post_kind x WHERE x.kind = next_free_at.kind;
    FOR n IN 0 .. 13 LOOP
        w := kefu.posting_rule_of('window', account, kefu.local_instant(day + n, '12:00'));
        s := kefu.posting_rule_of(k.slot, account, kefu.local_instant(day + n, '12:00'));
        -- A full day has no time to look for.
        CONTINUE WHEN EXISTS (
            SELECT FROM kefu.slot_problems(account, greatest(from_at, kefu.local_instant(day + n, '12:00')), kind,
                                           is_repost, placement) AS p
             WHERE p.rule IN ('number', 'soft_reposts') AND kefu.local_day(greatest(from_at, kefu.local_instant(day + n, '12:00'))) = day + n);
        SELECT min(c.at) INTO free
          FROM generate_series(
                   greatest(kefu.local_instant(day + n, coalesce(s.from_time, w.from_time, '00:00'))
                            - CASE WHEN s.rule IS NULL THEN interval '0' ELSE make_interval(mins => s.at_most) END,
                            date_trunc('minute', from_at + interval '59 seconds')),
                   CASE WHEN s.rule IS NULL THEN kefu.local_instant(day + n, coalesce(w.to_time, '23:59'))
                        ELSE kefu.local_instant(day + n, s.from_time) + make_interval(mins => s.at_most) END,
                   interval '5 minutes') AS c(at)
         WHERE NOT EXISTS (SELECT FROM kefu.slot_problems(next_free_at.account, c.at, next_free_at.kind,
                                                          next_free_at.is_repost, next_free_at.placement));
        IF free IS NOT NULL THEN
            RETURN free;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION kefu.next_free_at(text, text, boolean, timestamptz, bigint) IS
'First time from an instant on, in steps of five minutes, at which a post of a kind breaks no rule of the account; NULL if there is none within 14 days (下一可用时段)';

CREATE FUNCTION kefu.claim_slot(account text, at timestamptz, kind text, is_repost boolean,
                                placement bigint DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    broken text;
    free timestamptz;
BEGIN
    INSERT INTO kefu.posting_day AS d (account, day)
    VALUES (claim_slot.account, kefu.local_day(at))
        ON CONFLICT ON CONSTRAINT posting_day_pkey DO UPDATE SET changes = d.changes + 1;
    SELECT string_agg(format('%s (%s)', p.problem, p.rulebook), '; ' ORDER BY p.rule) INTO broken
      FROM kefu.slot_problems(account, at, kind, is_repost, placement) AS p WHERE p.effect = 'block';
    IF broken IS NOT NULL THEN
        free := kefu.next_free_at(account, kind, is_repost, at, placement);
        RAISE EXCEPTION 'there is no room on "%" then: %', account, broken
            USING ERRCODE = 'KF005',
                  HINT = coalesce('Next free: ' || to_char(free AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') || '.',
                                  'Nothing is free within 14 days.');
    END IF;
END $$;
COMMENT ON FUNCTION kefu.claim_slot(text, timestamptz, text, boolean, bigint) IS
'Takes a place in an account''s day, or refuses (KF005) with what is in the way and the next free time; two at once wait for each other (占用时段; R61)';
