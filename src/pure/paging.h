/*
 * paging.h
 *		Walking a feed back to where the last walk began.
 *
 * A walk starts at the newest page and goes towards older ones until it meets
 * the high mark, the newest item of the last complete walk.  Only then there
 * is no gap, and only then the mark moves.  A walk that is interrupted goes on
 * from its saved state; one that is lost starts again, and what is read twice
 * is dropped by its key.  Where a platform can give the page right above a
 * mark (is_gapless), the walk goes upwards instead and the mark moves with
 * every page.
 *
 * It makes no request and reads no reply: it says which parameters the next
 * page needs, and is told what came.
 */
#ifndef KEFU_PURE_PAGING_H
#define KEFU_PURE_PAGING_H

#include <stdbool.h>
#include <stddef.h>

#include "urlform.h"

#define KEFU_CURSOR_BYTES 264	/* longest cursor with its NUL */
#define KEFU_LINK_BYTES 2048
#define KEFU_WALK_PARAMS 6
#define KEFU_WALK_SAVED_BYTES 20480	/* what kefu_walk_save() needs at most */

typedef struct KefuPaging KefuPaging;

/*
 * Compiles the member "paging" of the document that kefu.endpoint_spec()
 * writes (members: see paging_compile.c); a document without one has style
 * none.  NULL with a message if it is wrong.
 */
extern KefuPaging *kefu_paging_compile(const char *spec, size_t len,
									   char *error, size_t error_size);
extern void kefu_paging_free(KefuPaging *paging);

typedef struct KefuWalk
{
	char		mark[KEFU_CURSOR_BYTES];	/* where to arrive, "" on the first walk */
	char		newest[KEFU_CURSOR_BYTES];	/* newest item met, "" before */
	char		at[KEFU_CURSOR_BYTES];	/* where the next page begins, "" at the start */
	char		link[KEFU_LINK_BYTES];	/* address of the next page, or "" */
	int			page_no;		/* pages read since the walk began */
	int			pages;			/* of them, since it was started or loaded */
} KefuWalk;

/* Begins a walk; mark NULL or "" if there has been none. False: mark too long. */
extern bool kefu_walk_start(KefuWalk *walk, const char *mark);

/* What the next page's request needs. */
typedef struct KefuPageRequest
{
	const char *link;			/* not NULL: fetch this address instead */
	int			n_params;
	KefuParam	params[KEFU_WALK_PARAMS];
	char		numbers[2][24]; /* private: values of params */
	char		parts[2][KEFU_CURSOR_BYTES];
} KefuPageRequest;

/* Values point into the request, the walk and the paging. */
extern void kefu_walk_request(const KefuPaging *paging, const KefuWalk *walk,
							  KefuPageRequest *request);

/* What came. */
typedef struct KefuPageSeen
{
	int			n_listed;		/* items in the reply, also those a filter dropped */
	const char *const *cursors; /* of each of them, in order; NULL where unreadable */

	/*
	 * Items that this same feed had found in a walk that was closed, or that
	 * are older than the caller wants.  What another feed found, or this walk
	 * before it was interrupted, doesn't count: behind it may be a gap.
	 */
	int			n_closed;
	const char *next_cursor;	/* KefuPage.next_cursor */
	const char *has_next;		/* KefuPage.has_next */
	const char *next_link;		/* of the Link header, or NULL */
} KefuPageSeen;

typedef enum KefuWalkStep
{
	KEFU_WALK_GOES_ON,			/* request the next page */
	KEFU_WALK_CLOSED,			/* complete */
	KEFU_WALK_CAPPED,			/* enough for now: save the state and go on later */
	KEFU_WALK_STUCK				/* the platform repeats itself: give up, keep the mark */
} KefuWalkStep;

extern KefuWalkStep kefu_walk_take(const KefuPaging *paging, KefuWalk *walk,
								   const KefuPageSeen *seen);

/* The high mark to store with the items of the page just taken, NULL: the old one. */
extern const char *kefu_walk_new_mark(const KefuPaging *paging, const KefuWalk *walk,
									  KefuWalkStep step);

/* The state as a JSON object, like snprintf(); and back, false if it isn't one. */
extern size_t kefu_walk_save(const KefuWalk *walk, char *out, size_t size);
extern bool kefu_walk_load(KefuWalk *walk, const char *saved, size_t len);

/*
 * The address with the given rel in a Link header (RFC 8288), copied; false if
 * there is none or it doesn't fit.
 */
extern bool kefu_link_find(const char *header, const char *rel, char *out, size_t size);

#endif							/* KEFU_PURE_PAGING_H */
