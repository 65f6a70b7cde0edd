/*
 * init.c
 *		Entry point of the library.
 *
 * Without shared_preload_libraries every SQL function works and no shared
 * memory is touched; only the workers need the preload.
 */
#include "kefu.h"

#include "guc.h"

KEFU_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	kefu_define_settings();
}
