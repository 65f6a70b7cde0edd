-- 38_guards: what the transitions ask before (guards) and do after (effects).
--
-- Each takes the move it serves and runs inside the engine, under the pinned
-- path and the rights of kefu.advance(); nobody else may execute them.  A guard
-- changes nothing; NULL counts as false.  An effect may change the moved
-- object's own columns (never state, version or chain) and raise events on
-- other objects.  They trust m: the engine has checked caller and facts.

-- --- guards on facts ----------------------------------------------------------

CREATE FUNCTION kefu.guard_kind_is_opinion_only(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'opinion'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_opinion_only(kefu.move) IS 'The message is a suggestion and nothing else (仅为意见; R135)';

CREATE FUNCTION kefu.guard_kind_is_task(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'task'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_task(kefu.move) IS 'The message only asks for something to be done, such as a repost (仅为待办; R54-R68)';

CREATE FUNCTION kefu.guard_kind_is_inquiry(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'inquiry'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_inquiry(kefu.move) IS 'The new kind is an inquiry (咨询)';

CREATE FUNCTION kefu.guard_kind_is_complaint(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'complaint'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_complaint(kefu.move) IS 'The new kind is a complaint (投诉)';

CREATE FUNCTION kefu.guard_kind_is_negative(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'negative'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_negative(kefu.move) IS 'The new kind is a negative comment (负面评价)';

CREATE FUNCTION kefu.guard_kind_is_praise(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'praise'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_praise(kefu.move) IS 'The new kind is praise (表扬)';

CREATE FUNCTION kefu.guard_cause_known(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'complaint' AND m.args ->> 'cause' <> ''; END $$;
COMMENT ON FUNCTION kefu.guard_cause_known(kefu.move) IS 'The cause of the negative comment is named, so it is a complaint (原因已明确; R126, R128)';

-- --- guards on messages --------------------------------------------------------

CREATE FUNCTION kefu.guard_before_feed_start(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF m.id IS NULL THEN
        RETURN m.args ->> 'is_live' = 'false';
    END IF;
    RETURN (SELECT NOT g.is_live FROM kefu.message g WHERE g.message_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_before_feed_start(kefu.move) IS 'The message is older than its feed''s start: history (早于信息源起始时间)';

CREATE FUNCTION kefu.guard_belongs_to_ticket(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ? 'ticket'; END $$;
COMMENT ON FUNCTION kefu.guard_belongs_to_ticket(kefu.move) IS 'By parent or private thread it answers an open ticket (属于已有个案)';

CREATE FUNCTION kefu.guard_written_to_us(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'to_us' = 'true'; END $$;
COMMENT ON FUNCTION kefu.guard_written_to_us(kefu.move) IS 'A comment, mention or private message to one of our accounts (发给我方; ruling 30)';

CREATE FUNCTION kefu.guard_is_not_negative(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT coalesce(t.kind, g.confirmed_kind, g.suggested_kind, '') <> 'negative'
              FROM kefu.message g LEFT JOIN kefu.ticket t USING (ticket_id)
             WHERE g.message_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_is_not_negative(kefu.move) IS 'Nobody and no rule calls the message negative: such a one is never put aside (非负面; R125)';

CREATE FUNCTION kefu.guard_removal_needs_leader(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT g.suggested_kind = 'complaint' OR EXISTS (
                       SELECT FROM kefu.ticket t JOIN kefu.state s
                              ON s.machine = t.kind AND s.state = t.state
                        WHERE t.person_id = g.person_id AND NOT t.is_provisional
                          AND NOT s.is_final)
              FROM kefu.message g WHERE g.message_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_removal_needs_leader(kefu.move) IS 'A service grievance is in it, or its author has an open ticket (须值班长批准删除; ruling 12)';

CREATE FUNCTION kefu.guard_asked_by_another(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce((SELECT g.asked_by FROM kefu.message g WHERE g.message_id = m.id),
                    (m.args ->> 'asked_by')::integer) <> m.staff_id;
END $$;
COMMENT ON FUNCTION kefu.guard_asked_by_another(kefu.move) IS 'Somebody else asked for the removal (由他人提出; ruling 12)';

-- --- guards on tickets ----------------------------------------------------------

CREATE FUNCTION kefu.guard_is_provisional(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT t.is_provisional FROM kefu.ticket t WHERE t.ticket_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_is_provisional(kefu.move) IS 'The ticket was opened at ingest and nobody has confirmed it (临时个案; ruling 30)';

CREATE FUNCTION kefu.guard_later_round(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.round > 1; END $$;
COMMENT ON FUNCTION kefu.guard_later_round(kefu.move) IS 'Not the first round: the customer was told before (非首轮; R97, R115)';

CREATE FUNCTION kefu.guard_second_round(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.round = 2; END $$;
COMMENT ON FUNCTION kefu.guard_second_round(kefu.move) IS 'The second dissatisfaction (第二次不满意; ruling 25)';

CREATE FUNCTION kefu.guard_third_round(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.round >= 3; END $$;
COMMENT ON FUNCTION kefu.guard_third_round(kefu.move) IS 'The third dissatisfaction or a later one (第三次不满意; ruling 25)';

CREATE FUNCTION kefu.guard_within_reopen_window(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT m.at < coalesce(t.resolved_at, t.answered_at, t.opened_at) + interval '720 hours'
              FROM kefu.ticket t WHERE t.ticket_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_within_reopen_window(kefu.move) IS 'Resolved less than 30 days ago (30天内; ruling 19)';

CREATE FUNCTION kefu.guard_no_contact_given(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT NOT t.has_contact FROM kefu.ticket t WHERE t.ticket_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_no_contact_given(kefu.move) IS 'The customer gave no number to call (未留联系方式; ruling 4)';

CREATE FUNCTION kefu.guard_order_closed(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT o.state = 'closed' FROM kefu.ticket t JOIN kefu.work_order o USING (order_id)
             WHERE t.ticket_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_order_closed(kefu.move) IS 'The work order is closed as qualified (投诉单处理合格; R121)';

CREATE FUNCTION kefu.guard_judged_malicious(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce(m.args ->> 'judgement',
                    (SELECT t.judgement FROM kefu.ticket t WHERE t.ticket_id = m.id)) = 'malicious';
END $$;
COMMENT ON FUNCTION kefu.guard_judged_malicious(kefu.move) IS 'Judged malicious (恶意抹黑; R130)';

CREATE FUNCTION kefu.guard_judged_vague(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce(m.args ->> 'judgement',
                    (SELECT t.judgement FROM kefu.ticket t WHERE t.ticket_id = m.id)) = 'vague';
END $$;
COMMENT ON FUNCTION kefu.guard_judged_vague(kefu.move) IS 'Judged too vague (过于笼统; R127)';

CREATE FUNCTION kefu.guard_archive_complete(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT t.message_id IS NOT NULL AND t.person_id IS NOT NULL
                   AND (t.kind NOT IN ('inquiry', 'complaint')
                        OR (t.solution IS NOT NULL AND t.result IS NOT NULL))
                   AND (t.kind <> 'complaint'
                        OR (t.category IS NOT NULL AND t.location_source <> 'unknown'))
              FROM kefu.ticket t WHERE t.ticket_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_archive_complete(kefu.move) IS 'The record has all its fields; a complaint also its category and location (档案完整; R95, R112, ruling 27)';

CREATE FUNCTION kefu.guard_spoke_from(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (
        SELECT FROM kefu.speech p JOIN kefu.ticket t ON t.ticket_id = p.object_id
         WHERE p.speech_id = (m.args ->> 'speech')::bigint
           AND p.object_type = 'ticket' AND p.object_id = m.id
           AND p.from_state = m.guard_arg AND p.version = t.version);
END $$;
COMMENT ON FUNCTION kefu.guard_spoke_from(kefu.move) IS 'The speech that failed was said from this state, and nothing happened since (由该状态发出且其后无变化)';

-- --- guards on work orders --------------------------------------------------------

CREATE FUNCTION kefu.guard_reviews_off(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT NOT o.needs_reviews FROM kefu.work_order o WHERE o.order_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_reviews_off(kefu.move) IS 'The order goes without the two reviews: inquiries by default (免审核)';

CREATE FUNCTION kefu.guard_bounced_before(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT o.bounce_count >= 1 FROM kefu.work_order o WHERE o.order_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_bounced_before(kefu.move) IS 'The order was returned once before (曾退单; ruling 20)';

CREATE FUNCTION kefu.guard_unqualified_before(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT o.rework_count >= 1 FROM kefu.work_order o WHERE o.order_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_unqualified_before(kefu.move) IS 'A result was found unqualified once before (曾不合格; ruling 20)';

CREATE FUNCTION kefu.guard_has_result(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT o.handled_by IS NOT NULL FROM kefu.work_order o WHERE o.order_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_has_result(kefu.move) IS 'A department has handled it (已有处理结果)';

CREATE FUNCTION kefu.guard_reviewer_unit_differs(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT NOT EXISTS (SELECT FROM kefu.unit_path(s.unit) AS p(unit)
                                WHERE p.unit = o.handled_by)
              FROM kefu.work_order o, kefu.staff s
             WHERE o.order_id = m.id AND s.staff_id = m.staff_id);
END $$;
COMMENT ON FUNCTION kefu.guard_reviewer_unit_differs(kefu.move) IS 'Who reviews doesn''t work in the unit that handled it, nor below it (审核与处理分离; ruling 25)';

CREATE FUNCTION kefu.guard_has_result_of_other_unit(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.guard_has_result(m) AND kefu.guard_reviewer_unit_differs(m); END $$;
COMMENT ON FUNCTION kefu.guard_has_result_of_other_unit(kefu.move) IS 'There is a result, and not of the leader''s own unit (已有他单位处理结果)';

-- --- helpers of effects -------------------------------------------------------------

CREATE FUNCTION kefu.may_happen(object_type text, id bigint, event text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    in_machine text;
    in_state text;
BEGIN
    IF object_type = 'ticket' THEN
        SELECT t.kind, t.state INTO in_machine, in_state FROM kefu.ticket t WHERE t.ticket_id = id;
    ELSIF object_type = 'work_order' THEN
        SELECT 'work_order', o.state INTO in_machine, in_state
          FROM kefu.work_order o WHERE o.order_id = id;
    END IF;
    RETURN EXISTS (SELECT FROM kefu.transition n
                    WHERE n.machine = in_machine AND n.from_state = in_state
                      AND n.event = may_happen.event);
END $$;
COMMENT ON FUNCTION kefu.may_happen(text, bigint, text) IS 'True if the object''s state has the event at all; guards are not asked (是否存在该事件)';

CREATE FUNCTION kefu.open_task(
    unit text, cause text, rulebook text, due_at timestamptz,
    ticket bigint DEFAULT NULL, message bigint DEFAULT NULL, work_order bigint DEFAULT NULL,
    outbound bigint DEFAULT NULL, note text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RETURN (kefu.raise_new('task', 'open', jsonb_strip_nulls(jsonb_build_object(
        'unit', unit, 'cause', cause, 'rulebook', rulebook, 'due_at', due_at, 'ticket', ticket,
        'message', message, 'order', work_order, 'outbound', outbound, 'note', note)))).id;
END $$;
COMMENT ON FUNCTION kefu.open_task(text, text, text, timestamptz, bigint, bigint, bigint, bigint, text) IS
'Opens a task for a unit, raised by another event (开立待办)';

CREATE FUNCTION kefu.hotline_of(unit text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce(
        (SELECT h.unit
           FROM kefu.unit_path(hotline_of.unit) WITH ORDINALITY AS p(unit, step)
           JOIN kefu.unit h ON h.parent = p.unit AND h.kind = 'hotline' AND h.is_live
          ORDER BY p.step, h.unit LIMIT 1),
        hotline_of.unit);
END $$;
COMMENT ON FUNCTION kefu.hotline_of(text) IS 'The nearest 10000 hotline up the tree; the unit itself where there is none (所属10000号; R93)';

-- --- effects on any object -----------------------------------------------------------

CREATE FUNCTION kefu.effect_raise_level(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF m.machine = 'work_order' THEN
        UPDATE kefu.work_order SET level = level + 1 WHERE order_id = m.id;
    ELSE
        UPDATE kefu.ticket SET level = level + 1 WHERE ticket_id = m.id;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_raise_level(kefu.move) IS 'The level rises by one; it never falls while open (升级)';

CREATE FUNCTION kefu.effect_append_need(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    need text := m.args ->> 'further_need';
    open_order bigint;
BEGIN
    IF m.machine = 'work_order' THEN
        UPDATE kefu.work_order SET further_need = concat_ws(E'\n', further_need, need)
         WHERE order_id = m.id;
        RETURN;
    END IF;
    UPDATE kefu.ticket SET further_need = concat_ws(E'\n', further_need, need), needs_reading = false
     WHERE ticket_id = m.id RETURNING order_id INTO open_order;
    IF open_order IS NOT NULL AND kefu.may_happen('work_order', open_order, 'further_need') THEN
        PERFORM kefu.raise_event('work_order', open_order, 'further_need', m.args);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_append_need(kefu.move) IS 'What the customer further needs is added, to the open order too (追加需求; R97, R115)';

-- --- effects on tickets ----------------------------------------------------------------

CREATE FUNCTION kefu.make_ticket(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    g kefu.message;
    new_id bigint;
BEGIN
    SELECT * INTO g FROM kefu.message WHERE message_id = (m.args ->> 'message')::bigint;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no message %', coalesce(m.args ->> 'message', 'null')
            USING ERRCODE = 'KF008', HINT = 'A ticket is opened from a message.';
    END IF;
    INSERT INTO kefu.ticket (
        kind, state, unit, received_unit, home_unit, account, message_id, person_id, first_kind,
        priority, category, location, location_source, posted_at, round_posted_at, opened_at,
        kind_confirmed_at)
    SELECT m.machine, m.to_state, m.unit, a.unit, p.home_unit, g.account, g.message_id,
           g.person_id, m.machine, coalesce((m.args ->> 'priority')::smallint, 2),
           m.args ->> 'category', p.home_unit, CASE WHEN p.home_unit IS NULL THEN 'unknown' ELSE 'profile' END,
           g.posted_at, g.posted_at, m.at, m.at
      FROM kefu.account a, kefu.person p
     WHERE a.account = g.account AND p.person_id = g.person_id
    RETURNING ticket_id INTO new_id;
    INSERT INTO kefu.round (ticket_id, round, posted_at, opened_at, message_id)
    VALUES (new_id, 1, g.posted_at, m.at, g.message_id);
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_ticket(kefu.move) IS 'Inserts a ticket for a message that a person triaged; ingest makes provisional ones set-wise (建立个案)';

CREATE FUNCTION kefu.effect_set_kind_confirmed(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket
       SET kind_confirmed_at = m.at, is_provisional = false,
           priority = coalesce((m.args ->> 'priority')::smallint, priority),
           category = coalesce(m.args ->> 'category', category)
     WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_set_kind_confirmed(kefu.move) IS 'A person has confirmed kind and priority (确认类型; R105, R124)';

CREATE FUNCTION kefu.effect_set_priority(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket SET priority = (m.args ->> 'priority')::smallint WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_set_priority(kefu.move) IS 'The priority is set; 1 is the highest (设优先级; R105)';

CREATE FUNCTION kefu.effect_amend_record(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket
       SET category = coalesce(m.args ->> 'category', category),
           location = coalesce(m.args ->> 'location', location),
           location_source = CASE WHEN m.args ->> 'location' <> '' AND m.event = 'amend'
                                  THEN 'customer' ELSE coalesce(location_source, 'unknown') END
     WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_amend_record(kefu.move) IS 'Category and location of the complaint record; what the customer says counts more than the profile (补充记录; R112)';

CREATE FUNCTION kefu.effect_hand_over_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket t SET handler = s.staff_id
      FROM kefu.shift s
     WHERE t.ticket_id = m.id AND s.shift_id = (m.args ->> 'shift')::bigint;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no shift %', m.args ->> 'shift' USING ERRCODE = 'KF008';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_hand_over_ticket(kefu.move) IS 'Whoever has that shift handles it (交接)';

CREATE FUNCTION kefu.effect_transfer_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket SET unit = m.args ->> 'unit', handler = NULL WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_transfer_ticket(kefu.move) IS 'Another unit handles it; clocks and promise stay, the receiving unit keeps reading (转派机构; R4)';

CREATE FUNCTION kefu.effect_queue_customer_wrote(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket SET needs_reading = true WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_queue_customer_wrote(kefu.move) IS 'The customer wrote again: it stands first in the handler''s queue until somebody names the meaning (客户再次来言)';

CREATE FUNCTION kefu.effect_new_round(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    said_at timestamptz := coalesce((m.args ->> 'posted_at')::timestamptz, m.at);
    need text := m.args ->> 'further_need';
BEGIN
    IF m.machine = 'work_order' THEN
        UPDATE kefu.work_order
           SET round = round + 1, closed_at = NULL, handler = NULL, unit = desk_unit,
               further_need = concat_ws(E'\n', further_need, need)
         WHERE order_id = m.id;
        RETURN;
    END IF;
    UPDATE kefu.round SET ended_by = m.event WHERE ticket_id = m.id AND round = m.round;
    INSERT INTO kefu.round (ticket_id, round, posted_at, opened_at, message_id)
    VALUES (m.id, m.round + 1, said_at, m.at, (m.args ->> 'message')::bigint);
    UPDATE kefu.ticket
       SET round = m.round + 1, round_posted_at = said_at, needs_reading = false,
           answered_at = NULL, resolved_at = NULL, result = NULL,
           satisfaction = CASE WHEN m.event = 'dissatisfied' THEN 'dissatisfied'
                               ELSE satisfaction END,
           further_need = concat_ws(E'\n', further_need, need)
     WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_new_round(kefu.move) IS 'A new round with a promise of its own, from the message that opened it; the earlier rounds keep their results (新一轮; ruling 25)';

CREATE FUNCTION kefu.effect_escalate_shift_leader(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.effect_new_round(m);
    PERFORM kefu.effect_raise_level(m);
    PERFORM kefu.open_task(m.unit, 'second_dissatisfaction', 'house', m.at + interval '2 hours', m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_escalate_shift_leader(kefu.move) IS 'Second dissatisfaction: a new round, and a task for the shift leader (提级至值班长; ruling 25)';

CREATE FUNCTION kefu.effect_escalate_group_cs(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.effect_new_round(m);
    PERFORM kefu.effect_raise_level(m);
    PERFORM kefu.open_task('group', 'third_dissatisfaction', 'house', m.at + interval '2 hours', m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_escalate_group_cs(kefu.move) IS 'Third dissatisfaction: a new round, and a task for Group (提级至集团; ruling 25)';

CREATE FUNCTION kefu.effect_set_resolved(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket
       SET resolved_at = m.at, needs_reading = false,
           satisfaction = CASE WHEN m.event = 'accept' AND satisfaction <> 'not_asked'
                               THEN 'satisfied' ELSE satisfaction END
     WHERE ticket_id = m.id;
    UPDATE kefu.round SET ended_by = m.event WHERE ticket_id = m.id AND round = m.round;
END $$;
COMMENT ON FUNCTION kefu.effect_set_resolved(kefu.move) IS 'The ticket is resolved; by silence it stays counted as no reply (置为已解决; ruling 14)';

CREATE FUNCTION kefu.effect_set_satisfied(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.effect_set_resolved(m);
    UPDATE kefu.ticket SET satisfaction = 'satisfied' WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_set_satisfied(kefu.move) IS 'The customer says so (客户满意; R115)';

CREATE FUNCTION kefu.effect_ask_satisfaction(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket SET satisfaction = 'no_reply' WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_ask_satisfaction(kefu.move) IS 'The answer asks whether the customer is satisfied: no reply until there is one (询问满意度; R114, R122)';

CREATE FUNCTION kefu.effect_record_and_ask_satisfaction(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.effect_amend_record(m);
    PERFORM kefu.effect_ask_satisfaction(m);
END $$;
COMMENT ON FUNCTION kefu.effect_record_and_ask_satisfaction(kefu.move) IS 'A direct answer records the complaint too (直接答复并记录; R118, ruling 27)';

CREATE FUNCTION kefu.effect_set_judgement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket SET judgement = m.args ->> 'judgement' WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_set_judgement(kefu.move) IS 'What the negative comment was judged to be (判别结果; R126-R130)';

CREATE FUNCTION kefu.effect_set_solution(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket SET solution = m.args ->> 'solution' WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_set_solution(kefu.move) IS 'The department''s solution is put on the ticket (记录解决办法; R99)';

CREATE FUNCTION kefu.effect_store_contact(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    INSERT INTO kefu.personal_data (person_id, kind, value, purpose, consent, given_at, ticket_id)
    SELECT t.person_id, c.key, c.value, coalesce(m.args ->> 'purpose', 'handling'),
           m.args ->> 'consent', m.at, m.id
      FROM kefu.ticket t, jsonb_each_text(m.args -> 'contact') AS c
     WHERE t.ticket_id = m.id
        ON CONFLICT (person_id, kind) DO UPDATE
       SET value = excluded.value, purpose = excluded.purpose, consent = excluded.consent,
           given_at = excluded.given_at, ticket_id = excluded.ticket_id;
    UPDATE kefu.ticket SET has_contact = true, needs_reading = false WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_store_contact(kefu.move) IS 'What the customer told of name, numbers and address goes to personal_data with its consent (记录联系方式; R94, R111)';

CREATE FUNCTION kefu.effect_urge_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    open_order bigint;
BEGIN
    UPDATE kefu.ticket
       SET urge_count = urge_count + 1, priority = greatest(priority - 1, 1), needs_reading = false
     WHERE ticket_id = m.id RETURNING order_id INTO open_order;
    IF open_order IS NOT NULL AND kefu.may_happen('work_order', open_order, 'urge') THEN
        PERFORM kefu.raise_event('work_order', open_order, 'urge', m.args);
    END IF;
    PERFORM kefu.open_task(m.unit, 'answer_chaser', 'house', m.at + interval '2 hours', m.id,
                           (m.args ->> 'message')::bigint);
END $$;
COMMENT ON FUNCTION kefu.effect_urge_ticket(kefu.move) IS 'A chaser: counted, the priority rises, the open order is chased, and the chaser gets an answer of its own (催单)';

CREATE FUNCTION kefu.effect_change_kind(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket
       SET kind_confirmed_at = m.at, is_provisional = false,
           category = coalesce(m.args ->> 'category', category),
           location_source = coalesce(location_source, 'unknown'),
           round_posted_at = CASE WHEN m.machine = 'negative' AND m.args ->> 'kind' = 'complaint'
                                  THEN coalesce((m.args ->> 'posted_at')::timestamptz, round_posted_at)
                                  ELSE round_posted_at END
     WHERE ticket_id = m.id;
    IF kefu.may_happen('ticket', m.id, 'record') THEN
        PERFORM kefu.raise_event('ticket', m.id, 'record', jsonb_strip_nulls(jsonb_build_object(
            'priority', (SELECT t.priority FROM kefu.ticket t WHERE t.ticket_id = m.id),
            'category', m.args ->> 'category')));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_change_kind(kefu.move) IS 'Another kind of ticket: the original start is kept, except that a complaint out of a negative comment starts where the cause became known; it is recorded at once (更改类型; rulings 25, 27)';

CREATE FUNCTION kefu.effect_record_from_message(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.effect_link_repeat(m);
    PERFORM kefu.raise_event('ticket', m.id, 'record', jsonb_build_object(
        'priority', (SELECT t.priority FROM kefu.ticket t WHERE t.ticket_id = m.id)));
END $$;
COMMENT ON FUNCTION kefu.effect_record_from_message(kefu.move) IS 'The complaint record is made from the message itself (由消息生成记录; R118, ruling 27)';

CREATE FUNCTION kefu.effect_link_repeat(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket t
       SET repeat_of = r.ticket_id, handler = r.handler
      FROM (SELECT e.ticket_id,
                   (SELECT s.staff_id FROM kefu.staff s
                     WHERE s.staff_id = e.handler AND s.is_active) AS handler
              FROM kefu.ticket e, kefu.ticket n
             WHERE n.ticket_id = m.id AND e.person_id = n.person_id AND e.ticket_id <> m.id
               AND e.kind = n.kind AND e.category IS NOT DISTINCT FROM n.category
               AND NOT e.is_provisional AND e.posted_at > n.posted_at - interval '720 hours'
             ORDER BY e.posted_at DESC LIMIT 1) AS r
     WHERE t.ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_link_repeat(kefu.move) IS 'Same person and matter within 30 days: linked to the earlier ticket, its handler first (重复投诉; ruling 19)';

CREATE FUNCTION kefu.effect_merge_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    target bigint := (m.args ->> 'ticket')::bigint;
BEGIN
    UPDATE kefu.ticket SET merged_into = target, needs_reading = false WHERE ticket_id = m.id;
    PERFORM kefu.raise_event('ticket', target, 'note', jsonb_build_object('merged', m.id));
END $$;
COMMENT ON FUNCTION kefu.effect_merge_ticket(kefu.move) IS 'The ticket goes on as another one; its messages and rounds are found through merged_into (并案)';

CREATE FUNCTION kefu.effect_link_into_complaint(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN PERFORM kefu.effect_merge_ticket(m); END $$;
COMMENT ON FUNCTION kefu.effect_link_into_complaint(kefu.move) IS 'The negative comment joins the person''s open complaint (并入投诉; R126, R128)';

CREATE FUNCTION kefu.effect_report_to_platform(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.open_task(m.unit, 'report_user', 'R131', m.at + interval '2 hours', m.id, NULL, NULL,
                           NULL, m.args ->> 'reason');
END $$;
COMMENT ON FUNCTION kefu.effect_report_to_platform(kefu.move) IS 'No platform has a way to report a user by program: a task (向平台举报; R131)';

CREATE FUNCTION kefu.effect_open_call_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.open_task(
        kefu.hotline_of(m.unit), 'call_back', 'R93',
        coalesce((SELECT c.due_at FROM kefu.clock c
                   WHERE c.object_type = 'ticket' AND c.object_id = m.id
                     AND c.clock = 'call_back' AND c.stopped_at IS NULL LIMIT 1),
                 m.at + interval '48 hours'), m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_open_call_task(kefu.move) IS 'A task for the 10000 hotline to call the customer (10000回访; R93, R106)';

CREATE FUNCTION kefu.effect_open_archive_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.open_task(m.unit, 'archive_incomplete', 'R101', m.at + interval '72 hours', m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_open_archive_task(kefu.move) IS 'Something of the record is missing: a task (补齐档案; R95, R101, R123)';

CREATE FUNCTION kefu.effect_archive_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket SET archived_at = m.at, handler = NULL WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_archive_ticket(kefu.move) IS 'The processed mark (已处理标志; R101, R123)';

CREATE FUNCTION kefu.effect_raise_delivery_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.open_task(m.unit, 'delivery_failed', 'house', m.at + interval '1 hour', m.id, NULL, NULL,
                           (m.args ->> 'outbound')::bigint, m.args ->> 'reason');
END $$;
COMMENT ON FUNCTION kefu.effect_raise_delivery_task(kefu.move) IS 'No way of the fallback list was taken: a person must see to it (送达失败待办)';

-- --- effects on messages -------------------------------------------------------------

CREATE FUNCTION kefu.effect_raise_customer_wrote(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.raise_event('ticket', (m.args ->> 'ticket')::bigint, 'customer_wrote',
                             jsonb_build_object('message', m.id));
END $$;
COMMENT ON FUNCTION kefu.effect_raise_customer_wrote(kefu.move) IS 'The ticket learns that its customer wrote (通知个案)';

CREATE FUNCTION kefu.effect_open_provisional_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RAISE EXCEPTION 'provisional tickets are opened by kefu.ingest()'
        USING ERRCODE = 'feature_not_supported',
              HINT = 'Hand the item to kefu.ingest(account, action, payload).';
END $$;
COMMENT ON FUNCTION kefu.effect_open_provisional_ticket(kefu.move) IS 'Named by the machine, done set-wise by kefu.ingest(); called alone it refuses (临时立案; ruling 30)';

CREATE FUNCTION kefu.effect_open_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RAISE EXCEPTION 'this version keeps no opinions'
        USING ERRCODE = 'feature_not_supported',
              HINT = 'Triage the message as an inquiry; the suggestion stays in its text.';
END $$;
COMMENT ON FUNCTION kefu.effect_open_opinion(kefu.move) IS 'Opinions have no table in this version: a clear refusal (意见; R135)';

CREATE FUNCTION kefu.effect_open_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.effect_drop_provisional_ticket(m);
    UPDATE kefu.message SET confirmed_kind = 'task' WHERE message_id = m.id;
    PERFORM kefu.open_task(m.unit, coalesce(m.args ->> 'cause', 'repost'),
                           coalesce(m.args ->> 'rulebook', 'R60'),
                           coalesce((m.args ->> 'due_at')::timestamptz, m.at + interval '24 hours'),
                           NULL, m.id, NULL, NULL, m.args ->> 'note');
END $$;
COMMENT ON FUNCTION kefu.effect_open_task(kefu.move) IS 'The message becomes a task (转待办; R54-R68)';

CREATE FUNCTION kefu.effect_confirm_or_open_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    t kefu.ticket;
    wanted text := m.args ->> 'kind';
    opened bigint;
BEGIN
    SELECT k.* INTO t FROM kefu.message g JOIN kefu.ticket k USING (ticket_id)
     WHERE g.message_id = m.id;
    IF NOT FOUND THEN
        opened := (kefu.raise_new(wanted, 'open', m.args || jsonb_build_object(
                       'message', m.id, 'unit', m.unit))).id;
        UPDATE kefu.message SET ticket_id = opened, confirmed_kind = wanted WHERE message_id = m.id;
        RETURN;
    END IF;
    IF t.kind <> wanted THEN
        PERFORM kefu.raise_event('ticket', t.ticket_id, 'reclassify',
            m.args || jsonb_build_object('reason', 'triage', 'cause', 'triage'));
    END IF;
    PERFORM kefu.raise_event('ticket', t.ticket_id, 'confirm', m.args);
    UPDATE kefu.message SET confirmed_kind = wanted WHERE message_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_confirm_or_open_ticket(kefu.move) IS 'Confirms or reclassifies the provisional ticket, or opens one for a find (确认或立案; R81, R105, R124)';

CREATE FUNCTION kefu.effect_drop_provisional_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    own bigint;
BEGIN
    SELECT t.ticket_id INTO own FROM kefu.message g JOIN kefu.ticket t USING (ticket_id)
     WHERE g.message_id = m.id AND t.is_provisional AND t.message_id = m.id;
    IF FOUND THEN
        PERFORM kefu.raise_event('ticket', own, 'drop', jsonb_build_object('reason', m.event));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_drop_provisional_ticket(kefu.move) IS 'The ticket that ingest opened for this message is not needed (撤销临时个案; ruling 30)';

CREATE FUNCTION kefu.meaning_event(meaning text, kind text, in_state text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    wanted text[] := CASE meaning
        WHEN 'objection' THEN ARRAY['object', 'dissatisfied', 'reopen', 'further_need']
        WHEN 'acceptance' THEN ARRAY['accept', 'satisfied']
        WHEN 'further_need' THEN ARRAY['reopen', 'further_need']
        WHEN 'cause' THEN ARRAY['reclassify', 'further_need']
        WHEN 'contact' THEN ARRAY['contact_given']
        WHEN 'chaser' THEN ARRAY['urge']
        ELSE ARRAY['note'] END;
BEGIN
    RETURN coalesce(
        (SELECT w.event FROM unnest(wanted) WITH ORDINALITY AS w(event, step)
          WHERE (meaning <> 'cause' OR w.event <> 'reclassify' OR meaning_event.kind = 'negative')
            AND EXISTS (SELECT FROM kefu.transition n
                         WHERE n.machine = meaning_event.kind AND n.from_state = in_state
                           AND n.event = w.event)
          ORDER BY w.step LIMIT 1), 'note');
END $$;
COMMENT ON FUNCTION kefu.meaning_event(text, text, text) IS 'The event a meaning raises on a ticket of this kind in this state: the first that exists; note if none does (含义对应事件)';

CREATE FUNCTION kefu.effect_raise_meaning(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    target bigint := (m.args ->> 'ticket')::bigint;
    wrote_at timestamptz;
    event_name text;
    wrote text;
BEGIN
    PERFORM kefu.effect_drop_provisional_ticket(m);
    SELECT g.posted_at, g.text INTO wrote_at, wrote FROM kefu.message g WHERE g.message_id = m.id;
    SELECT kefu.meaning_event(m.args ->> 'meaning', t.kind, t.state) INTO event_name
      FROM kefu.ticket t WHERE t.ticket_id = target;
    IF event_name IS NULL THEN
        RAISE EXCEPTION 'not found or not visible'
            USING ERRCODE = 'KF008', DETAIL = 'There is no such ticket, or you may not see it.';
    END IF;
    PERFORM kefu.raise_event('ticket', target, event_name,
        jsonb_build_object('message', m.id, 'posted_at', wrote_at, 'reason', 'attached',
                           'further_need', coalesce(m.args ->> 'further_need', wrote),
                           'kind', 'complaint', 'cause', m.args ->> 'meaning') || (m.args - 'ticket'));
    UPDATE kefu.message SET ticket_id = target, meaning = m.args ->> 'meaning' WHERE message_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_raise_meaning(kefu.move) IS 'The message joins a ticket and raises there what it means (并入个案并触发含义; R97, R115, R122, R128)';

CREATE FUNCTION kefu.effect_store_evidence(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.message SET asked_by = m.staff_id, evidence = m.args ->> 'evidence'
     WHERE message_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_store_evidence(kefu.move) IS 'Evidence first, removal later (保存证据; R82, ruling 12)';

CREATE FUNCTION kefu.effect_delete_and_report(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.message SET evidence = coalesce(m.args ->> 'evidence', evidence)
     WHERE message_id = m.id;
    IF m.from_state = 'new' THEN
        PERFORM kefu.effect_drop_provisional_ticket(m);
    END IF;
    INSERT INTO kefu.outbound (unit, account, action, channel, parent_id, root_id, text,
                               queued_at, not_before)
    SELECT g.unit, g.account, 'delete_comment', 'public', g.native_id, g.root_id, '', m.at, m.at
      FROM kefu.message g
      JOIN kefu.endpoint e ON e.platform = g.platform AND e.action = 'delete_comment'
     WHERE g.message_id = m.id AND g.item_type = 'comment';
    PERFORM kefu.wake_worker('net');
    PERFORM kefu.open_task(m.unit, 'report_comment', 'R82', m.at + interval '2 hours', NULL, m.id,
                           NULL, NULL, m.args ->> 'reason');
END $$;
COMMENT ON FUNCTION kefu.effect_delete_and_report(kefu.move) IS 'The comment is deleted where the platform can, and reporting it is a task (删除并举报; R82)';

CREATE FUNCTION kefu.effect_undo_attach(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    wrong bigint;
BEGIN
    SELECT g.ticket_id INTO wrong FROM kefu.message g WHERE g.message_id = m.id;
    UPDATE kefu.message SET ticket_id = NULL, meaning = NULL WHERE message_id = m.id;
    PERFORM kefu.open_task(m.unit, 'undo_attached_event', 'house', m.at + interval '2 hours', wrong,
                           m.id, NULL, NULL, m.args ->> 'reason');
END $$;
COMMENT ON FUNCTION kefu.effect_undo_attach(kefu.move) IS 'Attached to the wrong ticket: what it raised there is undone by a person (撤销并案)';

-- --- effects on work orders and tasks ---------------------------------------------------

CREATE FUNCTION kefu.make_work_order(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO kefu.work_order (state, unit, desk_unit, ticket_id, department, category, reply_by,
                                 needs_reviews, priority, further_need, created_at)
    SELECT m.to_state, m.unit, m.unit, t.ticket_id, m.args ->> 'department',
           coalesce(m.args ->> 'category', t.category),
           coalesce((m.args ->> 'reply_by')::timestamptz, m.at + interval '40 hours'),
           coalesce((m.args ->> 'needs_reviews')::boolean, t.kind <> 'inquiry'), t.priority,
           m.args ->> 'further_need', m.at
      FROM kefu.ticket t WHERE t.ticket_id = (m.args ->> 'ticket')::bigint
    RETURNING order_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_work_order(kefu.move) IS 'Inserts a work order for a ticket; inquiries go without reviews by default (生成投诉单; R109, R120)';

CREATE FUNCTION kefu.effect_open_work_order(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    existing bigint;
    made bigint;
BEGIN
    SELECT t.order_id INTO existing FROM kefu.ticket t WHERE t.ticket_id = m.id;
    IF existing IS NOT NULL AND kefu.may_happen('work_order', existing, 'reopen') THEN
        PERFORM kefu.raise_event('work_order', existing, 'reopen',
            jsonb_build_object('further_need', coalesce(m.args ->> 'further_need', m.args ->> 'reason',
                                                        'referred again')) || m.args);
        RETURN;
    END IF;
    made := (kefu.raise_new('work_order', 'create', m.args || jsonb_build_object(
                'ticket', m.id, 'unit', m.unit))).id;
    UPDATE kefu.ticket SET order_id = made, category = coalesce(m.args ->> 'category', category)
     WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_open_work_order(kefu.move) IS 'The ticket''s work order is created, or the same one reopened from round 2 on (开立或重开投诉单; R99, R109, R113)';

CREATE FUNCTION kefu.effect_reopen_work_order(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN PERFORM kefu.effect_open_work_order(m); END $$;
COMMENT ON FUNCTION kefu.effect_reopen_work_order(kefu.move) IS 'The same order with the further need (重开投诉单; R115)';

CREATE FUNCTION kefu.effect_unrefer_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    own bigint;
BEGIN
    UPDATE kefu.work_order SET closed_at = m.at, handler = NULL
     WHERE order_id = m.id RETURNING ticket_id INTO own;
    IF kefu.may_happen('ticket', own, 'unrefer') THEN
        PERFORM kefu.raise_event('ticket', own, 'unrefer', m.args);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_unrefer_ticket(kefu.move) IS 'The order was cancelled: its ticket waits for the desk again (撤单)';

CREATE FUNCTION kefu.effect_notify_department(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.work_order
       SET department = coalesce(m.args ->> 'department', department),
           unit = coalesce(m.args ->> 'department', department), handler = NULL
     WHERE order_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_notify_department(kefu.move) IS 'The order is in the department''s queue (派发至部门; R113, R120)';

CREATE FUNCTION kefu.effect_notify_ticket_handler(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.open_task(o.desk_unit, 'order_' || m.event, 'R15', m.at + interval '2 hours', o.ticket_id,
                           NULL, o.order_id, NULL, coalesce(m.args ->> 'text', m.args ->> 'reason'))
       FROM kefu.work_order o WHERE o.order_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_notify_ticket_handler(kefu.move) IS 'The desk is told of a node of the order, and tells the customer (告知管理员; R15)';

CREATE FUNCTION kefu.effect_count_bounce(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF (m.args ->> 'reason') NOT IN ('not_ours', 'incomplete', 'duplicate', 'wrong_region', 'solved') THEN
        RAISE EXCEPTION 'a work order is not returned for the reason "%"', m.args ->> 'reason'
            USING ERRCODE = 'KF002',
                  HINT = 'Reasons: not_ours, incomplete, duplicate, wrong_region, solved.';
    END IF;
    UPDATE kefu.work_order SET bounce_count = bounce_count + 1, unit = desk_unit, handler = NULL
     WHERE order_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_count_bounce(kefu.move) IS 'Returned for a listed reason; the order limit runs on (退单; ruling 20)';

CREATE FUNCTION kefu.effect_count_rework(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.work_order SET rework_count = rework_count + 1, unit = department
     WHERE order_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_count_rework(kefu.move) IS 'Not qualified: back to the same department (返工; R120, R121)';

CREATE FUNCTION kefu.effect_set_result(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.work_order
       SET solution = m.args ->> 'solution', result = m.args ->> 'result',
           handled_by = department, unit = desk_unit, handler = NULL
     WHERE order_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_set_result(kefu.move) IS 'The department''s result, to be reviewed by the desk (回单; R113)';

CREATE FUNCTION kefu.effect_return_solution(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.work_order;
BEGIN
    UPDATE kefu.work_order
       SET solution = coalesce(m.args ->> 'solution', solution),
           result = coalesce(m.args ->> 'result', result),
           handled_by = coalesce(handled_by, department), closed_at = m.at, handler = NULL
     WHERE order_id = m.id RETURNING * INTO o;
    IF kefu.may_happen('ticket', o.ticket_id, 'solution') THEN
        PERFORM kefu.raise_event('ticket', o.ticket_id, 'solution',
                                 jsonb_build_object('solution', o.solution));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_return_solution(kefu.move) IS 'Only a qualified result goes back to the ticket (反馈解决办法; R99, R121)';

CREATE FUNCTION kefu.effect_urge_order(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.work_order SET urge_count = urge_count + 1, priority = greatest(priority - 1, 1)
     WHERE order_id = m.id;
    PERFORM kefu.open_task(o.unit, 'answer_urge', 'house', m.at + interval '2 hours', o.ticket_id, NULL,
                           o.order_id)
       FROM kefu.work_order o WHERE o.order_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_urge_order(kefu.move) IS 'Chased: counted, the priority rises, and the department owes an answer (催办)';

CREATE FUNCTION kefu.make_task(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO kefu.task (state, unit, cause, rulebook, due_at, expires_at, ticket_id, message_id,
                           order_id, outbound_id, note, created_at)
    VALUES (m.to_state, m.unit, m.args ->> 'cause', m.args ->> 'rulebook',
            (m.args ->> 'due_at')::timestamptz, (m.args ->> 'expires_at')::timestamptz,
            (m.args ->> 'ticket')::bigint, (m.args ->> 'message')::bigint,
            (m.args ->> 'order')::bigint, (m.args ->> 'outbound')::bigint, m.args ->> 'note', m.at)
    RETURNING task_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_task(kefu.move) IS 'Inserts a task (开立待办)';

CREATE FUNCTION kefu.effect_close_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.task SET closed_at = m.at, evidence = m.args ->> 'evidence' WHERE task_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_close_task(kefu.move) IS 'The task is over, with its evidence if there is any (办结)';

