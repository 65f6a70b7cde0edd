/*
 * grapheme.c
 *		Where a character begins that a reader sees as one: the rules GB3 to
 *		GB999 of UAX #29, revision 41 for Unicode 15.0.
 */
#include "grapheme.h"

#include <stddef.h>

#define FIRST_SYLLABLE 0xAC00
#define LAST_SYLLABLE 0xD7A3
#define TRAILING_JAMO 28		/* syllables that differ in it alone, none included */

enum
{
	OTHER, CR, LF, CONTROL, EXTEND, ZWJ, REGIONAL, PREPEND, SPACING,
	JAMO_L, JAMO_V, JAMO_T, SYLLABLE_LV, SYLLABLE_LVT, PICTOGRAPHIC
};

typedef struct GraphemeRange
{
	uint32_t	first;
	uint32_t	last;
	int			class;
} GraphemeRange;

#include "grapheme_table.h"

static int
class_of(uint32_t point)
{
	size_t		low = 0;
	size_t		high = sizeof(grapheme_ranges) / sizeof(grapheme_ranges[0]);

	if (point >= ' ' && point < 0x7F)
		return OTHER;
	if (point >= FIRST_SYLLABLE && point <= LAST_SYLLABLE)
		return (point - FIRST_SYLLABLE) % TRAILING_JAMO == 0 ? SYLLABLE_LV : SYLLABLE_LVT;
	while (low < high)
	{
		size_t		middle = (low + high) / 2;

		if (point > grapheme_ranges[middle].last)
			low = middle + 1;
		else if (point < grapheme_ranges[middle].first)
			high = middle;
		else
			return grapheme_ranges[middle].class;
	}
	return OTHER;
}

static bool
is_control(int class)
{
	return class == CR || class == LF || class == CONTROL;
}

static bool
joins_hangul(int before, int after)
{
	switch (before)
	{
		case JAMO_L:
			return after == JAMO_L || after == JAMO_V || after == SYLLABLE_LV ||
				after == SYLLABLE_LVT;
		case SYLLABLE_LV:
		case JAMO_V:
			return after == JAMO_V || after == JAMO_T;
		case SYLLABLE_LVT:
		case JAMO_T:
			return after == JAMO_T;
		default:
			return false;
	}
}

/* Whether there is no boundary between the last code point and one of this class. */
static bool
joins(const KefuGraphemes *state, int class)
{
	if (state->previous == CR && class == LF)
		return true;
	if (is_control(state->previous) || is_control(class))
		return false;
	if (class == EXTEND || class == ZWJ || class == SPACING || state->previous == PREPEND)
		return true;
	if (state->previous == ZWJ && class == PICTOGRAPHIC)
		return state->pictographic;
	if (state->previous == REGIONAL && class == REGIONAL)
		return state->half_flag;
	return joins_hangul(state->previous, class);
}

bool
kefu_grapheme_begins(KefuGraphemes *state, uint32_t point)
{
	int			class = class_of(point);
	bool		begins = !state->begun || !joins(state, class);

	if (class == PICTOGRAPHIC)
		state->pictographic = true;
	else if (state->previous == ZWJ || (class != EXTEND && class != ZWJ))
		state->pictographic = false;
	state->half_flag = class == REGIONAL && !state->half_flag;
	state->previous = class;
	state->begun = true;
	return begins;
}
