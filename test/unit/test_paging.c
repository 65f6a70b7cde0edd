/*
 * test_paging.c
 *		Walks over feeds: each style's requests, and that no walk ever loses an
 *		item, whatever arrives between two pages and wherever it is cut.
 */
#include "check.h"
#include "paging.h"

static char why[128];

static KefuPaging *
paging(const char *rules)
{
	char		spec[1024];
	KefuPaging *compiled;

	snprintf(spec, sizeof(spec), "{\"paging\":{%s}}", rules);
	why[0] = '\0';
	compiled = kefu_paging_compile(spec, strlen(spec), why, sizeof(why));
	return compiled;
}

/* The next request as text. */
static const char *
asked(const KefuPaging *p, const KefuWalk *walk)
{
	static char result[1024];
	KefuPageRequest request;

	kefu_walk_request(p, walk, &request);
	if (request.link != NULL)
		return request.link;
	kefu_form_encode(request.params, request.n_params, result, sizeof(result));
	return result;
}

/* Takes a page given as cursors in one string, separated by blanks. */
static const char *
took_with(const KefuPaging *p, KefuWalk *walk, const char *cursors, KefuPageSeen seen)
{
	static const char *const names[] = {"on", "closed", "capped", "stuck"};
	static char result[512];
	const char *list[64];
	char		copy[1024];
	KefuWalkStep step;
	const char *mark;

	snprintf(copy, sizeof(copy), "%s", cursors);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		list[seen.n_listed++] = strcmp(word, "-") == 0 ? NULL : word;
	seen.cursors = list;
	step = kefu_walk_take(p, walk, &seen);
	mark = kefu_walk_new_mark(p, walk, step);
	snprintf(result, sizeof(result), "%s%s%s", names[step], mark != NULL ? " " : "",
			 mark != NULL ? mark : "");
	return result;
}

static const char *
took(const KefuPaging *p, KefuWalk *walk, const char *cursors)
{
	return took_with(p, walk, cursors, (KefuPageSeen) {0});
}

#define SINA "\"style\":\"id_range\",\"page_size\":3,\"size_param\":\"count\",\"newer_param\":\"since_id\"," \
	"\"older_param\":\"max_id\",\"older_inclusive\":true,\"stop_short_page\":true,\"max_pages\":4"

static void
test_id_range_inclusive(void)
{
	KefuPaging *p = paging(SINA);
	KefuWalk	walk;

	CHECK(kefu_walk_start(&walk, NULL));
	CHECK_STR(asked(p, &walk), "count=3");
	CHECK_STR(took(p, &walk, "90 80 70"), "on");
	CHECK_STR(asked(p, &walk), "count=3&max_id=70");
	CHECK_STR(took(p, &walk, "70 60"), "closed 90");

	CHECK(kefu_walk_start(&walk, "90"));
	CHECK_STR(asked(p, &walk), "count=3&since_id=90");
	CHECK_STR(took(p, &walk, "120 115 110"), "on");
	CHECK_STR(asked(p, &walk), "count=3&since_id=90&max_id=110");
	CHECK_STR(took(p, &walk, "110 100"), "closed 120");

	/* Nothing new: the mark stays. */
	CHECK(kefu_walk_start(&walk, "120"));
	CHECK_STR(took(p, &walk, ""), "closed");

	/* A platform that ignores since_id: meeting the mark is the end all the same. */
	CHECK(kefu_walk_start(&walk, "120"));
	CHECK_STR(took(p, &walk, "130 120 115"), "closed 130");

	/* Exactly full pages end with the item the last one began with. */
	p = (kefu_paging_free(p), paging(SINA ",\"stop_short_page\":false"));
	CHECK(kefu_walk_start(&walk, "10"));
	CHECK_STR(took(p, &walk, "40 30 20"), "on");
	CHECK_STR(took(p, &walk, "20"), "closed 40");
	kefu_paging_free(p);
}

