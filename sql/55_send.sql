-- 55_send: what becomes of a send.
--
-- What was sent is sent, whoever reports it and when. What may have been sent is
-- looked for on the platform, under its parent and recipient, before anything
-- is sent again, and for long enough that a slow platform has done it. Without an
-- idempotency key of the platform that is no proof: what it does later still is
-- said twice, unless it refuses repetitions. What a platform doesn't take goes the next way of
-- kefu.outbound_way, and when no way is left the speech fails: the ticket goes
-- back with its clocks never stopped, and a person gets a task.
--
-- A send for another object has one way and one text: what becomes of it is told
-- to the object (kefu.send_event), which decides.
--
-- Lock order: the object before the outbound row, as everywhere.

CREATE FUNCTION kefu.lock_outbound(outbound_id bigint, wait boolean DEFAULT true) RETURNS kefu.outbound
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.outbound;
    held record;
BEGIN
    SELECT coalesce(p.object_type, x.object_type) AS object_type, coalesce(p.object_id, x.object_id) AS object_id
      INTO held FROM kefu.outbound x LEFT JOIN kefu.speech p USING (speech_id)
     WHERE x.outbound_id = lock_outbound.outbound_id;
    IF held.object_id IS NULL OR kefu.lock_object(held.object_type, held.object_id, wait) THEN
        IF wait THEN
            SELECT x.* INTO o FROM kefu.outbound x WHERE x.outbound_id = lock_outbound.outbound_id FOR UPDATE;
        ELSE
            SELECT x.* INTO o FROM kefu.outbound x
             WHERE x.outbound_id = lock_outbound.outbound_id FOR UPDATE SKIP LOCKED;
        END IF;
    END IF;
    RETURN o;
END $$;
COMMENT ON FUNCTION kefu.lock_outbound(bigint, boolean) IS
'Locks a send after the object it is for; a row of NULLs if there is none, or if somebody has it and wait is false (锁定发送)';

