-- 36_follow: whom our accounts follow, and whom they should.
--
-- A follow is one entry of one account's list; its machine moves it, the
-- platform's own list is read back and compared.  Whom we know as a customer is
-- named by identity, never by the platform's id, so that erasing a person
-- reaches here too.

CREATE TABLE kefu.follow_category (
    category text COLLATE "C" NOT NULL CONSTRAINT follow_category_code CHECK (category ~ '^[a-z][a-z0-9_]{0,30}$'),
    subcategory text COLLATE "C" NOT NULL DEFAULT '',
    label_zh text NOT NULL,
    label_en text NOT NULL,
    is_discouraged boolean NOT NULL DEFAULT false,
    is_telecom boolean NOT NULL DEFAULT false,
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (category, subcategory)
);
COMMENT ON TABLE kefu.follow_category IS 'Kinds of accounts that are followed, and that should not be (关注类别; R30 to R37)';
COMMENT ON COLUMN kefu.follow_category.category IS 'category (类别)';
COMMENT ON COLUMN kefu.follow_category.subcategory IS 'one of its parts; empty: the category as a whole (子类)';
COMMENT ON COLUMN kefu.follow_category.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.follow_category.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu.follow_category.is_telecom IS 'what they post is about telecommunications: a repost of it needs no word on that (是否通信相关; R64)';
COMMENT ON COLUMN kefu.follow_category.is_discouraged IS 'followed only with a leader''s reason (是否须值班长说明; R37)';
COMMENT ON COLUMN kefu.follow_category.rulebook IS 'R number, or house (规范条款)';

CREATE TABLE kefu.follow_quota (
    category text COLLATE "C" NOT NULL,
    subcategory text COLLATE "C" NOT NULL DEFAULT '',
    valid_from timestamptz NOT NULL,
    least integer CONSTRAINT follow_quota_least CHECK (least >= 0),
    most integer CONSTRAINT follow_quota_most CHECK (most >= least),
    rulebook text COLLATE "C" NOT NULL,
    PRIMARY KEY (category, subcategory, valid_from),
    FOREIGN KEY (category, subcategory) REFERENCES kefu.follow_category
);
COMMENT ON TABLE kefu.follow_quota IS 'How many of a kind each account follows; the latest valid_from holds. Too few or too many is a finding, never refused (关注数量; R32 to R36, rulings 7, 26)';
COMMENT ON COLUMN kefu.follow_quota.category IS 'category (类别)';
COMMENT ON COLUMN kefu.follow_quota.subcategory IS 'one of its parts; empty: all of the category together (子类)';
COMMENT ON COLUMN kefu.follow_quota.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.follow_quota.least IS 'at least so many; NULL no lower limit (下限)';
COMMENT ON COLUMN kefu.follow_quota.most IS 'at most so many; NULL no upper limit (上限)';
COMMENT ON COLUMN kefu.follow_quota.rulebook IS 'R number (规范条款)';

CREATE TABLE kefu.follow_rule (
    valid_from timestamptz PRIMARY KEY,
    engaged_within interval NOT NULL CONSTRAINT follow_rule_engaged_within CHECK (engaged_within > interval '0'),
    engaged_messages integer NOT NULL CONSTRAINT follow_rule_engaged_messages CHECK (engaged_messages > 0),
    read_within interval NOT NULL CONSTRAINT follow_rule_read_within CHECK (read_within > interval '0'),
    by_hand_within interval NOT NULL CONSTRAINT follow_rule_by_hand_within CHECK (by_hand_within > interval '0')
);
COMMENT ON TABLE kefu.follow_rule IS 'Rules of the follow list; the latest valid_from holds. All house defaults, since the rulebook gives no figures (关注规则; R35, R36, R70)';
COMMENT ON COLUMN kefu.follow_rule.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.follow_rule.engaged_within IS 'who wrote to us within this time may be a candidate (互动期间; R35, R36)';
COMMENT ON COLUMN kefu.follow_rule.engaged_messages IS 'from how many messages on, itself included (互动条数)';
COMMENT ON COLUMN kefu.follow_rule.read_within IS 'the platform''s own list is read at least this often (核对周期; R70)';
COMMENT ON COLUMN kefu.follow_rule.by_hand_within IS 'what a platform can''t do is done by hand within this time (人工办理时限)';

