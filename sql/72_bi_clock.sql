-- 72_bi_clock: what analysts read of promises: clocks, levels, response KPIs.
--
-- The rules at the head of 70_bi hold here too.

CREATE VIEW kefu_bi.clocks WITH (security_barrier) AS
SELECT c.clock_id,
       c.clock,
       lc.label_zh AS clock_label_zh,
       lc.label_en AS clock_label_en,
       c.object_type,
       y.label_zh AS object_type_label_zh,
       y.label_en AS object_type_label_en,
       c.object_id,
       t.ticket_id,
       c.round::integer AS round_number,
       coalesce(CASE WHEN c.object_type = 'ticket' THEN t.unit END, o.unit, k.unit, g.unit, c.unit) AS unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       t.received_unit,
       ru.name_zh AS received_unit_label_zh,
       ru.name_en AS received_unit_label_en,
       t.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       coalesce(c.outcome, 'running') AS outcome,
       lo.label_zh AS outcome_label_zh,
       lo.label_en AS outcome_label_en,
       c.paused_at IS NOT NULL AS is_paused,
       CASE WHEN c.outcome = 'void' THEN NULL ELSE coalesce(c.outcome = 'late', c.due_at <= kefu.now()) END AS is_overdue,
       CASE WHEN c.outcome = 'void' THEN NULL ELSE least(c.stopped_at, kefu.now()) > c.due_desk_at END AS is_desk_overdue,
       c.is_assumed,
       w.jurisdiction,
       w.source AS legal_source,
       c.started_at,
       (c.started_at AT TIME ZONE 'Asia/Shanghai')::date AS started_local_date,
       extract(hour FROM c.started_at AT TIME ZONE 'Asia/Shanghai')::integer AS started_local_hour,
       c.due_at,
       (c.due_at AT TIME ZONE 'Asia/Shanghai')::date AS due_local_date,
       extract(hour FROM c.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_local_hour,
       c.due_desk_at,
       (c.due_desk_at AT TIME ZONE 'Asia/Shanghai')::date AS due_desk_local_date,
       extract(hour FROM c.due_desk_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_desk_local_hour,
       c.stopped_at,
       (c.stopped_at AT TIME ZONE 'Asia/Shanghai')::date AS stopped_local_date,
       extract(hour FROM c.stopped_at AT TIME ZONE 'Asia/Shanghai')::integer AS stopped_local_hour,
       extract(epoch FROM c.due_at - c.started_at)::bigint AS target_seconds,
       CASE WHEN c.outcome = 'void' THEN NULL ELSE greatest(extract(epoch FROM coalesce(c.stopped_at, kefu.now()) - c.due_at), 0)::bigint END AS late_seconds,
       (SELECT count(*) FROM kefu.escalation e WHERE e.clock_id = c.clock_id) AS escalation_count
  FROM kefu.clock c
  LEFT JOIN kefu.work_order o ON c.object_type = 'work_order' AND o.order_id = c.object_id
  LEFT JOIN kefu.task k ON c.object_type = 'task' AND k.task_id = c.object_id
  LEFT JOIN kefu.message g ON c.object_type = 'message' AND g.message_id = c.object_id
  LEFT JOIN kefu.ticket t ON t.ticket_id = CASE c.object_type WHEN 'ticket' THEN c.object_id
            ELSE coalesce(o.ticket_id, k.ticket_id, g.ticket_id) END
  JOIN kefu.object_type y ON y.object_type = c.object_type
  LEFT JOIN kefu.unit hu ON hu.unit = coalesce(CASE WHEN c.object_type = 'ticket' THEN t.unit END, o.unit, k.unit, g.unit, c.unit)
  LEFT JOIN kefu.unit ru ON ru.unit = t.received_unit
  LEFT JOIN kefu.unit ou ON ou.unit = t.home_unit
  LEFT JOIN kefu_bi.labels lc ON lc.code_kind = 'clock' AND lc.code = c.clock
  LEFT JOIN kefu_bi.labels lo ON lo.code_kind = 'clock_outcome' AND lo.code = coalesce(c.outcome, 'running')
  LEFT JOIN kefu.legal_limit w ON w.limit_id = c.limit_id
 WHERE ARRAY[coalesce(CASE WHEN c.object_type = 'ticket' THEN t.unit END, o.unit, k.unit, g.unit, c.unit), c.unit, t.received_unit, t.home_unit] && (SELECT kefu.my_units())::text[]
    OR t.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]);
