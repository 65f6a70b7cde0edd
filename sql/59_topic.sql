-- 59_topic: messages are put into topics, topics become duties, and one public
-- answer serves all who asked.
--
-- kefu.assign_topics() is the one writer of memberships; it takes what people
-- triaged in the order of its posts, one transaction at a time, so that the
-- same messages always come to the same topics.
--
-- What it doesn't do: read pictures, or join topics of different units.

-- What a message is most like: its topic, if that is open, or a message in none.
CREATE FUNCTION kefu.most_like(message bigint, at timestamptz,
                               OUT like_message bigint, OUT topic_id bigint, OUT similarity numeric, OUT why text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    g record;
    r kefu.likeness_rule;
BEGIN
    SELECT m.text, m.posted_at, m.ticket_id, m.platform, coalesce(t.unit, m.unit) AS unit, t.category,
           kefu.sketch(m.text) AS sketch INTO g
      FROM kefu.message m LEFT JOIN kefu.ticket t ON t.ticket_id = m.ticket_id
     WHERE m.message_id = most_like.message;
    SELECT l.* INTO r FROM kefu.likeness_rule l WHERE l.valid_from <= at ORDER BY l.valid_from DESC LIMIT 1;
    IF g.sketch IS NULL OR r IS NULL THEN
        RETURN;
    END IF;
    WITH sharing AS MATERIALIZED (
        -- Apart, so that whatever the planner thinks of the other conditions it goes by the numbers.
        SELECT s.* FROM kefu.message_sketch s WHERE s.sketch && g.sketch
    ), near AS (
        -- Common words let many share a number or two: those that share most are compared.
        (SELECT s.message_id, s.category FROM sharing s
          WHERE s.unit = g.unit
            AND s.posted_at BETWEEN g.posted_at - interval '168 hours' AND g.posted_at + interval '168 hours'
          ORDER BY kefu.shared_bands(s.sketch, g.sketch) DESC, (s.category = g.category) IS TRUE DESC,
                   s.posted_at DESC LIMIT 200)
        UNION
        -- Less alike is found by number in half of all cases; of one category the latest are compared anyway.
        (SELECT s.message_id, s.category FROM kefu.message_sketch s
          WHERE s.unit = g.unit AND s.category = g.category
            AND s.posted_at BETWEEN g.posted_at - interval '168 hours' AND g.posted_at + interval '168 hours'
          ORDER BY s.posted_at DESC LIMIT 200)
        UNION
        SELECT s.message_id, s.category FROM kefu.message m JOIN kefu.message_sketch s USING (message_id)
         WHERE m.ticket_id = g.ticket_id AND s.unit = g.unit
    ), rated AS (
        SELECT n.message_id, x.topic_id, m.posted_at,
               round(kefu.similarity(g.text, m.text)::numeric, 3) AS likeness,
               m.ticket_id IS NOT DISTINCT FROM g.ticket_id AND m.ticket_id IS NOT NULL AS one_ticket,
               n.category = g.category AS one_category
          FROM near n
          JOIN kefu.message m USING (message_id)
          LEFT JOIN kefu.topic_message x USING (message_id)
          LEFT JOIN kefu.topic t ON t.topic_id = x.topic_id
         WHERE n.message_id <> most_like.message AND (x.topic_id IS NULL OR t.closed_at IS NULL)
    )
    SELECT c.message_id, c.topic_id, c.likeness,
           CASE WHEN c.one_ticket THEN 'ticket' WHEN c.likeness >= r.by_text THEN 'text' ELSE 'category' END
      INTO like_message, topic_id, similarity, why
      FROM rated c
     WHERE c.one_ticket OR c.likeness >= r.by_text OR (c.one_category AND c.likeness >= r.by_category)
     ORDER BY c.one_ticket DESC, c.likeness DESC, c.topic_id NULLS LAST, c.posted_at, c.message_id LIMIT 1;
END $$;
COMMENT ON FUNCTION kefu.most_like(bigint, timestamptz) IS
'The message of the same unit, posted within 7 days, that this one is most like: of the same ticket, of like text, or of one category and less like; its open topic, NULL if it is in none. Nothing if there is none (最相似消息; R92, R116)';

CREATE FUNCTION kefu.check_topic(topic bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r record;
BEGIN
    IF (SELECT t.state FROM kefu.topic t WHERE t.topic_id = topic) = 'forming' THEN
        SELECT x.* INTO r FROM kefu.topic_reached(topic) AS x;
        IF r.reached_by IS NOT NULL THEN
            PERFORM kefu.raise_event('topic', topic, 'threshold',
                jsonb_build_object('threshold', r.reached_by, 'posted_at', r.reached_at));
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.check_topic(bigint) IS 'Raises the threshold of a forming topic that has reached one. For the job and the merge of topics only (检查门槛; R92, R116)';

CREATE FUNCTION kefu.assign_message(message bigint, at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    n record;
    g record;
    own bigint;
BEGIN
    SELECT m.posted_at, m.text, t.unit, t.category INTO g
      FROM kefu.message m JOIN kefu.ticket t USING (ticket_id)
     WHERE m.message_id = message AND t.kind IN ('inquiry', 'complaint', 'negative')
       AND t.state <> 'dropped' AND m.text IS NOT NULL;
    IF NOT FOUND OR EXISTS (SELECT FROM kefu.topic_message x WHERE x.message_id = message) THEN
        RETURN;
    END IF;
    SELECT l.* INTO n FROM kefu.most_like(message, at) AS l;
    INSERT INTO kefu.message_sketch (message_id, unit, category, posted_at, sketch)
    VALUES (message, g.unit, g.category, g.posted_at, kefu.sketch(g.text))
        ON CONFLICT (message_id) DO NOTHING;
    IF n.like_message IS NULL THEN
        RETURN;
    END IF;
    own := n.topic_id;
    IF own IS NULL THEN
        own := (kefu.raise_new('topic', 'open', jsonb_strip_nulls(jsonb_build_object(
                    'message', n.like_message, 'unit', g.unit, 'category', g.category)))).id;
    END IF;
    PERFORM kefu.raise_event('topic', own, 'message_added', jsonb_build_object(
        'message', message, 'like_message', n.like_message, 'similarity', n.similarity::text, 'cause', n.why));
    PERFORM kefu.check_topic(own);
END $$;
COMMENT ON FUNCTION kefu.assign_message(bigint, timestamptz) IS
'Puts a triaged message into the topic of what it is most like, opens one where that is in none, and raises what is reached. For the job only (归类; R92, R116)';

CREATE FUNCTION kefu.assign_topics(max_messages integer DEFAULT 200) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    next_id bigint;
    did integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    -- One at a time: two writers would open two topics for one matter.
    LOCK TABLE kefu.message_sketch IN SHARE ROW EXCLUSIVE MODE;
    -- A threshold that came into force since a forming topic was last counted may be one it has reached.
    INSERT INTO kefu.topic_recount (topic_id, queued_at)
    SELECT t.topic_id, now
      FROM (SELECT max(r.valid_from) AS at FROM kefu.topic_threshold r WHERE r.valid_from <= now) AS rule
      JOIN kefu.topic t ON t.state = 'forming' AND t.opened_at < rule.at
      JOIN kefu.audit_event e ON e.object_type = 'topic' AND e.object_id = t.topic_id AND e.seq = t.audit_seq
     WHERE e.at < rule.at
        ON CONFLICT DO NOTHING;
    FOR next_id IN SELECT r.topic_id FROM kefu.topic_recount r JOIN kefu.topic t USING (topic_id)
                    ORDER BY r.topic_id LIMIT max_messages LOOP
        DELETE FROM kefu.topic_recount r WHERE r.topic_id = next_id;
        IF kefu.may_happen('topic', next_id, 'recount') THEN
            PERFORM kefu.raise_event('topic', next_id, 'recount');
            PERFORM kefu.check_topic(next_id);
        END IF;
        did := did + 1;
    END LOOP;
    FOR next_id IN SELECT q.message_id FROM kefu.topic_queue q JOIN kefu.message m USING (message_id)
                    ORDER BY m.posted_at, m.message_id LIMIT max_messages - did LOOP
        DELETE FROM kefu.topic_queue q WHERE q.message_id = next_id;
        PERFORM kefu.assign_message(next_id, now);
        did := did + 1;
    END LOOP;
    -- Nothing is compared with what is older than two windows.
    DELETE FROM kefu.message_sketch s WHERE s.posted_at < now - interval '15 days';
    RETURN did;
END $$;
COMMENT ON FUNCTION kefu.assign_topics(integer) IS
'Compares triaged messages, in the order of their posts, with those of the 7 days around them, puts those of one matter into a topic and makes it a duty when a threshold is reached; counts topics anew whose persons were merged or split, whose messages'' tickets changed, or that form while a new threshold comes into force. Returns how many messages and topics it took. The clock worker calls it each minute; a Group administrator may (同类问题统计; R92, R116, rulings 5 and 6)';

CREATE FUNCTION kefu.find_unraised_topic()
    RETURNS TABLE (object_type text, object_id bigint, unit text, since_at timestamptz, detail text)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    SELECT 'topic', t.topic_id, t.unit, r.reached_at, 'reached ' || r.reached_by || ' and nobody was told'
      FROM kefu.topic t CROSS JOIN LATERAL kefu.topic_reached(t.topic_id) AS r
     WHERE t.state = 'forming' AND r.reached_by IS NOT NULL AND t.unit = ANY (kefu.watched_units())
       AND NOT EXISTS (SELECT FROM kefu.topic_recount q
                        WHERE q.topic_id = t.topic_id AND q.queued_at >= kefu.now() - interval '10 minutes')
    UNION ALL
    SELECT 'topic', t.topic_id, t.unit, t.reached_at, 'reached ' || t.reached_by || ', undecided and no promise runs'
      FROM kefu.topic t
     WHERE t.state IN ('due', 'ready') AND t.decision IS NULL AND t.unit = ANY (kefu.watched_units())
       AND NOT EXISTS (SELECT FROM kefu.clock c WHERE c.object_type = 'topic' AND c.object_id = t.topic_id
                          AND c.clock = 'topic_decision' AND c.stopped_at IS NULL)
    UNION ALL
    SELECT 'message', m.message_id, m.unit, q.queued_at, 'triaged and not compared for 10 minutes'
      FROM kefu.topic_queue q JOIN kefu.message m USING (message_id)
     WHERE q.queued_at < kefu.now() - interval '10 minutes' AND m.unit = ANY (kefu.watched_units());
END $$;
COMMENT ON FUNCTION kefu.find_unraised_topic() IS
'What breaks I10, in the caller''s units: a forming topic that has reached a threshold and hasn''t waited to be counted for less than 10 minutes, a topic undecided without its promise, a message nobody compared (未触发的同类问题; I10)';

-- --- people ---------------------------------------------------------------------------

CREATE FUNCTION kefu.decide_topic(topic bigint, decision text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('topic', topic, 'decide', kefu.facts('decision', decision), version, request_key);
END;
COMMENT ON FUNCTION kefu.decide_topic(bigint, text, integer, text) IS 'A person decides on a topic that reached a threshold: announce, or wait for a solution (决定是否发文; R92, R116)';

CREATE FUNCTION kefu.solve_topic(topic bigint, solution text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('topic', topic, 'solution', kefu.facts('solution', solution), version, request_key);
END;
COMMENT ON FUNCTION kefu.solve_topic(bigint, text, integer, text) IS 'A solution exists; a topic of complaints may be published from now on (登记解决办法; R116)';

CREATE FUNCTION kefu.waive_topic(topic bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('topic', topic, 'waive', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.waive_topic(bigint, text, integer, text) IS 'A leader decides that nothing is published (决定不发; R92, R116)';

CREATE FUNCTION kefu.publish_topic(topic bigint, account text, native_id text, link text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('topic', topic, 'publish', kefu.facts('account', account, 'post', native_id, 'link', link), version, request_key);
END;
COMMENT ON FUNCTION kefu.publish_topic(bigint, text, text, text, integer, text) IS 'The public answer stands on that account under that id and address; kefu.answer_topic() tells who asked (登记发文; R92, R116)';

CREATE FUNCTION kefu.revise_topic(topic bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('topic', topic, 'revise', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.revise_topic(bigint, text, integer, text) IS 'The public answer has to be written anew; its link is suggested no more (重拟发文)';

CREATE FUNCTION kefu.close_topic(topic bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('topic', topic, 'close', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.close_topic(bigint, integer, text) IS 'The matter is over, or never was one; new messages of it form a new topic (结束同类问题)';

CREATE FUNCTION kefu.merge_topic(topic bigint, into_topic bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    -- Not while the job puts messages into topics, in an order of its own.
    LOCK TABLE kefu.message_sketch IN ROW EXCLUSIVE MODE;
    -- In order of their numbers: two merges the other way round would wait for each other.
    PERFORM FROM kefu.topic t
      WHERE t.topic_id IN (topic, into_topic) AND t.unit = ANY (kefu.my_units())
      ORDER BY t.topic_id FOR NO KEY UPDATE;
    RETURN kefu.advance('topic', topic, 'merge', kefu.facts('topic', into_topic::text), version, request_key);
END $$;
COMMENT ON FUNCTION kefu.merge_topic(bigint, bigint, integer, text) IS 'Two topics are one matter: the first goes on in the second, of the same unit (合并同类问题)';

CREATE FUNCTION kefu.draft_topic(topic bigint) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    t kefu.topic;
BEGIN
    SELECT x.* INTO t FROM kefu.topic x WHERE x.topic_id = topic;
    PERFORM kefu.require_unit(t.unit);
    RETURN kefu.script_text(CASE WHEN t.needs_solution THEN 'topic_post_complaint' ELSE 'topic_post_inquiry' END,
        'public', jsonb_build_object(
            'solution', coalesce(t.solution, (
                SELECT k.solution FROM kefu.topic_message x JOIN kefu.message g USING (message_id)
                  JOIN kefu.ticket k USING (ticket_id)
                 WHERE x.topic_id = topic AND k.answered_at IS NOT NULL AND k.solution IS NOT NULL
                 ORDER BY k.answered_at DESC, k.ticket_id LIMIT 1))));
END $$;
COMMENT ON FUNCTION kefu.draft_topic(bigint) IS
'A draft of the public answer: the script with the topic''s solution, else with the last answer given to one of its customers; with an apology where complaints are in it. KF002 while there is neither, KF008 if the topic is not there or not visible (发文草稿; R92, R116)';

CREATE FUNCTION kefu.waiting_tickets(tickets bigint[]) RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT coalesce(array_agg(c.ticket_id ORDER BY c.ticket_id), '{}')
      FROM kefu.ticket c
      JOIN kefu.state s ON s.machine = c.kind AND s.state = c.state AND NOT s.is_final
     WHERE c.ticket_id = ANY (tickets) AND c.unit = ANY (kefu.my_units())
       AND c.state NOT IN ('answered', 'resolved');
END;
COMMENT ON FUNCTION kefu.waiting_tickets(bigint[]) IS 'Those of the tickets that the caller may see and whose customer has no answer yet (待答复工单)';

CREATE FUNCTION kefu.answer_tickets(tickets bigint[], script text, link text)
    RETURNS TABLE (ticket_id bigint, state text, problem text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    FOREACH ticket_id IN ARRAY tickets LOOP
        BEGIN
            SELECT o.state, NULL INTO state, problem
              FROM kefu.advance('ticket', ticket_id, 'answer',
                       kefu.facts('script', script, 'link', link, 'apology', 'true', 'thanks', 'true')) AS o;
        EXCEPTION WHEN OTHERS THEN
            -- One that can't be answered now keeps no other from it.
            IF SQLSTATE !~ '^KF' THEN
                RAISE;
            END IF;
            SELECT c.state, SQLSTATE || ': ' || SQLERRM INTO state, problem
              FROM kefu.ticket c WHERE c.ticket_id = answer_tickets.ticket_id;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.answer_tickets(bigint[], text, text) IS
'Answers tickets one by one with the address of a post of ours, on the caller''s own authority; problem says why one could not be answered. For the owner''s functions only (逐个答复)';

CREATE FUNCTION kefu.answer_topic(topic bigint, script text DEFAULT 'topic_answer')
    RETURNS TABLE (ticket_id bigint, state text, problem text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    t kefu.topic;
BEGIN
    SELECT x.* INTO t FROM kefu.topic x WHERE x.topic_id = topic;
    PERFORM kefu.require_unit(t.unit, 'operator', 'leader');
    IF t.link IS NULL THEN
        RAISE EXCEPTION 'the topic has no public answer yet'
            USING ERRCODE = 'KF004', HINT = 'Publish it first: kefu.publish_topic(topic, account, native_id, link).';
    END IF;
    RETURN QUERY
    SELECT a.* FROM kefu.answer_tickets(kefu.waiting_tickets(ARRAY(
        SELECT g.ticket_id FROM kefu.topic_message x JOIN kefu.message g USING (message_id)
         WHERE x.topic_id = topic)), script, t.link) AS a;
END $$;
COMMENT ON FUNCTION kefu.answer_topic(bigint, text) IS
'Answers every linked customer who still waits with the address of the public answer; one row a ticket, problem saying why one could not be answered, such as a work order that is still open. Called again it answers only those. KF004 before it is published (答复同类客户; R92, R116)';
