/*
 * clock.c
 *		Starting, stopping and pausing promises.
 *
 * What a promise is worth is decided once, at its start: the policy in force
 * for the unit then gives its end and its levels, and the clock remembers that
 * version.  Firing is in tick.c.
 *
 * Deliberately not here: which event starts or stops what (the transitions say)
 * and the arithmetic of staffed time (calendar.c).
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/datetime.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "calendar.h"
#include "clock.h"
#include "legal.h"
#include "rules.h"
#include "spi.h"
#include "wake.h"
#include "who.h"

#define NAME_LENGTH 32

typedef struct Policy
{
	int32		policy_id;
	char		unit[NAMEDATALEN];
	TimestampTz valid_from;
	bool		has_target;
	Interval	target;
	KefuCalendarKind calendar;
	int			nlevels;
	KefuLevel  *levels;
	struct Policy *next;		/* the same clock, later valid_from first */
} Policy;

typedef struct Kind
{
	char		clock[NAME_LENGTH];	/* hash key */
	char	   *starts_from;
	char	   *target_fact;
	char	  **kept_by;
	Policy	   *policies;
} Kind;

typedef struct PolicyById
{
	int32		policy_id;		/* hash key */
	Policy	   *policy;
} PolicyById;

static MemoryContext clock_context = NULL;
static bool clocks_loaded = false;
static HTAB *kinds;
static HTAB *by_id;

static void
drop_clocks(void)
{
	clocks_loaded = false;
}

static KefuCalendarKind
calendar_kind(const char *name)
{
	if (strcmp(name, "shift") == 0)
		return KEFU_SHIFT;
	if (strcmp(name, "calendar_days") == 0)
		return KEFU_CALENDAR_DAYS;
	if (strcmp(name, "working_days") == 0)
		return KEFU_WORKING_DAYS;
	return KEFU_WALL;
}

static Kind *
find_kind(const char *clock, HASHACTION action)
{
	char		key[NAME_LENGTH] = {0};

	strlcpy(key, clock, sizeof(key));
	return hash_search(kinds, key, action, NULL);
}

static void
load_kinds(void)
{
	static KefuPlan plan = {
		"SELECT clock, starts_from, array_to_string(kept_by, ' '), target_fact "
		"  FROM kefu.clock_kind",
		0, {0}, NULL
	};

	kefu_spi_run(&plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Kind	   *kind = find_kind(kefu_spi_text(i, 1), HASH_ENTER);
		char	   *kept = kefu_spi_text(i, 3);
		int			n = 0;

		kind->starts_from = MemoryContextStrdup(clock_context, kefu_spi_text(i, 2));
		kind->policies = NULL;
		kind->kept_by = NULL;
		kind->target_fact = kefu_spi_text(i, 4);
		if (kind->target_fact)
			kind->target_fact = MemoryContextStrdup(clock_context, kind->target_fact);
		if (kept == NULL)
			continue;
		kept = MemoryContextStrdup(clock_context, kept);
		kind->kept_by = MemoryContextAllocZero(clock_context,
											   sizeof(char *) * (strlen(kept) + 2));
		for (char *word = strtok(kept, " "); word; word = strtok(NULL, " "))
			kind->kept_by[n++] = word;
	}
}

static void
load_policies(void)
{
	static KefuPlan plan = {
		"SELECT policy_id, clock, unit, valid_from, target, calendar "
		"  FROM kefu.clock_policy ORDER BY clock, valid_from",
		0, {0}, NULL
	};
	bool		isnull;

	kefu_spi_run(&plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Kind	   *kind = find_kind(kefu_spi_text(i, 2), HASH_FIND);
		Policy	   *policy;
		Datum		target;
		PolicyById *entry;

		if (kind == NULL)
			continue;			/* a policy of a clock that no machine starts yet */
		policy = MemoryContextAllocZero(clock_context, sizeof(Policy));
		policy->policy_id = DatumGetInt32(kefu_spi_value(i, 1, &isnull));
		strlcpy(policy->unit, kefu_spi_text(i, 3), NAMEDATALEN);
		policy->valid_from = DatumGetTimestampTz(kefu_spi_value(i, 4, &isnull));
		target = kefu_spi_value(i, 5, &isnull);
		policy->has_target = !isnull;
		if (!isnull)
			policy->target = *DatumGetIntervalP(target);
		policy->calendar = calendar_kind(kefu_spi_text(i, 6));
		policy->next = kind->policies;
		kind->policies = policy;
		entry = hash_search(by_id, &policy->policy_id, HASH_ENTER, NULL);
		entry->policy = policy;
	}
}

