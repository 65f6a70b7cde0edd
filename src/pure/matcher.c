/*
 * matcher.c
 *		Many words looked for in a text at once: opening an image and searching.
 *
 * The automaton is that of A. Aho and M. Corasick, "Efficient string matching: an
 * aid to bibliographic search" (1975), with failure links and without the table
 * of all transitions.
 *
 * Guarantees: kefu_matcher_open() has looked at every number of an image before
 * one is used as an index, and failure links lead to smaller states only, so that
 * a search of a sound image reads nothing outside it and ends.
 */
#include "matcher.h"

#include <string.h>

#include "matcher_image.h"

#define FEW_CHILDREN 8			/* up to which looking at each is quicker */
#define LONGEST_HOST 253		/* RFC 1035 */

/* --- the image ------------------------------------------------------------------- */

uint64_t
kefu_image_layout(const ImageHead *head, const void *image, KefuMatcher *matcher)
{
	const uint32_t *words;
	const uint16_t *halves;
	uint64_t	word_count = 3 * (uint64_t) head->state_count + 1 +
		2 * (uint64_t) head->part_count + 1 + head->link_count + head->word_count;
	uint64_t	half_count = (uint64_t) head->part_count + head->state_count +
		PAGE_OF_COUNT + (uint64_t) head->page_count * PAGE_POINTS;
	uint64_t	size = sizeof(ImageHead) + 4 * word_count + 2 * (half_count + half_count % 2);

	if (matcher == NULL)
		return size;
	words = (const uint32_t *) ((const char *) image + sizeof(ImageHead));
	halves = (const uint16_t *) (words + word_count);
	*matcher = (KefuMatcher) {
		.state_count = head->state_count,
		.class_count = head->class_count,
		.part_count = head->part_count,
		.word_count = head->word_count,
		.first_child = words,
		.fail = words + head->state_count + 1,
		.hit = words + 2 * (size_t) head->state_count + 1,
		.part_state = words + 3 * (size_t) head->state_count + 1,
	};
	matcher->part_links = matcher->part_state + head->part_count;
	matcher->links = matcher->part_links + head->part_count + 1;
	matcher->word_parts = matcher->links + head->link_count;
	matcher->part_length = halves;
	matcher->label = halves + head->part_count;
	matcher->page_of = matcher->label + head->state_count;
	matcher->pages = matcher->page_of + PAGE_OF_COUNT;
	return size;
}

/* FNV-1a over 32-bit words, each of them one step. */
void
kefu_image_checksum(const void *image, size_t size, uint32_t *checksum)
{
	const uint32_t *words = image;
	uint64_t	hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = offsetof(ImageHead, checksum) / 4 + 2; i < size / 4; i++)
		hash = (hash ^ words[i]) * UINT64_C(0x100000001b3);
	checksum[0] = (uint32_t) hash;
	checksum[1] = (uint32_t) (hash >> 32);
}

static bool
states_are_sound(const KefuMatcher *m)
{
	const uint32_t n = m->state_count;

	if (m->first_child[0] != 1 || m->first_child[n] != n || m->fail[0] != 0 || m->hit[0] != 0)
		return false;
	for (uint32_t s = 0; s < n; s++)
		if (m->first_child[s] <= s || m->first_child[s] > m->first_child[s + 1])
			return false;
	for (uint32_t s = 1; s < n; s++)
		if (m->fail[s] >= s || m->label[s] == 0 || m->label[s] > m->class_count ||
			(m->hit[s] != s && m->hit[s] != m->hit[m->fail[s]]))
			return false;
	/* Labels ascend among brothers and sisters, those of the root's are 1, 2, 3... */
	for (uint32_t s = 1; s < m->first_child[1]; s++)
		if (m->label[s] != s)
			return false;
	for (uint32_t s = 1; s < n; s++)
		for (uint32_t child = m->first_child[s] + 1; child < m->first_child[s + 1]; child++)
			if (m->label[child] <= m->label[child - 1])
				return false;
	return true;
}

static bool
parts_are_sound(const KefuMatcher *m, uint32_t link_count)
{
	uint32_t	part = 0;

	if (m->part_links[0] != 0 || m->part_links[m->part_count] != link_count)
		return false;
	for (uint32_t s = 1; s < m->state_count; s++)
		if (m->hit[s] == s && (part >= m->part_count || m->part_state[part++] != s))
			return false;
	if (part != m->part_count)
		return false;
	for (part = 0; part < m->part_count; part++)
		if (m->part_links[part] > m->part_links[part + 1] ||
			m->part_length[part] == 0 || m->part_length[part] > KEFU_PART_LONGEST)
			return false;
	for (uint32_t i = 0; i < link_count; i++)
		if (m->links[i] >= m->word_count)
			return false;
	return true;
}

static bool
pages_are_sound(const KefuMatcher *m, uint32_t page_count)
{
	for (size_t i = 0; i < PAGE_OF_COUNT; i++)
		if (m->page_of[i] > page_count)
			return false;
	for (size_t i = 0; i < (size_t) page_count * PAGE_POINTS; i++)
		if (m->pages[i] > m->class_count)
			return false;
	return true;
}

