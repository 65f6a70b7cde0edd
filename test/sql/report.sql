-- report: what a desk reports, who reviews it, what is fixed in it, and its page
-- (R4, R6, R8, R9, R95, R112, R134; ruling 24). The desk is that of test/lib/desk.psql.

\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\getenv tests PG_ABS_SRCDIR
\set desk :tests '/lib/desk.psql'
BEGIN;
\set ECHO none
\i :desk
CREATE FUNCTION pg_temp.stand() RETURNS TABLE (no bigint, state text, unit text, desk_unit text, kind text, period text,
        edition smallint, in_time boolean, running text)
    LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT row_number() OVER (ORDER BY r.report_id), r.state, r.unit, r.desk_unit, r.kind, r.period, r.edition,
           r.submitted_at <= r.file_by,
           (SELECT string_agg(format('%s %s', c.clock, to_char(c.due_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI')), ', ' ORDER BY c.due_at)
              FROM kefu.clock c WHERE c.object_type = 'report' AND c.object_id = r.report_id AND c.stopped_at IS NULL)
      FROM kefu.report r ORDER BY r.report_id $$;
CREATE FUNCTION pg_temp.report_of(unit text, kind text, period text) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER AS
$$ SELECT max(r.report_id) FROM kefu.report r WHERE r.desk_unit = report_of.unit AND r.kind = report_of.kind AND r.period = report_of.period $$;
\set ECHO all

-- --- a day at two desks --------------------------------------------------------------------
SELECT pg_temp.says('801', '请问<b>套餐</b>怎么办理', '2026-03-02 08:40+08') AS a1,
       pg_temp.says('802', '断网两天了没人管', '2026-03-02 08:41+08') AS a2,
       pg_temp.says('803', '乱扣费,投诉', '2026-03-02 08:42+08', 'tencent.gd') AS a3,
       pg_temp.says('804', '请问营业厅几点开门', '2026-03-02 08:43+08', 'sina.qh') AS a4,
       pg_temp.says('805', '建议流量可以结转', '2026-03-02 08:44+08') AS a5 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:a1, 'inquiry');
SELECT state FROM kefu.triage(:a2, 'complaint', category => 'signal');
SELECT state FROM kefu.triage(:a3, 'complaint', category => 'business');
SELECT state FROM kefu.triage(:a5, 'opinion', item => 'mobile', category => 'business');
SELECT state FROM kefu.answer(pg_temp.ticket_of(:a1), '您好,登录网上营业厅即可办理。');
RESET ROLE;
SELECT count(*) FROM pg_temp.taken();
SET LOCAL ROLE far;
SELECT state FROM kefu.triage(:a4, 'inquiry');
RESET ROLE;

-- --- what is owed is opened (R6, R8; house defaults 09:00, Monday 12:00, the 5th) -----------------
SET LOCAL kefu.test_now = '2026-03-03 00:05+08';
SELECT kefu.open_reports();
SELECT kefu.open_reports();
SELECT * FROM pg_temp.stand();
SELECT pg_temp.report_of('gd', 'daily', '2026-03-02') AS day, pg_temp.report_of('qh', 'daily', '2026-03-02') AS qh \gset
SET LOCAL ROLE lin;
-- One of each; a period is a day, a week, a month.
SELECT kefu.open_report('gd', 'daily', '2026-03-02');
SELECT kefu.open_report('gd', 'daily', 'yesterday');
SELECT kefu.open_report('gd', 'yearly', '2026-03-02');
SELECT kefu.open_report('gd', 'event', '2026-03-02/2026-03-02');
SELECT kefu.open_report('gd', 'department', '2026-02');
SELECT kefu.open_report('gd', 'daily', '2026-03-01', department => 'gd.network');
SELECT kefu.open_report('qh', 'daily', '2026-03-01');
SELECT kefu.create_object('report', 'open', jsonb_build_object('unit', 'gd', 'kind', 'daily', 'period', '2026-03-01',
    'file_by', '2026-12-31 09:00+08'));

-- --- its figures: rows with numerator, denominator and the period before --------------------------
SELECT state FROM kefu.refresh_report(:day);
SELECT figure, figure_label_zh, numerator_count, denominator_count, figure_value, previous_value
  FROM kefu_bi.report_figures WHERE report_id = :day;
-- They are those of kefu.kpi() and of the views, from which everybody reads, this period and the one before.
SELECT count(*) > 5 AS many, count(*) FILTER (WHERE NOT (CASE f.measure
           WHEN 'pct' THEN (f.numerator_count, f.denominator_count, f.figure_value) IS NOT DISTINCT FROM (k.hit_count, k.case_count, k.pct)
           WHEN 'count' THEN f.numerator_count = k.case_count
           ELSE f.denominator_count = k.case_count AND f.figure_value IS NOT DISTINCT FROM k.median_seconds END)) AS others,
       count(*) FILTER (WHERE f.measure = 'pct' AND f.previous_value IS DISTINCT FROM o.pct) AS others_before
  FROM kefu_bi.report_figures f
  JOIN kefu.kpi('gd', '2026-03-02', '2026-03-03') AS k ON k.kpi = f.figure
  JOIN kefu.kpi('gd', '2026-03-01', '2026-03-02') AS o ON o.kpi = f.figure
 WHERE f.report_id = :day;
SELECT f.figure, f.numerator_count = coalesce(sum(d.case_count), 0) AS as_in_view
  FROM kefu_bi.report_figures f
  LEFT JOIN kefu_bi.kpi_days d ON d.kpi = 'volume' AND d.kind = f.figure AND d.local_date = '2026-03-02'
 WHERE f.report_id = :day AND f.figure IN ('inquiry', 'complaint', 'negative', 'praise') GROUP BY f.figure, f.numerator_count ORDER BY 1;
SELECT f.numerator_count = sum(s.open_count) AS open_as_in_view
  FROM kefu_bi.report_figures f JOIN kefu_bi.kpi_stock_days s ON s.local_date = '2026-03-02' WHERE f.report_id = :day AND f.figure = 'open' GROUP BY f.numerator_count;
SELECT o.numerator_count = (SELECT count(*) FROM kefu_bi.opinions WHERE posted_local_date = '2026-03-02') AS opinions,
       l.numerator_count = (SELECT count(*) FROM kefu_bi.findings WHERE finding = 'late_promise') AS overdue
  FROM kefu_bi.report_figures o JOIN kefu_bi.report_figures l USING (report_id)
 WHERE o.report_id = :day AND o.figure = 'opinion' AND l.figure = 'overdue';

-- --- what no KPI counts comes from rows, and is what the views say, to the midnight ----------------------------------
RESET ROLE;
SAVEPOINT counted;
SELECT pg_temp.says('811', '骂人的话一', '2026-03-03 23:59:59+08') AS r1, pg_temp.says('812', '骂人的话二', '2026-03-04 00:00+08') AS r2,
       pg_temp.says('813', '骂人的话三', '2026-03-04 23:59:59+08', 'sina.qh') AS r3, pg_temp.says('814', '旧话', '2020-03-04 12:00+08') AS r4 \gset
INSERT INTO kefu.post (post_id, state, unit, kind, made_at, text) OVERRIDING SYSTEM VALUE VALUES (990001, 'published', 'gd', 'service', '2026-03-03', 'text');
INSERT INTO kefu.placement (post_id, state, unit, account, kind, is_repost, is_exempt, has_media, text, planned_at, send_at, made_at, published_at)
SELECT 990001, 'published', 'gd', x.account, 'service', false, false, false, 'text', x.at, x.at, x.at, x.at
  FROM (VALUES ('sina.gd', timestamptz '2026-03-03 23:59:59+08'), ('tencent.gd', '2026-03-04 00:00+08')) AS x(account, at);
SET LOCAL kefu.test_now = '2026-03-04 23:59:59+08';
SET LOCAL ROLE zhao;
SELECT (kefu.advance('message', :r1, 'remove', '{"reason": "abuse", "evidence": "screen"}')).state;
SET LOCAL kefu.test_now = '2026-03-05 00:00+08';
SELECT (kefu.advance('message', :r2, 'remove', '{"reason": "abuse", "evidence": "screen"}')).state;
RESET ROLE;
SET LOCAL kefu.test_now = '2026-03-06 00:00+08';
SELECT kefu.rebuild_kpis() > 0 \g /dev/null
SELECT d.day::date, f.figure, f.numerator, f.numerator = v.n AS as_in_view
  FROM generate_series(date '2026-03-03', '2026-03-05', '1 day') AS d(day)
 CROSS JOIN LATERAL kefu.report_figures_of(kefu.units_under('group'), d.day::date, d.day::date + 1) AS f
 CROSS JOIN LATERAL (SELECT CASE f.figure
      WHEN 'message' THEN (SELECT count(*) FROM kefu_bi.messages m WHERE m.is_live AND m.posted_local_date = d.day)
      WHEN 'deletion' THEN (SELECT count(*) FROM kefu_bi.deletions x WHERE x.outcome = 'removed' AND x.decided_local_date = d.day)
      WHEN 'post' THEN (SELECT count(*) FROM kefu_bi.placements l WHERE l.published_local_date = d.day)
      WHEN 'opinion' THEN (SELECT count(*) FROM kefu_bi.opinions o WHERE o.posted_local_date = d.day) END AS n) AS v
 WHERE f.figure IN ('message', 'deletion', 'post', 'opinion') ORDER BY 1, 2;
-- Complaints by business and home, of the whole month and of a unit's own customers (R112, R117).
SELECT u.unit, (SELECT sum((c ->> 'complaints')::bigint) FROM jsonb_array_elements(kefu.report_figures(u.unit, '2026-03-01', '2026-04-01') -> 'matters') AS c)
               = (SELECT sum(m.complaint_count) FROM kefu_bi.complaint_matters m
                   WHERE m.local_month = '2026-03-01' AND (u.unit = 'group' OR m.home_unit = u.unit)) AS as_in_view
  FROM (VALUES ('group'), ('gd')) AS u(unit);
ROLLBACK TO counted;
SET LOCAL ROLE lin;

-- --- words, a phased plan (R9), filing ---------------------------------------------------------------
SELECT state FROM kefu.amend_report(:day, words => '断网<script>alert(1)</script>两起 & 已派单');
SELECT state FROM kefu.amend_report(:day, stage_plan => '下周排查基站');
SELECT (kefu.open_report('gd', 'weekly', '2026-W10')).id AS week \gset
SELECT kefu.submit_report(:week);
SET LOCAL ROLE far;
SELECT kefu.submit_report(:day);
SET LOCAL ROLE lin;
SELECT kefu.advance('report', :day, 'submit');
SELECT kefu.accept_report(:day);
SELECT state FROM kefu.submit_report(:day);
SELECT kefu.submit_report(:day);
SELECT * FROM pg_temp.stand() WHERE no IN (1, 3);
-- It is in the worklist of whose hands it is in.
SET LOCAL ROLE he;
SELECT state, why, text FROM kefu.worklist('group') WHERE object_type = 'report';
SET LOCAL ROLE lin;
SELECT state, why, text FROM kefu.worklist('gd') WHERE object_type = 'report';
-- The figures are fixed: what is counted later is in another edition.
RESET ROLE;
SELECT pg_temp.says('806', '迟到的消息', '2026-03-02 23:00+08') AS late \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:late, 'inquiry');
SELECT numerator_count FROM kefu_bi.report_figures WHERE report_id = :day AND figure = 'volume';

-- --- who operates never appraises (R3, R4, R6) ----------------------------------------------------------
SET LOCAL ROLE zhao;
SELECT kefu.accept_report(:day);
SET LOCAL ROLE he;
SELECT kefu.return_report(:day, NULL);
SELECT kefu.advance('report', :day, 'return', kefu.facts('reason', '数据不全', 'file_by', '2026-12-31 09:00+08'));
SELECT state FROM kefu.return_report(:day, '数据不全');
SELECT * FROM pg_temp.stand() WHERE no = 1;
SET LOCAL kefu.test_now = '2026-03-03 09:30+08';
SET LOCAL ROLE lin;
SELECT state FROM kefu.submit_report(:day);
SET LOCAL ROLE he;
SELECT state FROM kefu.accept_report(:day);
SELECT unit, kind, period, state, edition, is_in_time, submitted_at, reviewed_at FROM kefu_bi.reports WHERE report_id = :day;
-- The plan is a task of the desk.
RESET ROLE;
SELECT cause, rulebook, unit, due_at FROM kefu.task WHERE cause = 'stage_plan';
-- Wrong after all: another edition, linked; the old one stays as it was.
SET LOCAL ROLE lin;
SELECT kefu.restate_report(:day, NULL);
SELECT state FROM kefu.restate_report(:day, '补录一条');
SELECT edition, state, edition_of_report_id = :day AS restates, reason FROM kefu_bi.reports
 WHERE unit = 'gd' AND kind = 'daily' ORDER BY edition;

-- --- a department's report (R95), an event report, another's ---------------------------------------------
SELECT (kefu.open_report('gd', 'department', '2026-03', department => 'gd.network')).id AS dep \gset
SELECT (kefu.open_report('gd', 'event', '2026-03-02/2026-03-03', title => '断网"传言"')).id AS event \gset
SELECT state FROM kefu.refer(pg_temp.ticket_of(:late), 'gd.network', 'signal', kefu.now() + interval '1 day');
RESET ROLE;
SELECT pg_temp.says('807', '我是陈先生(n807),断网了,打13912345678', '2026-03-03 09:00+08') AS who, pg_temp.says('808', '建议夜间流量打折', '2026-03-03 09:05+08') AS idea \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:who, 'complaint', category => 'signal');
SELECT state FROM kefu.acknowledge(pg_temp.ticket_of(:who), 'gd.network');
SELECT state FROM kefu.contact_given(pg_temp.ticket_of(:who), '{"name": "陈先生"}', 'message 9');
SELECT state FROM kefu.refer(pg_temp.ticket_of(:who), 'gd.network', 'signal', kefu.now() + interval '1 day');
SELECT pg_temp.order_of(pg_temp.ticket_of(:who)) AS o \gset
SET LOCAL ROLE chen;
SELECT state FROM kefu.order_event(:o, 'review');
SELECT state FROM kefu.order_event(:o, 'dispatch', '{"department": "gd.network"}');
SET LOCAL ROLE wang;
SELECT state FROM kefu.order_event(:o, 'receive');
SELECT state FROM kefu.order_event(:o, 'accept');
SELECT state FROM kefu.order_event(:o, 'return', '{"solution": "已换基站板卡,回电020-38000000陈先生", "result": "已恢复"}');
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:idea, 'opinion', item => 'mobile', category => 'business');
SELECT opinion_id AS n FROM kefu_bi.opinions ORDER BY opinion_id DESC LIMIT 1 \gset
SELECT state FROM kefu.screen_opinion(:n);
SELECT state FROM kefu.report_opinion(:n, '2026-03', 'gd.network');
SET LOCAL kefu.test_now = '2026-04-01 08:00+08';
SELECT state FROM kefu.submit_report(:dep);
SELECT state FROM kefu.submit_report(:event);
SET LOCAL ROLE sun;
SELECT kefu.accept_report(:dep);
SET LOCAL ROLE wang;
SELECT state FROM kefu.accept_report(:dep);
SET LOCAL ROLE zhao;
SELECT kefu.accept_report(:event);
SET LOCAL ROLE far;
SELECT kefu.cancel_report(:qh, '不报');

