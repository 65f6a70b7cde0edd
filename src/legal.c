/*
 * legal.c
 *		Limits that the law of a jurisdiction sets to a promise (ruling 18).
 *
 * A policy says what the desk promises; the law says what it must keep at least.
 * Both are rows, and the earliest end holds.  The rows are kept in the session
 * until they or the units change.
 *
 * Deliberately not here: which place counts (the caller knows the customer's, or
 * the handling unit) and the arithmetic of working days (calendar.c).
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "calendar.h"
#include "clock.h"
#include "legal.h"
#include "rules.h"
#include "spi.h"
#include "text.h"
#include "wake.h"
#include "who.h"

KEFU_FUNCTION(kefu_tighten_clock);

#define WHOLE_COUNTRY "cn"

/* A version of a limit, once for each unit of its jurisdiction. */
typedef struct LegalLimit
{
	int32		limit_id;
	char		clock[NAMEDATALEN];
	char		jurisdiction[NAMEDATALEN];
	char		unit[NAMEDATALEN];	/* empty: no unit is of this jurisdiction */
	TimestampTz valid_from;
	TimestampTz valid_to;
	int32		days;
	char		calendar[NAMEDATALEN];	/* whose working days; empty: calendar days */
} LegalLimit;

/* A unit and the region it stands for; empty: none. */
typedef struct Region
{
	char		unit[NAMEDATALEN];
	char		region[NAMEDATALEN];
} Region;

static MemoryContext limit_context = NULL;
static LegalLimit *limits = NULL;
static int	limit_count = 0;
static Region *regions = NULL;
static int	region_count = 0;
static bool limits_loaded = false;

static void
drop_limits(void)
{
	limits_loaded = false;
}

/* --- rows ----------------------------------------------------------------- */

/* A version ends where the next one of the same jurisdiction begins. */
static void
load_rows(void)
{
	static KefuPlan plan = {
		"SELECT l.limit_id, l.clock, l.jurisdiction, u.unit, l.valid_from, "
		"       least(l.valid_to, l.next_from, 'infinity'::timestamptz), l.days, l.calendar "
		"  FROM (SELECT x.*, lead(x.valid_from) OVER (PARTITION BY x.clock, x.jurisdiction "
		"                                             ORDER BY x.valid_from) AS next_from "
		"          FROM kefu.legal_limit x) AS l "
		"  LEFT JOIN kefu.unit u ON u.region = l.jurisdiction "
		" ORDER BY l.limit_id",
		0, {0}, NULL
	};
	bool		isnull;

	limit_count = kefu_spi_run(&plan, NULL, NULL, true, 0);
	limits = MemoryContextAllocZero(limit_context, sizeof(LegalLimit) * Max(limit_count, 1));
	for (int i = 0; i < limit_count; i++)
	{
		LegalLimit	   *limit = &limits[i];
		char	   *unit = kefu_spi_text(i, 4);
		char	   *calendar = kefu_spi_text(i, 8);

		limit->limit_id = DatumGetInt32(kefu_spi_value(i, 1, &isnull));
		strlcpy(limit->clock, kefu_spi_text(i, 2), NAMEDATALEN);
		strlcpy(limit->jurisdiction, kefu_spi_text(i, 3), NAMEDATALEN);
		strlcpy(limit->unit, unit ? unit : "", NAMEDATALEN);
		limit->valid_from = DatumGetTimestampTz(kefu_spi_value(i, 5, &isnull));
		limit->valid_to = DatumGetTimestampTz(kefu_spi_value(i, 6, &isnull));
		limit->days = DatumGetInt16(kefu_spi_value(i, 7, &isnull));
		strlcpy(limit->calendar, calendar ? calendar : "", NAMEDATALEN);
	}
}

