-- 36_post: what the desk publishes: requests for it, texts with their reviews, and
-- where and when each is to stand.
--
-- A post is one text with its media; a placement is that post on one account.
-- Review acts on posts, sending and quotas on placements. A text that is
-- changed after its approval is reviewed anew, in a further round.
--
-- What it doesn't keep: earlier wordings, which are in the audit trail, and
-- pictures of other people's posts.

CREATE TABLE kefu.post_kind (
    kind text COLLATE "C" PRIMARY KEY CONSTRAINT post_kind_code CHECK (kind ~ '^[a-z][a-z_]{0,30}$'),
    mix text COLLATE "C" CONSTRAINT post_kind_mix CHECK (mix IN ('service', 'industry', 'leisure')),
    slot text COLLATE "C" CONSTRAINT post_kind_slot CHECK (slot IN ('morning', 'evening')),
    is_soft boolean NOT NULL DEFAULT false,
    is_urgent boolean NOT NULL DEFAULT false,
    sort smallint NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL
);
COMMENT ON TABLE kefu.post_kind IS 'Kinds of post and what the posting rules count them as (博文类别; R44-R50, R61)';
COMMENT ON COLUMN kefu.post_kind.kind IS 'code (类别代码)';
COMMENT ON COLUMN kefu.post_kind.mix IS 'part of 6:3:1 between the fixed slots: service 自身业务, industry 业内动态, leisure 哲理休闲; NULL: not counted (配比类别; R50)';
COMMENT ON COLUMN kefu.post_kind.slot IS 'fixed slot it belongs to: morning 早安 or evening 休闲; NULL: none (固定时段; R48, R49)';
COMMENT ON COLUMN kefu.post_kind.is_soft IS 'welfare, news or culture: its reposts are limited to 2 a day (是否公益新闻文化; R61)';
COMMENT ON COLUMN kefu.post_kind.is_urgent IS 'may go the urgent path, exempt from spacing, window, number and mix (是否应急; R40, R73)';
COMMENT ON COLUMN kefu.post_kind.sort IS 'order in lists, from 1 (排序)';
COMMENT ON COLUMN kefu.post_kind.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.post_kind.label_en IS 'English label (英文标签)';

CREATE TABLE kefu.review_scheme (
    scheme text COLLATE "C" NOT NULL,
    step smallint NOT NULL CONSTRAINT review_scheme_step CHECK (step BETWEEN 1 AND 3),
    role text COLLATE "C" NOT NULL CONSTRAINT review_scheme_role CHECK (role IN ('reviewer', 'leader')),
    label_zh text NOT NULL,
    label_en text NOT NULL,
    PRIMARY KEY (scheme, step)
);
COMMENT ON TABLE kefu.review_scheme IS 'Ways to review a post: one to three steps, numbered from 1 without a gap (审核方案; R5)';
COMMENT ON COLUMN kefu.review_scheme.scheme IS 'code; three is 三审三校 (方案代码)';
COMMENT ON COLUMN kefu.review_scheme.step IS 'step, from 1 (步骤)';
COMMENT ON COLUMN kefu.review_scheme.role IS 'who may take it: reviewer, or leader only; a leader may take a reviewer''s step (角色)';
COMMENT ON COLUMN kefu.review_scheme.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.review_scheme.label_en IS 'English label (英文标签)';

CREATE TABLE kefu.review_rule (
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    valid_from timestamptz NOT NULL,
    scheme text COLLATE "C" NOT NULL,
    PRIMARY KEY (unit, valid_from)
);
COMMENT ON TABLE kefu.review_rule IS 'Which scheme a unit reviews its posts by: the nearest unit above with a rule, there the latest valid_from; a text in review keeps the one it was submitted under (审核规则; R5)';
COMMENT ON COLUMN kefu.review_rule.unit IS 'unit (机构)';
COMMENT ON COLUMN kefu.review_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.review_rule.scheme IS 'scheme (审核方案)';

