/*
 * dayplan_match.c
 *		The best material for given times.
 *
 * How many posts of each kind stand between the slots decides first; for one
 * such mix the rest is a flow (dayplan_flow.c).  So mixes are tried from the
 * best on until no other can be better.
 */
#include "dayplan_internal.h"

#include <string.h>

typedef struct Mix
{
	int			count[KEFU_DAY_KINDS];	/* times that ask for each kind */
	int			over;
	int			off;
} Mix;

bool
kefu_day_is_between(const KefuDayRules *rules, int minute)
{
	return (rules->morning < 0 || minute > rules->morning) &&
		(rules->evening < 0 || minute < rules->evening);
}

/* Minute of the slot that a place is, -1 if the rules have none. */
int
kefu_day_slot(const KefuDayRules *rules, int place)
{
	return place == KEFU_AT_MORNING ? rules->morning : rules->evening;
}

int
kefu_day_tolerance(const KefuDayRules *rules, int place)
{
	return place == KEFU_AT_MORNING ? rules->morning_tolerance : rules->evening_tolerance;
}

/*
 * Index of the post of the day that fills a slot: fit for it, within tolerance,
 * the nearest, of equal ones the first; NOBODY if there is none.
 */
int
kefu_day_slot_post(const DayWork *w, int place)
{
	int			slot = kefu_day_slot(w->rules, place);
	int			found = NOBODY;
	int			nearest = kefu_day_tolerance(w->rules, place) + 1;

	for (int i = 0; slot >= 0 && i < w->post_count; i++)
	{
		int			off = w->posts[i].minute - slot;

		if (off < 0)
			off = -off;
		if ((w->posts[i].places & place) != 0 && off < nearest)
		{
			nearest = off;
			found = i;
		}
	}
	return found;
}

/*
 * Posts of each kind between the slots, those that fill a slot apart; with
 * "standing" only what stood there before the plan.
 */
void
kefu_day_count_between(const DayWork *w, bool standing, int *count)
{
	int			morning = kefu_day_slot_post(w, KEFU_AT_MORNING);
	int			evening = kefu_day_slot_post(w, KEFU_AT_EVENING);

	memset(count, 0, KEFU_DAY_KINDS * sizeof(*count));
	for (int i = 0; i < w->post_count; i++)
		if (i != morning && i != evening && w->posts[i].kind >= 0 &&
			w->posts[i].kind < KEFU_DAY_KINDS &&
			(!standing || w->posts[i].candidate == NOBODY) &&
			kefu_day_is_between(w->rules, w->posts[i].minute))
			count[w->posts[i].kind]++;
}

/* How far a mix of all posts between the slots is from the ratio. */
static void
weigh_mix(const KefuDayRules *rules, const int *count, int *over, int *off)
{
	int			target[KEFU_DAY_KINDS];
	int			total = 0;

	for (int k = 0; k < KEFU_DAY_KINDS; k++)
		total += count[k];
	kefu_share(total, rules->mix, KEFU_DAY_KINDS, target);
	*over = *off = 0;
	for (int k = 0; k < KEFU_DAY_KINDS; k++)
	{
		*over += kefu_day_over(count[k], target[k], rules->mix_tolerance);
		*off += kefu_day_over(count[k], target[k], 0);
	}
}

static DayCost
weigh(const DayWork *w, const DayTime *times)
{
	const KefuDayRules *rules = w->rules;
	int			ratio[2] = {rules->reposts, rules->originals};
	int			target[2];
	int			between[KEFU_DAY_KINDS];
	int			reposts = 0;
	int			pictures = 0;
	DayCost		cost = {0};

	kefu_day_count_between(w, false, between);
	for (int i = 0; i < w->post_count; i++)
	{
		reposts += (w->posts[i].flags & KEFU_IS_REPOST) != 0;
		pictures += (w->posts[i].flags & KEFU_HAS_PICTURE) != 0;
	}
	for (int t = 0; t < w->time_count; t++)
	{
		const KefuDayPost *post;

		if (times[t].candidate == NOBODY)
		{
			cost.unfilled++;
			continue;
		}
		post = &w->candidates[times[t].candidate];
		if (times[t].place == KEFU_AT_BETWEEN)
			between[post->kind]++;
		reposts += (post->flags & KEFU_IS_REPOST) != 0;
		pictures += (post->flags & KEFU_HAS_PICTURE) != 0;
		cost.places += times[t].candidate;
	}
	if (pictures < rules->pictures_min)
		cost.pictures_short = rules->pictures_min - pictures;
	weigh_mix(rules, between, &cost.mix_over, &cost.mix_off);
	kefu_share(w->post_count + w->time_count - cost.unfilled, ratio, 2, target);
	cost.reposts_over = kefu_day_over(reposts, target[0], rules->repost_tolerance);
	cost.reposts_off = kefu_day_over(reposts, target[0], 0);
	return cost;
}

