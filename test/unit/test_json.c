/*
 * test_json.c
 *		The JSON reader: what it lets through, what it refuses, and that no
 *		number is ever rounded.
 */
#include "json.h"
#include "check.h"

/* What the first pass makes of a document, or the reason why it refuses. */
static const char *
sieved(const char *data, size_t len, const KefuWant *want)
{
	static char result[4096];
	KefuJsonError error;
	char	   *out;
	size_t		out_len;

	if (!kefu_json_sieve(data, len, want, 0, 0, &out, &out_len, &error))
		return error.reason;
	snprintf(result, sizeof(result), "%s", out);
	CHECK_INT((int64_t) strlen(out), (int64_t) out_len);
	free(out);
	return result;
}

#define SIEVED(text) sieved(text, sizeof(text) - 1, NULL)

/* Text at a path, "(null)" if there is none. */
static const char *
text_at(const char *json, const char *path_text)
{
	static char result[1024];
	KefuArena	arena = {0};
	KefuJson   *root = NULL;
	KefuJsonError error;
	KefuPath	path;
	const char *reason;
	const char *text = NULL;

	CHECK(kefu_path_compile(&arena, path_text, &path, &reason));
	CHECK(kefu_json_parse(json, strlen(json), NULL, 0, 0, &root, &error));
	text = kefu_json_text(kefu_json_get(root, &path), NULL);
	snprintf(result, sizeof(result), "%s", text != NULL ? text : "(null)");
	kefu_json_free(root);
	kefu_arena_free(&arena);
	return result;
}

static void
test_lexemes(void)
{
	CHECK_STR(SIEVED("[9223372036854775808]"), "[\"9223372036854775808\"]");
	CHECK_STR(text_at("{\"id\": 14184007396556018879}", "id"), "14184007396556018879");
	CHECK_STR(text_at("{\"id\": -9223372036854775809}", "id"), "-9223372036854775809");
	CHECK_STR(text_at("{\"id\": 123456789012345678901234567890123456789012345}", "id"),
			  "123456789012345678901234567890123456789012345");
	CHECK_STR(text_at("[0.10000000000000000555]", "0"), "0.10000000000000000555");
	CHECK_STR(text_at("[1E400]", "0"), "1E400");
	CHECK_STR(text_at("[-0]", "0"), "-0");
	CHECK_STR(text_at("\"12\"", "$"), "12");
	CHECK_STR(text_at("12", "$"), "12");
}

static void
test_number_grammar(void)
{
	static const char *const bad[] = {
		"01", "-", "+1", ".5", "1.", "1.e1", "1e", "1e+", "--1", "0x10", "NaN",
		"Infinity", "-Infinity", "1_000", "00",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		const char *result = sieved(bad[i], strlen(bad[i]), NULL);

		check_that(result[0] != '"', __FILE__, __LINE__, "%s was accepted", bad[i]);
	}
	CHECK_STR(SIEVED("[0,-0,10,1.5,1e5,1E-5,-1.25e+10]"),
			  "[\"0\",\"-0\",\"10\",\"1.5\",\"1e5\",\"1E-5\",\"-1.25e+10\"]");
}

static void
test_strictness(void)
{
	CHECK_STR(SIEVED(""), "empty");
	CHECK_STR(SIEVED(" \r\n\t"), "empty");
	CHECK_STR(SIEVED("\xEF\xBB\xBF[]"), "[]");
	CHECK_STR(SIEVED("[1,]"), "not a JSON value");
	CHECK_STR(SIEVED("[1 2]"), "a comma or a closing bracket is missing");
	CHECK_STR(SIEVED("{\"a\":1,}"), "a member has no name");
	CHECK_STR(SIEVED("{a:1}"), "a member has no name");
	CHECK_STR(SIEVED("{\"a\" 1}"), "a member has no value");
	CHECK_STR(SIEVED("{'a':1}"), "a member has no name");
	CHECK_STR(SIEVED("[1"), "cut off");
	CHECK_STR(SIEVED("{\"a\":"), "cut off");
	CHECK_STR(SIEVED("\"abc"), "a string is cut off");
	CHECK_STR(SIEVED("\"abc\\"), "a string has a malformed escape");
	CHECK_STR(SIEVED("[] []"), "something follows the value");
	CHECK_STR(SIEVED("[]x"), "something follows the value");
	CHECK_STR(SIEVED("/* c */ []"), "not a JSON value");
	CHECK_STR(SIEVED("True"), "not a JSON value");
	CHECK_STR(SIEVED("tru"), "not a JSON value");
	CHECK_STR(SIEVED("\"a\nb\""), "a string has a control character");
	CHECK_STR(SIEVED("\"a\tb\""), "a string has a control character");
	CHECK_STR(SIEVED("\"\\x41\""), "a string has a malformed escape");
	CHECK_STR(SIEVED("\"\\u12g4\""), "a string has a malformed escape");
	CHECK_STR(SIEVED("[]\0"), "something follows the value");
	CHECK_STR(SIEVED("\"a\0b\""), "a string has a control character");
	CHECK_STR(SIEVED("<html>"), "not a JSON value");
}

