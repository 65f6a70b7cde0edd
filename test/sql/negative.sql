-- negative: section 4.5.3 of the rulebook and R82, R69, step by step (R81-R82,
-- R124-R131; rulings 12, 13, 25). The desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
\set ECHO all

-- R124, R125: a negative comment is never dismissed.
SELECT pg_temp.says('701', '垃圾', '2026-03-02 08:50+08', action => 'comments_to_me') AS m1 \gset
SELECT pg_temp.ticket_of(:m1) AS t1 \gset
SELECT * FROM pg_temp.stands(:t1);
SET LOCAL ROLE lin;
SELECT kefu.dismiss(:m1, 'noise');
SELECT state FROM kefu.triage(:m1, 'negative');

-- Result 2 (R127): too vague; the reply asks why, the private message for cause,
-- name and contact.
SELECT kefu.advance('ticket', :t1, 'judge', '{"judgement": "real", "script": "negative_ask"}');
SELECT state FROM kefu.judge(:t1, 'vague');
SELECT * FROM pg_temp.taken();
SELECT * FROM pg_temp.stands(:t1);
-- R128: the cause becomes clear 10 hours later; the complaint's promises start at
-- the message that made it known (ruling 25).
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-02 19:10+08';
SELECT pg_temp.says('701', '装宽带等了半个月', '2026-03-02 19:00+08', action => 'messages') AS m2 \gset
SELECT state, running FROM pg_temp.stands(:t1);
SET LOCAL ROLE lin;
SELECT state FROM kefu.attach(:m2, :t1, 'cause');
SELECT * FROM pg_temp.stands(:t1);
RESET ROLE;
SELECT posted_at, round_posted_at, first_kind FROM kefu.ticket WHERE ticket_id = :t1;
SET LOCAL ROLE lin;
SELECT content, microblog_id, posted_at FROM kefu_bi.complaint_log WHERE ticket_id = :t1;

-- R129: asked and both ways ignored for 48 hours: a grumble; told of other ways in
-- private, by the clock.
SET LOCAL kefu.test_now = '2026-03-03 09:00+08';
SELECT pg_temp.says('702', '太烂了', '2026-03-03 08:50+08') AS m3 \gset
SELECT pg_temp.ticket_of(:m3) AS t3 \gset
SELECT state FROM kefu.triage(:m3, 'negative');
SELECT state FROM kefu.judge(:t3, 'vague');
SELECT count(*) FROM pg_temp.taken();
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-05 08:59:59+08';
SELECT FROM kefu.tick();
SELECT state FROM pg_temp.stands(:t3);
SET LOCAL kefu.test_now = '2026-03-05 09:00:00+08';
SELECT FROM kefu.tick();
SELECT * FROM pg_temp.stands(:t3);
SELECT * FROM pg_temp.taken();
-- A word after that reopens it within 30 days.
SET LOCAL ROLE lin;
SELECT state FROM kefu.reopen(:t3, '还是烂');
SELECT state, round, running FROM pg_temp.stands(:t3);

-- Result 3 (R130): malicious; shelved only after it was asked (I15).
SET LOCAL kefu.test_now = '2026-03-06 09:00+08';
SELECT pg_temp.says('703', '电信都是骗子', '2026-03-06 08:50+08') AS m4 \gset
SELECT pg_temp.ticket_of(:m4) AS t4 \gset
SELECT state FROM kefu.triage(:m4, 'negative');
SELECT kefu.advance('ticket', :t4, 'no_result', '{"reason": "known slanderer"}');
SELECT kefu.advance('ticket', :t4, 'silence');
SELECT state FROM kefu.judge(:t4, 'malicious');
SELECT count(*) FROM pg_temp.taken();
SELECT state FROM kefu.no_result(:t4, 'answered with more slander');
SELECT * FROM pg_temp.stands(:t4);
-- R131: reporting the user to the platform is a task, not an end.
SELECT state FROM kefu.report_user(:t4, 'vulgar', 'screenshot 17');
SELECT state, tasks FROM pg_temp.stands(:t4);

