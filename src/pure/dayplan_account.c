/*
 * dayplan_account.c
 *		Which rules a planned day keeps, and why not the others.
 */
#include "dayplan_internal.h"

static int
count_stock(const DayWork *w, int flag, int place, int kind)
{
	int			count = 0;

	for (int c = 0; c < w->candidate_count; c++)
	{
		const KefuDayPost *post = &w->candidates[c];

		count += (flag == 0 || (post->flags & flag) != 0) &&
			(place == 0 || (post->places & place) != 0) &&
			(kind == ANY_KIND || post->kind == kind);
	}
	return count;
}

static int
count_posts(const DayWork *w, int flag, bool standing)
{
	int			count = 0;

	for (int i = 0; i < w->post_count; i++)
		count += (w->posts[i].flags & flag) != 0 &&
			(!standing || w->posts[i].candidate == NOBODY);
	return count;
}

static bool
is_kept(const KefuDayCheck *check)
{
	return (check->low < 0 || check->actual >= check->low) &&
		(check->high < 0 || check->actual <= check->high);
}

/* Adds a rule to the account; "why" is taken if the rule isn't kept. */
static void
account(KefuDayPlan *plan, KefuDayCheck check, KefuDayReason why)
{
	check.reason = is_kept(&check) ? KEFU_DAY_KEPT : why;
	plan->checks[check.rule] = check;
}

static void
account_times(const Day *day, KefuDayPlan *plan)
{
	const DayWork *w = day->w;
	const KefuDayRules *r = w->rules;
	KefuDayReason short_of = day->is_stock_short ? KEFU_DAY_STOCK : KEFU_DAY_ROOM;
	int			closest = -1;
	int			longest = 0;

	for (int i = 0; i <= w->post_count; i++)
	{
		int			left = i == 0 ? -1 : w->posts[i - 1].minute;
		int			right = i == w->post_count ? -1 : w->posts[i].minute;

		if (left >= 0 && right >= 0 && (closest < 0 || right - left < closest))
			closest = right - left;
		longest = larger(longest, kefu_day_longest_empty(r, left, right));
	}
	account(plan, (KefuDayCheck) {KEFU_DAY_NUMBER, 0, w->post_count, r->posts_min,
		r->posts_max, -1, w->candidate_count},
			w->post_count > r->posts_max ? KEFU_DAY_STANDS : short_of);
	account(plan, (KefuDayCheck) {KEFU_DAY_SPACING, 0, closest,
		closest < 0 ? -1 : r->spacing_min, -1, -1, -1}, KEFU_DAY_STANDS);
	account(plan, (KefuDayCheck) {KEFU_DAY_GAP, 0, longest, -1, r->spacing_max, -1, -1},
			w->post_count >= r->posts_max ? KEFU_DAY_LIMIT : short_of);
}

static void
account_slot(const Day *day, KefuDayPlan *plan, int s)
{
	const DayWork *w = day->w;
	int			place = s == 0 ? KEFU_AT_MORNING : KEFU_AT_EVENING;
	KefuDayCheck check = {s == 0 ? KEFU_DAY_MORNING : KEFU_DAY_EVENING, 0, 0,
		kefu_day_slot(w->rules, place) < 0 ? -1 : 1, -1, -1, count_stock(w, 0, place, ANY_KIND)};

	check.actual = kefu_day_slot_post(w, place) != NOBODY;
	account(plan, check, day->slot_reason[s] == KEFU_DAY_KEPT ? KEFU_DAY_STOCK :
			day->slot_reason[s]);
}

/* Between which numbers, and how many there are without the plan and in stock */
static void
account_share(KefuDayPlan *plan, KefuDayCheck check, int tolerance, int standing)
{
	check.low = larger(0, check.target - tolerance);
	check.high = check.target + tolerance;
	check.available += standing;
	account(plan, check, standing > check.high ? KEFU_DAY_STANDS :
			check.actual < check.low && check.available >= check.low ? KEFU_DAY_LIMIT :
			KEFU_DAY_STOCK);
}

static void
account_mix(const DayWork *w, KefuDayPlan *plan)
{
	int			count[KEFU_DAY_KINDS];
	int			standing[KEFU_DAY_KINDS];
	int			target[KEFU_DAY_KINDS];
	int			total = 0;

	kefu_day_count_between(w, false, count);
	kefu_day_count_between(w, true, standing);
	for (int k = 0; k < KEFU_DAY_KINDS; k++)
		total += count[k];
	kefu_share(total, w->rules->mix, KEFU_DAY_KINDS, target);
	for (int k = 0; k < KEFU_DAY_KINDS; k++)
		account_share(plan, (KefuDayCheck) {KEFU_DAY_MIX + k, 0, count[k], 0, 0, target[k],
			count_stock(w, 0, KEFU_AT_BETWEEN, k)}, w->rules->mix_tolerance, standing[k]);
}

static void
account_material(const Day *day, KefuDayPlan *plan)
{
	const DayWork *w = day->w;
	const KefuDayRules *r = w->rules;
	int			ratio[2] = {r->reposts, r->originals};
	int			target[2];

	kefu_share(w->post_count, ratio, 2, target);
	account_share(plan, (KefuDayCheck) {KEFU_DAY_REPOSTS, 0,
		count_posts(w, KEFU_IS_REPOST, false), 0, 0, target[0],
		count_stock(w, KEFU_IS_REPOST, 0, ANY_KIND)},
		r->repost_tolerance, count_posts(w, KEFU_IS_REPOST, true));
	account(plan, (KefuDayCheck) {KEFU_DAY_SOFT, 0, count_posts(w, KEFU_IS_SOFT, false), -1,
		r->soft_max, -1, count_stock(w, KEFU_IS_SOFT, 0, ANY_KIND)}, KEFU_DAY_STANDS);
	account(plan, (KefuDayCheck) {KEFU_DAY_PICTURES, 0,
		count_posts(w, KEFU_HAS_PICTURE, false), r->pictures_min, -1, -1,
		count_stock(w, KEFU_HAS_PICTURE, 0, ANY_KIND)}, KEFU_DAY_STOCK);
	account(plan, (KefuDayCheck) {KEFU_DAY_WISHES, 0, day->wishes_kept, day->wishes, -1, -1,
		day->wishes}, day->wish_reason);
}

/* Fills in the checks; the day's posts are all in it. */
void
kefu_day_account(const Day *day, KefuDayPlan *plan)
{
	account_times(day, plan);
	account_slot(day, plan, 0);
	account_slot(day, plan, 1);
	account_mix(day->w, plan);
	account_material(day, plan);
}
