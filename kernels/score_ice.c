/* score_ice.c - ice: the powder rings that spots may lie on, and the diffuse rings in the radial profile.
 *
 * For score.c (see score_parts.h); definitions in algorithms.md section 5. */
#include <math.h>

#include "kernels/score_parts.h"

#define ICE_A 4.498
#define ICE_C 7.338
#define RING_HALF_WIDTH 0.002

/* Is there an l with base + (l / c)^2 within the half width of x? Only the two nearest can be. */
static bool near_layer(double x, double base, unsigned step)
{
	double l = x > base ? sqrt(x - base) * ICE_C : 0.0;
	double below = floor(l / step) * step, above = below + step;

	return fabs(base + below * below / (ICE_C * ICE_C) - x) < RING_HALF_WIDTH ||
	       fabs(base + above * above / (ICE_C * ICE_C) - x) < RING_HALF_WIDTH;
}

/* h >= k >= 0 and l >= 0 are all that differ; the glide plane of P6_3/mmc leaves h h l with even l only. */
bool score_on_ice_ring(double x)
{
	const double scale = 4.0 / (3.0 * ICE_A * ICE_A), limit = x + RING_HALF_WIDTH;

	if (fabs(x) < RING_HALF_WIDTH) /* 0 0 0 is no reflection, and no other is this near */
		return false;
	for (uint32_t h = 0; scale * h * h < limit; h++)
		for (uint32_t k = 0; k <= h; k++) {
			double base = scale * ((double)h * h + (double)h * k + (double)k * k);
			if (base >= limit)
				break;
			if (near_layer(x, base, h == k ? 2 : 1))
				return true;
		}
	return false;
}

/* Ranges of 1/d^2 where hexagonal and cubic ice scatter. */
static const struct range {
	double from, to;
} ranges[] = { { 0.0640, 0.0690 }, { 0.0710, 0.0780 }, { 0.0825, 0.0880 }, { 0.138, 0.144 },
	       { 0.190, 0.205 },   { 0.228, 0.240 },   { 0.262, 0.278 },   { 0.280, 0.288 } };
#define RANGES (sizeof ranges / sizeof *ranges)

/* Pixels, counts and mean position of a set of bins. */
struct part {
	double pixels, counts, x_pixels;
};

static void add(struct part *part, double x, uint64_t sum, uint32_t count)
{
	part->pixels += count;
	part->counts += (double)sum;
	part->x_pixels += x * count;
}

/* Where a flank ends that begins at the edge of range i and goes down (-1) or up (+1): as wide as the range, not counting other ranges. */
static double flank_end(size_t i, int direction)
{
	double left = ranges[i].to - ranges[i].from, at = direction < 0 ? ranges[i].from : ranges[i].to;

	for (size_t j = i + (size_t)direction; j < RANGES; j += (size_t)direction) {
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
	for (size_t i = 0; i < RANGES; i++)
		if (x >= ranges[i].from && x <= ranges[i].to)
			return true;
	return false;
}

static double score_range(size_t i, const struct plan *plan, const double *bin_x, const uint64_t *bin_sum, const uint32_t *bin_count)
{
	struct part inside = { 0 }, low = { 0 }, high = { 0 };
	double from = flank_end(i, -1), to = flank_end(i, +1);

	for (uint32_t b = 0; b < plan->n_bins; b++) {
		double x = bin_x[b];
		if (!(x >= from && x <= to))
			continue;
		if (x >= ranges[i].from && x <= ranges[i].to)
			add(&inside, x, bin_sum[b], bin_count[b]);
		else if (!in_any_range(x))
			add(x < ranges[i].from ? &low : &high, x, bin_sum[b], bin_count[b]);
	}
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

double score_ice(const struct plan *plan, const double *bin_x, const uint64_t *bin_sum, const uint32_t *bin_count)
{
	double largest = NAN;

	for (size_t i = 0; i < RANGES; i++)
		largest = fmax(largest, score_range(i, plan, bin_x, bin_sum, bin_count)); /* fmax passes over NaN */
	return largest;
}
