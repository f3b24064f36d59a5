/* frame.c - the way of a frame through the CPU engine: blocks to rows, rows to results (see cpu.h).
 *
 * Writes the item's outputs and the queue's scratch only. */
#include <errno.h>
#include <lz4.h>
#include <string.h>

#include "kernels/cpu/cpu.h"
#include "kernels/spots.h"

static bool wants_bins(const struct engine_queue *q)
{
	return q->item->wanted & OUTPUT_RADIAL && q->loaded->plan->n_bins > 0;
}

static bool wants_strong(const struct engine_queue *q)
{
	return q->item->wanted & (OUTPUT_STRONG | OUTPUT_SPOTS) && q->loaded->plan->algorithm != SPOTS_NONE;
}

static void clear_outputs(struct engine_queue *q)
{
	uint32_t n = q->loaded->plan->n_bins;

	memset(q->item->result, 0, sizeof *q->item->result);
	if (wants_bins(q)) {
		memset(q->item->bin_sum, 0, n * sizeof *q->item->bin_sum);
		memset(q->item->bin_count, 0, n * sizeof *q->item->bin_count);
	}
}

/* The first valid pixel of a row with this value. */
static uint32_t find_value(const struct plan *plan, const struct ring_row *row, uint32_t value)
{
	uint32_t x = 0;

	while (!(row->flags[x] & FLAG_VALID) || cpu_value(plan, row, x) != value)
		x++;
	return x;
}

static uint32_t count_above(const struct plan *plan, const struct ring_row *row, uint64_t limit)
{
	uint32_t n = 0;

	for (uint32_t x = 0; x < plan->shape.width; x++)
		n += cpu_value(plan, row, x) > limit;
	return n;
}

static void add_totals(struct engine_queue *q, uint32_t y, const struct row_totals *totals)
{
	const struct plan *plan = q->loaded->plan;
	const struct ring_row *row = cpu_row(q, y);
	struct result *result = q->item->result;

	if (totals->n_valid > 0 && (result->n_valid == 0 || totals->max > result->max)) {
		result->max = totals->max;
		result->max_index = y * plan->shape.width + find_value(plan, row, totals->max);
	}
	result->sum += totals->sum;
	result->n_valid += totals->n_valid;
	result->n_nodata += q->loaded->row_allowed[y] - totals->n_valid;
	if (totals->max > plan->saturation_value)
		result->n_saturated += count_above(plan, row, plan->saturation_value);
}

static void take_row(struct engine_queue *q, const uint8_t *pixels)
{
	const struct engine_plan *loaded = q->loaded;
	const struct plan *plan = loaded->plan;
	uint32_t y = q->y++;
	struct ring_row *row = cpu_row(q, y);
	struct row_totals totals;

	loaded->rows->clean[plan->shape.type](pixels, plan->mask + (size_t)y * plan->shape.width, plan->shape.width,
					      plan->invalid_from, row->values, row->flags, &totals);
	if (q->item->wanted & OUTPUT_TOTALS)
		add_totals(q, y, &totals);
	if (wants_bins(q))
		radial_row(q, y, &totals);
	if (wants_strong(q))
		strong_row(q, y);
}

/* Takes the whole rows out of n bytes; returns how many bytes that were. */
static size_t take_rows(struct engine_queue *q, const uint8_t *bytes, size_t n)
{
	const struct image_shape *shape = &q->loaded->plan->shape;
	size_t row_bytes = (size_t)shape->width << shape->type, at = 0;

	for (; n - at >= row_bytes && q->y < shape->height; at += row_bytes)
		take_row(q, bytes + at);
	return at;
}

static int decode_block(struct engine_queue *q, uint32_t i, uint32_t size, uint8_t *out)
{
	const struct engine_item *item = q->item;
	const struct payload *payload = &item->payload;
	unsigned elem = payload->shuffle_bytes;
	int n;

	if (payload->codec != CODEC_BSLZ4)
		return codec_decode_block(payload, item->blocks, i, out, q->block);
	n = LZ4_decompress_safe((const char *)payload->bytes + item->blocks->offset[i], (char *)q->block,
				(int)block_table_length(item->blocks, i), (int)size);
	if (n < 0 || (uint32_t)n != size)
		return -EBADMSG;
	q->loaded->rows->unshuffle(out, q->block, size / elem, elem);
	return 0;
}

