-- 23_seal: seals over the audit trail, its verification, its evidence, the
-- erasure of details, and the months it is kept in.
--
-- doc/audit.md defines the binary form and says what a seal proves and what it
-- can't. Whoever verifies, exports or asks for a proof sees Group.

DO $$
BEGIN
    IF (SELECT pg_catalog.pg_encoding_to_char(d.encoding) FROM pg_catalog.pg_database d
         WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
       OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION 'the database is not encoded in UTF8'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'The audit trail hashes text as UTF-8 bytes.',
                  HINT = 'Create the database with ENCODING ''UTF8''.';
    END IF;
END
$$;

CREATE FUNCTION kefu.seal_audit(even_empty boolean DEFAULT false) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
    AS 'MODULE_PATHNAME', 'kefu_seal_audit';
COMMENT ON FUNCTION kefu.seal_audit(boolean) IS
'Seals every event that was committed since the last seal, one seal for each incarnation that has some, and returns the number of seals made: 0 if nothing is new, unless even_empty. Never blocks a writer; calls wait for each other (封存审计; R8)';

CREATE FUNCTION kefu.seal_some(max_events integer) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
    AS 'MODULE_PATHNAME', 'kefu_seal_some';
COMMENT ON FUNCTION kefu.seal_some(integer) IS
'Makes at most one seal, over so many events, or over one transaction if that has more; true if there is more to seal. For the clock worker, which has deadlines to fire in between. invalid_parameter_value below 1 (分批封存; R8)';

CREATE FUNCTION kefu.check_trail(from_at timestamptz)
    RETURNS TABLE (problem text, object_type text, object_id bigint, event_id bigint, detail text)
    LANGUAGE c STABLE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'kefu_check_trail';
COMMENT ON FUNCTION kefu.check_trail(timestamptz) IS
'The work of kefu.verify_audit(), without the check of who asks (核查审计链)';

CREATE FUNCTION kefu.verify_audit(from_at timestamptz DEFAULT NULL)
    RETURNS TABLE (problem text, object_type text, object_id bigint, event_id bigint, detail text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
BEGIN
    PERFORM kefu.require_unit('group');
    RETURN QUERY SELECT * FROM kefu.check_trail(verify_audit.from_at);
END
$$;
COMMENT ON FUNCTION kefu.verify_audit(timestamptz) IS
'The first misfit of each chain, detail and seal; no row if the trail is whole. With an instant, what is older is taken as verified. Problems: no genesis, gap, hash, incarnation, head, state, kind, version, no events, no object, object type, detail, seal, sealed events (核查审计; R8, R101)';

CREATE FUNCTION kefu.event_path(event_id bigint)
    RETURNS TABLE (seal_id bigint, leaf_index bigint, event_count bigint, leaf bytea, path bytea[], root bytea)
    LANGUAGE c ROWS 30 STABLE PARALLEL UNSAFE STRICT
    AS 'MODULE_PATHNAME', 'kefu_event_path';
COMMENT ON FUNCTION kefu.event_path(bigint) IS
'The work of kefu.audit_proof(), without the check of who asks (计算证明路径)';

CREATE FUNCTION kefu.audit_proof(event_id bigint)
    RETURNS TABLE (seal_id bigint, leaf_index bigint, event_count bigint, leaf bytea, path bytea[], root bytea)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
BEGIN
    PERFORM kefu.require_unit('group');
    RETURN QUERY SELECT * FROM kefu.event_path(audit_proof.event_id);
END
$$;
COMMENT ON FUNCTION kefu.audit_proof(bigint) IS
'Proof that an event is under a seal: with it and the seal''s root alone, kefu.verify_proof() or anybody''s RFC 6962 code can tell. No row while the event isn''t sealed (审计证明)';

CREATE FUNCTION kefu.verify_proof(leaf bytea, leaf_index bigint, event_count bigint, path bytea[], root bytea)
    RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT
    AS 'MODULE_PATHNAME', 'kefu_verify_proof';
COMMENT ON FUNCTION kefu.verify_proof(bytea, bigint, bigint, bytea[], bytea) IS
'True if the path leads from the leaf to the root, which should come from a copy of the seal kept elsewhere (验证证明)';

-- --- evidence -----------------------------------------------------------------

CREATE FUNCTION kefu.epoch_us(at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN (pg_catalog.extract('epoch', at) * 1000000)::bigint;
COMMENT ON FUNCTION kefu.epoch_us(timestamptz) IS
'Microseconds since 1970-01-01 UTC, as the audit trail hashes instants (微秒时间戳)';

CREATE FUNCTION kefu.fact_pairs(facts jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN facts IS NOT NULL THEN
        (SELECT coalesce(jsonb_agg(jsonb_build_array(f.key, jsonb_typeof(f.value),
                                                     facts ->> f.key)), '[]')
           FROM jsonb_each(facts) f) END;
END;
COMMENT ON FUNCTION kefu.fact_pairs(jsonb) IS
'Name, JSON type and text of every member of an object, so that no reader rounds a number; NULL for NULL (事实三元组)';

CREATE FUNCTION kefu.event_line(e kefu.audit_event, previous bytea) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
               'line', 'event', 'event_id', e.event_id, 'object_type', e.object_type,
               'object_id', e.object_id, 'seq', e.seq, 'at', kefu.epoch_us(e.at),
               'machine', e.machine, 'event', e.event, 'from_state', e.from_state,
               'to_state', e.to_state, 'version', e.version, 'staff_id', e.staff_id,
               'gateway_id', e.gateway_id, 'unit', e.unit, 'flags', e.flags,
               'incarnation', e.incarnation, 'xid', e.xid,
               'digest', encode(e.detail_digest, 'hex'), 'form', e.form,
               'hash', encode(e.hash, 'hex'), 'previous', encode(previous, 'hex'),
               'salt', (SELECT encode(d.salt, 'hex') FROM kefu.audit_detail d
                         WHERE d.event_id = e.event_id),
               'erased_by', (SELECT d.erased_by FROM kefu.audit_detail d
                              WHERE d.event_id = e.event_id)))
           || jsonb_build_object(
               'facts', kefu.fact_pairs(e.facts),
               'detail', kefu.fact_pairs((SELECT d.value FROM kefu.audit_detail d
                                           WHERE d.event_id = e.event_id)));
END;
COMMENT ON FUNCTION kefu.event_line(kefu.audit_event, bytea) IS
'One event as a line of kefu.export_audit(); previous is the hash before it where that event isn''t exported (事件导出行)';

CREATE FUNCTION kefu.export_audit(from_at timestamptz DEFAULT '-infinity', to_at timestamptz DEFAULT 'infinity')
    RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
DECLARE
    first_seal bigint;
    last_seal bigint;
BEGIN
    PERFORM kefu.require_unit('group');

    -- The seals over the exported events: ranges of one incarnation are
    -- ordered as their seals are, so the first and the last of them are enough.
    SELECT min(s.seal_id), max(s.seal_id)
      INTO first_seal, last_seal
      FROM kefu.seal s
      JOIN (SELECT e.incarnation, min(e.xid) AS low, max(e.xid) AS high
              FROM kefu.audit_event e
             WHERE e.at >= from_at AND e.at < to_at
             GROUP BY e.incarnation) w
        ON w.incarnation = s.incarnation AND s.xid_to > w.low AND s.xid_from <= w.high;

    RETURN NEXT jsonb_build_object('line', 'export', 'form', 1, 'from', from_at, 'to', to_at);

    RETURN QUERY
        SELECT kefu.event_line(w.e, CASE WHEN (w.e).seq > 1 AND w.before IS DISTINCT FROM (w.e).seq - 1 THEN
                   (SELECT p.hash FROM kefu.audit_event p
                     WHERE p.object_type = (w.e).object_type AND p.object_id = (w.e).object_id
                       AND p.seq = (w.e).seq - 1
                       AND NOT (p.at >= from_at AND p.at < to_at)) END)
          FROM (SELECT e, lag(e.seq) OVER (PARTITION BY e.object_type, e.object_id
                                               ORDER BY e.seq, e.event_id) AS before
                  FROM kefu.audit_event e
                 WHERE e.at >= from_at AND e.at < to_at) w
         ORDER BY (w.e).object_type, (w.e).object_id, (w.e).seq, (w.e).event_id;

    -- A root can be rebuilt only from all its leaves.
    RETURN QUERY
        SELECT jsonb_build_object(
                   'line', 'leaf', 'event_id', e.event_id, 'incarnation', e.incarnation,
                   'xid', e.xid, 'hash', encode(e.hash, 'hex'))::text
          FROM kefu.audit_event e
          JOIN (SELECT s.incarnation, min(s.xid_from) AS low, max(s.xid_to) AS high
                  FROM kefu.seal s WHERE s.seal_id BETWEEN first_seal AND last_seal
                 GROUP BY s.incarnation) r
            ON e.incarnation = r.incarnation AND e.xid >= r.low AND e.xid < r.high
         WHERE NOT (e.at >= from_at AND e.at < to_at)
         ORDER BY e.incarnation, e.xid, e.event_id;

    RETURN QUERY
        SELECT jsonb_strip_nulls(jsonb_build_object(
                   'line', 'seal', 'seal_id', s.seal_id, 'incarnation', s.incarnation,
                   'xid_from', s.xid_from, 'xid_to', s.xid_to, 'event_count', s.event_count,
                   'root', encode(s.root, 'hex'), 'sealed_at', kefu.epoch_us(s.sealed_at),
                   'hash', encode(s.hash, 'hex'),
                   'previous', CASE WHEN s.seal_id = first_seal THEN
                       (SELECT encode(p.hash, 'hex') FROM kefu.seal p
                         WHERE p.seal_id = s.seal_id - 1) END))::text
          FROM kefu.seal s
         WHERE s.seal_id BETWEEN first_seal AND last_seal
         ORDER BY s.seal_id;

    RETURN QUERY
        SELECT jsonb_build_object(
                   'line', 'ledger', 'ledger', l.ledger, 'object_id', l.ledger_id,
                   'seq', l.audit_seq, 'head', encode(l.audit_head, 'hex'))::text
          FROM kefu.ledger l
         ORDER BY l.ledger_id;
END
$$;
COMMENT ON FUNCTION kefu.export_audit(timestamptz, timestamptz) IS
'The trail between two instants as JSON lines: events with their details, the seals over them with the leaves that are needed beside, and the heads of the ledgers. doc/verify_audit.pl verifies it without this extension (导出审计证据; R101)';

-- --- erasure ------------------------------------------------------------------

CREATE FUNCTION kefu.blank_detail(event_id bigint, erased_by bigint) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT
    AS 'MODULE_PATHNAME', 'kefu_blank_detail';
COMMENT ON FUNCTION kefu.blank_detail(bigint, bigint) IS
'Last step of kefu.erase_detail(); false if nothing was left (清空明细)';

CREATE FUNCTION kefu.erase_detail(event_id bigint, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
DECLARE
    found_unit text;
    found_by bigint;
BEGIN
    SELECT e.unit INTO found_unit
      FROM kefu.audit_event e WHERE e.event_id = erase_detail.event_id;
    PERFORM kefu.require_unit(coalesce(found_unit, 'group'), 'admin');
    SELECT d.erased_by INTO found_by
      FROM kefu.audit_detail d WHERE d.event_id = erase_detail.event_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'audit event % has no detail', erase_detail.event_id
            USING ERRCODE = 'undefined_object';
    END IF;
    IF found_by IS NOT NULL THEN
        RETURN found_by;
    END IF;
    found_by := kefu.append_ledger('access', 'erase_detail',
                                   jsonb_build_object('event_id', erase_detail.event_id),
                                   jsonb_build_object('reason', erase_detail.reason));
    PERFORM kefu.blank_detail(erase_detail.event_id, found_by);
    RETURN found_by;
END
$$;
COMMENT ON FUNCTION kefu.erase_detail(bigint, text) IS
'Erases an event''s detail and returns the event of ledger access that accounts for it; the chain stays valid. Erased before: that event again. For an admin of the event''s unit (删除审计明细; R94, ruling 21)';

-- --- months -------------------------------------------------------------------

CREATE FUNCTION kefu.make_partition(parent text, month date) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
DECLARE
    first_day timestamp := date_trunc('month', month::timestamp);
    from_at timestamptz := first_day AT TIME ZONE 'Asia/Shanghai';
    to_at timestamptz := (first_day + interval '1 month') AT TIME ZONE 'Asia/Shanghai';
    part name := parent || to_char(first_day, '_YYYYMM');
    rest regclass;
    key name;
    is_needed boolean;
BEGIN
    SELECT p.partdefid, a.attname INTO rest, key
      FROM pg_class c
      JOIN pg_partitioned_table p ON p.partrelid = c.oid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
     WHERE c.relnamespace = 'kefu'::regnamespace AND c.relname = parent AND p.partdefid <> 0;
    IF NOT FOUND THEN
        RAISE EXCEPTION '"%" is not kept in months', parent
            USING ERRCODE = 'undefined_table';
    END IF;

    IF to_regclass(format('kefu.%I', part)) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- A month that is being written to needs the parent for itself: a writer who
    -- has chosen the default partition would find its row barred there once
    -- this commits. Months ahead let writers go on.
    EXECUTE format('LOCK TABLE kefu.%I IN %s MODE', parent,
                   CASE WHEN from_at <= kefu.now() THEN 'ACCESS EXCLUSIVE'
                        ELSE 'SHARE UPDATE EXCLUSIVE' END);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I >= $1 AND %2$I < $2)', rest, key)
       INTO is_needed USING from_at, to_at;
    IF is_needed THEN
        EXECUTE format('LOCK TABLE kefu.%I IN ACCESS EXCLUSIVE MODE', parent);
    END IF;
    IF to_regclass(format('kefu.%I', part)) IS NOT NULL THEN
        RETURN false;
    END IF;

    EXECUTE format('CREATE TABLE kefu.%I (LIKE %s INCLUDING ALL)', part, rest);
    IF is_needed THEN
        -- Detached, the default partition loses the parent's row triggers, so
        -- its rows can go without lifting the refusal for anybody else.
        EXECUTE format('ALTER TABLE kefu.%I DETACH PARTITION %s', parent, rest);
        EXECUTE format('WITH moved AS (DELETE FROM %s WHERE %I >= $1 AND %2$I < $2 RETURNING *) '
                       'INSERT INTO kefu.%I SELECT * FROM moved', rest, key, part)
          USING from_at, to_at;
    END IF;
    EXECUTE format('ALTER TABLE kefu.%I ATTACH PARTITION kefu.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, part, from_at, to_at);
    IF is_needed THEN
        EXECUTE format('ALTER TABLE kefu.%I ATTACH PARTITION %s DEFAULT', parent, rest);
    END IF;
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = rest AND t.tgname = 'refuse_truncate') THEN
        -- Row triggers are cloned from the parent, this kind isn't.
        EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON kefu.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION kefu.refuse_change()', part);
    END IF;
    EXECUTE format('COMMENT ON TABLE kefu.%I IS %L', part,
                   format('%s of %s (%2$s 月分区)', parent, to_char(first_day, 'YYYY-MM')));
    RETURN true;
END
$$;
COMMENT ON FUNCTION kefu.make_partition(text, date) IS
'Makes the partition of audit_event, raw_payload or another table kept in months for the month of a day in China time, with the keys of its default partition, whose rows of that month move into it; false if it is there (建立月分区)';

CREATE FUNCTION kefu.make_partitions(ahead integer DEFAULT 3) RETURNS integer
    LANGUAGE sql VOLATILE PARALLEL UNSAFE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
    SELECT count(*) FILTER (WHERE kefu.make_partition(c.relname, m.month::date))::integer
      FROM pg_catalog.pg_partitioned_table p
      JOIN pg_catalog.pg_class c ON c.oid = p.partrelid
     CROSS JOIN pg_catalog.generate_series(
               pg_catalog.date_trunc('month', kefu.now() AT TIME ZONE 'Asia/Shanghai'),
               pg_catalog.date_trunc('month', kefu.now() AT TIME ZONE 'Asia/Shanghai')
                   + pg_catalog.make_interval(months => ahead), interval '1 month') m (month)
     WHERE c.relnamespace = 'kefu'::pg_catalog.regnamespace AND p.partdefid <> 0;
$$;
COMMENT ON FUNCTION kefu.make_partitions(integer) IS
'Makes the partitions of this month and the next ones for every table kept in months, and returns how many were made; run it daily (预建月分区)';

CREATE FUNCTION kefu.audit_horizon() RETURNS TABLE (lag interval, holder text)
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp
AS $$
    SELECT pg_catalog.clock_timestamp() - h.since, h.holder
      FROM (SELECT a.backend_xid AS xid, a.xact_start AS since,
                   pg_catalog.format('process %s of %s in database %s, %s',
                                     a.pid, a.usename, a.datname, a.state) AS holder
              FROM pg_catalog.pg_stat_activity a
             WHERE a.backend_xid IS NOT NULL
             UNION ALL
            SELECT p.transaction, p.prepared,
                   pg_catalog.format('prepared transaction %s of %s in database %s',
                                     p.gid, p.owner, p.database)
              FROM pg_catalog.pg_prepared_xacts p) h
     ORDER BY pg_catalog.age(h.xid) DESC
     LIMIT 1;
$$;
COMMENT ON FUNCTION kefu.audit_horizon() IS
'The oldest transaction that has written and not ended, in any database of the cluster, and since when: nothing after it can be sealed. No row if there is none; readers and replication slots don''t hold it (封存视界)';
