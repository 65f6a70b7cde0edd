-- bi: what analysts read: figures and zero rules, who sees which rows, and that
-- each invariant is silent on a sound desk and speaks when it is broken
-- (R1, R91, R108, R112, rulings 1, 24 and 27).
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set ECHO none
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL kefu.test_now = '2026-03-02 09:00+08';
SELECT kefu.create_roles() \g /dev/null
CREATE ROLE bi_lin; CREATE ROLE bi_far; CREATE ROLE bi_gd; CREATE ROLE bi_qh; CREATE ROLE bi_all;
CREATE ROLE bi_nobody; CREATE ROLE bi_left;
GRANT kefu_operator TO bi_lin, bi_far;
GRANT kefu_analyst TO bi_gd, bi_qh, bi_all, bi_nobody, bi_left;
SELECT kefu.load_preset('all') \g /dev/null
SELECT kefu.add_staff(s.login, s.unit, s.name) FROM (VALUES ('bi_lin', 'gd', '林'), ('bi_far', 'qh', '马'), ('bi_left', 'gd', '何')) AS s(login, unit, name) \g /dev/null
SELECT kefu.grant_role('bi_lin', 'gd', 'operator'), kefu.grant_role('bi_far', 'qh', 'operator') \g /dev/null
SELECT kefu.grant_reader('bi_gd', 'gd'), kefu.grant_reader('bi_qh', 'qh'), kefu.grant_reader('bi_all', 'group') \g /dev/null
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('bi.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
VALUES ('bi.gd', 'sina', 'gd', '中国电信广东客服', '9001', 'bi.key'),
       ('bi.qh', 'sina', 'qh', '中国电信青海客服', '9002', 'bi.key');
-- Ingests one mention and returns the number of its message.
CREATE FUNCTION pg_temp.mention(account text, id text, by text, province text, text text, at timestamptz)
    RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM kefu.ingest(account, 'mentions', jsonb_build_object('statuses', jsonb_build_array(jsonb_build_object(
        'idstr', id, 'mid', id, 'text', text, 'created_at',
        to_char(at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
        'user', jsonb_build_object('idstr', by, 'screen_name', 'n' || by, 'province', province))))::text);
    RETURN (SELECT m.message_id FROM kefu.message m WHERE m.native_id = id);
END $$;
-- As if the platform had taken at this minute whatever was said.
CREATE FUNCTION pg_temp.taken(at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE kefu.outbound o SET state = 'sent', sent_at = at WHERE o.state = 'queued';
    PERFORM kefu.settle_speech(s.speech_id, at) FROM kefu.speech s WHERE s.outcome IS NULL;
END $$;
CREATE FUNCTION pg_temp.ticket_of(message bigint) RETURNS bigint LANGUAGE sql SECURITY DEFINER
    AS $$ SELECT t.ticket_id FROM kefu.ticket t WHERE t.message_id = message $$;
CREATE VIEW pg_temp.breach AS
    SELECT b.invariant, b.object_type, b.unit, count(*),
           min(regexp_replace(b.detail, '[0-9]+', 'N', 'g') COLLATE "C") AS detail
      FROM kefu_bi.invariants b GROUP BY 1, 2, 3;
GRANT SELECT ON pg_temp.breach TO PUBLIC;
\set ECHO all

-- An empty desk: no rows, no error.
SET LOCAL ROLE bi_all;
SELECT count(*) FROM kefu_bi.response_kpis;
TABLE pg_temp.breach;
RESET ROLE;

-- Two complaints and an inquiry to gd, one of them from a customer in qh; one
-- complaint to qh; a mention that says nothing.
SELECT pg_temp.mention('bi.gd', '101', '501', '44', '投诉宽带断了三天,电话13912345678', '2026-03-02 08:50+08') AS m1,
       pg_temp.mention('bi.gd', '102', '502', '63', '投诉话费多扣,0971-6123456', '2026-03-02 08:55+08') AS m2,
       pg_temp.mention('bi.gd', '103', '503', '44', '请问怎么办理套餐', '2026-03-02 08:58+08') AS m3,
       pg_temp.mention('bi.qh', '104', '504', '63', '投诉没有信号', '2026-03-02 08:59+08') AS m4,
       pg_temp.mention('bi.gd', '105', '505', '44', '路过', '2026-03-02 08:59+08') AS m5 \gset
SET LOCAL ROLE bi_lin;
SELECT (kefu.triage(:m1, 'complaint', 1, 'broadband.fault')).state, (kefu.triage(:m2, 'complaint', 2, 'fee')).state,
       (kefu.triage(:m3, 'inquiry', 2, 'business.change')).state, (kefu.dismiss(:m5, 'nothing said')).state;
SELECT pg_temp.ticket_of(:m1) AS t1, pg_temp.ticket_of(:m2) AS t2, pg_temp.ticket_of(:m3) AS t3 \gset
SELECT (kefu.acknowledge(:t1, 'gd.network')).state, (kefu.answer(:t3, '您好,登录网厅即可办理。')).state;
RESET ROLE;
SELECT pg_temp.taken('2026-03-02 09:04+08');

-- The second complaint is acknowledged an hour late; the first is answered and
-- its customer satisfied; qh only reads its own.
SET LOCAL kefu.test_now = '2026-03-02 10:20+08';
SELECT kefu.tick() IS NOT NULL AS ticked;
SET LOCAL ROLE bi_far;
SELECT (kefu.triage(:m4, 'complaint', 2, 'signal')).state;
SET LOCAL ROLE bi_lin;
SELECT (kefu.acknowledge(:t2, 'gd.network')).state;
SELECT (kefu.answer(:t1, '您好,光猫已更换,请问您是否满意?')).state;
RESET ROLE;
SELECT pg_temp.taken('2026-03-02 10:25+08');
SET LOCAL ROLE bi_lin;
SELECT (kefu.satisfied(:t1)).state;
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-02 12:00+08';
SELECT kefu.tick() IS NOT NULL AS ticked;

-- --- figures ------------------------------------------------------------------

SET LOCAL ROLE bi_all;
\pset format unaligned
SELECT kind, state, state_label_zh, unit, received_unit, home_unit, is_counted, is_provisional,
       first_response_seconds, satisfaction_label_zh, posted_at, posted_local_date, posted_local_hour
  FROM kefu_bi.tickets ORDER BY ticket_id;
SELECT state_label_en, unit, home_unit, platform, is_decided, ingest_lag_seconds, sighting_count
  FROM kefu_bi.messages ORDER BY message_id;
-- How long messages took to come in is a KPI of its own (ruling 2).
SELECT local_date, unit, platform, message_count, within_10_minutes_count AS within, within_10_minutes_pct AS pct, median_lag_seconds AS median, p90_lag_seconds AS p90, is_small, is_ranked
  FROM kefu_bi.ingest_kpis ORDER BY unit;
SELECT count(*) FROM kefu_bi.ingest_kpis k FULL JOIN (
    SELECT g.posted_local_date, g.unit, g.platform, count(*) AS n, sum(CASE WHEN g.ingest_lag_seconds > 600 THEN 0 ELSE 1 END) AS early,
           (array_agg(g.ingest_lag_seconds ORDER BY g.ingest_lag_seconds))[(count(*) + 1) / 2] AS lower, (array_agg(g.ingest_lag_seconds ORDER BY g.ingest_lag_seconds))[count(*) / 2 + 1] AS upper
      FROM kefu_bi.messages g WHERE g.is_live AND g.is_to_us GROUP BY 1, 2, 3) AS m ON m.posted_local_date = k.local_date AND m.unit = k.unit AND m.platform = k.platform
 WHERE (k.message_count, k.within_10_minutes_count, k.median_lag_seconds) IS DISTINCT FROM (m.n, m.early, round((m.lower + m.upper) / 2.0));
SELECT kind_label_en, round_number, is_counted, answer_due_at, is_answer_in_time, answer_seconds
  FROM kefu_bi.rounds ORDER BY ticket_id;
SELECT local_date, unit_label_zh, platform, kind, volume_count, responded_count,
       first_response_median_seconds AS median, first_response_p90_seconds AS p90,
       response_due_count AS due, response_in_time_count AS in_time, response_in_time_pct AS pct,
       response_desk_due_count AS desk_due, response_desk_in_time_count AS desk_in_time, response_desk_in_time_pct AS desk_pct
  FROM kefu_bi.response_kpis ORDER BY unit, kind, local_date;
SELECT unit, kind, answer_due_count, answer_in_time_pct, resolved_count, resolved_pct, asked_count,
       rated_count, satisfied_count, satisfied_pct, rated_pct
  FROM kefu_bi.response_kpis ORDER BY unit, kind, local_date;
SELECT clock, clock_label_zh, unit, outcome, outcome_label_zh, is_overdue, is_desk_overdue,
       target_seconds, late_seconds, escalation_count
  FROM kefu_bi.clocks
 WHERE clock IN ('seen', 'complaint_ack', 'inquiry_ack')
 ORDER BY clock, started_at, clock_id;
SELECT clock, level_number, unit, outcome, role_label_zh, lag_seconds
  FROM kefu_bi.escalations ORDER BY due_at, clock, clock_id, level_number;
-- Telephone numbers are masked, the log is in order of time.
SELECT posted_at, content, category, location_source, microblog_id, home_unit, is_provisional
  FROM kefu_bi.complaint_log;
-- What the desk calls personal data is not in it.
RESET ROLE;
SELECT count(*) FILTER (WHERE kefu.has_personal_data(g.text)) AS in_messages FROM kefu.message g;
GRANT EXECUTE ON FUNCTION kefu.has_personal_data(text) TO bi_all;
SET LOCAL ROLE bi_all;
SELECT count(*) FILTER (WHERE kefu.has_personal_data(l.content)) AS in_log, count(*) AS log FROM kefu_bi.complaint_log l;
\pset format aligned
RESET ROLE;

-- --- who sees what ----------------------------------------------------------------

-- The customer from qh makes gd's complaint visible to qh, the figures stay gd's.
SET LOCAL ROLE bi_gd;
SELECT (SELECT count(*) FROM kefu_bi.tickets) AS tickets, (SELECT count(*) FROM kefu_bi.messages) AS messages,
       (SELECT count(*) FROM kefu_bi.response_kpis) AS kpis, (SELECT count(*) FROM kefu_bi.complaint_log) AS log;
SELECT login, staff_id IS NOT NULL AS staff, is_reader, unit_count > 1 AS units, reason_en FROM kefu_bi.whoami;
SET LOCAL ROLE bi_qh;
SELECT (SELECT count(*) FROM kefu_bi.tickets) AS tickets, (SELECT count(*) FROM kefu_bi.messages) AS messages,
       (SELECT count(*) FROM kefu_bi.response_kpis) AS kpis, (SELECT count(*) FROM kefu_bi.complaint_log) AS log;
SELECT DISTINCT unit FROM kefu_bi.response_kpis;
SET LOCAL ROLE bi_nobody;
SELECT (SELECT count(*) FROM kefu_bi.tickets) AS tickets, (SELECT count(*) FROM kefu_bi.messages) AS messages,
       (SELECT count(*) FROM kefu_bi.rounds) AS rounds, (SELECT count(*) FROM kefu_bi.clocks) AS clocks,
       (SELECT count(*) FROM kefu_bi.escalations) AS escalations, (SELECT count(*) FROM kefu_bi.response_kpis) AS kpis,
       (SELECT count(*) FROM kefu_bi.complaint_log) AS log;
SELECT * FROM kefu_bi.whoami;
SELECT count(*) FROM kefu.ticket;
SET LOCAL ROLE bi_left;
SELECT login, is_staff, role_count, unit_count, units, reason_zh, reason_en FROM kefu_bi.whoami;
RESET ROLE;
UPDATE kefu.staff SET is_active = false WHERE login = 'bi_left';
SET LOCAL ROLE bi_left;
SELECT login, is_staff, role_count, unit_count, reason_en FROM kefu_bi.whoami;
RESET ROLE;
-- Only approved scripts are listed.
SELECT count(*) = (SELECT count(*) FROM kefu.script WHERE is_approved) AS all_approved FROM kefu.scripts;

-- The caller's units are asked for once a query, not once a row.
CREATE FUNCTION pg_temp.initplans(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    line text;
    found bigint := 0;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        found := found + (line ~ '^ *InitPlan')::integer;
    END LOOP;
    RETURN found;
END $$;
SELECT v AS view, pg_temp.initplans('SELECT * FROM kefu_bi.' || v) AS initplans
  FROM unnest(ARRAY['tickets', 'messages', 'rounds', 'clocks', 'escalations', 'complaint_log']) AS v;

-- --- what must never be ------------------------------------------------------------

SELECT kefu.assign_topics() > 0 AS compared;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
-- Nobody ticks for an hour: I2; a new message nobody reads: I19.
SELECT pg_temp.mention('bi.gd', '106', '506', '44', '投诉无人理', '2026-03-02 12:00+08') AS m6 \gset
SET LOCAL kefu.test_now = '2026-03-02 13:00+08';
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
SET LOCAL ROLE bi_qh;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
SELECT kefu.tick() IS NOT NULL AS ticked;
SET LOCAL ROLE bi_lin;
SELECT (kefu.triage(:m6, 'complaint', 2, 'service')).state;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;

-- What the engine refuses is planted with its triggers switched off, one breach
-- at a time.
SET LOCAL session_replication_role = replica;
SAVEPOINT sound;
INSERT INTO kefu.work_order (state, unit, desk_unit, ticket_id, department, reply_by, needs_reviews, created_at)
VALUES ('handling', 'gd', 'gd', :t1, 'gd.network', kefu.now(), false, kefu.now());
UPDATE kefu.ticket SET state = 'archived' WHERE ticket_id = :t1;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
ROLLBACK TO sound;
DELETE FROM kefu.audit_event WHERE object_type = 'ticket' AND object_id = :t2 AND seq = 2;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
ROLLBACK TO sound;
UPDATE kefu.outbound o SET text = '您好,已收到。' FROM kefu.speech s
 WHERE s.speech_id = o.speech_id AND s.event = 'acknowledge' AND s.object_id = :t1;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
ROLLBACK TO sound;
UPDATE kefu.outbound o SET state = 'uncertain', sent_at = NULL, sending_at = kefu.now() - interval '9 minutes'
  FROM kefu.speech s WHERE s.speech_id = o.speech_id AND s.event = 'answer' AND s.object_id = :t1;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
UPDATE kefu.outbound SET sending_at = kefu.now() - interval '11 minutes' WHERE state = 'uncertain';
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
ROLLBACK TO sound;
UPDATE kefu.ticket SET needs_reading = true WHERE ticket_id = :t3;
INSERT INTO kefu.message (state, unit, platform, account, action, item_type, native_id, posted_at, seen_at,
                          is_live, to_us, ticket_id, audit_seq)
VALUES ('new', 'gd', 'sina', 'bi.gd', 'mentions', 'status', '107', kefu.now() - interval '31 minutes', kefu.now(),
        true, true, :t3, 0);
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
ROLLBACK TO sound;
UPDATE kefu.ticket SET version = version + 1, state = 'recorded', audit_head = sha256('forged') WHERE ticket_id = :t2;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
ROLLBACK TO sound;
-- A negative comment put aside whose author was never asked: I15, and never answered: I1.
UPDATE kefu.ticket SET kind = 'negative', state = 'shelved', first_response_at = NULL WHERE ticket_id = :t2;
UPDATE kefu.speech SET outcome = 'failed' WHERE object_id = :t2;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
-- Asked, and taken by the platform: neither.
UPDATE kefu.speech SET outcome = 'delivered', event = 'judge' WHERE object_id = :t2;
UPDATE kefu.ticket SET first_response_at = kefu.now() WHERE ticket_id = :t2;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
ROLLBACK TO sound;
-- I12: the location may be unknown until the record is archived.
UPDATE kefu.ticket SET location_source = 'unknown' WHERE ticket_id = :t1;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
UPDATE kefu.ticket SET state = 'archived', category = NULL WHERE ticket_id = :t1;
SET LOCAL ROLE bi_all;
TABLE pg_temp.breach ORDER BY 1, 2, 3;
RESET ROLE;
ROLLBACK TO sound;
ROLLBACK;
