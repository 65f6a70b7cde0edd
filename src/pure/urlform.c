/*
 * urlform.c
 *		Percent-encoding, forms and path templates.
 */
#include "urlform.h"

#include <string.h>

/* Counts everything, writes what fits. */
typedef struct Writer
{
	char	   *out;
	size_t		size;
	size_t		len;
} Writer;

static void
put(Writer *w, char c)
{
	if (w->len + 1 < w->size)
		w->out[w->len] = c;
	w->len++;
}

static size_t
finish(Writer *w)
{
	if (w->size > 0)
		w->out[w->len < w->size ? w->len : w->size - 1] = '\0';
	return w->len;
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

/* times 2 encodes what the first encoding gave. */
static void
put_encoded(Writer *w, const char *text, size_t len, int times)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (is_unreserved(c))
			put(w, (char) c);
		else
		{
			put(w, '%');
			for (int t = 1; t < times; t++)
			{
				put(w, '2');
				put(w, '5');
			}
			put(w, digits[c >> 4]);
			put(w, digits[c & 15]);
		}
	}
}

size_t
kefu_percent_encode(const char *text, size_t len, char *out, size_t size)
{
	Writer		w = {out, size, 0};

	put_encoded(&w, text, len, 1);
	return finish(&w);
}

size_t
kefu_form_encode(const KefuParam *params, int n, char *out, size_t size)
{
	Writer		w = {out, size, 0};

	for (int i = 0; i < n; i++)
	{
		const KefuParam *p = &params[i];

		if (p->value == NULL || p->in_path)
			continue;
		if (w.len > 0)
			put(&w, '&');
		put_encoded(&w, p->name, strlen(p->name), 1);
		put(&w, '=');
		put_encoded(&w, p->value, strlen(p->value), p->pre_encoded ? 2 : 1);
	}
	return finish(&w);
}

/*
 * Nothing and dots alone would make another path of it: whoever reads an
 * address drops "." and "..", encoded or not (RFC 3986, 5.2.4).
 */
static bool
is_segment(const char *value)
{
	return value[strspn(value, ".")] != '\0';
}

static KefuParam *
find_param(KefuParam *params, int n, const char *name, size_t len)
{
	for (int i = 0; i < n; i++)
	{
		if (params[i].value != NULL && strlen(params[i].name) == len &&
			memcmp(params[i].name, name, len) == 0)
			return is_segment(params[i].value) ? &params[i] : NULL;
	}
	return NULL;
}

size_t
kefu_expand_path(const char *path, KefuParam *params, int n,
				 char *out, size_t size, const char **missing)
{
	Writer		w = {out, size, 0};

	*missing = NULL;
	while (*path != '\0')
	{
		const char *close = *path == '{' ? strchr(path, '}') : NULL;
		KefuParam  *p = NULL;

		if (close != NULL)
		{
			p = find_param(params, n, path + 1, (size_t) (close - path - 1));
			if (p == NULL && *missing == NULL)
				*missing = path + 1;
		}
		if (p != NULL)
		{
			put_encoded(&w, p->value, strlen(p->value), 1);
			p->in_path = true;
			path = close + 1;
		}
		else
			put(&w, *path++);
	}
	return finish(&w);
}
