/*
 * check.h
 *		The host tests' whole framework.
 *
 * A test file is a program: functions that CHECK, called by RUN from a main()
 * that returns check_result().
 */
#ifndef KEFU_CHECK_H
#define KEFU_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	checks_made;
static int	checks_failed;

/* Records a failure without stopping, so that one run shows them all. */
#define CHECK(condition) \
	check_that((condition), __FILE__, __LINE__, "%s", #condition)

#define CHECK_INT(actual, expected) \
	do { \
		int64_t		actual_ = (actual); \
		int64_t		expected_ = (expected); \
		check_that(actual_ == expected_, __FILE__, __LINE__, \
				   "%s is %" PRId64 ", not %" PRId64, #actual, actual_, expected_); \
	} while (0)

#define CHECK_STR(actual, expected) \
	do { \
		const char *actual_ = (actual); \
		const char *expected_ = (expected); \
		check_that(actual_ != NULL && strcmp(actual_, expected_) == 0, \
				   __FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #actual, \
				   actual_ != NULL ? actual_ : "(null)", expected_); \
	} while (0)

#define RUN(test) \
	do { \
		int			failed_before_ = checks_failed; \
		int			made_before_ = checks_made; \
		test(); \
		printf("%s %s (%d checks)\n", checks_failed == failed_before_ ? "ok  " : "FAIL", \
			   #test, checks_made - made_before_); \
	} while (0)

#define check_that(condition, file, line, ...) \
	do { \
		checks_made++; \
		if (!(condition) && checks_failed++ < 50) \
		{ \
			printf("%s:%d: ", file, line); \
			printf(__VA_ARGS__); \
			printf("\n"); \
		} \
	} while (0)

/* A program that checked nothing has failed. */
static inline int
check_result(void)
{
	printf("%d checks, %d failed\n", checks_made, checks_failed);
	return checks_failed > 0 || checks_made == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A reproducible generator (xorshift64): the same numbers on every machine. */
static inline uint64_t
check_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Uniform enough in [low, high]. */
static inline int64_t
check_random_between(uint64_t *state, int64_t low, int64_t high)
{
	return low + (int64_t) (check_random(state) % (uint64_t) (high - low + 1));
}

#endif							/* KEFU_CHECK_H */
