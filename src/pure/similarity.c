/*
 * similarity.c
 *		How much of two texts is the same, and how texts alike are found.
 *
 * Pairs of characters need no dictionary and no word boundaries, which Chinese
 * doesn't write.  The sketch is MinHash with banding: A. Broder, "On the
 * resemblance and containment of documents" (1997); P. Indyk and R. Motwani,
 * "Approximate nearest neighbors" (1998).  Its hash is the finalizer of
 * SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom
 * number generators", 2014; constants of D. Stafford's variant 13), which maps
 * 64 bits one to one, so different grams never collide within a row.
 *
 * What it doesn't do: know meanings (没网 and 断网 share one character and no
 * gram), simplify traditional characters, or read text in pictures.
 */
#include "similarity.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS '0'				/* any run of digits in a normal form */
#define LONGEST_NAME 30			/* code points of a name after @ */
#define LONGEST_EMOTICON 8		/* code points between [ and ] */
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)	/* SplitMix64's step: 2^64 / phi */

static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* --- reading --------------------------------------------------------------- */

/* Full-width forms of ASCII become ASCII, and capitals of ASCII small. */
static uint32_t
fold(uint32_t point)
{
	if (point >= 0xFF01 && point <= 0xFF5E)
		point -= 0xFEE0;
	return point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
}

static bool
is_digit(uint32_t point)
{
	return point >= '0' && point <= '9';
}

/*
 * Letters, ideographs and syllables, by blocks of the Unicode standard; a
 * table of every character would change with each of its versions.  What lies
 * between the blocks is punctuation, symbols and emoji.
 */
static bool
is_letter(uint32_t point)
{
	static const struct
	{
		uint32_t	first;
		uint32_t	last;
	}			letters[] = {
		{'a', 'z'},
		{0x00C0, 0x00D6}, {0x00D8, 0x00F6}, {0x00F8, 0x024F},	/* Latin */
		{0x0370, 0x1FFF},		/* Greek to Greek extended */
		{0x3005, 0x3007},		/* 々〆〇 */
		{0x3041, 0x3096}, {0x30A1, 0x30FA}, {0x3105, 0x318E},	/* kana, bopomofo, jamo */
		{0x3400, 0x4DBF}, {0x4E00, 0xA48C},	/* ideographs, Yi */
		{0xAC00, 0xD7A3},		/* Hangul */
		{0xF900, 0xFAFF}, {0x20000, 0x3FFFF},	/* ideographs */
	};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (point >= letters[i].first && point <= letters[i].last)
			return true;
	return false;
}

/* --- what is left out as a whole ---------------------------------------------- */

/* Length of an address at text: http:// or https:// and all visible ASCII after it. */
static size_t
url_length(const unsigned char *text, size_t len)
{
	static const char scheme[] = "http";
	size_t		n = 0;

	while (n < 4 && n < len && fold(text[n]) == (uint32_t) scheme[n])
		n++;
	if (n < 4)
		return 0;
	if (n < len && fold(text[n]) == 's')
		n++;
	if (len - n < 3 || memcmp(text + n, "://", 3) != 0)
		return 0;
	while (n < len && text[n] > ' ' && text[n] < 0x7F)
		n++;
	return n;
}

/* Length of a name at text: @ and what platforms let names consist of. */
static size_t
name_length(const unsigned char *text, size_t len)
{
	size_t		used;
	size_t		n;
	uint32_t	point = fold(kefu_utf8_point(text, len, &used));

	if (point != '@')
		return 0;
	n = used;
	for (int points = 0; n < len && points < LONGEST_NAME; points++)
	{
		point = fold(kefu_utf8_point(text + n, len - n, &used));
		if (!is_letter(point) && !is_digit(point) && point != '_' && point != '-')
			break;
		n += used;
	}
	return n;
}

/* Length of an emoticon at text: letters and digits in square brackets. */
static size_t
emoticon_length(const unsigned char *text, size_t len)
{
	size_t		n = 1;

	if (text[0] != '[')
		return 0;
	for (int points = 0; n < len && points <= LONGEST_EMOTICON; points++)
	{
		size_t		used;
		uint32_t	point = fold(kefu_utf8_point(text + n, len - n, &used));

		n += used;
		if (point == ']')
			return points > 0 ? n : 0;
		if (!is_letter(point) && !is_digit(point))
			return 0;
	}
	return 0;
}

