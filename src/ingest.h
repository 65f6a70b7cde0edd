/*
 * ingest.h
 *		What one payload brings, on its way through the ingest files.
 */
#ifndef KEFU_INGEST_H
#define KEFU_INGEST_H

#include "kefu.h"

#include "audit.h"
#include "workflow.h"

/* Where a payload comes from; the same for a feed that is pulled and a push. */
typedef struct IngestSource
{
	char	   *platform;
	char	   *account;
	char	   *action;
	char	   *unit;			/* of the account */
	char	   *native_id;		/* of the account */
	bool		to_us;			/* written to us; false for search and sister accounts */
	bool		is_signed;		/* a push whose signature was checked */
	char	   *complete_action;	/* endpoint that gives an item whole; NULL none */
	char	   *repost_mark;	/* where a repost's own words end; NULL: all are its own */
	TimestampTz start_at;		/* items posted before are history */
	TimestampTz received_at;
	TimestampTz now;
	int32		gateway_id;
} IngestSource;

/* Who wrote items of this payload; one entry an author. */
typedef struct IngestAuthor
{
	char	   *native_id;
	char	   *screen_name;
	char	   *handle;			/* what the platform addresses him by; NULL unknown */
	char	   *region;			/* province code of the profile; NULL unknown */
	char	   *home_unit;		/* NULL unknown */
	int64		followers_count;	/* -1 unknown */
	int			is_verified;	/* -1 unknown */
	int			is_fan;			/* of the account; -1 unknown */
	int64		identity_id;	/* 0 until known */
	int64		person_id;
	bool		is_new;			/* first seen in this payload */
	bool		has_changed;
} IngestAuthor;

/* What the rules of kefu.kind_rule suggest for a text. */
enum
{
	KEFU_KIND, KEFU_CATEGORY, KEFU_PRODUCT, KEFU_TARGETS
};

/* A ticket that a message of this payload opens. */
typedef struct IngestTicket
{
	int64		ticket_id;
	const char *kind;
	const char *category;
	const char *unit;
	int64		repeat_of;		/* 0: none */
	int32		handler;		/* of that one, who has it first; 0 nobody */
	const KefuTransition *open; /* how it is opened and, if it is, recorded */
	const KefuTransition *record;	/* NULL: not */
	struct IngestItem *item;
	int32		version;		/* with its chain, once written */
	const char *state;
	uint8		head[KEFU_HASH_LENGTH];
} IngestTicket;

typedef struct IngestItem
{
	/* as mapped; NULL where the platform says nothing */
	char	   *item_type;
	char	   *native_id;
	char	   *dedupe_key;		/* what makes it one item: native_id on most platforms */
	char	   *parent_id;
	char	   *root_id;
	char	   *thread_id;
	char	   *text;
	char	   *media;
	char	   *media_kinds;	/* a line for each of media; NULL: nothing is said of them */
	char	   *url;
	char	   *repost_of;		/* native id of the original; NULL: no repost */
	char	   *original;		/* the same as its dedupe_key */
	char	   *quoted;			/* words of the original */
	char	   *own_words;		/* text without what it repeats */
	int64		told_reposts;	/* of the original so far; -1 unknown */
	bool		is_truncated;	/* text is cut */
	bool		is_private;
	TimestampTz posted_at;
	IngestAuthor *author;		/* NULL unknown */

	/* what becomes of it */
	int64		message_id;
	bool		is_first;		/* of those with its key in this payload */
	bool		is_new;
	bool		is_live;
	const char *suggested[KEFU_TARGETS];	/* NULL: no rule names one */
	int			raised_to;		/* priority that a risk word asks for; 0 none */
	const char *rule;			/* code of the first rule for that kind */
	bool		asks;			/* its own words ask something, by the rules */
	int64		belongs_to;		/* ticket of its author that it is attached to; 0 none */
	const char *belongs_kind;
	int64		context_of;		/* ticket about the original that it repeats; 0 none */
	struct IngestItem *repeats; /* item of this payload whose ticket that will be */
	bool		stands_for_original;	/* first repost of what has no ticket: opens it */
	IngestTicket *opens;		/* ticket it opens; NULL none */
	const char *state;			/* with its chain, once written */
	int32		version;
	uint8		head[KEFU_HASH_LENGTH];
} IngestItem;

/* What items of this payload repost, each once. */
typedef struct IngestOriginal
{
	char	   *key;			/* dedupe_key */
	char	   *quoted;			/* its words; NULL unknown */
	int64		reposts;		/* new ones in this payload */
	int64		told_reposts;	/* as the platform counts them; -1 unknown */
	int64		carrier;		/* message whose ticket is about it; 0 none */
	int64		ticket_id;		/* that ticket, while it is open; 0 none */
	IngestItem *opener;			/* item that opens one; NULL none */
} IngestOriginal;

typedef struct DeadLetter
{
	int			item_no;		/* from 1; 0: the whole payload */
	char	   *reason;
} DeadLetter;

typedef struct Ingest
{
	IngestSource source;
	text	   *payload;
	int			nread;			/* items of the payload, understood or not */
	IngestItem *items;			/* understood, not our own, each once */
	int			nitems;
	IngestItem **keyed;			/* of them each once, by key */
	int			nkeyed;
	IngestItem **fresh;			/* messages not seen before, in the order of posting */
	int			nfresh;
	IngestAuthor *authors;
	int			nauthors;
	IngestTicket *tickets;
	int			ntickets;
	IngestOriginal *originals;	/* by key */
	int			noriginals;
	DeadLetter *dead;
	int			ndead;
	int			dead_capacity;
	uint64		nsightings;
} Ingest;

/*
 * The steps of an ingest, in this order and in one open SPI connection.
 */

/* What the mapper makes of the payload. */
extern void kefu_read_payload(Ingest *in);

/* Authors of the new messages: their identities, persons and home units. */
extern void kefu_settle_authors(Ingest *in);

/*
 * Decides for each new live item which ticket it belongs to or opens; locks
 * the existing tickets that items belong to.
 */
extern void kefu_place_items(Ingest *in);

/*
 * Joins reposts that ask nothing of their own to the ticket about what they
 * repeat: an open one, or that of the first such repost in this payload.  Part of
 * kefu_place_items(), between the tickets that are there and those to be opened;
 * items are in the order of posting.
 */
extern void kefu_join_reposts(Ingest *in, IngestItem **items, int count);

/* Notes how often the originals were reposted, and whose ticket is about them. */
extern void kefu_write_originals(Ingest *in);

/* Writes messages and tickets with their events, rounds, clocks and sightings. */
extern void kefu_write_items(Ingest *in);

/* Raises customer_wrote on the tickets that items belong to. */
extern void kefu_raise_customer_wrote(Ingest *in);

/*
 * The row of (machine, state, event) with the guard of this name, NULL for the
 * one without; error if the machine has none.
 */
extern const KefuTransition *kefu_guarded_transition(const char *machine, const char *state,
											   const char *event, const char *guard);

/* A copy that outlives the cache, of what ingest needs of a row. */
extern const KefuTransition *kefu_copy_transition(const KefuTransition *row);

/* Number of one of our sequences. */
extern Oid	kefu_sequence(const char *name);

/* Arrays of strings, NULL for NULL, and of numbers, in the current context. */
extern Datum kefu_text_array(char **values, int count);
extern Datum kefu_id_array(const int64 *values, int count);

#endif							/* KEFU_INGEST_H */
