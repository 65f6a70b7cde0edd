-- 17_length: how long a text may be on a platform, and how the platform counts.
--
-- The one place that says so: a version of a rule is a row with valid_from, so
-- that what was written years ago is judged by the rule of its day.  The
-- counting itself is C without a platform's name in it.

CREATE TABLE kefu.length_rule (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    kind text COLLATE "C" NOT NULL CONSTRAINT length_rule_kind CHECK
        (kind IN ('post', 'repost', 'comment', 'message')),
    valid_from timestamptz NOT NULL,
    text_limit integer NOT NULL CONSTRAINT length_rule_text_limit CHECK (text_limit > 0),
    algorithm text COLLATE "C" NOT NULL CONSTRAINT length_rule_algorithm CHECK
        (algorithm IN ('sina', 'halves', 'codepoints', 'graphemes', 'bytes')),
    url_length integer CONSTRAINT length_rule_url_length CHECK (url_length BETWEEN 1 AND 1000),
    short_names boolean NOT NULL DEFAULT false,
    PRIMARY KEY (platform, kind, valid_from),
    CONSTRAINT length_rule_sina CHECK (algorithm <> 'sina' OR (url_length IS NULL AND NOT short_names))
);
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.length_rule FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
COMMENT ON TABLE kefu.length_rule IS 'How long a text may be on a platform and how it counts; the newest version that has begun holds, a kind without a row has no limit (字数规则; R41)';
COMMENT ON COLUMN kefu.length_rule.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.length_rule.kind IS 'post 博文, repost 转发, comment 评论 (replies to comments too), message 私信 (类型)';
COMMENT ON COLUMN kefu.length_rule.valid_from IS 'from when on; versions that have begun are never changed (生效时间)';
COMMENT ON COLUMN kefu.length_rule.text_limit IS 'longest text, in units of the algorithm (字数上限)';
COMMENT ON COLUMN kefu.length_rule.algorithm IS 'sina: half units as Sina''s editor counts, addresses by its own rule, the sum rounded up once; halves: the same without the addresses; codepoints; graphemes: characters as a reader sees them (UAX #29); bytes of UTF-8 (计数方法)';
COMMENT ON COLUMN kefu.length_rule.url_length IS 'units an http or https address counts as; NULL as it is written (链接计数)';
COMMENT ON COLUMN kefu.length_rule.short_names IS '@name@host counts as @name (跨站用户名只计本名)';

CREATE FUNCTION kefu.text_length(platform text, kind text, text text, at timestamptz DEFAULT NULL)
    RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_text_length_sql';
COMMENT ON FUNCTION kefu.text_length(text, text, text, timestamptz) IS
'How long the text is to the platform as a post, repost, comment or message at an instant (default now), in the platform''s units; NULL if it has no rule for that kind then (字数; R41)';

CREATE FUNCTION kefu.length_limit(platform text, kind text, at timestamptz DEFAULT NULL)
    RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_length_limit';
COMMENT ON FUNCTION kefu.length_limit(text, text, timestamptz) IS
'Longest text of that kind on the platform at an instant (default now), in the platform''s units; NULL if it has no rule for that kind then (字数上限; R41)';

CREATE FUNCTION kefu.fitting_length(platform text, kind text, text text, at timestamptz DEFAULT NULL)
    RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'kefu_fitting_length';
COMMENT ON FUNCTION kefu.fitting_length(text, text, text, timestamptz) IS
'How many characters of the text, from its beginning, the platform takes; all of them if it fits, NULL without a rule (可容字数; R42)';

CREATE FUNCTION kefu.set_length_rule(
    platform text, kind text, text_limit integer, algorithm text DEFAULT NULL,
    url_length integer DEFAULT NULL, short_names boolean DEFAULT NULL,
    valid_from timestamptz DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(set_length_rule.valid_from, kefu.now());
    earlier kefu.length_rule;
    counted text;
BEGIN
    PERFORM kefu.require_admin('group');
    IF since < kefu.now() THEN
        RAISE EXCEPTION 'a rule can''t begin in the past'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'What was published stays as it was judged.';
    END IF;
    SELECT r.* INTO earlier FROM kefu.length_rule r
     WHERE r.platform = set_length_rule.platform AND r.kind = set_length_rule.kind
       AND r.valid_from <= since
     ORDER BY r.valid_from DESC LIMIT 1;
    counted := coalesce(set_length_rule.algorithm, earlier.algorithm);
    IF counted IS NULL THEN
        RAISE EXCEPTION 'how % counts a % is not known yet', platform, kind
            USING ERRCODE = 'KF002', HINT = 'Give the algorithm: sina, halves, codepoints, graphemes or bytes.';
    END IF;
    -- What an address counts as belongs to the algorithm.
    IF set_length_rule.algorithm IS NULL THEN
        url_length := coalesce(url_length, earlier.url_length);
        short_names := coalesce(short_names, earlier.short_names);
    END IF;
    INSERT INTO kefu.length_rule
        (platform, kind, valid_from, text_limit, algorithm, url_length, short_names)
    VALUES (set_length_rule.platform, set_length_rule.kind, since, set_length_rule.text_limit, counted,
            set_length_rule.url_length, coalesce(set_length_rule.short_names, false));
    PERFORM kefu.append_ledger('rules', 'set_length_rule', jsonb_strip_nulls(jsonb_build_object(
        'platform', platform, 'kind', kind, 'text_limit', text_limit, 'algorithm', counted,
        'url_length', url_length, 'short_names', short_names, 'from', since)));
END $$;
COMMENT ON FUNCTION kefu.set_length_rule(text, text, integer, text, integer, boolean, timestamptz) IS
'A new version of a platform''s limit of length for a kind of text from an instant on (default now); without an algorithm it goes on counting as before. KF002 if how it counts was never said. Group administrators only (设定字数规则; R2, R41)';
