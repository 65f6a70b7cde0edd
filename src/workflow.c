/*
 * workflow.c
 *		The engine's rows, cached: object types, machines, states, transitions,
 *		facts and events.
 *
 * Engine rows change only when the extension is installed or updated.  The
 * whole set is loaded at once (a few hundred rows) and dropped by relation
 * invalidation, which may come with any query; what was dropped lives on to the
 * end of the transaction, and so do the pointers that were handed out.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "guc.h"
#include "rules.h"
#include "spi.h"
#include "workflow.h"

#define NAME_LENGTH 32

typedef struct TransitionKey
{
	char		machine[NAME_LENGTH];
	char		from_state[NAME_LENGTH];
	char		event[NAME_LENGTH];
} TransitionKey;

typedef struct TransitionEntry
{
	TransitionKey key;
	KefuTransition *first;
} TransitionEntry;

typedef struct NamedEntry
{
	char		name[NAME_LENGTH * 2];	/* hash key */
	void	   *value;
} NamedEntry;

static MemoryContext rows_context = NULL;
static bool rows_loaded = false;
static HTAB *transitions;
static HTAB *states;			/* "machine state" */
static HTAB *machines;
static HTAB *facts;
static HTAB *events;

static void
drop_rows(void)
{
	rows_loaded = false;
}

static HTAB *
make_table(const char *name, Size key, Size entry)
{
	HASHCTL		ctl;

	ctl.keysize = key;
	ctl.entrysize = entry;
	ctl.hcxt = rows_context;
	return hash_create(name, 256, &ctl,
					   HASH_ELEM | HASH_CONTEXT |
					   (key == sizeof(TransitionKey) ? HASH_BLOBS : HASH_STRINGS));
}

static char *
keep(uint64 row, int column)
{
	char	   *text = kefu_spi_text(row, column);

	return text ? MemoryContextStrdup(rows_context, text) : NULL;
}

/* A text[] column as a NULL-terminated list. */
static char **
keep_list(uint64 row, int column)
{
	bool		isnull;
	Datum		value = kefu_spi_value(row, column, &isnull);
	Datum	   *elems = NULL;
	int			count = 0;
	char	  **list;

	if (isnull)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
					  &elems, NULL, &count);
	list = MemoryContextAllocZero(rows_context, sizeof(char *) * (count + 1));
	for (int i = 0; i < count; i++)
		list[i] = MemoryContextStrdup(rows_context, TextDatumGetCString(elems[i]));
	return list;
}

static void
enter(HTAB *table, const char *name, void *value)
{
	char		key[NAME_LENGTH * 2] = {0};
	NamedEntry *entry;

	strlcpy(key, name, sizeof(key));
	entry = hash_search(table, key, HASH_ENTER, NULL);
	entry->value = value;
}

static void *
find(HTAB *table, const char *name)
{
	char		key[NAME_LENGTH * 2] = {0};
	NamedEntry *entry;

	strlcpy(key, name, sizeof(key));
	entry = hash_search(table, key, HASH_FIND, NULL);
	return entry ? entry->value : NULL;
}

#define KEEP_NEW(type) ((type *) MemoryContextAllocZero(rows_context, sizeof(type)))

static void
load_machines(void)
{
	static KefuPlan plan = {
		"SELECT m.machine, m.label_zh, m.label_en, m.maker, t.object_type, t.relation, "
		"       t.id_column, t.kind_column, t.round_column, t.posted_column, t.readers, "
		"       t.parent_type, t.parent_column "
		"  FROM kefu.machine m JOIN kefu.object_type t USING (object_type)",
		0, {0}, NULL
	};
	bool		isnull;

	kefu_spi_run(&plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		KefuMachine *m = KEEP_NEW(KefuMachine);
		Datum		maker = kefu_spi_value(i, 4, &isnull);

		m->machine = keep(i, 1);
		m->label[KEFU_LANGUAGE_ZH] = keep(i, 2);
		m->label[KEFU_LANGUAGE_EN] = keep(i, 3);
		m->maker = isnull ? InvalidOid : DatumGetObjectId(maker);
		m->object_type = keep(i, 5);
		m->relation = DatumGetObjectId(kefu_spi_value(i, 6, &isnull));
		m->id_column = keep(i, 7);
		m->kind_column = keep(i, 8);
		m->round_column = keep(i, 9);
		m->posted_column = keep(i, 10);
		m->readers = keep_list(i, 11);
		m->parent_type = keep(i, 12);
		m->parent_column = keep(i, 13);
		enter(machines, m->machine, m);
	}
}

