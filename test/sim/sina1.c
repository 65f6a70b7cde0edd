/*
 * sina1.c
 *	  The face of Sina Weibo's API, version 1: OAuth 1 in the header, lists without
 *	  an envelope, texts encoded twice, and the code of an error inside its words.
 *
 * What is listed, and how it is paged, is version 2's: since_id is exclusive,
 * max_id inclusive.
 */
#include "oauth1.h"
#include "sina2.h"

#include <string.h>

#define POST_LIMIT 140
#define MESSAGE_LIMIT 300
#define COUNT 20

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

struct write_path
{
	const char *path;
	enum action action;
	enum rate_class rate_class;
	const char *text;			/* name of the parameter */
};

static const struct write_path write_paths[] = {
	{"statuses/update.json", ACTION_POST, RATE_POST, "status"},
	{"statuses/comment.json", ACTION_COMMENT, RATE_COMMENT, "comment"},
	{"statuses/reply.json", ACTION_REPLY, RATE_COMMENT, "comment"},
	{"direct_messages/new.json", ACTION_MESSAGE, RATE_MESSAGE, "text"},
};

static const struct feed_path *
find_feed(const struct request *request)
{
	return FACE_ROW(&sina1_face, request, feed_paths);
}

static const struct write_path *
find_write(const struct request *request)
{
	return FACE_ROW(&sina1_face, request, write_paths);
}

/* The application's key stands beside the header as well. */
static const char *
sina1_token(const struct request *request)
{
	return request->authorization && request_param(request, "source")
		? request_param(request, "oauth_token") : NULL;
}

static enum rate_class
sina1_rate_class(const struct request *request)
{
	const struct write_path *write = find_write(request);

	return write ? write->rate_class : RATE_READ;
}

static enum feed_kind
sina1_first_page_of(const struct request *request)
{
	const struct feed_path *path = find_feed(request);

	return path && sina_is_first_page(request) ? path->feed : FEEDS;
}

/* --- reads and writes --------------------------------------------------------- */

static enum refusal
sina1_read(struct world *world, const struct request *request, struct token *token,
		   struct reply *reply)
{
	const struct feed_path *path = find_feed(request);
	const char *uid = request_param(request, "user_id");
	struct user *whose = path && path->feed == FEED_POSTS && uid
		? world_user(world, uid) : token->owner;

	if (!path)
		return find_write(request) ? REFUSE_METHOD : REFUSE_NO_SUCH_PATH;
	if (strcmp(request->method, "GET") != 0)
		return REFUSE_METHOD;
	if (request->bad_text)
		return REFUSE_BAD_PARAM;
	if (!whose)
		return REFUSE_NO_USER;
	sina_out_items(&reply->body, NULL, request, &whose->feed[path->feed], COUNT,
				   token->owner, 0);
	return REFUSE_NOTHING;
}

static bool
sina1_intent(struct world *world, const struct request *request, struct user *account,
			 struct intent *intent)
{
	const struct write_path *path = find_write(request);
	const char *given;

	if (!path || strcmp(request->method, "POST") != 0)
		return false;
	given = request_param(request, path->text);
	intent->action = path->action;
	intent->account = account;
	intent->post = sina_id_param(request, "id");
	intent->prefix_name = true;
	if (path->action == ACTION_REPLY)
		intent->comment = sina_id_param(request, "cid");
	if (path->action == ACTION_MESSAGE)
		intent->recipient = world_user(world, request_param(request, "user_id"));
	intent->owned = sim_strdup(given ? given : "");
	intent->text = intent->owned;
	if (!*intent->text || (path->rate_class == RATE_COMMENT && !intent->post) ||
		(path->action == ACTION_REPLY && !intent->comment))
		intent->refusal = REFUSE_MISSING_PARAM;
	else if (request->bad_text || !text_decode_again(intent->owned))
		intent->refusal = REFUSE_BAD_PARAM;
	else if ((text_halves(intent->text) + 1) / 2 >
			 (path->action == ACTION_MESSAGE ? MESSAGE_LIMIT : POST_LIMIT))
		intent->refusal = REFUSE_TOO_LONG;
	return true;
}

static void
sina1_wrote(struct world *world, const struct intent *intent, struct item *made,
			struct out *out)
{
	(void) world;
	sina_out_item(out, NULL, made, intent->account, 0);
}

/* --- refusals ----------------------------------------------------------------- */

struct sina1_error
{
	unsigned	status;
	const char *text;			/* NULL = done, and an empty object */
};

static const struct sina1_error errors[REFUSALS] = {
	[REFUSE_NO_TOKEN] = {401, "40101:Error: Oauth Error: token_missing!"},
	[REFUSE_BAD_TOKEN] = {401, "40113:Oauth Error: token_rejected!"},
	[REFUSE_EXPIRED_TOKEN] = {401, "40112:Oauth Error: token_expired!"},
	[REFUSE_SIGNATURE] = {401, "40107:Oauth Error: signature_invalid!"},
	[REFUSE_NONCE] = {401, "40108:Oauth Error: nonce_used!"},
	[REFUSE_TIME] = {401, "40109:Oauth Error: timestamp_refused!"},
	[REFUSE_RATE_USER] = {403, "40302:Error: user requests out of rate limit!"},
	[REFUSE_RATE_IP] = {403, "40310:Error: ip requests out of rate limit!"},
	[REFUSE_RATE_CLASS] = {403, "40302:Error: this api out of rate limit!"},
	[REFUSE_NO_SUCH_PATH] = {404, "40404:Error: no such interface!"},
	[REFUSE_METHOD] = {405, "40505:Error: method is not supported!"},
	[REFUSE_MISSING_PARAM] = {400, "40016:Error: parameter is missing!"},
	[REFUSE_BAD_PARAM] = {400, "40018:Error: bad parameter!"},
	[REFUSE_TOO_LONG] = {400, "40012:Error: text too long!"},
	[REFUSE_DUPLICATE] = {400, "40025:Error: repeated weibo text!"},
	[REFUSE_NO_POST] = {400, "40031:Error: target weibo does not exist!"},
	[REFUSE_NO_COMMENT] = {400, "20201:Error: target comment does not exist!"},
	[REFUSE_NO_USER] = {400, "40023:Error: user does not exist!"},
	[REFUSE_NOT_A_FOLLOWER] = {403, "40017:Error: not your follower!"},
	[REFUSE_SUCCESS_WITHOUT_ID] = {200, NULL},
};

static void
sina1_refuse(const struct world *world, const struct request *request,
			 enum refusal refusal, struct reply *reply)
{
	const struct sina1_error *error = &errors[refusal];
	char		status[16];

	(void) world;
	snprintf(status, sizeof(status), "%u", error->status);
	reply->status = error->status;
	reply->body.len = 0;
	out_open(&reply->body, NULL, '{');
	if (error->text)
	{
		out_text(&reply->body, "request", request->path);
		out_text(&reply->body, "error_code", status);
		out_text(&reply->body, "error", error->text);
	}
	out_close(&reply->body, '}');
}

const struct face sina1_face = {
	.name = "sina1",
	.prefix = "/sina1/",
	.token = sina1_token,
	.check = oauth1_check,
	.rate_class = sina1_rate_class,
	.first_page_of = sina1_first_page_of,
	.intent = sina1_intent,
	.read = sina1_read,
	.wrote = sina1_wrote,
	.refuse = sina1_refuse,
};
