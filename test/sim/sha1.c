/*
 * sha1.c
 *	  SHA-1 (RFC 3174), the simulator's own.
 */
#include "sha1.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>

static uint32_t
rotate(uint32_t word, int by)
{
	return word << by | word >> (32 - by);
}

static void
sha1_block(uint32_t h[5], const unsigned char *block)
{
	static const uint32_t k[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
	uint32_t	w[80];
	uint32_t	a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (int t = 0; t < 16; t++)
		w[t] = (uint32_t) block[4 * t] << 24 | (uint32_t) block[4 * t + 1] << 16 |
			(uint32_t) block[4 * t + 2] << 8 | block[4 * t + 3];
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (int t = 0; t < 80; t++)
	{
		uint32_t	f = t < 20 ? (b & c) | (~b & d) :
			t < 40 || t >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
		uint32_t	next = rotate(a, 5) + f + e + w[t] + k[t / 20];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void
sha1(const char *data, size_t len, unsigned char digest[SHA1_BYTES])
{
	uint32_t	h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
	size_t		blocks = (len + 9 + SHA1_BLOCK - 1) / SHA1_BLOCK;
	unsigned char *padded = sim_alloc(blocks * SHA1_BLOCK);

	memcpy(padded, data, len);
	padded[len] = 0x80;
	for (int i = 0; i < 8; i++)
		padded[blocks * SHA1_BLOCK - 1 - i] = (unsigned char) ((uint64_t) len * 8 >> 8 * i);
	for (size_t i = 0; i < blocks; i++)
		sha1_block(h, padded + i * SHA1_BLOCK);
	for (int i = 0; i < SHA1_BYTES; i++)
		digest[i] = (unsigned char) (h[i / 4] >> (24 - 8 * (i % 4)));
	free(padded);
}
