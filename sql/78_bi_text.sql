-- 78_bi_text: the rules of texts, the lexicons, and what they found.
--
-- As 70_bi: owner's rights, the caller's units once a query.  Rules and lexicons
-- of Group hold for everybody and are shown to everybody on the desk.

CREATE VIEW kefu_bi.length_rules WITH (security_barrier) AS
SELECT r.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       r.kind,
       CASE r.kind WHEN 'post' THEN '博文' WHEN 'repost' THEN '转发' WHEN 'comment' THEN '评论' WHEN 'message' THEN '私信' END AS kind_label_zh,
       CASE r.kind WHEN 'post' THEN 'post' WHEN 'repost' THEN 'repost' WHEN 'comment' THEN 'comment' WHEN 'message' THEN 'message' END AS kind_label_en,
       r.valid_from AS valid_from_at,
       (r.valid_from AT TIME ZONE 'Asia/Shanghai')::date AS valid_from_local_date,
       extract(hour FROM r.valid_from AT TIME ZONE 'Asia/Shanghai')::integer AS valid_from_local_hour,
       r.valid_from = max(r.valid_from) FILTER (WHERE r.valid_from <= kefu.now())
                      OVER (PARTITION BY r.platform, r.kind) AS is_in_force,
       r.text_limit,
       r.algorithm,
       r.url_length,
       r.short_names
  FROM kefu.length_rule r JOIN kefu.platform p USING (platform)
 WHERE cardinality((SELECT kefu.my_units())::text[]) > 0;
COMMENT ON VIEW kefu_bi.length_rules IS 'How long texts may be on each platform, from when on and by which counting (字数规则; R41)';
COMMENT ON COLUMN kefu_bi.length_rules.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.length_rules.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.length_rules.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.length_rules.kind IS 'post, repost, comment, message (类型)';
COMMENT ON COLUMN kefu_bi.length_rules.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.length_rules.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.length_rules.valid_from_at IS 'from when on (生效时间)';
COMMENT ON COLUMN kefu_bi.length_rules.valid_from_local_date IS 'its date in Shanghai (生效日期)';
COMMENT ON COLUMN kefu_bi.length_rules.valid_from_local_hour IS 'Beijing hour of valid_from_at, 0 to 23; NULL where that is (生效时间小时)';
COMMENT ON COLUMN kefu_bi.length_rules.is_in_force IS 'the version that holds now; NULL if none has begun (是否现行)';
COMMENT ON COLUMN kefu_bi.length_rules.text_limit IS 'longest text, in units of the algorithm (字数上限)';
COMMENT ON COLUMN kefu_bi.length_rules.algorithm IS 'sina, halves, codepoints, graphemes, bytes: see kefu.length_rule (计数方法)';
COMMENT ON COLUMN kefu_bi.length_rules.url_length IS 'units an address counts as; NULL as written (链接计数)';
COMMENT ON COLUMN kefu_bi.length_rules.short_names IS '@name@host counts as @name (跨站用户名只计本名)';

CREATE VIEW kefu_bi.content_rules WITH (security_barrier) AS
SELECT c.rule,
       c.label_zh AS rule_label_zh,
       c.label_en AS rule_label_en,
       c.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       c.valid_from AS valid_from_at,
       (c.valid_from AT TIME ZONE 'Asia/Shanghai')::date AS valid_from_local_date,
       extract(hour FROM c.valid_from AT TIME ZONE 'Asia/Shanghai')::integer AS valid_from_local_hour,
       c.valid_from = max(c.valid_from) FILTER (WHERE c.valid_from <= kefu.now())
                      OVER (PARTITION BY c.rule, c.unit) AS is_in_force,
       c.effect,
       CASE c.effect WHEN 'off' THEN '不检查' WHEN 'warn' THEN '提醒' WHEN 'block' THEN '不得发布' END AS effect_label_zh,
       CASE c.effect WHEN 'off' THEN 'not checked' WHEN 'warn' THEN 'warning' WHEN 'block' THEN 'blocked' END AS effect_label_en,
       array_to_string(c.applies_to, ', ') AS applies_to,
       c.at_most,
       c.latitude,
       ll.label_zh AS latitude_label_zh,
       ll.label_en AS latitude_label_en,
       c.rulebook,
       c.hint_zh,
       c.hint_en,
       w.own IS NOT NULL AS has_given_way
  FROM kefu.content_rule c
  JOIN kefu.unit u USING (unit)
  LEFT JOIN kefu.rule_given_way w ON (w.rule_set, w.rule, w.unit, w.account, w.given_way_at)
                                   = ('content_rule', c.rule, c.unit, '', c.valid_from)
  LEFT JOIN kefu_bi.labels ll ON ll.code_kind = 'latitude' AND ll.code = c.latitude
 WHERE c.unit = ANY ((SELECT kefu.my_rule_units())::text[]);
