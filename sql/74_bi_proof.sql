-- 74_bi_proof: what auditors and the desk read: the complaint log, what must never
-- be true, who the reader is, the approved scripts.
--
-- The rules at the head of 70_bi hold here too.

CREATE VIEW kefu_bi.complaint_log WITH (security_barrier) AS
SELECT t.ticket_id,
       t.posted_at,
       (t.posted_at AT TIME ZONE 'Asia/Shanghai')::date AS posted_local_date,
       extract(hour FROM t.posted_at AT TIME ZONE 'Asia/Shanghai')::integer AS posted_local_hour,
       CASE WHEN d.is_desk THEN kefu.mask_numbers(g.text) ELSE kefu.nameless_words(t.ticket_id) END AS content,
       t.category,
       mc.name_zh AS category_label_zh,
       mc.name_en AS category_label_en,
       coalesce(t.location, t.home_unit) AS location,
       coalesce(t.location_source, 'unknown') AS location_source,
       ll.label_zh AS location_source_label_zh,
       ll.label_en AS location_source_label_en,
       CASE WHEN d.is_desk THEN i.native_id END AS microblog_id,
       w.person_key,
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
  LEFT JOIN kefu.person w ON w.person_id = t.person_id
 CROSS JOIN LATERAL (SELECT t.unit = ANY ((SELECT kefu.desk_units())::text[]) OR t.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]) AS is_desk OFFSET 0) AS d
  LEFT JOIN kefu.matter mc ON mc.axis = 'phenomenon' AND mc.matter = t.category
  LEFT JOIN kefu.platform p ON p.platform = g.platform
  LEFT JOIN kefu_bi.labels ll ON ll.code_kind = 'location_source' AND ll.code = coalesce(t.location_source, 'unknown')
 WHERE (t.unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.received_unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.home_unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[]))
   AND t.kind = 'complaint' AND t.state <> 'dropped'
 ORDER BY t.posted_at, t.ticket_id;
