/*
 * fold.h
 *		The normal form in which words are looked for.
 *
 * What a reader takes for the same is the same here: full width and half width,
 * capital and small letters, Traditional and Simplified characters, what is
 * circled, squared or bold, with strokes and marks through it or with invisible
 * characters in between.  Each code point has a normal form of its own, so that
 * every place in it leads back to one character of the text.
 */
#ifndef KEFU_PURE_FOLD_H
#define KEFU_PURE_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

/* Grows with every change of the tables: what was built with others is stale. */
#define KEFU_FOLD_VERSION 1
#define KEFU_FOLD_LONGEST 18

/*
 * Normal form of a code point in out, which has room for KEFU_FOLD_LONGEST; how
 * many code points it has, 0 if nothing is left.
 */
extern size_t kefu_fold(uint32_t point, uint32_t *out);

/* A text in normal form, in UTF-16, and of which of its characters each unit is */
typedef struct KefuFolded
{
	const uint16_t *units;
	const uint32_t *origins;	/* ascending, counted from 0 */
	size_t		count;
} KefuFolded;

/* Folds a text in UTF-8; false if the arena has no memory. */
extern bool kefu_fold_text(const char *text, size_t len, KefuArena *arena,
						   KefuFolded *folded);

#endif							/* KEFU_PURE_FOLD_H */
