-- complaint: section 4.5.2 of the rulebook, step by step (R103-R123; rulings 3,
-- 4, 11, 18-20, 24, 25, 27). The desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
\set ECHO all

-- Step 1 (R103, R105, R112, R118): found, and at once recorded with its five fields.
SELECT pg_temp.says('501', '宽带断网三天,投诉没人管', '2026-03-02 08:50+08') AS m \gset
SELECT pg_temp.ticket_of(:m) AS t \gset
SELECT * FROM pg_temp.stands(:t);
SET LOCAL ROLE lin;
SELECT content, category, location_source, microblog_id, posted_at FROM kefu_bi.complaint_log WHERE ticket_id = :t;
SELECT state FROM kefu.triage(:m, 'complaint', category => 'broadband.fault');
SELECT machine, state FROM kefu.take(:t);
-- Step 2: what isn't a fact yet can't be said: no department, no acknowledgement (R110, R119).
SELECT kefu.advance('ticket', :t, 'acknowledge', '{"script": "complaint_acknowledge", "apology": "true", "thanks": "true"}');
SELECT kefu.advance('ticket', :t, 'acknowledge', '{"text": "收到", "department": "gd.network", "limit": "48小时", "apology": "true", "thanks": "true"}');
-- R108, R110, R119: acknowledged with apology, thanks, department and time limit.
SELECT state FROM kefu.acknowledge(:t, 'gd.network');
SELECT * FROM pg_temp.taken();
-- R111: the private message asks for consent and says for what; never in public.
SELECT state FROM kefu.ask_contact(:t);
SELECT * FROM pg_temp.taken();
-- R109, R113, R120: the department gets a work order; its limits lie within the 48 hours.
SET LOCAL kefu.test_now = '2026-03-02 09:05+08';
SELECT state FROM kefu.refer(:t, 'gd.network', 'broadband.fault');
SELECT * FROM pg_temp.stands(:t);
SELECT * FROM pg_temp.order_stands(:t);
-- The ticket can't be answered or closed over the open order (I3).
SELECT kefu.answer(:t, '已处理,请问是否满意?');
SELECT kefu.archive(:t);
SELECT pg_temp.order_of(:t) AS o \gset
-- Who makes an order doesn't review it away: operators don't (R113).
SELECT kefu.order_event(:o, 'review');
SET LOCAL ROLE chen;
SELECT state FROM kefu.order_event(:o, 'review');
SELECT state FROM kefu.order_event(:o, 'dispatch', '{"department": "gd.network"}');
-- Another department sees nothing of it.
SET LOCAL ROLE sun;
SELECT kefu.order_event(:o, 'receive');
SET LOCAL ROLE wang;
SELECT state FROM kefu.order_event(:o, 'receive');
-- First return, for a listed reason only (ruling 20): back to the desk, the limit runs on.
SELECT kefu.order_event(:o, 'bounce', '{"reason": "busy"}');
SELECT state FROM kefu.order_event(:o, 'bounce', '{"reason": "not_ours"}');
SET LOCAL ROLE lin;
SELECT * FROM pg_temp.order_stands(:t);
SELECT state FROM kefu.order_event(:o, 'dispatch', '{"department": "gd.market"}');
SET LOCAL ROLE sun;
SELECT state FROM kefu.order_event(:o, 'receive');
-- Second return: the shift leader decides whose it is.
SELECT state FROM kefu.order_event(:o, 'bounce', '{"reason": "not_ours"}');
SET LOCAL ROLE lin;
SELECT kefu.order_event(:o, 'dispatch', '{"department": "gd.network", "reason": "again"}');
SET LOCAL ROLE zhao;
SELECT state FROM kefu.order_event(:o, 'dispatch', '{"department": "gd.network", "reason": "their fibre"}');
SELECT * FROM pg_temp.order_stands(:t);
SET LOCAL ROLE wang;
SELECT state FROM kefu.order_event(:o, 'receive');
SELECT state FROM kefu.order_event(:o, 'accept');
-- In words, at this moment: who waits for whom, and what is next.
SET LOCAL ROLE lin;
SELECT regexp_replace(kefu.explain(:t, 'en'), '(complaint|order) \d+', '\1 N', 'g') AS explain;
SELECT regexp_replace(kefu.explain(:t, 'zh'), '(投诉 |投诉单)\d+', '\1N', 'g') AS explain;
-- R15: a key node; the desk is told and tells the customer.
SET LOCAL ROLE wang;
SELECT state FROM kefu.order_event(:o, 'progress', '{"text": "工程师今天14点上门"}');
SET LOCAL ROLE lin;
SELECT state FROM kefu.tell_progress(:t, '您好,工程师今天14点上门检修。');
SELECT * FROM pg_temp.taken();
-- The customer wants a later day: proof and end, and only then the clocks pause.
SET LOCAL kefu.test_now = '2026-03-02 13:00+08';
SET LOCAL ROLE wang;
SELECT kefu.order_event(:o, 'suspend', '{"until": "2026-03-03 09:00+08"}');
SELECT state FROM kefu.order_event(:o, 'suspend', '{"until": "2026-03-03 09:00+08", "evidence": "message 12"}');
SELECT * FROM pg_temp.order_stands(:t);
-- The end comes by the clock; both limits are 20 hours later, the customer's is not.
SET LOCAL kefu.test_now = '2026-03-03 09:00+08';
RESET ROLE;
SELECT fired > 0 AS fired FROM kefu.tick();
SELECT * FROM pg_temp.order_stands(:t);
SELECT running FROM pg_temp.stands(:t);
-- The result: reviewed twice, and never by who handled it (R113, R120, R121).
SET LOCAL ROLE wang;
SELECT kefu.order_event(:o, 'return', '{"solution": "重启"}');
SELECT state FROM kefu.order_event(:o, 'return', '{"solution": "已重启设备", "result": "已恢复"}');
SELECT kefu.order_event(:o, 'review_result');
SET LOCAL ROLE chen;
SELECT state FROM kefu.order_event(:o, 'review_result');
-- Not qualified: back for rework; a second time the shift leader decides.
SELECT state FROM kefu.order_event(:o, 'unqualified', '{"reason": "no cause named"}');
SET LOCAL ROLE wang;
SELECT state FROM kefu.order_event(:o, 'return', '{"solution": "再次重启", "result": "已恢复"}');
SET LOCAL ROLE chen;
SELECT state FROM kefu.order_event(:o, 'review_result');
SELECT state FROM kefu.order_event(:o, 'unqualified', '{"reason": "still none"}');
SET LOCAL ROLE zhao;
SELECT * FROM pg_temp.order_stands(:t);
SELECT state FROM kefu.order_event(:o, 'rework', '{"reason": "name the cause"}');
SET LOCAL ROLE wang;
SELECT state FROM kefu.order_event(:o, 'return', '{"solution": "更换光缆接头", "result": "已恢复"}');
SET LOCAL ROLE chen;
SELECT state FROM kefu.order_event(:o, 'review_result');
SELECT state FROM kefu.order_event(:o, 'qualified');
SELECT state, unit FROM pg_temp.stands(:t);
-- R114, R122: the answer goes in private and asks whether the customer is satisfied.
SET LOCAL kefu.test_now = '2026-03-03 10:00+08';
SET LOCAL ROLE lin;
SELECT state FROM kefu.answer(:t, '您好,线路接头已更换,网络已恢复,请问您对处理结果是否满意?');
SELECT * FROM pg_temp.taken();
SELECT * FROM pg_temp.stands(:t);
-- R115: dissatisfied, on the other platform's way too: round 2 with its own 48 hours
-- from that message (ruling 25), and the same order with the further need.
SET LOCAL kefu.test_now = '2026-03-03 20:30+08';
SELECT pg_temp.says('501', '又断了,还是不行', '2026-03-03 20:00+08', action => 'messages') AS m2 \gset
SELECT state, running FROM pg_temp.stands(:t);
SELECT state FROM kefu.attach(:m2, :t, 'objection');
SELECT * FROM pg_temp.stands(:t);
SELECT kefu.refer(:t, 'gd.network', 'broadband.fault');
SELECT state FROM kefu.refer(:t, 'gd.network', 'broadband.fault', further_need => '又断了');
SELECT * FROM pg_temp.order_stands(:t);
-- A chaser: counted, the order too, answered by a task of its own.
SELECT pg_temp.says('501', '到底修不修', '2026-03-03 20:29+08', action => 'messages') AS m3 \gset
SELECT state FROM kefu.attach(:m3, :t, 'chaser');
SELECT * FROM pg_temp.stands(:t);
SELECT urges, state FROM pg_temp.order_stands(:t);
SET LOCAL ROLE chen;
SELECT state FROM kefu.order_event(:o, 'dispatch', '{"department": "gd.network"}');
SET LOCAL ROLE wang;
SELECT state FROM kefu.order_event(:o, 'receive');
SELECT state FROM kefu.order_event(:o, 'accept');
SELECT state FROM kefu.order_event(:o, 'return', '{"solution": "更换整段光缆", "result": "已恢复"}');
SET LOCAL ROLE chen;
SELECT state FROM kefu.order_event(:o, 'review_result');
SELECT state FROM kefu.order_event(:o, 'qualified');
SET LOCAL ROLE lin;
SELECT state FROM kefu.answer(:t, '您好,整段光缆已更换,请问您是否满意?');
SELECT count(*) FROM pg_temp.taken();
-- The second dissatisfaction goes to the shift leader, the third to Group (ruling 25).
SET LOCAL kefu.test_now = '2026-03-04 09:00+08';
SELECT state FROM kefu.dissatisfied(:t, '速度太慢');
SELECT state, round, tasks FROM pg_temp.stands(:t);
SELECT state FROM kefu.answer(:t, '您好,已为您免费提速,请问您是否满意?');
SELECT count(*) FROM pg_temp.taken();
SELECT state FROM kefu.dissatisfied(:t, '要赔偿');
SELECT state, round, tasks FROM pg_temp.stands(:t);
SELECT state FROM kefu.answer(:t, '您好,已按规定为您减免三天费用,请问您是否满意?');
SELECT count(*) FROM pg_temp.taken();
SELECT state FROM kefu.satisfied(:t);
SELECT * FROM pg_temp.stands(:t);
-- R123: the processed mark comes by the clock after seven days, if the record is complete.
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-11 09:00:00+08';
SELECT FROM kefu.tick();
SELECT state, running FROM pg_temp.stands(:t);
SELECT * FROM pg_temp.kept(:t);
-- Where the time went; the sum is the whole.
SELECT nobody_minutes, desk_minutes, department_minutes, hotline_minutes, customer_minutes, unseen_minutes,
       total_minutes = extract(epoch FROM '2026-03-04 09:00+08'::timestamptz - '2026-03-02 08:50+08') / 60 AS is_whole
  FROM kefu_bi.time_split WHERE ticket_id = :t;

