/*
 * worker.c
 *		What both workers share, and the clock worker.
 *
 * A worker is a list of jobs.  Each job runs in a transaction of its own,
 * under a statement and a lock timeout, and says when it wants to run next; the
 * worker sleeps until the first of these times, a commit that asks for it, or
 * the fallback, whichever comes first.
 *
 * An error ends the job's transaction and makes that job wait longer each time,
 * never the worker: a desk whose seals fail still keeps its deadlines.
 *
 * Before any job a worker looks whether it may act at all: the extension may
 * have been dropped or belong to another version of the library, and a copy of
 * the database (restored, cloned, promoted by mistake) must never act.  What is
 * due is decided by functions in the database, never here.
 */
#include "kefu.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "common/pg_prng.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "guc.h"
#include "pure/backoff.h"
#include "spi.h"
#include "wake.h"
#include "worker.h"

#define WAITING_MS 2000			/* looks for a missing extension so often */
#define LOOK_MS 1000			/* a busy worker looks so often */
#define LOOK_EARLY_MS 1000		/* the regular look, if awake anyway */
#define STATEMENT_TIMEOUT_MS 60000
#define LOCK_TIMEOUT "2s"
#define BACKOFF_LIMIT_MS 60000

#define TICK_BATCH 1000
#define TICK_EVENTS 32
#define TICK_RETRY_MS 50		/* due clocks whose object somebody holds locked */
#define SEAL_MS 60000
#define SEAL_EVENTS 2000
#define HOUSE_MS 60000
#define HOUSE_PAUSE_MS 1000		/* where a job has more to do */
#define HOUSE_EARLY_MS (KEFU_FALLBACK_MS + 1000)	/* rather than waking up for it alone */
#define PARTITIONS_MS (24 * 60 * 60 * 1000)

static KefuProcess me;
static KefuJob *my_jobs;
static int	my_job_count;
static KefuLeave leave = KEFU_MAY_NOTHING;

/* What the last look found; shown unless a job is backing off. */
static KefuState found_state = KEFU_ABSENT;
static KefuWaitsFor found_waits_for = KEFU_WAITS_FOR_NOTHING;

/* True while interrupting a statement is the only way to end soon. */
static volatile sig_atomic_t in_transaction = false;

PGDLLEXPORT void kefu_clock_main(Datum arg);

/* ---- time ---- */

long
kefu_ms_until(TimestampTz at)
{
	TimestampTz now = GetCurrentTimestamp();

	/* The difference to -infinity, "at once", would overflow to far ahead. */
	return at <= now ? 0 : TimestampDifferenceMilliseconds(now, at);
}

int
kefu_worker_pause_ms(int failures, int limit_ms)
{
	return (int) kefu_backoff_ms(failures, 1000, limit_ms,
								 pg_prng_uint64(&pg_global_prng_state));
}

static TimestampTz
after_ms(int64 ms)
{
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
}

/* ---- what the DBA sees ---- */

static void
log_state(KefuState state, KefuWaitsFor waits_for)
{
	const char *name = kefu_process_name(me);

	if (waits_for == KEFU_WAITS_FOR_EXTENSION)
		ereport(LOG,
				(errmsg("%s: waiting for extension \"pg_kefu\" in database \"%s\"",
						name, kefu_database)));
	else if (waits_for == KEFU_WAITS_FOR_GO_LIVE)
		ereport(LOG,
				(errmsg("%s: waiting for kefu.go_live() or kefu.rehearse()", name)));
	else if (state == KEFU_FOREIGN_COPY)
		ereport(LOG,
				(errmsg("%s: this is a foreign copy of a desk, doing nothing", name),
				 errhint("If this desk is to go on here and nowhere else, call "
						 "kefu.take_over().")));
	else if (state == KEFU_VERSION_MISMATCH)
		ereport(LOG,
				(errmsg("%s: the library has version %s, the extension another one",
						name, KEFU_VERSION),
				 errhint("Run ALTER EXTENSION pg_kefu UPDATE, or restart the server.")));
	else
		ereport(LOG, (errmsg("%s: %s", name, kefu_state_name(state))));
}

/*
 * Shows and logs what the last look found, or that a job is backing off.
 */
static void
show_state(void)
{
	KefuState	state = found_state;
	KefuWaitsFor waits_for = found_waits_for;

	for (int i = 0; i < my_job_count; i++)
		if (my_jobs[i].failures > 0 && leave >= my_jobs[i].needs)
		{
			state = KEFU_BACKING_OFF;
			waits_for = KEFU_WAITS_FOR_NOTHING;
		}
	if (kefu_slot_set_state(me, state, waits_for))
		log_state(state, waits_for);
}

