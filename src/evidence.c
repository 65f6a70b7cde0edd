/*
 * evidence.c
 *		Verifying the audit trail.
 *
 * Everything is read under one snapshot, so writers are neither blocked nor
 * mistaken for tampering, and read-only, so that it works on a standby.  Each
 * kind of object is one pass over its chains beside one pass over its table.
 * Memory doesn't grow with the trail.  The seals' part is in seal.c.
 *
 * What it doesn't do: find what was rewritten consistently, chain and object,
 * since the last seal that somebody else has a copy of; doc/audit.md says so.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/memutils.h"

#include "audit.h"
#include "canon.h"
#include "evidence.h"
#include "scan.h"
#include "spi.h"
#include "workflow.h"

/* What is known of one chain after its last event */
typedef struct Chain
{
	const char *object_type;
	int64		object_id;
	bool		is_ledger;
	bool		is_misfit;		/* named already */
	int32		seq;
	int32		version;
	int64		event_id;
	uint8		head[KEFU_HASH_LENGTH];
	StringInfoData state;		/* without machine; empty: no event had one */
	StringInfoData machine;		/* after the last event */
} Chain;

/* --- reporting ------------------------------------------------------------ */

/*
 * One row of the result.  object_type NULL and event_id 0 are NULL there.
 */
void
kefu_report(KefuVerifier *verifier, const char *problem, const char *object_type,
			int64 object_id, int64 event_id, const char *detail)
{
	Datum		values[5];
	bool		nulls[5] = {false};

	values[0] = CStringGetTextDatum(problem);
	nulls[1] = nulls[2] = object_type == NULL;
	if (object_type != NULL)
		values[1] = CStringGetTextDatum(object_type);
	values[2] = Int64GetDatum(object_id);
	nulls[3] = event_id == 0;
	values[3] = Int64GetDatum(event_id);
	values[4] = CStringGetTextDatum(detail);
	tuplestore_putvalues(verifier->result->setResult, verifier->result->setDesc,
						 values, nulls);
}

/* Names the first misfit of a chain only: one break often shows many times. */
static void
report_chain(KefuVerifier *verifier, Chain *chain, const char *problem, int64 event_id,
			 const char *detail)
{
	if (!chain->is_misfit)
		kefu_report(verifier, problem, chain->object_type, chain->object_id, event_id, detail);
	chain->is_misfit = true;
}

/* --- one event ------------------------------------------------------------ */

enum
{
	EVENT_OBJECT_ID,
	EVENT_SEQ,
	EVENT_ID,
	EVENT_AT,
	EVENT_MACHINE,
	EVENT_EVENT,
	EVENT_FROM_STATE,
	EVENT_TO_STATE,
	EVENT_VERSION,
	EVENT_STAFF_ID,
	EVENT_GATEWAY_ID,
	EVENT_UNIT,
	EVENT_FLAGS,
	EVENT_INCARNATION,
	EVENT_XID,
	EVENT_FACTS,
	EVENT_DIGEST,
	EVENT_FORM,
	EVENT_HASH
};

static const char *const events_of_type =
	"SELECT object_id, seq, event_id, at, machine, event, from_state, to_state, version, "
	"staff_id, gateway_id, unit, flags, incarnation, xid, facts, detail_digest, form, hash "
	"FROM kefu.audit_event WHERE object_type = $1 AND event_id >= $2 "
	"ORDER BY object_id, seq, event_id";

static int32
number_of(const KefuScan *scan, int column)
{
	return scan->isnull[column] ? 0 : DatumGetInt32(scan->values[column]);
}

static void
read_event(const KefuScan *scan, const Chain *chain, KefuEvent *event)
{
	memset(event, 0, sizeof(*event));
	event->object_type = chain->object_type;
	event->object_id = chain->object_id;
	event->seq = DatumGetInt32(scan->values[EVENT_SEQ]);
	event->event_id = DatumGetInt64(scan->values[EVENT_ID]);
	event->at = DatumGetTimestampTz(scan->values[EVENT_AT]);
	event->machine = kefu_scan_text(scan, EVENT_MACHINE);
	event->event = kefu_scan_text(scan, EVENT_EVENT);
	event->from_state = kefu_scan_text(scan, EVENT_FROM_STATE);
	event->to_state = kefu_scan_text(scan, EVENT_TO_STATE);
	event->version = DatumGetInt32(scan->values[EVENT_VERSION]);
	event->staff_id = number_of(scan, EVENT_STAFF_ID);
	event->gateway_id = number_of(scan, EVENT_GATEWAY_ID);
	event->unit = kefu_scan_text(scan, EVENT_UNIT);
	event->flags = DatumGetInt16(scan->values[EVENT_FLAGS]);
	if (!scan->isnull[EVENT_FACTS])
		event->facts = DatumGetJsonbP(scan->values[EVENT_FACTS]);
	memcpy(event->head, chain->head, KEFU_HASH_LENGTH);
}

