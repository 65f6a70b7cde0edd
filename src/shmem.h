/*
 * shmem.h
 *		What the processes of the extension tell each other and the DBA.
 */
#ifndef KEFU_SHMEM_H
#define KEFU_SHMEM_H

#include "kefu.h"

typedef enum KefuProcess
{
	KEFU_LAUNCHER,
	KEFU_CLOCK_WORKER,
	KEFU_NET_WORKER
} KefuProcess;

#define KEFU_PROCESSES 3

/*
 * States of a process.  The launcher sets a worker's state while the worker has
 * no process; from attaching to detaching the worker sets its own.  The
 * launcher's own row uses ABSENT, WAITING, DISABLED and RUNNING.
 *
 *	ABSENT			no process and nobody waits for one: before the launcher has
 *					looked, after a process has ended, on a standby.  Every state
 *					goes here when its process ends, and any follows.
 *	WAITING			something outside is missing, see KefuWaitsFor: the launcher
 *					waits for database, role or a free worker slot, a worker inside
 *					the database for extension or go_live().  Any state follows,
 *					as the next look finds it, and any leads here.
 *	DISABLED		kefu.enabled is off and the workers have left the database.
 *					Only from ABSENT, WAITING, BACKING_OFF and, for the launcher,
 *					RUNNING: a worker that still works is ended first.  Back to
 *					ABSENT or WAITING, the launcher's also to RUNNING.
 *	BACKING_OFF		a unit of work, or the process itself, has failed and is tried
 *					again after a pause that grows.  Any state follows.
 *	VERSION_MISMATCH	library and extension are of different versions; ALTER
 *					EXTENSION UPDATE or a restart of the server ends it.
 *	FOREIGN_COPY	the desk went live elsewhere and this worker touches nothing,
 *					until kefu.take_over(), or until kefu.node is put right.
 *	REHEARSING		everything but sending.
 *	RUNNING			at work.
 *					The last four follow each other freely, as each look at the
 *					database finds it.
 */
typedef enum KefuState
{
	KEFU_ABSENT,
	KEFU_WAITING,
	KEFU_DISABLED,
	KEFU_BACKING_OFF,
	KEFU_VERSION_MISMATCH,
	KEFU_FOREIGN_COPY,
	KEFU_REHEARSING,
	KEFU_RUNNING
} KefuState;

typedef enum KefuWaitsFor
{
	KEFU_WAITS_FOR_NOTHING,
	KEFU_WAITS_FOR_DATABASE,
	KEFU_WAITS_FOR_ROLE,
	KEFU_WAITS_FOR_SLOT,
	KEFU_WAITS_FOR_EXTENSION,
	KEFU_WAITS_FOR_GO_LIVE
} KefuWaitsFor;

/* What a process adds up; never goes back while the server runs. */
typedef struct KefuCounts
{
	uint64		loops;
	uint64		wakeups;		/* by a commit, not by time */
	uint64		errors;
	uint64		restarts;
	uint64		fired;			/* levels of clocks */
	uint64		fetches;		/* requests that only read */
	uint64		sends;			/* requests that speak */
} KefuCounts;

/* One process, as shown; plain data, valid in any process. */
typedef struct KefuSlot
{
	int			pid;			/* 0: none */
	KefuState	state;
	KefuWaitsFor waits_for;
	TimestampTz state_since;	/* 0: never set */
	TimestampTz started_at;		/* 0: no process */
	TimestampTz last_loop_at;	/* 0: never */
	TimestampTz last_error_at;	/* 0: never */
	int			last_error;		/* SQLSTATE */
	KefuCounts	counts;
} KefuSlot;

/* Called from _PG_init() while preloading. */
extern void kefu_shmem_install(void);

/* False without preload; all functions below then do nothing. */
extern bool kefu_shmem_ready(void);

/*
 * Makes this process the one of its kind until it exits; false if another is
 * alive.  The launcher's place is taken the same way.
 */
extern bool kefu_slot_attach(KefuProcess process);

/* True if this changed anything, so that the caller logs it once. */
extern bool kefu_slot_set_state(KefuProcess process, KefuState state,
								KefuWaitsFor waits_for);

extern void kefu_slot_add(KefuProcess process, const KefuCounts *more);
extern void kefu_slot_error(KefuProcess process, int sqlstate);
extern void kefu_slot_read(KefuProcess process, KefuSlot *slot);

/* Sets the latch of the process, unless it has a wake it hasn't seen yet. */
extern void kefu_slot_wake(KefuProcess process);

/* True if somebody asked since the last call. */
extern bool kefu_slot_take_wake(KefuProcess process);

extern const char *kefu_process_name(KefuProcess process);
extern const char *kefu_state_name(KefuState state);
extern const char *kefu_waits_for_name(KefuWaitsFor waits_for);	/* NULL: nothing */

#endif							/* KEFU_SHMEM_H */
