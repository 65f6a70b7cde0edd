-- Working-time arithmetic: R71, R72, rulings 1, 18 and 22.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_kefu;
RESET client_min_messages;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;
\set VERBOSITY default
\set SHOW_CONTEXT never

-- Rows of the test's own, beside whatever a preset has loaded -------------------

INSERT INTO kefu.holiday_table VALUES ('test_cn', '测试节假日', 'test holidays');
INSERT INTO kefu.holiday_cover VALUES
    ('test_cn', '2020-01-01', '2021-01-01', '2019-11-21'),
    ('test_cn', '2021-01-01', '2022-01-01', '2020-11-25'),
    ('test_cn', '2022-01-01', '2023-01-01', '2021-10-25'),
    ('test_cn', '2023-01-01', '2024-01-01', '2022-12-08'),
    ('test_cn', '2024-01-01', '2025-01-01', '2023-10-25'),
    ('test_cn', '2025-01-01', '2026-01-01', '2024-11-12'),
    ('test_cn', '2026-01-01', '2027-01-01', '2025-11-04');

-- First day and number of days off, as published before the year
CREATE TEMP TABLE days_off (first date, days integer);
INSERT INTO days_off VALUES
    ('2020-01-01', 1), ('2020-01-24', 7), ('2020-04-04', 3), ('2020-05-01', 5),
    ('2020-06-25', 3), ('2020-10-01', 8), ('2021-01-01', 3), ('2021-02-11', 7),
    ('2021-04-03', 3), ('2021-05-01', 5), ('2021-06-12', 3), ('2021-09-19', 3),
    ('2021-10-01', 7), ('2022-01-01', 3), ('2022-01-31', 7), ('2022-04-03', 3),
    ('2022-04-30', 5), ('2022-06-03', 3), ('2022-09-10', 3), ('2022-10-01', 7),
    ('2022-12-31', 3), ('2023-01-21', 7), ('2023-04-05', 1), ('2023-04-29', 5),
    ('2023-06-22', 3), ('2023-09-29', 8), ('2024-01-01', 1), ('2024-02-10', 8),
    ('2024-04-04', 3), ('2024-05-01', 5), ('2024-06-10', 1), ('2024-09-15', 3),
    ('2024-10-01', 7), ('2025-01-01', 1), ('2025-01-28', 8), ('2025-04-04', 3),
    ('2025-05-01', 5), ('2025-05-31', 3), ('2025-10-01', 8), ('2026-01-01', 3),
    ('2026-02-15', 9), ('2026-04-04', 3), ('2026-05-01', 5), ('2026-06-19', 3),
    ('2026-09-25', 3), ('2026-10-01', 7);
-- Make-up workdays, with that of 2020-02-01, which was cancelled
CREATE TEMP TABLE make_up (day date);
INSERT INTO make_up SELECT unnest('{
    2020-01-19, 2020-02-01, 2020-04-26, 2020-05-09, 2020-06-28, 2020-09-27, 2020-10-10,
    2021-02-07, 2021-02-20, 2021-04-25, 2021-05-08, 2021-09-18, 2021-09-26, 2021-10-09,
    2022-01-29, 2022-01-30, 2022-04-02, 2022-04-24, 2022-05-07, 2022-10-08, 2022-10-09,
    2023-01-28, 2023-01-29, 2023-04-23, 2023-05-06, 2023-06-25, 2023-10-07, 2023-10-08,
    2024-02-04, 2024-02-18, 2024-04-07, 2024-04-28, 2024-05-11, 2024-09-14, 2024-09-29,
    2024-10-12, 2025-01-26, 2025-02-08, 2025-04-27, 2025-09-28, 2025-10-11, 2026-01-04,
    2026-02-14, 2026-02-28, 2026-05-09, 2026-09-20, 2026-10-10}'::date[]);
INSERT INTO kefu.holiday
SELECT 'test_cn', d.day, d.kind, 'test', c.known_from
  FROM (SELECT first + i AS day, 'holiday' AS kind
          FROM days_off, generate_series(0, days - 1) AS i
        UNION ALL
        SELECT day, 'workday' FROM make_up) AS d
  JOIN kefu.holiday_cover c
    ON c.holiday_table = 'test_cn' AND d.day >= c.from_date AND d.day < c.to_date;
