-- 78_bi_report: reports and their figures, as filed.

CREATE VIEW kefu_bi.reports WITH (security_barrier) AS
SELECT r.report_id,
       r.desk_unit AS unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       r.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       r.period,
       r.from_date AS from_local_date,
       r.until_date - 1 AS to_local_date,
       r.department,
       d.name_zh AS department_label_zh,
       d.name_en AS department_label_en,
       r.title,
       r.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       r.edition,
       r.edition_of AS edition_of_report_id,
       r.words,
       r.stage_plan,
       r.reason,
       r.as_of AS as_of_at,
       (r.as_of AT TIME ZONE 'Asia/Shanghai')::date AS as_of_local_date,
       extract(hour FROM r.as_of AT TIME ZONE 'Asia/Shanghai')::integer AS as_of_local_hour,
       r.file_by AS file_by_at,
       (r.file_by AT TIME ZONE 'Asia/Shanghai')::date AS file_by_local_date,
       extract(hour FROM r.file_by AT TIME ZONE 'Asia/Shanghai')::integer AS file_by_local_hour,
       r.submitted_at,
       (r.submitted_at AT TIME ZONE 'Asia/Shanghai')::date AS submitted_local_date,
       extract(hour FROM r.submitted_at AT TIME ZONE 'Asia/Shanghai')::integer AS submitted_local_hour,
       CASE WHEN r.file_by IS NULL OR (r.submitted_at IS NULL AND r.file_by > kefu.now()) THEN NULL
            ELSE coalesce(r.submitted_at <= r.file_by, false) END AS is_in_time,
       r.reviewed_at,
       (r.reviewed_at AT TIME ZONE 'Asia/Shanghai')::date AS reviewed_local_date,
       extract(hour FROM r.reviewed_at AT TIME ZONE 'Asia/Shanghai')::integer AS reviewed_local_hour
  FROM kefu.report r
  JOIN kefu.unit u ON u.unit = r.desk_unit
  JOIN kefu.state s ON s.machine = 'report' AND s.state = r.state
  JOIN kefu_bi.labels k ON k.code_kind = 'report' AND k.code = r.kind
  LEFT JOIN kefu.unit d ON d.unit = r.department
 WHERE r.desk_unit = ANY ((SELECT kefu.my_units())::text[]) OR r.unit = ANY ((SELECT kefu.my_units())::text[])
    OR r.department = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.reports IS 'Reports, every edition: whose, of which period, filed and reviewed when (报告; R4, R6, R8, R9, R95)';
COMMENT ON COLUMN kefu_bi.reports.report_id IS 'number, for kefu.report_html() (报告编号)';
COMMENT ON COLUMN kefu_bi.reports.unit IS 'unit it is about, with all below it (报告机构)';
COMMENT ON COLUMN kefu_bi.reports.unit_label_zh IS 'Chinese label of unit (机构标签)';
COMMENT ON COLUMN kefu_bi.reports.unit_label_en IS 'English label of unit (机构英文标签)';
COMMENT ON COLUMN kefu_bi.reports.kind IS 'daily, weekly, monthly, department, event (报告类型)';
COMMENT ON COLUMN kefu_bi.reports.kind_label_zh IS 'Chinese label of kind (类型标签)';
COMMENT ON COLUMN kefu_bi.reports.kind_label_en IS 'English label of kind (类型英文标签)';
COMMENT ON COLUMN kefu_bi.reports.period IS '2026-03-02, 2026-W10, 2026-03; of an event first and last day (报告期)';
COMMENT ON COLUMN kefu_bi.reports.from_local_date IS 'first Beijing day (起始日)';
COMMENT ON COLUMN kefu_bi.reports.to_local_date IS 'last Beijing day (截止日)';
COMMENT ON COLUMN kefu_bi.reports.department IS 'department it is for; NULL: the unit above (对应部门; R95)';
COMMENT ON COLUMN kefu_bi.reports.department_label_zh IS 'Chinese label of department; NULL where that is (部门标签)';
COMMENT ON COLUMN kefu_bi.reports.department_label_en IS 'English label of department; NULL where that is (部门英文标签)';
COMMENT ON COLUMN kefu_bi.reports.title IS 'of an event report; NULL else (标题)';
COMMENT ON COLUMN kefu_bi.reports.state IS 'draft, submitted, accepted, restated, cancelled (状态)';
COMMENT ON COLUMN kefu_bi.reports.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.reports.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.reports.edition IS 'first 1, each restatement one more (版次)';
COMMENT ON COLUMN kefu_bi.reports.edition_of_report_id IS 'report it restates; NULL for the first (被更正报告)';
COMMENT ON COLUMN kefu_bi.reports.words IS 'what the desk says; NULL nothing (文字说明)';
COMMENT ON COLUMN kefu_bi.reports.stage_plan IS 'plan for the next period; NULL none (阶段性计划; R9)';
COMMENT ON COLUMN kefu_bi.reports.reason IS 'why returned, restated or cancelled; NULL none (理由)';
COMMENT ON COLUMN kefu_bi.reports.as_of_at IS 'when the figures were computed; NULL not yet (数据截至)';
COMMENT ON COLUMN kefu_bi.reports.as_of_local_date IS 'Beijing date of as_of_at; NULL where that is (数据截至日期)';
COMMENT ON COLUMN kefu_bi.reports.as_of_local_hour IS 'Beijing hour of as_of_at, 0 to 23; NULL where that is (数据截至小时)';
COMMENT ON COLUMN kefu_bi.reports.file_by_at IS 'to be submitted by; NULL for an event (提交期限)';
COMMENT ON COLUMN kefu_bi.reports.file_by_local_date IS 'Beijing date of file_by_at; NULL where that is (提交期限日期)';
COMMENT ON COLUMN kefu_bi.reports.file_by_local_hour IS 'Beijing hour of file_by_at, 0 to 23; NULL where that is (提交期限小时)';
COMMENT ON COLUMN kefu_bi.reports.submitted_at IS 'last submission; NULL never (提交时间)';
COMMENT ON COLUMN kefu_bi.reports.submitted_local_date IS 'Beijing date of submitted_at; NULL where that is (提交日期)';
COMMENT ON COLUMN kefu_bi.reports.submitted_local_hour IS 'Beijing hour of submitted_at, 0 to 23; NULL where that is (提交小时)';
COMMENT ON COLUMN kefu_bi.reports.is_in_time IS 'submitted by file_by_at; NULL not due yet or never due (是否按时)';
COMMENT ON COLUMN kefu_bi.reports.reviewed_at IS 'accepted or returned; NULL neither (审阅时间; R4)';
COMMENT ON COLUMN kefu_bi.reports.reviewed_local_date IS 'Beijing date of reviewed_at; NULL where that is (审阅日期)';
COMMENT ON COLUMN kefu_bi.reports.reviewed_local_hour IS 'Beijing hour of reviewed_at, 0 to 23; NULL where that is (审阅小时)';

