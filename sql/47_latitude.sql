-- 47_latitude: how far a unit below Group may go in a rule, and what becomes of its
-- own version when the one above it leaves that room no longer.
--
-- Four kinds of rules have versions of units: posting, texts, patrols and promises.
-- Whether a version is within what the one above allows is said in one place, and
-- asked twice: when it is set, and whenever a version above it or another of its
-- own changes what holds at an instant to come.  Then the version above is written
-- for the unit too, from that instant on, and what it had set itself is kept: it
-- comes back with the first version above that leaves it room.

CREATE VIEW kefu.unit_rule AS
    SELECT 'posting_rule' AS rule_set, r.rule, r.unit, r.account, r.valid_from, to_jsonb(r) AS says FROM kefu.posting_rule r
    UNION ALL
    SELECT 'content_rule', r.rule, r.unit, '', r.valid_from, to_jsonb(r) FROM kefu.content_rule r
    UNION ALL
    SELECT 'patrol_rule', '', r.unit, '', r.valid_from, to_jsonb(r) FROM kefu.patrol_rule r
    UNION ALL
    SELECT 'clock_policy', r.clock, r.unit, '', r.valid_from, to_jsonb(r) FROM kefu.clock_policy r;
COMMENT ON VIEW kefu.unit_rule IS 'Versions of the rules that units may have of their own (机构自定规则; R6, R91, ruling 28)';
COMMENT ON COLUMN kefu.unit_rule.rule_set IS 'table (规则表)';
COMMENT ON COLUMN kefu.unit_rule.rule IS 'rule in it, or promise; empty: the only one (规则)';
COMMENT ON COLUMN kefu.unit_rule.unit IS 'unit and all below it (机构)';
COMMENT ON COLUMN kefu.unit_rule.account IS 'one account of it only; empty: all (账号)';
COMMENT ON COLUMN kefu.unit_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.unit_rule.says IS 'its row (内容)';

CREATE TABLE kefu.rule_given_way (
    rule_set text COLLATE "C" NOT NULL,
    rule text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    account text COLLATE "C" NOT NULL,
    given_way_at timestamptz NOT NULL,
    own jsonb NOT NULL,
    PRIMARY KEY (rule_set, rule, unit, account, given_way_at)
);
COMMENT ON TABLE kefu.rule_given_way IS 'Versions that a unit has of the rule above it, since its own went beyond what that allows (让位规则; R2, R6, R91, ruling 28)';
COMMENT ON COLUMN kefu.rule_given_way.rule_set IS 'table, as in kefu.unit_rule (规则表)';
COMMENT ON COLUMN kefu.rule_given_way.rule IS 'rule, as in kefu.unit_rule (规则)';
COMMENT ON COLUMN kefu.rule_given_way.unit IS 'unit whose own gave way (机构)';
COMMENT ON COLUMN kefu.rule_given_way.account IS 'account it is for; empty: all (账号)';
COMMENT ON COLUMN kefu.rule_given_way.given_way_at IS 'valid_from of the version written in its place (让位时间)';
COMMENT ON COLUMN kefu.rule_given_way.own IS 'row that the unit had set itself (原自定内容)';

CREATE FUNCTION kefu.beyond_latitude(rule_set text, own jsonb, above jsonb) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET intervalstyle = postgres AS
$$
DECLARE
    ranks CONSTANT text[] := ARRAY['off', 'warn', 'block'];
    latitude text := above ->> 'latitude';
    least text := above ->> 'bound_least';
    most text := above ->> 'bound_most';
    is_looser boolean;
    is_outside boolean;
    p kefu.posting_rule;
    q kefu.posting_rule;
    l kefu.rule_latitude;
