-- operator.sql: a turn of an operator of :unit.  Every ninth customer is
-- overlooked, so that the desk has something to escalate.  Group, which sees
-- every province, keeps to what was written to itself.

-- What the customer wrote decides the kind; the text is on the card.
WITH seen AS (
    SELECT w.id, kefu.card(w.id) AS card
      FROM kefu.worklist(:'unit', 400) w
     WHERE w.object_type = 'ticket' AND w.state IN ('new', 'recorded') AND w.id % 9 <> 0
), said AS (
    SELECT s.id, l.line ->> 'message' AS message, l.line ->> 'text' AS text
      FROM seen s, LATERAL (SELECT x AS line FROM jsonb_array_elements(s.card -> 'thread') AS x
                             WHERE x ->> 'from' = 'customer' LIMIT 1) AS l
     WHERE (s.card ->> 'is_provisional')::boolean
       AND s.card ->> 'unit' <> 'zj'    -- its own people do all of it: stories.pl
)
SELECT format('SELECT kefu.triage(%s, %L, 2, %L)', message,
              CASE WHEN text ~ '请问|咨询|能不能' THEN 'inquiry' ELSE 'complaint' END,
              CASE WHEN text ~ '扣|费|积分' THEN 'fee' ELSE 'broadband' END)
  FROM said
 -- A matter that is a province's may still be written to Group's account.
 WHERE message::bigint IN (SELECT w.id FROM kefu.worklist(:'unit', 1000) w WHERE w.object_type = 'message')
\gexec

-- Confirmed tickets: a third answered at once, some acknowledged and then
-- forgotten, some left to the hotline, the rest referred to a department.
WITH seen AS (
    SELECT w.id, w.machine, kefu.card(w.id) AS card
      FROM kefu.worklist(:'unit', 400) w
     WHERE w.object_type = 'ticket' AND w.state IN ('new', 'recorded') AND w.id % 9 <> 0
)
SELECT CASE
           WHEN machine = 'praise' THEN format('SELECT kefu.thank(%s)', id)
           WHEN machine = 'negative' THEN format('SELECT kefu.judge(%s, ''vague'')', id)
           WHEN id % 3 = 0 OR :'unit' = 'group' THEN format('SELECT kefu.answer(%s, %L)', id,
               '您好,给您带来不便深表歉意,感谢您的关注,您的问题已为您办理,请问您是否满意?(' || id || ')')
           WHEN id % 10 = 4 THEN format('SELECT kefu.acknowledge(%s, %L)', id, :'unit' || '.network')
           WHEN id % 10 = 5 AND machine = 'inquiry' THEN
               format('SELECT kefu.defer(%s, %L)', id, :'unit' || '.network')
           WHEN id % 10 = 5 THEN format('SELECT kefu.call_back(%s)', id)
           ELSE format('SELECT kefu.refer(%s, %L, ''broadband'')', id, :'unit' || '.network') END
  FROM seen
 WHERE NOT (card ->> 'is_provisional')::boolean AND card ->> 'unit' = :'unit'
   AND NOT card -> 'thread' @> '[{"state": "failed"}]'
\gexec

SELECT format('SELECT kefu.answer(%s, %L)', w.id,
              '您好,您反映的问题已经处理完毕,请问您是否满意?(' || w.id || ')')
  -- What could not be delivered is the hotline's task now, not said again.
  FROM kefu.worklist(:'unit', 200) w
 WHERE w.object_type = 'ticket' AND w.state = 'solved' AND kefu.card(w.id) ->> 'unit' = :'unit'
   AND NOT kefu.card(w.id) -> 'thread' @> '[{"state": "failed"}]'
\gexec

-- A customer who wrote again after the answer was content.
WITH again AS (
    SELECT w.id, (SELECT max((x ->> 'message')::bigint) FROM jsonb_array_elements(kefu.card(w.id) -> 'thread') AS x
                   WHERE x ->> 'from' = 'customer' AND x ->> 'meaning' IS NULL AND x ->> 'text' ~ '满意') AS message
      FROM kefu.worklist(:'unit', 200) w
     WHERE w.object_type = 'ticket' AND w.state = 'answered' AND w.needs_reading
       AND kefu.card(w.id) ->> 'unit' = :'unit'
)
SELECT format('SELECT kefu.attach(%s, %s, ''acceptance'')', message, id) FROM again WHERE message IS NOT NULL
\gexec
