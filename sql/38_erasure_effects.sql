-- 38_erasure_effects: taking a person out of everything that is kept.
--
-- What is erased: what the person told us, the words of the messages and of
-- our replies, notes about the matter, names and ids of the platforms, the
-- items in raw payloads, and the details of the audit trail. What stays: every
-- row, code, number and instant, so that no figure changes, every chain, and
-- person_key. An object's own columns change in its own "erase" event.
--
-- As 37_guards, these run inside the engine only.

-- --- guards -------------------------------------------------------------------

CREATE FUNCTION kefu.erasure_is_held(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT kefu.has_open_matter(e.person_id) OR kefu.is_held_by_law(e.person_id)
              FROM kefu.erasure e WHERE e.erasure_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.erasure_is_held(kefu.move) IS 'Something of the person is open, or the legal minimum is not over (是否暂不得删除)';

CREATE FUNCTION kefu.guard_has_open_matter(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.erasure_is_held(m); END $$;
COMMENT ON FUNCTION kefu.guard_has_open_matter(kefu.move) IS 'A matter is open or the legal minimum runs: the erasure waits (有未结事项; ruling 21)';

CREATE FUNCTION kefu.guard_nothing_open(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN NOT kefu.erasure_is_held(m); END $$;
COMMENT ON FUNCTION kefu.guard_nothing_open(kefu.move) IS 'Nothing holds the erasure any more (无未结事项; ruling 21)';

CREATE FUNCTION kefu.guard_erasable_on_request(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT e.origin = 'request' FROM kefu.erasure e WHERE e.erasure_id = m.id)
       AND NOT kefu.erasure_is_held(m);
END $$;
COMMENT ON FUNCTION kefu.guard_erasable_on_request(kefu.move) IS 'The person asked for it and nothing holds it (可应要求删除; ruling 21)';

CREATE FUNCTION kefu.guard_erasable_by_retention(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT e.origin = 'retention' FROM kefu.erasure e WHERE e.erasure_id = m.id)
       AND NOT kefu.erasure_is_held(m);
END $$;
COMMENT ON FUNCTION kefu.guard_erasable_by_retention(kefu.move) IS 'Its time is over and nothing holds it (保存期满可删除; ruling 21)';

-- --- helpers ----------------------------------------------------------------------

CREATE FUNCTION kefu.mark_erased(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN CASE WHEN value IS NOT NULL THEN kefu.erased_text() END;
END $$;
COMMENT ON FUNCTION kefu.mark_erased(text) IS 'The mark where there was a text, NULL where there was none (置删除标记)';

CREATE FUNCTION kefu.erase_details(events bigint[]) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    erased integer := 0;
    found_event bigint;
BEGIN
    FOR found_event IN SELECT d.event_id FROM kefu.audit_detail d
                        WHERE d.event_id = ANY (events) AND d.erased_by IS NULL
                        ORDER BY d.event_id LOOP
        PERFORM kefu.blank_detail(found_event, kefu.append_ledger(
            'access', 'erase_detail', jsonb_build_object('event_id', found_event)));
        erased := erased + 1;
    END LOOP;
    RETURN erased;
END $$;
COMMENT ON FUNCTION kefu.erase_details(bigint[]) IS 'Erases the details of these audit events, each accounted for on ledger access; returns how many there were. For the owner''s functions only (批量删除审计明细)';

CREATE FUNCTION kefu.erase_trail(object_type text, object_id bigint) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RETURN kefu.erase_details(ARRAY(
        SELECT e.event_id FROM kefu.audit_event e
         WHERE e.object_type = erase_trail.object_type AND e.object_id = erase_trail.object_id
           AND e.detail_digest IS NOT NULL));
END $$;
COMMENT ON FUNCTION kefu.erase_trail(text, bigint) IS 'Erases the details of an object''s audit events; its chain stays valid. For the owner''s functions only (删除对象审计明细)';

-- Items are the elements of the outermost arrays, whatever the dialect: they
-- are cut out as they stand, and the rest of the payload stays as it came.
CREATE FUNCTION kefu.items_with(payload json, pattern text) RETURNS SETOF text
    LANGUAGE plpgsql ROWS 20 IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    member json;
BEGIN
    IF json_typeof(payload) = 'array' THEN
        RETURN QUERY SELECT a.item::text FROM json_array_elements(payload) AS a(item)
                      WHERE a.item::text ~ pattern;
    ELSIF json_typeof(payload) = 'object' THEN
        FOR member IN SELECT o.value FROM json_each(payload) AS o
                       WHERE json_typeof(o.value) IN ('object', 'array') LOOP
            RETURN QUERY SELECT i FROM kefu.items_with(member, pattern) AS i;
        END LOOP;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.items_with(json, text) IS 'Elements of a payload''s outermost arrays that match a pattern, as they stand in its text (匹配条目)';

CREATE FUNCTION kefu.cut_items(payload text, pattern text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    rest text := payload;
    item text;
BEGIN
    FOR item IN SELECT i FROM kefu.items_with(payload::json, pattern) AS i LOOP
        rest := replace(rest, item, '{"erased": true}');
    END LOOP;
    RETURN CASE WHEN rest ~ pattern THEN NULL ELSE rest END;
EXCEPTION
    WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
        RETURN NULL;
END $$;
COMMENT ON FUNCTION kefu.cut_items(text, text) IS 'The payload without the items that match; NULL where it can''t be taken apart or something that matches stands outside them: then all of it must go (剪除条目)';

CREATE FUNCTION kefu.id_pattern(ids text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT '(^|[^0-9A-Za-z_])(' || string_agg(
                       regexp_replace(i.id, '([^0-9A-Za-z_])', '\\\1', 'g'), '|')
                   || ')($|[^0-9A-Za-z_])'
              FROM unnest(ids) AS i(id) WHERE i.id <> '');
END $$;
COMMENT ON FUNCTION kefu.id_pattern(text[]) IS 'Regular expression for any of these ids as a whole word; NULL for none (标识正则)';

CREATE FUNCTION kefu.erase_payloads(ids text[], since timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    pattern text := kefu.id_pattern(ids);
    raws integer;
    letters integer;
BEGIN
    UPDATE kefu.raw_payload r SET payload = kefu.cut_items(r.payload, pattern)
     WHERE r.received_at >= since AND r.payload ~ pattern;
    GET DIAGNOSTICS raws = ROW_COUNT;
    UPDATE kefu.dead_letter l
       SET payload = NULL, settled_at = coalesce(l.settled_at, kefu.now())
     WHERE l.received_at >= since AND l.payload ~ pattern;
    GET DIAGNOSTICS letters = ROW_COUNT;
    RETURN raws + letters;
END $$;
COMMENT ON FUNCTION kefu.erase_payloads(text[], timestamptz) IS 'Cuts the items that bear one of these ids out of the raw payloads received since then, and blanks such dead letters; reads all of them. Returns how many rows changed. For the owner''s functions only (删除原始报文条目)';

-- --- the objects ---------------------------------------------------------------------

CREATE FUNCTION kefu.effect_erase_message(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.message
       SET text = kefu.mark_erased(text), media = NULL, media_kinds = NULL, url = NULL, thread_id = NULL,
           evidence = kefu.mark_erased(evidence)
     WHERE message_id = m.id;
    DELETE FROM kefu.completion WHERE message_id = m.id;
    UPDATE kefu.original o SET text = kefu.mark_erased(o.text)
      FROM kefu.message g
     WHERE g.message_id = m.id AND (o.message_id = m.id OR (o.platform, o.item_key) = (g.platform, g.native_id));
    PERFORM kefu.erase_trail('message', m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_erase_message(kefu.move) IS 'The words and addresses of a message go; its platform id stays, so that the same item is never taken in again (删除消息内容; ruling 21)';

CREATE FUNCTION kefu.effect_erase_ticket(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.ticket
       SET solution = kefu.mark_erased(solution), further_need = kefu.mark_erased(further_need),
           -- 'answered' is the engine's own word.
           result = CASE WHEN result = 'answered' THEN result ELSE kefu.mark_erased(result) END
     WHERE ticket_id = m.id;
    UPDATE kefu.outbound o
       SET text = kefu.erased_text(), slots = NULL, recipient_id = NULL,
           last_error = kefu.mark_erased(o.last_error)
      FROM kefu.speech s
     WHERE s.speech_id = o.speech_id AND s.object_type = 'ticket' AND s.object_id = m.id;
    PERFORM kefu.erase_trail('ticket', m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_erase_ticket(kefu.move) IS 'Notes on a ticket and our words to its customer go; kind, category, place and instants stay (删除工单文字; ruling 21)';

CREATE FUNCTION kefu.effect_erase_order(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.work_order
       SET solution = kefu.mark_erased(solution), further_need = kefu.mark_erased(further_need),
           result = kefu.mark_erased(result)
     WHERE order_id = m.id;
    PERFORM kefu.erase_trail('work_order', m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_erase_order(kefu.move) IS 'Notes on a work order go (删除投诉单文字; ruling 21)';

CREATE FUNCTION kefu.effect_erase_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.opinion
       SET summary = kefu.mark_erased(summary), solution = kefu.mark_erased(solution),
           result = kefu.mark_erased(result), reason = kefu.mark_erased(reason)
     WHERE opinion_id = m.id;
    PERFORM kefu.erase_trail('opinion', m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_erase_opinion(kefu.move) IS 'Notes on an opinion go, its words go with the message; item, category, department, instants and the post stay, and its submitter keeps being counted (删除意见文字; ruling 21)';

CREATE FUNCTION kefu.effect_erase_task(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.task
       SET note = kefu.mark_erased(note), evidence = kefu.mark_erased(evidence)
     WHERE task_id = m.id;
    UPDATE kefu.engagement SET reason = kefu.mark_erased(reason) WHERE task_id = m.id;
    UPDATE kefu.outbound SET text = kefu.erased_text(), last_error = kefu.mark_erased(last_error)
     WHERE object_type = 'task' AND object_id = m.id AND state IN ('sent', 'failed', 'cancelled');
    PERFORM kefu.erase_trail('task', m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_erase_task(kefu.move) IS 'Notes on a task go, and what was said for it (删除待办文字; ruling 21)';

-- --- the erasure -----------------------------------------------------------------------

CREATE FUNCTION kefu.make_erasure(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO kefu.erasure (state, unit, person_id, origin, asked_at, opened_at)
    VALUES (m.to_state, m.unit, kefu.person_root((m.args ->> 'person')::bigint), m.args ->> 'origin',
            (m.args ->> 'notice_time')::timestamptz, m.at)
    RETURNING erasure_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_erasure(kefu.move) IS 'Inserts an erasure for the person as known today (登记删除)';

CREATE FUNCTION kefu.tell_of_erasure(m kefu.move, cause text, due_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF (SELECT e.origin FROM kefu.erasure e WHERE e.erasure_id = m.id) = 'request' THEN
        PERFORM kefu.open_task(m.unit, cause, 'house', due_at, note => 'erasure ' || m.id);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.tell_of_erasure(kefu.move, text, timestamptz) IS 'A task to tell in private whoever asked for an erasure; none where only time was over (告知删除结果)';

CREATE FUNCTION kefu.effect_open_erasure(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.tell_of_erasure(m, 'decide_erasure', (m.args ->> 'notice_time')::timestamptz + interval '15 days');
    PERFORM kefu.end_follow_of_erased(f.follow_id)
       FROM (SELECT x.follow_id
               FROM kefu.identity i JOIN kefu.follow x USING (identity_id)
              WHERE i.person_id = ANY (kefu.person_group((m.args ->> 'person')::bigint)) AND x.ended_at IS NULL
              ORDER BY x.follow_id) AS f;
END $$;
COMMENT ON FUNCTION kefu.effect_open_erasure(kefu.move) IS 'Somebody has to decide on it and tell the person, whom our accounts follow no longer (待决定是否删除; ruling 21)';

CREATE FUNCTION kefu.end_consents(person bigint, ended_by text, only_purpose text DEFAULT NULL,
                                  but_purpose text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    persons bigint[] := kefu.person_group(person);
    ended integer;
BEGIN
    UPDATE kefu.consent c SET withdrawn_at = kefu.now(), ended_by = end_consents.ended_by
     WHERE c.person_id = ANY (persons) AND c.withdrawn_at IS NULL
       AND c.purpose = coalesce(only_purpose, c.purpose)
       AND c.purpose IS DISTINCT FROM but_purpose;
    GET DIAGNOSTICS ended = ROW_COUNT;
    DELETE FROM kefu.personal_data d
     WHERE d.person_id = ANY (persons)
       AND NOT EXISTS (SELECT FROM kefu.consent c
                        WHERE c.person_id = ANY (persons) AND c.kind = d.kind
                          AND c.withdrawn_at IS NULL);
    -- What was told also stands in the trail of the tickets, by purpose.
    PERFORM kefu.erase_details(ARRAY(
        SELECT e.event_id
          FROM kefu.person_tickets(person) AS t(ticket_id)
          JOIN kefu.audit_event e ON e.object_type = 'ticket' AND e.object_id = t.ticket_id
         WHERE e.event = 'contact_given' AND e.detail_digest IS NOT NULL
           AND NOT EXISTS (SELECT FROM kefu.consent c
                            WHERE c.person_id = ANY (persons) AND c.withdrawn_at IS NULL
                              AND c.purpose = coalesce(e.facts ->> 'purpose', 'handling'))));
    RETURN ended;
END $$;
COMMENT ON FUNCTION kefu.end_consents(bigint, text, text, text) IS 'Ends the consents of a person and all merged with it, for one purpose or for all but one, and erases what no consent supports any more, in the audit trail too; returns how many ended. For the owner''s functions only (终止同意)';

CREATE FUNCTION kefu.effect_hold_erasure(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    person bigint;
BEGIN
    SELECT e.person_id INTO person FROM kefu.erasure e WHERE e.erasure_id = m.id;
    PERFORM kefu.end_consents(person, 'erasure',
        but_purpose => CASE WHEN kefu.has_open_matter(person) THEN 'handling' END);
    PERFORM kefu.tell_of_erasure(m, 'tell_erasure_held', m.at + interval '24 hours');
END $$;
COMMENT ON FUNCTION kefu.effect_hold_erasure(kefu.move) IS 'It waits: contact data stays for handling an open matter only, and goes at once where only the legal minimum runs; the person is told why (暂缓删除; ruling 21)';

CREATE FUNCTION kefu.effect_close_erasure(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.erasure SET closed_at = m.at WHERE erasure_id = m.id;
    PERFORM kefu.tell_of_erasure(m, 'tell_erasure_refused', m.at + interval '24 hours');
END $$;
COMMENT ON FUNCTION kefu.effect_close_erasure(kefu.move) IS 'It is refused: the person is told why (不予删除; ruling 21)';

CREATE FUNCTION kefu.erase_objects(erasure bigint, object_type text, ids bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    id bigint;
BEGIN
    FOR id IN SELECT i FROM unnest(ids) AS i ORDER BY i LOOP
        PERFORM kefu.raise_event(object_type, id, 'erase', jsonb_build_object('erasure', erasure));
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.erase_objects(bigint, text, bigint[]) IS 'Raises "erase" on objects of one type, in order of their numbers (逐个删除)';

CREATE FUNCTION kefu.erase_identities(persons bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- While the platform's id still tells whose they are.
    UPDATE kefu.watched_post w SET text = kefu.mark_erased(w.text), url = NULL
      FROM kefu.identity i
     WHERE i.person_id = ANY (persons)
       AND (w.identity_id = i.identity_id OR w.platform = i.platform AND w.author_id = i.native_id);
    UPDATE kefu.watched_post w SET author_id = NULL, identity_id = i.identity_id
      FROM kefu.identity i
     WHERE i.person_id = ANY (persons) AND w.platform = i.platform AND w.author_id = i.native_id;
    DELETE FROM kefu.fan f USING kefu.identity i
     WHERE i.person_id = ANY (persons) AND f.identity_id = i.identity_id;
    UPDATE kefu.identity
       SET screen_name = NULL, handle = NULL, is_verified = NULL, followers_count = NULL,
           native_id = 'erased.' || identity_id
     WHERE person_id = ANY (persons);
END $$;
COMMENT ON FUNCTION kefu.erase_identities(bigint[]) IS 'Name, numbers and platform id of the identities go, and what we kept of their posts; whoever writes again is a new person (删除平台身份)';

CREATE FUNCTION kefu.erase_reasons(persons bigint[], but_event bigint) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RETURN kefu.erase_details(ARRAY(
        SELECT e.event_id
          FROM kefu.ledger l
          JOIN kefu.audit_event e ON e.object_type = 'ledger' AND e.object_id = l.ledger_id
         WHERE l.ledger = 'access' AND e.detail_digest IS NOT NULL
           AND ((e.facts ->> 'person')::bigint = ANY (persons)
                OR (e.facts ->> 'into_person')::bigint = ANY (persons))
        UNION ALL
        SELECT e.event_id
          FROM kefu.erasure x
          JOIN kefu.audit_event e ON e.object_type = 'erasure' AND e.object_id = x.erasure_id
         WHERE x.person_id = ANY (persons) AND e.detail_digest IS NOT NULL
           AND e.event_id <> but_event));
END $$;
COMMENT ON FUNCTION kefu.erase_reasons(bigint[], bigint) IS 'Erases why persons were merged, split, revealed, held or refused; but for one event, which says that they were told. For the owner''s functions only (删除事由)';

CREATE FUNCTION kefu.effect_erase_person(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    person bigint;
    persons bigint[];
    messages bigint[];
    tickets bigint[];
    orders bigint[];
    ids text[];
    since timestamptz;
    payloads integer;
BEGIN
    SELECT e.person_id INTO person FROM kefu.erasure e WHERE e.erasure_id = m.id;
    persons := kefu.person_group(person);
    -- Waits for a message that is coming in from the person; it opens a matter that the guard didn't see.
    PERFORM FROM kefu.identity i WHERE i.person_id = ANY (persons) ORDER BY i.identity_id FOR UPDATE;
    IF kefu.has_open_matter(person) THEN
        RAISE EXCEPTION 'the person has written meanwhile'
            USING ERRCODE = 'KF004', HINT = 'Hold the erasure: kefu.hold_erasure(erasure, reason).';
    END IF;
    messages := ARRAY(SELECT kefu.person_messages(person));
    tickets := ARRAY(SELECT kefu.person_tickets(person));
    orders := ARRAY(SELECT o.order_id FROM kefu.work_order o WHERE o.ticket_id = ANY (tickets));
    -- Messages before what was made of them, tickets before orders, as everywhere else.
    PERFORM kefu.erase_objects(m.id, 'message', messages);
    PERFORM kefu.erase_objects(m.id, 'opinion', ARRAY(
        SELECT o.opinion_id FROM kefu.opinion o WHERE o.message_id = ANY (messages)));
    PERFORM kefu.erase_objects(m.id, 'ticket', tickets);
    PERFORM kefu.erase_objects(m.id, 'work_order', orders);
    PERFORM kefu.erase_objects(m.id, 'task', ARRAY(
        SELECT k.task_id FROM kefu.task k
         WHERE k.ticket_id = ANY (tickets) OR k.message_id = ANY (messages)
            OR k.order_id = ANY (orders)
        UNION
        SELECT e.task_id FROM kefu.identity i
          JOIN kefu.watched_post w ON w.identity_id = i.identity_id
          JOIN kefu.engagement e ON e.watched_id = w.watched_id
         WHERE i.person_id = ANY (persons)));
    PERFORM kefu.end_consents(person, 'erasure');
    UPDATE kefu.consent SET evidence = NULL WHERE person_id = ANY (persons);
    PERFORM kefu.erase_reasons(persons, m.event_id);
    SELECT array_agg(g.native_id), min(g.seen_at) - interval '1 day' INTO ids, since
      FROM kefu.message g WHERE g.message_id = ANY (messages);
    ids := ids || ARRAY(SELECT i.native_id FROM kefu.identity i WHERE i.person_id = ANY (persons));
    payloads := kefu.erase_payloads(ids, since);
    -- Whom our accounts followed, while the platform's id still tells.
    UPDATE kefu.outbound o SET recipient_id = NULL, last_error = kefu.mark_erased(o.last_error)
      FROM kefu.identity i JOIN kefu.follow f USING (identity_id)
     WHERE i.person_id = ANY (persons) AND o.object_type = 'follow' AND o.object_id = f.follow_id;
    DELETE FROM kefu.follow_listed x
     USING kefu.account a, kefu.identity i
     WHERE a.account = x.account AND i.platform = a.platform AND i.native_id = x.native_id AND i.person_id = ANY (persons);
    PERFORM kefu.erase_identities(persons);
    UPDATE kefu.erasure
       SET closed_at = m.at, messages_count = cardinality(messages),
           tickets_count = cardinality(tickets), payloads_count = coalesce(payloads, 0)
     WHERE erasure_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_erase_person(kefu.move) IS 'Takes the person out of everything that is kept; rows, codes, instants, chains and person_key stay (删除个人信息; ruling 21)';
