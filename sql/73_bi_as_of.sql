-- 73_bi_as_of: how things stood at an instant of the past, from the audit trail.
--
-- A ticket to which nothing has happened since is its row. Any other one is
-- made again from its first event on: kefu.apply_event() says of each event what
-- the transition and its effect did to the row, as 38_ticket_effects does. What
-- only erasable text has (solution, result, further need) is not in the trail.

CREATE FUNCTION kefu.begin_ticket(t kefu.ticket, e kefu.audit_event) RETURNS kefu.ticket
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    by_platform CONSTANT boolean := e.flags & 8 <> 0;
    n kefu.ticket;
BEGIN
    n.ticket_id := t.ticket_id;
    n.received_unit := t.received_unit;
    n.home_unit := t.home_unit;
    n.account := t.account;
    n.message_id := t.message_id;
    n.person_id := t.person_id;
    n.posted_at := t.posted_at;
    n.round_posted_at := t.posted_at;
    n.opened_at := t.opened_at;
    n.repeat_of := t.repeat_of;
    n.first_kind := t.first_kind;
    n.unit := e.unit;
    n.round := 1;
    n.level := 0;
    n.urge_count := 0;
    n.needs_reading := false;
    n.satisfaction := 'not_asked';
    n.category := e.facts ->> 'category';
    n.priority := coalesce((e.facts ->> 'priority')::smallint,
                           (SELECT g.priority FROM kefu.message g WHERE g.message_id = t.message_id));
    -- Ingest opens it provisionally, a person for good.
    n.is_provisional := by_platform;
    IF by_platform THEN
        n.location_source := CASE e.facts ->> 'location' WHEN 'unknown' THEN 'unknown' ELSE 'profile' END;
        n.handler := (e.facts ->> 'staff')::integer;
    ELSE
        n.kind_confirmed_at := e.at;
        n.location_source := CASE WHEN t.home_unit IS NULL THEN 'unknown' ELSE 'profile' END;
        -- A repeated matter goes first to whom the earlier ticket was with then.
        n.handler := (SELECT r.handler FROM kefu.tickets_at(e.at, t.repeat_of) AS r
                        JOIN kefu.staff s ON s.staff_id = r.handler AND s.is_active
                       WHERE t.repeat_of IS NOT NULL);
    END IF;
    RETURN n;
END $$;
COMMENT ON FUNCTION kefu.begin_ticket(kefu.ticket, kefu.audit_event) IS
'The row of a ticket when its first event opened it: what never changes is that of the row as it is (内部: 工单初始状态)';

CREATE FUNCTION kefu.begin_round(t kefu.ticket, e kefu.audit_event) RETURNS kefu.ticket
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    t.round := t.round + 1;
    t.round_posted_at := coalesce((e.facts ->> 'posted_at')::timestamptz, e.at);
    t.needs_reading := false;
    t.answered_at := NULL;
    t.resolved_at := NULL;
    IF e.event = 'dissatisfied' OR (e.facts ->> 'meaning' = 'objection' AND t.satisfaction <> 'not_asked') THEN
        t.satisfaction := 'dissatisfied';
    END IF;
    RETURN t;
END $$;
COMMENT ON FUNCTION kefu.begin_round(kefu.ticket, kefu.audit_event) IS 'What kefu.effect_new_round() does to a ticket (内部: 重演新一轮)';

CREATE FUNCTION kefu.note_receipt(t kefu.ticket, e kefu.audit_event) RETURNS kefu.ticket
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    taken_at timestamptz := (e.facts ->> 'delivered_at')::timestamptz;
    p kefu.speech;
BEGIN
    SELECT s.* INTO p FROM kefu.speech s WHERE s.speech_id = (e.facts ->> 'speech')::bigint;
    t.first_response_at := coalesce(t.first_response_at, taken_at);
    IF p.event IN ('acknowledge', 'defer', 'call_back', 'answer', 'judge', 'thank') THEN
        t.acknowledged_at := coalesce(t.acknowledged_at, taken_at);
    END IF;
    IF p.event IN ('answer', 'thank') AND p.round = t.round THEN
        t.answered_at := taken_at;
    END IF;
    RETURN t;
