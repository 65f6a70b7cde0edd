/*
 * world.c
 *	  Users, items and feeds; see world.h.
 *
 * Doesn't judge whether a write is allowed: that is apply.c.
 */
#include "world.h"
#include "fault.h"
#include "journal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const item_names[ITEM_KINDS] = {"post", "comment", "message"};

const char *const feed_names[FEEDS] = {
	"mentions", "comments_to_me", "comment_mentions", "messages", "messages_sent",
	"posts", "comments_by_me"
};

const char *const act_names[ACTS] = {
	"api", "post", "post_mention", "repost", "comment", "comment_mention",
	"reply_to_comment", "dm", "inserted"
};

const char *const action_names[ACTIONS] = {
	"post", "delete_post", "comment", "reply", "delete_comment", "message", "follow",
	"unfollow", "repost", "answer"
};

const char *const class_names[RATE_CLASSES] = {
	"read", "post", "comment", "message", "follow", "free"
};

const char *const refusal_names[REFUSALS] = {
	"nothing", "no_token", "bad_token", "expired_token", "signature", "nonce", "time", "rate_user", "rate_ip",
	"rate_class", "no_such_path", "method", "missing_param", "bad_param", "too_long",
	"duplicate", "no_post", "no_comment", "no_user", "not_your_post",
	"not_your_comment", "not_a_follower", "unasked", "already_followed", "not_followed",
	"success_without_id", "unavailable"
};

