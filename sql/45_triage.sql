-- 45_triage: what a person is told before deciding what a message is, and how
-- far the public takes part in a matter.

CREATE FUNCTION kefu.suggest(message bigint)
    RETURNS TABLE (target text, value text, label text, score integer, why text)
    LANGUAGE plpgsql ROWS 5 STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    g kefu.message;
    zh boolean := current_setting('kefu.language') = 'zh';
BEGIN
    SELECT * INTO g FROM kefu.message m WHERE m.message_id = suggest.message;
    PERFORM kefu.require_unit(g.unit);
    RETURN QUERY
    SELECT s.target, s.value,
           coalesce(CASE WHEN zh THEN k.label_zh ELSE k.label_en END,
                    CASE WHEN zh THEN m.name_zh ELSE m.name_en END),
           s.score, s.why
      FROM (SELECT x.* FROM kefu.score_text(g.text) AS x
            UNION ALL
            SELECT 'answer', t.link, round(100 * l.similarity)::integer,
                   format('topic %s is answered there; like message %s by %s', t.topic_id, l.like_message, l.why)
              FROM kefu.most_like(g.message_id, kefu.now()) AS l
              JOIN kefu.topic t USING (topic_id)
             WHERE t.state = 'published'
            UNION ALL
            SELECT o.target, o.value, 50, format('under the post of survey %s: %s', v.survey_id, v.title)
              FROM kefu.survey_of(g.message_id) AS v
              CROSS JOIN LATERAL (VALUES ('kind', 'opinion'), ('item', v.item)) AS o(target, value)
             WHERE v.survey_id IS NOT NULL
            UNION ALL
            SELECT 'attach', t.ticket_id::text,
                   40 + CASE WHEN a.platform = g.platform THEN 20 ELSE 0 END
                      + CASE WHEN t.category = (
                             SELECT c.value FROM kefu.score_text(g.text) AS c
                              WHERE c.target = 'category' ORDER BY c.score DESC LIMIT 1)
                        THEN 30 ELSE 0 END,
                   concat_ws('; ', 'same person +40',
                             CASE WHEN a.platform = g.platform THEN 'same platform +20' END,
                             format('%s, %s', t.kind, t.state))
              FROM kefu.person p
              JOIN kefu.person q ON coalesce(q.merged_into, q.person_id) = coalesce(p.merged_into, p.person_id)
              JOIN kefu.ticket t ON t.person_id = q.person_id AND NOT t.is_provisional
              JOIN kefu.account a ON a.account = t.account
              JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state AND NOT s.is_final
             WHERE p.person_id = g.person_id AND t.ticket_id IS DISTINCT FROM g.ticket_id
               AND t.unit = ANY (kefu.my_units())) AS s
      LEFT JOIN kefu.machine k ON s.target = 'kind' AND k.machine = s.value
      LEFT JOIN kefu.matter m ON m.matter = s.value
            AND m.axis = CASE s.target WHEN 'category' THEN 'phenomenon' WHEN 'product' THEN 'product'
                                   WHEN 'item' THEN 'product' END
     ORDER BY array_position(ARRAY['answer', 'attach', 'kind', 'item', 'category', 'product', 'priority'], s.target),
              s.score DESC, s.value;
END $$;
COMMENT ON FUNCTION kefu.suggest(bigint) IS
'What a message may be, for a person to decide: kinds, categories and products with their points, the priority that risk words ask for, open tickets of the same person, on any platform, to attach it to, the address of the public answer where its topic has one, and opinion with its item under the post of a survey; why names the rule of each point. Nothing is changed. KF008 if the message is not there or not visible (分类建议; R81, R105, R124, R128, R136)';

