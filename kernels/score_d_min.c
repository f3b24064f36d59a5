/* score_d_min.c - how far a frame diffracts: two estimates over its spots, as DIALS 3.12 makes them.
 *
 * For score.c (see score_parts.h). The arithmetic follows dials/algorithms/spot_finding/per_image_analysis.py operation by operation where
 * rounding decides into which bin a spot falls. */
#include <math.h>

#include "kernels/score_parts.h"

#define BINS_LEAST 5
#define BINS_MOST 20
#define SPOTS_PER_BIN 20
#define SHELLS_LEAST 20
#define SHELLS_MOST 40
#define SPOTS_PER_SHELL 25

void score_sort(const double *key, uint32_t *order, uint32_t n, uint32_t *spare)
{
	for (uint32_t width = 1; width < n; width *= 2) {
		for (uint32_t from = 0; from < n; from += 2 * width) {
			uint32_t middle = from + width < n ? from + width : n, to = from + 2 * width < n ? from + 2 * width : n;
			uint32_t a = from, b = middle;
			for (uint32_t i = from; i < to; i++)
				spare[i] = a < middle && (b >= to || key[order[a]] <= key[order[b]]) ? order[a++] : order[b++];
		}
		for (uint32_t i = 0; i < n; i++)
			order[i] = spare[i];
	}
}

static void sorted_values(const double *key, uint32_t n, struct score_scratch *scratch)
{
	for (uint32_t i = 0; i < n; i++)
		scratch->order[i] = i;
	score_sort(key, scratch->order, n, scratch->spare);
	for (uint32_t i = 0; i < n; i++)
		scratch->sorted[i] = key[scratch->order[i]];
}

/* Points of a straight line y = slope x + intercept. */
struct line {
	uint32_t n;
	double x[BINS_MOST], y[BINS_MOST];
	double slope, intercept;
};

/* Least squares; without two different x there is no line: false. */
static bool fit(struct line *line)
{
	double n = line->n, sum_x = 0.0, sum_y = 0.0, sum_xx = 0.0, sum_xy = 0.0;

	for (uint32_t i = 0; i < line->n; i++) {
		sum_x += line->x[i];
		sum_y += line->y[i];
		sum_xx += line->x[i] * line->x[i];
		sum_xy += line->x[i] * line->y[i];
	}
	double determinant = n * sum_xx - sum_x * sum_x;
	if (determinant == 0.0)
		return false;
	line->intercept = (sum_xx * sum_y - sum_x * sum_xy) / determinant;
	line->slope = (n * sum_xy - sum_x * sum_y) / determinant;
	return true;
}

/* Marks Wilson outliers among the members of a bin: amplitudes too large for the mean of those not on an ice ring, again and again. */
static void mark_outliers(const struct score_spots *s, const uint32_t *member, uint32_t n, bool *outlier)
{
	const double largest = sqrt(-log(0.01));
	bool found = true;

	while (found) {
		double sum = 0.0, count = 0.0;
		for (uint32_t i = 0; i < n; i++)
			if (!outlier[member[i]] && !s->on_ring[member[i]]) {
				sum += s->intensity[member[i]];
				count++;
			}
		found = false;
		for (uint32_t i = 0; i < n; i++)
			if (!outlier[member[i]] && sqrt(s->intensity[member[i]]) / sqrt(sum / count) >= largest)
				outlier[member[i]] = found = true;
	}
}

/* One bin of resolution: d_far excluded, d_near included. Adds its points to the two lines. */
static void take_bin(struct score_scratch *scratch, double d_near, double d_far, struct line *upper, struct line *lower)
{
	const struct score_spots *s = &scratch->spots;
	uint32_t *member = scratch->order, n = 0, free_of_rings = 0, kept = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (s->d[i] < d_far && s->d[i] >= d_near) {
			member[n++] = i;
			free_of_rings += !s->on_ring[i];
		}
	if (free_of_rings == 0)
		return;
	mark_outliers(s, member, n, scratch->outlier);
	for (uint32_t i = 0; i < n; i++)
		if (!scratch->outlier[member[i]] && !s->on_ring[member[i]])
			member[kept++] = member[i];
	score_sort(s->peak_height, member, kept, scratch->spare);
	uint32_t low = member[(uint32_t)floor(0.1 * kept)], high = member[(uint32_t)floor((1 - 0.1) * kept)];
	/* Each line gets the other's x, as in DIALS. */
	upper->x[upper->n] = s->x[low];
	upper->y[upper->n++] = s->peak_height[high];
	lower->x[lower->n] = s->x[high];
	lower->y[lower->n++] = s->peak_height[low];
}

