/* finish.c - what came back of a chunk into the items' outputs; spots are labelled here, from the device's list (see device.h).
 *
 * The device counted the blocks it decoded and the pixels it went over: where these are not what was asked of it, the engine has failed. */
#include <errno.h>
#include <string.h>

#include "kernels/device/device.h"
#include "kernels/spots.h"

#define RADIX_BITS 11u
#define RADIX_SIZE (1u << RADIX_BITS)

static void zero_outputs(const struct engine_item *item, const struct plan *plan)
{
	memset(item->result, 0, sizeof *item->result);
	if (item->wanted & OUTPUT_RADIAL && plan->n_bins > 0) {
		memset(item->bin_sum, 0, plan->n_bins * sizeof *item->bin_sum);
		memset(item->bin_count, 0, plan->n_bins * sizeof *item->bin_count);
	}
}

static void fill_totals(struct result *result, const uint32_t *record)
{
	result->sum = (uint64_t)record[RECORD_SUM_HIGH] << 32 | record[RECORD_SUM_LOW];
	result->n_valid = record[RECORD_VALID];
	result->n_nodata = record[RECORD_NODATA];
	result->n_saturated = record[RECORD_SATURATED];
	result->max = record[RECORD_MAX];
	result->max_index = record[RECORD_MAX_INDEX];
}

static void fill_radial(const struct engine_item *item, const uint32_t *record, uint32_t n_bins)
{
	const uint32_t *low = record + RECORD_WORDS, *high = low + n_bins, *count = high + n_bins;

	for (uint32_t b = 0; b < n_bins; b++)
		item->bin_sum[b] = (uint64_t)high[b] << 32 | low[b];
	memcpy(item->bin_count, count, n_bins * sizeof *count);
}

/* Sorts by index (the upper half), from a to a with b's help or the other way round; returns where the list ended. Digits that are alike in all
 * entries cost no pass. */
static const uint64_t *sort_list(uint64_t *a, uint64_t *b, uint32_t n)
{
	for (uint32_t shift = 32; shift < 64; shift += RADIX_BITS) {
		uint32_t start[RADIX_SIZE + 1] = {0};
		uint64_t *swap = a;

		for (uint32_t i = 0; i < n; i++)
			start[(a[i] >> shift & (RADIX_SIZE - 1)) + 1]++;
		if (start[(a[0] >> shift & (RADIX_SIZE - 1)) + 1] == n)
			continue;
		for (uint32_t d = 0; d < RADIX_SIZE; d++)
			start[d + 1] += start[d];
		for (uint32_t i = 0; i < n; i++)
			b[start[a[i] >> shift & (RADIX_SIZE - 1)]++] = a[i];
		a = b;
		b = swap;
	}
	return a;
}

/* The part of a frame's list that its record had no room for. */
static int fetch_rest(struct engine_queue *q, uint32_t frame, uint32_t n)
{
	const struct driver *driver = q->context->driver;
	size_t entry = 2 * sizeof(uint32_t), at = (size_t)frame * q->chunk.plan->table.list_rest * entry;
	int error = driver->copy_out(q->queue, q->host_rest.at, q->rest.memory, at, n * entry);

	q->counters.copied_out_bytes += n * entry;
	return error ? error : driver->finish(q->queue);
}

/* The strong pixels in order, in the queue's own lists. */
static int gather_list(struct engine_queue *q, uint32_t frame, const uint32_t *record, uint32_t n)
{
	const struct plan_table *t = &q->chunk.plan->table;
	const uint32_t *head = record + RECORD_WORDS + 3 * t->n_bins, *rest;
	uint32_t n_head = n < t->list_head ? n : t->list_head;
	const uint64_t *sorted;
	int error = n > n_head ? fetch_rest(q, frame, n - n_head) : 0;

	if (error)
		return error;
	for (uint32_t i = 0; i < n_head; i++)
		q->list[0][i] = (uint64_t)head[2 * i] << 32 | head[2 * i + 1];
	rest = q->host_rest.at;
	for (uint32_t i = n_head; i < n; i++)
		q->list[0][i] = (uint64_t)rest[2 * (i - n_head)] << 32 | rest[2 * (i - n_head) + 1];
	sorted = n ? sort_list(q->list[0], q->list[1], n) : NULL;
	for (uint32_t i = 0; i < n; i++) {
		q->strong[i] = (uint32_t)(sorted[i] >> 32);
		q->value[i] = (uint32_t)sorted[i];
	}
	return 0;
}

