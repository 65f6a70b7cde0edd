/*
 * dayplan.c
 *		A day of posts on one account that keeps the rules of posting.
 *
 * Here: what is given, and what has a time of its own.  The other times are
 * made in dayplan_times.c, material is chosen for them in dayplan_match.c, and
 * dayplan_account.c says which rules are kept.
 */
#include "dayplan_internal.h"

#include <string.h>

#define DAY_MINUTES 1440

/* --- what is given ---------------------------------------------------------------- */

static bool
is_slot(int minute)
{
	return minute >= -1 && minute <= DAY_MINUTES;
}

/* Ratios and tolerances are small, so that no sum of them can overflow. */
static bool
is_small(int number)
{
	return number >= 0 && number <= 10000;
}

/* Times kept free: each a stretch of the day, whatever the order. */
static bool
are_pauses_good(const KefuDayRules *r)
{
	for (int i = 0; i < KEFU_DAY_PAUSES; i++)
		if (r->pause_from[i] != -1 &&
			(r->pause_from[i] < 0 || r->pause_to[i] < r->pause_from[i] ||
			 r->pause_to[i] > DAY_MINUTES))
			return false;
	return true;
}

static bool
are_rules_good(const KefuDayRules *r)
{
	return r->posts_min >= 0 && r->posts_min <= r->posts_max &&
		r->posts_max <= KEFU_DAY_POSTS && is_small(r->posts_wanted) &&
		r->window_from >= 0 && r->window_from < r->window_to &&
		r->window_to <= DAY_MINUTES && r->spacing_min > 0 &&
		r->spacing_min <= r->spacing_max && r->spacing_max <= DAY_MINUTES &&
		is_slot(r->morning) && is_slot(r->evening) &&
		(r->morning < 0 || r->evening < 0 || r->morning < r->evening) &&
		r->morning_tolerance <= DAY_MINUTES && r->morning_tolerance >= 0 &&
		r->evening_tolerance <= DAY_MINUTES && r->evening_tolerance >= 0 &&
		r->wish_tolerance <= DAY_MINUTES && r->wish_tolerance >= 0 &&
		is_small(r->mix[0]) && is_small(r->mix[1]) && is_small(r->mix[2]) &&
		is_small(r->mix_tolerance) && is_small(r->reposts) && is_small(r->originals) &&
		is_small(r->repost_tolerance) && is_small(r->soft_max) &&
		is_small(r->pictures_min) && r->grid > 0 && r->grid <= 60 &&
		r->plan_from >= 0 && r->plan_from <= DAY_MINUTES &&
		are_pauses_good(r);
}

static bool
is_post_good(const KefuDayPost *post, bool stands)
{
	int			soft = KEFU_IS_REPOST | KEFU_IS_SOFT;

	if (post->flags < 0 || post->flags > 7 || post->places < 0 || post->places > 15 ||
		(post->flags & soft) == KEFU_IS_SOFT ||
		post->earliest < 0 || post->earliest > DAY_MINUTES)
		return false;
	return stands || (post->latest >= 0 && post->latest <= DAY_MINUTES &&
					  post->wish >= -1 && post->wish <= DAY_MINUTES);
}

/* Room for arcs: see dayplan_flow.c; each has its way back. */
static size_t
arc_room(const KefuDayRules *rules, int candidate_count)
{
	size_t		times = rules->posts_max;
	size_t		groups = candidate_count;

	return 2 * (2 + 2 * times + groups * times + groups);
}

static size_t
node_room(const KefuDayRules *rules, int candidate_count)
{
	return (size_t) candidate_count + rules->posts_max + 5;
}

/* The next piece of the memory given, aligned for anything; NULL without one. */
static void *
carve(char *memory, size_t *used, size_t bytes)
{
	void	   *piece = memory == NULL ? NULL : memory + *used;

	*used += (bytes + 15) & ~(size_t) 15;
	return piece;
}

/* Lays the arrays out in memory, or only counts: returns the bytes they take. */
static size_t
lay_out(DayWork *w, char *memory, const KefuDayRules *rules, int stand_count,
		int candidate_count)
{
	size_t		used = 0;
	size_t		nodes = node_room(rules, candidate_count);

	(void) carve(memory, &used, sizeof(*w));
	w->posts = carve(memory, &used, (stand_count + KEFU_DAY_POSTS) * sizeof(DayPost));
	w->settled = carve(memory, &used, candidate_count * sizeof(bool));
	w->groups = carve(memory, &used, candidate_count * sizeof(DayGroup));
	w->next_in_group = carve(memory, &used, candidate_count * sizeof(int));
	w->arcs = carve(memory, &used, arc_room(rules, candidate_count) * sizeof(DayArc));
	w->head = carve(memory, &used, nodes * sizeof(int32_t));
	w->distance = carve(memory, &used, nodes * sizeof(int64_t));
	w->by_arc = carve(memory, &used, nodes * sizeof(int32_t));
	w->queue = carve(memory, &used, nodes * sizeof(int32_t));
	w->queued = carve(memory, &used, nodes * sizeof(bool));
	return used;
}

