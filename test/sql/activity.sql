-- activity: which script was said and what became of it, where one is missing,
-- how active accounts are by week, findings day by day (R2, R12, R14, R38, R50,
-- R107, ruling 24). The desk is that of test/lib/desk.psql; a quarter of scripts
-- and posts is written past the engine, by numbers that are the same each time.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE ROLE act_gd; CREATE ROLE act_qh; CREATE ROLE act_all; CREATE ROLE act_nobody;
GRANT kefu_analyst TO act_gd, act_qh, act_all, act_nobody;
SELECT kefu.grant_reader('act_gd', 'gd'), kefu.grant_reader('act_qh', 'qh'), kefu.grant_reader('act_all', 'group') \g /dev/null
\set ECHO all

-- --- the answering functions say which script and whose words (R14) -----------------------------------

SELECT pg_temp.says('701', '请问套餐怎么改', '2026-03-02 08:50+08') AS m1,
       pg_temp.says('702', '请问宽带怎么装', '2026-03-02 08:51+08') AS m2,
       pg_temp.says('703', '请问怎么携号转网', '2026-03-02 08:52+08') AS m3 \gset
SET LOCAL ROLE lin;
SELECT count(kefu.triage(m, 'inquiry', category => 'business')) FROM unnest(ARRAY[:m1, :m2, :m3]::bigint[]) AS m;
SELECT state FROM kefu.acknowledge(pg_temp.ticket_of(:m1), 'gd.network');
SELECT state FROM kefu.advance('ticket', pg_temp.ticket_of(:m2), 'acknowledge', kefu.facts('department', 'gd.network', 'script', 'inquiry_acknowledge',
    'text', '您好,您的问题已转网络运行维护部,48小时内答复您,感谢。', 'reply_by', '2026-03-04 08:51+08', 'apology', 'true', 'thanks', 'true', 'limit', '48小时'));
SELECT state FROM kefu.answer(pg_temp.ticket_of(:m3), '您好,到任一营业厅即可办理。');
RESET ROLE;
SELECT o.script, o.variant, o.channel FROM kefu.outbound o ORDER BY o.outbound_id;
-- The first wording was withdrawn: the second is said, and is what is recorded.
UPDATE kefu.script SET is_approved = false WHERE script = 'inquiry_acknowledge' AND variant = 1;
SELECT pg_temp.says('704', '请问流量怎么查', '2026-03-02 08:53+08') AS m4 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:m4, 'inquiry');
SELECT state FROM kefu.acknowledge(pg_temp.ticket_of(:m4), 'gd.network');
RESET ROLE;
SELECT o.script, o.variant, starts_with(o.text, split_part(s.text, '{', 1)) AS its_words
  FROM kefu.outbound o JOIN kefu.script s USING (script, channel, variant) ORDER BY o.outbound_id DESC LIMIT 1;
-- There is no further one to say where a platform refuses it as a repetition; of one's own words the first would be.
SELECT o.variant, kefu.use_variant(o) AS another FROM kefu.outbound o WHERE o.script IS NOT NULL ORDER BY o.outbound_id DESC LIMIT 1;
UPDATE kefu.script SET is_approved = true WHERE script = 'inquiry_acknowledge';
SELECT count(*) FROM pg_temp.taken();
SET LOCAL ROLE act_gd;
SELECT local_month, unit, script, channel, use_count, reworded_count, ticket_count, asked_again_count, asked_again_pct, rated_count, satisfied_pct, first_contact_count, is_small
  FROM kefu_bi.script_results;
RESET ROLE;

-- --- a quarter of it, against a slow query -----------------------------------------------------------

\set ECHO none
CREATE FUNCTION pg_temp.chance(a bigint, b integer) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS $$ SELECT (hashint8extended(a, b) & 1048575) / 1048576.0 $$;
INSERT INTO kefu.ticket (ticket_id, kind, state, unit, received_unit, category, is_provisional, posted_at, round_posted_at, round, opened_at,
                         resolved_at, satisfaction, urge_count, first_kind) OVERRIDING SYSTEM VALUE
