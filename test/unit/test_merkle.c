/*
 * test_merkle.c
 *		Host test of src/pure/merkle.c against the definition.
 *
 * The reference is the recursive definition of RFC 6962, section 2.1, written
 * down a second time.  The hash is a toy: the shape of the tree is under test.
 */
#include "check.h"

#include "merkle.h"

#define MOST_LEAVES 70

static uint8_t leaves[MOST_LEAVES][MERKLE_HASH_LENGTH];

/* FNV-1a, four times with different starts */
static void
toy_hash(const uint8_t *data, size_t length, uint8_t *hash)
{
	for (int lane = 0; lane < 4; lane++)
	{
		uint64_t	h = UINT64_C(14695981039346656037) + lane;

		for (size_t i = 0; i < length; i++)
			h = (h ^ data[i]) * UINT64_C(1099511628211);
		memcpy(hash + lane * 8, &h, 8);
	}
}

/* MTH(D[n]) of RFC 6962, over hashed leaves */
static void
reference_root(uint64_t first, uint64_t count, uint8_t *root)
{
	uint64_t	half = 1;
	uint8_t		data[1 + 2 * MERKLE_HASH_LENGTH];

	if (count == 1)
	{
		memcpy(root, leaves[first], MERKLE_HASH_LENGTH);
		return;
	}
	while (half * 2 < count)
		half *= 2;
	data[0] = 1;
	reference_root(first, half, data + 1);
	reference_root(first + half, count - half, data + 1 + MERKLE_HASH_LENGTH);
	toy_hash(data, sizeof(data), root);
}

/* PATH(m, D[n]) of RFC 6962; returns its length */
static int
reference_path(uint64_t index, uint64_t first, uint64_t count,
			   uint8_t (*path)[MERKLE_HASH_LENGTH])
{
	uint64_t	half = 1;
	int			length;

	if (count == 1)
		return 0;
	while (half * 2 < count)
		half *= 2;
	if (index < half)
	{
		length = reference_path(index, first, half, path);
		reference_root(first + half, count - half, path[length]);
	}
	else
	{
		length = reference_path(index - half, first + half, count - half, path);
		reference_root(first, half, path[length]);
	}
	return length + 1;
}

static void
test_leaf(uint64_t count, uint64_t index)
{
	Merkle		tree;
	uint8_t		root[MERKLE_HASH_LENGTH];
	uint8_t		expected[MERKLE_HASH_LENGTH];
	uint8_t		path[MERKLE_DEPTH][MERKLE_HASH_LENGTH];
	int			length = reference_path(index, 0, count, path);

	merkle_begin(&tree, toy_hash, index);
	for (uint64_t i = 0; i < count; i++)
		merkle_add(&tree, leaves[i]);
	merkle_end(&tree, root);
	reference_root(0, count, expected);
	CHECK(memcmp(root, expected, sizeof(root)) == 0);
	CHECK_INT(tree.path_length, length);
	CHECK(memcmp(tree.path, path, (size_t) length * MERKLE_HASH_LENGTH) == 0);

#define VERIFY(leaf, i, n, steps) \
	merkle_verify(toy_hash, leaf, i, n, \
				  (const uint8_t (*)[MERKLE_HASH_LENGTH]) path, steps, root)
	CHECK(VERIFY(leaves[index], index, count, length));
	CHECK(!VERIFY(leaves[index], count, count, length));
	CHECK(!VERIFY(leaves[index], index, count, length + 1));
	CHECK(!VERIFY(leaves[index + 1], index, count, length));
	if (length > 0)
	{
		CHECK(!VERIFY(leaves[index], index ^ 1, count, length));
		CHECK(!VERIFY(leaves[index], index, count, length - 1));
		path[0][7] ^= 1;
		CHECK(!VERIFY(leaves[index], index, count, length));
	}
}

static void
test_every_leaf(void)
{
	for (uint64_t count = 1; count < MOST_LEAVES; count++)
		for (uint64_t index = 0; index < count; index++)
			test_leaf(count, index);
}

static void
test_empty_tree(void)
{
	Merkle		tree;
	uint8_t		root[MERKLE_HASH_LENGTH];
	const uint8_t zeroes[MERKLE_HASH_LENGTH] = {0};

	merkle_begin(&tree, toy_hash, MERKLE_NO_LEAF);
	merkle_end(&tree, root);
	CHECK(memcmp(root, zeroes, sizeof(root)) == 0);
}

static void
test_no_path_unless_wanted(void)
{
	Merkle		tree;
	uint8_t		root[MERKLE_HASH_LENGTH];

	merkle_begin(&tree, toy_hash, MERKLE_NO_LEAF);
	for (int i = 0; i < MOST_LEAVES; i++)
		merkle_add(&tree, leaves[i]);
	merkle_end(&tree, root);
	CHECK_INT(tree.path_length, 0);
}

int
main(void)
{
	for (int i = 0; i < MOST_LEAVES; i++)
		toy_hash((const uint8_t *) &i, sizeof(i), leaves[i]);
	RUN(test_every_leaf);
	RUN(test_empty_tree);
	RUN(test_no_path_unless_wanted);
	return check_result();
}
