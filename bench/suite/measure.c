/* measure.c - rounds, medians, spreads (measure.h). */
#include "bench/suite/measure.h"

#include <errno.h>
#include <stdlib.h>

#include "host/clock.h"

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

/* One frame of one contender. */
static int lap(struct contender *c, unsigned frame, double *ms)
{
	uint64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	int rc = c->run(c->user, frame);

	*ms = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / 1e6;
	return rc;
}

int measure(struct contender *contenders, size_t n, unsigned n_frames, unsigned rounds)
{
	size_t laps = (size_t)rounds * n_frames;
	double *ms = malloc(n * laps * sizeof(*ms)), warm;
	int rc = ms ? 0 : -ENOMEM;

	for (size_t c = 0; c < n && rc == 0; c++) /* caches, pages and branch predictors see everything once before it counts */
		for (unsigned f = 0; f < n_frames && rc == 0; f++)
			rc = lap(&contenders[c], f, &warm);
	for (size_t i = 0; i < laps && rc == 0; i++)
		for (size_t c = 0; c < n && rc == 0; c++)
			rc = lap(&contenders[c], (unsigned)(i % n_frames), &ms[c * laps + i]);
	for (size_t c = 0; c < n && rc == 0; c++)
		measure_conclude(&contenders[c], &ms[c * laps], laps);
	free(ms);
	return rc;
}
