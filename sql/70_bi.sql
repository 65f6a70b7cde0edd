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
      ('clock', 'alarm', '舆情回应时限', 'public statement'),
      ('clock', 'order_decision', '裁定时限', 'shift leader decides'),
      ('clock', 'order_limit', '投诉单总时限', 'whole order'),
      ('clock', 'suspension', '挂起期限', 'suspension ends'),
      ('clock', 'topic_window', '同类问题观察期', 'topic is forming'),
      ('clock', 'topic_decision', '同类问题决定时限', 'decision on a topic'),
      ('clock', 'topic_publish', '同类问题发文时限', 'public answer to a topic'),
      ('clock', 'opinion_screen', '意见筛选时限', 'opinion screened'),
      ('clock', 'opinion_feedback', '意见反馈时限', 'feedback on an opinion'),
      ('clock', 'report_filing', '报告提交期限', 'report filed'),
      ('clock', 'report_review', '报告审阅期限', 'report reviewed'),
      ('clock', 'request_review', '需求审核时限', 'request reviewed'),
      ('clock', 'post_review', '博文审核时限', 'post reviewed'),
      ('clock', 'back_review', '补审时限', 'review back-filled'),
      ('clock', 'posting', '计划发布', 'placement is due'),
      ('clock', 'correction', '更正时限', 'corrected'),
      ('clock', 'correction_error', '差错更正时限', 'error corrected'),
      ('clock', 'uncertain', '核对时限', 'outcome of a send known'),
      ('clock', 'erasure', '个人信息删除时限', 'erasure decided'),
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
      ('opinion_source', 'active', '主动征集', 'asked for'),
      ('opinion_source', 'passive', '被动收集', 'found'),
      ('survey_occasion', 'released', '刚发布', 'just released'),
      ('survey_occasion', 'planned', '准备开发', 'about to be developed'),
      ('duty', 'tag', '添加标签', 'add a tag'),
      ('duty', 'avatar', '更换头像', 'switch the avatar'),
      ('duty', 'campaign_up', '活动背景上架', 'campaign background up'),
      ('duty', 'campaign_down', '活动背景下架', 'campaign background down'),
      ('duty', 'theme_design', '设计节日主题', 'design the theme'),
      ('duty', 'theme_up', '更换节日主题', 'theme up'),
      ('duty', 'theme_down', '撤下节日主题', 'theme down'),
      ('clock', 'follow_review', '关注复核期限', 'follow reviewed'),
      ('follow_cause', 'mandatory', '必须关注', 'mandatory'),
      ('follow_cause', 'mutual', '相互关注', 'mutual'),
      ('follow_cause', 'candidate', '互动候选', 'candidate'),
      ('follow_cause', 'person', '人员提出', 'person'),
      ('follow_cause', 'found', '平台已有', 'found on the platform'),
      ('follow_standing', 'below', '不足', 'too few'),
      ('follow_standing', 'within', '符合', 'in range'),
      ('follow_standing', 'above', '超出', 'too many'),
      ('search_kind', 'search', '关键词搜索', 'keyword search'),
      ('search_kind', 'sister', '兄弟单位账号', 'another unit''s account'),
      ('search_standing', 'impossible', '平台不支持', 'not possible there'),
      ('search_standing', 'unset', '未设置', 'not set up'),
      ('search_standing', 'off', '已停用', 'stopped'),
      ('search_standing', 'refused', '限额不足', 'no room in the limits'),
      ('search_standing', 'failing', '请求失败', 'failing'),
      ('search_standing', 'late', '中断', 'interrupted'),
      ('search_standing', 'new', '尚未完成', 'not asked in full yet'),
      ('search_standing', 'kept', '正常', 'as it should be'),
      ('effect', 'block', '禁止', 'blocked'),
      ('effect', 'must', '须整改', 'must be mended'),
      ('effect', 'warn', '提醒', 'warning'),
      ('binding', 'duty', '要求', 'duty'),
      ('binding', 'leave', '许可', 'leave'),
      ('binding', 'missing', '缺文', 'text missing'),
      ('compliance', 'kept', '符合', 'kept'),
      ('compliance', 'broken', '有缺口', 'broken'),
      ('compliance', 'not_applicable', '不适用', 'not applicable'),
      ('compliance', 'not_built', '未落实', 'not built'),
      ('object_type', 'account', '账号', 'account'),
      ('object_type', 'finding_rule', '缺口规则', 'finding rule'),
      ('object_type', 'outbound', '发送', 'outbound action'),
      ('object_type', 'platform', '平台', 'platform'),
      ('object_type', 'staff', '人员', 'staff member'),
      ('object_type', 'unit', '机构', 'unit'),
      ('object_type', 'festival', '节日', 'festival'),
      ('role', 'operator', '管理员', 'operator'),
      ('role', 'reviewer', '审核员', 'reviewer'),
      ('role', 'department', '部门接口人', 'department contact'),
      ('role', 'department_leader', '部门负责人', 'department leader'),
      ('role', 'shift_leader', '值班长', 'shift leader'),
      ('role', 'admin', '系统管理', 'administrator'),
      ('role', 'hotline', '10000号坐席', 'hotline agent'),
      ('role', 'province_cs', '省客服部', 'province customer service'),
      ('script_gap', 'no_script', '高频问题无话术', 'often asked, no script'),
      ('script_gap', 'unused', '话术闲置', 'never used'),
      ('script_gap', 'outdated', '话术待修订', 'customers ask again'),
      ('script_gap', 'missing', '备用话术未批准', 'fallback not approved'),
      ('report', 'daily', '日报', 'daily report'),
      ('report', 'weekly', '周报', 'weekly report'),
      ('report', 'monthly', '月报', 'monthly report'),
      ('report', 'department', '部门报告', 'report to a department'),
      ('report', 'event', '专报', 'event report'),
      ('role', 'group_cs', '集团客服部', 'Group customer service'),
      ('channel', 'public', '公开', 'public'),
      ('channel', 'private', '私信', 'private'),
      ('deletion_state', 'queued', '待发送', 'queued'),
      ('deletion_state', 'sending', '发送中', 'sending'),
      ('deletion_state', 'sent', '已删除', 'deleted'),
      ('deletion_state', 'failed', '删除失败', 'failed'),
      ('deletion_state', 'uncertain', '结果不明', 'uncertain'),
      ('deletion_state', 'cancelled', '已取消', 'cancelled'),
      ('deletion_state', 'by_hand', '人工处理', 'by hand'),
      ('item_type', 'status', '微博', 'status'),
      ('item_type', 'comment', '评论', 'comment'),
      ('item_type', 'message', '私信', 'private message'),
      ('latitude', 'no', '不得调整', 'no'),
      ('latitude', 'stricter', '只能更严', 'stricter only'),
      ('latitude', 'bounds', '限定范围', 'within bounds'),
      ('latitude', 'yes', '可调整', 'yes'),
      ('plan_reason', 'kept', '满足', 'kept'),
      ('plan_reason', 'stock', '已审核素材不足', 'not enough approved material'),
      ('plan_reason', 'room', '没有空档', 'no time is free for it'),
      ('plan_reason', 'limit', '已达上限', 'a limit is reached'),
      ('plan_reason', 'stands', '已排内容所致', 'because of what stands already'),
      ('plan_reason', 'edited', '人工修改所致', 'changed by hand'),
      ('posting_rule', 'number', '条数', 'posts of the day'),
      ('posting_rule', 'window', '发文时段', 'window'),
      ('posting_rule', 'spacing', '间隔', 'spacing'),
      ('posting_rule', 'gap', '空档', 'gap'),
      ('posting_rule', 'morning', '早安', 'good morning'),
      ('posting_rule', 'evening', '晚间休闲', 'evening leisure'),
      ('posting_rule', 'mix', '内容比例容差', 'tolerance of the mix'),
      ('posting_rule', 'mix_service', '自身业务份额', 'share of own service'),
      ('posting_rule', 'mix_industry', '业内动态份额', 'share of industry news'),
      ('posting_rule', 'mix_leisure', '哲理休闲份额', 'share of leisure'),
      ('posting_rule', 'ratio', '转发原创比例容差', 'tolerance of the ratio'),
      ('posting_rule', 'ratio_repost', '转发份额', 'share of reposts'),
      ('posting_rule', 'ratio_original', '原创份额', 'share of originals'),
      ('posting_rule', 'pictures', '含图', 'pictures'),
      ('posting_rule', 'soft_reposts', '公益新闻文化转发', 'soft reposts'),
      ('posting_rule', 'late', '迟发上限', 'how late a post may leave'),
      ('unit_kind', 'group', '集团', 'Group'),
      ('unit_kind', 'province', '省公司', 'province'),
      ('unit_kind', 'department', '部门', 'department'),
      ('unit_kind', 'hotline', '10000号', '10000 hotline'),
      ('unit_kind', 'contractor', '外包公司', 'contractor'),
      ('unit_kind', 'team', '运营团队', 'team')) AS l(code_kind, code, label_zh, label_en);
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
       mf.label_zh AS first_kind_label_zh,
       mf.label_en AS first_kind_label_en,
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
       lp.label_zh AS priority_label_zh,
       lp.label_en AS priority_label_en,
       t.level::integer AS escalation_level,
       t.category,
       mc.name_zh AS category_label_zh,
       mc.name_en AS category_label_en,
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
  LEFT JOIN kefu.matter mc ON mc.axis = 'phenomenon' AND mc.matter = t.category
  LEFT JOIN kefu_bi.labels ll ON ll.code_kind = 'location_source' AND ll.code = t.location_source
  LEFT JOIN kefu_bi.labels ls ON ls.code_kind = 'satisfaction' AND ls.code = t.satisfaction
  LEFT JOIN kefu_bi.labels lj ON lj.code_kind = 'judgement' AND lj.code = t.judgement
  LEFT JOIN kefu.machine mf ON mf.machine = t.first_kind
  LEFT JOIN kefu_bi.labels lp ON lp.code_kind = 'priority' AND lp.code = t.priority::text
 WHERE t.unit = ANY ((SELECT kefu.my_units())::text[])
    OR t.received_unit = ANY ((SELECT kefu.my_units())::text[])
    OR t.home_unit = ANY ((SELECT kefu.my_units())::text[])
    OR t.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]);
