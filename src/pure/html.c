/*
 * html.c
 *		Reading text out of HTML.
 *
 * Enough of HTML for what platforms put around a customer's words: a handful
 * of tags and entities.  Named entities are the ones met in recorded replies
 * plus those every encoder knows; any other stays as it is written, which a
 * reader still understands.
 */
#include "html.h"
#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct Reader
{
	const char *at;
	const char *end;
	char	   *out;
	size_t		used;
	int			breaks;			/* line ends owed before the next character */
	bool		no_close;		/* no '>' is left: don't look for one again */
} Reader;

static const struct
{
	const char *name;
	const char *text;
}			entities[] = {
	{"amp;", "&"}, {"lt;", "<"}, {"gt;", ">"}, {"quot;", "\""}, {"apos;", "'"},
	{"nbsp;", " "}, {"hellip;", "\xE2\x80\xA6"}, {"middot;", "\xC2\xB7"},
	{"ldquo;", "\xE2\x80\x9C"}, {"rdquo;", "\xE2\x80\x9D"},
	{"lsquo;", "\xE2\x80\x98"}, {"rsquo;", "\xE2\x80\x99"},
	{"mdash;", "\xE2\x80\x94"}, {"ndash;", "\xE2\x80\x93"},
	{"copy;", "\xC2\xA9"}, {"reg;", "\xC2\xAE"}, {"yen;", "\xC2\xA5"},
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/*
 * Text never outgrows its HTML: line ends are owed by tags, which are longer,
 * and an entity is longer than what it stands for.
 */
static void
put(Reader *r, const char *text, size_t len)
{
	if (r->used > 0)
	{
		for (; r->breaks > 0; r->breaks--)
			r->out[r->used++] = '\n';
	}
	r->breaks = 0;
	memcpy(r->out + r->used, text, len);
	r->used += len;
}

static void
owe_breaks(Reader *r, int breaks)
{
	if (r->breaks < breaks)
		r->breaks = breaks;
}

/* "&#20013;" or "&#x4e2d;" at the reader; false leaves it where it is. */
static bool
numeric_entity(Reader *r)
{
	const char *p = r->at + 2;
	bool		hex = p < r->end && (*p == 'x' || *p == 'X');
	uint32_t	c = 0;
	const char *from;
	char		bytes[4];

	if (hex)
		p++;
	for (from = p; p < r->end && p - from < 8 && *p != ';'; p++)
	{
		if (*p >= '0' && *p <= '9')
			c = c * (hex ? 16 : 10) + (uint32_t) (*p - '0');
		else if (hex && (*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')
			c = c * 16 + (uint32_t) ((*p | 0x20) - 'a' + 10);
		else
			return false;
	}
	if (p == from || p == r->end || *p != ';' || c == 0 || c > 0x10FFFF ||
		(c >= 0xD800 && c <= 0xDFFF))
		return false;
	r->at = p + 1;
	put(r, bytes, kefu_utf8(c, bytes));
	return true;
}

static void
read_entity(Reader *r)
{
	size_t		left = (size_t) (r->end - r->at);

	if (left > 1 && r->at[1] == '#' && numeric_entity(r))
		return;
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
	{
		size_t		len = strlen(entities[i].name);

		if (left > len && memcmp(r->at + 1, entities[i].name, len) == 0)
		{
			r->at += len + 1;
			put(r, entities[i].text, strlen(entities[i].text));
			return;
		}
	}
	put(r, "&", 1);
	r->at++;
}

/* Compares a tag's name, which runs from p to end, without regard to case. */
static bool
is_tag(const char *p, const char *end, const char *name)
{
	for (; *name != '\0'; name++, p++)
	{
		if (p == end || (*p | 0x20) != *name)
			return false;
	}
	return p == end || is_space(*p) || *p == '/' || *p == '>';
}

/* Goes behind the end tag of an element whose content is not text. */
static void
skip_element(Reader *r, const char *name)
{
	for (; r->at < r->end; r->at++)
	{
		const char *close;

		if (r->end - r->at < 2 || r->at[0] != '<' || r->at[1] != '/' ||
			!is_tag(r->at + 2, r->end, name))
			continue;
		close = memchr(r->at, '>', (size_t) (r->end - r->at));
		r->at = close != NULL ? close + 1 : r->end;
		return;
	}
}

static void
read_tag(Reader *r)
{
	const char *name = r->at + 1;
	const char *close = NULL;

	if (!r->no_close)
		close = memchr(r->at, '>', (size_t) (r->end - r->at));
	r->no_close = (close == NULL);
	if (name < r->end && *name == '/')
		name++;

	/* "1 < 2" and "<3" are text. */
	if (close == NULL || name == r->end ||
		!(((*name | 0x20) >= 'a' && (*name | 0x20) <= 'z') || *name == '!'))
	{
		put(r, "<", 1);
		r->at++;
		return;
	}
	r->at = close + 1;
	if (is_tag(name, close, "br"))
		owe_breaks(r, r->breaks + 1);
	else if (is_tag(name, close, "p"))
		owe_breaks(r, 2);
	else if (is_tag(name, close, "div") || is_tag(name, close, "li"))
		owe_breaks(r, 1);
	else if (name[-1] == '<' && is_tag(name, close, "script"))
		skip_element(r, "script");
	else if (name[-1] == '<' && is_tag(name, close, "style"))
		skip_element(r, "style");
}

const char *
kefu_html_text(KefuArena *arena, const char *html, size_t len, size_t *out_len)
{
	Reader		r = {.at = html, .end = html + len};

	/* One byte more, and a copy: the arena's strings end in a NUL. */
	r.out = kefu_arena_copy(arena, html, len);
	if (r.out == NULL)
		return NULL;
	while (r.at < r.end)
	{
		if (*r.at == '<')
			read_tag(&r);
		else if (*r.at == '&')
			read_entity(&r);
		else if (is_space(*r.at) && (r.used == 0 || r.breaks > 0))
			r.at++;
		else
			put(&r, r.at++, 1);
	}
	while (r.used > 0 && is_space(r.out[r.used - 1]))
		r.used--;
	r.out[r.used] = '\0';
	*out_len = r.used;
	return r.out;
}

const char *
kefu_html_label(KefuArena *arena, const char *html, size_t len, size_t *out_len)
{
	char	   *text = (char *) kefu_html_text(arena, html, len, out_len);
	size_t		used = 0;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < *out_len; i++)
	{
		if (!is_space(text[i]))
			text[used++] = text[i];
		else if (used > 0 && text[used - 1] != ' ')
			text[used++] = ' ';
	}
	text[used] = '\0';
	*out_len = used;
	return text;
}
