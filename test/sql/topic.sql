-- topic: the same matter by several customers (R92, R116; rulings 5, 6; I10). The
-- desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE FUNCTION pg_temp.asks(author text, text text, at timestamptz, kind text DEFAULT 'inquiry',
                             category text DEFAULT 'broadband.fault', account text DEFAULT 'sina.gd') RETURNS bigint
    LANGUAGE plpgsql AS
$$
DECLARE
    message bigint := pg_temp.says(author, text, at, account => account);
BEGIN
    SET LOCAL ROLE lin;
    PERFORM kefu.triage(message, kind, category => category);
    RESET ROLE;
    RETURN message;
END $$;
CREATE FUNCTION pg_temp.topics() RETURNS TABLE (state text, messages integer, persons integer, platforms integer,
        needs_solution boolean, reached_by text, reached_at timestamptz, recounted boolean, running text)
    LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT t.state, t.messages_count, t.persons_count, t.platforms_count, t.needs_solution, t.reached_by,
           t.reached_at, t.is_recounted,
           (SELECT string_agg(format('%s %s', c.clock, to_char(c.due_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI')),
                              ', ' ORDER BY c.due_at)
              FROM kefu.clock c WHERE c.object_type = 'topic' AND c.object_id = t.topic_id AND c.stopped_at IS NULL)
      FROM kefu.topic t ORDER BY t.topic_id $$;
\set ECHO all

-- R92: one question of two persons is no duty yet; another matter is another.
SELECT pg_temp.asks('701', '宽带断网两天了,怎么没人管', '2026-03-02 08:00+08') AS a1,
       pg_temp.asks('702', '请问话费发票在哪里开', '2026-03-02 08:01+08', category => 'fee') AS a2,
       pg_temp.asks('703', '家里宽带断网2天了怎么没人管啊', '2026-03-02 08:02+08') AS a3 \gset
SELECT kefu.assign_topics();
SELECT * FROM pg_temp.topics();
SELECT why, similarity FROM kefu.topic_message ORDER BY message_id;
-- The third person within a day, makes it one.
SELECT pg_temp.asks('704', '宽带断网好几天,没人管', '2026-03-02 08:45+08') AS a4 \gset
SELECT kefu.assign_topics();
SELECT * FROM pg_temp.topics();
SELECT topic_id AS t1 FROM kefu.topic \gset
-- What is due is the decision, on the worklist with its promise.
SET LOCAL ROLE lin;
SELECT machine, state, why, text FROM kefu.worklist('gd') WHERE object_type = 'topic';
SELECT kefu.answer_topic(:t1);
SELECT kefu.draft_topic(:t1);
SELECT state FROM kefu.decide_topic(:t1, 'maybe');
SELECT state FROM kefu.decide_topic(:t1, 'announce');
SELECT state FROM kefu.solve_topic(:t1, '广州天河片区光缆已于3月2日修复。');
SELECT kefu.draft_topic(:t1);
SELECT state FROM kefu.publish_topic(:t1, 'sina.qh', '88001', 'https://weibo.example/88001');
SELECT state FROM kefu.publish_topic(:t1, 'sina.gd', '88001', 'https://weibo.example/88001');
-- One call answers all who asked; called again, nobody twice.
SELECT state, problem FROM kefu.answer_topic(:t1);
SELECT channel, action, said FROM pg_temp.taken();
SELECT count(*) FROM kefu.answer_topic(:t1);
RESET ROLE;
-- A later message of the matter gets the link as the suggested answer; no second duty.
SELECT pg_temp.says('705', '宽带断网两天了,有人管吗', '2026-03-02 09:00+08') AS a5 \gset
SET LOCAL ROLE lin;
SELECT target, value FROM kefu.suggest(:a5) WHERE target = 'answer';
SELECT state FROM kefu.triage(:a5, 'inquiry', category => 'broadband.fault');
RESET ROLE;
SELECT kefu.assign_topics();
SELECT * FROM pg_temp.topics();
SET LOCAL ROLE lin;
SELECT state FROM kefu.revise_topic(:t1, '修复时间有误');
SELECT kefu.waive_topic(:t1, '不再需要');
SET LOCAL ROLE far;
SELECT kefu.decide_topic(:t1, 'wait');
SELECT kefu.draft_topic(:t1);
SELECT count(*) FROM kefu_bi.topics;
SET LOCAL ROLE zhao;
SELECT state FROM kefu.waive_topic(:t1, '不再需要');
SELECT state_label_zh, persons_count, reached_by_label_zh, link FROM kefu_bi.topics;
RESET ROLE;

-- R116: complaints need 3 customers in 7 days, and a solution before the post; a
-- person on two platforms is one person and two platforms (ruling 5).
SELECT pg_temp.asks('711', '手机信号一格都没有打不了电话', '2026-03-02 08:10+08', 'complaint', 'signal') AS b1,
       pg_temp.asks('711', '手机信号一格都没有,打不了电话!', '2026-03-02 08:11+08', 'complaint', 'signal', 'tencent.gd') AS b2 \gset
SELECT kefu.assign_topics();
SELECT state, messages, persons, platforms, needs_solution, reached_by FROM pg_temp.topics() OFFSET 1;
SET LOCAL kefu.test_now = '2026-03-09 08:20+08';
SELECT pg_temp.asks('713', '手机信号一格都没有打不了电话啊', '2026-03-09 08:10+08', 'complaint', 'signal') AS b3 \gset
SELECT kefu.assign_topics();
SELECT state, messages, persons, platforms, needs_solution, reached_by, reached_at FROM pg_temp.topics() OFFSET 1;
-- The same number on both platforms was two persons; merged, they are one, and the
-- duty that was raised stays, marked (ruling 6).
SELECT i.person_id AS p2 FROM kefu.message g JOIN kefu.identity i USING (identity_id) WHERE g.message_id = :b2 \gset
SELECT i.person_id AS p1 FROM kefu.message g JOIN kefu.identity i USING (identity_id) WHERE g.message_id = :b1 \gset
SET LOCAL ROLE zhao;
SELECT kefu.merge_person(:p2, :p1, '同一用户') = :p1 AS merged;
RESET ROLE;
SELECT kefu.assign_topics();
SELECT state, messages, persons, platforms, reached_by, recounted FROM pg_temp.topics() OFFSET 1;
SELECT topic_id AS t2 FROM kefu.topic WHERE category = 'signal' \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.publish_topic(:t2, 'sina.gd', '88002', 'https://weibo.example/88002');
SELECT state FROM kefu.decide_topic(:t2, 'wait');
SELECT state FROM kefu.solve_topic(:t2, '基站已于3月9日扩容。');
SELECT kefu.draft_topic(:t2);
RESET ROLE;
SELECT running FROM pg_temp.topics() OFFSET 1;

-- I10 sees a duty nobody was told of, and a message nobody compared.
SELECT count(*) FROM kefu.find_unraised_topic();
SELECT pg_temp.asks('721', '积分兑换页面打不开怎么办', '2026-03-09 08:10+08', category => 'business') AS c1 \gset
SET LOCAL kefu.test_now = '2026-03-09 08:40+08';
SELECT object_type, detail FROM kefu_bi.invariants WHERE invariant = 'I10';
SELECT kefu.assign_topics();
-- A window that passes without a threshold closes the topic.
SELECT pg_temp.asks('722', '积分兑换页面打不开', '2026-03-09 08:12+08', category => 'business') AS c2 \gset
SELECT kefu.assign_topics();
SELECT state, running FROM pg_temp.topics() OFFSET 2;
SET LOCAL kefu.test_now = '2026-03-16 08:41+08';
SELECT FROM kefu.tick();
SELECT state, running FROM pg_temp.topics() OFFSET 2;

-- Two topics of two persons each are no duty; merged, they are, and at once.
SELECT pg_temp.asks('731', '路由器指示灯红了上不了网', '2026-03-16 08:10+08', category => 'other') AS d1,
       pg_temp.asks('732', '路由器指示灯红了,上不了网', '2026-03-16 08:11+08', category => 'other') AS d2,
       pg_temp.asks('733', '光猫闪红灯登不上', '2026-03-16 08:12+08', category => 'other') AS d3,
       pg_temp.asks('734', '光猫闪红灯,登不上', '2026-03-16 08:13+08', category => 'other') AS d4 \gset
SELECT kefu.assign_topics();
SELECT state, messages, persons, reached_by FROM pg_temp.topics() OFFSET 3;
SELECT x.topic_id AS t4 FROM kefu.topic_message x WHERE x.message_id = :d2 \gset
SELECT x.topic_id AS t5 FROM kefu.topic_message x WHERE x.message_id = :d4 \gset
SET LOCAL ROLE lin;
SELECT kefu.merge_topic(:t5, :t5);
SELECT state FROM kefu.merge_topic(:t5, :t4);
RESET ROLE;
SELECT state, messages, persons, reached_by, reached_at, recounted, running FROM pg_temp.topics() OFFSET 3;
SELECT detail FROM kefu_bi.invariants WHERE invariant = 'I10';
-- What is due already stays what it is.
SELECT pg_temp.asks('735', '机顶盒没有画面怎么办', '2026-03-16 08:20+08', category => 'fee') AS d5,
       pg_temp.asks('736', '机顶盒没有画面,怎么办', '2026-03-16 08:21+08', category => 'fee') AS d6 \gset
SELECT kefu.assign_topics();
SELECT x.topic_id AS t6 FROM kefu.topic_message x WHERE x.message_id = :d6 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.merge_topic(:t6, :t4);
RESET ROLE;
SELECT state, messages, persons, reached_by, reached_at, recounted FROM pg_temp.topics() OFFSET 3;

-- Three persons in three days are no duty while they inquire (R92); once one of
-- them complains they are (R116).
SET LOCAL kefu.test_now = '2026-03-18 09:00+08';
SELECT pg_temp.asks('741', '国际漫游到了国外没有信号', '2026-03-16 07:00+08', category => 'signal.roaming') AS e1,
       pg_temp.asks('742', '国际漫游到了国外,没有信号', '2026-03-17 08:00+08', category => 'signal.roaming') AS e2,
       pg_temp.asks('743', '国际漫游到了国外没有信号啊', '2026-03-18 08:55+08', category => 'signal.roaming') AS e3 \gset
SELECT kefu.assign_topics();
SELECT state, persons, needs_solution, reached_by FROM pg_temp.topics() OFFSET 6;
SET LOCAL ROLE lin;
SELECT state FROM kefu.reclassify(pg_temp.ticket_of(:e2), 'complaint', '客户要求投诉');
RESET ROLE;
-- Till the job has counted, for ten minutes, nobody has failed to.
SELECT count(*) FROM kefu.find_unraised_topic();
SET LOCAL kefu.test_now = '2026-03-18 09:11+08';
SELECT detail FROM kefu.find_unraised_topic();
SELECT kefu.assign_topics();
SELECT state, persons, needs_solution, reached_by, reached_at, recounted FROM pg_temp.topics() OFFSET 6;
SELECT count(*) FROM kefu.find_unraised_topic();

-- A message taken out of its ticket counts no more, and again when it is triaged.
SELECT pg_temp.asks('751', '补卡排队两小时没人管', '2026-03-18 08:30+08', 'complaint', 'service') AS f1,
       pg_temp.says('753', '补卡排队两小时没人管啊', '2026-03-18 08:32+08', 'tencent.gd') AS f3 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.attach(:f3, pg_temp.ticket_of(:f1), 'other');
RESET ROLE;
SELECT kefu.assign_topics();
SELECT state, persons, platforms, reached_by, recounted FROM pg_temp.topics() OFFSET 7;
SET LOCAL ROLE lin;
SELECT state FROM kefu.detach(:f3, '不是同一用户');
RESET ROLE;
SELECT pg_temp.asks('752', '补卡排队两小时没人管!', '2026-03-18 08:31+08', 'complaint', 'service') AS f2 \gset
SELECT kefu.assign_topics();
SELECT state, persons, platforms, reached_by, recounted FROM pg_temp.topics() OFFSET 7;
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:f3, 'complaint', category => 'service');
RESET ROLE;
SELECT kefu.assign_topics();
SELECT state, persons, platforms, reached_by, recounted FROM pg_temp.topics() OFFSET 7;

-- A threshold that is lowered from an instant on: what forms is counted anew once it holds, and
-- only once.
SELECT pg_temp.asks('761', '营业厅周末几点关门', '2026-03-18 08:40+08', category => 'service') AS g1,
       pg_temp.asks('762', '营业厅周末几点关门啊', '2026-03-18 08:41+08', category => 'service') AS g2 \gset
SELECT kefu.assign_topics();
SELECT state, persons, reached_by FROM pg_temp.topics() OFFSET 8;
INSERT INTO kefu.topic_threshold (kind, measure, valid_from, at_least, period, counted, rulebook)
VALUES ('inquiry', 'persons', '2026-03-18 09:20+08', 2, 'day', 'rolling', 'R92');
SELECT kefu.assign_topics();
SET LOCAL kefu.test_now = '2026-03-18 09:20+08';
SELECT kefu.assign_topics() > 0 AS counted;
SELECT state, persons, reached_by, reached_at, recounted FROM pg_temp.topics() OFFSET 8;
SELECT kefu.assign_topics();
-- A department has no say in a topic: its solution comes back in a work order.
SET LOCAL ROLE sun;
SELECT kefu.solve_topic(:t4, '周末营业至20点');
RESET ROLE;
SELECT what, object_type FROM pg_temp.broken WHERE what IN ('audit', 'I10', 'I13', 'I21');
SET LOCAL ROLE lin;
SELECT kefu.assign_topics();
ROLLBACK;
