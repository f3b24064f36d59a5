/* poisson.c - Poisson counts by inversion. See poisson.h. Pure: memory is taken when tables are made, nowhere else. */
#include "bench/detector/poisson.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define GUIDES 256
#define AMBIGUOUS 0x8000u /* in a guide: the 8 bits alone do not decide; the rest is the smallest candidate */

struct zone {
	uint32_t first;  /* the count that cdf[0] stands for */
	uint32_t n;
	uint32_t *cdf;   /* cdf[k]: floor(2^32 P(count <= first + k)); the last one is UINT32_MAX */
};

struct poisson_table {
	size_t n;
	struct zone *zone;
	uint16_t (*guide)[GUIDES]; /* relative to zone.first */
};

/* Smallest k in [low, high] with u < cdf[k]; high where none is. */
static uint32_t invert(const uint32_t *cdf, uint32_t low, uint32_t high, uint32_t u)
{
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (u < cdf[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int zone_make(struct zone *zone, uint16_t guide[GUIDES], double mean)
{
	double spread = 8 * sqrt(mean) + 20, low = floor(mean - spread), sum = 0;
	int sign; /* lgamma would write it to a global, which threads share */

	zone->first = low > 0 ? (uint32_t)low : 0;
	zone->n = mean > 0 ? (uint32_t)(ceil(mean + spread) - zone->first) : 1;
	zone->cdf = malloc(zone->n * sizeof *zone->cdf);
	if (!zone->cdf)
		return -ENOMEM;
	for (uint32_t k = 0; k < zone->n; k++) {
		double count = (double)zone->first + k, scaled;

		sum += mean > 0 ? exp(count * log(mean) - mean - lgamma_r(count + 1, &sign)) : 1;
		scaled = floor(sum * 0x1p32);
		zone->cdf[k] = scaled < 0xffffffff ? (uint32_t)scaled : UINT32_MAX;
	}
	zone->cdf[zone->n - 1] = UINT32_MAX;
	for (uint32_t g = 0; g < GUIDES; g++) {
		uint32_t a = invert(zone->cdf, 0, zone->n - 1, g << 24);
		uint32_t b = invert(zone->cdf, a, zone->n - 1, (g << 24) | 0xffffff);

		guide[g] = (uint16_t)(a == b ? a : a | AMBIGUOUS);
	}
	return 0;
}

int poisson_open(struct poisson_table **out, const double *mean, size_t n)
{
	struct poisson_table *t = calloc(1, sizeof *t);
	int error = -ENOMEM;

	*out = NULL;
	if (!t)
		return -ENOMEM;
	t->n = n;
	t->zone = calloc(n, sizeof *t->zone);
	t->guide = calloc(n, sizeof *t->guide);
	if (!t->zone || !t->guide)
		goto fail;
	for (size_t i = 0; i < n; i++) {
		error = mean[i] >= 0 && mean[i] <= POISSON_MEAN_MAX ? zone_make(&t->zone[i], t->guide[i], mean[i]) : -EINVAL;
		if (error)
			goto fail;
	}
	*out = t;
	return 0;
fail:
	poisson_close(&t);
	return error;
}

void poisson_close(struct poisson_table **table)
{
	struct poisson_table *t = *table;

	if (!t)
		return;
	for (size_t i = 0; t->zone && i < t->n; i++)
		free(t->zone[i].cdf);
	free(t->zone);
	free(t->guide);
	free(t);
	*table = NULL;
}

static uint32_t pixel_draw(const struct poisson_table *t, unsigned zone_index, unsigned word, struct random_stream *random)
{
	const struct zone *zone = &t->zone[zone_index];
	uint32_t guide = t->guide[zone_index][word >> 8];

	if (guide & AMBIGUOUS) {
		uint32_t u = (uint32_t)word << 16 | (uint32_t)(random_next(random) >> 48);

		guide = invert(zone->cdf, guide & ~AMBIGUOUS, zone->n - 1, u);
	}
	return zone->first + guide;
}

void poisson_fill(const struct poisson_table *t, const uint16_t *zone, uint32_t *out, size_t n, struct random_stream *random)
{
	struct random_stream local = *random; /* in registers: out may alias nothing that the compiler can prove */

	for (size_t i = 0; i < n; i += 4) {
		uint64_t bits = random_next(&local);
		size_t end = n - i < 4 ? n - i : 4;

		for (size_t j = 0; j < end; j++, bits >>= 16)
			out[i + j] = pixel_draw(t, zone[i + j], bits & 0xffff, &local);
	}
	*random = local;
}

uint32_t poisson_draw(double mean, struct random_stream *random)
{
	uint32_t total = 0;

	if (!(mean > 0))
		return 0;
	if (mean > POISSON_MEAN_MAX)
		mean = POISSON_MEAN_MAX;
	while (mean > 0) { /* a sum of Poisson counts is one: pieces small enough for exp(-mean) */
		double piece = mean > 500 ? 500 : mean, p = exp(-piece), u = random_next_unit(random);
		uint32_t k = 0;

		for (double sum = p; u >= sum && k < 2000; sum += p)
			p *= piece / ++k;
		total += k;
		mean -= piece;
	}
	return total;
}
