/* spots.h - strong pixels into spots (algorithms.md section 4).
 *
 * Shared by every engine that labels on the host. No allocation: the caller gives the scratch. */
#ifndef KERNELS_SPOTS_H
#define KERNELS_SPOTS_H

#include "kernels/engine.h"

/* Bytes of scratch that spots_label needs for this many strong pixels. */
size_t spots_scratch_bytes(const struct plan *plan, uint32_t n_strong);

/* Labels a list of strong pixels (flat indices, ascending) with their values, filters the components and writes them in the order of
 * their first pixel. Returns the number of spots, at most plan->max_spots; -EOVERFLOW where there are more (spots then undefined). */
int spots_label(const struct plan *plan, const uint32_t *strong, const uint32_t *value, uint32_t n_strong,
		struct spot *spots, void *scratch);

#endif