/*
 * True if the row's hash is that of its columns after the chain's head.  A
 * number that is 0 has the form of NULL, so it isn't taken for one.
 */
static bool
hash_fits(KefuVerifier *verifier, const KefuScan *scan, KefuEvent *event,
		  const uint8 *stored)
{
	KefuOrigin	origin = {
		DatumGetInt32(scan->values[EVENT_INCARNATION]),
		DatumGetInt64(scan->values[EVENT_XID])
	};
	uint8		digest[KEFU_HASH_LENGTH];
	bool		has_digest = !scan->isnull[EVENT_DIGEST];

	if (DatumGetInt16(scan->values[EVENT_FORM]) != KEFU_FORM ||
		(has_digest && !kefu_scan_bytes(scan, EVENT_DIGEST, digest, KEFU_HASH_LENGTH)) ||
		(event->staff_id == 0 && !scan->isnull[EVENT_STAFF_ID]) ||
		(event->gateway_id == 0 && !scan->isnull[EVENT_GATEWAY_ID]))
		return false;
	kefu_canon_event(event, &origin, has_digest ? digest : NULL, &verifier->buffer);
	return memcmp(event->hash, stored, KEFU_HASH_LENGTH) == 0;
}

/*
 * Where verification begins within a chain, its head is that of the event
 * before.
 */
static bool
load_head(Chain *chain, int32 seq)
{
	static KefuPlan find = {
		"SELECT hash FROM kefu.audit_event "
		"WHERE object_type = $1 AND object_id = $2 AND seq = $3", 3,
		{TEXTOID, INT8OID, INT4OID}
	};
	Datum		values[3] = {
		CStringGetTextDatum(chain->object_type),
		Int64GetDatum(chain->object_id),
		Int32GetDatum(seq)
	};
	bool		isnull;
	bytea	   *hash;

	if (kefu_spi_run(&find, values, NULL, true, 1) == 0)
		return false;
	hash = DatumGetByteaPP(kefu_spi_value(0, 1, &isnull));
	if (VARSIZE_ANY_EXHDR(hash) != KEFU_HASH_LENGTH)
		return false;
	memcpy(chain->head, VARDATA_ANY(hash), KEFU_HASH_LENGTH);
	chain->seq = seq;
	return true;
}

/* to_state is machine:state where the machine changed. */
static void
note_state(Chain *chain, const KefuEvent *event)
{
	const char *colon;

	resetStringInfo(&chain->machine);
	if (event->to_state == NULL)
	{
		appendStringInfoString(&chain->machine, event->machine);
		return;
	}
	colon = strchr(event->to_state, ':');
	resetStringInfo(&chain->state);
	appendStringInfoString(&chain->state, colon == NULL ? event->to_state : colon + 1);
	if (colon == NULL)
		appendStringInfoString(&chain->machine, event->machine);
	else
		appendBinaryStringInfo(&chain->machine, event->to_state, colon - event->to_state);
}

static void
check_event(KefuVerifier *verifier, const KefuScan *scan, Chain *chain)
{
	KefuEvent	event;
	uint8		stored[KEFU_HASH_LENGTH] = {0};
	int32		incarnation = DatumGetInt32(scan->values[EVENT_INCARNATION]);
	bool		is_first = chain->event_id == 0;
	bool		is_whole = kefu_scan_bytes(scan, EVENT_HASH, stored, KEFU_HASH_LENGTH);

	read_event(scan, chain, &event);
	if (is_first && event.seq > 1 && verifier->first_event > 0 &&
		load_head(chain, event.seq - 1))
		memcpy(event.head, chain->head, KEFU_HASH_LENGTH);

	if (event.seq != chain->seq + 1)
		report_chain(verifier, chain, is_first ? "no genesis" : "gap", event.event_id,
					 psprintf("event %d follows event %d", event.seq, chain->seq));
	else if (event.seq == 1 && !chain->is_ledger &&
			 (event.from_state == NULL || strcmp(event.from_state, KEFU_NEW) != 0))
		report_chain(verifier, chain, "no genesis", event.event_id,
					 psprintf("the first event is \"%s\"", event.event));
	else if (!is_whole || !hash_fits(verifier, scan, &event, stored))
		report_chain(verifier, chain, "hash", event.event_id,
					 psprintf("event %d doesn't match its hash", event.seq));
	else if (incarnation < 0 || !bms_is_member(incarnation, verifier->incarnations))
		report_chain(verifier, chain, "incarnation", event.event_id,
					 psprintf("incarnation %d is not known", incarnation));

	chain->seq = event.seq;
	chain->version = event.version;
	chain->event_id = event.event_id;
	memcpy(chain->head, stored, KEFU_HASH_LENGTH);
	note_state(chain, &event);
}

