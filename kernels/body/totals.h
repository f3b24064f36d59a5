/* totals.h - kernels for totals and radial sums (algorithms.md sections 1 and 2).
 *
 * A group of DEVICE_TOTALS takes TOTALS_PIXELS pixels of one frame: items add up runs of equal bins in registers, the group in local memory, and
 * what is not zero goes to the frame's record. Its totals go to a list of its own, which DEVICE_SUMMARY adds up: the first place of
 * the largest pixel must not depend on who comes first. */
#ifndef KERNELS_BODY_TOTALS_H
#define KERNELS_BODY_TOTALS_H

#include "kernels/body/pixels.h"

struct totals {
	u64 sum;
	u32 n_valid, n_nodata, n_saturated, max, max_index, n_pixels;
};
#define TOTALS_WORDS 8u

/* Of pixels that all come after those in t. */
BODY void totals_take(struct totals *t, u32 v, u32 i, u32 saturation)
{
	if (t->n_valid == 0 || v > t->max) {
		t->max = v;
		t->max_index = i;
	}
	t->n_valid++;
	t->sum += v;
	t->n_saturated += v > saturation;
}

/* Of pixels from anywhere. */
BODY void totals_join(struct totals *t, const struct totals *more)
{
	if (more->n_valid && (t->n_valid == 0 || more->max > t->max || (more->max == t->max && more->max_index < t->max_index))) {
		t->max = more->max;
		t->max_index = more->max_index;
	}
	t->n_valid += more->n_valid;
	t->sum += more->sum;
	t->n_saturated += more->n_saturated;
	t->n_nodata += more->n_nodata;
	t->n_pixels += more->n_pixels;
}

/* By the items of a group: what item 0 is left with is everybody's. */
BODY void totals_gather(struct totals *t, LOCAL struct totals *room)
{
	u32 item = ITEM_INDEX;

	room[item] = *t;
	BARRIER_LOCAL;
	for (u32 step = GROUP_ITEMS(PIXEL_ITEMS) / 2; step > 0; step /= 2) {
		if (item < step) {
			struct totals other = room[item + step];

			totals_join(t, &other);
			room[item] = *t;
		}
		BARRIER_LOCAL;
	}
}

/* Where sums of bins go: local memory first, where they have room there. */
struct bins {
	LOCAL u32 *near_low, *near_count;
	GLOBAL u32 *low, *high, *count;
	bool near; /* there is room */
};

BODY void bins_add(const struct bins *b, u32 bin, u64 sum, u32 count)
{
	u32 low = (u32)sum, high = (u32)(sum >> 32);

	if (!b->near) {
		global_add_wide(b->low + bin, b->high + bin, sum);
		GLOBAL_ADD(b->count + bin, count);
		return;
	}
	LOCAL_ADD(b->near_count + bin, count);
	if (low && (u32)(LOCAL_ADD(b->near_low + bin, low) + low) < low)
		high++;
	if (high)
		GLOBAL_ADD(b->high + bin, high);
}

/* A run of pixels of one bin. */
struct run {
	u64 sum;
	u32 bin, count;
};

BODY void run_end(struct run *run, const struct bins *b, u32 next_bin)
{
	if (run->count && run->bin < CLASS_NO_BIN)
		bins_add(b, run->bin, run->sum, run->count);
	run->bin = next_bin;
	run->sum = 0;
	run->count = 0;
}

/* Eight pixels from i on. Those behind the image are of class CLASS_MASKED. */
BODY void totals_eight(GLOBAL const struct plan_table *plan, GLOBAL const u8 *image, GLOBAL const u16 *classes, u32 i, const struct bins *b,
		       bool binned, struct totals *t)
{
	GLOBAL const u32 *class_words = (GLOBAL const u32 *)(classes + i);
	u32 v[8];
	struct run run;

	run.sum = 0;
	run.count = 0;
	run.bin = CLASS_MASKED;
	pixels_eight(image, plan->type, i, v);
	UNROLL
	for (u32 j = 0; j < 8; j++) {
		u32 class_ = class_words[j / 2] >> 16 * (j & 1) & 0xffff;

		if (class_ == CLASS_MASKED)
			continue;
		if (v[j] >= plan->invalid_from) {
			t->n_nodata++;
			continue;
		}
		totals_take(t, v[j], i + j, plan->saturation);
		if (binned && class_ != run.bin)
			run_end(&run, b, class_);
		run.sum += v[j];
		run.count++;
	}
	if (binned)
		run_end(&run, b, CLASS_MASKED);
}

