/*
 * itemmap_compile.c
 *		Compiling the rows of a map.
 *
 * The document has these members, all optional but item_kind and fields:
 *	item_kind		default of item_type: status, comment, message, user
 *	result_kind		object, id: an object instead of a list is one item;
 *					nothing: replies hold no item, and fields are not needed
 *	items_paths		where the list is; the first path with one wins, default $
 *	item_filter		[predicate, ...]: items for which all hold are kept
 *	empty_when		[[predicate, ...], ...]: replies that mean "nothing"
 *	empty_bodies	bodies that aren't JSON and mean "nothing"
 *	next_cursor_path, has_next_path		for paging
 *	fields			[{field, paths, transform, arg, is_required}, ...], in order
 * A predicate is {path, in: [text, ...]}, {path, not_in: [...]} or
 * {path, is: "null" | "present"}.
 *
 * Members it doesn't know are somebody else's (kefu.endpoint_spec() also
 * writes the paging rules), wrong ones are errors: a rule that silently does
 * nothing loses customers.
 */
#include "itemmap_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Compiler
{
	KefuItemMap *map;
	char	   *error;
	size_t		error_size;
	bool		failed;
} Compiler;

static const struct
{
	const char *name;
	KefuFieldKind kind;
	bool		is_id;
}			fields[KEFU_FIELD_COUNT] = {
	[KEFU_FIELD_NATIVE_ID] = {"native_id", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_DEDUPE_KEY] = {"dedupe_key", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_ITEM_TYPE] = {"item_type", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_PARENT_ID] = {"parent_id", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_PARENT_TYPE] = {"parent_type", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_PARENT_AUTHOR_ID] = {"parent_author_id", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_ROOT_ID] = {"root_id", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_THREAD_ID] = {"thread_id", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_AUTHOR_ID] = {"author_id", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_AUTHOR_NAME] = {"author_name", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_AUTHOR_HANDLE] = {"author_handle", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_AUTHOR_PROVINCE] = {"author_province", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_AUTHOR_CITY] = {"author_city", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_AUTHOR_VERIFIED] = {"author_verified", KEFU_KIND_BOOL, false},
	[KEFU_FIELD_AUTHOR_FOLLOWERS] = {"author_followers", KEFU_KIND_INT, false},
	[KEFU_FIELD_AUTHOR_FOLLOWS] = {"author_follows", KEFU_KIND_BOOL, false},
	[KEFU_FIELD_RECIPIENT_ID] = {"recipient_id", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_TEXT] = {"text", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_POSTED_AT] = {"posted_at", KEFU_KIND_TIME, false},
	[KEFU_FIELD_IS_DELETED] = {"is_deleted", KEFU_KIND_BOOL, false},
	[KEFU_FIELD_IS_TRUNCATED] = {"is_truncated", KEFU_KIND_BOOL, false},
	[KEFU_FIELD_URL] = {"url", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_SOURCE_LABEL] = {"source_label", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_MEDIA] = {"media", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_MEDIA_KIND] = {"media_kind", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_REPOST_OF_ID] = {"repost_of_id", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_REPOST_OF_KEY] = {"repost_of_key", KEFU_KIND_TEXT, true},
	[KEFU_FIELD_REPOST_TEXT] = {"repost_text", KEFU_KIND_TEXT, false},
	[KEFU_FIELD_REPOST_OF_COUNT] = {"repost_of_count", KEFU_KIND_INT, false},
	[KEFU_FIELD_REPOSTS_COUNT] = {"reposts_count", KEFU_KIND_INT, false},
	[KEFU_FIELD_COMMENTS_COUNT] = {"comments_count", KEFU_KIND_INT, false},
	[KEFU_FIELD_LIKES_COUNT] = {"likes_count", KEFU_KIND_INT, false},
	[KEFU_FIELD_CURSOR] = {"cursor", KEFU_KIND_TEXT, true},
};

