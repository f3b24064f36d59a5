/* score.c - puts the scores of a frame together (algorithms.md section 5).
 *
 * For the step that follows an engine. Floats of the host only; one scratch per lane, nothing is allocated while scoring. */
#include "kernels/score.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/score_parts.h"

#define SHELLS 20
#define D_MIN_NEEDS 10 /* ring-free spots, and one more */

static const double two_pi = 6.28318530717958647692;

int score_scratch_open(struct score_scratch **out, uint32_t max_spots, uint32_t max_bins)
{
	size_t n = max_spots ? max_spots : 1, bins = max_bins ? max_bins : 1;
	struct score_scratch *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->max_spots = max_spots;
	s->max_bins = max_bins;
	s->spots.x = calloc(n, sizeof *s->spots.x);
	s->spots.d = calloc(n, sizeof *s->spots.d);
	s->spots.intensity = calloc(n, sizeof *s->spots.intensity);
	s->spots.peak_height = calloc(n, sizeof *s->spots.peak_height);
	s->spots.signal = calloc(n, sizeof *s->spots.signal);
	s->spots.on_ring = calloc(n, sizeof *s->spots.on_ring);
	s->bin_x = calloc(bins, sizeof *s->bin_x);
	s->sorted = calloc(n, sizeof *s->sorted);
	s->outlier = calloc(n, sizeof *s->outlier);
	s->order = calloc(n, sizeof *s->order);
	s->spare = calloc(n, sizeof *s->spare);
	if (!s->spots.x || !s->spots.d || !s->spots.intensity || !s->spots.peak_height || !s->spots.signal || !s->spots.on_ring ||
	    !s->bin_x || !s->sorted || !s->outlier || !s->order || !s->spare)
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
	free(s->spots.peak_height);
	free(s->spots.signal);
	free(s->spots.on_ring);
	free(s->bin_x);
	free(s->sorted);
	free(s->outlier);
	free(s->order);
	free(s->spare);
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
	const double *bin_x;
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

static void take_spots(struct score_spots *out, const struct spot *spots, uint32_t n, const struct profile *p)
{
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
		out->peak_height[out->n] = log((double)spots[i].sum / sqrt((double)spots[i].sum));
		out->signal[out->n] = spot_signal(&spots[i], p);
		out->on_ring[out->n] = score_on_ice_ring(s * s);
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

/* Counts per pixel over the bins whose 1/d^2 lies in a range. */
static double mean_between(const struct profile *p, double x_from, double x_to)
{
	double sum = 0.0, count = 0.0;

	for (uint32_t b = 0; b < p->plan->n_bins; b++)
		if (p->bin_x[b] >= x_from && p->bin_x[b] <= x_to) {
			sum += (double)p->sum[b];
			count += p->count[b];
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

/* Shell of a 1/d^3 between two; SHELLS where it lies outside. */
static uint32_t shell_of(double cube, double from, double to)
{
	if (!(cube >= from && cube <= to))
		return SHELLS;
	uint32_t shell = (uint32_t)((cube - from) / (to - from) * SHELLS);
	return shell < SHELLS ? shell : SHELLS - 1;
}

static double score_overall(const struct score_settings *settings, const struct score_spots *s, const struct profile *p)
{
	double signal[SHELLS + 1] = { 0 }, sum[SHELLS + 1] = { 0 }, count[SHELLS + 1] = { 0 }, total = 0.0;
	double from = pow(settings->d_far, -3.0), to = pow(settings->d_near, -3.0);

	for (uint32_t i = 0; i < s->n; i++)
		if (!isnan(s->signal[i]))
			signal[shell_of(pow(s->d[i], -3.0), from, to)] += s->signal[i];
	for (uint32_t b = 0; b < p->plan->n_bins; b++) {
		uint32_t shell = shell_of(p->bin_x[b] * sqrt(p->bin_x[b]), from, to);
		sum[shell] += (double)p->sum[b];
		count[shell] += p->count[b];
	}
	for (uint32_t shell = 0; shell < SHELLS; shell++)
		total += sqrt(fmax(0.0, signal[shell]) / (1.0 + (count[shell] > 0.0 ? sum[shell] / count[shell] : 0.0)));
	return total;
}

static void score_spot_list(struct score *out, const struct score_settings *settings, const struct profile *p,
			    const struct spot *spots, uint32_t n_spots, struct score_scratch *scratch)
{
	take_spots(&scratch->spots, spots, n_spots, p);
	count_spots(out, settings, &scratch->spots);
	if (out->n_spots_ring_free > D_MIN_NEEDS) {
		out->d_min = score_d_min(scratch);
		out->d_min_shells = score_d_min_shells(scratch);
	}
	if (p->sum) {
		out->total_signal = score_total_signal(&scratch->spots);
		out->score = score_overall(settings, &scratch->spots, p);
	}
}

static void score_profile(struct score *out, const struct score_settings *settings, const struct profile *p)
{
	double from = settings->background_q_min / two_pi, to = settings->background_q_max / two_pi;

	out->background = mean_between(p, from * from, to * to);
	out->ice = score_ice(p->plan, p->bin_x, p->sum, p->count);
}

void score_compute(struct score *out, const struct score_settings *settings, const struct plan *plan,
		   const struct result *result, const struct spot *spots, const uint64_t *bin_sum,
		   const uint32_t *bin_count, struct score_scratch *scratch)
{
	bool listed = plan->algorithm != SPOTS_NONE && result->overflow == 0 && result->n_spots <= scratch->max_spots;
	bool radial = plan->n_bins > 0 && plan->n_bins <= scratch->max_bins && bin_sum && bin_count;
	const struct profile profile = { plan, scratch->bin_x, radial ? bin_sum : NULL, radial ? bin_count : NULL };

	*out = (struct score){ NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
	if (listed)
		out->n_spots = result->n_spots;
	for (uint32_t b = 0; radial && b < plan->n_bins; b++)
		scratch->bin_x[b] = (plan->bin_q[b] / two_pi) * (plan->bin_q[b] / two_pi);
	if (radial)
		score_profile(out, settings, &profile);
	if (listed && plan->geometry.known)
		score_spot_list(out, settings, &profile, spots, result->n_spots, scratch);
}
