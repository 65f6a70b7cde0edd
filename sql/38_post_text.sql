-- 38_post_text: what the text of a post must be, beyond what kefu.check_text()
-- knows of a text alone: who asked for it, whose it is, what a repost is about.

CREATE FUNCTION kefu.post_wordings(post bigint) RETURNS TABLE (account text, platform text, text text)
    LANGUAGE plpgsql ROWS 4 STABLE PARALLEL SAFE AS
$$ BEGIN
    -- Each wording once a platform, on the accounts it may be planned on.
    RETURN QUERY
    SELECT DISTINCT ON (w.platform, w.text) w.account, w.platform, w.text
      FROM (SELECT a.account, a.platform, kefu.placed_text(p.post_id, a.account) AS text, a.unit <> p.unit AS below
              FROM kefu.post p JOIN kefu.account a ON kefu.is_below(a.unit, p.unit)
               AND coalesce(p.repost_platform, a.platform) = a.platform
             WHERE p.post_id = post AND a.is_live) AS w
     ORDER BY w.platform, w.text, w.below, w.account;
END $$;
COMMENT ON FUNCTION kefu.post_wordings(bigint) IS
'What a post says where it may be planned: each wording once a platform, with an account that says so (博文各版本)';

CREATE FUNCTION kefu.reposted_text(p kefu.post) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce((SELECT w.text FROM kefu.watched_post w
                      WHERE w.platform = p.repost_platform AND w.native_id = p.repost_id),
                    (SELECT g.text FROM kefu.engagement e JOIN kefu.message g USING (message_id) WHERE e.post_id = p.post_id));
END $$;
COMMENT ON FUNCTION kefu.reposted_text(kefu.post) IS 'What a post reposts says, as far as one of our accounts saw it; NULL not known, or an original (转发原文; R47, R64)';

CREATE FUNCTION kefu.is_related(p kefu.post) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    -- Trade news and leisure may be reposts as such (R51), soft kinds are counted (R61);
    -- what goes out as own service must be about it.
    RETURN p.repost_id IS NULL OR p.category IS NOT NULL
        OR EXISTS (SELECT FROM kefu.post_kind k
                    WHERE k.kind = p.kind AND (k.mix <> 'service' OR k.slot IS NOT NULL OR k.is_soft))
        OR EXISTS (SELECT FROM kefu.engagement e WHERE e.post_id = p.post_id)
        OR EXISTS (SELECT FROM kefu.watched_post w JOIN kefu.follow_category c USING (category, subcategory)
                    WHERE w.platform = p.repost_platform AND w.native_id = p.repost_id AND c.is_telecom)
        OR EXISTS (SELECT FROM kefu.placement l JOIN kefu.account a USING (account)
                    WHERE a.platform = p.repost_platform AND l.native_id = p.repost_id);
END $$;
COMMENT ON FUNCTION kefu.is_related(kefu.post) IS
'Whether a repost relates to our business as far as rows can tell: it names a matter, its kind is no own service, a task asks for it, or it is by one of our accounts or somebody watched as telecom; true for an original (转发是否与业务有关; R51, R64)';

CREATE FUNCTION kefu.post_problems(post bigint)
    RETURNS TABLE (rule text, account text, rulebook text, effect text, detail text, needs_reason boolean)
    LANGUAGE plpgsql ROWS 3 STABLE PARALLEL UNSAFE AS
$$
DECLARE
    p kefu.post;
    said text;
