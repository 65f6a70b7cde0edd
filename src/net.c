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
 * As many again as can be asked at once are claimed ahead, so that one request
 * follows the other on a connection while the database is busy.
 *
 * Platforms and subscribers have a lane each, with connections of its own and a
 * claim of its own: a subscriber that hangs takes none from a platform, and what
 * is wrong with webhooks keeps no feed from being claimed.
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
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/uuid.h"

#include "guc.h"
#include "http.h"
#include "spi.h"
#include "worker.h"

#define EMPTY_CLAIM_MS 1000		/* due, says the database, yet there is nothing */
#define RECORD_TRIES 5
#define WEBHOOKS_AT_ONCE 4
#define RETRY_MS 2000

typedef struct Lane
{
	KefuPlan	claim;
	KefuPlan	next;			/* when the database expects to have something to ask */
	KefuJob    *job;
	int			own_connections;	/* 0: kefu.connections */
	int			active;			/* requests under way */
	dlist_head	claimed;		/* if it commits */
	dlist_head	waiting;		/* for a connection */
} Lane;

typedef struct Exchange
{
	dlist_node	node;
	MemoryContext context;		/* holds this and all it points to */
	Lane	   *lane;
	char	   *kind;
	char	   *key;
	pg_uuid_t	lease_key;
	KefuHttpRequest request;
	KefuHttpReply *reply;		/* NULL until it has come */
	int			tries;			/* to record it */
	bool		is_settled;		/* recorded, if the transaction commits */
} Exchange;

static dlist_head replied = DLIST_STATIC_INIT(replied);

static TimestampTz claim_exchanges(void);
static TimestampTz claim_webhooks(void);
static TimestampTz record(void);

static KefuJob jobs[] = {
	{.name = "kefu: record exchanges", .run = record, .needs = KEFU_MAY_KEEP_HOUSE,
	.next_at = KEFU_NOT_BY_TIME},
	{.name = "kefu: claim exchanges", .run = claim_exchanges, .needs = KEFU_MAY_WORK,
	.at_wake = true},
	{.name = "kefu: claim webhooks", .run = claim_webhooks, .needs = KEFU_MAY_WORK,
	.at_wake = true},
};
static KefuJob *const record_job = &jobs[0];

#define CLAIMED_COLUMNS \
	"SELECT kind, key, lease_key, method, url, headers, body, content_type," \
	" timeout_ms, max_bytes, allows_http FROM "

static Lane lanes[] = {
	{.claim = {CLAIMED_COLUMNS "kefu.claim_exchanges($1)", 1, {INT4OID}},
	.next = {"SELECT kefu.next_exchange_at()"},
	.job = &jobs[1],
	.claimed = DLIST_STATIC_INIT(lanes[0].claimed),
	.waiting = DLIST_STATIC_INIT(lanes[0].waiting)},
	{.claim = {CLAIMED_COLUMNS "kefu.claim_webhooks($1)", 1, {INT4OID}},
	.next = {"SELECT kefu.next_webhook_at()"},
	.job = &jobs[2],
	.own_connections = WEBHOOKS_AT_ONCE,
	.claimed = DLIST_STATIC_INIT(lanes[1].claimed),
	.waiting = DLIST_STATIC_INIT(lanes[1].waiting)},
};

PGDLLEXPORT void kefu_net_main(Datum arg);

/* A feed or a look at the far side only reads. */
static bool
speaks(const Exchange *exchange)
{
	return strcmp(exchange->kind, "feed") != 0 && strcmp(exchange->kind, "verify") != 0;
}

static bool
any_speaks(dlist_head *list)
{
	dlist_iter	at;

	dlist_foreach(at, list)
		if (speaks(dlist_container(Exchange, node, at.cur)))
			return true;
	return false;
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

static int
length_of(dlist_head *list)
{
	dlist_iter	at;
	int			length = 0;

	dlist_foreach(at, list)
		length++;
	return length;
}

static void
forget_all(dlist_head *list)
{
	dlist_mutable_iter at;

	dlist_foreach_modify(at, list)
		forget(dlist_container(Exchange, node, at.cur));
}

/* ---- claim ---- */

static int
connections_of(const Lane *lane)
{
	return lane->own_connections > 0 ? lane->own_connections : kefu_connections;
}

static TimestampTz
next_claim_at(Lane *lane)
{
	TimestampTz at;
	bool		isnull;

	kefu_spi_run(&lane->next, NULL, NULL, false, 1);
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
				 errmsg("an incomplete exchange was claimed")));
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
take_claim(Lane *lane, uint64 row)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "kefu exchange",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	Exchange   *exchange = palloc0(sizeof(Exchange));

	exchange->context = context;
	exchange->lane = lane;
	dlist_push_tail(&lane->claimed, &exchange->node);
	read_claim(exchange, row);
	MemoryContextSwitchTo(outer);
}

