/*
 * ingest_read.c
 *		Taking over what the mapper makes of a payload.
 *
 * An item that can't be a message becomes a dead letter with the reason; what
 * our own accounts wrote and what its author took back is left out.  Everything
 * else about an item is the mapper's business (mapping.c).
 */
#include "kefu.h"

#include "catalog/pg_type.h"

#include "ingest.h"
#include "mapping.h"
#include "spi.h"

#define PRIVATE_ITEM "message"	/* item type of private messages */

static void
add_dead_letter(Ingest *in, int item_no, const char *reason)
{
	DeadLetter *letter;

	if (in->ndead == in->dead_capacity)
	{
		in->dead_capacity = Max(in->dead_capacity * 2, 16);
		in->dead = in->dead == NULL
			? palloc(sizeof(DeadLetter) * in->dead_capacity)
			: repalloc(in->dead, sizeof(DeadLetter) * in->dead_capacity);
	}
	letter = &in->dead[in->ndead++];
	letter->item_no = item_no;
	letter->reason = pstrdup(reason);
}

/* Text of a field; NULL where it is absent. */
static char *
field(const KefuItem *item, KefuField name)
{
	const KefuValue *value = &item->values[name];

	return value->present ? unconstify(char *, value->text) : NULL;
}

static int64
number(const KefuItem *item, KefuField name, int64 absent)
{
	return item->values[name].present ? item->values[name].number : absent;
}

static IngestAuthor *
read_author(const KefuItem *mapped)
{
	IngestAuthor *author;

	if (!mapped->values[KEFU_FIELD_AUTHOR_ID].present)
		return NULL;
	author = palloc0(sizeof(IngestAuthor));
	author->native_id = field(mapped, KEFU_FIELD_AUTHOR_ID);
	author->screen_name = field(mapped, KEFU_FIELD_AUTHOR_NAME);
	author->handle = field(mapped, KEFU_FIELD_AUTHOR_HANDLE);
	author->region = field(mapped, KEFU_FIELD_AUTHOR_PROVINCE);
	author->followers_count = Max(number(mapped, KEFU_FIELD_AUTHOR_FOLLOWERS, -1), -1);
	author->is_verified = number(mapped, KEFU_FIELD_AUTHOR_VERIFIED, -1);
	author->is_fan = number(mapped, KEFU_FIELD_AUTHOR_FOLLOWS, -1);
	return author;
}

/*
 * What a repost says beside what it repeats: nothing if that is all, and what
 * stands before the platform's mark, behind which the words of others follow.
 */
static char *
own_words(const IngestSource *source, const IngestItem *item)
{
	const char *mark = source->repost_mark;
	const char *others;

	if (item->text == NULL || item->repost_of == NULL)
		return item->text;
	if (item->quoted != NULL && strcmp(item->text, item->quoted) == 0)
		return NULL;
	others = mark != NULL ? strstr(item->text, mark) : NULL;
	return others != NULL ? pnstrdup(item->text, others - item->text) : item->text;
}

static void
read_repost(const Ingest *in, IngestItem *item, const KefuItem *mapped)
{
	item->repost_of = field(mapped, KEFU_FIELD_REPOST_OF_ID);
	item->original = field(mapped, KEFU_FIELD_REPOST_OF_KEY);
	if (item->original == NULL || item->repost_of == NULL)
		item->original = item->repost_of;
	item->quoted = field(mapped, KEFU_FIELD_REPOST_TEXT);
	item->told_reposts = Max(number(mapped, KEFU_FIELD_REPOST_OF_COUNT, -1), -1);
	item->own_words = own_words(&in->source, item);
}

/*
 * Takes one good item over, or says why it can't be a message.
 */
