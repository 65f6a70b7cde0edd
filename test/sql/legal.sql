-- legal: what the law gives a complaint at most (ruling 18): the whole country's 15
-- calendar days, Henan's 5 and Chongqing's 15 working days, the strictest holds,
-- wherever the customer's place is learned from. The desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
SELECT kefu.add_staff('li', 'ha', '李') \g /dev/null
CREATE ROLE li; GRANT kefu_operator TO li;
SELECT kefu.grant_role('li', 'ha', 'operator') \g /dev/null
-- A complaint of somebody whose profile says a province (100: none), seen a minute later.
CREATE FUNCTION pg_temp.complains(author text, at timestamptz, province text DEFAULT '100') RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    id text := (5000 + (SELECT count(*) FROM kefu.message))::text;
BEGIN
    PERFORM set_config('kefu.test_now', (at + interval '1 minute')::text, true);
    PERFORM kefu.ingest('sina.gd', 'mentions', jsonb_build_object('statuses', jsonb_build_array(jsonb_build_object(
        'idstr', id, 'mid', id, 'text', '宽带断网,投诉',
        'created_at', to_char(at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "+0000" YYYY'),
        'user', jsonb_build_object('idstr', author, 'screen_name', 'n' || author, 'province', province))))::text);
    RETURN (SELECT m.ticket_id FROM kefu.message m WHERE m.native_id = id);
END $$;
CREATE FUNCTION pg_temp.limits(ticket bigint) RETURNS TABLE (posted timestamp, due timestamp, jurisdiction text,
        warned text, is_assumed boolean, outcome text)
    LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT c.started_at AT TIME ZONE 'Asia/Shanghai', c.due_at AT TIME ZONE 'Asia/Shanghai', w.jurisdiction,
           to_char(c.next_fire_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), c.is_assumed, c.outcome
      FROM kefu.clock c LEFT JOIN kefu.legal_limit w USING (limit_id)
     WHERE c.object_type = 'ticket' AND c.object_id = ticket AND c.clock = 'legal' ORDER BY c.clock_id $$;
\set ECHO all

SELECT jurisdiction, valid_from AT TIME ZONE 'Asia/Shanghai' AS valid_from, valid_to, days, calendar, source
  FROM kefu.legal_limit ORDER BY days, jurisdiction;

-- Nobody knows where the customer is: the handling unit's province counts, and it has no
-- limit of its own, so the whole country's 15 days hold.
SELECT pg_temp.complains('801', '2026-03-02 09:00+08') AS t1 \gset
SELECT * FROM pg_temp.limits(:t1);
-- Henan: 5 working days, to the same time of day; warned relative to the end.
SELECT * FROM pg_temp.limits(pg_temp.complains('802', '2026-03-02 09:00+08', '41'));
-- Chongqing's 15 working days are later than 15 days: the strictest is the country's.
SELECT * FROM pg_temp.limits(pg_temp.complains('804', '2026-03-02 09:00+08', '50'));

-- Spring Festival 2026: Saturday 14 and Saturday 28 February are made up, 15 to 23 are off.
-- Posted Friday 13: 14 is the first working day, 24 to 27 the others.
SELECT * FROM pg_temp.limits(pg_temp.complains('805', '2026-02-13 10:00+08', '41'));
-- On a day off, or in the last minute before midnight: counted from the day after.
SELECT * FROM pg_temp.limits(pg_temp.complains('806', '2026-02-17 10:00+08', '41'));
SELECT * FROM pg_temp.limits(pg_temp.complains('807', '2026-02-13 23:59:59+08', '41'));
SELECT * FROM pg_temp.limits(pg_temp.complains('808', '2026-02-14 00:00+08', '41'));
-- Beyond the published table the week is assumed, and says so (ruling 22).
SELECT * FROM pg_temp.limits(pg_temp.complains('809', '2026-12-28 10:00+08', '41'));

-- A version begins to the second; promises given before keep theirs.
SELECT kefu.set_legal_limit('41', 3, '河南省电信条例(虚构的修订)', 'cn-workdays', '2027-03-01 00:00+08') > 0 AS version;
SELECT * FROM pg_temp.limits(pg_temp.complains('810', '2027-02-28 23:59:59+08', '41'));
SELECT * FROM pg_temp.limits(pg_temp.complains('811', '2027-03-01 00:00+08', '41'));
-- Repealed: the country's again.
SELECT kefu.set_legal_limit('41', 3, '河南省电信条例(虚构的废止)', 'cn-workdays', '2027-04-01 00:00+08', '2027-05-01 00:00+08') > 0 AS version;
SELECT * FROM pg_temp.limits(pg_temp.complains('812', '2027-04-30 23:59:59+08', '41'));
SELECT * FROM pg_temp.limits(pg_temp.complains('813', '2027-05-01 00:00+08', '41'));
-- Nobody below Group's administrator sets the law; nonsense is refused.
SET LOCAL ROLE zhao;
SELECT kefu.set_legal_limit('44', 100, 'x');
RESET ROLE;
SELECT kefu.set_legal_limit('gd', 10, 'x');
SELECT kefu.set_legal_limit('44', 0, 'x');
SELECT kefu.set_legal_limit('44', 10, 'x', 'no-such-calendar');
SELECT kefu.set_legal_limit('44', 10, 'x', clock => 'forever');
-- A policy may be stricter than the law; a laxer one doesn't count.
SELECT kefu.set_clock_policy('legal', 'group', '20 days', valid_from => '2027-06-01 00:00+08') > 0 AS laxer;
SELECT * FROM pg_temp.limits(pg_temp.complains('814', '2027-06-01 09:00+08'));
SELECT kefu.set_clock_policy('legal', 'gd', '4 days', valid_from => '2027-07-01 00:00+08') > 0 AS stricter;
SELECT * FROM pg_temp.limits(pg_temp.complains('815', '2027-07-01 09:00+08', '41'));

-- The place becomes known later: the promise given stays, only the stricter comes, and is
-- recorded as an event of its own.
SELECT pg_temp.complains('821', '2026-03-02 09:00+08') AS t2 \gset
SET LOCAL kefu.test_now = '2026-03-03 09:00+08';
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage((SELECT max(m.message_id) FROM kefu_bi.messages m), 'complaint', category => 'broadband.fault');
SELECT state FROM kefu.amend(:t2, 'broadband.fault', 'cq');
RESET ROLE;
SELECT * FROM pg_temp.limits(:t2);
SET LOCAL ROLE lin;
-- A department of the province: the units above it count.
SELECT state FROM kefu.amend(:t2, 'broadband.fault', 'ha.network');
RESET ROLE;
SELECT * FROM pg_temp.limits(:t2);
SET LOCAL ROLE lin;
SELECT state FROM kefu.amend(:t2, 'broadband.fault', 'gd');
RESET ROLE;
SELECT * FROM pg_temp.limits(:t2);
SELECT e.event, e.facts ->> 'jurisdiction' AS jurisdiction, (e.facts ->> 'due_at')::timestamptz AT TIME ZONE 'Asia/Shanghai' AS due
  FROM kefu.audit_event e
 WHERE e.object_type = 'ticket' AND e.object_id = :t2 AND e.event IN ('amend', 'tighten') ORDER BY e.seq;
-- Nobody raises that event by hand.
SET LOCAL ROLE lin;
SELECT kefu.advance('ticket', :t2, 'tighten', '{"due_at": "2030-01-01", "jurisdiction": "41"}');
-- What analysts see: the law, and what it says.
SELECT jurisdiction, legal_source, due_at AT TIME ZONE 'Asia/Shanghai' AS due FROM kefu_bi.clocks
 WHERE ticket_id = :t2 AND clock = 'legal';
RESET ROLE;

-- Unknown place, and the ticket goes to Henan: that province answers now, its law counts.
SELECT pg_temp.complains('822', '2026-03-02 09:00+08') AS t3 \gset
SET LOCAL ROLE zhao;
SELECT state FROM kefu.transfer(:t3, 'ha', '河南的宽带');
RESET ROLE;
SELECT * FROM pg_temp.limits(:t3);
-- The other way nothing changes: a known place counts whoever handles it.
SELECT pg_temp.complains('823', '2026-03-02 09:00+08', '44') AS t4 \gset
SET LOCAL ROLE zhao;
SELECT state FROM kefu.transfer(:t4, 'ha', '请协助');
RESET ROLE;
SELECT * FROM pg_temp.limits(:t4);

-- Learned after the stricter end is over: late at once, all levels fire at the next tick.
SELECT pg_temp.complains('824', '2026-03-02 09:00+08') AS t5 \gset
SET LOCAL kefu.test_now = '2026-03-10 09:00+08';
SET LOCAL ROLE lin;
SELECT state FROM kefu.amend(:t5, 'broadband.fault', 'ha');
RESET ROLE;
SELECT * FROM pg_temp.limits(:t5);
SELECT FROM kefu.tick();
SELECT e.level, e.role, e.due_at AT TIME ZONE 'Asia/Shanghai' AS due FROM kefu.escalation e JOIN kefu.clock c USING (clock_id)
 WHERE c.object_type = 'ticket' AND c.object_id = :t5 AND c.clock = 'legal' ORDER BY e.level;

-- A new round is a new promise under the law of the place known by then.
SET LOCAL kefu.test_now = '2026-03-04 09:00+08';
SET LOCAL ROLE lin;
SELECT state FROM kefu.answer(:t2, '非常抱歉,感谢您的反馈,线路已修复,请问您是否满意?');
SELECT count(*) FROM pg_temp.taken();
SELECT state FROM kefu.amend(:t2, 'broadband.fault', 'ha');
SELECT state FROM kefu.dissatisfied(:t2, '还是断');
RESET ROLE;
SELECT * FROM pg_temp.limits(:t2);
SELECT * FROM pg_temp.broken WHERE what IN ('audit', 'I13', 'I21');
ROLLBACK;
