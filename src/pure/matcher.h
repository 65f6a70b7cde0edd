/*
 * matcher.h
 *		Many words looked for in a text at once, by an automaton that is built
 *		once, kept as bytes and used where it lies.
 *
 * A word consists of one part or of several that must all be there, in any
 * order; a part is a run of code points in normal form (fold.h), or a host: it is
 * found as the whole host of an address or as the end of one behind a dot.
 *
 * The image of an automaton is numbers in the byte order of the machine that made
 * it.  It says so itself: one of another kind is stale and made anew from its
 * words.  One that is damaged or was made to do harm is told from a sound one
 * before anything in it is used.
 */
#ifndef KEFU_PURE_MATCHER_H
#define KEFU_PURE_MATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold.h"

#define KEFU_PART_LONGEST 255	/* code points of a part */
#define KEFU_HOST_END 0x110000	/* ends a host, which begins with a dot */

typedef struct KefuPart
{
	const uint32_t *points;
	uint32_t	count;
	uint32_t	word;			/* counted from 0 */
} KefuPart;

/* An open automaton; everything points into its image, see matcher_image.h. */
typedef struct KefuMatcher
{
	uint32_t	key_bits;
	uint32_t	entry_count;
	uint32_t	unit_count;
	uint32_t	word_count;
	uint32_t	joined_count;
	bool		has_single;
	bool		has_double;
	bool		has_hosts;
	const uint32_t *begins;
	const uint32_t *keys;
	const uint32_t *block_first;
	const uint32_t *entry_at;
	const uint32_t *entry_word;
	const uint32_t *joined;
	const uint32_t *joined_parts;
	const uint16_t *units;
} KefuMatcher;

typedef enum KefuImage
{
	KEFU_IMAGE_SOUND,
	KEFU_IMAGE_STALE,			/* of another format, byte order or normal form */
	KEFU_IMAGE_BROKEN
} KefuImage;

/*
 * Builds the image of an automaton.  Returns NULL and the image, to be given back
 * by free(); or says what is wrong, in English, and there is no image.  words is
 * one more than the greatest word of a part.
 */
extern const char *kefu_matcher_build(const KefuPart *parts, size_t count, uint32_t words,
									  void **image, size_t *size);

/*
 * Opens an image, which is aligned to 4 bytes and stays as it is while the matcher
 * is used.  The matcher is filled only if the image is sound.
 */
extern KefuImage kefu_matcher_open(const void *image, size_t size, KefuMatcher *matcher);

/*
 * Called for each place of each part, hosts first, in the order in which the places
 * begin: the part, its first character and the one behind its last, counted from 0.
 * True ends the search.
 */
typedef bool (*KefuFoundFn) (void *state, uint32_t part, uint32_t from, uint32_t to);

/*
 * Called now and then while a text is looked through; it needn't return, nothing is
 * held.
 */
typedef void (*KefuPauseFn) (void);

/*
 * Looks through a text in normal form; places are those of the text as it was
 * written.  pause may be NULL.  Returns at how many entries it looked, which is the
 * work it was.
 */
extern uint64_t kefu_matcher_scan(const KefuMatcher *matcher, const KefuFolded *text,
								  KefuFoundFn found, void *state, KefuPauseFn pause);

/* The words that have a part, ascending, and how many there are. */
extern const uint32_t *kefu_part_words(const KefuMatcher *matcher, uint32_t part,
									   uint32_t *count);

/* How many parts a word has, all of them different. */
extern uint32_t kefu_word_parts(const KefuMatcher *matcher, uint32_t word);

#endif							/* KEFU_PURE_MATCHER_H */
