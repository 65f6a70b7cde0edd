-- 38_correction_effects: what the transitions of corrections ask and do.
--
-- As 37_guards and 38_ticket_effects. A correction belongs to the post of its
-- placement, which is locked first, whoever begins (38_post_effects).

CREATE FUNCTION kefu.guard_cause_is_change(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'cause' = 'change'; END $$;
COMMENT ON FUNCTION kefu.guard_cause_is_change(kefu.move) IS 'What it tells of has changed (内容变更; R73)';

CREATE FUNCTION kefu.guard_cause_is_ordered(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'cause' = 'ordered'; END $$;
COMMENT ON FUNCTION kefu.guard_cause_is_ordered(kefu.move) IS 'It must go: against state rules, or by a leader''s instruction (上级要求; R76)';

CREATE FUNCTION kefu.guard_cause_is_user_error(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'cause' = 'user_error'; END $$;
COMMENT ON FUNCTION kefu.guard_cause_is_user_error(kefu.move) IS 'Somebody pointed out an error (用户指出错误; R77)';

CREATE FUNCTION kefu.guard_cause_is_dead(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'cause' IN ('dead_link', 'original_gone'); END $$;
COMMENT ON FUNCTION kefu.guard_cause_is_dead(kefu.move) IS 'A link in it is dead, or what it reposts is gone (链接失效或原文被删; R78, R79)';

CREATE FUNCTION kefu.correction_cause(correction bigint) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT c.cause FROM kefu.correction c WHERE c.correction_id = correction);
END $$;
COMMENT ON FUNCTION kefu.correction_cause(bigint) IS 'Cause of a correction; NULL if there is none of that number (更正原因)';

CREATE FUNCTION kefu.guard_was_change(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.correction_cause(m.id) = 'change'; END $$;
COMMENT ON FUNCTION kefu.guard_was_change(kefu.move) IS 'The correction is for a change (内容变更; R73)';

CREATE FUNCTION kefu.guard_was_ordered(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.correction_cause(m.id) = 'ordered'; END $$;
COMMENT ON FUNCTION kefu.guard_was_ordered(kefu.move) IS 'The correction is for an order (上级要求; R76)';

CREATE FUNCTION kefu.guard_was_user_error(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.correction_cause(m.id) = 'user_error'; END $$;
COMMENT ON FUNCTION kefu.guard_was_user_error(kefu.move) IS 'The correction is for an error that somebody pointed out (用户指出错误; R77)';

CREATE FUNCTION kefu.guard_was_dead(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.correction_cause(m.id) IN ('dead_link', 'original_gone'); END $$;
COMMENT ON FUNCTION kefu.guard_was_dead(kefu.move) IS 'The correction is for a dead link or a deleted original (链接失效或原文被删; R78, R79)';

CREATE FUNCTION kefu.guard_needs_reissue(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.correction_cause(m.id) IN ('change', 'user_error'); END $$;
COMMENT ON FUNCTION kefu.guard_needs_reissue(kefu.move) IS 'What was taken down has to be said anew, with an apology (须重发; R73, R75, R77)';

CREATE FUNCTION kefu.make_correction(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    l kefu.placement;
    new_id bigint;
BEGIN
    -- Its post first, as everywhere.
    SELECT x.* INTO l FROM kefu.placement x WHERE x.placement_id = (m.args ->> 'placement')::bigint;
    PERFORM kefu.lock_object('post', l.post_id);
    SELECT x.* INTO l FROM kefu.placement x WHERE x.placement_id = l.placement_id;
    IF l.unit IS DISTINCT FROM m.unit
       OR (m.args ? 'notice' AND NOT EXISTS (SELECT FROM kefu.change_notice n
                                              WHERE n.notice_id = (m.args ->> 'notice')::bigint
                                                AND kefu.is_below(l.unit, n.unit))) THEN
        PERFORM kefu.require_unit(NULL);
    END IF;
    IF l.state NOT IN ('published', 'sending', 'uncertain') THEN
        RAISE EXCEPTION 'the placement does not stand on its platform'
            USING ERRCODE = 'KF004', DETAIL = format('Placement %s is %s.', l.placement_id, l.state),
                  HINT = 'What is only planned is cancelled: kefu.cancel_placement(), kefu.revise_post().';
    END IF;
    IF EXISTS (SELECT FROM kefu.correction c WHERE c.placement_id = l.placement_id AND c.closed_at IS NULL) THEN
        RAISE EXCEPTION 'the placement is being corrected already'
            USING ERRCODE = 'KF004',
                  DETAIL = (SELECT format('Correction %s is %s.', c.correction_id, c.state) FROM kefu.correction c
                             WHERE c.placement_id = l.placement_id AND c.closed_at IS NULL);
    END IF;
    INSERT INTO kefu.correction (state, unit, post_id, placement_id, cause, notice_id, message_id, notice_time, made_at)
    VALUES (m.to_state, l.unit, l.post_id, l.placement_id, m.args ->> 'cause', (m.args ->> 'notice')::bigint,
            (m.args ->> 'message')::bigint, (m.args ->> 'notice_time')::timestamptz, m.at)
    RETURNING correction_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_correction(kefu.move) IS 'Inserts a correction of what stands on a platform, or is just being sent there; KF004 otherwise, or if one is open (新建更正; R73-R79)';

CREATE FUNCTION kefu.effect_end_correction(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.correction SET closed_at = m.at WHERE correction_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_end_correction(kefu.move) IS 'It is over (更正结束)';

CREATE FUNCTION kefu.effect_answer_reporter(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    c kefu.correction;
BEGIN
    UPDATE kefu.correction SET closed_at = m.at WHERE correction_id = m.id RETURNING * INTO c;
    IF NOT EXISTS (SELECT FROM kefu.message g JOIN kefu.ticket t USING (ticket_id)
                     JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state AND NOT s.is_final
                    WHERE g.message_id = c.message_id) THEN
        PERFORM kefu.open_task(c.unit, 'answer_reporter', 'R77', m.at + interval '2 hours', message => c.message_id,
                               object_type => 'correction', object => c.correction_id);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_answer_reporter(kefu.move) IS 'There was no error: who pointed it out is answered, by the open ticket or else by a task (指错不成立; R77)';

CREATE FUNCTION kefu.effect_delete_corrected(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    c kefu.correction;
BEGIN
    UPDATE kefu.correction SET order_reference = coalesce(m.args ->> 'order_reference', order_reference)
     WHERE correction_id = m.id RETURNING * INTO c;
    -- What is being sent is deleted as soon as it stands there (kefu.follow_correction).
    IF (SELECT l.state FROM kefu.placement l WHERE l.placement_id = c.placement_id) = 'published' THEN
        PERFORM kefu.raise_event('placement', c.placement_id, 'delete', jsonb_build_object('reason', 'correction ' || m.id));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_delete_corrected(kefu.move) IS 'Has the placement deleted from its platform, at once (删除待更正博文; R73, R76-R79)';

CREATE FUNCTION kefu.effect_note_deleted(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    c kefu.correction;
BEGIN
    UPDATE kefu.correction
       SET deleted_at = coalesce((m.args ->> 'posted_at')::timestamptz, m.at),
           closed_at = CASE m.to_state WHEN 'done' THEN m.at END
     WHERE correction_id = m.id RETURNING * INTO c;
    -- The post is withdrawn with the last of its placements.
    IF NOT EXISTS (SELECT FROM kefu.placement l
                    WHERE l.post_id = c.post_id AND l.state NOT IN ('deleted', 'cancelled', 'failed'))
       AND kefu.may_happen('post', c.post_id, 'withdraw') THEN
        PERFORM kefu.raise_event('post', c.post_id, 'withdraw', jsonb_build_object('reason', 'correction ' || m.id));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_note_deleted(kefu.move) IS 'It no longer stands there; with the last placement its post is withdrawn (已删除; R73, R79)';

CREATE FUNCTION kefu.effect_reissue_corrected(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    c kefu.correction;
    p kefu.post;
    made bigint;
BEGIN
    IF coalesce(m.args ->> 'text', '') = '' THEN
        RAISE EXCEPTION 'the new wording is missing' USING ERRCODE = 'KF002', HINT = 'Give text.';
    END IF;
    SELECT x.* INTO c FROM kefu.correction x WHERE x.correction_id = m.id;
    -- One post stands for all placements of the one that was wrong.
    SELECT x.reissue_post INTO made
      FROM kefu.correction x JOIN kefu.post n ON n.post_id = x.reissue_post
     WHERE x.post_id = c.post_id AND x.state = 'reissuing' AND x.correction_id <> m.id
       AND n.text = m.args ->> 'text' LIMIT 1;
    IF made IS NULL THEN
        SELECT x.* INTO p FROM kefu.post x WHERE x.post_id = c.post_id;
        IF p.state = 'withdrawn' THEN
            PERFORM kefu.raise_event('post', p.post_id, 'reissue', jsonb_build_object(
                'text', m.args ->> 'text', 'apology', m.args ->> 'apology', 'correction', m.id));
        ELSE
            PERFORM kefu.open_reissue(p, m.args ->> 'text', m.id);
        END IF;
        SELECT max(x.post_id) INTO made FROM kefu.post x WHERE x.correction_id = m.id;
    END IF;
    UPDATE kefu.correction SET reissue_post = made WHERE correction_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_reissue_corrected(kefu.move) IS 'A new post with an apology goes into the urgent review, one for all placements of the same post; KF004 without apology (重发; R73-R75, R77)';

CREATE FUNCTION kefu.effect_drop_reissue(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.correction SET reissue_post = NULL WHERE correction_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_drop_reissue(kefu.move) IS 'The re-issue didn''t come about; another is needed (重发未成)';

-- --- what becomes of placements ------------------------------------------------------

CREATE FUNCTION kefu.follow_correction(l kefu.placement) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    c record;
BEGIN
    SELECT x.correction_id, x.state INTO c FROM kefu.correction x
     WHERE x.placement_id = l.placement_id AND x.state = 'deleting';
    IF FOUND AND l.state IN ('deleted', 'failed', 'cancelled') THEN
        PERFORM kefu.raise_event('correction', c.correction_id, 'deleted', jsonb_strip_nulls(jsonb_build_object(
            'posted_at', l.deleted_at)));
    ELSIF FOUND AND l.state = 'published' THEN
        PERFORM kefu.raise_event('placement', l.placement_id, 'delete', jsonb_build_object(
            'reason', 'correction ' || c.correction_id));
        RETURN true;
    END IF;
    FOR c IN SELECT x.correction_id, x.state FROM kefu.correction x
              WHERE x.reissue_post = l.post_id AND x.state = 'reissuing'
                AND (SELECT o.account FROM kefu.placement o WHERE o.placement_id = x.placement_id) = l.account LOOP
        IF l.state = 'published' THEN
            PERFORM kefu.raise_event('correction', c.correction_id, 'published', jsonb_build_object('post', l.native_id));
        ELSIF l.state IN ('failed', 'cancelled') THEN
            PERFORM kefu.raise_event('correction', c.correction_id, 'fail', jsonb_build_object('reason', l.reason));
        END IF;
    END LOOP;
    RETURN false;
END $$;
COMMENT ON FUNCTION kefu.follow_correction(kefu.placement) IS
'Tells corrections what became of a placement: of the one that is taken down, of the one that stands in its stead. True if that had it deleted. For the effects of placements only (更正跟进)';

CREATE FUNCTION kefu.fail_reissue(post bigint, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.raise_event('correction', c.correction_id, 'fail', jsonb_build_object('reason', reason))
       FROM (SELECT x.correction_id FROM kefu.correction x
              WHERE x.reissue_post = post AND x.state = 'reissuing' ORDER BY x.correction_id) AS c;
END $$;
COMMENT ON FUNCTION kefu.fail_reissue(bigint, text) IS 'The post that was to stand in their stead was rejected or cancelled: its corrections need another (重发退回)';
