/*
 * histogram.h
 *		Durations counted in buckets, so that counts of parts add up to counts
 *		of the whole and a percentile of the whole can be read from them.
 *
 * The buckets are those of an HDR histogram (Gil Tene, 2012): one a second up
 * to 63, then 32 an octave.  A value stands for its bucket to within 1 in 64,
 * whatever its size; below 64 exactly.
 *
 * Buckets are kept on disk: another division is a change of format and needs
 * kefu.rebuild_kpis().
 */
#ifndef KEFU_PURE_HISTOGRAM_H
#define KEFU_PURE_HISTOGRAM_H

#include <stdint.h>

/* 64 exact ones and 26 octaves of 32: up to 2^32 - 1 seconds, 136 years */
#define KEFU_BUCKETS 896

/* Bucket of a value in seconds; a negative one is in the first, what is too
 * great for the last is in the last. */
extern int	kefu_bucket(int64_t value);

/* The least value of a bucket, 0 to KEFU_BUCKETS - 1 */
extern int64_t kefu_bucket_low(int bucket);

/* The value in the middle of a bucket, rounded down: what it stands for */
extern int64_t kefu_bucket_middle(int bucket);

/*
 * The bucket in which the value lies that a share of all don't exceed: the
 * first by whose end ceil(fraction * all) of the values are counted, at least
 * one.  counts has KEFU_BUCKETS entries, none negative; fraction is 0 to 1.
 * Returns -1 if nothing is counted.
 */
extern int	kefu_bucket_at(const int64_t *counts, double fraction);

#endif							/* KEFU_PURE_HISTOGRAM_H */
