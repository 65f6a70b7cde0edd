-- 22_audit: the chained trail of what happened.
--
-- Every object's events form one SHA-256 chain whose head is kept on the
-- object's own row, so appending needs no look-up and writers of different
-- objects never wait for each other.  doc/audit.md defines the binary form.
-- An event holds ids, codes, numbers and instants; free text and personal
-- data go to audit_detail, of which the chain covers only a salted digest, so
-- erasing one leaves every chain valid.

CREATE TABLE kefu.incarnation (
    incarnation integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_identifier text COLLATE "C" NOT NULL,
    database_oid oid NOT NULL,
    opened_at timestamptz NOT NULL,
    UNIQUE (system_identifier, database_oid)
);
COMMENT ON TABLE kefu.incarnation IS 'Databases this desk has lived in: transaction numbers are comparable only within one (数据库化身)';
COMMENT ON COLUMN kefu.incarnation.incarnation IS 'number that events and seals carry (化身编号)';
COMMENT ON COLUMN kefu.incarnation.system_identifier IS 'of the cluster, from pg_control_system() (集群标识)';
COMMENT ON COLUMN kefu.incarnation.database_oid IS 'of the database (数据库标识)';
COMMENT ON COLUMN kefu.incarnation.opened_at IS 'when the first event was written here (启用时间)';

CREATE SEQUENCE kefu.audit_event_id_seq AS bigint;

CREATE TABLE kefu.audit_event (
    event_id bigint NOT NULL,
    object_type text COLLATE "C" NOT NULL,
    object_id bigint NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    machine text COLLATE "C" NOT NULL,
    event text COLLATE "C" NOT NULL,
    from_state text COLLATE "C",
    to_state text COLLATE "C",
    version integer NOT NULL,
    staff_id integer,
    gateway_id integer,
    unit text COLLATE "C",
    flags smallint NOT NULL,
    incarnation integer NOT NULL,
    xid bigint NOT NULL,
    facts jsonb,
    detail_digest bytea,
    form smallint NOT NULL,
    hash bytea NOT NULL
) PARTITION BY RANGE (at);
COMMENT ON TABLE kefu.audit_event IS 'Append-only trail of everything that happened, one hash chain an object; keys are on the partitions (审计事件; R8, R95, R101, R123)';
COMMENT ON COLUMN kefu.audit_event.event_id IS 'number, increasing but not gapless (事件编号)';
COMMENT ON COLUMN kefu.audit_event.object_type IS 'what it happened to (对象类型)';
COMMENT ON COLUMN kefu.audit_event.object_id IS 'which one; for a ledger its number (对象编号)';
COMMENT ON COLUMN kefu.audit_event.seq IS 'place in the object''s chain, from 1, gapless (序号)';
COMMENT ON COLUMN kefu.audit_event.at IS 'kefu.now() of the event (时间)';
COMMENT ON COLUMN kefu.audit_event.machine IS 'machine, or ledger name (状态机)';
COMMENT ON COLUMN kefu.audit_event.event IS 'event (事件)';
COMMENT ON COLUMN kefu.audit_event.from_state IS 'state before; *new for a creation; NULL on ledgers (原状态)';
COMMENT ON COLUMN kefu.audit_event.to_state IS 'state after; machine:state where the machine changed too (新状态)';
COMMENT ON COLUMN kefu.audit_event.version IS 'version of the object after it; 0 on ledgers (版本)';
COMMENT ON COLUMN kefu.audit_event.staff_id IS 'who; NULL for a clock or a platform (人员)';
COMMENT ON COLUMN kefu.audit_event.gateway_id IS 'gateway that spoke for the person; NULL if none (网关)';
COMMENT ON COLUMN kefu.audit_event.unit IS 'handling unit of the object then (处理机构)';
COMMENT ON COLUMN kefu.audit_event.flags IS 'bit 0: written under a test clock; bit 1: raised by another event; bit 2: by a clock; bit 3: by a platform (标记)';
COMMENT ON COLUMN kefu.audit_event.incarnation IS 'database it was written in (化身)';
COMMENT ON COLUMN kefu.audit_event.xid IS 'full transaction number, comparable within the incarnation (事务号)';
COMMENT ON COLUMN kefu.audit_event.facts IS 'ids, codes, numbers and instants that came with it; scalars only (事实)';
COMMENT ON COLUMN kefu.audit_event.detail_digest IS 'SHA-256 over salt and value of its audit_detail; NULL if it has none (明细摘要)';
COMMENT ON COLUMN kefu.audit_event.form IS 'number of the binary form that was hashed (格式号)';
COMMENT ON COLUMN kefu.audit_event.hash IS 'SHA-256 over the previous hash of the chain (32 zero bytes for the first) and the binary form (链值)';

