/*
 * who.h
 *		The caller, the caller's roles, and the tree of units.
 */
#ifndef KEFU_WHO_H
#define KEFU_WHO_H

#include "kefu.h"

/* The desk's clock; see kefu.now(). */
extern TimestampTz kefu_now(void);
extern bool kefu_now_is_test(void);

typedef struct KefuActor
{
	int32		staff_id;		/* 0: nobody registered */
	int32		gateway_id;		/* 0: not through a gateway */
} KefuActor;

/* The caller; errors (KF003) only if kefu.acting_as is forged. */
extern KefuActor kefu_actor(void);

/* True if the caller now has this role at the unit or above it. */
extern bool kefu_actor_has_role(const char *role, const char *unit);

/* True if the caller may see the unit. */
extern bool kefu_actor_sees(const char *unit);

/*
 * True if the caller now has this role (NULL: any) at a hotline or contractor
 * that hangs under the unit or above it, and so may work on what it is given.
 */
extern bool kefu_actor_serves(const char *role, const char *unit);

/*
 * True if an object of a unit that the caller serves is the caller's to work
 * on: as its handler or, a ticket, while a hotline of the caller's has to call
 * the customer.  Asks the database only for hotlines.
 */
extern bool kefu_actor_is_given(const char *object_type, int64 id, const char *unit,
								int32 handler);

/*
 * True if this person is active and has a role at the unit or above it, or at a
 * hotline or contractor that serves it; SPI.
 */
extern bool kefu_staff_serves(int32 staff_id, const char *unit);

/* The unit above; NULL for the root and for an unknown unit. */
extern const char *kefu_unit_parent(const char *unit);

/* The duty calendar of the unit, inherited; NULL if none is set up to the root. */
extern const char *kefu_unit_calendar(const char *unit);

#endif							/* KEFU_WHO_H */
