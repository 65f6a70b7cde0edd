/*
 * spi.c
 *		One wrapper for the SPI ritual.
 *
 * Plans are parsed under a search_path of pg_catalog alone, so that an
 * operator planted elsewhere can never be meant, whoever calls.
 */
#include "kefu.h"

#include "catalog/namespace.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "spi.h"

static SPIPlanPtr
prepare(KefuPlan *plan)
{
	SPIPlanPtr	made;
	int			nest = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	made = SPI_prepare(plan->sql, plan->nargs, plan->types);
	AtEOXact_GUC(true, nest);
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