/* What each transform gives, and whether it must, may or can't have an arg. */
static const struct
{
	const char *name;
	KefuFieldKind kind;
	enum {ARG_NONE, ARG_MAY, ARG_MUST} arg;
}			transforms[] = {
	[KEFU_TRANSFORM_TEXT] = {"text", KEFU_KIND_TEXT, ARG_NONE},
	[KEFU_TRANSFORM_ID] = {"id", KEFU_KIND_TEXT, ARG_NONE},
	[KEFU_TRANSFORM_INT] = {"int", KEFU_KIND_INT, ARG_NONE},
	[KEFU_TRANSFORM_BOOL] = {"bool", KEFU_KIND_BOOL, ARG_NONE},
	[KEFU_TRANSFORM_ONE_OF] = {"one_of", KEFU_KIND_BOOL, ARG_MUST},
	[KEFU_TRANSFORM_DATE_TWITTER] = {"date_twitter", KEFU_KIND_TIME, ARG_NONE},
	[KEFU_TRANSFORM_DATE_UNIX_S] = {"date_unix_s", KEFU_KIND_TIME, ARG_NONE},
	[KEFU_TRANSFORM_DATE_UNIX_MS] = {"date_unix_ms", KEFU_KIND_TIME, ARG_NONE},
	[KEFU_TRANSFORM_DATE_ISO8601] = {"date_iso8601", KEFU_KIND_TIME, ARG_NONE},
	[KEFU_TRANSFORM_HTML_TEXT] = {"html_text", KEFU_KIND_TEXT, ARG_NONE},
	[KEFU_TRANSFORM_HTML_LABEL] = {"html_label", KEFU_KIND_TEXT, ARG_NONE},
	[KEFU_TRANSFORM_CONST] = {"const", KEFU_KIND_TEXT, ARG_MUST},
	[KEFU_TRANSFORM_TEMPLATE] = {"template", KEFU_KIND_TEXT, ARG_MUST},
	[KEFU_TRANSFORM_LIST] = {"list", KEFU_KIND_TEXT, ARG_MAY},
};

#define N_TRANSFORMS ((int) (sizeof(transforms) / sizeof(transforms[0])))

const char *
kefu_field_name(KefuField field)
{
	return fields[field].name;
}

KefuFieldKind
kefu_field_kind(KefuField field)
{
	return fields[field].kind;
}

bool
kefu_field_is_id(KefuField field)
{
	return fields[field].is_id;
}

/* Keeps the first complaint. */
static void __attribute__((format(printf, 2, 3)))
complain(Compiler *c, const char *format,...)
{
	va_list		args;

	if (!c->failed)
	{
		va_start(args, format);
		vsnprintf(c->error, c->error_size, format, args);
		va_end(args);
	}
	c->failed = true;
}

static void *
allocate(Compiler *c, size_t count, size_t size)
{
	void	   *memory = kefu_arena_alloc(&c->map->arena, count * size);

	if (memory == NULL)
		complain(c, "out of memory");
	return memory;
}

static bool
compile_path(Compiler *c, const char *where, KefuJson *value, KefuPath *path)
{
	const char *text = kefu_json_text(value, NULL);
	const char *reason;

	if (text == NULL)
		complain(c, "%s: a path is not text", where);
	else if (!kefu_path_compile(&c->map->arena, text, path, &reason))
		complain(c, "%s: \"%.80s\": %s", where, text, reason);
	return !c->failed;
}

static void
compile_paths(Compiler *c, const char *where, KefuJson *list, int *n, KefuPath **paths)
{
	size_t		length = kefu_json_length(list);

	*n = 0;
	if (length == 0)
		return;
	*paths = allocate(c, length, sizeof(KefuPath));
	for (size_t i = 0; i < length && !c->failed; i++)
	{
		if (compile_path(c, where, kefu_json_element(list, i), &(*paths)[i]))
			(*n)++;
	}
}

static void
compile_texts(Compiler *c, const char *where, KefuJson *list, int *n, const char ***texts)
{
	size_t		length = kefu_json_length(list);

	*n = 0;
	if (length == 0)
		return;
	*texts = allocate(c, length, sizeof(char *));
	for (size_t i = 0; i < length && !c->failed; i++)
	{
		(*texts)[i] = kefu_json_text(kefu_json_element(list, i), NULL);
		if ((*texts)[i] == NULL)
			complain(c, "%s: a value is not text", where);
		(*n)++;
	}
}

