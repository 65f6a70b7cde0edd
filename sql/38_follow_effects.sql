-- 38_follow_effects: what the events of a follow do.

CREATE FUNCTION kefu.guard_follow_allowed(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    f kefu.follow;
BEGIN
    SELECT x.* INTO f FROM kefu.follow x WHERE x.follow_id = m.id;
    RETURN NOT EXISTS (SELECT FROM kefu.follow_category c
                        WHERE c.category = coalesce(m.args ->> 'category', f.category) AND c.is_discouraged)
        OR coalesce(m.args ->> 'reason', '') <> ''
           AND EXISTS (SELECT FROM kefu.staff_role r
                        WHERE r.staff_id = m.staff_id AND r.role = 'leader' AND r.valid @> kefu.now()
                          AND r.unit IN (SELECT kefu.unit_path(m.unit)));
END $$;
COMMENT ON FUNCTION kefu.guard_follow_allowed(kefu.move) IS 'Of a kind that is not discouraged, or by a leader with a reason (允许关注; R37, ruling 26)';

CREATE FUNCTION kefu.is_being_erased(identity bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (SELECT FROM kefu.being_erased b WHERE b.identity_id = identity);
END $$;
COMMENT ON FUNCTION kefu.is_being_erased(bigint) IS 'An erasure of the person is open; false for NULL (是否正在删除; ruling 21)';

CREATE FUNCTION kefu.guard_follow_may_end(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF m.args ->> 'unfollow_reason' = 'erased' THEN
        RETURN (SELECT kefu.is_being_erased(f.identity_id) FROM kefu.follow f WHERE f.follow_id = m.id);
    END IF;
    RETURN NOT EXISTS (SELECT FROM kefu.follow_now f JOIN kefu.follow_required r USING (account, target)
                        WHERE f.follow_id = m.id)
       AND EXISTS (SELECT FROM kefu.unfollow_reason u WHERE u.unfollow_reason = m.args ->> 'unfollow_reason');
END $$;
COMMENT ON FUNCTION kefu.guard_follow_may_end(kefu.move) IS 'Not one that must be followed, and for a listed reason; of a person who is to be erased always, and only then for that reason (允许取消关注; R30, R31, R84, ruling 21)';

CREATE FUNCTION kefu.make_follow(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
    whom bigint := (m.args ->> 'identity')::bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM kefu.account a WHERE a.account = m.args ->> 'account' AND a.unit = m.unit) THEN
        RAISE EXCEPTION 'account "%" is not of unit "%"', m.args ->> 'account', m.unit
            USING ERRCODE = 'KF008', HINT = 'A unit follows with its own accounts.';
    END IF;
    INSERT INTO kefu.follow (state, unit, account, native_id, identity_id, category, subcategory, cause, proposed_at)
    VALUES (m.to_state, m.unit, m.args ->> 'account', CASE WHEN whom IS NULL THEN m.args ->> 'native_id' END, whom,
            m.args ->> 'category', coalesce(m.args ->> 'subcategory', ''), coalesce(m.args ->> 'cause', 'person'), m.at)
    RETURNING follow_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_follow(kefu.move) IS 'Inserts a follow (新建关注)';

CREATE FUNCTION kefu.follow_on_platform(m kefu.move, action text, cause text, rulebook text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    f kefu.follow_now;
BEGIN
    SELECT x.* INTO f FROM kefu.follow_now x WHERE x.follow_id = m.id;
    IF kefu.can_ask(f.account, action) THEN
        PERFORM kefu.queue_send('follow', m.id, m.unit, f.account, action, recipient_id => f.target);
    ELSE
        PERFORM kefu.open_task(m.unit, cause, rulebook, m.at + coalesce(
            (SELECT r.by_hand_within FROM kefu.follow_rule r WHERE r.valid_from <= kefu.now()
              ORDER BY r.valid_from DESC LIMIT 1), interval '1 day'),
            note => f.account, object_type => 'follow', object => m.id);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.follow_on_platform(kefu.move, text, text, text) IS
'Queues it for the platform, or where that can''t do it opens a task for a person. For the effects below only (平台关注操作)';

CREATE FUNCTION kefu.effect_queue_follow(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.follow SET reason = coalesce(m.args ->> 'reason', reason) WHERE follow_id = m.id;
    PERFORM kefu.follow_on_platform(m, 'follow', 'follow_by_hand', 'R70');
END $$;
COMMENT ON FUNCTION kefu.effect_queue_follow(kefu.move) IS 'To be followed: queued for the platform, or a task (发起关注; R29 to R37)';

CREATE FUNCTION kefu.effect_queue_unfollow(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.follow SET unfollow_reason = m.args ->> 'unfollow_reason' WHERE follow_id = m.id;
    PERFORM kefu.follow_on_platform(m, 'unfollow', 'unfollow_by_hand', 'R84');
END $$;
COMMENT ON FUNCTION kefu.effect_queue_unfollow(kefu.move) IS 'To be followed no longer: queued for the platform, or a task (发起取消关注; R84)';

CREATE FUNCTION kefu.end_follow_of_erased(follow bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    CASE (SELECT f.state FROM kefu.follow f WHERE f.follow_id = follow)
        WHEN 'following' THEN
            PERFORM kefu.raise_event('follow', follow, 'unfollow', jsonb_build_object('unfollow_reason', 'erased'));
        WHEN 'proposed' THEN
            PERFORM kefu.raise_event('follow', follow, 'refuse', jsonb_build_object('reason', 'erased'));
        ELSE
            NULL;    -- on its way: when that is over
    END CASE;
END $$;
COMMENT ON FUNCTION kefu.end_follow_of_erased(bigint) IS 'Unfollows a person who is to be erased, or proposes them no longer. For the effects of erasures and follows only (删除前取消关注; R84, ruling 21)';

CREATE FUNCTION kefu.effect_mark_followed(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.follow SET followed_at = coalesce((m.args ->> 'posted_at')::timestamptz, m.at), lost_at = NULL
     WHERE follow_id = m.id;
    IF kefu.is_being_erased((SELECT f.identity_id FROM kefu.follow f WHERE f.follow_id = m.id)) THEN
        PERFORM kefu.end_follow_of_erased(m.id);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_mark_followed(kefu.move) IS 'It is followed; whoever asked meanwhile to be erased, no longer (已关注)';

CREATE FUNCTION kefu.effect_fail_follow(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.follow SET unfollow_reason = NULL WHERE follow_id = m.id;
    IF m.to_state = 'proposed' AND kefu.is_being_erased((SELECT f.identity_id FROM kefu.follow f WHERE f.follow_id = m.id)) THEN
        PERFORM kefu.end_follow_of_erased(m.id);
        RETURN;
    END IF;
    PERFORM kefu.open_task(m.unit, 'follow_failed', 'R70', m.at + interval '1 day',
                           object_type => 'follow', object => m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_fail_follow(kefu.move) IS 'The platform did not take it: back where it was, and a task (关注失败; R70)';

CREATE FUNCTION kefu.effect_review_follow(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.follow SET reviewed_at = m.at WHERE follow_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_review_follow(kefu.move) IS 'Reviewed and kept (复核关注; R83)';

CREATE FUNCTION kefu.effect_sort_follow(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.follow
       SET category = m.args ->> 'category', subcategory = coalesce(m.args ->> 'subcategory', ''),
           reason = coalesce(m.args ->> 'reason', reason)
     WHERE follow_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_sort_follow(kefu.move) IS 'Of another kind (归类关注; R29)';

CREATE FUNCTION kefu.effect_lose_follow(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.follow SET lost_at = m.at WHERE follow_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_lose_follow(kefu.move) IS 'The platform''s list has it no longer (平台已不在关注; R70)';

CREATE FUNCTION kefu.effect_end_follow(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.follow SET ended_at = m.at WHERE follow_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_end_follow(kefu.move) IS 'Over (关注结束; R84)';

