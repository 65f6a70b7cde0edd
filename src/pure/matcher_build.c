/*
 * matcher_build.c
 *		Many words looked for in a text at once: building the image.
 */
#include "matcher.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "matcher_image.h"
#include "utf8.h"

#define KEYS_PER_PART 16		/* so that few bits of keys are set */
#define NO_LINK UINT32_MAX

/* A part in units; after sorting, equal parts are neighbours. */
typedef struct Sorted
{
	const uint16_t *units;
	uint32_t	count;
	uint32_t	key;
	uint32_t	word;
	uint32_t	link;			/* NO_LINK, or an entry before it */
} Sorted;

typedef struct Builder
{
	KefuArena	arena;
	ImageHead	head;
	Sorted	   *sorted;			/* entry_count of them */
	uint32_t   *parts;			/* by word, how many it has */
} Builder;

static const char no_memory[] = "there is not enough memory";

static const char *
check_parts(const KefuPart *parts, size_t count, uint32_t words, uint64_t *points)
{
	*points = 0;
	for (size_t i = 0; i < count; i++)
	{
		if (parts[i].count == 0 || parts[i].count > KEFU_PART_LONGEST)
			return "a part must have 1 to 255 characters";
		if (parts[i].word >= words)
			return "a part belongs to no word";
		for (uint32_t k = 0; k < parts[i].count; k++)
			if (parts[i].points[k] > KEFU_HOST_END ||
				(parts[i].points[k] >= 0xD800 && parts[i].points[k] < 0xE000))
				return "a part has what is no character";
		*points += parts[i].count;
	}
	return *points >= MOST_POINTS ? "there are too many characters in the words" : NULL;
}

/* Appends the units of a part, which has room; how many they are. */
static uint32_t
put_units(const KefuPart *part, uint16_t *units)
{
	uint32_t	count = 0;

	for (uint32_t i = 0; i < part->count; i++)
		if (part->points[i] == KEFU_HOST_END)
			units[count++] = UNIT_HOST_END;
		else
			count += (uint32_t) kefu_utf16(part->points[i], units + count);
	return count;
}

static int
compare_parts(const void *left, const void *right)
{
	const Sorted *a = left;
	const Sorted *b = right;
	uint32_t	both = a->count < b->count ? a->count : b->count;
	int			order;

	if (a->key / BLOCK_KEYS != b->key / BLOCK_KEYS)
		return a->key < b->key ? -1 : 1;
	order = memcmp(a->units, b->units, sizeof(uint16_t) * both);
	if (order != 0)
		return order;
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return (a->word > b->word) - (a->word < b->word);
}

/* Sorts the parts and leaves out a word's second of the same. */
static const char *
sort_parts(Builder *b, const KefuPart *parts, size_t count, uint64_t points)
{
	uint16_t   *units = kefu_arena_alloc(&b->arena, 2 * sizeof(uint16_t) * points);
	uint32_t	kept = 0;

	b->sorted = kefu_arena_alloc(&b->arena, sizeof(Sorted) * (count + 1));
	if (units == NULL || b->sorted == NULL)
		return no_memory;
	b->head.key_bits = FEWEST_KEY_BITS;
	while (UINT64_C(1) << b->head.key_bits < (uint64_t) KEYS_PER_PART * count)
		b->head.key_bits++;
	for (size_t i = 0; i < count; i++)
	{
		uint32_t	made = put_units(&parts[i], units);

		b->sorted[i] = (Sorted) {
			units, made, kefu_key(units, made, b->head.key_bits), parts[i].word, NO_LINK
		};
		b->head.has_single |= made == 1;
		b->head.has_double |= made == 2;
		b->head.has_hosts |= units[made - 1] == UNIT_HOST_END;
		units += made;
	}
	qsort(b->sorted, count, sizeof(Sorted), compare_parts);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_parts(&b->sorted[kept - 1], &b->sorted[i]) != 0)
			b->sorted[kept++] = b->sorted[i];
	b->head.entry_count = kept;
	return NULL;
}

static bool
begins_with(const Sorted *part, const Sorted *other)
{
	return part->key / BLOCK_KEYS == other->key / BLOCK_KEYS && part->count >= other->count &&
		memcmp(part->units, other->units, sizeof(uint16_t) * other->count) == 0;
}

/*
 * What an entry begins with is the one before it, or what that one begins with.  The
 * link is to the first of equal entries.
 */
