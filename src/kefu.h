/*
 * kefu.h
 *		The prelude: what every file of the extension includes first.
 *
 * Only the server's headers that nearly all modules need, the error class and
 * the settings are here.  A module's own API is in its own header.
 */
#ifndef KEFU_H
#define KEFU_H

#include "postgres.h"

#include "compat.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/elog.h"
#include "utils/timestamp.h"

#ifndef KEFU_VERSION
#define KEFU_VERSION "unknown"
#endif

/*
 * SQLSTATE class KF: the desk's refusals.  They are the product's vocabulary
 * (doc/reference.md, "Refusals"); every other error keeps its standard code.
 */
#define ERRCODE_KEFU_NO_TRANSITION MAKE_SQLSTATE('K', 'F', '0', '0', '1')
#define ERRCODE_KEFU_FACT_MISSING MAKE_SQLSTATE('K', 'F', '0', '0', '2')
#define ERRCODE_KEFU_ROLE MAKE_SQLSTATE('K', 'F', '0', '0', '3')
#define ERRCODE_KEFU_CONTENT MAKE_SQLSTATE('K', 'F', '0', '0', '4')
#define ERRCODE_KEFU_QUOTA MAKE_SQLSTATE('K', 'F', '0', '0', '5')
#define ERRCODE_KEFU_HANDLER MAKE_SQLSTATE('K', 'F', '0', '0', '6')
#define ERRCODE_KEFU_STALE MAKE_SQLSTATE('K', 'F', '0', '0', '7')
#define ERRCODE_KEFU_NOT_VISIBLE MAKE_SQLSTATE('K', 'F', '0', '0', '8')
#define ERRCODE_KEFU_NOT_QUALIFIED MAKE_SQLSTATE('K', 'F', '0', '0', '9')

#endif							/* KEFU_H */
