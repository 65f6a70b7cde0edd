/*
 * calendar.c
 *		Working-time arithmetic over the rules of one calendar.
 *
 * A block of 366 days is unrolled when first needed into sorted open ranges,
 * each with the open time before it, so that adding and subtracting are a
 * binary search in the first and the last block and a sum over the blocks
 * between.  What "open" means is said in calendar_block.c.
 *
 * Deliberately not done: anything before 1970 or after 2199.  Not thread-safe.
 */
#include "calendar_block.h"

#include <stdlib.h>

/* Blocks without anything open before a search gives up: ten years. */
#define PATIENCE 10

struct KefuTimeline
{
	KefuEdition edition;
	KefuBlock  *blocks[BLOCKS];
	size_t		ncovers;
	KefuOpenRange covers[];		/* where the holiday table is complete */
};

/* Stores the block, unrolled on first use; it stays the timeline's. */
static KefuCalendarStatus
get_block(KefuTimeline *timeline, int index, const KefuBlock **block)
{
	if (index < 0 || index >= BLOCKS)
		return KEFU_CALENDAR_OUT_OF_RANGE;
	if (timeline->blocks[index] == NULL)
		timeline->blocks[index] = kefu_block_make(&timeline->edition, index);
	if (timeline->blocks[index] == NULL)
		return KEFU_CALENDAR_NO_MEMORY;
	*block = timeline->blocks[index];
	return KEFU_CALENDAR_OK;
}

static bool
is_supported(int64_t at)
{
	return at >= KEFU_CALENDAR_FIRST && at < KEFU_CALENDAR_LAST;
}

static int
block_of(int64_t at)
{
	return (int) ((at - KEFU_CALENDAR_FIRST) / BLOCK_US);
}

/* Open time of the block before "at". */
static int64_t
opened_before(const KefuBlock *block, int64_t at)
{
	size_t		i = kefu_first_ending_after(&block->open, at);

	if (i == block->open.n)
		return block->total;
	return block->open.items[i].before + Max(0, at - block->open.items[i].from_at);
}

/*
 * The instant by which "amount" of the block's open time is over: the first
 * such instant, or the last one.
 */
static int64_t
instant_after(const KefuBlock *block, int64_t amount, bool last)
{
	const KefuOpenRange *range;
	size_t		low = 0;
	size_t		high = block->open.n;

	while (high - low > 1)		/* the range that begins with less than that */
	{
		size_t		middle = low + (high - low) / 2;

		if (block->open.items[middle].before < amount + last)
			low = middle;
		else
			high = middle;
	}
	range = &block->open.items[low];
	return range->from_at + (amount - range->before);
}

/* --- the arithmetic ------------------------------------------------------- */

/*
 * Stores the first instant by which "amount" microseconds of open time have
 * passed since start; for a negative amount the last instant from which that
 * much passes until start.  Zero is start itself, open or not.
 */
KefuCalendarStatus
kefu_timeline_add(KefuTimeline *timeline, int64_t start, int64_t amount,
				  int64_t *result)
{
	bool		back = amount < 0;
	int64_t		left;
	int			index;
	int			patience = PATIENCE;
	const KefuBlock *block;
	KefuCalendarStatus status;

	if (!is_supported(start) || amount > BLOCKS * BLOCK_US ||
		amount < -BLOCKS * BLOCK_US)
		return KEFU_CALENDAR_OUT_OF_RANGE;
	*result = start;
	if (amount == 0)
		return KEFU_CALENDAR_OK;

	index = block_of(start);
	status = get_block(timeline, index, &block);
	if (status != KEFU_CALENDAR_OK)
		return status;
	/* From here on "left" counts from the block's end that is passed first. */
	left = opened_before(block, start);
	left = back ? block->total - left - amount : left + amount;
	while (left > block->total)
	{
		left -= block->total;
		patience = block->total > 0 ? PATIENCE : patience - 1;
		if (patience < 0)
			return KEFU_CALENDAR_NEVER_OPENS;
		index += back ? -1 : 1;
		status = get_block(timeline, index, &block);
		if (status != KEFU_CALENDAR_OK)
			return status;
	}
	*result = instant_after(block, back ? block->total - left : left, back);
	return is_supported(*result) ? KEFU_CALENDAR_OK : KEFU_CALENDAR_OUT_OF_RANGE;
}

