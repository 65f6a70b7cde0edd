-- 78_bi_score: appraisals as they were closed, and where a province stands.
--
-- The rules at the head of 70_bi hold here too.

CREATE VIEW kefu_bi.score_rules WITH (security_barrier) AS
SELECT r.unit AS by_unit,
       u.name_zh AS by_unit_label_zh,
       u.name_en AS by_unit_label_en,
       r.kind,
       l.label_zh AS kind_label_zh,
       l.label_en AS kind_label_en,
       r.kpi,
       d.label_zh AS kpi_label_zh,
       d.label_en AS kpi_label_en,
       d.measure,
       d.is_higher_better,
       r.from_month AS from_local_month,
       r.set_at,
       (r.set_at AT TIME ZONE 'Asia/Shanghai')::date AS set_local_date,
       extract(hour FROM r.set_at AT TIME ZONE 'Asia/Shanghai')::integer AS set_local_hour,
       r.weight,
       r.full_at AS full_value,
       r.zero_at AS zero_value
  FROM kefu.score_rule r
  JOIN kefu.unit u ON u.unit = r.unit
  JOIN kefu.score_kpi d ON d.kpi = r.kpi
  LEFT JOIN kefu_bi.labels l ON l.code_kind = 'unit_kind' AND l.code = r.kind
 WHERE r.unit = ANY (ARRAY(WITH RECURSIVE above AS (
           SELECT o.unit, o.parent FROM kefu.unit o WHERE o.unit = ANY ((SELECT kefu.my_units())::text[])
           UNION
           SELECT o.unit, o.parent FROM kefu.unit o JOIN above b ON o.unit = b.parent)
       SELECT b.unit FROM above b));
COMMENT ON VIEW kefu_bi.score_rules IS 'What the reader''s units are appraised by, and appraise by, every version: the nearest unit up the tree wins, then the latest month, then the latest setting (考核规则; R3, R4, R6, R7)';
COMMENT ON COLUMN kefu_bi.score_rules.by_unit IS 'unit that appraises, and all below it (考核机构)';
COMMENT ON COLUMN kefu_bi.score_rules.by_unit_label_zh IS 'Chinese label of by_unit (考核机构标签)';
COMMENT ON COLUMN kefu_bi.score_rules.by_unit_label_en IS 'English label of by_unit (考核机构英文标签)';
COMMENT ON COLUMN kefu_bi.score_rules.kind IS 'kind of unit that is appraised: province, department, hotline, contractor; team: a province''s own people (被考核机构类型)';
COMMENT ON COLUMN kefu_bi.score_rules.kind_label_zh IS 'Chinese label of kind (被考核机构类型标签)';
COMMENT ON COLUMN kefu_bi.score_rules.kind_label_en IS 'English label of kind (被考核机构类型英文标签)';
COMMENT ON COLUMN kefu_bi.score_rules.kpi IS 'KPI (指标)';
COMMENT ON COLUMN kefu_bi.score_rules.kpi_label_zh IS 'Chinese label of kpi (指标标签)';
COMMENT ON COLUMN kefu_bi.score_rules.kpi_label_en IS 'English label of kpi (指标英文标签)';
COMMENT ON COLUMN kefu_bi.score_rules.measure IS 'pct, seconds, mean (度量方式)';
COMMENT ON COLUMN kefu_bi.score_rules.is_higher_better IS 'more is better (是否越高越好)';
COMMENT ON COLUMN kefu_bi.score_rules.from_local_month IS 'first day of the first month it holds for (起始月份)';
COMMENT ON COLUMN kefu_bi.score_rules.set_at IS 'when it was set, always before that month; shipped ones: 2010 (设定时间)';
COMMENT ON COLUMN kefu_bi.score_rules.set_local_date IS 'Beijing date of set_at (设定日期)';
COMMENT ON COLUMN kefu_bi.score_rules.set_local_hour IS 'Beijing hour of set_at, 0 to 23 (设定小时)';
COMMENT ON COLUMN kefu_bi.score_rules.weight IS 'weight among the KPIs of its kind; 0: taken out (权重)';
COMMENT ON COLUMN kefu_bi.score_rules.full_value IS 'figure that gets 100 points: pct 0 to 100, seconds of the median, or mean (满分值)';
COMMENT ON COLUMN kefu_bi.score_rules.zero_value IS 'figure that gets 0; equal to full_value: all or nothing (零分值)';

