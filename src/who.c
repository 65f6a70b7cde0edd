/*
 * who.c
 *		The caller, the caller's roles, and the tree of units.
 *
 * The caller is the outer user: SET ROLE is honoured, the rights of a definer
 * function are not.  What the rows say about that login is kept per backend
 * and dropped when one of the tables changes; roles are checked against
 * kefu.now() at each use, so that a validity range needs no event to end.
 *
 * Nothing here decides what a role may do: that is in the transitions.
 */
#include "kefu.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"

#include "guc.h"
#include "rules.h"
#include "spi.h"
#include "who.h"

#define UNIT_LENGTH NAMEDATALEN

typedef struct Unit
{
	char		unit[UNIT_LENGTH];	/* hash key */
	char		parent[UNIT_LENGTH];	/* "" for the root */
	char		kind[16];
	char		calendar[UNIT_LENGTH];	/* "" to inherit */
} Unit;

typedef struct Role
{
	char		role[16];		/* "" only reads */
	char		unit[UNIT_LENGTH];
	char		serves[UNIT_LENGTH];	/* unit it is lent to; "" for most */
	TimestampTz from_at;
	TimestampTz to_at;
} Role;

typedef struct Login
{
	char		login[NAMEDATALEN]; /* hash key */
	int32		staff_id;		/* 0: no active staff row */
	int			nroles;
	Role	   *roles;
} Login;

static MemoryContext who_context = NULL;
static uint64 changes = 0;		/* of what is kept, told so far */
static uint64 known_changes;	/* those before the context was made */
static HTAB *units = NULL;
static HTAB *logins = NULL;
static struct
{
	char		login[NAMEDATALEN];
	char		staff[NAMEDATALEN];
	int32		gateway_id;
}			last_gateway;

static void
drop_who(void)
{
	changes++;
	units = NULL;
	logins = NULL;
	memset(&last_gateway, 0, sizeof(last_gateway));
}

static HTAB *
make_table(const char *name, Size entry)
{
	HASHCTL		ctl;

	kefu_rules_watch("unit", drop_who);
	kefu_rules_watch("staff", drop_who);
	kefu_rules_watch("staff_role", drop_who);
	kefu_rules_watch("gateway", drop_who);
	kefu_rules_watch("reader", drop_who);
	if (who_context == NULL || known_changes != changes)
		who_context = kefu_rules_context(who_context, "who");
	known_changes = changes;
	ctl.keysize = UNIT_LENGTH;
	ctl.entrysize = entry;
	ctl.hcxt = who_context;
	return hash_create(name, 64, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

/* --- the clock ---------------------------------------------------------- */

/*
 * kefu.test_now is parsed once per value: it is read at every event.
 */
static TimestampTz
test_now(void)
{
	static char *parsed_text = NULL;
	static TimestampTz parsed;

	if (parsed_text == NULL || strcmp(parsed_text, kefu_test_now) != 0)
	{
		parsed = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
														 CStringGetDatum(kefu_test_now),
														 ObjectIdGetDatum(InvalidOid),
														 Int32GetDatum(-1)));
		if (parsed_text)
			pfree(parsed_text);
		parsed_text = MemoryContextStrdup(TopMemoryContext, kefu_test_now);
	}
	return parsed;
}

bool
kefu_now_is_test(void)
{
	return kefu_test_clock && kefu_test_now[0] != '\0';
}

TimestampTz
kefu_now(void)
{
	if (kefu_now_is_test())
		return test_now();
	return GetCurrentStatementStartTimestamp();
}

KEFU_FUNCTION(kefu_now_sql);

Datum
kefu_now_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(kefu_now());
}

/* --- units -------------------------------------------------------------- */

static void
copy_text(char *to, Size size, uint64 row, int column)
{
	char	   *from = kefu_spi_text(row, column);

	strlcpy(to, from ? from : "", size);
}

static HTAB *
read_units(void)
{
	static KefuPlan plan = {
		"SELECT unit, parent, kind, calendar FROM kefu.unit", 0, {0}, NULL
	};
	KefuRulesReader reader;
	HTAB	   *table = make_table("kefu units", sizeof(Unit));

	kefu_rules_open("unit", &reader);
	kefu_spi_run(&plan, NULL, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char		key[UNIT_LENGTH];
		Unit	   *unit;

		copy_text(key, sizeof(key), i, 1);
		unit = hash_search(table, key, HASH_ENTER, NULL);
		copy_text(unit->parent, sizeof(unit->parent), i, 2);
		copy_text(unit->kind, sizeof(unit->kind), i, 3);
		copy_text(unit->calendar, sizeof(unit->calendar), i, 4);
	}
	kefu_rules_close(&reader);
	return table;
}

