/*
 * apply.c
 *	  What our accounts may write, and the count of how often they asked.
 *
 * The rules are those every dialect shares: the target must exist, one deletes
 * one's own things only, the same text twice running under the same parent is
 * refused, a message needs a recipient who follows the sender, an answer of the fan
 * service somebody who asked.  Lengths and parameters are the face's business (intent->refusal).
 */
#include "world.h"
#include "journal.h"

#include <stdlib.h>
#include <string.h>

/* Is text what this account said last, among the things still standing in list? */
static bool
said_last(const struct vec *list, const struct intent *intent, const struct item *answers)
{
	for (size_t i = list->n; i > 0; i--)
	{
		const struct item *item = list->at[i - 1];

		if (item->author == intent->account && !item->deleted && item->answers == answers)
			return strcmp(item->sent_text, intent->text) == 0;
	}
	return false;
}

static struct item *
add_own(struct world *world, const struct intent *intent, struct item_spec *spec)
{
	spec->act = ACT_API;
	spec->author = intent->account;
	if (!spec->text)
		spec->text = intent->text;
	spec->sent_text = intent->text;
	return world_add_item(world, spec);
}

static enum refusal
apply_post(struct world *world, const struct intent *intent, struct item **made)
{
	struct item_spec spec = {.kind = ITEM_POST};

	if (said_last(&intent->account->feed[FEED_POSTS], intent, NULL))
		return REFUSE_DUPLICATE;
	*made = add_own(world, intent, &spec);
	return REFUSE_NOTHING;
}

/* What is reposted hangs on the original, also where it is itself a repost. */
static enum refusal
apply_repost(struct world *world, const struct intent *intent, struct item **made)
{
	const struct vec *said = &intent->account->feed[FEED_POSTS];
	struct item_spec spec = {.kind = ITEM_POST};

	spec.parent = world_item(world, ITEM_POST, intent->post);
	if (!spec.parent || spec.parent->deleted)
		return REFUSE_NO_POST;
	if (spec.parent->parent)
		spec.parent = spec.parent->parent;
	for (size_t i = said->n; i > 0; i--)
	{
		const struct item *item = said->at[i - 1];

		if (item->parent == spec.parent && !item->deleted)
		{
			if (strcmp(item->sent_text, intent->text) == 0)
				return REFUSE_DUPLICATE;
			break;
		}
	}
	*made = add_own(world, intent, &spec);
	return REFUSE_NOTHING;
}

static enum refusal
apply_comment(struct world *world, const struct intent *intent, struct item **made)
{
	struct item_spec spec = {.kind = ITEM_COMMENT};
	char	   *prefixed = NULL;

	spec.parent = world_item(world, ITEM_POST, intent->post);
	if (!spec.parent || spec.parent->deleted)
		return REFUSE_NO_POST;
	if (intent->action == ACTION_REPLY)
	{
		spec.answers = world_item(world, ITEM_COMMENT, intent->comment);
		if (!spec.answers || spec.answers->deleted || spec.answers->parent != spec.parent)
			return REFUSE_NO_COMMENT;
		if (intent->prefix_name)
			prefixed = sim_format("回复@%s:%s", spec.answers->author->screen_name,
								  intent->text);
	}
	if (said_last(&spec.parent->comments, intent, spec.answers))
	{
		free(prefixed);
		return REFUSE_DUPLICATE;
	}
	spec.text = prefixed;
	*made = add_own(world, intent, &spec);
	free(prefixed);
	return REFUSE_NOTHING;
}

static enum refusal
apply_message(struct world *world, const struct intent *intent, struct item **made)
{
	struct item_spec spec = {.kind = ITEM_MESSAGE, .recipient = intent->recipient};

	if (!intent->recipient)
		return REFUSE_NO_USER;
	if (!map_get(&intent->recipient->follows, intent->account->uid))
		return REFUSE_NOT_A_FOLLOWER;
	if (said_last(&intent->recipient->feed[FEED_MESSAGES], intent, NULL))
		return REFUSE_DUPLICATE;
	*made = add_own(world, intent, &spec);
	return REFUSE_NOTHING;
}

/*
 * Answers of the fan service: any number within the window of a message, a number of
 * them within that of a mention, none to who has left.
 */
static bool
was_said(const struct world *world, const struct item *item, const struct user *author,
		 int64_t at)
{
	return item->author == author && item->created_at <= at &&
		(world->config.reply_window == 0 ||
		 item->created_at > at - world->config.reply_window);
}

static long
count_said(const struct world *world, const struct vec *feed, const struct user *author,
		   int64_t at)
{
	long		said = 0;

	for (size_t i = 0; i < feed->n; i++)
		said += was_said(world, feed->at[i], author, at);
	return said;
}

