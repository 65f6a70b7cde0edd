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
} KefuSeal;

extern void kefu_sha256(const uint8 *data, size_t length, uint8 *hash);

/* Sets event->hash from event->head and everything else; digest may be NULL. */
extern void kefu_canon_event(KefuEvent *event, const KefuOrigin *origin,
							 const uint8 *digest, StringInfo buffer);

extern void kefu_canon_detail(const uint8 *salt, Jsonb *value, uint8 *digest,
							  StringInfo buffer);

extern void kefu_canon_seal(const KefuSeal *seal, const uint8 *previous, uint8 *hash);

#endif							/* KEFU_CANON_H */