CREATE FUNCTION kefu.add_matter(axis text, matter text, name_zh text, name_en text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    above text := nullif(regexp_replace(add_matter.matter, '\.?[^.]*$', ''), '');
BEGIN
    PERFORM kefu.require_admin('group');
    IF above IS NOT NULL AND NOT EXISTS (SELECT FROM kefu.matter m
                                          WHERE m.axis = add_matter.axis AND m.matter = above AND m.is_live) THEN
        RAISE EXCEPTION 'there is no % "%" to put it under', axis, above
            USING ERRCODE = 'undefined_object', HINT = 'Add it first; kefu_bi.matters lists the tree.';
    END IF;
    IF array_length(string_to_array(add_matter.matter, '.'), 1) > kefu.matter_depth(axis) THEN
        RAISE EXCEPTION 'a % has at most % levels', axis, kefu.matter_depth(axis)
            USING ERRCODE = 'invalid_parameter_value', DETAIL = format('"%s" would be deeper.', add_matter.matter);
    END IF;
    INSERT INTO kefu.matter (axis, matter, parent, name_zh, name_en)
    VALUES (add_matter.axis, add_matter.matter, above, add_matter.name_zh, add_matter.name_en);
    PERFORM kefu.append_ledger('rules', 'add_matter', jsonb_build_object('axis', axis, 'matter', matter));
END $$;
COMMENT ON FUNCTION kefu.add_matter(text, text, text, text) IS
'Adds a node to the tree of phenomena, products or causes; its parent is the code before the last dot and must be there. For Group administrators (增加分类; R112)';

CREATE FUNCTION kefu.retire_matter(axis text, matter text, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin('group');
    UPDATE kefu.matter m SET is_live = false
     WHERE m.axis = retire_matter.axis
       AND (m.matter = retire_matter.matter OR m.matter LIKE retire_matter.matter || '.%') AND m.is_live;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no % "%" in use', axis, matter
            USING ERRCODE = 'undefined_object', HINT = 'SELECT matter, name_zh FROM kefu_bi.matters lists all of them.';
    END IF;
    PERFORM kefu.append_ledger('rules', 'retire_matter', jsonb_build_object('axis', axis, 'matter', matter),
                               jsonb_build_object('reason', reason));
END $$;
COMMENT ON FUNCTION kefu.retire_matter(text, text, text) IS
'Takes a node and all below it out of use: old tickets keep it, new ones can''t get it. For Group administrators (停用分类; R112)';

-- --- public opinion ---------------------------------------------------------------

CREATE FUNCTION kefu.alarm_due(alarm smallint, at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN at + (SELECT l.respond_within FROM kefu.alarm_level l
                  WHERE l.alarm = alarm_due.alarm AND l.valid_from <= alarm_due.at
                  ORDER BY l.valid_from DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.alarm_due(smallint, timestamptz) IS
'When a statement is due after that level is reached at that instant; NULL where no such level is loaded (舆情回应期限; ruling 23)';

CREATE FUNCTION kefu.raise_alarms(max_tickets integer DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    r record;
    raised integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    FOR r IN
        SELECT lead.ticket_id, rated.alarm, h.angry_authors, h.verified_authors, h.growth, h.reposts
          FROM kefu.angry_threads(now) AS h
          CROSS JOIN LATERAL (SELECT kefu.rate_alarm(h.angry_authors, h.verified_authors, h.growth,
                                                     h.reposts, now) AS alarm) AS rated
          -- The first open ticket of the thread carries the level for all of it.
          CROSS JOIN LATERAL (
               SELECT t.ticket_id, greatest(t.alarm, t.alarm_overruled) AS alarm
                 FROM kefu.message g
                 JOIN kefu.ticket t ON t.ticket_id = g.ticket_id
                 JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state AND NOT s.is_final
                WHERE g.platform = h.platform AND coalesce(g.root_id, g.native_id) = h.thread
                  AND g.posted_at > now - interval '24 hours'
                ORDER BY t.ticket_id LIMIT 1) AS lead
         WHERE rated.alarm > lead.alarm
         ORDER BY lead.ticket_id LIMIT max_tickets
    LOOP
        -- A level without a row has no time for its statement: 4 hours, the longest.
        PERFORM kefu.raise_event('ticket', r.ticket_id, 'alarm', jsonb_build_object(
            'alarm', r.alarm, 'due_at', coalesce(kefu.alarm_due(r.alarm, now), now + interval '4 hours'),
            'angry_authors', r.angry_authors, 'verified_authors', r.verified_authors,
            'growth', r.growth, 'reposts', r.reposts));
        raised := raised + 1;
    END LOOP;
    RETURN raised;
END $$;
COMMENT ON FUNCTION kefu.raise_alarms(integer) IS
'Raises the public-opinion level of threads that have grown, on the first open ticket of each; a level never falls here. Returns how many rose. The clock worker calls it each minute; a Group administrator may (舆情预警; ruling 23)';

CREATE FUNCTION kefu.note_spread(message bigint, reposts bigint, comments bigint DEFAULT NULL,
                                 reads bigint DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_unit((SELECT g.unit FROM kefu.message g WHERE g.message_id = note_spread.message),
                              'operator', 'leader');
    IF least(reposts, comments, reads) < 0 OR reposts IS NULL THEN
        RAISE EXCEPTION 'a number of reposts, comments or reads is never negative'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave out what is not known; reposts must be known.';
    END IF;
    INSERT INTO kefu.spread (message_id, at, reposts, comments, reads, staff_id)
    VALUES (note_spread.message, kefu.now(), note_spread.reposts, note_spread.comments, note_spread.reads,
            kefu.me());
END $$;
COMMENT ON FUNCTION kefu.note_spread(bigint, bigint, bigint, bigint) IS
'Notes how often a customer''s post was reposted, commented and read so far; kefu.raise_alarms() reads the last of them (记录传播; ruling 23)';

CREATE FUNCTION kefu.set_alarm(ticket bigint, alarm integer, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    present smallint := (SELECT t.alarm FROM kefu.ticket t
                          WHERE t.ticket_id = set_alarm.ticket AND t.unit = ANY (kefu.my_units()));
BEGIN
    RETURN kefu.advance('ticket', set_alarm.ticket,
        CASE WHEN alarm > present THEN 'alarm' ELSE 'lower_alarm' END,
        kefu.facts('alarm', alarm::text, 'reason', reason, 'due_at',
                   coalesce(kefu.alarm_due(alarm::smallint, kefu.now()),
                            kefu.now() + interval '4 hours')::text),
        version, request_key);
END $$;
COMMENT ON FUNCTION kefu.set_alarm(bigint, integer, text, integer, text) IS
'Sets the public-opinion level of a ticket: 0 none, 1 blue to 4 red. Operators and leaders may raise it, only a leader may lower it (设舆情等级; ruling 23)';

CREATE FUNCTION kefu.make_statement(ticket bigint, text text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'statement', kefu.facts('text', text), version, request_key);
END;
COMMENT ON FUNCTION kefu.make_statement(bigint, text, integer, text) IS
'Says publicly what is known, where the public takes part; the clock of the level stops when the platform has taken it (舆情回应; ruling 23)';

CREATE VIEW kefu_bi.matters WITH (security_barrier) AS
SELECT m.axis,
       CASE m.axis WHEN 'phenomenon' THEN '现象' WHEN 'product' THEN '产品' ELSE '原因' END AS axis_label_zh,
       CASE m.axis WHEN 'phenomenon' THEN 'phenomenon' WHEN 'product' THEN 'product' ELSE 'cause' END AS axis_label_en,
       m.matter,
       m.parent,
       m.name_zh,
       m.name_en,
       m.is_live
  FROM kefu.matter m;
COMMENT ON VIEW kefu_bi.matters IS 'The trees of phenomena, products and causes; everybody reads them (业务分类; R112, R117)';
COMMENT ON COLUMN kefu_bi.matters.axis IS 'phenomenon, product or cause (维度)';
COMMENT ON COLUMN kefu_bi.matters.axis_label_zh IS 'the same in Chinese (维度名称)';
COMMENT ON COLUMN kefu_bi.matters.axis_label_en IS 'English label of axis (维度名称英文标签)';
COMMENT ON COLUMN kefu_bi.matters.matter IS 'code (代码)';
COMMENT ON COLUMN kefu_bi.matters.parent IS 'node above; NULL at the top (上级)';
COMMENT ON COLUMN kefu_bi.matters.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu_bi.matters.name_en IS 'English name (英文名称)';
COMMENT ON COLUMN kefu_bi.matters.is_live IS 'false: old tickets only (是否在用)';
