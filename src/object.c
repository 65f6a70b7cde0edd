/*
 * object.c
 *		The row of an object as the engine sees it: locked, read, moved.
 *
 * Objects live in tables of their own (ticket, message, work_order, task); the
 * rows of kefu.machine say how their columns are called.  The statements for a
 * table are made once a session and kept.
 *
 * What it doesn't do: choose a transition or check anybody (advance.c).
 */
#include "kefu.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "canon.h"
#include "guard.h"
#include "lock.h"
#include "object.h"
#include "write.h"

/* The columns that an object is read from; READER is the first of KEFU_READERS. */
typedef enum ObjectColumn
{
	STATE, VERSION, AUDIT_SEQ, AUDIT_HEAD, UNIT, HANDLER, ROUND, KIND, POSTED, READER
} ObjectColumn;

#define OBJECT_COLUMNS (READER + KEFU_READERS)

typedef struct TypePlans
{
	Oid			relation;		/* hash key */
	AttrNumber	columns[OBJECT_COLUMNS];	/* InvalidAttrNumber: has no such */
	KefuPlan	record;
	KefuPlan	parent;
} TypePlans;

static void
find_columns(AttrNumber *columns, const KefuMachine *machine)
{
	const char *names[OBJECT_COLUMNS] = {
		"state", "version", "audit_seq", "audit_head", "unit", "handler",
		machine->round_column, machine->kind_column, machine->posted_column
	};

	for (int i = 0; i < KEFU_READERS && machine->readers && machine->readers[i]; i++)
		names[READER + i] = machine->readers[i];
	for (int i = 0; i < OBJECT_COLUMNS; i++)
		columns[i] = names[i] ? get_attnum(machine->relation, names[i]) : InvalidAttrNumber;
}

static void
plan_text(KefuPlan *plan, char *sql)
{
	memset(plan, 0, sizeof(*plan));
	plan->sql = MemoryContextStrdup(TopMemoryContext, sql);
}

/*
 * The statements for one table of objects.  Their text is made of engine rows
 * alone, with every name quoted.
 */
