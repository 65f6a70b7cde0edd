-- 59_opinion: asking for opinions, recording them, and what desk and
-- departments do with them.
--
-- What it doesn't do: publish. A survey or a feedback post is published on the
-- platform and registered here by account, id and address.

-- --- asking -------------------------------------------------------------------------

CREATE FUNCTION kefu.open_survey(unit text, title text, occasion text, item text,
                                 open_from timestamptz DEFAULT NULL, open_until timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    new_id bigint;
BEGIN
    PERFORM kefu.require_unit(unit, 'operator', 'leader');
    PERFORM kefu.check_matter('product', item);
    IF (occasion IN ('released', 'planned')) IS NOT TRUE THEN
        RAISE EXCEPTION 'customers are not asked on the occasion "%"', occasion
            USING ERRCODE = 'KF002', HINT = 'Occasions: released, planned.';
    ELSIF coalesce(btrim(title), '') = '' OR item IS NULL THEN
        RAISE EXCEPTION 'title or item of the survey is missing' USING ERRCODE = 'KF002',
              HINT = 'Say what is asked, and about which product or service: kefu_bi.matters, axis product.';
    ELSIF open_until <= coalesce(open_from, kefu.now()) THEN
        RAISE EXCEPTION 'the survey would end before it begins' USING ERRCODE = 'KF002',
              HINT = 'open_until is later than open_from, which is now if left out; NULL is open-ended.';
    END IF;
    INSERT INTO kefu.survey (unit, title, occasion, item, open_from, open_until, opened_by)
    VALUES (open_survey.unit, open_survey.title, open_survey.occasion, open_survey.item,
            coalesce(open_survey.open_from, kefu.now()), open_survey.open_until, kefu.me())
    RETURNING survey_id INTO new_id;
    PERFORM kefu.append_ledger('desk', 'open_survey', jsonb_build_object(
        'survey', new_id, 'unit', unit, 'occasion', occasion, 'item', item));
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.open_survey(text, text, text, text, timestamptz, timestamptz) IS
'Begins to ask customers about a product or service: just released, or planned. item is a code of the product tree; open_from is now if left out. Returns its number, for kefu.place_survey(). KF002 for what makes no sense, KF003 and KF008 as everywhere (发起意见征集; R136)';

CREATE FUNCTION kefu.own_survey(survey bigint) RETURNS kefu.survey
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s kefu.survey;
BEGIN
    SELECT v.* INTO s FROM kefu.survey v WHERE v.survey_id = own_survey.survey FOR NO KEY UPDATE;
    PERFORM kefu.require_unit(s.unit, 'operator', 'leader');
    RETURN s;
END $$;
COMMENT ON FUNCTION kefu.own_survey(bigint) IS 'Locks and gives a survey that the caller may run; KF008 not there or not visible, KF003 without the role (内部: 取征集)';

CREATE FUNCTION kefu.place_survey(survey bigint, account text, native_id text, link text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.survey := kefu.own_survey(survey);
BEGIN
    PERFORM kefu.require_unit(s.unit);
    PERFORM kefu.require_publisher(s.unit, account);
    IF coalesce(native_id, '') = '' THEN
        RAISE EXCEPTION 'the id of the post is missing' USING ERRCODE = 'KF002',
              HINT = 'Give the platform''s id: what stands under the post is known by it.';
    END IF;
    INSERT INTO kefu.survey_post (account, native_id, survey_id, link, placed_at)
    VALUES (place_survey.account, place_survey.native_id, s.survey_id, place_survey.link, kefu.now())
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'post % of "%" is a survey''s already', native_id, account
            USING ERRCODE = 'KF004', HINT = 'A post asks for one survey.';
    END IF;
    PERFORM kefu.append_ledger('desk', 'place_survey', jsonb_build_object(
        'survey', s.survey_id, 'account', account, 'post', native_id));
END $$;
COMMENT ON FUNCTION kefu.place_survey(bigint, text, text, text) IS
'A post of the unit, or of one below it, asks for the survey: account, the platform''s id, its address. From then on kefu.suggest() names what stands under it an opinion (登记征集博文; R136)';

CREATE FUNCTION kefu.close_survey(survey bigint) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.survey := kefu.own_survey(survey);
BEGIN
    PERFORM kefu.require_unit(s.unit);
    IF s.open_until <= kefu.now() THEN
        RAISE EXCEPTION 'survey % is over', s.survey_id
            USING ERRCODE = 'KF004', DETAIL = format('It ended at %s.', s.open_until);
    END IF;
    UPDATE kefu.survey v SET open_until = greatest(kefu.now(), v.open_from) WHERE v.survey_id = s.survey_id;
    PERFORM kefu.append_ledger('desk', 'close_survey', jsonb_build_object('survey', s.survey_id));
    RETURN greatest(kefu.now(), s.open_from);
END $$;
COMMENT ON FUNCTION kefu.close_survey(bigint) IS
'What is posted from now on is no answer to the survey; returns its end. One that has not begun never was. KF004 if it is over (结束意见征集; R136)';

-- --- collecting ---------------------------------------------------------------------

CREATE FUNCTION kefu.record_opinion(message bigint, item text DEFAULT NULL, category text DEFAULT NULL,
                                    summary text DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    g kefu.message;
BEGIN
    SELECT x.* INTO g FROM kefu.message x WHERE x.message_id = record_opinion.message;
    PERFORM kefu.require_unit(g.unit);
    RETURN kefu.create_object('opinion', 'record', kefu.facts(
        'unit', g.unit, 'content', g.message_id::text, 'person', g.person_id::text,
        'posted_at', g.posted_at::text, 'item', coalesce(item, (kefu.survey_of(g.message_id)).item),
        'category', category, 'summary', summary), request_key);
END $$;
COMMENT ON FUNCTION kefu.record_opinion(bigint, text, text, text, text) IS
'Records the opinion in a message that was triaged already, whatever it became; kefu.triage(message, ''opinion'') does it for a new one. item, a code of the product tree, is that of the survey if left out. KF004 for a new message or one whose opinion is recorded (记录意见; R134, R135, R137)';

CREATE FUNCTION kefu.screen_opinion(opinion bigint, category text DEFAULT NULL, item text DEFAULT NULL, summary text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('opinion', opinion, 'screen', kefu.facts('category', category, 'item', item, 'summary', summary), version, request_key);
END;
COMMENT ON FUNCTION kefu.screen_opinion(bigint, text, text, text, integer, text) IS
'Classifies an opinion that is worth reporting: category, unless it is on record, a better item, its substance in a few words (分类筛选; R134)';

CREATE FUNCTION kefu.discard_opinion(opinion bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('opinion', opinion, 'discard', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.discard_opinion(bigint, text, integer, text) IS 'Screens an opinion out: it is in no report (筛除意见; R134)';

CREATE FUNCTION kefu.merge_opinion(opinion bigint, into_opinion bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    -- In order of their numbers: two merges the other way round would wait for each other.
    PERFORM FROM kefu.opinion o
      WHERE o.opinion_id IN (opinion, into_opinion) AND o.desk_unit = ANY (kefu.my_units())
      ORDER BY o.opinion_id FOR NO KEY UPDATE;
    RETURN kefu.advance('opinion', opinion, 'merge', kefu.facts('opinion', into_opinion::text), version, request_key);
END $$;
COMMENT ON FUNCTION kefu.merge_opinion(bigint, bigint, integer, text) IS
'Two opinions are one: the first goes on in the second, which is collective from then on; both of one unit, the second open. KF004 otherwise (归并意见; R133, R134)';

-- --- reporting and deciding -----------------------------------------------------------

CREATE FUNCTION kefu.report_opinions(unit text, from_date date, to_date date)
    RETURNS TABLE (opinion_id bigint, submitter text, platform text, persons_count bigint,
                   submissions_count bigint, content text, item text, item_label text, category text,
                   category_label text, posted_at timestamptz, source text, department text, state text,
                   report text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    zh boolean := current_setting('kefu.language') = 'zh';
BEGIN
    PERFORM kefu.require_unit(unit, 'operator', 'leader', 'reviewer', 'department');
    RETURN QUERY
    WITH mine AS (
        SELECT u.unit FROM kefu.unit u
         WHERE u.unit = ANY (kefu.my_units()) AND kefu.is_below(u.unit, report_opinions.unit)
    )
    SELECT o.opinion_id, kefu.mask(i.screen_name, 'name'), g.platform, n.persons, n.submissions,
           kefu.hide_numbers(coalesce(o.summary, g.text)), o.item,
           CASE WHEN zh THEN pm.name_zh ELSE pm.name_en END, o.category,
           CASE WHEN zh THEN cm.name_zh ELSE cm.name_en END, o.posted_at,
           CASE WHEN o.survey_id IS NULL THEN 'passive' ELSE 'active' END, o.department, o.state, o.report
      FROM kefu.opinion o
      JOIN kefu.message g USING (message_id)
      LEFT JOIN kefu.identity i ON i.identity_id = g.identity_id
      LEFT JOIN kefu.matter pm ON pm.axis = 'product' AND pm.matter = o.item
      LEFT JOIN kefu.matter cm ON cm.axis = 'phenomenon' AND cm.matter = o.category
      CROSS JOIN LATERAL kefu.opinion_counts(o.opinion_id) AS n
     WHERE (o.desk_unit IN (SELECT m.unit FROM mine m) OR o.department IN (SELECT m.unit FROM mine m))
       AND o.state NOT IN ('recorded', 'discarded', 'merged')
       AND o.posted_at >= from_date::timestamp AT TIME ZONE 'Asia/Shanghai'
       AND o.posted_at < (to_date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
     ORDER BY o.item, o.category, n.persons DESC, o.opinion_id;
END $$;
COMMENT ON FUNCTION kefu.report_opinions(text, date, date) IS
'The report of opinions in its fixed form: those of a unit and all below it, or reported to such a department, that were screened and posted from one Beijing date to another, both included. Submitter masked, content without numbers of seven or more digits, how many persons and how often, item and category with labels (kefu.language), time, department. Merged ones count with their collective opinion. kefu.report_opinion() binds each to the report (意见报告; R134, R135)';

CREATE FUNCTION kefu.report_opinion(opinion bigint, report text, department text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('opinion', opinion, 'report', kefu.facts('report', report, 'department', department), version, request_key);
END;
COMMENT ON FUNCTION kefu.report_opinion(bigint, text, text, integer, text) IS
'The opinion stands in a report, named by number or name, to a department of its unit or of one above, which decides (上报意见; R134)';

CREATE FUNCTION kefu.adopt_opinion(opinion bigint, solution text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('opinion', opinion, 'adopt', kefu.facts('solution', solution), version, request_key);
END;
COMMENT ON FUNCTION kefu.adopt_opinion(bigint, text, integer, text) IS 'The department, or a leader, will do something about it: what (采纳意见; R132)';

CREATE FUNCTION kefu.decline_opinion(opinion bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('opinion', opinion, 'decline', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.decline_opinion(bigint, text, integer, text) IS 'Nothing is done about it; one that was adopted only a leader declines (不采纳意见; R132)';

CREATE FUNCTION kefu.handle_opinion(opinion bigint, result text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('opinion', opinion, 'handle', kefu.facts('result', result), version, request_key);
END;
COMMENT ON FUNCTION kefu.handle_opinion(bigint, text, integer, text) IS 'What was adopted is carried out; the desk owes the feedback post from then on (意见落实; R133)';

CREATE FUNCTION kefu.feedback_opinion(opinion bigint, account text, native_id text, link text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('opinion', opinion, 'feedback', kefu.facts('account', account, 'post', native_id, 'link', link), version, request_key);
END;
COMMENT ON FUNCTION kefu.feedback_opinion(bigint, text, text, text, integer, text) IS
'The feedback post stands on that account under that id and address; kefu.answer_opinion() tells who wrote (登记反馈博文; R133)';

CREATE FUNCTION kefu.close_opinion(opinion bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('opinion', opinion, 'close', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.close_opinion(bigint, text, integer, text) IS
'A leader closes a single opinion that was answered without a post; KF001 for a collective one (结束意见; R133)';

CREATE FUNCTION kefu.draft_feedback(opinion bigint) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    o kefu.opinion;
BEGIN
    SELECT x.* INTO o FROM kefu.opinion x WHERE x.opinion_id = opinion;
    PERFORM kefu.require_unit(o.desk_unit);
    RETURN kefu.script_text('opinion_post', 'public', jsonb_strip_nulls(jsonb_build_object('solution', o.result)));
END $$;
COMMENT ON FUNCTION kefu.draft_feedback(bigint) IS
'A draft of the feedback post: the script with what was done. KF002 before that, KF008 if the opinion is not there or not visible (反馈博文草稿; R133)';

CREATE FUNCTION kefu.answer_opinion(opinion bigint, script text DEFAULT 'opinion_answer')
    RETURNS TABLE (opinion_id bigint, ticket_id bigint, state text, problem text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    head kefu.opinion;
    waiting bigint[];
BEGIN
    SELECT x.* INTO head FROM kefu.opinion x WHERE x.opinion_id = opinion;
    PERFORM kefu.require_unit(head.desk_unit, 'operator', 'leader');
    IF head.link IS NULL THEN
        RAISE EXCEPTION 'the opinion has no feedback post yet'
            USING ERRCODE = 'KF004', HINT = 'Publish it first: kefu.feedback_opinion(opinion, account, native_id, link).';
    END IF;
    waiting := kefu.waiting_tickets(ARRAY(
        SELECT g.ticket_id FROM kefu.opinion_group(opinion) AS m(opinion_id)
          JOIN kefu.opinion o USING (opinion_id) JOIN kefu.message g USING (message_id)));
    RETURN QUERY
    WITH told AS MATERIALIZED (
        SELECT a.* FROM kefu.answer_tickets(waiting, script, head.link) AS a
    )
    SELECT o.opinion_id, g.ticket_id, t.state,
           CASE WHEN t.ticket_id IS NULL THEN 'no ticket of it waits: the post is the feedback' ELSE t.problem END
      FROM kefu.opinion_group(opinion) AS m(opinion_id)
      JOIN kefu.opinion o USING (opinion_id)
      JOIN kefu.message g USING (message_id)
      LEFT JOIN told t ON t.ticket_id = g.ticket_id
     ORDER BY o.opinion_id;
END $$;
COMMENT ON FUNCTION kefu.answer_opinion(bigint, text) IS
'Tells those whose message is a ticket that still waits where the feedback post stands; one row an opinion of the group, problem saying why its submitter was not told: an opinion alone has no ticket, and without one nothing is sent. KF004 before the post (告知意见提出者; R133)';

-- --- every day ------------------------------------------------------------------------

CREATE FUNCTION kefu.duty_of(calendar text, day date, OUT from_at timestamptz, OUT to_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    starts timestamptz := day::timestamp AT TIME ZONE 'Asia/Shanghai';
    ends timestamptz := (day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai';
BEGIN
    IF calendar IS NULL THEN
        from_at := starts;
        to_at := ends;
    ELSE
        SELECT min(p.from_at), max(p.to_at) INTO from_at, to_at
          FROM kefu.working_periods(calendar, starts, ends) AS p;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.duty_of(text, date) IS 'First and last instant of a Beijing day on which the calendar is staffed; all of it without a calendar, NULL if it is closed (当日值班起止; R71)';

CREATE FUNCTION kefu.has_recorded_opinion(unit text, day date) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM kefu.opinion o
                    WHERE o.desk_unit = has_recorded_opinion.unit
                      AND o.recorded_at >= day::timestamp AT TIME ZONE 'Asia/Shanghai'
                      AND o.recorded_at < (day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai');
END;
COMMENT ON FUNCTION kefu.has_recorded_opinion(text, date) IS 'The unit recorded an opinion on that Beijing day (当日是否记录意见; R134)';

CREATE FUNCTION kefu.collect_opinions(max_units integer DEFAULT 500) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    now timestamptz := kefu.now();
    today date := (now AT TIME ZONE 'Asia/Shanghai')::date;
    d record;
    did integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    -- One at a time: two would open two tasks for one day.
    LOCK TABLE kefu.opinion_day IN SHARE ROW EXCLUSIVE MODE;
    FOR d IN SELECT u.unit, w.to_at
               FROM kefu.desk_unit u CROSS JOIN LATERAL kefu.duty_of(u.calendar, today) AS w
              WHERE w.from_at <= now AND w.to_at > now
                AND NOT EXISTS (SELECT FROM kefu.opinion_day x WHERE x.unit = u.unit AND x.day = today)
              ORDER BY u.unit LIMIT max_units LOOP
        INSERT INTO kefu.opinion_day (unit, day, task_id)
        VALUES (d.unit, today, (kefu.raise_new('task', 'open', jsonb_build_object(
            'unit', d.unit, 'cause', 'collect_opinions', 'rulebook', 'R134', 'due_at', d.to_at,
            'expires_at', d.to_at + interval '48 hours', 'note', today))).id);
        did := did + 1;
    END LOOP;
    -- What was recorded shows that somebody collected; a person says it where there was nothing.
    FOR d IN SELECT k.task_id, x.unit, x.day
               FROM kefu.opinion_day x JOIN kefu.task k USING (task_id)
              WHERE k.state = 'open' AND kefu.has_recorded_opinion(x.unit, x.day)
              ORDER BY k.task_id LIMIT max_units FOR NO KEY UPDATE OF k SKIP LOCKED LOOP
        PERFORM kefu.raise_event('task', d.task_id, 'done', jsonb_build_object('evidence',
            'opinions recorded on ' || d.day));
        did := did + 1;
    END LOOP;
    RETURN did;
END $$;
COMMENT ON FUNCTION kefu.collect_opinions(integer) IS
'Opens for each unit that runs a desk, on each day on which it is staffed, the task to collect opinions, due when its duty ends, and closes those of days on which one was recorded; where there was none, kefu.task_done() says so. Returns how many it opened and closed. The clock worker calls it every ten minutes; a Group administrator may (每日意见收集; R134)';

-- --- for the views ---------------------------------------------------------------------

CREATE FUNCTION kefu.count_opinions()
    RETURNS TABLE (opinion_id bigint, person_key uuid, submissions_count bigint, persons_count bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    SELECT o.opinion_id, p.person_key, n.submissions, n.persons
      FROM kefu.opinion o
      JOIN kefu.message g USING (message_id)
      CROSS JOIN LATERAL kefu.opinion_counts(o.opinion_id) AS n
      LEFT JOIN kefu.person p ON p.person_id = kefu.root_of(g.identity_id, o.person_id)
     WHERE o.desk_unit = ANY ((SELECT kefu.my_units())::text[])
        OR o.department = ANY ((SELECT kefu.my_units())::text[]);
END $$;
COMMENT ON FUNCTION kefu.count_opinions() IS
'Who put forward each opinion that the caller may see, as known today, and how many with all that were merged into it. For kefu_bi.opinions and its neighbours (内部: 意见计数; R133, R134, ruling 5)';

CREATE FUNCTION kefu.find_uncollected_day() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    today date := (kefu.now() AT TIME ZONE 'Asia/Shanghai')::date;
    since date := greatest(today - 7, (SELECT min(f.day) FROM kefu.opinion_day f));
BEGIN
    IF NOT EXISTS (SELECT FROM kefu.opinion_day) THEN
        RETURN;
    END IF;
    -- A task that is still open is a late promise.
    RETURN QUERY
    SELECT 'unit', NULL::bigint, u.unit, u.unit, NULL::text, w.to_at, NULL::text[],
           format('%s 未收集意见（待办：%s）', g.day, coalesce(k.state, '无')),
           format('no opinions collected on %s, task %s', g.day, coalesce(k.state, 'none'))
      FROM kefu.desk_unit u
      CROSS JOIN LATERAL (SELECT since + n AS day FROM generate_series(0, today - since) AS n) AS g
      CROSS JOIN LATERAL kefu.duty_of(u.calendar, g.day) AS w
      LEFT JOIN kefu.opinion_day x ON x.unit = u.unit AND x.day = g.day
      LEFT JOIN kefu.task k ON k.task_id = x.task_id
     WHERE w.to_at <= kefu.now() AND coalesce(k.state, 'none') NOT IN ('open', 'done')
       AND NOT kefu.has_recorded_opinion(u.unit, g.day);
END $$;
COMMENT ON FUNCTION kefu.find_uncollected_day() IS
'Days of the last seven, and today once its duty is over, on which a desk was staffed, recorded no opinion and nobody said that there was none; from the first day on for which any task was opened (未收集意见的日子; R134)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES ('uncollected_day', 'kefu.find_uncollected_day()', '{R134}', 'must', '当天未收集意见', 'no opinions collected',
        '值班人员每天收集意见：kefu.triage() 或 kefu.record_opinion()；没有意见时用 kefu.task_done() 说明。',
        'Whoever is on collects opinions every day: kefu.triage() or kefu.record_opinion(); where there are none, kefu.task_done() says so.');
