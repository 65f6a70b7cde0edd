/*
 * tick.c
 *		Fires what is due.
 *
 * Lock order: due clocks are read without locking, their objects are locked
 * (whatever is locked already is left for the next call), the clocks are read
 * again under those locks and fired.  So a tick never waits, never deadlocks
 * with an event on the same ticket, and two ticks at once fire each level once.
 *
 * Telling somebody is set-wise: one statement each for clocks, escalations,
 * audit events and the objects' chain heads.  A level that fires an event goes
 * through the engine by itself.  If a batch fails, each of its clocks is tried
 * alone, and the one at fault is put off by a minute with a warning.
 *
 * Of levels that fire an event a call takes no more than its caller wants and leaves
 * the others for the next one, so that what they queue is committed soon: of a hundred
 * posts that are due at once the first leave while the others are being fired.
 *
 * After an outage only the highest level reached is acted on; those below it
 * are recorded as skipped.
 */
#include "kefu.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "advance.h"
#include "audit.h"
#include "clock.h"
#include "guard.h"
#include "spi.h"
#include "who.h"
#include "workflow.h"

/* More than this many escalations for one person in one tick become a digest. */
#define DIGEST_OVER 20

#define LOCKED_RETRY_MS 200

/* A clock that is due, and what becomes of it. */
typedef struct Due
{
	int64		clock_id;
	char	   *object_type;
	int64		object_id;
	char	   *clock;
	int32		policy_id;
	char	   *unit;
	TimestampTz started_at;
	TimestampTz due_at;
	int16		next_level;

	int16		reached;		/* level that is acted on */
	char	   *role;
	char	   *event;
	TimestampTz level_at;
	int16		new_level;
	TimestampTz fire_at;		/* DT_NOBEGIN: no level is left */
	int32		staff_id;		/* 0: nobody is on */
	int64		digest_id;		/* 0: told directly */
	const char *outcome;
} Due;

/* A locked object. */
typedef struct Locked
{
	int64		id;
	char	   *machine;
	char	   *state;
	int32		version;
	int32		audit_seq;
	uint8		head[KEFU_HASH_LENGTH];
	char	   *unit;
	char	   *department;		/* whom the level role of that name stands for */
	int32		handler;
	bool		touched;
} Locked;

typedef struct Tick
{
	TimestampTz now;
	int			fired;
	int			skipped;
	int			events;			/* that levels fired */
	int			max_events;
	bool		is_full;		/* there may be more that is due */
	List	   *known;			/* recipients met so far, with their counts */
} Tick;

/* --- arrays for the set-wise statements ------------------------------------ */

typedef struct Column
{
	Oid			type;
	Datum	   *values;
	bool	   *nulls;
} Column;

static Column
new_column(Oid type, int count)
{
	Column		column = {type, palloc(sizeof(Datum) * Max(count, 1)),
		palloc0(sizeof(bool) * Max(count, 1))};

	return column;
}

static Datum
to_array(const Column *column, int count)
{
	int			dims[1] = {count};
	int			lbs[1] = {1};
	int16		length;
	bool		byval;
	char		align;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(column->type));
	get_typlenbyvalalign(column->type, &length, &byval, &align);
	return PointerGetDatum(construct_md_array(column->values, column->nulls, 1, dims, lbs,
											  column->type, length, byval, align));
}

static void
put_text(Column *column, int row, const char *text)
{
	column->nulls[row] = text == NULL;
	column->values[row] = text ? CStringGetTextDatum(text) : (Datum) 0;
}

/* --- reading ------------------------------------------------------------------ */

static Datum
id_array(const int64 *ids, int count)
{
	Column		column = new_column(INT8OID, count);

	for (int i = 0; i < count; i++)
		column.values[i] = Int64GetDatum(ids[i]);
	return to_array(&column, count);
}

/*
 * Objects of the due clocks, as (type, id) in the order of their types and ids,
 * but for so many of the longest due.
 */
