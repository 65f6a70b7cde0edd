-- triage: what a message may be, how it is decided, and how far the public
-- takes part (R81, R105, R112, R117, R124, R128; rulings 19, 23, 27, 30).
--
-- The matters and the rules are the shipped ones.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
SET client_min_messages = warning;
BEGIN;
SET LOCAL kefu.test_now = '2026-03-02 09:00:00+08';
SELECT outcome FROM kefu.load_preset('all');
CREATE ROLE triage_lin;
CREATE ROLE triage_zhao;
CREATE ROLE triage_far;
SELECT count(*) FROM kefu.create_roles() WHERE role = 'all';
GRANT kefu_operator TO triage_lin, triage_far;
GRANT kefu_leader TO triage_zhao;
SELECT count(kefu.add_staff(s.login, s.unit, s.name))
  FROM (VALUES ('triage_lin', 'gd', '林'), ('triage_zhao', 'gd', '赵'), ('triage_far', 'qh', '马'))
       AS s(login, unit, name);
SELECT count(*) FROM (SELECT kefu.grant_role(r.login, r.unit, r.role)
  FROM (VALUES ('triage_lin', 'gd', 'operator'), ('triage_zhao', 'gd', 'leader'),
               ('triage_far', 'qh', 'operator')) AS r(login, unit, role)) AS g;
SELECT FROM kefu.grant_reader(current_user, 'group');
INSERT INTO kefu.credential (credential, platform, kind) VALUES ('triage.key', 'sina', 'token');
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
    VALUES ('sina.gd', 'sina', 'gd', '中国电信广东客服', '9001', 'triage.key');
INSERT INTO kefu.feed (account, action, every, start_at)
    VALUES ('sina.gd', 'mentions', '1 minute', '2026-03-01 00:00+08');

-- A page of the platform with one post; the number of its author is given.
CREATE FUNCTION pg_temp.post(id text, author text, said text, at timestamptz,
                             verified boolean DEFAULT false) RETURNS text
    LANGUAGE sql
    RETURN jsonb_build_object('statuses', jsonb_build_array(jsonb_build_object(
        'idstr', id, 'mid', id, 'text', said, 'created_at',
        to_char(at AT TIME ZONE 'Asia/Shanghai', 'Dy Mon DD HH24:MI:SS +0800 YYYY'),
        'user', jsonb_build_object('idstr', author, 'screen_name', 'u' || author, 'province', '44',
                                   'verified', verified))))::text;
CREATE FUNCTION pg_temp.found(id text, OUT m bigint, OUT t bigint)
    LANGUAGE sql SECURITY DEFINER
    RETURN (SELECT ROW(g.message_id, g.ticket_id) FROM kefu.message g WHERE g.native_id = id);

-- --- what the text suggests -----------------------------------------------------
CREATE TEMP TABLE said (n integer PRIMARY KEY, said text NOT NULL);
INSERT INTO said VALUES
    (1, '请问套餐怎么改?'),
    (2, '宽带断网三天没人管,我要投诉到工信部'),
    (3, '谢谢客服,网速快多了'),
    (4, '垃圾电信'),
    (5, '没订彩铃却被扣费,12315见,等着上热搜'),
    (6, '路过'),
    (7, '谢谢,但是宽带又断网了');
SELECT n, s.target, s.value, s.score, s.why
  FROM said CROSS JOIN LATERAL kefu.score_text(said.said) AS s
 ORDER BY n, s.target, s.score DESC, s.value;

-- Ingest counts as kefu.score_text() does: the value with most points, and of
-- equals the one whose first rule comes first.
SELECT sum((kefu.ingest('sina.gd', 'mentions', pg_temp.post((100 + n)::text, (500 + n)::text, said,
            '2026-03-02 08:50:00+08'))).tickets) AS tickets FROM said;
SELECT s.n, t.kind, t.category, t.product, t.priority, g.suggested_kind, g.priority AS of_message
  FROM said s JOIN kefu.message g ON g.native_id = (100 + s.n)::text
  JOIN kefu.ticket t USING (ticket_id) ORDER BY s.n;
SELECT count(*) AS differ
  FROM said s JOIN kefu.message g ON g.native_id = (100 + s.n)::text
  JOIN kefu.ticket t USING (ticket_id)
 WHERE ROW(coalesce(g.suggested_kind, '-'), t.category, coalesce(t.product, '-'), t.priority::text)
    <> ROW(coalesce((SELECT x.value FROM kefu.score_text(s.said) x JOIN kefu.kind_rule r ON r.kind = x.value
                      WHERE x.target = 'kind' GROUP BY x.value, x.score
                      ORDER BY x.score DESC, min(r.priority) LIMIT 1), '-'),
           (SELECT x.value FROM kefu.score_text(s.said) x JOIN kefu.kind_rule r ON r.category = x.value
             WHERE x.target = 'category' GROUP BY x.value, x.score
             ORDER BY x.score DESC, min(r.priority) LIMIT 1),
           coalesce((SELECT x.value FROM kefu.score_text(s.said) x JOIN kefu.kind_rule r ON r.product = x.value
                      WHERE x.target = 'product' GROUP BY x.value, x.score
                      ORDER BY x.score DESC, min(r.priority) LIMIT 1), '-'),
           coalesce((SELECT x.value FROM kefu.score_text(s.said) x WHERE x.target = 'priority'), '2'));

