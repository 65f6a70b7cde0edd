-- 78_bi_posting: plans of a day, and each day against the rules.
--
-- As 70_bi: owner's rights, the caller's units once a query.  Facts are those of
-- kefu.posting_days(), which kefu_bi.posting_days and the findings show too.

CREATE FUNCTION kefu.posting_verdicts(first_day date, last_day date, units text[])
    RETURNS TABLE (account text, unit text, day date, rule text, actual bigint, low bigint, high bigint, target bigint,
                   is_deviation boolean, is_exempt boolean)
    LANGUAGE plpgsql ROWS 500 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    WITH held AS MATERIALIZED (
        SELECT q.account, q.day,
               max(q.at_least) FILTER (WHERE q.rule = 'number') AS posts_min,
               max(q.at_most) FILTER (WHERE q.rule = 'number') AS posts_max,
               max(q.at_least) FILTER (WHERE q.rule = 'spacing') AS spacing_min,
               max(q.at_most) FILTER (WHERE q.rule = 'gap') AS gap_max,
               max(q.from_time) FILTER (WHERE q.rule = 'morning') AS morning,
               max(q.at_most) FILTER (WHERE q.rule = 'morning') AS morning_tolerance,
               max(q.from_time) FILTER (WHERE q.rule = 'evening') AS evening,
               max(q.at_most) FILTER (WHERE q.rule = 'evening') AS evening_tolerance,
               max(q.at_least) FILTER (WHERE q.rule = 'mix_service') AS service,
               max(q.at_least) FILTER (WHERE q.rule = 'mix_industry') AS industry,
               max(q.at_least) FILTER (WHERE q.rule = 'mix_leisure') AS leisure,
               max(q.at_most) FILTER (WHERE q.rule = 'mix') AS mix_tolerance,
               max(q.at_least) FILTER (WHERE q.rule = 'ratio_repost') AS repost,
               max(q.at_least) FILTER (WHERE q.rule = 'ratio_original') AS original,
               max(q.at_most) FILTER (WHERE q.rule = 'ratio') AS ratio_tolerance,
               max(q.at_most) FILTER (WHERE q.rule = 'soft_reposts') AS soft_max,
               max(q.at_least) FILTER (WHERE q.rule = 'pictures') AS pictures_min
          FROM kefu.posting_rules_on(first_day, last_day) AS q
         GROUP BY q.account, q.day
    )
    -- Nothing to measure, such as the spacing of one post, breaks nothing.
    SELECT d.account, d.unit, d.day, v.rule, v.actual, v.low, v.high, v.target,
           coalesce(v.actual < v.low OR v.actual > v.high, false), kefu.posting_exempt(d.account, kefu.local_instant(d.day, '12:00'))
      FROM kefu.posting_days(first_day, last_day) AS d
      JOIN held h USING (account, day)
     CROSS JOIN LATERAL (SELECT kefu.share(d.mixed::integer, ARRAY[h.service, h.industry, h.leisure]) AS mix,
                                kefu.share(d.posts::integer, ARRAY[h.repost, h.original]) AS ratio) AS s
     CROSS JOIN LATERAL (VALUES
        ('number', d.posts, h.posts_min::bigint, h.posts_max::bigint, NULL::bigint),
        ('spacing', d.least_spacing_minutes, h.spacing_min, NULL, NULL),
        ('gap', d.most_gap_minutes, NULL, h.gap_max, NULL),
        ('morning', CASE WHEN d.morning_at BETWEEN kefu.local_instant(d.day, h.morning) - h.morning_tolerance * interval '1 minute'
                                                AND kefu.local_instant(d.day, h.morning) + h.morning_tolerance * interval '1 minute'
                         THEN 1 ELSE 0 END, 1, NULL, NULL),
        ('evening', CASE WHEN d.evening_at BETWEEN kefu.local_instant(d.day, h.evening) - h.evening_tolerance * interval '1 minute'
                                                AND kefu.local_instant(d.day, h.evening) + h.evening_tolerance * interval '1 minute'
                         THEN 1 ELSE 0 END, 1, NULL, NULL),
        ('service', d.service, s.mix[1] - h.mix_tolerance, s.mix[1] + h.mix_tolerance, s.mix[1]),
        ('industry', d.industry, s.mix[2] - h.mix_tolerance, s.mix[2] + h.mix_tolerance, s.mix[2]),
        ('leisure', d.leisure, s.mix[3] - h.mix_tolerance, s.mix[3] + h.mix_tolerance, s.mix[3]),
        ('reposts', d.reposts, s.ratio[1] - h.ratio_tolerance, s.ratio[1] + h.ratio_tolerance, s.ratio[1]),
        ('soft', d.soft_reposts, NULL, h.soft_max, NULL),
        ('pictures', d.pictures, h.pictures_min, NULL, NULL)) AS v(rule, actual, low, high, target)
     WHERE d.unit = ANY (units);