static int
find_due(TimestampTz now, int max, int64 passed_over, char ***types, int64 **objects,
		 int64 **clocks)
{
	static KefuPlan plan = {
		"SELECT d.object_type, d.object_id, d.clock_id FROM ("
		"  SELECT object_type, object_id, clock_id FROM kefu.clock "
		"   WHERE next_fire_at <= $1 ORDER BY next_fire_at LIMIT $2 OFFSET $3) AS d "
		" ORDER BY d.object_type, d.object_id",
		3, {TIMESTAMPTZOID, INT4OID, INT8OID}, NULL
	};
	Datum		v[3] = {
		TimestampTzGetDatum(now), Int32GetDatum(max), Int64GetDatum(passed_over)
	};
	int			count = kefu_spi_run(&plan, v, NULL, false, 0);
	bool		isnull;

	*types = palloc(sizeof(char *) * Max(count, 1));
	*objects = palloc(sizeof(int64) * Max(count, 1));
	*clocks = palloc(sizeof(int64) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		(*types)[i] = kefu_spi_text(i, 1);
		(*objects)[i] = DatumGetInt64(kefu_spi_value(i, 2, &isnull));
		(*clocks)[i] = DatumGetInt64(kefu_spi_value(i, 3, &isnull));
	}
	return count;
}

/* The statements for one table of objects. */
typedef struct TablePlans
{
	Oid			relation;
	KefuPlan	lock;
	KefuPlan	heads;
} TablePlans;

/*
 * The last column is whom the level role 'department' stands for: of a ticket,
 * the department that has its open work order, if there is one.
 */
static char *
lock_text(const KefuMachine *machine, const char *table, const char *id)
{
	return psprintf("SELECT o.%s, %s%s, o.state, o.version, o.audit_seq, o.audit_head, "
					"o.unit, o.handler, %s FROM %s o WHERE o.%s = ANY ($1) "
					"ORDER BY 1 FOR NO KEY UPDATE OF o SKIP LOCKED",
					id, machine->kind_column ? "o." : "",
					machine->kind_column ? quote_identifier(machine->kind_column) :
					quote_literal_cstr(machine->machine),
					strcmp(machine->object_type, "ticket") == 0 ?
					"coalesce((SELECT w.department FROM kefu.work_order w "
					" WHERE w.ticket_id = o.ticket_id AND w.closed_at IS NULL "
					" ORDER BY w.order_id DESC LIMIT 1), o.unit)" : "o.unit",
					table, id);
}

static char *
heads_text(const char *table, const char *id)
{
	return psprintf("UPDATE %s o SET audit_seq = n.audit_seq, audit_head = n.audit_head "
					"  FROM unnest($1::bigint[], $2::integer[], $3::bytea[]) "
					"       AS n(id, audit_seq, audit_head) WHERE o.%s = n.id", table, id);
}