END $$;
COMMENT ON FUNCTION kefu.note_receipt(kefu.ticket, kefu.audit_event) IS 'What kefu.note_delivery() does to a ticket (内部: 重演送达)';

CREATE FUNCTION kefu.apply_effect(t kefu.ticket, e kefu.audit_event, effect text) RETURNS kefu.ticket
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    CASE effect
        WHEN 'effect_set_kind_confirmed' THEN
            t.kind_confirmed_at := e.at;
            t.is_provisional := false;
            t.priority := coalesce((e.facts ->> 'priority')::smallint, t.priority);
            t.category := coalesce(e.facts ->> 'category', t.category);
        WHEN 'effect_change_kind' THEN
            t.kind_confirmed_at := e.at;
            t.is_provisional := false;
            t.category := coalesce(e.facts ->> 'category', t.category);
            IF e.machine = 'negative' AND t.kind = 'complaint' THEN
                t.round_posted_at := coalesce((e.facts ->> 'posted_at')::timestamptz, t.round_posted_at);
            END IF;
        WHEN 'effect_amend_record', 'effect_record_and_ask_satisfaction', 'effect_ask_satisfaction' THEN
            IF effect <> 'effect_ask_satisfaction' THEN
                t.category := coalesce(e.facts ->> 'category', t.category);
                IF e.event = 'amend' AND e.facts ? 'location' THEN
                    t.location_source := 'customer';
                END IF;
            END IF;
            IF effect <> 'effect_amend_record' THEN
                t.satisfaction := 'no_reply';
            END IF;
        WHEN 'effect_open_work_order', 'effect_reopen_work_order' THEN
            -- An order that is reopened keeps the ticket's category.
            IF EXISTS (SELECT FROM kefu.work_order o WHERE o.ticket_id = t.ticket_id AND o.created_at = e.at) THEN
                t.category := coalesce(e.facts ->> 'category', t.category);
            END IF;
        WHEN 'effect_transfer_ticket' THEN
            t.unit := e.facts ->> 'unit';
            t.handler := NULL;
        WHEN 'effect_set_priority' THEN
            t.priority := (e.facts ->> 'priority')::smallint;
        WHEN 'effect_urge_ticket' THEN
            t.urge_count := t.urge_count + 1;
            t.priority := greatest(t.priority - 1, 1);
            t.needs_reading := false;
        WHEN 'effect_raise_level' THEN
            t.level := t.level + 1;
        WHEN 'effect_queue_customer_wrote' THEN
            t.needs_reading := true;
        WHEN 'effect_append_need', 'effect_store_contact' THEN
            t.needs_reading := false;
        WHEN 'effect_new_round' THEN
            t := kefu.begin_round(t, e);
        WHEN 'effect_escalate_shift_leader', 'effect_escalate_group_cs' THEN
            t := kefu.begin_round(t, e);
            t.level := t.level + 1;
        WHEN 'effect_set_resolved', 'effect_set_satisfied' THEN
            t.resolved_at := e.at;
            t.needs_reading := false;
            IF effect = 'effect_set_satisfied' OR (e.event = 'accept' AND t.satisfaction <> 'not_asked') THEN
                t.satisfaction := 'satisfied';
            END IF;
        WHEN 'effect_set_judgement' THEN
            t.judgement := e.facts ->> 'judgement';
        WHEN 'effect_merge_ticket', 'effect_link_into_complaint' THEN
            t.merged_into := (e.facts ->> 'ticket')::bigint;
            t.needs_reading := false;
        WHEN 'effect_archive_ticket' THEN
            t.archived_at := e.at;
            t.handler := NULL;
        ELSE
            NULL;
    END CASE;
    RETURN t;
END $$;
COMMENT ON FUNCTION kefu.apply_effect(kefu.ticket, kefu.audit_event, text) IS 'What an effect did to the published columns of a ticket, from the facts of its event; other effects change none of them (内部: 重演后续动作)';

