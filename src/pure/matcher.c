/*
 * matcher.c
 *		Many words looked for in a text at once: opening an image and searching.
 *
 * At nearly all places of a text no part begins with the character that stands
 * there, or with it and the next two, and a bit of a table says so, as in S. Wu and
 * U. Manber, "A fast algorithm for multi-pattern searching" (1994).  Else the upper
 * bits of the same hash lead to a handful of sorted parts, among them all that may
 * stand there.  The last of them that isn't behind the text in that order begins
 * like it for as long as any does, so that it or parts that it begins with are all
 * that stand here; each entry says which is the longest of these.
 *
 * Guarantees: kefu_matcher_open() has looked at every number of an image before
 * one is used as an index, so that a search reads nothing outside a sound image.
 * Whatever the parts and the text are, it looks at a place at no more entries than
 * three binary searches take, and as many as parts begin with one another.
 */
#include "matcher.h"

#include <string.h>

#include "matcher_image.h"

#define LONGEST_HOST 253		/* RFC 1035 */
#define PAUSE_PLACES 1024		/* each takes some microseconds at worst */

/* --- the image ------------------------------------------------------------------- */

uint64_t
kefu_image_layout(const ImageHead *head, const void *image, KefuMatcher *matcher)
{
	const uint64_t key_words = (UINT64_C(1) << head->key_bits) / 32;
	const uint64_t blocks = kefu_blocks(head->key_bits);
	const uint64_t words = BEGIN_BITS / 32 + key_words + blocks + 1 +
		2 * (uint64_t) head->entry_count + 1 + 2 * (uint64_t) head->joined_count;

	if (matcher != NULL)
	{
		*matcher = (KefuMatcher) {
			.key_bits = head->key_bits,
			.entry_count = head->entry_count,
			.unit_count = head->unit_count,
			.word_count = head->word_count,
			.joined_count = head->joined_count,
			.has_single = head->has_single != 0,
			.has_double = head->has_double != 0,
			.has_hosts = head->has_hosts != 0,
			.begins = (const uint32_t *) ((const char *) image + sizeof(ImageHead)),
		};
		matcher->keys = matcher->begins + BEGIN_BITS / 32;
		matcher->block_first = matcher->keys + key_words;
		matcher->entry_at = matcher->block_first + blocks + 1;
		matcher->entry_word = matcher->entry_at + head->entry_count + 1;
		matcher->joined = matcher->entry_word + head->entry_count;
		matcher->joined_parts = matcher->joined + head->joined_count;
		matcher->units = (const uint16_t *) (matcher->joined_parts + head->joined_count);
	}
	return sizeof(ImageHead) + 4 * words + 4 * (((uint64_t) head->unit_count + 1) / 2);
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
blocks_are_sound(const KefuMatcher *m)
{
	const uint32_t blocks = kefu_blocks(m->key_bits);

	if (m->block_first[0] != 0 || m->block_first[blocks] != m->entry_count)
		return false;
	for (uint32_t i = 0; i < blocks; i++)
		if (m->block_first[i] > m->block_first[i + 1])
			return false;
	return true;
}

/* --- entries ---------------------------------------------------------------------- */

static inline const uint16_t *
units_of(const KefuMatcher *m, uint32_t entry)
{
	return m->units + (m->entry_at[entry] & ENTRY_AT);
}

/* Whether it begins with the part of an entry before it, which its link says. */
static inline bool
has_link(const KefuMatcher *m, uint32_t entry)
{
	return (m->entry_at[entry] & ENTRY_HAS_LINK) != 0;
}

static inline uint32_t
length_of(const KefuMatcher *m, uint32_t entry)
{
	return (uint32_t) (units_of(m, entry + 1) - units_of(m, entry)) -
		(has_link(m, entry) ? LINK_UNITS : 0);
}

static inline uint32_t
link_of(const KefuMatcher *m, uint32_t entry)
{
	return kefu_read_link(units_of(m, entry + 1) - LINK_UNITS);
}

static bool
entries_are_sound(const KefuMatcher *m)
{
	if ((m->entry_at[0] & ENTRY_AT) != 0 || m->entry_at[m->entry_count] != m->unit_count)
		return false;
	for (uint32_t i = 0; i < m->entry_count; i++)
	{
		uint32_t	end = m->entry_at[i + 1] & ENTRY_AT;
		uint32_t	least = 1 + (has_link(m, i) ? LINK_UNITS : 0);

		/* in this order: what is found sound is used by the next */
		if (end > m->unit_count || end < least || end - least < (m->entry_at[i] & ENTRY_AT) ||
			length_of(m, i) > LONGEST_UNITS || m->entry_word[i] >= m->word_count ||
			(has_link(m, i) && link_of(m, i) >= i))
			return false;
	}
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
	if (head->key_bits < FEWEST_KEY_BITS || head->key_bits > MOST_KEY_BITS ||
		kefu_image_layout(head, image, NULL) != size)
		return KEFU_IMAGE_BROKEN;
	kefu_image_checksum(image, size, checksum);
	if (memcmp(checksum, head->checksum, sizeof(checksum)) != 0)
		return KEFU_IMAGE_BROKEN;
	kefu_image_layout(head, image, &opened);
	if (!blocks_are_sound(&opened) || !entries_are_sound(&opened))
		return KEFU_IMAGE_BROKEN;
	*matcher = opened;
	return KEFU_IMAGE_SOUND;
}

/* --- the search -------------------------------------------------------------------- */

/* A search and what it has to tell */
typedef struct Scan
{
	const KefuMatcher *m;
	KefuFoundFn found;
	KefuPauseFn pause;
	void	   *data;
	uint64_t	looked_at;		/* entries */
} Scan;

/* Where in a text, or in a host, it looks, and how many units are left there */
typedef struct Spot
{
	const uint16_t *units;
	const uint32_t *origins;
	size_t		left;
} Spot;

/* Whether an entry is behind what stands here in the order of the entries. */
static inline bool
is_behind(const KefuMatcher *m, uint32_t entry, Spot here)
{
	size_t		length = length_of(m, entry);
	size_t		both = length < here.left ? length : here.left;
	int			order = memcmp(units_of(m, entry), here.units, sizeof(uint16_t) * both);

	return order != 0 ? order > 0 : length > here.left;
}

/* How many units an entry and what stands here have in common. */
static uint32_t
common_units(const KefuMatcher *m, uint32_t entry, Spot here)
{
	const uint16_t *units = units_of(m, entry);
	uint32_t	length = length_of(m, entry);
	uint32_t	common = 0;

	while (common < length && common < here.left && units[common] == here.units[common])
		common++;
	return common;
}

/*
 * Tells of each part in a range of entries that stands here and has at least so
 * many units, the longest first.  True ends the search.
 */
static bool
search_range(Scan *scan, uint32_t low, uint32_t high, Spot here, size_t least)
{
	const KefuMatcher *m = scan->m;
	uint32_t	first = low;
	uint32_t	common;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		scan->looked_at++;
		if (is_behind(m, middle, here))
			high = middle;
		else
			low = middle + 1;
	}
	if (low == first)
		return false;
	common = common_units(m, --low, here);
	for (;; low = link_of(m, low), scan->looked_at++)
	{
		uint32_t	length = length_of(m, low);

		if (length < least || common < least)
			return false;
		/* of equal entries all but the first have a link to it */
		if (length <= common && !(has_link(m, low) && length_of(m, link_of(m, low)) == length) &&
			scan->found(scan->data, low, here.origins[0], here.origins[length - 1] + 1))
			return true;
		if (!has_link(m, low))
			return false;
	}
}

