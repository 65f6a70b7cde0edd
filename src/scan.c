/*
 * scan.c
 *		Reading many rows one by one, in bounded memory.
 *
 * A cursor fetched in batches.  What it doesn't do: keep plans, since its
 * queries are long compared with their planning, or pin the search path, since
 * its callers are functions that have theirs pinned.
 */
#include "kefu.h"

#include "scan.h"

#define BATCH_ROWS 1000

void
kefu_scan_open(KefuScan *scan, const char *sql, int nargs, Oid *types,
			   Datum *values, bool read_only)
{
	memset(scan, 0, sizeof(*scan));
	scan->portal = SPI_cursor_open_with_args(NULL, sql, nargs, types, values, NULL,
											 read_only, CURSOR_OPT_NO_SCROLL);
	if (scan->portal == NULL)
		elog(ERROR, "could not open \"%s\": %s", sql, SPI_result_code_string(SPI_result));
}

static bool
fetch_batch(KefuScan *scan)
{
	if (scan->batch != NULL)
		SPI_freetuptable(scan->batch);
	SPI_cursor_fetch(scan->portal, true, BATCH_ROWS);
	scan->batch = SPI_tuptable;
	scan->count = SPI_processed;
	scan->next = 0;
	Assert(scan->batch->tupdesc->natts <= KEFU_SCAN_COLUMNS);
	return scan->count > 0;
}

bool
kefu_scan_next(KefuScan *scan)
{
	if (scan->next == scan->count && !fetch_batch(scan))
		return false;
	heap_deform_tuple(scan->batch->vals[scan->next++], scan->batch->tupdesc,
					  scan->values, scan->isnull);
	return true;
}

void
kefu_scan_close(KefuScan *scan)
{
	if (scan->batch != NULL)
		SPI_freetuptable(scan->batch);
	SPI_cursor_close(scan->portal);
}

const char *
kefu_scan_text(const KefuScan *scan, int column)
{
	return scan->isnull[column] ? NULL : TextDatumGetCString(scan->values[column]);
}

bool
kefu_scan_bytes(const KefuScan *scan, int column, uint8 *bytes, int length)
{
	bytea	   *value;

	if (scan->isnull[column])
		return false;
	value = DatumGetByteaPP(scan->values[column]);
	if (VARSIZE_ANY_EXHDR(value) != length)
		return false;
	memcpy(bytes, VARDATA_ANY(value), length);
	return true;
}
