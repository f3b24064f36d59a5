/* score.c - puts the scores of a frame together (algorithms.md section 5).
 *
 * For the step that follows an engine. Floats of the host only; one scratch per lane, nothing is allocated while scoring. */
#include "kernels/score.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/score_parts.h"

#define D_MIN_NEEDS 10 /* ring-free spots, and one more */

static int open_spots(struct score_spots *s, size_t n)
{
	s->x = calloc(n, sizeof *s->x);
	s->d = calloc(n, sizeof *s->d);
	s->intensity = calloc(n, sizeof *s->intensity);
	s->amplitude = calloc(n, sizeof *s->amplitude);
	s->peak_height = calloc(n, sizeof *s->peak_height);
	s->signal = calloc(n, sizeof *s->signal);
	s->on_ring = calloc(n, sizeof *s->on_ring);
	return s->x && s->d && s->intensity && s->amplitude && s->peak_height && s->signal && s->on_ring ? 0 : -ENOMEM;
}

static int open_rings(struct score_scratch *s)
{
	s->n_rings = score_rings(NULL, 0);
	s->ring = malloc((s->n_rings + (size_t)1) * sizeof *s->ring);
	if (!s->ring)
		return -ENOMEM;
	score_rings(s->ring, s->n_rings);
	s->ring[s->n_rings] = INFINITY;
	return 0;
}

int score_scratch_open(struct score_scratch **out, uint32_t max_spots, uint32_t max_bins)
{
	size_t n = max_spots ? max_spots : 1;
	struct score_scratch *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->max_spots = max_spots;
	s->max_bins = max_bins;
	s->sorted = calloc(n, sizeof *s->sorted);
	s->outlier = calloc(n, sizeof *s->outlier);
	s->shell = calloc(n, sizeof *s->shell);
	s->order = calloc(n, sizeof *s->order);
	s->spare = calloc(n, sizeof *s->spare);
	s->member = calloc(n, sizeof *s->member);
	if (!s->sorted || !s->outlier || !s->shell || !s->order || !s->spare || !s->member || open_spots(&s->spots, n) || open_rings(s) ||
	    score_bins_open(&s->bins, max_bins))
		goto fail;
	*out = s;
	return 0;
fail:
	score_scratch_close(&s);
	return -ENOMEM;
}

void score_scratch_close(struct score_scratch **scratch)
{
	struct score_scratch *s = scratch ? *scratch : NULL;

	if (!s)
		return;
	free(s->spots.x);
	free(s->spots.d);
	free(s->spots.intensity);
	free(s->spots.amplitude);
	free(s->spots.peak_height);
	free(s->spots.signal);
	free(s->spots.on_ring);
	score_bins_close(&s->bins);
	free(s->ring);
	free(s->sorted);
	free(s->outlier);
	free(s->shell);
	free(s->order);
	free(s->spare);
	free(s->member);
	free(s);
	*scratch = NULL;
}

void score_centroid(const struct spot *spot, double *x_px, double *y_px)
{
	*x_px = (double)spot->sum_x / (double)spot->sum + 0.5;
	*y_px = (double)spot->sum_y / (double)spot->sum + 0.5;
}

/* A frame's radial profile, or none. */
struct profile {
	const struct plan *plan;
	const struct score_bins *bins;
	const uint64_t *sum;
	const uint32_t *count;
};

/* What stands above the frame's radial mean at the spot's peak. */
static double spot_signal(const struct spot *spot, const struct profile *p)
{
	uint32_t bin = p->sum ? p->plan->bin[spot->max_index] : PLAN_BIN_NONE;

	if (bin == PLAN_BIN_NONE || p->count[bin] == 0)
		return NAN;
	return (double)spot->sum - spot->n_px * ((double)p->sum[bin] / p->count[bin]);
}

static void take_spots(struct score_scratch *scratch, const struct spot *spots, uint32_t n, const struct profile *p)
{
	struct score_spots *out = &scratch->spots;

	out->n = 0;
	for (uint32_t i = 0; i < n; i++) {
		double x_px, y_px;
		score_centroid(&spots[i], &x_px, &y_px);
		double s = 1.0 / geometry_spot_d(&p->plan->geometry, x_px, y_px);
		if (!(s > 0.0)) /* in the direct beam */
			continue;
		out->x[out->n] = s * s;
		out->d[out->n] = 1.0 / sqrt(s * s);
		out->intensity[out->n] = (double)spots[i].sum;
		out->amplitude[out->n] = sqrt(out->intensity[out->n]);
		out->peak_height[out->n] = log(out->intensity[out->n] / out->amplitude[out->n]);
		out->signal[out->n] = spot_signal(&spots[i], p);
		out->on_ring[out->n] = score_on_ice_ring(scratch, s * s);
		out->n++;
	}
}