-- --- a person decides ---------------------------------------------------------------
SELECT m AS m2, t AS t2 FROM pg_temp.found('102') \gset
SELECT m AS m4, t AS t4 FROM pg_temp.found('104') \gset
SELECT m AS m6, t AS t6 FROM pg_temp.found('106') \gset
SET LOCAL ROLE triage_lin;
SELECT target, value, label, score FROM kefu.suggest(:m2);
SET LOCAL kefu.language = 'zh';
SELECT target, value, label FROM kefu.suggest(:m2) WHERE target IN ('kind', 'category');
SET LOCAL kefu.language = 'en';
-- Another province learns nothing, not even that it is there.
SET LOCAL ROLE triage_far;
SELECT * FROM kefu.suggest(:m2);
SELECT * FROM kefu.suggest(-1);
SET LOCAL ROLE triage_lin;
-- An unknown matter is refused and nothing moves (R112).
SELECT kefu.triage(:m2, 'complaint', category => 'no.such');
SELECT kefu.triage(:m2, 'complaint', category => 'broadband.fault', product => 'no.such');
SELECT kefu.triage(:m2, 'nothing');
-- Left out, the priority stays what the risk word raised it to (R105).
SELECT state FROM kefu.triage(:m2, 'complaint', category => 'broadband.fault', product => 'broadband.fibre');
RESET ROLE;
SELECT kind, category, product, priority, location, location_source, is_provisional
  FROM kefu.ticket WHERE ticket_id = :t2;
SET LOCAL ROLE triage_lin;
-- A wrong kind is corrected; the history keeps both (R81).
SELECT state FROM kefu.triage(:m6, 'inquiry', category => 'business.change');
SELECT machine, state FROM kefu.reclassify(:t6, 'complaint', 'it is one after all');
SELECT state FROM kefu.amend(:t6, 'business.contract', '44', product => 'mobile', root_cause => 'rule.plan');
SELECT kefu.amend(:t6, 'business.contract', '44', root_cause => 'moon');
RESET ROLE;
SELECT first_kind, kind, category, product, root_cause, location_source FROM kefu.ticket WHERE ticket_id = :t6;
SELECT seq, machine, event, from_state, to_state FROM kefu.audit_event
 WHERE object_type = 'ticket' AND object_id = :t6 ORDER BY seq;

-- A vague angry comment of somebody whose complaint is open: the suggestion is
-- to attach it (R128).
SELECT new_messages FROM kefu.ingest('sina.gd', 'mentions',
    pg_temp.post('120', '502', '垃圾,还是断网', '2026-03-02 08:58:00+08'));
SELECT m AS m20, t AS t20 FROM pg_temp.found('120') \gset
SET LOCAL ROLE triage_lin;
SELECT target, value = :t2::text AS is_complaint, score, why FROM kefu.suggest(:m20) WHERE target = 'attach';
SELECT state FROM kefu.attach(:m20, :t2, 'chaser');
RESET ROLE;
SELECT state FROM kefu.ticket WHERE ticket_id = :t20;

-- --- the trees ------------------------------------------------------------------------
SELECT kefu.add_matter('phenomenon', 'broadband.fault.flood', '水灾断网', 'cut by a flood');
SELECT kefu.add_matter('phenomenon', 'broadband.fault.flood.deep', '过深', 'too deep');
SELECT kefu.add_matter('product', 'satellite.phone', '卫星电话', 'no parent');
SELECT kefu.retire_matter('phenomenon', 'broadband.fault', 'replaced');
SELECT kefu.retire_matter('phenomenon', 'broadband.fault', 'twice');
SELECT count(*) FROM kefu_bi.matters WHERE matter LIKE 'broadband.fault%' AND NOT is_live;
SET LOCAL ROLE triage_lin;
SELECT kefu.add_matter('phenomenon', 'mine', '我的', 'mine');
SELECT kefu.amend(:t6, 'broadband.fault', '44');
RESET ROLE;

-- --- public opinion (ruling 23) ----------------------------------------------------------
-- Ten different authors within 24 hours under one post are blue, nine are not.
CREATE FUNCTION pg_temp.under(root text, id text, author text, at timestamptz, verified boolean DEFAULT false)
    RETURNS text
    LANGUAGE sql
    RETURN jsonb_build_object('comments', jsonb_build_array(jsonb_build_object(
        'idstr', id, 'mid', id, 'text', '又断网,投诉', 'created_at',
        to_char(at AT TIME ZONE 'Asia/Shanghai', 'Dy Mon DD HH24:MI:SS +0800 YYYY'),
        'user', jsonb_build_object('idstr', author, 'screen_name', 'u' || author, 'province', '44',
                                   'verified', verified),
        'status', jsonb_build_object('idstr', root, 'mid', root, 'text', 'x',
                                     'user', jsonb_build_object('idstr', '9001')))))::text;
