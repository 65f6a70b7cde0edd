/*
 * dates.c
 *		The dates that platforms write, as microseconds since 1970-01-01 UTC.
 *
 * No strptime() and no mktime(): both depend on the locale or the time zone of
 * the process.  Day numbers by the usual arithmetic on years that begin in
 * March (Howard Hinnant, "chrono-compatible low-level date algorithms").
 */
#include "dates.h"

#include <string.h>

#define MICROS_PER_SECOND INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)
#define FIRST_SECOND INT64_C(-62135596800)	/* 0001-01-01 */
#define LAST_SECOND INT64_C(253402300799)	/* 9999-12-31 23:59:59 */

typedef struct Cursor
{
	const char *at;
	const char *end;
} Cursor;

typedef struct Moment
{
	int			year;
	int			month;			/* 1 to 12 */
	int			day;
	int			hour;
	int			minute;
	int			second;
	int			micros;
	int			offset;			/* minutes east of UTC */
} Moment;

static bool
literal(Cursor *c, const char *text)
{
	size_t		len = strlen(text);

	if ((size_t) (c->end - c->at) < len || memcmp(c->at, text, len) != 0)
		return false;
	c->at += len;
	return true;
}

/* Exactly count digits. */
static bool
number(Cursor *c, int count, int *value)
{
	if (c->end - c->at < count)
		return false;
	*value = 0;
	for (int i = 0; i < count; i++)
	{
		char		digit = *c->at++;

		if (digit < '0' || digit > '9')
			return false;
		*value = *value * 10 + (digit - '0');
	}
	return true;
}

/* One of the names of three letters in a row, numbered from 1. */
static bool
name(Cursor *c, const char *names, int *value)
{
	if (c->end - c->at < 3)
		return false;
	for (int i = 0; names[i * 3] != '\0'; i++)
	{
		if (memcmp(c->at, names + i * 3, 3) == 0)
		{
			c->at += 3;
			*value = i + 1;
			return true;
		}
	}
	return false;
}

static bool
weekday(Cursor *c)
{
	int			ignored;

	return name(c, "MonTueWedThuFriSatSun", &ignored);
}

static bool
month_name(Cursor *c, int *month)
{
	return name(c, "JanFebMarAprMayJunJulAugSepOctNovDec", month);
}

static bool
clock_time(Cursor *c, Moment *m)
{
	return number(c, 2, &m->hour) && literal(c, ":") &&
		number(c, 2, &m->minute) && literal(c, ":") && number(c, 2, &m->second);
}

