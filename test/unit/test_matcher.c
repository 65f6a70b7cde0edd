/*
 * test_matcher.c
 *		Host test of src/pure/fold.c, matcher.c, matcher_build.c and wordhit.c (R47,
 *		R80): the normal form, and the automaton against a naive search.
 */
#include "check.h"

#include "fold.h"
#include "utf8.h"
#include "wordhit.h"

#define ROOM 4096
#define MOST_WORDS 50000

/* --- the normal form --------------------------------------------------------------- */

static size_t
folded(const char *text, uint32_t *out)
{
	size_t		count = 0;

	for (size_t i = 0, used; i < strlen(text); i += used)
		count += kefu_fold(kefu_utf8_point(text + i, strlen(text) - i, &used), out + count);
	return count;
}

static void
check_fold(const char *text, const char *expected)
{
	uint32_t	points[ROOM];
	char		utf8[4 * ROOM];
	size_t		count = folded(text, points);
	size_t		len = 0;

	for (size_t i = 0; i < count; i++)
		len += kefu_utf8(points[i], utf8 + len);
	utf8[len] = '\0';
	CHECK_STR(utf8, expected);
}

static void
test_fold(void)
{
	check_fold("", "");
	check_fold("中国电信 abc", "中国电信 abc");
	check_fold("中國電信 ABC", "中国电信 abc");
	check_fold("ＡＢＣ　１２３", "abc 123");
	check_fold("移\u200b动\u200d\uFEFF", "移动");
	check_fold("移\u0336动\u0336", "移动");
	check_fold("é\u0301É", "ee");
	check_fold("①⑩㊣㎏", "110正kg");
	check_fold("𝓜𝓸𝓫𝓲𝓵𝓮", "mobile");
	check_fold("ﬁSTRASSEß", "fistrassess");
	check_fold("ｶﾞが", "カ\u3099が");
	check_fold("한글", "한글");
	check_fold("體后後髮發", "体后后发发");
	check_fold("苧苎", "苎苎");
	check_fold("😀❤\uFE0F", "😀❤");
}

/* A normal form is its own, for every code point. */
static void
test_fold_rests(void)
{
	int			wrong = 0;

	for (uint32_t point = 0; point <= 0x10FFFF; point++)
	{
		uint32_t	form[KEFU_FOLD_LONGEST];
		size_t		count = kefu_fold(point, form);

		for (size_t i = 0; i < count; i++)
		{
			uint32_t	again[KEFU_FOLD_LONGEST];

			wrong += kefu_fold(form[i], again) != 1 || again[0] != form[i];
		}
	}
	CHECK_INT(wrong, 0);
}

/* Folds and searches. */
static bool
find_words(const KefuMatcher *matcher, const char *text, size_t len, const KefuHits *allowed,
		   KefuArena *arena, KefuHits *found)
{
	KefuFolded	form;

	return kefu_fold_text(text, len, arena, &form) &&
		kefu_find_words(matcher, &form, allowed, NULL, arena, found);
}

/* A text that grows eighteenfold, and where its points come from. */
static void
test_fold_text(void)
{
	static char text[3 * 1000 + 1];
	KefuArena	arena = {0};
	KefuFolded	form;

	for (int i = 0; i < 1000; i++)
		memcpy(text + 3 * i, "\uFDFA", 3);
	CHECK(kefu_fold_text(text, 3000, &arena, &form));
	CHECK_INT((int64_t) form.count, 18000);
	for (size_t i = 0; i < form.count; i++)
		CHECK(form.origins[i] == i / 18 && form.units[i] == form.units[i % 18]);
	kefu_arena_free(&arena);
}

/* --- lists of words ------------------------------------------------------------------ */

typedef struct List
{
	KefuPart   *parts;
	size_t		count;
	uint32_t	words;
	uint32_t   *points;
	size_t		used;
} List;

static List
new_list(void)
{
	List		list = {
		.parts = malloc(sizeof(KefuPart) * 2 * MOST_WORDS),
		.points = malloc(sizeof(uint32_t) * 40 * MOST_WORDS)
	};

	return list;
}

