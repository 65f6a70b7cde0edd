-- opinion: what customers suggest (4.5.4: R132-R137; R8, R81; rulings 5, 15, 21). The
-- desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE FUNCTION pg_temp.opinion_of(message bigint) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER AS
$$ SELECT o.opinion_id FROM kefu.opinion o WHERE o.message_id = message $$;
CREATE FUNCTION pg_temp.stand() RETURNS TABLE (no bigint, state text, unit text, source text, item text, category text,
        department text, running text)
    LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT row_number() OVER (ORDER BY o.opinion_id), o.state, o.unit,
           CASE WHEN o.survey_id IS NULL THEN 'passive' ELSE 'active' END, o.item, o.category, o.department,
           (SELECT string_agg(format('%s %s', c.clock, to_char(c.due_at AT TIME ZONE 'Asia/Shanghai', 'DD HH24:MI')),
                              ', ' ORDER BY c.due_at)
              FROM kefu.clock c WHERE c.object_type = 'opinion' AND c.object_id = o.opinion_id AND c.stopped_at IS NULL)
      FROM kefu.opinion o ORDER BY o.opinion_id $$;
\set ECHO all

-- --- asking (R136: a product just released, or about to be developed) -----------------
SET LOCAL ROLE lin;
SELECT kefu.open_survey('gd', '您希望电视有什么新功能', 'whenever', 'iptv');
SELECT kefu.open_survey('gd', '您希望电视有什么新功能', 'planned', 'no.such');
SELECT kefu.open_survey('gd', ' ', 'planned', 'iptv');
SELECT kefu.open_survey('gd', '您希望电视有什么新功能', 'planned', 'iptv', open_until => '2026-03-02 09:00+08');
SELECT kefu.open_survey('qh', '您希望电视有什么新功能', 'planned', 'iptv');
SELECT kefu.open_survey('gd', '您希望电视有什么新功能', 'planned', 'iptv', '2026-03-02 08:00+08', '2026-03-03 08:00+08') AS v1 \gset
-- The post is published by hand and registered by account, id and address, on each platform.
SELECT kefu.place_survey(:v1, 'sina.qh', '77', NULL);
SELECT kefu.place_survey(:v1, 'sina.gd', '', NULL);
SELECT kefu.place_survey(:v1, 'sina.gd', '77', 'https://weibo.example/77');
SELECT kefu.place_survey(:v1, 'tencent.gd', '77', NULL);
SELECT kefu.place_survey(:v1, 'sina.gd', '77', 'https://weibo.example/77');
SET LOCAL ROLE far;
SELECT kefu.place_survey(:v1, 'sina.qh', '78', NULL);
SELECT kefu.close_survey(:v1);
SET LOCAL ROLE wang;
SELECT kefu.open_survey('gd.network', '网络问卷', 'released', 'mobile');
RESET ROLE;

-- --- collecting, actively (R136, R135) ---------------------------------------------------
SELECT pg_temp.says('801', '希望电视能回看一个月', '2026-03-02 08:40+08', action => 'comments_to_me') AS a1,
       pg_temp.says('802', '回看时间太短,能不能加到30天', '2026-03-02 08:41+08', 'tencent.gd', 'comments_to_me') AS a2,
       pg_temp.says('801', '电视回看希望延长到一个月!', '2026-03-02 08:42+08', 'tencent.gd', 'comments_to_me') AS a3 \gset
SET LOCAL ROLE lin;
SELECT target, value, label, score, regexp_replace(why, '[0-9]+', 'N') AS why FROM kefu.suggest(:a1)
 WHERE target = 'item' OR value = 'opinion';
