-- 53_request: building a request from a platform's rows.
--
-- What a request says is made here and nowhere else: path, query, headers,
-- body, and the proof of who asks. The signature of OAuth 1 is made last, of the
-- address and the form as they go out. Nothing here is random: nonce and boundary
-- come from the lease.

CREATE FUNCTION kefu.encode_request(template text, params jsonb, pre_encoded text[],
                                    OUT path text, OUT form text)
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_encode_request';
COMMENT ON FUNCTION kefu.encode_request(text, jsonb, text[]) IS
'The path with its {placeholders} filled, and the other parameters as a form; nulls are not sent. invalid_parameter_value if a placeholder has no value (请求编码)';

CREATE TYPE kefu.http_request AS (
    method text,
    url text,
    headers text[],
    body bytea,
    content_type text,
    timeout_ms integer,
    max_bytes integer,
    allows_http boolean
);
COMMENT ON TYPE kefu.http_request IS 'What the network worker needs to ask (HTTP请求)';
COMMENT ON COLUMN kefu.http_request.method IS 'HTTP method (方法)';
COMMENT ON COLUMN kefu.http_request.url IS 'address with its query (地址)';
COMMENT ON COLUMN kefu.http_request.headers IS 'lines Name: value (请求头)';
COMMENT ON COLUMN kefu.http_request.body IS 'NULL: none (请求体)';
COMMENT ON COLUMN kefu.http_request.content_type IS 'of the body; NULL: none (内容类型)';
COMMENT ON COLUMN kefu.http_request.timeout_ms IS 'longest wait for the whole reply, milliseconds (超时)';
COMMENT ON COLUMN kefu.http_request.max_bytes IS 'longest body taken, bytes (最大长度)';
COMMENT ON COLUMN kefu.http_request.allows_http IS 'the platform may be asked unencrypted, if kefu.allow_http agrees (允许明文)';

CREATE TYPE kefu.request_file AS (
    name text,
    content_type text,
    content bytea
);
COMMENT ON TYPE kefu.request_file IS 'A file that a request carries (请求文件)';
COMMENT ON COLUMN kefu.request_file.name IS 'its name, for the platform''s eyes (文件名)';
COMMENT ON COLUMN kefu.request_file.content_type IS 'such as image/jpeg (内容类型)';
COMMENT ON COLUMN kefu.request_file.content IS 'its bytes (内容)';

