/*
 * netease.c
 *	  The face of NetEase Weibo's API: signed headers, signed ids, and paging with
 *	  its names the wrong way round.
 *
 * since_id asks for what is older than a cursor, without it; max_id for what is
 * newer, with it.  A cursor is not an id.  The handle is called screen_name and
 * the screen name name; messages go to the handle.  Answers to posts and to
 * comments are one call.
 */
#include "oauth1.h"
#include "sina2.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_LIMIT 163
#define COUNT_LIMIT 200
#define SEARCH_LIMIT 50
#define ID_PREFIX "-"
#define CURSOR_PREFIX "-8"
#define HANDLE_PREFIX "h"

/* --- what the paths mean --------------------------------------------------- */

struct feed_path
{
	const char *path;
	enum feed_kind feed;
};

static const struct feed_path feed_paths[] = {
	{"statuses/mentions.json", FEED_MENTIONS},
	{"statuses/comments_to_me.json", FEED_COMMENTS_TO_ME},
	{"statuses/comments_by_me.json", FEED_COMMENTS_BY_ME},
	{"statuses/user_timeline.json", FEED_POSTS},
	{"direct_messages.json", FEED_MESSAGES},
	{"direct_messages/sent.json", FEED_MESSAGES_SENT},
};

static const struct feed_path *
find_feed(const struct request *request)
{
	return FACE_ROW(&netease_face, request, feed_paths);
}

/* The digits behind a prefix, NULL = they aren't there. */
static const char *
behind(const char *text, const char *prefix)
{
	size_t		len = strlen(prefix);

	return text && strncmp(text, prefix, len) == 0 && is_digits(text + len) ? text + len : NULL;
}

/* What a reply is, a comment or an answer to one, is told by what it answers. */
struct write_path
{
	const char *path;
	enum action action;
	enum rate_class rate_class;
};

static const struct write_path write_paths[] = {
	{"statuses/update.json", ACTION_POST, RATE_POST},
	{"statuses/reply.json", ACTION_COMMENT, RATE_COMMENT},
	{"direct_messages/new.json", ACTION_MESSAGE, RATE_MESSAGE},
};

static const struct write_path *
find_write(const struct request *request)
{
	return FACE_ROW(&netease_face, request, write_paths);
}

static const char *
netease_token(const struct request *request)
{
	return request->authorization ? request_param(request, "oauth_token") : NULL;
}

static enum rate_class
netease_rate_class(const struct request *request)
{
	const struct write_path *write = find_write(request);

	return write ? write->rate_class : RATE_READ;
}

static enum feed_kind
netease_first_page_of(const struct request *request)
{
	const struct feed_path *path = find_feed(request);

	return path && strcmp(request->method, "GET") == 0 &&
		!request_param(request, "since_id") ? path->feed : FEEDS;
}

/* --- objects ------------------------------------------------------------------ */

static void
out_prefixed(struct out *out, const char *key, const char *prefix, const char *digits)
{
	char	   *text = sim_format("%s%s", prefix, digits);

	out_text(out, key, text);
	free(text);
}

static void
out_user(struct out *out, const char *key, const struct user *user)
{
	out_open(out, key, '{');
	out_text(out, "id", user->uid);
	out_text(out, "name", user->screen_name);
	out_prefixed(out, "screen_name", HANDLE_PREFIX, user->uid);
	out_text(out, "verified", user->verified ? "true" : "false");
	out_int(out, "followers_count", user->followers);
	out_close(out, '}');
}

static void
out_above(struct out *out, const struct item *item)
{
	const struct item *above = item->answers ? item->answers : item->parent;

	if (!above)
		return;
	out_prefixed(out, "in_reply_to_status_id", ID_PREFIX, above->id);
	if (!above->deleted)
	{
		out_text(out, "in_reply_to_user_id", above->author->uid);
		out_text(out, "in_reply_to_user_name", above->author->screen_name);
		out_prefixed(out, "in_reply_to_screen_name", HANDLE_PREFIX, above->author->uid);
		out_text(out, "in_reply_to_status_text", above->text);
	}
	out_prefixed(out, "root_in_reply_to_status_id", ID_PREFIX, item->parent->id);
}

/* What a search finds has no user{}, but says flatly who wrote it. */
static void
out_from(struct out *out, const struct user *user)
{
	out_text(out, "from_user_id", user->uid);
	out_prefixed(out, "from_user", HANDLE_PREFIX, user->uid);
	out_text(out, "from_user_name", user->screen_name);
}