CREATE VIEW kefu_bi.score_entries WITH (security_barrier) AS
SELECT e.entry_id,
       e.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       e.local_month,
       e.points,
       e.reason,
       e.rulebook,
       e.kind,
       lk.label_zh AS kind_label_zh,
       lk.label_en AS kind_label_en,
       e.counters AS counters_entry_id,
       e.counters IS NULL AND NOT EXISTS (SELECT FROM kefu.score_entry x WHERE x.counters = e.entry_id) AS is_standing,
       coalesce(e.entry_id <= (SELECT c.last_entry FROM kefu.score_close c
                                WHERE c.unit = u.parent AND c.local_month = e.local_month
                                ORDER BY c.edition DESC LIMIT 1), false) AS is_closed,
       e.made_by AS made_by_staff_id,
       e.made_at,
       (e.made_at AT TIME ZONE 'Asia/Shanghai')::date AS made_local_date,
       extract(hour FROM e.made_at AT TIME ZONE 'Asia/Shanghai')::integer AS made_local_hour
  FROM kefu.score_entry e
  JOIN kefu.unit u ON u.unit = e.unit
  LEFT JOIN kefu_bi.labels lk ON lk.code_kind = 'unit_kind' AND lk.code = e.kind
 WHERE e.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.score_entries IS 'Bonus and penalty points of the reader''s units, with what took them back (加减分台账; R4, R6, R7)';
COMMENT ON COLUMN kefu_bi.score_entries.entry_id IS 'number (加减分编号)';
COMMENT ON COLUMN kefu_bi.score_entries.unit IS 'unit that got them (被考核机构)';
COMMENT ON COLUMN kefu_bi.score_entries.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.score_entries.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.score_entries.local_month IS 'first day of the month they count in, in Beijing (考核月份)';
COMMENT ON COLUMN kefu_bi.score_entries.points IS 'bonus, or penalty below 0 (分值)';
COMMENT ON COLUMN kefu_bi.score_entries.reason IS 'why (事由)';
COMMENT ON COLUMN kefu_bi.score_entries.rulebook IS 'R number, or house (依据)';
COMMENT ON COLUMN kefu_bi.score_entries.kind IS 'card they count on: kind of the unit, or team (考核对象类型)';
COMMENT ON COLUMN kefu_bi.score_entries.kind_label_zh IS 'Chinese label of kind (考核对象类型标签)';
COMMENT ON COLUMN kefu_bi.score_entries.kind_label_en IS 'English label of kind (考核对象类型英文标签)';
COMMENT ON COLUMN kefu_bi.score_entries.counters_entry_id IS 'entry it takes back; NULL none (冲销)';
COMMENT ON COLUMN kefu_bi.score_entries.is_standing IS 'neither taken back nor taking back (是否有效)';
COMMENT ON COLUMN kefu_bi.score_entries.is_closed IS 'known to the edition of the month that stands; false: that one was made before, or none was (是否已结账)';
COMMENT ON COLUMN kefu_bi.score_entries.made_by_staff_id IS 'who gave them; NULL a superuser (登记人编号)';
COMMENT ON COLUMN kefu_bi.score_entries.made_at IS 'when (登记时间)';
COMMENT ON COLUMN kefu_bi.score_entries.made_local_date IS 'Beijing date of made_at (登记日期)';
COMMENT ON COLUMN kefu_bi.score_entries.made_local_hour IS 'Beijing hour of made_at, 0 to 23 (登记小时)';