static void
load_states(void)
{
	static KefuPlan plan = {
		"SELECT machine, state, is_initial, is_final, label_zh, label_en FROM kefu.state",
		0, {0}, NULL
	};
	bool		isnull;

	kefu_spi_run(&plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		KefuState  *s = KEEP_NEW(KefuState);
		char	   *machine = kefu_spi_text(i, 1);
		KefuMachine *m = find(machines, machine);

		s->state = keep(i, 2);
		s->is_final = DatumGetBool(kefu_spi_value(i, 4, &isnull));
		s->label[KEFU_LANGUAGE_ZH] = keep(i, 5);
		s->label[KEFU_LANGUAGE_EN] = keep(i, 6);
		if (m != NULL && DatumGetBool(kefu_spi_value(i, 3, &isnull)))
			m->initial_state = s->state;
		enter(states, psprintf("%s %s", machine, s->state), s);
	}
}

static void
load_words(void)
{
	static KefuPlan fact_plan = {
		"SELECT fact, is_erasable, record_column, label_zh, label_en, type "
		"  FROM kefu.fact",
		0, {0}, NULL
	};
	static KefuPlan event_plan = {
		"SELECT event, label_zh, label_en FROM kefu.event", 0, {0}, NULL
	};
	bool		isnull;

	kefu_spi_run(&fact_plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		KefuFact   *f = KEEP_NEW(KefuFact);

		f->fact = keep(i, 1);
		f->is_erasable = DatumGetBool(kefu_spi_value(i, 2, &isnull));
		f->type = keep(i, 6);
		f->record_column = keep(i, 3);
		f->label[KEFU_LANGUAGE_ZH] = keep(i, 4);
		f->label[KEFU_LANGUAGE_EN] = keep(i, 5);
		enter(facts, f->fact, f);
	}
	kefu_spi_run(&event_plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		KefuEventName *e = KEEP_NEW(KefuEventName);

		e->event = keep(i, 1);
		e->label[KEFU_LANGUAGE_ZH] = keep(i, 2);
		e->label[KEFU_LANGUAGE_EN] = keep(i, 3);
		enter(events, e->event, e);
	}
}

static TransitionEntry *
transition_entry(const char *machine, const char *from_state, const char *event,
				 HASHACTION action)
{
	TransitionKey key;

	memset(&key, 0, sizeof(key));
	strlcpy(key.machine, machine, NAME_LENGTH);
	strlcpy(key.from_state, from_state, NAME_LENGTH);
	strlcpy(key.event, event, NAME_LENGTH);
	return hash_search(transitions, &key, action, NULL);
}

static Oid
keep_oid(uint64 row, int column)
{
	bool		isnull;
	Datum		value = kefu_spi_value(row, column, &isnull);

	return isnull ? InvalidOid : DatumGetObjectId(value);
}

static void
load_transitions(void)
{
	static KefuPlan plan = {
		"SELECT machine, from_state, event, seq, guard, guard_arg, to_machine, to_state, "
		"       roles, requires, speaks, clock_ops, handler, effect "
		"  FROM kefu.transition ORDER BY machine, from_state, event, seq DESC",
		0, {0}, NULL
	};
	bool		isnull;

	kefu_spi_run(&plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		KefuTransition *t = KEEP_NEW(KefuTransition);
		TransitionEntry *entry;

		t->machine = keep(i, 1);
		t->from_state = keep(i, 2);
		t->event = keep(i, 3);
		t->seq = DatumGetInt16(kefu_spi_value(i, 4, &isnull));
		t->guard = keep_oid(i, 5);
		t->guard_arg = keep(i, 6);
		t->to_machine = keep(i, 7);
		t->to_state = keep(i, 8);
		t->roles = keep_list(i, 9);
		t->requires = keep_list(i, 10);
		t->speaks = keep(i, 11);
		t->clock_ops = keep_list(i, 12);
		t->handler = keep(i, 13);
		t->effect = keep_oid(i, 14);
		entry = transition_entry(t->machine, t->from_state, t->event, HASH_FIND);
		t->next = entry ? entry->first : NULL;
		if (entry == NULL)
			entry = transition_entry(t->machine, t->from_state, t->event, HASH_ENTER);
		entry->first = t;
	}
}

/*
 * Loads everything, again if an invalidation came while loading.
 */
