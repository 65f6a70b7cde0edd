/*
 * audit.h
 *		Appending to the chained audit trail.
 */
#ifndef KEFU_AUDIT_H
#define KEFU_AUDIT_H

#include "kefu.h"

#include "utils/jsonb.h"

#define KEFU_HASH_LENGTH 32

/* Bits of audit_event.flags */
#define KEFU_EVENT_TEST_CLOCK 0x0001
#define KEFU_EVENT_RAISED 0x0002	/* by another event */
#define KEFU_EVENT_BY_CLOCK 0x0004
#define KEFU_EVENT_BY_PLATFORM 0x0008

/*
 * One event to append.  Strings are NUL-terminated UTF-8 and NULL where SQL
 * has NULL; staff_id and gateway_id are 0 for NULL.  facts holds scalars only,
 * detail what must stay erasable; either may be NULL.
 */
typedef struct KefuEvent
{
	const char *object_type;
	int64		object_id;
	int32		seq;			/* place in the object's chain, from 1 */
	TimestampTz at;
	const char *machine;
	const char *event;
	const char *from_state;
	const char *to_state;
	int32		version;
	int32		staff_id;
	int32		gateway_id;
	const char *unit;
	int16		flags;			/* KEFU_EVENT_TEST_CLOCK is added by append */
	Jsonb	   *facts;
	Jsonb	   *detail;
	uint8		head[KEFU_HASH_LENGTH]; /* in: previous hash, zeroes for the first */

	int64		event_id;		/* out; in, where kefu_audit_next_id() gave it */
	uint8		hash[KEFU_HASH_LENGTH]; /* out: the object's new head */
} KefuEvent;

/* Takes a number for an event whose effects must name it before it is written. */
extern int64 kefu_audit_next_id(void);

/*
 * Hashes and writes events, set-wise where there are several.  Events of one
 * object must follow each other in the array; the head of the second is then
 * taken from the first.  The caller holds the row lock of every object and
 * stores the new heads.
 */
extern void kefu_audit_append(KefuEvent *events, int count);

#endif							/* KEFU_AUDIT_H */
