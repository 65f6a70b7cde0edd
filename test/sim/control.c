/*
 * control.c
 *	  /_sim/: how a test furnishes the world, breaks it and looks at it.
 *
 * Not part of any dialect and never counted, limited or broken by faults.
 * Errors are HTTP 400 with {"error": "..."}; nothing of a refused request is
 * done, but of act_many what stood before the bad entry is.
 */
#include "serve.h"
#include "read.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const id_styles[] = {"plain", "above_int64", "above_uint64"};

/* --- people --------------------------------------------------------------------- */

static void
put_follows(struct world *world, struct user *user, struct json_object *spec)
{
	struct json_object *list = read_member(spec, "follows");

	if (!json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++)
	{
		struct user *whom = world_user(world, json_object_get_string(
											json_object_array_get_idx(list, i)));

		if (whom)
			world_set_follow(world, user, whom, true);
	}
}

static struct user *
put_user(struct world *world, struct json_object *spec, bool official, const char **error)
{
	struct user like = {
		.uid = (char *) read_text(spec, "uid", NULL),
		.screen_name = (char *) read_text(spec, "screen_name", NULL),
		.province = (char *) read_text(spec, "province", "44"),
		.city = (char *) read_text(spec, "city", "1"),
		.domain = (char *) read_text(spec, "domain", ""),
		.description = (char *) read_text(spec, "description", ""),
		.followers = read_int(spec, "followers", 0),
		.verified = read_bool(spec, "verified", official),
		.messages_open = read_bool(spec, "messages_open", false),
		.official = official,
	};
	struct user *user;

	if (!is_digits(like.uid) || *like.uid == '0')
		*error = "uid must be a number";
	else if (!like.screen_name || !*like.screen_name)
		*error = "screen_name is missing";
	if (*error)
		return NULL;
	user = world_put_user(world, &like);
	put_follows(world, user, spec);
	return user;
}

/* Changes (or makes) a token; what spec doesn't name stays, or is without bounds. */
static const char *
put_token(struct world *world, struct json_object *spec, struct user *owner)
{
	const char *text = read_text(spec, "token", NULL);
	struct token *old = world_token(world, text);
	struct token like = {.requests_left = -1, .user_limit = -1};
	int64_t		expires_in = read_int(spec, "expires_in", -1);

	if (!text || !*text)
		return "token is missing";
	if (old)
		like = *old;
	if (!owner)
		owner = world_user(world, read_text(spec, "uid", NULL));
	like.owner = owner ? owner : like.owner;
	if (!like.owner)
		return "no such account";
	like.text = (char *) text;
	like.expires_at = read_int(spec, "expires_at", like.expires_at);
	if (expires_in >= 0)
		like.expires_at = world->now_ms / 1000 + expires_in;
	like.requests_left = read_int(spec, "expires_after_requests", like.requests_left);
	like.revoked = read_bool(spec, "revoked", like.revoked);
	like.user_limit = read_int(spec, "user_limit", like.user_limit);
	world_put_token(world, &like);
	return NULL;
}

static const char *
post_account(struct world *world, struct json_object *spec, struct out *out)
{
	const char *error = NULL;
	struct user *user;

	if (!read_text(spec, "token", NULL))
		return "token is missing";
	user = put_user(world, spec, true, &error);
	if (!user)
		return error;
	out_text(out, "uid", user->uid);
	return put_token(world, spec, user);
}

static const char *
post_user(struct world *world, struct json_object *spec, struct out *out)
{
	const char *error = NULL;
	struct user *user = put_user(world, spec, false, &error);

	if (user)
		out_text(out, "uid", user->uid);
	return error;
}

static const char *
post_token(struct world *world, struct json_object *spec, struct out *out)
{
	const char *error = put_token(world, spec, NULL);

	if (!error)
		out_text(out, "token", read_text(spec, "token", NULL));
	return error;
}

static const char *
post_push(struct world *world, struct json_object *spec, struct out *out)
{
	struct user *account = world_user(world, read_text(spec, "account", NULL));
	struct push_config how;
	const char *error;

	if (!account || !account->official)
		return "no such account";
	how = account->push;
	error = push_read_config(spec, &how);
	if (error)
		return error;
	world_set_push(world, account, &how);
	out_text(out, "account", account->uid);
	return NULL;
}

/* --- what customers do ------------------------------------------------------------ */

static const char *
act_delete(struct world *world, struct json_object *spec)
{
	const char *id = read_text(spec, "id", NULL);
	int			only = name_index(item_names, ITEM_KINDS, read_text(spec, "item", NULL));
	struct item *item = NULL;

	for (int kind = 0; kind < ITEM_KINDS && !item; kind++)
		if (only < 0 || only == kind)
			item = world_item(world, kind, id);
	if (!item || item->deleted)
		return "nothing of that id stands";
	world_delete_item(world, item);
	return NULL;
}

