-- 16_organization: who may be given work, whom to ask, and what changed hands.
--
-- Qualification and training are ranges of time with their evidence, never
-- changed in place: a renewal is a further row.  Which of them a person needs
-- is a rule row; without one nothing is needed.

CREATE TABLE kefu.qualification_rule (
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    unit_kind text COLLATE "C" NOT NULL CONSTRAINT qualification_rule_unit_kind CHECK
        (unit_kind IN ('group', 'province', 'department', 'hotline', 'contractor')),
    needs text COLLATE "C" NOT NULL CONSTRAINT qualification_rule_needs CHECK
        (needs IN ('qualification', 'training')),
    subject text COLLATE "C" NOT NULL,
    valid tstzrange NOT NULL DEFAULT tstzrange(NULL, NULL),
    PRIMARY KEY (unit, unit_kind, needs, subject, valid),
    CONSTRAINT qualification_rule_company CHECK
        (needs = 'training' OR (unit_kind = 'contractor' AND subject = 'company'))
);
COMMENT ON TABLE kefu.qualification_rule IS 'What people must have before they are given work (资质与培训要求; R7)';
COMMENT ON COLUMN kefu.qualification_rule.unit IS 'for staff of this unit and all below it (机构)';
COMMENT ON COLUMN kefu.qualification_rule.unit_kind IS 'of them, those employed by a unit of this kind or below one; group is everybody (机构类型)';
COMMENT ON COLUMN kefu.qualification_rule.needs IS 'qualification 资质 of the contractor, training 培训 of the person (要求)';
COMMENT ON COLUMN kefu.qualification_rule.subject IS 'subject of the training; company for a qualification (科目)';
COMMENT ON COLUMN kefu.qualification_rule.valid IS 'half-open range of kefu.now() in which it is asked for; unbounded by default (有效期)';