BEGIN
    CASE rule_set
    WHEN 'posting_rule' THEN
        p := jsonb_populate_record(p, own);
        q := jsonb_populate_record(q, above);
        is_looser := p.at_least < q.at_least OR p.at_most > q.at_most OR p.from_time < q.from_time OR p.to_time > q.to_time
                     OR q.effect = 'block' AND p.effect = 'warn';
        is_outside := q.effect = 'block' AND p.effect = 'warn' OR NOT p.at_least BETWEEN q.bound_least AND q.bound_most
                      OR NOT p.at_most BETWEEN q.bound_least AND q.bound_most;
    WHEN 'content_rule' THEN
        is_looser := array_position(ranks, own ->> 'effect') < array_position(ranks, above ->> 'effect')
                     OR NOT own -> 'applies_to' @> (above -> 'applies_to')
                     OR (own ->> 'at_most')::integer > (above ->> 'at_most')::integer;
    WHEN 'patrol_rule' THEN
        is_looser := (own ->> 'every')::interval > (above ->> 'every')::interval;
    WHEN 'clock_policy' THEN
        SELECT x.* INTO l FROM kefu.rule_latitude x WHERE x.clock IN (own ->> 'clock', '*') ORDER BY x.clock = '*' LIMIT 1;
        IF l.is_wall AND own ->> 'calendar' = 'shift' THEN
            RETURN 'It never runs in staffed time (ruling 1).';
        END IF;
        latitude := l.latitude;
        least := l.least;
        most := l.most;
        is_looser := (own ->> 'target')::interval > (above ->> 'target')::interval;
        is_outside := NOT (own ->> 'target')::interval BETWEEN l.least AND l.most;
    END CASE;
    RETURN CASE WHEN above IS NULL THEN NULL
                WHEN latitude = 'no' THEN 'Only Group sets it.'
                WHEN latitude = 'stricter' AND is_looser THEN 'It may only be made stricter.'
                WHEN latitude = 'bounds' AND is_outside THEN format('It stays between %s and %s.', least, most) END;
END $$;
COMMENT ON FUNCTION kefu.beyond_latitude(text, jsonb, jsonb) IS
'Why a row of one of the tables of kefu.unit_rule goes beyond what the one above it leaves open; NULL if it doesn''t. Without one above, only what nobody may: the legal limit and corrections in staffed time (超出可调范围的原因; R6, R91, rulings 1 and 28)';

