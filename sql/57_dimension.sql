-- 57_dimension: the dimensions that analysts join: tables with keys, so that a
-- BI tool finds the joins by itself.
--
-- They are copies of desk and engine rows, written by kefu.refresh_dimensions()
-- and never by hand, so a dump leaves them out and a restored desk makes them
-- anew. Staff and accounts are seen by readers of their units; the rest is
-- the same for everybody.

CREATE TABLE kefu_bi.dim_date (
    local_date date PRIMARY KEY,
    year integer NOT NULL,
    quarter_number integer NOT NULL,
    month_number integer NOT NULL,
    month_date date NOT NULL,
    week_date date NOT NULL,
    iso_year integer NOT NULL,
    iso_week_number integer NOT NULL,
    weekday_number integer NOT NULL,
    weekday_label_zh text NOT NULL,
    weekday_label_en text NOT NULL,
    day_kind text COLLATE "C" NOT NULL,
    day_kind_label_zh text NOT NULL,
    day_kind_label_en text NOT NULL,
    is_workday boolean NOT NULL,
    is_assumed boolean NOT NULL,
    holiday_name text,
    festival text COLLATE "C",
    festival_label_zh text,
    festival_label_en text
);
COMMENT ON TABLE kefu_bi.dim_date IS 'Beijing dates from the year before last to next year, and those of older facts: what kind of day each is by the holiday table of Group''s calendar (日期维度; R71, R72, ruling 22)';
COMMENT ON COLUMN kefu_bi.dim_date.local_date IS 'date in Beijing (日期)';
COMMENT ON COLUMN kefu_bi.dim_date.year IS 'calendar year (年)';
COMMENT ON COLUMN kefu_bi.dim_date.quarter_number IS '1 to 4 (季度)';
COMMENT ON COLUMN kefu_bi.dim_date.month_number IS '1 to 12 (月)';
COMMENT ON COLUMN kefu_bi.dim_date.month_date IS 'first day of its month (月份)';
COMMENT ON COLUMN kefu_bi.dim_date.week_date IS 'Monday of its week (周一日期)';
COMMENT ON COLUMN kefu_bi.dim_date.iso_year IS 'year its week belongs to by ISO 8601 (ISO年)';
COMMENT ON COLUMN kefu_bi.dim_date.iso_week_number IS 'week by ISO 8601, 1 to 53 (ISO周)';
COMMENT ON COLUMN kefu_bi.dim_date.weekday_number IS '1 Monday to 7 Sunday (星期序号)';
COMMENT ON COLUMN kefu_bi.dim_date.weekday_label_zh IS 'Chinese label of weekday_number (星期标签)';
COMMENT ON COLUMN kefu_bi.dim_date.weekday_label_en IS 'English label of weekday_number (星期英文标签)';
COMMENT ON COLUMN kefu_bi.dim_date.day_kind IS 'workday, makeup (a workday on a weekend, 调休), weekend or holiday (日类型)';
COMMENT ON COLUMN kefu_bi.dim_date.day_kind_label_zh IS 'Chinese label of day_kind (日类型标签)';
COMMENT ON COLUMN kefu_bi.dim_date.day_kind_label_en IS 'English label of day_kind (日类型英文标签)';
COMMENT ON COLUMN kefu_bi.dim_date.is_workday IS 'a workday or make-up workday (是否工作日)';
COMMENT ON COLUMN kefu_bi.dim_date.is_assumed IS 'outside the published holiday tables: the weekly pattern is assumed (是否推定; ruling 22)';
COMMENT ON COLUMN kefu_bi.dim_date.holiday_name IS 'public holiday it belongs to, make-up workdays too; NULL none (节假日名称)';
COMMENT ON COLUMN kefu_bi.dim_date.festival IS 'festival of the rulebook on that very day; NULL none, the first by code where two meet (主题节日; R22)';
COMMENT ON COLUMN kefu_bi.dim_date.festival_label_zh IS 'Chinese label of festival (主题节日标签)';
COMMENT ON COLUMN kefu_bi.dim_date.festival_label_en IS 'English label of festival (主题节日英文标签)';