SELECT 900000 + n, (ARRAY['inquiry', 'complaint', 'negative'])[1 + floor(3 * pg_temp.chance(n, 1))::integer],
       CASE WHEN pg_temp.chance(n, 2) < 0.05 THEN 'dropped' ELSE 'archived' END, (ARRAY['gd', 'qh', 'bj'])[1 + n % 3], 'gd',
       (ARRAY['broadband.fault', 'business', 'signal', NULL])[1 + floor(4 * pg_temp.chance(n, 3))::integer], pg_temp.chance(n, 4) < 0.05,
       x.at, x.at, 1 + floor(1.5 * pg_temp.chance(n, 5)), x.at, CASE WHEN pg_temp.chance(n, 6) < 0.8 THEN x.at + interval '1 day' END,
       (ARRAY['not_asked', 'no_reply', 'satisfied', 'dissatisfied'])[1 + floor(4 * pg_temp.chance(n, 7))::integer], floor(1.3 * pg_temp.chance(n, 8)), 'inquiry'
  FROM generate_series(1, 600) AS n
 CROSS JOIN LATERAL (SELECT timestamptz '2026-01-01 00:00+08' + n * interval '3 hours 37 minutes' AS at) AS x;
INSERT INTO kefu.round (ticket_id, round, posted_at, opened_at)
SELECT t.ticket_id, r, t.posted_at, t.opened_at FROM kefu.ticket t, generate_series(1, t.round) AS r WHERE t.ticket_id > 900000;
-- One to three speeches a ticket, each of one or two parts, some not taken.
INSERT INTO kefu.speech (speech_id, object_type, object_id, event_id, event, from_state, to_state, round, version, unit, clock_ops, queued_at, outcome, settled_at)
    OVERRIDING SYSTEM VALUE
SELECT t.ticket_id * 10 + k, 'ticket', t.ticket_id, 0, CASE k WHEN 1 THEN 'acknowledge' ELSE 'answer' END, 'new', 'x', least(k, t.round), 1, t.unit, '{}', t.posted_at,
       CASE WHEN pg_temp.chance(t.ticket_id * 10 + k, 9) < 0.9 THEN 'delivered' ELSE 'failed' END, t.posted_at + k * interval '5 hours'
  FROM kefu.ticket t, generate_series(1, 3) AS k WHERE t.ticket_id > 900000 AND k <= 1 + 2 * pg_temp.chance(t.ticket_id, 10);
INSERT INTO kefu.outbound (speech_id, part, unit, account, action, channel, state, text, script, variant, queued_at, not_before, sent_at)
SELECT s.speech_id, p, s.unit, 'sina.gd', 'comment', (ARRAY['public', 'private'])[p], CASE s.outcome WHEN 'delivered' THEN 'sent' ELSE 'failed' END, 'x',
       CASE WHEN s.event = 'acknowledge' OR pg_temp.chance(s.speech_id, 11) < 0.15 THEN (ARRAY['inquiry_acknowledge', 'topic_answer', 'complaint_acknowledge'])[1 + floor(3 * pg_temp.chance(s.speech_id, 12))::integer] END,
       CASE WHEN pg_temp.chance(s.speech_id, 13) < 0.8 THEN 1 END, s.queued_at, s.queued_at,
       CASE WHEN s.outcome = 'delivered' THEN s.settled_at + interval '1 minute' * p END
  FROM kefu.speech s, generate_series(1, 2) AS p WHERE s.speech_id > 9000000 AND p <= 1 + 1.3 * pg_temp.chance(s.speech_id, 14);
