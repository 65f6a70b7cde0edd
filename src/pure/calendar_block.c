/*
 * calendar_block.c
 *		Unrolls the rules of a calendar into open ranges, a block at a time.
 *
 * An instant is open if its local wall clock reads a time inside a window of
 * its local date; exceptions then open or close ranges of instants.  This is
 * the whole definition: an hour that the clocks skip isn't there, an hour that
 * they repeat counts twice.
 *
 * Deliberately not done: reading rules and knowing zones (a callback does).
 */
#include "calendar_block.h"

#include <stdlib.h>
#include <string.h>

/* A local day starts less than a day from the same day in UTC. */
#define PADDING_US (2 * KEFU_DAY_US)

/*
 * Returns a / b rounded down.
 */
int64_t
kefu_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* --- sets of ranges ------------------------------------------------------- */

/*
 * Returns the index of the first range that ends after "at", or the count.
 */
size_t
kefu_first_ending_after(const KefuRangeSet *set, int64_t at)
{
	size_t		low = 0;
	size_t		high = set->n;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (set->items[middle].to_at > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Replaces the ranges [i, j) by "count" others. */
static void
splice(KefuRangeSet *set, size_t i, size_t j, const KefuOpenRange *with, size_t count)
{
	size_t		n = set->n - (j - i) + count;

	if (n > set->size)
	{
		size_t		size = Max(n, 2 * set->size + 64);
		KefuOpenRange  *items = realloc(set->items, size * sizeof(KefuOpenRange));

		if (items == NULL)
		{
			set->failed = true;
			return;
		}
		set->items = items;
		set->size = size;
	}
	if (set->n > j)
		memmove(&set->items[i + count], &set->items[j],
				(set->n - j) * sizeof(KefuOpenRange));
	for (size_t k = 0; k < count; k++)
		set->items[i + k] = with[k];
	set->n = n;
}

/* Opens [from_at, to_at), joining what it overlaps or touches. */
static void
paint_open(KefuRangeSet *set, int64_t from_at, int64_t to_at)
{
	KefuOpenRange	joined = {from_at, to_at, 0};
	size_t		i = kefu_first_ending_after(set, from_at - 1);
	size_t		j = i;

	for (; j < set->n && set->items[j].from_at <= to_at; j++)
	{
		joined.from_at = Min(joined.from_at, set->items[j].from_at);
		joined.to_at = Max(joined.to_at, set->items[j].to_at);
	}
	splice(set, i, j, &joined, 1);
}

/* Closes [from_at, to_at), keeping what sticks out of it at either end. */
static void
paint_closed(KefuRangeSet *set, int64_t from_at, int64_t to_at)
{
	KefuOpenRange	rest[2];
	size_t		count = 0;
	size_t		i = kefu_first_ending_after(set, from_at);
	size_t		j = i;

	while (j < set->n && set->items[j].from_at < to_at)
		j++;
	if (i == j)
		return;
	if (set->items[i].from_at < from_at)
		rest[count++] = (KefuOpenRange) {set->items[i].from_at, from_at, 0};
	if (set->items[j - 1].to_at > to_at)
		rest[count++] = (KefuOpenRange) {to_at, set->items[j - 1].to_at, 0};
	splice(set, i, j, rest, count);
}

/* --- rules ---------------------------------------------------------------- */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int
compare_holidays(const void *left, const void *right)
{
	const KefuHoliday *a = left;
	const KefuHoliday *b = right;
	int			order = COMPARE(a->date, b->date);

	return order != 0 ? order : COMPARE(a->known_from, b->known_from);
}

static int
compare_covers(const void *left, const void *right)
{
	const KefuCover *a = left;
	const KefuCover *b = right;

	return COMPARE(a->from_date, b->from_date);
}

/* In the order of painting: what is painted last wins. */
static int
compare_exceptions(const void *left, const void *right)
{
	const KefuException *a = left;
	const KefuException *b = right;
	int			order = COMPARE(a->known_from, b->known_from);

	return order != 0 ? order : COMPARE(b->is_open, a->is_open);
}

/*
 * Puts the arrays of the rules in the order the arithmetic relies on.
 */
void
kefu_calendar_sort(KefuCalendarRules *rules)
{
	if (rules->nholidays > 0)
		qsort(rules->holidays, rules->nholidays, sizeof(KefuHoliday),
			  compare_holidays);
	if (rules->ncovers > 0)
		qsort(rules->covers, rules->ncovers, sizeof(KefuCover), compare_covers);
	if (rules->nexceptions > 0)
		qsort(rules->exceptions, rules->nexceptions, sizeof(KefuException),
			  compare_exceptions);
}

/* What the holiday table says of the date: its latest row known by then. */
static KefuHolidayKind
holiday_kind(const KefuEdition *edition, int32_t date)
{
	const KefuCalendarRules *rules = edition->rules;
	KefuHoliday key = {date, KEFU_HOLIDAY_ORDINARY, edition->known_at};
	size_t		low = 0;
	size_t		high = rules->nholidays;

	while (low < high)			/* the first row after the key */
	{
		size_t		middle = low + (high - low) / 2;

		if (compare_holidays(&rules->holidays[middle], &key) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	if (low == 0 || rules->holidays[low - 1].date != date)
		return KEFU_HOLIDAY_ORDINARY;
	return rules->holidays[low - 1].kind;
}

/* The windows that a kind of day has on the date, NULL and 0 for none. */
static const KefuWindow *
windows_on(const KefuCalendarRules *rules, int kind, int32_t date, size_t *n)
{
	const KefuWindow *windows = rules->windows[kind];
	size_t		end = rules->nwindows[kind];
	size_t		first;

	while (end > 0 && windows[end - 1].valid_from > date)
		end--;
	first = end;
	while (first > 0 && windows[first - 1].valid_from == windows[end - 1].valid_from)
		first--;
	*n = end - first;
	return *n > 0 ? &windows[first] : NULL;
}

/* Which windows a date has, as an index into rules->windows. */
static int
day_kind(const KefuEdition *edition, int32_t date)
{
	size_t		n;

	switch (holiday_kind(edition, date))
	{
		case KEFU_HOLIDAY_HOLIDAY:
			return KEFU_DAY_HOLIDAY;
		case KEFU_HOLIDAY_WORKDAY:
			(void) windows_on(edition->rules, KEFU_DAY_WORKDAY, date, &n);
			return n > 0 ? KEFU_DAY_WORKDAY : 1;
		case KEFU_HOLIDAY_ORDINARY:
			break;
	}
	/* 2000-01-01 was a Saturday */
	return (int) (date + 5 - 7 * kefu_floor_div(date + 5, 7)) + 1;
}

/*
 * Returns what local clocks show at the instant, as if it were UTC.
 */
int64_t
kefu_local_time(const KefuCalendarRules *rules, int64_t at)
{
	int64_t		offset;

	rules->zone_fn(rules->zone, at, &offset);
	return at + offset;
}

/*
 * Returns the instant at which local clocks show "local".  A time that is
 * skipped is read with the offset before the change, a repeated one is its
 * second occurrence: as PostgreSQL's AT TIME ZONE does.
 */
int64_t
kefu_instant_of(const KefuCalendarRules *rules, int64_t local)
{
	int64_t		at = local - KEFU_DAY_US;
	int64_t		end = local + KEFU_DAY_US;
	int64_t		result = at;

	while (at < end)
	{
		int64_t		offset;
		int64_t		until = rules->zone_fn(rules->zone, at, &offset);

		if (local - offset >= at)
			result = local - offset;
		at = until;
	}
	return result;
}

/* --- blocks --------------------------------------------------------------- */

typedef void (*VisitFn) (void *context, int32_t date, int kind, int64_t from_at,
						 int64_t to_at);

/* Visits each window that lies, by its local date's rules, in [at, end). */
static void
visit_windows(const KefuEdition *edition, int64_t at, int64_t end, VisitFn visit,
			  void *context)
{
	const KefuCalendarRules *rules = edition->rules;

	while (at < end)
	{
		int64_t		offset;
		int64_t		until = rules->zone_fn(rules->zone, at, &offset);

		until = Min(until, end);
		for (int64_t day = kefu_floor_div(at + offset, KEFU_DAY_US);
			 day * KEFU_DAY_US - offset < until; day++)
		{
			int64_t		midnight = day * KEFU_DAY_US - offset;
			int			kind = day_kind(edition, (int32_t) day);
			size_t		n;
			const KefuWindow *windows = windows_on(rules, kind, (int32_t) day, &n);

			for (size_t i = 0; i < n; i++)
			{
				int64_t		opens = midnight + windows[i].from_minute * KEFU_MINUTE_US;
				int64_t		closes = midnight + windows[i].to_minute * KEFU_MINUTE_US;

				opens = Max(opens, at);
				closes = Min(closes, until);
				if (opens < closes)
					visit(context, (int32_t) day, kind, opens, closes);
			}
		}
		at = until;
	}
}

static void
open_window(void *context, int32_t date, int kind, int64_t from_at, int64_t to_at)
{
	KefuRangeSet *set = context;

	(void) date;
	(void) kind;
	if (!set->failed)
		paint_open(set, from_at, to_at);
}

typedef struct DayMarks
{
	const KefuRangeSet *open;
	int32_t		first_date;
	bool		works[BLOCK_DAYS];
} DayMarks;

/* A working day: no holiday, and exceptions left something of a window. */
static void
mark_working_day(void *context, int32_t date, int kind, int64_t from_at, int64_t to_at)
{
	DayMarks   *marks = context;
	int32_t		day = date - marks->first_date;
	size_t		i;

	if (kind == KEFU_DAY_HOLIDAY || day < 0 || day >= BLOCK_DAYS)
		return;
	i = kefu_first_ending_after(marks->open, from_at);
	if (i < marks->open->n && marks->open->items[i].from_at < to_at)
		marks->works[day] = true;
}

/* Exceptions are painted from the weakest to the strongest. */
static void
paint_exceptions(const KefuEdition *edition, KefuRangeSet *set, int64_t first,
				 int64_t end)
{
	const KefuCalendarRules *rules = edition->rules;

	for (size_t i = 0; i < rules->nexceptions && !set->failed; i++)
	{
		const KefuException *exception = &rules->exceptions[i];
		int64_t		from_at = Max(exception->from_at, first);
		int64_t		to_at = Min(exception->to_at, end);

		if (exception->known_from > edition->known_at)
			break;
		if (from_at >= to_at)
			continue;
		if (exception->is_open)
			paint_open(set, from_at, to_at);
		else
			paint_closed(set, from_at, to_at);
	}
}

static void
fill_block(const KefuEdition *edition, int index, KefuBlock *block)
{
	int64_t		start = KEFU_CALENDAR_FIRST + index * BLOCK_US;
	int64_t		first = start - PADDING_US;
	int64_t		end = start + BLOCK_US + PADDING_US;
	KefuRangeSet *open = &block->open;
	DayMarks	marks = {open, FIRST_DATE + index * BLOCK_DAYS, {false}};

	visit_windows(edition, first, end, open_window, open);
	paint_exceptions(edition, open, first, end);
	if (open->failed)
		return;
	visit_windows(edition, first, end, mark_working_day, &marks);
	for (int day = 0; day < BLOCK_DAYS; day++)
		if (marks.works[day])
			block->days[block->ndays++] = marks.first_date + day;

	paint_closed(open, first, start);
	paint_closed(open, start + BLOCK_US, end);
	for (size_t i = 0; i < open->n; i++)
	{
		open->items[i].before = block->total;
		block->total += open->items[i].to_at - open->items[i].from_at;
	}
}

/*
 * Returns the block, allocated with malloc(), or NULL without memory.
 */
KefuBlock *
kefu_block_make(const KefuEdition *edition, int index)
{
	KefuBlock  *block = calloc(1, sizeof(KefuBlock));

	if (block == NULL)
		return NULL;
	fill_block(edition, index, block);
	if (!block->open.failed)
		return block;
	kefu_block_free(block);
	return NULL;
}

void
kefu_block_free(KefuBlock *block)
{
	if (block == NULL)
		return;
	free(block->open.items);
	free(block);
}
