/*
 * test_histogram.c
 *		Host test of src/pure/histogram.c: buckets against their definition,
 *		percentiles against sorted values, and that parts add up.
 */
#include "check.h"

#include <stdlib.h>

#include "histogram.h"

#define VALUES 5000

static int
compare(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* Every bucket begins where the one before it ends. */
static void
test_borders(void)
{
	for (int b = 0; b < KEFU_BUCKETS; b++)
	{
		int64_t		low = kefu_bucket_low(b);

		CHECK(kefu_bucket(low) == b);
		CHECK(b == 0 || kefu_bucket(low - 1) == b - 1);
		CHECK(kefu_bucket(kefu_bucket_middle(b)) == b);
	}
	CHECK(kefu_bucket(-1) == 0 && kefu_bucket(INT64_MIN) == 0);
	CHECK(kefu_bucket(INT64_MAX) == KEFU_BUCKETS - 1);
	CHECK(kefu_bucket_middle(63) == 63);
}

/* No value is farther from what its bucket stands for than 1 in 64. */
static void
test_error(void)
{
	for (int64_t v = 1; v < INT64_C(4000000000); v += 1 + v / 97)
	{
		int64_t		off = kefu_bucket_middle(kefu_bucket(v)) - v;

		CHECK(llabs(off) * 64 <= v);
	}
}

static void
test_percentile(void)
{
	static int64_t values[VALUES];
	static int64_t counts[KEFU_BUCKETS];
	static int64_t half[KEFU_BUCKETS];
	const double fractions[] = {0, 0.1, 0.5, 0.9, 0.99, 1};

	CHECK(kefu_bucket_at(counts, 0.5) == -1);
	srand(1);
	for (int i = 0; i < VALUES; i++)
	{
		values[i] = rand() % (1 << (1 + rand() % 24));
		(i % 2 == 0 ? counts : half)[kefu_bucket(values[i])]++;
	}
	for (int b = 0; b < KEFU_BUCKETS; b++)
		counts[b] += half[b];
	qsort(values, VALUES, sizeof(values[0]), compare);
	for (size_t f = 0; f < sizeof(fractions) / sizeof(fractions[0]); f++)
	{
		int64_t		rank = (int64_t) (fractions[f] * VALUES + 0.999999);

		CHECK(kefu_bucket_at(counts, fractions[f]) ==
			  kefu_bucket(values[rank < 1 ? 0 : rank - 1]));
	}
}

int
main(void)
{
	RUN(test_borders);
	RUN(test_error);
	RUN(test_percentile);
	return check_result();
}
