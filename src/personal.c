/*
 * personal.c
 *		kefu.has_personal_data(): the door that keeps numbers out of public replies.
 *
 * What counts is in src/pure/personal.c.
 */
#include "kefu.h"

#include "mb/pg_wchar.h"

#include "pure/personal.h"

KEFU_FUNCTION(kefu_has_personal_data);

Datum
kefu_has_personal_data(PG_FUNCTION_ARGS)
{
	text	   *said = PG_GETARG_TEXT_PP(0);
	char	   *utf8 = pg_server_to_any(VARDATA_ANY(said), VARSIZE_ANY_EXHDR(said), PG_UTF8);
	size_t		len = utf8 == VARDATA_ANY(said) ? VARSIZE_ANY_EXHDR(said) : strlen(utf8);

	PG_RETURN_BOOL(kefu_find_personal(utf8, len) != KEFU_NOT_PERSONAL);
}
