-- 57_subscriber: who is told by HTTP, set up by calls that leave a trace on the
-- ledger "rules", and how they are doing.

CREATE FUNCTION kefu.check_subscriber(s kefu.subscriber) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    stranger text;
BEGIN
    SELECT m.name INTO stranger FROM unnest(s.machines) AS m(name)
     WHERE NOT EXISTS (SELECT FROM kefu.machine x WHERE x.machine = m.name) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no machine "%"', stranger
            USING ERRCODE = 'undefined_object', HINT = 'SELECT machine FROM kefu.machine lists them.';
    END IF;
    IF s.credential IS NOT NULL AND NOT EXISTS
       (SELECT FROM kefu.credential c WHERE c.credential = s.credential AND c.kind = 'webhook') THEN
        RAISE EXCEPTION 'there is no credential "%" for webhooks', s.credential
            USING ERRCODE = 'undefined_object',
                  DETAIL = 'A platform''s secret is never given to a subscriber.',
                  HINT = 'Name one of kind webhook, without a platform, with kefu.add_credential().';
    END IF;
END $$;
COMMENT ON FUNCTION kefu.check_subscriber(kefu.subscriber) IS
'Raises undefined_object for an unknown machine, or a credential that is none for webhooks (校验订阅)';

CREATE FUNCTION kefu.subscriber_facts(s kefu.subscriber) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'subscriber', s.subscriber, 'unit', s.unit, 'host', substring(s.url FROM '^https?://([^/]+)'),
        'template', s.template, 'credential', s.credential, 'signature', s.signature,
        'what', array_to_string(s.what, ' '), 'machines', array_to_string(s.machines, ' '),
        'is_live', s.is_live));
END;
COMMENT ON FUNCTION kefu.subscriber_facts(kefu.subscriber) IS
'What the ledger keeps of a subscriber; of its address only the host, as some hold a key (订阅台账内容)';

