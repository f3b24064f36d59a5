/* kernels.h - the device kernels as CUDA has them: what a launch needs of each.
 *
 * For kernels/cuda/driver.c; kernels.cu fills it. */
#ifndef KERNELS_CUDA_KERNELS_H
#define KERNELS_CUDA_KERNELS_H

#include "kernels/body/launch.h"

#ifdef __cplusplus
extern "C" {
#endif

const void *cuda_kernel(enum device_kernel kernel);        /* as cudaLaunchKernel takes it */
unsigned cuda_kernel_items(enum device_kernel kernel);     /* of a group */

#ifdef __cplusplus
}
#endif
#endif