CREATE FUNCTION kefu.said_by_platform(class text, reason text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT concat_ws(': ', class, nullif(btrim(reason), ''));
END;
COMMENT ON FUNCTION kefu.said_by_platform(text, text) IS 'Why a send was not taken: its class and the platform''s words (平台答复)';

-- --- for an object -----------------------------------------------------------------

CREATE FUNCTION kefu.queue_send(object_type text, object_id bigint, unit text, account text, action text,
                                text text DEFAULT '', parent_id text DEFAULT NULL, root_id text DEFAULT NULL,
                                recipient_id text DEFAULT NULL, priority smallint DEFAULT 2,
                                expires_at timestamptz DEFAULT NULL, channel text DEFAULT 'public',
                                media bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    before kefu.outbound;
    new_id bigint;
    wrong text := kefu.unsendable(queue_send.account, queue_send.action, queue_send.media);
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'nothing can be sent from "%": %', account, wrong
            USING ERRCODE = 'KF004', HINT = 'It is done by hand, or what the platform takes is sent instead.';
    END IF;
    -- What was put off or proved absent goes on: its attempts count, and whatever one
    -- of them left on the platform is looked for.
    SELECT x.* INTO before FROM kefu.outbound x
     WHERE x.object_id = queue_send.object_id AND x.object_type = queue_send.object_type
       AND x.action = queue_send.action
     ORDER BY x.outbound_id DESC LIMIT 1;
    IF before.state IN ('queued', 'sending', 'uncertain') THEN
        RAISE EXCEPTION 'a send for this object is under way'
            USING ERRCODE = 'object_in_use', DETAIL = format('Send %s is %s.', before.outbound_id, before.state);
    END IF;
    INSERT INTO kefu.outbound (object_type, object_id, unit, account, action, channel, parent_id, root_id,
                               recipient_id, text, media_id, priority, queued_at, not_before, expires_at, attempts)
    VALUES (object_type, object_id, unit, account, action, channel, parent_id, root_id, recipient_id, text, media,
            priority, CASE WHEN before.state = 'cancelled' THEN before.queued_at ELSE kefu.now() END,
            kefu.now(), expires_at, CASE WHEN before.state = 'cancelled' THEN before.attempts ELSE 0 END)
    RETURNING outbound_id INTO new_id;
    PERFORM kefu.wake_worker('net');
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.queue_send(text, bigint, text, text, text, text, text, text, text, smallint, timestamptz, text, bigint) IS
'Queues one action on a platform for an object, from within its event; what becomes of it comes back as the event that kefu.send_event names, with the facts outbound, native_id and posted_at, or reason, and send_at where it may be tried again. expires_at: not tried after; media: a picture or video that goes along, where the endpoint takes one. KF004 where the platform''s rows have no way to send it, 55006 if one for the same object and action is under way. For the owner''s functions only (对象发送排队)';

CREATE FUNCTION kefu.tell_object(o kefu.outbound, outcome text, facts jsonb DEFAULT '{}') RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    raised text;
BEGIN
    SELECT e.event INTO raised FROM kefu.send_event e
     WHERE e.object_type = o.object_type AND e.action = o.action AND e.outcome = tell_object.outcome;
    IF raised IS NULL OR NOT kefu.may_happen(o.object_type, o.object_id, raised) THEN
        RETURN false;
    END IF;
    PERFORM kefu.raise_event(o.object_type, o.object_id, raised,
        jsonb_build_object('outbound', o.outbound_id) || jsonb_strip_nulls(facts));
    RETURN true;
END $$;
COMMENT ON FUNCTION kefu.tell_object(kefu.outbound, text, jsonb) IS
'Raises on the object of a send what became of it; false if no event says that, or not in the state it is in (通知对象; 发送结果)';

CREATE FUNCTION kefu.tells(o kefu.outbound, outcome text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM kefu.send_event e
                    WHERE e.object_type = (o).object_type AND e.action = (o).action
                      AND e.outcome = tells.outcome AND e.event IS NOT NULL);
END;
COMMENT ON FUNCTION kefu.tells(kefu.outbound, text) IS 'True if the object of a send has an event for this outcome (是否有结果事件)';

CREATE FUNCTION kefu.may_repeat(o kefu.outbound) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM kefu.send_event e
                    WHERE e.object_type = (o).object_type AND e.action = (o).action
                      AND e.outcome = 'lost' AND e.event IS NULL);
END;
COMMENT ON FUNCTION kefu.may_repeat(kefu.outbound) IS
'True if doing it twice does no harm, as with a deletion: instead of looking for it, it is done again (可重复执行)';

CREATE FUNCTION kefu.hand_back(o kefu.outbound, outcome text, class text, reason text, wait interval) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.outbound x
       SET state = 'cancelled', lease_until = NULL, lease_key = NULL, last_class = class, last_error = reason
     WHERE x.outbound_id = o.outbound_id;
    IF NOT kefu.tell_object(o, outcome,
               jsonb_build_object('send_at', kefu.now() + wait, 'reason', kefu.said_by_platform(class, reason),
                                  'evidence', kefu.said_by_platform(class, reason))) THEN
        UPDATE kefu.outbound x SET state = 'queued', not_before = kefu.now() + wait
         WHERE x.outbound_id = o.outbound_id;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.hand_back(kefu.outbound, text, text, text, interval) IS
'The send is over without having reached the platform, and its object has it again, to be sent after a wait; an object that can''t take it back leaves it to be sent as it is (退回对象)';

CREATE FUNCTION kefu.settle_object(o kefu.outbound) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    now kefu.outbound;
    facts jsonb;
BEGIN
    SELECT x.* INTO now FROM kefu.outbound x WHERE x.outbound_id = o.outbound_id;
    -- It got through after all: no other attempt is needed.
    UPDATE kefu.outbound x SET state = 'cancelled'
     WHERE x.object_id = o.object_id AND x.object_type = o.object_type AND x.action = o.action
       AND x.outbound_id <> o.outbound_id AND x.state = 'queued';
    facts := jsonb_build_object('native_id', now.native_id, 'posted_at', now.sent_at, 'link', now.url);
    IF NOT kefu.tell_object(now, 'sent', facts) AND NOT kefu.tell_object(now, 'found', facts)
       AND kefu.tells(now, 'sent') THEN
        -- Its object went on without it, or has another one: somebody must look.
        PERFORM kefu.open_task(now.unit, 'sent_unexpectedly', 'house', kefu.now() + interval '1 hour',
                               outbound => now.outbound_id, note => now.native_id);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.settle_object(kefu.outbound) IS
'What was done for an object is done, whoever reports it and when: the object is told, or where it can''t be any more, a task (通知对象已发送)';

CREATE FUNCTION kefu.meant_channel(speech_id bigint, part smallint) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT o.channel FROM kefu.outbound o
     WHERE o.speech_id = meant_channel.speech_id AND o.part = meant_channel.part
     ORDER BY o.way LIMIT 1;
END;
COMMENT ON FUNCTION kefu.meant_channel(bigint, smallint) IS 'Channel that was meant for a part of a speech, before any fallback (原定渠道)';

-- --- sent -----------------------------------------------------------------------

CREATE FUNCTION kefu.record_sent(outbound_id bigint, native_id text, sent_at timestamptz, url text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.outbound := kefu.lock_outbound(outbound_id);
    delivered_at timestamptz;
BEGIN
    IF o.outbound_id IS NULL OR o.state = 'sent' THEN
        RETURN;
    END IF;
    UPDATE kefu.outbound x
       SET state = 'sent', sent_at = record_sent.sent_at, native_id = record_sent.native_id, url = record_sent.url,
           lease_until = NULL, lease_key = NULL, last_class = 'ok', last_error = NULL
     WHERE x.outbound_id = o.outbound_id;
    -- It got through after all: no other way is needed.
    UPDATE kefu.outbound x SET state = 'cancelled'
     WHERE x.speech_id = o.speech_id AND x.part = o.part AND x.state = 'queued';
    IF o.object_id IS NOT NULL THEN
        PERFORM kefu.settle_object(o);
        RETURN;
    END IF;
    -- Who was only asked for a message has no answer yet.
    IF EXISTS (SELECT FROM kefu.outbound_way w
                WHERE w.channel = kefu.meant_channel(o.speech_id, o.part) AND w.way = o.way
                  AND w.kind = 'reply_asking_for_message') THEN
        PERFORM kefu.fail_speech(o.speech_id, o.outbound_id, 'asked_for_message');
        RETURN;
    END IF;
    SELECT max(p.sent_at) INTO delivered_at
      FROM (SELECT min(x.sent_at) AS sent_at FROM kefu.outbound x
             WHERE x.speech_id = o.speech_id GROUP BY x.part) p
    HAVING bool_and(p.sent_at IS NOT NULL);
    IF delivered_at IS NOT NULL THEN
        PERFORM kefu.settle_speech(o.speech_id, delivered_at);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_sent(bigint, text, timestamptz, text) IS
'The platform has taken it; with the last part of a speech its clocks stop at the platform''s time. Where a public reply could only ask for a message, the speech fails: the ticket goes back and its promise runs on. Done once (登记已发送)';

-- --- not sent -------------------------------------------------------------------

CREATE FUNCTION kefu.record_failed(outbound_id bigint, class text, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.outbound := kefu.lock_outbound(outbound_id);
BEGIN
    IF o.outbound_id IS NULL OR o.state IN ('sent', 'cancelled') THEN
        RETURN;
    END IF;
    UPDATE kefu.outbound x
       SET state = 'failed', lease_until = NULL, lease_key = NULL,
           last_class = class, last_error = reason
     WHERE x.outbound_id = o.outbound_id;
    IF o.speech_id IS NOT NULL THEN
        PERFORM kefu.fail_speech(o.speech_id, o.outbound_id, class);
    ELSIF o.object_id IS NULL OR NOT kefu.tell_object(o, 'failed',
              jsonb_build_object('reason', kefu.said_by_platform(class, reason))) THEN
        PERFORM kefu.open_task(o.unit, 'send_failed', 'house', kefu.now() + interval '1 hour',
                               outbound => o.outbound_id, note => class);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_failed(bigint, text, text) IS
'It can''t be sent in any way: its speech fails, its object is told with the platform''s words, or without either a task is opened. Nothing happens if it was sent or cancelled (登记发送失败)';

CREATE VIEW kefu.askable AS
    SELECT a.account, e.action
      FROM kefu.account a
      JOIN kefu.platform p ON p.platform = a.platform AND p.closed_at IS NULL
      JOIN kefu.endpoint e ON e.platform = a.platform;
COMMENT ON VIEW kefu.askable IS 'What each account''s platform has an endpoint for, where it isn''t closed (可用接口)';
COMMENT ON COLUMN kefu.askable.account IS 'account (账号)';
COMMENT ON COLUMN kefu.askable.action IS 'action (动作)';

CREATE FUNCTION kefu.can_ask(account text, action text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (SELECT FROM kefu.askable k WHERE k.account = can_ask.account AND k.action = can_ask.action);
END $$;
COMMENT ON FUNCTION kefu.can_ask(text, text) IS 'True if the account''s platform has this endpoint, and isn''t closed (接口可用)';

CREATE FUNCTION kefu.unsendable(account text, action text, media bigint DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    e record;
    g record;
BEGIN
    SELECT x.body_kind, x.file_types, x.file_bytes_max INTO e
      FROM kefu.account a JOIN kefu.platform p USING (platform) JOIN kefu.endpoint x USING (platform)
     WHERE a.account = unsendable.account AND x.action = unsendable.action AND p.closed_at IS NULL;
    IF NOT FOUND THEN
        RETURN 'its platform has no interface to ' || action;
    ELSIF media IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT m.content_type, m.size_bytes INTO g FROM kefu.media m WHERE m.media_id = media;
    RETURN CASE
        WHEN e.body_kind NOT IN ('multipart', 'raw') THEN action || ' takes no file there'
        WHEN e.file_types <> '{}' AND g.content_type <> ALL (e.file_types)
            THEN format('%s takes %s there, not %s', action, array_to_string(e.file_types, ', '), g.content_type)
        WHEN g.size_bytes > e.file_bytes_max
            THEN format('the file has %s bytes, %s takes %s there', g.size_bytes, action, e.file_bytes_max) END;
END $$;
COMMENT ON FUNCTION kefu.unsendable(text, text, bigint) IS 'Why an action, with a picture or video, can''t be asked of an account''s platform by its rows; NULL if it can (不可发送原因; R42, R52)';

CREATE FUNCTION kefu.public_target(o kefu.outbound, OUT message_id bigint, OUT parent_id text, OUT root_id text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT m.message_id, m.native_id, coalesce(m.root_id, m.native_id)
      FROM kefu.speech p
      JOIN kefu.ticket t ON t.ticket_id = p.object_id AND p.object_type = 'ticket'
      JOIN kefu.message m ON m.ticket_id = t.ticket_id OR m.message_id = t.message_id
      JOIN kefu.account a ON a.account = (o).account AND a.platform = m.platform
     WHERE p.speech_id = (o).speech_id AND m.item_type <> 'message'
     ORDER BY m.posted_at DESC, m.message_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION kefu.public_target(kefu.outbound) IS
'The customer''s last public item on the platform; NULLs if everything was private (公开回复对象)';

CREATE FUNCTION kefu.other_identity(o kefu.outbound, OUT account text, OUT recipient_id text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.account, i.native_id
      FROM kefu.speech p
      JOIN kefu.ticket t ON t.ticket_id = p.object_id AND p.object_type = 'ticket'
      JOIN kefu.identity i ON i.person_id = ANY (kefu.person_group(kefu.ticket_person(t.ticket_id)))
      JOIN kefu.account a ON a.platform = i.platform AND a.unit = t.received_unit AND a.is_live
      JOIN kefu.platform f ON f.platform = a.platform AND f.closed_at IS NULL
      JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = 'message'
      JOIN kefu.account own ON own.account = (o).account
     WHERE p.speech_id = (o).speech_id AND a.platform <> own.platform
       AND NOT EXISTS (SELECT FROM kefu.outbound x WHERE x.speech_id = p.speech_id
                          AND x.account = a.account AND x.recipient_id = i.native_id)
     ORDER BY i.updated_at DESC, i.identity_id LIMIT 1;
END;
COMMENT ON FUNCTION kefu.other_identity(kefu.outbound) IS
'Another platform on which the unit has an account and the same person is known; NULLs if there is none (其他平台身份)';

CREATE FUNCTION kefu.takes_message(account text, recipient_id text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT NOT EXISTS (SELECT FROM kefu.account a
                         JOIN kefu.platform_policy y ON y.platform = a.platform AND y.needs_follower_for_message
                         JOIN kefu.identity i ON i.platform = a.platform AND i.native_id = takes_message.recipient_id
                         JOIN kefu.fan f ON f.account = a.account AND f.identity_id = i.identity_id AND NOT f.is_fan
                        WHERE a.account = takes_message.account);
END;
COMMENT ON FUNCTION kefu.takes_message(text, text) IS
'False if the platform takes private messages to followers only, and this customer is known not to follow the account (可否私信; R129)';

CREATE FUNCTION kefu.take_way(o kefu.outbound, w kefu.outbound_way) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    n kefu.outbound := o;
    target record;
    reply record;
BEGIN
    IF w.kind IN ('reply', 'reply_asking_for_message') THEN
        SELECT * INTO target FROM kefu.public_target(o);
        n.answers := target.message_id;
        n.parent_id := target.parent_id;
        n.root_id := target.root_id;
        n.channel := 'public';
    ELSE
        n.parent_id := NULL;
        n.root_id := NULL;
        n.channel := 'private';
        IF w.kind = 'other_identity' THEN
            SELECT * INTO target FROM kefu.other_identity(o);
            n.answers := NULL;
            n.account := target.account;
            n.recipient_id := target.recipient_id;
        END IF;
    END IF;
    SELECT y.* INTO reply FROM kefu.speech p, kefu.reply_way(n.answers, p.object_id, n.channel, p.event = 'answer') y
     WHERE p.speech_id = o.speech_id;
    n.action := coalesce(reply.action, 'message');
    n.expires_at := reply.expires_at;
    IF w.script IS NOT NULL THEN
        n.script := w.script;
        n.variant := kefu.first_variant(w.script, n.channel);
        n.text := kefu.script_text(w.script, n.channel, o.slots);
    END IF;
    IF n.account IS NULL OR (n.channel = 'public' AND n.parent_id IS NULL)
       OR (n.channel = 'private' AND n.recipient_id IS NULL)
       OR (n.channel = 'public' AND kefu.has_personal_data(n.text))
       OR reply.closed_by IS NOT NULL
       OR (n.answers IS NULL AND n.action = 'message' AND NOT kefu.takes_message(n.account, n.recipient_id))
       OR NOT kefu.can_ask(n.account, n.action) THEN
        RETURN NULL;
    END IF;
    INSERT INTO kefu.outbound (speech_id, part, way, unit, account, action, channel, parent_id, root_id,
                               recipient_id, answers, text, script, variant, slots, priority, queued_at, not_before,
                               expires_at)
    VALUES (n.speech_id, n.part, w.way, n.unit, n.account, n.action, n.channel, n.parent_id, n.root_id,
            n.recipient_id, n.answers, n.text, n.script, n.variant, n.slots, n.priority, kefu.now(), kefu.now(),
            n.expires_at)
    RETURNING outbound_id INTO n.outbound_id;
    RETURN n.outbound_id;
END $$;
COMMENT ON FUNCTION kefu.take_way(kefu.outbound, kefu.outbound_way) IS
'Queues a send the given way; NULL if that way is not open here. Personal data is never said in public (改用渠道)';

CREATE FUNCTION kefu.next_way(outbound_id bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.outbound := kefu.lock_outbound(outbound_id);
    w kefu.outbound_way;
    queued bigint;
BEGIN
    IF o.speech_id IS NULL THEN
        RETURN NULL;
    END IF;
    FOR w IN SELECT * FROM kefu.outbound_way x
              WHERE x.channel = kefu.meant_channel(o.speech_id, o.part) AND x.way > o.way
              ORDER BY x.way
    LOOP
        IF w.kind = 'call' THEN
            PERFORM kefu.open_task(kefu.hotline_of(o.unit), 'call_customer', 'R129',
                kefu.now() + interval '2 hours', p.object_id, outbound => o.outbound_id, note => o.text)
               FROM kefu.speech p WHERE p.speech_id = o.speech_id AND p.object_type = 'ticket';
            RETURN NULL;
        END IF;
        queued := kefu.take_way(o, w);
        IF queued IS NOT NULL THEN
            RETURN queued;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION kefu.next_way(bigint) IS
'Queues what was not taken on the next way of the fallback list that is open, and returns that send; NULL if none is left, the last one being a call by 10000, for which it opens the task (下一备用渠道)';

CREATE FUNCTION kefu.give_up_way(outbound_id bigint, class text, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.outbound := kefu.lock_outbound(outbound_id);
BEGIN
    IF o.outbound_id IS NULL OR o.state IN ('sent', 'cancelled', 'failed') THEN
        RETURN;
    END IF;
    IF kefu.next_way(o.outbound_id) IS NULL THEN
        PERFORM kefu.record_failed(o.outbound_id, class, reason);
        RETURN;
    END IF;
    UPDATE kefu.outbound x
       SET state = 'failed', lease_until = NULL, lease_key = NULL, last_class = class, last_error = reason
     WHERE x.outbound_id = o.outbound_id;
END $$;
COMMENT ON FUNCTION kefu.give_up_way(bigint, text, text) IS
'The platform doesn''t take it this way: on to the next, or the whole speech fails (放弃当前渠道)';

CREATE FUNCTION kefu.use_variant(o kefu.outbound) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    following smallint;
BEGIN
    SELECT s.variant INTO following FROM kefu.script s
     WHERE s.script = o.script AND s.channel = o.channel AND s.is_approved AND s.variant > coalesce(o.variant, 0)
     ORDER BY s.variant LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE kefu.outbound x
       SET state = 'queued', variant = following, attempts = 0, lease_until = NULL, lease_key = NULL,
           text = kefu.script_text(o.script, o.channel, o.slots, following), not_before = kefu.now()
     WHERE x.outbound_id = o.outbound_id;
    RETURN true;
END $$;
COMMENT ON FUNCTION kefu.use_variant(kefu.outbound) IS
'Queues the next approved variant of the script, since the platform refused the text as a repetition; false if there is none (换用变体)';

-- --- perhaps sent ------------------------------------------------------------------

CREATE FUNCTION kefu.endpoint_of(o kefu.outbound) RETURNS kefu.endpoint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT e.* FROM kefu.account a JOIN kefu.endpoint e USING (platform)
     WHERE a.account = (o).account AND e.action = coalesce((o).step_action, (o).action);
END;
COMMENT ON FUNCTION kefu.endpoint_of(kefu.outbound) IS
'The endpoint that a send calls now: its action''s, or a later one of its chain; NULLs if the platform has lost it (当前接口)';

CREATE FUNCTION kefu.repeat_outbound(o kefu.outbound, class text, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF o.attempts < 8 THEN
        UPDATE kefu.outbound x
           SET state = 'queued', lease_until = NULL, lease_key = NULL, last_class = class, last_error = reason,
               not_before = kefu.now() + kefu.backoff(greatest(o.attempts, 1), 10, 1800, o.outbound_id)
         WHERE x.outbound_id = o.outbound_id;
    ELSE
        PERFORM kefu.record_failed(o.outbound_id, class, reason);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.repeat_outbound(kefu.outbound, text, text) IS
'Does again what may be done twice, eight times at most (重复执行)';

CREATE FUNCTION kefu.look_later(o kefu.outbound, e kefu.endpoint, class text, reason text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE kefu.outbound x
       SET state = 'uncertain', lease_until = NULL, lease_key = NULL, last_class = class,
           last_error = reason, not_before = kefu.now() + (e).verify_after
     WHERE x.outbound_id = (o).outbound_id;
END;
COMMENT ON FUNCTION kefu.look_later(kefu.outbound, kefu.endpoint, text, text) IS
'Ends a lease: what became of the send is seen on the platform, after verify_after of the endpoint (稍后核对)';

CREATE FUNCTION kefu.doubt_outbound(o kefu.outbound, class text, reason text,
                                    by_another boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    e kefu.endpoint := kefu.endpoint_of(o);
BEGIN
    -- Who was it before us may have gone on with the later steps of a chain.
    IF kefu.may_repeat(o) OR (e.is_repeatable AND NOT (by_another AND e.then_action IS NOT NULL)) THEN
        PERFORM kefu.repeat_outbound(o, class, reason);
        RETURN;
    END IF;
    IF e.verify_action IS NULL THEN
        -- Nobody can look: sending again might say it twice.
        PERFORM kefu.record_failed(o.outbound_id, class, reason);
        RETURN;
    END IF;
    PERFORM kefu.look_later(o, e, class, reason);
    PERFORM kefu.tell_object(o, 'lost', jsonb_build_object('reason', kefu.said_by_platform(class, reason)));
END $$;
COMMENT ON FUNCTION kefu.doubt_outbound(kefu.outbound, text, text, boolean) IS
'It may have been sent: the platform is asked after a while, before anything else; where it can''t be asked a person must see to it. What does no harm when it is repeated is repeated, unless another desk may have gone on from there (by_another) (发送存疑)';

CREATE FUNCTION kefu.recover_outbound() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    found_id bigint;
    o kefu.outbound;
    done integer := 0;
BEGIN
    FOR found_id IN
        SELECT x.outbound_id FROM kefu.outbound x
         WHERE (x.state = 'sending' AND x.lease_until <= kefu.now())
            OR (x.state IN ('queued', 'uncertain') AND x.expires_at <= kefu.now()
                AND (x.state = 'queued' OR x.object_id IS NULL))
            OR (x.state = 'queued'
                AND NOT EXISTS (SELECT FROM kefu.askable k WHERE k.account = x.account AND k.action = x.action))
         ORDER BY x.outbound_id LIMIT 100
    LOOP
        o := kefu.lock_outbound(found_id, false);
        IF o.state = 'sending' AND o.lease_until <= kefu.now() THEN
            PERFORM kefu.doubt_outbound(o, 'lease_expired', 'nobody reported what became of it');
        ELSIF o.state IN ('queued', 'uncertain') AND o.expires_at <= kefu.now() AND o.object_id IS NULL THEN
            PERFORM kefu.give_up_way(o.outbound_id,
                CASE WHEN o.last_class IN ('left', 'stranger', 'spent', 'kept') THEN o.last_class ELSE 'expired' END,
                'the platform takes no answer this way any more');
        ELSIF o.state = 'queued' AND o.expires_at <= kefu.now() THEN
            PERFORM kefu.record_failed(o.outbound_id, 'expired', 'its time is over');
        ELSIF o.state = 'queued' AND NOT kefu.can_ask(o.account, o.action) THEN
            PERFORM kefu.give_up_way(o.outbound_id, 'unsupported', 'the platform has no such endpoint');
        ELSE
            CONTINUE;
        END IF;
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;
COMMENT ON FUNCTION kefu.recover_outbound() IS
'Deals with sends whose lease nobody ended, whose window is over, or which the platform has no endpoint for; returns how many. What somebody has locked is left for the next time (恢复发送)';

CREATE FUNCTION kefu.plain_words(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT regexp_replace(regexp_replace(text, 'https?://[!-~]+', '', 'g'), '\s+', '', 'g');
END;
COMMENT ON FUNCTION kefu.plain_words(text) IS
'The text without links, which platforms replace, and without spaces (纯文字)';

CREATE FUNCTION kefu.find_sent(o kefu.outbound, body text,
                               OUT native_id text, OUT posted_at timestamptz, OUT url text, OUT is_complete boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH item AS (
        SELECT i.*, e.page_size, w.item_kind, a.native_id AS own_id,
               -- What stands above it there: a platform without answers to comments has only the post.
               CASE WHEN w.param_map ? 'parent_id' THEN (o).parent_id ELSE coalesce((o).root_id, (o).parent_id) END AS above
          FROM kefu.account a
          JOIN kefu.endpoint w ON w.platform = a.platform AND w.action = coalesce((o).step_action, (o).action)
          JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = w.verify_action
         CROSS JOIN LATERAL kefu.map_payload(a.platform, e.action, body, a.native_id) i
         WHERE a.account = (o).account
    ), ours AS (
        SELECT i.native_id, i.posted_at, i.url FROM item i
         WHERE i.error IS NULL AND NOT coalesce(i.is_deleted, false)
           AND coalesce(i.author_id, i.own_id) = i.own_id
           AND CASE WHEN (o).channel = 'private' THEN (o).recipient_id IN (i.recipient_id, i.thread_id)
                    WHEN i.above IS NULL THEN coalesce(i.parent_id, i.root_id) IS NULL
                    -- What is reposted hangs on the original, also where it is itself a repost.
                    WHEN (o).action = 'repost' AND (o).text <> '' AND coalesce(i.parent_id, i.root_id) IS NOT NULL
                         AND kefu.plain_words(i.text) = kefu.plain_words((o).text) THEN true
                    ELSE i.above IN (i.parent_id, i.root_id) END
           AND i.posted_at >= (o).queued_at - interval '2 minutes'
           AND strpos(kefu.plain_words(i.text), kefu.plain_words((o).text)) > 0
           -- Comments and messages may have the same numbers.
           AND NOT EXISTS (SELECT FROM kefu.outbound x
                             JOIN kefu.account b ON b.account = x.account
                             JOIN kefu.account a ON a.account = (o).account AND a.platform = b.platform
                             JOIN kefu.endpoint k ON k.platform = b.platform AND k.action = x.action
                            WHERE x.native_id = i.native_id AND k.item_kind = i.item_kind)
         ORDER BY kefu.plain_words(i.text) = kefu.plain_words((o).text) DESC, i.posted_at LIMIT 1
    )
    SELECT (SELECT u.native_id FROM ours u), (SELECT u.posted_at FROM ours u), (SELECT u.url FROM ours u),
           count(*) < coalesce(min(i.page_size), 20) OR min(i.posted_at) < (o).queued_at
      FROM item i;
END;
COMMENT ON FUNCTION kefu.find_sent(kefu.outbound, text) IS
'Our send in a list of what the account has said: under the same parent, to the same recipient, or under nothing as it is, with its words (exactly its words first), since it was queued, and not known as another send; NULLs if it isn''t there. is_complete: the list reaches back far enough to prove that (核对发送)';

CREATE FUNCTION kefu.missing_counts_at(o kefu.outbound) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce((o).sending_at, (o).queued_at) + make_interval(secs => p.total_timeout_ms / 1000.0)
           + 2 * e.verify_after
      FROM kefu.account a
      JOIN kefu.platform p ON p.platform = a.platform
      JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = coalesce((o).step_action, (o).action)
     WHERE a.account = (o).account;
END;
COMMENT ON FUNCTION kefu.missing_counts_at(kefu.outbound) IS
'From when on a send that the platform doesn''t show was not sent: the longest wait for its reply and twice verify_after after it left. A request whose reply we no longer wait for may still be done (核对未果生效时间)';

CREATE FUNCTION kefu.record_missing(o kefu.outbound) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    counts_at timestamptz := kefu.missing_counts_at(o);
BEGIN
    IF kefu.now() < counts_at THEN
        PERFORM kefu.defer_outbound(o.outbound_id, o.last_class, o.last_error, counts_at - kefu.now());
    ELSIF o.last_class = 'duplicate' THEN
        -- After an earlier attempt it is that one which is repeated, shown or not.
        IF o.attempts > 1 OR NOT kefu.use_variant(o) THEN
            PERFORM kefu.record_failed(o.outbound_id, 'duplicate',
                'refused as a repetition, not found, and no other variant may be used');
        END IF;
    ELSIF o.attempts < 5 AND kefu.tells(o, 'absent') THEN
        PERFORM kefu.hand_back(o, 'absent', o.last_class, o.last_error, interval '0');
    ELSIF o.attempts < 5 THEN
        UPDATE kefu.outbound x
           SET state = 'queued', lease_until = NULL, lease_key = NULL, not_before = kefu.now()
         WHERE x.outbound_id = o.outbound_id;
    ELSE
        PERFORM kefu.record_failed(o.outbound_id, o.last_class, 'not taken in five attempts');
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_missing(kefu.outbound) IS
'The platform''s whole list doesn''t have an uncertain send: looked for once more, then sent again, or as a variant if its first attempt was refused as a repetition; else a person sees to it (登记核对未果)';

CREATE FUNCTION kefu.record_gone(o kefu.outbound, class text, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.outbound x
       SET state = 'sent', sent_at = kefu.now(), lease_until = NULL, lease_key = NULL,
           last_class = class, last_error = reason
     WHERE x.outbound_id = o.outbound_id;
    PERFORM kefu.tell_object(o, class, jsonb_build_object('posted_at', kefu.now()));
END $$;
COMMENT ON FUNCTION kefu.record_gone(kefu.outbound, text, text) IS
'What was to be done was done before, and its object is told (登记已先完成)';

CREATE FUNCTION kefu.look_again(o kefu.outbound, retry_after integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    age interval := kefu.now() - coalesce(o.sending_at, o.queued_at);
BEGIN
    IF age > interval '2 hours' THEN
        PERFORM kefu.record_failed(o.outbound_id, 'unverified', 'whether it was sent could not be found out');
    ELSE
        PERFORM kefu.defer_outbound(o.outbound_id, o.last_class, o.last_error, greatest(
            make_interval(secs => coalesce(retry_after, 0)), least(interval '10 minutes', age),
            interval '10 seconds'));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.look_again(kefu.outbound, integer) IS
'The platform didn''t say what became of a send: asked again, for two hours at most (再次核对)';

CREATE FUNCTION kefu.is_shown_by_itself(o kefu.outbound) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM kefu.endpoint_of(o) AS e
                     JOIN kefu.endpoint v ON v.platform = e.platform AND v.action = e.verify_action
                    WHERE v.result_kind = 'object');
END;
COMMENT ON FUNCTION kefu.is_shown_by_itself(kefu.outbound) IS
'True if its verification shows the one thing that it is about, not a list of what we sent (可单独核对)';

CREATE FUNCTION kefu.record_gone_seen(o kefu.outbound, class text, body text, retry_after integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    stands boolean := CASE class WHEN 'gone' THEN false END;
BEGIN
    IF class = 'ok' THEN
        BEGIN
            SELECT NOT coalesce(i.is_deleted, false) INTO stands
              FROM kefu.account a, kefu.map_payload(a.platform, (kefu.endpoint_of(o)).verify_action, body, a.native_id) i
             WHERE a.account = o.account AND i.native_id = o.parent_id;
        EXCEPTION WHEN data_exception THEN
            -- What can't be read says nothing.
            NULL;
        END;
    END IF;
    IF stands THEN
        PERFORM kefu.record_failed(o.outbound_id, 'unsupported', 'the platform calls it gone, and still shows it');
    ELSIF NOT stands THEN
        PERFORM kefu.record_gone(o, 'gone', o.last_error);
    ELSE
        PERFORM kefu.look_again(o, retry_after);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_gone_seen(kefu.outbound, text, text, integer) IS
'What the platform shows of something that it called gone when it was to be deleted: nothing, then it is; or still the thing itself, then it only doesn''t know how to delete, and a person must (登记删除核对结果)';

CREATE FUNCTION kefu.record_verification(o kefu.outbound, class text, body text, retry_after integer)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    native_id text;
    posted_at timestamptz;
    url text;
    is_complete boolean;
BEGIN
    IF class IN ('ok', 'empty') THEN
        BEGIN
            SELECT f.* INTO native_id, posted_at, url, is_complete FROM kefu.find_sent(o, body) f;
        EXCEPTION WHEN data_exception THEN
            -- A list that can't be read says nothing.
            is_complete := false;
        END;
    END IF;
    IF native_id IS NOT NULL THEN
        PERFORM kefu.record_sent(o.outbound_id, native_id, posted_at, url);
    ELSIF is_complete THEN
        PERFORM kefu.record_missing(o);
    ELSE
        PERFORM kefu.look_again(o, retry_after);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_verification(kefu.outbound, text, text, integer) IS
'What the platform''s list says about an uncertain send: sent, or missing. Without an answer it is asked again, for two hours at most (登记核对结果)';

-- --- what came back ------------------------------------------------------------------

CREATE FUNCTION kefu.reply_value(reply jsonb, path text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT CASE path WHEN '$' THEN reply #>> '{}' ELSE reply #>> string_to_array(path, '.') END;
END;
COMMENT ON FUNCTION kefu.reply_value(jsonb, text) IS
'What a reply has at a path, as text; NULL if it has nothing or null there (响应取值)';

CREATE FUNCTION kefu.reply_fits(reply jsonb, predicates jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(bool_and(CASE
               WHEN p.value ? 'in' THEN coalesce(p.value -> 'in' ? v.value, false)
               WHEN p.value ? 'not_in' THEN NOT coalesce(p.value -> 'not_in' ? v.value, false)
               ELSE (v.value IS NULL) = (p.value ->> 'is' = 'null') END), true)
      FROM jsonb_array_elements(predicates) AS p(value)
     CROSS JOIN LATERAL (SELECT kefu.reply_value(reply, p.value ->> 'path')) AS v(value);
END;
COMMENT ON FUNCTION kefu.reply_fits(jsonb, jsonb) IS
'True if a reply fits all predicates, as those of kefu.endpoint.item_filter; none at all: true (响应判断)';

CREATE FUNCTION kefu.next_step(o kefu.outbound, e kefu.endpoint, body text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    reply jsonb;
    is_met boolean;
    following text;
    bound jsonb;
BEGIN
    IF e.then_action IS NULL THEN
        RETURN false;
    ELSIF o.state NOT IN ('queued', 'sending') THEN
        -- It was given up meanwhile, or is looked for: nobody has seen this step.
        RETURN true;
    END IF;
    BEGIN
        reply := body::jsonb;
    EXCEPTION WHEN data_exception THEN
        reply := 'null';
    END;
    is_met := kefu.reply_fits(reply, coalesce(e.then_when, '[]'));
    following := CASE WHEN is_met THEN e.then_action ELSE e.else_action END;
    IF following IS NULL THEN
        RETURN false;
    END IF;
    SELECT coalesce(jsonb_object_agg(b.key, kefu.reply_value(reply, b.value)), '{}') INTO bound
      FROM jsonb_each_text(e.then_bindings) b WHERE kefu.reply_value(reply, b.value) IS NOT NULL;
    IF NOT (o.step_args || bound) ?& ARRAY(SELECT jsonb_object_keys(e.then_bindings)) THEN
        PERFORM kefu.doubt_outbound(o, 'ok_no_id', 'taken, but the reply lacks what the next step needs');
        RETURN true;
    END IF;
    IF o.step_no >= 1000 THEN
        PERFORM kefu.record_failed(o.outbound_id, 'transient', 'the platform did not get ready');
        RETURN true;
    END IF;
    UPDATE kefu.outbound x
       SET state = 'queued', step_no = x.step_no + 1, step_action = following, step_args = x.step_args || bound,
           attempts = 0, lease_until = NULL, lease_key = NULL, last_class = 'ok', last_error = NULL,
           not_before = kefu.now() + CASE WHEN is_met THEN interval '0' ELSE e.poll_after END
     WHERE x.outbound_id = o.outbound_id;
    PERFORM kefu.wake_worker('net');
    RETURN true;
END $$;
COMMENT ON FUNCTION kefu.next_step(kefu.outbound, kefu.endpoint, text) IS
'Queues the next step of a chain with what this reply gives for it; false if this was the last one (下一步骤)';

CREATE FUNCTION kefu.record_taken(o kefu.outbound, body text, finished_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    e kefu.endpoint := kefu.endpoint_of(o);
    own text;
    native_id text;
    posted_at timestamptz;
    url text;
BEGIN
    IF kefu.next_step(o, e, body) THEN
        RETURN;
    END IF;
    SELECT a.native_id INTO own FROM kefu.account a WHERE a.account = o.account;
    IF e.result_kind = 'nothing' THEN
        PERFORM kefu.record_sent(o.outbound_id, NULL, finished_at);
        RETURN;
    END IF;
    BEGIN
        SELECT m.native_id, m.posted_at, m.url INTO native_id, posted_at, url
          FROM kefu.map_payload(e.platform, e.action, body, own) m
         WHERE m.error IS NULL LIMIT 1;
    EXCEPTION WHEN data_exception THEN
        NULL;
    END;
    IF native_id IS NULL THEN
        PERFORM kefu.doubt_outbound(o, 'ok_no_id', 'taken, but the reply names no id');
    ELSE
        PERFORM kefu.record_sent(o.outbound_id, native_id, coalesce(posted_at, finished_at), url);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_taken(kefu.outbound, text, timestamptz) IS
'A send was taken: its id and time are the platform''s; without an id it is looked for. Where its endpoint is a step of a chain the next one is due (登记平台已接收)';

CREATE FUNCTION kefu.record_refused(o kefu.outbound, class text, reason text, retry_after integer,
                                    bytes_sent boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    wait interval := greatest(make_interval(secs => coalesce(retry_after, 0)),
                              kefu.backoff(greatest(o.attempts, 1), 10, 1800, o.outbound_id));
BEGIN
    CASE
        -- An unknown call may get the same answer as what is no more.
        WHEN class = 'gone' AND kefu.tells(o, class) AND kefu.is_shown_by_itself(o) THEN
            PERFORM kefu.look_later(o, kefu.endpoint_of(o), class, reason);
        WHEN class IN ('gone', 'duplicate') AND kefu.tells(o, class) THEN
            PERFORM kefu.record_gone(o, class, reason);
        WHEN class IN ('ok_no_id', 'duplicate') THEN
            PERFORM kefu.doubt_outbound(o, class, reason);
        WHEN (class = 'rate' OR class = 'transient' AND NOT bytes_sent AND o.attempts < 8)
             AND kefu.tells(o, 'deferred') THEN
            PERFORM kefu.hand_back(o, 'deferred', class, reason, wait);
        WHEN class = 'rate' THEN
            PERFORM kefu.defer_outbound(o.outbound_id, class, reason, wait);
        -- Refused before it was read: it waits for the new token.
        WHEN class = 'auth_expired' AND kefu.want_refresh(o.account, o.sending_at) THEN
            PERFORM kefu.defer_outbound(o.outbound_id, class, reason, interval '1 minute');
        WHEN class IN ('transient', 'unknown', 'empty', 'blacklisted') AND bytes_sent THEN
            PERFORM kefu.doubt_outbound(o, class, reason);
        WHEN class = 'transient' AND o.attempts < 8 THEN
            PERFORM kefu.defer_outbound(o.outbound_id, class, reason, wait);
        WHEN class IN ('gone', 'forbidden') THEN
            PERFORM kefu.give_up_way(o.outbound_id, class, reason);
        ELSE
            PERFORM kefu.record_failed(o.outbound_id, class, reason);
    END CASE;
END $$;
COMMENT ON FUNCTION kefu.record_refused(kefu.outbound, text, text, integer, boolean) IS
'A send was not plainly taken: again later, look for it, another way, or a person (登记未接收)';

CREATE FUNCTION kefu.record_outbound(kind text, key text, lease_key uuid, http_status integer,
                                     error text, bytes_sent boolean, body text, reply_headers text,
                                     finished_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.outbound := kefu.lock_outbound(split_part(key, '/', 1)::bigint);
    c record;
    is_current boolean;
BEGIN
    -- What comes late of a step that is behind us says nothing about this one.
    IF o.step_no <> coalesce(nullif(split_part(key, '/', 2), '')::smallint, 0) THEN
        RETURN;
    END IF;
    SELECT r.* INTO c FROM kefu.account a,
           kefu.classify_reply(a.platform, CASE WHEN error IS NULL THEN http_status ELSE 0 END, body,
                               kefu.header_of(reply_headers, 'retry-after')) r
     WHERE a.account = o.account;
    is_current := o.lease_key IS NOT DISTINCT FROM record_outbound.lease_key AND o.lease_key IS NOT NULL;
    IF kind = 'send' AND c.class = 'ok' AND (is_current OR o.state <> 'sent') THEN
        PERFORM kefu.record_taken(o, body, finished_at);
    ELSIF NOT is_current THEN
        RETURN;
    ELSIF kind = 'verify' THEN
        IF c.class = 'auth_expired' THEN
            PERFORM kefu.want_refresh(o.account, o.lease_until - interval '2 minutes');
        END IF;
        IF o.last_class = 'gone' THEN
            PERFORM kefu.record_gone_seen(o, c.class, body, c.retry_after_seconds);
        ELSE
            PERFORM kefu.record_verification(o, c.class, body, c.retry_after_seconds);
        END IF;
    ELSE
        PERFORM kefu.record_refused(o, c.class, left(coalesce(error, concat_ws(' ', c.code, c.message)), 500),
                                    c.retry_after_seconds, bytes_sent);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_outbound(text, text, uuid, integer, text, boolean, text, text, timestamptz) IS
'What became of a send, or of looking for one; called by kefu.record_exchanges() (登记发送结果)';