static void
test_caps(void)
{
	KefuPaging *p = paging(SINA);
	KefuWalk	walk,
				loaded;
	char		saved[KEFU_WALK_SAVED_BYTES];
	KefuPageSeen known = {.n_closed = 1};

	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(took(p, &walk, "99 98 97"), "on");
	CHECK_STR(took(p, &walk, "97 96 95"), "on");
	CHECK_STR(took(p, &walk, "95 94 93"), "on");
	CHECK_STR(took(p, &walk, "93 92 91"), "capped");

	/* It goes on later from where it was, and the mark is that of its first page. */
	kefu_walk_save(&walk, saved, sizeof(saved));
	CHECK(kefu_walk_load(&loaded, saved, strlen(saved)));
	CHECK_STR(asked(p, &loaded), "count=3&since_id=1&max_id=91");
	CHECK_STR(took(p, &loaded, "91 90"), "closed 99");

	/* The first walk has nothing to arrive at. */
	CHECK(kefu_walk_start(&walk, ""));
	for (int i = 0; i < 3; i++)
		CHECK_STR(took(p, &walk, i == 0 ? "99 98 97" : i == 1 ? "97 96 95" : "95 94 93"), "on");
	CHECK_STR(took(p, &walk, "93 92 91"), "closed 99");

	/* Items found by this feed in a closed walk end it too. */
	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(took_with(p, &walk, "99 98 97", known), "closed 99");
	kefu_paging_free(p);
}

static void
test_exclusive_and_inverted(void)
{
	/* Names inverted: what means "older" is called since_id. */
	KefuPaging *p = paging("\"style\":\"id_range\",\"page_size\":2,\"newer_param\":\"max_id\","
						   "\"newer_inclusive\":true,\"older_param\":\"since_id\"");
	KefuWalk	walk;

	CHECK(kefu_walk_start(&walk, "-30"));
	CHECK_STR(asked(p, &walk), "max_id=-30");
	CHECK_STR(took(p, &walk, "-10 -20"), "on");
	CHECK_STR(asked(p, &walk), "max_id=-30&since_id=-20");
	CHECK_STR(took(p, &walk, "-25 -30"), "closed -10");

	/* The same page again: our parameter is ignored, and there may be a gap. */
	CHECK(kefu_walk_start(&walk, "-30"));
	CHECK_STR(took(p, &walk, "-10 -20"), "on");
	CHECK_STR(took(p, &walk, "-10 -20"), "stuck");
	CHECK(kefu_walk_start(&walk, "-30"));
	CHECK_STR(took(p, &walk, "- -"), "stuck");
	CHECK(kefu_walk_start(&walk, "-30"));
	CHECK_STR(took(p, &walk, "- -10 -20 -"), "on");
	CHECK_STR(asked(p, &walk), "max_id=-30&since_id=-20");
	kefu_paging_free(p);
}

static void
test_gapless(void)
{
	KefuPaging *p = paging("\"style\":\"id_range\",\"page_size\":2,\"size_param\":\"limit\","
						   "\"newer_param\":\"min_id\",\"older_param\":\"max_id\",\"is_gapless\":true,"
						   "\"stop_short_page\":true,\"max_pages\":3");
	KefuWalk	walk;

	/* The first walk has to go down. */
	CHECK(kefu_walk_start(&walk, NULL));
	CHECK_STR(asked(p, &walk), "limit=2");
	CHECK_STR(took(p, &walk, "9 8"), "on");
	CHECK_STR(asked(p, &walk), "limit=2&max_id=8");
	CHECK_STR(took(p, &walk, "7"), "closed 9");

	/* Later ones go up, and the mark moves with each page. */
	CHECK(kefu_walk_start(&walk, "9"));
	CHECK_STR(asked(p, &walk), "limit=2&min_id=9");
	CHECK_STR(took(p, &walk, "11 10"), "on 11");
	CHECK_STR(asked(p, &walk), "limit=2&min_id=11");
	CHECK_STR(took(p, &walk, "13 12"), "on 13");
	CHECK_STR(took(p, &walk, "15 14"), "capped 15");
	CHECK(kefu_walk_start(&walk, "15"));
	CHECK_STR(took(p, &walk, "16"), "closed 16");
	CHECK(kefu_walk_start(&walk, "16"));
	CHECK_STR(took(p, &walk, ""), "closed");

	/* min_id ignored, but the newest page reaches down to the mark. */
	CHECK(kefu_walk_start(&walk, "16"));
	CHECK_STR(took(p, &walk, "17 16"), "closed 17");
	kefu_paging_free(p);
}

