/*
 * calendar.c
 *		Working-time arithmetic over kefu.calendar.
 *
 * The arithmetic is in src/pure; this file keeps the rows and what was unrolled
 * from them in the session until a row changes (rules.c), and turns the
 * arithmetic's answers into SQL's.
 *
 * It guarantees that all calls for one calendar between two changes of rules
 * use one set of rows.  It deliberately doesn't store results: a deadline once
 * promised is the clock's, not the calendar's (ruling 22).
 */
#include "calendar.h"

#include "calendar_rows.h"
#include "rules.h"

#include "funcapi.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

typedef struct CachedCalendar
{
	char		code[NAMEDATALEN];	/* hash key */
	KefuCalendarRows rows;
	KefuTimeline *latest;			/* with all rows */
	KefuTimeline *earlier;			/* as known at earlier_at, or NULL */
	TimestampTz earlier_at;
} CachedCalendar;

static MemoryContext calendar_context = NULL;
static HTAB *calendars = NULL;
static bool fresh = false;		/* what is kept is still what the tables say */

/* --- the cache ------------------------------------------------------------ */

/* KefuRulesDrop; what is kept may be in use, so it is freed later. */
static void
expire(void)
{
	fresh = false;
}

/* Frees everything kept, begins with nothing and watches the tables. */
static void
reset_cache(void)
{
	HASHCTL		control = {.keysize = NAMEDATALEN, .entrysize = sizeof(CachedCalendar)};
	HASH_SEQ_STATUS scan;
	CachedCalendar *calendar;

	if (calendar_context != NULL)
	{
		hash_seq_init(&scan, calendars);
		while ((calendar = hash_seq_search(&scan)) != NULL)
		{
			kefu_timeline_free(calendar->latest);
			kefu_timeline_free(calendar->earlier);
		}
		calendars = NULL;
		MemoryContextDelete(calendar_context);
		calendar_context = NULL;
	}
	calendar_context = AllocSetContextCreate(TopMemoryContext, "kefu calendars",
											 ALLOCSET_DEFAULT_SIZES);
	control.hcxt = calendar_context;
	calendars = hash_create("kefu calendars", 64, &control,
							HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);

	kefu_rules_watch("calendar", expire);
	kefu_rules_watch("calendar_week", expire);
	kefu_rules_watch("calendar_exception", expire);
	kefu_rules_watch("holiday", expire);
	kefu_rules_watch("holiday_cover", expire);
	fresh = true;
}

static KefuTimeline *
make_timeline(const KefuCalendarRules *rules, TimestampTz known_at)
{
	KefuTimeline *timeline = kefu_timeline_make(rules, known_at);

	if (timeline == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return timeline;
}

static CachedCalendar *
load_calendar(const char *code)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "kefu calendar",
												  ALLOCSET_SMALL_SIZES);
	CachedCalendar *calendar;
	KefuCalendarRows rows;

	kefu_calendar_read(code, context, &rows);
	MemoryContextSetParent(context, calendar_context);
	calendar = hash_search(calendars, code, HASH_ENTER, NULL);
	calendar->rows = rows;
	calendar->latest = NULL;
	calendar->earlier = NULL;
	return calendar;
}

/*
 * Returns the calendar, which stays valid until the next call.
 */
static CachedCalendar *
get_calendar(const char *code)
{
	CachedCalendar *calendar;

	if (!fresh)
		reset_cache();
	/* Keys are cut to a name's length, and no code in the table is longer. */
	if (strlen(code) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("calendar \"%s\" does not exist", code)));
	calendar = hash_search(calendars, code, HASH_FIND, NULL);
	if (calendar == NULL)
		calendar = load_calendar(code);
	if (calendar->latest == NULL)
		calendar->latest = make_timeline(&calendar->rows.rules, DT_NOEND);
	return calendar;
}

/*
 * Returns the calendar's timeline as known at an instant.  Two are kept: that
 * with all rows, and the last other one asked for.
 */
static KefuTimeline *
get_timeline(const char *code, TimestampTz known_at)
{
	CachedCalendar *calendar = get_calendar(code);
	TimestampTz edition = DT_NOBEGIN;
	int			low = 0;
	int			high = calendar->rows.nknown;

	if (known_at == DT_NOEND)
		return calendar->latest;
	while (low < high)			/* count the rows known by then */
	{
		int			middle = low + (high - low) / 2;

		if (calendar->rows.known[middle] <= known_at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == calendar->rows.nknown)
		return calendar->latest;
	if (low > 0)
		edition = calendar->rows.known[low - 1];
	if (calendar->earlier == NULL || calendar->earlier_at != edition)
	{
		kefu_timeline_free(calendar->earlier);
		calendar->earlier = NULL;
		calendar->earlier = make_timeline(&calendar->rows.rules, edition);
		calendar->earlier_at = edition;
	}
	return calendar->earlier;
}

/* --- answers -------------------------------------------------------------- */

static void
require_finite(TimestampTz at)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("working time needs finite instants")));
}

