/*
 * rows.c
 *		Inserting many rows of one table with one statement.
 *
 * The rows go as one array of the table's row type, so that a page costs a
 * statement a table whatever its size, and one list of names makes both the
 * statement and the places of the values.  Checks, defaults, keys and triggers
 * are the table's own, as for any INSERT.
 */
#include "kefu.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "rows.h"

static char *
insert_statement(const KefuRowTable *table)
{
	StringInfoData names;
	StringInfoData sql;

	initStringInfo(&names);
	for (int i = 0; table->columns[i] != NULL; i++)
		appendStringInfo(&names, "%s%s", i ? ", " : "", table->columns[i]);
	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO kefu.%s (%s) OVERRIDING SYSTEM VALUE "
					 "SELECT %s FROM pg_catalog.unnest($1)%s%s",
					 table->table, names.data, names.data,
					 table->tail ? " " : "", table->tail ? table->tail : "");
	return sql.data;
}

/*
 * Looks the table up; again where it was dropped and made anew since.
 */
static void
resolve(KefuRowTable *table)
{
	Oid			schema = get_namespace_oid("kefu", false);
	Oid			relation = get_relname_relid(table->table, schema);
	Oid			rowtype;

	if (!OidIsValid(relation))
		elog(ERROR, "there is no table kefu.%s", table->table);
	rowtype = get_rel_type_id(relation);
	if (table->rowtype == rowtype)
		return;
	if (table->plan.plan != NULL)
		SPI_freeplan(table->plan.plan);
	table->plan.plan = NULL;
	if (table->plan.sql == NULL)
		table->plan.sql = MemoryContextStrdup(TopMemoryContext, insert_statement(table));
	table->plan.nargs = 1;
	table->plan.types[0] = get_array_type(rowtype);
	for (int i = 0; table->columns[i] != NULL; i++)
	{
		Assert(i < KEFU_ROW_COLUMNS);
		table->attnums[i] = get_attnum(relation, table->columns[i]);
		if (table->attnums[i] == InvalidAttrNumber)
			elog(ERROR, "kefu.%s has no column %s", table->table, table->columns[i]);
	}
	table->rowtype = rowtype;
}

static void
start_row(KefuRows *rows)
{
	memset(rows->nulls, true, sizeof(rows->nulls));
}

void
kefu_rows_init(KefuRows *rows, KefuRowTable *table, int capacity)
{
	resolve(table);
	rows->table = table;
	rows->desc = lookup_rowtype_tupdesc_copy(table->rowtype, -1);
	if (rows->desc->natts > lengthof(rows->values))
		elog(ERROR, "kefu.%s has too many columns", table->table);
	rows->capacity = Max(capacity, 1);
	rows->rows = palloc(sizeof(Datum) * rows->capacity);
	rows->count = 0;
	start_row(rows);
}

void
kefu_row_set(KefuRows *rows, int column, Datum value)
{
	int			place = rows->table->attnums[column] - 1;

	rows->values[place] = value;
	rows->nulls[place] = false;
}

void
kefu_row_text(KefuRows *rows, int column, const char *value)
{
	if (value != NULL)
		kefu_row_set(rows, column, CStringGetTextDatum(value));
}

void
kefu_row_id(KefuRows *rows, int column, int64 value)
{
	if (value != 0)
		kefu_row_set(rows, column, Int64GetDatum(value));
}

void
kefu_row_end(KefuRows *rows)
{
	HeapTuple	tuple = heap_form_tuple(rows->desc, rows->values, rows->nulls);

	if (rows->count == rows->capacity)
	{
		rows->capacity *= 2;
		rows->rows = repalloc(rows->rows, sizeof(Datum) * rows->capacity);
	}
	rows->rows[rows->count++] = HeapTupleGetDatum(tuple);
	start_row(rows);
}

uint64
kefu_rows_insert(KefuRows *rows)
{
	Datum		array;

	if (rows->count == 0)
		return 0;
	array = PointerGetDatum(construct_array(rows->rows, rows->count, rows->table->rowtype,
											-1, false, TYPALIGN_DOUBLE));
	return kefu_spi_run(&rows->table->plan, &array, NULL, false, 0);
}
