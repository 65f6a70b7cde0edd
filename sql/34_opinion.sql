-- 34_opinion: what customers suggest, how it was asked for, and what came of it.
--
-- An opinion is one message of one person about one item: its content is that
-- message, so that an erasure of the words reaches it by itself.  Opinions of
-- the same substance are merged into a collective one by merged_into; none is
-- ever rewritten.  kefu.opinion_group() is the only reader of that, and persons
-- are counted when they are asked for, as they are known then (ruling 5).
--
-- What it doesn't do: find opinions by itself. A person says what one is.

CREATE TABLE kefu.survey (
    survey_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    title text NOT NULL CONSTRAINT survey_title CHECK (btrim(title) <> ''),
    occasion text COLLATE "C" NOT NULL CONSTRAINT survey_occasion CHECK (occasion IN ('released', 'planned')),
    item text COLLATE "C" NOT NULL,
    open_from timestamptz NOT NULL,
    open_until timestamptz,
    opened_by integer REFERENCES kefu.staff,
    CONSTRAINT survey_order CHECK (open_until >= open_from)
);
COMMENT ON TABLE kefu.survey IS 'Asking customers for opinions by post, on a product or service just released or about to be developed (意见征集; R136)';
COMMENT ON COLUMN kefu.survey.survey_id IS 'number (征集编号)';
COMMENT ON COLUMN kefu.survey.unit IS 'unit that asks (征集机构)';
COMMENT ON COLUMN kefu.survey.title IS 'what is asked, in a few words (征集标题)';
COMMENT ON COLUMN kefu.survey.occasion IS 'released 刚发布, planned 准备开发 (征集时机; R136)';
COMMENT ON COLUMN kefu.survey.item IS 'product or service it is about, a code of the product tree (意见所属项; R135)';
COMMENT ON COLUMN kefu.survey.open_from IS 'what is posted from then on is an answer to it (开始时间)';
COMMENT ON COLUMN kefu.survey.open_until IS 'what is posted before then is an answer to it; NULL open-ended (结束时间，不含)';
COMMENT ON COLUMN kefu.survey.opened_by IS 'who opened it (发起人)';

CREATE TABLE kefu.survey_post (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    native_id text COLLATE "C" NOT NULL,
    survey_id bigint NOT NULL REFERENCES kefu.survey,
    link text,
    placed_at timestamptz NOT NULL,
    PRIMARY KEY (account, native_id)
);
CREATE INDEX survey_post_survey ON kefu.survey_post (survey_id);
COMMENT ON TABLE kefu.survey_post IS 'Posts by which a survey asks, one or more on each platform (征集博文; R136)';
COMMENT ON COLUMN kefu.survey_post.account IS 'account that published it (发文账号)';
COMMENT ON COLUMN kefu.survey_post.native_id IS 'the platform''s id of the post (发文平台ID)';
COMMENT ON COLUMN kefu.survey_post.survey_id IS 'survey (征集)';
COMMENT ON COLUMN kefu.survey_post.link IS 'its address; NULL unknown (发文链接)';
COMMENT ON COLUMN kefu.survey_post.placed_at IS 'when it was registered here (登记时间)';