static void
require_ok(KefuCalendarStatus status, const char *code)
{
	switch (status)
	{
		case KEFU_CALENDAR_OK:
			return;
		case KEFU_CALENDAR_OUT_OF_RANGE:
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("working time of calendar \"%s\" is out of range", code),
					 errdetail("Calendars reach from 1970-01-01 to 2200-01-01 (UTC).")));
			break;
		case KEFU_CALENDAR_NEVER_OPENS:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("calendar \"%s\" does not open within ten years", code),
					 errhint("Look at its rows in kefu.calendar_week and "
							 "kefu.calendar_exception.")));
			break;
		case KEFU_CALENDAR_NO_MEMORY:
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory")));
			break;
	}
}

static TimestampTz
add_time(const char *code, TimestampTz start, int64 amount, TimestampTz known_at,
		 bool *assumed)
{
	KefuTimeline *timeline;
	int64_t		result = start;

	require_finite(start);
	timeline = get_timeline(code, known_at);
	require_ok(kefu_timeline_add(timeline, start, amount, &result), code);
	if (assumed != NULL)
		*assumed = kefu_timeline_assumed(timeline, start, result);
	return result;
}

static TimestampTz
add_days(const char *code, TimestampTz start, int32 days, TimestampTz known_at,
		 bool *assumed)
{
	KefuTimeline *timeline;
	int64_t		result = start;

	require_finite(start);
	timeline = get_timeline(code, known_at);
	require_ok(kefu_timeline_add_days(timeline, start, days, &result), code);
	/* The day of the result was counted, even if the result is its midnight. */
	if (assumed != NULL)
		*assumed = kefu_timeline_assumed(timeline, start, result + (days > 0));
	return result;
}

static int64
time_between(const char *code, TimestampTz from, TimestampTz to, TimestampTz known_at)
{
	int64_t		result = 0;

	require_finite(from);
	require_finite(to);
	require_ok(kefu_timeline_between(get_timeline(code, known_at), from, to, &result),
			   code);
	return result;
}

static bool
is_open(const char *code, TimestampTz at, TimestampTz known_at)
{
	int64_t		from_at;
	int64_t		to_at;
	bool		found;

	require_finite(at);
	require_ok(kefu_timeline_period(get_timeline(code, known_at), at, at + 1, &from_at,
									&to_at, &found), code);
	return found;
}

/*
 * Returns the first instant by which amount_us of working time have passed
 * since start, all loaded rows considered; for a negative amount the last
 * instant from which that much passes until start.
 */
TimestampTz
kefu_calendar_add(const char *calendar, TimestampTz start, int64 amount_us,
				  bool *assumed)
{
	return add_time(calendar, start, amount_us, DT_NOEND, assumed);
}

/*
 * Returns the same local time of day on the n-th working day after (before)
 * start's date (ruling 18).
 */
TimestampTz
kefu_calendar_add_days(const char *calendar, TimestampTz start, int32 days,
					   bool *assumed)
{
	return add_days(calendar, start, days, DT_NOEND, assumed);
}

/*
 * Returns the microseconds of working time in [from, to), negative if to < from.
 */
int64
kefu_calendar_between(const char *calendar, TimestampTz from, TimestampTz to)
{
	return time_between(calendar, from, to, DT_NOEND);
}

bool
kefu_calendar_is_open(const char *calendar, TimestampTz at)
{
	return is_open(calendar, at, DT_NOEND);
}

/* --- SQL functions -------------------------------------------------------- */

/*
 * They behave as STRICT in all but their last argument, known_at, which is
 * null for "all that is loaded".
 */
