/*
 * test_calendar.c
 *		Working-time arithmetic: known dates, changeover days, and random rules
 *		against a reference that looks at each minute.
 */
#include "calendar.h"
#include "check.h"

#define HOUR (60 * KEFU_MINUTE_US)
#define DAY KEFU_DAY_US

/* --- zones ---------------------------------------------------------------- */

typedef struct Change
{
	int64_t		at;
	int64_t		offset;			/* from then on */
} Change;

typedef struct Zone
{
	int64_t		offset;			/* before the first change */
	int			n;
	Change		changes[8];
} Zone;

static int64_t
zone_fn(const void *zone, int64_t at, int64_t *offset)
{
	const Zone *z = zone;

	*offset = z->offset;
	for (int i = 0; i < z->n; i++)
	{
		if (at < z->changes[i].at)
			return z->changes[i].at;
		*offset = z->changes[i].offset;
	}
	return INT64_MAX;
}

/* Days since 2000-01-01, by the civil calendar counted from March. */
static int64_t
days_from(int year, int month, int day)
{
	int64_t		y = year - (month <= 2);
	int64_t		m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 730426;
}

static int64_t
utc(int year, int month, int day, int hour, int minute)
{
	return days_from(year, month, day) * DAY + hour * HOUR + minute * KEFU_MINUTE_US;
}

static const Zone shanghai = {8 * HOUR, 0, {{0, 0}}};
static Zone berlin = {HOUR, 2, {{0, 2 * HOUR}, {0, HOUR}}};

/* An instant given by the clocks of Shanghai */
static int64_t
sh(int year, int month, int day, int hour, int minute)
{
	return utc(year, month, day, hour, minute) - 8 * HOUR;
}

/* --- rules ---------------------------------------------------------------- */

static KefuWindow office[] = {{480, 1200, KEFU_ALWAYS}};
static KefuWindow split[] = {{540, 720, KEFU_ALWAYS}, {840, 1080, KEFU_ALWAYS}};
static KefuWindow all_day[] = {{0, 1440, KEFU_ALWAYS}};

/* Windows on Monday to Friday, and the same on make-up workdays. */
static KefuCalendarRules
weekdays(const Zone *zone, KefuWindow *windows, size_t n)
{
	KefuCalendarRules rules = {.zone_fn = zone_fn, .zone = zone};

	for (int day = 1; day <= 5; day++)
	{
		rules.windows[day] = windows;
		rules.nwindows[day] = n;
	}
	return rules;
}

static int64_t
add(KefuTimeline *timeline, int64_t start, int64_t amount)
{
	int64_t		result = -1;

	CHECK_INT(kefu_timeline_add(timeline, start, amount, &result), KEFU_CALENDAR_OK);
	return result;
}

static int64_t
add_days(KefuTimeline *timeline, int64_t start, int32_t days)
{
	int64_t		result = -1;

	CHECK_INT(kefu_timeline_add_days(timeline, start, days, &result), KEFU_CALENDAR_OK);
	return result;
}

static int64_t
between(KefuTimeline *timeline, int64_t from, int64_t to)
{
	int64_t		result = -1;

	CHECK_INT(kefu_timeline_between(timeline, from, to, &result), KEFU_CALENDAR_OK);
	return result;
}

static KefuHoliday
off(int year, int month, int day)
{
	return (KefuHoliday) {
		(int32_t) days_from(year, month, day), KEFU_HOLIDAY_HOLIDAY, 0
	};
}

static KefuHoliday
work(int year, int month, int day)
{
	return (KefuHoliday) {
		(int32_t) days_from(year, month, day), KEFU_HOLIDAY_WORKDAY, 0
	};
}

