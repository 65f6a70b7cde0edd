/*
 * write.h
 *		Changing one locked row.
 */
#ifndef KEFU_WRITE_H
#define KEFU_WRITE_H

#include "kefu.h"

#include "storage/itemptr.h"
#include "utils/relcache.h"

/* At most so many columns change at once. */
#define KEFU_CHANGES 8

typedef struct KefuChange
{
	int			count;
	int			columns[KEFU_CHANGES];
	Datum		values[KEFU_CHANGES];
	bool		nulls[KEFU_CHANGES];
} KefuChange;

/* Adds a column to a change; NULL where isnull. */
extern void kefu_change_set(KefuChange *change, int column, Datum value, bool isnull);

/*
 * Does what UPDATE rel SET ... does to the version of a row at tid, which
 * kefu_lock_row() has found and nobody has changed since: triggers, checks,
 * indexes and foreign keys are the table's own; the rights are not asked for, so
 * callers are definer functions.  rel is open for writing.  Takes its memory from
 * the current context and gives it back.  Errors: what these raise, and an
 * internal one if the row was changed after all.
 */
extern void kefu_write_row(Relation rel, ItemPointer tid, const KefuChange *change);

#endif							/* KEFU_WRITE_H */