static void
load_levels(void)
{
	static KefuPlan plan = {
		"SELECT p.policy_id, l.level, l.base, l.offset_by, l.role, l.event, "
		"       count(*) OVER (PARTITION BY p.policy_id)::integer "
		"  FROM kefu.clock_level l JOIN kefu.clock_policy p USING (clock, unit, valid_from) "
		" ORDER BY p.policy_id, l.level",
		0, {0}, NULL
	};
	bool		isnull;

	kefu_spi_run(&plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		int32		id = DatumGetInt32(kefu_spi_value(i, 1, &isnull));
		PolicyById *entry = hash_search(by_id, &id, HASH_FIND, NULL);
		KefuLevel  *level;
		char	   *text;

		if (entry == NULL)
			continue;
		if (entry->policy->levels == NULL)
			entry->policy->levels =
				MemoryContextAllocZero(clock_context, sizeof(KefuLevel) *
									   DatumGetInt32(kefu_spi_value(i, 7, &isnull)));
		level = &entry->policy->levels[entry->policy->nlevels++];
		level->level = DatumGetInt16(kefu_spi_value(i, 2, &isnull));
		level->from_start = strcmp(kefu_spi_text(i, 3), "start") == 0;
		level->offset_by = *DatumGetIntervalP(kefu_spi_value(i, 4, &isnull));
		text = kefu_spi_text(i, 5);
		level->role = text ? MemoryContextStrdup(clock_context, text) : NULL;
		text = kefu_spi_text(i, 6);
		level->event = text ? MemoryContextStrdup(clock_context, text) : NULL;
	}
}

static HTAB *
make_table(const char *name, Size key, Size entry, int flags)
{
	HASHCTL		ctl;

	ctl.keysize = key;
	ctl.entrysize = entry;
	ctl.hcxt = clock_context;
	return hash_create(name, 64, &ctl, HASH_ELEM | HASH_CONTEXT | flags);
}

static void
load_clocks(void)
{
	KefuRulesReader reader;

	if (clocks_loaded)
		return;
	kefu_rules_watch("clock_kind", drop_clocks);
	kefu_rules_watch("clock_policy", drop_clocks);
	kefu_rules_watch("clock_level", drop_clocks);
	while (!clocks_loaded)
	{
		clock_context = kefu_rules_context(clock_context, "clocks");
		clocks_loaded = true;
		kinds = make_table("kefu clock kinds", NAME_LENGTH, sizeof(Kind), HASH_STRINGS);
		by_id = make_table("kefu policies", sizeof(int32), sizeof(PolicyById), HASH_BLOBS);
		PG_TRY();
		{
			kefu_rules_open("clock_policy", &reader);
			load_kinds();
			load_policies();
			load_levels();
			kefu_rules_close(&reader);
		}
		PG_CATCH();
		{
			clocks_loaded = false;
			PG_RE_THROW();
		}
		PG_END_TRY();
	}
}

/* --- policies ----------------------------------------------------------- */

static Kind *
kind_of(const char *clock)
{
	Kind	   *kind;

	load_clocks();
	kind = find_kind(clock, HASH_FIND);
	if (kind == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no clock \"%s\"", clock)));
	return kind;
}

const char *
kefu_clock_starts_from(const char *clock)
{
	return kind_of(clock)->starts_from;
}

const char *
kefu_clock_target_fact(const char *clock)
{
	return kind_of(clock)->target_fact;
}

bool
kefu_clock_is_kept_by(const char *clock, const char *event)
{
	Kind	   *kind = kind_of(clock);

	if (kind->kept_by == NULL)
		return true;
	for (int i = 0; kind->kept_by[i]; i++)
		if (strcmp(kind->kept_by[i], event) == 0)
			return true;
	return false;
}

