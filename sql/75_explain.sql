-- 75_explain: who has a ticket, who waits for whom, and what is next.
--
-- kefu.holder says for each state of a ticket or work order in whose hands the
-- matter is; kefu_bi.time_split and kefu.explain() both read it.

CREATE TABLE kefu.holder (
    machine text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    holder text COLLATE "C" NOT NULL CONSTRAINT holder_holder CHECK
        (holder IN ('desk', 'department', 'hotline', 'customer', 'order', 'over')),
    PRIMARY KEY (machine, state),
    FOREIGN KEY (machine, state) REFERENCES kefu.state
);
COMMENT ON TABLE kefu.holder IS 'Engine rows: in whose hands a matter is in each state of a ticket or work order (责任方)';
COMMENT ON COLUMN kefu.holder.machine IS 'machine (状态机)';
COMMENT ON COLUMN kefu.holder.state IS 'state (状态)';
COMMENT ON COLUMN kefu.holder.holder IS 'desk 客服, department 部门, hotline 10000号, customer 客户; order: whoever has the work order; over: nobody any more (责任方)';

INSERT INTO kefu.holder (machine, state, holder)
SELECT s.machine, s.state,
       CASE WHEN s.is_final OR s.state IN ('resolved', 'thanked', 'grievance', 'shelved') THEN 'over'
            WHEN s.machine = 'work_order' THEN
                CASE WHEN s.state IN ('dispatched', 'judging', 'handling') THEN 'department'
                     WHEN s.state = 'suspended' THEN 'customer' ELSE 'desk' END
            WHEN s.state IN ('answered', 'reason_asked') THEN 'customer'
            WHEN s.state = 'calling_back' THEN 'hotline'
            WHEN s.state = 'referred' THEN 'order'
            ELSE 'desk' END
  FROM kefu.state s JOIN kefu.machine m USING (machine)
 WHERE m.object_type IN ('ticket', 'work_order');

CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.holder
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();

-- --- where the time went ------------------------------------------------------------

CREATE VIEW kefu_bi.time_split WITH (security_barrier) AS
WITH mine AS (
    SELECT t.ticket_id, t.kind, t.unit, t.received_unit, t.home_unit, t.posted_at, t.opened_at
      FROM kefu.ticket t
     WHERE t.unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.received_unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.home_unit = ANY ((SELECT kefu.my_units())::text[])
        OR t.ticket_id = ANY ((SELECT kefu.my_tickets())::bigint[])
), step AS (
    -- What each event of the ticket and of its orders changed; NULL: nothing.
    SELECT m.ticket_id, e.at, e.event_id,
           CASE WHEN e.event = 'called' THEN 'desk'
                WHEN e.from_state IS DISTINCT FROM e.to_state THEN h.holder END AS ticket_holder,
           NULL::text AS order_holder,
           CASE WHEN e.event IN ('take', 'assign', 'hand_over') THEN true
                WHEN e.event IN ('open', 'release', 'transfer', 'archive') THEN false END AS is_taken
      FROM mine m
      JOIN kefu.audit_event e ON e.object_type = 'ticket' AND e.object_id = m.ticket_id
      LEFT JOIN kefu.holder h
             ON h.machine = CASE WHEN e.to_state LIKE '%:%' THEN split_part(e.to_state, ':', 1) ELSE e.machine END
            AND h.state = CASE WHEN e.to_state LIKE '%:%' THEN split_part(e.to_state, ':', 2) ELSE e.to_state END
    UNION ALL
    SELECT m.ticket_id, e.at, e.event_id, NULL, h.holder, NULL
      FROM mine m
      JOIN kefu.work_order o USING (ticket_id)
      JOIN kefu.audit_event e ON e.object_type = 'work_order' AND e.object_id = o.order_id
      LEFT JOIN kefu.holder h ON h.machine = 'work_order' AND h.state = e.to_state
), counted AS (
    SELECT s.*,
           count(s.ticket_holder) OVER so_far AS ticket_no,
           count(s.order_holder) OVER so_far AS order_no,
           count(s.is_taken) OVER so_far AS taken_no,
           lead(s.at) OVER (PARTITION BY s.ticket_id ORDER BY s.at, s.event_id) AS next_at
      FROM step s
    WINDOW so_far AS (PARTITION BY s.ticket_id ORDER BY s.at, s.event_id)
), held AS (
    SELECT c.ticket_id, coalesce(c.next_at, kefu.now()) - c.at AS span,
           max(c.ticket_holder) OVER (PARTITION BY c.ticket_id, c.ticket_no) AS ticket_holder,
           max(c.order_holder) OVER (PARTITION BY c.ticket_id, c.order_no) AS order_holder,
           bool_or(c.is_taken) OVER (PARTITION BY c.ticket_id, c.taken_no) AS is_taken
      FROM counted c
), split AS (
    SELECT h.ticket_id, h.span,
           CASE WHEN w.holder = 'desk' AND h.is_taken IS NOT TRUE AND h.ticket_holder <> 'order' THEN 'nobody'
                ELSE w.holder END AS holder
      FROM held h
      CROSS JOIN LATERAL (SELECT CASE WHEN h.ticket_holder = 'order' AND h.order_holder <> 'over'
                                      THEN h.order_holder
                                      WHEN h.ticket_holder = 'order' THEN 'desk'
                                      ELSE h.ticket_holder END AS holder) AS w
)
SELECT m.ticket_id,
       m.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       m.home_unit,
       ou.name_zh AS home_unit_label_zh,
       ou.name_en AS home_unit_label_en,
       m.received_unit,
       ru.name_zh AS received_unit_label_zh,
       ru.name_en AS received_unit_label_en,
       m.unit,
       hu.name_zh AS unit_label_zh,
       hu.name_en AS unit_label_en,
       s.unseen_minutes,
       s.nobody_minutes,
       s.desk_minutes,
       s.department_minutes,
       s.hotline_minutes,
       s.customer_minutes,
       s.unseen_minutes + s.nobody_minutes + s.desk_minutes + s.department_minutes + s.hotline_minutes
           + s.customer_minutes AS total_minutes
  FROM mine m
  JOIN kefu.machine k ON k.machine = m.kind
  CROSS JOIN LATERAL (
       SELECT round(extract(epoch FROM m.opened_at - m.posted_at) / 60, 1) AS unseen_minutes,
              coalesce(round(sum(extract(epoch FROM x.span)) FILTER (WHERE x.holder = 'nobody') / 60, 1), 0) AS nobody_minutes,
              coalesce(round(sum(extract(epoch FROM x.span)) FILTER (WHERE x.holder = 'desk') / 60, 1), 0) AS desk_minutes,
              coalesce(round(sum(extract(epoch FROM x.span)) FILTER (WHERE x.holder = 'department') / 60, 1), 0) AS department_minutes,
              coalesce(round(sum(extract(epoch FROM x.span)) FILTER (WHERE x.holder = 'hotline') / 60, 1), 0) AS hotline_minutes,
              coalesce(round(sum(extract(epoch FROM x.span)) FILTER (WHERE x.holder = 'customer') / 60, 1), 0) AS customer_minutes
         FROM split x WHERE x.ticket_id = m.ticket_id) AS s
  LEFT JOIN kefu.unit ou ON ou.unit = m.home_unit
  LEFT JOIN kefu.unit ru ON ru.unit = m.received_unit
  LEFT JOIN kefu.unit hu ON hu.unit = m.unit;
