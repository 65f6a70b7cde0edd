/*
 * test_itemmap.c
 *		Maps and reply classes compiled from rows and run over replies.
 *
 * The dialects here are invented; the shipped ones are tested in the server
 * (test/sql/mapping.sql), where their rows are.
 */
#include <stdarg.h>

#include "check.h"
#include "itemmap.h"
#include "replyclass.h"

static char why[256];

static KefuItemMap *
compiled(const char *spec)
{
	why[0] = '\0';
	return kefu_itemmap_compile(spec, strlen(spec), why, sizeof(why));
}

/* The reason why a document is refused. */
static const char *
refused(const char *spec)
{
	KefuItemMap *map = compiled(spec);

	CHECK(map == NULL);
	kefu_itemmap_free(map);
	return why;
}

static char rendering[8192];

static void
say(const char *format,...)
{
	va_list		args;
	size_t		used = strlen(rendering);

	va_start(args, format);
	vsnprintf(rendering + used, sizeof(rendering) - used, format, args);
	va_end(args);
}

static void
say_item(const KefuItem *item)
{
	say("#%d", item->item_no);
	if (item->error != NULL)
		say(" !%s", item->error);
	for (int i = 0; i < KEFU_FIELD_COUNT; i++)
	{
		const KefuValue *v = &item->values[i];

		/* What always follows from other fields is only in the way. */
		if (!v->present || i == KEFU_FIELD_DEDUPE_KEY || i == KEFU_FIELD_CURSOR ||
			i == KEFU_FIELD_ITEM_TYPE || (i == KEFU_FIELD_IS_TRUNCATED && v->number == 0) ||
			(i == KEFU_FIELD_IS_DELETED && v->number == 0))
			continue;
		if (kefu_field_kind((KefuField) i) == KEFU_KIND_TEXT)
		{
			CHECK_INT((int64_t) strlen(v->text), v->len);
			say(" %s=%s", kefu_field_name((KefuField) i), v->text);
		}
		else
			say(" %s=%" PRId64, kefu_field_name((KefuField) i), v->number);
	}
	say("\n");
}

/* A page as text: an item a line, or why there is none. */
static const char *
mapped_for(const char *spec, const char *body, const char *own_id)
{
	KefuItemMap *map = compiled(spec);
	KefuPage   *page;

	rendering[0] = '\0';
	if (map == NULL)
	{
		say("rules: %s", why);
		return rendering;
	}
	page = kefu_itemmap_run(map, body, strlen(body), own_id);
	if (page->error != NULL)
		say("%s", page->error);
	if (page->is_empty)
		say("empty");
	for (int i = 0; i < page->n_items; i++)
		say_item(&page->items[i]);
	if (page->next_cursor != NULL)
		say("next=%s", page->next_cursor);
	if (page->has_next != NULL)
		say("more=%s", page->has_next);
	kefu_page_free(page);
	kefu_itemmap_free(map);
	return rendering;
}

static const char *
mapped(const char *spec, const char *body)
{
	return mapped_for(spec, body, NULL);
}

/* A spec with one more field beside the id. */
static const char *
with_field(const char *field)
{
	static char spec[1024];

	snprintf(spec, sizeof(spec), "{\"item_kind\":\"status\",\"fields\":["
			 "{\"field\":\"native_id\",\"paths\":[\"id\"],\"transform\":\"id\"},%s]}", field);
	return spec;
}

#define FIELD(name, paths, transform) \
	with_field("{\"field\":\"" name "\",\"paths\":" paths ",\"transform\":\"" transform "\"}")
#define FIELD_ARG(name, paths, transform, arg) \
	with_field("{\"field\":\"" name "\",\"paths\":" paths ",\"transform\":\"" transform \
			   "\",\"arg\":\"" arg "\"}")

/* --- transforms ------------------------------------------------------------ */

