/*
 * world.h
 *	  What really exists on the simulated platform, without any dialect.
 *
 * Users write posts, comments and messages; a user is official when it's one
 * of our accounts.  Everything is an item, found by (kind, id); every user has
 * one feed of items per feed kind, in the order of ids.  Whatever changes the
 * world goes through a world_*() function below, which also writes the
 * journal; so a journal replayed through the same functions makes the same
 * world.
 *
 * An attempt is one thing somebody wanted written (action, account, parent,
 * recipient, text), however many requests asked for it: the unit in which
 * "exactly once" is counted.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "util.h"

#include <stdio.h>

enum item_kind
{
	ITEM_POST,
	ITEM_COMMENT,
	ITEM_MESSAGE,
	ITEM_KINDS
};

enum feed_kind
{
	FEED_MENTIONS,
	FEED_COMMENTS_TO_ME,
	FEED_COMMENT_MENTIONS,
	FEED_MESSAGES,
	FEED_MESSAGES_SENT,
	FEED_POSTS,
	FEED_COMMENTS_BY_ME,
	FEEDS
};

/* How an item came to be. */
enum act
{
	ACT_API,					/* our write; the others are a customer's */
	ACT_POST,
	ACT_POST_MENTION,
	ACT_REPOST,
	ACT_COMMENT,
	ACT_COMMENT_MENTION,
	ACT_REPLY_TO_COMMENT,
	ACT_DM,
	ACT_INSERTED,				/* by a fault */
	ACTS
};

enum action
{
	ACTION_POST,
	ACTION_DELETE_POST,
	ACTION_COMMENT,
	ACTION_REPLY,
	ACTION_DELETE_COMMENT,
	ACTION_MESSAGE,
	ACTION_FOLLOW,
	ACTION_UNFOLLOW,
	ACTION_REPOST,
	ACTION_ANSWER,				/* of the fan service */
	ACTIONS
};

/* Classes with a limit of their own, beside the limit on everything. */
enum rate_class
{
	RATE_READ,
	RATE_POST,
	RATE_COMMENT,
	RATE_MESSAGE,
	RATE_FOLLOW,
	RATE_FREE,					/* takes no share of anything */
	RATE_CLASSES
};

/* Why a request was not granted; a face turns it into its own words. */
enum refusal
{
	REFUSE_NOTHING,
	REFUSE_NO_TOKEN,
	REFUSE_BAD_TOKEN,
	REFUSE_EXPIRED_TOKEN,
	REFUSE_SIGNATURE,
	REFUSE_NONCE,
	REFUSE_TIME,
	REFUSE_RATE_USER,
	REFUSE_RATE_IP,
	REFUSE_RATE_CLASS,
	REFUSE_NO_SUCH_PATH,
	REFUSE_METHOD,
	REFUSE_MISSING_PARAM,
	REFUSE_BAD_PARAM,
	REFUSE_TOO_LONG,
	REFUSE_DUPLICATE,
	REFUSE_NO_POST,
	REFUSE_NO_COMMENT,
	REFUSE_NO_USER,
	REFUSE_NOT_YOUR_POST,
	REFUSE_NOT_YOUR_COMMENT,
	REFUSE_NOT_A_FOLLOWER,
	REFUSE_UNASKED,				/* nothing that may still be answered */
	REFUSE_ALREADY_FOLLOWED,
	REFUSE_NOT_FOLLOWED,
	REFUSE_SUCCESS_WITHOUT_ID,	/* done all the same */
	REFUSE_UNAVAILABLE,			/* a fault without words of its own */
	REFUSALS
};

enum id_style
{
	IDS_PLAIN,					/* 16 digits */
	IDS_ABOVE_INT64,			/* 20 digits, above 2^63 */
	IDS_ABOVE_UINT64			/* 21 digits, above 2^64 */
};

struct config
{
	enum id_style ids;
	bool		overlap_ids;	/* each kind counts alone: ids meet across kinds */
	bool		string_error_codes;
	bool		require_rip;
	bool		rate_headers;	/* replies tell in headers what is left */
	long		cut_at;			/* characters that lists show of a post, 0 = all */
	long		reply_window;	/* seconds in which a stimulus is answered, 0 = for ever */
	long		replies_per_mention;	/* 0 = any number */
	long		user_limit;		/* requests per token and window, 0 = no limit */
	long		ip_limit;
	long		class_limit[RATE_CLASSES];
	long		window;			/* seconds */
};

struct window
{
	int64_t		began_ms;		/* 0 = not yet */
	long		used;
};

/* What is left of a limit. */
struct rate_left
{
	long		limit;
	long		calls;
	int64_t		reset_ms;		/* when the window is over, since 1970 */
};

