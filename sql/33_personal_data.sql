-- 33_personal_data: what customers told us about themselves, for what, and how
-- long; who looked at it; and who turned out to be whom.
--
-- A person is one human. Two that turn out to be one are joined by merged_into,
-- an identity that belongs to somebody else gets a person of its own; tickets
-- and messages are never rewritten for it. kefu.root_of(), person_messages()
-- and person_tickets() are the only readers of that history.

-- What cut-out text is replaced by: there was something, and it is gone.
CREATE FUNCTION kefu.erased_text() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '[已删除]'::text;
COMMENT ON FUNCTION kefu.erased_text() IS 'What stands where personal text was erased, so that figures stay as they were (删除标记; ruling 21)';

CREATE TABLE kefu.purpose (
    purpose text COLLATE "C" PRIMARY KEY
        CONSTRAINT purpose_code CHECK (purpose ~ '^[a-z][a-z0-9_]{0,62}$'),
    is_asked boolean NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL
);
COMMENT ON TABLE kefu.purpose IS 'For what personal data may be kept and read; nothing else is a purpose (用途; R94, R111, ruling 21)';
COMMENT ON COLUMN kefu.purpose.purpose IS 'code (用途)';
COMMENT ON COLUMN kefu.purpose.is_asked IS 'true: needs the customer''s consent; false: the desk''s own record (是否须同意)';
COMMENT ON COLUMN kefu.purpose.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.purpose.label_en IS 'English label (英文标签)';

CREATE TABLE kefu.retention_rule (
    purpose text COLLATE "C" NOT NULL REFERENCES kefu.purpose,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    valid_from timestamptz NOT NULL,
    keep interval NOT NULL,
    at_least interval NOT NULL DEFAULT '0',
    PRIMARY KEY (purpose, unit, valid_from),
    CONSTRAINT retention_rule_order CHECK (at_least >= interval '0' AND keep >= at_least)
);
COMMENT ON TABLE kefu.retention_rule IS 'How long data of a purpose is kept after the person''s last matter ended, for a unit and all below it (保存期限; ruling 21)';
COMMENT ON COLUMN kefu.retention_rule.purpose IS 'purpose (用途)';
COMMENT ON COLUMN kefu.retention_rule.unit IS 'unit; the nearest one up the tree wins (机构)';
COMMENT ON COLUMN kefu.retention_rule.valid_from IS 'from when; the latest that has begun wins (生效时间)';
COMMENT ON COLUMN kefu.retention_rule.keep IS 'kept this long, then erased (保存时长)';
COMMENT ON COLUMN kefu.retention_rule.at_least IS 'not erased before, even if asked: a legal minimum; 0 none (法定最短时长)';

CREATE TABLE kefu.personal_data (
    person_id bigint NOT NULL REFERENCES kefu.person,
    kind text COLLATE "C" NOT NULL CONSTRAINT personal_data_kind CHECK
        (kind IN ('name', 'mobile', 'landline', 'address')),
    value text NOT NULL,
    given_at timestamptz NOT NULL,
    ticket_id bigint REFERENCES kefu.ticket,
    PRIMARY KEY (person_id, kind)
);
COMMENT ON TABLE kefu.personal_data IS 'What customers told us about themselves, apart from tickets; why it may be kept is in kefu.consent (个人信息; R94, R111, ruling 21)';
COMMENT ON COLUMN kefu.personal_data.person_id IS 'person (用户)';
COMMENT ON COLUMN kefu.personal_data.kind IS 'name, mobile, landline or address (种类)';
COMMENT ON COLUMN kefu.personal_data.value IS 'what the customer told (内容)';
COMMENT ON COLUMN kefu.personal_data.given_at IS 'when (提供时间)';
COMMENT ON COLUMN kefu.personal_data.ticket_id IS 'ticket in which it was told; NULL none (工单)';

