/*
 * spi.h
 *		One wrapper for the SPI ritual.
 *
 * A plan is a static KefuPlan next to the function that uses it; it is
 * prepared at first use and kept for the life of the backend.
 */
#ifndef KEFU_SPI_H
#define KEFU_SPI_H

#include "kefu.h"

#include "executor/spi.h"

#define KEFU_PLAN_ARGS 24

typedef struct KefuPlan
{
	const char *sql;			/* every name schema-qualified */
	int			nargs;
	Oid			types[KEFU_PLAN_ARGS];
	SPIPlanPtr	plan;
} KefuPlan;

/*
 * Runs a plan inside an open SPI connection; returns SPI_processed.  nulls is
 * as for SPI_execute_plan and may be NULL.  limit 0 is all rows.
 */
extern uint64 kefu_spi_run(KefuPlan *plan, const Datum *values, const char *nulls,
						   bool read_only, long limit);

extern void kefu_spi_begin(void);
extern void kefu_spi_end(void);

/* Column of a row of SPI_tuptable; text comes palloc'd in the SPI context. */
extern Datum kefu_spi_value(uint64 row, int column, bool *isnull);
extern char *kefu_spi_text(uint64 row, int column);

#endif							/* KEFU_SPI_H */