CREATE TABLE kefu.audit_event_default PARTITION OF kefu.audit_event DEFAULT;
CREATE UNIQUE INDEX audit_event_default_chain
    ON kefu.audit_event_default (object_type, object_id, seq);
CREATE INDEX audit_event_default_id ON kefu.audit_event_default (event_id);
CREATE INDEX audit_event_default_xid ON kefu.audit_event_default
    USING brin (incarnation, xid) WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON TABLE kefu.audit_event_default IS 'Events of a month without a partition; a row here is a health warning (默认分区)';

CREATE TABLE kefu.audit_detail (
    event_id bigint PRIMARY KEY,
    salt bytea,
    value jsonb,
    erased_by bigint,
    CONSTRAINT audit_detail_erased CHECK
        ((erased_by IS NULL) = (value IS NOT NULL) AND (erased_by IS NULL) = (salt IS NOT NULL))
);
COMMENT ON TABLE kefu.audit_detail IS 'Free text and personal data of events, erasable one by one (审计明细; ruling 21)';
COMMENT ON COLUMN kefu.audit_detail.event_id IS 'event (事件)';
COMMENT ON COLUMN kefu.audit_detail.salt IS '16 random bytes; NULL once erased (盐)';
COMMENT ON COLUMN kefu.audit_detail.value IS 'object of fact name and value; NULL once erased (内容)';
COMMENT ON COLUMN kefu.audit_detail.erased_by IS 'audit event that erased it; NULL while it stands (删除事件)';

CREATE TABLE kefu.ledger (
    ledger_id smallint PRIMARY KEY,
    ledger text COLLATE "C" NOT NULL UNIQUE,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000'
);
COMMENT ON TABLE kefu.ledger IS 'Chains of what has no machine row: rule changes, unmasking, take-over (台账)';
COMMENT ON COLUMN kefu.ledger.ledger_id IS 'object_id of its events (台账编号)';
COMMENT ON COLUMN kefu.ledger.ledger IS 'rules 规则变更, desk 运行, access 个人信息访问, organization 人员与班次 (台账)';
COMMENT ON COLUMN kefu.ledger.audit_seq IS 'events so far (序号)';
COMMENT ON COLUMN kefu.ledger.audit_head IS 'hash of the last event (链头)';

CREATE TABLE kefu.seal (
    seal_id bigint PRIMARY KEY,
    incarnation integer NOT NULL REFERENCES kefu.incarnation,
    xid_from bigint NOT NULL,
    xid_to bigint NOT NULL,
    event_count bigint NOT NULL,
    root bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT seal_range CHECK (xid_from <= xid_to)
);
COMMENT ON TABLE kefu.seal IS 'Merkle roots over all events of a range of transactions, chained among themselves; keep copies outside (封印)';
COMMENT ON COLUMN kefu.seal.seal_id IS 'place in the chain of seals, from 1, gapless (封印编号)';
COMMENT ON COLUMN kefu.seal.incarnation IS 'database whose transactions it covers (化身)';
COMMENT ON COLUMN kefu.seal.xid_from IS 'first covered transaction (起)';
COMMENT ON COLUMN kefu.seal.xid_to IS 'first transaction no longer covered (止)';
COMMENT ON COLUMN kefu.seal.event_count IS 'events covered; 0 is legal (事件数)';
COMMENT ON COLUMN kefu.seal.root IS 'Merkle root, leaves in order of transaction and event; 32 zero bytes for none (默克尔根)';
COMMENT ON COLUMN kefu.seal.sealed_at IS 'when (封印时间)';
COMMENT ON COLUMN kefu.seal.hash IS 'SHA-256 over the previous seal''s hash and this seal (链值)';

CREATE FUNCTION kefu.refuse_change() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'kefu_refuse_change';
COMMENT ON FUNCTION kefu.refuse_change() IS
'Trigger: refuses UPDATE, DELETE and TRUNCATE of append-only and engine rows (拒绝更改)';

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.audit_event
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.audit_event_default
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.seal
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.seal
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.audit_detail
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.audit_detail
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON kefu.ledger
    FOR EACH ROW EXECUTE FUNCTION kefu.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change();

CREATE FUNCTION kefu.append_ledger(ledger text, event text, facts jsonb, detail jsonb DEFAULT NULL)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'kefu_append_ledger';
COMMENT ON FUNCTION kefu.append_ledger(text, text, jsonb, jsonb) IS
'Appends an event to a ledger''s chain and returns its number; facts are scalars, detail is erasable (记入台账)';