/* The same for all parts whose key has as many units as stand here, up to KEY_UNITS. */
static inline bool
look(Scan *scan, Spot here, size_t units, size_t least)
{
	const KefuMatcher *m = scan->m;
	uint32_t	key = kefu_key(here.units, units, m->key_bits);
	const uint32_t *first = m->block_first + key / BLOCK_KEYS;

	return (m->keys[key / 32] >> key % 32 & 1) != 0 &&
		search_range(scan, first[0], first[1], here, least);
}

/* Shorter parts than a key are looked for on their own. */
static bool
look_for_all(Scan *scan, Spot here)
{
	const Spot	single = {here.units, here.origins, 1};
	const Spot	two = {here.units, here.origins, 2};

	return (scan->m->has_single && look(scan, single, 1, 1)) ||
		(scan->m->has_double && here.left >= 2 && look(scan, two, 2, 2)) ||
		(here.left >= KEY_UNITS && look(scan, here, KEY_UNITS, KEY_UNITS));
}

static inline void
pause_at(const Scan *scan, size_t place)
{
	if (place % PAUSE_PLACES == 0 && scan->pause != NULL)
		scan->pause();
}

static bool
scan_text(Scan *scan, const KefuFolded *text)
{
	const uint32_t *begins = scan->m->begins;

	for (size_t i = 0; i < text->count; i++)
	{
		uint32_t	bit = kefu_begin(text->units[i]);

		pause_at(scan, i);
		if ((begins[bit / 32] >> bit % 32 & 1) != 0 &&
			look_for_all(scan, (Spot) {text->units + i, text->origins + i, text->count - i}))
			return true;
	}
	return false;
}