/* The Spring Festival of 2026: 02-14 and 02-28 work, 02-15 to 02-23 off. */
static void
test_spring_festival(void)
{
	KefuCalendarRules rules = weekdays(&shanghai, office, 1);
	KefuHoliday holidays[11];
	KefuCover	cover = {(int32_t) days_from(2026, 1, 1),
						 (int32_t) days_from(2027, 1, 1), INT64_MIN};
	KefuTimeline *t;

	for (int i = 0; i < 9; i++)
		holidays[i] = off(2026, 2, 15 + i);
	holidays[9] = work(2026, 2, 28);
	holidays[10] = work(2026, 2, 14);
	rules.holidays = holidays;
	rules.nholidays = 11;
	rules.covers = &cover;
	rules.ncovers = 1;
	rules.has_holiday_table = true;
	kefu_calendar_sort(&rules);
	t = kefu_timeline_make(&rules, INT64_MAX);

	CHECK_INT(add(t, sh(2026, 2, 13, 20, 0), 48 * HOUR), sh(2026, 2, 26, 20, 0));
	CHECK_INT(add(t, sh(2026, 2, 13, 20, 0), 1), sh(2026, 2, 14, 8, 0) + 1);
	CHECK_INT(add(t, sh(2026, 2, 14, 20, 0), 1), sh(2026, 2, 24, 8, 0) + 1);
	CHECK_INT(add(t, sh(2026, 2, 26, 20, 0), -48 * HOUR), sh(2026, 2, 14, 8, 0));
	CHECK_INT(between(t, sh(2026, 2, 13, 20, 0), sh(2026, 2, 26, 20, 0)), 48 * HOUR);
	CHECK_INT(between(t, sh(2026, 2, 15, 0, 0), sh(2026, 2, 24, 8, 0)), 0);
	CHECK_INT(add_days(t, sh(2026, 2, 13, 21, 30), 2), sh(2026, 2, 24, 21, 30));
	CHECK_INT(add_days(t, sh(2026, 2, 24, 3, 0), -1), sh(2026, 2, 14, 3, 0));
	CHECK(!kefu_timeline_assumed(t, sh(2026, 1, 1, 0, 0), sh(2027, 1, 1, 0, 0)));
	CHECK(kefu_timeline_assumed(t, sh(2026, 1, 1, 0, 0) - 1, sh(2026, 1, 1, 0, 0)));
	CHECK(kefu_timeline_assumed(t, sh(2027, 1, 1, 0, 0) + 1, sh(2026, 6, 1, 0, 0)));
	CHECK(kefu_timeline_assumed(t, sh(2027, 1, 1, 0, 0), sh(2027, 1, 1, 0, 0)));
	kefu_timeline_free(t);

	/* A staffed holiday is working time and no working day. */
	rules.windows[KEFU_DAY_HOLIDAY] = office;
	rules.nwindows[KEFU_DAY_HOLIDAY] = 1;
	t = kefu_timeline_make(&rules, INT64_MAX);
	CHECK_INT(between(t, sh(2026, 2, 15, 0, 0), sh(2026, 2, 24, 0, 0)), 9 * 12 * HOUR);
	CHECK_INT(add_days(t, sh(2026, 2, 14, 21, 30), 1), sh(2026, 2, 24, 21, 30));
	kefu_timeline_free(t);

	/* Before the table was published it was an ordinary February. */
	t = kefu_timeline_make(&rules, -1);
	CHECK_INT(add(t, sh(2026, 2, 13, 20, 0), 12 * HOUR), sh(2026, 2, 16, 20, 0));
	kefu_timeline_free(t);
}

