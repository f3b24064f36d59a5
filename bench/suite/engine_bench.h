/* engine_bench.h - an engine as a contender: the whole analysis of frames of one case, a frame or a batch at a time. */
#ifndef BENCH_SUITE_ENGINE_BENCH_H
#define BENCH_SUITE_ENGINE_BENCH_H

#include "bench/suite/cases.h"
#include "kernels/engine.h"

#define ENGINE_BENCH_WORDS 256

/* An open engine with the case's plan, as all threads share it. */
struct engine_bench {
	const struct engine *engine;
	const char *level;              /* of the cpu engine; NULL: its own choice */
	uint32_t device;
	const struct bench_set *set;
	struct engine_context *context;
	struct engine_plan *plan;
	struct engine_capabilities can;
	char words[ENGINE_BENCH_WORDS]; /* what the engine says of its device; after a failure why */
};

/* A queue of it, the frames laid out as the engine wants them (kernels/engine.h: needs_pinned), and room for what a batch returns. Copying them there is
 * the node's business and is measured with it. Used by one thread at a time. */
struct engine_seat {
	const struct engine_bench *bench;
	struct engine_queue *queue;
	unsigned batch, groups;         /* items of a submit, and how many different ones there are */
	struct bench_frame *frame;      /* batch * groups of them, where the engine is to find them */
	void *slab;                     /* that they were copied into; NULL: they are the set's own */
	size_t slab_bytes;
	bool pinned;
	struct engine_item *item;       /* batch of them, as of everything below */
	struct result *result;
	uint64_t *bin_sum;
	uint32_t *bin_count, *strong;
	struct spot *spots;
};

/* -ENODEV, -ENOTSUP ... with why in bench->words; takes zeroed ones to close. */
int engine_bench_open(struct engine_bench *bench, const struct engine *engine, const struct engine_config *config, const struct bench_set *set);
void engine_bench_close(struct engine_bench *bench);

/* Whether the engine computes on the calling thread, so that the thread's CPU time is what it needs. */
bool engine_bench_on_cpu(const struct engine *engine);

/* The batch worth measuring beside single frames; 1: none. */
unsigned engine_bench_batch(const struct engine_bench *bench);

int engine_seat_open(struct engine_seat *seat, const struct engine_bench *bench, unsigned batch);
void engine_seat_close(struct engine_seat *seat);
/* The batch of this number, which begins anew behind the last group; as struct contender wants it. */
int engine_seat_run(void *engine_seat, unsigned batch);

#endif
