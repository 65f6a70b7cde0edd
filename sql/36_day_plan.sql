-- 36_day_plan: the proposal of a day on one account, and what became of it.
--
-- A plan is working paper, not an object of a machine: what it leads to are
-- events of the posts, which carry its number, and the ledger "desk" says who
-- accepted it.  Of an account and day one plan is current; the next ends it.

CREATE TABLE kefu.day_plan (
    plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    plan_date date NOT NULL,
    made_by integer REFERENCES kefu.staff,
    made_at timestamptz NOT NULL,
    accepted_by integer REFERENCES kefu.staff,
    accepted_at timestamptz,
    ended_at timestamptz
);
CREATE UNIQUE INDEX day_plan_current ON kefu.day_plan (account, plan_date) WHERE ended_at IS NULL;
COMMENT ON TABLE kefu.day_plan IS 'A proposed day of posts on one account (发文计划; R38-R40, R48-R53)';
COMMENT ON COLUMN kefu.day_plan.plan_id IS 'number (计划编号)';
COMMENT ON COLUMN kefu.day_plan.account IS 'account (账号)';
COMMENT ON COLUMN kefu.day_plan.unit IS 'its unit (机构)';
COMMENT ON COLUMN kefu.day_plan.plan_date IS 'Beijing date (日期)';
COMMENT ON COLUMN kefu.day_plan.made_by IS 'who had it proposed; NULL a superuser who is not on the desk (提出人)';
COMMENT ON COLUMN kefu.day_plan.made_at IS 'when (生成时间)';
COMMENT ON COLUMN kefu.day_plan.accepted_by IS 'who first accepted some of it; NULL nobody (采纳人)';
COMMENT ON COLUMN kefu.day_plan.accepted_at IS 'when; NULL not (采纳时间)';
COMMENT ON COLUMN kefu.day_plan.ended_at IS 'when another plan of the day took its place; NULL: it is the current one (失效时间)';

CREATE TABLE kefu.day_plan_slot (
    plan_id bigint NOT NULL REFERENCES kefu.day_plan,
    slot smallint NOT NULL,
    place text COLLATE "C" NOT NULL CONSTRAINT day_plan_slot_place CHECK (place IN ('morning', 'evening', 'between', 'rest')),
    post_id bigint NOT NULL REFERENCES kefu.post,
    send_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'proposed' CONSTRAINT day_plan_slot_state CHECK
        (state IN ('proposed', 'scheduled', 'refused', 'dropped')),
    problem text,
    placement_id bigint REFERENCES kefu.placement,
    edited_by integer REFERENCES kefu.staff,
    edited_at timestamptz,
    accepted_by integer REFERENCES kefu.staff,
    accepted_at timestamptz,
    PRIMARY KEY (plan_id, slot),
    CONSTRAINT day_plan_slot_scheduled CHECK ((state = 'scheduled') = (placement_id IS NOT NULL))
);
CREATE INDEX day_plan_slot_post ON kefu.day_plan_slot (post_id) WHERE state = 'proposed';
CREATE INDEX day_plan_slot_placement ON kefu.day_plan_slot (placement_id) WHERE placement_id IS NOT NULL;
COMMENT ON TABLE kefu.day_plan_slot IS 'Which post a plan proposes when, and what came of it (发文计划条目)';
COMMENT ON COLUMN kefu.day_plan_slot.plan_id IS 'plan (计划编号)';
COMMENT ON COLUMN kefu.day_plan_slot.slot IS 'number within the plan, from 1 (条目序号)';
COMMENT ON COLUMN kefu.day_plan_slot.place IS 'morning 早安, evening 晚间休闲, between 两时段之间, rest 其余 (位置; R48-R50)';
COMMENT ON COLUMN kefu.day_plan_slot.post_id IS 'post (博文)';
COMMENT ON COLUMN kefu.day_plan_slot.send_at IS 'when it is to leave (计划发布时间)';
COMMENT ON COLUMN kefu.day_plan_slot.state IS 'proposed 建议, scheduled 已排期, refused: accepted and refused by a rule 被拒, dropped: taken out 已删除 (状态)';
COMMENT ON COLUMN kefu.day_plan_slot.problem IS 'of a proposed one what keeps it from being sent by program; of a refused one SQLSTATE and words; NULL none (问题)';
COMMENT ON COLUMN kefu.day_plan_slot.placement_id IS 'placement it became; NULL not (投放)';
COMMENT ON COLUMN kefu.day_plan_slot.edited_by IS 'who added, moved, exchanged or dropped it; NULL nobody (修改人)';
COMMENT ON COLUMN kefu.day_plan_slot.edited_at IS 'when; NULL not (修改时间)';
COMMENT ON COLUMN kefu.day_plan_slot.accepted_by IS 'who accepted it; NULL nobody (采纳人)';
COMMENT ON COLUMN kefu.day_plan_slot.accepted_at IS 'when; NULL not (采纳时间)';

