/*
 * fuzz_itemmap.c
 *		Any bytes as a reply, and any bytes as rules.
 *
 * With rules that use every transform, no reply may do harm, and what comes
 * out must be what itemmap.h promises.  The first byte chooses what the rest
 * is.
 */
#include "itemmap.h"
#include "json.h"
#include "paging.h"
#include "replyclass.h"

#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

static const char spec[] =
	"{\"item_kind\":\"message\",\"items_paths\":[\"a\",\"$\"],\"result_kind\":\"object\","
	"\"item_filter\":[{\"path\":\"f\",\"not_in\":[\"1\"]}],"
	"\"empty_when\":[[{\"path\":\"a\",\"is\":\"null\"},{\"path\":\"e\",\"in\":[\"0\"]}]],"
	"\"empty_bodies\":[\"\",\"ok\"],\"next_cursor_path\":\"n\",\"has_next_path\":\"a.0.h\","
	"\"fields\":["
	"{\"field\":\"native_id\",\"paths\":[\"i\",\"$\"],\"transform\":\"id\",\"is_required\":true},"
	"{\"field\":\"text\",\"paths\":[\"t\"],\"transform\":\"html_text\"},"
	"{\"field\":\"source_label\",\"paths\":[\"t\",\"s\"],\"transform\":\"html_label\"},"
	"{\"field\":\"author_name\",\"paths\":[\"u.n\",\"s\"]},"
	"{\"field\":\"author_id\",\"paths\":[\"u.i\",\"u\"],\"transform\":\"id\"},"
	"{\"field\":\"recipient_id\",\"paths\":[\"r.0\",\"r\"],\"transform\":\"id\"},"
	"{\"field\":\"author_verified\",\"paths\":[\"u.v\"],\"transform\":\"bool\"},"
	"{\"field\":\"author_followers\",\"paths\":[\"u.f\"],\"transform\":\"int\"},"
	"{\"field\":\"is_deleted\",\"paths\":[\"d\"],\"transform\":\"one_of\",\"arg\":\"1,3,4\"},"
	"{\"field\":\"posted_at\",\"paths\":[\"w\"],\"transform\":\"date_twitter\",\"is_required\":true},"
	"{\"field\":\"posted_at\",\"paths\":[\"w\"],\"transform\":\"date_iso8601\"},"
	"{\"field\":\"posted_at\",\"paths\":[\"w\"],\"transform\":\"date_unix_ms\"},"
	"{\"field\":\"posted_at\",\"paths\":[\"w\"],\"transform\":\"date_unix_s\"},"
	"{\"field\":\"parent_type\",\"paths\":[\"u\"],\"transform\":\"const\",\"arg\":\"comment\"},"
	"{\"field\":\"url\",\"paths\":[\"i\",\"s\"],\"transform\":\"template\",\"arg\":\"x{1}{2}{\"},"
	"{\"field\":\"media\",\"paths\":[\"m.*.p\",\"m.*\",\"m\"],\"transform\":\"list\",\"arg\":\"{1}/460\"}]}";

static const char replies[] =
	"{\"code_paths\":[\"e\",\"c.0\"],\"code_form\":\"digits\",\"message_paths\":[\"m\",\"t\"],\"rows\":["
	"{\"codes\":[\"1%\",\"2.3\"],\"class\":\"gone\",\"retry_after_path\":\"w\"},"
	"{\"text\":\"same .*status\",\"class\":\"duplicate\"},"
	"{\"status\":\"2xx\",\"body\":\"empty\",\"class\":\"blacklisted\"}]}";

static void
check_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *) text;

	for (size_t at = 0, step; at < len; at += step)
	{
		step = kefu_utf8_char(p + at, p + len);
		MUST(step > 0);
	}
	MUST(strlen(text) == len);
}

