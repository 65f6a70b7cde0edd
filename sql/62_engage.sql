-- 62_engage: reading what the accounts we watch post, and answering it.

-- --- rules ------------------------------------------------------------------------

CREATE FUNCTION kefu.set_engage_rule(rule text, valid_from timestamptz, changes jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    r kefu.engage_rule;
    stray text;
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_later(valid_from);
    SELECT string_agg(c.c, ', ' ORDER BY c.c) INTO stray FROM jsonb_object_keys(changes) AS c(c)
     WHERE c.c NOT IN ('sort', 'category', 'subcategory', 'what', 'pattern', 'is_answer', 'due_within',
                       'is_staffed_time', 'lapses_after', 'at_most', 'post_kind', 'rulebook');
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'a rule has no %', stray
            USING ERRCODE = 'invalid_parameter_value', HINT = 'kefu_bi.engage_rules shows what it has.';
    END IF;
    SELECT x.* INTO r FROM kefu.engage_rule x
     WHERE x.rule = set_engage_rule.rule AND x.valid_from <= set_engage_rule.valid_from
     ORDER BY x.valid_from DESC LIMIT 1;
    IF r.rule IS NULL THEN
        r := jsonb_populate_record(r, '{"subcategory": "", "is_answer": false, "is_staffed_time": true, "rulebook": "house", "sort": 100}');
    END IF;
    r := jsonb_populate_record(r, changes || jsonb_build_object('rule', rule, 'valid_from', valid_from));
    IF num_nulls(r.category, r.what) > 0 THEN
        RAISE EXCEPTION 'there is no rule "%"', rule
            USING ERRCODE = 'KF002', HINT = 'A new one needs category and what.';
    END IF;
    IF r.category <> 'praise' THEN
        PERFORM kefu.require_follow_category(r.category, r.subcategory);
    END IF;
    INSERT INTO kefu.engage_rule SELECT r.*;
    PERFORM kefu.append_ledger('rules', 'set_engage_rule', jsonb_build_object('rule', rule, 'from', valid_from),
                               jsonb_build_object('changes', changes));
END $$;
COMMENT ON FUNCTION kefu.set_engage_rule(text, timestamptz, jsonb) IS
'A new version of a rule from a time on, as it was but for changes by column, such as {"due_within": "4 hours", "at_most": 3}; {"due_within": null} ends it; a code there wasn''t is a new rule. Group administrators only; invalid_parameter_value for a time that is over or a column there isn''t, undefined_object for an unknown category (调整转评规则; R2, R54-R60, R65-R68)';

-- --- whom we watch ------------------------------------------------------------------

CREATE FUNCTION kefu.watched_as(a kefu.account, author text,
                                OUT category text, OUT subcategory text, OUT identity_id bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    of_unit text;
BEGIN
    SELECT b.unit INTO of_unit FROM kefu.account b WHERE b.platform = a.platform AND b.native_id = author LIMIT 1;
    IF FOUND THEN
        -- Group and provinces support each other; one's own other accounts don't count.
        SELECT 'service', '' INTO category, subcategory
          FROM kefu.unit u, kefu.unit v
         WHERE u.unit = a.unit AND v.unit = of_unit
           AND (u.kind, v.kind) IN (('group', 'province'), ('province', 'group'));
        RETURN;
    END IF;
    SELECT t.category, t.subcategory INTO category, subcategory
      FROM kefu.follow_target t
     WHERE t.platform = a.platform AND t.native_id = author AND t.valid_from <= kefu.now()
       AND (t.valid_to IS NULL OR t.valid_to > kefu.now())
     ORDER BY t.valid_from DESC LIMIT 1;
    SELECT coalesce(watched_as.category, f.category), coalesce(watched_as.subcategory, f.subcategory)
      INTO category, subcategory
      FROM (SELECT) AS one
      LEFT JOIN kefu.follow_now f ON f.account = a.account AND f.target = author AND f.state = 'following';
    IF category IS NOT NULL THEN
        SELECT i.identity_id INTO identity_id FROM kefu.identity i
         WHERE i.platform = a.platform AND i.native_id = author;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.watched_as(kefu.account, text) IS
'As what an account of ours watches an author: service for a customer-service account of Group seen by a province and the other way round, else by the list of known accounts, else by its own follow list; NULL: not at all (内部: 关注对象类别; R58)';

CREATE FUNCTION kefu.owe_by_rule(a kefu.account, watched bigint, category text, subcategory text, said text,
                                 is_answer boolean, is_ours boolean, posted_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r kefu.engage_rule;
BEGIN
    -- Somebody else may be at it with another account of the unit.
    PERFORM FROM kefu.watched_post w WHERE w.watched_id = watched FOR UPDATE;
    FOR r IN SELECT x.* FROM kefu.engage_rules_for(owe_by_rule.category, owe_by_rule.subcategory, a.unit) AS x LOOP
        CONTINUE WHEN r.pattern IS NOT NULL AND coalesce(said, '') !~ r.pattern
                   OR r.is_answer AND NOT owe_by_rule.is_answer
                   -- A repost of what we said is thanked, not sent back.
                   OR r.what = 'repost' AND is_ours
                   OR EXISTS (SELECT FROM kefu.engagement e
                               WHERE e.watched_id = watched AND e.unit = a.unit AND e.what = r.what);
        PERFORM kefu.owe(a.unit, r.what, a.account, watched, NULL, owe_by_rule.posted_at, r);
    END LOOP;
    -- What was reposted before it was seen is done already.
    PERFORM kefu.settle_reposts(a.platform, l.unit, l.account, p.repost_id, l.native_id, l.published_at, l.placement_id)
       FROM kefu.watched_post w
       JOIN kefu.post p ON p.repost_platform = w.platform AND p.repost_id = w.native_id
       JOIN kefu.placement l ON l.post_id = p.post_id AND l.unit = a.unit AND l.state = 'published'
      WHERE w.watched_id = watched;
END $$;
COMMENT ON FUNCTION kefu.owe_by_rule(kefu.account, bigint, text, text, text, boolean, boolean, timestamptz) IS
'What the unit of an account owes for a post it sees, by the rules that hold now: of each kind once, whichever account saw it. For the owner''s functions only (内部: 按规则产生转评待办)';

-- --- reading ------------------------------------------------------------------------

CREATE FUNCTION kefu.take_watched(account text, action text, body text, closed_before timestamptz, at timestamptz,
                                  OUT items integer, OUT kept integer, OUT closed integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    a kefu.account;
    i record;
    w record;
    known kefu.watched_post;
    start_at timestamptz := (SELECT f.start_at FROM kefu.feed f
                              WHERE f.account = take_watched.account AND f.action = take_watched.action);
BEGIN
    SELECT x.* INTO a FROM kefu.account x WHERE x.account = take_watched.account;
    items := 0; kept := 0; closed := 0;
    FOR i IN SELECT m.* FROM kefu.map_payload(a.platform, take_watched.action, body, a.native_id) AS m LOOP
        items := items + 1;
        IF i.is_deleted THEN
            PERFORM kefu.watched_gone(a.platform, i.native_id);
            CONTINUE;
        ELSIF i.error IS NOT NULL THEN
            PERFORM kefu.add_dead_letter(a.account, take_watched.action, format('item %s: %s', i.item_no, i.error));
            CONTINUE;
        ELSIF i.posted_at < start_at THEN
            closed := closed + 1;
            CONTINUE;
        ELSIF i.author_id = a.native_id THEN
            IF i.repost_of_id IS NOT NULL THEN
                PERFORM kefu.settle_reposts(a.platform, a.unit, a.account, i.repost_of_id, i.native_id, i.posted_at, NULL);
            END IF;
            CONTINUE;
        END IF;
        SELECT x.* INTO w FROM kefu.watched_as(a, i.author_id) AS x;
        CONTINUE WHEN w.category IS NULL;
        INSERT INTO kefu.watched_post AS x (platform, native_id, author_id, identity_id, category, subcategory, text, url,
                                            posted_at, seen_at)
        VALUES (a.platform, i.native_id, CASE WHEN w.identity_id IS NULL THEN i.author_id END, w.identity_id, w.category,
                w.subcategory, left(i.text, 500), i.url, i.posted_at, at)
            ON CONFLICT ON CONSTRAINT watched_post_once DO NOTHING
        RETURNING x.* INTO known;
        IF FOUND THEN
            kept := kept + 1;
        ELSE
            SELECT x.* INTO known FROM kefu.watched_post x
             WHERE x.platform = a.platform AND x.native_id = i.native_id;
            closed := closed + (known.seen_at <= closed_before)::integer;
        END IF;
        CONTINUE WHEN known.deleted_at IS NOT NULL;
        PERFORM kefu.owe_by_rule(a, known.watched_id, w.category, w.subcategory, concat_ws(' ', i.text, i.repost_text),
            coalesce(i.parent_author_id, i.author_id) <> i.author_id,
            EXISTS (SELECT FROM kefu.account b WHERE b.platform = a.platform AND b.native_id = i.parent_author_id),
            i.posted_at);
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.take_watched(text, text, text, timestamptz, timestamptz) IS
'Takes a page of what the accounts that ours follows have posted: keeps those of whom we watch, opens what the unit owes for them, closes what our own reposts on it fulfil and what was deleted. Nothing of it is a message. Counts items, new ones kept, and those known before closed_before or older than the feed''s start. data_exception where it can''t be read. For the owner''s functions only (内部: 读取关注对象博文; R54-R59, R65-R68)';

CREATE FUNCTION kefu.note_own_reposts(account text, action text, body text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.settle_reposts(a.platform, a.unit, a.account, i.repost_of_id, i.native_id, i.posted_at, NULL)
       FROM kefu.account a
      CROSS JOIN LATERAL kefu.map_payload(a.platform, note_own_reposts.action, body, a.native_id) AS i
      WHERE a.account = note_own_reposts.account AND i.error IS NULL AND i.repost_of_id IS NOT NULL
        AND NOT coalesce(i.is_deleted, false) AND i.author_id = a.native_id;
END $$;
COMMENT ON FUNCTION kefu.note_own_reposts(text, text, text) IS
'Reposts in the list of what an account has posted, by whomever, fulfil what its unit owed. For the owner''s functions only (内部: 平台已转发; R54-R60)';

-- --- answering ----------------------------------------------------------------------

CREATE FUNCTION kefu.engagement_for(task bigint) RETURNS kefu.engagement
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    e kefu.engagement;
BEGIN
    SELECT x.* INTO e FROM kefu.engagement x WHERE x.task_id = engagement_for.task FOR UPDATE;
    PERFORM kefu.require_unit(e.unit, 'operator', 'leader');
    RETURN e;
END $$;
COMMENT ON FUNCTION kefu.engagement_for(bigint) IS
'The engagement of a task, locked; KF008 or KF003 as kefu.require_unit(), KF008 also where there is none (内部: 取转评事项)';

CREATE FUNCTION kefu.show_engagement(task bigint)
    RETURNS TABLE (what text, account text, author text, posted_at timestamptz, text text, url text, reason text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    e kefu.engagement := kefu.engagement_for(task);
BEGIN
    RETURN QUERY
    SELECT e.what, e.account, coalesce(b.handle, t.name, i.screen_name), coalesce(w.posted_at, g.posted_at),
           coalesce(w.text, g.text), w.url, e.reason
      FROM (SELECT) AS one
      LEFT JOIN kefu.watched_post w ON w.watched_id = e.watched_id
      LEFT JOIN kefu.message g ON g.message_id = e.message_id
      LEFT JOIN kefu.account b ON b.platform = w.platform AND b.native_id = w.author_id
      LEFT JOIN LATERAL (SELECT x.name FROM kefu.follow_target x
                          WHERE x.platform = w.platform AND x.native_id = w.author_id
                          ORDER BY x.valid_from DESC LIMIT 1) AS t ON true
      LEFT JOIN kefu.identity i ON i.identity_id = coalesce(w.identity_id, g.identity_id);
END $$;
COMMENT ON FUNCTION kefu.show_engagement(bigint) IS
'What a task to repost or comment is about: the post, whose it is, and why the last comment wasn''t taken. An operator or leader of its unit (查看转评待办; R54-R60, R65-R68)';

CREATE FUNCTION kefu.comment_on(task bigint, text text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('task', task, 'comment', kefu.facts('text', text), version, request_key);
END;
COMMENT ON FUNCTION kefu.comment_on(bigint, text, integer, text) IS
'Comments on the post of a task, with the account that saw it; the task is done when the platform has taken it. KF004 where a rule of texts blocks it, KF001 if the task is not to comment, 55006 while one is under way (发表评论; R65-R68)';

CREATE FUNCTION kefu.repost_task(task bigint, text text DEFAULT '', kind text DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    e kefu.engagement := kefu.engagement_for(task);
    o record;
    made kefu.outcome;
BEGIN
    IF e.what <> 'repost' OR (SELECT k.state <> 'open' FROM kefu.task k WHERE k.task_id = e.task_id) THEN
        RAISE EXCEPTION 'nothing is to be reposted for task %', task
            USING ERRCODE = 'KF001', HINT = 'It is over, or it asks for a comment: kefu.comment_on().';
    ELSIF EXISTS (SELECT FROM kefu.post p WHERE p.post_id = e.post_id AND p.closed_at IS NULL)
          AND request_key IS NULL THEN
        RAISE EXCEPTION 'the repost is drafted already'
            USING ERRCODE = 'unique_violation', DETAIL = format('It is post %s.', e.post_id),
                  HINT = 'kefu.edit_post() and kefu.submit_post() go on with it.';
    ELSIF coalesce(repost_task.kind, e.post_kind) IS NULL THEN
        RAISE EXCEPTION 'the kind of the post is missing'
            USING ERRCODE = 'KF002', HINT = 'kefu_bi.post_kinds lists them.';
    END IF;
    SELECT a.platform, coalesce(w.native_id, g.native_id) AS native_id,
           -- Who is a customer isn't named where it could not be erased.
           coalesce(b.handle, t.name, '微博用户') AS source INTO o
      FROM kefu.account a
      LEFT JOIN kefu.watched_post w ON w.watched_id = e.watched_id
      LEFT JOIN kefu.message g ON g.message_id = e.message_id
      LEFT JOIN kefu.account b ON b.platform = w.platform AND b.native_id = w.author_id
      LEFT JOIN LATERAL (SELECT x.name FROM kefu.follow_target x
                          WHERE x.platform = w.platform AND x.native_id = w.author_id
                          ORDER BY x.valid_from DESC LIMIT 1) AS t ON true
     WHERE a.account = e.account;
    made := kefu.draft_post(e.unit, coalesce(repost_task.kind, e.post_kind), text, jsonb_build_object(
        'repost_platform', o.platform, 'repost_id', o.native_id, 'repost_source', o.source), request_key);
    UPDATE kefu.engagement SET post_id = made.id WHERE task_id = e.task_id;
    RETURN made;
END $$;
COMMENT ON FUNCTION kefu.repost_task(bigint, text, text, text) IS
'Drafts the repost that a task asks for, of the kind its rule names unless another is given; review, quotas and the two soft reposts of a day apply as to any post. The task is done when it stands on an account of the unit. KF001 if there is nothing to repost, unique_violation if it is drafted already (起草转发; R54-R61)';

-- --- findings -----------------------------------------------------------------------

CREATE FUNCTION kefu.find_late_engagement() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'task', k.task_id, NULL::text, k.unit, e.account, k.due_at, ARRAY[coalesce(k.rulebook, 'house')],
           format('%s未完成，应于 %s 前', CASE e.what WHEN 'repost' THEN '转发' ELSE '评论' END,
                  to_char(k.due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI')),
           format('%s not done, was due at %s', e.what, to_char(k.due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'))
      FROM kefu.engagement e JOIN kefu.task k USING (task_id)
     WHERE k.state = 'open' AND k.due_at < kefu.now();
END $$;
COMMENT ON FUNCTION kefu.find_late_engagement() IS 'Reposts and comments that are past due and not done (转评超时; R54-R60, R65-R68)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES
    ('late_engagement', 'kefu.find_late_engagement()', '{R70,R54,R55,R56,R57,R58,R59,R60,R65,R66,R67,R68}', 'must',
     '转评超时', 'repost or comment past due',
     '用 kefu.repost_task() 起草转发或 kefu.comment_on() 评论；不宜转评的由值班长免办。',
     'Draft the repost with kefu.repost_task() or comment with kefu.comment_on(); a leader waives what had better not be done.');
