/*
 * calendar_rows.h
 *		The rows of one calendar: between calendar.c and calendar_rows.c only.
 */
#ifndef KEFU_CALENDAR_ROWS_H
#define KEFU_CALENDAR_ROWS_H

#include "kefu.h"

#include "pure/calendar.h"

typedef struct KefuCalendarRows
{
	KefuCalendarRules rules;
	int			nknown;			/* instants at which a row became known */
	TimestampTz *known;			/* ascending */
} KefuCalendarRows;

extern void kefu_calendar_read(const char *code, MemoryContext context,
							   KefuCalendarRows *rows);

#endif							/* KEFU_CALENDAR_ROWS_H */