void
kefu_worker_count(const KefuCounts *more)
{
	kefu_slot_add(me, more);
}

/* ---- the ritual around a unit of work ---- */

/*
 * SIGTERM.  Between units of work the loop ends the process in peace; inside
 * one only an interrupt of the statement is prompt.
 */
static void
on_terminate(SIGNAL_ARGS)
{
	if (in_transaction)
		die(postgres_signal_arg);
	else
		SignalHandlerForShutdownRequest(postgres_signal_arg);
}

static void
begin_work(const KefuJob *job)
{
	in_transaction = true;
	if (ShutdownRequestPending)
		proc_exit(0);
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	enable_timeout_after(STATEMENT_TIMEOUT, STATEMENT_TIMEOUT_MS);
	pgstat_report_activity(STATE_RUNNING, job->name);
	kefu_spi_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
end_work(void)
{
	kefu_spi_end();
	PopActiveSnapshot();
	disable_timeout(STATEMENT_TIMEOUT, false);
	CommitTransactionCommand();
	in_transaction = false;
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
}

void
kefu_worker_commit_must_last(bool must)
{
	if (must != (synchronous_commit == SYNCHRONOUS_COMMIT_OFF))
		return;
	(void) set_config_option("synchronous_commit", must ? "local" : "off", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * Reports the error of a unit of work once and clears it away.
 */
static void
abort_work(void)
{
	HOLD_INTERRUPTS();
	disable_all_timeouts(false);
	QueryCancelPending = false;
	kefu_slot_error(me, geterrcode());
	EmitErrorReport();
	AbortCurrentTransaction();
	FlushErrorState();
	in_transaction = false;
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	RESUME_INTERRUPTS();
}

/*
 * Runs a job now; false if it failed, which is reported already.
 */
static bool
run_job(KefuJob *job)
{
	MemoryContext outer = CurrentMemoryContext;
	volatile bool ok = false;

	PG_TRY();
	{
		TimestampTz next_at;

		begin_work(job);
		next_at = job->run();
		end_work();
		job->next_at = next_at;
		job->look_at = job->at_wake ? after_ms(KEFU_FALLBACK_MS) : 0;
		ok = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(outer);
		abort_work();
		job->next_at = after_ms(kefu_worker_pause_ms(job->failures + 1, BACKOFF_LIMIT_MS));
		job->look_at = 0;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(outer);
	job->failures = ok ? 0 : job->failures + 1;
	return ok;
}

/* ---- may this worker act? ---- */

static void
found(KefuLeave now_leave, KefuState state, KefuWaitsFor waits_for)
{
	/* What failed under other circumstances deserves a fresh attempt. */
	if (state != found_state || waits_for != found_waits_for)
		for (int i = 0; i < my_job_count; i++)
		{
			my_jobs[i].failures = 0;
			my_jobs[i].next_at = 0;
			my_jobs[i].look_at = 0;
		}
	leave = now_leave;
	found_state = state;
	found_waits_for = waits_for;
}

static void
found_desk(const char *desk)
{
	if (strcmp(desk, "live") == 0)
		found(KEFU_MAY_SEND, KEFU_RUNNING, KEFU_WAITS_FOR_NOTHING);
	else if (strcmp(desk, "rehearse") == 0)
		found(KEFU_MAY_WORK, KEFU_REHEARSING, KEFU_WAITS_FOR_NOTHING);
	else if (strcmp(desk, "off") == 0)
		found(KEFU_MAY_KEEP_HOUSE, KEFU_WAITING, KEFU_WAITS_FOR_GO_LIVE);
	else
		found(KEFU_MAY_NOTHING, KEFU_FOREIGN_COPY, KEFU_WAITS_FOR_NOTHING);
}

/*
 * The catalog first: a function of a dropped extension can't be called.
 */
static TimestampTz
look(void)
{
	static KefuPlan version = {
		"SELECT e.extversion FROM pg_catalog.pg_extension e"
		" JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
		" WHERE e.extname = 'pg_kefu' AND n.nspname = 'kefu'"
	};
	static KefuPlan desk = {"SELECT kefu.desk_state()"};

	if (kefu_spi_run(&version, NULL, NULL, true, 1) == 0)
		found(KEFU_MAY_NOTHING, KEFU_WAITING, KEFU_WAITS_FOR_EXTENSION);
	else if (strcmp(kefu_spi_text(0, 1), KEFU_VERSION) != 0)
		found(KEFU_MAY_NOTHING, KEFU_VERSION_MISMATCH, KEFU_WAITS_FOR_NOTHING);
	else
	{
		kefu_spi_run(&desk, NULL, NULL, true, 1);
		found_desk(kefu_spi_text(0, 1));
	}
	return after_ms(LOOK_MS);
}

static KefuJob look_job = {.name = "kefu: look", .run = look, .needs = KEFU_MAY_NOTHING};

/*
 * is_here(system_identifier, database_oid, node): whether a desk that went
 * live there is this one.
 */
KEFU_FUNCTION(kefu_is_here);
Datum
kefu_is_here(PG_FUNCTION_ARGS)
{
	char		identifier[32];

	/* Signed, as pg_control_system() shows it. */
	snprintf(identifier, sizeof(identifier), INT64_FORMAT,
			 (int64) GetSystemIdentifier());
	PG_RETURN_BOOL(strcmp(identifier, text_to_cstring(PG_GETARG_TEXT_PP(0))) == 0 &&
				   PG_GETARG_OID(1) == MyDatabaseId &&
				   strcmp(kefu_node, text_to_cstring(PG_GETARG_TEXT_PP(2))) == 0);
}

/* ---- the life of a worker ---- */

/*
 * What the role's or the database's own settings must not change.
 */
static void
settle(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"lock_timeout", LOCK_TIMEOUT},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"default_transaction_deferrable", "off"},
		{"row_security", "on"},
		/* The same few rows by their keys, over and over: they are in memory. */
		{"random_page_cost", "1.1"},
		{"jit", "off"},
	};

	for (int i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("application_name", kefu_process_name(me), PGC_USERSET, PGC_S_SESSION);
}

void
kefu_worker_start(KefuProcess process, KefuJob *jobs, int count)
{
	KefuHome	home;

	me = process;
	my_jobs = jobs;
	my_job_count = count;
	memcpy(&home, MyBgworkerEntry->bgw_extra, sizeof(home));

	/* Connecting may wait for a DROP DATABASE to end. */
	in_transaction = true;
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, on_terminate);
	BackgroundWorkerUnblockSignals();
	if (!kefu_slot_attach(process))
		proc_exit(0);
	BackgroundWorkerInitializeConnectionByOid(home.database, home.role, 0);
	settle();
	in_transaction = false;
}

static void
wake_up(void)
{
	KefuCounts	once = {.wakeups = 1};

	kefu_slot_add(me, &once);
	look_job.next_at = 0;
	for (int i = 0; i < my_job_count; i++)
		if (my_jobs[i].at_wake && my_jobs[i].failures == 0)
			my_jobs[i].next_at = 0;
}

static bool
is_due(const KefuJob *job)
{
	if (leave < job->needs)
		return false;
	return (job->look_at != 0 && kefu_ms_until(job->look_at) <= LOOK_EARLY_MS) ||
		(job->next_at != KEFU_NOT_BY_TIME &&
		 kefu_ms_until(job->next_at) <= job->early_ms);
}

/*
 * Whether to look now.  The server never takes back the alarm of a timeout that
 * wasn't needed, which then wakes an idle worker.  A look for its sake would set
 * the next alarm, and so for ever one turn a minute more; without one the alarm
 * comes just before a regular look, which is early then (LOOK_EARLY_MS).
 */
static bool
should_look(void)
{
	if (!is_due(&look_job))
		return false;
	if (look_job.next_at == 0 || leave < KEFU_MAY_WORK)
		return true;
	for (int i = 0; i < my_job_count; i++)
		if (is_due(&my_jobs[i]))
			return true;
	return false;
}

static long
pause_of(const KefuJob *job, long pause)
{
	if (leave < job->needs)
		return pause;
	if (job->look_at != 0)
		pause = Min(pause, kefu_ms_until(job->look_at));
	if (job->next_at != KEFU_NOT_BY_TIME)
		pause = Min(pause, kefu_ms_until(job->next_at));
	return pause;
}

KefuLeave
kefu_worker_turn(void)
{
	KefuCounts	once = {.loops = 1};

	CHECK_FOR_INTERRUPTS();
	if (ShutdownRequestPending)
		proc_exit(0);
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
		look_job.next_at = 0;	/* kefu.node may have changed */
	}
	if (kefu_slot_take_wake(me))
		wake_up();
	kefu_slot_add(me, &once);
	if (should_look() && !run_job(&look_job))
		found(KEFU_MAY_NOTHING, KEFU_BACKING_OFF, KEFU_WAITS_FOR_NOTHING);
	for (int i = 0; i < my_job_count; i++)
		if (is_due(&my_jobs[i]))
			(void) run_job(&my_jobs[i]);
	show_state();
	return leave;
}

