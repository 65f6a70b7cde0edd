-- dialect: a platform that nobody has ever met, added by INSERTs alone, takes the
-- whole way: found (R85, R86), searched (R87, R104), answered, looked for, posted in
-- three steps, its token renewed (R18). First the signatures.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set plaza :tests '/lib/plaza.psql'
BEGIN;
\set ECHO none
\i :plaza
INSERT INTO kefu.staff (login, unit, name) VALUES (current_user, 'group', '集团甲') ON CONFLICT DO NOTHING;
INSERT INTO kefu.staff_role (staff_id, unit, role)
    SELECT staff_id, 'group', 'admin' FROM kefu.staff WHERE login = current_user ON CONFLICT DO NOTHING;
DELETE FROM kefu.desk_mode;
UPDATE kefu.feed SET is_live = false;

CREATE TEMP TABLE last (n serial, kind text, key text, lease_key uuid);
CREATE FUNCTION pg_temp.at(t text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('kefu.test_now', '2026-03-02 ' || t || '+08', true); END $$;
-- What is due; nonces and signatures differ each time and are not shown.
CREATE FUNCTION pg_temp.claim() RETURNS TABLE (kind text, key text, request text, proof text, body text)
    LANGUAGE plpgsql AS
$$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT x.*, row_number() OVER () AS place FROM kefu.claim_exchanges(10) x LOOP
        IF c.place = 1 THEN
            TRUNCATE last;
        END IF;
        INSERT INTO last (kind, key, lease_key) VALUES (c.kind, c.key, c.lease_key);
        RETURN QUERY SELECT c.kind, regexp_replace(c.key, '^[0-9]+', 'n'), c.method || ' ' || c.url,
            regexp_replace(array_to_string(c.headers, ' | '), '(oauth_nonce|oauth_signature)="[^"]+"', '\1=".."', 'g'),
            regexp_replace(replace(convert_from(c.body, 'UTF8'), E'\r\n', E'\n'), 'kefu-[0-9a-f]{32}', 'kefu-..', 'g');
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.record(kind text, key text, lease_key uuid, status integer, error text, sent boolean,
                               body text, headers text DEFAULT NULL) RETURNS void
    LANGUAGE sql AS
$$ SELECT kefu.record_exchanges(ARRAY[kind], ARRAY[key], ARRAY[lease_key], ARRAY[status], ARRAY[error], ARRAY[sent],
                                ARRAY[body], ARRAY[headers], ARRAY[kefu.now()], ARRAY[kefu.now()]) $$;
CREATE FUNCTION pg_temp.reply(status integer, body text, error text DEFAULT NULL, sent boolean DEFAULT true,
                              what text DEFAULT '') RETURNS void
    LANGUAGE sql AS
$$ SELECT pg_temp.record(l.kind, l.key, l.lease_key, status, error, sent, body)
     FROM (SELECT * FROM last WHERE strpos(last.key, what) > 0 OR what = '' ORDER BY last.n LIMIT 1) l $$;
CREATE FUNCTION pg_temp.sends() RETURNS TABLE (action text, state text, step_no smallint, step text, args jsonb,
        attempts smallint, class text, not_before text, native_id text)
    LANGUAGE sql AS
$$ SELECT o.action, o.state, o.step_no, o.step_action, o.step_args, o.attempts, o.last_class,
          to_char(o.not_before, 'HH24:MI:SS'), o.native_id
     FROM kefu.outbound o WHERE o.account LIKE 'heron%' ORDER BY o.outbound_id $$;
\set ECHO all

-- --- signatures ------------------------------------------------------------------

-- OAuth Core 1.0, appendix A.5: the published signature is tR3+Ty81lMeYAr/Fid0kMTYa/WM=.
\set secret '{"consumer_key": "dpf43f3p2l4k3l03", "consumer_secret": "kd94hf93k423kf44", "token": "nnch734d00sl2jdk", "token_secret": "pfkkdhi9sl3r4s00"}'
SELECT * FROM kefu.sign_oauth1('GET', 'http://photos.example.net/photos?file=vacation.jpg&size=original', '',
    :'secret', 'HMAC-SHA1', 'http://photos.example.net/', 'kllo9940pd9333jh', 1191242096);
-- The same parameters in a form, and the default port: the same signature.
SELECT params LIKE '%oauth_signature=tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D' ESCAPE '!' AS same
  FROM kefu.sign_oauth1('GET', 'http://PHOTOS.example.net:80/photos', 'size=original&file=vacation.jpg',
    :'secret', 'HMAC-SHA1', '', 'kllo9940pd9333jh', 1191242096);
SELECT header FROM kefu.sign_oauth1('POST', 'https://photos.example.net/initiate', '', '{"consumer_key": "k", "consumer_secret": "^!()%$"}',
    'PLAINTEXT', '', 'n', 0);
SELECT kefu.sign_oauth1('GET', 'https://x.example/', '', '{"consumer_secret": "s"}', 'HMAC-SHA1', '', 'n', 0);
SELECT kefu.sign_oauth1('GET', 'https://x.example/', '', '[]', 'HMAC-SHA1', '', 'n', 0);
SELECT kefu.sign_oauth1('GET', 'ftp://x.example/', '', :'secret', 'HMAC-SHA1', '', 'n', 0);

-- --- the rows ----------------------------------------------------------------------

-- A heron knows flat items with negative ids, seconds since 1970, errors with status
-- 200, a list below two others, texts encoded twice, handles besides ids, and drafts
-- that take a while.
INSERT INTO kefu.platform (platform, name_zh, name_en, base_url, default_params, secret_params, auth_kind, auth_placement,
        auth_name, oauth1_realm, oauth1_signature, timezone, error_code_paths, error_message_paths)
    VALUES ('heron', '鹭', 'Heron', 'https://heron.example/api', '{"v": "3"}', '{"consumer_key": "app"}', 'oauth1', 'header',
        'OAuth', 'Heron', 'HMAC-SHA1', 'Asia/Shanghai', '{st,sub}', '{why}');
INSERT INTO kefu.endpoint (platform, action, purpose, to_us, method, path, const_params, param_map, body_kind, item_kind, result_kind,
        items_paths, empty_when, paging_style, page_size, size_param, cursor_paths, flag_param, flag_first, flag_newer,
        flag_older, time_param, id_param) VALUES
    ('heron', 'mentions', 'feed', true, 'GET', '/calls/{box}', '{"box": "in"}', '{}', 'none', 'status', 'list', '{d.calls}', '[[{"path": "why", "in": ["silence"]}]]',
     'time_id', 2, 'n', '{t,id}', 'dir', 'top', 'up', 'down', 'bt', 'bi'),
    ('heron', 'search', 'feed', false, 'GET', '/find', '{}', '{"keyword": "what"}', 'none', 'status', 'list', '{d.calls}', '[]',
     'none', NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL),
    ('heron', 'sent', 'verify', true, 'GET', '/calls/{box}', '{"box": "out"}', '{}', 'none', 'status', 'list', '{d.calls}', '[]',
     'none', 50, 'n', '{}', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, param_map, text_template, body_kind, file_field, pre_encoded, item_kind,
        result_kind, items_paths, result_id_paths, then_action, then_when, then_bindings, else_action, poll_after,
        is_repeatable, verify_action, verify_after) VALUES
    ('heron', 'comment', 'write', 'POST', '/calls/{to}/answer', '{"parent_id": "to", "text": "say"}', '@{recipient_handle} {text}',
     'form', NULL, '{say}', 'status', 'id', '{d}', '{id}', NULL, NULL, NULL, NULL, '0', false, 'sent', '1 minute'),
    ('heron', 'publish', 'step', 'PUT', '/drafts/{draft}', '{"draft": "draft"}', NULL, 'form', NULL, '{}', 'status', 'id', '{d}', '{id}',
     NULL, NULL, NULL, NULL, '0', false, 'sent', '1 minute'),
    ('heron', 'draft_state', 'step', 'GET', '/drafts/{draft}', '{"draft": "draft"}', NULL, 'none', NULL, '{}', 'status', 'nothing', '{$}', '{}',
     'publish', '[{"path": "d.ready", "in": ["true"]}]', '{"draft": "d.id"}', 'draft_state', '20 seconds', true, NULL, NULL),
    ('heron', 'post', 'write', 'POST', '/drafts', '{"text": "say"}', NULL, 'form', NULL, '{}', 'status', 'nothing', '{$}', '{}',
     'publish', '[{"path": "d.ready", "in": ["true"]}]', '{"draft": "d.id"}', 'draft_state', '20 seconds', true, 'sent', '1 minute'),
    ('heron', 'post_picture', 'write', 'POST', '/pictures/{to}', '{"parent_id": "to", "text": "say"}', NULL, 'multipart', 'pic', '{say}', 'status',
     'id', '{d}', '{id}', NULL, NULL, NULL, NULL, '0', false, 'sent', '1 minute'),
    ('heron', 'raw_picture', 'step', 'PUT', '/pictures', '{"text": "alt"}', NULL, 'raw', NULL, '{}', 'status', 'nothing', '{$}', '{}',
     NULL, NULL, NULL, NULL, '0', true, NULL, NULL);
INSERT INTO kefu.field_map (platform, item_kind, field, paths, transform, is_required) VALUES
    ('heron', 'status', 'native_id', '{id}', 'id', true), ('heron', 'status', 'author_id', '{who}', 'id', true),
    ('heron', 'status', 'author_handle', '{nest}', 'id', false), ('heron', 'status', 'parent_id', '{re}', 'id', false),
    ('heron', 'status', 'text', '{say}', 'text', true), ('heron', 'status', 'posted_at', '{t}', 'date_unix_s', true);
INSERT INTO kefu.error_map (platform, seq, codes, text_pattern, class, scope) VALUES
    ('heron', 1, '{0,0.0}', NULL, 'ok', NULL), ('heron', 2, NULL, '^silence$', 'empty', NULL), ('heron', 3, '{7.1}', NULL, 'rate', 'user');

-- What contradicts itself is refused.
INSERT INTO kefu.platform (platform, name_zh, name_en, base_url, auth_kind, auth_placement, auth_name, timezone)
    VALUES ('x', '甲', 'X', 'https://x.example', 'oauth1', 'header', '', 'UTC');
UPDATE kefu.platform SET oauth1_realm = 'a", b="c' WHERE platform = 'heron';
UPDATE kefu.endpoint SET else_action = 'comment' WHERE platform = 'heron' AND action = 'comment';
UPDATE kefu.endpoint SET verify_action = 'sent', verify_after = '1 minute' WHERE platform = 'heron' AND action = 'search';

INSERT INTO kefu.credential (credential, platform, kind) VALUES ('heron.key', 'heron', 'oauth1');
SELECT kefu.add_account('heron.east', 'heron', 'east', 'east_heron', '-900', 'heron.key');
SELECT kefu.set_secret('heron.key', '{"consumer_key": "app&1", "consumer_secret": "^!()%$", "token": "tok", "token_secret": "=/+"}');

-- --- requests ----------------------------------------------------------------------

-- Path, query, form and header of one request: the value is encoded twice, the
-- signature covers it as it is sent (computed here by another program).
INSERT INTO kefu.person (created_at) VALUES (now()) RETURNING person_id \gset
INSERT INTO kefu.identity (platform, native_id, person_id, handle, updated_at) VALUES ('heron', '-77', :person_id, 'grey', now());
SELECT r.method, r.url, r.headers, convert_from(r.body, 'UTF8') AS body, r.content_type
  FROM kefu.build_request('heron.east', 'comment', '{"text": "好 100%", "parent_id": "-5", "recipient_handle": "grey", "nonce": "n1"}') r;
SELECT r.headers[1] LIKE '%, oauth_signature="8JXQG9CaH15s!%2FdiOJhqwCpERsJI!%3D"' ESCAPE '!' AS as_computed_elsewhere
  FROM kefu.build_request('heron.east', 'comment', '{"text": "好 100%", "parent_id": "-5", "recipient_handle": "grey", "nonce": "n1"}') r;
-- The same in the query and in the body.
SAVEPOINT placement;
UPDATE kefu.platform SET auth_placement = 'body' WHERE platform = 'heron';
SELECT r.url, r.headers, convert_from(r.body, 'UTF8') AS body
  FROM kefu.build_request('heron.east', 'comment', '{"text": "a", "parent_id": "-5", "recipient_handle": "grey", "nonce": "n1"}') r;
SELECT r.url FROM kefu.build_request('heron.east', 'mentions', '{"nonce": "n1"}') r;
UPDATE kefu.platform SET auth_placement = 'query', oauth1_signature = 'PLAINTEXT' WHERE platform = 'heron';
SELECT r.url, convert_from(r.body, 'UTF8') AS body
  FROM kefu.build_request('heron.east', 'comment', '{"text": "a", "parent_id": "-5", "recipient_handle": "grey", "nonce": "n1"}') r;
ROLLBACK TO placement;
-- What is missing is said; what would lead to another path is not taken.
SELECT kefu.build_request('heron.east', 'mentions', '{}');
SELECT kefu.build_request('heron.east', 'comment', '{"text": "a", "parent_id": "-5", "nonce": "n"}');
SELECT kefu.build_request('heron.east', 'comment', '{"text": "a", "parent_id": "..", "recipient_handle": "g", "nonce": "n"}');
SELECT kefu.build_request('heron.east', 'post_picture', '{"text": "a", "parent_id": "1", "nonce": "n"}');

-- A picture: parts, file, and a boundary that occurs in neither.
SELECT r.url, r.content_type, replace(encode(r.body, 'escape'), E'\r\n', E'\n') AS body
  FROM kefu.build_request('heron.east', 'post_picture', '{"text": "早 安", "parent_id": "-5", "nonce": "n1"}', file => ROW(
      E'a"b\n.jpg', E'image/jpeg\r\nX: y', '\x00ff0d0a')::kefu.request_file) r;
SELECT count(DISTINCT r.content_type) AS boundaries, bool_and(position(convert_to(substr(r.content_type, 31), 'UTF8') IN f.content) = 0) AS none_inside
  FROM (VALUES ('\x00'::bytea), (convert_to('kefu-' || md5('n10'), 'UTF8')), (convert_to('kefu-' || md5('n10') || md5('n11'), 'UTF8') )) AS f(content)
 CROSS JOIN LATERAL kefu.build_request('heron.east', 'post_picture', '{"text": "a", "parent_id": "1", "nonce": "n1"}',
      file => ROW('a', 'image/png', f.content)::kefu.request_file) r;
SELECT r.method, r.url, r.content_type, r.body
  FROM kefu.build_request('heron.east', 'raw_picture', '{"text": "x y", "nonce": "n1"}', file => ROW('a', NULL, '\x00ff')::kefu.request_file) r;

-- --- found ---------------------------------------------------------------------------

SELECT kefu.add_feed('heron.east', 'mentions', '1 minute', '2026-03-02 08:00+08');
SELECT kefu.add_feed('heron.east', 'search', '1 hour', '2026-03-02 08:00+08', '{"keyword": "断 网"}');
SELECT kefu.go_live();
SELECT * FROM pg_temp.claim() ORDER BY key;
SELECT pg_temp.reply(200, '{"st": 0, "sub": 0, "d": {"calls": [
    {"id": "-8003", "who": "-77", "nest": "grey", "say": "请问套餐", "t": 1772412900},
    {"id": "-8002", "who": "-78", "nest": "blue", "say": "请问宽带", "t": "1772412900"}]}}', what => 'mentions');
