/*
 * sha1.h
 *	  SHA-1 (RFC 3174), of which the signatures of OAuth 1 and of pushes are made.
 */
#ifndef SIM_SHA1_H
#define SIM_SHA1_H

#include <stddef.h>

#define SHA1_BYTES 20
#define SHA1_BLOCK 64

void		sha1(const char *data, size_t len, unsigned char digest[SHA1_BYTES]);

#endif
