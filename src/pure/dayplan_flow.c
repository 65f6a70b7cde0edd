/*
 * dayplan_flow.c
 *		Which material for which time: one minimum-cost flow.
 *
 *		source -> original, repost -> (soft) -> group -> time -> sink
 *
 * A group is material that is equal for the rules and reaches the same times;
 * taking one more of it costs the place of the next in the order of
 * preference.  The arcs into "repost" cost what one more repost brings the day
 * nearer to or farther from its ratio, which is convex, so that they are taken
 * in order.  Filled times come first: an augmentation is made as long as there
 * is one (successive shortest paths, R. Busacker and P. Gowen, 1961; paths by
 * Bellman and Ford's algorithm with a queue, since costs are negative too).
 * The network is without circles before the first, so there is never one of
 * negative cost.
 */
#include "dayplan_internal.h"

#include <string.h>

#define SOURCE 0
#define ORIGINAL 1
#define REPOST 2
#define SOFT 3
#define FIRST_GROUP 4

/* Weights, each more than all that comes after it can sum up to */
#define SLOT_WEIGHT (INT64_C(1) << 56)	/* the two slots before other times */
#define PICTURE_WEIGHT (INT64_C(1) << 48)	/* a picture, while all count */
#define OVER_WEIGHT (INT64_C(1) << 40)	/* a repost beyond tolerance */
#define OFF_WEIGHT (INT64_C(1) << 28)	/* a repost off the ratio */

int
kefu_day_over(int actual, int target, int tolerance)
{
	int			off = actual > target ? actual - target : target - actual;

	return off > tolerance ? off - tolerance : 0;
}

/* --- groups -------------------------------------------------------------------- */

static void
reach(const DayWork *w, const KefuDayPost *post, DayGroup *group)
{
	group->first_time = 0;
	while (group->first_time < w->time_count &&
		   w->times[group->first_time].minute < post->earliest)
		group->first_time++;
	group->last_time = w->time_count - 1;
	while (group->last_time >= 0 && w->times[group->last_time].minute > post->latest)
		group->last_time--;
}

static bool
is_of_group(const DayGroup *a, const DayGroup *b)
{
	return a->kind == b->kind && a->flags == b->flags && a->places == b->places &&
		a->first_time == b->first_time && a->last_time == b->last_time;
}

/* Groups what isn't settled by what it is and which of the times it reaches. */
void
kefu_day_group(DayWork *w)
{
	w->group_count = 0;
	w->has_windows = false;
	for (int c = 0; c < w->candidate_count; c++)
	{
		const KefuDayPost *post = &w->candidates[c];
		DayGroup	group = {post->kind, post->flags, post->places, 0, 0, c, c, 1};
		int			g;

		if (w->settled[c] || post->wish >= 0)
			continue;
		if (group.kind < 0 || group.kind >= KEFU_DAY_KINDS)
			group.kind = KEFU_DAY_KINDS;
		reach(w, post, &group);
		if (group.first_time > group.last_time)
			continue;
		if (group.first_time > 0 || group.last_time < w->time_count - 1)
			w->has_windows = true;
		w->next_in_group[c] = NOBODY;
		for (g = 0; g < w->group_count; g++)
			if (is_of_group(&w->groups[g], &group))
				break;
		if (g == w->group_count)
			w->groups[w->group_count++] = group;
		else
		{
			w->next_in_group[w->groups[g].last] = c;
			w->groups[g].last = c;
			w->groups[g].size++;
		}
	}
}

static bool
fits(const DayGroup *group, const DayTime *time, int index)
{
	return index >= group->first_time && index <= group->last_time &&
		(group->places & time->place) != 0 &&
		(time->place != KEFU_AT_BETWEEN || group->kind < KEFU_DAY_KINDS) &&
		(time->kind == ANY_KIND || group->kind == time->kind) &&
		(!time->asks_picture || (group->flags & KEFU_HAS_PICTURE) != 0);
}

/* --- the network ---------------------------------------------------------------- */

static void
add_half(DayWork *w, int from, int to, int room, int64_t cost)
{
	w->arcs[w->arc_count] = (DayArc) {to, w->head[from], room, cost};
	w->head[from] = w->arc_count++;
}

/* An arc and, at the number with the last bit flipped, its way back. */
static void
add_arc(DayWork *w, int from, int to, int room, int64_t cost)
{
	add_half(w, from, to, room, cost);
	add_half(w, to, from, 0, -cost);
}

/* Cost of a day with so many reposts: how far it is from its ratio. */
static int64_t
reposts_cost(const DayWork *w, int reposts, int target)
{
	int			off = reposts > target ? reposts - target : target - reposts;

	return kefu_day_over(reposts, target, w->rules->repost_tolerance) * OVER_WEIGHT +
		off * OFF_WEIGHT;
}

