/*
 * utf8.c
 *		Code points in and out of UTF-8 (RFC 3629).
 */
#include "utf8.h"

uint32_t
kefu_utf8_point(const void *text, size_t len, size_t *used)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = text;
	uint32_t	point = at[0];
	size_t		bytes = point < 0x80 ? 1 : point < 0xC2 ? 0 : point < 0xE0 ? 2 :
		point < 0xF0 ? 3 : point < 0xF5 ? 4 : 0;

	*used = 1;
	if (bytes == 1)
		return point;
	if (bytes == 0 || bytes > len)
		return KEFU_NO_POINT;
	point &= 0x7F >> bytes;
	for (size_t i = 1; i < bytes; i++)
	{
		if ((at[i] & 0xC0) != 0x80)
			return KEFU_NO_POINT;
		point = point << 6 | (at[i] & 0x3F);
	}
	if (point < least[bytes] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
		return KEFU_NO_POINT;
	*used = bytes;
	return point;
}

size_t
kefu_utf8(uint32_t point, char *out)
{
	if (point < 0x80)
	{
		out[0] = (char) point;
		return 1;
	}
	if (point < 0x800)
	{
		out[0] = (char) (0xC0 | point >> 6);
		out[1] = (char) (0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000)
	{
		out[0] = (char) (0xE0 | point >> 12);
		out[1] = (char) (0x80 | (point >> 6 & 0x3F));
		out[2] = (char) (0x80 | (point & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | point >> 18);
	out[1] = (char) (0x80 | (point >> 12 & 0x3F));
	out[2] = (char) (0x80 | (point >> 6 & 0x3F));
	out[3] = (char) (0x80 | (point & 0x3F));
	return 4;
}
