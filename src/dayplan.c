/*
 * dayplan.c
 *		kefu.solve_day() and kefu.share(): a day of posts by rule, from SQL.
 *
 * What counts is in src/pure/dayplan*.c.  Rows come as arrays of numbers, one
 * row of a two-dimensional array each, so that one query plans the days of
 * many accounts and nothing is looked up in between.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/tuplestore.h"

#include "pure/dayplan.h"

KEFU_FUNCTION(kefu_solve_day);
KEFU_FUNCTION(kefu_share_sql);

#define STAND_COLUMNS 4			/* kind, flags, places, minute */
#define STOCK_COLUMNS 6			/* kind, flags, places, earliest, latest, wish */
#define RESULT_COLUMNS 9

static const char *const rule_names[KEFU_DAY_CHECKS] = {
	"number", "spacing", "gap", "morning", "evening", "service", "industry",
	"leisure", "reposts", "soft", "pictures", "wishes"
};
static const char *const reason_names[] = {"kept", "stock", "room", "limit", "stands"};

/*
 * Numbers of an array of integers without NULLs, "columns" in each row (0: one
 * dimension); *rows is how many rows there are.
 */
static const int32 *
read_numbers(ArrayType *array, const char *what, int columns, int *rows)
{
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_ELEMTYPE(array) != INT4OID || array_contains_nulls(array) ||
		(count > 0 && columns > 0 &&
		 (ARR_NDIM(array) != 2 || ARR_DIMS(array)[1] != columns)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be an array of integers without NULLs, %d in each row",
						what, columns)));
	*rows = columns > 0 ? count / columns : count;
	return (const int32 *) ARR_DATA_PTR(array);
}

/* The rules, in the order of KefuDayRules, which consists of ints only. */
static KefuDayRules
read_rules(ArrayType *array)
{
	KefuDayRules rules;
	int			count;
	const int32 *numbers = read_numbers(array, "rules", 0, &count);

	StaticAssertStmt(sizeof(KefuDayRules) % sizeof(int) == 0 && sizeof(int) == sizeof(int32),
					 "the rules are read as an array of integers");
	if (count != sizeof(KefuDayRules) / sizeof(int))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there must be %d rules, not %d",
						(int) (sizeof(KefuDayRules) / sizeof(int)), count)));
	memcpy(&rules, numbers, sizeof(rules));
	return rules;
}

static KefuDayPost *
read_posts(ArrayType *array, const char *what, int columns, int *count)
{
	const int32 *n = read_numbers(array, what, columns, count);
	KefuDayPost *posts = palloc(sizeof(KefuDayPost) * (*count + 1));

	for (int i = 0; i < *count; i++, n += columns)
		posts[i] = (KefuDayPost) {
			n[0], n[1], n[2], n[3],
			columns == STOCK_COLUMNS ? n[4] : n[3],
			columns == STOCK_COLUMNS ? n[5] : -1
		};
	return posts;
}

static void
refuse(KefuDayStatus status)
{
	if (status == KEFU_DAY_OK)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("this day can't be planned"),
			 status == KEFU_DAY_BAD_RULES ?
			 errdetail("The rules contradict each other, or one of them is out of range.") :
			 status == KEFU_DAY_BAD_POST ?
			 errdetail("A post has a minute, a flag or a place that can't be.") :
			 errdetail("There are more than %d posts.", KEFU_DAY_MATERIAL)));
}

static const char *
place_name(int place)
{
	return place == KEFU_AT_MORNING ? "morning" : place == KEFU_AT_EVENING ? "evening" :
		place == KEFU_AT_BETWEEN ? "between" : "rest";
}

/* A row of the result; numbers below 0 are NULL. */
static void
put_row(ReturnSetInfo *result, const char *name, const char *reason, const int *numbers)
{
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {false};

	values[0] = CStringGetTextDatum(name);
	nulls[1] = reason == NULL;
	if (reason != NULL)
		values[1] = CStringGetTextDatum(reason);
	for (int i = 2; i < RESULT_COLUMNS; i++)
	{
		values[i] = Int32GetDatum(numbers[i - 2]);
		nulls[i] = numbers[i - 2] < 0;
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
kefu_solve_day(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	KefuDayRules rules = read_rules(PG_GETARG_ARRAYTYPE_P(0));
	int			stand_count;
	int			stock_count;
	KefuDayPost *stands = read_posts(PG_GETARG_ARRAYTYPE_P(1), "stands", STAND_COLUMNS,
									 &stand_count);
	KefuDayPost *stock = read_posts(PG_GETARG_ARRAYTYPE_P(2), "stock", STOCK_COLUMNS,
									&stock_count);
	size_t		size;
	void	   *work;
	KefuDayPlan plan;

	if (stand_count > KEFU_DAY_MATERIAL || stock_count > KEFU_DAY_MATERIAL)
		refuse(KEFU_DAY_TOO_MANY);
	size = kefu_day_work_size(&rules, stand_count, stock_count);
	if (size == 0)
		refuse(KEFU_DAY_BAD_RULES);
	work = palloc(size);
	refuse(kefu_plan_day(&rules, stands, stand_count, stock, stock_count, work, &plan));
	pfree(work);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < plan.slot_count; i++)
		put_row(result, place_name(plan.slots[i].place), NULL, (int[]) {
			plan.slots[i].candidate + 1, plan.slots[i].minute, -1, -1, -1, -1, -1
		});
	for (int i = 0; i < KEFU_DAY_CHECKS; i++)
	{
		const KefuDayCheck *check = &plan.checks[i];

		put_row(result, rule_names[check->rule], reason_names[check->reason], (int[]) {
			-1, -1, check->actual, check->low, check->high, check->target, check->available
		});
	}
	return (Datum) 0;
}

Datum
kefu_share_sql(PG_FUNCTION_ARGS)
{
	int32		total = PG_GETARG_INT32(0);
	int			count;
	const int32 *parts = read_numbers(PG_GETARG_ARRAYTYPE_P(1), "parts", 0, &count);
	int		   *shares = palloc0(sizeof(int) * (count + 1));
	Datum	   *values = palloc(sizeof(Datum) * (count + 1));

	for (int i = 0; i < count; i++)
		if (parts[i] < 0 || total < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a share can't be reckoned with numbers below 0")));
	kefu_share(total, parts, count, shares);
	for (int i = 0; i < count; i++)
		values[i] = Int32GetDatum(shares[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, count, INT4OID, sizeof(int32), true,
										  TYPALIGN_INT));
}