SELECT pg_temp.reply(200, '{"st": 0, "d": {"calls": [{"id": "-9001", "who": "-79", "say": "断网了", "t": 1772412901}]}}', what => 'search');
-- The page border runs between two items of the same second.
SELECT key, request FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 0, "d": {"calls": [
    {"id": "-8001", "who": "-78", "nest": "blue", "say": "请问资费", "t": 1772412900},
    {"id": "-7999", "who": "-78", "say": "早", "t": 1772400000}]}}');
SELECT action, state, high_mark FROM kefu.stat_feed JOIN kefu.feed_state USING (account, action) WHERE platform = 'heron' ORDER BY action;
SELECT m.native_id, m.state, m.is_live, m.to_us, i.handle, m.ticket_id IS NOT NULL AS ticket
  FROM kefu.message m LEFT JOIN kefu.identity i USING (identity_id) WHERE m.platform = 'heron' ORDER BY m.message_id;
-- Nothing new, said like an error.
SELECT pg_temp.at('09:01:00');
SELECT request FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 5, "why": "silence"}');
SELECT action, state, last_class FROM kefu.stat_feed WHERE platform = 'heron' ORDER BY action;

-- --- answered --------------------------------------------------------------------------

GRANT USAGE ON SCHEMA kefu TO PUBLIC;
GRANT EXECUTE ON FUNCTION kefu.advance TO PUBLIC;
CREATE ROLE plaza_operator;
CREATE FUNCTION pg_temp.answer(item text, said text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    id bigint := (SELECT message_id FROM kefu.message WHERE platform = 'heron' AND native_id = item);
    t bigint := (SELECT ticket_id FROM kefu.message WHERE message_id = id);
    state text;
BEGIN
    SET LOCAL ROLE plaza_operator;
    PERFORM kefu.advance('message', id, 'triage', '{"kind": "inquiry", "priority": 2}');
    state := (kefu.advance('ticket', t, 'answer', jsonb_build_object('text', said))).state;
    RESET ROLE;
    RETURN state;
END $$;
SELECT kefu.set_feed('heron.east', 'mentions', false);
SELECT kefu.set_feed('heron.east', 'search', false);
SELECT pg_temp.answer('-8003', '在营业厅办理');
SELECT kind, request, body FROM pg_temp.claim();
-- The connection breaks after the answer left: it is looked for, and found though the
-- platform shows it with the name in front; a customer's own words are not ours.
SELECT pg_temp.reply(0, NULL, error => 'connection cut');
SELECT action, state, class, not_before FROM pg_temp.sends();
SELECT pg_temp.at('09:03:40');
SELECT kind, request FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 0, "d": {"calls": [
    {"id": "-8100", "who": "-77", "re": "-8003", "say": "在营业厅办理", "t": 1772413270},
    {"id": "-8101", "who": "-900", "re": "-8003", "say": "@grey 在营业厅办理", "t": 1772413265}]}}');
