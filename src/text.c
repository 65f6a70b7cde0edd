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
