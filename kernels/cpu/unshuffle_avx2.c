/* unshuffle_avx2.c - the bit transposition of bslz4 back to pixels with AVX2; for rows_avx2.c, as codec_bitunshuffle.
 *
 * 256 pixels at a time: 32 bytes of each of 8 planes are transposed as 8 x 8 bits by exchanges between vectors, then
 * interleaved to bytes. Groups of 8 planes that are empty (the high ones of most frames) cost an OR. */
#ifdef __x86_64__
#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/cpu/rows.h"
#include "kernels/cpu/turn_avx2.inc"

#define STEP 32u /* bytes of each plane */

/* One byte of each of 256 pixels, laid out as interleave says. False where all are 0 (o is then 0). */
static inline bool turn(const uint8_t *planes, size_t stride, __m256i o[8])
{
	__m256i w[8], any = _mm256_setzero_si256();

	for (int p = 0; p < 8; p++) {
		w[p] = _mm256_loadu_si256((const __m256i *)(planes + (size_t)p * stride));
		any = _mm256_or_si256(any, w[p]);
	}
	if (_mm256_testz_si256(any, any)) {
		for (int i = 0; i < 8; i++)
			o[i] = any;
		return false;
	}
	transpose_bits(w);
	interleave(w, o);
	return true;
}

/* Low lanes of a and b to out, high lanes to where 128 pixels of elem bytes later begins. */
static inline void put(uint8_t *out, __m256i a, __m256i b, unsigned elem)
{
	_mm256_storeu_si256((__m256i *)out, _mm256_permute2x128_si256(a, b, 0x20));
	_mm256_storeu_si256((__m256i *)(out + 128 * elem), _mm256_permute2x128_si256(a, b, 0x31));
}

static inline void step_1(uint8_t *out, const uint8_t *planes, size_t stride)
{
	__m256i o[8];

	turn(planes, stride, o);
	for (int i = 0; i < 8; i += 2)
		put(out + 16 * i, o[i], o[i + 1], 1);
}

static inline void step_2(uint8_t *out, const uint8_t *planes, size_t stride)
{
	__m256i low[8], high[8];

	turn(planes, stride, low);
	turn(planes + 8 * stride, stride, high);
	for (int i = 0; i < 8; i++)
		put(out + 32 * i, _mm256_unpacklo_epi8(low[i], high[i]), _mm256_unpackhi_epi8(low[i], high[i]), 2);
}

static inline void step_4(uint8_t *out, const uint8_t *planes, size_t stride)
{
	__m256i b[4][8];

	for (unsigned i = 0; i < 4; i++)
		turn(planes + 8 * i * stride, stride, b[i]);
	for (int i = 0; i < 8; i++) {
		__m256i low = _mm256_unpacklo_epi8(b[0][i], b[1][i]), high = _mm256_unpacklo_epi8(b[2][i], b[3][i]);

		put(out + 64 * i, _mm256_unpacklo_epi16(low, high), _mm256_unpackhi_epi16(low, high), 4);
		low = _mm256_unpackhi_epi8(b[0][i], b[1][i]);
		high = _mm256_unpackhi_epi8(b[2][i], b[3][i]);
		put(out + 64 * i + 32, _mm256_unpacklo_epi16(low, high), _mm256_unpackhi_epi16(low, high), 4);
	}
}

static inline void step(uint8_t *out, const uint8_t *planes, size_t stride, unsigned elem)
{
	if (elem == 1)
		step_1(out, planes, stride);
	else if (elem == 2)
		step_2(out, planes, stride);
	else
		step_4(out, planes, stride);
}

/* The m < 32 last bytes of every plane, by way of a full step in a copy. */
static void last_step(uint8_t *out, const uint8_t *planes, size_t stride, size_t m, unsigned elem)
{
	uint8_t copy[32 * STEP] = {0}, pixels[8 * STEP * 4];

	for (unsigned p = 0; p < 8 * elem; p++)
		memcpy(copy + p * STEP, planes + p * stride, m);
	step(pixels, copy, STEP, elem);
	memcpy(out, pixels, 8 * m * elem);
}

void cpu_unshuffle_avx2(uint8_t *out, const uint8_t *in, size_t n, unsigned elem)
{
	size_t stride = n / 8, at = 0;

	for (; at + STEP <= stride; at += STEP)
		step(out + 8 * at * elem, in + at, stride, elem);
	if (at < stride)
		last_step(out + 8 * at * elem, in + at, stride, stride - at, elem);
}
#endif
