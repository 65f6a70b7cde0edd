/*
 * scan.h
 *		Reading many rows one by one, in bounded memory.
 */
#ifndef KEFU_SCAN_H
#define KEFU_SCAN_H

#include "kefu.h"

#include "executor/spi.h"

#define KEFU_SCAN_COLUMNS 32

typedef struct KefuScan
{
	Portal		portal;
	SPITupleTable *batch;
	uint64		count;			/* rows of the batch */
	uint64		next;			/* first row of it not yet given */
	Datum		values[KEFU_SCAN_COLUMNS];	/* of the present row */
	bool		isnull[KEFU_SCAN_COLUMNS];
} KefuScan;

/*
 * Opens a query inside an open SPI connection.  Read-only scans share the
 * caller's snapshot, so that several see one moment; others take a new one.
 */
extern void kefu_scan_open(KefuScan *scan, const char *sql, int nargs, Oid *types,
						   Datum *values, bool read_only);

/* Moves to the next row; false at the end.  Values are good until the next call. */
extern bool kefu_scan_next(KefuScan *scan);

extern void kefu_scan_close(KefuScan *scan);

/* Columns count from 0. */
extern const char *kefu_scan_text(const KefuScan *scan, int column);

/* Copies exactly length bytes; false if the column is NULL or of another length. */
extern bool kefu_scan_bytes(const KefuScan *scan, int column, uint8 *bytes, int length);

#endif							/* KEFU_SCAN_H */