COMMENT ON VIEW kefu_bi.clocks IS
'Promises, running and ended, with the wall clock and staffed time side by side (时限; R90, R93, R108, R119, ruling 1)';
COMMENT ON COLUMN kefu_bi.clocks.clock_id IS 'number (时限编号)';
COMMENT ON COLUMN kefu_bi.clocks.clock IS 'promise (时限)';
COMMENT ON COLUMN kefu_bi.clocks.clock_label_zh IS 'Chinese label of clock (时限标签)';
COMMENT ON COLUMN kefu_bi.clocks.clock_label_en IS 'English label of clock (时限英文标签)';
COMMENT ON COLUMN kefu_bi.clocks.object_type IS 'what it belongs to (对象类型)';
COMMENT ON COLUMN kefu_bi.clocks.object_type_label_zh IS 'Chinese label of object_type (对象类型标签)';
COMMENT ON COLUMN kefu_bi.clocks.object_type_label_en IS 'English label of object_type (对象类型英文标签)';
COMMENT ON COLUMN kefu_bi.clocks.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu_bi.clocks.ticket_id IS 'ticket behind it; NULL none (工单编号)';
COMMENT ON COLUMN kefu_bi.clocks.round_number IS 'round it was given in (轮次)';
COMMENT ON COLUMN kefu_bi.clocks.unit IS 'handling unit, the one scorecards count for (处理机构)';
COMMENT ON COLUMN kefu_bi.clocks.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.clocks.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.clocks.received_unit IS 'unit of the account that was written to; NULL none (接收机构)';
COMMENT ON COLUMN kefu_bi.clocks.received_unit_label_zh IS 'Chinese label of received_unit (接收机构标签)';
COMMENT ON COLUMN kefu_bi.clocks.received_unit_label_en IS 'English label of received_unit (接收机构英文标签)';
COMMENT ON COLUMN kefu_bi.clocks.home_unit IS 'customer''s home unit; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.clocks.home_unit_label_zh IS 'Chinese label of home_unit (归属机构标签)';
COMMENT ON COLUMN kefu_bi.clocks.home_unit_label_en IS 'English label of home_unit (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.clocks.outcome IS 'running, kept, late or void (结果)';
COMMENT ON COLUMN kefu_bi.clocks.outcome_label_zh IS 'Chinese label of outcome (结果标签)';
COMMENT ON COLUMN kefu_bi.clocks.outcome_label_en IS 'English label of outcome (结果英文标签)';
COMMENT ON COLUMN kefu_bi.clocks.is_paused IS 'stands still now (是否暂停)';
COMMENT ON COLUMN kefu_bi.clocks.is_overdue IS 'missed on the wall clock, ended or not; NULL void (是否超时)';
COMMENT ON COLUMN kefu_bi.clocks.is_desk_overdue IS 'missed in staffed time; NULL void or no desk calendar (按值班时间是否超时; ruling 1)';
COMMENT ON COLUMN kefu_bi.clocks.is_assumed IS 'a day beyond the holiday table was assumed to follow the week (是否推定; ruling 22)';
COMMENT ON COLUMN kefu_bi.clocks.jurisdiction IS 'whose law set the end: cn or a region code; NULL the desk''s own policy did (适用地区; ruling 18)';
COMMENT ON COLUMN kefu_bi.clocks.legal_source IS 'that law and article; NULL none (法定依据)';
COMMENT ON COLUMN kefu_bi.clocks.started_at IS 'where the promise counts from (起算时间)';
COMMENT ON COLUMN kefu_bi.clocks.started_local_date IS 'Beijing date of started_at; NULL where that is (起算时间日期)';
COMMENT ON COLUMN kefu_bi.clocks.started_local_hour IS 'Beijing hour of started_at, 0 to 23; NULL where that is (起算时间小时)';
COMMENT ON COLUMN kefu_bi.clocks.due_at IS 'end on the wall clock, pauses included (到期时间)';
COMMENT ON COLUMN kefu_bi.clocks.due_local_date IS 'Beijing date of due_at; NULL where that is (到期时间日期)';
COMMENT ON COLUMN kefu_bi.clocks.due_local_hour IS 'Beijing hour of due_at, 0 to 23; NULL where that is (到期时间小时)';
COMMENT ON COLUMN kefu_bi.clocks.due_desk_at IS 'end of the same amount of staffed time; NULL no calendar or an amount in days (按值班时间的到期时间)';
COMMENT ON COLUMN kefu_bi.clocks.due_desk_local_date IS 'Beijing date of due_desk_at; NULL where that is (按值班时间的到期时间日期)';
COMMENT ON COLUMN kefu_bi.clocks.due_desk_local_hour IS 'Beijing hour of due_desk_at, 0 to 23; NULL where that is (按值班时间的到期时间小时)';
COMMENT ON COLUMN kefu_bi.clocks.stopped_at IS 'when it was kept or ended; NULL running (停止时间)';
COMMENT ON COLUMN kefu_bi.clocks.stopped_local_date IS 'Beijing date of stopped_at; NULL where that is (停止时间日期)';
COMMENT ON COLUMN kefu_bi.clocks.stopped_local_hour IS 'Beijing hour of stopped_at, 0 to 23; NULL where that is (停止时间小时)';
COMMENT ON COLUMN kefu_bi.clocks.target_seconds IS 'length of the promise, pauses included (时长秒数)';
COMMENT ON COLUMN kefu_bi.clocks.late_seconds IS 'past the end, wall clock; 0 in time or not due, NULL void (超时秒数)';
COMMENT ON COLUMN kefu_bi.clocks.escalation_count IS 'levels reached, skipped ones included; 0 none (升级次数)';

