/*
 * arena.c
 *		Memory that is given back all at once.
 *
 * Chunks double up to a limit, so that a small page costs one malloc and a
 * large one few.  It never aborts: whoever allocates checks for NULL.
 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CHUNK ((size_t) 4096)
#define LAST_CHUNK ((size_t) 1024 * 1024)
#define ALIGNMENT ((size_t) 16)

typedef struct KefuArenaChunk
{
	struct KefuArenaChunk *older;
	size_t		size;
} KefuArenaChunk;

#define CHUNK_HEADER \
	((sizeof(KefuArenaChunk) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

static bool
grow(KefuArena *arena, size_t size)
{
	size_t		want = FIRST_CHUNK;
	KefuArenaChunk *chunk;

	if (arena->chunks != NULL)
		want = arena->chunks->size * 2;
	if (want > LAST_CHUNK)
		want = LAST_CHUNK;
	if (want < size)
		want = size;
	if (want > SIZE_MAX - CHUNK_HEADER)
		return false;
	chunk = malloc(CHUNK_HEADER + want);
	if (chunk == NULL)
		return false;
	chunk->older = arena->chunks;
	chunk->size = want;
	arena->chunks = chunk;
	arena->next = (char *) chunk + CHUNK_HEADER;
	arena->left = want;
	return true;
}

static void *
take(KefuArena *arena, size_t size)
{
	void	   *taken;

	if (size > SIZE_MAX - ALIGNMENT)
		return NULL;
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if ((arena->next == NULL || size > arena->left) && !grow(arena, size))
		return NULL;
	taken = arena->next;
	arena->next += size;
	arena->left -= size;
	return taken;
}

void *
kefu_arena_alloc(KefuArena *arena, size_t size)
{
	void	   *taken = take(arena, size);

	if (taken != NULL && size > 0)
		memset(taken, 0, size);
	return taken;
}

char *
kefu_arena_copy(KefuArena *arena, const char *data, size_t len)
{
	char	   *copy;

	if (len == SIZE_MAX)
		return NULL;
	copy = take(arena, len + 1);
	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

void
kefu_arena_free(KefuArena *arena)
{
	KefuArenaChunk *chunk = arena->chunks;

	while (chunk != NULL)
	{
		KefuArenaChunk *older = chunk->older;

		free(chunk);
		chunk = older;
	}
	memset(arena, 0, sizeof(*arena));
}
