/*
 * net.c
 *		The network worker: claim, ask, record.
 *
 * What to ask is claimed with a lease in a short transaction; it is asked with
 * no transaction open; what came of it is recorded in the next one.  A worker
 * that dies in between leaves leases that expire, nothing that says "running".
 *
 * Results that arrive together share a transaction.  If recording them fails,
 * each is recorded alone, so that one bad reply never takes others with it: it
 * goes to kefu.exchange_failed().  What failed for a passing reason (a lock, a
 * full disk) is kept and tried again, and nothing new is claimed meanwhile.
 *
 * A shutdown doesn't wait for replies.
 */
#include "kefu.h"

#include "access/xact.h"
#include "lib/ilist.h"
#include "mb/pg_wchar.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/uuid.h"

#include "guc.h"
#include "http.h"
#include "spi.h"
#include "worker.h"

#define EMPTY_CLAIM_MS 1000		/* due, says the database, yet there is nothing */
#define RECORD_TRIES 5
#define RETRY_MS 2000

typedef struct Exchange
{
	dlist_node	node;
	MemoryContext context;		/* holds this and all it points to */
	char	   *kind;
	char	   *key;
	pg_uuid_t	lease_key;
	KefuHttpRequest request;
	KefuHttpReply *reply;		/* NULL until it has come */
	int			tries;			/* to record it */
	bool		is_settled;		/* recorded, if the transaction commits */
} Exchange;

static dlist_head claimed = DLIST_STATIC_INIT(claimed);
static dlist_head replied = DLIST_STATIC_INIT(replied);

static TimestampTz claim(void);
static TimestampTz record(void);

static KefuJob jobs[] = {
	{.name = "kefu: record exchanges", .run = record, .needs = KEFU_MAY_KEEP_HOUSE,
	.next_at = KEFU_NOT_BY_TIME},
	{.name = "kefu: claim exchanges", .run = claim, .needs = KEFU_MAY_WORK,
	.at_wake = true},
};
static KefuJob *const record_job = &jobs[0];
static KefuJob *const claim_job = &jobs[1];

PGDLLEXPORT void kefu_net_main(Datum arg);

/* A feed or a look at the far side only reads. */
static bool
speaks(const Exchange *exchange)
{
	return strcmp(exchange->kind, "feed") != 0 && strcmp(exchange->kind, "verify") != 0;
}

static void
forget(Exchange *exchange)
{
	dlist_delete(&exchange->node);
	if (exchange->reply != NULL)
		kefu_http_free(exchange->reply);
	MemoryContextDelete(exchange->context);
}

/*
 * Drops what a committed transaction has recorded.
 */
static void
forget_settled(void)
{
	dlist_mutable_iter at;

	if (record_job->failures > 0)
		return;					/* it was rolled back */
	dlist_foreach_modify(at, &replied)
	{
		Exchange   *exchange = dlist_container(Exchange, node, at.cur);

		if (exchange->is_settled)
			forget(exchange);
	}
}

static void
forget_all(dlist_head *list)
{
	dlist_mutable_iter at;

	dlist_foreach_modify(at, list)
		forget(dlist_container(Exchange, node, at.cur));
}

/* ---- claim ---- */

/*
 * When the database expects to have something to ask.
 */
static TimestampTz
next_exchange_at(void)
{
	static KefuPlan plan = {"SELECT kefu.next_exchange_at()"};
	TimestampTz at;
	bool		isnull;

	kefu_spi_run(&plan, NULL, NULL, false, 1);
	at = DatumGetTimestampTz(kefu_spi_value(0, 1, &isnull));
	return isnull ? KEFU_NOT_BY_TIME : at;
}

static void
read_headers(Exchange *exchange, Datum array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	KefuHttpRequest *request = &exchange->request;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &count);
	request->headers = palloc(sizeof(char *) * Max(count, 1));
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			request->headers[request->header_count++] = TextDatumGetCString(elements[i]);
}

