/* extended.h - the kernels of the algorithm `dispersion_extended`: mark, erode, test.
 *
 * Two bit maps per frame, rows of whole words: `marked`, which becomes `core`, and `unmarked`, the background (pixels outside the image are neither). */
#ifndef KERNELS_BODY_EXTENDED_H
#define KERNELS_BODY_EXTENDED_H

#include "kernels/body/strong.h"

#define MARK_LOADED ((MARK_SIDE + 2 * TABLE_KERNEL_MAX) * (MARK_SIDE + 2 * TABLE_KERNEL_MAX))
#define MARK_COLUMNS ((MARK_SIDE + 2 * TABLE_KERNEL_MAX) * MARK_SIDE)
#define MARK_SEGMENT 8u /* rows of a column that one item sums up */

/* Sums down a column: m in the upper, X in the lower bits, and Y. */
BODY void mark_columns(LOCAL const u32 *tile, LOCAL u32 *columns, LOCAL u64 *squares, u32 k)
{
	u32 width = MARK_SIDE + 2 * k;

	for (u32 i = ITEM_INDEX; i < width * (MARK_SIDE / MARK_SEGMENT); i += GROUP_ITEMS(PIXEL_ITEMS)) {
		u32 c = i % width, first = i / width * MARK_SEGMENT;

		for (u32 r = first; r < first + MARK_SEGMENT; r++) {
			struct window_sums s;

			s.x = s.y = 0;
			s.m = 0;
			for (u32 v = r; v <= r + 2 * k; v++)
				window_take(&s, tile[v * width + c]);
			columns[r * width + c] = (u32)s.x | s.m << 28;
			squares[r * width + c] = s.y;
		}
	}
}

BODY bool mark_is_marked(GLOBAL const struct plan_table *plan, LOCAL const u32 *columns, LOCAL const u64 *squares, u32 at)
{
	u64 x = 0, y = 0;
	u32 m = 0;

	for (u32 i = at; i <= at + 2 * plan->k; i++) {
		x += columns[i] & 0xfffffff;
		m += columns[i] >> 28;
		y += squares[i];
	}
	return strong_not_flat(plan, m, x, y);
}

/* Marked pixels of the square at (x, y), and unmarked ones, to a word of each per row. */
BODY void mark_rows(GLOBAL const struct plan_table *plan, LOCAL const u32 *tile, LOCAL const u32 *columns, LOCAL const u64 *squares,
		    LOCAL u32 *words, u32 x, u32 y)
{
	u32 k = plan->k, side = MARK_SIDE + 2 * k;

	for (u32 r = ITEM_INDEX / ROW_ITEMS; r < MARK_SIDE; r += ROWS_OF_ITEMS)
		for (u32 c = ITEM_INDEX % ROW_ITEMS; c < MARK_SIDE; c += ROW_ITEMS) {
			bool valid = tile[(r + k) * side + c + k] != PIXEL_INVALID;
			bool inside = x + c < plan->width && y + r < plan->height;

			if (valid && mark_is_marked(plan, columns, squares, r * side + c))
				LOCAL_OR(&words[r], 1u << c);
			else if (inside && (valid || plan->masked_is_background))
				LOCAL_OR(&words[MARK_SIDE + r], 1u << c);
		}
}

/* Step 1, for a square of MARK_SIDE pixels per group. maps: marked and unmarked, one after the other. */
KERNEL(PIXEL_ITEMS) sluice_mark(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const u32 *RESTRICT mask,
				GLOBAL const u8 *RESTRICT images, GLOBAL u32 *records, GLOBAL u32 *marked, GLOBAL u32 *unmarked,
				const u32 tiles_per_frame)
{
	LOCAL_ARRAY u32 tile[MARK_LOADED];
	LOCAL_ARRAY u32 columns[MARK_COLUMNS];
	LOCAL_ARRAY u64 squares[MARK_COLUMNS];
	LOCAL_ARRAY u32 words[2 * MARK_SIDE];
	u32 frame = GROUP_INDEX / tiles_per_frame, index = GROUP_INDEX % tiles_per_frame, k = plan->k, side = MARK_SIDE + 2 * k;
	u32 word = index % plan->mask_words, x = word * MARK_SIDE, y = index / plan->mask_words * MARK_SIDE;
	GLOBAL u32 *record = records + (u64)frame * plan->record_words;
	u64 map = (u64)frame * plan->mask_words * plan->height;
	bool good = record[RECORD_BAD_BLOCKS] == 0; /* nothing is left early: every item comes to every barrier */

	if (good)
		tile_load(plan, pixels_of(plan, images, frame), mask, tile, (int)x - (int)k, (int)y - (int)k, side, side);
	for (u32 i = ITEM_INDEX; i < 2 * MARK_SIDE; i += GROUP_ITEMS(PIXEL_ITEMS))
		words[i] = 0;
	BARRIER_LOCAL;
	if (good)
		mark_columns(tile, columns, squares, k);
	BARRIER_LOCAL;
	if (good)
		mark_rows(plan, tile, columns, squares, words, x, y);
	BARRIER_LOCAL;
	for (u32 r = ITEM_INDEX; r < MARK_SIDE && y + r < plan->height; r += GROUP_ITEMS(PIXEL_ITEMS)) {
		marked[map + (u64)(y + r) * plan->mask_words + word] = words[r];
		unmarked[map + (u64)(y + r) * plan->mask_words + word] = words[MARK_SIDE + r];
	}
}

