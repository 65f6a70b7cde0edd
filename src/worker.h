/*
 * worker.h
 *		What the background processes share.
 */
#ifndef KEFU_WORKER_H
#define KEFU_WORKER_H

#include "shmem.h"

/* Where the workers live; travels in bgw_extra. */
typedef struct KefuHome
{
	Oid			database;
	Oid			role;
} KefuHome;

/* Registers the launcher; called from _PG_init() while preloading. */
extern void kefu_launcher_install(void);

/* What a look at the database allows; each level includes those before it. */
typedef enum KefuLeave
{
	KEFU_MAY_NOTHING,			/* no extension, another version, foreign copy */
	KEFU_MAY_KEEP_HOUSE,		/* desk is off: seals, and results of before */
	KEFU_MAY_WORK,				/* rehearsing: everything but sending */
	KEFU_MAY_SEND
} KefuLeave;

/* A job's next time if nothing but an event brings it. */
#define KEFU_NOT_BY_TIME DT_NOEND

/*
 * One thing a worker does again and again, in a transaction of its own.  An
 * error ends the transaction, not the worker, and only this job backs off.
 */
typedef struct KefuJob
{
	const char *name;			/* as pg_stat_activity shows it */

	/* Runs with SPI and a snapshot; returns when it wants to run next. */
	TimestampTz (*run) (void);
	KefuLeave	needs;
	int			early_ms;		/* may run this early if the worker is awake anyway */
	bool		at_wake;		/* runs at every wake, and in case one was missed */

	TimestampTz next_at;		/* 0: now */
	TimestampTz look_at;		/* at_wake: the regular look, due or not; 0: none */
	int			failures;		/* in a row */
} KefuJob;

/*
 * First call of a worker's main function.  Ends the process if another of its
 * kind is alive.  The jobs are the caller's and run in their order.
 */
extern void kefu_worker_start(KefuProcess process, KefuJob *jobs, int count);

/*
 * One turn: shutdown, settings, wakes, a look at the database if one is due,
 * then every job that is due and permitted.
 */
extern KefuLeave kefu_worker_turn(void);

/* Milliseconds until the next turn is due, rounded up. */
extern long kefu_worker_pause(void);

/*
 * Within a job: whether its transaction must outlive a crash.  If not, what it
 * did is simply done again, and its commit waits for nothing.
 */
extern void kefu_worker_commit_must_last(bool must);

/* Adds to what kefu.stat_worker shows for this worker. */
extern void kefu_worker_count(const KefuCounts *more);

/* 0 if the instant is past; rounded up, since waking early is waiting again. */
extern long kefu_ms_until(TimestampTz at);

/* Pause after so many failures in a row, with jitter; about limit_ms at most. */
extern int	kefu_worker_pause_ms(int failures, int limit_ms);

#endif							/* KEFU_WORKER_H */
