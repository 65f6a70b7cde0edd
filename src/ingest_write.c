/*
 * ingest_write.c
 *		Writing what a payload brought: events, tickets, messages, promises.
 *
 * The rows of the machines say which states and clocks there are; this file
 * only applies them to many objects at once.  Events are hashed first, so that
 * each object is inserted with the head of its chain and is never updated here.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/datetime.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "clock.h"
#include "ingest.h"
#include "legal.h"
#include "rows.h"
#include "spi.h"

#define DEFAULT_PRIORITY 2		/* normal */
#define CLOCKS_PER_ITEM 8		/* of its message and the ticket it opens */
#define EVENTS_PER_ITEM 4

/* The rows of the message machine that ingest follows. */
typedef struct MessageRows
{
	const KefuTransition *history;
	const KefuTransition *belongs;
	const KefuTransition *repeats;
	const KefuTransition *to_us;
	const KefuTransition *found;
	const KefuTransition *keep; /* of history */
	const KefuTransition *join; /* of context */
} MessageRows;

/* --- facts ---------------------------------------------------------------- */

typedef struct Facts
{
	JsonbParseState *state;
} Facts;

static void
facts_begin(Facts *facts)
{
	facts->state = NULL;
	pushJsonbValue(&facts->state, WJB_BEGIN_OBJECT, NULL);
}

static void
fact(Facts *facts, const char *name, JsonbValue *value)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	pushJsonbValue(&facts->state, WJB_KEY, &key);
	pushJsonbValue(&facts->state, WJB_VALUE, value);
}

static void
fact_code(Facts *facts, const char *name, const char *code)
{
	JsonbValue	value = {.type = jbvString};

	if (code == NULL)
		return;
	value.val.string.val = unconstify(char *, code);
	value.val.string.len = strlen(code);
	fact(facts, name, &value);
}

static void
fact_id(Facts *facts, const char *name, int64 id)
{
	JsonbValue	value = {.type = jbvNumeric};

	if (id == 0)
		return;
	value.val.numeric = int64_to_numeric(id);
	fact(facts, name, &value);
}

/* An instant in UTC, whatever the session's settings. */
static void
fact_instant(Facts *facts, const char *name, TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char		text[MAXDATELEN + 2];

	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	EncodeDateTime(&tm, fsec, false, 0, NULL, USE_XSD_DATES, text);
	strlcat(text, "Z", sizeof(text));
	fact_code(facts, name, pstrdup(text));	/* the facts borrow it */
}

static Jsonb *
facts_end(Facts *facts)
{
	return JsonbValueToJsonb(pushJsonbValue(&facts->state, WJB_END_OBJECT, NULL));
}

/* The ticket that it opens or belongs to; 0 none. */
static int64
ticket_of(const IngestItem *item)
{
	return item->opens ? item->opens->ticket_id : item->belongs_to;
}

static Jsonb *
message_facts(const Ingest *in, const IngestItem *item)
{
	Facts		facts;

	facts_begin(&facts);
	fact_code(&facts, "account", in->source.account);
	fact_code(&facts, "action", in->source.action);
	fact_code(&facts, "native_id", item->native_id);
	fact_id(&facts, "person", item->author ? item->author->person_id : 0);
	fact_instant(&facts, "posted_at", item->posted_at);
	fact_code(&facts, "rule", item->rule);
	fact_id(&facts, "ticket", item->context_of ? item->context_of : ticket_of(item));
	return facts_end(&facts);
}

/* The region that the author's profile names; NULL unknown. */
static const char *
location_of(const IngestItem *item)
{
	return item->author ? item->author->region : NULL;
}

/* What the first row of a ticket holds, for whoever asks later how it stood. */
static Jsonb *
open_facts(const IngestTicket *ticket)
{
	const IngestItem *item = ticket->item;
	Facts		facts;

	facts_begin(&facts);
	fact_code(&facts, "category", ticket->category);
	fact_code(&facts, "location", location_of(item) ? location_of(item) : "unknown");
	fact_id(&facts, "message", item->message_id);
	fact_instant(&facts, "posted_at", item->posted_at);
	fact_id(&facts, "repeat_of", ticket->repeat_of);
	fact_id(&facts, "staff", ticket->handler);
	return facts_end(&facts);
}

static Jsonb *
record_facts(const IngestTicket *ticket)
{
	const IngestItem *item = ticket->item;
	Facts		facts;

	facts_begin(&facts);
	fact_code(&facts, "category", ticket->category);
	fact_code(&facts, "location", location_of(item) ? location_of(item) : "unknown");
	fact_id(&facts, "person", item->author ? item->author->person_id : 0);
	fact_instant(&facts, "posted_at", item->posted_at);
	fact_id(&facts, "priority", item->raised_to);
	return facts_end(&facts);
}

