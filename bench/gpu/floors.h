/* floors.h - what a device cannot do faster: moving the bytes. For bench/gpu. */
#ifndef BENCH_GPU_FLOORS_H
#define BENCH_GPU_FLOORS_H

#include <stddef.h>

#include "kernels/device/driver.h"

/* GB/s, or < 0: -errno. */
double floor_copy_in(const struct driver *driver, struct driver_device *device, size_t bytes, unsigned queues); /* from page-locked memory, pieces of so many bytes */
double floor_clear(const struct driver *driver, struct driver_device *device);  /* writes to the device's memory */
/* Microseconds of a copy of 4 kB back until the host knows that it is done: no answer comes sooner. */
double floor_copy_back_us(const struct driver *driver, struct driver_device *device);

#endif
