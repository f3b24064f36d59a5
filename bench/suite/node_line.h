/* node_line.h - the figures of the whole node, as one JSON line or as a table. */
#ifndef BENCH_SUITE_NODE_LINE_H
#define BENCH_SUITE_NODE_LINE_H

#include "bench/suite/node_bench.h"

void node_line_print(const struct node_bench *bench, const struct node_bench_cfg *cfg, bool json);

#endif