void
kefu_load_rows(void)
{
	KefuRulesReader reader;

	if (rows_loaded)
		return;
	kefu_rules_watch("transition", drop_rows);
	kefu_rules_watch("state", drop_rows);
	kefu_rules_watch("machine", drop_rows);
	kefu_rules_watch("object_type", drop_rows);
	kefu_rules_watch("fact", drop_rows);
	kefu_rules_watch("event", drop_rows);
	while (!rows_loaded)
	{
		rows_context = kefu_rules_context(rows_context, "engine rows");
		rows_loaded = true;
		transitions = make_table("kefu transitions", sizeof(TransitionKey),
								 sizeof(TransitionEntry));
		states = make_table("kefu states", NAME_LENGTH * 2, sizeof(NamedEntry));
		machines = make_table("kefu machines", NAME_LENGTH * 2, sizeof(NamedEntry));
		facts = make_table("kefu facts", NAME_LENGTH * 2, sizeof(NamedEntry));
		events = make_table("kefu events", NAME_LENGTH * 2, sizeof(NamedEntry));
		PG_TRY();
		{
			kefu_rules_open("transition", &reader);
			load_machines();
			load_states();
			load_words();
			load_transitions();
			kefu_rules_close(&reader);
		}
		PG_CATCH();
		{
			rows_loaded = false;
			PG_RE_THROW();
		}
		PG_END_TRY();
	}
}

KefuTransition *
kefu_transitions(const char *machine, const char *from_state, const char *event)
{
	TransitionEntry *entry;

	kefu_load_rows();
	entry = transition_entry(machine, from_state, event, HASH_FIND);
	return entry ? entry->first : NULL;
}

KefuMachine *
kefu_machine(const char *machine)
{
	kefu_load_rows();
	return find(machines, machine);
}

/* The machine of this name, or any of those that share the object type. */
KefuMachine *
kefu_machine_or_type(const char *name)
{
	KefuMachine *machine = kefu_machine(name);
	HASH_SEQ_STATUS scan;
	NamedEntry *entry;

	if (machine != NULL)
		return machine;
	hash_seq_init(&scan, machines);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (strcmp(((KefuMachine *) entry->value)->object_type, name) == 0)
		{
			hash_seq_term(&scan);
			return entry->value;
		}
	return NULL;
}

KefuState *
kefu_state(const char *machine, const char *state)
{
	kefu_load_rows();
	return find(states, psprintf("%s %s", machine, state));
}

KefuFact *
kefu_fact(const char *fact)
{
	kefu_load_rows();
	return find(facts, fact);
}

const char *
kefu_event_label(const char *event)
{
	KefuEventName *e;

	kefu_load_rows();
	e = find(events, event);
	return e ? e->label[kefu_language] : event;
}

const char *
kefu_initial_state(const char *machine)
{
	KefuMachine *m = kefu_machine(machine);

	if (m == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no machine \"%s\"", machine),
				 errhint("SELECT machine FROM kefu.machine lists them.")));
	return m->initial_state;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * The events a state allows, with labels, as one line for a refusal's detail.
 */
char *
kefu_allowed_events(const char *machine, const char *state)
{
	HASH_SEQ_STATUS scan;
	TransitionEntry *entry;
	StringInfoData line;
	char	  **names;
	int			count = 0;

	kefu_load_rows();
	names = palloc(sizeof(char *) * (hash_get_num_entries(transitions) + 1));
	hash_seq_init(&scan, transitions);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (strcmp(entry->key.machine, machine) == 0 &&
			strcmp(entry->key.from_state, state) == 0)
			names[count++] = entry->key.event;
	qsort(names, count, sizeof(char *), compare_names);
	initStringInfo(&line);
	for (int i = 0; i < count; i++)
		appendStringInfo(&line, "%s%s (%s)", i ? ", " : "", names[i],
						 kefu_event_label(names[i]));
	return line.data;
}

/* Copies of a NULL-terminated list, and of a space-separated one. */
char **
kefu_copy_names(char **names)
{
	int			count = 0;
	char	  **copy;

	while (names[count])
		count++;
	copy = palloc(sizeof(char *) * (count + 1));
	for (int i = 0; i < count; i++)
		copy[i] = pstrdup(names[i]);
	copy[count] = NULL;
	return copy;
}

char **
kefu_split_names(const char *line)
{
	char	   *copy = pstrdup(line ? line : "");
	char	  **names = palloc(sizeof(char *) * (strlen(copy) + 2));
	int			count = 0;

	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		names[count++] = word;
	names[count] = NULL;
	return names;
}
