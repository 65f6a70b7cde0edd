-- 78_bi_script: what became of the scripts, and where one is missing.
--
-- The rules at the head of 70_bi hold here too. A use is a send that the
-- platform took; where words of its own came with a script, it counts as
-- reworded and says nothing about the script.

CREATE VIEW kefu_bi.script_results WITH (security_barrier) AS
WITH use AS (
    SELECT o.script, o.channel, t.unit, (date_trunc('month', o.sent_at AT TIME ZONE 'Asia/Shanghai'))::date AS local_month,
           o.variant IS NULL AS is_reworded, t.ticket_id, t.round > s.round AS asked_again, t.satisfaction,
           t.kind IN ('inquiry', 'complaint') AS is_asking,
           t.kind IN ('inquiry', 'complaint') AND t.resolved_at IS NOT NULL AND t.round = 1 AND t.urge_count = 0
               AND t.satisfaction <> 'dissatisfied' AS is_first_contact
      FROM kefu.outbound o
      JOIN kefu.speech s ON s.speech_id = o.speech_id AND s.object_type = 'ticket'
      JOIN kefu.counted_ticket t ON t.ticket_id = s.object_id
     WHERE o.state = 'sent' AND o.script IS NOT NULL AND t.unit = ANY ((SELECT kefu.my_units())::text[])
), ticket AS (
    SELECT u.script, u.channel, u.unit, u.local_month, u.ticket_id,
           count(*) FILTER (WHERE NOT u.is_reworded) AS uses, count(*) FILTER (WHERE u.is_reworded) AS reworded,
           coalesce(bool_or(u.asked_again) FILTER (WHERE NOT u.is_reworded), false) AS asked_again,
           max(u.satisfaction) AS satisfaction, bool_or(u.is_asking) AS is_asking, bool_or(u.is_first_contact) AS is_first_contact
      FROM use u
     GROUP BY u.script, u.channel, u.unit, u.local_month, u.ticket_id
), figure AS (
    SELECT t.script, t.channel, t.unit, t.local_month, sum(t.uses)::bigint AS uses, sum(t.reworded)::bigint AS reworded,
           count(*) FILTER (WHERE t.uses > 0) AS tickets,
           count(*) FILTER (WHERE t.asked_again) AS asked_again,
           count(*) FILTER (WHERE t.uses > 0 AND t.satisfaction IN ('satisfied', 'dissatisfied')) AS rated,
           count(*) FILTER (WHERE t.uses > 0 AND t.satisfaction = 'satisfied') AS satisfied,
           count(*) FILTER (WHERE t.uses > 0 AND t.is_asking) AS asking,
           count(*) FILTER (WHERE t.uses > 0 AND t.is_first_contact) AS first_contact
      FROM ticket t
     GROUP BY t.script, t.channel, t.unit, t.local_month
)
SELECT f.local_month,
       f.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       f.script,
       (SELECT s.title_zh FROM kefu.script s WHERE s.script = f.script AND s.channel = f.channel ORDER BY s.variant LIMIT 1) AS title_zh,
       f.channel,
       lc.label_zh AS channel_label_zh,
       lc.label_en AS channel_label_en,
       f.uses AS use_count,
       f.reworded AS reworded_count,
       f.tickets AS ticket_count,
       f.asked_again AS asked_again_count,
       round(100.0 * f.asked_again / nullif(f.tickets, 0), 2) AS asked_again_pct,
       f.rated AS rated_count,
       f.satisfied AS satisfied_count,
       round(100.0 * f.satisfied / nullif(f.rated, 0), 2) AS satisfied_pct,
       f.asking AS asking_count,
       f.first_contact AS first_contact_count,
       round(100.0 * f.first_contact / nullif(f.asking, 0), 2) AS first_contact_pct,
       f.tickets < 30 AS is_small,
       f.tickets >= 10 AS is_ranked
  FROM figure f
  LEFT JOIN kefu.unit hu ON hu.unit = f.unit
  LEFT JOIN kefu_bi.labels lc ON lc.code_kind = 'channel' AND lc.code = f.channel;
