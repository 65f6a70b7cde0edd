/*
 * carry.h
 *	  Brings pushes to receivers on the loopback, some at once, within the loop of
 *	  the server.
 */
#ifndef SIM_CARRY_H
#define SIM_CARRY_H

#include "world.h"

#include <poll.h>

#define CARRIERS 16

struct carriers
{
	struct vec	under_way;		/* of carrier */
	uint64_t	hang_ups;		/* throws of their dice */
};

/* What to wait for; returns how many of fds, at most CARRIERS. */
size_t		carriers_wait_for(const struct carriers *carriers, struct pollfd *fds);

/* Milliseconds until something has to be done without any event, -1 = never. */
int64_t		carriers_idle_ms(const struct carriers *carriers, const struct world *world);

/* Goes on with all that are under way, and sends more. */
void		carriers_run(struct carriers *carriers, struct world *world);
void		carriers_stop(struct carriers *carriers);

#endif
