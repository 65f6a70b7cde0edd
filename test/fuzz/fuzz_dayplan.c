/*
 * fuzz_dayplan.c
 *		Any rules, any day, any stock: no plan breaks what is never broken, and
 *		the same input gives the same plan whatever was in the memory before.
 */
#include "dayplan.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)
#define STANDS 12
#define STOCK 48

typedef struct Input
{
	const uint8_t *data;
	size_t		left;
} Input;

/* The next byte; zero where the input is used up. */
static int
take(Input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

/* A number up to "most", or now and then any. */
static int
take_number(Input *input, int most)
{
	int			first = take(input);
	int			number = first << 8 | take(input);

	if (first == 255)
		return (take(input) - 128) * 8192 + take(input);
	return number % (most + 1);
}

static KefuDayRules
take_rules(Input *input)
{
	KefuDayRules r;

	r.posts_min = take_number(input, 12);
	r.posts_max = r.posts_min + take_number(input, 12);
	r.posts_wanted = take_number(input, 30);
	r.window_from = take_number(input, 700);
	r.window_to = r.window_from + 1 + take_number(input, 800);
	r.spacing_min = 1 + take_number(input, 60);
	r.spacing_max = r.spacing_min + take_number(input, 90);
	r.morning = take_number(input, 700) - 1;
	r.evening = r.morning + take_number(input, 800);
	r.morning_tolerance = take_number(input, 30);
	r.evening_tolerance = take_number(input, 30);
	r.wish_tolerance = take_number(input, 30);
	for (int k = 0; k < KEFU_DAY_KINDS; k++)
		r.mix[k] = take_number(input, 9);
	r.mix_tolerance = take_number(input, 2);
	r.reposts = take_number(input, 3);
	r.originals = take_number(input, 3);
	r.repost_tolerance = take_number(input, 2);
	r.soft_max = take_number(input, 3);
	r.pictures_min = take_number(input, 3);
	r.grid = 1 + take_number(input, 14);
	r.plan_from = take(input) < 200 ? 0 : take_number(input, 1440);
	for (int i = 0; i < KEFU_DAY_PAUSES; i++)
	{
		r.pause_from[i] = take(input) < 200 ? -1 : take_number(input, 1440);
		r.pause_to[i] = r.pause_from[i] + take_number(input, 300);
	}
	return r;
}

static KefuDayPost
take_post(Input *input)
{
	KefuDayPost post;
	int			bits = take(input);

	post.kind = take(input) % 5 - 1;
	post.flags = bits & 7;
	if ((post.flags & KEFU_IS_REPOST) == 0 && take(input) != 0)
		post.flags &= ~KEFU_IS_SOFT;
	post.places = bits >> 4;
	post.earliest = (bits & 8) != 0 ? 0 : take_number(input, 1440);
	post.latest = (bits & 8) != 0 ? 1440 : take_number(input, 1440);
	post.wish = take(input) < 200 ? -1 : take_number(input, 1440);
	return post;
}

static void
check_plan(const KefuDayRules *r, const KefuDayPost *stands, int stand_count,
		   const KefuDayPost *stock, int stock_count, const KefuDayPlan *plan)
{
	bool		used[STOCK] = {false};
	int			soft = 0;
	int			soft_planned = 0;

	for (int i = 0; i < stand_count; i++)
		soft += (stands[i].flags & KEFU_IS_SOFT) != 0;
	MUST(plan->slot_count == 0 || stand_count + plan->slot_count <= r->posts_max);
	for (int i = 0; i < plan->slot_count; i++)
	{
		const KefuDaySlot *slot = &plan->slots[i];

		MUST(slot->candidate >= 0 && slot->candidate < stock_count);
		MUST(!used[slot->candidate]);
		used[slot->candidate] = true;
		soft_planned += (stock[slot->candidate].flags & KEFU_IS_SOFT) != 0;
		MUST(slot->minute >= stock[slot->candidate].earliest &&
			 slot->minute <= stock[slot->candidate].latest);
		MUST(slot->minute >= r->plan_from);
		MUST(i == 0 || slot->minute - slot[-1].minute >= r->spacing_min);
		for (int j = 0; j < stand_count; j++)
			MUST(abs(stands[j].earliest - slot->minute) >= r->spacing_min);
	}
	MUST(soft_planned == 0 || soft + soft_planned <= r->soft_max);
	for (int i = 0; i < KEFU_DAY_CHECKS; i++)
		MUST((int) plan->checks[i].rule == i);
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};
	KefuDayRules rules = take_rules(&input);
	KefuDayPost stands[STANDS];
	KefuDayPost stock[STOCK];
	int			stand_count = take(&input) % (STANDS + 1);
	int			stock_count = take(&input) % (STOCK + 1);
	size_t		needed;
	void	   *work;
	KefuDayPlan plan;
	KefuDayPlan again;
	KefuDayStatus status;

	for (int i = 0; i < stand_count; i++)
		stands[i] = take_post(&input);
	for (int i = 0; i < stock_count; i++)
		stock[i] = take_post(&input);
	needed = kefu_day_work_size(&rules, stand_count, stock_count);
	if (needed == 0)
		return 0;
	work = malloc(needed);
	memset(work, 0xA5, needed);
	status = kefu_plan_day(&rules, stands, stand_count, stock, stock_count, work, &plan);
	memset(work, 0x5A, needed);
	MUST(kefu_plan_day(&rules, stands, stand_count, stock, stock_count, work, &again) == status);
	free(work);
	if (status == KEFU_DAY_OK)
	{
		MUST(memcmp(&plan, &again, sizeof(plan)) == 0);
		check_plan(&rules, stands, stand_count, stock, stock_count, &plan);
	}
	return 0;
}
