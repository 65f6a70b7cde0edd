-- 38_post_effects: what the transitions of requests, posts and placements ask
-- and do.
--
-- As 37_guards and 38_ticket_effects. A post is locked before its placements,
-- always: an event of a placement locks its post first.

-- --- requests --------------------------------------------------------------------

CREATE FUNCTION kefu.desk_of(unit text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT u.unit FROM kefu.unit_path(desk_of.unit) WITH ORDINALITY AS p(unit, step)
              JOIN kefu.unit u ON u.unit = p.unit AND u.kind IN ('group', 'province')
             ORDER BY p.step LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.desk_of(text) IS 'Customer service of a unit: its province, or Group (所属客服部; R5, R10)';

CREATE FUNCTION kefu.guard_request_of_another(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT r.requested_by IS DISTINCT FROM m.staff_id
                   AND (kefu.has_role('reviewer', r.desk_unit) OR kefu.has_role('leader', r.desk_unit))
              FROM kefu.post_request r WHERE r.request_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_request_of_another(kefu.move) IS 'Customer service decides, and never who asked (由客服部他人审核; R5, R10)';

CREATE FUNCTION kefu.make_request(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
BEGIN
    IF m.args ->> 'kind' NOT IN ('marketing', 'notice', 'product', 'demo') THEN
        RAISE EXCEPTION 'there is no request of kind "%"', m.args ->> 'kind'
            USING ERRCODE = 'KF002', HINT = 'Kinds: marketing, notice, product, demo.';
    END IF;
    INSERT INTO kefu.post_request (state, unit, desk_unit, kind, text, wish_at, requested_by, made_at)
    VALUES (m.to_state, m.unit, kefu.desk_of(m.unit), m.args ->> 'kind', m.args ->> 'text',
            (m.args ->> 'wish_at')::timestamptz, m.staff_id, m.at)
    RETURNING request_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_request(kefu.move) IS 'Inserts a request of a department (新建发布需求; R5, R10)';

CREATE FUNCTION kefu.effect_edit_request(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.post_request
       SET text = coalesce(m.args ->> 'text', text),
           wish_at = coalesce((m.args ->> 'wish_at')::timestamptz, wish_at),
           requested_by = coalesce(m.staff_id, requested_by),
           submitted_at = CASE m.event WHEN 'submit' THEN m.at ELSE submitted_at END
     WHERE request_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_edit_request(kefu.move) IS 'What is asked for, and by whom last (填写发布需求; R5, R10)';

CREATE FUNCTION kefu.effect_answer_request(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.post_request
       SET reviewed_by = CASE m.event WHEN 'reject' THEN m.staff_id ELSE reviewed_by END,
           reviewed_at = CASE m.event WHEN 'reject' THEN m.at ELSE reviewed_at END,
           review_words = CASE m.event WHEN 'reject' THEN m.args ->> 'reason' ELSE review_words END,
           post_id = CASE m.event WHEN 'reject' THEN NULL ELSE post_id END,
           closed_at = CASE m.event WHEN 'publish' THEN m.at END
     WHERE request_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_answer_request(kefu.move) IS 'The department sees what became of its request, with the reviewer''s words (需求结果; R5, R10)';

CREATE FUNCTION kefu.effect_draft_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r kefu.post_request;
    made bigint;
BEGIN
    UPDATE kefu.post_request SET reviewed_by = m.staff_id, reviewed_at = m.at, review_words = m.args ->> 'words'
     WHERE request_id = m.id RETURNING * INTO r;
    made := (kefu.raise_new('post', 'open', jsonb_strip_nulls(jsonb_build_object(
                'unit', r.desk_unit, 'kind', CASE r.kind WHEN 'notice' THEN 'notice' ELSE 'service' END,
                'is_marketing', r.kind = 'marketing', 'text', r.text, 'request', r.request_id,
                'wish_at', r.wish_at)))).id;
    UPDATE kefu.post_request SET post_id = made WHERE request_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_draft_post(kefu.move) IS 'An accepted request becomes the draft of a post, which has a review of its own (起草博文; R5, R10, R45)';

CREATE FUNCTION kefu.effect_cancel_linked_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    linked bigint;
BEGIN
    UPDATE kefu.post_request SET closed_at = m.at WHERE request_id = m.id RETURNING post_id INTO linked;
    IF linked IS NOT NULL AND kefu.may_happen('post', linked, 'cancel') THEN
        PERFORM kefu.raise_event('post', linked, 'cancel', jsonb_build_object('reason', m.args ->> 'reason'));
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_cancel_linked_post(kefu.move) IS 'The request is withdrawn, and so is its post while it is not published (撤销关联博文)';

-- --- review ------------------------------------------------------------------------

CREATE FUNCTION kefu.review_scheme_of(unit text, at timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT r.scheme
              FROM kefu.unit_path(review_scheme_of.unit) WITH ORDINALITY AS p(unit, step)
              JOIN kefu.review_rule r ON r.unit = p.unit AND r.valid_from <= at
             WHERE EXISTS (SELECT FROM kefu.review_scheme s WHERE s.scheme = r.scheme)
             ORDER BY p.step, r.valid_from DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.review_scheme_of(text, timestamptz) IS 'Scheme by which a unit reviews its posts at an instant; NULL: no rule, one step by a reviewer (适用审核方案; R5)';

CREATE FUNCTION kefu.may_review(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT m.staff_id IS NOT NULL AND m.staff_id <> ALL (p.writers)
                   AND NOT EXISTS (SELECT FROM kefu.post_review r
                                    WHERE r.post_id = p.post_id AND r.review_round = p.review_round
                                      AND r.staff_id = m.staff_id)
                   AND (kefu.has_role('leader', p.unit)
                        OR kefu.has_role(coalesce(s.role, 'reviewer'), p.unit))
              FROM kefu.post p
              LEFT JOIN kefu.review_scheme s ON s.scheme = p.scheme AND s.step = p.steps_done + 1
             WHERE p.post_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.may_review(kefu.move) IS 'The caller never wrote at the post, took no step of this round, and has the role of the next one (可审核; R5)';

CREATE FUNCTION kefu.guard_not_own_steps_left(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT p.steps_done + 1 < p.steps_needed FROM kefu.post p WHERE p.post_id = m.id)
           AND kefu.may_review(m);
END $$;
COMMENT ON FUNCTION kefu.guard_not_own_steps_left(kefu.move) IS 'A step by somebody else, and more are to come (非本人且尚有步骤; R5)';

CREATE FUNCTION kefu.guard_not_own_last_step(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT p.steps_done + 1 >= p.steps_needed FROM kefu.post p WHERE p.post_id = m.id)
           AND kefu.may_review(m);
END $$;
COMMENT ON FUNCTION kefu.guard_not_own_last_step(kefu.move) IS 'The last step, by somebody else (非本人且为最后一步; R5)';

CREATE FUNCTION kefu.guard_not_own_step(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.may_review(m); END $$;
COMMENT ON FUNCTION kefu.guard_not_own_step(kefu.move) IS 'Somebody else''s text (非本人; R5)';

CREATE FUNCTION kefu.guard_not_own_urgent(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN kefu.may_review(m)
           AND (SELECT p.steps_done = 0 AND k.is_urgent FROM kefu.post p JOIN kefu.post_kind k USING (kind)
                 WHERE p.post_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_not_own_urgent(kefu.move) IS 'An emergency or re-issue of somebody else that no step was taken of (非本人且应急; R40, R73)';

CREATE FUNCTION kefu.guard_back_review_last(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.guard_back_review_open(m)
                AND (SELECT p.steps_done + 1 >= greatest(p.steps_needed, 2) FROM kefu.post p WHERE p.post_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_back_review_last(kefu.move) IS 'The last step that the urgent path left out (补审最后一步; R40)';

CREATE FUNCTION kefu.guard_back_review_open(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN kefu.may_review(m)
           AND (SELECT p.is_urgent AND p.steps_done < greatest(p.steps_needed, 2)
                  FROM kefu.post p WHERE p.post_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_back_review_open(kefu.move) IS 'The urgent path left steps out, one at least, that somebody else takes now (待补审; R40)';

CREATE FUNCTION kefu.add_review(m kefu.move, outcome text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    warned text;
BEGIN
    -- Who lets a text out that was warned of says why (ruling 29).
    SELECT string_agg(DISTINCT format('%s (%s)', w.rule, w.rulebook), ', ') INTO warned
      FROM kefu.post_warning w JOIN kefu.post p ON p.post_id = w.post_id AND p.review_round = w.review_round
     WHERE p.post_id = m.id AND w.needs_reason;
    IF warned IS NOT NULL AND coalesce(m.args ->> 'words', m.args ->> 'reason', '') = '' THEN
        RAISE EXCEPTION 'the text was warned of: %', warned
            USING ERRCODE = 'KF002', HINT = 'Say in words why it may stay, or reject it.';
    END IF;
    WITH taken AS (
        UPDATE kefu.post p
           SET steps_done = steps_done + CASE outcome WHEN 'rejected' THEN 0 ELSE 1 END,
               approved_at = CASE WHEN m.to_state = 'approved' THEN coalesce(approved_at, m.at) ELSE approved_at END,
               is_urgent = is_urgent OR outcome = 'urgent'
         WHERE p.post_id = m.id
        RETURNING p.post_id, p.review_round, p.steps_done)
    INSERT INTO kefu.post_review (post_id, review_round, step, staff_id, outcome, words, at)
    SELECT t.post_id, t.review_round, t.steps_done + CASE outcome WHEN 'rejected' THEN 1 ELSE 0 END, m.staff_id, outcome,
           coalesce(m.args ->> 'words', m.args ->> 'reason'), m.at
      FROM taken t;
END $$;
COMMENT ON FUNCTION kefu.add_review(kefu.move, text) IS 'Keeps a reviewer''s step and words (内部: 登记审核)';

CREATE FUNCTION kefu.effect_record_review_step(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.add_review(m, CASE m.event WHEN 'back_fill' THEN 'back_filled' ELSE 'approved' END);
END $$;
COMMENT ON FUNCTION kefu.effect_record_review_step(kefu.move) IS 'One step of the review is done (审核一步; R5)';

CREATE FUNCTION kefu.effect_approve_urgent(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN PERFORM kefu.add_review(m, 'urgent'); END $$;
COMMENT ON FUNCTION kefu.effect_approve_urgent(kefu.move) IS 'One approval for now; the rest follows within 24 hours (紧急通过; R40)';

CREATE FUNCTION kefu.effect_reject_post(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN PERFORM kefu.add_review(m, 'rejected'); END $$;
COMMENT ON FUNCTION kefu.effect_reject_post(kefu.move) IS 'Back to the writer with the reviewer''s words (退回修改; R5)';

-- --- posts --------------------------------------------------------------------------

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

-- --- placements ------------------------------------------------------------------------

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
    SELECT b.*, p.repost_id INTO way FROM kefu.post p CROSS JOIN LATERAL kefu.posted_by(p) AS b WHERE p.post_id = l.post_id;
    -- The platform's rows may have changed since it was planned.
    problem := kefu.unsendable(l.account, way.action, way.media);
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
COMMENT ON FUNCTION kefu.effect_send_placement(kefu.move) IS 'It is due: queued for the platform, unless its rows have no way to send it, it is too late or its new day is full, which needs a person (发出投放; R38, R42, R61)';

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

-- --- what a text must be ------------------------------------------------------------------

CREATE FUNCTION kefu.post_wordings(post bigint) RETURNS TABLE (account text, platform text, text text)
    LANGUAGE plpgsql ROWS 4 STABLE PARALLEL SAFE AS
$$ BEGIN
    -- Each wording once a platform, on the accounts it may be planned on.
    RETURN QUERY
    SELECT DISTINCT ON (w.platform, w.text) w.account, w.platform, w.text
      FROM (SELECT a.account, a.platform, kefu.placed_text(p.post_id, a.account) AS text, a.unit <> p.unit AS below
              FROM kefu.post p JOIN kefu.account a ON kefu.is_below(a.unit, p.unit)
               AND coalesce(p.repost_platform, a.platform) = a.platform
             WHERE p.post_id = post AND a.is_live) AS w
     ORDER BY w.platform, w.text, w.below, w.account;
END $$;
COMMENT ON FUNCTION kefu.post_wordings(bigint) IS
'What a post says where it may be planned: each wording once a platform, with an account that says so (博文各版本)';

CREATE FUNCTION kefu.reposted_text(p kefu.post) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce((SELECT w.text FROM kefu.watched_post w
                      WHERE w.platform = p.repost_platform AND w.native_id = p.repost_id),
                    (SELECT g.text FROM kefu.engagement e JOIN kefu.message g USING (message_id) WHERE e.post_id = p.post_id));
END $$;
COMMENT ON FUNCTION kefu.reposted_text(kefu.post) IS 'What a post reposts says, as far as one of our accounts saw it; NULL not known, or an original (转发原文; R47, R64)';

CREATE FUNCTION kefu.is_related(p kefu.post) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    -- Trade news and leisure may be reposts as such (R51), soft kinds are counted (R61);
    -- what goes out as own service must be about it.
    RETURN p.repost_id IS NULL OR p.category IS NOT NULL
        OR EXISTS (SELECT FROM kefu.post_kind k
                    WHERE k.kind = p.kind AND (k.mix <> 'service' OR k.slot IS NOT NULL OR k.is_soft))
        OR EXISTS (SELECT FROM kefu.engagement e WHERE e.post_id = p.post_id)
        OR EXISTS (SELECT FROM kefu.watched_post w JOIN kefu.follow_category c USING (category, subcategory)
                    WHERE w.platform = p.repost_platform AND w.native_id = p.repost_id AND c.is_telecom)
        OR EXISTS (SELECT FROM kefu.placement l JOIN kefu.account a USING (account)
                    WHERE a.platform = p.repost_platform AND l.native_id = p.repost_id);
END $$;
COMMENT ON FUNCTION kefu.is_related(kefu.post) IS
'Whether a repost relates to our business as far as rows can tell: it names a matter, its kind is no own service, a task asks for it, or it is by one of our accounts or somebody watched as telecom; true for an original (转发是否与业务有关; R51, R64)';

CREATE FUNCTION kefu.post_problems(post bigint)
    RETURNS TABLE (rule text, account text, rulebook text, effect text, detail text, needs_reason boolean)
    LANGUAGE plpgsql ROWS 3 STABLE PARALLEL UNSAFE AS
$$
DECLARE
    p kefu.post;
    said text;
BEGIN
    SELECT x.* INTO p FROM kefu.post x WHERE x.post_id = post;
    said := coalesce(kefu.reposted_text(p), '');
    RETURN QUERY
    WITH asked AS (
        SELECT r.rule, r.rulebook, r.effect
          FROM kefu.content_rules(p.unit, kefu.now()) AS r
         WHERE r.effect <> 'off' AND CASE WHEN p.repost_id IS NULL THEN 'post' ELSE 'repost' END = ANY (r.applies_to)
    ), wording AS (
        SELECT '' AS account, kefu.placed_text(post, '') AS text, coalesce(p.text, '') AS own
        UNION ALL
        SELECT v.account, kefu.placed_text(post, v.account), v.text FROM kefu.post_variant v WHERE v.post_id = post
    ), checked AS (
        SELECT w.account, c.rule, c.rulebook, c.effect, c.detail, c.position_from IS NOT NULL AS is_word,
               c.effect = 'block' AND c.rule = ANY (kefu.overridden_rules('post', post, p.unit, w.text)) AS passes
          FROM kefu.post_wordings(post) AS w
         CROSS JOIN LATERAL kefu.check_text(w.platform, CASE WHEN p.repost_id IS NULL THEN 'post' ELSE 'repost' END,
                                            p.unit, w.text, NULL) AS c
         WHERE c.rule NOT IN ('personal_data', 'uncredited') AND NOT (c.rule = 'marketing' AND p.is_marketing)
        UNION ALL
        -- What is reposted stands there, too.
        SELECT '', a.rule, a.rulebook, a.effect,
               format('what is reposted has "%s" (lexicon "%s", version %s)', d.pattern, f.lexicon, f.version), true,
               a.effect = 'block' AND a.rule = ANY (kefu.overridden_rules('post', post, p.unit, said))
          FROM kefu.find_words(said, p.unit) AS f
          JOIN kefu.lexicon_word d USING (lexicon, version, word_number)
          JOIN asked a ON a.rule = f.class AND a.rule <> 'marketing'
    )
    SELECT 'text', w.account, 'R41', 'block', 'there is no text', false
      FROM wording w WHERE btrim(w.own) = '' AND p.repost_id IS NULL
    UNION ALL
    -- These two hold whatever rules are loaded.
    SELECT 'personal_data', w.account, 'I4', 'block', 'a telephone, identity-card or bank-card number is in it', false
      FROM wording w WHERE kefu.has_personal_data(w.text)
    UNION ALL
    SELECT 'uncredited', w.account, 'R63', 'block', 'copied text must name its source with @', false
      FROM wording w WHERE p.is_copied AND kefu.names_source(w.text, p.source) IS NOT TRUE
    UNION ALL
    SELECT 'wording', w.account, x.rulebook, 'block', 'the text lacks ' || x.requirement, false
      FROM wording w JOIN kefu.script_rule x ON x.event = 'post' AND x.kind = p.kind AND w.text !~ x.pattern
    UNION ALL
    SELECT a.rule, '', a.rulebook, a.effect, x.said, false
      FROM asked a
      JOIN (VALUES ('unrequested', p.is_marketing AND p.request_id IS NULL, 'it is marketing that no department asked for'),
                   ('unrelated', NOT kefu.is_related(p), 'it doesn''t say which of our business the repost is about'))
           AS x(rule, is_so, said) ON x.rule = a.rule AND x.is_so
    UNION ALL
    SELECT DISTINCT c.rule, CASE WHEN c.rule = 'too_long' THEN c.account ELSE '' END, c.rulebook,
           -- Where it fits somewhere, the other places need a wording of their own.
           CASE WHEN c.rule = 'too_long' AND EXISTS (
                     SELECT FROM kefu.post_wordings(post) AS o
                      WHERE NOT EXISTS (SELECT FROM checked x WHERE x.account = o.account AND x.rule = 'too_long'))
                THEN 'warn' ELSE c.effect END,
           c.detail, c.is_word AND c.rule NOT IN ('too_long', 'marketing', 'joke')
      FROM checked c WHERE NOT c.passes;
END $$;
COMMENT ON FUNCTION kefu.post_problems(bigint) IS
'What keeps a post from being published (block) and what its reviewer should know (warn), for every wording of it on every platform it may be planned on; account: the one whose wording it is about, empty for the text itself; needs_reason: who lets it out says why. Words that a reviewer let pass don''t block (博文问题; R41, R42, R45, R47, R63, R64, R75, R80, I4, I7)';

CREATE FUNCTION kefu.check_post(post bigint, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    blocks text;
BEGIN
    SELECT string_agg(format('%s%s (%s)', CASE WHEN b.account <> '' THEN b.account || ': ' ELSE '' END, b.detail, b.rulebook),
                      '; ' ORDER BY b.account, b.rule, b.detail) INTO blocks
      FROM kefu.post_problems(post) AS b WHERE b.effect = 'block';
    IF blocks IS NOT NULL THEN
        RAISE EXCEPTION 'the post may not be published as it is'
            USING ERRCODE = 'KF004', DETAIL = blocks,
                  HINT = 'kefu.preview_post() shows each account''s wording; kefu.edit_post() changes it.';
    END IF;
    INSERT INTO kefu.post_warning (post_id, review_round, rule, account, rulebook, detail, needs_reason, reason, at)
    SELECT p.post_id, p.review_round, w.rule, w.account, min(w.rulebook), string_agg(w.detail, '; ' ORDER BY w.detail),
           bool_or(w.needs_reason), reason, kefu.now()
      FROM kefu.post p CROSS JOIN LATERAL kefu.post_problems(p.post_id) AS w
     WHERE p.post_id = post AND w.effect = 'warn'
     GROUP BY p.post_id, p.review_round, w.rule, w.account
        ON CONFLICT ON CONSTRAINT post_warning_pkey DO UPDATE SET detail = excluded.detail, reason = excluded.reason;
END $$;
COMMENT ON FUNCTION kefu.check_post(bigint, text) IS
'Refuses (KF004) a post that breaks a blocking rule and names all of them; what only warns is kept for the reviewer with the writer''s reason (检查博文; R41, R47, R63, R75, R80)';
