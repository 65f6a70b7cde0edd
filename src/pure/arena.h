/*
 * arena.h
 *		Memory that is given back all at once.
 *
 * Pure code has no memory contexts.  An arena is the least that lets a parser
 * hand out strings without an owner for each: allocate freely, free once.
 */
#ifndef KEFU_PURE_ARENA_H
#define KEFU_PURE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct KefuArena
{
	struct KefuArenaChunk *chunks;	/* newest first */
	char	   *next;			/* free space of the newest chunk */
	size_t		left;
} KefuArena;

/* A zeroed KefuArena is an empty arena. */

/*
 * Zeroed memory aligned for any type, NULL when there is none left.  A zero
 * size gives a valid pointer.
 */
extern void *kefu_arena_alloc(KefuArena *arena, size_t size);

/* Copy of len bytes with a NUL behind them, NULL without memory. */
extern char *kefu_arena_copy(KefuArena *arena, const char *data, size_t len);

/* Gives everything back and leaves the arena empty. */
extern void kefu_arena_free(KefuArena *arena);

#endif							/* KEFU_PURE_ARENA_H */
