/*
 * mapping.c
 *		Reading platforms' replies by the rows of kefu.platform, kefu.endpoint,
 *		kefu.field_map and kefu.error_map.
 *
 * The rows are compiled once and kept for the life of the backend, an entry
 * for each endpoint and one for each platform's errors; a change of the rows
 * drops all of them.  Whoever uses an entry pins it through a memory context,
 * so that an entry dropped meanwhile stays until its last page is gone, and an
 * error on the way leaks nothing of what json-c and malloc() hold.
 */
#include "kefu.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "mapping.h"
#include "rules.h"
#include "spi.h"

#define PLATFORM_LENGTH 32		/* with the NUL; the tables' checks agree */
#define ACTION_LENGTH 64
#define RULE_ERROR_LENGTH 256

typedef struct EntryKey
{
	char		platform[PLATFORM_LENGTH];
	char		action[ACTION_LENGTH];	/* "" for the platform's errors */
} EntryKey;

/* Compiled rules; lives until it is dropped and nobody has it pinned. */
typedef struct Rules
{
	int			pins;			/* the cache's own one included */
	KefuItemMap *items;
	KefuPaging *paging;
	KefuReplyMap *replies;
} Rules;

typedef struct Entry
{
	EntryKey	key;
	Rules	   *rules;
} Entry;

/* What a memory context holds for its user. */
typedef struct Pin
{
	MemoryContextCallback callback;
	Rules	   *rules;
	KefuPage   *page;			/* NULL, or to be freed before the rules */
} Pin;

static HTAB *entries = NULL;
static bool entries_stale = false;

static KefuPlan endpoint_plan = {
	"SELECT kefu.endpoint_spec($1, $2)::text", 2, {TEXTOID, TEXTOID}
};
static KefuPlan error_plan = {
	"SELECT kefu.error_spec($1)::text", 1, {TEXTOID}
};

/* --- the cache ---------------------------------------------------------- */

static void
forget(void)
{
	entries_stale = true;
}

static void
unpin(Rules *rules)
{
	if (--rules->pins > 0)
		return;
	kefu_itemmap_free(rules->items);
	kefu_paging_free(rules->paging);
	kefu_replymap_free(rules->replies);
	pfree(rules);
}

static void
release_pin(void *arg)
{
	Pin		   *pin = (Pin *) arg;

	kefu_page_free(pin->page);
	unpin(pin->rules);
}

/* Pins rules until the current memory context is reset. */
static Pin *
pin_rules(Rules *rules)
{
	Pin		   *pin = (Pin *) palloc0(sizeof(Pin));

	pin->rules = rules;
	pin->callback.func = release_pin;
	pin->callback.arg = pin;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &pin->callback);
	rules->pins++;
	return pin;
}

