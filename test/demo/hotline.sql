-- hotline.sql: a turn of an agent of the 10000 hotline of :unit, who calls and
-- then closes in writing.
WITH waits AS (
    SELECT w.id, kefu.card(w.id) AS card
      FROM kefu.worklist(:'unit', 200) w
     WHERE w.object_type = 'ticket' AND w.state IN ('deferred', 'calling_back')
)
SELECT CASE WHEN EXISTS (SELECT FROM jsonb_array_elements(card -> 'clocks') AS c
                          WHERE c ->> 'clock' = 'call_back' AND c ->> 'stopped_at' IS NOT NULL)
            THEN format('SELECT kefu.answer(%s, %L)', id, '您好,刚才已电话与您联系并处理,请问您是否满意?(' || id || ')')
            ELSE format('SELECT kefu.called(%s, ''advised'')', id) END
  FROM waits
 WHERE NOT card -> 'thread' @> '[{"state": "failed"}]'
\gexec
