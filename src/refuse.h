/*
 * refuse.h
 *		The desk's refusals: one place for their words, in both languages.
 */
#ifndef KEFU_REFUSE_H
#define KEFU_REFUSE_H

#include "kefu.h"

#include "workflow.h"

pg_noreturn extern void kefu_refuse_transition(KefuMachine *machine, const char *state,
											   const char *event, bool guarded);
pg_noreturn extern void kefu_refuse_missing(KefuMachine *machine, const char *state,
											const char *event, const char *fact);
pg_noreturn extern void kefu_refuse_role(KefuMachine *machine, const char *state,
										 const char *event, char **roles,
										 const char *unit);
pg_noreturn extern void kefu_refuse_handler(KefuMachine *machine, const char *state,
											const char *event, int32 handler);
pg_noreturn extern void kefu_refuse_assignee(int32 staff_id, const char *unit);
pg_noreturn extern void kefu_refuse_unqualified(int32 staff_id, const char *gap);
pg_noreturn extern void kefu_refuse_stale(KefuMachine *machine, const char *state,
										  int32 given, int32 actual);
pg_noreturn extern void kefu_refuse_not_visible(void);

#endif							/* KEFU_REFUSE_H */
