/*
 * compat.h
 *		Shims between PostgreSQL 15 and 18.
 *
 * Each gives an older server the newer name, so that no other file tests
 * PG_VERSION_NUM.
 */
#ifndef KEFU_COMPAT_H
#define KEFU_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "pg_kefu needs PostgreSQL 15 or later"
#endif

/* 18 names the module in pg_get_loaded_modules(). */
#if PG_VERSION_NUM >= 180000
#define KEFU_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "pg_kefu", .version = KEFU_VERSION)
#else
#define KEFU_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* 16 moved what reads a varlena out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 17 let an extension name its own wait events. */
#if PG_VERSION_NUM < 170000
#define WaitEventExtensionNew(name) ((uint32) PG_WAIT_EXTENSION)
#endif

/* 17 ties a set of events to a resource owner; NULL is the whole process. */
#if PG_VERSION_NUM < 170000
#include "storage/latch.h"
#define CreateWaitEventSet(owner, count) CreateWaitEventSet(TopMemoryContext, count)
#endif

/* 18 has the standard's place for it, before the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

/* 18 counts what an index scan does, for EXPLAIN; nobody asks here. */
#if PG_VERSION_NUM >= 180000
#define kefu_index_beginscan(heap, index, snapshot, keys) \
	index_beginscan(heap, index, snapshot, NULL, keys, 0)
#else
#define kefu_index_beginscan(heap, index, snapshot, keys) \
	index_beginscan(heap, index, snapshot, keys, 0)
#endif

/* 16 moved the columns that a statement changes out of the range table. */
#if PG_VERSION_NUM >= 180000
#define kefu_init_range_table(estate, entry, changed) \
	do { \
		List	   *permissions = NIL; \
\
		addRTEPermissionInfo(&permissions, entry)->updatedCols = (changed); \
		ExecInitRangeTable(estate, list_make1(entry), permissions, bms_make_singleton(1)); \
	} while (0)
#elif PG_VERSION_NUM >= 160000
#define kefu_init_range_table(estate, entry, changed) \
	do { \
		List	   *permissions = NIL; \
\
		addRTEPermissionInfo(&permissions, entry)->updatedCols = (changed); \
		ExecInitRangeTable(estate, list_make1(entry), permissions); \
	} while (0)
#else
#define kefu_init_range_table(estate, entry, changed) \
	do { \
		(entry)->updatedCols = (changed); \
		ExecInitRangeTable(estate, list_make1(entry)); \
	} while (0)
#endif

/* 16 asks which result relations a recheck is for. */
#if PG_VERSION_NUM >= 160000
#define kefu_init_recheck(recheck, estate) \
	EvalPlanQualInit(recheck, estate, NULL, NIL, -1, NIL)
#else
#define kefu_init_recheck(recheck, estate) \
	EvalPlanQualInit(recheck, estate, NULL, NIL, -1)
#endif

/* 18 has CHECKs that aren't enforced, and other expressions beside them. */
#if PG_VERSION_NUM >= 180000
#define kefu_check_is_enforced(check) ((check)->ccenforced)
#else
#define kefu_check_is_enforced(check) true
#define ri_CheckConstraintExprs ri_ConstraintExprs
#endif

/*
 * The library is built with hidden visibility, as the server builds its own
 * since 16.  15 has PGDLLEXPORT empty, and fmgr.h marks what it exports with
 * it, hence the prelude includes this file before fmgr.h.
 */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

#define KEFU_FUNCTION(name) \
	PG_FUNCTION_INFO_V1(name); \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS)

#endif							/* KEFU_COMPAT_H */