static TablePlans *
plans_of(const KefuMachine *machine)
{
	static HTAB *all = NULL;
	TablePlans *plans;
	Oid			relation = machine->relation;
	char	   *table;
	char	   *id;
	char	   *lock;
	char	   *heads;

	if (all == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(TablePlans)};

		all = hash_create("kefu tick plans", 16, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	plans = hash_search(all, &relation, HASH_FIND, NULL);
	if (plans != NULL)
		return plans;

	table = quote_qualified_identifier("kefu", get_rel_name(relation));
	id = pstrdup(quote_identifier(machine->id_column));
	lock = MemoryContextStrdup(TopMemoryContext, lock_text(machine, table, id));
	heads = MemoryContextStrdup(TopMemoryContext, heads_text(table, id));
	plans = hash_search(all, &relation, HASH_ENTER, NULL);
	plans->lock = (KefuPlan) {lock, 1, {INT8ARRAYOID}, NULL};
	plans->heads = (KefuPlan) {heads, 3, {INT8ARRAYOID, INT4ARRAYOID, BYTEAARRAYOID}, NULL};
	return plans;
}

static int
lock_objects(KefuMachine *machine, const int64 *ids, int count, Locked **locked)
{
	Datum		arg = id_array(ids, count);
	int			found = kefu_spi_run(&plans_of(machine)->lock, &arg, NULL, false, 0);
	Locked	   *list = palloc0(sizeof(Locked) * Max(found, 1));
	bool		isnull;

	for (int i = 0; i < found; i++)
	{
		Datum		value;

		list[i].id = DatumGetInt64(kefu_spi_value(i, 1, &isnull));
		list[i].machine = kefu_spi_text(i, 2);
		list[i].state = kefu_spi_text(i, 3);
		list[i].version = DatumGetInt32(kefu_spi_value(i, 4, &isnull));
		list[i].audit_seq = DatumGetInt32(kefu_spi_value(i, 5, &isnull));
		value = kefu_spi_value(i, 6, &isnull);
		if (!isnull && VARSIZE_ANY_EXHDR(DatumGetByteaPP(value)) == KEFU_HASH_LENGTH)
			memcpy(list[i].head, VARDATA_ANY(DatumGetByteaPP(value)), KEFU_HASH_LENGTH);
		list[i].unit = kefu_spi_text(i, 7);
		value = kefu_spi_value(i, 8, &isnull);
		list[i].handler = isnull ? 0 : DatumGetInt32(value);
		list[i].department = kefu_spi_text(i, 9);
	}
	*locked = list;
	return found;
}

static int
compare_locked(const void *key, const void *element)
{
	int64		id = *(const int64 *) key;
	int64		other = ((const Locked *) element)->id;

	return id < other ? -1 : id > other;
}

static Locked *
find_locked(Locked *locked, int count, int64 id)
{
	return bsearch(&id, locked, count, sizeof(Locked), compare_locked);
}

/*
 * The clocks once more, now that their objects are ours; a clock that stopped
 * or fired meanwhile isn't due any more.
 */
static int
reread_due(TimestampTz now, const int64 *clocks, int count, Due **dues)
{
	static KefuPlan plan = {
		"SELECT clock_id, object_type, object_id, clock, policy_id, unit, started_at, due_at, "
		"       next_level "
		"  FROM kefu.clock WHERE clock_id = ANY ($1) AND next_fire_at <= $2 "
		" ORDER BY object_type, object_id, clock_id",
		2, {INT8ARRAYOID, TIMESTAMPTZOID}, NULL
	};
	Datum		v[2] = {id_array(clocks, count), TimestampTzGetDatum(now)};
	int			found = kefu_spi_run(&plan, v, NULL, false, 0);
	Due		   *list = palloc0(sizeof(Due) * Max(found, 1));
	bool		isnull;

	for (int i = 0; i < found; i++)
	{
		list[i].clock_id = DatumGetInt64(kefu_spi_value(i, 1, &isnull));
		list[i].object_type = kefu_spi_text(i, 2);
		list[i].object_id = DatumGetInt64(kefu_spi_value(i, 3, &isnull));
		list[i].clock = kefu_spi_text(i, 4);
		list[i].policy_id = DatumGetInt32(kefu_spi_value(i, 5, &isnull));
		list[i].unit = kefu_spi_text(i, 6);
		list[i].started_at = DatumGetTimestampTz(kefu_spi_value(i, 7, &isnull));
		list[i].due_at = DatumGetTimestampTz(kefu_spi_value(i, 8, &isnull));
		list[i].next_level = DatumGetInt16(kefu_spi_value(i, 9, &isnull));
	}
	*dues = list;
	return found;
}

/* --- deciding ------------------------------------------------------------------ */

/* The highest level reached, and what is left of the clock after it. */
static void
reach_level(Due *due, TimestampTz now)
{
	int16		level = due->next_level;
	KefuLevel  *l = kefu_policy_level(due->policy_id, level);

	due->fire_at = DT_NOBEGIN;
	due->reached = 0;
	for (; l != NULL; l = kefu_policy_level(due->policy_id, ++level))
	{
		TimestampTz at = kefu_level_at(l, due->started_at, due->due_at);

		if (at > now)
		{
			due->fire_at = at;
			break;
		}
		due->reached = level;
		due->level_at = at;
		due->role = l->role ? pstrdup(l->role) : NULL;
		due->event = l->event ? pstrdup(l->event) : NULL;
	}
	due->new_level = level;
}

typedef struct Recipient
{
	char	   *unit;
	char	   *role;
	int32		handler;
	int32		staff_id;
	int			told;
	int64		digest_id;
} Recipient;

/*
 * Who is told, looked up once for each unit, role and handler of a batch.
 */
static Recipient *
recipient_of(List **known, const Due *due, const Locked *object, TimestampTz now)
{
	static KefuPlan plan = {
		"SELECT kefu.on_duty($1, $2, $3, $4)", 4,
		{TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID}, NULL
	};
	char	   *unit = strcmp(due->role, "department") == 0 ? object->department : object->unit;
	Recipient  *r;
	ListCell   *cell;
	Datum		v[4];
	Datum		staff;
	bool		isnull;

	foreach(cell, *known)
	{
		r = lfirst(cell);
		if (strcmp(r->unit, unit) == 0 && strcmp(r->role, due->role) == 0 &&
			r->handler == object->handler)
			return r;
	}
	r = palloc0(sizeof(Recipient));
	r->unit = unit;
	r->role = due->role;
	r->handler = object->handler;
	v[0] = CStringGetTextDatum(r->unit);
	v[1] = CStringGetTextDatum(r->role);
	v[2] = TimestampTzGetDatum(now);
	v[3] = Int32GetDatum(r->handler);
	kefu_spi_run(&plan, v, NULL, false, 1);
	staff = kefu_spi_value(0, 1, &isnull);
	r->staff_id = isnull ? 0 : DatumGetInt32(staff);
	*known = lappend(*known, r);
	return r;
}

/* The open digest of a recipient, or of the next shift; made where there is none. */
static int64
digest_of(Recipient *r, TimestampTz now)
{
	static KefuPlan plan = {
		"SELECT kefu.open_digest($1, $2, $3, $4)", 4,
		{TEXTOID, TEXTOID, INT4OID, TIMESTAMPTZOID}, NULL
	};
	Datum		v[4];
	bool		isnull;

	if (r->digest_id == 0)
	{
		v[0] = CStringGetTextDatum(r->unit);
		v[1] = CStringGetTextDatum(r->role);
		v[2] = Int32GetDatum(r->staff_id);
		v[3] = TimestampTzGetDatum(now);
		kefu_spi_run(&plan, v, r->staff_id ? NULL : "  n ", false, 1);
		r->digest_id = DatumGetInt64(kefu_spi_value(0, 1, &isnull));
	}
	return r->digest_id;
}

static void
decide(Due *due, const Locked *object, List **known, TimestampTz now)
{
	Recipient  *r;

	if (due->role == NULL)
	{
		due->outcome = "fired";
		return;
	}
	r = recipient_of(known, due, object, now);
	due->staff_id = r->staff_id;
	if (r->staff_id == 0)
		due->outcome = "unattended";
	else if (++r->told > DIGEST_OVER)
		due->outcome = "digest";
	else
		due->outcome = "told";
	if (strcmp(due->outcome, "told") != 0)
		due->digest_id = digest_of(r, now);
}

/* --- writing -------------------------------------------------------------------- */

static void
write_clocks(const Due *dues, int count)
{
	static KefuPlan plan = {
		"UPDATE kefu.clock c SET next_level = n.next_level, next_fire_at = n.next_fire_at "
		"  FROM unnest($1::bigint[], $2::smallint[], $3::timestamptz[]) "
		"       AS n(clock_id, next_level, next_fire_at) WHERE c.clock_id = n.clock_id",
		3, {INT8ARRAYOID, INT2ARRAYOID, TIMESTAMPTZARRAYOID}, NULL
	};
	Column		ids = new_column(INT8OID, count);
	Column		levels = new_column(INT2OID, count);
	Column		at = new_column(TIMESTAMPTZOID, count);
	Datum		v[3];

	for (int i = 0; i < count; i++)
	{
		ids.values[i] = Int64GetDatum(dues[i].clock_id);
		levels.values[i] = Int16GetDatum(dues[i].new_level);
		at.values[i] = TimestampTzGetDatum(dues[i].fire_at);
		at.nulls[i] = dues[i].fire_at == DT_NOBEGIN;
	}
	v[0] = to_array(&ids, count);
	v[1] = to_array(&levels, count);
	v[2] = to_array(&at, count);
	kefu_spi_run(&plan, v, NULL, false, 0);
}

static void
put_escalation(Column *c, int row, const Due *due, int16 level, const char *outcome,
			   TimestampTz level_at, TimestampTz now)
{
	bool		acted = strcmp(outcome, "skipped") != 0;

	c[0].values[row] = Int64GetDatum(due->clock_id);
	c[1].values[row] = Int16GetDatum(level);
	put_text(&c[2], row, outcome);
	put_text(&c[3], row, acted ? due->role : NULL);
	c[4].values[row] = Int32GetDatum(due->staff_id);
	c[4].nulls[row] = !acted || due->staff_id == 0;
	c[5].values[row] = Int64GetDatum(due->digest_id);
	c[5].nulls[row] = !acted || due->digest_id == 0;
	c[6].values[row] = TimestampTzGetDatum(level_at);
	c[7].values[row] = TimestampTzGetDatum(now);
}

static void
write_escalations(const Due *dues, int count, TimestampTz now)
{
	static KefuPlan plan = {
		"INSERT INTO kefu.escalation (clock_id, level, outcome, role, staff_id, digest_id, "
		"  due_at, fired_at) "
		"SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], "
		"  $5::integer[], $6::bigint[], $7::timestamptz[], $8::timestamptz[])",
		8, {INT8ARRAYOID, INT2ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT4ARRAYOID, INT8ARRAYOID,
			TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID}, NULL
	};
	static const Oid types[8] = {INT8OID, INT2OID, TEXTOID, TEXTOID, INT4OID, INT8OID,
								 TIMESTAMPTZOID, TIMESTAMPTZOID};
	int			total = 0;
	int			row = 0;
	Column		c[8];
	Datum		v[8];

	for (int i = 0; i < count; i++)
		total += dues[i].reached - dues[i].next_level + 1;
	for (int n = 0; n < 8; n++)
		c[n] = new_column(types[n], total);
	for (int i = 0; i < count; i++)
	{
		for (int16 level = dues[i].next_level; level < dues[i].reached; level++)
			put_escalation(c, row++, &dues[i], level, "skipped",
						   kefu_level_at(kefu_policy_level(dues[i].policy_id, level),
										 dues[i].started_at, dues[i].due_at), now);
		put_escalation(c, row++, &dues[i], dues[i].reached, dues[i].outcome,
					   dues[i].level_at, now);
	}
	for (int n = 0; n < 8; n++)
		v[n] = to_array(&c[n], total);
	kefu_spi_run(&plan, v, NULL, false, 0);
}

static Jsonb *
level_facts(const Due *due)
{
	JsonbParseState *state = NULL;
	JsonbValue	value;
	const char *pairs[4][2] = {{"clock", due->clock}, {"outcome", due->outcome},
	{"role", due->role}, {"fires", due->event}};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < 6; i++)
	{
		const char *key = i < 4 ? pairs[i][0] : i == 4 ? "level" : "staff";

		if (i < 4 && pairs[i][1] == NULL)
			continue;
		if (i == 5 && due->staff_id == 0)
			continue;
		value.type = jbvString;
		value.val.string.val = unconstify(char *, key);
		value.val.string.len = strlen(key);
		pushJsonbValue(&state, WJB_KEY, &value);
		if (i < 4)
		{
			value.val.string.val = unconstify(char *, pairs[i][1]);
			value.val.string.len = strlen(pairs[i][1]);
		}
		else
		{
			value.type = jbvNumeric;
			value.val.numeric = DatumGetNumeric(DirectFunctionCall1(int4_numeric,
																	Int32GetDatum(i == 4 ? due->reached :
																				  due->staff_id)));
		}
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Locked *
must_find(Locked *locked, int count, int64 id)
{
	Locked	   *object = find_locked(locked, count, id);

	if (object == NULL)
		elog(ERROR, "object " INT64_FORMAT " is not locked", id);
	return object;
}

static void
write_events(const Due *dues, int count, Locked *locked, int nlocked, TimestampTz now)
{
	KefuEvent  *events = palloc0(sizeof(KefuEvent) * count);

	for (int i = 0; i < count; i++)
	{
		Locked	   *object = must_find(locked, nlocked, dues[i].object_id);
		KefuEvent  *event = &events[i];

		event->object_type = dues[i].object_type;
		event->object_id = object->id;
		event->seq = ++object->audit_seq;
		event->at = now;
		event->machine = object->machine;
		event->event = "level";
		event->from_state = object->state;
		event->to_state = object->state;
		event->version = object->version;
		event->unit = object->unit;
		event->flags = KEFU_EVENT_BY_CLOCK;
		event->facts = level_facts(&dues[i]);
		memcpy(event->head, object->head, KEFU_HASH_LENGTH);
	}
	kefu_audit_append(events, count);
	for (int i = 0; i < count; i++)
	{
		Locked	   *object = must_find(locked, nlocked, dues[i].object_id);

		memcpy(object->head, events[i].hash, KEFU_HASH_LENGTH);
		object->touched = true;
	}
}

static void
write_heads(KefuMachine *machine, Locked *locked, int nlocked)
{
	Column		ids = new_column(INT8OID, nlocked);
	Column		seqs = new_column(INT4OID, nlocked);
	Column		hashes = new_column(BYTEAOID, nlocked);
	Datum		v[3];
	int			count = 0;

	for (int i = 0; i < nlocked; i++)
	{
		bytea	   *head;

		if (!locked[i].touched)
			continue;
		head = palloc(VARHDRSZ + KEFU_HASH_LENGTH);
		SET_VARSIZE(head, VARHDRSZ + KEFU_HASH_LENGTH);
		memcpy(VARDATA(head), locked[i].head, KEFU_HASH_LENGTH);
		ids.values[count] = Int64GetDatum(locked[i].id);
		seqs.values[count] = Int32GetDatum(locked[i].audit_seq);
		hashes.values[count] = PointerGetDatum(head);
		count++;
	}
	v[0] = to_array(&ids, count);
	v[1] = to_array(&seqs, count);
	v[2] = to_array(&hashes, count);
	kefu_guard_permit_heads(machine->relation);
	kefu_spi_run(&plans_of(machine)->heads, v, NULL, false, 0);
	kefu_guard_forbid_heads();
}

/* --- events that levels fire ------------------------------------------------------- */

/* Somebody was in the way; a little later it may go well. */
static bool
is_passing(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

/*
 * Runs something in a subtransaction of its own; false and a warning if it
 * failed.  What failed is undone, the rest goes on.  An error that passes is
 * raised again where the caller is itself to be tried again.
 */
static bool
try_alone(void (*action) (void *), void *arg, const char *what, bool raises_passing)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(arg);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN ||
			(raises_passing && is_passing(error->sqlerrcode)))
			ReThrowError(error);
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("%s: %s", what, error->message)));
		done = false;
	}
	PG_END_TRY();
	return done;
}

