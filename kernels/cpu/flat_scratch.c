/* flat_scratch.c - the memory of the CPU engine's short way (kernels/cpu/flat.h). Taken when a plan needs more than those before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define PADDED_BYTES (10240u + LZ4_IN_SLACK) /* 5 chunks of 32 planes */
#define ENDS_ROOM (FLAT_BLOCK_PIXELS + 2 * FLAT_VECTOR)

/* Hands out pieces of one allocation; with no memory yet it only counts. */
struct carver {
	uint8_t *memory;
	size_t used;
};

static void *carve(struct carver *c, size_t bytes)
{
	uint8_t *at = c->memory ? c->memory + c->used : NULL;

	c->used += (bytes + FLAT_VECTOR - 1) / FLAT_VECTOR * FLAT_VECTOR;
	return at;
}

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = FLAT_CHUNK;

	while (n < at_least)
		n *= 2;
	return n;
}

/* What is kept: windows of 7 rows below the block under way, and for the columns one row. */
static void set_rings(struct flat_queue *f, const struct plan *plan)
{
	f->ring_pixels = power_of_two(7 * plan->shape.width + FLAT_BLOCK_PIXELS + FLAT_CHUNK);
	f->column_pixels = power_of_two(plan->shape.width + FLAT_BLOCK_PIXELS + FLAT_CHUNK);
}

/* What there is of either byte of a pixel, in f's own queue or in that for the upper ones. */
static void lay_out_bytes(struct flat_queue *f, uint32_t ring_pixels, uint32_t column_pixels, struct carver *c, size_t slots)
{
	f->ring_pixels = ring_pixels;
	f->column_pixels = column_pixels;
	f->pixels = carve(c, f->ring_pixels + FLAT_SLACK);
	f->columns = carve(c, f->column_pixels + FLAT_COLUMNS_SLACK);
	for (unsigned i = 0; i < 2; i++) {
		f->ends[i] = carve(c, ENDS_ROOM);
		f->sum_16[i] = carve(c, slots * sizeof *f->sum_16[i]);
		f->sum_32[i] = carve(c, slots * sizeof *f->sum_32[i]);
	}
}

static size_t lay_out(struct flat_queue *f, const struct plan *plan, uint8_t *memory)
{
	struct carver c = {memory, 0};
	size_t slots = plan->n_bins + 1 + (size_t)FLAT_VECTOR; /* vectors reach past the last one */

	f->patterns = carve(&c, sizeof *f->patterns);
	f->upper = carve(&c, sizeof *f->upper);
	carve(&c, LZ4_OUT_AHEAD); /* what is before the planes must be memory */
	f->planes = carve(&c, FLAT_BLOCK_BYTES + LZ4_OUT_SLACK);
	f->padded = carve(&c, PADDED_BYTES);
	lay_out_bytes(f, f->ring_pixels, f->column_pixels, &c, slots);
	f->valid = carve(&c, f->ring_pixels / 8 + FLAT_BITS_SLACK);
	for (unsigned i = 0; i < 3; i++)
		f->near[i] = carve(&c, f->ring_pixels / 8 + FLAT_BITS_SLACK);
	f->wide = carve(&c, f->ring_pixels * sizeof *f->wide);
	f->excess = carve(&c, slots * sizeof *f->excess);
	f->refused = carve(&c, slots * sizeof *f->refused);
	f->edge_strong = carve(&c, (size_t)plan->shape.height * 6 * sizeof *f->edge_strong);
	f->edge_value = carve(&c, (size_t)plan->shape.height * 6 * sizeof *f->edge_value);
	lay_out_bytes(memory ? f->upper : f, f->ring_pixels, f->column_pixels, &c, slots); /* no memory: only counted */
	return c.used;
}

int flat_fit(struct flat_queue *f, const struct plan *plan)
{
	size_t bytes;

	set_rings(f, plan);
	bytes = lay_out(f, plan, NULL);
	if (bytes > f->memory_bytes) {
		flat_free(f);
		f->memory = aligned_alloc(FLAT_VECTOR, bytes);
		if (!f->memory)
			return -ENOMEM;
		f->memory_bytes = bytes;
		memset(f->memory, 0, bytes);
		lay_out(f, plan, f->memory);
		lz4_patterns_make(f->patterns); /* they come first: no later layout moves them */
	}
	lay_out(f, plan, f->memory);
	return 0;
}

void flat_free(struct flat_queue *f)
{
	free(f->memory);
	f->memory = NULL;
	f->memory_bytes = 0;
}

/* The state of either byte of a pixel. */
static void clear_bytes(struct flat_queue *f, size_t slots)
{
	memset(f->pixels, 0, f->ring_pixels + FLAT_SLACK);
	memset(f->columns, 0, f->column_pixels + FLAT_COLUMNS_SLACK);
	for (unsigned i = 0; i < 2; i++) {
		f->ends[i][FLAT_VECTOR - 1] = 0;
		memset(f->sum_16[i], 0, slots * sizeof *f->sum_16[i]);
		memset(f->sum_32[i], 0, slots * sizeof *f->sum_32[i]);
	}
	f->segment = f->tables->segment;
	f->running_sum = 0;
	f->segment_done = f->segment_word = f->n_pieces = 0;
	f->segment_bits = 0;
}

static void clear_upper(struct flat_queue *f, size_t slots)
{
	struct flat_queue *upper = f->upper;

	upper->plan = f->plan;
	upper->tables = f->tables;
	clear_bytes(upper, slots);
}

void flat_clear(struct flat_queue *f, const struct plan *plan)
{
	size_t slots = plan->n_bins + 1 + (size_t)FLAT_VECTOR;

	clear_bytes(f, slots);
	if (f->deep)
		clear_upper(f, slots);
	memset(f->valid, 0, f->ring_pixels / 8 + FLAT_BITS_SLACK);
	for (unsigned i = 0; i < 3; i++)
		memset(f->near[i], 0, f->ring_pixels / 8 + FLAT_BITS_SLACK);
	memset(f->seen_before, 0, sizeof f->seen_before);
	memset(f->excess, 0, slots * sizeof *f->excess);
	memset(f->refused, 0, slots * sizeof *f->refused);
	f->n_strong = f->n_edge = f->edge_row = 0;
	f->n_nodata = f->n_saturated = f->n_clipped = f->n_above = f->max = 0;
	f->max_index = UINT32_MAX;
	f->clip = f->deep ? FLAT_DEEP_CLIP : FLAT_CLIP;
	f->declined = f->sums_16 = false;
}
