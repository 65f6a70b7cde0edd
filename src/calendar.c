/*
 * calendar.c
 *		Working-time arithmetic over kefu.calendar.
 *
 * The arithmetic is in src/pure; this file reads the rows, keeps them and what
 * was unrolled from them in the session until a row changes (rules.c), and
 * turns its answers into SQL's.
 *
 * It guarantees that all calls for one calendar between two changes of rules
 * use one set of rows.  It deliberately doesn't store results: a deadline once
 * promised is the clock's, not the calendar's (ruling 22).
 */
#include "calendar.h"

#include "pure/calendar.h"
#include "rules.h"

#include "funcapi.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

StaticAssertDecl(KEFU_DAY_US == USECS_PER_DAY, "one form of time in both worlds");

typedef struct CachedCalendar
{
	char		code[NAMEDATALEN];	/* hash key */
	KefuCalendarRules rules;
	pg_tz	   *zone;
	int			nknown;				/* instants at which a row became known */
	TimestampTz *known;				/* ascending */
	KefuTimeline *latest;			/* with all rows */
	KefuTimeline *earlier;			/* as known at earlier_at, or NULL */
	TimestampTz earlier_at;
} CachedCalendar;

static KefuRules calendar_rules = {
	.tables = {"calendar", "calendar_week", "calendar_exception", "holiday",
	"holiday_cover"}
};

static KefuRulesQuery calendar_query = {
	"SELECT c.timezone, c.holiday_table FROM kefu.calendar c"
	" WHERE c.calendar OPERATOR(pg_catalog.=) $1"
};
static KefuRulesQuery week_query = {
	"SELECT w.day, w.from_minute, w.to_minute FROM kefu.calendar_week w"
	" WHERE w.calendar OPERATOR(pg_catalog.=) $1 ORDER BY w.day, w.from_minute"
};
static KefuRulesQuery exception_query = {
	"SELECT e.from_at, e.to_at, e.is_open, e.known_from FROM kefu.calendar_exception e"
	" WHERE e.calendar OPERATOR(pg_catalog.=) $1"
};
static KefuRulesQuery holiday_query = {
	"SELECT h.date, h.kind, h.known_from FROM kefu.holiday h"
	" WHERE h.holiday_table OPERATOR(pg_catalog.=) $1"
};
static KefuRulesQuery cover_query = {
	"SELECT v.from_date, v.to_date, v.known_from FROM kefu.holiday_cover v"
	" WHERE v.holiday_table OPERATOR(pg_catalog.=) $1"
};

static MemoryContext calendar_context = NULL;
static HTAB *calendars = NULL;

/* --- reading -------------------------------------------------------------- */

/* A column that is never null of the row last read. */
static Datum
column(uint64 row, int number)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
									  number, &isnull);

	if (isnull)
		elog(ERROR, "column %d of a calendar's rules is null", number);
	return value;
}

