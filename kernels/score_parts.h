/* score_parts.h - the pieces that score.c puts together, and the scratch they share.
 *
 * For the score_*.c files alone. Nothing here allocates but score_scratch_open. */
#ifndef KERNELS_SCORE_PARTS_H
#define KERNELS_SCORE_PARTS_H

#include "kernels/score.h"

/* The spots of a frame that have a resolution, in their order. */
struct score_spots {
	uint32_t n;
	double *x;           /* 1/d^2 in 1/A^2 */
	double *d;           /* A, 1/sqrt(x) */
	double *intensity;   /* sum v */
	double *peak_height; /* y = ln(I / sqrt(V)), V = I */
	double *signal;      /* sum v less the radial mean at the spot, NaN where no bin is there */
	bool *on_ring;       /* on a powder ring of hexagonal ice */
};

struct score_scratch {
	uint32_t max_spots, max_bins;
	struct score_spots spots;
	double *bin_x;       /* 1/d^2 of every bin's centre */
	double *sorted;      /* max_spots */
	bool *outlier;       /* max_spots */
	uint32_t *order, *spare; /* max_spots each */
};

/* Sorts indices by key[index], ascending; equal keys keep their order. */
void score_sort(const double *key, uint32_t *order, uint32_t n, uint32_t *spare);

/* DIALS 3.12's estimated_d_min and d_min_distl_method_2 (dials/algorithms/spot_finding/per_image_analysis.py). NaN where it gives none;
 * whether there are enough spots is the caller's question. */
double score_d_min(struct score_scratch *scratch);
double score_d_min_shells(struct score_scratch *scratch);

/* Is 1/d^2 within 0.002 1/A^2 of a reflection of hexagonal ice (P6_3/mmc, a = 4.498, c = 7.338 A)? */
bool score_on_ice_ring(double x);

/* The score `ice` from the bins; bin_x as in the scratch. NaN where no range is covered. */
double score_ice(const struct plan *plan, const double *bin_x, const uint64_t *bin_sum, const uint32_t *bin_count);

#endif
