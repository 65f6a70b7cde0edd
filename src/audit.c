/*
 * audit.c
 *		Appending to the chained audit trail.
 *
 * Guarantees: an event that is appended carries the hash of everything that
 * doc/audit.md lists and of its predecessor, and is written in the transaction
 * of what it tells.
 *
 * What it doesn't do: lock objects or store their heads (the engine does, and
 * ledger.c), seal (seal.c), verify (evidence.c), or check who may.  It writes with the
 * rights of the current user, so its callers are definer functions.
 */
#include "kefu.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "audit.h"
#include "canon.h"
#include "spi.h"
#include "who.h"

/* Columns of kefu.audit_event in the order of the two INSERTs */
enum
{
	COLUMN_EVENT_ID,
	COLUMN_OBJECT_TYPE,
	COLUMN_OBJECT_ID,
	COLUMN_SEQ,
	COLUMN_AT,
	COLUMN_MACHINE,
	COLUMN_EVENT,
	COLUMN_FROM_STATE,
	COLUMN_TO_STATE,
	COLUMN_VERSION,
	COLUMN_STAFF_ID,
	COLUMN_GATEWAY_ID,
	COLUMN_UNIT,
	COLUMN_FLAGS,
	COLUMN_FACTS,
	COLUMN_DIGEST,
	COLUMN_HASH,
	VARYING_COLUMNS,			/* the rest is the same for a whole call */
	COLUMN_INCARNATION = VARYING_COLUMNS,
	COLUMN_XID,
	COLUMN_FORM,
	ALL_COLUMNS
};

#define EVENT_COLUMNS \
	"event_id, object_type, object_id, seq, at, machine, event, from_state, " \
	"to_state, version, staff_id, gateway_id, unit, flags, facts, " \
	"detail_digest, hash, incarnation, xid, form"

static KefuPlan insert_event = {
	"INSERT INTO kefu.audit_event (" EVENT_COLUMNS ") VALUES "
	"($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
	"$18, $19, $20)", ALL_COLUMNS,
	{INT8OID, TEXTOID, INT8OID, INT4OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID,
		TEXTOID, INT4OID, INT4OID, INT4OID, TEXTOID, INT2OID, JSONBOID, BYTEAOID,
	BYTEAOID, INT4OID, INT8OID, INT2OID}
};

/* Set-returning functions of one target list advance in step. */
static KefuPlan insert_events = {
	"INSERT INTO kefu.audit_event (" EVENT_COLUMNS ") SELECT "
	"unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), "
	"unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), "
	"unnest($13), unnest($14), unnest($15), unnest($16), unnest($17), "
	"$18, $19, $20", ALL_COLUMNS,
	{INT8ARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT4ARRAYOID, TIMESTAMPTZARRAYOID,
		TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT4ARRAYOID,
		INT4ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, INT2ARRAYOID, JSONBARRAYOID,
	BYTEAARRAYOID, BYTEAARRAYOID, INT4OID, INT8OID, INT2OID}
};

static KefuPlan insert_details = {
	"INSERT INTO kefu.audit_detail (event_id, salt, value) "
	"SELECT unnest($1), unnest($2), unnest($3)", 3,
	{INT8ARRAYOID, BYTEAARRAYOID, JSONBARRAYOID}
};

/* The incarnation of this backend's database; 0: not known */
static int32 incarnation = 0;
static Oid	incarnation_relation = InvalidOid;

/* --- helpers -------------------------------------------------------------- */

/* Oid of one of our tables or sequences. */
Oid
kefu_audit_relation(const char *name)
{
	Oid			relation = get_relname_relid(name, get_namespace_oid("kefu", false));

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"kefu.%s\" does not exist", name)));
	return relation;
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static Datum
number_or_null(int32 number, bool *isnull)
{
	*isnull = number == 0;
	return Int32GetDatum(number);
}

/* A new bytea in the current context. */
Datum
kefu_bytes_datum(const uint8 *bytes, int length)
{
	bytea	   *result = palloc(VARHDRSZ + length);

	SET_VARSIZE(result, VARHDRSZ + length);
	memcpy(VARDATA(result), bytes, length);
	return PointerGetDatum(result);
}

static Datum
array_datum(Datum *values, bool *nulls, int count, Oid array_type)
{
	int			dimension = count;
	int			lower = 1;
	Oid			element = get_element_type(array_type);
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(element, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &dimension, &lower,
											  element, length, by_value, align));
}

/* --- incarnation ---------------------------------------------------------- */

/* The row may have been this transaction's own. */
static void
forget_on_abort(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		incarnation = 0;
}

static void
forget_on_subabort(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
				   void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		incarnation = 0;
}

/* The extension may be dropped and made again under a running backend. */
static void
forget_on_change(Datum arg, Oid relation)
{
	if (relation == InvalidOid || relation == incarnation_relation)
		incarnation = 0;
}

static void
watch_incarnation(void)
{
	static bool watching = false;

	if (!watching)
	{
		RegisterXactCallback(forget_on_abort, NULL);
		RegisterSubXactCallback(forget_on_subabort, NULL);
		CacheRegisterRelcacheCallback(forget_on_change, (Datum) 0);
		watching = true;
	}
}

