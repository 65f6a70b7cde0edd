/*
 * itemmap_value.c
 *		One row of a map applied to one item.
 */
#include "itemmap_internal.h"

#include <string.h>

#include "dates.h"
#include "html.h"

#define LIST_MAX 100			/* values of a list; a post has at most some twenty */
#define DIGEST_LENGTH 16		/* characters that stand for a value in a key */

/* Where results go, and whether that failed. */
typedef struct Reader
{
	KefuArena  *arena;
	bool		no_memory;
} Reader;

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

static bool
is_text(KefuPiece p, const char *text)
{
	return p.len == strlen(text) && memcmp(p.text, text, p.len) == 0;
}

/* true, "true", "1", 1 and their opposites; anything else is unreadable. */
static bool
read_bool(KefuPiece p, KefuValue *out)
{
	if (is_text(p, "true") || is_text(p, "1"))
		return set_number(out, 1);
	if (is_text(p, "false") || is_text(p, "0"))
		return set_number(out, 0);
	return false;
}

/* 12, "12", "+12", "12.0"; decimals are cut off. */
static bool
read_int(KefuPiece p, KefuValue *out)
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
is_one_of(KefuPiece p, const char *list)
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
read_html(Reader *r, bool label, KefuPiece p, KefuValue *out)
{
	size_t		len;
	const char *text;

	text = label ? kefu_html_label(r->arena, p.text, p.len, &len)
		: kefu_html_text(r->arena, p.text, p.len, &len);
	if (text == NULL)
	{
		r->no_memory = true;
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
read_value(Reader *r, const KefuRule *rule, KefuPiece p, KefuValue *out)
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
			return read_html(r, false, p, out);
		case KEFU_TRANSFORM_HTML_LABEL:
			return read_html(r, true, p, out);
		case KEFU_TRANSFORM_CONST:
		case KEFU_TRANSFORM_TEMPLATE:
		case KEFU_TRANSFORM_LIST:
			break;				/* not of one value */
	}
	return false;
}

/* --- templates and lists ------------------------------------------------ */

/*
 * What stands for a value in a key: 64 bits of FNV-1a in hex.  It keeps apart
 * what one author says within one second, and tells nobody what that was.
 */
static KefuPiece
digest(KefuPiece p, char hex[DIGEST_LENGTH])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t	hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < p.len; i++)
		hash = (hash ^ (unsigned char) p.text[i]) * UINT64_C(1099511628211);
	for (int i = DIGEST_LENGTH; i-- > 0; hash >>= 4)
		hex[i] = digits[hash & 15];
	return (KefuPiece) {hex, DIGEST_LENGTH};
}

/*
 * Writes a template with {n} replaced by the nth piece and {#n} by its digest;
 * returns the length, and only that if out is NULL.
 */
static size_t
fill(const char *arg, const KefuPiece *pieces, int n, char *out)
{
	size_t		used = 0;

	while (*arg != '\0')
	{
		KefuPiece	p = {arg, 1};
		char		hex[DIGEST_LENGTH];
		int			at = arg[0] == '{' && arg[1] == '#' ? 2 : 1;
		int			number = arg[0] == '{' && arg[at] != '\0' && arg[at + 1] == '}' ?
			arg[at] - '1' : -1;

		if (number >= 0 && number < n)
		{
			p = at == 2 ? digest(pieces[number], hex) : pieces[number];
			arg += at + 1;
		}
		if (out != NULL)
			memcpy(out + used, p.text, p.len);
		used += p.len;
		arg++;
	}
	return used;
}

static bool
read_template(Reader *r, const KefuRule *rule, KefuJson *const *slots, KefuValue *out)
{
	KefuPiece	pieces[9];
	int			n = rule->n_paths < 9 ? rule->n_paths : 9;
	size_t		len;
	char	   *text;

	for (int i = 0; i < n; i++)
	{
		pieces[i].text = kefu_json_text(slots[rule->paths[i].slot], &pieces[i].len);
		if (pieces[i].text == NULL)
			return false;
	}
	len = fill(rule->arg, pieces, n, NULL);
	text = kefu_arena_alloc(r->arena, len + 1);
	if (text == NULL)
	{
		r->no_memory = true;
		return false;
	}
	fill(rule->arg, pieces, n, text);
	set_text(out, text, len);
	return true;
}

typedef struct List
{
	int			n;
	KefuPiece	pieces[LIST_MAX];
} List;

static bool
collect(void *state, const char *name, KefuJson *value)
{
	List	   *list = state;
	KefuPiece	p;

	(void) name;
	p.text = kefu_json_text(value, &p.len);
	if (p.text != NULL && p.len > 0)
		list->pieces[list->n++] = p;
	return list->n < LIST_MAX;
}

/* All values of all paths, each through the template if there is one. */
static bool
read_list(Reader *r, const KefuRule *rule, KefuJson *item, KefuValue *out)
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
	text = kefu_arena_alloc(r->arena, len);
	if (text == NULL)
	{
		r->no_memory = true;
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
read_const(const KefuRule *rule, KefuJson *const *slots, KefuValue *out)
{
	bool		holds = rule->n_paths == 0;

	for (int i = 0; i < rule->n_paths && !holds; i++)
		holds = slots[rule->paths[i].slot] != NULL;
	if (!holds)
		return false;
	if (kefu_field_kind(rule->field) == KEFU_KIND_BOOL)
		return set_number(out, strcmp(rule->arg, "true") == 0);
	set_text(out, rule->arg, strlen(rule->arg));
	return true;
}

/* --- rows --------------------------------------------------------------- */

/* An id or code that can't be indexed is no id. */
static bool
acceptable(KefuField field, const KefuValue *value)
{
	return !kefu_field_is_id(field) || value->len <= KEFU_ID_BYTES;
}

bool
kefu_rule_apply(KefuArena *arena, const KefuRule *rule, KefuJson *item,
				KefuJson *const *slots, KefuValue *out, KefuPiece *unread)
{
	Reader		r = {.arena = arena};
	KefuValue	value = {0};
	bool		done = false;

	if (rule->transform == KEFU_TRANSFORM_CONST)
		done = read_const(rule, slots, &value);
	else if (rule->transform == KEFU_TRANSFORM_TEMPLATE)
		done = read_template(&r, rule, slots, &value);
	else if (rule->transform == KEFU_TRANSFORM_LIST)
		done = read_list(&r, rule, item, &value);
	else
	{
		for (int i = 0; i < rule->n_paths && !done; i++)
		{
			KefuPiece	p;

			p.text = kefu_json_text(slots[rule->paths[i].slot], &p.len);
			if (p.text == NULL)
				continue;
			memset(&value, 0, sizeof(value));
			done = read_value(&r, rule, p, &value) && acceptable(rule->field, &value);
			if (!done && unread->text == NULL)
				*unread = p;
		}
	}
	if (done && acceptable(rule->field, &value))
		*out = value;
	return !r.no_memory;
}
