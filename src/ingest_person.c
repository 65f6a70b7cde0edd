/*
 * ingest_person.c
 *		The people who wrote what a payload brings.
 *
 * Each author of a new message has an identity on the platform and a person
 * behind it; one that nobody has seen gets both.  The profile's province gives
 * the home unit until a customer says otherwise (ruling 27).
 */
#include "kefu.h"

#include "catalog/pg_type.h"

#include "ingest.h"
#include "spi.h"

/*
 * Gathers the authors of new messages, each once and in order of their native
 * id, which is also the order in which they are locked.
 */
static int
by_native_id(const void *a, const void *b)
{
	return strcmp(((const IngestAuthor *) a)->native_id,
				  ((const IngestAuthor *) b)->native_id);
}

static void
gather_authors(Ingest *in)
{
	int			n = 0;

	in->authors = palloc(sizeof(IngestAuthor) * Max(in->nfresh, 1));
	for (int i = 0; i < in->nfresh; i++)
		if (in->fresh[i]->author != NULL)
			in->authors[n++] = *in->fresh[i]->author;
	qsort(in->authors, n, sizeof(IngestAuthor), by_native_id);
	in->nauthors = 0;
	for (int i = 0; i < n; i++)
		if (i == 0 || by_native_id(&in->authors[i], &in->authors[in->nauthors - 1]) != 0)
			in->authors[in->nauthors++] = in->authors[i];
}