static bool
any_null(FunctionCallInfo fcinfo)
{
	for (int i = 0; i < PG_NARGS() - 1; i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

static TimestampTz
known_at(FunctionCallInfo fcinfo)
{
	int			last = PG_NARGS() - 1;

	return PG_ARGISNULL(last) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(last);
}

static char *
code_argument(FunctionCallInfo fcinfo)
{
	return text_to_cstring(PG_GETARG_TEXT_PP(0));
}

/* kefu.add_working_time(calendar, start, amount, known_at) */
KEFU_FUNCTION(kefu_add_working_time)
{
	Interval   *amount;

	if (any_null(fcinfo))
		PG_RETURN_NULL();
	amount = PG_GETARG_INTERVAL_P(2);
	if (amount->month != 0 || amount->day != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("working time is an amount of hours, minutes and seconds"),
				 errdetail("The length of a day or month depends on the calendar."),
				 errhint("Use kefu.add_working_days() for days.")));
	PG_RETURN_TIMESTAMPTZ(add_time(code_argument(fcinfo), PG_GETARG_TIMESTAMPTZ(1),
								   amount->time, known_at(fcinfo), NULL));
}

/* kefu.add_working_days(calendar, start, days, known_at) */
KEFU_FUNCTION(kefu_add_working_days)
{
	if (any_null(fcinfo))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(add_days(code_argument(fcinfo), PG_GETARG_TIMESTAMPTZ(1),
								   PG_GETARG_INT32(2), known_at(fcinfo), NULL));
}

/* kefu.working_time_between(calendar, since, until, known_at) */
KEFU_FUNCTION(kefu_working_time_between)
{
	Interval   *result;

	if (any_null(fcinfo))
		PG_RETURN_NULL();
	result = palloc0(sizeof(Interval));
	result->time = time_between(code_argument(fcinfo), PG_GETARG_TIMESTAMPTZ(1),
								PG_GETARG_TIMESTAMPTZ(2), known_at(fcinfo));
	PG_RETURN_INTERVAL_P(result);
}

/* kefu.is_working_time(calendar, at, known_at) */
KEFU_FUNCTION(kefu_is_working_time)
{
	if (any_null(fcinfo))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(is_open(code_argument(fcinfo), PG_GETARG_TIMESTAMPTZ(1),
						   known_at(fcinfo)));
}

/* kefu.is_working_day(calendar, day, known_at) */
KEFU_FUNCTION(kefu_is_working_day)
{
	char	   *code;
	bool		result = false;

	if (any_null(fcinfo))
		PG_RETURN_NULL();
	code = code_argument(fcinfo);
	require_ok(kefu_timeline_working_day(get_timeline(code, known_at(fcinfo)),
										 PG_GETARG_DATEADT(1), &result), code);
	PG_RETURN_BOOL(result);
}

/* kefu.calendar_is_assumed(calendar, since, until, known_at) */
KEFU_FUNCTION(kefu_calendar_is_assumed)
{
	if (any_null(fcinfo))
		PG_RETURN_NULL();
	require_finite(PG_GETARG_TIMESTAMPTZ(1));
	require_finite(PG_GETARG_TIMESTAMPTZ(2));
	PG_RETURN_BOOL(kefu_timeline_assumed(get_timeline(code_argument(fcinfo),
													  known_at(fcinfo)),
										 PG_GETARG_TIMESTAMPTZ(1),
										 PG_GETARG_TIMESTAMPTZ(2)));
}

/* kefu.working_periods(calendar, since, until, known_at) */
KEFU_FUNCTION(kefu_working_periods)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz at;
	TimestampTz until;
	KefuTimeline *timeline;
	char	   *code;

	InitMaterializedSRF(fcinfo, 0);
	if (any_null(fcinfo))
		return (Datum) 0;
	at = PG_GETARG_TIMESTAMPTZ(1);
	until = PG_GETARG_TIMESTAMPTZ(2);
	require_finite(at);
	require_finite(until);
	code = code_argument(fcinfo);
	timeline = get_timeline(code, known_at(fcinfo));
	while (at < until)
	{
		int64_t		from_at = 0;
		int64_t		to_at = 0;
		bool		found;
		Datum		values[2];
		bool		nulls[2] = {false, false};

		require_ok(kefu_timeline_period(timeline, at, until, &from_at, &to_at, &found),
				   code);
		if (!found)
			break;
		values[0] = TimestampTzGetDatum(from_at);
		values[1] = TimestampTzGetDatum(to_at);
		tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
		at = to_at;
	}
	return (Datum) 0;
}

/* kefu.is_timezone(name): whether the server has rules for that zone */
KEFU_FUNCTION(kefu_is_timezone)
{
	pg_tz	   *zone = pg_tzset(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	PG_RETURN_BOOL(zone != NULL && pg_tz_acceptable(zone));
}
