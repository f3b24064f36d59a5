/* unshuffle_neon.c - the bit transposition of bslz4 back to pixels with NEON; for rows_neon.c, as codec_bitunshuffle.
 *
 * As unshuffle_avx2.c, 128 pixels at a time: 16 bytes of each of 8 planes. */
#ifdef __aarch64__
#include <arm_neon.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/cpu/rows.h"
#include "kernels/cpu/turn_neon.inc"

#define STEP 16u /* bytes of each plane */

/* One byte of each of 128 pixels, in order. */
static inline void turn(const uint8_t *planes, size_t stride, uint8x16_t o[8])
{
	uint8x16_t w[8], any = vdupq_n_u8(0);

	for (int p = 0; p < 8; p++) {
		w[p] = vld1q_u8(planes + (size_t)p * stride);
		any = vorrq_u8(any, w[p]);
	}
	if (!any_bit(any)) {
		for (int i = 0; i < 8; i++)
			o[i] = any;
		return;
	}
	transpose_bits(w);
	interleave(w, o);
}

static inline void step_1(uint8_t *out, const uint8_t *planes, size_t stride)
{
	uint8x16_t o[8];

	turn(planes, stride, o);
	for (int i = 0; i < 8; i++)
		vst1q_u8(out + 16 * i, o[i]);
}

static inline void step_2(uint8_t *out, const uint8_t *planes, size_t stride)
{
	uint8x16_t low[8], high[8];

	turn(planes, stride, low);
	turn(planes + 8 * stride, stride, high);
	for (int i = 0; i < 8; i++)
		vst2q_u8(out + 32 * i, ((uint8x16x2_t){{low[i], high[i]}}));
}

static inline void step_4(uint8_t *out, const uint8_t *planes, size_t stride)
{
	uint8x16_t b[4][8];

	for (unsigned i = 0; i < 4; i++)
		turn(planes + 8 * i * stride, stride, b[i]);
	for (int i = 0; i < 8; i++)
		vst4q_u8(out + 64 * i, ((uint8x16x4_t){{b[0][i], b[1][i], b[2][i], b[3][i]}}));
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

/* The m < 16 last bytes of every plane, by way of a full step in a copy. */
static void last_step(uint8_t *out, const uint8_t *planes, size_t stride, size_t m, unsigned elem)
{
	uint8_t copy[32 * STEP] = {0}, pixels[8 * STEP * 4];

	for (unsigned p = 0; p < 8 * elem; p++)
		memcpy(copy + p * STEP, planes + p * stride, m);
	step(pixels, copy, STEP, elem);
	memcpy(out, pixels, 8 * m * elem);
}

void cpu_unshuffle_neon(uint8_t *out, const uint8_t *in, size_t n, unsigned elem)
{
	size_t stride = n / 8, at = 0;

	for (; at + STEP <= stride; at += STEP)
		step(out + 8 * at * elem, in + at, stride, elem);
	if (at < stride)
		last_step(out + 8 * at * elem, in + at, stride, stride - at, elem);
}
#endif
