-- 44_desk: the desk's calls, one a thing that people do.
--
-- Each is kefu.advance() with the facts spelled out as arguments, so that a
-- client needs no knowledge of the machines.  All refuse as kefu.advance()
-- does; all take a request key and return the outcome.

CREATE FUNCTION kefu.facts(VARIADIC pairs text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(coalesce(jsonb_object_agg(p.name, p.value), '{}'))
      FROM (SELECT pairs[2 * n - 1] AS name, pairs[2 * n] AS value
              FROM generate_series(1, cardinality(pairs) / 2) AS n) AS p;
END;
COMMENT ON FUNCTION kefu.facts(text[]) IS 'Facts from names and values in turn; a NULL value is left out (事实组合)';

CREATE FUNCTION kefu.triage(message bigint, kind text, priority integer DEFAULT NULL, category text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL, product text DEFAULT NULL, item text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('message', message, 'triage', kefu.facts('kind', kind, 'priority', priority::text, 'category', category, 'product', product, 'item', item), version, request_key);
END;
COMMENT ON FUNCTION kefu.triage(bigint, text, integer, text, integer, text, text, text) IS
'A person says what a message is: inquiry, complaint, negative, praise, opinion or task; its provisional ticket is confirmed, reclassified or opened, or dropped for an opinion or a task. priority: 1 highest to 4, what the rules suggest if left out; category and product: codes of kefu_bi.matters. item, a code of product: the opinion in the message is recorded too; an opinion under a survey post takes the survey''s if left out. kefu.suggest() says what it may be (分类; R81, R105, R124, R135, ruling 15)';

CREATE FUNCTION kefu.attach(message bigint, ticket bigint, meaning text, further_need text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('message', message, 'attach', kefu.facts('ticket', ticket::text, 'meaning', meaning, 'further_need', further_need), version, request_key);
END;
COMMENT ON FUNCTION kefu.attach(bigint, bigint, text, text, integer, text) IS
'A message belongs to a ticket and means there: objection, acceptance, further_need, cause, contact, chaser or other; raises the event of that meaning (并入个案; R97, R115, R122, R128)';

CREATE FUNCTION kefu.dismiss(message bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('message', message, 'dismiss', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.dismiss(bigint, text, integer, text) IS
'Nothing is to be done with a message; refused for a negative one (无需处理; R125)';

CREATE FUNCTION kefu.detach(message bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('message', message, 'detach', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.detach(bigint, text, integer, text) IS
'A message was attached to the wrong ticket (撤销并案)';

CREATE FUNCTION kefu.remove_message(message bigint, reason text, evidence text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('message', message, 'remove', kefu.facts('reason', reason, 'evidence', evidence), version, request_key);
END;
COMMENT ON FUNCTION kefu.remove_message(bigint, text, text, integer, text) IS
'Abuse is deleted and reported; with a grievance in it a leader must approve (删除并举报; R82)';

CREATE FUNCTION kefu.ask_removal(message bigint, reason text, evidence text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('message', message, 'ask_removal', kefu.facts('reason', reason, 'evidence', evidence), version, request_key);
END;
COMMENT ON FUNCTION kefu.ask_removal(bigint, text, text, integer, text) IS
'Asks for the removal of a message that is a ticket''s already; a leader then removes it by kefu.remove_message(), and the ticket lives on (提出删除; R82, ruling 12)';

CREATE FUNCTION kefu.approve_removal(message bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('message', message, 'approve', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.approve_removal(bigint, integer, text) IS
'A leader approves the removal that somebody else asked for (批准删除; ruling 12)';

CREATE FUNCTION kefu.refuse_removal(message bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('message', message, 'refuse', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.refuse_removal(bigint, text, integer, text) IS
'A leader refuses the removal (不批准删除; R125)';

CREATE FUNCTION kefu.answer(ticket bigint, text text DEFAULT NULL, script text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'answer', kefu.facts('text', text, 'script', script, 'apology', 'true', 'thanks', 'true'), version, request_key);
END;
COMMENT ON FUNCTION kefu.answer(bigint, text, text, integer, text) IS
'Answers the customer, by text or by script; the promise is kept when the platform has taken it (答复; R88, R96, R100, R106, R122)';

CREATE FUNCTION kefu.defer(ticket bigint, department text, script text DEFAULT 'inquiry_defer', version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'defer', kefu.facts('department', department, 'script', script, 'apology', 'true', 'limit', kefu.setting('limit')), version, request_key);
END;
COMMENT ON FUNCTION kefu.defer(bigint, text, text, integer, text) IS
'Cannot be answered now: says so with an apology in public and asks for contact data in private; 10000 calls within 48 hours (致歉待答; R93)';

CREATE FUNCTION kefu.call_back(ticket bigint, script text DEFAULT 'complaint_call_back', version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'call_back', kefu.facts('script', script, 'apology', 'true', 'thanks', 'true', 'limit', kefu.setting('limit')), version, request_key);
END;
COMMENT ON FUNCTION kefu.call_back(bigint, text, integer, text) IS
'Has the 10000 hotline call the customer (转10000回访; R93, R106)';

CREATE FUNCTION kefu.called(ticket bigint, outcome text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'called', kefu.facts('outcome', outcome), version, request_key);
END;
COMMENT ON FUNCTION kefu.called(bigint, text, integer, text) IS
'The hotline reached the customer: solved, advised, refused or another code (已回访; R93, R106)';

CREATE FUNCTION kefu.call_missed(ticket bigint, outcome text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'call_missed', kefu.facts('outcome', outcome), version, request_key);
END;
COMMENT ON FUNCTION kefu.call_missed(bigint, text, integer, text) IS
'The hotline did not reach the customer; a next try is due (未接通; R93, R106)';

CREATE FUNCTION kefu.tell_progress(ticket bigint, text text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'progress', kefu.facts('text', text), version, request_key);
END;
COMMENT ON FUNCTION kefu.tell_progress(bigint, text, integer, text) IS
'Tells the customer how far it is (告知进度; R15)';

CREATE FUNCTION kefu.object(ticket bigint, further_need text, posted_at timestamptz DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'object', kefu.facts('further_need', further_need, 'posted_at', posted_at::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.object(bigint, text, timestamptz, integer, text) IS
'The customer objects to the answer to an inquiry: a new round from posted_at, or from now (客户异议; R97)';

CREATE FUNCTION kefu.accept(ticket bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'accept', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.accept(bigint, integer, text) IS
'The customer has no objection (客户认可; R97)';

CREATE FUNCTION kefu.satisfied(ticket bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'satisfied', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.satisfied(bigint, integer, text) IS
'The customer is satisfied with the answer to a complaint (客户满意; R115)';

CREATE FUNCTION kefu.dissatisfied(ticket bigint, further_need text, posted_at timestamptz DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'dissatisfied', kefu.facts('further_need', further_need, 'posted_at', posted_at::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.dissatisfied(bigint, text, timestamptz, integer, text) IS
'The customer is not satisfied: a new round from posted_at, or from now (客户不满意; R115)';

CREATE FUNCTION kefu.add_need(ticket bigint, further_need text, posted_at timestamptz DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'further_need', kefu.facts('further_need', further_need, 'posted_at', posted_at::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.add_need(bigint, text, timestamptz, integer, text) IS
'The customer needs something more (进一步需求; R97, R115)';

CREATE FUNCTION kefu.reopen(ticket bigint, further_need text, posted_at timestamptz DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'reopen', kefu.facts('further_need', further_need, 'posted_at', posted_at::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.reopen(bigint, text, timestamptz, integer, text) IS
'A resolved ticket goes on, within 30 days (重新打开; ruling 19)';

CREATE FUNCTION kefu.archive(ticket bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'archive', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.archive(bigint, integer, text) IS
'The processed mark, if the record is complete (归档; R101, R123)';

CREATE FUNCTION kefu.urge(ticket bigint, message bigint DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'urge', kefu.facts('message', message::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.urge(bigint, bigint, integer, text) IS
'The customer chases (催单)';

CREATE FUNCTION kefu.escalate(ticket bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'escalate', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.escalate(bigint, text, integer, text) IS
'Raises the level of a ticket; it never falls while open (升级)';

CREATE FUNCTION kefu.prioritise(ticket bigint, priority integer, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'prioritise', kefu.facts('priority', priority::text, 'reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.prioritise(bigint, integer, text, integer, text) IS
'Sets the priority, 1 highest to 4 (设优先级; R105)';

CREATE FUNCTION kefu.ask_contact(ticket bigint, purpose text DEFAULT 'handling', script text DEFAULT 'ask_contact', version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'ask_contact', kefu.facts('purpose', purpose, 'script', script), version, request_key);
END;
COMMENT ON FUNCTION kefu.ask_contact(bigint, text, text, integer, text) IS
'Asks in private whether the customer would give name and numbers, and for what (征询联系方式; R94, R111)';

CREATE FUNCTION kefu.reclassify(ticket bigint, kind text, reason text, cause text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'reclassify', kefu.facts('kind', kind, 'reason', reason, 'cause', cause), version, request_key);
END;
COMMENT ON FUNCTION kefu.reclassify(bigint, text, text, text, integer, text) IS
'The ticket is of another kind; the original start of its promises is kept (更改类型)';

CREATE FUNCTION kefu.amend(ticket bigint, category text, location text, version integer DEFAULT NULL, request_key text DEFAULT NULL, product text DEFAULT NULL, root_cause text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'amend', kefu.facts('category', category, 'location', location, 'product', product, 'root_cause', root_cause), version, request_key);
END;
COMMENT ON FUNCTION kefu.amend(bigint, text, text, integer, text, text, text) IS
'Completes the complaint record; product and root_cause are codes of kefu_bi.matters (补充记录; R112)';

CREATE FUNCTION kefu.judge(ticket bigint, judgement text, script text DEFAULT 'negative_ask', reason text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'judge', kefu.facts('judgement', judgement, 'script', script, 'reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.judge(bigint, text, text, text, integer, text) IS
'Judges a negative comment vague or malicious and asks for the cause (判别; R127, R130)';

CREATE FUNCTION kefu.no_result(ticket bigint, reason text, script text DEFAULT 'negative_other_ways', version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'no_result', kefu.facts('reason', reason, 'script', script), version, request_key);
END;
COMMENT ON FUNCTION kefu.no_result(bigint, text, text, integer, text) IS
'Asking brought nothing: a malicious comment is shelved, any other is a grumble and its author is told of other ways (询问无果; R129, R130)';

CREATE FUNCTION kefu.report_user(ticket bigint, reason text, evidence text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'report_user', kefu.facts('reason', reason, 'evidence', evidence), version, request_key);
END;
COMMENT ON FUNCTION kefu.report_user(bigint, text, text, integer, text) IS
'Defamation or vulgar words: the user is to be reported to the platform; the comment is still to be answered (举报用户; R131)';

CREATE FUNCTION kefu.convert(ticket bigint, into_ticket bigint, reason text DEFAULT NULL, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'convert', kefu.facts('ticket', into_ticket::text, 'reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.convert(bigint, bigint, text, integer, text) IS
'A negative comment belongs to a complaint that is open already, also on another platform (并入投诉; R126, R128)';

CREATE FUNCTION kefu.thank(ticket bigint, script text DEFAULT 'praise_thanks', version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'thank', kefu.facts('script', script, 'thanks', 'true'), version, request_key);
END;
COMMENT ON FUNCTION kefu.thank(bigint, text, integer, text) IS
'Thanks for praise with the fixed phrase (致谢; R69)';

CREATE FUNCTION kefu.merge_ticket(ticket bigint, into_ticket bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'merge', kefu.facts('ticket', into_ticket::text, 'reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.merge_ticket(bigint, bigint, text, integer, text) IS
'The ticket goes on as another one (并案)';

CREATE FUNCTION kefu.drop_ticket(ticket bigint, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'drop', kefu.facts('reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.drop_ticket(bigint, text, integer, text) IS
'Drops a provisional ticket that was none (误立撤销)';

CREATE FUNCTION kefu.take(ticket bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'take', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.take(bigint, integer, text) IS
'The caller handles the ticket from now on (领取)';

CREATE FUNCTION kefu.assign(ticket bigint, staff integer, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'assign', kefu.facts('staff', staff::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.assign(bigint, integer, integer, text) IS
'A leader gives the ticket to somebody (指派)';

CREATE FUNCTION kefu.release(ticket bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'release', '{}', version, request_key);
END;
COMMENT ON FUNCTION kefu.release(bigint, integer, text) IS
'The ticket goes back to the units queue (释放)';

CREATE FUNCTION kefu.hand_over(ticket bigint, shift bigint, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'hand_over', kefu.facts('shift', shift::text), version, request_key);
END;
COMMENT ON FUNCTION kefu.hand_over(bigint, bigint, integer, text) IS
'Whoever has that shift handles the ticket (交接)';

CREATE FUNCTION kefu.transfer(ticket bigint, unit text, reason text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'transfer', kefu.facts('unit', unit, 'reason', reason), version, request_key);
END;
COMMENT ON FUNCTION kefu.transfer(bigint, text, text, integer, text) IS
'Another unit handles the ticket; its promises stay (转派机构; R4)';

CREATE FUNCTION kefu.note(ticket bigint, text text, version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'note', kefu.facts('text', text), version, request_key);
END;
COMMENT ON FUNCTION kefu.note(bigint, text, integer, text) IS
'A remark for the record (备注)';

CREATE FUNCTION kefu.contact_given(ticket bigint, contact jsonb, consent text, purpose text DEFAULT 'handling',
                                   version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('ticket', ticket, 'contact_given',
        jsonb_build_object('contact', contact, 'consent', consent, 'purpose', purpose),
        version, request_key);
END;
COMMENT ON FUNCTION kefu.contact_given(bigint, jsonb, text, text, integer, text) IS
'What the customer told: an object of name, mobile, landline, address; consent says how it was given, such as the private message''s number (客户提供联系方式; R94, R111)';

CREATE FUNCTION kefu.acknowledge(ticket bigint, department text, reply_by timestamptz DEFAULT NULL,
                                 script text DEFAULT NULL, version integer DEFAULT NULL,
                                 request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    kind text;
    promised timestamptz;
BEGIN
    SELECT t.kind, coalesce(acknowledge.reply_by, t.round_posted_at + interval '48 hours')
      INTO kind, promised
      FROM kefu.ticket t WHERE t.ticket_id = acknowledge.ticket
       AND (t.unit = ANY (kefu.my_units())
            OR kefu.is_given('ticket', t.ticket_id, t.unit, t.handler));
    RETURN kefu.advance('ticket', acknowledge.ticket, 'acknowledge',
        kefu.facts('department', acknowledge.department, 'reply_by', promised::text,
                   'apology', 'true', 'thanks', 'true', 'limit', kefu.setting('limit'),
                   'script', coalesce(acknowledge.script, kind || '_acknowledge')),
        acknowledge.version, acknowledge.request_key);
END $$;
COMMENT ON FUNCTION kefu.acknowledge(bigint, text, timestamptz, text, integer, text) IS
'Tells the customer that it is received, which department works on it and that the answer comes within 48 hours; a complaint with apology and thanks. reply_by: agreed with the department, else 48 hours after the post (告知受理; R90, R98, R108, R110, R119)';

CREATE FUNCTION kefu.refer(ticket bigint, department text, category text, reply_by timestamptz DEFAULT NULL,
                           further_need text DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, kefu, pg_temp AS
$$
DECLARE
    t kefu.ticket;
    promised timestamptz;
BEGIN
    SELECT * INTO t FROM kefu.ticket k
     WHERE k.ticket_id = refer.ticket
       AND (k.unit = ANY (kefu.my_units())
            OR kefu.is_given('ticket', k.ticket_id, k.unit, k.handler));
    promised := coalesce(refer.reply_by, t.round_posted_at + interval '40 hours');
    -- In round 1 the customer is told first; one call does both.
    IF t.round = 1 AND t.state IN ('new', 'recorded') THEN
        PERFORM kefu.acknowledge(refer.ticket, refer.department);
    END IF;
    RETURN kefu.advance('ticket', refer.ticket, 'refer',
        kefu.facts('department', refer.department, 'category', refer.category,
                   'reply_by', promised::text,
                   'reason', coalesce(refer.further_need, 'referred'),
                   'further_need', refer.further_need), NULL, refer.request_key);
END $$;
COMMENT ON FUNCTION kefu.refer(bigint, text, text, timestamptz, text, text) IS
'Gives the ticket to a department as a work order, acknowledging it first where that is still due; from round 2 on the same order is reopened and needs further_need (转部门; R89, R99, R109, R113)';

CREATE FUNCTION kefu.order_event(work_order bigint, event text, args jsonb DEFAULT '{}',
                                 version integer DEFAULT NULL, request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('work_order', work_order, event, args, version, request_key);
END;
COMMENT ON FUNCTION kefu.order_event(bigint, text, jsonb, integer, text) IS
'An event on a work order: review, dispatch, receive, accept, bounce, return, review_result, qualified, unqualified and so on (投诉单流转; R113, R120, R121)';

CREATE FUNCTION kefu.open_task_for(unit text, cause text, due_at timestamptz, note text DEFAULT NULL,
                                   request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.create_object('task', 'open',
        kefu.facts('unit', unit, 'cause', cause, 'due_at', due_at::text, 'note', note), request_key);
END;
COMMENT ON FUNCTION kefu.open_task_for(text, text, timestamptz, text, text) IS 'Opens a task for a unit on the caller''s word (开立待办)';

CREATE FUNCTION kefu.task_done(task bigint, evidence text, version integer DEFAULT NULL,
                               request_key text DEFAULT NULL)
    RETURNS kefu.outcome
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT kefu.advance('task', task, 'done', kefu.facts('evidence', evidence), version, request_key);
END;
COMMENT ON FUNCTION kefu.task_done(bigint, text, integer, text) IS 'The obligation is met; evidence says how one can see it (办结待办)';