COMMENT ON VIEW kefu_bi.tickets IS
'One row a ticket of any state, also merged, dropped and provisional ones, which is_counted tells apart. Seen by readers of its handling, received or home unit, and by whom it was given to (工单; R95, R101, R117, R123, ruling 24)';
COMMENT ON COLUMN kefu_bi.tickets.ticket_id IS 'number (工单编号)';
COMMENT ON COLUMN kefu_bi.tickets.is_counted IS 'counts as a ticket: confirmed by a person, neither merged nor dropped; the others stay as rows for customer counts (是否计入工单数; ruling 24)';
COMMENT ON COLUMN kefu_bi.tickets.is_provisional IS 'opened at ingest and not yet confirmed by a person (是否临时; ruling 30)';
COMMENT ON COLUMN kefu_bi.tickets.kind IS 'inquiry, complaint, negative or praise, as it is now (类型)';
COMMENT ON COLUMN kefu_bi.tickets.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.tickets.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.first_kind IS 'kind it was opened as (初始类型)';
COMMENT ON COLUMN kefu_bi.tickets.first_kind_label_zh IS 'Chinese label of first_kind (初始类型标签)';
COMMENT ON COLUMN kefu_bi.tickets.first_kind_label_en IS 'English label of first_kind (初始类型英文标签)';
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
COMMENT ON COLUMN kefu_bi.tickets.priority_label_zh IS 'Chinese label of priority (优先级标签)';
COMMENT ON COLUMN kefu_bi.tickets.priority_label_en IS 'English label of priority (优先级英文标签)';
COMMENT ON COLUMN kefu_bi.tickets.escalation_level IS '0 not escalated; only rises (升级级别)';
COMMENT ON COLUMN kefu_bi.tickets.category IS 'category of the matter; NULL not named yet (分类; R112)';
COMMENT ON COLUMN kefu_bi.tickets.category_label_zh IS 'Chinese label of category; NULL where that is (分类标签)';
COMMENT ON COLUMN kefu_bi.tickets.category_label_en IS 'English label of category; NULL where that is (分类英文标签)';
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
       li.label_zh AS item_type_label_zh,
       li.label_en AS item_type_label_en,
       g.ticket_id,
       w.person_key,
       g.suggested_kind,
       ms.label_zh AS suggested_kind_label_zh,
       ms.label_en AS suggested_kind_label_en,
       g.confirmed_kind,
       mc.label_zh AS confirmed_kind_label_zh,
       mc.label_en AS confirmed_kind_label_en,
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
       extract(epoch FROM g.seen_at - g.posted_at)::bigint AS ingest_lag_seconds,
       g.context_of,
       g.is_truncated
  FROM kefu.message g
  JOIN kefu.state s ON s.machine = 'message' AND s.state = g.state
  JOIN kefu.account a ON a.account = g.account
  JOIN kefu.platform p ON p.platform = g.platform
  LEFT JOIN kefu.person w ON w.person_id = g.person_id
  LEFT JOIN kefu.unit hu ON hu.unit = g.unit
  LEFT JOIN kefu.unit ru ON ru.unit = a.unit
  LEFT JOIN kefu.unit ou ON ou.unit = w.home_unit
  LEFT JOIN kefu_bi.labels lm ON lm.code_kind = 'meaning' AND lm.code = g.meaning
  LEFT JOIN kefu_bi.labels li ON li.code_kind = 'item_type' AND li.code = g.item_type
  LEFT JOIN kefu.machine ms ON ms.machine = g.suggested_kind
  LEFT JOIN kefu.machine mc ON mc.machine = g.confirmed_kind
 WHERE ARRAY[g.unit, a.unit, w.home_unit] && (SELECT kefu.my_units())::text[]
    OR g.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]);
