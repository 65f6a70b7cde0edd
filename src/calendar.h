/*
 * calendar.h
 *		Working-time arithmetic over kefu.calendar, for the rest of the library.
 *
 * A calendar is given by its code.  All raise undefined_object for an unknown
 * one, datetime_value_out_of_range outside 1970 to 2199, and
 * program_limit_exceeded for one that doesn't open for ten years.  "assumed"
 * may be NULL; it says whether the holiday table isn't complete somewhere
 * between start and result (ruling 22).
 */
#ifndef KEFU_CALENDAR_H
#define KEFU_CALENDAR_H

#include "kefu.h"

extern TimestampTz kefu_calendar_add(const char *calendar, TimestampTz start,
									 int64 amount_us, bool *assumed);
extern TimestampTz kefu_calendar_add_days(const char *calendar, TimestampTz start,
										  int32 days, bool *assumed);
extern int64 kefu_calendar_between(const char *calendar, TimestampTz from,
								   TimestampTz to);
extern bool kefu_calendar_is_open(const char *calendar, TimestampTz at);

#endif							/* KEFU_CALENDAR_H */
