/*
 * ingest_repost.c
 *		What is reposted, and the one ticket about it.
 *
 * A post that spreads comes in again with each repost.  Who only passes it on asks
 * nothing: that repost is context of the ticket about the original, tells nobody
 * and promises nothing.  A ticket that nobody has opened yet is opened by the first
 * of them.  Who asks something in words of his own, by the rules (kind_rule.asks),
 * has his own ticket.
 *
 * What a repost costs doesn't grow with their number: a payload has three
 * statements for all of them, each by key, and of an original only one row and of
 * its ticket none is changed.  The row's lock is what makes two payloads that bring
 * the first reposts at once open one ticket.
 */
#include "kefu.h"

#include "catalog/pg_type.h"

#include "ingest.h"
#include "spi.h"

/* --- which originals ------------------------------------------------------ */

static int
by_original(const void *a, const void *b)
{
	const IngestItem *x = *(IngestItem *const *) a;
	const IngestItem *y = *(IngestItem *const *) b;
	int			order = strcmp(x->original, y->original);

	if (order != 0)
		return order;
	return x->message_id < y->message_id ? -1 : x->message_id > y->message_id;
}

/* Gathers the originals of these reposts, which are sorted by them. */
static void
gather_originals(Ingest *in, IngestItem **reposts, int count)
{
	in->originals = palloc0(sizeof(IngestOriginal) * count);
	for (int i = 0; i < count; i++)
	{
		IngestOriginal *last = &in->originals[in->noriginals - 1];

		if (i == 0 || strcmp(last->key, reposts[i]->original) != 0)
		{
			last = &in->originals[in->noriginals++];
			last->key = reposts[i]->original;
			last->told_reposts = -1;
		}
		last->reposts++;
		last->told_reposts = Max(last->told_reposts, reposts[i]->told_reposts);
		if (last->quoted == NULL)
			last->quoted = reposts[i]->quoted;
	}
}