-- --- the other routes (R106) --------------------------------------------------------
SET LOCAL kefu.test_now = '2026-03-12 09:00+08';
-- Answered at once: one call records and acknowledges it too (R96, R118, ruling 27).
SELECT pg_temp.says('502', '投诉营业厅态度差', '2026-03-12 08:55+08') AS m4 \gset
SELECT pg_temp.ticket_of(:m4) AS t4 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:m4, 'complaint', category => 'service.attitude');
SELECT state FROM kefu.answer(:t4, '非常抱歉,感谢您的反馈,当班人员已道歉并接受培训,请问您是否满意?');
SELECT count(*) FROM pg_temp.taken();
SELECT * FROM pg_temp.kept(:t4);
-- No reaction for 72 hours: resolved by the clock, counted as no reply (ruling 14).
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-15 08:59:59+08';
SELECT FROM kefu.tick();
SELECT state, satisfaction FROM pg_temp.stands(:t4);
SET LOCAL kefu.test_now = '2026-03-15 09:00:00+08';
SELECT FROM kefu.tick();
SELECT state, satisfaction FROM pg_temp.stands(:t4);
-- Writing again within 30 days reopens it; the promise starts at that message (ruling 19).
SET LOCAL kefu.test_now = '2026-03-16 10:00+08';
SELECT pg_temp.says('502', '态度还是差', '2026-03-16 09:30+08', action => 'messages') AS m5 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.attach(:m5, :t4, 'objection');
SELECT * FROM pg_temp.stands(:t4);
-- A grumble nobody can solve: 10000 calls and advises; a call missed is tried again.
SELECT pg_temp.says('503', '投诉资费太贵', '2026-03-16 09:50+08') AS m6 \gset
SELECT pg_temp.ticket_of(:m6) AS t6 \gset
SELECT state FROM kefu.triage(:m6, 'complaint', category => 'fee');
SELECT state FROM kefu.call_back(:t6);
SELECT * FROM pg_temp.taken();
SELECT state, running, tasks FROM pg_temp.stands(:t6);
SET LOCAL ROLE tan;
SELECT state FROM kefu.call_missed(:t6, 'no_answer');
SELECT state, running, tasks FROM pg_temp.stands(:t6);
SET LOCAL ROLE lin;
SELECT split_part(kefu.explain(:t6, 'en'), E'\n', 2) AS waits;
SET LOCAL ROLE tan;
SELECT state FROM kefu.called(:t6, 'advised');
SELECT state, running, tasks FROM pg_temp.stands(:t6);
SET LOCAL ROLE lin;
SELECT split_part(kefu.explain(:t6, 'en'), E'\n', 2) AS waits;
SELECT state FROM kefu.answer(:t6, '您好,已向您推荐更合适的套餐,请问您是否满意?');
SELECT count(*) FROM pg_temp.taken();
-- The same person and matter within 30 days: linked, the earlier handler first (ruling 19).
SELECT state FROM kefu.take(:t6);
SELECT state FROM kefu.satisfied(:t6);
SET LOCAL kefu.test_now = '2026-03-20 10:00+08';
SELECT pg_temp.says('503', '投诉资费', '2026-03-20 09:50+08') AS m7 \gset
SELECT pg_temp.ticket_of(:m7) AS t7 \gset
RESET ROLE;
SELECT t.repeat_of = :t6 AS is_repeat, (SELECT s.login FROM kefu.staff s WHERE s.staff_id = t.handler) AS handler
  FROM kefu.ticket t WHERE t.ticket_id = :t7;
