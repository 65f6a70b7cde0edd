/*
 * histogram.c
 *		Buckets of durations and percentiles from their counts, see histogram.h.
 */
#include "histogram.h"

#include <math.h>

/* An octave has 2^5 buckets; values of at most 6 bits have one each. */
#define OCTAVE_BITS 5
#define OCTAVE (1 << OCTAVE_BITS)
#define EXACT (2 * OCTAVE)
#define MOST ((INT64_C(1) << 32) - 1)

int
kefu_bucket(int64_t value)
{
	int			shift = 0;

	if (value < EXACT)
		return value < 0 ? 0 : (int) value;
	if (value > MOST)
		value = MOST;
	while (value >> shift >= EXACT)
		shift++;
	/* What is left has 6 bits, of which the first is set. */
	return EXACT + (shift - 1) * OCTAVE + (int) ((value >> shift) - OCTAVE);
}

int64_t
kefu_bucket_low(int bucket)
{
	int			octave;

	if (bucket < EXACT)
		return bucket;
	octave = (bucket - EXACT) / OCTAVE;
	return (int64_t) (OCTAVE + (bucket - EXACT) % OCTAVE) << (octave + 1);
}

int64_t
kefu_bucket_middle(int bucket)
{
	int64_t		low = kefu_bucket_low(bucket);

	if (bucket < EXACT)
		return low;
	return low + (INT64_C(1) << ((bucket - EXACT) / OCTAVE + 1)) / 2;
}

int
kefu_bucket_at(const int64_t *counts, double fraction)
{
	int64_t		all = 0;
	int64_t		so_far = 0;
	int64_t		wanted;

	for (int i = 0; i < KEFU_BUCKETS; i++)
		all += counts[i];
	if (all == 0)
		return -1;
	wanted = (int64_t) ceil(fraction * (double) all);
	if (wanted < 1)
		wanted = 1;
	if (wanted > all)
		wanted = all;
	for (int i = 0; i < KEFU_BUCKETS; i++)
	{
		so_far += counts[i];
		if (so_far >= wanted)
			return i;
	}
	return -1;
}
