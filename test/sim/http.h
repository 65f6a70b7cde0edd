/*
 * http.h
 *	  The HTTP server: one thread, one loop, so that requests happen one after
 *	  the other and nothing needs a lock.
 */
#ifndef SIM_HTTP_H
#define SIM_HTTP_H

#include "world.h"

#include <signal.h>

struct http;

/* Listens on 127.0.0.1. port 0: any free one. NULL, with a message, on failure. */
struct http *http_start(struct world *world, unsigned short port);
unsigned short http_port(const struct http *http);

/* Serves until *stop, which a signal handler may set. signals: the mask to wait with. */
void		http_run(struct http *http, const volatile sig_atomic_t *stop,
					 const sigset_t *signals);
void		http_stop(struct http *http);

#endif