static const char *
act_follow(struct world *world, struct json_object *spec, bool follows)
{
	struct user *who = world_user(world, read_text(spec, "uid", NULL));
	struct user *whom = world_user(world, read_text(spec, "account", NULL));

	if (!who || !whom)
		return "uid and account must be known";
	world_set_follow(world, who, whom, follows);
	return NULL;
}

/* The post under which a comment goes: the one named, or one made for it. */
static const char *
find_parent(struct world *world, struct json_object *spec, struct item_spec *item)
{
	const char *id = read_text(spec, "parent", NULL);
	struct item_spec post = {.kind = ITEM_POST, .act = ACT_POST, .text = "随手一条"};

	if (item->act == ACT_REPLY_TO_COMMENT)
	{
		item->answers = world_item(world, ITEM_COMMENT, id);
		if (!item->answers)
			return "parent must be a comment";
		item->parent = item->answers->parent;
		return NULL;
	}
	if (id)
		item->parent = world_item(world, ITEM_POST, id);
	else if (item->act == ACT_COMMENT_MENTION)
	{
		post.author = item->author;
		item->parent = world_add_item(world, &post);
	}
	return item->parent ? NULL : "parent must be a post";
}

/* Fills *item with what the act makes. */
static const char *
read_act(struct world *world, struct json_object *spec, int act, struct item_spec *item)
{
	struct user *account = world_user(world, read_text(spec, "account", NULL));

	*item = (struct item_spec) {.act = act};
	item->author = world_user(world, read_text(spec, "uid", NULL));
	item->text = read_text(spec, "text", NULL);
	item->created_at = read_int(spec, "created_at", 0);
	if (!item->author)
		return "no such uid";
	if (!item->text || !utf8_valid(item->text, strlen(item->text)))
		return "text is missing or not UTF-8";
	if (read_text(spec, "account", NULL) && !account)
		return "no such account";
	switch (act)
	{
		case ACT_POST:
			return NULL;
		case ACT_POST_MENTION:
			item->addressed = account;
			return account ? NULL : "account is missing";
		case ACT_REPOST:
			item->addressed = account;
			return find_parent(world, spec, item);
		case ACT_DM:
			item->kind = ITEM_MESSAGE;
			item->recipient = account;
			return account ? NULL : "account is missing";
		case ACT_COMMENT_MENTION:
			if (!account)
				return "account is missing";
			item->addressed = account;
			/* FALLTHROUGH */
		default:
			item->kind = ITEM_COMMENT;
			return find_parent(world, spec, item);
	}
}

/* Does one act. *made: the item, NULL where none comes of it. */
static const char *
do_act(struct world *world, struct json_object *spec, struct item **made)
{
	const char *kind = read_text(spec, "kind", "");
	int			act = name_index(act_names, ACTS, kind);
	struct item_spec item;
	const char *error;

	*made = NULL;
	if (strcmp(kind, "delete") == 0)
		return act_delete(world, spec);
	if (strcmp(kind, "follow") == 0 || strcmp(kind, "unfollow") == 0)
		return act_follow(world, spec, kind[0] == 'f');
	if (act < 0 || act == ACT_API || act == ACT_INSERTED)
		return "no such kind of act";
	error = read_act(world, spec, act, &item);
	if (!error)
		*made = world_add_item(world, &item);
	return error;
}

static const char *
post_act(struct world *world, struct json_object *spec, struct out *out)
{
	struct item *made;
	const char *error = do_act(world, spec, &made);

	if (!error)
		out_text(out, "id", made ? made->id : NULL);
	return error;
}

static const char *
post_act_many(struct world *world, struct json_object *spec, struct out *out)
{
	const char *error = NULL;
	struct item *made;
	size_t		n;
	size_t		i;

	if (!json_object_is_type(spec, json_type_array))
		return "an array is needed";
	n = json_object_array_length(spec);
	out_open(out, "ids", '[');
	for (i = 0; i < n && !error; i++)
	{
		error = do_act(world, json_object_array_get_idx(spec, i), &made);
		if (!error)
			out_text(out, NULL, made ? made->id : NULL);
	}
	out_close(out, ']');
	out_int(out, "done", (long long) (error ? i - 1 : i));
	return error;
}

/* --- faults, settings, the rest ----------------------------------------------------- */

static const char *
post_fault(struct world *world, struct json_object *spec, struct out *out)
{
	const char *error = NULL;
	struct fault *fault = fault_put(world, spec, &error);

	if (fault)
		out_int(out, "id", fault->id);
	return error;
}

