/*
 * replyclass.h
 *		What a platform's reply means, by rows.
 *
 * Compiled from the document that kefu.error_spec() writes: where the code and
 * the text of an error stand, and an ordered list of rows, of which the first
 * that fits wins.  Where none fits, the HTTP status alone decides (RFC 9110),
 * so that a reply is classed even on a desk without rows, or when a proxy
 * answers in the platform's place with something that isn't JSON.  A code that
 * no row knows is never a success, whatever the status.
 */
#ifndef KEFU_PURE_REPLYCLASS_H
#define KEFU_PURE_REPLYCLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEFU_CODE_BYTES 64
#define KEFU_MESSAGE_BYTES 512

typedef struct KefuReplyMap KefuReplyMap;

typedef struct KefuReply
{
	const char *class;			/* borrowed from the map, or constant */
	const char *scope;			/* whose limit, for class rate; NULL unknown */
	char		code[KEFU_CODE_BYTES];	/* "" if the reply has none */
	char		message[KEFU_MESSAGE_BYTES];	/* UTF-8, cut off; "" if none */
	int64_t		retry_after;	/* seconds, -1 if nobody says */
} KefuReply;

/* Members of the document: see replyclass.c.  As kefu_itemmap_compile(). */
extern KefuReplyMap *kefu_replymap_compile(const char *spec, size_t len,
										   char *error, size_t error_size);
extern void kefu_replymap_free(KefuReplyMap *map);

/*
 * Classes a reply.  map NULL: by the HTTP status alone.  status 0: there was
 * no reply.  retry_after_header is the header's value or NULL; now is micros
 * since 1970, for a header that holds a date.  Without memory the class is
 * what the status says.
 */
extern void kefu_reply_classify(const KefuReplyMap *map, int status,
								const char *body, size_t len,
								const char *retry_after_header, int64_t now,
								KefuReply *reply);

/* The class of a status alone. */
extern const char *kefu_status_class(int status);

#endif							/* KEFU_PURE_REPLYCLASS_H */
