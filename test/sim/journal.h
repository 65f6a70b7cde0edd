/*
 * journal.h
 *	  The append-only file from which a restarted simulator restores its world.
 *
 * One JSON object a line, flushed before the request is answered, so that the
 * truth outlives a kill -9.  Faults are not in it: they belong to the test that
 * installed them.
 */
#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include "world.h"

void		journal_user(struct world *world, const struct user *user);
void		journal_token(struct world *world, const struct token *token);
void		journal_item(struct world *world, const struct item *item);
void		journal_delete(struct world *world, const struct item *item);
void		journal_follow(struct world *world, const struct user *who,
						   const struct user *whom, bool follows);
void		journal_config(struct world *world);
void		journal_push_config(struct world *world, const struct user *account);
void		journal_push(struct world *world, const struct push *push, long status,
						 bool taken, enum push_answer answer);
void		journal_reset(struct world *world);
void		journal_attempt(struct world *world, const struct attempt *attempt, bool cut,
							enum refusal refusal, const struct item *made);
void		journal_request(struct world *world, const char *name, const char *token_text,
							const char *address, enum rate_class rate_class, bool charged,
							enum refusal refusal);

/* replay.c: reads path into the world, cuts a torn last line off, and opens it for
 * more.  False, with a message on stderr, when it can't. */
bool		journal_open(struct world *world, const char *path);

#endif
