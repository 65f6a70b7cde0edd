/*
 * sohu.c
 *	  The face of Sohu Weibo's API: signed headers, texts encoded twice, pages by
 *	  number, errors in English words.
 *
 * The list of comments is the only one in an envelope, with a cursor; of a
 * comment's answer the platform knows nothing, it stands below the post.  Truth
 * values come as text and as themselves.
 */
#include "oauth1.h"
#include "sina2.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_LIMIT 163
#define COUNT_LIMIT 200

/* --- what the paths mean --------------------------------------------------- */

struct feed_path
{
	const char *path;
	enum feed_kind feed;
};

static const struct feed_path feed_paths[] = {
	{"statuses/mentions_timeline.json", FEED_MENTIONS},
	{"statuses/comments_timeline.json", FEED_COMMENTS_TO_ME},
	{"statuses/user_timeline.json", FEED_POSTS},
	{"direct_messages.json", FEED_MESSAGES},
	{"direct_messages/sent.json", FEED_MESSAGES_SENT},
};

struct write_path
{
	const char *path;
	enum action action;
	enum rate_class rate_class;
	const char *text;
};

static const struct write_path write_paths[] = {
	{"statuses/update.json", ACTION_POST, RATE_POST, "status"},
	{"statuses/comment.json", ACTION_COMMENT, RATE_COMMENT, "comment"},
	{"direct_messages/new.json", ACTION_MESSAGE, RATE_MESSAGE, "text"},
};

static const char comments_of[] = "statuses/comments/";
static const char posts_of[] = "statuses/user_timeline/";

static const struct feed_path *
find_feed(const struct request *request)
{
	return FACE_ROW(&sohu_face, request, feed_paths);
}

static const struct write_path *
find_write(const struct request *request)
{
	return FACE_ROW(&sohu_face, request, write_paths);
}

static const char *
sohu_token(const struct request *request)
{
	return request->authorization ? request_param(request, "oauth_token") : NULL;
}

static enum rate_class
sohu_rate_class(const struct request *request)
{
	const struct write_path *write = find_write(request);

	return write ? write->rate_class : RATE_READ;
}

static long
number_param(const struct request *request, const char *name, long otherwise)
{
	const char *text = request_param(request, name);

	return is_digits(text) && strlen(text) < 8 ? atol(text) : otherwise;
}

static enum feed_kind
sohu_first_page_of(const struct request *request)
{
	const struct feed_path *path = find_feed(request);
	bool		posts = strncmp(face_path(&sohu_face, request), posts_of, strlen(posts_of)) == 0;

	if (strcmp(request->method, "GET") != 0 || request_param(request, "cursor_id") ||
		number_param(request, "page", 1) > 1)
		return FEEDS;
	return posts ? FEED_POSTS : path ? path->feed : FEEDS;
}

/* --- objects ------------------------------------------------------------------ */

static void
out_user(struct out *out, const char *key, const struct user *user)
{
	out_open(out, key, '{');
	out_text(out, "id", user->uid);
	out_text(out, "screen_name", user->screen_name);
	out_text(out, "name", "");
	out_text(out, "location", "");
	out_int(out, "followers_count", user->followers);
	out_bool(out, "verified", user->verified);
	out_text(out, "lang", "GBK");
	out_close(out, '}');
}

static void
out_above(struct out *out, const struct item *above)
{
	bool		there = above && !above->deleted;

	out_text(out, "in_reply_to_status_id", above ? above->id : "");
	out_text(out, "in_reply_to_user_id", there ? above->author->uid : "");
	out_text(out, "in_reply_to_screen_name", there ? above->author->screen_name : "");
	out_text(out, "in_reply_to_status_text", there ? above->text : "");
}

static void
out_item(struct out *out, struct item *item)
{
	item->served++;
	out_open(out, NULL, '{');
	sina_out_date(out, "created_at", item->created_at);
	out_text(out, "id", item->id);
	out_text(out, "text", item->text);
	if (item->kind == ITEM_MESSAGE)
	{
		out_text(out, "sender_id", item->author->uid);
		out_text(out, "recipient_id", item->recipient->uid);
		out_user(out, "sender", item->author);
		out_user(out, "recipient", item->recipient);
	}
	else
	{
		out_text(out, "source", item->act == ACT_API ? "客服工作台" : "搜狐微博");
		out_text(out, "favorited", "0");
		out_text(out, "truncated", "false");
		out_above(out, item->parent);
		out_user(out, "user", item->author);
	}
	out_close(out, '}');
}

