/*
 * fuzz_paging.c
 *		Any sequence of replies to a walk of any style.
 *
 * However a platform answers, a walk ends or is capped, its state survives
 * being saved and loaded, and the mark only moves when it may.
 */
#include "paging.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

typedef struct Input
{
	const uint8_t *data;
	size_t		left;
} Input;

static unsigned
take(Input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

static const char *const rules[] = {
	"{\"paging\":{\"style\":\"id_range\",\"newer_param\":\"n\",\"older_param\":\"o\",\"older_inclusive\":true,"
	"\"page_size\":3,\"stop_short_page\":true,\"max_pages\":4}}",
	"{\"paging\":{\"style\":\"id_range\",\"newer_param\":\"n\",\"older_param\":\"o\",\"is_gapless\":true,"
	"\"newer_inclusive\":true,\"max_pages\":4}}",
	"{\"paging\":{\"style\":\"time_id\",\"flag_param\":\"f\",\"flag_first\":\"0\",\"flag_newer\":\"2\","
	"\"flag_older\":\"1\",\"time_param\":\"t\",\"id_param\":\"i\",\"max_pages\":4}}",
	"{\"paging\":{\"style\":\"time_id\",\"flag_param\":\"f\",\"flag_newer\":\"2\",\"flag_older\":\"1\","
	"\"time_param\":\"t\",\"id_param\":\"i\",\"is_gapless\":true,\"max_pages\":4}}",
	"{\"paging\":{\"style\":\"page\",\"page_param\":\"p\",\"has_next_more\":\"1\",\"max_pages\":4}}",
	"{\"paging\":{\"style\":\"cursor\",\"cursor_param\":\"c\",\"cursor_ends\":[\"0\"],\"max_pages\":4}}",
	"{\"paging\":{\"style\":\"link\",\"max_pages\":4}}",
	"{\"paging\":{\"style\":\"none\",\"max_pages\":4}}",
};

/* A short text out of few, so that repetitions happen. */
static const char *
take_text(Input *input, char *buffer, size_t size)
{
	unsigned	what = take(input);

	if (what % 16 == 0)
		return NULL;
	if (what % 16 == 1)
	{
		memset(buffer, 'x', size - 1);
		buffer[size - 1] = '\0';
	}
	else
		snprintf(buffer, size, what & 16 ? "%u,%u" : "%u", what >> 5, what % 16);
	return buffer;
}

static KefuWalkStep
take_page(Input *input, const KefuPaging *paging, KefuWalk *walk)
{
	static char texts[8][300];
	static char next[300],
				link[KEFU_LINK_BYTES + 8];
	const char *cursors[8];
	KefuPageSeen seen = {.n_listed = (int) (take(input) % 8), .cursors = cursors};
	KefuWalkStep step;
	const char *mark;

	for (int i = 0; i < seen.n_listed; i++)
		cursors[i] = take_text(input, texts[i], sizeof(texts[i]));
	seen.n_closed = take(input) % 16 == 0;
	seen.next_cursor = take_text(input, next, sizeof(next));
	seen.next_link = take_text(input, link, sizeof(link));
	seen.has_next = take(input) % 2 ? "1" : "0";
	step = kefu_walk_take(paging, walk, &seen);
	mark = kefu_walk_new_mark(paging, walk, step);
	MUST(mark == NULL || (mark[0] != '\0' && step != KEFU_WALK_STUCK));
	return step;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char saved[KEFU_WALK_SAVED_BYTES];
	Input		input = {data, size};
	const char *spec = rules[take(&input) % (sizeof(rules) / sizeof(rules[0]))];
	char		error[128];
	KefuPaging *paging = kefu_paging_compile(spec, strlen(spec), error, sizeof(error));
	KefuWalk	walk,
				loaded;
	char		mark[300];
	int			pages = 0;

	MUST(paging != NULL);
	if (kefu_walk_start(&walk, take_text(&input, mark, sizeof(mark))))
	{
		KefuWalkStep step;

		do
		{
			KefuPageRequest request;
			char		form[4096];

			kefu_walk_request(paging, &walk, &request);
			kefu_form_encode(request.params, request.n_params, form, sizeof(form));
			step = take_page(&input, paging, &walk);
			MUST(kefu_walk_save(&walk, saved, sizeof(saved)) < sizeof(saved));
			MUST(kefu_walk_load(&loaded, saved, strlen(saved)));
			MUST(strcmp(loaded.at, walk.at) == 0 && strcmp(loaded.mark, walk.mark) == 0 &&
				 strcmp(loaded.newest, walk.newest) == 0 && strcmp(loaded.link, walk.link) == 0);
			MUST(++pages <= 4);
		} while (step == KEFU_WALK_GOES_ON);
		MUST(step != KEFU_WALK_CAPPED || walk.mark[0] != '\0');
	}

	/* Any bytes as a saved state. */
	(void) kefu_walk_load(&loaded, (const char *) input.data, input.left);
	kefu_paging_free(paging);
	return 0;
}