/* KefuZoneFn over the server's zones, which count whole seconds since 1970. */
static int64_t
next_change(const void *zone, int64_t at, int64_t *offset)
{
	const int64 epoch = (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	pg_time_t	seconds = at / USECS_PER_SEC - (at % USECS_PER_SEC < 0) + epoch;
	pg_time_t	boundary;
	long int	before;
	long int	after;
	int			is_dst;
	int			found;

	found = pg_next_dst_boundary(&seconds, &before, &is_dst, &boundary, &after, &is_dst,
								 zone);
	if (found < 0)
		elog(ERROR, "could not find the offset of time zone \"%s\"",
			 pg_get_timezone_name((pg_tz *) zone));
	*offset = before * USECS_PER_SEC;
	return found == 0 ? PG_INT64_MAX : (boundary - epoch) * USECS_PER_SEC;
}

/* Fills the windows of each kind of day; rows come ordered by day. */
static void
read_week(KefuCalendarRules *rules)
{
	KefuWindow *windows = palloc(sizeof(KefuWindow) * Max(SPI_processed, 1));

	for (uint64 row = 0; row < SPI_processed; row++)
	{
		int			day = DatumGetInt16(column(row, 1));

		if (rules->nwindows[day]++ == 0)
			rules->windows[day] = &windows[row];
		windows[row].from_minute = DatumGetInt16(column(row, 2));
		windows[row].to_minute = DatumGetInt16(column(row, 3));
	}
}

static void
read_exceptions(KefuCalendarRules *rules)
{
	rules->nexceptions = SPI_processed;
	rules->exceptions = palloc(sizeof(KefuException) * Max(SPI_processed, 1));
	for (uint64 row = 0; row < SPI_processed; row++)
		rules->exceptions[row] = (KefuException)
		{
			.from_at = DatumGetTimestampTz(column(row, 1)),
			.to_at = DatumGetTimestampTz(column(row, 2)),
			.is_open = DatumGetBool(column(row, 3)),
			.known_from = DatumGetTimestampTz(column(row, 4))
		};
}

static KefuHolidayKind
holiday_kind(const char *kind)
{
	if (strcmp(kind, "holiday") == 0)
		return KEFU_HOLIDAY_HOLIDAY;
	if (strcmp(kind, "workday") == 0)
		return KEFU_HOLIDAY_WORKDAY;
	return KEFU_HOLIDAY_ORDINARY;
}

static void
read_holidays(KefuCalendarRules *rules)
{
	rules->nholidays = SPI_processed;
	rules->holidays = palloc(sizeof(KefuHoliday) * Max(SPI_processed, 1));
	for (uint64 row = 0; row < SPI_processed; row++)
		rules->holidays[row] = (KefuHoliday)
		{
			.date = DatumGetDateADT(column(row, 1)),
			.kind = holiday_kind(TextDatumGetCString(column(row, 2))),
			.known_from = DatumGetTimestampTz(column(row, 3))
		};
}

static void
read_covers(KefuCalendarRules *rules)
{
	rules->ncovers = SPI_processed;
	rules->covers = palloc(sizeof(KefuCover) * Max(SPI_processed, 1));
	for (uint64 row = 0; row < SPI_processed; row++)
		rules->covers[row] = (KefuCover)
		{
			.from_date = DatumGetDateADT(column(row, 1)),
			.to_date = DatumGetDateADT(column(row, 2)),
			.known_from = DatumGetTimestampTz(column(row, 3))
		};
}

static int
compare_instants(const void *left, const void *right)
{
	TimestampTz a = *(const TimestampTz *) left;
	TimestampTz b = *(const TimestampTz *) right;

	return (a > b) - (a < b);
}

static void
list_known(CachedCalendar *calendar)
{
	const KefuCalendarRules *rules = &calendar->rules;
	TimestampTz *known = palloc(sizeof(TimestampTz) *
								(rules->nexceptions + rules->nholidays +
								 rules->ncovers + 1));
	int			n = 0;

	for (size_t i = 0; i < rules->nexceptions; i++)
		known[n++] = rules->exceptions[i].known_from;
	for (size_t i = 0; i < rules->nholidays; i++)
		known[n++] = rules->holidays[i].known_from;
	for (size_t i = 0; i < rules->ncovers; i++)
		known[n++] = rules->covers[i].known_from;
	qsort(known, n, sizeof(TimestampTz), compare_instants);
	calendar->known = known;
	calendar->nknown = n;
}

/* Reads one calendar into the given context. */
static void
read_calendar(CachedCalendar *calendar, MemoryContext context)
{
	KefuCalendarRules *rules = &calendar->rules;
	MemoryContext caller = CurrentMemoryContext;
	bool		isnull;
	char	   *holiday_table;

	kefu_rules_read(&calendar_query, calendar->code);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("calendar \"%s\" does not exist", calendar->code)));
	calendar->zone = pg_tzset(TextDatumGetCString(column(0, 1)));
	if (calendar->zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone of calendar \"%s\" is not known to this server",
						calendar->code)));
	rules->zone_fn = next_change;
	rules->zone = calendar->zone;
	SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	rules->has_holiday_table = !isnull;
	holiday_table = isnull ? "" : TextDatumGetCString(column(0, 2));

	MemoryContextSwitchTo(context);
	kefu_rules_read(&week_query, calendar->code);
	read_week(rules);
	kefu_rules_read(&exception_query, calendar->code);
	read_exceptions(rules);
	kefu_rules_read(&holiday_query, holiday_table);
	read_holidays(rules);
	kefu_rules_read(&cover_query, holiday_table);
	read_covers(rules);
	kefu_calendar_sort(rules);
	list_known(calendar);
	MemoryContextSwitchTo(caller);
}

/* --- the cache ------------------------------------------------------------ */

/* Frees everything kept and begins with nothing. */
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
	CachedCalendar loading = {.rules = {0}};
	CachedCalendar *calendar;
	KefuRulesReader reader;

	strlcpy(loading.code, code, NAMEDATALEN);
	kefu_rules_open(&calendar_rules, &reader);
	read_calendar(&loading, context);
	kefu_rules_close(&reader);

	/* The timeline points to the rules, so these must be in their place. */
	MemoryContextSetParent(context, calendar_context);
	calendar = hash_search(calendars, code, HASH_ENTER, NULL);
	*calendar = loading;
	return calendar;
}

/*
 * Returns the calendar, which stays valid until the next call.
 */
static CachedCalendar *
get_calendar(const char *code)
{
	CachedCalendar *calendar = NULL;

	if (kefu_rules_expired(&calendar_rules) || calendars == NULL)
		reset_cache();
	if (strlen(code) < NAMEDATALEN)
		calendar = hash_search(calendars, code, HASH_FIND, NULL);
	else
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("calendar \"%s\" does not exist", code)));
	if (calendar == NULL)
		calendar = load_calendar(code);
	if (calendar->latest == NULL)
		calendar->latest = make_timeline(&calendar->rules, DT_NOEND);
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
	int			high = calendar->nknown;

	if (known_at == DT_NOEND)
		return calendar->latest;
	while (low < high)			/* count the rows known by then */
	{
		int			middle = low + (high - low) / 2;

		if (calendar->known[middle] <= known_at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == calendar->nknown)
		return calendar->latest;
	if (low > 0)
		edition = calendar->known[low - 1];
	if (calendar->earlier == NULL || calendar->earlier_at != edition)
	{
		kefu_timeline_free(calendar->earlier);
		calendar->earlier = NULL;
		calendar->earlier = make_timeline(&calendar->rules, edition);
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
