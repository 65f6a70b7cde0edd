/*
 * journal.c
 *	  Writing the journal; replay.c reads it.
 *
 * A line that can't be written ends the process: a truth that is silently
 * incomplete proves nothing.
 */
#include "journal.h"
#include "out.h"

#include <stdlib.h>

static void
begin(const struct world *world, struct out *line, const char *event)
{
	out_open(line, NULL, '{');
	out_text(line, "e", event);
	out_int(line, "at", world->now_ms);
}

static void
end(struct world *world, struct out *line)
{
	out_close(line, '}');
	out_bytes(line, "\n", 1);
	if (fwrite(line->data, 1, line->len, world->journal) != line->len ||
		fflush(world->journal) != 0)
	{
		perror("kefu-sim: cannot write the journal");
		exit(1);
	}
	out_free(line);
}

void
journal_user(struct world *world, const struct user *user)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "user");
	out_text(&line, "uid", user->uid);
	out_text(&line, "screen_name", user->screen_name);
	out_text(&line, "province", user->province);
	out_text(&line, "city", user->city);
	out_text(&line, "domain", user->domain);
	out_text(&line, "description", user->description);
	out_int(&line, "followers", user->followers);
	out_bool(&line, "verified", user->verified);
	out_bool(&line, "messages_open", user->messages_open);
	out_bool(&line, "official", user->official);
	end(world, &line);
}

void
journal_token(struct world *world, const struct token *token)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "token");
	out_text(&line, "token", token->text);
	out_text(&line, "uid", token->owner->uid);
	out_int(&line, "expires_at", token->expires_at);
	out_int(&line, "requests_left", token->requests_left);
	out_bool(&line, "revoked", token->revoked);
	out_int(&line, "user_limit", token->user_limit);
	end(world, &line);
}

void
journal_item(struct world *world, const struct item *item)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "item");
	out_text(&line, "kind", item_names[item->kind]);
	out_text(&line, "id", item->id);
	out_text(&line, "act", act_names[item->act]);
	out_text(&line, "author", item->author->uid);
	out_text(&line, "recipient", item->recipient ? item->recipient->uid : NULL);
	out_text(&line, "addressed", item->addressed ? item->addressed->uid : NULL);
	out_text(&line, "parent", item->parent ? item->parent->id : NULL);
	out_text(&line, "answers", item->answers ? item->answers->id : NULL);
	out_text(&line, "text", item->text);
	out_text(&line, "sent_text", item->sent_text);
	out_int(&line, "created_at", item->created_at);
	end(world, &line);
}

void
journal_delete(struct world *world, const struct item *item)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "delete");
	out_text(&line, "kind", item_names[item->kind]);
	out_text(&line, "id", item->id);
	end(world, &line);
}

void
journal_follow(struct world *world, const struct user *who, const struct user *whom,
			   bool follows)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "follow");
	out_text(&line, "who", who->uid);
	out_text(&line, "whom", whom->uid);
	out_bool(&line, "follows", follows);
	end(world, &line);
}

void
journal_config(struct world *world)
{
	const struct config *config = &world->config;
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "config");
	out_int(&line, "ids", config->ids);
	out_bool(&line, "overlap_ids", config->overlap_ids);
	out_bool(&line, "string_error_codes", config->string_error_codes);
	out_bool(&line, "require_rip", config->require_rip);
	out_bool(&line, "rate_headers", config->rate_headers);
	out_int(&line, "cut_at", config->cut_at);
	out_int(&line, "reply_window", config->reply_window);
	out_int(&line, "replies_per_mention", config->replies_per_mention);
	out_int(&line, "user_limit", config->user_limit);
	out_int(&line, "ip_limit", config->ip_limit);
	out_int(&line, "window", config->window);
	for (int i = 0; i < RATE_CLASSES; i++)
		out_int(&line, class_names[i], config->class_limit[i]);
	end(world, &line);
}

void
journal_push_config(struct world *world, const struct user *account)
{
	const struct push_config *how = &account->push;
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "push_config");
	out_text(&line, "uid", account->uid);
	out_text(&line, "url", how->url);
	out_text(&line, "app_secret", how->secret);
	out_int(&line, "tries", how->tries);
	out_int(&line, "patience_ms", how->patience_ms);
	out_int(&line, "pause_ms", how->pause_ms);
	out_int(&line, "at_once", how->at_once);
	out_int(&line, "shuffle", how->shuffle);
	out_real(&line, "again", how->again);
	out_real(&line, "hang_up", how->hang_up);
	out_real(&line, "keyless", how->keyless);
	out_real(&line, "forged", how->forged);
	out_real(&line, "odd", how->odd);
	out_bool(&line, "sign_anew", how->sign_anew);
	end(world, &line);
}

void
journal_push(struct world *world, const struct push *push, long status, bool taken,
			 enum push_answer answer)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "push");
	out_int(&line, "serial", (long long) push->serial);
	out_int(&line, "status", status);
	out_bool(&line, "taken", taken);
	out_text(&line, "answer", push_answer_names[answer]);
	end(world, &line);
}

void
journal_reset(struct world *world)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "reset");
	end(world, &line);
}

void
journal_attempt(struct world *world, const struct attempt *attempt, bool cut,
				enum refusal refusal, const struct item *made)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "attempt");
	out_text(&line, "action", action_names[attempt->action]);
	out_text(&line, "account", attempt->account->uid);
	out_text(&line, "post", attempt->parent);
	out_text(&line, "comment", attempt->answers);
	out_text(&line, "recipient", attempt->recipient);
	out_text(&line, "text", attempt->text);
	out_bool(&line, "cut", cut);
	out_text(&line, "refusal", refusal_names[refusal]);
	out_text(&line, "made_kind", made ? item_names[made->kind] : NULL);
	out_text(&line, "made", made ? made->id : NULL);
	end(world, &line);
}

void
journal_request(struct world *world, const char *name, const char *token_text,
				const char *address, enum rate_class rate_class, bool charged,
				enum refusal refusal)
{
	struct out	line = {0};

	if (!world->journal)
		return;
	begin(world, &line, "request");
	out_text(&line, "name", name);
	out_text(&line, "token", token_text);
	out_text(&line, "address", address);
	out_text(&line, "class", class_names[rate_class]);
	out_bool(&line, "charged", charged);
	out_text(&line, "refusal", refusal_names[refusal]);
	end(world, &line);
}