static void
test_ids(void)
{
	const char *spec = FIELD("parent_id", "[\"p\",\"q\"]", "id");

	CHECK_STR(mapped(spec, "[{\"id\":18446744073709551617,\"p\":\"-3334373500841821049\"}]"),
			  "#1 native_id=18446744073709551617 parent_id=-3334373500841821049\n");
	CHECK_STR(mapped(spec, "[{\"id\":\"1\",\"p\":\"\",\"q\":7}]"), "#1 native_id=1 parent_id=7\n");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"p\":0}]"), "#1 native_id=1\n");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"p\":{\"id\":5}}]"), "#1 native_id=1\n");
}

static void
test_long_id(void)
{
	static char body[600];
	char		digits[300];

	memset(digits, '7', sizeof(digits));
	digits[KEFU_ID_BYTES + 1] = '\0';
	snprintf(body, sizeof(body), "[{\"id\":%s}]", digits);
	CHECK_STR(mapped("{\"item_kind\":\"status\",\"fields\":[{\"field\":\"native_id\","
					 "\"paths\":[\"id\"],\"transform\":\"id\",\"is_required\":true}]}", body),
			  "#1 !native_id is unreadable: "
			  "\"777777777777777777777777777777777777777777777777777777777777\"\n");
	digits[KEFU_ID_BYTES] = '\0';
	snprintf(body, sizeof(body), "[{\"id\":%s}]", digits);
	CHECK(strlen(mapped(FIELD("text", "[\"t\"]", "text"), body)) > KEFU_ID_BYTES);
}

static void
test_text(void)
{
	const char *spec = FIELD("text", "[\"a\",\"b\"]", "text");

	CHECK_STR(mapped(spec, "[{\"id\":1,\"a\":\"\",\"b\":\"x\"}]"), "#1 native_id=1 text=\n");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"a\":null,\"b\":\"x\"}]"), "#1 native_id=1 text=x\n");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"a\":[1],\"b\":1.50}]"), "#1 native_id=1 text=1.50\n");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"b\":true}]"), "#1 native_id=1 text=true\n");
}

static void
test_ints(void)
{
	static const struct
	{
		const char *json;
		const char *expected;
	}			cases[] = {
		{"12", " author_followers=12"}, {"\"12\"", " author_followers=12"},
		{"null", ""}, {"\"\"", ""}, {"-5", " author_followers=-5"},
		{"12.9", " author_followers=12"}, {"\"+3\"", " author_followers=3"},
		{"1e3", ""}, {"\"many\"", ""}, {"true", ""}, {"\"1 \"", ""},
		{"9223372036854775807", " author_followers=9223372036854775807"},
		{"9223372036854775808", ""},
		{"-9223372036854775808", " author_followers=-9223372036854775808"},
		{"-9223372036854775809", ""},
	};
	const char *spec = FIELD("author_followers", "[\"n\"]", "int");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		body[128],
					expected[128];

		snprintf(body, sizeof(body), "[{\"id\":1,\"n\":%s}]", cases[i].json);
		snprintf(expected, sizeof(expected), "#1 native_id=1%s\n", cases[i].expected);
		CHECK_STR(mapped(spec, body), expected);
	}
}

static void
test_bools(void)
{
	static const char *const yes[] = {"true", "\"true\"", "1", "\"1\""};
	static const char *const no[] = {"false", "\"false\"", "0", "\"0\""};
	static const char *const neither[] = {"null", "\"\"", "2", "\"yes\"", "{}", "[]"};
	const char *spec = FIELD("author_verified", "[\"v\"]", "bool");
	char		body[64];

	for (int i = 0; i < 4; i++)
	{
		snprintf(body, sizeof(body), "[{\"id\":1,\"v\":%s}]", yes[i]);
		CHECK_STR(mapped(spec, body), "#1 native_id=1 author_verified=1\n");
		snprintf(body, sizeof(body), "[{\"id\":1,\"v\":%s}]", no[i]);
		CHECK_STR(mapped(spec, body), "#1 native_id=1 author_verified=0\n");
	}
	for (int i = 0; i < 6; i++)
	{
		snprintf(body, sizeof(body), "[{\"id\":1,\"v\":%s}]", neither[i]);
		CHECK_STR(mapped(spec, body), "#1 native_id=1\n");
	}
	spec = FIELD_ARG("is_deleted", "[\"status\"]", "one_of", "1,3,4");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"status\":3},{\"id\":2,\"status\":\"4\"},"
					 "{\"id\":3,\"status\":0},{\"id\":4},{\"id\":5,\"status\":\"1,3\"}]"),
			  "#1 native_id=1 is_deleted=1\n#2 native_id=2 is_deleted=1\n"
			  "#3 native_id=3\n#4 native_id=4\n#5 native_id=5\n");
}

