-- story.sql: what happened in the tickets :tickets (numbers and commas) and, where
-- :topic is not 0, in that topic: who did what, and what was said.
SELECT to_char(x.at, 'HH24:MI:SS') AS at, x.who, x.what, x.words
  FROM (SELECT e.at, e.at AS sorted, 1 AS n, e.event_id AS id,
               coalesce(s.login, CASE WHEN e.flags & 4 <> 0 THEN 'clock' ELSE 'desk' END) AS who,
               v.label_en || CASE WHEN e.to_state <> e.from_state THEN format(' -> %s', coalesce(k.label_en || ', ', '') || t.label_en) ELSE '' END AS what,
               CASE e.object_type WHEN 'ticket' THEN '' ELSE format('%s %s ', replace(e.object_type, '_', ' '), e.object_id) END
               || coalesce('(' || coalesce(e.facts ->> 'reason', e.facts ->> 'department', e.facts ->> 'decision') || ')', '') AS words
          FROM kefu.audit_event e
          JOIN kefu.event v USING (event)
          -- A ticket of another kind goes on in a state of that kind: kind:state.
          LEFT JOIN kefu.machine k ON k.machine = substring(e.to_state FROM '^(.*):')
          LEFT JOIN kefu.state t ON t.machine = coalesce(k.machine, e.machine) AND t.state = regexp_replace(e.to_state, '^.*:', '')
          LEFT JOIN kefu.staff s USING (staff_id)
         WHERE (e.object_type = 'ticket' AND e.object_id IN (:tickets)
                OR e.object_type = 'work_order' AND e.object_id IN (SELECT order_id FROM kefu.work_order WHERE ticket_id IN (:tickets))
                OR e.object_type = 'topic' AND e.object_id = :topic)
           AND e.event NOT IN ('record', 'confirm', 'delivered', 'customer_wrote', 'level')
           AND (e.object_type, e.event) <> ('ticket', 'open')
        UNION ALL
        -- The platform tells whole seconds.
        SELECT g.posted_at, g.seen_at, 0, g.message_id, 'customer', format('writes (%s)', replace(g.item_type, 'status', 'post')), g.text
          FROM kefu.message g WHERE g.ticket_id IN (:tickets)
        UNION ALL
        SELECT o.sent_at, greatest(o.sent_at, p.queued_at), 2, o.outbound_id, o.account, format('answers in %s', o.channel), o.text
          FROM kefu.outbound o JOIN kefu.speech p USING (speech_id)
         WHERE p.object_type = 'ticket' AND p.object_id IN (:tickets) AND o.state = 'sent') AS x
 ORDER BY x.sorted, x.n, x.id;