static void
out_item(struct out *out, struct item *item, bool is_found)
{
	item->served++;
	out_open(out, NULL, '{');
	out_prefixed(out, "id", ID_PREFIX, item->id);
	out_prefixed(out, "cursor_id", CURSOR_PREFIX, item->id);
	sina_out_date(out, "created_at", item->created_at);
	out_text(out, "text", item->text);
	out_text(out, "source", item->act == ACT_API ? "客服工作台" : "网易微博");
	if (item->kind == ITEM_MESSAGE)
	{
		out_text(out, "sender_id", item->author->uid);
		out_text(out, "recipient_id", item->recipient->uid);
		out_user(out, "sender", item->author);
		out_user(out, "recipient", item->recipient);
	}
	else
	{
		if (is_found)
			out_from(out, item->author);
		else
			out_user(out, "user", item->author);
		out_above(out, item);
		out_text(out, "favorited", "false");
		out_text(out, "truncated", "false");
		out_text(out, "retweet_count", "0");
		out_int(out, "comments_count", item->standing);
	}
	out_close(out, '}');
}

/* --- reads -------------------------------------------------------------------- */

static enum refusal
out_page(struct out *out, const struct request *request, const struct vec *list)
{
	const char *older_than = request_param(request, "since_id");
	const char *not_older_than = request_param(request, "max_id");
	const char *count = request_param(request, "count");
	long		left = is_digits(count) && strlen(count) < 6 ? atol(count) : 30;

	if ((older_than && !behind(older_than, CURSOR_PREFIX)) ||
		(not_older_than && !behind(not_older_than, CURSOR_PREFIX)))
		return REFUSE_BAD_PARAM;
	if (left > COUNT_LIMIT)
		left = COUNT_LIMIT;
	out_open(out, NULL, '[');
	for (size_t i = list->n; i > 0 && left > 0; i--)
	{
		struct item *item = list->at[i - 1];

		if (item->deleted ||
			(older_than && digits_cmp(item->id, behind(older_than, CURSOR_PREFIX)) >= 0))
			continue;
		if (not_older_than && digits_cmp(item->id, behind(not_older_than, CURSOR_PREFIX)) < 0)
			break;
		out_item(out, item, false);
		left--;
	}
	out_close(out, ']');
	return REFUSE_NOTHING;
}

static enum refusal
read_search(const struct world *world, const struct request *request, struct out *out)
{
	const char *words = request_param(request, "q");
	struct item *found[SEARCH_LIMIT];
	size_t		n;

	if (!words || !*words)
		return REFUSE_MISSING_PARAM;
	n = world_search(world, words, 0, found, SEARCH_LIMIT);
	out_open(out, NULL, '[');
	for (size_t i = 0; i < n; i++)
		out_item(out, found[i], true);
	out_close(out, ']');
	return REFUSE_NOTHING;
}

static enum refusal
netease_read(struct world *world, const struct request *request, struct token *token,
			 struct reply *reply)
{
	const struct feed_path *path = find_feed(request);
	const char *uid = request_param(request, "user_id");
	struct user *whose = path && path->feed == FEED_POSTS && uid
		? world_user(world, uid) : token->owner;

	if (strcmp(request->method, "GET") == 0 && !request->bad_text &&
		face_is_path(&netease_face, request, "1/statuses/search.json"))
		return read_search(world, request, &reply->body);
	if (!path)
		return find_write(request) ? REFUSE_METHOD : REFUSE_NO_SUCH_PATH;
	if (strcmp(request->method, "GET") != 0)
		return REFUSE_METHOD;
	if (request->bad_text)
		return REFUSE_BAD_PARAM;
	return whose ? out_page(&reply->body, request, &whose->feed[path->feed]) : REFUSE_NO_USER;
}

/* --- writes ------------------------------------------------------------------- */

static void
read_answer(struct world *world, struct intent *intent, const char *id)
{
	struct item *comment = world_item(world, ITEM_COMMENT, id);

	intent->action = comment ? ACTION_REPLY : ACTION_COMMENT;
	intent->comment = comment ? id : NULL;
	intent->post = comment ? comment->parent->id : id;
	if (!id)
		intent->refusal = REFUSE_MISSING_PARAM;
}