static void
test_utf8(void)
{
	CHECK_STR(SIEVED("\"\xE5\xAE\xBD\xE5\xB8\xA6\""), "\"\xE5\xAE\xBD\xE5\xB8\xA6\"");
	CHECK_STR(SIEVED("\"\xF0\x9F\x98\x80\""), "\"\xF0\x9F\x98\x80\"");
	CHECK_STR(SIEVED("\"\xC0\x80\""), "not valid UTF-8");	/* overlong NUL */
	CHECK_STR(SIEVED("\"\xE0\x80\xAF\""), "not valid UTF-8");	/* overlong slash */
	CHECK_STR(SIEVED("\"\xED\xA0\x80\""), "not valid UTF-8");	/* surrogate */
	CHECK_STR(SIEVED("\"\xF4\x90\x80\x80\""), "not valid UTF-8");	/* beyond the end */
	CHECK_STR(SIEVED("\"\xF0\x80\x80\x80\""), "not valid UTF-8");
	CHECK_STR(SIEVED("\"\xE5\xAE\""), "not valid UTF-8");
	CHECK_STR(SIEVED("\"\x80\""), "not valid UTF-8");
	CHECK_STR(SIEVED("\"\xFF\""), "not valid UTF-8");
	CHECK_STR(SIEVED("\"\xB5\xE7\xD0\xC5\""), "not valid UTF-8");	/* GBK */
	CHECK_STR(SIEVED("{\"\xFF\":1}"), "not valid UTF-8");

	/* Every character is its own length, whatever the fast paths do. */
	for (unsigned c = 0x80; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 97)
	{
		unsigned char b[5];
		size_t		len;

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		if (c < 0x800)
			b[0] = 0xC0 | c >> 6, b[1] = 0x80 | (c & 0x3F), len = 2;
		else if (c < 0x10000)
			b[0] = 0xE0 | c >> 12, b[1] = 0x80 | (c >> 6 & 0x3F), b[2] = 0x80 | (c & 0x3F), len = 3;
		else
			b[0] = 0xF0 | c >> 18, b[1] = 0x80 | (c >> 12 & 0x3F),
				b[2] = 0x80 | (c >> 6 & 0x3F), b[3] = 0x80 | (c & 0x3F), len = 4;
		if (kefu_utf8_char(b, b + len) != len || kefu_utf8_char(b, b + len - 1) != 0)
			check_that(0, __FILE__, __LINE__, "U+%04X", c);
	}
	CHECK_INT((int64_t) kefu_utf8_clip("\xE5\xAE\xBD", 3, 2), 0);
	CHECK_INT((int64_t) kefu_utf8_clip("a\xE5\xAE\xBD", 4, 3), 1);
	CHECK_INT((int64_t) kefu_utf8_clip("abc", 3, 8), 3);
}

/* NUL and half characters can't be stored; the rest of the page must survive. */
static void
test_bad_escapes(void)
{
	CHECK_STR(SIEVED("\"a\\u0000b\""), "\"a\\ufffdb\"");
	CHECK_STR(SIEVED("\"\\ud83d\\ude00\""), "\"\\ud83d\\ude00\"");
	CHECK_STR(text_at("\"\\ud83d\\ude00\"", "$"), "\xF0\x9F\x98\x80");
	CHECK_STR(SIEVED("\"\\ud83d\""), "\"\\ufffd\"");
	CHECK_STR(SIEVED("\"\\ude00\\ud83d\""), "\"\\ufffd\\ufffd\"");
	CHECK_STR(SIEVED("\"\\ud83dx\\n\\u0000\""), "\"\\ufffdx\\n\\ufffd\"");
	CHECK_STR(text_at("\"a\\u0000b\"", "$"), "a\xEF\xBF\xBD" "b");
	CHECK_STR(text_at("{\"a\\u0000b\": 1}", "$"), "(null)");
}

