-- department.sql: a turn of the department :unit.
SELECT format(CASE w.state
           WHEN 'dispatched' THEN 'SELECT kefu.order_event(%s, ''receive'')'
           WHEN 'judging' THEN 'SELECT kefu.order_event(%s, ''accept'')'
           ELSE 'SELECT kefu.order_event(%s, ''return'', ''{"solution": "已更换光猫并测试", "result": "已解决"}'')' END, w.id)
  FROM kefu.worklist(:'unit', 200) w
 WHERE w.object_type = 'work_order' AND w.state IN ('dispatched', 'judging', 'handling')
\gexec
