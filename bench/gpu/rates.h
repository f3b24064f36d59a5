/* rates.h - how fast a device engine is, and whether it is right: the suite's seats and races (bench/suite), as bench/gpu asks for them. */
#ifndef BENCH_GPU_RATES_H
#define BENCH_GPU_RATES_H

#include "bench/suite/engine_bench.h"

struct latency_us {
	double median, p99; /* of submit to the end of wait, one frame at a time */
};

struct sustained {
	double frames_per_s; /* of wall time, all queues together */
	unsigned queues;     /* that were at work: the engine may have fewer than were asked for */
};

/* An engine that is open already with the set's plan; to be ended by rates_drop, which leaves the context open. */
int rates_take(struct engine_bench *bench, const struct engine *engine, struct engine_context *context, const struct bench_set *set);
void rates_drop(struct engine_bench *bench);

/* Frames of the set for which the engine's results are not the reference's; < 0: -errno. */
int rates_compare(const struct engine_bench *bench);
int rates_latency(struct latency_us *out, const struct engine_bench *bench, unsigned rounds);
/* Over about `seconds` with so many queues at work, and before that with 1, 2, 4 ... of them. */
int rates_sustained(struct sustained *out, const struct engine_bench *bench, unsigned queues, unsigned batch, double seconds);

#endif
