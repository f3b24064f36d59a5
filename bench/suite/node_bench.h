/* node_bench.h - the whole node, end to end over ZeroMQ on loopback, against a client that only receives and frees, in the same run.
 *
 * A simulated detector in a process of its own sends as fast as it is taken. Both sides pull from it in turn; the node analyses every frame
 * (nothing is shed) and publishes every result. Latency is taken in a third turn, at 60 % of the node's speed. */
#ifndef BENCH_SUITE_NODE_BENCH_H
#define BENCH_SUITE_NODE_BENCH_H

#include <stddef.h>
#include <stdint.h>

#define NODE_BENCH_LANES 16

struct node_bench_cfg {
	const char *model;        /* of the simulated detector */
	unsigned frames;          /* per turn */
	unsigned threads;         /* 0: auto */
	const char *cpu_level;    /* NULL: best */
	const char *files;        /* directory for files, or NULL */
};

struct node_bench {
	double bare_frames_per_s, bare_mb_per_s;
	double node_frames_per_s;
	double latency_ms[4];     /* paced; the plan is made meanwhile, so first frames count among the longest. From zmq_msg_recv's return to the result sent: p50, p95, p99, max */
	uint64_t received, analysed, kept, written;
	unsigned n_lanes;
	struct { char name[16]; double cpu_us_per_frame; } lane[NODE_BENCH_LANES];
	double our_allocations_per_frame, library_allocations_per_frame; /* in the lanes of the frame path */
};

/* 0, -errno with the reason in words. */
int node_bench_run(struct node_bench *out, const struct node_bench_cfg *cfg, char *message, size_t message_bytes);

#endif