static const char *
post_config(struct world *world, struct json_object *spec, struct out *out)
{
	struct config config = world->config;
	const char *ids = read_text(spec, "ids", id_styles[config.ids]);
	int			style = name_index(id_styles, 3, ids);

	if (style < (int) config.ids)
		return "ids can only grow: plain, above_int64, above_uint64";
	config.ids = style;
	config.overlap_ids = read_bool(spec, "overlap_ids", config.overlap_ids);
	config.string_error_codes = read_bool(spec, "string_error_codes",
										  config.string_error_codes);
	config.require_rip = read_bool(spec, "require_rip", config.require_rip);
	config.rate_headers = read_bool(spec, "rate_headers", config.rate_headers);
	config.cut_at = read_int(spec, "cut_at", config.cut_at);
	config.reply_window = read_int(spec, "reply_window", config.reply_window);
	config.replies_per_mention = read_int(spec, "replies_per_mention",
										  config.replies_per_mention);
	config.user_limit = read_int(spec, "user_limit", config.user_limit);
	config.ip_limit = read_int(spec, "ip_limit", config.ip_limit);
	config.window = read_int(spec, "window", config.window);
	for (int i = 0; i < RATE_CLASSES; i++)
	{
		char	   *name = sim_format("%s_limit", class_names[i]);

		config.class_limit[i] = read_int(spec, name, config.class_limit[i]);
		free(name);
	}
	if (config.window <= 0)
		return "window must be above 0";
	if (config.overlap_ids != world->config.overlap_ids && world->items.n > 0)
		return "overlap_ids must be chosen before anything is written";
	world_set_config(world, &config);
	out_text(out, "ids", id_styles[config.ids]);
	return NULL;
}

static const char *
post_reset(struct world *world, struct json_object *spec, struct out *out)
{
	(void) spec;
	world_reset(world);
	out_bool(out, "reset", true);
	return NULL;
}

static void
get_health(const struct world *world, struct out *out)
{
	out_bool(out, "ok", true);
	out_text(out, "name", "kefu-sim");
	out_int(out, "pid", (long long) getpid());
	out_int(out, "accounts", (long long) world->officials.n);
	out_int(out, "users", (long long) world->users.n);
	out_int(out, "items", (long long) world->items.n);
	out_int(out, "faults", (long long) world->faults.n);
}

/* --- the door -------------------------------------------------------------------- */

struct post_path
{
	const char *path;
	const char *(*post) (struct world *world, struct json_object *spec, struct out *out);
};

static const struct post_path post_paths[] = {
	{"/_sim/account", post_account},
	{"/_sim/user", post_user},
	{"/_sim/token", post_token},
	{"/_sim/push", post_push},
	{"/_sim/act", post_act},
	{"/_sim/act_many", post_act_many},
	{"/_sim/fault", post_fault},
	{"/_sim/config", post_config},
	{"/_sim/reset", post_reset},
};

static const char *
control_post(struct world *world, const struct request *request, struct out *out)
{
	const char *text = request->body.len ? request->body.data : "{}";
	const char *error = "no such path";
	struct json_object *spec = NULL;

	if (utf8_valid(text, strlen(text)))
		spec = json_tokener_parse(text);
	if (!spec)
		return "the body is not JSON";
	for (size_t i = 0; i < sizeof(post_paths) / sizeof(post_paths[0]); i++)
		if (strcmp(request->path, post_paths[i].path) == 0)
			error = post_paths[i].post(world, spec, out);
	json_object_put(spec);
	return error;
}

static const char *
control_get(struct world *world, const struct request *request, struct out *out)
{
	if (strcmp(request->path, "/_sim/health") == 0)
		get_health(world, out);
	else if (strcmp(request->path, "/_sim/fault") == 0)
		fault_list(world, out, "faults");
	else if (strcmp(request->path, "/_sim/truth") == 0)
		truth_write(world, request, out);
	else if (strcmp(request->path, "/_sim/truth/replies") == 0)
		truth_replies(world, request, out);
	else
		return "no such path";
	return NULL;
}

void
serve_control(struct world *world, const struct request *request, struct reply *reply)
{
	struct out *out = &reply->body;
	const char *id = request_param(request, "id");
	const char *error = "no such path";

	out_open(out, NULL, '{');
	if (strcmp(request->method, "GET") == 0)
		error = control_get(world, request, out);
	else if (strcmp(request->method, "POST") == 0)
		error = control_post(world, request, out);
	else if (strcmp(request->method, "DELETE") == 0 &&
			 strcmp(request->path, "/_sim/fault") == 0)
	{
		out_int(out, "removed", fault_remove(world, id ? atol(id) : 0));
		error = NULL;
	}
	if (error)
	{
		reply->status = 400;
		out_text(out, "error", error);
	}
	out_close(out, '}');
}
