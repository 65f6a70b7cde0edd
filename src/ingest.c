/*
 * ingest.c
 *		One payload of a platform becomes messages, tickets and promises.
 *
 * Guarantees: everything a payload brings happens in one transaction, the same
 * for a feed that is pulled and for a push.  An item is one message however
 * many feeds and callers bring it, kefu.seen_item being the authority: of two
 * that bring it at once the second waits for the first.  A payload that can't
 * be understood, or an item of it, is kept as a dead letter with the reason and
 * raises no error; nothing else is lost with it.
 *
 * The work is set-wise: a page costs a fixed number of statements.  Objects are
 * inserted with the head of their chain, so nothing is updated afterwards.
 *
 * What it doesn't do: fetch anything, or decide what an item means to its
 * platform (mapping.c), what it is about (a person triages), or which ticket it
 * goes to (ingest_ticket.c).  A caller that ingests several payloads in one
 * transaction while others ingest too may be chosen as the victim of a
 * deadlock and has to repeat it; one payload a transaction never is.
 */
#include "kefu.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "guc.h"
#include "ingest.h"
#include "rows.h"
#include "spi.h"
#include "who.h"
#include "workflow.h"

#define DEAD_LETTER_BYTES (64 * 1024)	/* kept of a payload that can't be read */

/* --- small things -------------------------------------------------------- */

Oid
kefu_sequence(const char *name)
{
	Oid			sequence = get_relname_relid(name, get_namespace_oid("kefu", false));

	if (!OidIsValid(sequence))
		elog(ERROR, "there is no sequence kefu.%s", name);
	return sequence;
}

Datum
kefu_text_array(char **values, int count)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(count, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(count, 1));
	int			lower = 1;

	for (int i = 0; i < count; i++)
	{
		nulls[i] = values[i] == NULL;
		datums[i] = values[i] ? CStringGetTextDatum(values[i]) : (Datum) 0;
	}
	return PointerGetDatum(construct_md_array(datums, nulls, 1, &count, &lower,
											  TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
kefu_id_array(const int64 *values, int count)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		datums[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(datums, count, INT8OID, 8,
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* True for the worker's login and for who may become it: superusers. */
static bool
caller_is_worker(void)
{
	Oid			worker = get_role_oid(kefu_worker_role, true);

	return OidIsValid(worker) ? has_privs_of_role(GetOuterUserId(), worker)
		: superuser_arg(GetOuterUserId());
}

/* A NULL-terminated list of names, copied. */
static char **
copy_names(char **names)
{
	int			n = 0;
	char	  **copy;

	while (names[n] != NULL)
		n++;
	copy = palloc0(sizeof(char *) * (n + 1));
	for (int i = 0; i < n; i++)
		copy[i] = pstrdup(names[i]);
	return copy;
}

KEFU_FUNCTION(kefu_is_worker);

Datum
kefu_is_worker(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(caller_is_worker());
}

/*
 * A copy that outlives the cache of rows, of what ingest needs.
 */
const KefuTransition *
kefu_copy_transition(const KefuTransition *row)
{
	KefuTransition *copy = palloc0(sizeof(KefuTransition));

	copy->machine = pstrdup(row->machine);
	copy->from_state = pstrdup(row->from_state);
	copy->event = pstrdup(row->event);
	copy->to_state = pstrdup(row->to_state);
	copy->roles = copy_names(row->roles);
	copy->clock_ops = copy_names(row->clock_ops);
	return copy;
}

const KefuTransition *
kefu_guarded_transition(const char *machine, const char *state, const char *event,
						const char *guard)
{
	KefuTransition *row = kefu_transitions(machine, state, event);
	char	   *function = guard ? psprintf("guard_%s", guard) : NULL;

	for (; row != NULL; row = row->next)
	{
		char	   *name = OidIsValid(row->guard) ? get_func_name(row->guard) : NULL;

		if (function && name ? strcmp(name, function) == 0 : !function && !name)
			return kefu_copy_transition(row);
	}
	elog(ERROR, "machine %s has no %s from %s with guard %s", machine, event, state,
		 guard ? guard : "none");
	return NULL;
}

/* --- reading the payload -------------------------------------------------- */

/*
 * Workers may ingest anything; anybody else only for a unit of theirs.  No unit
 * at all is refused in the same words as a foreign one.  What the platform has
 * signed was let in by its signature.
 */
static void
check_caller(const char *unit, bool is_signed)
{
	static KefuPlan plan = {
		"SELECT kefu.require_unit($1, 'operator', 'admin')", 1, {TEXTOID}, NULL
	};
	Datum		value = unit ? CStringGetTextDatum(unit) : (Datum) 0;

	if (!is_signed && !caller_is_worker())
		kefu_spi_run(&plan, &value, unit ? NULL : "n", true, 0);
}

/*
 * The account, its platform's endpoint and its feed, if it has one.
 */
static void
find_source(Ingest *in, const char *account, const char *action)
{
	static KefuPlan plan = {
		"SELECT a.platform, a.unit, a.native_id, e.action IS NOT NULL, e.to_us, f.start_at, "
		"       e.complete_action, p.repost_mark "
		"  FROM kefu.account a "
		"  JOIN kefu.platform p ON p.platform = a.platform "
		"  LEFT JOIN kefu.endpoint e ON e.platform = a.platform AND e.action = $2 "
		"  LEFT JOIN kefu.feed f ON f.account = a.account AND f.action = $2 "
		" WHERE a.account = $1",
		2, {TEXTOID, TEXTOID}, NULL
	};
	Datum		values[2] = {CStringGetTextDatum(account), CStringGetTextDatum(action)};
	IngestSource *source = &in->source;
	bool		has_endpoint;
	Datum		value;
	bool		isnull;

	if (kefu_spi_run(&plan, values, NULL, false, 1) == 0)
	{
		check_caller(NULL, source->is_signed);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no account \"%s\"", account),
				 errhint("kefu.add_account() registers one.")));
	}
	source->account = pstrdup(account);
	source->action = pstrdup(action);
	source->platform = kefu_spi_text(0, 1);
	source->unit = kefu_spi_text(0, 2);
	source->native_id = kefu_spi_text(0, 3);
	has_endpoint = DatumGetBool(kefu_spi_value(0, 4, &isnull));
	value = kefu_spi_value(0, 5, &isnull);
	source->to_us = !isnull && DatumGetBool(value);
	value = kefu_spi_value(0, 6, &isnull);
	source->start_at = isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
	source->complete_action = kefu_spi_text(0, 7);
	source->repost_mark = kefu_spi_text(0, 8);
	check_caller(source->unit, source->is_signed);
	if (!has_endpoint)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("platform \"%s\" has no endpoint \"%s\"", source->platform, action),
				 errhint("SELECT action FROM kefu.endpoint lists them.")));
}

