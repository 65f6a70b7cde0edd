-- 38_order_effects: what the transitions of work orders and tasks do.
--
-- As 37_guards, each takes the move it serves and runs inside the engine only.
-- An effect may change the moved object's own columns (never state, version or
-- chain) and raise events on other objects.

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
    PERFORM kefu.check_matters(m.args);
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
                           order_id, outbound_id, object_type, object_id, note, created_at)
    VALUES (m.to_state, m.unit, m.args ->> 'cause', m.args ->> 'rulebook',
            (m.args ->> 'due_at')::timestamptz, (m.args ->> 'expires_at')::timestamptz,
            (m.args ->> 'ticket')::bigint, (m.args ->> 'message')::bigint,
            (m.args ->> 'order')::bigint, (m.args ->> 'outbound')::bigint,
            m.args ->> 'object_type', (m.args ->> 'object')::bigint, m.args ->> 'note', m.at)
    RETURNING task_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_task(kefu.move) IS 'Inserts a task (开立待办)';

CREATE FUNCTION kefu.effect_close_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.task SET closed_at = m.at, evidence = m.args ->> 'evidence' WHERE task_id = m.id;
    UPDATE kefu.outbound SET state = 'cancelled'
     WHERE object_type = 'task' AND object_id = m.id AND state = 'queued';
END $$;
COMMENT ON FUNCTION kefu.effect_close_task(kefu.move) IS 'The task is over, with its evidence if there is any; what was still to be sent for it isn''t (办结)';
