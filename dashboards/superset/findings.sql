-- 规则缺口 Broken rules
-- One row a breakage that stands now. No temporal column: it is the state of this moment.
SELECT finding_label_zh, rulebook, section, effect_label_zh, unit_label_zh, platform_label_zh,
       object_type_label_zh, object_id, since_at, open_seconds, detail_zh, mend_zh
  FROM kefu_bi.findings