static void
make_cache(void)
{
	HASHCTL		ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(EntryKey);
	ctl.entrysize = sizeof(Entry);
	ctl.hcxt = TopMemoryContext;
	entries = hash_create("kefu platform rules", 64, &ctl,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
drop_stale(void)
{
	HASH_SEQ_STATUS scan;
	Entry	   *entry;

	entries_stale = false;
	hash_seq_init(&scan, entries);
	while ((entry = (Entry *) hash_seq_search(&scan)) != NULL)
	{
		Rules	   *rules = entry->rules;

		(void) hash_search(entries, &entry->key, HASH_REMOVE, NULL);
		unpin(rules);
	}
}

/* The document that a plan gives, in UTF-8 in the current context; may be NULL. */
static char *
read_spec(KefuPlan *plan, const Datum *values)
{
	MemoryContext caller = CurrentMemoryContext;
	KefuRulesReader reader;
	char	   *spec;

	kefu_rules_open("platform", &reader);
	(void) kefu_spi_run(plan, values, NULL, true, 1);
	spec = kefu_spi_text(0, 1);
	if (spec != NULL)
		spec = MemoryContextStrdup(caller, pg_server_to_any(spec, strlen(spec), PG_UTF8));
	kefu_rules_close(&reader);
	return spec;
}

static void
refuse_rules(const char *platform, const char *action, const char *why)
{
	if (action[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rules of action \"%s\" of platform \"%s\" can't be used",
						action, platform),
				 errdetail("%s", why),
				 errhint("Correct the rows of kefu.endpoint and kefu.field_map.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("error rows of platform \"%s\" can't be used", platform),
			 errdetail("%s", why),
			 errhint("Correct the rows of kefu.error_map.")));
}

/* Compiles an entry; false with the reason in why. */
static bool
compile(Rules *rules, const char *action, const char *spec, char *why)
{
	Size		len = strlen(spec);

	if (action[0] == '\0')
	{
		rules->replies = kefu_replymap_compile(spec, len, why, RULE_ERROR_LENGTH);
		return rules->replies != NULL;
	}
	rules->items = kefu_itemmap_compile(spec, len, why, RULE_ERROR_LENGTH);
	if (rules->items == NULL)
		return false;
	rules->paging = kefu_paging_compile(spec, len, why, RULE_ERROR_LENGTH);
	return rules->paging != NULL;
}

static Rules *
load(const char *platform, const char *action)
{
	Datum		values[2] = {CStringGetTextDatum(platform), CStringGetTextDatum(action)};
	char		why[RULE_ERROR_LENGTH];
	Rules	   *rules;
	char	   *spec;

	kefu_rules_watch("platform", forget);
	kefu_rules_watch("endpoint", forget);
	kefu_rules_watch("field_map", forget);
	kefu_rules_watch("error_map", forget);
	spec = read_spec(action[0] == '\0' ? &error_plan : &endpoint_plan, values);
	if (spec == NULL && action[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("platform \"%s\" does not exist", platform)));
	if (spec == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("platform \"%s\" has no action \"%s\"", platform, action)));
	rules = (Rules *) MemoryContextAllocZero(TopMemoryContext, sizeof(Rules));
	rules->pins = 1;
	if (!compile(rules, action, spec, why))
	{
		unpin(rules);
		refuse_rules(platform, action, why);
	}
	pfree(spec);
	return rules;
}

/* The rules of an endpoint, or with action "" the platform's errors. */
static Rules *
find_rules(const char *platform, const char *action)
{
	EntryKey	key;
	Entry	   *entry;
	Rules	   *rules;

	if (entries == NULL)
		make_cache();
	if (entries_stale)
		drop_stale();
	memset(&key, 0, sizeof(key));
	strlcpy(key.platform, platform, sizeof(key.platform));
	strlcpy(key.action, action, sizeof(key.action));
	entry = (Entry *) hash_search(entries, &key, HASH_FIND, NULL);
	if (entry != NULL && strcmp(key.platform, platform) == 0 &&
		strcmp(key.action, action) == 0)
		return entry->rules;

	/* A name too long for the key is refused here, as no row can have it. */
	rules = load(platform, action);
	entry = (Entry *) hash_search(entries, &key, HASH_ENTER, NULL);
	entry->rules = rules;
	return rules;
}

/* --- for C -------------------------------------------------------------- */

#define EPOCH_MICROS \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

TimestampTz
kefu_unix_micros_to_timestamptz(int64 micros)
{
	return micros - EPOCH_MICROS;
}

int64
kefu_timestamptz_to_unix_micros(TimestampTz at)
{
	return at + EPOCH_MICROS;
}

