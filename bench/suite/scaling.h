/* scaling.h - how an engine scales: 1, 2, 4 ... threads, each with a queue of its own, take turns; wall-clock throughput, medians over the rounds. */
#ifndef BENCH_SUITE_SCALING_H
#define BENCH_SUITE_SCALING_H

#include "bench/suite/engine_bench.h"

#define SCALING_STEPS_MAX 12

struct scaling_step {
	unsigned threads;
	unsigned frames;       /* that were timed, in all rounds */
	double frames_per_s;   /* median of the rounds, by the wall clock */
	double spread;         /* (90th - 10th percentile) / median */
	double ratio;          /* to one thread, in the same run */
	double cpu_ratio;      /* the same by the threads' own CPU time: how little they are in each other's way, whatever else the machine does */
};

/* Up to so many threads (or queues that the engine has), in rounds of `seconds` per step. steps[0] is one thread. How many steps, or -errno. */
int scaling_run(const struct engine_bench *bench, unsigned batch, unsigned threads, unsigned rounds, double seconds, struct scaling_step *steps);

#endif