CREATE FUNCTION kefu.check_latitude(rule_set text, rule text, unit text, own jsonb, above jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    why text := kefu.beyond_latitude(rule_set, own, above);
BEGIN
    IF why IS NOT NULL THEN
        RAISE EXCEPTION '% "%" can''t be set so for unit "%"',
                CASE rule_set WHEN 'clock_policy' THEN 'clock' ELSE 'rule' END, coalesce(nullif(rule, ''), rule_set), unit
            USING ERRCODE = 'KF004', DETAIL = why,
                  HINT = 'Group may change what units below it may not; kefu_bi.rule_latitudes has what they may.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.check_latitude(text, text, text, jsonb, jsonb) IS
'Raises KF004 where a version would go beyond what kefu.beyond_latitude() allows (内部: 校验可调范围; R6, R91, ruling 28)';

CREATE FUNCTION kefu.rule_above(rule_set text, rule text, unit text, account text, at timestamptz) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET intervalstyle = postgres AS
$$ BEGIN
    -- Posting goes by the nearest unit above, all else by Group.
    RETURN (SELECT r.says
              FROM kefu.unit_path(rule_above.unit) WITH ORDINALITY AS p(unit, step)
              JOIN kefu.unit_rule r ON r.rule_set = rule_above.rule_set AND r.rule = rule_above.rule AND r.unit = p.unit
                                   AND r.account = '' AND r.valid_from <= at
             WHERE CASE WHEN rule_above.account <> '' THEN true
                        WHEN rule_above.rule_set = 'posting_rule' THEN p.unit <> rule_above.unit
                        ELSE p.unit = 'group' AND rule_above.unit <> 'group' END
             ORDER BY p.step, r.valid_from DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.rule_above(text, text, text, text, timestamptz) IS
'The version that leaves a unit, or one account of it, its room in a rule at an instant; NULL for Group, which has none above it (上级规则; R6, R91, ruling 28)';

CREATE FUNCTION kefu.scale_levels(policy kefu.clock_policy, model kefu.clock_policy) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- Levels keep their place: an offset longer than the new target is cut to it.
    INSERT INTO kefu.clock_level (clock, unit, valid_from, level, base, offset_by, role, event)
    SELECT l.clock, policy.unit, policy.valid_from, l.level, l.base,
           CASE WHEN model.target IS NULL OR l.offset_by = interval '0' THEN l.offset_by
                ELSE l.offset_by * (extract(epoch FROM policy.target) / extract(epoch FROM model.target))::float8 END,
           l.role, l.event
      FROM kefu.clock_level l
     WHERE l.clock = model.clock AND l.unit = model.unit AND l.valid_from = model.valid_from;
END $$;
COMMENT ON FUNCTION kefu.scale_levels(kefu.clock_policy, kefu.clock_policy) IS
'Gives a policy the levels of another, in proportion to the lengths of the two (内部: 折算升级层级; R91)';

CREATE FUNCTION kefu.write_rule(rule_set text, says jsonb, above jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET intervalstyle = postgres AS
$$
DECLARE
    policy kefu.clock_policy := jsonb_populate_record(NULL::kefu.clock_policy, says);
BEGIN
    CASE rule_set
    WHEN 'posting_rule' THEN
        INSERT INTO kefu.posting_rule SELECT (jsonb_populate_record(NULL::kefu.posting_rule, says)).*
            ON CONFLICT ON CONSTRAINT posting_rule_pkey DO UPDATE
               SET at_least = excluded.at_least, at_most = excluded.at_most, from_time = excluded.from_time,
                   to_time = excluded.to_time, effect = excluded.effect, latitude = excluded.latitude,
                   bound_least = excluded.bound_least, bound_most = excluded.bound_most, rulebook = excluded.rulebook;
    WHEN 'content_rule' THEN
        INSERT INTO kefu.content_rule SELECT (jsonb_populate_record(NULL::kefu.content_rule, says)).*
            ON CONFLICT ON CONSTRAINT content_rule_pkey DO UPDATE
               SET effect = excluded.effect, applies_to = excluded.applies_to, at_most = excluded.at_most,
                   latitude = excluded.latitude, rulebook = excluded.rulebook;
    WHEN 'patrol_rule' THEN
        INSERT INTO kefu.patrol_rule SELECT (jsonb_populate_record(NULL::kefu.patrol_rule, says)).*
            ON CONFLICT ON CONSTRAINT patrol_rule_pkey DO UPDATE
               SET every = excluded.every, latitude = excluded.latitude, rulebook = excluded.rulebook;
    WHEN 'clock_policy' THEN
        INSERT INTO kefu.clock_policy (clock, unit, valid_from, target, target_from, calendar)
        VALUES (policy.clock, policy.unit, policy.valid_from, policy.target, policy.target_from, policy.calendar)
            ON CONFLICT ON CONSTRAINT clock_policy_pkey DO UPDATE
               SET target = excluded.target, target_from = excluded.target_from, calendar = excluded.calendar;
        DELETE FROM kefu.clock_level l
         WHERE l.clock = policy.clock AND l.unit = policy.unit AND l.valid_from = policy.valid_from;
        PERFORM kefu.scale_levels(policy, jsonb_populate_record(NULL::kefu.clock_policy, above));
    END CASE;
END $$;
COMMENT ON FUNCTION kefu.write_rule(text, jsonb, jsonb) IS
'Writes a version of a unit that nobody set there: that above it, or its own once more; one that was to begin at the same instant is overwritten. Levels of a promise are those of the one above, in proportion (内部: 写入规则版本; ruling 28)';

CREATE FUNCTION kefu.settle_rule(rule_set text, rule text, unit text, account text, since timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET intervalstyle = postgres AS
$$
DECLARE
    place CONSTANT text[] := ARRAY['unit', 'account', 'valid_from', 'policy_id'];
    at timestamptz;
    above jsonb;
    own jsonb;
    held jsonb;
    gives_way boolean;
BEGIN
    FOR at IN SELECT DISTINCT r.valid_from FROM kefu.unit_rule r
               WHERE r.rule_set = settle_rule.rule_set AND r.rule = settle_rule.rule AND r.valid_from >= since
                 AND r.unit IN (SELECT kefu.unit_path(settle_rule.unit)) AND r.account IN ('', settle_rule.account)
               ORDER BY 1 LOOP
        above := kefu.rule_above(rule_set, rule, unit, account, at);
        -- What the unit set last, whether it gave way or not.
        SELECT o.says INTO own
          FROM (SELECT r.says, r.valid_from FROM kefu.unit_rule r
                 WHERE (r.rule_set, r.rule, r.unit, r.account) = (settle_rule.rule_set, settle_rule.rule, settle_rule.unit, settle_rule.account)
                   AND NOT EXISTS (SELECT FROM kefu.rule_given_way w
                                    WHERE (w.rule_set, w.rule, w.unit, w.account, w.given_way_at)
                                        = (r.rule_set, r.rule, r.unit, r.account, r.valid_from))
                UNION ALL
                SELECT w.own, (w.own ->> 'valid_from')::timestamptz FROM kefu.rule_given_way w
                 WHERE (w.rule_set, w.rule, w.unit, w.account) = (settle_rule.rule_set, settle_rule.rule, settle_rule.unit, settle_rule.account)
               ) AS o
         WHERE o.valid_from <= at ORDER BY o.valid_from DESC LIMIT 1;
        CONTINUE WHEN own IS NULL OR above IS NULL;
        SELECT r.says INTO held FROM kefu.unit_rule r
         WHERE (r.rule_set, r.rule, r.unit, r.account) = (settle_rule.rule_set, settle_rule.rule, settle_rule.unit, settle_rule.account)
           AND r.valid_from <= at
         ORDER BY r.valid_from DESC LIMIT 1;
        gives_way := kefu.beyond_latitude(rule_set, own, above) IS NOT NULL;
        CONTINUE WHEN held - place = CASE WHEN gives_way THEN above ELSE own END - place;
        PERFORM kefu.write_rule(rule_set, CASE WHEN gives_way THEN above ELSE own END
            || jsonb_build_object('unit', unit, 'account', account, 'valid_from', at), above);
        DELETE FROM kefu.rule_given_way w
         WHERE (w.rule_set, w.rule, w.unit, w.account, w.given_way_at)
             = (settle_rule.rule_set, settle_rule.rule, settle_rule.unit, settle_rule.account, at);
        INSERT INTO kefu.rule_given_way (rule_set, rule, unit, account, given_way_at, own)
        SELECT settle_rule.rule_set, settle_rule.rule, settle_rule.unit, settle_rule.account, at, own WHERE gives_way;
        PERFORM kefu.append_ledger('rules', CASE WHEN gives_way THEN 'rule_gave_way' ELSE 'rule_came_back' END,
            jsonb_strip_nulls(jsonb_build_object('set', rule_set, CASE rule_set WHEN 'clock_policy' THEN 'clock' ELSE 'rule' END,
                nullif(rule, ''), 'unit', unit, 'account', nullif(account, ''), 'from', at)));
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.settle_rule(text, text, text, text, timestamptz) IS
'Goes through the instants from one on at which a rule changes for a unit, or one account of it: where its own goes beyond the version above, that holds there too, and where it doesn''t any more, its own does again. Each is an event of the ledger of rules (内部: 机构规则让位; R2, R6, R91, ruling 28)';

CREATE FUNCTION kefu.settle_rules(rule_set text, rule text, unit text, since timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- From the top down: what a province goes by is what its cities are held against.
    PERFORM kefu.settle_rule(rule_set, rule, x.unit, x.account, since)
       FROM (SELECT r.unit, r.account
               FROM kefu.unit_rule r
              WHERE r.rule_set = settle_rules.rule_set AND r.rule = settle_rules.rule
                AND kefu.is_below(r.unit, settle_rules.unit) AND (r.unit, r.account) <> ('group', '')
              GROUP BY r.unit, r.account
              ORDER BY (SELECT count(*) FROM kefu.unit_path(r.unit)), r.unit, r.account) AS x;
END $$;
COMMENT ON FUNCTION kefu.settle_rules(text, text, text, timestamptz) IS
'Settles a rule that a unit has set for itself, its accounts and all below it, from an instant on; called by whatever sets one (内部: 下级规则让位; ruling 28)';

CREATE FUNCTION kefu.make_room(rule_set text, rule text, unit text, account text, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    DELETE FROM kefu.rule_given_way w
     WHERE (w.rule_set, w.rule, w.unit, w.account, w.given_way_at)
         = (make_room.rule_set, make_room.rule, make_room.unit, make_room.account, make_room.at);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    DELETE FROM kefu.posting_rule r
     WHERE rule_set = 'posting_rule' AND r.rule = make_room.rule AND r.unit = make_room.unit
       AND r.account = make_room.account AND r.valid_from = at;
    DELETE FROM kefu.content_rule r
     WHERE rule_set = 'content_rule' AND r.rule = make_room.rule AND r.unit = make_room.unit AND r.valid_from = at;
    DELETE FROM kefu.patrol_rule r WHERE rule_set = 'patrol_rule' AND r.unit = make_room.unit AND r.valid_from = at;
    DELETE FROM kefu.clock_level l
     WHERE rule_set = 'clock_policy' AND l.clock = make_room.rule AND l.unit = make_room.unit AND l.valid_from = at;
    DELETE FROM kefu.clock_policy r
     WHERE rule_set = 'clock_policy' AND r.clock = make_room.rule AND r.unit = make_room.unit AND r.valid_from = at;
END $$;
COMMENT ON FUNCTION kefu.make_room(text, text, text, text, timestamptz) IS
'Takes back the version written in the place of a unit''s own at an instant, before the unit sets one of its own there (内部: 撤回让位版本; ruling 28)';

CREATE FUNCTION kefu.find_given_way() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE
    SET intervalstyle = postgres AS
$$ BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, w.unit, w.unit, nullif(w.account, ''), w.given_way_at, NULL::text[],
           format('自定规则 %s 已让位于上级规则：%s', n.name, d.zh), format('its own %s gave way to the rule above: %s', n.name, d.en)
      FROM kefu.rule_given_way w
      JOIN LATERAL (SELECT r.valid_from, r.says FROM kefu.unit_rule r
                     WHERE (r.rule_set, r.rule, r.unit, r.account) = (w.rule_set, w.rule, w.unit, w.account) AND r.valid_from <= kefu.now()
                     ORDER BY r.valid_from DESC LIMIT 1) AS now ON now.valid_from = w.given_way_at
     CROSS JOIN LATERAL (SELECT concat_ws(' ', w.rule_set, nullif(w.rule, '')) AS name) AS n
     CROSS JOIN LATERAL (
           SELECT string_agg(format('%s 自定 %s，现为 %s', o.key, o.value, now.says ->> o.key), '；' ORDER BY o.key) AS zh,
                  string_agg(format('%s was %s, is %s', o.key, o.value, now.says ->> o.key), '; ' ORDER BY o.key) AS en
             FROM jsonb_each_text(w.own) AS o
            WHERE o.value IS DISTINCT FROM now.says ->> o.key AND o.key NOT IN ('unit', 'account', 'valid_from', 'policy_id', 'latitude')) AS d;
END $$;
COMMENT ON FUNCTION kefu.find_given_way() IS 'Versions of units that gave way to the rule above them and hold so now, with what each said (自定规则已让位; R2, R6, R91, ruling 28)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES
    ('given_way', 'kefu.find_given_way()', '{R2,R6,R91}', 'warn', '自定规则已让位', 'own rule gave way',
     '在上级规则允许的范围内重新设定（kefu.set_posting_rule、kefu.set_content_rule、kefu.set_patrol、kefu.set_clock_policy）。',
     'Set it anew within what the rule above allows (kefu.set_posting_rule, kefu.set_content_rule, kefu.set_patrol, kefu.set_clock_policy).');