static void
compile_predicate(Compiler *c, const char *where, KefuJson *value, KefuPredicate *p)
{
	KefuJson   *in = kefu_json_member(value, "in");
	KefuJson   *not_in = kefu_json_member(value, "not_in");
	const char *is = kefu_json_text(kefu_json_member(value, "is"), NULL);

	if (!compile_path(c, where, kefu_json_member(value, "path"), &p->path))
		return;
	if ((in != NULL) + (not_in != NULL) + (is != NULL) != 1)
		complain(c, "%s: a predicate needs one of in, not_in, is", where);
	else if (is != NULL && strcmp(is, "null") == 0)
		p->test = KEFU_TEST_NULL;
	else if (is != NULL && strcmp(is, "present") == 0)
		p->test = KEFU_TEST_PRESENT;
	else if (is != NULL)
		complain(c, "%s: \"is\" is null or present, not \"%.40s\"", where, is);
	else if (kefu_json_length(in != NULL ? in : not_in) == 0)
		complain(c, "%s: a list of values is empty", where);
	else
	{
		p->test = in != NULL ? KEFU_TEST_IN : KEFU_TEST_NOT_IN;
		compile_texts(c, where, in != NULL ? in : not_in, &p->n_values, &p->values);
	}
}

static void
compile_conjunction(Compiler *c, const char *where, KefuJson *list, KefuConjunction *all)
{
	size_t		length = kefu_json_length(list);

	if (list == NULL)
		return;
	if (kefu_json_kind(list) != KEFU_JSON_ARRAY)
	{
		complain(c, "%s: not a list of predicates", where);
		return;
	}
	all->predicates = allocate(c, length, sizeof(KefuPredicate));
	for (size_t i = 0; i < length && !c->failed; i++)
	{
		compile_predicate(c, where, kefu_json_element(list, i), &all->predicates[i]);
		all->n_predicates++;
	}
}

static void
compile_empties(Compiler *c, KefuJson *list)
{
	KefuItemMap *map = c->map;
	size_t		length = kefu_json_length(list);

	if (length == 0)
		return;
	map->empties = allocate(c, length, sizeof(KefuConjunction));
	for (size_t i = 0; i < length && !c->failed; i++)
	{
		KefuJson   *one = kefu_json_element(list, i);

		/* No predicate holds always: every reply would be empty. */
		if (kefu_json_length(one) == 0)
			complain(c, "empty_when: an alternative has no predicate");
		else
			compile_conjunction(c, "empty_when", one, &map->empties[i]);
		map->n_empties++;
	}
}

static bool
find_field(const char *name, KefuField *field)
{
	for (int i = 0; name != NULL && i < KEFU_FIELD_COUNT; i++)
	{
		if (strcmp(fields[i].name, name) == 0)
		{
			*field = (KefuField) i;
			return true;
		}
	}
	return false;
}

static bool
find_transform(const char *name, KefuTransform *transform)
{
	for (int i = 0; name != NULL && i < N_TRANSFORMS; i++)
	{
		if (strcmp(transforms[i].name, name) == 0)
		{
			*transform = (KefuTransform) i;
			return true;
		}
	}
	return false;
}

/* Each {n} and {#n} of a template must have its path. */
static bool
template_fits(const char *arg, int n_paths)
{
	for (const char *p = arg; (p = strchr(p, '{')) != NULL; p++)
	{
		const char *digit = p[1] == '#' ? p + 2 : p + 1;

		if (*digit >= '1' && *digit <= '9' && digit[1] == '}' && *digit - '0' > n_paths)
			return false;
	}
	return true;
}

