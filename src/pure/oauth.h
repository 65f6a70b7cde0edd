/*
 * oauth.h
 *		What OAuth 1 signs: RFC 5849, sections 3.4 and 3.5.1.
 *
 * The base string is made of the address and the form as they go out, taken
 * apart again, so that it covers what is sent and nothing else, however often
 * a value was encoded before.  The HMAC itself, the nonce and the time are the
 * caller's (src/oauth.c).
 *
 * Every result is NUL-terminated and lives in the arena; NULL means that there
 * is no memory, or where it says so that the input is no address.
 */
#ifndef KEFU_PURE_OAUTH_H
#define KEFU_PURE_OAUTH_H

#include "arena.h"
#include "urlform.h"

/*
 * The signature base string (3.4.1).  url is an absolute http or https address
 * with its query; form is the body of a request whose content type is a form,
 * else NULL; oauth are the protocol's own parameters, plain, without realm and
 * signature; one without a value is left out.  NULL also if url is none.
 */
extern char *kefu_oauth_base_string(KefuArena *arena, const char *method, const char *url,
									const char *form, const KefuParam *oauth, int n);

/*
 * The key of the HMAC (3.4.2), which is also the signature of method PLAINTEXT
 * (3.4.4); token_secret NULL where there is no token yet.
 */
extern char *kefu_oauth_key(KefuArena *arena, const char *consumer_secret,
							const char *token_secret);

/*
 * The value of an Authorization header (3.5.1).  realm goes in as it is and
 * must have no quote, backslash or control character; NULL: none.
 */
extern char *kefu_oauth_header(KefuArena *arena, const char *realm,
							   const KefuParam *oauth, int n);

#endif							/* KEFU_PURE_OAUTH_H */