static void
free_list(List *list)
{
	free(list->parts);
	free(list->points);
}

/* Adds a part in UTF-8, folded, to a word; host gives it a host's dot and end. */
static void
add_part(List *list, uint32_t word, const char *text, bool host)
{
	uint32_t   *at = list->points + list->used;
	size_t		count = 0;

	if (host)
		at[count++] = '.';
	count += folded(text, at + count);
	if (host)
		at[count++] = KEFU_HOST_END;
	list->parts[list->count++] = (KefuPart) {at, (uint32_t) count, word};
	list->used += count;
	if (word >= list->words)
		list->words = word + 1;
}

typedef struct Opened
{
	void	   *image;
	size_t		size;
	KefuMatcher matcher;
} Opened;

static Opened
open_list(const List *list)
{
	Opened		opened = {0};
	const char *problem = kefu_matcher_build(list->parts, list->count, list->words,
											 &opened.image, &opened.size);

	CHECK(problem == NULL);
	CHECK_INT(kefu_matcher_open(opened.image, opened.size, &opened.matcher), KEFU_IMAGE_SOUND);
	return opened;
}

static const char *
hits_of(const KefuHits *hits)
{
	static char text[ROOM];
	size_t		len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < hits->count; i++)
		len += (size_t) snprintf(text + len, ROOM - len, "%s%u@%u-%u", i > 0 ? " " : "",
								 hits->hits[i].word, hits->hits[i].from, hits->hits[i].to);
	return text;
}

static void
check_find(const Opened *opened, const Opened *allow, const char *text, const char *expected)
{
	KefuArena	arena = {0};
	KefuHits	allowed = {0};
	KefuHits	found;

	if (allow != NULL)
		CHECK(find_words(&allow->matcher, text, strlen(text), NULL, &arena, &allowed));
	CHECK(find_words(&opened->matcher, text, strlen(text), allow != NULL ? &allowed : NULL,
						  &arena, &found));
	CHECK_STR(hits_of(&found), expected);
	kefu_arena_free(&arena);
}

static void
test_words(void)
{
	List		list = new_list();
	List		allowing = new_list();
	Opened		opened;
	Opened		allow;

	add_part(&list, 0, "移动", false);
	add_part(&list, 1, "联通", false);
	add_part(&list, 2, "动感地带", false);
	add_part(&list, 3, "客户", false);
	add_part(&list, 3, "联通", false);
	add_part(&list, 4, "MOBILE", false);
	add_part(&list, 5, "动", false);
	add_part(&allowing, 0, "移动互联网", false);
	add_part(&allowing, 1, "互联通信", false);
	opened = open_list(&list);
	allow = open_list(&allowing);
	check_find(&opened, NULL, "", "");
	check_find(&opened, NULL, "中国电信", "");
	check_find(&opened, NULL, "用移动的动感地带", "0@1-3 5@2-3 5@4-5 2@4-8");
	check_find(&opened, NULL, "移\u200b動", "0@0-3 5@2-3");
	check_find(&opened, NULL, "我的Ｍｏｂｉｌｅ", "4@2-8");
	check_find(&opened, NULL, "联通的联通客户", "1@0-2 3@0-7 1@3-5");
	check_find(&opened, NULL, "客户", "");
	check_find(&opened, &allow, "移动互联网和移动", "0@6-8 5@7-8");
	check_find(&opened, &allow, "移动互联", "0@0-2 5@1-2");
	/* overlapping an allowed word isn't being inside it */
	check_find(&opened, &allow, "互联通信", "");
	check_find(&opened, &allow, "互联通知", "1@1-3");
	free(opened.image);
	free(allow.image);
	free_list(&list);
	free_list(&allowing);
}

