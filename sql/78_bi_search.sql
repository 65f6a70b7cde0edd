-- 78_bi_search: what analysts read of how we look for what nobody wrote to us.
--
-- The rules at the head of 70_bi hold here too. A search is an endpoint whose items
-- aren't written to us; one that asks for watched_id reads another unit's account.

CREATE FUNCTION kefu.find_search_gaps()
    RETURNS TABLE (account text, action text, from_at timestamptz, to_at timestamptz, is_open boolean)
    LANGUAGE plpgsql ROWS 100 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    WITH feed AS MATERIALIZED (
        SELECT f.account, f.action, f.start_at, s.ok_at, a.unit
          FROM kefu.feed f
          JOIN kefu.account a ON a.account = f.account AND a.is_live
          JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = f.action AND e.purpose = 'feed' AND NOT e.to_us
          LEFT JOIN kefu.feed_state s ON s.account = f.account AND s.action = f.action
         WHERE a.unit = ANY ((SELECT kefu.my_units())::text[])
    )
    SELECT f.account, f.action, g.from_at, g.to_at, g.is_open
      FROM feed f
     CROSS JOIN LATERAL (SELECT coalesce(lower(x.during), f.start_at), upper(x.during), false, NOT lower_inf(x.during)
                           FROM kefu.feed_gap x WHERE x.account = f.account AND x.action = f.action
                          UNION ALL
                         SELECT coalesce(f.ok_at, f.start_at), kefu.now(), true, false) AS g(from_at, to_at, is_open, is_judged)
     -- Those between two successes were judged when they were noted.
     WHERE g.is_judged OR g.to_at - g.from_at > kefu.patrol_every(f.unit, g.from_at);
END $$;
COMMENT ON FUNCTION kefu.find_search_gaps() IS
'Rows of kefu_bi.search_gaps (内部: 搜索中断)';

CREATE FUNCTION kefu.find_searches()
    RETURNS TABLE (account text, platform text, unit text, kind text, action text, keyword text, watched_native_id text,
                   watched_name text, standing text, is_late boolean, is_single_page boolean, since_at timestamptz,
                   every interval, pace interval, allowed interval, complete_at timestamptz, next_at timestamptz,
                   polls bigint, refused bigint, gaps bigint, gap_minutes numeric,
                   day_items bigint, day_new bigint, day_tickets bigint,
                   week_items bigint, week_new bigint, week_tickets bigint)
    LANGUAGE plpgsql ROWS 100 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    week CONSTANT tstzrange := tstzrange(kefu.now() - interval '7 days', kefu.now(), '(]');
