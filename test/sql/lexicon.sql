-- lexicon: what a text may not be (R41, R42, R47, R53, R63, R80, I4; rulings 26, 28,
-- 29): lists of words with versions, evasions, allowed words, rules with versions,
-- hits and who lets them pass.  The automaton itself against a naive search:
-- test/unit/test_matcher.c.

\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
\set ECHO all

CREATE FUNCTION pg_temp.checked(text text, kind text DEFAULT 'post', unit text DEFAULT 'gd', at timestamptz DEFAULT NULL,
                                is_copied boolean DEFAULT false, source text DEFAULT NULL)
    RETURNS TABLE (rule text, rulebook text, effect text, place text, excerpt text, detail text)
    LANGUAGE sql AS $$
    SELECT c.rule, c.rulebook, c.effect, c.position_from || '-' || c.position_to, c.excerpt, c.detail
      FROM kefu.check_text('sina', kind, unit, text, at, is_copied, source) AS c $$;

-- --- R41, R42: length -----------------------------------------------------------------
SELECT n, c.rule, c.effect, c.position_from, c.position_to, c.excerpt, c.detail, c.hint
  FROM generate_series(139, 141) AS n
  LEFT JOIN LATERAL kefu.check_text('sina', 'reply', 'gd', repeat('中', n), NULL) AS c ON true ORDER BY n;
-- A post of 2012 had 140; one of today may have 2,000, and feeds show 140 of it.
SELECT d.at, n, c.rule, c.effect, c.detail
  FROM unnest('{2012-05-17 10:00+08,2026-03-02 09:00+08}'::timestamptz[]) AS d(at)
 CROSS JOIN unnest('{140,141,2000,2001}'::integer[]) AS n
  LEFT JOIN LATERAL kefu.check_text('sina', 'post', 'gd', repeat('中', n), d.at) AS c ON true ORDER BY 1, 2;

-- --- R47, R80: the house's words, by class and kind ------------------------------------
SELECT * FROM pg_temp.checked('天翼宽带提速啦,欢迎到营业厅体验[微笑] #天翼新服务#');
SELECT * FROM pg_temp.checked('烦死了,今天气死我了,比移动的全球通还气人');
-- R80, ruling 29: competitors concern posts and reposts, not replies.
SELECT k.kind, c.rule, c.effect, c.place FROM unnest('{post,repost,comment,reply,message}'::text[]) AS k(kind)
  LEFT JOIN LATERAL pg_temp.checked('携号转网到联通怎么办', k.kind) AS c ON true;
-- Allowed words cover what lies inside them, and nothing else.
SELECT place, excerpt, detail FROM pg_temp.checked('移动互联网时代的客户服务:移动电话、互联互通,还有移动');
-- R46: what else may be posted about: new technology, handy knowledge, hot topics.
SELECT count(*) FROM unnest('{三网融合与移动互联网是什么,手机电池这样保养更耐用,开车时请不要打电话,奥运今日赛程,世界杯今晚开赛,地震灾区通信正在抢通}'::text[]) AS n(text)
 CROSS JOIN LATERAL pg_temp.checked(n.text) AS c;
-- Joined words: both must be there, in any order.
SELECT n.n, c.rule, c.place, c.excerpt, c.detail
  FROM (VALUES (1, '分裂'), (2, '国家'), (3, '国家不容分裂')) AS n(n, text)
  LEFT JOIN LATERAL pg_temp.checked(n.text) AS c ON true ORDER BY 1;
-- Evasions: Traditional, full width, invisible characters, strokes, other forms.
SELECT n.n, c.rule, c.place, c.excerpt
  FROM (VALUES (1, '中國聯通'), (2, '１００８６'), (3, E'联\u200b通'), (4, E'联\u0336通\u0336'), (5, '①⓪⓪⑧⑥'),
               (6, 'WWW.ChinaMobile.COM/a'), (7, 'http://chinamobile.com.example'), (8, 'mychinamobile.com')) AS n(n, text)
  LEFT JOIN LATERAL pg_temp.checked(n.text) AS c ON true ORDER BY 1, 3;