CREATE VIEW kefu_bi.scorecards WITH (security_barrier) AS
WITH card AS (
    SELECT c.*, k.unit AS by_unit, k.local_month, k.edition, k.reason, k.closed_at,
           k.edition = max(k.edition) OVER (PARTITION BY k.unit, k.local_month, c.unit, c.kind) AS is_current
      FROM kefu.score_card c JOIN kefu.score_close k USING (close_id)
     WHERE c.unit = ANY ((SELECT kefu.my_units())::text[])
)
SELECT c.local_month,
       c.by_unit,
       a.name_zh AS by_unit_label_zh,
       a.name_en AS by_unit_label_en,
       c.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       c.kind,
       l.label_zh AS kind_label_zh,
       l.label_en AS kind_label_en,
       c.edition,
       c.is_current,
       c.full_weight,
       c.scored_weight,
       round(100.0 * c.scored_weight / c.full_weight, 2) AS scored_weight_pct,
       c.base_score,
       c.bonus_points,
       c.penalty_points,
       c.score,
       c.is_small,
       c.is_ranked,
       c.rank,
       c.ranked_count,
       CASE WHEN c.is_current THEN round(avg(c.score) OVER year, 2) END AS year_score,
       CASE WHEN c.is_current THEN (count(c.score) OVER year)::integer END AS year_month_count,
       c.reason,
       c.closed_at,
       (c.closed_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_local_date,
       extract(hour FROM c.closed_at AT TIME ZONE 'Asia/Shanghai')::integer AS closed_local_hour
  FROM card c
  JOIN kefu.unit a ON a.unit = c.by_unit
  JOIN kefu.unit u ON u.unit = c.unit
  LEFT JOIN kefu_bi.labels l ON l.code_kind = 'unit_kind' AND l.code = c.kind
WINDOW year AS (PARTITION BY c.by_unit, c.unit, c.kind, c.is_current, extract(year FROM c.local_month) ORDER BY c.local_month);
COMMENT ON VIEW kefu_bi.scorecards IS
'Scores of the reader''s units as they were closed, every edition. Population: units directly below the one that appraises, of a kind that has rules, each with all below it; of kind team the people that provinces employ themselves. Clock and exclusions: those of the KPIs. Window: a month in Beijing; rules set before it began. A KPI with fewer than 10 cases gives no points and the others weigh more; a unit with points for less than half of the weight isn''t ranked, Zero rule: one without any has the score NULL. Equal scores share a rank. Nothing done later changes a row; another edition stands beside it (考核成绩; R3, R4, R6, R7, ruling 24)';
COMMENT ON COLUMN kefu_bi.scorecards.local_month IS 'first day of the month, in Beijing (考核月份)';
COMMENT ON COLUMN kefu_bi.scorecards.by_unit IS 'unit that appraises (考核机构)';
COMMENT ON COLUMN kefu_bi.scorecards.by_unit_label_zh IS 'Chinese label of by_unit (考核机构标签)';
COMMENT ON COLUMN kefu_bi.scorecards.by_unit_label_en IS 'English label of by_unit (考核机构英文标签)';
COMMENT ON COLUMN kefu_bi.scorecards.unit IS 'unit that is appraised (被考核机构)';
COMMENT ON COLUMN kefu_bi.scorecards.unit_label_zh IS 'Chinese label of unit (被考核机构标签)';
COMMENT ON COLUMN kefu_bi.scorecards.unit_label_en IS 'English label of unit (被考核机构英文标签)';
COMMENT ON COLUMN kefu_bi.scorecards.kind IS 'its kind, or team; those of one kind are ranked together (机构类型)';
COMMENT ON COLUMN kefu_bi.scorecards.kind_label_zh IS 'Chinese label of kind (机构类型标签)';
COMMENT ON COLUMN kefu_bi.scorecards.kind_label_en IS 'English label of kind (机构类型英文标签)';
COMMENT ON COLUMN kefu_bi.scorecards.edition IS 'first 1, each restatement one more (版次)';
COMMENT ON COLUMN kefu_bi.scorecards.is_current IS 'the edition that stands (是否现行版)';
COMMENT ON COLUMN kefu_bi.scorecards.full_weight IS 'sum of all weights (权重合计)';
COMMENT ON COLUMN kefu_bi.scorecards.scored_weight IS 'weights of the KPIs that gave points; 0 none (已计分权重)';
COMMENT ON COLUMN kefu_bi.scorecards.scored_weight_pct IS 'share of these; never NULL (计分权重占比)';
COMMENT ON COLUMN kefu_bi.scorecards.base_score IS 'points of the KPIs by weight, 0 to 100; NULL no KPI gave any (基础得分)';
COMMENT ON COLUMN kefu_bi.scorecards.bonus_points IS 'bonus points; 0 none (加分)';
COMMENT ON COLUMN kefu_bi.scorecards.penalty_points IS 'penalty points, 0 or below (减分)';
COMMENT ON COLUMN kefu_bi.scorecards.score IS 'the three together; NULL where base_score is (综合得分)';
COMMENT ON COLUMN kefu_bi.scorecards.is_small IS 'a KPI in it has fewer than 30 cases (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.scorecards.is_ranked IS 'at least half of the weight gave points (是否参与排名)';
COMMENT ON COLUMN kefu_bi.scorecards.rank IS 'place among the units of its kind under by_unit; NULL not ranked (排名)';
COMMENT ON COLUMN kefu_bi.scorecards.ranked_count IS 'how many of them are ranked; 0 none (参与排名数)';
COMMENT ON COLUMN kefu_bi.scorecards.year_score IS 'mean score of the year''s closed months up to this one; NULL of an older edition, or without a score (年累计得分)';
COMMENT ON COLUMN kefu_bi.scorecards.year_month_count IS 'months with a score in it; NULL of an older edition (年累计月数)';
COMMENT ON COLUMN kefu_bi.scorecards.reason IS 'why it was restated; NULL for the first edition (更正理由)';
COMMENT ON COLUMN kefu_bi.scorecards.closed_at IS 'when it was closed (结账时间)';
COMMENT ON COLUMN kefu_bi.scorecards.closed_local_date IS 'Beijing date of closed_at (结账日期)';
COMMENT ON COLUMN kefu_bi.scorecards.closed_local_hour IS 'Beijing hour of closed_at, 0 to 23 (结账小时)';

CREATE VIEW kefu_bi.scorecard_lines WITH (security_barrier) AS
SELECT k.local_month,
       k.unit AS by_unit,
       bu.name_zh AS by_unit_label_zh,
       bu.name_en AS by_unit_label_en,
       l.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       l.kind,
       x.label_zh AS kind_label_zh,
       x.label_en AS kind_label_en,
       k.edition,
       l.kpi,
       d.label_zh AS kpi_label_zh,
       d.label_en AS kpi_label_en,
       d.measure,
       l.weight,
       l.full_at AS full_value,
       l.zero_at AS zero_value,
       l.case_count,
       l.hit_count,
       l.figure AS kpi_value,
       l.points,
       l.case_count < 30 AS is_small,
       l.points IS NOT NULL AS is_scored
  FROM kefu.score_line l
  JOIN kefu.score_close k USING (close_id)
  JOIN kefu.unit u ON u.unit = l.unit
  JOIN kefu.score_kpi d ON d.kpi = l.kpi
  LEFT JOIN kefu_bi.labels x ON x.code_kind = 'unit_kind' AND x.code = l.kind
  LEFT JOIN kefu.unit bu ON bu.unit = k.unit
 WHERE l.unit = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.scorecard_lines IS 'What the scores were made of: each KPI as it was counted when the month was closed, and the rule it was measured by. Population, clock and exclusions are those of the KPI. Zero rule: a KPI without a case is a line with figure and points NULL (考核明细; R4, R6, R7, ruling 24)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.local_month IS 'first day of the month, in Beijing (考核月份)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.by_unit IS 'unit that appraises (考核机构)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.by_unit_label_zh IS 'Chinese label of by_unit (考核机构标签)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.by_unit_label_en IS 'English label of by_unit (考核机构英文标签)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.unit IS 'unit that is appraised, with all below it (被考核机构)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.unit_label_zh IS 'Chinese label of unit (被考核机构标签)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.unit_label_en IS 'English label of unit (被考核机构英文标签)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.kind IS 'kind of the card: of the unit, or team (机构类型)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.kind_label_zh IS 'Chinese label of kind (机构类型标签)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.kind_label_en IS 'English label of kind (机构类型英文标签)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.edition IS 'edition of the card (版次)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.kpi IS 'KPI (指标)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.kpi_label_zh IS 'Chinese label of kpi (指标标签)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.kpi_label_en IS 'English label of kpi (指标英文标签)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.measure IS 'pct, seconds, mean (度量方式)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.weight IS 'weight (权重)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.full_value IS 'figure that gets 100 points (满分值)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.zero_value IS 'figure that gets 0 (零分值)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.case_count IS 'cases; 0 none (基数)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.hit_count IS 'hits; NULL where the KPI is no share (命中数)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.kpi_value IS 'pct 0 to 100, median seconds, or mean; NULL without a case (指标值)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.points IS '0 to 100; NULL fewer than 10 cases (得分)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.is_small IS 'fewer than 30 cases (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.scorecard_lines.is_scored IS 'at least 10 cases: in the score (是否计分; ruling 24)';

CREATE VIEW kefu_bi.peer_kpis WITH (security_barrier) AS
SELECT f.local_month,
       f.unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       f.kpi,
       d.label_zh AS kpi_label_zh,
       d.label_en AS kpi_label_en,
       d.measure,
       d.is_higher_better,
       f.case_count,
       f.hit_count,
       f.figure AS kpi_value,
       f.rank,
       f.ranked_count,
       f.national_median,
       f.case_count < 30 AS is_small,
       f.case_count >= 10 AS is_ranked
  FROM kefu.peer_figures() AS f
  JOIN kefu.unit u ON u.unit = f.unit
  JOIN kefu_bi.kpi_definitions d ON d.kpi = f.kpi;
COMMENT ON VIEW kefu_bi.peer_kpis IS
'Where the reader''s provinces stand among all, by month. Population: provinces, each with all below it. Clock and exclusions: those of the KPI. Window: the last 13 months that are over, not the running one. Fewer than 10 cases: not ranked, and not in the median. Rank and median are told only where at least 5 ranked provinces are none of the reader''s, or all are; the median is coarse, to the whole percent, minute or tenth: nobody else''s name or figure is here. Zero rule: a province and month without a case has no row (同级对标; R4, R6, ruling 24)';
COMMENT ON COLUMN kefu_bi.peer_kpis.local_month IS 'first day of the month, in Beijing (月份)';
COMMENT ON COLUMN kefu_bi.peer_kpis.unit IS 'province of the reader (省公司)';
COMMENT ON COLUMN kefu_bi.peer_kpis.unit_label_zh IS 'Chinese label of unit (省公司标签)';
COMMENT ON COLUMN kefu_bi.peer_kpis.unit_label_en IS 'English label of unit (省公司英文标签)';
COMMENT ON COLUMN kefu_bi.peer_kpis.kpi IS 'KPI of which more, or less, is better (指标)';
COMMENT ON COLUMN kefu_bi.peer_kpis.kpi_label_zh IS 'Chinese label of kpi (指标标签)';
COMMENT ON COLUMN kefu_bi.peer_kpis.kpi_label_en IS 'English label of kpi (指标英文标签)';
COMMENT ON COLUMN kefu_bi.peer_kpis.measure IS 'pct, seconds, mean (度量方式)';
COMMENT ON COLUMN kefu_bi.peer_kpis.is_higher_better IS 'more is better (是否越高越好)';
COMMENT ON COLUMN kefu_bi.peer_kpis.case_count IS 'its cases, at least 1: a month without one has no row (基数)';
COMMENT ON COLUMN kefu_bi.peer_kpis.hit_count IS 'its hits; NULL where the KPI is no share (命中数)';
COMMENT ON COLUMN kefu_bi.peer_kpis.kpi_value IS 'its figure: pct 0 to 100, median seconds, or mean (指标值)';
COMMENT ON COLUMN kefu_bi.peer_kpis.rank IS 'its place, 1 the best, equal figures sharing it; NULL not ranked or not told (排名)';
COMMENT ON COLUMN kefu_bi.peer_kpis.ranked_count IS 'provinces that are ranked; NULL not told (参与排名数)';
COMMENT ON COLUMN kefu_bi.peer_kpis.national_median IS 'median of the ranked provinces'' figures, coarse; NULL not told (全国中位数)';
COMMENT ON COLUMN kefu_bi.peer_kpis.is_small IS 'fewer than 30 cases of its own (是否小样本; ruling 24)';
COMMENT ON COLUMN kefu_bi.peer_kpis.is_ranked IS 'at least 10 cases of its own (是否参与排名; ruling 24)';
