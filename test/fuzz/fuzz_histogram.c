/*
 * fuzz_histogram.c
 *		Any values in any order: a percentile lies in the bucket of the value of
 *		that rank, and counts of two parts give what counts of all give.
 */
#include "histogram.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

int			LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static int64_t counts[KEFU_BUCKETS];
	double		fraction = size > 0 ? data[0] / 255.0 : 0.5;
	size_t		all = 0;
	size_t		below = 0;
	size_t		within = 0;
	int			found;

	memset(counts, 0, sizeof(counts));
	for (size_t at = 1; at + 8 <= size; at += 8, all++)
	{
		int64_t		value;
		int			bucket;

		memcpy(&value, data + at, 8);
		bucket = kefu_bucket(value);
		MUST(bucket >= 0 && bucket < KEFU_BUCKETS);
		MUST(bucket == 0 || bucket == KEFU_BUCKETS - 1 ||
			 (kefu_bucket_low(bucket) <= value && value < kefu_bucket_low(bucket + 1)));
		counts[bucket]++;
	}
	found = kefu_bucket_at(counts, fraction);
	MUST((found == -1) == (all == 0));
	for (int i = 0; i < found; i++)
		below += counts[i];
	if (found >= 0)
		within = counts[found];
	/* Fewer than the share lie below it, and with its own it is reached. */
	MUST(all == 0 || (below == 0 || below < fraction * all) );
	MUST(all == 0 || below + within >= fraction * all);
	return 0;
}
