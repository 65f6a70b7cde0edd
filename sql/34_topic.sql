-- 34_topic: messages about the same matter, and from when that is a duty.
--
-- A topic is of one unit.  Two messages are of one matter if their texts are
-- alike; where they also have one category, less alike will do.  Which they are
-- most like, and why, is kept beside each.  Nothing is assigned here: a job
-- does that to what a person has triaged (59_topic).
--
-- Persons are counted as they are known today, platforms as messages name
-- them, times are posted_at whenever a message was triaged (rulings 5, 6).

CREATE TABLE kefu.topic (
    topic_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    category text COLLATE "C",
    opened_at timestamptz NOT NULL,
    messages_count integer NOT NULL DEFAULT 0,
    persons_count integer NOT NULL DEFAULT 0,
    platforms_count integer NOT NULL DEFAULT 0,
    first_posted_at timestamptz,
    last_posted_at timestamptz,
    needs_solution boolean NOT NULL DEFAULT false,
    reached_by text COLLATE "C",
    reached_at timestamptz,
    is_recounted boolean NOT NULL DEFAULT false,
    decision text COLLATE "C" CONSTRAINT topic_decision CHECK (decision IN ('announce', 'wait')),
    solution text,
    account text COLLATE "C" REFERENCES kefu.account,
    native_id text COLLATE "C",
    link text,
    published_at timestamptz,
    closed_at timestamptz,
    merged_into bigint REFERENCES kefu.topic,
    CONSTRAINT topic_post CHECK ((account IS NULL) = (native_id IS NULL))
);
CREATE INDEX topic_open ON kefu.topic (unit, last_posted_at) WHERE closed_at IS NULL;
COMMENT ON TABLE kefu.topic IS 'Messages about the same matter in one unit; reaching a threshold makes it a duty to decide on a public answer (同类问题; R92, R116)';
COMMENT ON COLUMN kefu.topic.topic_id IS 'number (同类问题编号)';
COMMENT ON COLUMN kefu.topic.state IS 'forming, due, ready, published, waived, closed, merged (状态)';
COMMENT ON COLUMN kefu.topic.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.topic.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.topic.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.topic.unit IS 'unit that decides and publishes (处理机构)';
COMMENT ON COLUMN kefu.topic.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.topic.category IS 'category of the message it began with; NULL none (业务分类)';
COMMENT ON COLUMN kefu.topic.opened_at IS 'when it was opened (立项时间)';
COMMENT ON COLUMN kefu.topic.messages_count IS 'messages in it (消息数)';
COMMENT ON COLUMN kefu.topic.persons_count IS 'distinct persons as known at the last count (人数; ruling 5)';
COMMENT ON COLUMN kefu.topic.platforms_count IS 'distinct platforms (平台数)';
COMMENT ON COLUMN kefu.topic.first_posted_at IS 'earliest post in it; NULL while it has none (最早发布时间)';
COMMENT ON COLUMN kefu.topic.last_posted_at IS 'latest post in it; NULL while it has none (最近发布时间)';
COMMENT ON COLUMN kefu.topic.needs_solution IS 'a complaint or negative comment is in it: published only after a solution (是否须先解决; R116)';
COMMENT ON COLUMN kefu.topic.reached_by IS 'kind and measure of the threshold reached, such as inquiry_persons; NULL none yet (达到的门槛)';
COMMENT ON COLUMN kefu.topic.reached_at IS 'post that reached it; NULL none yet (达到门槛时间)';
COMMENT ON COLUMN kefu.topic.is_recounted IS 'counted anew after a threshold was reached: persons were merged or split, topics merged, or a message''s ticket or its kind changed (是否重新计数; ruling 6)';
COMMENT ON COLUMN kefu.topic.decision IS 'announce 发文, wait 待解决; NULL not decided (决定; R92, R116)';
COMMENT ON COLUMN kefu.topic.solution IS 'solution; NULL none yet (解决办法; R116)';
COMMENT ON COLUMN kefu.topic.account IS 'account that published the answer; NULL before (发文账号)';
COMMENT ON COLUMN kefu.topic.native_id IS 'the platform''s id of that post; NULL before (发文平台ID)';
COMMENT ON COLUMN kefu.topic.link IS 'its address, which customers are given; NULL before (发文链接)';
COMMENT ON COLUMN kefu.topic.published_at IS 'when it was published; NULL before (发文时间)';
COMMENT ON COLUMN kefu.topic.closed_at IS 'when it was closed, waived or merged; NULL while open (结束时间)';
COMMENT ON COLUMN kefu.topic.merged_into IS 'topic it goes on as; NULL none (并入)';