BEGIN
    SELECT x.* INTO p FROM kefu.post x WHERE x.post_id = post;
    said := coalesce(kefu.reposted_text(p), '');
    RETURN QUERY
    WITH asked AS (
        SELECT r.rule, r.rulebook, r.effect
          FROM kefu.content_rules(p.unit, kefu.now()) AS r
         WHERE r.effect <> 'off' AND CASE WHEN p.repost_id IS NULL THEN 'post' ELSE 'repost' END = ANY (r.applies_to)
    ), wording AS (
        SELECT '' AS account, kefu.placed_text(post, '') AS text, coalesce(p.text, '') AS own
        UNION ALL
        SELECT v.account, kefu.placed_text(post, v.account), v.text FROM kefu.post_variant v WHERE v.post_id = post
    ), checked AS (
        SELECT w.account, c.rule, c.rulebook, c.effect, c.detail, c.position_from IS NOT NULL AS is_word,
               c.effect = 'block' AND c.rule = ANY (kefu.overridden_rules('post', post, p.unit, w.text)) AS passes
          FROM kefu.post_wordings(post) AS w
         CROSS JOIN LATERAL kefu.check_text(w.platform, CASE WHEN p.repost_id IS NULL THEN 'post' ELSE 'repost' END,
                                            p.unit, w.text, NULL) AS c
         WHERE c.rule NOT IN ('personal_data', 'uncredited') AND NOT (c.rule = 'marketing' AND p.is_marketing)
        UNION ALL
        -- What is reposted stands there, too.
        SELECT '', a.rule, a.rulebook, a.effect,
               format('what is reposted has "%s" (lexicon "%s", version %s)', d.pattern, f.lexicon, f.version), true,
               a.effect = 'block' AND a.rule = ANY (kefu.overridden_rules('post', post, p.unit, said))
          FROM kefu.find_words(said, p.unit) AS f
          JOIN kefu.lexicon_word d USING (lexicon, version, word_number)
          JOIN asked a ON a.rule = f.class AND a.rule <> 'marketing'
    )
    SELECT 'text', w.account, 'R41', 'block', 'there is no text', false
      FROM wording w WHERE btrim(w.own) = '' AND p.repost_id IS NULL
    UNION ALL
    -- These two hold whatever rules are loaded.
    SELECT 'personal_data', w.account, 'I4', 'block', 'a telephone, identity-card or bank-card number is in it', false
      FROM wording w WHERE kefu.has_personal_data(w.text)
    UNION ALL
    SELECT 'uncredited', w.account, 'R63', 'block', 'copied text must name its source with @', false
      FROM wording w WHERE p.is_copied AND kefu.names_source(w.text, p.source) IS NOT TRUE
    UNION ALL
    SELECT 'wording', w.account, x.rulebook, 'block', 'the text lacks ' || x.requirement, false
      FROM wording w JOIN kefu.script_rule x ON x.event = 'post' AND x.kind = p.kind AND w.text !~ x.pattern
    UNION ALL
    SELECT a.rule, '', a.rulebook, a.effect, x.said, false
      FROM asked a
      JOIN (VALUES ('unrequested', p.is_marketing AND p.request_id IS NULL, 'it is marketing that no department asked for'),
                   ('unrelated', NOT kefu.is_related(p), 'it doesn''t say which of our business the repost is about'))
           AS x(rule, is_so, said) ON x.rule = a.rule AND x.is_so
    UNION ALL
    SELECT DISTINCT c.rule, CASE WHEN c.rule = 'too_long' THEN c.account ELSE '' END, c.rulebook,
           -- Where it fits somewhere, the other places need a wording of their own.
           CASE WHEN c.rule = 'too_long' AND EXISTS (
                     SELECT FROM kefu.post_wordings(post) AS o
                      WHERE NOT EXISTS (SELECT FROM checked x WHERE x.account = o.account AND x.rule = 'too_long'))
                THEN 'warn' ELSE c.effect END,
           c.detail, c.is_word AND c.rule NOT IN ('too_long', 'marketing', 'joke')
      FROM checked c WHERE NOT c.passes;
END $$;
COMMENT ON FUNCTION kefu.post_problems(bigint) IS
'What keeps a post from being published (block) and what its reviewer should know (warn), for every wording of it on every platform it may be planned on; account: the one whose wording it is about, empty for the text itself; needs_reason: who lets it out says why. Words that a reviewer let pass don''t block (博文问题; R41, R42, R45, R47, R63, R64, R75, R80, I4, I7)';

CREATE FUNCTION kefu.check_post(post bigint, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    blocks text;
BEGIN
    SELECT string_agg(format('%s%s (%s)', CASE WHEN b.account <> '' THEN b.account || ': ' ELSE '' END, b.detail, b.rulebook),
                      '; ' ORDER BY b.account, b.rule, b.detail) INTO blocks
      FROM kefu.post_problems(post) AS b WHERE b.effect = 'block';
    IF blocks IS NOT NULL THEN
        RAISE EXCEPTION 'the post may not be published as it is'
            USING ERRCODE = 'KF004', DETAIL = blocks,
                  HINT = 'kefu.preview_post() shows each account''s wording; kefu.edit_post() changes it.';
    END IF;
    INSERT INTO kefu.post_warning (post_id, review_round, rule, account, rulebook, detail, needs_reason, reason, at)
    SELECT p.post_id, p.review_round, w.rule, w.account, min(w.rulebook), string_agg(w.detail, '; ' ORDER BY w.detail),
           bool_or(w.needs_reason), reason, kefu.now()
      FROM kefu.post p CROSS JOIN LATERAL kefu.post_problems(p.post_id) AS w
     WHERE p.post_id = post AND w.effect = 'warn'
     GROUP BY p.post_id, p.review_round, w.rule, w.account
        ON CONFLICT ON CONSTRAINT post_warning_pkey DO UPDATE SET detail = excluded.detail, reason = excluded.reason;
END $$;
COMMENT ON FUNCTION kefu.check_post(bigint, text) IS
'Refuses (KF004) a post that breaks a blocking rule and names all of them; what only warns is kept for the reviewer with the writer''s reason (检查博文; R41, R47, R63, R75, R80)';