/*
 * True if a level of the clock raises the event itself: the clock is a timer
 * then, which has run its course and broken no promise when it fires.
 */
bool
kefu_clock_fires(const char *clock, const char *event)
{
	for (Policy *p = kind_of(clock)->policies; p != NULL; p = p->next)
		for (int i = 0; i < p->nlevels; i++)
			if (p->levels[i].event && strcmp(p->levels[i].event, event) == 0)
				return true;
	return false;
}

/*
 * The policy in force at an instant: of the nearest unit up the tree that has
 * one, the version with the latest valid_from.
 */
static Policy *
policy_for(Kind *kind, const char *unit, TimestampTz at)
{
	for (const char *u = unit; u != NULL; u = kefu_unit_parent(u))
		for (Policy *p = kind->policies; p != NULL; p = p->next)
			if (p->valid_from <= at && strcmp(p->unit, u) == 0)
				return p;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("no policy for clock \"%s\" in unit \"%s\"", kind->clock, unit),
			 errhint("SELECT * FROM kefu.load_preset('policies'), or add one with "
					 "kefu.set_clock_policy().")));
	return NULL;
}

KefuLevel *
kefu_policy_level(int32 policy_id, int level)
{
	PolicyById *entry;

	load_clocks();
	entry = hash_search(by_id, &policy_id, HASH_FIND, NULL);
	if (entry == NULL || level < 1 || level > entry->policy->nlevels)
		return NULL;
	return &entry->policy->levels[level - 1];
}

/*
 * The length in microseconds.  A day is 24 hours whatever the session's time
 * zone: a promise must not depend on who asks, and the desk's zone has had no
 * daylight saving since 1991.
 */
static int64
interval_us(const Interval *span)
{
	return span->time + ((int64) span->day + (int64) span->month * DAYS_PER_MONTH) *
		USECS_PER_DAY;
}

static TimestampTz
plus_interval(TimestampTz at, const Interval *span)
{
	return at + interval_us(span);
}

TimestampTz
kefu_level_at(const KefuLevel *level, TimestampTz started_at, TimestampTz due_at)
{
	return plus_interval(level->from_start ? started_at : due_at, &level->offset_by);
}

/*
 * The end of a promise of so much time of a kind.  Shift time of a unit without
 * a calendar is wall time: a promise must end some day.
 */
static TimestampTz
end_of(const Policy *policy, KefuClockStart *start, const char *calendar)
{
	bool		assumed = false;
	TimestampTz due;

	switch (policy->calendar)
	{
		case KEFU_SHIFT:
			if (calendar == NULL)
				return plus_interval(start->started_at, &policy->target);
			due = kefu_calendar_add(calendar, start->started_at,
									interval_us(&policy->target), &assumed);
			break;
		case KEFU_WORKING_DAYS:
			if (calendar == NULL)
				return plus_interval(start->started_at, &policy->target);
			due = kefu_calendar_add_days(calendar, start->started_at,
										 policy->target.day, &assumed);
			break;
		default:
			due = plus_interval(start->started_at, &policy->target);
			break;
	}
	start->is_assumed |= assumed;
	return due;
}

/* What the law wants earlier, or just then, is the law's. */
static void
keep_the_law(KefuClockStart *start)
{
	KefuLegalEnd end;

	if (!kefu_is_limited_by_law(start->clock) ||
		!kefu_legal_end(start->clock, start->place, start->started_at, &end) ||
		end.due_at > start->due_at)
		return;
	start->due_at = end.due_at;
	start->limit_id = end.limit_id;
	start->is_assumed |= end.is_assumed;
}

