-- 59_correction: what is taken down, and what stands in its stead.
--
-- kefu.change_notice() proposes, a person confirms; from then on everything goes
-- by itself but the new wording and its one approval. The ten minutes run from
-- the receipt of the notice, not from when it was noted.

-- --- a change -----------------------------------------------------------------------

CREATE FUNCTION kefu.affected_by(notice bigint)
    RETURNS TABLE (placement_id bigint, post_id bigint, account text, state text, standing_at timestamptz,
                   wording text, why text, similarity numeric)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    n kefu.change_notice;
    words text;
    alike numeric;
BEGIN
    SELECT x.* INTO n FROM kefu.change_notice x WHERE x.notice_id = notice;
    PERFORM kefu.require_unit(n.unit);
    words := coalesce((SELECT m.name_zh FROM kefu.matter m WHERE m.axis = 'product' AND m.matter = n.product), n.product);
    SELECT r.by_category INTO alike FROM kefu.likeness_rule r
     WHERE r.valid_from <= kefu.now() ORDER BY r.valid_from DESC LIMIT 1;
    RETURN QUERY
    SELECT l.placement_id, l.post_id, l.account, l.state, coalesce(l.published_at, l.send_at), l.text,
           CASE WHEN p.category = n.product THEN 'product' WHEN strpos(lower(l.text), lower(words)) > 0 THEN 'words'
                ELSE 'text' END,
           s.likeness
      FROM kefu.placement l
      JOIN kefu.post p USING (post_id)
     CROSS JOIN LATERAL (SELECT round(kefu.similarity(l.text, n.text)::numeric, 3) AS likeness) AS s
     WHERE l.state IN ('planned', 'sending', 'uncertain', 'published', 'failed')
       AND l.unit = ANY (kefu.my_units()) AND kefu.is_below(l.unit, n.unit)
       AND (p.category = n.product OR strpos(lower(l.text), lower(words)) > 0 OR s.likeness >= alike)
       AND NOT EXISTS (SELECT FROM kefu.correction c WHERE c.placement_id = l.placement_id AND c.closed_at IS NULL)
     ORDER BY s.likeness DESC, coalesce(l.published_at, l.send_at) DESC, l.placement_id;
END $$;
COMMENT ON FUNCTION kefu.affected_by(bigint) IS
'What stands or is planned on accounts of the notice''s unit and those below it, and may be concerned: of the same product, with its name in the text, or of like text; most alike first. KF008 if the notice is not there or not visible (受影响博文; R73)';

CREATE FUNCTION kefu.change_notice(unit text, product text, received_at timestamptz, text text)
    RETURNS TABLE (notice_id bigint, placement_id bigint, post_id bigint, account text, state text,
                   standing_at timestamptz, wording text, why text, similarity numeric)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
#variable_conflict use_variable
DECLARE
    noted bigint;
BEGIN
    PERFORM kefu.require_unit(unit, 'operator', 'leader', 'department');
    IF coalesce(btrim(product), '') = '' OR coalesce(btrim(text), '') = '' THEN
        RAISE EXCEPTION 'a notice says what changes'
            USING ERRCODE = 'KF002', HINT = 'Give product and text.';
    END IF;
    IF received_at > kefu.now() THEN
        RAISE EXCEPTION 'the notice can''t have been received yet'
            USING ERRCODE = 'KF002', DETAIL = format('It is %s now.', kefu.now()), HINT = 'Give the instant of its receipt.';
    END IF;
    INSERT INTO kefu.change_notice AS n (unit, product, text, received_at, noted_at, noted_by)
    VALUES (unit, btrim(product), text, coalesce(received_at, kefu.now()), kefu.now(), kefu.me())
    RETURNING n.notice_id INTO noted;
    PERFORM kefu.append_ledger('desk', 'change_notice', jsonb_build_object(
        'notice', noted, 'unit', unit, 'received_at', coalesce(received_at, kefu.now())));
    RETURN QUERY SELECT noted, a.* FROM kefu.affected_by(noted) AS a;
    IF NOT FOUND THEN
        RETURN QUERY SELECT noted, NULL::bigint, NULL::bigint, NULL::text, NULL::text, NULL::timestamptz, NULL::text,
                            NULL::text, NULL::numeric;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.change_notice(text, text, timestamptz, text) IS
