/*
 * wake.h
 *		Waking a worker when this transaction commits.
 */
#ifndef KEFU_WAKE_H
#define KEFU_WAKE_H

#include "shmem.h"

/*
 * Wakes the worker once this transaction has committed; nothing happens if it,
 * or the subtransaction that asked, rolls back.  Costs next to nothing when
 * repeated, and is right to call without preload.
 */
extern void kefu_wake_at_commit(KefuProcess process);

#endif							/* KEFU_WAKE_H */
