/*
 * utf8.h
 *		Code points in and out of UTF-8 (RFC 3629), and in UTF-16 (RFC 2781).
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

/* UTF-16 of a code point that is no surrogate in out, which has room for 2; its length. */
static inline size_t
kefu_utf16(uint32_t point, uint16_t *out)
{
	if (point < 0x10000)
	{
		out[0] = (uint16_t) point;
		return 1;
	}
	out[0] = (uint16_t) (0xD800 | (point - 0x10000) >> 10);
	out[1] = (uint16_t) (0xDC00 | (point & 0x3FF));
	return 2;
}

#endif							/* KEFU_PURE_UTF8_H */
