/*
 * backoff.h
 *		How long to wait before trying again.
 */
#ifndef KEFU_PURE_BACKOFF_H
#define KEFU_PURE_BACKOFF_H

#include <stdint.h>

/*
 * Milliseconds to wait after so many failures in a row (1 is the first): base
 * doubled with each, at most cap, of which the upper half is random, so that
 * what failed together doesn't come back together and still never comes back
 * at once.  The same seed and number give the same wait.  0 for no failure.
 */
extern int64_t kefu_backoff_ms(int failures, int64_t base_ms, int64_t cap_ms,
							   uint64_t seed);

/*
 * Seconds of a Retry-After header (RFC 9110, 10.2.3): a number or an HTTP
 * date, of which what is left from now (micros since 1970), rounded up; 0 if
 * it has passed.  -1 if it is neither.  At most one week.
 */
extern int64_t kefu_retry_after_s(const char *value, int64_t now);

#endif							/* KEFU_PURE_BACKOFF_H */
