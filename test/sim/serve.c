/*
 * serve.c
 *	  The way of a request of any dialect: fault, token, limits, world, answer,
 *	  and the books.
 *
 * The order matters: a write is noted as attempted as soon as its token is known,
 * so that a request that a fault swallows is counted too.
 */
#include "serve.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct face *const faces[] = {&sina2_face, &sina1_face, &tencent_face,
	&netease_face, &sohu_face};

const struct face *
face_of(const char *path)
{
	for (size_t i = 0; i < sizeof(faces) / sizeof(faces[0]); i++)
		if (strncmp(path, faces[i]->prefix, strlen(faces[i]->prefix)) == 0)
			return faces[i];
	return NULL;
}

const char *
face_path(const struct face *face, const struct request *request)
{
	return request->path + strlen(face->prefix);
}

bool
face_is_path(const struct face *face, const struct request *request, const char *path)
{
	const char *rest = face_path(face, request);
	size_t		len = strlen(path);

	return strncmp(rest, path, len) == 0 &&
		(rest[len] == '\0' || (face->suffix && strcmp(rest + len, face->suffix) == 0));
}

const void *
face_row(const struct face *face, const struct request *request, const void *table,
		 size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++)
	{
		const void *row = (const char *) table + i * size;

		if (face_is_path(face, request, *(const char *const *) row))
			return row;
	}
	return NULL;
}

const char *
request_param(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->params.n; i++)
	{
		const struct param *param = request->params.at[i];

		if (strcmp(param->name, name) == 0)
			return param->value;
	}
	return NULL;
}

void
request_add_param(struct request *request, char *name, char *value, size_t len)
{
	struct param *param = sim_alloc(sizeof(*param));

	if (!utf8_valid(value, len))
	{
		request->bad_text = true;
		value[0] = '\0';
	}
	param->name = name;
	param->value = value;
	vec_push(&request->params, param);
}

void
request_free(struct request *request)
{
	for (size_t i = 0; i < request->params.n; i++)
	{
		struct param *param = request->params.at[i];

		free(param->name);
		free(param->value);
		free(param);
	}
	vec_free(&request->params);
	out_free(&request->body);
	free(request->path);
	free(request->authorization);
	free(request->content_type);
	free(request->host);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes form encoding of the len bytes at from. *decoded: length of the result. */
static char *
form_decode(const char *from, size_t len, size_t *decoded)
{
	char	   *text = sim_alloc(len + 1);
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (from[i] == '%' && i + 2 < len && hex_value(from[i + 1]) >= 0 &&
			hex_value(from[i + 2]) >= 0)
		{
			text[n++] = (char) (hex_value(from[i + 1]) << 4 | hex_value(from[i + 2]));
			i += 2;
		}
		else
			text[n++] = from[i] == '+' ? ' ' : from[i];
	}
	*decoded = n;
	return text;
}

/* Adds a parameter whose parts are still encoded. */
void
request_add_encoded(struct request *request, const char *name, size_t name_len,
					const char *value, size_t value_len)
{
	size_t		decoded;
	char	   *plain_name = form_decode(name, name_len, &decoded);
	char	   *plain = form_decode(value, value_len, &decoded);

	request_add_param(request, plain_name, plain, decoded);
}

/* Adds the parameter of one name=value of len bytes. */
static void
read_pair(struct request *request, const char *at, size_t len)
{
	const char *equals = memchr(at, '=', len);
	size_t		name_len = equals ? (size_t) (equals - at) : len;
	const char *from = equals ? equals + 1 : at + len;

	request_add_encoded(request, at, name_len, from, len - (size_t) (from - at));
}

void
request_read_form(struct request *request)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *at = request->body.data;

	if (!at || !request->content_type ||
		strncasecmp(request->content_type, form, strlen(form)) != 0)
		return;
	while (*at)
	{
		size_t		len = strcspn(at, "&");

		if (len > 0)
			read_pair(request, at, len);
		at += len;
		if (*at == '&')
			at++;
	}
}

struct fault *
serve_pick(struct world *world, const struct face *face, const struct request *request)
{
	bool		first = face->first_page_of(request) != FEEDS;

	return fault_pick(world, request->method, request->path, face->token(request), first);
}

/* The reply of a fault that keeps the request from being done. */
static enum refusal
serve_prevented(const struct fault *fault, struct reply *reply)
{
	switch (fault->kind)
	{
		case FAULT_CUT_BEFORE:
			reply->cut = true;
			break;
		case FAULT_RATE:
			return REFUSE_RATE_USER;
		case FAULT_STATUS:
			reply->status = (unsigned) fault->code;
			out_plain(&reply->body, fault->body);
			break;
		default:				/* empty200 */
			break;
	}
	return REFUSE_UNAVAILABLE;
}

/* Somebody for an inserted item: the one the fault names, or a passer-by. */
static struct user *
passer_by(struct world *world, const struct fault *fault)
{
	struct user like = {.province = (char *) "44", .city = (char *) "1"};
	struct user *user = *fault->uid ? world_user(world, fault->uid) : NULL;

	if (user)
		return user;
	like.uid = sim_format("29%08zu", world->users.n);
	like.screen_name = sim_format("路人%zu", world->users.n);
	user = world_put_user(world, &like);
	free(like.uid);
	free(like.screen_name);
	return user;
}