/* --- events ---------------------------------------------------------------- */

/*
 * A message stays with whoever has to read it: the unit of the ticket that it
 * opens, else that of the account.
 */
static const char *
handled_by(const Ingest *in, const IngestItem *item)
{
	return item->opens ? item->opens->unit : in->source.unit;
}

/*
 * Adds an event to the batch; the caller's chain columns move with it.
 */
static KefuEvent *
add_event(const Ingest *in, KefuEvent *events, int *count, const KefuTransition *row,
		  const char *object_type, int64 id, const char *unit, int seq)
{
	KefuEvent  *event = &events[(*count)++];

	memset(event, 0, sizeof(*event));
	event->object_type = object_type;
	event->object_id = id;
	event->seq = seq;
	event->at = in->source.now;
	event->machine = row->machine;
	event->event = row->event;
	event->from_state = row->from_state;
	event->to_state = row->to_state;
	event->version = seq;		/* a state for each event so far */
	event->gateway_id = in->source.gateway_id;
	event->unit = unit;
	event->flags = KEFU_EVENT_BY_PLATFORM;
	return event;
}

static const KefuTransition *
row_of(const MessageRows *rows, const Ingest *in, const IngestItem *item)
{
	if (!item->is_live)
		return rows->history;
	if (item->belongs_to != 0)
		return rows->belongs;
	if (item->context_of != 0)
		return rows->repeats;
	return in->source.to_us ? rows->to_us : rows->found;
}

/* True if a platform may raise the event: it is for ingest to do so. */
static bool
is_for_platform(const KefuTransition *row)
{
	for (char **role = row->roles; *role != NULL; role++)
		if (strcmp(*role, "platform") == 0)
			return true;
	return false;
}

static void
choose_ticket_rows(IngestTicket *ticket)
{
	KefuTransition *open = kefu_transitions(ticket->kind, KEFU_NEW, "open");
	KefuTransition *record;

	if (open == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a rule suggests kind \"%s\", which opens no ticket", ticket->kind),
				 errhint("SELECT * FROM kefu.kind_rule lists the rules.")));
	ticket->open = kefu_copy_transition(open);
	record = kefu_transitions(ticket->kind, ticket->open->to_state, "record");
	if (record != NULL && is_for_platform(record))
		ticket->record = kefu_copy_transition(record);
}

/*
 * How each ticket is opened and, where its kind has the event, recorded at
 * once (ruling 27).
 */
static void
choose_rows(Ingest *in)
{
	for (int i = 0; i < in->ntickets; i++)
	{
		IngestTicket *ticket = &in->tickets[i];

		for (int same = 0; same < i && ticket->open == NULL; same++)
			if (strcmp(in->tickets[same].kind, ticket->kind) == 0)
			{
				ticket->open = in->tickets[same].open;
				ticket->record = in->tickets[same].record;
			}
		if (ticket->open == NULL)
			choose_ticket_rows(ticket);
		ticket->version = ticket->record ? 2 : 1;
		ticket->state = ticket->record ? ticket->record->to_state : ticket->open->to_state;
	}
}

/*
 * Hashes and writes the events of all messages and tickets, and notes each
 * object's head.
 */
static void
write_events(Ingest *in, const MessageRows *rows)
{
	KefuEvent  *events = palloc(sizeof(KefuEvent) * EVENTS_PER_ITEM * in->nfresh);
	uint8	  **heads = palloc(sizeof(uint8 *) * EVENTS_PER_ITEM * in->nfresh);
	int			n = 0;

	for (int i = 0; i < in->nfresh; i++)
	{
		IngestItem *item = in->fresh[i];
		const KefuTransition *row = row_of(rows, in, item);

		heads[n] = item->head;
		add_event(in, events, &n, row, "message", item->message_id, handled_by(in, item), 1)
			->facts = message_facts(in, item);
		item->state = row->to_state;
		item->version = 1;
		row = !item->is_live ? rows->keep : item->context_of != 0 ? rows->join : NULL;
		if (row == NULL)
			continue;
		heads[n] = item->head;
		add_event(in, events, &n, row, "message", item->message_id,
				  handled_by(in, item), 2)->flags |= KEFU_EVENT_RAISED;
		item->state = row->to_state;
		item->version = 2;
	}
	for (int i = 0; i < in->ntickets; i++)
	{
		IngestTicket *ticket = &in->tickets[i];
		KefuEvent  *event;

		heads[n] = ticket->head;
		event = add_event(in, events, &n, ticket->open, "ticket", ticket->ticket_id,
						  ticket->unit, 1);
		event->flags |= KEFU_EVENT_RAISED;
		event->facts = open_facts(ticket);
		if (ticket->record == NULL)
			continue;
		heads[n] = ticket->head;
		event = add_event(in, events, &n, ticket->record, "ticket", ticket->ticket_id,
						  ticket->unit, 2);
		event->flags |= KEFU_EVENT_RAISED;
		event->facts = record_facts(ticket);
	}
	kefu_audit_append(events, n);
	for (int i = 0; i < n; i++)
		memcpy(heads[i], events[i].hash, KEFU_HASH_LENGTH);
}

