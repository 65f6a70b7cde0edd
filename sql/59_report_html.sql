-- 59_report_html: a report as one page.
--
-- One self-contained HTML page without script, fonts or pictures from elsewhere:
-- it can be mailed, printed, kept. Every text that comes from a row passes
-- kefu.html(); numbers are numbers of the snapshot. Charts are inline SVG with
-- title and description, and each has its figures in a table as well.

CREATE FUNCTION kefu.html(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT replace(replace(replace(replace(replace(coalesce(text, ''), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'),
                           '"', '&quot;'), '''', '&#39;');
END;
COMMENT ON FUNCTION kefu.html(text) IS 'Text as HTML, also within quotes; NULL is empty (内部: 转义)';

CREATE FUNCTION kefu.html_both(zh text, en text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT kefu.html(zh) || coalesce(' <span class="en" lang="en">' || kefu.html(nullif(en, zh)) || '</span>', '');
END;
COMMENT ON FUNCTION kefu.html_both(text, text) IS 'A label in Chinese and English (内部: 双语标签)';

CREATE FUNCTION kefu.html_value(measure text, value numeric) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN value IS NULL THEN '—'
                WHEN measure = 'pct' THEN round(value, 1) || '%'
                WHEN measure = 'count' THEN trim(to_char(value, 'FM999,999,999,990'))
                WHEN measure = 'mean' THEN round(value, 2)::text
                WHEN measure = 'points' THEN round(value, 1)::text
                WHEN value < 60 THEN round(value) || ' s'
                WHEN value < 7200 THEN round(value / 60) || ' min'
                ELSE round(value / 3600, 1) || ' h' END;
END;
COMMENT ON FUNCTION kefu.html_value(text, numeric) IS 'A figure as people read it: one decimal of a per cent or of points, two of a mean, seconds as s, min or h; a dash for NULL (内部: 数值格式)';

CREATE FUNCTION kefu.html_change(measure text, value numeric, previous numeric, is_higher_better boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN value IS NULL OR previous IS NULL THEN '<span class="same">上期 — <span class="en" lang="en">no last period</span></span>'
                WHEN value = previous THEN '<span class="same">＝ 持平 <span class="en" lang="en">unchanged</span></span>'
                ELSE format('<span class="%s">%s %s%s</span>',
                            CASE WHEN is_higher_better IS NULL THEN 'same'
                                 WHEN (value > previous) = is_higher_better THEN 'good' ELSE 'bad' END,
                            CASE WHEN value > previous THEN '▲ +' ELSE '▼ −' END,
                            CASE measure WHEN 'pct' THEN round(abs(value - previous), 1) || ' pp'
                                         ELSE kefu.html_value(measure, abs(value - previous)) END,
                            CASE WHEN is_higher_better IS NULL THEN ''
                                 WHEN (value > previous) = is_higher_better THEN ' 好转 <span class="en" lang="en">better</span>'
                                 ELSE ' 变差 <span class="en" lang="en">worse</span>' END) END;
END;
COMMENT ON FUNCTION kefu.html_change(text, numeric, numeric, boolean) IS 'A figure against the period before: arrow, difference and a word, never by colour alone (内部: 环比)';

CREATE FUNCTION kefu.html_table(id text, caption text, heads text[], body text, nothing text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN body IS NULL THEN '<p class="nothing">' || nothing || '</p>'
                ELSE format('<div class="wide" role="region" aria-labelledby="%s" tabindex="0"><table><caption id="%s">%s</caption><thead><tr>',
                            id, id, caption)
                     || (SELECT string_agg(format('<th scope="col"%s>%s</th>', CASE WHEN h.head LIKE '#%' THEN ' class="n"' ELSE '' END,
                                                  ltrim(h.head, '#')), '' ORDER BY h.n)
                           FROM unnest(heads) WITH ORDINALITY AS h(head, n))
                     || '</tr></thead><tbody>' || body || '</tbody></table></div>' END;
END;
COMMENT ON FUNCTION kefu.html_table(text, text, text[], text, text) IS 'A table with caption and heads, # before that of a column of numbers, which a keyboard can scroll; a sentence instead where it has no rows (内部: 表格)';

CREATE FUNCTION kefu.html_rate_class(kept numeric, due numeric) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN coalesce(due, 0) = 0 THEN 'none' WHEN 100 * kept >= 98 * due THEN 'high'
                WHEN 100 * kept >= 90 * due THEN 'mid' ELSE 'low' END;
END;
COMMENT ON FUNCTION kefu.html_rate_class(numeric, numeric) IS 'high from 98 per cent in time, mid from 90, low below, none without a case (内部: 及时率等级)';

CREATE FUNCTION kefu.html_cards(figures jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT '<ul class="cards">' || string_agg(format(
               '<li><h3>%s</h3><p class="figure" data-figure="%s">%s</p><p class="of">%s</p><p class="change">%s</p></li>',
               kefu.html_both(l.label_zh, l.label_en), l.figure, kefu.html_value(l.measure, (f.value ->> 'value')::numeric),
               CASE l.measure WHEN 'pct' THEN format('%s / %s', f.value ->> 'numerator', f.value ->> 'denominator')
                              WHEN 'seconds' THEN format('n = %s', f.value ->> 'denominator')
                              ELSE '' END
               || CASE WHEN l.measure <> 'count' AND (f.value ->> 'denominator')::bigint < 30
                       THEN ' <span class="small">样本小 <span class="en" lang="en">small</span></span>' ELSE '' END,
               kefu.html_change(l.measure, (f.value ->> 'value')::numeric, (f.value ->> 'previous')::numeric, l.is_higher_better)),
               '' ORDER BY l.sort) || '</ul>'
      FROM jsonb_array_elements(figures) AS f(value)
      JOIN kefu.report_figure_list() AS l ON l.figure = f.value ->> 'figure'
     WHERE l.figure IN ('response_in_time', 'answer_in_time', 'satisfied', 'resolved', 'first_response', 'volume', 'complaint', 'overdue');
END;
COMMENT ON FUNCTION kefu.html_cards(jsonb) IS 'The eight figures that come first, each with cases and change (内部: 指标卡)';

CREATE FUNCTION kefu.svg_bars(days jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT format('<svg viewBox="0 0 440 200" role="img" aria-labelledby="bars-t bars-d"><title id="bars-t">每日受理工单 Tickets a day</title>'
               '<desc id="bars-d">%s 日，合计 %s，最多 %s。 %s days, %s in all, at most %s a day.</desc>'
               '<line class="axis" x1="34" y1="164" x2="432" y2="164"/><line class="grid" x1="34" y1="24" x2="432" y2="24"/>'
               '<text x="28" y="28" class="num">%s</text><text x="28" y="168" class="num">0</text>%s</svg>',
               count(*), sum(d.n), max(d.n), count(*), sum(d.n), max(d.n), max(d.most),
               string_agg(format('<rect class="bar" x="%s" y="%s" width="%s" height="%s"><title>%s: %s</title></rect>%s',
                   round(36 + (d.i - 1) * d.step + d.step * 0.14, 1), round(164 - 140.0 * d.n / d.most, 1), round(d.step * 0.72, 1),
                   round(140.0 * d.n / d.most, 1), d.day, d.n,
                   CASE WHEN (d.many - d.i) % d.every = 0
                        THEN format('<text x="%s" y="184" class="day">%s</text>', round(36 + (d.i - 0.5) * d.step, 1), right(d.day, 5))
                        ELSE '' END), '' ORDER BY d.i))
      FROM (SELECT f.value ->> 'day' AS day, (f.value ->> 'volume')::numeric AS n, f.i, count(*) OVER () AS many,
                   396.0 / count(*) OVER () AS step, greatest(max((f.value ->> 'volume')::numeric) OVER (), 1) AS most,
                   ceil(count(*) OVER () / 7.0)::integer AS every
              FROM jsonb_array_elements(days) WITH ORDINALITY AS f(value, i)) AS d;
END;
COMMENT ON FUNCTION kefu.svg_bars(jsonb) IS 'Tickets a day as bars (内部: 柱图)';

CREATE FUNCTION kefu.svg_rates(days jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT format('<svg viewBox="0 0 440 200" role="img" aria-labelledby="rates-t rates-d"><title id="rates-t">每日响应及时率 Responses in time, by due day</title>'
               '<desc id="rates-d">%s 日到期 %s，按时 %s。 Over %s days %s were due, %s in time; days without any are gaps.</desc>'
               '<line class="axis" x1="34" y1="164" x2="432" y2="164"/><line class="grid" x1="34" y1="24" x2="432" y2="24"/>'
               '<line class="grid" x1="34" y1="94" x2="432" y2="94"/>'
               '<text x="30" y="28" class="num">100</text><text x="30" y="98" class="num">%s</text><text x="30" y="168" class="num">%s</text>'
               '<polyline class="line" points="%s"/>%s</svg>',
               count(*), sum(d.due), sum(d.kept), count(*), sum(d.due), sum(d.kept), (100 + max(d.floor)) / 2, max(d.floor),
               coalesce(string_agg(format('%s,%s', d.x, d.y), ' ' ORDER BY d.i) FILTER (WHERE d.due > 0), ''),
               coalesce(string_agg(format('<circle class="dot %s" cx="%s" cy="%s" r="4"><title>%s: %s / %s</title></circle>',
                   kefu.html_rate_class(d.kept, d.due), d.x, d.y, d.day, d.kept, d.due), '' ORDER BY d.i) FILTER (WHERE d.due > 0), '')
               || string_agg(CASE WHEN (d.many - d.i) % d.every = 0
                                  THEN format('<text x="%s" y="184" class="day">%s</text>', d.x, right(d.day, 5)) ELSE '' END, '' ORDER BY d.i))
      FROM (SELECT g.*, round(36 + (g.i - 0.5) * 396.0 / g.many, 1) AS x,
                   round(164 - 140 * (100.0 * g.kept / nullif(g.due, 0) - g.floor) / (100 - g.floor), 1) AS y, ceil(g.many / 7.0)::integer AS every
              FROM (SELECT f.value ->> 'day' AS day, (f.value ->> 'due')::numeric AS due, (f.value ->> 'kept')::numeric AS kept, f.i,
                           count(*) OVER () AS many,
                           -- The axis begins at 50 where no day is below, and says so.
                           CASE WHEN bool_and((f.value ->> 'kept')::numeric * 2 >= (f.value ->> 'due')::numeric) OVER () THEN 50 ELSE 0 END AS floor
                      FROM jsonb_array_elements(days) WITH ORDINALITY AS f(value, i)) AS g) AS d;
END;
COMMENT ON FUNCTION kefu.svg_rates(jsonb) IS 'Responses in time by the day they were due, from 0, or 50 where no day is lower, to 100; days without a case are left out (内部: 折线图)';

CREATE FUNCTION kefu.province_tiles() RETURNS TABLE (region text, x integer, y integer)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.* FROM (VALUES
        ('23', 8, 0), ('15', 5, 1), ('11', 6, 1), ('21', 7, 1), ('22', 8, 1),
        ('65', 1, 2), ('62', 2, 2), ('64', 3, 2), ('14', 4, 2), ('13', 5, 2), ('12', 6, 2),
        ('54', 1, 3), ('63', 2, 3), ('61', 3, 3), ('41', 4, 3), ('37', 5, 3),
        ('51', 2, 4), ('50', 3, 4), ('42', 4, 4), ('34', 5, 4), ('32', 6, 4), ('31', 7, 4),
        ('53', 2, 5), ('52', 3, 5), ('43', 4, 5), ('36', 5, 5), ('33', 6, 5),
        ('45', 3, 6), ('44', 4, 6), ('35', 5, 6), ('46', 4, 7)) AS v(region, x, y);
END;
COMMENT ON FUNCTION kefu.province_tiles() IS 'Where each province stands on the tile map, by region code (内部: 省份方格图)';

CREATE FUNCTION kefu.svg_tiles(units jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT '<svg viewBox="0 0 440 400" role="img" aria-labelledby="tiles-t tiles-d"><title id="tiles-t">各省响应及时率 Responses in time by province</title>'
           '<desc id="tiles-d">每格一省，数字为及时率，无到期为横线；下表为全部数据。 One tile a province with its per cent in time, a dash without a case; the table below has all figures.</desc>'
           || string_agg(format('<g class="tile %s%s" transform="translate(%s %s)"><title>%s %s: %s / %s</title><rect width="46" height="46" rx="6"/>'
                  '<text x="23" y="20">%s</text><text x="23" y="37" class="rate">%s</text></g>',
                  kefu.html_rate_class((f.value ->> 'kept')::numeric, (f.value ->> 'due')::numeric),
                  CASE WHEN (f.value ->> 'due')::numeric BETWEEN 1 AND 9 THEN ' few' ELSE '' END,
                  t.x * 49 - 48 + 22, t.y * 49 + 4, kefu.html(u.name_zh), kefu.html(u.name_en), f.value ->> 'kept', f.value ->> 'due',
                  kefu.html(left(regexp_replace(u.name_zh, '客服部$', ''), 3)),
                  coalesce(round(100 * (f.value ->> 'kept')::numeric / nullif((f.value ->> 'due')::numeric, 0)) || '%', '—')),
                  '' ORDER BY t.y, t.x) || '</svg>'
      FROM jsonb_array_elements(units) AS f(value)
      JOIN kefu.unit u ON u.unit = f.value ->> 'unit'
      JOIN kefu.province_tiles() AS t ON t.region = u.region;
END;
COMMENT ON FUNCTION kefu.svg_tiles(jsonb) IS 'Provinces as tiles about where they lie, with the per cent in time; NULL without any (内部: 省份方格图)';

CREATE FUNCTION kefu.html_matters(matters jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH cell AS (
        SELECT f.value ->> 'business' AS business, f.value ->> 'home' AS home, (f.value ->> 'complaints')::bigint AS n
          FROM jsonb_array_elements(matters) AS f(value)
    ), home AS (
        SELECT c.home, sum(c.n) AS n, row_number() OVER (ORDER BY sum(c.n) DESC, c.home) AS place FROM cell c GROUP BY c.home
    ), grid AS (
        SELECT b.business, b.n AS total, h.home, h.place, coalesce(sum(c.n), 0) AS n, max(coalesce(sum(c.n), 0)) OVER () AS most
          FROM (SELECT c.business, sum(c.n) AS n FROM cell c GROUP BY c.business) AS b
         CROSS JOIN (SELECT * FROM home WHERE place <= 12) AS h
          LEFT JOIN cell c ON c.business IS NOT DISTINCT FROM b.business AND c.home IS NOT DISTINCT FROM h.home
         GROUP BY b.business, b.n, h.home, h.place
    )
    SELECT kefu.html_table('matters', kefu.html_both('投诉：业务 × 归属省（前 12 省）', 'Complaints by business and home province, the 12 with most'),
        ARRAY[kefu.html_both('业务', 'Business')]
        || (SELECT array_agg('#' || kefu.html(coalesce(regexp_replace(u.name_zh, '客服部$', ''), '未知')) ORDER BY h.place)
              FROM home h LEFT JOIN kefu.unit u ON u.unit = h.home WHERE h.place <= 12)
        || ('#' || kefu.html_both('合计', 'All')),
        (SELECT string_agg(g.line, '' ORDER BY g.total DESC, g.business)
           FROM (SELECT x.business, x.total, format('<tr><th scope="row">%s</th>%s<td class="n sum">%s</td></tr>',
                        kefu.html_both(coalesce(max(m.name_zh), '未分类'), coalesce(max(m.name_en), 'not classified')),
                        string_agg(format('<td class="n heat%s">%s</td>', ceil(5.0 * x.n / nullif(x.most, 0)), nullif(x.n, 0)), '' ORDER BY x.place),
                        x.total) AS line
                   FROM grid x LEFT JOIN kefu.matter m ON m.axis = 'phenomenon' AND m.matter = x.business
                  GROUP BY x.business, x.total) AS g),
        kefu.html_both('本期无投诉', 'No complaints'));
END;
COMMENT ON FUNCTION kefu.html_matters(jsonb) IS 'Complaints by business and home province; a darker cell has more, and its number (内部: 业务省份矩阵; R112, R117)';

CREATE FUNCTION kefu.report_style() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT $css$
:root{--bg:#f6f7f9;--card:#fff;--ink:#17202a;--soft:#5b6673;--line:#d9dee5;--brand:#0b5cab;--good:#0a7a42;--bad:#b3261e;--mid:#8a5a00;
--high-bg:#d5efdf;--mid-bg:#fdeccb;--low-bg:#fbd9d5;--none-bg:#e8ebef;--heat:11 92 171}
@media (prefers-color-scheme:dark){:root{--bg:#11161c;--card:#1a2129;--ink:#e8edf2;--soft:#a3afbc;--line:#33404d;--brand:#6bb3f5;--good:#5fd396;--bad:#ff9c92;--mid:#f3c36b;
--high-bg:#17472f;--mid-bg:#54400f;--low-bg:#5d241f;--none-bg:#2a333d;--heat:107 179 245}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 "Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--card);padding:8px}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:28px;border-top:6px solid var(--brand)}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 4px}
h2{font-size:1.2rem;margin:0 0 12px}
h3{font-size:.88rem;font-weight:600;margin:0;color:var(--soft)}
.en{color:var(--soft);font-weight:400;font-size:.86em}
h1 .en{display:block;font-size:1rem}
.facts{display:flex;flex-wrap:wrap;gap:4px 24px;margin:12px 0 20px;padding:0;color:var(--soft);font-size:.92rem}
.facts div{display:flex;gap:6px}.facts dt::after{content:"："}.facts dd{margin:0;color:var(--ink)}
nav ul{display:flex;flex-wrap:wrap;gap:6px 16px;list-style:none;padding:0;margin:0 0 20px;font-size:.92rem}
a{color:var(--brand)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px;margin:0 0 20px}
.cards{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(235px,1fr));gap:12px}
.cards li{border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.figure{font-size:2rem;font-weight:700;line-height:1.2;margin:4px 0 0;font-variant-numeric:tabular-nums}
.of,.change{margin:0;font-size:.86rem;color:var(--soft);font-variant-numeric:tabular-nums;min-height:1.3em}
.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}.same{color:var(--soft)}
.small{border:1px solid var(--line);border-radius:4px;padding:0 5px}
.two{display:grid;grid-template-columns:1fr 1fr;gap:20px}
.two>*{min-width:0}.map{grid-template-columns:2fr 3fr}.map th,.map td{padding:4px 8px}.map svg{max-width:520px}
figure{margin:0}figcaption{font-size:.9rem;font-weight:600;margin-bottom:4px}
svg{width:100%;height:auto;display:block}
svg text{font-size:12px;fill:var(--soft);font-family:inherit}
.num{text-anchor:end}.day{text-anchor:middle}
.axis{stroke:var(--soft)}.grid{stroke:var(--line);stroke-dasharray:3 3}
.bar{fill:var(--brand)}.line{fill:none;stroke:var(--brand);stroke-width:2}
.dot{stroke:var(--card);stroke-width:1.5}.dot.high{fill:var(--good)}.dot.mid{fill:var(--mid)}.dot.low{fill:var(--bad)}
.tile text{text-anchor:middle;fill:var(--ink);font-size:13px}.tile .rate{font-size:12px;font-weight:700}
.tile.few rect{stroke:var(--soft);stroke-dasharray:3 2}.key .few::before{border:1px dashed var(--soft)}.tile.high rect{fill:var(--high-bg)}.tile.mid rect{fill:var(--mid-bg)}.tile.low rect{fill:var(--low-bg)}.tile.none rect{fill:var(--none-bg)}
.key{display:flex;flex-wrap:wrap;gap:4px 14px;list-style:none;padding:0;margin:8px 0 0;font-size:.82rem;color:var(--soft)}
.key li::before{content:"";display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:5px;vertical-align:-1px;border:1px solid var(--line)}
.key .high::before{background:var(--high-bg)}.key .mid::before{background:var(--mid-bg)}.key .low::before{background:var(--low-bg)}.key .none::before{background:var(--none-bg)}
.wide{overflow-x:auto}.wide:focus-visible,a:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;font-weight:600;padding-bottom:6px}
th,td{padding:6px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{color:var(--soft);font-weight:600;font-size:.84rem;white-space:nowrap}
tbody th{font-weight:500}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.sum{font-weight:700}
.rated{white-space:nowrap}.pct{display:inline-block;min-width:3.6em}.meter{display:inline-block;width:90px;margin-right:8px;vertical-align:-1px;height:12px;background:var(--none-bg);border-radius:6px;overflow:hidden}
.meter i{display:block;height:12px;background:var(--good)}.meter .mid{background:var(--mid)}.meter .low{background:var(--bad)}
.heat1{background:rgb(var(--heat)/.08)}.heat2{background:rgb(var(--heat)/.16)}.heat3{background:rgb(var(--heat)/.26)}.heat4{background:rgb(var(--heat)/.36)}.heat5{background:rgb(var(--heat)/.46)}
.words{white-space:pre-wrap;margin:0 0 12px}
.wide+.wide,.cards+.wide,.wide+p,p+.wide,.cards+p{margin-top:18px}p.of+.cards{margin-top:8px}
.nothing{color:var(--soft);margin:0}
footer{color:var(--soft);font-size:.84rem;padding-bottom:32px}
@media (max-width:820px){.two,.map{grid-template-columns:1fr}}
@media (max-width:520px){header,main,footer{padding-left:12px;padding-right:12px}section{padding:14px}.cards{grid-template-columns:1fr 1fr;gap:8px}.cards li{padding:10px}
.figure{font-size:1.5rem}h1{font-size:1.4rem}th,td,.map th,.map td{padding:6px}.meter{width:46px}thead .en,.map tbody th .en,[aria-labelledby=scores-h] tbody .en{display:none}[aria-labelledby=scores-h] td,[aria-labelledby=scores-h] th{padding:6px 4px;font-size:.84rem}nav ul{gap:4px 12px}nav .en{display:none}}
@media print{@page{size:A4;margin:14mm}:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--brand:#0b5cab;--good:#0a7a42;--bad:#b3261e;--mid:#8a5a00;
--high-bg:#d5efdf;--mid-bg:#fdeccb;--low-bg:#fbd9d5;--none-bg:#eee;--heat:11 92 171}
.two{grid-template-columns:1fr 1fr}.map{grid-template-columns:2fr 3fr}.map th,.map td{padding:2px 5px}th,td{padding:4px 6px}.meter{width:44px}.map thead .en,.map tbody th .en{display:none}body{font-size:9.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}nav,.skip{display:none}header,main,footer{max-width:none;padding-left:0;padding-right:0}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:12px 0;margin:0}.cards{grid-template-columns:repeat(4,1fr)}.cards li{break-inside:avoid}
.figure{font-size:1.5rem}figure,tr{break-inside:avoid}h2,caption{break-after:avoid}thead{display:table-header-group}.wide{overflow:visible}a{color:inherit;text-decoration:none}}
$css$;
END;
COMMENT ON FUNCTION kefu.report_style() IS 'The style sheet of a report: light and dark, phone, desktop and A4 (内部: 报告样式)';

CREATE FUNCTION kefu.html_ranking(units jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT kefu.html_table('ranking', kefu.html_both('各省响应及时率', 'Responses in time by province'),
        ARRAY['#' || kefu.html_both('名次', 'Rank'), kefu.html_both('省', 'Province'), '#' || kefu.html_both('及时率', 'In time'),
              '#' || kefu.html_both('按时/到期', 'of due'), '#' || kefu.html_both('工单', 'Tickets'), '#' || kefu.html_both('超时', 'Overdue')],
        string_agg(format('<tr data-unit="%s"><td class="n">%s</td><th scope="row">%s</th><td class="n rated">%s<span class="pct">%s</span></td>'
                          '<td class="n">%s / %s</td><td class="n">%s</td><td class="n">%s</td></tr>',
            kefu.html(g.unit), coalesce(g.place::text, '<span title="少于10，不排名 fewer than 10, not ranked">—</span>'),
            kefu.html_both(regexp_replace(g.name_zh, '客服部$', ''), regexp_replace(g.name_en, ' customer service$', '')),
            CASE WHEN g.due > 0 THEN format('<span class="meter" aria-hidden="true"><i class="%s" style="width:%s%%"></i></span>',
                                            kefu.html_rate_class(g.kept, g.due), round(100 * g.kept / g.due)) ELSE '' END,
            kefu.html_value('pct', 100 * g.kept / nullif(g.due, 0)), g.kept, g.due, g.volume, g.overdue), '' ORDER BY g.place, g.rate DESC NULLS LAST, g.unit),
        kefu.html_both('无省份数据', 'No provinces'))
      FROM (SELECT r.*, CASE WHEN r.due >= 10 THEN rank() OVER (PARTITION BY r.due >= 10 ORDER BY r.rate DESC) END AS place
              FROM (SELECT f.value ->> 'unit' AS unit, u.name_zh, u.name_en, (f.value ->> 'volume')::numeric AS volume,
                           (f.value ->> 'due')::numeric AS due, (f.value ->> 'kept')::numeric AS kept, (f.value ->> 'overdue')::numeric AS overdue,
                           (f.value ->> 'kept')::numeric / nullif((f.value ->> 'due')::numeric, 0) AS rate
                      FROM jsonb_array_elements(units) AS f(value) JOIN kefu.unit u ON u.unit = f.value ->> 'unit') AS r
             WHERE r.volume > 0 OR r.due > 0 OR r.overdue > 0) AS g;
END;
COMMENT ON FUNCTION kefu.html_ranking(jsonb) IS 'Provinces by responses in time; fewer than ten due are shown and not ranked, those without anything left out (内部: 省份排名; ruling 24)';

CREATE FUNCTION kefu.html_figures(figures jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT kefu.html_table('figures', kefu.html_both('全部指标', 'All figures'),
        ARRAY[kefu.html_both('指标', 'Figure'), '#' || kefu.html_both('本期', 'This period'), '#' || kefu.html_both('分子/分母', 'of'),
              '#' || kefu.html_both('上期', 'Last'), kefu.html_both('变化', 'Change')],
        string_agg(format('<tr data-figure="%s"><th scope="row">%s</th><td class="n sum">%s</td><td class="n">%s</td><td class="n">%s</td><td>%s</td></tr>',
            l.figure, kefu.html_both(l.label_zh, l.label_en), kefu.html_value(l.measure, (f.value ->> 'value')::numeric),
            CASE l.measure WHEN 'pct' THEN format('%s / %s', f.value ->> 'numerator', f.value ->> 'denominator')
                           WHEN 'seconds' THEN format('n = %s', f.value ->> 'denominator') ELSE '' END,
            kefu.html_value(l.measure, (f.value ->> 'previous')::numeric),
            kefu.html_change(l.measure, (f.value ->> 'value')::numeric, (f.value ->> 'previous')::numeric, l.is_higher_better)),
            '' ORDER BY l.sort), '')
      FROM jsonb_array_elements(figures) AS f(value)
      JOIN kefu.report_figure_list() AS l ON l.figure = f.value ->> 'figure';
END;
COMMENT ON FUNCTION kefu.html_figures(jsonb) IS 'Every figure with its cases and the period before (内部: 指标表)';

CREATE FUNCTION kefu.html_lists(figures jsonb) RETURNS TABLE (id text, title text, body text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN
    id := 'overdue'; title := kefu.html_both('超时未办', 'Overdue');
    body := (SELECT kefu.html_table('overdue-t', kefu.html_both('最早到期的 20 项', 'The 20 that were due first'),
        ARRAY[kefu.html_both('时限', 'Promise'), kefu.html_both('机构', 'Unit'), kefu.html_both('对象', 'Object'), '#' || kefu.html_both('到期', 'Due')],
        string_agg(format('<tr><th scope="row">%s</th><td>%s</td><td>%s %s</td><td class="n">%s</td></tr>',
            kefu.html_both(coalesce(c.label_zh, f.value ->> 'clock'), c.label_en), kefu.html(u.name_zh),
            kefu.html_both(t.label_zh, t.label_en), f.value ->> 'object_id',
            to_char((f.value ->> 'due_at')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI')), '' ORDER BY f.n),
        kefu.html_both('没有超时事项', 'Nothing is overdue'))
      FROM jsonb_array_elements(figures -> 'overdue') WITH ORDINALITY AS f(value, n)
      LEFT JOIN kefu.unit u ON u.unit = f.value ->> 'unit'
      LEFT JOIN kefu.object_type t ON t.object_type = f.value ->> 'object_type'
      LEFT JOIN kefu_bi.labels c ON c.code_kind = 'clock' AND c.code = f.value ->> 'clock');
    RETURN NEXT;

    id := 'alarms'; title := kefu.html_both('舆情', 'Public opinion');
    body := (SELECT kefu.html_table('alarms-t', kefu.html_both('有舆情等级的工单', 'Tickets with a level'),
        ARRAY[kefu.html_both('等级', 'Level'), '#' || kefu.html_both('工单', 'Ticket'), kefu.html_both('机构', 'Unit'), kefu.html_both('业务', 'Matter'), kefu.html_both('状态', 'State'),
              '#' || kefu.html_both('发布', 'Posted'), '#' || kefu.html_both('发现', 'Seen'), '#' || kefu.html_both('首次响应', 'First response'), '#' || kefu.html_both('转发', 'Reposts'),
              '#' || kefu.html_both('回应期限', 'Statement by')],
        string_agg(format('<tr><th scope="row">%s</th><td class="n">%s</td><td>%s</td><td>%s</td><td>%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
            kefu.html_both(coalesce(a.name_zh, f.value ->> 'alarm'), a.name_en), f.value ->> 'ticket', kefu.html(u.name_zh),
            kefu.html_both(coalesce(m.name_zh, '未分类'), coalesce(m.name_en, 'not classified')), kefu.html_both(s.label_zh, s.label_en),
            to_char((f.value ->> 'posted_at')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'),
            coalesce(to_char((f.value ->> 'seen_at')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), '—'),
            coalesce(to_char((f.value ->> 'first_response_at')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), '—'), coalesce(f.value ->> 'reposts', '—'),
            coalesce(to_char((f.value ->> 'statement_by')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), '—')
            || CASE f.value ->> 'statement' WHEN 'kept' THEN ' ✓ 按时 <span class="en" lang="en">kept</span>' WHEN 'late' THEN ' ✗ 超时 <span class="en" lang="en">late</span>' ELSE '' END), '' ORDER BY f.n),
        kefu.html_both('没有舆情', 'None'))
      FROM jsonb_array_elements(figures -> 'alarms') WITH ORDINALITY AS f(value, n)
      LEFT JOIN kefu.unit u ON u.unit = f.value ->> 'unit'
      LEFT JOIN kefu.matter m ON m.axis = 'phenomenon' AND m.matter = f.value ->> 'category'
      LEFT JOIN kefu.state s ON s.machine = f.value ->> 'kind' AND s.state = f.value ->> 'state'
      LEFT JOIN LATERAL (SELECT l.name_zh, l.name_en FROM kefu.alarm_level l WHERE l.alarm = (f.value ->> 'alarm')::smallint
                          ORDER BY l.valid_from DESC LIMIT 1) AS a ON true);
    RETURN NEXT;

    id := 'intake'; title := kefu.html_both('来言与博文构成', 'Messages and posts by kind');
    body := (SELECT kefu.html_table('channels-t', kefu.html_both('来言渠道', 'Ways in'),
        ARRAY[kefu.html_both('渠道', 'Way'), '#' || kefu.html_both('条数', 'Messages')],
        string_agg(format('<tr data-channel="%s"><th scope="row">%s</th><td class="n sum">%s</td></tr>', kefu.html(f.value ->> 'channel'),
            CASE f.value ->> 'channel' WHEN 'mention' THEN kefu.html_both('发帖与@', 'posts and mentions') WHEN 'comment' THEN kefu.html_both('评论', 'comments')
                                       WHEN 'private' THEN kefu.html_both('私信', 'private messages') ELSE kefu.html_both('主动搜索发现', 'found by search') END,
            f.value ->> 'n'), '' ORDER BY f.n), kefu.html_both('本期无来言', 'No messages'))
      FROM jsonb_array_elements(figures -> 'channels') WITH ORDINALITY AS f(value, n))
    || (SELECT kefu.html_table('post-kinds-t', kefu.html_both('博文类型', 'Kinds of posts'),
        ARRAY[kefu.html_both('类型', 'Kind'), '#' || kefu.html_both('博文', 'Posts'), '#' || kefu.html_both('转发', 'Reposts'), '#' || kefu.html_both('含图片或视频', 'with media'),
              '#' || kefu.html_both('视频', 'Videos'), '#' || kefu.html_both('已删除', 'Deleted')],
        string_agg(format('<tr data-post-kind="%s"><th scope="row">%s</th><td class="n sum">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
            kefu.html(f.value ->> 'kind'), kefu.html_both(k.label_zh, k.label_en), f.value ->> 'n', f.value ->> 'reposts', f.value ->> 'media', f.value ->> 'videos', f.value ->> 'deleted'),
            '' ORDER BY f.n), kefu.html_both('本期无发文', 'No posts'))
      FROM jsonb_array_elements(figures -> 'post_kinds') WITH ORDINALITY AS f(value, n)
      LEFT JOIN kefu.post_kind k ON k.kind = f.value ->> 'kind');
    RETURN NEXT;

    id := 'topics'; title := kefu.html_both('同类问题', 'Same-matter topics');
    body := (SELECT kefu.html_table('topics-t', kefu.html_both('人数最多的 10 项', 'The 10 with most persons'),
        ARRAY['#<span class="en" lang="en">No.</span>', kefu.html_both('机构', 'Unit'), kefu.html_both('业务', 'Matter'), kefu.html_both('状态', 'State'),
              '#' || kefu.html_both('人数', 'Persons'), '#' || kefu.html_both('消息', 'Messages'), '#' || kefu.html_both('平台', 'Platforms')],
        string_agg(format('<tr><td class="n">%s</td><td>%s</td><th scope="row">%s</th><td>%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
            f.value ->> 'topic', kefu.html(u.name_zh), kefu.html_both(coalesce(m.name_zh, '未分类'), coalesce(m.name_en, 'not classified')),
            kefu.html_both(s.label_zh, s.label_en), f.value ->> 'persons', f.value ->> 'messages', f.value ->> 'platforms'), '' ORDER BY f.n),
        kefu.html_both('本期无同类问题', 'No topics'))
      FROM jsonb_array_elements(figures -> 'topics') WITH ORDINALITY AS f(value, n)
      LEFT JOIN kefu.unit u ON u.unit = f.value ->> 'unit'
      LEFT JOIN kefu.matter m ON m.axis = 'phenomenon' AND m.matter = f.value ->> 'category'
      LEFT JOIN kefu.state s ON s.machine = 'topic' AND s.state = f.value ->> 'state');
    RETURN NEXT;

    id := 'opinions'; title := kefu.html_both('客户意见', 'Customers'' opinions');
    body := (SELECT kefu.html_table('opinions-t', kefu.html_both('按所属项与分类', 'By item and category'),
        ARRAY[kefu.html_both('所属项', 'Item'), kefu.html_both('分类', 'Category'), '#' || kefu.html_both('条数', 'Opinions'),
              '#' || kefu.html_both('人数', 'Persons'), '#' || kefu.html_both('已上报', 'Reported'), '#' || kefu.html_both('已采纳', 'Adopted')],
        string_agg(format('<tr><th scope="row">%s</th><td>%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
            kefu.html_both(coalesce(i.name_zh, f.value ->> 'item'), i.name_en), kefu.html_both(coalesce(m.name_zh, '未分类'), coalesce(m.name_en, 'not classified')),
            f.value ->> 'n', f.value ->> 'persons', f.value ->> 'reported', f.value ->> 'adopted'), '' ORDER BY f.n),
        kefu.html_both('本期无意见', 'No opinions'))
      FROM jsonb_array_elements(figures -> 'opinions') WITH ORDINALITY AS f(value, n)
      LEFT JOIN kefu.matter i ON i.axis = 'product' AND i.matter = f.value ->> 'item'
      LEFT JOIN kefu.matter m ON m.axis = 'phenomenon' AND m.matter = f.value ->> 'category');
    RETURN NEXT;

    id := 'posting'; title := kefu.html_both('发文合规', 'Posting compliance');
    body := (SELECT kefu.html_table('posting-t', kefu.html_both('各账号发文规则执行', 'Posting rules kept by account'),
        ARRAY[kefu.html_both('账号', 'Account'), '#' || kefu.html_both('天数', 'Days'), '#' || kefu.html_both('博文', 'Posts'),
              '#' || kefu.html_both('合规/检查', 'kept / checked'), '#' || kefu.html_both('合规率', 'Kept')],
        string_agg(format('<tr><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td><td class="n">%s / %s</td><td class="n sum">%s</td></tr>',
            kefu.html(f.value ->> 'account'), f.value ->> 'days', coalesce(f.value ->> 'posts', '0'), f.value ->> 'kept', f.value ->> 'rules',
            kefu.html_value('pct', 100.0 * (f.value ->> 'kept')::numeric / nullif((f.value ->> 'rules')::numeric, 0))), '' ORDER BY f.n),
        kefu.html_both('本期无发文', 'No posts'))
      FROM jsonb_array_elements(figures -> 'posting') WITH ORDINALITY AS f(value, n));
    RETURN NEXT;

    id := 'findings'; title := kefu.html_both('规范缺口', 'Findings');
    body := (SELECT kefu.html_table('findings-t', kefu.html_both('数据截至时仍存在的缺口', 'What broke a rule when the figures were taken'),
        ARRAY[kefu.html_both('缺口', 'Finding'), kefu.html_both('条款', 'Rule'), '#' || kefu.html_both('数量', 'Number'), '#' || kefu.html_both('最早', 'Since'), kefu.html_both('整改', 'How to mend')],
        string_agg(format('<tr><th scope="row">%s</th><td>%s</td><td class="n sum">%s</td><td class="n">%s</td><td>%s</td></tr>',
            kefu.html_both(r.label_zh, r.label_en), kefu.html(array_to_string(r.rulebook[1:3], ' ')), f.value ->> 'n',
            coalesce(to_char((f.value ->> 'since')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), '—'), kefu.html_both(r.mend_zh, r.mend_en)), '' ORDER BY f.n),
        kefu.html_both('没有缺口', 'Nothing to mend'))
      FROM jsonb_array_elements(figures -> 'findings') WITH ORDINALITY AS f(value, n)
      JOIN kefu.finding_rule r ON r.finding = f.value ->> 'finding');
    RETURN NEXT;

    IF figures ?| '{orders,submissions}'::text[] THEN
        id := 'orders'; title := kefu.html_both('部门承办单', 'The department''s orders');
        body := (SELECT kefu.html_table('orders-t', kefu.html_both('本期派发', 'Dispatched in the period'),
            ARRAY['#' || kefu.html_both('投诉单', 'Order'), '#' || kefu.html_both('工单', 'Ticket'), kefu.html_both('类型', 'Kind'), kefu.html_both('业务', 'Matter'),
                  kefu.html_both('状态', 'State'), '#' || kefu.html_both('约定答复', 'Reply by'), '#' || kefu.html_both('办结', 'Closed')],
            string_agg(format('<tr><td class="n">%s</td><td class="n">%s</td><td>%s</td><td>%s</td><td>%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
                f.value ->> 'order', f.value ->> 'ticket', kefu.html_both(k.label_zh, k.label_en),
                kefu.html_both(coalesce(m.name_zh, '未分类'), coalesce(m.name_en, 'not classified')), kefu.html_both(s.label_zh, s.label_en),
                to_char((f.value ->> 'reply_by')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'),
                coalesce(to_char((f.value ->> 'closed_at')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), '—')), '' ORDER BY f.n),
            kefu.html_both('本期无派单', 'No orders'))
          FROM jsonb_array_elements(figures -> 'orders') WITH ORDINALITY AS f(value, n)
          LEFT JOIN kefu.machine k ON k.machine = f.value ->> 'kind'
          LEFT JOIN kefu.matter m ON m.axis = 'phenomenon' AND m.matter = f.value ->> 'category'
          LEFT JOIN kefu.state s ON s.machine = 'work_order' AND s.state = f.value ->> 'state');
        RETURN NEXT;

        id := 'contents'; title := kefu.html_both('内容、办法与结果', 'Contents, solutions, results');
        body := (SELECT kefu.html_table('contents-t', kefu.html_both('已去除个人信息，已删除的内容不再显示', 'Without personal data; what was erased is gone'),
            ARRAY['#' || kefu.html_both('编号', 'No.'), kefu.html_both('类型', 'Kind'), kefu.html_both('内容', 'Content'), kefu.html_both('发起人', 'Initiator'),
                  kefu.html_both('解决办法', 'Solution'), kefu.html_both('处理结果', 'Result')],
            string_agg(format('<tr><td class="n">%s</td><td>%s</td><td class="words">%s</td><td>%s</td><td class="words">%s</td><td class="words">%s</td></tr>',
                c.number, kefu.html_both(k.label_zh, k.label_en), coalesce(nullif(kefu.html(c.content), ''), '—'), coalesce(nullif(kefu.html(c.initiator), ''), '—'),
                coalesce(nullif(kefu.html(c.solution), ''), '—'), coalesce(nullif(kefu.html(c.result), ''), '—')), '' ORDER BY c.sort),
            kefu.html_both('本期无事项', 'Nothing in the period'))
          FROM kefu.department_contents(figures) AS c
          LEFT JOIN kefu.machine k ON k.machine = c.kind);
        RETURN NEXT;
    END IF;
END $$;
COMMENT ON FUNCTION kefu.html_lists(jsonb) IS 'The lists of a report, a section each: overdue, public opinion, messages and posts by kind, topics, opinions, posting, findings, a department''s orders and what they were about (内部: 报告清单)';

CREATE FUNCTION kefu.html_edition(edition text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN edition IS NULL THEN kefu.html_both('试算，未结账', 'as counted now, not closed')
                ELSE kefu.html_both('已结账，第 ' || edition || ' 版', 'closed, edition ' || edition) END;
END;
COMMENT ON FUNCTION kefu.html_edition(text) IS 'Whether scores were closed (内部: 考核版次)';

CREATE FUNCTION kefu.html_place(rank text, ranked text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN rank IS NULL THEN '<span title="计分权重不足一半，不排名 points for less than half of the weight: not ranked">—</span>'
                ELSE format('%s / %s', rank, ranked) END;
END;
COMMENT ON FUNCTION kefu.html_place(text, text) IS 'A rank among those that are ranked; a dash for who is not (内部: 名次)';

CREATE FUNCTION kefu.html_ranked(cards jsonb, kind text, label_zh text, label_en text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- Who had too little to do for a score is a number, unless points were given.
    SELECT kefu.html_table('scores-' || html_ranked.kind, kefu.html_both('考核排名：' || label_zh, 'Ranking: ' || label_en),
               ARRAY['#' || kefu.html_both('名次', 'Rank'), kefu.html_both('机构', 'Unit'), '#' || kefu.html_both('得分', 'Score'), '#' || kefu.html_both('上期', 'Last'),
                     '#' || kefu.html_both('基础', 'KPIs'), '#' || kefu.html_both('加分', 'Bonus'), '#' || kefu.html_both('减分', 'Penalty')],
               string_agg(format('<tr data-card="%s"><td class="n">%s</td><th scope="row">%s%s</th><td class="n sum">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
                   kefu.html(c.unit), kefu.html_place(c.value ->> 'rank', c.value ->> 'ranked_count'), kefu.html_both(u.name_zh, u.name_en),
                   CASE WHEN (c.value ->> 'is_small')::boolean THEN ' <span class="small">样本小 <span class="en" lang="en">small</span></span>' ELSE '' END,
                   kefu.html_value('points', (c.value ->> 'score')::numeric), kefu.html_value('points', (c.value ->> 'previous_score')::numeric),
                   kefu.html_value('points', (c.value ->> 'base_score')::numeric), kefu.html_value('points', (c.value ->> 'bonus_points')::numeric),
                   replace(kefu.html_value('points', (c.value ->> 'penalty_points')::numeric), '-', '−')), '' ORDER BY c.n) FILTER (WHERE c.is_shown),
               kefu.html_both('考核排名：' || label_zh || '：尚无得分', 'Ranking: ' || label_en || ': no score yet'))
           || CASE WHEN count(*) FILTER (WHERE NOT c.is_shown) > 0 AND count(*) FILTER (WHERE c.is_shown) > 0
                   THEN '<p class="nothing">' || kefu.html_both(format('另有 %s 家无得分', count(*) FILTER (WHERE NOT c.is_shown)),
                                                                format('%s more without a score', count(*) FILTER (WHERE NOT c.is_shown))) || '</p>' ELSE '' END
      FROM (SELECT f.value, f.n, f.value ->> 'unit' AS unit,
                   f.value ? 'score' OR f.value ? 'previous_score' OR (f.value ->> 'bonus_points')::numeric <> 0 OR (f.value ->> 'penalty_points')::numeric <> 0 AS is_shown
              FROM jsonb_array_elements(cards) WITH ORDINALITY AS f(value, n) WHERE f.value ->> 'kind' = html_ranked.kind) AS c
      JOIN kefu.unit u ON u.unit = c.unit;
END;
COMMENT ON FUNCTION kefu.html_ranked(jsonb, text, text, text) IS 'Units of one kind by their score, beside the month before; how many have none (内部: 考核排名表)';

CREATE FUNCTION kefu.html_scores(scores jsonb) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    card jsonb := scores -> 'card';
    page text := '';
BEGIN
    IF card IS NOT NULL THEN
        page := '<p class="of">' || kefu.html_edition(scores ->> 'edition') || '</p><ul class="cards">'
            || format('<li><h3>%s</h3><p class="figure" data-score="score">%s</p><p class="of">%s %s</p><p class="change">%s</p></li>',
                   kefu.html_both('综合得分', 'Score'), kefu.html_value('points', (card ->> 'score')::numeric),
                   kefu.html_both('计分权重', 'weight scored'), format('%s / %s', card ->> 'scored_weight', card ->> 'full_weight'),
                   kefu.html_change('points', (card ->> 'score')::numeric, (card ->> 'previous_score')::numeric, true))
            || format('<li><h3>%s</h3><p class="figure" data-score="rank">%s</p><p class="of">%s</p><p class="change">%s</p></li>',
                   kefu.html_both('排名', 'Rank'), kefu.html_place(card ->> 'rank', card ->> 'ranked_count'),
                   CASE WHEN (card ->> 'is_small')::boolean THEN '<span class="small">样本小 <span class="en" lang="en">small</span></span>' ELSE '' END,
                   kefu.html_change('count', (card ->> 'rank')::numeric, (card ->> 'previous_rank')::numeric, false))
            || format('<li><h3>%s</h3><p class="figure">%s</p><p class="of">%s</p></li>',
                   kefu.html_both('基础得分', 'Points of the KPIs'), kefu.html_value('points', (card ->> 'base_score')::numeric), kefu.html_both('按权重', 'by weight'))
            || format('<li><h3>%s</h3><p class="figure">%s / %s</p><p class="of">%s</p></li></ul>',
                   kefu.html_both('加分 / 减分', 'Bonus / penalty'), '+' || kefu.html_value('points', (card ->> 'bonus_points')::numeric),
                   replace(kefu.html_value('points', (card ->> 'penalty_points')::numeric), '-', '−'), kefu.html_both('理由见下表', 'reasons below'))
            || (SELECT kefu.html_table('score-lines', kefu.html_both('得分构成', 'What the score is made of'),
                    ARRAY[kefu.html_both('指标', 'KPI'), '#' || kefu.html_both('权重', 'Weight'), '#' || kefu.html_both('基数', 'Cases'), '#' || kefu.html_both('本期', 'This period'),
                          '#' || kefu.html_both('上期', 'Last'), '#' || kefu.html_both('满分值', 'Full at'), '#' || kefu.html_both('得分', 'Points')],
                    string_agg(format('<tr data-kpi="%s"><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td><td class="n sum">%s</td><td class="n">%s</td>'
                                      '<td class="n">%s</td><td class="n">%s</td></tr>',
                        kefu.html(f.value ->> 'kpi'), kefu.html_both(d.label_zh, d.label_en), f.value ->> 'weight', f.value ->> 'case_count',
                        kefu.html_value(d.measure, (f.value ->> 'figure')::numeric), kefu.html_value(d.measure, (f.value ->> 'previous_figure')::numeric),
                        kefu.html_value(d.measure, (f.value ->> 'full_at')::numeric),
                        coalesce(kefu.html_value('points', (f.value ->> 'points')::numeric), '—')), '' ORDER BY f.n),
                    kefu.html_both('没有考核规则', 'No rules'))
                  FROM jsonb_array_elements(scores -> 'lines') WITH ORDINALITY AS f(value, n)
                  JOIN kefu.score_kpi d ON d.kpi = f.value ->> 'kpi')
            || (SELECT kefu.html_table('score-entries', kefu.html_both('加减分', 'Bonus and penalty points'),
                    ARRAY['#' || kefu.html_both('分值', 'Points'), kefu.html_both('事由', 'Reason'), kefu.html_both('依据', 'Rule')],
                    string_agg(format('<tr><td class="n sum">%s</td><th scope="row">%s</th><td>%s</td></tr>',
                        CASE WHEN e.points > 0 THEN '+' ELSE '−' END || kefu.html_value('points', abs(e.points)), kefu.html(e.reason), kefu.html(e.rulebook)), '' ORDER BY e.entry_id),
                    kefu.html_both('本期无加减分', 'No bonus or penalty points'))
                  FROM kefu.score_entry e
                 WHERE e.entry_id IN (SELECT x::bigint FROM jsonb_array_elements_text(scores -> 'entries') AS x));
    END IF;
    IF jsonb_typeof(scores -> 'below') = 'array' THEN
        page := page || CASE WHEN card IS NULL OR scores ->> 'edition' IS DISTINCT FROM scores ->> 'below_edition'
                             THEN '<p class="of">' || kefu.html_edition(scores ->> 'below_edition') || '</p>' ELSE '' END
            || (SELECT string_agg(kefu.html_ranked(scores -> 'below', k.kind, l.label_zh, l.label_en), '' ORDER BY k.n)
                  FROM unnest('{province,team,contractor,hotline,department}'::text[]) WITH ORDINALITY AS k(kind, n)
                  JOIN kefu_bi.labels l ON l.code_kind = 'unit_kind' AND l.code = k.kind
                 WHERE scores -> 'below' @> jsonb_build_array(jsonb_build_object('kind', k.kind)));
    END IF;
    RETURN nullif(page, '');
END $$;
COMMENT ON FUNCTION kefu.html_scores(jsonb) IS
'Appraisals of a month: the unit''s score and rank, the KPIs it is made of, bonus and penalty points with reasons, and those it appraises, each beside the month before; NULL where nobody is appraised (内部: 考核成绩页; R4, R6)';

CREATE FUNCTION kefu.report_html(report bigint) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    r kefu.report;
    u kefu.unit;
    figures jsonb;
    as_of timestamptz;
    kind_zh text;
    kind_en text;
    heading text;
    facts text;
    parts text;
    menu text;
BEGIN
    SELECT x.* INTO r FROM kefu.report x
     WHERE x.report_id = report
       AND (x.desk_unit = ANY (kefu.my_units()) OR x.unit = ANY (kefu.my_units()) OR x.department = ANY (kefu.my_units()));
    PERFORM kefu.require_unit(CASE WHEN r.desk_unit = ANY (kefu.my_units()) THEN r.desk_unit
                                   WHEN r.unit = ANY (kefu.my_units()) THEN r.unit ELSE r.department END);
    SELECT x.* INTO u FROM kefu.unit x WHERE x.unit = r.desk_unit;
    -- A draft shows how things stand; what was filed stays as it was.
    figures := CASE WHEN r.state = 'draft' THEN kefu.report_figures(r.desk_unit, r.from_date, r.until_date, r.department) ELSE r.figures END;
    as_of := CASE WHEN r.state = 'draft' THEN (SELECT s.counted_to FROM kefu.kpi_state s) ELSE r.as_of END;
    SELECT l.label_zh, l.label_en INTO kind_zh, kind_en FROM kefu_bi.labels l WHERE l.code_kind = 'report' AND l.code = r.kind;
    heading := kefu.html(u.name_zh || kind_zh || coalesce('：' || r.title, ''));
    SELECT string_agg(format('<div><dt>%s</dt><dd>%s</dd></div>', v.term, v.said), '' ORDER BY v.n) INTO facts
      FROM (VALUES
          (1, kefu.html_both('报告期', 'Period'), kefu.html(CASE WHEN r.until_date - r.from_date = 1 THEN r.from_date::text
                                                                 ELSE r.from_date || ' – ' || r.until_date - 1 END)),
          (2, kefu.html_both('对比', 'Against'), kefu.html((figures ->> 'before') || ' – ' || r.from_date - 1)),
          (3, kefu.html_both('状态', 'State'), (SELECT kefu.html_both(s.label_zh, s.label_en) FROM kefu.state s WHERE s.machine = 'report' AND s.state = r.state)),
          (4, kefu.html_both('版次', 'Edition'), r.edition::text),
          (5, kefu.html_both('对应部门', 'Department'), (SELECT kefu.html_both(d.name_zh, d.name_en) FROM kefu.unit d WHERE d.unit = r.department)),
          (6, kefu.html_both('数据截至', 'As of'), to_char(as_of AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') || ' 北京时间'),
          (7, kefu.html_both('编号', 'No.'), r.report_id::text)) AS v(n, term, said)
     WHERE v.said IS NOT NULL;
    WITH section AS (
        SELECT 1 AS n, 'kpis' AS id, kefu.html_both('关键指标', 'Key figures') AS title, kefu.html_cards(figures -> 'figures') AS body
        UNION ALL
        SELECT 2, 'words', kefu.html_both('说明与阶段性计划', 'Words and phased plan'),
               coalesce('<h3>' || kefu.html_both('说明', 'Words') || '</h3><p class="words">' || kefu.html(r.words) || '</p>', '')
               || coalesce('<h3>' || kefu.html_both('阶段性计划', 'Phased plan') || '</h3><p class="words">' || kefu.html(r.stage_plan) || '</p>', '')
         WHERE r.words IS NOT NULL OR r.stage_plan IS NOT NULL
        UNION ALL
        SELECT 3, 'trend', kefu.html_both('趋势', 'Trend'),
               '<div class="two"><figure><figcaption>' || kefu.html_both('每日受理工单', 'Tickets a day') || '</figcaption>' || kefu.svg_bars(figures -> 'days')
               || '</figure><figure><figcaption>' || kefu.html_both('响应及时率（%），按到期日', 'Responses in time, %, by due day') || '</figcaption>'
               || kefu.svg_rates(figures -> 'days') || '</figure></div>'
        UNION ALL
        SELECT 4, 'provinces', kefu.html_both('各省', 'Provinces'),
               '<div class="two map"><figure><figcaption>' || kefu.html_both('响应及时率', 'Responses in time') || '</figcaption>' || kefu.svg_tiles(figures -> 'units')
               || '<ul class="key"><li class="high">≥ 98%</li><li class="mid">≥ 90%</li><li class="low">&lt; 90%</li><li class="none">'
               || kefu.html_both('无到期', 'none due') || '</li><li class="few">' || kefu.html_both('少于 10', 'fewer than 10') || '</li></ul></figure>' || kefu.html_ranking(figures -> 'units') || '</div>'
         WHERE jsonb_array_length(figures -> 'units') > 1
        UNION ALL
        SELECT 5, 'complaints', kefu.html_both('投诉分布', 'Complaints'), kefu.html_matters(figures -> 'matters')
        UNION ALL
        SELECT 6, 'scores', kefu.html_both('考核', 'Appraisal'), kefu.html_scores(figures -> 'scores')
         WHERE figures ? 'scores' AND kefu.html_scores(figures -> 'scores') IS NOT NULL
        UNION ALL
        SELECT 10 + l.n, l.id, l.title, l.body FROM kefu.html_lists(figures) WITH ORDINALITY AS l(id, title, body, n)
        UNION ALL
        SELECT 30, 'all', kefu.html_both('指标明细', 'All figures'), kefu.html_figures(figures -> 'figures')
    )
    SELECT string_agg(format('<section aria-labelledby="%s-h"><h2 id="%s-h">%s</h2>%s</section>', s.id, s.id, s.title, s.body), E'\n' ORDER BY s.n),
           string_agg(format('<li><a href="#%s-h">%s</a></li>', s.id, s.title), '' ORDER BY s.n)
      INTO parts, menu
      FROM section s;
    RETURN concat('<!DOCTYPE html>', E'\n', '<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
        '<meta name="color-scheme" content="light dark"><title>', heading, ' ', kefu.html(r.period), '</title><style>', kefu.report_style(), '</style></head>', E'\n',
        '<body><a class="skip" href="#main">跳到正文 <span lang="en">Skip to content</span></a>', E'\n',
        '<header><h1>', heading, '<span class="en" lang="en">', kefu.html(u.name_en || ', ' || kind_en), '</span></h1><dl class="facts">', facts, '</dl>',
        '<nav aria-label="目录 Contents"><ul>', menu, '</ul></nav></header>', E'\n<main id="main">', parts, '</main>', E'\n',
        '<footer><p>', kefu.html_both('工单按发布时间计入，及时率按到期时间计入；样本少于 30 标“样本小”，少于 10 不排名；分母为零记“—”。',
            'Tickets count by the time of their post, rates by due time; fewer than 30 cases are marked small, fewer than 10 not ranked; a zero denominator is a dash.'),
        '</p></footer></body></html>', E'\n');
END $$;
COMMENT ON FUNCTION kefu.report_html(bigint) IS
'The report as one self-contained page, Chinese and English, light and dark, for phone, desktop and paper, without script: figures against the period before, trends, provinces, complaints by business and province, of a month the scores, lists of overdue promises, topics, opinions, posting, findings. A draft is computed now, what was filed is printed as it was. KF008 if it isn''t there or not visible (打印报告; R4, R6, R8, R95)';
