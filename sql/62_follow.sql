-- 62_follow: the follow list: proposed by rule and by people, read back from
-- the platform, reviewed, ended.

-- --- rules ------------------------------------------------------------------------

CREATE FUNCTION kefu.follow_rule_now() RETURNS kefu.follow_rule
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT r FROM kefu.follow_rule r WHERE r.valid_from <= kefu.now() ORDER BY r.valid_from DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION kefu.follow_rule_now() IS 'The rules that hold now; all NULL where none are loaded (内部: 现行关注规则)';

CREATE FUNCTION kefu.require_follow_category(category text, subcategory text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF NOT EXISTS (SELECT FROM kefu.follow_category c
                    WHERE c.category = require_follow_category.category
                      AND c.subcategory = require_follow_category.subcategory) THEN
        RAISE EXCEPTION 'there is no category "%"', concat_ws('/', category, nullif(subcategory, ''))
            USING ERRCODE = 'undefined_object', HINT = 'SELECT category, subcategory FROM kefu_bi.follow_quotas lists them.';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.require_follow_category(text, text) IS 'Raises undefined_object for a kind there is not (内部: 校验关注类别)';

CREATE FUNCTION kefu.set_follow_quota(category text, subcategory text, valid_from timestamptz, at_least integer, at_most integer)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_admin('group');
    PERFORM kefu.require_later(valid_from);
    PERFORM kefu.require_follow_category(category, subcategory);
    INSERT INTO kefu.follow_quota (category, subcategory, valid_from, least, most, rulebook)
    SELECT c.category, c.subcategory, set_follow_quota.valid_from, set_follow_quota.at_least, set_follow_quota.at_most, c.rulebook
      FROM kefu.follow_category c
     WHERE c.category = set_follow_quota.category AND c.subcategory = set_follow_quota.subcategory;
    PERFORM kefu.append_ledger('rules', 'set_follow_quota', jsonb_build_object('category', category,
        'subcategory', subcategory, 'from', valid_from, 'least', at_least, 'most', at_most));
END $$;
COMMENT ON FUNCTION kefu.set_follow_quota(text, text, timestamptz, integer, integer) IS
'How many of a kind each account follows, from a time on; NULL is no limit. Group administrators only; invalid_parameter_value for a time that is over (调整关注数量; R2, R32 to R36, ruling 28)';

CREATE FUNCTION kefu.add_follow_target(platform text, native_id text, name text, category text,
                                       subcategory text DEFAULT '', is_mandatory boolean DEFAULT false,
                                       valid_from timestamptz DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    since timestamptz := coalesce(add_follow_target.valid_from, kefu.now());
BEGIN
    PERFORM kefu.require_rank('group', 'leader', 'admin');
    PERFORM kefu.require_later(since);
    PERFORM kefu.require_follow_category(category, subcategory);
    UPDATE kefu.follow_target t SET valid_to = since
     WHERE t.platform = add_follow_target.platform AND t.native_id = add_follow_target.native_id
       AND t.valid_from < since AND (t.valid_to IS NULL OR t.valid_to > since);
    INSERT INTO kefu.follow_target (platform, native_id, name, category, subcategory, is_mandatory, valid_from, set_by)
    VALUES (add_follow_target.platform, add_follow_target.native_id, ltrim(add_follow_target.name, '@'),
            add_follow_target.category, add_follow_target.subcategory, add_follow_target.is_mandatory, since, kefu.me());
    PERFORM kefu.append_ledger('rules', 'add_follow_target', jsonb_build_object('platform', platform,
        'native_id', native_id, 'category', category, 'subcategory', subcategory, 'is_mandatory', is_mandatory,
        'from', since), jsonb_build_object('name', name));
END $$;
COMMENT ON FUNCTION kefu.add_follow_target(text, text, text, text, text, boolean, timestamptz) IS
'Enters an account by name and kind, and whether every account of ours there must follow it, from a time on; called again it changes from then on. A leader or administrator of Group (登记关注名录; R30)';

CREATE FUNCTION kefu.retire_follow_target(platform text, native_id text, valid_to timestamptz DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    ends timestamptz := coalesce(retire_follow_target.valid_to, kefu.now());
    ended integer;
BEGIN
    PERFORM kefu.require_rank('group', 'leader', 'admin');
    PERFORM kefu.require_later(ends);
    UPDATE kefu.follow_target t SET valid_to = ends
     WHERE t.platform = retire_follow_target.platform AND t.native_id = retire_follow_target.native_id
       AND t.valid_from < ends AND (t.valid_to IS NULL OR t.valid_to > ends);
    GET DIAGNOSTICS ended = ROW_COUNT;
    PERFORM kefu.append_ledger('rules', 'retire_follow_target', jsonb_build_object('platform', platform,
        'native_id', native_id, 'until', ends, 'count', ended));
    RETURN ended;
END $$;
COMMENT ON FUNCTION kefu.retire_follow_target(text, text, timestamptz) IS
'It need not be followed any more from a time on (now if NULL); who follows it decides on each. Returns how many rows ended. A leader or administrator of Group (停用关注名录; R30, R84)';

-- --- proposing -----------------------------------------------------------------------

CREATE FUNCTION kefu.follow_facts(account text, native_id text, category text, subcategory text, cause text) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    -- A customer is named by identity, which an erasure reaches.
    RETURN (SELECT jsonb_strip_nulls(jsonb_build_object('unit', a.unit, 'account', a.account,
                'category', follow_facts.category, 'subcategory', nullif(follow_facts.subcategory, ''),
                'cause', follow_facts.cause, 'identity', i.identity_id,
                'native_id', CASE WHEN i.identity_id IS NULL THEN follow_facts.native_id END))
              FROM kefu.account a
              LEFT JOIN kefu.identity i ON i.platform = a.platform AND i.native_id = follow_facts.native_id
             WHERE a.account = follow_facts.account);
END $$;
COMMENT ON FUNCTION kefu.follow_facts(text, text, text, text, text) IS 'Facts that a new follow needs (内部: 关注要素)';

CREATE FUNCTION kefu.propose_follow(account text, native_id text, category text, subcategory text DEFAULT '',
                                    request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account := kefu.account_for(account, 'operator', 'leader');
    is_now text;
BEGIN
    PERFORM kefu.require_follow_category(category, subcategory);
    SELECT f.state INTO is_now FROM kefu.follow_now f
     WHERE f.account = a.account AND f.target = propose_follow.native_id AND f.ended_at IS NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'account "%" has it on its list already', account
            USING ERRCODE = 'unique_violation', DETAIL = format('It is %s.', is_now),
                  HINT = 'kefu.sort_follow() changes its kind.';
    END IF;
    RETURN kefu.create_object('follow', 'propose', kefu.follow_facts(a.account, native_id, category, subcategory,
        CASE WHEN category IN ('celebrity', 'active_user') THEN 'candidate' ELSE 'person' END), request_key);
END $$;
COMMENT ON FUNCTION kefu.propose_follow(text, text, text, text, text) IS
'Puts somebody on the follow list of an account as proposed, by the platform''s id; unique_violation if it is there. An operator or leader of its unit (提出关注; R29, R32 to R36, R83)';

CREATE FUNCTION kefu.propose_candidate(account text, identity bigint, category text, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    a kefu.account := kefu.account_for(account, 'operator', 'leader');
    native_id text;
BEGIN
    SELECT i.native_id INTO native_id FROM kefu.identity i
     WHERE i.identity_id = propose_candidate.identity AND i.platform = a.platform
       AND EXISTS (SELECT FROM kefu.message g WHERE g.identity_id = i.identity_id AND g.unit = ANY (kefu.my_units()));
    IF NOT FOUND THEN
        PERFORM kefu.require_unit(NULL);
    END IF;
    RETURN kefu.propose_follow(a.account, native_id, category, '', request_key);
END $$;
COMMENT ON FUNCTION kefu.propose_candidate(text, bigint, text, text) IS
'Puts a customer who wrote to the caller''s units on the follow list of an account as proposed, by the number that kefu_bi.follow_candidates shows; KF008 for anybody else (提出互动候选; R35, R36)';

CREATE FUNCTION kefu.propose_follows(at_most integer DEFAULT 200) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    r record;
    made integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    FOR r IN SELECT q.* FROM kefu.follow_required q
              WHERE NOT EXISTS (SELECT FROM kefu.follow_now f
                                 WHERE f.account = q.account AND f.target = q.target AND f.ended_at IS NULL)
              ORDER BY q.account, q.target LIMIT at_most LOOP
        PERFORM kefu.raise_new('follow', 'propose',
                               kefu.follow_facts(r.account, r.target, r.category, r.subcategory, r.cause));
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION kefu.propose_follows(integer) IS
'Proposes whom an account must follow and doesn''t; people decide. Returns how many. The clock worker calls it each hour; a Group administrator may (按规则提出关注; R30, R31)';

-- --- deciding --------------------------------------------------------------------------

CREATE FUNCTION kefu.start_follow(follow bigint, reason text DEFAULT NULL, version integer DEFAULT NULL,
                                  request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('follow', follow, 'follow', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.start_follow(bigint, text, integer, text) IS
'Follow it: sent to the platform, or a task where that can''t be. A discouraged kind needs a leader and a reason, else KF001 (关注; R29 to R37)';

CREATE FUNCTION kefu.refuse_follow(follow bigint, reason text, version integer DEFAULT NULL,
                                   request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('follow', follow, 'refuse', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.refuse_follow(bigint, text, integer, text) IS
'Don''t follow it; one that must be followed is proposed again (不予关注; R29, R37)';

CREATE FUNCTION kefu.follow_done(follow bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    f kefu.follow;
BEGIN
    SELECT x.* INTO f FROM kefu.follow x WHERE x.follow_id = follow_done.follow;
    PERFORM kefu.require_unit(f.unit, 'operator', 'leader');
    RETURN kefu.advance('follow', follow, CASE f.state WHEN 'unfollowing' THEN 'unfollowed' ELSE 'followed' END,
                        '{}', version, request_key);
END $$;
COMMENT ON FUNCTION kefu.follow_done(bigint, integer, text) IS
'A person has followed or unfollowed it on the platform; its task is closed by kefu.task_done() (人工办结关注; R70, R84)';

CREATE FUNCTION kefu.review_follow(follow bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('follow', follow, 'review', kefu.facts('decision', 'keep'), version, request_key);
END;
COMMENT ON FUNCTION kefu.review_follow(bigint, integer, text) IS 'Looked at and kept; the next review is due in its time (复核关注; R83)';

CREATE FUNCTION kefu.sort_follow(follow bigint, category text, subcategory text DEFAULT '', reason text DEFAULT NULL,
                                 version integer DEFAULT NULL, request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    f kefu.follow;
BEGIN
    SELECT x.* INTO f FROM kefu.follow x WHERE x.follow_id = sort_follow.follow;
    PERFORM kefu.require_unit(f.unit, 'operator', 'leader');
    PERFORM kefu.require_follow_category(category, subcategory);
    RETURN kefu.advance('follow', follow, 'sort', kefu.facts('category', category,
                        'subcategory', nullif(subcategory, ''), 'reason', reason), version, request_key);
END $$;
COMMENT ON FUNCTION kefu.sort_follow(bigint, text, text, text, integer, text) IS
'It is of this kind; a discouraged one that is followed needs a leader and a reason, else KF001. undefined_object for an unknown kind (归类关注; R29, R37)';

CREATE FUNCTION kefu.end_follow(follow bigint, unfollow_reason text, version integer DEFAULT NULL,
                                request_key text DEFAULT NULL) RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('follow', follow, 'unfollow', kefu.facts('unfollow_reason', unfollow_reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.end_follow(bigint, text, integer, text) IS
'Follow it no longer, for a reason of kefu.unfollow_reason; KF001 for any other, and for one that must be followed (取消关注; R84)';

-- --- reading the platform's list --------------------------------------------------------

CREATE FUNCTION kefu.take_follow_page(account text, action text, body text, begins boolean, at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    taken integer;
BEGIN
    INSERT INTO kefu.follow_list AS l (account, began_at) VALUES (take_follow_page.account, at)
        ON CONFLICT ON CONSTRAINT follow_list_pkey DO UPDATE
       SET began_at = CASE WHEN begins THEN excluded.began_at ELSE l.began_at END;
    IF begins THEN
        DELETE FROM kefu.follow_listed x WHERE x.account = take_follow_page.account AND NOT x.is_complete;
    END IF;
    INSERT INTO kefu.follow_listed (account, is_complete, native_id)
    SELECT DISTINCT a.account, false, i.native_id
      FROM kefu.account a CROSS JOIN LATERAL kefu.map_payload(a.platform, take_follow_page.action, body, a.native_id) AS i
     WHERE a.account = take_follow_page.account AND i.error IS NULL
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END $$;
COMMENT ON FUNCTION kefu.take_follow_page(text, text, text, boolean, timestamptz) IS
'Takes a page of the platform''s own list of whom an account follows; begins: the first one. Returns how many were new. For the owner''s functions only (内部: 读取关注列表; R70)';

CREATE FUNCTION kefu.take_state(account text, action text, body text, begins boolean, started_at timestamptz,
                                finished_at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    kind text;
BEGIN
    SELECT e.item_kind INTO kind FROM kefu.account a JOIN kefu.endpoint e USING (platform)
     WHERE a.account = take_state.account AND e.action = take_state.action;
    IF kind = 'follow' THEN
        -- What changes while it is read may be on it or not.
        RETURN kefu.take_follow_page(account, action, body, begins, started_at);
    END IF;
    IF kind = 'status' THEN
        RETURN kefu.take_counts(account, action, body, finished_at);
    END IF;
    RETURN kefu.take_profile(account, body, finished_at);
END $$;
COMMENT ON FUNCTION kefu.take_state(text, text, text, boolean, timestamptz, timestamptz) IS
'Takes a page that tells what an account is, by the item kind of its endpoint; begins: the first of a walk. Returns how many items. For the owner''s functions only (内部: 读取账号状态)';

CREATE FUNCTION kefu.close_state(account text, action text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF NOT EXISTS (SELECT FROM kefu.account a JOIN kefu.endpoint e USING (platform)
                    WHERE a.account = close_state.account AND e.action = close_state.action AND e.item_kind = 'follow') THEN
        RETURN;
    END IF;
    DELETE FROM kefu.follow_listed x WHERE x.account = close_state.account AND x.is_complete;
    UPDATE kefu.follow_listed x SET is_complete = true WHERE x.account = close_state.account;
    UPDATE kefu.follow_list l
       SET closed_began_at = l.began_at, closed_at = kefu.now(),
           listed_count = (SELECT count(*) FROM kefu.follow_listed x WHERE x.account = l.account)
     WHERE l.account = close_state.account;
END $$;
COMMENT ON FUNCTION kefu.close_state(text, text) IS
'A walk over an account''s state is complete: its list takes the place of the last one. For the owner''s functions only (内部: 列表读取完成)';

CREATE FUNCTION kefu.list_differences(account text)
    RETURNS TABLE (difference text, follow_id bigint, target text)
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    -- What we asked for and is not settled yet, and what changed since the reading
    -- began, is not compared.
    RETURN QUERY
    WITH l AS (
        SELECT x.* FROM kefu.follow_list x WHERE x.account = list_differences.account AND x.closed_at IS NOT NULL
    ), ours AS (
        SELECT f.*, EXISTS (SELECT FROM kefu.outbound o
                             WHERE o.object_type = 'follow' AND o.object_id = f.follow_id
                               AND o.state IN ('queued', 'sending', 'uncertain')) AS is_pending
          FROM kefu.follow_now f
         WHERE f.account = list_differences.account
           AND (f.ended_at IS NULL OR f.ended_at >= (SELECT l.closed_began_at FROM l))
    )
    SELECT CASE WHEN o.follow_id IS NULL THEN 'unknown' ELSE 'found' END, o.follow_id, x.native_id
      FROM l JOIN kefu.follow_listed x ON x.account = l.account AND x.is_complete
      LEFT JOIN ours o ON o.target = x.native_id
     WHERE o.follow_id IS NULL OR o.state IN ('proposed', 'requested') AND NOT o.is_pending
    UNION ALL
    SELECT CASE o.state WHEN 'following' THEN 'missing' ELSE 'gone' END, o.follow_id, o.target
      FROM l CROSS JOIN ours o
     WHERE o.state IN ('following', 'unfollowing') AND NOT o.is_pending AND o.followed_at < l.closed_began_at
       AND NOT EXISTS (SELECT FROM kefu.follow_listed x
                        WHERE x.account = l.account AND x.is_complete AND x.native_id = o.target)
     ORDER BY 2 NULLS LAST, 3;
END $$;
COMMENT ON FUNCTION kefu.list_differences(text) IS
'Where the last complete list of the platform and ours differ: unknown, on theirs and not on ours; found, on theirs and not yet followed by ours; missing, followed by ours and not on theirs; gone, ended on theirs before we heard of it (内部: 关注列表差异; R70)';

CREATE FUNCTION kefu.match_follows(at_most integer DEFAULT 200) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    l kefu.follow_list;
    d record;
    new_id bigint;
    did integer := 0;
BEGIN
    IF NOT kefu.is_worker() THEN
        PERFORM kefu.require_admin('group');
    END IF;
    FOR l IN SELECT x.* FROM kefu.follow_list x
              WHERE x.closed_at > coalesce(x.matched_at, '-infinity') ORDER BY x.closed_at, x.account LOOP
        FOR d IN SELECT x.* FROM kefu.list_differences(l.account) AS x LIMIT at_most - did LOOP
            CASE d.difference
                WHEN 'unknown' THEN
                    new_id := (kefu.raise_new('follow', 'propose', kefu.follow_facts(l.account, d.target,
                        coalesce((SELECT t.category FROM kefu.follow_target t JOIN kefu.account a USING (platform)
                                   WHERE a.account = l.account AND t.native_id = d.target AND t.valid_from <= kefu.now()
                                   ORDER BY t.valid_from DESC LIMIT 1), 'unsorted'),
                        (SELECT t.subcategory FROM kefu.follow_target t JOIN kefu.account a USING (platform)
                          WHERE a.account = l.account AND t.native_id = d.target AND t.valid_from <= kefu.now()
                          ORDER BY t.valid_from DESC LIMIT 1), 'found'))).id;
                    PERFORM kefu.raise_event('follow', new_id, 'found_following');
                WHEN 'found' THEN
                    PERFORM kefu.raise_event('follow', d.follow_id, 'found_following');
                WHEN 'missing' THEN
                    PERFORM kefu.raise_event('follow', d.follow_id, 'found_missing');
                ELSE
                    PERFORM kefu.raise_event('follow', d.follow_id, 'unfollowed');
            END CASE;
            did := did + 1;
        END LOOP;
        EXIT WHEN did >= at_most;
        UPDATE kefu.follow_list x SET matched_at = x.closed_at WHERE x.account = l.account;
    END LOOP;
    RETURN did;
END $$;
COMMENT ON FUNCTION kefu.match_follows(integer) IS
'Compares the platforms'' own lists that were read since with our follows, and raises on each what the platform says. Returns how many differed. The clock worker calls it each minute; a Group administrator may (比对关注列表; R30, R31, R70)';

-- --- what breaks the rules ---------------------------------------------------------------

CREATE VIEW kefu.follow_standing AS
SELECT a.account, a.unit, q.category, q.subcategory, q.rulebook, q.least, q.most,
       (SELECT count(*) FROM kefu.follow f
         WHERE f.account = a.account AND f.state = 'following' AND f.category = q.category
           AND (q.subcategory = '' OR f.subcategory = q.subcategory)) AS followed_count
  FROM kefu.account a
 CROSS JOIN (SELECT DISTINCT ON (x.category, x.subcategory) x.*
               FROM kefu.follow_quota x WHERE x.valid_from <= kefu.now()
              ORDER BY x.category, x.subcategory, x.valid_from DESC) AS q
 WHERE a.is_live;
COMMENT ON VIEW kefu.follow_standing IS 'How many of each kind each live account follows, against the quota that holds now (关注数量现状; R32 to R36)';
COMMENT ON COLUMN kefu.follow_standing.account IS 'account (账号)';
COMMENT ON COLUMN kefu.follow_standing.unit IS 'its unit (机构)';
COMMENT ON COLUMN kefu.follow_standing.category IS 'category (类别)';
COMMENT ON COLUMN kefu.follow_standing.subcategory IS 'one of its parts; empty: all of it together (子类)';
COMMENT ON COLUMN kefu.follow_standing.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu.follow_standing.least IS 'at least; NULL no lower limit (下限)';
COMMENT ON COLUMN kefu.follow_standing.most IS 'at most; NULL no upper limit (上限)';
COMMENT ON COLUMN kefu.follow_standing.followed_count IS 'followed now; 0 none (关注数)';

CREATE FUNCTION kefu.find_missing_follow() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT CASE WHEN f.follow_id IS NULL THEN 'account' ELSE 'follow' END, f.follow_id,
           CASE WHEN f.follow_id IS NULL THEN r.account END, r.unit, r.account, coalesce(f.lost_at, r.since_at),
           ARRAY[r.rulebook],
           format('未关注 %s（%s）', r.target, CASE WHEN f.lost_at IS NOT NULL THEN '平台已不在关注'
                                               WHEN f.state IS NULL THEN '尚未提出' ELSE '已提出' END),
           format('does not follow %s (%s)', r.target, CASE WHEN f.lost_at IS NOT NULL THEN 'lost on the platform'
                                                            WHEN f.state IS NULL THEN 'not proposed yet' ELSE f.state END)
      FROM kefu.follow_required r
      LEFT JOIN kefu.follow_now f ON f.account = r.account AND f.target = r.target AND f.ended_at IS NULL
     WHERE f.state IS DISTINCT FROM 'following';
END $$;
COMMENT ON FUNCTION kefu.find_missing_follow() IS 'Whom an account must follow and doesn''t (必须关注缺失; R30, R31)';

CREATE FUNCTION kefu.find_banned_follow() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'follow', f.follow_id, NULL::text, f.unit, f.account, f.followed_at, NULL::text[],
           '关注' || c.label_zh || '，没有值班长说明', 'follows ' || c.label_en || ' without a leader''s reason'
      FROM kefu.follow f JOIN kefu.follow_category c USING (category, subcategory)
     WHERE f.state IN ('requested', 'following') AND c.is_discouraged AND coalesce(f.reason, '') = '';
END $$;
COMMENT ON FUNCTION kefu.find_banned_follow() IS 'Discouraged kinds that are followed without a leader''s reason (不宜关注; R37, I11)';

CREATE FUNCTION kefu.find_follow_quota() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    -- An account that follows nobody lacks its list, not each kind of it.
    RETURN QUERY
    SELECT 'account', NULL::bigint, s.account, s.unit, s.account, NULL::timestamptz, ARRAY[s.rulebook],
           format('%s关注 %s 个，应为 %s', c.label_zh, s.followed_count,
                  concat_ws('', s.least, CASE WHEN s.most IS NULL THEN ' 个以上' ELSE '-' || s.most END)),
           format('follows %s of %s, to be %s', s.followed_count, c.label_en,
                  concat_ws('', s.least, CASE WHEN s.most IS NULL THEN ' or more' ELSE '-' || s.most END))
      FROM kefu.follow_standing s JOIN kefu.follow_category c USING (category, subcategory)
     WHERE (s.followed_count < s.least OR s.followed_count > s.most)
       AND EXISTS (SELECT FROM kefu.follow f WHERE f.account = s.account AND f.state = 'following');
END $$;
COMMENT ON FUNCTION kefu.find_follow_quota() IS 'Too few or too many of a kind, on accounts that follow anybody (关注数量不符; R33 to R35, ruling 7)';

CREATE FUNCTION kefu.find_unsorted_follow() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'follow', f.follow_id, NULL::text, f.unit, f.account, f.followed_at, NULL::text[],
           '平台上已关注，未归类', 'followed on the platform, of no kind yet'
      FROM kefu.follow f
     WHERE f.state = 'following' AND f.category = 'unsorted';
END $$;
COMMENT ON FUNCTION kefu.find_unsorted_follow() IS 'Entries of the platform''s list that nobody has sorted (未归类关注; R29)';

CREATE FUNCTION kefu.find_lost_follow() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'follow', f.follow_id, NULL::text, f.unit, f.account, f.lost_at, NULL::text[],
           '平台列表中已没有该关注，非本台取消', 'the platform''s list has it no longer, and the desk did not end it'
      FROM kefu.follow f
     WHERE f.state = 'proposed' AND f.lost_at IS NOT NULL;
END $$;
COMMENT ON FUNCTION kefu.find_lost_follow() IS 'Follows that the platform''s list has no longer (平台缺失关注; R70)';

CREATE FUNCTION kefu.find_retired_follow() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT 'follow', f.follow_id, NULL::text, f.unit, f.account, t.valid_to, NULL::text[],
           '关注对象已从名录停用，尚未取消或复核', 'whom it follows was retired from the list, and nobody has ended or reviewed it since'
      FROM kefu.follow f
      JOIN kefu.account a ON a.account = f.account
      JOIN LATERAL (SELECT max(x.valid_to) AS valid_to FROM kefu.follow_target x
                     WHERE x.platform = a.platform AND x.native_id = f.native_id
                    HAVING bool_and(x.valid_to IS NOT NULL)) AS t ON t.valid_to <= kefu.now()
     WHERE f.state = 'following' AND greatest(f.reviewed_at, f.followed_at) < t.valid_to;
END $$;
COMMENT ON FUNCTION kefu.find_retired_follow() IS 'Follows of whom Group retired from the list of known accounts, neither ended nor reviewed since (停用对象仍在关注; R84)';

CREATE FUNCTION kefu.find_no_active_user() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.follow_rule := kefu.follow_rule_now();
BEGIN
    RETURN QUERY
    -- Messages are counted for those that lack them alone.
    WITH lacking AS MATERIALIZED (
        SELECT a.account, a.unit
          FROM kefu.account a
         WHERE a.is_live AND EXISTS (SELECT FROM kefu.follow f WHERE f.account = a.account AND f.state = 'following')
           AND NOT EXISTS (SELECT FROM kefu.follow f WHERE f.account = a.account AND f.category = 'active_user'
                              AND f.state IN ('proposed', 'requested', 'following'))
    ), engaged AS (
        SELECT l.account, l.unit, g.identity_id
          FROM lacking l
          JOIN kefu.message g ON g.account = l.account AND g.to_us AND g.is_live AND g.identity_id IS NOT NULL
           AND g.posted_at > kefu.now() - r.engaged_within
         WHERE NOT EXISTS (SELECT FROM kefu.identity i JOIN kefu.account b USING (platform, native_id)
                            WHERE i.identity_id = g.identity_id)
         GROUP BY l.account, l.unit, g.identity_id HAVING count(*) >= r.engaged_messages
    )
    SELECT 'account', NULL::bigint, e.account, e.unit, e.account, NULL::timestamptz, NULL::text[],
           format('未关注任何活跃用户，近期互动达 %s 条的有 %s 人', r.engaged_messages, count(*)),
           format('follows no active customer, and %s wrote %s times or more lately', count(*), r.engaged_messages)
      FROM engaged e GROUP BY e.account, e.unit;
END $$;
COMMENT ON FUNCTION kefu.find_no_active_user() IS 'Accounts that follow others but none of their active customers, though there are some by the rule of candidates; the rulebook gives no number (未关注活跃用户; R36)';

CREATE FUNCTION kefu.find_unread_follows() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$
DECLARE
    r kefu.follow_rule := kefu.follow_rule_now();
BEGIN
    RETURN QUERY
    SELECT 'account', NULL::bigint, a.account, a.unit, a.account, l.closed_at + r.read_within, NULL::text[],
           CASE WHEN l.closed_at IS NULL THEN '平台关注列表从未完整读取' ELSE '平台关注列表超过核对周期未读取' END,
           CASE WHEN l.closed_at IS NULL THEN 'the platform''s list was never read to its end'
                ELSE 'the platform''s list was not read in time' END
      FROM kefu.account a
      JOIN kefu.endpoint e ON e.platform = a.platform AND e.purpose = 'state' AND e.item_kind = 'follow'
      LEFT JOIN kefu.follow_list l ON l.account = a.account
     WHERE a.is_live AND (l.closed_at IS NULL OR l.closed_at < kefu.now() - r.read_within)
       AND EXISTS (SELECT FROM kefu.follow f WHERE f.account = a.account AND f.state = 'following');
END $$;
COMMENT ON FUNCTION kefu.find_unread_follows() IS 'Accounts whose real list was not read in time, where the platform tells it (关注列表未核对; R70)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES
    ('missing_follow', 'kefu.find_missing_follow()', '{R30,R31}', 'must', '必须关注缺失', 'mandatory follow missing',
     '用 kefu.start_follow() 关注。', 'Follow it with kefu.start_follow().'),
    ('banned_follow', 'kefu.find_banned_follow()', '{R37,R29}', 'must', '不宜关注', 'discouraged follow',
     '用 kefu.end_follow() 取消，或由值班长用 kefu.sort_follow() 说明理由。',
     'End it with kefu.end_follow(), or a leader gives the reason with kefu.sort_follow().'),
    ('follow_quota', 'kefu.find_follow_quota()', '{R34,R33,R35}', 'warn', '关注数量不符', 'number followed out of range',
     '从互动用户中补充（kefu_bi.follow_candidates），或取消不再合适的。',
     'Add from those who engage (kefu_bi.follow_candidates), or end those that fit no longer.'),
    ('unsorted_follow', 'kefu.find_unsorted_follow()', '{R29}', 'must', '未归类关注', 'follow of no kind',
     '用 kefu.sort_follow() 归类，或用 kefu.end_follow() 取消。', 'Sort it with kefu.sort_follow(), or end it with kefu.end_follow().'),
    ('lost_follow', 'kefu.find_lost_follow()', '{R70}', 'must', '平台缺失关注', 'follow lost on the platform',
     '重新关注（kefu.start_follow）或不予关注（kefu.refuse_follow）。', 'Follow it again (kefu.start_follow) or refuse it (kefu.refuse_follow).'),
    ('retired_follow', 'kefu.find_retired_follow()', '{R84}', 'must', '停用对象仍在关注', 'retired, still followed',
     '用 kefu.end_follow() 取消，仍合适的用 kefu.review_follow() 复核保留。', 'End it with kefu.end_follow(), or keep it with kefu.review_follow().'),
    ('no_active_user', 'kefu.find_no_active_user()', '{R36}', 'warn', '未关注活跃用户', 'no active customer followed',
     '从 kefu_bi.follow_candidates 中选取，用 kefu.propose_candidate() 提出。', 'Choose from kefu_bi.follow_candidates with kefu.propose_candidate().'),
    ('unread_follows', 'kefu.find_unread_follows()', '{R70}', 'warn', '关注列表未核对', 'list not read',
     '为账号开通 follows 信息源（kefu.add_feed）。', 'Start the feed follows for the account (kefu.add_feed).');