-- The extension of 2020-01-27
INSERT INTO kefu.holiday
SELECT 'test_cn', day, 'holiday', 'test', '2020-01-27'
  FROM unnest('{2020-01-31, 2020-02-01, 2020-02-02}'::date[]) AS day;

INSERT INTO kefu.calendar VALUES
    ('test_duty', '值班', 'duty', 'Asia/Shanghai', 'test_cn'),
    ('test_split', '两班', 'split shifts, staffed holidays', 'Asia/Shanghai', 'test_cn'),
    ('test_night', '夜班', 'nights', 'Europe/Berlin', NULL),
    ('test_half', '半小时', 'a zone of half hours', 'Australia/Lord_Howe', NULL),
    ('test_always', '全天', 'always', 'Asia/Shanghai', NULL),
    ('test_never', '从不', 'never', 'Asia/Shanghai', NULL);
INSERT INTO kefu.calendar_week
SELECT 'test_duty', day, 480, 1200 FROM unnest('{1,2,3,4,5,8}'::smallint[]) AS day;
INSERT INTO kefu.calendar_week
SELECT 'test_split', day, w.from_minute, w.to_minute
  FROM generate_series(1, 5) AS day,
       (VALUES (540, 720), (840, 1110)) AS w(from_minute, to_minute);
INSERT INTO kefu.calendar_week VALUES
    ('test_split', 6, 600, 660), ('test_split', 9, 600, 960);
INSERT INTO kefu.calendar_week
SELECT 'test_night', day, w.from_minute, w.to_minute
  FROM generate_series(1, 7) AS day,
       (VALUES (0, 150), (170, 390), (1320, 1440)) AS w(from_minute, to_minute);
INSERT INTO kefu.calendar_week
SELECT 'test_half', day, 75, 165 FROM generate_series(1, 7) AS day;
INSERT INTO kefu.calendar_week
SELECT 'test_always', day, 0, 1440 FROM generate_series(1, 7) AS day;

-- The facts of the years --------------------------------------------------------

SELECT year, count(*) FILTER (WHERE kefu.is_working_day('test_duty', day)) AS workdays,
       kefu.working_time_between('test_duty', make_timestamptz(year, 1, 1, 0, 0, 0),
                                 make_timestamptz(year + 1, 1, 1, 0, 0, 0)) AS desk_hours
  FROM generate_series(2020, 2026) AS year,
       LATERAL (SELECT make_date(year, 1, 1) + i
                  FROM generate_series(0, make_date(year + 1, 1, 1) - make_date(year, 1, 1) - 1)
                    AS i) AS d(day)
 GROUP BY year ORDER BY year;

SELECT to_char(day, 'YYYY') AS year, string_agg(to_char(day, 'MM-DD'), ' ' ORDER BY day) AS make_up
  FROM generate_series('2020-01-01'::timestamp, '2026-12-31', '1 day') AS day
 WHERE extract(isodow FROM day) >= 6 AND kefu.is_working_day('test_duty', day::date)
 GROUP BY 1 ORDER BY 1;

-- Closures of eight days and more; working runs of seven
WITH days AS (
    SELECT day::date, kefu.is_working_day('test_duty', day::date) AS works
      FROM generate_series('2020-01-01'::timestamp, '2026-12-31', '1 day') AS day),
runs AS (
    SELECT day, works,
           day - (row_number() OVER (PARTITION BY works ORDER BY day))::integer AS run
      FROM days)
SELECT works, min(day) AS first, count(*) AS days
  FROM runs GROUP BY works, run
HAVING count(*) >= CASE WHEN works THEN 7 ELSE 8 END
 ORDER BY works, days DESC, first;

-- 48 desk hours from the eve of the make-up Saturday
SELECT kefu.add_working_time('test_duty', '2026-02-13 20:00', '48:00') AS due,
       kefu.add_working_time('test_duty', '2026-02-13 20:00', '1 microsecond') AS resumes,
       kefu.add_working_time('test_duty', '2026-02-14 20:00', '1 microsecond') AS and_again;
SELECT * FROM kefu.working_periods('test_duty', '2026-02-13 19:00', '2026-02-25 09:30');

