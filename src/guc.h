/*
 * guc.h
 *		Settings of the extension.
 */
#ifndef KEFU_GUC_H
#define KEFU_GUC_H

#include "kefu.h"

typedef enum KefuLanguage
{
	KEFU_LANGUAGE_ZH,
	KEFU_LANGUAGE_EN
} KefuLanguage;

typedef enum KefuTls
{
	KEFU_TLS_1_2,
	KEFU_TLS_1_3
} KefuTls;

/* What a session sees */
extern int	kefu_language;			/* KefuLanguage of refusals */
extern char *kefu_acting_as;		/* login a gateway speaks for, or "" */
extern char *kefu_test_now;			/* fixed instant under kefu.test_clock, or "" */

/* What the workers do */
extern bool kefu_enabled;
extern char *kefu_database;
extern char *kefu_worker_role;
extern char *kefu_node;

/* What the network may touch */
extern char *kefu_allowed_hosts;
extern bool kefu_allow_http;
extern int	kefu_connections;		/* requests under way at once */
extern int	kefu_connect_timeout;	/* ms */
extern char *kefu_proxy;
extern char *kefu_ca_file;
extern int	kefu_tls_min_version;	/* KefuTls */
extern char *kefu_secret_directory;

/* Fixed at server start */
extern bool kefu_test_clock;

extern void kefu_define_settings(void);

#endif							/* KEFU_GUC_H */
