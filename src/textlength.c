/*
 * textlength.c
 *		kefu.text_length(), kefu.length_limit() and kefu.fitting_length(): how long
 *		a text is to a platform by the rules of an instant (R41).
 *
 * How is counted is in src/pure/textlength.c; by which rule is a row of
 * kefu.length_rule.  The rows are kept in the session until one changes.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "rules.h"
#include "spi.h"
#include "text.h"
#include "who.h"

#include "pure/textlength.h"
#include "pure/utf8.h"

KEFU_FUNCTION(kefu_text_length_sql);
KEFU_FUNCTION(kefu_length_limit);
KEFU_FUNCTION(kefu_fitting_length);

typedef struct Rule
{
	const char *platform;
	const char *kind;
	TimestampTz valid_from;
	int32		limit;
	KefuLengthRule counting;
} Rule;

static MemoryContext rule_context = NULL;
static Rule *rules = NULL;		/* newest first within a platform and kind */
static int	rule_count = 0;
static bool fresh = false;

/* KefuRulesDrop */
static void
expire(void)
{
	fresh = false;
}

static char *
text_column(uint64 row, int column)
{
	return MemoryContextStrdup(rule_context, kefu_spi_text(row, column));
}

static void
read_rule(uint64 row, Rule *rule)
{
	bool		isnull;
	char	   *algorithm = kefu_spi_text(row, 5);
	int32		url_length;

	rule->platform = text_column(row, 1);
	rule->kind = text_column(row, 2);
	rule->valid_from = DatumGetTimestampTz(kefu_spi_value(row, 3, &isnull));
	rule->limit = DatumGetInt32(kefu_spi_value(row, 4, &isnull));
	if (!kefu_counting_named(algorithm, &rule->counting.counting))
		elog(ERROR, "unknown algorithm \"%s\" in kefu.length_rule", algorithm);
	url_length = DatumGetInt32(kefu_spi_value(row, 6, &isnull));
	rule->counting.url_length = isnull ? 0 : url_length;
	rule->counting.short_names = DatumGetBool(kefu_spi_value(row, 7, &isnull));
}

static void
read_rules(void)
{
	static KefuPlan plan = {
		"SELECT r.platform, r.kind, r.valid_from, r.text_limit, r.algorithm, r.url_length,"
		" r.short_names FROM kefu.length_rule r"
		" ORDER BY r.platform, r.kind, r.valid_from DESC", 0
	};
	KefuRulesReader reader;

	if (rule_context != NULL)
		MemoryContextReset(rule_context);
	else
		rule_context = AllocSetContextCreate(TopMemoryContext, "kefu length rules",
											 ALLOCSET_SMALL_SIZES);
	rule_count = 0;
	kefu_rules_watch("length_rule", expire);
	fresh = true;				/* unless a change arrives while they are read */
	PG_TRY();
	{
		kefu_rules_open("length_rule", &reader);
		rule_count = (int) kefu_spi_run(&plan, NULL, NULL, true, 0);
		rules = MemoryContextAlloc(rule_context, sizeof(Rule) * Max(rule_count, 1));
		for (int i = 0; i < rule_count; i++)
			read_rule(i, &rules[i]);
		kefu_rules_close(&reader);
	}
	PG_CATCH();
	{
		fresh = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/* The rule of an instant; NULL if that platform has none for the kind then. */
static const Rule *
find_rule(const char *platform, const char *kind, TimestampTz at)
{
	if (!fresh)
		read_rules();
	for (int i = 0; i < rule_count; i++)
		if (rules[i].valid_from <= at && strcmp(rules[i].kind, kind) == 0 &&
			strcmp(rules[i].platform, platform) == 0)
			return &rules[i];
	return NULL;
}

/* The rule that arguments platform, kind and the one numbered at ask for. */
static const Rule *
rule_of(FunctionCallInfo fcinfo, int at)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return NULL;
	return find_rule(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)),
					 PG_ARGISNULL(at) ? kefu_now() : PG_GETARG_TIMESTAMPTZ(at));
}

/* kefu.text_length(platform text, kind text, text text, at timestamptz) */
Datum
kefu_text_length_sql(PG_FUNCTION_ARGS)
{
	const Rule *rule = rule_of(fcinfo, 3);
	const char *utf8;
	size_t		len;

	if (rule == NULL || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	utf8 = kefu_utf8_of(PG_GETARG_TEXT_PP(2), &len);
	/* At most url_length a character: a gigabyte of text could be beyond int4. */
	PG_RETURN_INT32((int32) Min(kefu_text_length(utf8, len, &rule->counting),
								(uint64) PG_INT32_MAX));
}

/* kefu.length_limit(platform text, kind text, at timestamptz) */
Datum
kefu_length_limit(PG_FUNCTION_ARGS)
{
	const Rule *rule = rule_of(fcinfo, 2);

	if (rule == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(rule->limit);
}

/* kefu.fitting_length(platform text, kind text, text text, at timestamptz) */
Datum
kefu_fitting_length(PG_FUNCTION_ARGS)
{
	const Rule *rule = rule_of(fcinfo, 3);
	const char *utf8;
	size_t		len;
	int32		characters = 0;

	if (rule == NULL || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	utf8 = kefu_utf8_of(PG_GETARG_TEXT_PP(2), &len);
	len = kefu_fitting_bytes(utf8, len, &rule->counting, (uint64) rule->limit);
	for (size_t i = 0, used; i < len; i += used, characters++)
		kefu_utf8_point(utf8 + i, len - i, &used);
	PG_RETURN_INT32(characters);
}
