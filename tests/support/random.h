/* random.h - reproducible random numbers for tests.
 *
 * random_seed() takes SLUICE_SEED from the environment, else the clock, and prints what it took, so that any failure
 * can be run again. The generator is splitmix64 (Steele, Lea, Flood 2014). */
#ifndef TESTS_SUPPORT_RANDOM_H
#define TESTS_SUPPORT_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_u64(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Uniform enough in 0 .. n-1 for small n. */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)((random_u64(r) >> 32) * n >> 32);
}

/* How many random cases to run of n, one at least: the part that SLUICE_CASES_PART asks for where every one takes long. */
static inline int random_cases(int n)
{
	const char *given = getenv("SLUICE_CASES_PART");
	int part = given ? atoi(given) : 1;

	return part > 1 ? (n + part - 1) / part : n;
}

static inline void random_seed(struct random *r)
{
	const char *given = getenv("SLUICE_SEED");

	r->state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("seed: SLUICE_SEED=%llu\n", (unsigned long long)r->state);
	fflush(stdout);
}

#endif
