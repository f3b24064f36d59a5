/* codec.h - encode and decode whole images, and the table of their LZ4 blocks.
 *
 * Used by the reference and CPU engines, the simulated detector, previews and the file writer. Pure functions over
 * the caller's memory, safe on any input: every length is checked against the bytes that are there before it is used,
 * and nothing is written outside the stated sizes. Built on liblz4's safe decoder, whose acceptance is the rule.
 *
 * Errors are negative errno values; codec_error() gives the words:
 *   -EBADMSG  the framing or an LZ4 block is damaged (lengths, totals, trailing bytes, refused by LZ4)
 *   -EMSGSIZE the payload does not hold exactly the image that it is said to hold (total bytes differ)
 *   -ENOTSUP  a framing this code does not take (block size 0 for framed lz4, no multiple of 8 for bslz4, ...)
 *   -ENOSPC   more blocks than the table has room for, or the output is too small */
#ifndef KERNELS_CODEC_H
#define KERNELS_CODEC_H

#include "kernels/frame.h"

/* Where every LZ4 block of a payload lies. Block i is the bytes [offset[i], offset[i+1] - 4): each block is preceded
 * by its 4-byte length word and offset[n_blocks] is where the block after the last one would begin. So
 * length(i) = offset[i+1] - offset[i] - 4, for CODEC_LZ4_RAW too (one block: offsets 0 and len + 4). Block i decodes
 * to block_bytes bytes, the last one to last_bytes. CODEC_NONE has no blocks. */
struct block_table {
	uint32_t n_blocks;
	uint32_t block_bytes; /* uncompressed bytes of every block but the last; LZ4_RAW: all */
	uint32_t last_bytes;  /* uncompressed bytes of the last block, 0 when there is none */
	uint32_t tail_bytes;  /* bytes copied verbatim after the blocks (bslz4: fewer than 8 pixels); CODEC_NONE: all */
	uint32_t tail_offset; /* where they lie in the payload */
	uint32_t capacity;    /* entries that offset has room for, n_blocks + 1 needed */
	uint32_t *offset;     /* the caller's memory */
};

static inline uint32_t block_table_length(const struct block_table *t, uint32_t i)
{
	return t->offset[i + 1] - t->offset[i] - 4;
}

/* Entries (not bytes) that a table for any payload of this shape needs when no block is smaller than min_block_bytes. */
size_t block_table_entries(size_t image_bytes, size_t min_block_bytes);

/* Walks the framing of a payload and fills the table; after success every offset and length lies inside the payload,
 * the uncompressed sizes add up to image_bytes(shape) and there are no trailing bytes. Nothing is decompressed.
 * A bslz4 head with block size 0 means the filter's default (about 8 kB). shuffle_bytes must equal the pixel's bytes. */
int block_table_build(struct block_table *table, const struct payload *payload, const struct image_shape *shape);
/* The same while the payload is copied to `to`, which has room for all of it and does not overlap: the walk along the length words then finds in the cache
 * what the copy has just read. Where it fails, what is at `to` is of no use. */
int block_table_copy(struct block_table *table, const struct payload *payload, const struct image_shape *shape, uint8_t *to);

/* Decodes block i of a checked table to out (block_bytes or last_bytes bytes, unshuffled, pixels in order).
 * scratch: block_bytes bytes, used by bslz4 only; must not overlap out. */
int codec_decode_block(const struct payload *payload, const struct block_table *table, uint32_t i,
		       uint8_t *out, uint8_t *scratch);

/* Decodes a whole image to out (image_bytes(shape) bytes). Does not need a table; the only memory it takes is one
 * block of scratch from malloc (-ENOMEM). For tools, tests and previews, not for the frame path. */
int codec_decode(const struct payload *payload, const struct image_shape *shape, void *out);

/* Upper bound of codec_encode's output in bytes. block_bytes 0: 8192. */
size_t codec_bound(enum codec codec, const struct image_shape *shape, uint32_t block_bytes);

/* Encodes an image; block_bytes 0 means 8192 (must be a multiple of 8 pixels for bslz4). *len_bytes: in the room in out, out the
 * bytes used. CODEC_LZ4_FRAMED stores a block as it is where LZ4 does not make it smaller. */
int codec_encode(enum codec codec, const struct image_shape *shape, uint32_t block_bytes, const void *pixels,
		 uint8_t *out, size_t *len_bytes);

/* Bit transposition of n pixels (a multiple of 8) of elem bytes, and back; in and out must not overlap. */
void codec_bitshuffle(uint8_t *out, const uint8_t *in, size_t n, unsigned elem);
void codec_bitunshuffle(uint8_t *out, const uint8_t *in, size_t n, unsigned elem);

const char *codec_name(enum codec codec);   /* "none", "bslz4", "lz4", "lz4 without head" */
const char *codec_error(int error);

#endif