static void
check_item(const KefuItem *item)
{
	const KefuValue *v = item->values;

	if (item->error != NULL)
		check_utf8(item->error, strlen(item->error));
	else
		MUST(v[KEFU_FIELD_NATIVE_ID].present &&
			 (v[KEFU_FIELD_POSTED_AT].present || v[KEFU_FIELD_IS_DELETED].number == 1));
	for (int i = 0; i < KEFU_FIELD_COUNT; i++)
	{
		if (!v[i].present)
			continue;
		if (kefu_field_kind((KefuField) i) == KEFU_KIND_TEXT)
			check_utf8(v[i].text, v[i].len);
		else if (kefu_field_kind((KefuField) i) == KEFU_KIND_BOOL)
			MUST(v[i].number == 0 || v[i].number == 1);
	}
	if (v[KEFU_FIELD_NATIVE_ID].present)
		MUST(v[KEFU_FIELD_NATIVE_ID].len <= KEFU_ID_BYTES && v[KEFU_FIELD_NATIVE_ID].len > 0);
}

static void
fuzz_reply(const char *data, size_t len)
{
	static KefuItemMap *map = NULL;
	static KefuReplyMap *classes = NULL;
	char		error[128];
	KefuPage   *page;
	KefuReply	reply;

	if (map == NULL)
	{
		map = kefu_itemmap_compile(spec, sizeof(spec) - 1, error, sizeof(error));
		classes = kefu_replymap_compile(replies, sizeof(replies) - 1, error, sizeof(error));
		MUST(map != NULL && classes != NULL);
	}
	page = kefu_itemmap_run(map, data, len, "7");
	MUST(page != NULL);
	MUST(page->n_items <= page->n_listed);
	for (int i = 0; i < page->n_items; i++)
		check_item(&page->items[i]);
	kefu_page_free(page);
	kefu_reply_classify(classes, 200, data, len, NULL, 0, &reply);
	check_utf8(reply.code, strlen(reply.code));
	check_utf8(reply.message, strlen(reply.message));
}

/* The two passes agree, and the first one is content with its own work. */
static void
fuzz_json(const char *data, size_t len)
{
	KefuJsonError error;
	KefuJson   *root;
	char	   *once,
			   *twice;
	size_t		once_len,
				twice_len;

	if (!kefu_json_sieve(data, len, NULL, 0, 0, &once, &once_len, &error))
	{
		MUST(error.offset <= len);
		return;
	}
	check_utf8(once, once_len);
	MUST(kefu_json_sieve(once, once_len, NULL, KEFU_JSON_DEPTH, 0, &twice, &twice_len, &error));
	MUST(once_len == twice_len && memcmp(once, twice, once_len) == 0);
	MUST(kefu_json_parse(data, len, NULL, 0, 0, &root, &error));
	kefu_json_free(root);
	free(once);
	free(twice);
}

static void
fuzz_rules(const char *data, size_t len)
{
	static const char body[] = "[{\"id\":1,\"user\":{\"id\":2},\"text\":\"x\",\"pics\":[{\"u\":\"p\"}]},7]";
	char		error[128];
	KefuItemMap *map = kefu_itemmap_compile(data, len, error, sizeof(error));
	KefuReplyMap *classes = kefu_replymap_compile(data, len, error, sizeof(error));
	KefuPaging *paging = kefu_paging_compile(data, len, error, sizeof(error));
	KefuReply	reply;

	if (map != NULL)
		kefu_page_free(kefu_itemmap_run(map, body, sizeof(body) - 1, NULL));
	if (classes != NULL)
		kefu_reply_classify(classes, 403, body, sizeof(body) - 1, "1", 0, &reply);
	kefu_itemmap_free(map);
	kefu_replymap_free(classes);
	kefu_paging_free(paging);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 4)
	{
		case 0:
			fuzz_json((const char *) data + 1, size - 1);
			break;
		case 1:
			fuzz_rules((const char *) data + 1, size - 1);
			break;
		default:
			fuzz_reply((const char *) data + 1, size - 1);
			break;
	}
	return 0;
}
