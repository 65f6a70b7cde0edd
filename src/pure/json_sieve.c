/*
 * json_sieve.c
 *		The strict first pass over a JSON document.
 *
 * json-c saturates integers beyond 64 bits, is slow (each object is a hash
 * table of its own) and has changed what it accepts between versions.  So it
 * is only shown a document that this pass has checked and thinned: the rules
 * of what is accepted are here, in one place, and json-c builds the tree.
 *
 * NUL (\u0000) and lone surrogates can't be stored in a text value.  They are
 * replaced by U+FFFD instead of refusing the page: one hostile character must
 * not hide the other customers on it.
 */
#include "json_sieve.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sieve
{
	const char *start;
	const char *at;
	const char *end;
	int			depth;			/* containers open */
	int			max_depth;
	char	   *out;
	size_t		used;
	size_t		size;
	const char *reason;
} Sieve;

static bool sieve_value(Sieve *s, const KefuWant *want);

static bool
fail(Sieve *s, const char *reason)
{
	if (s->reason == NULL)
		s->reason = reason;
	return false;
}

/* Appends to the output; want NULL means that nothing is kept here. */
static bool
emit(Sieve *s, const KefuWant *want, const char *data, size_t len)
{
	if (want == NULL)
		return true;
	if (len >= s->size - s->used)
	{
		size_t		size = s->size * 2 + len;
		char	   *bigger = realloc(s->out, size);

		if (bigger == NULL)
			return fail(s, "out of memory");
		s->out = bigger;
		s->size = size;
	}
	memcpy(s->out + s->used, data, len);
	s->used += len;
	return true;
}

static void
skip_space(Sieve *s)
{
	while (s->at < s->end &&
		   (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

size_t
kefu_utf8_char(const unsigned char *p, const unsigned char *end)
{
	size_t		left = (size_t) (end - p);

	if (left == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || left < 2 || (p[1] & 0xC0) != 0x80)
		return 0;
	if (p[0] < 0xE0)
		return 2;
	if (left < 3 || (p[2] & 0xC0) != 0x80)
		return 0;
	if (p[0] < 0xF0)
	{
		if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F))
			return 0;
		return 3;
	}
	if (left < 4 || (p[3] & 0xC0) != 0x80 || p[0] > 0xF4)
		return 0;
	if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return 4;
}

size_t
kefu_utf8_clip(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char) text[max] & 0xC0) == 0x80)
		max--;
	return max;
}

/*
 * Skips the plain ASCII part of a string eight bytes at a time.  A byte ends
 * it that is above 0x7F, below 0x20, a quote or a backslash; the usual trick
 * of borrowing into the high bit tells whether a word has one (it may err for
 * bytes behind the first such one, which the caller looks at anyway).
 */
static const char *
skip_plain(const char *p, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t highs = UINT64_C(0x8080808080808080);

	while (end - p >= 8)
	{
		uint64_t	word,
					quote,
					slash;

		memcpy(&word, p, 8);
		quote = word ^ (ones * '"');
		slash = word ^ (ones * '\\');
		if ((word | (word - ones * 0x20) | (quote - ones) | (slash - ones)) & highs)
			break;
		p += 8;
	}
	while (p < end && (unsigned char) *p >= 0x20 && (unsigned char) *p < 0x80 &&
		   *p != '"' && *p != '\\')
		p++;
	return p;
}