SELECT action, state, class, native_id FROM pg_temp.sends();
SELECT t.state, t.first_response_at FROM kefu.ticket t JOIN kefu.message m USING (ticket_id) WHERE m.native_id = '-8003';
-- Taken at once: the id is where the rows say, and the time too.
SELECT pg_temp.answer('-8002', '已安排');
SELECT body FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 0, "sub": "0", "d": {"id": -8102, "t": 1772413425}}');
SELECT action, state, native_id FROM pg_temp.sends() OFFSET 1;
SELECT o.sent_at FROM kefu.outbound o WHERE o.native_id = '-8102';

-- --- in three steps -----------------------------------------------------------------------

CREATE FUNCTION pg_temp.post(said text) RETURNS void LANGUAGE sql AS
$$ INSERT INTO kefu.outbound (unit, account, action, channel, text, queued_at, not_before)
   VALUES ('east', 'heron.east', 'post', 'public', said, kefu.now(), kefu.now()) $$;
SELECT pg_temp.post('停机维护公告');
SELECT kind, key, request, body FROM pg_temp.claim();
SELECT key AS first_key, lease_key AS first_lease FROM last \gset
-- The worker dies in the first step: nobody has seen anything yet, it is done again.
SELECT pg_temp.at('09:06:00');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.at('09:07:00');
SELECT kind, key, request FROM pg_temp.claim();
SELECT pg_temp.reply(202, '{"st": 0, "d": {"id": "d1", "ready": false}}');
SELECT action, state, step_no, step, args, attempts, not_before FROM pg_temp.sends() OFFSET 2;
-- What the dead worker's request brings now belongs to a step that is over.
SELECT pg_temp.record('send', :'first_key', :'first_lease', 202, NULL, true, '{"st": 0, "d": {"id": "d0", "ready": true}}');
SELECT step_no, args FROM pg_temp.sends() OFFSET 2;
-- Asked until it is ready.
SELECT pg_temp.at('09:07:20');
SELECT kind, key, request FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 0, "d": {"id": "d1", "ready": false}}');
SELECT pg_temp.at('09:07:40');
SELECT kind, key, request FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 0, "d": {"id": "d1", "ready": true}}');
SELECT kind, key, request FROM pg_temp.claim();
-- The worker dies while it publishes: that may be seen, so it is looked for; what
-- isn't there after a while is published again, and nothing before it is repeated.
SELECT pg_temp.at('09:10:00');
SELECT * FROM pg_temp.claim();
SELECT state, step_no, step, class, not_before FROM pg_temp.sends() OFFSET 2;
SELECT pg_temp.at('09:11:00');
SELECT kind, key, request FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 0, "d": {"calls": []}}');
SELECT kind, key, request FROM pg_temp.claim();
SELECT pg_temp.reply(0, NULL, error => 'timed out waiting for the reply');
SELECT pg_temp.at('09:12:00');
SELECT kind, key, request FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 0, "d": {"calls": [{"id": "-8200", "who": "-900", "say": "停机维护公告", "t": 1772413860}]}}');
SELECT state, step_no, step, native_id FROM pg_temp.sends() OFFSET 2;
-- A reply that lacks what the next step needs: nothing is lost, it is tried again.
SELECT pg_temp.post('第二则公告');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(200, '<html>');
SELECT state, step_no, attempts, class, not_before BETWEEN '09:12:05' AND '09:12:10' AS soon FROM pg_temp.sends() OFFSET 3;
SELECT pg_temp.at('09:13:00');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 7, "sub": 1}');
SELECT state, step_no, class FROM pg_temp.sends() OFFSET 3;
-- A picture goes along with its words.
INSERT INTO kefu.media (unit, content_type, file_name, content, alt_text, credit, added_at)
    VALUES ('east', 'image/gif', 'map.gif', 'GIF89a...', '停机区域', '自摄', kefu.now()) RETURNING media_id \gset