/* --- which of them are new ------------------------------------------------- */

static int
by_time(const void *a, const void *b)
{
	const IngestItem *x = a;
	const IngestItem *y = b;

	if (x->posted_at != y->posted_at)
		return x->posted_at < y->posted_at ? -1 : 1;
	return strcmp(x->dedupe_key, y->dedupe_key);
}

static int
by_key(const void *a, const void *b)
{
	const IngestItem *x = *(IngestItem *const *) a;
	const IngestItem *y = *(IngestItem *const *) b;
	int			order = strcmp(x->item_type, y->item_type);

	return order != 0 ? order : strcmp(x->dedupe_key, y->dedupe_key);
}

static IngestItem *
find_item(Ingest *in, char *item_type, char *dedupe_key)
{
	IngestItem	wanted = {.item_type = item_type, .dedupe_key = dedupe_key};
	IngestItem *key = &wanted;
	IngestItem **found = bsearch(&key, in->keyed, in->nkeyed, sizeof(IngestItem *), by_key);

	return found ? *found : NULL;
}

/*
 * Sorts the items by their key, each once: of two with the same key the one
 * posted first stays.  Numbers for messages are given in the order of posting.
 */
static void
order_items(Ingest *in)
{
	Oid			sequence = kefu_sequence("message_message_id_seq");
	int			n = 0;

	qsort(in->items, in->nitems, sizeof(IngestItem), by_time);
	in->keyed = palloc(sizeof(IngestItem *) * Max(in->nitems, 1));
	for (int i = 0; i < in->nitems; i++)
		in->keyed[i] = &in->items[i];
	qsort(in->keyed, in->nitems, sizeof(IngestItem *), by_key);
	for (int i = 0; i < in->nitems; i++)
		if (n == 0 || by_key(&in->keyed[i], &in->keyed[n - 1]) != 0)
			in->keyed[n++] = in->keyed[i];
		else if (in->keyed[i] < in->keyed[n - 1])
			in->keyed[n - 1] = in->keyed[i];
	in->nkeyed = n;
	for (int i = 0; i < in->nkeyed; i++)
		in->keyed[i]->is_first = true;
	for (int i = 0; i < in->nitems; i++)
		if (in->items[i].is_first)
			in->items[i].message_id = nextval_internal(sequence, false);
}

/*
 * Takes over the numbers of messages that others brought before us; by key, whatever
 * the planner knows of the table's size.
 */
