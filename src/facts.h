/*
 * facts.h
 *		The facts that come with an event.
 */
#ifndef KEFU_FACTS_H
#define KEFU_FACTS_H

#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "object.h"
#include "workflow.h"

extern char *kefu_instant_text(TimestampTz at);
extern JsonbValue *kefu_fact_value(Jsonb *args, const char *name);	/* NULL: no such key */
extern bool kefu_fact_is_given(const JsonbValue *value);
extern char *kefu_fact_text(Jsonb *args, const char *name);	/* NULL: no text */
extern int64 kefu_fact_number(const char *name, const JsonbValue *value);
extern TimestampTz kefu_fact_instant(Jsonb *args, const char *name);	/* DT_NOBEGIN: none */
extern const char *kefu_missing_fact(KefuTransition *t, KefuObject *object, Jsonb *args);
extern void kefu_split_facts(Jsonb *args, Jsonb **facts, Jsonb **detail);
extern void kefu_check_facts(Jsonb *args);

#endif							/* KEFU_FACTS_H */
