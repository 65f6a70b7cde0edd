-- 36_engage: what the accounts we watch have posted, and what of it we owe a
-- repost or a comment.
--
-- A watched post is one row however many of our accounts see it; each unit owes
-- what its rules say, once. The obligation itself is a task with its clocks; an
-- engagement says what would fulfil it, and is fulfilled by the platform's
-- truth alone: a repost that stands, a comment that was taken.
--
-- What it doesn't keep: posts of anybody whom we don't watch, and names. The
-- words of a customer are kept until they are erased.

CREATE TABLE kefu.engage_rule (
    rule text COLLATE "C" NOT NULL CONSTRAINT engage_rule_code CHECK (rule ~ '^[a-z][a-z0-9_]{0,30}$'),
    valid_from timestamptz NOT NULL,
    sort smallint NOT NULL,
    category text COLLATE "C" NOT NULL,
    subcategory text COLLATE "C" NOT NULL DEFAULT '',
    what text COLLATE "C" NOT NULL CONSTRAINT engage_rule_what CHECK (what IN ('repost', 'comment')),
    pattern text CONSTRAINT engage_rule_pattern CHECK (pattern IS NULL OR '' ~ pattern IS NOT NULL),
    is_answer boolean NOT NULL DEFAULT false,
    due_within interval CONSTRAINT engage_rule_due_within CHECK
        (due_within > interval '0' AND extract(day FROM due_within) = 0 AND extract(month FROM due_within) = 0
         AND extract(year FROM due_within) = 0),
    is_staffed_time boolean NOT NULL DEFAULT true,
    lapses_after interval CONSTRAINT engage_rule_lapses_after CHECK (lapses_after > interval '0'),
    at_most integer CONSTRAINT engage_rule_at_most CHECK (at_most >= 0),
    post_kind text COLLATE "C",
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (rule, valid_from)
);
COMMENT ON TABLE kefu.engage_rule IS 'Which posts of whom are owed a repost or a comment; of each rule the latest valid_from holds, of several that fit the lowest sort. All figures are house defaults, since the rulebook says 及时 and 积极 only (转评规则; R54 to R60, R65 to R68)';
COMMENT ON COLUMN kefu.engage_rule.rule IS 'code (规则代码)';
COMMENT ON COLUMN kefu.engage_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.engage_rule.sort IS 'order in which rules are asked (次序)';
COMMENT ON COLUMN kefu.engage_rule.category IS 'whose posts: a category of kefu.follow_category, or praise: of customers (类别)';
COMMENT ON COLUMN kefu.engage_rule.subcategory IS 'its part; empty: those without one (子类)';
COMMENT ON COLUMN kefu.engage_rule.what IS 'repost 转发 or comment 评论 (做什么)';
COMMENT ON COLUMN kefu.engage_rule.pattern IS 'regular expression that the post or what it reposts must match, such as 公告|通知; NULL: any (正则)';
COMMENT ON COLUMN kefu.engage_rule.is_answer IS 'only answers to somebody else (仅限答复; R59)';
COMMENT ON COLUMN kefu.engage_rule.due_within IS 'time allowed since it was posted, in hours and minutes; NULL: nothing is owed any more (时限)';
COMMENT ON COLUMN kefu.engage_rule.is_staffed_time IS 'counted in staffed time of the unit''s calendar, else around the clock (按值班时间)';
COMMENT ON COLUMN kefu.engage_rule.lapses_after IS 'after which it makes no sense any more and the task expires; NULL: never (失效期)';
COMMENT ON COLUMN kefu.engage_rule.at_most IS 'at most so many tasks a unit and Beijing day; NULL no limit (每日上限)';
COMMENT ON COLUMN kefu.engage_rule.post_kind IS 'kind of post that its repost is drafted as; NULL: to be named (转发博文类别; R61)';
COMMENT ON COLUMN kefu.engage_rule.rulebook IS 'R number (规范条款)';