UPDATE kefu.outbound SET variant = NULL WHERE script IS NULL AND speech_id > 9000000;
-- Once more from the definitions, ticket by ticket.
CREATE FUNCTION pg_temp.slow(of_script text, of_channel text, of_unit text, month date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    since timestamptz := month::timestamp AT TIME ZONE 'Asia/Shanghai';
    until timestamptz := (month + interval '1 month')::timestamp AT TIME ZONE 'Asia/Shanghai';
    t kefu.ticket;
    o record;
    own integer; uses integer := 0; reworded integer := 0; tickets integer := 0; again integer := 0; rated integer := 0; liked integer := 0;
    asking integer := 0; once integer := 0; asked boolean;
BEGIN
    FOR t IN SELECT x.* FROM kefu.ticket x WHERE x.unit = of_unit AND x.state <> 'dropped' AND NOT x.is_provisional AND x.merged_into IS NULL LOOP
        own := 0; asked := false;
        FOR o IN SELECT b.variant, s.round FROM kefu.outbound b JOIN kefu.speech s USING (speech_id)
                  WHERE s.object_id = t.ticket_id AND b.state = 'sent' AND b.script = of_script AND b.channel = of_channel AND b.sent_at >= since AND b.sent_at < until LOOP
            IF o.variant IS NULL THEN
                reworded := reworded + 1;
            ELSE
                own := own + 1;
                asked := asked OR EXISTS (SELECT FROM kefu.round r WHERE r.ticket_id = t.ticket_id AND r.round > o.round);
            END IF;
        END LOOP;
        uses := uses + own;
        CONTINUE WHEN own = 0;
        tickets := tickets + 1;
        again := again + asked::integer;
        rated := rated + (t.satisfaction IN ('satisfied', 'dissatisfied'))::integer;
        liked := liked + (t.satisfaction = 'satisfied')::integer;
        asking := asking + (t.kind <> 'negative')::integer;
        once := once + (t.kind <> 'negative' AND t.resolved_at IS NOT NULL AND t.round < 2 AND t.urge_count < 1 AND t.satisfaction <> 'dissatisfied')::integer;
    END LOOP;
    RETURN concat_ws(' ', uses, reworded, tickets, again, rated, liked, asking, once);
END $$;
SET LOCAL kefu.test_now = '2026-04-01 09:00+08';
\set ECHO all
SET LOCAL ROLE act_all;
SELECT count(*) > 40 AS many, count(DISTINCT local_month) AS months, bool_or(asked_again_count BETWEEN 1 AND ticket_count - 1) AS some_ask, bool_or(reworded_count > 0) AS some_reworded,
       bool_or(satisfied_count BETWEEN 1 AND rated_count - 1) AS some_satisfied, bool_or(first_contact_count BETWEEN 1 AND asking_count - 1) AS some_once,
       count(*) FILTER (WHERE concat_ws(' ', use_count, reworded_count, ticket_count, asked_again_count, rated_count, satisfied_count, asking_count, first_contact_count)
                              <> pg_temp.slow(script, channel, unit, local_month)) AS differ
  FROM kefu_bi.script_results;
SELECT bool_and(is_small = (ticket_count < 30) AND is_ranked = (ticket_count >= 10)) AS marked, bool_and((asked_again_pct IS NULL) = (ticket_count = 0)) AS zero_rule FROM kefu_bi.script_results;
RESET ROLE;
-- Gaps: matters answered without a script; scripts nobody says; scripts after which customers ask again; a fallback that isn't approved.
CREATE FUNCTION pg_temp.answers(of_unit text, matter text) RETURNS SETOF boolean LANGUAGE sql SECURITY DEFINER AS
$$ SELECT (SELECT count(o.variant) FROM kefu.outbound o WHERE o.speech_id = s.speech_id AND o.sent_at IS NOT NULL) > 0
     FROM kefu.speech s JOIN kefu.ticket t ON t.ticket_id = s.object_id
    WHERE s.event = 'answer' AND s.outcome = 'delivered' AND t.unit = of_unit AND t.category = matter AND t.state <> 'dropped' AND NOT t.is_provisional
      AND s.settled_at > timestamptz '2026-04-01 09:00+08' - interval '2208 hours' $$;
SET LOCAL ROLE act_all;
SELECT g.gap, g.unit, g.category, g.case_count = a.n AS answers, g.hit_count = a.by_script AS by_script, g.hit_pct < 20 AS few
  FROM kefu_bi.script_gaps g
  JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE x.said) AS by_script FROM pg_temp.answers(g.unit, g.category) AS x(said)) AS a ON true
 WHERE g.gap = 'no_script' ORDER BY 2, 3;