/*
 * Claims what connections are free for, and as many again.  The leases are
 * committed before the first byte goes out: ask_waiting() runs after this
 * transaction.  That something is being said must outlive a crash, or it would
 * be said again.
 */
static TimestampTz
claim(Lane *lane)
{
	int			room = 2 * connections_of(lane) - lane->active - length_of(&lane->waiting);
	Datum		max = Int32GetDatum(room);
	TimestampTz next_at;
	uint64		count;

	forget_all(&lane->claimed); /* of an attempt that failed */
	forget_settled();
	if (room <= 0)
		return KEFU_NOT_BY_TIME;	/* the next recording asks again */
	if (!dlist_is_empty(&replied))
		return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EMPTY_CLAIM_MS);
	count = kefu_spi_run(&lane->claim, &max, NULL, false, 0);
	for (uint64 row = 0; row < count; row++)
		take_claim(lane, row);
	kefu_worker_commit_must_last(any_speaks(&lane->claimed));
	if (count >= room)
		return KEFU_NOT_BY_TIME;
	next_at = next_claim_at(lane);
	if (next_at != KEFU_NOT_BY_TIME && kefu_ms_until(next_at) == 0)
		next_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EMPTY_CLAIM_MS);
	return next_at;
}

static TimestampTz
claim_exchanges(void)
{
	return claim(&lanes[0]);
}

static TimestampTz
claim_webhooks(void)
{
	return claim(&lanes[1]);
}

/* ---- ask ---- */

/*
 * Queues what a committed transaction has claimed.  Answers go before polls, in
 * the order in which they were claimed.
 */
static void
queue_claimed(Lane *lane)
{
	dlist_mutable_iter at;
	dlist_iter	place;

	if (lane->job->failures > 0)
		return;					/* nothing of it was committed */
	dlist_foreach_modify(at, &lane->claimed)
	{
		Exchange   *exchange = dlist_container(Exchange, node, at.cur);
		dlist_node *before = NULL;

		dlist_delete(&exchange->node);
		if (strcmp(exchange->kind, "feed") != 0)
			dlist_foreach(place, &lane->waiting)
				if (strcmp(dlist_container(Exchange, node, place.cur)->kind, "feed") == 0)
				{
					before = place.cur;
					break;
				}
		if (before != NULL)
			dlist_insert_before(before, &exchange->node);
		else
			dlist_push_tail(&lane->waiting, &exchange->node);
	}
}

/*
 * Asks what waits, as far as connections are free.  If the desk was stopped
 * since, nothing is asked; a speaking request that may not go out is answered
 * here.
 */