-- The shipped calendar says the same of each day, as known at any time.
BEGIN;
SELECT count(*) > 0 AS loaded FROM kefu.load_preset('calendar');
SELECT count(*) AS days, count(*) FILTER (
           WHERE kefu.is_working_day('cn-duty', day::date, known_at)
                 IS DISTINCT FROM kefu.is_working_day('test_duty', day::date, known_at)) AS differ
  FROM generate_series('2019-06-01'::timestamp, '2027-06-01', '1 day') AS day,
       unnest('{2019-11-20, 2019-11-21, 2020-01-26, 2020-01-27, 2022-12-07, 2022-12-08,
                2024-06-01, infinity}'::timestamptz[]) AS known_at;
SELECT kefu.working_time_between('always', '2026-01-01', '2027-01-01') AS always,
       kefu.calendar_is_assumed('always', '2026-01-01', '2028-01-01') AS always_assumed,
       kefu.calendar_is_assumed('cn-duty', '2020-01-01', '2027-01-01') AS duty_assumed;
ROLLBACK;

-- Boundaries ------------------------------------------------------------------

SELECT at, kefu.is_working_time('test_duty', at) AS open
  FROM unnest('{2026-03-02 07:59:59.999999, 2026-03-02 08:00, 2026-03-02 19:59:59.999999,
                2026-03-02 20:00, 2026-02-14 12:00, 2026-02-21 12:00,
                2026-02-28 12:00}'::timestamptz[]) AS at;
SELECT kefu.add_working_time('test_duty', '2026-03-01 03:00', '0') AS zero,
       kefu.add_working_time('test_duty', '2026-03-01 03:00', '12:00') AS ends_the_window,
       kefu.add_working_time('test_duty', '2026-03-03 03:00', '-12:00') AS begins_the_window,
       kefu.working_time_between('test_duty', '2026-03-03', '2026-03-02') AS backwards,
       kefu.working_time_between('test_duty', '2026-03-02 20:00', '2026-03-03 08:00') AS closed;
SELECT kefu.working_time_between('test_split', '2026-03-02', '2026-03-03') AS monday,
       kefu.working_time_between('test_split', '2026-03-07', '2026-03-08') AS saturday,
       kefu.working_time_between('test_split', '2026-02-14', '2026-02-15') AS make_up_like_monday,
       kefu.working_time_between('test_split', '2026-02-15', '2026-02-16') AS holiday;
SELECT * FROM kefu.working_periods('test_always', '2026-01-01', '2028-01-01');
SELECT count(*) FROM kefu.working_periods('test_always', '2026-01-01', '2026-01-01');

-- Working days: the same time of day; a staffed holiday is none
SELECT kefu.add_working_days('test_duty', '2026-02-13 21:30', 1) AS make_up,
       kefu.add_working_days('test_duty', '2026-02-13 21:30', 2) AS after_the_holiday,
       kefu.add_working_days('test_split', '2026-02-14 10:00', 1) AS not_the_holiday,
       kefu.add_working_days('test_duty', '2026-02-24 00:00', -1) AS back,
       kefu.add_working_days('test_duty', '2026-02-21 03:00', 0) AS none;
SELECT kefu.add_working_days('test_duty', '2026-09-29 10:00', 5) AS five,
       kefu.add_working_days('test_duty', '2026-09-29 10:00', 15) AS fifteen;

-- Both changeover days of a zone with summer time
SELECT kefu.working_time_between('test_night', day AT TIME ZONE 'Europe/Berlin',
                                 (day + 1) AT TIME ZONE 'Europe/Berlin') AS open,
       (SELECT count(*) FROM kefu.working_periods('test_night',
            day AT TIME ZONE 'Europe/Berlin', (day + 1) AT TIME ZONE 'Europe/Berlin')) AS periods
  FROM unnest('{2026-03-28, 2026-03-29, 2026-10-25, 2026-10-26}'::date[]) AS d(day);

-- What was known when -----------------------------------------------------------

-- 2020-02-01 was a make-up workday until the extension of 01-27
SELECT known_at, kefu.is_working_day('test_duty', '2020-02-01', known_at) AS works,
       kefu.add_working_time('test_duty', '2020-01-23 20:00', '12:00', known_at) AS due,
       kefu.calendar_is_assumed('test_duty', '2020-01-23', '2020-02-05', known_at) AS assumed
  FROM unnest('{2019-11-20, 2019-11-21, 2020-01-26 23:59:59, 2020-01-27, infinity,
                NULL}'::timestamptz[]) AS known_at;

