-- 12_calendar: when a desk is staffed, and arithmetic in staffed time.
--
-- Rows that change nothing in the past: what was known at an instant stays
-- answerable, so holidays and exceptions are versions with known_from and are
-- corrected by a later row, never in place (ruling 22).

CREATE FUNCTION kefu.is_timezone(name text) RETURNS boolean
    LANGUAGE C STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'kefu_is_timezone';
COMMENT ON FUNCTION kefu.is_timezone(text) IS
'Whether this server knows a time zone of that name, without leap seconds (时区名是否有效)';

-- Tables ----------------------------------------------------------------------

CREATE TABLE kefu.holiday_table (
    holiday_table text COLLATE "C" PRIMARY KEY
        CHECK (octet_length(holiday_table) BETWEEN 1 AND 63),
    name_zh text NOT NULL,
    name_en text NOT NULL
);
COMMENT ON TABLE kefu.holiday_table IS
'A government''s table of public holidays and make-up workdays (节假日安排表)';
COMMENT ON COLUMN kefu.holiday_table.holiday_table IS 'Code, e.g. cn (代码)';
COMMENT ON COLUMN kefu.holiday_table.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu.holiday_table.name_en IS 'English name (英文名称)';

CREATE TABLE kefu.holiday_cover (
    holiday_table text COLLATE "C" NOT NULL REFERENCES kefu.holiday_table,
    from_date date NOT NULL,
    to_date date NOT NULL,
    known_from timestamptz NOT NULL,
    PRIMARY KEY (holiday_table, from_date, known_from),
    CHECK (from_date < to_date)
);
COMMENT ON TABLE kefu.holiday_cover IS
'The dates for which a holiday table is complete, usually one row a published year; outside them the weekly pattern is used and the answer is flagged as assumed (节假日表覆盖范围, ruling 22)';
COMMENT ON COLUMN kefu.holiday_cover.holiday_table IS 'Holiday table (节假日安排表)';
COMMENT ON COLUMN kefu.holiday_cover.from_date IS 'First date covered (起始日期)';
COMMENT ON COLUMN kefu.holiday_cover.to_date IS 'First date no longer covered (截止日期，不含)';
COMMENT ON COLUMN kefu.holiday_cover.known_from IS 'When that year was published (公布时间)';

CREATE TABLE kefu.holiday (
    holiday_table text COLLATE "C" NOT NULL REFERENCES kefu.holiday_table,
    date date NOT NULL CHECK (isfinite(date)),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('holiday', 'workday', 'ordinary')),
    name text NOT NULL,
    known_from timestamptz NOT NULL,
    PRIMARY KEY (holiday_table, date, known_from)
);
COMMENT ON TABLE kefu.holiday IS
'Dates that don''t follow the weekly pattern; as known at an instant, the row with the latest known_from not after it counts (节假日与调休, ruling 22)';
COMMENT ON COLUMN kefu.holiday.holiday_table IS 'Holiday table (节假日安排表)';
COMMENT ON COLUMN kefu.holiday.date IS 'Local date (日期)';
COMMENT ON COLUMN kefu.holiday.kind IS
'holiday: public holiday (放假); workday: make-up workday (调休上班); ordinary: the weekly pattern again, after an amendment (恢复常规)';
COMMENT ON COLUMN kefu.holiday.name IS
'The holiday it belongs to, as published; merged holidays come in either order (节日名称)';
COMMENT ON COLUMN kefu.holiday.known_from IS 'When this was published (公布时间)';

CREATE TABLE kefu.calendar (
    calendar text COLLATE "C" PRIMARY KEY CHECK (octet_length(calendar) BETWEEN 1 AND 63),
    name_zh text NOT NULL,
    name_en text NOT NULL,
    timezone text NOT NULL CHECK (kefu.is_timezone(timezone)),
    holiday_table text COLLATE "C" REFERENCES kefu.holiday_table
);
COMMENT ON TABLE kefu.calendar IS
'When a desk is staffed: a weekly pattern, a holiday table and exceptions (值班日历, R71, R72)';
COMMENT ON COLUMN kefu.calendar.calendar IS 'Code (代码)';
COMMENT ON COLUMN kefu.calendar.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu.calendar.name_en IS 'English name (英文名称)';
COMMENT ON COLUMN kefu.calendar.timezone IS
'Zone whose clocks the windows are read on, e.g. Asia/Shanghai (时区)';
COMMENT ON COLUMN kefu.calendar.holiday_table IS
'Holiday table; null for a calendar that knows no holidays, whose answers are never assumed (节假日安排表)';

