/*
 * oauth.c
 *		What OAuth 1 signs: RFC 5849, sections 3.4 and 3.5.1.
 */
#include "oauth.h"

#include <stdlib.h>
#include <string.h>

/* A parameter, both parts percent-encoded. */
typedef struct Pair
{
	const char *name;
	const char *value;
} Pair;

typedef struct Pairs
{
	KefuArena  *arena;
	Pair	   *list;
	int			count;
	bool		no_memory;
} Pairs;

/* A text that grows by pieces into room counted before. */
typedef struct Text
{
	char	   *start;
	char	   *end;
} Text;

static void
put(Text *text, const char *piece)
{
	size_t		len = strlen(piece);

	memcpy(text->end, piece, len + 1);
	text->end += len;
}

static char *
encode(KefuArena *arena, const char *text, size_t len)
{
	size_t		size = kefu_percent_encode(text, len, NULL, 0) + 1;
	char	   *out = kefu_arena_alloc(arena, size);

	if (out != NULL)
		kefu_percent_encode(text, len, out, size);
	return out;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Undoes the encoding of a form; a % that begins none stays.  Gives the length. */
static size_t
decode(const char *text, size_t len, char *out)
{
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '+')
			out[n++] = ' ';
		else if (text[i] == '%' && i + 2 < len &&
				 hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0)
		{
			out[n++] = (char) (hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
			i += 2;
		}
		else
			out[n++] = text[i];
	}
	return n;
}

/* One part of a form in the encoding that is signed. */
static const char *
recode(Pairs *pairs, const char *text, size_t len)
{
	char	   *plain = kefu_arena_alloc(pairs->arena, len + 1);
	char	   *out;

	if (plain == NULL)
	{
		pairs->no_memory = true;
		return "";
	}
	out = encode(pairs->arena, plain, decode(text, len, plain));
	pairs->no_memory |= out == NULL;
	return out != NULL ? out : "";
}

static int
count_pairs(const char *form)
{
	int			count = 1;

	for (; *form != '\0' && *form != '#'; form++)
		count += *form == '&';
	return count;
}

/* The parameters of a query or a form; what follows a # is no part of it. */
static void
add_form(Pairs *pairs, const char *form)
{
	while (*form != '\0' && *form != '#')
	{
		size_t		len = strcspn(form, "&#");
		const char *equals = memchr(form, '=', len);
		size_t		name_len = equals != NULL ? (size_t) (equals - form) : len;

		if (len > 0)
		{
			Pair	   *pair = &pairs->list[pairs->count++];

			pair->name = recode(pairs, form, name_len);
			pair->value = equals != NULL
				? recode(pairs, equals + 1, len - name_len - 1) : "";
		}
		form += len;
		if (*form == '&')
			form++;
	}
}

static void
add_oauth(Pairs *pairs, const KefuParam *oauth, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (oauth[i].value != NULL)
		{
			Pair	   *pair = &pairs->list[pairs->count++];

			pair->name = encode(pairs->arena, oauth[i].name, strlen(oauth[i].name));
			pair->value = encode(pairs->arena, oauth[i].value, strlen(oauth[i].value));
			pairs->no_memory |= pair->name == NULL || pair->value == NULL;
		}
	}
}

static int
by_name_and_value(const void *a, const void *b)
{
	const Pair *x = a;
	const Pair *y = b;
	int			order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->value, y->value);
}

/* 3.4.1.3: all parameters, sorted, as one text that is encoded once more. */
static char *
normalized_params(KefuArena *arena, const char *query, const char *form,
				  const KefuParam *oauth, int n)
{
	Pairs		pairs = {.arena = arena};
	size_t		size = 1;
	Text		text;

	pairs.list = kefu_arena_alloc(arena, sizeof(Pair) *
								  (size_t) (count_pairs(query) + count_pairs(form) + n));
	if (pairs.list == NULL)
		return NULL;
	add_form(&pairs, query);
	add_form(&pairs, form);
	add_oauth(&pairs, oauth, n);
	if (pairs.no_memory)
		return NULL;
	qsort(pairs.list, (size_t) pairs.count, sizeof(Pair), by_name_and_value);
	for (int i = 0; i < pairs.count; i++)
		size += strlen(pairs.list[i].name) + strlen(pairs.list[i].value) + 2;
	text.start = text.end = kefu_arena_alloc(arena, size);
	if (text.start == NULL)
		return NULL;
	for (int i = 0; i < pairs.count; i++)
	{
		if (i > 0)
			put(&text, "&");
		put(&text, pairs.list[i].name);
		put(&text, "=");
		put(&text, pairs.list[i].value);
	}
	return encode(arena, text.start, (size_t) (text.end - text.start));
}

