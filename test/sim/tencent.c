/*
 * tencent.c
 *	  The face of Tencent Weibo's API: signed parameters, errors with status 200,
 *	  paging by time and id.
 *
 * Posts, comments and answers are all the same thing there, told apart by their
 * type; a mask picks the types of a list.  hasnext says the opposite of what is
 * so, as it did at times; a list without items says so like an error, every
 * second time like a real one.  Of what was written only id and time come back.
 */
#include "oauth1.h"
#include "serve.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_LIMIT 140
#define LIST_LIMIT 70
#define MESSAGES_LIMIT 20

#define MASK_MENTIONS 0x20
#define MASK_COMMENTS 0x40

/* Types of items. */
#define TYPE_ORIGINAL 1
#define TYPE_REPOST 2
#define TYPE_MESSAGE 3
#define TYPE_REPLY 4
#define TYPE_COMMENT 7

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* --- what the paths mean --------------------------------------------------- */

struct feed_path
{
	const char *path;
	long		mask;			/* a bit that must be asked for, 0 = any */
	enum feed_kind feed;
	size_t		limit;
};

static const struct feed_path feed_paths[] = {
	{"statuses/mentions_timeline", MASK_COMMENTS, FEED_COMMENTS_TO_ME, LIST_LIMIT},
	{"statuses/mentions_timeline", MASK_MENTIONS, FEED_MENTIONS, LIST_LIMIT},
	{"statuses/broadcast_timeline", MASK_COMMENTS, FEED_COMMENTS_BY_ME, LIST_LIMIT},
	{"statuses/broadcast_timeline", 0, FEED_POSTS, LIST_LIMIT},
	{"statuses/user_timeline", 0, FEED_POSTS, LIST_LIMIT},
	{"private/recv", 0, FEED_MESSAGES, MESSAGES_LIMIT},
	{"private/send", 0, FEED_MESSAGES_SENT, MESSAGES_LIMIT},
};

struct write_path
{
	const char *path;
	enum action action;
	enum rate_class rate_class;
	bool		has_text;
	const char *target;			/* parameter that names an item, NULL = none */
	bool		user;
};

static const struct write_path write_paths[] = {
	{"t/add", ACTION_POST, RATE_POST, true, NULL, false},
	{"t/del", ACTION_DELETE_POST, RATE_POST, false, "id", false},
	{"t/comment", ACTION_COMMENT, RATE_COMMENT, true, "reid", false},
	{"t/reply", ACTION_REPLY, RATE_COMMENT, true, "reid", false},
	{"private/add", ACTION_MESSAGE, RATE_MESSAGE, true, NULL, true},
};

static long
number_param(const struct request *request, const char *name, long otherwise)
{
	const char *text = request_param(request, name);

	return is_digits(text) && strlen(text) < 12 ? atol(text) : otherwise;
}

static const struct feed_path *
find_feed(const struct request *request)
{
	long		mask = number_param(request, "type", 0);

	for (size_t i = 0; i < LENGTH(feed_paths); i++)
		if (face_is_path(&tencent_face, request, feed_paths[i].path) &&
			(feed_paths[i].mask == 0 || mask == 0 || mask & feed_paths[i].mask))
			return &feed_paths[i];
	return NULL;
}

static const struct write_path *
find_write(const struct request *request)
{
	return FACE_ROW(&tencent_face, request, write_paths);
}

/* All of them go as ordinary parameters; a header counts for nothing. */
static const char *
tencent_token(const struct request *request)
{
	return request->authorization ? NULL : request_param(request, "oauth_token");
}

static enum rate_class
tencent_rate_class(const struct request *request)
{
	const struct write_path *write = find_write(request);

	return write ? write->rate_class : RATE_READ;
}

static enum feed_kind
tencent_first_page_of(const struct request *request)
{
	const struct feed_path *path = find_feed(request);

	return path && strcmp(request->method, "GET") == 0 &&
		number_param(request, "pageflag", 0) == 0 ? path->feed : FEEDS;
}

/* --- objects ------------------------------------------------------------------ */

static int
type_of(const struct item *item)
{
	if (item->kind == ITEM_MESSAGE)
		return TYPE_MESSAGE;
	if (item->kind == ITEM_COMMENT)
		return item->answers ? TYPE_REPLY : TYPE_COMMENT;
	return item->parent ? TYPE_REPOST : TYPE_ORIGINAL;
}

