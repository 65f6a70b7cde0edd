/*
 * evidence.h
 *		What the parts of kefu.verify_audit() share.
 */
#ifndef KEFU_EVIDENCE_H
#define KEFU_EVIDENCE_H

#include "kefu.h"

#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"

typedef struct KefuVerifier
{
	ReturnSetInfo *result;
	int64		first_event;	/* earlier ones are taken as verified; 0: none */
	TimestampTz from;			/* likewise earlier seals; DT_NOBEGIN: none */
	Bitmapset  *incarnations;
	StringInfoData buffer;
	MemoryContext row;			/* reset at every event */
} KefuVerifier;

/* One row of the result.  object_type NULL and event_id 0 are NULL there. */
extern void kefu_report(KefuVerifier *verifier, const char *problem,
						const char *object_type, int64 object_id, int64 event_id,
						const char *detail);

/* in seal.c */
extern void kefu_check_seal_chain(KefuVerifier *verifier);
extern void kefu_check_seals(KefuVerifier *verifier);

#endif							/* KEFU_EVIDENCE_H */
