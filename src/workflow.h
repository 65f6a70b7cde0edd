/*
 * workflow.h
 *		The one thing that changes a state, and the rows it goes by.
 */
#ifndef KEFU_WORKFLOW_H
#define KEFU_WORKFLOW_H

#include "kefu.h"

#include "utils/jsonb.h"

#define KEFU_NEW "*new"

/* One row of kefu.transition, cached; lives to the end of the transaction at least. */
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
	char	   *handler;		/* given, nobody or NULL */
	Oid			effect;			/* InvalidOid: none */
	struct KefuTransition *next;	/* next seq of the same event */
} KefuTransition;

typedef struct KefuMachine
{
	char	   *machine;
	char	   *object_type;
	Oid			relation;
	char	   *id_column;
	char	   *kind_column;	/* NULL: the table holds one machine */
	char	   *round_column;	/* NULL: always round 1 */
	char	   *posted_column;	/* NULL: promises start at the event */
	char	  **readers;		/* columns of further units that may read; or NULL */
	char	   *parent_type;	/* of the object that is locked before it; NULL: none */
	char	   *parent_column;	/* has its number, which never changes */
	Oid			maker;			/* inserts a new object; InvalidOid: ingest does */
	char	   *initial_state;
	char	   *label[2];		/* by KefuLanguage */
} KefuMachine;

typedef struct KefuState
{
	char	   *state;
	bool		is_final;
	char	   *label[2];
} KefuState;

typedef struct KefuFact
{
	char	   *fact;
	bool		is_erasable;
	char	   *type;			/* text, code, instant, id, boolean or number */
	char	   *record_column;	/* NULL: must come with the event */
	char	   *label[2];
} KefuFact;

typedef struct KefuEventName
{
	char	   *event;
	char	   *label[2];
} KefuEventName;

extern void kefu_load_rows(void);
extern KefuMachine *kefu_machine(const char *machine);	/* NULL: none */
extern KefuMachine *kefu_machine_or_type(const char *name);
extern char **kefu_copy_names(char **names);
extern char **kefu_split_names(const char *line);
extern KefuState *kefu_state(const char *machine, const char *state);
extern KefuFact *kefu_fact(const char *fact);	/* NULL: kept as erasable text */
extern const char *kefu_event_label(const char *event);
extern char *kefu_allowed_events(const char *machine, const char *state);

/* First row of (machine, state, event), or NULL.  Valid until the next SPI call. */
extern KefuTransition *kefu_transitions(const char *machine, const char *from_state,
										const char *event);

/* Initial state of a machine; error if there is no such machine. */
extern const char *kefu_initial_state(const char *machine);

#endif							/* KEFU_WORKFLOW_H */
