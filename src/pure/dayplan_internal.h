/*
 * dayplan_internal.h
 *		What the files of the day's planner share.
 */
#ifndef KEFU_PURE_DAYPLAN_INTERNAL_H
#define KEFU_PURE_DAYPLAN_INTERNAL_H

#include "dayplan.h"

#define ANY_KIND (-1)
#define NOBODY (-1)

/* A time that is to be filled */
typedef struct DayTime
{
	int			minute;
	int			place;
	int			kind;			/* that it asks for, or ANY_KIND */
	bool		asks_picture;
	int			candidate;		/* that it got, or NOBODY */
} DayTime;

/* A post of the day, standing or planned */
typedef struct DayPost
{
	int			minute;
	int			kind;
	int			flags;
	int			places;			/* for which it is fit */
	int			candidate;		/* NOBODY: it stood before */
} DayPost;

/* Candidates that are equal for the rules and the times in question */
typedef struct DayGroup
{
	int			kind;
	int			flags;
	int			places;
	int			first_time;		/* indexes of the first and last time in reach */
	int			last_time;
	int			first;			/* candidate; the next ones are linked */
	int			last;
	int			size;
} DayGroup;

typedef struct DayArc
{
	int32_t		to;
	int32_t		next;
	int32_t		room;
	int64_t		cost;
} DayArc;

/* How good an assignment is: less is better, in this order */
typedef struct DayCost
{
	int			unfilled;
	int			pictures_short;
	int			mix_over;
	int			reposts_over;
	int			mix_off;
	int			reposts_off;
	int64_t		places;
} DayCost;

/* The memory to work in; the arrays follow it. */
typedef struct DayWork
{
	const KefuDayRules *rules;
	const KefuDayPost *candidates;
	int			candidate_count;
	/* the day: what stands, and material whose time is settled */
	DayPost    *posts;
	int			post_count;
	int			stand_count;
	bool	   *settled;		/* of each candidate */
	/* times to be filled, by minute */
	DayTime		times[KEFU_DAY_POSTS];
	int			time_count;
	/* scratch of the assignment */
	DayTime		tried[KEFU_DAY_POSTS];
	DayTime		best[KEFU_DAY_POSTS];
	DayGroup   *groups;
	int			group_count;
	bool		has_windows;	/* a group that is out of reach of a time */
	bool		wants_pictures; /* as many as there can be */
	int		   *next_in_group;	/* of each candidate */
	DayArc	   *arcs;
	int			arc_count;
	int32_t    *head;			/* of each node of the flow */
	int64_t    *distance;
	int32_t    *by_arc;
	int32_t    *queue;
	bool	   *queued;
	int			node_count;
} DayWork;

/* Why each slot isn't filled; KEFU_DAY_KEPT while it is, or will be */
typedef struct Day
{
	DayWork    *w;
	KefuDayReason slot_reason[2];	/* morning, evening */
	int			slot_minute[2];		/* to be filled; -1 not */
	KefuDayReason wish_reason;
	int			wishes;
	int			wishes_kept;
	bool		is_stock_short;		/* times were left for want of material */
} Day;

static inline int
larger(int a, int b)
{
	return a > b ? a : b;
}

static inline int
smaller(int a, int b)
{
	return a < b ? a : b;
}

/* Posts of the day so far, with those that are to fill a slot. */
static inline int
day_count(const Day *day)
{
	return day->w->post_count + (day->slot_minute[0] >= 0) + (day->slot_minute[1] >= 0);
}

/* dayplan_times.c */
extern void kefu_day_choose_times(Day *day);
extern int	kefu_day_longest_empty(const KefuDayRules *rules, int left, int right);

/* dayplan_account.c */
extern void kefu_day_account(const Day *day, KefuDayPlan *plan);

/* dayplan_flow.c */
extern void kefu_day_group(DayWork *w);
extern int	kefu_day_fill(DayWork *w, DayTime *times, bool weigh_reposts);

/* dayplan_match.c */
extern void kefu_day_match(DayWork *w);
extern bool kefu_day_is_between(const KefuDayRules *rules, int minute);
extern int	kefu_day_slot(const KefuDayRules *rules, int place);
extern int	kefu_day_tolerance(const KefuDayRules *rules, int place);
extern int	kefu_day_slot_post(const DayWork *w, int place);
extern void kefu_day_count_between(const DayWork *w, bool standing, int *count);
extern int	kefu_day_over(int actual, int target, int tolerance);

#endif							/* KEFU_PURE_DAYPLAN_INTERNAL_H */
