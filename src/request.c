/*
 * request.c
 *		Request keys: a call that is made again gets its first result.
 *
 * The key is locked before it is looked for, so that two calls with one key at
 * the same time give one result; see doc/decisions.md.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "request.h"
#include "spi.h"
#include "who.h"

/*
 * Calls with the same request key wait for each other.  The class is ours, so
 * that a collision with another user of advisory locks is improbable; one with
 * another key only costs a wait.
 */
#define REQUEST_LOCK_CLASS 0x4B46	/* "KF" */

void
kefu_request_lock(int32 staff_id, const char *request_key)
{
	uint32		hash = hash_bytes((const unsigned char *) request_key, strlen(request_key));

	(void) DirectFunctionCall2(pg_advisory_xact_lock_int4, Int32GetDatum(REQUEST_LOCK_CLASS),
							   Int32GetDatum((int32) (hash ^ (uint32) staff_id)));
}

bool
kefu_request_find(const KefuCall *call, int32 staff_id, KefuOutcome *outcome)
{
	static KefuPlan plan = {
		"SELECT machine, object_id, state, version, event_id, speech_id "
		"  FROM kefu.request WHERE staff_id = $1 AND request_key = $2",
		2, {INT4OID, TEXTOID}, NULL
	};
	Datum		v[2] = {Int32GetDatum(staff_id), CStringGetTextDatum(call->request_key)};
	Datum		speech;
	bool		isnull;

	if (kefu_spi_run(&plan, v, NULL, false, 1) == 0)
		return false;
	outcome->machine = kefu_spi_text(0, 1);
	outcome->id = DatumGetInt64(kefu_spi_value(0, 2, &isnull));
	outcome->state = kefu_spi_text(0, 3);
	outcome->version = DatumGetInt32(kefu_spi_value(0, 4, &isnull));
	outcome->event_id = DatumGetInt64(kefu_spi_value(0, 5, &isnull));
	speech = kefu_spi_value(0, 6, &isnull);
	outcome->speech_id = isnull ? 0 : DatumGetInt64(speech);
	return true;
}

void
kefu_request_keep(const KefuCall *call, int32 staff_id, const KefuOutcome *outcome)
{
	static KefuPlan plan = {
		"INSERT INTO kefu.request (staff_id, request_key, at, machine, object_id, event, "
		"  state, version, event_id, speech_id) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		10, {INT4OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTOID, TEXTOID, INT4OID,
			 INT8OID, INT8OID}, NULL
	};
	char		nulls[11] = "          ";
	Datum		v[10];

	v[0] = Int32GetDatum(staff_id);
	v[1] = CStringGetTextDatum(call->request_key);
	v[2] = TimestampTzGetDatum(kefu_now());
	v[3] = CStringGetTextDatum(outcome->machine);
	v[4] = Int64GetDatum(outcome->id);
	v[5] = CStringGetTextDatum(call->event);
	v[6] = CStringGetTextDatum(outcome->state);
	v[7] = Int32GetDatum(outcome->version);
	v[8] = Int64GetDatum(outcome->event_id);
	v[9] = Int64GetDatum(outcome->speech_id);
	if (outcome->speech_id == 0)
		nulls[9] = 'n';
	kefu_spi_run(&plan, v, nulls, false, 0);
}
