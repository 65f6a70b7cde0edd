-- 36_outbound: what we say, from the words to the platform's receipt.
--
-- A speech is what one event says to a customer; it has one part a channel,
-- each an outbound row.  Its clocks stop, and first_response_at and
-- answered_at are set, when the platform has taken the last part.
--
-- Anything else that is done on a platform is done for an object, such as a
-- placement: kefu.queue_send() queues it, and what becomes of it is raised on
-- the object by the event that kefu.send_event names.

CREATE TABLE kefu.script (
    script text COLLATE "C" NOT NULL,
    variant smallint NOT NULL DEFAULT 1,
    channel text COLLATE "C" NOT NULL CONSTRAINT script_channel CHECK (channel IN ('public', 'private')),
    title_zh text NOT NULL,
    text text NOT NULL,
    is_approved boolean NOT NULL DEFAULT false,
    PRIMARY KEY (script, variant, channel)
);
COMMENT ON TABLE kefu.script IS 'Approved reply templates with slots in braces and variants (标准话术; R14, R107)';
COMMENT ON COLUMN kefu.script.script IS 'code (话术代码)';
COMMENT ON COLUMN kefu.script.variant IS 'number; another one is used when a platform refuses a duplicate text (变体)';
COMMENT ON COLUMN kefu.script.channel IS 'public reply or private message (渠道)';
COMMENT ON COLUMN kefu.script.title_zh IS 'Chinese title (标题)';
COMMENT ON COLUMN kefu.script.text IS 'template; slots: {department} {limit} {hotline} {name} {solution} {link} (正文)';
COMMENT ON COLUMN kefu.script.is_approved IS 'only an approved one is used (是否批准)';

CREATE TABLE kefu.script_rule (
    event text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    requirement text COLLATE "C" NOT NULL,
    pattern text NOT NULL,
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (event, kind, channel, requirement)
);
COMMENT ON TABLE kefu.script_rule IS 'What the text of a speaking event must contain, whoever wrote it (话术必备内容; R90, R93, R110, R119)';
COMMENT ON COLUMN kefu.script_rule.event IS 'event (事件)';
COMMENT ON COLUMN kefu.script_rule.kind IS 'kind of ticket (个案类型)';
COMMENT ON COLUMN kefu.script_rule.channel IS 'public or private (渠道)';
COMMENT ON COLUMN kefu.script_rule.requirement IS 'department, limit, apology, thanks, hotline, contact (要求)';
COMMENT ON COLUMN kefu.script_rule.pattern IS 'regular expression the text must match; {department} stands for the named department (正则)';
COMMENT ON COLUMN kefu.script_rule.rulebook IS 'R number (规范条款)';

CREATE TABLE kefu.speech (
    speech_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object_type text COLLATE "C" NOT NULL,
    object_id bigint NOT NULL,
    event_id bigint NOT NULL,
    event text COLLATE "C" NOT NULL,
    from_state text COLLATE "C" NOT NULL,
    to_state text COLLATE "C" NOT NULL,
    round smallint NOT NULL,
    version integer NOT NULL,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    clock_ops text[] NOT NULL,
    queued_at timestamptz NOT NULL,
    outcome text COLLATE "C" CONSTRAINT speech_outcome CHECK
        (outcome IN ('delivered', 'failed', 'withdrawn')),
    settled_at timestamptz
);
CREATE INDEX speech_object ON kefu.speech (object_id, object_type);
COMMENT ON TABLE kefu.speech IS 'What one event says to a customer, over one or two channels (答复)';
COMMENT ON COLUMN kefu.speech.speech_id IS 'number (答复编号)';
COMMENT ON COLUMN kefu.speech.object_type IS 'type of the object that speaks (对象类型)';
COMMENT ON COLUMN kefu.speech.object_id IS 'which one (对象编号)';
COMMENT ON COLUMN kefu.speech.event_id IS 'audit event of the transition (审计事件)';
COMMENT ON COLUMN kefu.speech.event IS 'event that speaks (事件)';
COMMENT ON COLUMN kefu.speech.from_state IS 'state to return to if it can''t be delivered (原状态)';
COMMENT ON COLUMN kefu.speech.to_state IS 'state the event led to (新状态)';
COMMENT ON COLUMN kefu.speech.round IS 'round it speaks in (轮次)';
COMMENT ON COLUMN kefu.speech.version IS 'version after the event: a different one later means that something happened since (版本)';
COMMENT ON COLUMN kefu.speech.unit IS 'handling unit then (机构)';
COMMENT ON COLUMN kefu.speech.clock_ops IS 'clock actions that wait for the delivery (待执行的时限动作)';
COMMENT ON COLUMN kefu.speech.queued_at IS 'when it was said (排队时间)';
COMMENT ON COLUMN kefu.speech.outcome IS 'delivered 已送达, failed 未送达, withdrawn 已撤回; NULL under way (结果)';
COMMENT ON COLUMN kefu.speech.settled_at IS 'platform''s time of the last delivered part, or of the failure (完成时间)';

