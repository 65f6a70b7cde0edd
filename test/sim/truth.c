/*
 * truth.c
 *	  What really happened, for whoever has to prove something.
 *
 * Ids are texts here, instants are epoch seconds (created_at) or milliseconds
 * (at), and nothing is left out: deleted things are marked, refused requests are
 * listed one by one.
 */
#include "serve.h"

#include <string.h>

static void
out_item_head(struct out *out, const struct item *item)
{
	out_open(out, NULL, '{');
	out_text(out, "id", item->id);
	out_text(out, "item", item_names[item->kind]);
	out_text(out, "parent", item->parent ? item->parent->id : NULL);
	out_text(out, "answers", item->answers ? item->answers->id : NULL);
	out_text(out, "text", item->text);
	out_int(out, "created_at", item->created_at);
	out_int(out, "at", item->at_ms);
	out_bool(out, "deleted", item->deleted);
	out_int(out, "served", item->served);
}

static void
out_feed(struct out *out, const struct user *user, enum feed_kind feed)
{
	if (!user->official)
		return;
	out_open(out, NULL, '{');
	out_text(out, "account", user->uid);
	out_text(out, "feed", feed_names[feed]);
	out_close(out, '}');
}

/* The feeds of our accounts that carry the item: where it has to be found. */
static void
out_feeds(struct out *out, const struct item *item)
{
	enum feed_kind mentions = item->kind == ITEM_COMMENT
		? FEED_COMMENT_MENTIONS : FEED_MENTIONS;

	out_open(out, "feeds", '[');
	if (item->kind == ITEM_COMMENT)
	{
		struct user *owner = item->parent->author;
		struct user *answered = item->answers ? item->answers->author : NULL;

		if (owner != item->author)
			out_feed(out, owner, FEED_COMMENTS_TO_ME);
		if (answered && answered != item->author && answered != owner)
			out_feed(out, answered, FEED_COMMENTS_TO_ME);
	}
	if (item->kind == ITEM_MESSAGE)
		out_feed(out, item->recipient, FEED_MESSAGES);
	for (size_t i = 0; i < item->mentioned.n; i++)
		out_feed(out, item->mentioned.at[i], mentions);
	out_close(out, ']');
}

static void
out_inbound(const struct world *world, struct out *out)
{
	out_open(out, "inbound", '[');
	for (size_t i = 0; i < world->items.n; i++)
	{
		const struct item *item = world->items.at[i];

		if (item->act == ACT_API)
			continue;
		out_item_head(out, item);
		out_text(out, "kind", act_names[item->act]);
		out_text(out, "author", item->author->uid);
		out_feeds(out, item);
		out_close(out, '}');
	}
	out_close(out, ']');
}

static void
out_writes(const struct world *world, struct out *out)
{
	out_open(out, "writes", '[');
	for (size_t i = 0; i < world->items.n; i++)
	{
		const struct item *item = world->items.at[i];

		if (item->act != ACT_API)
			continue;
		out_item_head(out, item);
		out_text(out, "kind", item->attempt ? action_names[item->attempt->action] : NULL);
		out_text(out, "account", item->author->uid);
		out_text(out, "recipient", item->recipient ? item->recipient->uid : NULL);
		out_text(out, "sent_text", item->sent_text);
		out_int(out, "requests", item->attempt ? item->attempt->requests : 0);
		out_close(out, '}');
	}
	out_close(out, ']');
}

static void
out_attempt(struct out *out, const struct attempt *attempt)
{
	out_open(out, NULL, '{');
	out_text(out, "action", action_names[attempt->action]);
	out_text(out, "account", attempt->account->uid);
	out_text(out, "parent", attempt->parent);
	out_text(out, "answers", attempt->answers);
	out_text(out, "recipient", attempt->recipient);
	out_text(out, "text", attempt->text);
	out_int(out, "requests", attempt->requests);
	out_int(out, "applied", attempt->applied);
	out_int(out, "refused", attempt->refused);
	out_int(out, "cut", attempt->cut);
	out_open(out, "ids", '[');
	for (size_t i = 0; i < attempt->items.n; i++)
		out_text(out, NULL, ((struct item *) attempt->items.at[i])->id);
	out_close(out, ']');
	out_close(out, '}');
}

static void
out_attempts(const struct world *world, struct out *out)
{
	out_open(out, "attempts", '[');
	for (size_t i = 0; i < world->attempts.n; i++)
		out_attempt(out, world->attempts.at[i]);
	out_close(out, ']');
}

static void
out_counters(struct out *out, const char *key, const struct vec *counters)
{
	out_open(out, key, '[');
	for (size_t i = 0; i < counters->n; i++)
	{
		const struct counter *counter = counters->at[i];

		out_open(out, NULL, '{');
		out_text(out, "name", counter->name);
		out_int(out, "requests", counter->requests);
		out_int(out, "refused", counter->refused);
		out_close(out, '}');
	}
	out_close(out, ']');
}

