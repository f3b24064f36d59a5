/* kernels.h - every device kernel, and in which order its arguments come.
 *
 * This is what device drivers compile: as OpenCL C, as CUDA, or as plain C in tests. */
#ifndef KERNELS_BODY_KERNELS_H
#define KERNELS_BODY_KERNELS_H

#include "kernels/body/decode.h"
#include "kernels/body/dispersion.h"
#include "kernels/body/extended.h"
#include "kernels/body/totals.h"

#endif
