/*
 * paging.c
 *		Walking a feed back to where the last walk began.
 *
 * Cursors are compared for equality only: ids are not ordered on every
 * platform.  "Newest" is what a platform lists first.
 */
#include "paging_internal.h"

#include <stdio.h>
#include <string.h>

static bool
copy_text(char *to, size_t size, const char *from)
{
	size_t		len = strlen(from);

	if (len >= size)
		return false;
	memcpy(to, from, len + 1);
	return true;
}

bool
kefu_walk_start(KefuWalk *walk, const char *mark)
{
	memset(walk, 0, sizeof(*walk));
	return mark == NULL || copy_text(walk->mark, sizeof(walk->mark), mark);
}

/* Without a mark there is nothing to go upwards from. */
static bool
goes_up(const KefuPaging *paging, const KefuWalk *walk)
{
	return paging->is_gapless && walk->mark[0] != '\0';
}

/* --- requests ----------------------------------------------------------- */

/* A parameter whose name or value isn't there is not sent. */
static void
add_param(KefuPageRequest *r, const char *name, const char *value)
{
	if (name == NULL || value == NULL || value[0] == '\0' ||
		r->n_params == KEFU_WALK_PARAMS)
		return;
	r->params[r->n_params].name = name;
	r->params[r->n_params].value = value;
	r->n_params++;
}

static void
add_number(KefuPageRequest *r, const char *name, int which, int number)
{
	snprintf(r->numbers[which], sizeof(r->numbers[which]), "%d", number);
	add_param(r, name, r->numbers[which]);
}

static void
request_id_range(const KefuPaging *p, const KefuWalk *walk, KefuPageRequest *r)
{
	if (goes_up(p, walk))
		add_param(r, p->newer_param, walk->at[0] != '\0' ? walk->at : walk->mark);
	else
	{
		add_param(r, p->newer_param, walk->mark);
		add_param(r, p->older_param, walk->at);
	}
}

static void
request_time_id(const KefuPaging *p, const KefuWalk *walk, KefuPageRequest *r)
{
	bool		up = goes_up(p, walk);
	const char *at = up && walk->at[0] == '\0' ? walk->mark : walk->at;
	const char *comma = strchr(at, ',');

	if (comma == NULL)
	{
		add_param(r, p->flag_param, p->flag_first);
		return;
	}
	memcpy(r->parts[0], at, (size_t) (comma - at));
	r->parts[0][comma - at] = '\0';
	(void) copy_text(r->parts[1], sizeof(r->parts[1]), comma + 1);
	add_param(r, p->flag_param, up ? p->flag_newer : p->flag_older);
	add_param(r, p->time_param, r->parts[0]);
	add_param(r, p->id_param, r->parts[1]);
}

void
kefu_walk_request(const KefuPaging *paging, const KefuWalk *walk, KefuPageRequest *request)
{
	memset(request, 0, sizeof(*request));
	if (walk->link[0] != '\0')
	{
		request->link = walk->link;
		return;
	}
	if (paging->page_size > 0)
		add_number(request, paging->size_param, 0, paging->page_size);
	switch (paging->style)
	{
		case KEFU_PAGING_ID_RANGE:
			request_id_range(paging, walk, request);
			break;
		case KEFU_PAGING_TIME_ID:
			request_time_id(paging, walk, request);
			break;
		case KEFU_PAGING_PAGE:
			add_number(request, paging->page_param, 1,
					   paging->page_first + walk->page_no * paging->page_step);
			break;
		case KEFU_PAGING_CURSOR:
			add_param(request, paging->cursor_param,
					  walk->at[0] != '\0' ? walk->at : paging->cursor_start);
			break;
		case KEFU_PAGING_LINK:
			add_param(request, paging->newer_param, walk->mark);
			break;
		case KEFU_PAGING_NONE:
			break;
	}
}

/* --- replies ------------------------------------------------------------ */

static const char *
first_cursor(const KefuPageSeen *seen)
{
	for (int i = 0; i < seen->n_listed; i++)
	{
		if (seen->cursors[i] != NULL)
			return seen->cursors[i];
	}
	return NULL;
}

static const char *
last_cursor(const KefuPageSeen *seen)
{
	for (int i = seen->n_listed - 1; i >= 0; i--)
	{
		if (seen->cursors[i] != NULL)
			return seen->cursors[i];
	}
	return NULL;
}

static bool
has_cursor(const KefuPageSeen *seen, const char *cursor)
{
	for (int i = 0; i < seen->n_listed; i++)
	{
		if (seen->cursors[i] != NULL && strcmp(seen->cursors[i], cursor) == 0)
			return true;
	}
	return false;
}

/*
 * The platform has nothing more to give: it says so, or the page is short.
 * Its word is trusted only where the rows say what it means.
 */
