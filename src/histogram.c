/*
 * histogram.c
 *		kefu.bucket() and the aggregate kefu.percentile(bucket, count, fraction):
 *		percentiles of durations from counts that were summed up before.
 *
 * The state is one count a bucket, so parallel workers' states add up to that
 * of the whole, and the result doesn't hang on how rows were split.
 */
#include "kefu.h"

#include "common/int.h"

#include "pure/histogram.h"

KEFU_FUNCTION(kefu_bucket_sql);
KEFU_FUNCTION(kefu_percentile_add);
KEFU_FUNCTION(kefu_percentile_combine);
KEFU_FUNCTION(kefu_percentile_save);
KEFU_FUNCTION(kefu_percentile_load);
KEFU_FUNCTION(kefu_percentile_final);

typedef struct Percentile
{
	double		fraction;
	int64		counts[KEFU_BUCKETS];
} Percentile;

/* The context of the aggregate; an error for a call by anything else. */
static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this function is a part of the aggregate kefu.percentile"),
				 errhint("Call kefu.percentile(bucket, count, fraction).")));
	return context;
}

/* Adds to one count; numeric_value_out_of_range if there were too many. */
static void
add_count(Percentile *state, int bucket, int64 count)
{
	if (pg_add_s64_overflow(state->counts[bucket], count, &state->counts[bucket]))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many values for a percentile")));
}

/* kefu.bucket(seconds bigint): see its SQL comment. */
Datum
kefu_bucket_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(kefu_bucket(PG_GETARG_INT64(0)));
}

/*
 * Adds count values of a bucket; a row with a NULL or a count of 0 adds
 * nothing.  The fraction is that of the first row that adds something.
 */
Datum
kefu_percentile_add(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Percentile *state = PG_ARGISNULL(0) ? NULL : (Percentile *) PG_GETARG_POINTER(0);
	int32		bucket;
	int64		count;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	bucket = PG_GETARG_INT32(1);
	count = PG_GETARG_INT64(2);
	if (bucket < 0 || bucket >= KEFU_BUCKETS || count < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bucket %d with count " INT64_FORMAT " is no part of a histogram",
						bucket, count),
				 errdetail("Buckets are 0 to %d, counts aren't negative.", KEFU_BUCKETS - 1)));
	if (state == NULL)
	{
		state = MemoryContextAllocZero(context, sizeof(Percentile));
		state->fraction = PG_GETARG_FLOAT8(3);
		if (!(state->fraction >= 0 && state->fraction <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("percentile value %g is not between 0 and 1", state->fraction)));
	}
	add_count(state, bucket, count);
	PG_RETURN_POINTER(state);
}

/* Adds the counts of the second state to the first; either may be NULL. */
Datum
kefu_percentile_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Percentile *state = PG_ARGISNULL(0) ? NULL : (Percentile *) PG_GETARG_POINTER(0);
	Percentile *other = PG_ARGISNULL(1) ? NULL : (Percentile *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
	{
		state = MemoryContextAllocZero(context, sizeof(Percentile));
		state->fraction = other->fraction;
	}
	for (int i = 0; i < KEFU_BUCKETS; i++)
		add_count(state, i, other->counts[i]);
	PG_RETURN_POINTER(state);
}

/* A state as bytes for another process of the same server. */
Datum
kefu_percentile_save(PG_FUNCTION_ARGS)
{
	Percentile *state = (Percentile *) PG_GETARG_POINTER(0);
	bytea	   *saved = palloc(VARHDRSZ + sizeof(Percentile));

	(void) aggregate_context(fcinfo);
	SET_VARSIZE(saved, VARHDRSZ + sizeof(Percentile));
	memcpy(VARDATA(saved), state, sizeof(Percentile));
	PG_RETURN_BYTEA_P(saved);
}

/* And back; allocated in the caller's context. */
Datum
kefu_percentile_load(PG_FUNCTION_ARGS)
{
	bytea	   *saved = PG_GETARG_BYTEA_PP(0);
	Percentile *state = palloc(sizeof(Percentile));

	(void) aggregate_context(fcinfo);
	if (VARSIZE_ANY_EXHDR(saved) != sizeof(Percentile))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("state of a percentile has a wrong length")));
	memcpy(state, VARDATA_ANY(saved), sizeof(Percentile));
	PG_RETURN_POINTER(state);
}

/* The value the bucket stands for; NULL if nothing was counted. */
Datum
kefu_percentile_final(PG_FUNCTION_ARGS)
{
	Percentile *state = PG_ARGISNULL(0) ? NULL : (Percentile *) PG_GETARG_POINTER(0);
	int			bucket = state == NULL ? -1 : kefu_bucket_at(state->counts, state->fraction);

	if (bucket < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(kefu_bucket_middle(bucket));
}
