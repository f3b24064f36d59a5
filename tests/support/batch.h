/* batch.h - many frames of one plan in one submit, and what the reference makes of each; for tests of engines that take batches.
 *
 * Codecs, blocks and contents vary from frame to frame; every `damaged_every`-th frame has bytes turned over within a block. */
#ifndef TESTS_SUPPORT_BATCH_H
#define TESTS_SUPPORT_BATCH_H

#include "kernels/engine.h"
#include "tests/support/random.h"

struct batch_settings {
	struct image_shape shape;
	enum spot_algorithm algorithm;
	uint32_t n, damaged_every; /* 0: none */
	bool in_slab;              /* payloads and tables lie one behind the other, as engine.h asks of pinned ranges */
	bool any_codec;            /* else bslz4 */
	uint32_t block_bytes;      /* of bslz4 where not any codec; 0: the default */
};

struct batch {
	struct plan *plan;
	uint32_t n;
	uint8_t *slab;             /* where in_slab is set */
	size_t slab_bytes;
	struct engine_item *item, *truth;
	uint32_t n_good, n_blocks; /* the frames that the reference takes, and the pieces of all of those */
};

void batch_open(struct batch *b, const struct batch_settings *settings, struct random *rng);
void batch_close(struct batch *b);
/* Submits all at once and waits. 0 or what the engine said. */
int batch_run(struct batch *b, const struct engine *engine, struct engine_queue *queue, const struct engine_plan *loaded);
/* Fails the test where an item is not what the reference returned. */
void batch_check(const struct batch *b);

#endif