static void
test_boundaries(void)
{
	KefuCalendarRules rules = weekdays(&shanghai, split, 2);
	KefuTimeline *t = kefu_timeline_make(&rules, INT64_MAX);
	int64_t		monday = sh(2026, 3, 2, 0, 0);
	int64_t		from_at;
	int64_t		to_at;
	bool		found;

	/* Zero is the instant itself; a window used up ends at its end. */
	CHECK_INT(add(t, monday, 0), monday);
	CHECK_INT(add(t, monday, 3 * HOUR), monday + 12 * HOUR);
	CHECK_INT(add(t, monday, 3 * HOUR + 1), monday + 14 * HOUR + 1);
	CHECK_INT(add(t, monday + 14 * HOUR, -1), monday + 12 * HOUR - 1);
	CHECK_INT(add(t, monday + 18 * HOUR, -4 * HOUR), monday + 14 * HOUR);
	CHECK_INT(add(t, monday + 18 * HOUR, -7 * HOUR), monday + 9 * HOUR);
	CHECK_INT(between(t, monday + 12 * HOUR, monday + 14 * HOUR), 0);
	CHECK_INT(between(t, monday + 15 * HOUR, monday + 10 * HOUR), -3 * HOUR);

	CHECK_INT(kefu_timeline_period(t, monday + 9 * HOUR, monday + 9 * HOUR + 1, &from_at,
								   &to_at, &found), KEFU_CALENDAR_OK);
	CHECK(found);
	CHECK_INT(to_at - from_at, 1);
	CHECK_INT(kefu_timeline_period(t, monday + 12 * HOUR, monday + 14 * HOUR, &from_at,
								   &to_at, &found), KEFU_CALENDAR_OK);
	CHECK(!found);
	CHECK_INT(kefu_timeline_period(t, monday + 12 * HOUR, monday + 15 * HOUR, &from_at,
								   &to_at, &found), KEFU_CALENDAR_OK);
	CHECK(found);
	CHECK_INT(from_at, monday + 14 * HOUR);
	CHECK_INT(to_at, monday + 15 * HOUR);
	kefu_timeline_free(t);
}

/* From a date on the desk opens an hour earlier, from another it is closed. */
static void
test_versions(void)
{
	KefuWindow	windows[] = {
		{480, 1200, KEFU_ALWAYS},
		{420, 1200, (int32_t) days_from(2026, 3, 3)},
		{0, 0, (int32_t) days_from(2026, 3, 5)}
	};
	KefuCalendarRules rules = weekdays(&shanghai, windows, 3);
	KefuTimeline *t = kefu_timeline_make(&rules, INT64_MAX);
	bool		works;

	CHECK_INT(between(t, sh(2026, 3, 2, 0, 0), sh(2026, 3, 3, 0, 0)), 12 * HOUR);
	CHECK_INT(between(t, sh(2026, 3, 3, 0, 0), sh(2026, 3, 4, 0, 0)), 13 * HOUR);
	CHECK_INT(between(t, sh(2026, 3, 4, 0, 0), sh(2026, 3, 5, 0, 0)), 13 * HOUR);
	CHECK_INT(between(t, sh(2026, 3, 5, 0, 0), sh(2026, 4, 1, 0, 0)), 0);
	CHECK_INT(kefu_timeline_working_day(t, (int32_t) days_from(2026, 3, 4), &works),
			  KEFU_CALENDAR_OK);
	CHECK(works);
	CHECK_INT(kefu_timeline_working_day(t, (int32_t) days_from(2026, 3, 5), &works),
			  KEFU_CALENDAR_OK);
	CHECK(!works);
	CHECK_INT(add_days(t, sh(2026, 3, 2, 9, 0), 2), sh(2026, 3, 4, 9, 0));
	kefu_timeline_free(t);
}