const KefuPage *
kefu_map_page(const char *platform, const char *action,
			  const char *body, Size len, const char *own_id)
{
	Pin		   *pin = pin_rules(find_rules(platform, action));

	pin->page = kefu_itemmap_run(pin->rules->items, body, len, own_id);
	if (pin->page == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return pin->page;
}

const KefuPaging *
kefu_endpoint_paging(const char *platform, const char *action)
{
	return pin_rules(find_rules(platform, action))->rules->paging;
}

void
kefu_classify(const char *platform, int http_status, const char *body, Size len,
			  const char *retry_after, KefuReply *reply)
{
	int64		now = kefu_timestamptz_to_unix_micros(GetCurrentStatementStartTimestamp());
	Pin		   *pin = pin_rules(find_rules(platform, ""));

	kefu_reply_classify(pin->rules->replies, http_status, body, len, retry_after,
						now, reply);
}

/* --- for SQL ------------------------------------------------------------ */

static Datum
text_datum(const char *utf8, Size len)
{
	char	   *server = pg_any_to_server(utf8, len, PG_UTF8);

	if (server == utf8)
		return PointerGetDatum(cstring_to_text_with_len(utf8, len));
	return CStringGetTextDatum(server);
}

static Datum
value_datum(KefuField field, const KefuValue *value)
{
	switch (kefu_field_kind(field))
	{
		case KEFU_KIND_TEXT:
			return text_datum(value->text, value->len);
		case KEFU_KIND_BOOL:
			return BoolGetDatum(value->number != 0);
		case KEFU_KIND_INT:
			return Int64GetDatum(value->number);
		case KEFU_KIND_TIME:
			return TimestampTzGetDatum(kefu_unix_micros_to_timestamptz(value->number));
	}
	pg_unreachable();
}

#define ITEM_COLUMNS (2 + KEFU_FIELD_COUNT)

static void
put_item(ReturnSetInfo *result, const KefuItem *item)
{
	Datum		values[ITEM_COLUMNS] = {0};
	bool		nulls[ITEM_COLUMNS];

	memset(nulls, true, sizeof(nulls));
	values[0] = Int32GetDatum(item->item_no);
	nulls[0] = false;
	if (item->error != NULL)
	{
		values[1] = text_datum(item->error, strlen(item->error));
		nulls[1] = false;
	}
	for (int i = 0; i < KEFU_FIELD_COUNT; i++)
	{
		const KefuValue *value = &item->values[i];

		nulls[2 + i] = !value->present;
		if (value->present)
			values[2 + i] = value_datum((KefuField) i, value);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* An argument in UTF-8, or NULL. */
static char *
utf8_arg(FunctionCallInfo fcinfo, int number)
{
	char	   *server;

	if (PG_ARGISNULL(number))
		return NULL;
	server = text_to_cstring(PG_GETARG_TEXT_PP(number));
	return pg_server_to_any(server, strlen(server), PG_UTF8);
}

/* kefu.map_payload(platform, action, payload, own_id) */
KEFU_FUNCTION(kefu_map_payload)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const KefuPage *page;
	MemoryContext caller,
				per_item;
	char	   *payload;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return (Datum) 0;
	payload = utf8_arg(fcinfo, 2);
	page = kefu_map_page(text_to_cstring(PG_GETARG_TEXT_PP(0)),
						 text_to_cstring(PG_GETARG_TEXT_PP(1)),
						 payload, strlen(payload), utf8_arg(fcinfo, 3));
	if (page->error != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("%s", page->error)));
	per_item = AllocSetContextCreate(CurrentMemoryContext, "kefu item",
									 ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(per_item);
	for (int i = 0; i < page->n_items; i++)
	{
		put_item(result, &page->items[i]);
		MemoryContextReset(per_item);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(per_item);
	return (Datum) 0;
}

/* kefu.classify_reply(platform, http_status, body, retry_after) */
KEFU_FUNCTION(kefu_classify_reply)
{
	KefuReply	reply;
	TupleDesc	row;
	Datum		values[5] = {0};
	bool		nulls[5] = {0};
	char	   *body = utf8_arg(fcinfo, 2);

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	kefu_classify(text_to_cstring(PG_GETARG_TEXT_PP(0)),
				  PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1),
				  body != NULL ? body : "", body != NULL ? strlen(body) : 0,
				  utf8_arg(fcinfo, 3), &reply);
	values[0] = text_datum(reply.class, strlen(reply.class));
	nulls[1] = reply.code[0] == '\0';
	if (!nulls[1])
		values[1] = text_datum(reply.code, strlen(reply.code));
	nulls[2] = reply.message[0] == '\0';
	if (!nulls[2])
		values[2] = text_datum(reply.message, strlen(reply.message));
	nulls[3] = reply.retry_after < 0;
	if (!nulls[3])
		values[3] = Int32GetDatum((int32) reply.retry_after);
	nulls[4] = reply.scope == NULL;
	if (!nulls[4])
		values[4] = text_datum(reply.scope, strlen(reply.scope));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}