KefuImage
kefu_matcher_open(const void *image, size_t size, KefuMatcher *matcher)
{
	const ImageHead *head = image;
	KefuMatcher opened;
	uint32_t	checksum[2];

	if (size < sizeof(ImageHead) || (uintptr_t) image % 4 != 0 || head->magic != IMAGE_MAGIC)
		return size >= sizeof(ImageHead) && (uintptr_t) image % 4 == 0 &&
			head->magic == __builtin_bswap32(IMAGE_MAGIC) ? KEFU_IMAGE_STALE : KEFU_IMAGE_BROKEN;
	if (head->format != IMAGE_FORMAT || head->order != IMAGE_ORDER ||
		head->fold != KEFU_FOLD_VERSION)
		return KEFU_IMAGE_STALE;
	if (head->state_count == 0 || head->state_count > MOST_STATES ||
		kefu_image_layout(head, image, NULL) != size)
		return KEFU_IMAGE_BROKEN;
	kefu_image_checksum(image, size, checksum);
	if (memcmp(checksum, head->checksum, sizeof(checksum)) != 0)
		return KEFU_IMAGE_BROKEN;
	kefu_image_layout(head, image, &opened);
	if (!pages_are_sound(&opened, head->page_count) || !states_are_sound(&opened) ||
		!parts_are_sound(&opened, head->link_count))
		return KEFU_IMAGE_BROKEN;
	opened.root_children = opened.first_child[1] - 1;
	opened.has_hosts = kefu_class_of(&opened, KEFU_HOST_END) != 0;
	*matcher = opened;
	return KEFU_IMAGE_SOUND;
}

/* --- the search -------------------------------------------------------------------- */

uint32_t
kefu_child(const KefuMatcher *m, uint32_t state, uint32_t class)
{
	uint32_t	low = m->first_child[state];
	uint32_t	high = m->first_child[state + 1];

	if (high - low > FEW_CHILDREN)
		while (low < high)
		{
			uint32_t	middle = low + (high - low) / 2;

			if (m->label[middle] == class)
				return middle;
			if (m->label[middle] < class)
				low = middle + 1;
			else
				high = middle;
		}
	for (; low < high; low++)
		if (m->label[low] == class)
			return low;
	return 0;
}

static uint32_t
step(const KefuMatcher *m, uint32_t state, uint32_t point)
{
	uint32_t	class = kefu_class_of(m, point);

	if (class == 0)
		return 0;
	while (state != 0)
	{
		uint32_t	child = kefu_child(m, state, class);

		if (child != 0)
			return child;
		state = m->fail[state];
	}
	return class <= m->root_children ? class : 0;
}

/* The part that ends in a state; hit has said that one does. */
static uint32_t
part_of(const KefuMatcher *m, uint32_t state)
{
	uint32_t	low = 0;
	uint32_t	high = m->part_count;

	while (high - low > 1)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (m->part_state[middle] <= state)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A run of what hosts consist of, as it is read */
typedef struct HostRun
{
	uint32_t	points[LONGEST_HOST + 1];
	uint32_t	origins[LONGEST_HOST + 1];
	uint32_t	count;
	uint32_t	before[2];		/* the last and the one before it, ahead of the run; 'a'
								 * stands for any run */
} HostRun;

static bool
is_host_point(uint32_t point)
{
	return (point >= 'a' && point <= 'z') || (point >= '0' && point <= '9') ||
		point == '-' || point == '.' || point == '_';
}

/*
 * Looks whether a run of host characters is a host that a part names.  What stands
 * behind a single slash is a path.
 */
static bool
end_host(const KefuMatcher *m, HostRun *run, KefuFoundFn found, void *data)
{
	uint32_t	first = 0;
	uint32_t	end = run->count;
	uint32_t	state = step(m, 0, '.');

	run->count = 0;
	if (end > LONGEST_HOST || (run->before[0] == '/' && run->before[1] != '/'))
		return false;
	while (first < end && run->points[first] == '.')
		first++;
	while (end > first && run->points[end - 1] == '.')
		end--;
	if (first == end)
		return false;
	for (uint32_t i = first; i < end; i++)
		state = step(m, state, run->points[i]);
	state = step(m, state, KEFU_HOST_END);
	for (state = m->hit[state]; state != 0; state = m->hit[m->fail[state]])
	{
		uint32_t	part = part_of(m, state);
		uint32_t	length = m->part_length[part];	/* with its dot and its end */

		if (length >= 2 && length - 2 <= end - first &&
			found(data, part, run->origins[end - (length - 2 > 0 ? length - 2 : 1)],
				  run->origins[end - 1] + 1))
			return true;
	}
	return false;
}

static bool
read_host(const KefuMatcher *m, HostRun *run, uint32_t point, uint32_t origin,
		  KefuFoundFn found, void *data)
{
	bool		had_run;

	if (is_host_point(point))
	{
		if (run->count <= LONGEST_HOST)
		{
			run->points[run->count] = point;
			run->origins[run->count] = origin;
			run->count++;
		}
		return false;
	}
	had_run = run->count > 0;
	if (had_run && end_host(m, run, found, data))
		return true;
	run->before[1] = had_run ? 'a' : run->before[0];
	run->before[0] = point;
	return false;
}

void
kefu_matcher_scan(const KefuMatcher *m, const KefuFolded *text, KefuFoundFn found, void *data)
{
	uint32_t	state = 0;
	HostRun		run;

	run.count = 0;
	run.before[0] = run.before[1] = 0;
	for (size_t i = 0; i < text->count; i++)
	{
		state = step(m, state, text->points[i]);
		for (uint32_t hit = m->hit[state]; hit != 0; hit = m->hit[m->fail[hit]])
		{
			uint32_t	part = part_of(m, hit);
			uint32_t	length = m->part_length[part];

			if (length <= i + 1 &&
				found(data, part, text->origins[i + 1 - length], text->origins[i] + 1))
				return;
		}
		if (m->has_hosts &&
			read_host(m, &run, text->points[i], text->origins[i], found, data))
			return;
	}
	if (run.count > 0)
		(void) end_host(m, &run, found, data);
}

const uint32_t *
kefu_part_words(const KefuMatcher *m, uint32_t part, uint32_t *count)
{
	*count = m->part_links[part + 1] - m->part_links[part];
	return m->links + m->part_links[part];
}
