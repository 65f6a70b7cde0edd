/*
 * grapheme.h
 *		Where a character begins that a reader sees as one.
 */
#ifndef KEFU_PURE_GRAPHEME_H
#define KEFU_PURE_GRAPHEME_H

#include <stdbool.h>
#include <stdint.h>

/* What the code points so far say of the next; all zero before the first. */
typedef struct KefuGraphemes
{
	bool		begun;
	int			previous;		/* class of the last code point */
	bool		pictographic;	/* a pictograph and only Extend after it */
	bool		half_flag;		/* an odd number of regional indicators */
} KefuGraphemes;

/*
 * Takes the next code point of a text; true if an extended grapheme cluster
 * (UAX #29, revision 41 for Unicode 15.0) begins with it.
 */
extern bool kefu_grapheme_begins(KefuGraphemes *state, uint32_t point);

#endif							/* KEFU_PURE_GRAPHEME_H */
