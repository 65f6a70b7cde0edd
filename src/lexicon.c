/*
 * lexicon.c
 *		kefu.find_words(): which words of the lexicons in force are in a text (R47,
 *		R80), and the automata of their versions.
 *
 * An automaton is built when a version is loaded and stored beside it; a backend
 * reads it at its first check and uses it where it lies.  One that is missing, or
 * was made by a release with another format or on another kind of machine, is
 * built anew from its words in this backend's memory.  A damaged one is an error.
 *
 * What is kept in a backend - automata, and which versions hold for a unit at an
 * instant - is dropped when lexicons, versions or units change.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "rules.h"
#include "spi.h"
#include "text.h"
#include "who.h"

#include "pure/fold.h"
#include "pure/utf8.h"
#include "pure/wordhit.h"

KEFU_FUNCTION(kefu_normal_form_sql);
KEFU_FUNCTION(kefu_build_automaton);
KEFU_FUNCTION(kefu_find_words_sql);

#define LONGEST_TEXT (1024 * 1024)
#define MOST_SELECTIONS 8

/* A version of a lexicon, and its automaton */
typedef struct Lexicon
{
	const char *lexicon;
	const char *class;
	int32		version;
	bool		is_allow;
	bool		is_open;
	bytea	   *image;			/* as it is stored; NULL if it isn't, or isn't read yet */
	KefuMatcher matcher;
} Lexicon;

/* What holds for a unit from one instant until another */
typedef struct Selection
{
	const char *unit;
	TimestampTz from_at;
	TimestampTz until_at;
	int			count;
	Lexicon   **lexicons;		/* those that allow before those that find */
} Selection;

static MemoryContext lexicon_context = NULL;
static Lexicon **known = NULL;
static int	known_count = 0;
static Selection selections[MOST_SELECTIONS];
static int	selection_count = 0;
static int	next_selection = 0;
static bool fresh = false;

/* --- words ------------------------------------------------------------------------ */

/* Appends the normal form of a text to points, which has room; how many there are. */
static uint32
fold_text(const char *utf8, size_t len, uint32_t *points)
{
	uint32		count = 0;

	for (size_t i = 0, used; i < len; i += used)
		count += (uint32) kefu_fold(kefu_utf8_point(utf8 + i, len - i, &used), points + count);
	return count;
}

/* kefu.normal_form(text text) */
Datum
kefu_normal_form_sql(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *utf8 = kefu_utf8_of(PG_GETARG_TEXT_PP(0), &len);
	StringInfoData form;
	char	   *server;

	initStringInfo(&form);
	for (size_t i = 0, used; i < len; i += used)
	{
		uint32_t	points[KEFU_FOLD_LONGEST];
		size_t		count = kefu_fold(kefu_utf8_point(utf8 + i, len - i, &used), points);

		for (size_t k = 0; k < count; k++)
		{
			char		bytes[4];

			appendBinaryStringInfo(&form, bytes, (int) kefu_utf8(points[k], bytes));
		}
	}
	server = pg_any_to_server(form.data, form.len, PG_UTF8);
	PG_RETURN_TEXT_P(server == form.data ? cstring_to_text_with_len(form.data, form.len) :
					 cstring_to_text(server));
}

typedef struct WordList
{
	KefuPart   *parts;
	size_t		count;
	size_t		room;
	uint32		words;
} WordList;

static void
add_part(WordList *list, const char *utf8, size_t len, uint32 word, bool is_host)
{
	uint32_t   *points = palloc(sizeof(uint32_t) * (len * KEFU_FOLD_LONGEST + 2));
	uint32		count = 0;

	if (is_host)
		points[count++] = '.';
	count += fold_text(utf8, len, points + count);
	if (is_host)
		points[count++] = KEFU_HOST_END;
	if (list->count == list->room)
	{
		list->room *= 2;
		list->parts = repalloc_huge(list->parts, sizeof(KefuPart) * list->room);
	}
	list->parts[list->count++] = (KefuPart) {points, count, word};
	list->words = Max(list->words, word + 1);
}