static void
test_dates_by_rows(void)
{
	CHECK_STR(mapped(FIELD("posted_at", "[\"t\"]", "date_twitter"),
					 "[{\"id\":1,\"t\":\"Tue May 31 17:46:55 +0800 2011\"}]"),
			  "#1 native_id=1 posted_at=1306835215000000\n");
	CHECK_STR(mapped(FIELD("posted_at", "[\"t\"]", "date_unix_s"), "[{\"id\":1,\"t\":\"1306835215\"}]"),
			  "#1 native_id=1 posted_at=1306835215000000\n");
	CHECK_STR(mapped(FIELD("posted_at", "[\"t\"]", "date_unix_ms"), "[{\"id\":1,\"t\":1306835215123}]"),
			  "#1 native_id=1 posted_at=1306835215123000\n");
	CHECK_STR(mapped(FIELD("posted_at", "[\"t\"]", "date_iso8601"),
					 "[{\"id\":1,\"t\":\"2011-05-31T09:46:55.5Z\"},{\"id\":2,\"t\":\"yesterday\"}]"),
			  "#1 native_id=1 posted_at=1306835215500000\n#2 native_id=2\n");
}

static void
test_html_by_rows(void)
{
	CHECK_STR(mapped(FIELD("text", "[\"h\"]", "html_text"), "[{\"id\":1,\"h\":\"<p>a</p><p>b &amp; c</p>\"}]"),
			  "#1 native_id=1 text=a\n\nb & c\n");
	CHECK_STR(mapped(FIELD("source_label", "[\"h\"]", "html_label"),
					 "[{\"id\":1,\"h\":\"<a href=\\\"x\\\">web</a>\"}]"),
			  "#1 native_id=1 source_label=web\n");
}

static void
test_made_up_values(void)
{
	const char *spec = with_field(
		"{\"field\":\"parent_type\",\"seq\":1,\"paths\":[\"reply.id\"],\"transform\":\"const\",\"arg\":\"comment\"},"
		"{\"field\":\"parent_type\",\"paths\":[\"status.id\"],\"transform\":\"const\",\"arg\":\"status\"}");

	CHECK_STR(mapped(spec, "[{\"id\":1,\"reply\":{\"id\":2},\"status\":{\"id\":3}},"
					 "{\"id\":4,\"status\":{\"id\":3}},{\"id\":5,\"reply\":null}]"),
			  "#1 native_id=1 parent_type=comment\n#2 native_id=4 parent_type=status\n#3 native_id=5\n");
	CHECK_STR(mapped(FIELD_ARG("is_deleted", "[]", "const", "true"), "[{\"id\":1}]"),
			  "#1 native_id=1 is_deleted=1\n");
	CHECK_STR(refused(FIELD_ARG("url", "[\"u\",\"id\"]", "template", "x/{1}?id={2}&z={3}{}")),
			  "field \"url\": the template names a path that isn't there");
	spec = FIELD_ARG("url", "[\"u\",\"id\"]", "template", "https://x.example/{1}?id={2}&{1}{}{");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"u\":\"a\"},{\"id\":2}]"),
			  "#1 native_id=1 url=https://x.example/a?id=1&a{}{\n#2 native_id=2\n");
	spec = FIELD_ARG("url", "[\"by\",\"text\"]", "template", "{1}@{#2}{#");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"by\":7,\"text\":\"ab\"},{\"id\":2,\"by\":7,\"text\":\"\"}]"),
			  "#1 native_id=1 url=7@089c4407b545986a{#\n#2 native_id=2 url=7@cbf29ce484222325{#\n");
	CHECK_STR(refused(FIELD_ARG("url", "[\"u\"]", "template", "{#2}")),
			  "field \"url\": the template names a path that isn't there");
	spec = FIELD("media", "[\"pics.*.url\",\"cover\"]", "list");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"pics\":[{\"url\":\"a\"},{},{\"url\":\"\"},{\"url\":\"b\"}],\"cover\":\"c\"},"
					 "{\"id\":2,\"pics\":[]}]"),
			  "#1 native_id=1 media=a\nb\nc\n#2 native_id=2\n");
	spec = FIELD_ARG("media", "[\"image.*\"]", "list", "{1}/460");
	CHECK_STR(mapped(spec, "[{\"id\":1,\"image\":[\"p\",\"q\"]},{\"id\":2,\"image\":null}]"),
			  "#1 native_id=1 media=p/460\nq/460\n#2 native_id=2\n");
}

