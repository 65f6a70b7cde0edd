-- compare.sql: the desk's rows against the simulator's truth; ends with an
-- error if any check finds something.
CREATE TEMP TABLE inbound (item_type text, native_id text, feeds integer);
CREATE TEMP TABLE write (item_type text, native_id text, native_account text, text text);
CREATE TEMP TABLE attempt (action text, native_account text, requests integer, applied integer, ids text[], text text);
CREATE TEMP TABLE post (native_id text, native_account text, text text, is_deleted boolean);
CREATE TEMP TABLE plan (slot integer, post_id bigint, send_at timestamptz, placement_id bigint);
CREATE TEMP TABLE correction (placement_id bigint, text text);
CREATE TEMP TABLE story (name text, number bigint, text text);
CREATE TEMP TABLE fault (kind text, match text, hits integer);
\set copy '\\copy inbound FROM ' :work '/inbound.tsv'
:copy
\set copy '\\copy write FROM ' :work '/writes.tsv'
:copy
\set copy '\\copy attempt FROM ' :work '/attempts.tsv'
:copy
\set copy '\\copy post FROM ' :work '/posts.tsv'
:copy
\set copy '\\copy plan FROM ' :work '/plan.tsv'
:copy
\set copy '\\copy correction FROM ' :work '/correction.tsv'
:copy
\set copy '\\copy story FROM ' :work '/stories.tsv'
:copy
\set copy '\\copy fault FROM ' :work '/faults.tsv'
:copy

SELECT (SELECT count(*) FROM inbound) AS written_to_us, (SELECT count(*) FROM kefu.message) AS messages,
       (SELECT sum(feeds) FROM inbound) AS found_in_feeds, (SELECT count(*) FROM kefu.sighting) AS sightings,
       (SELECT count(*) FROM write) AS replies_there,
       (SELECT count(*) FROM kefu.outbound WHERE state = 'sent' AND speech_id IS NOT NULL) AS replies_here,
       (SELECT count(*) FROM post) AS posts_there,
       (SELECT sum(hits) FROM fault) AS disturbances;

CREATE TEMP TABLE verdict AS
SELECT 1 AS n, 'written to us and not a message' AS what, count(*) AS found
  FROM inbound i WHERE NOT EXISTS
       (SELECT FROM kefu.message g WHERE g.item_type = i.item_type AND g.native_id = i.native_id)
UNION ALL
SELECT 2, 'messages that nobody wrote', count(*)
  FROM kefu.message g WHERE NOT EXISTS
       (SELECT FROM inbound i WHERE i.item_type = g.item_type AND i.native_id = g.native_id)
UNION ALL
SELECT 3, 'items that are two messages', count(*)
  FROM (SELECT FROM kefu.message GROUP BY platform, item_type, native_id HAVING count(*) > 1) AS twice
UNION ALL
SELECT 4, 'feeds that did not find what is theirs',
       greatest((SELECT sum(feeds) FROM inbound) - (SELECT count(*) FROM kefu.sighting), 0)
UNION ALL
SELECT 5, 'messages to us without a ticket', count(*)
  FROM kefu.message WHERE to_us AND is_live AND ticket_id IS NULL
UNION ALL
SELECT 6, 'replies that the platform has oftener than we sent them', count(*)
  FROM attempt t
 WHERE t.action NOT IN ('post', 'repost')
   AND t.applied > (SELECT count(*) FROM kefu.outbound o WHERE o.state = 'sent' AND o.native_id = ANY (t.ids))
UNION ALL
-- In private a customer with two matters may be told the same words twice.
SELECT 6, 'posts and comments that got the same reply twice', count(*)
  FROM attempt WHERE action IN ('comment', 'reply') AND applied > 1
UNION ALL
SELECT 7, 'replies there that are not sent here', count(*)
  FROM write w WHERE NOT EXISTS
       (SELECT FROM kefu.outbound o JOIN kefu.account a USING (account)
         WHERE o.state = 'sent' AND o.native_id = w.native_id AND a.native_id = w.native_account)
UNION ALL
SELECT 8, 'replies sent here that are not there', count(*)
  FROM kefu.outbound o JOIN kefu.account a USING (account)
 WHERE o.state = 'sent' AND o.object_type <> 'placement' AND NOT EXISTS
       (SELECT FROM write w WHERE w.native_id = o.native_id AND w.native_account = a.native_id)
UNION ALL
SELECT 9, 'replies here that are neither sent nor failed nor cancelled', count(*)
  FROM kefu.outbound WHERE state NOT IN ('sent', 'failed', 'cancelled')
UNION ALL
SELECT 10, 'speeches delivered whose promises still run', count(*)
  FROM kefu.speech s
 WHERE s.outcome IS NULL AND NOT EXISTS
       (SELECT FROM kefu.outbound o WHERE o.speech_id = s.speech_id AND o.state <> 'sent')
UNION ALL
SELECT 11, 'levels fired twice', count(*)
  FROM (SELECT FROM kefu.escalation GROUP BY clock_id, level HAVING count(*) > 1) AS twice
