/*
 * itemmap.c
 *		Running a map over a platform's reply.
 */
#include "itemmap_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dates.h"
#include "html.h"

#define LIST_MAX 100			/* values of a list; a post has at most some twenty */
#define SHOWN_BYTES 60			/* of a bad value in a message */

typedef struct Run
{
	const KefuItemMap *map;
	KefuPage   *page;
	const char *own_id;
	bool		no_memory;
} Run;

/* Text with its length. */
typedef struct Piece
{
	const char *text;
	size_t		len;
} Piece;

static void
set_text(KefuValue *out, const char *text, size_t len)
{
	out->present = true;
	out->text = text;
	out->len = (uint32_t) len;
}

static bool
set_number(KefuValue *out, int64_t number)
{
	out->present = true;
	out->number = number;
	return true;
}

static const char *
message(Run *run, const char *text)
{
	const char *copy = kefu_arena_copy(&run->page->arena, text, strlen(text));

	return copy != NULL ? copy : "out of memory";
}

/* --- values ------------------------------------------------------------- */

static bool
is_text(Piece p, const char *text)
{
	return p.len == strlen(text) && memcmp(p.text, text, p.len) == 0;
}

/* true, "true", "1", 1 and their opposites; anything else is unreadable. */
static bool
read_bool(Piece p, KefuValue *out)
{
	if (is_text(p, "true") || is_text(p, "1"))
		return set_number(out, 1);
	if (is_text(p, "false") || is_text(p, "0"))
		return set_number(out, 0);
	return false;
}

/* 12, "12", "+12", "12.0"; decimals are cut off. */
static bool
read_int(Piece p, KefuValue *out)
{
	const char *at = p.text;
	const char *end = p.text + p.len;
	bool		negative = at < end && *at == '-';
	int64_t		number = 0;
	const char *from;

	if (at < end && (*at == '-' || *at == '+'))
		at++;
	for (from = at; at < end && *at >= '0' && *at <= '9'; at++)
	{
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_sub_overflow(number, *at - '0', &number))
			return false;
	}
	if (at == from)
		return false;
	if (at < end && *at == '.')
	{
		for (at++; at < end && *at >= '0' && *at <= '9'; at++)
			;
	}
	/* Counted downwards, because the negative range is the larger one. */
	if (at != end || (!negative && number == INT64_MIN))
		return false;
	return set_number(out, negative ? number : -number);
}

/* True if the text is one of the words in a list separated by commas. */
static bool
is_one_of(Piece p, const char *list)
{
	for (;;)
	{
		size_t		len = strcspn(list, ",");

		if (len == p.len && memcmp(list, p.text, len) == 0)
			return true;
		if (list[len] == '\0')
			return false;
		list += len + 1;
	}
}

static bool
read_html(Run *run, bool label, Piece p, KefuValue *out)
{
	size_t		len;
	const char *text;

	text = label ? kefu_html_label(&run->page->arena, p.text, p.len, &len)
		: kefu_html_text(&run->page->arena, p.text, p.len, &len);
	if (text == NULL)
	{
		run->no_memory = true;
		return false;
	}
	set_text(out, text, len);
	return true;
}

/*
 * Reads one value.  False if it can't be read as what it should be, or if it
 * says in its own way that there is nothing (an id of "" or 0).
 */
static bool
read_value(Run *run, const KefuRule *rule, Piece p, KefuValue *out)
{
	switch (rule->transform)
	{
		case KEFU_TRANSFORM_TEXT:
			set_text(out, p.text, p.len);
			return true;
		case KEFU_TRANSFORM_ID:
			set_text(out, p.text, p.len);
			return p.len > 0 && !is_text(p, "0");
		case KEFU_TRANSFORM_INT:
			return read_int(p, out);
		case KEFU_TRANSFORM_BOOL:
			return read_bool(p, out);
		case KEFU_TRANSFORM_ONE_OF:
			return set_number(out, is_one_of(p, rule->arg));
		case KEFU_TRANSFORM_DATE_TWITTER:
			out->present = kefu_date_twitter(p.text, p.len, &out->number);
			return out->present;
		case KEFU_TRANSFORM_DATE_UNIX_S:
			out->present = kefu_date_unix_s(p.text, p.len, &out->number);
			return out->present;
		case KEFU_TRANSFORM_DATE_UNIX_MS:
			out->present = kefu_date_unix_ms(p.text, p.len, &out->number);
			return out->present;
		case KEFU_TRANSFORM_DATE_ISO8601:
			out->present = kefu_date_iso8601(p.text, p.len, &out->number);
			return out->present;
		case KEFU_TRANSFORM_HTML_TEXT:
			return read_html(run, false, p, out);
		case KEFU_TRANSFORM_HTML_LABEL:
			return read_html(run, true, p, out);
		case KEFU_TRANSFORM_CONST:
		case KEFU_TRANSFORM_TEMPLATE:
		case KEFU_TRANSFORM_LIST:
			break;				/* not of one value */
	}
	return false;
}

