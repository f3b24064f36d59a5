/* decode.c - blocks and whole images out of payloads, and the words for errors (kernels/codec.h). */
#include <errno.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/codec/walk.h"

static int decode_lz4(const uint8_t *in, uint32_t len_bytes, uint8_t *out, uint32_t size)
{
	int n = LZ4_decompress_safe((const char *)in, (char *)out, (int)len_bytes, (int)size);

	return n >= 0 && (uint32_t)n == size ? 0 : -EBADMSG;
}

/* One block of len_bytes at in, which becomes size bytes at out. */
static int decode_piece(const struct payload *payload, const uint8_t *in, uint32_t len_bytes, uint8_t *out,
			uint32_t size, uint8_t *scratch)
{
	unsigned elem = payload->shuffle_bytes;
	int error;

	if (payload->codec == CODEC_LZ4_FRAMED && len_bytes == size) {
		memcpy(out, in, size);
		return 0;
	}
	if (payload->codec != CODEC_BSLZ4)
		return decode_lz4(in, len_bytes, out, size);
	error = decode_lz4(in, len_bytes, scratch, size);
	if (!error)
		codec_bitunshuffle(out, scratch, size / elem, elem);
	return error;
}

int codec_decode_block(const struct payload *payload, const struct block_table *table, uint32_t i,
		       uint8_t *out, uint8_t *scratch)
{
	uint32_t size = i + 1 == table->n_blocks ? table->last_bytes : table->block_bytes;

	return decode_piece(payload, payload->bytes + table->offset[i], block_table_length(table, i), out, size,
			    scratch);
}

/* The framing alone, so that nothing is decompressed of a payload that would be refused anyway. */
static int check_framing(struct walk *begun, const struct payload *payload, const struct image_shape *shape)
{
	struct walk w;
	size_t offset;
	uint32_t len_bytes;
	int error;

	error = walk_begin(&w, payload, shape);
	*begun = w;
	while (!error && w.next < w.n_blocks)
		error = walk_next(&w, payload, &offset, &len_bytes);
	return error ? error : walk_end(&w, payload);
}

int codec_decode(const struct payload *payload, const struct image_shape *shape, void *out)
{
	uint8_t *scratch = NULL;
	uint8_t *at = out;
	struct walk w;
	int error;

	error = check_framing(&w, payload, shape);
	if (error)
		return error;
	if (payload->codec == CODEC_BSLZ4 && w.n_blocks > 0) {
		scratch = malloc(w.block_bytes);
		if (!scratch)
			return -ENOMEM;
	}
	while (!error && w.next < w.n_blocks) {
		uint32_t size = walk_size(&w, w.next);
		size_t offset = 0;
		uint32_t len_bytes = 0;

		error = walk_next(&w, payload, &offset, &len_bytes);
		if (!error)
			error = decode_piece(payload, payload->bytes + offset, len_bytes, at, size, scratch);
		at += size;
	}
	free(scratch);
	if (!error && w.tail_bytes)
		memcpy(at, payload->bytes + payload->len_bytes - w.tail_bytes, w.tail_bytes);
	return error;
}

const char *codec_name(enum codec codec)
{
	switch (codec) {
	case CODEC_NONE:
		return "none";
	case CODEC_BSLZ4:
		return "bslz4";
	case CODEC_LZ4_FRAMED:
		return "lz4";
	case CODEC_LZ4_RAW:
		return "lz4 without head";
	}
	return "unknown codec";
}

const char *codec_error(int error)
{
	switch (error) {
	case 0:
		return "no error";
	case -EBADMSG:
		return "the compressed data is damaged";
	case -EMSGSIZE:
		return "the compressed data does not hold exactly the announced image";
	case -ENOTSUP:
		return "the compressed data has a framing that is not supported";
	case -ENOSPC:
		return "more blocks or bytes than there is room for";
	case -ENOMEM:
		return "no memory for a block";
	}
	return "unknown error";
}