/* The code unit of \uXXXX at p, -1 if it isn't one. */
static int
unicode_escape(const char *p, const char *end)
{
	int			unit = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++)
	{
		int			c = (unsigned char) p[i];

		if (c >= '0' && c <= '9')
			unit = unit * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			unit = unit * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/*
 * Length of the escape at p, 0 if it is malformed.  *bad is set if it stands
 * for what no text may hold: NUL or half a surrogate pair.
 */
static size_t
escape_length(const char *p, const char *end, bool *bad)
{
	int			unit;

	if (end - p < 2)
		return 0;
	if (strchr("\"\\/bfnrt", p[1]) != NULL && p[1] != '\0')
		return 2;
	unit = unicode_escape(p, end);
	if (unit < 0)
		return 0;
	if (unit >= 0xD800 && unit <= 0xDBFF)
	{
		int			low = unicode_escape(p + 6, end);

		if (low >= 0xDC00 && low <= 0xDFFF)
			return 12;
	}
	if (unit == 0 || (unit >= 0xD800 && unit <= 0xDFFF))
		*bad = true;
	return 6;
}

/* Copies a checked string, quotes included, with U+FFFD for its bad escapes. */
static bool
emit_repaired(Sieve *s, const KefuWant *want, const char *p, const char *end)
{
	while (p < end)
	{
		const char *slash = memchr(p, '\\', (size_t) (end - p));
		bool		bad = false;
		size_t		len;

		if (slash == NULL)
			return emit(s, want, p, (size_t) (end - p));
		len = escape_length(slash, end, &bad);
		if (!emit(s, want, p, (size_t) (slash - p)) ||
			!(bad ? emit(s, want, "\\ufffd", 6) : emit(s, want, slash, len)))
			return false;
		p = slash + len;
	}
	return true;
}

/*
 * Reads the string at s->at up to behind its closing quote.  *escaped tells
 * whether it has escapes, *bad whether some must be replaced.
 */
static bool
scan_string(Sieve *s, bool *escaped, bool *bad)
{
	const char *p = s->at + 1;

	*escaped = *bad = false;
	for (;;)
	{
		size_t		len;

		p = skip_plain(p, s->end);
		s->at = p;
		if (p == s->end)
			return fail(s, "a string is cut off");
		if (*p == '"')
		{
			s->at++;
			return true;
		}
		if (*p == '\\')
		{
			*escaped = true;
			len = escape_length(p, s->end, bad);
			if (len == 0)
				return fail(s, "a string has a malformed escape");
		}
		else if ((unsigned char) *p < 0x20)
			return fail(s, "a string has a control character");
		else
		{
			/* Chinese text is nearly all of this; the rest goes the long way. */
			while (s->end - p >= 3 && (unsigned char) (p[0] - 0xE1) < 0x0C &&
				   ((unsigned char) p[1] & 0xC0) == 0x80 &&
				   ((unsigned char) p[2] & 0xC0) == 0x80)
				p += 3;
			if (p > s->at)
				continue;
			len = kefu_utf8_char((const unsigned char *) p,
								 (const unsigned char *) s->end);
			if (len == 0)
				return fail(s, "not valid UTF-8");
		}
		p += len;
	}
}

static bool
sieve_string(Sieve *s, const KefuWant *want)
{
	const char *from = s->at;
	bool		escaped,
				bad;

	if (!scan_string(s, &escaped, &bad))
		return false;
	if (bad)
		return emit_repaired(s, want, from, s->at);
	return emit(s, want, from, (size_t) (s->at - from));
}

static bool
digits(Sieve *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from;
}

/* A number becomes a string of its own characters. */
static bool
sieve_number(Sieve *s, const KefuWant *want)
{
	const char *from = s->at;

	if (*s->at == '-')
		s->at++;
	if (s->at < s->end && *s->at == '0')
		s->at++;
	else if (!digits(s))
		return fail(s, "a number is malformed");
	if (s->at < s->end && *s->at == '.')
	{
		s->at++;
		if (!digits(s))
			return fail(s, "a number is malformed");
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E'))
	{
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (!digits(s))
			return fail(s, "a number is malformed");
	}
	return emit(s, want, "\"", 1) &&
		emit(s, want, from, (size_t) (s->at - from)) && emit(s, want, "\"", 1);
}

static bool
sieve_word(Sieve *s, const KefuWant *want, const char *word)
{
	size_t		len = strlen(word);

	if ((size_t) (s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return fail(s, "not a JSON value");
	s->at += len;
	return emit(s, want, word, len);
}

/* Goes into a container: over its bracket and the space behind. */
static bool
enter(Sieve *s)
{
	if (++s->depth > s->max_depth)
		return fail(s, "nested too deeply");
	s->at++;
	skip_space(s);
	return true;
}

/* Behind a member or an element: true if another follows, *done if none does. */
static bool
next_or_close(Sieve *s, char close, bool *done)
{
	skip_space(s);
	if (s->at == s->end)
		return fail(s, "cut off");
	*done = (*s->at == close);
	if (!*done && *s->at != ',')
		return fail(s, "a comma or a closing bracket is missing");
	s->at++;
	if (*done)
		s->depth--;
	else
		skip_space(s);
	return true;
}

static bool
sieve_member(Sieve *s, const KefuWant *want, bool *first)
{
	const char *name = s->at;
	const KefuWant *below = want;
	const char *name_end;
	bool		escaped,
				bad;

	if (s->at == s->end)
		return fail(s, "cut off");
	if (*s->at != '"')
		return fail(s, "a member has no name");
	if (!scan_string(s, &escaped, &bad))
		return false;
	name_end = s->at;

	/* A name spelt with escapes is kept: it may be one of ours once decoded. */
	if (want != NULL && !escaped)
		below = kefu_want_member(want, name + 1, (size_t) (name_end - name - 2));
	else if (want != NULL)
	{
		static const KefuWant whole = {.all = true};

		below = &whole;
	}
	skip_space(s);
	if (s->at == s->end)
		return fail(s, "cut off");
	if (*s->at != ':')
		return fail(s, "a member has no value");
	s->at++;
	if (below != NULL)
	{
		if ((!*first && !emit(s, below, ",", 1)) ||
			!emit_repaired(s, below, name, name_end) || !emit(s, below, ":", 1))
			return false;
		*first = false;
	}
	return sieve_value(s, below);
}

static bool
sieve_object(Sieve *s, const KefuWant *want)
{
	bool		first = true,
				done = false;

	if (!emit(s, want, "{", 1) || !enter(s))
		return false;
	if (s->at < s->end && *s->at == '}')
	{
		s->at++;
		s->depth--;
		done = true;
	}
	while (!done)
	{
		if (!sieve_member(s, want, &first) || !next_or_close(s, '}', &done))
			return false;
	}
	return emit(s, want, "}", 1);
}

static bool
sieve_array(Sieve *s, const KefuWant *want)
{
	bool		done = false;

	if (!emit(s, want, "[", 1) || !enter(s))
		return false;
	if (s->at < s->end && *s->at == ']')
	{
		s->at++;
		s->depth--;
		done = true;
	}
	for (size_t number = 0; !done; number++)
	{
		const KefuWant *below = kefu_want_element(want, number);

		if (number > 0 && !emit(s, want, ",", 1))
			return false;
		/* What is not kept still counts, or the numbers behind would shift. */
		if (below == NULL && !emit(s, want, "null", 4))
			return false;
		if (!sieve_value(s, below) || !next_or_close(s, ']', &done))
			return false;
	}
	return emit(s, want, "]", 1);
}

static bool
sieve_value(Sieve *s, const KefuWant *want)
{
	skip_space(s);
	if (s->at == s->end)
		return fail(s, "cut off");
	switch (*s->at)
	{
		case '{':
			return sieve_object(s, want);
		case '[':
			return sieve_array(s, want);
		case '"':
			return sieve_string(s, want);
		case 't':
			return sieve_word(s, want, "true");
		case 'f':
			return sieve_word(s, want, "false");
		case 'n':
			return sieve_word(s, want, "null");
		case '-':
		case '0':
		case '1':
		case '2':
		case '3':
		case '4':
		case '5':
		case '6':
		case '7':
		case '8':
		case '9':
			return sieve_number(s, want);
		default:
			return fail(s, "not a JSON value");
	}
}

static bool
sieve_document(Sieve *s, const KefuWant *want)
{
	static const KefuWant whole = {.all = true};

	/* A byte order mark is allowed to be ignored (RFC 8259, 8.1). */
	if (s->end - s->at >= 3 && memcmp(s->at, "\xEF\xBB\xBF", 3) == 0)
		s->at += 3;
	skip_space(s);
	if (s->at == s->end)
		return fail(s, "empty");
	if (!sieve_value(s, want != NULL ? want : &whole))
		return false;
	skip_space(s);
	if (s->at != s->end)
		return fail(s, "something follows the value");
	return true;
}

bool
kefu_json_sieve(const char *data, size_t len, const KefuWant *want,
				int max_depth, size_t max_bytes,
				char **out, size_t *out_len, KefuJsonError *error)
{
	Sieve		s = {.start = data, .at = data, .end = data + len};

	error->reason = NULL;
	error->offset = 0;
	if (max_bytes == 0)
		max_bytes = KEFU_JSON_BYTES;
	if (max_depth <= 0)
		max_depth = KEFU_JSON_DEPTH;
	s.max_depth = max_depth < KEFU_JSON_DEPTH_MAX ? max_depth : KEFU_JSON_DEPTH_MAX;
	if (len > max_bytes)
	{
		error->reason = "too large";
		return false;
	}
	s.size = len / 2 + 64;
	s.out = malloc(s.size);
	if (s.out == NULL)
	{
		error->reason = "out of memory";
		return false;
	}
	if (!sieve_document(&s, want))
	{
		free(s.out);
		error->reason = s.reason;
		error->offset = (size_t) (s.at - s.start);
		return false;
	}
	s.out[s.used] = '\0';		/* emit() always leaves room for it */
	*out = s.out;
	*out_len = s.used;
	return true;
}