-- Years without a table: the weekly pattern, flagged
SELECT kefu.calendar_is_assumed('test_duty', '2026-12-31', '2027-01-01') AS to_the_edge,
       kefu.calendar_is_assumed('test_duty', '2026-12-31', '2027-01-01 00:00:00.000001') AS past_it,
       kefu.calendar_is_assumed('test_duty', '2027-01-01', '2027-01-01') AS at_it,
       kefu.calendar_is_assumed('test_duty', '2019-12-31 23:59', '2020-06-01') AS before,
       kefu.calendar_is_assumed('test_duty', '2020-06-01', '2019-12-31 23:59') AS backwards,
       kefu.calendar_is_assumed('test_duty', '2020-01-01', '2027-01-01') AS all_years,
       kefu.calendar_is_assumed('test_always', '2050-01-01', '2051-01-01') AS without_table;
SELECT kefu.is_working_day('test_duty', '2027-01-01') AS assumed_friday;

-- Exceptions --------------------------------------------------------------------

BEGIN;
INSERT INTO kefu.calendar_exception VALUES
    ('test_duty', '2026-03-02', '2026-03-03', false, 'moving house', '2026-02-20'),
    ('test_duty', '2026-03-02 08:00', '2026-03-02 10:00', true, 'handled from elsewhere', '2026-02-25'),
    ('test_duty', '2026-03-07 18:00', '2026-03-07 20:00', true, 'storm', '2026-02-20'),
    ('test_duty', '2026-03-07 19:00', '2026-03-07 21:00', false, 'no power', '2026-02-20'),
    ('test_duty', '2026-03-03 19:59:30', '2026-03-03 20:00:15.5', true, 'seconds', '2026-02-20');
SELECT known_at,
       kefu.working_time_between('test_duty', '2026-03-02', '2026-03-03', known_at) AS monday,
       kefu.is_working_day('test_duty', '2026-03-02', known_at) AS monday_works,
       kefu.working_time_between('test_duty', '2026-03-03', '2026-03-04', known_at) AS tuesday,
       kefu.working_time_between('test_duty', '2026-03-07', '2026-03-08', known_at) AS saturday,
       kefu.is_working_day('test_duty', '2026-03-07', known_at) AS saturday_works
  FROM unnest('{2026-02-19, 2026-02-20, 2026-02-25, NULL}'::timestamptz[]) AS known_at;
INSERT INTO kefu.calendar_exception VALUES
    ('test_duty', '2026-05-01', 'infinity', false, 'closed down', '2026-04-01');
SELECT kefu.add_working_time('test_duty', '2026-04-30 19:00', '1:00');
SELECT kefu.add_working_time('test_duty', '2026-04-30 19:00', '1:00:00.000001');
ROLLBACK;

-- Sessions follow the rows --------------------------------------------------------

SELECT kefu.working_time_between('test_duty', '2026-03-02', '2026-03-03') AS rolled_back;
BEGIN;
SAVEPOINT before;
DELETE FROM kefu.calendar_week WHERE calendar = 'test_duty' AND day = 1;
SELECT kefu.working_time_between('test_duty', '2026-03-02', '2026-03-03') AS deleted;
ROLLBACK TO SAVEPOINT before;
SELECT kefu.working_time_between('test_duty', '2026-03-02', '2026-03-03') AS savepoint;
UPDATE kefu.calendar_week SET to_minute = 1080 WHERE calendar = 'test_duty' AND day = 1;
SELECT kefu.working_time_between('test_duty', '2026-03-02', '2026-03-03') AS updated;
UPDATE kefu.calendar SET timezone = 'Europe/Berlin' WHERE calendar = 'test_duty';
SELECT * FROM kefu.working_periods('test_duty', '2026-03-02', '2026-03-03');
UPDATE kefu.calendar SET holiday_table = NULL WHERE calendar = 'test_duty';
SELECT kefu.is_working_day('test_duty', '2026-02-16') AS no_holiday;
TRUNCATE kefu.calendar_week;
SELECT kefu.is_working_time('test_always', '2026-03-02') AS truncated;
SET LOCAL session_replication_role = replica;
INSERT INTO kefu.calendar_week VALUES ('test_always', 1, 0, 1440);
SELECT kefu.is_working_time('test_always', '2026-03-02') AS triggers_off;
ROLLBACK;
SELECT kefu.is_working_time('test_always', '2026-03-02') AS rolled_back,
       kefu.working_time_between('test_duty', '2026-03-02', '2026-03-03') AS duty;

