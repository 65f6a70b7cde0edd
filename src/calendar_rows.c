/*
 * calendar_rows.c
 *		Reads the rows of one calendar into the form the arithmetic uses.
 */
#include "calendar_rows.h"

#include "rules.h"
#include "spi.h"

#include "catalog/pg_type.h"
#include "pgtime.h"
#include "utils/date.h"

StaticAssertDecl(KEFU_DAY_US == USECS_PER_DAY, "one form of time in both worlds");
StaticAssertDecl(KEFU_ALWAYS == DATEVAL_NOBEGIN, "-infinity is always");

/* Each is asked with a code, between kefu_rules_open() and its close. */
static KefuPlan calendar_plan = {
	"SELECT c.timezone, c.holiday_table FROM kefu.calendar c"
	" WHERE c.calendar = $1", 1, {TEXTOID}
};
static KefuPlan week_plan = {
	"SELECT w.day, w.from_minute, w.to_minute, w.valid_from FROM kefu.calendar_week w"
	" WHERE w.calendar = $1 ORDER BY w.day, w.valid_from, w.from_minute", 1, {TEXTOID}
};
static KefuPlan exception_plan = {
	"SELECT e.from_at, e.to_at, e.is_open, e.known_from"
	" FROM kefu.calendar_exception e WHERE e.calendar = $1", 1, {TEXTOID}
};
static KefuPlan holiday_plan = {
	"SELECT h.date, h.kind, h.known_from FROM kefu.holiday h"
	" WHERE h.holiday_table = $1", 1, {TEXTOID}
};
static KefuPlan cover_plan = {
	"SELECT v.from_date, v.to_date, v.known_from FROM kefu.holiday_cover v"
	" WHERE v.holiday_table = $1", 1, {TEXTOID}
};

/* A column that is never null of the row last read. */
static Datum
column(uint64 row, int number)
{
	bool		isnull;
	Datum		value = kefu_spi_value(row, number, &isnull);

	if (isnull)
		elog(ERROR, "column %d of a calendar's rules is null", number);
	return value;
}

/* Memory for so many bytes for each row last read. */
static void *
room(MemoryContext context, size_t bytes)
{
	return MemoryContextAlloc(context, bytes * Max(SPI_processed, 1));
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

/* Fills the windows of each kind of day; rows come ordered by day and version. */
static void
read_week(KefuCalendarRules *rules, MemoryContext context)
{
	KefuWindow *windows = room(context, sizeof(KefuWindow));

	for (uint64 row = 0; row < SPI_processed; row++)
	{
		int			day = DatumGetInt16(column(row, 1));

		if (rules->nwindows[day]++ == 0)
			rules->windows[day] = &windows[row];
		windows[row].from_minute = DatumGetInt16(column(row, 2));
		windows[row].to_minute = DatumGetInt16(column(row, 3));
		windows[row].valid_from = DatumGetDateADT(column(row, 4));
	}
}

static void
read_exceptions(KefuCalendarRules *rules, MemoryContext context)
{
	rules->nexceptions = SPI_processed;
	rules->exceptions = room(context, sizeof(KefuException));
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
read_holidays(KefuCalendarRules *rules, MemoryContext context)
{
	rules->nholidays = SPI_processed;
	rules->holidays = room(context, sizeof(KefuHoliday));
	for (uint64 row = 0; row < SPI_processed; row++)
		rules->holidays[row] = (KefuHoliday)
		{
			.date = DatumGetDateADT(column(row, 1)),
			.kind = holiday_kind(TextDatumGetCString(column(row, 2))),
			.known_from = DatumGetTimestampTz(column(row, 3))
		};
}

static void
read_covers(KefuCalendarRules *rules, MemoryContext context)
{
	rules->ncovers = SPI_processed;
	rules->covers = room(context, sizeof(KefuCover));
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

/* The instants at which something became known, in order. */
static void
list_known(KefuCalendarRows *rows, MemoryContext context)
{
	const KefuCalendarRules *rules = &rows->rules;
	size_t		count = rules->nexceptions + rules->nholidays + rules->ncovers;
	TimestampTz *known = MemoryContextAlloc(context, sizeof(TimestampTz) * (count + 1));
	int			n = 0;

	for (size_t i = 0; i < rules->nexceptions; i++)
		known[n++] = rules->exceptions[i].known_from;
	for (size_t i = 0; i < rules->nholidays; i++)
		known[n++] = rules->holidays[i].known_from;
	for (size_t i = 0; i < rules->ncovers; i++)
		known[n++] = rules->covers[i].known_from;
	qsort(known, n, sizeof(TimestampTz), compare_instants);
	rows->known = known;
	rows->nknown = n;
}

static uint64
read_rows(KefuPlan *plan, const char *code)
{
	Datum		value = CStringGetTextDatum(code);

	return kefu_spi_run(plan, &value, NULL, true, 0);
}

/*
 * Reads the rows of one calendar; all they need is in the given context.
 * Raises undefined_object if there is no such calendar.
 */
void
kefu_calendar_read(const char *code, MemoryContext context, KefuCalendarRows *rows)
{
	KefuCalendarRules *rules = &rows->rules;
	KefuRulesReader reader;
	pg_tz	   *zone;
	char	   *holiday_table;

	memset(rows, 0, sizeof(*rows));
	kefu_rules_open("calendar", &reader);
	if (read_rows(&calendar_plan, code) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("calendar \"%s\" does not exist", code)));
	zone = pg_tzset(TextDatumGetCString(column(0, 1)));
	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone of calendar \"%s\" is not known to this server",
						code)));
	rules->zone_fn = next_change;
	rules->zone = zone;
	holiday_table = kefu_spi_text(0, 2);
	rules->has_holiday_table = holiday_table != NULL;

	read_rows(&week_plan, code);
	read_week(rules, context);
	read_rows(&exception_plan, code);
	read_exceptions(rules, context);
	if (holiday_table != NULL)
	{
		read_rows(&holiday_plan, holiday_table);
		read_holidays(rules, context);
		read_rows(&cover_plan, holiday_table);
		read_covers(rules, context);
	}
	kefu_rules_close(&reader);
	kefu_calendar_sort(rules);
	list_known(rows, context);
}
