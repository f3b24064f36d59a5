/* score_d_min.c - how far a frame diffracts: two estimates over its spots, as DIALS 3.12 makes them.
 *
 * For score.c (see score_parts.h). The arithmetic follows dials/algorithms/spot_finding/per_image_analysis.py operation by operation where
 * rounding decides into which bin a spot falls. */
#include <math.h>
#include <string.h>

#include "kernels/score_parts.h"

#define SORT_BLOCK 8u
#define BINS_LEAST 5
#define BINS_MOST 20
#define SPOTS_PER_BIN 20
#define SHELLS_LEAST 20
#define SHELLS_MOST 40
#define SPOTS_PER_SHELL 25

/* A few indices at a time, in place. */
static void sort_blocks(const double *key, uint32_t *order, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t first = i / SORT_BLOCK * SORT_BLOCK, moved = order[i], to = i;

		for (; to > first && key[order[to - 1]] > key[moved]; to--)
			order[to] = order[to - 1];
		order[to] = moved;
	}
}

/* Which of the two is smaller nobody can foretell, so nothing is jumped over. */
static void merge(const double *key, const uint32_t *in, uint32_t from, uint32_t middle, uint32_t to, uint32_t *out)
{
	uint32_t a = from, b = middle, i = from;

	while (a < middle && b < to) {
		bool second = key[in[b]] < key[in[a]];

		out[i++] = in[second ? b : a];
		b += second;
		a += !second;
	}
	while (a < middle)
		out[i++] = in[a++];
	while (b < to)
		out[i++] = in[b++];
}

void score_sort(const double *key, uint32_t *order, uint32_t n, uint32_t *spare)
{
	uint32_t *in = order, *out = spare;

	sort_blocks(key, order, n);
	for (uint32_t width = SORT_BLOCK; width < n; width *= 2) {
		uint32_t *swap = in;

		for (uint32_t from = 0; from < n; from += 2 * width)
			merge(key, in, from, from + width < n ? from + width : n, from + 2 * width < n ? from + 2 * width : n, out);
		in = out;
		out = swap;
	}
	if (in != order)
		memcpy(order, in, n * sizeof *order);
}

void score_sort_spots(struct score_scratch *scratch)
{
	const struct score_spots *s = &scratch->spots;

	for (uint32_t i = 0; i < s->n; i++)
		scratch->order[i] = i;
	score_sort(s->x, scratch->order, s->n, scratch->spare);
	for (uint32_t i = 0; i < s->n; i++)
		scratch->sorted[i] = s->x[scratch->order[i]];
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
		double mean = sqrt(sum / count);
		found = false;
		for (uint32_t i = 0; i < n; i++)
			if (!outlier[member[i]] && s->amplitude[member[i]] / mean >= largest)
				outlier[member[i]] = found = true;
	}
}

/* The n spots of one bin of resolution, in their order, add their points to the two lines. */
static void take_bin(struct score_scratch *scratch, uint32_t *member, uint32_t n, struct line *upper, struct line *lower)
{
	const struct score_spots *s = &scratch->spots;
	uint32_t free_of_rings = 0, kept = 0;

	for (uint32_t i = 0; i < n; i++)
		free_of_rings += !s->on_ring[member[i]];
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

/* Bins of equal population, each without its farther edge and with its nearer one: into scratch->member, bin after bin; start: where each begins. What
 * lies at the very farthest is in none of them. */
static void fill_bins(struct score_scratch *scratch, uint32_t n_bins, uint32_t start[BINS_MOST + 1])
{
	const struct score_spots *s = &scratch->spots;
	double per_bin = (double)s->n / n_bins, farthest = 1.0 / sqrt(scratch->sorted[0]);
	uint32_t at = 0, next[BINS_MOST];

	while (at < s->n && s->d[scratch->order[at]] >= farthest)
		scratch->shell[scratch->order[at++]] = BINS_MOST;
	for (uint32_t bin = 0, n = 0; bin < n_bins; bin++) {
		double d_near = 1.0 / sqrt(scratch->sorted[(uint32_t)floor((bin + 1) * per_bin + 0.5) - 1]);

		start[bin] = next[bin] = n;
		for (; at < s->n && s->d[scratch->order[at]] >= d_near; at++, n++)
			scratch->shell[scratch->order[at]] = (uint8_t)bin;
		start[bin + 1] = n;
	}
	for (uint32_t i = 0; i < s->n; i++)
		if (scratch->shell[i] < n_bins)
			scratch->member[next[scratch->shell[i]]++] = i;
}

double score_d_min(struct score_scratch *scratch)
{
	const struct score_spots *s = &scratch->spots;
	struct line upper = { .n = 0 }, lower = { .n = 0 };
	uint32_t n_bins = s->n / SPOTS_PER_BIN, start[BINS_MOST + 1];

	n_bins = n_bins > BINS_MOST ? BINS_MOST : n_bins < BINS_LEAST ? BINS_LEAST : n_bins;
	if (s->n < n_bins)
		return NAN;
	memset(scratch->outlier, 0, s->n * sizeof *scratch->outlier);
	fill_bins(scratch, n_bins, start);
	for (uint32_t bin = 0; bin < n_bins; bin++)
		take_bin(scratch, scratch->member + start[bin], start[bin + 1] - start[bin], &upper, &lower);
	if (!fit(&upper) || (fit(&lower) && upper.slope == lower.slope))
		return NAN;
	return nearest_below(scratch, &upper);
}

static double d_to_cube(double d)
{
	return pow(1.0 / d, 3.0);
}

/* The different resolutions, farthest first, into scratch->sorted; returns how many. */
static uint32_t different_resolutions(struct score_scratch *scratch)
{
	const struct score_spots *s = &scratch->spots;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		double d = s->d[scratch->order[i]];

		if (n == 0 || d != scratch->sorted[n - 1])
			scratch->sorted[n++] = d;
	}
	return n;
}

static double cube_to_d(double cube)
{
	return 1.0 / pow(cube, 1.0 / 3.0);
}

double score_d_min_shells(struct score_scratch *scratch)
{
	const struct score_spots *s = &scratch->spots;
	uint32_t n = different_resolutions(scratch), count[SHELLS_MOST] = { 0 }, at = 0;
	double d_near[SHELLS_MOST];
	uint32_t in_first = (uint32_t)ceil(fmin(fmax(SPOTS_PER_SHELL, 0.05 * n), 0.25 * n));

	if (in_first >= n)
		return NAN;
	double first = d_to_cube(scratch->sorted[0]), range = d_to_cube(scratch->sorted[n - 1]) - first;
	double step = d_to_cube(scratch->sorted[in_first]) - first;
	if (!(step > 0.0))
		return NAN;
	double wanted = ceil(range / step);
	uint32_t shells = wanted > SHELLS_MOST ? SHELLS_MOST : wanted < SHELLS_LEAST ? SHELLS_LEAST : (uint32_t)wanted;
	double d_far = cube_to_d(first);
	while (at < s->n && s->d[scratch->order[at]] >= d_far)
		at++;
	for (uint32_t i = 0; i < shells; i++) {
		d_near[i] = cube_to_d(first + (i + 1) * (range / shells));
		for (; at < s->n && s->d[scratch->order[at]] >= d_near[i]; at++)
			count[i]++;
	}
	double few = 0.15 * (((double)count[0] + count[1]) / 2.0);
	uint32_t i = 0;
	/* Where the spots never become few, DIALS takes the last shell but one. */
	while (i < shells - 2 && !(count[i] < few && count[i + 1] < few))
		i++;
	return d_near[i];
}