-- Who may not select from the tables may still count, and can't bend the reading.
CREATE ROLE regress_kefu_counter;
GRANT USAGE ON SCHEMA kefu TO regress_kefu_counter;
GRANT EXECUTE ON FUNCTION
    kefu.working_time_between(text, timestamptz, timestamptz, timestamptz)
    TO regress_kefu_counter;
CREATE SCHEMA regress_kefu_bent;
CREATE FUNCTION regress_kefu_bent.never(text, text) RETURNS boolean
    LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'bent as %', current_user; END$$;
CREATE OPERATOR regress_kefu_bent.= (LEFTARG = text, RIGHTARG = text,
                                     FUNCTION = regress_kefu_bent.never);
GRANT USAGE ON SCHEMA regress_kefu_bent TO regress_kefu_counter;
\c -
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET ROLE regress_kefu_counter;
SELECT count(*) FROM kefu.calendar;
SET search_path = regress_kefu_bent, pg_catalog;
SELECT kefu.working_time_between('test_duty', '2026-03-02', '2026-03-03');
SELECT current_user;
RESET ROLE;
RESET search_path;
SELECT kefu.working_time_between('test_split', '2026-03-02', '2026-03-03');
REVOKE ALL ON SCHEMA kefu FROM regress_kefu_counter;
REVOKE ALL ON FUNCTION
    kefu.working_time_between(text, timestamptz, timestamptz, timestamptz)
    FROM regress_kefu_counter;
SET client_min_messages = warning;
DROP SCHEMA regress_kefu_bent CASCADE;
RESET client_min_messages;
DROP ROLE regress_kefu_counter;

-- Refusals ------------------------------------------------------------------------

SELECT kefu.add_working_time('nowhere', '2026-03-02', '1:00');
SELECT kefu.add_working_time(repeat('x', 70), '2026-03-02', '1:00');
SELECT kefu.add_working_time('test_duty', '2026-03-02', '2 days');
SELECT kefu.add_working_time('test_duty', '2026-03-02', '1 month 1 hour');
SELECT kefu.add_working_time('test_duty', 'infinity', '1:00');
SELECT kefu.is_working_time('test_duty', '-infinity');
SELECT kefu.working_time_between('test_duty', '1969-12-31', '2026-03-02');
SELECT kefu.add_working_days('test_duty', '2026-03-02', 2147483647);
SELECT kefu.is_working_day('test_duty', 'infinity');
SELECT kefu.add_working_time('test_never', '2026-03-02', '1:00');
SELECT kefu.add_working_time('test_never', '2026-03-02', '-1:00');
SELECT kefu.add_working_days('test_never', '2026-03-02', 1);
SELECT kefu.working_time_between('test_never', '2026-03-02', '2027-03-02') AS never;
SELECT kefu.add_working_time(NULL, '2026-03-02', '1:00') IS NULL
   AND kefu.add_working_time('test_duty', NULL, '1:00') IS NULL
   AND kefu.add_working_time('test_duty', '2026-03-02', NULL) IS NULL
   AND kefu.add_working_days('test_duty', '2026-03-02', NULL) IS NULL
   AND kefu.working_time_between('test_duty', NULL, '2026-03-02') IS NULL
   AND kefu.is_working_time('test_duty', NULL) IS NULL
   AND kefu.is_working_day(NULL, '2026-03-02') IS NULL
   AND kefu.calendar_is_assumed('test_duty', NULL, NULL) IS NULL AS null_gives_null;
SELECT count(*) FROM kefu.working_periods('test_duty', NULL, '2026-03-02');
DO $$
DECLARE
    question text;
    code text;