-- --- who sees what ----------------------------------------------------------------------------------------
SELECT count(*), count(*) FILTER (WHERE unit <> 'qh') AS others FROM kefu_bi.reports;
SELECT count(*) FROM kefu_bi.report_figures WHERE unit <> 'qh';
SELECT kefu.report_html(:day);
SELECT length(kefu.report_html(:qh)) > 1000 AS own;
SET LOCAL ROLE wang;
SELECT kind, unit FROM kefu_bi.reports WHERE department IS NOT NULL;
SELECT length(kefu.report_html(:dep)) > 1000 AS own;
-- What they were about, how it was solved and what came of it, and of nobody (R95, ruling 21).
SELECT kefu.report_html(:dep) AS page \gset
SELECT (regexp_matches(regexp_replace(:'page', '<td>[0-9a-f]{8}</td>', '<td>key</td>', 'g'), '<td class="words">.*?</tr>', 'g'))[1] AS told;
SELECT :'page' ~ '13912345678|020-38000000|陈先生|n807' AS has_personal_data;
SET LOCAL ROLE he;
SELECT count(DISTINCT unit) > 1 AS all_of_them FROM kefu_bi.reports;

-- --- the page: well-formed, escaped, with the figures that were filed ------------------------------------------
SELECT kefu.report_html(:day) AS page \gset
RESET ROLE;
SELECT xmlparse(DOCUMENT regexp_replace(regexp_replace(:'page', '^<!DOCTYPE html>\n', ''),
           '<(meta [^>]*)>', '<\1/>', 'g')) IS NOT NULL AS is_well_formed;
