/*
 * sina2.h
 *	  The objects of Sina Weibo's API, version 2, for its paths.
 */
#ifndef SIM_SINA2_H
#define SIM_SINA2_H

#include "serve.h"

void		sina_out_date(struct out *out, const char *key, int64_t seconds);

/* viewer: whose token asked; following and follow_me depend on it. */
void		sina_out_user(struct out *out, const char *key, const struct user *user,
						  const struct user *viewer);

/* Writes the item, of a post cut_at characters (0: all), and counts it as served. */
void		sina_out_item(struct out *out, const char *key, struct item *item,
						  const struct user *viewer, long cut_at);

/*
 * The items of one page of a list, as the request's since_id, max_id, count and page
 * want it; count is how many when it names none.  Of a post it shows cut_at
 * characters, 0 meaning all.
 */
void		sina_out_items(struct out *out, const char *key, const struct request *request,
						   const struct vec *list, size_t count,
						   const struct user *viewer, long cut_at);
bool		sina_is_first_page(const struct request *request);

/* A parameter that is an id, without leading zeros; NULL = absent, 0 or no number. */
const char *sina_id_param(const struct request *request, const char *name);

#endif
