/*
 * backoff.c
 *		How long to wait before trying again.
 */
#include "backoff.h"

#include <string.h>

#include "dates.h"

#define LONGEST_RETRY_AFTER INT64_C(604800)
#define MICROS_PER_SECOND INT64_C(1000000)

/* One step of splitmix64 (Steele, Lea, Flood 2014): good bits from any seed. */
static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

int64_t
kefu_backoff_ms(int failures, int64_t base_ms, int64_t cap_ms, uint64_t seed)
{
	int64_t		wait = base_ms;
	int64_t		sure;

	if (failures <= 0 || base_ms <= 0 || cap_ms <= 0)
		return 0;
	for (int i = 1; i < failures && wait < cap_ms; i++)
		wait = wait > cap_ms / 2 ? cap_ms : wait * 2;
	if (wait > cap_ms)
		wait = cap_ms;
	sure = wait - wait / 2;
	return sure + (int64_t) (mix(seed ^ mix((uint64_t) failures)) %
							 ((uint64_t) (wait / 2) + 1));
}

int64_t
kefu_retry_after_s(const char *value, int64_t now)
{
	size_t		len;
	int64_t		seconds = 0;
	int64_t		at;

	while (*value == ' ' || *value == '\t')
		value++;
	len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (len > 0 && strspn(value, "0123456789") >= len)
	{
		for (size_t i = 0; i < len && seconds < LONGEST_RETRY_AFTER; i++)
			seconds = seconds * 10 + (value[i] - '0');
	}
	else if (kefu_date_http(value, len, now, &at))
	{
		if (at > now)
			seconds = (at - now + MICROS_PER_SECOND - 1) / MICROS_PER_SECOND;
	}
	else
		return -1;
	return seconds < LONGEST_RETRY_AFTER ? seconds : LONGEST_RETRY_AFTER;
}
