-- 38_engage_effects: what the events of a task to repost or comment ask and do.

CREATE FUNCTION kefu.guard_not_an_engagement(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN NOT EXISTS (SELECT FROM kefu.engagement e WHERE e.task_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_not_an_engagement(kefu.move) IS 'Nobody''s word ends a task to repost or comment: the platform shows that it is done (非转评待办; R54-R68)';

CREATE FUNCTION kefu.guard_owes_comment(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (SELECT FROM kefu.engagement e WHERE e.task_id = m.id AND e.what = 'comment');
END $$;
COMMENT ON FUNCTION kefu.guard_owes_comment(kefu.move) IS 'The task is to comment on a post (评论待办; R65-R68)';

CREATE FUNCTION kefu.effect_queue_comment(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    e record;
    wrong text;
BEGIN
    SELECT x.account, a.platform, coalesce(w.native_id, g.native_id) AS native_id,
           coalesce(w.native_id, g.root_id, g.native_id) AS root_id, g.item_type = 'comment' AS is_reply INTO e
      FROM kefu.engagement x JOIN kefu.account a USING (account)
      LEFT JOIN kefu.watched_post w ON w.watched_id = x.watched_id
      LEFT JOIN kefu.message g ON g.message_id = x.message_id
     WHERE x.task_id = m.id;
    IF btrim(m.args ->> 'text') = '' THEN
        RAISE EXCEPTION 'there is nothing to say' USING ERRCODE = 'KF002', HINT = 'Give a text.';
    END IF;
    SELECT string_agg(format('%s (%s)', c.detail, c.rulebook), '; ') INTO wrong
      FROM kefu.check_text(e.platform, 'comment', m.unit, m.args ->> 'text', m.at) AS c WHERE c.effect = 'block';
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the comment can''t be said like that'
            USING ERRCODE = 'KF004', DETAIL = wrong, HINT = 'kefu.check_text() shows the places.';
    ELSIF NOT kefu.can_ask(e.account, CASE WHEN e.is_reply THEN 'reply_comment' ELSE 'comment' END) THEN
        RAISE EXCEPTION 'the platform takes no comments from us'
            USING ERRCODE = 'KF004', HINT = 'A leader waives the task, saying where it was done by hand.';
    END IF;
    UPDATE kefu.engagement SET reason = NULL WHERE task_id = m.id;
    PERFORM kefu.queue_send('task', m.id, m.unit, e.account, CASE WHEN e.is_reply THEN 'reply_comment' ELSE 'comment' END,
                            m.args ->> 'text', parent_id => e.native_id, root_id => e.root_id, priority => 3::smallint);
END $$;
COMMENT ON FUNCTION kefu.effect_queue_comment(kefu.move) IS 'The text is checked and queued for the platform (发出评论; R65-R68)';

CREATE FUNCTION kefu.effect_close_engaged(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    o kefu.outbound;
BEGIN
    SELECT x.* INTO o FROM kefu.outbound x WHERE x.outbound_id = (m.args ->> 'outbound')::bigint;
    UPDATE kefu.engagement
       SET done_at = coalesce((m.args ->> 'posted_at')::timestamptz, m.at), done_native_id = m.args ->> 'native_id',
           done_account = coalesce(m.args ->> 'account', o.account), placement_id = (m.args ->> 'placement')::bigint,
           reason = NULL
     WHERE task_id = m.id;
    UPDATE kefu.task SET closed_at = m.at, evidence = m.args ->> 'native_id' WHERE task_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_close_engaged(kefu.move) IS 'The platform shows that it is done, by what and when (转评已完成; R54-R60, R65-R68)';

CREATE FUNCTION kefu.effect_note_engage_failure(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.engagement SET reason = m.args ->> 'reason' WHERE task_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_note_engage_failure(kefu.move) IS 'Not taken: still owed, with the platform''s words (评论未被接受)';

CREATE FUNCTION kefu.effect_close_gone(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.watched_gone(w.platform, w.native_id, m.id)
       FROM kefu.engagement e JOIN kefu.watched_post w USING (watched_id) WHERE e.task_id = m.id;
    PERFORM kefu.effect_close_task(m);
END $$;
COMMENT ON FUNCTION kefu.effect_close_gone(kefu.move) IS 'What was to be reposted or commented on is no more: nothing is owed (原文已删; R79)';

-- --- owing -----------------------------------------------------------------------------

CREATE FUNCTION kefu.owe(unit text, what text, account text, watched bigint, message bigint, posted_at timestamptz,
                         r kefu.engage_rule) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    calendar text := CASE WHEN r.is_staffed_time THEN kefu.unit_calendar(owe.unit) END;
    new_id bigint;
BEGIN
    new_id := (kefu.raise_new('task', 'open', jsonb_strip_nulls(jsonb_build_object(
        'unit', owe.unit, 'cause', owe.what, 'rulebook', r.rulebook, 'message', owe.message, 'note', owe.account,
        'due_at', CASE WHEN calendar IS NULL THEN owe.posted_at + r.due_within
                       ELSE kefu.add_working_time(calendar, owe.posted_at, r.due_within) END,
        'expires_at', owe.posted_at + r.lapses_after)))).id;
    INSERT INTO kefu.engagement (task_id, unit, what, watched_id, message_id, rule, account, opened_at, post_kind)
    VALUES (new_id, owe.unit, owe.what, owe.watched, owe.message, r.rule, owe.account, kefu.now(), r.post_kind);
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.owe(text, text, text, bigint, bigint, timestamptz, kefu.engage_rule) IS
'Opens the task of a unit to repost or comment on a watched post or a message, due by a rule since it was posted. For the owner''s functions only (内部: 产生转评待办)';

CREATE FUNCTION kefu.engage_rules_for(category text, subcategory text, unit text) RETURNS SETOF kefu.engage_rule
    LANGUAGE plpgsql ROWS 3 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT r.*
      FROM (SELECT DISTINCT ON (x.rule) x.* FROM kefu.engage_rule x WHERE x.valid_from <= kefu.now()
             ORDER BY x.rule, x.valid_from DESC) AS r
     WHERE r.category = engage_rules_for.category AND r.subcategory = engage_rules_for.subcategory
       AND r.due_within IS NOT NULL
       AND (r.at_most IS NULL OR r.at_most > (
            SELECT count(*) FROM kefu.engagement e
             WHERE e.unit = engage_rules_for.unit AND e.rule = r.rule
               AND e.opened_at >= kefu.local_instant(kefu.local_day(kefu.now()), '00:00')))
     ORDER BY r.sort, r.rule;
END $$;
COMMENT ON FUNCTION kefu.engage_rules_for(text, text, text) IS
'Rules that hold now for posts of a category and leave room for another task of the unit today, in order (内部: 现行转评规则)';

CREATE FUNCTION kefu.effect_owe_praise(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    g kefu.message;
    r kefu.engage_rule;
BEGIN
    SELECT x.* INTO g FROM kefu.ticket t JOIN kefu.message x ON x.message_id = t.message_id WHERE t.ticket_id = m.id;
    SELECT x.* INTO r FROM kefu.engage_rules_for('praise', '', m.unit) AS x WHERE x.what = 'repost' LIMIT 1;
    -- What was said in private, or below another's post, is not spread.
    IF g.item_type IS DISTINCT FROM 'status' OR r.rule IS NULL
       OR EXISTS (SELECT FROM kefu.engagement e WHERE e.message_id = g.message_id AND e.what = 'repost') THEN
        RETURN;
    END IF;
    PERFORM kefu.owe(m.unit, 'repost', g.account, NULL, g.message_id, m.at, r);
END $$;
COMMENT ON FUNCTION kefu.effect_owe_praise(kefu.move) IS 'Praise in public that a person has thanked for is also to be reposted, as far as the day''s rule goes (表扬转发; R60)';

-- --- fulfilling --------------------------------------------------------------------------

CREATE FUNCTION kefu.settle_reposts(platform text, unit text, account text, repost_id text, native_id text,
                                    posted_at timestamptz, placement bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.raise_event('task', k.task_id, 'engaged', jsonb_strip_nulls(jsonb_build_object(
                'native_id', settle_reposts.native_id, 'posted_at', settle_reposts.posted_at,
                'account', settle_reposts.account, 'placement', settle_reposts.placement)))
       FROM (SELECT w.watched_id, NULL::bigint AS message_id FROM kefu.watched_post w
              WHERE w.platform = settle_reposts.platform AND w.native_id = settle_reposts.repost_id
             UNION ALL
             SELECT NULL, s.message_id FROM kefu.seen_item s
              WHERE s.platform = settle_reposts.platform AND s.item_type = 'status'
                AND s.native_id = settle_reposts.repost_id) AS o
       JOIN kefu.engagement e ON e.watched_id = o.watched_id OR e.message_id = o.message_id
       JOIN kefu.task k ON k.task_id = e.task_id AND k.state = 'open'
      WHERE e.unit = settle_reposts.unit AND e.what = 'repost';
END $$;
COMMENT ON FUNCTION kefu.settle_reposts(text, text, text, text, text, timestamptz, bigint) IS
'A repost stands on one of our accounts: what its unit owed for that post is done. placement: NULL where the desk didn''t publish it. For the owner''s functions only (内部: 转发完成; R54-R60)';

CREATE FUNCTION kefu.watched_gone(platform text, native_id text, but_task bigint DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    watched bigint;
BEGIN
    UPDATE kefu.watched_post w SET deleted_at = kefu.now()
     WHERE w.platform = watched_gone.platform AND w.native_id = watched_gone.native_id AND w.deleted_at IS NULL
    RETURNING w.watched_id INTO watched;
    PERFORM kefu.raise_event('task', k.task_id, 'found_gone')
       FROM kefu.engagement e JOIN kefu.task k ON k.task_id = e.task_id AND k.state = 'open'
      WHERE e.watched_id = watched AND k.task_id IS DISTINCT FROM but_task;
END $$;
COMMENT ON FUNCTION kefu.watched_gone(text, text, bigint) IS
'A watched post is gone from its platform: whoever owed something for it doesn''t any more; but_task: one that knows. For the owner''s functions only (内部: 关注对象博文已删)';