CREATE TABLE kefu.topic_message (
    message_id bigint PRIMARY KEY REFERENCES kefu.message,
    topic_id bigint NOT NULL REFERENCES kefu.topic,
    like_message bigint REFERENCES kefu.message,
    similarity numeric(4, 3),
    why text NOT NULL,
    added_at timestamptz NOT NULL
);
CREATE INDEX topic_message_topic ON kefu.topic_message (topic_id);
COMMENT ON TABLE kefu.topic_message IS 'Which message is in which topic, and why: each in one at most (同类消息; R92, R116)';
COMMENT ON COLUMN kefu.topic_message.message_id IS 'message (消息)';
COMMENT ON COLUMN kefu.topic_message.topic_id IS 'topic (同类问题)';
COMMENT ON COLUMN kefu.topic_message.like_message IS 'message it is most like; NULL for the first (最相似消息)';
COMMENT ON COLUMN kefu.topic_message.similarity IS 'how alike, 0 to 1; NULL for the first (相似度)';
COMMENT ON COLUMN kefu.topic_message.why IS 'first, text, category or ticket: the rule that brought it in (归类依据)';
COMMENT ON COLUMN kefu.topic_message.added_at IS 'when (归类时间)';

CREATE TABLE kefu.message_sketch (
    message_id bigint PRIMARY KEY REFERENCES kefu.message,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    category text COLLATE "C",
    posted_at timestamptz NOT NULL,
    sketch bigint[] NOT NULL
);
CREATE INDEX message_sketch_alike ON kefu.message_sketch USING gin (sketch) WITH (fastupdate = off);
CREATE INDEX message_sketch_category ON kefu.message_sketch (unit, category, posted_at);
CREATE INDEX message_sketch_posted ON kefu.message_sketch (posted_at);
COMMENT ON TABLE kefu.message_sketch IS 'By which numbers texts alike are found; no words can be read out of it. Made anew from the message if lost (文本指纹; R92, R116)';
COMMENT ON COLUMN kefu.message_sketch.message_id IS 'message (消息)';
COMMENT ON COLUMN kefu.message_sketch.unit IS 'unit of its ticket when it was assigned (机构)';
COMMENT ON COLUMN kefu.message_sketch.category IS 'category of its ticket then; NULL none (业务分类)';
COMMENT ON COLUMN kefu.message_sketch.posted_at IS 'customer''s post time (发布时间)';
COMMENT ON COLUMN kefu.message_sketch.sketch IS 'kefu.sketch() of its text (指纹)';

CREATE TABLE kefu.topic_queue (
    message_id bigint PRIMARY KEY REFERENCES kefu.message,
    queued_at timestamptz NOT NULL
);
COMMENT ON TABLE kefu.topic_queue IS 'Triaged messages that wait to be compared (待归类消息)';
COMMENT ON COLUMN kefu.topic_queue.message_id IS 'message (消息)';
COMMENT ON COLUMN kefu.topic_queue.queued_at IS 'when it was triaged (分类时间)';

CREATE TABLE kefu.topic_recount (
    topic_id bigint PRIMARY KEY REFERENCES kefu.topic,
    queued_at timestamptz NOT NULL
);
COMMENT ON TABLE kefu.topic_recount IS 'Topics that wait to be counted again: persons were merged or split, or the ticket of a message or its kind changed (待重新计数; ruling 6)';
COMMENT ON COLUMN kefu.topic_recount.topic_id IS 'topic (同类问题)';
COMMENT ON COLUMN kefu.topic_recount.queued_at IS 'since when (时间)';

