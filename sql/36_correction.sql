-- 36_correction: what is wrong with what stands on a platform, and what was done
-- about it.
--
-- A change notice is what a unit was told; a correction is one placement that is
-- taken down for it, for an order, for an error that somebody pointed out, for a
-- dead link or a deleted original. Nothing is ever edited in place (R74): what
-- changed or was wrong stands again as a new post, with an apology (R75).
--
-- What it doesn't know: reposts by accounts that aren't the desk's.

CREATE TABLE kefu.change_notice (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    product text NOT NULL CONSTRAINT change_notice_product CHECK (btrim(product) <> ''),
    text text NOT NULL CONSTRAINT change_notice_text CHECK (btrim(text) <> ''),
    received_at timestamptz NOT NULL,
    noted_at timestamptz NOT NULL,
    noted_by integer REFERENCES kefu.staff
);
COMMENT ON TABLE kefu.change_notice IS 'What a unit was told has changed: within 10 minutes of its receipt what stands on the platforms is taken down and published anew (变更通知; R73)';
COMMENT ON COLUMN kefu.change_notice.notice_id IS 'number (通知编号)';
COMMENT ON COLUMN kefu.change_notice.unit IS 'unit it is for, and those below it (机构)';
COMMENT ON COLUMN kefu.change_notice.product IS 'product or service that changed: a code of kefu_bi.matters, or words (变更产品)';
COMMENT ON COLUMN kefu.change_notice.text IS 'what changes, in the words of the notice (通知内容)';
COMMENT ON COLUMN kefu.change_notice.received_at IS 'when it was received: the 10 minutes run from then (接到通知时间)';
COMMENT ON COLUMN kefu.change_notice.noted_at IS 'when it was noted here (登记时间)';
COMMENT ON COLUMN kefu.change_notice.noted_by IS 'who noted it; NULL a program (登记人)';

