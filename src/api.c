/*
 * api.c
 *		The engine as SQL sees it.
 *
 * kefu.advance() and kefu.create_object() act on the caller's word.
 * kefu.raise_event() and kefu.raise_new() act on another event's, or on a
 * platform's outside any event; nobody but the owner's own functions may
 * execute them.
 */
#include "kefu.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/jsonb.h"

#include "advance.h"
#include "guard.h"

static Datum
outcome_row(FunctionCallInfo fcinfo, const KefuOutcome *outcome)
{
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = CStringGetTextDatum(outcome->machine);
	values[1] = Int64GetDatum(outcome->id);
	values[2] = CStringGetTextDatum(outcome->state);
	values[3] = Int32GetDatum(outcome->version);
	values[4] = Int64GetDatum(outcome->event_id);
	values[5] = Int64GetDatum(outcome->speech_id);
	nulls[5] = outcome->speech_id == 0;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* An object of facts; anything else is a mistake of the caller's. */
static Jsonb *
object_arg(FunctionCallInfo fcinfo, int n)
{
	Jsonb	   *args;

	if (PG_ARGISNULL(n))
		return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	args = PG_GETARG_JSONB_P(n);
	if (!JB_ROOT_IS_OBJECT(args))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("facts must be a JSON object"),
				 errhint("For example jsonb_build_object('reason', 'asked by telephone').")));
	return args;
}

static char *
text_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static int64
id_arg(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n) || PG_GETARG_INT64(n) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"id\" must be the number of an object")));
	return PG_GETARG_INT64(n);
}

KEFU_FUNCTION(kefu_advance_sql);

Datum
kefu_advance_sql(PG_FUNCTION_ARGS)
{
	KefuCall	call = {0};
	KefuOutcome outcome;

	call.machine = text_arg(fcinfo, 0, "machine");
	call.id = id_arg(fcinfo, 1);
	call.event = text_arg(fcinfo, 2, "event");
	call.args = object_arg(fcinfo, 3);
	call.authority = KEFU_BY_CALLER;
	call.has_version = !PG_ARGISNULL(4);
	call.version = call.has_version ? PG_GETARG_INT32(4) : 0;
	call.request_key = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5));
	outcome = kefu_advance(&call);
	PG_RETURN_DATUM(outcome_row(fcinfo, &outcome));
}

KEFU_FUNCTION(kefu_create_sql);

Datum
kefu_create_sql(PG_FUNCTION_ARGS)
{
	KefuCall	call = {0};
	KefuOutcome outcome;

	call.machine = text_arg(fcinfo, 0, "machine");
	call.event = text_arg(fcinfo, 1, "event");
	call.args = object_arg(fcinfo, 2);
	call.authority = KEFU_BY_CALLER;
	call.request_key = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	outcome = kefu_advance(&call);
	PG_RETURN_DATUM(outcome_row(fcinfo, &outcome));
}

static KefuAuthority
raised_by(void)
{
	return kefu_guard_is_nested() ? KEFU_BY_EVENT : KEFU_BY_PLATFORM;
}

KEFU_FUNCTION(kefu_raise_event);

Datum
kefu_raise_event(PG_FUNCTION_ARGS)
{
	KefuCall	call = {0};
	KefuOutcome outcome;

	call.machine = text_arg(fcinfo, 0, "machine");
	call.id = id_arg(fcinfo, 1);
	call.event = text_arg(fcinfo, 2, "event");
	call.args = object_arg(fcinfo, 3);
	call.authority = raised_by();
	outcome = kefu_advance(&call);
	PG_RETURN_DATUM(outcome_row(fcinfo, &outcome));
}

KEFU_FUNCTION(kefu_raise_as);

Datum
kefu_raise_as(PG_FUNCTION_ARGS)
{
	KefuCall	call = {0};
	KefuOutcome outcome;

	call.authority = strcmp(text_arg(fcinfo, 0, "authority"), "clock") == 0 ?
		KEFU_BY_CLOCK : KEFU_BY_EVENT;
	call.machine = text_arg(fcinfo, 1, "machine");
	call.id = id_arg(fcinfo, 2);
	call.event = text_arg(fcinfo, 3, "event");
	call.args = object_arg(fcinfo, 4);
	outcome = kefu_advance(&call);
	PG_RETURN_DATUM(outcome_row(fcinfo, &outcome));
}

KEFU_FUNCTION(kefu_raise_new);

Datum
kefu_raise_new(PG_FUNCTION_ARGS)
{
	KefuCall	call = {0};
	KefuOutcome outcome;

	call.machine = text_arg(fcinfo, 0, "machine");
	call.event = text_arg(fcinfo, 1, "event");
	call.args = object_arg(fcinfo, 2);
	call.authority = raised_by();
	outcome = kefu_advance(&call);
	PG_RETURN_DATUM(outcome_row(fcinfo, &outcome));
}

KEFU_FUNCTION(kefu_settle_speech_sql);

Datum
kefu_settle_speech_sql(PG_FUNCTION_ARGS)
{
	kefu_settle_speech(PG_GETARG_INT64(0), PG_GETARG_TIMESTAMPTZ(1));
	PG_RETURN_VOID();
}