/* --- one object and its chain --------------------------------------------- */

/* Columns of the scan over a table of objects */
enum
{
	OBJECT_ID,
	OBJECT_STATE,
	OBJECT_VERSION,
	OBJECT_SEQ,
	OBJECT_HEAD,
	OBJECT_KIND					/* machine; NULL where the type has one only */
};

/*
 * Walks a chain; the scan stands at its first event and is left at the first
 * of the next chain.  False at the end of the scan.
 */
static bool
walk_chain(KefuVerifier *verifier, KefuScan *scan, Chain *chain)
{
	bool		more;

	do
	{
		MemoryContext before = MemoryContextSwitchTo(verifier->row);

		CHECK_FOR_INTERRUPTS();
		check_event(verifier, scan, chain);
		MemoryContextSwitchTo(before);
		MemoryContextReset(verifier->row);
		more = kefu_scan_next(scan);
	} while (more && DatumGetInt64(scan->values[EVENT_OBJECT_ID]) == chain->object_id);
	return more;
}

/*
 * Compares an object with the end of its chain.
 */
static void
check_object(KefuVerifier *verifier, const KefuScan *object, Chain *chain)
{
	uint8		head[KEFU_HASH_LENGTH];

	if (chain->event_id == 0)
	{
		/* A ledger that was never written to has a row and no chain. */
		if (verifier->first_event == 0 &&
			(!chain->is_ledger || DatumGetInt32(object->values[OBJECT_SEQ]) != 0))
			report_chain(verifier, chain, "no events", 0, "the object has no events");
		return;
	}
	if (DatumGetInt32(object->values[OBJECT_SEQ]) != chain->seq)
		report_chain(verifier, chain, "head", chain->event_id,
					 psprintf("the object stands at event %d, its chain ends at %d",
							  DatumGetInt32(object->values[OBJECT_SEQ]), chain->seq));
	else if (!kefu_scan_bytes(object, OBJECT_HEAD, head, KEFU_HASH_LENGTH) ||
			 memcmp(head, chain->head, KEFU_HASH_LENGTH) != 0)
		report_chain(verifier, chain, "head", chain->event_id,
					 "the object's head isn't the hash of its last event");
	if (chain->is_ledger)
		return;
	if (chain->state.len > 0 &&
		(object->isnull[OBJECT_STATE] ||
		 strcmp(kefu_scan_text(object, OBJECT_STATE), chain->state.data) != 0))
		report_chain(verifier, chain, "state", chain->event_id,
					 psprintf("the object is \"%s\", its last event led to \"%s\"",
							  kefu_scan_text(object, OBJECT_STATE), chain->state.data));
	if (!object->isnull[OBJECT_KIND] &&
		strcmp(kefu_scan_text(object, OBJECT_KIND), chain->machine.data) != 0)
		report_chain(verifier, chain, "kind", chain->event_id,
					 psprintf("the object is of kind \"%s\", its last event left it \"%s\"",
							  kefu_scan_text(object, OBJECT_KIND), chain->machine.data));
	if (DatumGetInt32(object->values[OBJECT_VERSION]) != chain->version)
		report_chain(verifier, chain, "version", chain->event_id,
					 psprintf("the object has version %d, its last event %d",
							  DatumGetInt32(object->values[OBJECT_VERSION]),
							  chain->version));
}

/* --- one kind of object --------------------------------------------------- */

/*
 * Walks all chains of a type beside the table of its objects, both in the
 * order of their numbers.  objects_sql NULL: the type is not known.
 */
