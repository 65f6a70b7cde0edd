/*
 * facts.c
 *		The facts that come with an event.
 *
 * A fact is a key of args; kefu.fact says of what type it is and how the audit
 * trail keeps it.  What doesn't fit its type is refused before any guard or
 * effect reads it, so that these may cast.  A fact that kefu.fact doesn't know
 * is kept as erasable text.
 */
#include "kefu.h"

#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "facts.h"
#include "spi.h"

/* Longest numbers that guards and effects may cast to bigint and integer. */
#define ID_DIGITS 18
#define NUMBER_DIGITS 9

/* An instant as facts have it: ISO 8601 in UTC, whatever the session's settings. */
char *
kefu_instant_text(TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char		text[MAXDATELEN + 1];

	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	EncodeDateTime(&tm, fsec, false, 0, NULL, USE_XSD_DATES, text);
	return psprintf("%sZ", text);
}

JsonbValue *
kefu_fact_value(Jsonb *args, const char *name)
{
	return getKeyJsonValueFromContainer(&args->root, name, strlen(name), NULL);
}

bool
kefu_fact_is_given(const JsonbValue *value)
{
	return value != NULL && value->type != jbvNull &&
		!(value->type == jbvString && value->val.string.len == 0);
}

/* A string argument as C text, or NULL. */
char *
kefu_fact_text(Jsonb *args, const char *name)
{
	JsonbValue *value = kefu_fact_value(args, name);

	if (!kefu_fact_is_given(value) || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/*
 * A number, given as such or as text.  Raises 22023 for anything else, which
 * only what our own functions raise may bring: a caller's facts were checked.
 */
int64
kefu_fact_number(const char *name, const JsonbValue *value)
{
	if (value->type == jbvNumeric)
		return DatumGetInt64(DirectFunctionCall1(numeric_int8,
												 NumericGetDatum(value->val.numeric)));
	if (value->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the fact \"%s\" must be a whole number", name)));
	return pg_strtoint64(pnstrdup(value->val.string.val, value->val.string.len));
}

/* The end that an event brings for a clock, in the clock's own fact or reply_by. */
TimestampTz
kefu_fact_instant(Jsonb *args, const char *name)
{
	char	   *text = kefu_fact_text(args, name);

	if (text == NULL)
		return DT_NOBEGIN;
	return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
												   ObjectIdGetDatum(InvalidOid),
												   Int32GetDatum(-1)));
}

/*
 * The first required fact that neither came with the event nor is on record;
 * NULL if none is missing.
 */
const char *
kefu_missing_fact(KefuTransition *t, KefuObject *object, Jsonb *args)
{
	Jsonb	   *record = NULL;

	for (char **fact = t->requires; *fact; fact++)
	{
		KefuFact   *known;

		if (kefu_fact_is_given(kefu_fact_value(args, *fact)))
			continue;
		known = kefu_fact(*fact);
		if (known == NULL || known->record_column == NULL || object->id == 0)
			return *fact;
		if (record == NULL)
		{
			Datum		arg = Int64GetDatum(object->id);
			bool		isnull;

			kefu_spi_run(kefu_object_record(object->machine), &arg, NULL, false, 1);
			record = DatumGetJsonbPCopy(kefu_spi_value(0, 1, &isnull));
		}
		if (!kefu_fact_is_given(kefu_fact_value(record, known->record_column)))
			return *fact;
	}
	return NULL;
}

/* An instant is kept as UTC, however the caller wrote it. */
static void
set_instant(JsonbValue *value)
{
	char	   *text = pnstrdup(value->val.string.val, value->val.string.len);
	TimestampTz at = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
															 CStringGetDatum(text),
															 ObjectIdGetDatum(InvalidOid),
															 Int32GetDatum(-1)));

	value->val.string.val = kefu_instant_text(at);
	value->val.string.len = strlen(value->val.string.val);
}

/*
 * Splits what came with an event: ids, codes and instants go into the event,
 * free text and personal data into its erasable detail.
 */
