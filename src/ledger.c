/*
 * ledger.c
 *		Ledgers, the erasure of details, and the refusal of every other change.
 *
 * Guarantees: tables with the trigger kefu.refuse_change() refuse the commands
 * it is on for everybody, but for the two changes that this file makes itself:
 * a ledger's new head and the erasure of a detail.
 *
 * What it doesn't do: stop a superuser who switches triggers off;
 * kefu.verify_audit() finds what that one did.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "audit.h"
#include "canon.h"
#include "spi.h"
#include "who.h"

/* What ledger.c is changing at this moment, and of which row */
typedef enum Permit
{
	PERMIT_NONE,
	PERMIT_LEDGER_HEAD,
	PERMIT_ERASURE
} Permit;

static Permit permit = PERMIT_NONE;

/* --- the guard ------------------------------------------------------------ */

/*
 * Runs one statement under a permit, which ends with it however it ends.
 */
static uint64
run_permitted(Permit what, KefuPlan *plan, const Datum *values)
{
	uint64		count = 0;

	permit = what;
	PG_TRY();
	{
		count = kefu_spi_run(plan, values, NULL, false, 0);
	}
	PG_FINALLY();
	{
		permit = PERMIT_NONE;
	}
	PG_END_TRY();
	return count;
}

static const char *
command_name(TriggerEvent event)
{
	if (TRIGGER_FIRED_BY_INSERT(event))
		return "INSERT";
	if (TRIGGER_FIRED_BY_UPDATE(event))
		return "UPDATE";
	if (TRIGGER_FIRED_BY_DELETE(event))
		return "DELETE";
	return "TRUNCATE";
}

static bool
is_permitted(const TriggerData *trigger)
{
	Oid			relation = RelationGetRelid(trigger->tg_relation);

	if (!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		return false;
	switch (permit)
	{
		case PERMIT_NONE:
			return false;
		case PERMIT_LEDGER_HEAD:
			return relation == kefu_audit_relation("ledger");
		case PERMIT_ERASURE:
			return relation == kefu_audit_relation("audit_detail");
	}
	return false;
}

/*
 * kefu.refuse_change(): trigger of append-only and engine tables.
 *
 * Engine tables have it on INSERT too.  Detaching or dropping a partition is not
 * a row operation and stays with the owner.
 */
KEFU_FUNCTION(kefu_refuse_change)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"kefu.refuse_change\" must be called as a before trigger")));
	if (!is_permitted(trigger))
	{
		const char *name = RelationGetRelationName(trigger->tg_relation);
		const char *schema = get_namespace_name(RelationGetNamespace(trigger->tg_relation));

		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s of \"%s\" is refused", command_name(trigger->tg_event), name),
				 errdetail("Rows of table %s are written by the extension alone and "
						   "never change.", quote_qualified_identifier(schema, name)),
				 errhint("What happened is corrected by a further event, and engine rows "
						 "come with a version of the extension.")));
	}
	PG_RETURN_POINTER(trigger->tg_newtuple);
}

/* --- ledgers -------------------------------------------------------------- */

/*
 * Locks a ledger and reads its head into event.  A ledger's row is made by its
 * first event, not by the install script: it is data, and dumped as such.
 */
static void
lock_ledger(const char *ledger, KefuEvent *event)
{
	static const char *const ledgers[] = {"rules", "desk", "access", "organization"};
	static KefuPlan lock = {
		"SELECT ledger_id, audit_seq, audit_head FROM kefu.ledger WHERE ledger = $1 "
		"FOR NO KEY UPDATE", 1, {TEXTOID}
	};
	static KefuPlan open = {
		"INSERT INTO kefu.ledger (ledger_id, ledger) VALUES ($2, $1) "
		"ON CONFLICT DO NOTHING", 2, {TEXTOID, INT2OID}
	};
	Datum		values[2] = {CStringGetTextDatum(ledger)};
	bool		isnull;
	bytea	   *head;

	if (kefu_spi_run(&lock, values, NULL, false, 1) == 0)
	{
		for (int i = 0; i < lengthof(ledgers); i++)
			if (strcmp(ledger, ledgers[i]) == 0)
			{
				values[1] = Int16GetDatum(i + 1);
				kefu_spi_run(&open, values, NULL, false, 0);
			}
		if (kefu_spi_run(&lock, values, NULL, false, 1) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("ledger \"%s\" does not exist", ledger),
					 errhint("The ledgers are rules, desk, access and organization.")));
	}
	event->object_id = DatumGetInt16(kefu_spi_value(0, 1, &isnull));
	event->seq = DatumGetInt32(kefu_spi_value(0, 2, &isnull)) + 1;
	head = DatumGetByteaPP(kefu_spi_value(0, 3, &isnull));
	if (VARSIZE_ANY_EXHDR(head) != KEFU_HASH_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("head of ledger \"%s\" is not a hash", ledger)));
	memcpy(event->head, VARDATA_ANY(head), KEFU_HASH_LENGTH);
}

static void
store_ledger_head(const KefuEvent *event)
{
	static KefuPlan store = {
		"UPDATE kefu.ledger SET audit_seq = $2, audit_head = $3 WHERE ledger_id = $1",
		3, {INT2OID, INT4OID, BYTEAOID}
	};
	Datum		values[3] = {
		Int16GetDatum((int16) event->object_id),
		Int32GetDatum(event->seq),
		kefu_bytes_datum(event->hash, KEFU_HASH_LENGTH)
	};

	run_permitted(PERMIT_LEDGER_HEAD, &store, values);
}

/*
 * kefu.append_ledger(ledger text, event text, facts jsonb, detail jsonb)
 */
KEFU_FUNCTION(kefu_append_ledger)
{
	KefuEvent	event = {.object_type = "ledger", .at = kefu_now()};
	KefuActor	actor = kefu_actor();

	for (int i = 0; i < 2; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("ledger and event must not be null")));
	event.machine = text_to_cstring(PG_GETARG_TEXT_PP(0));
	event.event = text_to_cstring(PG_GETARG_TEXT_PP(1));
	event.staff_id = actor.staff_id;
	event.gateway_id = actor.gateway_id;
	if (!PG_ARGISNULL(2))
		event.facts = PG_GETARG_JSONB_P(2);
	if (!PG_ARGISNULL(3))
		event.detail = PG_GETARG_JSONB_P(3);

	kefu_spi_begin();
	lock_ledger(event.machine, &event);
	kefu_audit_append(&event, 1);
	store_ledger_head(&event);
	kefu_spi_end();
	PG_RETURN_INT64(event.event_id);
}

/* --- erasure -------------------------------------------------------------- */

/*
 * kefu.blank_detail(event_id bigint, erased_by bigint)
 *
 * The last step of kefu.erase_detail(), which has checked the caller and
 * written the event that is named here.  False if nothing was left to erase.
 */
KEFU_FUNCTION(kefu_blank_detail)
{
	static KefuPlan erase = {
		"UPDATE kefu.audit_detail SET salt = NULL, value = NULL, erased_by = $2 "
		"WHERE event_id = $1 AND erased_by IS NULL", 2, {INT8OID, INT8OID}
	};
	Datum		values[2] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	uint64		count;

	kefu_spi_begin();
	count = run_permitted(PERMIT_ERASURE, &erase, values);
	kefu_spi_end();
	PG_RETURN_BOOL(count > 0);
}
