/*
 * test_textlength.c
 *		Host test of src/pure/textlength.c and grapheme.c: what the platforms
 *		count (R41), and the Unicode standard's own test of graphemes.
 */
#include "check.h"

#include "grapheme.h"
#include "textlength.h"

#include "grapheme_vectors.h"

#define ROOM 8192

static const KefuLengthRule sina = {.counting = KEFU_COUNT_SINA};
static const KefuLengthRule fediverse = {
	.counting = KEFU_COUNT_GRAPHEMES, .url_length = 23, .short_names = true
};

static void
check_length(const char *text, const KefuLengthRule *rule, int64_t expected)
{
	int64_t		length = (int64_t) kefu_text_length(text, strlen(text), rule);

	check_that(length == expected, __FILE__, __LINE__, "\"%s\" has %" PRId64 ", not %" PRId64,
			   text, length, expected);
}

/* A text of before, count times unit, and after; the next call overwrites it. */
static const char *
made(const char *before, int count, const char *unit, const char *after)
{
	static char text[ROOM];
	size_t		len = strlen(before);

	memcpy(text, before, len);
	for (int i = 0; i < count; i++, len += strlen(unit))
		memcpy(text + len, unit, strlen(unit));
	strcpy(text + len, after);
	return text;
}

static void
test_sina_vectors(void)
{
	check_length("", &sina, 0);
	check_length("a", &sina, 1);
	check_length("ab", &sina, 1);
	check_length("abc", &sina, 2);
	check_length("中", &sina, 1);
	check_length("中a", &sina, 2);
	check_length("é", &sina, 1);
	check_length("éé", &sina, 1);
	check_length("ÿÿ", &sina, 1);
	check_length("Ā", &sina, 1);
	check_length("ĀĀ", &sina, 2);
	check_length("😀", &sina, 2);
	check_length("👨\u200d👩\u200d👧", &sina, 8);
	check_length("\r\n", &sina, 1);
	check_length("\r\n\r\n", &sina, 1);
	check_length("\r\r", &sina, 1);
	check_length("\n\r\n", &sina, 1);
	check_length("[微笑]", &sina, 3);
	check_length("#天翼新服务#您好", &sina, 8);
	check_length("@中国电信客服 你好", &sina, 9);
	check_length("http://www.189.cn/a", &sina, 10);
	check_length("https://www.189.cn/a", &sina, 10);
	check_length("http://t.cn/Rabc123", &sina, 10);
	check_length("中http://www.189.cn/a文", &sina, 12);
	check_length("http://weibo.com/ct10000", &sina, 12);
}

static void
test_sina_boundaries(void)
{
	check_length(made("", 140, "中", ""), &sina, 140);
	check_length(made("", 139, "中", ""), &sina, 139);
	check_length(made("", 141, "中", ""), &sina, 141);
	check_length(made("", 280, "a", ""), &sina, 140);
	check_length(made("", 281, "a", ""), &sina, 141);
	check_length(made("", 139, "中", "ab"), &sina, 140);
	check_length(made("", 139, "中", "abc"), &sina, 141);
	/* addresses of others: 20 halves up to 140, then what is beyond */
	check_length(made("http://www.189.cn/", 122, "a", ""), &sina, 10);
	check_length(made("http://www.189.cn/", 123, "a", ""), &sina, 11);
	check_length(made("http://www.189.cn/", 124, "a", ""), &sina, 11);
	/* its own: in full up to 41 halves, so that 42 are shorter */
	check_length(made("http://weibo.com/", 24, "a", ""), &sina, 21);
	check_length(made("http://weibo.com/", 25, "a", ""), &sina, 10);
	check_length(made("http://weibo.com/", 123, "a", ""), &sina, 10);
	check_length(made("http://weibo.com/", 124, "a", ""), &sina, 11);
	check_length(made("http://t.sina.com.cn/", 20, "a", ""), &sina, 21);
	check_length(made("http://t.sina.com.cn/", 21, "a", ""), &sina, 10);
}

static void
test_sina_addresses(void)
{
	/* an end of the address in Chinese, or none at all */
	check_length("看http://www.189.cn/a吧", &sina, 12);
	check_length("http://a.cn http://b.cn", &sina, 21);
	check_length("http://a.cn/http://b.cn", &sina, 10);
	check_length("http://localhost/aaaaaaaa", &sina, 13);
	check_length("http://a-b.cn/aaaaaaaaaaaaaa", &sina, 14);
	check_length("http://a..cn/aaaaaaaaaaaaaa", &sina, 14);
	check_length("http://aaaaaaaaaaaaaaaaaaaa.", &sina, 14);
	check_length("HTTP://www.189.cn/aaaaaaaaaa", &sina, 10);
	check_length("hhttp://www.189.cn/aaaaaaaaa", &sina, 11);
	check_length("http:/www.189.cn", &sina, 8);
	/* the prefixes are patterns in small letters */
	check_length("http://t.cnn.com/aaaaaaaaaaa", &sina, 14);
	check_length("http://tacn.com/aaaaaaaaaaaa", &sina, 14);
	check_length("HTTP://t.cn/aaaaaaaaaaaaaaaa", &sina, 10);
	check_length("http://weibo.com.example/a", &sina, 13);
	check_length("http://www.weibo.com/aaaaaaa", &sina, 10);
	check_length("http://T.sina.cn/aaaaaaaaaaa", &sina, 10);
}

