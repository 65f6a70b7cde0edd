/*
 * dayplan.h
 *		A day of posts on one account that keeps the rules of posting.
 *
 * Given the rules, what already stands on the day and the material in stock,
 * kefu_plan_day() says which material goes out when, and of each rule whether
 * the day keeps it and, if not, why.  The same input gives the same plan on
 * every machine: integers only, no hashing, no clock, ties by position.
 *
 * The plan is made in this order, and what comes first is never given up for
 * what comes later:
 *
 * 1. Never broken, whatever is missing: material once and within its own
 *    times, spacing_min to everything, soft_max, posts_max.
 * 2. The two slots of the day, then the wishes of the material itself.
 * 3. Times.  The number of posts is the least that leaves no gap over
 *    spacing_max (posts_min or posts_wanted if more); the window's ends, and
 *    those of a time kept free, are where gaps begin and end.  Between two posts that
 *    stand, new ones are spread evenly; which stretch gets one more is decided
 *    one by one: where a gap is still too long, else where the sum of squared
 *    gaps falls most.  Both measures are separable and convex, so this greedy
 *    choice is the best there is for the number given.
 * 4. Material for these times: as many as can be filled, then pictures_min,
 *    then mix and reposts within their tolerance, then as near to their ratio
 *    as can be, then the least sum of places in the order given.  For each mix
 *    in question, best first, this is one minimum-cost flow: source, original
 *    or repost (a convex cost on their number), soft or not (a capacity),
 *    material, time.  Material that is equal for the rules is one node.
 *
 * Exact: 3 for a given number; 4 where no material has times of its own that
 * exclude one of the times, for one picture (of several only their number).
 * Greedy: times are made before material is
 * chosen, so material is never a reason to move one (wishes and slots are);
 * where material has times of its own, the kinds are tried in as many orders
 * over the day as there are times, not in all.  A window of its own at least
 * spacing_max long always has a time in it, if no gap is left.
 *
 * Minutes are of the local day, 0 to 1440.  Nothing is allocated: the caller
 * gives the memory to work in.
 */
#ifndef KEFU_PURE_DAYPLAN_H
#define KEFU_PURE_DAYPLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEFU_DAY_POSTS 64		/* posts_max can't be more */
#define KEFU_DAY_MATERIAL 4096	/* candidates at most, and posts that stand */
#define KEFU_DAY_PAUSES 4		/* times kept free */
#define KEFU_DAY_CHECKS 12

/* The kinds that the mix is made of; any other number is outside it. */
#define KEFU_DAY_KINDS 3

/* Where on the day a post may stand: any of these bits */
#define KEFU_AT_MORNING 1		/* the first slot */
#define KEFU_AT_EVENING 2		/* the second */
#define KEFU_AT_BETWEEN 4		/* after the one and before the other; of the mix only */
#define KEFU_AT_REST 8			/* before the one or after the other */

/* What a post is: any of these bits; soft only together with repost */
#define KEFU_IS_REPOST 1
#define KEFU_IS_SOFT 2
#define KEFU_HAS_PICTURE 4

typedef struct KefuDayRules
{
	int			posts_min;
	int			posts_max;
	int			posts_wanted;	/* 0: as few as the rules need */
	int			window_from;	/* first and last minute for a post */
	int			window_to;
	int			spacing_min;	/* minutes between two posts */
	int			spacing_max;
	int			morning;		/* minutes of the slots, -1 none */
	int			evening;
	int			morning_tolerance;	/* minutes either way */
	int			evening_tolerance;
	int			wish_tolerance;
	int			mix[KEFU_DAY_KINDS];	/* ratio between the slots */
	int			mix_tolerance;	/* posts of a kind */
	int			reposts;		/* ratio over the day */
	int			originals;
	int			repost_tolerance;	/* posts */
	int			soft_max;
	int			pictures_min;
	int			grid;			/* new times are multiples of it where that fits */
	int			plan_from;		/* nothing new before this minute: the rest is past */
	/* times kept free: nothing new from the one minute to the other, -1 none */
	int			pause_from[KEFU_DAY_PAUSES];
	int			pause_to[KEFU_DAY_PAUSES];
} KefuDayRules;

/*
 * A post that stands (earliest is its minute, the bits of places say for which
 * slots it is fit; latest and wish are not read) or material in stock.
 */
typedef struct KefuDayPost
{
	int			kind;
	int			flags;
	int			places;
	int			earliest;
	int			latest;
	int			wish;			/* minute, -1 none */
} KefuDayPost;

typedef struct KefuDaySlot
{
	int			candidate;		/* its index */
	int			minute;
	int			place;			/* one of KEFU_AT_ */
} KefuDaySlot;

typedef enum KefuDayRule
{
	KEFU_DAY_NUMBER,
	KEFU_DAY_SPACING,
	KEFU_DAY_GAP,
	KEFU_DAY_MORNING,
	KEFU_DAY_EVENING,
	KEFU_DAY_MIX,				/* and the two after it: one a kind */
	KEFU_DAY_REPOSTS = KEFU_DAY_MIX + KEFU_DAY_KINDS,
	KEFU_DAY_SOFT,
	KEFU_DAY_PICTURES,
	KEFU_DAY_WISHES
} KefuDayRule;

/* Why a rule isn't kept */
typedef enum KefuDayReason
{
	KEFU_DAY_KEPT,
	KEFU_DAY_STOCK,				/* there is no (more) fitting material */
	KEFU_DAY_ROOM,				/* what stands leaves no time for it */
	KEFU_DAY_LIMIT,				/* one more would break posts_max or soft_max */
	KEFU_DAY_STANDS				/* what already stands breaks it */
} KefuDayReason;

/*
 * One rule: what the planned day has, between which numbers it has to be (-1
 * open), what was aimed at (-1 nothing), what the stock has for it.
 */
typedef struct KefuDayCheck
{
	KefuDayRule rule;
	KefuDayReason reason;
	int			actual;
	int			low;
	int			high;
	int			target;
	int			available;
} KefuDayCheck;

typedef struct KefuDayPlan
{
	int			slot_count;
	KefuDaySlot slots[KEFU_DAY_POSTS];	/* by minute */
	KefuDayCheck checks[KEFU_DAY_CHECKS];	/* by rule */
} KefuDayPlan;

typedef enum KefuDayStatus
{
	KEFU_DAY_OK,
	KEFU_DAY_BAD_RULES,			/* the rules contradict each other */
	KEFU_DAY_BAD_POST,			/* a minute or a bit that can't be */
	KEFU_DAY_TOO_MANY			/* more than KEFU_DAY_MATERIAL */
} KefuDayStatus;

/* Bytes that kefu_plan_day() needs to work in; 0 if rules or numbers are bad. */
extern size_t kefu_day_work_size(const KefuDayRules *rules, int stand_count,
								 int candidate_count);

/*
 * Plans a day.  "stand" is what is published or scheduled, in any order;
 * "candidates" are in order of preference.  "work" is aligned as malloc's
 * memory and as large as kefu_day_work_size() says.
 */
extern KefuDayStatus kefu_plan_day(const KefuDayRules *rules,
								   const KefuDayPost *stand, int stand_count,
								   const KefuDayPost *candidates, int candidate_count,
								   void *work, KefuDayPlan *plan);

/*
 * Divides total by the ratio of parts, to whole numbers that sum up to it: by
 * largest remainder, of equal ones the first.  All parts 0 gives all 0.
 */
extern void kefu_share(int total, const int *parts, int part_count, int *shares);

#endif							/* KEFU_PURE_DAYPLAN_H */