static IngestOriginal *
find_original(Ingest *in, const char *key)
{
	int			low = 0;
	int			high = in->noriginals;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (strcmp(in->originals[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return &in->originals[low];
}

/* --- what is known of them -------------------------------------------------- */

/* The original as a message; a subquery, so that it is looked up by key. */
#define ITSELF \
	"(SELECT x.message_id FROM kefu.seen_item x WHERE x.platform = $1 " \
	"    AND x.item_type = 'status' AND x.native_id = i.item_key)"

/*
 * Counts the reposts, and locks the rows until the transaction ends, in order of
 * the key.  An original that is a message itself needs no copy of its words.
 */
static void
count_reposts(Ingest *in)
{
	static KefuPlan plan = {
		"INSERT INTO kefu.original AS o (platform, item_key, message_id, text, reposts_count, "
		"                                told_count, first_at, last_at) "
		"SELECT $1, i.item_key, s.message_id, CASE WHEN s.message_id IS NULL THEN i.text END, "
		"       i.reposts, nullif(i.told, -1), $6, $6 "
		"  FROM unnest($2, $3, $4, $5) AS i(item_key, text, reposts, told) "
		" CROSS JOIN LATERAL (SELECT " ITSELF ") AS s(message_id) "
		" ORDER BY i.item_key COLLATE \"C\" "
		"    ON CONFLICT (platform, item_key) DO UPDATE "
		"   SET reposts_count = o.reposts_count + excluded.reposts_count, "
		"       told_count = greatest(o.told_count, excluded.told_count), "
		"       message_id = coalesce(o.message_id, excluded.message_id), "
		"       text = CASE WHEN excluded.message_id IS NULL THEN o.text END, "
		"       last_at = excluded.last_at "
		"RETURNING o.item_key, o.message_id",
		6, {TEXTOID, TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZOID}, NULL
	};
	char	  **keys = palloc(sizeof(char *) * in->noriginals);
	char	  **texts = palloc(sizeof(char *) * in->noriginals);
	int64	   *reposts = palloc(sizeof(int64) * in->noriginals);
	int64	   *told = palloc(sizeof(int64) * in->noriginals);
	Datum		values[6];
	uint64		found;
	bool		isnull;

	for (int i = 0; i < in->noriginals; i++)
	{
		keys[i] = in->originals[i].key;
		texts[i] = in->originals[i].quoted;
		reposts[i] = in->originals[i].reposts;
		told[i] = in->originals[i].told_reposts;
	}
	values[0] = CStringGetTextDatum(in->source.platform);
	values[1] = kefu_text_array(keys, in->noriginals);
	values[2] = kefu_text_array(texts, in->noriginals);
	values[3] = kefu_id_array(reposts, in->noriginals);
	values[4] = kefu_id_array(told, in->noriginals);
	values[5] = TimestampTzGetDatum(in->source.now);
	found = kefu_spi_run(&plan, values, NULL, false, 0);
	for (uint64 row = 0; row < found; row++)
	{
		IngestOriginal *original = find_original(in, kefu_spi_text(row, 1));
		Datum		carrier = kefu_spi_value(row, 2, &isnull);

		original->carrier = isnull ? 0 : DatumGetInt64(carrier);
	}
}

/* The keys of the originals and the messages whose tickets are about them. */
static void
carrier_arrays(Ingest *in, Datum *keys, Datum *carriers)
{
	char	  **names = palloc(sizeof(char *) * in->noriginals);
	int64	   *ids = palloc(sizeof(int64) * in->noriginals);

	for (int i = 0; i < in->noriginals; i++)
	{
		names[i] = in->originals[i].key;
		ids[i] = in->originals[i].carrier;
	}
	*keys = kefu_text_array(names, in->noriginals);
	*carriers = kefu_id_array(ids, in->noriginals);
}

/*
 * The open ticket about each original: that of the original itself, or of the
 * repost that opened one.
 */
static void
find_open_tickets(Ingest *in)
{
	static KefuPlan plan = {
		"SELECT i.item_key, h.message_id, h.ticket_id "
		"  FROM unnest($2, $3) AS i(item_key, carrier) "
		" CROSS JOIN LATERAL (SELECT " ITSELF ") AS s(message_id) "
		" CROSS JOIN LATERAL (SELECT m.message_id, t.ticket_id FROM kefu.message m "
		"    JOIN kefu.ticket t ON t.ticket_id = m.ticket_id "
		"    JOIN kefu.state e ON e.machine = t.kind AND e.state = t.state AND NOT e.is_final "
		"   WHERE m.message_id IN (i.carrier, s.message_id) ORDER BY t.ticket_id LIMIT 1) h",
		3, {TEXTOID, TEXTARRAYOID, INT8ARRAYOID}, NULL
	};
	Datum		values[3];
	uint64		found;
	bool		isnull;

	values[0] = CStringGetTextDatum(in->source.platform);
	carrier_arrays(in, &values[1], &values[2]);
	found = kefu_spi_run(&plan, values, NULL, false, 0);
	for (uint64 row = 0; row < found; row++)
	{
		IngestOriginal *original = find_original(in, kefu_spi_text(row, 1));

		original->carrier = DatumGetInt64(kefu_spi_value(row, 2, &isnull));
		original->ticket_id = DatumGetInt64(kefu_spi_value(row, 3, &isnull));
	}
}

/*
 * Originals that came with their reposts: their tickets are yet to be opened.  One
 * that only repeats another itself doesn't count, or two could wait for each other.
 */
static void
find_openers(Ingest *in, IngestItem **items, int count)
{
	for (int i = 0; i < in->noriginals; i++)
	{
		IngestOriginal *original = &in->originals[i];
		int			low = 0;
		int			high = original->carrier != 0 && original->ticket_id == 0 ? count : 0;

		while (low < high)
		{
			int			middle = (low + high) / 2;

			if (items[middle]->message_id < original->carrier)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < count && items[low]->message_id == original->carrier &&
			original->ticket_id == 0 && (items[low]->original == NULL || items[low]->asks))
			original->opener = items[low];
	}
}

/* --- the steps ------------------------------------------------------------------ */

void
kefu_join_reposts(Ingest *in, IngestItem **items, int count)
{
	IngestItem **reposts = palloc(sizeof(IngestItem *) * Max(count, 1));
	int			n = 0;

	for (int i = 0; i < count; i++)
		if (items[i]->original != NULL)
			reposts[n++] = items[i];
	if (n == 0)
		return;
	qsort(reposts, n, sizeof(IngestItem *), by_original);
	gather_originals(in, reposts, n);
	count_reposts(in);
	find_open_tickets(in);
	find_openers(in, items, count);
	for (int i = 0; i < n; i++)
	{
		IngestItem *item = reposts[i];
		IngestOriginal *original = find_original(in, item->original);

		if (item->belongs_to != 0 || item->asks || item == original->opener)
			continue;
		if (original->ticket_id != 0)
			item->context_of = original->ticket_id;
		else if (original->opener != NULL)
			item->repeats = original->opener;
		else if (in->source.to_us)
		{
			original->opener = item;
			item->stands_for_original = true;
		}
	}
}

void
kefu_write_originals(Ingest *in)
{
	static KefuPlan plan = {
		"WITH carried AS ( "
		"  UPDATE kefu.original o SET message_id = i.message_id "
		"    FROM unnest($2, $3) AS i(item_key, message_id) "
		"   WHERE o.platform = $1 AND o.item_key = i.item_key AND i.message_id <> 0 "
		"  RETURNING o.message_id, greatest(o.reposts_count, o.told_count) AS reposts) "
		"INSERT INTO kefu.spread AS s (message_id, at, reposts) "
		"SELECT c.message_id, $4, greatest(max(c.reposts), "
		"       (SELECT p.reposts FROM kefu.spread p WHERE p.message_id = c.message_id "
		"         ORDER BY p.at DESC LIMIT 1)) "
		"  FROM carried c GROUP BY c.message_id "
		"    ON CONFLICT (message_id, at) DO UPDATE SET reposts = excluded.reposts",
		4, {TEXTOID, TEXTARRAYOID, INT8ARRAYOID, TIMESTAMPTZOID}, NULL
	};
	Datum		values[4];

	if (in->noriginals == 0)
		return;
	for (int i = 0; i < in->noriginals; i++)
		if (in->originals[i].opener != NULL)
			in->originals[i].carrier = in->originals[i].opener->message_id;
	values[0] = CStringGetTextDatum(in->source.platform);
	carrier_arrays(in, &values[1], &values[2]);
	values[3] = TimestampTzGetDatum(in->source.now);
	kefu_spi_run(&plan, values, NULL, false, 0);
}
