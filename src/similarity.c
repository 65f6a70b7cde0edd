/*
 * similarity.c
 *		kefu.similarity(), kefu.sketch() and kefu.shared_bands(): how alike two
 *		texts are, and the numbers by which an index finds texts alike.
 *
 * What counts is in src/pure/similarity.c.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "text.h"

#include "pure/similarity.h"

KEFU_FUNCTION(kefu_similarity_sql);
KEFU_FUNCTION(kefu_sketch_sql);
KEFU_FUNCTION(kefu_shared_bands);

typedef struct Text
{
	uint32_t   *form;
	uint64_t   *grams;
	size_t		count;
	size_t		gram_count;
} Text;

/*
 * Normal form and grams of a text argument, allocated here: at most a code
 * point a byte, and a gram less.
 */
static Text
read_text(text *given)
{
	size_t		len;
	const char *utf8 = kefu_utf8_of(given, &len);
	Text		read;

	read.form = palloc_extended(sizeof(uint32_t) * (len + 1), MCXT_ALLOC_HUGE);
	read.count = kefu_normal_form(utf8, len, read.form);
	read.grams = palloc_extended(sizeof(uint64_t) * (read.count + 1), MCXT_ALLOC_HUGE);
	read.gram_count = kefu_grams(read.form, read.count, read.grams);
	if (utf8 != VARDATA_ANY(given))
		pfree(unconstify(char *, utf8));
	return read;
}

/* The text that the last row was compared with: mostly the same again */
typedef struct Compared
{
	text	   *given;
	Text		read;
} Compared;

/*
 * read_text() of the first argument, which lives as long as the calling
 * statement; read anew only where it is another one.
 */
static const Text *
read_compared(FunctionCallInfo fcinfo, text *given)
{
	Compared   *last = fcinfo->flinfo->fn_extra;
	MemoryContext before;

	if (last != NULL && VARSIZE_ANY_EXHDR(last->given) == VARSIZE_ANY_EXHDR(given) &&
		memcmp(VARDATA_ANY(last->given), VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given)) == 0)
		return &last->read;
	before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (last != NULL)
	{
		fcinfo->flinfo->fn_extra = NULL;
		pfree(last->given);
		pfree(last->read.form);
		pfree(last->read.grams);
		pfree(last);
	}
	last = palloc(sizeof(Compared));
	last->given = cstring_to_text_with_len(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given));
	last->read = read_text(last->given);
	fcinfo->flinfo->fn_extra = last;
	MemoryContextSwitchTo(before);
	return &last->read;
}

Datum
kefu_similarity_sql(PG_FUNCTION_ARGS)
{
	const Text *a = read_compared(fcinfo, PG_GETARG_TEXT_PP(0));
	Text		b = read_text(PG_GETARG_TEXT_PP(1));

	PG_RETURN_FLOAT8(kefu_similarity(a->form, a->count, a->grams, a->gram_count,
									 b.form, b.count, b.grams, b.gram_count));
}

Datum
kefu_sketch_sql(PG_FUNCTION_ARGS)
{
	Text		read = read_text(PG_GETARG_TEXT_PP(0));
	uint64_t	bands[KEFU_BANDS];
	Datum		values[KEFU_BANDS];
	size_t		count = kefu_sketch(read.form, read.count, read.grams, read.gram_count, bands);

	for (size_t i = 0; i < count; i++)
		values[i] = Int64GetDatum((int64) bands[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, (int) count, INT8OID, sizeof(int64),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The numbers of a sketch, which has no NULLs and one dimension. */
static const int64 *
read_sketch(ArrayType *sketch, int *count)
{
	*count = ArrayGetNItems(ARR_NDIM(sketch), ARR_DIMS(sketch));
	if (ARR_ELEMTYPE(sketch) != INT8OID || ARR_NDIM(sketch) > 1 || array_contains_nulls(sketch))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this is not a sketch"),
				 errhint("Sketches are made by kefu.sketch(text).")));
	return (const int64 *) ARR_DATA_PTR(sketch);
}

/*
 * How many bands two sketches share.  A number stands for its band too, so
 * only equal places can be equal.
 */
Datum
kefu_shared_bands(PG_FUNCTION_ARGS)
{
	int			a_count;
	int			b_count;
	const int64 *a = read_sketch(PG_GETARG_ARRAYTYPE_P(0), &a_count);
	const int64 *b = read_sketch(PG_GETARG_ARRAYTYPE_P(1), &b_count);
	int			shared = 0;

	for (int i = 0; i < a_count && i < b_count; i++)
		shared += a[i] == b[i];
	PG_RETURN_INT32(shared);
}
