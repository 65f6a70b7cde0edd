/*
 * dayplan_times.c
 *		When new posts go out on a day, beside what has its time already.
 *
 * Times are made stretch by stretch, between two posts that stand or between a
 * post and an end of the window (see dayplan.h for what is the best there is).
 */
#include "dayplan_internal.h"

#include <string.h>

/* A part of the window that isn't kept free */
typedef struct Span
{
	int			from;
	int			to;
} Span;

/* Time between two posts, or a post and the span's end */
typedef struct Stretch
{
	int			low;			/* first and last minute for a new post */
	int			high;
	int			from;			/* from where to where gaps are measured */
	int			to;
	int			left;			/* the post before it, -1 none */
	int			needed;			/* new posts without which a gap is too long */
	int			capacity;
	int			count;			/* new posts it gets */
} Stretch;

/* What stands or has its time, and the times kept for the slots, by minute. */
static int
collect_minutes(const Day *day, int *minutes)
{
	const DayWork *w = day->w;
	int			count = 0;

	for (int i = 0; i < w->post_count; i++)
		minutes[count++] = w->posts[i].minute;
	for (int s = 0; s < 2; s++)
		if (day->slot_minute[s] >= 0)
		{
			int			at = count++;

			for (; at > 0 && minutes[at - 1] > day->slot_minute[s]; at--)
				minutes[at] = minutes[at - 1];
			minutes[at] = day->slot_minute[s];
		}
	return count;
}

/*
 * The parts of the window that are not kept free, in order, and how many there
 * are.  A time kept free is as long as the spacing at least, so that posts on
 * both sides of it need not know of each other.
 */
static int
make_spans(const KefuDayRules *r, Span *spans)
{
	int			count = 0;
	int			from = r->window_from;

	while (from <= r->window_to)
	{
		int			next_from = r->window_to + 1;
		int			next_to = next_from;

		for (int i = 0; i < KEFU_DAY_PAUSES; i++)
		{
			int			to = larger(r->pause_to[i], r->pause_from[i] + r->spacing_min);

			if (r->pause_from[i] >= 0 && to > from && r->pause_from[i] < next_from)
			{
				next_from = r->pause_from[i];
				next_to = to;
			}
		}
		if (next_from >= from)
			spans[count++] = (Span) {from, smaller(next_from, r->window_to)};
		from = next_to;
	}
	return count;
}

/*
 * The stretch of a span between two posts; -1 for none before or after.  Of a
 * gap that is past only as much counts as the next post can still end in time.
 */
static Stretch
make_stretch(const KefuDayRules *r, const Span *span, int left, int right)
{
	Stretch		s = {.left = left};

	s.low = left < 0 ? span->from : larger(left + r->spacing_min, span->from);
	s.high = right < 0 ? span->to : smaller(right - r->spacing_min, span->to);
	s.from = left < 0 ? span->from : larger(left, span->from);
	s.low = larger(s.low, r->plan_from);
	s.from = larger(s.from, r->plan_from - r->spacing_max);
	s.to = right < 0 ? span->to : smaller(right, span->to);
	if (s.to > s.from)
		s.needed = (s.to - s.from + r->spacing_max - 1) / r->spacing_max - 1;
	if (s.high >= s.low)
		s.capacity = (s.high - s.low) / r->spacing_min + 1;
	return s;
}

/* Longest time between two posts (-1 none) that is not kept free. */
int
kefu_day_longest_empty(const KefuDayRules *rules, int left, int right)
{
	Span		spans[KEFU_DAY_PAUSES + 1];
	int			count = make_spans(rules, spans);
	int			longest = 0;

	for (int i = 0; i < count; i++)
		longest = larger(longest, (right < 0 ? spans[i].to : smaller(right, spans[i].to)) -
						 larger(left, spans[i].from));
	return longest;
}

/*
 * True if one more post does more in a than in b: closes a gap that is too
 * long, else takes more from the sum of squared gaps, length^2 / parts.
 */
static bool
needs_more(const Stretch *a, const Stretch *b)
{
	int64_t		a_square = (int64_t) (a->to - a->from) * (a->to - a->from);
	int64_t		b_square = (int64_t) (b->to - b->from) * (b->to - b->from);
	bool		a_open = a->count < a->needed;
	bool		b_open = b->count < b->needed;

	if (a_open != b_open)
		return a_open;
	return a_square * (b->count + 1) * (b->count + 2) >
		b_square * (a->count + 1) * (a->count + 2);
}

/* Gives "count" new posts to stretches, one by one; returns how many fit in. */
static int
distribute(Stretch *stretches, int stretch_count, int count)
{
	int			given = 0;

	for (; given < count; given++)
	{
		Stretch    *chosen = NULL;

		for (int i = 0; i < stretch_count; i++)
			if (stretches[i].count < stretches[i].capacity &&
				(chosen == NULL || needs_more(&stretches[i], chosen)))
				chosen = &stretches[i];
		if (chosen == NULL)
			break;
		chosen->count++;
	}
	return given;
}

static void
add_time(DayWork *w, int minute, int place)
{
	int			at = w->time_count++;

	for (; at > 0 && w->times[at - 1].minute > minute; at--)
		w->times[at] = w->times[at - 1];
	w->times[at] = (DayTime) {minute, place, ANY_KIND, false, NOBODY};
}

