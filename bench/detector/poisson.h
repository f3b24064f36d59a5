/* poisson.h - Poisson counts by the million.
 *
 * For background.c and render.c. A zone is one expected value; a pixel draws 16 random bits, and the upper 8 of them mostly decide. Where
 * they do not, 16 more bits complete a 32-bit number for the exact inversion, so that tails are right to 2^-32. */
#ifndef BENCH_DETECTOR_POISSON_H
#define BENCH_DETECTOR_POISSON_H

#include <stddef.h>
#include <stdint.h>

#include "bench/detector/random.h"

struct poisson_table; /* one cumulative distribution per zone */

/* Tables for n zones with these expected values (0 to POISSON_MEAN_MAX). -ENOMEM, -EINVAL. */
#define POISSON_MEAN_MAX 1e6
int poisson_open(struct poisson_table **out, const double *mean, size_t n);
void poisson_close(struct poisson_table **table);

/* n counts: out[i] is drawn with the expected value of zone[i] (which must exist). */
void poisson_fill(const struct poisson_table *table, const uint16_t *zone, uint32_t *out, size_t n, struct random_stream *random);

/* One count with any expected value, for the few pixels that have one of their own. */
uint32_t poisson_draw(double mean, struct random_stream *random);

#endif
