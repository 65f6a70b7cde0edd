-- 45_person: who is who, consents, looking at personal data, erasing it, and
-- what the operator's own systems know about a customer.
--
-- Everything here leaves a trace on the ledger "access". The trace names
-- numbers and codes; why somebody did it is erasable detail.

-- --- who may -----------------------------------------------------------------

CREATE FUNCTION kefu.person_units(person bigint) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN ARRAY(
        SELECT u.unit
          FROM kefu.person_tickets(person) AS x(ticket_id) JOIN kefu.ticket t USING (ticket_id),
               unnest(ARRAY[t.unit, t.received_unit, t.home_unit]) AS u(unit)
         WHERE u.unit IS NOT NULL
        UNION
        SELECT g.unit
          FROM kefu.person_messages(person) AS x(message_id) JOIN kefu.message g USING (message_id)
         ORDER BY 1);
END $$;
COMMENT ON FUNCTION kefu.person_units(bigint) IS 'Units that have or had to do with a person, by tickets and messages (用户相关机构)';

CREATE FUNCTION kefu.require_person(person bigint, seen text[], VARIADIC roles text[]) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    own text := kefu.person_unit(kefu.person_root(person));
    visible text[] := ARRAY(SELECT u FROM unnest(kefu.person_units(person)) AS u
                             WHERE u = ANY (seen)
                             ORDER BY u <> own, u);
    here text;
BEGIN
    FOREACH here IN ARRAY visible LOOP
        IF EXISTS (SELECT FROM unnest(roles) AS r(role) WHERE kefu.has_role(r.role, here)) THEN
            RETURN here;
        END IF;
    END LOOP;
    PERFORM kefu.require_unit(visible[1], VARIADIC roles);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION kefu.require_person(bigint, text[], text[]) IS
'The unit for which the caller may act for a person, out of those seen, the person''s own first; raises KF008 if the caller sees none, KF003 if the caller has none of the roles there (校验用户权限)';

-- --- who is who ----------------------------------------------------------------

