/*
 * fuzz_matcher.c
 *		The automaton with words and a text cut out of one input, against a naive
 *		search; and images that are no images, with their checksum put right so that
 *		they get as far as they can.
 */
#include "matcher_image.h"
#include "utf8.h"
#include "wordhit.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)
#define MOST_PARTS 64
#define MOST_TEXT 200

/* --- images ------------------------------------------------------------------------ */

static void
search(const KefuMatcher *matcher, const char *text, size_t len)
{
	KefuArena	arena = {0};
	KefuFolded	form;
	KefuHits	first;
	KefuHits	second;

	if (kefu_fold_text(text, len, &arena, &form) &&
		kefu_find_words(matcher, &form, NULL, NULL, &arena, &first) &&
		kefu_find_words(matcher, &form, &first, NULL, &arena, &second))
		for (size_t i = 0; i < first.count; i++)
			MUST(first.hits[i].from < first.hits[i].to && first.hits[i].to <= len);
	kefu_arena_free(&arena);
}

/* Writes the numbers of the input over a built image, and opens it. */
static void
try_image(const unsigned char *data, size_t size)
{
	static const uint32_t points[] = {'a', 'b', 'a', 'c', '.', 'a', KEFU_HOST_END};
	static const KefuPart parts[] = {{points, 2, 0}, {points + 2, 2, 1}, {points + 1, 3, 1},
	{points + 4, 3, 2}};
	void	   *image;
	size_t		len;
	KefuMatcher matcher;

	MUST(kefu_matcher_build(parts, 4, 3, &image, &len) == NULL);
	for (; size >= 6; data += 6, size -= 6)
	{
		uint32_t	at = (data[0] << 8 | data[1]) % (uint32_t) (len / 4);
		uint32_t	value;

		memcpy(&value, data + 2, 4);
		if (at >= offsetof(ImageHead, key_bits) / 4)
			((uint32_t *) image)[at] = value;
	}
	kefu_image_checksum(image, len, ((ImageHead *) image)->checksum);
	if (kefu_matcher_open(image, len, &matcher) == KEFU_IMAGE_SOUND)
		search(&matcher, "abacab.a x.a/a.a ab", 19);
	free(image);
}

/* --- against a naive search ------------------------------------------------------------ */

typedef struct Naive
{
	const KefuPart *parts;
	const uint32_t *text;
	uint32_t	count;
	uint32_t	places;
	const KefuMatcher *matcher;
} Naive;

static bool
stands_at(const KefuPart *part, const uint32_t *text, uint32_t count, uint32_t at)
{
	return at + part->count <= count &&
		memcmp(part->points, text + at, 4 * part->count) == 0;
}

/* KefuFoundFn: each place is one of a part that has that word */
static bool
check_place(void *state, uint32_t part, uint32_t from, uint32_t to)
{
	Naive	   *naive = state;
	uint32_t	count;
	const uint32_t *words = kefu_part_words(naive->matcher, part, &count);

	MUST(count > 0);
	for (uint32_t i = 0; i < count; i++)
	{
		const KefuPart *given = &naive->parts[words[i]];

		MUST(to - from == given->count && stands_at(given, naive->text, naive->count, from));
	}
	naive->places += count;
	return false;
}

/* A letter is a byte: words up to a zero, then the text; each word has one part. */
static void
compare(const unsigned char *data, size_t size)
{
	static uint32_t points[MOST_PARTS * MOST_TEXT];
	static char utf8[4 * MOST_TEXT];
	KefuPart	parts[MOST_PARTS];
	uint32_t	text[MOST_TEXT];
	uint32_t	part_count = 0;
	uint32_t	used = 0;
	uint32_t	expected = 0;
	size_t		len = 0;
	Naive		naive = {.parts = parts, .text = text};
	KefuArena	arena = {0};
	KefuFolded	form;
	void	   *image;
	size_t		image_size;
	KefuMatcher matcher;

	while (size > 0 && *data != 0 && part_count < MOST_PARTS)
	{
		KefuPart   *part = &parts[part_count];

		*part = (KefuPart) {points + used, 0, part_count};
		for (; size > 0 && *data != 0 && *data != 1 && part->count < 50; data++, size--)
		{
			points[used++] = 'a' + *data % 4;
			part->count++;
		}
		if (size > 0 && *data == 1)
			data++, size--;
		if (part->count > 0)
			part_count++;
		else if (size == 0 || *data == 0)
			break;
	}
	for (; size > 0 && naive.count < MOST_TEXT; data++, size--)
		text[naive.count++] = 'a' + *data % 4;
	for (uint32_t i = 0; i < naive.count; i++)
		len += kefu_utf8(text[i], utf8 + len);
	MUST(kefu_matcher_build(parts, part_count, part_count, &image, &image_size) == NULL);
	MUST(kefu_matcher_open(image, image_size, &matcher) == KEFU_IMAGE_SOUND);
	naive.matcher = &matcher;
	MUST(kefu_fold_text(utf8, len, &arena, &form));
	MUST(kefu_matcher_scan(&matcher, &form, check_place, &naive, NULL) <= 3 * 7 * (form.count + 1) + form.count * MOST_PARTS);
	kefu_arena_free(&arena);
	for (uint32_t i = 0; i < part_count; i++)
		for (uint32_t at = 0; at < naive.count; at++)
			expected += stands_at(&parts[i], text, naive.count, at);
	MUST(naive.places == expected);
	search(&matcher, utf8, len);
	free(image);
}

int			LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	KefuMatcher matcher;
	uint32_t	aligned[256];

	if (size == 0)
		return 0;
	if (data[0] % 2 == 0)
		try_image(data + 1, size - 1);
	else
		compare(data + 1, size - 1);
	memcpy(aligned, data, size < sizeof(aligned) ? size : sizeof(aligned));
	MUST(kefu_matcher_open(aligned, size < sizeof(aligned) ? size : sizeof(aligned), &matcher) !=
		 KEFU_IMAGE_SOUND);
	return 0;
}
