/*
 * fuzz_textlength.c
 *		Any text under any rule: what must hold between the ways of counting, and
 *		that what is said to fit does.
 */
#include "textlength.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

static uint64_t
length_by(const char *text, size_t len, KefuCounting counting)
{
	KefuLengthRule rule = {.counting = counting};

	return kefu_text_length(text, len, &rule);
}

static void
check_fitting(const char *text, size_t len, const KefuLengthRule *rule, uint64_t limit)
{
	size_t		fits = kefu_fitting_bytes(text, len, rule, limit);

	MUST(fits <= len);
	MUST(kefu_text_length(text, fits, rule) <= limit);
	MUST((fits == len) == (kefu_text_length(text, len, rule) <= limit));
}

int			LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *text;
	size_t		len;
	KefuLengthRule rule;
	uint64_t	points;

	if (size < 3)
		return 0;
	text = (const char *) data + 3;
	len = size - 3;
	rule = (KefuLengthRule) {
		.counting = (KefuCounting) (data[0] % 5),
		.url_length = data[1],
		.short_names = data[0] & 0x80
	};
	points = length_by(text, len, KEFU_COUNT_CODEPOINTS);
	MUST(points <= len && length_by(text, len, KEFU_COUNT_BYTES) == len);
	MUST(length_by(text, len, KEFU_COUNT_GRAPHEMES) <= points);
	MUST(length_by(text, len, KEFU_COUNT_HALVES) >= (points + 1) / 2);
	MUST(length_by(text, len, KEFU_COUNT_HALVES) <= 2 * points);
	check_fitting(text, len, &rule, data[2]);
	return 0;
}