/*
 * Stores the open time in [from, to) in microseconds, negative if to < from.
 */
KefuCalendarStatus
kefu_timeline_between(KefuTimeline *timeline, int64_t from, int64_t to, int64_t *result)
{
	int64_t		first = Min(from, to);
	int64_t		last = Max(from, to);
	int64_t		sum = 0;

	if (!is_supported(first) || !is_supported(last))
		return KEFU_CALENDAR_OUT_OF_RANGE;
	for (int index = block_of(first); index <= block_of(last); index++)
	{
		const KefuBlock *block;
		KefuCalendarStatus status = get_block(timeline, index, &block);

		if (status != KEFU_CALENDAR_OK)
			return status;
		if (index == block_of(first))
			sum -= opened_before(block, first);
		sum += index == block_of(last) ? opened_before(block, last) : block->total;
	}
	*result = to < from ? -sum : sum;
	return KEFU_CALENDAR_OK;
}

/*
 * Stores the first open period of [at, until), cut to it.  *found is false
 * where there is none.
 */
KefuCalendarStatus
kefu_timeline_period(KefuTimeline *timeline, int64_t at, int64_t until,
					 int64_t *from_at, int64_t *to_at, bool *found)
{
	*found = false;
	if (!is_supported(at) || until > KEFU_CALENDAR_LAST)
		return KEFU_CALENDAR_OUT_OF_RANGE;
	while (at < until)
	{
		int			index = block_of(at);
		int64_t		next = KEFU_CALENDAR_FIRST + (index + 1) * BLOCK_US;
		const KefuBlock *block;
		const KefuOpenRange *range;
		size_t		i;
		KefuCalendarStatus status = get_block(timeline, index, &block);

		if (status != KEFU_CALENDAR_OK)
			return status;
		i = kefu_first_ending_after(&block->open, at);
		range = i < block->open.n ? &block->open.items[i] : NULL;
		if (*found && (range == NULL || range->from_at > at))
			break;				/* it ended with the block before */
		if (range != NULL)
		{
			if (range->from_at >= until)
				break;
			if (!*found)
				*from_at = Max(range->from_at, at);
			*found = true;
			*to_at = Min(range->to_at, until);
			if (range->to_at < next)
				break;
		}
		at = next;
	}
	return KEFU_CALENDAR_OK;
}

