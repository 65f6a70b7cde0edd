-- 43_text: what a text of ours may not be, as rules with a beginning.
--
-- kefu.check_text() says everything that is wrong with a text at once and
-- changes nothing; who publishes decides what follows from block and warn.
-- A lexicon's hit on the text of an object is kept, and a reviewer or leader may
-- let it pass with a reason; that holds for this very text only.
--
-- What it doesn't judge: what takes more than the text to know, such as who asked
-- for it and what a repost is about; kefu.post_problems() does. Of marketing and
-- jokes (R45, R64) it knows the words only, and warns.

CREATE TABLE kefu.content_rule (
    rule text COLLATE "C" NOT NULL CONSTRAINT content_rule_code CHECK
        (rule IN ('too_long', 'not_brief', 'sensitive', 'vulgar', 'emotion', 'brand', 'competitor',
                  'marketing', 'joke', 'personal_data', 'uncredited', 'no_topic', 'unrequested', 'unrelated')),
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    valid_from timestamptz NOT NULL,
    effect text COLLATE "C" NOT NULL CONSTRAINT content_rule_effect CHECK
        (effect IN ('off', 'warn', 'block')),
    applies_to text[] NOT NULL CONSTRAINT content_rule_applies_to CHECK
        (applies_to <@ '{post,repost,comment,reply,message}'),
    at_most integer CONSTRAINT content_rule_at_most CHECK (at_most > 0),
    latitude text COLLATE "C" NOT NULL CONSTRAINT content_rule_latitude CHECK
        (latitude IN ('no', 'stricter', 'yes')),
    rulebook text COLLATE "C" NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    hint_zh text NOT NULL,
    hint_en text NOT NULL,
    PRIMARY KEY (rule, unit, valid_from),
    CONSTRAINT content_rule_number CHECK (rule <> 'not_brief' OR at_most IS NOT NULL)
);
COMMENT ON TABLE kefu.content_rule IS 'What a text may not be; the newest version of the nearest unit that has begun holds (内容规则; R41, R42, R45, R47, R53, R63, R64, R80, ruling 26)';
COMMENT ON COLUMN kefu.content_rule.rule IS 'too_long 超出平台字数, not_brief 不够简洁; sensitive, vulgar, emotion, brand, competitor, marketing, joke: the classes of lexicons; personal_data 含个人信息, uncredited 转载未注明, no_topic 无话题; of posts, unrequested 营销无部门需求 and unrelated 转发与业务无关 (规则)';
COMMENT ON COLUMN kefu.content_rule.unit IS 'it holds there and below (机构)';
COMMENT ON COLUMN kefu.content_rule.valid_from IS 'from when on (生效时间)';
COMMENT ON COLUMN kefu.content_rule.effect IS 'off 不检查, warn 提醒, block 不得发布 (效果; ruling 26)';
COMMENT ON COLUMN kefu.content_rule.applies_to IS 'kinds of text: post 博文, repost 转发, comment 评论, reply 答复, message 私信 (适用类型; ruling 29)';
COMMENT ON COLUMN kefu.content_rule.at_most IS 'of not_brief: units of the platform up to which a text is brief; else NULL (数值)';
COMMENT ON COLUMN kefu.content_rule.latitude IS 'what a unit below Group may change: no 不得调整, stricter 只能更严, yes 可调整 (调整权限; ruling 28)';
COMMENT ON COLUMN kefu.content_rule.rulebook IS 'where this comes from (依据)';
COMMENT ON COLUMN kefu.content_rule.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.content_rule.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu.content_rule.hint_zh IS 'what to do, Chinese (处理建议, 中文)';
COMMENT ON COLUMN kefu.content_rule.hint_en IS 'what to do, English (处理建议, 英文)';

