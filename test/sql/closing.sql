-- closing: a platform ends (R18, R129): what is queued, planned and promised on it.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
\set ECHO all

-- Three customers on the platform: one who is known on the other one as well, one with an answer queued, one untriaged.
SELECT pg_temp.says('501', '请问怎么办宽带?') AS m1, pg_temp.says('502', '请问怎么改套餐?') AS m2,
       pg_temp.says('503', '请问营业厅在哪?') AS m3 \gset
SELECT pg_temp.says('501', '请问怎么办宽带?', account => 'tencent.gd') AS other \gset
SELECT pg_temp.ticket_of(:m1) AS t1, pg_temp.ticket_of(:m2) AS t2, pg_temp.ticket_of(:m3) AS t3 \gset
UPDATE kefu.identity SET person_id = (SELECT i.person_id FROM kefu.identity i WHERE i.platform = 'sina' AND i.native_id = '501')
 WHERE platform = 'tencent' AND native_id = '501';
SET ROLE lin;
SELECT state FROM kefu.triage(:m1, 'inquiry');
SELECT state FROM kefu.triage(:m2, 'inquiry');
SELECT state FROM kefu.answer(:t1, '您好,请携带身份证到营业厅办理宽带。');
SELECT state FROM kefu.answer(:t2, '您好,请拨打10000号修改套餐。');
RESET ROLE;
SELECT * FROM pg_temp.stands(:t1);
SELECT * FROM pg_temp.stands(:t2);
SELECT account, action, state FROM kefu.outbound ORDER BY outbound_id;

-- Three posts: one that stands there, one that is about to be sent, one that is planned; the last two on both platforms.
SELECT pg_temp.scheduled('春节期间营业厅照常营业,详情请咨询10000号', '{sina.gd}', kefu.now()) AS p1 \gset
SELECT fired FROM kefu.tick() \g /dev/null
SELECT kefu.record_sent(o.outbound_id, '700001', kefu.now()) FROM kefu.outbound o WHERE o.object_type = 'placement';
SELECT set_config('kefu.test_now', '2026-03-02 11:00+08', true) \g /dev/null
SELECT pg_temp.scheduled('新春乐享套餐每月59元,营业厅和网上均可办理', '{sina.gd,tencent.gd}', kefu.now()) AS p2 \gset
SELECT fired FROM kefu.tick() \g /dev/null
SELECT pg_temp.scheduled('宽带提速免费办理,请到就近营业厅', '{sina.gd,tencent.gd}', kefu.now() + interval '4 hours') AS p3 \gset
SELECT account, state, reason FROM kefu.placement ORDER BY placement_id;

-- Not by everybody, not without a reason, not for a time to come.
SET ROLE lin;
SELECT kefu.close_platform('sina', kefu.now(), '平台停止服务');
RESET ROLE;
SELECT kefu.close_platform('sina', kefu.now(), ' ');
SELECT kefu.close_platform('sina', kefu.now() + interval '1 day', '平台停止服务');
SELECT kefu.close_platform('nowhere', kefu.now(), '平台停止服务');

SELECT count(*) AS messages FROM kefu.message \gset
SELECT kefu.close_platform('sina', kefu.now(), '平台停止服务');
SELECT kefu.close_platform('sina', kefu.now(), '平台停止服务');

-- What was queued fails with the reason: the first customer is reached on the other platform, the second is called.
SELECT account, action, state, last_class, last_error FROM kefu.outbound ORDER BY outbound_id;
SELECT * FROM pg_temp.stands(:t1);
SELECT * FROM pg_temp.stands(:t2);
SELECT * FROM pg_temp.stands(:t3);
SELECT ticket_id = :t3 AS third, unit, rulebook, due_at = kefu.now() + interval '2 hours' AS in_two_hours, note
  FROM kefu.task WHERE cause = 'call_customer' ORDER BY task_id;

-- What was planned there is cancelled with the reason; what stands, stands, and the other platform has its own.
SELECT account, state, reason FROM kefu.placement ORDER BY placement_id;

-- The answer arrives on the other platform: its promise is kept.
UPDATE kefu.outbound SET state = 'sent', sent_at = kefu.now(), native_id = '600001' WHERE account = 'tencent.gd' AND state = 'queued' AND speech_id IS NOT NULL;
SELECT kefu.settle_speech(o.speech_id, kefu.now()) FROM kefu.outbound o WHERE o.native_id = '600001';
SELECT * FROM pg_temp.stands(:t1);
-- Who is answered later goes the same ways at once.
SET ROLE lin;
SELECT state FROM kefu.triage(:m3, 'inquiry');
SELECT state FROM kefu.answer(:t3, '您好,营业厅地址请拨打10000号查询。');
RESET ROLE;
SELECT kefu.recover_outbound();
SELECT * FROM pg_temp.stands(:t3);

-- Promises run on, nothing is deleted, nothing is asked of it any more.
SELECT object_type, clock, outcome, count(*) FROM kefu.clock c GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT count(*) = :messages AS all_there FROM kefu.message;
SELECT count(*) FROM kefu.account WHERE platform = 'sina' AND is_live;
SELECT count(*) AS due FROM kefu.due_outbound d JOIN kefu.outbound o USING (outbound_id) WHERE o.account LIKE 'sina%';
SELECT e.event, e.facts ->> 'platform' FROM kefu.audit_event e JOIN kefu.ledger l ON l.ledger_id = e.object_id
 WHERE e.object_type = 'ledger' AND e.event = 'close_platform';
SET ROLE lin;
SELECT state FROM kefu.triage(:other, 'inquiry');
RESET ROLE;
SELECT kefu.assign_topics() \g /dev/null
SELECT * FROM pg_temp.broken;

-- Days later nothing is found of it but the promises that ran on; of the other platform all is.
SELECT count(*) AS placements FROM kefu.placement WHERE account = 'sina.gd' \gset
SELECT set_config('kefu.test_now', '2026-03-05 21:00+08', true) \g /dev/null
SELECT f.finding, a.platform, count(*) > 0 AS found FROM kefu.find_breakages() AS f JOIN kefu.account a USING (account)
 GROUP BY 1, 2 ORDER BY 1, 2;
-- History and reports stay: what stood there stands in the figures.
SELECT count(*) = :placements AS all_there, count(*) FILTER (WHERE state = 'published') AS published FROM kefu_bi.placements WHERE account = 'sina.gd';
SELECT count(DISTINCT platform) AS platforms FROM kefu_bi.messages;
ROLLBACK;
