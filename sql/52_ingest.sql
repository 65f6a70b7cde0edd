-- 52_ingest: a payload of a platform becomes messages, tickets and promises.

CREATE TABLE kefu.kind_rule (
    rule text COLLATE "C" PRIMARY KEY
        CONSTRAINT kind_rule_code CHECK (rule ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    priority smallint NOT NULL,
    kind text COLLATE "C" CONSTRAINT kind_rule_kind CHECK
        (kind IN ('inquiry', 'complaint', 'negative', 'praise')),
    category text COLLATE "C",
    product text COLLATE "C",
    weight smallint NOT NULL DEFAULT 10 CONSTRAINT kind_rule_weight CHECK (weight BETWEEN 1 AND 1000),
    raises_to smallint CONSTRAINT kind_rule_raises_to CHECK (raises_to BETWEEN 1 AND 4),
    asks boolean NOT NULL DEFAULT false,
    pattern text NOT NULL CONSTRAINT kind_rule_pattern CHECK ('' ~ pattern IS NOT NULL),
    note text,
    CONSTRAINT kind_rule_suggests CHECK (num_nonnulls(kind, category, product, raises_to) > 0)
);
COMMENT ON TABLE kefu.kind_rule IS
'What the text of a message suggests before a person has read it: each rule that matches gives its points to the kind, category and product it names, and the value with most points is suggested; a message to us without a suggested kind is a complaint, which has the strictest clocks. A risk word raises the priority. kefu.suggest() shows the points, a person decides (预判规则; R105, R112, R118, rulings 27 and 30)';
COMMENT ON COLUMN kefu.kind_rule.rule IS 'code, kept in the audit trail of what it suggested (规则代码)';
COMMENT ON COLUMN kefu.kind_rule.priority IS 'order of the rules, lowest first: it decides between equal points (次序)';
COMMENT ON COLUMN kefu.kind_rule.kind IS 'kind of ticket suggested; NULL: none (个案类型)';
COMMENT ON COLUMN kefu.kind_rule.category IS 'phenomenon suggested; NULL: none (类别)';
COMMENT ON COLUMN kefu.kind_rule.product IS 'product suggested; NULL: none (产品)';
COMMENT ON COLUMN kefu.kind_rule.weight IS 'points that a match gives (分值)';
COMMENT ON COLUMN kefu.kind_rule.raises_to IS 'priority that a match raises the ticket to, 1 highest; it never lowers; NULL: none (升至优先级)';
COMMENT ON COLUMN kefu.kind_rule.asks IS 'a repost whose own words match asks something itself and gets its own ticket; without such a match it is context of the ticket about the original (转发是否另有诉求)';
COMMENT ON COLUMN kefu.kind_rule.pattern IS 'regular expression that the text must match; an unreadable one is refused (正则)';
COMMENT ON COLUMN kefu.kind_rule.note IS 'why; shown with the points (说明)';

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

-- All it looks up is found by key: a plan that was made while the tables were small
-- must not read through them once they have grown.
CREATE FUNCTION kefu.ingest(account text, action text, payload text,
                            received_at timestamptz DEFAULT NULL)
    RETURNS kefu.ingested
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp SET enable_seqscan = off SET jit = off
    AS 'MODULE_PATHNAME', 'kefu_ingest';
COMMENT ON FUNCTION kefu.ingest(text, text, text, timestamptz) IS
'Takes a payload of one endpoint for one account, pulled or pushed: keeps it raw, makes each item one message however many feeds bring it, notes the sighting, attaches it to the open ticket it belongs to or opens a provisional one; a repost that asks nothing of its own becomes context of the ticket about what it repeats; what came cut is asked for whole (kefu.completion); and it starts the promises, all in this transaction. received_at is when it came, kefu.now() if NULL. Items posted before the feed''s start_at are history; our own posts and deleted items are left out. What can''t be understood becomes a dead letter and no error. Errors: undefined_object for an unknown account or endpoint; KF008 and KF003 for a caller who is neither the worker nor operator or admin of the account''s unit (报文入库; R85, R86, R103, R112, rulings 2, 27, 30)';
