/*
 * rows.h
 *		Inserting many rows of one table with one statement.
 */
#ifndef KEFU_ROWS_H
#define KEFU_ROWS_H

#include "kefu.h"

#include "funcapi.h"

#include "spi.h"

#define KEFU_ROW_COLUMNS 32

/*
 * A table to insert into, static next to its user.  Columns not named keep
 * their defaults.  tail is appended to the INSERT ... SELECT, e.g. an
 * ON CONFLICT clause; NULL for none.
 */
typedef struct KefuRowTable
{
	const char *table;			/* in schema kefu */
	const char *const *columns; /* NULL-terminated */
	const char *tail;

	/* filled at first use */
	KefuPlan	plan;
	Oid			rowtype;
	int			attnums[KEFU_ROW_COLUMNS];
} KefuRowTable;

/* Rows collected for it; lives as long as the memory context of its init. */
typedef struct KefuRows
{
	KefuRowTable *table;
	TupleDesc	desc;
	Datum	   *rows;
	int			count;
	int			capacity;
	Datum		values[KEFU_ROW_COLUMNS * 2];	/* of the row under way, by attribute */
	bool		nulls[KEFU_ROW_COLUMNS * 2];
} KefuRows;

extern void kefu_rows_init(KefuRows *rows, KefuRowTable *table, int capacity);

/*
 * Values of the row under way, by place in table->columns; what is not set is
 * NULL.  kefu_row_text() takes NULL for NULL, kefu_row_id() 0 for NULL.
 */
extern void kefu_row_set(KefuRows *rows, int column, Datum value);
extern void kefu_row_text(KefuRows *rows, int column, const char *value);
extern void kefu_row_id(KefuRows *rows, int column, int64 value);
extern void kefu_row_end(KefuRows *rows);

/* Inserts them in order, inside an open SPI connection; returns how many were. */
extern uint64 kefu_rows_insert(KefuRows *rows);

#endif							/* KEFU_ROWS_H */
