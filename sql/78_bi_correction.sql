-- 78_bi_correction: what was taken down, why, how fast, and what stands there now.
--
-- As 70_bi: owner's rights, the caller's units once a query.

CREATE VIEW kefu_bi.corrections WITH (security_barrier) AS
SELECT c.correction_id,
       c.cause,
       CASE c.cause WHEN 'change' THEN '内容变更' WHEN 'ordered' THEN '上级要求' WHEN 'user_error' THEN '用户指出错误'
                    WHEN 'dead_link' THEN '链接失效' WHEN 'original_gone' THEN '原文被删' END AS cause_label_zh,
       CASE c.cause WHEN 'change' THEN 'content changed' WHEN 'ordered' THEN 'ordered'
                    WHEN 'user_error' THEN 'error pointed out' WHEN 'dead_link' THEN 'dead link'
                    WHEN 'original_gone' THEN 'original deleted' END AS cause_label_en,
       CASE c.cause WHEN 'change' THEN 'R73' WHEN 'ordered' THEN 'R76' WHEN 'user_error' THEN 'R77'
                    WHEN 'dead_link' THEN 'R78' WHEN 'original_gone' THEN 'R79' END AS rulebook,
       c.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       l.account,
       a.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       c.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       s.is_final AS is_closed,
       c.notice_id,
       n.product,
       c.order_reference,
       c.post_id,
       c.placement_id,
       l.native_id,
       c.notice_time AS noticed_at,
       (c.notice_time AT TIME ZONE 'Asia/Shanghai')::date AS noticed_local_date,
       extract(hour FROM c.notice_time AT TIME ZONE 'Asia/Shanghai')::integer AS noticed_local_hour,
       k.due_at,
       (k.due_at AT TIME ZONE 'Asia/Shanghai')::date AS due_local_date,
       extract(hour FROM k.due_at AT TIME ZONE 'Asia/Shanghai')::integer AS due_local_hour,
       c.deleted_at,
       (c.deleted_at AT TIME ZONE 'Asia/Shanghai')::date AS deleted_local_date,
       extract(hour FROM c.deleted_at AT TIME ZONE 'Asia/Shanghai')::integer AS deleted_local_hour,
       extract(epoch FROM c.deleted_at - c.notice_time)::bigint AS delete_seconds,
       c.reissue_post AS reissue_post_id,
       r.native_id AS reissue_native_id,
       r.published_at AS reissued_at,
       (r.published_at AT TIME ZONE 'Asia/Shanghai')::date AS reissued_local_date,
       extract(hour FROM r.published_at AT TIME ZONE 'Asia/Shanghai')::integer AS reissued_local_hour,
       extract(epoch FROM r.published_at - c.notice_time)::bigint AS reissue_seconds,
       c.cause IN ('change', 'user_error') AS needs_reissue,
       CASE k.outcome WHEN 'kept' THEN true WHEN 'late' THEN false
                      ELSE CASE WHEN k.stopped_at IS NULL AND k.due_at < kefu.now() THEN false END END AS is_in_time,
       c.closed_at,
       (c.closed_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_local_date,
       extract(hour FROM c.closed_at AT TIME ZONE 'Asia/Shanghai')::integer AS closed_local_hour
  FROM kefu.correction c
  JOIN kefu.placement l ON l.placement_id = c.placement_id
  JOIN kefu.account a ON a.account = l.account
  JOIN kefu.platform p ON p.platform = a.platform
  JOIN kefu.unit u ON u.unit = c.unit
  JOIN kefu.state s ON s.machine = 'correction' AND s.state = c.state
  LEFT JOIN kefu.change_notice n ON n.notice_id = c.notice_id
  LEFT JOIN kefu.clock k ON k.object_type = 'correction' AND k.object_id = c.correction_id
       AND k.clock IN ('correction', 'correction_error')
  LEFT JOIN kefu.placement r ON r.post_id = c.reissue_post AND r.account = l.account AND r.published_at IS NOT NULL
 WHERE c.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.corrections IS
'What was taken down from a platform, why and how fast, and what stands there now; one row a placement and cause, revoked and unfounded ones kept (博文更正; R73-R79)';
COMMENT ON COLUMN kefu_bi.corrections.correction_id IS 'number (更正编号)';
COMMENT ON COLUMN kefu_bi.corrections.cause IS 'change, ordered, user_error, dead_link, original_gone (原因)';
COMMENT ON COLUMN kefu_bi.corrections.cause_label_zh IS 'Chinese label of cause (原因标签)';
COMMENT ON COLUMN kefu_bi.corrections.cause_label_en IS 'English label of cause (原因英文标签)';
COMMENT ON COLUMN kefu_bi.corrections.rulebook IS 'R number it serves (规范条款)';
COMMENT ON COLUMN kefu_bi.corrections.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu_bi.corrections.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.corrections.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.corrections.account IS 'account it stood on (账号)';
COMMENT ON COLUMN kefu_bi.corrections.platform IS 'platform of the account (平台)';
COMMENT ON COLUMN kefu_bi.corrections.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.corrections.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.corrections.state IS 'state of the correction (状态)';
COMMENT ON COLUMN kefu_bi.corrections.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.corrections.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.corrections.is_closed IS 'it has ended (是否结束)';
COMMENT ON COLUMN kefu_bi.corrections.notice_id IS 'change notice; NULL for other causes (变更通知编号)';
COMMENT ON COLUMN kefu_bi.corrections.product IS 'product that changed, as noted; NULL for other causes (变更产品)';
COMMENT ON COLUMN kefu_bi.corrections.order_reference IS 'of the order to take it down; NULL without one (指令文号; R76)';
COMMENT ON COLUMN kefu_bi.corrections.post_id IS 'post that was wrong (博文编号)';
COMMENT ON COLUMN kefu_bi.corrections.placement_id IS 'placement that was taken down (投放编号)';
COMMENT ON COLUMN kefu_bi.corrections.native_id IS 'the platform''s id of it; NULL if it never stood there (平台ID)';
COMMENT ON COLUMN kefu_bi.corrections.noticed_at IS 'when it became known; the clock runs from then (得知时间; R73)';
COMMENT ON COLUMN kefu_bi.corrections.noticed_local_date IS 'Beijing date of noticed_at (得知日期)';
COMMENT ON COLUMN kefu_bi.corrections.noticed_local_hour IS 'Beijing hour of noticed_at, 0 to 23 (得知小时)';
COMMENT ON COLUMN kefu_bi.corrections.due_at IS 'when it is due: 10 minutes from the notice for a change (到期时间; R73)';
COMMENT ON COLUMN kefu_bi.corrections.due_local_date IS 'Beijing date of due_at (到期日期)';
COMMENT ON COLUMN kefu_bi.corrections.due_local_hour IS 'Beijing hour of due_at, 0 to 23 (到期小时)';
COMMENT ON COLUMN kefu_bi.corrections.deleted_at IS 'when it was gone; NULL before (删除时间)';
COMMENT ON COLUMN kefu_bi.corrections.deleted_local_date IS 'Beijing date of deleted_at; NULL where that is (删除日期)';
COMMENT ON COLUMN kefu_bi.corrections.deleted_local_hour IS 'Beijing hour of deleted_at, 0 to 23; NULL where that is (删除小时)';
COMMENT ON COLUMN kefu_bi.corrections.delete_seconds IS 'seconds from noticed_at to deleted_at; NULL before (删除用时)';
COMMENT ON COLUMN kefu_bi.corrections.reissue_post_id IS 'post that stands in its stead; NULL none (重发博文编号)';
COMMENT ON COLUMN kefu_bi.corrections.reissue_native_id IS 'the platform''s id of that on this account; NULL before (重发平台ID)';
COMMENT ON COLUMN kefu_bi.corrections.reissued_at IS 'when that was published here; NULL before (重发时间; R73)';
COMMENT ON COLUMN kefu_bi.corrections.reissued_local_date IS 'Beijing date of reissued_at; NULL where that is (重发日期)';
COMMENT ON COLUMN kefu_bi.corrections.reissued_local_hour IS 'Beijing hour of reissued_at, 0 to 23; NULL where that is (重发小时)';
COMMENT ON COLUMN kefu_bi.corrections.reissue_seconds IS 'seconds from noticed_at to reissued_at; NULL before (重发用时)';
COMMENT ON COLUMN kefu_bi.corrections.needs_reissue IS 'it has to be said anew, with an apology (是否须重发; R74, R75)';
COMMENT ON COLUMN kefu_bi.corrections.is_in_time IS 'true: the promise was kept; false: late, or past due; NULL: still in time, or waived or revoked (是否及时; R73)';
COMMENT ON COLUMN kefu_bi.corrections.closed_at IS 'when it ended; NULL while open (结束时间)';
COMMENT ON COLUMN kefu_bi.corrections.closed_local_date IS 'Beijing date of closed_at; NULL where that is (结束日期)';
COMMENT ON COLUMN kefu_bi.corrections.closed_local_hour IS 'Beijing hour of closed_at, 0 to 23; NULL where that is (结束小时)';
