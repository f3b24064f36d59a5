/* score_ice.c - ice: the powder rings that spots may lie on, and the diffuse rings in the radial profile.
 *
 * For score.c (see score_parts.h); definitions in algorithms.md section 5. */
#include <math.h>
#include <stdlib.h>

#include "kernels/score_parts.h"

#define ICE_A 4.498
#define ICE_C 7.338
#define SCALE (4.0 / (3.0 * ICE_A * ICE_A))
#define RING_HALF_WIDTH 0.002

/* Is there an l with base + (l / c)^2 within the half width of x? Only the two nearest can be. */
static bool near_layer(double x, double base, unsigned step)
{
	double l = x > base ? sqrt(x - base) * ICE_C : 0.0;
	double below = floor(l / step) * step, above = below + step;

	return fabs(base + below * below / (ICE_C * ICE_C) - x) < RING_HALF_WIDTH ||
	       fabs(base + above * above / (ICE_C * ICE_C) - x) < RING_HALF_WIDTH;
}

/* The same for all l together; h >= k >= 0 are all that differ. The glide plane of P6_3/mmc leaves h h l with even l only. */
static bool near_any(double x)
{
	const double limit = x + RING_HALF_WIDTH;

	for (uint32_t h = 0; SCALE * h * h < limit; h++)
		for (uint32_t k = 0; k <= h; k++) {
			double base = SCALE * ((double)h * h + (double)h * k + (double)k * k);
			if (base >= limit)
				break;
			if (near_layer(x, base, h == k ? 2 : 1))
				return true;
		}
	return false;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

uint32_t score_rings(double *x, uint32_t room)
{
	uint32_t n = 0;

	for (uint32_t h = 0; SCALE * h * h <= SCORE_RINGS_TO; h++)
		for (uint32_t k = 0; k <= h; k++)
			for (uint32_t l = 0; l * l <= SCORE_RINGS_TO * ICE_C * ICE_C; l += h == k ? 2 : 1) {
				double at = SCALE * ((double)h * h + (double)h * k + (double)k * k) + (double)l * l / (ICE_C * ICE_C);

				if (at == 0.0 || at > SCORE_RINGS_TO) /* 0 0 0 is no reflection, and no other is near it */
					continue;
				if (n < room)
					x[n] = at;
				n++;
			}
	if (n <= room)
		qsort(x, n, sizeof *x, ascending);
	return n;
}

bool score_on_ice_ring(const struct score_scratch *scratch, double x)
{
	uint32_t at = 0, n = scratch->n_rings;

	if (!(x < SCORE_RINGS_TO - RING_HALF_WIDTH))
		return near_any(x);
	while (n > 1) { /* ring[at] is the last one not above x, or the first of all */
		uint32_t half = n / 2;

		at = scratch->ring[at + half] <= x ? at + half : at;
		n -= half;
	}
	return fabs(scratch->ring[at] - x) < RING_HALF_WIDTH || fabs(scratch->ring[at + 1] - x) < RING_HALF_WIDTH;
}

/* Ranges of 1/d^2 where hexagonal and cubic ice scatter. */
static const struct range {
	double from, to;
} ranges[SCORE_ICE_RANGES] = { { 0.0640, 0.0690 }, { 0.0710, 0.0780 }, { 0.0825, 0.0880 }, { 0.138, 0.144 },
	       { 0.190, 0.205 },   { 0.228, 0.240 },   { 0.262, 0.278 },   { 0.280, 0.288 } };

/* Pixels, counts and mean position of a set of bins. */
struct part {
	double pixels, counts, x_pixels;
};

static struct part sum_up(const struct score_bins *bins, uint32_t set, const uint64_t *bin_sum, const uint32_t *bin_count)
{
	struct part part = { 0 };

	for (uint32_t i = bins->set[set]; i < bins->set[set + 1]; i++) {
		uint32_t b = bins->member[i];
		part.pixels += bin_count[b];
		part.counts += (double)bin_sum[b];
		part.x_pixels += bins->x[b] * bin_count[b];
	}
	return part;
}

/* Where a flank ends that begins at the edge of range i and goes down (-1) or up (+1): as wide as the range, not counting other ranges. */
static double flank_end(size_t i, int direction)
{
	double left = ranges[i].to - ranges[i].from, at = direction < 0 ? ranges[i].from : ranges[i].to;

	for (size_t j = i + (size_t)direction; j < SCORE_ICE_RANGES; j += (size_t)direction) {
		double gap = direction < 0 ? at - ranges[j].to : ranges[j].from - at;
		if (gap >= left)
			break;
		left -= gap;
		at = direction < 0 ? ranges[j].from : ranges[j].to;
	}
	return at + direction * left;
}

static bool in_any_range(double x)
{
	for (size_t i = 0; i < SCORE_ICE_RANGES; i++)
		if (x >= ranges[i].from && x <= ranges[i].to)
			return true;
	return false;
}

bool score_in_ice_part(uint32_t i, enum score_part part, double x)
{
	if (part == SCORE_INSIDE)
		return x >= ranges[i].from && x <= ranges[i].to;
	if (in_any_range(x))
		return false;
	return part == SCORE_LOW ? x >= flank_end(i, -1) && x < ranges[i].from : x <= flank_end(i, +1) && x > ranges[i].to;
}

static double score_range(uint32_t i, const struct score_bins *bins, const uint64_t *bin_sum, const uint32_t *bin_count)
{
	const struct part inside = sum_up(bins, i * SCORE_PARTS + SCORE_INSIDE, bin_sum, bin_count);
	const struct part low = sum_up(bins, i * SCORE_PARTS + SCORE_LOW, bin_sum, bin_count);
	const struct part high = sum_up(bins, i * SCORE_PARTS + SCORE_HIGH, bin_sum, bin_count);

	if (inside.pixels == 0.0 || low.pixels == 0.0 || high.pixels == 0.0)
		return NAN;
	double low_x = low.x_pixels / low.pixels, low_mean = low.counts / low.pixels;
	double high_x = high.x_pixels / high.pixels, high_mean = high.counts / high.pixels;
	double slope = (high_mean - low_mean) / (high_x - low_x);
	/* Summed over the bins inside, a straight line is its value at their mean position. */
	double expected = (low_mean + slope * (inside.x_pixels / inside.pixels - low_x)) * inside.pixels;
	double total = inside.counts + expected;
	return total > 0.0 ? (inside.counts - expected) / sqrt(total) : 0.0;
}

double score_ice(const struct score_bins *bins, const uint64_t *bin_sum, const uint32_t *bin_count)
{
	double largest = NAN;

	for (uint32_t i = 0; i < SCORE_ICE_RANGES; i++)
		largest = fmax(largest, score_range(i, bins, bin_sum, bin_count)); /* fmax passes over NaN */
	return largest;
}