INSERT INTO kefu.outbound (unit, account, action, channel, text, parent_id, media_id, queued_at, not_before)
    VALUES ('east', 'heron.east', 'post_picture', 'public', '见图', '-5', :media_id, kefu.now(), kefu.now());
SELECT request, body FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{"st": 0, "d": {"id": "-8300", "t": 1772414000}}');
SELECT action, state, native_id FROM pg_temp.sends() OFFSET 4;
-- Another desk takes over: the former one may have gone on, so the post is looked for.
SELECT * FROM kefu.take_over('drill');
SELECT state, step_no, class FROM pg_temp.sends() OFFSET 3;

-- --- a token that is renewed ------------------------------------------------------------------

INSERT INTO kefu.platform (platform, name_zh, name_en, base_url, auth_kind, auth_placement, auth_name, timezone,
        error_code_paths, token_refresh)
    VALUES ('egret', '白鹭', 'Egret', 'https://egret.example', 'token', 'header', 'Bearer', 'UTC', '{error}',
        '{"url": "https://egret.example/token", "params": {"grant_type": "refresh_token"}, "base64": ["client_secret"],
          "secret_params": {"refresh_token": "refresh_token", "client_id": "client_id", "client_secret": "client_secret"},
          "reply": "form", "token": "access_token", "refresh_token": "refresh_token", "expires_in": "expires_in", "before_seconds": 300}');
