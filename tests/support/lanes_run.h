/* lanes_run.h - a run of small frames through a node with given engines, and what came out of it. For tests of the lanes that analyse.
 *
 * Ends the test with a message where something is not as it must always be: the order, the ledger, and how images lay before a test's device. */
#ifndef TESTS_SUPPORT_LANES_RUN_H
#define TESTS_SUPPORT_LANES_RUN_H

#include "tests/support/device_engine.h"
#include "tests/support/driven_node.h"

#define LANES_FRAMES_MAX 200
#define LANES_CHANNELS_MAX 2

/* Written by the publish lane alone, read when the node is closed. */
struct lanes_seen {
	unsigned records, analysed, invalid, engine_failed, overload, by_cpu, by_others, disordered;
	uint64_t last;
	struct { uint64_t sum; uint32_t n_strong, n_spots, bins; } of[LANES_FRAMES_MAX][LANES_CHANNELS_MAX];
	uint64_t fallback, received, ended_analysed;
	char devices[4096]; /* as the state has them */
};

/* So many frames; further settings and options of the detector, each list ends with NULL. */
void lanes_run(struct lanes_seen *seen, unsigned frames, const struct engine *const *engines, const char *const *sets, const char *const *options);
/* The same results as from the CPU, of every frame. */
void lanes_assert_as_from_cpu(const struct lanes_seen *seen, unsigned frames, const char *const *options);

#endif