CREATE TABLE kefu_bi.dim_unit (
    unit text COLLATE "C" PRIMARY KEY,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    parent text COLLATE "C" REFERENCES kefu_bi.dim_unit,
    kind text COLLATE "C" NOT NULL,
    kind_label_zh text NOT NULL,
    kind_label_en text NOT NULL,
    province text COLLATE "C" REFERENCES kefu_bi.dim_unit,
    region text COLLATE "C",
    calendar text COLLATE "C",
    is_live boolean NOT NULL
);
COMMENT ON TABLE kefu_bi.dim_unit IS 'Units of the organisation (机构维度; R3-R7)';
COMMENT ON COLUMN kefu_bi.dim_unit.unit IS 'code (机构代码)';
COMMENT ON COLUMN kefu_bi.dim_unit.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu_bi.dim_unit.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu_bi.dim_unit.parent IS 'unit above; NULL for Group (上级机构)';
COMMENT ON COLUMN kefu_bi.dim_unit.kind IS 'group, province, department, hotline or contractor (机构类型)';
COMMENT ON COLUMN kefu_bi.dim_unit.kind_label_zh IS 'Chinese label of kind (机构类型标签)';
COMMENT ON COLUMN kefu_bi.dim_unit.kind_label_en IS 'English label of kind (机构类型英文标签)';
COMMENT ON COLUMN kefu_bi.dim_unit.province IS 'province it belongs to, itself if it is one; NULL for Group and what is directly below it (所属省公司)';
COMMENT ON COLUMN kefu_bi.dim_unit.region IS 'GB/T 2260 province code; NULL none (行政区划代码)';
COMMENT ON COLUMN kefu_bi.dim_unit.calendar IS 'duty calendar that holds, its own or inherited; NULL none (值班日历; R71)';
COMMENT ON COLUMN kefu_bi.dim_unit.is_live IS 'in use (是否在用)';

CREATE TABLE kefu_bi.dim_desk_date (
    calendar text COLLATE "C" NOT NULL,
    local_date date NOT NULL REFERENCES kefu_bi.dim_date,
    desk_hours numeric(5, 2) NOT NULL,
    is_workday boolean NOT NULL,
    is_assumed boolean NOT NULL,
    PRIMARY KEY (calendar, local_date)
);
COMMENT ON TABLE kefu_bi.dim_desk_date IS 'How long each duty calendar is staffed on each date; kefu_bi.unit_dates says it for units (值班日维度; R71, R72)';
COMMENT ON COLUMN kefu_bi.dim_desk_date.calendar IS 'duty calendar (值班日历)';
COMMENT ON COLUMN kefu_bi.dim_desk_date.local_date IS 'date in Beijing (日期)';
COMMENT ON COLUMN kefu_bi.dim_desk_date.desk_hours IS 'staffed hours of that date; 0 closed (值班小时数)';
COMMENT ON COLUMN kefu_bi.dim_desk_date.is_workday IS 'a working day of that calendar (是否工作日)';
COMMENT ON COLUMN kefu_bi.dim_desk_date.is_assumed IS 'assumed from the weekly pattern (是否推定; ruling 22)';

CREATE TABLE kefu_bi.dim_platform (
    platform text COLLATE "C" PRIMARY KEY,
    label_zh text NOT NULL,
    label_en text NOT NULL
);
COMMENT ON TABLE kefu_bi.dim_platform IS 'Platforms, and none for what has none (平台维度; R10)';
COMMENT ON COLUMN kefu_bi.dim_platform.platform IS 'code (平台代码)';
COMMENT ON COLUMN kefu_bi.dim_platform.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu_bi.dim_platform.label_en IS 'English label (英文标签)';

CREATE TABLE kefu_bi.dim_account (
    account text COLLATE "C" PRIMARY KEY,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    platform text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_platform,
    unit text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_unit,
    is_live boolean NOT NULL
);
COMMENT ON TABLE kefu_bi.dim_account IS 'Our accounts (账号维度; R11)';
COMMENT ON COLUMN kefu_bi.dim_account.account IS 'code (账号代码)';
COMMENT ON COLUMN kefu_bi.dim_account.label_zh IS 'its name on the platform (账号名称)';
COMMENT ON COLUMN kefu_bi.dim_account.label_en IS 'its code: names of accounts are Chinese (英文标签)';
COMMENT ON COLUMN kefu_bi.dim_account.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu_bi.dim_account.unit IS 'unit that runs it (机构)';
COMMENT ON COLUMN kefu_bi.dim_account.is_live IS 'in use (是否在用)';