SELECT kefu.normal_form(E'ＣＤＭＡ 電信\u200d 寬\u0336帶 ㎏');

-- --- I4: personal data in public; R63: credit; R53: a topic ---------------------------
SELECT k.kind, c.rule, c.rulebook, c.effect FROM unnest('{post,comment,message}'::text[]) AS k(kind)
  LEFT JOIN LATERAL pg_temp.checked('请拨打13800138000', k.kind) AS c ON true;
SELECT n.n, c.rule, c.effect, c.detail
  FROM (VALUES (1, '转:宽带小知识 @新华社', '新华社'), (2, '转:宽带小知识 @新华社 好', '@新华'), (3, '转:宽带小知识', '新华社'),
               (4, '转:宽带小知识 @新华社', NULL), (5, '转 ＠新华社:宽带', '@新华社'), (6, '@新华社日报 @新华社', '新华社'), (7, '@', ' @ ')) AS n(n, text, source)
  LEFT JOIN LATERAL pg_temp.checked(n.text, is_copied => true, source => n.source) AS c ON true ORDER BY 1;
SELECT kefu.set_content_rule('no_topic', 'gd', 'warn');
SELECT n.n, c.rule, c.rulebook, c.effect FROM (VALUES (1, '宽带提速'), (2, '#提速# 宽带'), (3, '##'), (4, '＃提速＃')) AS n(n, text)
  LEFT JOIN LATERAL pg_temp.checked(n.text) AS c ON true ORDER BY 1;
SELECT count(*) FROM pg_temp.checked('宽带提速', unit => 'qh');
SET LOCAL kefu.language = 'zh';
SELECT c.effect, c.detail, c.hint FROM kefu.check_text('sina', 'reply', 'gd', repeat('烦死了', 47), NULL) AS c
 WHERE c.position_from IN (1, 141);
RESET kefu.language;

-- --- loading --------------------------------------------------------------------------------
SELECT kefu.add_lexicon('gd_words', 'gd', 'sensitive', '广东词库', 'words of Guangdong');
SELECT * FROM kefu.load_lexicon('gd_words', E'\uFEFF坏词,\r\n坏詞\r\n\r\n坏,\r\nＢａｄ Word\r\nhttp://bad.example/\r\nbad.example\r\nt.example/path\r\n' || repeat('长', 251) || E'\r\n甲乙+丙丁；\r\n丙丁+甲乙\r\n');
SELECT word_number, kind, pattern FROM kefu.lexicon_word WHERE lexicon = 'gd_words' ORDER BY 1;
SELECT n.n, c.place, c.detail
  FROM (VALUES (1, '这是坏词'), (2, 'a bad, word'), (3, '看 www.bad.example'), (4, 't.example'), (5, 't.example/path'), (6, '丙丁甲乙'), (7, '坏')) AS n(n, text)
  LEFT JOIN LATERAL pg_temp.checked(n.text) AS c ON true ORDER BY 1;
-- Guangdong's words hold in Guangdong.
SELECT count(*) FROM pg_temp.checked('这是坏词', unit => 'qh');
-- A version begins when it says so, and the one before ends then.
SELECT version, words_count, single_count FROM kefu.load_lexicon('gd_words', '{新词,字}'::text[], '2026-04-01 00:00+08', true);
SELECT d.at, (SELECT string_agg(c.excerpt, ' ' ORDER BY c.position_from)
                FROM kefu.check_text('sina', 'post', 'gd', '坏词 新词 字', d.at) AS c)
  FROM unnest('{2026-03-31 23:59:59+08,2026-04-01 00:00+08}'::timestamptz[]) AS d(at);
SELECT lexicon, class_label_zh, unit, version, valid_from_local_date, is_in_force, words_count, is_compiled
  FROM kefu_bi.lexicons ORDER BY lexicon, version;
