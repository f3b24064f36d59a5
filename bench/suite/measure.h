/* measure.h - things timed against each other: alternating, in one process, medians with their spread.
 *
 * A contender is a function that does one frame. Rounds go through all contenders, so that whatever the machine does meanwhile happens to
 * all of them. Time is the thread's CPU time. */
#ifndef BENCH_SUITE_MEASURE_H
#define BENCH_SUITE_MEASURE_H

#include <stddef.h>

struct contender {
	const char *name;
	int (*run)(void *user, unsigned frame); /* < 0 ends the measurement */
	void *user;
	/* out */
	double ms;       /* median per frame */
	double spread;   /* (90th - 10th percentile) / median */
};

/* rounds: of every contender over all n_frames frames. -errno of a contender, -ENOMEM. */
int measure(struct contender *contenders, size_t n, unsigned n_frames, unsigned rounds);

/* Median and spread of n > 0 times that were taken elsewhere; sorts them. */
void measure_conclude(struct contender *contender, double *ms, size_t n);

#endif