COMMENT ON VIEW kefu_bi.content_rules IS 'What a text may not be: the rules of the own units and those above with their versions (内容规则; R41, R47, R53, R63, R80, rulings 26 and 28)';
COMMENT ON COLUMN kefu_bi.content_rules.rule IS 'rule of kefu.check_text() (规则)';
COMMENT ON COLUMN kefu_bi.content_rules.rule_label_zh IS 'Chinese label of rule (规则标签)';
COMMENT ON COLUMN kefu_bi.content_rules.rule_label_en IS 'English label of rule (规则英文标签)';
COMMENT ON COLUMN kefu_bi.content_rules.unit IS 'it holds there and below, unless a nearer unit has its own (机构)';
COMMENT ON COLUMN kefu_bi.content_rules.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.content_rules.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.content_rules.valid_from_at IS 'from when on (生效时间)';
COMMENT ON COLUMN kefu_bi.content_rules.valid_from_local_date IS 'its date in Shanghai (生效日期)';
COMMENT ON COLUMN kefu_bi.content_rules.valid_from_local_hour IS 'Beijing hour of valid_from_at, 0 to 23; NULL where that is (生效时间小时)';
COMMENT ON COLUMN kefu_bi.content_rules.is_in_force IS 'the version of that unit that holds now; NULL if none has begun (是否现行)';
COMMENT ON COLUMN kefu_bi.content_rules.effect IS 'off, warn, block (效果; ruling 26)';
COMMENT ON COLUMN kefu_bi.content_rules.effect_label_zh IS 'Chinese label of effect (效果标签)';
COMMENT ON COLUMN kefu_bi.content_rules.effect_label_en IS 'English label of effect (效果英文标签)';
COMMENT ON COLUMN kefu_bi.content_rules.applies_to IS 'kinds of text, joined by commas (适用类型; ruling 29)';
COMMENT ON COLUMN kefu_bi.content_rules.at_most IS 'units up to which a text is brief; NULL for other rules (数值)';
COMMENT ON COLUMN kefu_bi.content_rules.latitude IS 'what a unit below Group may change: no, stricter, yes (调整权限; ruling 28)';
COMMENT ON COLUMN kefu_bi.content_rules.latitude_label_zh IS 'Chinese label of latitude (调整权限标签)';
COMMENT ON COLUMN kefu_bi.content_rules.latitude_label_en IS 'English label of latitude (调整权限英文标签)';
COMMENT ON COLUMN kefu_bi.content_rules.rulebook IS 'where it comes from (依据)';
COMMENT ON COLUMN kefu_bi.content_rules.hint_zh IS 'what to do, Chinese (处理建议)';
COMMENT ON COLUMN kefu_bi.content_rules.hint_en IS 'what to do, English (英文处理建议)';
COMMENT ON COLUMN kefu_bi.content_rules.has_given_way IS 'true: not the unit''s own, which went beyond what the rule above allows (是否让位)';

