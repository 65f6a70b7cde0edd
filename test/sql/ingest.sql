-- ingest: one payload becomes messages, tickets, promises and proof.
--
-- Everything happens in one transaction that is rolled back.

\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\getenv tests PG_ABS_SRCDIR
\set plaza :tests '/lib/plaza.psql'
BEGIN;
\set ECHO none
\i :plaza
\set ECHO all

-- One post found by three feeds of two accounts: 1 message, 3 sightings, 1 ticket.
SELECT pg_temp.page(pg_temp.item('10', '77', '断网两天了')) AS page \gset
SELECT * FROM kefu.ingest('plaza.east', 'mentions', :'page');
SELECT * FROM kefu.ingest('plaza.west', 'mentions', :'page');
SELECT * FROM kefu.ingest('plaza.east', 'search', :'page');
SELECT * FROM kefu.ingest('plaza.east', 'search', :'page');
SELECT m.item_type, m.native_id, m.unit, m.state, m.suggested_kind,
       (SELECT string_agg(s.account || ' ' || s.action, ', ' ORDER BY s.account, s.action)
          FROM kefu.sighting s WHERE s.message_id = m.message_id) AS sightings,
       (SELECT count(*) FROM kefu.ticket t WHERE t.message_id = m.message_id) AS tickets
  FROM kefu.message m WHERE m.platform = 'plaza';

-- Each kind starts in the state, and with the promises, that its machine says; a
-- complaint is recorded at once (ruling 27). What no rule knows is a complaint.
SELECT * FROM kefu.ingest('plaza.east', 'comments_to_me', pg_temp.page(
    pg_temp.item('20', '78', '请问套餐怎么办', '2026-03-02 08:50+08', '5', '5'),
    pg_temp.item('21', '79', '谢谢东省客服', '2026-03-02 08:51+08', '5', '5',
        '{"by": {"id": "79", "name": "n79"}}'),
    pg_temp.item('22', '80', '呵呵', '2026-03-02 08:52+08', '5', '5',
        '{"by": {"id": "80", "province": "92"}}')));
SELECT t.kind, t.state, t.version, t.category, t.location, t.location_source, t.home_unit,
       t.received_unit, t.is_provisional, t.posted_at::time,
       (SELECT string_agg(c.clock || ' ' || to_char(c.due_at, 'DD HH24:MI'), ', ' ORDER BY c.due_at, c.clock)
          FROM kefu.clock c WHERE c.object_type = 'ticket' AND c.object_id = t.ticket_id) AS clocks,
       (SELECT string_agg(e.event, ' ' ORDER BY e.seq) FROM kefu.audit_event e
         WHERE e.object_type = 'ticket' AND e.object_id = t.ticket_id) AS events,
       (SELECT count(*) FROM kefu.round r WHERE r.ticket_id = t.ticket_id) AS rounds
  FROM kefu.ticket t WHERE t.account LIKE 'plaza%' ORDER BY t.posted_at, t.ticket_id;
SELECT m.native_id, to_char(c.due_at, 'HH24:MI') AS seen_until
  FROM kefu.message m JOIN kefu.clock c ON c.object_type = 'message' AND c.object_id = m.message_id
 WHERE m.platform = 'plaza' AND c.clock = 'seen' ORDER BY m.native_id;

-- The chain is whole, its head is on the object, and it tells no text.
SELECT e.object_type, e.event, e.from_state, e.to_state, e.version, e.flags & 14 AS flags,
       e.facts - 'message' - 'person' - 'ticket' AS facts
  FROM kefu.audit_event e JOIN kefu.ticket t ON t.account LIKE 'plaza%' AND t.message_id IN
       (SELECT m.message_id FROM kefu.message m WHERE m.native_id = '10')
 WHERE (e.object_type = 'ticket' AND e.object_id = t.ticket_id)
    OR (e.object_type = 'message' AND e.object_id = t.message_id)
 ORDER BY e.object_type, e.seq;
