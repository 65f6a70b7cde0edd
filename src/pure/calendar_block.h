/*
 * calendar_block.h
 *		The rules of a calendar unrolled: shared by the two files of the
 *		calendar arithmetic and by nobody else.
 */
#ifndef KEFU_PURE_CALENDAR_BLOCK_H
#define KEFU_PURE_CALENDAR_BLOCK_H

#include "calendar.h"

#define Min(a, b) ((a) < (b) ? (a) : (b))
#define Max(a, b) ((a) > (b) ? (a) : (b))

/*
 * The time line is cut into blocks of so many days, counted from the first
 * supported one: instants by UTC, working days by their local date.
 */
#define BLOCK_DAYS 366
#define BLOCK_US (BLOCK_DAYS * KEFU_DAY_US)
#define BLOCKS \
	((int) ((KEFU_CALENDAR_LAST - KEFU_CALENDAR_FIRST + BLOCK_US - 1) / BLOCK_US))
#define FIRST_DATE ((int32_t) (KEFU_CALENDAR_FIRST / KEFU_DAY_US))

/* The rules as they were known at an instant */
typedef struct KefuEdition
{
	const KefuCalendarRules *rules;
	int64_t		known_at;
} KefuEdition;

typedef struct KefuOpenRange
{
	int64_t		from_at;
	int64_t		to_at;
	int64_t		before;			/* open time of the block before from_at */
} KefuOpenRange;

/* Sorted, disjoint and not touching */
typedef struct KefuRangeSet
{
	KefuOpenRange *items;
	size_t		n;
	size_t		size;
	bool		failed;			/* out of memory; the content is worthless */
} KefuRangeSet;

typedef struct KefuBlock
{
	KefuRangeSet open;
	int64_t		total;			/* open time of the whole block */
	int			ndays;
	int32_t		days[BLOCK_DAYS];	/* its working days, ascending */
} KefuBlock;

extern int64_t kefu_floor_div(int64_t a, int64_t b);
extern size_t kefu_first_ending_after(const KefuRangeSet *set, int64_t at);
extern int64_t kefu_local_time(const KefuCalendarRules *rules, int64_t at);
extern int64_t kefu_instant_of(const KefuCalendarRules *rules, int64_t local);
extern KefuBlock *kefu_block_make(const KefuEdition *edition, int index);
extern void kefu_block_free(KefuBlock *block);

#endif							/* KEFU_PURE_CALENDAR_BLOCK_H */
