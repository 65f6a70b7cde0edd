-- 79_bi_person: who looked at personal data, and what was erased.
--
-- As 70_bi: owner's rights, the caller's units once a query. Persons are
-- numbers here; there are no names of customers and nothing they told us.

CREATE VIEW kefu_bi.personal_data_access WITH (security_barrier) AS
SELECT r.reveal_id,
       r.requested_at,
       (r.requested_at AT TIME ZONE 'Asia/Shanghai')::date AS requested_local_date,
       extract(hour FROM r.requested_at AT TIME ZONE 'Asia/Shanghai')::integer AS requested_local_hour,
       r.used_at,
       (r.used_at AT TIME ZONE 'Asia/Shanghai')::date AS used_local_date,
       extract(hour FROM r.used_at AT TIME ZONE 'Asia/Shanghai')::integer AS used_local_hour,
       r.used_at IS NOT NULL AS is_used,
       r.staff_id,
       CASE WHEN r.unit = ANY ((SELECT kefu.desk_units())::text[]) THEN f.name END AS staff_name,
       r.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       r.purpose,
       p.label_zh AS purpose_label_zh,
       p.label_en AS purpose_label_en,
       r.ticket_id,
       r.person_id
  FROM kefu.reveal_request r
  JOIN kefu.staff f USING (staff_id)
  JOIN kefu.unit u ON u.unit = r.unit
  JOIN kefu.purpose p USING (purpose)
 WHERE r.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.personal_data_access IS
'One row each time somebody asked to see personal data unmasked: who, when, for what, for which unit; never what was seen (个人信息访问记录; ruling 21)';
COMMENT ON COLUMN kefu_bi.personal_data_access.reveal_id IS 'number (查看编号)';
COMMENT ON COLUMN kefu_bi.personal_data_access.requested_at IS 'when it was asked for (申请时间)';
COMMENT ON COLUMN kefu_bi.personal_data_access.requested_local_date IS 'Beijing date of requested_at (申请日期)';
COMMENT ON COLUMN kefu_bi.personal_data_access.requested_local_hour IS 'Beijing hour of requested_at, 0 to 23 (申请小时)';
COMMENT ON COLUMN kefu_bi.personal_data_access.used_at IS 'when it was shown; NULL never, or the reading transaction was rolled back (查看时间)';
COMMENT ON COLUMN kefu_bi.personal_data_access.used_local_date IS 'Beijing date of used_at; NULL where that is (查看日期)';
COMMENT ON COLUMN kefu_bi.personal_data_access.used_local_hour IS 'Beijing hour of used_at, 0 to 23; NULL where that is (查看小时)';
COMMENT ON COLUMN kefu_bi.personal_data_access.is_used IS 'used_at is known (是否已查看)';
COMMENT ON COLUMN kefu_bi.personal_data_access.staff_id IS 'who (人员编号)';
COMMENT ON COLUMN kefu_bi.personal_data_access.staff_name IS 'name of the staff member; NULL for analysts (人员姓名)';
COMMENT ON COLUMN kefu_bi.personal_data_access.unit IS 'unit for which it was seen (机构)';
COMMENT ON COLUMN kefu_bi.personal_data_access.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.personal_data_access.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.personal_data_access.purpose IS 'purpose (用途)';
COMMENT ON COLUMN kefu_bi.personal_data_access.purpose_label_zh IS 'Chinese label of purpose (用途标签)';
COMMENT ON COLUMN kefu_bi.personal_data_access.purpose_label_en IS 'English label of purpose (用途英文标签)';
COMMENT ON COLUMN kefu_bi.personal_data_access.ticket_id IS 'open ticket that gave the reason (工单)';
COMMENT ON COLUMN kefu_bi.personal_data_access.person_id IS 'number of the person (用户编号)';