COMMENT ON VIEW kefu_bi.script_results IS
'What became of tickets to whose customers a script was said, by handling unit and month. Population: tickets that count, once a script, channel and month. Clock: none. Window: month in which the platform took it; what became of the ticket is as it stands now. Left out: words of one''s own beside a script, which have a column. Zero rule: a share of nothing is NULL; a script that nobody used has no row (话术效果; R14, R107, ruling 24)';
COMMENT ON COLUMN kefu_bi.script_results.local_month IS 'first day of the month it was taken in, in Beijing (月份)';
COMMENT ON COLUMN kefu_bi.script_results.unit IS 'handling unit (处理机构)';
COMMENT ON COLUMN kefu_bi.script_results.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.script_results.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.script_results.script IS 'code (话术代码)';
COMMENT ON COLUMN kefu_bi.script_results.title_zh IS 'Chinese title; NULL: the script is gone (标题)';
COMMENT ON COLUMN kefu_bi.script_results.channel IS 'public or private (渠道)';
COMMENT ON COLUMN kefu_bi.script_results.channel_label_zh IS 'Chinese label of channel (渠道标签)';
COMMENT ON COLUMN kefu_bi.script_results.channel_label_en IS 'English label of channel (渠道英文标签)';
COMMENT ON COLUMN kefu_bi.script_results.use_count IS 'sends with its words, whichever variant; 0 all were reworded (使用次数)';
COMMENT ON COLUMN kefu_bi.script_results.reworded_count IS 'sends that name it but bring words of their own; 0 none (改写次数)';
COMMENT ON COLUMN kefu_bi.script_results.ticket_count IS 'tickets it was said to (工单数)';
COMMENT ON COLUMN kefu_bi.script_results.asked_again_count IS 'of them, went into another round after it: the customer objected or needed more (再次追问数)';
COMMENT ON COLUMN kefu_bi.script_results.asked_again_pct IS 'share of the tickets; NULL no ticket (追问率)';
COMMENT ON COLUMN kefu_bi.script_results.rated_count IS 'tickets whose customer said satisfied or not (参评数)';
COMMENT ON COLUMN kefu_bi.script_results.satisfied_count IS 'of them, satisfied (满意数)';
COMMENT ON COLUMN kefu_bi.script_results.satisfied_pct IS 'share of the rated; NULL nobody rated (满意率; ruling 24)';
COMMENT ON COLUMN kefu_bi.script_results.asking_count IS 'tickets that are inquiries or complaints (咨询投诉数)';
COMMENT ON COLUMN kefu_bi.script_results.first_contact_count IS 'of them, solved at first contact as the KPI says: one round, no chaser, not dissatisfied (一次解决数)';
COMMENT ON COLUMN kefu_bi.script_results.first_contact_pct IS 'share of these; NULL none is an inquiry or complaint (一次解决率)';
COMMENT ON COLUMN kefu_bi.script_results.is_small IS 'fewer than 30 tickets (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.script_results.is_ranked IS 'at least 10 tickets: may be compared (是否参与排名; ruling 24)';