BEGIN
    RETURN QUERY
    WITH own AS MATERIALIZED (
        SELECT a.account, a.platform, a.unit, p.is_live
          FROM kefu.account a JOIN kefu.platform p ON p.platform = a.platform
         WHERE a.is_live AND a.unit = ANY ((SELECT kefu.my_units())::text[])
    ), offer AS MATERIALIZED (
        SELECT e.platform, e.action, e.paging_style = 'none' AS is_single_page,
               CASE WHEN e.param_map ? 'watched_id' THEN 'sister' ELSE 'search' END AS kind
          FROM kefu.endpoint e WHERE e.purpose = 'feed' AND NOT e.to_us
    ), feed AS MATERIALIZED (
        SELECT o.*, x.kind, x.is_single_page, f.action, f.every, f.start_at, f.args,
               f.is_live AND o.is_live AS is_asked
          FROM own o
          JOIN kefu.feed f ON f.account = o.account
          JOIN offer x ON x.platform = o.platform AND x.action = f.action
    ), gap AS MATERIALIZED (
        SELECT f.account, f.action, count(g.to_at) AS gaps,
               kefu.minutes_of(range_agg(tstzrange(g.from_at, g.to_at) * week) FILTER (WHERE g.to_at IS NOT NULL)) AS minutes,
               coalesce(bool_or(g.is_open), false) AS is_open
          FROM feed f
          LEFT JOIN kefu.find_search_gaps() AS g ON g.account = f.account AND g.action = f.action AND g.to_at > lower(week)
         GROUP BY f.account, f.action
    ), came AS MATERIALIZED (
        SELECT s.account, s.action, s.found_at > kefu.now() - interval '1 day' AS is_today,
               (m.account, m.action) = (s.account, s.action) AS is_new, m.ticket_id
          FROM kefu.sighting s
          JOIN feed f ON f.account = s.account AND f.action = s.action
          JOIN kefu.message m ON m.message_id = s.message_id AND m.is_live
         WHERE s.found_at > lower(week) AND s.found_at <= upper(week)
    ), found AS MATERIALIZED (
        SELECT f.account, f.action,
               count(*) FILTER (WHERE c.is_today) AS day_items,
               count(*) FILTER (WHERE c.is_today AND c.is_new) AS day_new,
               count(DISTINCT c.ticket_id) FILTER (WHERE c.is_today AND c.is_new) AS day_tickets,
               count(c.is_today) AS week_items,
               count(*) FILTER (WHERE c.is_new) AS week_new,
               count(DISTINCT c.ticket_id) FILTER (WHERE c.is_new) AS week_tickets
          FROM feed f LEFT JOIN came c ON c.account = f.account AND c.action = f.action
         GROUP BY f.account, f.action
    )
    SELECT o.account, o.platform, o.unit, k.kind, f.action,
           CASE k.kind WHEN 'search' THEN kefu.mask_numbers(f.args ->> 'keyword') END,
           CASE WHEN w.name IS NOT NULL THEN f.args ->> 'watched_id' END, w.name,
           CASE WHEN f.action IS NULL AND NOT EXISTS (SELECT FROM offer x WHERE x.platform = o.platform AND x.kind = k.kind)
                THEN 'impossible'
                WHEN f.action IS NULL THEN 'unset'
                WHEN NOT f.is_asked THEN 'off'
                WHEN s.last_class = 'budget' THEN 'refused'
                WHEN s.failures > 0 OR s.last_class = 'needs_secret' THEN 'failing'
                WHEN g.is_open THEN 'late'
                WHEN s.ok_at IS NULL THEN 'new'
                ELSE 'kept' END,
           g.is_open, f.is_single_page, f.start_at, f.every,
           CASE WHEN y.account IS NULL THEN f.every ELSE f.every * y.stretch END,
           kefu.patrol_every(o.unit, kefu.now()),
           s.ok_at, CASE WHEN f.is_asked THEN nullif(s.next_poll_at, '-infinity') END,
           s.polls_count, s.refused_count,
           g.gaps, g.minutes, n.day_items, n.day_new, n.day_tickets, n.week_items, n.week_new, n.week_tickets
      FROM own o
     CROSS JOIN (VALUES ('search'), ('sister')) AS k(kind)
      LEFT JOIN feed f ON f.account = o.account AND f.kind = k.kind
      LEFT JOIN kefu.feed_state s ON s.account = f.account AND s.action = f.action
      LEFT JOIN kefu.patrol_pace y ON y.account = f.account
      LEFT JOIN gap g ON g.account = f.account AND g.action = f.action
      LEFT JOIN found n ON n.account = f.account AND n.action = f.action
      LEFT JOIN LATERAL (SELECT coalesce((SELECT b.handle FROM kefu.account b
                                           WHERE b.platform = f.platform AND b.native_id = f.args ->> 'watched_id'),
                                         (SELECT t.name FROM kefu.follow_target t
                                           WHERE t.platform = f.platform AND t.native_id = f.args ->> 'watched_id'
                                             AND t.valid_from <= kefu.now()
                                           ORDER BY t.valid_from DESC LIMIT 1))) AS w(name) ON true;
END $$;
COMMENT ON FUNCTION kefu.find_searches() IS
'Rows of kefu_bi.searches (内部: 主动搜索)';

CREATE VIEW kefu_bi.searches WITH (security_barrier) AS
SELECT s.account,
       s.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       s.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       s.kind AS search_kind,
       k.label_zh AS search_kind_label_zh,
       k.label_en AS search_kind_label_en,
       s.action AS feed,
       s.keyword,
       s.watched_native_id,
       s.watched_name,
       s.standing,
       l.label_zh AS standing_label_zh,
       l.label_en AS standing_label_en,
       s.is_late,
       s.is_single_page,
       s.since_at,
       (s.since_at AT TIME ZONE 'Asia/Shanghai')::date AS since_local_date,
       extract(hour FROM s.since_at AT TIME ZONE 'Asia/Shanghai')::integer AS since_local_hour,
       round(extract(epoch FROM s.every))::bigint AS every_seconds,
       round(extract(epoch FROM s.pace))::bigint AS pace_seconds,
       round(extract(epoch FROM s.allowed))::bigint AS allowed_seconds,
       s.complete_at,
       (s.complete_at AT TIME ZONE 'Asia/Shanghai')::date AS complete_local_date,
       extract(hour FROM s.complete_at AT TIME ZONE 'Asia/Shanghai')::integer AS complete_local_hour,
       s.next_at,
       (s.next_at AT TIME ZONE 'Asia/Shanghai')::date AS next_local_date,
       extract(hour FROM s.next_at AT TIME ZONE 'Asia/Shanghai')::integer AS next_local_hour,
       s.polls AS poll_count,
       s.refused AS refused_count,
       s.gaps AS week_gap_count,
       s.gap_minutes AS week_gap_minutes,
       s.day_items AS day_item_count,
       s.day_new AS day_new_count,
       s.day_tickets AS day_ticket_count,
       s.week_items AS week_item_count,
       s.week_new AS week_new_count,
       s.week_tickets AS week_ticket_count
  FROM kefu.find_searches() AS s
  JOIN kefu.unit u ON u.unit = s.unit
  JOIN kefu.platform p ON p.platform = s.platform
  JOIN kefu_bi.labels k ON k.code_kind = 'search_kind' AND k.code = s.kind
  JOIN kefu_bi.labels l ON l.code_kind = 'search_standing' AND l.code = s.standing;