INSERT INTO kefu.endpoint (platform, action, purpose, method, path, param_map, body_kind, item_kind, result_kind) VALUES
    ('egret', 'post', 'write', 'POST', '/posts', '{"text": "say"}', 'form', 'status', 'nothing');
INSERT INTO kefu.error_map (platform, seq, codes, class) VALUES ('egret', 1, '{expired}', 'auth_expired'), ('egret', 2, '{invalid_grant}', 'auth_revoked');
SELECT kefu.add_credential('egret.key', 'egret', 'token', '2026-03-02 09:20+08');
SELECT kefu.add_account('egret.east', 'egret', 'east', 'egret', '1', 'egret.key');
SELECT kefu.set_secret('egret.key', '{"access_token": "old", "refresh_token": "r 1", "client_id": "c", "client_secret": "s"}');
UPDATE kefu.outbound SET state = 'cancelled' WHERE state IN ('queued', 'uncertain');
CREATE FUNCTION pg_temp.credential() RETURNS TABLE (state text, expires_at timestamptz, next_refresh_at timestamptz, failures integer,
        last_class text) LANGUAGE sql AS
$$ SELECT c.state, c.expires_at, c.next_refresh_at, c.failures, c.last_class FROM kefu.stat_credential c WHERE c.credential = 'egret.key' $$;
CREATE FUNCTION pg_temp.tell(said text) RETURNS void LANGUAGE sql AS
$$ INSERT INTO kefu.outbound (unit, account, action, channel, text, queued_at, not_before)
   VALUES ('east', 'egret.east', 'post', 'public', said, kefu.now(), kefu.now()) $$;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (said text, state text, attempts smallint, class text, not_before text) LANGUAGE sql AS