static void
out_requests(const struct world *world, struct out *out)
{
	out_open(out, "requests", '{');
	out_counters(out, "paths", &world->paths);
	out_counters(out, "addresses", &world->addresses);
	out_open(out, "tokens", '[');
	for (size_t i = 0; i < world->tokens.n; i++)
	{
		const struct token *token = world->tokens.at[i];

		out_open(out, NULL, '{');
		out_text(out, "name", token->text);
		out_text(out, "account", token->owner->uid);
		out_int(out, "requests", token->requests);
		out_int(out, "refused", token->refused);
		out_int(out, "in_window", token->all.used);
		out_close(out, '}');
	}
	out_close(out, ']');
	out_close(out, '}');
}

static void
out_refused(const struct world *world, struct out *out)
{
	out_open(out, "refused", '[');
	for (size_t i = 0; i < world->refusals.n; i++)
	{
		const struct refused *refused = world->refusals.at[i];

		out_open(out, NULL, '{');
		out_int(out, "at", refused->at_ms);
		out_text(out, "name", refused->name);
		out_text(out, "token", refused->token);
		out_text(out, "why", refusal_names[refused->why]);
		out_close(out, '}');
	}
	out_close(out, ']');
}

static void
out_pushes(const struct world *world, struct out *out)
{
	out_open(out, "pushes", '[');
	for (size_t i = 0; i < world->pushes.n; i++)
	{
		const struct push *push = world->pushes.at[i];

		out_open(out, NULL, '{');
		out_text(out, "kind", push_kind_names[push->kind]);
		out_text(out, "state", push_state_names[push->state]);
		out_text(out, "account", push->account->uid);
		out_text(out, "about", push->about ? push->about->uid : NULL);
		out_text(out, "item", push->item ? item_names[push->item->kind] : NULL);
		out_text(out, "id", push->item ? push->item->id : NULL);
		out_text(out, "text", push->item ? push->item->text : NULL);
		out_bool(out, "keyless", push->keyless);
		out_int(out, "tries", push->tries);
		out_int(out, "acknowledged", push->acknowledged);
		out_int(out, "refused", push->refused);
		out_int(out, "unanswered", push->unanswered);
		out_int(out, "last_status", push->last_status);
		out_int(out, "answers", push->answers[ANSWER_APPLIED]);
		out_int(out, "answers_refused", push->answers[ANSWER_REFUSED]);
		out_close(out, '}');
	}
	out_close(out, ']');
}

static void
out_people(const struct world *world, struct out *out)
{
	out_open(out, "users", '[');
	for (size_t i = 0; i < world->users.n; i++)
	{
		const struct user *user = world->users.at[i];

		out_open(out, NULL, '{');
		out_text(out, "uid", user->uid);
		out_text(out, "screen_name", user->screen_name);
		out_bool(out, "official", user->official);
		out_open(out, "follows", '[');
		for (size_t j = 0; j < user->follows.cap; j++)
			if (user->follows.slot[j].value)
				out_text(out, NULL, user->follows.slot[j].key);
		out_close(out, ']');
		out_close(out, '}');
	}
	out_close(out, ']');
}

/* Writes all parts, or the one that the parameter part names. */
void
truth_write(struct world *world, const struct request *request, struct out *out)
{
	static const struct
	{
		const char *name;
		void		(*write) (const struct world *world, struct out *out);
	}			parts[] = {
		{"users", out_people},
		{"inbound", out_inbound},
		{"writes", out_writes},
		{"attempts", out_attempts},
		{"requests", out_requests},
		{"refused", out_refused},
		{"pushes", out_pushes},
	};
	const char *only = request_param(request, "part");

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!only || strcmp(only, parts[i].name) == 0)
			parts[i].write(world, out);
}

/* Is value what the parameter asks for? Not asked for is a yes. */
static bool
agrees(const struct request *request, const char *name, const char *value)
{
	const char *asked = request_param(request, name);

	return !asked || (value && strcmp(asked, value) == 0);
}

/*
 * What one parent (a post, or the comment that was answered) or one recipient got
 * from us: each text with the number of times it was applied.
 */
void
truth_replies(struct world *world, const struct request *request, struct out *out)
{
	long		applied = 0;

	out_open(out, "replies", '[');
	for (size_t i = 0; i < world->attempts.n; i++)
	{
		const struct attempt *attempt = world->attempts.at[i];

		if (attempt->action != ACTION_COMMENT && attempt->action != ACTION_REPLY &&
			attempt->action != ACTION_MESSAGE && attempt->action != ACTION_ANSWER)
			continue;
		if ((!agrees(request, "parent", attempt->parent) &&
			 !agrees(request, "parent", attempt->answers)) ||
			!agrees(request, "recipient", attempt->recipient))
			continue;
		out_attempt(out, attempt);
		applied += attempt->applied;
	}
	out_close(out, ']');
	out_int(out, "applied", applied);
}
