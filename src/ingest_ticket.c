/*
 * ingest_ticket.c
 *		Which ticket a message belongs to, and which it opens.
 *
 * A customer's next message belongs to an open ticket of the same person if it
 * answers something we sent for it, hangs under one of its messages, or goes on
 * in its private thread; in this order.  What else is written to us opens a
 * provisional ticket of the kind that the rules suggest, else a complaint,
 * which has the strictest clocks (ruling 30).  Items of one payload
 * are looked at in the order in which they were posted, so that a customer's
 * three private messages in a row are one ticket.  A repost that asks nothing of
 * its own opens none: it joins the one about the original (ingest_repost.c).
 *
 * What another person writes under our answer is a matter of its own: it is not
 * attached here, a person may do so.
 */
#include "kefu.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "ingest.h"
#include "spi.h"

#define DEFAULT_KIND "complaint"

/*
 * A rule and, in the first rule that names a value, the points of that value:
 * equal values are known by their first rule.
 */
typedef struct KindRule
{
	char	   *rule;
	char	   *value[KEFU_TARGETS];	/* NULL: says nothing of that target */
	int			first[KEFU_TARGETS];	/* rule that names the same value first */
	int			weight;
	int			raises_to;		/* priority; 0: leaves it as it is */
	bool		asks;			/* a repost that says so asks something itself */
	Datum		pattern;
} KindRule;

static int64
id_of(IngestItem *item)
{
	return item->author ? item->author->person_id : 0;
}

static bool
is_known_person(IngestItem *item)
{
	return item->author != NULL && !item->author->is_new;
}

/* --- what the text suggests --------------------------------------------- */

static KindRule *
load_rules(int *count)
{
	static KefuPlan plan = {
		"SELECT rule, kind, category, product, weight, raises_to, pattern, asks "
		"  FROM kefu.kind_rule ORDER BY priority, rule",
		0, {0}, NULL
	};
	KindRule   *rules;
	bool		isnull;

	*count = kefu_spi_run(&plan, NULL, NULL, true, 0);
	rules = palloc(sizeof(KindRule) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		Datum		raises_to;

		rules[i].rule = kefu_spi_text(i, 1);
		for (int target = 0; target < KEFU_TARGETS; target++)
		{
			char	   *value = kefu_spi_text(i, 2 + target);
			int			first = 0;

			while (value && first < i && (rules[first].value[target] == NULL ||
										  strcmp(rules[first].value[target], value) != 0))
				first++;
			rules[i].value[target] = value;
			rules[i].first[target] = first;
		}
		rules[i].weight = DatumGetInt16(kefu_spi_value(i, 2 + KEFU_TARGETS, &isnull));
		raises_to = kefu_spi_value(i, 3 + KEFU_TARGETS, &isnull);
		rules[i].raises_to = isnull ? 0 : DatumGetInt16(raises_to);
		rules[i].pattern = CStringGetTextDatum(kefu_spi_text(i, 4 + KEFU_TARGETS));
		rules[i].asks = DatumGetBool(kefu_spi_value(i, 5 + KEFU_TARGETS, &isnull));
	}
	return rules;
}

static bool
matches(Datum text, const KindRule *rule)
{
	return DatumGetBool(DirectFunctionCall2Coll(textregexeq, DEFAULT_COLLATION_OID,
												text, rule->pattern));
}

/*
 * Each rule that matches gives its points to the values it names; the value
 * with most points is suggested, of equals the one whose first rule comes
 * first. kefu.score_text() counts in the same way.  Of a repost only its own
 * words count.
 */
static void
suggest(IngestItem *item, const KindRule *rules, int nrules)
{
	Datum		text = CStringGetTextDatum(item->own_words ? item->own_words : "");
	int		   *points = palloc0(sizeof(int) * KEFU_TARGETS * Max(nrules, 1));

	for (int i = 0; i < nrules; i++)
	{
		if (!matches(text, &rules[i]))
			continue;
		item->asks |= rules[i].asks;
		for (int target = 0; target < KEFU_TARGETS; target++)
			if (rules[i].value[target])
				points[rules[i].first[target] * KEFU_TARGETS + target] += rules[i].weight;
		if (rules[i].raises_to != 0 &&
			(item->raised_to == 0 || rules[i].raises_to < item->raised_to))
			item->raised_to = rules[i].raises_to;
	}
	for (int target = 0; target < KEFU_TARGETS; target++)
	{
		int			most = 0;

		for (int i = 0; i < nrules; i++)
		{
			if (points[i * KEFU_TARGETS + target] <= most)
				continue;
			most = points[i * KEFU_TARGETS + target];
			item->suggested[target] = rules[i].value[target];
			if (target == KEFU_KIND)
				item->rule = rules[i].rule;
		}
	}
	pfree(points);
	pfree(DatumGetPointer(text));
}

