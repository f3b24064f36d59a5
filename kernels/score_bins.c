/* score_bins.c - what the scores want to know of a plan's bins, the same for frame after frame.
 *
 * For score.c (see score_parts.h). Takes memory when a scratch is opened. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/score_parts.h"

#define SETS_OF_A_BIN (SCORE_ICE_RANGES + 1) /* at most: a part of each range, the background */

static const double two_pi = 6.28318530717958647692;

uint32_t score_shell_of(double cube, double from, double to)
{
	if (!(cube >= from && cube <= to))
		return SCORE_SHELLS;
	uint32_t shell = (uint32_t)((cube - from) / (to - from) * SCORE_SHELLS);
	return shell < SCORE_SHELLS ? shell : SCORE_SHELLS - 1;
}

int score_bins_open(struct score_bins *bins, uint32_t max_bins)
{
	size_t n = max_bins ? max_bins : 1;

	*bins = (struct score_bins){ 0 };
	bins->q = calloc(n, sizeof *bins->q);
	bins->x = calloc(n, sizeof *bins->x);
	bins->shell = calloc(n, sizeof *bins->shell);
	bins->member = calloc(n * SETS_OF_A_BIN, sizeof *bins->member);
	return bins->q && bins->x && bins->shell && bins->member ? 0 : -ENOMEM;
}

void score_bins_close(struct score_bins *bins)
{
	free(bins->q);
	free(bins->x);
	free(bins->shell);
	free(bins->member);
}

static bool in_set(const struct score_bins *bins, uint32_t set, double x)
{
	double from = bins->settings.background_q_min / two_pi, to = bins->settings.background_q_max / two_pi;

	if (set == SCORE_BACKGROUND)
		return x >= from * from && x <= to * to;
	return score_in_ice_part(set / SCORE_PARTS, (enum score_part)(set % SCORE_PARTS), x);
}

static void make_sets(struct score_bins *bins)
{
	uint32_t n = 0;

	for (uint32_t set = 0; set < SCORE_SETS; set++) {
		bins->set[set] = n;
		for (uint32_t b = 0; b < bins->n; b++)
			if (in_set(bins, set, bins->x[b]))
				bins->member[n++] = (uint16_t)b;
	}
	bins->set[SCORE_SETS] = n;
}

static bool same_settings(const struct score_settings *a, const struct score_settings *b)
{
	return a->d_far == b->d_far && a->d_near == b->d_near && a->background_q_min == b->background_q_min &&
	       a->background_q_max == b->background_q_max;
}

void score_bins_fit(struct score_bins *bins, const struct score_settings *settings, const struct plan *plan)
{
	double from = pow(settings->d_far, -3.0), to = pow(settings->d_near, -3.0);

	if (bins->n == plan->n_bins && same_settings(&bins->settings, settings) &&
	    memcmp(bins->q, plan->bin_q, bins->n * sizeof *bins->q) == 0)
		return;
	bins->n = plan->n_bins;
	bins->settings = *settings;
	memcpy(bins->q, plan->bin_q, bins->n * sizeof *bins->q);
	for (uint32_t b = 0; b < bins->n; b++) {
		bins->x[b] = (bins->q[b] / two_pi) * (bins->q[b] / two_pi);
		bins->shell[b] = (uint8_t)score_shell_of(bins->x[b] * sqrt(bins->x[b]), from, to);
	}
	make_sets(bins);
}
