/*
 * wordhit.h
 *		Which words of an automaton are in a text, and where.
 */
#ifndef KEFU_PURE_WORDHIT_H
#define KEFU_PURE_WORDHIT_H

#include "arena.h"
#include "matcher.h"

#define KEFU_MOST_PLACES 10000	/* places of parts that are looked at in a text */

typedef struct KefuHit
{
	uint32_t	word;
	uint32_t	from;			/* first character, counted from 0 */
	uint32_t	to;				/* the one behind the last */
} KefuHit;

typedef struct KefuHits
{
	KefuHit    *hits;			/* by from, to and word */
	size_t		count;
} KefuHits;

/*
 * Finds the words of an automaton in a text in normal form: one of a single part at
 * each of its places, one of several once, from the first to the last character
 * of the first places of its parts.  A place inside a hit of allowed, which may be
 * NULL, doesn't count.  Places beyond KEFU_MOST_PLACES are not looked at.  pause may
 * be NULL, and needn't return: what there is by then is in the arena.  False if the
 * arena has no memory.
 */
extern bool kefu_find_words(const KefuMatcher *matcher, const KefuFolded *text,
							const KefuHits *allowed, KefuPauseFn pause, KefuArena *arena,
							KefuHits *found);

/* All hits of two lots in one, in their order; false without memory. */
extern bool kefu_join_hits(KefuHits *hits, const KefuHits *more, KefuArena *arena);

#endif							/* KEFU_PURE_WORDHIT_H */