/* Berlin 2026: forward on 03-29 at 01:00 UTC, back on 10-25 at 01:00 UTC. */
static void
test_changeover_days(void)
{
	static KefuWindow night[] = {{90, 150, KEFU_ALWAYS}};	/* 01:30 to 02:30 */
	KefuCalendarRules rules = {.zone_fn = zone_fn, .zone = &berlin};
	KefuTimeline *t;

	for (int day = 1; day <= 7; day++)
	{
		rules.windows[day] = all_day;
		rules.nwindows[day] = 1;
	}
	t = kefu_timeline_make(&rules, INT64_MAX);
	CHECK_INT(between(t, utc(2026, 3, 28, 23, 0), utc(2026, 3, 29, 22, 0)), 23 * HOUR);
	CHECK_INT(between(t, utc(2026, 10, 24, 22, 0), utc(2026, 10, 25, 23, 0)), 25 * HOUR);
	/* The same time of day, skipped or repeated */
	CHECK_INT(add_days(t, utc(2026, 3, 28, 1, 30), 1), utc(2026, 3, 29, 1, 30));
	CHECK_INT(add_days(t, utc(2026, 3, 28, 12, 0), 1), utc(2026, 3, 29, 11, 0));
	CHECK_INT(add_days(t, utc(2026, 3, 28, 2, 0), 1), utc(2026, 3, 29, 1, 0));
	CHECK_INT(add_days(t, utc(2026, 10, 24, 0, 30), 1), utc(2026, 10, 25, 1, 30));
	CHECK_INT(add_days(t, utc(2026, 10, 25, 0, 30), 1), utc(2026, 10, 26, 1, 30));
	kefu_timeline_free(t);

	for (int day = 1; day <= 7; day++)
		rules.windows[day] = night;
	t = kefu_timeline_make(&rules, INT64_MAX);
	/* Only 01:30 to 02:00 exists; then 03:00 follows. */
	CHECK_INT(between(t, utc(2026, 3, 29, 0, 0), utc(2026, 3, 29, 12, 0)), HOUR / 2);
	/* 02:00 to 02:30 comes twice. */
	CHECK_INT(between(t, utc(2026, 10, 24, 23, 0), utc(2026, 10, 25, 12, 0)),
			  3 * HOUR / 2);
	CHECK_INT(add(t, utc(2026, 10, 24, 23, 0), HOUR + 1), utc(2026, 10, 25, 1, 0) + 1);
	kefu_timeline_free(t);
}

static void
test_exceptions(void)
{
	KefuCalendarRules rules = weekdays(&shanghai, office, 1);
	int64_t		monday = sh(2026, 3, 2, 0, 0);
	KefuException exceptions[] = {
		/* known at 10: a training day; at 20: the morning is worked after all */
		{monday, monday + DAY, 10, false},
		{monday + 8 * HOUR, monday + 10 * HOUR, 20, true},
		/* a Saturday evening; both ways at once: closed wins */
		{monday + 5 * DAY + 18 * HOUR, monday + 5 * DAY + 20 * HOUR, 10, true},
		{monday + 5 * DAY + 19 * HOUR, monday + 5 * DAY + 21 * HOUR, 10, false},
		/* until further notice */
		{monday + 30 * DAY, INT64_MAX, 30, false},
	};
	struct
	{
		int64_t		known_at;
		int64_t		monday;
		int64_t		saturday;
	}			cases[] = {
		{9, 12, 0}, {10, 0, 1}, {19, 0, 1}, {20, 2, 1}, {INT64_MAX, 2, 1}
	};
	int64_t		result;

	rules.exceptions = exceptions;
	rules.nexceptions = 5;
	kefu_calendar_sort(&rules);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		KefuTimeline *t = kefu_timeline_make(&rules, cases[i].known_at);
		bool		works;

		CHECK_INT(between(t, monday, monday + DAY), cases[i].monday * HOUR);
		CHECK_INT(between(t, monday + 5 * DAY, monday + 6 * DAY),
				  cases[i].saturday * HOUR);
		/* Wholly closed is no working day, opened on a Saturday neither. */
		kefu_timeline_working_day(t, (int32_t) days_from(2026, 3, 2), &works);
		CHECK_INT(works, cases[i].monday > 0);
		kefu_timeline_working_day(t, (int32_t) days_from(2026, 3, 7), &works);
		CHECK(!works);
		result = 0;
		CHECK_INT(kefu_timeline_add(t, monday + 30 * DAY, 1, &result),
				  cases[i].known_at < 30 ? KEFU_CALENDAR_OK : KEFU_CALENDAR_NEVER_OPENS);
		CHECK_INT(kefu_timeline_add_days(t, monday + 30 * DAY, 1, &result),
				  cases[i].known_at < 30 ? KEFU_CALENDAR_OK : KEFU_CALENDAR_NEVER_OPENS);
		kefu_timeline_free(t);
	}
}

