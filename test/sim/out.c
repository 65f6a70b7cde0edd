/*
 * out.c
 *	  See out.h.
 */
#include "out.h"
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
out_bytes(struct out *out, const char *bytes, size_t len)
{
	if (out->len + len + 1 > out->cap)
	{
		out->cap = (out->len + len + 1) * 2;
		out->data = sim_realloc(out->data, out->cap);
	}
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
	out->data[out->len] = '\0';
}

void
out_plain(struct out *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

void
out_free(struct out *out)
{
	free(out->data);
	memset(out, 0, sizeof(*out));
}

static void
out_quoted(struct out *out, const char *text)
{
	const char *from = text;
	char		escape[8];

	out_bytes(out, "\"", 1);
	for (; *text; text++)
	{
		unsigned char c = (unsigned char) *text;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		out_bytes(out, from, (size_t) (text - from));
		from = text + 1;
		if (c == '\n')
			strcpy(escape, "\\n");
		else if (c < 0x20)
			snprintf(escape, sizeof(escape), "\\u%04x", c);
		else
			snprintf(escape, sizeof(escape), "\\%c", c);
		out_plain(out, escape);
	}
	out_bytes(out, from, (size_t) (text - from));
	out_bytes(out, "\"", 1);
}

/* The comma, where one is due, and the key.  No value ends in an opening bracket. */
static void
out_key(struct out *out, const char *key)
{
	char		last = out->len ? out->data[out->len - 1] : '[';

	if (last != '{' && last != '[')
		out_bytes(out, ",", 1);
	if (key)
	{
		out_quoted(out, key);
		out_bytes(out, ":", 1);
	}
}

void
out_open(struct out *out, const char *key, char bracket)
{
	out_key(out, key);
	out_bytes(out, &bracket, 1);
}

void
out_close(struct out *out, char bracket)
{
	out_bytes(out, &bracket, 1);
}

void
out_text(struct out *out, const char *key, const char *text)
{
	if (!text)
	{
		out_null(out, key);
		return;
	}
	out_key(out, key);
	out_quoted(out, text);
}

void
out_digits(struct out *out, const char *key, const char *digits)
{
	out_key(out, key);
	out_plain(out, digits);
}

void
out_int(struct out *out, const char *key, long long value)
{
	char		digits[24];

	snprintf(digits, sizeof(digits), "%lld", value);
	out_digits(out, key, digits);
}

void
out_real(struct out *out, const char *key, double value)
{
	char		digits[32];

	snprintf(digits, sizeof(digits), "%.17g", value);
	out_digits(out, key, digits);
}

void
out_bool(struct out *out, const char *key, bool value)
{
	out_digits(out, key, value ? "true" : "false");
}

void
out_null(struct out *out, const char *key)
{
	out_digits(out, key, "null");
}