static void
load_regions(void)
{
	static KefuPlan plan = {"SELECT unit, coalesce(region, '') FROM kefu.unit", 0, {0}, NULL};

	region_count = kefu_spi_run(&plan, NULL, NULL, true, 0);
	regions = MemoryContextAllocZero(limit_context, sizeof(Region) * Max(region_count, 1));
	for (int i = 0; i < region_count; i++)
	{
		strlcpy(regions[i].unit, kefu_spi_text(i, 1), NAMEDATALEN);
		strlcpy(regions[i].region, kefu_spi_text(i, 2), NAMEDATALEN);
	}
}

static void
load_limits(void)
{
	KefuRulesReader reader;

	if (limits_loaded)
		return;
	kefu_rules_watch("legal_limit", drop_limits);
	kefu_rules_watch("unit", drop_limits);
	while (!limits_loaded)
	{
		limit_context = kefu_rules_context(limit_context, "legal limits");
		limits_loaded = true;
		PG_TRY();
		{
			kefu_rules_open("legal_limit", &reader);
			load_rows();
			load_regions();
			kefu_rules_close(&reader);
		}
		PG_CATCH();
		{
			limits_loaded = false;
			PG_RE_THROW();
		}
		PG_END_TRY();
	}
}

/* --- what holds where ----------------------------------------------------- */

/* Codes of places within a region begin with the region's. */
static bool
lies_in(const char *place, const char *region)
{
	return region[0] != '\0' && strncmp(place, region, strlen(region)) == 0;
}

static bool
is_known_place(const char *place)
{
	for (int i = 0; place != NULL && i < region_count; i++)
		if (strcmp(regions[i].unit, place) == 0 || lies_in(place, regions[i].region))
			return true;
	return false;
}

const char *
kefu_place_of(const char *location, const char *home_unit, const char *unit)
{
	load_limits();
	if (is_known_place(location))
		return location;
	return is_known_place(home_unit) ? home_unit : unit;
}

static bool
holds_at(const LegalLimit *limit, const char *place)
{
	if (strcmp(limit->jurisdiction, WHOLE_COUNTRY) == 0)
		return true;
	if (lies_in(place, limit->jurisdiction))
		return true;
	for (const char *u = place; u != NULL; u = kefu_unit_parent(u))
		if (strcmp(limit->unit, u) == 0)
			return true;
	return false;
}

bool
kefu_is_limited_by_law(const char *clock)
{
	load_limits();
	for (int i = 0; i < limit_count; i++)
		if (strcmp(limits[i].clock, clock) == 0)
			return true;
	return false;
}

/* The limits that hold, copied: the calendar may query and drop the cache. */
static LegalLimit *
limits_holding(const char *clock, const char *place, TimestampTz at, int *count)
{
	LegalLimit	   *holding;

	(void) kefu_unit_parent(place);	/* loads the units before we hold rows */
	load_limits();
	holding = palloc(sizeof(LegalLimit) * Max(limit_count, 1));
	*count = 0;
	for (int i = 0; i < limit_count; i++)
		if (strcmp(limits[i].clock, clock) == 0 && limits[i].valid_from <= at &&
			at < limits[i].valid_to && holds_at(&limits[i], place))
			holding[(*count)++] = limits[i];
	return holding;
}

bool
kefu_legal_end(const char *clock, const char *place, TimestampTz started_at,
			   KefuLegalEnd *end)
{
	int			count;
	LegalLimit	   *holding = limits_holding(clock, place, started_at, &count);

	for (int i = 0; i < count; i++)
	{
		bool		assumed = false;
		TimestampTz due_at = holding[i].calendar[0]
			? kefu_calendar_add_days(holding[i].calendar, started_at, holding[i].days, &assumed)
			: started_at + holding[i].days * USECS_PER_DAY;

		if (i > 0 && due_at >= end->due_at)
			continue;
		end->limit_id = holding[i].limit_id;
		end->due_at = due_at;
		end->is_assumed = assumed;
	}
	pfree(holding);
	return count > 0;
}

/* --- a place that becomes known later -------------------------------------- */

