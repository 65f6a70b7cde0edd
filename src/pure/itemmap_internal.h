/*
 * itemmap_internal.h
 *		What a compiled map is; only for itemmap*.c.
 */
#ifndef KEFU_PURE_ITEMMAP_INTERNAL_H
#define KEFU_PURE_ITEMMAP_INTERNAL_H

#include "itemmap.h"
#include "json.h"

typedef enum KefuTransform
{
	KEFU_TRANSFORM_TEXT,
	KEFU_TRANSFORM_ID,
	KEFU_TRANSFORM_INT,
	KEFU_TRANSFORM_BOOL,
	KEFU_TRANSFORM_ONE_OF,
	KEFU_TRANSFORM_DATE_TWITTER,
	KEFU_TRANSFORM_DATE_UNIX_S,
	KEFU_TRANSFORM_DATE_UNIX_MS,
	KEFU_TRANSFORM_DATE_ISO8601,
	KEFU_TRANSFORM_HTML_TEXT,
	KEFU_TRANSFORM_HTML_LABEL,
	KEFU_TRANSFORM_CONST,
	KEFU_TRANSFORM_TEMPLATE,
	KEFU_TRANSFORM_LIST
} KefuTransform;

/* One row of field_map. */
typedef struct KefuRule
{
	KefuField	field;
	KefuTransform transform;
	const char *arg;			/* NULL where the transform takes none */
	int			n_paths;
	KefuPath   *paths;
} KefuRule;

typedef enum KefuTest
{
	KEFU_TEST_IN,
	KEFU_TEST_NOT_IN,
	KEFU_TEST_NULL,
	KEFU_TEST_PRESENT
} KefuTest;

typedef struct KefuPredicate
{
	KefuPath	path;
	KefuTest	test;
	int			n_values;
	const char **values;
} KefuPredicate;

/* All of them must hold; none hold always. */
typedef struct KefuConjunction
{
	int			n_predicates;
	KefuPredicate *predicates;
} KefuConjunction;

struct KefuItemMap
{
	KefuArena	arena;
	KefuJson   *spec;			/* strings are borrowed from it */
	const char *item_kind;
	bool		nothing;		/* replies hold no item */
	bool		one_object;		/* an object where the list is looked for is one item */
	int			n_items_paths;
	KefuPath   *items_paths;
	KefuConjunction filter;
	int			n_empties;
	KefuConjunction *empties;	/* any of them */
	int			n_empty_bodies;
	const char **empty_bodies;
	bool		has_next_cursor;
	KefuPath	next_cursor;
	bool		has_has_next;
	KefuPath	has_next;
	int			n_rules;		/* in the order of fields, then of seq */
	KefuRule   *rules;
	bool		required[KEFU_FIELD_COUNT];
	KefuWant	item;			/* the paths within an item, with their slots */
	int			n_slots;
	KefuWant	want;			/* all paths, for the first pass over a reply */
};

/* Text with its length. */
typedef struct KefuPiece
{
	const char *text;			/* NULL: none */
	size_t		len;
} KefuPiece;

/*
 * Applies one row to an item, whose values slots has.  *out is set if the row
 * gives a value; *unread, unless it is set already, to the first value that
 * was there but couldn't be read.  Only made-up text comes from the arena.
 * False without memory.
 */
extern bool kefu_rule_apply(KefuArena *arena, const KefuRule *rule, KefuJson *item,
							KefuJson *const *slots, KefuValue *out, KefuPiece *unread);

/* True for ids and codes, whose length is limited to KEFU_ID_BYTES. */
extern bool kefu_field_is_id(KefuField field);

#endif							/* KEFU_PURE_ITEMMAP_INTERNAL_H */