static bool
is_port(const char *colon, const char *end, const char *port)
{
	size_t		len = strlen(port);

	return (size_t) (end - colon) == len + 1 && memcmp(colon + 1, port, len) == 0;
}

/*
 * 3.4.1.2: scheme and host in lower case, the port unless it is the scheme's,
 * the path as it is; without a query.
 */
static char *
base_address(KefuArena *arena, const char *url)
{
	const char *host = strstr(url, "://");
	const char *path;
	const char *host_end;
	const char *colon;
	size_t		path_len;
	bool		is_https = strncmp(url, "https://", 8) == 0;
	char	   *out;
	char	   *end;

	if (host == NULL || (!is_https && strncmp(url, "http://", 7) != 0))
		return NULL;
	host += 3;
	path = host_end = host + strcspn(host, "/?#");
	colon = memchr(host, ':', (size_t) (host_end - host));
	if (colon != NULL && is_port(colon, host_end, is_https ? "443" : "80"))
		host_end = colon;
	path_len = strcspn(path, "?#");
	out = kefu_arena_alloc(arena, (size_t) (host_end - url) + path_len + 2);
	if (host_end == host || out == NULL)
		return NULL;
	end = out;
	for (const char *c = url; c < host_end; c++)
		*end++ = *c >= 'A' && *c <= 'Z' ? (char) (*c + ('a' - 'A')) : *c;
	memcpy(end, path, path_len);
	end += path_len;
	if (path_len == 0)
		*end++ = '/';
	return encode(arena, out, (size_t) (end - out));
}

char *
kefu_oauth_base_string(KefuArena *arena, const char *method, const char *url,
					   const char *form, const KefuParam *oauth, int n)
{
	size_t		path_end = strcspn(url, "?#");
	const char *query = url[path_end] == '?' ? url + path_end + 1 : "";
	char	   *address = base_address(arena, url);
	char	   *params = normalized_params(arena, query, form != NULL ? form : "", oauth, n);
	Text		text;

	if (address == NULL || params == NULL)
		return NULL;
	text.start = text.end = kefu_arena_alloc(arena, strlen(method) + strlen(address) +
											 strlen(params) + 3);
	if (text.start == NULL)
		return NULL;
	put(&text, method);
	put(&text, "&");
	put(&text, address);
	put(&text, "&");
	put(&text, params);
	return text.start;
}

char *
kefu_oauth_key(KefuArena *arena, const char *consumer_secret, const char *token_secret)
{
	char	   *consumer = encode(arena, consumer_secret, strlen(consumer_secret));
	char	   *token = encode(arena, token_secret != NULL ? token_secret : "",
							   token_secret != NULL ? strlen(token_secret) : 0);
	Text		text;

	if (consumer == NULL || token == NULL)
		return NULL;
	text.start = text.end = kefu_arena_alloc(arena, strlen(consumer) + strlen(token) + 2);
	if (text.start == NULL)
		return NULL;
	put(&text, consumer);
	put(&text, "&");
	put(&text, token);
	return text.start;
}

char *
kefu_oauth_header(KefuArena *arena, const char *realm, const KefuParam *oauth, int n)
{
	Pairs		pairs = {.arena = arena};
	size_t		size = sizeof("OAuth realm=\"\"") + (realm != NULL ? strlen(realm) : 0);
	const char *before = " ";
	Text		text;

	pairs.list = kefu_arena_alloc(arena, sizeof(Pair) * (size_t) n);
	if (pairs.list == NULL)
		return NULL;
	add_oauth(&pairs, oauth, n);
	if (pairs.no_memory)
		return NULL;
	for (int i = 0; i < pairs.count; i++)
		size += strlen(pairs.list[i].name) + strlen(pairs.list[i].value) + sizeof(", =\"\"");
	text.start = text.end = kefu_arena_alloc(arena, size);
	if (text.start == NULL)
		return NULL;
	put(&text, "OAuth");
	if (realm != NULL)
	{
		put(&text, " realm=\"");
		put(&text, realm);
		put(&text, "\"");
		before = ", ";
	}
	for (int i = 0; i < pairs.count; i++)
	{
		put(&text, before);
		put(&text, pairs.list[i].name);
		put(&text, "=\"");
		put(&text, pairs.list[i].value);
		put(&text, "\"");
		before = ", ";
	}
	return text.start;
}
