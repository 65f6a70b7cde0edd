/*
 * rules.c
 *		Backend-local caches of rule rows, and how they learn of a change.
 *
 * A change of rows sends no relation invalidation by itself; a statement
 * trigger on each table of rules sends one, so that at commit every backend
 * drops what it has cached from that table.  A restore with triggers off needs
 * none of it: its sessions are new.
 */
#include "kefu.h"

#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "rules.h"

#define MAX_WATCHES 48

typedef struct Watch
{
	const char *table;			/* a literal */
	Oid			relation;
	KefuRulesDrop drop;
} Watch;

static Watch watches[MAX_WATCHES];
static int	watch_count = 0;

/* InvalidOid means that everything may have changed. */
static void
at_invalidation(Datum arg, Oid relation)
{
	for (int i = 0; i < watch_count; i++)
		if (relation == InvalidOid || watches[i].relation == relation)
			watches[i].drop();
}

void
kefu_rules_watch(const char *table, KefuRulesDrop drop)
{
	Oid			relation = get_relname_relid(table, get_namespace_oid("kefu", false));

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"kefu.%s\" does not exist", table)));
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
		CacheRegisterRelcacheCallback(at_invalidation, (Datum) 0);
	watches[watch_count].table = table;
	watches[watch_count].relation = relation;
	watches[watch_count].drop = drop;
	watch_count++;
}

KEFU_FUNCTION(kefu_rules_changed);

/* AFTER statement trigger of every table of rules. */
Datum
kefu_rules_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "kefu.rules_changed() is a trigger function");
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}
