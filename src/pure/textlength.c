/*
 * textlength.c
 *		How long a text is to a platform.
 *
 * sina: what the site's own editor counts (its front-end module kit.extra.count),
 * with everything odd in it.  CRLF is one character.  A UTF-16 unit up to U+00FF
 * is one half, any other two.  An address begins with http:// (https:// is plain
 * text), two labels of ASCII letters and digits and what may follow them; it
 * counts as its length up to 41 halves if it is the platform's own, as 20 up to
 * 140, and from there on as 20 and what is beyond 140; an address that begins
 * with http://t.cn is plain text.  Own addresses are told by how they begin, in
 * small letters, the dot being any character.  So an own address of 41 halves
 * counts 41 and one of 42 counts 20: a text can become shorter by growing.  The
 * halves are added up and rounded once.
 *
 * url_length, short_names: what Mastodon's status validator does, after the
 * address pattern of twitter-text as it changes it.  An address is http:// or
 * https://, not right after a letter, digit or one of @$#, a host of two labels or
 * more, a port, a path of anything but space, <, > and ?, and a query; marks at
 * its end belong to the sentence.  Deviations: hosts are ASCII, any last label is
 * taken for a domain, brackets may nest to any depth.
 */
#include "textlength.h"

#include <string.h>

#include "grapheme.h"
#include "utf8.h"

#define OWN_WHOLE 41			/* halves up to which an own address counts in full */
#define ADDRESS_WHOLE 140		/* halves up to which any other counts ADDRESS_HALVES */
#define ADDRESS_HALVES 20
#define LONGEST_TAIL 4096		/* bytes; brackets that don't pair cost no more than that */
#define NO_CHARACTER 0

static bool
is_digit(uint32_t point)
{
	return point >= '0' && point <= '9';
}

static bool
is_alnum(uint32_t point)
{
	return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') || is_digit(point);
}

/* A letter of any script, as far as blocks tell: what isn't punctuation or symbol. */
static bool
is_word(uint32_t point)
{
	return is_alnum(point) || point == '_' ||
		(point >= 0xC0 && point < 0x2000 && point != 0xD7 && point != 0xF7) ||
		(point >= 0x3041 && point < 0xD800) || (point >= 0xF900 && point < 0xFE00) ||
		(point >= 0x20000 && point < 0x40000);
}

static bool
is_space(uint32_t point)
{
	return point == ' ' || (point >= 9 && point <= 13) || point == 0x85 || point == 0xA0 ||
		point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
		point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

static bool
is_one_of(uint32_t point, const char *set)
{
	return point < 0x80 && point != 0 && strchr(set, (int) point) != NULL;
}

/* Whether text begins with an ASCII word in small letters, whatever case it has. */
static bool
begins_with(const char *text, size_t len, const char *word)
{
	size_t		n = strlen(word);

	if (len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]) != word[i])
			return false;
	return true;
}

static size_t
label_length(const char *text, size_t len, const char *besides)
{
	size_t		n = 0;

	while (n < len && (is_alnum((unsigned char) text[n]) ||
					   is_one_of((unsigned char) text[n], besides)))
		n++;
	return n;
}

/* Length of a host of two labels or more at text; 0 if there is none. */
static size_t
host_length(const char *text, size_t len, const char *besides)
{
	size_t		n = label_length(text, len, besides);
	int			labels = n > 0;

	while (labels > 0 && n < len && text[n] == '.')
	{
		size_t		label = label_length(text + n + 1, len - n - 1, besides);

		if (label == 0)
			break;
		n += 1 + label;
		labels++;
	}
	return labels >= 2 ? n : 0;
}

/* --- Sina's addresses --------------------------------------------------------- */

static size_t
sina_address(const char *text, size_t len)
{
	static const char scheme[] = "http://";
	size_t		n = sizeof(scheme) - 1;
	size_t		host;

	if (!begins_with(text, len, scheme))
		return 0;
	host = host_length(text + n, len - n, "");
	if (host == 0)
		return 0;
	n += host;
	while (n < len && (is_alnum((unsigned char) text[n]) ||
					   is_one_of((unsigned char) text[n], "-_$.+!*()/,:;@&=?~#%")))
		n++;
	return n;
}

