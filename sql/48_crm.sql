-- 48_crm: what a customer-relations system needs: worklist, card, preview.

CREATE TABLE kefu.patrol (
    patrol_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    staff_id integer NOT NULL REFERENCES kefu.staff,
    at timestamptz NOT NULL
);
CREATE INDEX patrol_unit ON kefu.patrol (unit, at);
COMMENT ON TABLE kefu.patrol IS 'Evidence that a person looked: each reading of a worklist (巡查; R71, R86, R88)';
COMMENT ON COLUMN kefu.patrol.patrol_id IS 'number (巡查编号)';
COMMENT ON COLUMN kefu.patrol.unit IS 'unit whose worklist was read (机构)';
COMMENT ON COLUMN kefu.patrol.staff_id IS 'who looked (人员)';
COMMENT ON COLUMN kefu.patrol.at IS 'when (时间)';

CREATE FUNCTION kefu.my_tickets() RETURNS bigint[]
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    me CONSTANT integer := kefu.me();
    lenders CONSTANT text[] := ARRAY(
        SELECT u.parent FROM kefu.staff_role r JOIN kefu.unit u USING (unit)
         WHERE r.staff_id = me AND u.kind IN ('hotline', 'contractor'));
    lent text[];
BEGIN
    -- Most people have no such role, and nothing is read for them.
    IF cardinality(lenders) = 0 THEN
        RETURN ARRAY[]::bigint[];
    END IF;
    lent := ARRAY(SELECT u.unit FROM kefu.unit u
                   WHERE EXISTS (SELECT FROM kefu.unit_path(u.unit) AS p(unit) WHERE p.unit = ANY (lenders)));
    RETURN ARRAY(
        SELECT t.ticket_id FROM kefu.ticket t
         WHERE t.archived_at IS NULL AND t.unit = ANY (lent) AND t.handler = me
           AND kefu.is_given('ticket', t.ticket_id, t.unit, t.handler)
        UNION
        SELECT t.ticket_id FROM kefu.task k JOIN kefu.ticket t USING (ticket_id)
         WHERE k.cause = 'call_back' AND k.state = 'open' AND k.unit = ANY (kefu.my_units())
           AND kefu.is_given('ticket', t.ticket_id, t.unit, t.handler)
         ORDER BY 1);
END $$;
COMMENT ON FUNCTION kefu.my_tickets() IS
'Open tickets that another unit gave the caller, who works at its hotline or contractor: as handler or by an open call-back task; empty for everybody else (派给本人的工单; R7, R93)';

CREATE FUNCTION kefu.desk_units() RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    -- Who audits answers for seeing who did what; a superuser is a member of every role.
    IF EXISTS (SELECT FROM pg_catalog.pg_roles r
                WHERE r.rolname = 'kefu_auditor' AND pg_catalog.pg_has_role(kefu.caller(), r.oid, 'MEMBER')) THEN
        RETURN kefu.my_units();
    END IF;
    RETURN ARRAY(SELECT u.unit FROM unnest(kefu.my_units()) AS u(unit)
                  WHERE kefu.has_role('operator', u.unit) OR kefu.has_role('leader', u.unit) OR kefu.has_role('hotline', u.unit));
END $$;
COMMENT ON FUNCTION kefu.desk_units() IS
'Units where the caller is operator, leader or hotline agent, for an auditor all the caller sees: of these the views name people; an analyst has none (可见人员身份的机构; ruling 21)';

CREATE FUNCTION kefu.nameless_words(ticket bigint) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    units text[] := kefu.my_units();
BEGIN
    RETURN (SELECT kefu.without_person(g.text, t.person_id)
              FROM kefu.ticket t JOIN kefu.message g ON g.message_id = t.message_id
             WHERE t.ticket_id = ticket AND (t.unit = ANY (units) OR t.received_unit = ANY (units) OR t.home_unit = ANY (units)));
