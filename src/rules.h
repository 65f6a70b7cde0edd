/*
 * rules.h
 *		Backend-local caches of rule rows, and how they learn of a change.
 */
#ifndef KEFU_RULES_H
#define KEFU_RULES_H

#include "kefu.h"

typedef void (*KefuRulesDrop) (void);

/*
 * Calls drop whenever rows of kefu.<table> changed, here or elsewhere.  drop
 * runs inside invalidation processing: it may forget, and nothing else.  table
 * must be a literal; call it at every loading, it costs a look-up.
 */
extern void kefu_rules_watch(const char *table, KefuRulesDrop drop);

#endif							/* KEFU_RULES_H */