-- And no pair that ought to be a row is missing.
SELECT count(*) FROM unnest('{gd,qh,bj}'::text[]) AS u(unit), unnest('{broadband.fault,business,signal}'::text[]) AS c(category)
 CROSS JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE x.said) AS by_script FROM pg_temp.answers(u.unit, c.category) AS x(said)) AS a
 WHERE (a.n >= 10 AND a.by_script < a.n * 0.2) <> EXISTS (SELECT FROM kefu_bi.script_gaps g WHERE g.gap = 'no_script' AND g.unit = u.unit AND g.category = c.category);
SELECT gap, gap_label_zh, script, channel, title_zh, case_count FROM kefu_bi.script_gaps WHERE gap = 'unused' ORDER BY script, channel;
SELECT gap, script, channel, case_count > 10 AS many, hit_pct >= 30 AS often, last_used_local_date FROM kefu_bi.script_gaps WHERE gap = 'outdated' ORDER BY script, channel;
RESET ROLE;
UPDATE kefu.script SET is_approved = false WHERE script = 'please_message';
SET LOCAL ROLE act_qh;
SELECT gap, gap_label_en, script, channel FROM kefu_bi.script_gaps WHERE gap = 'missing';
SELECT DISTINCT unit FROM kefu_bi.script_results;
SELECT DISTINCT unit FROM kefu_bi.script_gaps WHERE unit IS NOT NULL;
RESET ROLE;
-- The desk of this test has registered the session's own login.
DELETE FROM kefu.reader WHERE login = session_user;
SET LOCAL ROLE act_nobody;
SELECT (SELECT count(*) FROM kefu_bi.script_results), (SELECT count(*) FROM kefu_bi.script_gaps), (SELECT count(*) FROM kefu_bi.account_weeks), (SELECT count(*) FROM kefu_bi.finding_days);
RESET ROLE;

-- --- accounts by week (R12, R38, R50) -----------------------------------------------------------------

\set ECHO none
INSERT INTO kefu.post (post_id, state, unit, kind, made_at, text) OVERRIDING SYSTEM VALUE VALUES (900000, 'published', 'gd', 'service', '2026-02-01', 'text');
-- Midnights of Sunday; a deleted one; one whose numbers nobody told; a week without anything, then another.
INSERT INTO kefu.placement (placement_id, state, unit, post_id, account, kind, is_repost, is_exempt, has_media, text, planned_at, send_at, published_at, deleted_at, made_at) OVERRIDING SYSTEM VALUE
SELECT 900000 + p.n, CASE WHEN p.gone THEN 'deleted' ELSE 'published' END, 'gd', 900000, 'sina.gd', 'service', p.repost, false, p.n % 2 = 0, 'text', p.at, p.at, p.at, CASE WHEN p.gone THEN p.at END, p.at
  FROM (VALUES (1, timestamptz '2026-03-02 00:00+08', false, false), (2, '2026-03-08 23:59:59+08', true, false), (3, '2026-03-09 00:00+08', true, false),
               (4, '2026-03-04 12:00+08', false, true), (5, '2026-03-31 08:00+08', false, false)) AS p(n, at, repost, gone);
INSERT INTO kefu.placement_count (placement_id, reposts_count, comments_count, likes_count, counted_at)
VALUES (900001, 10, 4, 1, '2026-03-20'), (900002, 0, 1, 2, '2026-03-20'), (900004, NULL, 7, NULL, '2026-03-20');
\set ECHO all
SET LOCAL ROLE act_gd;
SELECT local_week, is_over, account, post_count, original_count, repost_count, picture_count, original_pct, posts_per_day, counted_post_count AS counted, reposts_received_count AS reposted,
       comments_received_count AS commented, likes_received_count AS liked, echoes_per_post, reposts_per_post AS reposts_each, comments_per_post AS comments_each, message_count AS messages, is_idle
  FROM kefu_bi.account_weeks WHERE account = 'sina.gd' AND local_week >= '2026-02-23' ORDER BY 1;
