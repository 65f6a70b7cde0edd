/*
 * json_path.c
 *		Paths into a JSON value, and the set of paths somebody is going to read.
 */
#include "json_path.h"

#include <string.h>

/* Longest element number; more digits are a name like any other. */
#define INDEX_DIGITS 6

static long
step_index(const char *name, size_t len)
{
	long		index = 0;

	if (len == 0 || len > INDEX_DIGITS)
		return -1;
	for (size_t i = 0; i < len; i++)
	{
		if (name[i] < '0' || name[i] > '9')
			return -1;
		index = index * 10 + (name[i] - '0');
	}
	return index;
}

bool
kefu_path_compile(KefuArena *arena, const char *text, KefuPath *path,
				  const char **reason)
{
	KefuPathStep steps[KEFU_PATH_STEPS];
	KefuPathStep *kept;
	int			n = 0;

	path->n_steps = 0;
	path->steps = NULL;
	path->slot = 0;
	if (strcmp(text, "$") == 0)
		return true;
	for (;;)
	{
		size_t		len = strcspn(text, ".");

		*reason = "a path has an empty step";
		if (len == 0)
			return false;
		*reason = "a path has too many steps";
		if (n == KEFU_PATH_STEPS)
			return false;
		*reason = "out of memory";
		steps[n].name = kefu_arena_copy(arena, text, len);
		if (steps[n].name == NULL)
			return false;
		steps[n].len = len;
		steps[n].index = step_index(text, len);
		steps[n].every = (len == 1 && text[0] == '*');
		n++;
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	kept = kefu_arena_alloc(arena, n * sizeof(KefuPathStep));
	if (kept == NULL)
		return false;
	memcpy(kept, steps, n * sizeof(KefuPathStep));
	path->n_steps = n;
	path->steps = kept;
	return true;
}

static KefuWant *
find_child(const KefuWant *node, const char *name, size_t len)
{
	if (len == 0)
		return NULL;			/* no step is empty */
	for (KefuWant *child = node->child; child != NULL; child = child->sibling)
	{
		const KefuPathStep *step = child->step;

		/* Most differ in length or at once. */
		if (step->len == len && step->name[0] == name[0] &&
			memcmp(step->name, name, len) == 0)
			return child;
	}
	return NULL;
}

KefuWant *
kefu_want_add(KefuArena *arena, KefuWant *node, const KefuPath *path)
{
	for (int i = 0; i < path->n_steps; i++)
	{
		const KefuPathStep *step = &path->steps[i];
		KefuWant   *child = find_child(node, step->name, step->len);

		if (child == NULL)
		{
			child = kefu_arena_alloc(arena, sizeof(KefuWant));
			if (child == NULL)
				return NULL;
			child->step = step;
			child->sibling = node->child;
			node->child = child;
		}
		node = child;
	}
	return node;
}

int
kefu_want_slot(KefuArena *arena, KefuWant *node, const KefuPath *path, int *n_slots)
{
	KefuWant   *end = kefu_want_add(arena, node, path);

	if (end == NULL)
		return 0;
	if (end->slot == 0)
		end->slot = ++(*n_slots);
	return end->slot;
}

const KefuWant *
kefu_want_member(const KefuWant *node, const char *name, size_t len)
{
	if (node == NULL || node->all)
		return node;
	return find_child(node, name, len);
}

const KefuWant *
kefu_want_element(const KefuWant *node, size_t number)
{
	static const KefuWant whole = {.all = true};
	const KefuWant *found = NULL;

	if (node == NULL || node->all)
		return node;
	for (const KefuWant *child = node->child; child != NULL; child = child->sibling)
	{
		if (!child->step->every && child->step->index != (long) number)
			continue;

		/*
		 * Both its number and * lead here.  What they want below isn't merged,
		 * so the element is kept whole.
		 */
		if (found != NULL)
			return &whole;
		found = child;
	}
	return found;
}
