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
#define LONGEST_UNITS (2 * KEFU_FOLD_LONGEST)

_Static_assert(FOLD_LONGEST <= KEFU_FOLD_LONGEST, "unicode.pl fold has made a longer form");

/* Where the normal form of a code point is in the pool; 0 if it is the point itself. */
static inline uint32_t
form_of(uint32_t point)
{
	return point > LAST_POINT ? 0 : fold_block[fold_stage[point >> 7]][point & 127];
}

size_t
kefu_fold(uint32_t point, uint32_t *out)
{
	uint32_t	form = form_of(point);

	if (form == 0)
	{
		*out = point;
		return 1;
	}
	for (uint32_t i = 0; i < fold_pool[form]; i++)
		out[i] = fold_pool[form + 1 + i];
	return fold_pool[form];
}

/* Room for a text that doesn't grow; one that does moves as often as it doubles. */
bool
kefu_fold_text(const char *text, size_t len, KefuArena *arena, KefuFolded *folded)
{
	size_t		room = len + LONGEST_UNITS;
	uint32_t   *origins = kefu_arena_alloc(arena, (sizeof(uint32_t) + sizeof(uint16_t)) * room);
	uint16_t   *units = (uint16_t *) (origins + room);
	uint32_t	character = 0;
	size_t		count = 0;

	if (origins == NULL)
		return false;
	for (size_t i = 0, used; i < len; i += used, character++)
	{
		uint32_t	point = kefu_utf8_point(text + i, len - i, &used);
		uint32_t	form = form_of(point);
		const uint32_t *points = form == 0 ? &point : &fold_pool[form + 1];
		uint32_t	point_count = form == 0 ? 1 : fold_pool[form];

		if (room - count < LONGEST_UNITS)
		{
			uint32_t   *larger = kefu_arena_alloc(arena, 2 * (sizeof(uint32_t) + sizeof(uint16_t)) * room);

			if (larger == NULL)
				return false;
			memcpy(larger, origins, sizeof(uint32_t) * count);
			memcpy(larger + 2 * room, units, sizeof(uint16_t) * count);
			room *= 2;
			origins = larger;
			units = (uint16_t *) (origins + room);
		}
		for (uint32_t k = 0; k < point_count; k++)
			for (size_t made = kefu_utf16(points[k], units + count); made > 0; made--)
				origins[count++] = character;
	}
	*folded = (KefuFolded) {units, origins, count};
	return true;
}
