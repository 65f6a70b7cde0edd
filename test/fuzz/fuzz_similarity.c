/*
 * fuzz_similarity.c
 *		Any two texts, cut out of one input: bounds, symmetry, and that a text
 *		is wholly like itself.
 */
#include "similarity.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

typedef struct Text
{
	uint32_t   *form;
	uint64_t   *grams;
	size_t		count;
	size_t		gram_count;
} Text;

static Text
read_text(const char *given, size_t len)
{
	Text		text;
	uint64_t	sketch[KEFU_BANDS];
	size_t		bands;

	text.form = malloc(sizeof(uint32_t) * (len + 1));
	text.count = kefu_normal_form(given, len, text.form);
	MUST(text.count <= len);
	text.grams = malloc(sizeof(uint64_t) * (text.count + 1));
	text.gram_count = kefu_grams(text.form, text.count, text.grams);
	MUST(text.gram_count <= text.count);
	for (size_t i = 1; i < text.gram_count; i++)
		MUST(text.grams[i - 1] < text.grams[i]);
	bands = kefu_sketch(text.form, text.count, text.grams, text.gram_count, sketch);
	MUST(bands == (text.count == 0 ? 0 :
				   text.gram_count < KEFU_FEW_GRAMS ? 1 : KEFU_BANDS));
	return text;
}

static double
similarity(const Text *a, const Text *b)
{
	return kefu_similarity(a->form, a->count, a->grams, a->gram_count,
						   b->form, b->count, b->grams, b->gram_count);
}

int			LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	size_t		cut = size > 0 ? data[0] * size / 256 : 0;
	Text		a = read_text((const char *) data, cut);
	Text		b = read_text((const char *) data + cut, size - cut);
	double		ab = similarity(&a, &b);

	MUST(ab >= 0 && ab <= 1 && ab == similarity(&b, &a));
	MUST(similarity(&a, &a) == (a.count > 0 ? 1 : 0));
	free(a.form);
	free(a.grams);
	free(b.form);
	free(b.grams);
	return 0;
}
