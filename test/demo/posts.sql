-- posts.sql: what the account of :unit posted, and the one post that was corrected
-- with its clock; work: the folder of plan.tsv.
CREATE TEMP TABLE plan (slot integer, post_id bigint, send_at timestamptz, placement_id bigint);
\set copy '\\copy plan FROM ' :work '/plan.tsv'
:copy
SELECT to_char(n.send_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI') AS planned_for,
       to_char(l.planned_at, 'HH24:MI:SS.MS') AS moved_to, to_char(o.sending_at, 'HH24:MI:SS.MS') AS left_at,
       l.state, left(l.text, 30) AS text
  FROM plan n JOIN kefu.placement l USING (placement_id)
  LEFT JOIN kefu.outbound o ON o.object_type = 'placement' AND o.object_id = l.placement_id AND o.action <> 'delete_post'
 ORDER BY n.send_at;
SELECT to_char(k.started_at, 'HH24:MI:SS') AS notice, to_char(k.due_at, 'HH24:MI:SS') AS due,
       to_char(c.deleted_at, 'HH24:MI:SS') AS taken_down, to_char(k.stopped_at, 'HH24:MI:SS') AS said_anew,
       k.outcome AS clock, l.text AS was, r.text AS now
  FROM kefu.correction c JOIN kefu.placement l USING (placement_id)
  JOIN kefu.clock k ON k.object_type = 'correction' AND k.object_id = c.correction_id
  JOIN kefu.placement r ON r.post_id = c.reissue_post
 WHERE c.unit = :'unit';
