/* dispersion.h - the kernel of the algorithm `dispersion`: one tile of TILE_WIDTH x TILE_HEIGHT pixels per group.
 *
 * Sums over columns of the window, then over rows of those, give m and X for every pixel, and with them the second test, which few pixels
 * pass. These are listed in local memory and then take the first test, each by itself, with no item idle beside a lucky one. */
#ifndef KERNELS_BODY_DISPERSION_H
#define KERNELS_BODY_DISPERSION_H

#include "kernels/body/strong.h"

#define TILE_LOADED ((TILE_WIDTH + 2 * TABLE_KERNEL_MAX) * (TILE_HEIGHT + 2 * TABLE_KERNEL_MAX))
#define TILE_COLUMNS ((TILE_WIDTH + 2 * TABLE_KERNEL_MAX) * TILE_HEIGHT)
#define TILE_SEGMENT 16u /* rows of a column that one item sums up */

/* m and X of a column of at most 13 pixels in one word. Where pixels have at most two bytes, such words may be added up for a whole
 * window: X stays below 2^24 and m below 2^8. With four bytes X of a column takes up to 28 bits. */
#define COLUMN_SHIFT(type) ((type) == 2 ? 28u : 24u)

BODY u32 column_word(u32 v, u32 shift)
{
	return v < TABLE_BIG_PIXEL ? v | 1u << shift : 0;
}

/* Sums of 2k + 1 pixels down every column of the tile, for each of its rows. */
BODY void column_sums(LOCAL const u32 *tile, LOCAL u32 *columns, u32 width, u32 k, u32 shift)
{
	for (u32 i = ITEM_INDEX; i < width * (TILE_HEIGHT / TILE_SEGMENT); i += GROUP_ITEMS(PIXEL_ITEMS)) {
		u32 c = i % width, first = i / width * TILE_SEGMENT, sum = 0;

		for (u32 r = 0; r < 2 * k; r++)
			sum += column_word(tile[(first + r) * width + c], shift);
		for (u32 r = first; r < first + TILE_SEGMENT; r++) {
			sum += column_word(tile[(r + 2 * k) * width + c], shift);
			columns[r * width + c] = sum;
			sum -= column_word(tile[r * width + c], shift);
		}
	}
}

/* X of the window whose columns begin at `columns`, and m. */
BODY u32 row_sum(LOCAL const u32 *columns, u32 k, u32 shift, u32 *m)
{
	u32 sum = 0, count = 0;

	if (shift == 24) {
		for (u32 i = 0; i <= 2 * k; i++)
			sum += columns[i];
		*m = sum >> 24;
		return sum & 0xffffff;
	}
	for (u32 i = 0; i <= 2 * k; i++) {
		sum += columns[i] & 0xfffffff;
		count += columns[i] >> 28;
	}
	*m = count;
	return sum;
}

/* Lists the pixels of the tile that stand out, by their place in it. */
BODY void list_standing_out(GLOBAL const struct plan_table *plan, LOCAL const u32 *tile, LOCAL const u32 *columns, LOCAL u16 *list,
			    LOCAL u32 *n_listed)
{
	u32 k = plan->k, width = TILE_WIDTH + 2 * k, shift = COLUMN_SHIFT(plan->type), threshold = plan->threshold;
	u64 ns2_q16 = plan->ns2_q16;

	for (u32 r = ITEM_INDEX / ROW_ITEMS; r < TILE_HEIGHT; r += ROWS_OF_ITEMS)
		for (u32 c = ITEM_INDEX % ROW_ITEMS; c < TILE_WIDTH; c += ROW_ITEMS) {
			u32 p = tile[(r + k) * width + c + k], m, x;

			if (p == PIXEL_INVALID || p <= threshold)
				continue;
			x = row_sum(columns + r * width + c, k, shift, &m);
			if (strong_stands_out(ns2_q16, m, x, p))
				list[LOCAL_ADD(n_listed, 1u)] = (u16)(r * TILE_WIDTH + c);
		}
}

BODY bool is_not_flat(GLOBAL const struct plan_table *plan, LOCAL const u32 *tile, u32 r, u32 c)
{
	u32 k = plan->k, width = TILE_WIDTH + 2 * k;
	struct window_sums s;

	s.x = s.y = 0;
	s.m = 0;
	for (u32 v = r; v <= r + 2 * k; v++)
		for (u32 u = c; u <= c + 2 * k; u++)
			window_take(&s, tile[v * width + u]);
	return strong_not_flat(plan, s.m, s.x, s.y);
}

/* Pixels of a tile that lie in the image. */
BODY u32 tile_pixels(u32 image_width, u32 image_height, u32 x, u32 y, u32 width, u32 height)
{
	u32 w = image_width - x, h = image_height - y;

	return (w < width ? w : width) * (h < height ? h : height);
}

KERNEL(PIXEL_ITEMS) sluice_dispersion(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const u32 *RESTRICT mask,
				      GLOBAL const u8 *RESTRICT images, GLOBAL u32 *records, GLOBAL u32 *rest, const u32 tiles_across,
				      const u32 tiles_per_frame)
{
	LOCAL_ARRAY u32 tile[TILE_LOADED];
	LOCAL_ARRAY u32 columns[TILE_COLUMNS];
	LOCAL_ARRAY u16 list[TILE_WIDTH * TILE_HEIGHT];
	LOCAL_ARRAY u32 n_listed[1];
	u32 frame = GROUP_INDEX / tiles_per_frame, index = GROUP_INDEX % tiles_per_frame, k = plan->k, width = TILE_WIDTH + 2 * k;
	u32 x = index % tiles_across * TILE_WIDTH, y = index / tiles_across * TILE_HEIGHT;
	GLOBAL u32 *record = records + (u64)frame * plan->record_words;
	bool good = record[RECORD_BAD_BLOCKS] == 0; /* nothing is left early: every item comes to every barrier */

	if (ITEM_INDEX == 0) {
		n_listed[0] = 0;
		if (good)
			GLOBAL_ADD(&record[RECORD_TESTED], tile_pixels(plan->width, plan->height, x, y, TILE_WIDTH, TILE_HEIGHT));
	}
	if (good)
		tile_load(plan, pixels_of(plan, images, frame), mask, tile, (int)x - (int)k, (int)y - (int)k, width, TILE_HEIGHT + 2 * k);
	BARRIER_LOCAL;
	if (good)
		column_sums(tile, columns, width, k, COLUMN_SHIFT(plan->type));
	BARRIER_LOCAL;
	if (good)
		list_standing_out(plan, tile, columns, list, n_listed);
	BARRIER_LOCAL;
	for (u32 i = ITEM_INDEX; i < n_listed[0]; i += GROUP_ITEMS(PIXEL_ITEMS)) {
		u32 r = list[i] / TILE_WIDTH, c = list[i] % TILE_WIDTH;

		if (is_not_flat(plan, tile, r, c))
			strong_append(plan, record, rest, frame, (y + r) * plan->width + x + c, tile[(r + k) * width + c + k]);
	}
}

#endif