static bool
are_numbers_good(int stand_count, int candidate_count)
{
	return stand_count >= 0 && stand_count <= KEFU_DAY_MATERIAL &&
		candidate_count >= 0 && candidate_count <= KEFU_DAY_MATERIAL;
}

size_t
kefu_day_work_size(const KefuDayRules *rules, int stand_count, int candidate_count)
{
	DayWork		w;

	if (!are_rules_good(rules) || !are_numbers_good(stand_count, candidate_count))
		return 0;
	return lay_out(&w, NULL, rules, stand_count, candidate_count);
}

void
kefu_share(int total, const int *parts, int part_count, int *shares)
{
	int64_t		sum = 0;
	int			left = total;

	for (int i = 0; i < part_count; i++)
		sum += parts[i];
	for (int i = 0; i < part_count; i++)
	{
		shares[i] = sum == 0 ? 0 : (int) (total * (int64_t) parts[i] / sum);
		left -= shares[i];
	}
	for (; sum > 0 && left > 0; left--)
	{
		int			chosen = 0;
		int64_t		largest = -1;

		/* What got one already is behind everything that didn't. */
		for (int i = 0; i < part_count; i++)
		{
			int64_t		rest = total * (int64_t) parts[i] - shares[i] * sum;

			if (rest > largest)
			{
				largest = rest;
				chosen = i;
			}
		}
		shares[chosen]++;
	}
}

/* --- what stands, and what has a time of its own ---------------------------------------- */

/* Puts a post into the day, by minute, after those of the same minute. */
static void
stand(DayWork *w, const KefuDayPost *post, int minute, int candidate)
{
	int			at = w->post_count++;

	for (; at > 0 && w->posts[at - 1].minute > minute; at--)
		w->posts[at] = w->posts[at - 1];
	w->posts[at] = (DayPost) {minute, post->kind, post->flags, post->places, candidate};
	if (candidate != NOBODY)
		w->settled[candidate] = true;
}

static bool
has_room(const Day *day, int minute)
{
	const DayWork *w = day->w;
	const KefuDayRules *r = w->rules;
	int			spacing = r->spacing_min;

	for (int i = 0; i < KEFU_DAY_PAUSES; i++)
		if (r->pause_from[i] >= 0 && minute > r->pause_from[i] && minute < r->pause_to[i])
			return false;
	for (int i = 0; i < w->post_count; i++)
		if (minute > w->posts[i].minute - spacing && minute < w->posts[i].minute + spacing)
			return false;
	for (int s = 0; s < 2; s++)
		if (day->slot_minute[s] >= 0 && minute > day->slot_minute[s] - spacing &&
			minute < day->slot_minute[s] + spacing)
			return false;
	return true;
}

static bool
is_in_reach(const KefuDayPost *post, int minute)
{
	return minute >= post->earliest && minute <= post->latest;
}

static int
soft_count(const DayWork *w)
{
	int			count = 0;

	for (int i = 0; i < w->post_count; i++)
		count += (w->posts[i].flags & KEFU_IS_SOFT) != 0;
	return count;
}

/*
 * The minute nearest to "about" within the tolerance, the earlier of two, that
 * has room and is in reach of the candidate, or of any material fit for place;
 * times in the window before others.  -1 if there is none; *reason says why.
 */
static int
find_minute(const Day *day, int about, int tolerance, int candidate, int place,
			KefuDayReason *reason)
{
	const DayWork *w = day->w;

	*reason = KEFU_DAY_ROOM;
	for (int outside = 0; outside < 2; outside++)
		for (int step = 0; step <= 2 * tolerance; step++)
		{
			int			minute = about + (step % 2 != 0 ? -(step + 1) / 2 : step / 2);
			bool		is_outside = minute < w->rules->window_from ||
				minute > w->rules->window_to;

			if (is_outside != (outside == 1) || minute < w->rules->plan_from ||
				minute >= DAY_MINUTES ||
				!has_room(day, minute))
				continue;
			*reason = KEFU_DAY_STOCK;
			for (int c = 0; c < w->candidate_count; c++)
				if (!w->settled[c] && is_in_reach(&w->candidates[c], minute) &&
					(candidate != NOBODY ? c == candidate :
					 w->candidates[c].wish < 0 && (w->candidates[c].places & place) != 0))
				{
					*reason = KEFU_DAY_KEPT;
					return minute;
				}
		}
	return -1;
}