/* Whether an address begins with a pattern in which a dot is any character. */
static bool
begins_like(const char *text, size_t len, const char *pattern)
{
	size_t		n = strlen(pattern);

	if (len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (pattern[i] != '.' && pattern[i] != text[i])
			return false;
	return true;
}

/* What an address of len halves counts as. */
static uint64_t
sina_price(const char *text, size_t len)
{
	static const char *const own[] = {
		"http://t.sina.com.cn", "http://t.sina.cn", "http://weibo.com", "http://weibo.cn"
	};

	if (begins_like(text, len, "http://t.cn"))
		return len;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (len <= OWN_WHOLE && begins_like(text, len, own[i]))
			return len;
	return len <= ADDRESS_WHOLE ? ADDRESS_HALVES : len - ADDRESS_WHOLE + ADDRESS_HALVES;
}

/* --- addresses and names that have a fixed length -------------------------------- */

/*
 * Length of a run of what an address may have at text, from its first / or ? on:
 * marks that end no address and brackets that don't pair are left to the sentence.
 */
static size_t
tail_length(const char *text, size_t len, const char *stops, const char *no_end)
{
	size_t		n = 1;
	size_t		end = 1;
	int			open = 0;

	if (len > LONGEST_TAIL)
		len = LONGEST_TAIL;
	while (n < len)
	{
		size_t		used;
		uint32_t	point = kefu_utf8_point(text + n, len - n, &used);
		bool		closes = point == ')' && open > 0;

		if (is_space(point) || is_one_of(point, stops) || (point == ')' && open == 0))
			break;
		open += point == '(' ? 1 : closes ? -1 : 0;
		n += used;
		if ((closes || !is_one_of(point, no_end)) && point != 0x300C && point != 0x300D &&
			open == 0)
			end = n;
	}
	return end;
}

static size_t
address_length(const char *text, size_t len, uint32_t before)
{
	size_t		n = begins_with(text, len, "http://") ? 7 :
		begins_with(text, len, "https://") ? 8 : 0;
	size_t		host;

	if (n == 0 || is_alnum(before) || is_one_of(before, "@$#") || before == 0xFF20 ||
		before == 0xFF03 || (before >= 0x202A && before <= 0x202E))
		return 0;
	host = host_length(text + n, len - n, "-_");
	if (host == 0)
		return 0;
	n += host;
	if (n + 1 < len && text[n] == ':' && is_digit((unsigned char) text[n + 1]))
		for (n++; n < len && is_digit((unsigned char) text[n]);)
			n++;
	if (n < len && text[n] == '/')
		n += tail_length(text + n, len - n, "<>?", "!*\"'<>;:=,.$%[]~&|@()");
	if (n < len && text[n] == '?')
	{
		size_t		query = tail_length(text + n, len - n, "<>\"\\`{}",
										"!?*'();:+$%[].,~|@^");

		n += query > 1 ? query : 0;
	}
	return n;
}

/*
 * Length of @name@host at text, and in *short_length that of @name; 0 where there
 * is no host.
 */
static size_t
name_length(const char *text, size_t len, uint32_t before, size_t *short_length)
{
	size_t		n;
	size_t		end;

	if (text[0] != '@' || before == '=' || before == '/' || is_word(before))
		return 0;
	n = 1 + label_length(text + 1, len - 1, "_.-");
	while (n > 1 && is_one_of((unsigned char) text[n - 1], ".-"))
		n--;
	if (n == 1 || is_one_of((unsigned char) text[1], ".-") || n >= len || text[n] != '@')
		return 0;
	*short_length = n;
	end = ++n;
	while (n < len)
	{
		size_t		used;
		uint32_t	point = kefu_utf8_point(text + n, len - n, &used);

		if (!is_word(point) && point != '.' && point != '-')
			break;
		n += used;
		if (is_word(point))
			end = n;
	}
	return end > *short_length + 1 ? end : 0;
}

/* --- counting -------------------------------------------------------------------- */

typedef struct Counter
{
	KefuCounting counting;
	KefuGraphemes graphemes;
	uint64_t	total;
} Counter;

static void
count_point(Counter *counter, uint32_t point, size_t bytes)
{
	switch (counter->counting)
	{
		case KEFU_COUNT_SINA:
		case KEFU_COUNT_HALVES:
			counter->total += point <= 0xFF ? 1 : point <= 0xFFFF ? 2 : 4;
			break;
		case KEFU_COUNT_CODEPOINTS:
			counter->total++;
			break;
		case KEFU_COUNT_GRAPHEMES:
			counter->total += kefu_grapheme_begins(&counter->graphemes, point);
			break;
		case KEFU_COUNT_BYTES:
			counter->total += bytes;
			break;
	}
}

/*
 * Counts what stands at text as a whole, and returns its length; 0 if it is a
 * character like any other.
 */
static size_t
count_whole(Counter *counter, const KefuLengthRule *rule, const char *text, size_t len,
			uint32_t before)
{
	size_t		whole;
	size_t		shown;

	if (rule->counting == KEFU_COUNT_SINA)
	{
		whole = sina_address(text, len);
		counter->total += whole > 0 ? sina_price(text, whole) : 0;
		return whole;
	}
	whole = rule->url_length > 0 ? address_length(text, len, before) : 0;
	for (int i = 0; whole > 0 && i < rule->url_length; i++)
		count_point(counter, 'x', 1);
	if (whole > 0 || !rule->short_names)
		return whole;
	whole = name_length(text, len, before, &shown);
	for (size_t i = 0; whole > 0 && i < shown; i++)
		count_point(counter, (unsigned char) text[i], 1);
	return whole;
}

bool
kefu_counting_named(const char *name, KefuCounting *counting)
{
	static const char *const names[] = {
		"sina", "halves", "codepoints", "graphemes", "bytes"
	};

	for (int i = 0; i < (int) (sizeof(names) / sizeof(names[0])); i++)
		if (strcmp(name, names[i]) == 0)
		{
			*counting = (KefuCounting) i;
			return true;
		}
	return false;
}

uint64_t
kefu_text_length(const char *text, size_t len, const KefuLengthRule *rule)
{
	Counter		counter = {.counting = rule->counting};
	uint32_t	before = NO_CHARACTER;

	for (size_t i = 0; i < len;)
	{
		size_t		used = count_whole(&counter, rule, text + i, len - i, before);

		if (used > 0)
			before = (unsigned char) text[i + used - 1];
		else
		{
			before = kefu_utf8_point(text + i, len - i, &used);
			if (!(before == '\r' && i + 1 < len && text[i + 1] == '\n' &&
				  rule->counting == KEFU_COUNT_SINA))
				count_point(&counter, before, used);
		}
		i += used;
	}
	return rule->counting == KEFU_COUNT_SINA || rule->counting == KEFU_COUNT_HALVES ?
		(counter.total + 1) / 2 : counter.total;
}

/* By bisection between a beginning that fits, the empty one, and one that doesn't. */
size_t
kefu_fitting_bytes(const char *text, size_t len, const KefuLengthRule *rule, uint64_t limit)
{
	size_t		fits = 0;
	size_t		exceeds = len;

	if (kefu_text_length(text, len, rule) <= limit)
		return len;
	for (;;)
	{
		size_t		used;
		size_t		middle;
		size_t		next;

		/* The last character that begins in the lower half, else the first. */
		kefu_utf8_point(text + fits, exceeds - fits, &used);
		next = fits + used;
		if (next >= exceeds)
			return fits;
		for (middle = fits + (exceeds - fits) / 2; middle > next; middle--)
			if (((unsigned char) text[middle] & 0xC0) != 0x80)
				break;
		if (middle < next)
			middle = next;
		if (kefu_text_length(text, middle, rule) <= limit)
			fits = middle;
		else
			exceeds = middle;
	}
}