bool
kefu_clock_compute(KefuClockStart *start)
{
	Kind	   *kind = kind_of(start->clock);
	const char *calendar;
	Policy	   *policy;
	KefuLevel  *first;

	(void) kefu_unit_parent(start->unit);	/* loads the units before we hold pointers */
	kind = kind_of(start->clock);
	policy = policy_for(kind, start->unit, start->started_at);
	calendar = kefu_unit_calendar(start->unit);
	start->policy_id = policy->policy_id;
	start->is_assumed = false;
	start->limit_id = 0;
	start->due_desk_at = DT_NOBEGIN;
	if (!policy->has_target)
	{
		if (TIMESTAMP_NOT_FINITE(start->target_at))
			return false;
		start->due_at = start->target_at;
	}
	else
	{
		Policy		held = *policy; /* the calendar may query and drop the cache */

		start->due_at = end_of(&held, start, calendar);
		if (calendar != NULL && held.calendar == KEFU_WALL)
		{
			bool		assumed = false;

			start->due_desk_at = kefu_calendar_add(calendar, start->started_at,
												   interval_us(&held.target), &assumed);
			start->is_assumed |= assumed;
		}
		/* An earlier end that the event brought wins. */
		if (!TIMESTAMP_NOT_FINITE(start->target_at) && start->target_at < start->due_at)
			start->due_at = start->target_at;
	}
	keep_the_law(start);
	first = kefu_policy_level(start->policy_id, 1);
	start->next_level = 1;
	start->next_fire_at = first ?
		kefu_level_at(first, start->started_at, start->due_at) : DT_NOBEGIN;
	return true;
}

/* --- writing ------------------------------------------------------------ */

#define INSERT_COLUMNS 13
#define INSERT_CLOCK \
	"INSERT INTO kefu.clock (object_type, object_id, clock, round, unit, policy_id, " \
	"  started_at, due_at, due_desk_at, is_assumed, next_level, next_fire_at, limit_id) "

static void
insert_one(const KefuClockStart *s)
{
	static KefuPlan plan = {
		INSERT_CLOCK "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
		INSERT_COLUMNS, {TEXTOID, INT8OID, TEXTOID, INT2OID, TEXTOID, INT4OID, TIMESTAMPTZOID,
			 TIMESTAMPTZOID, TIMESTAMPTZOID, BOOLOID, INT2OID, TIMESTAMPTZOID, INT4OID}, NULL
	};
	Datum		v[INSERT_COLUMNS];
	char		nulls[INSERT_COLUMNS + 1] = "             ";

	v[0] = CStringGetTextDatum(s->object_type);
	v[1] = Int64GetDatum(s->object_id);
	v[2] = CStringGetTextDatum(s->clock);
	v[3] = Int16GetDatum(s->round);
	v[4] = CStringGetTextDatum(s->unit);
	v[5] = Int32GetDatum(s->policy_id);
	v[6] = TimestampTzGetDatum(s->started_at);
	v[7] = TimestampTzGetDatum(s->due_at);
	v[8] = TimestampTzGetDatum(s->due_desk_at);
	v[9] = BoolGetDatum(s->is_assumed);
	v[10] = Int16GetDatum(s->next_level);
	v[11] = TimestampTzGetDatum(s->next_fire_at);
	v[12] = Int32GetDatum(s->limit_id);
	if (s->due_desk_at == DT_NOBEGIN)
		nulls[8] = 'n';
	if (s->next_fire_at == DT_NOBEGIN)
		nulls[11] = 'n';
	if (s->limit_id == 0)
		nulls[12] = 'n';
	kefu_spi_run(&plan, v, nulls, false, 0);
}

static Datum
array_of(Datum *values, bool *nulls, int count, Oid type)
{
	int			dims[1] = {count};
	int			lbs[1] = {1};
	int16		length;
	bool		byval;
	char		align;

	get_typlenbyvalalign(type, &length, &byval, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, dims, lbs, type,
											  length, byval, align));
}