CREATE TABLE kefu.outbound (
    outbound_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    speech_id bigint REFERENCES kefu.speech,
    object_type text COLLATE "C",
    object_id bigint,
    part smallint NOT NULL DEFAULT 1,
    way smallint NOT NULL DEFAULT 1,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    action text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL CONSTRAINT outbound_channel CHECK (channel IN ('public', 'private')),
    state text COLLATE "C" NOT NULL DEFAULT 'queued' CONSTRAINT outbound_state CHECK
        (state IN ('queued', 'sending', 'sent', 'failed', 'uncertain', 'cancelled')),
    parent_id text COLLATE "C",
    root_id text COLLATE "C",
    recipient_id text COLLATE "C",
    answers bigint,
    text text NOT NULL,
    script text COLLATE "C",
    variant smallint,
    slots jsonb,
    priority smallint NOT NULL DEFAULT 2,
    queued_at timestamptz NOT NULL,
    not_before timestamptz NOT NULL,
    expires_at timestamptz,
    attempts smallint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    lease_key uuid,
    sending_at timestamptz,
    sent_at timestamptz,
    native_id text COLLATE "C",
    url text,
    last_class text COLLATE "C",
    last_error text,
    media_id bigint,
    step_no smallint NOT NULL DEFAULT 0,
    step_action text COLLATE "C",
    step_args jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT outbound_sent CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT outbound_object CHECK ((object_type IS NULL) = (object_id IS NULL)),
    CONSTRAINT outbound_for CHECK (num_nonnulls(speech_id, object_id) <= 1)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX outbound_due ON kefu.outbound (not_before) WHERE state IN ('queued', 'sending', 'uncertain');
CREATE INDEX outbound_speech ON kefu.outbound (speech_id);
CREATE INDEX outbound_object ON kefu.outbound (object_id, object_type) WHERE object_id IS NOT NULL;
CREATE INDEX outbound_native ON kefu.outbound (native_id) WHERE native_id IS NOT NULL;
COMMENT ON TABLE kefu.outbound IS 'Actions towards platforms: queued, sending (committed before the first byte), then sent, failed or uncertain (发送)';
COMMENT ON COLUMN kefu.outbound.outbound_id IS 'number (发送编号)';
COMMENT ON COLUMN kefu.outbound.speech_id IS 'speech it is a part of; NULL none (答复)';
COMMENT ON COLUMN kefu.outbound.object_type IS 'type of the object it is done for, such as placement; NULL: for a speech, or for nothing that waits for it (对象类型)';
COMMENT ON COLUMN kefu.outbound.object_id IS 'which one; NULL as object_type (对象编号)';
COMMENT ON COLUMN kefu.outbound.part IS 'part of the speech, from 1 (部分)';
COMMENT ON COLUMN kefu.outbound.way IS 'place in the fallback list, from 1 (第几渠道)';
COMMENT ON COLUMN kefu.outbound.unit IS 'handling unit (机构)';
COMMENT ON COLUMN kefu.outbound.account IS 'account that acts (账号)';
COMMENT ON COLUMN kefu.outbound.action IS 'endpoint that is called (接口)';
COMMENT ON COLUMN kefu.outbound.channel IS 'public or private, as it is now (渠道)';
COMMENT ON COLUMN kefu.outbound.state IS 'queued, sending, sent, failed, uncertain, cancelled (状态)';
COMMENT ON COLUMN kefu.outbound.parent_id IS 'platform id of what it answers; NULL none (上级ID)';
COMMENT ON COLUMN kefu.outbound.root_id IS 'platform id of the post it stands under; NULL none (根ID)';
COMMENT ON COLUMN kefu.outbound.recipient_id IS 'platform id of the recipient; NULL none (接收人)';
COMMENT ON COLUMN kefu.outbound.answers IS 'message that it answers, whose reply rule it counts under; NULL none (所答消息)';
COMMENT ON COLUMN kefu.outbound.text IS 'what is said (正文)';
COMMENT ON COLUMN kefu.outbound.script IS 'script it came from, or that was named beside words of one''s own; NULL none (话术)';
COMMENT ON COLUMN kefu.outbound.variant IS 'variant of the script whose words these are; NULL: they are one''s own (变体)';
COMMENT ON COLUMN kefu.outbound.slots IS 'values of its slots, so that another variant can be made (槽值)';
COMMENT ON COLUMN kefu.outbound.priority IS 'of its ticket (优先级)';
COMMENT ON COLUMN kefu.outbound.queued_at IS 'when it was said (排队时间)';
COMMENT ON COLUMN kefu.outbound.not_before IS 'not tried before (最早发送时间)';
COMMENT ON COLUMN kefu.outbound.expires_at IS 'not tried after; NULL always (失效时间)';
COMMENT ON COLUMN kefu.outbound.attempts IS 'times this text was tried (尝试次数)';
COMMENT ON COLUMN kefu.outbound.lease_until IS 'a worker has it until then; NULL free (租约)';
COMMENT ON COLUMN kefu.outbound.lease_key IS 'key of that lease (租约键)';
COMMENT ON COLUMN kefu.outbound.sending_at IS 'when it was handed to a worker (发出时间)';
COMMENT ON COLUMN kefu.outbound.sent_at IS 'platform''s time of taking it; NULL before (送达时间)';
COMMENT ON COLUMN kefu.outbound.native_id IS 'the platform''s id of it; NULL before (平台ID)';
COMMENT ON COLUMN kefu.outbound.url IS 'its address there; NULL before, or not told (链接)';
COMMENT ON COLUMN kefu.outbound.last_class IS 'class of the last reply; NULL none (最近结果)';
COMMENT ON COLUMN kefu.outbound.last_error IS 'why the last try failed, without secrets; NULL none (最近错误)';
COMMENT ON COLUMN kefu.outbound.media_id IS 'picture that goes along, of kefu.media; NULL none (图片)';
COMMENT ON COLUMN kefu.outbound.step_no IS 'requests of a chain that are done, 0 before the first, which is that of action (已完成步数)';
COMMENT ON COLUMN kefu.outbound.step_action IS 'endpoint that is called now; NULL: that of action (当前步骤接口)';
COMMENT ON COLUMN kefu.outbound.step_args IS 'what the replies so far gave for it, {name: text} (步骤参数)';

CREATE TABLE kefu.send_event (
    object_type text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL CONSTRAINT send_event_outcome CHECK
        (outcome IN ('sent', 'failed', 'deferred', 'lost', 'found', 'absent', 'gone', 'duplicate')),
    event text COLLATE "C",
    PRIMARY KEY (object_type, action, outcome)
);
COMMENT ON TABLE kefu.send_event IS 'Engine rows: which event tells an object what became of a send for it. Without a row: sent and failed are told to nobody, deferred and absent are tried again, lost needs a person where the platform can''t be asked, gone and duplicate are failures (发送结果事件)';
COMMENT ON COLUMN kefu.send_event.object_type IS 'type of the object (对象类型)';
COMMENT ON COLUMN kefu.send_event.action IS 'endpoint that is called (接口)';
COMMENT ON COLUMN kefu.send_event.outcome IS 'sent: taken; failed: not taken, with the platform''s words; deferred: later, nothing was sent; lost: perhaps taken; found: it was, after all; absent: it was not, proved; gone: what it acts on is no more; duplicate: it was done before (结果)';
COMMENT ON COLUMN kefu.send_event.event IS 'event that is raised; NULL: none, the action may be repeated without harm and is tried again (事件)';

CREATE TABLE kefu.outbound_way (
    channel text COLLATE "C" NOT NULL CONSTRAINT outbound_way_channel CHECK (channel IN ('public', 'private')),
    way smallint NOT NULL,
    kind text COLLATE "C" NOT NULL CONSTRAINT outbound_way_kind CHECK
        (kind IN ('reply', 'message', 'reply_asking_for_message', 'other_identity', 'call')),
    script text COLLATE "C",
    PRIMARY KEY (channel, way)
);
COMMENT ON TABLE kefu.outbound_way IS 'Fallback list: the ways tried in order until one is taken; the last is a call by 10000 (备用渠道)';
COMMENT ON COLUMN kefu.outbound_way.channel IS 'channel that was meant (渠道)';
COMMENT ON COLUMN kefu.outbound_way.way IS 'order, from 1 (次序)';
COMMENT ON COLUMN kefu.outbound_way.kind IS 'what is tried (方式)';
COMMENT ON COLUMN kefu.outbound_way.script IS 'text used instead, without personal data; NULL keeps the text (话术)';