static int fill_lists(struct engine_queue *q, uint32_t frame, const uint32_t *record)
{
	const struct plan *plan = q->chunk.plan->plan;
	struct engine_item *item = &q->chunk.items[frame];
	struct result *result = item->result;
	int n_spots, error;

	result->n_strong = record[RECORD_STRONG];
	if (result->n_strong > plan->max_strong) {
		result->overflow |= RESULT_OVERFLOW_STRONG;
		return 0;
	}
	error = gather_list(q, frame, record, result->n_strong);
	if (error)
		return error;
	if (item->wanted & OUTPUT_STRONG && result->n_strong > 0)
		memcpy(item->strong, q->strong, result->n_strong * sizeof *q->strong);
	if (!(item->wanted & OUTPUT_SPOTS))
		return 0;
	n_spots = spots_label(plan, q->strong, q->value, result->n_strong, item->spots, q->spots_scratch);
	if (n_spots < 0)
		result->overflow |= RESULT_OVERFLOW_SPOTS;
	else
		result->n_spots = (uint32_t)n_spots;
	return 0;
}

/* Has the device done what was asked? Of a damaged frame nothing but its blocks is looked at. */
static bool counts_hold(const struct engine_queue *q, uint32_t frame, const uint32_t *record)
{
	const struct plan_table *t = &q->chunk.plan->table;

	if (record[RECORD_BLOCKS] + record[RECORD_BAD_BLOCKS] != q->chunk.pieces[frame])
		return false;
	if (record[RECORD_BAD_BLOCKS])
		return true;
	return record[RECORD_PIXELS] == t->pixels && record[RECORD_TESTED] == (q->chunk.wants_strong ? t->pixels : 0) &&
	       record[RECORD_STRONG] <= t->pixels;
}

static void finish_item(struct engine_queue *q, uint32_t frame)
{
	const struct plan_table *t = &q->chunk.plan->table;
	const uint32_t *record = (const uint32_t *)q->host_records.at + (size_t)frame * t->record_words;
	struct engine_item *item = &q->chunk.items[frame];

	zero_outputs(item, q->chunk.plan->plan);
	item->status = -EIO;
	if (!counts_hold(q, frame, record))
		return;
	q->counters.frames++;
	q->counters.blocks += record[RECORD_BLOCKS];
	q->counters.pixels += record[RECORD_PIXELS];
	q->counters.pixels_tested += record[RECORD_TESTED];
	item->status = record[RECORD_BAD_BLOCKS] ? -EBADMSG : 0;
	if (item->status)
		return;
	if (item->wanted & OUTPUT_TOTALS)
		fill_totals(item->result, record);
	if (item->wanted & OUTPUT_RADIAL)
		fill_radial(item, record, t->n_bins);
	if (item->wanted & (OUTPUT_STRONG | OUTPUT_SPOTS) && q->chunk.wants_strong)
		item->status = fill_lists(q, frame, record);
	if (item->status)
		zero_outputs(item, q->chunk.plan->plan);
}

int finish(struct engine_queue *q)
{
	int error;

	if (!q->chunk.plan)
		return 0;
	error = q->context->driver->finish(q->queue);
	for (uint32_t i = 0; !error && i < q->chunk.n; i++)
		finish_item(q, i);
	q->chunk.plan = NULL;
	return error;
}