-- What stands under the post is recorded by one call; its item is the survey's, and the
-- ticket that ingest opened for it is dropped.
SELECT state FROM kefu.triage(:a1, 'opinion');
SELECT state FROM kefu.triage(:a2, 'opinion', category => 'business');
SELECT kefu.triage(:a3, 'opinion', item => 'no.such');
SELECT state FROM kefu.triage(:a3, 'opinion');
SELECT * FROM pg_temp.stand();
SELECT state FROM pg_temp.stands(pg_temp.ticket_of(:a1));
-- R135: submitter, content, item, time; on record, and in the audit trail as ids.
RESET ROLE;
SELECT o.person_id = g.person_id AS submitter, o.posted_at, g.text AS content, o.item, e.event, e.staff_id IS NOT NULL AS by_person,
       (SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(e.facts) AS k) AS facts, e.detail_digest IS NULL AS no_words
  FROM kefu.opinion o JOIN kefu.message g USING (message_id)
  JOIN kefu.audit_event e ON e.object_type = 'opinion' AND e.object_id = o.opinion_id
 WHERE g.message_id = :a1;

-- --- collecting, passively (R137, R81; ruling 15) -----------------------------------------
SELECT pg_temp.says('803', '建议营业厅周末延长营业时间', '2026-03-02 08:50+08') AS p1,
       pg_temp.says('804', '宽带断网两天没人修,另外建议装机可以网上选时间,联系13900001234', '2026-03-02 08:51+08') AS p2,
       pg_temp.says('805', '请问流量怎么查?能不能在微博上直接查', '2026-03-02 08:52+08') AS p3,
       pg_temp.says('806', '路过', '2026-03-02 08:53+08') AS p4 \gset
SET LOCAL ROLE lin;
SELECT kefu.triage(:p1, 'opinion');
\set VERBOSITY sqlstate
SELECT kefu.record_opinion(:p1, 'service.shop');
\set VERBOSITY default
SELECT state FROM kefu.triage(:p1, 'opinion', item => 'service.shop');
SELECT kefu.triage(:p1, 'opinion', item => 'service.shop');
-- One message opens both a ticket and an opinion.
SELECT state FROM kefu.triage(:p2, 'complaint', category => 'broadband.fault', item => 'broadband');
SELECT kind, state FROM pg_temp.stands(pg_temp.ticket_of(:p2));
-- Or the opinion is recorded later; once.
SELECT state FROM kefu.triage(:p3, 'inquiry', category => 'business');
SELECT machine, state FROM kefu.record_opinion(:p3, 'service.online', request_key => 'k1');
SELECT machine, state FROM kefu.record_opinion(:p3, 'service.online', request_key => 'k1');
\set VERBOSITY sqlstate
SELECT kefu.record_opinion(:p3, 'service.online');
\set VERBOSITY default
SELECT state FROM kefu.dismiss(:p4, '无内容');
SELECT kefu.record_opinion(999999999, 'mobile');
-- Submitter, time and unit are the message's, whoever says otherwise.
\set VERBOSITY sqlstate
SELECT kefu.create_object('opinion', 'record', jsonb_build_object('unit', 'gd', 'content', :p4, 'person', 1,
       'posted_at', '2026-03-02 08:53+08', 'item', 'mobile'));
SELECT kefu.create_object('opinion', 'record', jsonb_build_object('unit', 'gd.market', 'content', :p4, 'person', 1,
       'posted_at', '2026-03-02 08:53+08', 'item', 'mobile'));
\set VERBOSITY default
SELECT state FROM kefu.triage(pg_temp.says('807', '建议多一些话费优惠', '2026-03-02 08:54+08'), 'opinion', item => 'mobile');
SELECT * FROM pg_temp.stand();
RESET ROLE;
SELECT pg_temp.opinion_of(:a1) AS o1, pg_temp.opinion_of(:a2) AS o2, pg_temp.opinion_of(:a3) AS o3, pg_temp.opinion_of(:p1) AS o4,
       pg_temp.opinion_of(:p2) AS o5, pg_temp.opinion_of(:p3) AS o6, max(opinion_id) AS o7 FROM kefu.opinion \gset