static void
test_limits(void)
{
	KefuCalendarRules empty = {.zone_fn = zone_fn, .zone = &shanghai};
	KefuCalendarRules always = {.zone_fn = zone_fn, .zone = &shanghai};
	KefuTimeline *t = kefu_timeline_make(&empty, INT64_MAX);
	int64_t		now = sh(2026, 1, 1, 0, 0);
	int64_t		result;

	CHECK_INT(kefu_timeline_add(t, now, 1, &result), KEFU_CALENDAR_NEVER_OPENS);
	CHECK_INT(kefu_timeline_add(t, now, -1, &result), KEFU_CALENDAR_NEVER_OPENS);
	CHECK_INT(kefu_timeline_add_days(t, now, -1, &result), KEFU_CALENDAR_NEVER_OPENS);
	CHECK_INT(between(t, KEFU_CALENDAR_FIRST, KEFU_CALENDAR_LAST - 1), 0);
	kefu_timeline_free(t);

	for (int day = 1; day <= 7; day++)
	{
		always.windows[day] = all_day;
		always.nwindows[day] = 1;
	}
	t = kefu_timeline_make(&always, INT64_MAX);
	CHECK_INT(between(t, KEFU_CALENDAR_FIRST, KEFU_CALENDAR_LAST - 1),
			  KEFU_CALENDAR_LAST - 1 - KEFU_CALENDAR_FIRST);
	CHECK_INT(add(t, KEFU_CALENDAR_FIRST, KEFU_CALENDAR_LAST - 1 - KEFU_CALENDAR_FIRST),
			  KEFU_CALENDAR_LAST - 1);
	CHECK_INT(add(t, KEFU_CALENDAR_LAST - 1,
				  KEFU_CALENDAR_FIRST - KEFU_CALENDAR_LAST + 1), KEFU_CALENDAR_FIRST);
	CHECK_INT(kefu_timeline_add(t, now, INT64_MAX, &result), KEFU_CALENDAR_OUT_OF_RANGE);
	CHECK_INT(kefu_timeline_add(t, now, INT64_MIN, &result), KEFU_CALENDAR_OUT_OF_RANGE);
	CHECK_INT(kefu_timeline_add(t, KEFU_CALENDAR_FIRST, -1, &result),
			  KEFU_CALENDAR_OUT_OF_RANGE);
	CHECK_INT(kefu_timeline_add(t, KEFU_CALENDAR_LAST, 0, &result),
			  KEFU_CALENDAR_OUT_OF_RANGE);
	CHECK_INT(kefu_timeline_add_days(t, now, INT32_MAX, &result),
			  KEFU_CALENDAR_OUT_OF_RANGE);
	CHECK_INT(kefu_timeline_add_days(t, now, INT32_MIN, &result),
			  KEFU_CALENDAR_OUT_OF_RANGE);
	CHECK_INT(kefu_timeline_between(t, INT64_MIN, INT64_MAX, &result),
			  KEFU_CALENDAR_OUT_OF_RANGE);
	kefu_timeline_free(t);
}

/* Answers that lie in several blocks of the unrolled time line */
static void
test_block_ends(void)
{
	KefuCalendarRules always = {.zone_fn = zone_fn, .zone = &shanghai};
	/* In UTC these hours belong to the day before. */
	static KefuWindow small_hours[] = {{0, 360, KEFU_ALWAYS}};
	KefuCalendarRules rules = weekdays(&shanghai, small_hours, 1);
	KefuTimeline *t;
	int32_t		first = (int32_t) days_from(2025, 1, 1);
	int64_t		start = sh(2025, 1, 1, 12, 0);
	int64_t		from_at;
	int64_t		to_at;
	bool		found;
	int			worked = 0;

	t = kefu_timeline_make(&rules, INT64_MAX);
	for (int32_t date = first; date < first + 2000; date++)
	{
		int			weekday = (int) ((date + 5) % 7);	/* from Monday */
		bool		works = false;

		CHECK_INT(kefu_timeline_working_day(t, date, &works), KEFU_CALENDAR_OK);
		CHECK_INT(works, weekday < 5);
		if (date == first || weekday >= 5)
			continue;
		worked++;
		CHECK_INT(add_days(t, start, worked), start + (date - first) * DAY);
		CHECK_INT(add_days(t, start + (date - first) * DAY, -worked), start);
		CHECK_INT(between(t, start, start + (date - first) * DAY), worked * 6 * HOUR);
	}
	kefu_timeline_free(t);

	for (int day = 1; day <= 7; day++)
	{
		always.windows[day] = all_day;
		always.nwindows[day] = 1;
	}
	t = kefu_timeline_make(&always, INT64_MAX);
	for (int day = 1; day < 2000; day++)
	{
		CHECK_INT(kefu_timeline_period(t, start, start + day * DAY, &from_at, &to_at,
									   &found), KEFU_CALENDAR_OK);
		CHECK(found);
		CHECK_INT(from_at, start);
		CHECK_INT(to_at, start + day * DAY);
	}
	kefu_timeline_free(t);
}

