/*
 * seal.c
 *		Sealing the audit trail, verifying the seals, proving what is under one.
 *
 * A seal is a Merkle root over all events of a range of transactions; the
 * ranges of one incarnation follow each other without a gap.  Its end is the
 * oldest transaction that was still running, so nothing can appear in it
 * later.  Sealing locks only the table of seals: writers never wait for it.
 *
 * What it doesn't do: verify chains and objects (evidence.c).  A proof is made from
 * the trail as it stands; whether it leads to the root is for merkle_verify()
 * to say.
 */
#include "kefu.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/xid8.h"

#include "audit.h"
#include "canon.h"
#include "evidence.h"
#include "pure/merkle.h"
#include "scan.h"
#include "spi.h"
#include "who.h"

/* Copies a hash column, which is never NULL. */
static void
copy_hash(Datum column, uint8 *hash)
{
	bytea	   *value = DatumGetByteaPP(column);

	if (VARSIZE_ANY_EXHDR(value) != KEFU_HASH_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a hash of the audit trail has a wrong length"),
				 errhint("kefu.verify_audit() names the row.")));
	memcpy(hash, VARDATA_ANY(value), KEFU_HASH_LENGTH);
}

/* --- trees ---------------------------------------------------------------- */

/*
 * Builds the tree over the range of a seal and sets its count and root.
 * wanted is as for merkle_begin().
 */
static void
build_tree(KefuSeal *seal, Merkle *tree, uint64 wanted)
{
	Oid			types[] = {INT4OID, INT8OID, INT8OID};
	Datum		values[] = {
		Int32GetDatum(seal->incarnation),
		Int64GetDatum(seal->xid_from),
		Int64GetDatum(seal->xid_to)
	};
	KefuScan	scan;

	merkle_begin(tree, kefu_sha256, wanted);
	kefu_scan_open(&scan,
				   "SELECT hash, xid FROM kefu.audit_event "
				   "WHERE incarnation = $1 AND xid >= $2 AND xid < $3 "
				   "ORDER BY xid, event_id", 3, types, values, false);
	while (kefu_scan_next(&scan))
	{
		KefuOrigin	origin = {seal->incarnation, DatumGetInt64(scan.values[1])};
		uint8		hash[KEFU_HASH_LENGTH];
		uint8		leaf[KEFU_HASH_LENGTH];

		copy_hash(scan.values[0], hash);
		kefu_canon_leaf(hash, &origin, leaf);
		merkle_add(tree, leaf);
	}
	kefu_scan_close(&scan);
	seal->event_count = (int64) tree->count;
	merkle_end(tree, seal->root);
}

/* --- sealing -------------------------------------------------------------- */

/* Last seal: its number, and its hash in previous (zeroes if there is none). */
static int64
last_seal(uint8 *previous)
{
	static KefuPlan last = {
		"SELECT seal_id, hash FROM kefu.seal ORDER BY seal_id DESC LIMIT 1"
	};
	bool		isnull;

	memset(previous, 0, KEFU_HASH_LENGTH);
	if (kefu_spi_run(&last, NULL, NULL, false, 1) == 0)
		return 0;
	copy_hash(kefu_spi_value(0, 2, &isnull), previous);
	return DatumGetInt64(kefu_spi_value(0, 1, &isnull));
}

static void
store_seal(const KefuSeal *seal, const uint8 *hash)
{
	static KefuPlan store = {
		"INSERT INTO kefu.seal (seal_id, incarnation, xid_from, xid_to, event_count, root, "
		"sealed_at, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", 8,
		{INT8OID, INT4OID, INT8OID, INT8OID, INT8OID, BYTEAOID, TIMESTAMPTZOID, BYTEAOID}
	};
	Datum		values[8] = {
		Int64GetDatum(seal->seal_id),
		Int32GetDatum(seal->incarnation),
		Int64GetDatum(seal->xid_from),
		Int64GetDatum(seal->xid_to),
		Int64GetDatum(seal->event_count),
		kefu_bytes_datum(seal->root, KEFU_HASH_LENGTH),
		TimestampTzGetDatum(seal->sealed_at),
		kefu_bytes_datum(hash, KEFU_HASH_LENGTH)
	};

	kefu_spi_run(&store, values, NULL, false, 0);
}

/*
 * Ranges that wait for a seal: of each incarnation what follows its last seal,
 * up to the horizon in the present one and up to the last event in the others.
 * Not for ever in the others: a restore may lead back into one of them.
 * Returns an array in the caller's context, older incarnations first.
 */
