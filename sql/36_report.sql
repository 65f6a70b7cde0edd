-- 36_report: what a desk reports, when, and what became of it.
--
-- A report is a snapshot: its figures are computed while it is a draft and fixed
-- when it is submitted. They hold counts, codes and numbers of objects, never
-- anybody's words, so that an erasure has nothing to look for here.  What a
-- person writes beside them is the desk's own text.

CREATE TABLE kefu.report_kind (
    kind text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    valid_from timestamptz NOT NULL,
    span text COLLATE "C" NOT NULL CONSTRAINT report_kind_span CHECK (span IN ('day', 'week', 'month')),
    file_after interval NOT NULL CONSTRAINT report_kind_file_after CHECK (file_after > interval '0'),
    is_owed boolean NOT NULL,
    PRIMARY KEY (kind, unit, valid_from),
    CONSTRAINT report_kind_kind CHECK (kind IN ('daily', 'weekly', 'monthly', 'department'))
);
COMMENT ON TABLE kefu.report_kind IS 'Which reports a unit and all below it file, and by when, from an instant on (报告规则; R6, R8, R95)';
COMMENT ON COLUMN kefu.report_kind.kind IS 'daily 日报, weekly 周报, monthly 月报, department 部门报告 (报告类型)';
COMMENT ON COLUMN kefu.report_kind.unit IS 'unit; the nearest one up the tree wins (机构)';
COMMENT ON COLUMN kefu.report_kind.valid_from IS 'for periods that end from then on; the latest wins (生效时间)';
COMMENT ON COLUMN kefu.report_kind.span IS 'day, week from Monday, month; of Beijing (周期)';
COMMENT ON COLUMN kefu.report_kind.file_after IS 'after the end of the period; house defaults: 9 hours, 12 hours, 5 days (提交期限)';
COMMENT ON COLUMN kefu.report_kind.is_owed IS 'every desk owes it, so the day''s job opens it; false: only when somebody does (是否必报)';