CREATE FUNCTION kefu.apply_event(t kefu.ticket, e kefu.audit_event) RETURNS kefu.ticket
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    x record;
BEGIN
    t.kind := CASE WHEN e.to_state LIKE '%:%' THEN split_part(e.to_state, ':', 1) ELSE e.machine END;
    t.state := split_part(e.to_state, ':', CASE WHEN e.to_state LIKE '%:%' THEN 2 ELSE 1 END);
    t.version := e.version;
    t.audit_seq := e.seq;
    t.audit_head := e.hash;
    IF e.event = 'delivered' THEN
        RETURN kefu.note_receipt(t, e);
    END IF;
    -- Of the rows that lead there the first one did, but those of later rounds.
    SELECT n.handler, n.requires, p.proname AS effect INTO x
      FROM kefu.transition n LEFT JOIN pg_proc p ON p.oid = n.effect
     WHERE n.machine = e.machine AND n.from_state = e.from_state AND n.event = e.event
       AND n.to_machine = t.kind AND n.to_state = t.state
       AND (n.guard IS NULL OR CASE (SELECT g.proname FROM pg_proc g WHERE g.oid = n.guard)
                                    WHEN 'guard_second_round' THEN t.round = 2
                                    WHEN 'guard_third_round' THEN t.round >= 3 ELSE true END)
     ORDER BY n.seq LIMIT 1;
    IF x.handler = 'nobody' THEN
        t.handler := NULL;
    ELSIF x.handler = 'given' THEN
        t.handler := CASE WHEN 'staff' = ANY (x.requires) THEN (e.facts ->> 'staff')::integer
                          WHEN 'shift' = ANY (x.requires) THEN
                              (SELECT s.staff_id FROM kefu.shift s WHERE s.shift_id = (e.facts ->> 'shift')::bigint)
                          ELSE e.staff_id END;
    END IF;
    IF e.event = 'answer' THEN
        t.needs_reading := false;
    END IF;
    RETURN kefu.apply_effect(t, e, coalesce(x.effect::text, ''));
END $$;
COMMENT ON FUNCTION kefu.apply_event(kefu.ticket, kefu.audit_event) IS 'The ticket after an event that it was before (内部: 重演事件)';

CREATE FUNCTION kefu.tickets_at(instant timestamptz, ticket bigint DEFAULT NULL) RETURNS SETOF kefu.ticket
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET plan_cache_mode = force_custom_plan AS
$$
DECLARE
    e kefu.audit_event;
    now kefu.ticket;
    t kefu.ticket;
    -- Of those that were there: what was opened since is not looked at.
    changed bigint[] := ARRAY(SELECT x.ticket_id FROM kefu.ticket x
                               WHERE (tickets_at.ticket IS NULL OR x.ticket_id = tickets_at.ticket)
                                 AND x.opened_at <= instant
                                 AND EXISTS (SELECT FROM kefu.audit_event v
                                              WHERE v.object_type = 'ticket' AND v.object_id = x.ticket_id AND v.at > instant));
BEGIN
    RETURN QUERY SELECT x.* FROM kefu.ticket x
                  WHERE (tickets_at.ticket IS NULL OR x.ticket_id = tickets_at.ticket)
                    AND x.opened_at <= instant AND x.ticket_id <> ALL (changed);
    FOR e IN SELECT v.* FROM kefu.audit_event v
              WHERE v.object_type = 'ticket' AND v.object_id = ANY (changed) AND v.at <= instant
              ORDER BY v.object_id, v.seq LOOP
        IF e.object_id IS DISTINCT FROM t.ticket_id THEN
            IF t.ticket_id IS NOT NULL THEN
                RETURN NEXT t;
            END IF;
            SELECT x.* INTO now FROM kefu.ticket x WHERE x.ticket_id = e.object_id;
            t := kefu.begin_ticket(now, e);
        END IF;
        t := kefu.apply_event(t, e);
    END LOOP;
    IF t.ticket_id IS NOT NULL THEN
        RETURN NEXT t;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.tickets_at(timestamptz, bigint) IS
