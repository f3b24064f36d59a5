/* transpose.h - bits of planes to pixels, in registers: one item turns the same 32-bit word of every plane.
 *
 * For kernels/body/decode.h. r[p] holds bit p of 32 pixels, lowest pixel in the lowest bit; afterwards r
 * holds the 32 pixels, first pixel first. */
#ifndef KERNELS_BODY_TRANSPOSE_H
#define KERNELS_BODY_TRANSPOSE_H

#include "kernels/body/dialect.h"

/* Exchanges the high fields of *a for the low ones of *b. */
BODY void transpose_exchange(u32 *a, u32 *b, u32 shift, u32 low)
{
	u32 t = ((*a >> shift) ^ *b) & low;

	*b ^= t;
	*a ^= t << shift;
}

#define TRANSPOSE_ROUND(r, planes, step, low)                                       \
	UNROLL                                                                      \
	for (u32 i = 0; i < (planes); i++)                                          \
		if (!(i & (step)))                                                  \
			transpose_exchange(&(r)[i], &(r)[i + (step)], step, low);

#define TRANSPOSE_LOW_ROUNDS(r, planes)          \
	TRANSPOSE_ROUND(r, planes, 4, 0x0f0f0f0fu) \
	TRANSPOSE_ROUND(r, planes, 2, 0x33333333u) \
	TRANSPOSE_ROUND(r, planes, 1, 0x55555555u)

/* 32 pixels of one byte: 8 words, in place like all of these. */
BODY void transpose_u8(u32 *r)
{
	u32 t[8];

	TRANSPOSE_LOW_ROUNDS(r, 8)
	UNROLL
	for (u32 w = 0; w < 8; w++) {
		u32 first = 4 * (w & 1), shift = 8 * (w / 2);

		t[w] = (r[first] >> shift & 0xff) | (r[first + 1] >> shift & 0xff) << 8 | (r[first + 2] >> shift & 0xff) << 16 |
		       (r[first + 3] >> shift & 0xff) << 24;
	}
	UNROLL
	for (u32 w = 0; w < 8; w++)
		r[w] = t[w];
}

BODY void transpose_u16(u32 *r)
{
	u32 t[16];

	TRANSPOSE_ROUND(r, 16, 8, 0x00ff00ffu)
	TRANSPOSE_LOW_ROUNDS(r, 16)
	UNROLL
	for (u32 w = 0; w < 8; w++) {
		t[w] = (r[2 * w] & 0xffff) | r[2 * w + 1] << 16;
		t[8 + w] = r[2 * w] >> 16 | (r[2 * w + 1] & 0xffff0000u);
	}
	UNROLL
	for (u32 w = 0; w < 16; w++)
		r[w] = t[w];
}

BODY void transpose_u32(u32 *r)
{
	TRANSPOSE_ROUND(r, 32, 16, 0x0000ffffu)
	TRANSPOSE_ROUND(r, 32, 8, 0x00ff00ffu)
	TRANSPOSE_LOW_ROUNDS(r, 32)
}

#endif