/* Source to original and repost, and repost to soft. */
static void
add_sorts(DayWork *w, bool weigh_reposts)
{
	int			ratio[2] = {w->rules->reposts, w->rules->originals};
	int			target[2];
	int			reposts = 0;
	int			soft = 0;

	for (int i = 0; i < w->post_count; i++)
	{
		reposts += (w->posts[i].flags & KEFU_IS_REPOST) != 0;
		soft += (w->posts[i].flags & KEFU_IS_SOFT) != 0;
	}
	kefu_share(w->post_count + w->time_count, ratio, 2, target);
	add_arc(w, SOURCE, ORIGINAL, w->time_count, 0);
	for (int i = 0; i < w->time_count; i++)
		add_arc(w, SOURCE, REPOST, 1, !weigh_reposts ? 0 :
				reposts_cost(w, reposts + i + 1, target[0]) -
				reposts_cost(w, reposts + i, target[0]));
	if (soft < w->rules->soft_max)
		add_arc(w, REPOST, SOFT, w->rules->soft_max - soft, 0);
}

static void
add_group(DayWork *w, int g, const DayTime *times)
{
	const DayGroup *group = &w->groups[g];
	int			sort = (group->flags & KEFU_IS_SOFT) != 0 ? SOFT :
		(group->flags & KEFU_IS_REPOST) != 0 ? REPOST : ORIGINAL;
	int64_t		bonus = w->wants_pictures && (group->flags & KEFU_HAS_PICTURE) != 0 ?
		PICTURE_WEIGHT : 0;
	int			c = group->first;
	bool		is_wanted = false;

	for (int t = 0; t < w->time_count; t++)
		if (fits(group, &times[t], t))
		{
			add_arc(w, FIRST_GROUP + g, FIRST_GROUP + w->group_count + t, 1, 0);
			is_wanted = true;
		}
	for (int i = 0; is_wanted && i < w->time_count && c != NOBODY; i++)
	{
		add_arc(w, sort, FIRST_GROUP + g, 1, c - bonus);
		c = w->next_in_group[c];
	}
}

static void
build(DayWork *w, const DayTime *times, bool weigh_reposts)
{
	int			first_time = FIRST_GROUP + w->group_count;

	w->node_count = first_time + w->time_count + 1;
	w->arc_count = 0;
	for (int i = 0; i < w->node_count; i++)
		w->head[i] = NOBODY;
	add_sorts(w, weigh_reposts);
	for (int g = 0; g < w->group_count; g++)
		add_group(w, g, times);
	for (int t = 0; t < w->time_count; t++)
		add_arc(w, first_time + t, w->node_count - 1, 1,
				times[t].place == KEFU_AT_MORNING ? -2 * SLOT_WEIGHT :
				times[t].place == KEFU_AT_EVENING ? -SLOT_WEIGHT : 0);
}

/* Finds the cheapest way from source to sink; false if there is none. */
static bool
find_way(DayWork *w)
{
	int			first = 0;
	int			waiting = 1;

	for (int i = 0; i < w->node_count; i++)
	{
		w->distance[i] = INT64_MAX;
		w->queued[i] = false;
	}
	w->distance[SOURCE] = 0;
	w->queue[0] = SOURCE;
	while (waiting > 0)
	{
		int			node = w->queue[first];

		first = (first + 1) % w->node_count;
		waiting--;
		w->queued[node] = false;
		for (int a = w->head[node]; a != NOBODY; a = w->arcs[a].next)
		{
			const DayArc *arc = &w->arcs[a];
			int64_t		distance = w->distance[node] + arc->cost;

			if (arc->room == 0 || distance >= w->distance[arc->to])
				continue;
			w->distance[arc->to] = distance;
			w->by_arc[arc->to] = a;
			if (!w->queued[arc->to])
			{
				w->queued[arc->to] = true;
				w->queue[(first + waiting++) % w->node_count] = arc->to;
			}
		}
	}
	return w->distance[w->node_count - 1] < INT64_MAX;
}

/*
 * Fills the times, as many as can be; each time's candidate is set.  Within a
 * group the one that is preferred gets the earlier time.  Returns how many are
 * filled.
 */
int
kefu_day_fill(DayWork *w, DayTime *times, bool weigh_reposts)
{
	int			filled = 0;

	build(w, times, weigh_reposts);
	for (; find_way(w); filled++)
		for (int node = w->node_count - 1; node != SOURCE;)
		{
			int			a = w->by_arc[node];

			w->arcs[a].room--;
			w->arcs[a ^ 1].room++;
			node = w->arcs[a ^ 1].to;
		}
	for (int t = 0; t < w->time_count; t++)
		times[t].candidate = NOBODY;
	for (int g = 0; g < w->group_count; g++)
	{
		int			got[KEFU_DAY_POSTS];
		int			count = 0;
		int			c = w->groups[g].first;

		for (int a = w->head[FIRST_GROUP + g]; a != NOBODY; a = w->arcs[a].next)
			if ((a & 1) == 0 && w->arcs[a].room == 0)
				got[count++] = w->arcs[a].to - FIRST_GROUP - w->group_count;
		/* The list has the last arc first. */
		for (; count > 0; c = w->next_in_group[c])
			times[got[--count]].candidate = c;
	}
	return filled;
}
