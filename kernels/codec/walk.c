/* walk.c - checks the framing of payloads; see walk.h. For the codec alone; reads the payload, writes the walk. */
#include "kernels/codec/walk.h"

#include <errno.h>
#include <limits.h>

bool walk_shape_ok(const struct image_shape *shape)
{
	return shape->width >= 1 && shape->width <= 65535 && shape->height >= 1 && shape->height <= 65535 &&
	       (unsigned)shape->type < PIXEL_TYPES;
}

uint32_t walk_bslz4_default(unsigned elem)
{
	uint32_t pixels = WALK_BLOCK_DEFAULT / elem / 8 * 8;

	return (pixels < 128 ? 128 : pixels) * elem;
}

uint64_t walk_split(struct walk *w, enum codec codec, const struct image_shape *shape, uint64_t block_bytes)
{
	uint64_t total = image_bytes(shape);
	uint64_t in_blocks = total;
	uint64_t n;

	*w = (struct walk){0};
	if (codec == CODEC_BSLZ4)
		in_blocks = (uint64_t)(image_pixels(shape) / 8 * 8) << shape->type;
	w->tail_bytes = (uint32_t)(total - in_blocks);
	if (in_blocks == 0)
		return 0;
	if (block_bytes > in_blocks)
		block_bytes = in_blocks;
	n = (in_blocks + block_bytes - 1) / block_bytes;
	w->block_bytes = (uint32_t)block_bytes;
	w->last_bytes = (uint32_t)(in_blocks - (n - 1) * block_bytes);
	return n;
}

/* The whole image is one piece: no head, no words. */
static int begin_headless(struct walk *w, const struct payload *payload, const struct image_shape *shape)
{
	size_t total = image_bytes(shape);

	*w = (struct walk){0};
	if (payload->codec == CODEC_NONE) {
		w->tail_bytes = (uint32_t)payload->len_bytes;
		return payload->len_bytes == total ? 0 : -EMSGSIZE;
	}
	if (total > WALK_BLOCK_MAX)
		return -ENOTSUP;
	w->n_blocks = 1;
	w->block_bytes = w->last_bytes = (uint32_t)total;
	return 0;
}

/* 0 where the head's block size is one this codec can have; the size in *block_bytes. */
static int head_block_bytes(uint64_t *block_bytes, const struct payload *payload, const struct image_shape *shape)
{
	unsigned elem = pixel_bytes(shape->type);
	uint32_t said = walk_be32(payload->bytes + 8);

	*block_bytes = said;
	if (payload->codec == CODEC_LZ4_FRAMED)
		return said == 0 ? -ENOTSUP : 0;
	if (payload->shuffle_bytes != elem || said % (8 * elem) != 0)
		return -ENOTSUP;
	if (said == 0)
		*block_bytes = walk_bslz4_default(elem);
	return 0;
}

static int begin_headed(struct walk *w, const struct payload *payload, const struct image_shape *shape)
{
	uint64_t block_bytes, n;
	int error;

	if (payload->len_bytes < WALK_HEAD_BYTES)
		return -EBADMSG;
	if (walk_be64(payload->bytes) != image_bytes(shape))
		return -EMSGSIZE;
	error = head_block_bytes(&block_bytes, payload, shape);
	if (error)
		return error;
	n = walk_split(w, payload->codec, shape, block_bytes);
	if (w->block_bytes > WALK_BLOCK_MAX)
		return -ENOTSUP;
	/* An LZ4 block has a byte at least: refuse now what cannot be there, before anyone makes room for n entries. */
	if (n > (payload->len_bytes - WALK_HEAD_BYTES) / (WALK_WORD_BYTES + 1))
		return -EBADMSG;
	w->n_blocks = (uint32_t)n;
	w->at = WALK_HEAD_BYTES + WALK_WORD_BYTES;
	return 0;
}

int walk_begin(struct walk *w, const struct payload *payload, const struct image_shape *shape)
{
	if (!walk_shape_ok(shape) || payload->len_bytes > WALK_PAYLOAD_MAX)
		return -ENOTSUP;
	switch (payload->codec) {
	case CODEC_NONE:
	case CODEC_LZ4_RAW:
		return begin_headless(w, payload, shape);
	case CODEC_BSLZ4:
	case CODEC_LZ4_FRAMED:
		return begin_headed(w, payload, shape);
	}
	return -ENOTSUP;
}

int walk_next(struct walk *w, const struct payload *payload, size_t *offset, uint32_t *len_bytes)
{
	if (payload->codec == CODEC_LZ4_RAW) {
		*len_bytes = (uint32_t)payload->len_bytes;
	} else {
		if (w->at > payload->len_bytes)
			return -EBADMSG;
		*len_bytes = walk_be32(payload->bytes + w->at - WALK_WORD_BYTES);
	}
	if (*len_bytes == 0 || *len_bytes > INT_MAX || *len_bytes > payload->len_bytes - w->at)
		return -EBADMSG;
	*offset = w->at;
	w->at += (size_t)*len_bytes + WALK_WORD_BYTES;
	w->next++;
	return 0;
}

int walk_end(const struct walk *w, const struct payload *payload)
{
	size_t end;

	if (payload->codec == CODEC_NONE)
		return 0;
	end = w->at - WALK_WORD_BYTES;
	return end <= payload->len_bytes && payload->len_bytes - end == w->tail_bytes ? 0 : -EBADMSG;
}