long
kefu_worker_pause(void)
{
	long		pause = KEFU_FALLBACK_MS;

	if (found_waits_for == KEFU_WAITS_FOR_EXTENSION)
		pause = WAITING_MS;
	if (look_job.failures > 0)
		pause = Min(pause, kefu_ms_until(look_job.next_at));
	for (int i = 0; i < my_job_count; i++)
		pause = pause_of(&my_jobs[i], pause);
	return pause;
}

/* ---- the clock worker ---- */

/*
 * Fires what is due.  Listeners are told once a turn which machines to read
 * again, by this transaction and so without slowing anybody's commit.
 */
static TimestampTz
tick(void)
{
	static KefuPlan tick_plan = {
		"SELECT fired, next_at FROM kefu.tick($1, $2)", 2, {INT4OID, INT4OID}
	};
	static KefuPlan notify_plan = {"SELECT kefu.notify_fired()"};
	Datum		most[2] = {Int32GetDatum(TICK_BATCH), Int32GetDatum(TICK_EVENTS)};
	KefuCounts	more = {0};
	TimestampTz next_at;
	bool		isnull;

	kefu_spi_run(&tick_plan, most, NULL, false, 1);
	more.fired = DatumGetInt32(kefu_spi_value(0, 1, &isnull));
	next_at = DatumGetTimestampTz(kefu_spi_value(0, 2, &isnull));
	if (isnull)
		next_at = KEFU_NOT_BY_TIME;
	if (more.fired > 0)
	{
		kefu_spi_run(&notify_plan, NULL, NULL, false, 1);
		kefu_worker_count(&more);
	}
	else if (next_at <= GetCurrentStatementStartTimestamp())
		next_at = after_ms(TICK_RETRY_MS);
	return next_at;
}