CREATE VIEW kefu_bi.escalations WITH (security_barrier) AS
SELECT e.escalation_id,
       e.clock_id,
       c.clock,
       lc.label_zh AS clock_label_zh,
       lc.label_en AS clock_label_en,
       e.level::integer AS level_number,
       c.object_type,
       y.label_zh AS object_type_label_zh,
       y.label_en AS object_type_label_en,
       c.object_id,
       t.ticket_id,
       c.round::integer AS round_number,
       coalesce(CASE WHEN c.object_type = 'ticket' THEN t.unit END, o.unit, k.unit, g.unit, c.unit) AS unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       t.received_unit,
       ru.name_zh AS received_unit_label_zh,
       ru.name_en AS received_unit_label_en,
       t.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       e.outcome,
       lo.label_zh AS outcome_label_zh,
       lo.label_en AS outcome_label_en,
       e.role,
       lr.label_zh AS role_label_zh,
       lr.label_en AS role_label_en,
       e.staff_id,
       e.due_at,
       (e.due_at AT TIME ZONE 'Asia/Shanghai')::date AS due_local_date,
       extract(hour FROM e.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_local_hour,
       e.fired_at,
       (e.fired_at AT TIME ZONE 'Asia/Shanghai')::date AS fired_local_date,
       extract(hour FROM e.fired_at AT TIME ZONE 'Asia/Shanghai')::integer AS fired_local_hour,
       extract(epoch FROM e.fired_at - e.due_at)::bigint AS lag_seconds
  FROM kefu.escalation e
  JOIN kefu.clock c ON c.clock_id = e.clock_id
  LEFT JOIN kefu.work_order o ON c.object_type = 'work_order' AND o.order_id = c.object_id
  LEFT JOIN kefu.task k ON c.object_type = 'task' AND k.task_id = c.object_id
  LEFT JOIN kefu.message g ON c.object_type = 'message' AND g.message_id = c.object_id
  LEFT JOIN kefu.ticket t ON t.ticket_id = CASE c.object_type WHEN 'ticket' THEN c.object_id
            ELSE coalesce(o.ticket_id, k.ticket_id, g.ticket_id) END
  JOIN kefu.object_type y ON y.object_type = c.object_type
  LEFT JOIN kefu.unit hu ON hu.unit = coalesce(CASE WHEN c.object_type = 'ticket' THEN t.unit END, o.unit, k.unit, g.unit, c.unit)
  LEFT JOIN kefu.unit ru ON ru.unit = t.received_unit
  LEFT JOIN kefu.unit ou ON ou.unit = t.home_unit
  LEFT JOIN kefu_bi.labels lc ON lc.code_kind = 'clock' AND lc.code = c.clock
  LEFT JOIN kefu_bi.labels lo ON lo.code_kind = 'escalation_outcome' AND lo.code = e.outcome
  LEFT JOIN kefu_bi.labels lr ON lr.code_kind = 'role' AND lr.code = e.role
 WHERE ARRAY[coalesce(CASE WHEN c.object_type = 'ticket' THEN t.unit END, o.unit, k.unit, g.unit, c.unit), c.unit, t.received_unit, t.home_unit] && (SELECT kefu.my_units())::text[]
    OR t.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]);