/* What comes to an account unasked, and how badly; chances are 0 to 1. */
struct push_config
{
	char	   *url;			/* http://127.0.0.1:PORT/PATH, NULL = nothing comes */
	char	   *secret;
	long		tries;			/* of what isn't acknowledged */
	long		patience_ms;	/* for an acknowledgement */
	long		pause_ms;		/* between tries */
	long		at_once;
	long		shuffle;		/* of how many that wait one is drawn, 1 = in order */
	double		again;			/* what was acknowledged comes once more */
	double		hang_up;		/* nobody waits for the acknowledgement */
	double		keyless;		/* a mention doesn't say of which post */
	double		forged;			/* before it comes one that the platform didn't sign */
	double		odd;			/* before it comes one of a kind nobody knows */
	bool		sign_anew;		/* each try has a time and nonce of its own */
};

struct user
{
	char	   *uid;
	char	   *screen_name;
	char	   *province;
	char	   *city;
	char	   *domain;
	char	   *description;
	long		followers;
	bool		verified;
	bool		messages_open;	/* anybody may write a private message */
	bool		official;
	size_t		serial;
	struct map	follows;		/* uid -> user */
	long		friends;		/* how many of them */
	struct map	left;			/* uid -> user it follows no longer */
	struct vec	feed[FEEDS];	/* of item, ids ascending */
	struct push_config push;
	bool		is_set_up;		/* the receiver has echoed */
	long		under_way;		/* pushes to it */
};

struct token
{
	char	   *text;
	struct user *owner;
	int64_t		expires_at;		/* epoch seconds, 0 = never */
	long		requests_left;	/* -1 = no bound */
	bool		revoked;
	long		user_limit;		/* -1 = as configured */
	struct window all;
	struct window of_class[RATE_CLASSES];
	long		requests;
	long		refused;
};

struct attempt
{
	char	   *key;
	enum action action;
	struct user *account;
	char	   *parent;			/* the post, or the target of a deletion */
	char	   *answers;		/* the comment that is answered */
	char	   *recipient;
	char	   *text;			/* as received */
	long		requests;
	long		applied;
	long		refused;		/* answered, and not done */
	long		cut;			/* a fault kept it from being looked at */
	struct vec	items;			/* what it made */
};

struct item
{
	enum item_kind kind;
	char	   *id;
	enum act	act;
	bool		deleted;
	struct user *author;
	struct user *recipient;		/* messages */
	struct item *parent;		/* the post of a comment, what a repost repeats */
	struct item *answers;		/* the comment that is answered */
	struct user *addressed;		/* mentioned whatever the text says */
	struct vec	mentioned;		/* official users, addressed among them */
	struct vec	comments;		/* on this post */
	long		standing;		/* comments not deleted */
	char	   *text;			/* as everybody sees it */
	char	   *sent_text;		/* as it was sent */
	int64_t		created_at;		/* epoch seconds, may be back-dated */
	int64_t		at_ms;			/* when it really came to be */
	long		served;			/* pages and answers that carried it */
	struct attempt *attempt;
};

struct counter
{
	char	   *name;
	long		requests;
	long		refused;
	struct window window;		/* addresses only */
};

struct refused
{
	int64_t		at_ms;
	char	   *name;			/* method and path */
	char	   *token;
	enum refusal why;
};

enum push_kind
{
	PUSH_SETUP,
	PUSH_ITEM,
	PUSH_FOLLOW,
	PUSH_UNFOLLOW,
	PUSH_FORGED,
	PUSH_ODD,
	PUSH_KINDS
};

enum push_state
{
	PUSH_WAITING,
	PUSH_UNDER_WAY,
	PUSH_DONE,
	PUSH_GIVEN_UP,
	PUSH_STATES
};

enum push_answer
{
	ANSWER_NONE,
	ANSWER_APPLIED,
	ANSWER_REFUSED,
	PUSH_ANSWERS
};

/* One thing brought to an account, however often. */
struct push
{
	size_t		serial;
	enum push_kind kind;
	enum push_state state;
	struct user *account;
	struct user *about;			/* who did it, NULL = nobody */
	struct item *item;			/* NULL: none */
	int64_t		created_at;		/* epoch seconds */
	bool		keyless;
	bool		comes_again;
	char	   *query;			/* signed; NULL = not yet */
	int64_t		due_ms;
	long		tries;
	long		acknowledged;
	long		refused;		/* answered by something else */
	long		unanswered;
	long		last_status;	/* 0 = none */
	long		answers[PUSH_ANSWERS];	/* that came with acknowledgements */
};

struct world
{
	uint64_t	seed;
	uint64_t	resets;
	struct config config;
	uint64_t	made[ITEM_KINDS];
	int64_t		now_ms;			/* of the request being served */

	struct vec	users;
	struct vec	officials;
	struct vec	tokens;
	struct vec	items;
	struct vec	attempts;
	struct vec	paths;			/* of counter */
	struct vec	addresses;		/* of counter */
	struct vec	refusals;		/* of refused */
	struct vec	faults;
	long		next_fault;
	struct vec	pushes;			/* of push */
	struct vec	open_pushes;	/* of them, what is not over */
	uint64_t	draws;			/* from those that wait */