SAVEPOINT s;
SELECT kefu.load_lexicon('gd_words', '{旧词}'::text[], '2026-03-01 00:00+08');
ROLLBACK TO s;
SELECT kefu.load_lexicon('nowhere', '{词语}'::text[]);
ROLLBACK TO s;
SELECT kefu.load_lexicon('house_allow', '{移动 互联}'::text[]);
ROLLBACK TO s;
SELECT kefu.add_lexicon('gd_allow', 'gd', 'allow', '广东白名单', 'allowed in Guangdong');
ROLLBACK TO s;
UPDATE kefu.lexicon_word SET pattern = '好词' WHERE lexicon = 'gd_words';
ROLLBACK TO s;
DELETE FROM kefu.lexicon_version WHERE lexicon = 'gd_words';
ROLLBACK TO s;
UPDATE kefu.lexicon_version SET valid_from = '2026-01-01' WHERE lexicon = 'gd_words';
ROLLBACK TO s;
TRUNCATE kefu.lexicon_word CASCADE;
ROLLBACK TO s;

-- --- the automaton: none, stale and damaged ------------------------------------------------
UPDATE kefu.lexicon_version SET automaton = NULL WHERE lexicon = 'gd_words';
SELECT excerpt FROM pg_temp.checked('这是坏词');
SELECT kefu.compile_lexicon('gd_words', 1);
SELECT is_compiled, automaton_bytes > 0 AS has_bytes FROM kefu_bi.lexicons WHERE lexicon = 'gd_words' ORDER BY version;
-- of another format: made anew in memory
UPDATE kefu.lexicon_version SET automaton = set_byte(automaton, 4, 255) WHERE lexicon = 'gd_words' AND version = 1;
SELECT excerpt FROM pg_temp.checked('这是坏词');
SELECT kefu.compile_lexicon('gd_words', 1);
SAVEPOINT s;
UPDATE kefu.lexicon_version SET automaton = set_byte(automaton, 60, 255 - get_byte(automaton, 60)) WHERE lexicon = 'gd_words' AND version = 1;
SELECT excerpt FROM pg_temp.checked('这是坏词');
ROLLBACK TO s;
UPDATE kefu.lexicon_version SET automaton = 'KFLX' WHERE lexicon = 'gd_words' AND version = 1;
SELECT excerpt FROM pg_temp.checked('这是坏词');
ROLLBACK TO s;
SELECT excerpt FROM pg_temp.checked('这是坏词');
SELECT kefu.compile_lexicon('gd_words', 9);
ROLLBACK TO s;

-- --- rules with a beginning, and what a province may change (ruling 28) -----------------------
SELECT kefu.set_content_rule('competitor', 'gd', 'block', '{post,repost,reply}', valid_from => '2026-03-02 10:00+08');
SELECT d.at, k.kind, c.effect FROM unnest('{2026-03-02 09:59:59+08,2026-03-02 10:00+08}'::timestamptz[]) AS d(at)
 CROSS JOIN unnest('{post,reply}'::text[]) AS k(kind)
  LEFT JOIN LATERAL kefu.check_text('sina', k.kind, 'gd', '联通', d.at) AS c ON true ORDER BY 1, 2;
SELECT kefu.set_content_rule('not_brief', 'gd', 'warn', at_most => 120);
SELECT n, c.rule, c.detail FROM generate_series(120, 121) AS n
  LEFT JOIN LATERAL pg_temp.checked('#提速#' || repeat('中', n - 3)) AS c ON true ORDER BY 1;