/* --- templates and lists ------------------------------------------------ */

/*
 * Writes a template with {n} replaced by the nth piece; returns the length,
 * and only that if out is NULL.
 */
static size_t
fill(const char *arg, const Piece *pieces, int n, char *out)
{
	size_t		used = 0;

	while (*arg != '\0')
	{
		Piece		p = {arg, 1};
		int			number = arg[0] == '{' && arg[1] != '\0' && arg[2] == '}' ?
			arg[1] - '1' : -1;

		if (number >= 0 && number < n)
		{
			p = pieces[number];
			arg += 2;
		}
		if (out != NULL)
			memcpy(out + used, p.text, p.len);
		used += p.len;
		arg++;
	}
	return used;
}

static bool
read_template(Run *run, const KefuRule *rule, KefuJson *item, KefuValue *out)
{
	Piece		pieces[9];
	int			n = rule->n_paths < 9 ? rule->n_paths : 9;
	size_t		len;
	char	   *text;

	for (int i = 0; i < n; i++)
	{
		pieces[i].text = kefu_json_text(kefu_json_get(item, &rule->paths[i]),
										&pieces[i].len);
		if (pieces[i].text == NULL)
			return false;
	}
	len = fill(rule->arg, pieces, n, NULL);
	text = kefu_arena_alloc(&run->page->arena, len + 1);
	if (text == NULL)
	{
		run->no_memory = true;
		return false;
	}
	fill(rule->arg, pieces, n, text);
	set_text(out, text, len);
	return true;
}

typedef struct List
{
	int			n;
	Piece		pieces[LIST_MAX];
} List;

static bool
collect(void *state, const char *name, KefuJson *value)
{
	List	   *list = state;
	Piece		p;

	(void) name;
	p.text = kefu_json_text(value, &p.len);
	if (p.text != NULL && p.len > 0)
		list->pieces[list->n++] = p;
	return list->n < LIST_MAX;
}

/* All values of all paths, each through the template if there is one. */
static bool
read_list(Run *run, const KefuRule *rule, KefuJson *item, KefuValue *out)
{
	const char *each = rule->arg != NULL ? rule->arg : "{1}";
	List		list;
	size_t		len = 0,
				used = 0;
	char	   *text;

	list.n = 0;
	for (int i = 0; i < rule->n_paths && list.n < LIST_MAX; i++)
		kefu_json_each(item, &rule->paths[i], collect, &list);
	if (list.n == 0)
		return false;
	for (int i = 0; i < list.n; i++)
		len += fill(each, &list.pieces[i], 1, NULL) + 1;
	text = kefu_arena_alloc(&run->page->arena, len);
	if (text == NULL)
	{
		run->no_memory = true;
		return false;
	}
	for (int i = 0; i < list.n; i++)
	{
		if (i > 0)
			text[used++] = '\n';
		used += fill(each, &list.pieces[i], 1, text + used);
	}
	set_text(out, text, used);
	return true;
}

/* A constant holds always or, with paths, where one of them has a value. */
static bool
read_const(const KefuRule *rule, KefuJson *item, KefuValue *out)
{
	bool		holds = rule->n_paths == 0;

	for (int i = 0; i < rule->n_paths && !holds; i++)
		holds = kefu_json_get(item, &rule->paths[i]) != NULL;
	if (!holds)
		return false;
	if (kefu_field_kind(rule->field) == KEFU_KIND_BOOL)
		return set_number(out, strcmp(rule->arg, "true") == 0);
	set_text(out, rule->arg, strlen(rule->arg));
	return true;
}

/* --- items -------------------------------------------------------------- */

/* An id or code that can't be indexed is no id. */
static bool
acceptable(KefuField field, const KefuValue *value)
{
	return !kefu_field_is_id(field) || value->len <= KEFU_ID_BYTES;
}

