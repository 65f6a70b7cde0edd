/*
 * test_dates.c
 *		The dates that platforms write.
 */
#include <time.h>

#include "check.h"
#include "dates.h"

#define SECOND INT64_C(1000000)
#define NONE INT64_MIN

typedef bool (*Parser) (const char *text, size_t len, int64_t *micros);

static int64_t
parsed(Parser parse, const char *text)
{
	int64_t		micros;

	return parse(text, strlen(text), &micros) ? micros : NONE;
}

static int64_t
parsed_http(const char *text, int64_t now)
{
	int64_t		micros;

	return kefu_date_http(text, strlen(text), now, &micros) ? micros : NONE;
}

static void
test_twitter(void)
{
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 31 17:46:55 +0800 2011"), 1306835215 * SECOND);
	CHECK_INT(parsed(kefu_date_twitter, "Mon May 31 17:46:55 +0800 2011"), 1306835215 * SECOND);
	CHECK_INT(parsed(kefu_date_twitter, "Thu Jan 01 00:00:00 +0000 1970"), 0);
	CHECK_INT(parsed(kefu_date_twitter, "Wed Dec 31 23:59:60 +0000 1969"), 0);
	CHECK_INT(parsed(kefu_date_twitter, "Wed Feb 29 00:00:00 -0330 2012"), 1330486200 * SECOND);
	CHECK_INT(parsed(kefu_date_twitter, "Tue Feb 29 00:00:00 +0800 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 32 00:00:00 +0800 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 00 00:00:00 +0800 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 31 24:00:00 +0800 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 31 17:60:00 +0800 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue Mai 31 17:46:55 +0800 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Die May 31 17:46:55 +0800 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 31 17:46:55 +0800 2011 "), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 31 17:46:55 0800 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 31 17:46:55 +0800 0000"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 31 17:46:55 +9900 2011"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, "Tue May 31 17:46:55 +0800"), NONE);
	CHECK_INT(parsed(kefu_date_twitter, ""), NONE);
}

static void
test_iso8601(void)
{
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T09:46:55Z"), 1306835215 * SECOND);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T17:46:55+08:00"), 1306835215 * SECOND);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31 17:46:55+0800"), 1306835215 * SECOND);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T17:46:55+08"), 1306835215 * SECOND);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T17:46+08"), 1306835160 * SECOND);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T09:46:55.1Z"), 1306835215 * SECOND + 100000);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T09:46:55.123456789Z"),
			  1306835215 * SECOND + 123456);
	CHECK_INT(parsed(kefu_date_iso8601, "0001-01-01T00:00:00Z"), INT64_C(-62135596800) * SECOND);
	CHECK_INT(parsed(kefu_date_iso8601, "0001-01-01T00:00:00+01:00"), NONE);
	CHECK_INT(parsed(kefu_date_iso8601, "9999-12-31T23:59:59Z"), INT64_C(253402300799) * SECOND);
	CHECK_INT(parsed(kefu_date_iso8601, "9999-12-31T23:59:59-01:00"), NONE);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T09:46:55"), NONE);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31"), NONE);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T09:46:55.Z"), NONE);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-13-31T09:46:55Z"), NONE);
	CHECK_INT(parsed(kefu_date_iso8601, "1900-02-29T09:46:55Z"), NONE);
	CHECK_INT(parsed(kefu_date_iso8601, "2000-02-29T00:00:00Z"), 951782400 * SECOND);
	CHECK_INT(parsed(kefu_date_iso8601, "2011-05-31T09:46:55ZZ"), NONE);
}

static void
test_unix(void)
{
	CHECK_INT(parsed(kefu_date_unix_s, "1306835215"), 1306835215 * SECOND);
	CHECK_INT(parsed(kefu_date_unix_s, "1306835215.25"), 1306835215 * SECOND + 250000);
	CHECK_INT(parsed(kefu_date_unix_s, "-1"), -SECOND);
	CHECK_INT(parsed(kefu_date_unix_s, "0"), 0);
	CHECK_INT(parsed(kefu_date_unix_s, "253402300799"), INT64_C(253402300799) * SECOND);
	CHECK_INT(parsed(kefu_date_unix_s, "253402300800"), NONE);
	CHECK_INT(parsed(kefu_date_unix_s, "99999999999999999999999999"), NONE);
	CHECK_INT(parsed(kefu_date_unix_s, "-62135596801"), NONE);
	CHECK_INT(parsed(kefu_date_unix_s, "1e9"), NONE);
	CHECK_INT(parsed(kefu_date_unix_s, "-"), NONE);
	CHECK_INT(parsed(kefu_date_unix_s, ""), NONE);
	CHECK_INT(parsed(kefu_date_unix_s, "1."), NONE);
	CHECK_INT(parsed(kefu_date_unix_ms, "1306835215123"), 1306835215 * SECOND + 123000);
	CHECK_INT(parsed(kefu_date_unix_ms, "1306835215123.5"), 1306835215 * SECOND + 123500);
	CHECK_INT(parsed(kefu_date_unix_ms, "-1"), -1000);
}

static void
test_http(void)
{
	int64_t		now = 1306835215 * SECOND;	/* 2011 */

	CHECK_INT(parsed_http("Sun, 06 Nov 1994 08:49:37 GMT", now), 784111777 * SECOND);
	CHECK_INT(parsed_http("Sunday, 06-Nov-94 08:49:37 GMT", now), 784111777 * SECOND);
	CHECK_INT(parsed_http("Sun Nov  6 08:49:37 1994", now), 784111777 * SECOND);
	CHECK_INT(parsed_http("Sun Nov 16 08:49:37 1994", now), 784975777 * SECOND);

	/* Two digits: up to 50 years ahead. */
	CHECK_INT(parsed_http("Sunday, 06-Nov-30 08:49:37 GMT", now), INT64_C(1920185377) * SECOND);
	CHECK_INT(parsed_http("Friday, 06-Nov-70 08:49:37 GMT", now), INT64_C(26729377) * SECOND);
	CHECK_INT(parsed_http("Sun, 06 Nov 1994 08:49:37 CET", now), NONE);
	CHECK_INT(parsed_http("Sun, 6 Nov 1994 08:49:37 GMT", now), NONE);
	CHECK_INT(parsed_http("120", now), NONE);
	CHECK_INT(parsed_http("", now), NONE);
}

/* Against the C library's arithmetic, over the whole range. */
static void
test_against_gmtime(void)
{
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
	};
	uint64_t	seed = 20110531;

	for (int i = 0; i < 20000; i++)
	{
		int64_t		seconds = check_random_between(&seed, INT64_C(-62135596800),
												   INT64_C(253402300799));
		time_t		t = (time_t) seconds;
		struct tm	tm;
		char		text[128];

		gmtime_r(&t, &tm);
		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
				 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		CHECK_INT(parsed(kefu_date_iso8601, text), seconds * SECOND);
		snprintf(text, sizeof(text), "Mon %s %02d %02d:%02d:%02d +0000 %04d", months[tm.tm_mon],
				 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
		CHECK_INT(parsed(kefu_date_twitter, text), seconds * SECOND);
		snprintf(text, sizeof(text), "%" PRId64, seconds);
		CHECK_INT(parsed(kefu_date_unix_s, text), seconds * SECOND);
	}
}

int
main(void)
{
	RUN(test_twitter);
	RUN(test_iso8601);
	RUN(test_unix);
	RUN(test_http);
	RUN(test_against_gmtime);
	return check_result();
}
