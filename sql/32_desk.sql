-- 32_desk: what the desk works on: tickets and their rounds, messages, work
-- orders and tasks.
--
-- Each has the engine's columns: state, version (rises with the state),
-- audit_seq and audit_head (rise with every event), unit (who handles it now)
-- and handler.  Nothing but the engine changes them.

CREATE TABLE kefu.ticket (
    ticket_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    round smallint NOT NULL DEFAULT 1,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    received_unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    home_unit text COLLATE "C" REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    account text COLLATE "C" REFERENCES kefu.account,
    message_id bigint,
    person_id bigint REFERENCES kefu.person,
    is_provisional boolean NOT NULL DEFAULT false,
    priority smallint NOT NULL DEFAULT 2 CONSTRAINT ticket_priority CHECK (priority BETWEEN 1 AND 4),
    level smallint NOT NULL DEFAULT 0,
    category text COLLATE "C",
    location text COLLATE "C",
    location_source text COLLATE "C" CONSTRAINT ticket_location_source CHECK
        (location_source IN ('profile', 'customer', 'unknown')),
    posted_at timestamptz NOT NULL,
    round_posted_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    kind_confirmed_at timestamptz,
    acknowledged_at timestamptz,
    first_response_at timestamptz,
    answered_at timestamptz,
    resolved_at timestamptz,
    archived_at timestamptz,
    solution text,
    result text,
    further_need text,
    judgement text COLLATE "C" CONSTRAINT ticket_judgement CHECK
        (judgement IN ('real', 'vague', 'malicious')),
    satisfaction text COLLATE "C" NOT NULL DEFAULT 'not_asked' CONSTRAINT ticket_satisfaction CHECK
        (satisfaction IN ('not_asked', 'no_reply', 'satisfied', 'dissatisfied')),
    urge_count smallint NOT NULL DEFAULT 0,
    needs_reading boolean NOT NULL DEFAULT false,
    has_contact boolean NOT NULL DEFAULT false,
    order_id bigint,
    repeat_of bigint REFERENCES kefu.ticket,
    merged_into bigint REFERENCES kefu.ticket,
    first_kind text COLLATE "C" NOT NULL
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX ticket_unit ON kefu.ticket (unit, state) WHERE archived_at IS NULL;
CREATE INDEX ticket_person ON kefu.ticket (person_id, posted_at);
CREATE INDEX ticket_handler ON kefu.ticket (handler) WHERE handler IS NOT NULL;
CREATE INDEX ticket_posted ON kefu.ticket (posted_at);
COMMENT ON TABLE kefu.ticket IS 'One customer''s matter: inquiry, complaint, negative comment or praise (工单; R85-R131)';

CREATE TABLE kefu.round (
    ticket_id bigint NOT NULL REFERENCES kefu.ticket,
    round smallint NOT NULL,
    posted_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    message_id bigint,
    first_response_at timestamptz,
    answered_at timestamptz,
    ended_by text COLLATE "C",
    PRIMARY KEY (ticket_id, round)
) WITH (fillfactor = 85);
COMMENT ON TABLE kefu.round IS 'Loops of a ticket, each with its own promise (轮次; ruling 25)';

CREATE TABLE kefu.message (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    action text COLLATE "C" NOT NULL,
    item_type text COLLATE "C" NOT NULL,
    native_id text COLLATE "C" NOT NULL,
    parent_id text COLLATE "C",
    root_id text COLLATE "C",
    thread_id text COLLATE "C",
    identity_id bigint REFERENCES kefu.identity,
    person_id bigint REFERENCES kefu.person,
    text text,
    media text,
    url text,
    posted_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    is_live boolean NOT NULL,
    to_us boolean NOT NULL,
    ticket_id bigint REFERENCES kefu.ticket,
    meaning text COLLATE "C" CONSTRAINT message_meaning CHECK (meaning IN
        ('objection', 'acceptance', 'further_need', 'cause', 'contact', 'chaser', 'other')),
    suggested_kind text COLLATE "C",
    confirmed_kind text COLLATE "C",
    asked_by integer REFERENCES kefu.staff,
    evidence text
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX message_ticket ON kefu.message (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX message_new ON kefu.message (unit, posted_at) WHERE state = 'new';
CREATE INDEX message_person ON kefu.message (person_id);
CREATE INDEX message_posted ON kefu.message (posted_at);
COMMENT ON TABLE kefu.message IS 'Inbound items, each once however many feeds found it (消息; R85)';

CREATE TABLE kefu.seen_item (
    platform text COLLATE "C" NOT NULL,
    item_type text COLLATE "C" NOT NULL,
    native_id text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    PRIMARY KEY (platform, item_type, native_id)
);
COMMENT ON TABLE kefu.seen_item IS 'The one authority on which platform items are known; narrow, never moved to history (已见条目)';

CREATE TABLE kefu.sighting (
    message_id bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, account, action)
);
COMMENT ON TABLE kefu.sighting IS 'Which feed found which message first when; patrol and coverage read it (发现)';

CREATE TABLE kefu.raw_payload (
    raw_id bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    items_count integer NOT NULL,
    payload text
) PARTITION BY RANGE (received_at);
COMMENT ON TABLE kefu.raw_payload IS 'What a platform really said, by month, erasable row by row (原始报文)';
CREATE SEQUENCE kefu.raw_payload_id_seq AS bigint;
CREATE TABLE kefu.raw_payload_default PARTITION OF kefu.raw_payload DEFAULT;
CREATE INDEX raw_payload_default_id ON kefu.raw_payload_default (raw_id);
COMMENT ON TABLE kefu.raw_payload_default IS 'Payloads of a month without a partition; a row here is a health warning (默认分区)';

CREATE TABLE kefu.dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text COLLATE "C",
    action text COLLATE "C",
    received_at timestamptz NOT NULL,
    item_no integer,
    reason text NOT NULL,
    payload text,
    settled_at timestamptz
);
CREATE INDEX dead_letter_open ON kefu.dead_letter (received_at) WHERE settled_at IS NULL;
COMMENT ON TABLE kefu.dead_letter IS 'Items and payloads that could not be understood, with the reason; nothing else is lost with them (无法处理的报文)';

CREATE TABLE kefu.work_order (
    order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    round smallint NOT NULL DEFAULT 1,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    desk_unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    ticket_id bigint NOT NULL REFERENCES kefu.ticket,
    department text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handled_by text COLLATE "C" REFERENCES kefu.unit,
    category text COLLATE "C",
    reply_by timestamptz NOT NULL,
    needs_reviews boolean NOT NULL,
    priority smallint NOT NULL DEFAULT 2,
    level smallint NOT NULL DEFAULT 0,
    bounce_count smallint NOT NULL DEFAULT 0,
    rework_count smallint NOT NULL DEFAULT 0,
    urge_count smallint NOT NULL DEFAULT 0,
    further_need text,
    solution text,
    result text,
    created_at timestamptz NOT NULL,
    closed_at timestamptz
) WITH (fillfactor = 85);
CREATE INDEX work_order_ticket ON kefu.work_order (ticket_id);
CREATE INDEX work_order_unit ON kefu.work_order (unit, state) WHERE closed_at IS NULL;
COMMENT ON TABLE kefu.work_order IS 'What a department does for a ticket; eight stages, two reviews (投诉单; R99, R109, R113, R120)';

CREATE TABLE kefu.task (
    task_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    cause text COLLATE "C" NOT NULL,
    rulebook text COLLATE "C",
    due_at timestamptz NOT NULL,
    expires_at timestamptz,
    ticket_id bigint REFERENCES kefu.ticket,
    message_id bigint REFERENCES kefu.message,
    order_id bigint REFERENCES kefu.work_order,
    outbound_id bigint,
    note text,
    evidence text,
    created_at timestamptz NOT NULL,
    closed_at timestamptz
) WITH (fillfactor = 85);
CREATE INDEX task_unit ON kefu.task (unit, due_at) WHERE state = 'open';
CREATE INDEX task_ticket ON kefu.task (ticket_id) WHERE ticket_id IS NOT NULL;
COMMENT ON TABLE kefu.task IS 'Obligations of a unit with a due time and a cause; what a platform can''t do becomes one (待办)';

CREATE TABLE kefu.personal_data (
    person_id bigint NOT NULL REFERENCES kefu.person,
    kind text COLLATE "C" NOT NULL CONSTRAINT personal_data_kind CHECK
        (kind IN ('name', 'mobile', 'landline', 'address')),
    value text NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    consent text NOT NULL,
    given_at timestamptz NOT NULL,
    ticket_id bigint REFERENCES kefu.ticket,
    PRIMARY KEY (person_id, kind)
);
COMMENT ON TABLE kefu.personal_data IS 'What customers told us about themselves, with purpose and consent, apart from tickets (个人信息; R94, R111, ruling 21)';

CREATE TABLE kefu.request (
    staff_id integer NOT NULL REFERENCES kefu.staff,
    request_key text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    machine text COLLATE "C" NOT NULL,
    object_id bigint NOT NULL,
    event text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    event_id bigint NOT NULL,
    speech_id bigint,
    PRIMARY KEY (staff_id, request_key)
);
CREATE INDEX request_at ON kefu.request (at);
COMMENT ON TABLE kefu.request IS 'First results of calls that came with a request key; a retried call gets the same (请求记录)';