static int
int_column(uint64 row, int column)
{
	bool		isnull;
	Datum		value = kefu_spi_value(row, column, &isnull);

	return isnull ? 0 : DatumGetInt32(value);
}

/*
 * Copies one claimed row; CurrentMemoryContext is the exchange's own.
 */
static void
read_claim(Exchange *exchange, uint64 row)
{
	KefuHttpRequest *request = &exchange->request;
	Datum		value;
	bool		isnull;
	bytea	   *body;

	exchange->kind = kefu_spi_text(row, 1);
	exchange->key = kefu_spi_text(row, 2);
	value = kefu_spi_value(row, 3, &isnull);
	if (!isnull)
		exchange->lease_key = *DatumGetUUIDP(value);
	request->method = kefu_spi_text(row, 4);
	request->url = kefu_spi_text(row, 5);
	if (exchange->kind == NULL || exchange->key == NULL || isnull ||
		request->method == NULL || request->url == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("kefu.claim_exchanges() returned an incomplete row")));
	value = kefu_spi_value(row, 6, &isnull);
	if (!isnull)
		read_headers(exchange, value);
	value = kefu_spi_value(row, 7, &isnull);
	if (!isnull)
	{
		body = DatumGetByteaPCopy(value);
		request->body = VARDATA(body);
		request->body_length = VARSIZE(body) - VARHDRSZ;
	}
	request->content_type = kefu_spi_text(row, 8);
	request->timeout_ms = int_column(row, 9);
	request->max_bytes = int_column(row, 10);
	value = kefu_spi_value(row, 11, &isnull);
	request->allows_http = !isnull && DatumGetBool(value);
	request->owner = exchange;
}

static void
take_claim(uint64 row)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "kefu exchange",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	Exchange   *exchange = palloc0(sizeof(Exchange));

	exchange->context = context;
	dlist_push_tail(&claimed, &exchange->node);
	read_claim(exchange, row);
	MemoryContextSwitchTo(outer);
}

/*
 * Claims as much as can be asked at once.  The leases are committed before the
 * first byte goes out: ask_claimed() runs after this transaction.  What speaks
 * is committed on a synchronous standby too, which would say it again after a
 * failover if it didn't know of it.
 */
static TimestampTz
claim(void)
{
	static KefuPlan plan = {
		"SELECT kind, key, lease_key, method, url, headers, body, content_type,"
		" timeout_ms, max_bytes, allows_http FROM kefu.claim_exchanges($1)",
		1, {INT4OID}
	};
	int			room = kefu_connections - kefu_http_active();
	Datum		max = Int32GetDatum(room);
	TimestampTz next_at;
	uint64		count;
	bool		any_speaks = false;
	dlist_iter	at;

	forget_all(&claimed);		/* of an attempt that failed */
	forget_settled();
	if (room <= 0 || !dlist_is_empty(&replied))
		return KEFU_NOT_BY_TIME;	/* the next recording asks again */
	count = kefu_spi_run(&plan, &max, NULL, false, 0);
	for (uint64 row = 0; row < count; row++)
		take_claim(row);
	dlist_foreach(at, &claimed)
		any_speaks |= speaks(dlist_container(Exchange, node, at.cur));
	if (!any_speaks)
		kefu_worker_commit_locally();
	if (count >= room)
		return KEFU_NOT_BY_TIME;
	next_at = next_exchange_at();
	if (next_at != KEFU_NOT_BY_TIME && kefu_ms_until(next_at) == 0)
		next_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EMPTY_CLAIM_MS);
	return next_at;
}

/* ---- ask ---- */

/*
 * Starts what was claimed.  A speaking request claimed while the desk only
 * rehearses, or was stopped since, is answered here.
 */
