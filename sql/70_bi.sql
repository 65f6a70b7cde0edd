-- 70_bi: what analysts read.
--
-- Plain views with the owner's rights. Each names the caller's units once, as
-- a subquery without reference to the rows, so that the planner runs it once a
-- query (an InitPlan) whatever the number of rows. security_barrier keeps a
-- cheap function in somebody's query away from rows that are not theirs.
--
-- Columns are flat scalars: no interval, array or json. An instant _at is
-- followed by its date and hour in Beijing. A _pct is 0 to 100, NULL where its
-- denominator is 0, with both its numbers beside it. There are no names of
-- customers and no words of theirs, but for kefu_bi.complaint_log.
--
-- These views are computed when they are read; nothing here is stored.

CREATE VIEW kefu_bi.labels WITH (security_barrier) AS
SELECT l.code_kind,
       l.code,
       l.label_zh,
       l.label_en
  FROM (VALUES
      ('priority', '1', '特急', 'urgent'),
      ('priority', '2', '普通', 'normal'),
      ('priority', '3', '较低', 'low'),
      ('priority', '4', '最低', 'lowest'),
      ('location_source', 'profile', '平台资料', 'profile'),
      ('location_source', 'customer', '客户告知', 'told by the customer'),
      ('location_source', 'unknown', '未知', 'unknown'),
      ('satisfaction', 'not_asked', '未询问', 'not asked'),
      ('satisfaction', 'no_reply', '未参评', 'no reply'),
      ('satisfaction', 'satisfied', '满意', 'satisfied'),
      ('satisfaction', 'dissatisfied', '不满意', 'dissatisfied'),
      ('judgement', 'real', '属实', 'real'),
      ('judgement', 'vague', '含糊', 'vague'),
      ('judgement', 'malicious', '恶意', 'malicious'),
      ('meaning', 'objection', '异议', 'objection'),
      ('meaning', 'acceptance', '认可', 'acceptance'),
      ('meaning', 'further_need', '进一步需求', 'further need'),
      ('meaning', 'cause', '原因', 'cause'),
      ('meaning', 'contact', '联系方式', 'contact data'),
      ('meaning', 'chaser', '催单', 'chaser'),
      ('meaning', 'other', '其他', 'other'),
      ('clock', 'seen', '发现处置时限', 'message decided'),
      ('clock', 'reseen', '重新处置时限', 'message decided again'),
      ('clock', 'inquiry_ack', '咨询受理时限', 'inquiry acknowledged'),
      ('clock', 'complaint_ack', '投诉受理时限', 'complaint acknowledged'),
      ('clock', 'negative_reply', '负面评价回复时限', 'negative comment replied to'),
      ('clock', 'thank', '致谢时限', 'praise thanked for'),
      ('clock', 'answer', '答复时限', 'answered'),
      ('clock', 'call_back', '10000回访时限', 'called back'),
      ('clock', 'after_call', '回访后答复时限', 'answered after the call'),
      ('clock', 'silence', '客户静默', 'customer silent'),
      ('clock', 'reason_wait', '等待原因', 'waiting for the reason'),
      ('clock', 'legal', '法定时限', 'legal limit'),
      ('clock', 'archive', '归档时限', 'archived'),
      ('clock', 'order_review', '审核时限', 'order reviewed'),
      ('clock', 'order_dispatch', '派发时限', 'order dispatched'),
      ('clock', 'order_accept', '判断归属时限', 'order accepted'),
      ('clock', 'order_handle', '部门处理时限', 'order handled'),
      ('clock', 'order_result', '结果审核时限', 'result reviewed'),
      ('clock', 'order_decision', '裁定时限', 'shift leader decides'),
      ('clock', 'order_limit', '投诉单总时限', 'whole order'),
      ('clock', 'suspension', '挂起期限', 'suspension ends'),
      ('clock', 'task_due', '待办时限', 'task done'),
      ('clock', 'task_expiry', '待办失效', 'task expires'),
      ('clock_outcome', 'running', '计时中', 'running'),
      ('clock_outcome', 'kept', '按时', 'kept'),
      ('clock_outcome', 'late', '超时', 'late'),
      ('clock_outcome', 'void', '作废', 'void'),
      ('escalation_outcome', 'told', '已通知', 'told'),
      ('escalation_outcome', 'digest', '并入汇总', 'in a digest'),
      ('escalation_outcome', 'unattended', '无人值守', 'nobody on duty'),
      ('escalation_outcome', 'fired', '已触发事件', 'event fired'),
      ('escalation_outcome', 'refused', '事件被拒', 'event refused'),
      ('escalation_outcome', 'skipped', '补漏时略过', 'skipped'),
      ('role', 'operator', '管理员', 'operator'),
      ('role', 'reviewer', '审核员', 'reviewer'),
      ('role', 'department', '部门接口人', 'department contact'),
      ('role', 'department_leader', '部门负责人', 'department leader'),
      ('role', 'shift_leader', '值班长', 'shift leader'),
      ('role', 'hotline', '10000号坐席', 'hotline agent'),
      ('role', 'province_cs', '省客服部', 'province customer service'),
      ('role', 'group_cs', '集团客服部', 'Group customer service')) AS l(code_kind, code, label_zh, label_en);
COMMENT ON VIEW kefu_bi.labels IS
'Words for codes that have no table of their own, in both languages; everybody reads it (代码标签)';
COMMENT ON COLUMN kefu_bi.labels.code_kind IS 'what the code is about (代码类别)';
COMMENT ON COLUMN kefu_bi.labels.code IS 'code (代码)';
COMMENT ON COLUMN kefu_bi.labels.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu_bi.labels.label_en IS 'English label (英文标签)';

