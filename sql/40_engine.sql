-- 40_engine: the one thing that changes a state, as SQL sees it.

CREATE TYPE kefu.outcome AS (
    machine text,
    id bigint,
    state text,
    version integer,
    event_id bigint,
    speech_id bigint
);
COMMENT ON TYPE kefu.outcome IS 'Where an object stands after an event (结果)';
COMMENT ON COLUMN kefu.outcome.machine IS 'machine it is in now (状态机)';
COMMENT ON COLUMN kefu.outcome.id IS 'object (对象编号)';
COMMENT ON COLUMN kefu.outcome.state IS 'its state (状态)';
COMMENT ON COLUMN kefu.outcome.version IS 'its version, to be given with the next call (版本)';
COMMENT ON COLUMN kefu.outcome.event_id IS 'audit event (审计事件)';
COMMENT ON COLUMN kefu.outcome.speech_id IS 'what was queued for the customer; NULL if nothing (答复)';

CREATE FUNCTION kefu.advance(machine text, id bigint, event text, args jsonb DEFAULT '{}',
                             version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
    AS 'MODULE_PATHNAME', 'kefu_advance_sql';
COMMENT ON FUNCTION kefu.advance(text, bigint, text, jsonb, integer, text) IS
'The only thing that changes a state (状态流转). machine: a machine or an object type such as ticket; args: the facts, an object; version: the one the caller read, refused with KF007 if it has moved on; request_key: a retried call with the same key returns the first result and does nothing. Refuses with KF001 no such transition, KF002 a fact is missing, KF003 role, KF004 content, KF006 not the handler, KF007 stale, KF008 not found or not visible';

CREATE FUNCTION kefu.create_object(machine text, event text, args jsonb, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
    AS 'MODULE_PATHNAME', 'kefu_create_sql';
COMMENT ON FUNCTION kefu.create_object(text, text, jsonb, text) IS
'Opens an object on the caller''s word, such as a task; args has its unit and the facts the machine asks for. Refuses as kefu.advance() does (新建对象)';

CREATE FUNCTION kefu.raise_event(machine text, id bigint, event text, args jsonb DEFAULT '{}')
    RETURNS kefu.outcome
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'kefu_raise_event';
COMMENT ON FUNCTION kefu.raise_event(text, bigint, text, jsonb) IS
'Raises an event on another object from within an effect, on that event''s authority, or outside any event as a platform. For the owner''s functions only: nobody may execute it (内部触发)';

CREATE FUNCTION kefu.raise_as(authority text, machine text, id bigint, event text, args jsonb DEFAULT '{}')
    RETURNS kefu.outcome
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'kefu_raise_as';
COMMENT ON FUNCTION kefu.raise_as(text, text, bigint, text, jsonb) IS
'Raises an event outside any other, as what it is: clock for what time brings and nobody asked for, event for a part of something that a person did and a ledger names. For the owner''s functions only (内部: 指名触发)';

CREATE FUNCTION kefu.raise_new(machine text, event text, args jsonb)
    RETURNS kefu.outcome
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'kefu_raise_new';
COMMENT ON FUNCTION kefu.raise_new(text, text, jsonb) IS
'Opens an object as kefu.raise_event() raises an event. For the owner''s functions only (内部新建)';

CREATE FUNCTION kefu.lock_object(object_type text, id bigint, wait boolean DEFAULT true) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    t kefu.object_type;
    parent bigint;
    taken bigint;
BEGIN
    SELECT x.* INTO t FROM kefu.object_type x WHERE x.object_type = lock_object.object_type;
    IF t.parent_type IS NOT NULL THEN
        EXECUTE format('SELECT o.%I FROM %s o WHERE o.%I = $1', t.parent_column, t.relation, t.id_column)
           INTO parent USING id;
        IF parent IS NOT NULL AND NOT kefu.lock_object(t.parent_type, parent, wait) THEN
            RETURN false;
        END IF;
    END IF;
    -- The names are those of engine rows, not anybody's text.
    IF wait THEN
        EXECUTE format('SELECT o.%I FROM %s o WHERE o.%I = $1 FOR NO KEY UPDATE', t.id_column, t.relation,
                       t.id_column) INTO taken USING id;
    ELSE
        EXECUTE format('SELECT o.%I FROM %s o WHERE o.%I = $1 FOR NO KEY UPDATE SKIP LOCKED', t.id_column,
                       t.relation, t.id_column) INTO taken USING id;
    END IF;
    RETURN taken IS NOT NULL;
END $$;
COMMENT ON FUNCTION kefu.lock_object(text, bigint, boolean) IS
'Locks the row of an object as the engine does, after that of the object it belongs to; false if it isn''t there, or if somebody has it and wait is false. For the owner''s functions only (锁定对象)';

CREATE FUNCTION kefu.settle_speech(speech_id bigint, at timestamptz) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT AS 'MODULE_PATHNAME', 'kefu_settle_speech_sql';
COMMENT ON FUNCTION kefu.settle_speech(bigint, timestamptz) IS
'All parts of a speech are taken: its clocks stop at the platform''s time, the receipt joins the chain. Done once, later calls do nothing. For the owner''s functions only (答复送达)';

CREATE FUNCTION kefu.fail_speech(speech_id bigint, outbound_id bigint, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    p kefu.speech;
BEGIN
    SELECT s.* INTO p FROM kefu.speech s WHERE s.speech_id = fail_speech.speech_id;
    -- The object first: the lock order is the same everywhere.
    PERFORM FROM kefu.ticket t WHERE t.ticket_id = p.object_id AND p.object_type = 'ticket'
       FOR NO KEY UPDATE;
    UPDATE kefu.speech s SET outcome = 'failed', settled_at = kefu.now()
     WHERE s.speech_id = fail_speech.speech_id AND s.outcome IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE kefu.outbound o SET state = 'cancelled'
     WHERE o.speech_id = fail_speech.speech_id AND o.state = 'queued';
    IF kefu.may_happen(p.object_type, p.object_id, 'delivery_failed') THEN
        PERFORM kefu.raise_event(p.object_type, p.object_id, 'delivery_failed',
            jsonb_build_object('speech', p.speech_id, 'outbound', outbound_id, 'reason', reason));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.fail_speech(bigint, bigint, text) IS
'A part of a speech was taken on no way: the object goes back where it spoke from, its clocks never stopped, and a task is opened. Done once. For the owner''s functions only (答复未送达)';

CREATE FUNCTION kefu.note_delivery(speech_id bigint, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    p kefu.speech;
    answers boolean;
    acknowledges boolean;
BEGIN
    SELECT s.* INTO p FROM kefu.speech s WHERE s.speech_id = note_delivery.speech_id;
    answers := p.event IN ('answer', 'thank');
    acknowledges := p.event IN ('acknowledge', 'defer', 'call_back', 'answer', 'judge', 'thank');
    UPDATE kefu.ticket t
       SET first_response_at = coalesce(t.first_response_at, at),
           acknowledged_at = CASE WHEN acknowledges THEN coalesce(t.acknowledged_at, at)
                                  ELSE t.acknowledged_at END,
           answered_at = CASE WHEN answers AND t.round = p.round THEN at ELSE t.answered_at END,
           result = CASE WHEN answers THEN coalesce(t.result, 'answered') ELSE t.result END
     WHERE t.ticket_id = p.object_id;
    UPDATE kefu.round r
       SET first_response_at = coalesce(r.first_response_at, at),
           answered_at = CASE WHEN answers THEN at ELSE r.answered_at END
     WHERE r.ticket_id = p.object_id AND r.round = p.round;
END $$;
COMMENT ON FUNCTION kefu.note_delivery(bigint, timestamptz) IS
'Writes first response and answer, at the platform''s time, to ticket and round. Called by the engine when a speech is settled (登记送达时间)';

CREATE FUNCTION kefu.guard() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'kefu_guard';
COMMENT ON FUNCTION kefu.guard() IS
'Trigger: refuses every UPDATE, DELETE and TRUNCATE of an object that the engine has not permitted (守护触发器)';

CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.ticket
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.ticket
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.message
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.message
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.work_order
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.work_order
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.topic
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.topic
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.opinion
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.opinion
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.post_request
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.post_request
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.post
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.post
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.placement
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.placement
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.correction
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.correction
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.erasure
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.erasure
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.follow
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.follow
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.report
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.report
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON kefu.task
    FOR EACH ROW EXECUTE FUNCTION kefu.guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON kefu.task
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.guard();

-- Engine rows refuse every change but that of an install or upgrade script,
-- which drops and makes these triggers again around its own rows.
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.transition
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.state
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.machine
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.object_type
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.fact
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.event
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.send_event
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.clock_kind
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();

CREATE FUNCTION kefu.workflow_diagram(machine text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    lines text;
BEGIN
    IF NOT EXISTS (SELECT FROM kefu.machine m WHERE m.machine = workflow_diagram.machine) THEN
        RAISE EXCEPTION 'there is no machine "%"', machine
            USING ERRCODE = 'undefined_object', HINT = (SELECT 'There are: ' || string_agg(m.machine, ', ' ORDER BY m.machine) || '.' FROM kefu.machine m);
    END IF;
    SELECT string_agg(l.line, E'\n' ORDER BY l.part, l.sort, l.line) INTO lines
      FROM (SELECT 1 AS part, s.sort, format('    %s : %s %s', s.state, s.label_zh, s.label_en) AS line
              FROM kefu.state s WHERE s.machine = workflow_diagram.machine
            UNION ALL
            SELECT 2, 0, format('    [*] --> %s', s.state)
              FROM kefu.state s WHERE s.machine = workflow_diagram.machine AND s.is_initial
            UNION ALL
            SELECT 3, 0, format('    %s --> %s : %s', t.from_state,
                                CASE WHEN t.to_machine = t.machine THEN t.to_state
                                     ELSE t.to_machine || '_' || t.to_state END,
                                string_agg(DISTINCT t.event, ', ' ORDER BY t.event))
              FROM kefu.transition t
             WHERE t.machine = workflow_diagram.machine AND t.from_state <> '*new'
               AND (t.from_state <> t.to_state OR t.machine <> t.to_machine)
             GROUP BY t.from_state, t.to_machine, t.machine, t.to_state
            UNION ALL
            SELECT 4, s.sort, format('    %s --> [*]', s.state)
              FROM kefu.state s WHERE s.machine = workflow_diagram.machine AND s.is_final) AS l;
    RETURN E'stateDiagram-v2\n' || lines;
END $$;
COMMENT ON FUNCTION kefu.workflow_diagram(text) IS
'The machine as a Mermaid state diagram, from the rows; events that leave the state are left out. undefined_object for an unknown machine (状态图)';