CREATE TABLE kefu.topic_threshold (
    kind text COLLATE "C" NOT NULL CONSTRAINT topic_threshold_kind CHECK (kind IN ('inquiry', 'complaint')),
    measure text COLLATE "C" NOT NULL CONSTRAINT topic_threshold_measure CHECK
        (measure IN ('persons', 'platforms')),
    valid_from timestamptz NOT NULL,
    at_least integer NOT NULL CONSTRAINT topic_threshold_at_least CHECK (at_least > 0),
    period text COLLATE "C" NOT NULL CONSTRAINT topic_threshold_period CHECK (period IN ('day', 'week')),
    counted text COLLATE "C" NOT NULL CONSTRAINT topic_threshold_counted CHECK
        (counted IN ('rolling', 'calendar', 'either')),
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, measure, valid_from)
);
COMMENT ON TABLE kefu.topic_threshold IS 'From when a topic is a duty: for topics with an inquiry in them and for those with a complaint or negative comment; all their messages count together; the latest valid_from holds (同类问题门槛; R92, R116, ruling 6)';
COMMENT ON COLUMN kefu.topic_threshold.kind IS 'inquiry 咨询, complaint 投诉 (类型)';
COMMENT ON COLUMN kefu.topic_threshold.measure IS 'persons 人数, platforms 平台数 (指标)';
COMMENT ON COLUMN kefu.topic_threshold.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.topic_threshold.at_least IS 'number from which it is reached, itself included (门槛; ruling 5)';
COMMENT ON COLUMN kefu.topic_threshold.period IS 'day 一天 or week 一周 (期间)';
COMMENT ON COLUMN kefu.topic_threshold.counted IS 'rolling 滚动: any 24 hours or 7 days, both ends included; calendar 自然: a Beijing day or a week from Monday; either 任一 (计算方式)';
COMMENT ON COLUMN kefu.topic_threshold.rulebook IS 'R number (规范条款)';

CREATE TABLE kefu.likeness_rule (
    valid_from timestamptz PRIMARY KEY,
    by_text numeric(4, 3) NOT NULL CONSTRAINT likeness_rule_by_text CHECK (by_text > 0 AND by_text <= 1),
    by_category numeric(4, 3) NOT NULL,
    CONSTRAINT likeness_rule_order CHECK (by_category > 0 AND by_category <= by_text)
);
COMMENT ON TABLE kefu.likeness_rule IS 'From which similarity two messages are of one matter; the latest valid_from holds (同类判定规则; house default)';
COMMENT ON COLUMN kefu.likeness_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.likeness_rule.by_text IS 'whatever their categories, 0 to 1 (仅按文本)';
COMMENT ON COLUMN kefu.likeness_rule.by_category IS 'where both have the same category, 0 to 1 (同一分类)';

-- --- counting -----------------------------------------------------------------------

CREATE FUNCTION kefu.topic_members(topic bigint)
    RETURNS TABLE (message_id bigint, posted_at timestamptz, person bigint, platform text, kind text)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT g.message_id, g.posted_at, kefu.root_of(g.identity_id, g.person_id), g.platform,
           CASE t.kind WHEN 'inquiry' THEN 'inquiry' ELSE 'complaint' END
      FROM kefu.topic_message x
      JOIN kefu.message g USING (message_id)
      JOIN kefu.ticket t ON t.ticket_id = g.ticket_id
     WHERE x.topic_id = topic AND t.kind IN ('inquiry', 'complaint', 'negative');
END $$;
COMMENT ON FUNCTION kefu.topic_members(bigint) IS 'Messages of a topic that count, with the person behind each today; a negative comment counts as a complaint (同类消息; rulings 5, 6)';

