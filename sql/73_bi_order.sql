-- 73_bi_order: deletions, as analysts read them.  Written as 70_bi.sql says.

CREATE VIEW kefu_bi.deletions WITH (security_barrier) AS
SELECT g.message_id,
       g.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       g.ticket_id,
       CASE WHEN g.state = 'removed' THEN 'removed'
            WHEN d.event_id > a.event_id THEN 'refused' ELSE 'asked' END AS outcome,
       CASE WHEN g.state = 'removed' THEN '已删除'
            WHEN d.event_id > a.event_id THEN '不批准' ELSE '待批准' END AS outcome_label_zh,
       CASE WHEN g.state = 'removed' THEN 'removed'
            WHEN d.event_id > a.event_id THEN 'refused' ELSE 'asked' END AS outcome_label_en,
       x.value ->> 'reason' AS reason,
       a.staff_id AS asked_by,
       CASE WHEN g.unit = ANY ((SELECT kefu.desk_units())::text[]) THEN sa.name END AS asked_by_name,
       a.at AS asked_at,
       (a.at AT TIME ZONE 'Asia/Shanghai')::date AS asked_local_date,
       extract(hour FROM a.at AT TIME ZONE 'Asia/Shanghai')::integer AS asked_local_hour,
       d.staff_id AS decided_by,
       CASE WHEN g.unit = ANY ((SELECT kefu.desk_units())::text[]) THEN sd.name END AS decided_by_name,
       d.at AS decided_at,
       (d.at AT TIME ZONE 'Asia/Shanghai')::date AS decided_local_date,
       extract(hour FROM d.at AT TIME ZONE 'Asia/Shanghai')::integer AS decided_local_hour,
       g.evidence IS NOT NULL AS has_evidence,
       coalesce(o.state, 'by_hand') AS deletion_state,
       ld.label_zh AS deletion_state_label_zh,
       ld.label_en AS deletion_state_label_en,
       o.sent_at AS deleted_at,
       (o.sent_at AT TIME ZONE 'Asia/Shanghai')::date AS deleted_local_date,
       extract(hour FROM o.sent_at AT TIME ZONE 'Asia/Shanghai')::integer AS deleted_local_hour
  FROM kefu.message g
  JOIN kefu.unit u ON u.unit = g.unit
 CROSS JOIN LATERAL (
       SELECT e.event_id, e.staff_id, e.at FROM kefu.audit_event e
        WHERE e.object_type = 'message' AND e.object_id = g.message_id
          AND (e.event = 'ask_removal' OR (e.event = 'remove' AND e.from_state = 'new'))
        ORDER BY e.seq DESC LIMIT 1) AS a
  LEFT JOIN LATERAL (
       SELECT e.event_id, e.staff_id, e.at FROM kefu.audit_event e
        WHERE e.object_type = 'message' AND e.object_id = g.message_id
          AND (e.event IN ('approve', 'refuse') OR (e.event = 'remove' AND e.to_state = 'removed'))
        ORDER BY e.seq DESC LIMIT 1) AS d ON true
  LEFT JOIN kefu.audit_detail x ON x.event_id = a.event_id
  LEFT JOIN kefu.staff sa ON sa.staff_id = a.staff_id
  LEFT JOIN kefu.staff sd ON sd.staff_id = d.staff_id
  LEFT JOIN LATERAL (
       SELECT b.state, b.sent_at FROM kefu.outbound b
        WHERE b.action = 'delete_comment' AND b.account = g.account AND b.parent_id = g.native_id
        ORDER BY b.outbound_id DESC LIMIT 1) AS o ON true
  JOIN kefu.platform p ON p.platform = g.platform
  LEFT JOIN kefu_bi.labels ld ON ld.code_kind = 'deletion_state' AND ld.code = coalesce(o.state, 'by_hand')
 -- Nobody asks without evidence, and what is erased of it leaves a mark: the index on that bounds what is read of the trail.
 WHERE g.unit = ANY ((SELECT kefu.my_units())::text[]) AND g.evidence IS NOT NULL;