static void
insert_many(const KefuClockStart *starts, int count)
{
	static KefuPlan plan = {
		INSERT_CLOCK
		"SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::smallint[], "
		"  $5::text[], $6::integer[], $7::timestamptz[], $8::timestamptz[], "
		"  $9::timestamptz[], $10::boolean[], $11::smallint[], $12::timestamptz[], "
		"  $13::integer[])",
		INSERT_COLUMNS, {TEXTARRAYOID, INT8ARRAYOID, TEXTARRAYOID, INT2ARRAYOID, TEXTARRAYOID,
			 INT4ARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID,
			 BOOLARRAYOID, INT2ARRAYOID, TIMESTAMPTZARRAYOID, INT4ARRAYOID}, NULL
	};
	static const Oid types[INSERT_COLUMNS] = {TEXTOID, INT8OID, TEXTOID, INT2OID, TEXTOID, INT4OID,
								  TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
								  BOOLOID, INT2OID, TIMESTAMPTZOID, INT4OID};
	Datum	   *columns[INSERT_COLUMNS];
	bool	   *nulls[INSERT_COLUMNS];
	Datum		args[INSERT_COLUMNS];

	for (int c = 0; c < INSERT_COLUMNS; c++)
	{
		columns[c] = palloc(sizeof(Datum) * count);
		nulls[c] = palloc0(sizeof(bool) * count);
	}
	for (int i = 0; i < count; i++)
	{
		const KefuClockStart *s = &starts[i];

		columns[0][i] = CStringGetTextDatum(s->object_type);
		columns[1][i] = Int64GetDatum(s->object_id);
		columns[2][i] = CStringGetTextDatum(s->clock);
		columns[3][i] = Int16GetDatum(s->round);
		columns[4][i] = CStringGetTextDatum(s->unit);
		columns[5][i] = Int32GetDatum(s->policy_id);
		columns[6][i] = TimestampTzGetDatum(s->started_at);
		columns[7][i] = TimestampTzGetDatum(s->due_at);
		columns[8][i] = TimestampTzGetDatum(s->due_desk_at);
		nulls[8][i] = s->due_desk_at == DT_NOBEGIN;
		columns[9][i] = BoolGetDatum(s->is_assumed);
		columns[10][i] = Int16GetDatum(s->next_level);
		columns[11][i] = TimestampTzGetDatum(s->next_fire_at);
		nulls[11][i] = s->next_fire_at == DT_NOBEGIN;
		columns[12][i] = Int32GetDatum(s->limit_id);
		nulls[12][i] = s->limit_id == 0;
	}
	for (int c = 0; c < INSERT_COLUMNS; c++)
		args[c] = array_of(columns[c], nulls[c], count, types[c]);
	kefu_spi_run(&plan, args, NULL, false, 0);
}

void
kefu_clock_insert(const KefuClockStart *starts, int count)
{
	kefu_spi_begin();
	if (count == 1)
		insert_one(&starts[0]);
	else if (count > 1)
		insert_many(starts, count);
	kefu_spi_end();
	for (int i = 0; i < count; i++)
		if (starts[i].next_fire_at != DT_NOBEGIN)
			kefu_wake_for(KEFU_CLOCK_WORKER, starts[i].next_fire_at);
}

/*
 * Stops the named running clocks of an object at an instant.  They end kept or
 * late, but those also in voided end void and those also in timers kept.
 */
void
kefu_clock_stop(const char *object_type, int64 object_id, int16 round,
				Datum clocks, Datum voided, Datum timers, TimestampTz at)
{
	static KefuPlan plan = {
		"UPDATE kefu.clock c SET stopped_at = $7, next_fire_at = NULL, paused_at = NULL, "
		"  outcome = CASE WHEN c.clock = ANY ($5) THEN 'void' "
		"                 WHEN $7 <= c.due_at OR c.clock = ANY ($6) THEN 'kept' "
		"                 ELSE 'late' END "
		" WHERE c.object_id = $2 AND c.object_type = $1 AND c.stopped_at IS NULL "
		"   AND c.round <= $3 AND c.clock = ANY ($4)",
		7, {TEXTOID, INT8OID, INT2OID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
			TIMESTAMPTZOID}, NULL
	};
	Datum		v[7] = {CStringGetTextDatum(object_type), Int64GetDatum(object_id),
		Int16GetDatum(round), clocks, voided, timers, TimestampTzGetDatum(at)};

	kefu_spi_begin();
	kefu_spi_run(&plan, v, NULL, false, 0);
	kefu_spi_end();
}