'Rows of kefu.ticket as they were at an instant, of all tickets or of one. Those to which something has happened since lack what kefu_bi.tickets doesn''t show: text, alarm, product, cause, location, order. Costs reading what has happened since, and replaying the tickets of then that it happened to (内部: 历史时点工单)';

-- The same columns, labels and rows for whom as in kefu_bi.tickets: its own query,
-- over the rows of then.
DO $$
DECLARE
    shown text := pg_get_viewdef('kefu_bi.tickets'::regclass);
BEGIN
    IF shown !~ '\mticket t\M' THEN
        RAISE EXCEPTION 'kefu_bi.tickets doesn''t read kefu.ticket as t';
    END IF;
    EXECUTE format($f$
        CREATE FUNCTION kefu_bi.tickets_as_of(instant timestamptz, ticket bigint DEFAULT NULL) RETURNS SETOF kefu_bi.tickets
            LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 1000
            SET search_path = pg_catalog, kefu, pg_temp AS
        $b$ BEGIN
            RETURN QUERY %s;
        END $b$ $f$, rtrim(regexp_replace(shown, '(kefu\.)?\mticket t\M', 'kefu.tickets_at(instant, ticket) t'), ';'));
END $$;
COMMENT ON FUNCTION kefu_bi.tickets_as_of(timestamptz, bigint) IS
'kefu_bi.tickets as it was at an instant, from the audit trail: the same columns, and the rows that its reader would have had; ticket: only that one. Labels, names of units and person_key are those of today (历史时点工单; R8, R95)';

-- --- rules ---------------------------------------------------------------------------

CREATE TYPE kefu.rule_version AS (
    rule_set text,
    rule text,
    unit text,
    place text,
    account text,
    valid_from timestamptz,
    settings jsonb,
    recorded_at timestamptz,
    recorded_by integer,
    event_id bigint
);
COMMENT ON TYPE kefu.rule_version IS 'A version of a rule, and who put it on record (规则版本)';
COMMENT ON COLUMN kefu.rule_version.rule_set IS 'table it is in (规则表)';
COMMENT ON COLUMN kefu.rule_version.rule IS 'rest of its key (规则)';
COMMENT ON COLUMN kefu.rule_version.unit IS 'unit it is for, with all below it; NULL every unit (机构)';
COMMENT ON COLUMN kefu.rule_version.place IS 'jurisdiction whose law it is; NULL none (适用地区)';
COMMENT ON COLUMN kefu.rule_version.account IS 'account it is for; NULL every account (账号)';
COMMENT ON COLUMN kefu.rule_version.valid_from IS 'holds from then on (生效时间)';
COMMENT ON COLUMN kefu.rule_version.settings IS 'what it says, by column (内容)';
COMMENT ON COLUMN kefu.rule_version.recorded_at IS 'when it was put on record; NULL past the ledger (登记时间)';
COMMENT ON COLUMN kefu.rule_version.recorded_by IS 'by whom; NULL nobody of the staff (登记人)';
COMMENT ON COLUMN kefu.rule_version.event_id IS 'event of the ledger of rules; NULL none (审计事件)';

CREATE FUNCTION kefu.rule_versions(instant timestamptz) RETURNS SETOF kefu.rule_version
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 500
    SET search_path = pg_catalog, kefu, pg_temp SET intervalstyle = postgres SET timezone = 'Asia/Shanghai' AS
