/*
 * itemmap.c
 *		Running a map over a platform's reply.
 */
#include "itemmap_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES 60			/* of a bad value in a message */

typedef struct Run
{
	const KefuItemMap *map;
	KefuPage   *page;
	const char *own_id;
	KefuJson  **slots;			/* values of the item at hand */
	bool		no_memory;
} Run;

static const char *
message(Run *run, const char *text)
{
	const char *copy = kefu_arena_copy(&run->page->arena, text, strlen(text));

	return copy != NULL ? copy : "out of memory";
}

/* --- items -------------------------------------------------------------- */

static void
default_to(KefuValue *out, const KefuValue *value)
{
	if (!out->present && value->present)
		*out = *value;
}

/* What follows from other fields where no row gave it. */
static void
fill_in(Run *run, KefuItem *item)
{
	KefuValue  *v = item->values;

	default_to(&v[KEFU_FIELD_DEDUPE_KEY], &v[KEFU_FIELD_NATIVE_ID]);
	default_to(&v[KEFU_FIELD_CURSOR], &v[KEFU_FIELD_NATIVE_ID]);
	v[KEFU_FIELD_IS_DELETED].present = true;
	v[KEFU_FIELD_IS_TRUNCATED].present = true;
	if (!v[KEFU_FIELD_ITEM_TYPE].present)
	{
		v[KEFU_FIELD_ITEM_TYPE].present = true;
		v[KEFU_FIELD_ITEM_TYPE].text = run->map->item_kind;
		v[KEFU_FIELD_ITEM_TYPE].len = (uint32_t) strlen(run->map->item_kind);
	}

	/* A private thread is named by the other party. */
	if (strcmp(v[KEFU_FIELD_ITEM_TYPE].text, "message") == 0)
	{
		const KefuValue *author = &v[KEFU_FIELD_AUTHOR_ID];
		bool		ours = run->own_id != NULL && author->present &&
			strcmp(author->text, run->own_id) == 0;

		default_to(&v[KEFU_FIELD_THREAD_ID],
				   ours ? &v[KEFU_FIELD_RECIPIENT_ID] : author);
	}
}

/*
 * Complains about the first required field that is missing.  What was deleted
 * has lost most of its fields, and only needs its id.
 */
static void
check_required(Run *run, KefuItem *item, const KefuPiece *unread)
{
	char		text[SHOWN_BYTES + 80];
	bool		deleted = item->values[KEFU_FIELD_IS_DELETED].number != 0;

	for (int i = 0; i < KEFU_FIELD_COUNT; i++)
	{
		const char *name = kefu_field_name((KefuField) i);

		if (!run->map->required[i] || item->values[i].present ||
			(deleted && i != KEFU_FIELD_NATIVE_ID))
			continue;
		if (unread[i].text == NULL)
			snprintf(text, sizeof(text), "%s is missing", name);
		else
			snprintf(text, sizeof(text), "%s is unreadable: \"%.*s\"", name,
					 (int) kefu_utf8_clip(unread[i].text, unread[i].len, SHOWN_BYTES),
					 unread[i].text);
		item->error = message(run, text);
		return;
	}
}

/* Applies the rows of one field, or of all for KEFU_FIELD_COUNT. */
static void
apply_rules(Run *run, KefuField only, KefuJson *value, KefuValue *values, KefuPiece *unread)
{
	const KefuItemMap *map = run->map;

	for (int i = 0; i < map->n_rules; i++)
	{
		const KefuRule *rule = &map->rules[i];

		if ((only == KEFU_FIELD_COUNT || only == rule->field) &&
			!values[rule->field].present &&
			!kefu_rule_apply(&run->page->arena, rule, value, run->slots,
							 &values[rule->field], &unread[rule->field]))
			run->no_memory = true;
	}
}

/* The cursor of an item that is otherwise of no interest. */
static const char *
cursor_of(Run *run, KefuJson *value)
{
	KefuValue	values[KEFU_FIELD_COUNT] = {0};
	KefuPiece	unread[KEFU_FIELD_COUNT] = {0};

	apply_rules(run, KEFU_FIELD_CURSOR, value, values, unread);
	apply_rules(run, KEFU_FIELD_NATIVE_ID, value, values, unread);
	default_to(&values[KEFU_FIELD_CURSOR], &values[KEFU_FIELD_NATIVE_ID]);
	return values[KEFU_FIELD_CURSOR].text;
}

static void
map_item(Run *run, KefuJson *value, KefuItem *item)
{
	KefuPiece	unread[KEFU_FIELD_COUNT] = {0};

	/* An id alone is an item too, read by the path "$". */
	if (value == NULL || kefu_json_kind(value) == KEFU_JSON_ARRAY)
	{
		item->error = "item is not an object";
		return;
	}
	apply_rules(run, KEFU_FIELD_COUNT, value, item->values, unread);
	fill_in(run, item);
	check_required(run, item, unread);
	if (run->no_memory)
		item->error = "out of memory";
}

/* --- pages -------------------------------------------------------------- */

static bool
holds(const KefuPredicate *p, KefuJson *found)
{
	const char *text = kefu_json_text(found, NULL);
	bool		in = false;

	if (p->test == KEFU_TEST_NULL || p->test == KEFU_TEST_PRESENT)
		return (found == NULL) == (p->test == KEFU_TEST_NULL);
	for (int i = 0; i < p->n_values && text != NULL && !in; i++)
		in = strcmp(text, p->values[i]) == 0;
	return in == (p->test == KEFU_TEST_IN);
}

