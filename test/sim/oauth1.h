/*
 * oauth1.h
 *	  Whether a request is signed as OAuth 1 asks (RFC 5849), for the dialects
 *	  that want it.
 */
#ifndef SIM_OAUTH1_H
#define SIM_OAUTH1_H

#include "serve.h"

/* The one application, and what belongs to a token: the token itself behind this. */
#define OAUTH1_CONSUMER_KEY "desk&key"
#define OAUTH1_CONSUMER_SECRET "^!()%$"
#define OAUTH1_TOKEN_SECRET "secret+of/"

/* Adds the parameters of an Authorization header to the request's own. */
void		oauth1_read_header(struct request *request);

/*
 * REFUSE_NOTHING, REFUSE_SIGNATURE, REFUSE_NONCE if it was used before, or
 * REFUSE_TIME if the clocks differ by more than five minutes.
 */
enum refusal oauth1_check(struct world *world, const struct request *request,
						  const struct token *token);

#endif