CREATE FUNCTION kefu.longest_file() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT 10485760;
END;
COMMENT ON FUNCTION kefu.longest_file() IS 'Most bytes a file may ever have, 10 MiB: the worker holds a request in memory, as many as kefu.connections at once (文件大小极限; R42)';

CREATE TABLE kefu.media (
    media_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    content_type text COLLATE "C" NOT NULL CONSTRAINT media_content_type CHECK
        (content_type IN ('image/jpeg', 'image/png', 'image/gif', 'video/mp4', 'video/webm')),
    file_name text NOT NULL,
    content bytea NOT NULL,
    size_bytes integer GENERATED ALWAYS AS (octet_length(content)) STORED,
    is_video boolean GENERATED ALWAYS AS (content_type LIKE 'video/%') STORED,
    alt_text text NOT NULL CONSTRAINT media_alt_text CHECK (btrim(alt_text) <> ''),
    credit text NOT NULL CONSTRAINT media_credit CHECK (btrim(credit) <> ''),
    added_by integer REFERENCES kefu.staff,
    added_at timestamptz NOT NULL,
    CONSTRAINT media_size CHECK (octet_length(content) BETWEEN 1 AND kefu.longest_file())
);
COMMENT ON TABLE kefu.media IS 'Pictures and videos that posts show; a longer video is linked to (图片与视频; R42, R52)';
COMMENT ON COLUMN kefu.media.media_id IS 'number (媒体编号)';
COMMENT ON COLUMN kefu.media.unit IS 'unit that owns it (机构)';
COMMENT ON COLUMN kefu.media.content_type IS 'image/jpeg, image/png, image/gif, video/mp4 or video/webm, which its first bytes must agree with (内容类型)';
COMMENT ON COLUMN kefu.media.file_name IS 'name it is sent under (文件名)';
COMMENT ON COLUMN kefu.media.content IS 'the file, no longer than kefu.media_rule says (内容)';
COMMENT ON COLUMN kefu.media.size_bytes IS 'its length, bytes (大小)';
COMMENT ON COLUMN kefu.media.is_video IS 'a video; false: a picture (是否视频)';
COMMENT ON COLUMN kefu.media.alt_text IS 'what it shows, in words (替代文字)';
COMMENT ON COLUMN kefu.media.credit IS 'where it is from and who allowed its use (来源与授权)';
COMMENT ON COLUMN kefu.media.added_by IS 'who added it; NULL a superuser who is not on the desk (添加人)';
COMMENT ON COLUMN kefu.media.added_at IS 'when (添加时间)';

CREATE TABLE kefu.media_rule (
    kind text COLLATE "C" NOT NULL CONSTRAINT media_rule_kind CHECK (kind IN ('picture', 'video')),
    valid_from timestamptz NOT NULL,
    bytes_at_most integer NOT NULL CONSTRAINT media_rule_bytes CHECK (bytes_at_most BETWEEN 1 AND kefu.longest_file()),
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, valid_from)
);
COMMENT ON TABLE kefu.media_rule IS 'How long a file may be that is put into the store; what a platform takes is in its endpoint (媒体大小规则; R42, R52)';
COMMENT ON COLUMN kefu.media_rule.kind IS 'picture or video (媒体种类)';
COMMENT ON COLUMN kefu.media_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.media_rule.bytes_at_most IS 'longest file, bytes; no more than kefu.longest_file() (大小上限)';
COMMENT ON COLUMN kefu.media_rule.rulebook IS 'house for a house default (规范条款)';

