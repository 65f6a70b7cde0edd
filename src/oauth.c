/*
 * oauth.c
 *		Signing a request by OAuth 1 (RFC 5849).
 *
 * What is signed is made in src/pure/oauth.c of the request as it goes out;
 * here are the secret's members and the HMAC.  Nothing is random and no clock
 * is read: nonce and time are the caller's.
 */
#include "kefu.h"

#include "common/base64.h"
#include "common/sha1.h"
#include "funcapi.h"
#include "utils/jsonb.h"

#include "hmac.h"
#include "pure/oauth.h"

#define BASE64_LENGTH 64		/* of a SHA-1 digest, generously */

/* The parameters of the protocol, in the order in which they are sent. */
enum
{
	CONSUMER_KEY, TOKEN, SIGNATURE_METHOD, TIMESTAMP, NONCE, VERSION, SIGNATURE,
	PARAMS
};

/* A member of the secret, or NULL. */
static char *
member(Jsonb *secret, const char *name)
{
	JsonbValue	buffer;
	JsonbValue *value = NULL;

	if (JB_ROOT_IS_OBJECT(secret))
		value = getKeyJsonValueFromContainer(&secret->root, name, strlen(name), &buffer);
	if (value == NULL || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A copy of what an arena gave, in the server's memory. */
static char *
keep(KefuArena *arena, const char *made)
{
	char	   *copy = made != NULL ? pstrdup(made) : NULL;

	kefu_arena_free(arena);
	if (copy == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the request can't be signed"),
				 errdetail("Its address is neither http nor https, or there is no memory.")));
	return copy;
}

static char *
hmac_sha1(const char *key, const char *text)
{
	uint8		digest[SHA1_DIGEST_LENGTH];
	const void *bytes = digest; /* the parameter's type differs between servers */
	char	   *out = palloc0(BASE64_LENGTH);

	kefu_hmac(PG_SHA1, key, strlen(key), text, strlen(text), digest, sizeof(digest));
	if (pg_b64_encode(bytes, sizeof(digest), out, BASE64_LENGTH - 1) < 0)
		elog(ERROR, "a signature is longer than it can be");
	return out;
}

/*
 * Fills in the signature, which covers the address, the form and the other
 * parameters.
 */
static void
sign(KefuParam *params, const char *method, const char *url, const char *form, Jsonb *secret)
{
	KefuArena	arena = {0};
	char	   *consumer_secret = member(secret, "consumer_secret");
	char	   *key;

	if (params[CONSUMER_KEY].value == NULL || consumer_secret == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the secret can't sign"),
				 errhint("A secret of kind oauth1 has consumer_key, consumer_secret, token and token_secret.")));
	key = keep(&arena, kefu_oauth_key(&arena, consumer_secret, member(secret, "token_secret")));
	if (strcmp(params[SIGNATURE_METHOD].value, "PLAINTEXT") == 0)
		params[SIGNATURE].value = key;
	else
		params[SIGNATURE].value = hmac_sha1(key, keep(&arena,
			kefu_oauth_base_string(&arena, method, url, form, params, PARAMS)));
}

KEFU_FUNCTION(kefu_sign_oauth1);

/*
 * kefu.sign_oauth1(method, url, form, secret, signature_method, realm, nonce,
 * signed_at): a form or a realm that isn't there is empty.
 */
Datum
kefu_sign_oauth1(PG_FUNCTION_ARGS)
{
	Jsonb	   *secret = PG_GETARG_JSONB_P(3);
	char	   *realm = text_to_cstring(PG_GETARG_TEXT_PP(5));
	char	   *signed_at = psprintf(INT64_FORMAT, PG_GETARG_INT64(7));
	KefuArena	arena = {0};
	KefuParam	params[PARAMS] = {
		[CONSUMER_KEY] = {.name = "oauth_consumer_key", .value = member(secret, "consumer_key")},
		[TOKEN] = {.name = "oauth_token", .value = member(secret, "token")},
		[SIGNATURE_METHOD] = {.name = "oauth_signature_method"},
		[TIMESTAMP] = {.name = "oauth_timestamp", .value = signed_at},
		[NONCE] = {.name = "oauth_nonce"},
		[VERSION] = {.name = "oauth_version", .value = "1.0"},
		[SIGNATURE] = {.name = "oauth_signature"},
	};
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	Size		size;
	char	   *form;

	params[SIGNATURE_METHOD].value = text_to_cstring(PG_GETARG_TEXT_PP(4));
	params[NONCE].value = text_to_cstring(PG_GETARG_TEXT_PP(6));
	sign(params, text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)),
		 text_to_cstring(PG_GETARG_TEXT_PP(2)), secret);
	values[0] = CStringGetTextDatum(keep(&arena,
		kefu_oauth_header(&arena, realm[0] != '\0' ? realm : NULL, params, PARAMS)));
	size = kefu_form_encode(params, PARAMS, NULL, 0) + 1;
	form = palloc(size);
	kefu_form_encode(params, PARAMS, form, size);
	values[1] = CStringGetTextDatum(form);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "the function returns a row");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
