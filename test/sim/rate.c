/*
 * rate.c
 *	  Tokens, rate windows and the counters of requests.
 *
 * A window begins with the first request after the last one ended and lasts
 * exactly config.window seconds, so that a test can say how many requests fit.
 * Only requests that pass take a share; refused ones are counted apart.
 */
#include "world.h"
#include "journal.h"

#include <stdlib.h>
#include <string.h>

struct token *
world_token(const struct world *world, const char *text)
{
	return map_get(&world->token_by_text, text);
}

struct counter *
world_counter(struct vec *list, struct map *by_name, const char *name)
{
	struct counter *counter = map_get(by_name, name);

	if (!counter)
	{
		counter = sim_alloc(sizeof(*counter));
		counter->name = sim_strdup(name);
		vec_push(list, counter);
		map_put(by_name, name, counter);
	}
	return counter;
}

long
world_user_limit(const struct world *world, const struct token *token)
{
	return token->user_limit >= 0 ? token->user_limit : world->config.user_limit;
}

/* Empties a window whose time is over. */
void
window_turn(const struct world *world, struct window *window)
{
	if (window->began_ms &&
		world->now_ms - window->began_ms >= (int64_t) world->config.window * 1000)
		memset(window, 0, sizeof(*window));
}

struct rate_left
world_rate_left(const struct world *world, struct token *token)
{
	struct rate_left left = {.limit = world_user_limit(world, token)};

	window_turn(world, &token->all);
	left.calls = left.limit > token->all.used ? left.limit - token->all.used : 0;
	left.reset_ms = (token->all.began_ms ? token->all.began_ms : world->now_ms) +
		(int64_t) world->config.window * 1000;
	return left;
}

static bool
window_full(const struct world *world, struct window *window, long limit)
{
	window_turn(world, window);
	return limit > 0 && window->used >= limit;
}

static void
window_take(const struct world *world, struct window *window)
{
	window_turn(world, window);
	if (!window->began_ms)
		window->began_ms = world->now_ms;
	window->used++;
}

static enum refusal
token_refusal(const struct world *world, const struct token *token, const char *text)
{
	if (!text || !*text)
		return REFUSE_NO_TOKEN;
	if (!token || token->revoked)
		return REFUSE_BAD_TOKEN;
	if (token->requests_left == 0 ||
		(token->expires_at && world->now_ms / 1000 >= token->expires_at))
		return REFUSE_EXPIRED_TOKEN;
	return REFUSE_NOTHING;
}

enum refusal
world_admit(struct world *world, struct token *token, const char *token_text,
			const char *address, enum rate_class rate_class)
{
	enum refusal refusal = token_refusal(world, token, token_text);
	struct counter *from;

	if (refusal != REFUSE_NOTHING || rate_class == RATE_FREE)
		return refusal;
	from = world_counter(&world->addresses, &world->address_by_name, address);
	if (window_full(world, &from->window, world->config.ip_limit))
		return REFUSE_RATE_IP;
	if (window_full(world, &token->all, world_user_limit(world, token)))
		return REFUSE_RATE_USER;
	if (window_full(world, &token->of_class[rate_class],
					world->config.class_limit[rate_class]))
		return REFUSE_RATE_CLASS;
	return REFUSE_NOTHING;
}

static void
remember_refusal(struct world *world, const char *name, const char *token_text,
				 enum refusal refusal)
{
	struct refused *refused = sim_alloc(sizeof(*refused));

	refused->at_ms = world->now_ms;
	refused->name = sim_strdup(name);
	refused->token = sim_strdup(token_text);
	refused->why = refusal;
	vec_push(&world->refusals, refused);
}

/*
 * Counts a request that has been dealt with.  charged: it passed world_admit()
 * and takes its share of the windows.
 */
void
world_note_request(struct world *world, const char *name, struct token *token,
				   const char *token_text, const char *address,
				   enum rate_class rate_class, bool charged, enum refusal refusal)
{
	struct counter *path = world_counter(&world->paths, &world->path_by_name, name);
	struct counter *from;
	int			no = refusal != REFUSE_NOTHING;

	from = world_counter(&world->addresses, &world->address_by_name, address);
	path->requests++;
	path->refused += no;
	from->requests++;
	from->refused += no;
	if (token)
	{
		token->requests++;
		token->refused += no;
	}
	if (charged)
	{
		window_take(world, &from->window);
		window_take(world, &token->all);
		window_take(world, &token->of_class[rate_class]);
		if (token->requests_left > 0)
			token->requests_left--;
	}
	if (no)
		remember_refusal(world, name, token_text, refusal);
	journal_request(world, name, token_text, address, rate_class, charged, refusal);
}
