/*
 * itemmap.h
 *		From a platform's reply to items of one fixed shape, by rows.
 *
 * A map is compiled from a JSON document that the tables platform, endpoint
 * and field_map are turned into (kefu.endpoint_spec() writes it; its members
 * are listed in itemmap_compile.c).  Running it over a reply gives a page of
 * items.  Nothing here knows a platform.
 *
 * A bad item has its error beside it and leaves the others alone; only a reply
 * that can't be read at all, or has no list where there must be one, fails as
 * a whole.
 */
#ifndef KEFU_PURE_ITEMMAP_H
#define KEFU_PURE_ITEMMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

/*
 * The fields of an item.  The order is that of kefu.map_payload()'s columns.
 *
 * Whose item it is, the desk sees from author_id (ours: the account's own id);
 * what it answers, from parent_id with parent_type (one of our sends, if we
 * know that id) and parent_author_id; whom it belongs to, if private, from
 * thread_id.
 */
typedef enum KefuField
{
	KEFU_FIELD_NATIVE_ID,
	KEFU_FIELD_DEDUPE_KEY,		/* native_id unless a row says otherwise */
	KEFU_FIELD_ITEM_TYPE,		/* the map's item kind unless a row says otherwise */
	KEFU_FIELD_PARENT_ID,		/* what it answers directly */
	KEFU_FIELD_PARENT_TYPE,		/* id space of parent_id: status or comment */
	KEFU_FIELD_PARENT_AUTHOR_ID,
	KEFU_FIELD_ROOT_ID,			/* the post the discussion hangs on */
	KEFU_FIELD_THREAD_ID,		/* private: the other party, unless a row says otherwise */
	KEFU_FIELD_AUTHOR_ID,
	KEFU_FIELD_AUTHOR_NAME,
	KEFU_FIELD_AUTHOR_HANDLE,
	KEFU_FIELD_AUTHOR_PROVINCE,
	KEFU_FIELD_AUTHOR_CITY,
	KEFU_FIELD_AUTHOR_VERIFIED, /* bool */
	KEFU_FIELD_AUTHOR_FOLLOWERS,	/* int */
	KEFU_FIELD_AUTHOR_FOLLOWS,	/* bool: the account it was fetched for */
	KEFU_FIELD_RECIPIENT_ID,
	KEFU_FIELD_TEXT,
	KEFU_FIELD_POSTED_AT,		/* time */
	KEFU_FIELD_IS_DELETED,		/* bool, never absent */
	KEFU_FIELD_IS_TRUNCATED,	/* bool, never absent */
	KEFU_FIELD_URL,
	KEFU_FIELD_SOURCE_LABEL,
	KEFU_FIELD_MEDIA,			/* one URL a line */
	KEFU_FIELD_MEDIA_KIND,		/* kinds of those, one a line */
	KEFU_FIELD_REPOST_OF_ID,
	KEFU_FIELD_REPOST_OF_KEY,	/* its dedupe_key, if that isn't repost_of_id */
	KEFU_FIELD_REPOST_TEXT,
	KEFU_FIELD_REPOST_OF_COUNT, /* int: reposts of the original so far */
	KEFU_FIELD_REPOSTS_COUNT,	/* of our own posts: int64 */
	KEFU_FIELD_COMMENTS_COUNT,
	KEFU_FIELD_LIKES_COUNT,
	KEFU_FIELD_CURSOR,			/* for paging: id, or "time,id" */
	KEFU_FIELD_COUNT
} KefuField;

typedef enum KefuFieldKind
{
	KEFU_KIND_TEXT,
	KEFU_KIND_BOOL,
	KEFU_KIND_INT,
	KEFU_KIND_TIME
} KefuFieldKind;

extern const char *kefu_field_name(KefuField field);
extern KefuFieldKind kefu_field_kind(KefuField field);

/* Ids longer than this are refused: they couldn't be indexed. */
#define KEFU_ID_BYTES 256

typedef struct KefuValue
{
	bool		present;
	uint32_t	len;			/* of text */
	const char *text;			/* KEFU_KIND_TEXT; NUL-terminated UTF-8 without NUL inside */
	int64_t		number;			/* else: 0 or 1, the integer, micros since 1970 UTC */
} KefuValue;

/* A reply with more items than this is refused; real pages have hundreds. */
#define KEFU_PAGE_ITEMS 10000

typedef struct KefuItem
{
	int			item_no;		/* place in the reply, from 1; filtered items leave gaps */
	const char *error;			/* NULL: the item is good */
	KefuValue	values[KEFU_FIELD_COUNT];
} KefuItem;

typedef struct KefuPage
{
	const char *error;			/* NULL: the reply could be read */
	bool		is_empty;		/* the platform's way of saying "nothing" was met */
	int			n_listed;		/* items in the reply, filtered ones included */
	int			n_items;
	KefuItem   *items;
	const char **cursors;		/* of all n_listed, for paging; NULL where unreadable */
	const char *next_cursor;	/* cursor paging: NULL if absent */
	const char *has_next;		/* the platform's word on whether more follows, or NULL */

	struct json_object *root;	/* private: the document that values are borrowed from */
	KefuArena	arena;
} KefuPage;

typedef struct KefuItemMap KefuItemMap;

/*
 * Compiles a map.  NULL with a message of at most error_size bytes, NUL
 * included, if the document isn't one; the message names the row.
 */
extern KefuItemMap *kefu_itemmap_compile(const char *spec, size_t len,
										 char *error, size_t error_size);
extern void kefu_itemmap_free(KefuItemMap *map);

/*
 * Maps a reply.  own_id is the native id of the account it was fetched for, or
 * NULL.  Gives a page to be freed, NULL only without memory.  Strings of the
 * page live as long as the page and the map.
 */
extern KefuPage *kefu_itemmap_run(const KefuItemMap *map, const char *body, size_t len,
								  const char *own_id);
extern void kefu_page_free(KefuPage *page);

#endif							/* KEFU_PURE_ITEMMAP_H */
