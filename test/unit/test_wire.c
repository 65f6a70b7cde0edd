/*
 * test_wire.c
 *		HTML, back-off, Retry-After, percent-encoding, forms and paths.
 */
#include "backoff.h"
#include "check.h"
#include "html.h"
#include "urlform.h"

#define SECOND INT64_C(1000000)

/* --- HTML ----------------------------------------------------------------- */

static const char *
html(const char *text, bool label)
{
	static char result[1024];
	KefuArena	arena = {0};
	size_t		len;
	const char *out = label ? kefu_html_label(&arena, text, strlen(text), &len)
		: kefu_html_text(&arena, text, strlen(text), &len);

	CHECK(out != NULL && strlen(out) == len && len <= strlen(text));
	snprintf(result, sizeof(result), "%s", out);
	kefu_arena_free(&arena);
	return result;
}

static void
test_html_text(void)
{
	CHECK_STR(html("<p>\xE4\xBD\xA0\xE5\xA5\xBD <b>x</b></p>", false), "\xE4\xBD\xA0\xE5\xA5\xBD x");
	CHECK_STR(html("<p>one</p><p>two<br>three<br/><br />four</p>", false),
			  "one\n\ntwo\nthree\n\nfour");
	CHECK_STR(html("a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#x27; &nbsp;f", false),
			  "a & b <c> \"d\" 'e'  f");
	CHECK_STR(html("&#20013;&#x56FD;&#128512;", false), "\xE4\xB8\xAD\xE5\x9B\xBD\xF0\x9F\x98\x80");
	CHECK_STR(html("1 < 2 && 3 > 2 <3", false), "1 < 2 && 3 > 2 <3");
	CHECK_STR(html("&unknown; &; &#; &#x; &#xD800; &#0; &#99999999; &amp", false),
			  "&unknown; &; &#; &#x; &#xD800; &#0; &#99999999; &amp");
	CHECK_STR(html("a<script>var x = '<b>';</script>b<STYLE>p{}</STYLE>c", false), "abc");
	CHECK_STR(html("a<script>never closed", false), "a");
	CHECK_STR(html("<a href=\"x\" rel='y'>t</a", false), "t</a");
	CHECK_STR(html("<!-- note -->x", false), "x");
	CHECK_STR(html("", false), "");
	CHECK_STR(html("  <p> a </p>  ", false), "a");
	CHECK_STR(html("&amp;lt;", false), "&lt;");
}

static void
test_html_label(void)
{
	CHECK_STR(html("<a href=\"http://x.example\" rel=\"nofollow\">\xE5\xBE\xAE\xE5\x8D\x9A</a>", true),
			  "\xE5\xBE\xAE\xE5\x8D\x9A");
	CHECK_STR(html("a<br>b\n\t c", true), "a b c");
	CHECK_STR(html("<p> </p>", true), "");
}

/* --- waiting -------------------------------------------------------------- */

static void
test_backoff(void)
{
	bool		differs = false;

	CHECK_INT(kefu_backoff_ms(0, 1000, 60000, 1), 0);
	CHECK_INT(kefu_backoff_ms(3, 0, 60000, 1), 0);
	for (uint64_t seed = 1; seed <= 500; seed++)
	{
		for (int failures = 1; failures <= 70; failures++)
		{
			int64_t		full = failures <= 6 ? INT64_C(1000) << (failures - 1) : 60000;
			int64_t		wait = kefu_backoff_ms(failures, 1000, 60000, seed);

			if (full > 60000)
				full = 60000;
			if (wait < full / 2 || wait > full)
				check_that(0, __FILE__, __LINE__, "wait %d of %d", (int) wait, failures);
			CHECK_INT(kefu_backoff_ms(failures, 1000, 60000, seed), wait);
			differs |= wait != kefu_backoff_ms(failures, 1000, 60000, seed + 1);
		}
	}
	CHECK(differs);
	CHECK(kefu_backoff_ms(1000000, INT64_MAX / 2, INT64_MAX, 7) > 0);
	CHECK(kefu_backoff_ms(1, 100, 1, 7) <= 1);
}