COMMENT ON VIEW kefu_bi.escalations IS
'Levels that promises reached, each exactly once (升级记录; R71, ruling 1)';
COMMENT ON COLUMN kefu_bi.escalations.escalation_id IS 'number (升级编号)';
COMMENT ON COLUMN kefu_bi.escalations.clock_id IS 'promise it belongs to (时限编号)';
COMMENT ON COLUMN kefu_bi.escalations.clock IS 'promise (时限)';
COMMENT ON COLUMN kefu_bi.escalations.clock_label_zh IS 'Chinese label of clock (时限标签)';
COMMENT ON COLUMN kefu_bi.escalations.clock_label_en IS 'English label of clock (时限英文标签)';
COMMENT ON COLUMN kefu_bi.escalations.level_number IS 'level, from 1 (层级)';
COMMENT ON COLUMN kefu_bi.escalations.object_type IS 'what it belongs to (对象类型)';
COMMENT ON COLUMN kefu_bi.escalations.object_type_label_zh IS 'Chinese label of object_type (对象类型标签)';
COMMENT ON COLUMN kefu_bi.escalations.object_type_label_en IS 'English label of object_type (对象类型英文标签)';
COMMENT ON COLUMN kefu_bi.escalations.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu_bi.escalations.ticket_id IS 'ticket behind it; NULL none (工单编号)';
COMMENT ON COLUMN kefu_bi.escalations.round_number IS 'round it was given in (轮次)';
COMMENT ON COLUMN kefu_bi.escalations.unit IS 'handling unit, the one scorecards count for (处理机构)';
COMMENT ON COLUMN kefu_bi.escalations.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.escalations.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.escalations.received_unit IS 'unit of the account that was written to; NULL none (接收机构)';
COMMENT ON COLUMN kefu_bi.escalations.received_unit_label_zh IS 'Chinese label of received_unit (接收机构标签)';
COMMENT ON COLUMN kefu_bi.escalations.received_unit_label_en IS 'English label of received_unit (接收机构英文标签)';
COMMENT ON COLUMN kefu_bi.escalations.home_unit IS 'customer''s home unit; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.escalations.home_unit_label_zh IS 'Chinese label of home_unit (归属机构标签)';
COMMENT ON COLUMN kefu_bi.escalations.home_unit_label_en IS 'English label of home_unit (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.escalations.outcome IS 'told, digest, unattended, fired, refused or skipped (结果)';
COMMENT ON COLUMN kefu_bi.escalations.outcome_label_zh IS 'Chinese label of outcome (结果标签)';
COMMENT ON COLUMN kefu_bi.escalations.outcome_label_en IS 'English label of outcome (结果英文标签)';
COMMENT ON COLUMN kefu_bi.escalations.role IS 'who is told; NULL only an event was fired (角色)';
COMMENT ON COLUMN kefu_bi.escalations.role_label_zh IS 'Chinese label of role (角色标签)';
COMMENT ON COLUMN kefu_bi.escalations.role_label_en IS 'English label of role (角色英文标签)';
COMMENT ON COLUMN kefu_bi.escalations.staff_id IS 'staff number of who was told; NULL nobody (人员编号)';
COMMENT ON COLUMN kefu_bi.escalations.due_at IS 'when the level was due (应触发时间)';
COMMENT ON COLUMN kefu_bi.escalations.due_local_date IS 'Beijing date of due_at; NULL where that is (应触发时间日期)';
COMMENT ON COLUMN kefu_bi.escalations.due_local_hour IS 'Beijing hour of due_at, 0 to 23; NULL where that is (应触发时间小时)';
COMMENT ON COLUMN kefu_bi.escalations.fired_at IS 'when it fired (触发时间)';
COMMENT ON COLUMN kefu_bi.escalations.fired_local_date IS 'Beijing date of fired_at; NULL where that is (触发时间日期)';
COMMENT ON COLUMN kefu_bi.escalations.fired_local_hour IS 'Beijing hour of fired_at, 0 to 23; NULL where that is (触发时间小时)';
COMMENT ON COLUMN kefu_bi.escalations.lag_seconds IS 'due until fired; 0 at once (触发滞后秒数)';