static void
out_item(struct out *out, const char *key, const struct item *item, bool with_source)
{
	const struct item *source = item->answers ? item->answers : item->parent;

	out_open(out, key, '{');
	out_text(out, "id", item->id);
	out_int(out, "type", type_of(item));
	if (item->deleted)
	{
		/* Nothing is left of who wrote it. */
		out_int(out, "status", 3);
		out_text(out, "text", "");
		out_close(out, '}');
		return;
	}
	out_int(out, "status", 0);
	out_text(out, "name", item->author->uid);
	out_text(out, "nick", item->author->screen_name);
	out_text(out, "openid", "");
	out_text(out, "head", "http://head.example/x");
	out_text(out, "province_code", item->author->province);
	out_text(out, "city_code", item->author->city);
	out_int(out, "isvip", item->author->verified);
	out_text(out, "origtext", item->text);
	out_text(out, "text", item->text);
	out_int(out, "timestamp", (long long) item->created_at);
	out_text(out, "from", item->act == ACT_API ? "客服工作台" : "腾讯微博");
	out_text(out, "latitude", "0");
	out_int(out, "self", 0);
	out_null(out, "image");
	if (item->recipient)
	{
		out_text(out, "toname", item->recipient->uid);
		out_text(out, "tonick", item->recipient->screen_name);
	}
	if (source && with_source)
		out_item(out, "source", source, false);
	else
		out_null(out, "source");
	out_close(out, '}');
}

static void
out_end(struct out *out, int errcode, const char *msg, int ret)
{
	out_int(out, "errcode", errcode);
	out_text(out, "msg", msg);
	out_int(out, "ret", ret);
	out_digits(out, "seqid", "5870051255084649053");
	out_close(out, '}');
}

/* --- reads -------------------------------------------------------------------- */

/* How many of the list are older than the item the page begins behind. */
static size_t
upper_end(const struct vec *list, const char *last_id)
{
	size_t		n = 0;

	while (n < list->n && digits_cmp(((const struct item *) list->at[n])->id, last_id) < 0)
		n++;
	return n;
}

static void
out_empty(struct world *world, struct out *out)
{
	out_open(out, NULL, '{');
	out_null(out, "data");
	if (world->empties++ % 2 == 0)
		out_end(out, 0, "result is empty", 0);
	else
		out_end(out, 0, "have no tweet", 5);
}

static void
out_page(struct world *world, struct out *out, const struct request *request,
		 const struct vec *list, size_t limit)
{
	bool		older = number_param(request, "pageflag", 0) == 1;
	long		asked = number_param(request, "reqnum", 20);
	size_t		left = asked > 0 && (size_t) asked < limit ? (size_t) asked : limit;
	size_t		at = older ? upper_end(list, request_param(request, "lastid")) : list->n;
	struct vec	page = {0};

	for (; at > 0 && left > 0; at--)
		if (!((struct item *) list->at[at - 1])->deleted)
		{
			vec_push(&page, list->at[at - 1]);
			left--;
		}
	if (page.n == 0)
	{
		out_empty(world, out);
		return;
	}
	out_open(out, NULL, '{');
	out_open(out, "data", '{');
	out_int(out, "hasnext", at > 0 ? 0 : 1);
	out_int(out, "timestamp", (long long) (world->now_ms / 1000));
	out_open(out, "info", '[');
	for (size_t i = 0; i < page.n; i++)
	{
		struct item *item = page.at[i];

		item->served++;
		out_item(out, NULL, item, true);
	}
	out_close(out, ']');
	out_close(out, '}');
	out_end(out, 0, "ok", 0);
	vec_free(&page);
}

static enum refusal
tencent_read(struct world *world, const struct request *request, struct token *token,
			 struct reply *reply)
{
	const struct feed_path *path = find_feed(request);
	struct user *whose = path && strcmp(path->path, "statuses/user_timeline") == 0
		? world_user(world, request_param(request, "name")) : token->owner;

	if (!path)
		return find_write(request) ? REFUSE_METHOD : REFUSE_NO_SUCH_PATH;
	if (strcmp(request->method, "GET") != 0)
		return REFUSE_METHOD;
	if (!whose)
		return REFUSE_NO_USER;
	if (request->bad_text || !request_param(request, "format") ||
		(number_param(request, "pageflag", 0) == 1 &&
		 (!is_digits(request_param(request, "lastid")) ||
		  number_param(request, "pagetime", 0) == 0)))
		return REFUSE_BAD_PARAM;
	out_page(world, &reply->body, request, &whose->feed[path->feed], path->limit);
	return REFUSE_NOTHING;
}

/* --- writes ------------------------------------------------------------------- */

/* What is answered: a post, or a comment with the post it stands under. */
static void
find_target(struct world *world, struct intent *intent, const char *id)
{
	struct item *comment = world_item(world, ITEM_COMMENT, id);

	intent->post = id;
	if (intent->action == ACTION_DELETE_POST || !comment)
	{
		if (intent->action == ACTION_REPLY)
			intent->action = ACTION_COMMENT;
		return;
	}
	intent->action = ACTION_REPLY;
	intent->comment = id;
	intent->post = comment->parent->id;
}

