-- 59_closing: a platform ends, what the desk owes its customers doesn't.
--
-- Promises run on: a ticket whose customer can be reached nowhere else becomes a
-- task for 10000. What was queued fails with the reason and goes the ways that are
-- left; what was planned is cancelled. Nothing is deleted.

CREATE FUNCTION kefu.has_other_channel(ticket bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM kefu.ticket t
                     JOIN kefu.identity i ON i.person_id = ANY (kefu.person_group(kefu.ticket_person(t.ticket_id)))
                     JOIN kefu.platform p ON p.platform = i.platform AND p.closed_at IS NULL
                     JOIN kefu.account a ON a.platform = i.platform AND a.unit = t.received_unit AND a.is_live
                     JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = 'message'
                    WHERE t.ticket_id = has_other_channel.ticket);
END;
COMMENT ON FUNCTION kefu.has_other_channel(bigint) IS
'True if the ticket''s customer is known on a platform that isn''t closed and on which the unit can send a message (有无其他渠道)';

CREATE FUNCTION kefu.close_platform(platform text, at timestamptz, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    r record;
    o kefu.outbound;
BEGIN
    PERFORM kefu.require_admin('group');
    IF at IS NULL OR at > kefu.now() OR coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'a platform is closed with a reason, from an instant that has come'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Call it when the platform ends; until then it is in use.';
    END IF;
    UPDATE kefu.platform p SET is_live = false, closed_at = close_platform.at
     WHERE p.platform = close_platform.platform AND p.closed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no platform "%" that could be closed', platform USING ERRCODE = 'undefined_object';
    END IF;
    UPDATE kefu.account a SET is_live = false WHERE a.platform = close_platform.platform;
    PERFORM kefu.append_ledger('rules', 'close_platform',
        jsonb_build_object('platform', platform, 'at', at), jsonb_build_object('reason', reason));
    -- Cancelled before the sends are looked at, so that none of them fails.
    FOR r IN SELECT l.placement_id FROM kefu.placement l JOIN kefu.account a ON a.account = l.account
              WHERE a.platform = close_platform.platform
                AND (l.state = 'planned' OR l.state = 'sending'
                     AND NOT EXISTS (SELECT FROM kefu.outbound x WHERE x.object_type = 'placement'
                                        AND x.object_id = l.placement_id AND x.state IN ('sending', 'uncertain')))
              ORDER BY l.placement_id
    LOOP
        PERFORM kefu.raise_event('placement', r.placement_id, 'cancel', jsonb_build_object('reason', reason));
    END LOOP;
    FOR r IN SELECT x.outbound_id FROM kefu.outbound x JOIN kefu.account a ON a.account = x.account
              WHERE a.platform = close_platform.platform AND x.state IN ('queued', 'sending', 'uncertain')
              ORDER BY x.outbound_id
    LOOP
        o := kefu.lock_outbound(r.outbound_id);
        IF o.state = 'queued' THEN
            PERFORM kefu.give_up_way(o.outbound_id, 'closed', reason);
        ELSE
            -- Nobody can look for it any more; if its reply still comes it is believed.
            PERFORM kefu.record_failed(o.outbound_id, 'closed', reason);
        END IF;
    END LOOP;
    FOR r IN SELECT t.ticket_id, t.unit FROM kefu.ticket t
               JOIN kefu.account a ON a.account = t.account
               JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state AND NOT s.is_final
              WHERE a.platform = close_platform.platform AND NOT kefu.has_other_channel(t.ticket_id)
                AND NOT EXISTS (SELECT FROM kefu.task k WHERE k.ticket_id = t.ticket_id
                                   AND k.cause = 'call_customer' AND k.state = 'open')
              ORDER BY t.ticket_id
    LOOP
        PERFORM kefu.open_task(kefu.hotline_of(r.unit), 'call_customer', 'R129', kefu.now() + interval '2 hours',
                               r.ticket_id, note => reason);
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.close_platform(text, timestamptz, text) IS
'Gives a platform up for good, since at, which can''t be to come: nothing is polled or sent on it any more, its accounts are no longer in use, planned placements are cancelled, queued sends fail with the reason and go another way where there is one, what may have been sent fails too, and open tickets of customers who can be reached nowhere else become tasks call_customer for 10000. Promises run on; messages, tickets, placements and reports stay. Errors: 22023 without a reason or for a time to come, 42704 for a platform that isn''t there or is closed; KF003 and KF008 for others than administrators of Group (关闭平台; R18, R129)';
