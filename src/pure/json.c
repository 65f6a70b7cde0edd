/*
 * json.c
 *		Reading JSON documents: the only file with json-c.
 *
 * The tree is json-c's.  What it is given has passed the sieve, so a refusal
 * by json-c means that memory ran out or that the two disagree, which the
 * fuzzer looks for.
 */
#include "json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

/* json-c counts levels a little differently; the sieve's limit is the one that counts. */
#define TREE_DEPTH (KEFU_JSON_DEPTH_MAX + 8)

bool
kefu_json_parse(const char *data, size_t len, const KefuWant *want,
				int max_depth, size_t max_bytes,
				KefuJson **root, KefuJsonError *error)
{
	struct json_tokener *tokener;
	enum json_tokener_error refusal;
	char	   *sieved;
	size_t		sieved_len;

	*root = NULL;
	if (!kefu_json_sieve(data, len, want, max_depth, max_bytes,
						 &sieved, &sieved_len, error))
		return false;
	tokener = sieved_len < INT_MAX ? json_tokener_new_ex(TREE_DEPTH) : NULL;
	if (tokener == NULL)
	{
		free(sieved);
		error->reason = "out of memory";
		return false;
	}
	/*
	 * Not JSON_TOKENER_STRICT: the sieve is stricter, and json-c 0.18 compares
	 * signed characters with the space, so that it then refuses all text beyond
	 * ASCII.  The NUL behind the text tells json-c that it is complete.
	 */
	*root = json_tokener_parse_ex(tokener, sieved, (int) sieved_len + 1);
	refusal = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	free(sieved);
	if (refusal == json_tokener_success)
		return true;
	json_object_put(*root);
	*root = NULL;
	error->reason = "the JSON library refuses it";
	return false;
}

void
kefu_json_free(KefuJson *root)
{
	json_object_put(root);
}

KefuJsonKind
kefu_json_kind(const KefuJson *value)
{
	switch (json_object_get_type(value))
	{
		case json_type_boolean:
			return KEFU_JSON_BOOL;
		case json_type_array:
			return KEFU_JSON_ARRAY;
		case json_type_object:
			return KEFU_JSON_OBJECT;
		case json_type_string:
			return KEFU_JSON_TEXT;
		default:
			return KEFU_JSON_NULL;	/* numbers have become strings */
	}
}

const char *
kefu_json_text(KefuJson *value, size_t *len)
{
	const char *text = NULL;
	size_t		length = 0;

	if (json_object_is_type(value, json_type_string))
	{
		text = json_object_get_string(value);
		length = (size_t) json_object_get_string_len(value);
	}
	else if (json_object_is_type(value, json_type_boolean))
	{
		bool		is_true = json_object_get_boolean(value);

		text = is_true ? "true" : "false";
		length = is_true ? 4 : 5;
	}
	if (len != NULL)
		*len = length;
	return text;
}

size_t
kefu_json_length(KefuJson *value)
{
	if (!json_object_is_type(value, json_type_array))
		return 0;
	return json_object_array_length(value);
}

KefuJson *
kefu_json_element(KefuJson *value, size_t number)
{
	if (number >= kefu_json_length(value))
		return NULL;
	return json_object_array_get_idx(value, number);
}

KefuJson *
kefu_json_member(KefuJson *value, const char *name)
{
	struct json_object *member = NULL;

	if (json_object_is_type(value, json_type_object))
		json_object_object_get_ex(value, name, &member);
	return member;
}

void
kefu_json_members(KefuJson *value, KefuJsonVisit visit, void *state)
{
	struct json_object_iterator at,
				end;

	if (!json_object_is_type(value, json_type_object))
		return;
	at = json_object_iter_begin(value);
	end = json_object_iter_end(value);
	while (!json_object_iter_equal(&at, &end))
	{
		if (!visit(state, json_object_iter_peek_name(&at),
				   json_object_iter_peek_value(&at)))
			return;
		json_object_iter_next(&at);
	}
}

/* Follows the steps from a step on; false once visit has had enough. */
static bool
follow(KefuJson *value, const KefuPath *path, int step_no,
	   KefuJsonVisit visit, void *state)
{
	for (int i = step_no; i < path->n_steps; i++)
	{
		const KefuPathStep *step = &path->steps[i];

		if (json_object_is_type(value, json_type_object))
			value = kefu_json_member(value, step->name);
		else if (step->every)
		{
			size_t		length = kefu_json_length(value);

			for (size_t number = 0; number < length; number++)
			{
				if (!follow(kefu_json_element(value, number), path, i + 1,
							visit, state))
					return false;
			}
			return true;
		}
		else if (step->index >= 0)
			value = kefu_json_element(value, (size_t) step->index);
		else
			return true;
		if (value == NULL)
			return true;
	}
	return value == NULL || visit(state, NULL, value);
}

static bool
keep_first(void *state, const char *name, KefuJson *value)
{
	(void) name;
	*(KefuJson **) state = value;
	return false;
}

KefuJson *
kefu_json_get(KefuJson *value, const KefuPath *path)
{
	KefuJson   *first = NULL;

	(void) follow(value, path, 0, keep_first, &first);
	return first;
}

void
kefu_json_each(KefuJson *value, const KefuPath *path,
			   KefuJsonVisit visit, void *state)
{
	(void) follow(value, path, 0, visit, state);
}

void
kefu_json_collect(KefuJson *value, const KefuWant *node, KefuJson **slots)
{
	if (value == NULL)
		return;
	if (node->slot > 0 && slots[node->slot] == NULL)
		slots[node->slot] = value;
	if (node->child == NULL)
		return;
	if (json_object_is_type(value, json_type_object))
	{
		struct lh_entry *entry;

		lh_foreach(json_object_get_object(value), entry)
		{
			const char *name = lh_entry_k(entry);
			const KefuWant *below = kefu_want_member(node, name, strlen(name));

			if (below != NULL)
				kefu_json_collect((KefuJson *) lh_entry_v(entry), below, slots);
		}
	}
	else
	{
		size_t		length = kefu_json_length(value);

		for (const KefuWant *child = node->child; child != NULL; child = child->sibling)
		{
			bool		every = child->step->every;
			size_t		number = every ? 0 : (size_t) child->step->index;

			if (!every && child->step->index < 0)
				continue;
			for (; number < length; number++)
			{
				kefu_json_collect(json_object_array_get_idx(value, number), child, slots);
				if (!every)
					break;
			}
		}
	}
}