/* --- promises --------------------------------------------------------------- */

static void
add_clocks(const Ingest *in, KefuClockStart *starts, int *count, const KefuTransition *row,
		   const char *object_type, int64 id, const char *unit, const IngestItem *item)
{
	for (char **op = row->clock_ops; *op != NULL; op++)
	{
		KefuClockStart *start;

		if (strncmp(*op, "start:", 6) != 0)
			continue;			/* nothing runs yet that could stop */
		start = &starts[(*count)++];
		memset(start, 0, sizeof(*start));
		start->object_type = object_type;
		start->object_id = id;
		start->clock = *op + 6;
		start->round = 1;
		start->unit = unit;
		start->started_at = strcmp(kefu_clock_starts_from(start->clock), "posted_at") == 0
			? item->posted_at : in->source.now;
		start->target_at = DT_NOBEGIN;
		if (kefu_is_limited_by_law(start->clock))
			start->place = kefu_place_of(location_of(item),
										 item->author ? item->author->home_unit : NULL, unit);
		kefu_clock_compute(start);
	}
}

static void
write_clocks(Ingest *in, const MessageRows *rows)
{
	KefuClockStart *starts = palloc(sizeof(KefuClockStart) * CLOCKS_PER_ITEM * in->nfresh);
	int			n = 0;

	for (int i = 0; i < in->nfresh; i++)
	{
		IngestItem *item = in->fresh[i];
		IngestTicket *ticket = item->opens;

		add_clocks(in, starts, &n, row_of(rows, in, item), "message", item->message_id,
				   handled_by(in, item), item);
		if (ticket == NULL)
			continue;
		add_clocks(in, starts, &n, ticket->open, "ticket", ticket->ticket_id,
				   ticket->unit, item);
		if (ticket->record != NULL)
			add_clocks(in, starts, &n, ticket->record, "ticket", ticket->ticket_id,
					   ticket->unit, item);
	}
	kefu_clock_insert(starts, n);
}

/* --- rows -------------------------------------------------------------------- */

static Datum
head_datum(const uint8 *head)
{
	bytea	   *bytes = palloc(VARHDRSZ + KEFU_HASH_LENGTH);

	SET_VARSIZE(bytes, VARHDRSZ + KEFU_HASH_LENGTH);
	memcpy(VARDATA(bytes), head, KEFU_HASH_LENGTH);
	return PointerGetDatum(bytes);
}

static Datum
priority_of(const IngestItem *item)
{
	return Int16GetDatum(item->raised_to ? item->raised_to : DEFAULT_PRIORITY);
}