static void
fire_event(void *arg)
{
	Due		   *due = arg;
	KefuCall	call = {0};

	call.machine = due->object_type;
	call.id = due->object_id;
	call.event = due->event;
	call.args = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(
																			psprintf("{\"reason\": \"%s\", \"script\": \"negative_other_ways\"}", due->clock))));
	call.authority = KEFU_BY_CLOCK;
	(void) kefu_advance(&call);
}

/*
 * An event that its object refuses is recorded as refused and done with; one that
 * somebody was in the way of takes its clock along, to be fired again.
 */
static void
fire_events(Due *dues, int count)
{
	static KefuPlan refused = {
		"UPDATE kefu.escalation SET outcome = 'refused' WHERE clock_id = $1 AND level = $2",
		2, {INT8OID, INT2OID}, NULL
	};

	for (int i = 0; i < count; i++)
	{
		Datum		v[2];

		if (dues[i].event == NULL)
			continue;
		if (try_alone(fire_event, &dues[i],
					  psprintf("clock %s of %s " INT64_FORMAT " could not fire %s", dues[i].clock,
							   dues[i].object_type, dues[i].object_id, dues[i].event), true))
			continue;
		v[0] = Int64GetDatum(dues[i].clock_id);
		v[1] = Int16GetDatum(dues[i].reached);
		kefu_spi_run(&refused, v, NULL, false, 0);
	}
}

