-- 52_ingest: a payload of a platform becomes messages, tickets and promises.

CREATE TABLE kefu.kind_rule (
    rule text COLLATE "C" PRIMARY KEY
        CONSTRAINT kind_rule_code CHECK (rule ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    priority smallint NOT NULL,
    kind text COLLATE "C" CONSTRAINT kind_rule_kind CHECK
        (kind IN ('inquiry', 'complaint', 'negative', 'praise')),
    category text COLLATE "C",
    pattern text NOT NULL CONSTRAINT kind_rule_pattern CHECK ('' ~ pattern IS NOT NULL),
    note text,
    CONSTRAINT kind_rule_suggests CHECK (kind IS NOT NULL OR category IS NOT NULL)
);
COMMENT ON TABLE kefu.kind_rule IS
'What the text of a message suggests before a person has read it: the first rule that matches and names a kind gives the kind, the first that names a category the category; without one a message to us is a complaint, which has the strictest clocks (预判规则; R112, R118, rulings 27 and 30)';
COMMENT ON COLUMN kefu.kind_rule.rule IS 'code, kept in the audit trail of what it suggested (规则代码)';
COMMENT ON COLUMN kefu.kind_rule.priority IS 'order in which rules are tried, lowest first (次序)';
COMMENT ON COLUMN kefu.kind_rule.kind IS 'kind of ticket suggested; NULL: none (个案类型)';
COMMENT ON COLUMN kefu.kind_rule.category IS 'category suggested; NULL: none (类别)';
COMMENT ON COLUMN kefu.kind_rule.pattern IS 'regular expression that the text must match; an unreadable one is refused (正则)';
COMMENT ON COLUMN kefu.kind_rule.note IS 'why (说明)';

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.kind_rule FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();

CREATE TYPE kefu.ingested AS (
    items integer,
    new_messages integer,
    sightings integer,
    tickets integer,
    dead_letters integer
);
COMMENT ON TYPE kefu.ingested IS 'What one payload brought (入库结果)';
COMMENT ON COLUMN kefu.ingested.items IS 'items read, understood or not; 0 for a payload that could not be read (条数)';
COMMENT ON COLUMN kefu.ingested.new_messages IS 'of them, messages not known before, history included (新消息数)';
COMMENT ON COLUMN kefu.ingested.sightings IS 'messages that this feed found for the first time (发现数)';
COMMENT ON COLUMN kefu.ingested.tickets IS 'provisional tickets opened (新工单数)';
COMMENT ON COLUMN kefu.ingested.dead_letters IS 'items, or the whole payload, kept as dead letters (无法处理数)';

CREATE FUNCTION kefu.is_worker() RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'kefu_is_worker';
COMMENT ON FUNCTION kefu.is_worker() IS
'True if the caller is the role of kefu.worker_role or may become it, as superusers may (是否后台进程)';

CREATE FUNCTION kefu.ingest(account text, action text, payload text,
                            received_at timestamptz DEFAULT NULL)
    RETURNS kefu.ingested
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
    AS 'MODULE_PATHNAME', 'kefu_ingest';
COMMENT ON FUNCTION kefu.ingest(text, text, text, timestamptz) IS
'Takes a payload of one endpoint for one account, pulled or pushed: keeps it raw, makes each item one message however many feeds bring it, notes the sighting, attaches it to the open ticket it belongs to or opens a provisional one, and starts the promises, all in this transaction. received_at is when it came, kefu.now() if NULL. Items posted before the feed''s start_at are history; our own posts and deleted items are left out. What can''t be understood becomes a dead letter and no error. Errors: undefined_object for an unknown account or endpoint; KF008 and KF003 for a caller who is neither the worker nor operator or admin of the account''s unit (报文入库; R85, R86, R103, R112, rulings 2, 27, 30)';
