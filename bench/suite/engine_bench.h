/* engine_bench.h - an engine as a contender: the whole analysis of a frame, and how it scales over threads. */
#ifndef BENCH_SUITE_ENGINE_BENCH_H
#define BENCH_SUITE_ENGINE_BENCH_H

#include "bench/suite/cases.h"
#include "kernels/engine.h"

struct engine_bench {
	const struct engine *engine;
	const struct bench_set *set;
	struct engine_context *context;
	struct engine_plan *plan;
	struct engine_queue *queue;
	struct result result;
	uint64_t *bin_sum;
	uint32_t *bin_count, *strong;
	struct spot *spots;
};

/* -ENODEV with why in words. */
int engine_bench_open(struct engine_bench *b, const struct engine *engine, const char *level, const struct bench_set *set, char *words,
		      size_t words_bytes);
void engine_bench_close(struct engine_bench *b);
int engine_bench_run(void *engine_bench, unsigned frame); /* as struct contender wants it */

/* Frames per second of wall time with so many threads at work for about `seconds`, each with a queue of its own. < 0: -errno. */
double engine_bench_threads(const struct engine *engine, const char *level, const struct bench_set *set, unsigned threads, double seconds);

#endif