CREATE TABLE kefu_bi.dim_staff (
    staff_id integer PRIMARY KEY,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_unit,
    is_active boolean NOT NULL
);
COMMENT ON TABLE kefu_bi.dim_staff IS 'Staff numbers of the facts and the units that employ them; names and logins are not published (人员维度)';
COMMENT ON COLUMN kefu_bi.dim_staff.staff_id IS 'staff number (人员编号)';
COMMENT ON COLUMN kefu_bi.dim_staff.label_zh IS 'unit and number in Chinese (中文标签)';
COMMENT ON COLUMN kefu_bi.dim_staff.label_en IS 'unit and number in English (英文标签)';
COMMENT ON COLUMN kefu_bi.dim_staff.unit IS 'unit that employs the person (所属机构)';
COMMENT ON COLUMN kefu_bi.dim_staff.is_active IS 'still there (是否在职)';

CREATE TABLE kefu_bi.dim_matter (
    axis text COLLATE "C" NOT NULL,
    matter text COLLATE "C" NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    parent text COLLATE "C",
    top_matter text COLLATE "C" NOT NULL,
    level_number integer NOT NULL,
    is_live boolean NOT NULL,
    PRIMARY KEY (axis, matter),
    FOREIGN KEY (axis, parent) REFERENCES kefu_bi.dim_matter
);
COMMENT ON TABLE kefu_bi.dim_matter IS 'Trees of what tickets are about; a category of a fact is a matter on the axis phenomenon (事项维度; R95, R112, R117)';
COMMENT ON COLUMN kefu_bi.dim_matter.axis IS 'phenomenon, product or cause (维度)';
COMMENT ON COLUMN kefu_bi.dim_matter.matter IS 'code (事项代码)';
COMMENT ON COLUMN kefu_bi.dim_matter.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu_bi.dim_matter.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu_bi.dim_matter.parent IS 'node above; NULL at the top (上级)';
COMMENT ON COLUMN kefu_bi.dim_matter.top_matter IS 'top of its tree, itself if it is one (一级事项)';
COMMENT ON COLUMN kefu_bi.dim_matter.level_number IS 'level, from 1 (层级)';
COMMENT ON COLUMN kefu_bi.dim_matter.is_live IS 'in use (是否在用)';

CREATE TABLE kefu_bi.dim_kind (
    kind text COLLATE "C" PRIMARY KEY,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    is_ticket boolean NOT NULL
);
COMMENT ON TABLE kefu_bi.dim_kind IS 'Kinds of what the desk works on: the four of tickets, work orders, posts and so on (类型维度)';
COMMENT ON COLUMN kefu_bi.dim_kind.kind IS 'code (类型代码)';
COMMENT ON COLUMN kefu_bi.dim_kind.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu_bi.dim_kind.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu_bi.dim_kind.is_ticket IS 'a kind of ticket (是否工单类型)';

CREATE TABLE kefu_bi.dim_state (
    kind text COLLATE "C" NOT NULL REFERENCES kefu_bi.dim_kind,
    state text COLLATE "C" NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    sort_number integer NOT NULL,
    is_final boolean NOT NULL,
    PRIMARY KEY (kind, state)
);
COMMENT ON TABLE kefu_bi.dim_state IS 'States of each kind in their order (状态维度)';
COMMENT ON COLUMN kefu_bi.dim_state.kind IS 'kind (类型)';
COMMENT ON COLUMN kefu_bi.dim_state.state IS 'code (状态代码)';
COMMENT ON COLUMN kefu_bi.dim_state.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu_bi.dim_state.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu_bi.dim_state.sort_number IS 'place in the order of states (次序)';
COMMENT ON COLUMN kefu_bi.dim_state.is_final IS 'nothing leads out of it (是否终态)';