BEGIN
    FOREACH question IN ARRAY ARRAY[
        $q$SELECT kefu.is_working_time('nowhere', '2026-03-02')$q$,
        $q$SELECT kefu.add_working_time('test_duty', '2026-03-02', '1 day')$q$,
        $q$SELECT kefu.is_working_time('test_duty', 'infinity')$q$,
        $q$SELECT kefu.add_working_time('test_never', '2026-03-02', '1:00')$q$]
    LOOP
        BEGIN
            EXECUTE question;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE;
            RAISE NOTICE '%', code;
        END;
    END LOOP;
END
$$;

INSERT INTO kefu.calendar_week VALUES ('test_duty', 1, 1199, 1300);
INSERT INTO kefu.calendar_week VALUES ('test_duty', 1, 1200, 1200);
INSERT INTO kefu.calendar_week VALUES ('test_duty', 10, 0, 10);
INSERT INTO kefu.calendar_week VALUES ('test_duty', 1, 1400, 1441);
INSERT INTO kefu.calendar VALUES ('test_moon', '月', 'moon', 'Moon/Tycho', NULL);
INSERT INTO kefu.holiday VALUES ('test_cn', '2026-03-02', 'fun', 'test', '2026-01-01');
INSERT INTO kefu.calendar_exception VALUES
    ('test_duty', '2026-03-02', '2026-03-02', true, 'empty', '2026-01-01');
-- Touching windows are fine.
BEGIN;
INSERT INTO kefu.calendar_week VALUES ('test_duty', 1, 1200, 1300);
SELECT * FROM kefu.working_periods('test_duty', '2026-03-02', '2026-03-03');
ROLLBACK;

-- Random questions against a look at each minute ------------------------------------
--
-- The reference knows no C: what the local clocks read at each minute decides.

INSERT INTO kefu.calendar_exception VALUES
    ('test_split', '2026-02-03 11:00', '2026-02-05 15:00', false, 'closed', '2026-01-20'),
    ('test_split', '2026-02-04 08:00', '2026-02-04 23:00', true, 'open after all', '2026-01-25'),
    ('test_split', '2026-02-16 00:00', '2026-02-17 00:00', false, 'quiet', '2026-02-10'),
    ('test_split', '2026-02-21 08:00', '2026-02-22 03:30', true, 'through the night', '2026-01-20'),
    ('test_split', '2026-02-21 20:00', '2026-02-21 21:00', false, 'closed wins', '2026-01-20'),
    ('test_split', '2026-03-01 13:00', '2026-03-01 13:01', true, 'one minute', '2026-01-20'),
    ('test_night', '2026-03-28 20:00', '2026-03-29 03:10', true, 'over the change', '2026-01-01'),
    ('test_half', '2026-04-10 00:00', '2026-04-12 00:00', false, 'closed', '2026-01-01');

CREATE TEMP TABLE span (span integer, calendar text, known_at timestamptz,
                        from_at timestamptz, to_at timestamptz);
INSERT INTO span VALUES
    (1, 'test_split', NULL, '2026-01-25', '2026-03-15'),
    (2, 'test_split', '2026-01-22', '2026-01-25', '2026-03-15'),
    (3, 'test_night', NULL, '2026-03-20', '2026-04-10'),
    (4, 'test_night', NULL, '2026-10-15', '2026-11-05'),
    (5, 'test_half', NULL, '2026-03-25', '2026-04-20'),
    (6, 'test_duty', '2020-01-20', '2020-01-10', '2020-02-15'),
    (7, 'test_duty', NULL, '2020-01-10', '2020-02-15');

-- Each local date's kind of day, as known then
CREATE TEMP TABLE day AS
SELECT s.span, s.calendar, d::date AS day, c.timezone,
       CASE coalesce(h.kind, 'ordinary')
           WHEN 'holiday' THEN 9
           WHEN 'workday' THEN
               CASE WHEN EXISTS (SELECT FROM kefu.calendar_week w
                                  WHERE w.calendar = s.calendar AND w.day = 8)
                    THEN 8 ELSE 1 END
           ELSE extract(isodow FROM d) END AS kind,
       coalesce(h.kind, '') = 'holiday' AS is_holiday
  FROM span s
  JOIN kefu.calendar c USING (calendar)
 CROSS JOIN generate_series(s.from_at::date - 2, s.to_at::date + 2, '1 day') AS d
  LEFT JOIN LATERAL (SELECT h.kind
                       FROM kefu.holiday h
                      WHERE h.holiday_table = c.holiday_table AND h.date = d::date
                        AND h.known_from <= coalesce(s.known_at, 'infinity')
                      ORDER BY h.known_from DESC LIMIT 1) AS h ON true;