static const char *
jurisdiction_of(int32 limit_id)
{
	load_limits();
	for (int i = 0; i < limit_count; i++)
		if (limits[i].limit_id == limit_id)
			return limits[i].jurisdiction;
	return NULL;
}

/* Brings the end of a running clock forward; its levels follow. */
static void
bring_forward(Datum clock_id, const KefuLegalEnd *end, int32 policy_id, int next_level,
			  TimestampTz started_at, bool is_paused)
{
	static KefuPlan plan = {
		"UPDATE kefu.clock SET due_at = $2, limit_id = $3, next_fire_at = $4, "
		"  is_assumed = is_assumed OR $5 WHERE clock_id = $1",
		5, {INT8OID, TIMESTAMPTZOID, INT4OID, TIMESTAMPTZOID, BOOLOID}, NULL
	};
	KefuLevel  *level = is_paused ? NULL : kefu_policy_level(policy_id, next_level);
	TimestampTz fire_at = level ? kefu_level_at(level, started_at, end->due_at) : DT_NOBEGIN;
	Datum		v[5] = {clock_id, TimestampTzGetDatum(end->due_at), Int32GetDatum(end->limit_id),
		TimestampTzGetDatum(fire_at), BoolGetDatum(end->is_assumed)};

	kefu_spi_run(&plan, v, level ? "     " : "   n ", false, 0);
	if (level)
		kefu_wake_for(KEFU_CLOCK_WORKER, fire_at);
}

static const char *
text_or_null(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/*
 * kefu.tighten_clock(object_type, id, clock, location, home_unit, unit): the
 * running promise ends as the law of the place wants it, if that is earlier.
 * Returns end and jurisdiction, or NULLs where nothing changed.  The caller holds
 * the object.
 */
Datum
kefu_tighten_clock(PG_FUNCTION_ARGS)
{
	static KefuPlan find_plan = {
		"SELECT clock_id, started_at, due_at, policy_id, next_level, paused_at IS NOT NULL "
		"  FROM kefu.clock "
		" WHERE object_id = $2 AND object_type = $1 AND clock = $3 AND stopped_at IS NULL "
		" ORDER BY round DESC LIMIT 1",
		3, {TEXTOID, INT8OID, TEXTOID}, NULL
	};
	static const char *const names[] = {"object_type", "id", "clock", NULL, NULL, "unit"};
	Datum		v[3] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
	const char *clock;
	const char *place;
	Datum		result[2] = {0};
	bool		nulls[2] = {true, true};
	KefuLegalEnd end;
	TupleDesc	desc;
	bool		isnull;

	kefu_require_args(fcinfo, names);
	clock = text_to_cstring(PG_GETARG_TEXT_PP(2));
	place = kefu_place_of(text_or_null(fcinfo, 3), text_or_null(fcinfo, 4),
						  text_to_cstring(PG_GETARG_TEXT_PP(5)));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	kefu_spi_begin();
	if (kefu_spi_run(&find_plan, v, NULL, false, 1) > 0)
	{
		Datum		clock_id = kefu_spi_value(0, 1, &isnull);
		TimestampTz started_at = DatumGetTimestampTz(kefu_spi_value(0, 2, &isnull));
		TimestampTz due_at = DatumGetTimestampTz(kefu_spi_value(0, 3, &isnull));
		int32		policy_id = DatumGetInt32(kefu_spi_value(0, 4, &isnull));
		int			next_level = DatumGetInt16(kefu_spi_value(0, 5, &isnull));
		bool		is_paused = DatumGetBool(kefu_spi_value(0, 6, &isnull));

		if (kefu_legal_end(clock, place, started_at, &end) && end.due_at < due_at)
		{
			bring_forward(clock_id, &end, policy_id, next_level, started_at, is_paused);
			result[0] = TimestampTzGetDatum(end.due_at);
			nulls[0] = nulls[1] = false;
		}
	}
	kefu_spi_end();
	if (!nulls[1])
		result[1] = CStringGetTextDatum(jurisdiction_of(end.limit_id));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), result, nulls));
}