CREATE TABLE kefu.follow_target (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    native_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    category text COLLATE "C" NOT NULL,
    subcategory text COLLATE "C" NOT NULL DEFAULT '',
    is_mandatory boolean NOT NULL DEFAULT false,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    set_by integer REFERENCES kefu.staff,
    PRIMARY KEY (platform, native_id, valid_from),
    FOREIGN KEY (category, subcategory) REFERENCES kefu.follow_category,
    CONSTRAINT follow_target_order CHECK (valid_to > valid_from)
);
COMMENT ON TABLE kefu.follow_target IS 'Accounts of organisations and public persons that we know by name, and those that every account must follow (关注名录; R30)';
COMMENT ON COLUMN kefu.follow_target.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.follow_target.native_id IS 'the platform''s id of it (平台账号ID)';
COMMENT ON COLUMN kefu.follow_target.name IS 'name there, without @ (名称)';
COMMENT ON COLUMN kefu.follow_target.category IS 'category (类别)';
COMMENT ON COLUMN kefu.follow_target.subcategory IS 'one of its parts; empty none (子类)';
COMMENT ON COLUMN kefu.follow_target.is_mandatory IS 'every account of Group and provinces there must follow it (是否必须关注; R30)';
COMMENT ON COLUMN kefu.follow_target.valid_from IS 'from then on (生效时间)';
COMMENT ON COLUMN kefu.follow_target.valid_to IS 'until then; NULL for good (失效时间)';
COMMENT ON COLUMN kefu.follow_target.set_by IS 'who entered it; NULL a superuser (登记人)';

CREATE TABLE kefu.unfollow_reason (
    unfollow_reason text COLLATE "C" PRIMARY KEY CONSTRAINT unfollow_reason_code CHECK (unfollow_reason ~ '^[a-z][a-z0-9_]{0,30}$'),
    label_zh text NOT NULL,
    label_en text NOT NULL,
    rulebook text COLLATE "C" NOT NULL
);
COMMENT ON TABLE kefu.unfollow_reason IS 'Why an account is followed no longer (取消关注原因; R84)';
COMMENT ON COLUMN kefu.unfollow_reason.unfollow_reason IS 'code (原因代码)';
COMMENT ON COLUMN kefu.unfollow_reason.label_zh IS 'Chinese label (中文标签)';
COMMENT ON COLUMN kefu.unfollow_reason.label_en IS 'English label (英文标签)';
COMMENT ON COLUMN kefu.unfollow_reason.rulebook IS 'R number, or house (规范条款)';