static void
write_tickets(Ingest *in)
{
	enum
	{
		ID, KIND, STATE, VERSION, SEQ, HEAD, UNIT, RECEIVED, HOME, ACCOUNT, MESSAGE,
		PERSON, PROVISIONAL, CATEGORY, LOCATION, SOURCE, POSTED, ROUND_POSTED, OPENED,
		REPEAT, FIRST_KIND, HANDLER, PRODUCT, PRIORITY
	};
	static const char *const columns[] = {
		"ticket_id", "kind", "state", "version", "audit_seq", "audit_head", "unit",
		"received_unit", "home_unit", "account", "message_id", "person_id",
		"is_provisional", "category", "location", "location_source", "posted_at",
		"round_posted_at", "opened_at", "repeat_of", "first_kind", "handler",
		"product", "priority", NULL
	};
	static KefuRowTable table = {.table = "ticket", .columns = columns};
	Datum		unit = CStringGetTextDatum(in->source.unit);
	Datum		account = CStringGetTextDatum(in->source.account);
	KefuRows	rows;

	if (in->ntickets == 0)
		return;
	kefu_rows_init(&rows, &table, in->ntickets);
	for (int i = 0; i < in->ntickets; i++)
	{
		IngestTicket *ticket = &in->tickets[i];
		IngestItem *item = ticket->item;
		Datum		posted_at = TimestampTzGetDatum(item->posted_at);

		kefu_row_id(&rows, ID, ticket->ticket_id);
		kefu_row_text(&rows, KIND, ticket->kind);
		kefu_row_text(&rows, STATE, ticket->state);
		kefu_row_set(&rows, VERSION, Int32GetDatum(ticket->version));
		kefu_row_set(&rows, SEQ, Int32GetDatum(ticket->version));
		kefu_row_set(&rows, HEAD, head_datum(ticket->head));
		kefu_row_text(&rows, UNIT, ticket->unit);
		kefu_row_set(&rows, RECEIVED, unit);
		kefu_row_text(&rows, HOME, item->author ? item->author->home_unit : NULL);
		kefu_row_set(&rows, ACCOUNT, account);
		kefu_row_id(&rows, MESSAGE, item->message_id);
		kefu_row_id(&rows, PERSON, item->author ? item->author->person_id : 0);
		kefu_row_set(&rows, PROVISIONAL, BoolGetDatum(true));
		kefu_row_text(&rows, CATEGORY, ticket->category);
		kefu_row_text(&rows, LOCATION, location_of(item));
		kefu_row_text(&rows, SOURCE, location_of(item) ? "profile" : "unknown");
		kefu_row_set(&rows, POSTED, posted_at);
		kefu_row_set(&rows, ROUND_POSTED, posted_at);
		kefu_row_set(&rows, OPENED, TimestampTzGetDatum(in->source.now));
		kefu_row_id(&rows, REPEAT, ticket->repeat_of);
		kefu_row_text(&rows, FIRST_KIND, ticket->kind);
		if (ticket->handler != 0)
			kefu_row_set(&rows, HANDLER, Int32GetDatum(ticket->handler));
		kefu_row_text(&rows, PRODUCT, item->suggested[KEFU_PRODUCT]);
		kefu_row_set(&rows, PRIORITY, priority_of(item));
		kefu_row_end(&rows);
	}
	kefu_rows_insert(&rows);
}

static void
write_rounds(Ingest *in)
{
	enum
	{
		TICKET, ROUND, POSTED, OPENED, MESSAGE
	};
	static const char *const columns[] = {
		"ticket_id", "round", "posted_at", "opened_at", "message_id", NULL
	};
	static KefuRowTable table = {.table = "round", .columns = columns};
	KefuRows	rows;

	if (in->ntickets == 0)
		return;
	kefu_rows_init(&rows, &table, in->ntickets);
	for (int i = 0; i < in->ntickets; i++)
	{
		kefu_row_id(&rows, TICKET, in->tickets[i].ticket_id);
		kefu_row_set(&rows, ROUND, Int16GetDatum(1));
		kefu_row_set(&rows, POSTED, TimestampTzGetDatum(in->tickets[i].item->posted_at));
		kefu_row_set(&rows, OPENED, TimestampTzGetDatum(in->source.now));
		kefu_row_id(&rows, MESSAGE, in->tickets[i].item->message_id);
		kefu_row_end(&rows);
	}
	kefu_rows_insert(&rows);
}