static void
check_rule(Compiler *c, const KefuRule *rule)
{
	const char *name = fields[rule->field].name;
	KefuFieldKind kind = transforms[rule->transform].kind;
	bool		is_flag = fields[rule->field].kind == KEFU_KIND_BOOL;

	if (rule->transform == KEFU_TRANSFORM_CONST && is_flag && rule->arg != NULL &&
		(strcmp(rule->arg, "true") == 0 || strcmp(rule->arg, "false") == 0))
		kind = KEFU_KIND_BOOL;
	if (kind != fields[rule->field].kind)
		complain(c, "field \"%s\": transform \"%s\" gives another type", name,
				 transforms[rule->transform].name);
	else if (transforms[rule->transform].arg == ARG_MUST && rule->arg == NULL)
		complain(c, "field \"%s\": transform \"%s\" needs an argument", name,
				 transforms[rule->transform].name);
	else if (transforms[rule->transform].arg == ARG_NONE && rule->arg != NULL)
		complain(c, "field \"%s\": transform \"%s\" takes no argument", name,
				 transforms[rule->transform].name);
	else if (rule->transform != KEFU_TRANSFORM_CONST && rule->n_paths == 0)
		complain(c, "field \"%s\": no path", name);
	else if (rule->transform == KEFU_TRANSFORM_TEMPLATE &&
			 !template_fits(rule->arg, rule->n_paths))
		complain(c, "field \"%s\": the template names a path that isn't there", name);
	else if (rule->transform == KEFU_TRANSFORM_LIST && rule->arg != NULL &&
			 !template_fits(rule->arg, 1))
		complain(c, "field \"%s\": the template of a list only has {1}", name);
}

static void
compile_rule(Compiler *c, KefuJson *value, KefuRule *rule)
{
	const char *field = kefu_json_text(kefu_json_member(value, "field"), NULL);
	const char *transform = kefu_json_text(kefu_json_member(value, "transform"), NULL);
	const char *required = kefu_json_text(kefu_json_member(value, "is_required"), NULL);

	if (!find_field(field, &rule->field))
	{
		complain(c, "no field \"%.40s\"", field != NULL ? field : "");
		return;
	}
	if (!find_transform(transform != NULL ? transform : "text", &rule->transform))
	{
		complain(c, "field \"%s\": no transform \"%.40s\"", field, transform);
		return;
	}
	rule->arg = kefu_json_text(kefu_json_member(value, "arg"), NULL);
	compile_paths(c, field, kefu_json_member(value, "paths"), &rule->n_paths, &rule->paths);
	if (required != NULL && strcmp(required, "true") == 0)
		c->map->required[rule->field] = true;
	if (!c->failed)
		check_rule(c, rule);
}

static void
compile_rules(Compiler *c, KefuJson *list)
{
	KefuItemMap *map = c->map;
	size_t		length = kefu_json_length(list);

	if (length == 0)
		complain(c, "no fields");
	map->rules = allocate(c, length, sizeof(KefuRule));
	for (size_t i = 0; i < length && !c->failed; i++)
	{
		compile_rule(c, kefu_json_element(list, i), &map->rules[i]);
		map->n_rules++;
	}
}

static void
compile_optional_path(Compiler *c, const char *where, KefuJson *value,
					  bool *has, KefuPath *path)
{
	if (value != NULL)
		*has = compile_path(c, where, value, path);
}

static void
want_path(Compiler *c, KefuWant *node, const KefuPath *path)
{
	if (!c->failed && kefu_want_add(&c->map->arena, node, path) == NULL)
		complain(c, "out of memory");
}

static void
give_slot(Compiler *c, KefuPath *path)
{
	KefuItemMap *map = c->map;

	path->slot = kefu_want_slot(&map->arena, &map->item, path, &map->n_slots);
	if (path->slot == 0)
		complain(c, "out of memory");
}

/* Collects the paths within an item. */
static void
compile_item(Compiler *c)
{
	KefuItemMap *map = c->map;

	for (int i = 0; i < map->n_rules; i++)
	{
		for (int k = 0; k < map->rules[i].n_paths; k++)
			give_slot(c, &map->rules[i].paths[k]);
	}
	for (int i = 0; i < map->filter.n_predicates; i++)
		give_slot(c, &map->filter.predicates[i].path);
}

