-- post: posts in review, each for an account of its own and today, and copies of
-- them in the twin's tables for the reference.  Variables: run, posts.

\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS bench.stock (n integer PRIMARY KEY, post_id bigint NOT NULL, account text NOT NULL, at timestamptz NOT NULL);
GRANT SELECT, INSERT ON bench.stock TO PUBLIC;
GRANT USAGE ON SCHEMA bench TO PUBLIC;
INSERT INTO kefu.account (account, platform, unit, handle, native_id, credential)
SELECT x.name, 'sina', 'gd', x.name, x.name, 'bench.key'
  FROM generate_series(1, :posts) AS n, format('bench.post.%s.%s', :run, n) AS x(name);
TRUNCATE bench.stock;
SET SESSION AUTHORIZATION bench_second;
INSERT INTO bench.stock
SELECT n, (kefu.draft_post('gd', 'service', format('第%s期业务提示：营业厅今日照常营业，欢迎到就近网点办理业务，第%s号。', :run + 1, n))).id,
       format('bench.post.%s.%s', :run, n), now()
  FROM generate_series(1, :posts) AS n;
SELECT count(kefu.submit_post(s.post_id)) FROM bench.stock s \g /dev/null
RESET SESSION AUTHORIZATION;
INSERT INTO bench.post OVERRIDING SYSTEM VALUE SELECT p.* FROM kefu.post p JOIN bench.stock USING (post_id);
INSERT INTO bench.clock OVERRIDING SYSTEM VALUE
SELECT c.* FROM kefu.clock c JOIN bench.stock s ON c.object_type = 'post' AND c.object_id = s.post_id;
ANALYZE kefu.post, kefu.clock, bench.post, bench.clock, bench.stock;

-- The same rows for the four moves and the two events that they raise, one
-- statement a move, no check, no rule.
CREATE OR REPLACE PROCEDURE bench.post_bare(leader integer, move text, first_n integer, last_n integer) LANGUAGE plpgsql AS
$$
DECLARE
    s bench.stock;
    placed bigint;