END $$;
COMMENT ON FUNCTION kefu.posting_verdicts(date, date, text[]) IS
'As kefu.my_posting_verdicts(), of any span and units. For the owner''s functions only (内部: 机构发文核对)';

CREATE FUNCTION kefu.my_posting_verdicts()
    RETURNS TABLE (account text, unit text, day date, rule text, actual bigint, low bigint, high bigint, target bigint,
                   is_deviation boolean, is_exempt boolean)
    LANGUAGE plpgsql ROWS 500 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    SELECT * FROM kefu.posting_verdicts(kefu.local_day(kefu.now()) - 92, kefu.local_day(kefu.now()) + 7, kefu.my_units());
END $$;
COMMENT ON FUNCTION kefu.my_posting_verdicts() IS
'Each rule of posting on each account''s day in the caller''s units, the last 92 days and the 7 to come: what there is, the least and most allowed and what the ratio gives; posts, or minutes of spacing and gap, NULL nothing to measure; is_deviation: the day breaks it; is_exempt: a special event exempts the day (内部: 每日发文核对; R38, R39, R48-R52, R61, R62)';

CREATE VIEW kefu_bi.day_plans WITH (security_barrier) AS
SELECT d.plan_id,
       d.account,
       a.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       d.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       d.plan_date AS plan_local_date,
       d.ended_at IS NULL AS is_current,
       d.made_at,
       (d.made_at AT TIME ZONE 'Asia/Shanghai')::date AS made_local_date,
       extract(hour FROM d.made_at AT TIME ZONE 'Asia/Shanghai')::integer AS made_local_hour,
       d.made_by,
       d.accepted_at,
       (d.accepted_at AT TIME ZONE 'Asia/Shanghai')::date AS accepted_local_date,
       extract(hour FROM d.accepted_at AT TIME ZONE 'Asia/Shanghai')::integer AS accepted_local_hour,
       d.accepted_by,
       s.slots_count,
       s.waiting_count,
       s.scheduled_count,
       s.refused_count,
       s.dropped_count,
       s.edited_count,
       s.published_count,
       round(100.0 * s.published_count / nullif(s.scheduled_count, 0), 2) AS published_pct,
       s.late_count,
       s.marketing_count,
       round(100.0 * s.marketing_count / nullif(s.slots_count, 0), 2) AS marketing_pct,
       (SELECT count(*) FROM kefu.day_plan_check c WHERE c.plan_id = d.plan_id AND c.reason <> 'kept') AS unmet_count
  FROM kefu.day_plan d
  JOIN kefu.account a ON a.account = d.account
  JOIN kefu.platform p USING (platform)
  JOIN kefu.unit u ON u.unit = d.unit
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE x.state <> 'dropped') AS slots_count,
              count(*) FILTER (WHERE x.state = 'proposed') AS waiting_count,
              count(*) FILTER (WHERE x.state = 'scheduled') AS scheduled_count,
              count(*) FILTER (WHERE x.state = 'refused') AS refused_count,
              count(*) FILTER (WHERE x.state = 'dropped') AS dropped_count,
              count(*) FILTER (WHERE x.edited_at IS NOT NULL) AS edited_count,
              count(*) FILTER (WHERE l.published_at IS NOT NULL) AS published_count,
              count(*) FILTER (WHERE l.published_at >= x.send_at + interval '1 minute') AS late_count,
              count(*) FILTER (WHERE x.state <> 'dropped' AND o.is_marketing) AS marketing_count
         FROM kefu.day_plan_slot x
         JOIN kefu.post o USING (post_id)
         LEFT JOIN kefu.placement l USING (placement_id)
        WHERE x.plan_id = d.plan_id) AS s
 WHERE d.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.day_plans IS 'Plans of a day on an account, current and replaced, and what came of them; the whole day is in kefu_bi.posting_days. Zero rule: a share of nothing is NULL (发文计划; R38-R40, R48-R53)';