/* Words of one unit, of one character of two units, of two characters, and longer. */
static void
test_lengths(void)
{
	List		list = new_list();
	Opened		opened;

	add_part(&list, 0, "😀", false);
	add_part(&list, 1, "中", false);
	add_part(&list, 2, "中😀", false);
	add_part(&list, 3, "😀😀", false);
	add_part(&list, 4, "中国", false);
	add_part(&list, 5, "中国人", false);
	add_part(&list, 6, "中国人民", false);
	add_part(&list, 7, "人😁", false);
	opened = open_list(&list);
	check_find(&opened, NULL, "中", "1@0-1");
	check_find(&opened, NULL, "😀", "0@0-1");
	check_find(&opened, NULL, "😁", "");
	check_find(&opened, NULL, "中国", "1@0-1 4@0-2");
	check_find(&opened, NULL, "中国人", "1@0-1 4@0-2 5@0-3");
	check_find(&opened, NULL, "的中国人民", "1@1-2 4@1-3 5@1-4 6@1-5");
	check_find(&opened, NULL, "中😀😀", "1@0-1 2@0-2 0@1-2 3@1-3 0@2-3");
	check_find(&opened, NULL, "中人😁", "1@0-1 7@1-3");
	free(opened.image);
	free_list(&list);
}

/* Parts that are beginnings of one another, up to the longest, and many behind it. */
static void
test_nested(void)
{
	static char text[KEFU_PART_LONGEST + 2];
	List		list = new_list();
	Opened		opened;
	KefuArena	arena = {0};
	KefuHits	found;

	memset(text, 'a', KEFU_PART_LONGEST);
	for (uint32_t word = 0; word < KEFU_PART_LONGEST; word++)
	{
		text[word + 1] = '\0';
		add_part(&list, word, text, false);
		text[word + 1] = 'a';
	}
	text[KEFU_PART_LONGEST] = '\0';
	for (uint32_t i = 0; i < 26; i++)
	{
		text[KEFU_PART_LONGEST - 1] = (char) ('a' + i);
		add_part(&list, KEFU_PART_LONGEST + i, text, false);
	}
	text[KEFU_PART_LONGEST - 1] = 'q';
	opened = open_list(&list);
	CHECK(find_words(&opened.matcher, text, KEFU_PART_LONGEST, NULL, &arena, &found));
	/* n a's have n (n + 1) / 2 places of theirs */
	CHECK_INT((int64_t) found.count, KEFU_MOST_PLACES);
	CHECK_INT(found.hits[KEFU_PART_LONGEST - 1].word, KEFU_PART_LONGEST + 'q' - 'a');
	CHECK(find_words(&opened.matcher, text + 155, 100, NULL, &arena, &found));
	CHECK_INT((int64_t) found.count, 99 * 100 / 2);
	kefu_arena_free(&arena);
	free(opened.image);
	free_list(&list);
}

static void
test_hosts(void)
{
	List		list = new_list();
	Opened		opened;

	add_part(&list, 0, "evil.example", true);
	add_part(&list, 1, "a.evil.example", true);
	add_part(&list, 2, "evil", false);
	opened = open_list(&list);
	check_find(&opened, NULL, "http://evil.example/a", "2@7-11 0@7-19");
	check_find(&opened, NULL, "看evil.example。", "2@1-5 0@1-13");
	check_find(&opened, NULL, "x.a.EVIL.example:80", "1@2-16 2@4-8 0@4-16");
	check_find(&opened, NULL, "ｅｖｉｌ．ｅｘａｍｐｌｅ", "2@0-4 0@0-12");
	check_find(&opened, NULL, "notevil.example", "2@3-7");
	check_find(&opened, NULL, "evil.example.com", "2@0-4");
	check_find(&opened, NULL, "evil.example.", "2@0-4 0@0-12");
	check_find(&opened, NULL, "http://a.cn/evil.example", "2@12-16");
	check_find(&opened, NULL, "http://a.cn?to=evil.example", "2@15-19 0@15-27");
	check_find(&opened, NULL, "evil.examples", "2@0-4");
	free(opened.image);
	free_list(&list);
}

