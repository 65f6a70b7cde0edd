/*
 * sina2.c
 *	  The face of Sina Weibo's API, version 2: paths, parameters, paging, errors.
 *
 * Lists are newest first, since_id is exclusive, max_id is inclusive,
 * previous_cursor and next_cursor say 0 whatever is left, and total_number counts
 * what was deleted too: only max_id gets a client safely to the end of a list.
 *
 * Error codes of the 2xxxx family are as remembered, not as recorded.
 */
#include "sina2.h"
#include "fans.h"

#include <stdlib.h>
#include <string.h>

#define POST_LIMIT 140
#define MESSAGE_LIMIT 300
#define COUNT_LIMIT 200
#define SEARCH_LIMIT 50

/* --- what the paths mean --------------------------------------------------- */

struct feed_path
{
	const char *path;
	enum feed_kind feed;
	const char *envelope;
	size_t		count;			/* when the request names none */
};

static const struct feed_path feed_paths[] = {
	{"statuses/mentions", FEED_MENTIONS, "statuses", 20},
	{"statuses/user_timeline", FEED_POSTS, "statuses", 20},
	{"comments/to_me", FEED_COMMENTS_TO_ME, "comments", 50},
	{"comments/mentions", FEED_COMMENT_MENTIONS, "comments", 50},
	{"comments/by_me", FEED_COMMENTS_BY_ME, "comments", 50},
	{"direct_messages", FEED_MESSAGES, "direct_messages", 20},
	{"direct_messages/sent", FEED_MESSAGES_SENT, "direct_messages", 20},
};

struct write_path
{
	const char *path;
	enum action action;
	enum rate_class rate_class;
	const char *text;			/* names of its parameters, NULL = has none */
	const char *post;
	const char *comment;
	bool		user;
};

static const struct write_path write_paths[] = {
	{"statuses/update", ACTION_POST, RATE_POST, "status", NULL, NULL, false},
	{"statuses/repost", ACTION_REPOST, RATE_POST, "status", "id", NULL, false},
	{"statuses/destroy", ACTION_DELETE_POST, RATE_POST, NULL, "id", NULL, false},
	{"comments/create", ACTION_COMMENT, RATE_COMMENT, "comment", "id", NULL, false},
	{"comments/reply", ACTION_REPLY, RATE_COMMENT, "comment", "id", "cid", false},
	{"comments/destroy", ACTION_DELETE_COMMENT, RATE_COMMENT, NULL, "cid", NULL, false},
	{"direct_messages/new", ACTION_MESSAGE, RATE_MESSAGE, "text", NULL, NULL, true},
	{"messages/reply", ACTION_ANSWER, RATE_MESSAGE, "data", NULL, NULL, true},
	{"friendships/create", ACTION_FOLLOW, RATE_FOLLOW, NULL, NULL, NULL, true},
	{"friendships/destroy", ACTION_UNFOLLOW, RATE_FOLLOW, NULL, NULL, NULL, true},
};

static const struct feed_path *
find_feed(const struct request *request)
{
	return FACE_ROW(&sina2_face, request, feed_paths);
}

static const struct write_path *
find_write(const struct request *request)
{
	return FACE_ROW(&sina2_face, request, write_paths);
}

static const char *
sina_token(const struct request *request)
{
	static const char scheme[] = "OAuth2 ";
	const char *token = request_param(request, "access_token");

	if (!token && request->authorization &&
		strncmp(request->authorization, scheme, strlen(scheme)) == 0)
		token = request->authorization + strlen(scheme);
	return token;
}

static enum rate_class
sina_rate_class(const struct request *request)
{
	const struct write_path *write = find_write(request);

	if (face_is_path(&sina2_face, request, "account/rate_limit_status"))
		return RATE_FREE;
	return write ? write->rate_class : RATE_READ;
}

static long
number_param(const struct request *request, const char *name, long otherwise)
{
	const char *text = request_param(request, name);

	return is_digits(text) && strlen(text) < 10 ? atol(text) : otherwise;
}

