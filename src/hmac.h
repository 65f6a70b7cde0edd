/*
 * hmac.h
 *		RFC 2104 with the server's own digests.
 */
#ifndef KEFU_HMAC_H
#define KEFU_HMAC_H

#include "kefu.h"

#include "common/cryptohash.h"

/*
 * Writes the digest, whose length belongs to the type, to *out.  Raises
 * internal_error if the server's library refuses.
 */
extern void kefu_hmac(pg_cryptohash_type type, const void *key, size_t key_length,
					  const void *data, size_t length, uint8 *out, size_t out_length);

#endif							/* KEFU_HMAC_H */
