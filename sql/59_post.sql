-- 59_post: the calls by which a desk publishes.
--
-- As 44_desk: each is kefu.advance() with the facts spelled out.

CREATE FUNCTION kefu.media_limit(kind text, at timestamptz) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- Where no rule is loaded, the longest that the store takes at all.
    SELECT coalesce((SELECT r.bytes_at_most FROM kefu.media_rule r
                      WHERE r.kind = media_limit.kind AND r.valid_from <= at ORDER BY r.valid_from DESC LIMIT 1), kefu.longest_file());
END;
COMMENT ON FUNCTION kefu.media_limit(text, timestamptz) IS 'Most bytes that a picture or video may have at an instant (媒体大小上限; R42, R52)';

CREATE FUNCTION kefu.set_media_rule(kind text, bytes_at_most integer, valid_from timestamptz DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(set_media_rule.valid_from, kefu.now());
BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_later(since);
    IF (kind IN ('picture', 'video') AND bytes_at_most BETWEEN 1 AND kefu.longest_file()) IS NOT TRUE THEN
        RAISE EXCEPTION 'a % can''t have up to % bytes', kind, bytes_at_most
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('A picture or a video has up to %s bytes: the worker holds a request in memory.', kefu.longest_file()),
                  HINT = 'What is longer is put elsewhere and linked to (R42).';
    END IF;
    INSERT INTO kefu.media_rule (kind, valid_from, bytes_at_most, rulebook)
    VALUES (set_media_rule.kind, since, set_media_rule.bytes_at_most, 'house');
    PERFORM kefu.append_ledger('rules', 'set_media_rule', jsonb_build_object('kind', kind, 'bytes_at_most', bytes_at_most, 'from', since));
END $$;
COMMENT ON FUNCTION kefu.set_media_rule(text, integer, timestamptz) IS
'How long a picture or video may be that is added from an instant on (default now), 10 MiB at most; what is in the store stays. Administrators of Group (设定媒体大小; R2, R42, R52)';

CREATE FUNCTION kefu.add_media(unit text, file_name text, content bytea, alt_text text, credit text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    is_of text := CASE
        WHEN substring(content, 1, 3) = '\xffd8ff' THEN 'image/jpeg'
        WHEN substring(content, 1, 8) = '\x89504e470d0a1a0a' THEN 'image/png'
        WHEN substring(content, 1, 6) IN ('\x474946383761', '\x474946383961') THEN 'image/gif'
        WHEN substring(content, 5, 4) = '\x66747970' THEN 'video/mp4'
        WHEN substring(content, 1, 4) = '\x1a45dfa3' THEN 'video/webm' END;
    at_most integer;
    new_id bigint;
BEGIN
    PERFORM kefu.require_unit(unit, 'operator', 'leader', 'department');
    IF is_of IS NULL THEN
        RAISE EXCEPTION 'that is no picture or video that can be posted'
            USING ERRCODE = 'KF004', DETAIL = 'Its first bytes are not those of a JPEG, PNG, GIF, MP4 or WebM.';
    END IF;
    at_most := kefu.media_limit(CASE WHEN is_of LIKE 'video/%' THEN 'video' ELSE 'picture' END, kefu.now());
    IF octet_length(content) > at_most THEN
        RAISE EXCEPTION 'the file is too long to be posted'
            USING ERRCODE = 'KF004',
                  DETAIL = format('It has %s bytes, a %s may have %s.', octet_length(content),
                                  CASE WHEN is_of LIKE 'video/%' THEN 'video' ELSE 'picture' END, at_most),
                  HINT = 'Make it smaller, or put it elsewhere and link to it (R42). The limit is kefu.media_rule, that of a platform kefu.endpoint.';
    END IF;
    IF coalesce(btrim(alt_text), '') = '' OR coalesce(btrim(credit), '') = '' THEN
        RAISE EXCEPTION 'a picture or video needs words for what it shows and where it is from'
            USING ERRCODE = 'KF002', HINT = 'Give alt_text and credit.';
    END IF;
    INSERT INTO kefu.media (unit, content_type, file_name, content, alt_text, credit, added_by, added_at)
    VALUES (unit, is_of, regexp_replace(coalesce(file_name, ''), '[^A-Za-z0-9._-]', '_', 'g'), content, alt_text,
            credit, kefu.me(), kefu.now())
    RETURNING media_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.add_media(text, text, bytea, text, text) IS
'Adds a picture or video to a unit''s store and returns its number; what it is is read from its first bytes. KF004 if it is no JPEG, PNG, GIF, MP4 or WebM, or longer than kefu.media_rule says, KF002 without alt_text or credit (添加图片或视频; R42, R52)';

CREATE FUNCTION kefu.request_post(unit text, kind text, text text, wish_at timestamptz, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    made kefu.outcome;
BEGIN
    made := kefu.create_object('request', 'open', kefu.facts('unit', unit, 'kind', kind, 'text', text, 'wish_at', wish_at::text),
                               request_key);
    IF made.state = 'draft' THEN
        made := kefu.advance('request', made.id, 'submit');
    END IF;
    RETURN made;
END $$;
COMMENT ON FUNCTION kefu.request_post(text, text, text, timestamptz, text) IS
'A department asks customer service to publish something: kind marketing, notice, product or demo. It is submitted at once (提交发布需求; R5, R10)';

CREATE FUNCTION kefu.accept_request(request bigint, words text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('request', request, 'accept', kefu.facts('words', words), version, request_key);
END;
COMMENT ON FUNCTION kefu.accept_request(bigint, text, integer, text) IS 'Customer service takes a request: it becomes the draft of a post (受理需求; R5, R10)';

CREATE FUNCTION kefu.reject_request(request bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('request', request, 'reject', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.reject_request(bigint, text, integer, text) IS 'Back to the department, with the reviewer''s words (退回需求; R5, R10)';

CREATE FUNCTION kefu.draft_post(unit text, kind text, text text, more jsonb DEFAULT '{}', request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.create_object('post', 'open', more || kefu.facts('unit', unit, 'kind', kind, 'text', text), request_key);
END;
COMMENT ON FUNCTION kefu.draft_post(text, text, text, jsonb, text) IS
'Begins a post. more: heading, is_marketing, is_copied and source, repost_platform, repost_id and repost_source, category, topic, opinion, valid_from, valid_until, wish_at, media (numbers of a picture or video) (起草博文; R44, R53, R63)';

CREATE FUNCTION kefu.edit_post(post bigint, text text, account text DEFAULT NULL, more jsonb DEFAULT '{}', version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'edit', more || kefu.facts('text', text, 'account', account), version, request_key);
END;
COMMENT ON FUNCTION kefu.edit_post(bigint, text, text, jsonb, integer, text) IS 'Writes the text of a draft; with an account its wording there (编辑博文; R41)';

CREATE FUNCTION kefu.submit_post(post bigint, reason text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'submit', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.submit_post(bigint, text, integer, text) IS 'Puts a draft into review; KF004 names everything that keeps it from being published. reason: why it stays as it is where a rule warns (提交审核; R5, R41, R47, R63)';

CREATE FUNCTION kefu.review_post(post bigint, words text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'review', kefu.facts('words', words), version, request_key);
END;
COMMENT ON FUNCTION kefu.review_post(bigint, text, integer, text) IS 'Takes the next step of the review; after the last one it is approved. Never one''s own, never two steps by one person (审核; R5)';

CREATE FUNCTION kefu.reject_post(post bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'reject', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.reject_post(bigint, text, integer, text) IS 'Back to the writer, with the reviewer''s words (退回修改; R5)';

CREATE FUNCTION kefu.approve_urgent(post bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'approve_urgent', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.approve_urgent(bigint, text, integer, text) IS 'One approval lets an emergency or re-issue out; the rest of the review is due within 24 hours (紧急通过; R40)';

CREATE FUNCTION kefu.back_fill_review(post bigint, words text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'back_fill', kefu.facts('words', words), version, request_key);
END;
COMMENT ON FUNCTION kefu.back_fill_review(bigint, text, integer, text) IS 'Takes a step that the urgent path left out (补审; R40)';

CREATE FUNCTION kefu.revise_post(post bigint, reason text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'revise', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.revise_post(bigint, text, integer, text) IS 'Takes a post in hand anew: what is planned is cancelled, and it is reviewed again (修改博文; R5)';

CREATE FUNCTION kefu.schedule(post bigint, accounts text[], at timestamptz, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'schedule', kefu.facts('accounts', array_to_string(accounts, ','), 'send_at', at::text),
                        version, request_key);
END;
COMMENT ON FUNCTION kefu.schedule(bigint, text[], timestamptz, integer, text) IS 'Plans an approved post on accounts, to leave at an instant; one that is past means now (排期; R38, R39)';

CREATE FUNCTION kefu.unschedule(post bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'unschedule', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.unschedule(bigint, text, integer, text) IS 'Cancels everything that is planned of a post; its approval stays (取消排期)';

CREATE FUNCTION kefu.reschedule(placement bigint, at timestamptz, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('placement', placement, 'reschedule', kefu.facts('send_at', at::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.reschedule(bigint, timestamptz, integer, text) IS 'Moves a placement to another time (改期; R39, R40)';

CREATE FUNCTION kefu.retry_placement(placement bigint, at timestamptz DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('placement', placement, 'retry', kefu.facts('send_at', coalesce(at, kefu.now())::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.retry_placement(bigint, timestamptz, integer, text) IS 'Has a failed placement sent again, now or at an instant (重试投放)';

CREATE FUNCTION kefu.cancel_placement(placement bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('placement', placement, 'cancel', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.cancel_placement(bigint, text, integer, text) IS 'It won''t be sent on this account (取消投放)';

CREATE FUNCTION kefu.delete_placement(placement bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('placement', placement, 'delete', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.delete_placement(bigint, text, integer, text) IS 'Deletes it from the platform; where that can''t be done by program, a task (删除投放; R76, R78, R79)';

CREATE FUNCTION kefu.withdraw_post(post bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('post', post, 'withdraw', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.withdraw_post(bigint, text, integer, text) IS 'Deletes a published post wherever it stands (撤下博文; R73, R76-R79)';

CREATE FUNCTION kefu.preview_post(post bigint)
    RETURNS TABLE (account text, platform text, text text, length integer, length_limit integer, pictures integer,
                   problem text, next_free_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    p kefu.post;
BEGIN
    SELECT x.* INTO p FROM kefu.post x WHERE x.post_id = post;
    PERFORM kefu.require_unit(p.unit);
    RETURN QUERY
    SELECT a.account, a.platform, w.text, kefu.text_length(a.platform, k.kind, w.text),
           kefu.length_limit(a.platform, k.kind),
           (SELECT count(*)::integer FROM kefu.post_media g WHERE g.post_id = post),
           (SELECT string_agg(format('%s: %s (%s)', b.effect, b.detail, b.rulebook), '; ' ORDER BY b.effect, b.rule)
              FROM kefu.post_problems(post) AS b WHERE b.account IN ('', a.account)),
           kefu.next_free_at(a.account, p.kind, p.repost_id IS NOT NULL, kefu.now())
      FROM kefu.account a
     CROSS JOIN (SELECT CASE WHEN p.repost_id IS NULL THEN 'post' ELSE 'repost' END AS kind) AS k
     CROSS JOIN LATERAL (SELECT kefu.placed_text(post, a.account) AS text) AS w
     WHERE a.is_live AND a.unit = p.unit AND coalesce(p.repost_platform, a.platform) = a.platform
     ORDER BY a.account;
END $$;
COMMENT ON FUNCTION kefu.preview_post(bigint) IS
'What a post would say on each account of its unit, how long that is to the platform, what blocks or warns, and the next time that breaks no rule there; nothing is changed. KF008 if the post is not there or not visible (博文预览; R41, R42)';

-- --- what becomes of them ---------------------------------------------------------------

CREATE FUNCTION kefu.take_counts(account text, action text, body text, at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    a kefu.account;
    seen integer;
    since timestamptz;
    ids text[];
    gone record;
BEGIN
    SELECT x.* INTO a FROM kefu.account x WHERE x.account = take_counts.account;
    WITH item AS MATERIALIZED (
        SELECT m.native_id, m.posted_at, m.reposts_count, m.comments_count, m.likes_count
          FROM kefu.map_payload(a.platform, take_counts.action, body, a.native_id) AS m
         WHERE m.error IS NULL AND NOT m.is_deleted
    ), kept AS (
        INSERT INTO kefu.placement_count AS c (placement_id, reposts_count, comments_count, likes_count, counted_at)
        SELECT l.placement_id, i.reposts_count, i.comments_count, i.likes_count, take_counts.at
          FROM item i JOIN kefu.placement l ON l.native_id = i.native_id AND l.account = a.account
         WHERE l.state IN ('published', 'deleting')
            ON CONFLICT ON CONSTRAINT placement_count_pkey DO UPDATE
           SET reposts_count = excluded.reposts_count, comments_count = excluded.comments_count,
               likes_count = excluded.likes_count, counted_at = excluded.counted_at, misses = 0
         WHERE c.counted_at < excluded.counted_at
    )
    SELECT count(*), min(i.posted_at), array_agg(i.native_id) INTO seen, since, ids FROM item i;
    -- What should be among them and isn't, three times in a row, was taken down. A list that
    -- a slow platform has not brought up to date is no proof.
    FOR gone IN
        INSERT INTO kefu.placement_count AS c (placement_id, counted_at, misses)
        SELECT l.placement_id, take_counts.at, 1
          FROM kefu.placement l
         WHERE l.account = a.account AND l.state = 'published' AND l.native_id <> ALL (ids)
           AND l.published_at > since AND l.published_at < take_counts.at - interval '10 minutes'
            ON CONFLICT ON CONSTRAINT placement_count_pkey DO UPDATE
           SET misses = c.misses + 1, counted_at = excluded.counted_at
         WHERE c.counted_at < excluded.counted_at
        RETURNING c.placement_id, c.misses
    LOOP
        IF gone.misses >= 3 AND kefu.may_happen('placement', gone.placement_id, 'found_gone') THEN
            PERFORM kefu.raise_event('placement', gone.placement_id, 'found_gone');
        END IF;
    END LOOP;
    RETURN seen;
END $$;
COMMENT ON FUNCTION kefu.take_counts(text, text, text, timestamptz) IS
'The newest posts of an account as the platform lists them: their numbers are kept, and what is missing three times in a row is found to be gone. Returns how many it lists; data_exception if the list can''t be read. Called by kefu.record_feeds() (读取投放数据)';