static void
test_limits(void)
{
	char		deep[2048];
	KefuJsonError error;
	char	   *out;
	size_t		out_len;

	memset(deep, '[', 1024);
	memset(deep + 1024, ']', 1024);
	CHECK(!kefu_json_sieve(deep, sizeof(deep), NULL, 0, 0, &out, &out_len, &error));
	CHECK_STR(error.reason, "nested too deeply");
	CHECK_INT((int64_t) error.offset, 64);
	CHECK(!kefu_json_sieve(deep + 1024 - 65, 130, NULL, 0, 0, &out, &out_len, &error));
	CHECK(kefu_json_sieve(deep + 1024 - 64, 128, NULL, 0, 0, &out, &out_len, &error));
	free(out);

	/* A larger limit is cut to what the stack is known to bear. */
	CHECK(!kefu_json_sieve(deep, sizeof(deep), NULL, 100000, 0, &out, &out_len, &error));
	CHECK_INT((int64_t) error.offset, KEFU_JSON_DEPTH_MAX);
	CHECK(!kefu_json_sieve("[1,2]", 5, NULL, 0, 4, &out, &out_len, &error));
	CHECK_STR(error.reason, "too large");
	CHECK(kefu_json_sieve("[1,2]", 5, NULL, 0, 5, &out, &out_len, &error));
	free(out);
}

static void
test_paths(void)
{
	const char *json = "{\"a\":{\"b\":[{\"c\":1},{\"c\":\"two\"}],\"n\":null},"
		"\"in_reply_to_id\":\"\",\"t\":true,\"f\":false,\"d\":1,\"d\":2,\"0\":\"zero\"}";
	KefuArena	arena = {0};
	KefuPath	path;
	const char *reason;

	CHECK_STR(text_at(json, "a.b.0.c"), "1");
	CHECK_STR(text_at(json, "a.b.1.c"), "two");
	CHECK_STR(text_at(json, "a.b.*.c"), "1");
	CHECK_STR(text_at(json, "a.b.2.c"), "(null)");
	CHECK_STR(text_at(json, "a.b.c"), "(null)");
	CHECK_STR(text_at(json, "a.n"), "(null)");
	CHECK_STR(text_at(json, "a.n.x"), "(null)");
	CHECK_STR(text_at(json, "a.b"), "(null)");
	CHECK_STR(text_at(json, "t"), "true");
	CHECK_STR(text_at(json, "f"), "false");
	CHECK_STR(text_at(json, "t.x"), "(null)");
	CHECK_STR(text_at(json, "d"), "2");
	CHECK_STR(text_at(json, "0"), "zero");
	CHECK_STR(text_at(json, "in_reply_to_id"), "");
	CHECK_STR(text_at("{\"a\":{\"b\":1}}", "a.\\u0062"), "(null)");
	CHECK(!kefu_path_compile(&arena, "", &path, &reason));
	CHECK(!kefu_path_compile(&arena, "a..b", &path, &reason));
	CHECK(!kefu_path_compile(&arena, "a.", &path, &reason));
	CHECK(!kefu_path_compile(&arena, "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17", &path, &reason));
	CHECK_STR(reason, "a path has too many steps");
	kefu_arena_free(&arena);
}

static const char *
thinned(const char *json, const char *const *paths)
{
	static char result[1024];
	KefuArena	arena = {0};
	KefuWant	want = {0};
	KefuPath	path;
	const char *reason;

	for (; *paths != NULL; paths++)
	{
		CHECK(kefu_path_compile(&arena, *paths, &path, &reason));
		CHECK(kefu_want_add(&arena, &want, &path) != NULL);
	}
	snprintf(result, sizeof(result), "%s", sieved(json, strlen(json), &want));
	kefu_arena_free(&arena);
	return result;
}

static void
test_thinning(void)
{
	const char *const two[] = {"a.x", "b.*.y", NULL};
	const char *const elements[] = {"a.1", NULL};
	const char *const both[] = {"a.*.x", "a.1.y", NULL};
	const char *const container[] = {"a", NULL};

	CHECK_STR(thinned("{\"z\":[1,{\"q\":2}],\"a\":{\"x\":1,\"w\":2},\"b\":[{\"y\":3,\"v\":4},5]}", two),
			  "{\"a\":{\"x\":\"1\"},\"b\":[{\"y\":\"3\"},\"5\"]}");
	CHECK_STR(thinned("{\"a\":7,\"b\":\"s\"}", two), "{\"a\":\"7\",\"b\":\"s\"}");
	CHECK_STR(thinned("{}", two), "{}");

	/* Numbers of elements stay, and what is dropped is still checked. */
	CHECK_STR(thinned("{\"a\":[10,20,30]}", elements), "{\"a\":[null,\"20\",null]}");
	CHECK_STR(thinned("{\"z\":[1,}", two), "not a JSON value");
	CHECK_STR(thinned("{\"z\":\"\xFF\"}", two), "not valid UTF-8");
	CHECK_STR(thinned("{\"a\":[{\"x\":1,\"y\":2},{\"x\":3,\"y\":4}]}", both),
			  "{\"a\":[{\"x\":\"1\"},{\"x\":\"3\",\"y\":\"4\"}]}");
	CHECK_STR(thinned("{\"a\":{\"x\":1},\"b\":1}", container), "{\"a\":{}}");

	/* A name spelt with escapes may be one of ours. */
	CHECK_STR(thinned("{\"\\u0061\":{\"x\":1}}", two), "{\"\\u0061\":{\"x\":\"1\"}}");
}