CREATE TABLE kefu.calendar_week (
    calendar text COLLATE "C" NOT NULL REFERENCES kefu.calendar,
    day smallint NOT NULL CHECK (day BETWEEN 1 AND 9),
    from_minute smallint NOT NULL CHECK (from_minute >= 0),
    to_minute smallint NOT NULL CHECK (to_minute <= 1440),
    valid_from date NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (calendar, day, valid_from, from_minute),
    CHECK (from_minute < to_minute OR (from_minute, to_minute) = (0, 0))
);
COMMENT ON TABLE kefu.calendar_week IS
'Staffed windows of each kind of day; several rows a day are split shifts, windows past midnight are two rows. Of a kind of day the version begun last holds, with all its windows (每周值班时段; R71, R72)';
COMMENT ON COLUMN kefu.calendar_week.calendar IS 'Calendar (值班日历)';
COMMENT ON COLUMN kefu.calendar_week.day IS
'1 Monday to 7 Sunday; 8 make-up workday 调休上班日, without rows like Monday; 9 public holiday, without rows closed (日类型)';
COMMENT ON COLUMN kefu.calendar_week.from_minute IS
'Minute of the local day, 0 to 1439, from which it is staffed (开始分钟)';
COMMENT ON COLUMN kefu.calendar_week.to_minute IS
'Minute of the local day, up to 1440, from which it no longer is; 0, with from_minute 0, where the version has no window: closed (结束分钟，不含)';
COMMENT ON COLUMN kefu.calendar_week.valid_from IS
'First local date of the version; -infinity: ever (生效日期, R2)';

CREATE TABLE kefu.calendar_exception (
    calendar text COLLATE "C" NOT NULL REFERENCES kefu.calendar,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    is_open boolean NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    known_from timestamptz NOT NULL,
    PRIMARY KEY (calendar, from_at, to_at, is_open, known_from),
    CHECK (from_at < to_at)
);
COMMENT ON TABLE kefu.calendar_exception IS
'Ranges in which a calendar is open or closed against its pattern; where they overlap the latest known_from wins, and closed wins over open of the same known_from (日历例外)';
COMMENT ON COLUMN kefu.calendar_exception.calendar IS 'Calendar (值班日历)';
COMMENT ON COLUMN kefu.calendar_exception.from_at IS 'First instant (开始时刻)';
COMMENT ON COLUMN kefu.calendar_exception.to_at IS
'First instant after it; infinity for "until further notice" (结束时刻，不含)';
COMMENT ON COLUMN kefu.calendar_exception.is_open IS 'Whether it is staffed then (是否值班)';
COMMENT ON COLUMN kefu.calendar_exception.reason IS 'Why (原因)';
COMMENT ON COLUMN kefu.calendar_exception.known_from IS 'When this was decided (决定时间)';

-- Overlapping windows would count once, so they are a slip of whoever wrote
-- them rather than a danger; an exclusion constraint would need btree_gist.
CREATE FUNCTION kefu.check_calendar_week() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, kefu, pg_temp
    AS $$
DECLARE
    other kefu.calendar_week;
BEGIN
    SELECT w.* INTO other
      FROM kefu.calendar_week w
     WHERE w.calendar = NEW.calendar AND w.day = NEW.day AND w.valid_from = NEW.valid_from
       AND w.from_minute < NEW.to_minute AND w.to_minute > NEW.from_minute
       AND w.from_minute <> NEW.from_minute
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'windows of calendar "%" overlap on day %', NEW.calendar, NEW.day
            USING ERRCODE = 'exclusion_violation',
                  DETAIL = format('Minutes %s to %s overlap %s to %s.', NEW.from_minute,
                                  NEW.to_minute, other.from_minute, other.to_minute);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION kefu.check_calendar_week() IS
'Row trigger of kefu.calendar_week: raises exclusion_violation where two windows of one version of a day overlap (时段重叠检查)';

CREATE TRIGGER check_calendar_week
    AFTER INSERT OR UPDATE ON kefu.calendar_week
    FOR EACH ROW EXECUTE FUNCTION kefu.check_calendar_week();

-- Always, so that a repair under session_replication_role reaches the sessions.
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.holiday_cover FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.holiday_cover ENABLE ALWAYS TRIGGER rules_changed;
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.holiday FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.holiday ENABLE ALWAYS TRIGGER rules_changed;
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.calendar FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.calendar ENABLE ALWAYS TRIGGER rules_changed;
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.calendar_week FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.calendar_week ENABLE ALWAYS TRIGGER rules_changed;
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.calendar_exception FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.calendar_exception ENABLE ALWAYS TRIGGER rules_changed;