CREATE TABLE kefu.watched_post (
    watched_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    native_id text COLLATE "C" NOT NULL,
    author_id text COLLATE "C",
    identity_id bigint REFERENCES kefu.identity,
    category text COLLATE "C" NOT NULL,
    subcategory text COLLATE "C" NOT NULL DEFAULT '',
    text text,
    url text,
    posted_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT watched_post_once UNIQUE (platform, native_id),
    CONSTRAINT watched_post_author CHECK (num_nonnulls(author_id, identity_id) = 1)
);
CREATE INDEX watched_post_identity ON kefu.watched_post (identity_id) WHERE identity_id IS NOT NULL;
COMMENT ON TABLE kefu.watched_post IS 'Posts of those whom we watch, one row each however many of our accounts see it (关注对象博文; R54 to R59, R65 to R68)';
COMMENT ON COLUMN kefu.watched_post.watched_id IS 'number (编号)';
COMMENT ON COLUMN kefu.watched_post.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.watched_post.native_id IS 'the platform''s id of it (平台ID)';
COMMENT ON COLUMN kefu.watched_post.author_id IS 'the platform''s id of who wrote it; NULL: a customer, named by identity (作者平台ID)';
COMMENT ON COLUMN kefu.watched_post.identity_id IS 'customer''s platform account; NULL: somebody who never wrote to us (身份)';
COMMENT ON COLUMN kefu.watched_post.category IS 'category of the author when it was first seen (类别)';
COMMENT ON COLUMN kefu.watched_post.subcategory IS 'its part; empty none (子类)';
COMMENT ON COLUMN kefu.watched_post.text IS 'what it says, at most 500 characters; marked as erased with its author''s data (正文)';
COMMENT ON COLUMN kefu.watched_post.url IS 'its address; NULL not told, or erased (链接)';
COMMENT ON COLUMN kefu.watched_post.posted_at IS 'platform''s time (发布时间)';
COMMENT ON COLUMN kefu.watched_post.seen_at IS 'when one of our accounts first saw it (采集时间)';
COMMENT ON COLUMN kefu.watched_post.deleted_at IS 'when it was known to be gone from the platform; NULL it is there (删除时间)';

CREATE TABLE kefu.engagement (
    task_id bigint PRIMARY KEY REFERENCES kefu.task,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    what text COLLATE "C" NOT NULL CONSTRAINT engagement_what CHECK (what IN ('repost', 'comment')),
    watched_id bigint REFERENCES kefu.watched_post,
    message_id bigint REFERENCES kefu.message,
    rule text COLLATE "C",
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    opened_at timestamptz NOT NULL,
    post_kind text COLLATE "C",
    post_id bigint REFERENCES kefu.post,
    done_at timestamptz,
    done_account text COLLATE "C" REFERENCES kefu.account,
    done_native_id text COLLATE "C",
    placement_id bigint,
    reason text,
    CONSTRAINT engagement_of CHECK (num_nonnulls(watched_id, message_id) = 1)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX engagement_once ON kefu.engagement (watched_id, unit, what) WHERE watched_id IS NOT NULL;
CREATE INDEX engagement_message ON kefu.engagement (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX engagement_day ON kefu.engagement (unit, rule, opened_at);
COMMENT ON TABLE kefu.engagement IS 'What would fulfil a task to repost or comment on a post, and what did: a task of this kind is done by the platform''s truth only (转评事项; R54 to R60, R65 to R68)';
COMMENT ON COLUMN kefu.engagement.task_id IS 'its task (待办)';
COMMENT ON COLUMN kefu.engagement.unit IS 'unit that owes it (责任机构)';
COMMENT ON COLUMN kefu.engagement.what IS 'repost 转发 or comment 评论 (做什么)';
COMMENT ON COLUMN kefu.engagement.watched_id IS 'post of somebody we watch; NULL: a message (关注对象博文)';
COMMENT ON COLUMN kefu.engagement.message_id IS 'message of a customer, such as praise; NULL: a watched post (消息; R60)';
COMMENT ON COLUMN kefu.engagement.rule IS 'rule it is owed by; NULL: a person said so (规则)';
COMMENT ON COLUMN kefu.engagement.account IS 'account that saw it first, and comments (账号)';
COMMENT ON COLUMN kefu.engagement.opened_at IS 'when it became owed (产生时间)';
COMMENT ON COLUMN kefu.engagement.post_kind IS 'kind that its repost is drafted as; NULL: to be named (博文类别)';
COMMENT ON COLUMN kefu.engagement.post_id IS 'draft of the repost; NULL none (转发博文)';
COMMENT ON COLUMN kefu.engagement.done_at IS 'platform''s time of what fulfilled it; NULL nothing has (完成时间)';
COMMENT ON COLUMN kefu.engagement.done_account IS 'account it was done with; NULL not done (完成账号)';
COMMENT ON COLUMN kefu.engagement.done_native_id IS 'the platform''s id of the repost or comment; NULL not done (平台ID)';
COMMENT ON COLUMN kefu.engagement.placement_id IS 'placement that reposts it; NULL none of ours is known (投放)';
COMMENT ON COLUMN kefu.engagement.reason IS 'why the last comment was not taken, in the platform''s words; NULL it was, or none was tried (失败原因)';

INSERT INTO kefu.send_event (object_type, action, outcome, event)
VALUES
    ('task', 'comment', 'sent', 'engaged'),
    ('task', 'comment', 'failed', 'fail'),
    ('task', 'comment', 'gone', 'found_gone'),
    ('task', 'reply_comment', 'sent', 'engaged'),
    ('task', 'reply_comment', 'failed', 'fail'),
    ('task', 'reply_comment', 'gone', 'found_gone');
