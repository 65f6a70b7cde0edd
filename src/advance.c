/*
 * advance.c
 *		The one thing that changes a state.
 *
 * An event on an object, in one transaction: lock the row, choose the
 * transition, check the caller and the facts, move the state, append the audit
 * event, run the effect, start and stop the clocks.  Whatever fails undoes all
 * of it.
 *
 * Lock order, everywhere: the object that this one belongs to, if any (the ticket
 * of a work order, the post of a placement), the object's row, then its clocks,
 * then the rest.  An event that an effect raises on another object locks that
 * object second: down from message to ticket to work order, or up to the object
 * that was locked at the start.  Whoever moves an order need not see its ticket:
 * what is locked is not read.
 *
 * What a transition means is in the rows and in the guards and effects they
 * name (sql/37_guards.sql, sql/38_*.sql); this file knows no state and no event
 * by name.
 */
#include "kefu.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "advance.h"
#include "audit.h"
#include "clock.h"
#include "facts.h"
#include "guard.h"
#include "guc.h"
#include "legal.h"
#include "object.h"
#include "qualification.h"
#include "refuse.h"
#include "request.h"
#include "rules.h"
#include "spi.h"
#include "who.h"
#include "workflow.h"

/* --- small things ----------------------------------------------------------- */

static Jsonb *
parse_object(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* --- guards and effects -------------------------------------------------- */

/* What kefu.move is made of, beyond the object. */
typedef struct Move
{
	const KefuCall *call;
	KefuObject *object;
	const char *unit;
	const char *to_state;		/* NULL in a guard */
	int64		event_id;		/* 0 in a guard */
	const char *guard_arg;
	KefuActor	actor;
	TimestampTz at;
} Move;

static TupleDesc move_rowtype = NULL;

static void
drop_move_rowtype(void)
{
	move_rowtype = NULL;
}

static TupleDesc
move_desc(void)
{
	if (move_rowtype == NULL)
	{
		Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
											   CStringGetDatum("move"),
											   ObjectIdGetDatum(get_namespace_oid("kefu", false)));
		TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		kefu_rules_watch("transition", drop_move_rowtype);
		move_rowtype = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(old);
		ReleaseTupleDesc(desc);
	}
	return move_rowtype;
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text ? CStringGetTextDatum(text) : (Datum) 0;
}

static Datum
make_move(const Move *move)
{
	Datum		values[12];
	bool		nulls[12] = {false};

	values[0] = CStringGetTextDatum(move->object->machine->machine);
	values[1] = Int64GetDatum(move->object->id);
	nulls[1] = move->object->id == 0;
	values[2] = CStringGetTextDatum(move->call->event);
	values[3] = CStringGetTextDatum(move->object->state);
	values[4] = text_or_null(move->to_state, &nulls[4]);
	values[5] = text_or_null(move->unit, &nulls[5]);
	values[6] = TimestampTzGetDatum(move->at);
	values[7] = Int32GetDatum(move->actor.staff_id);
	nulls[7] = move->actor.staff_id == 0;
	values[8] = Int16GetDatum(move->object->round);
	values[9] = Int64GetDatum(move->event_id);
	nulls[9] = move->event_id == 0;
	values[10] = text_or_null(move->guard_arg, &nulls[10]);
	values[11] = JsonbPGetDatum(move->call->args);
	return HeapTupleGetDatum(heap_form_tuple(move_desc(), values, nulls));
}

typedef struct Callee
{
	Oid			function;		/* hash key */
	FmgrInfo	info;
} Callee;