CREATE VIEW kefu_bi.response_kpis WITH (security_barrier) AS
WITH ticket AS (
    SELECT t.*, a.platform
      FROM kefu.ticket t LEFT JOIN kefu.account a ON a.account = t.account
     WHERE t.unit = ANY ((SELECT kefu.my_units())::text[])
       AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped')
), promise AS (
    -- The call stands for the answer only where it replaced it.
    SELECT t.unit, t.platform, t.kind, c.due_at, c.due_desk_at, c.stopped_at, c.outcome,
           c.clock IN ('answer', 'call_back') AS is_answer
      FROM ticket t
      JOIN kefu.clock c ON c.object_type = 'ticket' AND c.object_id = t.ticket_id
     WHERE c.clock IN ('inquiry_ack', 'complaint_ack', 'negative_reply', 'thank', 'answer', 'call_back')
       AND c.outcome IS DISTINCT FROM 'void' AND c.due_at <= kefu.now()
       AND NOT (c.clock = 'call_back' AND EXISTS (
               SELECT FROM kefu.clock n
                WHERE n.object_type = 'ticket' AND n.object_id = c.object_id AND n.round = c.round
                  AND n.clock = 'answer' AND n.outcome IS DISTINCT FROM 'void'))
), posted AS (
    SELECT (t.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS local_date, t.unit, t.platform, t.kind,
           count(*) AS volume,
           count(t.first_response_at) AS responded,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.first_response_at - t.posted_at)) AS median,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM t.first_response_at - t.posted_at)) AS p90,
           count(*) FILTER (WHERE t.resolved_at IS NOT NULL) AS resolved,
           count(*) FILTER (WHERE t.satisfaction <> 'not_asked') AS asked,
           count(*) FILTER (WHERE t.satisfaction IN ('satisfied', 'dissatisfied')) AS rated,
           count(*) FILTER (WHERE t.satisfaction = 'satisfied') AS satisfied
      FROM ticket t
     GROUP BY 1, 2, 3, 4
), due AS (
    SELECT (d.due_at AT TIME ZONE 'Asia/Shanghai')::date AS local_date, d.unit, d.platform, d.kind,
           count(*) FILTER (WHERE NOT d.is_answer) AS response_due,
           count(*) FILTER (WHERE NOT d.is_answer AND d.outcome = 'kept') AS response_kept,
           count(*) FILTER (WHERE NOT d.is_answer AND d.due_desk_at <= kefu.now()) AS response_desk_due,
           count(*) FILTER (WHERE NOT d.is_answer AND d.due_desk_at <= kefu.now()
                              AND d.stopped_at <= d.due_desk_at) AS response_desk_kept,
           count(*) FILTER (WHERE d.is_answer) AS answer_due,
           count(*) FILTER (WHERE d.is_answer AND d.outcome = 'kept') AS answer_kept,
           count(*) FILTER (WHERE d.is_answer AND d.due_desk_at <= kefu.now()) AS answer_desk_due,
           count(*) FILTER (WHERE d.is_answer AND d.due_desk_at <= kefu.now()
                              AND d.stopped_at <= d.due_desk_at) AS answer_desk_kept
      FROM promise d
     GROUP BY 1, 2, 3, 4
), day AS (
    SELECT local_date, unit, platform, kind FROM posted
    UNION
    SELECT local_date, unit, platform, kind FROM due
)
SELECT y.local_date,
       y.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       y.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       y.kind,
       m.label_zh AS kind_label_zh,
       m.label_en AS kind_label_en,
       coalesce(x.volume, 0) AS volume_count,
       coalesce(x.responded, 0) AS responded_count,
       round(x.median::numeric)::bigint AS first_response_median_seconds,
       round(x.p90::numeric)::bigint AS first_response_p90_seconds,
       coalesce(d.response_due, 0) AS response_due_count,
       coalesce(d.response_kept, 0) AS response_in_time_count,
       round(100.0 * d.response_kept / nullif(d.response_due, 0), 2) AS response_in_time_pct,
       coalesce(d.response_desk_due, 0) AS response_desk_due_count,
       coalesce(d.response_desk_kept, 0) AS response_desk_in_time_count,
       round(100.0 * d.response_desk_kept / nullif(d.response_desk_due, 0), 2) AS response_desk_in_time_pct,
       coalesce(d.answer_due, 0) AS answer_due_count,
       coalesce(d.answer_kept, 0) AS answer_in_time_count,
       round(100.0 * d.answer_kept / nullif(d.answer_due, 0), 2) AS answer_in_time_pct,
       coalesce(d.answer_desk_due, 0) AS answer_desk_due_count,
       coalesce(d.answer_desk_kept, 0) AS answer_desk_in_time_count,
       round(100.0 * d.answer_desk_kept / nullif(d.answer_desk_due, 0), 2) AS answer_desk_in_time_pct,
       coalesce(x.resolved, 0) AS resolved_count,
       round(100.0 * x.resolved / nullif(x.volume, 0), 2) AS resolved_pct,
       coalesce(x.asked, 0) AS asked_count,
       coalesce(x.rated, 0) AS rated_count,
       coalesce(x.satisfied, 0) AS satisfied_count,
       round(100.0 * x.satisfied / nullif(x.rated, 0), 2) AS satisfied_pct,
       round(100.0 * x.rated / nullif(x.asked, 0), 2) AS rated_pct
  FROM day y
  LEFT JOIN posted x ON x.local_date = y.local_date AND x.unit = y.unit AND x.kind = y.kind
       AND x.platform IS NOT DISTINCT FROM y.platform
  LEFT JOIN due d ON d.local_date = y.local_date AND d.unit = y.unit AND d.kind = y.kind
       AND d.platform IS NOT DISTINCT FROM y.platform
  JOIN kefu.unit hu ON hu.unit = y.unit
  JOIN kefu.machine m ON m.machine = y.kind
  LEFT JOIN kefu.platform p ON p.platform = y.platform;