static bool
is_better(const DayCost *a, const DayCost *b)
{
	if (a->unfilled != b->unfilled)
		return a->unfilled < b->unfilled;
	if (a->pictures_short != b->pictures_short)
		return a->pictures_short < b->pictures_short;
	if (a->mix_over != b->mix_over)
		return a->mix_over < b->mix_over;
	if (a->reposts_over != b->reposts_over)
		return a->reposts_over < b->reposts_over;
	if (a->mix_off != b->mix_off)
		return a->mix_off < b->mix_off;
	if (a->reposts_off != b->reposts_off)
		return a->reposts_off < b->reposts_off;
	return a->places < b->places;
}

/* Keeps what was tried if it is better than the best so far. */
static void
keep(DayWork *w, const DayCost *cost, DayCost *best)
{
	if (!is_better(cost, best))
		return;
	*best = *cost;
	memcpy(w->best, w->tried, w->time_count * sizeof(DayTime));
}

/*
 * One time more asks for a picture: the one where that costs least.  False if
 * no time gets the day nearer to its pictures.
 */
static bool
ask_picture(DayWork *w, DayCost *cost)
{
	int			chosen = NOBODY;

	for (int t = 0; t < w->time_count; t++)
	{
		DayCost		tried;

		if (w->tried[t].asks_picture)
			continue;
		w->tried[t].asks_picture = true;
		kefu_day_fill(w, w->tried, true);
		tried = weigh(w, w->tried);
		w->tried[t].asks_picture = false;
		if (is_better(&tried, cost))
		{
			*cost = tried;
			chosen = t;
		}
	}
	if (chosen != NOBODY)
		w->tried[chosen].asks_picture = true;
	return chosen != NOBODY;
}

static DayCost
fill_tried(DayWork *w, DayCost *best)
{
	DayCost		cost;

	kefu_day_fill(w, w->tried, true);
	cost = weigh(w, w->tried);
	keep(w, &cost, best);
	return cost;
}

/*
 * Fills the times that are tried, with pictures if that can be: asked for time
 * by time, which is the best for one picture, else as many as there can be.
 */
static void
try_times(DayWork *w, bool has_pictures, DayCost *best)
{
	DayCost		cost;

	for (int t = 0; t < w->time_count; t++)
		w->tried[t].asks_picture = false;
	cost = fill_tried(w, best);
	if (cost.pictures_short == 0 || cost.unfilled > 0 || !has_pictures)
		return;
	while (cost.pictures_short > 0 && ask_picture(w, &cost))
		;
	cost = fill_tried(w, best);
	if (cost.pictures_short == 0)
		return;
	for (int t = 0; t < w->time_count; t++)
		w->tried[t].asks_picture = false;
	w->wants_pictures = true;
	(void) fill_tried(w, best);
	w->wants_pictures = false;
}

/*
 * Kinds of a mix over the day: each in turn the one that is most behind its
 * share of what has been given.
 */
static void
spread_kinds(const Mix *mix, int total, int *kinds)
{
	int			given[KEFU_DAY_KINDS] = {0};

	for (int i = 0; i < total; i++)
	{
		int			chosen = 0;
		int			most = -1;

		for (int k = 0; k < KEFU_DAY_KINDS; k++)
		{
			int			behind = mix->count[k] * (i + 1) - given[k] * total + total * total;

			if (given[k] < mix->count[k] && behind > most)
			{
				most = behind;
				chosen = k;
			}
		}
		given[chosen]++;
		kinds[i] = chosen;
	}
}