COMMENT ON COLUMN kefu_bi.day_plans.plan_id IS 'number (计划编号)';
COMMENT ON COLUMN kefu_bi.day_plans.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.day_plans.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.day_plans.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.day_plans.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.day_plans.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu_bi.day_plans.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.day_plans.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.day_plans.plan_local_date IS 'Beijing date that is planned (计划日期)';
COMMENT ON COLUMN kefu_bi.day_plans.is_current IS 'no later plan of the day took its place (是否当前计划)';
COMMENT ON COLUMN kefu_bi.day_plans.made_at IS 'when it was proposed (生成时间)';
COMMENT ON COLUMN kefu_bi.day_plans.made_local_date IS 'Beijing date of made_at (生成日期)';
COMMENT ON COLUMN kefu_bi.day_plans.made_local_hour IS 'Beijing hour of made_at, 0 to 23 (生成小时)';
COMMENT ON COLUMN kefu_bi.day_plans.made_by IS 'staff number of who had it proposed; NULL a superuser who is not on the desk (生成人)';
COMMENT ON COLUMN kefu_bi.day_plans.accepted_at IS 'when some of it was first accepted; NULL not (采纳时间)';
COMMENT ON COLUMN kefu_bi.day_plans.accepted_local_date IS 'Beijing date of accepted_at; NULL where that is (采纳日期)';
COMMENT ON COLUMN kefu_bi.day_plans.accepted_local_hour IS 'Beijing hour of accepted_at, 0 to 23; NULL where that is (采纳小时)';
COMMENT ON COLUMN kefu_bi.day_plans.accepted_by IS 'staff number of who did; NULL nobody (采纳人)';
COMMENT ON COLUMN kefu_bi.day_plans.slots_count IS 'posts in it, without what was dropped; 0 none (条目数)';
COMMENT ON COLUMN kefu_bi.day_plans.waiting_count IS 'of them not accepted yet (待采纳条目数)';
COMMENT ON COLUMN kefu_bi.day_plans.scheduled_count IS 'of them scheduled (已排期条目数)';
COMMENT ON COLUMN kefu_bi.day_plans.refused_count IS 'of them accepted and refused by a rule (被拒条目数)';
COMMENT ON COLUMN kefu_bi.day_plans.dropped_count IS 'taken out by a person (删除条目数)';
COMMENT ON COLUMN kefu_bi.day_plans.edited_count IS 'added, moved, exchanged or dropped by a person (人工修改条目数)';
COMMENT ON COLUMN kefu_bi.day_plans.published_count IS 'of scheduled_count published, deleted since or not (已发布条目数)';
COMMENT ON COLUMN kefu_bi.day_plans.published_pct IS 'published_count of scheduled_count, 0 to 100; NULL with none scheduled (计划完成率)';
COMMENT ON COLUMN kefu_bi.day_plans.late_count IS 'published a minute or more after their time (延迟发布条目数)';
COMMENT ON COLUMN kefu_bi.day_plans.marketing_count IS 'of slots_count marketing, for which the desk is only a channel (营销条目数; R45)';
COMMENT ON COLUMN kefu_bi.day_plans.marketing_pct IS 'marketing_count of slots_count, 0 to 100; NULL with none (营销占比; R45)';
COMMENT ON COLUMN kefu_bi.day_plans.unmet_count IS 'rules that the day wouldn''t keep with it; 0 all kept (未满足规则数)';