/* True if all predicates hold for a reply. */
static bool
all_hold(const KefuConjunction *all, KefuJson *root)
{
	for (int i = 0; i < all->n_predicates; i++)
	{
		if (!holds(&all->predicates[i], kefu_json_get(root, &all->predicates[i].path)))
			return false;
	}
	return true;
}

/* True if the item at hand is one of those asked for. */
static bool
passes_filter(const Run *run)
{
	const KefuConjunction *all = &run->map->filter;

	for (int i = 0; i < all->n_predicates; i++)
	{
		if (!holds(&all->predicates[i], run->slots[all->predicates[i].path.slot]))
			return false;
	}
	return true;
}

static bool
is_empty_reply(const KefuItemMap *map, KefuJson *root)
{
	for (int i = 0; i < map->n_empties; i++)
	{
		if (all_hold(&map->empties[i], root))
			return true;
	}
	return false;
}

static bool
is_empty_body(const KefuItemMap *map, const char *body, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", body[0]) != NULL && body[0] != '\0')
		body++, len--;
	while (len > 0 && strchr(" \t\r\n", body[len - 1]) != NULL && body[len - 1] != '\0')
		len--;
	for (int i = 0; i < map->n_empty_bodies; i++)
	{
		if (strlen(map->empty_bodies[i]) == len &&
			memcmp(map->empty_bodies[i], body, len) == 0)
			return true;
	}
	return false;
}

/* The list, or the object that is the only item; NULL if there is neither. */
static KefuJson *
find_list(const KefuItemMap *map, KefuJson *root, bool *is_list)
{
	for (int i = 0; i < map->n_items_paths; i++)
	{
		KefuJson   *found = kefu_json_get(root, &map->items_paths[i]);
		KefuJsonKind kind = kefu_json_kind(found);

		*is_list = (kind == KEFU_JSON_ARRAY);
		if (*is_list || (map->one_object && kind == KEFU_JSON_OBJECT))
			return found;
	}
	return NULL;
}

static void
map_items(Run *run, KefuJson *list, bool is_list)
{
	KefuPage   *page = run->page;
	size_t		length = is_list ? kefu_json_length(list) : 1;
	size_t		slots_size = (size_t) (run->map->n_slots + 1) * sizeof(KefuJson *);

	if (length > KEFU_PAGE_ITEMS)
	{
		page->error = "more items than any page has";
		return;
	}
	page->items = kefu_arena_alloc(&page->arena, length * sizeof(KefuItem));
	page->cursors = kefu_arena_alloc(&page->arena, length * sizeof(char *));
	run->slots = kefu_arena_alloc(&page->arena, slots_size);
	if (page->items == NULL || page->cursors == NULL || run->slots == NULL)
	{
		page->error = "out of memory";
		return;
	}
	page->n_listed = (int) length;
	for (size_t i = 0; i < length; i++)
	{
		KefuJson   *value = is_list ? kefu_json_element(list, i) : list;
		KefuItem   *item = &page->items[page->n_items];

		memset(run->slots, 0, slots_size);
		kefu_json_collect(value, &run->map->item, run->slots);
		if (value != NULL && !passes_filter(run))
		{
			page->cursors[i] = cursor_of(run, value);
			continue;
		}
		item->item_no = (int) i + 1;
		map_item(run, value, item);
		page->cursors[i] = item->values[KEFU_FIELD_CURSOR].text;
		page->n_items++;
	}
}

static void
map_reply(Run *run, const char *body, size_t len)
{
	const KefuItemMap *map = run->map;
	KefuPage   *page = run->page;
	KefuJson   *list;
	KefuJsonError error;
	bool		is_list;
	char		text[160];

	if (map->nothing || is_empty_body(map, body, len))
	{
		page->is_empty = true;
		return;
	}
	if (!kefu_json_parse(body, len, &map->want, 0, 0, &page->root, &error))
	{
		snprintf(text, sizeof(text), "reply is not JSON: %s at byte %zu",
				 error.reason, error.offset);
		page->error = message(run, text);
		return;
	}
	if (map->has_next_cursor)
		page->next_cursor = kefu_json_text(kefu_json_get(page->root, &map->next_cursor), NULL);
	if (map->has_has_next)
		page->has_next = kefu_json_text(kefu_json_get(page->root, &map->has_next), NULL);
	page->is_empty = is_empty_reply(map, page->root);
	if (page->is_empty)
		return;
	list = find_list(map, page->root, &is_list);
	if (list == NULL)
		page->error = "reply has no list of items where one is expected";
	else
		map_items(run, list, is_list);
}

KefuPage *
kefu_itemmap_run(const KefuItemMap *map, const char *body, size_t len, const char *own_id)
{
	Run			run = {.map = map, .own_id = own_id};

	run.page = calloc(1, sizeof(KefuPage));
	if (run.page != NULL)
		map_reply(&run, body, len);
	return run.page;
}

void
kefu_page_free(KefuPage *page)
{
	if (page == NULL)
		return;
	kefu_json_free(page->root);
	kefu_arena_free(&page->arena);
	free(page);
}