static void
read_item(Ingest *in, const KefuItem *mapped)
{
	IngestItem *item = &in->items[in->nitems];

	if (number(mapped, KEFU_FIELD_IS_DELETED, 0) != 0)
		return;					/* its author took it back: nobody to answer */
	if (!mapped->values[KEFU_FIELD_POSTED_AT].present)
	{
		add_dead_letter(in, mapped->item_no, "the item has no time of posting");
		return;
	}
	memset(item, 0, sizeof(*item));
	item->item_type = field(mapped, KEFU_FIELD_ITEM_TYPE);
	item->native_id = field(mapped, KEFU_FIELD_NATIVE_ID);
	item->dedupe_key = field(mapped, KEFU_FIELD_DEDUPE_KEY);
	if (item->dedupe_key == NULL)
		item->dedupe_key = item->native_id;
	if (item->native_id == NULL)
		item->native_id = item->dedupe_key;
	if (item->native_id == NULL)
	{
		add_dead_letter(in, mapped->item_no, "the item has no id");
		return;
	}
	item->parent_id = field(mapped, KEFU_FIELD_PARENT_ID);
	item->root_id = field(mapped, KEFU_FIELD_ROOT_ID);
	item->thread_id = field(mapped, KEFU_FIELD_THREAD_ID);
	item->text = field(mapped, KEFU_FIELD_TEXT);
	item->is_truncated = number(mapped, KEFU_FIELD_IS_TRUNCATED, 0) != 0;
	item->media = field(mapped, KEFU_FIELD_MEDIA);
	item->media_kinds = field(mapped, KEFU_FIELD_MEDIA_KIND);
	item->url = field(mapped, KEFU_FIELD_URL);
	item->is_private = strcmp(item->item_type, PRIVATE_ITEM) == 0;
	item->posted_at = kefu_unix_micros_to_timestamptz(
		mapped->values[KEFU_FIELD_POSTED_AT].number);
	item->is_live = item->posted_at >= in->source.start_at;
	item->author = read_author(mapped);
	read_repost(in, item, mapped);
	in->nitems++;
}

/*
 * Maps the payload.  The page, and what items borrow from it, live as long as
 * the SPI connection.
 */
static void
map_payload(Ingest *in)
{
	const KefuPage *page = kefu_map_page(in->source.platform, in->source.action,
										 VARDATA_ANY(in->payload),
										 VARSIZE_ANY_EXHDR(in->payload),
										 in->source.native_id);

	if (page->error != NULL)
		add_dead_letter(in, 0, page->error);
	in->nread = page->error ? 0 : page->n_items;
	in->items = palloc(sizeof(IngestItem) * Max(in->nread, 1));
	for (int i = 0; i < in->nread; i++)
	{
		if (page->items[i].error != NULL)
			add_dead_letter(in, page->items[i].item_no, page->items[i].error);
		else
			read_item(in, &page->items[i]);
	}
}

/*
 * Leaves out what our own accounts wrote: it isn't a message.
 */
static void
drop_own_items(Ingest *in)
{
	static KefuPlan plan = {
		"SELECT native_id FROM kefu.account WHERE platform = $1 AND native_id = ANY ($2)",
		2, {TEXTOID, TEXTARRAYOID}, NULL
	};
	char	  **natives = palloc(sizeof(char *) * Max(in->nitems, 1));
	Datum		values[2];
	uint64		own;
	int			n = 0;
	int			kept = 0;

	for (int i = 0; i < in->nitems; i++)
		if (in->items[i].author != NULL)
			natives[n++] = in->items[i].author->native_id;
	if (n == 0)
		return;
	values[0] = CStringGetTextDatum(in->source.platform);
	values[1] = kefu_text_array(natives, n);
	own = kefu_spi_run(&plan, values, NULL, false, 0);
	for (int i = 0; i < in->nitems && own > 0; i++)
	{
		bool		is_own = false;

		for (uint64 row = 0; row < own && in->items[i].author && !is_own; row++)
			is_own = strcmp(kefu_spi_text(row, 1), in->items[i].author->native_id) == 0;
		if (!is_own)
			in->items[kept++] = in->items[i];
	}
	if (own > 0)
		in->nitems = kept;
}

/*
 * Fills items and dead letters; nothing is written here.
 */
void
kefu_read_payload(Ingest *in)
{
	map_payload(in);
	drop_own_items(in);
}
