/*
 * paging_compile.c
 *		Compiling paging rules.
 *
 * Members of "paging", named as the columns of kefu.endpoint: style (none,
 * id_range, time_id, page, cursor, link), page_size, size_param, max_pages,
 * stop_short_page, has_next_more, newer_param, older_param, newer_inclusive,
 * older_inclusive, is_gapless, flag_param, flag_first, flag_newer, flag_older,
 * time_param, id_param, page_param, page_first, page_step, cursor_param,
 * cursor_start, cursor_ends.
 */
#include "paging_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX_PAGES 20

static const char *
text_of(KefuJson *rules, const char *name)
{
	return kefu_json_text(kefu_json_member(rules, name), NULL);
}

static bool
flag_of(KefuJson *rules, const char *name)
{
	const char *text = text_of(rules, name);

	return text != NULL && strcmp(text, "true") == 0;
}

/* A small number; the default also for what isn't one. */
static int
number_of(KefuJson *rules, const char *name, int absent)
{
	const char *text = text_of(rules, name);
	size_t		len = text != NULL ? strlen(text) : 0;

	if (len == 0 || len > 6 || strspn(text, "0123456789") != len)
		return absent;
	return atoi(text);
}

static bool
find_style(const char *name, KefuPagingStyle *style)
{
	static const char *const names[] = {
		[KEFU_PAGING_NONE] = "none",
		[KEFU_PAGING_ID_RANGE] = "id_range",
		[KEFU_PAGING_TIME_ID] = "time_id",
		[KEFU_PAGING_PAGE] = "page",
		[KEFU_PAGING_CURSOR] = "cursor",
		[KEFU_PAGING_LINK] = "link",
	};

	for (int i = 0; name != NULL && i < (int) (sizeof(names) / sizeof(names[0])); i++)
	{
		if (strcmp(names[i], name) == 0)
		{
			*style = (KefuPagingStyle) i;
			return true;
		}
	}
	return name == NULL;
}

/* What a style can't do without, NULL if nothing is missing. */
static const char *
missing_part(const KefuPaging *p)
{
	switch (p->style)
	{
		case KEFU_PAGING_ID_RANGE:
			if (p->older_param == NULL)
				return "older_param";
			return p->is_gapless && p->newer_param == NULL ? "newer_param" : NULL;
		case KEFU_PAGING_TIME_ID:
			if (p->flag_param == NULL || p->flag_older == NULL)
				return "flag_param and flag_older";
			if (p->time_param == NULL || p->id_param == NULL)
				return "time_param and id_param";
			return p->is_gapless && p->flag_newer == NULL ? "flag_newer" : NULL;
		case KEFU_PAGING_PAGE:
			return p->page_param == NULL ? "page_param" : NULL;
		case KEFU_PAGING_CURSOR:
			return p->cursor_param == NULL ? "cursor_param" : NULL;
		case KEFU_PAGING_NONE:
		case KEFU_PAGING_LINK:
			break;
	}
	return NULL;
}

static void
read_rules(KefuPaging *p, KefuJson *rules)
{
	p->page_size = number_of(rules, "page_size", 0);
	p->size_param = text_of(rules, "size_param");
	p->max_pages = number_of(rules, "max_pages", DEFAULT_MAX_PAGES);
	p->stop_short_page = flag_of(rules, "stop_short_page");
	p->has_next_more = text_of(rules, "has_next_more");
	p->newer_param = text_of(rules, "newer_param");
	p->older_param = text_of(rules, "older_param");
	p->newer_inclusive = flag_of(rules, "newer_inclusive");
	p->older_inclusive = flag_of(rules, "older_inclusive");
	p->is_gapless = flag_of(rules, "is_gapless");
	p->flag_param = text_of(rules, "flag_param");
	p->flag_first = text_of(rules, "flag_first");
	p->flag_newer = text_of(rules, "flag_newer");
	p->flag_older = text_of(rules, "flag_older");
	p->time_param = text_of(rules, "time_param");
	p->id_param = text_of(rules, "id_param");
	p->page_param = text_of(rules, "page_param");
	p->page_first = number_of(rules, "page_first", 1);
	p->page_step = number_of(rules, "page_step", 1);
	p->cursor_param = text_of(rules, "cursor_param");
	p->cursor_start = text_of(rules, "cursor_start");
	p->cursor_ends = kefu_json_member(rules, "cursor_ends");
}

KefuPaging *
kefu_paging_compile(const char *spec, size_t len, char *error, size_t error_size)
{
	KefuPaging *p = calloc(1, sizeof(KefuPaging));
	KefuJsonError json_error;
	KefuJson   *rules;
	const char *missing;

	if (p == NULL)
	{
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	if (!kefu_json_parse(spec, len, NULL, 0, 0, &p->spec, &json_error))
	{
		snprintf(error, error_size, "not JSON: %s", json_error.reason);
		kefu_paging_free(p);
		return NULL;
	}
	rules = kefu_json_member(p->spec, "paging");
	read_rules(p, rules);
	if (!find_style(text_of(rules, "style"), &p->style))
		snprintf(error, error_size, "no paging style \"%.40s\"", text_of(rules, "style"));
	else if ((missing = missing_part(p)) != NULL)
		snprintf(error, error_size, "paging style \"%s\" needs %s",
				 text_of(rules, "style"), missing);
	else if (p->max_pages < 1)
		snprintf(error, error_size, "max_pages is not positive");
	else
		return p;
	kefu_paging_free(p);
	return NULL;
}

void
kefu_paging_free(KefuPaging *paging)
{
	if (paging == NULL)
		return;
	kefu_json_free(paging->spec);
	free(paging);
}