SELECT count(*) AS objects, bool_and(e.hash = o.audit_head AND e.seq = o.audit_seq
           AND e.to_state = o.state AND e.version = o.version) AS whole
  FROM (SELECT 'ticket' AS object_type, ticket_id AS id, audit_head, audit_seq, state, version
          FROM kefu.ticket WHERE account LIKE 'plaza%'
        UNION ALL
        SELECT 'message', message_id, audit_head, audit_seq, state, version
          FROM kefu.message WHERE platform = 'plaza') AS o
  JOIN LATERAL (SELECT * FROM kefu.audit_event e WHERE e.object_type = o.object_type
                   AND e.object_id = o.id ORDER BY e.seq DESC LIMIT 1) AS e ON true;

-- A customer's private messages in a row are one ticket, in one payload and in
-- the next; a stranger's is another one.
SELECT * FROM kefu.ingest('plaza.east', 'messages', pg_temp.page(
    pg_temp.item('32', '81', '在吗', '2026-03-02 08:42+08'),
    pg_temp.item('31', '81', '请问宽带', '2026-03-02 08:41+08'),
    pg_temp.item('33', '82', '断网', '2026-03-02 08:43+08')));
SELECT * FROM kefu.ingest('plaza.east', 'messages', pg_temp.page(
    pg_temp.item('34', '81', '有人吗', '2026-03-02 08:44+08')));
SELECT m.native_id, t.kind, t.ticket_id = min(t.ticket_id) OVER (PARTITION BY m.person_id) AS same,
       t.needs_reading,
       (SELECT count(*) FROM kefu.audit_event e WHERE e.object_type = 'ticket'
           AND e.object_id = t.ticket_id AND e.event = 'customer_wrote') AS heard
  FROM kefu.message m JOIN kefu.ticket t USING (ticket_id)
 WHERE m.platform = 'plaza' AND m.item_type = 'message' ORDER BY m.native_id;

-- What hangs under a message of an open ticket of the same person belongs to it;
-- what another person writes there does not.
SELECT * FROM kefu.ingest('plaza.east', 'comments_to_me', pg_temp.page(
    pg_temp.item('41', '77', '还没好', '2026-03-02 08:55+08', '10', '10'),
    pg_temp.item('42', '83', '我也断网', '2026-03-02 08:56+08', '10', '10')));
SELECT m.native_id, m.ticket_id = (SELECT ticket_id FROM kefu.message WHERE native_id = '10') AS belongs
  FROM kefu.message m WHERE m.native_id IN ('41', '42') ORDER BY 1;

-- The same matter again within 30 days goes to the unit and the handler that had
-- it, once that ticket was confirmed.
SET LOCAL session_replication_role = replica;
UPDATE kefu.ticket SET is_provisional = false, unit = 'west',
       handler = (SELECT staff_id FROM kefu.staff WHERE login = 'plaza_other')
 WHERE message_id = (SELECT message_id FROM kefu.message WHERE native_id = '10');
SET LOCAL session_replication_role = origin;
SELECT * FROM kefu.ingest('plaza.east', 'comments_to_me', pg_temp.page(
    pg_temp.item('51', '77', '又断网了', '2026-03-02 08:57+08', '6', '6')));
SELECT m.unit AS read_by, t.unit, t.received_unit, s.login AS handler, r.message_id = o.message_id AS repeats
  FROM kefu.message m JOIN kefu.ticket t USING (ticket_id) JOIN kefu.staff s ON s.staff_id = t.handler
  JOIN kefu.ticket r ON r.ticket_id = t.repeat_of
  JOIN kefu.message o ON o.native_id = '10'
 WHERE m.native_id = '51';

-- Finds by search open nothing before a person has read them, but their time runs.
SELECT * FROM kefu.ingest('plaza.east', 'search', pg_temp.page(pg_temp.item('61', '84', '断网')));
SELECT m.state, m.to_us, m.ticket_id, m.suggested_kind, c.clock
  FROM kefu.message m LEFT JOIN kefu.clock c ON c.object_type = 'message' AND c.object_id = m.message_id
 WHERE m.native_id = '61';

-- Items from before the feed's start are history: no ticket, no promise.
INSERT INTO kefu.feed (account, action, start_at) VALUES ('plaza.east', 'comments_mentions', '2026-03-02 00:00+08');
SELECT * FROM kefu.ingest('plaza.east', 'comments_mentions', pg_temp.page(
    pg_temp.item('71', '85', '断网', '2026-03-01 23:59:59+08'),
    pg_temp.item('72', '86', '断网', '2026-03-02 00:00+08')));