int
name_index(const char *const *names, int n, const char *name)
{
	for (int i = 0; name && i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

void
world_init(struct world *world, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->config.window = 3600;
	world->config.reply_window = 48 * 3600;
	world->config.replies_per_mention = 1;
	world->now_ms = sim_now_ms();
}

static void
free_user(struct user *user)
{
	free(user->uid);
	free(user->screen_name);
	free(user->province);
	free(user->city);
	free(user->domain);
	free(user->description);
	map_free(&user->follows);
	map_free(&user->left);
	free(user->push.url);
	free(user->push.secret);
	for (int i = 0; i < FEEDS; i++)
		vec_free(&user->feed[i]);
	free(user);
}

static void
free_item(struct item *item)
{
	free(item->id);
	free(item->text);
	free(item->sent_text);
	vec_free(&item->mentioned);
	vec_free(&item->comments);
	free(item);
}

static void
free_attempt(struct attempt *attempt)
{
	free(attempt->key);
	free(attempt->parent);
	free(attempt->answers);
	free(attempt->recipient);
	free(attempt->text);
	vec_free(&attempt->items);
	free(attempt);
}

static void
free_token(struct token *token)
{
	free(token->text);
	free(token);
}

static void
free_counter(struct counter *counter)
{
	free(counter->name);
	free(counter);
}

static void
free_refused(struct refused *refused)
{
	free(refused->name);
	free(refused->token);
	free(refused);
}

#define FREE_ALL(vec, free_one) \
	do { \
		for (size_t i_ = 0; i_ < (vec).n; i_++) \
			free_one((vec).at[i_]); \
		vec_free(&(vec)); \
	} while (0)

void
world_free(struct world *world)
{
	FREE_ALL(world->users, free_user);
	FREE_ALL(world->items, free_item);
	FREE_ALL(world->attempts, free_attempt);
	FREE_ALL(world->tokens, free_token);
	FREE_ALL(world->paths, free_counter);
	FREE_ALL(world->addresses, free_counter);
	FREE_ALL(world->refusals, free_refused);
	FREE_ALL(world->faults, fault_free);
	FREE_ALL(world->pushes, push_free);
	vec_free(&world->open_pushes);
	vec_free(&world->officials);
	map_free(&world->user_by_uid);
	map_free(&world->user_by_name);
	map_free(&world->token_by_text);
	for (int i = 0; i < ITEM_KINDS; i++)
		map_free(&world->item_by_id[i]);
	map_free(&world->attempt_by_key);
	map_free(&world->path_by_name);
	map_free(&world->address_by_name);
	map_free(&world->nonces);
}

/* Forgets everything but the seed and the journal, which records the reset. */
void
world_reset(struct world *world)
{
	FILE	   *journal = world->journal;
	uint64_t	seed = world->seed;
	uint64_t	resets = world->resets;

	world_free(world);
	world_init(world, seed);
	world->journal = journal;
	world->resets = resets + 1;
	journal_reset(world);
}

struct user *
world_user(const struct world *world, const char *uid)
{
	return map_get(&world->user_by_uid, uid);
}

struct item *
world_item(const struct world *world, enum item_kind kind, const char *id)
{
	return map_get(&world->item_by_id[kind], id);
}

size_t
world_search(const struct world *world, const char *words, size_t skip,
			 struct item **found, size_t n)
{
	size_t		got = 0;

	for (size_t i = world->items.n; i > 0 && got < n; i--)
	{
		struct item *item = world->items.at[i - 1];

		if (item->kind != ITEM_POST || item->deleted || !strstr(item->text, words))
			continue;
		if (skip > 0)
			skip--;
		else
			found[got++] = item;
	}
	return got;
}

static void
set_text(char **slot, const char *text)
{
	char	   *copy = sim_strdup(text ? text : "");

	free(*slot);
	*slot = copy;
}

struct user *
world_put_user(struct world *world, const struct user *like)
{
	struct user *user = world_user(world, like->uid);

	if (!user)
	{
		user = sim_alloc(sizeof(*user));
		user->uid = sim_strdup(like->uid);
		user->serial = world->users.n;
		vec_push(&world->users, user);
		map_put(&world->user_by_uid, user->uid, user);
	}
	if (user->screen_name && map_get(&world->user_by_name, user->screen_name) == user)
		map_put(&world->user_by_name, user->screen_name, NULL);
	set_text(&user->screen_name, like->screen_name);
	map_put(&world->user_by_name, user->screen_name, user);
	set_text(&user->province, like->province);
	set_text(&user->city, like->city);
	set_text(&user->domain, like->domain);
	set_text(&user->description, like->description);
	user->followers = like->followers;
	user->verified = like->verified;
	user->messages_open = like->messages_open;
	if (like->official && !user->official)
	{
		user->official = true;
		vec_push(&world->officials, user);
	}
	journal_user(world, user);
	return user;
}

struct token *
world_put_token(struct world *world, const struct token *like)
{
	struct token *token = world_token(world, like->text);

	if (!token)
	{
		token = sim_alloc(sizeof(*token));
		token->text = sim_strdup(like->text);
		vec_push(&world->tokens, token);
		map_put(&world->token_by_text, token->text, token);
	}
	token->owner = like->owner;
	token->expires_at = like->expires_at;
	token->requests_left = like->requests_left;
	token->revoked = like->revoked;
	token->user_limit = like->user_limit;
	journal_token(world, token);
	return token;
}

/*
 * The next id.  Ids grow, with gaps that depend on the seed and the count only,
 * so that the same calls give the same ids.  With overlapping ids each kind
 * walks the same sequence alone.
 */
static char *
next_id(struct world *world, enum item_kind kind)
{
	uint64_t	n = world->made[world->config.overlap_ids ? kind : 0]++;
	uint64_t	step = n * 1000 + sim_mix(world->seed, n) % 1000;

	switch (world->config.ids)
	{
		case IDS_ABOVE_INT64:
			return sim_format("%" PRIu64, UINT64_C(14184007396556000000) + step);
		case IDS_ABOVE_UINT64:
			return sim_format("3%020" PRIu64, UINT64_C(14184007396556000000) + step);
		case IDS_PLAIN:
			break;
	}
	return sim_format("%" PRIu64, UINT64_C(3400000000000000) + step);
}

/* Feeds are in the order of ids; a new item nearly always belongs at the end. */
static void
feed_add(struct user *user, enum feed_kind kind, struct item *item)
{
	struct vec *feed = &user->feed[kind];
	size_t		i = feed->n;

	vec_push(feed, item);
	for (; i > 0; i--)
	{
		struct item *before = feed->at[i - 1];

		if (digits_cmp(before->id, item->id) <= 0)
			break;
		feed->at[i] = before;
	}
	feed->at[i] = item;
}

/*
 * Does a screen name go on at p?  Punctuation ends it, also that of Chinese text
 * (U+2000..2FFF, U+3000..303F, U+F000..FFFF), and so do emoji.
 */
static bool
name_goes_on(const char *p)
{
	unsigned char c = (unsigned char) *p;

	if (c < 0x80)
		return isalnum(c) || c == '_' || c == '-';
	return c != 0xe2 && c != 0xef && c != 0xf0 &&
		!(c == 0xe3 && (unsigned char) p[1] == 0x80);
}

static bool
text_mentions(const char *text, const char *screen_name)
{
	size_t		len = strlen(screen_name);

	for (const char *at = strchr(text, '@'); at; at = strchr(at + 1, '@'))
		if (strncmp(at + 1, screen_name, len) == 0 && !name_goes_on(at + 1 + len))
			return true;
	return false;
}

static void
find_mentions(struct world *world, struct item *item)
{
	if (item->kind == ITEM_MESSAGE)
		return;
	for (size_t i = 0; i < world->officials.n; i++)
	{
		struct user *user = world->officials.at[i];

		if (user == item->author)
			continue;
		if (user == item->addressed || text_mentions(item->sent_text, user->screen_name))
			vec_push(&item->mentioned, user);
	}
}

static void
place_comment(struct item *item)
{
	struct user *owner = item->parent->author;
	struct user *answered = item->answers ? item->answers->author : NULL;

	feed_add(item->author, FEED_COMMENTS_BY_ME, item);
	if (owner != item->author)
		feed_add(owner, FEED_COMMENTS_TO_ME, item);
	if (answered && answered != item->author && answered != owner)
		feed_add(answered, FEED_COMMENTS_TO_ME, item);
	vec_push(&item->parent->comments, item);
	item->parent->standing++;
}

/* Puts an item where each of its readers will find it. */
static void
place_item(struct item *item)
{
	enum feed_kind mentions = FEED_MENTIONS;

	switch (item->kind)
	{
		case ITEM_POST:
			feed_add(item->author, FEED_POSTS, item);
			break;
		case ITEM_COMMENT:
			place_comment(item);
			mentions = FEED_COMMENT_MENTIONS;
			break;
		default:
			feed_add(item->author, FEED_MESSAGES_SENT, item);
			feed_add(item->recipient, FEED_MESSAGES, item);
	}
	for (size_t i = 0; i < item->mentioned.n; i++)
		feed_add(item->mentioned.at[i], mentions, item);
}

struct item *
world_add_item(struct world *world, const struct item_spec *spec)
{
	struct item *item = sim_alloc(sizeof(*item));
	char	   *id = next_id(world, spec->kind);

	if (spec->id)
	{
		free(id);
		id = sim_strdup(spec->id);
	}
	item->kind = spec->kind;
	item->id = id;
	item->act = spec->act;
	item->author = spec->author;
	item->recipient = spec->recipient;
	item->addressed = spec->addressed;
	item->parent = spec->parent;
	item->answers = spec->answers;
	item->text = sim_strdup(spec->text);
	item->sent_text = sim_strdup(spec->sent_text ? spec->sent_text : spec->text);
	item->at_ms = world->now_ms;
	item->created_at = spec->created_at ? spec->created_at : world->now_ms / 1000;
	find_mentions(world, item);
	place_item(item);
	vec_push(&world->items, item);
	map_put(&world->item_by_id[item->kind], item->id, item);
	journal_item(world, item);
	world_push_item(world, item);
	return item;
}

/* The item stays known (its children show it as deleted) but leaves every feed. */
void
world_delete_item(struct world *world, struct item *item)
{
	if (item->kind == ITEM_COMMENT && !item->deleted)
		item->parent->standing--;
	item->deleted = true;
	journal_delete(world, item);
}

void
world_set_follow(struct world *world, struct user *who, struct user *whom, bool follows)
{
	bool		followed = map_get(&who->follows, whom->uid) != NULL;

	who->friends += (int) follows - (int) followed;
	map_put(&who->follows, whom->uid, follows ? whom : NULL);
	if (follows || followed)
		map_put(&who->left, whom->uid, follows ? NULL : whom);
	journal_follow(world, who, whom, follows);
	if (follows != followed)
		world_push_follow(world, who, whom, follows);
}

void
world_set_config(struct world *world, const struct config *config)
{
	world->config = *config;
	journal_config(world);
}