UNION ALL
-- The three matters told in full.
SELECT 12, 'complaint not bounced once, reworked once, answered there, content', count(*)
  FROM story s WHERE s.name = 'complaint' AND NOT EXISTS
       (SELECT FROM kefu.ticket t JOIN kefu.work_order w ON w.order_id = t.order_id
         WHERE t.ticket_id = s.number AND t.state IN ('resolved', 'archived') AND t.satisfaction = 'satisfied'
           AND w.state = 'closed' AND w.bounce_count = 1 AND w.rework_count = 1
           AND (SELECT count(*) FROM kefu.outbound o JOIN kefu.speech p USING (speech_id)
                  JOIN write r ON r.native_id = o.native_id
                 WHERE p.object_type = 'ticket' AND p.object_id = t.ticket_id) = 2)
UNION ALL
SELECT 13, 'negative comments that did not become a complaint and a grumble', count(*)
  FROM story s WHERE s.name IN ('cause', 'grumble') AND NOT EXISTS
       (SELECT FROM kefu.ticket t
         WHERE t.ticket_id = s.number AND (t.first_kind <> t.kind) = (s.name = 'cause')
           AND (t.kind, t.state) IN (('complaint', 'answered'), ('negative', 'grievance')))
UNION ALL
SELECT 14, 'topic not of three, or not published as it was drafted', count(*)
  FROM story s WHERE s.name = 'topic' AND NOT EXISTS
       (SELECT FROM kefu.topic t JOIN kefu.account a USING (account)
          JOIN post p ON p.native_id = t.native_id AND p.native_account = a.native_id AND p.text = s.text
         WHERE t.topic_id = s.number AND t.state = 'published' AND t.persons_count = 3
           AND t.reached_by = 'complaint_persons' AND t.needs_solution)
UNION ALL
SELECT 15, 'customers of the topic who were not told of the post', 3 - count(DISTINCT g.ticket_id)
  FROM story s JOIN kefu.topic t ON t.topic_id = s.number JOIN kefu.topic_message x USING (topic_id)
  JOIN kefu.message g USING (message_id)
  JOIN kefu.speech p ON p.object_type = 'ticket' AND p.object_id = g.ticket_id
  JOIN kefu.outbound o USING (speech_id)
  JOIN write w ON w.native_id = o.native_id AND position(t.link IN w.text) > 0
 WHERE s.name = 'topic'
UNION ALL
-- What the desk posted.
SELECT 16, 'posts of the plan that do not stand there, once and in the words that were approved', count(*)
  FROM plan n JOIN kefu.placement l USING (placement_id) JOIN kefu.account a USING (account)
 WHERE NOT EXISTS (SELECT FROM post p WHERE p.native_id = l.native_id AND p.native_account = a.native_id AND p.text = l.text
                      AND p.is_deleted = (l.placement_id IN (SELECT c.placement_id FROM correction c)))
    OR (SELECT sum(t.applied) FROM attempt t WHERE t.native_account = a.native_id AND t.text = l.text
                                               AND t.action IN ('post', 'repost')) <> 1
UNION ALL
SELECT 17, 'posts of the plan that left before their time', count(*)
  FROM plan n JOIN kefu.placement l USING (placement_id)
  JOIN kefu.outbound o ON o.object_type = 'placement' AND o.object_id = l.placement_id AND o.action <> 'delete_post'
 WHERE o.sending_at < l.planned_at
UNION ALL
SELECT 18, 'posts there that nobody here approved', count(*)
  FROM post p JOIN kefu.account a ON a.native_id = p.native_account
 WHERE NOT EXISTS (SELECT FROM kefu.placement l WHERE l.account = a.account AND l.native_id = p.native_id AND l.text = p.text)
   AND NOT EXISTS (SELECT FROM story s JOIN kefu.topic t ON t.topic_id = s.number WHERE s.name = 'topic' AND t.native_id = p.native_id)
   -- What each account had said before the desk was there (customers.pl).
   AND p.text <> '今天有什么可以帮您?'
UNION ALL
SELECT 19, 'corrections that did not end with the new wording there, within ten minutes', count(*)
  FROM correction x WHERE NOT EXISTS
       (SELECT FROM kefu.correction c
          JOIN kefu.clock k ON k.object_type = 'correction' AND k.object_id = c.correction_id
          JOIN kefu.placement l ON l.post_id = c.reissue_post
          JOIN post p ON p.native_id = l.native_id AND p.text = x.text AND NOT p.is_deleted
         WHERE c.placement_id = x.placement_id AND c.state = 'done' AND k.clock = 'correction' AND k.outcome = 'kept'
           AND k.due_at = c.notice_time + interval '10 minutes'
           AND c.deleted_at BETWEEN c.notice_time AND k.stopped_at)
UNION ALL
-- A demo in which nothing happened proves nothing.
SELECT 20, 'things that should have happened and did not',
       (SELECT count(*) FROM (VALUES ((SELECT count(*) FROM inbound) >= 100),
                                     ((SELECT count(*) FROM write) >= 50),
                                     ((SELECT count(*) FROM kefu.escalation WHERE outcome <> 'skipped') >= 10),
                                     ((SELECT count(*) FROM kefu.work_order WHERE state = 'closed') >= 5),
                                     ((SELECT bool_and(hits > 0) FROM fault)),
                                     ((SELECT count(*) FROM story) = 4),
                                     ((SELECT count(*) FROM plan) >= 14),
                                     ((SELECT count(*) FROM correction) = 1)
                              ) AS v(happened) WHERE NOT happened);
SELECT what AS "must be 0", found FROM verdict ORDER BY n;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_temp.verdict v WHERE v.found > 0) THEN
        RAISE EXCEPTION 'desk and platform differ';
    END IF;
END $$;
