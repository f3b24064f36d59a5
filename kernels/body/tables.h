/* tables.h - what the host lays down for the kernels and what they lay down for it.
 *
 * For kernels/body and kernels/device. Every struct holds fixed-width members in an order that leaves no gaps, so that C, OpenCL C and CUDA
 * see the same bytes. */
#ifndef KERNELS_BODY_TABLES_H
#define KERNELS_BODY_TABLES_H

#include "kernels/body/dialect.h"
#include "kernels/body/launch.h"

#define TABLE_WINDOW_MAX 169u /* pixels of the largest window, 13 x 13 */
#define TABLE_KERNEL_MAX 6u
#define TABLE_BIG_PIXEL (1u << 24) /* from here on pixels count for nothing in m, X, Y */

/* Class of a pixel: its bin, or one of these. There are at most 65534 bins. */
#define CLASS_NO_BIN 0xfffeu
#define CLASS_MASKED 0xffffu

/* A plan as the kernels see it. */
struct plan_table {
	u64 c_q16[TABLE_WINDOW_MAX + 1];
	u64 ns2_q16;
	u32 width, height;
	u32 type;               /* enum pixel_type: pixels have 1 << type bytes */
	u32 pixels;             /* of one image */
	u32 image_units;        /* from one image to the next in the batch, in 16 bytes */
	u32 invalid_from;       /* valid iff allowed and v < invalid_from */
	u32 saturation;         /* v > this counts as saturated; 0xffffffff: nothing does */
	u32 n_bins;
	u32 k, min_count, threshold, masked_is_background;
	u32 mask_words;         /* words of one row of a bit map, pixel x in bit x % 32 of word x / 32 */
	u32 record_words;       /* from one frame's record to the next */
	u32 list_head;          /* strong pixels that a record has room for */
	u32 list_rest;          /* those that the batch's other memory has room for, per frame */
};

/* How blocks become pixels. */
#define JOB_SHUFFLED 0u /* bslz4 */
#define JOB_STORED 1u   /* framed lz4: a block as long as what it holds is stored */
#define JOB_PLAIN 2u    /* one LZ4 block */
#define JOB_PIXELS 3u   /* pixels as they are, cut into blocks here: there are no offsets */

/* The blocks of one frame. Pieces are its blocks and, where it has one, its tail; the pieces of all jobs of a launch are numbered through. */
struct frame_job {
	u64 payload_at;       /* its first byte in the batch's payload memory */
	u64 offsets_at;       /* its block table there: n_blocks + 1 words */
	u32 frame;            /* of the batch */
	u32 how;
	u32 first_piece, n_blocks, block_bytes, last_bytes;
	u32 tail_bytes, tail_offset;
	u32 first_tile, tiles_per_block; /* of DEVICE_UNSHUFFLE */
};

/* What comes back of a frame: these words, then n_bins each of low and high words of the sums and of counts, then list_head pairs of
 * index and value. All from zero. */
enum record_word {
	RECORD_BLOCKS,     /* decoded */
	RECORD_BAD_BLOCKS, /* damaged */
	RECORD_PIXELS,     /* that went into totals */
	RECORD_TESTED,     /* that were tested */
	RECORD_STRONG,     /* all of them, listed or not */
	RECORD_SUM_LOW,
	RECORD_SUM_HIGH,
	RECORD_VALID,
	RECORD_NODATA,
	RECORD_SATURATED,
	RECORD_MAX,
	RECORD_MAX_INDEX,
	RECORD_WORDS = 16
};

/* Sizes of pieces of work. */
#define DECODE_WINDOW 8192u    /* bytes of a block that DEVICE_DECODE takes at most */
#define TOTALS_PIXELS 32768u   /* of one group of DEVICE_TOTALS */
#define TOTALS_LOCAL_BINS 2048u /* bins that are summed up in local memory; more of them go to the record one by one */
#define TILE_WIDTH 64u         /* of DEVICE_DISPERSION */
#define TILE_HEIGHT 32u
#define MARK_SIDE 32u          /* of DEVICE_MARK */
#define EXTENDED_WORDS 64u     /* of one group of DEVICE_EXTENDED */
#define UNSHUFFLE_WORDS 128u   /* 32 pixels each, of one group of DEVICE_UNSHUFFLE */
#define PADDING_PIXELS 8u      /* pixels that may be read behind an image and its classes */

#endif