BEGIN
    FOR s IN SELECT * FROM bench.stock WHERE n BETWEEN first_n AND last_n ORDER BY n LOOP
        CASE move
        WHEN 'review' THEN
            WITH p AS (
                UPDATE bench.post SET state = 'approved', version = version + 1, steps_done = steps_done + 1,
                       approved_at = now(), audit_seq = audit_seq + 1,
                       audit_head = sha256(audit_head || convert_to(concat_ws('|', post_id, audit_seq + 1, now(), 'review', version, unit), 'UTF8'))
                 WHERE post_id = s.post_id RETURNING *),
            r AS (
                INSERT INTO bench.post_review (post_id, review_round, step, staff_id, outcome, at)
                SELECT post_id, review_round, steps_done, leader, 'approved', now() FROM p),
            c AS (
                UPDATE bench.clock SET stopped_at = now(), next_fire_at = NULL, outcome = 'kept'
                 WHERE object_id = s.post_id AND object_type = 'post' AND stopped_at IS NULL)
            INSERT INTO bench.audit_event (event_id, object_type, object_id, seq, at, machine, event, from_state, to_state,
                   version, staff_id, unit, flags, incarnation, xid, form, hash)
            SELECT nextval('bench.event_id_seq'), 'post', post_id, audit_seq, now(), 'post', 'review', 'submitted', state,
                   version, leader, unit, 0, 1, pg_current_xact_id()::text::bigint, 1, audit_head FROM p;
        WHEN 'schedule' THEN
            WITH p AS (
                UPDATE bench.post SET state = 'scheduled', version = version + 1, audit_seq = audit_seq + 1,
                       audit_head = sha256(audit_head || convert_to(concat_ws('|', post_id, audit_seq + 1, now(), 'schedule', version, unit, s.at, s.account), 'UTF8'))
                 WHERE post_id = s.post_id RETURNING *),
            d AS (INSERT INTO bench.posting_day (account, day) VALUES (s.account, s.at::date)),
            l AS (
                INSERT INTO bench.placement (placement_id, state, unit, post_id, account, kind, is_repost, is_exempt, has_media, text,
                       planned_at, send_at, made_at, audit_seq, audit_head) OVERRIDING SYSTEM VALUE
                SELECT nextval('bench.event_id_seq'), 'planned', unit, post_id, s.account, kind, false, false, false, text, s.at, s.at, now(), 1,
                       sha256(convert_to(concat_ws('|', post_id, now(), 'plan', s.at, s.account), 'UTF8'))
                  FROM p RETURNING *),
            c AS (
                INSERT INTO bench.clock (clock_id, object_type, object_id, clock, unit, policy_id, started_at, due_at, next_fire_at)
                       OVERRIDING SYSTEM VALUE
                SELECT nextval('bench.event_id_seq'), 'placement', placement_id, 'posting', unit, 1, now(), s.at, s.at FROM l),
            t AS (INSERT INTO bench.audit_detail (event_id, salt, value)
                  SELECT nextval('bench.event_id_seq'), '\x00', jsonb_build_object('text', text) FROM l)
            INSERT INTO bench.audit_event (event_id, object_type, object_id, seq, at, machine, event, from_state, to_state,
                   version, staff_id, unit, flags, incarnation, xid, facts, form, hash)
            SELECT nextval('bench.event_id_seq'), 'post', post_id, audit_seq, now(), 'post', 'schedule', 'approved', state, version,
                   leader, unit, 0, 1, pg_current_xact_id()::text::bigint, jsonb_build_object('send_at', s.at, 'accounts', s.account), 1, audit_head
              FROM p
            UNION ALL
            SELECT nextval('bench.event_id_seq'), 'placement', placement_id, 1, now(), 'placement', 'plan', '*new', state, version,
                   leader, unit, 2, 1, pg_current_xact_id()::text::bigint,
                   jsonb_build_object('post', post_id, 'unit', unit, 'account', account, 'send_at', send_at), 1, audit_head FROM l;
        WHEN 'send' THEN
            WITH l AS (
                UPDATE bench.placement SET state = 'sending', version = version + 1, audit_seq = audit_seq + 1,
                       audit_head = sha256(audit_head || convert_to(concat_ws('|', placement_id, audit_seq + 1, now(), 'send', version, unit), 'UTF8'))
                 WHERE post_id = s.post_id RETURNING *),
            c AS (
                UPDATE bench.clock c SET stopped_at = now(), next_fire_at = NULL, outcome = 'kept'
                  FROM l WHERE c.object_id = l.placement_id AND c.object_type = 'placement' AND c.stopped_at IS NULL),
            o AS (
                INSERT INTO bench.outbound (outbound_id, object_type, object_id, unit, account, action, channel, text, queued_at,
                       not_before, expires_at) OVERRIDING SYSTEM VALUE
                SELECT nextval('bench.event_id_seq'), 'placement', placement_id, unit, account, 'post', 'public', text, now(), now(),
                       send_at + interval '30 min' FROM l)
            INSERT INTO bench.audit_event (event_id, object_type, object_id, seq, at, machine, event, from_state, to_state,
                   version, unit, flags, incarnation, xid, form, hash)
            SELECT nextval('bench.event_id_seq'), 'placement', placement_id, audit_seq, now(), 'placement', 'send', 'planned', state,
                   version, unit, 8, 1, pg_current_xact_id()::text::bigint, 1, audit_head FROM l;
        WHEN 'sent' THEN
            WITH l AS (
                UPDATE bench.placement SET state = 'published', version = version + 1, native_id = 'n' || placement_id,
                       published_at = now(), audit_seq = audit_seq + 1,
                       audit_head = sha256(audit_head || convert_to(concat_ws('|', placement_id, audit_seq + 1, now(), 'sent', version, unit), 'UTF8'))
                 WHERE post_id = s.post_id RETURNING *),
            o AS (
                UPDATE bench.outbound o SET state = 'cancelled' FROM l
                 WHERE o.object_id = l.placement_id AND o.object_type = 'placement'),
            p AS (
                UPDATE bench.post SET state = 'published', version = version + 1, published_at = now(), audit_seq = audit_seq + 1,
                       audit_head = sha256(audit_head || convert_to(concat_ws('|', post_id, audit_seq + 1, now(), 'publish', version, unit), 'UTF8'))
                 WHERE post_id = s.post_id RETURNING *)
            INSERT INTO bench.audit_event (event_id, object_type, object_id, seq, at, machine, event, from_state, to_state,
                   version, unit, flags, incarnation, xid, facts, form, hash)
            SELECT nextval('bench.event_id_seq'), 'placement', placement_id, audit_seq, now(), 'placement', 'sent', 'sending', state,
                   version, unit, 8, 1, pg_current_xact_id()::text::bigint, jsonb_build_object('native_id', native_id), 1, audit_head FROM l
            UNION ALL
            SELECT nextval('bench.event_id_seq'), 'post', p.post_id, p.audit_seq, now(), 'post', 'publish', 'scheduled', p.state,
                   p.version, p.unit, 2, 1, pg_current_xact_id()::text::bigint, jsonb_build_object('placement', placement_id), 1, p.audit_head
              FROM p, l;
        END CASE;
    END LOOP;
END $$;

-- All of them must stand on their platform in the end.
CREATE OR REPLACE PROCEDURE bench.all_published(of_schema text) LANGUAGE plpgsql AS
$$
DECLARE
    missing bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM bench.stock s JOIN %I.post p USING (post_id) WHERE p.state <> ''published''', of_schema)
       INTO missing;
    IF missing > 0 THEN
        RAISE EXCEPTION '% posts are not published', missing;
    END IF;
END $$;