$$ SELECT o.text, o.state, o.attempts, o.last_class, to_char(o.not_before, 'HH24:MI:SS') FROM kefu.outbound o
    WHERE o.account = 'egret.east' ORDER BY o.outbound_id $$;
SELECT * FROM pg_temp.credential();
SELECT * FROM pg_temp.claim();
-- Five minutes before it expires; only once at a time.
SELECT pg_temp.at('09:15:00');
SELECT * FROM pg_temp.claim();
SELECT * FROM pg_temp.claim();
SELECT state FROM pg_temp.credential();
SELECT pg_temp.reply(200, 'access_token=new%2B1&expires_in=7200&refresh_token=r+2&name=%E9%B9%AD');
SELECT * FROM pg_temp.credential();
SELECT secret FROM kefu.credential_secret WHERE credential = 'egret.key';
SELECT e.facts FROM kefu.audit_event e JOIN kefu.ledger l ON l.ledger_id = e.object_id
 WHERE e.object_type = 'ledger' AND l.ledger = 'rules' ORDER BY e.seq DESC LIMIT 1;
-- Expired before its time, says the platform: the send waits, no person is bothered.
SELECT pg_temp.tell('甲');
SELECT kind, proof FROM pg_temp.claim();
SELECT pg_temp.reply(401, '{"error": "expired"}');
SELECT * FROM pg_temp.told();
SELECT kind, body FROM pg_temp.claim();
SELECT key AS slow_key, lease_key AS slow_lease FROM last \gset
-- The renewal fails for a passing reason.
SELECT pg_temp.reply(503, '');
SELECT * FROM pg_temp.credential();
SELECT level, message FROM kefu.credential_health() WHERE message LIKE '%egret%';
SELECT pg_temp.at('09:16:00');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(200, 'access_token=new2&expires_in=7200');
SELECT kind, proof FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{}');
SELECT * FROM pg_temp.told();
-- A refusal of the former token that comes late asks for nothing new.
SELECT pg_temp.tell('乙');
SELECT kind FROM pg_temp.claim();
UPDATE kefu.outbound SET sending_at = '2026-03-02 09:15:30+08' WHERE text = '乙';
SELECT pg_temp.reply(401, '{"error": "expired"}');
SELECT state, next_refresh_at FROM pg_temp.credential();
SELECT pg_temp.at('09:17:00');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(200, '{}');
-- A person has set the secret meanwhile: what a renewal brings afterwards is of the old one.
SELECT pg_temp.at('11:12:00');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.at('11:12:10');
SELECT kefu.set_secret('egret.key', '{"access_token": "by hand", "refresh_token": "r3", "client_id": "c", "client_secret": "s"}');
SELECT kefu.record_exchanges(ARRAY[kind], ARRAY[key], ARRAY[lease_key], ARRAY[200], ARRAY[NULL]::text[], ARRAY[true],
    ARRAY['access_token=stale'], ARRAY[NULL]::text[], ARRAY['2026-03-02 11:12:00+08'::timestamptz], ARRAY[kefu.now()]) FROM last;
