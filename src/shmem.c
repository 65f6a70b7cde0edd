/*
 * shmem.c
 *		What the processes of the extension tell each other and the DBA.
 *
 * One small struct of plain data under one lock.  Nothing local to a process
 * is ever stored: a process killed at any point leaves nothing that another
 * could trip over.  The one pointer is a latch of the server's own process
 * array, which outlives its process; setting a latch that somebody else has
 * inherited merely wakes him for nothing.
 *
 * Nothing here survives a restart or a crash: what must survive is in tables.
 */
#include "kefu.h"

#include "access/xlog.h"
#include "funcapi.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"

#include "shmem.h"

#define TRANCHE "pg_kefu"

typedef struct Shared
{
	TimestampTz counting_since;
	pg_atomic_uint32 wake[KEFU_PROCESSES];	/* 1: asked for, not yet seen */
	Latch	   *latch[KEFU_PROCESSES];
	KefuSlot	slot[KEFU_PROCESSES];
} Shared;

static Shared *shared = NULL;
static LWLock *lock = NULL;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static const char *const process_names[] = {
	"kefu launcher", "kefu clock", "kefu net"
};

static const char *const state_names[] = {
	"absent", "waiting", "disabled", "backing off", "version mismatch",
	"foreign copy", "rehearsing", "running"
};

static const char *const waits_for_names[] = {
	NULL, "database", "role", "worker slot", "extension", "go_live"
};

static void
request_shmem(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(Shared)));
	RequestNamedLWLockTranche(TRANCHE, 1);
}

static void
start_shmem(void)
{
	bool		found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct(TRANCHE, sizeof(Shared), &found);
	lock = &GetNamedLWLockTranche(TRANCHE)->lock;
	if (!found)
	{
		memset(shared, 0, sizeof(Shared));
		shared->counting_since = GetCurrentTimestamp();
		for (int i = 0; i < KEFU_PROCESSES; i++)
			pg_atomic_init_u32(&shared->wake[i], 0);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
kefu_shmem_install(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_shmem;
}

bool
kefu_shmem_ready(void)
{
	return shared != NULL;
}

static void
put_state(KefuSlot *slot, KefuState state, KefuWaitsFor waits_for)
{
	/* A working process ends before its place is switched off. */
	Assert(state != KEFU_DISABLED || slot->pid == 0 || slot->pid == MyProcPid);
	slot->state = state;
	slot->waits_for = waits_for;
	slot->state_since = GetCurrentTimestamp();
}

/*
 * before_shmem_exit: the latch must not be found here once the process array
 * may give it away.
 */
static void
detach(int code, Datum process)
{
	int			i = DatumGetInt32(process);

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (shared->slot[i].pid == MyProcPid)
	{
		shared->slot[i].pid = 0;
		shared->slot[i].started_at = 0;
		shared->latch[i] = NULL;
		put_state(&shared->slot[i], KEFU_ABSENT, KEFU_WAITS_FOR_NOTHING);
	}
	LWLockRelease(lock);
}

bool
kefu_slot_attach(KefuProcess process)
{
	bool		mine;

	if (shared == NULL)
		return false;
	before_shmem_exit(detach, Int32GetDatum(process));
	LWLockAcquire(lock, LW_EXCLUSIVE);
	mine = shared->slot[process].pid == 0;
	if (mine)
	{
		shared->slot[process].pid = MyProcPid;
		shared->slot[process].started_at = GetCurrentTimestamp();
		shared->latch[process] = MyLatch;
		put_state(&shared->slot[process], KEFU_ABSENT, KEFU_WAITS_FOR_NOTHING);
	}
	LWLockRelease(lock);
	return mine;
}

bool
kefu_slot_set_state(KefuProcess process, KefuState state, KefuWaitsFor waits_for)
{
	KefuSlot   *slot;
	bool		changed;

	if (shared == NULL)
		return false;
	LWLockAcquire(lock, LW_EXCLUSIVE);
	slot = &shared->slot[process];
	changed = slot->state != state || slot->waits_for != waits_for;
	if (changed)
		put_state(slot, state, waits_for);
	LWLockRelease(lock);
	return changed;
}

void
kefu_slot_add(KefuProcess process, const KefuCounts *more)
{
	KefuSlot   *slot;

	if (shared == NULL)
		return;
	LWLockAcquire(lock, LW_EXCLUSIVE);
	slot = &shared->slot[process];
	slot->counts.loops += more->loops;
	slot->counts.wakeups += more->wakeups;
	slot->counts.errors += more->errors;
	slot->counts.restarts += more->restarts;
	slot->counts.fired += more->fired;
	slot->counts.fetches += more->fetches;
	slot->counts.sends += more->sends;
	if (more->loops > 0)
		slot->last_loop_at = GetCurrentTimestamp();
	LWLockRelease(lock);
}

void
kefu_slot_error(KefuProcess process, int sqlstate)
{
	if (shared == NULL)
		return;
	LWLockAcquire(lock, LW_EXCLUSIVE);
	shared->slot[process].counts.errors++;
	shared->slot[process].last_error = sqlstate;
	shared->slot[process].last_error_at = GetCurrentTimestamp();
	LWLockRelease(lock);
}

void
kefu_slot_read(KefuProcess process, KefuSlot *slot)
{
	memset(slot, 0, sizeof(*slot));
	if (shared == NULL)
		return;
	LWLockAcquire(lock, LW_SHARED);
	*slot = shared->slot[process];
	LWLockRelease(lock);
}

/*
 * The flag makes 100,000 queued rows cost one look-up of the latch.  It stays
 * set while there is no process, whose successor finds it.
 */
void
kefu_slot_wake(KefuProcess process)
{
	if (shared == NULL)
		return;
	if (pg_atomic_exchange_u32(&shared->wake[process], 1) != 0)
		return;
	LWLockAcquire(lock, LW_SHARED);
	if (shared->latch[process] != NULL)
		SetLatch(shared->latch[process]);
	LWLockRelease(lock);
}

bool
kefu_slot_take_wake(KefuProcess process)
{
	return shared != NULL &&
		pg_atomic_exchange_u32(&shared->wake[process], 0) != 0;
}

const char *
kefu_process_name(KefuProcess process)
{
	return process_names[process];
}

const char *
kefu_state_name(KefuState state)
{
	return state_names[state];
}

const char *
kefu_waits_for_name(KefuWaitsFor waits_for)
{
	return waits_for_names[waits_for];
}

static void
set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text != NULL)
		values[column] = CStringGetTextDatum(text);
}