CREATE TEMP TABLE staffed AS
SELECT w.calendar, w.day AS kind, minute
  FROM kefu.calendar_week w, generate_series(w.from_minute, w.to_minute - 1) AS minute;
CREATE TEMP TABLE clock AS
SELECT s.span, s.calendar, s.known_at, at, l.local::date AS day,
       (extract(hour FROM l.local) * 60 + extract(minute FROM l.local))::integer AS minute
  FROM span s
  JOIN kefu.calendar c USING (calendar)
 CROSS JOIN generate_series(s.from_at, s.to_at - '1 minute'::interval, '1 minute') AS at
 CROSS JOIN LATERAL (SELECT at AT TIME ZONE c.timezone) AS l(local);
ANALYZE day;
ANALYZE staffed;
ANALYZE clock;

CREATE TEMP TABLE minute AS
SELECT m.span, m.at, d.day, d.is_holiday, s.minute IS NOT NULL AS weekly,
       coalesce(e.is_open, s.minute IS NOT NULL) AS open
  FROM clock m
  JOIN day d ON d.span = m.span AND d.day = m.day
  LEFT JOIN staffed s
    ON s.calendar = m.calendar AND s.kind = d.kind AND s.minute = m.minute
  LEFT JOIN LATERAL (SELECT e.is_open
                       FROM kefu.calendar_exception e
                      WHERE e.calendar = m.calendar
                        AND m.at >= e.from_at AND m.at < e.to_at
                        AND e.known_from <= coalesce(m.known_at, 'infinity')
                      ORDER BY e.known_from DESC, e.is_open LIMIT 1) AS e ON true;

-- Microseconds opened before each minute
CREATE TEMP TABLE timeline AS
SELECT span, at, day, open, (60000000 * (sum(open::integer) OVER w - open::integer))::bigint AS before,
       (60000000 * sum(open::integer) OVER w)::bigint AS after
  FROM minute WINDOW w AS (PARTITION BY span ORDER BY at);
CREATE UNIQUE INDEX ON timeline (span, at);
CREATE INDEX ON timeline (span, after) WHERE open;
CREATE INDEX ON timeline (span, before) WHERE open;
CREATE TEMP TABLE working_day AS
SELECT span, day, row_number() OVER (PARTITION BY span ORDER BY day) AS number
  FROM minute GROUP BY span, day
HAVING bool_or(weekly AND open AND NOT is_holiday);
ANALYZE timeline;
ANALYZE working_day;

CREATE FUNCTION pg_temp.opened(integer, timestamptz) RETURNS bigint
    LANGUAGE sql STABLE AS $$
    SELECT t.before + CASE WHEN t.open
                           THEN (extract(epoch FROM $2 - t.at) * 1000000)::bigint ELSE 0 END
      FROM timeline t WHERE t.span = $1 AND t.at = date_trunc('minute', $2)
$$;
-- Null where the answer is outside the span
CREATE FUNCTION pg_temp.added(integer, timestamptz, bigint) RETURNS timestamptz
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    target bigint := pg_temp.opened($1, $2) + $3;
    result timestamptz := $2;
BEGIN
    IF $3 > 0 THEN
        SELECT t.at + (target - t.before) * '1 microsecond'::interval INTO result
          FROM timeline t
         WHERE t.span = $1 AND t.open AND t.after >= target
         ORDER BY t.after LIMIT 1;
    ELSIF $3 < 0 THEN
        SELECT t.at + (target - t.before) * '1 microsecond'::interval INTO result
          FROM timeline t
         WHERE t.span = $1 AND t.open AND target >= 0 AND t.before <= target
         ORDER BY t.before DESC LIMIT 1;
    END IF;
    RETURN result;
END
$$;

SELECT setseed(0.71);
CREATE TEMP TABLE question AS
SELECT s.*, b - (b - a) * random() * 0.9 AS other, a AS start,
       (CASE WHEN random() < 0.5 THEN -1 ELSE 1 END
        * floor(exp(random() * 27)))::bigint AS amount,
       (random() * 14 - 7)::integer AS days
  FROM (SELECT s.*, n, s.from_at + (s.to_at - s.from_at) * random() * 0.999 AS a,
               s.from_at + (s.to_at - s.from_at) * random() * 0.999 AS b
          FROM span s, generate_series(1, 600) AS n) AS s;