SELECT secret ->> 'access_token' AS token FROM kefu.credential_secret WHERE credential = 'egret.key';
-- Refused for good: a person gets a task, and sends that are refused then too.
SELECT kefu.add_credential('egret.key', 'egret', 'token', '2026-03-02 11:15+08');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(400, '{"error": "invalid_grant", "error_description": "r3"}');
SELECT * FROM pg_temp.credential();
SELECT k.cause, k.unit, k.note FROM kefu.task k ORDER BY k.task_id DESC LIMIT 1;
SELECT level, message FROM kefu.credential_health() WHERE message LIKE '%egret%' ORDER BY 1, 2;
SELECT pg_temp.tell('丙');
SELECT kind FROM pg_temp.claim();
SELECT pg_temp.reply(401, '{"error": "expired"}');
SELECT * FROM pg_temp.told() OFFSET 2;
-- A secret without what the rule needs can't be renewed.
SELECT kefu.set_secret('egret.key', '{"access_token": "by hand"}');
SELECT state FROM pg_temp.credential();
SELECT * FROM pg_temp.claim();
SELECT state, last_class FROM pg_temp.credential();
-- No secret is anywhere but in its table.
SELECT count(*) FROM kefu.dead_letter WHERE account = 'egret.east';
SELECT count(*) FROM kefu.outbound WHERE last_error LIKE '%r3%';
-- A rehearsing desk renews nothing.
SELECT kefu.set_secret('egret.key', '{"access_token": "t", "refresh_token": "r", "client_id": "c", "client_secret": "s"}');
SELECT kefu.rehearse();
SELECT kind FROM pg_temp.claim();

ROLLBACK;
