/*
 * init.c
 *		Entry point of the library.
 *
 * Without shared_preload_libraries every SQL function works and no shared
 * memory is touched; only the workers need the preload.
 */
#include "kefu.h"

#include "guc.h"
#include "shmem.h"
#include "worker.h"

KEFU_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	kefu_define_settings();

	/* pg_upgrade starts servers in which nothing may act. */
	if (process_shared_preload_libraries_in_progress && !IsBinaryUpgrade)
	{
		kefu_shmem_install();
		kefu_launcher_install();
	}
}