CREATE TABLE kefu.consent (
    consent_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES kefu.person,
    purpose text COLLATE "C" NOT NULL REFERENCES kefu.purpose,
    kind text COLLATE "C" NOT NULL CONSTRAINT consent_kind CHECK
        (kind IN ('name', 'mobile', 'landline', 'address')),
    given_at timestamptz NOT NULL,
    evidence text,
    ticket_id bigint REFERENCES kefu.ticket,
    withdrawn_at timestamptz,
    ended_by text COLLATE "C" CONSTRAINT consent_ended_by CHECK
        (ended_by IN ('person', 'retention', 'erasure')),
    CONSTRAINT consent_ended CHECK ((withdrawn_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX consent_standing ON kefu.consent (person_id, purpose, kind)
    WHERE withdrawn_at IS NULL;
CREATE INDEX consent_given ON kefu.consent (given_at) WHERE withdrawn_at IS NULL;
COMMENT ON TABLE kefu.consent IS 'Consents, one a person, purpose and kind of data; ended ones stay as history (同意; R94, R111, ruling 21)';
COMMENT ON COLUMN kefu.consent.consent_id IS 'number (同意编号)';
COMMENT ON COLUMN kefu.consent.person_id IS 'person (用户)';
COMMENT ON COLUMN kefu.consent.purpose IS 'purpose (用途)';
COMMENT ON COLUMN kefu.consent.kind IS 'kind of data (种类)';
COMMENT ON COLUMN kefu.consent.given_at IS 'when it was given (同意时间)';
COMMENT ON COLUMN kefu.consent.evidence IS 'how it was given, such as the number of the private message; NULL once erased (同意凭据)';
COMMENT ON COLUMN kefu.consent.ticket_id IS 'ticket in which it was given; NULL none (工单)';
COMMENT ON COLUMN kefu.consent.withdrawn_at IS 'when it ended; NULL while it stands (终止时间)';
COMMENT ON COLUMN kefu.consent.ended_by IS 'person 本人撤回, retention 期满, erasure 删除; NULL while it stands (终止原因)';

CREATE TABLE kefu.person_history (
    history_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    event text COLLATE "C" NOT NULL CONSTRAINT person_history_event CHECK
        (event IN ('merge', 'split')),
    person_id bigint NOT NULL REFERENCES kefu.person,
    into_person_id bigint NOT NULL REFERENCES kefu.person,
    identity_id bigint REFERENCES kefu.identity,
    event_id bigint NOT NULL,
    CONSTRAINT person_history_identity CHECK ((event = 'split') = (identity_id IS NOT NULL))
);
CREATE INDEX person_history_identity ON kefu.person_history (identity_id)
    WHERE identity_id IS NOT NULL;
CREATE INDEX person_merged ON kefu.person (merged_into) WHERE merged_into IS NOT NULL;
COMMENT ON TABLE kefu.person_history IS 'Persons that turned out to be one, and identities that turned out to be somebody else''s (用户合并与拆分; ruling 5)';
COMMENT ON COLUMN kefu.person_history.history_id IS 'number (编号)';
COMMENT ON COLUMN kefu.person_history.at IS 'when (时间)';
COMMENT ON COLUMN kefu.person_history.event IS 'merge 合并 or split 拆分 (事件)';
COMMENT ON COLUMN kefu.person_history.person_id IS 'person before (原用户)';
COMMENT ON COLUMN kefu.person_history.into_person_id IS 'person after (新用户)';
COMMENT ON COLUMN kefu.person_history.identity_id IS 'identity that was split off; NULL for a merge (身份)';
COMMENT ON COLUMN kefu.person_history.event_id IS 'event of ledger access with who and why (审计事件)';

CREATE TABLE kefu.reveal_request (
    reveal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES kefu.person,
    purpose text COLLATE "C" NOT NULL REFERENCES kefu.purpose,
    ticket_id bigint NOT NULL REFERENCES kefu.ticket,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    staff_id integer NOT NULL REFERENCES kefu.staff,
    requested_at timestamptz NOT NULL,
    requested_xid xid8 NOT NULL,
    used_at timestamptz,
    event_id bigint NOT NULL
);
CREATE INDEX reveal_request_person ON kefu.reveal_request (person_id);
COMMENT ON TABLE kefu.reveal_request IS 'Who asked to see personal data unmasked, for what; committed before anything is shown (查看个人信息; ruling 21)';
COMMENT ON COLUMN kefu.reveal_request.reveal_id IS 'number, to be given to kefu.reveal() (查看编号)';
COMMENT ON COLUMN kefu.reveal_request.person_id IS 'person (用户)';
COMMENT ON COLUMN kefu.reveal_request.purpose IS 'purpose (用途)';
COMMENT ON COLUMN kefu.reveal_request.ticket_id IS 'open ticket that gives the reason (工单)';
COMMENT ON COLUMN kefu.reveal_request.unit IS 'unit for which it was seen (机构)';
COMMENT ON COLUMN kefu.reveal_request.staff_id IS 'who (人员)';
COMMENT ON COLUMN kefu.reveal_request.requested_at IS 'when it was asked for (申请时间)';
COMMENT ON COLUMN kefu.reveal_request.requested_xid IS 'transaction of the request: it must have committed (申请事务)';
COMMENT ON COLUMN kefu.reveal_request.used_at IS 'when it was shown; NULL never, or the reading transaction was rolled back (查看时间)';
COMMENT ON COLUMN kefu.reveal_request.event_id IS 'event of ledger access (审计事件)';

CREATE TABLE kefu.erasure (
    erasure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    person_id bigint NOT NULL REFERENCES kefu.person,
    origin text COLLATE "C" NOT NULL CONSTRAINT erasure_origin CHECK
        (origin IN ('request', 'retention')),
    asked_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    messages_count integer,
    tickets_count integer,
    payloads_count integer
);
CREATE INDEX erasure_person ON kefu.erasure (person_id);
CREATE INDEX erasure_open ON kefu.erasure (erasure_id) WHERE closed_at IS NULL;
COMMENT ON TABLE kefu.erasure IS 'Erasing what is kept of a person, asked for or because its time is over (个人信息删除; ruling 21)';
COMMENT ON COLUMN kefu.erasure.erasure_id IS 'number (删除编号)';
COMMENT ON COLUMN kefu.erasure.state IS 'received, deferred, done, refused (状态)';
COMMENT ON COLUMN kefu.erasure.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.erasure.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.erasure.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.erasure.unit IS 'unit that decides (处理机构)';
COMMENT ON COLUMN kefu.erasure.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.erasure.person_id IS 'person, with all that were merged into it (用户)';
COMMENT ON COLUMN kefu.erasure.origin IS 'request 本人要求 or retention 期满 (来源)';
COMMENT ON COLUMN kefu.erasure.asked_at IS 'when it was asked for: the 15 days run from then (要求时间)';
COMMENT ON COLUMN kefu.erasure.opened_at IS 'when the desk opened it (登记时间)';
COMMENT ON COLUMN kefu.erasure.closed_at IS 'when it was done or refused; NULL while open (办结时间)';
COMMENT ON COLUMN kefu.erasure.messages_count IS 'messages whose text was erased; NULL before (消息数)';
COMMENT ON COLUMN kefu.erasure.tickets_count IS 'tickets whose notes were erased; NULL before (工单数)';
COMMENT ON COLUMN kefu.erasure.payloads_count IS 'raw payloads and dead letters out of which items were cut; NULL before (报文数)';

CREATE TABLE kefu.customer_source (
    source text COLLATE "C" PRIMARY KEY
        CONSTRAINT customer_source_code CHECK (source ~ '^[a-z][a-z0-9_]{0,62}$'),
    table_schema name NOT NULL,
    table_name name NOT NULL,
    key_column name NOT NULL,
    key_kind text COLLATE "C" NOT NULL CONSTRAINT customer_source_key_kind CHECK
        (key_kind IN ('person_key', 'native_id', 'mobile')),
    platform text COLLATE "C" REFERENCES kefu.platform,
    shown_columns name[] NOT NULL,
    CONSTRAINT customer_source_platform CHECK ((key_kind = 'native_id') = (platform IS NOT NULL))
);
COMMENT ON TABLE kefu.customer_source IS 'Tables of the operator''s own that describe customers, and how they are found there (客户信息视图来源; R94)';
COMMENT ON COLUMN kefu.customer_source.source IS 'code (来源)';
COMMENT ON COLUMN kefu.customer_source.table_schema IS 'schema of the table (模式)';
COMMENT ON COLUMN kefu.customer_source.table_name IS 'table (数据表)';
COMMENT ON COLUMN kefu.customer_source.key_column IS 'column that names the customer (键列)';
COMMENT ON COLUMN kefu.customer_source.key_kind IS 'what stands in it: person_key 用户标识, native_id 平台用户ID, mobile 手机号 (键种类)';
COMMENT ON COLUMN kefu.customer_source.platform IS 'platform of the native_id; NULL otherwise (平台)';
COMMENT ON COLUMN kefu.customer_source.shown_columns IS 'columns shown, in this order (显示列)';

-- --- who is who ---------------------------------------------------------------

CREATE FUNCTION kefu.person_root(person bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT AS
$$
DECLARE
    here bigint := person;
    up bigint;
BEGIN
    LOOP
        SELECT p.merged_into INTO up FROM kefu.person p WHERE p.person_id = here;
        EXIT WHEN up IS NULL;
        here := up;
    END LOOP;
    RETURN here;
END $$;
COMMENT ON FUNCTION kefu.person_root(bigint) IS 'The person that this one turned out to be: itself if it was merged into nobody (合并后用户; ruling 5)';

CREATE FUNCTION kefu.root_of(identity bigint, person bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN kefu.person_root(coalesce(
        (SELECT i.person_id FROM kefu.identity i WHERE i.identity_id = identity), person));
END $$;
COMMENT ON FUNCTION kefu.root_of(bigint, bigint) IS 'The person behind an identity today; behind an old person where there is no identity; NULL for neither (当前用户)';

CREATE FUNCTION kefu.person_group(person bigint) RETURNS bigint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT AS
$$ BEGIN
    RETURN (WITH RECURSIVE down AS (
                SELECT kefu.person_root(person) AS person_id
                UNION ALL
                SELECT p.person_id FROM down JOIN kefu.person p ON p.merged_into = down.person_id)
            SELECT array_agg(d.person_id) FROM down d);
END $$;
COMMENT ON FUNCTION kefu.person_group(bigint) IS 'The person''s root and all that were merged into it (合并用户组; ruling 5)';

CREATE FUNCTION kefu.person_reach(person bigint, OUT own bigint[], OUT identities bigint[],
                                  OUT once bigint[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT AS
$$ BEGIN
    own := kefu.person_group(person);
    identities := ARRAY(SELECT i.identity_id FROM kefu.identity i WHERE i.person_id = ANY (own));
    once := own || ARRAY(SELECT h.person_id FROM kefu.person_history h
                          WHERE h.identity_id = ANY (identities));
END $$;
COMMENT ON FUNCTION kefu.person_reach(bigint) IS 'The persons merged with one, their identities today, and every person one of these identities ever had: what it wrote stands under those (用户关联范围; ruling 5)';

CREATE FUNCTION kefu.person_messages(person bigint) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT ROWS 20 AS
$$
DECLARE
    r record := kefu.person_reach(person);
BEGIN
    RETURN QUERY
    SELECT g.message_id FROM kefu.message g
     WHERE g.person_id = ANY (r.once)
       AND (g.identity_id = ANY (r.identities)
            OR g.identity_id IS NULL AND g.person_id = ANY (r.own));
END $$;
COMMENT ON FUNCTION kefu.person_messages(bigint) IS 'Messages of a person and of all merged with it; they follow the identity (用户消息; ruling 5)';

CREATE FUNCTION kefu.person_tickets(person bigint) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT ROWS 20 AS
$$
DECLARE
    r record := kefu.person_reach(person);
BEGIN
    RETURN QUERY
    SELECT t.ticket_id
      FROM kefu.ticket t LEFT JOIN kefu.message g ON g.message_id = t.message_id
     WHERE t.person_id = ANY (r.once)
       AND (g.identity_id = ANY (r.identities)
            OR g.identity_id IS NULL AND t.person_id = ANY (r.own));
END $$;
COMMENT ON FUNCTION kefu.person_tickets(bigint) IS 'Tickets of a person and of all merged with it, by the identity that wrote first (用户工单; ruling 5)';

CREATE FUNCTION kefu.ticket_person(ticket bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT AS
$$ BEGIN
    RETURN (SELECT kefu.root_of(g.identity_id, t.person_id)
              FROM kefu.ticket t LEFT JOIN kefu.message g ON g.message_id = t.message_id
             WHERE t.ticket_id = ticket_person.ticket);
END $$;
COMMENT ON FUNCTION kefu.ticket_person(bigint) IS 'The ticket''s customer as known today; NULL without one (工单当前用户; ruling 5)';

-- --- what still needs the data --------------------------------------------------

CREATE FUNCTION kefu.retention_of(purpose text, unit text) RETURNS kefu.retention_rule
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    rule kefu.retention_rule;
BEGIN
    SELECT r.* INTO rule
      FROM kefu.unit_path(retention_of.unit) WITH ORDINALITY AS u(unit, step)
      JOIN kefu.retention_rule r ON r.unit = u.unit
     WHERE r.purpose = retention_of.purpose AND r.valid_from <= kefu.now()
     ORDER BY u.step, r.valid_from DESC LIMIT 1;
    RETURN rule;
END $$;
COMMENT ON FUNCTION kefu.retention_of(text, text) IS 'The rule of a purpose that holds at a unit now; all NULL if there is none: then nothing is erased by time (当前保存规则)';

CREATE FUNCTION kefu.kept_until(since timestamptz, keep interval) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
    -- Months are China's, whatever the session's time zone.
    RETURN (since AT TIME ZONE 'Asia/Shanghai' + keep) AT TIME ZONE 'Asia/Shanghai';
END $$;
COMMENT ON FUNCTION kefu.kept_until(timestamptz, interval) IS 'End of a time of keeping, itself no longer kept; NULL for NULL (保存截止时间)';

CREATE FUNCTION kefu.has_open_matter(person bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN EXISTS (
        SELECT FROM kefu.person_tickets(person) AS p(ticket_id)
          JOIN kefu.ticket t USING (ticket_id)
          JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state
         WHERE NOT s.is_final
            OR EXISTS (SELECT FROM kefu.work_order o
                        WHERE o.ticket_id = t.ticket_id AND o.state NOT IN ('closed', 'cancelled'))
            OR EXISTS (SELECT FROM kefu.speech x JOIN kefu.outbound n USING (speech_id)
                        WHERE x.object_type = 'ticket' AND x.object_id = t.ticket_id
                          AND n.state IN ('queued', 'sending', 'uncertain')))
        OR EXISTS (
        SELECT FROM kefu.person_messages(person) AS p(message_id)
          JOIN kefu.message g USING (message_id)
         WHERE g.is_live AND g.state IN ('new', 'removal_asked'))
        OR EXISTS (
        SELECT FROM kefu.identity i JOIN kefu.follow f USING (identity_id)
         WHERE i.person_id = ANY (kefu.person_group(person)) AND f.ended_at IS NULL);
END $$;
COMMENT ON FUNCTION kefu.has_open_matter(bigint) IS 'The person has a ticket or work order that is not over, words on their way, or a message that nobody has decided on, or one of our accounts follows them or is about to (是否有未结事项)';

CREATE FUNCTION kefu.person_unit(person bigint) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce(
        (SELECT t.received_unit
           FROM kefu.person_tickets(person) AS x(ticket_id) JOIN kefu.ticket t USING (ticket_id)
          ORDER BY t.posted_at DESC, t.ticket_id DESC LIMIT 1),
        (SELECT g.unit
           FROM kefu.person_messages(person) AS x(message_id) JOIN kefu.message g USING (message_id)
          ORDER BY g.posted_at DESC, g.message_id DESC LIMIT 1),
        (SELECT p.home_unit FROM kefu.person p WHERE p.person_id = person), 'group');
END $$;
COMMENT ON FUNCTION kefu.person_unit(bigint) IS 'Unit whose rules hold for a person: that of the last ticket, else of the last message, else the home province, else Group (用户所属机构)';

CREATE FUNCTION kefu.last_ticket_at(person bigint) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN (SELECT max(coalesce(t.archived_at, t.resolved_at, t.opened_at))
              FROM kefu.person_tickets(person) AS x(ticket_id) JOIN kefu.ticket t USING (ticket_id));
END $$;
COMMENT ON FUNCTION kefu.last_ticket_at(bigint) IS 'When the last of the person''s tickets was archived; for one that never is (merged, dropped) when it was resolved or opened; NULL without tickets (最后归档时间)';

CREATE FUNCTION kefu.last_matter_at(person bigint) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN greatest(
        kefu.last_ticket_at(person),
        (SELECT max(g.seen_at)
           FROM kefu.person_messages(person) AS x(message_id) JOIN kefu.message g USING (message_id)));
END $$;
COMMENT ON FUNCTION kefu.last_matter_at(bigint) IS 'When the person''s last ticket was archived or last message was seen, whichever is later; NULL for neither (最后事项时间)';

CREATE FUNCTION kefu.is_held_by_law(person bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    rule kefu.retention_rule := kefu.retention_of('record', kefu.person_unit(person));
BEGIN
    RETURN coalesce(kefu.kept_until(kefu.last_matter_at(person), rule.at_least) > kefu.now(), false);
END $$;
COMMENT ON FUNCTION kefu.is_held_by_law(bigint) IS 'The record''s legal minimum is not over; half-open: false at its very end (是否在法定保存期内)';
