/*
 * canon.c
 *		The binary form of events and seals, and the hashes over it.
 *
 * doc/audit.md defines form 1; this file is its only implementation in the
 * library, used for writing and for verifying alike.  The form depends on no
 * setting, locale or server version.  It is injective: two events that differ
 * in any covered column have different forms.
 *
 * What it doesn't do: read or write a table, or know the chains.
 */
#include "kefu.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/resowner.h"

#include "canon.h"

/* Microseconds from 1970-01-01 to the server's own epoch, 2000-01-01 */
#define EPOCH_SHIFT \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

#define NULL_LENGTH 0xFFFFFFFFu
#define NO_OBJECT 0xFFFFFFFEu

/* How a pair's value was written in JSON; part of the form */
typedef enum ValueType
{
	VALUE_NULL = 0,
	VALUE_STRING = 1,
	VALUE_NUMBER = 2,
	VALUE_BOOLEAN = 3,
	VALUE_NESTED = 4			/* array or object; in details only */
} ValueType;

typedef struct Pair
{
	const char *key;
	uint32		key_length;
	ValueType	type;
	const char *text;
	uint32		text_length;
} Pair;

/*
 * The server ties a hash context to a resource owner, which would end it with
 * the transaction; an owner of its own keeps it for the life of the backend.
 */
static pg_cryptohash_ctx *
hash_context(void)
{
	static pg_cryptohash_ctx *context = NULL;

	if (context == NULL)
	{
		ResourceOwner owner = CurrentResourceOwner;
		MemoryContext memory = MemoryContextSwitchTo(TopMemoryContext);

		CurrentResourceOwner = ResourceOwnerCreate(NULL, "kefu audit");
		PG_TRY();
		{
			context = pg_cryptohash_create(PG_SHA256);
		}
		PG_FINALLY();
		{
			CurrentResourceOwner = owner;
			MemoryContextSwitchTo(memory);
		}
		PG_END_TRY();
	}
	return context;
}

/*
 * SHA-256 over one or two pieces; second may be NULL.
 */
static void
hash_pieces(const uint8 *first, size_t first_length,
			const uint8 *second, size_t second_length, uint8 *hash)
{
	pg_cryptohash_ctx *context = hash_context();

	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, first, first_length) < 0 ||
		(second != NULL && pg_cryptohash_update(context, second, second_length) < 0) ||
		pg_cryptohash_final(context, hash, KEFU_HASH_LENGTH) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute a SHA-256 hash")));
}

void
kefu_sha256(const uint8 *data, size_t length, uint8 *hash)
{
	hash_pieces(data, length, NULL, 0, hash);
}

static void
put_bytes(StringInfo buffer, const void *data, uint32 length)
{
	pq_sendint32(buffer, length);
	appendBinaryStringInfo(buffer, (const char *) data, length);
}

static void
put_text(StringInfo buffer, const char *text)
{
	if (text == NULL)
		pq_sendint32(buffer, NULL_LENGTH);
	else
		put_bytes(buffer, text, strlen(text));
}

static void
put_instant(StringInfo buffer, TimestampTz at)
{
	pq_sendint64(buffer, (uint64) at + EPOCH_SHIFT);
}

/*
 * The text that ->> gives for a value.
 */
static void
fill_value(Pair *pair, const JsonbValue *value)
{
	Datum		number;

	switch (value->type)
	{
		case jbvNull:
			pair->type = VALUE_NULL;
			pair->text = NULL;
			return;
		case jbvString:
			pair->type = VALUE_STRING;
			pair->text = value->val.string.val;
			pair->text_length = value->val.string.len;
			return;
		case jbvNumeric:
			pair->type = VALUE_NUMBER;
			number = NumericGetDatum(value->val.numeric);
			pair->text = DatumGetCString(DirectFunctionCall1(numeric_out, number));
			break;
		case jbvBool:
			pair->type = VALUE_BOOLEAN;
			pair->text = value->val.boolean ? "true" : "false";
			break;
		case jbvBinary:
			pair->type = VALUE_NESTED;
			pair->text = JsonbToCString(NULL, value->val.binary.data,
										value->val.binary.len);
			break;
		default:
			elog(ERROR, "unexpected jsonb value of type %d", (int) value->type);
	}
	pair->text_length = strlen(pair->text);
}

/* jsonb sorts shorter keys first; the form sorts by bytes. */
static int
compare_pairs(const void *left, const void *right)
{
	const Pair *a = left;
	const Pair *b = right;
	int			order = memcmp(a->key, b->key, Min(a->key_length, b->key_length));

	if (order == 0)
		order = a->key_length < b->key_length ? -1 : a->key_length > b->key_length;
	return order;
}

static Pair *
sorted_pairs(Jsonb *object, int count)
{
	Pair	   *pairs = palloc(sizeof(Pair) * Max(count, 1));
	JsonbIterator *iterator = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			n = 0;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			pairs[n].key = value.val.string.val;
			pairs[n].key_length = value.val.string.len;
		}
		else if (token == WJB_VALUE)
			fill_value(&pairs[n++], &value);
	}
	Assert(n == count);
	qsort(pairs, n, sizeof(Pair), compare_pairs);
	return pairs;
}

