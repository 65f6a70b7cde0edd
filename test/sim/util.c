/*
 * util.c
 *	  See util.h.
 */
#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
out_of_memory(void)
{
	fputs("kefu-sim: out of memory\n", stderr);
	abort();
}

void *
sim_alloc(size_t size)
{
	void	   *p = calloc(1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *
sim_realloc(void *old, size_t size)
{
	void	   *p = realloc(old, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

char *
sim_strdup(const char *text)
{
	char	   *copy;

	if (!text)
		return NULL;
	copy = strdup(text);
	if (!copy)
		out_of_memory();
	return copy;
}

char *
sim_format(const char *format,...)
{
	va_list		args;
	char	   *text = NULL;
	int			len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		out_of_memory();
	return text;
}

void
vec_push(struct vec *vec, void *value)
{
	if (vec->n == vec->cap)
	{
		vec->cap = vec->cap ? vec->cap * 2 : 4;
		vec->at = sim_realloc(vec->at, vec->cap * sizeof(*vec->at));
	}
	vec->at[vec->n++] = value;
}

void
vec_free(struct vec *vec)
{
	free(vec->at);
	memset(vec, 0, sizeof(*vec));
}

/* FNV-1a, from its public description. */
static uint64_t
hash_text(const char *key)
{
	uint64_t	h = 14695981039346656037u;

	for (; *key; key++)
		h = (h ^ (unsigned char) *key) * 1099511628211u;
	return h;
}

static struct map_slot *
map_find(const struct map *map, const char *key)
{
	size_t		i = hash_text(key) & (map->cap - 1);

	while (map->slot[i].key && strcmp(map->slot[i].key, key) != 0)
		i = (i + 1) & (map->cap - 1);
	return &map->slot[i];
}

static void
map_grow(struct map *map)
{
	struct map	old = *map;

	map->cap = old.cap ? old.cap * 2 : 16;
	map->slot = sim_alloc(map->cap * sizeof(*map->slot));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slot[i].key)
			*map_find(map, old.slot[i].key) = old.slot[i];
	free(old.slot);
}

void *
map_get(const struct map *map, const char *key)
{
	return map->cap && key ? map_find(map, key)->value : NULL;
}

void
map_put(struct map *map, const char *key, void *value)
{
	struct map_slot *slot;

	if ((map->n + 1) * 4 > map->cap * 3)
		map_grow(map);
	slot = map_find(map, key);
	if (!slot->key)
	{
		slot->key = sim_strdup(key);
		map->n++;
	}
	slot->value = value;
}

void
map_free(struct map *map)
{
	for (size_t i = 0; i < map->cap; i++)
		free(map->slot[i].key);
	free(map->slot);
	memset(map, 0, sizeof(*map));
}

int64_t
sim_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t
sim_mix(uint64_t seed, uint64_t n)
{
	uint64_t	z = seed + (n + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

bool
sim_chance(uint64_t seed, uint64_t n, double p)
{
	return (double) (sim_mix(seed, n) >> 11) / (double) (UINT64_C(1) << 53) < p;
}

bool
is_digits(const char *text)
{
	if (!text || !*text)
		return false;
	for (; *text; text++)
		if (*text < '0' || *text > '9')
			return false;
	return true;
}

int
digits_cmp(const char *a, const char *b)
{
	size_t		la = strlen(a);
	size_t		lb = strlen(b);

	if (la != lb)
		return la < lb ? -1 : 1;
	return strcmp(a, b);
}

/* Length of the code point that starts at p, 0 when it isn't well formed. */
static size_t
utf8_step(const unsigned char *p, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t		len = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	uint32_t	c;

	if (len == 1)
		return 1;
	if (*p < 0xc2 || *p > 0xf4 || len > left)
		return 0;
	c = *p & (0x7f >> len);
	for (size_t i = 1; i < len; i++)
	{
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

bool
utf8_valid(const char *text, size_t len)
{
	size_t		step;

	for (size_t i = 0; i < len; i += step)
	{
		step = utf8_step((const unsigned char *) text + i, len - i);
		if (step == 0 || text[i] == '\0')
			return false;
	}
	return true;
}

size_t
text_halves(const char *text)
{
	size_t		n = 0;

	for (; *text; text++)
		if (((unsigned char) *text & 0xc0) != 0x80)
			n += (unsigned char) *text < 0x80 ? 1 : 2;
	return n;
}

static int
upper_hex(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int) (at - digits) : -1;
}

bool
text_decode_again(char *text)
{
	char	   *to = text;

	for (const char *from = text; *from; from++)
	{
		if ((unsigned char) *from >= 0x80 || *from == ' ')
			return false;
		if (*from == '%')
		{
			if (upper_hex(from[1]) < 0 || upper_hex(from[2]) < 0)
				return false;
			*to++ = (char) (upper_hex(from[1]) << 4 | upper_hex(from[2]));
			from += 2;
		}
		else
			*to++ = *from;
	}
	*to = '\0';
	return utf8_valid(text, strlen(text));
}
