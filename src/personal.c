/*
 * personal.c
 *		kefu.has_personal_data(): the door that keeps numbers out of public replies.
 *
 * What counts is in src/pure/personal.c.
 */
#include "kefu.h"

#include "text.h"

#include "pure/personal.h"

KEFU_FUNCTION(kefu_has_personal_data);

Datum
kefu_has_personal_data(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *utf8 = kefu_utf8_of(PG_GETARG_TEXT_PP(0), &len);

	PG_RETURN_BOOL(kefu_find_personal(utf8, len) != KEFU_NOT_PERSONAL);
}