/* What changed while it was read is read again. */
static void
load_units(void)
{
	while (units == NULL)
	{
		HTAB	   *table = read_units();

		if (known_changes == changes)
			units = table;
	}
}

static Unit *
find_unit(const char *unit)
{
	char		key[UNIT_LENGTH];

	if (unit == NULL)
		return NULL;
	load_units();
	strlcpy(key, unit, sizeof(key));
	return hash_search(units, key, HASH_FIND, NULL);
}

const char *
kefu_unit_parent(const char *unit)
{
	Unit	   *u = find_unit(unit);

	return (u == NULL || u->parent[0] == '\0') ? NULL : u->parent;
}

const char *
kefu_unit_calendar(const char *unit)
{
	for (Unit *u = find_unit(unit); u != NULL;
		 u = u->parent[0] ? find_unit(u->parent) : NULL)
		if (u->calendar[0])
			return u->calendar;
	return NULL;
}

KEFU_FUNCTION(kefu_unit_path);

/* kefu.unit_path(): the unit and all above it. */
Datum
kefu_unit_path(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (Unit *u = find_unit(text_to_cstring(PG_GETARG_TEXT_PP(0))); u != NULL;
		 u = u->parent[0] ? find_unit(u->parent) : NULL)
	{
		Datum		value = CStringGetTextDatum(u->unit);
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

/* True if top is the unit or above it. */
static bool
covers(const char *top, const char *unit)
{
	for (Unit *u = find_unit(unit); u != NULL;
		 u = u->parent[0] ? find_unit(u->parent) : NULL)
		if (strcmp(u->unit, top) == 0)
			return true;
	return false;
}

/* --- logins ------------------------------------------------------------- */

/*
 * The roles of a login, and with an empty role name what it may only read.
 * Agents of a hotline and operators of a contractor work for the unit that
 * theirs hangs under, on what it gives them (R7, R93): see kefu_actor_serves().
 */
static Login
read_login(const char *name)
{
	static KefuPlan plan = {
		"SELECT s.staff_id, r.role, r.unit, lower(r.valid), upper(r.valid), "
		"       CASE WHEN (u.kind, r.role) IN (('hotline', 'hotline'), ('contractor', 'operator')) "
		"            THEN u.parent END "
		"  FROM kefu.staff s "
		"  LEFT JOIN kefu.staff_role r USING (staff_id) "
		"  LEFT JOIN kefu.unit u ON u.unit = r.unit "
		" WHERE s.login = $1 AND s.is_active "
		"UNION ALL "
		"SELECT NULL, '', unit, NULL, NULL, NULL FROM kefu.reader WHERE login = $1",
		1, {TEXTOID}, NULL
	};
	KefuRulesReader reader;
	Datum		arg;
	Login		found = {0};
	bool		isnull;

	kefu_rules_open("staff", &reader);
	arg = CStringGetTextDatum(name);
	kefu_spi_run(&plan, &arg, NULL, true, 0);
	found.roles = MemoryContextAllocZero(who_context,
										 sizeof(Role) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		staff = kefu_spi_value(i, 1, &isnull);
		Role	   *role = &found.roles[found.nroles];

		if (!isnull)
			found.staff_id = DatumGetInt32(staff);
		(void) kefu_spi_value(i, 3, &isnull);
		if (isnull)
			continue;			/* staff without any role */
		copy_text(role->role, sizeof(role->role), i, 2);
		copy_text(role->unit, sizeof(role->unit), i, 3);
		copy_text(role->serves, sizeof(role->serves), i, 6);
		role->from_at = DatumGetTimestampTz(kefu_spi_value(i, 4, &isnull));
		if (isnull)
			role->from_at = DT_NOBEGIN;
		role->to_at = DatumGetTimestampTz(kefu_spi_value(i, 5, &isnull));
		if (isnull)
			role->to_at = DT_NOEND;
		found.nroles++;
	}
	kefu_rules_close(&reader);
	return found;
}

/* What changed while it was read is read again. */
static Login *
find_login(const char *name)
{
	char		key[NAMEDATALEN];
	Login	   *login;

	strlcpy(key, name, sizeof(key));
	for (;;)
	{
		HTAB	   *table = logins != NULL ? logins : make_table("kefu logins", sizeof(Login));
		Login		found;

		logins = table;
		login = hash_search(table, key, HASH_FIND, NULL);
		if (login != NULL)
			return login;
		found = read_login(name);
		if (logins != table)
			continue;
		login = hash_search(table, key, HASH_ENTER, NULL);
		login->staff_id = found.staff_id;
		login->nroles = found.nroles;
		login->roles = found.roles;
		return login;
	}
}

/* --- the caller --------------------------------------------------------- */

/*
 * The gateway row by which one login speaks for another, or 0.  A gateway
 * covers the staff employed by its unit and below.  The last answer is kept.
 */
static int32
find_gateway(const char *gateway, const char *staff)
{
	static KefuPlan plan = {
		"SELECT g.gateway_id, g.unit, s.unit "
		"  FROM kefu.gateway g, kefu.staff s "
		" WHERE g.login = $1 AND s.login = $2 AND s.is_active ORDER BY g.gateway_id",
		2, {TEXTOID, TEXTOID}, NULL
	};
	KefuRulesReader reader;
	SPITupleTable *rows;
	Datum		args[2];
	int32		id = 0;
	uint64		before = changes;
	bool		isnull;

	if (strcmp(last_gateway.login, gateway) == 0 && strcmp(last_gateway.staff, staff) == 0)
		return last_gateway.gateway_id;
	kefu_rules_open("gateway", &reader);
	args[0] = CStringGetTextDatum(gateway);
	args[1] = CStringGetTextDatum(staff);
	kefu_spi_run(&plan, args, NULL, true, 0);
	rows = SPI_tuptable;
	for (uint64 i = 0; i < rows->numvals && id == 0; i++)
		if (covers(SPI_getvalue(rows->vals[i], rows->tupdesc, 2),
				   SPI_getvalue(rows->vals[i], rows->tupdesc, 3)))
			id = DatumGetInt32(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull));
	kefu_rules_close(&reader);
	if (changes != before)
		return id;
	strlcpy(last_gateway.login, gateway, NAMEDATALEN);
	strlcpy(last_gateway.staff, staff, NAMEDATALEN);
	last_gateway.gateway_id = id;
	return id;
}

static Login *
resolve_caller(const char *outer, const char *session, int32 *gateway_id)
{
	Login	   *login;

	*gateway_id = 0;
	if (kefu_acting_as[0] != '\0')
	{
		*gateway_id = find_gateway(outer, kefu_acting_as);
		if (*gateway_id == 0)
			ereport(ERROR,
					(errcode(ERRCODE_KEFU_ROLE),
					 errmsg("login \"%s\" is no gateway for \"%s\"", outer, kefu_acting_as),
					 errdetail("kefu.acting_as is believed only from a login with a "
							   "gateway row covering that staff member's unit."),
					 errhint("Reset kefu.acting_as, or have an administrator register "
							 "the gateway.")));
		return find_login(kefu_acting_as);
	}
	login = find_login(outer);
	if (login->staff_id == 0 && login->nroles == 0 && session != NULL)
		login = find_login(session);
	return login;
}

/*
 * The login whose rows count, and through which gateway.
 *
 * Any query in here may bring an invalidation after which what was loaded before
 * it is stale, hence the loop.
 */
static Login *
caller(int32 *gateway_id)
{
	const char *outer = GetUserNameFromId(GetOuterUserId(), false);
	const char *session = NULL;
	Login	   *login;

	if (GetOuterUserId() != GetSessionUserId())
		session = GetUserNameFromId(GetSessionUserId(), false);
	do
	{
		load_units();
		login = resolve_caller(outer, session, gateway_id);
	} while (units == NULL || logins == NULL);
	return login;
}

KefuActor
kefu_actor(void)
{
	KefuActor	actor;

	actor.staff_id = caller(&actor.gateway_id)->staff_id;
	return actor;
}

static int
compare_units(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool
holds_now(const Role *role)
{
	TimestampTz now = kefu_now();

	return role->from_at <= now && now < role->to_at;
}

bool
kefu_actor_has_role(const char *role, const char *unit)
{
	int32		gateway_id;
	Login	   *login = caller(&gateway_id);

	for (int i = 0; i < login->nroles; i++)
		if (strcmp(login->roles[i].role, role) == 0 && holds_now(&login->roles[i]) &&
			covers(login->roles[i].unit, unit))
			return true;
	return false;
}

bool
kefu_actor_sees(const char *unit)
{
	int32		gateway_id;
	Login	   *login = caller(&gateway_id);

	for (int i = 0; i < login->nroles; i++)
		if (holds_now(&login->roles[i]) && covers(login->roles[i].unit, unit))
			return true;
	return false;
}

bool
kefu_actor_serves(const char *role, const char *unit)
{
	int32		gateway_id;
	Login	   *login = caller(&gateway_id);

	for (int i = 0; i < login->nroles; i++)
	{
		Role	   *held = &login->roles[i];

		if (held->serves[0] != '\0' && holds_now(held) && covers(held->serves, unit) &&
			(role == NULL || strcmp(held->role, role) == 0))
			return true;
	}
	return false;
}

/* True if a hotline of the caller's is to call the customer of this ticket. */
static bool
awaits_call(int64 ticket_id)
{
	static KefuPlan plan = {
		"SELECT FROM kefu.task k JOIN kefu.unit u USING (unit)"
		" WHERE k.ticket_id = $1 AND k.cause = 'call_back' AND k.state = 'open'"
		"   AND u.kind = 'hotline' AND u.unit = ANY (kefu.my_units())",
		1, {INT8OID}, NULL
	};
	Datum		value = Int64GetDatum(ticket_id);
	bool		found;

	kefu_spi_begin();
	found = kefu_spi_run(&plan, &value, NULL, true, 1) > 0;
	kefu_spi_end();
	return found;
}

bool
kefu_actor_is_given(const char *object_type, int64 id, const char *unit, int32 handler)
{
	if (!kefu_actor_serves(NULL, unit))
		return false;
	if (handler != 0 && handler == kefu_actor().staff_id)
		return true;
	return strcmp(object_type, "ticket") == 0 && kefu_actor_serves("hotline", unit) &&
		awaits_call(id);
}

/* --- SQL ---------------------------------------------------------------- */

KEFU_FUNCTION(kefu_is_given);

Datum
kefu_is_given(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(kefu_actor_is_given(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									   PG_GETARG_INT64(1),
									   text_to_cstring(PG_GETARG_TEXT_PP(2)),
									   PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3)));
}

KEFU_FUNCTION(kefu_me);

Datum
kefu_me(PG_FUNCTION_ARGS)
{
	KefuActor	actor = kefu_actor();

	if (actor.staff_id == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(actor.staff_id);
}

KEFU_FUNCTION(kefu_caller);

Datum
kefu_caller(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(GetUserNameFromId(GetOuterUserId(), false)));
}

KEFU_FUNCTION(kefu_my_units);

/*
 * Walks all units once; trees are small (tens to hundreds of rows) and the
 * planner calls this once a query, as an InitPlan.
 */
Datum
kefu_my_units(PG_FUNCTION_ARGS)
{
	HASH_SEQ_STATUS scan;
	Unit	   *unit;
	char	  **seen;
	Datum	   *elems;
	int			count = 0;

	(void) kefu_actor();		/* loads everything before the scan is open */
	seen = palloc(sizeof(char *) * (hash_get_num_entries(units) + 1));
	hash_seq_init(&scan, units);
	while ((unit = hash_seq_search(&scan)) != NULL)
		if (kefu_actor_sees(unit->unit))
			seen[count++] = unit->unit;
	qsort(seen, count, sizeof(char *), compare_units);
	elems = palloc(sizeof(Datum) * (count + 1));
	for (int i = 0; i < count; i++)
		elems[i] = CStringGetTextDatum(seen[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elems, count, TEXTOID, -1, false, TYPALIGN_INT));
}

KEFU_FUNCTION(kefu_has_role);

Datum
kefu_has_role(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(kefu_actor_has_role(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									   text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

bool
kefu_staff_serves(int32 staff_id, const char *unit)
{
	static KefuPlan plan = {
		"SELECT FROM kefu.staff s JOIN kefu.staff_role r ON r.staff_id = s.staff_id"
		"  JOIN kefu.unit u ON u.unit = r.unit"
		" WHERE s.staff_id = $1 AND s.is_active AND r.valid @> kefu.now()"
		"   AND (r.unit IN (SELECT kefu.unit_path($2))"
		"        OR u.parent IN (SELECT kefu.unit_path($2)) AND (u.kind, r.role) IN"
		"           (('hotline', 'hotline'), ('contractor', 'operator')))",
		2, {INT4OID, TEXTOID}
	};
	Datum		values[2] = {Int32GetDatum(staff_id), CStringGetTextDatum(unit)};

	return kefu_spi_run(&plan, values, NULL, true, 1) > 0;
}

KEFU_FUNCTION(kefu_require_unit);

Datum
kefu_require_unit(PG_FUNCTION_ARGS)
{
	char	   *unit;
	Datum	   *roles;
	int			nroles = 0;

	if (PG_ARGISNULL(0) || !kefu_actor_sees(unit = text_to_cstring(PG_GETARG_TEXT_PP(0))))
		ereport(ERROR,
				(errcode(ERRCODE_KEFU_NOT_VISIBLE),
				 errmsg("not found or not visible"),
				 errdetail("There is no such row, or it belongs to a unit you may not see."),
				 errhint("SELECT kefu.my_units() lists what you may see.")));
	if (!PG_ARGISNULL(1))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT,
						  &roles, NULL, &nroles);
	for (int i = 0; i < nroles; i++)
		if (kefu_actor_has_role(TextDatumGetCString(roles[i]), unit))
			PG_RETURN_VOID();
	if (nroles > 0)
		ereport(ERROR,
				(errcode(ERRCODE_KEFU_ROLE),
				 errmsg("your roles do not allow this in unit \"%s\"", unit),
				 errhint("An administrator grants roles with kefu.grant_role().")));
	PG_RETURN_VOID();
}
