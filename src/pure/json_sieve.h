/*
 * json_sieve.h
 *		The strict first pass over a JSON document.
 *
 * Guarantees about what it lets through, whatever came in: valid by RFC 8259,
 * valid UTF-8, no deeper and no larger than allowed, no NUL in any string, no
 * lone surrogate, and every number turned into a string of the same
 * characters, so that no reader behind it can round an id.
 *
 * What no wanted path touches is checked like the rest but not copied.
 */
#ifndef KEFU_PURE_JSON_SIEVE_H
#define KEFU_PURE_JSON_SIEVE_H

#include <stdbool.h>
#include <stddef.h>

#include "json_path.h"

#define KEFU_JSON_DEPTH 64
#define KEFU_JSON_DEPTH_MAX 512 /* bounds the C stack */
#define KEFU_JSON_BYTES ((size_t) 16 * 1024 * 1024)

typedef struct KefuJsonError
{
	const char *reason;			/* constant text, NULL if there is no error */
	size_t		offset;			/* bytes before it */
} KefuJsonError;

/*
 * Sieves len bytes.  want NULL keeps everything; max_depth and max_bytes 0
 * take the defaults above.  On success *out is a malloc'd, NUL-terminated
 * document of *out_len bytes that the caller frees; otherwise false, *error
 * says why, and there is nothing to free.
 */
extern bool kefu_json_sieve(const char *data, size_t len, const KefuWant *want,
							int max_depth, size_t max_bytes,
							char **out, size_t *out_len, KefuJsonError *error);

/*
 * Length in bytes of the valid UTF-8 character at p, 0 if there is none;
 * overlong forms, surrogates and what lies beyond U+10FFFF are refused.
 */
extern size_t kefu_utf8_char(const unsigned char *p, const unsigned char *end);

/* The most bytes of valid UTF-8, up to max, that don't cut a character. */
extern size_t kefu_utf8_clip(const char *text, size_t len, size_t max);

#endif							/* KEFU_PURE_JSON_SIEVE_H */