/*
 * Number of this database among those the desk has lived in, opened at first
 * need.  Two backends that open it at once wait for each other, once in the
 * life of the database.
 */
int32
kefu_audit_incarnation(void)
{
	static KefuPlan find = {
		"SELECT incarnation FROM kefu.incarnation "
		"WHERE system_identifier = $1 AND database_oid = $2", 2, {TEXTOID, OIDOID}
	};
	/* Not from the identity's sequence: a restore may have left that behind. */
	static KefuPlan open = {
		"INSERT INTO kefu.incarnation "
		"(incarnation, system_identifier, database_oid, opened_at) "
		"OVERRIDING SYSTEM VALUE "
		"SELECT coalesce(max(incarnation), 0) + 1, $1, $2, $3 FROM kefu.incarnation "
		"ON CONFLICT DO NOTHING", 3, {TEXTOID, OIDOID, TIMESTAMPTZOID}
	};
	Datum		values[3];
	bool		isnull;

	if (incarnation != 0)
		return incarnation;

	watch_incarnation();
	incarnation_relation = kefu_audit_relation("incarnation");
	values[0] = CStringGetTextDatum(psprintf(UINT64_FORMAT, GetSystemIdentifier()));
	values[1] = ObjectIdGetDatum(MyDatabaseId);
	values[2] = TimestampTzGetDatum(kefu_now());
	if (kefu_spi_run(&find, values, NULL, false, 1) == 0)
	{
		kefu_spi_run(&open, values, NULL, false, 0);
		if (kefu_spi_run(&find, values, NULL, false, 1) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not open an incarnation of the audit trail"),
					 errdetail("Another transaction has just opened it."),
					 errhint("Retry the transaction.")));
	}
	incarnation = DatumGetInt32(kefu_spi_value(0, 1, &isnull));
	return incarnation;
}

/* --- appending ------------------------------------------------------------ */

/*
 * Takes a number for an event whose effects must name it before it is written.
 */
int64
kefu_audit_next_id(void)
{
	return nextval_internal(kefu_audit_relation("audit_event_id_seq"), false);
}

static void
fill_row(const KefuEvent *event, const uint8 *digest, Datum *values, bool *nulls)
{
	memset(nulls, false, sizeof(bool) * VARYING_COLUMNS);
	values[COLUMN_EVENT_ID] = Int64GetDatum(event->event_id);
	values[COLUMN_OBJECT_TYPE] = CStringGetTextDatum(event->object_type);
	values[COLUMN_OBJECT_ID] = Int64GetDatum(event->object_id);
	values[COLUMN_SEQ] = Int32GetDatum(event->seq);
	values[COLUMN_AT] = TimestampTzGetDatum(event->at);
	values[COLUMN_MACHINE] = CStringGetTextDatum(event->machine);
	values[COLUMN_EVENT] = CStringGetTextDatum(event->event);
	values[COLUMN_FROM_STATE] = text_or_null(event->from_state, &nulls[COLUMN_FROM_STATE]);
	values[COLUMN_TO_STATE] = text_or_null(event->to_state, &nulls[COLUMN_TO_STATE]);
	values[COLUMN_VERSION] = Int32GetDatum(event->version);
	values[COLUMN_STAFF_ID] = number_or_null(event->staff_id, &nulls[COLUMN_STAFF_ID]);
	values[COLUMN_GATEWAY_ID] = number_or_null(event->gateway_id, &nulls[COLUMN_GATEWAY_ID]);
	values[COLUMN_UNIT] = text_or_null(event->unit, &nulls[COLUMN_UNIT]);
	values[COLUMN_FLAGS] = Int16GetDatum(event->flags);
	values[COLUMN_FACTS] = PointerGetDatum(event->facts);
	nulls[COLUMN_FACTS] = event->facts == NULL;
	nulls[COLUMN_DIGEST] = digest == NULL;
	if (digest != NULL)
		values[COLUMN_DIGEST] = kefu_bytes_datum(digest, KEFU_HASH_LENGTH);
	values[COLUMN_HASH] = kefu_bytes_datum(event->hash, KEFU_HASH_LENGTH);
}

static void
fill_origin(const KefuOrigin *origin, Datum *values)
{
	values[COLUMN_INCARNATION] = Int32GetDatum(origin->incarnation);
	values[COLUMN_XID] = Int64GetDatum(origin->xid);
	values[COLUMN_FORM] = Int16GetDatum(KEFU_FORM);
}

static void
write_event(const KefuEvent *event, const uint8 *digest, const KefuOrigin *origin)
{
	Datum		values[ALL_COLUMNS];
	bool		isnull[VARYING_COLUMNS];
	char		nulls[ALL_COLUMNS];

	fill_row(event, digest, values, isnull);
	fill_origin(origin, values);
	memset(nulls, ' ', sizeof(nulls));
	for (int i = 0; i < VARYING_COLUMNS; i++)
		if (isnull[i])
			nulls[i] = 'n';
	kefu_spi_run(&insert_event, values, nulls, false, 0);
}

