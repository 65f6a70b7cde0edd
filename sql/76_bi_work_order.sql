-- 76_bi_work_order: work orders, their stages, returns and chasers, as analysts read them.
--
-- The rules at the head of 70_bi hold here too. What happened is read from the
-- audit trail, where each event names who, when and, for a dispatch, where to.
CREATE VIEW kefu_bi.work_orders WITH (security_barrier) AS
WITH walked AS (
    SELECT e.object_id AS order_id,
           count(*) FILTER (WHERE e.event IN ('dispatch', 'redispatch')) AS dispatches,
           count(*) FILTER (WHERE e.event = 'redispatch') AS redispatches,
           sum(extract(epoch FROM e.next_at - e.at)) FILTER (WHERE e.to_state = 'suspended') AS suspended
      FROM (SELECT v.*, coalesce(lead(v.at) OVER (PARTITION BY v.object_id ORDER BY v.seq), kefu.now()) AS next_at
              FROM kefu.audit_event v
             WHERE v.object_type = 'work_order'
               AND (v.from_state IS DISTINCT FROM v.to_state OR v.event IN ('dispatch', 'redispatch'))) AS e
     GROUP BY e.object_id
), promised AS (
    -- An order is in time only if it was in each of its rounds.
    SELECT c.object_id AS order_id, max(c.due_at) AS due_at, max(c.due_desk_at) AS due_desk_at,
           bool_and(CASE WHEN c.outcome IS NOT NULL THEN c.outcome = 'kept'
                         WHEN c.due_at <= kefu.now() THEN false END) AS is_kept,
           bool_and(CASE WHEN c.stopped_at IS NOT NULL THEN c.stopped_at <= c.due_desk_at
                         WHEN c.due_desk_at <= kefu.now() THEN false END) AS is_desk_kept
      FROM kefu.clock c
     WHERE c.object_type = 'work_order' AND c.clock = 'order_limit' AND c.outcome IS DISTINCT FROM 'void'
     GROUP BY c.object_id
)
SELECT o.order_id,
       o.ticket_id,
       t.kind,
       m.label_zh AS kind_label_zh,
       m.label_en AS kind_label_en,
       o.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       CASE o.state WHEN 'created' THEN 1 WHEN 'incomplete' THEN 1 WHEN 'reviewed' THEN 2 WHEN 'bounced' THEN 2 WHEN 'dispatched' THEN 3
                    WHEN 'judging' THEN 4 WHEN 'handling' THEN 5 WHEN 'suspended' THEN 5 WHEN 'returned' THEN 6
                    WHEN 'result_reviewed' THEN 7 WHEN 'closed' THEN 8 END AS stage_number,
       o.state = 'closed' AS is_closed,
       o.state = 'cancelled' AS is_cancelled,
       o.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       o.desk_unit,
       du.name_zh AS desk_unit_label_zh,
       du.name_en AS desk_unit_label_en,
       o.department,
       pu.name_zh AS department_label_zh,
       pu.name_en AS department_label_en,
       o.handled_by,
       ru.name_zh AS handled_by_label_zh,
       ru.name_en AS handled_by_label_en,
       t.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       o.category,
       mc.name_zh AS category_label_zh,
       mc.name_en AS category_label_en,
       o.priority::integer AS priority,
       lp.label_zh AS priority_label_zh,
       lp.label_en AS priority_label_en,
       o.level::integer AS escalation_level,
       o.handler AS handler_id,
       o.needs_reviews AS is_reviewed,
       o.round::integer AS round_count,
       coalesce(w.dispatches, 0) AS dispatch_count,
       coalesce(w.redispatches, 0) AS redispatch_count,
       o.bounce_count::integer AS bounce_count,
       o.rework_count::integer AS rework_count,
       o.urge_count::integer AS urge_count,
       t.repeat_of IS NOT NULL AS is_repeat,
       o.created_at,
       (o.created_at AT TIME ZONE 'Asia/Shanghai')::date AS created_local_date,
       extract(hour FROM o.created_at AT TIME ZONE 'Asia/Shanghai')::integer AS created_local_hour,
       o.closed_at,
       (o.closed_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_local_date,
       extract(hour FROM o.closed_at AT TIME ZONE 'Asia/Shanghai')::integer AS closed_local_hour,
       o.reply_by AS reply_by_at,
       (o.reply_by AT TIME ZONE 'Asia/Shanghai')::date AS reply_by_local_date,
       extract(hour FROM o.reply_by AT TIME ZONE 'Asia/Shanghai')::integer AS reply_by_local_hour,
       p.due_at AS limit_due_at,
       (p.due_at AT TIME ZONE 'Asia/Shanghai')::date AS limit_due_local_date,
       extract(hour FROM p.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS limit_due_local_hour,
       p.due_desk_at AS limit_desk_due_at,
       (p.due_desk_at AT TIME ZONE 'Asia/Shanghai')::date AS limit_desk_due_local_date,
       extract(hour FROM p.due_desk_at AT TIME ZONE 'Asia/Shanghai')::integer AS limit_desk_due_local_hour,
       p.is_kept AS is_in_time,
       p.is_desk_kept AS is_desk_in_time,
       round(extract(epoch FROM coalesce(o.closed_at, kefu.now()) - o.created_at) / 60, 1) AS total_minutes,
       round(coalesce(w.suspended, 0) / 60, 1) AS suspended_minutes
  FROM kefu.work_order o
  JOIN kefu.ticket t ON t.ticket_id = o.ticket_id
  JOIN kefu.machine m ON m.machine = t.kind
  JOIN kefu.state s ON s.machine = 'work_order' AND s.state = o.state
  LEFT JOIN kefu.unit hu ON hu.unit = o.unit
  LEFT JOIN kefu.unit du ON du.unit = o.desk_unit
  LEFT JOIN kefu.unit pu ON pu.unit = o.department
  LEFT JOIN walked w ON w.order_id = o.order_id
  LEFT JOIN promised p ON p.order_id = o.order_id
  LEFT JOIN kefu.unit ru ON ru.unit = o.handled_by
  LEFT JOIN kefu.unit ou ON ou.unit = t.home_unit
  LEFT JOIN kefu.matter mc ON mc.axis = 'phenomenon' AND mc.matter = o.category
  LEFT JOIN kefu_bi.labels lp ON lp.code_kind = 'priority' AND lp.code = o.priority::text
 WHERE o.desk_unit = ANY ((SELECT kefu.my_units())::text[])
    OR o.department = ANY ((SELECT kefu.my_units())::text[])
    OR o.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.work_orders IS
'One row a work order of any state. Population: all orders of the reader''s units, as desk or department. Clock: the order''s limit from its making, paused only while suspended; a void promise (cancelled) is left out. Zero rule: no event, no minutes (投诉单; R99, R109, R113, R120, rulings 20, 24)';
COMMENT ON COLUMN kefu_bi.work_orders.order_id IS 'number (投诉单编号)';
COMMENT ON COLUMN kefu_bi.work_orders.ticket_id IS 'ticket it works for (工单编号)';
COMMENT ON COLUMN kefu_bi.work_orders.kind IS 'kind of that ticket (工单类型)';
COMMENT ON COLUMN kefu_bi.work_orders.kind_label_zh IS 'Chinese label of kind (工单类型标签)';
COMMENT ON COLUMN kefu_bi.work_orders.kind_label_en IS 'English label of kind (工单类型英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.state IS 'state (状态)';
COMMENT ON COLUMN kefu_bi.work_orders.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.work_orders.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.stage_number IS 'stage it stands at, 1 to 8; a returned one waits for dispatch again; NULL with the shift leader, or cancelled (环节; R120)';
COMMENT ON COLUMN kefu_bi.work_orders.is_closed IS 'closed with a qualified result (是否办结)';
COMMENT ON COLUMN kefu_bi.work_orders.is_cancelled IS 'withdrawn by its ticket (是否撤销)';
COMMENT ON COLUMN kefu_bi.work_orders.unit IS 'who has it now (当前机构)';
COMMENT ON COLUMN kefu_bi.work_orders.unit_label_zh IS 'Chinese label of unit (当前机构标签)';
COMMENT ON COLUMN kefu_bi.work_orders.unit_label_en IS 'English label of unit (当前机构英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.desk_unit IS 'desk it was made by (受理机构)';
COMMENT ON COLUMN kefu_bi.work_orders.desk_unit_label_zh IS 'Chinese label of desk_unit (受理机构标签)';
COMMENT ON COLUMN kefu_bi.work_orders.desk_unit_label_en IS 'English label of desk_unit (受理机构英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.department IS 'department it is for (责任部门)';
COMMENT ON COLUMN kefu_bi.work_orders.department_label_zh IS 'Chinese label of department (责任部门标签)';
COMMENT ON COLUMN kefu_bi.work_orders.department_label_en IS 'English label of department (责任部门英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.handled_by IS 'unit whose result is on record; NULL none (处理机构)';
COMMENT ON COLUMN kefu_bi.work_orders.handled_by_label_zh IS 'Chinese label of handled_by; NULL where that is (处理机构标签)';
COMMENT ON COLUMN kefu_bi.work_orders.handled_by_label_en IS 'English label of handled_by; NULL where that is (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.home_unit IS 'home unit of the customer; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.work_orders.home_unit_label_zh IS 'Chinese label of home_unit; NULL where that is (归属机构标签)';
COMMENT ON COLUMN kefu_bi.work_orders.home_unit_label_en IS 'English label of home_unit; NULL where that is (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.category IS 'category of the matter; NULL not named (业务分类)';
COMMENT ON COLUMN kefu_bi.work_orders.category_label_zh IS 'Chinese label of category; NULL where that is (业务分类标签)';
COMMENT ON COLUMN kefu_bi.work_orders.category_label_en IS 'English label of category; NULL where that is (业务分类英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.priority IS '1 highest to 4 (优先级)';
COMMENT ON COLUMN kefu_bi.work_orders.priority_label_zh IS 'Chinese label of priority (优先级标签)';
COMMENT ON COLUMN kefu_bi.work_orders.priority_label_en IS 'English label of priority (优先级英文标签)';
COMMENT ON COLUMN kefu_bi.work_orders.escalation_level IS '0 not escalated (升级级别)';
COMMENT ON COLUMN kefu_bi.work_orders.handler_id IS 'staff number of who holds it; NULL nobody (处理人编号)';
COMMENT ON COLUMN kefu_bi.work_orders.is_reviewed IS 'goes through both reviews; inquiries don''t by default (是否审核)';
COMMENT ON COLUMN kefu_bi.work_orders.round_count IS 'rounds so far, from 1 (轮次数)';
COMMENT ON COLUMN kefu_bi.work_orders.dispatch_count IS 'times it was given to a department (派发次数)';
COMMENT ON COLUMN kefu_bi.work_orders.redispatch_count IS 'of these, taken from one department for another before its result (改派次数)';
COMMENT ON COLUMN kefu_bi.work_orders.bounce_count IS 'times a department returned it; right or wrong: work_order_bounces (退单次数; ruling 20)';
COMMENT ON COLUMN kefu_bi.work_orders.rework_count IS 'results that were not qualified (返工次数; R121)';
COMMENT ON COLUMN kefu_bi.work_orders.urge_count IS 'chasers (催单次数)';
COMMENT ON COLUMN kefu_bi.work_orders.is_repeat IS 'the customer had the same matter within 30 days before (是否重复投诉; ruling 19)';
COMMENT ON COLUMN kefu_bi.work_orders.created_at IS 'when it was made (生成时间)';
COMMENT ON COLUMN kefu_bi.work_orders.created_local_date IS 'its date in Beijing; NULL where that is (生成时间日期)';
COMMENT ON COLUMN kefu_bi.work_orders.created_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (生成时间小时)';
COMMENT ON COLUMN kefu_bi.work_orders.closed_at IS 'when it came to its end; NULL open (结束时间)';
COMMENT ON COLUMN kefu_bi.work_orders.closed_local_date IS 'its date in Beijing; NULL where that is (结束时间日期)';
COMMENT ON COLUMN kefu_bi.work_orders.closed_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (结束时间小时)';
COMMENT ON COLUMN kefu_bi.work_orders.reply_by_at IS 'reply time agreed with the department (约定答复时间; R89)';
COMMENT ON COLUMN kefu_bi.work_orders.reply_by_local_date IS 'its date in Beijing; NULL where that is (约定答复时间日期)';
COMMENT ON COLUMN kefu_bi.work_orders.reply_by_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (约定答复时间小时)';
COMMENT ON COLUMN kefu_bi.work_orders.limit_due_at IS 'end of the promise for the whole order, of its last round, pauses included (总时限到期时间)';
COMMENT ON COLUMN kefu_bi.work_orders.limit_due_local_date IS 'its date in Beijing; NULL where that is (总时限到期时间日期)';
COMMENT ON COLUMN kefu_bi.work_orders.limit_due_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (总时限到期时间小时)';
COMMENT ON COLUMN kefu_bi.work_orders.limit_desk_due_at IS 'the same in staffed time; NULL without a calendar, or where an earlier reply was agreed (总时限值班到期时间)';
COMMENT ON COLUMN kefu_bi.work_orders.limit_desk_due_local_date IS 'its date in Beijing; NULL where that is (总时限值班到期时间日期)';
COMMENT ON COLUMN kefu_bi.work_orders.limit_desk_due_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (总时限值班到期时间小时)';
COMMENT ON COLUMN kefu_bi.work_orders.is_in_time IS 'closed within it in every round; NULL not due yet (是否按时)';
COMMENT ON COLUMN kefu_bi.work_orders.is_desk_in_time IS 'the same in staffed time; NULL not due yet or no such end (是否按值班时间按时)';
COMMENT ON COLUMN kefu_bi.work_orders.total_minutes IS 'made until its end or now, wall clock, breaks between rounds included (总分钟数)';
COMMENT ON COLUMN kefu_bi.work_orders.suspended_minutes IS 'of these, suspended at the customer''s wish; 0 never (挂起分钟数)';

CREATE VIEW kefu_bi.work_order_stages WITH (security_barrier) AS
WITH RECURSIVE staffed AS (
    SELECT u.unit, u.calendar FROM kefu.unit u WHERE u.parent IS NULL
    UNION ALL
    SELECT u.unit, coalesce(u.calendar, p.calendar) FROM kefu.unit u JOIN staffed p ON p.unit = u.parent
), mine AS (
    -- A department sees of an order it no longer has what it did itself.
    SELECT o.order_id, o.ticket_id, o.desk_unit,
           (o.desk_unit = ANY ((SELECT kefu.my_units())::text[])
           OR o.department = ANY ((SELECT kefu.my_units())::text[])
           OR o.unit = ANY ((SELECT kefu.my_units())::text[])) AS is_mine
      FROM kefu.work_order o
     WHERE (o.desk_unit = ANY ((SELECT kefu.my_units())::text[])
           OR o.department = ANY ((SELECT kefu.my_units())::text[])
           OR o.unit = ANY ((SELECT kefu.my_units())::text[]))
        OR o.order_id IN (
              SELECT d.object_id FROM kefu.audit_event d
               WHERE d.object_type = 'work_order' AND d.event IN ('dispatch', 'redispatch')
                 AND d.facts ->> 'department' = ANY ((SELECT kefu.my_units())::text[]))
), step AS (
    -- What leads into a stage, and again into the same for another department.
    SELECT o.*, e.seq, e.event, e.to_state AS stage, e.at, e.staff_id, e.unit AS by_unit,
           CASE WHEN e.event IN ('dispatch', 'redispatch') THEN e.facts ->> 'department' END AS sent_to,
           lead(e.at) OVER visits AS left_at,
           lead(e.event) OVER visits AS left_by,
           lead(e.staff_id) OVER visits AS left_staff,
           lead(e.to_state) OVER visits AS next_stage,
           CASE e.to_state WHEN 'created' THEN 'order_review' WHEN 'reviewed' THEN 'order_dispatch'
                WHEN 'bounced' THEN 'order_dispatch' WHEN 'dispatched' THEN 'order_accept'
                WHEN 'judging' THEN 'order_accept' WHEN 'handling' THEN 'order_handle'
                WHEN 'returned' THEN 'order_result' WHEN 'result_reviewed' THEN 'order_result'
                WHEN 'leader_review' THEN 'order_decision' WHEN 'suspended' THEN 'suspension' END AS clock,
           e.event IN ('receive', 'review_result', 'resume') AS goes_on
      FROM mine o
      JOIN kefu.audit_event e ON e.object_type = 'work_order' AND e.object_id = o.order_id
     WHERE e.from_state IS DISTINCT FROM e.to_state OR e.event IN ('dispatch', 'redispatch')
    WINDOW visits AS (PARTITION BY e.object_id ORDER BY e.seq)
), visit AS (
    SELECT s.*,
           row_number() OVER so_far AS visit_number,
           count(s.sent_to) OVER so_far AS sending,
           count(*) FILTER (WHERE NOT s.goes_on) OVER (PARTITION BY s.order_id, s.clock ORDER BY s.seq) AS promise
      FROM step s
    WINDOW so_far AS (PARTITION BY s.order_id ORDER BY s.seq)
), placed AS (
    SELECT v.*, max(v.sent_to) OVER (PARTITION BY v.order_id, v.sending) AS department
      FROM visit v
), promised AS (
    SELECT c.object_id AS order_id, c.clock, c.started_at, c.due_at, c.due_desk_at, c.outcome, c.stopped_at,
           row_number() OVER (PARTITION BY c.object_id, c.clock ORDER BY c.clock_id) AS promise
      FROM kefu.clock c
      JOIN mine o ON o.order_id = c.object_id
     WHERE c.object_type = 'work_order'
)
SELECT v.order_id,
       v.ticket_id,
       v.visit_number::integer AS visit_number,
       v.stage,
       s.label_zh AS stage_label_zh,
       s.label_en AS stage_label_en,
       CASE v.stage WHEN 'created' THEN 1 WHEN 'incomplete' THEN 1 WHEN 'reviewed' THEN 2 WHEN 'bounced' THEN 2 WHEN 'dispatched' THEN 3
                    WHEN 'judging' THEN 4 WHEN 'handling' THEN 5 WHEN 'suspended' THEN 5 WHEN 'returned' THEN 6
                    WHEN 'result_reviewed' THEN 7 END AS stage_number,
       h.holder,
       v.desk_unit,
       du.name_zh AS desk_unit_label_zh,
       du.name_en AS desk_unit_label_en,
       v.department,
       pu.name_zh AS department_label_zh,
       pu.name_en AS department_label_en,
       v.at AS entered_at,
       (v.at AT TIME ZONE 'Asia/Shanghai')::date AS entered_local_date,
       extract(hour FROM v.at AT TIME ZONE 'Asia/Shanghai')::integer AS entered_local_hour,
       v.event AS entered_by,
       ev.label_zh AS entered_by_label_zh,
       ev.label_en AS entered_by_label_en,
       v.staff_id AS entered_staff_id,
       v.left_at,
       (v.left_at AT TIME ZONE 'Asia/Shanghai')::date AS left_local_date,
       extract(hour FROM v.left_at AT TIME ZONE 'Asia/Shanghai')::integer AS left_local_hour,
       v.left_by,
       lv.label_zh AS left_by_label_zh,
       lv.label_en AS left_by_label_en,
       v.left_staff AS left_staff_id,
       v.next_stage,
       ns.label_zh AS next_stage_label_zh,
       ns.label_en AS next_stage_label_en,
       round(extract(epoch FROM coalesce(v.left_at, kefu.now()) - v.at) / 60, 1) AS minutes,
       round(extract(epoch FROM kefu.working_time_between(f.calendar, v.at, coalesce(v.left_at, kefu.now()))) / 60, 1) AS desk_minutes,
       c.clock,
       lc.label_zh AS clock_label_zh,
       lc.label_en AS clock_label_en,
       c.due_at,
       (c.due_at AT TIME ZONE 'Asia/Shanghai')::date AS due_local_date,
       extract(hour FROM c.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_local_hour,
       CASE WHEN c.outcome IN ('kept', 'late') THEN c.outcome = 'kept' WHEN c.outcome IS NULL AND c.due_at <= kefu.now() THEN false END AS is_in_time,
       c.due_desk_at AS desk_due_at,
       (c.due_desk_at AT TIME ZONE 'Asia/Shanghai')::date AS desk_due_local_date,
       extract(hour FROM c.due_desk_at AT TIME ZONE 'Asia/Shanghai')::integer AS desk_due_local_hour,
       CASE WHEN c.outcome IN ('kept', 'late') THEN c.stopped_at <= c.due_desk_at WHEN c.outcome IS NULL AND c.due_desk_at <= kefu.now() THEN false END AS is_desk_in_time
  FROM placed v
  JOIN kefu.state s ON s.machine = 'work_order' AND s.state = v.stage AND NOT s.is_final
  JOIN kefu.holder h ON h.machine = 'work_order' AND h.state = v.stage
  LEFT JOIN promised c ON c.order_id = v.order_id AND c.clock = v.clock AND c.promise = v.promise
  LEFT JOIN staffed f ON f.unit = CASE h.holder WHEN 'department' THEN v.department ELSE v.desk_unit END
  LEFT JOIN kefu.event lv ON lv.event = v.left_by
  LEFT JOIN kefu.unit du ON du.unit = v.desk_unit
  LEFT JOIN kefu.unit pu ON pu.unit = v.department
  LEFT JOIN kefu_bi.labels lc ON lc.code_kind = 'clock' AND lc.code = c.clock
  LEFT JOIN kefu.event ev ON ev.event = v.event
  LEFT JOIN kefu.state ns ON ns.machine = 'work_order' AND ns.state = v.next_stage
 WHERE v.is_mine OR v.department = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.work_order_stages IS
'One row each visit of a work order at a stage, from the audit trail: closed and cancelled orders wait for nobody and have no row for that. Both clocks beside each other, for the visit and for the promise of the stage (投诉单环节; R113, R120, rulings 1, 20)';
COMMENT ON COLUMN kefu_bi.work_order_stages.order_id IS 'work order (投诉单编号)';
COMMENT ON COLUMN kefu_bi.work_order_stages.ticket_id IS 'ticket it works for (工单编号)';
COMMENT ON COLUMN kefu_bi.work_order_stages.visit_number IS 'place among the order''s visits, from 1 (序号)';
COMMENT ON COLUMN kefu_bi.work_order_stages.stage IS 'stage that was visited (环节; R120)';
COMMENT ON COLUMN kefu_bi.work_order_stages.stage_label_zh IS 'Chinese label of stage (环节标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.stage_label_en IS 'English label of stage (环节英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.stage_number IS 'its number, 1 to 7; NULL with the shift leader (环节序号)';
COMMENT ON COLUMN kefu_bi.work_order_stages.holder IS 'in whose hands: desk, department or customer (责任方)';
COMMENT ON COLUMN kefu_bi.work_order_stages.desk_unit IS 'desk it was made by (受理机构)';
COMMENT ON COLUMN kefu_bi.work_order_stages.desk_unit_label_zh IS 'Chinese label of desk_unit (受理机构标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.desk_unit_label_en IS 'English label of desk_unit (受理机构英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.department IS 'department it was with, or had been sent to last; NULL before the first dispatch (责任部门)';
COMMENT ON COLUMN kefu_bi.work_order_stages.department_label_zh IS 'Chinese label of department (责任部门标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.department_label_en IS 'English label of department (责任部门英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.entered_at IS 'when the visit began (进入时间)';
COMMENT ON COLUMN kefu_bi.work_order_stages.entered_local_date IS 'its date in Beijing; NULL where that is (进入时间日期)';
COMMENT ON COLUMN kefu_bi.work_order_stages.entered_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (进入时间小时)';
COMMENT ON COLUMN kefu_bi.work_order_stages.entered_by IS 'event that began it (进入事件)';
COMMENT ON COLUMN kefu_bi.work_order_stages.entered_by_label_zh IS 'Chinese label of entered_by (进入事件标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.entered_by_label_en IS 'English label of entered_by (进入事件英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.entered_staff_id IS 'who did that; NULL the clock or the platform (进入人编号)';
COMMENT ON COLUMN kefu_bi.work_order_stages.left_at IS 'when it ended; NULL it stands there now (离开时间)';
COMMENT ON COLUMN kefu_bi.work_order_stages.left_local_date IS 'its date in Beijing; NULL where that is (离开时间日期)';
COMMENT ON COLUMN kefu_bi.work_order_stages.left_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (离开时间小时)';
COMMENT ON COLUMN kefu_bi.work_order_stages.left_by IS 'event that ended it, which is the result of the stage; NULL it stands there now (离开事件)';
COMMENT ON COLUMN kefu_bi.work_order_stages.left_by_label_zh IS 'Chinese label of left_by (离开事件标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.left_by_label_en IS 'English label of left_by (离开事件英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.left_staff_id IS 'who did that; NULL the clock, or it stands there now (离开人编号)';
COMMENT ON COLUMN kefu_bi.work_order_stages.next_stage IS 'stage that followed; NULL it stands there now (下一环节)';
COMMENT ON COLUMN kefu_bi.work_order_stages.next_stage_label_zh IS 'Chinese label of next_stage; NULL where that is (下一环节标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.next_stage_label_en IS 'English label of next_stage; NULL where that is (下一环节英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.minutes IS 'length up to its end or now, wall clock (分钟数)';
COMMENT ON COLUMN kefu_bi.work_order_stages.desk_minutes IS 'the same in staffed time of who held it, the desk''s for the customer; NULL without a calendar (值班分钟数; ruling 1)';
COMMENT ON COLUMN kefu_bi.work_order_stages.clock IS 'promise of the stage; dispatch and judging share one, as do both steps of the result''s review; NULL none (环节时限)';
COMMENT ON COLUMN kefu_bi.work_order_stages.clock_label_zh IS 'Chinese label of clock (环节时限标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.clock_label_en IS 'English label of clock (环节时限英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_stages.due_at IS 'its end; NULL none (环节到期时间)';
COMMENT ON COLUMN kefu_bi.work_order_stages.due_local_date IS 'its date in Beijing; NULL where that is (环节到期时间日期)';
COMMENT ON COLUMN kefu_bi.work_order_stages.due_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (环节到期时间小时)';
COMMENT ON COLUMN kefu_bi.work_order_stages.is_in_time IS 'kept; NULL not due yet, void or none (是否按时)';
COMMENT ON COLUMN kefu_bi.work_order_stages.desk_due_at IS 'its end in staffed time; NULL none (环节值班到期时间)';
COMMENT ON COLUMN kefu_bi.work_order_stages.desk_due_local_date IS 'its date in Beijing; NULL where that is (环节值班到期时间日期)';
COMMENT ON COLUMN kefu_bi.work_order_stages.desk_due_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (环节值班到期时间小时)';
COMMENT ON COLUMN kefu_bi.work_order_stages.is_desk_in_time IS 'kept in staffed time; NULL not due yet, void or none (是否按值班时间按时)';

CREATE VIEW kefu_bi.work_order_bounces WITH (security_barrier) AS
WITH step AS (
    SELECT o.order_id, o.ticket_id, o.desk_unit, (o.desk_unit = ANY ((SELECT kefu.my_units())::text[])
           OR o.department = ANY ((SELECT kefu.my_units())::text[])
           OR o.unit = ANY ((SELECT kefu.my_units())::text[])) AS is_mine, e.event_id, e.seq, e.event, e.to_state, e.at, e.staff_id,
           CASE WHEN e.event IN ('dispatch', 'redispatch') THEN e.facts ->> 'department' END AS sent_to
      FROM kefu.work_order o
      JOIN kefu.audit_event e ON e.object_type = 'work_order' AND e.object_id = o.order_id
       AND e.event IN ('dispatch', 'redispatch', 'bounce', 'cancel')
     WHERE (o.desk_unit = ANY ((SELECT kefu.my_units())::text[])
           OR o.department = ANY ((SELECT kefu.my_units())::text[])
           OR o.unit = ANY ((SELECT kefu.my_units())::text[]))
        OR o.order_id IN (
              SELECT d.object_id FROM kefu.audit_event d
               WHERE d.object_type = 'work_order' AND d.event IN ('dispatch', 'redispatch')
                 AND d.facts ->> 'department' = ANY ((SELECT kefu.my_units())::text[]))
), walked AS (
    SELECT s.*,
           max(s.sent_to) OVER (PARTITION BY s.order_id, s.sending) AS department,
           lead(s.event) OVER visits AS next_event,
           lead(s.sent_to) OVER visits AS next_department,
           lead(s.at) OVER visits AS next_at,
           lead(s.staff_id) OVER visits AS next_staff,
           first_value(s.at) OVER (PARTITION BY s.order_id, s.sending ORDER BY s.seq) AS sent_at,
           count(*) FILTER (WHERE s.event = 'bounce') OVER (PARTITION BY s.order_id ORDER BY s.seq) AS bounce_number
      FROM (SELECT x.*, count(x.sent_to) OVER (PARTITION BY x.order_id ORDER BY x.seq) AS sending FROM step x) AS s
    WINDOW visits AS (PARTITION BY s.order_id ORDER BY s.seq)
), judged AS (
    SELECT w.*, x.value ->> 'reason' AS reason,
           CASE WHEN w.next_event IS NULL THEN 'open'
                WHEN w.next_event = 'cancel' OR w.next_department <> w.department
                     OR x.value ->> 'reason' = 'incomplete' THEN 'right'
                ELSE 'wrong' END AS judgement
      FROM walked w
      LEFT JOIN kefu.audit_detail x ON x.event_id = w.event_id
     WHERE w.event = 'bounce'
)
SELECT j.order_id,
       j.ticket_id,
       j.bounce_number::integer AS bounce_number,
       j.desk_unit,
       du.name_zh AS desk_unit_label_zh,
       du.name_en AS desk_unit_label_en,
       j.department,
       pu.name_zh AS department_label_zh,
       pu.name_en AS department_label_en,
       j.staff_id,
       j.reason,
       CASE j.reason WHEN 'not_ours' THEN '非本部门' WHEN 'incomplete' THEN '信息不全' WHEN 'duplicate' THEN '重单'
            WHEN 'wrong_region' THEN '地域错误' WHEN 'solved' THEN '已解决' END AS reason_label_zh,
       CASE j.reason WHEN 'not_ours' THEN 'not ours' WHEN 'incomplete' THEN 'facts missing' WHEN 'duplicate' THEN 'duplicate'
            WHEN 'wrong_region' THEN 'wrong region' WHEN 'solved' THEN 'solved already' END AS reason_label_en,
       j.at AS returned_at,
       (j.at AT TIME ZONE 'Asia/Shanghai')::date AS returned_local_date,
       extract(hour FROM j.at AT TIME ZONE 'Asia/Shanghai')::integer AS returned_local_hour,
       round(extract(epoch FROM j.at - j.sent_at) / 60, 1) AS minutes,
       j.judgement,
       CASE j.judgement WHEN 'right' THEN '退单正确' WHEN 'wrong' THEN '退单错误' ELSE '待定' END AS judgement_label_zh,
       CASE j.judgement WHEN 'right' THEN 'right' WHEN 'wrong' THEN 'wrong' ELSE 'undecided' END AS judgement_label_en,
       j.next_department,
       nu.name_zh AS next_department_label_zh,
       nu.name_en AS next_department_label_en,
       j.next_staff AS decided_by,
       j.next_at AS decided_at,
       (j.next_at AT TIME ZONE 'Asia/Shanghai')::date AS decided_local_date,
       extract(hour FROM j.next_at AT TIME ZONE 'Asia/Shanghai')::integer AS decided_local_hour
  FROM judged j
  LEFT JOIN kefu.unit du ON du.unit = j.desk_unit
  LEFT JOIN kefu.unit pu ON pu.unit = j.department
  LEFT JOIN kefu.unit nu ON nu.unit = j.next_department
 WHERE j.is_mine OR j.department = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.work_order_bounces IS
'One row each return of a work order by a department, with what the desk or the shift leader made of it, which is what judges it: nobody has to write right or wrong. A wrong one counts against the department, a right one against who sent it there (退单; R120, ruling 20)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.order_id IS 'work order (投诉单编号)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.ticket_id IS 'ticket it works for (工单编号)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.bounce_number IS 'first, second and so on of the order (第几次退单)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.desk_unit IS 'desk it went back to (受理机构)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.desk_unit_label_zh IS 'Chinese label of desk_unit (受理机构标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.desk_unit_label_en IS 'English label of desk_unit (受理机构英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.department IS 'department that returned it (退单部门)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.department_label_zh IS 'Chinese label of department (退单部门标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.department_label_en IS 'English label of department (退单部门英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.staff_id IS 'who returned it (退单人编号)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.reason IS 'listed reason; NULL once erased (退单原因; ruling 20)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.reason_label_zh IS 'Chinese label of reason (退单原因标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.reason_label_en IS 'English label of reason (退单原因英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.returned_at IS 'when (退单时间)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.returned_local_date IS 'its date in Beijing; NULL where that is (退单时间日期)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.returned_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (退单时间小时)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.minutes IS 'since it was sent there, wall clock (占用分钟数)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.judgement IS 'right: it went to another department, was withdrawn, or came back with the missing facts; wrong: it came back to the same department; open: not sent on yet (判责)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.judgement_label_zh IS 'Chinese label of judgement (判责标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.judgement_label_en IS 'English label of judgement (判责英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.next_department IS 'department it went to then; NULL none yet, or withdrawn (改派部门)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.next_department_label_zh IS 'Chinese label of next_department; NULL where that is (改派部门标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.next_department_label_en IS 'English label of next_department; NULL where that is (改派部门英文标签)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.decided_by IS 'who decided that; NULL nobody yet (判定人编号)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.decided_at IS 'when; NULL not yet (判定时间)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.decided_local_date IS 'its date in Beijing; NULL where that is (判定时间日期)';
COMMENT ON COLUMN kefu_bi.work_order_bounces.decided_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (判定时间小时)';

CREATE VIEW kefu_bi.chasers WITH (security_barrier) AS
SELECT k.task_id,
       k.ticket_id,
       k.order_id,
       k.message_id,
       k.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       k.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       coalesce(g.posted_at, k.created_at) AS asked_at,
       (coalesce(g.posted_at, k.created_at) AT TIME ZONE 'Asia/Shanghai')::date AS asked_local_date,
       extract(hour FROM coalesce(g.posted_at, k.created_at) AT TIME ZONE 'Asia/Shanghai')::integer AS asked_local_hour,
       k.due_at,
       (k.due_at AT TIME ZONE 'Asia/Shanghai')::date AS due_local_date,
       extract(hour FROM k.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_local_hour,
       CASE WHEN k.state = 'done' THEN k.closed_at END AS answered_at,
       (CASE WHEN k.state = 'done' THEN k.closed_at END AT TIME ZONE 'Asia/Shanghai')::date AS answered_local_date,
       extract(hour FROM CASE WHEN k.state = 'done' THEN k.closed_at END AT TIME ZONE 'Asia/Shanghai')::integer AS answered_local_hour,
       CASE WHEN k.state = 'done' THEN k.closed_at <= k.due_at WHEN k.due_at <= kefu.now() THEN false END AS is_in_time,
       round(extract(epoch FROM CASE WHEN k.state = 'done' THEN k.closed_at END - coalesce(g.posted_at, k.created_at)) / 60, 1) AS answer_minutes
  FROM kefu.task k
  JOIN kefu.ticket t ON t.ticket_id = k.ticket_id
  JOIN kefu.state s ON s.machine = 'task' AND s.state = k.state
  LEFT JOIN kefu.message g ON g.message_id = k.message_id
  LEFT JOIN kefu.unit hu ON hu.unit = k.unit
 WHERE k.cause IN ('answer_chaser', 'answer_urge')
   AND (k.unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.unit = ANY ((SELECT kefu.my_units())::text[])
        OR k.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]));
COMMENT ON VIEW kefu_bi.chasers IS
'One row each chaser and whom it chased: a chaser of a ticket with an open order chases both and has two rows. Each must be answered; nobody opens a new ticket for one (催单; R119)';
COMMENT ON COLUMN kefu_bi.chasers.task_id IS 'duty to answer it (待办编号)';
COMMENT ON COLUMN kefu_bi.chasers.ticket_id IS 'ticket that was chased (工单编号)';
COMMENT ON COLUMN kefu_bi.chasers.order_id IS 'work order that was chased; NULL the ticket itself (投诉单编号)';
COMMENT ON COLUMN kefu_bi.chasers.message_id IS 'message of the customer; NULL by telephone, or an order''s (消息编号)';
COMMENT ON COLUMN kefu_bi.chasers.unit IS 'who owes the answer: the desk for a ticket, who has the order for an order (应答机构)';
COMMENT ON COLUMN kefu_bi.chasers.unit_label_zh IS 'Chinese label of unit (应答机构标签)';
COMMENT ON COLUMN kefu_bi.chasers.unit_label_en IS 'English label of unit (应答机构英文标签)';
COMMENT ON COLUMN kefu_bi.chasers.state IS 'state of the duty (状态)';
COMMENT ON COLUMN kefu_bi.chasers.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.chasers.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.chasers.asked_at IS 'customer''s post, or when the desk noted it (催单时间)';
COMMENT ON COLUMN kefu_bi.chasers.asked_local_date IS 'its date in Beijing; NULL where that is (催单时间日期)';
COMMENT ON COLUMN kefu_bi.chasers.asked_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (催单时间小时)';
COMMENT ON COLUMN kefu_bi.chasers.due_at IS 'when the answer is due (应答到期时间)';
COMMENT ON COLUMN kefu_bi.chasers.due_local_date IS 'its date in Beijing; NULL where that is (应答到期时间日期)';
COMMENT ON COLUMN kefu_bi.chasers.due_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (应答到期时间小时)';
COMMENT ON COLUMN kefu_bi.chasers.answered_at IS 'when it was answered; NULL not yet or never (应答时间)';
COMMENT ON COLUMN kefu_bi.chasers.answered_local_date IS 'its date in Beijing; NULL where that is (应答时间日期)';
COMMENT ON COLUMN kefu_bi.chasers.answered_local_hour IS 'its hour in Beijing, 0 to 23; NULL where that is (应答时间小时)';
COMMENT ON COLUMN kefu_bi.chasers.is_in_time IS 'answered by then; NULL not due yet (是否按时应答)';
COMMENT ON COLUMN kefu_bi.chasers.answer_minutes IS 'asked until answered, wall clock; NULL unanswered (应答分钟数)';
