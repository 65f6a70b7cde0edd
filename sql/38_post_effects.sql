-- 38_post_effects: what the transitions of posts ask and do.
--
-- As 37_guards and 38_ticket_effects. A post is locked before its placements,
-- always: an event of a placement locks its post first.

CREATE FUNCTION kefu.make_post(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
    r kefu.post_request;
BEGIN
    IF NOT EXISTS (SELECT FROM kefu.post_kind k WHERE k.kind = m.args ->> 'kind') THEN
        RAISE EXCEPTION 'there is no kind of post "%"', m.args ->> 'kind'
            USING ERRCODE = 'KF002', HINT = 'kefu_bi.post_kinds lists them.';
    END IF;
    SELECT x.* INTO r FROM kefu.post_request x WHERE x.request_id = (m.args ->> 'request')::bigint;
    IF (m.args ? 'request' AND r.desk_unit IS DISTINCT FROM m.unit)
       OR (m.args ? 'topic' AND NOT EXISTS (SELECT FROM kefu.topic t WHERE t.unit = m.unit
                                               AND t.topic_id = (m.args ->> 'topic')::bigint))
       OR (m.args ? 'opinion' AND NOT EXISTS (SELECT FROM kefu.opinion o WHERE o.desk_unit = m.unit
                                                 AND o.opinion_id = (m.args ->> 'opinion')::bigint))
       OR (m.args ? 'reissue_of' AND NOT EXISTS (SELECT FROM kefu.post p WHERE p.unit = m.unit
                                                    AND p.post_id = (m.args ->> 'reissue_of')::bigint)) THEN
        PERFORM kefu.require_unit(NULL);
    END IF;
    INSERT INTO kefu.post (state, unit, kind, is_marketing, category, request_id, topic_id, opinion_id, reissue_of,
                           correction_id, made_at, writers)
    VALUES (m.to_state, m.unit, m.args ->> 'kind', coalesce((m.args ->> 'is_marketing')::boolean, false),
            m.args ->> 'category', r.request_id, (m.args ->> 'topic')::bigint, (m.args ->> 'opinion')::bigint,
            (m.args ->> 'reissue_of')::bigint, (m.args ->> 'correction')::bigint, m.at, array_remove(ARRAY[r.requested_by], NULL))
    RETURNING post_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_post(kefu.move) IS 'Inserts a post; its effect writes what came of it (新建博文; R44)';

CREATE FUNCTION kefu.write_post(post bigint, args jsonb, writer integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    p kefu.post;
BEGIN
    IF EXISTS (SELECT FROM kefu.post x
                WHERE x.post_id = post
                  AND coalesce((args ->> 'valid_from')::timestamptz, x.valid_from)
                      >= coalesce((args ->> 'valid_until')::timestamptz, x.valid_until)) THEN
        RAISE EXCEPTION 'a post can''t go out of date before it may be published'
            USING ERRCODE = 'KF004', HINT = 'Give a valid_until after valid_from.';
    END IF;
    UPDATE kefu.post x
       SET text = coalesce(args ->> 'text', x.text),
           heading = CASE WHEN args ? 'heading' THEN nullif(btrim(args ->> 'heading', '#＃ '), '') ELSE x.heading END,
           is_copied = coalesce((args ->> 'is_copied')::boolean, x.is_copied),
           source = coalesce(args ->> 'source', x.source),
           is_marketing = coalesce((args ->> 'is_marketing')::boolean, x.is_marketing),
           category = coalesce(args ->> 'category', x.category),
           repost_platform = coalesce(args ->> 'repost_platform', x.repost_platform),
           repost_id = coalesce(args ->> 'repost_id', x.repost_id),
           repost_source = coalesce(args ->> 'repost_source', x.repost_source),
           valid_from = coalesce((args ->> 'valid_from')::timestamptz, x.valid_from),
           valid_until = coalesce((args ->> 'valid_until')::timestamptz, x.valid_until),
           wish_at = coalesce((args ->> 'wish_at')::timestamptz, x.wish_at),
           writers = CASE WHEN writer IS NULL OR writer = ANY (x.writers) THEN x.writers ELSE x.writers || writer END
     WHERE x.post_id = post RETURNING x.* INTO p;
    IF args ? 'media' THEN
        DELETE FROM kefu.post_media x WHERE x.post_id = post;
        INSERT INTO kefu.post_media (post_id, position, media_id)
        SELECT post, n.n, g.media_id
          FROM regexp_split_to_table(args ->> 'media', '\s*,\s*') WITH ORDINALITY AS n(id, n)
          JOIN kefu.media g ON g.media_id::text = n.id AND g.unit IN (SELECT kefu.unit_path(p.unit));
        IF NOT FOUND AND args ->> 'media' <> '' THEN
            RAISE EXCEPTION 'the unit has no such picture or video' USING ERRCODE = 'KF008', HINT = 'kefu.add_media() adds one.';
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.write_post(bigint, jsonb, integer) IS 'Writes what came with an event into a post: text, heading, source, repost, validity, wish, pictures. For its effects only (内部: 撰写博文)';

CREATE FUNCTION kefu.effect_edit_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF m.from_state = '*new' THEN
        -- Who accepts a request doesn't write it.
        PERFORM kefu.write_post(m.id, m.args, CASE WHEN NOT m.args ? 'request' THEN m.staff_id END);
    ELSIF m.args ? 'account' THEN
        PERFORM kefu.require_own_account(m.unit, m.args ->> 'account');
        INSERT INTO kefu.post_variant (post_id, account, text)
        VALUES (m.id, m.args ->> 'account', m.args ->> 'text')
            ON CONFLICT (post_id, account) DO UPDATE SET text = excluded.text;
        PERFORM kefu.write_post(m.id, '{}', m.staff_id);
    ELSE
        PERFORM kefu.write_post(m.id, m.args, m.staff_id);
    END IF;
    -- Kept now: what is refused at submission leaves no trace for a reviewer.
    PERFORM kefu.record_hits('post', m.id, m.unit, w.text, m.staff_id)
       FROM (SELECT x.text FROM kefu.post_wordings(m.id) AS x WHERE x.text <> ''
             UNION
             SELECT kefu.reposted_text(p) FROM kefu.post p WHERE p.post_id = m.id) AS w
      WHERE w.text IS NOT NULL;
END $$;
COMMENT ON FUNCTION kefu.effect_edit_post(kefu.move) IS 'The text is written, or with an account its wording there; words of a lexicon in it are kept for whoever may let them pass (编辑博文; R41, R47)';

CREATE FUNCTION kefu.require_own_account(unit text, account text) RETURNS kefu.account
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    a kefu.account;
BEGIN
    SELECT x.* INTO a FROM kefu.account x WHERE x.account = require_own_account.account;
    IF NOT FOUND OR NOT kefu.is_below(a.unit, unit) THEN
        RAISE EXCEPTION 'unit % publishes nothing on "%"', unit, account
            USING ERRCODE = 'KF004', HINT = 'Name an account of the unit or of one below it.';
    END IF;
    RETURN a;
END $$;
COMMENT ON FUNCTION kefu.require_own_account(text, text) IS 'The account, if it is the unit''s or one''s below it; else KF004 (校验发布账号)';

CREATE FUNCTION kefu.placed_text(post bigint, account text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce('#' || p.heading || '#', '') || coalesce(v.text, p.text, '')
      FROM kefu.post p
      LEFT JOIN kefu.post_variant v ON v.post_id = p.post_id AND v.account = placed_text.account
     WHERE p.post_id = post;
END;
COMMENT ON FUNCTION kefu.placed_text(bigint, text) IS 'What a post says on an account: heading, and its wording there or the post''s own (投放正文; R41, R53)';

CREATE FUNCTION kefu.effect_submit_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    under text := kefu.review_scheme_of(m.unit, m.at);
BEGIN
    PERFORM kefu.write_post(m.id, m.args, m.staff_id);
    UPDATE kefu.post
       SET submitted_at = m.at, steps_done = 0, scheme = under, is_urgent = false, approved_at = NULL,
           steps_needed = greatest(1, (SELECT count(*) FROM kefu.review_scheme s WHERE s.scheme = under))
     WHERE post_id = m.id;
    DELETE FROM kefu.post_warning w USING kefu.post p
     WHERE w.post_id = m.id AND p.post_id = m.id AND w.review_round = p.review_round;
    PERFORM kefu.check_post(m.id, m.args ->> 'reason');
END $$;
COMMENT ON FUNCTION kefu.effect_submit_post(kefu.move) IS 'Into review, under the scheme of its unit now; what breaks a blocking rule is refused (KF004) (提交审核; R5, R41, R47, R63)';

CREATE FUNCTION kefu.effect_revise_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.clear_placements(m, m.args ->> 'reason', false);
    UPDATE kefu.post
       SET review_round = review_round + 1, steps_done = 0, submitted_at = NULL, approved_at = NULL, is_urgent = false
     WHERE post_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_revise_post(kefu.move) IS 'Taken in hand anew: what was planned is cancelled, and the text is reviewed again (修改; R5)';

CREATE FUNCTION kefu.clear_placements(m kefu.move, reason text, withdraws boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT x.placement_id, x.state, x.account FROM kefu.placement x
              WHERE x.post_id = m.id AND x.state IN ('planned', 'sending', 'uncertain', 'failed', 'published')
              ORDER BY x.placement_id LOOP
        IF p.state = 'published' THEN
            IF withdraws THEN
                PERFORM kefu.raise_event('placement', p.placement_id, 'delete', jsonb_build_object('reason', reason));
            END IF;
        ELSIF kefu.is_handed_over(p.placement_id) THEN
            -- Withdrawn, it is deleted as soon as it stands there (effect_publish_placement).
            IF NOT withdraws THEN
                RAISE EXCEPTION 'the post is being sent on "%"', p.account
                    USING ERRCODE = 'KF004', DETAIL = format('The placement is %s.', p.state),
                          HINT = 'Wait for the outcome, or withdraw the post once it is published.';
            END IF;
        ELSE
            PERFORM kefu.raise_event('placement', p.placement_id, 'cancel',
                                     jsonb_build_object('reason', coalesce(reason, m.event)));
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.clear_placements(kefu.move, text, boolean) IS 'Cancels what isn''t sent of a post; withdraws: deletes what is published, too. KF004 if one is being sent and isn''t to be withdrawn (清理投放)';

CREATE FUNCTION kefu.effect_cancel_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    asked_by bigint;
BEGIN
    PERFORM kefu.clear_placements(m, m.args ->> 'reason', false);
    UPDATE kefu.post SET closed_at = m.at WHERE post_id = m.id RETURNING request_id INTO asked_by;
    PERFORM kefu.fail_reissue(m.id, m.args ->> 'reason');
    IF asked_by IS NOT NULL AND kefu.may_happen('request', asked_by, 'reject') THEN
        PERFORM kefu.raise_event('request', asked_by, 'reject', jsonb_build_object('reason', m.args ->> 'reason'));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_cancel_post(kefu.move) IS 'It won''t be published; a request it came from goes back (撤销博文; R5, R10)';

CREATE FUNCTION kefu.effect_unschedule_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN PERFORM kefu.clear_placements(m, m.args ->> 'reason', false); END $$;
COMMENT ON FUNCTION kefu.effect_unschedule_post(kefu.move) IS 'Nothing is planned any more; the approval stays (取消排期)';

CREATE FUNCTION kefu.effect_close_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.clear_placements(m, m.args ->> 'reason', false);
    UPDATE kefu.post SET closed_at = m.at WHERE post_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_close_post(kefu.move) IS 'Done with: what stands on the platforms stays there (结束博文)';

CREATE FUNCTION kefu.effect_withdraw_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.post SET withdrawn_at = m.at WHERE post_id = m.id;
    PERFORM kefu.clear_placements(m, m.args ->> 'reason', true);
END $$;
COMMENT ON FUNCTION kefu.effect_withdraw_post(kefu.move) IS 'Deleted wherever it stands, at once (撤下博文; R73, R76-R79)';

CREATE FUNCTION kefu.open_reissue(p kefu.post, text text, correction bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.raise_event('post', (kefu.raise_new('post', 'open', jsonb_strip_nulls(jsonb_build_object(
        'unit', p.unit, 'kind', 'reissue', 'text', text, 'heading', p.heading, 'category', p.category,
        'reissue_of', p.post_id, 'correction', correction)))).id, 'submit');
END $$;
COMMENT ON FUNCTION kefu.open_reissue(kefu.post, text, bigint) IS 'A new post that stands for another, submitted on the urgent path (开立重发博文; R73-R75)';

CREATE FUNCTION kefu.effect_open_reissue_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    -- The wording on record is the one that was wrong.
    IF coalesce(m.args ->> 'text', '') = '' THEN
        RAISE EXCEPTION 'the new wording is missing' USING ERRCODE = 'KF002', HINT = 'Give text.';
    END IF;
    UPDATE kefu.post SET closed_at = m.at WHERE post_id = m.id;
    PERFORM kefu.open_reissue(p, m.args ->> 'text', (m.args ->> 'correction')::bigint)
       FROM kefu.post p WHERE p.post_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_open_reissue_post(kefu.move) IS 'A new post that stands for this one, in review at once, by the urgent path if need be (重发; R73-R75)';

CREATE FUNCTION kefu.effect_publish_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    p kefu.post;
    l kefu.placement;
    post_facts jsonb;
BEGIN
    SELECT x.* INTO l FROM kefu.placement x WHERE x.placement_id = (m.args ->> 'placement')::bigint;
    UPDATE kefu.post x SET published_at = coalesce(x.published_at, l.published_at)
     WHERE x.post_id = m.id RETURNING x.* INTO p;
    IF p.request_id IS NOT NULL AND kefu.may_happen('request', p.request_id, 'publish') THEN
        PERFORM kefu.raise_event('request', p.request_id, 'publish',
                                 jsonb_build_object('placement', l.placement_id, 'post', l.native_id));
    END IF;
    post_facts := jsonb_build_object('account', l.account, 'post', l.native_id, 'link', coalesce(l.link, l.native_id));
    IF p.topic_id IS NOT NULL AND kefu.may_happen('topic', p.topic_id, 'publish') THEN
        PERFORM kefu.raise_event('topic', p.topic_id, 'publish', post_facts);
    END IF;
    IF p.opinion_id IS NOT NULL AND kefu.may_happen('opinion', p.opinion_id, 'feedback') THEN
        PERFORM kefu.raise_event('opinion', p.opinion_id, 'feedback', post_facts);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_publish_post(kefu.move) IS 'It stands on a platform: who asked for it is told, the topic it answers is published, the opinion it is the feedback of closed (博文已发布; R5, R10, R92, R116, R133)';

CREATE FUNCTION kefu.effect_create_placements(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    p kefu.post;
    a kefu.account;
    named text;
    said text;
    at timestamptz := greatest((m.args ->> 'send_at')::timestamptz, m.at);
BEGIN
    SELECT x.* INTO p FROM kefu.post x WHERE x.post_id = m.id;
    PERFORM kefu.require_in_date(p, at);
    FOR named IN SELECT DISTINCT btrim(n.name) FROM regexp_split_to_table(m.args ->> 'accounts', ',') AS n(name)
                  WHERE btrim(n.name) <> '' ORDER BY 1 LOOP
        a := kefu.require_own_account(m.unit, named);
        IF EXISTS (SELECT FROM kefu.placement x WHERE x.post_id = m.id AND x.account = named
                      AND x.state NOT IN ('cancelled', 'failed', 'deleted')) THEN
            RAISE EXCEPTION 'the post is on "%" already', named
                USING ERRCODE = 'KF004', HINT = 'Move it with kefu.reschedule(), or take another account.';
        END IF;
        said := kefu.placed_text(m.id, named);
        PERFORM kefu.require_sendable(p, a, said);
        PERFORM kefu.claim_slot(named, at, p.kind, p.repost_id IS NOT NULL);
        PERFORM kefu.raise_new('placement', 'plan', jsonb_build_object(
            'unit', a.unit, 'account', named, 'send_at', at, 'text', said, 'post', m.id));
    END LOOP;
    IF named IS NULL THEN
        RAISE EXCEPTION 'no account is named' USING ERRCODE = 'KF002', HINT = 'Give accounts, with commas between.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_create_placements(kefu.move) IS 'Plans the post on each of the accounts named (排期投放; R38, R39)';

CREATE FUNCTION kefu.require_in_date(p kefu.post, at timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF at < p.valid_from OR at > p.valid_until THEN
        RAISE EXCEPTION 'the post may not be published then'
            USING ERRCODE = 'KF004',
                  DETAIL = format('It is valid from %s until %s.', coalesce(p.valid_from::text, 'ever'),
                                  coalesce(p.valid_until::text, 'further notice'));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_in_date(kefu.post, timestamptz) IS 'KF004 for an instant before or after a post may be published, both ends included (校验有效期)';

CREATE FUNCTION kefu.posted_by(p kefu.post, OUT action text, OUT media bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    SELECT CASE WHEN p.repost_id IS NOT NULL THEN 'repost' WHEN g.is_video THEN 'post_video'
                WHEN g.media_id IS NOT NULL THEN 'post_picture' ELSE 'post' END,
           CASE WHEN p.repost_id IS NULL THEN g.media_id END
      INTO action, media
      FROM (SELECT) AS one
      LEFT JOIN kefu.post_media x ON x.post_id = p.post_id AND x.position = 1
      LEFT JOIN kefu.media g USING (media_id);
END $$;
COMMENT ON FUNCTION kefu.posted_by(kefu.post) IS 'The action by which a post is sent, and the picture or video that goes along; NULL none (发送动作; R42, R52)';

CREATE FUNCTION kefu.send_problem(p kefu.post, a kefu.account, said text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE AS
$$
DECLARE
    kind text := CASE WHEN p.repost_id IS NULL THEN 'post' ELSE 'repost' END;
    files bigint := (SELECT count(*) FROM kefu.post_media x WHERE x.post_id = p.post_id);
    way record;
BEGIN
    SELECT b.* INTO way FROM kefu.posted_by(p) AS b;
    RETURN CASE
        WHEN NOT a.is_live THEN 'the account is closed'
        WHEN files > 1 OR (files = 1 AND p.repost_id IS NOT NULL)
            THEN 'one picture or video can go along with a post, none with a repost'
        WHEN kefu.unsendable(a.account, way.action, way.media) IS NOT NULL THEN kefu.unsendable(a.account, way.action, way.media)
        WHEN p.repost_platform <> a.platform THEN 'what is reposted is on another platform'
        WHEN p.repost_id IS NULL AND said = '' THEN 'there is no text'
        ELSE (SELECT string_agg(DISTINCT c.detail, '; ')
                FROM kefu.check_text(a.platform, kind, p.unit, said, NULL) AS c
               WHERE c.effect = 'block' AND c.rule NOT IN ('personal_data', 'uncredited')
                 AND NOT (c.rule = 'marketing' AND p.is_marketing)
                 AND c.rule <> ALL (kefu.overridden_rules('post', p.post_id, p.unit, said))) END;
END $$;
COMMENT ON FUNCTION kefu.send_problem(kefu.post, kefu.account, text) IS 'Why a post can''t be sent on an account by program, or isn''t allowed there by the content rules of today; NULL if it can (不可投放原因; R41, R47)';

CREATE FUNCTION kefu.require_sendable(p kefu.post, a kefu.account, said text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE AS
$$
DECLARE
    problem text := kefu.send_problem(p, a, said);
BEGIN
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'the post can''t be sent on "%": %', a.account, problem
            USING ERRCODE = 'KF004', HINT = 'Give the account a wording of its own, publish it there by hand, or leave it out.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_sendable(kefu.post, kefu.account, text) IS 'KF004 where an account''s platform has no way to send a post as it is, or its rules today don''t allow it there (校验可投放; R41, R47)';