static void
ask_claimed(KefuLeave leave)
{
	dlist_mutable_iter at;
	KefuCounts	more = {0};

	if (claim_job->failures > 0)
		return;					/* nothing of it was committed */
	dlist_foreach_modify(at, &claimed)
	{
		Exchange   *exchange = dlist_container(Exchange, node, at.cur);

		dlist_delete(&exchange->node);
		if (!speaks(exchange))
			more.fetches++;
		else if (leave >= KEFU_MAY_SEND)
			more.sends++;
		else
			exchange->request.refusal = "the desk isn't live";
		kefu_http_start(&exchange->request);
	}
	if (more.sends + more.fetches > 0)
		kefu_worker_count(&more);
}

static void
collect_replies(void)
{
	KefuHttpReply *reply;

	while ((reply = kefu_http_take()) != NULL)
	{
		Exchange   *exchange = reply->owner;

		exchange->reply = reply;
		dlist_push_tail(&replied, &exchange->node);
		if (record_job->failures == 0)
			record_job->next_at = 0;
	}
}

/* ---- record ---- */

/*
 * The body as text, or NULL with a reason: a text of this server must be valid
 * UTF-8 without NUL.
 */
static text *
checked_body(const KefuHttpReply *reply, const char **error)
{
	if (reply->error != NULL)
		return NULL;
	if (!pg_verify_mbstr(PG_UTF8, reply->body, (int) reply->body_length, true))
	{
		*error = "invalid UTF-8";
		return NULL;
	}
	return cstring_to_text_with_len(reply->body ? reply->body : "",
									(int) reply->body_length);
}

/*
 * Headers are ASCII by right; what isn't becomes a question mark.
 */
static text *
checked_headers(const KefuHttpReply *reply)
{
	text	   *headers;
	char	   *bytes;

	if (reply->headers == NULL)
		return NULL;
	headers = cstring_to_text_with_len(reply->headers, (int) reply->headers_length);
	bytes = VARDATA(headers);
	for (size_t i = 0; i < reply->headers_length; i++)
		if (bytes[i] == '\0' || IS_HIGHBIT_SET(bytes[i]))
			bytes[i] = '?';
	return headers;
}

static void
set(Datum *values, char *nulls, int i, void *pointer)
{
	values[i] = PointerGetDatum(pointer);
	nulls[i] = pointer == NULL ? 'n' : ' ';
}

static void
record_one(Exchange *exchange)
{
	static KefuPlan plan = {
		"SELECT kefu.record_exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		10, {TEXTOID, TEXTOID, UUIDOID, INT4OID, TEXTOID, BOOLOID, TEXTOID, TEXTOID,
		TIMESTAMPTZOID, TIMESTAMPTZOID}
	};
	KefuHttpReply *reply = exchange->reply;
	const char *error = reply->error;
	text	   *body = checked_body(reply, &error);
	Datum		values[10];
	char		nulls[10];

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(exchange->kind);
	values[1] = CStringGetTextDatum(exchange->key);
	values[2] = UUIDPGetDatum(&exchange->lease_key);
	values[3] = Int32GetDatum(reply->status);
	set(values, nulls, 4, error ? cstring_to_text(error) : NULL);
	values[5] = BoolGetDatum(reply->bytes_sent);
	set(values, nulls, 6, body);
	set(values, nulls, 7, checked_headers(reply));
	values[8] = TimestampTzGetDatum(reply->started_at);
	values[9] = TimestampTzGetDatum(reply->finished_at);
	kefu_spi_run(&plan, values, nulls, false, 1);
	exchange->is_settled = true;
}

static void
record_all(void *arg)
{
	dlist_iter	at;

	dlist_foreach(at, &replied)
		record_one(dlist_container(Exchange, node, at.cur));
}

static void
record_alone(void *arg)
{
	record_one(arg);
}

typedef struct Failure
{
	Exchange   *exchange;
	const char *reason;
} Failure;