SELECT :'page' ~ '<script' AS has_script, :'page' ~ '(src|href)="[^#]' AS reaches_out, :'page' ~ '&lt;script&gt;alert\(1\)&lt;/script&gt;两起 &amp; 已派单' AS is_escaped;
WITH page AS (
    SELECT xmlparse(DOCUMENT regexp_replace(regexp_replace(:'page', '^<!DOCTYPE html>\n', ''), '<(meta [^>]*)>', '<\1/>', 'g')) AS x
), shown AS (
    SELECT (xpath('/tr/@data-figure', f))[1]::text AS figure, (xpath('/tr/td[1]/text()', f))[1]::text AS value,
           (xpath('/tr/td[2]/text()', f))[1]::text AS cases
      FROM page, unnest(xpath('//tr[@data-figure]', x)) AS f
)
SELECT count(*), count(*) FILTER (WHERE s.value = kefu.html_value(f.measure, f.figure_value)
                                    AND (f.measure <> 'pct' OR s.cases = f.numerator_count || ' / ' || f.denominator_count)) AS as_filed
  FROM shown s JOIN kefu_bi.report_figures f ON f.report_id = :day AND f.figure = s.figure;
SELECT count(*) AS tables, count(*) FILTER (WHERE (xpath('boolean(/div/table/caption) and boolean(/div/table/thead/tr/th[@scope])', t))[1]::text = 'true') AS with_caption
  FROM unnest(xpath('//div[table]', xmlparse(DOCUMENT regexp_replace(regexp_replace(:'page', '^<!DOCTYPE html>\n', ''), '<(meta [^>]*)>', '<\1/>', 'g')))) AS t;
