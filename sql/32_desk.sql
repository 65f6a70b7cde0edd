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
    alarm smallint NOT NULL DEFAULT 0 CONSTRAINT ticket_alarm CHECK (alarm BETWEEN 0 AND 4),
    alarm_overruled smallint NOT NULL DEFAULT 0,
    category text COLLATE "C",
    product text COLLATE "C",
    root_cause text COLLATE "C",
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
-- None has a column that an ordinary event changes, so that its update is HOT.
CREATE INDEX ticket_unit ON kefu.ticket (unit) WHERE archived_at IS NULL;
CREATE INDEX ticket_handling ON kefu.ticket (unit, posted_at);
CREATE INDEX ticket_received ON kefu.ticket (received_unit, posted_at);
CREATE INDEX ticket_home ON kefu.ticket (home_unit, posted_at) WHERE home_unit IS NOT NULL;
CREATE INDEX ticket_person ON kefu.ticket (person_id, posted_at);
CREATE INDEX ticket_posted ON kefu.ticket (posted_at);
COMMENT ON TABLE kefu.ticket IS 'One customer''s matter: inquiry, complaint, negative comment or praise (工单; R85-R131)';
COMMENT ON COLUMN kefu.ticket.ticket_id IS 'number (工单编号)';
COMMENT ON COLUMN kefu.ticket.kind IS 'inquiry 咨询, complaint 投诉, negative 负面评价, praise 表扬: the machine it is in (类型)';
COMMENT ON COLUMN kefu.ticket.state IS 'state of that machine (状态)';
COMMENT ON COLUMN kefu.ticket.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.ticket.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.ticket.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.ticket.round IS 'loop it is in, from 1 (轮次)';
COMMENT ON COLUMN kefu.ticket.unit IS 'unit that handles it (处理机构)';
COMMENT ON COLUMN kefu.ticket.received_unit IS 'unit of the account written to (接收机构)';
COMMENT ON COLUMN kefu.ticket.home_unit IS 'province of the customer; NULL unknown (归属机构; ruling 24)';
COMMENT ON COLUMN kefu.ticket.handler IS 'person who works on it; NULL: in the unit''s queue (处理人)';
COMMENT ON COLUMN kefu.ticket.account IS 'account written to (账号)';
COMMENT ON COLUMN kefu.ticket.message_id IS 'message it was opened from; no foreign key, the message refers to the ticket (首条消息)';
COMMENT ON COLUMN kefu.ticket.person_id IS 'customer (用户)';
COMMENT ON COLUMN kefu.ticket.is_provisional IS 'opened at ingest and not confirmed by a person (是否临时; ruling 30)';
COMMENT ON COLUMN kefu.ticket.priority IS '1 highest to 4 (优先级; R105)';
COMMENT ON COLUMN kefu.ticket.level IS 'times it was escalated; 0 none (升级级别)';
COMMENT ON COLUMN kefu.ticket.alarm IS 'public-opinion level: 0 none, 1 blue, 2 yellow, 3 orange, 4 red (舆情等级; ruling 23)';
COMMENT ON COLUMN kefu.ticket.alarm_overruled IS 'level that a leader found too high: the rules raise it again only above that; 0 none (被人工下调的等级; ruling 23)';
COMMENT ON COLUMN kefu.ticket.category IS 'phenomenon in the customer''s words, such as broadband.fault; suggested until a person confirms the kind; NULL none (业务分类; R112)';
COMMENT ON COLUMN kefu.ticket.product IS 'product it is about; NULL unknown (产品; R117)';
COMMENT ON COLUMN kefu.ticket.root_cause IS 'cause found afterwards; NULL before (原因)';
COMMENT ON COLUMN kefu.ticket.location IS 'province code or place; NULL unknown (归属地; R112)';
COMMENT ON COLUMN kefu.ticket.location_source IS 'profile, customer or unknown (归属地来源; ruling 27)';
COMMENT ON COLUMN kefu.ticket.posted_at IS 'customer''s first post, on the platform''s clock (首次发布时间; ruling 2)';
COMMENT ON COLUMN kefu.ticket.round_posted_at IS 'post that opened the present round: where its promises start (本轮起算时间)';
COMMENT ON COLUMN kefu.ticket.opened_at IS 'when the desk opened it (立案时间)';
COMMENT ON COLUMN kefu.ticket.kind_confirmed_at IS 'when a person confirmed the kind; NULL before (类型确认时间)';
COMMENT ON COLUMN kefu.ticket.acknowledged_at IS 'when the platform took the acknowledgement; NULL before (受理告知时间)';
COMMENT ON COLUMN kefu.ticket.first_response_at IS 'when the platform took the first words of a person; NULL before (首次响应时间)';
COMMENT ON COLUMN kefu.ticket.answered_at IS 'when the platform took the answer of this round; NULL before (答复时间)';
COMMENT ON COLUMN kefu.ticket.resolved_at IS 'when it was resolved; NULL before (解决时间)';
COMMENT ON COLUMN kefu.ticket.archived_at IS 'processed mark; NULL before (归档时间; R101, R123)';
COMMENT ON COLUMN kefu.ticket.solution IS 'solution on record; NULL before (解决办法; R95)';
COMMENT ON COLUMN kefu.ticket.result IS 'result on record; NULL before (处理结果; R95)';
COMMENT ON COLUMN kefu.ticket.further_need IS 'what the customer further needed, one line a time; NULL none (进一步需求)';
COMMENT ON COLUMN kefu.ticket.judgement IS 'of a negative comment: real, vague, malicious; NULL not judged (判别结果)';
COMMENT ON COLUMN kefu.ticket.satisfaction IS 'not_asked, no_reply, satisfied, dissatisfied (满意度; ruling 24)';
COMMENT ON COLUMN kefu.ticket.urge_count IS 'chasers; 0 none (催单次数)';
COMMENT ON COLUMN kefu.ticket.needs_reading IS 'the customer wrote and nobody has named the meaning (待阅)';
COMMENT ON COLUMN kefu.ticket.has_contact IS 'the customer gave a number or name (是否留联系方式)';
COMMENT ON COLUMN kefu.ticket.order_id IS 'its work order; NULL none (投诉单)';
COMMENT ON COLUMN kefu.ticket.repeat_of IS 'earlier ticket of the same person and matter; NULL none (重复于; ruling 19)';
COMMENT ON COLUMN kefu.ticket.merged_into IS 'ticket it goes on as; NULL none (并入)';
COMMENT ON COLUMN kefu.ticket.first_kind IS 'kind it was opened as (初始类型)';

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
COMMENT ON COLUMN kefu.round.ticket_id IS 'ticket (工单)';
COMMENT ON COLUMN kefu.round.round IS 'number, from 1 (轮次)';
COMMENT ON COLUMN kefu.round.posted_at IS 'message that opened it: where its promises start (起算时间)';
COMMENT ON COLUMN kefu.round.opened_at IS 'when the desk opened it (开启时间)';
COMMENT ON COLUMN kefu.round.message_id IS 'that message; NULL if told otherwise (消息)';
COMMENT ON COLUMN kefu.round.first_response_at IS 'first words taken by the platform in this round; NULL before (首次响应时间)';
COMMENT ON COLUMN kefu.round.answered_at IS 'answer taken by the platform; NULL before (答复时间)';
COMMENT ON COLUMN kefu.round.ended_by IS 'event that ended it; NULL while it is the present one (结束事件)';

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
    media_kinds text,
    url text,
    repost_of_id text COLLATE "C",
    is_truncated boolean NOT NULL DEFAULT false,
    posted_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    is_live boolean NOT NULL,
    to_us boolean NOT NULL,
    ticket_id bigint REFERENCES kefu.ticket,
    context_of bigint,
    meaning text COLLATE "C" CONSTRAINT message_meaning CHECK (meaning IN
        ('objection', 'acceptance', 'further_need', 'cause', 'contact', 'chaser', 'other')),
    suggested_kind text COLLATE "C",
    priority smallint NOT NULL DEFAULT 2 CONSTRAINT message_priority CHECK (priority BETWEEN 1 AND 4),
    confirmed_kind text COLLATE "C",
    asked_by integer REFERENCES kefu.staff,
    evidence text
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX message_ticket ON kefu.message (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX message_context ON kefu.message (context_of, posted_at) WHERE context_of IS NOT NULL;
CREATE INDEX message_new ON kefu.message (unit, posted_at) WHERE state = 'new';
CREATE INDEX message_removed ON kefu.message (unit, posted_at) WHERE state = 'removed';
CREATE INDEX message_evidence ON kefu.message (unit) WHERE evidence IS NOT NULL;
CREATE INDEX message_person ON kefu.message (person_id);
CREATE INDEX message_posted ON kefu.message (posted_at);
COMMENT ON TABLE kefu.message IS 'Inbound items, each once however many feeds found it (消息; R85)';
COMMENT ON COLUMN kefu.message.message_id IS 'number (消息编号)';
COMMENT ON COLUMN kefu.message.state IS 'state of the message machine (状态)';
COMMENT ON COLUMN kefu.message.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.message.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.message.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.message.unit IS 'who reads it: the unit of the ticket it opened, else that of the account that found it first (机构)';
COMMENT ON COLUMN kefu.message.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.message.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.message.account IS 'account that found it first (账号)';
COMMENT ON COLUMN kefu.message.action IS 'endpoint that found it first (接口)';
COMMENT ON COLUMN kefu.message.item_type IS 'status, comment or message (条目类型)';
COMMENT ON COLUMN kefu.message.native_id IS 'the platform''s id, as text (平台ID)';
COMMENT ON COLUMN kefu.message.parent_id IS 'platform id of what it answers; NULL none (上级ID)';
COMMENT ON COLUMN kefu.message.root_id IS 'platform id of the post it stands under; NULL none (根ID)';
COMMENT ON COLUMN kefu.message.thread_id IS 'other party of a private conversation; NULL none (会话)';
COMMENT ON COLUMN kefu.message.identity_id IS 'author''s platform account; NULL unknown (身份)';
COMMENT ON COLUMN kefu.message.person_id IS 'author (用户)';
COMMENT ON COLUMN kefu.message.text IS 'what it says; NULL where the platform gave none (正文)';
COMMENT ON COLUMN kefu.message.media IS 'addresses of pictures and the like, one a line; NULL none (媒体)';
COMMENT ON COLUMN kefu.message.media_kinds IS 'what each of them is in the platform''s words, one a line; NULL: all are pictures (媒体类型)';
COMMENT ON COLUMN kefu.message.url IS 'address; NULL unknown (链接)';
COMMENT ON COLUMN kefu.message.repost_of_id IS 'platform id of what it reposts or quotes; NULL none (原文ID)';
COMMENT ON COLUMN kefu.message.is_truncated IS 'the platform gave only the beginning of its text so far (是否截断)';
COMMENT ON COLUMN kefu.message.posted_at IS 'the platform''s time (发布时间; ruling 2)';
COMMENT ON COLUMN kefu.message.seen_at IS 'our first sighting (发现时间)';
COMMENT ON COLUMN kefu.message.is_live IS 'false for history before the feed''s start (是否有效)';
COMMENT ON COLUMN kefu.message.to_us IS 'written to one of our accounts (是否发给我方)';
COMMENT ON COLUMN kefu.message.ticket_id IS 'ticket it opened or joined; NULL none (工单)';
COMMENT ON COLUMN kefu.message.context_of IS 'ticket about what it reposts, if that is all it does: nobody answers it; no foreign key, so that a storm of reposts locks nothing; NULL none (所属个案背景)';
COMMENT ON COLUMN kefu.message.meaning IS 'what a person said it means on that ticket; NULL not named (含义)';
COMMENT ON COLUMN kefu.message.suggested_kind IS 'kind that the rules suggest; NULL none (建议类型)';
COMMENT ON COLUMN kefu.message.priority IS 'priority that the rules suggest, 1 highest to 4 (建议优先级; R105)';
COMMENT ON COLUMN kefu.message.confirmed_kind IS 'kind that a person named; NULL before triage (确认类型)';
COMMENT ON COLUMN kefu.message.asked_by IS 'who asked for its removal; NULL nobody (提出删除人)';
COMMENT ON COLUMN kefu.message.evidence IS 'proof kept before a removal; NULL none (证据; R82)';

CREATE TABLE kefu.completion (
    message_id bigint PRIMARY KEY REFERENCES kefu.message,
    account text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    next_at timestamptz NOT NULL,
    failures smallint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    lease_key uuid,
    last_class text COLLATE "C",
    given_up_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX completion_due ON kefu.completion (next_at) WHERE given_up_at IS NULL;
COMMENT ON TABLE kefu.completion IS 'Messages whose text came cut, until the platform has given it whole; the message is shown and its promises run meanwhile (待补全消息; R85)';
COMMENT ON COLUMN kefu.completion.message_id IS 'message (消息)';
COMMENT ON COLUMN kefu.completion.account IS 'account that asks (账号)';
COMMENT ON COLUMN kefu.completion.action IS 'endpoint that is asked (接口)';
COMMENT ON COLUMN kefu.completion.next_at IS 'when it is asked next (下次时间)';
COMMENT ON COLUMN kefu.completion.failures IS 'times it was asked in vain (失败次数)';
COMMENT ON COLUMN kefu.completion.lease_until IS 'a worker has it until then; NULL free (租约)';
COMMENT ON COLUMN kefu.completion.lease_key IS 'key of that lease (租约键)';
COMMENT ON COLUMN kefu.completion.last_class IS 'class of the last reply, needs_secret or budget; NULL not asked yet (最近结果)';
COMMENT ON COLUMN kefu.completion.given_up_at IS 'when it was given up: it is gone, or was asked for in vain too often; NULL: it is still asked for (放弃时间)';

CREATE TABLE kefu.seen_item (
    platform text COLLATE "C" NOT NULL,
    item_type text COLLATE "C" NOT NULL,
    native_id text COLLATE "C" NOT NULL,
    message_id bigint NOT NULL,
    PRIMARY KEY (platform, item_type, native_id)
);
COMMENT ON TABLE kefu.seen_item IS 'The one authority on which platform items are known; narrow, never moved to history (已见条目)';
COMMENT ON COLUMN kefu.seen_item.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.seen_item.item_type IS 'status, comment or message (条目类型)';
COMMENT ON COLUMN kefu.seen_item.native_id IS 'the platform''s id, or the dialect''s key (平台ID)';
COMMENT ON COLUMN kefu.seen_item.message_id IS 'message it became (消息)';

CREATE TABLE kefu.sighting (
    message_id bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, account, action)
);
-- Rows come in the order of found_at, nearly.
CREATE INDEX sighting_found ON kefu.sighting USING brin (found_at) WITH (autosummarize = on);
COMMENT ON TABLE kefu.sighting IS 'Which feed found which message first when; patrol and coverage read it (发现)';
COMMENT ON COLUMN kefu.sighting.message_id IS 'message (消息)';
COMMENT ON COLUMN kefu.sighting.account IS 'account (账号)';
COMMENT ON COLUMN kefu.sighting.action IS 'endpoint (接口)';
COMMENT ON COLUMN kefu.sighting.found_at IS 'when this feed found it first (发现时间)';

CREATE TABLE kefu.raw_payload (
    raw_id bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    items_count integer NOT NULL,
    payload text
) PARTITION BY RANGE (received_at);
COMMENT ON TABLE kefu.raw_payload IS 'What a platform really said, by month, erasable row by row (原始报文)';
COMMENT ON COLUMN kefu.raw_payload.raw_id IS 'number (编号)';
COMMENT ON COLUMN kefu.raw_payload.account IS 'account (账号)';
COMMENT ON COLUMN kefu.raw_payload.action IS 'endpoint (接口)';
COMMENT ON COLUMN kefu.raw_payload.received_at IS 'when it came (接收时间)';
COMMENT ON COLUMN kefu.raw_payload.items_count IS 'items in it; 0 if none could be read (条数)';
COMMENT ON COLUMN kefu.raw_payload.payload IS 'as it came; NULL once erased (报文)';
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
COMMENT ON COLUMN kefu.dead_letter.dead_letter_id IS 'number (编号)';
COMMENT ON COLUMN kefu.dead_letter.account IS 'account; NULL unknown (账号)';
COMMENT ON COLUMN kefu.dead_letter.action IS 'endpoint; NULL unknown (接口)';
COMMENT ON COLUMN kefu.dead_letter.received_at IS 'when it came (接收时间)';
COMMENT ON COLUMN kefu.dead_letter.item_no IS 'place in the page; NULL: the whole payload (序号)';
COMMENT ON COLUMN kefu.dead_letter.reason IS 'why it could not be understood (原因)';
COMMENT ON COLUMN kefu.dead_letter.payload IS 'the item, cut where it is long; NULL once erased (报文)';
COMMENT ON COLUMN kefu.dead_letter.settled_at IS 'when a person settled it; NULL while open (处理时间)';

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
COMMENT ON COLUMN kefu.work_order.order_id IS 'number (投诉单编号)';
COMMENT ON COLUMN kefu.work_order.state IS 'stage (状态; R120)';
COMMENT ON COLUMN kefu.work_order.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.work_order.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.work_order.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.work_order.round IS 'times it was opened (轮次)';
COMMENT ON COLUMN kefu.work_order.unit IS 'unit in whose queue it is (当前机构)';
COMMENT ON COLUMN kefu.work_order.desk_unit IS 'unit of the desk that made it (发起机构)';
COMMENT ON COLUMN kefu.work_order.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.work_order.ticket_id IS 'ticket (工单)';
COMMENT ON COLUMN kefu.work_order.department IS 'department it is for (责任部门)';
COMMENT ON COLUMN kefu.work_order.handled_by IS 'department that handled it; NULL before (处理部门)';
COMMENT ON COLUMN kefu.work_order.category IS 'matter (业务分类)';
COMMENT ON COLUMN kefu.work_order.reply_by IS 'agreed time of the result (约定回单时间; R89)';
COMMENT ON COLUMN kefu.work_order.needs_reviews IS 'goes through the two reviews (是否审核)';
COMMENT ON COLUMN kefu.work_order.priority IS '1 highest to 4 (优先级)';
COMMENT ON COLUMN kefu.work_order.level IS 'times it was escalated; 0 none (升级级别)';
COMMENT ON COLUMN kefu.work_order.bounce_count IS 'times it was returned as not ours; 0 none (退单次数)';
COMMENT ON COLUMN kefu.work_order.rework_count IS 'results found unqualified; 0 none (返工次数)';
COMMENT ON COLUMN kefu.work_order.urge_count IS 'chasers; 0 none (催办次数)';
COMMENT ON COLUMN kefu.work_order.further_need IS 'what the customer further needed; NULL none (进一步需求; R115)';
COMMENT ON COLUMN kefu.work_order.solution IS 'solution; NULL before (解决办法)';
COMMENT ON COLUMN kefu.work_order.result IS 'result; NULL before (处理结果)';
COMMENT ON COLUMN kefu.work_order.created_at IS 'when it was made (生成时间)';
COMMENT ON COLUMN kefu.work_order.closed_at IS 'when it was closed; NULL while open (办结时间)';

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
    object_type text COLLATE "C",
    object_id bigint,
    note text,
    evidence text,
    created_at timestamptz NOT NULL,
    closed_at timestamptz
) WITH (fillfactor = 85);
CREATE INDEX task_unit ON kefu.task (unit, due_at) WHERE state = 'open';
CREATE INDEX task_ticket ON kefu.task (ticket_id) WHERE ticket_id IS NOT NULL;
COMMENT ON TABLE kefu.task IS 'Obligations of a unit with a due time and a cause; what a platform can''t do becomes one (待办)';
COMMENT ON COLUMN kefu.task.task_id IS 'number (待办编号)';
COMMENT ON COLUMN kefu.task.state IS 'open, done, waived, expired (状态)';
COMMENT ON COLUMN kefu.task.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.task.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.task.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.task.unit IS 'unit that owes it (责任机构)';
COMMENT ON COLUMN kefu.task.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.task.cause IS 'why it is there (原因)';
COMMENT ON COLUMN kefu.task.rulebook IS 'R number; house for a house default (规范条款)';
COMMENT ON COLUMN kefu.task.due_at IS 'when it must be done (到期时间)';
COMMENT ON COLUMN kefu.task.expires_at IS 'when it loses its sense; NULL never (失效时间)';
COMMENT ON COLUMN kefu.task.ticket_id IS 'ticket; NULL none (工单)';
COMMENT ON COLUMN kefu.task.message_id IS 'message; NULL none (消息)';
COMMENT ON COLUMN kefu.task.order_id IS 'work order; NULL none (投诉单)';
COMMENT ON COLUMN kefu.task.outbound_id IS 'outbound action; NULL none (发送)';
COMMENT ON COLUMN kefu.task.object_type IS 'type of another object it is about, such as placement; NULL none (对象类型)';
COMMENT ON COLUMN kefu.task.object_id IS 'which one; NULL none (对象编号)';
COMMENT ON COLUMN kefu.task.note IS 'words for whoever does it; NULL none (说明)';
COMMENT ON COLUMN kefu.task.evidence IS 'how one can see that it is done; NULL before (凭据)';
COMMENT ON COLUMN kefu.task.created_at IS 'when it was opened (开立时间)';
COMMENT ON COLUMN kefu.task.closed_at IS 'when it was over; NULL while open (办结时间)';

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
COMMENT ON COLUMN kefu.request.staff_id IS 'who called (人员)';
COMMENT ON COLUMN kefu.request.request_key IS 'key the client chose (请求键)';
COMMENT ON COLUMN kefu.request.at IS 'when (时间)';
COMMENT ON COLUMN kefu.request.machine IS 'machine after it (状态机)';
COMMENT ON COLUMN kefu.request.object_id IS 'object (对象编号)';
COMMENT ON COLUMN kefu.request.event IS 'event (事件)';
COMMENT ON COLUMN kefu.request.state IS 'state after it (状态)';
COMMENT ON COLUMN kefu.request.version IS 'version after it (版本)';
COMMENT ON COLUMN kefu.request.event_id IS 'audit event (审计事件)';
COMMENT ON COLUMN kefu.request.speech_id IS 'speech; NULL if nothing was said (答复)';

