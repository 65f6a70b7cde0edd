/*
 * push.c
 *	  What is brought to accounts that asked for it, how often, and what came of it.
 *
 * An account is set up first: its receiver must echo.  Then whatever a customer says
 * to it, and who follows it or no longer, becomes a push, among others that are not
 * the platform's or that nobody knows.  Dice depend on the seed and a push's serial
 * alone.  fans.c words them, carry.c brings them.
 */
#include "world.h"
#include "journal.h"
#include "read.h"

#include <stdlib.h>
#include <string.h>

#define SHUFFLE_LIMIT 64

const char *const push_kind_names[PUSH_KINDS] = {
	"setup", "item", "follow", "unfollow", "forged", "odd"
};

const char *const push_state_names[PUSH_STATES] = {
	"waiting", "under_way", "done", "given_up"
};

const char *const push_answer_names[PUSH_ANSWERS] = {"none", "applied", "refused"};

/* Which dice are thrown; part of the seed. */
enum dice
{
	DICE_AGAIN = 1,
	DICE_KEYLESS,
	DICE_FORGED,
	DICE_ODD,
	DICE_DRAW
};

static bool
throw_dice(const struct world *world, enum dice dice, double p)
{
	return sim_chance(world->seed ^ (uint64_t) dice << 40, world->pushes.n, p);
}

static struct push *
add_push(struct world *world, enum push_kind kind, struct user *account, struct user *about)
{
	struct push *push = sim_alloc(sizeof(*push));

	push->serial = world->pushes.n;
	push->kind = kind;
	push->account = account;
	push->about = about;
	push->created_at = world->now_ms / 1000;
	push->due_ms = world->now_ms;
	push->comes_again = kind != PUSH_FORGED && kind != PUSH_SETUP &&
		throw_dice(world, DICE_AGAIN, account->push.again);
	push->keyless = throw_dice(world, DICE_KEYLESS, account->push.keyless);
	vec_push(&world->pushes, push);
	vec_push(&world->open_pushes, push);
	return push;
}

/* A true push, behind those that are not. */
static struct push *
add_true_push(struct world *world, enum push_kind kind, struct user *account,
			  struct user *about)
{
	if (throw_dice(world, DICE_FORGED, account->push.forged))
		add_push(world, PUSH_FORGED, account, about);
	if (throw_dice(world, DICE_ODD, account->push.odd))
		add_push(world, PUSH_ODD, account, about);
	return add_push(world, kind, account, about);
}

static void
push_item_to(struct world *world, struct item *item, struct user *account)
{
	struct push *push;

	if (!account->push.url || item->author == account)
		return;
	push = add_true_push(world, PUSH_ITEM, account, item->author);
	push->item = item;
	push->created_at = item->created_at;
	push->keyless = push->keyless && item->kind != ITEM_MESSAGE;
}

void
world_push_item(struct world *world, struct item *item)
{
	if (item->kind == ITEM_MESSAGE)
		push_item_to(world, item, item->recipient);
	for (size_t i = 0; i < item->mentioned.n; i++)
		push_item_to(world, item, item->mentioned.at[i]);
}

void
world_push_follow(struct world *world, struct user *who, struct user *whom, bool follows)
{
	if (whom->push.url)
		add_true_push(world, follows ? PUSH_FOLLOW : PUSH_UNFOLLOW, whom, who);
}