/* --- the tick --------------------------------------------------------------------- */

/* Due clocks of one object type. */
typedef struct Batch
{
	Tick	   *tick;
	const char *object_type;
	int64	   *objects;
	int64	   *clocks;
	int			count;
} Batch;

static void
fire_batch(void *arg)
{
	Batch	   *batch = arg;
	KefuMachine *machine = kefu_machine_or_type(batch->object_type);
	TimestampTz now = batch->tick->now;
	Locked	   *locked;
	Due		   *dues;
	int			nlocked = lock_objects(machine, batch->objects, batch->count, &locked);
	int			ndues = reread_due(now, batch->clocks, batch->count, &dues);
	int			events = 0;
	int			kept = 0;

	for (int i = 0; i < ndues; i++)
	{
		Locked	   *object = find_locked(locked, nlocked, dues[i].object_id);

		if (object == NULL)
		{
			batch->tick->skipped++;
			continue;
		}
		reach_level(&dues[i], now);
		if (dues[i].reached == 0)
			continue;
		if (dues[i].event != NULL && batch->tick->events + ++events > batch->tick->max_events)
			continue;
		decide(&dues[i], object, &batch->tick->known, now);
		dues[kept++] = dues[i];
	}
	batch->tick->events += events;
	if (kept == 0)
		return;
	write_clocks(dues, kept);
	write_escalations(dues, kept, now);
	write_events(dues, kept, locked, nlocked, now);
	write_heads(machine, locked, nlocked);
	fire_events(dues, kept);
	batch->tick->fired += kept;
}