static TypePlans *
plans_of(KefuMachine *machine)
{
	static HTAB *all = NULL;
	TypePlans  *plans;
	Oid			relation = machine->relation;
	bool		found;
	char	   *table;
	char	   *id;

	if (all == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(TypePlans)};

		all = hash_create("kefu object plans", 16, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	plans = hash_search(all, &relation, HASH_FIND, NULL);
	if (plans != NULL)
		return plans;

	table = quote_qualified_identifier("kefu", get_rel_name(relation));
	id = pstrdup(quote_identifier(machine->id_column));
	plans = hash_search(all, &relation, HASH_ENTER, &found);
	find_columns(plans->columns, machine);
	plan_text(&plans->record,
			  psprintf("SELECT to_jsonb(o) FROM %s o WHERE o.%s = $1", table, id));
	plans->record.nargs = 1;
	plans->record.types[0] = INT8OID;
	if (machine->parent_column)
	{
		plan_text(&plans->parent, psprintf("SELECT o.%s FROM %s o WHERE o.%s = $1",
										   quote_identifier(machine->parent_column), table, id));
		plans->parent.nargs = 1;
		plans->parent.types[0] = INT8OID;
	}
	return plans;
}

static Datum
column_value(TupleTableSlot *slot, const AttrNumber *columns, int column, bool *isnull)
{
	*isnull = true;
	return columns[column] == InvalidAttrNumber ? 0 : slot_getattr(slot, columns[column], isnull);
}

static char *
column_text(TupleTableSlot *slot, const AttrNumber *columns, int column)
{
	bool		isnull;
	Datum		value = column_value(slot, columns, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * Takes over what the engine needs of a row; a machine of several kinds is
 * known by the row's kind.
 */
static void
read_object(TupleTableSlot *slot, KefuMachine *machine, KefuObject *object)
{
	const AttrNumber *columns = plans_of(machine)->columns;
	Datum		value;
	char	   *kind;
	bool		isnull;

	object->state = column_text(slot, columns, STATE);
	object->version = DatumGetInt32(column_value(slot, columns, VERSION, &isnull));
	object->audit_seq = DatumGetInt32(column_value(slot, columns, AUDIT_SEQ, &isnull));
	value = column_value(slot, columns, AUDIT_HEAD, &isnull);
	memset(object->head, 0, KEFU_HASH_LENGTH);
	if (!isnull && VARSIZE_ANY_EXHDR(DatumGetByteaPP(value)) == KEFU_HASH_LENGTH)
		memcpy(object->head, VARDATA_ANY(DatumGetByteaPP(value)), KEFU_HASH_LENGTH);
	object->unit = column_text(slot, columns, UNIT);
	value = column_value(slot, columns, HANDLER, &isnull);
	object->handler = isnull ? 0 : DatumGetInt32(value);
	value = column_value(slot, columns, ROUND, &isnull);
	object->round = isnull ? 1 : DatumGetInt16(value);
	value = column_value(slot, columns, POSTED, &isnull);
	object->posted_at = isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
	for (int i = 0, n = 0; i < KEFU_READERS; i++)
	{
		object->readers[n] = column_text(slot, columns, READER + i);
		if (object->readers[n] != NULL)
			n++;
	}
	kind = column_text(slot, columns, KIND);
	object->machine = kind ? kefu_machine(kind) : machine;
}

bool
kefu_object_lock(KefuMachine *machine, int64 id, KefuObject *object)
{
	Relation	table = table_open(machine->relation, RowShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	bool		found = kefu_lock_row(table, id, slot);

	if (found)
	{
		object->id = id;
		object->tid = slot->tts_tid;
		read_object(slot, machine, object);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, NoLock);
	return found;
}

void
kefu_object_lock_parent(KefuMachine *machine, int64 id)
{
	KefuMachine *parent;
	KefuObject	object = {0};
	Datum		arg = Int64GetDatum(id);
	Datum		parent_id;
	bool		isnull;

	if (machine->parent_column == NULL)
		return;
	parent = kefu_machine_or_type(machine->parent_type);
	if (kefu_spi_run(&plans_of(machine)->parent, &arg, NULL, false, 1) == 0)
		return;
	parent_id = kefu_spi_value(0, 1, &isnull);
	if (!isnull)
		(void) kefu_object_lock(parent, DatumGetInt64(parent_id), &object);
}

void
kefu_object_write(KefuObject *object, const KefuTransition *t, int32 handler)
{
	const AttrNumber *columns = plans_of(object->machine)->columns;
	Relation	table = table_open(object->machine->relation, RowExclusiveLock);
	KefuChange	change = {0};

	kefu_change_set(&change, columns[STATE], CStringGetTextDatum(t->to_state), false);
	kefu_change_set(&change, columns[VERSION], Int32GetDatum(object->version), false);
	kefu_change_set(&change, columns[AUDIT_SEQ], Int32GetDatum(object->audit_seq), false);
	kefu_change_set(&change, columns[AUDIT_HEAD],
					kefu_bytes_datum(object->head, KEFU_HASH_LENGTH), false);
	if (t->handler)
		kefu_change_set(&change, columns[HANDLER], Int32GetDatum(handler), handler == 0);
	if (columns[KIND] != InvalidAttrNumber)
		kefu_change_set(&change, columns[KIND], CStringGetTextDatum(t->to_machine), false);
	/* A new row is in its first state already; only its event says *new. */
	kefu_guard_permit_move(strcmp(object->state, KEFU_NEW) == 0 ? t->to_state : object->state,
						   t->to_state);
	kefu_write_row(table, &object->tid, &change);
	table_close(table, NoLock);
}

KefuPlan *
kefu_object_record(KefuMachine *machine)
{
	return &plans_of(machine)->record;
}
