/*
 * matcher_build.c
 *		Many words looked for in a text at once: building the image.
 *
 * The parts are sorted, so that those with a common beginning are neighbours: a
 * state is a range of them and a depth, and its children are the runs of its range
 * that have the same next class.  Going through the states in the order in which
 * they were made is going breadth first.
 */
#include "matcher.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "matcher_image.h"

#define MOST_CLASSES 0xFFFF

/* A part in classes; after sorting, equal parts are neighbours. */
typedef struct Sorted
{
	const uint16_t *classes;
	uint32_t	count;
	uint32_t	word;
} Sorted;

/* A state while it is made: the parts that begin with it, and how far that goes */
typedef struct Range
{
	uint32_t	low;
	uint32_t	high;
	uint32_t	depth;
} Range;

typedef struct Builder
{
	KefuArena	arena;
	uint16_t	page_of[PAGE_OF_COUNT];	/* pages of code points in use, from 1 */
	uint16_t   *classes;		/* by page and place in it; 0 is unused */
	Sorted	   *sorted;
	uint32_t	sorted_count;
	ImageHead	head;
	uint32_t   *first_child;
	uint32_t   *fail;
	uint32_t   *hit;
	uint16_t   *label;
	uint32_t   *part_first;		/* in sorted, by part; one more than there are */
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
			if (parts[i].points[k] > KEFU_HOST_END)
				return "a part has what is no character";
		*points += parts[i].count;
	}
	return *points >= MOST_STATES ? "there are too many characters in the words" : NULL;
}

static uint32_t
place_of(const Builder *b, uint32_t point)
{
	return (b->page_of[point / PAGE_POINTS] - 1) * PAGE_POINTS + point % PAGE_POINTS;
}

static void
number_pages(Builder *b, const KefuPart *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < parts[i].count; k++)
			b->page_of[parts[i].points[k] / PAGE_POINTS] = 1;
	for (uint32_t page = 0; page < PAGE_OF_COUNT; page++)
		if (b->page_of[page] != 0)
			b->page_of[page] = (uint16_t) ++b->head.page_count;
}

/* Those with which parts begin are numbered first, each lot by code point. */
static const char *
number_classes(Builder *b, const KefuPart *parts, size_t count)
{
	enum {UNUSED, INSIDE, BEGINS};
	unsigned char *use;
	uint32_t	places;

	number_pages(b, parts, count);
	places = b->head.page_count * PAGE_POINTS;
	use = kefu_arena_alloc(&b->arena, places);
	b->classes = kefu_arena_alloc(&b->arena, sizeof(uint16_t) * places);
	if (use == NULL || b->classes == NULL)
		return no_memory;
	for (size_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < parts[i].count; k++)
		{
			uint32_t	place = place_of(b, parts[i].points[k]);

			if (k == 0)
				use[place] = BEGINS;
			else if (use[place] == UNUSED)
				use[place] = INSIDE;
		}
	for (int lot = BEGINS; lot >= INSIDE; lot--)
		for (uint32_t place = 0; place < places; place++)
			if (use[place] == lot)
			{
				if (b->head.class_count == MOST_CLASSES)
					return "there are too many different characters in the words";
				b->classes[place] = (uint16_t) ++b->head.class_count;
			}
	return NULL;
}

static int
compare_parts(const void *left, const void *right)
{
	const Sorted *a = left;
	const Sorted *b = right;

	for (uint32_t i = 0; i < a->count && i < b->count; i++)
		if (a->classes[i] != b->classes[i])
			return a->classes[i] < b->classes[i] ? -1 : 1;
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return (a->word > b->word) - (a->word < b->word);
}

static bool
same_part(const Sorted *a, const Sorted *b)
{
	return a->count == b->count &&
		memcmp(a->classes, b->classes, sizeof(uint16_t) * a->count) == 0;
}

/* Sorts the parts, leaves out a word's second of the same, and numbers them. */
static const char *
sort_parts(Builder *b, const KefuPart *parts, size_t count, uint64_t points)
{
	uint16_t   *classes = kefu_arena_alloc(&b->arena, sizeof(uint16_t) * points);

	b->sorted = kefu_arena_alloc(&b->arena, sizeof(Sorted) * (count + 1));
	b->part_first = kefu_arena_alloc(&b->arena, sizeof(uint32_t) * (count + 1));
	if (classes == NULL || b->sorted == NULL || b->part_first == NULL)
		return no_memory;
	for (size_t i = 0; i < count; i++)
	{
		b->sorted[i] = (Sorted) {classes, parts[i].count, parts[i].word};
		for (uint32_t k = 0; k < parts[i].count; k++)
			*classes++ = b->classes[place_of(b, parts[i].points[k])];
	}
	qsort(b->sorted, count, sizeof(Sorted), compare_parts);
	for (size_t i = 0; i < count; i++)
	{
		const Sorted *last = b->sorted_count > 0 ? &b->sorted[b->sorted_count - 1] : NULL;
		bool		same = last != NULL && same_part(last, &b->sorted[i]);

		if (same && last->word == b->sorted[i].word)
			continue;
		if (!same)
			b->part_first[b->head.part_count++] = b->sorted_count;
		b->sorted[b->sorted_count++] = b->sorted[i];
	}
	b->part_first[b->head.part_count] = b->sorted_count;
	b->head.link_count = b->sorted_count;
	return NULL;
}