static bool
is_last_page(const KefuPaging *p, const KefuPageSeen *seen)
{
	if (seen->n_listed == 0)
		return true;
	if (p->has_next_more != NULL && seen->has_next != NULL &&
		strcmp(seen->has_next, p->has_next_more) != 0)
		return true;
	return p->stop_short_page && seen->n_listed < p->page_size;
}

/*
 * Moves on to a cursor.  The same cursor again is the end where the platform
 * includes the item a page begins with; anywhere else it means that our
 * parameter was ignored, and what we haven't seen is a gap.
 */
static KefuWalkStep
move_to(KefuWalk *walk, const char *cursor, bool inclusive)
{
	if (cursor == NULL)
		return KEFU_WALK_STUCK;
	if (strcmp(cursor, walk->at) == 0)
		return inclusive ? KEFU_WALK_CLOSED : KEFU_WALK_STUCK;
	return copy_text(walk->at, sizeof(walk->at), cursor) ? KEFU_WALK_GOES_ON
		: KEFU_WALK_STUCK;
}

static bool
is_end_cursor(const KefuPaging *p, const char *cursor)
{
	size_t		length = kefu_json_length(p->cursor_ends);

	if (cursor == NULL || cursor[0] == '\0')
		return true;
	for (size_t i = 0; i < length; i++)
	{
		const char *end = kefu_json_text(kefu_json_element(p->cursor_ends, i), NULL);

		if (end != NULL && strcmp(cursor, end) == 0)
			return true;
	}
	return false;
}

static KefuWalkStep
move_to_link(KefuWalk *walk, const char *link)
{
	if (link == NULL || link[0] == '\0')
		return KEFU_WALK_CLOSED;
	if (strcmp(link, walk->link) == 0)
		return KEFU_WALK_STUCK;
	return copy_text(walk->link, sizeof(walk->link), link) ? KEFU_WALK_GOES_ON
		: KEFU_WALK_STUCK;
}

/* Upwards: the page right above where we were, its newest item first. */
static KefuWalkStep
take_upwards(const KefuPaging *p, KefuWalk *walk, const KefuPageSeen *seen)
{
	const char *newest = first_cursor(seen);
	const char *from = walk->at[0] != '\0' ? walk->at : walk->mark;
	bool		repeats = has_cursor(seen, from);

	if (seen->n_listed == 0)
		return KEFU_WALK_CLOSED;
	if (newest == NULL || !copy_text(walk->newest, sizeof(walk->newest), newest))
		return KEFU_WALK_STUCK;

	/* Meeting the mark unasked: this is the newest page, and it reaches down to it. */
	if ((repeats && !p->newer_inclusive) || strcmp(newest, from) == 0)
		return KEFU_WALK_CLOSED;
	memcpy(walk->at, walk->newest, sizeof(walk->at));
	return is_last_page(p, seen) ? KEFU_WALK_CLOSED : KEFU_WALK_GOES_ON;
}

static KefuWalkStep
take_downwards(const KefuPaging *p, KefuWalk *walk, const KefuPageSeen *seen)
{
	const char *newest = first_cursor(seen);

	if (walk->newest[0] == '\0' && newest != NULL &&
		!copy_text(walk->newest, sizeof(walk->newest), newest))
		return KEFU_WALK_STUCK;
	if ((walk->mark[0] != '\0' && has_cursor(seen, walk->mark)) ||
		seen->n_closed > 0 || is_last_page(p, seen))
		return KEFU_WALK_CLOSED;
	switch (p->style)
	{
		case KEFU_PAGING_ID_RANGE:
		case KEFU_PAGING_TIME_ID:
			return move_to(walk, last_cursor(seen), p->older_inclusive);
		case KEFU_PAGING_PAGE:
			return move_to(walk, newest, false);
		case KEFU_PAGING_CURSOR:
			if (is_end_cursor(p, seen->next_cursor))
				return KEFU_WALK_CLOSED;
			return move_to(walk, seen->next_cursor, false);
		case KEFU_PAGING_LINK:
			return move_to_link(walk, seen->next_link);
		case KEFU_PAGING_NONE:
			break;
	}
	return KEFU_WALK_CLOSED;
}

KefuWalkStep
kefu_walk_take(const KefuPaging *paging, KefuWalk *walk, const KefuPageSeen *seen)
{
	KefuWalkStep step;

	walk->page_no++;
	walk->pages++;
	if (goes_up(paging, walk) && (paging->style == KEFU_PAGING_ID_RANGE ||
								  paging->style == KEFU_PAGING_TIME_ID))
		step = take_upwards(paging, walk, seen);
	else
		step = take_downwards(paging, walk, seen);
	if (step != KEFU_WALK_GOES_ON || walk->pages < paging->max_pages)
		return step;

	/* Below the first walk's last page there is only what was never asked for. */
	return walk->mark[0] == '\0' ? KEFU_WALK_CLOSED : KEFU_WALK_CAPPED;
}

