/*
 * test_oauth.c
 *		What OAuth 1 signs, by the examples of RFC 5849 and by what breaks
 *		clients: values encoded twice, secrets with punctuation, ports.
 */
#include "check.h"
#include "oauth.h"

#define COUNT(list) ((int) (sizeof(list) / sizeof((list)[0])))

/* Of the address, with one parameter of the protocol. */
static const char *
base_of(const char *method, const char *url, const char *form)
{
	static char result[1024];
	KefuArena	arena = {0};
	KefuParam	oauth[] = {{.name = "oauth_nonce", .value = "n"}};
	char	   *base = kefu_oauth_base_string(&arena, method, url, form, oauth, 1);

	snprintf(result, sizeof(result), "%s", base != NULL ? base : "");
	kefu_arena_free(&arena);
	return base != NULL ? result : NULL;
}

/* RFC 5849, 3.4.1.1 and 3.4.1.3: query, form and header in one. */
static void
test_example(void)
{
	KefuArena	arena = {0};
	KefuParam	oauth[] = {
		{.name = "oauth_consumer_key", .value = "9djdj82h48djs9d2"},
		{.name = "oauth_token", .value = "kkk9d7dh3k39sjv7"},
		{.name = "oauth_signature_method", .value = "HMAC-SHA1"},
		{.name = "oauth_timestamp", .value = "137131201"},
		{.name = "oauth_nonce", .value = "7d8f3e4a"},
		{.name = "oauth_signature", .value = NULL},
	};

	CHECK_STR(kefu_oauth_base_string(&arena, "POST",
									 "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
									 "c2&a3=2+q", oauth, COUNT(oauth)),
			  "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26"
			  "b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26"
			  "oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
			  "oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7");
	kefu_arena_free(&arena);
}

/* RFC 5849, 3.4.1.2. */
static void
test_addresses(void)
{
	CHECK(base_of("GET", "HTTP://x.example/", NULL) == NULL);
	CHECK_STR(base_of("GET", "http://EXAMPLE.com:80/r%20v/X?id=123", NULL),
			  "GET&http%3A%2F%2Fexample.com%2Fr%2520v%2FX&id%3D123%26oauth_nonce%3Dn");
	CHECK_STR(base_of("GET", "https://www.example.net:8080/?q=1#part", NULL),
			  "GET&https%3A%2F%2Fwww.example.net%3A8080%2F&oauth_nonce%3Dn%26q%3D1");
	CHECK_STR(base_of("GET", "https://x.example:443", NULL),
			  "GET&https%3A%2F%2Fx.example%2F&oauth_nonce%3Dn");
	CHECK_STR(base_of("GET", "http://x.example:443?a", NULL),
			  "GET&http%3A%2F%2Fx.example%3A443%2F&a%3D%26oauth_nonce%3Dn");
	CHECK(base_of("GET", "ftp://x.example/", NULL) == NULL);
	CHECK(base_of("GET", "x.example/", NULL) == NULL);
	CHECK(base_of("GET", "https:///path", NULL) == NULL);
}

/* A value that was encoded before (Sina v1, Sohu) is signed as it is sent. */
static void
test_forms(void)
{
	KefuParam	params[] = {
		{.name = "status", .value = "\xE4\xB8\xAD 100%", .pre_encoded = true},
		{.name = "id", .value = "-1"},
	};
	char		form[128];

	kefu_form_encode(params, COUNT(params), form, sizeof(form));
	CHECK_STR(form, "status=%25E4%25B8%25AD%2520100%2525&id=-1");
	CHECK_STR(base_of("POST", "https://x.example/u", form),
			  "POST&https%3A%2F%2Fx.example%2Fu&id%3D-1%26oauth_nonce%3Dn%26"
			  "status%3D%2525E4%2525B8%2525AD%252520100%252525");
	/* Sorted by the encoded bytes, values too; what is no encoding stays. */
	CHECK_STR(base_of("POST", "https://x.example/u?b=2&b=10&B=1&&=", "a=%zz&%&a=%"),
			  "POST&https%3A%2F%2Fx.example%2Fu&%3D%26%2525%3D%26B%3D1%26a%3D%2525%26"
			  "a%3D%2525zz%26b%3D10%26b%3D2%26oauth_nonce%3Dn");
	CHECK_STR(base_of("POST", "https://x.example/u", "a=%00%20"),
			  "POST&https%3A%2F%2Fx.example%2Fu&a%3D%2500%2520%26oauth_nonce%3Dn");
	CHECK_STR(base_of("POST", "https://x.example/u", ""),
			  "POST&https%3A%2F%2Fx.example%2Fu&oauth_nonce%3Dn");
}

static void
test_keys(void)
{
	KefuArena	arena = {0};

	CHECK_STR(kefu_oauth_key(&arena, "djr9rjt0jd78jf88", "jjd99$tj88uiths3"),
			  "djr9rjt0jd78jf88&jjd99%24tj88uiths3");
	CHECK_STR(kefu_oauth_key(&arena, "^!()%$&", NULL), "%5E%21%28%29%25%24%26&");
	kefu_arena_free(&arena);
}

static void
test_headers(void)
{
	KefuArena	arena = {0};
	KefuParam	oauth[] = {
		{.name = "oauth_consumer_key", .value = "0685bd91"},
		{.name = "oauth_token", .value = NULL},
		{.name = "oauth_signature", .value = "wOJIO9A2W5mFwDgiDvZbTSMK/PY="},
	};

	CHECK_STR(kefu_oauth_header(&arena, "Photos", oauth, COUNT(oauth)),
			  "OAuth realm=\"Photos\", oauth_consumer_key=\"0685bd91\", "
			  "oauth_signature=\"wOJIO9A2W5mFwDgiDvZbTSMK%2FPY%3D\"");
	CHECK_STR(kefu_oauth_header(&arena, NULL, oauth, 1), "OAuth oauth_consumer_key=\"0685bd91\"");
	CHECK_STR(kefu_oauth_header(&arena, NULL, oauth, 0), "OAuth");
	kefu_arena_free(&arena);
}

int
main(void)
{
	RUN(test_example);
	RUN(test_addresses);
	RUN(test_forms);
	RUN(test_keys);
	RUN(test_headers);
	return check_result();
}
