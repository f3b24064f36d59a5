/* analysis.h - the definitions of algorithms.md sections 1 to 3 as straight loops over a whole image.
 *
 * For the reference engine. Pixels are widened to 32 bits whatever their type. Pure functions of the caller's memory, written to be
 * read beside the definitions; nobody makes them faster. */
#ifndef KERNELS_REFERENCE_ANALYSIS_H
#define KERNELS_REFERENCE_ANALYSIS_H

#include "kernels/engine.h"

/* Section 1: sum to max_index of a zeroed result. */
void analysis_totals(const struct plan *plan, const uint32_t *pixels, struct result *result);

/* Section 2: n_bins sums and counts, from zero. */
void analysis_radial(const struct plan *plan, const uint32_t *pixels, uint64_t *bin_sum, uint32_t *bin_count);

/* Section 3: writes the first plan->max_strong strong pixels in order, with their values, and returns how many there are in all.
 * marked and core: a byte per pixel, used by dispersion_extended only. */
uint32_t analysis_strong(const struct plan *plan, const uint32_t *pixels, uint32_t *strong, uint32_t *value, uint8_t *marked,
			 uint8_t *core);

#endif