COMMENT ON VIEW kefu_bi.messages IS
'One row an inbound item, once however many feeds found it; no words and no names. Seen by readers of its handling, received or home unit, and by whom its ticket was given to (消息; R85-R88, R103-R108)';
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
COMMENT ON COLUMN kefu_bi.messages.item_type_label_zh IS 'Chinese label of item_type (条目类型标签)';
COMMENT ON COLUMN kefu_bi.messages.item_type_label_en IS 'English label of item_type (条目类型英文标签)';
COMMENT ON COLUMN kefu_bi.messages.ticket_id IS 'ticket it belongs to; NULL none (工单编号)';
COMMENT ON COLUMN kefu_bi.messages.person_key IS 'customer, for counting customers; NULL unknown (用户标识)';
COMMENT ON COLUMN kefu_bi.messages.suggested_kind IS 'kind suggested at ingest; NULL none (预判类型; ruling 30)';
COMMENT ON COLUMN kefu_bi.messages.suggested_kind_label_zh IS 'Chinese label of suggested_kind; NULL where that is (预判类型标签)';
COMMENT ON COLUMN kefu_bi.messages.suggested_kind_label_en IS 'English label of suggested_kind; NULL where that is (预判类型英文标签)';
COMMENT ON COLUMN kefu_bi.messages.confirmed_kind IS 'kind a person gave; NULL not triaged (确认类型; R124)';
COMMENT ON COLUMN kefu_bi.messages.confirmed_kind_label_zh IS 'Chinese label of confirmed_kind; NULL where that is (确认类型标签)';
COMMENT ON COLUMN kefu_bi.messages.confirmed_kind_label_en IS 'English label of confirmed_kind; NULL where that is (确认类型英文标签)';
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
COMMENT ON COLUMN kefu_bi.messages.context_of IS 'ticket about what it reposts, if that is all it does; NULL none (所属个案背景)';
COMMENT ON COLUMN kefu_bi.messages.is_truncated IS 'the platform gave only the beginning of its text so far (是否截断)';

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
       ev.label_zh AS ended_by_label_zh,
       ev.label_en AS ended_by_label_en,
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
  LEFT JOIN kefu.event ev ON ev.event = r.ended_by
 WHERE t.unit = ANY ((SELECT kefu.my_units())::text[])
    OR t.received_unit = ANY ((SELECT kefu.my_units())::text[])
    OR t.home_unit = ANY ((SELECT kefu.my_units())::text[])
    OR t.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]);
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
COMMENT ON COLUMN kefu_bi.rounds.ended_by_label_zh IS 'Chinese label of ended_by; NULL where that is (结束事件标签)';
COMMENT ON COLUMN kefu_bi.rounds.ended_by_label_en IS 'English label of ended_by; NULL where that is (结束事件英文标签)';
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