CREATE TABLE kefu.opinion (
    opinion_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    desk_unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    message_id bigint NOT NULL UNIQUE REFERENCES kefu.message,
    person_id bigint NOT NULL REFERENCES kefu.person,
    posted_at timestamptz NOT NULL,
    survey_id bigint REFERENCES kefu.survey,
    item text COLLATE "C" NOT NULL,
    category text COLLATE "C",
    summary text,
    recorded_at timestamptz NOT NULL,
    screened_at timestamptz,
    department text COLLATE "C" REFERENCES kefu.unit,
    report text COLLATE "C",
    reported_at timestamptz,
    solution text,
    adopted_at timestamptz,
    result text,
    handled_at timestamptz,
    reason text,
    account text COLLATE "C" REFERENCES kefu.account,
    native_id text COLLATE "C",
    link text,
    closed_at timestamptz,
    merged_into bigint REFERENCES kefu.opinion,
    CONSTRAINT opinion_post CHECK ((account IS NULL) = (native_id IS NULL))
) WITH (fillfactor = 85);
CREATE INDEX opinion_open ON kefu.opinion (unit) WHERE closed_at IS NULL;
CREATE INDEX opinion_recorded ON kefu.opinion (desk_unit, recorded_at);
CREATE INDEX opinion_posted ON kefu.opinion (posted_at);
CREATE INDEX opinion_merged ON kefu.opinion (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX opinion_survey ON kefu.opinion (survey_id) WHERE survey_id IS NOT NULL;
COMMENT ON TABLE kefu.opinion IS 'Customers'' suggestions, one a message; those that others are merged into are collective (意见; R132-R137)';
COMMENT ON COLUMN kefu.opinion.opinion_id IS 'number (意见编号)';
COMMENT ON COLUMN kefu.opinion.state IS 'recorded, screened, reported, adopted, handled, declined, discarded, closed, merged (状态)';
COMMENT ON COLUMN kefu.opinion.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.opinion.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.opinion.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.opinion.unit IS 'unit in whose hands it is: the desk, from the report to the decision the department (当前机构)';
COMMENT ON COLUMN kefu.opinion.desk_unit IS 'unit that collected it, the one scorecards count for (收集机构)';
COMMENT ON COLUMN kefu.opinion.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.opinion.message_id IS 'its content: the message itself, in at most one opinion (意见内容; R135)';
COMMENT ON COLUMN kefu.opinion.person_id IS 'submitter, as known when it was recorded (意见提出者; R135)';
COMMENT ON COLUMN kefu.opinion.posted_at IS 'time of the opinion: the customer''s post (意见提出时间; R135)';
COMMENT ON COLUMN kefu.opinion.survey_id IS 'survey it answers: collected actively; NULL passively (征集; R135-R137)';
COMMENT ON COLUMN kefu.opinion.item IS 'product or service concerned, a code of the product tree (意见所属项; R135)';
COMMENT ON COLUMN kefu.opinion.category IS 'what it is about, a code of the phenomenon tree; NULL before it is screened (意见分类; R134)';
COMMENT ON COLUMN kefu.opinion.summary IS 'its substance in the words of who screened it; NULL none: the message speaks for itself (意见概述)';
COMMENT ON COLUMN kefu.opinion.recorded_at IS 'when it was recorded (记录时间)';
COMMENT ON COLUMN kefu.opinion.screened_at IS 'when it was screened, screened out or merged; NULL before (筛选时间; R134)';
COMMENT ON COLUMN kefu.opinion.department IS 'department it was reported to; NULL before (上报部门; R134)';
COMMENT ON COLUMN kefu.opinion.report IS 'number or name of the report it stands in; NULL before (上报报告; R134)';
COMMENT ON COLUMN kefu.opinion.reported_at IS 'when it was reported last; NULL before (上报时间)';
COMMENT ON COLUMN kefu.opinion.solution IS 'what the department means to do; NULL before it is adopted (采纳方案; R132)';
COMMENT ON COLUMN kefu.opinion.adopted_at IS 'when it was adopted; NULL never (采纳时间; R132)';
COMMENT ON COLUMN kefu.opinion.result IS 'what was done; NULL before (处理结果; R133)';
COMMENT ON COLUMN kefu.opinion.handled_at IS 'when it was done; NULL before (落实时间; R133)';
COMMENT ON COLUMN kefu.opinion.reason IS 'why it was screened out, declined or closed without a post; NULL none (理由)';
COMMENT ON COLUMN kefu.opinion.account IS 'account of the feedback post; NULL none (反馈账号; R133)';
COMMENT ON COLUMN kefu.opinion.native_id IS 'the platform''s id of the feedback post; NULL none (反馈发文平台ID)';
COMMENT ON COLUMN kefu.opinion.link IS 'its address, which submitters are given; NULL none (反馈链接)';
COMMENT ON COLUMN kefu.opinion.closed_at IS 'when it was over; NULL while open (结束时间)';
COMMENT ON COLUMN kefu.opinion.merged_into IS 'collective opinion it goes on as; NULL none (归并至)';

CREATE TABLE kefu.opinion_day (
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    day date NOT NULL,
    task_id bigint NOT NULL REFERENCES kefu.task,
    PRIMARY KEY (unit, day)
);
COMMENT ON TABLE kefu.opinion_day IS 'The task to collect opinions, one a desk and day on which it is staffed (每日意见收集; R134)';
COMMENT ON COLUMN kefu.opinion_day.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu.opinion_day.day IS 'Beijing date (日期)';
COMMENT ON COLUMN kefu.opinion_day.task_id IS 'task (待办)';

-- --- what belongs together --------------------------------------------------------

CREATE FUNCTION kefu.opinion_group(opinion bigint) RETURNS SETOF bigint
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
BEGIN ATOMIC
    WITH RECURSIVE down AS (
        SELECT opinion_group.opinion AS opinion_id
        UNION ALL
        SELECT o.opinion_id FROM down d JOIN kefu.opinion o ON o.merged_into = d.opinion_id
    )
    SELECT d.opinion_id FROM down d;
END;
COMMENT ON FUNCTION kefu.opinion_group(bigint) IS 'The opinion and all that were merged into it, at any remove (归并意见组; R133)';

CREATE FUNCTION kefu.opinion_counts(opinion bigint, OUT submissions bigint, OUT persons bigint,
                                    OUT platforms bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*), count(DISTINCT kefu.root_of(g.identity_id, o.person_id)), count(DISTINCT g.platform)
      FROM kefu.opinion_group(opinion_counts.opinion) AS m(opinion_id)
      JOIN kefu.opinion o USING (opinion_id)
      JOIN kefu.message g USING (message_id);
END;
COMMENT ON FUNCTION kefu.opinion_counts(bigint) IS 'How often an opinion was put forward with all that were merged into it, by how many distinct persons as known today, on how many platforms (意见计数; R133, R134, ruling 5)';

CREATE FUNCTION kefu.survey_of(message bigint) RETURNS kefu.survey
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    s kefu.survey;
BEGIN
    SELECT v.* INTO s
      FROM kefu.message g
      JOIN kefu.account a ON a.platform = g.platform
      JOIN kefu.survey_post p ON p.account = a.account AND p.native_id = g.root_id
      JOIN kefu.survey v USING (survey_id)
     WHERE g.message_id = survey_of.message AND g.posted_at >= v.open_from
       AND (v.open_until IS NULL OR g.posted_at < v.open_until)
     ORDER BY v.survey_id LIMIT 1;
    RETURN s;
END $$;
COMMENT ON FUNCTION kefu.survey_of(bigint) IS 'The survey under whose post a message stands and while which it was posted, its end not included; all NULL if none (所属征集; R136)';

CREATE FUNCTION kefu.require_publisher(unit text, account text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF NOT EXISTS (SELECT FROM kefu.account a
                    WHERE a.account = require_publisher.account
                      AND require_publisher.unit IN (SELECT kefu.unit_path(a.unit))) THEN
        RAISE EXCEPTION 'unit % publishes nothing on "%"', unit, account
            USING ERRCODE = 'KF004', HINT = 'Name an account of the unit or of one below it.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_publisher(text, text) IS 'Refuses (KF004) an account that is neither the unit''s nor that of one below it (校验发文账号)';

-- --- what its events do -------------------------------------------------------------

CREATE FUNCTION kefu.guard_is_single_opinion(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN NOT EXISTS (SELECT FROM kefu.opinion o WHERE o.merged_into = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_is_single_opinion(kefu.move) IS 'No other opinion was merged into it (非群体性意见; R133)';

CREATE FUNCTION kefu.make_opinion(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    g kefu.message;
    own bigint;
    new_id bigint;
BEGIN
    -- Whoever records the same message at the same time waits here.
    SELECT x.* INTO g FROM kefu.message x WHERE x.message_id = (m.args ->> 'content')::bigint
       FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not found or not visible' USING ERRCODE = 'KF008',
              DETAIL = 'There is no such message, or you may not see it.';
    ELSIF g.state IN ('new', 'removal_asked') THEN
        RAISE EXCEPTION 'nobody has decided what message % is', g.message_id
            USING ERRCODE = 'KF004',
                  HINT = 'kefu.triage(message, kind, item => ...) records the opinion with it; kind opinion: nothing but an opinion.';
    ELSIF m.unit NOT IN (SELECT kefu.unit_path(g.unit)) THEN
        RAISE EXCEPTION 'message % is not of unit %', g.message_id, m.unit
            USING ERRCODE = 'KF004', HINT = 'The unit that reads the message, or one above it, collects its opinion.';
    ELSIF (m.args ->> 'person')::bigint IS DISTINCT FROM g.person_id
       OR (m.args ->> 'posted_at')::timestamptz IS DISTINCT FROM g.posted_at THEN
        RAISE EXCEPTION 'submitter and time are not those of message %', g.message_id
            USING ERRCODE = 'KF004', HINT = 'kefu.record_opinion() takes them from the message.';
    END IF;
    SELECT o.opinion_id INTO own FROM kefu.opinion o WHERE o.message_id = g.message_id;
    IF FOUND THEN
        RAISE EXCEPTION 'message % is an opinion already', g.message_id
            USING ERRCODE = 'KF004', DETAIL = format('It is opinion %s.', own);
    END IF;
    PERFORM kefu.check_matter('product', m.args ->> 'item');
    PERFORM kefu.check_matter('phenomenon', m.args ->> 'category');
    INSERT INTO kefu.opinion (state, unit, desk_unit, message_id, person_id, posted_at, survey_id, item,
                              category, summary, recorded_at)
    VALUES (m.to_state, m.unit, m.unit, g.message_id, g.person_id, g.posted_at,
            (kefu.survey_of(g.message_id)).survey_id, m.args ->> 'item', m.args ->> 'category',
            m.args ->> 'summary', m.at)
    RETURNING opinion_id INTO new_id;
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_opinion(kefu.move) IS 'Inserts the opinion of a message that a person has triaged, once; its submitter and time are the message''s (记录意见; R135)';

CREATE FUNCTION kefu.effect_screen_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.check_matter('product', m.args ->> 'item');
    PERFORM kefu.check_matter('phenomenon', m.args ->> 'category');
    UPDATE kefu.opinion
       SET category = coalesce(m.args ->> 'category', category), item = coalesce(m.args ->> 'item', item),
           summary = coalesce(m.args ->> 'summary', summary), screened_at = m.at
     WHERE opinion_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_screen_opinion(kefu.move) IS 'Classified and worth reporting (分类筛选; R134)';

CREATE FUNCTION kefu.effect_close_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.opinion
       SET reason = m.args ->> 'reason', closed_at = m.at, unit = desk_unit,
           screened_at = coalesce(screened_at, m.at)
     WHERE opinion_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_close_opinion(kefu.move) IS 'It is over without a post, and why (筛除、未采纳或结束; R134)';

CREATE FUNCTION kefu.effect_report_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF NOT EXISTS (SELECT FROM kefu.unit d JOIN kefu.opinion o ON o.opinion_id = m.id
                    WHERE d.unit = m.args ->> 'department' AND d.kind = 'department' AND d.is_live
                      AND d.parent IN (SELECT kefu.unit_path(o.desk_unit))) THEN
        RAISE EXCEPTION '"%" is no department of the unit or of one above it', m.args ->> 'department'
            USING ERRCODE = 'KF002',
                  HINT = (SELECT 'There are: ' || string_agg(d.unit, ', ' ORDER BY d.unit) || '.'
                            FROM kefu.unit d JOIN kefu.opinion o ON o.opinion_id = m.id
                           WHERE d.kind = 'department' AND d.is_live
                             AND d.parent IN (SELECT kefu.unit_path(o.desk_unit)));
    END IF;
    UPDATE kefu.opinion
       SET report = m.args ->> 'report', department = m.args ->> 'department',
           unit = m.args ->> 'department', reported_at = m.at
     WHERE opinion_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_report_opinion(kefu.move) IS 'It stands in a report to a department, which has to decide (上报意见; R134)';

CREATE FUNCTION kefu.effect_adopt_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.opinion SET solution = m.args ->> 'solution', adopted_at = m.at WHERE opinion_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_adopt_opinion(kefu.move) IS 'The department will do something, and what (采纳意见; R132)';

CREATE FUNCTION kefu.effect_handle_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.opinion SET result = m.args ->> 'result', handled_at = m.at, unit = desk_unit
     WHERE opinion_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_handle_opinion(kefu.move) IS 'It is done; the desk owes the feedback (意见落实; R133)';

CREATE FUNCTION kefu.effect_feedback_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.require_publisher(m.unit, m.args ->> 'account');
    UPDATE kefu.opinion
       SET account = m.args ->> 'account', native_id = m.args ->> 'post', link = m.args ->> 'link',
           closed_at = m.at
     WHERE opinion_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_feedback_opinion(kefu.move) IS 'Where the feedback post stands (发文反馈; R133)';

CREATE FUNCTION kefu.effect_merge_opinion(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    target bigint := (m.args ->> 'opinion')::bigint;
BEGIN
    IF target = m.id OR NOT EXISTS (SELECT FROM kefu.opinion o
                                     WHERE o.opinion_id = target AND o.desk_unit = m.unit
                                       AND o.closed_at IS NULL) THEN
        RAISE EXCEPTION 'an opinion can''t go on as that one'
            USING ERRCODE = 'KF004', HINT = 'Name another open opinion that the same unit collected.';
    END IF;
    -- Locks it, and fails if it was closed meanwhile.
    PERFORM kefu.raise_event('opinion', target, 'gather', jsonb_build_object('opinion', m.id));
    UPDATE kefu.opinion
       SET merged_into = target, closed_at = m.at, screened_at = coalesce(screened_at, m.at)
     WHERE opinion_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_merge_opinion(kefu.move) IS 'It goes on as a collective opinion, with whatever was merged into it; its submitter keeps being counted (归并意见; R133, R134)';
