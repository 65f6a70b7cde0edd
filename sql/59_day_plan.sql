-- 59_day_plan: proposing a day of posts, editing and accepting it.
--
-- A plan is proposed by kefu.solve_day() (src/pure/dayplan.h says how, and what
-- is the best there is) from what stands on the day and from approved material.
-- What is accepted goes through the posts' own event, which checks everything
-- again; what it refuses is said beside the slot and keeps no other from going.

-- --- rules ---------------------------------------------------------------------------

CREATE FUNCTION kefu.solve_day(rules integer[], stands integer[], stock integer[])
    RETURNS TABLE (name text, reason text, item integer, minute integer, actual integer, low integer,
                   high integer, target integer, available integer)
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_solve_day';
COMMENT ON FUNCTION kefu.solve_day(integer[], integer[], integer[]) IS
'Plans a day: rules as kefu.day_rules() makes them, stands (kind, flags, places, minute) and stock (kind, flags, places, earliest, latest, wish) one row a post. Kinds 0 to 2 are those of the mix, other numbers are outside it; flags 1 repost, 2 soft, 4 picture; places 1 morning, 2 evening, 4 between, 8 rest; wish -1 none. Returns a row for each time (reason NULL, name its place, item the row of stock) and one for each rule. invalid_parameter_value if the numbers contradict each other (内部: 排程求解; R38-R40, R48-R53, R61, R62)';