/*
 * Pairs of a JSON object: their number, then key, type and text of each in
 * the order of the keys' bytes.  Nothing but an object is ever written, so
 * whatever else a tampered row holds needs only to differ.
 */
static void
put_pairs(StringInfo buffer, Jsonb *object)
{
	Pair	   *pairs;
	int			count;

	if (object == NULL || !JB_ROOT_IS_OBJECT(object))
	{
		pq_sendint32(buffer, object == NULL ? NULL_LENGTH : NO_OBJECT);
		return;
	}
	count = JB_ROOT_COUNT(object);
	pairs = sorted_pairs(object, count);
	pq_sendint32(buffer, count);
	for (int i = 0; i < count; i++)
	{
		put_bytes(buffer, pairs[i].key, pairs[i].key_length);
		pq_sendint8(buffer, pairs[i].type);
		if (pairs[i].text == NULL)
			pq_sendint32(buffer, NULL_LENGTH);
		else
			put_bytes(buffer, pairs[i].text, pairs[i].text_length);
	}
}

/*
 * Chains an event: event->hash is SHA-256 over event->head and the form.
 *
 * digest is that of the event's detail, or NULL.  buffer is scratch space that
 * the caller keeps from one event to the next.  Never fails for what a row may
 * hold, since verification must get past a tampered one; that facts are
 * scalars and instants finite is checked where events are written.
 */
void
kefu_canon_event(KefuEvent *event, const KefuOrigin *origin,
				 const uint8 *digest, StringInfo buffer)
{
	resetStringInfo(buffer);
	pq_sendint8(buffer, KEFU_FORM);
	pq_sendint64(buffer, event->event_id);
	put_text(buffer, event->object_type);
	pq_sendint64(buffer, event->object_id);
	pq_sendint32(buffer, event->seq);
	put_instant(buffer, event->at);
	put_text(buffer, event->machine);
	put_text(buffer, event->event);
	put_text(buffer, event->from_state);
	put_text(buffer, event->to_state);
	pq_sendint32(buffer, event->version);
	pq_sendint32(buffer, event->staff_id);
	pq_sendint32(buffer, event->gateway_id);
	put_text(buffer, event->unit);
	pq_sendint16(buffer, event->flags);
	pq_sendint32(buffer, origin->incarnation);
	pq_sendint64(buffer, origin->xid);
	put_pairs(buffer, event->facts);
	if (digest == NULL)
		pq_sendint32(buffer, NULL_LENGTH);
	else
		put_bytes(buffer, digest, KEFU_HASH_LENGTH);

	hash_pieces(event->head, KEFU_HASH_LENGTH,
				(uint8 *) buffer->data, buffer->len, event->hash);
}

/*
 * Digest of a detail: SHA-256 over its salt and the form of its pairs, whose
 * values may nest.
 */
void
kefu_canon_detail(const uint8 *salt, Jsonb *value, uint8 *digest, StringInfo buffer)
{
	resetStringInfo(buffer);
	put_pairs(buffer, value);
	hash_pieces(salt, KEFU_SALT_LENGTH, (uint8 *) buffer->data, buffer->len, digest);
}

/*
 * Leaf of a seal's tree, the 0x00 in front as RFC 6962, section 2.1, has it.
 */
void
kefu_canon_leaf(const uint8 *event_hash, const KefuOrigin *origin, uint8 *leaf)
{
	uint8		data[1 + KEFU_HASH_LENGTH + 4 + 8];
	uint32		incarnation = pg_hton32((uint32) origin->incarnation);
	uint64		xid = pg_hton64((uint64) origin->xid);

	data[0] = 0x00;
	memcpy(data + 1, event_hash, KEFU_HASH_LENGTH);
	memcpy(data + 1 + KEFU_HASH_LENGTH, &incarnation, 4);
	memcpy(data + 1 + KEFU_HASH_LENGTH + 4, &xid, 8);
	kefu_sha256(data, sizeof(data), leaf);
}

/*
 * Chains a seal; previous is the hash of the seal before it, zeroes for the
 * first.
 */
void
kefu_canon_seal(const KefuSeal *seal, const uint8 *previous, uint8 *hash)
{
	StringInfoData buffer;

	initStringInfo(&buffer);
	pq_sendint8(&buffer, KEFU_FORM);
	pq_sendint64(&buffer, seal->seal_id);
	pq_sendint32(&buffer, seal->incarnation);
	pq_sendint64(&buffer, seal->xid_from);
	pq_sendint64(&buffer, seal->xid_to);
	pq_sendint64(&buffer, seal->event_count);
	appendBinaryStringInfo(&buffer, (const char *) seal->root, KEFU_HASH_LENGTH);
	put_instant(&buffer, seal->sealed_at);
	hash_pieces(previous, KEFU_HASH_LENGTH, (uint8 *) buffer.data, buffer.len, hash);
	pfree(buffer.data);
}