CREATE TABLE kefu.qualification (
    qualification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    valid tstzrange NOT NULL CONSTRAINT qualification_valid CHECK
        (NOT isempty(valid) AND lower(valid) IS NOT NULL AND upper(valid) IS NOT NULL),
    evidence text NOT NULL CONSTRAINT qualification_evidence CHECK (evidence <> ''),
    reviewed_by integer REFERENCES kefu.staff,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX qualification_unit ON kefu.qualification (unit);
COMMENT ON TABLE kefu.qualification IS 'Passed reviews of a contractor company (外包公司资质审核; R7)';
COMMENT ON COLUMN kefu.qualification.qualification_id IS 'number (编号)';
COMMENT ON COLUMN kefu.qualification.unit IS 'contractor (外包公司)';
COMMENT ON COLUMN kefu.qualification.valid IS 'half-open range in which it holds (有效期)';
COMMENT ON COLUMN kefu.qualification.evidence IS 'what was seen, such as the number of a record (凭据)';
COMMENT ON COLUMN kefu.qualification.reviewed_by IS 'who reviewed it, of a unit above; NULL a superuser who is not on the desk (审核人)';
COMMENT ON COLUMN kefu.qualification.recorded_at IS 'when it was written down (登记时间)';

CREATE TABLE kefu.training (
    training_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_id integer NOT NULL REFERENCES kefu.staff,
    subject text COLLATE "C" NOT NULL,
    valid tstzrange NOT NULL CONSTRAINT training_valid CHECK
        (NOT isempty(valid) AND lower(valid) IS NOT NULL AND upper(valid) IS NOT NULL),
    evidence text NOT NULL CONSTRAINT training_evidence CHECK (evidence <> ''),
    recorded_by integer REFERENCES kefu.staff,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX training_staff ON kefu.training (staff_id, subject);
COMMENT ON TABLE kefu.training IS 'Trainings that a person has passed (业务培训; R7)';
COMMENT ON COLUMN kefu.training.training_id IS 'number (编号)';
COMMENT ON COLUMN kefu.training.staff_id IS 'person (人员)';
COMMENT ON COLUMN kefu.training.subject IS 'subject, as in kefu.qualification_rule (科目)';
COMMENT ON COLUMN kefu.training.valid IS 'half-open range in which it holds (有效期)';
COMMENT ON COLUMN kefu.training.evidence IS 'what was seen, such as the number of a record (凭据)';
COMMENT ON COLUMN kefu.training.recorded_by IS 'who wrote it down; NULL a superuser who is not on the desk (登记人)';
COMMENT ON COLUMN kefu.training.recorded_at IS 'when (登记时间)';

CREATE TABLE kefu.waiver (
    waiver_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" REFERENCES kefu.unit,
    staff_id integer REFERENCES kefu.staff,
    valid tstzrange NOT NULL CONSTRAINT waiver_valid CHECK
        (NOT isempty(valid) AND upper(valid) <= lower(valid) + interval '168 hours'),
    reason text NOT NULL CONSTRAINT waiver_reason CHECK (reason <> ''),
    granted_by integer NOT NULL REFERENCES kefu.staff,
    CONSTRAINT waiver_for CHECK (num_nonnulls(unit, staff_id) = 1)
);
CREATE INDEX waiver_unit ON kefu.waiver (unit) WHERE unit IS NOT NULL;
CREATE INDEX waiver_staff ON kefu.waiver (staff_id) WHERE staff_id IS NOT NULL;
COMMENT ON TABLE kefu.waiver IS 'A leader lets a person or a company work without what is asked for, at most 7 days (资质豁免; R7)';
COMMENT ON COLUMN kefu.waiver.waiver_id IS 'number (编号)';
COMMENT ON COLUMN kefu.waiver.unit IS 'all staff of this contractor; NULL for one person (外包公司)';
COMMENT ON COLUMN kefu.waiver.staff_id IS 'this person; NULL for a company (人员)';
COMMENT ON COLUMN kefu.waiver.valid IS 'half-open range of at most 7 times 24 hours (有效期)';
COMMENT ON COLUMN kefu.waiver.reason IS 'why (理由)';
COMMENT ON COLUMN kefu.waiver.granted_by IS 'leader (批准人)';

-- A backend remembers who is qualified until one of these changes (R7).
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.qualification_rule FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.qualification_rule ENABLE ALWAYS TRIGGER rules_changed;
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.qualification FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.qualification ENABLE ALWAYS TRIGGER rules_changed;
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.training FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.training ENABLE ALWAYS TRIGGER rules_changed;
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.waiver FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
ALTER TABLE kefu.waiver ENABLE ALWAYS TRIGGER rules_changed;

CREATE TABLE kefu.contact (
    contact_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    category text COLLATE "C" NOT NULL DEFAULT '',
    staff_id integer REFERENCES kefu.staff,
    name text,
    phone text,
    is_deputy boolean NOT NULL DEFAULT false,
    calendar text COLLATE "C" REFERENCES kefu.calendar,
    valid tstzrange NOT NULL CONSTRAINT contact_valid CHECK (NOT isempty(valid)),
    CONSTRAINT contact_who CHECK ((staff_id IS NULL) <> (name IS NULL)),
    CONSTRAINT contact_reach CHECK (staff_id IS NOT NULL OR phone IS NOT NULL)
);
CREATE INDEX contact_unit ON kefu.contact (unit, category);
COMMENT ON TABLE kefu.contact IS 'Whom to ask in a department, and who stands in (接口人; R4, R5, R8, R10)';
COMMENT ON COLUMN kefu.contact.contact_id IS 'number (编号)';
COMMENT ON COLUMN kefu.contact.unit IS 'department (部门)';
COMMENT ON COLUMN kefu.contact.category IS 'matter and all below it, such as broadband for broadband.fault; empty: any (业务分类)';
COMMENT ON COLUMN kefu.contact.staff_id IS 'person of the desk; NULL for somebody without a login (人员)';
COMMENT ON COLUMN kefu.contact.name IS 'name of somebody without a login; NULL for a person of the desk (姓名)';
COMMENT ON COLUMN kefu.contact.phone IS 'number inside the company; in no published view (电话)';
COMMENT ON COLUMN kefu.contact.is_deputy IS 'asked when the first is off (是否副接口人)';
COMMENT ON COLUMN kefu.contact.calendar IS 'hours in which this contact is reached; NULL: those of the department (值班日历)';
COMMENT ON COLUMN kefu.contact.valid IS 'half-open range of kefu.now() (有效期)';

CREATE TABLE kefu.rule_latitude (
    clock text COLLATE "C" PRIMARY KEY,
    latitude text COLLATE "C" NOT NULL CONSTRAINT rule_latitude_latitude CHECK
        (latitude IN ('no', 'stricter', 'bounds', 'yes')),
    least interval,
    most interval,
    is_wall boolean NOT NULL DEFAULT false,
    rulebook text COLLATE "C" NOT NULL,
    CONSTRAINT rule_latitude_bounds CHECK ((latitude = 'bounds') = (least IS NOT NULL AND most IS NOT NULL))
);
COMMENT ON TABLE kefu.rule_latitude IS 'How far a unit below Group may change a promise (各省调整权限; R91, ruling 28)';
COMMENT ON COLUMN kefu.rule_latitude.clock IS 'promise; * is every one without a row of its own (时限)';
COMMENT ON COLUMN kefu.rule_latitude.latitude IS 'no 不得调整, stricter 只能更严, bounds 限定范围, yes 可调整 (权限)';
COMMENT ON COLUMN kefu.rule_latitude.least IS 'shortest length; only with bounds (下限)';
COMMENT ON COLUMN kefu.rule_latitude.most IS 'longest length; only with bounds (上限)';
COMMENT ON COLUMN kefu.rule_latitude.is_wall IS 'never in staffed time, not even for Group (始终按自然时间; ruling 1)';
COMMENT ON COLUMN kefu.rule_latitude.rulebook IS 'where this comes from (依据)';

CREATE TABLE kefu.patrol_rule (
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    valid_from timestamptz NOT NULL,
    every interval NOT NULL CONSTRAINT patrol_rule_every CHECK (every BETWEEN interval '5 minutes' AND interval '24 hours'),
    latitude text COLLATE "C" NOT NULL CONSTRAINT patrol_rule_latitude CHECK (latitude IN ('no', 'stricter', 'yes')),
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (unit, valid_from)
);
COMMENT ON TABLE kefu.patrol_rule IS 'How often a desk is patrolled in its staffed time, and its feeds are polled; of the nearest unit the latest valid_from holds, for a pause the version in which it began (巡查规则; R71, R86, R88)';
COMMENT ON COLUMN kefu.patrol_rule.unit IS 'unit and all below it (机构)';
COMMENT ON COLUMN kefu.patrol_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.patrol_rule.every IS 'longest pause between two patrols (巡查间隔)';
COMMENT ON COLUMN kefu.patrol_rule.latitude IS 'what a unit below Group may change: no 不得调整, stricter 只能更严, yes 可调整 (调整权限; ruling 28)';
COMMENT ON COLUMN kefu.patrol_rule.rulebook IS 'R number (规范条款)';

CREATE TABLE kefu.handover_record (
    handover_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    shift_id bigint NOT NULL,
    to_shift_id bigint,
    from_staff_id integer NOT NULL REFERENCES kefu.staff,
    to_staff_id integer REFERENCES kefu.staff,
    by_staff_id integer NOT NULL REFERENCES kefu.staff,
    at timestamptz NOT NULL,
    note text,
    ticket_count integer NOT NULL,
    order_count integer NOT NULL,
    task_count integer NOT NULL,
    call_count integer NOT NULL,
    sensitive_count integer NOT NULL
);
CREATE INDEX handover_record_unit ON kefu.handover_record (unit, at);
COMMENT ON TABLE kefu.handover_record IS 'Handovers between shifts (交接班记录; R71)';
COMMENT ON COLUMN kefu.handover_record.handover_id IS 'number (交接编号)';
COMMENT ON COLUMN kefu.handover_record.unit IS 'unit of the shift (机构)';
COMMENT ON COLUMN kefu.handover_record.shift_id IS 'shift that hands over (交班班次)';
COMMENT ON COLUMN kefu.handover_record.to_shift_id IS 'shift that goes on; NULL: the queue (接班班次)';
COMMENT ON COLUMN kefu.handover_record.from_staff_id IS 'who had it (交班人)';
COMMENT ON COLUMN kefu.handover_record.to_staff_id IS 'who has it now; NULL: the queue (接班人)';
COMMENT ON COLUMN kefu.handover_record.by_staff_id IS 'who did it: the one who hands over, or a leader (操作人)';
COMMENT ON COLUMN kefu.handover_record.at IS 'when (交接时间)';
COMMENT ON COLUMN kefu.handover_record.note IS 'what the next one should know; NULL none (备注)';
COMMENT ON COLUMN kefu.handover_record.ticket_count IS 'tickets handed over; 0 none (工单数)';
COMMENT ON COLUMN kefu.handover_record.order_count IS 'work orders handed over; 0 none (投诉单数)';
COMMENT ON COLUMN kefu.handover_record.task_count IS 'tasks handed over; 0 none (待办数)';
COMMENT ON COLUMN kefu.handover_record.call_count IS 'of the tickets, those whose customer waits for a call; 0 none (待回访数)';
COMMENT ON COLUMN kefu.handover_record.sensitive_count IS 'of the tickets, those that are urgent, escalated or negative; 0 none (敏感事项数)';