static void
look_up_items(Ingest *in)
{
	static KefuPlan plan = {
		"SELECT i.item_type, i.native_id, s.message_id "
		"  FROM unnest($2, $3) AS i(item_type, native_id) "
		" CROSS JOIN LATERAL (SELECT x.message_id FROM kefu.seen_item x "
		"     WHERE x.platform = $1 AND x.item_type = i.item_type "
		"       AND x.native_id = i.native_id OFFSET 0) s",
		3, {TEXTOID, TEXTARRAYOID, TEXTARRAYOID}, NULL
	};
	char	  **types = palloc(sizeof(char *) * Max(in->nkeyed, 1));
	char	  **keys = palloc(sizeof(char *) * Max(in->nkeyed, 1));
	Datum		values[3];
	uint64		found;
	bool		isnull;
	int			n = 0;

	for (int i = 0; i < in->nkeyed; i++)
		if (!in->keyed[i]->is_new)
		{
			types[n] = in->keyed[i]->item_type;
			keys[n++] = in->keyed[i]->dedupe_key;
		}
	if (n == 0)
		return;
	values[0] = CStringGetTextDatum(in->source.platform);
	values[1] = kefu_text_array(types, n);
	values[2] = kefu_text_array(keys, n);
	found = kefu_spi_run(&plan, values, NULL, false, 0);
	for (uint64 row = 0; row < found; row++)
		find_item(in, kefu_spi_text(row, 1), kefu_spi_text(row, 2))->message_id =
			DatumGetInt64(kefu_spi_value(row, 3, &isnull));
}

/*
 * Claims the items in key order, so that two that bring the same page at once
 * wait for each other instead of dying; ours are the new messages.
 */
static void
claim_items(Ingest *in)
{
	enum
	{
		PLATFORM, TYPE, KEY, MESSAGE
	};
	static const char *const columns[] = {
		"platform", "item_type", "native_id", "message_id", NULL
	};
	static KefuRowTable table = {
		.table = "seen_item", .columns = columns,
		.tail = "ON CONFLICT DO NOTHING RETURNING item_type, native_id"
	};
	Datum		platform = CStringGetTextDatum(in->source.platform);
	KefuRows	rows;
	uint64		claimed;

	kefu_rows_init(&rows, &table, in->nkeyed);
	for (int i = 0; i < in->nkeyed; i++)
	{
		kefu_row_set(&rows, PLATFORM, platform);
		kefu_row_text(&rows, TYPE, in->keyed[i]->item_type);
		kefu_row_text(&rows, KEY, in->keyed[i]->dedupe_key);
		kefu_row_id(&rows, MESSAGE, in->keyed[i]->message_id);
		kefu_row_end(&rows);
	}
	claimed = kefu_rows_insert(&rows);
	for (uint64 row = 0; row < claimed; row++)
		find_item(in, kefu_spi_text(row, 1), kefu_spi_text(row, 2))->is_new = true;
	look_up_items(in);
	in->fresh = palloc(sizeof(IngestItem *) * Max(in->nitems, 1));
	for (int i = 0; i < in->nitems; i++)
		if (in->items[i].is_new)
			in->fresh[in->nfresh++] = &in->items[i];
}

/* --- what is kept of the payload itself ------------------------------------- */

static int
by_message_id(const void *a, const void *b)
{
	const IngestItem *x = *(IngestItem *const *) a;
	const IngestItem *y = *(IngestItem *const *) b;

	return x->message_id < y->message_id ? -1 : x->message_id > y->message_id;
}

/*
 * Notes that this feed found these messages, in order of their number.
 */
static void
write_sightings(Ingest *in)
{
	enum
	{
		MESSAGE, ACCOUNT, ACTION, FOUND
	};
	static const char *const columns[] = {
		"message_id", "account", "action", "found_at", NULL
	};
	static KefuRowTable table = {
		.table = "sighting", .columns = columns, .tail = "ON CONFLICT DO NOTHING"
	};
	IngestItem **items = palloc(sizeof(IngestItem *) * Max(in->nkeyed, 1));
	Datum		account = CStringGetTextDatum(in->source.account);
	Datum		action = CStringGetTextDatum(in->source.action);
	KefuRows	rows;

	memcpy(items, in->keyed, sizeof(IngestItem *) * in->nkeyed);
	qsort(items, in->nkeyed, sizeof(IngestItem *), by_message_id);
	kefu_rows_init(&rows, &table, in->nkeyed);
	for (int i = 0; i < in->nkeyed; i++)
	{
		kefu_row_id(&rows, MESSAGE, items[i]->message_id);
		kefu_row_set(&rows, ACCOUNT, account);
		kefu_row_set(&rows, ACTION, action);
		kefu_row_set(&rows, FOUND, TimestampTzGetDatum(in->source.received_at));
		kefu_row_end(&rows);
	}
	in->nsightings = kefu_rows_insert(&rows);
}

/*
 * Keeps what the platform said.  A page with nothing on it isn't kept: polls of
 * quiet feeds would fill the table with it.
 */