CREATE FUNCTION kefu.merge_person(person bigint, into_person bigint, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    target bigint;
    logged bigint;
BEGIN
    PERFORM kefu.require_person(person, kefu.my_units(), 'operator', 'leader');
    PERFORM kefu.require_person(into_person, kefu.my_units(), 'operator', 'leader');
    -- One after the other: two merges the other way round would close a circle.
    PERFORM FROM kefu.person p
      WHERE p.person_id IN (person, into_person, kefu.person_root(into_person))
      ORDER BY p.person_id FOR NO KEY UPDATE;
    target := kefu.person_root(into_person);
    IF (SELECT p.merged_into FROM kefu.person p WHERE p.person_id = person) IS NOT NULL THEN
        RAISE EXCEPTION 'person % was merged already', person
            USING ERRCODE = 'KF004',
                  DETAIL = format('It goes on as person %s.', kefu.person_root(person)),
                  HINT = 'Merge that one.';
    END IF;
    IF target = person THEN
        RAISE EXCEPTION 'person % would be merged into itself', person
            USING ERRCODE = 'KF004', HINT = 'Name two different persons.';
    END IF;
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'the reason is missing' USING ERRCODE = 'KF002',
              HINT = 'Say how one knows that they are the same.';
    END IF;
    -- Who was merged into it before goes along: merged_into always names who stands.
    UPDATE kefu.person p SET merged_into = target
     WHERE p.person_id = merge_person.person OR p.merged_into = merge_person.person;
    logged := kefu.append_ledger('access', 'merge_person',
        jsonb_build_object('person', person, 'into_person', target),
        jsonb_build_object('reason', reason));
    INSERT INTO kefu.person_history (at, event, person_id, into_person_id, event_id)
    VALUES (kefu.now(), 'merge', person, target, logged);
    PERFORM kefu.recount_topics(ARRAY(SELECT kefu.person_messages(target)));
    RETURN target;
END $$;
COMMENT ON FUNCTION kefu.merge_person(bigint, bigint, text) IS
'Two persons are one: the first goes on as the second, or as what that was merged into, which is returned. Tickets keep their numbers. KF004 for one that was merged already or would be merged into itself, KF008 and KF003 as for a ticket; an operator or leader who sees both (合并用户; ruling 5)';

CREATE FUNCTION kefu.split_identity(identity bigint, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    old bigint;
    new_id bigint;
    moved bigint[];
    logged bigint;
BEGIN
    SELECT i.person_id INTO old FROM kefu.identity i
     WHERE i.identity_id = split_identity.identity FOR UPDATE;
    PERFORM kefu.require_person(old, kefu.my_units(), 'operator', 'leader');
    IF (SELECT count(*) FROM kefu.identity i WHERE i.person_id = ANY (kefu.person_group(old))) < 2 THEN
        RAISE EXCEPTION 'identity % is the person''s only one', identity
            USING ERRCODE = 'KF004', HINT = 'There is nothing to split.';
    END IF;
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'the reason is missing' USING ERRCODE = 'KF002',
              HINT = 'Say how one knows that it is somebody else''s.';
    END IF;
    INSERT INTO kefu.person (home_unit, created_at)
    SELECT p.home_unit, kefu.now() FROM kefu.person p WHERE p.person_id = old
    RETURNING person_id INTO new_id;
    UPDATE kefu.identity i SET person_id = new_id WHERE i.identity_id = split_identity.identity;
    logged := kefu.append_ledger('access', 'split_identity',
        jsonb_build_object('identity', identity, 'person', old, 'into_person', new_id),
        jsonb_build_object('reason', reason));
    INSERT INTO kefu.person_history (at, event, person_id, into_person_id, identity_id, event_id)
    VALUES (kefu.now(), 'split', old, new_id, identity, logged);
    PERFORM kefu.recount_topics(ARRAY(SELECT kefu.person_messages(new_id)));
    -- What was told in a ticket of this identity is of the new person.
    moved := ARRAY(SELECT kefu.person_tickets(new_id));
    UPDATE kefu.personal_data d SET person_id = new_id WHERE d.ticket_id = ANY (moved);
    UPDATE kefu.consent c SET person_id = new_id WHERE c.ticket_id = ANY (moved);
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.split_identity(bigint, text) IS
'An identity is somebody else''s: it gets a new person, which is returned; its messages and tickets, and what was told in them, follow it. KF004 if it is the person''s only one, KF008 and KF003 as for a ticket (拆分身份; ruling 5)';

-- --- consents ---------------------------------------------------------------------

CREATE FUNCTION kefu.store_consent(person bigint, purpose text, kinds text[], evidence text,
                                   ticket bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM kefu.purpose p
                    WHERE p.purpose = store_consent.purpose AND p.is_asked) THEN
        RAISE EXCEPTION '"%" is no purpose that a customer is asked for', purpose
            USING ERRCODE = 'KF004',
                  HINT = (SELECT 'There are: ' || string_agg(p.purpose, ', ' ORDER BY p.purpose) || '.'
                            FROM kefu.purpose p WHERE p.is_asked);
    END IF;
    IF coalesce(btrim(evidence), '') = '' THEN
        RAISE EXCEPTION 'the evidence of the consent is missing' USING ERRCODE = 'KF002',
              HINT = 'Give the number of the private message, or how else it was given.';
    END IF;
    INSERT INTO kefu.consent AS c (person_id, purpose, kind, given_at, evidence, ticket_id)
    SELECT store_consent.person, store_consent.purpose, k.kind, kefu.now(), store_consent.evidence,
           store_consent.ticket
      FROM unnest(kinds) AS k(kind)
        ON CONFLICT (person_id, purpose, kind) WHERE withdrawn_at IS NULL DO UPDATE
       SET given_at = excluded.given_at, evidence = excluded.evidence, ticket_id = excluded.ticket_id;
END $$;
COMMENT ON FUNCTION kefu.store_consent(bigint, text, text[], text, bigint) IS
'Writes a consent for each kind of data; one that stands is renewed. KF004 for an unknown purpose, KF002 without evidence. For the owner''s functions only (记录同意)';

CREATE FUNCTION kefu.consent_given(person bigint, purpose text, kinds text[], evidence text,
                                   ticket bigint DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_person(person, kefu.my_units(), 'operator', 'leader', 'hotline');
    IF ticket IS NOT NULL AND kefu.ticket_person(ticket) IS DISTINCT FROM kefu.person_root(person) THEN
        RAISE EXCEPTION 'not found or not visible' USING ERRCODE = 'KF008',
              DETAIL = 'There is no such ticket of this person, or you may not see it.';
    END IF;
    PERFORM kefu.store_consent(kefu.person_root(person), purpose, kinds, evidence, ticket);
    PERFORM kefu.append_ledger('access', 'consent_given', jsonb_build_object(
        'person', kefu.person_root(person), 'purpose', purpose, 'count', cardinality(kinds)));
END $$;
COMMENT ON FUNCTION kefu.consent_given(bigint, text, text[], text, bigint) IS
'A person consents to a purpose for kinds of data (name, mobile, landline, address); evidence says how. kefu.contact_given() does so by itself (记录同意; R94, R111)';

CREATE FUNCTION kefu.withdraw_consent(person bigint, purpose text, reason text) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    ended integer;
BEGIN
    PERFORM kefu.require_person(person, kefu.my_units(), 'operator', 'leader', 'hotline');
    ended := kefu.end_consents(person, 'person', only_purpose => purpose);
    PERFORM kefu.append_ledger('access', 'withdraw_consent', jsonb_build_object(
        'person', kefu.person_root(person), 'purpose', purpose, 'count', ended),
        jsonb_build_object('reason', reason));
    RETURN ended;
END $$;
COMMENT ON FUNCTION kefu.withdraw_consent(bigint, text, text) IS
'The person no longer consents to a purpose: data that no other consent supports is erased at once, in the audit trail too. Returns how many consents ended, 0 if there was none (撤回同意; ruling 21)';

-- --- looking at personal data ------------------------------------------------------

CREATE FUNCTION kefu.request_reveal(person bigint, purpose text, ticket bigint DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    root bigint := kefu.person_root(person);
    reason record;
    logged bigint;
    new_id bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM kefu.purpose p
                    WHERE p.purpose = request_reveal.purpose AND p.is_asked) THEN
        RAISE EXCEPTION '"%" is no purpose for which personal data may be seen', purpose
            USING ERRCODE = 'KF004',
                  HINT = (SELECT 'There are: ' || string_agg(p.purpose, ', ' ORDER BY p.purpose) || '.'
                            FROM kefu.purpose p WHERE p.is_asked);
    END IF;
    -- An open ticket of the person in a unit of the caller's, or an order for one.
    SELECT w.* INTO reason
      FROM (SELECT t.ticket_id, t.unit,
                   coalesce(t.handler = kefu.me(), false) OR kefu.has_role('operator', t.unit)
                   OR kefu.has_role('leader', t.unit) OR kefu.has_role('hotline', t.unit) AS may
              FROM kefu.person_tickets(root) AS x(ticket_id) JOIN kefu.ticket t USING (ticket_id)
              JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state AND NOT s.is_final
            UNION ALL
            SELECT o.ticket_id, o.unit, kefu.has_role('department', o.unit)
              FROM kefu.person_tickets(root) AS x(ticket_id) JOIN kefu.work_order o USING (ticket_id)
             WHERE o.state NOT IN ('closed', 'cancelled')) AS w
     WHERE w.unit = ANY (kefu.my_units())
       AND w.ticket_id = coalesce(request_reveal.ticket, w.ticket_id)
     ORDER BY w.may DESC, w.ticket_id LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not found or not visible' USING ERRCODE = 'KF008',
              DETAIL = 'There is no such person with an open ticket, or you may not see it.';
    ELSIF NOT reason.may THEN
        PERFORM kefu.require_unit(reason.unit, 'operator', 'leader', 'hotline', 'department');
    END IF;
    -- The request must not be lost in a crash once something was shown.
    PERFORM set_config('synchronous_commit', 'on', true);
    logged := kefu.append_ledger('access', 'reveal', jsonb_build_object(
        'person', root, 'purpose', purpose, 'ticket', reason.ticket_id, 'unit', reason.unit));
    INSERT INTO kefu.reveal_request (person_id, purpose, ticket_id, unit, staff_id, requested_at,
                                     requested_xid, event_id)
    VALUES (root, request_reveal.purpose, reason.ticket_id, reason.unit, kefu.me(), kefu.now(),
            pg_current_xact_id(), logged)
    RETURNING reveal_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.request_reveal(bigint, text, bigint) IS
'Asks to see what a person told us, for a purpose: logged on ledger access. Returns the number for kefu.reveal(), to be called after COMMIT. Needs an open ticket of the person, or its open work order, in a unit of the caller''s: KF008 otherwise; KF003 without the role, KF004 for an unknown purpose (申请查看个人信息; ruling 21)';

CREATE FUNCTION kefu.reveal(reveal_id bigint) RETURNS TABLE (kind text, value text, given_at timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    q kefu.reveal_request;
BEGIN
    SELECT r.* INTO q FROM kefu.reveal_request r
     WHERE r.reveal_id = reveal.reveal_id AND r.staff_id = kefu.me()
       AND r.unit = ANY (kefu.my_units()) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not found or not visible' USING ERRCODE = 'KF008',
              DETAIL = 'There is no such request of yours.';
    END IF;
    IF q.used_at IS NOT NULL OR q.requested_at <= kefu.now() - interval '10 minutes' THEN
        RAISE EXCEPTION 'request % was used or is older than ten minutes', q.reveal_id
            USING ERRCODE = 'KF004', HINT = 'Call kefu.request_reveal() again.';
    END IF;
    -- Whoever rolls the request back would have seen the data without a trace.
    IF pg_xact_status(q.requested_xid) IS DISTINCT FROM 'committed' THEN
        RAISE EXCEPTION 'request % is not committed', q.reveal_id
            USING ERRCODE = 'KF004', DETAIL = 'What is shown must be on record before it is shown.',
                  HINT = 'COMMIT, then call kefu.reveal() in a transaction of its own.';
    END IF;
    UPDATE kefu.reveal_request r SET used_at = kefu.now() WHERE r.reveal_id = q.reveal_id;
    RETURN QUERY
    SELECT DISTINCT ON (d.kind) d.kind, d.value, d.given_at
      FROM kefu.personal_data d
     WHERE d.person_id = ANY (kefu.person_group(q.person_id))
       AND EXISTS (SELECT FROM kefu.consent c
                    WHERE c.person_id = ANY (kefu.person_group(q.person_id))
                      AND c.kind = d.kind AND c.purpose = q.purpose AND c.withdrawn_at IS NULL)
     ORDER BY d.kind, d.given_at DESC;
END $$;
COMMENT ON FUNCTION kefu.reveal(bigint) IS
'Shows what a person told us, unmasked, the latest of each kind that the purpose has consent for, on a committed request of the caller''s that is less than ten minutes old and not used: KF004 otherwise, KF008 for somebody else''s (查看个人信息; ruling 21)';

-- --- erasing -------------------------------------------------------------------------

CREATE FUNCTION kefu.request_erasure(person bigint, asked_at timestamptz DEFAULT NULL,
                                     request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    root bigint := kefu.person_root(person);
    here text := kefu.require_person(person, kefu.my_units(), 'operator', 'leader', 'admin', 'hotline');
BEGIN
    PERFORM FROM kefu.person p WHERE p.person_id = root FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM kefu.erasure e
                WHERE e.person_id = ANY (kefu.person_group(root)) AND e.closed_at IS NULL)
       AND NOT EXISTS (SELECT FROM kefu.request r WHERE r.staff_id = kefu.me()
                          AND r.request_key = request_erasure.request_key) THEN
        RAISE EXCEPTION 'an erasure of person % is open', root
            USING ERRCODE = 'KF004', HINT = 'SELECT erasure_id, state FROM kefu_bi.erasures.';
    END IF;
    RETURN kefu.create_object('erasure', 'open', kefu.facts(
        'unit', here, 'person', root::text, 'origin', 'request',
        'notice_time', coalesce(asked_at, kefu.now())::text), request_key);
END $$;
COMMENT ON FUNCTION kefu.request_erasure(bigint, timestamptz, text) IS
'A person wants to be erased, asked at an instant (default now); 15 days run from then. Opens a task to decide on it. KF004 while another erasure of the person is open (要求删除个人信息; ruling 21)';

CREATE FUNCTION kefu.hold_erasure(erasure bigint, reason text, version integer DEFAULT NULL,
                                  request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('erasure', erasure, 'hold', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.hold_erasure(bigint, text, integer, text) IS
'The erasure waits because a ticket is open or the legal minimum runs; contact data is cut down at once. KF001 if nothing holds it (暂缓删除; ruling 21)';

CREATE FUNCTION kefu.resume_erasure(erasure bigint, version integer DEFAULT NULL,
                                    request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('erasure', erasure, 'resume', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.resume_erasure(bigint, integer, text) IS
'Nothing holds the erasure any more; kefu.retain() does it daily (恢复删除; ruling 21)';

CREATE FUNCTION kefu.refuse_erasure(erasure bigint, reason text, version integer DEFAULT NULL,
                                    request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('erasure', erasure, 'refuse', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.refuse_erasure(bigint, text, integer, text) IS
'The erasure is refused, with the reason that the person is told (不予删除; ruling 21)';

CREATE FUNCTION kefu.erase_person(erasure bigint, evidence text DEFAULT NULL,
                                  version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('erasure', erasure, 'erase', kefu.facts('evidence', evidence), version, request_key);
END;
COMMENT ON FUNCTION kefu.erase_person(bigint, text, integer, text) IS
'Erases a person everywhere; evidence says how the person who asked was told before (KF002 without). Figures, chains and person_key stay. KF001 while something holds it (删除个人信息; ruling 21)';

CREATE FUNCTION kefu.set_retention(purpose text, unit text, keep interval,
                                   at_least interval DEFAULT NULL, valid_from timestamptz DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    earlier kefu.retention_rule := kefu.retention_of(purpose, unit);
    floor_kept interval := coalesce(set_retention.at_least, earlier.at_least, interval '0');
BEGIN
    PERFORM kefu.require_unit(unit, 'admin');
    IF floor_kept < coalesce((kefu.retention_of(purpose, 'group')).at_least, interval '0') THEN
        RAISE EXCEPTION 'the legal minimum can''t be shortened below Group''s'
            USING ERRCODE = 'KF004', HINT = 'Leave at_least away to keep it.';
    END IF;
    INSERT INTO kefu.retention_rule (purpose, unit, valid_from, keep, at_least)
    VALUES (set_retention.purpose, set_retention.unit, coalesce(set_retention.valid_from, kefu.now()),
            set_retention.keep, floor_kept);
    PERFORM kefu.append_ledger('rules', 'set_retention', jsonb_build_object(
        'purpose', purpose, 'unit', unit, 'keep_days', extract(epoch FROM keep)::bigint / 86400,
        'at_least_days', extract(epoch FROM floor_kept)::bigint / 86400,
        'from', coalesce(valid_from, kefu.now())));
END $$;
COMMENT ON FUNCTION kefu.set_retention(text, text, interval, interval, timestamptz) IS
'A new rule for how long data of a purpose is kept after the last matter, for a unit and all below it, from an instant on (default now); at_least is the legal minimum, never below Group''s: KF004. For an administrator of the unit (设定保存期限; ruling 21)';

CREATE FUNCTION kefu.retain_contacts(max_rows integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    due record;
    ended integer := 0;
    count integer;
BEGIN
    FOR due IN
        SELECT DISTINCT kefu.person_root(c.person_id) AS person, c.purpose
          FROM kefu.consent c
         CROSS JOIN LATERAL kefu.retention_of(c.purpose, kefu.person_unit(c.person_id)) AS r
         WHERE c.withdrawn_at IS NULL
           -- Cheap and never too narrow, before the exact question is asked.
           AND c.given_at <= kefu.now() - (SELECT min(x.keep) FROM kefu.retention_rule x)
                             + interval '4 days'
           AND kefu.kept_until(greatest(c.given_at, kefu.last_ticket_at(c.person_id)), r.keep) <= kefu.now()
           AND NOT kefu.has_open_matter(c.person_id)
         LIMIT max_rows LOOP
        count := kefu.end_consents(due.person, 'retention', only_purpose => due.purpose);
        PERFORM kefu.append_ledger('access', 'retain', jsonb_build_object(
            'person', due.person, 'purpose', due.purpose, 'count', count));
        ended := ended + count;
    END LOOP;
    RETURN ended;
END $$;
COMMENT ON FUNCTION kefu.retain_contacts(integer) IS
'Ends consents whose purpose is over and erases what no other supports; at most max_rows purposes of persons. For the owner''s functions only (到期删除联系方式)';

CREATE FUNCTION kefu.retain_records(max_rows integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    due record;
    opened bigint;
    erased integer := 0;
BEGIN
    FOR due IN
        SELECT p.person_id, u.unit
          FROM kefu.person p
         CROSS JOIN LATERAL kefu.person_unit(p.person_id) AS u(unit)
         CROSS JOIN LATERAL kefu.retention_of('record', u.unit) AS r
         WHERE p.merged_into IS NULL
           AND p.created_at <= kefu.now() - (SELECT min(x.keep) FROM kefu.retention_rule x
                                              WHERE x.purpose = 'record') + interval '4 days'
           AND NOT EXISTS (SELECT FROM kefu.erasure e
                            WHERE e.person_id = p.person_id AND e.state <> 'refused')
           AND kefu.kept_until(coalesce(kefu.last_matter_at(p.person_id), p.created_at), r.keep) <= kefu.now()
           AND NOT kefu.has_open_matter(p.person_id)
         ORDER BY p.person_id
         LIMIT max_rows LOOP
        -- One that fails keeps no other waiting.
        BEGIN
            opened := (kefu.raise_new('erasure', 'open', jsonb_build_object(
                'unit', due.unit, 'person', due.person_id, 'origin', 'retention',
                'notice_time', kefu.now()))).id;
            PERFORM kefu.raise_event('erasure', opened, 'erase');
            erased := erased + 1;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'person % could not be erased: %', due.person_id, SQLERRM;
        END;
    END LOOP;
    RETURN erased;
END $$;
COMMENT ON FUNCTION kefu.retain_records(integer) IS
'Erases persons whose record''s time is over, at most max_rows; one that fails is a warning and is tried again. For the owner''s functions only (到期删除个人信息)';

CREATE FUNCTION kefu.retain_payloads() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    ids text[];
    since timestamptz;
BEGIN
    SELECT array_agg(DISTINCT g.native_id), min(e.closed_at) INTO ids, since
      FROM kefu.erasure e
     CROSS JOIN LATERAL kefu.person_messages(e.person_id) AS x(message_id)
      JOIN kefu.message g USING (message_id)
     WHERE e.state = 'done' AND e.closed_at > kefu.now() - interval '30 days';
    RETURN CASE WHEN ids IS NULL THEN 0 ELSE kefu.erase_payloads(ids, since) END;
END $$;
COMMENT ON FUNCTION kefu.retain_payloads() IS
'A page that is read again brings back items of somebody who was erased: they are cut out of what came in the 30 days after. Returns how many rows changed. For the owner''s functions only (再次剪除已删除条目)';

CREATE FUNCTION kefu.retain(max_rows integer DEFAULT 100, OUT resumed integer, OUT consents_ended integer,
                            OUT persons_erased integer, OUT payloads_cut integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    waiting bigint;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_unit('group', 'admin');
    END IF;
    resumed := 0;
    FOR waiting IN SELECT e.erasure_id FROM kefu.erasure e
                    WHERE e.state = 'deferred' AND NOT kefu.has_open_matter(e.person_id)
                      AND NOT kefu.is_held_by_law(e.person_id)
                    ORDER BY e.erasure_id LIMIT max_rows LOOP
        PERFORM kefu.raise_event('erasure', waiting, 'resume');
        resumed := resumed + 1;
    END LOOP;
    consents_ended := kefu.retain_contacts(max_rows);
    persons_erased := kefu.retain_records(max_rows);
    payloads_cut := kefu.retain_payloads();
END $$;
COMMENT ON FUNCTION kefu.retain(integer) IS
'What the calendar does to personal data: erasures that nothing holds any more go on, consents whose purpose is over end with their data, persons whose record''s time is over are erased, at most max_rows of each; and what pages read again brought back of erased persons is cut out. The clock worker calls it daily, as job keep_terms; an administrator of Group may (到期处理; ruling 21)';

CREATE FUNCTION kefu.retain_some(max_rows integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    RETURN (SELECT greatest(r.resumed, r.consents_ended, r.persons_erased)
              FROM kefu.retain(max_rows) AS r);
END $$;
COMMENT ON FUNCTION kefu.retain_some(integer) IS
'kefu.retain() as a job: the most it did of anything, so that it is called again while a part was all there was room for (到期处理作业)';

-- --- what the operator's own systems know --------------------------------------------

CREATE FUNCTION kefu.set_customer_source(source text, relation regclass, key_column name, key_kind text,
                                         shown_columns name[], platform text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    wrong name;
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = kefu.caller()) THEN
        RAISE EXCEPTION 'only a superuser names a table that kefu reads'
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'It is read with the rights of the extension''s owner.';
    END IF;
    IF NOT (SELECT c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
              FROM pg_catalog.pg_class c WHERE c.oid = relation) THEN
        RAISE EXCEPTION '"%" is no table without row security', relation
            USING ERRCODE = 'wrong_object_type',
                  DETAIL = 'A view or a policy would run with the wrong rights.',
                  HINT = 'Name a table; copy into one what may be shown.';
    END IF;
    SELECT n.name INTO wrong
      FROM unnest(shown_columns || key_column) AS n(name)
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                        WHERE a.attrelid = relation AND a.attname = n.name AND a.attnum > 0
                          AND NOT a.attisdropped
                          AND t.typnamespace = 'pg_catalog'::regnamespace)
     LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'table "%" has no column "%" of a built-in type', relation, wrong
            USING ERRCODE = 'undefined_column';
    END IF;
    INSERT INTO kefu.customer_source AS s (source, table_schema, table_name, key_column, key_kind,
                                           platform, shown_columns)
    SELECT set_customer_source.source, n.nspname, c.relname, set_customer_source.key_column,
           set_customer_source.key_kind, set_customer_source.platform,
           set_customer_source.shown_columns
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = relation
        ON CONFLICT ON CONSTRAINT customer_source_pkey DO UPDATE
       SET table_schema = excluded.table_schema, table_name = excluded.table_name,
           key_column = excluded.key_column, key_kind = excluded.key_kind,
           platform = excluded.platform, shown_columns = excluded.shown_columns;
    PERFORM kefu.append_ledger('rules', 'set_customer_source', jsonb_build_object('source', source));
END $$;
COMMENT ON FUNCTION kefu.set_customer_source(text, regclass, name, text, name[], text) IS
'Names a table of the operator''s own that describes customers: its key column, what stands there (person_key, native_id of a platform, mobile), and the columns shown. For a superuser; a table without row security and with built-in types only (设定客户信息来源; R94)';

CREATE FUNCTION kefu.customer_key(source text, ticket bigint) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    root bigint := kefu.ticket_person(ticket);
    s kefu.customer_source;
BEGIN
    SELECT c.* INTO s FROM kefu.customer_source c WHERE c.source = customer_key.source;
    RETURN CASE s.key_kind
        WHEN 'person_key' THEN
            (SELECT p.person_key::text FROM kefu.person p WHERE p.person_id = root)
        WHEN 'native_id' THEN
            (SELECT i.native_id FROM kefu.identity i
              WHERE i.person_id = ANY (kefu.person_group(root)) AND i.platform = s.platform
              ORDER BY i.identity_id LIMIT 1)
        WHEN 'mobile' THEN
            (SELECT d.value FROM kefu.personal_data d
              WHERE d.person_id = ANY (kefu.person_group(root)) AND d.kind = 'mobile'
                AND EXISTS (SELECT FROM kefu.consent c
                             WHERE c.person_id = ANY (kefu.person_group(root)) AND c.kind = 'mobile'
                               AND c.purpose = 'customer_view' AND c.withdrawn_at IS NULL)
              ORDER BY d.given_at DESC LIMIT 1) END;
END $$;
COMMENT ON FUNCTION kefu.customer_key(text, bigint) IS
'By what a source knows the customer of a ticket; a mobile number only with consent to purpose customer_view; NULL if nothing is known. For the owner''s functions only (客户键值)';

CREATE FUNCTION kefu.customer_view(ticket bigint, source text DEFAULT 'crm') RETURNS SETOF jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.customer_source;
    relation regclass;
    key_type text;
    denied name;
BEGIN
    PERFORM kefu.require_unit(
        (SELECT t.unit FROM kefu.ticket t WHERE t.ticket_id = customer_view.ticket),
        'operator', 'leader', 'hotline', 'department');
    SELECT c.* INTO s FROM kefu.customer_source c WHERE c.source = customer_view.source;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no customer source "%"', source
            USING ERRCODE = 'undefined_object', HINT = 'kefu.set_customer_source() names one.';
    END IF;
    relation := format('%I.%I', s.table_schema, s.table_name)::regclass;
    SELECT n.name INTO denied FROM unnest(s.shown_columns || s.key_column) AS n(name)
     WHERE NOT has_schema_privilege(kefu.caller(), s.table_schema, 'USAGE')
        OR NOT has_column_privilege(kefu.caller(), relation, n.name, 'SELECT')
     LIMIT 1;
    IF denied IS NOT NULL
       OR (SELECT c.relrowsecurity OR c.relkind NOT IN ('r', 'p') FROM pg_class c WHERE c.oid = relation) THEN
        RAISE EXCEPTION 'permission denied for table %', relation
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Whoever owns it grants SELECT on the columns shown.';
    END IF;
    SELECT format_type(a.atttypid, a.atttypmod) INTO key_type
      FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = s.key_column;
    PERFORM kefu.append_ledger('access', 'customer_view',
        jsonb_build_object('ticket', ticket, 'source', source));
    RETURN QUERY EXECUTE format(
        'SELECT to_jsonb(x) FROM (SELECT %s FROM %s AS c WHERE c.%I = CAST($1 AS %s) LIMIT 20) AS x',
        (SELECT string_agg(format('c.%I', n.name), ', ' ORDER BY n.place)
           FROM unnest(s.shown_columns) WITH ORDINALITY AS n(name, place)),
        format('%I.%I', s.table_schema, s.table_name), s.key_column, key_type)
      USING kefu.customer_key(source, ticket);
END $$;
COMMENT ON FUNCTION kefu.customer_view(bigint, text) IS
'What the operator''s own table says about the customer of a ticket: one object a row found, at most 20, none if nothing is known. The caller needs a role in the ticket''s unit and SELECT on the columns; logged on ledger access (客户信息视图; R94)';
