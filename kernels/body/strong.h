/* strong.h - the integer tests for strong pixels (algorithms.md section 3), and the list that they go to.
 *
 * For the kernels of kernels/body: pure arithmetic on numbers of 64 bits, which do not overflow (plan_make sees to it). */
#ifndef KERNELS_BODY_STRONG_H
#define KERNELS_BODY_STRONG_H

#include "kernels/body/pixels.h"

/* The window is not flat background. m is the number of pixels, x their sum, y that of their squares. */
BODY bool strong_not_flat(GLOBAL const struct plan_table *plan, u32 m, u64 x, u64 y)
{
	return m >= plan->min_count && m * y - x * x > (x * plan->c_q16[m]) >> 16;
}

/* The pixel stands out of its window. */
BODY bool strong_stands_out(u64 ns2_q16, u32 m, u64 x, u32 p)
{
	u64 mp = (u64)m * p, b = mp - x;

	if (mp <= x)
		return false;
	return p >= TABLE_BIG_PIXEL || b * b > (ns2_q16 * x * m) >> 16;
}

/* Step 4 of `dispersion_extended`. */
BODY bool strong_stands_out_extended(u64 ns2_q16, u32 m, u64 x, u32 p)
{
	u64 d;

	if (m < 2)
		x = 0;
	if ((u64)p * m < x)
		return false;
	d = (u64)p * m - x;
	return d >= (u64)1 << 31 || d * d >= (ns2_q16 * x * m + 0xffff) >> 16;
}

/* Sums over a window, without pixels that count for nothing. */
struct window_sums {
	u64 x, y;
	u32 m;
};

BODY void window_take(struct window_sums *s, u32 v)
{
	if (v >= TABLE_BIG_PIXEL)
		return;
	s->m++;
	s->x += v;
	s->y += (u64)v * v;
}

/* Lists a strong pixel: in the record while it has room, then in the batch's other memory; the count goes on in any case. */
BODY void strong_append(GLOBAL const struct plan_table *plan, GLOBAL u32 *record, GLOBAL u32 *rest, u32 frame, u32 index, u32 value)
{
	u32 at = GLOBAL_ADD(&record[RECORD_STRONG], 1u);
	GLOBAL u32 *entry = record + RECORD_WORDS + 3 * plan->n_bins + 2 * at;

	if (at >= plan->list_head) {
		if (at - plan->list_head >= plan->list_rest)
			return;
		entry = rest + 2 * ((u64)frame * plan->list_rest + (at - plan->list_head));
	}
	entry[0] = index;
	entry[1] = value;
}

/* Items of a group in rows of up to 32: neighbours take neighbouring pixels. */
#define ROW_ITEMS GROUP_ITEMS(32)
#define ROWS_OF_ITEMS (GROUP_ITEMS(PIXEL_ITEMS) / ROW_ITEMS)

/* The valid pixels from (x, y) on, width x height of them, into local memory. */
BODY void tile_load(GLOBAL const struct plan_table *plan, GLOBAL const u8 *image, GLOBAL const u32 *mask, LOCAL u32 *tile, int x, int y,
		    u32 width, u32 height)
{
	for (u32 v = ITEM_INDEX / ROW_ITEMS; v < height; v += ROWS_OF_ITEMS)
		for (u32 u = ITEM_INDEX % ROW_ITEMS; u < width; u += ROW_ITEMS)
			tile[v * width + u] = pixel_valid(plan, image, mask, x + (int)u, y + (int)v);
}

#endif
