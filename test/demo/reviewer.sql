-- reviewer.sql: a turn of Group's reviewer over the work orders of :unit.
SELECT CASE w.state
           WHEN 'created' THEN format('SELECT kefu.order_event(%s, ''review'')', w.id)
           WHEN 'reviewed' THEN format('SELECT kefu.order_event(%s, ''dispatch'', %L)', w.id,
                                       jsonb_build_object('department', :'unit' || '.network'))
           WHEN 'returned' THEN format('SELECT kefu.order_event(%s, ''review_result'')', w.id)
           ELSE format('SELECT kefu.order_event(%s, ''qualified'')', w.id) END
  FROM kefu.worklist(:'unit', 200) w
 WHERE w.object_type = 'work_order' AND w.state IN ('created', 'reviewed', 'returned', 'result_reviewed')
\gexec