CREATE VIEW kefu_bi.report_figures WITH (security_barrier) AS
SELECT r.report_id,
       r.desk_unit AS unit,
       u.name_zh AS unit_label_zh,
       u.name_en AS unit_label_en,
       r.kind,
       k.label_zh AS kind_label_zh,
       k.label_en AS kind_label_en,
       r.period,
       r.edition,
       r.state,
       s.label_zh AS state_label_zh,
       s.label_en AS state_label_en,
       l.figure,
       l.label_zh AS figure_label_zh,
       l.label_en AS figure_label_en,
       l.measure,
       l.is_higher_better,
       (f.value ->> 'numerator')::bigint AS numerator_count,
       (f.value ->> 'denominator')::bigint AS denominator_count,
       (f.value ->> 'value')::numeric AS figure_value,
       (f.value ->> 'previous')::numeric AS previous_value
  FROM kefu.report r
 CROSS JOIN LATERAL jsonb_array_elements(r.figures -> 'figures') AS f(value)
  JOIN kefu.report_figure_list() AS l ON l.figure = f.value ->> 'figure'
  LEFT JOIN kefu.unit u ON u.unit = r.desk_unit
  LEFT JOIN kefu_bi.labels k ON k.code_kind = 'report' AND k.code = r.kind
  JOIN kefu.state s ON s.machine = 'report' AND s.state = r.state
 WHERE r.desk_unit = ANY ((SELECT kefu.my_units())::text[]) OR r.unit = ANY ((SELECT kefu.my_units())::text[])
    OR r.department = ANY ((SELECT kefu.my_units())::text[]);
COMMENT ON VIEW kefu_bi.report_figures IS 'Figures of reports as they were filed, one row each. Zero rule: a count of nothing is 0, a share or time of nothing NULL (报告指标; R4, R6, R8)';
COMMENT ON COLUMN kefu_bi.report_figures.report_id IS 'report (报告编号)';
COMMENT ON COLUMN kefu_bi.report_figures.unit IS 'unit it is about (报告机构)';
COMMENT ON COLUMN kefu_bi.report_figures.unit_label_zh IS 'Chinese label of unit (报告机构标签)';
COMMENT ON COLUMN kefu_bi.report_figures.unit_label_en IS 'English label of unit (报告机构英文标签)';
COMMENT ON COLUMN kefu_bi.report_figures.kind IS 'kind of report (报告类型)';
COMMENT ON COLUMN kefu_bi.report_figures.kind_label_zh IS 'Chinese label of kind (报告类型标签)';
COMMENT ON COLUMN kefu_bi.report_figures.kind_label_en IS 'English label of kind (报告类型英文标签)';
COMMENT ON COLUMN kefu_bi.report_figures.period IS 'period (报告期)';
COMMENT ON COLUMN kefu_bi.report_figures.edition IS 'edition (版次)';
COMMENT ON COLUMN kefu_bi.report_figures.state IS 'state of the report (状态)';
COMMENT ON COLUMN kefu_bi.report_figures.state_label_zh IS 'Chinese label of state (状态标签)';
COMMENT ON COLUMN kefu_bi.report_figures.state_label_en IS 'English label of state (状态英文标签)';
COMMENT ON COLUMN kefu_bi.report_figures.figure IS 'code (指标)';
COMMENT ON COLUMN kefu_bi.report_figures.figure_label_zh IS 'Chinese label (指标标签)';
COMMENT ON COLUMN kefu_bi.report_figures.figure_label_en IS 'English label (指标英文标签)';
COMMENT ON COLUMN kefu_bi.report_figures.measure IS 'pct 0 to 100, seconds, count (计量)';
COMMENT ON COLUMN kefu_bi.report_figures.is_higher_better IS 'more is better; NULL neither (是否越高越好)';
COMMENT ON COLUMN kefu_bi.report_figures.numerator_count IS 'numerator, or the count itself; NULL for seconds (分子)';
COMMENT ON COLUMN kefu_bi.report_figures.denominator_count IS 'denominator, or cases of a median; NULL for a count (分母)';
COMMENT ON COLUMN kefu_bi.report_figures.figure_value IS 'the figure; NULL on a zero denominator (指标值)';
COMMENT ON COLUMN kefu_bi.report_figures.previous_value IS 'of the period before, computed at the same time; NULL on a zero denominator (上期值)';
