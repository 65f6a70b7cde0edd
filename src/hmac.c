/*
 * hmac.c
 *		RFC 2104 with the server's own digests: what signs webhooks and OAuth 1.
 *
 * The key is the caller's and is left nowhere by this file.
 */
#include "hmac.h"

#include "common/hmac.h"
#include "common/sha2.h"

void
kefu_hmac(pg_cryptohash_type type, const void *key, size_t key_length,
		  const void *data, size_t length, uint8 *out, size_t out_length)
{
	pg_hmac_ctx *context = pg_hmac_create(type);
	bool		is_done = context != NULL &&
		pg_hmac_init(context, key, key_length) >= 0 &&
		pg_hmac_update(context, data, length) >= 0 &&
		pg_hmac_final(context, out, out_length) >= 0;

	pg_hmac_free(context);
	if (!is_done)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute an HMAC")));
}

KEFU_FUNCTION(kefu_hmac_sha256);

/* kefu.hmac_sha256(key, data) */
Datum
kefu_hmac_sha256(PG_FUNCTION_ARGS)
{
	bytea	   *key = PG_GETARG_BYTEA_PP(0);
	bytea	   *data = PG_GETARG_BYTEA_PP(1);
	bytea	   *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	kefu_hmac(PG_SHA256, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key),
			  VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data),
			  (uint8 *) VARDATA(result), PG_SHA256_DIGEST_LENGTH);
	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	PG_RETURN_BYTEA_P(result);
}
