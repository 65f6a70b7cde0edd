-- 14_platform: platforms as rows.
--
-- A platform is a dialect: where its feeds are, what its fields are called,
-- how it says no.  All of that is data; no function and no C knows a
-- platform's name.  doc/platforms.md shows how one is added.

CREATE TABLE kefu.platform (
    platform text COLLATE "C" PRIMARY KEY
        CONSTRAINT platform_code CHECK (platform ~ '^[a-z][a-z0-9_]{0,30}$'),
    name_zh text NOT NULL,
    name_en text NOT NULL,
    base_url text NOT NULL CONSTRAINT platform_base_url CHECK (base_url ~ '^https?://[^/?#]+(/[^?#]*)?$'),
    auth_base_urls jsonb NOT NULL DEFAULT '{}' CONSTRAINT platform_auth_base_urls CHECK
        (jsonb_typeof(auth_base_urls) = 'object'),
    default_params jsonb NOT NULL DEFAULT '{}' CONSTRAINT platform_default_params CHECK
        (jsonb_typeof(default_params) = 'object'),
    secret_params jsonb NOT NULL DEFAULT '{}' CONSTRAINT platform_secret_params CHECK
        (jsonb_typeof(secret_params) = 'object'),
    auth_kind text COLLATE "C" NOT NULL CONSTRAINT platform_auth_kind CHECK
        (auth_kind IN ('none', 'token', 'basic', 'oauth1', 'session_jwt')),
    auth_placement text COLLATE "C" NOT NULL CONSTRAINT platform_auth_placement CHECK
        (auth_placement IN ('header', 'query', 'body')),
    auth_name text COLLATE "C" NOT NULL,
    oauth1_realm text CONSTRAINT platform_oauth1_realm CHECK (oauth1_realm ~ '^[^"\\[:cntrl:]]+$'),
    oauth1_signature text COLLATE "C" CONSTRAINT platform_oauth1_signature CHECK
        (oauth1_signature IN ('HMAC-SHA1', 'PLAINTEXT')),
    token_refresh jsonb CONSTRAINT platform_token_refresh CHECK (jsonb_typeof(token_refresh) = 'object'),
    timezone text NOT NULL,
    error_code_paths text[] NOT NULL DEFAULT '{}',
    error_code_form text COLLATE "C" NOT NULL DEFAULT 'whole' CONSTRAINT platform_error_code_form CHECK
        (error_code_form IN ('whole', 'digits')),
    error_message_paths text[] NOT NULL DEFAULT '{}',
    repost_mark text CONSTRAINT platform_repost_mark CHECK (repost_mark <> ''),
    user_agent text,
    connect_timeout_ms integer NOT NULL DEFAULT 10000
        CONSTRAINT platform_connect_timeout_ms CHECK (connect_timeout_ms BETWEEN 1 AND 600000),
    total_timeout_ms integer NOT NULL DEFAULT 30000
        CONSTRAINT platform_total_timeout_ms CHECK (total_timeout_ms BETWEEN 1 AND 600000),
    allows_http boolean NOT NULL DEFAULT false,
    is_live boolean NOT NULL DEFAULT true,
    closed_at timestamptz,
    CONSTRAINT platform_oauth1 CHECK (auth_kind <> 'oauth1' OR oauth1_signature IS NOT NULL),
    CONSTRAINT platform_https CHECK (allows_http OR base_url LIKE 'https://%'),
    CONSTRAINT platform_closed CHECK (closed_at IS NULL OR NOT is_live)
);
COMMENT ON TABLE kefu.platform IS 'Microblog services, each a dialect made of rows here and in the tables that refer to it (平台; R18, R85)';
COMMENT ON COLUMN kefu.platform.platform IS 'code, such as sina (平台代码)';
COMMENT ON COLUMN kefu.platform.name_zh IS 'Chinese name (中文名称)';
COMMENT ON COLUMN kefu.platform.name_en IS 'English name (英文名称)';
COMMENT ON COLUMN kefu.platform.base_url IS 'what every path is appended to, without a slash at its end (接口地址)';
COMMENT ON COLUMN kefu.platform.auth_base_urls IS 'other base addresses by auth_kind, {kind: base_url} (按认证方式的接口地址)';
COMMENT ON COLUMN kefu.platform.default_params IS 'parameters sent with every request, {name: text} (公共参数)';
COMMENT ON COLUMN kefu.platform.secret_params IS 'parameters sent with every request whose value is a member of the secret, {member: name}, such as {consumer_key: source} (密钥参数)';
COMMENT ON COLUMN kefu.platform.auth_kind IS 'none, token (OAuth 2 access token), basic, oauth1, session_jwt (认证方式)';
COMMENT ON COLUMN kefu.platform.auth_placement IS 'where the proof goes: header, query or body (认证位置)';
COMMENT ON COLUMN kefu.platform.auth_name IS 'parameter that carries the token, or in a header the scheme word, such as Bearer or OAuth2 (认证参数名)';
COMMENT ON COLUMN kefu.platform.oauth1_realm IS 'realm of the OAuth 1 header; NULL: not sent (OAuth1域)';
COMMENT ON COLUMN kefu.platform.oauth1_signature IS 'signature method of OAuth 1; NULL where it is not used (OAuth1签名方法)';
COMMENT ON COLUMN kefu.platform.token_refresh IS 'how a token is renewed: {url, method, params: {name: text}, secret_params: {member of the secret: name}, base64: [member], reply: json|form, token, expires_in, refresh_token: paths in the reply, before_seconds}; see kefu.build_refresh(); NULL: a person must (令牌刷新)';
COMMENT ON COLUMN kefu.platform.timezone IS 'zone of the platform''s day, for limits per day (时区)';
COMMENT ON COLUMN kefu.platform.error_code_paths IS 'where a reply has its error code; those present are joined by a dot (错误码路径)';
COMMENT ON COLUMN kefu.platform.error_code_form IS 'whole, or digits: of each part only the digits it begins with (错误码形式)';
COMMENT ON COLUMN kefu.platform.error_message_paths IS 'where a reply has its error text; the first with one wins (错误信息路径)';
COMMENT ON COLUMN kefu.platform.repost_mark IS 'where a repost''s own words end and those of whom it repeats begin, such as //@; NULL: all are its own (转发标记)';
COMMENT ON COLUMN kefu.platform.user_agent IS 'User-Agent sent; NULL: the product''s own (客户端标识)';
COMMENT ON COLUMN kefu.platform.connect_timeout_ms IS 'longest wait for a connection, milliseconds (连接超时)';
COMMENT ON COLUMN kefu.platform.total_timeout_ms IS 'longest wait for a whole reply, milliseconds (总超时)';
COMMENT ON COLUMN kefu.platform.allows_http IS 'unencrypted requests are allowed, if kefu.allow_http agrees (允许明文)';
COMMENT ON COLUMN kefu.platform.is_live IS 'false stops all polling and sending on it (是否在用)';
COMMENT ON COLUMN kefu.platform.closed_at IS 'when it was given up for good, by kefu.close_platform(); NULL: it was not (关闭时间)';