-- A vague angry comment by somebody whose complaint is open on another platform.
SELECT pg_temp.says('704', '宽带断网,投诉', '2026-03-06 08:40+08', account => 'tencent.gd') AS m5,
       pg_temp.says('804', '垃圾电信', '2026-03-06 08:55+08', action => 'comments_to_me') AS m6 \gset
SELECT pg_temp.ticket_of(:m5) AS t5, pg_temp.ticket_of(:m6) AS t6 \gset
SELECT state FROM kefu.triage(:m5, 'complaint', category => 'broadband.fault');
SELECT state FROM kefu.triage(:m6, 'negative');
SELECT state FROM kefu.convert(:t6, :t5, 'same person, told by phone');
SELECT state, tasks FROM pg_temp.stands(:t6);
SELECT state, running FROM pg_temp.stands(:t5);
RESET ROLE;
SELECT merged_into = :t5 AS goes_on_there FROM kefu.ticket WHERE ticket_id = :t6;

-- --- R82: abuse is removed and reported -----------------------------------------------
SELECT pg_temp.says('705', '你们全家去死', '2026-03-06 08:56+08', action => 'comments_to_me') AS m7,
       pg_temp.says('706', '去死,投诉你们乱扣费', '2026-03-06 08:57+08', action => 'comments_to_me') AS m8,
       pg_temp.says('704', '滚', '2026-03-06 08:58+08', account => 'tencent.gd', action => 'comments_to_me') AS m9 \gset
SELECT pg_temp.ticket_of(:m7) AS t7 \gset
SET LOCAL ROLE lin;
-- Evidence first.
SELECT kefu.remove_message(:m7, 'abuse', NULL);
-- No rule finds a grievance in the first; the second has one, the third's author an open
-- complaint: a leader decides, and never the one who asked (ruling 12).
RESET ROLE;
SELECT message_id = :m7 AS plain_abuse, suggested_kind FROM kefu.message WHERE message_id IN (:m7, :m8) ORDER BY message_id;
SET LOCAL ROLE lin;
SELECT state FROM kefu.remove_message(:m7, 'abuse', 'screenshot 21');
SELECT state FROM kefu.remove_message(:m8, 'abuse', 'screenshot 22');
SELECT state FROM kefu.remove_message(:m9, 'abuse', 'screenshot 23');
SELECT kefu.approve_removal(:m8);
SET LOCAL ROLE zhao;
SELECT state FROM kefu.refuse_removal(:m8, 'there is a grievance in it');
SELECT state FROM kefu.approve_removal(:m9);
SELECT kefu.remove_message(:m8, 'abuse', 'screenshot 24');
SELECT kefu.approve_removal(:m8);
SET LOCAL ROLE he;
SELECT kefu.approve_removal(:m8);
RESET ROLE;
SELECT o.action, o.parent_id = g.native_id AS of_it FROM kefu.outbound o JOIN kefu.message g ON g.native_id = o.parent_id
 WHERE o.action = 'delete_comment' ORDER BY o.outbound_id;
SELECT cause, unit FROM kefu.task WHERE message_id IN (:m7, :m8, :m9) ORDER BY task_id;
SELECT state FROM pg_temp.stands(:t7);
-- Already a ticket's: the ticket lives on without the words.
SELECT pg_temp.says('707', '投诉断网,一群畜生', '2026-03-06 08:59+08', action => 'comments_to_me') AS m10 \gset
SELECT pg_temp.ticket_of(:m10) AS t10 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:m10, 'complaint', category => 'broadband.fault');
SELECT kefu.remove_message(:m10, 'abuse', 'screenshot 25');
RESET ROLE;
SELECT staff_id AS lin FROM kefu.staff WHERE login = 'lin' \gset
-- A leader alone doesn't, not even by naming somebody who never asked.
SET LOCAL ROLE zhao;
SELECT kefu.remove_message(:m10, 'abuse', 'screenshot 25');
SELECT kefu.advance('message', :m10, 'remove', jsonb_build_object('reason', 'abuse', 'evidence', 'screenshot 25', 'asked_by', :lin));
SET LOCAL ROLE lin;
SELECT state FROM kefu.ask_removal(:m10, 'abuse', 'screenshot 25');
SELECT outcome FROM kefu_bi.deletions WHERE message_id = :m10;
SET LOCAL ROLE zhao;
SELECT state FROM kefu.remove_message(:m10, 'abuse', 'screenshot 25');
SELECT state, running FROM pg_temp.stands(:t10);
-- What was removed, why, who asked, who approved, and whether evidence is there.
SELECT outcome_label_zh, unit, reason, asked_by_name, decided_by_name, has_evidence, deletion_state FROM kefu_bi.deletions ORDER BY message_id;
SET LOCAL ROLE far;
SELECT count(*) FROM kefu_bi.deletions;
RESET ROLE;
-- They are what the whole trail says, though only messages with evidence are looked at; erased evidence leaves a mark.
SAVEPOINT trail;
SELECT person_id AS p7 FROM kefu.message WHERE message_id = :m7 \gset
SELECT pg_temp.says('714', '去死,投诉你们乱扣费', '2026-03-06 08:59:30+08', action => 'comments_to_me') AS m14,
       pg_temp.says('715', '滚,投诉你们断网', '2026-03-06 08:59:40+08', action => 'comments_to_me') AS m15 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.remove_message(:m14, 'abuse', 'screenshot 31');