CREATE TABLE kefu.post_request (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    desk_unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    kind text COLLATE "C" NOT NULL CONSTRAINT post_request_kind CHECK
        (kind IN ('marketing', 'notice', 'product', 'demo')),
    text text NOT NULL,
    wish_at timestamptz,
    requested_by integer REFERENCES kefu.staff,
    reviewed_by integer REFERENCES kefu.staff,
    review_words text,
    post_id bigint,
    made_at timestamptz NOT NULL,
    submitted_at timestamptz,
    reviewed_at timestamptz,
    closed_at timestamptz
) WITH (fillfactor = 85);
CREATE INDEX post_request_open ON kefu.post_request (unit) WHERE closed_at IS NULL;
CREATE INDEX post_request_post ON kefu.post_request (post_id) WHERE post_id IS NOT NULL;
COMMENT ON TABLE kefu.post_request IS 'What a department asks customer service to publish (信息发布需求; R5, R10)';
COMMENT ON COLUMN kefu.post_request.request_id IS 'number (需求编号)';
COMMENT ON COLUMN kefu.post_request.state IS 'draft, submitted, accepted, rejected, published, cancelled (状态)';
COMMENT ON COLUMN kefu.post_request.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.post_request.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.post_request.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.post_request.unit IS 'department that asks (需求部门)';
COMMENT ON COLUMN kefu.post_request.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.post_request.desk_unit IS 'customer service that reviews and publishes it: of the province, or of Group (审核机构)';
COMMENT ON COLUMN kefu.post_request.kind IS 'marketing 营销, notice 通知, product 产品介绍, demo 业务操作示范 (需求类别)';
COMMENT ON COLUMN kefu.post_request.text IS 'what is to be published (内容)';
COMMENT ON COLUMN kefu.post_request.wish_at IS 'when they wish it; NULL while a draft (期望发布时间)';
COMMENT ON COLUMN kefu.post_request.requested_by IS 'who asks (提出人)';
COMMENT ON COLUMN kefu.post_request.reviewed_by IS 'who accepted or rejected it; NULL nobody yet (审核人)';
COMMENT ON COLUMN kefu.post_request.review_words IS 'the reviewer''s words; NULL none (审核意见)';
COMMENT ON COLUMN kefu.post_request.post_id IS 'post it became; NULL before (博文)';
COMMENT ON COLUMN kefu.post_request.made_at IS 'when it was made (创建时间)';
COMMENT ON COLUMN kefu.post_request.submitted_at IS 'when it was last submitted; NULL before (提交时间)';
COMMENT ON COLUMN kefu.post_request.reviewed_at IS 'when it was last decided on; NULL before (审核时间)';
COMMENT ON COLUMN kefu.post_request.closed_at IS 'when it was published or cancelled; NULL while open (结束时间)';