CREATE FUNCTION kefu.secret_file(credential text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL RESTRICTED STRICT AS
$$
DECLARE
    folder text := current_setting('kefu.secret_directory', true);
BEGIN
    -- A name that could leave the folder is not looked for there.
    IF folder <> '' AND credential ~ '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' THEN
        RETURN pg_read_file(folder || '/' || credential, 0, 65536, true)::jsonb;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION kefu.secret_file(text) IS
'The secret in the file of the credential''s name under kefu.secret_directory; NULL if there is none. For the owner''s functions only (密钥文件)';

CREATE FUNCTION kefu.refuse_auth(auth_kind text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
    RAISE EXCEPTION 'no request can be signed with %', auth_kind
        USING ERRCODE = 'feature_not_supported',
              DETAIL = 'Platforms of auth_kind none, token, basic and oauth1 can be asked.';
END $$;
COMMENT ON FUNCTION kefu.refuse_auth(text) IS 'Raises feature_not_supported: the platform asks for a proof that we can''t give (认证方式不支持)';

CREATE FUNCTION kefu.checked_link(link text, base text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS
$$ BEGIN
    -- Our proof goes where the link points.
    IF NOT starts_with(link, base || '/') THEN
        RAISE EXCEPTION 'the next page is on another server' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN link;
END $$;
COMMENT ON FUNCTION kefu.checked_link(text, text) IS 'The address of a next page, if it is the platform''s own; else invalid_parameter_value (校验下一页地址)';

CREATE FUNCTION kefu.fill_body(template jsonb, params jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    filled text := template::text;
    param record;
BEGIN
    IF template IS NULL THEN
        RETURN params::text;
    END IF;
    FOR param IN SELECT * FROM jsonb_each(params) LOOP
        filled := replace(filled, '"{' || param.key || '}"', param.value::text);
    END LOOP;
    RETURN filled;
END $$;
COMMENT ON FUNCTION kefu.fill_body(jsonb, jsonb) IS
'A JSON body: the template with each "{name}" replaced by that parameter, or without a template the parameters themselves (JSON请求体)';

CREATE FUNCTION kefu.mapped_params(param_map jsonb, args jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(m.value, args -> m.key), '{}') FROM jsonb_each_text(param_map) m
     WHERE args ->> m.key IS NOT NULL;
END;
COMMENT ON FUNCTION kefu.mapped_params(jsonb, jsonb) IS 'Values by our names under the platform''s names; what has no value or no name is left out (参数改名)';

CREATE FUNCTION kefu.sign_oauth1(method text, url text, form text, secret jsonb, signature_method text,
                                 realm text, nonce text, signed_at bigint,
                                 OUT header text, OUT params text)
    LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'kefu_sign_oauth1';
COMMENT ON FUNCTION kefu.sign_oauth1(text, text, text, jsonb, text, text, text, bigint) IS
'The proof of OAuth 1 (RFC 5849) for a request with this address, query included, and this form (empty: none): the value of an Authorization header, and the same parameters as a form. secret has consumer_key, consumer_secret, and with a token token and token_secret; realm empty: none; signed_at in seconds since 1970. invalid_parameter_value if the secret has no consumer key or the address is not http (OAuth1签名)';

CREATE TYPE kefu.request_proof AS (header text, params text);
COMMENT ON TYPE kefu.request_proof IS 'Who asks, for a header or for a query or body (认证凭证)';
COMMENT ON COLUMN kefu.request_proof.header IS 'value of an Authorization header (认证头)';
COMMENT ON COLUMN kefu.request_proof.params IS 'the same as a form (认证参数)';

CREATE FUNCTION kefu.oauth1_proof(p kefu.platform, method text, url text, form text, secret jsonb, args jsonb)
    RETURNS kefu.request_proof
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS
$$
DECLARE
    proof kefu.request_proof;
BEGIN
    IF args ->> 'nonce' IS NULL THEN
        RAISE EXCEPTION 'a signature needs a nonce'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give args a member nonce that was never used before.';
    END IF;
    SELECT s.header, s.params INTO proof
      FROM kefu.sign_oauth1(method, url, form, secret, p.oauth1_signature, coalesce(p.oauth1_realm, ''),
                            args ->> 'nonce', extract(epoch FROM kefu.now())::bigint) AS s;
    RETURN proof;
END $$;
COMMENT ON FUNCTION kefu.oauth1_proof(kefu.platform, text, text, text, jsonb, jsonb) IS
'The proof by the platform''s rows, with the nonce of args and the desk''s time (OAuth1凭证)';

CREATE FUNCTION kefu.with_query(url text, more text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT url || CASE WHEN more = '' THEN '' WHEN strpos(url, '?') > 0 THEN '&' ELSE '?' END || more;
END;
COMMENT ON FUNCTION kefu.with_query(text, text) IS 'The address with these parameters behind its others (追加查询参数)';

CREATE FUNCTION kefu.quoted_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT '"' || replace(replace(replace(name, '"', '%22'), E'\r', '%0D'), E'\n', '%0A') || '"';
END;
COMMENT ON FUNCTION kefu.quoted_name(text) IS
'A name for the header of a part, so that nothing in it ends the name or the header: the way browsers do (部分名称)';

CREATE FUNCTION kefu.multipart_parts(params jsonb, pre_encoded text[], boundary text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(string_agg(convert_to(
               '--' || boundary || E'\r\nContent-Disposition: form-data; name=' || kefu.quoted_name(m.key)
               || E'\r\n\r\n'
               || CASE WHEN m.key = ANY (pre_encoded)
                       THEN substr((kefu.encode_request('/', jsonb_build_object('v', m.value), '{}')).form, 3)
                       ELSE m.value END || E'\r\n', 'UTF8'), '' ORDER BY m.key), '')
      FROM jsonb_each_text(params) AS m WHERE m.value IS NOT NULL;
END;
COMMENT ON FUNCTION kefu.multipart_parts(jsonb, text[], text) IS 'The parts of a multipart body that are parameters (多部分参数)';

CREATE FUNCTION kefu.params_outside(path text, params jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(x.key, x.value), '{}') FROM jsonb_each(params) AS x
     WHERE strpos(path, '{' || x.key || '}') = 0;
END;
COMMENT ON FUNCTION kefu.params_outside(text, jsonb) IS 'The parameters that the path doesn''t take (路径外参数)';

CREATE FUNCTION kefu.multipart_body(params jsonb, pre_encoded text[], file_field text, file kefu.request_file,
                                    seed text) RETURNS kefu.request_file
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    body kefu.request_file;
    n integer := 0;
    boundary text;
    content bytea := (file).content;
BEGIN
    IF content IS NULL THEN
        RAISE EXCEPTION 'the endpoint needs a file' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Chance alone would do; the loop makes it certain.
    LOOP
        boundary := 'kefu-' || md5(seed || n);
        EXIT WHEN position(convert_to(boundary, 'UTF8') IN content) = 0 AND strpos(params::text, boundary) = 0;
        n := n + 1;
    END LOOP;
    body.content := kefu.multipart_parts(params, pre_encoded, boundary)
        || convert_to('--' || boundary || E'\r\nContent-Disposition: form-data; name=' || kefu.quoted_name(file_field)
                      || '; filename=' || kefu.quoted_name(coalesce((file).name, 'file'))
                      || E'\r\nContent-Type: '
                      || regexp_replace(coalesce((file).content_type, 'application/octet-stream'), '[^!-~]', '', 'g')
                      || E'\r\n\r\n', 'UTF8')
        || content || convert_to(E'\r\n--' || boundary || E'--\r\n', 'UTF8');
    body.content_type := 'multipart/form-data; boundary=' || boundary;
    RETURN body;
END $$;
COMMENT ON FUNCTION kefu.multipart_body(jsonb, text[], text, kefu.request_file, text) IS
'A body of parameters and one file (RFC 7578), behind a boundary made from the seed that occurs in none of them. invalid_parameter_value without a file (多部分请求体)';

CREATE FUNCTION kefu.filled_text(template text, args jsonb, is_json boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$
DECLARE
    missing text;
BEGIN
    IF template IS NULL THEN
        RETURN args;
    END IF;
    SELECT r[1] INTO missing FROM regexp_matches(template, '\{([a-z_]+)\}', 'g') AS r
     WHERE coalesce(args ->> r[1], '') = '' LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the text needs %, which is not known', missing USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN args || jsonb_build_object('text', CASE WHEN is_json THEN kefu.fill_template(template::json, args)
                                                   ELSE kefu.fill_slots(template, args) END);
END $$;
COMMENT ON FUNCTION kefu.filled_text(text, jsonb, boolean) IS
'args whose text is put into the endpoint''s template, if it has one: {name} is that member, replaced once, and escaped where the template is JSON. invalid_parameter_value if one has no value (正文模板)';

CREATE FUNCTION kefu.request_params(p kefu.platform, e kefu.endpoint, secret jsonb, args jsonb, page jsonb)
    RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.default_params || e.const_params || page
           || CASE WHEN p.secret_params <> '{}' THEN kefu.mapped_params(p.secret_params, secret) ELSE '{}' END
           || CASE WHEN e.param_map <> '{}'
                   THEN kefu.mapped_params(e.param_map, kefu.filled_text(e.text_template, args, e.text_is_json)) ELSE '{}' END;
END;
COMMENT ON FUNCTION kefu.request_params(kefu.platform, kefu.endpoint, jsonb, jsonb, jsonb) IS
'The parameters of a request under the platform''s names, without the proof of who asks (请求参数)';

CREATE FUNCTION kefu.token_proof(p kefu.platform, secret jsonb) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN p.auth_kind = 'token' AND p.auth_placement <> 'header'
        THEN jsonb_build_object(p.auth_name, secret ->> 'access_token')
        WHEN p.auth_kind IN ('none', 'token', 'basic', 'oauth1') THEN '{}'
        ELSE kefu.refuse_auth(p.auth_kind) END;
END;
COMMENT ON FUNCTION kefu.token_proof(kefu.platform, jsonb) IS
'The token as a parameter, where the platform wants it as one; else no parameter (令牌参数)';

CREATE FUNCTION kefu.token_header(p kefu.platform, secret jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN p.auth_kind = 'basic'
        THEN 'Authorization: Basic ' || translate(encode(convert_to(
                 (secret ->> 'user') || ':' || (secret ->> 'password'), 'UTF8'), 'base64'), E'\n', '')
        WHEN p.auth_kind = 'token' AND p.auth_placement = 'header'
        THEN 'Authorization: ' || p.auth_name || ' ' || (secret ->> 'access_token') END;
END;
COMMENT ON FUNCTION kefu.token_header(kefu.platform, jsonb) IS
'The header that proves who asks, except that of OAuth 1; NULL where another place does (认证头)';

-- One query, so that a worker's whole claim is one: it is expanded in place.
CREATE FUNCTION kefu.build_request(account text, action text, args jsonb, page jsonb DEFAULT '{}',
                                   link text DEFAULT NULL, file kefu.request_file DEFAULT NULL)
    RETURNS SETOF kefu.http_request
    LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1
BEGIN ATOMIC
    SELECT e.method,
           CASE WHEN p.auth_placement = 'header' OR (p.auth_placement = 'body' AND e.body_kind = 'form')
                THEN r.url ELSE kefu.with_query(r.url, coalesce((o.proof).params, '')) END,
           array_remove(ARRAY['User-Agent: ' || p.user_agent, kefu.token_header(p, s.secret),
               CASE WHEN p.auth_placement = 'header' THEN 'Authorization: ' || (o.proof).header END,
               CASE WHEN e.idempotency = 'header' AND args ? 'request_key'
                    THEN e.idempotency_name || ': ' || (args ->> 'request_key') END], NULL),
           CASE e.body_kind
                WHEN 'form' THEN convert_to(concat_ws('&', nullif(f.form, ''),
                    CASE WHEN p.auth_placement = 'body' THEN (o.proof).params END), 'UTF8')
                WHEN 'json' THEN convert_to(kefu.fill_body(e.body_template, v.params), 'UTF8')
                WHEN 'multipart' THEN (m.body).content
                WHEN 'raw' THEN (file).content END,
           CASE e.body_kind
                WHEN 'form' THEN 'application/x-www-form-urlencoded'
                WHEN 'json' THEN 'application/json'
                WHEN 'multipart' THEN (m.body).content_type
                WHEN 'raw' THEN coalesce((file).content_type, 'application/octet-stream') END,
           p.total_timeout_ms, 8 * 1024 * 1024, p.allows_http
      FROM kefu.account a
      JOIN kefu.platform p ON p.platform = a.platform
      JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = build_request.action
      LEFT JOIN kefu.credential c ON c.credential = a.credential
      LEFT JOIN kefu.credential_secret k ON k.credential = a.credential
      LEFT JOIN kefu.credential_state w ON w.credential = a.credential
     CROSS JOIN LATERAL (SELECT CASE
         WHEN p.auth_kind = 'none' THEN '{}'
         WHEN c.expires_at <= kefu.now() OR (w.wanted_at IS NOT NULL AND w.given_up_at IS NULL) THEN NULL
         ELSE coalesce(k.secret, kefu.secret_file(a.credential)) END) AS s(secret)
     CROSS JOIN LATERAL (SELECT coalesce(e.base_url, p.auth_base_urls ->> p.auth_kind, p.base_url)) AS b(base)
     CROSS JOIN LATERAL (SELECT kefu.token_proof(p, s.secret)) AS t(proof)
     CROSS JOIN LATERAL (SELECT kefu.request_params(p, e, s.secret, args, page)
         || CASE WHEN e.body_kind IN ('none', 'raw') OR p.auth_placement = 'body' THEN t.proof ELSE '{}' END) AS v(params)
     CROSS JOIN LATERAL kefu.encode_request(e.path, v.params, e.pre_encoded) AS f
     CROSS JOIN LATERAL (SELECT coalesce(kefu.checked_link(link, b.base), kefu.with_query(b.base || f.path, CASE
         WHEN e.body_kind IN ('none', 'raw') THEN f.form
         WHEN p.auth_placement = 'query' AND t.proof <> '{}' THEN (kefu.encode_request('/', t.proof, '{}')).form
         ELSE '' END))) AS r(url)
     -- Only where it is asked for: a join would call it anyway.
     CROSS JOIN LATERAL (SELECT CASE WHEN p.auth_kind = 'oauth1' THEN kefu.oauth1_proof(p, e.method, r.url,
         CASE e.body_kind WHEN 'form' THEN f.form ELSE '' END, s.secret, args) END) AS o(proof)
     CROSS JOIN LATERAL (SELECT CASE WHEN e.body_kind = 'multipart' THEN kefu.multipart_body(
         kefu.params_outside(e.path, v.params), e.pre_encoded, e.file_field, file,
         coalesce(args ->> 'nonce', '')) END) AS m(body)
     WHERE a.account = build_request.account AND s.secret IS NOT NULL;
END;
COMMENT ON FUNCTION kefu.build_request(text, text, jsonb, jsonb, text, kefu.request_file) IS
'The request for an endpoint from the platform''s rows; args are values by our names, among them a nonce for platforms that want a signature, page the parameters of a page, link its whole address, file what a multipart or raw body carries. No row if the secret is missing, expired or being renewed, or the rows have no such request; feature_not_supported for a proof that can''t be given (构造请求)';
