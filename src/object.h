/*
 * object.h
 *		The row of an object as the engine sees it: locked, read, moved.
 */
#ifndef KEFU_OBJECT_H
#define KEFU_OBJECT_H

#include "kefu.h"

#include "storage/itemptr.h"

#include "audit.h"
#include "spi.h"
#include "workflow.h"

#define KEFU_READERS 3

/* What the engine knows of an object while an event is on it. */
typedef struct KefuObject
{
	KefuMachine *machine;
	int64		id;
	char	   *state;
	int32		version;
	int32		audit_seq;
	uint8		head[KEFU_HASH_LENGTH];
	char	   *unit;
	int32		handler;		/* 0: nobody */
	int16		round;
	TimestampTz posted_at;		/* DT_NOBEGIN: none */
	char	   *readers[KEFU_READERS + 1]; /* further units that may read; NULL-terminated */
	ItemPointerData tid;		/* of the row's version that was read */
} KefuObject;

/*
 * Locks the row of the object that this one belongs to, if it belongs to one;
 * called before kefu_object_lock().  SPI.
 */
extern void kefu_object_lock_parent(KefuMachine *machine, int64 id);

/*
 * Locks the object's row and reads it, in the current context; false if there
 * is none.  Needs no SPI.
 */
extern bool kefu_object_lock(KefuMachine *machine, int64 id, KefuObject *object);

/*
 * Writes all that the engine itself changes, at once: the state and kind that
 * the transition leads to, version, chain and, if the transition says so, the
 * handler (0: nobody).  Under an open guard; nothing has changed the row since it
 * was locked.  Needs no SPI.
 */
extern void kefu_object_write(KefuObject *object, const KefuTransition *t, int32 handler);

/* The plan that gives the whole row of an object, $1, as jsonb. */
extern KefuPlan *kefu_object_record(KefuMachine *machine);

#endif							/* KEFU_OBJECT_H */
