-- 38_request_effects: what departments ask to have published, and who reviews what.
--
-- As 38_ticket_effects: what events of a request do, and of a post while it is
-- reviewed. Nobody approves their own text, whatever their rank.

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