static void
test_retry_after(void)
{
	int64_t		now = 784111777 * SECOND;

	CHECK_INT(kefu_retry_after_s("120", now), 120);
	CHECK_INT(kefu_retry_after_s(" 120 ", now), 120);
	CHECK_INT(kefu_retry_after_s("0", now), 0);
	CHECK_INT(kefu_retry_after_s("99999999999999999999999", now), 604800);
	CHECK_INT(kefu_retry_after_s("Sun, 06 Nov 1994 08:50:37 GMT", now), 60);
	CHECK_INT(kefu_retry_after_s("Sun, 06 Nov 1994 08:50:37 GMT", now + 1), 60);
	CHECK_INT(kefu_retry_after_s("Sun, 06 Nov 1994 08:48:37 GMT", now), 0);
	CHECK_INT(kefu_retry_after_s("Sun, 06 Nov 2094 08:48:37 GMT", now), 604800);
	CHECK_INT(kefu_retry_after_s("", now), -1);
	CHECK_INT(kefu_retry_after_s("soon", now), -1);
	CHECK_INT(kefu_retry_after_s("-5", now), -1);
	CHECK_INT(kefu_retry_after_s("12.5", now), -1);
}

/* --- addresses ------------------------------------------------------------ */

static void
test_percent(void)
{
	char		out[64];

	CHECK_INT((int64_t) kefu_percent_encode("AZaz09-._~", 10, out, sizeof(out)), 10);
	CHECK_STR(out, "AZaz09-._~");
	CHECK_INT((int64_t) kefu_percent_encode("\xE4\xB8\xAD &+%/=!*'()", 14, out, sizeof(out)), 42);
	CHECK_STR(out, "%E4%B8%AD%20%26%2B%25%2F%3D%21%2A%27%28%29");
	CHECK_INT((int64_t) kefu_percent_encode("a b", 3, NULL, 0), 5);
	CHECK_INT((int64_t) kefu_percent_encode("a b", 3, out, 3), 5);
	CHECK_STR(out, "a%");
	CHECK_INT((int64_t) kefu_percent_encode("\0", 1, out, sizeof(out)), 3);
	CHECK_STR(out, "%00");
}

static void
test_forms_and_paths(void)
{
	KefuParam	params[] = {
		{.name = "id", .value = "-33/4"},
		{.name = "status", .value = "a b"},
		{.name = "none", .value = NULL},
		{.name = "twice", .value = "a b", .pre_encoded = true},
		{.name = "empty", .value = ""},
	};
	const char *missing;
	char		out[128];

	CHECK_INT((int64_t) kefu_expand_path("/destroy/{id}.json", params, 5, out, sizeof(out), &missing), 21);
	CHECK_STR(out, "/destroy/-33%2F4.json");
	CHECK(missing == NULL && params[0].in_path && !params[1].in_path);
	kefu_form_encode(params, 5, out, sizeof(out));
	CHECK_STR(out, "status=a%20b&twice=a%2520b&empty=");
	kefu_expand_path("/x/{none}/{y}", params, 5, out, sizeof(out), &missing);
	CHECK_STR(out, "/x/{none}/{y}");
	CHECK(missing != NULL && strncmp(missing, "none}", 5) == 0);
	kefu_expand_path("/x/{open", params, 5, out, sizeof(out), &missing);
	CHECK_STR(out, "/x/{open");
	CHECK(missing == NULL);
	params[0].value = "..";
	kefu_expand_path("/destroy/{id}", params, 5, out, sizeof(out), &missing);
	CHECK(missing != NULL);
	params[0].value = "..a";
	kefu_expand_path("/destroy/{id}", params, 5, out, sizeof(out), &missing);
	CHECK_STR(out, "/destroy/..a");
	CHECK_INT((int64_t) kefu_form_encode(params, 0, out, sizeof(out)), 0);
	CHECK_STR(out, "");
}

int
main(void)
{
	RUN(test_html_text);
	RUN(test_html_label);
	RUN(test_backoff);
	RUN(test_retry_after);
	RUN(test_percent);
	RUN(test_forms_and_paths);
	return check_result();
}