static void
check_type(KefuVerifier *verifier, const char *object_type, const char *objects_sql)
{
	KefuScan	events;
	KefuScan	objects;
	Oid			types[] = {TEXTOID, INT8OID};
	Datum		values[] = {
		CStringGetTextDatum(object_type), Int64GetDatum(verifier->first_event)
	};
	Chain		chain = {.object_type = object_type};
	bool		has_event;
	bool		has_object = false;

	initStringInfo(&chain.state);
	initStringInfo(&chain.machine);
	chain.is_ledger = strcmp(object_type, "ledger") == 0;
	kefu_scan_open(&events, events_of_type, 2, types, values, true);
	has_event = kefu_scan_next(&events);
	if (objects_sql != NULL)
	{
		kefu_scan_open(&objects, objects_sql, 0, NULL, NULL, true);
		has_object = kefu_scan_next(&objects);
	}
	else if (has_event)
		kefu_report(verifier, "object type", object_type,
			   DatumGetInt64(events.values[EVENT_OBJECT_ID]),
			   DatumGetInt64(events.values[EVENT_ID]), "the object type is not known");

	while (has_event || has_object)
	{
		int64		event_of = has_event ?
			DatumGetInt64(events.values[EVENT_OBJECT_ID]) : PG_INT64_MAX;
		int64		object_of = has_object ?
			DatumGetInt64(objects.values[OBJECT_ID]) : PG_INT64_MAX;

		chain.object_id = Min(event_of, object_of);
		chain.is_misfit = false;
		chain.seq = 0;
		chain.event_id = 0;
		memset(chain.head, 0, KEFU_HASH_LENGTH);
		resetStringInfo(&chain.state);
		if (has_event && event_of == chain.object_id)
			has_event = walk_chain(verifier, &events, &chain);
		if (has_object && object_of == chain.object_id)
		{
			check_object(verifier, &objects, &chain);
			has_object = kefu_scan_next(&objects);
		}
		else if (objects_sql != NULL)
			report_chain(verifier, &chain, "no object", chain.event_id,
						 "the object is gone, its events are there");
	}
	kefu_scan_close(&events);
	if (objects_sql != NULL)
		kefu_scan_close(&objects);
}

/*
 * Every type that has events or is known, in order, each with the query over
 * its objects.
 */
static void
check_types(KefuVerifier *verifier)
{
	KefuScan	types;

	kefu_scan_open(&types,
				   "WITH RECURSIVE present AS ("
				   " SELECT min(object_type) AS object_type FROM kefu.audit_event"
				   " UNION ALL"
				   " SELECT (SELECT min(e.object_type) FROM kefu.audit_event e"
				   "         WHERE e.object_type > p.object_type)"
				   " FROM present p WHERE p.object_type IS NOT NULL), "
				   "known AS ("
				   " SELECT o.object_type, format('SELECT %I::bigint, state, version, audit_seq, "
				   "audit_head, %s FROM %I.%I ORDER BY 1', o.id_column, "
				   "coalesce(quote_ident(o.kind_column), 'NULL::text'), n.nspname, c.relname) AS query"
				   " FROM kefu.object_type o"
				   " JOIN pg_catalog.pg_class c ON c.oid = o.relation"
				   " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
				   " UNION ALL"
				   " SELECT 'ledger', 'SELECT ledger_id::bigint, NULL::text, 0, audit_seq, "
				   "audit_head, NULL::text FROM kefu.ledger ORDER BY 1') "
				   "SELECT object_type, k.query FROM known k "
				   "FULL JOIN (SELECT p.object_type FROM present p "
				   "WHERE p.object_type IS NOT NULL) p USING (object_type) "
				   "ORDER BY object_type COLLATE \"C\"", 0, NULL, NULL, true);
	while (kefu_scan_next(&types))
		check_type(verifier, kefu_scan_text(&types, 0), kefu_scan_text(&types, 1));
	kefu_scan_close(&types);
}

/* --- details -------------------------------------------------------------- */

enum
{
	DETAIL_EVENT_ID,
	DETAIL_OBJECT_TYPE,
	DETAIL_OBJECT_ID,
	DETAIL_DIGEST,
	DETAIL_ROW,
	DETAIL_SALT,
	DETAIL_VALUE,
	DETAIL_ERASED_BY,
	DETAIL_IS_ACCOUNTED
};

/*
 * What is wrong with a detail, or NULL.
 */