CREATE VIEW kefu_bi.erasures WITH (security_barrier) AS
SELECT e.erasure_id,
       e.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       e.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       e.origin,
       CASE e.origin WHEN 'request' THEN '本人要求' ELSE '保存期满' END AS origin_label_zh,
       CASE e.origin WHEN 'request' THEN 'asked for' ELSE 'retention is over' END AS origin_label_en,
       e.person_id,
       e.asked_at,
       (e.asked_at AT TIME ZONE 'Asia/Shanghai')::date AS asked_local_date,
       extract(hour FROM e.asked_at AT TIME ZONE 'Asia/Shanghai')::integer AS asked_local_hour,
       c.due_at,
       (c.due_at AT TIME ZONE 'Asia/Shanghai')::date AS due_local_date,
       extract(hour FROM c.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_local_hour,
       e.closed_at,
       (e.closed_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_local_date,
       extract(hour FROM e.closed_at AT TIME ZONE 'Asia/Shanghai')::integer AS closed_local_hour,
       CASE WHEN e.origin = 'retention' THEN false
            WHEN e.closed_at IS NULL THEN c.paused_at IS NULL AND c.due_at < kefu.now()
            ELSE e.closed_at > c.due_at END AS is_late,
       e.messages_count,
       e.tickets_count,
       e.payloads_count
  FROM kefu.erasure e
  JOIN kefu.unit u ON u.unit = e.unit
  JOIN kefu.state s ON s.machine = 'erasure' AND s.state = e.state
  LEFT JOIN LATERAL (SELECT k.due_at, k.paused_at FROM kefu.clock k
                      WHERE k.object_type = 'erasure' AND k.object_id = e.erasure_id
                      ORDER BY k.clock_id DESC LIMIT 1) AS c ON true
 WHERE e.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.erasures IS
'Erasures of personal data, asked for or by retention, with their 15 days and what they took (个人信息删除; ruling 21)';
COMMENT ON COLUMN kefu_bi.erasures.erasure_id IS 'number (删除编号)';
COMMENT ON COLUMN kefu_bi.erasures.unit IS 'unit that decides (处理机构)';
COMMENT ON COLUMN kefu_bi.erasures.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.erasures.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.erasures.state IS 'received, deferred, done, refused (状态)';
COMMENT ON COLUMN kefu_bi.erasures.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.erasures.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.erasures.origin IS 'request or retention (来源)';
COMMENT ON COLUMN kefu_bi.erasures.origin_label_zh IS 'Chinese label of origin (来源标签)';
COMMENT ON COLUMN kefu_bi.erasures.origin_label_en IS 'English label of origin (来源英文标签)';
COMMENT ON COLUMN kefu_bi.erasures.person_id IS 'number of the person (用户编号)';
COMMENT ON COLUMN kefu_bi.erasures.asked_at IS 'when it was asked for (要求时间)';
COMMENT ON COLUMN kefu_bi.erasures.asked_local_date IS 'Beijing date of asked_at (要求日期)';
COMMENT ON COLUMN kefu_bi.erasures.asked_local_hour IS 'Beijing hour of asked_at, 0 to 23 (要求小时)';
COMMENT ON COLUMN kefu_bi.erasures.due_at IS 'when it must be decided, pauses included (到期时间)';
COMMENT ON COLUMN kefu_bi.erasures.due_local_date IS 'Beijing date of due_at (到期日期)';
COMMENT ON COLUMN kefu_bi.erasures.due_local_hour IS 'Beijing hour of due_at, 0 to 23 (到期小时)';
COMMENT ON COLUMN kefu_bi.erasures.closed_at IS 'when it was done or refused; NULL while open (办结时间)';
COMMENT ON COLUMN kefu_bi.erasures.closed_local_date IS 'Beijing date of closed_at; NULL where that is (办结日期)';
COMMENT ON COLUMN kefu_bi.erasures.closed_local_hour IS 'Beijing hour of closed_at, 0 to 23; NULL where that is (办结小时)';
COMMENT ON COLUMN kefu_bi.erasures.is_late IS 'past its 15 days, open or closed; never while deferred or by retention (是否超时)';
COMMENT ON COLUMN kefu_bi.erasures.messages_count IS 'messages erased; NULL before (消息数)';
COMMENT ON COLUMN kefu_bi.erasures.tickets_count IS 'tickets erased; NULL before (工单数)';
COMMENT ON COLUMN kefu_bi.erasures.payloads_count IS 'payloads out of which items were cut; NULL before (报文数)';