/* One walk finds what each path finds alone. */
static void
test_collect(void)
{
	static const char *const paths[] = {
		"a", "a.b", "a.b.0", "a.b.1.c", "a.b.*.c", "a.*", "*", "d", "$", "a.b.7", "e.f",
	};
	static const char *const documents[] = {
		"{\"a\":{\"b\":[1,{\"c\":2},{\"c\":3}]},\"d\":null}", "[1,2]", "7", "null",
		"{\"a\":[{\"b\":1}],\"d\":{\"e\":1},\"*\":5}", "{\"d\":1,\"d\":2}", "[[],{\"c\":1}]",
	};
	enum {N = sizeof(paths) / sizeof(paths[0])};
	KefuArena	arena = {0};
	KefuWant	want = {0};
	KefuPath	path[N];
	int			n_slots = 0;
	const char *reason;

	for (int i = 0; i < N; i++)
	{
		CHECK(kefu_path_compile(&arena, paths[i], &path[i], &reason));
		path[i].slot = kefu_want_slot(&arena, &want, &path[i], &n_slots);
		CHECK_INT(path[i].slot, i + 1);
	}
	CHECK_INT(kefu_want_slot(&arena, &want, &path[3], &n_slots), 4);
	for (size_t d = 0; d < sizeof(documents) / sizeof(documents[0]); d++)
	{
		KefuJson   *slots[N + 1] = {0};
		KefuJson   *root;
		KefuJsonError error;

		CHECK(kefu_json_parse(documents[d], strlen(documents[d]), NULL, 0, 0, &root, &error));
		kefu_json_collect(root, &want, slots);
		for (int i = 0; i < N; i++)
			check_that(slots[path[i].slot] == kefu_json_get(root, &path[i]),
					   __FILE__, __LINE__, "%s in %s", paths[i], documents[d]);
		kefu_json_free(root);
	}
	kefu_arena_free(&arena);
}

/* --- random documents ----------------------------------------------------- */

static size_t
random_value(uint64_t *seed, char *out, int depth)
{
	static const char *const scalars[] = {
		"0", "-1", "12345678901234567890", "1.5e3", "true", "false", "null", "\"\"",
		"\"\xE5\xAE\xBD\"", "\"a\\\"b\"", "\"\\u4e2d\"", "\"\\ud83d\\ude00\"", "\"abcdefghijkl\"",
	};
	size_t		used = 0;
	int			n = (int) check_random_between(seed, 0, 3);
	bool		array = check_random_between(seed, 0, 1);

	if (depth == 0 || check_random_between(seed, 0, 3) == 0)
		return (size_t) sprintf(out, "%s", scalars[check_random_between(seed, 0, 12)]);
	out[used++] = array ? '[' : '{';
	for (int i = 0; i < n; i++)
	{
		used += (size_t) sprintf(out + used, "%s", i > 0 ? " , " : "");
		if (!array)
			used += (size_t) sprintf(out + used, "\"k%d\":", i);
		used += random_value(seed, out + used, depth - 1);
	}
	out[used++] = array ? ']' : '}';
	out[used] = '\0';
	return used;
}

/*
 * What was let through passes again unchanged, json-c takes it, and a cut or a
 * changed byte never does harm.
 */
static void
test_random_documents(void)
{
	uint64_t	seed = 20260115;
	static char text[65536];

	for (int i = 0; i < 3000; i++)
	{
		size_t		len = random_value(&seed, text, 5);
		KefuJsonError error;
		KefuJson   *root;
		char	   *once,
				   *twice;
		size_t		once_len,
					twice_len;

		if (i % 2 == 1 && len > 1)
		{
			text[check_random_between(&seed, 0, (int64_t) len - 1)] =
				(char) check_random_between(&seed, 0, 255);
			len = (size_t) check_random_between(&seed, 0, (int64_t) len);
		}
		if (!kefu_json_sieve(text, len, NULL, 0, 0, &once, &once_len, &error))
		{
			CHECK(i % 2 == 1);
			CHECK(error.offset <= len);
			continue;
		}
		CHECK(kefu_json_sieve(once, once_len, NULL, 0, 0, &twice, &twice_len, &error));
		CHECK_STR(twice, once);
		CHECK(kefu_json_parse(text, len, NULL, 0, 0, &root, &error));
		kefu_json_free(root);
		free(once);
		free(twice);
	}
}

int
main(void)
{
	RUN(test_lexemes);
	RUN(test_number_grammar);
	RUN(test_strictness);
	RUN(test_utf8);
	RUN(test_bad_escapes);
	RUN(test_limits);
	RUN(test_paths);
	RUN(test_thinning);
	RUN(test_collect);
	RUN(test_random_documents);
	return check_result();
}
