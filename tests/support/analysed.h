/* analysed.h - one frame through an engine, with buffers of its own, for tests.
 *
 * Ends the test with a message where the engine itself fails; a damaged frame is a status as in production. */
#ifndef TESTS_SUPPORT_ANALYSED_H
#define TESTS_SUPPORT_ANALYSED_H

#include "kernels/engine.h"

struct analysed {
	struct result result;
	int status;
	uint64_t *bin_sum;   /* plan.n_bins of each */
	uint32_t *bin_count;
	uint32_t *strong;    /* plan.max_strong */
	struct spot *spots;  /* plan.max_spots */
};

/* wanted: enum engine_output. Release with analysed_free. */
struct analysed *analysed_make(const struct engine *engine, const struct plan *plan, const struct payload *payload, uint32_t wanted);
/* The same for pixels as they lie in memory. */
struct analysed *analysed_pixels(const struct engine *engine, const struct plan *plan, const void *pixels, uint32_t wanted);
void analysed_free(struct analysed **analysed);

#endif
