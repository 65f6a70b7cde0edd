-- 24_clock: promises, their policies, and what happens when they run out.
--
-- A policy is changed by a new version with a later valid_from, never in
-- place; a running clock keeps the policy it was started under.

CREATE TABLE kefu.clock_policy (
    policy_id integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    clock text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    valid_from timestamptz NOT NULL,
    target interval,
    target_from text COLLATE "C" CONSTRAINT clock_policy_target_from CHECK
        (target_from IN ('until', 'due_at', 'expires_at', 'file_by', 'send_at')),
    calendar text COLLATE "C" NOT NULL CONSTRAINT clock_policy_calendar CHECK
        (calendar IN ('wall', 'shift', 'calendar_days', 'working_days')),
    PRIMARY KEY (clock, unit, valid_from),
    CONSTRAINT clock_policy_one_target CHECK ((target IS NULL) <> (target_from IS NULL)),
    CONSTRAINT clock_policy_positive CHECK (target > interval '0')
);
COMMENT ON TABLE kefu.clock_policy IS 'How long each promise is, for a unit and all below it, from an instant on (时限规则; R2, R91, ruling 1)';
COMMENT ON COLUMN kefu.clock_policy.policy_id IS 'version that a running clock remembers (规则版本)';
COMMENT ON COLUMN kefu.clock_policy.clock IS 'promise (时限)';
COMMENT ON COLUMN kefu.clock_policy.unit IS 'unit; the nearest one up the tree wins (机构)';
COMMENT ON COLUMN kefu.clock_policy.valid_from IS 'for clocks started from then on; the latest wins (生效时间)';
COMMENT ON COLUMN kefu.clock_policy.target IS 'length; NULL where the event brings the end (时长)';
COMMENT ON COLUMN kefu.clock_policy.target_from IS 'fact that brings the end (截止时间来源)';
COMMENT ON COLUMN kefu.clock_policy.calendar IS 'wall 自然时间, shift 值班时间, calendar_days 自然日, working_days 工作日 (计时方式)';

CREATE TABLE kefu.clock_level (
    clock text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    valid_from timestamptz NOT NULL,
    level smallint NOT NULL,
    base text COLLATE "C" NOT NULL CONSTRAINT clock_level_base CHECK (base IN ('start', 'due')),
    offset_by interval NOT NULL,
    role text COLLATE "C",
    event text COLLATE "C",
    PRIMARY KEY (clock, unit, valid_from, level),
    FOREIGN KEY (clock, unit, valid_from) REFERENCES kefu.clock_policy,
    CONSTRAINT clock_level_acts CHECK (role IS NOT NULL OR event IS NOT NULL)
);
COMMENT ON TABLE kefu.clock_level IS 'Levels of a policy, in order of time: who is told, or which event is fired (升级层级)';
COMMENT ON COLUMN kefu.clock_level.clock IS 'promise (时限)';
COMMENT ON COLUMN kefu.clock_level.unit IS 'unit of the policy (机构)';
COMMENT ON COLUMN kefu.clock_level.valid_from IS 'version of the policy (生效时间)';
COMMENT ON COLUMN kefu.clock_level.level IS 'number, from 1 (层级)';
COMMENT ON COLUMN kefu.clock_level.base IS 'start or due (基准)';
COMMENT ON COLUMN kefu.clock_level.offset_by IS 'added to it; negative is before (偏移)';
COMMENT ON COLUMN kefu.clock_level.role IS 'who is told; NULL where only an event is fired (通知角色)';
COMMENT ON COLUMN kefu.clock_level.event IS 'event fired on the object; NULL where somebody is only told (触发事件)';

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.clock_policy FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.clock_level FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();

