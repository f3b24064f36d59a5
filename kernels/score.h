/* score.h - what is concluded from a result: derived numbers (algorithms.md section 5). The only floats of the analysis.
 *
 * Pure functions; a scratch is opened once per lane so that scoring a frame allocates nothing. Undefined values are NaN. */
#ifndef KERNELS_SCORE_H
#define KERNELS_SCORE_H

#include "kernels/engine.h"

struct score_settings {
	double d_far, d_near;             /* resolution range of n_spots_range and score, Angstrom, d_far > d_near; default 50, 1.5 */
	double background_q_min, background_q_max; /* 1/Angstrom; default 1.0, 2.5 */
};

/* NaN where undefined: everything about spots where no spots were looked for or their list overflowed, everything about resolution where the geometry is
 * unknown, everything about counts per pixel without a radial profile. Counts are whole numbers kept as double so that every score can be compared in a
 * hit rule. A spot's local mean is that of its peak pixel's bin; spots whose peak lies in no bin add nothing to total_signal and score. Shells without
 * pixels have background 0. Spots in the direct beam (no resolution) count in n_spots alone. */
struct score {
	double n_spots, n_spots_ring_free, n_spots_range;
	double total_intensity, total_signal;
	double background;
	double d_min, d_min_shells;
	double ice;
	double score;
};

struct score_scratch;
int score_scratch_open(struct score_scratch **out, uint32_t max_spots, uint32_t max_bins);
void score_scratch_close(struct score_scratch **scratch);

/* A spot's centroid in pixels (centres at +0.5). Its resolution is geometry_spot_d of it. */
void score_centroid(const struct spot *spot, double *x_px, double *y_px);

/* bin_sum and bin_count may be NULL where the plan has no bins; spots where there are none. */
void score_compute(struct score *out, const struct score_settings *settings, const struct plan *plan,
		   const struct result *result, const struct spot *spots, const uint64_t *bin_sum,
		   const uint32_t *bin_count, struct score_scratch *scratch);

#endif
