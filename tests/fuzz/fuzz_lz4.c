/* fuzz_lz4.c - hostile LZ4 blocks through the own decoders of engines (libFuzzer), against liblz4 and a naive reading of the format.
 *
 * Input: size of the output (u16 little-endian), block. The naive decoder takes what the format allows; liblz4 must then take it too, with the
 * same bytes, and refuse everything else but blocks with offset 0 and short matches that reach into the last literals, of which the format
 * says nothing good and liblz4 takes some. The CPU engine's decoders must take exactly what the naive one takes, those of device kernels
 * (here in plain C) exactly what liblz4 does. With SLUICE_FUZZ_SEEDS in the environment an input that is refused ends the run. */
#include <lz4.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/body/decode.h"
#include "kernels/cpu/flat.h"
#include "kernels/cpu/rows.h"

#define SIZE_MIN 12u /* own decoders leave smaller ones to liblz4 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum verdict { TAKEN, REFUSED, UNUSUAL };

struct bytes {
	const uint8_t *at, *end;
};

static bool add_length(struct bytes *in, size_t *length)
{
	uint8_t more = 255;

	while (more == 255) {
		if (in->at == in->end)
			return false;
		more = *in->at++;
		*length += more;
	}
	return true;
}

/* One byte after the other. A match ends 5 bytes before the end and begins 12 before it; after the last one come literals only. */
static enum verdict naive(struct bytes in, uint8_t *out, size_t size)
{
	size_t at = 0;

	while (in.at < in.end) {
		size_t n_literals = *in.at >> 4, n_match = (*in.at & 15) + 4, offset;

		in.at++;
		if (n_literals == 15 && !add_length(&in, &n_literals))
			return REFUSED;
		if (n_literals > (size_t)(in.end - in.at) || n_literals > size - at)
			return REFUSED;
		memcpy(out + at, in.at, n_literals);
		at += n_literals;
		in.at += n_literals;
		if (at + 12 > size || in.end - in.at < 8)
			return in.at == in.end && at == size ? TAKEN : at + 12 > size ? REFUSED : UNUSUAL;
		offset = in.at[0] | (size_t)in.at[1] << 8;
		in.at += 2;
		if (n_match == 19 && !add_length(&in, &n_match))
			return REFUSED;
		if (offset == 0)
			return UNUSUAL;
		if (offset > at || n_match > size - at)
			return REFUSED;
		if (n_match + 5 > size - at)
			return n_match > 18 || n_literals > 14 || offset < 8 ? REFUSED : UNUSUAL;
		for (; n_match > 0; n_match--, at++)
			out[at] = out[at - offset];
	}
	return REFUSED;
}

static void demand(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

static void check_level(const struct cpu_level *level, const struct bytes *block, const uint8_t *expected, size_t size, bool taken)
{
	size_t len = (size_t)(block->end - block->at);
	struct lz4_patterns *patterns = aligned_alloc(64, (sizeof *patterns + 63) / 64 * 64);
	uint8_t *in = malloc(len + LZ4_IN_SLACK), *room = malloc(LZ4_OUT_AHEAD + size + LZ4_OUT_SLACK), *out = room + LZ4_OUT_AHEAD;

	lz4_patterns_make(patterns);
	memcpy(in, block->at, len);
	memset(in + len, (int)(size & 255), LZ4_IN_SLACK); /* what is there must not matter */
	demand(level->flat->lz4(patterns, in, len, out, size) == taken, "the own decoder takes what the format allows");
	demand(!taken || memcmp(out, expected, size) == 0, "the own decoder makes the same bytes");
	free(patterns);
	free(in);
	free(room);
}

/* A block that begins `ahead` bytes into a word, as it may on a device, to local or to global memory there. */
static void check_device(const struct bytes *block, uint32_t ahead, bool local, const uint8_t *expected, size_t size, bool taken)
{
	size_t len = (size_t)(block->end - block->at), words = (ahead + len + 3) / 4;
	uint32_t *in = calloc(words, sizeof *in), window[LZ4_WINDOW_WORDS], *out = malloc((size + 3) / 4 * 4);
	struct lz4_input input = {in, window, 0, ahead + (uint32_t)len};
	bool good;

	memcpy((uint8_t *)in + ahead, block->at, len);
	lz4_fill_window(&input, 0);
	good = local ? local_decode(&input, ahead, (uint8_t *)out, (uint32_t)size) : global_decode(&input, ahead, (uint8_t *)out, (uint32_t)size);
	demand(good == taken, "the device's decoder takes what liblz4 takes");
	demand(!good || memcmp(out, expected, size) == 0, "the device's decoder makes the same bytes");
	free(in);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_size)
{
	struct bytes block = {data + 2, data + data_size};
	size_t size = data_size < 3 ? 0 : data[0] | (size_t)data[1] << 8;
	const struct cpu_level *level;
	uint8_t *out, *theirs;
	enum verdict verdict;
	bool taken;

	if (size < SIZE_MIN)
		return 0;
	out = malloc(size);
	theirs = malloc(size);
	verdict = naive(block, out, size);
	taken = LZ4_decompress_safe((const char *)block.at, (char *)theirs, (int)(block.end - block.at), (int)size) == (int)size;
	demand(verdict != TAKEN || (taken && memcmp(out, theirs, size) == 0), "liblz4 takes what the format allows");
	demand(verdict != REFUSED || !taken, "liblz4 refuses what the format does not allow");
	for (unsigned i = 0; (level = cpu_level_at(i)); i++)
		if (level->available() && level->flat && level->flat->lz4)
			check_level(level, &block, out, size, verdict == TAKEN);
	check_device(&block, data_size % 4, true, theirs, size, taken);
	check_device(&block, size % 4, false, theirs, size, taken);
	demand(taken || !getenv("SLUICE_FUZZ_SEEDS"), "a seed is a good block");
	free(out);
	free(theirs);
	return 0;
}