CREATE VIEW kefu_bi.day_plan_slots WITH (security_barrier) AS
SELECT x.plan_id,
       x.slot,
       d.account,
       d.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       d.plan_date AS plan_local_date,
       d.ended_at IS NULL AS is_current,
       x.place,
       CASE x.place WHEN 'morning' THEN '早安' WHEN 'evening' THEN '晚间休闲' WHEN 'between' THEN '两时段之间' ELSE '其余时间' END
           AS place_label_zh,
       CASE x.place WHEN 'morning' THEN 'good morning' WHEN 'evening' THEN 'evening leisure' WHEN 'between' THEN 'between'
                    ELSE 'rest of the day' END AS place_label_en,
       x.post_id,
       o.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       o.repost_id IS NOT NULL AS is_repost,
       EXISTS (SELECT FROM kefu.post_media m JOIN kefu.media g USING (media_id) WHERE m.post_id = o.post_id AND NOT g.is_video) AS has_picture,
       o.is_marketing,
       x.send_at,
       (x.send_at AT TIME ZONE 'Asia/Shanghai')::date AS send_local_date,
       extract(hour FROM x.send_at AT TIME ZONE 'Asia/Shanghai')::integer AS send_local_hour,
       x.state,
       CASE x.state WHEN 'proposed' THEN '建议' WHEN 'scheduled' THEN '已排期' WHEN 'refused' THEN '被拒' ELSE '已删除' END
           AS state_label_zh,
       CASE x.state WHEN 'proposed' THEN 'proposed' WHEN 'scheduled' THEN 'scheduled' WHEN 'refused' THEN 'refused'
                    ELSE 'dropped' END AS state_label_en,
       x.problem,
       x.edited_at IS NOT NULL AS is_edited,
       x.accepted_by,
       x.accepted_at,
       (x.accepted_at AT TIME ZONE 'Asia/Shanghai')::date AS accepted_local_date,
       extract(hour FROM x.accepted_at AT TIME ZONE 'Asia/Shanghai')::integer AS accepted_local_hour,
       x.placement_id,
       l.state AS placement_state,
       s.label_zh AS placement_state_label_zh,
       s.label_en AS placement_state_label_en,
       l.published_at,
       (l.published_at AT TIME ZONE 'Asia/Shanghai')::date AS published_local_date,
       extract(hour FROM l.published_at AT TIME ZONE 'Asia/Shanghai')::integer AS published_local_hour,
       extract(epoch FROM l.published_at - x.send_at)::bigint AS late_seconds
  FROM kefu.day_plan_slot x
  JOIN kefu.day_plan d USING (plan_id)
  JOIN kefu.post o USING (post_id)
  JOIN kefu.post_kind k ON k.kind = o.kind
  LEFT JOIN kefu.placement l USING (placement_id)
  LEFT JOIN kefu.state s ON s.machine = 'placement' AND s.state = l.state
  LEFT JOIN kefu.unit u ON u.unit = d.unit
 WHERE d.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.day_plan_slots IS 'Which post a plan has when, and what became of it: plan against fact, post by post (发文计划条目; R38, R39, R48-R53)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.plan_id IS 'plan (计划编号)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.slot IS 'number within the plan (条目序号)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.plan_local_date IS 'Beijing date that is planned (计划日期)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.is_current IS 'no later plan of the day took the plan''s place (是否当前计划)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.place IS 'morning, evening, between or rest (位置)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.place_label_zh IS 'Chinese label of place (位置标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.place_label_en IS 'English label of place (位置英文标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.post_id IS 'post (博文编号)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.kind IS 'its kind (类别)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.kind_label_zh IS 'Chinese label of kind (类别标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.kind_label_en IS 'English label of kind (类别英文标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.is_repost IS 'a repost (是否转发)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.has_picture IS 'with a picture (是否含图)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.is_marketing IS 'marketing (是否营销; R45)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.send_at IS 'planned time (计划发布时间)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.send_local_date IS 'Beijing date of send_at (计划发布日期)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.send_local_hour IS 'Beijing hour of send_at, 0 to 23 (计划发布小时)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.state IS 'proposed, scheduled, refused or dropped (条目状态)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.state_label_zh IS 'Chinese label of state (条目状态标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.state_label_en IS 'English label of state (条目状态英文标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.problem IS 'proposed: what keeps it from being sent by program; refused: why; NULL nothing (问题)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.is_edited IS 'a person added, moved, exchanged or dropped it (是否人工修改)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.accepted_by IS 'staff number of who accepted it; NULL nobody (采纳人)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.accepted_at IS 'when; NULL not (采纳时间)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.accepted_local_date IS 'Beijing date of accepted_at; NULL where that is (采纳日期)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.accepted_local_hour IS 'Beijing hour of accepted_at, 0 to 23; NULL where that is (采纳小时)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.placement_id IS 'placement it became; NULL not (投放编号)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.placement_state IS 'state of that placement; NULL without (投放状态)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.placement_state_label_zh IS 'Chinese label of placement_state; NULL without (投放状态标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.placement_state_label_en IS 'English label of placement_state; NULL without (投放状态英文标签)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.published_at IS 'platform''s time of it; NULL not published (发布时间)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.published_local_date IS 'Beijing date of published_at; NULL where that is (发布日期)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.published_local_hour IS 'Beijing hour of published_at, 0 to 23; NULL where that is (发布小时)';
COMMENT ON COLUMN kefu_bi.day_plan_slots.late_seconds IS 'from send_at to published_at, below 0 if earlier; NULL not published (偏离计划秒数)';

CREATE VIEW kefu_bi.day_plan_checks WITH (security_barrier) AS
SELECT c.plan_id,
       d.account,
       d.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       d.plan_date AS plan_local_date,
       d.ended_at IS NULL AS is_current,
       c.rule,
       w.label_zh AS rule_label_zh,
       w.label_en AS rule_label_en,
       w.rulebook,
       w.sort,
       c.reason = 'kept' AS is_kept,
       c.reason,
       lr.label_zh AS reason_label_zh,
       lr.label_en AS reason_label_en,
       c.actual AS actual_count,
       c.low AS low_count,
       c.high AS high_count,
       c.target AS target_count,
       c.available AS available_count,
       greatest(0, coalesce(c.target, c.low) - c.available) AS missing_count
  FROM kefu.day_plan_check c
  JOIN kefu.day_plan d USING (plan_id)
  JOIN kefu.posting_words w USING (rule)
  JOIN kefu_bi.labels lr ON lr.code_kind = 'plan_reason' AND lr.code = c.reason
  LEFT JOIN kefu.unit u ON u.unit = d.unit
 WHERE d.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.day_plan_checks IS 'How a plan''s day would keep each rule of posting, why not the others, and what is missing from the stock of approved material (发文计划核对; R38, R39, R48-R50, R52, R61, R62)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.plan_id IS 'plan (计划编号)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.plan_local_date IS 'Beijing date that is planned (计划日期)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.is_current IS 'no later plan of the day took the plan''s place (是否当前计划)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.rule IS 'rule (规则)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.rule_label_zh IS 'Chinese label of rule (规则标签)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.rule_label_en IS 'English label of rule (规则英文标签)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.rulebook IS 'R number, or house for a house default (规范条款)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.sort IS 'order in lists (排序)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.is_kept IS 'the day would keep it (是否满足)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.reason IS 'kept; else stock, room, limit, stands or edited (结论)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.reason_label_zh IS 'Chinese label of reason (结论标签)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.reason_label_en IS 'English label of reason (结论英文标签)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.actual_count IS 'posts; of spacing and gap minutes, the gap with the window''s ends; NULL nothing to measure (实际值)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.low_count IS 'least allowed; NULL none (下限)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.high_count IS 'most allowed; NULL none (上限)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.target_count IS 'what the ratio gives; NULL no ratio (目标值)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.available_count IS 'what stood and was approved for it when the plan was made; NULL where none is needed (可用素材数)';
COMMENT ON COLUMN kefu_bi.day_plan_checks.missing_count IS 'what the stock lacks of it; 0 nothing, NULL where none is needed (缺少素材数)';

CREATE VIEW kefu_bi.posting_day WITH (security_barrier) AS
SELECT v.account,
       v.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       v.day AS local_date,
       v.day < (kefu.now() AT TIME ZONE 'Asia/Shanghai')::date AS is_past,
       v.rule,
       w.label_zh AS rule_label_zh,
       w.label_en AS rule_label_en,
       w.rulebook,
       v.is_deviation,
       v.is_exempt,
       v.actual AS actual_count,
       v.low AS low_count,
       v.high AS high_count,
       v.target AS target_count,
       d.plan_id,
       c.actual AS planned_count,
       c.reason AS planned_reason,
       lp.label_zh AS planned_reason_label_zh,
       lp.label_en AS planned_reason_label_en
  FROM kefu.my_posting_verdicts() AS v
  JOIN kefu.unit u ON u.unit = v.unit
  JOIN kefu.posting_words w USING (rule)
  LEFT JOIN kefu.day_plan d ON d.account = v.account AND d.plan_date = v.day AND d.ended_at IS NULL
  LEFT JOIN kefu.day_plan_check c ON c.plan_id = d.plan_id AND c.rule = v.rule
  LEFT JOIN kefu_bi.labels lp ON lp.code_kind = 'plan_reason' AND lp.code = c.reason;
COMMENT ON VIEW kefu_bi.posting_day IS
'Plan against fact: one row for each account, day and rule of posting, with what the day has, what its plan had, what the rule allows, and whether the day deviates; the last 92 days and the 7 to come, for which what is scheduled counts. An account''s first placement begins its days (发文计划与实际; R38, R39, R48-R50, R52, R61, R62)';
COMMENT ON COLUMN kefu_bi.posting_day.account IS 'account (账号)';
COMMENT ON COLUMN kefu_bi.posting_day.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu_bi.posting_day.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.posting_day.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.posting_day.local_date IS 'Beijing date (日期)';
COMMENT ON COLUMN kefu_bi.posting_day.is_past IS 'the day is over (是否已过)';
COMMENT ON COLUMN kefu_bi.posting_day.rule IS 'rule (规则)';
COMMENT ON COLUMN kefu_bi.posting_day.rule_label_zh IS 'Chinese label of rule (规则标签)';
COMMENT ON COLUMN kefu_bi.posting_day.rule_label_en IS 'English label of rule (规则英文标签)';
COMMENT ON COLUMN kefu_bi.posting_day.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu_bi.posting_day.is_deviation IS 'the day doesn''t keep the rule (是否偏差)';
COMMENT ON COLUMN kefu_bi.posting_day.is_exempt IS 'a special event exempts the day; the 2 soft reposts hold all the same (是否特殊事件; R40)';
COMMENT ON COLUMN kefu_bi.posting_day.actual_count IS 'posts; of spacing and gap minutes between two posts, NULL fewer than two (实际值)';
COMMENT ON COLUMN kefu_bi.posting_day.low_count IS 'least allowed; NULL none (下限)';
COMMENT ON COLUMN kefu_bi.posting_day.high_count IS 'most allowed; NULL none (上限)';
COMMENT ON COLUMN kefu_bi.posting_day.target_count IS 'what the ratio gives; NULL no ratio (目标值)';
COMMENT ON COLUMN kefu_bi.posting_day.plan_id IS 'current plan of the day; NULL none (计划编号)';
COMMENT ON COLUMN kefu_bi.posting_day.planned_count IS 'what that plan had; NULL no plan (计划值)';
COMMENT ON COLUMN kefu_bi.posting_day.planned_reason IS 'why the plan couldn''t keep it, or kept; NULL no plan (计划结论)';
COMMENT ON COLUMN kefu_bi.posting_day.planned_reason_label_zh IS 'Chinese label of planned_reason; NULL where that is (计划结论标签)';
COMMENT ON COLUMN kefu_bi.posting_day.planned_reason_label_en IS 'English label of planned_reason; NULL where that is (计划结论英文标签)';