	struct map	user_by_uid;
	struct map	user_by_name;
	struct map	token_by_text;
	struct map	item_by_id[ITEM_KINDS];
	struct map	attempt_by_key;
	struct map	path_by_name;
	struct map	address_by_name;
	struct map	nonces;			/* used ones of OAuth 1; not in the journal */
	uint64_t	empties;		/* lists without items, where they differ */

	FILE	   *journal;		/* NULL: none, or being replayed */
};

/* Everything needed to make an item; the strings stay the caller's. */
struct item_spec
{
	enum item_kind kind;
	const char *id;				/* NULL: the next one */
	enum act	act;
	struct user *author;
	struct user *recipient;
	struct user *addressed;		/* mentioned whatever the text says */
	struct item *parent;
	struct item *answers;
	const char *text;
	const char *sent_text;		/* NULL: text */
	int64_t		created_at;		/* 0: now */
};

/* A write as a face understood it; the strings stay the request's. */
struct intent
{
	enum action action;
	struct user *account;
	const char *post;			/* the post, or the item to delete */
	const char *comment;		/* the comment to answer */
	struct user *recipient;
	const char *text;
	char	   *owned;			/* text, where the face made it; freed by who asked */
	bool		prefix_name;	/* the platform names whom a reply answers */
	enum refusal refusal;		/* found while reading the request */
};

extern const char *const item_names[ITEM_KINDS];
extern const char *const feed_names[FEEDS];
extern const char *const act_names[ACTS];
extern const char *const action_names[ACTIONS];
extern const char *const class_names[RATE_CLASSES];
extern const char *const refusal_names[REFUSALS];
extern const char *const push_kind_names[PUSH_KINDS];
extern const char *const push_state_names[PUSH_STATES];
extern const char *const push_answer_names[PUSH_ANSWERS];

/* Index of name in names, -1 when it isn't there. */
int			name_index(const char *const *names, int n, const char *name);

void		world_init(struct world *world, uint64_t seed);
void		world_free(struct world *world);
void		world_reset(struct world *world);

struct user *world_user(const struct world *world, const char *uid);
struct item *world_item(const struct world *world, enum item_kind kind, const char *id);

/* The posts with these words, newest first, without the first skip; how many of n. */
size_t		world_search(const struct world *world, const char *words, size_t skip,
						 struct item **found, size_t n);

/* Makes the user, or changes the one of that uid. */
struct user *world_put_user(struct world *world, const struct user *like);
struct token *world_put_token(struct world *world, const struct token *like);
struct item *world_add_item(struct world *world, const struct item_spec *spec);
void		world_delete_item(struct world *world, struct item *item);
void		world_set_follow(struct world *world, struct user *who, struct user *whom,
							 bool follows);
void		world_set_config(struct world *world, const struct config *config);

/* apply.c: does what is intended or says why not. made: the item, else NULL. */
enum refusal world_apply(struct world *world, const struct intent *intent,
						 struct item **made);
struct attempt *world_attempt(struct world *world, const struct intent *intent);

/* Counts one request towards the attempt; made may be NULL. */
void		world_note_attempt(struct world *world, struct attempt *attempt,
							   bool cut, enum refusal refusal, struct item *made);

/* Has this user said something that the account may still answer? */
bool		world_may_answer(const struct world *world, const struct user *account,
							 const struct user *user);

/*
 * push.c.  What the other functions do becomes pushes by itself, where the account
 * wants them.
 */
void		world_set_push(struct world *world, struct user *account,
						   const struct push_config *like);
void		world_push_item(struct world *world, struct item *item);
void		world_push_follow(struct world *world, struct user *who, struct user *whom,
							  bool follows);

/* The next one due for an account, NULL = none. */
struct push *world_next_push(struct world *world, const struct user *account);

/* What came of one try. status: 0 = no answer. */
void		world_note_push(struct world *world, struct push *push, long status,
							bool taken, enum push_answer answer);
void		push_free(struct push *push);

/* Takes what spec names over into *like; the texts stay spec's. NULL or what is wrong. */
struct json_object;
const char *push_read_config(struct json_object *spec, struct push_config *like);

/* rate.c */
struct token *world_token(const struct world *world, const char *text);
struct counter *world_counter(struct vec *list, struct map *by_name, const char *name);

/* May this request pass? Takes its share of every window if so. */
enum refusal world_admit(struct world *world, struct token *token, const char *token_text,
						 const char *address, enum rate_class rate_class);
void		world_note_request(struct world *world, const char *name, struct token *token,
							   const char *token_text, const char *address,
							   enum rate_class rate_class, bool charged,
							   enum refusal refusal);
long		world_user_limit(const struct world *world, const struct token *token);

/* What a token has left in its window; limit 0 = no limit. */
struct rate_left world_rate_left(const struct world *world, struct token *token);
void		window_turn(const struct world *world, struct window *window);

#endif
