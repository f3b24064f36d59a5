/* detectors.h - how many cores of this machine each detector needs at its full rate, from what was measured. */
#ifndef BENCH_SUITE_DETECTORS_H
#define BENCH_SUITE_DETECTORS_H

#include <stdio.h>

#include "bench/suite/line.h"

/* Lines of one thread of real engines; prints nothing where no case fits. */
void detectors_print(FILE *to, const struct bench_line *lines, unsigned n);

#endif
