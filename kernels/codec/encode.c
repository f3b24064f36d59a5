/* encode.c - images into payloads as detectors send them, and the head for headless lz4 (kernels/codec.h). */
#include <errno.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/codec/walk.h"

struct writer {
	uint8_t *at;
	size_t room;
};

/* The split of an image that is to be encoded; -ENOTSUP where the block size will not do. */
static int encode_split(struct walk *w, enum codec codec, const struct image_shape *shape, uint32_t *block_bytes)
{
	uint64_t n;

	if (!walk_shape_ok(shape) || (unsigned)codec >= CODECS)
		return -ENOTSUP;
	if (*block_bytes == 0)
		*block_bytes = WALK_BLOCK_DEFAULT;
	if (codec == CODEC_BSLZ4 && *block_bytes % (8 * pixel_bytes(shape->type)) != 0)
		return -ENOTSUP;
	n = walk_split(w, codec, shape, codec == CODEC_LZ4_RAW ? image_bytes(shape) : *block_bytes);
	if (n > UINT32_MAX || w->block_bytes > WALK_BLOCK_MAX ||
	    (codec == CODEC_LZ4_RAW && image_bytes(shape) > WALK_BLOCK_MAX))
		return -ENOTSUP;
	w->n_blocks = (uint32_t)n;
	return 0;
}

size_t codec_bound(enum codec codec, const struct image_shape *shape, uint32_t block_bytes)
{
	struct walk w;

	if (codec == CODEC_NONE)
		return image_bytes(shape);
	if (encode_split(&w, codec, shape, &block_bytes))
		return 0;
	return WALK_HEAD_BYTES + (size_t)w.n_blocks * (WALK_WORD_BYTES + LZ4_COMPRESSBOUND((size_t)w.block_bytes)) +
	       w.tail_bytes;
}

static int put_bytes(struct writer *out, const void *bytes, size_t n)
{
	if (n > out->room)
		return -ENOSPC;
	memcpy(out->at, bytes, n);
	out->at += n;
	out->room -= n;
	return 0;
}

static int put_lz4(struct writer *out, const uint8_t *in, uint32_t size)
{
	int room = out->room > INT32_MAX ? INT32_MAX : (int)out->room;
	int n = LZ4_compress_default((const char *)in, (char *)out->at, (int)size, room);

	if (n <= 0)
		return -ENOSPC;
	out->at += n;
	out->room -= (size_t)n;
	return 0;
}

/* As LZ4 where that is smaller, else as it is. */
static int put_lz4_or_stored(struct writer *out, const uint8_t *in, uint32_t size)
{
	struct writer smaller = {out->at, out->room < size - 1 ? out->room : size - 1};

	if (put_lz4(&smaller, in, size))
		return put_bytes(out, in, size);
	out->room -= (size_t)(smaller.at - out->at);
	out->at = smaller.at;
	return 0;
}

/* A length word and its block. */
static int put_block(struct writer *out, enum codec codec, unsigned elem, const uint8_t *in, uint32_t size,
		     uint8_t *scratch)
{
	uint8_t *word = out->at;
	int error;

	if (out->room < WALK_WORD_BYTES)
		return -ENOSPC;
	out->at += WALK_WORD_BYTES;
	out->room -= WALK_WORD_BYTES;
	if (codec == CODEC_BSLZ4) {
		codec_bitshuffle(scratch, in, size / elem, elem);
		error = put_lz4(out, scratch, size);
	} else {
		error = put_lz4_or_stored(out, in, size);
	}
	if (!error)
		walk_put_be32(word, (uint32_t)(out->at - word - WALK_WORD_BYTES));
	return error;
}

static int put_head(struct writer *out, uint64_t total, uint32_t block_bytes)
{
	uint8_t head[WALK_HEAD_BYTES];

	walk_put_be64(head, total);
	walk_put_be32(head + 8, block_bytes);
	return put_bytes(out, head, sizeof head);
}

static int put_blocks(struct writer *out, enum codec codec, const struct image_shape *shape, const struct walk *w,
		      const uint8_t *in)
{
	uint8_t *scratch = NULL;
	int error = 0;
	uint32_t i;

	if (codec == CODEC_BSLZ4 && w->n_blocks > 0) {
		scratch = malloc(w->block_bytes);
		if (!scratch)
			return -ENOMEM;
	}
	for (i = 0; i < w->n_blocks && !error; i++) {
		error = put_block(out, codec, pixel_bytes(shape->type), in, walk_size(w, i), scratch);
		in += walk_size(w, i);
	}
	free(scratch);
	return error ? error : put_bytes(out, in, w->tail_bytes);
}

int codec_encode(enum codec codec, const struct image_shape *shape, uint32_t block_bytes, const void *pixels,
		 uint8_t *out, size_t *len_bytes)
{
	struct writer to = {out, *len_bytes};
	struct walk w;
	int error;

	error = encode_split(&w, codec, shape, &block_bytes);
	if (error)
		return error;
	if (codec == CODEC_NONE) {
		error = put_bytes(&to, pixels, image_bytes(shape));
	} else if (codec == CODEC_LZ4_RAW) {
		error = put_lz4(&to, pixels, w.block_bytes);
	} else {
		error = put_head(&to, image_bytes(shape), block_bytes);
		if (!error)
			error = put_blocks(&to, codec, shape, &w, pixels);
	}
	if (!error)
		*len_bytes = (size_t)(to.at - out);
	return error;
}