/* An object that came to its end keeps no promise running. */
void
kefu_clock_stop_all(const char *object_type, int64 object_id, TimestampTz at)
{
	static KefuPlan plan = {
		"UPDATE kefu.clock c SET stopped_at = $3, next_fire_at = NULL, paused_at = NULL, "
		"  outcome = 'void' "
		" WHERE c.object_id = $2 AND c.object_type = $1 AND c.stopped_at IS NULL",
		3, {TEXTOID, INT8OID, TIMESTAMPTZOID}, NULL
	};
	Datum		v[3] = {CStringGetTextDatum(object_type), Int64GetDatum(object_id),
		TimestampTzGetDatum(at)};

	kefu_spi_begin();
	kefu_spi_run(&plan, v, NULL, false, 0);
	kefu_spi_end();
}

void
kefu_clock_pause(const char *object_type, int64 object_id, const char *clock, TimestampTz at)
{
	static KefuPlan plan = {
		"UPDATE kefu.clock c SET paused_at = $4, next_fire_at = NULL "
		" WHERE c.object_id = $2 AND c.object_type = $1 AND c.clock = $3 "
		"   AND c.stopped_at IS NULL AND c.paused_at IS NULL",
		4, {TEXTOID, INT8OID, TEXTOID, TIMESTAMPTZOID}, NULL
	};
	Datum		v[4] = {CStringGetTextDatum(object_type), Int64GetDatum(object_id),
		CStringGetTextDatum(clock), TimestampTzGetDatum(at)};

	kefu_spi_begin();
	kefu_spi_run(&plan, v, NULL, false, 0);
	kefu_spi_end();
}

/*
 * Resumes a paused clock: its end moves by the length of the pause.  Returns
 * false if it isn't paused.  A clock that runs already is left as it is, which
 * is also reported as true: the promise was given once.
 */
bool
kefu_clock_resume(const char *object_type, int64 object_id, const char *clock,
				  int16 round, TimestampTz at)
{
	static KefuPlan find_plan = {
		"SELECT clock_id, paused_at, started_at, due_at, policy_id, next_level "
		"  FROM kefu.clock "
		" WHERE object_id = $2 AND object_type = $1 AND clock = $3 AND round = $4 "
		"   AND stopped_at IS NULL",
		4, {TEXTOID, INT8OID, TEXTOID, INT2OID}, NULL
	};
	static KefuPlan resume_plan = {
		"UPDATE kefu.clock SET pauses = pauses + tstzmultirange(tstzrange(paused_at, $2)), "
		"  paused_at = NULL, due_at = $3, next_fire_at = $4, "
		"  due_desk_at = due_desk_at + ($3 - due_at) WHERE clock_id = $1",
		4, {INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}, NULL
	};
	Datum		v[4] = {CStringGetTextDatum(object_type), Int64GetDatum(object_id),
		CStringGetTextDatum(clock), Int16GetDatum(round)};
	bool		running;
	bool		isnull;

	kefu_spi_begin();
	running = kefu_spi_run(&find_plan, v, NULL, false, 1) > 0;
	if (running)
	{
		Datum		id = kefu_spi_value(0, 1, &isnull);
		TimestampTz started_at = DatumGetTimestampTz(kefu_spi_value(0, 3, &isnull));
		TimestampTz due_at = DatumGetTimestampTz(kefu_spi_value(0, 4, &isnull));
		int32		policy_id = DatumGetInt32(kefu_spi_value(0, 5, &isnull));
		int			next = DatumGetInt16(kefu_spi_value(0, 6, &isnull));
		TimestampTz paused_at = DatumGetTimestampTz(kefu_spi_value(0, 2, &isnull));

		if (!isnull)
		{
			char		nulls[5] = "    ";
			KefuLevel  *level = kefu_policy_level(policy_id, next);
			TimestampTz fire_at;

			due_at += at - paused_at;
			fire_at = level ? kefu_level_at(level, started_at, due_at) : DT_NOBEGIN;
			v[0] = id;
			v[1] = TimestampTzGetDatum(at);
			v[2] = TimestampTzGetDatum(due_at);
			v[3] = TimestampTzGetDatum(fire_at);
			nulls[3] = level ? ' ' : 'n';
			kefu_spi_run(&resume_plan, v, nulls, false, 0);
			if (level)
				kefu_wake_for(KEFU_CLOCK_WORKER, fire_at);
		}
	}
	kefu_spi_end();
	return running;
}