static KefuSeal *
open_ranges(int64 horizon, int *count)
{
	static KefuPlan find = {
		"SELECT i.incarnation, s.xid_from, "
		"CASE WHEN i.incarnation = $1 THEN $2 ELSE "
		"(SELECT max(e.xid) + 1 FROM kefu.audit_event e "
		"WHERE e.incarnation = i.incarnation AND e.xid >= s.xid_from) END "
		"FROM kefu.incarnation i "
		"CROSS JOIN LATERAL (SELECT coalesce(max(l.xid_to), 0) AS xid_from FROM kefu.seal l "
		"WHERE l.incarnation = i.incarnation) s "
		"ORDER BY i.incarnation = $1, i.incarnation", 2, {INT4OID, INT8OID}
	};
	Datum		values[2] = {Int32GetDatum(kefu_audit_incarnation()), Int64GetDatum(horizon)};
	uint64		rows = kefu_spi_run(&find, values, NULL, false, 0);
	KefuSeal   *ranges = palloc0(sizeof(KefuSeal) * Max(rows, 1));
	int			n = 0;

	for (uint64 i = 0; i < rows; i++)
	{
		bool		isnull;
		KefuSeal   *range = &ranges[n];

		range->incarnation = DatumGetInt32(kefu_spi_value(i, 1, &isnull));
		range->xid_from = DatumGetInt64(kefu_spi_value(i, 2, &isnull));
		range->xid_to = DatumGetInt64(kefu_spi_value(i, 3, &isnull));
		if (!isnull && range->xid_from < range->xid_to)
			n++;
	}
	*count = n;
	return ranges;
}

/* Oldest transaction that a new snapshot sees as running. */
static int64
seal_horizon(void)
{
	static KefuPlan xmin = {"SELECT pg_snapshot_xmin(pg_current_snapshot())"};
	bool		isnull;
	FullTransactionId xid;

	kefu_spi_run(&xmin, NULL, NULL, false, 1);
	xid = DatumGetFullTransactionId(kefu_spi_value(0, 1, &isnull));
	return (int64) U64FromFullTransactionId(xid);
}

/*
 * Ends a range earlier if it has more than so many events: behind the last
 * transaction that fits in whole, or behind the first if that alone is larger.
 */
static bool
cut_range(KefuSeal *range, int64 max_events)
{
	static KefuPlan find = {
		"SELECT min(f.xid), max(f.xid), count(*) FROM (SELECT xid FROM kefu.audit_event "
		"WHERE incarnation = $1 AND xid >= $2 AND xid < $3 "
		"ORDER BY xid, event_id LIMIT $4) f", 4, {INT4OID, INT8OID, INT8OID, INT8OID}
	};
	Datum		values[4] = {
		Int32GetDatum(range->incarnation),
		Int64GetDatum(range->xid_from),
		Int64GetDatum(range->xid_to),
		Int64GetDatum(max_events + 1)
	};
	int64		first;
	int64		last;
	bool		isnull;

	kefu_spi_run(&find, values, NULL, false, 1);
	if (DatumGetInt64(kefu_spi_value(0, 3, &isnull)) <= max_events)
		return false;
	first = DatumGetInt64(kefu_spi_value(0, 1, &isnull));
	last = DatumGetInt64(kefu_spi_value(0, 2, &isnull));
	range->xid_to = last > first ? last : last + 1;
	return true;
}

/*
 * Seals what waits, one seal for each incarnation that has some.  With
 * max_events at most one seal is made, of no more events if their transactions
 * allow; *more tells whether it left something.  Returns the number of seals.
 */
static int
seal_ranges(bool even_empty, int64 max_events, bool *more)
{
	/* Conflicts with itself and with nothing that readers or writers take. */
	static KefuPlan lock = {"LOCK TABLE kefu.seal IN SHARE ROW EXCLUSIVE MODE"};
	KefuSeal   *ranges;
	Merkle	   *tree = palloc(sizeof(Merkle));
	uint8		previous[KEFU_HASH_LENGTH];
	int64		seal_id;
	int			count;
	int			made = 0;

	*more = false;
	kefu_spi_run(&lock, NULL, NULL, false, 0);
	ranges = open_ranges(seal_horizon(), &count);
	seal_id = last_seal(previous);
	for (int i = 0; i < count && !(max_events > 0 && made > 0); i++)
	{
		KefuSeal   *seal = &ranges[i];
		uint8		hash[KEFU_HASH_LENGTH];

		if (max_events > 0)
			*more = cut_range(seal, max_events) || i + 1 < count;
		build_tree(seal, tree, MERKLE_NO_LEAF);
		if (seal->event_count == 0 && !even_empty)
			continue;
		seal->seal_id = ++seal_id;
		seal->sealed_at = kefu_now();
		kefu_canon_seal(seal, previous, hash);
		store_seal(seal, hash);
		memcpy(previous, hash, KEFU_HASH_LENGTH);
		made++;
	}
	return made;
}