static size_t
skipped_length(const unsigned char *text, size_t len)
{
	size_t		n = url_length(text, len);

	if (n == 0)
		n = name_length(text, len);
	return n > 0 ? n : emoticon_length(text, len);
}

/* --- the interface --------------------------------------------------------------- */

/*
 * Addresses, names after @, emoticons, punctuation (the marks of #topics#
 * among it, not their words), symbols, emoji and space go; width and ASCII
 * case are folded; a run of digits is one mark, since numbers differ between
 * customers with the same problem.  A name that runs into the text takes up to
 * 30 characters of it along, as it does on the platforms.
 */
size_t
kefu_normal_form(const char *text, size_t len, uint32_t *out)
{
	const unsigned char *bytes = (const unsigned char *) text;
	size_t		count = 0;

	for (size_t i = 0; i < len;)
	{
		size_t		used = skipped_length(bytes + i, len - i);
		uint32_t	point;

		if (used > 0)
		{
			i += used;
			continue;
		}
		point = fold(kefu_utf8_point(bytes + i, len - i, &used));
		i += used;
		if (is_letter(point))
			out[count++] = point;
		else if (is_digit(point) && (count == 0 || out[count - 1] != DIGITS))
			out[count++] = DIGITS;
	}
	return count;
}

static int
compare_grams(const void *a, const void *b)
{
	uint64_t	left = *(const uint64_t *) a;
	uint64_t	right = *(const uint64_t *) b;

	return (left > right) - (left < right);
}

size_t
kefu_grams(const uint32_t *form, size_t count, uint64_t *out)
{
	size_t		distinct = 0;

	if (count < 2)
		return 0;
	for (size_t i = 0; i + 1 < count; i++)
		out[i] = (uint64_t) form[i] << 32 | form[i + 1];
	qsort(out, count - 1, sizeof(*out), compare_grams);
	for (size_t i = 0; i + 1 < count; i++)
		if (distinct == 0 || out[distinct - 1] != out[i])
			out[distinct++] = out[i];
	return distinct;
}

size_t
kefu_shared_grams(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count)
{
	size_t		shared = 0;

	for (size_t i = 0, j = 0; i < a_count && j < b_count;)
	{
		if (a[i] == b[j])
			shared++;
		if (a[i] < b[j])
			i++;
		else if (b[j] < a[i])
			j++;
		else
		{
			i++;
			j++;
		}
	}
	return shared;
}

double
kefu_similarity(const uint32_t *a, size_t a_count,
				const uint64_t *a_grams, size_t a_gram_count,
				const uint32_t *b, size_t b_count,
				const uint64_t *b_grams, size_t b_gram_count)
{
	size_t		shared;

	if (a_gram_count < KEFU_FEW_GRAMS || b_gram_count < KEFU_FEW_GRAMS)
		return a_count > 0 && a_count == b_count &&
			memcmp(a, b, a_count * sizeof(*a)) == 0 ? 1 : 0;
	shared = kefu_shared_grams(a_grams, a_gram_count, b_grams, b_gram_count);
	return (double) shared / (double) (a_gram_count + b_gram_count - shared);
}

/*
 * Row r of the signature is the least hash of all grams under seed r; a band
 * is its number and its rows hashed together.  Band 0 stands for short texts:
 * the whole form hashed.
 */
size_t
kefu_sketch(const uint32_t *form, size_t count,
			const uint64_t *grams, size_t gram_count, uint64_t *out)
{
	if (count == 0)
		return 0;
	if (gram_count < KEFU_FEW_GRAMS)
	{
		out[0] = mix(GOLDEN);
		for (size_t i = 0; i < count; i++)
			out[0] = mix(out[0] ^ form[i]);
		return 1;
	}
	for (uint64_t band = 0; band < KEFU_BANDS; band++)
	{
		out[band] = mix((band + 2) * GOLDEN);
		for (uint64_t row = 0; row < KEFU_BAND_ROWS; row++)
		{
			uint64_t	seed = mix((band * KEFU_BAND_ROWS + row + 1) * GOLDEN);
			uint64_t	least = UINT64_MAX;

			for (size_t i = 0; i < gram_count; i++)
			{
				uint64_t	hash = mix(grams[i] ^ seed);

				if (hash < least)
					least = hash;
			}
			out[band] = mix(out[band] ^ least);
		}
	}
	return KEFU_BANDS;
}