$$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT t.* FROM kefu.rule_relations() AS t WHERE t.has_versions ORDER BY t.rule_set LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %L, (SELECT string_agg(v.row ->> k.key, ''/'' ORDER BY k.n) FROM unnest(%L::text[]) WITH ORDINALITY AS k(key, n)
                          WHERE k.key NOT IN (''unit'', ''account'', ''jurisdiction'') AND v.row ->> k.key <> ''''),
                    v.row ->> ''unit'', v.row ->> ''jurisdiction'', nullif(v.row ->> ''account'', ''''), v.valid_from,
                    v.row - %L::text[] - ''valid_from'', coalesce(s.at, p.at), coalesce(s.staff_id, p.staff_id), coalesce(s.event_id, p.event_id)
               FROM (SELECT x.valid_from::timestamptz, jsonb_strip_nulls(to_jsonb(x)) AS row FROM %s AS x
                      WHERE x.valid_from <= $1) AS v
               -- The call that made this version ...
               LEFT JOIN LATERAL (
                    SELECT e.at, e.staff_id, e.event_id FROM kefu.audit_event e
                     WHERE e.object_type = ''ledger'' AND e.object_id = $2 AND (e.facts ->> ''from'')::timestamptz = v.valid_from
                       -- Of a rule that is the only one of its table, the call is named like it.
                       AND (%2$L <> ''{}'' OR e.event = ''set_'' || %1$L)
                       AND e.facts @> (SELECT coalesce(jsonb_object_agg(k.key, v.row -> k.key), ''{}'') FROM unnest(%2$L::text[]) AS k(key)
                                        WHERE v.row ->> k.key <> '''' AND k.key <> ''level'')
                     ORDER BY e.seq LIMIT 1) AS s ON true
               -- ... or that loaded the shipped one.
               LEFT JOIN LATERAL (
                    SELECT e.at, e.staff_id, e.event_id FROM kefu.audit_event e
                     WHERE s.event_id IS NULL AND e.object_type = ''ledger'' AND e.object_id = $2 AND e.event = ''load_preset''
                       AND e.facts ->> ''preset'' IN (SELECT ''all'' UNION SELECT q.preset FROM kefu.preset_row q WHERE q.relation = %1$L)
                     ORDER BY e.seq LIMIT 1) AS p ON true
              WHERE (v.row ->> ''valid_to'')::timestamptz > $1 IS NOT FALSE
                AND coalesce(s.at, p.at, v.valid_from) <= $1', r.rule_set, r.keys, r.keys, r.relation)
          USING instant, (SELECT l.ledger_id::bigint FROM kefu.ledger l WHERE l.ledger = 'rules');
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.rule_versions(timestamptz) IS
'Every version of every rule that had begun and was on record at an instant; recorded_at is that of the call or preset that the ledger of rules names, NULL for a row put in past them (内部: 历史规则版本)';

CREATE FUNCTION kefu_bi.rules_as_of(instant timestamptz, unit text)
    RETURNS TABLE (rule_set text, rule text, unit_of_rule text, account text, valid_from_at timestamptz, setting text, setting_value text,
                   recorded_at timestamptz, recorded_by_staff_id integer, event_id bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 1000
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_unit(rules_as_of.unit);
    RETURN QUERY
    SELECT v.rule_set, v.rule, coalesce(v.unit, 'group'), v.account, v.valid_from, s.key, s.value, v.recorded_at, v.recorded_by, v.event_id
      FROM (SELECT DISTINCT ON (x.rule_set, x.rule, x.account, x.place) x.*
              FROM kefu.rule_versions(instant) AS x
              LEFT JOIN kefu.unit_path(rules_as_of.unit) WITH ORDINALITY AS p(unit, step) ON p.unit = x.unit
              LEFT JOIN kefu.account a ON a.account = x.account
             -- Of the nearest unit up the tree, of its accounts, of the law of its place.
             WHERE (x.unit IS NULL OR p.unit IS NOT NULL)
               AND (x.account IS NULL OR a.unit = rules_as_of.unit)
               AND (x.place IS NULL OR x.place = 'cn'
                    OR EXISTS (SELECT FROM kefu.unit_path(rules_as_of.unit) AS o(unit) JOIN kefu.unit u USING (unit) WHERE u.region LIKE x.place || '%'))
             ORDER BY x.rule_set, x.rule, x.account, x.place, p.step, x.valid_from DESC) AS v
     CROSS JOIN LATERAL jsonb_each_text(v.settings) AS s
     ORDER BY v.rule_set, v.rule, v.account, s.key;
END $$;
COMMENT ON FUNCTION kefu_bi.rules_as_of(timestamptz, text) IS
'The rules that held for a unit at an instant, one row a setting: of every rule the version of the nearest unit up the tree, if the ledger of rules had it by then. A rule without such a row held not yet. Raises KF008 where the caller may not see the unit (历史时点规则; R2, R91, ruling 1)';