static bool
netease_intent(struct world *world, const struct request *request, struct user *account,
			   struct intent *intent)
{
	const struct write_path *path = find_write(request);

	if (!path || strcmp(request->method, "POST") != 0)
		return false;
	intent->account = account;
	intent->text = request_param(request, "status");
	intent->action = path->action;
	if (path->action == ACTION_COMMENT)
		read_answer(world, intent, behind(request_param(request, "id"), ID_PREFIX));
	else if (path->action == ACTION_MESSAGE)
	{
		const char *uid = behind(request_param(request, "user"), HANDLE_PREFIX);

		intent->text = request_param(request, "text");
		intent->recipient = uid ? world_user(world, uid) : NULL;
	}
	if (request->bad_text)
		intent->refusal = REFUSE_BAD_PARAM;
	else if (!intent->text || !*intent->text)
		intent->refusal = REFUSE_MISSING_PARAM;
	else if ((text_halves(intent->text) + 1) / 2 > TEXT_LIMIT)
		intent->refusal = REFUSE_TOO_LONG;
	return true;
}

static void
netease_wrote(struct world *world, const struct intent *intent, struct item *made,
			  struct out *out)
{
	(void) world;
	(void) intent;
	out_item(out, made, false);
}

/* --- refusals ----------------------------------------------------------------- */

struct netease_error
{
	const char *code;			/* its first three digits are the HTTP status */
	const char *text;
};

static const struct netease_error errors[REFUSALS] = {
	[REFUSE_NO_TOKEN] = {"40101", "no token"},
	[REFUSE_BAD_TOKEN] = {"40113", "invalid token"},
	[REFUSE_EXPIRED_TOKEN] = {"40114", "token expired"},
	[REFUSE_SIGNATURE] = {"40107", "invalid signature"},
	[REFUSE_NONCE] = {"40108", "nonce used"},
	[REFUSE_TIME] = {"40109", "invalid timestamp"},
	[REFUSE_RATE_USER] = {"40313", "request limit reached"},
	[REFUSE_RATE_IP] = {"40314", "ip limit reached"},
	[REFUSE_RATE_CLASS] = {"40315", "post limit reached"},
	[REFUSE_NO_SUCH_PATH] = {"40401", "no such interface"},
	[REFUSE_METHOD] = {"40501", "method not allowed"},
	[REFUSE_MISSING_PARAM] = {"40001", "missing parameter"},
	[REFUSE_BAD_PARAM] = {"40002", "bad parameter"},
	[REFUSE_TOO_LONG] = {"40012", "text too long"},
	[REFUSE_DUPLICATE] = {"40013", "repeat content"},
	[REFUSE_NO_POST] = {"40411", "no such status"},
	[REFUSE_NO_COMMENT] = {"40412", "no such comment"},
	[REFUSE_NO_USER] = {"40413", "no such user"},
	[REFUSE_NOT_YOUR_POST] = {"40301", "not yours"},
	[REFUSE_NOT_YOUR_COMMENT] = {"40302", "not yours"},
	[REFUSE_NOT_A_FOLLOWER] = {"40303", "not your follower"},
	[REFUSE_ALREADY_FOLLOWED] = {"40304", "followed already"},
	[REFUSE_NOT_FOLLOWED] = {"40305", "not followed"},
	/* Done, and an empty object. */
	[REFUSE_SUCCESS_WITHOUT_ID] = {"200", NULL},
};

static void
netease_refuse(const struct world *world, const struct request *request,
			   enum refusal refusal, struct reply *reply)
{
	const struct netease_error *error = &errors[refusal];
	char		status[4] = {error->code[0], error->code[1], error->code[2], '\0'};

	(void) world;
	reply->status = (unsigned) atoi(status);
	out_open(&reply->body, NULL, '{');
	if (error->text)
	{
		out_text(&reply->body, "error_code", error->code);
		out_text(&reply->body, "error", error->text);
		out_text(&reply->body, "request", request->path);
	}
	out_close(&reply->body, '}');
}

const struct face netease_face = {
	.name = "netease",
	.prefix = "/netease/",
	.token = netease_token,
	.check = oauth1_check,
	.rate_class = netease_rate_class,
	.first_page_of = netease_first_page_of,
	.intent = netease_intent,
	.read = netease_read,
	.wrote = netease_wrote,
	.refuse = netease_refuse,
};