CREATE FUNCTION kefu.add_subscriber(subscriber text, unit text, url text, template text, what text[],
                                    credential text DEFAULT NULL, signature text DEFAULT 'none',
                                    machines text[] DEFAULT '{}', link text DEFAULT NULL,
                                    every interval DEFAULT '0', allows_http boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.subscriber;
    line bigint;
BEGIN
    -- A secret that other units may share is given away by Group alone.
    PERFORM kefu.require_admin(CASE WHEN credential IS NULL THEN unit ELSE 'group' END);
    INSERT INTO kefu.subscriber AS x (subscriber, unit, url, template, what, credential, signature, machines,
                                      link, every, allows_http, added_at)
    VALUES (add_subscriber.subscriber, add_subscriber.unit, add_subscriber.url, add_subscriber.template,
            add_subscriber.what, add_subscriber.credential, add_subscriber.signature, add_subscriber.machines,
            add_subscriber.link, add_subscriber.every, add_subscriber.allows_http, kefu.now())
    RETURNING x.* INTO s;
    PERFORM kefu.check_subscriber(s);
    line := kefu.append_ledger('rules', 'add_subscriber', kefu.subscriber_facts(s));
    INSERT INTO kefu.subscriber_state (subscriber, incarnation, next_xid, next_at)
    SELECT s.subscriber, e.incarnation, e.xid, kefu.now() FROM kefu.audit_event e WHERE e.event_id = line;
    PERFORM kefu.wake_worker('net');
END $$;
COMMENT ON FUNCTION kefu.add_subscriber(text, text, text, text, text[], text, text, text[], text, interval, boolean) IS
'Registers who is told by HTTP of what happens at a unit and below it from now on. what: ticket_opened, escalation, state_change; machines empty: all. unique_violation if it is registered. Administrators of the unit only, of Group where a credential is named (登记订阅)';

CREATE FUNCTION kefu.administered_subscriber(subscriber text) RETURNS kefu.subscriber
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS
$$
DECLARE
    s kefu.subscriber;
BEGIN
    SELECT x.* INTO s FROM kefu.subscriber x WHERE x.subscriber = administered_subscriber.subscriber FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no subscriber "%"', subscriber
            USING ERRCODE = 'undefined_object', HINT = 'Register it with kefu.add_subscriber().';
    END IF;
    PERFORM kefu.require_admin(s.unit);
    RETURN s;
END $$;
COMMENT ON FUNCTION kefu.administered_subscriber(text) IS
'The subscriber, locked, if the caller administers its unit; KF003 or KF008 if not, undefined_object if there is none (校验订阅管理权限)';

CREATE FUNCTION kefu.set_subscriber(subscriber text, is_live boolean DEFAULT NULL, url text DEFAULT NULL,
                                    template text DEFAULT NULL, what text[] DEFAULT NULL,
                                    credential text DEFAULT NULL, signature text DEFAULT NULL,
                                    machines text[] DEFAULT NULL, link text DEFAULT NULL,
                                    every interval DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    old kefu.subscriber := kefu.administered_subscriber(subscriber);
    s kefu.subscriber;
    line bigint;
BEGIN
    IF credential IS NOT NULL THEN
        PERFORM kefu.require_admin('group');
    END IF;
    UPDATE kefu.subscriber x
       SET is_live = coalesce(set_subscriber.is_live, x.is_live), url = coalesce(set_subscriber.url, x.url),
           template = coalesce(set_subscriber.template, x.template), what = coalesce(set_subscriber.what, x.what),
           credential = coalesce(set_subscriber.credential, x.credential),
           signature = coalesce(set_subscriber.signature, x.signature),
           machines = coalesce(set_subscriber.machines, x.machines),
           link = nullif(coalesce(set_subscriber.link, x.link), ''),
           every = coalesce(set_subscriber.every, x.every)
     WHERE x.subscriber = old.subscriber
    RETURNING x.* INTO s;
    PERFORM kefu.check_subscriber(s);
    line := kefu.append_ledger('rules', 'set_subscriber', kefu.subscriber_facts(s));
    IF s.is_live THEN
        -- What happened while it was off is not told.
        UPDATE kefu.subscriber_state t
           SET next_at = kefu.now(), failures = 0, gone_at = NULL,
               incarnation = CASE WHEN old.is_live THEN t.incarnation ELSE e.incarnation END,
               next_xid = CASE WHEN old.is_live THEN t.next_xid ELSE e.xid END
          FROM kefu.audit_event e
         WHERE t.subscriber = s.subscriber AND e.event_id = line;
    END IF;
    PERFORM kefu.wake_worker('net');
END $$;
COMMENT ON FUNCTION kefu.set_subscriber(text, boolean, text, text, text[], text, text, text[], text, interval) IS
'Changes a subscriber, NULL keeping what is; switched on again it is told of what happens from now on, and asked at once. Empty machines: all; empty link: none. Administrators of its unit only, of Group where a credential is named (设置订阅)';

CREATE FUNCTION kefu.set_webhook_template(template text, name_zh text, text json,
                                          content_type text DEFAULT 'application/json; charset=utf-8',
                                          success jsonpath DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    stranger text;
BEGIN
    PERFORM kefu.require_admin('group');
    SELECT n.name INTO stranger FROM unnest(kefu.slots_in(text::text)) AS n(name)
     WHERE n.name <> ALL (kefu.webhook_slots()) ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no slot "%"', stranger
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'There are: ' || array_to_string(kefu.webhook_slots(), ', ') || '.';
    END IF;
    INSERT INTO kefu.webhook_template AS t (template, name_zh, content_type, text, success)
    VALUES (set_webhook_template.template, set_webhook_template.name_zh, set_webhook_template.content_type,
            set_webhook_template.text, set_webhook_template.success)
    ON CONFLICT ON CONSTRAINT webhook_template_pkey DO UPDATE
       SET name_zh = EXCLUDED.name_zh, content_type = EXCLUDED.content_type, text = EXCLUDED.text,
           success = EXCLUDED.success;
    PERFORM kefu.append_ledger('rules', 'set_webhook_template', jsonb_build_object('template', template));
END $$;
COMMENT ON FUNCTION kefu.set_webhook_template(text, text, json, text, jsonpath) IS
'Makes or changes the body of webhooks, from the next request on, queued ones included. invalid_parameter_value for an unknown slot. Group administrators only (设置推送模板)';

CREATE FUNCTION kefu.retry_webhook(webhook_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    s kefu.subscriber;
BEGIN
    SELECT a.* INTO s FROM kefu.webhook w CROSS JOIN LATERAL kefu.administered_subscriber(w.subscriber) a
     WHERE w.webhook_id = retry_webhook.webhook_id;
    UPDATE kefu.webhook w
       SET state = 'queued', failures = 0, not_before = kefu.now(), give_up_at = kefu.now() + s.give_up_after
     WHERE w.webhook_id = retry_webhook.webhook_id AND w.state = 'dead';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no dead webhook %', webhook_id
            USING ERRCODE = 'undefined_object', HINT = 'Others are tried again by themselves.';
    END IF;
    UPDATE kefu.subscriber_state t SET next_at = kefu.now() WHERE t.subscriber = s.subscriber;
    PERFORM kefu.append_ledger('rules', 'retry_webhook',
        jsonb_build_object('subscriber', s.subscriber, 'webhook', webhook_id));
    PERFORM kefu.wake_worker('net');
END $$;
COMMENT ON FUNCTION kefu.retry_webhook(bigint) IS
'Queues a dead webhook again, with its number and as many tries as a new one. undefined_object if it is not dead. Administrators of the subscriber''s unit only (重新推送)';

-- --- how they are doing -------------------------------------------------------------------------

CREATE VIEW kefu.stat_webhook AS
    SELECT s.subscriber, s.unit,
           CASE WHEN t.gone_at IS NOT NULL THEN 'gone'
                WHEN NOT s.is_live THEN 'off'
                WHEN t.last_class = 'needs_secret' THEN 'needs_secret'
                WHEN t.failures > 0 THEN 'failing'
                WHEN t.ok_at IS NULL THEN 'new'
                ELSE 'ok' END AS state,
           (SELECT count(*) FROM kefu.webhook w WHERE w.subscriber = s.subscriber AND w.state = 'queued') AS queued_count,
           (SELECT w.queued_at FROM kefu.webhook w WHERE w.subscriber = s.subscriber AND w.state = 'queued'
             ORDER BY w.webhook_id LIMIT 1) AS oldest_at,
           (SELECT count(*) FROM kefu.webhook w WHERE w.subscriber = s.subscriber AND w.state = 'dead') AS dead_count,
           t.delivered_count, t.ok_at, t.failures, t.last_class, t.last_status, t.next_at, t.gone_at
      FROM kefu.subscriber s
      JOIN kefu.subscriber_state t USING (subscriber);
COMMENT ON VIEW kefu.stat_webhook IS 'The subscribers, one row each: where they stand (订阅状态)';
COMMENT ON COLUMN kefu.stat_webhook.subscriber IS 'subscriber (订阅)';
COMMENT ON COLUMN kefu.stat_webhook.unit IS 'unit it is told of (机构)';
COMMENT ON COLUMN kefu.stat_webhook.state IS 'gone 已失效, off 停用, needs_secret 缺密钥, failing 失败, new 未推送, ok 正常';
COMMENT ON COLUMN kefu.stat_webhook.queued_count IS 'webhooks that wait; 0 none (待推送数)';
COMMENT ON COLUMN kefu.stat_webhook.oldest_at IS 'when the oldest of them was queued; NULL none (最早排队时间)';
COMMENT ON COLUMN kefu.stat_webhook.dead_count IS 'webhooks given up; 0 none (已放弃数)';
COMMENT ON COLUMN kefu.stat_webhook.delivered_count IS 'webhooks delivered so far (已送达数)';
COMMENT ON COLUMN kefu.stat_webhook.ok_at IS 'last success; NULL never (最近成功)';
COMMENT ON COLUMN kefu.stat_webhook.failures IS 'failures in a row; 0 after a success (连续失败)';
COMMENT ON COLUMN kefu.stat_webhook.last_class IS 'last result, as in kefu.subscriber_state; NULL none yet (最近结果)';
COMMENT ON COLUMN kefu.stat_webhook.last_status IS 'its HTTP status; 0 without a reply, NULL none yet (HTTP状态)';
COMMENT ON COLUMN kefu.stat_webhook.next_at IS 'not asked before (下次推送)';
COMMENT ON COLUMN kefu.stat_webhook.gone_at IS 'when it said that it is no more; NULL it did not (失效时间)';

CREATE FUNCTION kefu.webhook_health(OUT level text, OUT check_name text, OUT message text, OUT hint text)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, kefu, pg_temp
BEGIN ATOMIC
    SELECT 'warning', 'webhook', format('subscriber "%s" has %s dead webhooks', v.subscriber, v.dead_count),
           'See last_class in kefu.webhook; kefu.retry_webhook() tries one again.'
      FROM kefu.stat_webhook v WHERE v.dead_count > 0
    UNION ALL
    SELECT 'warning', 'subscriber', format('subscriber "%s" %s', v.subscriber, CASE v.state
               WHEN 'gone' THEN 'is no more, since ' || v.gone_at
               WHEN 'needs_secret' THEN 'waits for its secret'
               ELSE format('failed %s times in a row: %s, next at %s', v.failures, v.last_class, v.next_at) END),
           'See kefu.stat_webhook; kefu.set_subscriber() gives it another address or switches it.'
      FROM kefu.stat_webhook v
     WHERE v.state IN ('gone', 'needs_secret') OR v.state = 'failing' AND v.failures >= 3;
END;
COMMENT ON FUNCTION kefu.webhook_health() IS
'Subscribers that fail, and what they were not told; no row if nothing is wrong (内部: 推送健康)';

-- The server's own monitoring role reads how the desk runs, never what it holds.
GRANT SELECT ON kefu.stat_webhook TO pg_monitor;
