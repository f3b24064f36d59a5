/* flat.h - the short way of a frame through the CPU engine, for what detectors send most. Private to kernels/cpu.
 *
 * Pixels are taken in flat order (index n = y * width + x), in chunks of 512 that lie as the decoder's blocks do: no row is ever aligned anew,
 * and "the pixel k rows above" is index n - k * width in a ring. A pixel is a byte there: 0 where it is invalid, FLAT_CLIP where it is that or
 * more. The bound makes sums of 7 or 8 of them fit a byte. What a clipped pixel has above the bound goes to its bin at once, its
 * value to a ring beside. Windows of the three columns at either edge wrap around in flat order and are looked at apart.
 *
 * Where more pixels than a few are that bright, frames go deep: two bytes per pixel, 5 bits of it in each, in two sets of rings. All that is done is
 * linear or nearly so: radial sums, column sums and sums of windows are those of the lower bits and 32 times those of the upper ones.
 *
 * Everything vectors find is a necessary condition; an exact test in integers decides. Where a frame has what this way does
 * not take (see flat_takes and FLAT_DECLINED), it goes through frame.c's rows instead, with the same results. */
#ifndef KERNELS_CPU_FLAT_H
#define KERNELS_CPU_FLAT_H

#include "kernels/cpu/lz4.h"
#include "kernels/engine.h"

#define FLAT_CLIP 31u
#define FLAT_DEEP_BITS 5u     /* of a pixel in each of its bytes */
#define FLAT_DEEP_CLIP 1023u
#define FLAT_CHUNK 512u        /* pixels; 64 bytes of a bit plane */
#define FLAT_GROUP 64u         /* pixels of a vector */
#define FLAT_BLOCK_BYTES 8192u /* the largest block */
#define FLAT_BLOCK_PIXELS (8192u + FLAT_CHUNK) /* the image's last few pixels may begin a chunk of their own */
#define FLAT_SLACK (FLAT_BLOCK_PIXELS + FLAT_CHUNK) /* pixels that are repeated behind the ring, so that a block never wraps */
#define FLAT_COLUMNS_SLACK FLAT_CHUNK
#define FLAT_BITS_SLACK 128u   /* bytes, likewise for rings of bits */
#define FLAT_WIDTH_MIN 64u     /* a group must not reach into the row below it */
#define FLAT_WINDOW 49u
#define FLAT_EDGE_SUMS 1536u   /* above 6 columns of 7 clipped pixels */
#define FLAT_VECTOR 64u
#define FLAT_LONG_RUN 8u       /* more pixels than this may sum up to more than a byte */
#define FLAT_RUN_MAX 2048u     /* and more than this to more than 16 bits */

/* Runs of pixels that follow each other in flat order, into bins upwards or downwards, each into the next one but where a bit says not. */
struct flat_segment {
	uint32_t n_runs;
	uint32_t word; /* FLAT_NO_HOLES, or its first of slot_bits, whose bits are the slots from a multiple of 64 on */
	uint16_t slot; /* of the first run; downwards it counts from the last slot */
	bool down;
	bool wide;     /* the sum of a run may need 16 bits */
};
#define FLAT_NO_HOLES UINT32_MAX

/* What this way derives from a plan. Bits are padded with 0 to whole chunks. */
struct flat_plan {
	_Alignas(FLAT_VECTOR) uint8_t stands_out_8[128], stands_out_16[128]; /* by sum / 2 and sum / 8 of the window: the pixel must be greater */
	uint8_t coarse_8[2][16];                       /* by sum and sum / 16 */
	uint8_t edge[3][FLAT_EDGE_SUMS];               /* by the sum, for windows of 4, 5 and 6 columns */
	uint32_t flat_q8;      /* 49 sum v^2 - sum^2 must be greater than sum * this / 2^8 */
	uint16_t deep_signal;  /* (49 p - sum)^2 must be greater than sum * this / 2^(2 deep_shift) */
	uint8_t deep_shift;
	bool deep;             /* frames may go deep */
	uint32_t brightest;    /* 1, 2 or 3: a window without a pixel of this value has no strong one */
	uint64_t *allowed;     /* a bit per pixel: the mask */
	uint64_t *run_ends;    /* a bit per pixel: the last one of its run */
	uint8_t *wide_groups;  /* a bit per group: ends here, or the one before, belong to wide segments */
	struct flat_segment *segment; /* NULL: bins change so often that pixels are added one by one */
	size_t n_segments, segments_room;
	uint64_t *slot_bits;
	size_t n_words, words_room;
	uint32_t n_slots;      /* the bins, and one more for pixels that have none */
	bool searches;         /* has what strong pixels need */
};

