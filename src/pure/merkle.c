/*
 * merkle.c
 *		Merkle trees of RFC 6962, built leaf by leaf in constant memory.
 *
 * The tree is that of RFC 6962, section 2.1: an inner node is the hash of
 * 0x01, its left and its right; the left subtree of n leaves is the largest
 * full one with fewer than n.  Such a tree is the full subtrees of the binary
 * digits of n, joined from the right, so a stack of at most 64 nodes holds it.
 *
 * What it doesn't do: hash leaves (the caller passes their hashes, made with a
 * 0x00 in front so that no leaf can pass for a node), or choose the hash.
 */
#include "merkle.h"

#include <string.h>

static void
hash_node(MerkleHash hash, const uint8_t *left, const uint8_t *right, uint8_t *node)
{
	uint8_t		data[1 + 2 * MERKLE_HASH_LENGTH];

	data[0] = 0x01;
	memcpy(data + 1, left, MERKLE_HASH_LENGTH);
	memcpy(data + 1 + MERKLE_HASH_LENGTH, right, MERKLE_HASH_LENGTH);
	hash(data, sizeof(data), node);
}

/*
 * Starts a tree.  wanted is the index, from 0, of a leaf whose path to the
 * root is to be kept, or MERKLE_NO_LEAF.
 */
void
merkle_begin(Merkle *tree, MerkleHash hash, uint64_t wanted)
{
	tree->hash = hash;
	tree->count = 0;
	tree->wanted = wanted;
	tree->depth = 0;
	tree->path_length = 0;
}

/*
 * Joins the two nodes on top of the stack.  The one that doesn't hold the
 * wanted leaf, if the other does, is the next step of its path.
 */
static void
join_top(Merkle *tree)
{
	MerkleNode *right = &tree->stack[--tree->depth];
	MerkleNode *left = &tree->stack[tree->depth - 1];

	if (tree->wanted >= left->first && tree->wanted < tree->count)
	{
		const uint8_t *sibling = tree->wanted < right->first ? right->hash : left->hash;

		memcpy(tree->path[tree->path_length++], sibling, MERKLE_HASH_LENGTH);
	}
	hash_node(tree->hash, left->hash, right->hash, left->hash);
}

/*
 * Adds the next leaf, given as its hash.
 */
void
merkle_add(Merkle *tree, const uint8_t *leaf)
{
	MerkleNode *node = &tree->stack[tree->depth++];

	node->first = tree->count;
	memcpy(node->hash, leaf, MERKLE_HASH_LENGTH);
	tree->count++;
	for (uint64_t n = tree->count; (n & 1) == 0; n >>= 1)
		join_top(tree);
}

/*
 * Joins what is left into the root; zero bytes for a tree without leaves,
 * which RFC 6962 gives the hash of nothing.  The tree is used up but for its
 * path.
 */
void
merkle_end(Merkle *tree, uint8_t *root)
{
	if (tree->count == 0)
	{
		memset(root, 0, MERKLE_HASH_LENGTH);
		return;
	}
	while (tree->depth > 1)
		join_top(tree);
	memcpy(root, tree->stack[0].hash, MERKLE_HASH_LENGTH);
}

/*
 * Checks an inclusion path; the algorithm is that of RFC 9162, section
 * 2.1.3.2.
 */
bool
merkle_verify(MerkleHash hash, const uint8_t *leaf, uint64_t index, uint64_t count,
			  const uint8_t (*path)[MERKLE_HASH_LENGTH], int path_length,
			  const uint8_t *root)
{
	uint64_t	node = index;
	uint64_t	last = count - 1;
	uint8_t		value[MERKLE_HASH_LENGTH];

	if (index >= count)
		return false;
	memcpy(value, leaf, MERKLE_HASH_LENGTH);
	for (int i = 0; i < path_length; i++)
	{
		if (last == 0)
			return false;
		if ((node & 1) == 1 || node == last)
		{
			hash_node(hash, path[i], value, value);
			while ((node & 1) == 0 && node != 0)
			{
				node >>= 1;
				last >>= 1;
			}
		}
		else
			hash_node(hash, value, path[i], value);
		node >>= 1;
		last >>= 1;
	}
	return last == 0 && memcmp(value, root, MERKLE_HASH_LENGTH) == 0;
}
