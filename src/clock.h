/*
 * clock.h
 *		Starting, stopping and pausing promises.
 */
#ifndef KEFU_CLOCK_H
#define KEFU_CLOCK_H

#include "kefu.h"

/*
 * A promise to start.  The first part is the caller's, the second is filled by
 * kefu_clock_compute() from the policy in force for the unit.
 */
typedef struct KefuClockStart
{
	const char *object_type;
	int64		object_id;
	const char *clock;
	int16		round;
	const char *unit;
	TimestampTz started_at;		/* posted_at, the event or the notice */
	TimestampTz target_at;		/* end that the event brought; DT_NOBEGIN if none */

	int32		policy_id;
	TimestampTz due_at;
	TimestampTz due_desk_at;	/* DT_NOBEGIN: none */
	bool		is_assumed;
	int16		next_level;
	TimestampTz next_fire_at;	/* DT_NOBEGIN: none */
} KefuClockStart;

/* Errors: undefined_object if no policy covers the clock, with the preset as hint. */
extern void kefu_clock_compute(KefuClockStart *start);

/* Writes computed starts, set-wise. */
extern void kefu_clock_insert(const KefuClockStart *starts, int count);

/* posted_at, event_time or notice_time of a clock kind. */
extern const char *kefu_clock_starts_from(const char *clock);

#endif							/* KEFU_CLOCK_H */