static void
test_plain_rules(void)
{
	static const KefuLengthRule halves = {.counting = KEFU_COUNT_HALVES};
	static const KefuLengthRule points = {.counting = KEFU_COUNT_CODEPOINTS};
	static const KefuLengthRule bytes = {.counting = KEFU_COUNT_BYTES};
	KefuLengthRule link = points;
	KefuCounting counting;

	check_length("http://www.189.cn/aaaaaaaaaaaa", &halves, 15);
	check_length("中ab\r\n", &halves, 3);
	check_length("中a😀", &points, 3);
	check_length("👨\u200d👩\u200d👧", &points, 5);
	check_length("\r\n", &points, 2);
	check_length("中a😀", &bytes, 8);
	link.url_length = 11;
	check_length("看http://www.189.cn/aaaaaaaaaaaaaaaaaaaa 吧", &link, 14);
	CHECK(kefu_counting_named("graphemes", &counting) && counting == KEFU_COUNT_GRAPHEMES);
	CHECK(kefu_counting_named("bytes", &counting) && counting == KEFU_COUNT_BYTES);
	CHECK(!kefu_counting_named("cjk", &counting));
	CHECK(!kefu_counting_named("", &counting));
}

static void
test_fediverse(void)
{
	check_length("", &fediverse, 0);
	check_length("中文ab", &fediverse, 4);
	check_length("👨\u200d👩\u200d👧🇨🇳é", &fediverse, 3);
	check_length("e\u0301", &fediverse, 1);
	check_length("\r\n", &fediverse, 1);
	check_length("http://a.cn", &fediverse, 23);
	check_length("HTTPS://www.189.cn/a?b=c#d", &fediverse, 23);
	check_length("(http://a.cn/x)", &fediverse, 25);
	check_length("http://a.cn/x(y)", &fediverse, 23);
	check_length("http://a.cn/x.", &fediverse, 24);
	check_length("http://a.cn/x?b=c.", &fediverse, 24);
	check_length("http://a.cn:8080/x", &fediverse, 23);
	check_length("http://a.cn/看 了", &fediverse, 25);
	check_length("看http://a.cn,了", &fediverse, 26);
	check_length("xhttp://a.cn", &fediverse, 12);
	check_length("http://localhost", &fediverse, 16);
	check_length("@ct10000", &fediverse, 8);
	check_length("@ct10000@kefu.example 您好", &fediverse, 11);
	check_length("@ct10000@kefu.example.", &fediverse, 9);
	check_length("a@ct10000@kefu.example", &fediverse, 22);
	check_length("@@kefu.example", &fediverse, 14);
	check_length("@a@", &fediverse, 3);
	check_length("@.a@kefu", &fediverse, 8);
	check_length("http://a.cn/@ct10000@kefu.example", &fediverse, 23);
}

/* Bytes that are no UTF-8 count, and end nothing. */
static void
test_broken_text(void)
{
	check_length("\xFF", &sina, 1);
	check_length("\xE4\xB8", &sina, 2);
	check_length("@a@b\xE4", &fediverse, 3);
	check_length("http://a.cn/\xFF", &fediverse, 23);
}

static void
test_graphemes(void)
{
	for (size_t i = 0; i < sizeof(grapheme_vectors) / sizeof(grapheme_vectors[0]); i++)
	{
		KefuGraphemes state = {0};
		bool		boundary = false;

		for (const int32_t *at = grapheme_vectors[i]; *at != -2; at++)
		{
			if (*at == -1)
				boundary = true;
			else
			{
				check_that(kefu_grapheme_begins(&state, (uint32_t) *at) == boundary,
						   __FILE__, __LINE__, "vector %zu, U+%04X", i, (unsigned) *at);
				boundary = false;
			}
		}
	}
}

static void
check_fitting(const char *text, const KefuLengthRule *rule, uint64_t limit, size_t expected)
{
	CHECK_INT((int64_t) kefu_fitting_bytes(text, strlen(text), rule, limit), (int64_t) expected);
}

static void
test_fitting(void)
{
	check_fitting("", &sina, 0, 0);
	check_fitting("中文", &sina, 0, 0);
	check_fitting("中文", &sina, 1, 3);
	check_fitting("中文", &sina, 2, 6);
	check_fitting("中abc", &sina, 2, 5);
	check_fitting(made("", 141, "中", ""), &sina, 140, 420);
	check_fitting(made("", 139, "中", "abc"), &sina, 140, 419);
	check_fitting("ab\u0301c", &fediverse, 2, 4);
	check_fitting("\x80\x80\x80", &sina, 2, 2);
}

int
main(void)
{
	RUN(test_sina_vectors);
	RUN(test_sina_boundaries);
	RUN(test_sina_addresses);
	RUN(test_plain_rules);
	RUN(test_fediverse);
	RUN(test_broken_text);
	RUN(test_graphemes);
	RUN(test_fitting);
	return check_result();
}