CREATE TABLE kefu.post (
    post_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    kind text COLLATE "C" NOT NULL REFERENCES kefu.post_kind,
    is_marketing boolean NOT NULL DEFAULT false,
    heading text CONSTRAINT post_heading CHECK (heading !~ '[#＃]' AND btrim(heading) <> ''),
    text text,
    is_copied boolean NOT NULL DEFAULT false,
    source text,
    repost_platform text COLLATE "C" REFERENCES kefu.platform,
    repost_id text COLLATE "C",
    repost_source text,
    category text COLLATE "C",
    request_id bigint REFERENCES kefu.post_request,
    topic_id bigint REFERENCES kefu.topic,
    opinion_id bigint REFERENCES kefu.opinion,
    reissue_of bigint REFERENCES kefu.post,
    correction_id bigint,
    writers integer[] NOT NULL DEFAULT '{}',
    review_round smallint NOT NULL DEFAULT 1,
    scheme text COLLATE "C",
    steps_needed smallint NOT NULL DEFAULT 1,
    steps_done smallint NOT NULL DEFAULT 0,
    is_urgent boolean NOT NULL DEFAULT false,
    valid_from timestamptz,
    valid_until timestamptz,
    wish_at timestamptz,
    made_at timestamptz NOT NULL,
    submitted_at timestamptz,
    approved_at timestamptz,
    published_at timestamptz,
    withdrawn_at timestamptz,
    closed_at timestamptz,
    CONSTRAINT post_marketing CHECK (NOT is_marketing OR kind = 'service'),
    CONSTRAINT post_repost CHECK ((repost_platform IS NULL) = (repost_id IS NULL) AND (repost_id IS NULL) = (repost_source IS NULL)),
    CONSTRAINT post_copied CHECK (NOT is_copied OR repost_id IS NULL),
    CONSTRAINT post_valid CHECK (valid_from < valid_until)
) WITH (fillfactor = 85);
CREATE INDEX post_open ON kefu.post (unit, state) WHERE closed_at IS NULL;
CREATE INDEX post_topic ON kefu.post (topic_id) WHERE topic_id IS NOT NULL;
CREATE INDEX post_opinion ON kefu.post (opinion_id) WHERE opinion_id IS NOT NULL;
CREATE INDEX post_reissue ON kefu.post (reissue_of) WHERE reissue_of IS NOT NULL;
COMMENT ON TABLE kefu.post IS 'One text with its media, reviewed as a whole; where it stands is kefu.placement (博文; R38-R64)';
COMMENT ON COLUMN kefu.post.post_id IS 'number (博文编号)';
COMMENT ON COLUMN kefu.post.state IS 'draft, submitted, rejected, approved, scheduled, published, failed, withdrawn, reissued, closed, cancelled (状态)';
COMMENT ON COLUMN kefu.post.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.post.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.post.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.post.unit IS 'unit that publishes it (发布机构)';
COMMENT ON COLUMN kefu.post.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.post.kind IS 'kind of post (类别; R44-R50)';
COMMENT ON COLUMN kefu.post.is_marketing IS 'marketing, for which the desk is only a channel; counted as own service (是否营销; R45, ruling 29)';
COMMENT ON COLUMN kefu.post.heading IS 'topic heading, put in front between two #; NULL none (话题; R53)';
COMMENT ON COLUMN kefu.post.text IS 'what it says, without the heading; for a repost the words of our own, which may be none; NULL not written yet (正文)';
COMMENT ON COLUMN kefu.post.is_copied IS 'the text is somebody else''s: it must name the source with @ (是否拷贝; R63)';
COMMENT ON COLUMN kefu.post.source IS 'name of the account it was copied from; NULL not copied (来源账号)';
COMMENT ON COLUMN kefu.post.repost_platform IS 'platform of the post it reposts; NULL: an original (转发平台)';
COMMENT ON COLUMN kefu.post.repost_id IS 'the platform''s id of that post; NULL: an original (转发博文ID)';
COMMENT ON COLUMN kefu.post.repost_source IS 'name of the account that wrote that post; NULL: an original (转发来源账号)';
COMMENT ON COLUMN kefu.post.category IS 'matter it is about; NULL none (业务分类)';
COMMENT ON COLUMN kefu.post.request_id IS 'request it came from; NULL none (需求; R5, R10)';
COMMENT ON COLUMN kefu.post.topic_id IS 'topic it answers in public; NULL none (同类问题; R92, R116)';
COMMENT ON COLUMN kefu.post.opinion_id IS 'opinion that it is the feedback of; NULL none (反馈的意见; R133)';
COMMENT ON COLUMN kefu.post.reissue_of IS 'post it stands for after a correction; NULL none (重发自; R73-R75)';
COMMENT ON COLUMN kefu.post.correction_id IS 'correction it serves; NULL none (更正)';
COMMENT ON COLUMN kefu.post.writers IS 'who ever wrote at it: none of them reviews it (撰写人)';
COMMENT ON COLUMN kefu.post.review_round IS 'how often it was taken in hand anew after a review, from 1 (审核轮次)';
COMMENT ON COLUMN kefu.post.scheme IS 'scheme it was submitted under; NULL not submitted yet (审核方案)';
COMMENT ON COLUMN kefu.post.steps_needed IS 'steps its review has (审核步骤数)';
COMMENT ON COLUMN kefu.post.steps_done IS 'of them done in this round; 0 none (已审步骤数)';
COMMENT ON COLUMN kefu.post.is_urgent IS 'approved on the urgent path (是否紧急发布; R40)';
COMMENT ON COLUMN kefu.post.valid_from IS 'not to be published before; NULL: at any time (可发布起始时间)';
COMMENT ON COLUMN kefu.post.valid_until IS 'not to be published later; NULL: it doesn''t go out of date (可发布截止时间)';
COMMENT ON COLUMN kefu.post.wish_at IS 'when it is wished to be published, of its request or its writer; NULL no wish (期望发布时间)';
COMMENT ON COLUMN kefu.post.made_at IS 'when it was begun (创建时间)';
COMMENT ON COLUMN kefu.post.submitted_at IS 'when it was last submitted; NULL not in this round (提交时间)';
COMMENT ON COLUMN kefu.post.approved_at IS 'when this wording was approved; NULL not (审核通过时间)';
COMMENT ON COLUMN kefu.post.published_at IS 'platform''s time of its first placement; NULL not published (首次发布时间)';
COMMENT ON COLUMN kefu.post.withdrawn_at IS 'when it was withdrawn; NULL not (撤下时间)';
COMMENT ON COLUMN kefu.post.closed_at IS 'when it was re-issued, closed or cancelled; NULL while open (结束时间)';

