-- 77_finding: which rules are broken now, and how the rulebook stands.
--
-- Last of what analysts read, so that every rule is there.  A rule whose
-- function fails is itself a finding and never hides the others.

-- --- rules of what was there before ----------------------------------------------

CREATE FUNCTION kefu.is_promise(k kefu.clock_kind) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    -- What the clock itself ends is a wait, not a promise.
    RETURN NOT EXISTS (SELECT FROM kefu.transition x WHERE x.event = ANY (k.kept_by) AND 'clock' = ANY (x.roles));
END $$;
COMMENT ON FUNCTION kefu.is_promise(kefu.clock_kind) IS 'Whether people keep this promise; false: the clock ends it, by silence or when its time has come (内部: 是否须履行的时限)';

CREATE FUNCTION kefu.find_late_promise() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT c.object_type, c.object_id, NULL::text, c.unit, coalesce(g.account, d.account), c.due_at,
           CASE WHEN c.clock = 'task_due' THEN ARRAY[coalesce(t.rulebook, 'house')]
                WHEN o.cause = 'ordered' THEN ARRAY['R76'] WHEN o.cause = 'user_error' THEN ARRAY['R77']
                WHEN o.cause = 'dead_link' THEN ARRAY['R78'] WHEN o.cause = 'original_gone' THEN ARRAY['R79']
                ELSE k.rulebook END,
           format('时限 %s 已于 %s 到期', c.clock, to_char(c.due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI')),
           format('promise %s was due at %s', c.clock, to_char(c.due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'))
      FROM kefu.clock c
      JOIN kefu.clock_kind k USING (clock)
      LEFT JOIN kefu.task t ON c.object_type = 'task' AND t.task_id = c.object_id
      LEFT JOIN kefu.ticket d ON c.object_type = 'ticket' AND d.ticket_id = c.object_id
      LEFT JOIN kefu.message g ON c.object_type = 'message' AND g.message_id = c.object_id
      LEFT JOIN kefu.correction o ON c.object_type = 'correction' AND o.correction_id = c.object_id
     WHERE c.stopped_at IS NULL AND c.paused_at IS NULL AND c.due_at < kefu.now()
       -- Those have a finding of their own.
       AND NOT (c.object_type = 'task' AND EXISTS (SELECT FROM kefu.engagement e WHERE e.task_id = c.object_id))
       AND kefu.is_promise(k);
END $$;
COMMENT ON FUNCTION kefu.find_late_promise() IS 'Promises past due and not kept yet; a task names its own requirement, a correction that of its cause (超时未履行的时限; R69, R73, R76 to R79, R82, R83, R90, R93, R108, R119)';

CREATE FUNCTION kefu.find_unqualified_staff() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    SELECT 'staff', g.staff_id::bigint, NULL::text, g.unit, NULL::text, g.until_at, NULL::text[],
           CASE g.needs WHEN 'qualification' THEN '资质失效或未登记' ELSE '培训失效或未登记' END,
           g.needs || ' lapsed or was never recorded'
      FROM kefu.find_qualification_gap() AS g
     WHERE g.level = 'lapsed' AND g.waived_until_at IS NULL;
END $$;
COMMENT ON FUNCTION kefu.find_unqualified_staff() IS 'Staff without the qualification or training that is asked of them, and without a waiver (资质缺失人员; R7)';

CREATE FUNCTION kefu.find_unstaffed_hours() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, g.unit, g.unit, NULL::text, g.from_at, NULL::text[],
           CASE WHEN g.has_roster THEN '值班时段无人排班，至 ' || x.until ELSE '从未排班' END,
           CASE WHEN g.has_roster THEN 'staffed time without an operator, until ' || x.until
                ELSE 'there never was a roster' END
      FROM kefu.find_uncovered() AS g
     CROSS JOIN LATERAL (SELECT to_char(g.to_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS until) AS x;
END $$;
COMMENT ON FUNCTION kefu.find_unstaffed_hours() IS 'Staffed time without an operator, as kefu_bi.uncovered (无人值守; R71)';

CREATE FUNCTION kefu.find_missed_patrol() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, g.unit, g.unit, NULL::text, g.from_at, NULL::text[],
           format('%s 分钟无人巡查', x.minutes), format('nobody looked for %s minutes', x.minutes)
      FROM kefu.find_patrol_gap() AS g
     CROSS JOIN LATERAL (SELECT round(extract(epoch FROM g.to_at - g.from_at) / 60)::text AS minutes) AS x;
END $$;
COMMENT ON FUNCTION kefu.find_missed_patrol() IS 'Gaps between patrols, as kefu_bi.patrol_gap (巡查超时; R71, R86, R88, R108)';

CREATE FUNCTION kefu.find_unseen_message() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL SAFE AS
$$ BEGIN
    -- The promise seen holds the 30 minutes, in staffed time where the desk has a calendar.
    RETURN QUERY
    SELECT 'message', g.message_id, NULL::text, g.unit, g.account, coalesce(c.due_desk_at, c.due_at), NULL::text[],
           '客户来言后无人巡查', 'nobody looked since it came'
      FROM kefu.message g
      JOIN kefu.clock c ON c.object_type = 'message' AND c.object_id = g.message_id
       AND c.clock IN ('seen', 'reseen') AND c.stopped_at IS NULL
     WHERE g.state IN ('new', 'removal_asked') AND coalesce(c.due_desk_at, c.due_at) < kefu.now()
       AND NOT EXISTS (SELECT FROM kefu.patrol p WHERE p.unit = g.unit AND p.at >= g.seen_at);
END $$;
COMMENT ON FUNCTION kefu.find_unseen_message() IS 'Live messages whose time to be decided is over, and whose unit''s worklist nobody has read since they came (无人巡查到的消息; R86, R88, R108, I5)';

CREATE FUNCTION kefu.find_unset_holiday() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    SELECT 'unit', NULL::bigint, g.unit, g.unit, NULL::text,
           (g.from_date - 7)::timestamp AT TIME ZONE 'Asia/Shanghai', NULL::text[],
           format('%s（%s 起）有 %s 天未定值班时间', g.name, g.from_date, g.unset_days),
           format('%s days of the holiday from %s have no hours', g.unset_days, g.from_date)
      FROM kefu.find_holiday_unset() AS g;
END $$;
COMMENT ON FUNCTION kefu.find_unset_holiday() IS 'Holidays within 7 days without hours, as kefu_bi.holiday_hours_unset (节假日值班未定; R72)';

CREATE FUNCTION kefu.find_untold_topic() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    SELECT g.object_type, g.object_id, NULL::text, g.unit, NULL::text, g.since_at, NULL::text[],
           '同类问题未触发或未归类', g.detail
      FROM kefu.find_unraised_topic() AS g;
END $$;
COMMENT ON FUNCTION kefu.find_untold_topic() IS 'Topics that should be a duty, as invariant I10 (未触发的同类问题; R92, R116)';

CREATE FUNCTION kefu.find_unreachable_threshold() RETURNS SETOF kefu.found
    LANGUAGE plpgsql ROWS 20 STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN QUERY
    WITH rule AS (
        SELECT DISTINCT ON (r.kind) r.kind, r.at_least, r.valid_from, r.rulebook
          FROM kefu.topic_threshold r
         WHERE r.measure = 'platforms' AND r.valid_from <= kefu.now()
         ORDER BY r.kind, r.valid_from DESC
    ), desk AS (
        SELECT a.unit, count(DISTINCT a.platform) AS platforms
          FROM kefu.account a JOIN kefu.platform p USING (platform)
         WHERE a.is_live AND p.is_live
         GROUP BY a.unit
    )
    SELECT 'unit', NULL::bigint, d.unit, d.unit, NULL::text, r.valid_from, ARRAY[r.rulebook],
           format('在用平台 %s 个，少于门槛 %s 个', d.platforms, r.at_least),
           format('%s live platforms, the threshold needs %s', d.platforms, r.at_least)
      FROM rule r JOIN desk d ON d.platforms < r.at_least;
END $$;
COMMENT ON FUNCTION kefu.find_unreachable_threshold() IS 'Units with fewer live platforms than a threshold of topics needs (平台数低于门槛; R92, R116, ruling 6)';

INSERT INTO kefu.finding_rule (finding, call, rulebook, effect, label_zh, label_en, mend_zh, mend_en)
VALUES
    ('late_promise', 'kefu.find_late_promise()',
     '{house,R13,R69,R73,R76,R77,R78,R79,R82,R83,R86,R88,R90,R92,R93,R108,R116,R119,R134}', 'must', '时限超时', 'promise past due',
     '立即办理该事项；kefu.worklist() 按到期先后列出。', 'Do what is due now; kefu.worklist() lists it, earliest due first.'),
    ('unqualified_staff', 'kefu.find_unqualified_staff()', '{R7}', 'must', '资质或培训缺失', 'not qualified',
     '由上级登记资质审核或培训（kefu.add_qualification、kefu.add_training），或临时豁免。',
     'A unit above records the review or training (kefu.add_qualification, kefu.add_training) or waives for a while.'),
    ('unstaffed_hours', 'kefu.find_unstaffed_hours()', '{R71}', 'must', '值班空档', 'staffed time without anybody',
     '用 kefu.add_shift() 补排班，或调整值班日历。', 'Add shifts with kefu.add_shift(), or change the duty calendar.'),
    ('missed_patrol', 'kefu.find_missed_patrol()', '{R71,R86,R88,R108}', 'must', '巡查超时', 'patrol missed',
     '值班人员每半小时读取 kefu.worklist(机构)。', 'Whoever is on reads kefu.worklist(unit) at least every half hour.'),
    ('unseen_message', 'kefu.find_unseen_message()', '{R86,R88,R108}', 'must', '消息无人巡查', 'message nobody looked for',
     '读取 kefu.worklist(机构) 并处理该消息。', 'Read kefu.worklist(unit) and decide the message.'),
    ('unset_holiday', 'kefu.find_unset_holiday()', '{R72}', 'must', '节假日值班未定', 'holiday hours not set',
     '在本省日历中登记节假日值班时间。', 'Enter the hours of the holiday into the province''s own calendar.'),
    ('untold_topic', 'kefu.find_untold_topic()', '{R92,R116}', 'must', '同类问题未触发', 'topic not raised',
     '运行 kefu.assign_topics()，再用 kefu.decide_topic() 决定。', 'Run kefu.assign_topics(), then decide with kefu.decide_topic().'),
    ('unreachable_threshold', 'kefu.find_unreachable_threshold()', '{R92,R116}', 'warn',
     '平台数低于门槛', 'fewer platforms than the threshold',
     '启用更多平台账号，或以新版本调整 kefu.topic_threshold。', 'Open accounts on more platforms, or set the threshold by a new version of kefu.topic_threshold.');

-- --- all of them -----------------------------------------------------------------

CREATE FUNCTION kefu.breakages_of(units text[])
    RETURNS TABLE (finding text, rulebook text[], object_type text, object_id bigint, object_code text,
                   unit text, account text, since_at timestamptz, detail_zh text, detail_en text)
    LANGUAGE plpgsql ROWS 200 STABLE PARALLEL UNSAFE AS
$$
DECLARE
    r kefu.finding_rule;
    state text;
    said text;
BEGIN
    FOR r IN SELECT f.* FROM kefu.finding_rule f ORDER BY f.finding LOOP
        BEGIN
            -- The name is that of a function of ours, not anybody's text.
            RETURN QUERY EXECUTE format(
                'SELECT $1, coalesce(f.rulebook, $2), f.object_type, f.object_id, f.object_code, '
                'coalesce(f.unit, ''group''), f.account, f.since_at, f.detail_zh, f.detail_en '
                'FROM %s() AS f WHERE coalesce(f.unit, ''group'') = ANY ($3)', r.call::regproc)
                USING r.finding, r.rulebook, units;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
            IF 'group' = ANY (units) THEN
                RETURN QUERY SELECT r.finding, r.rulebook, 'finding_rule', NULL::bigint, r.finding, 'group',
                    NULL::text, NULL::timestamptz, '无法检查：' || state, 'can not be checked: ' || state || ' ' || said;
            END IF;
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.breakages_of(text[]) IS
'What breaks a rule in these units now; a rule that can''t be checked is a row where Group is among them. For the owner''s functions only (内部: 机构缺口)';

CREATE FUNCTION kefu.find_breakages()
    RETURNS TABLE (finding text, rulebook text[], object_type text, object_id bigint, object_code text,
                   unit text, account text, since_at timestamptz, detail_zh text, detail_en text)
    LANGUAGE plpgsql ROWS 200 STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    RETURN QUERY SELECT * FROM kefu.breakages_of(kefu.my_units());
END $$;
COMMENT ON FUNCTION kefu.find_breakages() IS
'Rows of kefu_bi.findings, in the caller''s units. A rule whose function fails is one row of Group that says with which SQLSTATE (内部: 规则缺口)';

CREATE VIEW kefu_bi.findings WITH (security_barrier) AS
SELECT b.finding,
       r.label_zh AS finding_label_zh,
       r.label_en AS finding_label_en,
       b.rulebook[1] AS rulebook,
       array_to_string(b.rulebook, ', ') AS all_rulebook,
       q.section,
       r.effect,
       el.label_zh AS effect_label_zh,
       el.label_en AS effect_label_en,
       b.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       b.account,
       a.platform,
       p.name_zh AS platform_label_zh,
       p.name_en AS platform_label_en,
       b.object_type,
       coalesce(o.label_zh, ol.label_zh) AS object_type_label_zh,
       coalesce(o.label_en, ol.label_en) AS object_type_label_en,
       b.object_id,
       b.object_code,
       b.since_at,
       (b.since_at AT TIME ZONE 'Asia/Shanghai')::date AS since_local_date,
       extract(hour FROM b.since_at AT TIME ZONE 'Asia/Shanghai')::integer AS since_local_hour,
       greatest(extract(epoch FROM kefu.now() - b.since_at), 0)::bigint AS open_seconds,
       b.detail_zh,
       b.detail_en,
       r.mend_zh,
       r.mend_en
  FROM kefu.find_breakages() AS b
  JOIN kefu.finding_rule r USING (finding)
  LEFT JOIN kefu.requirement q ON 'R' || q.requirement = b.rulebook[1]
  LEFT JOIN kefu.unit u ON u.unit = b.unit
  LEFT JOIN kefu.account a ON a.account = b.account
  LEFT JOIN kefu.platform p ON p.platform = a.platform
  LEFT JOIN kefu.object_type o ON o.object_type = b.object_type
  LEFT JOIN kefu_bi.labels ol ON ol.code_kind = 'object_type' AND ol.code = b.object_type
  LEFT JOIN kefu_bi.labels el ON el.code_kind = 'effect' AND el.code = r.effect;
COMMENT ON VIEW kefu_bi.findings IS
'One row for each breakage of a rule that is open now, in the caller''s units: what, whose, since when, and how it is mended; no rows while everything is kept. What must never be is in kefu_bi.invariants (规则缺口; R1 to R137, ruling 26)';
COMMENT ON COLUMN kefu_bi.findings.finding IS 'code of the rule (缺口代码)';
COMMENT ON COLUMN kefu_bi.findings.finding_label_zh IS 'Chinese label of finding (缺口标签)';
COMMENT ON COLUMN kefu_bi.findings.finding_label_en IS 'English label of finding (缺口英文标签)';
COMMENT ON COLUMN kefu_bi.findings.rulebook IS 'first requirement broken, such as R71; house for a house default (规范条款)';
COMMENT ON COLUMN kefu_bi.findings.all_rulebook IS 'all of them, with commas between (全部条款)';
COMMENT ON COLUMN kefu_bi.findings.section IS 'section of the rulebook; NULL for a house default (章节)';
COMMENT ON COLUMN kefu_bi.findings.effect IS 'block, must or warn (效力)';
COMMENT ON COLUMN kefu_bi.findings.effect_label_zh IS 'Chinese label of effect (效力标签)';
COMMENT ON COLUMN kefu_bi.findings.effect_label_en IS 'English label of effect (效力英文标签)';
COMMENT ON COLUMN kefu_bi.findings.unit IS 'unit that mends it (机构)';
COMMENT ON COLUMN kefu_bi.findings.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.findings.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.findings.account IS 'account concerned; NULL none (账号)';
COMMENT ON COLUMN kefu_bi.findings.platform IS 'its platform; NULL without an account (平台)';
COMMENT ON COLUMN kefu_bi.findings.platform_label_zh IS 'Chinese label of platform (平台标签)';
COMMENT ON COLUMN kefu_bi.findings.platform_label_en IS 'English label of platform (平台英文标签)';
COMMENT ON COLUMN kefu_bi.findings.object_type IS 'what breaks it (对象类型)';
COMMENT ON COLUMN kefu_bi.findings.object_type_label_zh IS 'Chinese label of object_type (对象类型标签)';
COMMENT ON COLUMN kefu_bi.findings.object_type_label_en IS 'English label of object_type (对象类型英文标签)';
COMMENT ON COLUMN kefu_bi.findings.object_id IS 'which one; NULL where it has a code only (对象编号)';
COMMENT ON COLUMN kefu_bi.findings.object_code IS 'which one, by code; NULL where it has a number only (对象代码)';
COMMENT ON COLUMN kefu_bi.findings.since_at IS 'since when; NULL since ever (起始时间)';
COMMENT ON COLUMN kefu_bi.findings.since_local_date IS 'Beijing date of since_at; NULL where that is (起始时间日期)';
COMMENT ON COLUMN kefu_bi.findings.since_local_hour IS 'Beijing hour of since_at, 0 to 23; NULL where that is (起始时间小时)';
COMMENT ON COLUMN kefu_bi.findings.open_seconds IS 'time since then, wall clock; 0 where it lies ahead, NULL since ever (持续秒数)';
COMMENT ON COLUMN kefu_bi.findings.detail_zh IS 'what is wrong, in Chinese (说明)';
COMMENT ON COLUMN kefu_bi.findings.detail_en IS 'the same in English (英文说明)';
COMMENT ON COLUMN kefu_bi.findings.mend_zh IS 'how it is mended, in Chinese (整改方法)';
COMMENT ON COLUMN kefu_bi.findings.mend_en IS 'the same in English (英文整改方法)';

-- --- how the rulebook stands ------------------------------------------------------

CREATE FUNCTION kefu.find_compliance()
    RETURNS TABLE (requirement integer, section text, binding text, phrase_zh text, what_en text,
                   answered_by text, finding_rules text, finding_count bigint, invariant_count bigint, state text)
    LANGUAGE plpgsql ROWS 140 STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    -- Everybody who may read anything may read the rulebook; what is counted is the caller's.
    IF cardinality(kefu.my_units()) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH open AS (
        SELECT x.rulebook, count(*) AS n
          FROM kefu.find_breakages() AS b CROSS JOIN LATERAL unnest(b.rulebook) AS x(rulebook)
         GROUP BY 1
    ), never AS (
        SELECT i.rulebook, count(*) AS n FROM kefu_bi.invariants i GROUP BY 1
    ), rule AS (
        -- A promise is watched under the requirements of its clock.
        SELECT x.rulebook, string_agg(x.finding, ', ' ORDER BY x.finding) AS findings
          FROM (SELECT unnest(f.rulebook) AS rulebook, f.finding FROM kefu.finding_rule f
                UNION
                SELECT unnest(k.rulebook), 'late_promise' FROM kefu.clock_kind k WHERE kefu.is_promise(k)) AS x
         GROUP BY 1
    )
    SELECT q.requirement::integer, q.section, q.binding, q.phrase_zh, q.what_en, q.answered_by, r.findings,
           coalesce(o.n, 0), coalesce(v.n, 0),
           CASE WHEN q.binding <> 'duty' THEN 'not_applicable'
                WHEN coalesce(o.n, 0) + coalesce(v.n, 0) > 0 THEN 'broken'
                WHEN q.answered_by IS NULL AND r.findings IS NULL THEN 'not_built'
                ELSE 'kept' END
      FROM kefu.requirement q
      LEFT JOIN open o ON o.rulebook = 'R' || q.requirement
      LEFT JOIN never v ON v.rulebook = 'R' || q.requirement
      LEFT JOIN rule r ON r.rulebook = 'R' || q.requirement;
END $$;
COMMENT ON FUNCTION kefu.find_compliance() IS
'Rows of kefu_bi.compliance; none for an unregistered login (内部: 规范执行情况)';

CREATE VIEW kefu_bi.compliance WITH (security_barrier) AS
SELECT 'R' || c.requirement AS rulebook,
       c.requirement,
       c.section,
       c.phrase_zh,
       c.what_en,
       c.binding,
       bl.label_zh AS binding_label_zh,
       bl.label_en AS binding_label_en,
       c.answered_by,
       c.finding_rules,
       c.finding_rules IS NOT NULL AS is_watched,
       c.finding_count,
       c.invariant_count,
       c.state,
       sl.label_zh AS state_label_zh,
       sl.label_en AS state_label_en
  FROM kefu.find_compliance() AS c
  LEFT JOIN kefu_bi.labels bl ON bl.code_kind = 'binding' AND bl.code = c.binding
  LEFT JOIN kefu_bi.labels sl ON sl.code_kind = 'compliance' AND sl.code = c.state;
COMMENT ON VIEW kefu_bi.compliance IS
'The rulebook line by line, R1 to R137, and how each stands today in the caller''s units. kept says that nothing that is looked for is open: is_watched tells whether a finding rule looks for it; otherwise the engine refuses the breach, an invariant counts it, or a person judges (规范执行情况; R1 to R137)';
COMMENT ON COLUMN kefu_bi.compliance.rulebook IS 'requirement, such as R71 (规范条款)';
COMMENT ON COLUMN kefu_bi.compliance.requirement IS 'its number, to sort by (条款编号)';
COMMENT ON COLUMN kefu_bi.compliance.section IS 'section of the rulebook (章节)';
COMMENT ON COLUMN kefu_bi.compliance.phrase_zh IS 'key phrase of the Chinese original (原文要点)';
COMMENT ON COLUMN kefu_bi.compliance.what_en IS 'what it asks, in English (英文要点)';
COMMENT ON COLUMN kefu_bi.compliance.binding IS 'duty, leave or missing (约束力)';
COMMENT ON COLUMN kefu_bi.compliance.binding_label_zh IS 'Chinese label of binding (约束力标签)';
COMMENT ON COLUMN kefu_bi.compliance.binding_label_en IS 'English label of binding (约束力英文标签)';
COMMENT ON COLUMN kefu_bi.compliance.answered_by IS 'objects, events and clocks that answer for it, with commas between; NULL none yet (落实对象)';
COMMENT ON COLUMN kefu_bi.compliance.finding_rules IS 'finding rules that watch it, with commas between; late_promise where one of its clocks does; NULL none (缺口规则)';
COMMENT ON COLUMN kefu_bi.compliance.is_watched IS 'a finding rule watches it (是否有缺口规则)';
COMMENT ON COLUMN kefu_bi.compliance.finding_count IS 'open findings now; 0 none (未整改缺口数)';
COMMENT ON COLUMN kefu_bi.compliance.invariant_count IS 'rows of kefu_bi.invariants that name it; 0 none (不变式违反数)';
COMMENT ON COLUMN kefu_bi.compliance.state IS 'kept, broken: something is open; not_applicable: a leave or a missing text; not_built: nothing answers for it yet (执行状态)';
COMMENT ON COLUMN kefu_bi.compliance.state_label_zh IS 'Chinese label of state (执行状态标签)';
COMMENT ON COLUMN kefu_bi.compliance.state_label_en IS 'English label of state (执行状态英文标签)';

CREATE FUNCTION kefu.rulebook(requirement text)
    RETURNS TABLE (rulebook text, section text, phrase_zh text, what_en text, answered_by text, events text,
                   clocks text, finding_rules text, finding_count bigint, state text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    IF NOT EXISTS (SELECT FROM kefu.requirement q WHERE 'R' || q.requirement = rulebook.requirement) THEN
        RAISE EXCEPTION 'there is no requirement "%"', requirement
            USING ERRCODE = 'undefined_object', HINT = 'There are R1 to R137.';
    END IF;
    PERFORM kefu.require_unit((kefu.my_units())[1]);
    RETURN QUERY
    SELECT 'R' || c.requirement, c.section, c.phrase_zh, c.what_en, c.answered_by,
           (SELECT string_agg(x.line, ', ' ORDER BY x.line)
              FROM (SELECT DISTINCT t.machine || '/' || t.event AS line FROM kefu.transition t
                     WHERE rulebook.requirement = ANY (t.rulebook)) AS x),
           (SELECT string_agg(k.clock, ', ' ORDER BY k.clock) FROM kefu.clock_kind k
             WHERE rulebook.requirement = ANY (k.rulebook)),
           c.finding_rules, c.finding_count, c.state
      FROM kefu.find_compliance() AS c
     WHERE 'R' || c.requirement = rulebook.requirement;
END $$;
COMMENT ON FUNCTION kefu.rulebook(text) IS
'One requirement, such as R71: its Chinese key phrase, what answers for it, the events and clocks that cite it, and how it stands in the caller''s units; undefined_object for one there is not, KF008 for an unregistered login (规范条款查询; R2)';

CREATE VIEW kefu_bi.finding_days WITH (security_barrier) AS
WITH pair AS (
    SELECT d.finding, d.unit, min(d.local_date) AS first_date
      FROM kefu.finding_day d
     WHERE d.unit = ANY ((SELECT kefu.my_units())::text[])
     GROUP BY d.finding, d.unit
)
SELECT n.local_date,
       p.finding,
       r.label_zh AS finding_label_zh,
       r.label_en AS finding_label_en,
       r.effect,
       le.label_zh AS effect_label_zh,
       le.label_en AS effect_label_en,
       r.rulebook[1] AS rulebook,
       p.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       coalesce(d.found_count, 0) AS finding_count,
       coalesce(d.found_count, 0) - lag(coalesce(d.found_count, 0)) OVER (PARTITION BY p.finding, p.unit ORDER BY n.local_date) AS change_count,
       n.counted_at,
       (n.counted_at AT TIME ZONE 'Asia/Shanghai')::date AS counted_local_date,
       extract(hour FROM n.counted_at AT TIME ZONE 'Asia/Shanghai')::integer AS counted_local_hour
  FROM pair p
  JOIN kefu.finding_run n ON n.local_date >= p.first_date
  JOIN kefu.finding_rule r ON r.finding = p.finding
  JOIN kefu.unit u ON u.unit = p.unit
  LEFT JOIN kefu.finding_day d ON d.local_date = n.local_date AND d.finding = p.finding AND d.unit = p.unit
  LEFT JOIN kefu_bi.labels le ON le.code_kind = 'effect' AND le.code = r.effect;
COMMENT ON VIEW kefu_bi.finding_days IS
'Open findings a rule, unit and day, as the night''s job counted them, so that a trend can be seen. Population: what kefu_bi.findings shows of the reader''s units. Window: the moment of the count, about 23:40. Zero rule: from its first finding on a rule and unit has a row each counted day, also with 0; a day on which nobody counted has none. Kept 800 days (每日缺口; R2)';
COMMENT ON COLUMN kefu_bi.finding_days.local_date IS 'Beijing day (日期)';
COMMENT ON COLUMN kefu_bi.finding_days.finding IS 'finding rule (缺口)';
COMMENT ON COLUMN kefu_bi.finding_days.finding_label_zh IS 'Chinese label of finding (缺口标签)';
COMMENT ON COLUMN kefu_bi.finding_days.finding_label_en IS 'English label of finding (缺口英文标签)';
COMMENT ON COLUMN kefu_bi.finding_days.effect IS 'block, must, warn (效力)';
COMMENT ON COLUMN kefu_bi.finding_days.effect_label_zh IS 'Chinese label of effect (效力标签)';
COMMENT ON COLUMN kefu_bi.finding_days.effect_label_en IS 'English label of effect (效力英文标签)';
COMMENT ON COLUMN kefu_bi.finding_days.rulebook IS 'R number the rule is for; house for a house default (规范条款)';
COMMENT ON COLUMN kefu_bi.finding_days.unit IS 'unit that mends it (机构)';
COMMENT ON COLUMN kefu_bi.finding_days.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.finding_days.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.finding_days.finding_count IS 'open findings; 0 none (缺口数)';
COMMENT ON COLUMN kefu_bi.finding_days.change_count IS 'more than at the count before, fewer below 0; NULL the first (较前次增减)';
COMMENT ON COLUMN kefu_bi.finding_days.counted_at IS 'when it was counted (统计时间)';
COMMENT ON COLUMN kefu_bi.finding_days.counted_local_date IS 'Beijing date of counted_at (统计日期)';
COMMENT ON COLUMN kefu_bi.finding_days.counted_local_hour IS 'Beijing hour of counted_at, 0 to 23 (统计小时)';

CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.finding_rule
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE INSERT OR UPDATE OR DELETE ON kefu.requirement
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();