const char *
sina_id_param(const struct request *request, const char *name)
{
	const char *text = request_param(request, name);

	if (!is_digits(text))
		return NULL;
	text += strspn(text, "0");
	return *text ? text : NULL;
}

bool
sina_is_first_page(const struct request *request)
{
	return strcmp(request->method, "GET") == 0 && !sina_id_param(request, "max_id") &&
		number_param(request, "page", 1) <= 1;
}

static enum feed_kind
sina_first_page_of(const struct request *request)
{
	const struct feed_path *path = find_feed(request);

	return path && sina_is_first_page(request) ? path->feed : FEEDS;
}

/* --- reads -------------------------------------------------------------------- */

/* How many of the list's items have an id <= max_id. */
static size_t
upper_end(const struct vec *list, const char *max_id)
{
	size_t		low = 0;
	size_t		high = list->n;

	if (!max_id)
		return list->n;
	while (low < high)
	{
		size_t		middle = (low + high) / 2;
		const struct item *item = list->at[middle];

		if (digits_cmp(item->id, max_id) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
sina_out_items(struct out *out, const char *key, const struct request *request,
			   const struct vec *list, size_t count, const struct user *viewer,
			   long cut_at)
{
	const char *since_id = sina_id_param(request, "since_id");
	long		asked = number_param(request, "count", 0);
	long		page = number_param(request, "page", 1);
	size_t		skip;

	if (asked > 0)
		count = asked > COUNT_LIMIT ? COUNT_LIMIT : (size_t) asked;
	skip = page > 1 ? (size_t) (page - 1) * count : 0;
	out_open(out, key, '[');
	for (size_t i = upper_end(list, sina_id_param(request, "max_id")); i > 0 && count > 0; i--)
	{
		struct item *item = list->at[i - 1];

		if (since_id && digits_cmp(item->id, since_id) <= 0)
			break;
		if (item->deleted)
			continue;
		if (skip > 0)
		{
			skip--;
			continue;
		}
		sina_out_item(out, NULL, item, viewer, cut_at);
		count--;
	}
	out_close(out, ']');
}

static void
out_page(const struct world *world, struct out *out, const struct request *request,
		 const struct vec *list, const char *envelope, size_t count,
		 const struct user *viewer)
{
	out_open(out, NULL, '{');
	sina_out_items(out, envelope, request, list, count, viewer, world->config.cut_at);
	out_bool(out, "hasvisible", false);
	out_int(out, "previous_cursor", 0);
	out_int(out, "next_cursor", 0);
	out_int(out, "total_number", (long long) list->n);
	out_close(out, '}');
}

/* The user whom uid or screen_name name; *named: did the request name one? */
static struct user *
named_user(const struct world *world, const struct request *request, bool *named)
{
	const char *uid = request_param(request, "uid");
	const char *screen_name = request_param(request, "screen_name");

	*named = uid || screen_name;
	if (uid)
		return world_user(world, uid);
	return screen_name ? map_get(&world->user_by_name, screen_name) : NULL;
}

static enum refusal
read_feed(struct world *world, const struct request *request,
		  const struct feed_path *path, struct user *viewer, struct out *out)
{
	struct user *whose = viewer;
	bool		named = false;

	if (path->feed == FEED_POSTS)
	{
		whose = named_user(world, request, &named);
		if (named && !whose)
			return REFUSE_NO_USER;
		if (!named)
			whose = viewer;
	}
	out_page(world, out, request, &whose->feed[path->feed], path->envelope, path->count,
			 viewer);
	return REFUSE_NOTHING;
}

static enum refusal
read_post(struct world *world, const struct request *request, struct user *viewer,
		  bool comments, struct out *out)
{
	const char *id = sina_id_param(request, "id");
	struct item *post = world_item(world, ITEM_POST, id);

	if (!id)
		return REFUSE_MISSING_PARAM;
	if (!post || post->deleted)
		return REFUSE_NO_POST;
	if (comments)
		out_page(world, out, request, &post->comments, "comments", 50, viewer);
	else
		sina_out_item(out, NULL, post, viewer, 0);
	return REFUSE_NOTHING;
}

static void
out_api_limit(struct out *out, const struct world *world, enum rate_class rate_class,
			  const char *api, const struct token *token)
{
	long		limit = world->config.class_limit[rate_class];

	out_open(out, NULL, '{');
	out_text(out, "api", api);
	out_int(out, "limit", limit);
	out_text(out, "limit_time_unit", "HOURS");
	out_int(out, "remaining_hits", limit - token->of_class[rate_class].used);
	out_close(out, '}');
}

/* Limits that don't exist are shown as this many. */
#define NO_LIMIT 1000000

static void
out_rate_status(struct world *world, struct token *token, const char *address,
				struct out *out)
{
	struct counter *from = map_get(&world->address_by_name, address);
	struct rate_left left = world_rate_left(world, token);
	long		ip_limit = world->config.ip_limit;

	for (int i = 0; i < RATE_CLASSES; i++)
		window_turn(world, &token->of_class[i]);
	ip_limit = ip_limit ? ip_limit : NO_LIMIT;
	out_open(out, NULL, '{');
	out_open(out, "api_rate_limits", '[');
	out_api_limit(out, world, RATE_POST, "/statuses/update", token);
	out_api_limit(out, world, RATE_COMMENT, "/comments/create", token);
	out_api_limit(out, world, RATE_MESSAGE, "/direct_messages/new", token);
	out_api_limit(out, world, RATE_FOLLOW, "/friendships/create", token);
	out_close(out, ']');
	out_int(out, "ip_limit", ip_limit);
	out_text(out, "limit_time_unit", "HOURS");
	out_int(out, "remaining_ip_hits", ip_limit - (from ? from->window.used : 0));
	out_int(out, "remaining_user_hits", left.limit ? left.calls : NO_LIMIT - token->all.used);
	sina_out_date(out, "reset_time", left.reset_ms / 1000);
	out_int(out, "reset_time_in_seconds", (left.reset_ms - world->now_ms + 999) / 1000);
	out_int(out, "user_limit", left.limit ? left.limit : NO_LIMIT);
	out_close(out, '}');
}

/*
 * The cursor is the serial number of the next one, so that nobody is left out or
 * told twice by what changes between two pages.
 */
static void
out_friend_ids(struct out *out, const struct world *world, const struct user *user,
			   long count, long cursor)
{
	long		n = 0;
	size_t		next = 0;

	out_open(out, NULL, '{');
	out_open(out, "ids", '[');
	for (size_t i = (size_t) cursor; i < world->users.n && next == 0; i++)
	{
		const struct user *other = world->users.at[i];

		if (!map_get(&user->follows, other->uid))
			continue;
		if (n == count)
			next = i;
		else
			out_digits(out, NULL, other->uid);
		n++;
	}
	out_close(out, ']');
	out_int(out, "next_cursor", (long long) next);
	out_int(out, "previous_cursor", 0);
	out_int(out, "total_number", user->friends);
	out_close(out, '}');
}

static enum refusal
read_search(struct world *world, const struct request *request, struct user *viewer,
			struct out *out)
{
	const char *words = request_param(request, "q");
	long		count = number_param(request, "count", 10);
	long		page = number_param(request, "page", 1);
	struct item *found[SEARCH_LIMIT];
	size_t		n;

	if (!words || !*words)
		return REFUSE_MISSING_PARAM;
	count = count < 1 ? 10 : count > SEARCH_LIMIT ? SEARCH_LIMIT : count;
	n = world_search(world, words, page > 1 ? (size_t) ((page - 1) * count) : 0, found,
					 (size_t) count);
	out_open(out, NULL, '{');
	out_open(out, "statuses", '[');
	for (size_t i = 0; i < n; i++)
		sina_out_item(out, NULL, found[i], viewer, world->config.cut_at);
	out_close(out, ']');
	out_close(out, '}');
	return REFUSE_NOTHING;
}

static enum refusal
read_person(struct world *world, const struct request *request, struct user *viewer,
			bool friends, struct out *out)
{
	bool		named;
	struct user *user = named_user(world, request, &named);

	if (!named)
		return REFUSE_MISSING_PARAM;
	if (!user)
		return REFUSE_NO_USER;
	if (friends)
	{
		long		count = number_param(request, "count", 500);

		out_friend_ids(out, world, user, count < 1 ? 500 : count > 5000 ? 5000 : count,
					   number_param(request, "cursor", 0));
	}
	else
		sina_out_user(out, NULL, user, viewer);
	return REFUSE_NOTHING;
}

static enum refusal
sina_read(struct world *world, const struct request *request, struct token *token,
		  struct reply *reply)
{
	const struct feed_path *path = find_feed(request);
	struct user *viewer = token->owner;
	struct out *out = &reply->body;

	if (strcmp(request->method, "GET") != 0)
		return path ? REFUSE_METHOD : REFUSE_NO_SUCH_PATH;
	if (request->bad_text)
		return REFUSE_BAD_PARAM;
	if (path)
		return read_feed(world, request, path, viewer, out);
	if (face_is_path(&sina2_face, request, "comments/show"))
		return read_post(world, request, viewer, true, out);
	if (face_is_path(&sina2_face, request, "statuses/show"))
		return read_post(world, request, viewer, false, out);
	if (face_is_path(&sina2_face, request, "search/topics"))
		return read_search(world, request, viewer, out);
	if (face_is_path(&sina2_face, request, "users/show"))
		return read_person(world, request, viewer, false, out);
	if (face_is_path(&sina2_face, request, "friends/ids"))
		return read_person(world, request, viewer, true, out);
	if (!face_is_path(&sina2_face, request, "account/rate_limit_status"))
		return find_write(request) ? REFUSE_METHOD : REFUSE_NO_SUCH_PATH;
	out_rate_status(world, token, request->address, out);
	return REFUSE_NOTHING;
}

/* --- writes ------------------------------------------------------------------- */

/* Sina counts two ASCII characters as one, rounding up. */
static bool
too_long(const char *text, size_t limit)
{
	return (text_halves(text) + 1) / 2 > limit;
}

static bool
sina_intent(struct world *world, const struct request *request, struct user *account,
			struct intent *intent)
{
	const struct write_path *path = find_write(request);
	bool		named = true;

	if (!path || strcmp(request->method, "POST") != 0)
		return false;
	intent->action = path->action;
	intent->account = account;
	intent->text = path->text ? request_param(request, path->text) : NULL;
	intent->post = path->post ? sina_id_param(request, path->post) : NULL;
	intent->comment = path->comment ? sina_id_param(request, path->comment) : NULL;
	/* A repost without words says so. */
	if (path->action == ACTION_REPOST && (!intent->text || !*intent->text))
		intent->text = "转发微博";
	intent->prefix_name = number_param(request, "without_mention", 0) == 0;
	if (path->action == ACTION_ANSWER)
	{
		intent->text = intent->owned = fans_answer_text(intent->text);
		intent->recipient = world_user(world, request_param(request, "receiver_id"));
	}
	else if (path->user)
		intent->recipient = named_user(world, request, &named);
	if (request->bad_text)
		intent->refusal = REFUSE_BAD_PARAM;
	else if (!named || (path->text && (!intent->text || !*intent->text)) ||
			 (path->post && !intent->post) || (path->comment && !intent->comment) ||
			 (world->config.require_rip && !request_param(request, "rip")))
		intent->refusal = REFUSE_MISSING_PARAM;
	else if (path->text && too_long(intent->text, path->rate_class == RATE_MESSAGE
									? MESSAGE_LIMIT : POST_LIMIT))
		intent->refusal = REFUSE_TOO_LONG;
	return true;
}

/* The full object: also of what was just deleted, as the platform does. */
static void
sina_wrote(struct world *world, const struct intent *intent, struct item *made,
		   struct out *out)
{
	bool		deleted = made && made->deleted;

	(void) world;
	if (intent->action == ACTION_ANSWER)
	{
		fans_out_answered(out, intent);
		return;
	}
	if (!made)
	{
		sina_out_user(out, NULL, intent->recipient, intent->account);
		return;
	}
	made->deleted = false;
	sina_out_item(out, NULL, made, intent->account, 0);
	made->deleted = deleted;
}

/* --- refusals ----------------------------------------------------------------- */

struct sina_error
{
	unsigned	status;
	int			code;
	const char *text;
};

static const struct sina_error errors[REFUSALS] = {
	[REFUSE_NO_TOKEN] = {400, 10006, "source paramter(appkey) is missing"},
	[REFUSE_BAD_TOKEN] = {401, 21332, "invalid_access_token"},
	[REFUSE_EXPIRED_TOKEN] = {401, 21327, "expired_token"},
	[REFUSE_RATE_USER] = {403, 10023, "User requests out of rate limit!"},
	[REFUSE_RATE_IP] = {403, 10022, "IP requests out of rate limit!"},
	[REFUSE_RATE_CLASS] = {403, 10024, "User requests for this api out of rate limit!"},
	[REFUSE_NO_SUCH_PATH] = {404, 10020, "Request api not found!"},
	[REFUSE_METHOD] = {405, 10021, "HTTP method is not suported for this request!"},
	[REFUSE_MISSING_PARAM] = {400, 10016, "Miss required parameter!"},
	[REFUSE_BAD_PARAM] = {400, 10017, "Parameter's value invalid!"},
	[REFUSE_TOO_LONG] =
	{400, 20012, "Text too long, please input text less than 140 characters!"},
	[REFUSE_DUPLICATE] = {400, 20019, "repeat content!"},
	[REFUSE_NO_POST] = {400, 20101, "target weibo does not exist!"},
	[REFUSE_NO_COMMENT] = {400, 20201, "target weibo comment does not exist!"},
	[REFUSE_NO_USER] = {400, 20003, "User does not exists!"},
	[REFUSE_NOT_YOUR_POST] = {403, 20102, "not your own weibo!"},
	[REFUSE_NOT_YOUR_COMMENT] = {403, 20203, "not your own comment!"},
	[REFUSE_NOT_A_FOLLOWER] = {403, 20306, "recipient is not your follower!"},
	[REFUSE_UNASKED] = {403, 10014, "Insufficient app permissions!"},
	[REFUSE_ALREADY_FOLLOWED] = {400, 20506, "already followed"},
	[REFUSE_NOT_FOLLOWED] = {400, 20522, "not followed"},
	[REFUSE_SUCCESS_WITHOUT_ID] =
	{400, 20031, "Update success, while server slow now, please wait 1-2 minutes"},
	[REFUSE_UNAVAILABLE] = {503, 10002, "Service unavailable!"},
};

static void
sina_refuse(const struct world *world, const struct request *request,
			enum refusal refusal, struct reply *reply)
{
	const struct sina_error *error = &errors[refusal];
	char		code[16];

	snprintf(code, sizeof(code), "%d", error->code);
	reply->status = error->status;
	reply->body.len = 0;
	out_open(&reply->body, NULL, '{');
	out_text(&reply->body, "request", request->path);
	if (world->config.string_error_codes)
		out_text(&reply->body, "error_code", code);
	else
		out_digits(&reply->body, "error_code", code);
	out_text(&reply->body, "error", error->text);
	out_close(&reply->body, '}');
}

const struct face sina2_face = {
	.name = "sina2",
	.prefix = "/2/",
	.suffix = ".json",
	.token = sina_token,
	.rate_class = sina_rate_class,
	.first_page_of = sina_first_page_of,
	.intent = sina_intent,
	.read = sina_read,
	.wrote = sina_wrote,
	.refuse = sina_refuse,
};