-- --- screening (R134), into a collective opinion (R133) --------------------------------------
SET LOCAL ROLE lin;
SELECT kefu.screen_opinion(:o1);
SELECT kefu.screen_opinion(:o1, 'no.such');
SELECT state FROM kefu.screen_opinion(:o1, 'business', summary => '回看延长到30天');
SELECT kefu.screen_opinion(:o1, 'business');
SELECT kefu.merge_opinion(:o1, :o1);
SELECT state FROM kefu.merge_opinion(:o2, :o1);
SELECT kefu.merge_opinion(:o1, :o2);
SELECT kefu.merge_opinion(:o1, 999999999);
SELECT state FROM kefu.screen_opinion(:o3, 'business');
SELECT state FROM kefu.merge_opinion(:o3, :o1);
SELECT kefu.discard_opinion(:o7, '');
SELECT state FROM kefu.discard_opinion(:o7, '无具体内容');
-- Three times put forward, by three identities: three persons on two platforms, as far as
-- is known.
SELECT submissions_count, persons_count, is_collective, source_label_zh FROM kefu_bi.opinions WHERE opinion_id = :o1;
-- The one who wrote on both platforms turns out to be one: counted so at once (ruling 5).
RESET ROLE;
SELECT i.person_id AS w3, i.identity_id AS i3 FROM kefu.message g JOIN kefu.identity i USING (identity_id) WHERE g.message_id = :a3 \gset
SELECT i.person_id AS w1 FROM kefu.message g JOIN kefu.identity i USING (identity_id) WHERE g.message_id = :a1 \gset
SET LOCAL ROLE zhao;
SELECT kefu.merge_person(:w3, :w1, '同一用户') = :w1 AS merged;
SELECT submissions_count, persons_count FROM kefu_bi.opinions WHERE opinion_id = :o1;
SELECT count(DISTINCT person_key) FROM kefu_bi.opinions WHERE opinion_id IN (:o1, :o3);
SELECT kefu.split_identity(:i3, '不是同一用户') > 0 AS split;
SELECT submissions_count, persons_count FROM kefu_bi.opinions WHERE opinion_id = :o1;
SELECT survey_id = :v1 AS ours, occasion_label_zh, posts_count, opinions_count, persons_count FROM kefu_bi.surveys;
-- The survey ends at the instant given, itself not included.
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-03 08:59:59+08';
SELECT pg_temp.says('811', '还想要儿童锁', '2026-03-03 07:59:59+08', action => 'comments_to_me') AS b1,
       pg_temp.says('812', '还想要语音遥控', '2026-03-03 08:00+08', action => 'comments_to_me') AS b2 \gset
SET LOCAL ROLE lin;
SELECT count(*) FROM kefu.suggest(:b1) WHERE value = 'opinion';
SELECT count(*) FROM kefu.suggest(:b2) WHERE value = 'opinion';
SELECT kefu.triage(:b2, 'opinion');
\set VERBOSITY sqlstate
SELECT kefu.close_survey(:v1);
\set VERBOSITY default
SELECT kefu.open_survey('gd', '您对新套餐的意见', 'released', 'mobile', '2026-04-01 00:00+08') AS v2 \gset
SELECT kefu.close_survey(:v2);
-- Within 24 hours (R134): at their end the operator is told, a day later the shift leader.
RESET ROLE;
SELECT FROM kefu.tick();
SELECT count(*) FROM kefu.escalation e JOIN kefu.clock c USING (clock_id) WHERE c.clock = 'opinion_screen';
SET LOCAL kefu.test_now = '2026-03-03 09:00+08';
SELECT FROM kefu.tick();
SELECT e.level, e.role, count(*) FROM kefu.escalation e JOIN kefu.clock c USING (clock_id) WHERE c.clock = 'opinion_screen' GROUP BY 1, 2;
SET LOCAL ROLE lin;
SELECT state FROM kefu.screen_opinion(:o4, 'service');
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-03 09:00:01+08';
SET LOCAL ROLE lin;
SELECT state FROM kefu.screen_opinion(:o5, 'broadband.install');
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-04 09:00+08';
SELECT FROM kefu.tick();
SELECT e.level, e.role, count(*) FROM kefu.escalation e JOIN kefu.clock c USING (clock_id) WHERE c.clock = 'opinion_screen' GROUP BY 1, 2 ORDER BY 1;
SELECT c.object_id - :o1 + 1 AS no, c.outcome FROM kefu.clock c WHERE c.clock = 'opinion_screen' ORDER BY c.object_id;