END $$;
COMMENT ON FUNCTION kefu.nameless_words(bigint) IS
'A customer''s first words of a ticket that the caller sees, without what is known of the person and without numbers; NULL for others (内部: 去标识来言; ruling 21)';

CREATE FUNCTION kefu.hide_numbers(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(words, '[0-9](?:[ -]?[0-9]){6,}', '***', 'g');
COMMENT ON FUNCTION kefu.hide_numbers(text) IS
'Words with every number of seven or more digits, which may be a telephone''s, as three asterisks; NULL for NULL (隐去号码; R94, R111)';

CREATE FUNCTION kefu.work_text(object_type text, id bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH ticket AS (
        SELECT t.ticket_id, t.message_id FROM kefu.ticket t
         WHERE t.ticket_id = CASE object_type WHEN 'ticket' THEN id WHEN 'work_order' THEN
                   (SELECT o.ticket_id FROM kefu.work_order o WHERE o.order_id = id) END
    )
    SELECT left(CASE object_type
        WHEN 'message' THEN (SELECT g.text FROM kefu.message g WHERE g.message_id = id)
        WHEN 'topic' THEN (SELECT concat_ws(': ', t.category, format('messages %s, persons %s, platforms %s',
                                  t.messages_count, t.persons_count, t.platforms_count))
                             FROM kefu.topic t WHERE t.topic_id = id)
        WHEN 'opinion' THEN (SELECT kefu.hide_numbers(coalesce(o.summary, g.text))
                               FROM kefu.opinion o JOIN kefu.message g USING (message_id) WHERE o.opinion_id = id)
        WHEN 'request' THEN (SELECT r.text FROM kefu.post_request r WHERE r.request_id = id)
        WHEN 'post' THEN (SELECT p.text FROM kefu.post p WHERE p.post_id = id)
        WHEN 'placement' THEN (SELECT concat_ws(': ', l.account, l.text) FROM kefu.placement l WHERE l.placement_id = id)
        WHEN 'follow' THEN (SELECT concat_ws(': ', f.account, f.category, f.native_id) FROM kefu.follow f WHERE f.follow_id = id)
        WHEN 'report' THEN (SELECT concat_ws(': ', r.desk_unit, r.kind, r.period, r.title) FROM kefu.report r WHERE r.report_id = id)
        WHEN 'task' THEN (SELECT concat_ws(': ', k.cause, k.note) FROM kefu.task k WHERE k.task_id = id)
        ELSE coalesce(
            (SELECT o.further_need FROM kefu.work_order o
              WHERE o.order_id = id AND object_type = 'work_order'),
            (SELECT CASE object_type WHEN 'work_order' THEN kefu.hide_numbers(g.text) ELSE g.text END
               FROM kefu.message g JOIN ticket t USING (ticket_id)
              WHERE object_type <> 'work_order' OR g.meaning IS DISTINCT FROM 'contact'
              ORDER BY g.posted_at DESC, g.message_id DESC LIMIT 1),
            (SELECT CASE object_type WHEN 'work_order' THEN kefu.hide_numbers(g.text) ELSE g.text END
               FROM kefu.message g JOIN ticket t USING (message_id)))
        END, 140);
END;
COMMENT ON FUNCTION kefu.work_text(text, bigint) IS
'What a piece of work is about, at most 140 characters: the customer''s last words, the further need of a work order, the cause of a task; a work order, which a department reads, shows no message with contact data and no long number, nor does an opinion a long number; NULL if there is none. The caller checks who may read it (内部: 工作内容)';

CREATE FUNCTION kefu.worklist(unit text, max_rows integer DEFAULT 200)
    RETURNS TABLE (object_type text, id bigint, of_unit text, machine text, state text, state_label text,
                   why text, due_at timestamptz, seconds_left bigint, priority smallint,
                   handler integer, needs_reading boolean, text text, suggested_script text,
                   version integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    lends boolean := (SELECT u.kind IN ('hotline', 'contractor')
                        FROM kefu.unit u WHERE u.unit = worklist.unit);
BEGIN
    PERFORM kefu.require_unit(unit, 'operator', 'leader', 'reviewer', 'department', 'hotline');
    INSERT INTO kefu.patrol (unit, staff_id, at) VALUES (worklist.unit, kefu.me(), kefu.now());
    RETURN QUERY
    WITH mine AS (
        SELECT u.unit FROM kefu.unit u
         WHERE u.unit = ANY (kefu.my_units())
           AND worklist.unit IN (SELECT p.unit FROM kefu.unit_path(u.unit) AS p(unit))
    ), work AS (
        -- What other units gave the caller stands in the list of the hotline or contractor.
        SELECT 'ticket' AS object_type, t.ticket_id AS id, t.unit, t.kind AS machine, t.state,
               t.priority, t.handler, t.needs_reading, t.version
          FROM kefu.ticket t
         WHERE lends AND t.ticket_id = ANY (kefu.my_tickets()) AND t.unit NOT IN (SELECT m.unit FROM mine m)
        UNION ALL
        SELECT 'message', g.message_id, g.unit, 'message', g.state, g.priority, g.handler, true, g.version
          FROM kefu.message g
         WHERE lends AND g.handler = kefu.me() AND g.state IN ('new', 'removal_asked') AND g.is_live
           AND kefu.is_given('message', g.message_id, g.unit, g.handler)
           AND g.unit NOT IN (SELECT m.unit FROM mine m)
        UNION ALL
        SELECT 'work_order', o.order_id, o.unit, 'work_order', o.state, o.priority, o.handler, false, o.version
          FROM kefu.work_order o
         WHERE lends AND o.handler = kefu.me() AND o.closed_at IS NULL
           AND kefu.is_given('work_order', o.order_id, o.unit, o.handler)
           AND o.unit NOT IN (SELECT m.unit FROM mine m)
        UNION ALL
        SELECT 'follow', f.follow_id, f.unit, 'follow', f.state, 3::smallint, f.handler, false, f.version
          FROM kefu.follow f JOIN mine USING (unit)
         WHERE f.state = 'proposed'
            OR f.state = 'following' AND EXISTS (SELECT FROM kefu.clock k WHERE k.object_type = 'follow'
                   AND k.object_id = f.follow_id AND k.stopped_at IS NULL AND k.due_at <= kefu.now())
        UNION ALL
        SELECT 'task', k.task_id, k.unit, 'task', k.state, 2::smallint, k.handler, false, k.version
          FROM kefu.task k
         WHERE lends AND k.handler = kefu.me() AND k.state = 'open'
           AND kefu.is_given('task', k.task_id, k.unit, k.handler)
           AND k.unit NOT IN (SELECT m.unit FROM mine m)
        UNION ALL
        SELECT 'ticket' AS object_type, t.ticket_id AS id, t.unit, t.kind AS machine, t.state,
               t.priority, t.handler, t.needs_reading, t.version
          FROM kefu.ticket t JOIN mine USING (unit)
         WHERE t.archived_at IS NULL
        UNION ALL
        SELECT 'message', g.message_id, g.unit, 'message', g.state, g.priority, g.handler, true, g.version
          FROM kefu.message g JOIN mine USING (unit)
         WHERE g.state IN ('new', 'removal_asked') AND g.is_live
        UNION ALL
        SELECT 'work_order', o.order_id, o.unit, 'work_order', o.state, o.priority, o.handler, false, o.version
          FROM kefu.work_order o JOIN mine USING (unit)
         WHERE o.closed_at IS NULL
        UNION ALL
        SELECT 'topic', t.topic_id, t.unit, 'topic', t.state, 2::smallint, t.handler, false, t.version
          FROM kefu.topic t JOIN mine USING (unit)
         WHERE t.state IN ('due', 'ready')
        UNION ALL
        SELECT 'opinion', o.opinion_id, o.unit, 'opinion', o.state, 2::smallint, o.handler, false, o.version
          FROM kefu.opinion o JOIN mine USING (unit)
         WHERE o.closed_at IS NULL
        UNION ALL
        SELECT 'request', r.request_id, r.unit, 'request', r.state, 2::smallint, r.handler, false, r.version
          FROM kefu.post_request r JOIN mine USING (unit)
         WHERE r.state IN ('submitted', 'rejected')
        UNION ALL
        SELECT 'post', p.post_id, p.unit, 'post', p.state, CASE WHEN k.is_urgent THEN 1 ELSE 2 END::smallint,
               p.handler, false, p.version
          FROM kefu.post p JOIN mine USING (unit) JOIN kefu.post_kind k USING (kind)
         WHERE p.state IN ('submitted', 'rejected', 'approved', 'failed')
        UNION ALL
        SELECT 'placement', l.placement_id, l.unit, 'placement', l.state, 2::smallint, l.handler, false, l.version
          FROM kefu.placement l JOIN mine USING (unit)
         WHERE l.state IN ('uncertain', 'failed')
        UNION ALL
        SELECT 'correction', c.correction_id, c.unit, 'correction', c.state, 1::smallint, c.handler, false, c.version
          FROM kefu.correction c JOIN mine USING (unit)
         WHERE c.closed_at IS NULL
        UNION ALL
        SELECT 'report', r.report_id, r.unit, 'report', r.state, 2::smallint, r.handler, false, r.version
          FROM kefu.report r JOIN mine USING (unit)
         WHERE r.closed_at IS NULL
        UNION ALL
        SELECT 'task', k.task_id, k.unit, 'task', k.state, 2::smallint, k.handler, false, k.version
          FROM kefu.task k JOIN mine USING (unit)
         WHERE k.state = 'open'
    ), listed AS (
        SELECT w.*, c.clock, c.due_at,
               CASE WHEN current_setting('kefu.language') = 'zh' THEN s.label_zh ELSE s.label_en END AS label,
               row_number() OVER (ORDER BY w.needs_reading AND w.object_type = 'ticket' DESC,
                                  c.due_at NULLS LAST, w.priority, w.id) AS place
          FROM work w
          JOIN kefu.state s ON s.machine = w.machine AND s.state = w.state AND NOT s.is_final
          LEFT JOIN LATERAL (
               SELECT k.clock, k.due_at FROM kefu.clock k
                WHERE k.object_id = w.id AND k.object_type = w.object_type AND k.stopped_at IS NULL
                ORDER BY k.due_at LIMIT 1) AS c ON true
         ORDER BY place
         LIMIT max_rows
    )
    SELECT l.object_type, l.id, l.unit, l.machine, l.state, l.label, l.clock, l.due_at,
           floor(extract(epoch FROM l.due_at - kefu.now()))::bigint, l.priority, l.handler,
           l.needs_reading, kefu.work_text(l.object_type, l.id),
           CASE WHEN l.machine IN ('inquiry', 'complaint') AND l.state IN ('new', 'recorded')
                THEN l.machine || '_acknowledge'
                WHEN l.machine = 'negative' THEN 'negative_ask'
                WHEN l.machine = 'praise' THEN 'praise_thanks' END,
           l.version
      FROM listed l
     ORDER BY l.place;
END $$;
COMMENT ON FUNCTION kefu.worklist(text, integer) IS
'Open work of a unit and all below it that the caller may see, for a hotline or contractor also what was given to the caller: tickets whose customer wrote again first, then by the earliest promise; seconds_left is negative when late; text is what kefu.work_text() shows. Reading it is recorded as a patrol (工作清单; R71, R86, R88)';

CREATE FUNCTION kefu.mask(value text, kind text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN value IS NULL THEN NULL
        WHEN kind IN ('mobile', 'landline') AND char_length(value) >= 8
            THEN left(value, 3) || '****' || right(value, 4)
        ELSE left(value, 1) || repeat('*', least(greatest(char_length(value) - 1, 1), 3)) END;
END;
COMMENT ON FUNCTION kefu.mask(text, text) IS
'First three and last four digits of a number, first character of anything else; NULL for NULL (脱敏; ruling 21)';

CREATE FUNCTION kefu.department_card(t kefu.ticket) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN jsonb_build_object(
        'ticket', t.ticket_id, 'kind', t.kind, 'category', t.category, 'priority', t.priority,
        'further_need', kefu.hide_numbers(t.further_need),
        'reply_by', (SELECT max(o.reply_by) FROM kefu.work_order o
                      WHERE o.ticket_id = t.ticket_id AND o.closed_at IS NULL),
        'thread', (SELECT jsonb_agg(jsonb_build_object('from', 'customer', 'message', g.message_id,
                                        'at', g.posted_at, 'text', kefu.hide_numbers(g.text))
                                    ORDER BY g.posted_at, g.message_id)
                     FROM kefu.message g
                    WHERE (g.ticket_id = t.ticket_id OR g.message_id = t.message_id)
                      AND g.meaning IS DISTINCT FROM 'contact'));
END $$;
COMMENT ON FUNCTION kefu.department_card(kefu.ticket) IS
'What a department needs of the ticket behind its work order: matter, priority, the customer''s words without contact data and long numbers, the further need, reply_by (NULL once closed). The caller checks who may read it (内部: 部门工单卡片; R94, R111)';

CREATE FUNCTION kefu.card(ticket bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    t kefu.ticket;
    zh boolean := current_setting('kefu.language') = 'zh';
BEGIN
    SELECT * INTO t FROM kefu.ticket k WHERE k.ticket_id = card.ticket;
    IF NOT ARRAY[t.unit, t.received_unit, t.home_unit] && kefu.my_units()
       AND NOT kefu.is_given('ticket', t.ticket_id, t.unit, t.handler) THEN
        IF EXISTS (SELECT FROM kefu.work_order o
                    WHERE o.ticket_id = t.ticket_id
                      AND ARRAY[o.unit, o.department] && kefu.my_units()) THEN
            RETURN kefu.department_card(t);
        END IF;
        PERFORM kefu.require_unit(NULL);
    END IF;
    RETURN jsonb_build_object(
        'ticket', t.ticket_id, 'kind', t.kind, 'state', t.state, 'version', t.version,
        'state_label', (SELECT CASE WHEN zh THEN s.label_zh ELSE s.label_en END
                          FROM kefu.state s WHERE s.machine = t.kind AND s.state = t.state),
        'unit', t.unit, 'received_unit', t.received_unit, 'home_unit', t.home_unit,
        'handler', t.handler, 'priority', t.priority, 'level', t.level, 'round', t.round,
        'is_provisional', t.is_provisional, 'needs_reading', t.needs_reading,
        'category', t.category, 'solution', t.solution, 'further_need', t.further_need,
        'person', (SELECT jsonb_build_object(
                              'person', p.person_id,
                              'identities', (SELECT jsonb_agg(jsonb_build_object(
                                                        'platform', i.platform, 'screen_name', i.screen_name)
                                                    ORDER BY i.identity_id)
                                               FROM kefu.identity i
                                               WHERE i.person_id = ANY (kefu.person_group(p.person_id))),
                              'contact', (SELECT jsonb_object_agg(d.kind, kefu.mask(d.value, d.kind)
                                                                  ORDER BY d.given_at)
                                            FROM kefu.personal_data d
                                           WHERE d.person_id = ANY (kefu.person_group(p.person_id))),
                              'other_tickets', (SELECT jsonb_agg(jsonb_build_object(
                                                           'ticket', o.ticket_id, 'kind', o.kind,
                                                           'state', o.state, 'posted_at', o.posted_at)
                                                       ORDER BY o.posted_at)
                                                  FROM kefu.ticket o
                                                 WHERE o.ticket_id IN (SELECT kefu.person_tickets(p.person_id))
                                                   AND o.ticket_id <> t.ticket_id
                                                   AND o.unit = ANY (kefu.my_units())))
                     FROM kefu.person p WHERE p.person_id = kefu.ticket_person(t.ticket_id)),
        'thread', (SELECT jsonb_agg(x.line ORDER BY x.at, x.id)
                     FROM (SELECT g.posted_at AS at, g.message_id AS id, jsonb_build_object(
                                      'from', 'customer', 'message', g.message_id, 'at', g.posted_at,
                                      'text', g.text, 'meaning', g.meaning, 'is_truncated', g.is_truncated,
                                      'media', (SELECT jsonb_agg(to_jsonb(x)) FROM kefu.media_of(g.media, g.media_kinds) AS x)) AS line
                             FROM kefu.message g
                            WHERE g.ticket_id = t.ticket_id OR g.message_id = t.message_id
                           UNION ALL
                           SELECT coalesce(o.sent_at, o.queued_at), o.outbound_id, jsonb_build_object(
                                      'from', 'desk', 'outbound', o.outbound_id, 'channel', o.channel,
                                      'at', o.sent_at, 'queued_at', o.queued_at, 'state', o.state,
                                      'text', o.text)
                             FROM kefu.speech p JOIN kefu.outbound o USING (speech_id)
                            WHERE p.object_type = 'ticket' AND p.object_id = t.ticket_id) AS x),
        'reposts', (SELECT jsonb_build_object('count', count(*), 'latest_at', max(g.posted_at))
                      FROM kefu.message g WHERE g.context_of = t.ticket_id HAVING count(*) > 0),
        'rounds', (SELECT jsonb_agg(to_jsonb(r) - 'ticket_id' ORDER BY r.round)
                     FROM kefu.round r WHERE r.ticket_id = t.ticket_id),
        'clocks', (SELECT jsonb_agg(jsonb_build_object(
                              'clock', c.clock, 'round', c.round, 'due_at', c.due_at,
                              'due_desk_at', c.due_desk_at, 'stopped_at', c.stopped_at,
                              'outcome', c.outcome) ORDER BY c.clock_id)
                     FROM kefu.clock c
                    WHERE c.object_type = 'ticket' AND c.object_id = t.ticket_id),
        'events', (SELECT jsonb_agg(e.line ORDER BY e.event)
                     FROM (SELECT n.event, jsonb_build_object(
                                      'event', n.event,
                                      'label', max(CASE WHEN zh THEN w.label_zh ELSE w.label_en END),
                                      'roles', to_jsonb(max(n.roles)), 'needs', to_jsonb(max(n.requires))) AS line
                             FROM kefu.transition n LEFT JOIN kefu.event w USING (event)
                            WHERE n.machine = t.kind AND n.from_state = t.state
                              AND NOT n.roles <@ ARRAY['clock', 'platform']
                            GROUP BY n.event) AS e));
END $$;
COMMENT ON FUNCTION kefu.card(bigint) IS
'Everything about one ticket as one object: thread, masked person and the person''s other tickets, rounds, clocks, and the events its state allows with the facts each needs. A department with a work order for it reads kefu.department_card() instead. KF008 if it is not there or not visible (工单卡片)';

CREATE FUNCTION kefu.preview(script text, ticket bigint, department text DEFAULT NULL,
                             channel text DEFAULT 'public') RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    t kefu.ticket;
BEGIN
    SELECT * INTO t FROM kefu.ticket k WHERE k.ticket_id = preview.ticket;
    IF NOT kefu.is_given('ticket', t.ticket_id, t.unit, t.handler) THEN
        PERFORM kefu.require_unit(t.unit);
    END IF;
    RETURN kefu.script_text(script, channel, jsonb_strip_nulls(jsonb_build_object(
        'department', (SELECT u.name_zh FROM kefu.unit u WHERE u.unit = department),
        'limit', kefu.setting('limit'), 'hotline', kefu.setting('hotline'), 'solution', t.solution)));
END $$;
COMMENT ON FUNCTION kefu.preview(text, bigint, text, text) IS
'The text an approved script would give for a ticket; nothing is queued (话术预览; R14)';

