/*
 * push.c
 *		The signature of a push: a digest of sorted parts, one of them secret.
 *
 * What is compared takes as long for a signature that is right in its first
 * half as for one that isn't, and the joined parts are left nowhere.
 */
#include "kefu.h"

#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha1.h"
#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "utils/array.h"

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * The parts in order of their bytes, as one string, whose length in *length.
 */
static char *
join_sorted(ArrayType *array, int *length)
{
	StringInfoData joined;
	Datum	   *datums;
	char	  **parts;
	int			n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &datums, NULL, &n);
	parts = palloc(sizeof(char *) * Max(n, 1));
	for (int i = 0; i < n; i++)
		parts[i] = TextDatumGetCString(datums[i]);
	qsort(parts, n, sizeof(char *), by_bytes);
	initStringInfo(&joined);
	for (int i = 0; i < n; i++)
	{
		appendStringInfoString(&joined, parts[i]);
		explicit_bzero(parts[i], strlen(parts[i]));
	}
	*length = joined.len;
	return joined.data;
}

/* Writes the digest of data in lower-case hex; returns how many characters. */
static int
hex_digest(pg_cryptohash_type type, int bytes, const char *data, int length, char *hex)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *context = pg_cryptohash_create(type);
	bool		is_done = context != NULL && pg_cryptohash_init(context) >= 0 &&
		pg_cryptohash_update(context, (const uint8 *) data, length) >= 0 &&
		pg_cryptohash_final(context, digest, bytes) >= 0;

	pg_cryptohash_free(context);
	if (!is_done)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute a digest")));
	for (int i = 0; i < bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return 2 * bytes;
}

KEFU_FUNCTION(kefu_push_signature_fits);

/*
 * kefu.push_signature_fits(digest, given, parts): digest is sha1 or sha256;
 * capitals in given are not told apart, as its hex may come either way.
 */
Datum
kefu_push_signature_fits(PG_FUNCTION_ARGS)
{
	bool		is_sha1 = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(0)), "sha1") == 0;
	text	   *given = PG_GETARG_TEXT_PP(1);
	char		hex[2 * PG_SHA256_DIGEST_LENGTH + 1];
	int			length;
	char	   *joined = join_sorted(PG_GETARG_ARRAYTYPE_P(2), &length);
	int			n = hex_digest(is_sha1 ? PG_SHA1 : PG_SHA256,
							   is_sha1 ? SHA1_DIGEST_LENGTH : PG_SHA256_DIGEST_LENGTH,
							   joined, length, hex);
	unsigned char differs = 0;

	explicit_bzero(joined, length);
	if (VARSIZE_ANY_EXHDR(given) != n)
		PG_RETURN_BOOL(false);
	for (int i = 0; i < n; i++)
		differs |= hex[i] ^ pg_ascii_tolower((unsigned char) VARDATA_ANY(given)[i]);
	PG_RETURN_BOOL(differs == 0);
}
