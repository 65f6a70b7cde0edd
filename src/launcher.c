/*
 * launcher.c
 *		The process that keeps the two workers alive.
 *
 * It connects to no database, so it never stands in the way of CREATE or DROP
 * DATABASE, and starts `kefu clock` and `kefu net` once kefu.database exists
 * and kefu.worker_role may log in; a worker started without them would die and
 * be started again for ever.  It looks only while something is missing or has
 * ended; with both workers at work it sleeps.
 *
 * It never enters the database itself: whether the extension is there, and
 * whether the desk may work, is the workers' own look.
 */
#include "kefu.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "guc.h"
#include "worker.h"

#define LOOK_MS 2000			/* while something is missing */
#define BACKOFF_LIMIT_MS 60000
#define STABLE_MS 60000			/* a worker that lived so long starts afresh at once */
#define RESTART_SECONDS 5		/* of the launcher itself */

/* A database that a failed DROP has left behind; 15.4 gave it a name. */
#define CONNECTION_LIMIT_OF_INVALID_DATABASE (-2)

typedef struct Child
{
	KefuProcess process;
	const char *main;
	BackgroundWorkerHandle *handle; /* NULL: none asked for */
	TimestampTz started_at;
	TimestampTz start_at;		/* not before, after a failure */
	int			failures;
	bool		is_stopping;	/* ended by us: no failure */
} Child;

static Child children[] = {
	{KEFU_CLOCK_WORKER, "kefu_clock_main"},
	{KEFU_NET_WORKER, "kefu_net_main"},
};

PGDLLEXPORT void kefu_launcher_main(Datum arg);

/*
 * Fills in what both kinds of process have in common.
 */
static void
describe(BackgroundWorker *worker, KefuProcess process, const char *main)
{
	memset(worker, 0, sizeof(*worker));
	strlcpy(worker->bgw_name, kefu_process_name(process), BGW_MAXLEN);
	strlcpy(worker->bgw_type, kefu_process_name(process), BGW_MAXLEN);
	strlcpy(worker->bgw_library_name, "pg_kefu", sizeof(worker->bgw_library_name));
	strlcpy(worker->bgw_function_name, main, sizeof(worker->bgw_function_name));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
}

void
kefu_launcher_install(void)
{
	BackgroundWorker worker;

	describe(&worker, KEFU_LAUNCHER, "kefu_launcher_main");
	worker.bgw_restart_time = RESTART_SECONDS;
	RegisterBackgroundWorker(&worker);
}

/*
 * Copies the row of a shared catalog with this name, or NULL.  The heap is
 * read, not an index: without a database, and right after a crash, the indexes
 * of shared catalogs can't be opened.
 */
static HeapTuple
find_shared(Oid catalog, AttrNumber column, const char *name)
{
	Relation	relation = table_open(catalog, AccessShareLock);
	TableScanDesc scan;
	ScanKeyData key;
	NameData	wanted;
	HeapTuple	tuple;

	namestrcpy(&wanted, name);
	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(&wanted));
	scan = table_beginscan_catalog(relation, 1, &key);
	tuple = heap_getnext(scan, ForwardScanDirection);
	if (tuple != NULL)
		tuple = heap_copytuple(tuple);
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	return tuple;
}

static KefuWaitsFor
look_for_home(KefuHome *home)
{
	HeapTuple	tuple;
	Form_pg_database database;
	Form_pg_authid role;

	tuple = find_shared(DatabaseRelationId, Anum_pg_database_datname, kefu_database);
	if (tuple == NULL)
		return KEFU_WAITS_FOR_DATABASE;
	database = (Form_pg_database) GETSTRUCT(tuple);
	if (!database->datallowconn ||
		database->datconnlimit == CONNECTION_LIMIT_OF_INVALID_DATABASE)
		return KEFU_WAITS_FOR_DATABASE;
	home->database = database->oid;

	tuple = find_shared(AuthIdRelationId, Anum_pg_authid_rolname, kefu_worker_role);
	if (tuple == NULL)
		return KEFU_WAITS_FOR_ROLE;
	role = (Form_pg_authid) GETSTRUCT(tuple);
	if (!role->rolcanlogin)
		return KEFU_WAITS_FOR_ROLE;
	home->role = role->oid;
	return KEFU_WAITS_FOR_NOTHING;
}

static KefuWaitsFor
find_home(KefuHome *home)
{
	KefuWaitsFor missing;

	memset(home, 0, sizeof(*home));
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	missing = look_for_home(home);
	CommitTransactionCommand();
	return missing;
}

/*
 * Shows the launcher's state, and gives it to every worker without a process.
 */
static void
show_state(KefuState state, KefuWaitsFor waits_for)
{
	for (int i = 0; i < lengthof(children); i++)
		if (children[i].handle == NULL && state != KEFU_RUNNING)
			kefu_slot_set_state(children[i].process, state, waits_for);
	if (!kefu_slot_set_state(KEFU_LAUNCHER, state, waits_for))
		return;
	if (state == KEFU_DISABLED)
		ereport(LOG,
				(errmsg("kefu launcher: disabled"),
				 errhint("Set \"kefu.enabled\" to on to start the workers.")));
	else if (waits_for == KEFU_WAITS_FOR_DATABASE)
		ereport(LOG,
				(errmsg("kefu launcher: waiting for database \"%s\"", kefu_database),
				 errhint("Create it, or set \"kefu.database\".")));
	else if (waits_for == KEFU_WAITS_FOR_ROLE)
		ereport(LOG,
				(errmsg("kefu launcher: waiting for role \"%s\", which must be able to "
						"log in", kefu_worker_role),
				 errhint("Call kefu.create_roles(), or set \"kefu.worker_role\".")));
	else
		ereport(LOG,
				(errmsg("kefu launcher: found database \"%s\" and role \"%s\"",
						kefu_database, kefu_worker_role)));
}