CREATE TABLE kefu.follow (
    follow_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    version integer NOT NULL DEFAULT 1,
    audit_seq integer NOT NULL DEFAULT 0,
    audit_head bytea,
    unit text COLLATE "C" NOT NULL REFERENCES kefu.unit,
    handler integer REFERENCES kefu.staff,
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    native_id text COLLATE "C",
    identity_id bigint REFERENCES kefu.identity,
    category text COLLATE "C" NOT NULL,
    subcategory text COLLATE "C" NOT NULL DEFAULT '',
    cause text COLLATE "C" NOT NULL CONSTRAINT follow_cause CHECK
        (cause IN ('mandatory', 'mutual', 'candidate', 'person', 'found')),
    reason text,
    unfollow_reason text COLLATE "C",
    proposed_at timestamptz NOT NULL,
    followed_at timestamptz,
    reviewed_at timestamptz,
    lost_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT follow_whom CHECK (num_nonnulls(native_id, identity_id) = 1)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX follow_once ON kefu.follow (account, native_id) WHERE ended_at IS NULL AND native_id IS NOT NULL;
CREATE UNIQUE INDEX follow_once_person ON kefu.follow (account, identity_id) WHERE ended_at IS NULL AND identity_id IS NOT NULL;
COMMENT ON TABLE kefu.follow IS 'One entry of an account''s follow list, proposed, followed or over (关注; R29 to R37, R70, R83, R84)';
COMMENT ON COLUMN kefu.follow.follow_id IS 'number (关注编号)';
COMMENT ON COLUMN kefu.follow.state IS 'proposed, requested, following, unfollowing, refused, unfollowed (状态)';
COMMENT ON COLUMN kefu.follow.version IS 'rises with each change of state (版本)';
COMMENT ON COLUMN kefu.follow.audit_seq IS 'events in its chain (审计序号)';
COMMENT ON COLUMN kefu.follow.audit_head IS 'hash of its last event (链头)';
COMMENT ON COLUMN kefu.follow.unit IS 'unit of the account (机构)';
COMMENT ON COLUMN kefu.follow.handler IS 'person who works on it; NULL nobody (处理人)';
COMMENT ON COLUMN kefu.follow.account IS 'our account (账号)';
COMMENT ON COLUMN kefu.follow.native_id IS 'the platform''s id of whom it follows; NULL: a customer, named by identity (对方平台ID)';
COMMENT ON COLUMN kefu.follow.identity_id IS 'customer''s platform account; NULL: somebody who never wrote to us (身份)';
COMMENT ON COLUMN kefu.follow.category IS 'category; unsorted for what was found on the platform''s list (类别)';
COMMENT ON COLUMN kefu.follow.subcategory IS 'one of its parts; empty none (子类)';
COMMENT ON COLUMN kefu.follow.cause IS 'mandatory 必须关注, mutual 相互关注, candidate 互动候选, person 人员提出, found 平台已有';
COMMENT ON COLUMN kefu.follow.reason IS 'why it is followed all the same, by a leader; NULL none was needed (理由; R37)';
COMMENT ON COLUMN kefu.follow.unfollow_reason IS 'why it is followed no longer; NULL it is (取消关注原因; R84)';
COMMENT ON COLUMN kefu.follow.proposed_at IS 'when it was proposed (提出时间)';
COMMENT ON COLUMN kefu.follow.followed_at IS 'when it was last known to begin; NULL not yet (关注时间)';
COMMENT ON COLUMN kefu.follow.reviewed_at IS 'last review; NULL never (复核时间; R83)';
COMMENT ON COLUMN kefu.follow.lost_at IS 'when the platform''s list had it no longer, and we had not asked for that; NULL never, or it is there again (平台缺失时间)';
COMMENT ON COLUMN kefu.follow.ended_at IS 'when it was refused or unfollowed; NULL while open (结束时间)';

CREATE TABLE kefu.follow_list (
    account text COLLATE "C" PRIMARY KEY REFERENCES kefu.account,
    began_at timestamptz NOT NULL,
    closed_began_at timestamptz,
    closed_at timestamptz,
    matched_at timestamptz,
    listed_count integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE kefu.follow_list IS 'How far the platform''s own list of an account is read and compared (平台关注列表核对; R70)';
COMMENT ON COLUMN kefu.follow_list.account IS 'account (账号)';
COMMENT ON COLUMN kefu.follow_list.began_at IS 'when the reading that is under way, or the last one, began (开始时间)';
COMMENT ON COLUMN kefu.follow_list.closed_began_at IS 'when the last complete reading began; NULL none yet (完整读取开始时间)';
COMMENT ON COLUMN kefu.follow_list.closed_at IS 'when it was complete; NULL none yet (完整读取时间)';
COMMENT ON COLUMN kefu.follow_list.matched_at IS 'complete reading up to which the follows were compared; NULL none yet (比对时间)';
COMMENT ON COLUMN kefu.follow_list.listed_count IS 'entries of the last complete reading; 0 none (条数)';

CREATE TABLE kefu.follow_listed (
    account text COLLATE "C" NOT NULL REFERENCES kefu.account,
    is_complete boolean NOT NULL,
    native_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, is_complete, native_id)
);
COMMENT ON TABLE kefu.follow_listed IS 'The platform''s own list of an account: the last complete reading, and the one under way (平台关注列表)';
COMMENT ON COLUMN kefu.follow_listed.account IS 'account (账号)';
COMMENT ON COLUMN kefu.follow_listed.is_complete IS 'of the last complete reading; false: of the one under way (是否完整)';
COMMENT ON COLUMN kefu.follow_listed.native_id IS 'the platform''s id of whom it follows (对方平台ID)';

INSERT INTO kefu.send_event (object_type, action, outcome, event)
VALUES
    ('follow', 'follow', 'sent', 'followed'),
    ('follow', 'follow', 'duplicate', 'followed'),
    ('follow', 'follow', 'failed', 'fail'),
    ('follow', 'follow', 'lost', NULL),
    ('follow', 'unfollow', 'sent', 'unfollowed'),
    ('follow', 'unfollow', 'gone', 'unfollowed'),
    ('follow', 'unfollow', 'failed', 'fail'),
    ('follow', 'unfollow', 'lost', NULL);

CREATE VIEW kefu.follow_now AS
SELECT f.*, a.platform, coalesce(i.native_id, f.native_id) AS target
  FROM kefu.follow f
  JOIN kefu.account a ON a.account = f.account
  LEFT JOIN kefu.identity i ON i.identity_id = f.identity_id;
COMMENT ON VIEW kefu.follow_now IS 'Follows with the platform''s id of whom they follow (关注及对方)';
COMMENT ON COLUMN kefu.follow_now.follow_id IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.state IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.version IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.audit_seq IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.audit_head IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.unit IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.handler IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.account IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.native_id IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.identity_id IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.category IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.subcategory IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.cause IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.reason IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.unfollow_reason IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.proposed_at IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.followed_at IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.reviewed_at IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.lost_at IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.ended_at IS 'as in kefu.follow (同关注表)';
COMMENT ON COLUMN kefu.follow_now.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.follow_now.target IS 'the platform''s id of whom it follows (对方平台ID)';

-- Without kefu.person_group(), which readers of the published views may not call.
CREATE VIEW kefu.being_erased AS
WITH RECURSIVE kin AS (
    SELECT e.person_id FROM kefu.erasure e WHERE e.closed_at IS NULL
    UNION
    SELECT x.person_id
      FROM kin k
     CROSS JOIN LATERAL (SELECT p.merged_into AS person_id FROM kefu.person p
                          WHERE p.person_id = k.person_id AND p.merged_into IS NOT NULL
                         UNION ALL
                         SELECT p.person_id FROM kefu.person p WHERE p.merged_into = k.person_id) AS x
)
SELECT i.identity_id, i.platform, i.native_id
  FROM kin k JOIN kefu.identity i ON i.person_id = k.person_id;
COMMENT ON VIEW kefu.being_erased IS 'Identities of persons with an open erasure (正在删除的用户; ruling 21)';
COMMENT ON COLUMN kefu.being_erased.identity_id IS 'identity (平台身份)';
COMMENT ON COLUMN kefu.being_erased.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.being_erased.native_id IS 'the platform''s id (平台用户ID)';

CREATE VIEW kefu.follow_required AS
SELECT DISTINCT ON (r.account, r.target) r.*
  FROM (SELECT a.account, a.unit, a.platform, t.native_id AS target, t.category, t.subcategory,
               'mandatory' AS cause, 'R30' AS rulebook, t.valid_from AS since_at
          FROM kefu.follow_target t
          JOIN kefu.account a ON a.platform = t.platform AND a.is_live AND a.native_id <> t.native_id
          JOIN kefu.unit u ON u.unit = a.unit AND u.kind IN ('group', 'province')
         WHERE t.is_mandatory AND t.valid_from <= kefu.now() AND (t.valid_to IS NULL OR t.valid_to > kefu.now())
        UNION ALL
        SELECT a.account, a.unit, a.platform, b.native_id, 'service', '', 'mutual', 'R31', NULL
          FROM kefu.account a
          JOIN kefu.unit u ON u.unit = a.unit
          JOIN kefu.account b ON b.platform = a.platform AND b.is_live
          JOIN kefu.unit v ON v.unit = b.unit
         WHERE a.is_live AND (u.kind, v.kind) IN (('group', 'province'), ('province', 'group'))) AS r
 WHERE NOT EXISTS (SELECT FROM kefu.being_erased b WHERE b.platform = r.platform AND b.native_id = r.target)
 ORDER BY r.account, r.target, r.rulebook;
COMMENT ON VIEW kefu.follow_required IS 'Whom each live account of Group and provinces must follow now: what is mandatory, and Group and provinces each other; nobody who is being erased (必须关注; R30, R31, ruling 21)';
COMMENT ON COLUMN kefu.follow_required.account IS 'account that must (账号)';
COMMENT ON COLUMN kefu.follow_required.unit IS 'its unit (机构)';
COMMENT ON COLUMN kefu.follow_required.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.follow_required.target IS 'the platform''s id of whom (对方平台ID)';
COMMENT ON COLUMN kefu.follow_required.category IS 'category (类别)';
COMMENT ON COLUMN kefu.follow_required.subcategory IS 'one of its parts; empty none (子类)';
COMMENT ON COLUMN kefu.follow_required.cause IS 'mandatory or mutual (依据)';
COMMENT ON COLUMN kefu.follow_required.rulebook IS 'R number (规范条款)';
COMMENT ON COLUMN kefu.follow_required.since_at IS 'since when; NULL since both accounts are there (生效时间)';