SELECT m.native_id, m.state, m.version, m.is_live, m.ticket_id IS NOT NULL AS ticket,
       (SELECT count(*) FROM kefu.clock c WHERE c.object_type = 'message' AND c.object_id = m.message_id) AS clocks,
       (SELECT string_agg(e.event, ' ' ORDER BY e.seq) FROM kefu.audit_event e
         WHERE e.object_type = 'message' AND e.object_id = m.message_id) AS events
  FROM kefu.message m WHERE m.native_id IN ('71', '72') ORDER BY 1;

-- Our own posts are no messages, nor is what its author took back.
SELECT * FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(
    pg_temp.item('81', '901', '通知'), pg_temp.item('82', '902', '转发'),
    '{"id": "83", "gone": true}'));
SELECT count(*) FROM kefu.message WHERE native_id IN ('81', '82', '83');

-- Names and followers are brought up to date; the person stays.
SELECT * FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(pg_temp.item('91', '77', '请问',
    more => '{"by": {"id": "77", "name": "改名", "followers": 9000, "verified": true}}')));
SELECT i.screen_name, i.followers_count, i.is_verified,
       (SELECT count(DISTINCT m.person_id) FROM kefu.message m WHERE m.identity_id = i.identity_id) AS persons
  FROM kefu.identity i WHERE i.platform = 'plaza' AND i.native_id = '77';

-- Two different persons never share a ticket; the same author in one payload is one person.
SELECT count(*) AS identities, count(DISTINCT person_id) AS persons
  FROM kefu.identity WHERE platform = 'plaza';
SELECT count(*) AS orphans FROM kefu.person p
 WHERE NOT EXISTS (SELECT FROM kefu.identity i WHERE i.person_id = p.person_id);

-- Bad items and bad payloads: nothing else is lost, and nothing is an error.
SELECT * FROM kefu.ingest('plaza.east', 'mentions', pg_temp.page(
    '{"id": "101"}', pg_temp.item('102', '87', '请问'), '"text"', '[]', 'null',
    pg_temp.item('103', '88', '请问', more => '{"at": "yesterday"}')));
SELECT * FROM kefu.ingest('plaza.east', 'mentions', '{"items": [');
SELECT * FROM kefu.ingest('plaza.east', 'mentions', '');
SELECT * FROM kefu.ingest('plaza.east', 'mentions', '{"other": []}');
SELECT * FROM kefu.ingest('plaza.east', 'mentions', '{"items": []}');
SELECT * FROM kefu.ingest('plaza.east', 'mentions', repeat('[', 100000));
SELECT item_no, reason, length(payload) AS length
  FROM kefu.dead_letter WHERE account LIKE 'plaza%' ORDER BY dead_letter_id;
SELECT count(*) AS raw, sum(items_count) AS items FROM kefu.raw_payload WHERE account LIKE 'plaza%';

-- Ids beyond 64 bits stay exact.
SELECT * FROM kefu.ingest('plaza.east', 'mentions',
    '{"items": [{"id": 99999999999999999999999, "text": "请问", "at": "2026-03-02T00:00:00Z", "by": {"id": -3334373500841821049}}]}');
SELECT m.native_id, i.native_id AS author FROM kefu.message m JOIN kefu.identity i USING (identity_id)
 WHERE m.native_id LIKE '9999%';

-- Who may: the worker, and operators and administrators of the account's unit.
SELECT kefu.ingest('plaza.nowhere', 'mentions', '{}');
SELECT kefu.ingest('plaza.east', 'nothing', '{}');
SELECT kefu.ingest('plaza.east', 'mentions', NULL);
CREATE ROLE plaza_operator;
CREATE ROLE plaza_other;
GRANT USAGE ON SCHEMA kefu TO plaza_operator, plaza_other;
GRANT EXECUTE ON FUNCTION kefu.ingest TO plaza_operator, plaza_other;
SET LOCAL ROLE plaza_operator;
SELECT * FROM kefu.ingest('plaza.east', 'mentions', '{"items": []}');
SET LOCAL ROLE plaza_other;
SELECT kefu.ingest('plaza.east', 'mentions', '{"items": []}');
RESET ROLE;

ROLLBACK;