CREATE VIEW kefu_bi.script_gaps WITH (security_barrier) AS
WITH answer AS (
    SELECT t.unit, t.category, s.settled_at,
           EXISTS (SELECT FROM kefu.outbound o
                    WHERE o.speech_id = s.speech_id AND o.state = 'sent' AND o.script IS NOT NULL AND o.variant IS NOT NULL) AS by_script
      FROM kefu.speech s
      JOIN kefu.ticket t ON t.ticket_id = s.object_id
     WHERE s.object_type = 'ticket' AND s.event = 'answer' AND s.outcome = 'delivered'
       AND s.settled_at > kefu.now() - interval '92 days' AND t.category IS NOT NULL
       AND NOT t.is_provisional AND t.merged_into IS NULL AND t.state NOT IN ('merged', 'dropped')
       AND t.unit = ANY ((SELECT kefu.my_units())::text[])
), use AS (
    SELECT o.script, o.channel, t.ticket_id, max(o.sent_at) AS used_at, bool_or(t.round > s.round OR t.satisfaction = 'dissatisfied') AS failed
      FROM kefu.outbound o
      JOIN kefu.speech s ON s.speech_id = o.speech_id AND s.object_type = 'ticket'
      JOIN kefu.counted_ticket t ON t.ticket_id = s.object_id
     WHERE o.state = 'sent' AND o.script IS NOT NULL AND o.variant IS NOT NULL AND o.sent_at > kefu.now() - interval '92 days'
       AND t.unit = ANY ((SELECT kefu.my_units())::text[])
     GROUP BY o.script, o.channel, t.ticket_id
), script AS (
    SELECT s.script, s.channel, bool_or(s.is_approved) AS is_approved, min(s.title_zh) AS title_zh
      FROM kefu.script s GROUP BY s.script, s.channel
), gap AS (
    SELECT 'no_script' AS gap, a.unit, a.category, NULL::text AS script, NULL::text AS channel, NULL::text AS title_zh, count(*) AS cases,
           count(*) FILTER (WHERE a.by_script) AS hits, max(a.settled_at) FILTER (WHERE a.by_script) AS last_used
      FROM answer a
     GROUP BY a.unit, a.category
    HAVING count(*) >= 10 AND 5 * count(*) FILTER (WHERE a.by_script) < count(*)
    UNION ALL
    -- What is a draft of a post isn't said to a customer.
    SELECT 'unused', NULL, NULL, s.script, s.channel, s.title_zh, 0, 0, NULL
      FROM script s
     WHERE s.is_approved AND s.script NOT IN ('topic_post_inquiry', 'topic_post_complaint', 'opinion_post')
       AND NOT EXISTS (SELECT FROM use u WHERE u.script = s.script AND u.channel = s.channel)
    UNION ALL
    SELECT 'outdated', NULL, NULL, u.script, u.channel, s.title_zh, count(*), count(*) FILTER (WHERE u.failed), max(u.used_at)
      FROM use u LEFT JOIN script s USING (script, channel)
     GROUP BY u.script, u.channel, s.title_zh
    HAVING count(*) >= 10 AND 10 * count(*) FILTER (WHERE u.failed) >= 3 * count(*)
    UNION ALL
    SELECT 'missing', NULL, NULL, w.script, c.channel, s.title_zh, 0, 0, NULL
      FROM kefu.outbound_way w
     CROSS JOIN LATERAL (SELECT CASE WHEN w.kind IN ('reply', 'reply_asking_for_message') THEN 'public' ELSE 'private' END AS channel) AS c
      LEFT JOIN script s ON s.script = w.script AND s.channel = c.channel
     WHERE w.script IS NOT NULL AND s.is_approved IS NOT TRUE
)
SELECT g.gap,
       l.label_zh AS gap_label_zh,
       l.label_en AS gap_label_en,
       g.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       g.category,
       m.name_zh AS category_label_zh,
       m.name_en AS category_label_en,
       g.script,
       g.channel,
       lc.label_zh AS channel_label_zh,
       lc.label_en AS channel_label_en,
       g.title_zh,
       g.cases AS case_count,
       g.hits AS hit_count,
       round(100.0 * g.hits / nullif(g.cases, 0), 2) AS hit_pct,
       g.cases < 30 AS is_small,
       g.last_used AS last_used_at,
       (g.last_used AT TIME ZONE 'Asia/Shanghai')::date AS last_used_local_date,
       extract(hour FROM g.last_used AT TIME ZONE 'Asia/Shanghai')::integer AS last_used_local_hour
  FROM gap g
  JOIN kefu_bi.labels l ON l.code_kind = 'script_gap' AND l.code = g.gap
  LEFT JOIN kefu.unit u ON u.unit = g.unit
  LEFT JOIN kefu.matter m ON m.axis = 'phenomenon' AND m.matter = g.category
  LEFT JOIN kefu_bi.labels lc ON lc.code_kind = 'channel' AND lc.code = g.channel
 WHERE cardinality((SELECT kefu.my_units())) > 0;
