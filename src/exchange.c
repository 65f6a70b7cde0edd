/*
 * exchange.c
 *		What the bracket around an HTTP exchange needs of src/pure.
 *
 * Forms and paths, walks over a feed's pages, and waits.  What is claimed,
 * what a reply changes and what happens next is SQL (sql/54_exchange.sql).
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/jsonb.h"

#include "mapping.h"
#include "pure/backoff.h"
#include "pure/urlform.h"
#include "text.h"

/* --- forms and paths ------------------------------------------------------- */

static char *
arg_text(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(number));
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static Datum
result_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "the function returns a row");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

static bool
is_listed(const char *name, Datum *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(TextDatumGetCString(names[i]), name) == 0)
			return true;
	return false;
}

/*
 * The parameters of a JSON object of texts; a null is not sent.
 */
static KefuParam *
read_params(Jsonb *object, ArrayType *pre_encoded, int *count)
{
	JsonbIterator *it = JsonbIteratorInit(&object->root);
	KefuParam  *params = palloc0(sizeof(KefuParam) * (JB_ROOT_COUNT(object) + 1));
	JsonbIteratorToken token;
	JsonbValue	value;
	Datum	   *names;
	int			nnames;

	deconstruct_array(pre_encoded, TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &nnames);
	*count = 0;
	while ((token = JsonbIteratorNext(&it, &value, false)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			params[*count].name = pnstrdup(value.val.string.val, value.val.string.len);
			params[*count].pre_encoded = is_listed(params[*count].name, names, nnames);
		}
		else if (token == WJB_VALUE && value.type == jbvString)
			params[(*count)++].value = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE && value.type != jbvNull)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("parameter \"%s\" is not a text", params[*count].name)));
	}
	return params;
}

KEFU_FUNCTION(kefu_encode_request);

/* kefu.encode_request(path, params, pre_encoded) */
Datum
kefu_encode_request(PG_FUNCTION_ARGS)
{
	int			count;
	KefuParam  *params = read_params(PG_GETARG_JSONB_P(1), PG_GETARG_ARRAYTYPE_P(2), &count);
	char	   *template = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *missing = NULL;
	Size		size = kefu_expand_path(template, params, count, NULL, 0, &missing) + 1;
	char	   *path = palloc(size);
	char	   *form;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (missing != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("path \"%s\" needs a parameter that is not given", template)));
	kefu_expand_path(template, params, count, path, size, &missing);
	size = kefu_form_encode(params, count, NULL, 0) + 1;
	form = palloc(size);
	kefu_form_encode(params, count, form, size);
	values[0] = CStringGetTextDatum(path);
	values[1] = CStringGetTextDatum(form);
	PG_RETURN_DATUM(result_row(fcinfo, values, nulls));
}

/* --- walks ------------------------------------------------------------------ */

/*
 * The walk under way, or a new one towards the mark.
 */
static void
resume_walk(KefuWalk *walk, const char *saved, const char *mark)
{
	if (saved != NULL && !kefu_walk_load(walk, saved, strlen(saved)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the saved state of a walk is unreadable")));
	if (saved == NULL && !kefu_walk_start(walk, mark))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the mark of a feed is too long")));
}

KEFU_FUNCTION(kefu_walk_request_sql);

/* kefu.walk_request(platform, action, walk, mark) */
Datum
kefu_walk_request_sql(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"platform", "action", NULL, NULL};
	const KefuPaging *paging;
	JsonbParseState *state = NULL;
	KefuPageRequest request;
	KefuWalk	walk;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	kefu_require_args(fcinfo, names);
	paging = kefu_endpoint_paging(arg_text(fcinfo, 0), arg_text(fcinfo, 1));
	resume_walk(&walk, arg_text(fcinfo, 2), arg_text(fcinfo, 3));
	kefu_walk_request(paging, &walk, &request);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < request.n_params; i++)
	{
		JsonbValue	text = {.type = jbvString};

		text.val.string.val = unconstify(char *, request.params[i].name);
		text.val.string.len = strlen(request.params[i].name);
		pushJsonbValue(&state, WJB_KEY, &text);
		text.val.string.val = unconstify(char *, request.params[i].value);
		text.val.string.len = strlen(request.params[i].value);
		pushJsonbValue(&state, WJB_VALUE, &text);
	}
	values[0] = text_or_null(request.link, &nulls[0]);
	values[1] = JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
	PG_RETURN_DATUM(result_row(fcinfo, values, nulls));
}

