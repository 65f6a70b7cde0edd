/*
 * util.h
 *	  Memory, vectors, a string map and UTF-8 checks for the simulator.
 *
 * Guarantees: allocation never returns NULL (the process ends with a message
 * instead, a simulator has nothing to save).  Maps copy their keys and own
 * nothing else.
 */
#ifndef SIM_UTIL_H
#define SIM_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vec
{
	void	  **at;
	size_t		n;
	size_t		cap;
};

struct map_slot
{
	char	   *key;
	void	   *value;
};

struct map
{
	struct map_slot *slot;
	size_t		n;
	size_t		cap;			/* 0 or a power of two */
};

void	   *sim_alloc(size_t size);
void	   *sim_realloc(void *old, size_t size);
char	   *sim_strdup(const char *text);
char	   *sim_format(const char *format,...) __attribute__((format(printf, 1, 2)));

void		vec_push(struct vec *vec, void *value);
void		vec_free(struct vec *vec);

/* NULL when absent. Putting NULL takes the key out of sight. */
void	   *map_get(const struct map *map, const char *key);
void		map_put(struct map *map, const char *key, void *value);
void		map_free(struct map *map);

/* Milliseconds since the epoch. */
int64_t		sim_now_ms(void);

/* A fixed, well mixed function of its two arguments (splitmix64's finish). */
uint64_t	sim_mix(uint64_t seed, uint64_t n);

/* The n-th throw of dice that say yes with probability p, the same for a seed. */
bool		sim_chance(uint64_t seed, uint64_t n, double p);

bool		is_digits(const char *text);

/* Order of two decimal numbers of any length without leading zeros. */
int			digits_cmp(const char *a, const char *b);

bool		utf8_valid(const char *text, size_t len);

/* Half characters: a code point below 0x80 is 1, any other 2. */
size_t		text_halves(const char *text);

/*
 * Takes a second percent-encoding off in place.  A text that has only one is refused:
 * the client hasn't read the documentation.
 */
bool		text_decode_again(char *text);

#endif