void
kefu_split_facts(Jsonb *args, Jsonb **facts, Jsonb **detail)
{
	JsonbIterator *it = JsonbIteratorInit(&args->root);
	JsonbParseState *sides[2] = {NULL, NULL};
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;
	int			count[2] = {0, 0};

	for (int i = 0; i < 2; i++)
		pushJsonbValue(&sides[i], WJB_BEGIN_OBJECT, NULL);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		KefuFact   *fact;
		int			side;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		if (!kefu_fact_is_given(&value))
			continue;
		fact = kefu_fact(pnstrdup(key.val.string.val, key.val.string.len));
		if (fact != NULL && strcmp(fact->type, "instant") == 0 && value.type == jbvString)
			set_instant(&value);
		side = (fact == NULL || fact->is_erasable || !IsAJsonbScalar(&value)) ? 1 : 0;
		pushJsonbValue(&sides[side], WJB_KEY, &key);
		pushJsonbValue(&sides[side], WJB_VALUE, &value);
		count[side]++;
	}
	for (int i = 0; i < 2; i++)
	{
		JsonbValue *made = pushJsonbValue(&sides[i], WJB_END_OBJECT, NULL);

		*(i == 0 ? facts : detail) = count[i] > 0 ? JsonbValueToJsonb(made) : NULL;
	}
}

/* --- whether they fit their types --------------------------------------------- */

/* Of so many digits at most, written as a number or as a string. */
static bool
is_whole_number(const JsonbValue *value, int digits)
{
	const char *text;
	int			length;
	int			start;

	if (value->type == jbvNumeric)
	{
		text = DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
		length = strlen(text);
	}
	else if (value->type == jbvString)
	{
		text = value->val.string.val;
		length = value->val.string.len;
	}
	else
		return false;
	start = length > 1 && text[0] == '-' ? 1 : 0;
	if (length - start > digits)
		return false;
	for (int i = start; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

static bool
is_truth(const JsonbValue *value)
{
	const char *text = value->val.string.val;
	int			length = value->val.string.len;

	return value->type == jbvBool ||
		(value->type == jbvString && ((length == 4 && strncmp(text, "true", 4) == 0) ||
									  (length == 5 && strncmp(text, "false", 5) == 0)));
}

static void
name_fact(void *name)
{
	errcontext("fact \"%s\"", (char *) name);
}

/* The server's own message, with the name of the fact beside it. */
static void
check_instant(char *name, JsonbValue *value)
{
	ErrorContextCallback context = {
		.callback = name_fact, .arg = name, .previous = error_context_stack
	};

	error_context_stack = &context;
	(void) DirectFunctionCall3(timestamptz_in,
							   CStringGetDatum(pnstrdup(value->val.string.val,
														value->val.string.len)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	error_context_stack = context.previous;
}

/* What the fact must be, in words; NULL if it is. */
static const char *
misfit(KefuFact *fact, JsonbValue *value)
{
	if (strcmp(fact->type, "id") == 0)
		return is_whole_number(value, ID_DIGITS) ? NULL : "a whole number";
	if (strcmp(fact->type, "number") == 0)
		return is_whole_number(value, NUMBER_DIGITS) ? NULL : "a whole number";
	if (strcmp(fact->type, "boolean") == 0)
		return is_truth(value) ? NULL : "true or false";
	if (strcmp(fact->type, "code") == 0)
		return IsAJsonbScalar(value) ? NULL : "a code";
	if (strcmp(fact->type, "instant") != 0)
		return NULL;
	if (value->type != jbvString)
		return "an instant";
	check_instant(fact->fact, value);
	return NULL;
}

/*
 * Raises 22023 for a fact that is not of its type, 22007 or 22008 for what is no
 * instant.  Empty ones are as good as not given.
 */
void
kefu_check_facts(Jsonb *args)
{
	JsonbIterator *it = JsonbIteratorInit(&args->root);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		KefuFact   *fact;
		const char *wanted;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		fact = kefu_fact(pnstrdup(key.val.string.val, key.val.string.len));
		if (fact == NULL || !kefu_fact_is_given(&value))
			continue;
		wanted = misfit(fact, &value);
		if (wanted)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the fact \"%s\" must be %s", fact->fact, wanted),
					 errhint("kefu.fact lists the facts and their types.")));
	}
}