static void
test_refused_lists(void)
{
	static uint32_t points[300] = {'a'};
	KefuPart	part = {points, 0, 0};
	void	   *image;
	size_t		size;
	KefuMatcher matcher;

	CHECK(kefu_matcher_build(&part, 1, 1, &image, &size) != NULL);
	part.count = 256;
	CHECK(kefu_matcher_build(&part, 1, 1, &image, &size) != NULL);
	part.count = 1;
	CHECK(kefu_matcher_build(&part, 1, 0, &image, &size) != NULL);
	points[0] = KEFU_HOST_END + 1;
	CHECK(kefu_matcher_build(&part, 1, 1, &image, &size) != NULL);
	points[0] = 0xDC00;
	CHECK(kefu_matcher_build(&part, 1, 1, &image, &size) != NULL);
	/* no words at all is a list like any other */
	CHECK(kefu_matcher_build(NULL, 0, 0, &image, &size) == NULL);
	CHECK_INT(kefu_matcher_open(image, size, &matcher), KEFU_IMAGE_SOUND);
	free(image);
}

/* Every image with one changed byte is seen; of other machines it is stale. */
static void
test_damaged_images(void)
{
	List		list = new_list();
	Opened		opened;
	KefuMatcher matcher;

	add_part(&list, 0, "abc", false);
	add_part(&list, 1, "bcd", false);
	add_part(&list, 1, "c.d", true);
	opened = open_list(&list);
	for (size_t i = 0; i < opened.size; i += 1 + i % 7)
	{
		((unsigned char *) opened.image)[i] ^= 0x41;
		CHECK(kefu_matcher_open(opened.image, opened.size, &matcher) != KEFU_IMAGE_SOUND);
		((unsigned char *) opened.image)[i] ^= 0x41;
	}
	CHECK_INT(kefu_matcher_open(opened.image, opened.size - 4, &matcher), KEFU_IMAGE_BROKEN);
	CHECK_INT(kefu_matcher_open(opened.image, 8, &matcher), KEFU_IMAGE_BROKEN);
	((uint32_t *) opened.image)[1]++;
	CHECK_INT(kefu_matcher_open(opened.image, opened.size, &matcher), KEFU_IMAGE_STALE);
	((uint32_t *) opened.image)[1]--;
	((uint32_t *) opened.image)[3]++;
	CHECK_INT(kefu_matcher_open(opened.image, opened.size, &matcher), KEFU_IMAGE_STALE);
	((uint32_t *) opened.image)[3]--;
	for (size_t i = 0; i < opened.size; i += 4)
	{
		uint32_t   *word = (uint32_t *) ((char *) opened.image + i);

		*word = __builtin_bswap32(*word);
	}
	CHECK_INT(kefu_matcher_open(opened.image, opened.size, &matcher), KEFU_IMAGE_STALE);
	free(opened.image);
	free_list(&list);
}

/* --- against a naive search ------------------------------------------------------------ */

/* Words of 1 to 3 parts of 1 to 6 code points out of an alphabet. */
static void
random_words(List *list, uint64_t *state, uint32_t words, uint32_t first, uint32_t letters)
{
	for (uint32_t word = 0; word < words; word++)
	{
		int			parts = check_random(state) % 8 == 0 ? 2 : 1;

		for (int i = 0; i < parts; i++)
		{
			uint32_t   *at = list->points + list->used;
			uint32_t	count = (uint32_t) check_random_between(state, 1, 6);

			for (uint32_t k = 0; k < count; k++)
				at[k] = first + (uint32_t) (check_random(state) % letters);
			list->parts[list->count++] = (KefuPart) {at, count, word};
			list->used += count;
		}
	}
	list->words = words;
}

static bool
stands_at(const KefuPart *part, const uint32_t *text, uint32_t count, uint32_t at)
{
	return part->count <= count - at &&
		memcmp(part->points, text + at, sizeof(uint32_t) * part->count) == 0;
}

static bool
is_inside(const KefuHits *allowed, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < allowed->count; i++)
		if (allowed->hits[i].from <= from && to <= allowed->hits[i].to)
			return true;
	return false;
}

/* First place of a part that no allowed word covers; false if there is none. */
static bool
first_place(const KefuPart *part, const uint32_t *text, uint32_t count,
			const KefuHits *allowed, uint32_t *at)
{
	for (*at = 0; *at < count; (*at)++)
		if (stands_at(part, text, count, *at) && !is_inside(allowed, *at, *at + part->count))
			return true;
	return false;
}