/* A queue's memory for this way. All rings are cleared at the start of a frame. */
struct flat_queue {
	const struct flat_level *level; /* NULL: this queue has no such way */
	uint8_t *memory;
	size_t memory_bytes;
	uint32_t ring_pixels, column_pixels; /* powers of two */
	uint8_t *pixels, *columns;           /* rings: pixels, and sums of 7 of them in a column, the newest one lowest */
	uint8_t *valid, *near[3];            /* rings of bits: valid; a pixel >= brightest within 7 x 1, 7 x 2, 7 x 4 up and left */
	uint32_t *wide;                      /* ring: values of clipped pixels */
	struct flat_queue *upper;            /* deep: the upper bits' rings of pixels and columns and what flat_level.bins uses, nothing else */
	uint8_t *planes, *padded;            /* a block; a short one with its planes padded, or the input of the last */
	uint8_t *ends[2];                    /* low and high bytes of running sums at the ends of runs; [63] is the last one before */
	uint16_t *sum_16[2];                 /* per slot, upwards and downwards, from a few segments; their order in 64 is the level's affair */
	uint32_t *sum_32[2];
	uint64_t *excess;                    /* per slot: what pixels have above FLAT_CLIP */
	uint32_t *refused;                   /* per slot: pixels refused by value */
	uint32_t *edge_strong, *edge_value;
	struct lz4_patterns *patterns;
	bool next_deep, many_above;          /* frames like this one are likely to follow; with many pixels of more than FLAT_CLIP */
	uint32_t rest, next_rest;            /* frames to send the other way after one that had to be; and after one more */

	/* The frame under way. */
	const struct plan *plan;
	const struct flat_plan *tables;
	uint32_t *strong, *value;            /* the lists, room for list_room */
	uint32_t list_room, n_strong, n_edge;
	uint32_t edge_row;                   /* the next row whose edges are to be looked at */
	bool radial, search, declined, sums_16, deep;
	uint32_t clip;                       /* FLAT_CLIP, or FLAT_DEEP_CLIP */
	uint32_t n_above;                    /* deep: pixels of more than FLAT_CLIP */
	uint32_t n_nodata, n_saturated, n_clipped, max, max_index;
	uint64_t running_sum;
	const struct flat_segment *segment;
	uint32_t segment_done, n_pieces;     /* runs of *segment that are in; pieces since sum_16 was emptied */
	uint32_t segment_word;               /* where it has holes: words of its slot_bits that are done */
	uint64_t segment_bits;               /* and what is left of the next one; 0: all of it */
	/* The block under way, per chunk: a pixel >= brightest, or deep one > FLAT_CLIP; the same within the window; candidates. */
	_Alignas(FLAT_VECTOR) uint64_t seen[FLAT_BLOCK_PIXELS / 64], window[FLAT_BLOCK_PIXELS / 64], candidates[FLAT_BLOCK_PIXELS / 64];
	uint64_t seen_before[3][8];          /* the last chunk's, widened to 1, 2 and 4 pixels */
	uint16_t list[FLAT_BLOCK_PIXELS + FLAT_GROUP]; /* candidates one by one; vectors write behind the last */
};

/* Where pixels come from that are not in blocks of planes. */
struct flat_source {
	int (*decode)(void *user, uint32_t i, uint32_t size_bytes, uint8_t *out); /* block i to pixels; 0 or -EBADMSG */
	void *user;
	uint8_t *stream; /* room for an image */
};