static void
write_raw(Ingest *in)
{
	static KefuPlan plan = {
		"INSERT INTO kefu.raw_payload (raw_id, account, action, received_at, items_count, payload) "
		"VALUES (pg_catalog.nextval('kefu.raw_payload_id_seq'), $1, $2, $3, $4, $5)",
		5, {TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID, TEXTOID}, NULL
	};
	Datum		values[5];

	if (in->nread == 0 && in->ndead == 0)
		return;
	values[0] = CStringGetTextDatum(in->source.account);
	values[1] = CStringGetTextDatum(in->source.action);
	values[2] = TimestampTzGetDatum(in->source.received_at);
	values[3] = Int32GetDatum(in->nread);
	values[4] = PointerGetDatum(in->payload);
	kefu_spi_run(&plan, values, NULL, false, 0);
}

/* At most DEAD_LETTER_BYTES of a text, cut between characters. */
static Datum
bounded(const char *text, int length)
{
	int			limit = Min(length, DEAD_LETTER_BYTES);

	return PointerGetDatum(cstring_to_text_with_len(text, pg_mbcliplen(text, length, limit)));
}

/*
 * A payload that couldn't be read is kept with its reason; of an item the
 * number, its text being in the raw payload.
 */
static void
write_dead_letters(Ingest *in)
{
	enum
	{
		ACCOUNT, ACTION, RECEIVED, ITEM, REASON, PAYLOAD
	};
	static const char *const columns[] = {
		"account", "action", "received_at", "item_no", "reason", "payload", NULL
	};
	static KefuRowTable table = {.table = "dead_letter", .columns = columns};
	KefuRows	rows;

	if (in->ndead == 0)
		return;
	kefu_rows_init(&rows, &table, in->ndead);
	for (int i = 0; i < in->ndead; i++)
	{
		DeadLetter *letter = &in->dead[i];

		kefu_row_text(&rows, ACCOUNT, in->source.account);
		kefu_row_text(&rows, ACTION, in->source.action);
		kefu_row_set(&rows, RECEIVED, TimestampTzGetDatum(in->source.received_at));
		if (letter->item_no > 0)
			kefu_row_set(&rows, ITEM, Int32GetDatum(letter->item_no));
		kefu_row_text(&rows, REASON, letter->reason);
		if (letter->item_no == 0)
			kefu_row_set(&rows, PAYLOAD, bounded(VARDATA_ANY(in->payload),
												 VARSIZE_ANY_EXHDR(in->payload)));
		kefu_row_end(&rows);
	}
	kefu_rows_insert(&rows);
}

/* --- the function ------------------------------------------------------------ */

static Datum
result_row(FunctionCallInfo fcinfo, const Ingest *in)
{
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "kefu.ingest() returns a row");
	values[0] = Int32GetDatum(in->nread);
	values[1] = Int32GetDatum(in->nfresh);
	values[2] = Int32GetDatum((int32) in->nsightings);
	values[3] = Int32GetDatum(in->ntickets);
	values[4] = Int32GetDatum(in->ndead);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/*
 * What kefu.ingest() and kefu.ingest_signed() have in common; the latter asks
 * for nobody's right.
 */
static Datum
ingest(FunctionCallInfo fcinfo, bool is_signed)
{
	Ingest		in = {0};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("account, action and payload must not be null")));
	in.payload = PG_GETARG_TEXT_PP(2);
	in.source.is_signed = is_signed;
	in.source.now = kefu_now();
	in.source.received_at = PG_ARGISNULL(3) ? in.source.now : PG_GETARG_TIMESTAMPTZ(3);
	in.source.gateway_id = kefu_actor().gateway_id;

	kefu_spi_begin();
	find_source(&in, text_to_cstring(PG_GETARG_TEXT_PP(0)),
				text_to_cstring(PG_GETARG_TEXT_PP(1)));
	kefu_read_payload(&in);
	write_raw(&in);
	write_dead_letters(&in);
	order_items(&in);
	claim_items(&in);
	kefu_settle_authors(&in);
	kefu_place_items(&in);
	kefu_write_items(&in);
	kefu_write_originals(&in);
	write_sightings(&in);
	kefu_raise_customer_wrote(&in);
	kefu_spi_end();
	return result_row(fcinfo, &in);
}

KEFU_FUNCTION(kefu_ingest);

/*
 * kefu.ingest(account, action, payload, received_at): see its COMMENT.
 */
Datum
kefu_ingest(PG_FUNCTION_ARGS)
{
	return ingest(fcinfo, false);
}

KEFU_FUNCTION(kefu_ingest_signed);

/* kefu.ingest_signed(account, action, payload, received_at) */
Datum
kefu_ingest_signed(PG_FUNCTION_ARGS)
{
	return ingest(fcinfo, true);
}