const char *
kefu_walk_new_mark(const KefuPaging *paging, const KefuWalk *walk, KefuWalkStep step)
{
	if (walk->newest[0] == '\0' || step == KEFU_WALK_STUCK)
		return NULL;
	return step == KEFU_WALK_CLOSED || goes_up(paging, walk) ? walk->newest : NULL;
}

/* --- saved state -------------------------------------------------------- */

static size_t
put_text(char *out, size_t size, size_t used, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++, used++)
	{
		if (used + 1 < size)
			out[used] = text[i];
	}
	return used;
}

static size_t
put_member(char *out, size_t size, size_t used, const char *name, const char *value)
{
	used = put_text(out, size, used, name, strlen(name));
	for (; *value != '\0'; value++)
	{
		unsigned char c = (unsigned char) *value;
		char		escape[8];

		if (c >= 0x20 && c != '"' && c != '\\')
			used = put_text(out, size, used, value, 1);
		else
		{
			snprintf(escape, sizeof(escape), "\\u%04x", (unsigned) c);
			used = put_text(out, size, used, escape, 6);
		}
	}
	return used;
}

size_t
kefu_walk_save(const KefuWalk *walk, char *out, size_t size)
{
	char		tail[32];
	size_t		used = 0;

	used = put_member(out, size, used, "{\"mark\":\"", walk->mark);
	used = put_member(out, size, used, "\",\"newest\":\"", walk->newest);
	used = put_member(out, size, used, "\",\"at\":\"", walk->at);
	used = put_member(out, size, used, "\",\"link\":\"", walk->link);
	snprintf(tail, sizeof(tail), "\",\"page_no\":%d}", walk->page_no);
	used = put_text(out, size, used, tail, strlen(tail));
	if (size > 0)
		out[used < size ? used : size - 1] = '\0';
	return used;
}

static bool
load_member(KefuJson *state, const char *name, char *to, size_t size)
{
	const char *text = kefu_json_text(kefu_json_member(state, name), NULL);

	return text != NULL && copy_text(to, size, text);
}

bool
kefu_walk_load(KefuWalk *walk, const char *saved, size_t len)
{
	KefuJson   *state;
	KefuJsonError error;
	char		number[12] = "";
	bool		ok;

	memset(walk, 0, sizeof(*walk));
	if (!kefu_json_parse(saved, len, NULL, 0, 0, &state, &error))
		return false;
	ok = load_member(state, "mark", walk->mark, sizeof(walk->mark)) &&
		load_member(state, "newest", walk->newest, sizeof(walk->newest)) &&
		load_member(state, "at", walk->at, sizeof(walk->at)) &&
		load_member(state, "link", walk->link, sizeof(walk->link)) &&
		load_member(state, "page_no", number, 8) &&
		sscanf(number, "%6d", &walk->page_no) == 1 && walk->page_no >= 0;
	kefu_json_free(state);
	return ok;
}

/* --- the Link header ---------------------------------------------------- */

/* Goes over one value of a parameter, quoted or not. */
static const char *
skip_value(const char *p, const char **value, size_t *len)
{
	bool		quoted = *p == '"';

	if (quoted)
		p++;
	*value = p;
	p += quoted ? strcspn(p, "\"") : strcspn(p, ",; \t");
	*len = (size_t) (p - *value);
	return quoted && *p == '"' ? p + 1 : p;
}

/* True if a list of words separated by spaces has this one. */
static bool
has_word(const char *list, size_t len, const char *word)
{
	size_t		word_len = strlen(word);

	for (size_t i = 0; i + word_len <= len; i++)
	{
		if ((i == 0 || list[i - 1] == ' ') && memcmp(list + i, word, word_len) == 0 &&
			(i + word_len == len || list[i + word_len] == ' '))
			return true;
	}
	return false;
}

bool
kefu_link_find(const char *header, const char *rel, char *out, size_t size)
{
	const char *p = header;

	while ((p = strchr(p, '<')) != NULL)
	{
		const char *target = p + 1;
		const char *close = strchr(target, '>');
		bool		found = false;

		if (close == NULL)
			return false;
		p = close + 1;
		while (*(p += strspn(p, " \t")) == ';')
		{
			const char *name = p + 1 + strspn(p + 1, " \t");
			const char *value;
			size_t		len;

			p = name + strcspn(name, "=;,");
			if (*p != '=')
				continue;
			p = skip_value(p + 1, &value, &len);
			if (strncmp(name, "rel=", 4) == 0 && has_word(value, len, rel))
				found = true;
		}
		if (found)
		{
			if ((size_t) (close - target) >= size)
				return false;
			memcpy(out, target, (size_t) (close - target));
			out[close - target] = '\0';
			return true;
		}
	}
	return false;
}
