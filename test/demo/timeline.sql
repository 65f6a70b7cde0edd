-- timeline.sql: the whole life of one ticket, the one with most events.
SELECT t.ticket_id, t.order_id, t.message_id
  FROM kefu.ticket t
 ORDER BY (t.order_id IS NOT NULL AND t.resolved_at IS NOT NULL) DESC, t.audit_seq DESC LIMIT 1 \gset
SELECT to_char(x.at, 'HH24:MI:SS.MS') AS at, x.what, x.event, x.state, x.who, left(x.words, 46) AS words
  FROM (SELECT e.at, 1 AS n, e.event_id AS id, e.object_type || ' ' || e.object_id AS what, e.event,
               coalesce(e.from_state, '') || ' > ' || coalesce(e.to_state, '') AS state,
               coalesce(s.login, CASE WHEN e.event IN ('ingest', 'open', 'record') THEN 'platform' ELSE 'clock or platform' END) AS who,
               CASE e.event WHEN 'ingest' THEN (SELECT g.text FROM kefu.message g WHERE g.message_id = e.object_id) END AS words
          FROM kefu.audit_event e LEFT JOIN kefu.staff s USING (staff_id)
         WHERE (e.object_type, e.object_id) IN (('ticket', :ticket_id), ('work_order', nullif(:'order_id', '')::bigint))
            OR e.object_type = 'message' AND e.object_id IN
               (SELECT g.message_id FROM kefu.message g WHERE g.ticket_id = :ticket_id OR g.message_id = :message_id)
        UNION ALL
        SELECT o.sent_at, 2, o.outbound_id, 'reply ' || o.outbound_id, o.action || ' ' || o.channel,
               o.state || coalesce(' as ' || o.native_id, ''), o.account, o.text
          FROM kefu.outbound o JOIN kefu.speech p USING (speech_id)
         WHERE p.object_type = 'ticket' AND p.object_id = :ticket_id
        UNION ALL
        SELECT c.started_at, 0, c.clock_id, 'promise ' || c.clock, 'due ' || to_char(c.due_at, 'MM-DD HH24:MI:SS'),
               coalesce(c.outcome || ' ' || to_char(c.stopped_at, 'HH24:MI:SS'), 'running'), c.unit, NULL
          FROM kefu.clock c WHERE c.object_type = 'ticket' AND c.object_id = :ticket_id) AS x
 ORDER BY x.at, x.n, x.id;
