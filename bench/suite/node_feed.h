/* node_feed.h - what stands around the node while it is measured, in processes of their own: the simulated detector, clients; and the bare client. */
#ifndef BENCH_SUITE_NODE_FEED_H
#define BENCH_SUITE_NODE_FEED_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/suite/node_bench.h"

#define FEED_ENDPOINT_BYTES 64

/* A place on loopback that is free now. -errno. */
int feed_endpoint(char endpoint[FEED_ENDPOINT_BYTES]);

/* sluice-detector, which lies beside this program. rate_hz 0: as fast as it is taken. < 0: it is not there. */
pid_t feed_detector(const struct node_bench_cfg *cfg, const char *endpoint, double rate_hz);

/* What a client has taken: in memory that both processes see. relaxed: mere counts, read when nothing more comes. */
struct feed_counts {
	_Atomic uint64_t messages, bytes;
};

/* A process that takes whatever comes and frees it: results by SUB, or frames by PULL. */
pid_t feed_client(const char *endpoint, bool results, struct feed_counts *counts);
/* Memory for counts of two clients; NULL: none. */
struct feed_counts *feed_counts_open(void);
void feed_counts_close(struct feed_counts *counts);

void feed_end(pid_t pid); /* takes one that never started */

/* Receives and frees cfg->frames frames in this thread. */
int feed_bare(const struct node_bench_cfg *cfg, const char *endpoint, double *frames_per_s, double *mb_per_s, char *message, size_t message_bytes);

#endif