CREATE VIEW kefu_bi.lexicons WITH (security_barrier) AS
SELECT l.lexicon,
       l.name_zh AS lexicon_label_zh,
       l.name_en AS lexicon_label_en,
       l.class,
       CASE l.class WHEN 'sensitive' THEN '敏感' WHEN 'vulgar' THEN '三俗' WHEN 'emotion' THEN '个人情绪'
                    WHEN 'brand' THEN '有损品牌' WHEN 'competitor' THEN '竞争对手' WHEN 'marketing' THEN '营销'
                    WHEN 'joke' THEN '搞笑' WHEN 'allow' THEN '白名单' END AS class_label_zh,
       CASE l.class WHEN 'sensitive' THEN 'sensitive' WHEN 'vulgar' THEN 'vulgar' WHEN 'emotion' THEN 'own emotion'
                    WHEN 'brand' THEN 'harms the brand' WHEN 'competitor' THEN 'competitor' WHEN 'marketing' THEN 'marketing'
                    WHEN 'joke' THEN 'joke' WHEN 'allow' THEN 'allowed' END AS class_label_en,
       l.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       v.version,
       v.valid_from AS valid_from_at,
       (v.valid_from AT TIME ZONE 'Asia/Shanghai')::date AS valid_from_local_date,
       extract(hour FROM v.valid_from AT TIME ZONE 'Asia/Shanghai')::integer AS valid_from_local_hour,
       row_number() OVER (PARTITION BY l.lexicon ORDER BY v.valid_from <= kefu.now() DESC NULLS LAST,
                                                          v.valid_from DESC, v.version DESC) = 1
           AND coalesce(v.valid_from <= kefu.now(), false) AS is_in_force,
       v.words_count,
       v.loaded_at,
       (v.loaded_at AT TIME ZONE 'Asia/Shanghai')::date AS loaded_local_date,
       extract(hour FROM v.loaded_at AT TIME ZONE 'Asia/Shanghai')::integer AS loaded_local_hour,
       v.automaton IS NOT NULL AS is_compiled,
       octet_length(v.automaton) AS automaton_bytes
  FROM kefu.lexicon l
  JOIN kefu.unit u USING (unit)
  LEFT JOIN kefu.lexicon_version v USING (lexicon)
 WHERE l.unit = 'group' AND cardinality((SELECT kefu.my_units())::text[]) > 0
    OR l.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.lexicons IS 'Lexicons of Group and of the own units, one row a version; one without a version yet has one row (词库; R47, R80)';
COMMENT ON COLUMN kefu_bi.lexicons.lexicon IS 'code (词库代码)';
COMMENT ON COLUMN kefu_bi.lexicons.lexicon_label_zh IS 'Chinese name (词库名称)';
COMMENT ON COLUMN kefu_bi.lexicons.lexicon_label_en IS 'English name (词库英文名称)';
COMMENT ON COLUMN kefu_bi.lexicons.class IS 'sensitive, vulgar, emotion, brand, competitor, allow (类别)';
COMMENT ON COLUMN kefu_bi.lexicons.class_label_zh IS 'Chinese label of class (类别标签)';
COMMENT ON COLUMN kefu_bi.lexicons.class_label_en IS 'English label of class (类别英文标签)';
COMMENT ON COLUMN kefu_bi.lexicons.unit IS 'it holds there and below (机构)';
COMMENT ON COLUMN kefu_bi.lexicons.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.lexicons.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.lexicons.version IS 'version; NULL none yet (版本号)';
COMMENT ON COLUMN kefu_bi.lexicons.valid_from_at IS 'from when on; NULL none yet (生效时间)';
COMMENT ON COLUMN kefu_bi.lexicons.valid_from_local_date IS 'its date in Shanghai; NULL none yet (生效日期)';
COMMENT ON COLUMN kefu_bi.lexicons.valid_from_local_hour IS 'Beijing hour of valid_from_at, 0 to 23; NULL where that is (生效时间小时)';
COMMENT ON COLUMN kefu_bi.lexicons.is_in_force IS 'the version that holds now (是否现行)';
COMMENT ON COLUMN kefu_bi.lexicons.words_count IS 'words in it; NULL none yet (词数)';
COMMENT ON COLUMN kefu_bi.lexicons.loaded_at IS 'when it was loaded; NULL none yet (载入时间)';
COMMENT ON COLUMN kefu_bi.lexicons.loaded_local_date IS 'its date in Shanghai; NULL none yet (载入日期)';
COMMENT ON COLUMN kefu_bi.lexicons.loaded_local_hour IS 'Beijing hour of loaded_at, 0 to 23; NULL where that is (载入时间小时)';
COMMENT ON COLUMN kefu_bi.lexicons.is_compiled IS 'its automaton is stored; else each backend makes its own (是否已编译)';
COMMENT ON COLUMN kefu_bi.lexicons.automaton_bytes IS 'bytes of the stored automaton; NULL none (自动机字节数)';