/* The multiple of grid nearest to ideal within low..high, else ideal in there. */
static int
round_within(int ideal, int grid, int low, int high)
{
	int			minute = (ideal + grid / 2) / grid * grid;

	if (minute < low)
		minute += (low - minute + grid - 1) / grid * grid;
	if (minute > high)
		minute -= (minute - high + grid - 1) / grid * grid;
	if (minute >= low && minute <= high)
		return minute;
	return smaller(larger(ideal, low), high);
}

/*
 * New times of a stretch: even, each moved to the grid as long as the spacing
 * and, where it can be kept at all, the longest gap hold for it and for those
 * after it.
 */
static void
add_stretch(DayWork *w, const Stretch *s)
{
	const KefuDayRules *r = w->rules;
	int			before = s->left;	/* the post before, and where its gap begins */
	int			gap_from = s->from;

	for (int i = 1; i <= s->count; i++)
	{
		int			after = s->count - i;
		int			ideal = s->from + (s->to - s->from) * i / (s->count + 1);
		int			low = larger(s->low, before < 0 ? s->low : before + r->spacing_min);
		int			high = s->high - after * r->spacing_min;
		int			gap_low = larger(low, s->to - (after + 1) * r->spacing_max);
		int			gap_high = smaller(high, gap_from + r->spacing_max);
		int			minute = gap_low <= gap_high ?
			round_within(ideal, r->grid, gap_low, gap_high) :
			round_within(ideal, r->grid, low, high);

		add_time(w, minute, kefu_day_is_between(r, minute) ? KEFU_AT_BETWEEN : KEFU_AT_REST);
		before = gap_from = minute;
	}
}

/*
 * Times of a day: as many as the rules ask for, but at most "limit" beside
 * those of the slots.  Returns how many there are beside them.
 */
static int
make_times(Day *day, int limit)
{
	DayWork    *w = day->w;
	const KefuDayRules *r = w->rules;
	/* What stands beyond posts_max leaves nothing to plan. */
	int			minutes[KEFU_DAY_POSTS + 2];
	Stretch		stretches[(KEFU_DAY_POSTS + 3) * (KEFU_DAY_PAUSES + 1)];
	Span		spans[KEFU_DAY_PAUSES + 1];
	int			span_count = make_spans(r, spans);
	int			count = 0;
	int			stretch_count = 0;
	int			needed = 0;
	int			given;

	w->time_count = 0;
	if (day_count(day) <= r->posts_max)
	{
		count = collect_minutes(day, minutes);
		for (int i = 0; i < (count + 1) * span_count; i++)
		{
			int			post = i / span_count;

			stretches[stretch_count++] =
				make_stretch(r, &spans[i % span_count], post == 0 ? -1 : minutes[post - 1],
							 post == count ? -1 : minutes[post]);
		}
	}
	for (int i = 0; i < stretch_count; i++)
		needed += smaller(stretches[i].needed, stretches[i].capacity);
	needed = larger(needed, larger(r->posts_min, r->posts_wanted) - count);
	needed = larger(0, smaller(needed, r->posts_max - day_count(day)));
	given = distribute(stretches, stretch_count, smaller(needed, limit));
	for (int s = 0; s < 2; s++)
		if (day->slot_minute[s] >= 0)
			add_time(w, day->slot_minute[s], s == 0 ? KEFU_AT_MORNING : KEFU_AT_EVENING);
	for (int i = 0; i < stretch_count; i++)
		add_stretch(w, &stretches[i]);
	return given;
}

/* Gives up the slots whose times found nothing; true if there was one. */
static bool
give_up_slots(Day *day)
{
	bool		found = false;

	for (int t = 0; t < day->w->time_count; t++)
	{
		const DayTime *time = &day->w->times[t];
		int			s = time->place == KEFU_AT_EVENING;

		if (time->candidate != NOBODY ||
			(time->place != KEFU_AT_MORNING && time->place != KEFU_AT_EVENING))
			continue;
		day->slot_minute[s] = -1;
		day->slot_reason[s] = KEFU_DAY_STOCK;
		found = true;
	}
	return found;
}

static void
drop_unfilled(DayWork *w)
{
	int			kept = 0;

	for (int t = 0; t < w->time_count; t++)
		if (w->times[t].candidate != NOBODY)
			w->times[kept++] = w->times[t];
	w->time_count = kept;
}

/*
 * Makes as many times as can be filled.  With fewer posts the times move, and
 * material with times of its own may fit better or worse; so fewer are tried
 * until all of them are filled or more were filled before.
 */
void
kefu_day_choose_times(Day *day)
{
	DayWork    *w = day->w;
	DayTime    *best = w->best; /* not in use yet */
	int			best_count = 0;
	int			limit = KEFU_DAY_POSTS;

	for (;;)
	{
		int			given = make_times(day, limit);
		int			made = w->time_count;
		int			filled;

		kefu_day_group(w);
		filled = kefu_day_fill(w, w->times, false);
		if (give_up_slots(day))
		{
			best_count = 0;
			continue;
		}
		if (filled < made)
			day->is_stock_short = true;
		drop_unfilled(w);
		if (filled > best_count || filled == made)
		{
			best_count = filled;
			memcpy(best, w->times, filled * sizeof(DayTime));
		}
		if (filled == made || given == 0 || made - 1 < best_count)
			break;
		limit = given - 1;
	}
	w->time_count = best_count;
	memcpy(w->times, best, best_count * sizeof(DayTime));
	kefu_day_group(w);
}