/* "+0800", "+08:00" or "+08". */
static bool
utc_offset(Cursor *c, Moment *m)
{
	bool		east = literal(c, "+");
	int			hours,
				minutes = 0;

	if (!east && !literal(c, "-"))
		return false;
	if (!number(c, 2, &hours))
		return false;
	if (c->at < c->end)
	{
		(void) literal(c, ":");
		if (!number(c, 2, &minutes))
			return false;
	}
	if (hours > 15 || minutes > 59)
		return false;
	m->offset = (hours * 60 + minutes) * (east ? 1 : -1);
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* Days since 1970-01-01 of a date of the years 1 to 9999. */
static int64_t
day_number(int year, int month, int day)
{
	int			y = month > 2 ? year : year - 1;
	int			era = y / 400;
	int			year_of_era = y - era * 400;
	int			day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int			day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
		day_of_year;

	return (int64_t) era * 146097 + day_of_era - 719468;
}

static bool
finish(const Moment *m, int64_t *micros)
{
	int64_t		seconds;

	if (m->year < 1 || m->month < 1 || m->month > 12 || m->day < 1 ||
		m->day > days_in_month(m->year, m->month) ||
		m->hour > 23 || m->minute > 59 || m->second > 60)
		return false;
	seconds = day_number(m->year, m->month, m->day) * SECONDS_PER_DAY +
		m->hour * 3600 + m->minute * 60 + m->second - m->offset * 60;
	if (seconds < FIRST_SECOND || seconds > LAST_SECOND)
		return false;
	*micros = seconds * MICROS_PER_SECOND + m->micros;
	return true;
}

bool
kefu_date_twitter(const char *text, size_t len, int64_t *micros)
{
	Cursor		c = {text, text + len};
	Moment		m = {0};
	Cursor		zone;

	if (!(weekday(&c) && literal(&c, " ") && month_name(&c, &m.month) &&
		  literal(&c, " ") && number(&c, 2, &m.day) && literal(&c, " ") &&
		  clock_time(&c, &m) && literal(&c, " ")))
		return false;
	if (c.end - c.at < 5)
		return false;
	zone.at = c.at;
	zone.end = c.at + 5;
	c.at += 5;
	return utc_offset(&zone, &m) && zone.at == zone.end &&
		literal(&c, " ") && number(&c, 4, &m.year) && c.at == c.end &&
		finish(&m, micros);
}

/* Decimals behind a point; more than six are cut off. */
static bool
decimals(Cursor *c, int *micros)
{
	int			scale = 100000;
	const char *from = c->at;

	*micros = 0;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
	{
		*micros += (*c->at - '0') * scale;
		scale /= 10;
	}
	return c->at > from;
}

bool
kefu_date_iso8601(const char *text, size_t len, int64_t *micros)
{
	Cursor		c = {text, text + len};
	Moment		m = {0};

	if (!(number(&c, 4, &m.year) && literal(&c, "-") && number(&c, 2, &m.month) &&
		  literal(&c, "-") && number(&c, 2, &m.day) &&
		  (literal(&c, "T") || literal(&c, " ")) &&
		  number(&c, 2, &m.hour) && literal(&c, ":") && number(&c, 2, &m.minute)))
		return false;
	if (literal(&c, ":"))
	{
		if (!number(&c, 2, &m.second) ||
			(literal(&c, ".") && !decimals(&c, &m.micros)))
			return false;
	}
	if (!literal(&c, "Z") && !utc_offset(&c, &m))
		return false;
	return c.at == c.end && finish(&m, micros);
}

/*
 * A decimal number of units of unit_micros each.  Fractions below a
 * microsecond are cut off towards zero.
 */
static bool
count_of(const char *text, size_t len, int64_t unit_micros, int64_t *micros)
{
	Cursor		c = {text, text + len};
	bool		negative = literal(&c, "-");
	const char *from = c.at;
	int64_t		whole = 0;
	int64_t		limit = LAST_SECOND * MICROS_PER_SECOND;
	int			fraction = 0;

	for (; c.at < c.end && *c.at >= '0' && *c.at <= '9'; c.at++)
	{
		whole = whole * 10 + (*c.at - '0');
		if (whole > limit / unit_micros)
			return false;
	}
	if (c.at == from)
		return false;
	if (literal(&c, ".") && !decimals(&c, &fraction))
		return false;
	if (c.at != c.end)
		return false;
	*micros = whole * unit_micros + fraction * unit_micros / MICROS_PER_SECOND;
	if (negative)
		*micros = -*micros;
	return *micros >= FIRST_SECOND * MICROS_PER_SECOND;
}

bool
kefu_date_unix_s(const char *text, size_t len, int64_t *micros)
{
	return count_of(text, len, MICROS_PER_SECOND, micros);
}

bool
kefu_date_unix_ms(const char *text, size_t len, int64_t *micros)
{
	return count_of(text, len, 1000, micros);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool
http_fixed(Cursor c, Moment *m)
{
	return weekday(&c) && literal(&c, ", ") && number(&c, 2, &m->day) &&
		literal(&c, " ") && month_name(&c, &m->month) && literal(&c, " ") &&
		number(&c, 4, &m->year) && literal(&c, " ") && clock_time(&c, m) &&
		literal(&c, " GMT") && c.at == c.end;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; the year comes out with two digits. */
static bool
http_rfc850(Cursor c, Moment *m)
{
	if (!weekday(&c))
		return false;
	while (c.at < c.end && *c.at >= 'a' && *c.at <= 'z')
		c.at++;
	return literal(&c, ", ") && number(&c, 2, &m->day) && literal(&c, "-") &&
		month_name(&c, &m->month) && literal(&c, "-") && number(&c, 2, &m->year) &&
		literal(&c, " ") && clock_time(&c, m) && literal(&c, " GMT") && c.at == c.end;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool
http_asctime(Cursor c, Moment *m)
{
	int			digits;

	if (!(weekday(&c) && literal(&c, " ") && month_name(&c, &m->month) &&
		  literal(&c, " ")))
		return false;
	digits = literal(&c, " ") ? 1 : 2;
	return number(&c, digits, &m->day) && literal(&c, " ") && clock_time(&c, m) &&
		literal(&c, " ") && number(&c, 4, &m->year) && c.at == c.end;
}

bool
kefu_date_http(const char *text, size_t len, int64_t now, int64_t *micros)
{
	const int64_t fifty_years = INT64_C(50) * 36525 / 100 * SECONDS_PER_DAY *
		MICROS_PER_SECOND;
	Cursor		c = {text, text + len};
	Moment		m = {0};

	if (http_fixed(c, &m))
		return finish(&m, micros);
	memset(&m, 0, sizeof(m));
	if (http_asctime(c, &m))
		return finish(&m, micros);
	memset(&m, 0, sizeof(m));
	if (!http_rfc850(c, &m))
		return false;

	/* The latest century that isn't too far ahead. */
	for (m.year += 2100; m.year > 1900; m.year -= 100)
	{
		if (finish(&m, micros) && *micros <= now + fifty_years)
			return true;
	}
	return finish(&m, micros);
}