INSERT INTO kefu.feed (account, action, every, start_at)
    VALUES ('sina.gd', 'comments_to_me', '1 minute', '2026-03-01 00:00+08');
SELECT count(*) FROM (SELECT kefu.ingest('sina.gd', 'comments_to_me',
    pg_temp.under('900', (2000 + n)::text, (700 + least(n, 9))::text, '2026-03-02 08:30:00+08'::timestamptz + n * interval '1 minute'))
  FROM generate_series(1, 12) AS n) AS i;
SELECT platform, thread, angry_authors, verified_authors, growth, reposts FROM kefu.angry_threads(kefu.now())
 WHERE thread = '900';
SELECT kefu.raise_alarms();
SELECT new_messages FROM kefu.ingest('sina.gd', 'comments_to_me',
    pg_temp.under('900', '2100', '800', '2026-03-02 08:59:00+08'));
SELECT kefu.raise_alarms();
SELECT kefu.raise_alarms() AS again;
SELECT t.ticket_id AS lead, t.alarm, c.due_at - kefu.now() AS due_in
  FROM kefu.ticket t JOIN kefu.clock c ON c.object_type = 'ticket' AND c.object_id = t.ticket_id AND c.clock = 'alarm'
 WHERE t.alarm > 0;
SELECT t.ticket_id AS lead FROM kefu.ticket t WHERE t.alarm > 0 \gset
-- A verified author makes it yellow: two hours, from then on.
SET LOCAL kefu.test_now = '2026-03-02 09:10:00+08';
SELECT new_messages FROM kefu.ingest('sina.gd', 'comments_to_me',
    pg_temp.under('900', '2101', '801', '2026-03-02 09:09:00+08', true));
SELECT kefu.raise_alarms();
SELECT c.outcome, c.due_at - c.started_at AS within FROM kefu.clock c
 WHERE c.object_type = 'ticket' AND c.object_id = :lead AND c.clock = 'alarm' ORDER BY c.clock_id;
-- It falls only by a leader, with a reason; it rises by an operator too.
SET LOCAL ROLE triage_lin;
SELECT kefu.set_alarm(:lead, 1, 'calm again');
SELECT kefu.set_alarm(:lead, 2, 'the same');
SELECT kefu.set_alarm(:lead, 5, 'off the scale');
SELECT event_id IS NOT NULL AS raised FROM kefu.set_alarm(:lead, 3, 'press has called');
SET LOCAL ROLE triage_far;
SELECT kefu.set_alarm(:lead, 4, 'not ours');
SELECT kefu.note_spread(:m2, 1);
SET LOCAL ROLE triage_zhao;
SELECT event_id IS NOT NULL AS lowered FROM kefu.set_alarm(:lead, 1, 'a single blog');
SELECT kefu.set_alarm(:lead, 1, NULL);
RESET ROLE;
SELECT t.alarm FROM kefu.ticket t WHERE t.ticket_id = :lead;
SELECT count(*) FILTER (WHERE stopped_at IS NULL) AS running, count(*) AS all_of_them FROM kefu.clock c
 WHERE c.object_type = 'ticket' AND c.object_id = :lead AND c.clock = 'alarm';
-- What a leader lowered, the rules raise only above what it was.
SELECT kefu.raise_alarms();
-- The statement keeps the promise when the platform has taken it.
SET LOCAL ROLE triage_lin;
SELECT speech_id AS speech FROM kefu.make_statement(:lead, '各位好,故障已定位,预计今天18点前恢复,进展会在此更新。') \gset
RESET ROLE;
SELECT kefu.settle_speech(:speech, kefu.now());
SELECT c.outcome FROM kefu.clock c
 WHERE c.object_type = 'ticket' AND c.object_id = :lead AND c.clock = 'alarm' ORDER BY c.clock_id;
-- Reposts that somebody noted: 10,000 are red, one fewer is not.
SET LOCAL ROLE triage_lin;
SELECT kefu.note_spread(:m4, 9999, 12, 400000);
SELECT kefu.note_spread(:m4, -1);
RESET ROLE;
SELECT kefu.raise_alarms();
SELECT alarm FROM kefu.ticket WHERE ticket_id = :t4;
SET LOCAL kefu.test_now = '2026-03-02 09:11:00+08';
SET LOCAL ROLE triage_lin;
SELECT kefu.note_spread(:m4, 10000);
SELECT kefu.raise_alarms();
RESET ROLE;
SELECT kefu.raise_alarms();
SELECT alarm FROM kefu.ticket WHERE ticket_id = :t4;

SELECT count(*) FROM kefu.verify_audit();
ROLLBACK;
