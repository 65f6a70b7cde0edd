/*
 * legal.h
 *		Limits that the law of a jurisdiction sets to a promise (ruling 18).
 */
#ifndef KEFU_LEGAL_H
#define KEFU_LEGAL_H

#include "kefu.h"

/* The end that the strictest law in force sets. */
typedef struct KefuLegalEnd
{
	int32		limit_id;
	TimestampTz due_at;
	bool		is_assumed;		/* a day outside the holiday table was assumed */
} KefuLegalEnd;

/* True if any law limits the promise; the caller needs to know the place then. */
extern bool kefu_is_limited_by_law(const char *clock);

/*
 * The place whose law counts: the customer's location as on record, else the
 * customer's home unit, else the handling unit.  A location that is neither a
 * unit nor in a region of one, such as "abroad", is none.  Returns one of its
 * arguments; location and home_unit may be NULL.
 */
extern const char *kefu_place_of(const char *location, const char *home_unit,
								 const char *unit);

/*
 * The earliest end that a law in force at an instant sets to a promise given
 * then, in the jurisdictions of a place: a unit, whose region and those of the
 * units above it count, or a code that begins with the jurisdiction's.  The law of the whole country
 * holds everywhere.  False if none does.
 */
extern bool kefu_legal_end(const char *clock, const char *place, TimestampTz started_at,
						   KefuLegalEnd *end);

#endif							/* KEFU_LEGAL_H */