static void
test_long_list(void)
{
	static char body[4096];
	const char *out;
	int			lines = 0;

	strcpy(body, "[{\"id\":1,\"i\":[0");
	for (int i = 1; i < 500; i++)
		sprintf(body + strlen(body), ",%d", i);
	strcat(body, "]}]");
	out = mapped(FIELD("media", "[\"i.*\"]", "list"), body);
	for (; *out != '\0'; out++)
		lines += *out == '\n';
	CHECK_INT(lines, 100);
}

/* --- items ----------------------------------------------------------------- */

static const char required_spec[] = "{\"item_kind\":\"comment\",\"items_paths\":[\"list\"],\"fields\":["
	"{\"field\":\"native_id\",\"paths\":[\"idstr\",\"id\"],\"transform\":\"id\",\"is_required\":true},"
	"{\"field\":\"author_id\",\"paths\":[\"user.id\"],\"transform\":\"id\",\"is_required\":true},"
	"{\"field\":\"posted_at\",\"paths\":[\"at\"],\"transform\":\"date_unix_s\",\"is_required\":true},"
	"{\"field\":\"is_deleted\",\"paths\":[\"deleted\"],\"transform\":\"bool\"}]}";

/* Bad items say why, the others survive. */
static void
test_bad_items(void)
{
	CHECK_STR(mapped(required_spec, "{\"list\":[{\"id\":1,\"user\":{\"id\":9},\"at\":0},7,null,[],"
					 "{\"user\":{\"id\":9},\"at\":0},{\"id\":2,\"at\":0},"
					 "{\"id\":3,\"user\":{\"id\":9},\"at\":\"\xE6\x98\xA8\xE5\xA4\xA9\"},"
					 "{\"id\":4,\"deleted\":\"1\"},{\"deleted\":true},"
					 "{\"id\":5,\"user\":{\"id\":9},\"at\":1}]}"),
			  "#1 native_id=1 author_id=9 posted_at=0\n"
			  "#2 !native_id is missing\n"
			  "#3 !item is not an object\n"
			  "#4 !item is not an object\n"
			  "#5 !native_id is missing author_id=9 posted_at=0\n"
			  "#6 !author_id is missing native_id=2 posted_at=0\n"
			  "#7 !posted_at is unreadable: \"\xE6\x98\xA8\xE5\xA4\xA9\" native_id=3 author_id=9\n"
			  "#8 native_id=4 is_deleted=1\n"
			  "#9 !native_id is missing is_deleted=1\n"
			  "#10 native_id=5 author_id=9 posted_at=1000000\n");
}

/* A message in an error is cut between characters. */
static void
test_cut_message(void)
{
	char		body[512] = "{\"list\":[{\"id\":1,\"user\":{\"id\":9},\"at\":\"x";
	const char *out;

	for (int i = 0; i < 60; i++)
		strcat(body, "\xE6\x98\xA8");
	strcat(body, "\"}]}");
	out = strstr(mapped(required_spec, body), "x\xE6");
	CHECK(out != NULL && strcspn(out, "\"") == 58);
}

