-- 20_machine: the state machines as rows, and the context a transition runs in.
--
-- Engine rows come with the version, refuse DML and are never dumped.  They
-- are generated from sql/machine/*.csv; the functions they name are in
-- 37_guards.sql and 38_*.sql, hence the rows are inserted after them.

CREATE TYPE kefu.move AS (
    machine text,
    id bigint,
    event text,
    from_state text,
    to_state text,
    unit text,
    at timestamptz,
    staff_id integer,
    round smallint,
    event_id bigint,
    guard_arg text,
    args jsonb
);
COMMENT ON TYPE kefu.move IS
'What a guard or an effect is told about the transition it serves (流转上下文)';
COMMENT ON COLUMN kefu.move.machine IS 'machine of the object before the event (状态机)';
COMMENT ON COLUMN kefu.move.id IS 'object (对象编号)';
COMMENT ON COLUMN kefu.move.event IS 'event (事件)';
COMMENT ON COLUMN kefu.move.from_state IS 'state before; *new for a creation (原状态)';
COMMENT ON COLUMN kefu.move.to_state IS 'state after; NULL in a guard (新状态)';
COMMENT ON COLUMN kefu.move.unit IS 'handling unit of the object (处理机构)';
COMMENT ON COLUMN kefu.move.at IS 'kefu.now() of the event (时间)';
COMMENT ON COLUMN kefu.move.staff_id IS 'who did it; NULL for a clock or a platform (人员)';
COMMENT ON COLUMN kefu.move.round IS 'round of a ticket, else 1 (轮次)';
COMMENT ON COLUMN kefu.move.event_id IS 'audit event of the transition; NULL in a guard (审计事件)';
COMMENT ON COLUMN kefu.move.guard_arg IS 'fixed argument of the guard''s row, if any (条件参数)';
COMMENT ON COLUMN kefu.move.args IS 'facts that came with the event (事实)';

CREATE TABLE kefu.object_type (
    object_type text COLLATE "C" PRIMARY KEY,
    relation regclass NOT NULL UNIQUE,
    id_column name NOT NULL,
    kind_column name,
    round_column name,
    posted_column name,
    readers text[],
    parent_type text COLLATE "C",
    parent_column name,
    label_zh text NOT NULL,
    label_en text NOT NULL
);
COMMENT ON TABLE kefu.object_type IS 'Engine rows: kinds of object a machine moves and where they live (对象类型)';
COMMENT ON COLUMN kefu.object_type.object_type IS 'name used in clocks and audit events (类型)';
COMMENT ON COLUMN kefu.object_type.relation IS 'table of the objects (数据表)';
COMMENT ON COLUMN kefu.object_type.id_column IS 'its key column (主键列)';
COMMENT ON COLUMN kefu.object_type.kind_column IS 'column that names the machine; NULL: the table holds one machine (类型列)';
COMMENT ON COLUMN kefu.object_type.round_column IS 'column of the round; NULL: always 1 (轮次列)';
COMMENT ON COLUMN kefu.object_type.posted_column IS 'column a promise from posted_at starts at; NULL: none does (起算列)';
COMMENT ON COLUMN kefu.object_type.readers IS 'columns of further units that may read the row (可见机构列)';
COMMENT ON COLUMN kefu.object_type.parent_type IS 'type of the object it belongs to, which is locked before it; NULL none (上级类型)';
COMMENT ON COLUMN kefu.object_type.parent_column IS 'column with the number of that object; it never changes (上级列)';
COMMENT ON COLUMN kefu.object_type.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.object_type.label_en IS 'English label (英文标签)';

CREATE TABLE kefu.machine (
    machine text COLLATE "C" PRIMARY KEY,
    object_type text COLLATE "C" NOT NULL REFERENCES kefu.object_type,
    maker regprocedure,
    label_zh text NOT NULL,
    label_en text NOT NULL
);
COMMENT ON TABLE kefu.machine IS 'Engine rows: the state machines; four of them share the ticket table (状态机)';
COMMENT ON COLUMN kefu.machine.machine IS 'name of the machine (状态机)';
COMMENT ON COLUMN kefu.machine.object_type IS 'what it moves (对象类型)';
COMMENT ON COLUMN kefu.machine.maker IS 'inserts a new object; NULL where only ingest does (创建函数)';
COMMENT ON COLUMN kefu.machine.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.machine.label_en IS 'English label (英文标签)';

CREATE TABLE kefu.state (
    machine text COLLATE "C" NOT NULL REFERENCES kefu.machine,
    state text COLLATE "C" NOT NULL,
    is_initial boolean NOT NULL,
    is_final boolean NOT NULL,
    sort smallint NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    PRIMARY KEY (machine, state)
);
COMMENT ON TABLE kefu.state IS 'Engine rows: states of the machines (状态)';
COMMENT ON COLUMN kefu.state.machine IS 'machine (状态机)';
COMMENT ON COLUMN kefu.state.state IS 'state (状态)';
COMMENT ON COLUMN kefu.state.is_initial IS 'true for the one state a creation leads to (是否初始)';
COMMENT ON COLUMN kefu.state.is_final IS 'true where the object''s clocks all stop (是否终态)';
COMMENT ON COLUMN kefu.state.sort IS 'order in lists, from 1 (排序)';
COMMENT ON COLUMN kefu.state.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.state.label_en IS 'English label (英文标签)';

CREATE TABLE kefu.transition (
    machine text COLLATE "C" NOT NULL REFERENCES kefu.machine,
    from_state text COLLATE "C" NOT NULL,
    event text COLLATE "C" NOT NULL,
    seq smallint NOT NULL,
    guard regprocedure,
    guard_arg text,
    to_machine text COLLATE "C" NOT NULL,
    to_state text COLLATE "C" NOT NULL,
    roles text[] NOT NULL,
    requires text[] NOT NULL,
    speaks text COLLATE "C" CONSTRAINT transition_speaks CHECK
        (speaks IN ('public', 'private', 'both')),
    clock_ops text[] NOT NULL,
    handler text COLLATE "C" CONSTRAINT transition_handler CHECK (handler IN ('given', 'nobody')),
    effect regprocedure,
    rulebook text[] NOT NULL,
    note text,
    PRIMARY KEY (machine, from_state, event, seq),
    FOREIGN KEY (to_machine, to_state) REFERENCES kefu.state (machine, state)
);
COMMENT ON TABLE kefu.transition IS 'Engine rows: what may happen in each state; of the rows of one event the first whose guard holds wins (状态流转)';
COMMENT ON COLUMN kefu.transition.machine IS 'machine (状态机)';
COMMENT ON COLUMN kefu.transition.from_state IS 'state before; *new for a creation (原状态)';
COMMENT ON COLUMN kefu.transition.event IS 'event (事件)';
COMMENT ON COLUMN kefu.transition.seq IS 'order in which the guards are tried, from 1 (次序)';
COMMENT ON COLUMN kefu.transition.guard IS 'condition; NULL always holds (条件)';
COMMENT ON COLUMN kefu.transition.guard_arg IS 'fixed argument of the condition (条件参数)';
COMMENT ON COLUMN kefu.transition.to_machine IS 'machine after; differs only for reclassify (新状态机)';
COMMENT ON COLUMN kefu.transition.to_state IS 'state after (新状态)';
COMMENT ON COLUMN kefu.transition.roles IS 'who may: staff roles, clock, platform (角色)';
COMMENT ON COLUMN kefu.transition.requires IS 'facts that must come with the event or be on record (必备事实)';
COMMENT ON COLUMN kefu.transition.speaks IS 'the event talks to the customer: public, private or both; NULL if not (对客沟通)';
COMMENT ON COLUMN kefu.transition.clock_ops IS 'start:, stop: and pause: of clocks (时限动作)';
COMMENT ON COLUMN kefu.transition.handler IS 'who handles the object from then on: given, the person of the fact staff or else the caller; nobody, back to the unit''s queue; NULL stays as it is (处理人)';
COMMENT ON COLUMN kefu.transition.effect IS 'one function, called in the same transaction (后续动作)';
COMMENT ON COLUMN kefu.transition.rulebook IS 'R numbers it serves; house for a house default (规范条款)';
COMMENT ON COLUMN kefu.transition.note IS 'why (说明)';

CREATE TABLE kefu.fact (
    fact text COLLATE "C" PRIMARY KEY,
    type text COLLATE "C" NOT NULL CONSTRAINT fact_type CHECK
        (type IN ('text', 'code', 'instant', 'id', 'boolean', 'number')),
    is_erasable boolean NOT NULL,
    record_column name,
    label_zh text NOT NULL,
    label_en text NOT NULL
);
COMMENT ON TABLE kefu.fact IS 'Engine rows: facts that events need, and how the audit trail keeps them; a fact not listed is kept as erasable text (事实)';
COMMENT ON COLUMN kefu.fact.fact IS 'name in args (名称)';
COMMENT ON COLUMN kefu.fact.type IS 'text, code, instant, id, boolean or number (类型)';
COMMENT ON COLUMN kefu.fact.is_erasable IS 'true: free text or personal data, kept in audit_detail under a salted digest (可删除)';
COMMENT ON COLUMN kefu.fact.record_column IS 'column of the object that has it on record; NULL: it must come with the event (档案列)';
COMMENT ON COLUMN kefu.fact.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.fact.label_en IS 'English label (英文标签)';

CREATE TABLE kefu.event (
    event text COLLATE "C" PRIMARY KEY,
    label_zh text NOT NULL,
    label_en text NOT NULL
);
COMMENT ON TABLE kefu.event IS 'Engine rows: names of the events in both languages (事件)';
COMMENT ON COLUMN kefu.event.event IS 'event (事件)';
COMMENT ON COLUMN kefu.event.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.event.label_en IS 'English label (英文标签)';

CREATE TABLE kefu.clock_kind (
    clock text COLLATE "C" PRIMARY KEY,
    starts_from text COLLATE "C" NOT NULL CONSTRAINT clock_kind_starts_from CHECK
        (starts_from IN ('posted_at', 'event_time', 'notice_time')),
    calendar text COLLATE "C" NOT NULL,
    target_fact text COLLATE "C",
    kept_by text[],
    rulebook text[] NOT NULL,
    note text
);
COMMENT ON TABLE kefu.clock_kind IS 'Engine rows: the promises there are; how long each is, is in clock_policy (时限种类)';
COMMENT ON COLUMN kefu.clock_kind.clock IS 'name (时限)';
COMMENT ON COLUMN kefu.clock_kind.starts_from IS 'posted_at of the customer''s message, the event, or a notice (起算点)';
COMMENT ON COLUMN kefu.clock_kind.calendar IS 'shipped calendar kind: wall, shift, calendar_days (计时方式)';
COMMENT ON COLUMN kefu.clock_kind.target_fact IS 'fact that brings the end, or an earlier one than the policy''s; NULL: none (截止事实)';
COMMENT ON COLUMN kefu.clock_kind.kept_by IS 'events that keep the promise; any other stop voids it; NULL: every stop keeps it (履约事件)';
COMMENT ON COLUMN kefu.clock_kind.rulebook IS 'R numbers; house for a house default (规范条款)';
COMMENT ON COLUMN kefu.clock_kind.note IS 'why (说明)';

