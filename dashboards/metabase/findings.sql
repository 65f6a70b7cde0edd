-- 规则缺口 Broken rules
-- Every rule that is broken now, with what mends it. Table.
-- Variables: unit and section, text, optional.
SELECT rulebook, finding_label_zh, effect_label_zh, unit_label_zh,
       count(*) AS finding_count,
       min(since_at) AS since_at,
       min(mend_zh) AS mend_zh
  FROM kefu_bi.findings
 WHERE true
   [[AND unit = {{unit}}]]
   [[AND section = {{section}}]]
 GROUP BY rulebook, finding_label_zh, effect_label_zh, unit_label_zh
 ORDER BY finding_count DESC