/* A pattern is a host, or parts between plus signs. */
static void
add_pattern(WordList *list, int32 number, text *pattern, bool is_host)
{
	size_t		len;
	const char *utf8 = kefu_utf8_of(pattern, &len);
	const char *end = utf8 + len;

	while (utf8 < end)
	{
		const char *plus = is_host ? NULL : memchr(utf8, '+', end - utf8);
		const char *stop = plus != NULL ? plus : end;

		if (stop > utf8)
			add_part(list, utf8, stop - utf8, (uint32) number - 1, is_host);
		utf8 = stop + 1;
	}
}

/*
 * Builds the automaton of a version from its words, in a memory context; between
 * kefu_rules_open() and its close.  SPI leaves its own context as the current one.
 */
static void *
build_automaton(const char *lexicon, int32 version, MemoryContext keep, size_t *size)
{
	static KefuPlan plan = {
		"SELECT w.word_number, w.pattern, w.kind = 'host' FROM kefu.lexicon_word w"
		" WHERE w.lexicon = $1 AND w.version = $2", 2, {TEXTOID, INT4OID}
	};
	Datum		values[2] = {CStringGetTextDatum(lexicon), Int32GetDatum(version)};
	uint64		rows = kefu_spi_run(&plan, values, NULL, true, 0);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "kefu words",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	WordList	list = {.room = 1024};
	const char *problem;
	void	   *built;
	void	   *image;

	list.parts = palloc(sizeof(KefuPart) * list.room);
	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;

		add_pattern(&list, DatumGetInt32(kefu_spi_value(row, 1, &isnull)),
					DatumGetTextPP(kefu_spi_value(row, 2, &isnull)),
					DatumGetBool(kefu_spi_value(row, 3, &isnull)));
	}
	MemoryContextSwitchTo(outer);
	problem = kefu_matcher_build(list.parts, list.count, list.words, &built, size);
	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("version %d of lexicon \"%s\" can't be built: %s", version, lexicon,
						problem)));
	MemoryContextDelete(context);
	image = MemoryContextAllocExtended(keep, *size, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
	if (image != NULL)
		memcpy(image, built, *size);
	free(built);
	if (image == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return image;
}

/* kefu.build_automaton(lexicon text, version integer) */
Datum
kefu_build_automaton(PG_FUNCTION_ARGS)
{
	KefuRulesReader reader;
	MemoryContext outer = CurrentMemoryContext;
	void	   *image;
	size_t		size;
	bytea	   *result;

	kefu_rules_open("lexicon_version", &reader);
	image = build_automaton(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_INT32(1),
							CurrentMemoryContext, &size);
	if (size > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the automaton of this lexicon would be larger than a field can be")));
	result = MemoryContextAlloc(outer, size + VARHDRSZ);
	SET_VARSIZE(result, size + VARHDRSZ);
	memcpy(VARDATA(result), image, size);
	kefu_rules_close(&reader);
	PG_RETURN_BYTEA_P(result);
}

/* --- what is kept ------------------------------------------------------------------- */

/* KefuRulesDrop */
static void
expire(void)
{
	fresh = false;
}

static void
reset_cache(void)
{
	if (lexicon_context != NULL)
		MemoryContextReset(lexicon_context);
	else
		lexicon_context = AllocSetContextCreate(TopMemoryContext, "kefu lexicons",
												ALLOCSET_DEFAULT_SIZES);
	known = NULL;
	known_count = 0;
	selection_count = 0;
	next_selection = 0;
	kefu_rules_watch("lexicon", expire);
	kefu_rules_watch("lexicon_version", expire);
	kefu_rules_watch("unit", expire);
	fresh = true;
}

/* The entry of a version, made at its first use. */
static Lexicon *
known_lexicon(const char *lexicon, const char *class, int32 version)
{
	Lexicon    *entry;

	for (int i = 0; i < known_count; i++)
		if (known[i]->version == version && strcmp(known[i]->lexicon, lexicon) == 0)
			return known[i];
	entry = MemoryContextAllocZero(lexicon_context, sizeof(Lexicon));
	entry->lexicon = MemoryContextStrdup(lexicon_context, lexicon);
	entry->class = MemoryContextStrdup(lexicon_context, class);
	entry->version = version;
	entry->is_allow = strcmp(class, "allow") == 0;
	if (known == NULL)
		known = MemoryContextAlloc(lexicon_context, sizeof(Lexicon *));
	else
		known = repalloc(known, sizeof(Lexicon *) * (known_count + 1));
	known[known_count++] = entry;
	return entry;
}

/* Keeps the stored automaton of a version, if there is one. */
static void
read_image(Lexicon *lexicon, Datum stored, bool isnull)
{
	MemoryContext outer;

	if (lexicon->is_open || lexicon->image != NULL || isnull)
		return;
	outer = MemoryContextSwitchTo(lexicon_context);
	lexicon->image = DatumGetByteaPCopy(stored);
	MemoryContextSwitchTo(outer);
}

/* Opens the automaton of a version: as it was read, else built anew. */
static void
open_lexicon(Lexicon *lexicon)
{
	KefuImage	state = KEFU_IMAGE_STALE;

	if (lexicon->is_open)
		return;
	if (lexicon->image != NULL)
		state = kefu_matcher_open(VARDATA(lexicon->image), VARSIZE(lexicon->image) - VARHDRSZ,
								  &lexicon->matcher);
	if (state != KEFU_IMAGE_SOUND && lexicon->image != NULL)
	{
		pfree(lexicon->image);
		lexicon->image = NULL;
	}
	if (state == KEFU_IMAGE_BROKEN)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the automaton of version %d of lexicon \"%s\" is damaged",
						lexicon->version, lexicon->lexicon),
				 errhint("kefu.compile_lexicon(lexicon, version) makes it anew from its words.")));
	if (state == KEFU_IMAGE_STALE)
	{
		size_t		size;
		void	   *image = build_automaton(lexicon->lexicon, lexicon->version, lexicon_context,
										&size);

		if (kefu_matcher_open(image, size, &lexicon->matcher) != KEFU_IMAGE_SOUND)
			elog(ERROR, "an automaton was built that is not sound");
	}
	lexicon->is_open = true;
}