static void
test_time_id(void)
{
	KefuPaging *p = paging("\"style\":\"time_id\",\"page_size\":2,\"size_param\":\"reqnum\","
						   "\"flag_param\":\"pageflag\",\"flag_first\":\"0\",\"flag_newer\":\"2\","
						   "\"flag_older\":\"1\",\"time_param\":\"pagetime\",\"id_param\":\"lastid\"");
	KefuWalk	walk;

	CHECK(kefu_walk_start(&walk, "100,a"));
	CHECK_STR(asked(p, &walk), "reqnum=2&pageflag=0");
	CHECK_STR(took(p, &walk, "300,d 200,c"), "on");
	CHECK_STR(asked(p, &walk), "reqnum=2&pageflag=1&pagetime=200&lastid=c");

	/* Equal times across a border of pages: only the id tells them apart. */
	CHECK_STR(took(p, &walk, "200,b 100,a"), "closed 300,d");
	kefu_paging_free(p);

	p = paging("\"style\":\"time_id\",\"flag_param\":\"f\",\"flag_first\":\"0\",\"flag_newer\":\"2\","
			   "\"flag_older\":\"1\",\"time_param\":\"t\",\"id_param\":\"i\",\"is_gapless\":true");
	CHECK(kefu_walk_start(&walk, "100,a"));
	CHECK_STR(asked(p, &walk), "f=2&t=100&i=a");
	CHECK_STR(took(p, &walk, "300,c 200,b"), "on 300,c");
	CHECK_STR(asked(p, &walk), "f=2&t=300&i=c");
	CHECK_STR(took(p, &walk, ""), "closed 300,c");
	kefu_paging_free(p);
}

static void
test_page_numbers(void)
{
	KefuPaging *p = paging("\"style\":\"page\",\"page_param\":\"page\",\"page_first\":0,\"page_step\":2,"
						   "\"page_size\":2,\"size_param\":\"rpp\",\"stop_short_page\":true");
	KefuWalk	walk;

	CHECK(kefu_walk_start(&walk, "3"));
	CHECK_STR(asked(p, &walk), "rpp=2&page=0");
	CHECK_STR(took(p, &walk, "9 8"), "on");
	CHECK_STR(asked(p, &walk), "rpp=2&page=2");
	CHECK_STR(took(p, &walk, "7 6"), "on");
	CHECK_STR(asked(p, &walk), "rpp=2&page=4");
	CHECK_STR(took(p, &walk, "5"), "closed 9");
	CHECK(kefu_walk_start(&walk, "3"));
	CHECK_STR(took(p, &walk, "9 8"), "on");
	CHECK_STR(took(p, &walk, "9 8"), "stuck");
	kefu_paging_free(p);
}

static void
test_cursors(void)
{
	KefuPaging *p = paging("\"style\":\"cursor\",\"cursor_param\":\"cursor\",\"cursor_start\":\"-1\","
						   "\"cursor_ends\":[\"0\",\"-1\"]");
	KefuWalk	walk;

	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(asked(p, &walk), "cursor=-1");
	CHECK_STR(took_with(p, &walk, "9 8", (KefuPageSeen) {.next_cursor = "abc"}), "on");
	CHECK_STR(asked(p, &walk), "cursor=abc");
	CHECK_STR(took_with(p, &walk, "7 6", (KefuPageSeen) {.next_cursor = "0"}), "closed 9");
	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(took_with(p, &walk, "9 8", (KefuPageSeen) {.next_cursor = "x"}), "on");
	CHECK_STR(took_with(p, &walk, "7 6", (KefuPageSeen) {.next_cursor = "x"}), "stuck");
	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(took_with(p, &walk, "9 8", (KefuPageSeen) {.next_cursor = NULL}), "closed 9");
	kefu_paging_free(p);
}

static void
test_links(void)
{
	KefuPaging *p = paging("\"style\":\"link\",\"page_size\":2,\"size_param\":\"limit\"");
	const char *next = "https://m.example/api?max_id=8";
	KefuWalk	walk;

	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(asked(p, &walk), "limit=2");
	CHECK_STR(took_with(p, &walk, "9 8", (KefuPageSeen) {.next_link = next}), "on");
	CHECK_STR(asked(p, &walk), next);
	CHECK_STR(took_with(p, &walk, "7 6", (KefuPageSeen) {.next_link = next}), "stuck");
	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(took(p, &walk, "9 8"), "closed 9");
	kefu_paging_free(p);
}

