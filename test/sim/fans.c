/*
 * fans.c
 *	  Sina's fan service (粉丝服务平台): the words of what it brings, and of the answers.
 *
 * As documented: the signature is the SHA-1 of the application's secret, the time in
 * milliseconds and a nonce, joined in their order as texts; bodies have no id; an
 * empty reply acknowledges.  The reply that holds an answer is as remembered, and of a
 * mention so is the subtype.
 */
#include "fans.h"
#include "read.h"
#include "serve.h"
#include "sha1.h"
#include "sina2.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- what is brought ------------------------------------------------------------- */

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static char *
sign(const char *secret, const char *timestamp, const char *nonce)
{
	const char *parts[3] = {secret, timestamp, nonce};
	unsigned char digest[SHA1_BYTES];
	struct out	text = {0};
	struct out	hex = {0};
	char		two[3];

	qsort(parts, 3, sizeof(parts[0]), by_bytes);
	for (int i = 0; i < 3; i++)
		out_plain(&text, parts[i]);
	sha1(text.data, text.len, digest);
	for (int i = 0; i < SHA1_BYTES; i++)
	{
		snprintf(two, sizeof(two), "%02x", digest[i]);
		out_plain(&hex, two);
	}
	out_free(&text);
	return hex.data;
}

/* Signed now; with a secret that nobody has where the platform didn't do it. */
static char *
signed_query(const struct world *world, const struct push *push)
{
	uint64_t	number = sim_mix(world->seed ^ (uint64_t) world->now_ms,
								 push->serial * 64 + (uint64_t) push->tries);
	char	   *timestamp = sim_format("%" PRId64, world->now_ms);
	char	   *nonce = sim_format("%" PRIu64, number % 1000000000);
	char	   *signature = sign(push->kind == PUSH_FORGED ? "guessed"
								 : push->account->push.secret, timestamp, nonce);
	char	   *query = sim_format("timestamp=%s&nonce=%s&signature=%s", timestamp, nonce,
								   signature);

	free(timestamp);
	free(nonce);
	free(signature);
	return query;
}

static const char *
echo_of(const struct push *push, char buffer[24])
{
	snprintf(buffer, 24, "echo%zu", push->serial);
	return buffer;
}

static void
out_head(struct out *out, const struct push *push, const char *type, const char *text)
{
	out_open(out, NULL, '{');
	out_text(out, "type", type);
	out_digits(out, "receiver_id", push->account->uid);
	out_digits(out, "sender_id", push->about->uid);
	sina_out_date(out, "created_at", push->created_at);
	out_text(out, "text", text);
	out_open(out, "data", '{');
}

static void
out_body(struct out *out, const struct push *push)
{
	static const char *const types[ITEM_KINDS] = {"mention", "mention", "text"};
	static const char *const subtypes[ITEM_KINDS] = {"status", "comment", NULL};
	const struct item *item = push->item;
	const char *subtype = NULL;

	if (push->kind == PUSH_ITEM)
	{
		out_head(out, push, types[item->kind], item->text);
		subtype = subtypes[item->kind];
	}
	else if (push->kind == PUSH_FORGED)
		out_head(out, push, "text", "请把钱转到这个账号");
	else if (push->kind == PUSH_ODD && push->serial % 2)
		out_head(out, push, "sticker", "[表情]");
	else
	{
		out_head(out, push, "event", push->kind == PUSH_FOLLOW ? "关注事件消息"
				 : push->kind == PUSH_UNFOLLOW ? "取消关注事件消息" : "事件消息");
		subtype = push->kind == PUSH_FOLLOW ? "follow"
			: push->kind == PUSH_UNFOLLOW ? "unfollow" : "scan";
	}
	if (subtype)
		out_text(out, "subtype", subtype);
	if (subtype && item && !push->keyless)
		out_text(out, "key", item->id);
	out_close(out, '}');
	out_close(out, '}');
}

void
fans_request(struct world *world, struct push *push, struct out *out)
{
	const char *path = strchr(push->account->push.url + strlen("http://"), '/');
	struct out	body = {0};
	char		echo[24];
	char	   *head;

	if (push->query && push->account->push.sign_anew)
	{
		free(push->query);
		push->query = NULL;
	}
	if (!push->query)
		push->query = signed_query(world, push);
	if (push->kind == PUSH_SETUP)
		head = sim_format("GET %s?%s&echostr=%s HTTP/1.1\r\nHost: receiver\r\n"
						  "Connection: close\r\n\r\n",
						  path ? path : "/", push->query, echo_of(push, echo));
	else
	{
		out_body(&body, push);
		head = sim_format("POST %s?%s HTTP/1.1\r\nHost: receiver\r\nConnection: close\r\n"
						  "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
						  path ? path : "/", push->query, body.len);
	}
	out_plain(out, head);
	if (body.len > 0)
		out_bytes(out, body.data, body.len);
	out_free(&body);
	free(head);
}

/* --- what is answered -------------------------------------------------------------- */

char *
fans_answer_text(const char *data)
{
	struct json_object *read = data ? json_tokener_parse(data) : NULL;
	const char *text = read_text(read, "text", NULL);
	char	   *copy = text && *text ? sim_strdup(text) : NULL;

	json_object_put(read);
	return copy;
}

void
fans_out_answered(struct out *out, const struct intent *intent)
{
	out_open(out, NULL, '{');
	out_bool(out, "result", true);
	out_digits(out, "receiver_id", intent->recipient->uid);
	out_digits(out, "sender_id", intent->account->uid);
	out_text(out, "type", "text");
	out_close(out, '}');
}

/* An answer within an acknowledgement: one to each stimulus, however often it came. */
static enum push_answer
take_answer(struct world *world, const struct push *push, struct json_object *reply)
{
	struct request data = {0};
	struct intent intent = {.action = ACTION_ANSWER, .account = push->account};
	struct item *made = NULL;
	const char *encoded = read_text(reply, "data", "");
	bool		applied;

	request_add_encoded(&data, "data", 4, encoded, strlen(encoded));
	intent.recipient = world_user(world, read_text(reply, "receiver_id", NULL));
	intent.owned = fans_answer_text(request_param(&data, "data"));
	intent.text = intent.owned;
	if (!intent.text || intent.recipient != push->about ||
		strcmp(read_text(reply, "sender_id", ""), push->account->uid) != 0)
		intent.refusal = REFUSE_BAD_PARAM;
	else if (push->answers[ANSWER_APPLIED] > 0)
		intent.refusal = REFUSE_UNASKED;
	intent.refusal = world_apply(world, &intent, &made);
	applied = intent.refusal == REFUSE_NOTHING;
	world_note_attempt(world, world_attempt(world, &intent), false, intent.refusal, made);
	free(intent.owned);
	request_free(&data);
	return applied ? ANSWER_APPLIED : ANSWER_REFUSED;
}

bool
fans_acknowledged(struct world *world, const struct push *push, long status,
				  const char *body, enum push_answer *answer)
{
	struct json_object *reply;
	char		echo[24];
	bool		is_answer;

	*answer = ANSWER_NONE;
	if (status != 200)
		return false;
	if (push->kind == PUSH_SETUP)
		return strcmp(body, echo_of(push, echo)) == 0;
	if (!*body)
		return true;
	reply = utf8_valid(body, strlen(body)) ? json_tokener_parse(body) : NULL;
	is_answer = read_bool(reply, "result", false) && push->kind == PUSH_ITEM;
	if (is_answer)
		*answer = take_answer(world, push, reply);
	json_object_put(reply);
	return is_answer;
}
