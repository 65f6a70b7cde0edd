/*
 * textlength.h
 *		How long a text is to a platform.
 *
 * A rule is an algorithm and what it makes of addresses and names; it counts as
 * the platform does, so that a text that fits here is taken there.
 */
#ifndef KEFU_PURE_TEXTLENGTH_H
#define KEFU_PURE_TEXTLENGTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum KefuCounting
{
	KEFU_COUNT_SINA,			/* half units, addresses by Sina's own rule, see .c */
	KEFU_COUNT_HALVES,			/* the same half units, addresses as written */
	KEFU_COUNT_CODEPOINTS,
	KEFU_COUNT_GRAPHEMES,		/* extended grapheme clusters, see grapheme.h */
	KEFU_COUNT_BYTES			/* of UTF-8 */
} KefuCounting;

typedef struct KefuLengthRule
{
	KefuCounting counting;
	int			url_length;		/* what an address counts as; 0: as written */
	bool		short_names;	/* @name@host counts as @name */
} KefuLengthRule;

/* The algorithm of that name in *counting; false if there is none. */
extern bool kefu_counting_named(const char *name, KefuCounting *counting);

/*
 * Length of a text in UTF-8 in units of the rule, halves rounded up once.  A
 * byte that is no UTF-8 counts as one character beyond U+00FF.  url_length and
 * short_names are ignored with KEFU_COUNT_SINA.
 */
extern uint64_t kefu_text_length(const char *text, size_t len, const KefuLengthRule *rule);

/*
 * How many bytes of a text fit into limit units: a whole number of code points
 * that fits while one more doesn't.  Lengths can fall when a text grows (see
 * .c), so it need not be the longest that fits; all of it if all of it fits.
 */
extern size_t kefu_fitting_bytes(const char *text, size_t len, const KefuLengthRule *rule,
								 uint64_t limit);

#endif							/* KEFU_PURE_TEXTLENGTH_H */