CREATE TABLE kefu.endpoint (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    action text COLLATE "C" NOT NULL
        CONSTRAINT endpoint_action CHECK (action ~ '^[a-z][a-z0-9_]{0,62}$'),
    purpose text COLLATE "C" NOT NULL CONSTRAINT endpoint_purpose CHECK
        (purpose IN ('feed', 'push', 'joined', 'left', 'state', 'watch', 'budget', 'write', 'verify', 'step')),
    to_us boolean NOT NULL DEFAULT true,
    base_url text CONSTRAINT endpoint_base_url CHECK (base_url ~ '^https?://[^/?#]+(/[^?#]*)?$'),
    method text COLLATE "C" NOT NULL CONSTRAINT endpoint_method CHECK
        (method IN ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
    path text NOT NULL CONSTRAINT endpoint_path CHECK (path ~ '^/[^?#]*$'),
    const_params jsonb NOT NULL DEFAULT '{}' CONSTRAINT endpoint_const_params CHECK
        (jsonb_typeof(const_params) = 'object'),
    param_map jsonb NOT NULL DEFAULT '{}' CONSTRAINT endpoint_param_map CHECK
        (jsonb_typeof(param_map) = 'object'),
    body_kind text COLLATE "C" NOT NULL CONSTRAINT endpoint_body_kind CHECK
        (body_kind IN ('none', 'form', 'multipart', 'json', 'raw')),
    text_template text,
    text_is_json boolean NOT NULL DEFAULT false,
    body_template jsonb,
    file_field text COLLATE "C",
    file_types text[] NOT NULL DEFAULT '{}',
    file_bytes_max integer CONSTRAINT endpoint_file_bytes_max CHECK (file_bytes_max > 0),
    pre_encoded text[] NOT NULL DEFAULT '{}',
    item_kind text COLLATE "C" NOT NULL CONSTRAINT endpoint_item_kind CHECK
        (item_kind IN ('status', 'comment', 'message', 'user', 'follow')),
    result_kind text COLLATE "C" NOT NULL CONSTRAINT endpoint_result_kind CHECK
        (result_kind IN ('list', 'object', 'id', 'nothing')),
    items_paths text[] NOT NULL DEFAULT '{$}',
    result_id_paths text[] NOT NULL DEFAULT '{}',
    item_filter jsonb NOT NULL DEFAULT '[]' CONSTRAINT endpoint_item_filter CHECK
        (jsonb_typeof(item_filter) = 'array'),
    empty_when jsonb NOT NULL DEFAULT '[]' CONSTRAINT endpoint_empty_when CHECK
        (jsonb_typeof(empty_when) = 'array'),
    empty_bodies text[] NOT NULL DEFAULT '{}',
    paging_style text COLLATE "C" NOT NULL DEFAULT 'none' CONSTRAINT endpoint_paging_style CHECK
        (paging_style IN ('none', 'id_range', 'time_id', 'page', 'cursor', 'link')),
    page_size integer CONSTRAINT endpoint_page_size CHECK (page_size > 0),
    page_size_max integer CONSTRAINT endpoint_page_size_max CHECK (page_size_max >= page_size),
    size_param text COLLATE "C",
    max_pages integer NOT NULL DEFAULT 20 CONSTRAINT endpoint_max_pages CHECK (max_pages BETWEEN 1 AND 10000),
    stop_short_page boolean NOT NULL DEFAULT false,
    cursor_paths text[] NOT NULL DEFAULT '{}',
    newer_param text COLLATE "C",
    newer_inclusive boolean NOT NULL DEFAULT false,
    older_param text COLLATE "C",
    older_inclusive boolean NOT NULL DEFAULT false,
    is_gapless boolean NOT NULL DEFAULT false,
    flag_param text COLLATE "C",
    flag_first text COLLATE "C",
    flag_newer text COLLATE "C",
    flag_older text COLLATE "C",
    time_param text COLLATE "C",
    id_param text COLLATE "C",
    page_param text COLLATE "C",
    page_first integer NOT NULL DEFAULT 1 CONSTRAINT endpoint_page_first CHECK (page_first BETWEEN 0 AND 1000),
    page_step integer NOT NULL DEFAULT 1 CONSTRAINT endpoint_page_step CHECK (page_step BETWEEN 1 AND 1000),
    cursor_param text COLLATE "C",
    cursor_start text COLLATE "C",
    cursor_ends text[] NOT NULL DEFAULT '{}',
    next_cursor_path text COLLATE "C",
    has_next_path text COLLATE "C",
    has_next_more text COLLATE "C",
    link_rel text COLLATE "C",
    then_action text COLLATE "C",
    then_when jsonb,
    else_action text COLLATE "C",
    poll_after interval NOT NULL DEFAULT '2 seconds' CONSTRAINT endpoint_poll_after CHECK (poll_after >= interval '0'),
    is_repeatable boolean NOT NULL DEFAULT false,
    then_bindings jsonb CONSTRAINT endpoint_then_bindings CHECK (jsonb_typeof(then_bindings) = 'object'),
    idempotency text COLLATE "C" NOT NULL DEFAULT 'none' CONSTRAINT endpoint_idempotency CHECK
        (idempotency IN ('none', 'header', 'client_id')),
    idempotency_name text COLLATE "C",
    verify_action text COLLATE "C",
    complete_action text COLLATE "C",
    verify_after interval CONSTRAINT endpoint_verify_after CHECK (verify_after >= interval '0'),
    PRIMARY KEY (platform, action),
    FOREIGN KEY (platform, then_action) REFERENCES kefu.endpoint (platform, action),
    FOREIGN KEY (platform, else_action) REFERENCES kefu.endpoint (platform, action),
    FOREIGN KEY (platform, verify_action) REFERENCES kefu.endpoint (platform, action),
    FOREIGN KEY (platform, complete_action) REFERENCES kefu.endpoint (platform, action),
    CONSTRAINT endpoint_id_range CHECK (paging_style <> 'id_range' OR older_param IS NOT NULL),
    CONSTRAINT endpoint_time_id CHECK (paging_style <> 'time_id' OR
        (flag_param, flag_older, time_param, id_param) IS NOT NULL AND cardinality(cursor_paths) = 2),
    CONSTRAINT endpoint_page CHECK (paging_style <> 'page' OR page_param IS NOT NULL),
    CONSTRAINT endpoint_cursor CHECK (paging_style <> 'cursor' OR
        (cursor_param, next_cursor_path) IS NOT NULL),
    CONSTRAINT endpoint_link CHECK (paging_style <> 'link' OR link_rel IS NOT NULL),
    CONSTRAINT endpoint_short_page CHECK (NOT stop_short_page OR page_size IS NOT NULL),
    CONSTRAINT endpoint_has_next CHECK ((has_next_path IS NULL) = (has_next_more IS NULL)),
    CONSTRAINT endpoint_result_id CHECK (result_kind <> 'id' OR cardinality(result_id_paths) > 0),
    CONSTRAINT endpoint_file CHECK ((body_kind = 'multipart') = (file_field IS NOT NULL)),
    CONSTRAINT endpoint_text_is_json CHECK (NOT text_is_json OR text_template IS NOT NULL),
    CONSTRAINT endpoint_then CHECK ((then_action IS NULL) = (then_bindings IS NULL)),
    CONSTRAINT endpoint_else CHECK (else_action IS NULL OR then_when IS NOT NULL),
    CONSTRAINT endpoint_idempotency_named CHECK ((idempotency = 'none') = (idempotency_name IS NULL)),
    CONSTRAINT endpoint_complete CHECK (complete_action IS NULL OR purpose = 'feed'),
    CONSTRAINT endpoint_verify CHECK (verify_action IS NULL OR
        (purpose IN ('write', 'step') AND verify_after IS NOT NULL))
);
COMMENT ON TABLE kefu.endpoint IS 'What can be asked of a platform, how, and how its reply is to be read; an action without a row is one the platform can''t do and becomes a task (接口)';
COMMENT ON COLUMN kefu.endpoint.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.endpoint.action IS 'what it does. Feeds: mentions, comments_to_me, comments_mentions, messages, own_posts. Writes: reply_comment, comment, message, post, post_picture, post_video, repost, delete_post, delete_comment, follow, unfollow. Verification: sent_comments, sent_messages, own_posts. State: profile, post_counts, follows. Watch: home. Budget: rate_status. Others as needed (动作)';
COMMENT ON COLUMN kefu.endpoint.purpose IS 'feed 拉取, push 推送: its items are brought by kefu.take_push(), and messages like those of a feed, joined 关注推送 and left 取消关注推送: likewise brought, but each item says that its author follows us from then on, or no longer, state 账号状态: polled like a feed, but tells what the account is and brings no messages, watch 关注动态: polled like a feed, but its items are those of whom we follow and no messages, budget 配额查询: polled like a feed and free of charge, tells what is left of the limits (kefu.rate_field), write 发送, verify 核对, step: part of another one; method and path of what is pushed say nothing (用途)';
COMMENT ON COLUMN kefu.endpoint.to_us IS 'its items are written to the account that fetches them; false for search and other units'' accounts, whose finds open nothing before a person has read them (是否写给本账号; R87, R104, ruling 30)';
COMMENT ON COLUMN kefu.endpoint.base_url IS 'base address of this endpoint only; NULL: the platform''s (接口地址)';
COMMENT ON COLUMN kefu.endpoint.method IS 'HTTP method (请求方法)';
COMMENT ON COLUMN kefu.endpoint.path IS 'path behind the base address; {name} takes the parameter of that name out of the query or body (路径)';
COMMENT ON COLUMN kefu.endpoint.const_params IS 'parameters that are always the same, {name: text} (固定参数)';
COMMENT ON COLUMN kefu.endpoint.param_map IS 'the platform''s names of ours, {text, parent_id, root_id, native_id, recipient_id, recipient_handle, alt_text, own_id, own_handle, operator_ip: name}, and those of then_bindings; what isn''t named is not sent (参数映射)';
COMMENT ON COLUMN kefu.endpoint.body_kind IS 'none (parameters go into the query), form, multipart, json, raw (请求体)';
COMMENT ON COLUMN kefu.endpoint.text_template IS 'what is sent as text, such as ''@{recipient_handle} {text}''; {name} is one of our names; NULL: the text alone (正文模板)';
COMMENT ON COLUMN kefu.endpoint.text_is_json IS 'the text template is JSON, and what is put into it is escaped as the string it stands in (正文为JSON)';
COMMENT ON COLUMN kefu.endpoint.body_template IS 'body of kind json, in which "{name}" as a whole string stands for a parameter; NULL: a flat object of the parameters (请求体模板)';
COMMENT ON COLUMN kefu.endpoint.file_field IS 'field of a multipart body that holds the file (文件字段)';
COMMENT ON COLUMN kefu.endpoint.file_types IS 'content types of a file that it takes, such as image/png; empty: any (文件类型)';
COMMENT ON COLUMN kefu.endpoint.file_bytes_max IS 'most bytes of a file that it takes; NULL not known (文件大小上限)';
COMMENT ON COLUMN kefu.endpoint.pre_encoded IS 'parameters whose value is percent-encoded once more before the form is (预编码参数)';
COMMENT ON COLUMN kefu.endpoint.item_kind IS 'rows of kefu.field_map that read its items (条目类型)';
COMMENT ON COLUMN kefu.endpoint.result_kind IS 'list; object: the item itself, or a list; id: only its id, and its time where it has one; nothing (结果类型)';
COMMENT ON COLUMN kefu.endpoint.items_paths IS 'where the list or the object is in the reply; the first path with one wins (条目路径)';
COMMENT ON COLUMN kefu.endpoint.result_id_paths IS 'for result_kind id: where the id is, below items_paths (结果编号路径)';
COMMENT ON COLUMN kefu.endpoint.item_filter IS 'items for which all hold are kept, so that one endpoint can serve several feeds: [{path, in: [..]} | {path, not_in: [..]} | {path, is: "null"|"present"}] (条目过滤)';
COMMENT ON COLUMN kefu.endpoint.empty_when IS 'replies that look like errors and mean "nothing": a list of alternatives, each a list of such predicates (空结果判断)';
COMMENT ON COLUMN kefu.endpoint.empty_bodies IS 'bodies that are not JSON and mean "nothing", such as the empty one (空响应体)';
COMMENT ON COLUMN kefu.endpoint.paging_style IS 'none; id_range: newer and older than an id; time_id: flag, time and id; page: numbers; cursor: the reply names the next one; link: a Link header does (翻页方式)';
COMMENT ON COLUMN kefu.endpoint.page_size IS 'items asked for; NULL: the platform''s default (每页条数)';
COMMENT ON COLUMN kefu.endpoint.page_size_max IS 'most the platform gives (每页上限)';
COMMENT ON COLUMN kefu.endpoint.size_param IS 'parameter of page_size (条数参数)';
COMMENT ON COLUMN kefu.endpoint.max_pages IS 'pages read in one go; a longer walk goes on later from its saved state (最多页数)';
COMMENT ON COLUMN kefu.endpoint.stop_short_page IS 'a page with fewer than page_size items is the last one (短页即止)';
COMMENT ON COLUMN kefu.endpoint.cursor_paths IS 'where an item has what paging needs: the first path with a value, or for time_id exactly time and id; empty: its native id (游标路径)';
COMMENT ON COLUMN kefu.endpoint.newer_param IS 'parameter for "newer than"; NULL: there is none (更新参数)';
COMMENT ON COLUMN kefu.endpoint.newer_inclusive IS 'the item named by newer_param comes along (更新含端点)';
COMMENT ON COLUMN kefu.endpoint.older_param IS 'parameter for "older than" (更旧参数)';
COMMENT ON COLUMN kefu.endpoint.older_inclusive IS 'the item named by older_param comes along; if not, seeing it again means that the platform ignores the parameter (更旧含端点)';
COMMENT ON COLUMN kefu.endpoint.is_gapless IS '"newer than" gives the page right above, not the newest one: the walk goes upwards (无缺口)';
COMMENT ON COLUMN kefu.endpoint.flag_param IS 'time_id: parameter that tells first, newer or older (方向参数)';
COMMENT ON COLUMN kefu.endpoint.flag_first IS 'its value for the first page (首页值)';
COMMENT ON COLUMN kefu.endpoint.flag_newer IS 'its value for newer items (更新值)';
COMMENT ON COLUMN kefu.endpoint.flag_older IS 'its value for older items (更旧值)';
COMMENT ON COLUMN kefu.endpoint.time_param IS 'time_id: parameter of the time (时间参数)';
COMMENT ON COLUMN kefu.endpoint.id_param IS 'time_id: parameter of the id (编号参数)';
COMMENT ON COLUMN kefu.endpoint.page_param IS 'page: parameter of the page number (页码参数)';
COMMENT ON COLUMN kefu.endpoint.page_first IS 'number of the first page (首页页码)';
COMMENT ON COLUMN kefu.endpoint.page_step IS 'what is added for the next (页码步长)';
COMMENT ON COLUMN kefu.endpoint.cursor_param IS 'cursor: parameter of the cursor (游标参数)';
COMMENT ON COLUMN kefu.endpoint.cursor_start IS 'cursor: its value for the first page; NULL: not sent (起始游标)';
COMMENT ON COLUMN kefu.endpoint.cursor_ends IS 'cursor: values that mean the end, besides an absent or empty one (终止游标)';
COMMENT ON COLUMN kefu.endpoint.next_cursor_path IS 'cursor: where the reply has the next one (下一游标路径)';
COMMENT ON COLUMN kefu.endpoint.has_next_path IS 'where the reply says whether there is more; NULL: its word is not trusted (是否还有路径)';
COMMENT ON COLUMN kefu.endpoint.has_next_more IS 'value there that means more (还有的取值)';
COMMENT ON COLUMN kefu.endpoint.link_rel IS 'link: relation of the next page in the Link header (链接关系)';
COMMENT ON COLUMN kefu.endpoint.then_action IS 'endpoint to call with values of this one''s reply, of purpose step; NULL: done (后续动作)';
COMMENT ON COLUMN kefu.endpoint.then_when IS 'predicates on the reply that must hold for it; NULL: always (后续条件)';
COMMENT ON COLUMN kefu.endpoint.else_action IS 'endpoint to call where they don''t hold, such as this one again until they do; NULL: done (否则动作)';
COMMENT ON COLUMN kefu.endpoint.poll_after IS 'wait before else_action is called (轮询间隔)';
COMMENT ON COLUMN kefu.endpoint.is_repeatable IS 'asked twice it does no harm, such as an upload that nobody sees yet: a send that got no further is simply sent again, not looked for (可重复)';
COMMENT ON COLUMN kefu.endpoint.then_bindings IS 'what the next endpoint''s param_map finds besides our names, from this reply: {name: path} (后续绑定)';
COMMENT ON COLUMN kefu.endpoint.idempotency IS 'how a repeated send is recognised: header, client_id (we choose the id), or none (幂等方式)';
COMMENT ON COLUMN kefu.endpoint.idempotency_name IS 'name of that header or parameter (幂等名称)';
COMMENT ON COLUMN kefu.endpoint.verify_action IS 'endpoint that lists what we sent: asked after an uncertain send, before any resend; for a deletion one of result_kind object that shows what is deleted: asked where the platform calls it gone, as it may only not know the call (核对动作)';
COMMENT ON COLUMN kefu.endpoint.complete_action IS 'endpoint of purpose step that gives one item, by native_id, whole: asked for items whose is_truncated is true; NULL: they stay cut (补全动作)';
COMMENT ON COLUMN kefu.endpoint.verify_after IS 'how long to wait before that, so that a slow platform shows what it took; missing counts as not sent after twice that and the longest reply (核对延迟)';

CREATE TABLE kefu.field_map (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    item_kind text COLLATE "C" NOT NULL CONSTRAINT field_map_item_kind CHECK
        (item_kind IN ('status', 'comment', 'message', 'user', 'follow')),
    field text COLLATE "C" NOT NULL CONSTRAINT field_map_field CHECK (field IN
        ('native_id', 'dedupe_key', 'item_type', 'parent_id', 'parent_type', 'parent_author_id',
         'root_id', 'thread_id', 'author_id', 'author_name', 'author_handle', 'author_province',
         'author_city', 'author_verified', 'author_followers', 'author_follows', 'recipient_id', 'text', 'posted_at',
         'is_deleted', 'is_truncated', 'url', 'source_label', 'media', 'media_kind', 'repost_of_id',
         'repost_of_key', 'repost_text', 'repost_of_count', 'reposts_count', 'comments_count', 'likes_count')),
    seq smallint NOT NULL DEFAULT 1,
    paths text[] NOT NULL DEFAULT '{}',
    transform text COLLATE "C" NOT NULL DEFAULT 'text' CONSTRAINT field_map_transform CHECK (transform IN
        ('text', 'id', 'int', 'bool', 'one_of', 'date_twitter', 'date_unix_s', 'date_unix_ms',
         'date_iso8601', 'html_text', 'html_label', 'const', 'template', 'list')),
    arg text,
    is_required boolean NOT NULL DEFAULT false,
    PRIMARY KEY (platform, item_kind, field, seq),
    CONSTRAINT field_map_paths CHECK (transform = 'const' OR cardinality(paths) > 0),
    CONSTRAINT field_map_arg CHECK (CASE
        WHEN transform IN ('one_of', 'const', 'template') THEN arg IS NOT NULL
        WHEN transform = 'list' THEN true
        ELSE arg IS NULL END)
);
COMMENT ON TABLE kefu.field_map IS 'Where an item of a platform has each of our fields; of several rows and paths the first that gives a value wins (字段映射)';
COMMENT ON COLUMN kefu.field_map.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.field_map.item_kind IS 'kind of item (条目类型)';
COMMENT ON COLUMN kefu.field_map.field IS 'our field: a column of kefu.map_payload() (字段)';
COMMENT ON COLUMN kefu.field_map.seq IS 'order of the rows of a field (次序)';
COMMENT ON COLUMN kefu.field_map.paths IS 'paths within the item, steps joined by dots: a name, an element''s number from 0, or * for every element; $ is the item (路径)';
COMMENT ON COLUMN kefu.field_map.transform IS 'text; id: "" and 0 mean none; int, bool: leniently; one_of: true if the value is in arg; date_*; html_text, html_label: in one line; const: arg, where a path (if any) has a value; template: arg with {1}.. for the paths, all of which must have one, or {#1}.. for a digest of theirs; list: all values, one a line, each through the template in arg if there is one (转换)';
COMMENT ON COLUMN kefu.field_map.arg IS 'argument of the transform (转换参数)';
COMMENT ON COLUMN kefu.field_map.is_required IS 'an item without it goes to the dead letters; of deleted items only the id is required (是否必需)';

CREATE TABLE kefu.error_map (
    platform text COLLATE "C" NOT NULL CONSTRAINT error_map_platform CHECK
        (platform ~ '^([a-z][a-z0-9_]{0,30}|[*])$'),
    seq integer NOT NULL,
    http_status text COLLATE "C" CONSTRAINT error_map_http_status CHECK (http_status ~ '^[0-9x]{3}$'),
    codes text[] CONSTRAINT error_map_codes CHECK (cardinality(codes) > 0),
    text_pattern text,
    body text COLLATE "C" CONSTRAINT error_map_body CHECK (body IN ('empty', 'json', 'other')),
    class text COLLATE "C" NOT NULL CONSTRAINT error_map_class CHECK (class IN
        ('ok', 'ok_no_id', 'empty', 'duplicate', 'gone', 'forbidden', 'content_refused', 'too_long',
         'rate', 'auth_expired', 'auth_revoked', 'bad_request', 'transient', 'unknown', 'blacklisted')),
    scope text COLLATE "C" CONSTRAINT error_map_scope CHECK (scope IN ('user', 'app', 'ip', 'endpoint')),
    retry_after_s integer CONSTRAINT error_map_retry_after_s CHECK (retry_after_s >= 0),
    retry_after_path text COLLATE "C",
    note text,
    PRIMARY KEY (platform, seq),
    CONSTRAINT error_map_names_something CHECK
        (num_nonnulls(http_status, codes, text_pattern, body) > 0),
    CONSTRAINT error_map_scope_of_rate CHECK (scope IS NULL OR class = 'rate')
);
COMMENT ON TABLE kefu.error_map IS 'What the replies of a platform mean: in order of seq the first row that fits wins, rows of * come last, and where none fits the HTTP status decides, except that a code nobody knows is never a success (错误映射)';
COMMENT ON COLUMN kefu.error_map.platform IS 'platform, or * for all (平台)';
COMMENT ON COLUMN kefu.error_map.seq IS 'order (次序)';
COMMENT ON COLUMN kefu.error_map.http_status IS 'status, x standing for any digit; NULL: any (HTTP状态)';
COMMENT ON COLUMN kefu.error_map.codes IS 'error codes, one of them; with % at its end a beginning; NULL: any (错误码)';
COMMENT ON COLUMN kefu.error_map.text_pattern IS 'POSIX extended regular expression on the error text, without regard to case; NULL: any (错误信息模式)';
COMMENT ON COLUMN kefu.error_map.body IS 'empty, json or other: not JSON; NULL: any (响应体)';
COMMENT ON COLUMN kefu.error_map.class IS 'ok; ok_no_id: taken, verify later; empty; duplicate: text refused as a repetition; gone; forbidden; content_refused; too_long; rate; auth_expired: renew; auth_revoked: a person must; bad_request: our fault; transient: again later; unknown; blacklisted: we are ignored, stop everything (类别)';
COMMENT ON COLUMN kefu.error_map.scope IS 'whose limit was reached, for class rate; NULL: unknown (限额范围)';
COMMENT ON COLUMN kefu.error_map.retry_after_s IS 'seconds to wait where the reply itself doesn''t say; NULL: back off (等待秒数)';
COMMENT ON COLUMN kefu.error_map.retry_after_path IS 'where the body says how many seconds; a Retry-After header goes before it (等待秒数路径)';
COMMENT ON COLUMN kefu.error_map.note IS 'what the platform calls it (说明)';

CREATE TABLE kefu.rate_rule (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    tier text COLLATE "C" NOT NULL DEFAULT 'standard',
    scope text COLLATE "C" NOT NULL CONSTRAINT rate_rule_scope CHECK
        (scope IN ('user', 'app', 'ip')),
    action_class text COLLATE "C" NOT NULL CONSTRAINT rate_rule_action_class CHECK
        (action_class IN ('any', 'read', 'post', 'comment', 'message', 'follow', 'delete', 'media')),
    per interval NOT NULL CONSTRAINT rate_rule_per CHECK (per > interval '0'),
    calls integer NOT NULL CONSTRAINT rate_rule_calls CHECK (calls > 0),
    reserve_pct smallint NOT NULL DEFAULT 0 CONSTRAINT rate_rule_reserve_pct CHECK
        (reserve_pct BETWEEN 0 AND 100),
    PRIMARY KEY (platform, tier, scope, action_class, per)
);
COMMENT ON TABLE kefu.rate_rule IS 'How often a platform lets us call; every rule that covers a call counts it (频次规则)';
COMMENT ON COLUMN kefu.rate_rule.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.rate_rule.tier IS 'level of our application with the platform (级别)';
COMMENT ON COLUMN kefu.rate_rule.scope IS 'who is counted: user, app, ip (范围)';
COMMENT ON COLUMN kefu.rate_rule.action_class IS 'what is counted; any counts all (动作类别)';
COMMENT ON COLUMN kefu.rate_rule.per IS 'length of the window (时间窗)';
COMMENT ON COLUMN kefu.rate_rule.calls IS 'calls allowed in it (次数)';
COMMENT ON COLUMN kefu.rate_rule.reserve_pct IS 'share kept back from reading, for answers; percent (预留比例)';

CREATE TABLE kefu.rate_field (
    platform text COLLATE "C" NOT NULL REFERENCES kefu.platform,
    source text COLLATE "C" NOT NULL CONSTRAINT rate_field_source CHECK (source IN ('header', 'body')),
    scope text COLLATE "C" NOT NULL CONSTRAINT rate_field_scope CHECK (scope IN ('user', 'app', 'ip')),
    action_class text COLLATE "C" NOT NULL DEFAULT 'any' CONSTRAINT rate_field_action_class CHECK
        (action_class IN ('any', 'read', 'post', 'comment', 'message', 'follow', 'delete', 'media')),
    remaining text COLLATE "C" NOT NULL CONSTRAINT rate_field_remaining CHECK (remaining ~ '^[A-Za-z0-9_.-]+$'),
    reset text COLLATE "C" CONSTRAINT rate_field_reset CHECK (reset ~ '^[A-Za-z0-9_.-]+$'),
    reset_form text COLLATE "C" CONSTRAINT rate_field_reset_form CHECK (reset_form IN ('iso', 'unix', 'delta')),
    PRIMARY KEY (platform, source, scope, action_class),
    CONSTRAINT rate_field_reset_has_form CHECK ((reset IS NULL) = (reset_form IS NULL))
);
COMMENT ON TABLE kefu.rate_field IS 'Where a platform tells what is left of its limits: in a header of each reply, or in the reply of an endpoint of purpose budget (配额字段)';
COMMENT ON COLUMN kefu.rate_field.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.rate_field.source IS 'header: of every reply, body: of an endpoint of purpose budget (来源)';
COMMENT ON COLUMN kefu.rate_field.scope IS 'whose limit it tells of: user, app, ip (范围)';
COMMENT ON COLUMN kefu.rate_field.action_class IS 'rows of kefu.rate_rule it tells of, by their action_class (动作类别)';
COMMENT ON COLUMN kefu.rate_field.remaining IS 'name of the header, or path in the reply, with the calls that are left (余额)';
COMMENT ON COLUMN kefu.rate_field.reset IS 'the same for the time of the next fill; NULL: not told, and then what was told holds for the rule''s whole window (重置)';
COMMENT ON COLUMN kefu.rate_field.reset_form IS 'what that holds: iso an instant, unix seconds since 1970, delta seconds from now (重置形式)';

CREATE TABLE kefu.platform_policy (
    platform text COLLATE "C" PRIMARY KEY REFERENCES kefu.platform,
    dedupe_window interval,
    dedupes_last_text boolean NOT NULL DEFAULT false,
    needs_follower_for_message boolean NOT NULL DEFAULT false,
    can_delete_post boolean NOT NULL,
    can_delete_comment boolean NOT NULL,
    can_report boolean NOT NULL,
    can_edit boolean NOT NULL,
    patrol_opens time NOT NULL DEFAULT '08:00',
    patrol_closes time NOT NULL DEFAULT '20:00',
    CONSTRAINT platform_policy_patrol CHECK (patrol_opens < patrol_closes)
);
COMMENT ON TABLE kefu.platform_policy IS 'What a platform allows beyond its limits; what it can''t do becomes a task for a person, not an error (平台规则; R82, R131)';
COMMENT ON COLUMN kefu.platform_policy.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.platform_policy.dedupe_window IS 'time in which the same text is refused; NULL: none (重复判定时长)';
COMMENT ON COLUMN kefu.platform_policy.dedupes_last_text IS 'the same text as the last one is refused, however old that is (拒绝与上条相同)';
COMMENT ON COLUMN kefu.platform_policy.needs_follower_for_message IS 'only who follows us can be sent a private message: who is known not to, by kefu.fan, isn''t tried, but told the next way of kefu.outbound_way (私信须互粉)';
COMMENT ON COLUMN kefu.platform_policy.can_delete_post IS 'our posts can be deleted (可删博文)';
COMMENT ON COLUMN kefu.platform_policy.can_delete_comment IS 'comments under our posts can be deleted (可删评论)';
COMMENT ON COLUMN kefu.platform_policy.can_report IS 'abuse can be reported by a call (可举报)';
COMMENT ON COLUMN kefu.platform_policy.can_edit IS 'what was sent can be edited; corrections delete and re-issue anyway (可编辑; ruling 10)';
COMMENT ON COLUMN kefu.platform_policy.patrol_opens IS 'local time from which feeds are polled as often as kefu.patrol_rule asks; where the platform''s limits don''t allow polling around the clock, feeds are polled from then (巡查开始; R13)';
COMMENT ON COLUMN kefu.platform_policy.patrol_closes IS 'and until when (巡查结束; R13)';

CREATE TABLE kefu.reply_rule (
    platform text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL CONSTRAINT reply_rule_channel CHECK (channel IN ('public', 'private')),
    within interval CONSTRAINT reply_rule_within CHECK (within > interval '0'),
    times integer CONSTRAINT reply_rule_times CHECK (times > 0),
    ends_when_left boolean NOT NULL DEFAULT false,
    refuses boolean NOT NULL DEFAULT false,
    answered_by text COLLATE "C",
    PRIMARY KEY (platform, action, channel),
    FOREIGN KEY (platform, action) REFERENCES kefu.endpoint (platform, action),
    FOREIGN KEY (platform, answered_by) REFERENCES kefu.endpoint (platform, action)
);
COMMENT ON TABLE kefu.reply_rule IS 'How long and how often a customer''s item may be answered, by the endpoint that brought it; without a row always, any number of times (回复规则; R122, R129)';
COMMENT ON COLUMN kefu.reply_rule.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.reply_rule.action IS 'endpoint that brought the item (来源接口)';
COMMENT ON COLUMN kefu.reply_rule.channel IS 'public replies or private messages (渠道)';
COMMENT ON COLUMN kefu.reply_rule.within IS 'time after the item was posted in which it can be answered, its end excluded; NULL: no end (回复时限)';
COMMENT ON COLUMN kefu.reply_rule.times IS 'answers allowed to one item, of which only an answer proper takes the last; NULL: any number (可回复次数)';
COMMENT ON COLUMN kefu.reply_rule.ends_when_left IS 'nothing is taken once its author no longer follows us (取消关注即止)';
COMMENT ON COLUMN kefu.reply_rule.refuses IS 'what can''t be said is refused with KF005; false: it goes the next way of kefu.outbound_way, the last of which is a call by 10000 (是否拒绝)';
COMMENT ON COLUMN kefu.reply_rule.answered_by IS 'endpoint of the answer; NULL: the usual one of the channel (回复接口)';

CREATE TABLE kefu.push_rule (
    platform text COLLATE "C" PRIMARY KEY REFERENCES kefu.platform,
    digest text COLLATE "C" NOT NULL CONSTRAINT push_rule_digest CHECK (digest IN ('sha1', 'sha256')),
    secret_member text COLLATE "C" NOT NULL,
    signed_params text[] NOT NULL CONSTRAINT push_rule_signed_params CHECK (cardinality(signed_params) > 0),
    signature_param text COLLATE "C" NOT NULL,
    timestamp_param text COLLATE "C" NOT NULL,
    timestamp_form text COLLATE "C" NOT NULL CONSTRAINT push_rule_timestamp_form CHECK
        (timestamp_form IN ('unix_s', 'unix_ms')),
    nonce_param text COLLATE "C" NOT NULL,
    echo_param text COLLATE "C",
    max_age interval NOT NULL CONSTRAINT push_rule_max_age CHECK (max_age BETWEEN interval '1 second' AND interval '1 day'),
    deliveries smallint NOT NULL CONSTRAINT push_rule_deliveries CHECK (deliveries BETWEEN 1 AND 100),
    max_bytes integer NOT NULL DEFAULT 65536 CONSTRAINT push_rule_max_bytes CHECK (max_bytes BETWEEN 1 AND 16777216),
    recipient_path text,
    taken_body text NOT NULL DEFAULT '',
    CONSTRAINT push_rule_signs_them CHECK (timestamp_param = ANY (signed_params) AND nonce_param = ANY (signed_params))
);
COMMENT ON TABLE kefu.push_rule IS 'How a platform proves what it pushes to us, for kefu.take_push(): a hex digest of its secret and some parameters of the address, joined in order of their bytes; without a row it pushes nothing (推送规则; R85)';
COMMENT ON COLUMN kefu.push_rule.platform IS 'platform (平台)';
COMMENT ON COLUMN kefu.push_rule.digest IS 'sha1 or sha256 (摘要算法)';
COMMENT ON COLUMN kefu.push_rule.secret_member IS 'member of the account''s secret that is signed with (密钥成员)';
COMMENT ON COLUMN kefu.push_rule.signed_params IS 'parameters that are signed, the time and the nonce among them (签名参数)';
COMMENT ON COLUMN kefu.push_rule.signature_param IS 'parameter with the signature (签名参数名)';
COMMENT ON COLUMN kefu.push_rule.timestamp_param IS 'parameter with the time of the request (时间参数名)';
COMMENT ON COLUMN kefu.push_rule.timestamp_form IS 'unix_s seconds or unix_ms milliseconds since 1970 (时间形式)';
COMMENT ON COLUMN kefu.push_rule.nonce_param IS 'parameter with what makes it the only one of its time (随机数参数名)';
COMMENT ON COLUMN kefu.push_rule.echo_param IS 'parameter of a request without a body whose value is the answer, as at set-up; NULL: there is none (回显参数名)';
COMMENT ON COLUMN kefu.push_rule.max_age IS 'a time farther from ours, either way, is refused (时间容差)';
COMMENT ON COLUMN kefu.push_rule.deliveries IS 'times that the same request may come, as platforms repeat what was not answered; more often, or with another body, is refused (最多投递次数)';
COMMENT ON COLUMN kefu.push_rule.max_bytes IS 'longest body, bytes (最大长度)';
COMMENT ON COLUMN kefu.push_rule.recipient_path IS 'where the body says for which account it is; NULL: it doesn''t (接收者路径)';
COMMENT ON COLUMN kefu.push_rule.taken_body IS 'answer to what was taken (接收应答)';

CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.platform FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.endpoint FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.field_map FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.error_map FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.rate_rule FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON kefu.platform_policy FOR EACH STATEMENT EXECUTE FUNCTION kefu.rules_changed();

-- The documents that the mapper compiles.  One place turns columns into
-- members; src/pure reads them without a server, in the tests and the fuzzers
-- as well.

CREATE FUNCTION kefu.endpoint_spec(platform text, action text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'item_kind', e.item_kind,
               'result_kind', e.result_kind,
               'items_paths', e.items_paths,
               'item_filter', e.item_filter,
               'empty_when', e.empty_when,
               'empty_bodies', e.empty_bodies,
               'next_cursor_path', e.next_cursor_path,
               'has_next_path', e.has_next_path,
               'fields', CASE WHEN e.result_kind = 'id'
                   THEN jsonb_build_array(jsonb_build_object('field', 'native_id',
                       'paths', e.result_id_paths, 'transform', 'id', 'is_required', true))
                       || (SELECT COALESCE(jsonb_agg(jsonb_build_object('field', f.field,
                                      'paths', f.paths, 'transform', f.transform) ORDER BY f.seq), '[]')
                             FROM kefu.field_map AS f
                            WHERE f.platform = e.platform AND f.item_kind = e.item_kind
                              AND f.field = 'posted_at')
                   ELSE (SELECT COALESCE(jsonb_agg(jsonb_build_object('field', f.field,
                                    'paths', f.paths, 'transform', f.transform, 'arg', f.arg,
                                    'is_required', f.is_required) ORDER BY f.field, f.seq), '[]')
                           FROM kefu.field_map AS f
                          WHERE f.platform = e.platform AND f.item_kind = e.item_kind)
                   END
               || CASE WHEN e.paging_style = 'time_id'
                   THEN jsonb_build_array(jsonb_build_object('field', 'cursor',
                       'paths', e.cursor_paths, 'transform', 'template', 'arg', '{1},{2}'))
                   WHEN cardinality(e.cursor_paths) > 0
                   THEN jsonb_build_array(jsonb_build_object('field', 'cursor',
                       'paths', e.cursor_paths, 'transform', 'text'))
                   ELSE '[]' END,
               'paging', jsonb_build_object(
                   'style', e.paging_style,
                   'page_size', e.page_size, 'size_param', e.size_param,
                   'max_pages', e.max_pages, 'stop_short_page', e.stop_short_page,
                   'has_next_more', e.has_next_more,
                   'newer_param', e.newer_param, 'newer_inclusive', e.newer_inclusive,
                   'older_param', e.older_param, 'older_inclusive', e.older_inclusive,
                   'is_gapless', e.is_gapless,
                   'flag_param', e.flag_param, 'flag_first', e.flag_first,
                   'flag_newer', e.flag_newer, 'flag_older', e.flag_older,
                   'time_param', e.time_param, 'id_param', e.id_param,
                   'page_param', e.page_param, 'page_first', e.page_first, 'page_step', e.page_step,
                   'cursor_param', e.cursor_param, 'cursor_start', e.cursor_start,
                   'cursor_ends', e.cursor_ends))
      FROM kefu.endpoint AS e
     WHERE e.platform = endpoint_spec.platform AND e.action = endpoint_spec.action;
END;
COMMENT ON FUNCTION kefu.endpoint_spec(text, text) IS
'The rules of an endpoint as the document that the mapper compiles; NULL if there is no such endpoint (接口规则)';

CREATE FUNCTION kefu.error_spec(platform text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'code_paths', p.error_code_paths,
               'code_form', p.error_code_form,
               'message_paths', p.error_message_paths,
               'rows', (SELECT COALESCE(jsonb_agg(jsonb_build_object(
                                   'status', m.http_status, 'codes', m.codes,
                                   'text', m.text_pattern, 'body', m.body,
                                   'class', m.class, 'scope', m.scope,
                                   'retry_after_s', m.retry_after_s,
                                   'retry_after_path', m.retry_after_path)
                                   ORDER BY m.platform = '*', m.seq), '[]')
                          FROM kefu.error_map AS m
                         WHERE m.platform IN (p.platform, '*')))
      FROM kefu.platform AS p
     WHERE p.platform = error_spec.platform;
END;
COMMENT ON FUNCTION kefu.error_spec(text) IS
'The error rows of a platform as the document that the classifier compiles; NULL if there is no such platform (错误规则)';

CREATE FUNCTION kefu.map_payload(platform text, action text, payload text, own_id text DEFAULT NULL)
    RETURNS TABLE (item_no integer, error text,
        native_id text, dedupe_key text, item_type text, parent_id text, parent_type text,
        parent_author_id text, root_id text, thread_id text, author_id text, author_name text,
        author_handle text, author_province text, author_city text, author_verified boolean,
        author_followers bigint, author_follows boolean, recipient_id text, text text, posted_at timestamptz,
        is_deleted boolean, is_truncated boolean, url text, source_label text, media text, media_kind text,
        repost_of_id text, repost_of_key text, repost_text text, repost_of_count bigint,
        reposts_count bigint, comments_count bigint, likes_count bigint, cursor text)
    LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100
    AS 'MODULE_PATHNAME', 'kefu_map_payload';
COMMENT ON FUNCTION kefu.map_payload(text, text, text, text) IS
'Items of a platform''s reply, one a row, in its order; own_id is the native id of the account it was fetched for. error tells why an item is not usable, the other columns then hold what could be read. A reply that means "nothing" gives no row. NULL for any of the first three gives no row. Errors: 42704 no such endpoint; 22P02 not JSON, or no list where one is expected; 22023 the rules contradict themselves (报文映射; R85)';

CREATE FUNCTION kefu.classify_reply(platform text, http_status integer, body text,
        retry_after text DEFAULT NULL,
        OUT class text, OUT code text, OUT message text, OUT retry_after_seconds integer, OUT scope text)
    LANGUAGE C STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'kefu_classify_reply';
COMMENT ON FUNCTION kefu.classify_reply(text, integer, text, text) IS
'What a reply means, by kefu.error_map, else by its HTTP status; a success with an error code that no row knows is unknown. http_status NULL or 0: there was no reply; body NULL is an empty one; retry_after is the header''s value. code, message, retry_after_seconds and scope are NULL where the reply has none. Errors: 42704 no such platform; 22023 the rules contradict themselves (响应分类)';