SAVEPOINT s;
SELECT kefu.set_content_rule('not_brief', 'gd', 'warn', at_most => 141);
ROLLBACK TO s;
SELECT kefu.set_content_rule('not_brief', 'gd', 'off');
ROLLBACK TO s;
SELECT kefu.set_content_rule('sensitive', 'gd', 'block');
ROLLBACK TO s;
SELECT kefu.set_content_rule('not_brief', 'gd', 'warn', '{}');
ROLLBACK TO s;
SELECT kefu.set_content_rule('riddle', 'gd', 'warn');
ROLLBACK TO s;
SELECT kefu.set_content_rule('no_topic', 'gd', 'warn', valid_from => '2026-03-01');
ROLLBACK TO s;
SELECT kefu.check_text('sina', 'poem', 'gd', 'x', NULL);
ROLLBACK TO s;
SELECT kefu.check_text('nowhere', 'post', 'gd', 'x', NULL);
ROLLBACK TO s;
SELECT rule, rule_label_zh, unit, effect_label_zh, applies_to, at_most, latitude_label_zh, rulebook, is_in_force
  FROM kefu_bi.content_rules ORDER BY rule, unit, valid_from_at;
SELECT platform, kind_label_zh, text_limit, algorithm, is_in_force FROM kefu_bi.length_rules WHERE platform = 'sina' ORDER BY 2, 3;

-- --- hits are kept without the text, and let pass with a reason --------------------------------
SELECT staff_id AS lin FROM kefu.staff WHERE login = 'lin' \gset
SELECT staff_id AS chen FROM kefu.staff WHERE login = 'chen' \gset
SELECT kefu.record_hits('message', 7, 'gd', '暴动,又是暴动,还有全球通', :lin);
SELECT kefu.record_hits('message', 7, 'gd', '暴动,又是暴动,还有全球通', :lin) AS again;
SELECT kefu.record_hits('message', 8, 'gd', '邪教', :chen);
SELECT kefu.overridden_rules('message', 7, 'gd', '暴动,又是暴动,还有全球通');
SELECT hit_id AS h1 FROM kefu.lexicon_hit WHERE lexicon = 'house_sensitive' AND object_id = 7 \gset
SELECT hit_id AS h2 FROM kefu.lexicon_hit WHERE object_id = 8 \gset
SET LOCAL ROLE lin;
SELECT class_label_zh, word, object_type, object_id, places_count, is_overridden FROM kefu_bi.lexicon_hits ORDER BY hit_id;
SAVEPOINT s;
SELECT kefu.override_hit(:h1, '历史知识');
ROLLBACK TO s;
SELECT kefu.find_words('暴动');
ROLLBACK TO s;
SELECT kefu.load_lexicon('house_vulgar', '{词语}'::text[]);
ROLLBACK TO s;
SET LOCAL ROLE far;
SELECT count(*) FROM kefu_bi.lexicon_hits;
SELECT kefu.override_hit(:h1, '历史知识');
ROLLBACK TO s;
SET LOCAL ROLE far;
SELECT kefu.check_text('sina', 'post', 'gd', 'x', NULL);
ROLLBACK TO s;
SET LOCAL ROLE chen;
SELECT kefu.override_hit(:h1, ' ');
ROLLBACK TO s;
SET LOCAL ROLE chen;
SELECT kefu.override_hit(:h2, '自己的');
ROLLBACK TO s;
SET LOCAL ROLE chen;
SELECT kefu.override_hit(:h1, '历史知识');
SELECT word, is_overridden, override_reason FROM kefu_bi.lexicon_hits ORDER BY hit_id;
SAVEPOINT s2;
SELECT kefu.override_hit(:h1, '再次');
ROLLBACK TO s2;
RESET ROLE;
-- It holds for this text of this object.
SELECT kefu.overridden_rules('message', 7, 'gd', '暴动,又是暴动,还有全球通') AS same,
       kefu.overridden_rules('message', 7, 'gd', '暴动,又是暴动,还有全球通!') AS other_text,
       kefu.overridden_rules('message', 8, 'gd', '暴动,又是暴动,还有全球通') AS other_object;
SELECT e.event, e.facts FROM kefu.audit_event e WHERE e.event IN ('lexicon_hit', 'override_hit', 'compile_lexicon')
 ORDER BY e.event_id DESC LIMIT 3;
SELECT what, object_type FROM pg_temp.broken WHERE what IN ('audit', 'I13', 'I21');
ROLLBACK;
