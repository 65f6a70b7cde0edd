/*
 * similarity.h
 *		How much of two texts is the same, and how texts alike are found.
 *
 * Three steps, each of them the same on every machine, in every locale:
 *
 * 1. The normal form: what is left of a text when everything is gone that two
 *    customers with one problem would write differently anyway (see .c).
 * 2. Its grams: the set of its pairs of neighbouring code points.  Two texts
 *    are as similar as their sets: common grams by all grams (Jaccard).  A text
 *    of fewer than KEFU_FEW_GRAMS grams is like another only if their normal
 *    forms are equal, and an empty one is like nothing.
 * 3. The sketch: KEFU_BANDS numbers, of which texts alike share at least one
 *    with probability 1 - (1 - s^KEFU_BAND_ROWS)^KEFU_BANDS, s being their
 *    similarity: 99.9 % at 0.6, 96 % at 0.5, 79 % at 0.4, 0.3 % at 0.05.  It
 *    finds candidates by equality, hence by an index; step 2 decides.
 *
 * Sketches are kept on disk: a change of the hash, its seeds or the normal
 * form is a change of format and needs them made anew.
 */
#ifndef KEFU_PURE_SIMILARITY_H
#define KEFU_PURE_SIMILARITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEFU_BANDS 24
#define KEFU_BAND_ROWS 3
#define KEFU_FEW_GRAMS 4

/*
 * Normal form of a text in UTF-8 as code points in out, which has room for len
 * of them.  Returns how many there are.  Bytes that are no UTF-8 are left out.
 */
extern size_t kefu_normal_form(const char *text, size_t len, uint32_t *out);

/*
 * Distinct grams of a normal form in ascending order, in out, which has room
 * for count of them.  A gram is its first code point times 2^32 and its second.
 */
extern size_t kefu_grams(const uint32_t *form, size_t count, uint64_t *out);

/* How many of two ascending sets of grams are in both. */
extern size_t kefu_shared_grams(const uint64_t *a, size_t a_count,
								const uint64_t *b, size_t b_count);

/*
 * Similarity of two normal forms with their grams, 0 to 1; symmetric, and 1
 * exactly if the sets of grams (of short texts: the forms) are equal.
 */
extern double kefu_similarity(const uint32_t *a, size_t a_count,
							  const uint64_t *a_grams, size_t a_gram_count,
							  const uint32_t *b, size_t b_count,
							  const uint64_t *b_grams, size_t b_gram_count);

/*
 * Sketch of a normal form with its grams, in out, which has room for
 * KEFU_BANDS.  Returns how many there are: KEFU_BANDS, 1 for a short text, 0
 * for an empty one.
 */
extern size_t kefu_sketch(const uint32_t *form, size_t count,
						  const uint64_t *grams, size_t gram_count, uint64_t *out);

#endif							/* KEFU_PURE_SIMILARITY_H */
