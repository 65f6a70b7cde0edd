/*
 * clock.h
 *		Starting, stopping and pausing promises.
 */
#ifndef KEFU_CLOCK_H
#define KEFU_CLOCK_H

#include "kefu.h"

typedef enum KefuCalendarKind
{
	KEFU_WALL,
	KEFU_SHIFT,
	KEFU_CALENDAR_DAYS,
	KEFU_WORKING_DAYS
} KefuCalendarKind;

/* A level of a policy: who is told, or which event is fired, and when. */
typedef struct KefuLevel
{
	int16		level;
	bool		from_start;		/* else from due */
	Interval	offset_by;
	char	   *role;			/* NULL: nobody is told */
	char	   *event;			/* NULL: nothing is fired */
} KefuLevel;

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
	const char *place;			/* whose law counts; may be NULL where no law does */

	int32		policy_id;
	TimestampTz due_at;
	TimestampTz due_desk_at;	/* DT_NOBEGIN: none */
	bool		is_assumed;
	int32		limit_id;		/* law that set the end; 0: the policy did */
	int16		next_level;
	TimestampTz next_fire_at;	/* DT_NOBEGIN: none */
} KefuClockStart;

/*
 * Fills the second part.  False: the policy has no length and the event brought
 * no end, so the promise isn't given.  Errors: undefined_object if no policy
 * covers the clock, with the preset as hint.
 */
extern bool kefu_clock_compute(KefuClockStart *start);

/* Writes computed starts, set-wise. */
extern void kefu_clock_insert(const KefuClockStart *starts, int count);

/* posted_at, event_time or notice_time of a clock kind. */
extern const char *kefu_clock_starts_from(const char *clock);

/* Fact that brings the end of a clock kind; NULL if none does. */
extern const char *kefu_clock_target_fact(const char *clock);

extern bool kefu_clock_is_kept_by(const char *clock, const char *event);
extern bool kefu_clock_fires(const char *clock, const char *event);

extern void kefu_clock_stop(const char *object_type, int64 object_id, int16 round,
							Datum clocks, Datum voided, Datum timers, TimestampTz at);
extern void kefu_clock_stop_all(const char *object_type, int64 object_id, TimestampTz at);
extern void kefu_clock_pause(const char *object_type, int64 object_id, const char *clock,
							 TimestampTz at);
extern bool kefu_clock_resume(const char *object_type, int64 object_id, const char *clock,
							  int16 round, TimestampTz at);

/* Level of a policy, or NULL past the last; valid until the next query. */
extern KefuLevel *kefu_policy_level(int32 policy_id, int level);

/* When a level of a promise is due. */
extern TimestampTz kefu_level_at(const KefuLevel *level, TimestampTz started_at,
								 TimestampTz due_at);

#endif							/* KEFU_CLOCK_H */
