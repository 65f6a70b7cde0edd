-- 25_finding: what the rulebook asks, and how one sees that it is not kept.
--
-- A finding rule is a row and a function without arguments that returns what
-- breaks it now.  Whoever adds a rule writes those two, next to the feature
-- (doc/findings.md); kefu_bi.findings and kefu_bi.compliance then have it.
-- Findings are what people mend.  What can't be while the desk is sound is an
-- invariant (74_bi_proof).

CREATE TABLE kefu.requirement (
    requirement smallint PRIMARY KEY CONSTRAINT requirement_number CHECK (requirement BETWEEN 1 AND 137),
    section text COLLATE "C" NOT NULL,
    binding text COLLATE "C" NOT NULL CONSTRAINT requirement_binding CHECK
        (binding IN ('duty', 'leave', 'missing')),
    phrase_zh text NOT NULL,
    what_en text NOT NULL,
    answered_by text
);
COMMENT ON TABLE kefu.requirement IS 'Engine rows: the rulebook, line by line, R1 to R137 (规范条款; R2)';
COMMENT ON COLUMN kefu.requirement.requirement IS 'number, without the R (条款编号)';
COMMENT ON COLUMN kefu.requirement.section IS 'section of the rulebook (章节)';
COMMENT ON COLUMN kefu.requirement.binding IS 'duty 要求, leave 许可: what may be done and can''t be broken, missing 缺文: its text is not in the copy there is (约束力)';
COMMENT ON COLUMN kefu.requirement.phrase_zh IS 'key phrase of the Chinese original (原文要点)';
COMMENT ON COLUMN kefu.requirement.what_en IS 'what it asks, in English (英文要点)';
COMMENT ON COLUMN kefu.requirement.answered_by IS 'objects, events and clocks that answer for it, from doc/rulebook.md; NULL: nothing yet (落实对象)';

CREATE TYPE kefu.found AS (
    object_type text,
    object_id bigint,
    object_code text,
    unit text,
    account text,
    since_at timestamptz,
    rulebook text[],
    detail_zh text,
    detail_en text
);
COMMENT ON TYPE kefu.found IS 'One breakage, as the function of a finding rule returns it (缺口记录)';
COMMENT ON COLUMN kefu.found.object_type IS 'what breaks the rule, such as ticket, account, unit (对象类型)';
COMMENT ON COLUMN kefu.found.object_id IS 'which one; NULL where it has a code only (对象编号)';
COMMENT ON COLUMN kefu.found.object_code IS 'which one, by code; NULL where it has a number only (对象代码)';
COMMENT ON COLUMN kefu.found.unit IS 'unit that mends it; NULL: Group (机构)';
COMMENT ON COLUMN kefu.found.account IS 'account concerned; NULL none (账号)';
COMMENT ON COLUMN kefu.found.since_at IS 'since when; NULL: since ever (起始时间)';
COMMENT ON COLUMN kefu.found.rulebook IS 'requirements broken, such as R93; NULL: those of the rule (规范条款)';
COMMENT ON COLUMN kefu.found.detail_zh IS 'what is wrong, in Chinese, with codes and numbers and never somebody''s words (说明)';
COMMENT ON COLUMN kefu.found.detail_en IS 'the same in English (英文说明)';

CREATE TABLE kefu.finding_rule (
    finding text COLLATE "C" PRIMARY KEY CONSTRAINT finding_rule_code CHECK (finding ~ '^[a-z][a-z0-9_]{0,62}$'),
    call regprocedure NOT NULL UNIQUE,
    rulebook text[] NOT NULL CONSTRAINT finding_rule_rulebook CHECK (cardinality(rulebook) > 0),
    effect text COLLATE "C" NOT NULL CONSTRAINT finding_rule_effect CHECK (effect IN ('block', 'must', 'warn')),
    label_zh text NOT NULL,
    label_en text NOT NULL,
    mend_zh text NOT NULL,
    mend_en text NOT NULL
);
COMMENT ON TABLE kefu.finding_rule IS 'Engine rows: what is looked for in kefu_bi.findings (缺口规则; R2, ruling 26)';
COMMENT ON COLUMN kefu.finding_rule.finding IS 'code (缺口代码)';
COMMENT ON COLUMN kefu.finding_rule.call IS 'function () returning SETOF kefu.found: what breaks it now, of all units or of the caller''s (函数)';
COMMENT ON COLUMN kefu.finding_rule.rulebook IS 'R numbers it may break, the first being the one it is for; house for a house default (规范条款)';
COMMENT ON COLUMN kefu.finding_rule.effect IS 'block: refused where it is done, a finding only if it came about otherwise; must: to be mended; warn: to be looked at (效力; ruling 26)';
COMMENT ON COLUMN kefu.finding_rule.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.finding_rule.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu.finding_rule.mend_zh IS 'how it is mended, in Chinese (整改方法)';
COMMENT ON COLUMN kefu.finding_rule.mend_en IS 'the same in English (英文整改方法)';

