/*
 * fuzz_dates.c
 *		Any text as a date, a Retry-After header, HTML or a Link header.
 */
#include "backoff.h"
#include "dates.h"
#include "html.h"
#include "paging.h"
#include "urlform.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)
#define FIRST (INT64_C(-62135596800) * 1000000)
#define LAST (INT64_C(253402300800) * 1000000)

/* Understood or not, and if so within the years 1 to 9999. */
static void
check_dates(const char *text, size_t len)
{
	int64_t		micros = 0;

	MUST(!kefu_date_twitter(text, len, &micros) || (micros >= FIRST && micros < LAST));
	MUST(!kefu_date_iso8601(text, len, &micros) || (micros >= FIRST && micros < LAST));
	MUST(!kefu_date_unix_s(text, len, &micros) || (micros >= FIRST && micros < LAST));
	MUST(!kefu_date_unix_ms(text, len, &micros) || (micros >= FIRST && micros < LAST));
	MUST(!kefu_date_http(text, len, 0, &micros) || (micros >= FIRST && micros < LAST));
}

static void
check_html(const char *text, size_t len)
{
	KefuArena	arena = {0};
	size_t		out_len;
	const char *out = kefu_html_text(&arena, text, len, &out_len);

	MUST(out != NULL && out_len <= len && out[out_len] == '\0');
	out = kefu_html_label(&arena, text, len, &out_len);
	MUST(out != NULL && out_len <= len && strchr(out, '\n') == NULL);
	kefu_arena_free(&arena);
}

static void
check_headers(const char *text, size_t len)
{
	char		out[64];
	int64_t		seconds = kefu_retry_after_s(text, 0);
	size_t		needed = kefu_percent_encode(text, len, NULL, 0);
	char	   *encoded = malloc(needed + 1);

	MUST(seconds >= -1 && seconds <= 604800);
	MUST(!kefu_link_find(text, "next", out, sizeof(out)) || strlen(out) < sizeof(out));
	MUST(encoded != NULL);
	MUST(kefu_percent_encode(text, len, encoded, needed + 1) == needed);
	MUST(strlen(encoded) == needed);
	free(encoded);
}

/* A copy with a NUL behind it and nothing else, so that reading on is seen. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);

	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check_dates(text, size);
	check_html(text, size);
	check_headers(text, size);
	free(text);
	return 0;
}
