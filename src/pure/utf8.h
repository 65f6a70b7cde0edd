/*
 * utf8.h
 *		Code points in and out of UTF-8 (RFC 3629).
 */
#ifndef KEFU_PURE_UTF8_H
#define KEFU_PURE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define KEFU_NO_POINT 0xFFFD	/* stands for a byte that is no UTF-8 */

/*
 * Code point at text, of which len bytes are left, at least one; its length in
 * *used.  What is no UTF-8 is one byte long and KEFU_NO_POINT.
 */
extern uint32_t kefu_utf8_point(const void *text, size_t len, size_t *used);

/* UTF-8 of a code point in out, which has room for 4; returns its length. */
extern size_t kefu_utf8(uint32_t point, char *out);

#endif							/* KEFU_PURE_UTF8_H */