/* --- reads -------------------------------------------------------------------- */

static void
out_pages(struct out *out, const struct request *request, const struct vec *list)
{
	long		count = number_param(request, "count", 20);
	long		skip = (number_param(request, "page", 1) - 1) * count;

	if (count > COUNT_LIMIT)
		count = COUNT_LIMIT;
	out_open(out, NULL, '[');
	for (size_t i = list->n; i > 0 && count > 0; i--)
	{
		struct item *item = list->at[i - 1];

		if (item->deleted || skip-- > 0)
			continue;
		out_item(out, item);
		count--;
	}
	out_close(out, ']');
}

static void
out_by_cursor(struct out *out, const struct request *request, const struct vec *list)
{
	const char *cursor = request_param(request, "cursor_id");
	long		count = number_param(request, "count", 20);
	const struct item *last = NULL;
	size_t		i = list->n;

	out_open(out, NULL, '{');
	out_open(out, "comments", '[');
	for (; i > 0 && count > 0; i--)
	{
		struct item *item = list->at[i - 1];

		if (item->deleted || (is_digits(cursor) && digits_cmp(item->id, cursor) >= 0))
			continue;
		out_item(out, item);
		last = item;
		count--;
	}
	out_close(out, ']');
	out_text(out, "cursor_id", i > 0 && last ? last->id : "0");
	out_close(out, '}');
}

/* The id that a path ends in, behind this and before ".json"; NULL where it's another path. */
static char *
named_id(const struct request *request, const char *prefix)
{
	const char *path = face_path(&sohu_face, request);
	size_t		len = strlen(prefix);
	char	   *id;

	if (strncmp(path, prefix, len) != 0)
		return NULL;
	id = sim_strdup(path + len);
	id[strcspn(id, ".")] = '\0';
	return id;
}

static enum refusal
read_comments(struct world *world, const struct request *request, const char *id,
			  struct reply *reply)
{
	struct item *post = world_item(world, ITEM_POST, id);

	if (post)
		out_pages(&reply->body, request, &post->comments);
	return post ? REFUSE_NOTHING : REFUSE_NO_POST;
}

static enum refusal
read_posts(struct world *world, const struct request *request, const char *uid,
		   struct reply *reply)
{
	struct user *user = world_user(world, uid);

	if (user)
		out_pages(&reply->body, request, &user->feed[FEED_POSTS]);
	return user ? REFUSE_NOTHING : REFUSE_NO_USER;
}

static enum refusal
sohu_read(struct world *world, const struct request *request, struct token *token,
		  struct reply *reply)
{
	const struct feed_path *path = find_feed(request);
	char	   *post = named_id(request, comments_of);
	char	   *user = named_id(request, posts_of);
	enum refusal refusal = REFUSE_NOTHING;

	if (!path && !post && !user)
		refusal = find_write(request) ? REFUSE_METHOD : REFUSE_NO_SUCH_PATH;
	else if (strcmp(request->method, "GET") != 0)
		refusal = REFUSE_METHOD;
	else if (request->bad_text)
		refusal = REFUSE_BAD_PARAM;
	else if (post)
		refusal = read_comments(world, request, post, reply);
	else if (user)
		refusal = read_posts(world, request, user, reply);
	else if (path->feed == FEED_COMMENTS_TO_ME)
		out_by_cursor(&reply->body, request, &token->owner->feed[path->feed]);
	else
		out_pages(&reply->body, request, &token->owner->feed[path->feed]);
	free(post);
	free(user);
	return refusal;
}

/* --- writes ------------------------------------------------------------------- */

static bool
sohu_intent(struct world *world, const struct request *request, struct user *account,
			struct intent *intent)
{
	const struct write_path *path = find_write(request);
	const char *given;

