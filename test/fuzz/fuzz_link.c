/*
 * fuzz_link.c
 *		Any Link header: what is found is a part of it between angle brackets,
 *		and fits.  Lines of the input: relation, header.
 */
#include "paging.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *rel = malloc(size + 1);
	char	   *header;
	char		link[64];

	memcpy(rel, data, size);
	rel[size] = '\0';
	header = strchr(rel, '\n');
	if (header != NULL)
	{
		*header++ = '\0';
		memset(link, 'x', sizeof(link));
		if (kefu_link_find(header, rel, link, sizeof(link)))
		{
			char	   *at = strstr(header, link);

			MUST(strlen(link) < sizeof(link) && strchr(link, '>') == NULL);
			MUST(at != NULL && strchr(header, '<') != NULL && strstr(header, "rel=") != NULL);
		}
	}
	free(rel);
	return 0;
}
