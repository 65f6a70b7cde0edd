/*
 * fault.h
 *	  What can go wrong between a client and the platform.
 *
 * The first installed fault that matches a request is the one that happens.
 * Two families: those that keep the request from being done (cut_before, status,
 * rate, empty200; status and empty200 may be told to do it all the same), and
 * those that do it and then spoil the answer.
 */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "out.h"
#include "world.h"

struct json_object;

enum fault_kind
{
	FAULT_SLOW,
	FAULT_CUT_BEFORE,
	FAULT_CUT_AFTER_APPLY,
	FAULT_STATUS,
	FAULT_RATE,
	FAULT_EMPTY200,
	FAULT_SUCCESS_WITHOUT_ID,
	FAULT_INSERT_BETWEEN,
	FAULT_BAD_JSON,
	FAULT_TRUNCATE,
	FAULT_HUGE,
	FAULT_SLOW_BODY,
	FAULTS
};

struct fault
{
	long		id;
	enum fault_kind kind;
	char	   *match;			/* part of the path, "" = any */
	char	   *method;			/* "" = any */
	char	   *token;			/* "" = any */
	long		after;			/* matching requests still to let pass */
	long		times;			/* still to happen, -1 = no bound */
	double		p;				/* probability, 1 = always */
	long		seen;			/* matching requests, for the dice */
	long		hits;
	bool		apply;			/* status, empty200: do it first */
	bool		hold;			/* slow: wait before doing it */
	long		ms;				/* slow */
	long		code;			/* status */
	char	   *body;			/* status */
	long		k;				/* insert_between: how many */
	char	   *uid;			/* insert_between: whose, "" = somebody new */
	char	   *text;			/* insert_between */
	long		bytes;			/* truncate, huge; slow_body: a second */
};

/* Installs what spec describes. NULL and *error (static text) when it is wrong. */
struct fault *fault_put(struct world *world, struct json_object *spec,
						const char **error);
void		fault_free(struct fault *fault);

/* Takes faults away, all or one; returns how many. */
long		fault_remove(struct world *world, long id);

/* The fault that happens to this request, already counted; NULL = none. */
struct fault *fault_pick(struct world *world, const char *method, const char *path,
						 const char *token, bool first_page);

/* Does it keep the request from being done? */
bool		fault_prevents(const struct fault *fault);

void		fault_list(const struct world *world, struct out *out, const char *key);

#endif