/* --- tickets that are there already ------------------------------------- */

/* A person with all that were merged into it: their tickets stay under them. */
#define ALL_OF_THEM \
	"CROSS JOIN LATERAL (SELECT i.person_id UNION ALL SELECT p.person_id FROM kefu.person p " \
	"    WHERE p.merged_into = i.person_id) AS h(person_id) "

/*
 * Locks the tickets found, in the engine's order, and keeps those that are
 * still open under the lock.
 */
static void
lock_tickets(IngestItem **items, int count)
{
	static KefuPlan plan = {
		"SELECT t.ticket_id, t.kind FROM kefu.ticket t "
		" WHERE t.ticket_id = ANY ($1) "
		"   AND EXISTS (SELECT FROM kefu.state s WHERE s.machine = t.kind "
		"                  AND s.state = t.state AND NOT s.is_final) "
		" ORDER BY t.kind, t.ticket_id FOR NO KEY UPDATE OF t",
		1, {INT8ARRAYOID}, NULL
	};
	int64	   *ids = palloc(sizeof(int64) * Max(count, 1));
	int			n = 0;
	uint64		found;
	Datum		array;
	bool		isnull;

	for (int i = 0; i < count; i++)
		if (items[i]->belongs_to != 0)
			ids[n++] = items[i]->belongs_to;
	if (n == 0)
		return;
	array = kefu_id_array(ids, n);
	found = kefu_spi_run(&plan, &array, NULL, false, 0);
	for (int i = 0; i < count; i++)
	{
		bool		stands = false;

		if (items[i]->belongs_to == 0)
			continue;
		for (uint64 row = 0; row < found && !stands; row++)
			if (DatumGetInt64(kefu_spi_value(row, 1, &isnull)) == items[i]->belongs_to)
			{
				items[i]->belongs_kind = kefu_spi_text(row, 2);
				stands = true;
			}
		if (!stands)
			items[i]->belongs_to = 0;
	}
}

/*
 * Finds the open ticket that each item of a person we know belongs to.
 */
static void
find_tickets(const IngestSource *source, IngestItem **items, int count)
{
	static KefuPlan plan = {
		"SELECT DISTINCT ON (i.n) i.n, t.ticket_id "
		"  FROM unnest($1, $2, $3, $4, $5) AS i(n, person_id, parent_id, root_id, is_private) "
		" " ALL_OF_THEM
		"  JOIN kefu.ticket t ON t.person_id = h.person_id AND t.archived_at IS NULL "
		"  JOIN kefu.state s ON s.machine = t.kind AND s.state = t.state AND NOT s.is_final "
		" CROSS JOIN LATERAL (SELECT CASE "
		"    WHEN EXISTS (SELECT FROM kefu.outbound o "
		"           JOIN kefu.speech p USING (speech_id) JOIN kefu.account a USING (account) "
		"          WHERE o.native_id = i.parent_id AND a.platform = $6 "
		"            AND p.object_type = 'ticket' AND p.object_id = t.ticket_id) THEN 1 "
		"    WHEN EXISTS (SELECT FROM kefu.message m WHERE m.ticket_id = t.ticket_id "
		"            AND m.platform = $6 AND m.native_id IN (i.parent_id, i.root_id)) THEN 2 "
		"    WHEN i.is_private AND ( "
		"         EXISTS (SELECT FROM kefu.message m "
		"                  WHERE m.ticket_id = t.ticket_id AND m.account = $7 "
		"                    AND m.item_type = 'message') "
		"         OR EXISTS (SELECT FROM kefu.speech p JOIN kefu.outbound o USING (speech_id) "
		"                     WHERE p.object_id = t.ticket_id AND p.object_type = 'ticket' "
		"                       AND o.account = $7 AND o.channel = 'private' "
		"                       AND o.state IN ('sent', 'uncertain'))) THEN 3 "
		"    END AS rank) r "
		" WHERE r.rank IS NOT NULL "
		" ORDER BY i.n, r.rank, t.posted_at DESC, t.ticket_id DESC",
		7, {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, BOOLARRAYOID,
		TEXTOID, TEXTOID}, NULL
	};
	int64	   *places = palloc(sizeof(int64) * Max(count, 1));
	int64	   *persons = palloc(sizeof(int64) * Max(count, 1));
	char	  **parents = palloc(sizeof(char *) * Max(count, 1));
	char	  **roots = palloc(sizeof(char *) * Max(count, 1));
	Datum	   *privates = palloc(sizeof(Datum) * Max(count, 1));
	Datum		values[7];
	uint64		found;
	int			n = 0;
	bool		isnull;

	for (int i = 0; i < count; i++)
	{
		if (!is_known_person(items[i]))
			continue;
		places[n] = i;
		persons[n] = id_of(items[i]);
		parents[n] = items[i]->parent_id;
		roots[n] = items[i]->root_id;
		privates[n] = BoolGetDatum(items[i]->is_private);
		n++;
	}
	if (n == 0)
		return;
	values[0] = kefu_id_array(places, n);
	values[1] = kefu_id_array(persons, n);
	values[2] = kefu_text_array(parents, n);
	values[3] = kefu_text_array(roots, n);
	values[4] = PointerGetDatum(construct_array(privates, n, BOOLOID, 1, true, TYPALIGN_CHAR));
	values[5] = CStringGetTextDatum(source->platform);
	values[6] = CStringGetTextDatum(source->account);
	found = kefu_spi_run(&plan, values, NULL, false, 0);
	for (uint64 row = 0; row < found; row++)
		items[DatumGetInt64(kefu_spi_value(row, 1, &isnull))]->belongs_to =
			DatumGetInt64(kefu_spi_value(row, 2, &isnull));
	lock_tickets(items, count);
}