static void
set_instant(Datum *values, bool *nulls, int column, TimestampTz at)
{
	nulls[column] = at == 0;
	values[column] = TimestampTzGetDatum(at);
}

/*
 * kefu.worker_stats(): one row a process.  Without preload the rows say so and
 * have no counts; on a standby nothing runs and the rows wait for promotion.
 */
KEFU_FUNCTION(kefu_worker_stats);
Datum
kefu_worker_stats(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < KEFU_PROCESSES; i++)
	{
		Datum		values[17] = {0};
		bool		nulls[17] = {0};
		KefuSlot	slot;
		const char *waits_for;
		int			c = 0;

		kefu_slot_read(i, &slot);
		waits_for = waits_for_names[slot.waits_for];
		if (shared != NULL && slot.pid == 0 && RecoveryInProgress())
			waits_for = "promotion";
		set_text(values, nulls, c++, process_names[i]);
		nulls[c] = slot.pid == 0;
		values[c++] = Int32GetDatum(slot.pid);
		set_text(values, nulls, c++,
				 shared == NULL ? "not preloaded" : state_names[slot.state]);
		set_text(values, nulls, c++, waits_for);
		set_instant(values, nulls, c++, slot.state_since);
		set_instant(values, nulls, c++, slot.started_at);
		set_instant(values, nulls, c++, slot.last_loop_at);
		set_instant(values, nulls, c++, slot.last_error_at);
		set_text(values, nulls, c++, slot.last_error_at == 0 ? NULL :
				 unpack_sql_state(slot.last_error));
		values[c++] = Int64GetDatum(slot.counts.loops);
		values[c++] = Int64GetDatum(slot.counts.wakeups);
		values[c++] = Int64GetDatum(slot.counts.errors);
		values[c++] = Int64GetDatum(slot.counts.restarts);
		values[c++] = Int64GetDatum(slot.counts.fired);
		values[c++] = Int64GetDatum(slot.counts.fetches);
		values[c++] = Int64GetDatum(slot.counts.sends);
		set_instant(values, nulls, c++, shared == NULL ? 0 : shared->counting_since);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
