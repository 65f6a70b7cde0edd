/*
 * rules.c
 *		Backend-local caches of rule rows: how they learn of a change, and how
 *		they are filled.
 *
 * A change of rows sends no relation invalidation by itself; a statement
 * trigger on each table of rules sends one, so that at commit every backend
 * drops what it has cached from that table.  The changing session drops it
 * after each of its statements and again if it rolls back.
 *
 * A cache filled between kefu_rules_open() and kefu_rules_close() never
 * outlives a committed change: its rows are those of the latest snapshot.  The
 * statement's own may be older than a change whose message was consumed
 * already, and rows read under it would be kept for ever.  So rules, like the
 * server's catalogs, may be newer than what a REPEATABLE READ transaction sees.
 */
#include "kefu.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "rules.h"
#include "spi.h"

#define MAX_WATCHES 64

typedef struct Watch
{
	const char *table;			/* a literal */
	Oid			relation;
	KefuRulesDrop drop;
} Watch;

static Watch watches[MAX_WATCHES];
static int	watch_count = 0;

/* Something was read under a snapshot that may be old, see kefu_rules_open() */
static bool provisional = false;

/* InvalidOid means that everything may have changed. */
static void
at_invalidation(Datum arg, Oid relation)
{
	for (int i = 0; i < watch_count; i++)
		if (relation == InvalidOid || watches[i].relation == relation)
			watches[i].drop();
}

/* What may be old doesn't outlive its transaction. */
static void
at_transaction_event(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			if (provisional)
				at_invalidation((Datum) 0, InvalidOid);
			provisional = false;
			break;
		default:
			break;
	}
}

/* The table's Oid; raises undefined_table where the extension isn't there. */
static Oid
rule_table(const char *table)
{
	Oid			relation = get_relname_relid(table, get_namespace_oid("kefu", false));

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"kefu.%s\" does not exist", table)));
	return relation;
}

void
kefu_rules_watch(const char *table, KefuRulesDrop drop)
{
	Oid			relation = rule_table(table);

	/* After DROP and CREATE EXTENSION the same table comes with a new Oid. */
	for (int i = 0; i < watch_count; i++)
		if (watches[i].drop == drop && strcmp(watches[i].table, table) == 0)
		{
			watches[i].relation = relation;
			return;
		}
	if (watch_count >= MAX_WATCHES)
		elog(ERROR, "too many watched tables");
	if (watch_count == 0)
	{
		/* One for all caches: the server has room for ten. */
		CacheRegisterRelcacheCallback(at_invalidation, (Datum) 0);
		RegisterXactCallback(at_transaction_event, NULL);
	}
	watches[watch_count].table = table;
	watches[watch_count].relation = relation;
	watches[watch_count].drop = drop;
	watch_count++;
}

MemoryContext
kefu_rules_context(MemoryContext old, const char *name)
{
	MemoryContext context = AllocSetContextCreate(CacheMemoryContext, "kefu rules",
												  ALLOCSET_SMALL_SIZES);

	MemoryContextSetIdentifier(context, name);
	if (old != NULL)
		MemoryContextSetParent(old, TopTransactionContext);
	return context;
}

static Oid
owner_of(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

void
kefu_rules_open(const char *table, KefuRulesReader *reader)
{
	Oid			owner = owner_of(rule_table(table));

	GetUserIdAndSecContext(&reader->userid, &reader->sec_context);
	SetUserIdAndSecContext(owner, reader->sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	reader->guc_nest = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	kefu_spi_begin();
	if (IsInParallelMode())
	{
		/* The server takes no newer snapshot here. */
		provisional = true;
		PushActiveSnapshot(GetActiveSnapshot());
	}
	else
		PushActiveSnapshot(GetLatestSnapshot());
}

void
kefu_rules_close(const KefuRulesReader *reader)
{
	PopActiveSnapshot();
	kefu_spi_end();
	AtEOXact_GUC(true, reader->guc_nest);
	SetUserIdAndSecContext(reader->userid, reader->sec_context);
}

/* AFTER statement trigger of every table of rules. */
KEFU_FUNCTION(kefu_rules_changed)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("kefu.rules_changed() can only be called as a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}