CREATE FUNCTION kefu.topic_reached(topic bigint, OUT reached_by text, OUT reached_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    WITH member AS MATERIALIZED (
        SELECT m.* FROM kefu.topic_members(topic) AS m
    ), rule AS (
        SELECT DISTINCT ON (r.kind, r.measure) r.*
          FROM kefu.topic_threshold r
         WHERE r.valid_from <= kefu.now() AND EXISTS (SELECT FROM member m WHERE m.kind = r.kind)
         ORDER BY r.kind, r.measure, r.valid_from DESC
    ), count AS (
        SELECT r.kind, r.measure, r.at_least, last.posted_at,
               count(DISTINCT CASE r.measure WHEN 'persons' THEN m.person::text ELSE m.platform END)
                   FILTER (WHERE r.counted <> 'calendar'
                             AND m.posted_at >= last.posted_at - CASE r.period WHEN 'day'
                                 THEN interval '24 hours' ELSE interval '168 hours' END) AS rolling,
               count(DISTINCT CASE r.measure WHEN 'persons' THEN m.person::text ELSE m.platform END)
                   FILTER (WHERE r.counted <> 'rolling'
                             AND m.posted_at >= date_trunc(r.period, last.posted_at, 'Asia/Shanghai')) AS calendar
          FROM rule r
          CROSS JOIN member last
          JOIN member m ON m.posted_at <= last.posted_at
                       AND m.posted_at >= last.posted_at - interval '168 hours'
         GROUP BY r.kind, r.measure, r.at_least, last.message_id, last.posted_at
    )
    SELECT c.kind || '_' || c.measure, c.posted_at INTO reached_by, reached_at
      FROM count c
     WHERE greatest(c.rolling, c.calendar) >= c.at_least
     ORDER BY c.posted_at, c.kind DESC, c.measure LIMIT 1;
END $$;
COMMENT ON FUNCTION kefu.topic_reached(bigint) IS
'The first post that made a topic reach a threshold, and which, under the rules of now and with the persons known now; NULL if none (是否达到门槛; R92, R116)';

CREATE FUNCTION kefu.count_topic(topic bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.topic t
       SET messages_count = n.messages, persons_count = n.persons, platforms_count = n.platforms,
           first_posted_at = n.first_at, last_posted_at = n.last_at, needs_solution = n.complains
      FROM (SELECT count(*) AS messages, count(DISTINCT m.person) AS persons,
                   count(DISTINCT m.platform) AS platforms, min(m.posted_at) AS first_at,
                   max(m.posted_at) AS last_at, coalesce(bool_or(m.kind = 'complaint'), false) AS complains
              FROM kefu.topic_members(topic) AS m) AS n
     WHERE t.topic_id = count_topic.topic;
END $$;
COMMENT ON FUNCTION kefu.count_topic(bigint) IS 'Writes the counts of a topic. For its effects only (同类计数)';

CREATE FUNCTION kefu.recount_topics(messages bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    INSERT INTO kefu.topic_recount (topic_id, queued_at)
    SELECT DISTINCT x.topic_id, kefu.now()
      FROM kefu.topic_message x WHERE x.message_id = ANY (messages)
        ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION kefu.recount_topics(bigint[]) IS 'Topics with one of these messages are to be counted anew: their persons, their ticket or its kind changed. For the owner''s functions only (待重新计数; ruling 6)';

-- --- what its events do ----------------------------------------------------------------

CREATE FUNCTION kefu.guard_needs_solution(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (SELECT FROM kefu.topic_members(m.id) AS x WHERE x.kind = 'complaint');
END $$;
COMMENT ON FUNCTION kefu.guard_needs_solution(kefu.move) IS 'A complaint or negative comment is in the topic (须先解决; R116)';

CREATE FUNCTION kefu.guard_decided(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT t.decision IS NOT NULL FROM kefu.topic t WHERE t.topic_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_decided(kefu.move) IS 'Somebody has decided on the topic (已决定; R116)';

CREATE FUNCTION kefu.make_topic(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO kefu.topic (state, unit, category, opened_at)
    VALUES (m.to_state, m.unit, m.args ->> 'category', m.at)
    RETURNING topic_id INTO new_id;
    INSERT INTO kefu.topic_message (message_id, topic_id, why, added_at)
    VALUES ((m.args ->> 'message')::bigint, new_id, 'first', m.at);
    RETURN new_id;
END $$;
COMMENT ON FUNCTION kefu.make_topic(kefu.move) IS 'Inserts a topic with its first message (新建同类问题; R92, R116)';

CREATE FUNCTION kefu.effect_add_message(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    INSERT INTO kefu.topic_message (message_id, topic_id, like_message, similarity, why, added_at)
    VALUES ((m.args ->> 'message')::bigint, m.id, (m.args ->> 'like_message')::bigint,
            (m.args ->> 'similarity')::numeric, m.args ->> 'cause', m.at);
    PERFORM kefu.count_topic(m.id);
END $$;
COMMENT ON FUNCTION kefu.effect_add_message(kefu.move) IS 'A message joins a topic, which is counted anew (归入同类问题; R92, R116)';

CREATE FUNCTION kefu.effect_reach_topic(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.count_topic(m.id);
    UPDATE kefu.topic
       SET reached_by = m.args ->> 'threshold', reached_at = (m.args ->> 'posted_at')::timestamptz
     WHERE topic_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_reach_topic(kefu.move) IS 'Which threshold was reached when; from now on somebody has to decide (达到门槛; R92, R116)';

CREATE FUNCTION kefu.effect_decide_topic(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF (m.args ->> 'decision') NOT IN ('announce', 'wait') THEN
        RAISE EXCEPTION 'a topic is not decided by "%"', m.args ->> 'decision'
            USING ERRCODE = 'KF002', HINT = 'Decisions: announce, wait. Nothing at all: kefu.waive_topic().';
    END IF;
    UPDATE kefu.topic SET decision = m.args ->> 'decision' WHERE topic_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_decide_topic(kefu.move) IS 'What was decided (决定; R92, R116)';

CREATE FUNCTION kefu.effect_solve_topic(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.topic SET solution = m.args ->> 'solution' WHERE topic_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_solve_topic(kefu.move) IS 'A solution exists: it may be published (有解决办法; R116)';

CREATE FUNCTION kefu.effect_publish_topic(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.require_publisher(m.unit, m.args ->> 'account');
    UPDATE kefu.topic
       SET account = m.args ->> 'account', native_id = m.args ->> 'post', link = m.args ->> 'link',
           decision = 'announce', published_at = m.at
     WHERE topic_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_publish_topic(kefu.move) IS 'Where the public answer stands (发文; R92, R116)';

CREATE FUNCTION kefu.effect_unpublish_topic(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.topic
       SET account = NULL, native_id = NULL, link = NULL, published_at = NULL, decision = NULL
     WHERE topic_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_unpublish_topic(kefu.move) IS 'The public answer has to be written anew: its link is given to nobody any more (重拟发文)';

CREATE FUNCTION kefu.effect_close_topic(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.topic SET closed_at = m.at WHERE topic_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_close_topic(kefu.move) IS 'The topic is over (结束同类问题)';

CREATE FUNCTION kefu.effect_recount_topic(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    PERFORM kefu.count_topic(m.id);
    UPDATE kefu.topic SET is_recounted = is_recounted OR reached_at IS NOT NULL WHERE topic_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_recount_topic(kefu.move) IS 'Counted anew; a duty already raised stays, marked (重新计数; ruling 6)';

CREATE FUNCTION kefu.effect_merge_topic(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    target bigint := (m.args ->> 'topic')::bigint;
BEGIN
    IF target = m.id OR NOT EXISTS (SELECT FROM kefu.topic t
                                     WHERE t.topic_id = target AND t.unit = m.unit AND t.closed_at IS NULL) THEN
        RAISE EXCEPTION 'a topic can''t go on as that one'
            USING ERRCODE = 'KF004', HINT = 'Name another open topic of the same unit.';
    END IF;
    UPDATE kefu.topic_message SET topic_id = target WHERE topic_id = m.id;
    UPDATE kefu.topic SET merged_into = target, closed_at = m.at WHERE topic_id = m.id;
    PERFORM kefu.raise_event('topic', target, 'recount');
    PERFORM kefu.check_topic(target);
END $$;
COMMENT ON FUNCTION kefu.effect_merge_topic(kefu.move) IS 'All its messages go on in another topic of the unit, which is counted anew and may be a duty now (并入同类问题; R92, R116)';