static void
ask_waiting(Lane *lane, KefuLeave leave)
{
	KefuCounts	more = {0};

	while (!dlist_is_empty(&lane->waiting) && lane->active < connections_of(lane))
	{
		Exchange   *exchange = dlist_container(Exchange, node,
											   dlist_pop_head_node(&lane->waiting));

		if (!speaks(exchange) && leave < KEFU_MAY_WORK)
		{
			MemoryContextDelete(exchange->context); /* its lease expires */
			continue;
		}
		if (!speaks(exchange))
			more.fetches++;
		else if (leave >= KEFU_MAY_SEND)
			more.sends++;
		else
			exchange->request.refusal = "the desk isn't live";
		lane->active++;
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

		exchange->lane->active--;
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

/* What is reported of an exchange, an array each. */
enum
{
	KIND, KEY, LEASE_KEY, STATUS, ERROR_TEXT, BYTES_SENT, BODY, HEADERS, STARTED, FINISHED,
	COLUMNS
};

static const Oid column_types[COLUMNS] = {
	TEXTOID, TEXTOID, UUIDOID, INT4OID, TEXTOID, BOOLOID, TEXTOID, TEXTOID,
	TIMESTAMPTZOID, TIMESTAMPTZOID
};

typedef struct Results
{
	int			count;
	Datum	   *values[COLUMNS];
	bool	   *nulls[COLUMNS];
} Results;

static void
put_text(Results *results, int column, text *value)
{
	results->values[column][results->count] = PointerGetDatum(value);
	results->nulls[column][results->count] = value == NULL;
}

static void
put_result(Results *results, Exchange *exchange)
{
	KefuHttpReply *reply = exchange->reply;
	const char *error = reply->error;
	text	   *body = checked_body(reply, &error);
	int			n = results->count;

	put_text(results, KIND, cstring_to_text(exchange->kind));
	put_text(results, KEY, cstring_to_text(exchange->key));
	results->values[LEASE_KEY][n] = UUIDPGetDatum(&exchange->lease_key);
	results->values[STATUS][n] = Int32GetDatum(reply->status);
	put_text(results, ERROR_TEXT, error ? cstring_to_text(error) : NULL);
	results->values[BYTES_SENT][n] = BoolGetDatum(reply->bytes_sent);
	put_text(results, BODY, body);
	put_text(results, HEADERS, checked_headers(reply));
	results->values[STARTED][n] = TimestampTzGetDatum(reply->started_at);
	results->values[FINISHED][n] = TimestampTzGetDatum(reply->finished_at);
	results->count++;
	exchange->is_settled = true;
}

static Datum
column_array(Results *results, int column)
{
	int			lower = 1;
	int16		length;
	bool		by_value;
	char		alignment;

	get_typlenbyvalalign(column_types[column], &length, &by_value, &alignment);
	return PointerGetDatum(construct_md_array(results->values[column],
											  results->nulls[column], 1,
											  &results->count, &lower,
											  column_types[column], length,
											  by_value, alignment));
}

static void
start_results(Results *results, int room)
{
	results->count = 0;
	for (int i = 0; i < COLUMNS; i++)
	{
		results->values[i] = palloc(sizeof(Datum) * room);
		results->nulls[i] = palloc0(sizeof(bool) * room);
	}
}

static void
send_results(Results *results)
{
	static KefuPlan plan = {
		"SELECT kefu.record_exchanges($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		COLUMNS, {TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID,
		BOOLARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID}
	};
	Datum		arrays[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		arrays[i] = column_array(results, i);
	kefu_spi_run(&plan, arrays, NULL, false, 1);
}

static void
record_all(void *arg)
{
	dlist_iter	at;
	Results		results;

	start_results(&results, length_of(&replied));
	dlist_foreach(at, &replied)
		put_result(&results, dlist_container(Exchange, node, at.cur));
	send_results(&results);
}

static void
record_alone(void *arg)
{
	Results		results;

	start_results(&results, 1);
	put_result(&results, arg);
	send_results(&results);
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
 * alone.  What stays unsettled is tried again.  A page that a crash takes is
 * fetched again, as its mark goes with it.
 */
static TimestampTz
record(void)
{
	dlist_iter	at;
	bool		any_left = false;

	if (dlist_is_empty(&replied))
		return KEFU_NOT_BY_TIME;
	kefu_worker_commit_must_last(any_speaks(&replied));
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
	dlist_foreach(at, &replied)
	{
		Lane	   *lane = dlist_container(Exchange, node, at.cur)->lane;

		if (lane->job->failures == 0)
			lane->job->next_at = 0; /* there is room, and a walk may go on */
	}
	if (any_left)
		return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), RETRY_MS);
	return KEFU_NOT_BY_TIME;
}

/* ---- the loop ---- */

static void
ask_all(KefuLeave leave)
{
	for (int i = 0; i < lengthof(lanes); i++)
	{
		queue_claimed(&lanes[i]);
		ask_waiting(&lanes[i], leave);
	}
}

void
kefu_net_main(Datum arg)
{
	WaitEventSet *events;
	WaitEvent	happened;
	KefuLeave	leave = KEFU_MAY_NOTHING;
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
		kefu_http_drive();
		collect_replies();
		ask_all(leave);
		kefu_http_drive();		/* the database may take its time */
		leave = kefu_worker_turn();
		forget_settled();
		ask_all(leave);
		collect_replies();		/* what was refused is there already */
		(void) WaitEventSetWait(events, kefu_worker_pause(), &happened, 1, wait_event);
		ResetLatch(MyLatch);
	}
}