COMMENT ON VIEW kefu_bi.complaint_log IS
'The log of complaints in order of time: content, category, location, microblog ID, time, from the moment of ingest; dropped ones left out, merged ones kept. The only view here with a customer''s words. Who works at the desk, or audits it, reads the id on the platform; an analyst reads person_key, and words without what is known of the person (投诉记录表; R112, R118, ruling 27)';
COMMENT ON COLUMN kefu_bi.complaint_log.ticket_id IS 'number of the complaint (工单编号)';
COMMENT ON COLUMN kefu_bi.complaint_log.posted_at IS 'time: the customer''s own post time (投诉时间)';
COMMENT ON COLUMN kefu_bi.complaint_log.posted_local_date IS 'Beijing date of posted_at; NULL where that is (投诉时间日期)';
COMMENT ON COLUMN kefu_bi.complaint_log.posted_local_hour IS 'Beijing hour of posted_at, 0 to 23; NULL where that is (投诉时间小时)';
COMMENT ON COLUMN kefu_bi.complaint_log.content IS 'content: the customer''s words, with mobile, landline and identity-card numbers masked; for analysts also without the names and numbers known of the person; NULL without text (投诉内容)';
COMMENT ON COLUMN kefu_bi.complaint_log.category IS 'category; NULL not named yet (投诉分类)';
COMMENT ON COLUMN kefu_bi.complaint_log.category_label_zh IS 'Chinese label of category; NULL where that is (投诉分类标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.category_label_en IS 'English label of category; NULL where that is (投诉分类英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.location IS 'location as recorded, else the home unit; NULL unknown, which is legal until archiving (归属地; ruling 27)';
COMMENT ON COLUMN kefu_bi.complaint_log.location_source IS 'profile, customer or unknown (归属地来源)';
COMMENT ON COLUMN kefu_bi.complaint_log.location_source_label_zh IS 'Chinese label of location_source (归属地来源标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.location_source_label_en IS 'English label of location_source (归属地来源英文标签)';
COMMENT ON COLUMN kefu_bi.complaint_log.microblog_id IS 'the platform''s id of the complainant, never the name; NULL unknown, and for analysts (微博ID)';
COMMENT ON COLUMN kefu_bi.complaint_log.person_key IS 'complainant: the same value for the same customer, on whichever platform, as in kefu_bi.tickets; NULL unknown (用户标识)';
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
    UNION ALL
    SELECT 'topic', t.topic_id, 'topic', t.state, t.version, t.audit_seq, t.audit_head, t.unit, t.opened_at
      FROM kefu.topic t
    UNION ALL
    SELECT 'opinion', o.opinion_id, 'opinion', o.state, o.version, o.audit_seq, o.audit_head, o.unit, o.recorded_at
      FROM kefu.opinion o
    UNION ALL
    SELECT 'request', r.request_id, 'request', r.state, r.version, r.audit_seq, r.audit_head, r.unit, r.made_at
      FROM kefu.post_request r
    UNION ALL
    SELECT 'post', p.post_id, 'post', p.state, p.version, p.audit_seq, p.audit_head, p.unit, p.made_at
      FROM kefu.post p
    UNION ALL
    SELECT 'placement', l.placement_id, 'placement', l.state, l.version, l.audit_seq, l.audit_head, l.unit, l.made_at
      FROM kefu.placement l
    UNION ALL
    SELECT 'follow', f.follow_id, 'follow', f.state, f.version, f.audit_seq, f.audit_head, f.unit, f.proposed_at
      FROM kefu.follow f
    UNION ALL
    SELECT 'correction', c.correction_id, 'correction', c.state, c.version, c.audit_seq, c.audit_head, c.unit, c.made_at
      FROM kefu.correction c
    UNION ALL
    SELECT 'report', r.report_id, 'report', r.state, r.version, r.audit_seq, r.audit_head, r.unit, r.opened_at
      FROM kefu.report r
), chain AS (
    SELECT e.object_type, e.object_id, count(*) AS events, max(e.seq) AS last_seq,
           max(e.unit) AS unit, max(e.at) AS last_at
      FROM kefu.audit_event e
     WHERE e.object_type IN ('ticket', 'message', 'work_order', 'task', 'topic', 'request', 'post', 'placement', 'opinion', 'follow', 'correction', 'report')
     GROUP BY e.object_type, e.object_id
), undecided AS (
    -- The promise seen holds the 30 minutes, in staffed time where the desk has a calendar.
    SELECT g.message_id, g.unit, g.ticket_id,
           coalesce(c.due_desk_at, c.due_at, g.posted_at + (
               SELECT r.every FROM kefu.patrol_rule r
                WHERE r.unit IN (g.unit, 'group') AND r.valid_from <= g.posted_at
                ORDER BY r.unit = 'group', r.valid_from DESC LIMIT 1)) AS due_at
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
    -- What is late but open is a finding; here is what came to an end.
    SELECT 'I1', 'R125', 'ticket', t.ticket_id, t.unit, coalesce(t.archived_at, t.round_posted_at),
           'negative comment ' || t.state || ' without an answer'
      FROM kefu.ticket t
     WHERE t.kind = 'negative' AND t.state IN ('grievance', 'shelved', 'archived') AND t.first_response_at IS NULL
    UNION ALL
    SELECT 'I12', 'R112', 'ticket', t.ticket_id, t.unit, coalesce(t.archived_at, t.opened_at),
           'complaint record without ' || concat_ws(', ', CASE WHEN g.message_id IS NULL THEN 'content, identity and time' END,
                CASE WHEN t.state = 'archived' AND t.category IS NULL THEN 'category' END,
                CASE WHEN t.state = 'archived' AND t.location_source IS DISTINCT FROM 'profile'
                          AND t.location_source IS DISTINCT FROM 'customer' THEN 'location' END)
      FROM kefu.ticket t
      LEFT JOIN kefu.message g ON g.message_id = t.message_id
     WHERE t.kind = 'complaint' AND t.state <> 'dropped'
       AND (g.message_id IS NULL
            OR (t.state = 'archived'
                AND (t.category IS NULL OR coalesce(t.location_source, 'unknown') = 'unknown')))
    UNION ALL
    SELECT 'I15', 'R130', 'ticket', t.ticket_id, t.unit, coalesce(t.archived_at, t.round_posted_at),
           'shelved, but never asked'
      FROM kefu.ticket t
     WHERE t.kind = 'negative' AND t.state = 'shelved'
       AND NOT EXISTS (SELECT FROM kefu.speech p
                        WHERE p.object_type = 'ticket' AND p.object_id = t.ticket_id
                          AND p.event IN ('judge', 'ask') AND p.outcome = 'delivered')
    UNION ALL
    SELECT 'I3', 'R120', 'ticket', t.ticket_id, t.unit, coalesce(t.archived_at, t.resolved_at, t.opened_at),
           'work order ' || o.order_id || ' is still ' || o.state
      FROM kefu.work_order o
      JOIN kefu.state p ON p.machine = 'work_order' AND p.state = o.state AND NOT p.is_final
      JOIN kefu.ticket t ON t.ticket_id = o.ticket_id
      JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state AND s.is_final
    UNION ALL
    SELECT p.invariant, p.rulebook, 'placement', p.placement_id, p.unit, p.since_at, p.detail
      FROM kefu.find_broken_posts() AS p
    UNION ALL
    SELECT 'I9', 'R73', 'correction', c.correction_id, c.unit, k.due_at,
           CASE WHEN c.deleted_at IS NULL THEN 'not deleted' ELSE 'not published anew' END || ' after the change notice'
      FROM kefu.correction c
      JOIN kefu.clock k ON k.object_type = 'correction' AND k.object_id = c.correction_id AND k.clock = 'correction'
     WHERE c.cause = 'change' AND c.closed_at IS NULL AND k.due_at < kefu.now()
    UNION ALL
    SELECT 'I18', 'R78', 'correction', c.correction_id, c.unit, k.due_at, 'dead link still published'
      FROM kefu.correction c
      JOIN kefu.clock k ON k.object_type = 'correction' AND k.object_id = c.correction_id AND k.clock = 'correction_error'
     WHERE c.cause = 'dead_link' AND c.closed_at IS NULL AND k.due_at < kefu.now()
    UNION ALL
    SELECT 'I10', 'R116', d.object_type, d.object_id, d.unit, d.since_at, d.detail
      FROM kefu.find_unraised_topic() AS d
    UNION ALL
    -- What the desk itself did; what people do on the platform is a finding.
    SELECT 'I11', 'R37', 'follow', f.follow_id, f.unit, f.proposed_at, 'followed by the desk without a leader''s reason'
      FROM kefu.follow f JOIN kefu.follow_category c USING (category, subcategory)
     WHERE f.state IN ('requested', 'following') AND c.is_discouraged AND coalesce(f.reason, '') = '' AND f.cause <> 'found'
    UNION ALL
    SELECT 'I11', 'R30', 'account', NULL, r.unit, r.since_at, 'account ' || r.account || ' must follow ' || r.target || ', and that was not proposed'
      FROM kefu.follow_required r
     WHERE r.since_at < kefu.now() - interval '2 hours'
       AND NOT EXISTS (SELECT FROM kefu.follow_now f WHERE f.account = r.account AND f.target = r.target
                          AND coalesce(f.ended_at, 'infinity') > kefu.now() - interval '2 hours')
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
       coalesce(t.label_zh, lt.label_zh) AS object_type_label_zh,
       coalesce(t.label_en, lt.label_en) AS object_type_label_en,
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
  LEFT JOIN kefu.object_type t ON t.object_type = b.object_type
  LEFT JOIN kefu_bi.labels lt ON lt.code_kind = 'object_type' AND lt.code = b.object_type
 WHERE b.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.invariants IS
'What must never be: no rows while the desk is sound. I13 counts the events of each object; kefu.verify_audit() recomputes the chains and names the first misfit; gaps of patrols and rosters (I5, I16) hang on people and are in kefu_bi.findings (不变式检查; I1, I2, I3, I6, I7, I8, I9, I10, I11, I12, I13, I14, I15, I17, I18, I19, I20, I21)';
COMMENT ON COLUMN kefu_bi.invariants.invariant IS 'I1 negative comment ended without an answer, I2 clock without its level, I3 closed ticket with an open work order, I6 post that left without approved review, I7 copied text without its source, I8 third soft repost of a day, I9 change notice whose ten minutes are over, I10 threshold reached without a duty, I11 a discouraged kind followed by the desk without a leader''s reason, or a mandatory follow not even proposed after two hours, I12 complaint record without one of its five fields (category and location are due when it is archived), I13 events missing or too many, I14 acknowledgement without department or time limit, I15 shelved without having been asked, I17 send uncertain for 10 minutes, I18 dead link still published after its time, I19 live message undecided after its 30 minutes, I20 customer unread on an answered ticket, I21 object unlike its last event (不变式)';
COMMENT ON COLUMN kefu_bi.invariants.rulebook IS 'R number it guards, or house (规范条款)';
COMMENT ON COLUMN kefu_bi.invariants.object_type IS 'what breaks it; outbound is a send (对象类型)';
COMMENT ON COLUMN kefu_bi.invariants.object_type_label_zh IS 'Chinese label of object_type (对象类型标签)';
COMMENT ON COLUMN kefu_bi.invariants.object_type_label_en IS 'English label of object_type (对象类型英文标签)';
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