static void
test_bad_replies(void)
{
	static char deep[400];

	CHECK_STR(mapped(required_spec, ""), "reply is not JSON: empty at byte 0");
	CHECK_STR(mapped(required_spec, "<html>502</html>"), "reply is not JSON: not a JSON value at byte 0");
	CHECK_STR(mapped(required_spec, "{\"list\":[{\"id\":1"), "reply is not JSON: cut off at byte 16");
	CHECK_STR(mapped(required_spec, "{\"list\":[\"\xC3\x28\"]}"), "reply is not JSON: not valid UTF-8 at byte 10");
	CHECK_STR(mapped(required_spec, "{\"error\":\"x\"}"),
			  "reply has no list of items where one is expected");
	CHECK_STR(mapped(required_spec, "{\"list\":null}"),
			  "reply has no list of items where one is expected");
	CHECK_STR(mapped(required_spec, "{\"list\":{\"id\":1}}"),
			  "reply has no list of items where one is expected");
	CHECK_STR(mapped(required_spec, "null"), "reply has no list of items where one is expected");
	CHECK_STR(mapped(required_spec, "{\"list\":[]}"), "");
	strcpy(deep, "{\"list\":");
	memset(deep + 8, '[', 300);
	CHECK_STR(mapped(required_spec, deep), "reply is not JSON: nested too deeply at byte 71");
}

static void
test_too_many_items(void)
{
	size_t		n = KEFU_PAGE_ITEMS + 1;
	char	   *body = malloc(2 * n + 16);
	size_t		used = (size_t) sprintf(body, "{\"list\":[0");

	for (size_t i = 1; i < n; i++)
		used += (size_t) sprintf(body + used, ",0");
	sprintf(body + used, "]}");
	CHECK_STR(mapped(required_spec, body), "more items than any page has");
	free(body);
}

static void
test_filter_and_cursors(void)
{
	const char *spec = "{\"item_kind\":\"status\",\"item_filter\":["
		"{\"path\":\"visibility\",\"in\":[\"direct\",\"private\"]},"
		"{\"path\":\"type\",\"not_in\":[\"3\"]},{\"path\":\"status\",\"is\":\"present\"},"
		"{\"path\":\"gone\",\"is\":\"null\"}],\"fields\":["
		"{\"field\":\"native_id\",\"paths\":[\"status.id\"],\"transform\":\"id\"},"
		"{\"field\":\"cursor\",\"paths\":[\"id\"],\"transform\":\"text\"}]}";
	const char *body = "[{\"id\":90,\"visibility\":\"direct\",\"status\":{\"id\":1}},"
		"{\"id\":80,\"visibility\":\"public\",\"status\":{\"id\":2}},"
		"{\"id\":70,\"visibility\":\"private\",\"type\":3,\"status\":{\"id\":3}},"
		"{\"id\":60,\"visibility\":\"private\",\"type\":4,\"status\":{\"id\":4}},"
		"{\"id\":50,\"visibility\":\"direct\"},"
		"{\"id\":40,\"visibility\":\"direct\",\"status\":{\"id\":6},\"gone\":false},"
		"{\"visibility\":\"public\",\"status\":{\"id\":7}}]";
	KefuItemMap *map = compiled(spec);
	KefuPage   *page = kefu_itemmap_run(map, body, strlen(body), NULL);
	static const char *const cursors[] = {"90", "80", "70", "60", "50", "40", "7"};

	CHECK_INT(page->n_listed, 7);
	CHECK_INT(page->n_items, 2);
	CHECK_INT(page->items[1].item_no, 4);
	CHECK_STR(page->items[1].values[KEFU_FIELD_NATIVE_ID].text, "4");
	for (int i = 0; i < 7; i++)
		CHECK_STR(page->cursors[i], cursors[i]);
	kefu_page_free(page);
	kefu_itemmap_free(map);
}

static void
test_empty_replies(void)
{
	const char *spec = "{\"item_kind\":\"status\",\"items_paths\":[\"data.info\"],"
		"\"empty_when\":[[{\"path\":\"data\",\"is\":\"null\"},{\"path\":\"ret\",\"in\":[\"0\"]}],"
		"[{\"path\":\"msg\",\"in\":[\"have no tweet\"]}]],\"empty_bodies\":[\"\",\"ok\"],"
		"\"has_next_path\":\"data.hasnext\",\"next_cursor_path\":\"cursor\","
		"\"fields\":[{\"field\":\"native_id\",\"paths\":[\"id\"]}]}";

	CHECK_STR(mapped(spec, "{\"data\":null,\"ret\":0}"), "empty");
	CHECK_STR(mapped(spec, "{\"data\":null,\"ret\":4}"),
			  "reply has no list of items where one is expected");
	CHECK_STR(mapped(spec, "{\"ret\":2,\"msg\":\"have no tweet\"}"), "empty");
	CHECK_STR(mapped(spec, ""), "empty");
	CHECK_STR(mapped(spec, " ok\r\n"), "empty");
	CHECK_STR(mapped(spec, "{\"data\":{\"hasnext\":1,\"info\":[{\"id\":7}]},\"cursor\":-12}"),
			  "#1 native_id=7\nnext=-12more=1");
}

