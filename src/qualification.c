/*
 * qualification.c
 *		What people must have before they are given work, remembered.
 *
 * Whether somebody is qualified is asked at every new handler and changes some
 * times a year.  Each backend keeps until when the answer is yes, and forgets it
 * when one of the tables behind it changes.  A no is never kept: its words depend
 * on the language of the session.
 *
 * What is asked for and what counts as having it is in SQL
 * (47_organization); nothing here decides.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "qualification.h"
#include "rules.h"
#include "spi.h"
#include "who.h"

/* Lacks nothing from from_at on and before until_at */
typedef struct Qualified
{
	int32		staff_id;		/* hash key */
	TimestampTz from_at;
	TimestampTz until_at;
} Qualified;

static MemoryContext qualified_context = NULL;
static HTAB *qualified = NULL;
static uint64 forgotten = 0;	/* times */

static void
forget(void)
{
	forgotten++;
	qualified = NULL;
	if (qualified_context != NULL)
		MemoryContextReset(qualified_context);
}

/* Who was found to be qualified; empty after a change. */
static HTAB *
known(void)
{
	HASHCTL		ctl = {0};

	if (qualified != NULL)
		return qualified;
	if (qualified_context == NULL)
		qualified_context = AllocSetContextCreate(CacheMemoryContext, "kefu qualification",
												  ALLOCSET_SMALL_SIZES);
	kefu_rules_watch("qualification_rule", forget);
	kefu_rules_watch("qualification", forget);
	kefu_rules_watch("training", forget);
	kefu_rules_watch("waiver", forget);
	kefu_rules_watch("staff", forget);
	kefu_rules_watch("unit", forget);
	ctl.keysize = sizeof(int32);
	ctl.entrysize = sizeof(Qualified);
	ctl.hcxt = qualified_context;
	qualified = hash_create("kefu qualified", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return qualified;
}

char *
kefu_qualification_gap(int32 staff_id)
{
	static KefuPlan plan = {
		"SELECT kefu.qualification_gap($1, $2), kefu.qualified_until($1, $2)",
		2, {INT4OID, TIMESTAMPTZOID}
	};
	MemoryContext context = CurrentMemoryContext;
	TimestampTz now = kefu_now();
	Qualified  *entry = hash_search(known(), &staff_id, HASH_FIND, NULL);
	uint64		before = forgotten;
	KefuRulesReader reader;
	Datum		values[2] = {Int32GetDatum(staff_id), TimestampTzGetDatum(now)};
	char	   *gap;
	TimestampTz until_at;
	bool		isnull;

	if (entry != NULL && entry->from_at <= now && now < entry->until_at)
		return NULL;
	kefu_rules_open("qualification", &reader);
	kefu_spi_run(&plan, values, NULL, true, 1);
	gap = kefu_spi_text(0, 1);
	if (gap != NULL)
		gap = MemoryContextStrdup(context, gap);
	until_at = DatumGetTimestampTz(kefu_spi_value(0, 2, &isnull));
	kefu_rules_close(&reader);
	/* What changed while it was read is read again. */
	if (gap == NULL && !isnull && forgotten == before)
	{
		entry = hash_search(known(), &staff_id, HASH_ENTER, NULL);
		entry->from_at = now;
		entry->until_at = until_at;
	}
	return gap;
}
