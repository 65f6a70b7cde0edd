-- 18_lexicon: lists of words, and what they say of a text.
--
-- A lexicon has versions with a beginning; the newest that has begun holds.  A
-- version is loaded as a whole and never changes: what it made of a text can
-- always be found out again.  Beside it lies its automaton, which may be made
-- anew from the words and is nothing but a way of finding them quickly.
--
-- A hit is kept as a reference to a word and an object, never with the text.

CREATE TABLE kefu.lexicon (
    lexicon text COLLATE "C" PRIMARY KEY
        CONSTRAINT lexicon_code CHECK (lexicon ~ '^[a-z][a-z0-9_]{0,62}$'),
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    class text COLLATE "C" NOT NULL CONSTRAINT lexicon_class CHECK
        (class IN ('sensitive', 'vulgar', 'emotion', 'brand', 'competitor', 'marketing', 'joke', 'allow')),
    name_zh text NOT NULL,
    name_en text NOT NULL,
    CONSTRAINT lexicon_allow CHECK (class <> 'allow' OR unit = 'group')
);
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.lexicon FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
COMMENT ON TABLE kefu.lexicon IS 'Lists of words that texts are looked through for (词库; R47, R80)';
COMMENT ON COLUMN kefu.lexicon.lexicon IS 'code (词库代码)';
COMMENT ON COLUMN kefu.lexicon.unit IS 'whose it is; it holds there and below (机构)';
COMMENT ON COLUMN kefu.lexicon.class IS 'sensitive 敏感, vulgar 三俗, emotion 个人情绪, brand 有损品牌, competitor 竞争对手, marketing 营销, joke 搞笑; allow 白名单: what lies inside one of its words is no hit, of Group only (类别; R45, R47, R64, R80, ruling 29)';
COMMENT ON COLUMN kefu.lexicon.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu.lexicon.name_en IS 'English name (英文名称)';

CREATE TABLE kefu.lexicon_version (
    lexicon text COLLATE "C" NOT NULL REFERENCES kefu.lexicon,
    version integer NOT NULL CONSTRAINT lexicon_version_number CHECK (version > 0),
    valid_from timestamptz NOT NULL,
    words_count integer NOT NULL CONSTRAINT lexicon_version_words CHECK (words_count >= 0),
    loaded_at timestamptz NOT NULL,
    loaded_by integer REFERENCES kefu.staff,
    automaton bytea,
    PRIMARY KEY (lexicon, version)
);
-- Read at once and used where it lies: compressed, each backend would unpack it.
ALTER TABLE kefu.lexicon_version ALTER COLUMN automaton SET STORAGE EXTERNAL;
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.lexicon_version FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
COMMENT ON TABLE kefu.lexicon_version IS 'Versions of a lexicon; the newest that has begun holds, none is ever changed (词库版本; R2)';
COMMENT ON COLUMN kefu.lexicon_version.lexicon IS 'lexicon (词库)';
COMMENT ON COLUMN kefu.lexicon_version.version IS 'counted from 1 (版本号)';
COMMENT ON COLUMN kefu.lexicon_version.valid_from IS 'from when on (生效时间)';
COMMENT ON COLUMN kefu.lexicon_version.words_count IS 'words in it (词数)';
COMMENT ON COLUMN kefu.lexicon_version.loaded_at IS 'when it was loaded (载入时间)';
COMMENT ON COLUMN kefu.lexicon_version.loaded_by IS 'by whom; NULL shipped, or a superuser who is not on the desk (载入人)';
COMMENT ON COLUMN kefu.lexicon_version.automaton IS 'how its words are found quickly; NULL, or of another release or machine: each backend makes its own until kefu.compile_lexicon() stores one (匹配自动机)';

