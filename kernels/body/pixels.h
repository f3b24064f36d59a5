/* pixels.h - reading pixels of a batch's images, and sums in two words.
 *
 * For the kernels of kernels/body. Devices are little-endian; OpenCL C 1.2 promises no atomic operation on 64 bits. */
#ifndef KERNELS_BODY_PIXELS_H
#define KERNELS_BODY_PIXELS_H

#include "kernels/body/tables.h"

#define PIXEL_INVALID 0xffffffffu /* no valid pixel has this value, whatever the type */

/* The image of one frame of the batch. */
BODY GLOBAL const u8 *pixels_of(GLOBAL const struct plan_table *plan, GLOBAL const u8 *images, u32 frame)
{
	return images + (u64)frame * plan->image_units * 16;
}

BODY u32 pixel_at(GLOBAL const u8 *image, u32 type, u32 i)
{
	if (type == 0)
		return image[i];
	return type == 1 ? ((GLOBAL const u16 *)image)[i] : ((GLOBAL const u32 *)image)[i];
}

/* Eight pixels from i on, a multiple of 8. */
BODY void pixels_eight(GLOBAL const u8 *image, u32 type, u32 i, u32 v[8])
{
	GLOBAL const u32 *words = (GLOBAL const u32 *)(image + ((u64)i << type));

	if (type == 2) {
		UNROLL
		for (u32 j = 0; j < 8; j++)
			v[j] = words[j];
	} else if (type == 1) {
		UNROLL
		for (u32 j = 0; j < 8; j++)
			v[j] = words[j / 2] >> 16 * (j & 1) & 0xffff;
	} else {
		UNROLL
		for (u32 j = 0; j < 8; j++)
			v[j] = words[j / 4] >> 8 * (j & 3) & 0xff;
	}
}

/* Adds to a sum in two words. The order in which items come does not matter: every time the low word runs over adds one above. */
BODY void global_add_wide(GLOBAL u32 *low, GLOBAL u32 *high, u64 n)
{
	u32 n_low = (u32)n, n_high = (u32)(n >> 32), old = n_low ? GLOBAL_ADD(low, n_low) : 0;

	n_high += (u32)(old + n_low) < n_low;
	if (n_high)
		GLOBAL_ADD(high, n_high);
}

/* Pixel (x, y) if it is valid, else PIXEL_INVALID; outside the image nothing is. */
BODY u32 pixel_valid(GLOBAL const struct plan_table *plan, GLOBAL const u8 *image, GLOBAL const u32 *mask, int x, int y)
{
	u32 v;

	if (x < 0 || y < 0 || x >= (int)plan->width || y >= (int)plan->height)
		return PIXEL_INVALID;
	if (!(mask[(u32)y * plan->mask_words + (u32)x / 32] >> ((u32)x & 31) & 1))
		return PIXEL_INVALID;
	v = pixel_at(image, plan->type, (u32)y * plan->width + (u32)x);
	return v < plan->invalid_from ? v : PIXEL_INVALID;
}

#endif