static bool
is_host_unit(uint32_t unit)
{
	return (unit >= 'a' && unit <= 'z') || (unit >= '0' && unit <= '9') ||
		unit == '-' || unit == '.' || unit == '_';
}

/*
 * Looks whether what stands from first to before end is a host that a part names,
 * or ends with one behind a dot.
 */
static bool
look_at_host(Scan *scan, const KefuFolded *text, size_t first, size_t end)
{
	uint16_t	host[LONGEST_HOST + 2];
	uint32_t	origins[LONGEST_HOST + 2];	/* by dot, of what follows it; of the end */
	size_t		count;

	if (end - first > LONGEST_HOST)
		return false;
	while (first < end && text->units[first] == '.')
		first++;
	while (end > first && text->units[end - 1] == '.')
		end--;
	count = end - first;
	if (count == 0)
		return false;
	host[0] = '.';
	memcpy(host + 1, text->units + first, sizeof(uint16_t) * count);
	host[count + 1] = UNIT_HOST_END;
	memcpy(origins, text->origins + first, sizeof(uint32_t) * count);
	origins[count] = origins[count + 1] = text->origins[end - 1];
	for (size_t i = 0; i < count; i++)
	{
		size_t		left = count + 2 - i;

		if (host[i] == '.' &&
			look(scan, (Spot) {host + i, origins + i, left}, KEY_UNITS, left))
			return true;
	}
	return false;
}

/* What stands behind a single slash is a path. */
static bool
scan_hosts(Scan *scan, const KefuFolded *text)
{
	size_t		hosts = 0;

	for (size_t first = 0, end; first < text->count; first = end + 1)
	{
		bool		is_path = first > 0 && text->units[first - 1] == '/' &&
			(first == 1 || text->units[first - 2] != '/');

		for (end = first; end < text->count && is_host_unit(text->units[end]); end++)
			;
		if (end == first || is_path)
			continue;
		pause_at(scan, ++hosts);
		if (look_at_host(scan, text, first, end))
			return true;
	}
	return false;
}

uint64_t
kefu_matcher_scan(const KefuMatcher *m, const KefuFolded *text, KefuFoundFn found, void *data,
				  KefuPauseFn pause)
{
	Scan		scan = {.m = m, .found = found, .pause = pause, .data = data};

	if (!m->has_hosts || !scan_hosts(&scan, text))
		(void) scan_text(&scan, text);
	return scan.looked_at;
}

static bool
is_same_part(const KefuMatcher *m, uint32_t one, uint32_t other)
{
	return length_of(m, one) == length_of(m, other) &&
		memcmp(units_of(m, one), units_of(m, other),
			   sizeof(uint16_t) * length_of(m, one)) == 0;
}

const uint32_t *
kefu_part_words(const KefuMatcher *m, uint32_t part, uint32_t *count)
{
	uint32_t	end = part + 1;

	while (end < m->entry_count && is_same_part(m, part, end))
		end++;
	*count = end - part;
	return m->entry_word + part;
}

uint32_t
kefu_word_parts(const KefuMatcher *m, uint32_t word)
{
	uint32_t	low = 0;
	uint32_t	high = m->joined_count;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (m->joined[middle] < word)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->joined_count && m->joined[low] == word ? m->joined_parts[low] : 1;
}