SELECT state FROM kefu.remove_message(:m15, 'abuse', 'screenshot 32');
SET LOCAL ROLE zhao;
SELECT state FROM kefu.refuse_removal(:m15, 'there is a grievance in it');
SELECT id AS e FROM kefu.request_erasure(:p7) \gset
RESET ROLE;
CREATE ROLE gdboss; GRANT kefu_admin TO gdboss;
SELECT kefu.add_staff('gdboss', 'gd', '管'), kefu.grant_role('gdboss', 'gd', 'admin') \g /dev/null
SET LOCAL kefu.test_now = '2026-10-08 09:00+08';
SET LOCAL ROLE gdboss;
SELECT state FROM kefu.erase_person(:e, '本人来电');
RESET ROLE;
SELECT evidence FROM kefu.message WHERE message_id = :m7;
CREATE TEMP VIEW trail AS
SELECT a.object_id AS message_id, a.staff_id AS asked_by, a.at AS asked_at, d.staff_id AS decided_by, d.at AS decided_at
  FROM (SELECT DISTINCT ON (e.object_id) e.* FROM kefu.audit_event e
         WHERE e.object_type = 'message' AND (e.event = 'ask_removal' OR (e.event = 'remove' AND e.from_state = 'new'))
         ORDER BY e.object_id, e.seq DESC) AS a
  LEFT JOIN (SELECT DISTINCT ON (e.object_id) e.* FROM kefu.audit_event e
              WHERE e.object_type = 'message' AND (e.event IN ('approve', 'refuse') OR (e.event = 'remove' AND e.to_state = 'removed'))
              ORDER BY e.object_id, e.seq DESC) AS d USING (object_id);
SELECT outcome, count(*), count(reason) AS reasons FROM kefu_bi.deletions GROUP BY outcome ORDER BY 1;
SELECT count(*) AS asked, count(decided_at) AS decided FROM trail;
TABLE trail EXCEPT ALL SELECT message_id, asked_by, asked_at, decided_by, decided_at FROM kefu_bi.deletions;
SELECT message_id, asked_by, asked_at, decided_by, decided_at FROM kefu_bi.deletions EXCEPT ALL TABLE trail;
ROLLBACK TO trail;

-- --- R69: praise is thanked with the fixed phrase ------------------------------------------
SELECT pg_temp.says('708', '客服态度很好,谢谢', '2026-03-06 08:30+08') AS m11 \gset
SELECT pg_temp.ticket_of(:m11) AS t11 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:m11, 'praise');
SELECT kefu.advance('ticket', :t11, 'thank', '{"text": "谢谢您", "thanks": "true"}');
SELECT state FROM kefu.thank(:t11);
SELECT * FROM pg_temp.taken();
SELECT * FROM pg_temp.stands(:t11);

RESET ROLE;
SELECT kefu.assign_topics() > 0 AS compared;
SELECT * FROM pg_temp.broken WHERE what NOT IN ('I19', 'I2');
ROLLBACK;
