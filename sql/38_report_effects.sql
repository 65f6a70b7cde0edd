-- 38_report_effects: what a report asks, and what its events leave behind.

CREATE FUNCTION kefu.guard_is_periodic(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' IN ('daily', 'weekly', 'monthly', 'department'); END $$;
COMMENT ON FUNCTION kefu.guard_is_periodic(kefu.move) IS 'A report of a day, week or month (定期报告)';

CREATE FUNCTION kefu.guard_is_event_report(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN m.args ->> 'kind' = 'event'; END $$;
COMMENT ON FUNCTION kefu.guard_is_event_report(kefu.move) IS 'A report of one event (专报)';

CREATE FUNCTION kefu.guard_reviews_report(m kefu.move) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    -- Who works below the unit works in it; a department's people are those of the department.
    RETURN (SELECT CASE WHEN r.department IS NOT NULL
                        THEN EXISTS (SELECT FROM kefu.unit_path(s.unit) AS p(unit) WHERE p.unit = r.department)
                        WHEN u.parent IS NULL THEN r.submitted_by IS DISTINCT FROM s.staff_id
                        ELSE NOT EXISTS (SELECT FROM kefu.unit_path(s.unit) AS p(unit) WHERE p.unit = r.desk_unit) END
              FROM kefu.report r JOIN kefu.unit u ON u.unit = r.desk_unit, kefu.staff s
             WHERE r.report_id = m.id AND s.staff_id = m.staff_id);
END $$;
COMMENT ON FUNCTION kefu.guard_reviews_report(kefu.move) IS 'Who reviews it is not of the unit that reports, for a department is of that department, for Group, which has nobody above, is another person than who submitted it (审阅与编报分离; R3, R4, R6)';

CREATE FUNCTION kefu.effect_compute_report(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    counted_to timestamptz := kefu.catch_up_kpis();
BEGIN
    UPDATE kefu.report r
       SET figures = kefu.report_figures(r.desk_unit, r.from_date, r.until_date, r.department), as_of = counted_to
     WHERE r.report_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_compute_report(kefu.move) IS 'The figures anew (重算指标; R8)';

CREATE FUNCTION kefu.effect_amend_report(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.report r
       SET words = coalesce(m.args ->> 'words', r.words), stage_plan = coalesce(m.args ->> 'stage_plan', r.stage_plan)
     WHERE r.report_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_amend_report(kefu.move) IS 'The desk''s words and its plan for the next period (编写说明与计划; R9)';

CREATE FUNCTION kefu.effect_freeze_report(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    counted_to timestamptz;
BEGIN
    IF (m.args ->> 'as_of')::timestamptz > m.at THEN
        RAISE EXCEPTION 'figures of the future' USING ERRCODE = 'KF002', HINT = 'as_of is now.';
    ELSIF (SELECT kefu.local_instant(r.until_date, '00:00') > m.at AND r.kind <> 'event'
             FROM kefu.report r WHERE r.report_id = m.id) THEN
        RAISE EXCEPTION 'the period of the report is not over'
            USING ERRCODE = 'KF004', HINT = 'kefu.refresh_report() shows where it stands.';
    END IF;
    counted_to := kefu.catch_up_kpis();
    UPDATE kefu.report r
       SET figures = kefu.report_figures(r.desk_unit, r.from_date, r.until_date, r.department), as_of = counted_to,
           submitted_at = m.at, submitted_by = m.staff_id, reason = NULL,
           unit = coalesce(r.department, (SELECT u.parent FROM kefu.unit u WHERE u.unit = r.desk_unit), r.desk_unit)
     WHERE r.report_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_freeze_report(kefu.move) IS 'The figures are fixed and the report goes to who reviews it; KF004 while the period runs (提交报告; R6, R8)';

CREATE FUNCTION kefu.effect_close_report(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    UPDATE kefu.report SET closed_at = m.at, reason = m.args ->> 'reason' WHERE report_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_close_report(kefu.move) IS 'It is not filed (取消报告)';

CREATE FUNCTION kefu.effect_accept_report(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r kefu.report;
BEGIN
    UPDATE kefu.report x SET reviewed_at = m.at, closed_at = m.at, unit = x.desk_unit
     WHERE x.report_id = m.id RETURNING * INTO r;
    IF r.stage_plan IS NOT NULL THEN
        PERFORM kefu.open_task(r.desk_unit, 'stage_plan', 'R9',
            greatest(kefu.local_instant(r.until_date + (r.until_date - r.from_date), '00:00'), m.at + interval '1 day'),
            note => r.period, object_type => 'report', object => r.report_id);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.effect_accept_report(kefu.move) IS 'Reviewed; its phased plan is a task of the desk, due when the period after it ends (审阅通过; R4, R9)';

CREATE FUNCTION kefu.effect_return_report(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    IF (SELECT r.file_by <> (m.args ->> 'file_by')::timestamptz FROM kefu.report r WHERE r.report_id = m.id) THEN
        RAISE EXCEPTION 'the time of a report doesn''t change by its return'
            USING ERRCODE = 'KF004', HINT = 'kefu.return_report() knows it.';
    END IF;
    UPDATE kefu.report r SET reviewed_at = m.at, reason = m.args ->> 'reason', unit = r.desk_unit
     WHERE r.report_id = m.id;
END $$;
COMMENT ON FUNCTION kefu.effect_return_report(kefu.move) IS 'Back to the desk; it is due when it was due (退回报告; R4, R6)';

CREATE FUNCTION kefu.effect_open_new_edition(m kefu.move) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r kefu.report;
BEGIN
    UPDATE kefu.report x SET reason = m.args ->> 'reason' WHERE x.report_id = m.id RETURNING * INTO r;
    PERFORM kefu.raise_new('report', 'open', jsonb_strip_nulls(jsonb_build_object(
        'unit', r.desk_unit, 'kind', r.kind, 'period', r.period, 'department', r.department, 'title', r.title,
        'file_by', r.file_by, 'edition', r.edition + 1, 'edition_of', r.report_id)));
END $$;
COMMENT ON FUNCTION kefu.effect_open_new_edition(kefu.move) IS 'Another edition of the same period, linked, computed anew (更正重报)';