CREATE TABLE kefu.post_media (
    post_id bigint NOT NULL REFERENCES kefu.post,
    position smallint NOT NULL CONSTRAINT post_media_position CHECK (position BETWEEN 1 AND 9),
    media_id bigint NOT NULL REFERENCES kefu.media,
    PRIMARY KEY (post_id, position)
);
COMMENT ON TABLE kefu.post_media IS 'Pictures and videos of a post, in order (博文图片与视频; R52)';
COMMENT ON COLUMN kefu.post_media.post_id IS 'post (博文)';
COMMENT ON COLUMN kefu.post_media.position IS 'order, from 1 (次序)';
COMMENT ON COLUMN kefu.post_media.media_id IS 'picture or video (媒体)';

CREATE TABLE kefu.post_variant (
    post_id bigint NOT NULL REFERENCES kefu.post,
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    text text NOT NULL,
    PRIMARY KEY (post_id, account)
);
COMMENT ON TABLE kefu.post_variant IS 'Another wording of a post for one account, reviewed together with it (账号版本; R41)';
COMMENT ON COLUMN kefu.post_variant.post_id IS 'post (博文)';
COMMENT ON COLUMN kefu.post_variant.account IS 'account (账号)';
COMMENT ON COLUMN kefu.post_variant.text IS 'what it says there, without the heading (正文)';

CREATE TABLE kefu.post_review (
    review_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id bigint NOT NULL REFERENCES kefu.post,
    review_round smallint NOT NULL,
    step smallint NOT NULL,
    staff_id integer NOT NULL REFERENCES kefu.staff,
    outcome text COLLATE "C" NOT NULL CONSTRAINT post_review_outcome CHECK
        (outcome IN ('approved', 'urgent', 'back_filled', 'rejected')),
    words text,
    at timestamptz NOT NULL,
    UNIQUE (post_id, review_round, staff_id)
);
COMMENT ON TABLE kefu.post_review IS 'Who reviewed which wording of a post in which step; nobody twice in a round (审核记录; R5)';
COMMENT ON COLUMN kefu.post_review.review_id IS 'number (审核编号)';
COMMENT ON COLUMN kefu.post_review.post_id IS 'post (博文)';
COMMENT ON COLUMN kefu.post_review.review_round IS 'round of the wording (审核轮次)';
COMMENT ON COLUMN kefu.post_review.step IS 'step, from 1; of a rejection the step it would have been (步骤)';
COMMENT ON COLUMN kefu.post_review.staff_id IS 'who (审核人)';
COMMENT ON COLUMN kefu.post_review.outcome IS 'approved 通过, urgent 紧急通过, back_filled 补审, rejected 退回 (结果)';
COMMENT ON COLUMN kefu.post_review.words IS 'the reviewer''s words; NULL none (审核意见)';
COMMENT ON COLUMN kefu.post_review.at IS 'when (审核时间)';

