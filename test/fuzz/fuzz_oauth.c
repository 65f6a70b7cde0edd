/*
 * fuzz_oauth.c
 *		Any address and form as what is signed.
 *
 * The base string has exactly three parts in the signed alphabet, its
 * parameters are sorted, and an address that is none is refused.  Lines of the
 * input: address, form, value of a parameter.
 */
#include "oauth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

/* The next line of the input, cut off in place. */
static char *
next_line(char **rest)
{
	char	   *line = *rest;
	char	   *end = line + strcspn(line, "\n");

	*rest = *end == '\n' ? end + 1 : end;
	*end = '\0';
	return line;
}

static void
check_base(const char *base)
{
	int			ampersands = 0;

	for (const char *c = base; *c != '\0'; c++)
	{
		MUST(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					"0123456789-._~%&", *c) != NULL);
		ampersands += *c == '&';
	}
	MUST(ampersands == 2);
	MUST(strncmp(base, "POST&http", 9) == 0);
	MUST(strstr(base, "oauth_nonce%3D") != NULL);
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);
	char	   *rest = text;
	char	   *url;
	char	   *form;
	char	   *base;
	KefuArena	arena = {0};
	KefuParam	oauth[2] = {{.name = "oauth_nonce"}, {.name = "oauth_token"}};

	memcpy(text, data, size);
	text[size] = '\0';
	url = next_line(&rest);
	form = next_line(&rest);
	oauth[0].value = next_line(&rest);
	base = kefu_oauth_base_string(&arena, "POST", url, form, oauth, 2);
	if (base != NULL)
		check_base(base);
	else
		MUST(strncmp(url, "https://a", 9) != 0 && strncmp(url, "http://a", 8) != 0);
	MUST(kefu_oauth_key(&arena, url, form) != NULL);
	MUST(kefu_oauth_header(&arena, NULL, oauth, 2) != NULL);
	kefu_arena_free(&arena);
	free(text);
	return 0;
}
