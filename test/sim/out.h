/*
 * out.h
 *	  A byte buffer and a JSON writer on top of it.
 *
 * A writer of our own because a platform's numbers must leave exactly as they
 * are meant, also beyond 64 bits.  Commas are placed by the writer.  The
 * nesting is the caller's duty.
 */
#ifndef SIM_OUT_H
#define SIM_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct out
{
	char	   *data;
	size_t		len;
	size_t		cap;
};

void		out_bytes(struct out *out, const char *bytes, size_t len);
void		out_plain(struct out *out, const char *text);
void		out_free(struct out *out);

/* key is NULL inside an array and at the top. Bracket: '{' or '['. */
void		out_open(struct out *out, const char *key, char bracket);
void		out_close(struct out *out, char bracket);
void		out_text(struct out *out, const char *key, const char *text);	/* or null */
void		out_digits(struct out *out, const char *key, const char *digits);	/* bare */
void		out_int(struct out *out, const char *key, long long value);
void		out_real(struct out *out, const char *key, double value);
void		out_bool(struct out *out, const char *key, bool value);
void		out_null(struct out *out, const char *key);

#endif