const char *
push_read_config(struct json_object *spec, struct push_config *like)
{
	like->url = (char *) read_text(spec, "url", like->url);
	like->secret = (char *) read_text(spec, "app_secret", like->secret);
	like->tries = read_int(spec, "tries", like->tries ? like->tries : 3);
	like->patience_ms = read_int(spec, "patience_ms",
								 like->patience_ms ? like->patience_ms : 5000);
	like->pause_ms = read_int(spec, "pause_ms", like->pause_ms ? like->pause_ms : 5000);
	like->at_once = read_int(spec, "at_once", like->at_once ? like->at_once : 4);
	like->shuffle = read_int(spec, "shuffle", like->shuffle ? like->shuffle : 1);
	like->again = read_real(spec, "again", like->again);
	like->hang_up = read_real(spec, "hang_up", like->hang_up);
	like->keyless = read_real(spec, "keyless", like->keyless);
	like->forged = read_real(spec, "forged", like->forged);
	like->odd = read_real(spec, "odd", like->odd);
	like->sign_anew = read_bool(spec, "sign_anew", like->sign_anew);
	if (!like->url || strncmp(like->url, "http://127.0.0.1:", 17) != 0)
		return "url must begin with http://127.0.0.1:";
	if (!like->secret || !*like->secret)
		return "app_secret is missing";
	if (like->tries < 1 || like->patience_ms < 1 || like->pause_ms < 1 ||
		like->at_once < 1 || like->shuffle < 1 || like->shuffle > SHUFFLE_LIMIT)
		return "tries, patience_ms, pause_ms, at_once and shuffle (64 at most) are above 0";
	return NULL;
}

/* A receiver at another address has to echo first. */
void
world_set_push(struct world *world, struct user *account, const struct push_config *like)
{
	struct push_config *how = &account->push;
	bool		same = how->url && strcmp(how->url, like->url) == 0;
	char	   *url = sim_strdup(like->url);
	char	   *secret = sim_strdup(like->secret);

	free(how->url);
	free(how->secret);
	*how = *like;
	how->url = url;
	how->secret = secret;
	journal_push_config(world, account);
	if (same)
		return;
	account->is_set_up = false;
	add_push(world, PUSH_SETUP, account, NULL);
}

static bool
is_ready(const struct world *world, const struct push *push)
{
	return push->state == PUSH_WAITING && push->due_ms <= world->now_ms &&
		(push->account->is_set_up || push->kind == PUSH_SETUP);
}

struct push *
world_next_push(struct world *world, const struct user *account)
{
	struct push *ready[SHUFFLE_LIMIT];
	size_t		n = 0;

	if (!account->push.url || account->under_way >= account->push.at_once)
		return NULL;
	for (size_t i = 0; i < world->open_pushes.n && n < (size_t) account->push.shuffle; i++)
	{
		struct push *push = world->open_pushes.at[i];

		if (push->account == account && is_ready(world, push))
			ready[n++] = push;
	}
	if (n == 0)
		return NULL;
	return ready[sim_mix(world->seed ^ (uint64_t) DICE_DRAW << 40, world->draws++) % n];
}

/* What is over is no longer looked at. */
static void
close_push(struct world *world, const struct push *push)
{
	struct vec *open = &world->open_pushes;
	size_t		kept = 0;

	for (size_t i = 0; i < open->n; i++)
		if (open->at[i] != push)
			open->at[kept++] = open->at[i];
	open->n = kept;
}

void
world_note_push(struct world *world, struct push *push, long status, bool taken,
				enum push_answer answer)
{
	bool		was_taken = push->acknowledged > 0;

	push->tries++;
	push->last_status = status;
	push->answers[answer]++;
	if (taken)
		push->acknowledged++;
	else if (status > 0)
		push->refused++;
	else
		push->unanswered++;
	push->due_ms = world->now_ms + push->account->push.pause_ms;
	push->state = PUSH_WAITING;
	if (was_taken || (taken && !push->comes_again))
		push->state = PUSH_DONE;
	else if (!taken &&
			 (push->kind == PUSH_FORGED || push->tries >= push->account->push.tries))
		push->state = PUSH_GIVEN_UP;
	if (taken && push->kind == PUSH_SETUP)
		push->account->is_set_up = true;
	if (push->state != PUSH_WAITING)
		close_push(world, push);
	journal_push(world, push, status, taken, answer);
}

void
push_free(struct push *push)
{
	free(push->query);
	free(push);
}
