/*
 * guard.c
 *		The trigger that refuses every plain UPDATE and DELETE of an object.
 *
 * A change is let through only under a permit held in this file's memory, and
 * only the engine sets permits: each for one row, cleared when used and
 * whenever a transaction or subtransaction ends.  No setting, role or superuser
 * can make one.  Who switches triggers off passes, and is found by
 * kefu.verify_audit().
 *
 * INSERT is free for the owner, so that a restore works.
 */
#include "kefu.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "guard.h"

#define MAX_FRAMES 32

typedef struct Frame
{
	Oid			relation;
	int64		id;
	SubTransactionId opened_in;
	bool		move;			/* one change of the engine's columns is due */
	char		from_state[NAMEDATALEN];
	char		to_state[NAMEDATALEN];
} Frame;

static Frame frames[MAX_FRAMES];
static int	depth = 0;
static Oid	heads = InvalidOid;

static void
forget(void)
{
	depth = 0;
	heads = InvalidOid;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	forget();
}

/*
 * A subtransaction that fails leaves by longjmp past the closing calls, so its
 * frames, which are the last ones, are closed here.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId mine,
					  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		heads = InvalidOid;
		while (depth > 0 && frames[depth - 1].opened_in >= mine)
			depth--;
	}
}

static void
watch_transactions(void)
{
	static bool watching = false;

	if (watching)
		return;
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
	watching = true;
}

int
kefu_guard_depth(void)
{
	return depth;
}

void
kefu_guard_open(Oid relation, int64 id)
{
	watch_transactions();
	if (depth >= MAX_FRAMES)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("events raise each other more than %d deep", MAX_FRAMES)));
	memset(&frames[depth], 0, sizeof(Frame));
	frames[depth].relation = relation;
	frames[depth].id = id;
	frames[depth].opened_in = GetCurrentSubTransactionId();
	depth++;
}

void
kefu_guard_close(int to_depth)
{
	depth = to_depth;
}

bool
kefu_guard_is_nested(void)
{
	return depth > 0;
}

void
kefu_guard_permit_move(const char *from_state, const char *to_state)
{
	Frame	   *frame = &frames[depth - 1];

	frame->move = true;
	strlcpy(frame->from_state, from_state, NAMEDATALEN);
	strlcpy(frame->to_state, to_state, NAMEDATALEN);
}

void
kefu_guard_permit_heads(Oid relation)
{
	watch_transactions();
	heads = relation;
}

void
kefu_guard_forbid_heads(void)
{
	heads = InvalidOid;
}

/* --- the trigger -------------------------------------------------------- */

typedef struct Column
{
	Datum		value;
	bool		isnull;
	int16		length;
	bool		byval;
} Column;

static Column
column_of(HeapTuple tuple, TupleDesc desc, const char *name)
{
	Column		column = {0};
	int			number = SPI_ERROR_NOATTRIBUTE;

	for (int i = 0; i < desc->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
		{
			number = i + 1;
			column.length = TupleDescAttr(desc, i)->attlen;
			column.byval = TupleDescAttr(desc, i)->attbyval;
			break;
		}
	if (number <= 0)
	{
		column.isnull = true;	/* e.g. kind, where the table has none */
		return column;
	}
	column.value = heap_getattr(tuple, number, desc, &column.isnull);
	return column;
}

static bool
same(HeapTuple old_tuple, HeapTuple new_tuple, TupleDesc desc, const char *name)
{
	Column		a = column_of(old_tuple, desc, name);
	Column		b = column_of(new_tuple, desc, name);

	if (a.isnull || b.isnull)
		return a.isnull == b.isnull;
	return datumIsEqual(a.value, b.value, a.byval, a.length);
}

static bool
is_text(HeapTuple tuple, TupleDesc desc, const char *name, const char *expected)
{
	Column		column = column_of(tuple, desc, name);

	return !column.isnull && strcmp(TextDatumGetCString(column.value), expected) == 0;
}

static bool
engine_columns_stay(HeapTuple old_tuple, HeapTuple new_tuple, TupleDesc desc)
{
	return same(old_tuple, new_tuple, desc, "state") &&
		same(old_tuple, new_tuple, desc, "version") &&
		same(old_tuple, new_tuple, desc, "audit_seq") &&
		same(old_tuple, new_tuple, desc, "audit_head") &&
		same(old_tuple, new_tuple, desc, "kind");
}

/* Nothing but the chain's head moves: everything else is bit for bit the same. */
static bool
only_heads_move(HeapTuple old_tuple, HeapTuple new_tuple, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);

		if (TupleDescAttr(desc, i)->attisdropped ||
			strcmp(name, "audit_seq") == 0 || strcmp(name, "audit_head") == 0)
			continue;
		if (!same(old_tuple, new_tuple, desc, name))
			return false;
	}
	return true;
}

static Frame *
frame_of(Oid relation, int64 id)
{
	for (int i = depth; i-- > 0;)
		if (frames[i].relation == relation && frames[i].id == id)
			return &frames[i];
	return NULL;
}

static bool
permitted(Relation rel, HeapTuple old_tuple, HeapTuple new_tuple)
{
	TupleDesc	desc = RelationGetDescr(rel);
	bool		isnull;
	int64		id = DatumGetInt64(heap_getattr(old_tuple, 1, desc, &isnull));
	Frame	   *frame;

	if (heads == RelationGetRelid(rel))
		return only_heads_move(old_tuple, new_tuple, desc);
	frame = frame_of(RelationGetRelid(rel), id);
	if (frame == NULL || DatumGetInt64(heap_getattr(new_tuple, 1, desc, &isnull)) != id)
		return false;
	if (frame->move &&
		is_text(old_tuple, desc, "state", frame->from_state) &&
		is_text(new_tuple, desc, "state", frame->to_state))
	{
		frame->move = false;
		return true;
	}
	return engine_columns_stay(old_tuple, new_tuple, desc);
}

KEFU_FUNCTION(kefu_guard);

/*
 * BEFORE UPDATE OR DELETE on a table of objects, and BEFORE TRUNCATE.  The id is
 * the first column of each such table.
 */
Datum
kefu_guard(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "kefu.guard() is a trigger function");
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event) &&
		permitted(data->tg_relation, data->tg_trigtuple, data->tg_newtuple))
		return PointerGetDatum(data->tg_newtuple);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("rows of kefu.%s are changed by events only",
					RelationGetRelationName(data->tg_relation)),
			 errdetail("A plain UPDATE, DELETE or TRUNCATE is refused for everyone, "
					   "the owner and superusers included."),
			 errhint("Call kefu.advance() or one of the functions named after the event.")));
	PG_RETURN_NULL();
}
