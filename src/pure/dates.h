/*
 * dates.h
 *		The dates that platforms write, as microseconds since 1970-01-01 UTC.
 *
 * Every parser takes exactly len bytes and is strict: a date that isn't wholly
 * understood is refused, since a promise may start at it.  Years 1 to 9999;
 * a 60th second counts as the first of the next minute.
 */
#ifndef KEFU_PURE_DATES_H
#define KEFU_PURE_DATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "Tue May 31 17:46:55 +0800 2011"; the weekday is not checked against the date. */
extern bool kefu_date_twitter(const char *text, size_t len, int64_t *micros);

/*
 * "2011-05-31T17:46:55.123Z", "+08:00", "+0800" or "+08" for Z, a space for
 * T, seconds optional, any number of decimals (cut off after microseconds).
 * A date without an offset is refused: whose midnight would it be?
 */
extern bool kefu_date_iso8601(const char *text, size_t len, int64_t *micros);

/* "1306835215" or "1306835215.5" seconds since 1970, may be negative. */
extern bool kefu_date_unix_s(const char *text, size_t len, int64_t *micros);

/* The same in milliseconds. */
extern bool kefu_date_unix_ms(const char *text, size_t len, int64_t *micros);

/*
 * The three forms of an HTTP date (RFC 9110, 5.6.7).  A two-digit year more
 * than 50 years after now (micros since 1970) is of the century before.
 */
extern bool kefu_date_http(const char *text, size_t len, int64_t now, int64_t *micros);

#endif							/* KEFU_PURE_DATES_H */
