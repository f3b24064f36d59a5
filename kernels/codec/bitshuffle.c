/* bitshuffle.c - the bit transposition of bslz4 in 64-bit words (kernels/codec.h).
 *
 * In a block of n pixels, plane p holds bit p % 8 of byte p / 8 of every pixel, lowest pixel in the lowest bit, n / 8
 * bytes per plane. 64 pixels are turned at a time: 8 words of 8 planes are one 8 x 8 bit matrix in each byte column,
 * transposed by three rounds of exchanges between words, and then one 8 x 8 matrix of bytes, likewise. */
#include <string.h>

#include "kernels/codec.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "pixels and planes are little-endian");

#define GROUP 8u /* bytes of each plane per step: 64 pixels */

static inline void exchange(uint64_t *a, uint64_t *b, unsigned shift, uint64_t mask)
{
	uint64_t t = ((*a >> shift) ^ *b) & mask;

	*b ^= t;
	*a ^= t << shift;
}

/* One round over the pairs of words that lie `step` apart. */
static inline void exchange_round(uint64_t w[8], unsigned step, unsigned shift, uint64_t mask)
{
	for (unsigned i = 0; i < 8; i++)
		if (!(i & step))
			exchange(&w[i], &w[i + step], shift, mask);
}

/* Bit j of every byte of word p to bit p of the same byte of word j. Its own inverse. */
static inline void transpose_bits(uint64_t w[8])
{
	exchange_round(w, 1, 1, 0x5555555555555555u);
	exchange_round(w, 2, 2, 0x3333333333333333u);
	exchange_round(w, 4, 4, 0x0f0f0f0f0f0f0f0fu);
}

/* Byte j of word p to byte p of word j. Its own inverse. */
static inline void transpose_bytes(uint64_t w[8])
{
	exchange_round(w, 1, 8, 0x00ff00ff00ff00ffu);
	exchange_round(w, 2, 16, 0x0000ffff0000ffffu);
	exchange_round(w, 4, 32, 0x00000000ffffffffu);
}

/* 8 planes of m <= 8 bytes each, `stride` apart, to the 8 m bytes of as many pixels. */
static inline void planes_to_bytes(uint8_t bytes[64], const uint8_t *planes, size_t stride, size_t m)
{
	uint64_t w[8] = {0};

	for (unsigned p = 0; p < 8; p++)
		memcpy(&w[p], planes + p * stride, m);
	transpose_bits(w);
	transpose_bytes(w);
	memcpy(bytes, w, sizeof w);
}

static inline void bytes_to_planes(uint8_t *planes, size_t stride, size_t m, const uint8_t bytes[64])
{
	uint64_t w[8];

	memcpy(w, bytes, sizeof w);
	transpose_bytes(w);
	transpose_bits(w);
	for (unsigned p = 0; p < 8; p++)
		memcpy(planes + p * stride, &w[p], m);
}

/* 8 m pixels out of m bytes of every plane; elem and m are constants where it matters for speed. */
static inline void unshuffle_group(uint8_t *out, const uint8_t *planes, size_t stride, size_t m, unsigned elem)
{
	uint8_t bytes[4][64];

	for (unsigned b = 0; b < elem; b++)
		planes_to_bytes(bytes[b], planes + 8 * b * stride, stride, m);
	for (size_t i = 0; i < 8 * m; i++)
		for (unsigned b = 0; b < elem; b++)
			out[i * elem + b] = bytes[b][i];
}

static inline void shuffle_group(uint8_t *planes, size_t stride, const uint8_t *in, size_t m, unsigned elem)
{
	uint8_t bytes[4][64] = {{0}};

	for (size_t i = 0; i < 8 * m; i++)
		for (unsigned b = 0; b < elem; b++)
			bytes[b][i] = in[i * elem + b];
	for (unsigned b = 0; b < elem; b++)
		bytes_to_planes(planes + 8 * b * stride, stride, m, bytes[b]);
}

static inline void unshuffle(uint8_t *out, const uint8_t *in, size_t n, unsigned elem)
{
	size_t stride = n / 8, at = 0;

	for (; at + GROUP <= stride; at += GROUP)
		unshuffle_group(out + 8 * at * elem, in + at, stride, GROUP, elem);
	if (at < stride)
		unshuffle_group(out + 8 * at * elem, in + at, stride, stride - at, elem);
}

static inline void shuffle(uint8_t *out, const uint8_t *in, size_t n, unsigned elem)
{
	size_t stride = n / 8, at = 0;

	for (; at + GROUP <= stride; at += GROUP)
		shuffle_group(out + at, stride, in + 8 * at * elem, GROUP, elem);
	if (at < stride)
		shuffle_group(out + at, stride, in + 8 * at * elem, stride - at, elem);
}

void codec_bitunshuffle(uint8_t *out, const uint8_t *in, size_t n, unsigned elem)
{
	if (elem == 1)
		unshuffle(out, in, n, 1);
	else if (elem == 2)
		unshuffle(out, in, n, 2);
	else
		unshuffle(out, in, n, 4);
}

void codec_bitshuffle(uint8_t *out, const uint8_t *in, size_t n, unsigned elem)
{
	if (elem == 1)
		shuffle(out, in, n, 1);
	else if (elem == 2)
		shuffle(out, in, n, 2);
	else
		shuffle(out, in, n, 4);
}
