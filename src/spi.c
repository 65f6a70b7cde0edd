/*
 * spi.c
 *		One wrapper for the SPI ritual.
 *
 * A plan is parsed under the search_path of the moment, and anew under another
 * one.  Operators are therefore only as safe as that path: definer functions pin
 * theirs, and what runs for any caller is bracketed by kefu_rules_open().
 */
#include "kefu.h"

#include "utils/memutils.h"

#include "spi.h"

static SPIPlanPtr
prepare(KefuPlan *plan)
{
	SPIPlanPtr	made = SPI_prepare(plan->sql, plan->nargs, plan->types);

	if (made == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", plan->sql,
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(made) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", plan->sql);
	return made;
}

uint64
kefu_spi_run(KefuPlan *plan, const Datum *values, const char *nulls,
			 bool read_only, long limit)
{
	int			rc;

	if (plan->plan == NULL)
		plan->plan = prepare(plan);
	rc = SPI_execute_plan(plan->plan, (Datum *) values, nulls, read_only, limit);
	if (rc < 0)
		elog(ERROR, "could not run \"%s\": %s", plan->sql, SPI_result_code_string(rc));
	return SPI_processed;
}

void
kefu_spi_begin(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
}

void
kefu_spi_end(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "could not disconnect from SPI");
}

Datum
kefu_spi_value(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

char *
kefu_spi_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}