static int decode_for_flat(void *user, uint32_t i, uint32_t size, uint8_t *out)
{
	return decode_block(user, i, size, out);
}

/* Decodes block by block; what is left of a row waits at the start of the stream for the next one. */
static int take_blocks(struct engine_queue *q)
{
	const struct block_table *blocks = q->item->blocks;
	size_t fill = 0, used;

	for (uint32_t i = 0; i < blocks->n_blocks; i++) {
		uint32_t size = i + 1 == blocks->n_blocks ? blocks->last_bytes : blocks->block_bytes;
		int error = decode_block(q, i, size, q->stream + fill);

		if (error)
			return error;
		fill += size;
		used = take_rows(q, q->stream, fill);
		fill -= used;
		if (used > 0)
			memmove(q->stream, q->stream + used, fill);
	}
	memcpy(q->stream + fill, q->item->payload.bytes + blocks->tail_offset, blocks->tail_bytes);
	take_rows(q, q->stream, fill + blocks->tail_bytes);
	return 0;
}

static void finish_lists(struct engine_queue *q)
{
	const struct plan *plan = q->loaded->plan;
	struct engine_item *item = q->item;
	struct result *result = item->result;
	int n;

	if (result->n_strong > plan->max_strong) {
		result->overflow |= RESULT_OVERFLOW_STRONG;
		return;
	}
	if (item->wanted & OUTPUT_STRONG && result->n_strong > 0)
		memcpy(item->strong, q->strong, result->n_strong * sizeof *q->strong);
	if (!(item->wanted & OUTPUT_SPOTS))
		return;
	n = spots_label(plan, q->strong, q->value, result->n_strong, item->spots, q->spots_scratch);
	if (n < 0)
		result->overflow |= RESULT_OVERFLOW_SPOTS;
	else
		result->n_spots = (uint32_t)n;
}

static int take_image(struct engine_queue *q)
{
	const struct payload *payload = &q->item->payload;

	if (payload->codec != CODEC_NONE)
		return take_blocks(q);
	take_rows(q, payload->bytes, payload->len_bytes);
	return 0;
}

/* The short way; FLAT_DECLINED where the frame is not for it. */
static int analyse_flat(struct engine_queue *q)
{
	const struct engine_plan *loaded = q->loaded;
	const struct flat_source source = {decode_for_flat, q, q->stream};
	int error;

	if (!loaded->flat || !q->flat.level)
		return FLAT_DECLINED;
	q->flat.strong = q->strong;
	q->flat.value = q->value;
	q->flat.list_room = q->list_room < loaded->plan->max_strong ? q->list_room : loaded->plan->max_strong;
	error = flat_analyse(&q->flat, loaded->plan, loaded->flat, q->item, &source, loaded->bin_allowed);
	if (error)
		clear_outputs(q);
	return error;
}

static int analyse_rows(struct engine_queue *q)
{
	int error;

	if (wants_bins(q))
		radial_begin(q);
	if (wants_strong(q))
		strong_begin(q);
	error = take_image(q);
	if (error) {
		clear_outputs(q);
		return error;
	}
	if (wants_bins(q))
		radial_end(q);
	if (wants_strong(q))
		for (int64_t after = 0; after < strong_delay(q->loaded->plan); after++)
			strong_row(q, (int64_t)q->loaded->plan->shape.height + after);
	return 0;
}

void frame_analyse(struct engine_queue *q, const struct engine_plan *loaded, struct engine_item *item)
{
	q->loaded = loaded;
	q->item = item;
	q->y = 0;
	clear_outputs(q);
	item->status = analyse_flat(q);
	if (item->status == FLAT_DECLINED)
		item->status = analyse_rows(q);
	if (!item->status && wants_strong(q))
		finish_lists(q);
}