/* Applies one row; *unread is the first value that was there but unreadable. */
static void
apply(Run *run, const KefuRule *rule, KefuJson *item, KefuValue *out, Piece *unread)
{
	KefuValue	value = {0};
	bool		done = false;

	if (rule->transform == KEFU_TRANSFORM_CONST)
		done = read_const(rule, item, &value);
	else if (rule->transform == KEFU_TRANSFORM_TEMPLATE)
		done = read_template(run, rule, item, &value);
	else if (rule->transform == KEFU_TRANSFORM_LIST)
		done = read_list(run, rule, item, &value);
	else
	{
		for (int i = 0; i < rule->n_paths && !done; i++)
		{
			Piece		p;

			p.text = kefu_json_text(kefu_json_get(item, &rule->paths[i]), &p.len);
			if (p.text == NULL)
				continue;
			memset(&value, 0, sizeof(value));
			done = read_value(run, rule, p, &value) && acceptable(rule->field, &value);
			if (!done && unread->text == NULL)
				*unread = p;
		}
	}
	if (done && acceptable(rule->field, &value))
		*out = value;
}

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
		set_text(&v[KEFU_FIELD_ITEM_TYPE], run->map->item_kind,
				 strlen(run->map->item_kind));

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
check_required(Run *run, KefuItem *item, const Piece *unread)
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
apply_rules(Run *run, KefuField only, KefuJson *value, KefuValue *values, Piece *unread)
{
	const KefuItemMap *map = run->map;

	for (int i = 0; i < map->n_rules; i++)
	{
		const KefuRule *rule = &map->rules[i];

		if ((only == KEFU_FIELD_COUNT || only == rule->field) &&
			!values[rule->field].present)
			apply(run, rule, value, &values[rule->field], &unread[rule->field]);
	}
}

/* The cursor of an item that is otherwise of no interest. */
static const char *
cursor_of(Run *run, KefuJson *value)
{
	KefuValue	values[KEFU_FIELD_COUNT] = {0};
	Piece		unread[KEFU_FIELD_COUNT] = {0};

	apply_rules(run, KEFU_FIELD_CURSOR, value, values, unread);
	apply_rules(run, KEFU_FIELD_NATIVE_ID, value, values, unread);
	default_to(&values[KEFU_FIELD_CURSOR], &values[KEFU_FIELD_NATIVE_ID]);
	return values[KEFU_FIELD_CURSOR].text;
}

static void
map_item(Run *run, KefuJson *value, KefuItem *item)
{
	Piece		unread[KEFU_FIELD_COUNT] = {0};

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
holds(const KefuPredicate *p, KefuJson *value)
{
	KefuJson   *found = kefu_json_get(value, &p->path);
	const char *text = kefu_json_text(found, NULL);
	bool		in = false;

	if (p->test == KEFU_TEST_NULL || p->test == KEFU_TEST_PRESENT)
		return (found == NULL) == (p->test == KEFU_TEST_NULL);
	for (int i = 0; i < p->n_values && text != NULL && !in; i++)
		in = strcmp(text, p->values[i]) == 0;
	return in == (p->test == KEFU_TEST_IN);
}

static bool
all_hold(const KefuConjunction *all, KefuJson *value)
{
	for (int i = 0; i < all->n_predicates; i++)
	{
		if (!holds(&all->predicates[i], value))
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
	Piece		p;

	while (len > 0 && strchr(" \t\r\n", body[0]) != NULL && body[0] != '\0')
		body++, len--;
	while (len > 0 && strchr(" \t\r\n", body[len - 1]) != NULL && body[len - 1] != '\0')
		len--;
	p.text = body;
	p.len = len;
	for (int i = 0; i < map->n_empty_bodies; i++)
	{
		if (is_text(p, map->empty_bodies[i]))
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

	if (length > KEFU_PAGE_ITEMS)
	{
		page->error = "more items than any page has";
		return;
	}
	page->items = kefu_arena_alloc(&page->arena, length * sizeof(KefuItem));
	page->cursors = kefu_arena_alloc(&page->arena, length * sizeof(char *));
	if (page->items == NULL || page->cursors == NULL)
	{
		page->error = "out of memory";
		return;
	}
	page->n_listed = (int) length;
	for (size_t i = 0; i < length; i++)
	{
		KefuJson   *value = is_list ? kefu_json_element(list, i) : list;
		KefuItem   *item = &page->items[page->n_items];

		if (value != NULL && !all_hold(&run->map->filter, value))
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