-- A third of them exactly on a minute
UPDATE question SET start = date_trunc('minute', start), other = date_trunc('hour', other)
 WHERE n % 3 = 0 AND date_trunc('hour', other) >= from_at;
UPDATE question SET amount = amount / 60000000 * 60000000 WHERE n % 3 = 0;

SELECT span,
       count(*) FILTER (WHERE kefu.working_time_between(calendar, start, other, known_at)
                            IS DISTINCT FROM (pg_temp.opened(span, other)
                                - pg_temp.opened(span, start)) * '1 microsecond'::interval)
           AS between_mismatches,
       count(*) FILTER (WHERE kefu.is_working_time(calendar, start, known_at)
                            IS DISTINCT FROM (SELECT t.open FROM timeline t
                                               WHERE t.span = q.span
                                                 AND t.at = date_trunc('minute', start)))
           AS open_mismatches,
       count(*) >= 600 AS enough
  FROM question q GROUP BY span ORDER BY span;

SELECT span,
       count(*) FILTER (WHERE reference IS DISTINCT FROM answer) AS add_mismatches,
       count(*) > 300 AS enough, bool_or(amount > 0) AND bool_or(amount < 0) AS both_ways
  FROM (SELECT span, amount, pg_temp.added(span, start, amount) AS reference,
               kefu.add_working_time(calendar, start, amount * '1 microsecond'::interval,
                                     known_at) AS answer
          FROM question) AS q
 WHERE reference IS NOT NULL GROUP BY span ORDER BY span;

-- Working days; where the reference's date is outside the span nothing is asked.
SELECT span, count(*) FILTER (WHERE reference IS DISTINCT FROM answer) AS day_mismatches,
       count(*) > 300 AS enough
  FROM (SELECT q.span,
               CASE WHEN q.days = 0 THEN q.start
                    ELSE (w.day + (q.start AT TIME ZONE c.timezone)::time)
                         AT TIME ZONE c.timezone END AS reference,
               kefu.add_working_days(q.calendar, q.start, q.days, q.known_at) AS answer
          FROM question q
          JOIN kefu.calendar c USING (calendar)
          JOIN working_day w ON w.span = q.span AND w.number = q.days
               + (SELECT count(*) FROM working_day p
                   WHERE p.span = q.span
                     AND CASE WHEN q.days > 0
                              THEN p.day <= (q.start AT TIME ZONE c.timezone)::date
                              ELSE p.day < (q.start AT TIME ZONE c.timezone)::date END)
               + CASE WHEN q.days > 0 THEN 0 ELSE 1 END) AS q
 GROUP BY span ORDER BY span;

-- Periods are the islands of open minutes.
SELECT s.span,
       (SELECT count(*)
          FROM kefu.working_periods(s.calendar, s.from_at, s.to_at, s.known_at) AS p
          FULL JOIN (SELECT min(at) AS from_at, max(at) + '1 minute'::interval AS to_at
                       FROM (SELECT at, at - row_number() OVER (ORDER BY at)
                                        * '1 minute'::interval AS island
                               FROM timeline t WHERE t.span = s.span AND t.open) AS i
                      GROUP BY island) AS r USING (from_at, to_at)
         WHERE p IS NULL OR r IS NULL) AS period_mismatches,
       (SELECT count(*) > 10
          FROM kefu.working_periods(s.calendar, s.from_at, s.to_at, s.known_at)) AS enough
  FROM span s ORDER BY span;

DELETE FROM kefu.calendar_exception WHERE calendar LIKE 'test\_%';
DELETE FROM kefu.calendar_week WHERE calendar LIKE 'test\_%';
DELETE FROM kefu.calendar WHERE calendar LIKE 'test\_%';
DELETE FROM kefu.holiday WHERE holiday_table = 'test_cn';
DELETE FROM kefu.holiday_cover WHERE holiday_table = 'test_cn';
DELETE FROM kefu.holiday_table WHERE holiday_table = 'test_cn';