/* How many working days of the block are before the date. */
static int
days_before(const KefuBlock *block, int32_t date)
{
	int			low = 0;
	int			high = block->ndays;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (block->days[middle] < date)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Stores the same local time of day on the n-th working day after start's
 * date, or before it for negative days.  Zero is start itself.
 */
KefuCalendarStatus
kefu_timeline_add_days(KefuTimeline *timeline, int64_t start, int32_t days,
					   int64_t *result)
{
	int64_t		local;
	int64_t		date;
	int64_t		left = days < 0 ? -(int64_t) days : days;
	int			index;
	int			patience = PATIENCE;
	int			before;
	const KefuBlock *block;
	KefuCalendarStatus status;

	if (!is_supported(start))
		return KEFU_CALENDAR_OUT_OF_RANGE;
	*result = start;
	if (days == 0)
		return KEFU_CALENDAR_OK;

	local = kefu_local_time(timeline->edition.rules, start);
	date = kefu_floor_div(local, KEFU_DAY_US);
	index = (int) kefu_floor_div(date - FIRST_DATE, BLOCK_DAYS);
	status = get_block(timeline, index, &block);
	if (status != KEFU_CALENDAR_OK)
		return status;
	before = days_before(block, (int32_t) date + (days > 0));
	left += days > 0 ? before : block->ndays - before;
	while (left > block->ndays)
	{
		left -= block->ndays;
		patience = block->ndays > 0 ? PATIENCE : patience - 1;
		if (patience < 0)
			return KEFU_CALENDAR_NEVER_OPENS;
		index += days > 0 ? 1 : -1;
		status = get_block(timeline, index, &block);
		if (status != KEFU_CALENDAR_OK)
			return status;
	}
	left = days > 0 ? left - 1 : block->ndays - left;
	local += (block->days[left] - date) * KEFU_DAY_US;
	*result = kefu_instant_of(timeline->edition.rules, local);
	return is_supported(*result) ? KEFU_CALENDAR_OK : KEFU_CALENDAR_OUT_OF_RANGE;
}

/*
 * Stores whether the local date is a working day.
 */
KefuCalendarStatus
kefu_timeline_working_day(KefuTimeline *timeline, int32_t date, bool *result)
{
	const KefuBlock *block;
	int64_t		index = kefu_floor_div((int64_t) date - FIRST_DATE, BLOCK_DAYS);
	int			i;
	KefuCalendarStatus status;

	status = get_block(timeline, (int) index, &block);
	if (status != KEFU_CALENDAR_OK)
		return status;
	i = days_before(block, date);
	*result = i < block->ndays && block->days[i] == date;
	return KEFU_CALENDAR_OK;
}

/*
 * Whether the weekly pattern had to be assumed anywhere between two instants,
 * in either order, because the holiday table isn't complete there.
 */
bool
kefu_timeline_assumed(const KefuTimeline *timeline, int64_t a, int64_t b)
{
	int64_t		first = Min(a, b);
	int64_t		last = Max(a, b);

	if (!timeline->edition.rules->has_holiday_table)
		return false;
	for (size_t i = 0; i < timeline->ncovers; i++)
		if (timeline->covers[i].from_at <= first && first < timeline->covers[i].to_at)
			return last > timeline->covers[i].to_at;
	return true;
}

/* --- timelines ------------------------------------------------------------ */

/* The first instant of a local date, cut to a little more than is supported. */
static int64_t
start_of(const KefuCalendarRules *rules, int32_t date)
{
	date = Max(date, FIRST_DATE - BLOCK_DAYS);
	date = Min(date, FIRST_DATE + (BLOCKS + 1) * BLOCK_DAYS);
	return kefu_instant_of(rules, date * KEFU_DAY_US);
}

/* Joins what was known of the table's completeness into ranges of instants. */
static void
join_covers(KefuTimeline *timeline)
{
	const KefuCalendarRules *rules = timeline->edition.rules;
	size_t		i = 0;

	while (i < rules->ncovers)
	{
		int32_t		from_date = rules->covers[i].from_date;
		int32_t		to_date = from_date;

		for (; i < rules->ncovers; i++)
		{
			if (rules->covers[i].known_from > timeline->edition.known_at)
				continue;
			if (rules->covers[i].from_date > to_date)
				break;
			to_date = Max(to_date, rules->covers[i].to_date);
		}
		if (to_date > from_date)
			timeline->covers[timeline->ncovers++] = (KefuOpenRange) {
				start_of(rules, from_date), start_of(rules, to_date), 0
			};
	}
}

/*
 * Returns the rules as known at an instant (INT64_MAX: all of them), or NULL
 * without memory.  The rules must be sorted, stay where they are and outlive
 * the timeline; the caller frees it.
 */
KefuTimeline *
kefu_timeline_make(const KefuCalendarRules *rules, int64_t known_at)
{
	KefuTimeline *timeline = calloc(1, sizeof(KefuTimeline) +
									rules->ncovers * sizeof(KefuOpenRange));

	if (timeline == NULL)
		return NULL;
	timeline->edition = (KefuEdition) {rules, known_at};
	join_covers(timeline);
	return timeline;
}

void
kefu_timeline_free(KefuTimeline *timeline)
{
	if (timeline == NULL)
		return;
	for (int i = 0; i < BLOCKS; i++)
		kefu_block_free(timeline->blocks[i]);
	free(timeline);
}