/* Settles material with a wish at the minute nearest to it, if that can be. */
static bool
settle_wish(Day *day, int candidate)
{
	DayWork    *w = day->w;
	const KefuDayPost *post = &w->candidates[candidate];
	int			minute;

	if (day_count(day) >= w->rules->posts_max ||
		((post->flags & KEFU_IS_SOFT) != 0 && soft_count(w) >= w->rules->soft_max))
	{
		day->wish_reason = KEFU_DAY_LIMIT;
		return false;
	}
	minute = find_minute(day, post->wish, w->rules->wish_tolerance, candidate, 0,
						 &day->wish_reason);
	if (minute < 0)
		return false;
	stand(w, post, minute, candidate);
	day->wishes_kept++;
	return true;
}

/* Material that wishes for a slot's time fills it; else a time is kept for it. */
static void
settle_slot(Day *day, int s)
{
	DayWork    *w = day->w;
	int			place = s == 0 ? KEFU_AT_MORNING : KEFU_AT_EVENING;
	int			slot = kefu_day_slot(w->rules, place);
	int			tolerance = kefu_day_tolerance(w->rules, place);

	day->slot_reason[s] = KEFU_DAY_KEPT;
	if (slot < 0 || kefu_day_slot_post(w, place) != NOBODY)
		return;
	for (int c = 0; c < w->candidate_count; c++)
	{
		const KefuDayPost *post = &w->candidates[c];

		if (post->wish >= 0 && (post->places & place) != 0 &&
			post->wish >= slot - tolerance && post->wish <= slot + tolerance &&
			settle_wish(day, c))
		{
			if (kefu_day_slot_post(w, place) != NOBODY)
				return;
			break;
		}
	}
	if (day_count(day) >= w->rules->posts_max)
		day->slot_reason[s] = KEFU_DAY_LIMIT;
	else
		day->slot_minute[s] = find_minute(day, slot, tolerance, NOBODY, place,
										  &day->slot_reason[s]);
}

static void
settle_wishes(Day *day)
{
	DayWork    *w = day->w;
	KefuDayReason reason = KEFU_DAY_KEPT;

	for (int c = 0; c < w->candidate_count; c++)
	{
		if (w->candidates[c].wish < 0)
			continue;
		day->wishes++;
		if (!w->settled[c] && !settle_wish(day, c))
			reason = day->wish_reason;
	}
	day->wish_reason = reason;
}

/* --- the interface ---------------------------------------------------------------------- */

/* Where a settled post stands in the day. */
static int
place_of(const DayWork *w, int i)
{
	if (i == kefu_day_slot_post(w, KEFU_AT_MORNING))
		return KEFU_AT_MORNING;
	if (i == kefu_day_slot_post(w, KEFU_AT_EVENING))
		return KEFU_AT_EVENING;
	return kefu_day_is_between(w->rules, w->posts[i].minute) ? KEFU_AT_BETWEEN : KEFU_AT_REST;
}

KefuDayStatus
kefu_plan_day(const KefuDayRules *rules, const KefuDayPost *standing, int stand_count,
			  const KefuDayPost *candidates, int candidate_count,
			  void *work, KefuDayPlan *plan)
{
	DayWork    *w = work;
	Day			day = {.w = w, .slot_minute = {-1, -1}};

	if (!are_rules_good(rules))
		return KEFU_DAY_BAD_RULES;
	if (!are_numbers_good(stand_count, candidate_count))
		return KEFU_DAY_TOO_MANY;
	memset(w, 0, sizeof(*w));
	(void) lay_out(w, work, rules, stand_count, candidate_count);
	w->rules = rules;
	w->candidates = candidates;
	w->candidate_count = candidate_count;
	for (int c = 0; c < candidate_count; c++)
	{
		if (!is_post_good(&candidates[c], false))
			return KEFU_DAY_BAD_POST;
		w->settled[c] = false;
	}
	for (int i = 0; i < stand_count; i++)
	{
		if (!is_post_good(&standing[i], true))
			return KEFU_DAY_BAD_POST;
		stand(w, &standing[i], standing[i].earliest, NOBODY);
	}
	settle_slot(&day, 0);
	settle_slot(&day, 1);
	settle_wishes(&day);
	kefu_day_choose_times(&day);
	kefu_day_match(w);
	for (int t = 0; t < w->time_count; t++)
		stand(w, &candidates[w->times[t].candidate], w->times[t].minute,
			  w->times[t].candidate);
	memset(plan, 0, sizeof(*plan));
	for (int i = 0; i < w->post_count; i++)
		if (w->posts[i].candidate != NOBODY)
			plan->slots[plan->slot_count++] = (KefuDaySlot) {
				w->posts[i].candidate, w->posts[i].minute, place_of(w, i)
			};
	kefu_day_account(&day, plan);
	return KEFU_DAY_OK;
}
