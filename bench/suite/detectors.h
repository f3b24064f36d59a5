/* detectors.h - how many cores, or which engine, each detector needs on this machine at its full rate, from what was measured. */
#ifndef BENCH_SUITE_DETECTORS_H
#define BENCH_SUITE_DETECTORS_H

#include <stdio.h>

#include "bench/suite/line.h"

/* Of all lines of engines; prints nothing where no case fits. */
void detectors_print(FILE *to, const struct bench_line *lines, unsigned n);

#endif
