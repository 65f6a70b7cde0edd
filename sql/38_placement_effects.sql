-- 38_placement_effects: what events of a placement do: planned, sent, deleted.
--
-- As 37_guards and 38_ticket_effects. An event of a placement locks its post first
-- (38_post_effects).

CREATE FUNCTION kefu.is_handed_over(placement bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM kefu.outbound o
                    WHERE o.object_type = 'placement' AND o.object_id = placement
                      AND o.state IN ('sending', 'uncertain'));
END;
COMMENT ON FUNCTION kefu.is_handed_over(bigint) IS 'A worker has the placement, or nobody knows yet whether it was sent (已交付发送)';

CREATE FUNCTION kefu.guard_not_handed_over(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN NOT kefu.is_handed_over(m.id); END $$;
COMMENT ON FUNCTION kefu.guard_not_handed_over(kefu.move) IS 'No worker has it yet (尚未交付发送)';

CREATE FUNCTION kefu.guard_post_is_approved(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (
        SELECT FROM kefu.placement l JOIN kefu.post p USING (post_id)
         WHERE l.placement_id = m.id AND p.approved_at IS NOT NULL
           AND p.state IN ('scheduled', 'published', 'failed'));
END $$;
COMMENT ON FUNCTION kefu.guard_post_is_approved(kefu.move) IS 'The post, as it is worded now, was approved and isn''t withdrawn (博文已审核; I6)';

CREATE FUNCTION kefu.guard_variant_was_reviewed(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (
        SELECT FROM kefu.placement l
          JOIN kefu.post p USING (post_id)
         CROSS JOIN LATERAL (SELECT p.text UNION ALL
                             SELECT v.text FROM kefu.post_variant v WHERE v.post_id = p.post_id) AS w(text)
         WHERE l.placement_id = m.id
           AND m.args ->> 'text' IN (w.text, coalesce('#' || p.heading || '#', '') || w.text));
END $$;
COMMENT ON FUNCTION kefu.guard_variant_was_reviewed(kefu.move) IS 'The wording was reviewed with the post (版本已审核; R41)';

CREATE FUNCTION kefu.make_placement(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO kefu.placement (state, unit, post_id, account, kind, is_repost, is_exempt, has_media, has_video, text, planned_at, send_at, made_at)
    SELECT m.to_state, m.unit, p.post_id, m.args ->> 'account', p.kind, p.repost_id IS NOT NULL, k.is_urgent,
           EXISTS (SELECT FROM kefu.post_media x JOIN kefu.media g USING (media_id) WHERE x.post_id = p.post_id AND NOT g.is_video),
           EXISTS (SELECT FROM kefu.post_media x JOIN kefu.media g USING (media_id) WHERE x.post_id = p.post_id AND g.is_video),
           m.args ->> 'text', (m.args ->> 'send_at')::timestamptz, (m.args ->> 'send_at')::timestamptz, m.at
      FROM kefu.post p JOIN kefu.post_kind k USING (kind) WHERE p.post_id = (m.args ->> 'post')::bigint
    RETURNING placement_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_placement(kefu.move) IS 'Inserts a placement of a scheduled post (新建投放; R38, R39)';

CREATE FUNCTION kefu.effect_reschedule_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.require_in_date(p, (m.args ->> 'send_at')::timestamptz)
       FROM kefu.placement l JOIN kefu.post p USING (post_id) WHERE l.placement_id = m.id;
    PERFORM kefu.claim_slot(l.account, (m.args ->> 'send_at')::timestamptz, l.kind, l.is_repost, m.id)
       FROM kefu.placement l WHERE l.placement_id = m.id;
    UPDATE kefu.placement
       SET planned_at = (m.args ->> 'send_at')::timestamptz, send_at = (m.args ->> 'send_at')::timestamptz,
           reason = NULL
     WHERE placement_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_reschedule_placement(kefu.move) IS 'Another time, if the day has room for it then (改期; R39, R40, R61)';

CREATE FUNCTION kefu.effect_edit_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.placement l
       SET text = CASE WHEN p.heading IS NULL OR starts_with(m.args ->> 'text', '#' || p.heading || '#')
                       THEN m.args ->> 'text' ELSE '#' || p.heading || '#' || (m.args ->> 'text') END
      FROM kefu.post p WHERE l.placement_id = m.id AND p.post_id = l.post_id;
END $$;
COMMENT ON FUNCTION kefu.effect_edit_placement(kefu.move) IS 'Another wording that was reviewed (更换版本; R41)';

CREATE FUNCTION kefu.forbidden_now(p kefu.post, said text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE AS
$$ BEGIN
    -- Most texts have no such word at all.
    IF NOT EXISTS (SELECT FROM kefu.find_words(said, p.unit)) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT 'its text may not be published any more: ' || string_agg(DISTINCT r.rule, ', ')
              FROM kefu.find_words(said, p.unit) AS f
              JOIN kefu.content_rules(p.unit, kefu.now()) AS r ON r.rule = f.class AND r.effect = 'block'
               AND CASE WHEN p.repost_id IS NULL THEN 'post' ELSE 'repost' END = ANY (r.applies_to)
             WHERE NOT (r.rule = 'marketing' AND p.is_marketing)
               AND r.rule <> ALL (kefu.overridden_rules('post', p.post_id, p.unit, said)));
END $$;
COMMENT ON FUNCTION kefu.forbidden_now(kefu.post, text) IS 'Which rules of now forbid a wording of a post by its words, but for what a reviewer let pass; NULL none (现行禁用原因; R47)';

CREATE FUNCTION kefu.effect_send_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    l kefu.placement;
    problem text;
    way record;
BEGIN
    -- Two statements: as one, without statistics, it asks posted_by() of every post.
    SELECT x.* INTO l FROM kefu.placement x WHERE x.placement_id = m.id;
    SELECT b.*, p.repost_id, p AS post INTO way FROM kefu.post p CROSS JOIN LATERAL kefu.posted_by(p) AS b WHERE p.post_id = l.post_id;
    -- The platform's rows may have changed since it was planned, and so may what is forbidden.
    problem := coalesce(kefu.unsendable(l.account, way.action, way.media), kefu.forbidden_now(way.post, l.text));
    IF problem IS NOT NULL THEN
        PERFORM kefu.raise_event('placement', m.id, 'fail', jsonb_build_object('reason', problem));
        RETURN;
    END IF;
    -- What the platform put off may have come to another day.
    IF kefu.local_day(m.at) <> kefu.local_day(l.planned_at) THEN
        SELECT string_agg(p.problem, '; ') INTO problem
          FROM kefu.slot_problems(l.account, m.at, l.kind, l.is_repost, m.id) AS p WHERE p.effect = 'block';
        IF problem IS NOT NULL THEN
            PERFORM kefu.raise_event('placement', m.id, 'fail', jsonb_build_object('reason', problem));
            RETURN;
        END IF;
    END IF;
    PERFORM kefu.queue_send('placement', m.id, m.unit, l.account, way.action, l.text,
                            parent_id => way.repost_id, root_id => way.repost_id, media => way.media,
                            priority => CASE WHEN l.is_exempt THEN 1 ELSE 2 END::smallint,
                            expires_at => CASE WHEN NOT l.is_exempt THEN l.planned_at + make_interval(
                                mins => (kefu.posting_rule_of('late', l.account, m.at)).at_most) END);
END $$;
COMMENT ON FUNCTION kefu.effect_send_placement(kefu.move) IS 'It is due: queued for the platform, unless its rows have no way to send it, a word in it is forbidden since, it is too late or its new day is full, which needs a person (发出投放; R38, R42, R47, R61)';

CREATE FUNCTION kefu.effect_postpone_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.outbound SET state = 'cancelled', lease_until = NULL, lease_key = NULL
     WHERE object_type = 'placement' AND object_id = m.id AND state IN ('queued', 'uncertain');
    UPDATE kefu.placement
       SET send_at = (m.args ->> 'send_at')::timestamptz, reason = coalesce(m.args ->> 'reason', m.args ->> 'evidence')
     WHERE placement_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_postpone_placement(kefu.move) IS 'Not sent, to be sent again; the time it was planned for stays on record (推迟投放)';

CREATE FUNCTION kefu.effect_drop_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.outbound SET state = 'cancelled', lease_until = NULL, lease_key = NULL
     WHERE object_type = 'placement' AND object_id = m.id AND state IN ('queued', 'uncertain');
    UPDATE kefu.placement SET reason = 'the post was withdrawn' WHERE placement_id = m.id;
    PERFORM kefu.follow_correction(l) FROM kefu.placement l WHERE l.placement_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_drop_placement(kefu.move) IS 'Not sent, and its post was withdrawn meanwhile: it won''t be sent any more (随博文取消投放; R76-R79)';

CREATE FUNCTION kefu.effect_publish_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    l kefu.placement;
    p record;
BEGIN
    UPDATE kefu.placement
       SET native_id = m.args ->> 'native_id', link = m.args ->> 'link', reason = NULL,
           published_at = coalesce((m.args ->> 'posted_at')::timestamptz, m.at)
     WHERE placement_id = m.id RETURNING * INTO l;
    -- Found by a person: the worker need not look for it, nor send it, any more.
    UPDATE kefu.outbound o
       SET state = CASE o.state WHEN 'uncertain' THEN 'sent' ELSE 'cancelled' END,
           sent_at = CASE o.state WHEN 'uncertain' THEN l.published_at END,
           native_id = CASE o.state WHEN 'uncertain' THEN l.native_id END, lease_until = NULL, lease_key = NULL
     WHERE o.object_type = 'placement' AND o.object_id = m.id AND o.state IN ('queued', 'uncertain');
    PERFORM kefu.watch_placement(l);
    SELECT x.repost_platform, x.repost_id, x.withdrawn_at INTO p FROM kefu.post x WHERE x.post_id = l.post_id;
    IF p.repost_id IS NOT NULL THEN
        PERFORM kefu.settle_reposts(p.repost_platform, l.unit, l.account, p.repost_id, l.native_id, l.published_at, l.placement_id);
    END IF;
    IF kefu.may_happen('post', l.post_id, 'publish') THEN
        PERFORM kefu.raise_event('post', l.post_id, 'publish', jsonb_build_object('placement', m.id));
    END IF;
    IF NOT kefu.follow_correction(l) AND p.withdrawn_at IS NOT NULL THEN
        PERFORM kefu.raise_event('placement', m.id, 'delete', jsonb_build_object('reason', 'the post was withdrawn'));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_publish_placement(kefu.move) IS 'It stands on the platform, under its id and time there; a post withdrawn meanwhile is deleted at once (投放成功; R38)';

CREATE FUNCTION kefu.fail_if_all_failed(post bigint, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF NOT EXISTS (SELECT FROM kefu.placement l
                    WHERE l.post_id = post AND l.state NOT IN ('failed', 'cancelled', 'deleted'))
       AND kefu.may_happen('post', post, 'fail') THEN
        PERFORM kefu.raise_event('post', post, 'fail', jsonb_build_object('reason', reason));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.fail_if_all_failed(bigint, text) IS 'A post none of whose placements is left has failed (全部投放失败)';

CREATE FUNCTION kefu.effect_fail_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    l kefu.placement;
BEGIN
    UPDATE kefu.placement SET reason = m.args ->> 'reason' WHERE placement_id = m.id RETURNING * INTO l;
    UPDATE kefu.outbound SET state = 'failed', lease_until = NULL, lease_key = NULL
     WHERE object_type = 'placement' AND object_id = m.id AND state = 'uncertain';
    PERFORM kefu.open_task(m.unit, 'post_failed', 'R38', m.at + interval '1 hour',
                           outbound => (m.args ->> 'outbound')::bigint, note => format('%s: %s', l.account, l.reason),
                           object_type => 'placement', object => m.id);
    PERFORM kefu.follow_correction(l);
    PERFORM kefu.fail_if_all_failed(l.post_id, l.reason);
END $$;
COMMENT ON FUNCTION kefu.effect_fail_placement(kefu.move) IS 'Not taken: a person must see to it, with the platform''s words (投放失败; R38)';

CREATE FUNCTION kefu.effect_cancel_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    l kefu.placement;
    o kefu.outbound;
BEGIN
    -- The worker may have leased it since the guard looked.
    SELECT x.* INTO o FROM kefu.outbound x
     WHERE x.object_type = 'placement' AND x.object_id = m.id
     ORDER BY x.outbound_id DESC LIMIT 1 FOR UPDATE;
    IF o.state IN ('sending', 'uncertain') THEN
        RAISE EXCEPTION 'the placement is being sent'
            USING ERRCODE = 'KF004', HINT = 'Wait for the outcome; once it is published it can be deleted.';
    END IF;
    UPDATE kefu.outbound SET state = 'cancelled' WHERE outbound_id = o.outbound_id AND state = 'queued';
    UPDATE kefu.placement SET reason = m.args ->> 'reason' WHERE placement_id = m.id RETURNING * INTO l;
    PERFORM kefu.follow_correction(l);
    IF NOT EXISTS (SELECT FROM kefu.placement x WHERE x.post_id = l.post_id AND x.state <> 'cancelled')
       AND kefu.may_happen('post', l.post_id, 'unschedule') THEN
        PERFORM kefu.raise_event('post', l.post_id, 'unschedule', jsonb_build_object('reason', l.reason));
    ELSE
        PERFORM kefu.fail_if_all_failed(l.post_id, l.reason);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_cancel_placement(kefu.move) IS 'It won''t be sent; a post with nothing planned any more waits to be scheduled again (取消投放)';

CREATE FUNCTION kefu.deletion_due(unit text, at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT deletion_due.at + p.target
              FROM kefu.unit_path(deletion_due.unit) WITH ORDINALITY AS u(unit, step)
              JOIN kefu.clock_policy p ON p.unit = u.unit AND p.clock = 'correction' AND p.valid_from <= deletion_due.at
             ORDER BY u.step, p.valid_from DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.deletion_due(text, timestamptz) IS 'By when a person must have deleted what the platform doesn''t: within the time of a correction (人工删除时限; R73)';

CREATE FUNCTION kefu.effect_delete_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    l kefu.placement;
BEGIN
    UPDATE kefu.placement SET reason = m.args ->> 'reason' WHERE placement_id = m.id RETURNING * INTO l;
    IF kefu.can_ask(l.account, 'delete_post') THEN
        PERFORM kefu.queue_send('placement', m.id, m.unit, l.account, 'delete_post', parent_id => l.native_id,
                                priority => 1::smallint);
    ELSE
        PERFORM kefu.open_task(m.unit, 'delete_by_hand', 'R73', kefu.deletion_due(m.unit, m.at),
                               note => concat_ws(' ', l.account, l.native_id), object_type => 'placement', object => m.id);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_delete_placement(kefu.move) IS 'Deleted where the platform can, before anything else is sent; else a task (删除投放; R73, R76-R79)';

CREATE FUNCTION kefu.effect_end_placement(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    l kefu.placement;
BEGIN
    -- What answers a deletion is the post, with the time when it was made.
    UPDATE kefu.placement SET deleted_at = m.at
     WHERE placement_id = m.id RETURNING * INTO l;
    UPDATE kefu.outbound SET state = 'cancelled'
     WHERE object_type = 'placement' AND object_id = m.id AND state = 'queued';
    DELETE FROM kefu.sweep WHERE placement_id = m.id;
    PERFORM kefu.watched_gone(a.platform, l.native_id) FROM kefu.account a WHERE a.account = l.account;
    PERFORM kefu.follow_correction(l);
END $$;
COMMENT ON FUNCTION kefu.effect_end_placement(kefu.move) IS 'It is gone from the platform (投放已删; R73, R79)';

CREATE FUNCTION kefu.effect_delete_failed(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.open_task(m.unit, 'delete_by_hand', 'R73', kefu.deletion_due(m.unit, m.at),
                           outbound => (m.args ->> 'outbound')::bigint,
                           note => format('%s %s: %s', l.account, l.native_id, m.args ->> 'reason'),
                           object_type => 'placement', object => m.id)
       FROM kefu.placement l WHERE l.placement_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_delete_failed(kefu.move) IS 'The platform doesn''t delete it: a person must (删除失败待办; R73)';