CREATE FUNCTION kefu.share(total integer, parts integer[]) RETURNS integer[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_share_sql';
COMMENT ON FUNCTION kefu.share(integer, integer[]) IS
'Divides a total by a ratio to whole numbers that sum up to it: by largest remainder, of equal ones the first; all 0 for a ratio of zeros (按比例分配, 最大余数法; R50, R62, ruling 9)';

CREATE FUNCTION kefu.minute_of(at time) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (extract(epoch FROM at) / 60)::integer;
END;
COMMENT ON FUNCTION kefu.minute_of(time) IS 'Minute of the day of a local time, 0 to 1440; NULL for NULL (当日分钟)';

CREATE FUNCTION kefu.day_pauses(accounts text[], day date)
    RETURNS TABLE (account text, pause_from integer[], pause_to integer[])
    LANGUAGE sql ROWS 10 STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH free AS (
        SELECT a.account, r.during, row_number() OVER (PARTITION BY a.account ORDER BY r.during) AS n
          FROM kefu.account a
         CROSS JOIN LATERAL (
               SELECT range_agg(x.during * tstzrange(kefu.local_instant(day, '00:00'), kefu.local_instant(day + 1, '00:00'))) AS during
                 FROM kefu.posting_exception x
                WHERE x.unit IN (SELECT kefu.unit_path(a.unit)) AND coalesce(x.account, a.account) = a.account
                  AND x.during && tstzrange(kefu.local_instant(day, '00:00'), kefu.local_instant(day + 1, '00:00'))) AS m
         CROSS JOIN LATERAL unnest(m.during) AS r(during)
         WHERE a.account = ANY (accounts)
    ), minute AS (
        -- The solver takes four: what would be a fifth is one with the fourth.
        SELECT f.account, least(f.n, 4) AS n,
               greatest(0, min(floor(extract(epoch FROM lower(f.during) - kefu.local_instant(day, '00:00')) / 60) - 1))::integer AS from_minute,
               max(ceil(extract(epoch FROM upper(f.during) - kefu.local_instant(day, '00:00')) / 60))::integer AS to_minute
          FROM free f GROUP BY f.account, least(f.n, 4)
    )
    SELECT m.account, array_agg(m.from_minute ORDER BY m.n), array_agg(m.to_minute ORDER BY m.n)
      FROM minute m GROUP BY m.account;
END;
COMMENT ON FUNCTION kefu.day_pauses(text[], date) IS
'Minutes of a Beijing date that special events take: nothing is planned from the minute before one begins until it ends (内部: 特殊事件时段; R40)';

CREATE FUNCTION kefu.day_rules(accounts text[], day date, posts integer, plan_from integer)
    RETURNS TABLE (account text, numbers integer[])
    LANGUAGE sql ROWS 100 STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH held AS (
        SELECT DISTINCT ON (a.account, r.rule)
               a.account, r.rule, r.at_least AS low, r.at_most AS high,
               kefu.minute_of(r.from_time) AS from_minute, kefu.minute_of(r.to_time) AS to_minute
          FROM kefu.account a
         CROSS JOIN LATERAL kefu.unit_path(a.unit) WITH ORDINALITY AS p(unit, step)
          JOIN kefu.posting_rule r ON r.unit = p.unit AND r.account IN ('', a.account)
         WHERE a.account = ANY (accounts) AND r.valid_from <= kefu.local_instant(day, '12:00')
         ORDER BY a.account, r.rule, r.account = '', p.step, r.valid_from DESC
    ), row_of AS (
        SELECT h.account,
               max(h.low) FILTER (WHERE h.rule = 'number') AS posts_min,
               max(h.high) FILTER (WHERE h.rule = 'number') AS posts_max,
               max(h.from_minute) FILTER (WHERE h.rule = 'window') AS window_from,
               max(h.to_minute) FILTER (WHERE h.rule = 'window') AS window_to,
               max(h.low) FILTER (WHERE h.rule = 'spacing') AS spacing_min,
               max(h.high) FILTER (WHERE h.rule = 'gap') AS spacing_max,
               max(h.from_minute) FILTER (WHERE h.rule = 'morning') AS morning,
               max(h.from_minute) FILTER (WHERE h.rule = 'evening') AS evening,
               coalesce(max(h.high) FILTER (WHERE h.rule = 'morning'), 0) AS morning_tolerance,
               coalesce(max(h.high) FILTER (WHERE h.rule = 'evening'), 0) AS evening_tolerance,
               max(h.low) FILTER (WHERE h.rule = 'mix_service') AS service,
               max(h.low) FILTER (WHERE h.rule = 'mix_industry') AS industry,
               max(h.low) FILTER (WHERE h.rule = 'mix_leisure') AS leisure,
               max(h.high) FILTER (WHERE h.rule = 'mix') AS mix_tolerance,
               max(h.low) FILTER (WHERE h.rule = 'ratio_repost') AS reposts,
               max(h.low) FILTER (WHERE h.rule = 'ratio_original') AS originals,
               max(h.high) FILTER (WHERE h.rule = 'ratio') AS repost_tolerance,
               max(h.high) FILTER (WHERE h.rule = 'soft_reposts') AS soft_max,
               max(h.low) FILTER (WHERE h.rule = 'pictures') AS pictures_min
          FROM held h GROUP BY h.account
    )
    -- A unit's own version may contradict another's: the stricter number holds.
    SELECT r.account,
           ARRAY[least(r.posts_min, r.posts_max, 64), least(r.posts_max, 64), coalesce(posts, 0), r.window_from,
                 least(greatest(r.window_to, r.window_from + 1), 1439), greatest(r.spacing_min, 1),
                 greatest(r.spacing_max, r.spacing_min, 1), r.morning, r.evening, r.morning_tolerance,
                 r.evening_tolerance, greatest(r.morning_tolerance, r.evening_tolerance), r.service, r.industry,
                 r.leisure, r.mix_tolerance, r.reposts, r.originals, r.repost_tolerance, r.soft_max, r.pictures_min, 5,
                 plan_from]
           || (coalesce(p.pause_from, '{}') || array_fill(-1, ARRAY[4 - coalesce(cardinality(p.pause_from), 0)]))
           || (coalesce(p.pause_to, '{}') || array_fill(-1, ARRAY[4 - coalesce(cardinality(p.pause_to), 0)]))
      FROM row_of r LEFT JOIN kefu.day_pauses(accounts, day) AS p USING (account);
END;
COMMENT ON FUNCTION kefu.day_rules(text[], date, integer, integer) IS
'The posting rules that accounts go by at noon of a Beijing date and its special events, in the order of kefu.solve_day(); posts wanted (NULL: as few as the rules need) and the first minute that is not past. Times are rounded to five minutes where that fits (内部: 规则数组; R38-R40, R48-R52, R61, R62)';

-- --- what stands, what is in stock -----------------------------------------------------

CREATE FUNCTION kefu.mix_number(mix text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE mix WHEN 'service' THEN 0 WHEN 'industry' THEN 1 WHEN 'leisure' THEN 2 ELSE 3 END;
END;
COMMENT ON FUNCTION kefu.mix_number(text) IS 'Part of the mix as kefu.solve_day() numbers it; 3 for what is outside it (内部: 配比编号)';

CREATE FUNCTION kefu.day_stands(accounts text[], day date)
    RETURNS TABLE (account text, placement_id bigint, at timestamptz, numbers integer[])
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT s.account, s.placement_id, s.at,
           ARRAY[kefu.mix_number(k.mix),
                 CASE WHEN NOT s.is_repost THEN 0 WHEN k.is_soft THEN 3 ELSE 1 END + CASE WHEN s.has_media THEN 4 ELSE 0 END,
                 CASE k.slot WHEN 'morning' THEN 1 WHEN 'evening' THEN 2 ELSE 0 END,
                 floor(extract(epoch FROM s.at - kefu.local_instant(day, '00:00')) / 60)::integer]
      FROM kefu.standing_placement s
      JOIN kefu.post_kind k USING (kind)
     WHERE s.account = ANY (accounts) AND NOT s.is_exempt
       AND s.at >= kefu.local_instant(day, '00:00') AND s.at < kefu.local_instant(day + 1, '00:00');
END;
COMMENT ON FUNCTION kefu.day_stands(text[], date) IS
'What counts on accounts on a Beijing date, as kefu.solve_day() takes it: kind, flags, places, minute; without emergencies and re-issues (内部: 当日投放)';

CREATE FUNCTION kefu.day_stock(account text, day date)
    RETURNS TABLE (post_id bigint, numbers integer[], place bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 AS
$$
DECLARE
    a kefu.account;
    begins timestamptz := kefu.local_instant(day, '00:00');
    units text[];
BEGIN
    SELECT x.* INTO a FROM kefu.account x WHERE x.account = day_stock.account;
    SELECT array_agg(u.unit) INTO units
      FROM kefu.unit_path(a.unit) AS u(unit) WHERE u.unit = ANY (kefu.my_units());
    RETURN QUERY
    WITH sister AS MATERIALIZED (
        -- What stands on another account of the unit that day: one text serves all platforms.
        SELECT DISTINCT l.post_id
          FROM kefu.account s
          JOIN kefu.placement l ON l.account = s.account AND l.send_at >= begins AND l.send_at < begins + interval '1 day'
                               AND l.state IN ('planned', 'sending', 'uncertain', 'published')
         WHERE s.unit = a.unit AND s.account <> a.account
    ), material AS (
        SELECT p.*, false AS is_sister FROM kefu.post p WHERE p.unit = ANY (units) AND p.state = 'approved'
        UNION ALL
        SELECT p.*, true FROM sister JOIN kefu.post p USING (post_id)
         WHERE p.unit = ANY (units) AND p.state IN ('scheduled', 'published')
    )
    SELECT p.post_id,
           ARRAY[kefu.mix_number(k.mix),
                 CASE WHEN p.repost_id IS NULL THEN 0 WHEN k.is_soft THEN 3 ELSE 1 END
                 + CASE WHEN m.has_media THEN 4 ELSE 0 END,
                 CASE k.slot WHEN 'morning' THEN 1 WHEN 'evening' THEN 2
                             ELSE CASE WHEN k.mix IS NULL THEN 8 ELSE 12 END END,
                 greatest(0, ceil(extract(epoch FROM p.valid_from - begins) / 60))::integer,
                 least(1440, coalesce(floor(extract(epoch FROM p.valid_until - begins) / 60), 1440))::integer,
                 CASE WHEN p.wish_at >= begins THEN floor(extract(epoch FROM p.wish_at - begins) / 60)::integer ELSE -1 END],
           row_number() OVER (ORDER BY p.is_sister DESC, p.valid_until, m.has_media DESC, p.approved_at, p.post_id)
      FROM material p
      JOIN kefu.post_kind k USING (kind)
     CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM kefu.post_media x JOIN kefu.media g USING (media_id)
                                           WHERE x.post_id = p.post_id AND NOT g.is_video) AS has_media) AS m
     WHERE NOT k.is_urgent
       AND (p.repost_platform IS NULL OR p.repost_platform = a.platform)
       AND (p.valid_from IS NULL OR p.valid_from < begins + interval '1 day')
       AND (p.valid_until IS NULL OR p.valid_until >= begins)
       AND (p.wish_at IS NULL OR p.wish_at < begins + interval '1 day')
       AND NOT EXISTS (SELECT FROM kefu.placement l
                        WHERE l.post_id = p.post_id AND l.account = a.account AND l.state NOT IN ('cancelled', 'failed'))
       AND NOT EXISTS (SELECT FROM kefu.day_plan_slot s JOIN kefu.day_plan d USING (plan_id)
                        WHERE s.post_id = p.post_id AND s.state = 'proposed' AND d.account = a.account
                          AND d.ended_at IS NULL AND d.plan_date <> day AND d.plan_date >= kefu.local_day(kefu.now()))
     ORDER BY 3 LIMIT 4096;
END $$;
COMMENT ON FUNCTION kefu.day_stock(text, date) IS
'Approved material for an account on a date, in order of preference: what stands on a sister account that day, what goes out of date first, with a picture first, approved first. Not: what stood on the account before, is proposed for another day, is not valid or is wished for a later day (内部: 可用素材; R38, R44, R52)';

-- --- proposing ---------------------------------------------------------------------------

CREATE FUNCTION kefu.make_plans(accounts text[], day date, posts integer) RETURNS bigint[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    at timestamptz := kefu.now();
    begins timestamptz := kefu.local_instant(day, '00:00');
    from_minute integer := least(1440, greatest(0, floor(extract(epoch FROM at - begins) / 60) + 1));
    ids bigint[];
BEGIN
    -- Of two who plan a day at once the second waits, and its plan is the current one.
    LOOP
        UPDATE kefu.day_plan d SET ended_at = at
         WHERE d.account = ANY (accounts) AND d.plan_date = day AND d.ended_at IS NULL;
        BEGIN
            WITH made AS (
                INSERT INTO kefu.day_plan (account, unit, plan_date, made_by, made_at)
                SELECT a.account, a.unit, day, kefu.me(), at
                  FROM kefu.account a WHERE a.account = ANY (accounts) ORDER BY a.account
                RETURNING plan_id
            )
            SELECT array_agg(m.plan_id) INTO ids FROM made m;
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END LOOP;
    WITH stands AS (
        SELECT l.account, array_agg(l.numbers ORDER BY l.at, l.placement_id) AS numbers
          FROM kefu.day_stands(accounts, day) AS l GROUP BY l.account
    ), stock AS (
        SELECT d.plan_id, array_agg(s.post_id ORDER BY s.place) AS posts, array_agg(s.numbers ORDER BY s.place) AS numbers
          FROM kefu.day_plan d CROSS JOIN LATERAL kefu.day_stock(d.account, day) AS s
         WHERE d.plan_id = ANY (ids)
         GROUP BY d.plan_id
    ), solved AS MATERIALIZED (
        SELECT d.plan_id, s.*, k.posts
          FROM kefu.day_plan d
          JOIN kefu.day_rules(accounts, day, make_plans.posts, from_minute) AS r USING (account)
          LEFT JOIN stands n USING (account)
          LEFT JOIN stock k USING (plan_id)
         CROSS JOIN LATERAL kefu.solve_day(r.numbers, coalesce(n.numbers, '{}'), coalesce(k.numbers, '{}')) AS s
         WHERE d.plan_id = ANY (ids)
    ), slots AS (
        INSERT INTO kefu.day_plan_slot (plan_id, slot, place, post_id, send_at, problem)
        SELECT s.plan_id, row_number() OVER (PARTITION BY s.plan_id ORDER BY s.minute), s.name, p.post_id,
               begins + s.minute * interval '1 minute', kefu.send_problem(p, a, kefu.placed_text(p.post_id, a.account))
          FROM solved s
          JOIN kefu.day_plan d USING (plan_id)
          JOIN kefu.account a USING (account)
          JOIN kefu.post p ON p.post_id = s.posts[s.item]
         WHERE s.reason IS NULL
    )
    INSERT INTO kefu.day_plan_check (plan_id, rule, reason, actual, low, high, target, available)
    SELECT s.plan_id, s.name, s.reason, s.actual, s.low, s.high, s.target, s.available
      FROM solved s WHERE s.reason IS NOT NULL;
    RETURN ids;
END $$;
COMMENT ON FUNCTION kefu.make_plans(text[], date, integer) IS 'Makes the current plans of a day, in one statement for all accounts; those before end. For the owner''s functions only (内部: 生成发文计划)';

CREATE FUNCTION kefu.require_plannable(day date) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF day IS NULL OR day < kefu.local_day(kefu.now()) THEN
        RAISE EXCEPTION 'only a day that isn''t past can be planned'
            USING ERRCODE = 'KF004', DETAIL = format('Asked for: %s.', coalesce(day::text, 'no date'));
    END IF;
    -- Each of them is needed, and Group has all of them.
    IF (SELECT count(DISTINCT r.rule) FROM kefu.posting_rule r
         WHERE r.unit = 'group' AND r.account = '' AND r.valid_from <= kefu.local_instant(day, '12:00')) < 15 THEN
        RAISE EXCEPTION 'the posting rules of that day are not complete'
            USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM kefu.load_preset(''posting'').';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_plannable(date) IS 'KF004 for a past day, undefined_object where Group lacks a posting rule (校验计划日期)';

CREATE FUNCTION kefu.plan_day(account text, day date, posts integer DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account;
BEGIN
    SELECT x.* INTO a FROM kefu.account x WHERE x.account = plan_day.account;
    PERFORM kefu.require_unit(a.unit, 'operator', 'leader');
    PERFORM kefu.require_plannable(day);
    IF NOT a.is_live THEN
        RAISE EXCEPTION 'the account is closed' USING ERRCODE = 'KF004';
    END IF;
    RETURN (kefu.make_plans(ARRAY[a.account], day, posts))[1];
END $$;
COMMENT ON FUNCTION kefu.plan_day(text, date, integer) IS
'Proposes a day of posts on an account and returns the number of the plan, which kefu.show_plan() prints; posts: how many are wanted, NULL as few as the rules need. Nothing is scheduled before kefu.accept_plan(); the day''s plan before ends. KF004 for a past day or a closed account, KF008 for an account that isn''t visible (生成发文计划; R38-R40, R48-R53, R61, R62)';

CREATE FUNCTION kefu.plan_days(day date, posts integer DEFAULT NULL)
    RETURNS TABLE (account text, plan_id bigint, slots_count bigint, broken_count bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    mine text[] := ARRAY(
        SELECT a.account FROM kefu.account a
         WHERE a.is_live AND a.unit = ANY (kefu.my_units())
           AND (kefu.has_role('operator', a.unit) OR kefu.has_role('leader', a.unit))
         ORDER BY a.account);
    ids bigint[];
BEGIN
    IF cardinality(mine) = 0 THEN
        PERFORM kefu.require_unit((kefu.my_units())[1], 'operator', 'leader');
    END IF;
    PERFORM kefu.require_unit((kefu.my_units())[1]);
    PERFORM kefu.require_plannable(day);
    ids := kefu.make_plans(mine, day, posts);
    RETURN QUERY
    SELECT d.account, d.plan_id,
           (SELECT count(*) FROM kefu.day_plan_slot s WHERE s.plan_id = d.plan_id),
           (SELECT count(*) FROM kefu.day_plan_check c WHERE c.plan_id = d.plan_id AND c.reason <> 'kept')
      FROM kefu.day_plan d WHERE d.plan_id = ANY (ids) ORDER BY d.account;
END $$;
COMMENT ON FUNCTION kefu.plan_days(date, integer) IS
'kefu.plan_day() for every live account of the units where the caller is an operator or leader: the plan of each, its posts, and how many rules it can''t keep (批量生成发文计划; R38)';

-- --- reading ----------------------------------------------------------------------------

CREATE FUNCTION kefu.rule_words(rule text, reason text, actual integer, low integer, high integer, target integer,
                                available integer, language text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    zh boolean := language = 'zh';
    share text := CASE WHEN zh THEN '%s条，应为%s条，可用%s条' ELSE '%s posts, %s needed, %s approved' END;
    label text := (SELECT CASE WHEN zh THEN w.label_zh ELSE w.label_en END FROM kefu.posting_words w
                   WHERE w.rule = rule_words.rule);
    why text := CASE reason
        WHEN 'kept' THEN NULL
        WHEN 'stock' THEN CASE WHEN zh THEN '已审核素材不足' ELSE 'not enough approved material' END
        WHEN 'room' THEN CASE WHEN zh THEN '没有空档' ELSE 'no time is free for it' END
        WHEN 'limit' THEN CASE WHEN zh THEN '已达上限' ELSE 'a limit is reached' END
        WHEN 'stands' THEN CASE WHEN zh THEN '已排内容所致' ELSE 'because of what stands already' END
        ELSE CASE WHEN zh THEN '人工修改所致' ELSE 'changed by hand' END END;
    what text := CASE
        WHEN rule IN ('service', 'industry', 'leisure', 'reposts') THEN format(share, actual, target, available)
        WHEN rule = 'number' THEN format(CASE WHEN zh THEN '%s条，应为%s至%s条' ELSE '%s posts, %s to %s needed' END,
                                         actual, low, high)
        WHEN rule = 'spacing' THEN format(CASE WHEN zh THEN '最短%s分钟，至少%s分钟' ELSE '%s minutes at the shortest, %s at least' END,
                                          coalesce(actual::text, '-'), coalesce(low::text, '-'))
        WHEN rule = 'gap' THEN format(CASE WHEN zh THEN '最长%s分钟，至多%s分钟' ELSE '%s minutes at the longest, %s at most' END,
                                      actual, high)
        WHEN rule = 'soft' THEN format(CASE WHEN zh THEN '%s条，至多%s条' ELSE '%s posts, %s at most' END, actual, high)
        ELSE format(CASE WHEN zh THEN '%s条，至少%s条，可用%s条' ELSE '%s posts, %s at least, %s approved' END,
                    actual, low, available) END;
BEGIN
    RETURN concat(label, CASE WHEN zh THEN '：' ELSE ': ' END, what,
                  CASE WHEN zh THEN '（' || why || '）' ELSE ' (' || why || ')' END);
END $$;
COMMENT ON FUNCTION kefu.rule_words(text, text, integer, integer, integer, integer, integer, text) IS
'One rule of posting in words: what the day has, what is needed, what the stock has for it, and why it isn''t kept (内部: 规则说明)';

CREATE FUNCTION kefu.show_plan(plan bigint, language text DEFAULT NULL) RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    d kefu.day_plan;
    zh boolean := coalesce(show_plan.language, current_setting('kefu.language')) = 'zh';
BEGIN
    SELECT x.* INTO d FROM kefu.day_plan x WHERE x.plan_id = plan;
    PERFORM kefu.require_unit(d.unit);
    RETURN NEXT format('%s %s', d.account, d.plan_date);
    RETURN QUERY
    SELECT concat_ws(' ', to_char(s.send_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI'),
                     rpad(CASE WHEN zh THEN k.label_zh ELSE k.label_en END, CASE WHEN zh THEN 6 ELSE 23 END),
                     format('#%s', s.post_id),
                     CASE WHEN p.repost_id IS NOT NULL THEN CASE WHEN zh THEN '转发' ELSE 'repost' END END,
                     CASE WHEN EXISTS (SELECT FROM kefu.post_media m WHERE m.post_id = p.post_id)
                          THEN CASE WHEN zh THEN '含图' ELSE 'picture' END END,
                     CASE WHEN p.is_marketing THEN CASE WHEN zh THEN '营销' ELSE 'marketing' END END,
                     CASE WHEN s.state <> 'proposed' THEN s.state END, '(' || s.problem || ')')
      FROM kefu.day_plan_slot s
      JOIN kefu.post p USING (post_id)
      JOIN kefu.post_kind k ON k.kind = p.kind
     WHERE s.plan_id = plan AND s.state <> 'dropped'
     ORDER BY s.send_at, s.slot;
    RETURN QUERY
    SELECT CASE WHEN c.reason = 'kept' THEN '  ' ELSE '! ' END
           || kefu.rule_words(c.rule, c.reason, c.actual, c.low, c.high, c.target, c.available,
                              CASE WHEN zh THEN 'zh' ELSE 'en' END)
      FROM kefu.day_plan_check c
      JOIN kefu.posting_words w USING (rule)
     WHERE c.plan_id = plan AND (c.rule <> 'wishes' OR c.low > 0)
     ORDER BY w.sort;
END $$;
COMMENT ON FUNCTION kefu.show_plan(bigint, text) IS
'A plan in plain words: its posts by time, then each rule, with ! in front of those that can''t be kept; in the language given, else kefu.language (查看发文计划; R38-R53)';

-- --- editing ----------------------------------------------------------------------------

CREATE FUNCTION kefu.lock_plan(plan bigint) RETURNS kefu.day_plan
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    d kefu.day_plan;
BEGIN
    SELECT x.* INTO d FROM kefu.day_plan x WHERE x.plan_id = plan FOR UPDATE;
    PERFORM kefu.require_unit(d.unit, 'operator', 'leader');
    IF d.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'another plan of this day took its place'
            USING ERRCODE = 'KF007', HINT = format('The current one is %s.', (
                SELECT x.plan_id FROM kefu.day_plan x
                 WHERE x.account = d.account AND x.plan_date = d.plan_date AND x.ended_at IS NULL));
    END IF;
    RETURN d;
END $$;
COMMENT ON FUNCTION kefu.lock_plan(bigint) IS 'Locks a plan for its unit''s operator or leader; KF007 if it is not the current one of its day (锁定发文计划)';

CREATE FUNCTION kefu.recheck_plan(plan bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    WITH d AS (
        SELECT x.* FROM kefu.day_plan x WHERE x.plan_id = plan
    ), stands AS (
        SELECT array_agg(o.numbers) AS numbers
          FROM (SELECT l.numbers FROM d CROSS JOIN LATERAL kefu.day_stands(ARRAY[d.account], d.plan_date) AS l
                 UNION ALL
                SELECT ARRAY[kefu.mix_number(k.mix),
                             CASE WHEN p.repost_id IS NULL THEN 0 WHEN k.is_soft THEN 3 ELSE 1 END
                             + CASE WHEN EXISTS (SELECT FROM kefu.post_media m WHERE m.post_id = p.post_id) THEN 4 ELSE 0 END,
                             CASE k.slot WHEN 'morning' THEN 1 WHEN 'evening' THEN 2 ELSE 0 END,
                             floor(extract(epoch FROM s.send_at - kefu.local_instant(d.plan_date, '00:00')) / 60)::integer]
                  FROM d JOIN kefu.day_plan_slot s ON s.plan_id = d.plan_id AND s.state = 'proposed'
                  JOIN kefu.post p ON p.post_id = s.post_id JOIN kefu.post_kind k ON k.kind = p.kind) AS o(numbers)
    )
    UPDATE kefu.day_plan_check c
       SET actual = s.actual, low = s.low, high = s.high, target = s.target,
           reason = CASE WHEN s.reason = 'kept' THEN 'kept' WHEN c.reason = 'kept' THEN 'edited' ELSE c.reason END
      FROM d CROSS JOIN stands n
     CROSS JOIN LATERAL kefu.day_rules(ARRAY[d.account], d.plan_date, NULL, 1440) AS r
     CROSS JOIN LATERAL kefu.solve_day(r.numbers, coalesce(n.numbers, '{}'), '{}') AS s
     WHERE c.plan_id = d.plan_id AND s.name = c.rule AND s.reason IS NOT NULL AND c.rule <> 'wishes';
END $$;
COMMENT ON FUNCTION kefu.recheck_plan(bigint) IS 'Judges an edited plan anew, with what stands now; what stock had when it was made stays (内部: 复核发文计划)';

CREATE FUNCTION kefu.require_slot(d kefu.day_plan, post bigint, at timestamptz, own_slot integer DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    p kefu.post;
BEGIN
    SELECT x.* INTO p FROM kefu.post x WHERE x.post_id = post;
    PERFORM kefu.require_unit(p.unit);
    IF NOT kefu.is_below(d.unit, p.unit) OR p.state NOT IN ('approved', 'scheduled', 'published') THEN
        RAISE EXCEPTION 'post % can''t be planned on "%"', post, d.account
            USING ERRCODE = 'KF004', HINT = 'Only approved posts of the account''s unit, or of one above it, can be.';
    END IF;
    IF EXISTS (SELECT FROM kefu.placement l WHERE l.post_id = post AND l.account = d.account
                  AND l.state NOT IN ('cancelled', 'failed'))
       OR EXISTS (SELECT FROM kefu.day_plan_slot s WHERE s.plan_id = d.plan_id AND s.post_id = post
                     AND s.state = 'proposed' AND s.slot IS DISTINCT FROM own_slot) THEN
        RAISE EXCEPTION 'post % is on "%" already, or in the plan', post, d.account USING ERRCODE = 'KF004';
    END IF;
    IF at IS NULL OR kefu.local_day(at) <> d.plan_date OR at <= kefu.now() THEN
        RAISE EXCEPTION 'that time is not on %, or is past', d.plan_date USING ERRCODE = 'KF004';
    END IF;
    PERFORM kefu.require_in_date(p, at);
END $$;
COMMENT ON FUNCTION kefu.require_slot(kefu.day_plan, bigint, timestamptz, integer) IS 'KF004 for a post or time that can''t be in the plan (校验计划条目)';

CREATE FUNCTION kefu.edit_plan(plan bigint, slot integer, at timestamptz DEFAULT NULL, post bigint DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    d kefu.day_plan := kefu.lock_plan(plan);
    s kefu.day_plan_slot;
BEGIN
    SELECT x.* INTO s FROM kefu.day_plan_slot x
     WHERE x.plan_id = plan AND x.slot = edit_plan.slot AND x.state IN ('proposed', 'refused') FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the plan has no slot % that waits to be accepted', slot USING ERRCODE = 'KF008';
    END IF;
    PERFORM kefu.require_slot(d, coalesce(post, s.post_id), coalesce(at, s.send_at), slot);
    UPDATE kefu.day_plan_slot x
       SET post_id = coalesce(post, x.post_id), send_at = coalesce(at, x.send_at), state = 'proposed',
           problem = (SELECT kefu.send_problem(p, a, kefu.placed_text(p.post_id, a.account))
                        FROM kefu.post p, kefu.account a
                       WHERE p.post_id = coalesce(edit_plan.post, x.post_id) AND a.account = d.account),
           edited_by = kefu.me(), edited_at = kefu.now()
     WHERE x.plan_id = plan AND x.slot = edit_plan.slot;
    PERFORM kefu.recheck_plan(plan);
END $$;
COMMENT ON FUNCTION kefu.edit_plan(bigint, integer, timestamptz, bigint) IS
'Another time or another post for a slot that isn''t scheduled; rules that warn are judged anew, not enforced. KF004 for a post or time that can''t be, KF007 if the plan was replaced, KF008 if there is no such slot (修改计划条目)';

CREATE FUNCTION kefu.drop_slot(plan bigint, slot integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.lock_plan(plan);
    UPDATE kefu.day_plan_slot x SET state = 'dropped', edited_by = kefu.me(), edited_at = kefu.now()
     WHERE x.plan_id = plan AND x.slot = drop_slot.slot AND x.state IN ('proposed', 'refused');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the plan has no slot % that waits to be accepted', slot USING ERRCODE = 'KF008';
    END IF;
    PERFORM kefu.recheck_plan(plan);
END $$;
COMMENT ON FUNCTION kefu.drop_slot(bigint, integer) IS 'Takes a slot out of a plan; its post is in stock again. KF007 if the plan was replaced, KF008 if there is no such slot (删除计划条目)';

CREATE FUNCTION kefu.add_slot(plan bigint, post bigint, at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    d kefu.day_plan := kefu.lock_plan(plan);
    local time := (at AT TIME ZONE 'Asia/Shanghai')::time;
    new_slot smallint;
BEGIN
    PERFORM kefu.require_slot(d, post, at);
    INSERT INTO kefu.day_plan_slot (plan_id, slot, place, post_id, send_at, edited_by, edited_at, problem)
    VALUES (plan, (SELECT coalesce(max(x.slot), 0) + 1 FROM kefu.day_plan_slot x WHERE x.plan_id = plan),
            CASE WHEN local > (kefu.posting_rule_of('morning', d.account, at)).from_time
                  AND local < (kefu.posting_rule_of('evening', d.account, at)).from_time THEN 'between' ELSE 'rest' END,
            post, at, kefu.me(), kefu.now(),
            (SELECT kefu.send_problem(p, a, kefu.placed_text(p.post_id, a.account))
               FROM kefu.post p, kefu.account a WHERE p.post_id = add_slot.post AND a.account = d.account))
    RETURNING slot INTO new_slot;
    PERFORM kefu.recheck_plan(plan);
    RETURN new_slot;
END $$;
COMMENT ON FUNCTION kefu.add_slot(bigint, bigint, timestamptz) IS
'Adds a post to a plan by hand and returns its slot. KF004 for a post or time that can''t be, KF007 if the plan was replaced (增加计划条目)';

-- --- accepting ---------------------------------------------------------------------------

CREATE FUNCTION kefu.accept_plan(plan bigint, slots integer[] DEFAULT NULL)
    RETURNS TABLE (slot integer, post_id bigint, send_at timestamptz, state text, problem text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    d kefu.day_plan := kefu.lock_plan(plan);
    r kefu.posting_rule := kefu.posting_rule_of('spacing', d.account, kefu.local_instant(d.plan_date, '12:00'));
    s kefu.day_plan_slot;
    near bigint;
    placed bigint;
    done integer := 0;
BEGIN
    FOR s IN SELECT x.* FROM kefu.day_plan_slot x
              WHERE x.plan_id = plan AND x.state = 'proposed' AND (slots IS NULL OR x.slot = ANY (slots))
              ORDER BY x.post_id FOR UPDATE LOOP
        placed := NULL;
        problem := NULL;
        state := 'refused';
        BEGIN
            -- The day may have changed since it was planned, and the rule only warns where it is sent.
            SELECT l.placement_id INTO near
              FROM kefu.day_stands(ARRAY[d.account], d.plan_date) AS l
             WHERE s.edited_at IS NULL
               AND abs(extract(epoch FROM date_trunc('minute', l.at) - date_trunc('minute', s.send_at))) < r.at_least * 60
             ORDER BY l.placement_id LIMIT 1;
            IF near IS NOT NULL THEN
                RAISE EXCEPTION 'placement % is less than % minutes away', near, r.at_least
                    USING ERRCODE = 'KF005';
            END IF;
            PERFORM kefu.advance('post', s.post_id, 'schedule', kefu.facts(
                'accounts', d.account, 'send_at', s.send_at::text, 'plan', plan::text));
            SELECT max(l.placement_id) INTO placed FROM kefu.placement l
             WHERE l.post_id = s.post_id AND l.account = d.account AND l.state = 'planned';
            state := 'scheduled';
            done := done + 1;
        EXCEPTION WHEN OTHERS THEN
            -- One that can't be scheduled keeps no other from it.
            IF SQLSTATE !~ '^KF' THEN
                RAISE;
            END IF;
            problem := SQLSTATE || ': ' || SQLERRM;
        END;
        UPDATE kefu.day_plan_slot x
           SET state = accept_plan.state, problem = accept_plan.problem, placement_id = placed, accepted_by = kefu.me(),
               accepted_at = kefu.now()
         WHERE x.plan_id = plan AND x.slot = s.slot;
        slot := s.slot;
        post_id := s.post_id;
        send_at := s.send_at;
        RETURN NEXT;
    END LOOP;
    UPDATE kefu.day_plan x SET accepted_by = kefu.me(), accepted_at = kefu.now()
     WHERE x.plan_id = plan AND x.accepted_at IS NULL AND done > 0;
    IF done > 0 THEN
        PERFORM kefu.append_ledger('desk', 'accept_plan', jsonb_build_object(
            'plan', plan, 'unit', d.unit, 'account', d.account, 'date', d.plan_date::text, 'count', done));
    END IF;
    PERFORM kefu.recheck_plan(plan);
END $$;
COMMENT ON FUNCTION kefu.accept_plan(bigint, integer[]) IS
'Schedules the posts of a plan, or of these slots of it, by their own event; one row a slot, problem saying why one could not be. What was scheduled before is left alone, so a call may be repeated. A slot that nobody edited is refused (KF005) where something stands too near by now. KF007 if the plan was replaced (采纳发文计划; R38-R40, R48-R53, R61)';
