/*
 * oauth1.c
 *	  Whether a request is signed as OAuth 1 asks (RFC 5849).
 *
 * Made of the request as it came in: what a client gets wrong must not be wrong here
 * in the same way.
 */
#include "oauth1.h"
#include "sha1.h"

#include <stdlib.h>
#include <string.h>

#define TIME_OFF_SECONDS 300

/* --- HMAC-SHA1 ------------------------------------------------------------------ */

static void
hmac_sha1(const char *key, const char *text, unsigned char digest[SHA1_BYTES])
{
	size_t		len = strlen(text);
	char		pad[SHA1_BLOCK] = {0};
	char	   *inner = sim_alloc(SHA1_BLOCK + len);
	char		outer[SHA1_BLOCK + SHA1_BYTES];

	if (strlen(key) > SHA1_BLOCK)
	{
		sha1(key, strlen(key), digest);
		memcpy(pad, digest, SHA1_BYTES);
	}
	else
		memcpy(pad, key, strlen(key));
	for (int i = 0; i < SHA1_BLOCK; i++)
	{
		inner[i] = (char) (pad[i] ^ 0x36);
		outer[i] = (char) (pad[i] ^ 0x5C);
	}
	memcpy(inner + SHA1_BLOCK, text, len);
	sha1(inner, SHA1_BLOCK + len, digest);
	memcpy(outer + SHA1_BLOCK, digest, SHA1_BYTES);
	sha1(outer, sizeof(outer), digest);
	free(inner);
}

static void
out_base64(struct out *out, const unsigned char *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3)
	{
		uint32_t	three = (uint32_t) bytes[i] << 16 |
			(i + 1 < len ? (uint32_t) bytes[i + 1] << 8 : 0) | (i + 2 < len ? bytes[i + 2] : 0);

		for (int d = 0; d < 4; d++)
			out_bytes(out, i + (size_t) d > len ? "=" : &digits[three >> (18 - 6 * d) & 63], 1);
	}
}

/* --- what is signed ------------------------------------------------------------- */

static void
out_encoded(struct out *out, const char *text)
{
	for (; *text; text++)
	{
		char		escape[4];

		if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			(*text >= '0' && *text <= '9') || strchr("-._~", *text))
			out_bytes(out, text, 1);
		else
		{
			snprintf(escape, sizeof(escape), "%%%02X", (unsigned char) *text);
			out_bytes(out, escape, 3);
		}
	}
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* "name\1value" of each parameter but the signature: \1 sorts before all else. */
static struct vec
sorted_params(const struct request *request)
{
	struct vec	list = {0};

	for (size_t i = 0; i < request->params.n; i++)
	{
		const struct param *param = request->params.at[i];
		struct out	pair = {0};

		if (strcmp(param->name, "oauth_signature") == 0)
			continue;
		out_encoded(&pair, param->name);
		out_bytes(&pair, "\1", 1);
		out_encoded(&pair, param->value);
		out_bytes(&pair, "", 1);
		vec_push(&list, pair.data);
	}
	qsort(list.at, list.n, sizeof(void *), by_text);
	return list;
}

static char *
base_string(const struct request *request)
{
	struct vec	list = sorted_params(request);
	struct out	params = {0};
	struct out	base = {0};
	char	   *address = sim_format("http://%s%s", request->host ? request->host : "",
									 request->path);

	for (size_t i = 0; i < list.n; i++)
	{
		char	   *pair = list.at[i];

		if (i > 0)
			out_bytes(&params, "&", 1);
		pair[strcspn(pair, "\1")] = '=';
		out_plain(&params, pair);
		free(pair);
	}
	vec_free(&list);
	out_plain(&base, request->method);
	out_bytes(&base, "&", 1);
	out_encoded(&base, address);
	out_bytes(&base, "&", 1);
	if (params.data)
	{
		out_bytes(&params, "", 1);
		out_encoded(&base, params.data);
	}
	out_bytes(&base, "", 1);
	out_free(&params);
	free(address);
	return base.data;
}

static bool
is_signed(const struct request *request, const struct token *token)
{
	const char *signature = request_param(request, "oauth_signature");
	struct out	key = {0};
	struct out	expected = {0};
	unsigned char digest[SHA1_BYTES];
	char	   *base = base_string(request);
	bool		same;

	out_encoded(&key, OAUTH1_CONSUMER_SECRET);
	out_bytes(&key, "&", 1);
	out_encoded(&key, OAUTH1_TOKEN_SECRET);
	out_encoded(&key, token->text);
	out_bytes(&key, "", 1);
	hmac_sha1(key.data, base, digest);
	out_base64(&expected, digest, sizeof(digest));
	out_bytes(&expected, "", 1);
	same = signature && strcmp(signature, expected.data) == 0;
	out_free(&key);
	out_free(&expected);
	free(base);
	return same;
}

static bool
is_param(const struct request *request, const char *name, const char *value)
{
	const char *given = request_param(request, name);

	return given && strcmp(given, value) == 0;
}

enum refusal
oauth1_check(struct world *world, const struct request *request, const struct token *token)
{
	const char *nonce = request_param(request, "oauth_nonce");
	const char *at = request_param(request, "oauth_timestamp");
	int64_t		off;
	char	   *key;
	bool		used;

	if (!nonce || !*nonce || !is_digits(at) || strlen(at) > 12 ||
		!is_param(request, "oauth_consumer_key", OAUTH1_CONSUMER_KEY) ||
		!is_param(request, "oauth_signature_method", "HMAC-SHA1") ||
		!is_signed(request, token))
		return REFUSE_SIGNATURE;
	off = atoll(at) - world->now_ms / 1000;
	if (off > TIME_OFF_SECONDS || off < -TIME_OFF_SECONDS)
		return REFUSE_TIME;
	key = sim_format("%s %s %s", token->text, at, nonce);
	used = map_get(&world->nonces, key) != NULL;
	map_put(&world->nonces, key, world);
	free(key);
	return used ? REFUSE_NONCE : REFUSE_NOTHING;
}

/* --- the header ------------------------------------------------------------------ */

void
oauth1_read_header(struct request *request)
{
	static const char scheme[] = "OAuth ";
	const char *at = request->authorization;

	if (!at || strncmp(at, scheme, strlen(scheme)) != 0)
		return;
	at += strlen(scheme);
	while (*at)
	{
		const char *name = at + strspn(at, ", ");
		size_t		len = strcspn(name, "=,");
		const char *value = name + len;

		if (strncmp(value, "=\"", 2) != 0)
			return;
		value += 2;
		at = value + strcspn(value, "\"");
		if (strncmp(name, "oauth_", 6) == 0)
			request_add_encoded(request, name, len, value, (size_t) (at - value));
		if (*at == '"')
			at++;
	}
}
