-- 10_unit: who works here and what they may see.
--
-- PostgreSQL roles give EXECUTE and SELECT on groups of the API; what a person
-- is on this desk (operator in Guangdong, reviewer in Group) is rows here.
-- kefu.my_units() is the only definition of who sees what; kefu.is_given() adds
-- the single objects that a unit gave to its hotline or contractor.

CREATE TABLE kefu.unit (
    unit text COLLATE "C" PRIMARY KEY
        CONSTRAINT unit_code CHECK (unit ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    parent text COLLATE "C" REFERENCES kefu.unit,
    kind text COLLATE "C" NOT NULL CONSTRAINT unit_kind CHECK
        (kind IN ('group', 'province', 'department', 'hotline', 'contractor')),
    name_zh text NOT NULL,
    name_en text NOT NULL,
    region text COLLATE "C" CONSTRAINT unit_region CHECK (region ~ '^[0-9]{2}$'),
    calendar text COLLATE "C" REFERENCES kefu.calendar,
    is_live boolean NOT NULL DEFAULT true,
    CONSTRAINT unit_root CHECK ((parent IS NULL) = (kind = 'group' AND unit = 'group'))
);
CREATE INDEX unit_parent ON kefu.unit (parent);
COMMENT ON TABLE kefu.unit IS 'Units of the organisation, a tree with Group at its root (机构; R3-R7)';
COMMENT ON COLUMN kefu.unit.unit IS 'code, never changed (机构代码)';
COMMENT ON COLUMN kefu.unit.parent IS 'unit above; NULL for Group only (上级机构)';
COMMENT ON COLUMN kefu.unit.kind IS 'group 集团, province 省公司, department 部门, hotline 10000号, contractor 外包公司';
COMMENT ON COLUMN kefu.unit.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu.unit.name_en IS 'English name (英文名称)';
COMMENT ON COLUMN kefu.unit.region IS 'GB/T 2260 province code a customer''s profile names; NULL where none (行政区划代码)';
COMMENT ON COLUMN kefu.unit.calendar IS 'duty calendar; NULL takes the parent''s (值班日历; R71, R72)';
COMMENT ON COLUMN kefu.unit.is_live IS 'false for a unit that was closed: it keeps its history and gets nothing new (是否在用)';

CREATE TABLE kefu.staff (
    staff_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text COLLATE "C" NOT NULL UNIQUE,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    name text NOT NULL,
    is_active boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE kefu.staff IS 'People with a database login (人员)';
COMMENT ON COLUMN kefu.staff.staff_id IS 'number that audit events name (人员编号)';
COMMENT ON COLUMN kefu.staff.login IS 'database role; the outer user of a call, SET ROLE honoured (登录角色)';
COMMENT ON COLUMN kefu.staff.unit IS 'unit that employs the person (所属机构)';
COMMENT ON COLUMN kefu.staff.name IS 'name shown to colleagues (姓名)';
COMMENT ON COLUMN kefu.staff.is_active IS 'false refuses every call; the row stays for the audit trail (是否在职)';

CREATE TABLE kefu.staff_role (
    staff_id integer NOT NULL REFERENCES kefu.staff,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    role text COLLATE "C" NOT NULL CONSTRAINT staff_role_role CHECK
        (role IN ('operator', 'reviewer', 'department', 'leader', 'admin', 'hotline')),
    valid tstzrange NOT NULL DEFAULT tstzrange(NULL, NULL),
    PRIMARY KEY (staff_id, unit, role, valid)
);
COMMENT ON TABLE kefu.staff_role IS 'What a person may do, where and when; covers the unit and all below it (人员角色; R3)';
COMMENT ON COLUMN kefu.staff_role.staff_id IS 'person (人员)';
COMMENT ON COLUMN kefu.staff_role.unit IS 'top of the covered part of the tree (机构)';
COMMENT ON COLUMN kefu.staff_role.role IS 'operator 管理员, reviewer 审核员, department 部门接口人, leader 值班长, admin 系统管理员, hotline 10000号坐席';
COMMENT ON COLUMN kefu.staff_role.valid IS 'half-open range of kefu.now() in which it holds; unbounded by default (有效期)';

CREATE TABLE kefu.gateway (
    gateway_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    UNIQUE (login, unit)
);
COMMENT ON TABLE kefu.gateway IS 'Logins such as a CRM''s that may speak for staff of a unit through kefu.acting_as (网关)';
COMMENT ON COLUMN kefu.gateway.gateway_id IS 'number that audit events name (网关编号)';
COMMENT ON COLUMN kefu.gateway.login IS 'database role of the gateway (登录角色)';
COMMENT ON COLUMN kefu.gateway.unit IS 'staff of this unit and below can be spoken for (机构)';

CREATE TABLE kefu.reader (
    login text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    PRIMARY KEY (login, unit)
);
COMMENT ON TABLE kefu.reader IS 'Logins of BI tools and analysts and the units they read; see kefu.grant_reader() (只读用户)';
COMMENT ON COLUMN kefu.reader.login IS 'database role (登录角色)';
COMMENT ON COLUMN kefu.reader.unit IS 'this unit and all below it are read (机构)';

CREATE TABLE kefu.shift (
    shift_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    staff_id integer NOT NULL REFERENCES kefu.staff,
    role text COLLATE "C" NOT NULL CONSTRAINT shift_role CHECK
        (role IN ('operator', 'reviewer', 'department', 'leader', 'hotline')),
    during tstzrange NOT NULL CONSTRAINT shift_bounds CHECK
        (NOT isempty(during) AND lower(during) IS NOT NULL AND upper(during) IS NOT NULL),
    is_on_call boolean NOT NULL DEFAULT false,
    returned_at timestamptz,
    CONSTRAINT shift_at_desk EXCLUDE USING gist
        (int4range(staff_id, staff_id, '[]') WITH &&, during WITH &&) WHERE (NOT is_on_call),
    CONSTRAINT shift_on_call EXCLUDE USING gist
        (int4range(staff_id, staff_id, '[]') WITH &&, during WITH &&) WHERE (is_on_call)
);
CREATE INDEX shift_during ON kefu.shift USING gist (during);
CREATE INDEX shift_unit ON kefu.shift (unit, role);
CREATE INDEX shift_ends ON kefu.shift (upper(during)) WHERE returned_at IS NULL;
COMMENT ON TABLE kefu.shift IS 'Who is on, where, as what and when (班次; R71)';
COMMENT ON COLUMN kefu.shift.shift_id IS 'number of the shift (班次编号)';
COMMENT ON COLUMN kefu.shift.unit IS 'unit on duty (机构)';
COMMENT ON COLUMN kefu.shift.staff_id IS 'person (人员)';
COMMENT ON COLUMN kefu.shift.role IS 'role in which the person is on (角色)';
COMMENT ON COLUMN kefu.shift.during IS 'half-open time range (起止时间)';
COMMENT ON COLUMN kefu.shift.is_on_call IS 'reachable, not at the desk: told only when nobody is on (是否备班)';

COMMENT ON COLUMN kefu.shift.returned_at IS 'when what the person held at its end went back to the queues; NULL before (退回时间)';

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.unit FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.staff FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.staff_role FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.gateway FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.reader FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();

CREATE FUNCTION kefu.now() RETURNS timestamptz
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'kefu_now_sql';
COMMENT ON FUNCTION kefu.now() IS
'The desk''s clock: the start of the client''s statement, or kefu.test_now while the server runs with kefu.test_clock (当前时间)';

CREATE FUNCTION kefu.me() RETURNS integer
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'kefu_me';
COMMENT ON FUNCTION kefu.me() IS
'Staff number of the caller: the outer user (SET ROLE honoured, rights of a definer function not), else the session user, or the person a registered gateway speaks for; NULL for anybody else (当前人员)';

CREATE FUNCTION kefu.my_units() RETURNS text[]
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'kefu_my_units';
COMMENT ON FUNCTION kefu.my_units() IS
'Codes of all units the caller may see: those of the caller''s roles and registrations and all below them. Empty for an unregistered login (可见机构)';

CREATE FUNCTION kefu.has_role(role text, unit text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED STRICT AS 'MODULE_PATHNAME', 'kefu_has_role';
COMMENT ON FUNCTION kefu.has_role(text, text) IS
'True if the caller now has this role at this unit or above it (是否具有角色)';

CREATE FUNCTION kefu.is_given(object_type text, id bigint, unit text, handler integer) RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'kefu_is_given';
COMMENT ON FUNCTION kefu.is_given(text, bigint, text, integer) IS
'True if the caller works at a hotline or contractor of this unit and the object is theirs to work on: as handler or, a ticket, while a call-back task of the hotline is open; false if anything but handler is NULL. For the owner''s functions only (内部: 是否已派给本人; R7, R93)';

CREATE FUNCTION kefu.require_unit(unit text, VARIADIC roles text[] DEFAULT '{}') RETURNS void
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'kefu_require_unit';
COMMENT ON FUNCTION kefu.require_unit(text, text[]) IS
'Raises KF008 if the caller may not see the unit and, with roles named, KF003 if the caller has none of them there. Every definer function that touches rows of a unit calls it (校验机构权限)';

CREATE FUNCTION kefu.unit_path(unit text) RETURNS SETOF text
    LANGUAGE c STABLE PARALLEL SAFE STRICT ROWS 4 AS 'MODULE_PATHNAME', 'kefu_unit_path';
COMMENT ON FUNCTION kefu.unit_path(text) IS
'The unit, its parent and so on up to Group, in this order; empty for an unknown unit (机构路径)';