/* Makes a node want what an item needs, besides what it wants already. */
static void
want_item(Compiler *c, KefuWant *node)
{
	KefuItemMap *map = c->map;

	for (int i = 0; i < map->n_rules; i++)
	{
		for (int k = 0; k < map->rules[i].n_paths; k++)
			want_path(c, node, &map->rules[i].paths[k]);
	}
	for (int i = 0; i < map->filter.n_predicates; i++)
		want_path(c, node, &map->filter.predicates[i].path);
}

/* Collects every path, so that the rest of a reply needn't be kept. */
static void
compile_want(Compiler *c)
{
	static const KefuPathStep every = {.name = "*", .len = 1, .index = -1, .every = true};
	const KefuPath each = {.n_steps = 1, .steps = &every};
	KefuItemMap *map = c->map;

	for (int i = 0; i < map->n_items_paths && !c->failed; i++)
	{
		KefuWant   *list = kefu_want_add(&map->arena, &map->want, &map->items_paths[i]);
		KefuWant   *item = list != NULL ? kefu_want_add(&map->arena, list, &each) : NULL;

		if (item == NULL)
		{
			complain(c, "out of memory");
			return;
		}
		want_item(c, item);
		if (map->one_object)
			want_item(c, list);
	}
	for (int i = 0; i < map->n_empties; i++)
	{
		for (int k = 0; k < map->empties[i].n_predicates; k++)
			want_path(c, &map->want, &map->empties[i].predicates[k].path);
	}
	if (map->has_next_cursor)
		want_path(c, &map->want, &map->next_cursor);
	if (map->has_has_next)
		want_path(c, &map->want, &map->has_next);
}

static void
compile_map(Compiler *c)
{
	static const KefuPath root = {0};
	KefuItemMap *map = c->map;
	KefuJson   *spec = map->spec;
	const char *result = kefu_json_text(kefu_json_member(spec, "result_kind"), NULL);

	map->item_kind = kefu_json_text(kefu_json_member(spec, "item_kind"), NULL);
	if (map->item_kind == NULL)
		complain(c, "no item_kind");
	map->nothing = result != NULL && strcmp(result, "nothing") == 0;
	map->one_object = result != NULL &&
		(strcmp(result, "object") == 0 || strcmp(result, "id") == 0);
	compile_paths(c, "items_paths", kefu_json_member(spec, "items_paths"),
				  &map->n_items_paths, &map->items_paths);
	if (map->n_items_paths == 0)
	{
		map->n_items_paths = 1;
		map->items_paths = (KefuPath *) &root;
	}
	compile_conjunction(c, "item_filter", kefu_json_member(spec, "item_filter"),
						&map->filter);
	compile_empties(c, kefu_json_member(spec, "empty_when"));
	compile_texts(c, "empty_bodies", kefu_json_member(spec, "empty_bodies"),
				  &map->n_empty_bodies, &map->empty_bodies);
	compile_optional_path(c, "next_cursor_path", kefu_json_member(spec, "next_cursor_path"),
						  &map->has_next_cursor, &map->next_cursor);
	compile_optional_path(c, "has_next_path", kefu_json_member(spec, "has_next_path"),
						  &map->has_has_next, &map->has_next);
	if (!map->nothing)
		compile_rules(c, kefu_json_member(spec, "fields"));
	if (!c->failed)
		compile_item(c);
	if (!c->failed)
		compile_want(c);
}

KefuItemMap *
kefu_itemmap_compile(const char *spec, size_t len, char *error, size_t error_size)
{
	Compiler	c = {.error = error, .error_size = error_size};
	KefuJsonError json_error;

	c.map = calloc(1, sizeof(KefuItemMap));
	if (c.map == NULL)
	{
		complain(&c, "out of memory");
		return NULL;
	}
	if (!kefu_json_parse(spec, len, NULL, 0, 0, &c.map->spec, &json_error))
		complain(&c, "not JSON: %s at byte %zu", json_error.reason, json_error.offset);
	else
		compile_map(&c);
	if (!c.failed)
		return c.map;
	kefu_itemmap_free(c.map);
	return NULL;
}

void
kefu_itemmap_free(KefuItemMap *map)
{
	if (map == NULL)
		return;
	kefu_json_free(map->spec);
	kefu_arena_free(&map->arena);
	free(map);
}
