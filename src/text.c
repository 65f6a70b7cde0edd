/*
 * text.c
 *		Text arguments as src/pure reads them.
 */
#include "kefu.h"

#include "mb/pg_wchar.h"

#include "text.h"

const char *
kefu_utf8_of(const text *given, size_t *len)
{
	const char *data = VARDATA_ANY(given);
	const char *utf8 = pg_server_to_any(data, VARSIZE_ANY_EXHDR(given), PG_UTF8);

	*len = utf8 == data ? VARSIZE_ANY_EXHDR(given) : strlen(utf8);
	return utf8;
}

void
kefu_require_args(FunctionCallInfo fcinfo, const char *const *names)
{
	for (int i = 0; i < fcinfo->nargs; i++)
		if (names[i] != NULL && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" must not be null", names[i])));
}
