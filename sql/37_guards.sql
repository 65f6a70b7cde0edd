-- 37_guards: what the transitions ask before they happen.
--
-- Each takes the move it serves and runs inside the engine, under the pinned
-- path and the rights of kefu.advance(); nobody else may execute them. A guard
-- changes nothing; NULL counts as false. They trust m: the engine has checked
-- caller and facts.

-- --- guards on facts ----------------------------------------------------------

CREATE FUNCTION kefu.guard_kind_is_opinion_only(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'opinion'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_opinion_only(kefu.move) IS 'The message is a suggestion and nothing else (仅为意见; R135)';

CREATE FUNCTION kefu.guard_kind_is_task(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'task'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_task(kefu.move) IS 'The message only asks for something to be done, such as a repost (仅为待办; R54-R68)';

CREATE FUNCTION kefu.guard_kind_is_inquiry(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'inquiry'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_inquiry(kefu.move) IS 'The new kind is an inquiry (咨询)';

CREATE FUNCTION kefu.guard_kind_is_complaint(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'complaint'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_complaint(kefu.move) IS 'The new kind is a complaint (投诉)';

CREATE FUNCTION kefu.guard_kind_is_negative(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'negative'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_negative(kefu.move) IS 'The new kind is a negative comment (负面评价)';

CREATE FUNCTION kefu.guard_kind_is_praise(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'praise'; END $$;
COMMENT ON FUNCTION kefu.guard_kind_is_praise(kefu.move) IS 'The new kind is praise (表扬)';

CREATE FUNCTION kefu.guard_cause_known(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'complaint' AND m.args ->> 'cause' <> ''; END $$;
COMMENT ON FUNCTION kefu.guard_cause_known(kefu.move) IS 'The cause of the negative comment is named, so it is a complaint (原因已明确; R126, R128)';

-- --- guards on messages --------------------------------------------------------

CREATE FUNCTION kefu.guard_before_feed_start(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF m.id IS NULL THEN
        RETURN m.args ->> 'is_live' = 'false';
    END IF;
    RETURN (SELECT NOT g.is_live FROM kefu.message g WHERE g.message_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_before_feed_start(kefu.move) IS 'The message is older than its feed''s start: history (早于信息源起始时间)';

CREATE FUNCTION kefu.guard_belongs_to_ticket(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ? 'ticket'; END $$;
COMMENT ON FUNCTION kefu.guard_belongs_to_ticket(kefu.move) IS 'By parent or private thread it answers an open ticket (属于已有个案)';

CREATE FUNCTION kefu.guard_repeats_original(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ? 'original'; END $$;
COMMENT ON FUNCTION kefu.guard_repeats_original(kefu.move) IS 'It only passes on what an open ticket is about (仅转发已有个案的原文)';

CREATE FUNCTION kefu.guard_written_to_us(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'to_us' = 'true'; END $$;
COMMENT ON FUNCTION kefu.guard_written_to_us(kefu.move) IS 'A comment, mention or private message to one of our accounts (发给我方; ruling 30)';

CREATE FUNCTION kefu.guard_is_not_negative(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT coalesce(t.kind, g.confirmed_kind, g.suggested_kind, '') <> 'negative'
              FROM kefu.message g LEFT JOIN kefu.ticket t USING (ticket_id)
             WHERE g.message_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_is_not_negative(kefu.move) IS 'Nobody and no rule calls the message negative: such a one is never put aside (非负面; R125)';

CREATE FUNCTION kefu.guard_removal_needs_leader(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT g.suggested_kind = 'complaint' OR EXISTS (
                       SELECT FROM kefu.ticket t JOIN kefu.state s
                              ON s.machine = t.kind AND s.state = t.state
                        WHERE t.ticket_id IN (SELECT kefu.person_tickets(
                                                  kefu.root_of(g.identity_id, g.person_id)))
                          AND NOT t.is_provisional
                          AND NOT s.is_final)
              FROM kefu.message g WHERE g.message_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_removal_needs_leader(kefu.move) IS 'A service grievance is in it, or its author has an open ticket (须值班长批准删除; ruling 12)';

CREATE FUNCTION kefu.guard_asked_by_another(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    -- What is on record counts: a leader can't name somebody who never asked.
    RETURN (SELECT g.asked_by <> m.staff_id FROM kefu.message g WHERE g.message_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_asked_by_another(kefu.move) IS 'Somebody else asked for the removal (由他人提出; ruling 12)';

-- --- guards on tickets ----------------------------------------------------------

CREATE FUNCTION kefu.guard_is_provisional(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT t.is_provisional FROM kefu.ticket t WHERE t.ticket_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_is_provisional(kefu.move) IS 'The ticket was opened at ingest and nobody has confirmed it (临时个案; ruling 30)';

CREATE FUNCTION kefu.guard_later_round(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.round > 1; END $$;
COMMENT ON FUNCTION kefu.guard_later_round(kefu.move) IS 'Not the first round: the customer was told before (非首轮; R97, R115)';

CREATE FUNCTION kefu.guard_second_round(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.round = 2; END $$;
COMMENT ON FUNCTION kefu.guard_second_round(kefu.move) IS 'The second dissatisfaction (第二次不满意; ruling 25)';

CREATE FUNCTION kefu.guard_third_round(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.round >= 3; END $$;
COMMENT ON FUNCTION kefu.guard_third_round(kefu.move) IS 'The third dissatisfaction or a later one (第三次不满意; ruling 25)';

CREATE FUNCTION kefu.guard_within_reopen_window(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT m.at < coalesce(t.resolved_at, t.answered_at, t.opened_at) + interval '720 hours'
              FROM kefu.ticket t WHERE t.ticket_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_within_reopen_window(kefu.move) IS 'Resolved less than 30 days ago (30天内; ruling 19)';

CREATE FUNCTION kefu.guard_no_contact_given(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT NOT t.has_contact FROM kefu.ticket t WHERE t.ticket_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_no_contact_given(kefu.move) IS 'The customer gave no number to call (未留联系方式; ruling 4)';

CREATE FUNCTION kefu.guard_order_closed(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT o.state = 'closed' FROM kefu.ticket t JOIN kefu.work_order o USING (order_id)
             WHERE t.ticket_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_order_closed(kefu.move) IS 'The work order is closed as qualified (投诉单处理合格; R121)';

CREATE FUNCTION kefu.guard_judged_malicious(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce(m.args ->> 'judgement',
                    (SELECT t.judgement FROM kefu.ticket t WHERE t.ticket_id = m.id)) = 'malicious';
END $$;
COMMENT ON FUNCTION kefu.guard_judged_malicious(kefu.move) IS 'Judged malicious (恶意抹黑; R130)';

CREATE FUNCTION kefu.guard_judged_vague(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce(m.args ->> 'judgement',
                    (SELECT t.judgement FROM kefu.ticket t WHERE t.ticket_id = m.id)) = 'vague';
END $$;
COMMENT ON FUNCTION kefu.guard_judged_vague(kefu.move) IS 'Judged too vague (过于笼统; R127)';

CREATE FUNCTION kefu.guard_archive_complete(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT t.message_id IS NOT NULL AND t.person_id IS NOT NULL
                   AND (t.kind NOT IN ('inquiry', 'complaint')
                        OR (t.solution IS NOT NULL AND t.result IS NOT NULL))
                   AND (t.kind <> 'complaint'
                        OR (t.category IS NOT NULL AND t.location_source <> 'unknown'))
              FROM kefu.ticket t WHERE t.ticket_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_archive_complete(kefu.move) IS 'The record has all its fields; a complaint also its category and location (档案完整; R95, R112, ruling 27)';

CREATE FUNCTION kefu.guard_spoke_from(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (
        SELECT FROM kefu.speech p JOIN kefu.ticket t ON t.ticket_id = p.object_id
         WHERE p.speech_id = (m.args ->> 'speech')::bigint
           AND p.object_type = 'ticket' AND p.object_id = m.id
           AND p.from_state = m.guard_arg AND p.version = t.version);
END $$;
COMMENT ON FUNCTION kefu.guard_spoke_from(kefu.move) IS 'The speech that failed was said from this state, and nothing happened since (由该状态发出且其后无变化)';

CREATE FUNCTION kefu.guard_alarm_rises(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT (m.args ->> 'alarm')::integer > t.alarm AND (m.args ->> 'alarm')::integer <= 4
              FROM kefu.ticket t WHERE t.ticket_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_alarm_rises(kefu.move) IS 'The public-opinion level is higher than it was (舆情等级上升; ruling 23)';

CREATE FUNCTION kefu.guard_alarm_falls(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT (m.args ->> 'alarm')::integer < t.alarm AND (m.args ->> 'alarm')::integer >= 0
              FROM kefu.ticket t WHERE t.ticket_id = m.id);
END $$;
COMMENT ON FUNCTION kefu.guard_alarm_falls(kefu.move) IS 'The public-opinion level is lower than it was (舆情等级下降; ruling 23)';

CREATE FUNCTION kefu.guard_alarm_ends(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (m.args ->> 'alarm')::integer = 0 AND kefu.guard_alarm_falls(m);
END $$;
COMMENT ON FUNCTION kefu.guard_alarm_ends(kefu.move) IS 'There was a public-opinion level and is none any more (舆情解除; ruling 23)';

-- --- guards on work orders --------------------------------------------------------

CREATE FUNCTION kefu.guard_reviews_off(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT NOT o.needs_reviews FROM kefu.work_order o WHERE o.order_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_reviews_off(kefu.move) IS 'The order goes without the two reviews: inquiries by default (免审核)';

CREATE FUNCTION kefu.guard_bounced_before(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT o.bounce_count >= 1 FROM kefu.work_order o WHERE o.order_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_bounced_before(kefu.move) IS 'The order was returned once before (曾退单; ruling 20)';

CREATE FUNCTION kefu.guard_unqualified_before(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT o.rework_count >= 1 FROM kefu.work_order o WHERE o.order_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_unqualified_before(kefu.move) IS 'A result was found unqualified once before (曾不合格; ruling 20)';

CREATE FUNCTION kefu.guard_has_result(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN (SELECT o.handled_by IS NOT NULL FROM kefu.work_order o WHERE o.order_id = m.id); END $$;
COMMENT ON FUNCTION kefu.guard_has_result(kefu.move) IS 'A department has handled it (已有处理结果)';

CREATE FUNCTION kefu.guard_reviewer_unit_differs(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT NOT EXISTS (SELECT FROM kefu.unit_path(s.unit) AS p(unit)
                                WHERE p.unit = o.handled_by)
              FROM kefu.work_order o, kefu.staff s
             WHERE o.order_id = m.id AND s.staff_id = m.staff_id);
END $$;
COMMENT ON FUNCTION kefu.guard_reviewer_unit_differs(kefu.move) IS 'Who reviews doesn''t work in the unit that handled it, nor below it (审核与处理分离; ruling 25)';

CREATE FUNCTION kefu.guard_has_result_of_other_unit(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN kefu.guard_has_result(m) AND kefu.guard_reviewer_unit_differs(m); END $$;
COMMENT ON FUNCTION kefu.guard_has_result_of_other_unit(kefu.move) IS 'There is a result, and not of the leader''s own unit (已有他单位处理结果)';