/*
 * In parts, so that no deadline waits for a large seal.
 */
static TimestampTz
seal(void)
{
	static KefuPlan plan = {"SELECT kefu.seal_some($1)", 1, {INT4OID}};
	Datum		part = Int32GetDatum(SEAL_EVENTS);
	bool		isnull;

	kefu_spi_run(&plan, &part, NULL, false, 1);
	if (DatumGetBool(kefu_spi_value(0, 1, &isnull)))
		return 0;
	return after_ms(SEAL_MS);
}

static TimestampTz
make_partitions(void)
{
	static KefuPlan plan = {"SELECT kefu.make_partitions()"};

	kefu_spi_run(&plan, NULL, NULL, false, 0);
	return after_ms(PARTITIONS_MS);
}

/* What the jobs of kefu.job do is their own affair; each fails alone. */
static TimestampTz
run_jobs(void)
{
	static KefuPlan plan = {"SELECT next_at FROM kefu.run_jobs()"};
	bool		isnull;
	Datum		next_at;

	kefu_spi_run(&plan, NULL, NULL, false, 1);
	next_at = kefu_spi_value(0, 1, &isnull);
	return isnull ? after_ms(HOUSE_MS) :
		Max(DatumGetTimestampTz(next_at), after_ms(HOUSE_PAUSE_MS));
}

static KefuJob clock_jobs[] = {
	{.name = "kefu: tick", .run = tick, .needs = KEFU_MAY_WORK, .at_wake = true},
	{.name = "kefu: seal the audit trail", .run = seal, .needs = KEFU_MAY_KEEP_HOUSE,
	.early_ms = HOUSE_EARLY_MS},
	{.name = "kefu: run jobs", .run = run_jobs, .needs = KEFU_MAY_WORK,
	.early_ms = HOUSE_EARLY_MS},
	{.name = "kefu: make partitions", .run = make_partitions,
	.needs = KEFU_MAY_WORK, .early_ms = HOUSE_EARLY_MS},
};

void
kefu_clock_main(Datum arg)
{
	uint32		wait_event;

	kefu_worker_start(KEFU_CLOCK_WORKER, clock_jobs, lengthof(clock_jobs));
	wait_event = WaitEventExtensionNew("KefuClockMain");
	for (;;)
	{
		(void) kefu_worker_turn();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 kefu_worker_pause(), wait_event);
		ResetLatch(MyLatch);
	}
}
