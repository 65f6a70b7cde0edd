/*
 * fuzz_calendar.c
 *		Any rules and any question: the laws of the arithmetic must hold.
 */
#include "calendar.h"

#include <stdlib.h>
#include <string.h>

typedef struct Input
{
	const uint8_t *data;
	size_t		left;
} Input;

/* The next bytes as a number; zero where the input is used up. */
static int64_t
take(Input *input, size_t bytes)
{
	uint64_t	value = 0;

	for (; bytes > 0 && input->left > 0; bytes--, input->left--)
		value = value << 8 | *input->data++;
	return (int64_t) value;
}

static int64_t
take_instant(Input *input)
{
	/* Mostly inside what is supported, in minutes, sometimes anything */
	if (take(input, 1) % 16 == 0)
		return take(input, 8);
	return KEFU_CALENDAR_FIRST + take(input, 4) % 120960000 * KEFU_MINUTE_US;
}

static int32_t
take_date(Input *input)
{
	if (take(input, 1) % 16 == 0)
		return (int32_t) take(input, 4);
	return (int32_t) (take(input, 2) + KEFU_CALENDAR_FIRST / KEFU_DAY_US);
}

/* A zone that changes at most twice a year, by up to a day less a minute. */
typedef struct Zone
{
	int64_t		offset[2];
} Zone;

static int64_t
zone_fn(const void *zone, int64_t at, int64_t *offset)
{
	int64_t		period = 183 * KEFU_DAY_US;
	int64_t		half = at / period - (at % period < 0);

	*offset = ((const Zone *) zone)->offset[half & 1];
	return (half + 1) * period;
}

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

static void
check_laws(KefuTimeline *t, int64_t start, int64_t amount, int64_t other, int32_t days)
{
	int64_t		result;
	int64_t		sum;
	int64_t		back;
	int64_t		from_at;
	int64_t		to_at;
	bool		found;
	bool		works;

	if (kefu_timeline_add(t, start, amount, &result) == KEFU_CALENDAR_OK)
	{
		/* What was added lies between, and the answer is the nearest one. */
		MUST(kefu_timeline_between(t, start, result, &sum) == KEFU_CALENDAR_OK);
		MUST(sum == amount);
		if (amount != 0)
		{
			MUST(kefu_timeline_between(t, start, result + (amount > 0 ? -1 : 1), &sum)
				 == KEFU_CALENDAR_OK);
			MUST(sum == amount + (amount > 0 ? -1 : 1));
		}
	}
	if (kefu_timeline_between(t, start, other, &sum) == KEFU_CALENDAR_OK)
	{
		MUST(kefu_timeline_between(t, other, start, &back) == KEFU_CALENDAR_OK);
		MUST(sum == -back);
		MUST(other < start ? sum <= 0 && sum >= other - start
			 : sum >= 0 && sum <= other - start);
		/* The periods of a range are its open time. */
		for (int64_t at = start; at < other; at = to_at)
		{
			MUST(kefu_timeline_period(t, at, other, &from_at, &to_at, &found)
				 == KEFU_CALENDAR_OK);
			if (!found)
				break;
			MUST(at <= from_at && from_at < to_at && to_at <= other);
			MUST(at == start || from_at > at);
			sum -= to_at - from_at;
		}
		MUST(start > other || sum == 0);
	}
	if (kefu_timeline_add_days(t, start, days, &result) == KEFU_CALENDAR_OK && days != 0)
		MUST((result > start - 2 * KEFU_DAY_US) || days < 0);
	(void) kefu_timeline_working_day(t, days, &works);
	(void) kefu_timeline_assumed(t, start, other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};
	Zone		zone;
	KefuWindow	windows[KEFU_DAY_KINDS][2];
	KefuHoliday holidays[8];
	KefuCover	covers[3];
	KefuException exceptions[6];
	KefuCalendarRules rules = {.zone_fn = zone_fn, .zone = &zone};
	KefuTimeline *t;

	for (int i = 0; i < 2; i++)
		zone.offset[i] = (take(&input, 2) % 2879 - 1439) * KEFU_MINUTE_US;
	for (int kind = 1; kind < KEFU_DAY_KINDS; kind++)
	{
		rules.windows[kind] = windows[kind];
		rules.nwindows[kind] = (size_t) take(&input, 1) % 3;
		for (size_t i = 0; i < rules.nwindows[kind]; i++)
		{
			windows[kind][i].from_minute = (int16_t) (take(&input, 2) % 1440);
			windows[kind][i].to_minute = (int16_t) (take(&input, 2) % 1441);
			windows[kind][i].valid_from = KEFU_ALWAYS;
			if (i > 0 && windows[kind][0].to_minute % 2 == 0)
				windows[kind][i].valid_from = take_date(&input);
		}
	}
	rules.holidays = holidays;
	rules.nholidays = (size_t) take(&input, 1) % 9;
	for (size_t i = 0; i < rules.nholidays; i++)
		holidays[i] = (KefuHoliday) {
			take_date(&input), (KefuHolidayKind) (take(&input, 1) % 3), take(&input, 1)
		};
	rules.has_holiday_table = take(&input, 1) % 2;
	rules.covers = covers;
	rules.ncovers = (size_t) take(&input, 1) % 4;
	for (size_t i = 0; i < rules.ncovers; i++)
		covers[i] = (KefuCover) {
			take_date(&input), take_date(&input), take(&input, 1)
		};
	rules.exceptions = exceptions;
	rules.nexceptions = (size_t) take(&input, 1) % 7;
	for (size_t i = 0; i < rules.nexceptions; i++)
	{
		exceptions[i].from_at = take_instant(&input);
		exceptions[i].to_at = take_instant(&input);
		exceptions[i].known_from = take(&input, 1);
		exceptions[i].is_open = take(&input, 1) % 2;
	}
	kefu_calendar_sort(&rules);
	t = kefu_timeline_make(&rules, take(&input, 1));
	for (int i = 0; i < 4 && t != NULL; i++)
	{
		int64_t		start = take_instant(&input);
		int64_t		amount = take(&input, 8) >> (take(&input, 1) % 64);

		check_laws(t, start, amount, take_instant(&input), (int32_t) take(&input, 4));
	}
	kefu_timeline_free(t);
	return 0;
}
