/*
 * workflow.h
 *		The one thing that changes a state, and the rows it goes by.
 */
#ifndef KEFU_WORKFLOW_H
#define KEFU_WORKFLOW_H

#include "kefu.h"

#include "utils/jsonb.h"

#define KEFU_NEW "*new"

/* One row of kefu.transition, cached; strings live as long as the cache. */
typedef struct KefuTransition
{
	char	   *machine;
	char	   *from_state;
	char	   *event;
	int16		seq;
	Oid			guard;			/* InvalidOid: always */
	char	   *guard_arg;
	char	   *to_machine;
	char	   *to_state;
	char	  **roles;			/* NULL-terminated */
	char	  **requires;		/* NULL-terminated */
	char	   *speaks;			/* public, private, both or NULL */
	char	  **clock_ops;		/* start:x, stop:x, pause:x; NULL-terminated */
	Oid			effect;			/* InvalidOid: none */
	struct KefuTransition *next;	/* next seq of the same event */
} KefuTransition;

/* First row of (machine, state, event), or NULL.  Valid until the next SPI call. */
extern KefuTransition *kefu_transitions(const char *machine, const char *from_state,
										const char *event);

/* Initial state of a machine; error if there is no such machine. */
extern const char *kefu_initial_state(const char *machine);

/*
 * Lets a set-wise statement of ours move audit_seq and audit_head, and nothing
 * else, of rows of one table; see guard.c.
 */
extern void kefu_guard_permit_heads(Oid relation);
extern void kefu_guard_forbid_heads(void);

#endif							/* KEFU_WORKFLOW_H */