/* --- random rules against a look at each minute --------------------------- */

#define SPAN_DAYS 500			/* more than a block */
#define SPAN_MINUTES (SPAN_DAYS * 1440)

static int64_t
floor_to(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The latest version of a kind of day begun by the date; false if there is none. */
static bool
version_on(const KefuCalendarRules *rules, int kind, int64_t date, int32_t *version)
{
	bool		found = false;

	for (size_t i = 0; i < rules->nwindows[kind]; i++)
	{
		int32_t		from = rules->windows[kind][i].valid_from;

		if (from > date || (found && from < *version))
			continue;
		*version = from;
		found = true;
	}
	return found;
}

static bool
minute_is_open(const KefuCalendarRules *rules, int64_t at, int64_t known_at)
{
	int64_t		offset;
	int64_t		date;
	int64_t		best = INT64_MIN;
	int			kind;
	int32_t		version;
	bool		open = false;
	bool		excepted = false;

	rules->zone_fn(rules->zone, at, &offset);
	date = floor_to(at + offset, DAY);
	kind = (int) ((date + 5 + 7000000) % 7) + 1;
	for (size_t i = 0; i < rules->nholidays; i++)
	{
		const KefuHoliday *holiday = &rules->holidays[i];

		if (holiday->date != date || holiday->known_from > known_at ||
			holiday->known_from < best)
			continue;
		best = holiday->known_from;
		kind = (int) ((date + 5 + 7000000) % 7) + 1;
		if (holiday->kind == KEFU_HOLIDAY_HOLIDAY)
			kind = KEFU_DAY_HOLIDAY;
		else if (holiday->kind == KEFU_HOLIDAY_WORKDAY)
			kind = version_on(rules, KEFU_DAY_WORKDAY, date, &version) ? KEFU_DAY_WORKDAY : 1;
	}
	if (!version_on(rules, kind, date, &version))
		version = INT32_MAX;
	for (size_t i = 0; i < rules->nwindows[kind]; i++)
	{
		int64_t		minute = (at + offset - date * DAY) / KEFU_MINUTE_US;

		open |= rules->windows[kind][i].valid_from == version &&
			minute >= rules->windows[kind][i].from_minute &&
			minute < rules->windows[kind][i].to_minute;
	}
	best = INT64_MIN;
	for (size_t i = 0; i < rules->nexceptions; i++)
	{
		const KefuException *exception = &rules->exceptions[i];

		if (exception->known_from > known_at || at < exception->from_at ||
			at >= exception->to_at || exception->known_from < best)
			continue;
		open = exception->is_open &&
			(open || !excepted || exception->known_from > best);
		excepted = true;
		best = exception->known_from;
	}
	return open;
}

static void
test_random_rules(void)
{
	static int32_t opened[SPAN_MINUTES + 1];	/* open minutes before each */
	uint64_t	seed = 20260214;

	for (int round = 0; round < 12; round++)
	{
		KefuWindow	windows[KEFU_DAY_KINDS][9];
		KefuHoliday holidays[40];
		KefuException exceptions[12];
		KefuCalendarRules rules = {.zone_fn = zone_fn};
		int64_t		origin = utc(2025, 10, 1, 0, 0);
		int64_t		known_at = check_random_between(&seed, 0, 4);
		KefuTimeline *t;

		rules.zone = round % 2 ? &berlin : &shanghai;
		for (int kind = 1; kind < KEFU_DAY_KINDS; kind++)
		{
			int64_t		version = KEFU_ALWAYS;

			rules.windows[kind] = windows[kind];
			for (int k = 0; k < 3; k++)
			{
				int64_t		minute = 0;

				for (int i = 0; i < 3 && check_random_between(&seed, 0, 2) > 0; i++)
				{
					int64_t		from = check_random_between(&seed, minute, 1300);
					int64_t		to = check_random_between(&seed, from + 1, 1440);

					windows[kind][rules.nwindows[kind]++] =
						(KefuWindow) {(int16_t) from, (int16_t) to, (int32_t) version};
					minute = to;
					if (minute > 1300)
						break;
				}
				/* Closed from then on, if it comes out so */
				if (minute == 0 && k > 0)
					windows[kind][rules.nwindows[kind]++] =
						(KefuWindow) {0, 0, (int32_t) version};
				version = days_from(2025, 10, 1) + k * 100 + check_random_between(&seed, 1, 100);
			}
		}
		for (int i = 0; i < 40; i++)
		{
			int64_t		date = days_from(2025, 10, 1) + i / 2 * 22;

			date += check_random_between(&seed, 0, 21);
			if (i % 2 == 1 && check_random_between(&seed, 0, 1) == 1)
				date = holidays[i - 1].date;	/* an amendment */
			holidays[i] = (KefuHoliday) {
				(int32_t) date, (KefuHolidayKind) check_random_between(&seed, 0, 2), i % 5
			};
		}
		for (int i = 0; i < 12; i++)
		{
			int64_t		from = check_random_between(&seed, 0, SPAN_MINUTES);

			exceptions[i] = (KefuException) {
				origin + from * KEFU_MINUTE_US,
				origin + (from + check_random_between(&seed, 1, 60000)) * KEFU_MINUTE_US,
				check_random_between(&seed, 0, 5), check_random_between(&seed, 0, 1) == 1
			};
		}
		rules.holidays = holidays;
		rules.nholidays = 40;
		rules.exceptions = exceptions;
		rules.nexceptions = 12;
		kefu_calendar_sort(&rules);
		opened[0] = 0;
		for (int i = 0; i < SPAN_MINUTES; i++)
			opened[i + 1] = opened[i] +
				minute_is_open(&rules, origin + i * KEFU_MINUTE_US, known_at);

		t = kefu_timeline_make(&rules, known_at);
		for (int i = 0; i < 500; i++)
		{
			int64_t		a = check_random_between(&seed, 0, SPAN_MINUTES);
			int64_t		b = check_random_between(&seed, 0, SPAN_MINUTES);
			int64_t		from = origin + a * KEFU_MINUTE_US;
			int64_t		sum = between(t, from, origin + b * KEFU_MINUTE_US);
			int64_t		at = 0;

			CHECK_INT(sum, (opened[b] - opened[a]) * KEFU_MINUTE_US);
			if (sum == 0)
				continue;
			/* There and no further, with the last step an open one. */
			at = add(t, from, sum);
			CHECK_INT(between(t, from, at), sum);
			CHECK(sum > 0 ? at <= origin + b * KEFU_MINUTE_US
				  : at >= origin + b * KEFU_MINUTE_US);
			CHECK(between(t, from, at + (sum > 0 ? -1 : 1)) != sum);
		}
		kefu_timeline_free(t);
	}
}

int
main(void)
{
	berlin.changes[0].at = utc(2026, 3, 29, 1, 0);
	berlin.changes[1].at = utc(2026, 10, 25, 1, 0);
	RUN(test_spring_festival);
	RUN(test_boundaries);
	RUN(test_versions);
	RUN(test_changeover_days);
	RUN(test_exceptions);
	RUN(test_block_ends);
	RUN(test_limits);
	RUN(test_random_rules);
	return check_result();
}
