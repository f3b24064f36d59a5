/* lane.h - what feeds one queue of a device engine: a page-locked slab with a batch of a case's frames, and buffers for what comes back.
 *
 * For bench/gpu. The slab is laid as kernels/engine.h wants it: payload, block offsets, next payload. */
#ifndef BENCH_GPU_LANE_H
#define BENCH_GPU_LANE_H

#include "bench/suite/cases.h"
#include "kernels/engine.h"

struct lane {
	const struct engine *engine;
	struct engine_context *context;
	const struct bench_set *set;
	struct engine_queue *queue;
	struct engine_plan *plan;
	uint8_t *slab;
	size_t slab_bytes;
	unsigned batch;
	struct block_table *table;  /* one per item; offsets in the slab */
	struct engine_item *item;
	struct result *result;
	uint64_t *bin_sum;
	uint32_t *bin_count, *strong;
	struct spot *spots;
	bool pinned;
};

/* -ENOMEM and what the engine says. */
int lane_open(struct lane *lane, const struct engine *engine, struct engine_context *context, const struct bench_set *set, unsigned batch,
	      uint32_t wanted);
void lane_close(struct lane *lane);
int lane_run(struct lane *lane); /* one batch, submitted and waited for; the first item's status that is not 0 */

#endif
