-- 59_posting: the day of an account against its rules.
--
-- What a rule refuses is refused when a post is scheduled (36_posting_rule); what
-- it only warns of is found here, day by day, and shown in kefu_bi.findings. An
-- account owes posts from the day of its first placement on.

CREATE FUNCTION kefu.set_posting_rule(
    rule text, unit text, at_least integer DEFAULT NULL, at_most integer DEFAULT NULL, from_time time DEFAULT NULL,
    to_time time DEFAULT NULL, effect text DEFAULT NULL, account text DEFAULT '', valid_from timestamptz DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(set_posting_rule.valid_from, kefu.now());
    above kefu.posting_rule;
    n kefu.posting_rule;
BEGIN
    PERFORM kefu.require_admin(unit);
    IF since < kefu.now() THEN
        RAISE EXCEPTION 'a rule can''t begin in the past'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'What was posted was posted under the rule of its day.';
    END IF;
    IF account <> '' AND NOT EXISTS (SELECT FROM kefu.account a WHERE a.account = set_posting_rule.account
                                        AND kefu.is_below(a.unit, set_posting_rule.unit)) THEN
        PERFORM kefu.require_unit(NULL);
    END IF;
    -- Group's own version may say anything; below it the latitude of the version above holds.
    SELECT r.* INTO above
      FROM kefu.unit_path(set_posting_rule.unit) WITH ORDINALITY AS p(unit, step)
      JOIN kefu.posting_rule r ON r.unit = p.unit AND r.rule = set_posting_rule.rule AND r.account = ''
                              AND r.valid_from <= since
     WHERE p.unit <> set_posting_rule.unit OR p.unit = 'group' OR set_posting_rule.account <> ''
     ORDER BY p.step, r.valid_from DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no posting rule "%"', rule
            USING ERRCODE = 'undefined_object', HINT = 'kefu_bi.posting_rules lists them; kefu.load_preset(''posting'') brings the shipped ones.';
    END IF;
    n := above;
    n.at_least := coalesce(set_posting_rule.at_least, above.at_least);
    n.at_most := coalesce(set_posting_rule.at_most, above.at_most);
    n.from_time := coalesce(set_posting_rule.from_time, above.from_time);
    n.to_time := coalesce(set_posting_rule.to_time, above.to_time);
    n.effect := coalesce(set_posting_rule.effect, above.effect);
    PERFORM kefu.check_latitude('posting_rule', rule, unit, to_jsonb(n), kefu.rule_above('posting_rule', rule, unit, account, since));
    PERFORM kefu.make_room('posting_rule', rule, unit, account, since);
    INSERT INTO kefu.posting_rule (rule, unit, account, valid_from, at_least, at_most, from_time, to_time, effect,
                                   latitude, bound_least, bound_most, rulebook)
    VALUES (n.rule, set_posting_rule.unit, set_posting_rule.account, since, n.at_least, n.at_most, n.from_time,
            n.to_time, n.effect, n.latitude, n.bound_least, n.bound_most, n.rulebook);
    PERFORM kefu.append_ledger('rules', 'set_posting_rule', jsonb_strip_nulls(jsonb_build_object(
        'rule', n.rule, 'unit', set_posting_rule.unit, 'account', nullif(set_posting_rule.account, ''),
        'at_least', n.at_least, 'at_most', n.at_most, 'from_time', n.from_time, 'to_time', n.to_time,
        'effect', n.effect, 'from', since)));
    PERFORM kefu.settle_rules('posting_rule', rule, unit, since);
END $$;
COMMENT ON FUNCTION kefu.set_posting_rule(text, text, integer, integer, time, time, text, text, timestamptz) IS
'A new version of a posting rule for a unit and all below it, or one account of it, from an instant on (default now); what is left out stays as it is above. KF004 where the rule''s latitude doesn''t allow it (设定发文规则; R2, R6, R38, ruling 28)';

CREATE FUNCTION kefu.add_posting_exception(unit text, from_at timestamptz, to_at timestamptz, reason text,
                                           account text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    new_id bigint;
BEGIN
    PERFORM kefu.require_unit(unit, 'leader');
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'a special event needs a reason' USING ERRCODE = 'KF002', HINT = 'Give reason.';
    END IF;
    IF account IS NOT NULL THEN
        PERFORM kefu.require_own_account(unit, account);
    END IF;
    IF to_at > from_at + interval '744 hours' THEN
        RAISE EXCEPTION 'a special event lasts 31 days at most' USING ERRCODE = 'KF004';
    END IF;
    INSERT INTO kefu.posting_exception (unit, account, during, reason, granted_by, granted_at)
    VALUES (add_posting_exception.unit, add_posting_exception.account, kefu.require_range(from_at, to_at), reason,
            kefu.me(), kefu.now())
    RETURNING exception_id INTO new_id;
    PERFORM kefu.append_ledger('rules', 'add_posting_exception', jsonb_strip_nulls(jsonb_build_object(
        'exception', new_id, 'unit', unit, 'account', account, 'from', from_at, 'to', to_at)),
        jsonb_build_object('reason', reason));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.add_posting_exception(text, timestamptz, timestamptz, text, text) IS
'A leader exempts a unit or one account from the posting rules that warn, for 31 days at most, and says why; what blocks still does. Returns its number (特殊事件; R40)';

CREATE FUNCTION kefu.set_review(unit text, scheme text, valid_from timestamptz DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(set_review.valid_from, kefu.now());
BEGIN
    PERFORM kefu.require_admin(unit);
    IF since < kefu.now() THEN
        RAISE EXCEPTION 'a rule can''t begin in the past' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM kefu.review_scheme s WHERE s.scheme = set_review.scheme) THEN
        RAISE EXCEPTION 'there is no review scheme "%"', scheme
            USING ERRCODE = 'undefined_object',
                  HINT = (SELECT 'There are: ' || string_agg(DISTINCT s.scheme, ', ') || '.' FROM kefu.review_scheme s);
    END IF;
    INSERT INTO kefu.review_rule (unit, valid_from, scheme) VALUES (set_review.unit, since, set_review.scheme);
    PERFORM kefu.append_ledger('rules', 'set_review', jsonb_build_object('unit', unit, 'scheme', scheme, 'from', since));
END $$;
COMMENT ON FUNCTION kefu.set_review(text, text, timestamptz) IS
'Which scheme a unit and all below it review their posts by, from an instant on (default now); texts in review keep theirs (设定审核方案; R5)';

-- --- the day in numbers ---------------------------------------------------------------

CREATE FUNCTION kefu.posting_rules_on(from_day date, to_day date)
    RETURNS TABLE (account text, day date, rule text, at_least integer, at_most integer, from_time time, to_time time,
                   rulebook text)
    LANGUAGE plpgsql ROWS 30 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    WITH path AS MATERIALIZED (
        SELECT a.account, p.unit, p.step
          FROM kefu.account a CROSS JOIN LATERAL kefu.unit_path(a.unit) WITH ORDINALITY AS p(unit, step)
         WHERE EXISTS (SELECT FROM kefu.placement l WHERE l.account = a.account)
    )
    SELECT DISTINCT ON (p.account, d.day, r.rule)
           p.account, d.day::date, r.rule, r.at_least, r.at_most, r.from_time, r.to_time, r.rulebook
      FROM path p
      JOIN kefu.posting_rule r ON r.unit = p.unit AND r.account IN ('', p.account)
     CROSS JOIN generate_series(from_day, to_day, interval '1 day') AS d(day)
     WHERE r.valid_from <= kefu.local_instant(d.day::date, '12:00')
     ORDER BY p.account, d.day, r.rule, r.account = '', p.step, r.valid_from DESC;
END $$;
COMMENT ON FUNCTION kefu.posting_rules_on(date, date) IS
'The versions that accounts with placements go by at noon of each local day, as kefu.posting_rule_of() (每日适用发文规则)';

-- Largest remainder: what each of three shares is owed of so many posts.
CREATE FUNCTION kefu.owed_shares(posts bigint, service integer, industry integer, leisure integer) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(o.whole + CASE WHEN o.rank <= o.missing THEN 1 ELSE 0 END ORDER BY o.n)
      FROM (SELECT f.n, floor(f.quota)::integer AS whole,
                   row_number() OVER (ORDER BY f.quota - floor(f.quota) DESC, f.n) AS rank,
                   posts - sum(floor(f.quota)) OVER () AS missing
              FROM (SELECT s.n, posts * s.share::numeric / nullif(service + industry + leisure, 0) AS quota
                      FROM unnest(ARRAY[service, industry, leisure]) WITH ORDINALITY AS s(share, n)) AS f) AS o;
END;
COMMENT ON FUNCTION kefu.owed_shares(bigint, integer, integer, integer) IS
'How many of so many posts each of three shares is owed, by largest remainder, which add up to all of them; on a tie the first (应发份额; R50, ruling 9)';

CREATE FUNCTION kefu.posting_days(from_day date, to_day date)
    RETURNS TABLE (account text, unit text, day date, posts bigint, reposts bigint, soft_reposts bigint, pictures bigint,
                   service bigint, industry bigint, leisure bigint, mixed bigint, marketing bigint,
                   first_at timestamptz, last_at timestamptz, least_spacing_minutes integer, most_gap_minutes integer,
                   morning_at timestamptz, evening_at timestamptz, outside_window bigint, exempt_posts bigint, videos bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    WITH owes AS (
        SELECT l.account, min(kefu.local_day(l.send_at)) AS since
          FROM kefu.placement l WHERE l.state <> 'cancelled' GROUP BY l.account
    ), days AS (
        SELECT a.account, a.unit, r.day,
               max(r.from_time) FILTER (WHERE r.rule = 'morning') AS morning,
               max(r.from_time) FILTER (WHERE r.rule = 'evening') AS evening,
               max(r.from_time) FILTER (WHERE r.rule = 'window') AS opens,
               max(r.to_time) FILTER (WHERE r.rule = 'window') AS shuts
          FROM owes o
          JOIN kefu.account a ON a.account = o.account AND a.is_live
          JOIN kefu.posting_rules_on(from_day, to_day) AS r ON r.account = o.account AND r.day >= o.since
         GROUP BY a.account, a.unit, r.day
    ), post AS (
        SELECT s.account, kefu.local_day(s.at) AS day, s.at, s.is_repost, s.is_exempt, s.has_media, s.has_video, k.mix, k.slot, k.is_soft,
               p.is_marketing, (m.at AT TIME ZONE 'Asia/Shanghai')::time AS local,
               CASE WHEN NOT s.is_exempt THEN m.at - lag(m.at) OVER (
                   PARTITION BY s.account, kefu.local_day(s.at), s.is_exempt ORDER BY m.at, s.placement_id) END AS apart
          FROM kefu.standing_placement s
         CROSS JOIN LATERAL (SELECT date_trunc('minute', s.at) AS at) AS m
          JOIN kefu.post_kind k USING (kind)
          JOIN kefu.post p USING (post_id)
         WHERE s.at >= kefu.local_instant(from_day, '00:00') AND s.at < kefu.local_instant(to_day + 1, '00:00')
    )
    SELECT d.account, d.unit, d.day,
           count(*) FILTER (WHERE NOT x.is_exempt), count(*) FILTER (WHERE x.is_repost AND NOT x.is_exempt),
           count(*) FILTER (WHERE x.is_repost AND x.is_soft), count(*) FILTER (WHERE x.has_media),
           count(*) FILTER (WHERE b.between_slots AND x.mix = 'service'),
           count(*) FILTER (WHERE b.between_slots AND x.mix = 'industry'),
           count(*) FILTER (WHERE b.between_slots AND x.mix = 'leisure'),
           count(*) FILTER (WHERE b.between_slots AND x.mix IS NOT NULL),
           count(*) FILTER (WHERE x.is_marketing), min(x.at), max(x.at),
           extract(epoch FROM min(x.apart))::integer / 60, extract(epoch FROM max(x.apart))::integer / 60,
           min(x.at) FILTER (WHERE x.slot = 'morning'), min(x.at) FILTER (WHERE x.slot = 'evening'),
           count(*) FILTER (WHERE NOT x.is_exempt AND x.slot IS NULL AND (x.local < d.opens OR x.local > d.shuts)),
           count(*) FILTER (WHERE x.is_exempt), count(*) FILTER (WHERE x.has_video)
      FROM days d
      LEFT JOIN post x ON x.account = d.account AND x.day = d.day
     CROSS JOIN LATERAL (SELECT NOT x.is_exempt AND x.slot IS NULL
                                AND x.local > d.morning AND x.local < d.evening AS between_slots) AS b
     GROUP BY d.account, d.unit, d.day;
END $$;
COMMENT ON FUNCTION kefu.posting_days(date, date) IS
'What each account has posted or is to post on each local day of a span, from the day of its first placement: counts without emergencies and re-issues (which exempt_posts counts), the mix between the fixed slots; each post at the instant it counts for, compared in whole minutes. Of all units; for the owner''s functions only (每日发文统计; R38, R39, R48-R52, R61, R62)';

CREATE FUNCTION kefu.find_posting(kinds text[])
    RETURNS TABLE (rule text, account text, unit text, day date, rulebook text, said_zh text, said_en text)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    -- The last seven days, and what of today can't be mended by posting more.
    RETURN QUERY
    WITH d AS MATERIALIZED (
        SELECT x.*, x.day < kefu.local_day(kefu.now()) AS is_over
          FROM kefu.posting_days(kefu.local_day(kefu.now()) - 7, kefu.local_day(kefu.now())) AS x
         WHERE NOT kefu.posting_exempt(x.account, kefu.local_instant(x.day, '12:00'))
    ), q AS MATERIALIZED (
        SELECT x.* FROM kefu.posting_rules_on(kefu.local_day(kefu.now()) - 7, kefu.local_day(kefu.now())) AS x
    ), r AS (
        SELECT d.*, q.rule AS name, q.at_least, q.at_most, q.from_time, q.rulebook
          FROM d JOIN q USING (account, day) WHERE q.rule = ANY (kinds)
    ), share AS (
        SELECT d.account, d.day, kefu.owed_shares(d.mixed, z.service, z.industry, z.leisure) AS owed,
               kefu.owed_shares(d.posts, z.repost, z.original, 0) AS halves
          FROM d
          JOIN (SELECT q.account, q.day,
                       max(q.at_least) FILTER (WHERE q.rule = 'mix_service') AS service,
                       max(q.at_least) FILTER (WHERE q.rule = 'mix_industry') AS industry,
                       max(q.at_least) FILTER (WHERE q.rule = 'mix_leisure') AS leisure,
                       max(q.at_least) FILTER (WHERE q.rule = 'ratio_repost') AS repost,
                       max(q.at_least) FILTER (WHERE q.rule = 'ratio_original') AS original
                  FROM q GROUP BY q.account, q.day) AS z USING (account, day)
    )
    SELECT r.name, r.account, r.unit, r.day, r.rulebook, w.zh, w.en
      FROM r JOIN share s USING (account, day)
     CROSS JOIN LATERAL (
        SELECT format('发文 %s 条，应为 %s 至 %s 条', r.posts, r.at_least, r.at_most) AS zh,
               format('%s posts, not %s to %s', r.posts, r.at_least, r.at_most) AS en
         WHERE r.name = 'number' AND (r.posts > r.at_most OR r.is_over AND r.posts < r.at_least)
        UNION ALL
        SELECT format('%s 条不在发文时段内', r.outside_window), format('%s posts outside the window', r.outside_window)
         WHERE r.name = 'window' AND r.outside_window > 0
        UNION ALL
        SELECT format('两条相隔 %s 分钟，少于 %s', r.least_spacing_minutes, r.at_least),
               format('two posts %s minutes apart, less than %s', r.least_spacing_minutes, r.at_least)
         WHERE r.name = 'spacing' AND r.least_spacing_minutes < r.at_least
        UNION ALL
        SELECT format('两条相隔 %s 分钟，超过 %s', r.most_gap_minutes, r.at_most),
               format('two posts %s minutes apart, more than %s', r.most_gap_minutes, r.at_most)
         WHERE r.name = 'gap' AND r.is_over AND r.most_gap_minutes > r.at_most
        UNION ALL
        SELECT CASE WHEN x.at IS NULL THEN '没有早安或晚间休闲微博' ELSE '偏离固定时刻，为 ' || x.local END,
               CASE WHEN x.at IS NULL THEN 'no ' || r.name || ' post' ELSE r.name || ' post at ' || x.local END
          FROM (SELECT v.at, to_char(v.at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') AS local
                  FROM (SELECT CASE r.name WHEN 'morning' THEN r.morning_at ELSE r.evening_at END AS at) AS v) AS x
         WHERE r.name IN ('morning', 'evening')
           AND (date_trunc('minute', x.at) NOT BETWEEN kefu.local_instant(r.day, r.from_time) - make_interval(mins => r.at_most)
                            AND kefu.local_instant(r.day, r.from_time) + make_interval(mins => r.at_most)
                OR x.at IS NULL AND r.is_over)
        UNION ALL
        SELECT format('自身业务、业内、休闲为 %s:%s:%s，应为 %s', r.service, r.industry, r.leisure, array_to_string(s.owed, ':')),
               format('own service, industry, leisure are %s:%s:%s, not %s', r.service, r.industry, r.leisure, array_to_string(s.owed, ':'))
         WHERE r.name = 'mix' AND r.is_over
           AND greatest(abs(r.service - s.owed[1]), abs(r.industry - s.owed[2]), abs(r.leisure - s.owed[3])) > r.at_most
        UNION ALL
        SELECT format('转发 %s 条、原创 %s 条', r.reposts, r.posts - r.reposts),
               format('%s reposts to %s originals', r.reposts, r.posts - r.reposts)
         WHERE r.name = 'ratio' AND r.is_over AND abs(r.reposts - s.halves[1]) > r.at_most
        UNION ALL
        SELECT format('含图 %s 条，少于 %s', r.pictures, r.at_least), format('%s posts with a picture, less than %s', r.pictures, r.at_least)
         WHERE r.name = 'pictures' AND r.is_over AND r.pictures < r.at_least
        UNION ALL
        SELECT format('公益、新闻、文化转发 %s 条，超过 %s', r.soft_reposts, r.at_most),
               format('%s welfare, news and culture reposts, more than %s', r.soft_reposts, r.at_most)
         WHERE r.name = 'soft_reposts' AND r.soft_reposts > r.at_most) AS w(zh, en);
END $$;
COMMENT ON FUNCTION kefu.find_posting(text[]) IS
'Days of the last seven and today on which an account broke one of these rules, special events left out; today''s plan counts, and what is still to come of today is not missed yet. Of all units (发文缺口; R38, R39, R48-R52, R61, R62)';

CREATE FUNCTION kefu.find_broken_posts()
    RETURNS TABLE (invariant text, rulebook text, placement_id bigint, unit text, since_at timestamptz, detail text)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    units text[] := kefu.my_units();
BEGIN
    RETURN QUERY
    SELECT 'I6', 'R5', l.placement_id, l.unit, coalesce(l.published_at, l.send_at),
           'it left without an approved review'
      FROM kefu.placement l JOIN kefu.post p USING (post_id)
     WHERE l.unit = ANY (units) AND (l.state IN ('sending', 'uncertain', 'published', 'deleting') OR l.published_at IS NOT NULL)
       AND (p.approved_at IS NULL
            OR (SELECT count(*) FROM kefu.post_review r
                 WHERE r.post_id = p.post_id AND r.review_round = p.review_round AND r.outcome <> 'rejected')
               < CASE WHEN p.is_urgent THEN 1 ELSE p.steps_needed END
            OR EXISTS (SELECT FROM kefu.post_review r
                        WHERE r.post_id = p.post_id AND r.review_round = p.review_round
                          AND r.staff_id = ANY (p.writers)))
    UNION ALL
    SELECT 'I7', 'R63', l.placement_id, l.unit, l.published_at, 'copied text does not name its source'
      FROM kefu.placement l JOIN kefu.post p USING (post_id)
     WHERE l.unit = ANY (units) AND p.is_copied AND l.state IN ('published', 'deleting')
       AND kefu.names_source(l.text, p.source) IS NOT TRUE
    UNION ALL
    SELECT 'I8', 'R61', max(l.placement_id), a.unit, max(l.at),
           format('%s welfare, news and culture reposts on %s', count(*), kefu.local_day(l.at))
      FROM kefu.standing_placement l
      JOIN kefu.post_kind k ON k.kind = l.kind AND k.is_soft
      JOIN kefu.account a ON a.account = l.account
     WHERE a.unit = ANY (units) AND l.is_repost
     GROUP BY a.unit, a.account, kefu.local_day(l.at)
    HAVING count(*) > (kefu.posting_rule_of('soft_reposts', a.account, max(l.at))).at_most;
END $$;
COMMENT ON FUNCTION kefu.find_broken_posts() IS
'What breaks I6, I7 and I8, in the caller''s units: placements that left without an approved review by others, copied text without its source, a third soft repost of a day (发文不变式; I6, I7, I8)';

CREATE FUNCTION kefu.find_posting_day() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    -- How much of it is about our own services is what the mix says first.
    SELECT 'account', NULL::bigint, f.account, f.unit, f.account, kefu.local_instant(f.day, '00:00'),
           CASE f.rule WHEN 'mix' THEN ARRAY[f.rulebook, 'R44'] WHEN 'number' THEN ARRAY[f.rulebook, 'R12'] ELSE ARRAY[f.rulebook] END,
           f.day || ' ' || f.said_zh, f.day || ': ' || f.said_en
      FROM kefu.find_posting(ARRAY['number', 'window', 'spacing', 'gap', 'morning', 'evening', 'mix', 'ratio', 'pictures']) AS f;
END $$;
COMMENT ON FUNCTION kefu.find_posting_day() IS 'Days of the last seven and today on which an account kept a posting rule that warns not (当日发文不符; R12, R38, R39, R44, R48-R50, R52, R62)';

CREATE FUNCTION kefu.find_soft_reposts() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, f.account, f.unit, f.account, kefu.local_instant(f.day, '00:00'), ARRAY[f.rulebook],
           f.day || ' ' || f.said_zh, f.day || ': ' || f.said_en
      FROM kefu.find_posting(ARRAY['soft_reposts']) AS f;
END $$;
COMMENT ON FUNCTION kefu.find_soft_reposts() IS 'Days of the last seven and today with a third welfare, news or culture repost (公益新闻文化转发超限; R61)';

CREATE FUNCTION kefu.find_unused_video() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    yesterday date := kefu.local_day(kefu.now()) - 1;
    begins timestamptz := kefu.local_instant(yesterday, '00:00');
    ends timestamptz := kefu.local_instant(yesterday + 1, '00:00');
BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, a.account, a.unit, a.account, begins, NULL::text[],
           format('%s 未发视频，有 %s 条已审核的视频博文待发', yesterday, v.waiting),
           format('%s: no video, and %s approved posts with one are waiting', yesterday, v.waiting)
      FROM kefu.account a
     CROSS JOIN LATERAL (SELECT count(*) AS waiting
              FROM kefu.post p
             WHERE p.state = 'approved' AND p.approved_at < begins AND p.unit IN (SELECT kefu.unit_path(a.unit))
               AND coalesce(p.valid_from, begins) < ends AND coalesce(p.valid_until, ends) >= begins
               AND EXISTS (SELECT FROM kefu.post_media x JOIN kefu.media g USING (media_id)
                            WHERE x.post_id = p.post_id AND g.is_video
                              AND kefu.unsendable(a.account, 'post_video', g.media_id) IS NULL)) AS v
     WHERE a.is_live AND v.waiting > 0
       AND EXISTS (SELECT FROM kefu.placement l WHERE l.account = a.account AND l.send_at < ends)
       AND NOT EXISTS (SELECT FROM kefu.standing_placement s
                        WHERE s.account = a.account AND s.has_video AND s.at >= begins AND s.at < ends)
       AND NOT kefu.posting_exempt(a.account, kefu.local_instant(yesterday, '12:00'));
END $$;
COMMENT ON FUNCTION kefu.find_unused_video() IS 'Accounts whose platform takes videos, which showed none yesterday although an approved one was waiting; an account owes posts from its first placement on (有视频未配发; R52)';

CREATE FUNCTION kefu.find_forbidden_post() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 5 STABLE PARALLEL UNSAFE AS
$$ BEGIN
    -- Only what changed since the post was let out can say anything new of it.
    RETURN QUERY
    WITH fresh AS MATERIALIZED (
        SELECT max(v.valid_from) AS since
          FROM (SELECT x.valid_from FROM kefu.lexicon_version x UNION ALL SELECT x.valid_from FROM kefu.content_rule x) AS v
         WHERE v.valid_from <= kefu.now()
    )
    SELECT 'placement', l.placement_id, NULL::text, l.unit, l.account, f.since, NULL::text[],
           CASE WHEN l.published_at IS NULL THEN '已排期，现行词库禁止发布' ELSE '已发布，现行词库禁止发布' END,
           CASE WHEN l.published_at IS NULL THEN 'planned; ' ELSE 'published; ' END || w.said
      FROM kefu.placement l
      JOIN kefu.post p USING (post_id)
      JOIN fresh f ON f.since > p.approved_at
     CROSS JOIN LATERAL kefu.forbidden_now(p, l.text) AS w(said)
     WHERE w.said IS NOT NULL
       AND (l.state = 'planned' OR l.state = 'published' AND l.published_at > kefu.now() - interval '7 days');
END $$;
COMMENT ON FUNCTION kefu.find_forbidden_post() IS 'What is planned, or was published in the last seven days and still stands, with words that a lexicon or rule forbids since it was approved; what a reviewer let pass is left out (已放行内容现属禁用; R47, R76)';

CREATE FUNCTION kefu.find_warned_post() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'post', p.post_id, NULL::text, p.unit, NULL::text, s.since, ARRAY[w.rulebook],
           format('博文被提示（%s），未说明理由', w.rule), format('it was warned of (%s), and nobody said why it may stay', w.rule)
      FROM kefu.post p
      JOIN (SELECT x.post_id, min(x.at) AS since FROM kefu.standing_placement x
             WHERE x.at >= kefu.local_instant(kefu.local_day(kefu.now()) - 7, '00:00')
             GROUP BY x.post_id) AS s USING (post_id)
      JOIN kefu.post_warning w ON w.post_id = p.post_id AND w.review_round = p.review_round
     WHERE coalesce(btrim(w.reason), '') = ''
       AND NOT EXISTS (SELECT FROM kefu.post_review r
                        WHERE r.post_id = p.post_id AND r.review_round = p.review_round AND r.outcome <> 'rejected'
                          AND btrim(r.words) <> '');
END $$;
COMMENT ON FUNCTION kefu.find_warned_post() IS 'Posts planned, or published in the last seven days, that were warned of when they were submitted and for which neither writer nor reviewer gave a reason (带提示发布的博文; R41, R45, R64, R80, ruling 26)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES
    ('forbidden_post', 'kefu.find_forbidden_post()', '{R47,R76}', 'must', '内容现属禁用', 'forbidden by now',
     '未发的取消或修改后重新审核（kefu.cancel_placement、kefu.revise_post）；已发布的下令删除（kefu.order_takedown）。',
     'What is planned is cancelled, or changed and reviewed anew (kefu.cancel_placement, kefu.revise_post); what is published is taken down (kefu.order_takedown).'),
    ('warned_post', 'kefu.find_warned_post()', '{R45,R64,R41,R80}', 'warn', '带提示发布', 'sent out in spite of a warning',
     '撤回修改（kefu.revise_post），或提交、审核时说明理由（kefu.submit_post、kefu.review_post）。',
     'Take it in hand anew (kefu.revise_post), or say why when submitting or reviewing (kefu.submit_post, kefu.review_post).'),
    ('unused_video', 'kefu.find_unused_video()', '{R52}', 'warn', '有视频未配发', 'video not used',
     '用 kefu.schedule() 排期该视频博文。', 'Plan the post with kefu.schedule().'),
    ('posting_day', 'kefu.find_posting_day()', '{R38,R39,R48,R49,R50,R52,R62,R12,R44}', 'warn', '当日发文不符', 'the day''s posts',
     '用 kefu.schedule()、kefu.reschedule()、kefu.cancel_placement() 调整当日计划；特殊事件由值班长登记（kefu.add_posting_exception）。',
     'Change the day with kefu.schedule(), kefu.reschedule() and kefu.cancel_placement(); a leader records a special event with kefu.add_posting_exception().'),
    ('soft_reposts', 'kefu.find_soft_reposts()', '{R61}', 'block', '公益新闻文化转发超限', 'too many soft reposts',
     '取消或删除多出的转发，改日再发。', 'Cancel or delete what is too many, and repost it another day.');