static void
test_objects_and_scalars(void)
{
	const char *object = "{\"item_kind\":\"status\",\"result_kind\":\"object\",\"items_paths\":[\"data\",\"$\"],"
		"\"fields\":[{\"field\":\"native_id\",\"paths\":[\"id\"],\"is_required\":true}]}";
	const char *ids = "{\"item_kind\":\"status\",\"items_paths\":[\"statuses\"],"
		"\"fields\":[{\"field\":\"native_id\",\"paths\":[\"$\"],\"transform\":\"id\"}]}";

	CHECK_STR(mapped(object, "{\"id\":7}"), "#1 native_id=7\n");
	CHECK_STR(mapped(object, "{\"data\":{\"id\":8},\"id\":7}"), "#1 native_id=8\n");
	CHECK_STR(mapped(object, "[{\"id\":9}]"), "#1 native_id=9\n");
	CHECK_STR(mapped(object, "{\"result\":true}"), "#1 !native_id is missing\n");
	CHECK_STR(mapped(ids, "{\"statuses\":[\"3382905382185354\",14184007396556018879]}"),
			  "#1 native_id=3382905382185354\n#2 native_id=14184007396556018879\n");
	CHECK_STR(mapped("{\"item_kind\":\"status\",\"result_kind\":\"nothing\"}", "anything"), "empty");
}

/* A private thread is the other party, whoever wrote. */
static void
test_threads(void)
{
	const char *spec = "{\"item_kind\":\"message\",\"fields\":["
		"{\"field\":\"native_id\",\"paths\":[\"id\"]},{\"field\":\"author_id\",\"paths\":[\"s\"]},"
		"{\"field\":\"recipient_id\",\"paths\":[\"r\"]}]}";
	const char *body = "[{\"id\":1,\"s\":10,\"r\":20},{\"id\":2,\"s\":20,\"r\":10}]";

	CHECK_STR(mapped_for(spec, body, "20"),
			  "#1 native_id=1 thread_id=10 author_id=10 recipient_id=20\n"
			  "#2 native_id=2 thread_id=10 author_id=20 recipient_id=10\n");
	CHECK_STR(mapped(spec, body),
			  "#1 native_id=1 thread_id=10 author_id=10 recipient_id=20\n"
			  "#2 native_id=2 thread_id=20 author_id=20 recipient_id=10\n");
}

/* --- wrong rules ------------------------------------------------------------ */