static void
dead_letter(void *arg)
{
	static KefuPlan plan = {
		"SELECT kefu.exchange_failed($1, $2, $3, $4)",
		4, {TEXTOID, TEXTOID, UUIDOID, TEXTOID}
	};
	Failure    *failure = arg;
	Exchange   *exchange = failure->exchange;
	Datum		values[4];

	values[0] = CStringGetTextDatum(exchange->kind);
	values[1] = CStringGetTextDatum(exchange->key);
	values[2] = UUIDPGetDatum(&exchange->lease_key);
	values[3] = CStringGetTextDatum(failure->reason);
	kefu_spi_run(&plan, values, NULL, false, 1);
}

/*
 * Runs something in a subtransaction.  Returns NULL, or the error, allocated
 * in the transaction's context, of what was undone.
 */
static ErrorData *
attempt(void (*what) (void *), void *arg)
{
	MemoryContext outer = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(outer);
	PG_TRY();
	{
		what(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(outer);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(outer);
	CurrentResourceOwner = owner;
	return error;
}

/* Errors that say nothing about the reply itself. */
static bool
is_passing(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
			return true;
		default:
			return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE;
	}
}

/*
 * The reply can't be recorded and never will.  Its text stays out of the log.
 */
static void
give_up(Exchange *exchange, ErrorData *error)
{
	Failure		failure = {exchange};
	ErrorData  *second;

	kefu_slot_error(KEFU_NET_WORKER, error->sqlerrcode);
	failure.reason = psprintf("%s: %s", unpack_sql_state(error->sqlerrcode),
							  error->message);
	second = attempt(dead_letter, &failure);
	ereport(LOG,
			(errmsg("kefu net: the reply of %s \"%s\" could not be recorded (SQLSTATE %s)",
					exchange->kind, exchange->key, unpack_sql_state(error->sqlerrcode)),
			 second == NULL ? errhint("See kefu.dead_letter.") :
			 errdetail("Neither could the failure: %s", second->message)));
	exchange->is_settled = true;
}

/*
 * Records everything that has been replied: together, or if that fails each
 * alone.  What stays unsettled is tried again.
 */
static TimestampTz
record(void)
{
	dlist_iter	at;
	bool		any_left = false;
	TimestampTz next_at;

	if (dlist_is_empty(&replied))
		return KEFU_NOT_BY_TIME;
	if (attempt(record_all, NULL) != NULL)
		dlist_foreach(at, &replied)
		{
			Exchange   *exchange = dlist_container(Exchange, node, at.cur);
			ErrorData  *error;

			exchange->is_settled = false;
			error = attempt(record_alone, exchange);
			if (error == NULL)
				continue;
			exchange->is_settled = false;
			if (is_passing(error->sqlerrcode) && ++exchange->tries < RECORD_TRIES)
				any_left = true;
			else
				give_up(exchange, error);
		}
	if (any_left)
		return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), RETRY_MS);
	next_at = next_exchange_at();
	if (claim_job->failures == 0)
		claim_job->next_at = next_at;
	return KEFU_NOT_BY_TIME;
}

/* ---- the loop ---- */

void
kefu_net_main(Datum arg)
{
	WaitEventSet *events;
	WaitEvent	happened;
	uint32		wait_event;

	kefu_worker_start(KEFU_NET_WORKER, jobs, lengthof(jobs));
	kefu_http_open();
	wait_event = WaitEventExtensionNew("KefuNetMain");
	events = CreateWaitEventSet(NULL, 3);
	AddWaitEventToSet(events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(events, WL_SOCKET_READABLE, kefu_http_descriptor(), NULL, NULL);
	for (;;)
	{
		KefuLeave	leave;

		kefu_http_drive();
		collect_replies();
		leave = kefu_worker_turn();
		forget_settled();
		ask_claimed(leave);
		collect_replies();		/* what was refused is there already */
		(void) WaitEventSetWait(events, kefu_worker_pause(), &happened, 1, wait_event);
		ResetLatch(MyLatch);
	}
}