SET LOCAL kefu.test_now = '2026-04-20 10:00+08';
SELECT pg_temp.says('503', '投诉资费', '2026-04-20 09:51+08') AS m8 \gset
SELECT t.repeat_of FROM kefu.ticket t WHERE t.ticket_id = pg_temp.ticket_of(:m8);

-- --- the legal backstop (ruling 18): day 10, day 13, day 15 -----------------------------
SELECT pg_temp.says('504', '投诉乱扣费', '2026-05-01 10:00+08') AS m9 \gset
SELECT pg_temp.ticket_of(:m9) AS t9 \gset
SELECT l.level, to_char(c.due_at + l.offset_by, 'DD HH24:MI') AS fires, l.role
  FROM kefu.clock c JOIN kefu.clock_policy p USING (policy_id)
  JOIN kefu.clock_level l ON l.clock = p.clock AND l.unit = p.unit AND l.valid_from = p.valid_from
 WHERE c.object_type = 'ticket' AND c.object_id = :t9 AND c.clock = 'legal' ORDER BY l.level;

-- --- what must never be ------------------------------------------------------------------
SELECT * FROM pg_temp.broken WHERE what = 'audit' OR object_type = 'work_order' OR what IN ('I3', 'I4', 'I13', 'I14', 'I21');
ROLLBACK;