static bool
tencent_intent(struct world *world, const struct request *request, struct user *account,
			   struct intent *intent)
{
	const struct write_path *path = find_write(request);
	const char *target = NULL;

	if (!path || strcmp(request->method, "POST") != 0)
		return false;
	intent->action = path->action;
	intent->account = account;
	intent->text = path->has_text ? request_param(request, "content") : NULL;
	if (path->target)
		target = request_param(request, path->target);
	if (path->target && is_digits(target))
		find_target(world, intent, target);
	if (path->user)
		intent->recipient = world_user(world, request_param(request, "name"));
	if (request->bad_text)
		intent->refusal = REFUSE_BAD_PARAM;
	else if ((path->has_text && (!intent->text || !*intent->text)) ||
			 (path->target && !is_digits(target)) || (path->user && !intent->recipient))
		intent->refusal = REFUSE_MISSING_PARAM;
	else if (path->has_text && (text_halves(intent->text) + 1) / 2 > TEXT_LIMIT)
		intent->refusal = REFUSE_TOO_LONG;
	return true;
}

static void
tencent_wrote(struct world *world, const struct intent *intent, struct item *made,
			  struct out *out)
{
	(void) intent;
	out_open(out, NULL, '{');
	out_open(out, "data", '{');
	out_text(out, "id", made ? made->id : "0");
	out_int(out, "time", (long long) (made ? made->created_at : world->now_ms / 1000));
	out_close(out, '}');
	out_end(out, 0, "ok", 0);
}

/* --- refusals ----------------------------------------------------------------- */

struct tencent_error
{
	int			ret;
	int			errcode;
	const char *msg;
};

static const struct tencent_error errors[REFUSALS] = {
	[REFUSE_NO_TOKEN] = {3, 1, "no token"},
	[REFUSE_BAD_TOKEN] = {3, 2, "invalid token"},
	[REFUSE_EXPIRED_TOKEN] = {3, 37, "token expired"},
	[REFUSE_SIGNATURE] = {3, 36, "check sign error"},
	[REFUSE_NONCE] = {3, 38, "nonce used"},
	[REFUSE_TIME] = {3, 39, "timestamp refused"},
	[REFUSE_RATE_USER] = {2, 1, "access rate limit"},
	[REFUSE_RATE_IP] = {2, 2, "access rate limit"},
	[REFUSE_RATE_CLASS] = {4, 10, "too fast"},
	[REFUSE_NO_SUCH_PATH] = {1, 1, "no such api"},
	[REFUSE_METHOD] = {1, 2, "http method error"},
	[REFUSE_MISSING_PARAM] = {1, 3, "missing parameter"},
	[REFUSE_BAD_PARAM] = {1, 4, "bad parameter"},
	[REFUSE_TOO_LONG] = {4, 8, "content too long"},
	[REFUSE_DUPLICATE] = {4, 13, "repeat content"},
	[REFUSE_NO_POST] = {4, 6, "tweet not exist"},
	[REFUSE_NO_COMMENT] = {4, 6, "tweet not exist"},
	[REFUSE_NO_USER] = {1, 5, "no such user"},
	[REFUSE_NOT_YOUR_POST] = {4, 5, "forbidden"},
	[REFUSE_NOT_YOUR_COMMENT] = {4, 5, "forbidden"},
	[REFUSE_NOT_A_FOLLOWER] = {4, 5, "forbidden"},
	[REFUSE_ALREADY_FOLLOWED] = {4, 5, "forbidden"},
	[REFUSE_NOT_FOLLOWED] = {4, 5, "forbidden"},
	/* Done, but the reply has no data. */
	[REFUSE_SUCCESS_WITHOUT_ID] = {0, 0, "ok"},
};

static void
tencent_refuse(const struct world *world, const struct request *request,
			   enum refusal refusal, struct reply *reply)
{
	const struct tencent_error *error = &errors[refusal];

	(void) world;
	(void) request;
	reply->status = 200;
	out_open(&reply->body, NULL, '{');
	out_null(&reply->body, "data");
	out_end(&reply->body, error->errcode, error->msg, error->ret);
}

const struct face tencent_face = {
	.name = "tencent",
	.prefix = "/tencent/",
	.token = tencent_token,
	.check = oauth1_check,
	.rate_class = tencent_rate_class,
	.first_page_of = tencent_first_page_of,
	.intent = tencent_intent,
	.read = tencent_read,
	.wrote = tencent_wrote,
	.refuse = tencent_refuse,
};
