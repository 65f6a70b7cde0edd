/*
 * webhook.c
 *		What signs a webhook.
 *
 * Everything else about webhooks is SQL (sql/57_webhook.sql).  The key is the
 * caller's and is left nowhere by this file.
 */
#include "kefu.h"

#include "common/cryptohash.h"
#include "common/hmac.h"
#include "common/sha2.h"

KEFU_FUNCTION(kefu_hmac_sha256);

/* kefu.hmac_sha256(key, data): RFC 2104 with the server's own SHA-256. */
Datum
kefu_hmac_sha256(PG_FUNCTION_ARGS)
{
	bytea	   *key = PG_GETARG_BYTEA_PP(0);
	bytea	   *data = PG_GETARG_BYTEA_PP(1);
	bytea	   *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_hmac_ctx *context = pg_hmac_create(PG_SHA256);
	bool		is_done = context != NULL &&
		pg_hmac_init(context, (uint8 *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) >= 0 &&
		pg_hmac_update(context, (uint8 *) VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data)) >= 0 &&
		pg_hmac_final(context, (uint8 *) VARDATA(result), PG_SHA256_DIGEST_LENGTH) >= 0;

	pg_hmac_free(context);
	if (!is_done)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute an HMAC")));
	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	PG_RETURN_BYTEA_P(result);
}
