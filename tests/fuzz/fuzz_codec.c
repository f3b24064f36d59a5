/* fuzz_codec.c - hostile payloads through the codec (libFuzzer), against a second, naive reading of the layouts.
 *
 * Input: type, codec, shuffle bytes (a byte each), width, height (u16 little-endian each), payload. The table, the
 * block decoder and the whole decoder must accept exactly what the naive one accepts, with the same pixels.
 * With SLUICE_FUZZ_SEEDS in the environment an input that is refused ends the run: every seed must be a good image. */
#include <lz4.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/codec.h"

#define INPUT_HEAD 7u
#define IMAGE_MAX (4u << 20)
#define BITWISE_MAX 65536u /* above this the naive transposition takes too long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t big_endian(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

static bool lz4_exactly(const uint8_t *in, uint64_t len, uint8_t *out, size_t size)
{
	return len <= INT32_MAX && LZ4_decompress_safe((const char *)in, (char *)out, (int)len, (int)size) == (int)size;
}

static void naive_unshuffle(uint8_t *out, const uint8_t *in, size_t n, unsigned elem)
{
	memset(out, 0, n * elem);
	for (size_t bit = 0; bit < 8 * n * elem; bit++) {
		size_t plane = bit / n, pixel = bit % n;

		if (in[plane * (n / 8) + pixel / 8] >> pixel % 8 & 1)
			out[pixel * elem + plane / 8] |= (uint8_t)(1u << plane % 8);
	}
}

/* Is the payload an image of n pixels? Pixels of bslz4 blocks stay transposed where there are too many. */
static bool naive_decode(const struct payload *p, size_t n, unsigned elem, uint8_t *out, uint8_t *block)
{
	uint64_t at = 12, left = n, per, len;

	if (p->codec == CODEC_NONE) {
		if (p->len_bytes == n * elem)
			memcpy(out, p->bytes, n * elem);
		return p->len_bytes == n * elem;
	}
	if (p->codec == CODEC_LZ4_RAW)
		return lz4_exactly(p->bytes, p->len_bytes, out, n * elem);
	if (p->len_bytes < 12 || big_endian(p->bytes, 8) != n * elem)
		return false;
	per = big_endian(p->bytes + 8, 4);
	if (p->codec == CODEC_BSLZ4) {
		if (p->shuffle_bytes != elem || per % (8 * elem))
			return false;
		per = per ? per / elem : 8192 / elem;
	} else {
		if (per == 0)
			return false;
		left *= elem; /* framed lz4 counts bytes, not pixels */
	}
	while (left >= (p->codec == CODEC_BSLZ4 ? 8 : 1)) {
		size_t now = per < left ? per : p->codec == CODEC_BSLZ4 ? left / 8 * 8 : left;
		size_t bytes = p->codec == CODEC_BSLZ4 ? now * elem : now;

		if (p->len_bytes - at < 4)
			return false;
		len = big_endian(p->bytes + at, 4);
		at += 4;
		if (len == 0 || len > p->len_bytes - at)
			return false;
		if (p->codec == CODEC_LZ4_FRAMED && len == bytes)
			memcpy(out, p->bytes + at, bytes);
		else if (!lz4_exactly(p->bytes + at, len, block, bytes))
			return false;
		else if (p->codec == CODEC_BSLZ4 && n * elem <= BITWISE_MAX)
			naive_unshuffle(out, block, now, elem);
		else
			memcpy(out, block, bytes);
		out += bytes;
		at += len;
		left -= now;
	}
	if (p->codec != CODEC_BSLZ4)
		return at == p->len_bytes;
	if (at + left * elem != p->len_bytes)
		return false;
	memcpy(out, p->bytes + at, left * elem);
	return true;
}

static bool table_decode(const struct payload *payload, const struct image_shape *shape, uint8_t *out)
{
	size_t entries = block_table_entries(image_bytes(shape), 1);
	struct block_table t = {.capacity = (uint32_t)entries, .offset = malloc(entries * sizeof(uint32_t))};
	uint8_t *copy = malloc(payload->len_bytes + 1);
	const struct payload copied = {copy, payload->len_bytes, payload->codec, payload->shuffle_bytes};
	int error = block_table_copy(&t, payload, shape, copy);
	uint8_t *scratch = error ? NULL : malloc(t.block_bytes + 1u);

	for (uint32_t i = 0; !error && i < t.n_blocks; i++) {
		error = codec_decode_block(&copied, &t, i, out, scratch);
		out += i + 1 == t.n_blocks ? t.last_bytes : t.block_bytes;
	}
	if (!error)
		memcpy(out, copied.bytes + t.tail_offset, t.tail_bytes);
	free(scratch);
	free(copy);
	free(t.offset);
	return !error;
}

static void demand(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_shape shape;
	struct payload payload;
	uint8_t *a, *b, *c, *block;
	bool whole, naive, blocks;
	size_t n;

	if (size < INPUT_HEAD)
		return 0;
	shape = (struct image_shape){data[3] | data[4] << 8, data[5] | data[6] << 8, (enum pixel_type)(data[0] % 3)};
	payload = (struct payload){data + INPUT_HEAD, size - INPUT_HEAD, (enum codec)(data[1] % CODECS), data[2]};
	n = image_bytes(&shape);
	if (n == 0 || n > IMAGE_MAX)
		return 0;
	a = malloc(n), b = malloc(n), c = malloc(n), block = malloc(n);
	whole = codec_decode(&payload, &shape, a) == 0;
	blocks = table_decode(&payload, &shape, b);
	naive = naive_decode(&payload, image_pixels(&shape), pixel_bytes(shape.type), c, block);
	demand(whole == blocks, "the table and the whole decoder accept the same");
	demand(whole == naive, "the codec accepts what the layouts allow");
	if (whole) {
		demand(memcmp(a, b, n) == 0, "blocks make the same image");
		if (payload.codec != CODEC_BSLZ4 || n <= BITWISE_MAX)
			demand(memcmp(a, c, n) == 0, "the image is what the layouts say");
	}
	demand(whole || !getenv("SLUICE_FUZZ_SEEDS"), "a seed is a good image");
	free(a), free(b), free(c), free(block);
	return 0;
}