/* Tries a mix in one order, or in as many as it has times (see dayplan.h). */
static void
try_mix(DayWork *w, const Mix *mix, bool has_pictures, DayCost *best)
{
	int			kinds[KEFU_DAY_POSTS];
	int			total = 0;

	for (int k = 0; k < KEFU_DAY_KINDS; k++)
		total += mix->count[k];
	spread_kinds(mix, total, kinds);
	for (int turn = 0; turn < (w->has_windows && total > 0 ? total : 1); turn++)
	{
		int			i = turn;

		memcpy(w->tried, w->times, w->time_count * sizeof(DayTime));
		for (int t = 0; t < w->time_count; t++)
			if (w->tried[t].place == KEFU_AT_BETWEEN)
				w->tried[t].kind = kinds[i++ % total];
		try_times(w, has_pictures, best);
	}
}

static int
compare_mixes(const Mix *a, const Mix *b)
{
	if (a->over != b->over)
		return a->over < b->over ? -1 : 1;
	if (a->off != b->off)
		return a->off < b->off ? -1 : 1;
	for (int k = 0; k < KEFU_DAY_KINDS; k++)
		if (a->count[k] != b->count[k])
			return a->count[k] > b->count[k] ? -1 : 1;
	return 0;
}

/*
 * The mix next to "last" of "total" times, with what stands and what is in
 * stock of each kind; before the first, last->over is -1.  False if that was
 * the last.
 */
static bool
next_mix(const KefuDayRules *rules, const int *stands, const int *stock, int total,
		 const Mix *last, Mix *next)
{
	bool		found = false;
	Mix			mix;

	for (mix.count[0] = 0; mix.count[0] <= total; mix.count[0]++)
		for (mix.count[1] = 0; mix.count[0] + mix.count[1] <= total; mix.count[1]++)
		{
			int			sum[KEFU_DAY_KINDS];
			bool		has_all = true;

			mix.count[2] = total - mix.count[0] - mix.count[1];
			for (int k = 0; k < KEFU_DAY_KINDS; k++)
			{
				sum[k] = stands[k] + mix.count[k];
				has_all = has_all && mix.count[k] <= stock[k];
			}
			if (!has_all)
				continue;
			weigh_mix(rules, sum, &mix.over, &mix.off);
			if (compare_mixes(&mix, last) > 0 && (!found || compare_mixes(&mix, next) < 0))
			{
				*next = mix;
				found = true;
			}
		}
	return found;
}

/* True if neither this mix nor a later one can be better than the best. */
static bool
is_hopeless(const Mix *mix, const DayCost *best, bool has_pictures)
{
	if (best->unfilled > 0 || (best->pictures_short > 0 && has_pictures))
		return false;
	return mix->over > best->mix_over ||
		(mix->over == best->mix_over && best->reposts_over == 0 &&
		 mix->off > best->mix_off);
}

/* Fills w->times with the best there is; w->groups are made for them. */
void
kefu_day_match(DayWork *w)
{
	int			stands[KEFU_DAY_KINDS];
	int			stock[KEFU_DAY_KINDS] = {0};
	int			total = 0;
	bool		has_pictures = false;
	Mix			last = {{0}, -1, 0};
	Mix			mix;
	DayCost		best = {.unfilled = KEFU_DAY_POSTS + 1};

	for (int g = 0; g < w->group_count; g++)
	{
		const DayGroup *group = &w->groups[g];

		has_pictures = has_pictures || (group->flags & KEFU_HAS_PICTURE) != 0;
		if (group->kind < KEFU_DAY_KINDS && (group->places & KEFU_AT_BETWEEN) != 0)
			stock[group->kind] += group->size;
	}
	for (int t = 0; t < w->time_count; t++)
		total += w->times[t].place == KEFU_AT_BETWEEN;
	kefu_day_count_between(w, false, stands);

	/* Whatever the order of the kinds: what can be filled is filled. */
	memcpy(w->tried, w->times, w->time_count * sizeof(DayTime));
	try_times(w, has_pictures, &best);
	while (next_mix(w->rules, stands, stock, total, &last, &mix) &&
		   !is_hopeless(&mix, &best, has_pictures))
	{
		try_mix(w, &mix, has_pictures, &best);
		last = mix;
	}
	memcpy(w->times, w->best, w->time_count * sizeof(DayTime));
}