CREATE TABLE kefu.lexicon_word (
    lexicon text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    word_number integer NOT NULL CONSTRAINT lexicon_word_number CHECK (word_number > 0),
    kind text COLLATE "C" NOT NULL DEFAULT 'text' CONSTRAINT lexicon_word_kind CHECK (kind IN ('text', 'host')),
    pattern text NOT NULL CONSTRAINT lexicon_word_pattern CHECK (pattern <> ''),
    PRIMARY KEY (lexicon, version, word_number),
    FOREIGN KEY (lexicon, version) REFERENCES kefu.lexicon_version
);
COMMENT ON TABLE kefu.lexicon_word IS 'Words of a version (词条)';
COMMENT ON COLUMN kefu.lexicon_word.lexicon IS 'lexicon (词库)';
COMMENT ON COLUMN kefu.lexicon_word.version IS 'version (版本号)';
COMMENT ON COLUMN kefu.lexicon_word.word_number IS 'counted from 1 (词条编号)';
COMMENT ON COLUMN kefu.lexicon_word.kind IS 'text 文字; host 网址主机: the whole host of an address or its end behind a dot (类型)';
COMMENT ON COLUMN kefu.lexicon_word.pattern IS 'the word; A+B is found where both are, in any order (词)';

CREATE FUNCTION kefu.lexicon_stays() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'lexicon_version'
       AND to_jsonb(NEW) - 'automaton' = to_jsonb(OLD) - 'automaton' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of "%" is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = 'A version of a lexicon never changes: what it made of a text can be found out again.',
              HINT = 'Load another version: kefu.load_lexicon().';
END $$;
COMMENT ON FUNCTION kefu.lexicon_stays() IS 'Trigger: words and versions stay as they were loaded, but for the automaton (内部: 词库版本不可更改)';
CREATE TRIGGER lexicon_stays BEFORE UPDATE OR DELETE ON kefu.lexicon_version
    FOR EACH ROW EXECUTE FUNCTION kefu.lexicon_stays();
CREATE TRIGGER lexicon_stays BEFORE UPDATE OR DELETE ON kefu.lexicon_word
    FOR EACH ROW EXECUTE FUNCTION kefu.lexicon_stays();
CREATE TRIGGER lexicon_truncated BEFORE TRUNCATE ON kefu.lexicon_version
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.lexicon_stays();
CREATE TRIGGER lexicon_truncated BEFORE TRUNCATE ON kefu.lexicon_word
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.lexicon_stays();

-- --- finding ---------------------------------------------------------------------------

CREATE FUNCTION kefu.normal_form(text text) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_normal_form_sql';
COMMENT ON FUNCTION kefu.normal_form(text) IS
'The text as words are looked for in it: width and case folded, Traditional characters simplified, compatibility forms resolved, combining strokes and invisible characters gone (归一化文本; R47)';

CREATE FUNCTION kefu.build_automaton(lexicon text, version integer) RETURNS bytea
    LANGUAGE c STABLE PARALLEL UNSAFE STRICT AS 'MODULE_PATHNAME', 'kefu_build_automaton';
COMMENT ON FUNCTION kefu.build_automaton(text, integer) IS 'Automaton of the words of a version; program_limit_exceeded where they are too many. For the owner''s functions only (内部: 生成匹配自动机)';

CREATE FUNCTION kefu.find_words(text text, unit text DEFAULT 'group', at timestamptz DEFAULT NULL)
    RETURNS TABLE (lexicon text, class text, version integer, word_number integer,
                   position_from integer, position_to integer, excerpt text)
    LANGUAGE c STABLE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME', 'kefu_find_words_sql';
COMMENT ON FUNCTION kefu.find_words(text, text, timestamptz) IS
'Words of the lexicons that hold for the unit at an instant (default now) in the text, one row a place, by the characters as they were written, counted from 1; what lies inside an allowed word is left out. At most 10,000 places a lexicon; program_limit_exceeded beyond 1 MiB of text, data_corrupted if an automaton is damaged. For the owner''s functions only (内部: 查找词条; R47, R80)';

-- --- loading ---------------------------------------------------------------------------