CREATE TABLE kefu.legal_limit (
    limit_id integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    clock text COLLATE "C" NOT NULL,
    jurisdiction text COLLATE "C" NOT NULL CONSTRAINT legal_limit_jurisdiction CHECK
        (jurisdiction ~ '^(cn|[0-9]{2,6})$'),
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    days smallint NOT NULL CONSTRAINT legal_limit_days CHECK (days BETWEEN 1 AND 3660),
    calendar text COLLATE "C" REFERENCES kefu.calendar,
    source text NOT NULL CONSTRAINT legal_limit_source CHECK (source <> ''),
    PRIMARY KEY (clock, jurisdiction, valid_from),
    CONSTRAINT legal_limit_valid CHECK (valid_from < valid_to)
);
COMMENT ON TABLE kefu.legal_limit IS 'What the law of a jurisdiction gives for a promise at most; of all that hold, and the policy, the earliest end counts (法定时限; ruling 18)';
COMMENT ON COLUMN kefu.legal_limit.limit_id IS 'version that a running clock remembers (规则版本)';
COMMENT ON COLUMN kefu.legal_limit.clock IS 'promise it limits (时限)';
COMMENT ON COLUMN kefu.legal_limit.jurisdiction IS 'cn for the whole country, else the region code of kefu.unit, GB/T 2260 (适用地区)';
COMMENT ON COLUMN kefu.legal_limit.valid_from IS 'for promises given from then on; the latest of a jurisdiction wins (生效时间)';
COMMENT ON COLUMN kefu.legal_limit.valid_to IS 'repealed without successor from then on; NULL in force (失效时间)';
COMMENT ON COLUMN kefu.legal_limit.days IS 'number of days, to the same time of day: earlier than the law''s end of the last day, never later (天数)';
COMMENT ON COLUMN kefu.legal_limit.calendar IS 'calendar whose working days are counted; NULL: calendar days (工作日历)';
COMMENT ON COLUMN kefu.legal_limit.source IS 'law and article (依据)';

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.legal_limit FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();

