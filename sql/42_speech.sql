-- 42_speech: finding the words and the ways of what an event says.

CREATE FUNCTION kefu.setting(name text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT CASE name
        WHEN 'hotline' THEN '10000号'
        WHEN 'limit' THEN '48小时'
        END;
END;
COMMENT ON FUNCTION kefu.setting(text) IS 'Fixed words of the texts: the hotline''s name and the usual limit; NULL for any other name (固定用语; R90, R93)';

CREATE FUNCTION kefu.fill_slots(template text, slots jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS
$$
DECLARE
    filled text := template;
    slot record;
BEGIN
    -- One pass over the template: a value is never searched for slots again.
    FOR slot IN SELECT DISTINCT r[1] AS name FROM regexp_matches(template, '\{([a-z_]+)\}', 'g') AS r LOOP
        IF coalesce(slots ->> slot.name, '') = '' THEN
            RAISE EXCEPTION 'the script needs a value for {%}', slot.name
                USING ERRCODE = 'KF002', HINT = 'Give it with the event, in args.';
        END IF;
    END LOOP;
    SELECT string_agg(CASE WHEN p.part ~ '^\{[a-z_]+\}$' THEN slots ->> btrim(p.part, '{}')
                           ELSE p.part END, '' ORDER BY p.n)
      INTO filled
      FROM regexp_split_to_table(
               regexp_replace(template, '(\{[a-z_]+\})', E'\x01\\1\x01', 'g'), E'\x01')
           WITH ORDINALITY AS p(part, n);
    RETURN filled;
END $$;
COMMENT ON FUNCTION kefu.fill_slots(text, jsonb) IS
'The template with each {slot} replaced by its value, once; values are never read as templates. KF002 if a slot has no value (填充话术)';

CREATE FUNCTION kefu.script_text(script text, channel text, slots jsonb, variant smallint DEFAULT NULL)
    RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    template text;
BEGIN
    SELECT s.text INTO template
      FROM kefu.script s
     WHERE s.script = script_text.script AND s.channel = script_text.channel AND s.is_approved
       AND (script_text.variant IS NULL OR s.variant = script_text.variant)
     ORDER BY s.variant LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no approved script "%" for the % channel', script, channel
            USING ERRCODE = 'undefined_object',
                  HINT = 'SELECT script, channel, title_zh FROM kefu.scripts lists them; kefu.load_preset(''scripts'') brings the shipped ones.';
    END IF;
    RETURN kefu.fill_slots(template, slots);
END $$;
COMMENT ON FUNCTION kefu.script_text(text, text, jsonb, smallint) IS
'Text of an approved script for a channel, its slots filled; without a variant the first (生成话术)';

CREATE FUNCTION kefu.first_variant(script text, channel text) RETURNS smallint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT min(s.variant) FROM kefu.script s
     WHERE s.script = first_variant.script AND s.channel = first_variant.channel AND s.is_approved;
END;
COMMENT ON FUNCTION kefu.first_variant(text, text) IS 'The variant that kefu.script_text() takes where none is asked for; NULL without an approved one (内部: 首选变体)';

CREATE FUNCTION kefu.has_personal_data(text text) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_has_personal_data';
COMMENT ON FUNCTION kefu.has_personal_data(text) IS
'True if the text has a mobile, landline, identity-card or bank-card number in it, grouped or in full-width digits too: it must not be said in public (含个人信息; I4, ruling 26)';

CREATE FUNCTION kefu.mask_numbers(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT regexp_replace(regexp_replace(regexp_replace(text,
           '(?<![0-9])(1[3-9][0-9])[0-9]{4}([0-9]{4})(?![0-9])', '\1****\2', 'g'),
           '(?<![0-9])([1-9][0-9]{2})[0-9]{11}([0-9]{3}[0-9Xx])(?![0-9])', '\1***********\2', 'g'),
           '(?<![0-9])(0[0-9]{2,3})[- ]?[1-9][0-9]{2,3}([0-9]{4})(?![0-9])', '\1****\2', 'g');
END;
COMMENT ON FUNCTION kefu.mask_numbers(text) IS 'The text with mobile, landline and identity-card numbers masked in the middle; NULL for NULL (内部: 号码脱敏; ruling 21)';

CREATE FUNCTION kefu.check_speech(kind text, event text, channel text, said text, department text)
    RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    missing text;
    named text;
BEGIN
    IF coalesce(btrim(said), '') = '' THEN
        RAISE EXCEPTION 'there is nothing to say in the % channel', channel
            USING ERRCODE = 'KF002', HINT = 'Give text or script with the event.';
    END IF;
    IF channel = 'public' AND kefu.has_personal_data(said) THEN
        RAISE EXCEPTION 'a public reply must not contain personal data'
            USING ERRCODE = 'KF004',
                  DETAIL = 'The text has a telephone or identity-card number in it (I4).',
                  HINT = 'Say it in a private message.';
    END IF;
    SELECT u.name_zh INTO named FROM kefu.unit u WHERE u.unit = department;
    SELECT string_agg(r.requirement || ' (' || r.rulebook || ')', ', ' ORDER BY r.requirement)
      INTO missing
      FROM kefu.script_rule r
     WHERE r.event = check_speech.event AND r.kind = check_speech.kind
       AND r.channel = check_speech.channel
       AND NOT CASE WHEN r.pattern = '{department}' THEN strpos(said, coalesce(named, '?')) > 0
                    ELSE said ~ r.pattern END;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the text lacks what the rulebook asks for: %', missing
            USING ERRCODE = 'KF004',
                  DETAIL = format('Event %s, kind %s, %s channel.', event, kind, channel),
                  HINT = 'Use the approved script, or put it into the text.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.check_speech(text, text, text, text, text) IS
'Refuses (KF004) a text that says in public what must not be, or lacks what kefu.script_rule asks for (检查话术; R90, R93, R110, R119)';

CREATE FUNCTION kefu.reply_way(message bigint, ticket bigint, channel text, is_answer boolean,
                               OUT action text, OUT expires_at timestamptz, OUT closed_by text,
                               OUT refuses boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(r.answered_by, CASE WHEN reply_way.channel = 'private' THEN 'message'
                                        WHEN g.item_type = 'comment' THEN 'reply_comment' ELSE 'comment' END),
           g.posted_at + r.within,
           CASE WHEN g.posted_at + r.within <= kefu.now() THEN 'expired'
                WHEN r.ends_when_left AND NOT f.is_fan AND f.left_at >= g.posted_at THEN 'left'
                WHEN reply_way.channel = 'private' AND r.answered_by IS NULL AND NOT f.is_fan
                     AND y.needs_follower_for_message THEN 'stranger'
                WHEN r.times <= u.used THEN 'spent'
                WHEN r.times = u.used + 1 AND NOT reply_way.is_answer THEN 'kept' END,
           coalesce(r.refuses, false)
      FROM kefu.message g
      LEFT JOIN kefu.reply_rule r ON r.platform = g.platform AND r.action = g.action
                                 AND r.channel = reply_way.channel
      LEFT JOIN kefu.fan f ON f.account = g.account AND f.identity_id = g.identity_id
      LEFT JOIN kefu.platform_policy y ON y.platform = g.platform
     CROSS JOIN LATERAL (SELECT CASE WHEN r.times IS NOT NULL THEN
         (SELECT count(*) FROM kefu.speech p JOIN kefu.outbound o USING (speech_id)
           WHERE p.object_type = 'ticket' AND p.object_id = reply_way.ticket AND o.answers = reply_way.message
             AND o.channel = reply_way.channel AND o.state IN ('queued', 'sending', 'sent', 'uncertain')
             AND (o.expires_at > kefu.now()) IS NOT FALSE) END) AS u(used)
     WHERE g.message_id = reply_way.message;
END;
COMMENT ON FUNCTION kefu.reply_way(bigint, bigint, text, boolean) IS
'How a message of a ticket is answered in a channel: the endpoint, until when, and why not any more: expired, left: its author no longer follows us, stranger: doesn''t and the platform takes messages to followers only, spent: as often as allowed, kept: the last time is kept for the answer; closed_by NULL: it can be. No row for no message (回复方式; kefu.reply_rule)';

CREATE FUNCTION kefu.refuse_reply(message bigint, channel text, closed_by text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    r record;
BEGIN
    SELECT g.posted_at, x.within, x.times, x.action INTO r
      FROM kefu.message g
      JOIN kefu.reply_rule x ON x.platform = g.platform AND x.action = g.action AND x.channel = refuse_reply.channel
     WHERE g.message_id = refuse_reply.message;
    RAISE EXCEPTION 'the platform takes no % answer to message % %', channel, message,
            CASE closed_by WHEN 'kept' THEN 'but the answer itself' ELSE 'any more' END
        USING ERRCODE = 'KF005',
              DETAIL = CASE closed_by
                  WHEN 'expired' THEN format('What %s brings can be answered within %s, which ended at %s.',
                                             r.action, r.within, r.posted_at + r.within)
                  WHEN 'left' THEN 'Its author no longer follows the account.'
                  WHEN 'stranger' THEN 'Its author doesn''t follow the account.'
                  WHEN 'kept' THEN format('Of %s allowed the last is kept for it.', r.times)
                  ELSE format('It was answered as often as allowed: %s.', r.times) END,
              HINT = CASE closed_by WHEN 'kept' THEN 'Answer at once, or have 10000 call.'
                                    ELSE 'Answer in public if the customer wrote there, or have 10000 call.' END;
END $$;
COMMENT ON FUNCTION kefu.refuse_reply(bigint, text, text) IS
'Raises KF005, and says why the platform takes no answer of this channel to a message: closed_by of kefu.reply_way() (拒绝回复)';

CREATE FUNCTION kefu.queue_speech(m kefu.move, speaks text, clock_ops text[], version integer)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    t kefu.ticket;
    g kefu.message;
    native text;
    slots jsonb;
    channels text[];
    channel text;
    said text;
    reply record;
    variant smallint;
    new_id bigint;
    step smallint := 0;
BEGIN
    SELECT * INTO t FROM kefu.ticket WHERE ticket_id = m.id;
    -- We answer what the customer said last; that message's account speaks.
    SELECT x.* INTO g FROM kefu.message x
     WHERE x.ticket_id = m.id OR x.message_id = t.message_id
     ORDER BY x.posted_at DESC, x.message_id DESC LIMIT 1;
    SELECT i.native_id INTO native FROM kefu.identity i WHERE i.identity_id = g.identity_id;
    slots := jsonb_strip_nulls(jsonb_build_object(
        'department', (SELECT u.name_zh FROM kefu.unit u WHERE u.unit = m.args ->> 'department'),
        'limit', coalesce(m.args ->> 'limit', kefu.setting('limit')),
        'hotline', kefu.setting('hotline'),
        'solution', coalesce(m.args ->> 'solution', m.args ->> 'text', t.solution),
        'link', m.args ->> 'link'));
    -- A private message is answered in private, whatever was meant.
    channels := CASE WHEN g.item_type = 'message' THEN ARRAY['private']
                     WHEN speaks = 'both' THEN ARRAY['public', 'private']
                     ELSE ARRAY[speaks] END;
    INSERT INTO kefu.speech (object_type, object_id, event_id, event, from_state, to_state, round,
                             version, unit, clock_ops, queued_at)
    VALUES ('ticket', m.id, m.event_id, m.event, m.from_state, m.to_state, m.round,
            queue_speech.version, m.unit, queue_speech.clock_ops, m.at)
    RETURNING speech_id INTO new_id;
    FOREACH channel IN ARRAY channels LOOP
        step := step + 1;
        said := CASE WHEN channel = 'private' AND speaks = 'both' THEN m.args ->> 'private_text'
                     ELSE m.args ->> 'text' END;
        variant := NULL;
        IF said IS NULL THEN
            said := kefu.script_text(m.args ->> 'script', channel, slots);
            variant := kefu.first_variant(m.args ->> 'script', channel);
        END IF;
        PERFORM kefu.check_speech(m.machine, m.event, channel, said, m.args ->> 'department');
        SELECT * INTO reply FROM kefu.reply_way(g.message_id, m.id, channel, m.event = 'answer');
        IF reply.closed_by IS NOT NULL AND reply.refuses THEN
            PERFORM kefu.refuse_reply(g.message_id, channel, reply.closed_by);
        END IF;
        -- A way that is closed is found over by kefu.recover_outbound(), which takes the next.
        INSERT INTO kefu.outbound (
            speech_id, part, unit, account, action, channel, parent_id, root_id, recipient_id, answers,
            text, script, variant, slots, priority, queued_at, not_before, expires_at, last_class)
        VALUES (new_id, step, m.unit, g.account, reply.action,
                channel, CASE WHEN channel = 'public' THEN g.native_id END,
                CASE WHEN channel = 'public' THEN coalesce(g.root_id, g.native_id) END, native, g.message_id,
                said, m.args ->> 'script', variant, slots,
                t.priority, m.at, m.at, CASE WHEN reply.closed_by IS NULL THEN reply.expires_at ELSE m.at END,
                reply.closed_by);
    END LOOP;
    PERFORM kefu.wake_worker('net');
    IF m.event = 'answer' THEN
        UPDATE kefu.ticket SET solution = coalesce(solution, said), needs_reading = false
         WHERE ticket_id = m.id;
    END IF;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.queue_speech(kefu.move, text, text[], integer) IS
'Queues what an event says: text or script, checked, one outbound a channel, to the customer''s last message; the given clock actions wait for the delivery. Called by the engine (答复排队; R90, R93, R108, R122)';

