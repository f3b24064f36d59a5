/* measure.h - things timed against each other: alternating, in one process, medians with their spread.
 *
 * A contender is a function that does one frame, or a batch of them. Rounds go through all contenders, so that whatever the machine does meanwhile
 * happens to all of them; one that is much slower takes part in every so many laps only. Time is the thread's CPU time, or wall time where the work
 * is not the thread's own. */
#ifndef BENCH_SUITE_MEASURE_H
#define BENCH_SUITE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

struct contender {
	const char *name;
	int (*run)(void *user, unsigned frame); /* < 0 ends the measurement */
	void *user;
	unsigned frames_per_lap; /* what a call of run does; 0: one */
	bool wall;
	double budget_ms;        /* laps are left out so that about this is not passed, but for the fewest; 0: none is */
	/* out */
	double ms;               /* median per frame */
	double spread;           /* (90th - 10th percentile) / median */
	unsigned laps;           /* that were timed */
};

/* rounds: of every contender over all n_frames frames. -errno of a contender, -ENOMEM. */
int measure(struct contender *contenders, size_t n, unsigned n_frames, unsigned rounds);

/* Median and spread of n > 0 times that were taken elsewhere; sorts them. */
void measure_conclude(struct contender *contender, double *ms, size_t n);

#endif
