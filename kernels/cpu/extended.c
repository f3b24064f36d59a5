/* extended.c - strong pixels by `dispersion_extended` (algorithms.md section 3) in the CPU engine.
 *
 * Three rows are worked on behind the newest one, y: marks at y - k, the core k - 1 further up, strong pixels k + 2 above
 * that. Marks and core are a byte per pixel in the ring; few pixels are marked, so only these are asked for their neighbours. */
#include <string.h>

#include "kernels/cpu/cpu.h"

/* Marks of the row that the column sums are centred on. */
static void mark_row(struct engine_queue *q, struct ring_row *row)
{
	const struct engine_plan *loaded = q->loaded;
	uint32_t width = loaded->plan->shape.width;

	memset(row->marked, 0, width);
	loaded->rows->not_flat(&loaded->tests, &q->columns, width, row->flags, q->candidates);
	for (uint32_t from = 0; from < width; from += 64)
		for (uint64_t bits = strong_bits(q->candidates, from, width); bits; bits &= bits - 1) {
			uint32_t x = from + (uint32_t)__builtin_ctzll(bits);
			uint64_t m, sum;

			row->marked[x] = strong_window_not_flat(q, x, &m, &sum);
		}
}

/* Which pixels do not take their neighbours out of the core. Outside the image all do not: the padding is 1. */
static void find_staying(struct engine_queue *q, struct ring_row *row)
{
	const struct plan *plan = q->loaded->plan;
	uint32_t width = plan->shape.width;
	uint8_t *restrict stays = row->stays;
	const uint8_t *restrict marked = row->marked, *restrict flags = row->flags;

	memset(stays - ROW_PAD, 1, width + 2 * ROW_PAD);
	if (plan->masked_is_background)
		memcpy(stays, marked, width);
	else
		for (uint32_t x = 0; x < width; x++)
			stays[x] = (uint8_t)(marked[x] | (flags[x] >> 1 ^ 1));
}

/* Whether all of the n <= 16 bytes are 1; low and high have 1 in the bytes that belong to them. */
struct ones {
	uint64_t low, high;
};

static struct ones ones_make(uint32_t n)
{
	uint8_t bytes[16] = {0};
	struct ones ones;

	memset(bytes, 1, n);
	memcpy(&ones, bytes, sizeof ones);
	return ones;
}

static bool all_ones(const uint8_t *at, const struct ones *ones)
{
	uint64_t low, high;

	memcpy(&low, at, sizeof low);
	memcpy(&high, at + 8, sizeof high);
	return (low & ones->low) == ones->low && (high & ones->high) == ones->high;
}

static bool is_core(struct engine_queue *q, uint32_t x, int64_t y, const struct ones *ones)
{
	int64_t reach = (int64_t)q->loaded->plan->kernel - 1;

	for (int64_t v = y - reach; v <= y + reach; v++)
		if (v >= 0 && v < q->loaded->plan->shape.height && !all_ones(cpu_row(q, v)->stays + (int64_t)x - reach, ones))
			return false;
	return true;
}

static void find_core(struct engine_queue *q, int64_t y)
{
	const struct plan *plan = q->loaded->plan;
	struct ring_row *row = cpu_row(q, y);
	struct ones ones = ones_make(2 * plan->kernel - 1);
	uint32_t width = plan->shape.width;

	memset(row->core, 0, width);
	row->n_core = 0;
	for (uint32_t from = 0; from < width; from += 8) {
		uint64_t eight;

		memcpy(&eight, row->marked + from, sizeof eight);
		for (; eight; eight &= eight - 1) {
			uint32_t x = from + (uint32_t)__builtin_ctzll(eight) / 8;

			row->core[x] = is_core(q, x, y, &ones);
			row->n_core += row->core[x];
		}
	}
}

/* The last step for a pixel of the core; m and sum over the window (2k+5)^2 of what counts and is not core. */
static bool is_strong(const struct plan *plan, uint64_t p, uint64_t m, uint64_t sum)
{
	uint64_t d;

	if (p <= plan->threshold)
		return false;
	if (m < 2)
		sum = 0;
	if (p * m < sum)
		return false;
	d = p * m - sum;
	return d >= UINT64_C(1) << 31 || d * d >= (plan->ns2_q16 * sum * m + 0xffff) >> 16;
}