COMMENT ON VIEW kefu_bi.time_split IS 'Where the time of each ticket went, in minutes of wall clock up to its end or now: with nobody, the desk, a department, the hotline, the customer (时间分布; R15, R89)';
COMMENT ON COLUMN kefu_bi.time_split.ticket_id IS 'ticket (工单编号)';
COMMENT ON COLUMN kefu_bi.time_split.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu_bi.time_split.kind_label_zh IS 'the same in Chinese (类型名称)';
COMMENT ON COLUMN kefu_bi.time_split.kind_label_en IS 'English label of kind (类型名称英文标签)';
COMMENT ON COLUMN kefu_bi.time_split.home_unit IS 'province of the customer; NULL unknown (归属机构)';
COMMENT ON COLUMN kefu_bi.time_split.home_unit_label_zh IS 'Chinese label of home_unit; NULL where that is (归属机构标签)';
COMMENT ON COLUMN kefu_bi.time_split.home_unit_label_en IS 'English label of home_unit; NULL where that is (归属机构英文标签)';
COMMENT ON COLUMN kefu_bi.time_split.received_unit IS 'unit of the account written to (接收机构)';
COMMENT ON COLUMN kefu_bi.time_split.received_unit_label_zh IS 'Chinese label of received_unit; NULL where that is (接收机构标签)';
COMMENT ON COLUMN kefu_bi.time_split.received_unit_label_en IS 'English label of received_unit; NULL where that is (接收机构英文标签)';
COMMENT ON COLUMN kefu_bi.time_split.unit IS 'unit that handles it (处理机构)';
COMMENT ON COLUMN kefu_bi.time_split.unit_label_zh IS 'Chinese label of unit (处理机构标签)';
COMMENT ON COLUMN kefu_bi.time_split.unit_label_en IS 'English label of unit (处理机构英文标签)';
COMMENT ON COLUMN kefu_bi.time_split.unseen_minutes IS 'from the customer''s post until the desk had it (未发现分钟)';
COMMENT ON COLUMN kefu_bi.time_split.nobody_minutes IS 'in the queue: the desk''s turn, and nobody had taken it; 0 if none (无人处理分钟)';
COMMENT ON COLUMN kefu_bi.time_split.desk_minutes IS 'with a person of the desk, reviews of the work order included; 0 if none (客服分钟)';
COMMENT ON COLUMN kefu_bi.time_split.department_minutes IS 'with a department; 0 if none (部门分钟)';
COMMENT ON COLUMN kefu_bi.time_split.hotline_minutes IS 'with the 10000 hotline; 0 if none (热线分钟)';
COMMENT ON COLUMN kefu_bi.time_split.customer_minutes IS 'answered or asked, the customer''s turn; a suspension too; 0 if none (客户分钟)';
COMMENT ON COLUMN kefu_bi.time_split.total_minutes IS 'sum of the columns before: from the post until it was over, or until now (合计分钟)';