static uint32_t
child_of(const Builder *b, uint32_t state, uint32_t class)
{
	uint32_t	low = b->first_child[state];
	uint32_t	high = b->first_child[state + 1];

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (b->label[middle] == class)
			return middle;
		if (b->label[middle] < class)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static uint32_t
fail_of_child(const Builder *b, uint32_t state, uint32_t class)
{
	if (state == 0)
		return 0;
	for (;;)
	{
		uint32_t	child;

		state = b->fail[state];
		child = child_of(b, state, class);
		if (child != 0 || state == 0)
			return child;
	}
}

/* One after the other; the children of a state are made when its turn has come. */
static void
make_states(Builder *b, Range *ranges)
{
	uint32_t	made = 1;

	ranges[0] = (Range) {0, b->sorted_count, 0};
	for (uint32_t state = 0; state < made; state++)
	{
		Range		range = ranges[state];

		b->first_child[state] = made;
		b->hit[state] = b->hit[b->fail[state]];
		while (range.low < range.high && b->sorted[range.low].count == range.depth)
		{
			b->hit[state] = state;
			range.low++;
		}
		while (range.low < range.high)
		{
			uint16_t	class = b->sorted[range.low].classes[range.depth];
			uint32_t	end = range.low + 1;

			while (end < range.high && b->sorted[end].classes[range.depth] == class)
				end++;
			b->label[made] = class;
			b->fail[made] = fail_of_child(b, state, class);
			ranges[made++] = (Range) {range.low, end, range.depth + 1};
			range.low = end;
		}
	}
	b->first_child[made] = made;
	b->head.state_count = made;
}

/* Parts are numbered by state in the image, by order of sorting until here. */
static const char *
write_parts(Builder *b, const KefuMatcher *m)
{
	uint32_t   *part_links = (uint32_t *) m->part_links;
	uint32_t	links = 0;
	uint32_t	part = 0;
	uint32_t   *in_state = kefu_arena_alloc(&b->arena, sizeof(uint32_t) * m->state_count);

	if (in_state == NULL)
		return no_memory;
	for (uint32_t i = 0; i < m->part_count; i++)
	{
		const Sorted *sorted = &b->sorted[b->part_first[i]];
		uint32_t	state = 0;

		for (uint32_t k = 0; k < sorted->count; k++)
			state = child_of(b, state, sorted->classes[k]);
		in_state[state] = i + 1;
	}
	for (uint32_t state = 1; state < m->state_count; state++)
	{
		uint32_t	i = in_state[state];

		if (i == 0)
			continue;
		((uint32_t *) m->part_state)[part] = state;
		((uint16_t *) m->part_length)[part] = (uint16_t) b->sorted[b->part_first[i - 1]].count;
		part_links[part++] = links;
		for (uint32_t k = b->part_first[i - 1]; k < b->part_first[i]; k++)
		{
			((uint32_t *) m->links)[links++] = b->sorted[k].word;
			((uint32_t *) m->word_parts)[b->sorted[k].word]++;
		}
	}
	part_links[part] = links;
	return NULL;
}

static const char *
write_image(Builder *b, void **image, size_t *size)
{
	KefuMatcher m;
	const char *problem;

	*size = (size_t) kefu_image_layout(&b->head, NULL, NULL);
	*image = calloc(1, *size);
	if (*image == NULL)
		return no_memory;
	kefu_image_layout(&b->head, *image, &m);
	memcpy((uint32_t *) m.first_child, b->first_child, sizeof(uint32_t) * (m.state_count + 1));
	memcpy((uint32_t *) m.fail, b->fail, sizeof(uint32_t) * m.state_count);
	memcpy((uint32_t *) m.hit, b->hit, sizeof(uint32_t) * m.state_count);
	memcpy((uint16_t *) m.label, b->label, sizeof(uint16_t) * m.state_count);
	memcpy((uint16_t *) m.page_of, b->page_of, sizeof(b->page_of));
	memcpy((uint16_t *) m.pages, b->classes, sizeof(uint16_t) * PAGE_POINTS * b->head.page_count);
	problem = write_parts(b, &m);
	if (problem != NULL)
	{
		free(*image);
		return problem;
	}
	memcpy(*image, &b->head, sizeof(b->head));
	kefu_image_checksum(*image, *size, ((ImageHead *) *image)->checksum);
	return NULL;
}

static const char *
build(Builder *b, const KefuPart *parts, size_t count, void **image, size_t *size)
{
	uint64_t	points;
	const char *problem = check_parts(parts, count, b->head.word_count, &points);
	Range	   *ranges;

	if (problem == NULL)
		problem = number_classes(b, parts, count);
	if (problem == NULL)
		problem = sort_parts(b, parts, count, points);
	if (problem != NULL)
		return problem;
	ranges = kefu_arena_alloc(&b->arena, sizeof(Range) * (points + 1));
	b->first_child = kefu_arena_alloc(&b->arena, sizeof(uint32_t) * (points + 2));
	b->fail = kefu_arena_alloc(&b->arena, sizeof(uint32_t) * (points + 1));
	b->hit = kefu_arena_alloc(&b->arena, sizeof(uint32_t) * (points + 1));
	b->label = kefu_arena_alloc(&b->arena, sizeof(uint16_t) * (points + 1));
	if (ranges == NULL || b->first_child == NULL || b->fail == NULL || b->hit == NULL ||
		b->label == NULL)
		return no_memory;
	make_states(b, ranges);
	return write_image(b, image, size);
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