COMMENT ON VIEW kefu_bi.script_gaps IS
'Where scripts are missing, idle or no good, of the last 92 days in the reader''s units; the bounds are house defaults. no_script: at least 10 delivered answers about a matter at a unit, fewer than a fifth by script (matters named alone). unused: approved and never said. outdated: at least 10 tickets, and 30 % of the customers asked again or were dissatisfied. missing: named as a fallback and not approved. Population: tickets that count. Zero rule: a share of nothing is NULL (话术缺口; R14, R107)';
COMMENT ON COLUMN kefu_bi.script_gaps.gap IS 'no_script, unused, outdated, missing (缺口类型)';
COMMENT ON COLUMN kefu_bi.script_gaps.gap_label_zh IS 'Chinese label of gap (缺口类型标签)';
COMMENT ON COLUMN kefu_bi.script_gaps.gap_label_en IS 'English label of gap (缺口类型英文标签)';
COMMENT ON COLUMN kefu_bi.script_gaps.unit IS 'handling unit of no_script; NULL else, all of the reader''s (处理机构)';
COMMENT ON COLUMN kefu_bi.script_gaps.unit_label_zh IS 'Chinese label of unit; NULL where that is (处理机构标签)';
COMMENT ON COLUMN kefu_bi.script_gaps.unit_label_en IS 'English label of unit; NULL where that is (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.script_gaps.category IS 'matter of no_script; NULL else (分类)';
COMMENT ON COLUMN kefu_bi.script_gaps.category_label_zh IS 'Chinese label of category; NULL not in the tree (分类标签)';
COMMENT ON COLUMN kefu_bi.script_gaps.category_label_en IS 'English label of category; NULL not in the tree (分类英文标签)';
COMMENT ON COLUMN kefu_bi.script_gaps.script IS 'script; NULL for no_script (话术代码)';
COMMENT ON COLUMN kefu_bi.script_gaps.channel IS 'its channel; NULL for no_script (渠道)';
COMMENT ON COLUMN kefu_bi.script_gaps.channel_label_zh IS 'Chinese label of channel; NULL where that is (渠道标签)';
COMMENT ON COLUMN kefu_bi.script_gaps.channel_label_en IS 'English label of channel; NULL where that is (渠道英文标签)';
COMMENT ON COLUMN kefu_bi.script_gaps.title_zh IS 'its Chinese title; NULL none (标题)';
COMMENT ON COLUMN kefu_bi.script_gaps.case_count IS 'no_script: answers; outdated: tickets; 0 else (基数)';
COMMENT ON COLUMN kefu_bi.script_gaps.hit_count IS 'no_script: of them by script; outdated: of them asked again or dissatisfied; 0 else (命中数)';
COMMENT ON COLUMN kefu_bi.script_gaps.hit_pct IS 'share; NULL where there is no case (比例)';
COMMENT ON COLUMN kefu_bi.script_gaps.is_small IS 'fewer than 30 cases (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.script_gaps.last_used_at IS 'last time a script was said there; NULL not within the window (最近使用时间)';
COMMENT ON COLUMN kefu_bi.script_gaps.last_used_local_date IS 'Beijing date of last_used_at; NULL where that is (最近使用日期)';
COMMENT ON COLUMN kefu_bi.script_gaps.last_used_local_hour IS 'Beijing hour of last_used_at, 0 to 23; NULL where that is (最近使用小时)';