SELECT count(*) AS charts, count(*) FILTER (WHERE (xpath('boolean(/svg/title) and boolean(/svg/desc) and boolean(/svg[@role="img"])', g))[1]::text = 'true') AS told
  FROM unnest(xpath('//svg', xmlparse(DOCUMENT regexp_replace(regexp_replace(:'page', '^<!DOCTYPE html>\n', ''), '<(meta [^>]*)>', '<\1/>', 'g')))) AS g;
-- The title of an event can't leave its place.
SET LOCAL ROLE he;
SELECT kefu.report_html(:event) ~ '<h1>[^<]*断网&quot;传言&quot;' AS title_is_escaped;
RESET ROLE;
SELECT kefu.html('<a href="x" onclick=''y''>&</a>');
-- Nobody's words are in a snapshot.
RESET ROLE;
SELECT count(*) FROM kefu.report WHERE figures::text ~ '断网|套餐|80[0-9]"|n80';

-- --- after an outage every missed period is opened, once ------------------------------------------------------------
SELECT count(*) FILTER (WHERE kind = 'daily' AND desk_unit = 'gd') AS days FROM pg_temp.stand();
SELECT kefu.open_reports(3);
SELECT kefu.open_reports(), kefu.open_reports();
SELECT desk_unit, kind, count(DISTINCT period), min(period), max(period) FROM pg_temp.stand() WHERE kind IN ('daily', 'weekly', 'monthly') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM (SELECT desk_unit, kind, period FROM pg_temp.stand() WHERE state <> 'restated' AND kind IN ('daily', 'weekly', 'monthly')
                       GROUP BY 1, 2, 3 HAVING count(*) > 1) AS twice;

