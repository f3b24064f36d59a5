/* node_bench.h - the whole node, end to end over ZeroMQ on loopback, in turn with a client that only receives and frees.
 *
 * A simulated detector in a process of its own sends as fast as it is taken; clients in processes of their own take the results, and the frames where
 * they are sent on. The node analyses every frame (nothing is shed) and publishes every result. Turns, each with a detector of its own:
 *   bare, node (and plain writing, with files), so many rounds: medians
 *   paced: at 60 % of the node's speed, for the latency
 *   steps: as fast as it goes once more, with the time of every step taken, and what our code copies */
#ifndef BENCH_SUITE_NODE_BENCH_H
#define BENCH_SUITE_NODE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODE_BENCH_LANES 12
#define NODE_BENCH_STEPS 8

struct node_bench_cfg {
	const char *model;        /* of the simulated detector */
	unsigned frames;          /* per turn; 0: some seconds' worth */
	unsigned threads;         /* 0: auto */
	unsigned rounds;
	bool quick;
	const char *engine;       /* NULL: as the node would choose */
	const char *cpu_level;    /* NULL: best */
	bool with_frames;         /* every frame is kept and sent on */
	bool with_files;          /* every frame is kept and written */
	const char *folder;       /* where; NULL: TMPDIR, else /tmp */
};

struct node_bench_time { char name[16]; double us_per_frame; };

struct node_bench {
	unsigned rounds, workers;
	char engine[16];          /* that analysed */
	double bare_frames_per_s, bare_spread, bare_mb_per_s;
	double node_frames_per_s, node_spread;
	double written_mb_per_s, plain_mb_per_s; /* with files: by the node, from the first frame to all on disk; by plain writes of as many bytes */
	double paced_frames_per_s; /* what the detector sent for the latency */
	double latency_ms[4];     /* from zmq_msg_recv's return to the result sent: p50, p95, p99, max; the plan is made meanwhile, so first frames count among the longest */
	uint64_t received, analysed, kept, written, sent, unsent, results, forwarded; /* the last two as the clients counted, without start and end */
	unsigned n_lanes, n_steps;
	struct node_bench_time lane[NODE_BENCH_LANES]; /* CPU time of the node's threads, by kind, ZeroMQ's own among them */
	struct node_bench_time step[NODE_BENCH_STEPS]; /* CPU time of the steps that worker lanes run */
	double around_engine_us;  /* of the lanes that frames pass, without the step that calls the engine */
	double our_allocations_per_frame, library_allocations_per_frame; /* in the lanes that frames pass, but for the writer's */
	double message_bytes_per_frame, result_bytes_per_frame, copied_bytes_per_frame; /* copied: by our code, in the same lanes */
};

/* 0, -errno with the reason in words. Forks: to be called while the process has one thread. */
int node_bench_run(struct node_bench *out, const struct node_bench_cfg *cfg, char *message, size_t message_bytes);

#endif