-- --- the report in its fixed form (R134), to a department ----------------------------------------
SET LOCAL ROLE lin;
SELECT state FROM kefu.screen_opinion(:o6, 'business');
SELECT submitter, platform, persons_count, submissions_count, content, item, category, posted_at, source, department, state
  FROM kefu.report_opinions('gd', '2026-03-02', '2026-03-02');
SELECT count(*) FROM kefu.report_opinions('gd', '2026-03-03', '2026-03-31');
SELECT count(*) FROM kefu.report_opinions('qh', '2026-03-02', '2026-03-02');
SELECT kefu.report_opinion(:o1, '2026年3月意见周报1', 'gd');
SELECT kefu.report_opinion(:o1, '2026年3月意见周报1', 'qh.market');
SELECT kefu.report_opinion(:o1, '', 'gd.market');
SELECT state FROM kefu.report_opinion(:o1, '2026年3月意见周报1', 'gd.network');
SELECT state FROM kefu.report_opinion(:o1, '2026年3月意见周报1', 'gd.market');
SELECT state FROM kefu.report_opinion(:o4, '2026年3月意见周报1', 'gd.market');
SELECT state FROM kefu.report_opinion(:o6, '2026年3月意见周报1', 'gd.market');
SELECT state FROM kefu.report_opinion(:o5, '2026年3月意见周报1', 'group.market');
-- The department sees what was reported to it, nobody else's; another province nothing.
SET LOCAL ROLE sun;
SELECT unit, item, persons_count, is_with_department, report FROM kefu_bi.opinions ORDER BY opinion_id;
SELECT object_type, of_unit, state, text FROM kefu.worklist('gd.market') ORDER BY id;
SELECT submitter, content, department FROM kefu.report_opinions('gd.market', '2026-03-02', '2026-03-02');
SELECT kefu.adopt_opinion(:o5, '网上选装机时间');
SET LOCAL ROLE wang;
SELECT count(*) FROM kefu_bi.opinions;
SELECT kefu.adopt_opinion(:o1, '回看延长');
SET LOCAL ROLE far;
SELECT count(*) FROM kefu_bi.opinions;
SELECT count(*) FROM kefu_bi.opinion_kpis;
SELECT count(*) FROM kefu_bi.surveys;
SELECT kefu.screen_opinion(:o1, 'business');
SELECT kefu.merge_opinion(:o1, :o4);
SELECT kefu.report_opinions('gd', '2026-03-02', '2026-03-02');
SELECT kefu.draft_feedback(:o1);
SELECT kefu.answer_opinion(:o1);

