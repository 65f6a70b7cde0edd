/*
 * matcher_image.h
 *		How an automaton lies in its image; for matcher.c and matcher_build.c.
 *
 * States are numbered breadth first, so the children of a state are neighbours and
 * those of state s are first_child[s] to first_child[s + 1] - 1, in the order of
 * their labels; the label of a state is the class of the character that leads to
 * it.  A class is a number for a character that some part has, 1 and up; those
 * with which parts begin come first, so that the root's child of a class has its
 * number.  fail[s] is the state of the longest proper end of s that is a state,
 * and hit[s] the first of s, fail[s], fail[fail[s]]... in which a part ends, 0 if
 * there is none.
 */
#ifndef KEFU_PURE_MATCHER_IMAGE_H
#define KEFU_PURE_MATCHER_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "fold.h"
#include "matcher.h"

#define IMAGE_MAGIC 0x584C464B	/* "KFLX" */
#define IMAGE_FORMAT 1
#define IMAGE_ORDER 0x01020304
#define PAGE_POINTS 256
#define PAGE_OF_COUNT (KEFU_HOST_END / PAGE_POINTS + 1)
#define MOST_STATES (1 << 24)

typedef struct ImageHead
{
	uint32_t	magic;
	uint32_t	format;
	uint32_t	order;
	uint32_t	fold;			/* KEFU_FOLD_VERSION */
	uint32_t	checksum[2];	/* of everything behind it */
	uint32_t	state_count;
	uint32_t	class_count;
	uint32_t	part_count;
	uint32_t	word_count;
	uint32_t	link_count;
	uint32_t	page_count;
} ImageHead;

/*
 * Sets where everything is in an image with this head, the counts of the matcher
 * included; returns how large such an image is.
 */
extern uint64_t kefu_image_layout(const ImageHead *head, const void *image,
								  KefuMatcher *matcher);

extern void kefu_image_checksum(const void *image, size_t size, uint32_t *checksum);

/* Class of a code point up to KEFU_HOST_END; 0 if no part has it. */
static inline uint32_t
kefu_class_of(const KefuMatcher *matcher, uint32_t point)
{
	uint32_t	page = matcher->page_of[point / PAGE_POINTS];

	return page == 0 ? 0 : matcher->pages[(page - 1) * PAGE_POINTS + point % PAGE_POINTS];
}

/* State that a class leads to from another state; 0 if there is none. */
extern uint32_t kefu_child(const KefuMatcher *matcher, uint32_t state, uint32_t class);

#endif							/* KEFU_PURE_MATCHER_IMAGE_H */
