/* write_bench.h - files as the node writes them against plain writes of the same bytes to the same file system, alternating. */
#ifndef BENCH_SUITE_WRITE_BENCH_H
#define BENCH_SUITE_WRITE_BENCH_H

#include "bench/suite/cases.h"
#include "bench/suite/suite.h"

/* Whether this case is one of those that are written where none is named: a large, a small and a tiny frame say enough. */
bool write_bench_wants(const struct bench_case *c);
/* Writes the set's frames over and over into a new folder in suite->cfg.write_into, which is removed again; prints the lines nxmx and floor-write of the
 * case files-CASE. -errno, told on standard error. */
int write_bench_run(const struct suite *suite, const struct bench_set *set);

#endif