bool
world_may_answer(const struct world *world, const struct user *account,
				 const struct user *user)
{
	const struct vec *messages = &account->feed[FEED_MESSAGES];
	const struct vec *sent = &account->feed[FEED_MESSAGES_SENT];
	int64_t		now = world->now_ms / 1000;
	long		mentions;

	if (count_said(world, messages, user, now) > 0)
		return true;
	mentions = count_said(world, &account->feed[FEED_MENTIONS], user, now) +
		count_said(world, &account->feed[FEED_COMMENT_MENTIONS], user, now);
	if (world->config.replies_per_mention == 0)
		return mentions > 0;
	mentions *= world->config.replies_per_mention;
	for (size_t i = 0; i < sent->n; i++)
	{
		const struct item *answer = sent->at[i];

		/* What was sent while a message could be answered took nothing of a mention's. */
		if (answer->recipient == user && was_said(world, answer, account, now) &&
			count_said(world, messages, user, answer->created_at) == 0)
			mentions--;
	}
	return mentions > 0;
}

static enum refusal
apply_answer(struct world *world, const struct intent *intent, struct item **made)
{
	struct item_spec spec = {.kind = ITEM_MESSAGE, .recipient = intent->recipient};

	if (!intent->recipient)
		return REFUSE_NO_USER;
	if (map_get(&intent->recipient->left, intent->account->uid))
		return REFUSE_NOT_A_FOLLOWER;
	if (!world_may_answer(world, intent->account, intent->recipient))
		return REFUSE_UNASKED;
	*made = add_own(world, intent, &spec);
	return REFUSE_NOTHING;
}

static enum refusal
apply_delete(struct world *world, const struct intent *intent, struct item **made)
{
	bool		post = intent->action == ACTION_DELETE_POST;
	struct item *item;

	item = world_item(world, post ? ITEM_POST : ITEM_COMMENT, intent->post);
	if (!item || item->deleted)
		return post ? REFUSE_NO_POST : REFUSE_NO_COMMENT;

	/* The owner of a post may also remove comments under it. */
	if (item->author != intent->account &&
		(post || item->parent->author != intent->account))
		return post ? REFUSE_NOT_YOUR_POST : REFUSE_NOT_YOUR_COMMENT;
	world_delete_item(world, item);
	*made = item;
	return REFUSE_NOTHING;
}

static enum refusal
apply_follow(struct world *world, const struct intent *intent)
{
	bool		follow = intent->action == ACTION_FOLLOW;
	bool		already;

	if (!intent->recipient)
		return REFUSE_NO_USER;
	already = map_get(&intent->account->follows, intent->recipient->uid) != NULL;
	if (already == follow)
		return follow ? REFUSE_ALREADY_FOLLOWED : REFUSE_NOT_FOLLOWED;
	world_set_follow(world, intent->account, intent->recipient, follow);
	return REFUSE_NOTHING;
}

enum refusal
world_apply(struct world *world, const struct intent *intent, struct item **made)
{
	*made = NULL;
	if (intent->refusal != REFUSE_NOTHING)
		return intent->refusal;
	switch (intent->action)
	{
		case ACTION_POST:
			return apply_post(world, intent, made);
		case ACTION_REPOST:
			return apply_repost(world, intent, made);
		case ACTION_COMMENT:
		case ACTION_REPLY:
			return apply_comment(world, intent, made);
		case ACTION_MESSAGE:
			return apply_message(world, intent, made);
		case ACTION_ANSWER:
			return apply_answer(world, intent, made);
		case ACTION_DELETE_POST:
		case ACTION_DELETE_COMMENT:
			return apply_delete(world, intent, made);
		default:
			return apply_follow(world, intent);
	}
}

static const char *
or_empty(const char *text)
{
	return text ? text : "";
}

/* The attempt that this intent belongs to, made on first sight. */
struct attempt *
world_attempt(struct world *world, const struct intent *intent)
{
	const char *recipient = intent->recipient ? intent->recipient->uid : NULL;
	struct attempt *attempt;
	char	   *key;

	key = sim_format("%d\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s", (int) intent->action,
					 intent->account->uid, or_empty(intent->post),
					 or_empty(intent->comment), or_empty(recipient),
					 or_empty(intent->text));
	attempt = map_get(&world->attempt_by_key, key);
	if (attempt)
	{
		free(key);
		return attempt;
	}
	attempt = sim_alloc(sizeof(*attempt));
	attempt->key = key;
	attempt->action = intent->action;
	attempt->account = intent->account;
	attempt->parent = sim_strdup(intent->post);
	attempt->answers = sim_strdup(intent->comment);
	attempt->recipient = sim_strdup(recipient);
	attempt->text = sim_strdup(intent->text);
	vec_push(&world->attempts, attempt);
	map_put(&world->attempt_by_key, key, attempt);
	return attempt;
}

void
world_note_attempt(struct world *world, struct attempt *attempt, bool cut,
				   enum refusal refusal, struct item *made)
{
	attempt->requests++;
	if (cut)
		attempt->cut++;
	else if (refusal != REFUSE_NOTHING && refusal != REFUSE_SUCCESS_WITHOUT_ID)
		attempt->refused++;
	else
		attempt->applied++;
	if (made)
	{
		vec_push(&attempt->items, made);
		if (attempt->action != ACTION_DELETE_POST &&
			attempt->action != ACTION_DELETE_COMMENT)
			made->attempt = attempt;
	}
	journal_attempt(world, attempt, cut, refusal, made);
}
