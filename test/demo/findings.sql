-- findings.sql: what is not as the rulebook wants it, by rule, and how that is mended.
SELECT all_rulebook AS rules, finding_label_zh AS finding, effect_label_zh AS effect, count(*) AS found,
       count(DISTINCT account) AS accounts, left(min(mend_zh), 60) AS mend
  FROM kefu_bi.findings GROUP BY 1, 2, 3 ORDER BY 1, 2;
