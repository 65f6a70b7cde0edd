/*
 * canon.h
 *		The binary form of events and seals, and the hashes over it.
 */
#ifndef KEFU_CANON_H
#define KEFU_CANON_H

#include "kefu.h"

#include "lib/stringinfo.h"

#include "audit.h"

#define KEFU_FORM 1				/* number of the form below */
#define KEFU_SALT_LENGTH 16

/* What an event's form covers beside the event: where it was written. */
typedef struct KefuOrigin
{
	int32		incarnation;
	int64		xid;
} KefuOrigin;

typedef struct KefuSeal
{
	int64		seal_id;
	int32		incarnation;
	int64		xid_from;
	int64		xid_to;
	int64		event_count;
	uint8		root[KEFU_HASH_LENGTH];
	TimestampTz sealed_at;
} KefuSeal;							/* one row of kefu.seal but for its hash */

/* Number of this database among those the desk has lived in; needs SPI open. */
extern int32 kefu_audit_incarnation(void);

/* Oid of one of our relations; error if it isn't there. */
extern Oid	kefu_audit_relation(const char *name);

extern Datum kefu_bytes_datum(const uint8 *bytes, int length);

extern void kefu_sha256(const uint8 *data, size_t length, uint8 *hash);

/* Sets event->hash from event->head and everything else; digest may be NULL. */
extern void kefu_canon_event(KefuEvent *event, const KefuOrigin *origin,
							 const uint8 *digest, StringInfo buffer);

extern void kefu_canon_detail(const uint8 *salt, Jsonb *value, uint8 *digest,
							  StringInfo buffer);

extern void kefu_canon_leaf(const uint8 *event_hash, const KefuOrigin *origin, uint8 *leaf);

extern void kefu_canon_seal(const KefuSeal *seal, const uint8 *previous, uint8 *hash);

#endif							/* KEFU_CANON_H */