/*
 * digests holds KEFU_HASH_LENGTH bytes an event, used where it has a detail.
 */
static void
write_events(const KefuEvent *events, int count, const uint8 *digests,
			 const KefuOrigin *origin)
{
	Datum	   *cells = palloc(sizeof(Datum) * VARYING_COLUMNS * count);
	bool	   *isnull = palloc(sizeof(bool) * VARYING_COLUMNS * count);
	Datum		values[ALL_COLUMNS];

	for (int i = 0; i < count; i++)
	{
		Datum		row[VARYING_COLUMNS];
		bool		row_isnull[VARYING_COLUMNS];

		fill_row(&events[i],
				 events[i].detail == NULL ? NULL : digests + i * KEFU_HASH_LENGTH,
				 row, row_isnull);
		for (int j = 0; j < VARYING_COLUMNS; j++)
		{
			cells[j * count + i] = row[j];
			isnull[j * count + i] = row_isnull[j];
		}
	}
	for (int j = 0; j < VARYING_COLUMNS; j++)
		values[j] = array_datum(cells + j * count, isnull + j * count, count,
								insert_events.types[j]);
	fill_origin(origin, values);
	kefu_spi_run(&insert_events, values, NULL, false, 0);
}

static void
write_details(const KefuEvent *events, int count, const uint8 *salts)
{
	Datum	   *cells = palloc(sizeof(Datum) * 3 * count);
	Datum		values[3];
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		if (events[i].detail == NULL)
			continue;
		cells[n] = Int64GetDatum(events[i].event_id);
		cells[count + n] = kefu_bytes_datum(salts + i * KEFU_SALT_LENGTH, KEFU_SALT_LENGTH);
		cells[2 * count + n] = PointerGetDatum(events[i].detail);
		n++;
	}
	if (n == 0)
		return;
	for (int j = 0; j < 3; j++)
		values[j] = array_datum(cells + j * count, NULL, n, insert_details.types[j]);
	kefu_spi_run(&insert_details, values, NULL, false, 0);
}

/*
 * Refuses what the binary form isn't meant for.
 */
static void
check_event(const KefuEvent *event)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (TIMESTAMP_NOT_FINITE(event->at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the instant of an audit event must be finite")));
	if ((event->facts != NULL && !JB_ROOT_IS_OBJECT(event->facts)) ||
		(event->detail != NULL && !JB_ROOT_IS_OBJECT(event->detail)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("facts and detail of an audit event must be JSON objects")));
	if (event->facts == NULL)
		return;
	iterator = JsonbIteratorInit(&event->facts->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
		if (token == WJB_VALUE && value.type == jbvBinary)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("facts of audit event \"%s\" must be scalars", event->event),
					 errhint("Arrays and objects belong into the event's detail.")));
}

/*
 * Numbers an event, digests its detail and sets its hash.
 */
static void
chain_event(KefuEvent *event, const KefuOrigin *origin, uint8 *salt, uint8 *digest,
			StringInfo buffer)
{
	check_event(event);
	if (event->event_id == 0)
		event->event_id = kefu_audit_next_id();
	if (kefu_now_is_test())
		event->flags |= KEFU_EVENT_TEST_CLOCK;
	if (event->detail != NULL)
	{
		if (!pg_strong_random(salt, KEFU_SALT_LENGTH))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not get random bytes for a salt")));
		kefu_canon_detail(salt, event->detail, digest, buffer);
	}
	kefu_canon_event(event, origin, event->detail == NULL ? NULL : digest, buffer);
}

/*
 * Hashes and writes events; see audit.h.
 *
 * Every object's events must follow each other in the array.  Nothing of the
 * caller's is freed or kept.  Errors: facts that aren't scalars, and a unique
 * violation where the caller didn't hold the object's lock.
 */
void
kefu_audit_append(KefuEvent *events, int count)
{
	KefuOrigin	origin;
	StringInfoData buffer;
	uint8	   *salts;
	uint8	   *digests;

	if (count == 0)
		return;
	kefu_spi_begin();
	origin.incarnation = kefu_audit_incarnation();
	origin.xid = (int64) U64FromFullTransactionId(GetTopFullTransactionId());
	salts = palloc((Size) KEFU_SALT_LENGTH * count);
	digests = palloc((Size) KEFU_HASH_LENGTH * count);
	initStringInfo(&buffer);

	for (int i = 0; i < count; i++)
	{
		KefuEvent  *event = &events[i];
		KefuEvent  *before = i > 0 ? event - 1 : NULL;

		if (before != NULL && before->object_id == event->object_id &&
			strcmp(before->object_type, event->object_type) == 0)
			memcpy(event->head, before->hash, KEFU_HASH_LENGTH);
		chain_event(event, &origin, salts + i * KEFU_SALT_LENGTH,
					digests + i * KEFU_HASH_LENGTH, &buffer);
	}

	if (count == 1)
		write_event(events, events->detail == NULL ? NULL : digests, &origin);
	else
		write_events(events, count, digests, &origin);
	write_details(events, count, salts);
	kefu_spi_end();
}