CREATE FUNCTION kefu.add_lexicon(lexicon text, unit text, class text, name_zh text, name_en text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin(unit);
    INSERT INTO kefu.lexicon (lexicon, unit, class, name_zh, name_en)
    VALUES (add_lexicon.lexicon, add_lexicon.unit, add_lexicon.class, add_lexicon.name_zh, add_lexicon.name_en);
    PERFORM kefu.append_ledger('rules', 'add_lexicon',
        jsonb_build_object('lexicon', lexicon, 'unit', unit, 'class', class));
END $$;
COMMENT ON FUNCTION kefu.add_lexicon(text, text, text, text, text) IS
'Makes a lexicon of a unit, without words yet; only Group allows words. Administrators of the unit (新建词库; R2, R47)';

CREATE FUNCTION kefu.clean_words(words text[], keep_single boolean)
    RETURNS TABLE (number bigint, kind text, pattern text, fate text)
    LANGUAGE sql ROWS 10 STABLE PARALLEL SAFE
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    WITH line AS (
        -- A byte-order mark, returns, separators at the end, and a scheme are no part of a word.
        SELECT l.number,
               btrim(regexp_replace(btrim(replace(l.line, E'\uFEFF', ''), E' \t\r\n\u3000'),
                                    E'[ \t,;|，；、]+$', ''), E' \t') AS word
          FROM unnest(words) WITH ORDINALITY AS l(line, number)
    ), kind AS (
        SELECT l.number, l.word, regexp_replace(lower(l.word), '^https?://|/$', '', 'g') AS host
          FROM line l
    ), said AS (
        SELECT k.number, k.word, k.host,
               k.host ~ '^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$' AS is_host
          FROM kind k
    ), parted AS (
        SELECT s.number, s.word, s.host, s.is_host, p.part, p.n, kefu.normal_form(p.part) AS form
          FROM said s
          LEFT JOIN LATERAL regexp_split_to_table(
                   CASE WHEN s.is_host THEN s.host
                        ELSE regexp_replace(s.word, '^https?://', '', 'i') END,
                   E'[+ \t\u3000＋]+') WITH ORDINALITY AS p(part, n)
                 ON kefu.normal_form(p.part) <> ''
    ), rated AS (
        SELECT p.number, p.is_host,
               string_agg(p.part, '+' ORDER BY p.n) AS pattern,
               string_agg(DISTINCT p.form COLLATE "C", '+' ORDER BY p.form COLLATE "C") AS form,
               min(char_length(p.form)) AS shortest, max(char_length(p.form)) AS longest
          FROM parted p GROUP BY p.number, p.is_host
    )
    SELECT r.number, CASE WHEN r.is_host THEN 'host' ELSE 'text' END, r.pattern,
           CASE WHEN r.pattern IS NULL THEN 'empty'
                WHEN r.longest > 250 THEN 'too_long'
                WHEN r.shortest < 2 AND NOT clean_words.keep_single THEN 'single'
                WHEN row_number() OVER (PARTITION BY r.is_host, r.form ORDER BY r.number) > 1 THEN 'duplicate'
                ELSE 'word' END
      FROM rated r;
END;
COMMENT ON FUNCTION kefu.clean_words(text[], boolean) IS
'What becomes of each line of a list: word, or why not: empty, duplicate (in normal form), single (a part of one character), too_long (beyond 250) (内部: 清洗词表)';

CREATE FUNCTION kefu.load_lexicon(lexicon text, words text[], valid_from timestamptz DEFAULT NULL,
                                  keep_single boolean DEFAULT false)
    RETURNS TABLE (version integer, words_count integer, joined_count integer, hosts_count integer,
                   empty_count integer, duplicate_count integer, single_count integer, long_count integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    since timestamptz := coalesce(load_lexicon.valid_from, kefu.now());
    l kefu.lexicon;
    next_version integer;
BEGIN
    SELECT x.* INTO l FROM kefu.lexicon x WHERE x.lexicon = load_lexicon.lexicon FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no lexicon "%"', load_lexicon.lexicon
            USING ERRCODE = 'undefined_object', HINT = 'Make it with kefu.add_lexicon().';
    END IF;
    PERFORM kefu.require_admin(l.unit);
    IF since < kefu.now() THEN
        RAISE EXCEPTION 'a version of a lexicon can''t begin in the past'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'What was published stays as it was judged.';
    END IF;
    SELECT coalesce(max(v.version), 0) + 1 INTO next_version
      FROM kefu.lexicon_version v WHERE v.lexicon = l.lexicon;
    WITH cleaned AS MATERIALIZED (
        SELECT c.*, row_number() OVER (PARTITION BY c.fate ORDER BY c.number)::integer AS word_number
          FROM kefu.clean_words(load_lexicon.words, load_lexicon.keep_single) AS c
    ), a_version AS (
        INSERT INTO kefu.lexicon_version (lexicon, version, valid_from, words_count, loaded_at, loaded_by)
        SELECT l.lexicon, next_version, since, count(*) FILTER (WHERE c.fate = 'word'), kefu.now(), kefu.me()
          FROM cleaned c
    ), its_words AS (
        INSERT INTO kefu.lexicon_word (lexicon, version, word_number, kind, pattern)
        SELECT l.lexicon, next_version, c.word_number, c.kind, c.pattern FROM cleaned c WHERE c.fate = 'word'
    )
    SELECT next_version, count(*) FILTER (WHERE c.fate = 'word'),
           count(*) FILTER (WHERE c.fate = 'word' AND c.kind = 'text' AND c.pattern LIKE '%+%'),
           count(*) FILTER (WHERE c.fate = 'word' AND c.kind = 'host'),
           count(*) FILTER (WHERE c.fate = 'empty'), count(*) FILTER (WHERE c.fate = 'duplicate'),
           count(*) FILTER (WHERE c.fate = 'single'), count(*) FILTER (WHERE c.fate = 'too_long')
      INTO version, words_count, joined_count, hosts_count, empty_count, duplicate_count, single_count, long_count
      FROM cleaned c;
    IF l.class = 'allow' AND joined_count > 0 THEN
        RAISE EXCEPTION 'an allowed word is one run of characters'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('%s of the lines are joined by + or space.', joined_count),
                  HINT = 'What stands between the parts would be allowed too. Give each phrase as it is written, without + and space.';
    END IF;
    UPDATE kefu.lexicon_version v SET automaton = kefu.build_automaton(v.lexicon, v.version)
     WHERE v.lexicon = l.lexicon AND v.version = next_version;
    PERFORM kefu.append_ledger('rules', 'load_lexicon', jsonb_build_object(
        'lexicon', l.lexicon, 'version', next_version, 'count', words_count, 'from', since));
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION kefu.load_lexicon(text, text[], timestamptz, boolean) IS
'Loads a whole list as the next version of a lexicon, from an instant on (default now), and says what became of the lines: words, among them joined by + or space and hosts; and what was left out. Words of one character are left out unless asked for. Administrators of its unit (载入词库; R2, R47)';

CREATE FUNCTION kefu.load_lexicon(lexicon text, words text, valid_from timestamptz DEFAULT NULL,
                                  keep_single boolean DEFAULT false)
    RETURNS TABLE (version integer, words_count integer, joined_count integer, hosts_count integer,
                   empty_count integer, duplicate_count integer, single_count integer, long_count integer)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT l.* FROM kefu.load_lexicon(lexicon, regexp_split_to_array(rtrim(words, E'\r\n'), E'\r?\n|\r'),
                                      valid_from, keep_single) AS l;
END;
COMMENT ON FUNCTION kefu.load_lexicon(text, text, timestamptz, boolean) IS
'The same for a list with a word a line, as files have it (载入词库)';

CREATE FUNCTION kefu.compile_lexicon(lexicon text, version integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin((SELECT l.unit FROM kefu.lexicon l WHERE l.lexicon = compile_lexicon.lexicon));
    UPDATE kefu.lexicon_version v SET automaton = kefu.build_automaton(v.lexicon, v.version)
     WHERE v.lexicon = compile_lexicon.lexicon AND v.version = compile_lexicon.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lexicon "%" has no version %', lexicon, version
            USING ERRCODE = 'undefined_object', HINT = 'SELECT lexicon, version FROM kefu_bi.lexicons.';
    END IF;
    PERFORM kefu.append_ledger('rules', 'compile_lexicon', jsonb_build_object('lexicon', lexicon, 'version', version));
END $$;
COMMENT ON FUNCTION kefu.compile_lexicon(text, integer) IS
'Makes the automaton of a version anew from its words and stores it: after an upgrade or damage. Administrators of its unit (编译词库)';
