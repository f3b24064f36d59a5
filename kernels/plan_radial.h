/* plan_radial.h - the radial part of a plan: which bin a pixel belongs to and what a bin weighs (algorithms.md section 2).
 *
 * For plan.c alone. */
#ifndef KERNELS_PLAN_RADIAL_H
#define KERNELS_PLAN_RADIAL_H

#include "kernels/plan.h"

/* Fills the plan's members of section 2; shape, geometry, mask and n_masked_in must be there. Leaves n_bins = 0 where the geometry is unknown or,
 * with an automatic range, no pixel is allowed. Returns 0 or -ENOMEM; what was allocated is in the plan either way. */
int plan_radial_make(struct plan *plan, const struct plan_settings *settings);

#endif