/*
 * Fills a selection and opens what is in it; rows come by lexicon, the newest version
 * first.  In one statement: most of what a new backend does for its first text is to
 * learn of tables and to plan.
 */
static void
read_selection(const char *unit, TimestampTz at, Selection *selection)
{
	static KefuPlan plan = {
		"SELECT l.lexicon, l.class, v.version, v.valid_from, v.automaton"
		" FROM kefu.lexicon l JOIN kefu.lexicon_version v USING (lexicon)"
		" WHERE l.unit IN (SELECT p.unit FROM kefu.unit_path($1) AS p(unit))"
		" ORDER BY l.class <> 'allow', l.lexicon, v.valid_from DESC, v.version DESC", 1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(unit);
	KefuRulesReader reader;
	const char *last = "";
	uint64		rows;

	kefu_rules_open("lexicon_version", &reader);
	rows = kefu_spi_run(&plan, &value, NULL, true, 0);
	*selection = (Selection) {
		.unit = MemoryContextStrdup(lexicon_context, unit),
		.from_at = DT_NOBEGIN,
		.until_at = DT_NOEND,
		.lexicons = MemoryContextAlloc(lexicon_context, sizeof(Lexicon *) * Max(rows, 1))
	};
	for (uint64 row = 0; row < rows; row++)
	{
		bool		isnull;
		char	   *lexicon = kefu_spi_text(row, 1);
		TimestampTz valid_from = DatumGetTimestampTz(kefu_spi_value(row, 4, &isnull));

		if (valid_from > at)
			selection->until_at = Min(selection->until_at, valid_from);
		else
		{
			selection->from_at = Max(selection->from_at, valid_from);
			if (strcmp(lexicon, last) != 0)
			{
				Lexicon    *entry = known_lexicon(lexicon, kefu_spi_text(row, 2),
												  DatumGetInt32(kefu_spi_value(row, 3, &isnull)));
				Datum		stored = kefu_spi_value(row, 5, &isnull);

				read_image(entry, stored, isnull);
				selection->lexicons[selection->count++] = entry;
			}
			last = lexicon;
		}
	}
	/* Building one runs a statement, after which these rows are gone. */
	for (int i = 0; i < selection->count; i++)
		open_lexicon(selection->lexicons[i]);
	kefu_rules_close(&reader);
}

static const Selection *
select_lexicons(const char *unit, TimestampTz at)
{
	Selection	made;

	if (!fresh)
		reset_cache();
	for (int i = 0; i < selection_count; i++)
		if (selections[i].from_at <= at && at < selections[i].until_at &&
			strcmp(selections[i].unit, unit) == 0)
			return &selections[i];
	read_selection(unit, at, &made);
	selections[next_selection] = made;
	selection_count = Max(selection_count, next_selection + 1);
	next_selection = (next_selection + 1) % MOST_SELECTIONS;
	return &selections[(next_selection + MOST_SELECTIONS - 1) % MOST_SELECTIONS];
}

/* --- the search ----------------------------------------------------------------------- */

/* Where each character of a text begins, its end behind the last. */
static const uint32 *
character_places(const char *utf8, size_t len)
{
	uint32	   *places = palloc(sizeof(uint32) * (len + 1));
	uint32		count = 0;

	for (size_t i = 0, used; i < len; i += used)
	{
		kefu_utf8_point(utf8 + i, len - i, &used);
		places[count++] = (uint32) i;
	}
	places[count] = (uint32) len;
	return places;
}

/* Makes the result at the first hit: most texts have none, and need none. */
static void
put_hits(FunctionCallInfo fcinfo, const Lexicon *lexicon, const KefuHits *found,
		 const char *utf8, size_t len)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const uint32 *places;

	if (found->count == 0)
		return;
	if (result->setResult == NULL)
	{
		InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
		result->isDone = ExprSingleResult;
	}
	places = character_places(utf8, len);
	for (size_t i = 0; i < found->count; i++)
	{
		const KefuHit *hit = &found->hits[i];
		bool		nulls[7] = {false};
		Datum		values[7] = {
			CStringGetTextDatum(lexicon->lexicon),
			CStringGetTextDatum(lexicon->class),
			Int32GetDatum(lexicon->version),
			Int32GetDatum((int32) hit->word + 1),
			Int32GetDatum((int32) hit->from + 1),
			Int32GetDatum((int32) hit->to)
		};
		int			excerpt_len = (int) (places[hit->to] - places[hit->from]);
		char	   *excerpt = pnstrdup(utf8 + places[hit->from], excerpt_len);

		values[6] = CStringGetTextDatum(pg_any_to_server(excerpt, excerpt_len, PG_UTF8));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* KefuPauseFn */
static void
look_for_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

static void
find_words(FunctionCallInfo fcinfo, const Selection *selection, const char *utf8, size_t len,
		   KefuArena *arena)
{
	KefuHits	allowed = {NULL, 0};
	KefuFolded	folded;
	bool		done = kefu_fold_text(utf8, len, arena, &folded);

	for (int i = 0; i < selection->count && done; i++)
	{
		Lexicon    *lexicon = selection->lexicons[i];
		KefuHits	found;

		done = kefu_find_words(&lexicon->matcher, &folded,
							   lexicon->is_allow ? NULL : &allowed, look_for_interrupts, arena,
							   &found);
		if (done && lexicon->is_allow)
			done = kefu_join_hits(&allowed, &found, arena);
		else if (done)
			put_hits(fcinfo, lexicon, &found, utf8, len);
	}
	if (!done)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

/* kefu.find_words(text text, unit text, at timestamptz) */
Datum
kefu_find_words_sql(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	KefuArena	arena = {NULL};
	const char *utf8;
	size_t		len;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("kefu.find_words() is called where no set can be returned")));
	result->isDone = ExprEndResult;	/* as long as there is no hit */
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	utf8 = kefu_utf8_of(PG_GETARG_TEXT_PP(0), &len);
	if (len > LONGEST_TEXT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a text of more than 1 MiB is not looked through")));
	PG_TRY();
	{
		find_words(fcinfo, select_lexicons(text_to_cstring(PG_GETARG_TEXT_PP(1)),
										   PG_ARGISNULL(2) ? kefu_now() : PG_GETARG_TIMESTAMPTZ(2)),
				   utf8, len, &arena);
	}
	PG_FINALLY();
	{
		kefu_arena_free(&arena);
	}
	PG_END_TRY();
	PG_RETURN_NULL();
}
