-- 35_matter: what a ticket is about, what its text suggests, and how far the
-- public takes part.
--
-- A matter is phenomenon x product x cause, three trees of codes.  A desk that
-- has loaded no tree of an axis takes any code on it.
--
-- Suggestions are computed from rule rows when they are asked for; nothing
-- here decides: a person does, by kefu.triage().

CREATE FUNCTION kefu.matter_depth(axis text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN CASE axis WHEN 'phenomenon' THEN 3 WHEN 'product' THEN 2 WHEN 'cause' THEN 5 END;
COMMENT ON FUNCTION kefu.matter_depth(text) IS 'Levels that the tree of an axis may have; NULL for no axis (分类层数)';

CREATE TABLE kefu.matter (
    axis text COLLATE "C" NOT NULL CONSTRAINT matter_axis CHECK
        (axis IN ('phenomenon', 'product', 'cause')),
    matter text COLLATE "C" NOT NULL
        CONSTRAINT matter_code CHECK (matter ~ '^[a-z0-9_]+(\.[a-z0-9_]+)*$'),
    parent text COLLATE "C",
    name_zh text NOT NULL,
    name_en text NOT NULL,
    is_live boolean NOT NULL DEFAULT true,
    PRIMARY KEY (axis, matter),
    FOREIGN KEY (axis, parent) REFERENCES kefu.matter,
    CONSTRAINT matter_parent CHECK
        (parent IS NOT DISTINCT FROM nullif(regexp_replace(matter, '\.?[^.]*$', ''), '')),
    CONSTRAINT matter_depth CHECK (array_length(string_to_array(matter, '.'), 1) <= kefu.matter_depth(axis))
);
COMMENT ON TABLE kefu.matter IS 'The three trees of what tickets are about: phenomenon (at most 3 levels), product (2), cause (5) (业务分类; R95, R105, R112, R117)';
COMMENT ON COLUMN kefu.matter.axis IS 'phenomenon 现象, product 产品, cause 原因 (维度)';
COMMENT ON COLUMN kefu.matter.matter IS 'code: that of its parent, a dot and a word (代码)';
COMMENT ON COLUMN kefu.matter.parent IS 'node above; NULL at the top (上级)';
COMMENT ON COLUMN kefu.matter.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu.matter.name_en IS 'English name (英文名称)';
COMMENT ON COLUMN kefu.matter.is_live IS 'false: old tickets keep it, new ones can''t get it (是否在用)';

CREATE FUNCTION kefu.check_matter(axis text, matter text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF matter IS NULL
       OR EXISTS (SELECT FROM kefu.matter m
                   WHERE m.axis = check_matter.axis AND m.matter = check_matter.matter AND m.is_live)
       OR NOT EXISTS (SELECT FROM kefu.matter m WHERE m.axis = check_matter.axis) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'there is no % "%"', axis, matter
        USING ERRCODE = 'KF002',
              DETAIL = (SELECT 'There are: ' || string_agg(m.matter, ', ' ORDER BY m.matter) || '.'
                          FROM kefu.matter m
                         WHERE m.axis = check_matter.axis AND m.parent IS NULL AND m.is_live),
              HINT = 'SELECT matter, name_zh FROM kefu_bi.matters lists all of them.';
END $$;
COMMENT ON FUNCTION kefu.check_matter(text, text) IS
'Refuses (KF002) a code that the tree of that axis doesn''t have or has no longer; NULL, and any code while the tree is empty, passes (校验分类; R112)';

CREATE FUNCTION kefu.check_matters(args jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    PERFORM kefu.check_matter('phenomenon', args ->> 'category');
    PERFORM kefu.check_matter('product', args ->> 'product');
    PERFORM kefu.check_matter('cause', args ->> 'root_cause');
END $$;
COMMENT ON FUNCTION kefu.check_matters(jsonb) IS
'kefu.check_matter() for category, product and root_cause of an event''s facts (校验分类)';

-- --- what a text suggests -----------------------------------------------------

CREATE FUNCTION kefu.score_text(text text)
    RETURNS TABLE (target text, value text, score integer, why text)
    LANGUAGE plpgsql ROWS 3 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    WITH hit AS (
        SELECT r.*, row_number() OVER (ORDER BY r.priority, r.rule) AS place
          FROM kefu.kind_rule r
         WHERE coalesce(score_text.text, '') ~ r.pattern
    ), point AS (
        SELECT p.target, p.value, h.weight, h.rule, h.place, h.note
          FROM hit h CROSS JOIN LATERAL (VALUES
               ('kind', h.kind), ('category', h.category), ('product', h.product)) AS p(target, value)
         WHERE p.value IS NOT NULL
    )
    SELECT p.target, p.value, sum(p.weight)::integer,
           string_agg(format('%s +%s', p.rule, p.weight) || coalesce(' (' || p.note || ')', ''), '; '
                      ORDER BY p.place)
      FROM point p
     GROUP BY p.target, p.value
    UNION ALL
    SELECT 'priority', min(h.raises_to)::text, 0,
           string_agg(format('%s to %s', h.rule, h.raises_to) || coalesce(' (' || h.note || ')', ''), '; '
                      ORDER BY h.place)
      FROM hit h WHERE h.raises_to IS NOT NULL
    HAVING count(*) > 0;
END $$;
COMMENT ON FUNCTION kefu.score_text(text) IS
'What the rules suggest for a text, as they are now: one row for each kind, category and product with its points and the rules that gave them, and one for the priority that risk words raise to. Ingest counts in the same way (评分; R105)';

-- --- how alike texts are ----------------------------------------------------------

CREATE FUNCTION kefu.similarity(a text, b text) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_similarity_sql';
COMMENT ON FUNCTION kefu.similarity(text, text) IS
'How alike two texts are, 0 to 1: pairs of neighbouring characters that both have by pairs that either has, after addresses, names, emoticons, punctuation and space are left out, width and case folded, and a run of digits made one mark. Texts of fewer than 4 pairs are alike only if equal; an empty one is like nothing. The same in every locale and encoding (文本相似度; R92, R116)';

CREATE FUNCTION kefu.sketch(text text) RETURNS bigint[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_sketch_sql';
COMMENT ON FUNCTION kefu.sketch(text) IS
'Numbers by which an index finds texts alike: two share one with probability 96 % at similarity 0.5, 99.9 % at 0.6, 0.3 % at 0.05; 24 of them, 1 for a short text, none for an empty one. kefu.similarity() decides (文本指纹; R92, R116)';

CREATE FUNCTION kefu.shared_bands(a bigint[], b bigint[]) RETURNS integer
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_shared_bands';
COMMENT ON FUNCTION kefu.shared_bands(bigint[], bigint[]) IS
'How many numbers two sketches share, 0 to 24: of many texts found, those that share most are compared (共有指纹数; R92, R116)';

-- --- public opinion (ruling 23) ---------------------------------------------------

CREATE TABLE kefu.alarm_level (
    alarm smallint NOT NULL CONSTRAINT alarm_level_alarm CHECK (alarm BETWEEN 1 AND 4),
    valid_from timestamptz NOT NULL,
    code text COLLATE "C" NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    respond_within interval NOT NULL CONSTRAINT alarm_level_positive CHECK (respond_within > interval '0'),
    PRIMARY KEY (alarm, valid_from)
);
COMMENT ON TABLE kefu.alarm_level IS 'Public-opinion levels and how soon a public statement is due, on the wall clock; the latest valid_from holds (舆情等级; ruling 23)';
COMMENT ON COLUMN kefu.alarm_level.alarm IS '1 lowest to 4 (等级)';
COMMENT ON COLUMN kefu.alarm_level.valid_from IS 'for levels reached from then on (生效时间)';
COMMENT ON COLUMN kefu.alarm_level.code IS 'blue 蓝, yellow 黄, orange 橙, red 红 (颜色)';
COMMENT ON COLUMN kefu.alarm_level.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu.alarm_level.name_en IS 'English name (英文名称)';
COMMENT ON COLUMN kefu.alarm_level.respond_within IS 'time for a public statement from the moment the level is reached (回应时限)';

CREATE TABLE kefu.alarm_rule (
    measure text COLLATE "C" NOT NULL CONSTRAINT alarm_rule_measure CHECK
        (measure IN ('reposts', 'angry_authors', 'verified_authors', 'growth')),
    alarm smallint NOT NULL CONSTRAINT alarm_rule_alarm CHECK (alarm BETWEEN 1 AND 4),
    valid_from timestamptz NOT NULL,
    at_least bigint NOT NULL CONSTRAINT alarm_rule_at_least CHECK (at_least > 0),
    PRIMARY KEY (measure, alarm, valid_from)
);
COMMENT ON TABLE kefu.alarm_rule IS 'From which number on a measure of a thread means a public-opinion level; the highest level of all measures counts (舆情规则; ruling 23)';
COMMENT ON COLUMN kefu.alarm_rule.measure IS 'reposts 转发数, angry_authors 24小时内不满作者数, verified_authors 其中认证作者数, growth 10分钟内新增不满作者数 (指标)';
COMMENT ON COLUMN kefu.alarm_rule.alarm IS 'level (等级)';
COMMENT ON COLUMN kefu.alarm_rule.valid_from IS 'from then on; the latest holds (生效时间)';
COMMENT ON COLUMN kefu.alarm_rule.at_least IS 'number from which the level is reached, itself included (门槛)';

CREATE TABLE kefu.spread (
    message_id bigint NOT NULL REFERENCES kefu.message,
    at timestamptz NOT NULL,
    reposts bigint NOT NULL CONSTRAINT spread_reposts CHECK (reposts >= 0),
    comments bigint CONSTRAINT spread_comments CHECK (comments >= 0),
    reads bigint CONSTRAINT spread_reads CHECK (reads >= 0),
    staff_id integer REFERENCES kefu.staff,
    PRIMARY KEY (message_id, at)
);
COMMENT ON TABLE kefu.spread IS 'How far a customer''s post has spread, one row an observation (传播情况; ruling 23)';
COMMENT ON COLUMN kefu.spread.message_id IS 'message (消息)';
COMMENT ON COLUMN kefu.spread.at IS 'when it was read (观察时间)';
COMMENT ON COLUMN kefu.spread.reposts IS 'reposts so far (转发数)';
COMMENT ON COLUMN kefu.spread.comments IS 'comments so far; NULL unknown (评论数)';
COMMENT ON COLUMN kefu.spread.reads IS 'reads so far; NULL unknown (阅读数)';
COMMENT ON COLUMN kefu.spread.staff_id IS 'who noted it (记录人)';

CREATE TABLE kefu.original (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    item_key text COLLATE "C" NOT NULL,
    message_id bigint,
    text text,
    reposts_count bigint NOT NULL,
    told_count bigint,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (platform, item_key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX original_message ON kefu.original (message_id) WHERE message_id IS NOT NULL;
COMMENT ON TABLE kefu.original IS 'What was reposted in front of us, each once however often: who carries the ticket about it, and how far it has spread (被转发原文; R85, R103, ruling 23)';
COMMENT ON COLUMN kefu.original.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.original.item_key IS 'the platform''s id of it, or the dialect''s key, as in kefu.seen_item (原文ID)';
COMMENT ON COLUMN kefu.original.message_id IS 'message whose ticket is about it: itself, or the repost that opened one; no foreign key, it may be of the same payload; NULL none (承载消息)';
COMMENT ON COLUMN kefu.original.text IS 'its words as the first repost quotes them, where it is no message itself; NULL unknown (原文内容)';
COMMENT ON COLUMN kefu.original.reposts_count IS 'live reposts that came to us (已收转发数)';
COMMENT ON COLUMN kefu.original.told_count IS 'most that the platform counted in all; NULL unknown (平台转发数)';
COMMENT ON COLUMN kefu.original.first_at IS 'when the first one came (首次转发入库时间)';
COMMENT ON COLUMN kefu.original.last_at IS 'when the latest one came (最近转发入库时间)';

CREATE FUNCTION kefu.angry_threads(at timestamptz)
    RETURNS TABLE (platform text, thread text, first_message bigint, angry_authors bigint,
                   verified_authors bigint, growth bigint, reposts bigint)
    LANGUAGE plpgsql ROWS 10 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT g.platform, coalesce(g.root_id, g.native_id), min(g.message_id),
           count(DISTINCT coalesce(p.merged_into, p.person_id)),
           count(DISTINCT coalesce(p.merged_into, p.person_id)) FILTER (WHERE i.is_verified),
           count(DISTINCT coalesce(p.merged_into, p.person_id))
               FILTER (WHERE g.posted_at > angry_threads.at - interval '10 minutes'),
           coalesce(max((SELECT s.reposts FROM kefu.spread s
                          WHERE s.message_id = g.message_id ORDER BY s.at DESC LIMIT 1)), 0)
      FROM kefu.message g
      LEFT JOIN kefu.person p ON p.person_id = g.person_id
      LEFT JOIN kefu.identity i ON i.identity_id = g.identity_id
     WHERE g.posted_at > angry_threads.at - interval '24 hours' AND g.posted_at <= angry_threads.at
       AND g.is_live AND g.item_type <> 'message'
       AND coalesce(g.confirmed_kind, g.suggested_kind) IN ('complaint', 'negative')
     GROUP BY g.platform, coalesce(g.root_id, g.native_id);
END $$;
COMMENT ON FUNCTION kefu.angry_threads(timestamptz) IS
'Public threads with complaints or negative comments in the 24 hours up to an instant: a post and what stands under it. growth counts the authors of the last 10 minutes, reposts is the last observation of any post of the thread, 0 if none (不满话题; ruling 23)';

CREATE FUNCTION kefu.rate_alarm(angry_authors bigint, verified_authors bigint, growth bigint,
                                reposts bigint, at timestamptz) RETURNS smallint
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT coalesce(max(r.alarm), 0)
              FROM (SELECT DISTINCT ON (a.measure, a.alarm) a.measure, a.alarm, a.at_least
                      FROM kefu.alarm_rule a
                     WHERE a.valid_from <= rate_alarm.at
                     ORDER BY a.measure, a.alarm, a.valid_from DESC) AS r
             WHERE r.at_least <= CASE r.measure WHEN 'angry_authors' THEN angry_authors
                                                WHEN 'verified_authors' THEN verified_authors
                                                WHEN 'growth' THEN growth
                                                ELSE reposts END);
END $$;
COMMENT ON FUNCTION kefu.rate_alarm(bigint, bigint, bigint, bigint, timestamptz) IS
'Public-opinion level that these numbers mean under the rules of that instant; 0 none (舆情定级; ruling 23)';