-- --- in words --------------------------------------------------------------------------

CREATE FUNCTION kefu.span_text(span interval, zh boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN (SELECT CASE WHEN d > 0 THEN format(CASE WHEN zh THEN '%s天%s小时' ELSE '%s d %s h' END, d, h)
                        WHEN h > 0 THEN format(CASE WHEN zh THEN '%s小时%s分' ELSE '%s h %s min' END, h, m)
                        ELSE format(CASE WHEN zh THEN '%s分钟' ELSE '%s min' END, m) END
              FROM (SELECT s / 86400 AS d, s % 86400 / 3600 AS h, s % 3600 / 60 AS m
                      FROM (SELECT floor(abs(extract(epoch FROM span)))::bigint AS s) AS x) AS y);
COMMENT ON FUNCTION kefu.span_text(interval, boolean) IS 'A span in words, days and hours, or hours and minutes, without sign; zh: in Chinese (时长文字)';

CREATE FUNCTION kefu.explain(ticket bigint, language text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    zh boolean := coalesce(language, current_setting('kefu.language')) = 'zh';
    t kefu.ticket;
    o kefu.work_order;
    c record;
    said record;
    in_state text;
    holder text;
    waits text;
    since timestamptz;
    lines text[];
BEGIN
    SELECT * INTO t FROM kefu.ticket k WHERE k.ticket_id = explain.ticket;
    IF NOT ARRAY[t.unit, t.received_unit, t.home_unit] && kefu.my_units()
       AND NOT kefu.is_given('ticket', t.ticket_id, t.unit, t.handler) THEN
        PERFORM kefu.require_unit(NULL);
    END IF;
    SELECT CASE WHEN zh THEN s.label_zh ELSE s.label_en END, h.holder INTO in_state, holder
      FROM kefu.state s JOIN kefu.holder h USING (machine, state)
     WHERE s.machine = t.kind AND s.state = t.state;
    SELECT max(e.at) INTO since FROM kefu.audit_event e
     WHERE e.object_type = 'ticket' AND e.object_id = t.ticket_id AND e.from_state IS DISTINCT FROM e.to_state;
    lines := ARRAY[format(
        CASE WHEN zh THEN '%s %s:第%s轮,%s(自%s起,已%s)。'
             ELSE '%s %s, round %s: %s (since %s, for %s).' END,
        (SELECT CASE WHEN zh THEN m.label_zh ELSE m.label_en END FROM kefu.machine m WHERE m.machine = t.kind),
        t.ticket_id, t.round, in_state, to_char(since AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'),
        kefu.span_text(now - since, zh))];

    -- Who waits for whom. After the call the written answer is the desk's.
    IF holder = 'hotline' AND NOT EXISTS (
           SELECT FROM kefu.task k
            WHERE k.ticket_id = t.ticket_id AND k.cause = 'call_back' AND k.state = 'open') THEN
        holder := 'desk';
    END IF;
    IF holder = 'order' THEN
        SELECT * INTO o FROM kefu.work_order w WHERE w.order_id = t.order_id;
        SELECT h.holder, CASE WHEN zh THEN s.label_zh ELSE s.label_en END INTO holder, in_state
          FROM kefu.holder h JOIN kefu.state s USING (machine, state)
         WHERE h.machine = 'work_order' AND h.state = o.state;
        lines := lines || format(CASE WHEN zh THEN '投诉单%s:%s,责任部门%s。' ELSE 'Work order %s: %s, department %s.' END,
            o.order_id, in_state,
            (SELECT CASE WHEN zh THEN u.name_zh ELSE u.name_en END FROM kefu.unit u WHERE u.unit = o.department));
    END IF;
    waits := CASE holder
        WHEN 'over' THEN CASE WHEN zh THEN '处理已结束,不等任何人。' ELSE 'It is over; nobody waits.' END
        WHEN 'customer' THEN CASE WHEN zh THEN '客服在等客户回应。' ELSE 'The desk waits for the customer.' END
        WHEN 'hotline' THEN CASE WHEN zh THEN '客户在等10000号回访。' ELSE 'The customer waits for a call of the 10000 hotline.' END
        WHEN 'department' THEN CASE WHEN zh THEN '客户和客服都在等部门。' ELSE 'Customer and desk wait for the department.' END
        ELSE format(CASE WHEN zh THEN '客户在等%s(%s)。' ELSE 'The customer waits for %s (%s).' END,
            (SELECT CASE WHEN zh THEN u.name_zh ELSE u.name_en END FROM kefu.unit u WHERE u.unit = t.unit),
            coalesce((SELECT s.name FROM kefu.staff s WHERE s.staff_id = coalesce(o.handler, t.handler)),
                     CASE WHEN zh THEN '尚无人领取' ELSE 'nobody has taken it' END)) END;
    lines := lines || waits;
    IF t.needs_reading THEN
        lines := lines || CASE WHEN zh THEN '客户又来言,尚无人判明含义。'::text
                               ELSE 'The customer wrote again and nobody has named the meaning.' END;
    END IF;

    -- What has been said and not been taken yet.
    FOR said IN SELECT p.event, b.state, count(*) AS parts FROM kefu.speech p JOIN kefu.outbound b USING (speech_id)
                 WHERE p.object_type = 'ticket' AND p.object_id = t.ticket_id
                   AND b.state IN ('queued', 'sending', 'uncertain') GROUP BY p.event, b.state ORDER BY 1, 2 LOOP
        lines := lines || format(
            CASE WHEN zh THEN '"%s"尚未送达(%s)。' ELSE 'What was said by "%s" is not delivered yet (%s).' END,
            (SELECT CASE WHEN zh THEN v.label_zh ELSE v.label_en END FROM kefu.event v WHERE v.event = said.event),
            said.state);
    END LOOP;

    -- What is next: each running promise, and what happens if nobody does anything.
    FOR c IN SELECT k.clock, k.due_at, k.paused_at, k.next_fire_at, l.role, l.event,
                    (SELECT CASE WHEN zh THEN b.label_zh ELSE b.label_en END FROM kefu_bi.labels b
                      WHERE b.code_kind = 'clock' AND b.code = k.clock) AS label,
                    (SELECT CASE WHEN zh THEN b.label_zh ELSE b.label_en END FROM kefu_bi.labels b
                      WHERE b.code_kind = 'role' AND b.code = l.role) AS told,
                    (SELECT CASE WHEN zh THEN v.label_zh ELSE v.label_en END FROM kefu.event v
                      WHERE v.event = l.event) AS fires
               FROM kefu.clock k
               LEFT JOIN kefu.clock_policy p ON p.policy_id = k.policy_id
               LEFT JOIN kefu.clock_level l ON l.clock = p.clock AND l.unit = p.unit
                     AND l.valid_from = p.valid_from AND l.level = k.next_level AND k.next_fire_at IS NOT NULL
              WHERE k.stopped_at IS NULL
                AND ((k.object_type = 'ticket' AND k.object_id = t.ticket_id)
                     OR (k.object_type = 'work_order' AND k.object_id = t.order_id))
              ORDER BY k.due_at, k.clock_id LOOP
        lines := lines || (format(
            CASE WHEN zh THEN '%s:%s到期,%s%s' ELSE '%s: due %s, %s%s' END,
            coalesce(c.label, c.clock), to_char(c.due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'),
            CASE WHEN c.paused_at IS NOT NULL THEN CASE WHEN zh THEN '已暂停' ELSE 'paused' END
                 WHEN c.due_at < now THEN CASE WHEN zh THEN '已超时' ELSE 'late by ' END || kefu.span_text(now - c.due_at, zh)
                 ELSE CASE WHEN zh THEN '还剩' ELSE 'left ' END || kefu.span_text(c.due_at - now, zh) END,
            CASE WHEN c.next_fire_at IS NULL THEN '' ELSE format(
                CASE WHEN zh THEN ';否则%s%s' ELSE '; else at %s: %s' END,
                to_char(c.next_fire_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'),
                concat_ws(CASE WHEN zh THEN '并' ELSE ' and ' END,
                    CASE WHEN zh THEN '提醒' ELSE 'tell ' END || coalesce(c.told, c.role),
                    CASE WHEN zh THEN '转为' ELSE '' END || coalesce(c.fires, c.event))) END)
            || CASE WHEN zh THEN '。' ELSE '.' END);
    END LOOP;
    RETURN array_to_string(lines, E'\n');
END $$;
COMMENT ON FUNCTION kefu.explain(bigint, text) IS
'One ticket in plain words: where it is and since when, who waits for whom, what was said and not delivered, and each running promise with what happens if nobody does anything. language zh or en, kefu.language if left out; times are Beijing''s. KF008 if it is not there or not visible (工单说明)';