CREATE VIEW kefu_bi.tickets WITH (security_barrier) AS
SELECT t.ticket_id,
       NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped') AS is_counted,
       t.is_provisional,
       t.kind,
       m.label_zh AS kind_label_zh,
       m.label_en AS kind_label_en,
       t.first_kind,
       t.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       s.is_final AS is_closed,
       t.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       t.received_unit,
       ru.name_zh AS received_unit_label_zh,
       ru.name_en AS received_unit_label_en,
       t.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       t.account,
       a.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       w.person_key,
       t.handler AS handler_id,
       t.round::integer AS round_count,
       t.priority::integer AS priority,
       t.level::integer AS escalation_level,
       t.category,
       t.location_source,
       ll.label_zh AS location_source_label_zh,
       ll.label_en AS location_source_label_en,
       t.satisfaction,
       ls.label_zh AS satisfaction_label_zh,
       ls.label_en AS satisfaction_label_en,
       t.judgement,
       lj.label_zh AS judgement_label_zh,
       lj.label_en AS judgement_label_en,
       t.urge_count::integer AS urge_count,
       t.needs_reading,
       t.repeat_of AS repeat_of_ticket_id,
       t.merged_into AS merged_into_ticket_id,
       t.posted_at,
       (t.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS posted_local_date,
       extract(hour FROM t.posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS posted_local_hour,
       t.opened_at,
       (t.opened_at AT TIME ZONE 'Asia/Shanghai')::date AS opened_local_date,
       extract(hour FROM t.opened_at AT TIME ZONE 'Asia/Shanghai')::integer AS opened_local_hour,
       t.kind_confirmed_at,
       (t.kind_confirmed_at AT TIME ZONE 'Asia/Shanghai')::date AS kind_confirmed_local_date,
       extract(hour FROM t.kind_confirmed_at AT TIME ZONE 'Asia/Shanghai')::integer AS kind_confirmed_local_hour,
       t.acknowledged_at,
       (t.acknowledged_at AT TIME ZONE 'Asia/Shanghai')::date AS acknowledged_local_date,
       extract(hour FROM t.acknowledged_at AT TIME ZONE 'Asia/Shanghai')::integer AS acknowledged_local_hour,
       t.first_response_at,
       (t.first_response_at AT TIME ZONE 'Asia/Shanghai')::date AS first_response_local_date,
       extract(hour FROM t.first_response_at AT TIME ZONE 'Asia/Shanghai')::integer AS first_response_local_hour,
       t.answered_at,
       (t.answered_at AT TIME ZONE 'Asia/Shanghai')::date AS answered_local_date,
       extract(hour FROM t.answered_at AT TIME ZONE 'Asia/Shanghai')::integer AS answered_local_hour,
       t.resolved_at,
       (t.resolved_at AT TIME ZONE 'Asia/Shanghai')::date AS resolved_local_date,
       extract(hour FROM t.resolved_at AT TIME ZONE 'Asia/Shanghai')::integer AS resolved_local_hour,
       t.archived_at,
       (t.archived_at AT TIME ZONE 'Asia/Shanghai')::date AS archived_local_date,
       extract(hour FROM t.archived_at AT TIME ZONE 'Asia/Shanghai')::integer AS archived_local_hour,
       extract(epoch FROM t.first_response_at - t.posted_at)::bigint AS first_response_seconds,
       extract(epoch FROM t.answered_at - t.round_posted_at)::bigint AS answer_seconds
  FROM kefu.ticket t
  JOIN kefu.machine m ON m.machine = t.kind
  JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state
  LEFT JOIN kefu.unit hu ON hu.unit = t.unit
  LEFT JOIN kefu.unit ru ON ru.unit = t.received_unit
  LEFT JOIN kefu.unit ou ON ou.unit = t.home_unit
  LEFT JOIN kefu.account a ON a.account = t.account
  LEFT JOIN kefu.platform p ON p.platform = a.platform
  LEFT JOIN kefu.person w ON w.person_id = t.person_id
  LEFT JOIN kefu_bi.labels ll ON ll.code_kind = 'location_source' AND ll.code = t.location_source
  LEFT JOIN kefu_bi.labels ls ON ls.code_kind = 'satisfaction' AND ls.code = t.satisfaction
  LEFT JOIN kefu_bi.labels lj ON lj.code_kind = 'judgement' AND lj.code = t.judgement
 WHERE ARRAY[t.unit, t.received_unit, t.home_unit] && (SELECT kefu.my_units())::text[];
COMMENT ON VIEW kefu_bi.tickets IS
'One row a ticket of any state, also merged, dropped and provisional ones, which is_counted tells apart. Seen by readers of its handling, received or home unit (工单; R95, R101, R117, R123, ruling 24)';
COMMENT ON COLUMN kefu_bi.tickets.ticket_id IS 'number (工单编号)';
COMMENT ON COLUMN kefu_bi.tickets.is_counted IS 'counts as a ticket: confirmed by a person, neither merged nor dropped; the others stay as rows for customer counts (是否计入工单数; ruling 24)';
COMMENT ON COLUMN kefu_bi.tickets.is_provisional IS 'opened at ingest and not yet confirmed by a person (是否临时; ruling 30)';
COMMENT ON COLUMN kefu_bi.tickets.kind IS 'inquiry, complaint, negative or praise, as it is now (类型)';
COMMENT ON COLUMN kefu_bi.tickets.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.tickets.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.first_kind IS 'kind it was opened as (初始类型)';
COMMENT ON COLUMN kefu_bi.tickets.state IS 'state within its kind (状态)';
COMMENT ON COLUMN kefu_bi.tickets.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.tickets.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.is_closed IS 'in a state nothing leads out of (是否办结)';
COMMENT ON COLUMN kefu_bi.tickets.unit IS 'handling unit, the one scorecards count for (处理机构)';
COMMENT ON COLUMN kefu_bi.tickets.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.tickets.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.received_unit IS 'unit of the account that was written to; NULL none (接收机构)';
COMMENT ON COLUMN kefu_bi.tickets.received_unit_label_zh IS 'Chinese label of received_unit (接收机构标签)';
COMMENT ON COLUMN kefu_bi.tickets.received_unit_label_en IS 'English label of received_unit (接收机构英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.home_unit IS 'customer''s home unit; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.tickets.home_unit_label_zh IS 'Chinese label of home_unit (归属机构标签)';
COMMENT ON COLUMN kefu_bi.tickets.home_unit_label_en IS 'English label of home_unit (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.account IS 'account that was written to; NULL none (账号)';
COMMENT ON COLUMN kefu_bi.tickets.platform IS 'platform of that account; NULL none (平台)';
COMMENT ON COLUMN kefu_bi.tickets.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.tickets.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.person_key IS 'customer, for counting customers; means nothing outside; NULL unknown (用户标识; ruling 5)';
COMMENT ON COLUMN kefu_bi.tickets.handler_id IS 'staff number of who holds it; NULL nobody (处理人编号)';
COMMENT ON COLUMN kefu_bi.tickets.round_count IS 'rounds so far, from 1 (轮次数; ruling 25)';
COMMENT ON COLUMN kefu_bi.tickets.priority IS '1 highest to 4 (优先级; R105)';
COMMENT ON COLUMN kefu_bi.tickets.escalation_level IS '0 not escalated; only rises (升级级别)';
COMMENT ON COLUMN kefu_bi.tickets.category IS 'category of the matter; NULL not named yet (分类; R112)';
COMMENT ON COLUMN kefu_bi.tickets.location_source IS 'where the home unit is known from; NULL not recorded (归属地来源)';
COMMENT ON COLUMN kefu_bi.tickets.location_source_label_zh IS 'Chinese label of location_source (归属地来源标签)';
COMMENT ON COLUMN kefu_bi.tickets.location_source_label_en IS 'English label of location_source (归属地来源英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.satisfaction IS 'not_asked, no_reply, satisfied or dissatisfied; closure by silence is no_reply (满意度)';
COMMENT ON COLUMN kefu_bi.tickets.satisfaction_label_zh IS 'Chinese label of satisfaction (满意度标签)';
COMMENT ON COLUMN kefu_bi.tickets.satisfaction_label_en IS 'English label of satisfaction (满意度英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.judgement IS 'of a negative comment; NULL not judged (判别)';
COMMENT ON COLUMN kefu_bi.tickets.judgement_label_zh IS 'Chinese label of judgement (判别标签)';
COMMENT ON COLUMN kefu_bi.tickets.judgement_label_en IS 'English label of judgement (判别英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.urge_count IS 'chasers of the customer; 0 none (催单次数)';
COMMENT ON COLUMN kefu_bi.tickets.needs_reading IS 'the customer wrote and nobody has named the meaning (客户来言待读; I20)';
COMMENT ON COLUMN kefu_bi.tickets.repeat_of_ticket_id IS 'ticket of the same matter within 30 days before; NULL none (重复投诉; ruling 19)';
COMMENT ON COLUMN kefu_bi.tickets.merged_into_ticket_id IS 'ticket it went into; NULL none (并入工单)';
COMMENT ON COLUMN kefu_bi.tickets.posted_at IS 'customer''s own post time: volume counts by it (发布时间)';
COMMENT ON COLUMN kefu_bi.tickets.posted_local_date IS 'Beijing date of posted_at; NULL where that is (发布时间日期)';
COMMENT ON COLUMN kefu_bi.tickets.posted_local_hour IS 'Beijing hour of posted_at, 0 to 23; NULL where that is (发布时间小时)';
COMMENT ON COLUMN kefu_bi.tickets.opened_at IS 'when the desk opened it (立案时间)';
COMMENT ON COLUMN kefu_bi.tickets.opened_local_date IS 'Beijing date of opened_at; NULL where that is (立案时间日期)';
COMMENT ON COLUMN kefu_bi.tickets.opened_local_hour IS 'Beijing hour of opened_at, 0 to 23; NULL where that is (立案时间小时)';
COMMENT ON COLUMN kefu_bi.tickets.kind_confirmed_at IS 'when a person confirmed the kind; NULL not yet (确认时间)';
COMMENT ON COLUMN kefu_bi.tickets.kind_confirmed_local_date IS 'Beijing date of kind_confirmed_at; NULL where that is (确认时间日期)';
COMMENT ON COLUMN kefu_bi.tickets.kind_confirmed_local_hour IS 'Beijing hour of kind_confirmed_at, 0 to 23; NULL where that is (确认时间小时)';
COMMENT ON COLUMN kefu_bi.tickets.acknowledged_at IS 'platform''s time of the acknowledgement; NULL none delivered (受理告知时间)';
COMMENT ON COLUMN kefu_bi.tickets.acknowledged_local_date IS 'Beijing date of acknowledged_at; NULL where that is (受理告知时间日期)';
COMMENT ON COLUMN kefu_bi.tickets.acknowledged_local_hour IS 'Beijing hour of acknowledged_at, 0 to 23; NULL where that is (受理告知时间小时)';
COMMENT ON COLUMN kefu_bi.tickets.first_response_at IS 'platform''s time of a person''s first response; NULL none delivered (首次响应时间)';
COMMENT ON COLUMN kefu_bi.tickets.first_response_local_date IS 'Beijing date of first_response_at; NULL where that is (首次响应时间日期)';
COMMENT ON COLUMN kefu_bi.tickets.first_response_local_hour IS 'Beijing hour of first_response_at, 0 to 23; NULL where that is (首次响应时间小时)';
COMMENT ON COLUMN kefu_bi.tickets.answered_at IS 'platform''s time of the last answer of this round; NULL none delivered (答复时间)';
COMMENT ON COLUMN kefu_bi.tickets.answered_local_date IS 'Beijing date of answered_at; NULL where that is (答复时间日期)';
COMMENT ON COLUMN kefu_bi.tickets.answered_local_hour IS 'Beijing hour of answered_at, 0 to 23; NULL where that is (答复时间小时)';
COMMENT ON COLUMN kefu_bi.tickets.resolved_at IS 'when the matter was resolved; NULL open (解决时间)';
COMMENT ON COLUMN kefu_bi.tickets.resolved_local_date IS 'Beijing date of resolved_at; NULL where that is (解决时间日期)';
COMMENT ON COLUMN kefu_bi.tickets.resolved_local_hour IS 'Beijing hour of resolved_at, 0 to 23; NULL where that is (解决时间小时)';
COMMENT ON COLUMN kefu_bi.tickets.archived_at IS 'when it was archived; NULL not yet (归档时间)';
COMMENT ON COLUMN kefu_bi.tickets.archived_local_date IS 'Beijing date of archived_at; NULL where that is (归档时间日期)';
COMMENT ON COLUMN kefu_bi.tickets.archived_local_hour IS 'Beijing hour of archived_at, 0 to 23; NULL where that is (归档时间小时)';
COMMENT ON COLUMN kefu_bi.tickets.first_response_seconds IS 'first response after the post, wall clock, from delivery; NULL without one (首次响应秒数)';
COMMENT ON COLUMN kefu_bi.tickets.answer_seconds IS 'last answer after the post that began the round, wall clock; NULL without one (答复秒数)';

CREATE VIEW kefu_bi.messages WITH (security_barrier) AS
SELECT g.message_id,
       g.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       g.state NOT IN ('new', 'removal_asked') AS is_decided,
       g.is_live,
       g.to_us AS is_to_us,
       g.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       a.unit AS received_unit,
       ru.name_zh AS received_unit_label_zh,
       ru.name_en AS received_unit_label_en,
       w.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       g.account,
       g.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       g.action AS feed,
       g.item_type,
       g.ticket_id,
       w.person_key,
       g.suggested_kind,
       g.confirmed_kind,
       g.meaning,
       lm.label_zh AS meaning_label_zh,
       lm.label_en AS meaning_label_en,
       (SELECT count(*) FROM kefu.sighting f WHERE f.message_id = g.message_id) AS sighting_count,
       g.posted_at,
       (g.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS posted_local_date,
       extract(hour FROM g.posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS posted_local_hour,
       g.seen_at,
       (g.seen_at AT TIME ZONE 'Asia/Shanghai')::date AS seen_local_date,
       extract(hour FROM g.seen_at AT TIME ZONE 'Asia/Shanghai')::integer AS seen_local_hour,
       extract(epoch FROM g.seen_at - g.posted_at)::bigint AS ingest_lag_seconds
  FROM kefu.message g
  JOIN kefu.state s ON s.machine = 'message' AND s.state = g.state
  JOIN kefu.account a ON a.account = g.account
  JOIN kefu.platform p ON p.platform = g.platform
  LEFT JOIN kefu.person w ON w.person_id = g.person_id
  LEFT JOIN kefu.unit hu ON hu.unit = g.unit
  LEFT JOIN kefu.unit ru ON ru.unit = a.unit
  LEFT JOIN kefu.unit ou ON ou.unit = w.home_unit
  LEFT JOIN kefu_bi.labels lm ON lm.code_kind = 'meaning' AND lm.code = g.meaning
 WHERE ARRAY[g.unit, a.unit, w.home_unit] && (SELECT kefu.my_units())::text[];
COMMENT ON VIEW kefu_bi.messages IS
'One row an inbound item, once however many feeds found it; no words and no names. Seen by readers of its handling, received or home unit (消息; R85-R88, R103-R108)';
COMMENT ON COLUMN kefu_bi.messages.message_id IS 'number (消息编号)';
COMMENT ON COLUMN kefu_bi.messages.state IS 'what was decided about it (状态)';
COMMENT ON COLUMN kefu_bi.messages.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.messages.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.messages.is_decided IS 'a person has decided, or it is history (是否已处置)';
COMMENT ON COLUMN kefu_bi.messages.is_live IS 'false for what was posted before its feed began: history without a promise (是否实时)';
COMMENT ON COLUMN kefu_bi.messages.is_to_us IS 'written to one of our accounts; false for finds by search (是否写给我方; R87, R104)';
COMMENT ON COLUMN kefu_bi.messages.unit IS 'handling unit, the one scorecards count for (处理机构)';
COMMENT ON COLUMN kefu_bi.messages.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.messages.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.messages.received_unit IS 'unit of the account that was written to; NULL none (接收机构)';
COMMENT ON COLUMN kefu_bi.messages.received_unit_label_zh IS 'Chinese label of received_unit (接收机构标签)';
COMMENT ON COLUMN kefu_bi.messages.received_unit_label_en IS 'English label of received_unit (接收机构英文标签)';
COMMENT ON COLUMN kefu_bi.messages.home_unit IS 'customer''s home unit; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.messages.home_unit_label_zh IS 'Chinese label of home_unit (归属机构标签)';
COMMENT ON COLUMN kefu_bi.messages.home_unit_label_en IS 'English label of home_unit (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.messages.account IS 'account that found it first (账号)';
COMMENT ON COLUMN kefu_bi.messages.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.messages.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.messages.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.messages.feed IS 'feed that found it first (信息源)';
COMMENT ON COLUMN kefu_bi.messages.item_type IS 'status, comment or message (条目类型)';
COMMENT ON COLUMN kefu_bi.messages.ticket_id IS 'ticket it belongs to; NULL none (工单编号)';
COMMENT ON COLUMN kefu_bi.messages.person_key IS 'customer, for counting customers; NULL unknown (用户标识)';
COMMENT ON COLUMN kefu_bi.messages.suggested_kind IS 'kind suggested at ingest; NULL none (预判类型; ruling 30)';
COMMENT ON COLUMN kefu_bi.messages.confirmed_kind IS 'kind a person gave; NULL not triaged (确认类型; R124)';
COMMENT ON COLUMN kefu_bi.messages.meaning IS 'what an attached message meant; NULL not attached (含义)';
COMMENT ON COLUMN kefu_bi.messages.meaning_label_zh IS 'Chinese label of meaning (含义标签)';
COMMENT ON COLUMN kefu_bi.messages.meaning_label_en IS 'English label of meaning (含义英文标签)';
COMMENT ON COLUMN kefu_bi.messages.sighting_count IS 'feeds that found it; 0 none on record (发现次数; R85)';
COMMENT ON COLUMN kefu_bi.messages.posted_at IS 'customer''s post time on the platform (发布时间)';
COMMENT ON COLUMN kefu_bi.messages.posted_local_date IS 'Beijing date of posted_at; NULL where that is (发布时间日期)';
COMMENT ON COLUMN kefu_bi.messages.posted_local_hour IS 'Beijing hour of posted_at, 0 to 23; NULL where that is (发布时间小时)';
COMMENT ON COLUMN kefu_bi.messages.seen_at IS 'when a feed brought it (发现时间)';
COMMENT ON COLUMN kefu_bi.messages.seen_local_date IS 'Beijing date of seen_at; NULL where that is (发现时间日期)';
COMMENT ON COLUMN kefu_bi.messages.seen_local_hour IS 'Beijing hour of seen_at, 0 to 23; NULL where that is (发现时间小时)';
COMMENT ON COLUMN kefu_bi.messages.ingest_lag_seconds IS 'posted until seen, wall clock: the lag of the feed; means nothing where is_live is false (采集滞后秒数)';

CREATE VIEW kefu_bi.rounds WITH (security_barrier) AS
SELECT r.ticket_id,
       r.round::integer AS round_number,
       NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped') AS is_counted,
       t.kind,
       m.label_zh AS kind_label_zh,
       m.label_en AS kind_label_en,
       t.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       t.received_unit,
       ru.name_zh AS received_unit_label_zh,
       ru.name_en AS received_unit_label_en,
       t.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       a.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       r.ended_by,
       r.posted_at,
       (r.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS posted_local_date,
       extract(hour FROM r.posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS posted_local_hour,
       r.opened_at,
       (r.opened_at AT TIME ZONE 'Asia/Shanghai')::date AS opened_local_date,
       extract(hour FROM r.opened_at AT TIME ZONE 'Asia/Shanghai')::integer AS opened_local_hour,
       r.first_response_at,
       (r.first_response_at AT TIME ZONE 'Asia/Shanghai')::date AS first_response_local_date,
       extract(hour FROM r.first_response_at AT TIME ZONE 'Asia/Shanghai')::integer AS first_response_local_hour,
       r.answered_at,
       (r.answered_at AT TIME ZONE 'Asia/Shanghai')::date AS answered_local_date,
       extract(hour FROM r.answered_at AT TIME ZONE 'Asia/Shanghai')::integer AS answered_local_hour,
       c.due_at AS answer_due_at,
       (c.due_at AT TIME ZONE 'Asia/Shanghai')::date AS answer_due_local_date,
       extract(hour FROM c.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS answer_due_local_hour,
       CASE WHEN c.outcome = 'kept' THEN true WHEN c.outcome = 'late' OR c.due_at <= kefu.now() THEN false END AS is_answer_in_time,
       extract(epoch FROM r.first_response_at - r.posted_at)::bigint AS first_response_seconds,
       extract(epoch FROM r.answered_at - r.posted_at)::bigint AS answer_seconds
  FROM kefu.round r
  JOIN kefu.ticket t ON t.ticket_id = r.ticket_id
  JOIN kefu.machine m ON m.machine = t.kind
  LEFT JOIN kefu.unit hu ON hu.unit = t.unit
  LEFT JOIN kefu.unit ru ON ru.unit = t.received_unit
  LEFT JOIN kefu.unit ou ON ou.unit = t.home_unit
  LEFT JOIN kefu.account a ON a.account = t.account
  LEFT JOIN kefu.platform p ON p.platform = a.platform
  LEFT JOIN LATERAL (
      SELECT k.due_at, k.outcome FROM kefu.clock k
       WHERE k.object_id = t.ticket_id AND k.object_type = 'ticket' AND k.round = r.round
         AND k.clock = 'answer' AND k.outcome IS DISTINCT FROM 'void'
       ORDER BY k.clock_id DESC LIMIT 1) c ON true
 WHERE ARRAY[t.unit, t.received_unit, t.home_unit] && (SELECT kefu.my_units())::text[];
COMMENT ON VIEW kefu_bi.rounds IS
'Loops of tickets, each with its own promise; a ticket is in time only if all its rounds are (轮次; rulings 24 and 25)';
COMMENT ON COLUMN kefu_bi.rounds.ticket_id IS 'ticket (工单编号)';
COMMENT ON COLUMN kefu_bi.rounds.round_number IS 'round, from 1 (轮次)';
COMMENT ON COLUMN kefu_bi.rounds.is_counted IS 'its ticket counts as one (是否计入; ruling 24)';
COMMENT ON COLUMN kefu_bi.rounds.kind IS 'kind of the ticket (类型)';
COMMENT ON COLUMN kefu_bi.rounds.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.rounds.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.rounds.unit IS 'handling unit, the one scorecards count for (处理机构)';
COMMENT ON COLUMN kefu_bi.rounds.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.rounds.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.rounds.received_unit IS 'unit of the account that was written to; NULL none (接收机构)';
COMMENT ON COLUMN kefu_bi.rounds.received_unit_label_zh IS 'Chinese label of received_unit (接收机构标签)';
COMMENT ON COLUMN kefu_bi.rounds.received_unit_label_en IS 'English label of received_unit (接收机构英文标签)';
COMMENT ON COLUMN kefu_bi.rounds.home_unit IS 'customer''s home unit; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.rounds.home_unit_label_zh IS 'Chinese label of home_unit (归属机构标签)';
COMMENT ON COLUMN kefu_bi.rounds.home_unit_label_en IS 'English label of home_unit (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.rounds.platform IS 'platform; NULL none (平台)';
COMMENT ON COLUMN kefu_bi.rounds.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.rounds.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.rounds.ended_by IS 'event of the customer that began the next round; NULL the last round (结束事件)';
COMMENT ON COLUMN kefu_bi.rounds.posted_at IS 'post that began the round: its promises count from it (发布时间)';
COMMENT ON COLUMN kefu_bi.rounds.posted_local_date IS 'Beijing date of posted_at; NULL where that is (发布时间日期)';
COMMENT ON COLUMN kefu_bi.rounds.posted_local_hour IS 'Beijing hour of posted_at, 0 to 23; NULL where that is (发布时间小时)';
COMMENT ON COLUMN kefu_bi.rounds.opened_at IS 'when the desk began the round (开始时间)';
COMMENT ON COLUMN kefu_bi.rounds.opened_local_date IS 'Beijing date of opened_at; NULL where that is (开始时间日期)';
COMMENT ON COLUMN kefu_bi.rounds.opened_local_hour IS 'Beijing hour of opened_at, 0 to 23; NULL where that is (开始时间小时)';
COMMENT ON COLUMN kefu_bi.rounds.first_response_at IS 'platform''s time of the round''s first response; NULL none (首次响应时间)';
COMMENT ON COLUMN kefu_bi.rounds.first_response_local_date IS 'Beijing date of first_response_at; NULL where that is (首次响应时间日期)';
COMMENT ON COLUMN kefu_bi.rounds.first_response_local_hour IS 'Beijing hour of first_response_at, 0 to 23; NULL where that is (首次响应时间小时)';
COMMENT ON COLUMN kefu_bi.rounds.answered_at IS 'platform''s time of the round''s answer; NULL none (答复时间)';
COMMENT ON COLUMN kefu_bi.rounds.answered_local_date IS 'Beijing date of answered_at; NULL where that is (答复时间日期)';
COMMENT ON COLUMN kefu_bi.rounds.answered_local_hour IS 'Beijing hour of answered_at, 0 to 23; NULL where that is (答复时间小时)';
COMMENT ON COLUMN kefu_bi.rounds.answer_due_at IS 'end of the round''s answer promise, wall clock; NULL none or void (答复到期时间)';
COMMENT ON COLUMN kefu_bi.rounds.answer_due_local_date IS 'Beijing date of answer_due_at; NULL where that is (答复到期时间日期)';
COMMENT ON COLUMN kefu_bi.rounds.answer_due_local_hour IS 'Beijing hour of answer_due_at, 0 to 23; NULL where that is (答复到期时间小时)';
COMMENT ON COLUMN kefu_bi.rounds.is_answer_in_time IS 'answered by then; NULL not due yet, or no promise (是否按时答复; R91)';
COMMENT ON COLUMN kefu_bi.rounds.first_response_seconds IS 'first response after the post, wall clock; NULL without one (首次响应秒数)';
COMMENT ON COLUMN kefu_bi.rounds.answer_seconds IS 'answer after the post, wall clock; NULL without one (答复秒数)';

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
 WHERE ARRAY[coalesce(CASE WHEN c.object_type = 'ticket' THEN t.unit END, o.unit, k.unit, g.unit, c.unit), c.unit, t.received_unit, t.home_unit] && (SELECT kefu.my_units())::text[];
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
 WHERE ARRAY[coalesce(CASE WHEN c.object_type = 'ticket' THEN t.unit END, o.unit, k.unit, g.unit, c.unit), c.unit, t.received_unit, t.home_unit] && (SELECT kefu.my_units())::text[];
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
'Response figures a day, handling unit, platform and kind. Population: tickets that count (provisional, merged and dropped ones left out). Clock: the platform''s delivery time against the customer''s own post time. Window: volume by day of the post, rates by day of the due time, so that what is not due yet flatters nobody. Percentiles must not be averaged over rows (响应指标; R1, R91, ruling 24)';
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
COMMENT ON COLUMN kefu_bi.response_kpis.first_response_p90_seconds IS '90th percentile of the same; NULL none (首次响应90分位秒数)';
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

CREATE VIEW kefu_bi.complaint_log WITH (security_barrier) AS
SELECT t.ticket_id,
       t.posted_at,
       (t.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS posted_local_date,
       extract(hour FROM t.posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS posted_local_hour,
       regexp_replace(regexp_replace(regexp_replace(g.text,
           '(?<![0-9])(1[3-9][0-9])[0-9]{4}([0-9]{4})(?![0-9])', '\1****\2', 'g'),
           '(?<![0-9])([1-9][0-9]{2})[0-9]{11}([0-9]{3}[0-9Xx])(?![0-9])', '\1***********\2', 'g'),
           '(?<![0-9])(0[0-9]{2,3})[- ]?[1-9][0-9]{2,3}([0-9]{4})(?![0-9])', '\1****\2', 'g') AS content,
       t.category,
       coalesce(t.location, t.home_unit) AS location,
       coalesce(t.location_source, 'unknown') AS location_source,
       ll.label_zh AS location_source_label_zh,
       ll.label_en AS location_source_label_en,
       i.native_id AS microblog_id,
       g.native_id AS message_native_id,
       g.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       t.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       t.received_unit,
       ru.name_zh AS received_unit_label_zh,
       ru.name_en AS received_unit_label_en,
       t.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       t.is_provisional,
       t.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en
  FROM kefu.ticket t
  JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state
  LEFT JOIN kefu.unit hu ON hu.unit = t.unit
  LEFT JOIN kefu.unit ru ON ru.unit = t.received_unit
  LEFT JOIN kefu.unit ou ON ou.unit = t.home_unit
  LEFT JOIN kefu.message g ON g.message_id = t.message_id
  LEFT JOIN kefu.identity i ON i.identity_id = g.identity_id
  LEFT JOIN kefu.platform p ON p.platform = g.platform
  LEFT JOIN kefu_bi.labels ll ON ll.code_kind = 'location_source' AND ll.code = coalesce(t.location_source, 'unknown')
 WHERE ARRAY[t.unit, t.received_unit, t.home_unit] && (SELECT kefu.my_units())::text[]
   AND t.kind = 'complaint' AND t.state <> 'dropped'
 ORDER BY t.posted_at, t.ticket_id;
COMMENT ON VIEW kefu_bi.complaint_log IS
'The log of complaints in order of time: content, category, location, microblog ID, time, from the moment of ingest; dropped ones left out, merged ones kept. The only view here with a customer''s words, for the desk itself (投诉记录表; R112, R118, ruling 27)';
COMMENT ON COLUMN kefu_bi.complaint_log.ticket_id IS 'number of the complaint (工单编号)';
COMMENT ON COLUMN kefu_bi.complaint_log.posted_at IS 'time: the customer''s own post time (投诉时间)';
COMMENT ON COLUMN kefu_bi.complaint_log.posted_local_date IS 'Beijing date of posted_at; NULL where that is (投诉时间日期)';
COMMENT ON COLUMN kefu_bi.complaint_log.posted_local_hour IS 'Beijing hour of posted_at, 0 to 23; NULL where that is (投诉时间小时)';
COMMENT ON COLUMN kefu_bi.complaint_log.content IS 'content: the customer''s words, with mobile, landline and identity-card numbers masked; NULL without text (投诉内容)';
COMMENT ON COLUMN kefu_bi.complaint_log.category IS 'category; NULL not named yet (投诉分类)';
COMMENT ON COLUMN kefu_bi.complaint_log.location IS 'location as recorded, else the home unit; NULL unknown, which is legal until archiving (归属地; ruling 27)';
COMMENT ON COLUMN kefu_bi.complaint_log.location_source IS 'profile, customer or unknown (归属地来源)';
COMMENT ON COLUMN kefu_bi.complaint_log.location_source_label_zh IS 'Chinese label of location_source (归属地来源标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.location_source_label_en IS 'English label of location_source (归属地来源英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.microblog_id IS 'the platform''s id of the complainant, never the name; NULL unknown (微博ID)';
COMMENT ON COLUMN kefu_bi.complaint_log.message_native_id IS 'the platform''s id of the message; NULL without one (微博消息ID)';
COMMENT ON COLUMN kefu_bi.complaint_log.platform IS 'platform; NULL without a message (平台)';
COMMENT ON COLUMN kefu_bi.complaint_log.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.unit IS 'handling unit, the one scorecards count for (处理机构)';
COMMENT ON COLUMN kefu_bi.complaint_log.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.received_unit IS 'unit of the account that was written to; NULL none (接收机构)';
COMMENT ON COLUMN kefu_bi.complaint_log.received_unit_label_zh IS 'Chinese label of received_unit (接收机构标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.received_unit_label_en IS 'English label of received_unit (接收机构英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.home_unit IS 'customer''s home unit; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.complaint_log.home_unit_label_zh IS 'Chinese label of home_unit (归属机构标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.home_unit_label_en IS 'English label of home_unit (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.is_provisional IS 'not yet confirmed by a person (是否临时)';
COMMENT ON COLUMN kefu_bi.complaint_log.state IS 'state of the complaint (状态)';
COMMENT ON COLUMN kefu_bi.complaint_log.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.state_label_en IS 'English label of state (状态英文标签)';

CREATE VIEW kefu_bi.invariants WITH (security_barrier) AS
WITH object AS (
    SELECT 'ticket' AS object_type, t.ticket_id AS object_id, t.kind AS machine, t.state, t.version,
           t.audit_seq, t.audit_head, t.unit, t.opened_at AS made_at FROM kefu.ticket t
    UNION ALL
    SELECT 'message', g.message_id, 'message', g.state, g.version, g.audit_seq, g.audit_head, g.unit, g.seen_at
      FROM kefu.message g
    UNION ALL
    SELECT 'work_order', o.order_id, 'work_order', o.state, o.version, o.audit_seq, o.audit_head, o.unit, o.created_at
      FROM kefu.work_order o
    UNION ALL
    SELECT 'task', k.task_id, 'task', k.state, k.version, k.audit_seq, k.audit_head, k.unit, k.created_at
      FROM kefu.task k
), chain AS (
    SELECT e.object_type, e.object_id, count(*) AS events, max(e.seq) AS last_seq,
           max(e.unit) AS unit, max(e.at) AS last_at
      FROM kefu.audit_event e
     WHERE e.object_type IN ('ticket', 'message', 'work_order', 'task')
     GROUP BY e.object_type, e.object_id
), undecided AS (
    -- The promise seen holds the 30 minutes, in staffed time where the desk has a calendar.
    SELECT g.message_id, g.unit, g.ticket_id,
           coalesce(c.due_desk_at, c.due_at, g.posted_at + interval '30 minutes') AS due_at
      FROM kefu.message g
      LEFT JOIN kefu.clock c ON c.object_type = 'message' AND c.object_id = g.message_id
           AND c.clock IN ('seen', 'reseen') AND c.stopped_at IS NULL
     WHERE g.is_live AND g.state IN ('new', 'removal_asked')
), breach AS (
    SELECT 'I2' AS invariant, 'R2' AS rulebook, c.object_type, c.object_id, c.unit,
           coalesce(c.next_fire_at, c.due_at) AS since_at,
           'clock ' || c.clock || ' is past a level that has not fired' AS detail
      FROM kefu.clock c
     WHERE c.stopped_at IS NULL AND c.paused_at IS NULL
       AND (c.next_fire_at < kefu.now() - interval '1 minute'
            OR (c.next_fire_at IS NULL AND c.due_at < kefu.now() - interval '1 minute'
                AND NOT EXISTS (SELECT FROM kefu.escalation e WHERE e.clock_id = c.clock_id)
                AND EXISTS (SELECT FROM kefu.clock_policy p
                              JOIN kefu.clock_level l USING (clock, unit, valid_from)
                             WHERE p.policy_id = c.policy_id)))
    UNION ALL
    SELECT 'I3', 'R120', 'ticket', t.ticket_id, t.unit, coalesce(t.archived_at, t.resolved_at, t.opened_at),
           'work order ' || o.order_id || ' is still ' || o.state
      FROM kefu.work_order o
      JOIN kefu.state p ON p.machine = 'work_order' AND p.state = o.state AND NOT p.is_final
      JOIN kefu.ticket t ON t.ticket_id = o.ticket_id
      JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state AND s.is_final
    UNION ALL
    SELECT 'I13', 'R8', coalesce(b.object_type, n.object_type), coalesce(b.object_id, n.object_id),
           coalesce(b.unit, n.unit), coalesce(n.last_at, b.made_at),
           CASE WHEN b.object_id IS NULL THEN 'events without their object'
                WHEN n.object_id IS NULL THEN 'object without events'
                ELSE n.events || ' events up to ' || n.last_seq || ', the object says ' || b.audit_seq END
      FROM object b
      FULL JOIN chain n ON n.object_type = b.object_type AND n.object_id = b.object_id
     WHERE n.object_id IS NULL OR b.object_id IS NULL
        OR n.events <> b.audit_seq OR n.last_seq <> b.audit_seq
    UNION ALL
    SELECT DISTINCT 'I14', x.rulebook, 'ticket', p.object_id, p.unit, p.settled_at,
           'acknowledgement without ' || x.requirement
      FROM kefu.speech p
      JOIN kefu.audit_event e ON e.event_id = p.event_id
      JOIN kefu.outbound w ON w.speech_id = p.speech_id AND w.state = 'sent'
      JOIN kefu.script_rule x ON x.event = 'acknowledge' AND x.kind = e.machine
           AND x.channel = w.channel AND x.requirement IN ('department', 'limit')
     WHERE p.event = 'acknowledge' AND p.outcome = 'delivered'
       AND NOT EXISTS (
           SELECT FROM kefu.outbound o
            WHERE o.speech_id = p.speech_id AND o.state = 'sent'
              AND CASE WHEN x.pattern = '{department}'
                       THEN strpos(o.text, coalesce(o.slots ->> 'department', '?')) > 0
                       ELSE o.text ~ x.pattern END)
    UNION ALL
    SELECT 'I17', 'house', 'outbound', o.outbound_id, o.unit, coalesce(o.sending_at, o.queued_at),
           'send is uncertain and not verified'
      FROM kefu.outbound o
     WHERE o.state = 'uncertain'
       AND coalesce(o.sending_at, o.queued_at) < kefu.now() - interval '10 minutes'
    UNION ALL
    SELECT 'I19', 'R108', 'message', g.message_id, g.unit, g.due_at, 'live message without a decision'
      FROM undecided g
     WHERE g.due_at < kefu.now()
    UNION ALL
    SELECT 'I20', 'R122', 'ticket', t.ticket_id, t.unit, min(g.due_at), 'the customer wrote and nobody has read it'
      FROM kefu.ticket t
      JOIN undecided g ON g.ticket_id = t.ticket_id AND g.due_at < kefu.now()
     WHERE t.state = 'answered' AND t.needs_reading
     GROUP BY t.ticket_id
    UNION ALL
    SELECT 'I21', 'R8', b.object_type, b.object_id, b.unit, e.at,
           concat_ws(', ', CASE WHEN e.to_state NOT IN (b.state, b.machine || ':' || b.state)
                                THEN 'state ' || b.state || ' against ' || e.to_state END,
                     CASE WHEN e.version <> b.version
                          THEN 'version ' || b.version || ' against ' || e.version END,
                     CASE WHEN e.hash IS DISTINCT FROM b.audit_head THEN 'chain head' END)
      FROM object b
      JOIN kefu.audit_event e ON e.object_type = b.object_type AND e.object_id = b.object_id
           AND e.seq = b.audit_seq
     WHERE e.to_state NOT IN (b.state, b.machine || ':' || b.state)
        OR e.version <> b.version OR e.hash IS DISTINCT FROM b.audit_head
)
SELECT b.invariant,
       b.rulebook,
       b.object_type,
       b.object_id,
       b.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       b.since_at,
       (b.since_at AT TIME ZONE 'Asia/Shanghai')::date AS since_local_date,
       extract(hour FROM b.since_at AT TIME ZONE 'Asia/Shanghai')::integer AS since_local_hour,
       b.detail
  FROM breach b
  LEFT JOIN kefu.unit hu ON hu.unit = b.unit
 WHERE b.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.invariants IS
'What must never be: no rows while the desk is sound. I13 counts the events of each object; kefu.verify_audit() recomputes the chains and names the first misfit (不变式检查; I2, I3, I13, I14, I17, I19, I20, I21)';
COMMENT ON COLUMN kefu_bi.invariants.invariant IS 'I2 clock without its level, I3 closed ticket with an open work order, I13 events missing or too many, I14 acknowledgement without department or time limit, I17 send uncertain for 10 minutes, I19 live message undecided after its 30 minutes, I20 customer unread on an answered ticket, I21 object unlike its last event (不变式)';
COMMENT ON COLUMN kefu_bi.invariants.rulebook IS 'R number it guards, or house (规范条款)';
COMMENT ON COLUMN kefu_bi.invariants.object_type IS 'what breaks it; outbound is a send (对象类型)';
COMMENT ON COLUMN kefu_bi.invariants.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu_bi.invariants.unit IS 'handling unit (处理机构)';
COMMENT ON COLUMN kefu_bi.invariants.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.invariants.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.invariants.since_at IS 'since when; for I19 and I20 when the 30 minutes were over (起始时间)';
COMMENT ON COLUMN kefu_bi.invariants.since_local_date IS 'Beijing date of since_at; NULL where that is (起始时间日期)';
COMMENT ON COLUMN kefu_bi.invariants.since_local_hour IS 'Beijing hour of since_at, 0 to 23; NULL where that is (起始时间小时)';
COMMENT ON COLUMN kefu_bi.invariants.detail IS 'what is wrong, without words or names of anybody (说明)';

CREATE VIEW kefu_bi.whoami WITH (security_barrier) AS
SELECT c.login,
       c.staff_id,
       s.staff_id IS NOT NULL AS is_staff,
       c.readings > 0 AS is_reader,
       c.roles AS role_count,
       cardinality(c.units)::bigint AS unit_count,
       (SELECT string_agg(u, ', ' ORDER BY u) FROM unnest(c.units) AS u) AS units,
       CASE WHEN cardinality(c.units) > 0 THEN '可见以上机构的数据'
            WHEN NOT s.is_active THEN '人员已停用'
            WHEN s.staff_id IS NOT NULL THEN '人员没有当前有效的角色'
            ELSE '登录未登记：请管理员执行 kefu.grant_reader() 或 kefu.add_staff()' END AS reason_zh,
       CASE WHEN cardinality(c.units) > 0 THEN 'rows of these units are visible'
            WHEN NOT s.is_active THEN 'the staff member is inactive'
            WHEN s.staff_id IS NOT NULL THEN 'the staff member has no role that holds now'
            ELSE 'the login is not registered: an administrator calls kefu.grant_reader() or kefu.add_staff()' END AS reason_en
  FROM (SELECT kefu.caller() AS login, kefu.me() AS staff_id, kefu.my_units() AS units,
               (SELECT count(*) FROM kefu.reader r WHERE r.login = kefu.caller()) AS readings,
               (SELECT count(*) FROM kefu.staff_role r JOIN kefu.staff x USING (staff_id)
                 WHERE (x.staff_id = kefu.me() OR x.login = kefu.caller()) AND x.is_active AND r.valid @> kefu.now()) AS roles) c
  LEFT JOIN kefu.staff s ON s.staff_id = coalesce(c.staff_id,
            (SELECT x.staff_id FROM kefu.staff x WHERE x.login = c.login));
COMMENT ON VIEW kefu_bi.whoami IS
'One row about the caller: which units are seen, and why none (我是谁; R3)';
COMMENT ON COLUMN kefu_bi.whoami.login IS 'database login that asks, SET ROLE honoured (登录角色)';
COMMENT ON COLUMN kefu_bi.whoami.staff_id IS 'staff number it speaks as; NULL none (人员编号)';
COMMENT ON COLUMN kefu_bi.whoami.is_staff IS 'registered as staff (是否人员)';
COMMENT ON COLUMN kefu_bi.whoami.is_reader IS 'registered with kefu.grant_reader() (是否只读用户)';
COMMENT ON COLUMN kefu_bi.whoami.role_count IS 'roles of the staff member that hold now; 0 none (有效角色数)';
COMMENT ON COLUMN kefu_bi.whoami.unit_count IS 'units whose rows are seen; 0 none (可见机构数)';
COMMENT ON COLUMN kefu_bi.whoami.units IS 'their codes, with commas between; NULL none (可见机构)';
COMMENT ON COLUMN kefu_bi.whoami.reason_zh IS 'why rows are seen or not, in Chinese (原因)';
COMMENT ON COLUMN kefu_bi.whoami.reason_en IS 'the same in English (英文原因)';

CREATE VIEW kefu.scripts WITH (security_barrier) AS
SELECT x.script,
       x.variant,
       x.channel,
       x.title_zh,
       x.text
  FROM kefu.script x
 WHERE x.is_approved;
COMMENT ON VIEW kefu.scripts IS
'Approved reply templates, for whoever answers; the same for every unit (标准话术一览; R14, R107)';
COMMENT ON COLUMN kefu.scripts.script IS 'code, given to an event as script (话术代码)';
COMMENT ON COLUMN kefu.scripts.variant IS 'number of the wording (变体)';
COMMENT ON COLUMN kefu.scripts.channel IS 'public reply or private message (渠道)';
COMMENT ON COLUMN kefu.scripts.title_zh IS 'Chinese title (标题)';
COMMENT ON COLUMN kefu.scripts.text IS 'template; slots in braces are filled when it is used (正文)';