-- --- what a department had to do with is reported to it, owed without being asked for (R95); an event and how far it spread (专报) ---
SAVEPOINT spread;
SET LOCAL kefu.test_now = '2026-04-02 09:00+08';
SELECT pg_temp.says('821', '全城断网', '2026-04-02 08:50+08') AS big, pg_temp.says('822', '打不通', '2026-04-02 08:51+08', 'sina.gd', 'comments_to_me') AS c1,
       pg_temp.says('823', '在吗', '2026-04-02 08:52+08', 'sina.gd', 'messages') AS c2 \gset
SET LOCAL ROLE lin;
SELECT state FROM kefu.triage(:big, 'complaint', category => 'signal');
SELECT state FROM kefu.acknowledge(pg_temp.ticket_of(:big), 'gd.network');
SELECT kefu.note_spread(:big, 12000, 300) IS NOT NULL AS noted;
SELECT state FROM kefu.set_alarm(pg_temp.ticket_of(:big), 3, '全城断网');
SELECT state FROM kefu.refer(pg_temp.ticket_of(:big), 'gd.network', 'signal', kefu.now() + interval '1 day');
SELECT pg_temp.order_of(pg_temp.ticket_of(:big)) AS o2 \gset
SET LOCAL ROLE chen;
SELECT state FROM kefu.order_event(:o2, 'review');
SELECT state FROM kefu.order_event(:o2, 'dispatch', '{"department": "gd.network"}');
RESET ROLE;
SELECT count(*) FROM pg_temp.taken();
SET LOCAL kefu.test_now = '2026-05-01 08:00+08';
SELECT kefu.rebuild_kpis() > 0 AS counted, kefu.open_reports(1000) > 0 AS opened, kefu.open_reports(1000) AS again;
SELECT kind, period, department, state, file_by_at FROM kefu_bi.reports WHERE kind = 'department' ORDER BY 2;
SET LOCAL ROLE lin;
SELECT (kefu.open_report('gd', 'event', '2026-04-02/2026-04-02', title => '全城断网')).id AS event2 \gset
SELECT state FROM kefu.submit_report(:event2);
SELECT kefu.report_html(:event2) AS page \gset
RESET ROLE;
SELECT jsonb_array_length(figures -> 'alarms') AS alarms, figures #>> '{alarms,0,reposts}' AS reposts, (figures #>> '{alarms,0,alarm}')::integer > 1 AS has_level, figures -> 'channels' AS channels
  FROM kefu.report WHERE report_id = :event2;
