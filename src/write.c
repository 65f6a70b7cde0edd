/*
 * write.c
 *		Changing one locked row.
 *
 * The steps of the executor's ModifyTable node, in the way in which the server
 * applies a replicated change, without a plan around them: the engine knows the
 * row's place already, so that starting an executor and finding the row again
 * would be a sixth of a transition.  Another sixth was the server's parsing of
 * the table's CHECKs, which it does for every statement; here they are kept.
 *
 * What it doesn't do: ask for privileges or row security, and hand transition
 * tables to statement triggers.
 */
#include "kefu.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "write.h"

/* --- the table's CHECKs ------------------------------------------------------ */

/*
 * The compiled CHECKs of a table.  They hold as long as their text is the same:
 * what could change its meaning otherwise is left to the server, see keepable().
 */
typedef struct Checks
{
	Oid			relation;		/* hash key */
	MemoryContext context;
	int			count;			/* 0: not kept */
	char	  **texts;
	ExprState **states;
} Checks;

static bool
is_replaceable(Oid function, void *context)
{
	return function >= FirstUnpinnedObjectId;
}

/* True if there is a function that may be replaced, or a whole row. */
static bool
is_open_ended(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varattno == InvalidAttrNumber)
		return true;
	if (check_functions_in_node(node, is_replaceable, NULL))
		return true;
	return expression_tree_walker(node, is_open_ended, context);
}

static bool
keepable(const TupleConstr *constr)
{
	for (int i = 0; i < constr->num_check; i++)
		if (!kefu_check_is_enforced(&constr->check[i]) ||
			is_open_ended(stringToNode(constr->check[i].ccbin), NULL))
			return false;
	return true;
}

static void
compile(Checks *checks, const TupleConstr *constr)
{
	MemoryContext old;

	if (checks->context == NULL)
		checks->context = AllocSetContextCreate(CacheMemoryContext, "kefu checks",
												ALLOCSET_SMALL_SIZES);
	checks->count = 0;
	MemoryContextReset(checks->context);
	if (!keepable(constr))
		return;
	old = MemoryContextSwitchTo(checks->context);
	checks->texts = palloc(sizeof(char *) * constr->num_check);
	checks->states = palloc(sizeof(ExprState *) * constr->num_check);
	for (int i = 0; i < constr->num_check; i++)
	{
		checks->texts[i] = pstrdup(constr->check[i].ccbin);
		checks->states[i] = ExecInitExpr(expression_planner(stringToNode(checks->texts[i])),
										 NULL);
	}
	MemoryContextSwitchTo(old);
	checks->count = constr->num_check;
}

static bool
are_current(const Checks *checks, const TupleConstr *constr)
{
	if (checks->count != constr->num_check)
		return false;
	for (int i = 0; i < checks->count; i++)
		if (!kefu_check_is_enforced(&constr->check[i]) ||
			strcmp(checks->texts[i], constr->check[i].ccbin) != 0)
			return false;
	return true;
}

/* The table's CHECKs for the server to evaluate; NULL lets it compile its own. */
static ExprState **
checks_of(Relation rel)
{
	static HTAB *all = NULL;
	const TupleConstr *constr = RelationGetDescr(rel)->constr;
	Oid			relation = RelationGetRelid(rel);
	Checks	   *checks;
	bool		found;

	if (constr == NULL || constr->num_check == 0)
		return NULL;
	if (all == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(Checks)};

		all = hash_create("kefu checks", 16, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	checks = hash_search(all, &relation, HASH_ENTER, &found);
	if (!found)
		checks->context = NULL, checks->count = 0;
	if (!are_current(checks, constr))
		compile(checks, constr);
	return checks->count > 0 ? checks->states : NULL;
}

/* --- the row ----------------------------------------------------------------- */

void
kefu_change_set(KefuChange *change, int column, Datum value, bool isnull)
{
	Assert(change->count < KEFU_CHANGES);
	change->columns[change->count] = column;
	change->values[change->count] = value;
	change->nulls[change->count++] = isnull;
}

/*
 * What ModifyTable has of its table.  The changed columns are named, as triggers
 * and indexes ask for them.
 */
static ResultRelInfo *
open_target(EState *estate, Relation rel, const KefuChange *change)
{
	RangeTblEntry *entry = makeNode(RangeTblEntry);
	ResultRelInfo *target = makeNode(ResultRelInfo);
	Bitmapset  *changed = NULL;

	for (int i = 0; i < change->count; i++)
		changed = bms_add_member(changed,
								 change->columns[i] - FirstLowInvalidHeapAttributeNumber);
	entry->rtekind = RTE_RELATION;
	entry->relid = RelationGetRelid(rel);
	entry->relkind = rel->rd_rel->relkind;
	entry->rellockmode = RowExclusiveLock;
	kefu_init_range_table(estate, entry, changed);
	InitResultRelInfo(target, rel, 1, NULL, 0);
	target->ri_CheckConstraintExprs = checks_of(rel);
	/* Enough for the triggers to find it. */
	estate->es_opened_result_relations = lappend(estate->es_opened_result_relations, target);
	estate->es_snapshot = GetActiveSnapshot();
	estate->es_output_cid = GetCurrentCommandId(true);
	ExecOpenIndices(target, false);
	return target;
}

/* The new version of the row, and the old one's place. */
static TupleTableSlot *
changed_row(EState *estate, Relation rel, ItemPointer tid, const KefuChange *change,
			TupleTableSlot *old_row)
{
	TupleTableSlot *row = table_slot_create(rel, &estate->es_tupleTable);
	HeapTuple	old_tuple;
	bool		free_it;

	if (!table_tuple_fetch_row_version(rel, tid, estate->es_snapshot, old_row))
		elog(ERROR, "a row of \"%s\" was changed while an event was on it",
			 RelationGetRelationName(rel));
	old_tuple = ExecFetchSlotHeapTuple(old_row, false, &free_it);
	ExecForceStoreHeapTuple(heap_modify_tuple_by_cols(old_tuple, RelationGetDescr(rel),
													  change->count,
													  (int *) change->columns,
													  (Datum *) change->values,
													  (bool *) change->nulls),
							row, false);
	return row;
}

void
kefu_write_row(Relation rel, ItemPointer tid, const KefuChange *change)
{
	EState	   *estate = CreateExecutorState();
	MemoryContext old;
	ResultRelInfo *target;
	TupleTableSlot *old_row;
	EPQState	recheck;

	/* What this transaction did so far is to be seen, as a statement would. */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	old = MemoryContextSwitchTo(estate->es_query_cxt);
	target = open_target(estate, rel, change);
	old_row = table_slot_create(rel, &estate->es_tupleTable);
	kefu_init_recheck(&recheck, estate);
	AfterTriggerBeginQuery();
	ExecBSUpdateTriggers(estate, target);
	ExecSimpleRelationUpdate(target, estate, &recheck, old_row,
							 changed_row(estate, rel, tid, change, old_row));
	ExecASUpdateTriggers(estate, target, NULL);
	ExecCloseIndices(target);
	EvalPlanQualEnd(&recheck);
	AfterTriggerEndQuery(estate);
	ExecResetTupleTable(estate->es_tupleTable, false);
	MemoryContextSwitchTo(old);
	FreeExecutorState(estate);
	PopActiveSnapshot();
	CommandCounterIncrement();
}
