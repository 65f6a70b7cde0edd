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