COMMENT ON VIEW kefu_bi.searches IS
'Where we look for what nobody wrote to us, and where nobody looks: each search and each watched account of our live accounts, and one row without a feed for an account and kind that has none (主动搜索; R87, R104)';
COMMENT ON COLUMN kefu_bi.searches.account IS 'our account that asks (账号)';
COMMENT ON COLUMN kefu_bi.searches.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.searches.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.searches.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.searches.unit IS 'its unit (机构)';
COMMENT ON COLUMN kefu_bi.searches.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.searches.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.searches.search_kind IS 'search: for words, sister: another unit''s account (搜索方式)';
COMMENT ON COLUMN kefu_bi.searches.search_kind_label_zh IS 'Chinese label of search_kind (搜索方式标签)';
COMMENT ON COLUMN kefu_bi.searches.search_kind_label_en IS 'English label of search_kind (搜索方式英文标签)';
COMMENT ON COLUMN kefu_bi.searches.feed IS 'feed; NULL: nobody looks in this way (信息源)';
COMMENT ON COLUMN kefu_bi.searches.keyword IS 'words or tag that are searched for, as typed, with mobile, landline and identity-card numbers masked; NULL none, or not a search for words (检索词)';
COMMENT ON COLUMN kefu_bi.searches.watched_native_id IS 'the platform''s id of the account that is watched; NULL none, or one that is neither ours nor on the list of known accounts (被关注平台ID)';
COMMENT ON COLUMN kefu_bi.searches.watched_name IS 'its name, ours or from that list; NULL as watched_native_id (被关注名称)';
COMMENT ON COLUMN kefu_bi.searches.standing IS 'impossible: the platform has no way, unset: it has one and nobody uses it, off: stopped, refused: the platform''s limits have no room now, failing: the last request failed, late: no request in full for longer than allowed, new: none in full yet, kept: none of these (搜索状态)';
COMMENT ON COLUMN kefu_bi.searches.standing_label_zh IS 'Chinese label of standing (搜索状态标签)';
COMMENT ON COLUMN kefu_bi.searches.standing_label_en IS 'English label of standing (搜索状态英文标签)';
COMMENT ON COLUMN kefu_bi.searches.is_late IS 'not asked in full for longer than allowed, for whatever reason; NULL no feed (是否中断)';
COMMENT ON COLUMN kefu_bi.searches.is_single_page IS 'the platform gives one page and no more: what doesn''t fit on it is missed; NULL no feed (是否仅一页)';
COMMENT ON COLUMN kefu_bi.searches.since_at IS 'since when it is looked for; what was posted before is history; NULL no feed (起始时间)';
COMMENT ON COLUMN kefu_bi.searches.since_local_date IS 'Beijing date of since_at; NULL where that is (起始时间日期)';
COMMENT ON COLUMN kefu_bi.searches.since_local_hour IS 'Beijing hour of since_at, 0 to 23; NULL where that is (起始时间小时)';
COMMENT ON COLUMN kefu_bi.searches.every_seconds IS 'pause between two requests as it was set, seconds; NULL no feed (设定间隔秒数)';
COMMENT ON COLUMN kefu_bi.searches.pace_seconds IS 'pause that the platform''s limits leave it, seconds; NULL no feed, or they leave no calls at all (计划间隔秒数)';
COMMENT ON COLUMN kefu_bi.searches.allowed_seconds IS 'longest pause that kefu.patrol_rule allows the unit now, seconds; NULL no rule (允许间隔秒数)';
COMMENT ON COLUMN kefu_bi.searches.complete_at IS 'when it was last asked in full: up to then nothing is missing that the platform shows; NULL never (最近完整搜索时间)';
COMMENT ON COLUMN kefu_bi.searches.complete_local_date IS 'Beijing date of complete_at; NULL where that is (最近完整搜索时间日期)';
COMMENT ON COLUMN kefu_bi.searches.complete_local_hour IS 'Beijing hour of complete_at, 0 to 23; NULL where that is (最近完整搜索时间小时)';
COMMENT ON COLUMN kefu_bi.searches.next_at IS 'when it is asked next; NULL at once, stopped, or no feed (下次搜索时间)';
COMMENT ON COLUMN kefu_bi.searches.next_local_date IS 'Beijing date of next_at; NULL where that is (下次搜索时间日期)';
COMMENT ON COLUMN kefu_bi.searches.next_local_hour IS 'Beijing hour of next_at, 0 to 23; NULL where that is (下次搜索时间小时)';
COMMENT ON COLUMN kefu_bi.searches.poll_count IS 'requests so far; NULL no feed (请求次数)';
COMMENT ON COLUMN kefu_bi.searches.refused_count IS 'times that the platform''s limits had no room for one so far, put off each; NULL no feed (限额拒绝次数)';
COMMENT ON COLUMN kefu_bi.searches.week_gap_count IS 'rows of kefu_bi.search_gaps that reach into the last 7 days; NULL no feed (近7日中断次数)';
COMMENT ON COLUMN kefu_bi.searches.week_gap_minutes IS 'their minutes within these days, one decimal; NULL no feed (近7日中断分钟)';
COMMENT ON COLUMN kefu_bi.searches.day_item_count IS 'items since its beginning that it met for the first time in the last 24 hours; NULL no feed (近24小时条数)';
COMMENT ON COLUMN kefu_bi.searches.day_new_count IS 'of them, messages that no other feed had found before (近24小时新消息数)';
COMMENT ON COLUMN kefu_bi.searches.day_ticket_count IS 'tickets that these are on, each once (近24小时工单数)';
COMMENT ON COLUMN kefu_bi.searches.week_item_count IS 'as day_item_count, in the last 7 days (近7日条数)';
COMMENT ON COLUMN kefu_bi.searches.week_new_count IS 'as day_new_count, in the last 7 days (近7日新消息数)';
COMMENT ON COLUMN kefu_bi.searches.week_ticket_count IS 'as day_ticket_count, in the last 7 days (近7日工单数)';