/*
 * The latest confirmed ticket of the same person and matter within 30 days: its
 * unit handles the new one, its handler first (ruling 19).
 */
static void
find_repeats(IngestTicket *tickets, int count)
{
	static KefuPlan plan = {
		"SELECT DISTINCT ON (i.n) i.n, t.ticket_id, t.unit, s.staff_id "
		"  FROM unnest($1, $2, $3, $4, $5) AS i(n, person_id, kind, category, posted_at) "
		" " ALL_OF_THEM
		"  JOIN kefu.ticket t ON t.person_id = h.person_id AND t.kind = i.kind "
		"   AND t.category IS NOT DISTINCT FROM i.category AND NOT t.is_provisional "
		"   AND t.posted_at > i.posted_at - interval '720 hours' "
		"  JOIN kefu.unit u ON u.unit = t.unit AND u.is_live "
		"  LEFT JOIN kefu.staff s ON s.staff_id = t.handler AND s.is_active "
		" ORDER BY i.n, t.posted_at DESC, t.ticket_id DESC",
		5, {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID}, NULL
	};
	int64	   *places = palloc(sizeof(int64) * Max(count, 1));
	int64	   *persons = palloc(sizeof(int64) * Max(count, 1));
	char	  **kinds = palloc(sizeof(char *) * Max(count, 1));
	char	  **categories = palloc(sizeof(char *) * Max(count, 1));
	Datum	   *posted = palloc(sizeof(Datum) * Max(count, 1));
	Datum		values[5];
	uint64		found;
	int			n = 0;
	bool		isnull;

	for (int i = 0; i < count; i++)
	{
		if (!is_known_person(tickets[i].item))
			continue;
		places[n] = i;
		persons[n] = id_of(tickets[i].item);
		kinds[n] = unconstify(char *, tickets[i].kind);
		categories[n] = unconstify(char *, tickets[i].category);
		posted[n] = TimestampTzGetDatum(tickets[i].item->posted_at);
		n++;
	}
	if (n == 0)
		return;
	values[0] = kefu_id_array(places, n);
	values[1] = kefu_id_array(persons, n);
	values[2] = kefu_text_array(kinds, n);
	values[3] = kefu_text_array(categories, n);
	values[4] = PointerGetDatum(construct_array(posted, n, TIMESTAMPTZOID, 8,
												FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	found = kefu_spi_run(&plan, values, NULL, false, 0);
	for (uint64 row = 0; row < found; row++)
	{
		IngestTicket *ticket = &tickets[DatumGetInt64(kefu_spi_value(row, 1, &isnull))];

		ticket->repeat_of = DatumGetInt64(kefu_spi_value(row, 2, &isnull));
		ticket->unit = kefu_spi_text(row, 3);
		ticket->handler = DatumGetInt32(kefu_spi_value(row, 4, &isnull));
		if (isnull)
			ticket->handler = 0;
	}
}

/* --- within one payload ------------------------------------------------- */

static int
by_person_and_time(const void *a, const void *b)
{
	IngestItem *x = *(IngestItem *const *) a;
	IngestItem *y = *(IngestItem *const *) b;

	if (id_of(x) != id_of(y))
		return id_of(x) < id_of(y) ? -1 : 1;
	if (x->posted_at != y->posted_at)
		return x->posted_at < y->posted_at ? -1 : 1;
	return x->message_id < y->message_id ? -1 : 1;
}

static bool
same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* True if an item goes on where an earlier one of the same person was. */
static bool
follows(const IngestItem *item, const IngestItem *earlier)
{
	return same_text(item->parent_id, earlier->native_id) ||
		same_text(item->root_id, earlier->native_id) ||
		(item->is_private && earlier->is_private);
}

/*
 * Attaches an item to the ticket of an earlier one of its person's group, or
 * opens one.
 */
static void
attach_or_open(Ingest *in, IngestItem **group, int place)
{
	IngestItem *item = group[place];
	IngestTicket *ticket;

	for (int i = place; i-- > 0;)
	{
		IngestItem *earlier = group[i];

		if (!follows(item, earlier) || (!earlier->opens && !earlier->belongs_to))
			continue;
		item->belongs_to = earlier->opens ? earlier->opens->ticket_id : earlier->belongs_to;
		item->belongs_kind = earlier->opens ? earlier->opens->kind : earlier->belongs_kind;
		return;
	}
	if (!in->source.to_us)
		return;
	ticket = &in->tickets[in->ntickets++];
	memset(ticket, 0, sizeof(*ticket));
	ticket->ticket_id = nextval_internal(kefu_sequence("ticket_ticket_id_seq"), false);
	ticket->kind = item->suggested[KEFU_KIND] ? item->suggested[KEFU_KIND] : DEFAULT_KIND;
	ticket->category = item->suggested[KEFU_CATEGORY];
	ticket->unit = in->source.unit;
	ticket->item = item;
	item->opens = ticket;
}

void
kefu_place_items(Ingest *in)
{
	IngestItem **items = palloc(sizeof(IngestItem *) * Max(in->nfresh, 1));
	int			count = 0;
	int			start = 0;
	int			nrules;
	KindRule   *rules;

	in->tickets = palloc(sizeof(IngestTicket) * Max(in->nfresh, 1));
	in->ntickets = 0;
	for (int i = 0; i < in->nfresh; i++)
		if (in->fresh[i]->is_live)
			items[count++] = in->fresh[i];
	if (count == 0)
		return;
	rules = load_rules(&nrules);
	for (int i = 0; i < count; i++)
		suggest(items[i], rules, nrules);
	find_tickets(&in->source, items, count);
	kefu_join_reposts(in, items, count);
	for (int i = 0; i < count; i++)
		if (items[i]->stands_for_original && items[i]->quoted != NULL)
		{
			items[i]->own_words = psprintf("%s\n%s", items[i]->own_words ?
										   items[i]->own_words : "", items[i]->quoted);
			suggest(items[i], rules, nrules);
		}
	qsort(items, count, sizeof(IngestItem *), by_person_and_time);
	for (int i = 0; i < count; i++)
	{
		if (id_of(items[i]) == 0 || id_of(items[i]) != id_of(items[start]))
			start = i;
		if (items[i]->belongs_to == 0 && items[i]->context_of == 0 && items[i]->repeats == NULL)
			attach_or_open(in, items + start, i - start);
	}
	for (int i = 0; i < count; i++)
		if (items[i]->repeats != NULL)
			items[i]->context_of = items[i]->repeats->opens ?
				items[i]->repeats->opens->ticket_id : items[i]->repeats->belongs_to;
	find_repeats(in->tickets, in->ntickets);
}

void
kefu_raise_customer_wrote(Ingest *in)
{
	static KefuPlan plan = {
		"SELECT kefu.raise_event(e.machine, e.id, 'customer_wrote', "
		"           pg_catalog.jsonb_build_object('message', e.message_id)) "
		"  FROM unnest($1, $2, $3) AS e(machine, id, message_id)",
		3, {TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID}, NULL
	};
	char	  **machines = palloc(sizeof(char *) * Max(in->nfresh, 1));
	int64	   *ids = palloc(sizeof(int64) * Max(in->nfresh, 1));
	int64	   *messages = palloc(sizeof(int64) * Max(in->nfresh, 1));
	Datum		values[3];
	int			n = 0;

	for (int i = 0; i < in->nfresh; i++)
	{
		IngestItem *item = in->fresh[i];

		if (item->belongs_to == 0)
			continue;
		machines[n] = unconstify(char *, item->belongs_kind);
		ids[n] = item->belongs_to;
		messages[n] = item->message_id;
		n++;
	}
	if (n == 0)
		return;
	values[0] = kefu_text_array(machines, n);
	values[1] = kefu_id_array(ids, n);
	values[2] = kefu_id_array(messages, n);
	kefu_spi_run(&plan, values, NULL, false, 0);
}
