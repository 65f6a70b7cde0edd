/*
 * lock.c
 *		Locking one row by its primary key.
 *
 * The same steps as the executor's LockRows node over an index scan, without
 * starting an executor for them: every transition locks one row, and that start
 * and end were an eighth of its time.
 */
#include "kefu.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "lock.h"

static bool
find_row(Relation rel, int64 id, Snapshot snapshot, TupleTableSlot *slot)
{
	ScanKeyData key;
	Relation	index;
	IndexScanDesc scan;
	bool		found;

	list_free(RelationGetIndexList(rel));	/* fills rd_pkindex */
	index = index_open(rel->rd_pkindex, AccessShareLock);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	scan = kefu_index_beginscan(rel, index, snapshot, 1);
	index_rescan(scan, &key, 1, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	index_endscan(scan);
	index_close(index, NoLock);
	return found;
}

static void
fail_to_serialize(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}

static bool
lock_found(Relation rel, Snapshot snapshot, TupleTableSlot *slot)
{
	ItemPointerData tid = slot->tts_tid;
	uint8		flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
	TM_FailureData failure;
	TM_Result	result;

	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	result = table_tuple_lock(rel, &tid, snapshot, slot, GetCurrentCommandId(true),
							  LockTupleNoKeyExclusive, LockWaitBlock, flags, &failure);
	switch (result)
	{
		case TM_Ok:
			return true;
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				fail_to_serialize();
			if (result == TM_Deleted)
				return false;
			break;
		case TM_SelfModified:
			return false;		/* deleted by this very command */
		default:
			break;
	}
	elog(ERROR, "could not lock a row of \"%s\": status %d",
		 RelationGetRelationName(rel), (int) result);
}

bool
kefu_lock_row(Relation rel, int64 id, TupleTableSlot *slot)
{
	Snapshot	snapshot;
	bool		locked;

	/* What this transaction did so far is to be seen, as a statement would. */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	snapshot = GetActiveSnapshot();
	locked = find_row(rel, id, snapshot, slot) && lock_found(rel, snapshot, slot);
	PopActiveSnapshot();
	return locked;
}