static void
test_wrong_rules(void)
{
	CHECK_STR(refused("{"), "not JSON: cut off at byte 1");
	CHECK_STR(refused("[]"), "no item_kind");
	CHECK_STR(refused("{\"item_kind\":\"status\"}"), "no fields");
	CHECK_STR(refused(FIELD("nonsense", "[\"a\"]", "text")), "no field \"nonsense\"");
	CHECK_STR(refused(FIELD("text", "[\"a\"]", "shout")), "field \"text\": no transform \"shout\"");
	CHECK_STR(refused(FIELD("text", "[]", "text")), "field \"text\": no path");
	CHECK_STR(refused(FIELD("text", "[\"a..b\"]", "text")), "text: \"a..b\": a path has an empty step");
	CHECK_STR(refused(FIELD("text", "[[]]", "text")), "text: a path is not text");
	CHECK_STR(refused(FIELD("text", "[\"a\"]", "int")), "field \"text\": transform \"int\" gives another type");
	CHECK_STR(refused(FIELD("posted_at", "[\"a\"]", "text")),
			  "field \"posted_at\": transform \"text\" gives another type");
	CHECK_STR(refused(FIELD_ARG("is_deleted", "[]", "const", "perhaps")),
			  "field \"is_deleted\": transform \"const\" gives another type");
	CHECK_STR(refused(FIELD("is_deleted", "[\"a\"]", "one_of")),
			  "field \"is_deleted\": transform \"one_of\" needs an argument");
	CHECK_STR(refused(FIELD_ARG("text", "[\"a\"]", "text", "x")),
			  "field \"text\": transform \"text\" takes no argument");
	CHECK_STR(refused(FIELD_ARG("media", "[\"a\"]", "list", "{2}")),
			  "field \"media\": the template of a list only has {1}");
	CHECK_STR(refused("{\"item_kind\":\"status\",\"item_filter\":[{\"path\":\"a\"}]}"),
			  "item_filter: a predicate needs one of in, not_in, is");
	CHECK_STR(refused("{\"item_kind\":\"status\",\"item_filter\":[{\"path\":\"a\",\"in\":[]}]}"),
			  "item_filter: a list of values is empty");
	CHECK_STR(refused("{\"item_kind\":\"status\",\"item_filter\":[{\"path\":\"a\",\"is\":\"odd\"}]}"),
			  "item_filter: \"is\" is null or present, not \"odd\"");
	CHECK_STR(refused("{\"item_kind\":\"status\",\"item_filter\":{\"path\":\"a\"}}"),
			  "item_filter: not a list of predicates");
	CHECK_STR(refused("{\"item_kind\":\"status\",\"empty_when\":[[]]}"),
			  "empty_when: an alternative has no predicate");
}

/* --- replies ---------------------------------------------------------------- */

static const char replies[] = "{\"code_paths\":[\"ret\",\"errcode\"],\"message_paths\":[\"msg\",\"error\"],\"rows\":["
	"{\"status\":\"200\",\"body\":\"empty\",\"class\":\"blacklisted\"},"
	"{\"codes\":[\"0.0\"],\"class\":\"ok\"},{\"codes\":[\"4.13\"],\"class\":\"duplicate\"},"
	"{\"codes\":[\"2%\"],\"class\":\"rate\",\"scope\":\"user\",\"retry_after_s\":60,"
	"\"retry_after_path\":\"wait\"},"
	"{\"text\":\"^same .* acceptable\",\"class\":\"duplicate\"},"
	"{\"status\":\"5xx\",\"body\":\"other\",\"class\":\"unknown\"}]}";

static const char *
classed(int status, const char *body, const char *header)
{
	static char result[1024];
	KefuReplyMap *map = kefu_replymap_compile(replies, strlen(replies), why, sizeof(why));
	KefuReply	reply;

	CHECK(map != NULL);
	kefu_reply_classify(map, status, body, strlen(body), header, 0, &reply);
	snprintf(result, sizeof(result), "%s %s %s %s %" PRId64, reply.class,
			 reply.scope != NULL ? reply.scope : "-", reply.code, reply.message,
			 reply.retry_after);
	kefu_replymap_free(map);
	return result;
}

static void
test_classes(void)
{
	CHECK_STR(classed(200, "", NULL), "blacklisted -   -1");
	CHECK_STR(classed(200, " \n", NULL), "blacklisted -   -1");
	CHECK_STR(classed(200, "{\"ret\":0,\"errcode\":\"0\",\"msg\":\"ok\"}", NULL), "ok - 0.0 ok -1");
	CHECK_STR(classed(200, "{\"ret\":4,\"errcode\":13}", NULL), "duplicate - 4.13  -1");
	CHECK_STR(classed(200, "{\"ret\":4,\"errcode\":99}", NULL), "unknown - 4.99  -1");
	CHECK_STR(classed(200, "{\"ret\":2}", NULL), "rate user 2  60");
	CHECK_STR(classed(200, "{\"ret\":2,\"wait\":\"7\"}", NULL), "rate user 2  7");
	CHECK_STR(classed(200, "{\"ret\":2,\"wait\":7}", "30"), "rate user 2  30");
	CHECK_STR(classed(200, "{\"ret\":2,\"wait\":7}", "whenever"), "rate user 2  7");
	CHECK_STR(classed(400, "{\"error\":\"SAME status is not acceptable\"}", NULL),
			  "duplicate -  SAME status is not acceptable -1");
	CHECK_STR(classed(502, "<html>", NULL), "unknown -   -1");
	CHECK_STR(classed(502, "{}", NULL), "transient -   -1");
	CHECK_STR(classed(401, "", NULL), "auth_expired -   -1");
	CHECK_STR(classed(429, "", "120"), "rate -   120");
	CHECK_STR(classed(0, "", NULL), "transient -   -1");
	CHECK_STR(classed(200, "[]", NULL), "ok -   -1");
	CHECK_STR(classed(302, "", NULL), "unknown -   -1");
	CHECK_STR(classed(1200, "", NULL), "unknown -   -1");
}