static void
test_link_header(void)
{
	static const char header[] = "<https://m.example/a?max_id=1,2>; rel=\"next\", "
		"<https://m.example/b>; title=\"a, b\"; rel=\"prev first\" , <c>;rel=last";
	char		out[64];

	CHECK(kefu_link_find(header, "next", out, sizeof(out)));
	CHECK_STR(out, "https://m.example/a?max_id=1,2");
	CHECK(kefu_link_find(header, "prev", out, sizeof(out)));
	CHECK_STR(out, "https://m.example/b");
	CHECK(kefu_link_find(header, "first", out, sizeof(out)));
	CHECK(kefu_link_find(header, "last", out, sizeof(out)));
	CHECK_STR(out, "c");
	CHECK(!kefu_link_find(header, "nex", out, sizeof(out)));
	CHECK(!kefu_link_find(header, "next", out, 10));
	CHECK(!kefu_link_find("<x>; rel", "next", out, sizeof(out)));
	CHECK(!kefu_link_find("<x; rel=next", "next", out, sizeof(out)));
	CHECK(!kefu_link_find("", "next", out, sizeof(out)));
}

static void
test_has_next_and_none(void)
{
	KefuPaging *p = paging("\"style\":\"page\",\"page_param\":\"p\",\"has_next_more\":\"1\"");
	KefuWalk	walk;

	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(took_with(p, &walk, "9 8", (KefuPageSeen) {.has_next = "1"}), "on");
	CHECK_STR(took_with(p, &walk, "7 6", (KefuPageSeen) {.has_next = "0"}), "closed 9");
	kefu_paging_free(p);
	p = paging("\"style\":\"none\"");
	CHECK(kefu_walk_start(&walk, "1"));
	CHECK_STR(asked(p, &walk), "");
	CHECK_STR(took(p, &walk, "9 8"), "closed 9");
	kefu_paging_free(p);
}

static void
test_saved_state(void)
{
	char		saved[KEFU_WALK_SAVED_BYTES];
	char		long_mark[KEFU_CURSOR_BYTES + 1];
	KefuWalk	walk,
				loaded;

	memset(long_mark, 1, sizeof(long_mark) - 1);
	long_mark[sizeof(long_mark) - 1] = '\0';
	CHECK(!kefu_walk_start(&walk, long_mark));
	long_mark[KEFU_CURSOR_BYTES - 1] = '\0';
	CHECK(kefu_walk_start(&walk, long_mark));
	strcpy(walk.newest, "\"\\\x1f\xE4\xB8\xAD");
	memset(walk.link, 1, sizeof(walk.link) - 1);
	walk.page_no = 7;
	CHECK(kefu_walk_save(&walk, saved, sizeof(saved)) < sizeof(saved));
	CHECK(kefu_walk_load(&loaded, saved, strlen(saved)));
	CHECK(memcmp(&walk, &loaded, sizeof(walk)) == 0);
	CHECK(!kefu_walk_load(&loaded, "{}", 2));
	CHECK(!kefu_walk_load(&loaded, "", 0));
	CHECK(!kefu_walk_load(&loaded, saved, strlen(saved) - 1));
}

static const char *
refused(const char *rules)
{
	KefuPaging *p = paging(rules);

	CHECK(p == NULL);
	kefu_paging_free(p);
	return why;
}

static void
test_wrong_rules(void)
{
	CHECK_STR(refused("\"style\":\"odd\""), "no paging style \"odd\"");
	CHECK_STR(refused("\"style\":\"id_range\""), "paging style \"id_range\" needs older_param");
	CHECK_STR(refused("\"style\":\"id_range\",\"older_param\":\"x\",\"is_gapless\":true"),
			  "paging style \"id_range\" needs newer_param");
	CHECK_STR(refused("\"style\":\"time_id\""), "paging style \"time_id\" needs flag_param and flag_older");
	CHECK_STR(refused("\"style\":\"page\""), "paging style \"page\" needs page_param");
	CHECK_STR(refused("\"style\":\"cursor\""), "paging style \"cursor\" needs cursor_param");
	CHECK_STR(refused("\"max_pages\":0"), "max_pages is not positive");
}

/* --- nothing is ever lost --------------------------------------------------- */

#define FEED_MAX 4000

/* A platform whose newest item has the highest number. */
typedef struct Platform
{
	int			newest;
	int			page_size;
	bool		inclusive;		/* of the older bound */
	bool		upwards;		/* newer bound gives the page right above */
} Platform;

static int
param_of(const KefuPageRequest *request, const char *name)
{
	for (int i = 0; i < request->n_params; i++)
	{
		if (strcmp(request->params[i].name, name) == 0)
			return atoi(request->params[i].value);
	}
	return 0;
}

