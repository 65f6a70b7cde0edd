/*
 * json_path.h
 *		Paths into a JSON value, and the set of paths somebody is going to read.
 *
 * A path is a list of steps joined by dots: a member's name, the number of an
 * array's element counted from 0, or * for every element.  "$" is the value
 * itself.  Examples: user.id, data.info.0.text, pic_urls.*.thumbnail_pic, $.
 * A name with a dot in it can't be written; no platform has one.
 */
#ifndef KEFU_PURE_JSON_PATH_H
#define KEFU_PURE_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

#define KEFU_PATH_STEPS 16		/* longest path */

typedef struct KefuPathStep
{
	const char *name;			/* NUL-terminated */
	size_t		len;
	long		index;			/* element number, -1 if the name isn't one */
	bool		every;			/* the step is "*" */
} KefuPathStep;

typedef struct KefuPath
{
	int			n_steps;		/* 0 is "$" */
	int			slot;			/* from kefu_want_slot(); 0: none */
	const KefuPathStep *steps;
} KefuPath;

/*
 * Compiles a path into the arena.  False with *reason set (a constant) if it
 * has an empty step, is too long, or there is no memory.
 */
extern bool kefu_path_compile(KefuArena *arena, const char *text, KefuPath *path,
							  const char **reason);

/*
 * The paths that will be read, as a tree.  It tells what needn't be kept when
 * a document is read, and lets one walk over a value find all of them.
 */
typedef struct KefuWant
{
	const KefuPathStep *step;	/* NULL at the root */
	bool		all;			/* everything below is wanted */
	int			slot;			/* where kefu_json_collect() puts it, 0: nowhere */
	struct KefuWant *child;
	struct KefuWant *sibling;
} KefuWant;

/*
 * Adds a path below a node and returns the node it ends at, NULL without
 * memory.  What stands at the end of a path is kept if it is a scalar; of an
 * array or object only that it is there.
 */
extern KefuWant *kefu_want_add(KefuArena *arena, KefuWant *node, const KefuPath *path);

/*
 * The same, and gives the path's end a number, from 1 in *n_slots and the same
 * for the same path; 0 without memory.
 */
extern int	kefu_want_slot(KefuArena *arena, KefuWant *node, const KefuPath *path,
						   int *n_slots);

/* The node below for a member or an element, NULL if nothing of it is wanted. */
extern const KefuWant *kefu_want_member(const KefuWant *node, const char *name,
										size_t len);
extern const KefuWant *kefu_want_element(const KefuWant *node, size_t number);

#endif							/* KEFU_PURE_JSON_PATH_H */