ALTER TABLE kefu_bi.dim_date ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.dim_unit ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.dim_desk_date ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.dim_platform ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.dim_account ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.dim_staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.dim_matter ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.dim_kind ENABLE ROW LEVEL SECURITY;
ALTER TABLE kefu_bi.dim_state ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON kefu_bi.dim_date FOR SELECT USING (true);
CREATE POLICY everybody ON kefu_bi.dim_unit FOR SELECT USING (true);
CREATE POLICY everybody ON kefu_bi.dim_desk_date FOR SELECT USING (true);
CREATE POLICY everybody ON kefu_bi.dim_platform FOR SELECT USING (true);
CREATE POLICY own_units ON kefu_bi.dim_account FOR SELECT USING (unit = ANY ((SELECT kefu.my_units())::text[]));
CREATE POLICY own_units ON kefu_bi.dim_staff FOR SELECT USING (unit = ANY ((SELECT kefu.my_units())::text[]));
CREATE POLICY everybody ON kefu_bi.dim_matter FOR SELECT USING (true);
CREATE POLICY everybody ON kefu_bi.dim_kind FOR SELECT USING (true);
CREATE POLICY everybody ON kefu_bi.dim_state FOR SELECT USING (true);

-- --- writing them ---------------------------------------------------------------

