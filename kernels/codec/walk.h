/* walk.h - the framing of a payload, block by block. Private to kernels/codec.
 *
 * walk_begin checks what the head says against the shape, walk_next steps over one length word and its block, walk_end
 * refuses trailing bytes. No memory is taken and nothing outside the payload is read, whatever its bytes say. */
#ifndef KERNELS_CODEC_WALK_H
#define KERNELS_CODEC_WALK_H

#include <stdbool.h>

#include "kernels/codec.h"

#define WALK_HEAD_BYTES 12u
#define WALK_WORD_BYTES 4u
/* Offsets are 32 bit and reach one length word past the payload. */
#define WALK_PAYLOAD_MAX (UINT32_MAX - WALK_WORD_BYTES)
#define WALK_BLOCK_MAX 0x7e000000u /* LZ4_MAX_INPUT_SIZE: what one LZ4 block can hold */
#define WALK_BLOCK_DEFAULT 8192u

struct walk {
	uint32_t n_blocks;
	uint32_t block_bytes, last_bytes, tail_bytes; /* as in struct block_table */
	size_t at;     /* of the next block's bytes, behind its length word */
	uint32_t next; /* the number of that block */
};

static inline uint32_t walk_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t walk_be64(const uint8_t *p)
{
	return (uint64_t)walk_be32(p) << 32 | walk_be32(p + 4);
}

static inline void walk_put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void walk_put_be64(uint8_t *p, uint64_t v)
{
	walk_put_be32(p, (uint32_t)(v >> 32));
	walk_put_be32(p + 4, (uint32_t)v);
}

/* Splits an image into blocks of block_bytes (whole pixels for bslz4, whose last block is a multiple of 8 pixels and
 * which leaves a tail). Returns the number of blocks, which may be more than 32 bit hold. */
uint64_t walk_split(struct walk *w, enum codec codec, const struct image_shape *shape, uint64_t block_bytes);

/* Whether the shape is one that frame.h allows. */
bool walk_shape_ok(const struct image_shape *shape);

/* Bytes that a bslz4 head with block size 0 stands for. */
uint32_t walk_bslz4_default(unsigned elem);

int walk_begin(struct walk *w, const struct payload *payload, const struct image_shape *shape);
/* Length of block w->next, whose bytes begin at *offset; steps on. */
int walk_next(struct walk *w, const struct payload *payload, size_t *offset, uint32_t *len_bytes);
int walk_end(const struct walk *w, const struct payload *payload);

static inline uint32_t walk_size(const struct walk *w, uint32_t i)
{
	return i + 1 == w->n_blocks ? w->last_bytes : w->block_bytes;
}

#endif
