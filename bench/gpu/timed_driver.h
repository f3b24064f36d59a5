/* timed_driver.h - a driver around another one that times every kernel and every copy by itself.
 *
 * For bench/gpu. What is launched is launched several times in a row, so that the cost of launching hides behind the work: results are of no use
 * then, and the engine's own counters will say so. One queue, one thread. */
#ifndef BENCH_GPU_TIMED_DRIVER_H
#define BENCH_GPU_TIMED_DRIVER_H

#include "kernels/device/driver.h"

enum timed { TIMED_COPY_IN = DEVICE_KERNELS, TIMED_COPY_OUT, TIMED_CLEAR, TIMED_KINDS };

struct timed_total {
	double us;       /* of the device, as seen from the host */
	uint64_t n;      /* calls of the engine */
	uint64_t bytes;  /* copied or cleared */
};

/* Times `inner` from now on; clears the totals. */
const struct driver *timed_driver(const struct driver *inner);
const char *timed_name(unsigned kind);
struct timed_total timed_total(unsigned kind);
void timed_clear(void);

#endif
