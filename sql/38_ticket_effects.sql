-- 38_ticket_effects: what the transitions of tickets do.
--
-- As 37_guards, each takes the move it serves and runs inside the engine only.
-- An effect may change the moved object's own columns (never state, version or
-- chain) and raise events on other objects; what several need comes first.

-- --- helpers of effects -------------------------------------------------------------

CREATE FUNCTION kefu.may_happen(object_type text, id bigint, event text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    in_machine text;
    in_state text;
    relation regclass;
    id_column name;
BEGIN
    IF object_type = 'ticket' THEN
        SELECT t.kind, t.state INTO in_machine, in_state FROM kefu.ticket t WHERE t.ticket_id = id;
    ELSIF object_type = 'work_order' THEN
        SELECT 'work_order', o.state INTO in_machine, in_state
          FROM kefu.work_order o WHERE o.order_id = id;
    ELSIF object_type = 'task' THEN
        SELECT 'task', k.state INTO in_machine, in_state FROM kefu.task k WHERE k.task_id = id;
    ELSIF object_type = 'topic' THEN
        SELECT 'topic', t.state INTO in_machine, in_state FROM kefu.topic t WHERE t.topic_id = id;
    ELSIF object_type = 'post' THEN
        SELECT 'post', p.state INTO in_machine, in_state FROM kefu.post p WHERE p.post_id = id;
    ELSE
        -- Rarer ones are looked up by their engine row, whose names are no one's text.
        SELECT t.relation, t.id_column, m.machine INTO relation, id_column, in_machine
          FROM kefu.object_type t JOIN kefu.machine m USING (object_type)
         WHERE t.object_type = may_happen.object_type;
        EXECUTE format('SELECT o.state FROM %s o WHERE o.%I = $1', relation, id_column) INTO in_state USING id;
    END IF;
    RETURN EXISTS (SELECT FROM kefu.transition n
                    WHERE n.machine = in_machine AND n.from_state = in_state
                      AND n.event = may_happen.event);
END $$;
COMMENT ON FUNCTION kefu.may_happen(text, bigint, text) IS 'True if the object''s state has the event at all; guards are not asked (是否存在该事件)';

CREATE FUNCTION kefu.open_task(
    unit text, cause text, rulebook text, due_at timestamptz,
    ticket bigint DEFAULT NULL, message bigint DEFAULT NULL, work_order bigint DEFAULT NULL,
    outbound bigint DEFAULT NULL, note text DEFAULT NULL,
    object_type text DEFAULT NULL, object bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RETURN (kefu.raise_new('task', 'open', jsonb_strip_nulls(jsonb_build_object(
        'unit', unit, 'cause', cause, 'rulebook', rulebook, 'due_at', due_at, 'ticket', ticket,
        'message', message, 'order', work_order, 'outbound', outbound, 'note', note,
        'object_type', object_type, 'object', object)))).id;
END $$;
COMMENT ON FUNCTION kefu.open_task(text, text, text, timestamptz, bigint, bigint, bigint, bigint, text, text, bigint) IS
'Opens a task for a unit, raised by another event; object_type and object: what else it is about (开立待办)';

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

CREATE FUNCTION kefu.tighten_clock(object_type text, id bigint, clock text, location text,
                                   home_unit text, unit text,
                                   OUT due_at timestamptz, OUT jurisdiction text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'kefu_tighten_clock';
COMMENT ON FUNCTION kefu.tighten_clock(text, bigint, text, text, text, text) IS
'The running promise of an object ends as the law of its place (location, else home unit, else unit) wants it, if that is earlier: its new end and whose law; NULLs where nothing changed. The caller holds the object. For the owner''s functions only (内部: 按属地法规提前时限; ruling 18)';

CREATE FUNCTION kefu.keep_local_law(ticket bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    tighter record;
BEGIN
    SELECT c.* INTO tighter
      FROM kefu.ticket t
     CROSS JOIN LATERAL kefu.tighten_clock('ticket', t.ticket_id, 'legal', t.location, t.home_unit,
                                           t.unit) AS c
     WHERE t.ticket_id = keep_local_law.ticket;
    IF tighter.due_at IS NOT NULL THEN
        PERFORM kefu.raise_event('ticket', ticket, 'tighten', jsonb_build_object(
            'due_at', tighter.due_at, 'jurisdiction', tighter.jurisdiction));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.keep_local_law(bigint) IS 'The customer''s place, or without one the handling unit, has become another: what was promised stays, only a stricter law comes in, as an event of its own (法定时限随属地收紧; ruling 18)';

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
        priority, category, product, location, location_source, posted_at, round_posted_at, opened_at,
        kind_confirmed_at)
    SELECT m.machine, m.to_state, m.unit, a.unit, p.home_unit, g.account, g.message_id,
           g.person_id, m.machine, coalesce((m.args ->> 'priority')::smallint, g.priority),
           m.args ->> 'category', m.args ->> 'product', p.home_unit, CASE WHEN p.home_unit IS NULL THEN 'unknown' ELSE 'profile' END,
           g.posted_at, g.posted_at, m.at, m.at
      FROM kefu.account a, kefu.person p
     WHERE a.account = g.account AND p.person_id = g.person_id
    RETURNING ticket_id INTO new_id;
    PERFORM kefu.check_matters(m.args);
    INSERT INTO kefu.round (ticket_id, round, posted_at, opened_at, message_id)
    VALUES (new_id, 1, g.posted_at, m.at, g.message_id);
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_ticket(kefu.move) IS 'Inserts a ticket for a message that a person triaged; ingest makes provisional ones set-wise (建立个案)';

CREATE FUNCTION kefu.check_priority(priority text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
    IF priority::integer NOT BETWEEN 1 AND 4 THEN
        RAISE EXCEPTION 'the fact "priority" must be 1 to 4' USING ERRCODE = 'KF002', HINT = '1 is the highest.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.check_priority(text) IS 'Refuses (KF002) what is no priority; NULL passes (校验优先级; R105)';

CREATE FUNCTION kefu.effect_set_kind_confirmed(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.check_priority(m.args ->> 'priority');
    UPDATE kefu.ticket
       SET kind_confirmed_at = m.at, is_provisional = false,
           priority = coalesce((m.args ->> 'priority')::smallint, priority),
           category = coalesce(m.args ->> 'category', category),
           product = coalesce(m.args ->> 'product', product)
     WHERE ticket_id = m.id;
    PERFORM kefu.check_matters(m.args);
END $$;
COMMENT ON FUNCTION kefu.effect_set_kind_confirmed(kefu.move) IS 'A person has confirmed kind and priority (确认类型; R105, R124)';

CREATE FUNCTION kefu.effect_set_alarm(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket
       SET alarm = (m.args ->> 'alarm')::smallint,
           alarm_overruled = CASE WHEN m.event = 'lower_alarm' THEN greatest(alarm, alarm_overruled)
                                  ELSE alarm_overruled END
     WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_set_alarm(kefu.move) IS 'The public-opinion level is set; what a leader lowered the rules raise again only above what it was (设舆情等级; ruling 23)';

CREATE FUNCTION kefu.effect_set_priority(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- The priority on record is no answer to what it shall be.
    PERFORM kefu.check_priority(coalesce(m.args ->> 'priority', '0'));
    UPDATE kefu.ticket SET priority = (m.args ->> 'priority')::smallint WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_set_priority(kefu.move) IS 'The priority is set; 1 is the highest (设优先级; R105)';

CREATE FUNCTION kefu.effect_amend_record(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket
       SET category = coalesce(m.args ->> 'category', category),
           product = coalesce(m.args ->> 'product', product),
           root_cause = coalesce(m.args ->> 'root_cause', root_cause),
           location = coalesce(m.args ->> 'location', location),
           location_source = CASE WHEN m.args ->> 'location' <> '' AND m.event = 'amend'
                                  THEN 'customer' ELSE coalesce(location_source, 'unknown') END
     WHERE ticket_id = m.id;
    PERFORM kefu.check_matters(m.args);
    IF m.args ->> 'location' <> '' THEN
        PERFORM kefu.keep_local_law(m.id);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_amend_record(kefu.move) IS 'Category and location of the complaint record; what the customer says counts more than the profile (补充记录; R112)';

CREATE FUNCTION kefu.effect_transfer_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket SET unit = m.args ->> 'unit', handler = NULL WHERE ticket_id = m.id;
    PERFORM kefu.keep_local_law(m.id);
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
           satisfaction = CASE WHEN m.event = 'dissatisfied'
                                     OR (m.args ->> 'meaning' = 'objection' AND satisfaction <> 'not_asked')
                               THEN 'dissatisfied' ELSE satisfaction END,
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
$$
DECLARE
    person bigint := kefu.ticket_person(m.id);
BEGIN
    INSERT INTO kefu.personal_data (person_id, kind, value, given_at, ticket_id)
    SELECT person, c.key, c.value, m.at, m.id FROM jsonb_each_text(m.args -> 'contact') AS c
        ON CONFLICT (person_id, kind) DO UPDATE
       SET value = excluded.value, given_at = excluded.given_at, ticket_id = excluded.ticket_id;
    PERFORM kefu.store_consent(person, coalesce(m.args ->> 'purpose', 'handling'),
                               ARRAY(SELECT jsonb_object_keys(m.args -> 'contact')),
                               m.args ->> 'consent', m.id);
    UPDATE kefu.ticket SET has_contact = true, needs_reading = false WHERE ticket_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_store_contact(kefu.move) IS 'What the customer told of name, numbers and address goes to personal_data, for what it may be used to consent (记录联系方式; R94, R111)';

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
    PERFORM kefu.recount_topics(ARRAY(SELECT g.message_id FROM kefu.message g WHERE g.ticket_id = m.id));
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
             WHERE n.ticket_id = m.id AND e.ticket_id <> m.id
               AND e.ticket_id IN (SELECT kefu.person_tickets(kefu.ticket_person(m.id)))
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
    -- A ticket has its own number on record; it can't go on as itself.
    IF target IS NULL OR target = m.id THEN
        RAISE EXCEPTION 'another ticket must be named to go on as'
            USING ERRCODE = 'KF002', HINT = 'Give its number as ticket.';
    END IF;
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

CREATE FUNCTION kefu.effect_close_call_tasks(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.raise_event('task', k.task_id, 'done', jsonb_build_object('evidence',
                concat_ws(': ', m.event, m.args ->> 'outcome')))
       FROM kefu.task k
      WHERE k.ticket_id = m.id AND k.cause = 'call_back' AND k.state = 'open';
END $$;
COMMENT ON FUNCTION kefu.effect_close_call_tasks(kefu.move) IS 'The call was made: its task is done (回访待办办结; R93, R106)';

CREATE FUNCTION kefu.effect_open_call_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- A missed call was made all the same; the next try is a task of its own.
    PERFORM kefu.effect_close_call_tasks(m);
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
