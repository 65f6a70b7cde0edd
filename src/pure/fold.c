/*
 * fold.c
 *		The normal form in which words are looked for.
 *
 * For each code point: compatibility decomposition without combining strokes and
 * without what is invisible by default, composed again, case folded, Traditional
 * characters simplified, and all of it once more until nothing changes.  The
 * tables are made by unicode.pl.
 *
 * What it doesn't do: read characters that only look alike (Cyrillic а, 0 for o),
 * take words apart or together over spaces and punctuation, or compose what is
 * written as several code points (Hangul from jamo).
 */
#include "fold.h"

#include <string.h>

#include "utf8.h"

#include "fold_table.h"

#define LAST_POINT 0x10FFFF

_Static_assert(FOLD_LONGEST <= KEFU_FOLD_LONGEST, "unicode.pl fold has made a longer form");

size_t
kefu_fold(uint32_t point, uint32_t *out)
{
	uint16_t	place = point > LAST_POINT ? 0 : fold_block[fold_stage[point >> 7]][point & 127];

	if (place == 0)
	{
		*out = point;
		return 1;
	}
	for (uint32_t i = 0; i < fold_pool[place]; i++)
		out[i] = fold_pool[place + 1 + i];
	return fold_pool[place];
}

/* Room for a text that doesn't grow; one that does moves as often as it doubles. */
bool
kefu_fold_text(const char *text, size_t len, KefuArena *arena, KefuFolded *folded)
{
	size_t		room = len + KEFU_FOLD_LONGEST;
	uint32_t   *points = kefu_arena_alloc(arena, 2 * sizeof(uint32_t) * room);
	uint32_t	character = 0;
	size_t		count = 0;

	if (points == NULL)
		return false;
	for (size_t i = 0, used; i < len; i += used, character++)
	{
		size_t		made;

		if (room - count < KEFU_FOLD_LONGEST)
		{
			uint32_t   *larger = kefu_arena_alloc(arena, 4 * sizeof(uint32_t) * room);

			if (larger == NULL)
				return false;
			memcpy(larger, points, sizeof(uint32_t) * count);
			memcpy(larger + 2 * room, points + room, sizeof(uint32_t) * count);
			points = larger;
			room *= 2;
		}
		made = kefu_fold(kefu_utf8_point(text + i, len - i, &used), points + count);
		for (; made > 0; made--)
			points[room + count++] = character;
	}
	*folded = (KefuFolded) {points, points + room, count};
	return true;
}