/*
 * kefu.seal_audit(even_empty boolean)
 */
KEFU_FUNCTION(kefu_seal_audit)
{
	bool		more;
	int			made;

	kefu_spi_begin();
	made = seal_ranges(PG_GETARG_BOOL(0), 0, &more);
	kefu_spi_end();
	PG_RETURN_INT32(made);
}

/*
 * kefu.seal_some(max_events integer)
 */
KEFU_FUNCTION(kefu_seal_some)
{
	int32		max_events = PG_GETARG_INT32(0);
	bool		more;

	if (max_events < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_events must be at least 1")));
	kefu_spi_begin();
	(void) seal_ranges(false, max_events, &more);
	kefu_spi_end();
	PG_RETURN_BOOL(more);
}

/* --- verifying ------------------------------------------------------------ */

enum
{
	SEAL_ID,
	SEAL_INCARNATION,
	SEAL_XID_FROM,
	SEAL_XID_TO,
	SEAL_COUNT,
	SEAL_ROOT,
	SEAL_SEALED_AT,
	SEAL_HASH
};

#define SEAL_COLUMNS \
	"seal_id, incarnation, xid_from, xid_to, event_count, root, sealed_at, hash"

static bool
read_seal(const KefuScan *scan, KefuSeal *seal, uint8 *hash)
{
	seal->seal_id = DatumGetInt64(scan->values[SEAL_ID]);
	seal->incarnation = DatumGetInt32(scan->values[SEAL_INCARNATION]);
	seal->xid_from = DatumGetInt64(scan->values[SEAL_XID_FROM]);
	seal->xid_to = DatumGetInt64(scan->values[SEAL_XID_TO]);
	seal->event_count = DatumGetInt64(scan->values[SEAL_COUNT]);
	seal->sealed_at = DatumGetTimestampTz(scan->values[SEAL_SEALED_AT]);
	return kefu_scan_bytes(scan, SEAL_ROOT, seal->root, KEFU_HASH_LENGTH) &&
		kefu_scan_bytes(scan, SEAL_HASH, hash, KEFU_HASH_LENGTH);
}

/*
 * The chain of the seals themselves, always from the first: it is short.
 */
void
kefu_check_seal_chain(KefuVerifier *verifier)
{
	KefuScan	scan;
	uint8		head[KEFU_HASH_LENGTH] = {0};
	int64		last = 0;

	kefu_scan_open(&scan, "SELECT " SEAL_COLUMNS " FROM kefu.seal ORDER BY seal_id",
				   0, NULL, NULL, true);
	while (kefu_scan_next(&scan))
	{
		KefuSeal	seal;
		uint8		stored[KEFU_HASH_LENGTH] = {0};
		uint8		hash[KEFU_HASH_LENGTH];
		bool		is_whole = read_seal(&scan, &seal, stored);

		kefu_canon_seal(&seal, head, hash);
		if (seal.seal_id != last + 1)
			kefu_report(verifier, "seal", NULL, 0, 0,
				   psprintf("seal " INT64_FORMAT " follows seal " INT64_FORMAT,
							seal.seal_id, last));
		else if (!is_whole || memcmp(hash, stored, KEFU_HASH_LENGTH) != 0)
			kefu_report(verifier, "seal", NULL, 0, 0,
				   psprintf("seal " INT64_FORMAT " doesn't match its hash", seal.seal_id));
		last = seal.seal_id;
		memcpy(head, stored, KEFU_HASH_LENGTH);
	}
	kefu_scan_close(&scan);
}

/* Columns of the events in the order of their transactions */
enum
{
	LEAF_INCARNATION,
	LEAF_XID,
	LEAF_HASH
};

/* Negative: the event is before the seal's range; 0: in it; positive: after. */
static int
place_of_leaf(const KefuScan *leaves, const KefuSeal *seal)
{
	int32		incarnation = DatumGetInt32(leaves->values[LEAF_INCARNATION]);
	int64		xid = DatumGetInt64(leaves->values[LEAF_XID]);

	if (incarnation != seal->incarnation)
		return incarnation < seal->incarnation ? -1 : 1;
	if (xid < seal->xid_from)
		return -1;
	return xid < seal->xid_to ? 0 : 1;
}

/*
 * Rebuilds one seal's tree; the scan is left at the first event after it.
 * Events before its range are past the end of the incarnation's last seal, or
 * in a gap that check_ranges() has named.
 */
static bool
check_seal(KefuVerifier *verifier, KefuScan *leaves, bool has_leaf, const KefuSeal *seal)
{
	Merkle		tree;
	uint8		root[KEFU_HASH_LENGTH];

	while (has_leaf && place_of_leaf(leaves, seal) < 0)
		has_leaf = kefu_scan_next(leaves);
	merkle_begin(&tree, kefu_sha256, MERKLE_NO_LEAF);
	while (has_leaf && place_of_leaf(leaves, seal) == 0)
	{
		KefuOrigin	origin = {seal->incarnation, DatumGetInt64(leaves->values[LEAF_XID])};
		uint8		hash[KEFU_HASH_LENGTH] = {0};
		uint8		leaf[KEFU_HASH_LENGTH];

		CHECK_FOR_INTERRUPTS();
		(void) kefu_scan_bytes(leaves, LEAF_HASH, hash, KEFU_HASH_LENGTH);
		kefu_canon_leaf(hash, &origin, leaf);
		merkle_add(&tree, leaf);
		has_leaf = kefu_scan_next(leaves);
	}
	merkle_end(&tree, root);
	if ((int64) tree.count != seal->event_count)
		kefu_report(verifier, "sealed events", NULL, 0, 0,
			   psprintf("seal " INT64_FORMAT " was made over " INT64_FORMAT
						" events, there are " INT64_FORMAT,
						seal->seal_id, seal->event_count, (int64) tree.count));
	else if (memcmp(root, seal->root, KEFU_HASH_LENGTH) != 0)
		kefu_report(verifier, "sealed events", NULL, 0, 0,
			   psprintf("seal " INT64_FORMAT " was made over other events", seal->seal_id));
	return has_leaf;
}

/*
 * Seals beside the events they cover, both in the order of transactions.
 * Within an incarnation each range must begin where the one before ends, so
 * that no transaction is between two seals.
 */
void
kefu_check_seals(KefuVerifier *verifier)
{
	Oid			types[] = {TIMESTAMPTZOID};
	Datum		values[] = {TimestampTzGetDatum(verifier->from)};
	KefuScan	seals;
	KefuScan	leaves;
	KefuSeal	seal;
	KefuSeal	before = {0};
	uint8		hash[KEFU_HASH_LENGTH];
	bool		has_leaf;

	kefu_scan_open(&leaves,
				   "SELECT e.incarnation, e.xid, e.hash FROM kefu.audit_event e "
				   "JOIN (SELECT s.incarnation, min(s.xid_from) AS xid_from, "
				   "max(s.xid_to) AS xid_to FROM kefu.seal s WHERE s.sealed_at >= $1 "
				   "GROUP BY s.incarnation) r ON e.incarnation = r.incarnation "
				   "AND e.xid >= r.xid_from AND e.xid < r.xid_to "
				   "ORDER BY e.incarnation, e.xid, e.event_id", 1, types, values, true);
	has_leaf = kefu_scan_next(&leaves);
	kefu_scan_open(&seals,
				   "SELECT " SEAL_COLUMNS " FROM kefu.seal WHERE sealed_at >= $1 "
				   "ORDER BY incarnation, xid_from, seal_id", 1, types, values, true);
	while (kefu_scan_next(&seals))
	{
		(void) read_seal(&seals, &seal, hash);
		if (seal.incarnation == before.incarnation ? seal.xid_from != before.xid_to
			: TIMESTAMP_IS_NOBEGIN(verifier->from) && seal.xid_from != 0)
			kefu_report(verifier, "seal", NULL, 0, 0,
				   psprintf("seal " INT64_FORMAT " doesn't begin where seal " INT64_FORMAT
							" ends", seal.seal_id,
							seal.incarnation == before.incarnation ? before.seal_id : 0));
		has_leaf = check_seal(verifier, &leaves, has_leaf, &seal);
		before = seal;
	}
	kefu_scan_close(&seals);
	kefu_scan_close(&leaves);
}

/* --- proofs --------------------------------------------------------------- */

/*
 * Finds the seal over an event, and the event's place and hash under it.  The
 * seal's count and root are those that were sealed, not what is there now.
 */
static bool
find_sealed(int64 event_id, KefuSeal *seal, uint64 *place, KefuOrigin *origin,
			uint8 *hash)
{
	static KefuPlan find = {
		"SELECT s.seal_id, s.incarnation, s.xid_from, s.xid_to, s.event_count, s.root, "
		"e.xid, e.hash, "
		"(SELECT count(*) FROM kefu.audit_event b WHERE b.incarnation = s.incarnation "
		"AND b.xid >= s.xid_from AND b.xid <= e.xid "
		"AND (b.xid, b.event_id) < (e.xid, e.event_id)) "
		"FROM kefu.audit_event e JOIN kefu.seal s ON s.incarnation = e.incarnation "
		"AND e.xid >= s.xid_from AND e.xid < s.xid_to "
		"WHERE e.event_id = $1", 1, {INT8OID}
	};
	Datum		values[1] = {Int64GetDatum(event_id)};
	bool		isnull;

	if (kefu_spi_run(&find, values, NULL, false, 1) == 0)
		return false;
	seal->seal_id = DatumGetInt64(kefu_spi_value(0, 1, &isnull));
	seal->incarnation = DatumGetInt32(kefu_spi_value(0, 2, &isnull));
	seal->xid_from = DatumGetInt64(kefu_spi_value(0, 3, &isnull));
	seal->xid_to = DatumGetInt64(kefu_spi_value(0, 4, &isnull));
	seal->event_count = DatumGetInt64(kefu_spi_value(0, 5, &isnull));
	copy_hash(kefu_spi_value(0, 6, &isnull), seal->root);
	origin->incarnation = seal->incarnation;
	origin->xid = DatumGetInt64(kefu_spi_value(0, 7, &isnull));
	copy_hash(kefu_spi_value(0, 8, &isnull), hash);
	*place = (uint64) DatumGetInt64(kefu_spi_value(0, 9, &isnull));
	return true;
}

static Datum
path_array(const Merkle *tree)
{
	Datum		steps[MERKLE_DEPTH];

	for (int i = 0; i < tree->path_length; i++)
		steps[i] = kefu_bytes_datum(tree->path[i], KEFU_HASH_LENGTH);
	return PointerGetDatum(construct_array(steps, tree->path_length, BYTEAOID, -1, false,
										   TYPALIGN_INT));
}

/*
 * kefu.event_path(event_id bigint): one row, or none while it isn't sealed.
 */
KEFU_FUNCTION(kefu_event_path)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	KefuSeal	seal;
	KefuOrigin	origin;
	Merkle	   *tree = palloc(sizeof(Merkle));
	uint64		place;
	uint8		hash[KEFU_HASH_LENGTH];

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	kefu_spi_begin();
	if (find_sealed(PG_GETARG_INT64(0), &seal, &place, &origin, hash))
	{
		KefuSeal	found = seal;
		uint8		leaf[KEFU_HASH_LENGTH];
		Datum		values[6];
		bool		nulls[6] = {false};

		build_tree(&found, tree, place);
		kefu_canon_leaf(hash, &origin, leaf);
		values[0] = Int64GetDatum(seal.seal_id);
		values[1] = Int64GetDatum((int64) place);
		values[2] = Int64GetDatum(seal.event_count);
		values[3] = kefu_bytes_datum(leaf, KEFU_HASH_LENGTH);
		values[4] = path_array(tree);
		values[5] = kefu_bytes_datum(seal.root, KEFU_HASH_LENGTH);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	kefu_spi_end();
	return (Datum) 0;
}

static const uint8 *
hash_argument(bytea *value, const char *name)
{
	if (VARSIZE_ANY_EXHDR(value) != KEFU_HASH_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have %d bytes", name, KEFU_HASH_LENGTH)));
	return (const uint8 *) VARDATA_ANY(value);
}

/*
 * kefu.verify_proof(leaf, leaf_index, event_count, path, root)
 */
KEFU_FUNCTION(kefu_verify_proof)
{
	const uint8 *leaf = hash_argument(PG_GETARG_BYTEA_PP(0), "leaf");
	int64		place = PG_GETARG_INT64(1);
	int64		count = PG_GETARG_INT64(2);
	const uint8 *root = hash_argument(PG_GETARG_BYTEA_PP(4), "root");
	uint8		path[MERKLE_DEPTH][MERKLE_HASH_LENGTH];
	Datum	   *steps;
	bool	   *isnull;
	int			length;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), BYTEAOID, -1, false, TYPALIGN_INT,
					  &steps, &isnull, &length);
	if (place < 0 || count < 1 || length > MERKLE_DEPTH)
		PG_RETURN_BOOL(false);
	for (int i = 0; i < length; i++)
	{
		if (isnull[i])
			PG_RETURN_BOOL(false);
		memcpy(path[i], hash_argument(DatumGetByteaPP(steps[i]), "every step"),
			   MERKLE_HASH_LENGTH);
	}
	PG_RETURN_BOOL(merkle_verify(kefu_sha256, leaf, (uint64) place, (uint64) count,
								 (const uint8_t (*)[MERKLE_HASH_LENGTH]) path, length, root));
}