-- Arithmetic ------------------------------------------------------------------
--
-- A null known_at asks for all that is loaded; any other null gives null.

CREATE FUNCTION kefu.add_working_time(calendar text, start timestamptz, amount interval,
                                      known_at timestamptz DEFAULT NULL)
    RETURNS timestamptz
    LANGUAGE C STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'kefu_add_working_time';
COMMENT ON FUNCTION kefu.add_working_time(text, timestamptz, interval, timestamptz) IS
'The first instant by which that much staffed time has passed since start; for a negative amount the last instant from which that much passes until start; zero gives start, staffed or not. The amount is exact, in hours, minutes and seconds: days and months raise invalid_parameter_value. known_at: with the rows known then, null for all loaded. Raises undefined_object for an unknown calendar, program_limit_exceeded for one closed for ten years, datetime_value_out_of_range outside 1970 to 2199 (加值班时间, R71, R72, ruling 1)';

CREATE FUNCTION kefu.add_working_days(calendar text, start timestamptz, days integer,
                                      known_at timestamptz DEFAULT NULL)
    RETURNS timestamptz
    LANGUAGE C STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'kefu_add_working_days';
COMMENT ON FUNCTION kefu.add_working_days(text, timestamptz, integer, timestamptz) IS
'The same local time of day on the n-th working day after the date of start, before it for negative n; zero gives start. A working day is defined at kefu.is_working_day. A time that the clocks skip or repeat on that day is read as AT TIME ZONE does. Errors as of kefu.add_working_time (加工作日, ruling 18)';

CREATE FUNCTION kefu.working_time_between(calendar text, since timestamptz,
                                          until timestamptz,
                                          known_at timestamptz DEFAULT NULL)
    RETURNS interval
    LANGUAGE C STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'kefu_working_time_between';
COMMENT ON FUNCTION kefu.working_time_between(text, timestamptz, timestamptz, timestamptz) IS
'Staffed time from since until until, in hours and less, negative if until is earlier; zero where nothing is open between. Errors as of kefu.add_working_time (值班时长, R71, R72)';

CREATE FUNCTION kefu.is_working_time(calendar text, at timestamptz,
                                     known_at timestamptz DEFAULT NULL)
    RETURNS boolean
    LANGUAGE C STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'kefu_is_working_time';
COMMENT ON FUNCTION kefu.is_working_time(text, timestamptz, timestamptz) IS
'Whether the calendar is staffed at the instant; the end of a window is not. Errors as of kefu.add_working_time (是否值班时间, R71, R72)';

CREATE FUNCTION kefu.is_working_day(calendar text, day date,
                                    known_at timestamptz DEFAULT NULL)
    RETURNS boolean
    LANGUAGE C STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'kefu_is_working_day';
COMMENT ON FUNCTION kefu.is_working_day(text, date, timestamptz) IS
'Whether the local date is a working day: no public holiday, with a window of its kind of day, and not closed by exceptions for the whole of its windows. A staffed holiday and an opened weekend are staffed time but no working days. Errors as of kefu.add_working_time (是否工作日, ruling 18)';

CREATE FUNCTION kefu.calendar_is_assumed(calendar text, since timestamptz,
                                         until timestamptz,
                                         known_at timestamptz DEFAULT NULL)
    RETURNS boolean
    LANGUAGE C STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'kefu_calendar_is_assumed';
COMMENT ON FUNCTION kefu.calendar_is_assumed(text, timestamptz, timestamptz, timestamptz) IS
'Whether answers about since to until, in either order, rest on the weekly pattern alone for some date because the holiday table isn''t complete there; false for a calendar without a holiday table (是否按常规推定, ruling 22)';

CREATE FUNCTION kefu.working_periods(calendar text, since timestamptz, until timestamptz,
                                     known_at timestamptz DEFAULT NULL,
                                     OUT from_at timestamptz, OUT to_at timestamptz)
    RETURNS SETOF record
    LANGUAGE C STABLE PARALLEL SAFE ROWS 100
    AS 'MODULE_PATHNAME', 'kefu_working_periods';
COMMENT ON FUNCTION kefu.working_periods(text, timestamptz, timestamptz, timestamptz) IS
'The staffed periods from since until until, in order, half-open, joined where they touch and cut to the range; none where until isn''t later. Errors as of kefu.add_working_time (值班时段)';