/* The bits that lie at most `reach` (below 32) from one that is set in the row left, here, right. */
BODY u32 bits_around(u32 left, u32 here, u32 right, u32 reach)
{
	u32 around = here;

	for (u32 d = 1; d <= reach; d++)
		around |= here << d | left >> (32 - d) | here >> d | right << (32 - d);
	return around;
}

/* Step 2, PIXEL_ITEMS words per group: what is left of the marked pixels without those that are nearer than k to an unmarked one. */
KERNEL(PIXEL_ITEMS) sluice_erode(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const u32 *RESTRICT records, GLOBAL u32 *marked,
				 GLOBAL const u32 *RESTRICT unmarked, const u32 groups_per_frame)
{
	u32 frame = GROUP_INDEX / groups_per_frame, index = GROUP_INDEX % groups_per_frame, across = plan->mask_words;
	u32 n_words = across * plan->height, end = (index + 1) * PIXEL_ITEMS, reach = plan->k - 1;
	GLOBAL const u32 *map = unmarked + (u64)frame * n_words;

	if (records[(u64)frame * plan->record_words + RECORD_BAD_BLOCKS])
		return;
	for (u32 i = index * PIXEL_ITEMS + ITEM_INDEX; i < end && i < n_words; i += GROUP_ITEMS(PIXEL_ITEMS)) {
		u32 w = i % across, y = i / across, left = 0, here = 0, right = 0;
		u32 first = y - (y < reach ? y : reach), last = y + reach < plan->height ? y + reach : plan->height - 1;

		if (!marked[(u64)frame * n_words + i])
			continue;
		for (u32 v = first; v <= last; v++) {
			left |= w > 0 ? map[v * across + w - 1] : 0;
			here |= map[v * across + w];
			right |= w + 1 < across ? map[v * across + w + 1] : 0;
		}
		marked[(u64)frame * n_words + i] &= ~bits_around(left, here, right, reach);
	}
}

/* Steps 3 and 4 for one pixel of the core. */
BODY bool extended_is_strong(GLOBAL const struct plan_table *plan, GLOBAL const u8 *image, GLOBAL const u32 *mask, GLOBAL const u32 *core,
			     u32 x, u32 y, u32 p)
{
	int far = (int)plan->k + 2;
	u32 m = 0;
	u64 sum = 0;

	for (int v = (int)y - far; v <= (int)y + far; v++)
		for (int u = (int)x - far; u <= (int)x + far; u++) {
			u32 value = pixel_valid(plan, image, mask, u, v);

			if (value >= TABLE_BIG_PIXEL || core[(u32)v * plan->mask_words + (u32)u / 32] >> ((u32)u & 31) & 1)
				continue;
			m++;
			sum += value;
		}
	return strong_stands_out_extended(plan->ns2_q16, m, sum, p);
}

/* Steps 3 and 4, EXTENDED_WORDS words of the core per group: its pixels are listed first, so that every item has one. */
KERNEL(PIXEL_ITEMS) sluice_extended(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const u32 *RESTRICT mask,
				    GLOBAL const u8 *RESTRICT images, GLOBAL u32 *records, GLOBAL u32 *rest, GLOBAL const u32 *RESTRICT core,
				    const u32 groups_per_frame)
{
	LOCAL_ARRAY u16 list[32 * EXTENDED_WORDS];
	LOCAL_ARRAY u32 n_listed[1];
	LOCAL_ARRAY u32 n_tested[1];
	u32 frame = GROUP_INDEX / groups_per_frame, first = GROUP_INDEX % groups_per_frame * EXTENDED_WORDS;
	u32 across = plan->mask_words, n_words = across * plan->height;
	GLOBAL const u32 *map = core + (u64)frame * n_words;
	GLOBAL const u8 *image = pixels_of(plan, images, frame);
	GLOBAL u32 *record = records + (u64)frame * plan->record_words;
	bool good = record[RECORD_BAD_BLOCKS] == 0;

	if (ITEM_INDEX == 0)
		n_listed[0] = n_tested[0] = 0;
	BARRIER_LOCAL;
	for (u32 i = ITEM_INDEX; good && i < EXTENDED_WORDS && first + i < n_words; i += GROUP_ITEMS(PIXEL_ITEMS)) {
		u32 bits = map[first + i], x = (first + i) % across * 32;

		LOCAL_ADD(n_tested, plan->width - x < 32 ? plan->width - x : 32u);
		for (u32 b = 0; b < 32; b++)
			if (bits >> b & 1)
				list[LOCAL_ADD(n_listed, 1u)] = (u16)(32 * i + b);
	}
	BARRIER_LOCAL;
	if (ITEM_INDEX == 0 && good)
		GLOBAL_ADD(&record[RECORD_TESTED], n_tested[0]);
	for (u32 i = ITEM_INDEX; i < n_listed[0]; i += GROUP_ITEMS(PIXEL_ITEMS)) {
		u32 word = first + list[i] / 32, x = word % across * 32 + list[i] % 32, y = word / across;
		u32 at = y * plan->width + x, p = pixel_at(image, plan->type, at);

		if (p > plan->threshold && extended_is_strong(plan, image, mask, map, x, y, p))
			strong_append(plan, record, rest, frame, at, p);
	}
}

#endif
