/*
 * lock.h
 *		Locking one row by its primary key.
 */
#ifndef KEFU_LOCK_H
#define KEFU_LOCK_H

#include "kefu.h"

#include "executor/tuptable.h"
#include "utils/relcache.h"

/*
 * Does what SELECT * FROM rel WHERE id = $1 FOR NO KEY UPDATE does: waits for
 * other writers of the row, then leaves its newest version in the slot, which is
 * of that table; false if there is none.  The primary key is one bigint that
 * never changes.  Errors: serialization_failure above READ COMMITTED, where
 * somebody else has changed the row since.
 */
extern bool kefu_lock_row(Relation rel, int64 id, TupleTableSlot *slot);

#endif							/* KEFU_LOCK_H */
