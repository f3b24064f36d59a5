/* measure.c - rounds, medians, spreads (measure.h). */
#include "bench/suite/measure.h"

#include <errno.h>
#include <stdlib.h>

#include "host/clock.h"

#define FEWEST_LAPS 3

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void measure_conclude(struct contender *c, double *ms, size_t n)
{
	qsort(ms, n, sizeof(*ms), ascending);
	c->ms = ms[n / 2];
	c->spread = (ms[n * 9 / 10] - ms[n / 10]) / c->ms;
}

/* One lap of one contender, in ms per frame. */
static int lap(struct contender *c, unsigned frame, double *ms)
{
	clockid_t clock = c->wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
	uint64_t begun = clock_ns(clock);
	int rc = c->run(c->user, frame);

	*ms = (double)(clock_ns(clock) - begun) / 1e6 / (c->frames_per_lap ? c->frames_per_lap : 1);
	return rc;
}

/* Caches, pages and branch predictors see everything once before it counts. *every: in which of all laps it is to take part, so that it does every frame
 * as often as the others, or as often as its budget allows. */
static int warm(struct contender *c, unsigned n_frames, size_t laps, size_t *every)
{
	unsigned per_lap = c->frames_per_lap ? c->frames_per_lap : 1, own = (n_frames + per_lap - 1) / per_lap;
	size_t wanted = laps * own / n_frames, affordable;
	double ms, total_ms = 0;
	int rc = 0;

	for (unsigned i = 0; i < own && rc == 0; i++) {
		rc = lap(c, i, &ms);
		total_ms += ms * per_lap;
	}
	if (rc == 0 && c->budget_ms > 0 && total_ms > 0) {
		affordable = (size_t)(c->budget_ms * own / total_ms);
		wanted = wanted < affordable ? wanted : affordable;
	}
	wanted = wanted > FEWEST_LAPS ? wanted : FEWEST_LAPS;
	*every = wanted < laps ? (laps + wanted - 1) / wanted : 1;
	return rc;
}

static int take_turns(struct contender *contenders, size_t n, unsigned n_frames, size_t laps, const size_t *every, double *ms)
{
	int rc = 0;

	for (size_t i = 0; i < laps && rc == 0; i++)
		for (size_t c = 0; c < n && rc == 0; c++) {
			struct contender *one = &contenders[c];

			if (i % every[c])
				continue;
			rc = lap(one, one->laps % n_frames, &ms[c * laps + one->laps]);
			one->laps++;
		}
	return rc;
}

int measure(struct contender *contenders, size_t n, unsigned n_frames, unsigned rounds)
{
	size_t laps = (size_t)rounds * n_frames;
	double *ms = malloc(n * laps * sizeof(*ms));
	size_t *every = malloc(n * sizeof(*every));
	int rc = ms && every ? 0 : -ENOMEM;

	for (size_t c = 0; c < n && rc == 0; c++) {
		contenders[c].laps = 0;
		rc = warm(&contenders[c], n_frames, laps, &every[c]);
	}
	if (rc == 0)
		rc = take_turns(contenders, n, n_frames, laps, every, ms);
	for (size_t c = 0; c < n && rc == 0; c++)
		measure_conclude(&contenders[c], &ms[c * laps], contenders[c].laps);
	free(every);
	free(ms);
	return rc;
}