static const char *
detail_problem(KefuVerifier *verifier, const KefuScan *scan)
{
	uint8		salt[KEFU_SALT_LENGTH];
	uint8		stored[KEFU_HASH_LENGTH];
	uint8		digest[KEFU_HASH_LENGTH];

	if (scan->isnull[DETAIL_DIGEST])
		return "a detail belongs to no event";
	if (scan->isnull[DETAIL_ROW])
		return "the event's detail is gone";
	if (!scan->isnull[DETAIL_ERASED_BY])
		return scan->isnull[DETAIL_IS_ACCOUNTED] ?
			"no event accounts for the erasure" : NULL;
	if (!kefu_scan_bytes(scan, DETAIL_SALT, salt, KEFU_SALT_LENGTH) ||
		!kefu_scan_bytes(scan, DETAIL_DIGEST, stored, KEFU_HASH_LENGTH) ||
		scan->isnull[DETAIL_VALUE])
		return "the event's detail is not whole";
	kefu_canon_detail(salt, DatumGetJsonbP(scan->values[DETAIL_VALUE]), digest,
					  &verifier->buffer);
	if (memcmp(digest, stored, KEFU_HASH_LENGTH) != 0)
		return "the event's detail doesn't match its digest";
	return NULL;
}

static void
check_details(KefuVerifier *verifier)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(verifier->first_event)};
	KefuScan	scan;

	kefu_scan_open(&scan,
				   "SELECT event_id, e.object_type, e.object_id, e.detail_digest, d.is_there, "
				   "d.salt, d.value, d.erased_by, x.is_accounted "
				   "FROM (SELECT event_id, object_type, object_id, detail_digest "
				   "FROM kefu.audit_event WHERE detail_digest IS NOT NULL AND event_id >= $1) e "
				   "FULL JOIN (SELECT event_id, true AS is_there, salt, value, erased_by "
				   "FROM kefu.audit_detail WHERE event_id >= $1) d USING (event_id) "
				   "LEFT JOIN LATERAL (SELECT true AS is_accounted FROM kefu.audit_event x "
				   "WHERE x.event_id = d.erased_by AND x.object_type = 'ledger' "
				   "AND x.event = 'erase_detail' AND x.facts ->> 'event_id' = d.event_id::text "
				   "LIMIT 1) x ON true "
				   "ORDER BY event_id", 1, types, values, true);
	while (kefu_scan_next(&scan))
	{
		MemoryContext before = MemoryContextSwitchTo(verifier->row);
		const char *problem = detail_problem(verifier, &scan);

		if (problem != NULL)
			kefu_report(verifier, "detail", kefu_scan_text(&scan, DETAIL_OBJECT_TYPE),
				   DatumGetInt64(scan.values[DETAIL_OBJECT_ID]),
				   DatumGetInt64(scan.values[DETAIL_EVENT_ID]), problem);
		MemoryContextSwitchTo(before);
		MemoryContextReset(verifier->row);
	}
	kefu_scan_close(&scan);
}

/* --- the function --------------------------------------------------------- */

/*
 * Events are numbered under their object's lock, so a number cuts every chain
 * cleanly; an instant might not.
 */
static int64
first_event_from(TimestampTz from)
{
	static KefuPlan find = {
		"SELECT coalesce(min(event_id), 9223372036854775807) FROM kefu.audit_event "
		"WHERE at >= $1", 1, {TIMESTAMPTZOID}
	};
	Datum		values[1] = {TimestampTzGetDatum(from)};
	bool		isnull;

	if (TIMESTAMP_IS_NOBEGIN(from))
		return 0;
	kefu_spi_run(&find, values, NULL, true, 1);
	return DatumGetInt64(kefu_spi_value(0, 1, &isnull));
}

static Bitmapset *
known_incarnations(void)
{
	static KefuPlan find = {"SELECT incarnation FROM kefu.incarnation"};
	uint64		rows = kefu_spi_run(&find, NULL, NULL, true, 0);
	Bitmapset  *known = NULL;

	for (uint64 i = 0; i < rows; i++)
	{
		bool		isnull;
		int32		incarnation = DatumGetInt32(kefu_spi_value(i, 1, &isnull));

		if (incarnation >= 0)
			known = bms_add_member(known, incarnation);
	}
	return known;
}

/*
 * kefu.check_trail(from timestamptz): rows of kefu.verify_audit().
 */
KEFU_FUNCTION(kefu_check_trail)
{
	KefuVerifier verifier = {.result = (ReturnSetInfo *) fcinfo->resultinfo};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	kefu_spi_begin();
	verifier.from = PG_ARGISNULL(0) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(0);
	verifier.first_event = first_event_from(verifier.from);
	verifier.incarnations = known_incarnations();
	initStringInfo(&verifier.buffer);
	verifier.row = AllocSetContextCreate(CurrentMemoryContext, "kefu audit event",
										 ALLOCSET_DEFAULT_SIZES);
	check_types(&verifier);
	check_details(&verifier);
	kefu_check_seal_chain(&verifier);
	kefu_check_seals(&verifier);
	kefu_spi_end();
	return (Datum) 0;
}