static void
put_off(int64 clock_id, TimestampTz now)
{
	static KefuPlan plan = {
		"UPDATE kefu.clock SET next_fire_at = $2 WHERE clock_id = $1 AND next_fire_at IS NOT NULL",
		2, {INT8OID, TIMESTAMPTZOID}, NULL
	};
	Datum		v[2] = {Int64GetDatum(clock_id), TimestampTzGetDatum(now + USECS_PER_MINUTE)};

	kefu_spi_run(&plan, v, NULL, false, 0);
}

static void
fire_or_isolate(Batch *batch)
{
	int			events = batch->tick->events;

	if (try_alone(fire_batch, batch, "a batch of clocks failed, trying each alone", false))
		return;
	batch->tick->known = NIL;	/* its digests were undone */
	batch->tick->events = events;
	for (int i = 0; i < batch->count; i++)
	{
		Batch		one = *batch;

		one.objects = &batch->objects[i];
		one.clocks = &batch->clocks[i];
		one.count = 1;
		if (!try_alone(fire_batch, &one, psprintf("clock " INT64_FORMAT " is put off by a minute",
												  batch->clocks[i]), false))
			put_off(batch->clocks[i], batch->tick->now);
	}
}

/*
 * When the next level is due.  What was left because it is locked is tried again
 * soon, not at once, and keeps nothing else waiting.
 */
