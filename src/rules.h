/*
 * rules.h
 *		Backend-local caches of rule rows: how they learn of a change, and how
 *		they are filled.
 */
#ifndef KEFU_RULES_H
#define KEFU_RULES_H

#include "kefu.h"

typedef void (*KefuRulesDrop) (void);

/* What kefu_rules_close() puts back */
typedef struct KefuRulesReader
{
	Oid			userid;
	int			sec_context;
	int			guc_nest;
} KefuRulesReader;

/*
 * Calls drop whenever rows of kefu.<table> changed, here or elsewhere.  drop
 * runs inside invalidation processing: it may forget, and nothing else.  table
 * must be a literal; call it at every loading, it costs a look-up.
 */
extern void kefu_rules_watch(const char *table, KefuRulesDrop drop);

/*
 * An empty context for what a cache loads next; name is a literal.  What is in
 * old lives on to the end of the transaction: whoever began before a change may
 * still point into it.  So drop only notes that the cache is stale.
 */
extern MemoryContext kefu_rules_context(MemoryContext old, const char *name);

/*
 * Bracket the SPI calls that fill a cache: connected, as the owner of
 * kefu.<table>, under the latest snapshot and with search_path at pg_catalog, so
 * that no operator of the caller's is ever meant.  After an error nothing is to
 * be closed, transaction abort puts everything back.
 */
extern void kefu_rules_open(const char *table, KefuRulesReader *reader);
extern void kefu_rules_close(const KefuRulesReader *reader);

#endif							/* KEFU_RULES_H */