CREATE FUNCTION kefu.write_dates(from_date date, to_date date) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    own text := kefu.unit_calendar('group');
BEGIN
    INSERT INTO kefu_bi.dim_date AS d
    SELECT x.day, extract(year FROM x.day), extract(quarter FROM x.day), extract(month FROM x.day),
           date_trunc('month', x.day)::date, date_trunc('week', x.day)::date,
           extract(isoyear FROM x.day), extract(week FROM x.day), extract(isodow FROM x.day),
           (ARRAY['星期一', '星期二', '星期三', '星期四', '星期五', '星期六', '星期日'])[extract(isodow FROM x.day)::integer],
           (ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[extract(isodow FROM x.day)::integer],
           k.kind,
           CASE k.kind WHEN 'workday' THEN '工作日' WHEN 'makeup' THEN '调休上班' WHEN 'weekend' THEN '周末' ELSE '节假日' END,
           CASE k.kind WHEN 'workday' THEN 'workday' WHEN 'makeup' THEN 'make-up workday' WHEN 'weekend' THEN 'weekend' ELSE 'holiday' END,
           k.kind IN ('workday', 'makeup'),
           coalesce(kefu.calendar_is_assumed(own, x.day::timestamp AT TIME ZONE 'Asia/Shanghai',
                                             (x.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'), true),
           h.name, f.festival, f.name_zh, f.name_en
      FROM (SELECT s::date AS day FROM generate_series(write_dates.from_date, write_dates.to_date, interval '1 day') AS s) AS x
      LEFT JOIN LATERAL (
            SELECT o.kind, o.name FROM kefu.holiday o
             WHERE o.date = x.day AND o.known_from <= kefu.now()
               AND o.holiday_table = (SELECT c.holiday_table FROM kefu.calendar c WHERE c.calendar = own)
             ORDER BY o.known_from DESC LIMIT 1) AS h ON h.kind <> 'ordinary'
      LEFT JOIN LATERAL (
            SELECT v.festival, v.name_zh, v.name_en FROM kefu.festival v
             WHERE v.date = x.day ORDER BY v.festival LIMIT 1) AS f ON true
     CROSS JOIN LATERAL (
            SELECT CASE WHEN h.kind = 'workday' THEN 'makeup' WHEN h.kind = 'holiday' THEN 'holiday'
                        WHEN extract(isodow FROM x.day) > 5 THEN 'weekend' ELSE 'workday' END AS kind) AS k
        ON CONFLICT (local_date) DO UPDATE
       SET day_kind = excluded.day_kind, day_kind_label_zh = excluded.day_kind_label_zh,
           day_kind_label_en = excluded.day_kind_label_en, is_workday = excluded.is_workday,
           is_assumed = excluded.is_assumed, holiday_name = excluded.holiday_name,
           festival = excluded.festival, festival_label_zh = excluded.festival_label_zh,
           festival_label_en = excluded.festival_label_en
     WHERE d.* IS DISTINCT FROM excluded.*;
    INSERT INTO kefu_bi.dim_desk_date AS d
    SELECT c.calendar, x.local_date,
           extract(epoch FROM kefu.working_time_between(c.calendar, b.from_at, b.to_at)) / 3600,
           kefu.is_working_day(c.calendar, x.local_date),
           kefu.calendar_is_assumed(c.calendar, b.from_at, b.to_at)
      FROM kefu.calendar c
     CROSS JOIN kefu_bi.dim_date x
     CROSS JOIN LATERAL (SELECT x.local_date::timestamp AT TIME ZONE 'Asia/Shanghai' AS from_at,
                                (x.local_date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS to_at) AS b
     WHERE x.local_date BETWEEN write_dates.from_date AND write_dates.to_date
        ON CONFLICT (calendar, local_date) DO UPDATE
       SET desk_hours = excluded.desk_hours, is_workday = excluded.is_workday, is_assumed = excluded.is_assumed
     WHERE d.* IS DISTINCT FROM excluded.*;
END $$;
COMMENT ON FUNCTION kefu.write_dates(date, date) IS
'Writes these dates, both included, as the calendars are known now; rows that are right stay untouched (内部: 日期维度)';

CREATE FUNCTION kefu.write_organization() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$ BEGIN
    INSERT INTO kefu_bi.dim_platform AS d
    SELECT p.platform, p.name_zh, p.name_en FROM kefu.platform p
    UNION ALL
    SELECT 'none', '无', 'none'
        ON CONFLICT (platform) DO UPDATE
       SET label_zh = excluded.label_zh, label_en = excluded.label_en
     WHERE d.* IS DISTINCT FROM excluded.*;
    -- Keys to rows of the same statement are looked at when it is over.
    INSERT INTO kefu_bi.dim_unit AS d
    WITH RECURSIVE tree AS (
        SELECT u.*, CASE WHEN u.kind = 'province' THEN u.unit END AS province, u.calendar AS holds
          FROM kefu.unit u WHERE u.parent IS NULL
        UNION ALL
        SELECT u.*, CASE WHEN u.kind = 'province' THEN u.unit ELSE t.province END, coalesce(u.calendar, t.holds)
          FROM tree t JOIN kefu.unit u ON u.parent = t.unit)
    SELECT u.unit, u.name_zh, u.name_en, u.parent, u.kind,
           CASE u.kind WHEN 'group' THEN '集团' WHEN 'province' THEN '省公司' WHEN 'department' THEN '部门'
                       WHEN 'hotline' THEN '10000号' ELSE '外包公司' END,
           CASE u.kind WHEN 'group' THEN 'Group' ELSE u.kind END,
           u.province, u.region, u.holds, u.is_live
      FROM tree u
        ON CONFLICT (unit) DO UPDATE
       SET label_zh = excluded.label_zh, label_en = excluded.label_en, parent = excluded.parent,
           kind = excluded.kind, kind_label_zh = excluded.kind_label_zh, kind_label_en = excluded.kind_label_en,
           province = excluded.province, region = excluded.region, calendar = excluded.calendar, is_live = excluded.is_live
     WHERE d.* IS DISTINCT FROM excluded.*;
    INSERT INTO kefu_bi.dim_account AS d
    SELECT a.account, a.handle, a.account, a.platform, a.unit, a.is_live FROM kefu.account a
        ON CONFLICT (account) DO UPDATE
       SET label_zh = excluded.label_zh, platform = excluded.platform, unit = excluded.unit, is_live = excluded.is_live
     WHERE d.* IS DISTINCT FROM excluded.*;
    INSERT INTO kefu_bi.dim_staff AS d
    SELECT s.staff_id, u.name_zh || ' ' || s.staff_id, u.name_en || ' ' || s.staff_id, s.unit, s.is_active
      FROM kefu.staff s JOIN kefu.unit u ON u.unit = s.unit
        ON CONFLICT (staff_id) DO UPDATE
       SET label_zh = excluded.label_zh, label_en = excluded.label_en, unit = excluded.unit, is_active = excluded.is_active
     WHERE d.* IS DISTINCT FROM excluded.*;
    INSERT INTO kefu_bi.dim_kind AS d
    SELECT m.machine, m.label_zh, m.label_en, m.object_type = 'ticket' FROM kefu.machine m
        ON CONFLICT (kind) DO UPDATE
       SET label_zh = excluded.label_zh, label_en = excluded.label_en, is_ticket = excluded.is_ticket
     WHERE d.* IS DISTINCT FROM excluded.*;
    INSERT INTO kefu_bi.dim_state AS d
    SELECT s.machine, s.state, s.label_zh, s.label_en, s.sort, s.is_final FROM kefu.state s
        ON CONFLICT (kind, state) DO UPDATE
       SET label_zh = excluded.label_zh, label_en = excluded.label_en, sort_number = excluded.sort_number,
           is_final = excluded.is_final
     WHERE d.* IS DISTINCT FROM excluded.*;
    INSERT INTO kefu_bi.dim_matter AS d
    SELECT m.axis, m.matter, m.name_zh, m.name_en, m.parent, split_part(m.matter, '.', 1),
           array_length(string_to_array(m.matter, '.'), 1), m.is_live
      FROM kefu.matter m
        ON CONFLICT (axis, matter) DO UPDATE
       SET label_zh = excluded.label_zh, label_en = excluded.label_en, is_live = excluded.is_live
     WHERE d.* IS DISTINCT FROM excluded.*;
END $$;
COMMENT ON FUNCTION kefu.write_organization() IS
'Writes every dimension but the dates from the rows of the desk; rows that are right stay untouched (内部: 机构等维度)';

CREATE FUNCTION kefu.refresh_dimensions(at_most integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    year date := date_trunc('year', kefu.now() AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    IF at_most < 1 THEN
        RETURN 0;
    END IF;
    PERFORM kefu.write_organization();
    PERFORM kefu.write_dates(least(year - interval '2 years', (SELECT min(d.local_date) FROM kefu_bi.dim_date d))::date,
                             (year + interval '2 years - 1 day')::date);
    RETURN 0;
END $$;
COMMENT ON FUNCTION kefu.refresh_dimensions(integer) IS
'Brings every dimension of kefu_bi up to date, all at once, unless at_most is 0. Returns 0: nothing is left. For the clock worker''s job (刷新维度表)';

CREATE VIEW kefu_bi.unit_dates WITH (security_barrier) AS
SELECT u.unit,
       u.label_zh AS unit_label_zh,
       u.label_en AS unit_label_en,
       d.local_date,
       d.desk_hours,
       d.is_workday,
       d.is_assumed,
       x.day_kind,
       x.day_kind_label_zh,
       x.day_kind_label_en
  FROM kefu_bi.dim_unit u
  JOIN kefu_bi.dim_desk_date d ON d.calendar = u.calendar
  JOIN kefu_bi.dim_date x ON x.local_date = d.local_date
 WHERE u.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.unit_dates IS 'How long each unit''s desk is staffed on each date; a unit without a calendar has no row (机构值班日; R71, R72)';
COMMENT ON COLUMN kefu_bi.unit_dates.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu_bi.unit_dates.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.unit_dates.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.unit_dates.local_date IS 'date in Beijing (日期)';
COMMENT ON COLUMN kefu_bi.unit_dates.desk_hours IS 'staffed hours; 0 closed (值班小时数)';
COMMENT ON COLUMN kefu_bi.unit_dates.is_workday IS 'a working day there (是否工作日)';
COMMENT ON COLUMN kefu_bi.unit_dates.is_assumed IS 'assumed from the weekly pattern (是否推定; ruling 22)';
COMMENT ON COLUMN kefu_bi.unit_dates.day_kind IS 'kind of day by Group''s calendar (日类型)';
COMMENT ON COLUMN kefu_bi.unit_dates.day_kind_label_zh IS 'Chinese label of day_kind (日类型标签)';
COMMENT ON COLUMN kefu_bi.unit_dates.day_kind_label_en IS 'English label of day_kind (日类型英文标签)';