CREATE TABLE kefu.correction (
    correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    post_id bigint NOT NULL REFERENCES kefu.post,
    placement_id bigint NOT NULL REFERENCES kefu.placement,
    cause text COLLATE "C" NOT NULL CONSTRAINT correction_cause CHECK
        (cause IN ('change', 'ordered', 'user_error', 'dead_link', 'original_gone')),
    notice_id bigint REFERENCES kefu.change_notice,
    message_id bigint REFERENCES kefu.message,
    order_reference text,
    notice_time timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    deleted_at timestamptz,
    reissue_post bigint REFERENCES kefu.post,
    closed_at timestamptz,
    CONSTRAINT correction_notice CHECK ((cause = 'change') = (notice_id IS NOT NULL)),
    CONSTRAINT correction_message CHECK (message_id IS NULL OR cause = 'user_error')
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX correction_open ON kefu.correction (placement_id) WHERE closed_at IS NULL;
CREATE INDEX correction_post ON kefu.correction (post_id);
CREATE INDEX correction_reissue ON kefu.correction (reissue_post) WHERE reissue_post IS NOT NULL AND closed_at IS NULL;
COMMENT ON TABLE kefu.correction IS 'One placement that is taken down, and published anew where it must be; one open at a time for each (更正; R73-R79)';
COMMENT ON COLUMN kefu.correction.correction_id IS 'number (更正编号)';
COMMENT ON COLUMN kefu.correction.state IS 'noticed, verified, deleting, deleted, reissuing, done, closed (状态)';
COMMENT ON COLUMN kefu.correction.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.correction.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.correction.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.correction.unit IS 'unit of the placement (机构)';
COMMENT ON COLUMN kefu.correction.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.correction.post_id IS 'post of the placement (博文)';
COMMENT ON COLUMN kefu.correction.placement_id IS 'what is taken down (投放)';
COMMENT ON COLUMN kefu.correction.cause IS 'change 内容变更, ordered 上级要求, user_error 用户指出错误, dead_link 链接失效, original_gone 原文被删 (原因)';
COMMENT ON COLUMN kefu.correction.notice_id IS 'change notice; NULL for other causes (变更通知)';
COMMENT ON COLUMN kefu.correction.message_id IS 'message that pointed out the error; NULL none (指错消息)';
COMMENT ON COLUMN kefu.correction.order_reference IS 'of the order to take it down; NULL none (指令文号; R76)';
COMMENT ON COLUMN kefu.correction.notice_time IS 'when it became known: its clock runs from then (得知时间)';
COMMENT ON COLUMN kefu.correction.made_at IS 'when it was opened here (立项时间)';
COMMENT ON COLUMN kefu.correction.deleted_at IS 'when the platform no longer showed it; NULL before (删除时间)';
COMMENT ON COLUMN kefu.correction.reissue_post IS 'post that stands in its stead; NULL none (重发博文; R74)';
COMMENT ON COLUMN kefu.correction.closed_at IS 'when it ended; NULL while open (结束时间)';

-- --- the sweep ---------------------------------------------------------------------

CREATE TABLE kefu.sweep_rule (
    what text COLLATE "C" NOT NULL CONSTRAINT sweep_rule_what CHECK (what IN ('link', 'original')),
    valid_from timestamptz NOT NULL,
    every interval NOT NULL CONSTRAINT sweep_rule_every CHECK (every >= interval '1 minute'),
    again_after interval NOT NULL CONSTRAINT sweep_rule_again_after CHECK (again_after >= interval '1 minute'),
    dead_looks smallint NOT NULL CONSTRAINT sweep_rule_dead_looks CHECK (dead_looks BETWEEN 1 AND 100),
    max_age interval NOT NULL CONSTRAINT sweep_rule_max_age CHECK (max_age > interval '0'),
    deletes boolean NOT NULL,
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (what, valid_from)
);
COMMENT ON TABLE kefu.sweep_rule IS 'How often links in posts and the originals of reposts are looked at, and what follows; the latest valid_from holds (巡检规则; R78, R79, house default)';
COMMENT ON COLUMN kefu.sweep_rule.what IS 'link 链接, original 原文 (巡检对象)';
COMMENT ON COLUMN kefu.sweep_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.sweep_rule.every IS 'pause between two looks (间隔)';
COMMENT ON COLUMN kefu.sweep_rule.again_after IS 'pause after a look that found it dead (复核间隔)';
COMMENT ON COLUMN kefu.sweep_rule.dead_looks IS 'looks in a row that must find it dead (失效判定次数)';
COMMENT ON COLUMN kefu.sweep_rule.max_age IS 'for so long after publication (巡检期限)';
COMMENT ON COLUMN kefu.sweep_rule.deletes IS 'true: it is deleted at once; false: a person confirms, within the correction''s time (是否自动删除)';
COMMENT ON COLUMN kefu.sweep_rule.rulebook IS 'R number (规范条款)';

CREATE TABLE kefu.sweep (
    sweep_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    placement_id bigint NOT NULL REFERENCES kefu.placement,
    what text COLLATE "C" NOT NULL CONSTRAINT sweep_what CHECK (what IN ('link', 'original')),
    link text,
    next_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    lease_until timestamptz,
    lease_key uuid,
    looked_at timestamptz,
    last_status integer,
    last_outcome text COLLATE "C" CONSTRAINT sweep_last_outcome CHECK (last_outcome IN ('there', 'dead', 'unclear')),
    dead_count smallint NOT NULL DEFAULT 0,
    UNIQUE NULLS NOT DISTINCT (placement_id, what, link),
    CONSTRAINT sweep_link CHECK ((what = 'link') = (link IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX sweep_due ON kefu.sweep (next_at);
COMMENT ON TABLE kefu.sweep IS 'What is looked at again and again while a placement stands: each link in it, and the original of a repost (巡检; R78, R79)';
COMMENT ON COLUMN kefu.sweep.sweep_id IS 'number (巡检编号)';
COMMENT ON COLUMN kefu.sweep.placement_id IS 'placement (投放)';
COMMENT ON COLUMN kefu.sweep.what IS 'link or original (巡检对象)';
COMMENT ON COLUMN kefu.sweep.link IS 'address that is asked for; NULL for an original (链接)';
COMMENT ON COLUMN kefu.sweep.next_at IS 'when it is looked at next (下次巡检)';
COMMENT ON COLUMN kefu.sweep.until IS 'not looked at after (巡检截止)';
COMMENT ON COLUMN kefu.sweep.lease_until IS 'a worker has it until then; NULL free (租约)';
COMMENT ON COLUMN kefu.sweep.lease_key IS 'key of that lease (租约键)';
COMMENT ON COLUMN kefu.sweep.looked_at IS 'last look; NULL none yet (最近巡检)';
COMMENT ON COLUMN kefu.sweep.last_status IS 'its HTTP status; 0 without a reply, NULL none yet (HTTP状态)';
COMMENT ON COLUMN kefu.sweep.last_outcome IS 'there 有效, dead 失效, unclear 不明; NULL none yet (巡检结果)';
COMMENT ON COLUMN kefu.sweep.dead_count IS 'looks in a row that found it dead (连续失效次数)';
