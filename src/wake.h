/*
 * wake.h
 *		Waking a worker when this transaction commits.
 */
#ifndef KEFU_WAKE_H
#define KEFU_WAKE_H

#include "shmem.h"

/* A worker looks so often even if nothing wakes it. */
#define KEFU_FALLBACK_MS 10000

/*
 * Wakes the worker once this transaction has committed; nothing happens if it,
 * or the subtransaction that asked, rolls back.  Costs next to nothing when
 * repeated, and is right to call without preload.
 */
extern void kefu_wake_at_commit(KefuProcess process);

/*
 * The same, but only if work due at that instant could be late otherwise: the
 * worker's regular look finds what is due after it.
 */
extern void kefu_wake_for(KefuProcess process, TimestampTz due_at);

#endif							/* KEFU_WAKE_H */
