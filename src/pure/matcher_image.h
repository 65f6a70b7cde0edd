/*
 * matcher_image.h
 *		How an automaton lies in its image; for matcher.c and matcher_build.c.
 *
 * Characters are units of UTF-16; the end of a host is one that no text has.  The
 * key of a part is its first three units; one of fewer takes for the rest what
 * follows them in no text.  begins has a bit for the lower bits of a unit, keys one
 * for the upper bits of the hash of a key, set if a part begins so.  A block is
 * BLOCK_KEYS of the latter.
 *
 * Entries are parts, once for each word that has the part, sorted by block, the bytes
 * of their units and word: those of a block are block_first[block] to
 * block_first[block + 1] - 1.  The units of an entry are units[entry_at[entry]] and on,
 * up to those of the next.  One that is or begins with the part of another in its
 * block says so in entry_at, and behind its units is a link: the first entry of the
 * longest such part, as two units, the lower half first.
 * joined are the words of several parts, ascending, and joined_parts how many each
 * has.
 */
#ifndef KEFU_PURE_MATCHER_IMAGE_H
#define KEFU_PURE_MATCHER_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "fold.h"
#include "matcher.h"

#define IMAGE_MAGIC 0x584C464B	/* "KFLX" */
#define IMAGE_FORMAT 3
#define IMAGE_ORDER 0x01020304
#define FEWEST_KEY_BITS 10
#define MOST_KEY_BITS 28
#define BLOCK_KEYS 64
#define BEGIN_BITS 4096
#define MOST_POINTS (1 << 24)
#define LONGEST_UNITS (2 * KEFU_PART_LONGEST)
#define KEY_UNITS 3
#define ENTRY_HAS_LINK (UINT32_C(1) << 31)
#define ENTRY_AT (ENTRY_HAS_LINK - 1)
#define LINK_UNITS 2

/* Low surrogates behind no high one */
#define UNIT_ALONE 0xDC00
#define UNIT_HOST_END 0xDFFF

typedef struct ImageHead
{
	uint32_t	magic;
	uint32_t	format;
	uint32_t	order;
	uint32_t	fold;			/* KEFU_FOLD_VERSION */
	uint32_t	checksum[2];	/* of everything behind it */
	uint32_t	key_bits;		/* keys has 1 << key_bits bits */
	uint32_t	entry_count;
	uint32_t	unit_count;
	uint32_t	word_count;
	uint32_t	joined_count;
	uint32_t	has_single;		/* parts of one unit */
	uint32_t	has_double;		/* and of two */
	uint32_t	has_hosts;
} ImageHead;

/*
 * Sets where everything is in an image with this head, the counts of the matcher
 * included; returns how large such an image is.
 */
extern uint64_t kefu_image_layout(const ImageHead *head, const void *image,
								  KefuMatcher *matcher);

/* How many blocks there are. */
static inline uint32_t
kefu_blocks(uint32_t key_bits)
{
	return (UINT32_C(1) << key_bits) / BLOCK_KEYS;
}

static inline uint32_t
kefu_read_link(const uint16_t *units)
{
	return units[0] | (uint32_t) units[1] << 16;
}

static inline void
kefu_write_link(uint16_t *units, uint32_t entry)
{
	units[0] = (uint16_t) entry;
	units[1] = (uint16_t) (entry >> 16);
}

extern void kefu_image_checksum(const void *image, size_t size, uint32_t *checksum);

/* Bit in begins of a unit. */
static inline uint32_t
kefu_begin(uint32_t unit)
{
	return unit % BEGIN_BITS;
}

/*
 * Bit in keys of a part that begins with so many units, up to KEY_UNITS, of which
 * the last is its end if they are fewer: D. Knuth's multiplicative hashing.
 */
static inline uint32_t
kefu_key(const uint16_t *units, size_t count, uint32_t key_bits)
{
	uint64_t	key = units[0];

	key |= (uint64_t) (count > 1 ? units[1] : UNIT_ALONE) << 16;
	key |= (uint64_t) (count > 2 ? units[2] : UNIT_ALONE) << 32;
	return (uint32_t) (key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - key_bits));
}

#endif							/* KEFU_PURE_MATCHER_IMAGE_H */
