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
	double *amplitude;   /* its square root */
	double *peak_height; /* y = ln(I / sqrt(V)), V = I */
	double *signal;      /* sum v less the radial mean at the spot, NaN where no bin is there */
	bool *on_ring;       /* on a powder ring of hexagonal ice */
};

/* Sets of bins that are summed up. */
#define SCORE_ICE_RANGES 8
enum score_part { SCORE_INSIDE, SCORE_LOW, SCORE_HIGH, SCORE_PARTS }; /* of a range where ice scatters: it, and the flanks beside it */
enum { SCORE_BACKGROUND = SCORE_ICE_RANGES * SCORE_PARTS, SCORE_SETS };

#define SCORE_SHELLS 20

/* What the scores want to know of a plan's bins. Frame after frame it is the same: made anew where the bins or the settings are others. */
struct score_bins {
	uint32_t n;          /* 0: nothing is made */
	struct score_settings settings;
	double *q;           /* what it was made from */
	double *x;           /* 1/d^2 of every bin's centre */
	uint8_t *shell;      /* of `score`; SCORE_SHELLS: none */
	uint16_t *member;    /* the bins of the sets, in order, one set after the other */
	uint32_t set[SCORE_SETS + 1]; /* where they begin */
};

struct score_scratch {
	uint32_t max_spots, max_bins;
	struct score_spots spots;
	struct score_bins bins;
	double *ring;        /* 1/d^2 of reflections of hexagonal ice, ascending, and what lies behind the last */
	uint32_t n_rings;
	/* max_spots each */
	double *sorted;      /* x, ascending */
	uint32_t *order, *spare, *member;
	uint8_t *shell;
	bool *outlier;
};

/* The shell of 1/d^3 that a value lies in; SCORE_SHELLS where it lies outside. */
uint32_t score_shell_of(double cube, double from, double to);

int score_bins_open(struct score_bins *bins, uint32_t max_bins);
void score_bins_close(struct score_bins *bins);
void score_bins_fit(struct score_bins *bins, const struct score_settings *settings, const struct plan *plan);

/* Sorts indices by key[index], ascending; equal keys keep their order. */
void score_sort(const double *key, uint32_t *order, uint32_t n, uint32_t *spare);

/* The spots by x: order and sorted of the scratch. */
void score_sort_spots(struct score_scratch *scratch);

/* DIALS 3.12's estimated_d_min and d_min_distl_method_2 (dials/algorithms/spot_finding/per_image_analysis.py), of sorted spots. NaN where it gives none;
 * whether there are enough spots is the caller's question. */
double score_d_min(struct score_scratch *scratch);
double score_d_min_shells(struct score_scratch *scratch);

/* Where hexagonal ice (P6_3/mmc, a = 4.498, c = 7.338 A) reflects, up to 1/d^2 of SCORE_RINGS_TO. Returns how many, room at most are written. */
#define SCORE_RINGS_TO 4.0
uint32_t score_rings(double *x, uint32_t room);

/* Is 1/d^2 within 0.002 1/A^2 of one? */
bool score_on_ice_ring(const struct score_scratch *scratch, double x);

/* The ranges of 1/d^2 where ice scatters: is x in part `part` of range i? */
bool score_in_ice_part(uint32_t i, enum score_part part, double x);

/* The score `ice` from the bins. NaN where no range is covered. */
double score_ice(const struct score_bins *bins, const uint64_t *bin_sum, const uint32_t *bin_count);

#endif