CREATE TABLE kefu.clock (
    clock_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object_type text COLLATE "C" NOT NULL,
    object_id bigint NOT NULL,
    clock text COLLATE "C" NOT NULL,
    round smallint NOT NULL DEFAULT 1,
    unit text COLLATE "C" NOT NULL,
    policy_id integer NOT NULL,
    limit_id integer,
    started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    due_desk_at timestamptz,
    is_assumed boolean NOT NULL DEFAULT false,
    next_level smallint NOT NULL DEFAULT 1,
    next_fire_at timestamptz,
    paused_at timestamptz,
    pauses tstzmultirange NOT NULL DEFAULT '{}',
    stopped_at timestamptz,
    outcome text COLLATE "C" CONSTRAINT clock_outcome CHECK (outcome IN ('kept', 'late', 'void')),
    CONSTRAINT clock_stopped CHECK ((stopped_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT clock_sleeps CHECK
        (next_fire_at IS NULL OR (stopped_at IS NULL AND paused_at IS NULL))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE UNIQUE INDEX clock_running ON kefu.clock (object_id, object_type, clock, round)
    WHERE stopped_at IS NULL;
CREATE INDEX clock_next ON kefu.clock (next_fire_at) WHERE next_fire_at IS NOT NULL;
CREATE INDEX clock_object ON kefu.clock (object_id, object_type);
CREATE INDEX clock_late ON kefu.clock (stopped_at) WHERE outcome = 'late';
COMMENT ON TABLE kefu.clock IS 'Promises, running and ended, one row a promise and round (时限; R90, R93, R108, R119)';
COMMENT ON COLUMN kefu.clock.clock_id IS 'number (时限编号)';
COMMENT ON COLUMN kefu.clock.object_type IS 'what it belongs to (对象类型)';
COMMENT ON COLUMN kefu.clock.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu.clock.clock IS 'which promise (时限)';
COMMENT ON COLUMN kefu.clock.round IS 'round of the ticket it was given in (轮次; ruling 25)';
COMMENT ON COLUMN kefu.clock.unit IS 'handling unit when it started, whose calendar and policy hold (机构)';
COMMENT ON COLUMN kefu.clock.policy_id IS 'version of the policy it was started under (规则版本)';
COMMENT ON COLUMN kefu.clock.limit_id IS 'version of the legal limit that set the end; NULL: the policy did (法定时限版本; ruling 18)';
COMMENT ON COLUMN kefu.clock.started_at IS 'customer''s posted_at, the event, or the notice (起算时间; ruling 2)';
COMMENT ON COLUMN kefu.clock.due_at IS 'when the promise ends, pauses included (到期时间)';
COMMENT ON COLUMN kefu.clock.due_desk_at IS 'when the same amount of staffed time is over; NULL where the unit has no calendar or the amount is in days (按值班时间的到期时间; ruling 1)';
COMMENT ON COLUMN kefu.clock.is_assumed IS 'a day outside the loaded holiday table was assumed to follow the week (是否推定; ruling 22)';
COMMENT ON COLUMN kefu.clock.next_level IS 'next level to fire (下一层级)';
COMMENT ON COLUMN kefu.clock.next_fire_at IS 'when; NULL if none is left, paused or stopped (下次触发时间)';
COMMENT ON COLUMN kefu.clock.paused_at IS 'since when it is paused; NULL if it runs (暂停时间)';
COMMENT ON COLUMN kefu.clock.pauses IS 'pauses that are over (已结束的暂停)';
COMMENT ON COLUMN kefu.clock.stopped_at IS 'when the promise was kept or ended; for speech the time of delivery (停止时间)';
COMMENT ON COLUMN kefu.clock.outcome IS 'kept 按时, late 超时, void 作废; NULL while it runs (结果)';

CREATE TABLE kefu.digest (
    digest_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    role text COLLATE "C" NOT NULL,
    staff_id integer REFERENCES kefu.staff,
    opened_at timestamptz NOT NULL,
    read_at timestamptz
);
CREATE INDEX digest_open ON kefu.digest (unit, role, staff_id) WHERE read_at IS NULL;
COMMENT ON TABLE kefu.digest IS 'Escalations bundled for one recipient, or kept for the next shift where nobody is on (提醒汇总; ruling 1)';
COMMENT ON COLUMN kefu.digest.digest_id IS 'number (汇总编号)';
COMMENT ON COLUMN kefu.digest.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu.digest.role IS 'level role it was for (角色)';
COMMENT ON COLUMN kefu.digest.staff_id IS 'recipient; NULL: the next shift (人员)';
COMMENT ON COLUMN kefu.digest.opened_at IS 'when its first escalation fired (时间)';
COMMENT ON COLUMN kefu.digest.read_at IS 'when it was read; NULL while open (阅读时间)';

CREATE TABLE kefu.escalation (
    escalation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clock_id bigint NOT NULL REFERENCES kefu.clock,
    level smallint NOT NULL,
    outcome text COLLATE "C" NOT NULL CONSTRAINT escalation_outcome CHECK
        (outcome IN ('told', 'digest', 'unattended', 'fired', 'refused', 'skipped')),
    role text COLLATE "C",
    staff_id integer REFERENCES kefu.staff,
    digest_id bigint REFERENCES kefu.digest,
    due_at timestamptz NOT NULL,
    fired_at timestamptz NOT NULL,
    UNIQUE (clock_id, level)
);
CREATE INDEX escalation_fired ON kefu.escalation (fired_at);
CREATE INDEX escalation_staff ON kefu.escalation (staff_id, fired_at) WHERE staff_id IS NOT NULL;
COMMENT ON TABLE kefu.escalation IS 'Levels that were reached, each exactly once (升级记录)';
COMMENT ON COLUMN kefu.escalation.escalation_id IS 'number (升级编号)';
COMMENT ON COLUMN kefu.escalation.clock_id IS 'promise (时限)';
COMMENT ON COLUMN kefu.escalation.level IS 'level (层级)';
COMMENT ON COLUMN kefu.escalation.outcome IS 'told 已通知, digest 并入汇总, unattended 无人值守, fired 已触发事件, refused 事件被拒, skipped 补漏时略过';
COMMENT ON COLUMN kefu.escalation.role IS 'role of the level; NULL where only an event was fired (角色)';
COMMENT ON COLUMN kefu.escalation.staff_id IS 'who was told; NULL if nobody (人员)';
COMMENT ON COLUMN kefu.escalation.digest_id IS 'digest it went into (汇总)';
COMMENT ON COLUMN kefu.escalation.due_at IS 'when the level was due (应触发时间)';
COMMENT ON COLUMN kefu.escalation.fired_at IS 'when it fired (触发时间)';