CREATE FUNCTION kefu.content_rules(unit text, at timestamptz) RETURNS SETOF kefu.content_rule
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY
    SELECT DISTINCT ON (c.rule) c.*
      FROM kefu.content_rule c
      JOIN kefu.unit_path(content_rules.unit) WITH ORDINALITY AS u(unit, step) ON u.unit = c.unit
     WHERE c.valid_from <= content_rules.at
     ORDER BY c.rule, u.step, c.valid_from DESC;
END $$;
COMMENT ON FUNCTION kefu.content_rules(text, timestamptz) IS 'The version of each rule that holds for a unit at an instant. For the owner''s functions only (内部: 生效的内容规则)';

CREATE FUNCTION kefu.set_content_rule(rule text, unit text, effect text, applies_to text[] DEFAULT NULL,
                                      at_most integer DEFAULT NULL, valid_from timestamptz DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(set_content_rule.valid_from, kefu.now());
    n kefu.content_rule;
BEGIN
    PERFORM kefu.require_admin(unit);
    IF since < kefu.now() THEN
        RAISE EXCEPTION 'a rule can''t begin in the past'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'What was published stays as it was judged.';
    END IF;
    SELECT r.* INTO n FROM kefu.content_rules(unit, since) AS r WHERE r.rule = set_content_rule.rule;
    IF n IS NULL THEN
        RAISE EXCEPTION 'there is no rule "%" for texts', rule
            USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM kefu.load_preset(''texts'').';
    END IF;
    n.unit := set_content_rule.unit;
    n.valid_from := since;
    n.effect := set_content_rule.effect;
    n.applies_to := coalesce(set_content_rule.applies_to, n.applies_to);
    n.at_most := coalesce(set_content_rule.at_most, n.at_most);
    PERFORM kefu.check_latitude('content_rule', rule, unit, to_jsonb(n), kefu.rule_above('content_rule', rule, unit, '', since));
    PERFORM kefu.make_room('content_rule', rule, unit, '', since);
    INSERT INTO kefu.content_rule SELECT n.*;
    PERFORM kefu.append_ledger('rules', 'set_content_rule', jsonb_strip_nulls(jsonb_build_object(
        'rule', rule, 'unit', unit, 'effect', effect, 'applies_to', array_to_string(n.applies_to, ','),
        'at_most', n.at_most, 'from', since)));
    PERFORM kefu.settle_rules('content_rule', rule, unit, since);
END $$;
COMMENT ON FUNCTION kefu.set_content_rule(text, text, text, text[], integer, timestamptz) IS
'A new version of a rule of texts for a unit and all below it, from an instant on (default now). KF004 where a unit below Group would change what it may not. Administrators of the unit (设定内容规则; R2, ruling 28)';

-- --- checking ------------------------------------------------------------------------------

CREATE FUNCTION kefu.names_source(text text, source text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    -- A name runs on over letters, digits and ideographs: @新华 isn't named by @新华社.
    SELECT coalesce(source ~ '[^@＠[:space:]]'
       AND EXISTS (SELECT FROM regexp_split_to_table(kefu.normal_form(text), '@') WITH ORDINALITY AS p(part, n)
                    WHERE p.n > 1 AND starts_with(p.part, n.name)
                      AND substr(p.part, char_length(n.name) + 1, 1) !~ '[A-Za-z0-9_\u3400-\u4dbf\u4e00-\u9fff-]'),
           false)
      FROM (SELECT kefu.normal_form(regexp_replace(btrim(source), '^[@＠]', '')) AS name) AS n;
END;
COMMENT ON FUNCTION kefu.names_source(text, text) IS
'True if the text has @ and the whole name of the account it was copied from; false without a name (是否注明来源; R63)';

CREATE FUNCTION kefu.check_text(platform text, kind text, unit text, text text, at timestamptz,
                                is_copied boolean DEFAULT false, source text DEFAULT NULL)
    RETURNS TABLE (rule text, rulebook text, effect text, position_from integer, position_to integer,
                   excerpt text, detail text, hint text)
    LANGUAGE plpgsql ROWS 3 STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    on_at timestamptz := coalesce(check_text.at, kefu.now());
    counted_as text := CASE check_text.kind WHEN 'reply' THEN 'comment' ELSE check_text.kind END;
    zh boolean;
    length integer;
    longest integer;
    fits integer;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_unit(check_text.unit);
    END IF;
    IF check_text.kind IS NULL OR check_text.kind NOT IN ('post', 'repost', 'comment', 'reply', 'message') THEN
        RAISE EXCEPTION '"%" is no kind of text', check_text.kind
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'There are post, repost, comment, reply and message.';
    END IF;
    IF NOT EXISTS (SELECT FROM kefu.platform p WHERE p.platform = check_text.platform) THEN
        RAISE EXCEPTION 'there is no platform "%"', check_text.platform
            USING ERRCODE = 'undefined_object', HINT = 'SELECT platform, name_zh FROM kefu_bi.length_rules.';
    END IF;
    zh := current_setting('kefu.language', true) = 'zh';
    length := kefu.text_length(check_text.platform, counted_as, coalesce(check_text.text, ''), on_at);
    longest := kefu.length_limit(check_text.platform, counted_as, on_at);
    fits := kefu.fitting_length(check_text.platform, counted_as, coalesce(check_text.text, ''), on_at);
    RETURN QUERY
    WITH held AS MATERIALIZED (
        SELECT r.* FROM kefu.content_rules(check_text.unit, on_at) AS r
         WHERE r.effect <> 'off' AND check_text.kind = ANY (r.applies_to)
    ), broken AS (
        SELECT 'too_long' AS rule, fits + 1 AS from_position, char_length(check_text.text) AS to_position,
               substr(check_text.text, fits + 1, 40) AS said,
               format(CASE WHEN zh THEN '共%s字,上限%s字,超出%s字' ELSE 'it counts %s, the limit is %s: %s too many' END,
                      length, longest, length - longest) AS told
         WHERE length > longest
        UNION ALL
        SELECT h.rule, NULL, NULL, NULL,
               format(CASE WHEN zh THEN '共%s字,以%s字内为宜' ELSE 'it counts %s, brief is up to %s' END, length, h.at_most)
          FROM held h
         WHERE h.rule = 'not_brief' AND length > h.at_most AND length <= longest
        UNION ALL
        SELECT f.class, f.position_from, f.position_to,
               CASE WHEN char_length(f.excerpt) > 40 THEN left(f.excerpt, 39) || '…' ELSE f.excerpt END,
               format(CASE WHEN zh THEN '命中词库“%s”第%s版词条“%s”' ELSE 'lexicon "%s", version %s, has "%s"' END,
                      f.lexicon, f.version, w.pattern)
          FROM kefu.find_words(check_text.text, check_text.unit, on_at) AS f
          JOIN kefu.lexicon_word w USING (lexicon, version, word_number)
        UNION ALL
        SELECT 'personal_data', NULL, NULL, NULL,
               CASE WHEN zh THEN '含电话、身份证或银行卡号码' ELSE 'a telephone, identity-card or bank-card number is in it' END
         WHERE kefu.has_personal_data(check_text.text)
        UNION ALL
        SELECT 'uncredited', NULL, NULL, NULL,
               CASE WHEN coalesce(check_text.source, '') !~ '[^@＠[:space:]]'
                    THEN CASE WHEN zh THEN '未说明转自哪个账号' ELSE 'the account it was copied from is not given' END
                    ELSE format(CASE WHEN zh THEN '文中没有@%s' ELSE '@%s is not in it' END, ltrim(btrim(check_text.source), '@＠')) END
         WHERE check_text.is_copied AND NOT kefu.names_source(check_text.text, check_text.source)
        UNION ALL
        SELECT 'no_topic', NULL, NULL, NULL, CASE WHEN zh THEN '没有#话题#' ELSE 'it has no #topic#' END
         WHERE check_text.text !~ '[#＃][^#＃]+[#＃]'
    )
    SELECT h.rule, h.rulebook, h.effect, b.from_position, b.to_position, b.said,
           CASE WHEN zh THEN h.label_zh || ':' ELSE h.label_en || ': ' END || b.told,
           CASE WHEN zh THEN h.hint_zh ELSE h.hint_en END
      FROM held h JOIN broken b USING (rule)
     ORDER BY h.effect, b.from_position NULLS LAST, h.rule, b.to_position;
END $$;
COMMENT ON FUNCTION kefu.check_text(text, text, text, text, timestamptz, boolean, text) IS
'What is wrong with a text of a unit as a post, repost, comment, reply or message on a platform at an instant (NULL: now), one row a breach and place, blocking ones first; no row if nothing is. is_copied and source, the account''s name, ask for its credit. Positions are characters as written, from 1; NULL where it is the whole text. Nothing is kept (检查文字; R41, R42, R47, R53, R63, R80, rulings 26 and 29)';

-- --- hits and what became of them -------------------------------------------------------------

CREATE TABLE kefu.lexicon_hit (
    hit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lexicon text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    word_number integer NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    object_type text COLLATE "C" NOT NULL,
    object_id bigint NOT NULL,
    text_hash bytea NOT NULL CONSTRAINT lexicon_hit_hash CHECK (octet_length(text_hash) = 32),
    places_count integer NOT NULL,
    written_by integer REFERENCES kefu.staff,
    hit_at timestamptz NOT NULL,
    overridden_by integer REFERENCES kefu.staff,
    overridden_at timestamptz,
    override_reason text,
    UNIQUE (object_type, object_id, text_hash, lexicon, version, word_number),
    FOREIGN KEY (lexicon, version, word_number) REFERENCES kefu.lexicon_word,
    CONSTRAINT lexicon_hit_override CHECK
        (num_nonnulls(overridden_by, overridden_at, override_reason) IN (0, 3))
);
CREATE INDEX lexicon_hit_unit ON kefu.lexicon_hit (unit, hit_at);
COMMENT ON TABLE kefu.lexicon_hit IS 'Words that a lexicon found in the text of an object; the text itself is not kept (词库命中; R47, R80)';
COMMENT ON COLUMN kefu.lexicon_hit.hit_id IS 'number (命中编号)';
COMMENT ON COLUMN kefu.lexicon_hit.lexicon IS 'lexicon (词库)';
COMMENT ON COLUMN kefu.lexicon_hit.version IS 'its version (版本号)';
COMMENT ON COLUMN kefu.lexicon_hit.word_number IS 'its word (词条编号)';
COMMENT ON COLUMN kefu.lexicon_hit.unit IS 'unit whose text it is (机构)';
COMMENT ON COLUMN kefu.lexicon_hit.object_type IS 'what it is the text of (对象类型)';
COMMENT ON COLUMN kefu.lexicon_hit.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu.lexicon_hit.text_hash IS 'SHA-256 of the text in UTF-8: tells whether a text is still the same one (文本摘要)';
COMMENT ON COLUMN kefu.lexicon_hit.places_count IS 'places in the text (命中处数)';
COMMENT ON COLUMN kefu.lexicon_hit.written_by IS 'who wrote the text; NULL not known (撰写人)';
COMMENT ON COLUMN kefu.lexicon_hit.hit_at IS 'when it was first found (命中时间)';
COMMENT ON COLUMN kefu.lexicon_hit.overridden_by IS 'who let it pass; NULL nobody (放行人)';
COMMENT ON COLUMN kefu.lexicon_hit.overridden_at IS 'when; NULL not (放行时间)';
COMMENT ON COLUMN kefu.lexicon_hit.override_reason IS 'why; NULL not (放行理由)';

CREATE FUNCTION kefu.record_hits(object_type text, object_id bigint, unit text, text text,
                                 written_by integer DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    made integer;
BEGIN
    INSERT INTO kefu.lexicon_hit (lexicon, version, word_number, unit, object_type, object_id, text_hash,
                                  places_count, written_by, hit_at)
    SELECT f.lexicon, f.version, f.word_number, record_hits.unit, record_hits.object_type,
           record_hits.object_id, sha256(convert_to(record_hits.text, 'UTF8')), count(*),
           record_hits.written_by, kefu.now()
      FROM kefu.find_words(record_hits.text, record_hits.unit, record_hits.at) AS f
     GROUP BY f.lexicon, f.version, f.word_number
     ORDER BY f.lexicon, f.version, f.word_number
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    IF made > 0 THEN
        PERFORM kefu.append_ledger('rules', 'lexicon_hit', jsonb_build_object(
            'object_type', object_type, 'object', object_id, 'unit', unit, 'count', made));
    END IF;
    RETURN made;
END $$;
COMMENT ON FUNCTION kefu.record_hits(text, bigint, text, text, integer, timestamptz) IS
'Keeps which words are in the text of an object, once for each text; returns how many were new. For the owner''s functions only: who moves the object calls it (内部: 登记词库命中; R47, R80)';

CREATE FUNCTION kefu.overridden_rules(object_type text, object_id bigint, unit text, text text,
                                      at timestamptz DEFAULT NULL) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    SELECT coalesce(array_agg(x.class ORDER BY x.class), '{}')
      FROM (SELECT f.class
              FROM kefu.find_words(overridden_rules.text, overridden_rules.unit, overridden_rules.at) AS f
              LEFT JOIN kefu.lexicon_hit h
                ON h.object_type = overridden_rules.object_type AND h.object_id = overridden_rules.object_id
               AND h.text_hash = sha256(convert_to(overridden_rules.text, 'UTF8'))
               AND h.lexicon = f.lexicon AND h.version = f.version AND h.word_number = f.word_number
               AND h.overridden_at IS NOT NULL
             GROUP BY f.class HAVING bool_and(h.hit_id IS NOT NULL)) AS x;
END;
COMMENT ON FUNCTION kefu.overridden_rules(text, bigint, text, text, timestamptz) IS
'Rules of kefu.check_text() that don''t stop this text of this object, because each of their words in it was let pass. For the owner''s functions only (内部: 已放行的规则; R47)';

CREATE FUNCTION kefu.override_hit(hit_id bigint, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    h kefu.lexicon_hit;
BEGIN
    SELECT x.* INTO h FROM kefu.lexicon_hit x WHERE x.hit_id = override_hit.hit_id FOR UPDATE;
    PERFORM kefu.require_unit(h.unit, 'reviewer', 'leader');
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'a reason is needed to let a word pass'
            USING ERRCODE = 'KF002', HINT = 'Say why the word does no harm here.';
    END IF;
    IF h.written_by = kefu.me() THEN
        RAISE EXCEPTION 'nobody lets a word of an own text pass'
            USING ERRCODE = 'KF003', HINT = 'Another reviewer or leader may.';
    END IF;
    IF h.overridden_at IS NOT NULL THEN
        RAISE EXCEPTION 'this word was let pass already'
            USING ERRCODE = 'KF001', DETAIL = format('On %s.', h.overridden_at);
    END IF;
    UPDATE kefu.lexicon_hit x
       SET overridden_by = kefu.me(), overridden_at = kefu.now(), override_reason = reason
     WHERE x.hit_id = h.hit_id;
    PERFORM kefu.append_ledger('rules', 'override_hit', jsonb_build_object(
        'hit', h.hit_id, 'lexicon', h.lexicon, 'version', h.version, 'word', h.word_number,
        'object_type', h.object_type, 'object', h.object_id, 'unit', h.unit),
        jsonb_build_object('reason', reason));
END $$;
COMMENT ON FUNCTION kefu.override_hit(bigint, text) IS
'A reviewer or leader lets a word pass in this text of this object, with a reason; never in an own text (KF003). KF008 if the hit is not visible (放行词库命中; R47, R80)';