/* The smallest d of a spot below the line. */
static double nearest_below(const struct score_scratch *scratch, const struct line *line)
{
	const struct score_spots *s = &scratch->spots;
	double x = -1.0, rise = (line->slope + line->intercept) - line->intercept;

	for (uint32_t i = 0; i < s->n; i++) {
		double side = s->x[i] * -rise + (s->peak_height[i] - line->intercept);
		if (side < 0.0 && !scratch->outlier[i] && !s->on_ring[i] && s->x[i] > x)
			x = s->x[i];
	}
	return x > 0.0 ? 1.0 / sqrt(x) : NAN;
}

double score_d_min(struct score_scratch *scratch)
{
	const struct score_spots *s = &scratch->spots;
	struct line upper = { .n = 0 }, lower = { .n = 0 };
	uint32_t n_bins = s->n / SPOTS_PER_BIN;

	n_bins = n_bins > BINS_MOST ? BINS_MOST : n_bins < BINS_LEAST ? BINS_LEAST : n_bins;
	if (s->n < n_bins)
		return NAN;
	sorted_values(s->x, s->n, scratch);
	for (uint32_t i = 0; i < s->n; i++)
		scratch->outlier[i] = false;
	double per_bin = (double)s->n / n_bins, d_far = 1.0 / sqrt(scratch->sorted[0]);
	for (uint32_t bin = 0; bin < n_bins; bin++) {
		double d_near = 1.0 / sqrt(scratch->sorted[(uint32_t)floor((bin + 1) * per_bin + 0.5) - 1]);
		take_bin(scratch, d_near, d_far, &upper, &lower);
		d_far = d_near;
	}
	if (!fit(&upper) || (fit(&lower) && upper.slope == lower.slope))
		return NAN;
	return nearest_below(scratch, &upper);
}

/* The different resolutions, farthest first, as 1/d^3 in scratch->sorted. */
static uint32_t different_cubes(struct score_scratch *scratch)
{
	uint32_t n = 0;

	sorted_values(scratch->spots.d, scratch->spots.n, scratch);
	for (uint32_t i = 0; i < scratch->spots.n; i++)
		if (n == 0 || scratch->sorted[i] != scratch->sorted[n - 1])
			scratch->sorted[n++] = scratch->sorted[i];
	for (uint32_t i = 0; i < n / 2; i++) {
		double swap = scratch->sorted[i];
		scratch->sorted[i] = scratch->sorted[n - 1 - i];
		scratch->sorted[n - 1 - i] = swap;
	}
	for (uint32_t i = 0; i < n; i++)
		scratch->sorted[i] = pow(1.0 / scratch->sorted[i], 3.0);
	return n;
}

static double cube_to_d(double cube)
{
	return 1.0 / pow(cube, 1.0 / 3.0);
}

static uint32_t count_shell(const struct score_spots *s, double d_near, double d_far)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n += s->d[i] < d_far && s->d[i] >= d_near;
	return n;
}

double score_d_min_shells(struct score_scratch *scratch)
{
	uint32_t n = different_cubes(scratch), count[SHELLS_MOST] = { 0 };
	double d_near[SHELLS_MOST];
	uint32_t in_first = (uint32_t)ceil(fmin(fmax(SPOTS_PER_SHELL, 0.05 * n), 0.25 * n));

	if (in_first >= n)
		return NAN;
	double first = scratch->sorted[0], range = scratch->sorted[n - 1] - first, step = scratch->sorted[in_first] - first;
	if (!(step > 0.0))
		return NAN;
	double wanted = ceil(range / step);
	uint32_t shells = wanted > SHELLS_MOST ? SHELLS_MOST : wanted < SHELLS_LEAST ? SHELLS_LEAST : (uint32_t)wanted;
	double d_far = cube_to_d(first);
	for (uint32_t i = 0; i < shells; i++) {
		d_near[i] = cube_to_d(first + (i + 1) * (range / shells));
		count[i] = count_shell(&scratch->spots, d_near[i], d_far);
		d_far = d_near[i];
	}
	double few = 0.15 * (((double)count[0] + count[1]) / 2.0);
	uint32_t i = 0;
	/* Where the spots never become few, DIALS takes the last shell but one. */
	while (i < shells - 2 && !(count[i] < few && count[i + 1] < few))
		i++;
	return d_near[i];
}
