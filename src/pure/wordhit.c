/*
 * wordhit.c
 *		Which words of an automaton are in a text, and where.
 */
#include "wordhit.h"

#include <stdlib.h>
#include <string.h>

#define FEW_PLACES 16

typedef struct Place
{
	uint32_t	part;
	uint32_t	from;
	uint32_t	to;
} Place;

typedef struct Search
{
	const KefuHits *allowed;
	uint32_t   *reaches;		/* by allowed hit: how far those up to it reach */
	KefuArena  *arena;
	Place	   *places;
	size_t		count;
	size_t		room;
	size_t		looked_at;
	bool		failed;			/* there was no memory */
} Search;

static int
compare_hits(const void *left, const void *right)
{
	const KefuHit *a = left;
	const KefuHit *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	return (a->word > b->word) - (a->word < b->word);
}

static int
compare_by_word(const void *left, const void *right)
{
	const KefuHit *a = left;
	const KefuHit *b = right;

	return a->word != b->word ? (a->word < b->word ? -1 : 1) : compare_hits(left, right);
}

static int
compare_places(const void *left, const void *right)
{
	const Place *a = left;
	const Place *b = right;

	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return (a->from > b->from) - (a->from < b->from);
}

/* Whether one allowed hit that begins not later reaches as far. */
static bool
is_allowed(const Search *search, uint32_t from, uint32_t to)
{
	size_t		low = 0;
	size_t		high = search->allowed != NULL ? search->allowed->count : 0;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (search->allowed->hits[middle].from <= from)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && search->reaches[low - 1] >= to;
}

static bool
make_room(Search *search)
{
	size_t		room = search->room > 0 ? 4 * search->room : FEW_PLACES;
	Place	   *places = kefu_arena_alloc(search->arena, sizeof(Place) * room);

	search->failed = places == NULL;
	if (search->failed)
		return false;
	if (search->count > 0)
		memcpy(places, search->places, sizeof(Place) * search->count);
	search->places = places;
	search->room = room;
	return true;
}

/* KefuFoundFn */
static bool
keep_place(void *state, uint32_t part, uint32_t from, uint32_t to)
{
	Search	   *search = state;

	if (!is_allowed(search, from, to))
	{
		if (search->count == search->room && !make_room(search))
			return true;
		search->places[search->count++] = (Place) {part, from, to};
	}
	return ++search->looked_at == KEFU_MOST_PLACES;
}

static bool
begin_search(Search *search, const KefuHits *allowed, KefuArena *arena)
{
	uint32_t	reach = 0;

	*search = (Search) {.allowed = allowed, .arena = arena};
	if (allowed == NULL || allowed->count == 0)
		return true;
	search->reaches = kefu_arena_alloc(arena, sizeof(uint32_t) * allowed->count);
	if (search->reaches == NULL)
		return false;
	for (size_t i = 0; i < allowed->count; i++)
	{
		if (allowed->hits[i].to > reach)
			reach = allowed->hits[i].to;
		search->reaches[i] = reach;
	}
	return true;
}

/*
 * Hits of words of one part go to whole, of those of several one a found part to
 * pieces; counts only where these are NULL.
 */
static void
spread(const KefuMatcher *m, const Search *search, KefuHit *whole, size_t *whole_count,
	   KefuHit *pieces, size_t *piece_count)
{
	*whole_count = *piece_count = 0;
	for (size_t i = 0; i < search->count; i++)
	{
		const Place *place = &search->places[i];
		bool		is_first = i == 0 || place[-1].part != place->part;
		uint32_t	count;
		const uint32_t *words = kefu_part_words(m, place->part, &count);

		for (uint32_t k = 0; k < count; k++)
		{
			KefuHit		hit = {words[k], place->from, place->to};

			if (kefu_word_parts(m, words[k]) == 1)
			{
				if (whole != NULL)
					whole[*whole_count] = hit;
				(*whole_count)++;
			}
			else if (is_first)
			{
				if (pieces != NULL)
					pieces[*piece_count] = hit;
				(*piece_count)++;
			}
		}
	}
}

/* Of each word whose parts are all there, makes one hit in place. */
static size_t
join_pieces(const KefuMatcher *m, KefuHit *pieces, size_t count)
{
	size_t		made = 0;

	qsort(pieces, count, sizeof(KefuHit), compare_by_word);
	for (size_t i = 0, end; i < count; i = end)
	{
		KefuHit		hit = pieces[i];

		for (end = i + 1; end < count && pieces[end].word == hit.word; end++)
			if (pieces[end].to > hit.to)
				hit.to = pieces[end].to;
		if (end - i == kefu_word_parts(m, hit.word))
			pieces[made++] = hit;
	}
	return made;
}

bool
kefu_find_words(const KefuMatcher *m, const KefuFolded *text, const KefuHits *allowed,
				KefuPauseFn pause, KefuArena *arena, KefuHits *found)
{
	Search		search;
	KefuHit    *pieces;
	size_t		piece_count;

	if (!begin_search(&search, allowed, arena))
		return false;
	(void) kefu_matcher_scan(m, text, keep_place, &search, pause);
	*found = (KefuHits) {NULL, 0};
	if (search.failed || search.count == 0)
		return !search.failed;
	qsort(search.places, search.count, sizeof(Place), compare_places);
	spread(m, &search, NULL, &found->count, NULL, &piece_count);
	found->hits = kefu_arena_alloc(arena, sizeof(KefuHit) * (found->count + piece_count));
	pieces = kefu_arena_alloc(arena, sizeof(KefuHit) * piece_count);
	if (found->hits == NULL || pieces == NULL)
		return false;
	spread(m, &search, found->hits, &found->count, pieces, &piece_count);
	piece_count = join_pieces(m, pieces, piece_count);
	memcpy(found->hits + found->count, pieces, sizeof(KefuHit) * piece_count);
	found->count += piece_count;
	qsort(found->hits, found->count, sizeof(KefuHit), compare_hits);
	return true;
}

bool
kefu_join_hits(KefuHits *hits, const KefuHits *more, KefuArena *arena)
{
	KefuHit    *all;

	if (more->count == 0)
		return true;
	all = kefu_arena_alloc(arena, sizeof(KefuHit) * (hits->count + more->count));

	if (all == NULL)
		return false;
	if (hits->count > 0)
		memcpy(all, hits->hits, sizeof(KefuHit) * hits->count);
	memcpy(all + hits->count, more->hits, sizeof(KefuHit) * more->count);
	hits->hits = all;
	hits->count += more->count;
	qsort(hits->hits, hits->count, sizeof(KefuHit), compare_hits);
	return true;
}