static IngestAuthor *
find_author(Ingest *in, const char *native_id)
{
	int			low = 0;
	int			high = in->nauthors;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = strcmp(in->authors[middle].native_id, native_id);

		if (order == 0)
			return &in->authors[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The province units by the region code that profiles name. */
static void
find_homes(Ingest *in)
{
	static KefuPlan plan = {
		"SELECT i.native_id, u.unit FROM unnest($1, $2) AS i(native_id, region) "
		"  JOIN kefu.unit u ON u.region = i.region AND u.kind = 'province' AND u.is_live",
		2, {TEXTARRAYOID, TEXTARRAYOID}, NULL
	};
	char	  **natives = palloc(sizeof(char *) * in->nauthors);
	char	  **regions = palloc(sizeof(char *) * in->nauthors);
	Datum		values[2];
	uint64		found;
	int			n = 0;

	for (int i = 0; i < in->nauthors; i++)
		if (in->authors[i].region != NULL)
		{
			natives[n] = in->authors[i].native_id;
			regions[n++] = in->authors[i].region;
		}
	if (n == 0)
		return;
	values[0] = kefu_text_array(natives, n);
	values[1] = kefu_text_array(regions, n);
	found = kefu_spi_run(&plan, values, NULL, false, 0);
	for (uint64 row = 0; row < found; row++)
		find_author(in, kefu_spi_text(row, 1))->home_unit = kefu_spi_text(row, 2);
}

/*
 * The arrays that describe authors, in order of their native id, as the first
 * arguments of a plan: native id, name, followers, verified, home unit, handle.
 */
static void
author_arrays(IngestAuthor **authors, int count, Datum *values)
{
	char	  **natives = palloc(sizeof(char *) * count);
	char	  **names = palloc(sizeof(char *) * count);
	char	  **homes = palloc(sizeof(char *) * count);
	char	  **handles = palloc(sizeof(char *) * count);
	int64	   *followers = palloc(sizeof(int64) * count);
	int64	   *verified = palloc(sizeof(int64) * count);

	for (int i = 0; i < count; i++)
	{
		natives[i] = authors[i]->native_id;
		names[i] = authors[i]->screen_name;
		homes[i] = authors[i]->home_unit;
		handles[i] = authors[i]->handle;
		followers[i] = authors[i]->followers_count;
		verified[i] = authors[i]->is_verified;
	}
	values[0] = kefu_text_array(natives, count);
	values[1] = kefu_text_array(names, count);
	values[2] = kefu_id_array(followers, count);
	values[3] = kefu_id_array(verified, count);
	values[4] = kefu_text_array(homes, count);
	values[5] = kefu_text_array(handles, count);
}

#define AUTHOR_ARRAYS \
	TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID
#define AUTHOR_ROWS \
	"unnest($1, $2, $3, $4, $5, $6) AS i(native_id, screen_name, followers_count, " \
	"is_verified, home_unit, handle)"

/* Authors without an identity so far; returns how many. */
static int
unknown_authors(Ingest *in, IngestAuthor **unknown)
{
	int			n = 0;

	for (int i = 0; i < in->nauthors; i++)
		if (in->authors[i].identity_id == 0)
			unknown[n++] = &in->authors[i];
	return n;
}

/*
 * Looks for those among them whom we know, and holds their identities, in order:
 * an erasure that has one keeps us waiting, and whoever was erased meanwhile is
 * as unknown as somebody who never wrote.
 *
 * Each author by key: a plan made while the tables were small must not read all of
 * them when they have grown.
 */
static void
look_up_authors(Ingest *in)
{
	static KefuPlan plan = {
		"SELECT d.native_id, d.identity_id, d.person_id, coalesce(d.home_unit, i.home_unit), "
		"       coalesce(i.screen_name <> d.screen_name, i.screen_name IS NOT NULL) "
		"       OR coalesce(i.handle <> d.handle, i.handle IS NOT NULL) "
		"       OR (i.followers_count >= 0 "
		"           AND i.followers_count IS DISTINCT FROM d.followers_count) "
		"       OR (i.is_verified >= 0 "
		"           AND (i.is_verified = 1) IS DISTINCT FROM d.is_verified) "
		"  FROM (SELECT i.*, k.identity_id FROM " AUTHOR_ROWS
		"         CROSS JOIN LATERAL (SELECT x.identity_id FROM kefu.identity x "
		"             WHERE x.platform = $7 AND x.native_id = i.native_id OFFSET 0) k "
		"         ORDER BY k.identity_id) i "
		" CROSS JOIN LATERAL (SELECT x.native_id, x.identity_id, x.screen_name, x.handle, "
		"           x.followers_count, x.is_verified, "
		"           coalesce(p.merged_into, p.person_id) AS person_id, "
		"           coalesce(m.home_unit, p.home_unit) AS home_unit "
		"      FROM kefu.identity x JOIN kefu.person p ON p.person_id = x.person_id "
		"      LEFT JOIN kefu.person m ON m.person_id = p.merged_into "
		/* again, as another may have come to the row before us */
		"     WHERE x.identity_id = i.identity_id AND x.platform = $7 "
		"       AND x.native_id = i.native_id OFFSET 0 FOR KEY SHARE OF x) d",
		7, {AUTHOR_ARRAYS, TEXTOID}, NULL
	};
	IngestAuthor **unknown = palloc(sizeof(IngestAuthor *) * in->nauthors);
	int			n = unknown_authors(in, unknown);
	Datum		values[7];
	uint64		found;
	bool		isnull;

	author_arrays(unknown, n, values);
	values[6] = CStringGetTextDatum(in->source.platform);
	found = kefu_spi_run(&plan, values, NULL, false, 0);
	for (uint64 row = 0; row < found; row++)
	{
		IngestAuthor *author = find_author(in, kefu_spi_text(row, 1));

		author->identity_id = DatumGetInt64(kefu_spi_value(row, 2, &isnull));
		author->person_id = DatumGetInt64(kefu_spi_value(row, 3, &isnull));
		author->home_unit = kefu_spi_text(row, 4);
		author->has_changed = DatumGetBool(kefu_spi_value(row, 5, &isnull));
	}
}

/*
 * Inserts the identities nobody has seen, in key order, each with a person of
 * its own.  One that another transaction inserts meanwhile is looked up again.
 */
static void
insert_authors(Ingest *in)
{
	static KefuPlan plan = {
		"WITH fresh AS ( "
		"  INSERT INTO kefu.identity AS d (platform, native_id, person_id, screen_name, "
		"                             handle, is_verified, followers_count, updated_at) "
		"  SELECT $7, i.native_id, pg_catalog.nextval('kefu.person_person_id_seq'), "
		"         i.screen_name, i.handle, CASE WHEN i.is_verified >= 0 THEN i.is_verified = 1 END, "
		"         nullif(i.followers_count, -1), $8 "
		"    FROM " AUTHOR_ROWS
		"  ON CONFLICT DO NOTHING "
		"  RETURNING d.native_id, d.identity_id, d.person_id), "
		"people AS ( "
		"  INSERT INTO kefu.person (person_id, home_unit, created_at) OVERRIDING SYSTEM VALUE "
		"  SELECT f.person_id, i.home_unit, $8 FROM fresh f JOIN " AUTHOR_ROWS
		"      USING (native_id)) "
		"SELECT native_id, identity_id, person_id FROM fresh",
		8, {AUTHOR_ARRAYS, TEXTOID, TIMESTAMPTZOID}, NULL
	};
	IngestAuthor **unknown = palloc(sizeof(IngestAuthor *) * in->nauthors);
	int			n = unknown_authors(in, unknown);
	Datum		values[8];
	uint64		found;
	bool		isnull;

	if (n == 0)
		return;
	author_arrays(unknown, n, values);
	values[6] = CStringGetTextDatum(in->source.platform);
	values[7] = TimestampTzGetDatum(in->source.now);
	found = kefu_spi_run(&plan, values, NULL, false, 0);
	for (uint64 row = 0; row < found; row++)
	{
		IngestAuthor *author = find_author(in, kefu_spi_text(row, 1));

		author->identity_id = DatumGetInt64(kefu_spi_value(row, 2, &isnull));
		author->person_id = DatumGetInt64(kefu_spi_value(row, 3, &isnull));
		author->is_new = true;
	}
	if (found < n)
		look_up_authors(in);
}

/*
 * Brings names and followers up to date.  A row that somebody else has locked
 * is being brought up to date already and is left out.
 */
static void
refresh_authors(Ingest *in)
{
	static KefuPlan plan = {
		"WITH held AS (SELECT d.identity_id FROM " AUTHOR_ROWS
		"    JOIN kefu.identity d ON d.platform = $7 AND d.native_id = i.native_id "
		"     FOR NO KEY UPDATE OF d SKIP LOCKED) "
		"UPDATE kefu.identity d "
		"   SET screen_name = coalesce(i.screen_name, d.screen_name), "
		"       handle = coalesce(i.handle, d.handle), "
		"       is_verified = CASE WHEN i.is_verified >= 0 THEN i.is_verified = 1 "
		"                          ELSE d.is_verified END, "
		"       followers_count = coalesce(nullif(i.followers_count, -1), d.followers_count), "
		"       updated_at = $8 "
		"  FROM " AUTHOR_ROWS
		" WHERE d.platform = $7 AND d.native_id = i.native_id "
		"   AND d.identity_id IN (SELECT h.identity_id FROM held h)",
		8, {AUTHOR_ARRAYS, TEXTOID, TIMESTAMPTZOID}, NULL
	};
	IngestAuthor **changed = palloc(sizeof(IngestAuthor *) * in->nauthors);
	Datum		values[8];
	int			n = 0;

	for (int i = 0; i < in->nauthors; i++)
		if (in->authors[i].has_changed)
			changed[n++] = &in->authors[i];
	if (n == 0)
		return;
	author_arrays(changed, n, values);
	values[6] = CStringGetTextDatum(in->source.platform);
	values[7] = TimestampTzGetDatum(in->source.now);
	kefu_spi_run(&plan, values, NULL, false, 0);
}

/*
 * Notes who follows the account, where the platform says it beside what they wrote; only
 * what is news is written.  Whoever did and doesn't any more has left.
 */
static void
note_fans(Ingest *in)
{
	static KefuPlan plan = {
		"INSERT INTO kefu.fan AS f (account, identity_id, is_fan, changed_at) "
		"SELECT $1, i.identity_id, i.is_fan = 1, $4 FROM unnest($2, $3) AS i(identity_id, is_fan) "
		" WHERE NOT EXISTS (SELECT FROM kefu.fan x WHERE x.account = $1 "
		"           AND x.identity_id = i.identity_id "
		"           AND (x.is_fan = (i.is_fan = 1) OR x.changed_at >= $4)) "
		" ORDER BY i.identity_id "
		"ON CONFLICT ON CONSTRAINT fan_pkey DO UPDATE "
		"   SET is_fan = EXCLUDED.is_fan, changed_at = EXCLUDED.changed_at, "
		"       left_at = CASE WHEN f.is_fan AND NOT EXCLUDED.is_fan THEN EXCLUDED.changed_at "
		"                      ELSE f.left_at END "
		" WHERE f.changed_at < EXCLUDED.changed_at",
		4, {TEXTOID, INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZOID}, NULL
	};
	int64	   *identities = palloc(sizeof(int64) * in->nauthors);
	int64	   *fans = palloc(sizeof(int64) * in->nauthors);
	Datum		values[4];
	int			n = 0;

	for (int i = 0; i < in->nauthors; i++)
		if (in->authors[i].is_fan >= 0)
		{
			identities[n] = in->authors[i].identity_id;
			fans[n++] = in->authors[i].is_fan;
		}
	if (n == 0)
		return;
	values[0] = CStringGetTextDatum(in->source.account);
	values[1] = kefu_id_array(identities, n);
	values[2] = kefu_id_array(fans, n);
	values[3] = TimestampTzGetDatum(in->source.received_at);
	kefu_spi_run(&plan, values, NULL, false, 0);
}

void
kefu_settle_authors(Ingest *in)
{
	gather_authors(in);
	if (in->nauthors == 0)
		return;
	for (int i = 0; i < in->nfresh; i++)
		if (in->fresh[i]->author != NULL)
			in->fresh[i]->author = find_author(in, in->fresh[i]->author->native_id);
	find_homes(in);
	look_up_authors(in);
	insert_authors(in);
	refresh_authors(in);
	note_fans(in);
}
