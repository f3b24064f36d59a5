/* radial.c - radial sums of the CPU engine (algorithms.md section 2).
 *
 * Neighbours in a row mostly share a bin, so a row is summed up once, left to right, and every run of equal bins takes a
 * difference of two of these sums. The counts are the plan's own less the few pixels refused by value. */
#include <string.h>

#include "kernels/cpu/cpu.h"

void radial_begin(struct engine_queue *q)
{
	const struct engine_plan *loaded = q->loaded;
	uint32_t n = loaded->plan->n_bins;

	memset(q->bin_sum, 0, (n + 1) * sizeof *q->bin_sum);
	memcpy(q->item->bin_count, loaded->bin_allowed, n * sizeof *loaded->bin_allowed);
}

/* Pixels that the mask allows but whose value does not leave their bins' counts. */
static void uncount_refused(struct engine_queue *q, uint32_t y)
{
	const struct plan *plan = q->loaded->plan;
	const uint16_t *bin = plan->bin + (size_t)y * plan->shape.width;
	const uint8_t *flags = cpu_row(q, y)->flags;

	for (uint32_t x = 0; x < plan->shape.width; x++)
		if (bin[x] != PLAN_BIN_NONE && !(flags[x] & FLAG_VALID))
			q->item->bin_count[bin[x]]--;
}

/* A row whose sum does not fit 32 bits: pixel by pixel. */
static void add_slowly(struct engine_queue *q, uint32_t y)
{
	const struct plan *plan = q->loaded->plan;
	const struct ring_row *row = cpu_row(q, y);
	const uint16_t *bin = plan->bin + (size_t)y * plan->shape.width;

	for (uint32_t x = 0; x < plan->shape.width; x++)
		q->bin_sum[bin[x] == PLAN_BIN_NONE ? plan->n_bins : bin[x]] += cpu_value(plan, row, x);
}

static void add_runs(struct engine_queue *q, uint32_t y)
{
	const struct engine_plan *loaded = q->loaded;
	const struct bin_run *run = loaded->run + loaded->row_run[y], *end = loaded->run + loaded->row_run[y + 1];
	uint64_t *bin_sum = q->bin_sum;
	uint32_t before = 0;

	for (; run < end; run++) {
		uint32_t up_to = q->prefix[run->end];

		bin_sum[run->bin] += up_to - before;
		before = up_to;
	}
}

void radial_row(struct engine_queue *q, uint32_t y, const struct row_totals *totals)
{
	const struct engine_plan *loaded = q->loaded;
	const struct plan *plan = loaded->plan;

	if (totals->n_valid != loaded->row_allowed[y])
		uncount_refused(q, y);
	if (totals->sum == 0)
		return;
	if (totals->sum > UINT32_MAX) {
		add_slowly(q, y);
		return;
	}
	loaded->rows->prefix[cpu_wide(plan)](cpu_row(q, y)->values, plan->shape.width, q->prefix);
	add_runs(q, y);
}

void radial_end(struct engine_queue *q)
{
	memcpy(q->item->bin_sum, q->bin_sum, q->loaded->plan->n_bins * sizeof *q->bin_sum);
}