CREATE TABLE kefu.post_warning (
    post_id bigint NOT NULL REFERENCES kefu.post,
    review_round smallint NOT NULL,
    rule text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL DEFAULT '',
    rulebook text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    needs_reason boolean NOT NULL,
    reason text,
    at timestamptz NOT NULL,
    PRIMARY KEY (post_id, review_round, rule, account)
);
COMMENT ON TABLE kefu.post_warning IS 'What a text was warned of when it was submitted, for its reviewer (审核提示; ruling 26)';
COMMENT ON COLUMN kefu.post_warning.post_id IS 'post (博文)';
COMMENT ON COLUMN kefu.post_warning.review_round IS 'round of the wording (审核轮次)';
COMMENT ON COLUMN kefu.post_warning.rule IS 'rule that warns (规则)';
COMMENT ON COLUMN kefu.post_warning.account IS 'account whose variant it is about; empty: the text itself (账号)';
COMMENT ON COLUMN kefu.post_warning.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu.post_warning.detail IS 'what was found (说明)';
COMMENT ON COLUMN kefu.post_warning.needs_reason IS 'who lets the text out says why (放行须说明理由; ruling 29)';
COMMENT ON COLUMN kefu.post_warning.reason IS 'why it stays, in the writer''s words; NULL none given (理由)';
COMMENT ON COLUMN kefu.post_warning.at IS 'when (时间)';

