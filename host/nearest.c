/* nearest.c - edit distance between short words. Touches nothing but its arguments. */
#include "host/nearest.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned row[3][NEAREST_MAX + 1];
	size_t n_a = strnlen(a, NEAREST_MAX), n_b = strnlen(b, NEAREST_MAX);

	for (size_t j = 0; j <= n_b; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n_a; i++) {
		unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *two_before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= n_b; j++) {
			now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], two_before[j - 2] + 1);
		}
	}
	return row[n_a % 3][n_b];
}

bool nearest_is_near(unsigned distance, const char *typed)
{
	size_t allowed = 1 + strnlen(typed, NEAREST_MAX) / 5;

	return distance <= (allowed > 3 ? 3 : allowed);
}

const char *nearest_word(const char *typed, const char *const *candidate, size_t n)
{
	const char *best = NULL;
	unsigned best_distance = ~0u;

	for (size_t i = 0; i < n; i++) {
		unsigned distance = nearest_distance(typed, candidate[i]);

		if (distance < best_distance) {
			best_distance = distance;
			best = candidate[i];
		}
	}
	return best && nearest_is_near(best_distance, typed) ? best : NULL;
}
