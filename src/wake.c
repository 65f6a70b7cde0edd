/*
 * wake.c
 *		Waking a worker when this transaction commits.
 *
 * A worker woken earlier would look before there is anything to see.  The
 * server's NOTIFY is not used: it makes commits wait for each other.
 *
 * It is a courtesy, not a promise: a prepared transaction wakes nobody, and
 * whatever was missed is found by the workers' regular look.
 */
#include "kefu.h"

#include "access/xact.h"

#include "wake.h"

/*
 * Outermost subtransaction that asked for each process.  One is enough: while
 * it lives, every later asker of the transaction is inside it.
 */
static SubTransactionId asked_in[KEFU_PROCESSES];

static void
at_transaction_end(XactEvent event, void *arg)
{
	for (int i = 0; i < KEFU_PROCESSES; i++)
	{
		if (asked_in[i] == InvalidSubTransactionId)
			continue;
		if (event == XACT_EVENT_COMMIT)
			kefu_slot_wake(i);
		if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
			event == XACT_EVENT_PREPARE)
			asked_in[i] = InvalidSubTransactionId;
	}
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId mine,
					  SubTransactionId parent, void *arg)
{
	for (int i = 0; i < KEFU_PROCESSES; i++)
	{
		if (asked_in[i] != mine)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			asked_in[i] = parent;
		else if (event == SUBXACT_EVENT_ABORT_SUB)
			asked_in[i] = InvalidSubTransactionId;
	}
}

void
kefu_wake_at_commit(KefuProcess process)
{
	static bool registered = false;

	if (!kefu_shmem_ready() || asked_in[process] != InvalidSubTransactionId)
		return;
	if (!registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		registered = true;
	}
	asked_in[process] = GetCurrentSubTransactionId();
}

void
kefu_wake_for(KefuProcess process, TimestampTz due_at)
{
	if (asked_in[process] != InvalidSubTransactionId)
		return;
	if (due_at < TimestampTzPlusMilliseconds(GetCurrentTimestamp(), KEFU_FALLBACK_MS))
		kefu_wake_at_commit(process);
}

/*
 * kefu.wake_worker(worker text): 'clock' or 'net'.
 */
KEFU_FUNCTION(kefu_wake_worker);
Datum
kefu_wake_worker(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (strcmp(name, "clock") == 0)
		kefu_wake_at_commit(KEFU_CLOCK_WORKER);
	else if (strcmp(name, "net") == 0)
		kefu_wake_at_commit(KEFU_NET_WORKER);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no worker \"%s\"", name),
				 errhint("The workers are \"clock\" and \"net\".")));
	PG_RETURN_VOID();
}
