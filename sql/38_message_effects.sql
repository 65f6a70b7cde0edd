-- 38_message_effects: what the transitions of messages do.
--
-- As 37_guards, each takes the move it serves and runs inside the engine only.
-- An effect may change the moved object's own columns (never state, version or
-- chain) and raise events on other objects.

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

CREATE FUNCTION kefu.open_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.raise_new('opinion', 'record', jsonb_strip_nulls(jsonb_build_object(
                'unit', m.unit, 'content', m.id, 'person', g.person_id, 'posted_at', g.posted_at,
                'item', coalesce(nullif(m.args ->> 'item', ''), (kefu.survey_of(m.id)).item),
                'category', m.args ->> 'category')))
       FROM kefu.message g WHERE g.message_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.open_opinion(kefu.move) IS 'Records the opinion in a message that is triaged; its item is that of the survey where none is named. For its effects only (由消息记录意见; R135, R136)';

CREATE FUNCTION kefu.effect_open_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.effect_drop_provisional_ticket(m);
    UPDATE kefu.message SET confirmed_kind = 'opinion' WHERE message_id = m.id;
    PERFORM kefu.open_opinion(m);
END $$;
COMMENT ON FUNCTION kefu.effect_open_opinion(kefu.move) IS 'The message is an opinion and nothing else (转意见; R81, R135)';

CREATE FUNCTION kefu.effect_open_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    cause text := coalesce(m.args ->> 'cause', 'repost');
    opened bigint;
BEGIN
    PERFORM kefu.effect_drop_provisional_ticket(m);
    UPDATE kefu.message SET confirmed_kind = 'task' WHERE message_id = m.id;
    opened := kefu.open_task(m.unit, cause, coalesce(m.args ->> 'rulebook', 'R60'),
                             coalesce((m.args ->> 'due_at')::timestamptz, m.at + interval '24 hours'),
                             NULL, m.id, NULL, NULL, m.args ->> 'note');
    INSERT INTO kefu.engagement (task_id, unit, what, message_id, account, opened_at)
    SELECT opened, m.unit, cause, m.id, g.account, m.at
      FROM kefu.message g
     WHERE g.message_id = m.id AND cause IN ('repost', 'comment') AND g.item_type <> 'message';
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
    IF m.args ->> 'item' <> '' THEN
        PERFORM kefu.open_opinion(m);
    END IF;
    IF wanted IN ('inquiry', 'complaint', 'negative') THEN
        INSERT INTO kefu.topic_queue (message_id, queued_at) VALUES (m.id, m.at) ON CONFLICT DO NOTHING;
    END IF;
    SELECT k.* INTO t FROM kefu.message g JOIN kefu.ticket k USING (ticket_id)
     WHERE g.message_id = m.id;
    IF NOT FOUND THEN
        opened := (kefu.raise_new(wanted, 'open', m.args || jsonb_build_object(
                       'message', m.id, 'unit', m.unit))).id;
        UPDATE kefu.message SET ticket_id = opened, confirmed_kind = wanted WHERE message_id = m.id;
        PERFORM kefu.recount_topics(ARRAY[m.id]);
        RETURN;
    END IF;
    IF t.kind <> wanted THEN
        PERFORM kefu.raise_event('ticket', t.ticket_id, 'reclassify',
            m.args || jsonb_build_object('reason', 'triage', 'cause', 'triage'));
    END IF;
    PERFORM kefu.raise_event('ticket', t.ticket_id, 'confirm', m.args);
    UPDATE kefu.message SET confirmed_kind = wanted WHERE message_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_confirm_or_open_ticket(kefu.move) IS 'Confirms or reclassifies the provisional ticket, or opens one for a find; where an item is named the opinion in the message is recorded too (确认或立案; R81, R105, R124, ruling 15)';

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
    PERFORM kefu.recount_topics(ARRAY[m.id]);
    -- The same matter on another platform counts there too (ruling 5).
    INSERT INTO kefu.topic_queue (message_id, queued_at)
    SELECT m.id, m.at FROM kefu.message g
      JOIN kefu.ticket t ON t.ticket_id = target
      JOIN kefu.account a ON a.account = t.account AND a.platform <> g.platform
     WHERE g.message_id = m.id
        ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION kefu.effect_raise_meaning(kefu.move) IS 'The message joins a ticket and raises there what it means (并入个案并触发含义; R97, R115, R122, R128)';