static const char *
step_name(KefuWalkStep step)
{
	switch (step)
	{
		case KEFU_WALK_GOES_ON:
			return "goes_on";
		case KEFU_WALK_CLOSED:
			return "closed";
		case KEFU_WALK_CAPPED:
			return "capped";
		case KEFU_WALK_STUCK:
			return "stuck";
	}
	pg_unreachable();
}

KEFU_FUNCTION(kefu_walk_take_sql);

/*
 * kefu.walk_take(platform, action, walk, mark, body, own_id, closed_count,
 * next_link, max_pages).  A walk is saved after every page, so the pages of
 * one go are counted by its page number.
 */
Datum
kefu_walk_take_sql(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {
		"platform", "action", NULL, NULL, "body", NULL, NULL, NULL, "max_pages"
	};
	char	   *platform = arg_text(fcinfo, 0);
	char	   *action = arg_text(fcinfo, 1);
	char	   *body = arg_text(fcinfo, 4);
	const KefuPaging *paging;
	const KefuPage *page;
	KefuPageSeen seen = {0};
	KefuWalkStep step;
	KefuWalk	walk;
	char	   *saved = palloc(KEFU_WALK_SAVED_BYTES);
	Datum		values[3];
	bool		nulls[3];

	kefu_require_args(fcinfo, names);
	if (PG_GETARG_INT32(8) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max_pages must be at least 1")));
	paging = kefu_endpoint_paging(platform, action);
	page = kefu_map_page(platform, action, body, strlen(body), arg_text(fcinfo, 5));
	if (page->error != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), errmsg("%s", page->error)));
	resume_walk(&walk, arg_text(fcinfo, 2), arg_text(fcinfo, 3));
	walk.pages = walk.page_no % PG_GETARG_INT32(8);
	seen.n_listed = page->n_listed;
	seen.cursors = page->cursors;	/* of filtered items as well */
	seen.n_closed = PG_ARGISNULL(6) ? 0 : PG_GETARG_INT32(6);
	seen.next_cursor = page->next_cursor;
	seen.has_next = page->has_next;
	seen.next_link = arg_text(fcinfo, 7);
	step = kefu_walk_take(paging, &walk, &seen);
	kefu_walk_save(&walk, saved, KEFU_WALK_SAVED_BYTES);
	values[0] = text_or_null(step_name(step), &nulls[0]);
	values[1] = text_or_null(saved, &nulls[1]);
	values[2] = text_or_null(kefu_walk_new_mark(paging, &walk, step), &nulls[2]);
	PG_RETURN_DATUM(result_row(fcinfo, values, nulls));
}

KEFU_FUNCTION(kefu_is_empty_page);

/* kefu.is_empty_page(platform, action, body) */
Datum
kefu_is_empty_page(PG_FUNCTION_ARGS)
{
	char	   *body = arg_text(fcinfo, 2);
	const KefuPage *page = kefu_map_page(arg_text(fcinfo, 0), arg_text(fcinfo, 1),
										 body, strlen(body), NULL);

	PG_RETURN_BOOL(page->error == NULL && page->n_items == 0);
}

KEFU_FUNCTION(kefu_next_link);

/* kefu.next_link(headers, rel): the address of a Link header, or NULL. */
Datum
kefu_next_link(PG_FUNCTION_ARGS)
{
	char	   *link = palloc(KEFU_LINK_BYTES);

	if (!kefu_link_find(text_to_cstring(PG_GETARG_TEXT_PP(0)),
						text_to_cstring(PG_GETARG_TEXT_PP(1)), link, KEFU_LINK_BYTES))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(link));
}

/* --- waits -------------------------------------------------------------------- */

KEFU_FUNCTION(kefu_backoff);

/* kefu.backoff(failures, base, cap, seed): lengths in seconds. */
Datum
kefu_backoff(PG_FUNCTION_ARGS)
{
	int64		ms = kefu_backoff_ms(PG_GETARG_INT32(0), (int64) PG_GETARG_INT32(1) * 1000,
									 (int64) PG_GETARG_INT32(2) * 1000,
									 (uint64) PG_GETARG_INT64(3));
	Interval   *wait = palloc0(sizeof(Interval));

	wait->time = ms * (USECS_PER_SEC / 1000);
	PG_RETURN_INTERVAL_P(wait);
}