CREATE TABLE kefu.placement (
    placement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    post_id bigint NOT NULL REFERENCES kefu.post,
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    kind text COLLATE "C" NOT NULL REFERENCES kefu.post_kind,
    is_repost boolean NOT NULL,
    is_exempt boolean NOT NULL,
    has_media boolean NOT NULL,
    has_video boolean NOT NULL DEFAULT false,
    text text NOT NULL,
    planned_at timestamptz NOT NULL,
    send_at timestamptz NOT NULL,
    native_id text COLLATE "C",
    link text,
    published_at timestamptz,
    deleted_at timestamptz,
    reason text,
    made_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX placement_post ON kefu.placement (post_id);
CREATE INDEX placement_day ON kefu.placement (account, send_at);
-- The rules of a day speak in minutes: a platform's seconds are none.
CREATE FUNCTION kefu.counted_at(send_at timestamptz, published_at timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN published_at - send_at > interval '-1 minute' AND published_at - send_at < interval '1 minute' THEN send_at
                ELSE coalesce(published_at, send_at) END;
END;
COMMENT ON FUNCTION kefu.counted_at(timestamptz, timestamptz) IS
'Instant that a placement counts for in the rules of its day: when it was to leave, where it was published less than a minute from then or not at all yet; else when it was published (计入规则的时间; R39, R48, R49)';
CREATE INDEX placement_at ON kefu.placement (account, kefu.counted_at(send_at, published_at));
CREATE INDEX placement_native ON kefu.placement (native_id) WHERE native_id IS NOT NULL;
COMMENT ON TABLE kefu.placement IS 'A post on one account: its wording and time there, the platform''s id, and what became of it (投放; R38-R64)';
COMMENT ON COLUMN kefu.placement.placement_id IS 'number (投放编号)';
COMMENT ON COLUMN kefu.placement.state IS 'planned, sending, uncertain, published, failed, deleting, deleted, cancelled (状态)';
COMMENT ON COLUMN kefu.placement.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.placement.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.placement.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.placement.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu.placement.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.placement.post_id IS 'post (博文)';
COMMENT ON COLUMN kefu.placement.account IS 'account (账号)';
COMMENT ON COLUMN kefu.placement.kind IS 'kind of the post then (类别)';
COMMENT ON COLUMN kefu.placement.is_repost IS 'reposts another post there (是否转发)';
COMMENT ON COLUMN kefu.placement.is_exempt IS 'emergency or re-issue: exempt from spacing, window, number and mix (是否豁免)';
COMMENT ON COLUMN kefu.placement.has_media IS 'shows a picture (是否含图; R52)';
COMMENT ON COLUMN kefu.placement.has_video IS 'shows a video (是否含视频; R52)';
COMMENT ON COLUMN kefu.placement.text IS 'what it says there, heading and all (正文)';
COMMENT ON COLUMN kefu.placement.planned_at IS 'when people planned it for (计划发布时间)';
COMMENT ON COLUMN kefu.placement.send_at IS 'when it is to leave: planned_at, or later where the platform asked to wait (发出时间)';
COMMENT ON COLUMN kefu.placement.native_id IS 'the platform''s id of it; NULL before (平台ID)';
COMMENT ON COLUMN kefu.placement.link IS 'its address; NULL before, or not told (链接)';
COMMENT ON COLUMN kefu.placement.published_at IS 'platform''s time of it; NULL before (发布时间)';
COMMENT ON COLUMN kefu.placement.deleted_at IS 'when it was known to be gone; NULL not (删除时间)';
COMMENT ON COLUMN kefu.placement.reason IS 'why it failed, was cancelled or is to be deleted; NULL none (原因)';
COMMENT ON COLUMN kefu.placement.made_at IS 'when it was planned (排期时间)';

CREATE TABLE kefu.placement_count (
    placement_id bigint PRIMARY KEY REFERENCES kefu.placement,
    reposts_count bigint,
    comments_count bigint,
    likes_count bigint,
    counted_at timestamptz NOT NULL,
    misses smallint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
COMMENT ON TABLE kefu.placement_count IS 'What became of published placements on their platform, read from time to time (投放数据)';
COMMENT ON COLUMN kefu.placement_count.placement_id IS 'placement (投放)';
COMMENT ON COLUMN kefu.placement_count.reposts_count IS 'reposts at counted_at; NULL not told (转发数)';
COMMENT ON COLUMN kefu.placement_count.comments_count IS 'comments at counted_at; NULL not told (评论数)';
COMMENT ON COLUMN kefu.placement_count.likes_count IS 'likes at counted_at; NULL not told (点赞数)';
COMMENT ON COLUMN kefu.placement_count.counted_at IS 'when they were read (计数时间)';
COMMENT ON COLUMN kefu.placement_count.misses IS 'readings in a row in which it was not among our posts although it should have been; 0 none (连续缺失次数)';

INSERT INTO kefu.send_event (object_type, action, outcome, event)
VALUES
    ('placement', 'post', 'sent', 'sent'),
    ('placement', 'post', 'failed', 'fail'),
    ('placement', 'post', 'deferred', 'postpone'),
    ('placement', 'post', 'lost', 'lose'),
    ('placement', 'post', 'found', 'found'),
    ('placement', 'post', 'absent', 'absent'),
    ('placement', 'post_picture', 'sent', 'sent'),
    ('placement', 'post_picture', 'failed', 'fail'),
    ('placement', 'post_picture', 'deferred', 'postpone'),
    ('placement', 'post_picture', 'lost', 'lose'),
    ('placement', 'post_picture', 'found', 'found'),
    ('placement', 'post_picture', 'absent', 'absent'),
    ('placement', 'post_video', 'sent', 'sent'),
    ('placement', 'post_video', 'failed', 'fail'),
    ('placement', 'post_video', 'deferred', 'postpone'),
    ('placement', 'post_video', 'lost', 'lose'),
    ('placement', 'post_video', 'found', 'found'),
    ('placement', 'post_video', 'absent', 'absent'),
    ('placement', 'repost', 'sent', 'sent'),
    ('placement', 'repost', 'failed', 'fail'),
    ('placement', 'repost', 'deferred', 'postpone'),
    ('placement', 'repost', 'lost', 'lose'),
    ('placement', 'repost', 'found', 'found'),
    ('placement', 'repost', 'absent', 'absent'),
    ('placement', 'delete_post', 'sent', 'deleted'),
    ('placement', 'delete_post', 'failed', 'delete_failed'),
    ('placement', 'delete_post', 'lost', NULL),
    ('placement', 'delete_post', 'gone', 'found_gone');