'Notes that something changed, and proposes what is to be corrected, as kefu.affected_by(); one row of NULLs beside the number if nothing is. received_at: when the notice came in, NULL now; the ten minutes run from then. Nothing is deleted before kefu.confirm_notice(). KF002 without words or from the future (变更通知; R73)';

CREATE FUNCTION kefu.confirm_notice(notice bigint, placements bigint[])
    RETURNS TABLE (placement_id bigint, account text, correction_id bigint, state text, problem text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    n kefu.change_notice;
    l kefu.placement;
BEGIN
    SELECT x.* INTO n FROM kefu.change_notice x WHERE x.notice_id = notice;
    PERFORM kefu.require_unit(n.unit, 'operator', 'leader', 'department');
    -- In the order of their posts, which are locked.
    FOR l IN SELECT x.* FROM kefu.placement x
              WHERE x.placement_id = ANY (placements) AND x.unit = ANY (kefu.my_units())
              ORDER BY x.post_id, x.placement_id LOOP
        placement_id := l.placement_id;
        account := l.account;
        correction_id := NULL;
        BEGIN
            -- It may have left meanwhile.
            PERFORM kefu.lock_object('post', l.post_id);
            SELECT x.* INTO l FROM kefu.placement x WHERE x.placement_id = l.placement_id;
            IF l.state IN ('planned', 'failed') THEN
                state := (kefu.advance('placement', l.placement_id, 'cancel',
                              kefu.facts('reason', 'change notice ' || notice))).state;
            ELSE
                correction_id := (kefu.create_object('correction', 'notice', kefu.facts('unit', l.unit,
                    'placement', l.placement_id::text, 'cause', 'change', 'notice', notice::text,
                    'notice_time', n.received_at::text))).id;
                state := (kefu.advance('correction', correction_id, 'delete')).state;
            END IF;
            problem := NULL;
        EXCEPTION WHEN OTHERS THEN
            -- One that can't be corrected keeps no other from it.
            IF SQLSTATE !~ '^KF' THEN
                RAISE;
            END IF;
            correction_id := NULL;
            state := l.state;
            problem := SQLSTATE || ': ' || SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.confirm_notice(bigint, bigint[]) IS
'Takes down these placements for a change notice: what stands is deleted at once, without review, and its correction runs to the re-issue; what is only planned is cancelled. One row each; problem: why not. Others'' placements are passed over (确认变更; R73, R74)';

-- --- other causes ----------------------------------------------------------------------

CREATE FUNCTION kefu.correct(placement bigint, cause text, facts jsonb) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    l kefu.placement;
BEGIN
    SELECT x.* INTO l FROM kefu.placement x WHERE x.placement_id = placement;
    PERFORM kefu.require_unit(l.unit);
    RETURN kefu.create_object('correction', 'notice', facts || kefu.facts('unit', l.unit,
        'placement', placement::text, 'cause', cause, 'notice_time', kefu.now()::text));
END $$;
COMMENT ON FUNCTION kefu.correct(bigint, text, jsonb) IS 'Opens a correction of a placement from now on. For the calls here (内部: 开立更正)';

CREATE FUNCTION kefu.order_takedown(post bigint, order_reference text, on_account text DEFAULT NULL)
    RETURNS TABLE (placement_id bigint, account text, correction_id bigint, state text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    l kefu.placement;
BEGIN
    PERFORM kefu.require_unit((SELECT p.unit FROM kefu.post p WHERE p.post_id = post), 'operator', 'leader');
    IF coalesce(btrim(order_takedown.order_reference), '') = '' THEN
        RAISE EXCEPTION 'an order has a reference'
            USING ERRCODE = 'KF002', HINT = 'Give order_reference: the number of the instruction, or who gave it and when.';
    END IF;
    FOR l IN SELECT x.* FROM kefu.placement x
              WHERE x.post_id = post AND x.state IN ('published', 'sending', 'uncertain')
                AND x.account = coalesce(on_account, x.account)
                AND NOT EXISTS (SELECT FROM kefu.correction c WHERE c.placement_id = x.placement_id AND c.closed_at IS NULL)
              ORDER BY x.placement_id LOOP
        placement_id := l.placement_id;
        account := l.account;
        correction_id := (kefu.correct(l.placement_id, 'ordered', '{}')).id;
        state := (kefu.advance('correction', correction_id, 'delete',
                      kefu.facts('order_reference', order_takedown.order_reference))).state;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.order_takedown(bigint, text, text) IS
'Takes a post down by order, everywhere or on one account, at once and for good; the reference of the order is kept. KF002 without one (指令删除; R76)';

CREATE FUNCTION kefu.report_error(placement bigint, message bigint) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.correct(placement, 'user_error', kefu.facts('message', message::text));
END;
COMMENT ON FUNCTION kefu.report_error(bigint, bigint) IS 'A message points out an error in a placement; it is verified before anything is deleted (用户指错; R77)';

CREATE FUNCTION kefu.verify_error(correction bigint, evidence text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('correction', correction, 'verify', kefu.facts('evidence', evidence), version, request_key);
END;
COMMENT ON FUNCTION kefu.verify_error(bigint, text, integer, text) IS 'It is an error; evidence says how that is known (核实错误; R77)';

CREATE FUNCTION kefu.error_unfounded(correction bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('correction', correction, 'unfounded', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.error_unfounded(bigint, text, integer, text) IS 'It is no error; whoever pointed it out is answered (指错不成立; R77)';

CREATE FUNCTION kefu.delete_corrected(correction bigint, evidence text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('correction', correction, 'delete', kefu.facts('evidence', evidence), version, request_key);
END;
COMMENT ON FUNCTION kefu.delete_corrected(bigint, text, integer, text) IS 'Has what is wrong deleted; a user''s error after it was verified, a dead link with evidence that a person saw it (删除待更正博文; R73, R77)';

CREATE FUNCTION kefu.report_dead(placement bigint, cause text, evidence text) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    opened bigint;
BEGIN
    IF cause NOT IN ('dead_link', 'original_gone') THEN
        RAISE EXCEPTION 'there is no such cause "%"', cause
            USING ERRCODE = 'KF002', HINT = 'Causes here: dead_link, original_gone.';
    END IF;
    opened := (kefu.correct(placement, cause, '{}')).id;
    RETURN kefu.advance('correction', opened, 'delete', kefu.facts('evidence', evidence));
END $$;
COMMENT ON FUNCTION kefu.report_dead(bigint, text, text) IS
'A link in it is dead (cause dead_link) or what it reposts is gone (original_gone): it is deleted at once. evidence says how that is known (链接失效或原文被删; R78, R79)';

CREATE FUNCTION kefu.revoke_correction(correction bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('correction', correction, 'revoke', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.revoke_correction(bigint, text, integer, text) IS 'A leader: nothing is wrong with it after all; before anything is deleted (撤销更正)';

-- --- in its stead -------------------------------------------------------------------------

CREATE FUNCTION kefu.reissue(post bigint, text text)
    RETURNS TABLE (correction_id bigint, account text, state text, reissue_post bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    c record;
BEGIN
    PERFORM kefu.require_unit((SELECT p.unit FROM kefu.post p WHERE p.post_id = post), 'operator', 'leader');
    FOR c IN SELECT x.correction_id, l.account FROM kefu.correction x JOIN kefu.placement l USING (placement_id)
              WHERE x.post_id = post AND x.state = 'deleted' ORDER BY x.correction_id LOOP
        correction_id := c.correction_id;
        account := c.account;
        state := (kefu.advance('correction', c.correction_id, 'reissue',
                      kefu.facts('text', reissue.text, 'apology', 'true'))).state;
        reissue_post := (SELECT x.reissue_post FROM kefu.correction x WHERE x.correction_id = c.correction_id);
        RETURN NEXT;
    END LOOP;
    IF correction_id IS NULL THEN
        RAISE EXCEPTION 'nothing of that post waits for a re-issue'
            USING ERRCODE = 'KF004', HINT = 'kefu_bi.corrections says where each one stands.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.reissue(bigint, text) IS
'The new wording for every placement of a post that was deleted for a change or an error: one post on the urgent path for all of them. It must apologise and ask for understanding, else KF004 (重发; R73-R75, R77)';

CREATE FUNCTION kefu.approve_reissue(post bigint, reason text) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    accounts text;
BEGIN
    PERFORM kefu.require_unit((SELECT p.unit FROM kefu.post p WHERE p.post_id = post), 'reviewer', 'leader');
    PERFORM kefu.advance('post', post, 'approve_urgent', kefu.facts('reason', reason));
    SELECT string_agg(DISTINCT l.account, ',') INTO accounts
      FROM kefu.correction c JOIN kefu.placement l USING (placement_id)
     WHERE c.reissue_post = post AND c.state = 'reissuing';
    IF accounts IS NULL THEN
        RAISE EXCEPTION 'the post re-issues nothing'
            USING ERRCODE = 'KF004', HINT = 'Approve it with kefu.approve_urgent() and say where with kefu.schedule().';
    END IF;
    RETURN kefu.raise_as('event', 'post', post, 'schedule',
                         kefu.facts('accounts', accounts, 'send_at', kefu.now()::text));
END $$;
COMMENT ON FUNCTION kefu.approve_reissue(bigint, text) IS
'The one approval of a re-issue, by somebody else than its writer: it leaves at once on every account where something was taken down; the rest of its review is due within 24 hours (通过重发; R73, R75)';

CREATE FUNCTION kefu.waive_reissue(correction bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('correction', correction, 'waive_reissue', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.waive_reissue(bigint, text, integer, text) IS 'A leader: nothing is left to be said, such as when the service is gone (免于重发)';

-- --- what stands on our own originals ---------------------------------------------------

CREATE FUNCTION kefu.follow_originals(max_placements integer DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    l record;
    did integer := 0;
    opened bigint;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    FOR l IN SELECT r.placement_id, r.unit, o.placement_id AS original
               FROM kefu.placement o
               JOIN kefu.account a ON a.account = o.account
               JOIN kefu.post p ON p.repost_id = o.native_id AND p.repost_platform = a.platform
               JOIN kefu.placement r ON r.post_id = p.post_id AND r.state = 'published'
              WHERE o.state = 'deleted' AND o.native_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM kefu.correction c
                                 WHERE c.placement_id = r.placement_id AND c.closed_at IS NULL)
              ORDER BY r.post_id, r.placement_id LIMIT max_placements LOOP
        opened := (kefu.raise_new('correction', 'notice', jsonb_build_object(
            'unit', l.unit, 'placement', l.placement_id, 'cause', 'original_gone', 'notice_time', kefu.now()))).id;
        PERFORM kefu.raise_as('clock', 'correction', opened, 'delete', jsonb_build_object(
            'evidence', 'placement ' || l.original || ' was deleted'));
        did := did + 1;
    END LOOP;
    RETURN did;
END $$;
COMMENT ON FUNCTION kefu.follow_originals(integer) IS
'Takes down our accounts'' reposts of what another of our accounts deleted: those of sister accounts go with the original. Returns how many; the clock worker calls it each minute (原文删除联动; R79)';