static Datum
next_at(const Tick *tick, bool *isnull)
{
	static KefuPlan first_after = {
		"SELECT min(next_fire_at) FROM kefu.clock WHERE next_fire_at > $1", 1, {TIMESTAMPTZOID}
	};
	bool		passes_over = tick->skipped > 0 && !tick->is_full;
	Datum		after = TimestampTzGetDatum(passes_over ? tick->now : DT_NOBEGIN);
	TimestampTz retry_at = TimestampTzPlusMilliseconds(tick->now, LOCKED_RETRY_MS);
	Datum		value;

	kefu_spi_run(&first_after, &after, NULL, false, 1);
	value = kefu_spi_value(0, 1, isnull);
	if (passes_over && (*isnull || DatumGetTimestampTz(value) > retry_at))
	{
		value = TimestampTzGetDatum(retry_at);
		*isnull = false;
	}
	return value;
}

/*
 * Whether this database is a copy of a desk that lives elsewhere, where nothing
 * fires.  The workers look by themselves; whatever else calls kefu.tick(), such
 * as pg_cron in a clone of a whole cluster, does not.
 */
static bool
in_foreign_copy(void)
{
	static KefuPlan plan = {"SELECT kefu.is_foreign_copy()"};
	bool		isnull;

	kefu_spi_run(&plan, NULL, NULL, true, 1);
	return DatumGetBool(kefu_spi_value(0, 1, &isnull));
}

/*
 * Fires what is due, at most so many clocks; true if there may be more.
 */
static bool
fire_due(Tick *tick, int max)
{
	char	  **types;
	int64	   *objects;
	int64	   *clocks;
	int			count = find_due(tick->now, max, tick->skipped, &types, &objects, &clocks);

	for (int from = 0, to; from < count; from = to)
	{
		Batch		batch = {tick, types[from], &objects[from], &clocks[from], 0};

		for (to = from; to < count && strcmp(types[to], types[from]) == 0; to++)
			;
		batch.count = to - from;
		fire_or_isolate(&batch);
	}
	return (count > 0 && count == max) || tick->events > tick->max_events;
}

KEFU_FUNCTION(kefu_tick);

Datum
kefu_tick(PG_FUNCTION_ARGS)
{
	int			max = PG_GETARG_INT32(0);
	Tick		tick = {.now = kefu_now(), .max_events = PG_ARGISNULL(1) ? max : PG_GETARG_INT32(1)};
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false};
	bool		is_foreign;
	int			passed_over;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	kefu_spi_begin();
	is_foreign = in_foreign_copy();
	/* Should somebody hold that many, those behind them have their turn. */
	do
	{
		passed_over = tick.skipped;
		tick.is_full = !is_foreign && fire_due(&tick, max);
	} while (tick.is_full && tick.fired == 0 && tick.skipped > passed_over);
	values[0] = Int32GetDatum(tick.fired);
	values[1] = Int32GetDatum(tick.skipped);
	if (is_foreign)
		nulls[2] = true;
	else
		values[2] = next_at(&tick, &nulls[2]);
	kefu_spi_end();
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
