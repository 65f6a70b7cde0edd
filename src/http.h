/*
 * http.h
 *		Many HTTP requests at once, without ever waiting.
 */
#ifndef KEFU_HTTP_H
#define KEFU_HTTP_H

#include "kefu.h"

/*
 * What to ask.  Everything stays the caller's; only body must live until the
 * reply has been taken.
 */
typedef struct KefuHttpRequest
{
	const char *method;			/* GET, POST, PUT or DELETE */
	const char *url;
	char	  **headers;		/* "Name: value" */
	int			header_count;
	const char *body;			/* NULL: none */
	size_t		body_length;
	const char *content_type;	/* NULL: none */
	int			timeout_ms;		/* in all; 0 or less: 30 s */
	int			max_bytes;		/* of the body, decompressed; 0 or less: 1 MiB */
	bool		allows_http;	/* the platform's row does */
	const char *refusal;		/* not NULL: answer with this error, send nothing */
	void	   *owner;			/* comes back with the reply */
} KefuHttpRequest;

/*
 * What came of it.  body is there only if the reply is complete.  error is one
 * of a fixed set of phrases and never holds a part of URL, headers or body.
 */
typedef struct KefuHttpReply
{
	void	   *owner;
	int			status;			/* 0: none came */
	const char *error;			/* NULL: a complete reply, whatever its status */
	bool		bytes_sent;		/* the request may have reached the far side */
	char	   *body;			/* not NUL-terminated; NULL if empty or incomplete */
	size_t		body_length;
	char	   *headers;		/* as received; likewise */
	size_t		headers_length;
	TimestampTz started_at;
	TimestampTz finished_at;
} KefuHttpReply;

/* Once per process; errors if the system refuses what it takes. */
extern void kefu_http_open(void);

/* Becomes readable when kefu_http_drive() has something to do. */
extern int	kefu_http_descriptor(void);

/*
 * Starts a request.  Never fails: what can't be started is at once a reply
 * with an error.
 */
extern void kefu_http_start(const KefuHttpRequest *request);

/* Makes what progress is possible without waiting. */
extern void kefu_http_drive(void);

/* The next finished reply, to be freed by the caller; NULL if there is none. */
extern KefuHttpReply *kefu_http_take(void);
extern void kefu_http_free(KefuHttpReply *reply);

#endif							/* KEFU_HTTP_H */