CREATE VIEW kefu_bi.lexicon_hits WITH (security_barrier) AS
SELECT h.hit_id,
       h.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       h.lexicon,
       l.name_zh AS lexicon_label_zh,
       l.name_en AS lexicon_label_en,
       l.class,
       CASE l.class WHEN 'sensitive' THEN '敏感' WHEN 'vulgar' THEN '三俗' WHEN 'emotion' THEN '个人情绪'
                    WHEN 'brand' THEN '有损品牌' WHEN 'competitor' THEN '竞争对手' WHEN 'marketing' THEN '营销'
                    WHEN 'joke' THEN '搞笑' WHEN 'allow' THEN '白名单' END AS class_label_zh,
       CASE l.class WHEN 'sensitive' THEN 'sensitive' WHEN 'vulgar' THEN 'vulgar' WHEN 'emotion' THEN 'own emotion'
                    WHEN 'brand' THEN 'harms the brand' WHEN 'competitor' THEN 'competitor' WHEN 'marketing' THEN 'marketing'
                    WHEN 'joke' THEN 'joke' WHEN 'allow' THEN 'allowed' END AS class_label_en,
       h.version,
       h.word_number,
       w.pattern AS word,
       h.object_type,
       t.label_zh AS object_type_label_zh,
       t.label_en AS object_type_label_en,
       h.object_id,
       h.places_count,
       h.hit_at,
       (h.hit_at AT TIME ZONE 'Asia/Shanghai')::date AS hit_local_date,
       extract(hour FROM h.hit_at AT TIME ZONE 'Asia/Shanghai')::integer AS hit_local_hour,
       h.written_by,
       h.overridden_at IS NOT NULL AS is_overridden,
       h.overridden_by,
       h.overridden_at,
       (h.overridden_at AT TIME ZONE 'Asia/Shanghai')::date AS overridden_local_date,
       extract(hour FROM h.overridden_at AT TIME ZONE 'Asia/Shanghai')::integer AS overridden_local_hour,
       h.override_reason
  FROM kefu.lexicon_hit h
  JOIN kefu.unit u USING (unit)
  JOIN kefu.lexicon l USING (lexicon)
  JOIN kefu.lexicon_word w USING (lexicon, version, word_number)
  LEFT JOIN kefu.object_type t ON t.object_type = h.object_type
 WHERE h.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.lexicon_hits IS 'Words that lexicons found in texts of the own units, and who let them pass (词库命中; R47, R80)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.hit_id IS 'number for kefu.override_hit() (命中编号)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.unit IS 'unit whose text it is (机构)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.lexicon IS 'lexicon (词库)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.lexicon_label_zh IS 'Chinese label of lexicon (词库标签)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.lexicon_label_en IS 'English label of lexicon (词库英文标签)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.class IS 'class of the lexicon (类别)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.class_label_zh IS 'Chinese label of class (类别标签)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.class_label_en IS 'English label of class (类别英文标签)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.version IS 'its version (版本号)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.word_number IS 'its word (词条编号)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.word IS 'that word (词)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.object_type IS 'what it is the text of (对象类型)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.object_type_label_zh IS 'Chinese label of object_type (对象类型标签)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.object_type_label_en IS 'English label of object_type (对象类型英文标签)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.places_count IS 'places in the text, at least 1 (命中处数)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.hit_at IS 'when it was first found (命中时间)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.hit_local_date IS 'its date in Shanghai (命中日期)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.hit_local_hour IS 'its hour in Shanghai, 0 to 23 (命中小时)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.written_by IS 'staff number of who wrote the text; NULL not known (撰写人)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.is_overridden IS 'it was let pass (是否放行)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.overridden_by IS 'staff number of who let it pass; NULL nobody (放行人)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.overridden_at IS 'when; NULL not (放行时间)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.overridden_local_date IS 'its date in Shanghai; NULL not (放行日期)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.overridden_local_hour IS 'Beijing hour of overridden_at, 0 to 23; NULL where that is (放行时间小时)';
COMMENT ON COLUMN kefu_bi.lexicon_hits.override_reason IS 'why; NULL not (放行理由)';