BODY struct totals totals_zero(void)
{
	struct totals t;

	t.sum = 0;
	t.n_valid = t.n_nodata = t.n_saturated = t.max = t.max_index = t.n_pixels = 0;
	return t;
}

/* n_bins: the plan's, or 0 where nobody wants radial sums. */
KERNEL(PIXEL_ITEMS) sluice_totals(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const u16 *RESTRICT classes,
				  GLOBAL const u8 *RESTRICT images, GLOBAL u32 *records, GLOBAL u32 *RESTRICT parts, const u32 n_bins,
				  const u32 groups_per_frame)
{
	LOCAL_ARRAY u32 near_low[TOTALS_LOCAL_BINS];
	LOCAL_ARRAY u32 near_count[TOTALS_LOCAL_BINS];
	LOCAL_ARRAY struct totals room[PIXEL_ITEMS];
	u32 frame = GROUP_INDEX / groups_per_frame, first = GROUP_INDEX % groups_per_frame * TOTALS_PIXELS, items = GROUP_ITEMS(PIXEL_ITEMS);
	u32 end = plan->pixels - first < TOTALS_PIXELS ? plan->pixels : first + TOTALS_PIXELS;
	GLOBAL u32 *record = records + (u64)frame * plan->record_words;
	GLOBAL u32 *part = parts + (u64)GROUP_INDEX * TOTALS_WORDS;
	GLOBAL const u8 *image = pixels_of(plan, images, frame);
	bool near = n_bins <= TOTALS_LOCAL_BINS;
	struct totals t = totals_zero();
	struct bins b;

	b.near = near;
	b.near_low = near_low;
	b.near_count = near_count;
	b.low = record + RECORD_WORDS;
	b.high = b.low + n_bins;
	b.count = b.high + n_bins;
	for (u32 i = ITEM_INDEX; near && i < n_bins; i += items)
		near_low[i] = near_count[i] = 0;
	BARRIER_LOCAL;
	if (!record[RECORD_BAD_BLOCKS])
		for (u32 i = first + 8 * ITEM_INDEX; i < end; i += 8 * items) {
			totals_eight(plan, image, classes, i, &b, n_bins > 0, &t);
			t.n_pixels += end - i < 8 ? end - i : 8;
		}
	totals_gather(&t, room);
	for (u32 i = ITEM_INDEX; near && i < n_bins; i += items)
		if (near_count[i]) {
			global_add_wide(b.low + i, b.high + i, near_low[i]);
			GLOBAL_ADD(b.count + i, near_count[i]);
		}
	if (ITEM_INDEX == 0) {
		part[0] = (u32)t.sum;
		part[1] = (u32)(t.sum >> 32);
		part[2] = t.n_valid;
		part[3] = t.n_nodata;
		part[4] = t.n_saturated;
		part[5] = t.max;
		part[6] = t.max_index;
		part[7] = t.n_pixels;
	}
}

/* One group per frame. */
KERNEL(PIXEL_ITEMS) sluice_summary(GROUP_ARGUMENT GLOBAL const struct plan_table *plan, GLOBAL const u32 *RESTRICT parts, GLOBAL u32 *records,
				   const u32 parts_per_frame)
{
	LOCAL_ARRAY struct totals room[PIXEL_ITEMS];
	GLOBAL const u32 *part = parts + (u64)GROUP_INDEX * parts_per_frame * TOTALS_WORDS;
	GLOBAL u32 *record = records + (u64)GROUP_INDEX * plan->record_words;
	struct totals t = totals_zero(), more;

	for (u32 i = ITEM_INDEX; i < parts_per_frame; i += GROUP_ITEMS(PIXEL_ITEMS)) {
		GLOBAL const u32 *p = part + i * TOTALS_WORDS;

		more.sum = (u64)p[1] << 32 | p[0];
		more.n_valid = p[2];
		more.n_nodata = p[3];
		more.n_saturated = p[4];
		more.max = p[5];
		more.max_index = p[6];
		more.n_pixels = p[7];
		totals_join(&t, &more);
	}
	totals_gather(&t, room);
	if (ITEM_INDEX == 0) {
		record[RECORD_SUM_LOW] = (u32)t.sum;
		record[RECORD_SUM_HIGH] = (u32)(t.sum >> 32);
		record[RECORD_VALID] = t.n_valid;
		record[RECORD_NODATA] = t.n_nodata;
		record[RECORD_SATURATED] = t.n_saturated;
		record[RECORD_MAX] = t.max;
		record[RECORD_MAX_INDEX] = t.max_index;
		record[RECORD_PIXELS] = t.n_pixels;
	}
}

#endif