CREATE TABLE kefu.report (
    report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    desk_unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    kind text COLLATE "C" NOT NULL CONSTRAINT report_kind CHECK
        (kind IN ('daily', 'weekly', 'monthly', 'department', 'event')),
    period text COLLATE "C" NOT NULL,
    from_date date NOT NULL,
    until_date date NOT NULL,
    department text COLLATE "C" REFERENCES kefu.unit,
    title text,
    words text,
    stage_plan text,
    edition smallint NOT NULL DEFAULT 1,
    edition_of bigint UNIQUE REFERENCES kefu.report,
    figures jsonb NOT NULL DEFAULT '{}',
    as_of timestamptz,
    file_by timestamptz,
    opened_at timestamptz NOT NULL,
    submitted_at timestamptz,
    submitted_by integer REFERENCES kefu.staff,
    reviewed_at timestamptz,
    reason text,
    closed_at timestamptz,
    CONSTRAINT report_dates CHECK (from_date < until_date),
    CONSTRAINT report_to_department CHECK ((kind = 'department') = (department IS NOT NULL)),
    CONSTRAINT report_event CHECK (kind <> 'event' OR title IS NOT NULL)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX report_once ON kefu.report (desk_unit, kind, period, coalesce(department, ''))
    WHERE kind <> 'event' AND state NOT IN ('restated', 'cancelled');
CREATE INDEX report_period ON kefu.report (desk_unit, kind, from_date);
COMMENT ON TABLE kefu.report IS 'Reports of desks, each a snapshot of figures with a life of its own (报告; R4, R6, R8, R9, R95, R134)';
COMMENT ON COLUMN kefu.report.report_id IS 'number (报告编号)';
COMMENT ON COLUMN kefu.report.state IS 'draft, submitted, accepted, restated, cancelled (状态)';
COMMENT ON COLUMN kefu.report.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.report.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.report.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.report.unit IS 'in whose hands it is: the desk; while submitted the unit above it, or the department (当前机构)';
COMMENT ON COLUMN kefu.report.desk_unit IS 'unit it is about, with all below it (报告机构)';
COMMENT ON COLUMN kefu.report.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.report.kind IS 'daily 日报, weekly 周报, monthly 月报, department 部门报告, event 专报 (报告类型)';
COMMENT ON COLUMN kefu.report.period IS '2026-03-02, 2026-W10, 2026-03; of an event first and last day with a slash between (报告期)';
COMMENT ON COLUMN kefu.report.from_date IS 'first Beijing day (起始日)';
COMMENT ON COLUMN kefu.report.until_date IS 'the day after the last (截止日，不含)';
COMMENT ON COLUMN kefu.report.department IS 'department whose contact it is for; NULL: the unit above (对应部门; R95)';
COMMENT ON COLUMN kefu.report.title IS 'what an event report is about; NULL: the kind says it (标题)';
COMMENT ON COLUMN kefu.report.words IS 'what the desk says about the figures; NULL nothing (文字说明)';
COMMENT ON COLUMN kefu.report.stage_plan IS 'plan for the next period, a task once it is accepted; NULL none (阶段性计划; R9)';
COMMENT ON COLUMN kefu.report.edition IS 'first 1, each restatement one more (版次)';
COMMENT ON COLUMN kefu.report.edition_of IS 'report that this edition restates; NULL for the first (被更正报告)';
COMMENT ON COLUMN kefu.report.figures IS 'the snapshot; kefu_bi.report_figures has it as rows (指标快照)';
COMMENT ON COLUMN kefu.report.as_of IS 'when the figures were computed; NULL not yet (数据截至)';
COMMENT ON COLUMN kefu.report.file_by IS 'to be submitted by; NULL for an event report (提交期限)';
COMMENT ON COLUMN kefu.report.opened_at IS 'when it was opened (建立时间)';
COMMENT ON COLUMN kefu.report.submitted_at IS 'last submission; NULL never (提交时间)';
COMMENT ON COLUMN kefu.report.submitted_by IS 'who submitted it; NULL nobody (提交人)';
COMMENT ON COLUMN kefu.report.reviewed_at IS 'accepted or returned; NULL neither (审阅时间; R4)';
COMMENT ON COLUMN kefu.report.reason IS 'why it was returned, restated or cancelled; NULL none (理由)';
COMMENT ON COLUMN kefu.report.closed_at IS 'accepted, restated or cancelled; NULL while open (结束时间)';

CREATE FUNCTION kefu.report_span(span text, day date, OUT period text, OUT from_date date, OUT until_date date)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE span WHEN 'day' THEN to_char(f.first, 'YYYY-MM-DD')
                     WHEN 'week' THEN to_char(f.first, 'IYYY-"W"IW')
                     ELSE to_char(f.first, 'YYYY-MM') END,
           f.first, (f.first + CASE span WHEN 'day' THEN interval '1 day' WHEN 'week' THEN interval '1 week'
                                         ELSE interval '1 month' END)::date
      FROM (SELECT date_trunc(span, day::timestamp)::date AS first) AS f;
END;
COMMENT ON FUNCTION kefu.report_span(text, date) IS 'The day, week from Monday or month that a day is in (内部: 报告期)';

CREATE FUNCTION kefu.report_rule(unit text, kind text, at timestamptz) RETURNS kefu.report_kind
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT k
      FROM kefu.unit_path(report_rule.unit) WITH ORDINALITY AS p(unit, far)
      JOIN kefu.report_kind k ON k.unit = p.unit
     WHERE k.kind = report_rule.kind AND k.valid_from <= at
     ORDER BY p.far, k.valid_from DESC LIMIT 1;
END;
COMMENT ON FUNCTION kefu.report_rule(text, text, timestamptz) IS 'The rule of a kind of report that holds for a unit; NULL none (内部: 报告规则)';

CREATE FUNCTION kefu.make_report(m kefu.move) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    rule kefu.report_kind;
    s record;
    kind text := m.args ->> 'kind';
    to_department text := m.args ->> 'department';
    new_id bigint;
BEGIN
    IF kind = 'event' THEN
        BEGIN
            SELECT m.args ->> 'period' AS period, split_part(m.args ->> 'period', '/', 1)::date AS from_date,
                   split_part(m.args ->> 'period', '/', 2)::date + 1 AS until_date INTO s;
        EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow THEN
            RAISE EXCEPTION '"%" is no period', m.args ->> 'period'
                USING ERRCODE = 'KF002', HINT = 'First and last day, such as 2026-03-02/2026-03-04.';
        END;
        IF coalesce(btrim(m.args ->> 'title'), '') = '' THEN
            RAISE EXCEPTION 'an event report has a title' USING ERRCODE = 'KF002', HINT = 'Give the fact title.';
        END IF;
    ELSE
        rule := kefu.report_rule(m.unit, kind, m.at);
        IF rule.kind IS NULL THEN
            RAISE EXCEPTION 'no rule for reports "%" of unit "%"', kind, m.unit
                USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM kefu.load_preset(''reports'').';
        END IF;
        s := kefu.report_span(rule.span, kefu.period_day(m.args ->> 'period'));
        IF (m.args ->> 'file_by')::timestamptz <> kefu.local_instant(s.until_date, '00:00') + rule.file_after THEN
            RAISE EXCEPTION 'the report is due at %', kefu.local_instant(s.until_date, '00:00') + rule.file_after
                USING ERRCODE = 'KF004', HINT = 'kefu.open_report() knows when.';
        END IF;
    END IF;
    IF s.from_date >= s.until_date THEN
        RAISE EXCEPTION 'the period ends before it begins' USING ERRCODE = 'KF002';
    ELSIF (kind = 'department') <> (to_department IS NOT NULL) OR (kind = 'department' AND NOT EXISTS (
              SELECT FROM kefu.unit d WHERE d.unit = to_department AND d.kind = 'department'
                 AND d.parent IN (SELECT kefu.unit_path(m.unit)))) THEN
        RAISE EXCEPTION '"%" is no department of the unit or of one above it', coalesce(to_department, '')
            USING ERRCODE = 'KF002', HINT = 'A report of kind department names one in the fact department, others name none.';
    END IF;
    INSERT INTO kefu.report (state, unit, desk_unit, kind, period, from_date, until_date, department, title, file_by,
                             edition, edition_of, opened_at)
    VALUES (m.to_state, m.unit, m.unit, kind, s.period, s.from_date, s.until_date, to_department, m.args ->> 'title',
            (m.args ->> 'file_by')::timestamptz, coalesce((m.args ->> 'edition')::smallint, 1),
            (m.args ->> 'edition_of')::bigint, m.at)
    RETURNING report_id INTO new_id;
    RETURN new_id;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'unit "%" has that report already', m.unit
        USING ERRCODE = 'KF004', DETAIL = format('%s of %s.', kind, m.args ->> 'period'),
              HINT = 'kefu.refresh_report() computes it anew, kefu.restate_report() opens another edition of an accepted one.';
END $$;
COMMENT ON FUNCTION kefu.make_report(kefu.move) IS 'Inserts a report, without figures yet, one for each unit, kind, period and department (建立报告; R8)';

CREATE FUNCTION kefu.period_day(period text) RETURNS date
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    IF period ~ '^\d{4}-W\d{2}$' THEN
        RETURN to_date(period, 'IYYY-"W"IW');
    ELSIF period ~ '^\d{4}-\d{2}$' THEN
        RETURN (period || '-01')::date;
    ELSIF period ~ '^\d{4}-\d{2}-\d{2}$' THEN
        RETURN period::date;
    END IF;
    RAISE EXCEPTION '"%" is no period', period
        USING ERRCODE = 'KF002', HINT = 'A day 2026-03-02, a week 2026-W10, a month 2026-03.';
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    RAISE EXCEPTION '"%" is no period', period
        USING ERRCODE = 'KF002', HINT = 'A day 2026-03-02, a week 2026-W10, a month 2026-03.';
END $$;
COMMENT ON FUNCTION kefu.period_day(text) IS 'First day of a day, week or month written as a period; KF002 for anything else (内部: 报告期首日)';