static void
naive_search(const List *list, const uint32_t *text, uint32_t count, const KefuHits *allowed,
			 KefuHits *found)
{
	found->count = 0;
	for (size_t i = 0, end; i < list->count; i = end)
	{
		const KefuPart *part = &list->parts[i];
		bool		is_one = true;

		for (end = i + 1; end < list->count && list->parts[end].word == part->word; end++)
			is_one &= list->parts[end].count == part->count &&
				memcmp(list->parts[end].points, part->points, 4 * part->count) == 0;
		if (is_one)
		{
			for (uint32_t at = 0; at < count; at++)
				if (stands_at(part, text, count, at) && !is_inside(allowed, at, at + part->count))
					found->hits[found->count++] = (KefuHit) {part->word, at, at + part->count};
		}
		else
		{
			KefuHit		hit = {part->word, UINT32_MAX, 0};
			bool		all = true;

			for (size_t k = i; k < end && all; k++)
			{
				uint32_t	at;

				all = first_place(&list->parts[k], text, count, allowed, &at);
				if (all && at < hit.from)
					hit.from = at;
				if (all && at + list->parts[k].count > hit.to)
					hit.to = at + list->parts[k].count;
			}
			if (all)
				found->hits[found->count++] = hit;
		}
	}
}

static uint64_t
hash_of(const KefuHits *hits)
{
	uint64_t	sum = 0;

	for (size_t i = 0; i < hits->count; i++)
	{
		uint64_t	x = hits->hits[i].word * UINT64_C(0x9e3779b97f4a7c15) +
			hits->hits[i].from * UINT64_C(0xbf58476d1ce4e5b9) + hits->hits[i].to;

		sum += (x ^ (x >> 31)) * UINT64_C(0x94d049bb133111eb);
	}
	return sum;
}

static void
compare_with_naive(uint32_t words, uint32_t first, uint32_t letters, int texts)
{
	static KefuHit naive_hits[6 * MOST_WORDS];
	List		list = new_list();
	List		allowing = new_list();
	uint64_t	state = 47 + words + letters;
	Opened		opened;
	Opened		allow;
	size_t		seen = 0;

	random_words(&list, &state, words, first, letters);
	random_words(&allowing, &state, 20, first, letters);
	for (size_t i = 0; i < allowing.count; i++)
		allowing.parts[i].word = (uint32_t) i;
	allowing.words = (uint32_t) allowing.count;
	opened = open_list(&list);
	allow = open_list(&allowing);
	for (int i = 0; i < texts; i++)
	{
		KefuArena	arena = {0};
		KefuHits	naive = {.hits = naive_hits};
		KefuHits	allowed;
		KefuHits	found;
		uint32_t	points[140];
		char		utf8[4 * 140];
		uint32_t	count = (uint32_t) check_random_between(&state, 0, 140);
		size_t		len = 0;

		for (uint32_t k = 0; k < count; k++)
		{
			points[k] = first + (uint32_t) (check_random(&state) % letters);
			len += kefu_utf8(points[k], utf8 + len);
		}
		CHECK(find_words(&allow.matcher, utf8, len, NULL, &arena, &allowed));
		CHECK(find_words(&opened.matcher, utf8, len, &allowed, &arena, &found));
		naive_search(&list, points, count, &allowed, &naive);
		CHECK_INT((int64_t) found.count, (int64_t) naive.count);
		CHECK(hash_of(&found) == hash_of(&naive));
		for (size_t k = 1; k < found.count; k++)
			CHECK(found.hits[k - 1].from <= found.hits[k].from);
		seen += found.count;
		kefu_arena_free(&arena);
	}
	CHECK(seen > 0);
	free(opened.image);
	free(allow.image);
	free_list(&list);
	free_list(&allowing);
}

/* --- lists made to do harm --------------------------------------------------------- */

static int	pauses;

/* KefuPauseFn */
static void
count_pause(void)
{
	pauses++;
}

