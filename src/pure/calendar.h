/*
 * calendar.h
 *		Working-time arithmetic over the rules of one calendar.
 *
 * Instants are microseconds since 2000-01-01 00:00 UTC, dates are days since
 * 2000-01-01, ranges are half-open.  Both are PostgreSQL's own forms, so the
 * server side converts nothing.
 */
#ifndef KEFU_PURE_CALENDAR_H
#define KEFU_PURE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEFU_DAY_US INT64_C(86400000000)
#define KEFU_MINUTE_US INT64_C(60000000)

/* What the arithmetic supports: from 1970-01-01 until 2200-01-01, UTC. */
#define KEFU_CALENDAR_FIRST (-10957 * KEFU_DAY_US)
#define KEFU_CALENDAR_LAST (73049 * KEFU_DAY_US)

/* The kinds of day that have windows: 1 to 7 are ISO weekdays. */
#define KEFU_DAY_WORKDAY 8		/* make-up workday 调休上班日 */
#define KEFU_DAY_HOLIDAY 9		/* public holiday */
#define KEFU_DAY_KINDS 10

typedef enum KefuCalendarStatus
{
	KEFU_CALENDAR_OK,
	KEFU_CALENDAR_OUT_OF_RANGE,		/* an instant outside what is supported */
	KEFU_CALENDAR_NEVER_OPENS,		/* nothing open in ten years of looking */
	KEFU_CALENDAR_NO_MEMORY
} KefuCalendarStatus;

/*
 * A zone: returns the instant after "at" at which the offset from UTC changes
 * next (INT64_MAX for never) and stores the offset in force at "at", in
 * microseconds, east positive, less than a day either way.
 */
typedef int64_t (*KefuZoneFn) (const void *zone, int64_t at, int64_t *offset);

/*
 * A window of a kind of day.  Of the versions of a kind the one begun last
 * holds on a date, with all windows of the same valid_from; a window from 0
 * to 0 is how a version says that it has none.
 */
typedef struct KefuWindow
{
	int16_t		from_minute;	/* of the local day, 0 to 1440 */
	int16_t		to_minute;
	int32_t		valid_from;		/* first local date of its version */
} KefuWindow;

/* The valid_from of a version that always held */
#define KEFU_ALWAYS INT32_MIN

/* What the holiday table says of a date, since known_from */
typedef enum KefuHolidayKind
{
	KEFU_HOLIDAY_ORDINARY,		/* the weekly pattern (again) */
	KEFU_HOLIDAY_HOLIDAY,
	KEFU_HOLIDAY_WORKDAY
} KefuHolidayKind;

typedef struct KefuHoliday
{
	int32_t		date;
	KefuHolidayKind kind;
	int64_t		known_from;
} KefuHoliday;

/* The dates for which the holiday table is complete, since known_from */
typedef struct KefuCover
{
	int32_t		from_date;
	int32_t		to_date;
	int64_t		known_from;
} KefuCover;

typedef struct KefuException
{
	int64_t		from_at;
	int64_t		to_at;
	int64_t		known_from;
	bool		is_open;
} KefuException;

/*
 * The rules of one calendar.  The arrays belong to the caller and outlive
 * every timeline made from them; kefu_calendar_sort() puts them in order.
 */
typedef struct KefuCalendarRules
{
	KefuZoneFn	zone_fn;
	const void *zone;
	KefuWindow *windows[KEFU_DAY_KINDS];	/* by valid_from */
	size_t		nwindows[KEFU_DAY_KINDS];
	KefuHoliday *holidays;
	size_t		nholidays;
	bool		has_holiday_table;	/* without one nothing is ever assumed */
	KefuCover  *covers;
	size_t		ncovers;
	KefuException *exceptions;
	size_t		nexceptions;
} KefuCalendarRules;

/* The rules as known at one instant, unrolled as far as was asked for */
typedef struct KefuTimeline KefuTimeline;

extern void kefu_calendar_sort(KefuCalendarRules *rules);

extern KefuTimeline *kefu_timeline_make(const KefuCalendarRules *rules,
										int64_t known_at);
extern void kefu_timeline_free(KefuTimeline *timeline);

extern KefuCalendarStatus kefu_timeline_add(KefuTimeline *timeline, int64_t start,
											int64_t amount, int64_t *result);
extern KefuCalendarStatus kefu_timeline_add_days(KefuTimeline *timeline,
												 int64_t start, int32_t days,
												 int64_t *result);
extern KefuCalendarStatus kefu_timeline_between(KefuTimeline *timeline, int64_t from,
												int64_t to, int64_t *result);
extern KefuCalendarStatus kefu_timeline_period(KefuTimeline *timeline, int64_t at,
											   int64_t until, int64_t *from_at,
											   int64_t *to_at, bool *found);
extern KefuCalendarStatus kefu_timeline_working_day(KefuTimeline *timeline,
													int32_t date, bool *result);
extern bool kefu_timeline_assumed(const KefuTimeline *timeline, int64_t a, int64_t b);

#endif							/* KEFU_PURE_CALENDAR_H */