/* The function's look-up, kept: PL/pgSQL hangs its compiled body on it. */
static FmgrInfo *
callee(Oid function)
{
	static HTAB *all = NULL;
	Callee	   *entry;
	bool		found;

	if (all == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(Callee)};

		all = hash_create("kefu functions", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(all, &function, HASH_FIND, NULL);
	if (entry == NULL)
	{
		FmgrInfo	info;

		fmgr_info_cxt(function, &info, TopMemoryContext);
		entry = hash_search(all, &function, HASH_ENTER, &found);
		entry->info = info;
	}
	return &entry->info;
}

static Datum
call_with(Oid function, const Move *move, bool *isnull)
{
	LOCAL_FCINFO(fcinfo, 1);
	Datum		result;

	InitFunctionCallInfoData(*fcinfo, callee(function), 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = make_move(move);
	fcinfo->args[0].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	*isnull = fcinfo->isnull;
	return result;
}

/*
 * The first row of the event whose guard holds; NULL if none does.
 */
static KefuTransition *
choose(KefuTransition *first, Move *move)
{
	for (KefuTransition *t = first; t != NULL; t = t->next)
	{
		bool		isnull;

		if (t->guard == InvalidOid)
			return t;
		move->guard_arg = t->guard_arg;
		if (DatumGetBool(call_with(t->guard, move, &isnull)) && !isnull)
			return t;
	}
	return NULL;
}

/* --- who may -------------------------------------------------------------- */

static bool
object_is_given(const KefuObject *object)
{
	return object->id != 0 &&
		kefu_actor_is_given(object->machine->object_type, object->id, object->unit,
							object->handler);
}

/* A role at the unit counts always; one that serves it, on what was given. */
static bool
role_allows(KefuTransition *t, const KefuObject *object)
{
	for (char **role = t->roles; *role; role++)
		if (kefu_actor_has_role(*role, object->unit))
			return true;
	for (char **role = t->roles; *role; role++)
		if (kefu_actor_serves(*role, object->unit))
			return object_is_given(object);
	return false;
}

static bool
sees(const KefuObject *object)
{
	if (kefu_actor_sees(object->unit))
		return true;
	for (int i = 0; object->readers[i]; i++)
		if (kefu_actor_sees(object->readers[i]))
			return true;
	return object_is_given(object);
}

/*
 * True if the caller may see a second object, or if it hangs on the ticket that
 * is moved, such as a message that another unit read.
 */
static bool
sees_named(const char *type, int64 id, const KefuObject *moved)
{
	KefuObject	object = {.machine = kefu_machine_or_type(type), .id = id};
	Datum		arg = Int64GetDatum(id);
	JsonbValue *value;
	Jsonb	   *row;
	bool		isnull;

	if (kefu_spi_run(kefu_object_record(object.machine), &arg, NULL, false, 1) == 0)
		return false;
	row = DatumGetJsonbPCopy(kefu_spi_value(0, 1, &isnull));
	value = kefu_fact_value(row, "ticket_id");
	if (kefu_fact_is_given(value) && strcmp(type, "ticket") != 0 && moved->id != 0 &&
		strcmp(moved->machine->object_type, "ticket") == 0 &&
		kefu_fact_number("ticket_id", value) == moved->id)
		return true;
	object.unit = kefu_fact_text(row, "unit");
	value = kefu_fact_value(row, "handler");
	if (kefu_fact_is_given(value))
		object.handler = (int32) kefu_fact_number("handler", value);
	for (int i = 0, n = 0; i < KEFU_READERS && object.machine->readers &&
		 object.machine->readers[i]; i++)
	{
		object.readers[n] = kefu_fact_text(row, object.machine->readers[i]);
		if (object.readers[n] != NULL)
			n++;
	}
	return sees(&object);
}

/*
 * An event may name further objects, such as the ticket that a message joins;
 * its effect reaches them on the event's authority, so the caller must see them.
 */
static void
check_named(const KefuCall *call, const KefuObject *object)
{
	static const struct
	{
		const char *fact;
		const char *type;
	}			named[] = {{"ticket", "ticket"}, {"merged", "ticket"}, {"message", "message"},
		{"content", "message"}, {"order", "work_order"}};

	if (call->authority != KEFU_BY_CALLER)
		return;
	for (int i = 0; i < (int) lengthof(named); i++)
	{
		JsonbValue *value = kefu_fact_value(call->args, named[i].fact);

		if (kefu_fact_is_given(value) &&
			!sees_named(named[i].type, kefu_fact_number(named[i].fact, value), object))
			kefu_refuse_not_visible();
	}
}

/*
 * What somebody works on is spoken for and moved by that person, or by a
 * leader.  Notes, chasers and other events that leave the state are free.
 */
static bool
is_in_the_way(const KefuObject *object, KefuTransition *t, KefuActor actor)
{
	bool		moves = strcmp(t->to_state, object->state) != 0 || t->speaks != NULL ||
		strcmp(t->event, "take") == 0;

	return object->handler != 0 && object->handler != actor.staff_id && moves &&
		!kefu_actor_has_role("leader", object->unit);
}

static void
check_caller(const KefuCall *call, KefuObject *object, KefuTransition *t, KefuActor actor)
{
	if (call->authority != KEFU_BY_CALLER)
		return;
	if (actor.staff_id == 0 || !role_allows(t, object))
		kefu_refuse_role(object->machine, object->state, call->event, t->roles, object->unit);
	if (is_in_the_way(object, t, actor))
		kefu_refuse_handler(object->machine, object->state, call->event, object->handler);
}

/* --- clocks --------------------------------------------------------------- */

static const char *
clock_named(const char *op, const char *verb)
{
	size_t		length = strlen(verb);

	return strncmp(op, verb, length) == 0 ? op + length : NULL;
}

static Datum
text_array(char **names, int count)
{
	Datum	   *elems = palloc(sizeof(Datum) * (count + 1));

	for (int i = 0; i < count; i++)
		elems[i] = CStringGetTextDatum(names[i]);
	return PointerGetDatum(construct_array(elems, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static int
count_names(char **names)
{
	int			count = 0;

	while (names[count])
		count++;
	return count;
}

static void
stop_clocks(char **ops, const KefuObject *object, const char *event, int16 round, TimestampTz at)
{
	int			count = count_names(ops);
	char	  **stopped = palloc(sizeof(char *) * (count + 1));
	char	  **voided = palloc(sizeof(char *) * (count + 1));
	char	  **timers = palloc(sizeof(char *) * (count + 1));
	int			nstopped = 0;
	int			nvoided = 0;
	int			ntimers = 0;

	for (int i = 0; i < count; i++)
	{
		const char *clock = clock_named(ops[i], "stop:");

		if (clock == NULL)
			continue;
		stopped[nstopped++] = (char *) clock;
		if (!kefu_clock_is_kept_by(clock, event))
			voided[nvoided++] = (char *) clock;
		else if (kefu_clock_fires(clock, event))
			timers[ntimers++] = (char *) clock;
	}
	if (nstopped > 0)
		kefu_clock_stop(object->machine->object_type, object->id, round,
						text_array(stopped, nstopped), text_array(voided, nvoided),
						text_array(timers, ntimers), at);
}

/* The place whose law counts for a promise of an object. */
static const char *
place_of(const KefuObject *object)
{
	static KefuPlan plan = {
		"SELECT location, home_unit FROM kefu.ticket WHERE ticket_id = $1", 1, {INT8OID}, NULL
	};
	Datum		id = Int64GetDatum(object->id);
	const char *place = object->unit;

	if (strcmp(object->machine->object_type, "ticket") != 0)
		return place;
	kefu_spi_begin();
	if (kefu_spi_run(&plan, &id, NULL, false, 1) > 0)
	{
		const char *found = kefu_place_of(kefu_spi_text(0, 1), kefu_spi_text(0, 2), place);

		if (found != place)
			place = strcpy(SPI_palloc(strlen(found) + 1), found);
	}
	kefu_spi_end();
	return place;
}

/*
 * Starts a clock, or lets a paused one go on; a promise that runs already was
 * given once and stays.
 */
static void
start_clock(const char *clock, const KefuObject *object, Jsonb *args, TimestampTz at)
{
	const char *type = object->machine->object_type;
	const char *from = kefu_clock_starts_from(clock);
	const char *fact;
	KefuClockStart start = {0};

	if (kefu_clock_resume(type, object->id, clock, object->round, at))
		return;
	start.object_type = type;
	start.object_id = object->id;
	start.clock = clock;
	start.round = object->round;
	start.unit = object->unit;
	start.started_at = at;
	if (strcmp(from, "posted_at") == 0 && !TIMESTAMP_NOT_FINITE(object->posted_at))
		start.started_at = object->posted_at;
	else if (strcmp(from, "notice_time") == 0)
		start.started_at = kefu_fact_instant(args, "notice_time");
	if (kefu_is_limited_by_law(clock))
		start.place = place_of(object);
	fact = kefu_clock_target_fact(clock);
	start.target_at = fact ? kefu_fact_instant(args, fact) : DT_NOBEGIN;
	if (kefu_clock_compute(&start))
		kefu_clock_insert(&start, 1);
}

/* Speech starts what counts from the event only once it is delivered. */
static bool
waits_for_delivery(const char *op)
{
	const char *started = clock_named(op, "start:");

	return started == NULL ? clock_named(op, "stop:") != NULL :
		strcmp(kefu_clock_starts_from(started), "event_time") == 0;
}

static void
start_clocks(char **ops, bool speaks, const KefuObject *object, Jsonb *args, TimestampTz at)
{
	for (int i = 0; ops[i]; i++)
	{
		const char *clock;

		if ((clock = clock_named(ops[i], "start:")) != NULL)
		{
			if (!speaks || !waits_for_delivery(ops[i]))
				start_clock(clock, object, args, at);
		}
		else if ((clock = clock_named(ops[i], "pause:")) != NULL)
			kefu_clock_pause(object->machine->object_type, object->id, clock, at);
	}
}

static Datum
waiting_ops(char **ops)
{
	int			count = count_names(ops);
	char	  **waiting = palloc(sizeof(char *) * (count + 1));
	int			n = 0;

	for (int i = 0; i < count; i++)
		if (waits_for_delivery(ops[i]))
			waiting[n++] = ops[i];
	return text_array(waiting, n);
}

/* --- speech ---------------------------------------------------------------- */

/*
 * Queues what the event says; kefu.queue_speech() finds the words and the ways.
 */
static int64
queue_speech(KefuTransition *t, const Move *move, int32 version)
{
	static KefuPlan plan = {
		"SELECT kefu.queue_speech($1, $2, $3, $4)", 4,
		{InvalidOid, TEXTOID, TEXTARRAYOID, INT4OID}, NULL
	};
	Datum		v[4];
	bool		isnull;

	if (plan.types[0] != move_desc()->tdtypeid)
		plan.plan = NULL;		/* the extension was made anew in this session */
	plan.types[0] = move_desc()->tdtypeid;
	v[0] = make_move(move);
	v[1] = CStringGetTextDatum(t->speaks);
	v[2] = waiting_ops(t->clock_ops);
	v[3] = Int32GetDatum(version);
	kefu_spi_run(&plan, v, NULL, false, 0);
	return DatumGetInt64(kefu_spi_value(0, 1, &isnull));
}

/* --- the event -------------------------------------------------------------- */

static int16
flags_of(KefuAuthority authority)
{
	switch (authority)
	{
		case KEFU_BY_CLOCK:
			return KEFU_EVENT_BY_CLOCK;
		case KEFU_BY_PLATFORM:
			return KEFU_EVENT_BY_PLATFORM;
		case KEFU_BY_EVENT:
			return KEFU_EVENT_RAISED;
		default:
			return 0;
	}
}

static void
append_event(Move *move, KefuTransition *t, int16 flags)
{
	KefuObject *object = move->object;
	KefuEvent	event = {0};

	event.object_type = object->machine->object_type;
	event.object_id = object->id;
	event.seq = ++object->audit_seq;
	event.at = move->at;
	event.machine = object->machine->machine;
	event.event = move->call->event;
	event.from_state = object->state;
	event.to_state = strcmp(t->to_machine, object->machine->machine) == 0 ? t->to_state :
		psprintf("%s:%s", t->to_machine, t->to_state);
	event.version = object->version;
	event.staff_id = move->actor.staff_id;
	event.gateway_id = move->actor.gateway_id;
	event.unit = move->unit;
	event.flags = flags;
	kefu_split_facts(move->call->args, &event.facts, &event.detail);
	memcpy(event.head, object->head, KEFU_HASH_LENGTH);
	event.event_id = move->event_id;
	kefu_audit_append(&event, 1);
	memcpy(object->head, event.hash, KEFU_HASH_LENGTH);
}

/*
 * The row an effect or a speech may have changed is read again where clocks
 * still depend on it: round and start of the promise.
 */
static void
reread(KefuObject *object)
{
	KefuObject	now = *object;

	if (kefu_object_lock(object->machine, object->id, &now))
	{
		object->round = now.round;
		object->posted_at = now.posted_at;
		object->unit = now.unit;
		object->machine = now.machine;
	}
}

/* Who has the shift that is among the facts. */
static int32
shift_fact(const Move *move)
{
	static KefuPlan plan = {
		"SELECT staff_id FROM kefu.shift WHERE shift_id = $1", 1, {INT8OID}
	};
	Datum		shift_id = Int64GetDatum(kefu_fact_number("shift", kefu_fact_value(move->call->args, "shift")));
	bool		isnull;

	if (kefu_spi_run(&plan, &shift_id, NULL, false, 1) == 0)
		kefu_refuse_not_visible();
	return DatumGetInt32(kefu_spi_value(0, 1, &isnull));
}

/*
 * Who handles the object after a transition that says so; 0 nobody.  Whom a
 * person or shift is asked for, that one; else the caller.  Work is given only
 * to who may do it and is qualified (R7).
 */
static int32
new_handler(const KefuTransition *t, const Move *move)
{
	int32		staff_id = move->actor.staff_id;
	char	   *gap;

	if (t->handler == NULL || strcmp(t->handler, "nobody") == 0)
		return 0;
	for (char **fact = t->requires; *fact; fact++)
	{
		if (strcmp(*fact, "staff") == 0)
		{
			int64		given = kefu_fact_number("staff", kefu_fact_value(move->call->args, "staff"));

			/* Nobody has a number beyond; cut off it would be somebody else's. */
			staff_id = (int32) Max(PG_INT32_MIN, Min(given, PG_INT32_MAX));
		}
		else if (strcmp(*fact, "shift") == 0)
			staff_id = shift_fact(move);
	}
	if (staff_id != move->actor.staff_id && !kefu_staff_serves(staff_id, move->unit))
		kefu_refuse_assignee(staff_id, move->unit);
	if (staff_id != move->object->handler && (gap = kefu_qualification_gap(staff_id)) != NULL)
		kefu_refuse_unqualified(staff_id, gap);
	return staff_id;
}

/*
 * Carries out a chosen transition on a locked object.
 */
static KefuOutcome
carry_out(const KefuCall *call, KefuObject *object, KefuTransition *chosen, Move *move)
{
	KefuTransition t = *chosen;	/* effects may drop the cache it lives in */
	KefuOutcome outcome = {0};
	int16		old_round = object->round;
	bool		changes = strcmp(t.to_state, object->state) != 0 ||
		strcmp(t.to_machine, object->machine->machine) != 0;
	int32		handler;
	bool		isnull;
	int			depth = kefu_guard_depth();

	t.to_state = pstrdup(t.to_state);
	t.to_machine = pstrdup(t.to_machine);
	t.handler = t.handler ? pstrdup(t.handler) : NULL;
	t.clock_ops = kefu_copy_names(t.clock_ops);
	t.requires = kefu_copy_names(t.requires);
	handler = new_handler(&t, move);
	if (changes)
		object->version++;
	move->event_id = kefu_audit_next_id();
	move->to_state = t.to_state;

	kefu_guard_open(object->machine->relation, object->id);
	append_event(move, &t, flags_of(call->authority));
	kefu_object_write(object, &t, handler);
	if (!t.speaks)
		stop_clocks(t.clock_ops, object, call->event, old_round, move->at);
	if (t.effect != InvalidOid)
		(void) call_with(t.effect, move, &isnull);
	if (t.speaks)
		outcome.speech_id = queue_speech(&t, move, object->version);
	kefu_guard_close(depth);

	if (t.effect != InvalidOid)
		reread(object);
	else
		object->machine = kefu_machine(t.to_machine);
	start_clocks(t.clock_ops, t.speaks != NULL, object, call->args, move->at);
	if (kefu_state(t.to_machine, t.to_state)->is_final)
		kefu_clock_stop_all(object->machine->object_type, object->id, move->at);

	outcome.machine = t.to_machine;
	outcome.id = object->id;
	outcome.state = t.to_state;
	outcome.version = object->version;
	outcome.event_id = move->event_id;
	return outcome;
}

static Move
begin_move(const KefuCall *call, KefuObject *object)
{
	Move		move = {0};

	move.call = call;
	move.object = object;
	move.unit = object->unit;
	move.at = kefu_now();
	if (call->authority == KEFU_BY_CALLER || call->authority == KEFU_BY_EVENT)
		move.actor = kefu_actor();
	return move;
}

/*
 * Guards and rights are STABLE: they see what the statement saw that called us, and
 * that may have waited for the lock since.  Until the snapshot is popped they see all
 * that was committed before the lock was ours (in REPEATABLE READ, what the
 * transaction sees).
 */
static void
judge_from_now_on(void)
{
	PushActiveSnapshot(GetTransactionSnapshot());
}

static KefuOutcome
advance_object(const KefuCall *call)
{
	KefuMachine *machine = kefu_machine_or_type(call->machine);
	KefuObject	object = {0};
	KefuTransition *first;
	KefuTransition *chosen;
	const char *missing;
	Move		move;

	if (machine == NULL)
		kefu_refuse_not_visible();
	/* The clock has the object already; what it fires never goes up to the parent. */
	if (call->authority != KEFU_BY_CLOCK)
		kefu_object_lock_parent(machine, call->id);
	if (!kefu_object_lock(machine, call->id, &object))
		kefu_refuse_not_visible();
	judge_from_now_on();
	if (call->authority == KEFU_BY_CALLER && !sees(&object))
		kefu_refuse_not_visible();
	if (strcmp(call->machine, object.machine->machine) != 0 &&
		strcmp(call->machine, object.machine->object_type) != 0)
		kefu_refuse_not_visible();
	if (call->has_version && call->version != object.version)
		kefu_refuse_stale(object.machine, object.state, call->version, object.version);
	first = kefu_transitions(object.machine->machine, object.state, call->event);
	if (first == NULL)
		kefu_refuse_transition(object.machine, object.state, call->event, false);
	if (call->authority == KEFU_BY_CALLER)
		kefu_check_facts(call->args);
	move = begin_move(call, &object);
	chosen = choose(first, &move);
	if (chosen == NULL)
		kefu_refuse_transition(object.machine, object.state, call->event, true);
	check_caller(call, &object, chosen, move.actor);
	check_named(call, &object);
	missing = kefu_missing_fact(chosen, &object, call->args);
	if (missing)
		kefu_refuse_missing(object.machine, object.state, call->event, missing);
	PopActiveSnapshot();
	return carry_out(call, &object, chosen, &move);
}

/* --- creation --------------------------------------------------------------- */

/*
 * The maker inserts the row in the state it is given; what it returns is then
 * locked like any other object, and gets its first event.
 */
static int64
make_object(KefuMachine *machine, const Move *move)
{
	bool		isnull;
	Datum		id;

	if (machine->maker == InvalidOid)
		kefu_refuse_transition(machine, KEFU_NEW, move->call->event, false);
	id = call_with(machine->maker, move, &isnull);
	if (isnull)
		elog(ERROR, "the maker of machine \"%s\" returned null", machine->machine);
	return DatumGetInt64(id);
}

static KefuOutcome
create_object(const KefuCall *call)
{
	KefuMachine *machine = kefu_machine(call->machine);
	KefuTransition *first;
	KefuTransition *chosen;
	KefuObject	object = {0};
	const char *missing;
	Move		move;

	if (machine == NULL)
		kefu_refuse_not_visible();
	object.machine = machine;
	object.state = KEFU_NEW;
	object.round = 1;
	object.unit = kefu_fact_text(call->args, "unit");
	first = kefu_transitions(machine->machine, KEFU_NEW, call->event);
	if (first == NULL)
		kefu_refuse_transition(machine, KEFU_NEW, call->event, false);
	if (object.unit == NULL)
		kefu_refuse_missing(machine, KEFU_NEW, call->event, "unit");
	judge_from_now_on();
	if (call->authority == KEFU_BY_CALLER && !kefu_actor_sees(object.unit))
		kefu_refuse_not_visible();
	if (call->authority == KEFU_BY_CALLER)
		kefu_check_facts(call->args);
	move = begin_move(call, &object);
	chosen = choose(first, &move);
	if (chosen == NULL)
		kefu_refuse_transition(machine, KEFU_NEW, call->event, true);
	check_caller(call, &object, chosen, move.actor);
	check_named(call, &object);
	missing = kefu_missing_fact(chosen, &object, call->args);
	if (missing)
		kefu_refuse_missing(machine, KEFU_NEW, call->event, missing);
	PopActiveSnapshot();

	move.to_state = chosen->to_state;
	object.id = make_object(machine, &move);
	if (!kefu_object_lock(machine, object.id, &object))
		elog(ERROR, "the maker of machine \"%s\" inserted no row", machine->machine);
	object.state = KEFU_NEW;
	object.version = 0;
	move.unit = object.unit;
	return carry_out(call, &object, chosen, &move);
}

/* --- receipts ------------------------------------------------------------------ */

typedef struct Speech
{
	int64		speech_id;
	char	   *object_type;
	int64		object_id;
	char	   *event;
	char	   *to_state;
	int16		round;
	char	  **clock_ops;
	bool		is_settled;
} Speech;

static Speech
read_speech(int64 speech_id)
{
	static KefuPlan plan = {
		"SELECT object_type, object_id, event, to_state, round, "
		"       array_to_string(clock_ops, ' '), outcome IS NOT NULL "
		"  FROM kefu.speech WHERE speech_id = $1", 1, {INT8OID}, NULL
	};
	Datum		arg = Int64GetDatum(speech_id);
	Speech		speech = {0};
	bool		isnull;

	if (kefu_spi_run(&plan, &arg, NULL, false, 1) == 0)
		kefu_refuse_not_visible();
	speech.speech_id = speech_id;
	speech.object_type = kefu_spi_text(0, 1);
	speech.object_id = DatumGetInt64(kefu_spi_value(0, 2, &isnull));
	speech.event = kefu_spi_text(0, 3);
	speech.to_state = kefu_spi_text(0, 4);
	speech.round = DatumGetInt16(kefu_spi_value(0, 5, &isnull));
	speech.clock_ops = kefu_split_names(kefu_spi_text(0, 6));
	speech.is_settled = DatumGetBool(kefu_spi_value(0, 7, &isnull));
	return speech;
}

/*
 * Appends an event that moves nothing, such as a receipt, to an object whose
 * frame is open.
 */
static void
record_event(KefuObject *object, const char *name, int64 speech_id, TimestampTz at)
{
	Jsonb	   *facts = parse_object(psprintf("{\"speech\": " INT64_FORMAT
											  ", \"delivered_at\": \"%s\"}",
											  speech_id, kefu_instant_text(at)));
	KefuCall	call = {.event = name, .args = facts};
	KefuTransition same = {.to_machine = object->machine->machine, .to_state = object->state};
	Move		move = {.call = &call, .object = object, .unit = object->unit,
		.at = kefu_now(), .event_id = kefu_audit_next_id()};

	append_event(&move, &same, KEFU_EVENT_BY_PLATFORM);
	kefu_object_write(object, &same, 0);
}

/*
 * Settles a speech that the platform has taken in all its parts: the clocks
 * that waited for it stop at the platform's time.  Those that count from the
 * event start then too, unless the object went on meanwhile.  A speech that is
 * settled already is left alone.
 */
void
kefu_settle_speech(int64 speech_id, TimestampTz at)
{
	static KefuPlan done = {
		"UPDATE kefu.speech SET outcome = 'delivered', settled_at = $2 WHERE speech_id = $1",
		2, {INT8OID, TIMESTAMPTZOID}, NULL
	};
	static KefuPlan note = {
		"SELECT kefu.note_delivery($1, $2)", 2, {INT8OID, TIMESTAMPTZOID}, NULL
	};
	Datum		v[2] = {Int64GetDatum(speech_id), TimestampTzGetDatum(at)};
	int			depth = kefu_guard_depth();
	KefuObject	object = {0};
	Speech		speech;

	kefu_spi_begin();
	speech = read_speech(speech_id);
	if (!kefu_object_lock(kefu_machine_or_type(speech.object_type), speech.object_id, &object))
		kefu_refuse_not_visible();
	speech = read_speech(speech_id);	/* again, now that nobody else settles it */
	if (!speech.is_settled)
	{
		int16		round = object.round;

		kefu_guard_open(object.machine->relation, object.id);
		record_event(&object, "delivered", speech_id, at);
		kefu_spi_run(&done, v, NULL, false, 0);
		kefu_spi_run(&note, v, NULL, false, 0);
		kefu_guard_close(depth);
		stop_clocks(speech.clock_ops, &object, speech.event, speech.round, at);
		object.round = speech.round;
		if (strcmp(object.state, speech.to_state) == 0 && round == speech.round)
			start_clocks(speech.clock_ops, false, &object, parse_object("{}"), at);
	}
	kefu_spi_end();
}

KefuOutcome
kefu_advance(const KefuCall *call)
{
	MemoryContext caller_context = CurrentMemoryContext;
	KefuOutcome outcome = {0};
	int32		staff_id = 0;

	kefu_spi_begin();
	if (call->request_key)
	{
		staff_id = kefu_actor().staff_id;
		if (staff_id != 0)
		{
			/* Retries of one call wait for each other; see doc/decisions.md. */
			kefu_request_lock(staff_id, call->request_key);
			if (kefu_request_find(call, staff_id, &outcome))
				goto done;
		}
	}
	outcome = call->id == 0 ? create_object(call) : advance_object(call);
	if (staff_id != 0)
		kefu_request_keep(call, staff_id, &outcome);
done:
	/* The strings must outlive SPI: the caller makes a row of them. */
	outcome.machine = MemoryContextStrdup(caller_context, outcome.machine);
	outcome.state = MemoryContextStrdup(caller_context, outcome.state);
	kefu_spi_end();
	return outcome;
}