/* KefuFoundFn */
static bool
count_place(void *state, uint32_t part, uint32_t from, uint32_t to)
{
	(void) part;
	*(int64_t *) state += to > from;
	return false;
}

/* Entries looked at in a text of so many a's, with a b behind; the places found. */
static uint64_t
look_at_letters(const List *list, size_t letters, int64_t *places)
{
	Opened		opened = open_list(list);
	KefuArena	arena = {0};
	KefuFolded	form;
	char	   *text = malloc(letters + 1);
	uint64_t	looked_at;

	memset(text, 'a', letters);
	text[letters] = 'b';
	*places = pauses = 0;
	CHECK(kefu_fold_text(text, letters + 1, &arena, &form));
	looked_at = kefu_matcher_scan(&opened.matcher, &form, count_place, places, count_pause);
	kefu_arena_free(&arena);
	free(opened.image);
	free(text);
	return looked_at;
}

/* Adds a word of some a's and, up to a length, letters on one side of a by a number. */
static void
add_letters(List *list, uint32_t word, uint32_t letters, uint32_t length, uint32_t number)
{
	uint32_t   *at = list->points + list->used;

	for (uint32_t i = 0; i < length; i++, number /= 4)
		at[i] = i < letters ? 'a' : (number % 2 == 0 ? 'A' : 'b') + number % 4;
	list->parts[list->count++] = (KefuPart) {at, length, word};
	list->used += length;
	list->words = word + 1;
}

/*
 * Words that go on like the text for up to 254 units and leave it by ones, on
 * both sides: at each place no more entries are looked at than a binary search takes.
 */
static void
test_harmful_words(void)
{
	List		list = {
		.parts = malloc(sizeof(KefuPart) * MOST_WORDS),
		.points = malloc(sizeof(uint32_t) * KEFU_PART_LONGEST * MOST_WORDS)
	};
	const size_t letters = 20000;
	int64_t		places;

	for (uint32_t word = 0; word + 1 < MOST_WORDS; word++)
		add_letters(&list, word, 3 + word % 252, KEFU_PART_LONGEST, word / 252);
	add_letters(&list, MOST_WORDS - 1, 254, KEFU_PART_LONGEST, 1);
	list.points[list.used - 1] = 'b';
	CHECK(look_at_letters(&list, letters, &places) <= 17 * letters);
	CHECK_INT(places, 1);
	CHECK_INT(pauses, (int64_t) (letters + 1 + 1023) / 1024);
	free_list(&list);
}

/* Words that begin with one another: no more than there are of them on top. */
static void
test_harmful_nest(void)
{
	List		list = new_list();
	const size_t letters = 20000;
	int64_t		places;

	for (uint32_t word = 0; word < KEFU_PART_LONGEST - 55; word++)
		add_letters(&list, word, 3 + word, 3 + word, 0);
	CHECK(look_at_letters(&list, letters, &places) <= (8 + 200) * letters);
	/* all of them, but for the last places */
	CHECK_INT(places, 200 * (int64_t) letters - 202 * 201 / 2 + 1);
	free_list(&list);
}

static void
test_naive_small(void)
{
	compare_with_naive(10, 'a', 2, 200);
	compare_with_naive(300, 'a', 2, 100);
	compare_with_naive(500, 'a', 6, 200);
}

/* Characters that are their own normal form: 一 to 三 and on are checked to be. */
static void
test_naive_many(void)
{
	compare_with_naive(MOST_WORDS, 'a', 26, 6);
	compare_with_naive(MOST_WORDS, 0x4E00, 3, 6);
}

int
main(void)
{
	RUN(test_fold);
	RUN(test_fold_rests);
	RUN(test_fold_text);
	RUN(test_words);
	RUN(test_lengths);
	RUN(test_nested);
	RUN(test_hosts);
	RUN(test_refused_lists);
	RUN(test_damaged_images);
	RUN(test_naive_small);
	RUN(test_naive_many);
	RUN(test_harmful_words);
	RUN(test_harmful_nest);
	return check_result();
}
