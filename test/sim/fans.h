/*
 * fans.h
 *	  Sina's fan service (粉丝服务平台): the words of what it brings, and of the answers.
 */
#ifndef SIM_FANS_H
#define SIM_FANS_H

#include "out.h"
#include "world.h"

/* The whole request of a try, as HTTP/1.1. */
void		fans_request(struct world *world, struct push *push, struct out *out);

/*
 * Reads the reply to it, body ending with a NUL.  True if it acknowledges; an answer
 * that came with it is said, and noted like one that was asked for by messages/reply.
 */
bool		fans_acknowledged(struct world *world, const struct push *push, long status,
							  const char *body, enum push_answer *answer);

/* The words in the data of an answer, or NULL if it isn't one of text; to be freed. */
char	   *fans_answer_text(const char *data);

/* What the platform says to messages/reply. */
void		fans_out_answered(struct out *out, const struct intent *intent);

#endif