static void
link_parts(Builder *b)
{
	for (uint32_t i = 1; i < b->head.entry_count; i++)
	{
		uint32_t	other = i - 1;

		while (other != NO_LINK && !begins_with(&b->sorted[i], &b->sorted[other]))
			other = b->sorted[other].link;
		if (other != NO_LINK && b->sorted[other].link != NO_LINK &&
			b->sorted[b->sorted[other].link].count == b->sorted[other].count)
			other = b->sorted[other].link;
		b->sorted[i].link = other;
	}
}

static const char *
count_all(Builder *b)
{
	b->parts = kefu_arena_alloc(&b->arena, sizeof(uint32_t) * b->head.word_count);
	if (b->parts == NULL)
		return no_memory;
	for (uint32_t i = 0; i < b->head.entry_count; i++)
	{
		b->head.unit_count += b->sorted[i].count +
			(b->sorted[i].link != NO_LINK ? LINK_UNITS : 0);
		if (++b->parts[b->sorted[i].word] == 2)
			b->head.joined_count++;
	}
	return NULL;
}

static void
set_bit(const uint32_t *bits, uint32_t bit)
{
	((uint32_t *) bits)[bit / 32] |= UINT32_C(1) << bit % 32;
}

static void
write_entries(const Builder *b, const KefuMatcher *m)
{
	uint32_t   *first = (uint32_t *) m->block_first;
	uint32_t	used = 0;
	uint32_t	block = 0;

	for (uint32_t i = 0; i < m->entry_count; i++)
	{
		const Sorted *sorted = &b->sorted[i];

		set_bit(m->begins, kefu_begin(sorted->units[0]));
		set_bit(m->keys, sorted->key);
		while (block < sorted->key / BLOCK_KEYS)
			first[++block] = i;
		((uint32_t *) m->entry_at)[i] = used;
		((uint32_t *) m->entry_word)[i] = sorted->word;
		memcpy((uint16_t *) m->units + used, sorted->units, sizeof(uint16_t) * sorted->count);
		used += sorted->count;
		if (sorted->link == NO_LINK)
			continue;
		((uint32_t *) m->entry_at)[i] |= ENTRY_HAS_LINK;
		kefu_write_link((uint16_t *) m->units + used, sorted->link);
		used += LINK_UNITS;
	}
	while (block < kefu_blocks(m->key_bits))
		first[++block] = m->entry_count;
	((uint32_t *) m->entry_at)[m->entry_count] = used;
}

static void
write_joined(const Builder *b, const KefuMatcher *m)
{
	uint32_t	made = 0;

	for (uint32_t word = 0; word < m->word_count; word++)
		if (b->parts[word] > 1)
		{
			((uint32_t *) m->joined)[made] = word;
			((uint32_t *) m->joined_parts)[made++] = b->parts[word];
		}
}

static const char *
write_image(const Builder *b, void **image, size_t *size)
{
	KefuMatcher m;

	*size = (size_t) kefu_image_layout(&b->head, NULL, NULL);
	*image = calloc(1, *size);
	if (*image == NULL)
		return no_memory;
	kefu_image_layout(&b->head, *image, &m);
	write_entries(b, &m);
	write_joined(b, &m);
	memcpy(*image, &b->head, sizeof(b->head));
	kefu_image_checksum(*image, *size, ((ImageHead *) *image)->checksum);
	return NULL;
}

static const char *
build(Builder *b, const KefuPart *parts, size_t count, void **image, size_t *size)
{
	uint64_t	points;
	const char *problem = check_parts(parts, count, b->head.word_count, &points);

	if (problem == NULL)
		problem = sort_parts(b, parts, count, points);
	if (problem == NULL)
	{
		link_parts(b);
		problem = count_all(b);
	}
	return problem != NULL ? problem : write_image(b, image, size);
}

const char *
kefu_matcher_build(const KefuPart *parts, size_t count, uint32_t words, void **image,
				   size_t *size)
{
	Builder		b = {
		.head = {
			.magic = IMAGE_MAGIC, .format = IMAGE_FORMAT, .order = IMAGE_ORDER,
			.fold = KEFU_FOLD_VERSION, .word_count = words
		}
	};
	const char *problem = build(&b, parts, count, image, size);

	kefu_arena_free(&b.arena);
	return problem;
}