	if (!path || strcmp(request->method, "POST") != 0)
		return false;
	given = request_param(request, path->text);
	intent->action = path->action;
	intent->account = account;
	intent->post = request_param(request, "id");
	if (path->action == ACTION_MESSAGE)
		intent->recipient = world_user(world, request_param(request, "user"));
	if (!given || !*given || (path->action == ACTION_COMMENT && !is_digits(intent->post)))
	{
		intent->text = "";
		intent->refusal = REFUSE_MISSING_PARAM;
		return true;
	}
	intent->owned = sim_strdup(given);
	intent->text = intent->owned;
	if (request->bad_text || !text_decode_again(intent->owned))
		intent->refusal = REFUSE_BAD_PARAM;
	else if ((text_halves(intent->text) + 1) / 2 > TEXT_LIMIT)
		intent->refusal = REFUSE_TOO_LONG;
	return true;
}

static void
sohu_wrote(struct world *world, const struct intent *intent, struct item *made,
		   struct out *out)
{
	(void) world;
	(void) intent;
	out_item(out, made);
}

/* --- refusals ----------------------------------------------------------------- */

struct sohu_error
{
	unsigned	status;
	const char *text;
};

static const struct sohu_error errors[REFUSALS] = {
	[REFUSE_NO_TOKEN] = {401, "oauth: no token"},
	[REFUSE_BAD_TOKEN] = {401, "oauth: invalid token"},
	[REFUSE_EXPIRED_TOKEN] = {401, "token expired"},
	[REFUSE_SIGNATURE] = {401, "oauth: signature_invalid"},
	[REFUSE_NONCE] = {401, "oauth: nonce_used"},
	[REFUSE_TIME] = {401, "oauth: timestamp_refused"},
	[REFUSE_RATE_USER] = {403, "Reached max access time per hour."},
	[REFUSE_RATE_IP] = {403, "Reached max access time per hour."},
	[REFUSE_RATE_CLASS] = {403, "Reached max access time per hour."},
	[REFUSE_NO_SUCH_PATH] = {404, "Not found."},
	[REFUSE_METHOD] = {405, "Wrong method."},
	[REFUSE_MISSING_PARAM] = {400, "Missing parameter."},
	[REFUSE_BAD_PARAM] = {400, "Wrong parameter."},
	[REFUSE_TOO_LONG] = {400, "The text is too long."},
	[REFUSE_DUPLICATE] = {400, "Same status is not acceptable within 5 minutes."},
	[REFUSE_NO_POST] = {400, "The status does not exist."},
	[REFUSE_NO_COMMENT] = {400, "The comment does not exist."},
	[REFUSE_NO_USER] = {400, "The user does not exist."},
	[REFUSE_NOT_YOUR_POST] = {403, "Not yours."},
	[REFUSE_NOT_YOUR_COMMENT] = {403, "Not yours."},
	[REFUSE_NOT_A_FOLLOWER] =
	{403, "can't send direct message to user who is not your follower!"},
	[REFUSE_ALREADY_FOLLOWED] = {403, "Could not follow user: id is already on your list"},
	[REFUSE_NOT_FOLLOWED] = {403, "Not on your list."},
	/* Done, and an empty object. */
	[REFUSE_SUCCESS_WITHOUT_ID] = {200, NULL},
};

static void
sohu_refuse(const struct world *world, const struct request *request,
			enum refusal refusal, struct reply *reply)
{
	const struct sohu_error *error = &errors[refusal];

	(void) world;
	reply->status = error->status;
	out_open(&reply->body, NULL, '{');
	if (error->text)
	{
		out_int(&reply->body, "code", error->status);
		out_text(&reply->body, "error", error->text);
		out_text(&reply->body, "request", face_path(&sohu_face, request));
	}
	out_close(&reply->body, '}');
}

const struct face sohu_face = {
	.name = "sohu",
	.prefix = "/sohu/",
	.token = sohu_token,
	.check = oauth1_check,
	.rate_class = sohu_rate_class,
	.first_page_of = sohu_first_page_of,
	.intent = sohu_intent,
	.read = sohu_read,
	.wrote = sohu_wrote,
	.refuse = sohu_refuse,
};