COMMENT ON VIEW kefu_bi.deletions IS
'One row a comment whose removal was asked for: why, who asked, who decided, whether evidence was kept, and whether the platform has deleted it (删除记录; R82, R125, ruling 12)';
COMMENT ON COLUMN kefu_bi.deletions.message_id IS 'message (消息编号)';
COMMENT ON COLUMN kefu_bi.deletions.unit IS 'unit that had to read it (机构)';
COMMENT ON COLUMN kefu_bi.deletions.unit_label_zh IS 'Chinese name of unit (机构名称)';
COMMENT ON COLUMN kefu_bi.deletions.unit_label_en IS 'English name of unit (机构英文名称)';
COMMENT ON COLUMN kefu_bi.deletions.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.deletions.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.deletions.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.deletions.ticket_id IS 'ticket it belongs to; NULL none (工单编号)';
COMMENT ON COLUMN kefu_bi.deletions.outcome IS 'removed, asked (a leader has to decide) or refused (结果)';
COMMENT ON COLUMN kefu_bi.deletions.outcome_label_zh IS 'the same in Chinese (结果名称)';
COMMENT ON COLUMN kefu_bi.deletions.outcome_label_en IS 'English label of outcome (结果名称英文标签)';
COMMENT ON COLUMN kefu_bi.deletions.reason IS 'why, in the words of who asked; NULL once erased (理由)';
COMMENT ON COLUMN kefu_bi.deletions.asked_by IS 'who asked (提出人编号)';
COMMENT ON COLUMN kefu_bi.deletions.asked_by_name IS 'name of who asked; NULL for analysts (提出人)';
COMMENT ON COLUMN kefu_bi.deletions.asked_at IS 'when; of several requests the last (提出时间)';
COMMENT ON COLUMN kefu_bi.deletions.asked_local_date IS 'its date in Beijing (提出日期)';
COMMENT ON COLUMN kefu_bi.deletions.asked_local_hour IS 'its hour in Beijing, 0 to 23 (提出小时)';
COMMENT ON COLUMN kefu_bi.deletions.decided_by IS 'who removed, approved or refused; NULL while open (决定人编号)';
COMMENT ON COLUMN kefu_bi.deletions.decided_by_name IS 'name of who decided; NULL while open, and for analysts (决定人)';
COMMENT ON COLUMN kefu_bi.deletions.decided_at IS 'when; NULL while open (决定时间)';
COMMENT ON COLUMN kefu_bi.deletions.decided_local_date IS 'its date in Beijing; NULL while open (决定日期)';
COMMENT ON COLUMN kefu_bi.deletions.decided_local_hour IS 'its hour in Beijing, 0 to 23; NULL while open (决定小时)';
COMMENT ON COLUMN kefu_bi.deletions.has_evidence IS 'evidence was kept before (是否留存证据)';
COMMENT ON COLUMN kefu_bi.deletions.deletion_state IS 'state of the deletion on the platform: queued, sending, sent, failed, uncertain; by_hand: the platform has no way, a task stands for it, or it is not removed (平台删除状态)';
COMMENT ON COLUMN kefu_bi.deletions.deletion_state_label_zh IS 'Chinese label of deletion_state (平台删除状态标签)';
COMMENT ON COLUMN kefu_bi.deletions.deletion_state_label_en IS 'English label of deletion_state (平台删除状态英文标签)';
COMMENT ON COLUMN kefu_bi.deletions.deleted_at IS 'when the platform deleted it; NULL before (平台删除时间)';
COMMENT ON COLUMN kefu_bi.deletions.deleted_local_date IS 'its date in Beijing; NULL before (平台删除日期)';
COMMENT ON COLUMN kefu_bi.deletions.deleted_local_hour IS 'its hour in Beijing, 0 to 23; NULL before (平台删除小时)';