static const char *
refused_replies(const char *spec)
{
	KefuReplyMap *map = kefu_replymap_compile(spec, strlen(spec), why, sizeof(why));

	CHECK(map == NULL);
	kefu_replymap_free(map);
	return why;
}

static void
test_class_details(void)
{
	const char *digits = "{\"code_paths\":[\"error_code\",\"error\"],\"code_form\":\"digits\","
		"\"message_paths\":[\"error\"],\"rows\":[{\"codes\":[\"403.40025\"],\"class\":\"forbidden\"}]}";
	KefuReplyMap *map = kefu_replymap_compile(digits, strlen(digits), why, sizeof(why));
	static char body[4096];
	KefuReply	reply;

	strcpy(body, "{\"error_code\":\"403\",\"error\":\"40025:Error: no\"}");
	kefu_reply_classify(map, 200, body, strlen(body), NULL, 0, &reply);
	CHECK_STR(reply.class, "forbidden");
	CHECK_STR(reply.code, "403.40025");

	/* A long code is left out, a long text cut between characters. */
	strcpy(body, "{\"error_code\":\"");
	for (int i = 0; i < 100; i++)
		strcat(body, "9");
	strcat(body, "\",\"error\":\"");
	for (int i = 0; i < 300; i++)
		strcat(body, "\xE6\x98\xA8");
	strcat(body, "\"}");
	kefu_reply_classify(map, 200, body, strlen(body), NULL, 0, &reply);
	CHECK_STR(reply.code, "");
	CHECK_INT((int64_t) strlen(reply.message), 510);
	kefu_replymap_free(map);

	kefu_reply_classify(NULL, 404, "x", 1, NULL, 0, &reply);
	CHECK_STR(reply.class, "gone");
	CHECK_STR(refused_replies("{\"rows\":[{\"class\":\"ok\"},{\"text\":\"(\",\"class\":\"ok\"}]}"),
			  "row 2: text is not a regular expression");
	CHECK_STR(refused_replies("{\"rows\":[{\"status\":\"4\",\"class\":\"ok\"}]}"),
			  "row 1: a status pattern has three characters");
	CHECK_STR(refused_replies("{\"rows\":[{\"status\":\"4xx\"}]}"), "row 1: no class");
	CHECK_STR(refused_replies("{\"rows\":[{\"body\":\"odd\",\"class\":\"ok\"}]}"),
			  "row 1: body is not empty, json or other");
	CHECK_STR(refused_replies("{\"code_paths\":[\"\"]}"), "a path has an empty step");
	CHECK_STR(refused_replies("{"), "cut off");
}

int
main(void)
{
	RUN(test_ids);
	RUN(test_long_id);
	RUN(test_text);
	RUN(test_ints);
	RUN(test_bools);
	RUN(test_dates_by_rows);
	RUN(test_html_by_rows);
	RUN(test_made_up_values);
	RUN(test_long_list);
	RUN(test_bad_items);
	RUN(test_cut_message);
	RUN(test_bad_replies);
	RUN(test_too_many_items);
	RUN(test_filter_and_cursors);
	RUN(test_empty_replies);
	RUN(test_objects_and_scalars);
	RUN(test_threads);
	RUN(test_wrong_rules);
	RUN(test_classes);
	RUN(test_class_details);
	return check_result();
}
