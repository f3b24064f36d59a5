/* rates.h - how fast a device engine is: one frame's answer, and frames per second with several queues at work. For bench/gpu. */
#ifndef BENCH_GPU_RATES_H
#define BENCH_GPU_RATES_H

#include "bench/gpu/lane.h"

struct latency_us {
	double median, p99; /* of submit to the end of wait, one frame at a time */
};

#define RATES_WANTED (OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS)

/* Differences between the engine's results and the reference's, over every frame of the set: 0 where there is none; < 0: -errno. */
int rates_compare(const struct engine *engine, struct engine_context *context, const struct bench_set *set);
int rates_latency(struct latency_us *out, const struct engine *engine, struct engine_context *context, const struct bench_set *set, unsigned rounds);
/* Frames per second of wall time over about `seconds`, or < 0: -errno. */
double rates_sustained(const struct engine *engine, struct engine_context *context, const struct bench_set *set, unsigned queues, unsigned batch,
		       double seconds);

#endif