static void
start_child(Child *child, const KefuHome *home)
{
	BackgroundWorker worker;
	KefuSlot	slot;

	kefu_slot_read(child->process, &slot);
	if (slot.pid != 0)
	{
		/* A previous launcher's, on its way out. */
		child->start_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOOK_MS);
		return;
	}
	describe(&worker, child->process, child->main);
	worker.bgw_notify_pid = MyProcPid;
	memcpy(worker.bgw_extra, home, sizeof(*home));
	child->started_at = GetCurrentTimestamp();
	child->is_stopping = false;
	if (RegisterDynamicBackgroundWorker(&worker, &child->handle))
		return;
	child->handle = NULL;
	child->start_at = TimestampTzPlusMilliseconds(child->started_at, BACKOFF_LIMIT_MS);
	if (kefu_slot_set_state(child->process, KEFU_WAITING, KEFU_WAITS_FOR_SLOT))
		ereport(LOG,
				(errmsg("%s: no free background worker slot",
						kefu_process_name(child->process)),
				 errhint("Raise \"max_worker_processes\".")));
}

static void
stop_child(Child *child)
{
	if (child->handle == NULL || child->is_stopping)
		return;
	child->is_stopping = true;
	TerminateBackgroundWorker(child->handle);
}

/*
 * Notices the end of a worker; true if it lives or is about to.
 */
static bool
child_lives(Child *child)
{
	pid_t		pid;
	KefuCounts	once = {.restarts = 1};
	int			pause;

	if (child->handle == NULL)
		return false;
	if (GetBackgroundWorkerPid(child->handle, &pid) != BGWH_STOPPED)
		return true;
	pfree(child->handle);
	child->handle = NULL;
	if (child->is_stopping)
	{
		child->failures = 0;
		child->start_at = 0;
		return false;
	}
	if (TimestampDifferenceExceeds(child->started_at, GetCurrentTimestamp(), STABLE_MS))
		child->failures = 0;
	pause = kefu_worker_pause_ms(++child->failures, BACKOFF_LIMIT_MS);
	child->start_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pause);
	kefu_slot_add(child->process, &once);
	kefu_slot_set_state(child->process, KEFU_BACKING_OFF, KEFU_WAITS_FOR_NOTHING);
	ereport(LOG,
			(errmsg("%s has ended, starting it again in %d ms",
					kefu_process_name(child->process), pause)));
	return false;
}

/*
 * Brings the workers to where the settings want them.  Returns how long to
 * sleep in milliseconds, or -1: until a signal.
 */
static long
tend_children(bool reloaded)
{
	static KefuHome home;
	KefuHome	now_home = home;
	KefuWaitsFor missing = KEFU_WAITS_FOR_NOTHING;
	bool		all_live = true;
	bool		stay = kefu_enabled;
	long		sleep = -1;

	for (int i = 0; i < lengthof(children); i++)
		if (!child_lives(&children[i]))
			all_live = false;
	if (kefu_enabled && (reloaded || !all_live))
	{
		missing = find_home(&now_home);
		stay = missing == KEFU_WAITS_FOR_NOTHING &&
			(home.database == InvalidOid ||
			 memcmp(&home, &now_home, sizeof(home)) == 0);
	}
	show_state(!kefu_enabled ? KEFU_DISABLED :
			   missing ? KEFU_WAITING : KEFU_RUNNING, missing);

	for (int i = 0; i < lengthof(children); i++)
	{
		Child	   *child = &children[i];

		if (child->handle != NULL)
		{
			if (!stay)
				stop_child(child);
			continue;
		}
		if (!kefu_enabled)
			continue;
		if (missing == KEFU_WAITS_FOR_NOTHING && kefu_ms_until(child->start_at) <= 0)
			start_child(child, &now_home);
		if (child->handle == NULL)
			sleep = LOOK_MS;
	}
	home = now_home;
	for (int i = 0; i < lengthof(children); i++)
		if (sleep > 0 && children[i].handle == NULL && children[i].start_at != 0)
			sleep = Min(sleep, Max(kefu_ms_until(children[i].start_at), 10));
	return sleep;
}

/*
 * The workers don't outlive the launcher: its successor couldn't know them.
 */
static void
leave_nobody(int code, Datum arg)
{
	for (int i = 0; i < lengthof(children); i++)
		stop_child(&children[i]);
}

void
kefu_launcher_main(Datum arg)
{
	uint32		wait_event;
	bool		reloaded = true;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	if (!kefu_slot_attach(KEFU_LAUNCHER))
		proc_exit(1);
	before_shmem_exit(leave_nobody, 0);
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	wait_event = WaitEventExtensionNew("KefuLauncherMain");

	for (;;)
	{
		KefuCounts	once = {.loops = 1};
		long		sleep;

		CHECK_FOR_INTERRUPTS();
		if (ShutdownRequestPending)
			proc_exit(1);		/* 0 would mean: never again */
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			reloaded = true;
		}
		sleep = tend_children(reloaded);
		reloaded = false;
		kefu_slot_add(KEFU_LAUNCHER, &once);
		pgstat_report_activity(STATE_IDLE, NULL);
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (sleep >= 0 ? WL_TIMEOUT : 0),
						 sleep, wait_event);
		ResetLatch(MyLatch);
	}
}
