/*
 * guc.c
 *		Settings of the extension.
 *
 * A library loaded without shared_preload_libraries defines the same settings,
 * except kefu.test_clock: a test clock that any session could switch on would
 * make every instant of the audit trail worthless.
 */
#include "guc.h"

#include "utils/guc.h"

static const struct config_enum_entry language_options[] = {
	{"zh", KEFU_LANGUAGE_ZH, false},
	{"en", KEFU_LANGUAGE_EN, false},
	{NULL, 0, false},
};

static const struct config_enum_entry tls_options[] = {
	{"1.2", KEFU_TLS_1_2, false},
	{"1.3", KEFU_TLS_1_3, false},
	{NULL, 0, false},
};

int			kefu_language = KEFU_LANGUAGE_EN;
char	   *kefu_acting_as = "";
char	   *kefu_test_now = "";
bool		kefu_enabled = true;
char	   *kefu_database = "postgres";
char	   *kefu_worker_role = "kefu_worker";
char	   *kefu_node = "";
char	   *kefu_allowed_hosts = "";
bool		kefu_allow_http = false;
int			kefu_connections = 8;
int			kefu_connect_timeout = 10000;
char	   *kefu_proxy = "";
char	   *kefu_ca_file = "";
int			kefu_tls_min_version = KEFU_TLS_1_2;
char	   *kefu_secret_directory = "";
bool		kefu_test_clock = false;

static void
define_session_settings(void)
{
	DefineCustomEnumVariable("kefu.language",
							 "Sets the language of the desk's refusals.",
							 NULL,
							 &kefu_language, KEFU_LANGUAGE_EN, language_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("kefu.acting_as",
							   "Sets the login for which a gateway speaks.",
							   "Believed only from a login registered as a gateway for "
							   "that staff member's unit. Set it per transaction.",
							   &kefu_acting_as, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("kefu.test_now",
							   "Sets the instant that kefu.now() returns.",
							   "Has an effect only while kefu.test_clock is on.",
							   &kefu_test_now, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
}

static void
define_worker_settings(void)
{
	DefineCustomBoolVariable("kefu.enabled",
							 "Runs the background workers.",
							 "Off makes them leave the database.",
							 &kefu_enabled, true,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("kefu.database",
							   "Sets the database in which the workers run.",
							   NULL,
							   &kefu_database, "postgres",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("kefu.worker_role",
							   "Sets the role under which the workers run.",
							   NULL,
							   &kefu_worker_role, "kefu_worker",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("kefu.node",
							   "Sets the name of this server among its copies.",
							   "Compared with the name stored by kefu.go_live().",
							   &kefu_node, "",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
}

static void
define_network_settings(void)
{
	DefineCustomStringVariable("kefu.allowed_hosts",
							   "Sets the hosts that the network worker may contact.",
							   "Comma-separated host names; empty allows the hosts of "
							   "platform and subscriber rows only.",
							   &kefu_allowed_hosts, "",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("kefu.allow_http",
							 "Allows plain http where the row of platform or "
							 "subscriber allows it too.",
							 NULL,
							 &kefu_allow_http, false,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("kefu.connections",
							"Sets how many requests the network worker has under way.",
							NULL,
							&kefu_connections, 8, 1, 64,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("kefu.connect_timeout",
							"Sets how long a connection to a platform may take.",
							"Includes the TLS handshake.",
							&kefu_connect_timeout, 10000, 100, 300000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable("kefu.proxy",
							   "Sets the proxy through which platforms are reached.",
							   NULL,
							   &kefu_proxy, "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomStringVariable("kefu.ca_file",
							   "Sets the file of certificate authorities to trust.",
							   "Empty means the system's.",
							   &kefu_ca_file, "",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("kefu.tls_min_version",
							 "Sets the oldest version of TLS that is spoken.",
							 NULL,
							 &kefu_tls_min_version, KEFU_TLS_1_2, tls_options,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("kefu.secret_directory",
							   "Sets the folder whose files hold credential secrets.",
							   NULL,
							   &kefu_secret_directory, "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
}

/*
 * Defines every setting; called once from _PG_init().
 */
void
kefu_define_settings(void)
{
	define_session_settings();
	define_worker_settings();
	define_network_settings();
	if (process_shared_preload_libraries_in_progress)
		DefineCustomBoolVariable("kefu.test_clock",
								 "Lets kefu.test_now replace the clock, for tests.",
								 "Events written under it are marked for ever.",
								 &kefu_test_clock, false,
								 PGC_POSTMASTER, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("kefu");
}