SELECT (SELECT jsonb_object_agg(c ->> 'channel', c -> 'n') FROM kefu.report r, jsonb_array_elements(r.figures -> 'channels') AS c WHERE r.report_id = :event2)
     = (SELECT jsonb_object_agg(m.channel, m.n) FROM (SELECT CASE WHEN NOT is_to_us THEN 'found' WHEN item_type = 'message' THEN 'private' WHEN item_type = 'comment' THEN 'comment' ELSE 'mention' END AS channel,
                                                             count(*) AS n FROM kefu_bi.messages WHERE is_live AND unit LIKE 'gd%' AND posted_local_date = '2026-04-02' GROUP BY 1) AS m) AS as_in_view;
SELECT xmlparse(DOCUMENT regexp_replace(regexp_replace(:'page', '^<!DOCTYPE html>\n', ''), '<(meta [^>]*)>', '<\1/>', 'g')) IS NOT NULL AS is_well_formed,
       :'page' ~ '<caption id="alarms-t">.*12000' AS spread, :'page' ~ 'data-channel="private"' AS ways;
ROLLBACK TO spread;

-- --- nothing by hand -------------------------------------------------------------------------------------------
UPDATE kefu.report SET figures = '{}';
DELETE FROM kefu.report;
SELECT fired > 0 AS fired FROM kefu.tick();
SELECT * FROM pg_temp.broken WHERE what = 'audit' OR object_type = 'report';

-- --- on a desk with years behind it the figures read their own period only (ruling 24) --------------------------------
INSERT INTO kefu.ticket (kind, state, unit, received_unit, person_id, posted_at, round_posted_at, opened_at, archived_at, first_kind)
SELECT 'inquiry', 'archived', 'gd', 'gd', (SELECT min(person_id) FROM kefu.person), x.at, x.at, x.at, x.at, 'inquiry'
  FROM (SELECT timestamptz '2024-01-01' + n * interval '3 hours' AS at FROM generate_series(1, 5000) AS n) AS x;
INSERT INTO kefu.clock (object_type, object_id, clock, unit, policy_id, started_at, due_at, stopped_at, outcome)
SELECT 'ticket', t.ticket_id, 'inquiry_ack', 'gd', 1, t.posted_at, t.posted_at + interval '2 hours', t.posted_at, 'kept'
  FROM kefu.ticket t WHERE t.posted_at < '2026-01-01';
ANALYZE kefu.ticket; ANALYZE kefu.clock;
SET LOCAL enable_seqscan = off;
CREATE FUNCTION pg_temp.read_rows() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_all_tables WHERE schemaname = 'kefu' AND relname IN ('ticket', 'clock', 'round') $$;
SELECT pg_temp.read_rows() AS before \gset
SELECT jsonb_array_length(kefu.report_figures('gd', '2026-03-02', '2026-03-03') -> 'figures') AS figures;
SELECT pg_temp.read_rows() - :before < 1000 AS few_rows_read;
RESET enable_seqscan;
ROLLBACK;