static void
write_messages(Ingest *in)
{
	enum
	{
		ID, STATE, VERSION, SEQ, HEAD, UNIT, PLATFORM, ACCOUNT, ACTION, TYPE, NATIVE,
		PARENT, ROOT, THREAD, IDENTITY, PERSON, TEXT, MEDIA, URL, POSTED, SEEN, LIVE,
		TO_US, TICKET, SUGGESTED, PRIORITY, KINDS, REPOST_OF, TRUNCATED,
		CONTEXT
	};
	static const char *const columns[] = {
		"message_id", "state", "version", "audit_seq", "audit_head", "unit", "platform",
		"account", "action", "item_type", "native_id", "parent_id", "root_id", "thread_id",
		"identity_id", "person_id", "text", "media", "url", "posted_at", "seen_at",
		"is_live", "to_us", "ticket_id", "suggested_kind", "priority",
		"media_kinds", "repost_of_id", "is_truncated", "context_of", NULL
	};
	static KefuRowTable table = {.table = "message", .columns = columns};
	Datum		platform = CStringGetTextDatum(in->source.platform);
	Datum		account = CStringGetTextDatum(in->source.account);
	Datum		action = CStringGetTextDatum(in->source.action);
	KefuRows	rows;

	kefu_rows_init(&rows, &table, in->nfresh);
	for (int i = 0; i < in->nfresh; i++)
	{
		IngestItem *item = in->fresh[i];

		kefu_row_id(&rows, ID, item->message_id);
		kefu_row_text(&rows, STATE, item->state);
		kefu_row_set(&rows, VERSION, Int32GetDatum(item->version));
		kefu_row_set(&rows, SEQ, Int32GetDatum(item->version));
		kefu_row_set(&rows, HEAD, head_datum(item->head));
		kefu_row_text(&rows, UNIT, handled_by(in, item));
		kefu_row_set(&rows, PLATFORM, platform);
		kefu_row_set(&rows, ACCOUNT, account);
		kefu_row_set(&rows, ACTION, action);
		kefu_row_text(&rows, TYPE, item->item_type);
		kefu_row_text(&rows, NATIVE, item->native_id);
		kefu_row_text(&rows, PARENT, item->parent_id);
		kefu_row_text(&rows, ROOT, item->root_id);
		kefu_row_text(&rows, THREAD, item->thread_id);
		kefu_row_id(&rows, IDENTITY, item->author ? item->author->identity_id : 0);
		kefu_row_id(&rows, PERSON, item->author ? item->author->person_id : 0);
		kefu_row_text(&rows, TEXT, item->text);
		kefu_row_text(&rows, MEDIA, item->media);
		kefu_row_text(&rows, URL, item->url);
		kefu_row_set(&rows, POSTED, TimestampTzGetDatum(item->posted_at));
		kefu_row_set(&rows, SEEN, TimestampTzGetDatum(in->source.received_at));
		kefu_row_set(&rows, LIVE, BoolGetDatum(item->is_live));
		kefu_row_set(&rows, TO_US, BoolGetDatum(in->source.to_us));
		kefu_row_id(&rows, TICKET, ticket_of(item));
		kefu_row_text(&rows, SUGGESTED, item->suggested[KEFU_KIND]);
		kefu_row_set(&rows, PRIORITY, priority_of(item));
		kefu_row_text(&rows, KINDS, item->media_kinds);
		kefu_row_text(&rows, REPOST_OF, item->repost_of);
		kefu_row_set(&rows, TRUNCATED, BoolGetDatum(item->is_truncated));
		kefu_row_id(&rows, CONTEXT, item->context_of);
		kefu_row_end(&rows);
	}
	kefu_rows_insert(&rows);
}

/*
 * What is cut is asked for once more, where its platform can give it whole; what
 * is history stays as it is.
 */
static void
write_completions(Ingest *in)
{
	enum
	{
		MESSAGE, ACCOUNT, ACTION, NEXT
	};
	static const char *const columns[] = {
		"message_id", "account", "action", "next_at", NULL
	};
	static KefuRowTable table = {.table = "completion", .columns = columns};
	Datum		account = CStringGetTextDatum(in->source.account);
	KefuRows	rows;
	int			n = 0;

	if (in->source.complete_action == NULL)
		return;
	kefu_rows_init(&rows, &table, in->nfresh);
	for (int i = 0; i < in->nfresh; i++)
	{
		if (!in->fresh[i]->is_truncated || !in->fresh[i]->is_live)
			continue;
		kefu_row_id(&rows, MESSAGE, in->fresh[i]->message_id);
		kefu_row_set(&rows, ACCOUNT, account);
		kefu_row_text(&rows, ACTION, in->source.complete_action);
		kefu_row_set(&rows, NEXT, TimestampTzGetDatum(in->source.now));
		kefu_row_end(&rows);
		n++;
	}
	if (n > 0)
		kefu_rows_insert(&rows);
}

void
kefu_write_items(Ingest *in)
{
	MessageRows rows;

	if (in->nfresh == 0)
		return;
	rows.history = kefu_guarded_transition("message", KEFU_NEW, "ingest", "before_feed_start");
	rows.belongs = kefu_guarded_transition("message", KEFU_NEW, "ingest", "belongs_to_ticket");
	rows.repeats = kefu_guarded_transition("message", KEFU_NEW, "ingest", "repeats_original");
	rows.to_us = kefu_guarded_transition("message", KEFU_NEW, "ingest", "written_to_us");
	rows.found = kefu_guarded_transition("message", KEFU_NEW, "ingest", NULL);
	rows.keep = kefu_guarded_transition("message", rows.history->to_state, "keep",
										"before_feed_start");
	rows.join = kefu_guarded_transition("message", rows.repeats->to_state, "join",
										"repeats_original");
	choose_rows(in);
	write_events(in, &rows);
	write_tickets(in);
	write_rounds(in);
	write_messages(in);
	write_completions(in);
	write_clocks(in, &rows);
}