static void count_spots(struct score *out, const struct score_settings *settings, const struct score_spots *s)
{
	out->n_spots_ring_free = out->n_spots_range = out->total_intensity = 0.0;
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->on_ring[i])
			continue;
		out->n_spots_ring_free++;
		out->n_spots_range += s->d[i] >= settings->d_near && s->d[i] <= settings->d_far;
		out->total_intensity += s->intensity[i];
	}
}

static double background(const struct profile *p)
{
	double sum = 0.0, count = 0.0;

	for (uint32_t i = p->bins->set[SCORE_BACKGROUND]; i < p->bins->set[SCORE_BACKGROUND + 1]; i++) {
		sum += (double)p->sum[p->bins->member[i]];
		count += p->count[p->bins->member[i]];
	}
	return count > 0.0 ? sum / count : NAN;
}

static double score_total_signal(const struct score_spots *s)
{
	double total = 0.0;

	for (uint32_t i = 0; i < s->n; i++)
		if (!isnan(s->signal[i]))
			total += s->signal[i];
	return total;
}

static double score_overall(const struct score_settings *settings, const struct score_spots *s, const struct profile *p)
{
	double signal[SCORE_SHELLS + 1] = { 0 }, total = 0.0;
	double from = pow(settings->d_far, -3.0), to = pow(settings->d_near, -3.0);
	uint64_t sum[SCORE_SHELLS + 1] = { 0 }, count[SCORE_SHELLS + 1] = { 0 };

	for (uint32_t i = 0; i < s->n; i++)
		if (!isnan(s->signal[i]))
			signal[score_shell_of(s->x[i] * sqrt(s->x[i]), from, to)] += s->signal[i];
	for (uint32_t b = 0; b < p->bins->n;) {
		uint32_t shell = p->bins->shell[b];
		uint64_t shell_sum = 0, shell_count = 0;

		for (; b < p->bins->n && p->bins->shell[b] == shell; b++) {
			shell_sum += p->sum[b];
			shell_count += p->count[b];
		}
		sum[shell] += shell_sum;
		count[shell] += shell_count;
	}
	for (uint32_t shell = 0; shell < SCORE_SHELLS; shell++)
		total += sqrt(fmax(0.0, signal[shell]) / (1.0 + (count[shell] > 0 ? (double)sum[shell] / (double)count[shell] : 0.0)));
	return total;
}

static void score_spot_list(struct score *out, const struct score_settings *settings, const struct profile *p,
			    const struct spot *spots, uint32_t n_spots, struct score_scratch *scratch)
{
	take_spots(scratch, spots, n_spots, p);
	count_spots(out, settings, &scratch->spots);
	if (out->n_spots_ring_free > D_MIN_NEEDS) {
		score_sort_spots(scratch);
		out->d_min = score_d_min(scratch);
		out->d_min_shells = score_d_min_shells(scratch);
	}
	if (p->sum) {
		out->total_signal = score_total_signal(&scratch->spots);
		out->score = score_overall(settings, &scratch->spots, p);
	}
}

void score_compute(struct score *out, const struct score_settings *settings, const struct plan *plan,
		   const struct result *result, const struct spot *spots, const uint64_t *bin_sum,
		   const uint32_t *bin_count, struct score_scratch *scratch)
{
	bool listed = plan->algorithm != SPOTS_NONE && result->overflow == 0 && result->n_spots <= scratch->max_spots;
	bool radial = plan->n_bins > 0 && plan->n_bins <= scratch->max_bins && bin_sum && bin_count;
	const struct profile profile = { plan, &scratch->bins, radial ? bin_sum : NULL, radial ? bin_count : NULL };

	*out = (struct score){ NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
	if (listed)
		out->n_spots = result->n_spots;
	if (radial) {
		score_bins_fit(&scratch->bins, settings, plan);
		out->background = background(&profile);
		out->ice = score_ice(&scratch->bins, bin_sum, bin_count);
	}
	if (listed && plan->geometry.known)
		score_spot_list(out, settings, &profile, spots, result->n_spots, scratch);
}
