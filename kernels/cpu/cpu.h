/* cpu.h - how the CPU engine's files share a frame. Private to kernels/cpu.
 *
 * A frame goes through in rows: blocks are decoded one after the other into a stream of bytes (frame.c), every row
 * that is whole is cleaned into a ring and counted (frame.c), summed into radial bins (radial.c) and searched for strong
 * pixels k rows later (strong.c, extended.c). The pixels never leave the cache unless a block is as large as the image.
 * Where the level has one, most frames go a shorter way (flat.h) and come back to this one when they do not suit it. */
#ifndef KERNELS_CPU_CPU_H
#define KERNELS_CPU_CPU_H

#include "kernels/cpu/flat.h"
#include "kernels/cpu/rows.h"
#include "kernels/engine.h"

/* Rows that dispersion_extended looks at at once: 4k + 4 <= 28. A power of two. */
#define RING_ROWS 32u

struct engine_context {
	const struct cpu_level *level;
};

/* Pixels of a row up to `end` that share a bin; bin n_bins: none. */
struct bin_run {
	uint16_t end, bin;
};

/* A plan with what this engine derives from it. */
struct engine_plan {
	const struct plan *plan;
	const struct cpu_rows *rows;
	struct row_tests tests;
	struct flat_plan *flat; /* NULL: not for the short way */
	/* Radial: runs of row y are run[row_run[y]] .. run[row_run[y + 1] - 1]. Absent where the plan has no bins. */
	struct bin_run *run;
	size_t *row_run;
	uint32_t *bin_allowed;  /* per bin: pixels that the mask allows */
	uint32_t *row_allowed;  /* per row: likewise */
};

/* One row in the ring, pointing behind its padding. */
struct ring_row {
	void *values;    /* uint16_t or uint32_t; 0 where invalid */
	uint8_t *flags;
	uint8_t *marked; /* dispersion_extended: 1 where the window is not flat */
	uint8_t *stays;  /* 1 where the pixel does not take its neighbours out of the core; the padding too */
	uint8_t *core;
	uint32_t n_core;
};

/* dispersion_extended's second window, per column: what counts and is not core. */
struct around {
	uint32_t *n, *x;
};

struct engine_queue {
	struct flat_queue flat;
	size_t max_bytes;
	uint8_t *stream, *block; /* decoded bytes in order; a block before its bits are transposed back */

	uint32_t width_room;     /* pixels that the rows below have room for */
	uint32_t width;          /* what they are laid out for now, padding included */
	enum pixel_type type;
	uint8_t *rows_memory;
	struct ring_row ring[RING_ROWS];
	struct ring_row nothing; /* a row outside the image */
	struct column_sums columns;
	struct around around;
	uint8_t *candidates;     /* a bit per pixel */
	uint32_t *prefix;

	uint32_t bins_room;
	uint64_t *bin_sum;       /* one more than bins: the last takes what belongs to none */

	uint32_t list_room;
	uint32_t *strong, *value;
	void *spots_scratch;
	size_t spots_scratch_bytes;

	/* The frame under way. */
	const struct engine_plan *loaded;
	struct engine_item *item;
	uint32_t y; /* the next row */
};

static inline bool cpu_wide(const struct plan *plan)
{
	return plan->shape.type == PIXEL_U32;
}

static inline uint32_t cpu_value(const struct plan *plan, const struct ring_row *row, uint32_t x)
{
	return cpu_wide(plan) ? ((const uint32_t *)row->values)[x] : ((const uint16_t *)row->values)[x];
}

/* The ring's row for image row y, the empty one outside the image. */
static inline struct ring_row *cpu_row(struct engine_queue *q, int64_t y)
{
	return y >= 0 && y < q->loaded->plan->shape.height ? &q->ring[y % RING_ROWS] : &q->nothing;
}

/* scratch.c: memory. Everything for a plan is there after scratch_fit, which takes some only where a plan needs more
 * than every one before. */
int scratch_open(struct engine_queue **out, size_t max_bytes, const struct cpu_level *level);
void scratch_close(struct engine_queue **queue);
int scratch_fit(struct engine_queue *q, const struct engine_plan *loaded);

/* tables.c */
int tables_make(struct engine_plan **out, const struct plan *plan, const struct cpu_level *level);
void tables_free(struct engine_plan **loaded);

/* frame.c: analyses one item; its outcome is the item's. */
void frame_analyse(struct engine_queue *q, const struct engine_plan *loaded, struct engine_item *item);

/* radial.c: one clean row into the bins; all of them out at the end. */
void radial_begin(struct engine_queue *q);
void radial_row(struct engine_queue *q, uint32_t y, const struct row_totals *totals);
void radial_end(struct engine_queue *q);

/* strong.c: what becomes possible when row y is in the ring (y goes on past the image's end by strong_delay rows). */
void strong_begin(struct engine_queue *q);
uint32_t strong_delay(const struct plan *plan);
void strong_row(struct engine_queue *q, int64_t y);
void strong_add(struct engine_queue *q, uint32_t x, uint32_t y, uint32_t value);
uint64_t strong_bits(const uint8_t *bits, uint32_t from, uint32_t width);
bool strong_window_not_flat(const struct engine_queue *q, uint32_t x, uint64_t *m, uint64_t *sum);
/* extended.c: the same for dispersion_extended, the column sums being those around row y - k. */
void extended_row(struct engine_queue *q, int64_t y);

#endif