-- --- adopted, declined, carried out (R132, R133) ----------------------------------------------------
SET LOCAL ROLE lin;
SELECT kefu.adopt_opinion(:o1, '回看延长');
SET LOCAL ROLE sun;
SELECT kefu.adopt_opinion(:o1, NULL);
SELECT state FROM kefu.adopt_opinion(:o1, '回看延长至30天');
SELECT kefu.decline_opinion(:o1, '改变主意');
SELECT state FROM kefu.adopt_opinion(:o4, '周末延长至20点');
SELECT state FROM kefu.decline_opinion(:o6, '已有短信查询');
-- A late one joins what is adopted already.
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:b1, 'opinion');
SELECT state FROM kefu.merge_opinion(pg_temp.opinion_of(:b1), :o1);
SELECT kefu.draft_feedback(:o1);
SET LOCAL ROLE sun;
SELECT state FROM kefu.handle_opinion(:o1, '3月4日起回看延长至30天。');
SELECT state FROM kefu.handle_opinion(:o4, '周末营业至20点。');
SELECT kefu.feedback_opinion(:o1, 'sina.gd', '88101', 'https://weibo.example/88101');
-- Handled: the desk owes the feedback post, within three days.
SELECT * FROM pg_temp.stand() WHERE state = 'handled';
SET LOCAL ROLE lin;
SELECT kefu.draft_feedback(:o1);
SELECT kefu.answer_opinion(:o1);
SELECT kefu.close_opinion(:o1, '电话告知');
SELECT kefu.feedback_opinion(:o1, 'sina.qh', '88101', 'https://weibo.example/88101');
SELECT kefu.feedback_opinion(:o1, 'sina.gd', '88101', NULL);
-- A collective opinion isn't closed without a post, by no leader; a single one is.
SET LOCAL ROLE zhao;
SELECT kefu.close_opinion(:o1, '电话告知');
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-07 09:00+08';
SELECT FROM kefu.tick();
SELECT e.level, e.role, count(*) FROM kefu.escalation e JOIN kefu.clock c USING (clock_id) WHERE c.clock = 'opinion_feedback' GROUP BY 1, 2;
SET LOCAL ROLE lin;
SELECT state FROM kefu.feedback_opinion(:o1, 'sina.gd', '88101', 'https://weibo.example/88101');
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-08 09:00+08';
SET LOCAL ROLE zhao;
SELECT state FROM kefu.close_opinion(:o4, '已在店内公告');
RESET ROLE;
SELECT c.object_id - :o1 + 1 AS no, c.due_at, c.stopped_at, c.outcome FROM kefu.clock c WHERE c.clock = 'opinion_feedback' ORDER BY c.object_id;
-- Who wrote under the survey has no ticket: the post tells them. Whose complaint held an
-- opinion as well is told by one call, once its own opinion has a post.
SET LOCAL ROLE lin;
SELECT opinion_id - :o1 + 1 AS no, ticket_id IS NOT NULL AS had_ticket, state, problem FROM kefu.answer_opinion(:o1);
SET LOCAL ROLE he;
SELECT state FROM kefu.adopt_opinion(:o5, '装机可网上选时间');
SELECT state FROM kefu.handle_opinion(:o5, '3月8日起可网上选装机时间。');
SET LOCAL ROLE lin;
SELECT state FROM kefu.feedback_opinion(:o5, 'sina.gd', '88102', 'https://weibo.example/88102');
SELECT state, problem FROM kefu.answer_opinion(:o5);
SELECT channel, said FROM pg_temp.taken();
SELECT state, problem FROM kefu.answer_opinion(:o5);
RESET ROLE;

-- --- figures (R132) --------------------------------------------------------------------------------
SET LOCAL ROLE lin;
\x on
SELECT * FROM kefu_bi.opinion_kpis;
\x off
RESET ROLE;
-- The promise is a row: another one from a date on.
SELECT FROM kefu.set_clock_policy('opinion_screen', 'gd', '12 hours', valid_from => '2026-03-09 00:00+08');
SET LOCAL kefu.test_now = '2026-03-09 00:00+08';
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:b2, 'opinion', item => 'iptv');
SELECT running FROM pg_temp.stand() WHERE state = 'recorded';
RESET ROLE;