/* Lets k new items arrive in the feed somebody is just walking. */
static void
insert_items(struct world *world, const struct fault *fault, enum feed_kind feed,
			 struct user *account)
{
	struct user *author = passer_by(world, fault);

	for (long i = 0; i < fault->k; i++)
	{
		char	   *text = sim_format("%s %ld-%ld", fault->text, fault->hits, i + 1);
		struct item_spec spec = {.act = ACT_INSERTED, .author = author, .text = text};
		struct vec *posts = &account->feed[FEED_POSTS];

		switch (feed)
		{
			case FEED_MESSAGES:
				spec.kind = ITEM_MESSAGE;
				spec.recipient = account;
				break;
			case FEED_COMMENTS_TO_ME:
			case FEED_COMMENT_MENTIONS:
				spec.kind = ITEM_COMMENT;
				spec.parent = posts->n ? posts->at[posts->n - 1] : NULL;
				spec.addressed = feed == FEED_COMMENT_MENTIONS ? account : NULL;
				break;
			default:
				spec.kind = ITEM_POST;
				spec.addressed = account;
		}
		if (spec.kind != ITEM_COMMENT || spec.parent)
			world_add_item(world, &spec);
		free(text);
	}
}

/* What a fault does to an answer that stands. */
static void
spoil(struct world *world, const struct face *face, const struct request *request,
	  const struct fault *fault, struct user *account, struct reply *reply)
{
	switch (fault->kind)
	{
		case FAULT_SLOW:
			reply->delay_ms = fault->ms;
			break;
		case FAULT_CUT_AFTER_APPLY:
			reply->cut = true;
			break;
		case FAULT_STATUS:
			reply->status = (unsigned) fault->code;
			reply->body.len = 0;
			out_plain(&reply->body, fault->body);
			break;
		case FAULT_EMPTY200:
			reply->status = 200;
			reply->body.len = 0;
			break;
		case FAULT_INSERT_BETWEEN:
			if (account)
				insert_items(world, fault, face->first_page_of(request), account);
			break;
		case FAULT_BAD_JSON:
			if (reply->body.len > 0)
				reply->body.len--;
			out_plain(&reply->body, ",\"broken\":tru");
			break;
		case FAULT_TRUNCATE:
			reply->cut_at = fault->bytes;
			break;
		case FAULT_HUGE:
			reply->pad_to = fault->bytes;
			break;
		case FAULT_SLOW_BODY:
			reply->bytes_per_second = fault->bytes;
			break;
		default:
			break;
	}
}

/* Does a request that passed: the write or the read, and its answer. */
static enum refusal
serve_admitted(struct world *world, const struct face *face,
			   const struct request *request, struct token *token,
			   const struct intent *intent, const struct fault *fault,
			   struct item **made, struct reply *reply)
{
	enum refusal refusal;

	if (!intent)
		return face->read(world, request, token, reply);
	refusal = world_apply(world, intent, made);
	if (refusal != REFUSE_NOTHING)
		return refusal;
	if (fault && fault->kind == FAULT_SUCCESS_WITHOUT_ID)
		return REFUSE_SUCCESS_WITHOUT_ID;
	face->wrote(world, intent, *made, &reply->body);
	return REFUSE_NOTHING;
}

void
serve_face(struct world *world, const struct face *face, const struct request *request,
		   struct fault *fault, struct reply *reply)
{
	const char *token_text = face->token(request);
	struct token *token = world_token(world, token_text);
	enum rate_class rate_class = face->rate_class(request);
	bool		prevented = fault && fault_prevents(fault);
	bool		admitted = false;
	enum refusal refusal;
	struct item *made = NULL;
	struct intent intent = {0};
	bool		write;
	char	   *name = sim_format("%s %s", request->method, request->path);

	write = token && face->intent(world, request, token->owner, &intent);
	if (prevented)
		refusal = serve_prevented(fault, reply);
	else
	{
		refusal = world_admit(world, token, token_text, request->address, rate_class);
		if (refusal == REFUSE_NOTHING && face->check)
			refusal = face->check(world, request, token);
		admitted = refusal == REFUSE_NOTHING;
	}
	if (admitted)
		refusal = serve_admitted(world, face, request, token, write ? &intent : NULL,
								 fault, &made, reply);
	if (refusal != REFUSE_NOTHING && refusal != REFUSE_UNAVAILABLE)
		face->refuse(world, request, refusal, reply);
	if (write)
		world_note_attempt(world, world_attempt(world, &intent),
						   prevented && fault->kind != FAULT_RATE, refusal, made);
	world_note_request(world, name, token, token_text, request->address, rate_class,
					   admitted && rate_class != RATE_FREE, refusal);
	if (token && world->config.rate_headers)
		reply->left = world_rate_left(world, token);
	if (fault && !prevented)
		spoil(world, face, request, fault, token ? token->owner : NULL, reply);
	free(intent.owned);
	free(name);
}
