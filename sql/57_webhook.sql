-- 57_webhook: subscribers, who are told of new tickets, escalations and state
-- changes by HTTP.
--
-- Nothing is written where these things happen: what a subscriber is to be told
-- is read from the audit trail, behind a cursor. The cursor never passes a
-- transaction that is still running, so that what commits late is told as well,
-- and a webhook is unique for its subscriber and event: each is queued once. It
-- is delivered at least once, each time with the same delivery number.
--
-- A webhook holds codes, numbers, instants, labels and names of units. What
-- customers and staff write, and who they are, is not among its slots: no
-- template can ask for it.

-- --- what is said --------------------------------------------------------------

CREATE FUNCTION kefu.webhook_slots() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{delivery,what,what_zh,event_id,event,event_zh,object_type,object_zh,id,machine,machine_zh,'
       'from_state,from_zh,to_state,to_zh,unit,unit_zh,clock,clock_zh,level,role,role_zh,at,'
       'title,link,timestamp,sign}'::text[];
COMMENT ON FUNCTION kefu.webhook_slots() IS
'Names that a template may have in braces; doc/webhook.md says what each holds (推送变量)';

CREATE FUNCTION kefu.slots_in(template text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
BEGIN ATOMIC
    SELECT coalesce(array_agg(DISTINCT m.name[1]), '{}')
      FROM regexp_matches(template, '\{([a-z_]+)\}', 'g') AS m(name);
END;
COMMENT ON FUNCTION kefu.slots_in(text) IS 'Names in braces of a text, each once; empty for none (文中变量)';

CREATE TABLE kefu.webhook_template (
    template text COLLATE "C" PRIMARY KEY
        CONSTRAINT webhook_template_code CHECK (template ~ '^[a-z][a-z0-9_]{0,62}$'),
    name_zh text NOT NULL,
    content_type text COLLATE "C" NOT NULL DEFAULT 'application/json; charset=utf-8'
        CONSTRAINT webhook_template_content_type CHECK (content_type ~ '^application/([a-z0-9.+-]+\+)?json(; ?charset=utf-8)?$'),
    text json NOT NULL CONSTRAINT webhook_template_slots CHECK
        (kefu.slots_in(text::text) <@ kefu.webhook_slots()),
    success jsonpath
);
COMMENT ON TABLE kefu.webhook_template IS 'Bodies of webhooks, in the shape their receiver asks for (推送模板)';
COMMENT ON COLUMN kefu.webhook_template.template IS 'code, such as wecom (模板代码)';
COMMENT ON COLUMN kefu.webhook_template.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu.webhook_template.content_type IS 'content type of the body, a JSON one (内容类型)';
COMMENT ON COLUMN kefu.webhook_template.text IS 'JSON with {slots} within its strings: as {name} is no JSON, none can be anywhere else (模板内容)';
COMMENT ON COLUMN kefu.webhook_template.success IS 'predicate that the reply''s body must satisfy, for receivers that refuse with status 200; NULL: any 2xx is a success (成功条件)';

CREATE FUNCTION kefu.fill_template(template json, slots jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(coalesce(m.piece[1], substr(q.quoted, 2, length(q.quoted) - 2), ''), '' ORDER BY m.n)
      FROM regexp_matches(template::text, '([^{]+|\{(?![a-z_]+\}))|\{([a-z_]+)\}', 'g')
           WITH ORDINALITY AS m(piece, n)
     CROSS JOIN LATERAL (SELECT to_json(slots ->> m.piece[2])::text) AS q(quoted);
END;
COMMENT ON FUNCTION kefu.fill_template(json, jsonb) IS
'The template with each {slot} replaced by its value, in one pass and escaped as the JSON string it stands in; a slot without a value is empty. What comes out is JSON, whatever the values hold (填充模板)';

-- --- who is told ------------------------------------------------------------------

CREATE TABLE kefu.subscriber (
    subscriber text COLLATE "C" PRIMARY KEY
        CONSTRAINT subscriber_code CHECK (subscriber ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    url text NOT NULL CONSTRAINT subscriber_url CHECK (url ~ '^https?://[^/?#\s{}@]+(/[^#\s]*)?$'),
    allows_http boolean NOT NULL DEFAULT false,
    template text COLLATE "C" NOT NULL REFERENCES kefu.webhook_template,
    credential text COLLATE "C" REFERENCES kefu.credential,
    signature text COLLATE "C" NOT NULL DEFAULT 'none' CONSTRAINT subscriber_signature CHECK
        (signature IN ('none', 'kefu', 'dingtalk', 'feishu')),
    what text[] NOT NULL CONSTRAINT subscriber_what CHECK
        (what <@ '{ticket_opened,escalation,state_change}' AND cardinality(what) > 0),
    machines text[] NOT NULL DEFAULT '{}',
    link text CONSTRAINT subscriber_link CHECK (link ~ '^https?://\S+$'),
    every interval NOT NULL DEFAULT '0' CONSTRAINT subscriber_every CHECK
        (every BETWEEN interval '0' AND interval '1 hour'),
    timeout_ms integer NOT NULL DEFAULT 10000 CONSTRAINT subscriber_timeout_ms CHECK
        (timeout_ms BETWEEN 100 AND 30000),
    max_tries smallint NOT NULL DEFAULT 20 CONSTRAINT subscriber_max_tries CHECK (max_tries BETWEEN 1 AND 100),
    give_up_after interval NOT NULL DEFAULT '24 hours' CONSTRAINT subscriber_give_up_after CHECK
        (give_up_after > interval '0'),
    is_live boolean NOT NULL DEFAULT true,
    added_at timestamptz NOT NULL,
    CONSTRAINT subscriber_https CHECK (allows_http OR url LIKE 'https://%'),
    CONSTRAINT subscriber_signs CHECK (signature = 'none' OR credential IS NOT NULL)
);
COMMENT ON TABLE kefu.subscriber IS 'Systems and chat robots that are told of what happens at the desk (订阅)';
COMMENT ON COLUMN kefu.subscriber.subscriber IS 'code, such as wecom.gd (订阅代码)';
COMMENT ON COLUMN kefu.subscriber.unit IS 'what it is told of: this unit and all below it (机构)';
COMMENT ON COLUMN kefu.subscriber.url IS 'where webhooks are posted to; each {name} is that member of the credential''s secret, so that no key stands here (推送地址)';
COMMENT ON COLUMN kefu.subscriber.allows_http IS 'may be told unencrypted, if kefu.allow_http agrees (允许明文)';
COMMENT ON COLUMN kefu.subscriber.template IS 'body of its webhooks (模板)';
COMMENT ON COLUMN kefu.subscriber.credential IS 'secret of kind webhook that it shares with us; NULL: none (凭证)';
COMMENT ON COLUMN kefu.subscriber.signature IS 'how a webhook is signed: none 不签名, kefu in headers, dingtalk in the address, feishu in the body (签名方式)';
COMMENT ON COLUMN kefu.subscriber.what IS 'what it is told of: ticket_opened 新工单, escalation 升级, state_change 状态变更 (订阅内容)';
COMMENT ON COLUMN kefu.subscriber.machines IS 'machines whose objects it is told of; empty: all (状态机)';
COMMENT ON COLUMN kefu.subscriber.link IS 'address of the slot link, in which {object_type} and {id} are filled; NULL: that slot is empty (链接)';
COMMENT ON COLUMN kefu.subscriber.every IS 'shortest time between two webhooks, for receivers that count them (最小间隔)';
COMMENT ON COLUMN kefu.subscriber.timeout_ms IS 'longest wait for a whole reply, milliseconds (超时)';
COMMENT ON COLUMN kefu.subscriber.max_tries IS 'failures after which a webhook is dead (最多尝试次数)';
COMMENT ON COLUMN kefu.subscriber.give_up_after IS 'age from which a failing webhook is dead (放弃时限)';
COMMENT ON COLUMN kefu.subscriber.is_live IS 'false: told of nothing; what happens meanwhile is never told (是否在用)';
COMMENT ON COLUMN kefu.subscriber.added_at IS 'when it was registered (登记时间)';

CREATE TABLE kefu.subscriber_state (
    subscriber text COLLATE "C" PRIMARY KEY REFERENCES kefu.subscriber,
    incarnation integer NOT NULL REFERENCES kefu.incarnation,
    next_xid bigint NOT NULL,
    next_at timestamptz NOT NULL,
    lease_key uuid,
    lease_until timestamptz,
    failures integer NOT NULL DEFAULT 0,
    last_class text COLLATE "C",
    last_status integer,
    ok_at timestamptz,
    gone_at timestamptz,
    delivered_count bigint NOT NULL DEFAULT 0,
    CONSTRAINT subscriber_state_lease CHECK ((lease_key IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE kefu.subscriber_state IS 'How far each subscriber has been told, and how it fares (订阅状态)';
COMMENT ON COLUMN kefu.subscriber_state.subscriber IS 'subscriber (订阅)';
COMMENT ON COLUMN kefu.subscriber_state.incarnation IS 'database whose transactions the cursor counts (化身)';
COMMENT ON COLUMN kefu.subscriber_state.next_xid IS 'first transaction of which nothing is queued yet (游标)';
COMMENT ON COLUMN kefu.subscriber_state.next_at IS 'not asked before; later after a failure (下次推送)';
COMMENT ON COLUMN kefu.subscriber_state.lease_key IS 'key that the result of the request under way must carry; NULL: none is (租约)';
COMMENT ON COLUMN kefu.subscriber_state.lease_until IS 'when that request counts as lost; NULL: none is under way (租约到期)';
COMMENT ON COLUMN kefu.subscriber_state.failures IS 'failures in a row; 0 after a success (连续失败)';
COMMENT ON COLUMN kefu.subscriber_state.last_class IS 'last result: ok, transient, rate, refused, gone, needs_secret, bad_request, unrecorded; NULL none yet (最近结果)';
COMMENT ON COLUMN kefu.subscriber_state.last_status IS 'its HTTP status; 0 without a reply, NULL none yet (HTTP状态)';
COMMENT ON COLUMN kefu.subscriber_state.ok_at IS 'last success; NULL never (最近成功)';
COMMENT ON COLUMN kefu.subscriber_state.gone_at IS 'when it said 410, it is no more; NULL it did not (失效时间)';
COMMENT ON COLUMN kefu.subscriber_state.delivered_count IS 'webhooks delivered (已送达数)';

CREATE TABLE kefu.webhook (
    webhook_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incarnation integer NOT NULL REFERENCES kefu.incarnation,
    subscriber text COLLATE "C" NOT NULL REFERENCES kefu.subscriber,
    event_id bigint NOT NULL,
    what text COLLATE "C" NOT NULL,
    slots jsonb NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'queued' CONSTRAINT webhook_state CHECK
        (state IN ('queued', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    queued_at timestamptz NOT NULL,
    not_before timestamptz NOT NULL,
    give_up_at timestamptz NOT NULL,
    delivered_at timestamptz,
    last_class text COLLATE "C",
    last_status integer,
    last_error text,
    UNIQUE (subscriber, event_id),
    CONSTRAINT webhook_delivered CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX webhook_open ON kefu.webhook (subscriber, webhook_id) WHERE state = 'queued';
CREATE INDEX webhook_dead ON kefu.webhook (subscriber, webhook_id) WHERE state = 'dead';
CREATE INDEX webhook_delivered ON kefu.webhook (delivered_at) WHERE state = 'delivered';
COMMENT ON TABLE kefu.webhook IS 'What a subscriber is told, one row for each event; delivered ones are kept for 30 days (推送)';
COMMENT ON COLUMN kefu.webhook.webhook_id IS 'number; with the incarnation the delivery number (推送编号)';
COMMENT ON COLUMN kefu.webhook.incarnation IS 'database that queued it: numbers of two copies of a desk never meet (化身)';
COMMENT ON COLUMN kefu.webhook.subscriber IS 'who is told (订阅)';
COMMENT ON COLUMN kefu.webhook.event_id IS 'audit event it tells of (审计事件)';
COMMENT ON COLUMN kefu.webhook.what IS 'ticket_opened, escalation or state_change (内容)';
COMMENT ON COLUMN kefu.webhook.slots IS 'values of the template''s slots, as they were when it was queued (变量值)';
COMMENT ON COLUMN kefu.webhook.state IS 'queued 待推送, delivered 已送达, dead 已放弃 (状态)';
COMMENT ON COLUMN kefu.webhook.attempts IS 'requests so far, those that were lost included (尝试次数)';
COMMENT ON COLUMN kefu.webhook.failures IS 'failures since it was queued, or retried by hand (失败次数)';
COMMENT ON COLUMN kefu.webhook.queued_at IS 'when it was queued (排队时间)';
COMMENT ON COLUMN kefu.webhook.not_before IS 'not tried before; later after a failure (最早推送时间)';
COMMENT ON COLUMN kefu.webhook.give_up_at IS 'a failure from then on is the last (放弃时间)';
COMMENT ON COLUMN kefu.webhook.delivered_at IS 'when the receiver took it; NULL before (送达时间)';
COMMENT ON COLUMN kefu.webhook.last_class IS 'last result, as in subscriber_state; NULL none yet (最近结果)';
COMMENT ON COLUMN kefu.webhook.last_status IS 'its HTTP status; 0 without a reply, NULL none yet (HTTP状态)';
COMMENT ON COLUMN kefu.webhook.last_error IS 'why there was no reply; NULL after one (最近错误)';

-- --- queueing -------------------------------------------------------------------------

-- In PL/pgSQL, as the words for codes are made later than this.
CREATE FUNCTION kefu.told_events(incarnation integer, from_xid bigint, to_xid bigint)
    RETURNS TABLE (event_id bigint, xid bigint, what text, machine text, unit text, slots jsonb)
    LANGUAGE plpgsql ROWS 100 STABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN QUERY
    SELECT e.event_id, e.xid, k.what, e.machine, e.unit,
           jsonb_strip_nulls(jsonb_build_object(
               'what', k.what, 'what_zh', k.what_zh, 'event_id', e.event_id::text,
               'event', e.event, 'event_zh', coalesce(v.label_zh, k.what_zh),
               'object_type', e.object_type, 'object_zh', o.label_zh, 'id', e.object_id::text,
               'machine', e.machine, 'machine_zh', m.label_zh,
               'from_state', e.from_state, 'from_zh', f.label_zh,
               'to_state', e.to_state, 'to_zh', t.label_zh, 'unit', e.unit, 'unit_zh', u.name_zh,
               'clock', c.clock, 'clock_zh', lc.label_zh, 'level', c.level,
               'role', c.role, 'role_zh', lr.label_zh,
               'at', to_char(e.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS"+08:00"'),
               'title', CASE k.what
                   WHEN 'ticket_opened' THEN format('新工单：%s #%s（%s）', m.label_zh, e.object_id, u.name_zh)
                   WHEN 'escalation' THEN format('升级：%s #%s %s，第%s级，%s（%s）', m.label_zh, e.object_id,
                       coalesce(lc.label_zh, c.clock), c.level, coalesce(lr.label_zh, c.role), u.name_zh)
                   ELSE format('%s #%s：%s → %s（%s）', m.label_zh, e.object_id, f.label_zh, t.label_zh,
                               u.name_zh) END))
      FROM kefu.audit_event e
      JOIN (VALUES ('ticket_opened', '新工单'), ('escalation', '升级'), ('state_change', '状态变更'))
           AS k(what, what_zh) ON k.what = CASE
         WHEN e.event = 'level' AND e.facts ? 'role' THEN 'escalation'
         WHEN e.from_state = '*new' AND e.object_type = 'ticket' THEN 'ticket_opened'
         WHEN e.from_state <> '*new' AND e.to_state <> e.from_state THEN 'state_change' END
      JOIN kefu.machine m ON m.machine = e.machine
      JOIN kefu.object_type o ON o.object_type = e.object_type
      JOIN kefu.unit u ON u.unit = e.unit
      LEFT JOIN kefu.event v ON v.event = e.event
      LEFT JOIN kefu.state f ON f.machine = e.machine AND f.state = e.from_state
     -- machine:state where the machine changed too
     CROSS JOIN LATERAL regexp_match(e.to_state, '^(?:([^:]*):)?(.*)$') AS p(part)
      LEFT JOIN kefu.state t ON t.machine = coalesce(p.part[1], e.machine) AND t.state = p.part[2]
      LEFT JOIN LATERAL (SELECT e.facts ->> 'clock', e.facts ->> 'level', e.facts ->> 'role'
                          WHERE k.what = 'escalation') AS c(clock, level, role) ON true
      LEFT JOIN kefu_bi.labels lc ON lc.code_kind = 'clock' AND lc.code = c.clock
      LEFT JOIN kefu_bi.labels lr ON lr.code_kind = 'role' AND lr.code = c.role
     WHERE e.incarnation = told_events.incarnation AND e.xid >= from_xid AND e.xid < to_xid;
END $$;
COMMENT ON FUNCTION kefu.told_events(integer, bigint, bigint) IS
'Events of a range of transactions of which subscribers can be told, with their slots: new tickets, levels at which somebody is told, changes of state (可推送事件)';

CREATE FUNCTION kefu.queue_range(subscribers text[], incarnation integer, from_xid bigint, to_xid bigint)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    queued integer;
BEGIN
    WITH RECURSIVE covered AS (
        SELECT s.subscriber, s.unit FROM kefu.subscriber s WHERE s.subscriber = ANY (subscribers)
        UNION
        SELECT c.subscriber, u.unit FROM covered c JOIN kefu.unit u ON u.parent = c.unit
    )
    INSERT INTO kefu.webhook (incarnation, subscriber, event_id, what, slots, queued_at, not_before, give_up_at)
    SELECT coalesce(kefu.here(), queue_range.incarnation), s.subscriber, e.event_id, e.what,
           e.slots || CASE WHEN s.link IS NULL THEN '{}' ELSE jsonb_build_object('link',
               replace(replace(s.link, '{object_type}', e.slots ->> 'object_type'), '{id}', e.slots ->> 'id')) END,
           kefu.now(), kefu.now(), kefu.now() + s.give_up_after
      FROM kefu.told_events(queue_range.incarnation, from_xid, to_xid) e
      JOIN covered c ON c.unit = e.unit
      JOIN kefu.subscriber s ON s.subscriber = c.subscriber
                            AND e.what = ANY (s.what) AND (s.machines = '{}' OR e.machine = ANY (s.machines))
      JOIN kefu.subscriber_state t ON t.subscriber = s.subscriber
                                  AND t.incarnation = queue_range.incarnation AND t.next_xid <= e.xid
     ORDER BY e.xid, e.event_id
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS queued = ROW_COUNT;
    UPDATE kefu.subscriber_state t SET next_xid = to_xid
     WHERE t.subscriber = ANY (subscribers) AND t.incarnation = queue_range.incarnation AND t.next_xid < to_xid;
    RETURN queued;
END $$;
COMMENT ON FUNCTION kefu.queue_range(text[], integer, bigint, bigint) IS
'Queues what these subscribers are to be told of a range of transactions that are all over, and moves their cursors behind it; returns how many were queued (按事务范围排队)';

CREATE FUNCTION kefu.here() RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$ BEGIN
    RETURN (SELECT i.incarnation FROM kefu.incarnation i
             WHERE kefu.is_here(i.system_identifier, i.database_oid, coalesce(current_setting('kefu.node', true), '')));
END $$;
COMMENT ON FUNCTION kefu.here() IS 'Incarnation of this database; NULL if no event has been written in it (当前化身)';

CREATE FUNCTION kefu.queue_webhooks(max integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    -- Every transaction before it is over, and seen by the queries that follow.
    horizon bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    here integer;
    place record;
    found_events record;
    to_xid bigint;
    told text[];
    queued integer := 0;
BEGIN
    PERFORM kefu.require_worker();
    IF NOT EXISTS (SELECT FROM kefu.subscriber s WHERE s.is_live)
       OR kefu.desk_state() NOT IN ('live', 'rehearse') THEN
        RETURN 0;
    END IF;
    here := kefu.here();
    -- What an earlier database left comes first.
    SELECT t.incarnation, min(t.next_xid) AS next_xid INTO place
      FROM kefu.subscriber_state t JOIN kefu.subscriber s USING (subscriber)
     WHERE s.is_live
     GROUP BY t.incarnation ORDER BY t.incarnation = here, t.incarnation LIMIT 1;
    to_xid := CASE WHEN place.incarnation = here THEN horizon ELSE 9223372036854775807 END;
    SELECT count(*) AS count, min(f.xid) AS first, max(f.xid) AS last INTO found_events
      FROM (SELECT e.xid FROM kefu.audit_event e
             WHERE e.incarnation = place.incarnation AND e.xid >= place.next_xid AND e.xid < to_xid
             ORDER BY e.xid LIMIT max + 1) f;
    -- Where nothing happened nothing is written, at least not each time.
    IF found_events.count = 0 AND place.incarnation = here AND horizon - place.next_xid < 100000 THEN
        RETURN 0;
    END IF;
    IF found_events.count > max THEN
        to_xid := found_events.last + CASE WHEN found_events.last = found_events.first THEN 1 ELSE 0 END;
    END IF;
    told := ARRAY(SELECT t.subscriber FROM kefu.subscriber_state t JOIN kefu.subscriber s USING (subscriber)
                   WHERE s.is_live AND t.incarnation = place.incarnation
                   ORDER BY t.subscriber FOR UPDATE OF t SKIP LOCKED);
    queued := kefu.queue_range(told, place.incarnation, place.next_xid, to_xid);
    -- Here the trail goes on with what has a greater number than all it brought
    -- along; a restore may have led back into an earlier database.
    IF place.incarnation <> here AND found_events.count <= max THEN
        UPDATE kefu.subscriber_state t
           SET incarnation = here, next_xid = least(horizon,
               (SELECT min(e.xid) FROM kefu.audit_event e
                 WHERE e.incarnation = here
                   AND e.event_id > (SELECT coalesce(max(o.event_id), 0) FROM kefu.audit_event o
                                      WHERE o.incarnation = place.incarnation)))
         WHERE t.subscriber = ANY (told) AND t.incarnation = place.incarnation;
    END IF;
    RETURN queued;
END $$;
COMMENT ON FUNCTION kefu.queue_webhooks(integer) IS
'Queues what subscribers are to be told of at most so many events, or of one transaction if that has more, and returns how many webhooks that made; never of a transaction that ran beside one that has not ended. Nothing unless the desk is live or rehearses here. For the worker or an administrator of Group (推送排队)';

-- --- claiming ---------------------------------------------------------------------------

CREATE FUNCTION kefu.hmac_sha256(key bytea, data bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_hmac_sha256';
COMMENT ON FUNCTION kefu.hmac_sha256(bytea, bytea) IS 'HMAC with SHA-256 (RFC 2104) (消息认证码)';

CREATE FUNCTION kefu.webhook_secret(credential text) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT CASE WHEN webhook_secret.credential IS NULL THEN '{}'
                ELSE (SELECT coalesce(k.secret, kefu.secret_file(c.credential))
                        FROM kefu.credential c LEFT JOIN kefu.credential_secret k USING (credential)
                       WHERE c.credential = webhook_secret.credential AND c.kind = 'webhook'
                         AND (c.expires_at <= kefu.now()) IS NOT TRUE) END;
END;
COMMENT ON FUNCTION kefu.webhook_secret(text) IS
'What is shared with a receiver: {} for no credential, NULL where it is missing or has expired. Never a platform''s secret. For the owner''s functions only (推送密钥)';

CREATE FUNCTION kefu.webhook_request(w kefu.webhook) RETURNS kefu.http_request
    LANGUAGE plpgsql VOLATILE PARALLEL RESTRICTED AS
$$
DECLARE
    s kefu.subscriber;
    t kefu.webhook_template;
    secret jsonb;
    key bytea;
    delivery text := w.incarnation || '-' || w.webhook_id;
    seconds text := floor(extract(epoch FROM kefu.now()))::bigint::text;
    robot_sign text;
    r kefu.http_request;
    body text;
BEGIN
    SELECT x.* INTO s FROM kefu.subscriber x WHERE x.subscriber = w.subscriber;
    SELECT x.* INTO t FROM kefu.webhook_template x WHERE x.template = s.template;
    secret := kefu.webhook_secret(s.credential);
    IF secret IS NULL OR (s.signature <> 'none' AND coalesce(secret ->> 'secret', '') = '') THEN
        RETURN NULL;
    END IF;
    key := convert_to(secret ->> 'secret', 'UTF8');
    r.method := 'POST';
    r.url := (kefu.encode_request(s.url, secret, '{}')).path;
    r.headers := ARRAY['X-Kefu-Delivery: ' || delivery, 'X-Kefu-Event: ' || w.what];
    IF s.signature = 'dingtalk' THEN
        robot_sign := encode(kefu.hmac_sha256(key, convert_to(seconds || E'000\n', 'UTF8') || key), 'base64');
        r.url := r.url || CASE WHEN strpos(r.url, '?') > 0 THEN '&' ELSE '?' END
            || (kefu.encode_request('/', jsonb_build_object('timestamp', seconds || '000', 'sign', robot_sign), '{}')).form;
    ELSIF s.signature = 'feishu' THEN
        robot_sign := encode(kefu.hmac_sha256(convert_to(seconds || E'\n', 'UTF8') || key, ''), 'base64');
    END IF;
    body := kefu.fill_template(t.text, w.slots || jsonb_strip_nulls(jsonb_build_object(
        'delivery', delivery, 'timestamp', seconds, 'sign', robot_sign)));
    IF s.signature = 'kefu' THEN
        r.headers := r.headers || ARRAY['X-Kefu-Timestamp: ' || seconds, 'X-Kefu-Signature: sha256='
            || encode(kefu.hmac_sha256(key, convert_to(seconds || '.' || body, 'UTF8')), 'hex')];
    END IF;
    r.body := convert_to(body, 'UTF8');
    r.content_type := t.content_type;
    r.timeout_ms := s.timeout_ms;
    r.max_bytes := 65536;
    r.allows_http := s.allows_http;
    RETURN r;
END $$;
COMMENT ON FUNCTION kefu.webhook_request(kefu.webhook) IS
'The signed request of a webhook at this moment; NULL if the secret is missing (构造推送请求)';

CREATE FUNCTION kefu.fail_webhook(webhook_id bigint, class text, http_status integer, reason text,
                                  retry_after integer DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE kefu.webhook w
       SET failures = w.failures + 1, last_class = class, last_status = http_status, last_error = reason,
           state = CASE WHEN w.failures + 1 >= s.max_tries OR w.give_up_at <= kefu.now()
                        THEN 'dead' ELSE 'queued' END,
           not_before = kefu.now() + greatest(make_interval(secs => coalesce(retry_after, 0)),
                                              kefu.backoff(w.failures + 1, 10, 3600, w.webhook_id))
      FROM kefu.subscriber s
     WHERE s.subscriber = w.subscriber AND w.webhook_id = fail_webhook.webhook_id AND w.state = 'queued';
    -- One that is down isn't asked in vain for each of its webhooks.
    UPDATE kefu.subscriber_state t
       SET failures = t.failures + 1, last_class = class, last_status = http_status,
           lease_key = NULL, lease_until = NULL,
           gone_at = CASE WHEN class = 'gone' THEN kefu.now() ELSE t.gone_at END,
           next_at = kefu.now() + greatest(make_interval(secs => coalesce(retry_after, 0)),
                                           kefu.backoff(t.failures + 1, 10, 600, hashtextextended(t.subscriber, 0)))
      FROM kefu.webhook w
     WHERE w.webhook_id = fail_webhook.webhook_id AND t.subscriber = w.subscriber;
END;
COMMENT ON FUNCTION kefu.fail_webhook(bigint, text, integer, text, integer) IS
'An attempt failed: webhook and subscriber wait, the webhook is dead if it was the last one (推送失败)';

CREATE FUNCTION kefu.retire_gone() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    gone text;
BEGIN
    FOR gone IN SELECT s.subscriber FROM kefu.subscriber s JOIN kefu.subscriber_state t USING (subscriber)
                 WHERE s.is_live AND t.gone_at IS NOT NULL FOR UPDATE OF s SKIP LOCKED LOOP
        UPDATE kefu.subscriber s SET is_live = false WHERE s.subscriber = gone;
        PERFORM kefu.append_ledger('rules', 'subscriber_gone', jsonb_build_object('subscriber', gone));
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.retire_gone() IS
'Switches off the subscribers that said 410, with a line of ledger rules each (停用失效订阅)';

CREATE FUNCTION kefu.lease_webhook(w kefu.webhook)
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 1 VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    r kefu.http_request := kefu.webhook_request(w);
    new_key uuid := gen_random_uuid();
BEGIN
    IF r.url IS NULL THEN
        UPDATE kefu.subscriber_state t
           SET next_at = kefu.now() + interval '1 minute', last_class = 'needs_secret', last_status = NULL
         WHERE t.subscriber = w.subscriber;
        RETURN;
    END IF;
    UPDATE kefu.subscriber_state t
       SET lease_key = new_key, lease_until = kefu.now() + interval '2 minutes'
     WHERE t.subscriber = w.subscriber;
    UPDATE kefu.webhook x SET attempts = x.attempts + 1 WHERE x.webhook_id = w.webhook_id;
    RETURN QUERY SELECT 'webhook', w.webhook_id::text, new_key, r.*;
END $$;
COMMENT ON FUNCTION kefu.lease_webhook(kefu.webhook) IS
'Leases a subscriber for this webhook; no row, and a minute''s wait, where its secret is missing (租用推送)';

CREATE FUNCTION kefu.claim_webhooks(max integer)
    RETURNS TABLE (kind text, key text, lease_key uuid, method text, url text, headers text[], body bytea,
                   content_type text, timeout_ms integer, max_bytes integer, allows_http boolean)
    LANGUAGE plpgsql ROWS 10 VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    w kefu.webhook;
BEGIN
    PERFORM kefu.require_worker();
    IF NOT EXISTS (SELECT FROM kefu.subscriber s WHERE s.is_live) THEN
        RETURN;
    END IF;
    PERFORM kefu.queue_webhooks(1000);
    IF kefu.desk_state() <> 'live' OR max <= 0 THEN
        RETURN;
    END IF;
    PERFORM kefu.retire_gone();
    FOR w IN
        SELECT x.*
          FROM kefu.subscriber_state t
          JOIN kefu.subscriber s USING (subscriber)
         CROSS JOIN LATERAL (SELECT q.* FROM kefu.webhook q
                              WHERE q.subscriber = t.subscriber AND q.state = 'queued' AND q.not_before <= kefu.now()
                              ORDER BY q.webhook_id LIMIT 1) AS x
         WHERE s.is_live AND t.gone_at IS NULL AND t.next_at <= kefu.now()
           AND (t.lease_until <= kefu.now()) IS NOT FALSE
         ORDER BY t.next_at, x.webhook_id LIMIT claim_webhooks.max
           FOR UPDATE OF t SKIP LOCKED
    LOOP
        -- What is wrong with one must not stop the others.
        BEGIN
            RETURN QUERY SELECT * FROM kefu.lease_webhook(w);
        EXCEPTION WHEN OTHERS THEN
            PERFORM kefu.fail_webhook(w.webhook_id, 'bad_request', NULL, SQLERRM);
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION kefu.claim_webhooks(integer) IS
'Queues what is new, and leases at most so many webhooks that are due, one for each subscriber, for two minutes with a key that the result must carry. None is leased unless the desk is live here. For the worker or an administrator of Group (认领推送)';

CREATE FUNCTION kefu.next_webhook_at() RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$ BEGIN
    PERFORM kefu.require_worker();
    RETURN (SELECT kefu.now() + interval '1 second'
             WHERE EXISTS (SELECT FROM kefu.subscriber s WHERE s.is_live)
               AND kefu.desk_state() IN ('live', 'rehearse'));
END $$;
COMMENT ON FUNCTION kefu.next_webhook_at() IS
'When kefu.claim_webhooks() is to be called again, a second hence: nobody tells it what happens at the desk; NULL if there is no subscriber or the desk may not act here (下次推送检查时间)';

-- --- what came back ------------------------------------------------------------------------

CREATE FUNCTION kefu.satisfies(body text, success jsonpath) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
    RETURN coalesce(jsonb_path_match(body::jsonb, success, silent => true), false);
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN false;
END $$;
COMMENT ON FUNCTION kefu.satisfies(text, jsonpath) IS
'True if a text is JSON that satisfies the predicate; false for any other text and for NULL (满足条件)';

CREATE FUNCTION kefu.record_webhook(webhook_id bigint, lease_key uuid, http_status integer, error text,
                                    body text, headers text, finished_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    status integer := coalesce(http_status, 0);
    retry_after text := kefu.header_of(headers, 'retry-after');
    w record;
    class text;
BEGIN
    SELECT x.subscriber, s.every, p.success, t.lease_key = record_webhook.lease_key AS is_current INTO w
      FROM kefu.webhook x
      JOIN kefu.subscriber s USING (subscriber)
      JOIN kefu.webhook_template p USING (template)
      JOIN kefu.subscriber_state t USING (subscriber)
     WHERE x.webhook_id = record_webhook.webhook_id
       FOR UPDATE OF t;
    class := CASE
        WHEN status BETWEEN 200 AND 299 AND w.success IS NULL THEN 'ok'
        WHEN status BETWEEN 200 AND 299 AND error IS NOT NULL THEN 'transient'
        WHEN status BETWEEN 200 AND 299 THEN
            CASE WHEN kefu.satisfies(body, w.success) THEN 'ok' ELSE 'refused' END
        WHEN status = 410 THEN 'gone'
        WHEN status = 429 THEN 'rate'
        WHEN status = 0 OR status IN (408, 425) OR status >= 500 THEN 'transient'
        ELSE 'refused' END;
    -- What was taken is taken, whoever reports it and when.
    IF class = 'ok' THEN
        UPDATE kefu.webhook x
           SET state = 'delivered', delivered_at = record_webhook.finished_at, last_class = class,
               last_status = status, last_error = NULL
         WHERE x.webhook_id = record_webhook.webhook_id AND x.state <> 'delivered';
        UPDATE kefu.subscriber_state t
           SET delivered_count = t.delivered_count + CASE WHEN FOUND THEN 1 ELSE 0 END,
               ok_at = kefu.now(), failures = 0, last_class = class, last_status = status,
               next_at = CASE WHEN w.is_current THEN kefu.now() + w.every ELSE t.next_at END,
               lease_key = CASE WHEN w.is_current THEN NULL ELSE t.lease_key END,
               lease_until = CASE WHEN w.is_current THEN NULL ELSE t.lease_until END
         WHERE t.subscriber = w.subscriber;
    ELSIF w.is_current THEN
        PERFORM kefu.fail_webhook(webhook_id, class, status, error,
            CASE WHEN retry_after ~ '^[0-9]{1,5}$' THEN retry_after::integer END);
    END IF;
END $$;
COMMENT ON FUNCTION kefu.record_webhook(bigint, uuid, integer, text, text, text, timestamptz) IS
'What became of an attempt; called by kefu.record_exchanges(). A result whose lease is not the current one is ignored, except a success (登记推送结果)';

CREATE FUNCTION kefu.forget_webhooks(max integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    forgotten integer;
BEGIN
    DELETE FROM kefu.webhook w WHERE w.webhook_id IN (
        SELECT x.webhook_id FROM kefu.webhook x
         WHERE x.state = 'delivered' AND x.delivered_at < kefu.now() - interval '30 days'
         ORDER BY x.delivered_at LIMIT max);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
COMMENT ON FUNCTION kefu.forget_webhooks(integer) IS
'Job: removes at most so many webhooks that were delivered 30 days ago; the cursors have long passed their events. Returns how many (清理已送达推送)';
