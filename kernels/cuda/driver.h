/* driver.h - the CUDA driver, for the plug-in and for benchmarks of single kernels. */
#ifndef KERNELS_CUDA_DRIVER_H
#define KERNELS_CUDA_DRIVER_H

#include "kernels/device/driver.h"

extern const struct driver driver_cuda;

#endif