CREATE TABLE kefu.day_plan_check (
    plan_id bigint NOT NULL REFERENCES kefu.day_plan,
    rule text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL CONSTRAINT day_plan_check_reason CHECK
        (reason IN ('kept', 'stock', 'room', 'limit', 'stands', 'edited')),
    actual integer,
    low integer,
    high integer,
    target integer,
    available integer,
    PRIMARY KEY (plan_id, rule)
);
COMMENT ON TABLE kefu.day_plan_check IS 'How the day would keep each rule of posting if the plan were carried out (发文计划核对)';
COMMENT ON COLUMN kefu.day_plan_check.plan_id IS 'plan (计划编号)';
COMMENT ON COLUMN kefu.day_plan_check.rule IS 'number, spacing, gap, morning, evening, service, industry, leisure, reposts, soft, pictures, wishes (规则)';
COMMENT ON COLUMN kefu.day_plan_check.reason IS 'kept; else why not: stock 素材不足, room 无空档, limit 达到上限, stands 已排内容所致, edited 人工修改所致 (结论)';
COMMENT ON COLUMN kefu.day_plan_check.actual IS 'what the day has: posts, or minutes of spacing and gap; NULL nothing to measure (实际值)';
COMMENT ON COLUMN kefu.day_plan_check.low IS 'least allowed; NULL none (下限)';
COMMENT ON COLUMN kefu.day_plan_check.high IS 'most allowed; NULL none (上限)';
COMMENT ON COLUMN kefu.day_plan_check.target IS 'what the ratio gives; NULL no ratio (目标值)';
COMMENT ON COLUMN kefu.day_plan_check.available IS 'what stands and what was in stock for it when the plan was made; NULL where none is needed (可用素材数)';

CREATE VIEW kefu.posting_words AS
SELECT w.rule, w.sort, w.rulebook, w.label_zh, w.label_en
  FROM (VALUES
      ('number', 1, 'R38', '条数', 'posts of the day'),
      ('spacing', 2, 'R39', '间隔', 'spacing'),
      ('gap', 3, 'R39', '空档', 'gap'),
      ('morning', 4, 'R48', '早安', 'good morning'),
      ('evening', 5, 'R49', '晚间休闲', 'evening leisure'),
      ('service', 6, 'R50', '自身业务', 'own service'),
      ('industry', 7, 'R50', '业内动态', 'industry news'),
      ('leisure', 8, 'R50', '哲理休闲', 'philosophy and leisure'),
      ('reposts', 9, 'R62', '转发', 'reposts'),
      ('soft', 10, 'R61', '公益新闻文化转发', 'soft reposts'),
      ('pictures', 11, 'R52', '含图', 'pictures'),
      ('wishes', 12, 'house', '期望时间', 'wished times')) AS w(rule, sort, rulebook, label_zh, label_en);
COMMENT ON VIEW kefu.posting_words IS 'What a day of posts is judged by, in words (发文核对项; R38, R39, R48-R50, R52, R61, R62)';
COMMENT ON COLUMN kefu.posting_words.rule IS 'code, as kefu.solve_day() names it (规则代码)';
COMMENT ON COLUMN kefu.posting_words.sort IS 'order in lists, from 1 (排序)';
COMMENT ON COLUMN kefu.posting_words.rulebook IS 'R number, or house for a house default (规范条款)';
COMMENT ON COLUMN kefu.posting_words.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.posting_words.label_en IS 'English label (英文标签)';