static void sum_around(struct engine_queue *q, uint32_t x, int64_t y, uint64_t *m, uint64_t *sum)
{
	const struct plan *plan = q->loaded->plan;
	int64_t reach = (int64_t)plan->kernel + 2;

	*m = *sum = 0;
	for (int64_t v = y - reach; v <= y + reach; v++) {
		const struct ring_row *row = cpu_row(q, v);

		for (int64_t u = (int64_t)x - reach; u <= (int64_t)x + reach; u++)
			if ((row->flags[u] & FLAG_COUNTED) && !row->core[u]) {
				++*m;
				*sum += cpu_wide(plan) ? ((const uint32_t *)row->values)[u]
						       : ((const uint16_t *)row->values)[u];
			}
	}
}

/* Few pixels of the core: each window by itself. */
static void search_sparse(struct engine_queue *q, const struct ring_row *row, uint32_t y)
{
	const struct plan *plan = q->loaded->plan;

	for (uint32_t x = 0; x < plan->shape.width; x++) {
		uint64_t m, sum;
		uint32_t p;

		if (!row->core[x])
			continue;
		p = cpu_value(plan, row, x);
		sum_around(q, x, y, &m, &sum);
		if (is_strong(plan, p, m, sum))
			strong_add(q, x, y, p);
	}
}

static void add_row(const struct around *around, const struct ring_row *row, uint32_t width, bool wide)
{
	uint32_t *restrict n = around->n, *restrict sum = around->x;
	const uint8_t *restrict flags = row->flags, *restrict core = row->core;
	const uint16_t *restrict narrow_values = row->values;
	const uint32_t *restrict wide_values = row->values;

	for (uint32_t x = 0; x < width; x++)
		n[x] += flags[x] & FLAG_COUNTED & ~core[x];
	if (wide)
		for (uint32_t x = 0; x < width; x++)
			sum[x] += wide_values[x] & -(uint32_t)(flags[x] & FLAG_COUNTED & ~core[x]);
	else
		for (uint32_t x = 0; x < width; x++)
			sum[x] += narrow_values[x] & -(uint32_t)(flags[x] & FLAG_COUNTED & ~core[x]);
}

/* Many: column sums once, then a window that slides along the row. */
static void search_dense(struct engine_queue *q, const struct ring_row *row, uint32_t y)
{
	const struct plan *plan = q->loaded->plan;
	int64_t reach = (int64_t)plan->kernel + 2, width = plan->shape.width;
	const uint32_t *n = q->around.n, *sums = q->around.x;
	uint64_t m = 0, sum = 0;

	memset(q->around.n, 0, (size_t)width * sizeof *q->around.n);
	memset(q->around.x, 0, (size_t)width * sizeof *q->around.x);
	for (int64_t v = y - reach; v <= y + reach; v++)
		add_row(&q->around, cpu_row(q, v), (uint32_t)width, cpu_wide(plan));
	for (int64_t x = -reach; x < width; x++) {
		m += n[x + reach];
		m -= n[x - reach - 1];
		sum += sums[x + reach];
		sum -= sums[x - reach - 1];
		if (x >= 0 && row->core[x]) {
			uint32_t p = cpu_value(plan, row, (uint32_t)x);

			if (is_strong(plan, p, m, sum))
				strong_add(q, (uint32_t)x, y, p);
		}
	}
}

static void search_row(struct engine_queue *q, uint32_t y)
{
	const struct ring_row *row = cpu_row(q, y);

	if (row->n_core > q->loaded->plan->shape.width / 32)
		search_dense(q, row, y);
	else if (row->n_core > 0)
		search_sparse(q, row, y);
}

void extended_row(struct engine_queue *q, int64_t y)
{
	const struct plan *plan = q->loaded->plan;
	int64_t k = plan->kernel, height = plan->shape.height;
	int64_t marks = y - k, core = marks - (k - 1), strong = core - (k + 2);

	if (marks >= 0 && marks < height) {
		mark_row(q, cpu_row(q, marks));
		find_staying(q, cpu_row(q, marks));
	}
	if (core >= 0 && core < height)
		find_core(q, core);
	if (strong >= 0 && strong < height)
		search_row(q, (uint32_t)strong);
}