-- --- every day (R134) -----------------------------------------------------------------------------
-- Monday the 9th is staffed from 8 to 20; one task each for the two desks.
SET LOCAL ROLE lin;
SELECT kefu.collect_opinions();
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-09 07:59:59+08';
SELECT kefu.collect_opinions();
SET LOCAL kefu.test_now = '2026-03-09 08:00+08';
SELECT kefu.collect_opinions();
SELECT d.unit, d.day, k.state, k.due_at, k.rulebook, k.evidence FROM kefu.opinion_day d JOIN kefu.task k USING (task_id) ORDER BY 1;
SELECT kefu.collect_opinions();
SET LOCAL ROLE far;
SELECT object_type, why, text FROM kefu.worklist('qh') WHERE object_type = 'task';
RESET ROLE;
-- The end of the day finds the one that nobody met.
SET LOCAL kefu.test_now = '2026-03-09 19:59:59+08';
SELECT finding, rulebook, unit, since_at, detail_en FROM kefu_bi.findings WHERE rulebook = 'R134' ORDER BY 1, 3;
SET LOCAL kefu.test_now = '2026-03-09 20:00+08';
SELECT finding, rulebook, unit, since_at, detail_en FROM kefu_bi.findings WHERE rulebook = 'R134' ORDER BY 1, 3;
SET LOCAL kefu.test_now = '2026-03-09 20:00:01+08';
SELECT finding, rulebook, unit, since_at, detail_en FROM kefu_bi.findings WHERE rulebook = 'R134' ORDER BY 1, 3;
SET LOCAL ROLE lin;
SELECT count(*) FROM kefu_bi.findings WHERE rulebook = 'R134';
-- Somebody says that there was none: that is collecting too.
RESET ROLE;
SELECT task_id AS k FROM kefu.opinion_day WHERE unit = 'qh' \gset
SET LOCAL ROLE far;
SELECT state FROM kefu.task_done(:k, '已翻阅全部评论,无意见');
RESET ROLE;
SELECT count(*) FROM kefu_bi.findings WHERE rulebook = 'R134';
-- On the 10th nobody looks: the task expires after 48 hours, the finding stays; on a day
-- that is closed nothing is owed.
SET LOCAL kefu.test_now = '2026-03-10 12:00+08';
SELECT kefu.collect_opinions();
SET LOCAL kefu.test_now = '2026-03-12 20:00+08';
SELECT FROM kefu.tick();
SELECT unit, since_at, detail_en, detail_zh FROM kefu_bi.findings WHERE finding = 'uncollected_day' ORDER BY 1, 2;
SELECT state, finding_count FROM kefu_bi.compliance WHERE rulebook = 'R134';
SET LOCAL kefu.test_now = '2026-03-14 12:00+08';
SELECT kefu.collect_opinions();

-- --- a submitter is erased (ruling 21) -----------------------------------------------------------------
SET LOCAL kefu.test_now = '2029-04-01 09:00+08';
CREATE ROLE adm;
GRANT kefu_admin TO adm;
SELECT FROM kefu.add_staff('adm', 'group', '管');
SELECT FROM kefu.grant_role('adm', 'group', 'admin');
SET LOCAL ROLE adm;
SELECT id AS x FROM kefu.request_erasure(:w1) \gset
SELECT state FROM kefu.erase_person(:x, '私信告知');
SET LOCAL ROLE he;
SELECT submitter, content FROM kefu.report_opinions('gd', '2026-03-02', '2026-03-02') WHERE opinion_id = :o1;
RESET ROLE;
SELECT g.text, o.summary, o.solution, o.result, o.state, o.item, o.category, o.posted_at, o.link, n.submissions, n.persons
  FROM kefu.opinion o JOIN kefu.message g USING (message_id) CROSS JOIN LATERAL kefu.opinion_counts(o.opinion_id) AS n
 WHERE o.opinion_id = :o1;
-- Not what others wrote; figures stay.
SELECT g.text FROM kefu.opinion o JOIN kefu.message g USING (message_id) WHERE o.opinion_id = :o2;
SELECT received_count, persons_count, adopted_count, feedback_count FROM kefu_bi.opinion_kpis WHERE month = '2026-03-01';
SELECT count(*) FROM kefu.audit_event e JOIN kefu.audit_detail d USING (event_id)
 WHERE e.object_type = 'opinion' AND e.object_id = :o1 AND d.value IS NOT NULL;
-- In every state the words can go, and the state stays.
SELECT DISTINCT o.state, (kefu.raise_event('opinion', o.opinion_id, 'erase', jsonb_build_object('erasure', :x))).state
  FROM kefu.opinion o WHERE o.opinion_id <> :o1 ORDER BY 1;
SELECT count(*) FROM kefu.opinion o WHERE coalesce(o.summary, o.solution, o.result, o.reason) <> '[已删除]';
SELECT what, object_type FROM pg_temp.broken WHERE what IN ('audit', 'I13', 'I21');
-- Nobody changes one behind the engine's back.
UPDATE kefu.opinion SET state = 'adopted' WHERE opinion_id = :o2;
DELETE FROM kefu.opinion WHERE opinion_id = :o2;
ROLLBACK;