CREATE FUNCTION kefu.media_of(media text, media_kinds text)
    RETURNS TABLE (kind text, url text)
    LANGUAGE sql ROWS 3 IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- Kinds that can't be told apart line by line say nothing.
    SELECT CASE WHEN media_kinds IS NULL THEN 'picture' ELSE k.kind END, u.url
      FROM unnest(string_to_array(media, E'\n')) WITH ORDINALITY AS u(url, n)
      LEFT JOIN unnest(string_to_array(media_kinds, E'\n')) WITH ORDINALITY AS k(kind, n)
             ON k.n = u.n
            AND cardinality(string_to_array(media_kinds, E'\n')) = cardinality(string_to_array(media, E'\n'))
     ORDER BY u.n;
END;
COMMENT ON FUNCTION kefu.media_of(text, text) IS 'What is attached to a message, a row each in the platform''s order: kind in the platform''s words, picture where it names none, NULL where the kinds don''t fit the addresses (消息媒体)';

CREATE FUNCTION kefu.with_media(evidence text, media text, media_kinds text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN evidence IS NOT NULL THEN concat_ws(E'\n', evidence,
        (SELECT string_agg(concat_ws(' ', x.kind, x.url), E'\n') FROM kefu.media_of(media, media_kinds) AS x)) END;
END;
COMMENT ON FUNCTION kefu.with_media(text, text, text) IS 'Evidence of a message, with what was attached to it, a line each; NULL without evidence (证据附媒体; R82)';

CREATE FUNCTION kefu.effect_complete_message(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- What a person has decided stands; what is undecided is suggested anew. A
    -- repost's words are partly another's and keep what was suggested.
    UPDATE kefu.message g
       SET text = m.args ->> 'text', is_truncated = false,
           media = coalesce(m.args ->> 'media_links', g.media),
           media_kinds = CASE WHEN m.args ? 'media_links' THEN m.args ->> 'media_kinds' ELSE g.media_kinds END,
           suggested_kind = CASE WHEN m.from_state <> 'new' OR g.repost_of_id IS NOT NULL THEN g.suggested_kind
               ELSE coalesce((SELECT s.value FROM kefu.score_text(m.args ->> 'text') AS s
                               WHERE s.target = 'kind' ORDER BY s.score DESC LIMIT 1), g.suggested_kind) END,
           priority = least(g.priority, (SELECT s.value::smallint FROM kefu.score_text(m.args ->> 'text') AS s
                                          WHERE s.target = 'priority'))
     WHERE g.message_id = m.id;
    DELETE FROM kefu.completion WHERE message_id = m.id;
    -- Whole texts may be alike where their beginnings were not.
    INSERT INTO kefu.topic_queue (message_id, queued_at)
    SELECT m.id, m.at FROM kefu.message g
     WHERE g.message_id = m.id AND g.confirmed_kind IN ('inquiry', 'complaint', 'negative')
        ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION kefu.effect_complete_message(kefu.move) IS 'The message has its whole text; what was only suggested is suggested anew (补全消息; R85)';

CREATE FUNCTION kefu.effect_store_evidence(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.message
       SET asked_by = m.staff_id, evidence = kefu.with_media(m.args ->> 'evidence', media, media_kinds)
     WHERE message_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_store_evidence(kefu.move) IS 'Evidence first, removal later (保存证据; R82, ruling 12)';

CREATE FUNCTION kefu.effect_delete_and_report(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.message
       SET evidence = coalesce(kefu.with_media(m.args ->> 'evidence', media, media_kinds), evidence)
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
    UPDATE kefu.message SET ticket_id = NULL, context_of = NULL, meaning = NULL WHERE message_id = m.id;
    -- As context it raised nothing.
    IF wrong IS NULL THEN
        RETURN;
    END IF;
    PERFORM kefu.recount_topics(ARRAY[m.id]);
    PERFORM kefu.open_task(m.unit, 'undo_attached_event', 'house', m.at + interval '2 hours', wrong,
                           m.id, NULL, NULL, m.args ->> 'reason');
END $$;
COMMENT ON FUNCTION kefu.effect_undo_attach(kefu.move) IS 'Attached to the wrong ticket: what it raised there is undone by a person (撤销并案)';
