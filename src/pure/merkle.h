/*
 * merkle.h
 *		Merkle trees of RFC 6962, built leaf by leaf in constant memory.
 */
#ifndef KEFU_MERKLE_H
#define KEFU_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERKLE_HASH_LENGTH 32
#define MERKLE_DEPTH 64
#define MERKLE_NO_LEAF UINT64_MAX

typedef void (*MerkleHash) (const uint8_t *data, size_t length, uint8_t *hash);

/* Root of a full subtree whose first leaf is first */
typedef struct MerkleNode
{
	uint64_t	first;
	uint8_t		hash[MERKLE_HASH_LENGTH];
} MerkleNode;

typedef struct Merkle
{
	MerkleHash	hash;
	uint64_t	count;			/* leaves so far */
	uint64_t	wanted;			/* leaf whose path is kept, or MERKLE_NO_LEAF */
	int			depth;			/* nodes on the stack */
	MerkleNode	stack[MERKLE_DEPTH];
	int			path_length;
	uint8_t		path[MERKLE_DEPTH][MERKLE_HASH_LENGTH];
} Merkle;

extern void merkle_begin(Merkle *tree, MerkleHash hash, uint64_t wanted);
extern void merkle_add(Merkle *tree, const uint8_t *leaf);
extern void merkle_end(Merkle *tree, uint8_t *root);

/* True if the path leads from this leaf, one of count, to the root. */
extern bool merkle_verify(MerkleHash hash, const uint8_t *leaf, uint64_t index,
						  uint64_t count, const uint8_t (*path)[MERKLE_HASH_LENGTH],
						  int path_length, const uint8_t *root);

#endif							/* KEFU_MERKLE_H */
