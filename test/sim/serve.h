/*
 * serve.h
 *	  One request and its reply, and the face of a dialect.
 *
 * A face is all that a dialect needs to be: how it reads a token and a write,
 * how it words answers and refusals.  What happens, and what goes wrong, is
 * the same for all of them (serve.c).
 */
#ifndef SIM_SERVE_H
#define SIM_SERVE_H

#include "fault.h"
#include "out.h"
#include "world.h"

struct param
{
	char	   *name;
	char	   *value;
};

struct request
{
	const char *method;
	char	   *path;
	char	   *authorization;	/* header, NULL = absent */
	char	   *content_type;	/* header, NULL = absent */
	char	   *host;			/* header, NULL = absent */
	char		address[48];
	struct vec	params;			/* of param: query first, then form */
	bool		bad_text;		/* a parameter wasn't UTF-8; it reads as "" */
	struct out	body;
};

struct reply
{
	unsigned	status;
	struct out	body;
	struct rate_left left;		/* in headers, where limit is not 0 */
	bool		cut;			/* close the connection without a word */
	long		delay_ms;		/* wait before the first byte */
	long		cut_at;			/* bytes of the body to send, -1 = all */
	long		pad_to;			/* fill up with blanks to so many bytes */
	long		bytes_per_second;	/* 0 = as fast as it goes */
};

struct face
{
	const char *name;
	const char *prefix;			/* of the paths that are its own */
	const char *suffix;			/* that a path may have as well, NULL = none */

	/* The token a request carries, NULL = none. Points into the request. */
	const char *(*token) (const struct request *request);

	/* Is it who it says, NULL = whoever has the token is. */
	enum refusal (*check) (struct world *world, const struct request *request,
						   const struct token *token);

	/* What the request is: its class and, on a first page, the feed it walks
	 * (else FEEDS). */
	enum rate_class (*rate_class) (const struct request *request);
	enum feed_kind (*first_page_of) (const struct request *request);

	/* True when the request is a write, which is then described in *intent. */
	bool		(*intent) (struct world *world, const struct request *request,
						   struct user *account, struct intent *intent);

	/* Answers a read, or says why not. */
	enum refusal (*read) (struct world *world, const struct request *request,
						  struct token *token, struct reply *reply);

	/* Answers a write that was done. made is NULL for friendships. */
	void		(*wrote) (struct world *world, const struct intent *intent,
						  struct item *made, struct out *out);
	void		(*refuse) (const struct world *world, const struct request *request,
						   enum refusal refusal, struct reply *reply);
};

extern const struct face sina1_face;
extern const struct face sina2_face;
extern const struct face tencent_face;
extern const struct face netease_face;
extern const struct face sohu_face;

/* Value of a parameter, NULL = absent. */
const char *request_param(const struct request *request, const char *name);

/* Takes both over; len is value's, as it may hold a NUL that has no business there. */
void		request_add_param(struct request *request, char *name, char *value,
							  size_t len);
void		request_add_encoded(struct request *request, const char *name, size_t name_len,
								const char *value, size_t value_len);
void		request_free(struct request *request);

/* Reads an application/x-www-form-urlencoded body into the parameters. */
void		request_read_form(struct request *request);

/* The face a path belongs to, NULL = none. */
const struct face *face_of(const char *path);

/* What stands behind the face's prefix in a request of its own. */
const char *face_path(const struct face *face, const struct request *request);

/* Is the request for this path of the face? */
bool		face_is_path(const struct face *face, const struct request *request,
						 const char *path);

/*
 * The row for the request in one of the face's tables, whose rows begin with their
 * path as a const char *; NULL = none.
 */
const void *face_row(const struct face *face, const struct request *request,
					 const void *table, size_t count, size_t size);
#define FACE_ROW(face, request, table) \
	face_row(face, request, table, sizeof(table) / sizeof((table)[0]), sizeof((table)[0]))

/* The fault that will happen to this request of a face; counts it as happened. */
struct fault *serve_pick(struct world *world, const struct face *face,
						 const struct request *request);

/* Does the request and writes the reply. fault may be NULL. */
void		serve_face(struct world *world, const struct face *face,
					   const struct request *request, struct fault *fault,
					   struct reply *reply);

/* control.c: everything under /_sim/. */
void		serve_control(struct world *world, const struct request *request,
						  struct reply *reply);

/* truth.c */
void		truth_write(struct world *world, const struct request *request,
						struct out *out);
void		truth_replies(struct world *world, const struct request *request,
						  struct out *out);

#endif