/* The vector work of a level, per block of n_chunks chunks whose first pixel is n. */
struct flat_level {
	/* NULL: liblz4 is the fastest there is. */
	bool (*lz4)(const struct lz4_patterns *patterns, const uint8_t *in, size_t len_bytes, uint8_t *out, size_t size_bytes);
	/* Pixels to bit planes, n_chunks * FLAT_CHUNK / 8 bytes apart. NULL: frames without the bit shuffle go the other way. */
	void (*planes)(uint8_t *out, const uint8_t *pixels, uint32_t n_chunks, unsigned elem);
	/* Bit planes, pitch bytes apart, into the rings of pixels and valid bits, the frame's totals and `seen`. */
	void (*take[PIXEL_TYPES])(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
	/* New pixels into bins. */
	void (*bins)(struct flat_queue *f, int64_t n, uint32_t n_chunks);
	void (*empty_sums)(struct flat_queue *f);
	/* `seen` into `window`. */
	void (*spread)(struct flat_queue *f, int64_t n, uint32_t n_chunks);
	/* Column sums, and `candidates`: bit i is for the window whose newest pixel is n + i. */
	void (*windows)(struct flat_queue *f, int64_t n, uint32_t n_chunks);
	/* The first test for all candidates; flat_decide for those that pass. */
	void (*decide)(struct flat_queue *f, int64_t n, uint32_t n_chunks);
	/* The same three for frames that go deep; no pixel need be bright there. NULL: they go the other way; so do those of other types. */
	void (*take_deep[PIXEL_TYPES])(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
	void (*windows_deep)(struct flat_queue *f, int64_t n, uint32_t n_chunks);
	void (*decide_deep)(struct flat_queue *f, int64_t n, uint32_t n_chunks);
};

#define FLAT_DECLINED 1 /* not an error: this frame goes the other way */
#define FLAT_TOO_BRIGHT 2 /* nor this: it goes deep */

static inline uint8_t *flat_pixels(const struct flat_queue *f, int64_t n)
{
	return f->pixels + ((uint64_t)n & (f->ring_pixels - 1));
}

static inline uint8_t *flat_columns(const struct flat_queue *f, int64_t n)
{
	return f->columns + ((uint64_t)n & (f->column_pixels - 1));
}

static inline uint32_t *flat_wide(const struct flat_queue *f, int64_t n)
{
	return f->wide + ((uint64_t)n & (f->ring_pixels - 1));
}

static inline uint32_t flat_slot(const struct flat_queue *f, int64_t n)
{
	uint32_t bin = f->plan->n_bins > 0 ? f->plan->bin[n] : PLAN_BIN_NONE;

	return bin == PLAN_BIN_NONE ? f->plan->n_bins : bin;
}

static inline uint32_t flat_clipped(const struct flat_queue *f, int64_t n)
{
	return *flat_pixels(f, n) + (f->deep ? (uint32_t)*flat_pixels(f->upper, n) << FLAT_DEEP_BITS : 0);
}

static inline uint32_t flat_column(const struct flat_queue *f, int64_t n)
{
	return *flat_columns(f, n) + (f->deep ? (uint32_t)*flat_columns(f->upper, n) << FLAT_DEEP_BITS : 0);
}

static inline uint32_t flat_value(const struct flat_queue *f, int64_t n)
{
	uint32_t clipped = flat_clipped(f, n);

	return clipped < f->clip ? clipped : *flat_wide(f, n);
}

/* flat_tables.c, flat_runs.c: *out stays NULL where the plan is not for this way. Where bins change too often, there are no segments. */
int flat_tables_make(struct flat_plan **out, const struct plan *plan);
void flat_tables_free(struct flat_plan **tables);
int flat_runs_make(struct flat_plan *t, const struct plan *plan);

/* flat_scratch.c: memory for frames of this plan, taken where it needs more than every one before; the state at a frame's start. */
int flat_fit(struct flat_queue *f, const struct plan *plan);
void flat_free(struct flat_queue *f);
void flat_clear(struct flat_queue *f, const struct plan *plan);

/* flat_exact.c: the decision about pixel n, given the sums over its window as the ring has it and which of its pixels are clipped (bit
 * 8 * row + column); about those of the edges of every row whose window is whole below pixel `end`. */
void flat_decide(struct flat_queue *f, int64_t n, uint64_t sum, uint64_t squares, uint64_t clipped);
void flat_edges(struct flat_queue *f, int64_t end);

/* flat_frame.c: the item into its result, its bins and the strong lists of f. Returns 0, -EBADMSG or FLAT_DECLINED; where not 0, what was
 * written is to be cleared. bin_allowed: pixels per bin that the mask allows. */
int flat_analyse(struct flat_queue *f, const struct plan *plan, const struct flat_plan *tables, const struct engine_item *item,
		 const struct flat_source *source, const uint32_t *bin_allowed);

#ifdef __x86_64__
extern const struct flat_level flat_level_avx2, flat_level_avx512;
void flat_planes_avx2(uint8_t *out, const uint8_t *pixels, uint32_t n_chunks, unsigned elem);
void flat_planes_avx512(uint8_t *out, const uint8_t *pixels, uint32_t n_chunks, unsigned elem);
void flat_take_u8_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_u16_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_u32_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_deep_u16_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_deep_u32_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_bins_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks);
void flat_empty_sums_avx2(struct flat_queue *f);
void flat_take_u8_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_u16_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_u32_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_deep_u16_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_deep_u32_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_bins_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks);
void flat_empty_sums_avx512(struct flat_queue *f);
#endif
#ifdef __aarch64__
extern const struct flat_level flat_level_neon;
void flat_take_u8_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_u16_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_u32_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_deep_u16_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_take_deep_u32_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch);
void flat_bins_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks);
void flat_empty_sums_neon(struct flat_queue *f);
#endif

#endif