COMMENT ON VIEW kefu_bi.response_kpis IS
'Response figures a day, handling unit, platform and kind. Population: tickets that count (provisional, merged and dropped ones left out). Clock: the platform''s delivery time against the customer''s own post time. Window: volume by day of the post, rates by day of the due time, so that what is not due yet flatters nobody. Zero rule: a share of nothing is NULL. Percentiles must not be averaged over rows (响应指标; R1, R91, ruling 24)';
COMMENT ON COLUMN kefu_bi.response_kpis.local_date IS 'Beijing day: of the post for volume, response times and satisfaction, of the due time for rates (日期)';
COMMENT ON COLUMN kefu_bi.response_kpis.unit IS 'handling unit (处理机构)';
COMMENT ON COLUMN kefu_bi.response_kpis.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.response_kpis.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.response_kpis.platform IS 'platform; NULL none (平台)';
COMMENT ON COLUMN kefu_bi.response_kpis.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.response_kpis.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.response_kpis.kind IS 'kind of ticket (类型)';
COMMENT ON COLUMN kefu_bi.response_kpis.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.response_kpis.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.response_kpis.volume_count IS 'counted tickets posted that day; 0 none (工单量)';
COMMENT ON COLUMN kefu_bi.response_kpis.responded_count IS 'of them, with a delivered first response; 0 none (已响应量)';
COMMENT ON COLUMN kefu_bi.response_kpis.first_response_median_seconds IS 'median of first response minus post over responded_count, wall clock; NULL none (首次响应中位秒数)';
COMMENT ON COLUMN kefu_bi.response_kpis.first_response_p90_seconds IS '90th percentile of the same; NULL none (首次响应九十分位秒数)';
COMMENT ON COLUMN kefu_bi.response_kpis.response_due_count IS 'first-response promises (inquiry_ack, complaint_ack, negative_reply, thank) of counted tickets whose end on the wall clock was that day and is past, void ones left out; 0 none (响应到期量)';
COMMENT ON COLUMN kefu_bi.response_kpis.response_in_time_count IS 'of response_due_count, kept by the delivery; 0 none (响应及时量)';
COMMENT ON COLUMN kefu_bi.response_kpis.response_in_time_pct IS 'response_in_time_count ÷ response_due_count, 0 to 100; NULL if nothing was due (响应及时率; R91, ruling 24)';
COMMENT ON COLUMN kefu_bi.response_kpis.response_desk_due_count IS 'of response_due_count, those whose staffed time is over too; without a desk calendar none; 0 none (响应值班时间到期量; ruling 1)';
COMMENT ON COLUMN kefu_bi.response_kpis.response_desk_in_time_count IS 'of response_desk_due_count, stopped within staffed time; 0 none (响应值班时间及时量)';
COMMENT ON COLUMN kefu_bi.response_kpis.response_desk_in_time_pct IS 'response_desk_in_time_count ÷ response_desk_due_count, 0 to 100; NULL if nothing was due (响应值班时间及时率; ruling 1)';
COMMENT ON COLUMN kefu_bi.response_kpis.answer_due_count IS 'answer promises (answer, or call_back where it replaced the answer), one a round of counted tickets whose end on the wall clock was that day and is past, void ones left out; 0 none (答复到期量)';
COMMENT ON COLUMN kefu_bi.response_kpis.answer_in_time_count IS 'of answer_due_count, kept by the delivery; 0 none (答复及时量)';
COMMENT ON COLUMN kefu_bi.response_kpis.answer_in_time_pct IS 'answer_in_time_count ÷ answer_due_count, 0 to 100; NULL if nothing was due (答复及时率; R91, ruling 24)';
COMMENT ON COLUMN kefu_bi.response_kpis.answer_desk_due_count IS 'of answer_due_count, those whose staffed time is over too; without a desk calendar none; 0 none (答复值班时间到期量; ruling 1)';
COMMENT ON COLUMN kefu_bi.response_kpis.answer_desk_in_time_count IS 'of answer_desk_due_count, stopped within staffed time; 0 none (答复值班时间及时量)';
COMMENT ON COLUMN kefu_bi.response_kpis.answer_desk_in_time_pct IS 'answer_desk_in_time_count ÷ answer_desk_due_count, 0 to 100; NULL if nothing was due (答复值班时间及时率; ruling 1)';
COMMENT ON COLUMN kefu_bi.response_kpis.resolved_count IS 'of volume_count, resolved by now; 0 none (解决量)';
COMMENT ON COLUMN kefu_bi.response_kpis.resolved_pct IS 'resolved_count ÷ volume_count, 0 to 100; NULL without tickets (解决率)';
COMMENT ON COLUMN kefu_bi.response_kpis.asked_count IS 'of volume_count, asked whether they are satisfied; 0 none (询问量)';
COMMENT ON COLUMN kefu_bi.response_kpis.rated_count IS 'of asked_count, said satisfied or dissatisfied; 0 none (参评量)';
COMMENT ON COLUMN kefu_bi.response_kpis.satisfied_count IS 'of rated_count, satisfied; 0 none (满意量)';
COMMENT ON COLUMN kefu_bi.response_kpis.satisfied_pct IS 'satisfied_count ÷ rated_count, 0 to 100; NULL if nobody rated (满意率; ruling 24)';
COMMENT ON COLUMN kefu_bi.response_kpis.rated_pct IS 'rated_count ÷ asked_count, 0 to 100; NULL if nobody was asked (参评率; ruling 24)';
