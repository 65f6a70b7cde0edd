/*
 * paging_internal.h
 *		What compiled paging rules are; only for paging*.c.
 */
#ifndef KEFU_PURE_PAGING_INTERNAL_H
#define KEFU_PURE_PAGING_INTERNAL_H

#include "json.h"
#include "paging.h"

typedef enum KefuPagingStyle
{
	KEFU_PAGING_NONE,			/* one request */
	KEFU_PAGING_ID_RANGE,		/* newer than and older than an id */
	KEFU_PAGING_TIME_ID,		/* a flag, a time and an id; cursors are "time,id" */
	KEFU_PAGING_PAGE,			/* page numbers */
	KEFU_PAGING_CURSOR,			/* the reply names the next page */
	KEFU_PAGING_LINK			/* a header has its address */
} KefuPagingStyle;

struct KefuPaging
{
	KefuJson   *spec;			/* strings are borrowed from it; all may be NULL */
	KefuPagingStyle style;
	int			page_size;		/* 0: not known */
	const char *size_param;
	int			max_pages;
	bool		stop_short_page;
	const char *has_next_more;	/* value of has_next that means more */

	const char *newer_param;
	const char *older_param;
	bool		newer_inclusive;
	bool		older_inclusive;
	bool		is_gapless;

	const char *flag_param;
	const char *flag_first;
	const char *flag_newer;
	const char *flag_older;
	const char *time_param;
	const char *id_param;

	const char *page_param;
	int			page_first;
	int			page_step;

	const char *cursor_param;
	const char *cursor_start;
	KefuJson   *cursor_ends;
};

#endif							/* KEFU_PURE_PAGING_INTERNAL_H */