CREATE VIEW kefu_bi.search_gaps WITH (security_barrier) AS
SELECT g.account,
       a.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       a.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.action AS feed,
       g.from_at,
       (g.from_at AT TIME ZONE 'Asia/Shanghai')::date AS from_local_date,
       extract(hour FROM g.from_at AT TIME ZONE 'Asia/Shanghai')::integer AS from_local_hour,
       g.to_at,
       (g.to_at AT TIME ZONE 'Asia/Shanghai')::date AS to_local_date,
       extract(hour FROM g.to_at AT TIME ZONE 'Asia/Shanghai')::integer AS to_local_hour,
       round(extract(epoch FROM g.to_at - g.from_at) / 60, 1) AS minutes,
       g.is_open
  FROM kefu.find_search_gaps() AS g
  JOIN kefu.account a ON a.account = g.account
  JOIN kefu.platform p ON p.platform = a.platform
  JOIN kefu.unit u ON u.unit = a.unit;
COMMENT ON VIEW kefu_bi.search_gaps IS
'Stretches longer than kefu.patrol_rule allows in which a search or another unit''s account was not asked in full, whether it failed, was refused or was stopped: what was posted meanwhile is found late, and missed where the platform shows it no more; what is open now is cut at this minute (搜索中断; R86, R87, R104)';
COMMENT ON COLUMN kefu_bi.search_gaps.account IS 'our account that asks (账号)';
COMMENT ON COLUMN kefu_bi.search_gaps.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.search_gaps.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.search_gaps.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.search_gaps.unit IS 'its unit (机构)';
COMMENT ON COLUMN kefu_bi.search_gaps.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.search_gaps.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.search_gaps.feed IS 'feed, as in kefu_bi.searches (信息源)';
COMMENT ON COLUMN kefu_bi.search_gaps.from_at IS 'last time it was asked in full, or its beginning (开始时间)';
COMMENT ON COLUMN kefu_bi.search_gaps.from_local_date IS 'Beijing date of from_at; NULL where that is (开始时间日期)';
COMMENT ON COLUMN kefu_bi.search_gaps.from_local_hour IS 'Beijing hour of from_at, 0 to 23; NULL where that is (开始时间小时)';
COMMENT ON COLUMN kefu_bi.search_gaps.to_at IS 'next time it was asked in full, or now (结束时间)';
COMMENT ON COLUMN kefu_bi.search_gaps.to_local_date IS 'Beijing date of to_at; NULL where that is (结束时间日期)';
COMMENT ON COLUMN kefu_bi.search_gaps.to_local_hour IS 'Beijing hour of to_at, 0 to 23; NULL where that is (结束时间小时)';
COMMENT ON COLUMN kefu_bi.search_gaps.minutes IS 'length in minutes, one decimal (分钟)';
COMMENT ON COLUMN kefu_bi.search_gaps.is_open IS 'it goes on (是否持续)';