/* Answers a request; ids come newest first. */
static int
answer(const Platform *platform, const KefuPageRequest *request, int *ids)
{
	int			above = param_of(request, "newer");
	int			below = param_of(request, "older");
	int			top = platform->newest;
	int			n = 0;

	if (below > 0)
		top = platform->inclusive ? below : below - 1;
	else if (platform->upwards && above > 0 && above + platform->page_size < top)
		top = above + platform->page_size;
	for (int id = top; id > above && id > 0 && n < platform->page_size; id--)
		ids[n++] = id;
	return n;
}

/*
 * One poll: a walk that new items interrupt, that is cut at random and then
 * either goes on from its saved state or is lost.  Returns the stored mark.
 */
static void
poll_feed(const KefuPaging *p, Platform *platform, uint64_t *seed, char *mark, bool *seen)
{
	KefuWalk	walk;
	KefuWalkStep step = KEFU_WALK_GOES_ON;

	CHECK(kefu_walk_start(&walk, mark));
	while (step == KEFU_WALK_GOES_ON || step == KEFU_WALK_CAPPED)
	{
		KefuPageRequest request;
		KefuPageSeen page = {0};
		int			ids[64];
		char		texts[64][16];
		const char *cursors[64];
		char		saved[KEFU_WALK_SAVED_BYTES];
		const char *moved;

		kefu_walk_request(p, &walk, &request);
		page.n_listed = answer(platform, &request, ids);
		for (int i = 0; i < page.n_listed; i++)
		{
			snprintf(texts[i], sizeof(texts[i]), "%d", ids[i]);
			cursors[i] = texts[i];
			seen[ids[i]] = true;
		}
		page.cursors = cursors;
		step = kefu_walk_take(p, &walk, &page);
		moved = kefu_walk_new_mark(p, &walk, step);
		if (moved != NULL)
			strcpy(mark, moved);
		if (platform->newest < FEED_MAX - 8)
			platform->newest += (int) check_random_between(seed, 0, 3);
		if (mark[0] != '\0' && check_random_between(seed, 0, 9) == 0)
			return;				/* crash: the walk is lost, what was written stays */
		kefu_walk_save(&walk, saved, sizeof(saved));
		CHECK(kefu_walk_load(&walk, saved, strlen(saved)));
	}
	CHECK(step == KEFU_WALK_CLOSED);
}

static void
test_nothing_is_lost(void)
{
	uint64_t	seed = 71;

	for (int run = 0; run < 400; run++)
	{
		bool		seen[FEED_MAX] = {false};
		Platform	platform = {.newest = 5, .inclusive = run % 2, .upwards = run % 4 >= 2};
		char		rules[256];
		char		mark[KEFU_CURSOR_BYTES] = "";
		KefuPaging *p;
		int			missing = 0;

		platform.page_size = (int) check_random_between(&seed, 2, 12);
		snprintf(rules, sizeof(rules), "\"style\":\"id_range\",\"newer_param\":\"newer\","
				 "\"older_param\":\"older\",\"page_size\":%d,\"max_pages\":%d,\"older_inclusive\":%s,"
				 "\"is_gapless\":%s,\"stop_short_page\":%s", platform.page_size,
				 (int) check_random_between(&seed, 1, 5), platform.inclusive ? "true" : "false",
				 platform.upwards ? "true" : "false", run % 3 == 0 ? "true" : "false");
		p = paging(rules);
		CHECK(p != NULL);

		/* A first walk; everything below it is history. */
		poll_feed(p, &platform, &seed, mark, seen);
		CHECK(mark[0] != '\0');
		for (int i = 1; i <= platform.newest; i++)
			seen[i] |= i < atoi(mark);
		for (int polls = 0; polls < 30; polls++)
		{
			platform.newest += (int) check_random_between(&seed, 0, 40);
			poll_feed(p, &platform, &seed, mark, seen);
			for (int i = 1; i <= atoi(mark); i++)
				missing += !seen[i];
		}
		if (missing > 0)
			check_that(0, __FILE__, __LINE__, "run %d lost %d items (%s)", run, missing, rules);
		kefu_paging_free(p);
	}
}

int
main(void)
{
	RUN(test_id_range_inclusive);
	RUN(test_caps);
	RUN(test_exclusive_and_inverted);
	RUN(test_gapless);
	RUN(test_time_id);
	RUN(test_page_numbers);
	RUN(test_cursors);
	RUN(test_links);
	RUN(test_link_header);
	RUN(test_has_next_and_none);
	RUN(test_saved_state);
	RUN(test_wrong_rules);
	RUN(test_nothing_is_lost);
	return check_result();
}
