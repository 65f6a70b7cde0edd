/*
 * budget.c
 *		What every poll asks of the platforms' limits, without reading all feeds.
 *
 * How the feeds of an account are paced depends on every feed that shares a
 * limit with it, and changes when somebody changes the desk.  Each backend keeps
 * the paces and forgets them when one of the tables behind them changes.
 *
 * How a limit is spread over its feeds is SQL (kefu.patrol_pace in 53_budget).
 */
#include "kefu.h"

#include "funcapi.h"
#include "utils/array.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "rules.h"
#include "spi.h"

KEFU_FUNCTION(kefu_pace_of);
KEFU_FUNCTION(kefu_slots_sum);

typedef struct Pace
{
	char		account[NAMEDATALEN];	/* hash key; its column allows no longer one */
	bool		around_the_clock;
	bool		has_stretch;
	double		stretch;
} Pace;

static MemoryContext pace_context = NULL;
static HTAB *paces = NULL;
static bool paces_loaded = false;

static void
forget(void)
{
	paces_loaded = false;
}

static void
watch_tables(void)
{
	kefu_rules_watch("account", forget);
	kefu_rules_watch("credential", forget);
	kefu_rules_watch("endpoint", forget);
	kefu_rules_watch("feed", forget);
	kefu_rules_watch("platform_policy", forget);
	kefu_rules_watch("rate_rule", forget);
}

static void
read_paces(void)
{
	static KefuPlan plan = {
		"SELECT account, around_the_clock, stretch FROM kefu.patrol_pace", 0, {0}, NULL
	};
	uint64		count = kefu_spi_run(&plan, NULL, NULL, true, 0);
	bool		isnull;

	for (uint64 row = 0; row < count; row++)
	{
		Pace	   *pace = hash_search(paces, kefu_spi_text(row, 1), HASH_ENTER, NULL);
		Datum		stretch = kefu_spi_value(row, 3, &isnull);

		pace->has_stretch = !isnull;
		pace->stretch = isnull ? 0 : DatumGetFloat8(stretch);
		pace->around_the_clock = DatumGetBool(kefu_spi_value(row, 2, &isnull));
	}
}

/* The paces of all accounts; what changes while they are read is read again. */
static HTAB *
known_paces(void)
{
	HASHCTL		ctl = {.keysize = NAMEDATALEN, .entrysize = sizeof(Pace)};
	KefuRulesReader reader;

	if (paces_loaded)
		return paces;
	watch_tables();
	while (!paces_loaded)
	{
		ctl.hcxt = pace_context = kefu_rules_context(pace_context, "paces");
		paces = hash_create("kefu paces", 256, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
		paces_loaded = true;
		PG_TRY();
		{
			kefu_rules_open("feed", &reader);
			read_paces();
			kefu_rules_close(&reader);
		}
		PG_CATCH();
		{
			paces_loaded = false;
			PG_RE_THROW();
		}
		PG_END_TRY();
	}
	return paces;
}

/* kefu.pace_of(account, OUT around_the_clock, OUT stretch) */
Datum
kefu_pace_of(PG_FUNCTION_ARGS)
{
	Pace	   *pace = hash_search(known_paces(), text_to_cstring(PG_GETARG_TEXT_PP(0)),
								   HASH_FIND, NULL);
	TupleDesc	desc;
	Datum		values[2] = {0};
	bool		nulls[2] = {pace == NULL, pace == NULL || !pace->has_stretch};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "kefu.pace_of() returns a row");
	if (pace != NULL)
	{
		values[0] = BoolGetDatum(pace->around_the_clock);
		values[1] = Float8GetDatum(pace->stretch);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* kefu.slots_sum(calls integer[]): one dimension without a NULL */
Datum
kefu_slots_sum(PG_FUNCTION_ARGS)
{
	ArrayType  *slots = PG_GETARG_ARRAYTYPE_P(0);
	const int32 *calls = (const int32 *) ARR_DATA_PTR(slots);
	int			count = ArrayGetNItems(ARR_NDIM(slots), ARR_DIMS(slots));
	int64		sum = 0;

	if (ARR_HASNULL(slots))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a slot has no number of calls")));
	for (int i = 0; i < count; i++)
		sum += calls[i];
	PG_RETURN_INT32((int32) sum);
}