RESET ROLE;
-- Replies and messages of the weeks are all there are.
CREATE FUNCTION pg_temp.replies() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER AS
$$ SELECT count(*) FROM kefu.outbound o WHERE o.account = 'sina.gd' AND o.state = 'sent' AND o.speech_id IS NOT NULL $$;
SET LOCAL ROLE act_gd;
SELECT sum(message_count) AS messages, sum(public_reply_count + private_reply_count) = (SELECT sum(x.uses) FROM pg_temp.replies() AS x(uses)) AS replies FROM kefu_bi.account_weeks WHERE account = 'sina.gd';
SET LOCAL ROLE act_qh;
SELECT DISTINCT account FROM kefu_bi.account_weeks;
RESET ROLE;

-- --- findings day by day (R2) ---------------------------------------------------------------------------

-- Nothing was counted yet: no row. The job counts what the whole desk has, whoever runs it.
SELECT count(*) FROM kefu_bi.finding_days;
SELECT kefu.count_findings();
SET LOCAL ROLE act_all;
SELECT count(*) > 5 AS many, count(DISTINCT finding) > 3 AS several, count(DISTINCT unit) > 2 AS units FROM kefu_bi.finding_days;
SELECT count(*) FROM (SELECT f.finding, f.unit, count(*) AS n FROM kefu_bi.findings f WHERE f.object_type <> 'finding_rule' GROUP BY 1, 2
                      EXCEPT ALL SELECT d.finding, d.unit, d.finding_count FROM kefu_bi.finding_days d) AS x;
SELECT count(*) FROM (SELECT d.finding, d.unit, d.finding_count FROM kefu_bi.finding_days d
                      EXCEPT ALL SELECT f.finding, f.unit, count(*) FROM kefu_bi.findings f WHERE f.object_type <> 'finding_rule' GROUP BY 1, 2) AS x;
RESET ROLE;
-- Again on the same day gives the same; what was mended is a row with 0 the next day; a day without a count has no row.
CREATE TEMP TABLE counted AS SELECT * FROM kefu.finding_day;
SELECT kefu.count_findings();
SELECT count(*) FROM (TABLE counted EXCEPT ALL SELECT * FROM kefu.finding_day) AS x;
SELECT count(*) FROM (SELECT * FROM kefu.finding_day EXCEPT ALL TABLE counted) AS x;
SET LOCAL kefu.test_now = '2026-04-02 09:00+08';
SET LOCAL session_replication_role = replica;
UPDATE kefu.clock SET stopped_at = kefu.now(), outcome = 'void', next_fire_at = NULL WHERE unit = 'gd' AND stopped_at IS NULL;
RESET session_replication_role;
SET LOCAL kefu.test_now = '2026-04-04 23:40+08';
SELECT (kefu.run_jobs('night')).failed AS failed;
SET LOCAL ROLE act_gd;
SELECT local_date, finding, rulebook, unit, finding_count > 0 AS found, change_count < 0 AS fewer, counted_local_hour FROM kefu_bi.finding_days WHERE finding = 'late_promise' AND unit = 'gd' ORDER BY 1;
SELECT DISTINCT split_part(unit, '.', 1) AS unit FROM kefu_bi.finding_days;
SELECT kefu.count_findings();

-- --- the last questions of doc/bi.md, as the analyst who asks them -----------------------------------------

\getenv abs_srcdir PG_ABS_SRCDIR
\getenv abs_builddir PG_ABS_BUILDDIR
\set questions :abs_builddir '/results/activity_questions.sql'
\setenv KEFU_DOC :abs_srcdir
\setenv KEFU_QUESTIONS :questions
\! perl -ne '$on ||= /^## Scripts, accounts and findings/; print if $on and /^```sql/ .. /^```$/ and !/^```/' "$KEFU_DOC/../doc/bi.md" > "$KEFU_QUESTIONS"
SET LOCAL ROLE act_all;
\i :questions
RESET ROLE;

-- A rule that can't be checked is no finding of anybody, and is counted apart.
SELECT local_date, failed_count FROM kefu.finding_run ORDER BY 1;
-- What is old is forgotten.
SELECT kefu.count_findings(1);
SELECT local_date FROM kefu.finding_run;
ROLLBACK;
