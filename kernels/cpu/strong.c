/* strong.c - strong pixels by `dispersion` (algorithms.md section 3) in the CPU engine.
 *
 * Column sums of the window's rows roll down the image. A necessary condition in floats picks candidates from a whole
 * row at once; the exact integers decide about those. */
#include <string.h>

#include "kernels/cpu/cpu.h"

void strong_begin(struct engine_queue *q)
{
	uint32_t width = q->loaded->plan->shape.width;

	memset(q->columns.n, 0, width * sizeof *q->columns.n);
	memset(q->columns.x, 0, width * sizeof *q->columns.x);
	memset(q->columns.y, 0, width * sizeof *q->columns.y);
	q->item->result->n_strong = 0;
}

uint32_t strong_delay(const struct plan *plan)
{
	return plan->algorithm == SPOTS_DISPERSION_EXTENDED ? 3 * plan->kernel + 1 : plan->kernel;
}

/* Bits from .. from + 63 of a row's bits, none from width on. from is a multiple of 64. */
uint64_t strong_bits(const uint8_t *bits, uint32_t from, uint32_t width)
{
	uint64_t word;

	memcpy(&word, bits + from / 8, sizeof word);
	return width - from >= 64 ? word : word & ((UINT64_C(1) << (width - from)) - 1);
}

void strong_add(struct engine_queue *q, uint32_t x, uint32_t y, uint32_t value)
{
	const struct plan *plan = q->loaded->plan;
	uint32_t n = q->item->result->n_strong++;

	if (n >= q->list_room || n >= plan->max_strong)
		return;
	q->strong[n] = y * plan->shape.width + x;
	q->value[n] = value;
}

/* The first test, exact, for the window around column x of the row that the column sums are centred on. */
bool strong_window_not_flat(const struct engine_queue *q, uint32_t x, uint64_t *m, uint64_t *sum)
{
	const struct plan *plan = q->loaded->plan;
	int64_t k = plan->kernel;
	uint64_t n = 0, s = 0, squares = 0;

	for (int64_t i = (int64_t)x - k; i <= (int64_t)x + k; i++) {
		n += q->columns.n[i];
		s += q->columns.x[i];
		squares += (uint64_t)(int64_t)q->columns.y[i];
	}
	*m = n;
	*sum = s;
	return n >= plan->min_count && n * squares - s * s > (s * plan->c_q16[n]) >> 16;
}

static bool is_strong(const struct engine_queue *q, uint32_t x, uint64_t p)
{
	uint64_t m, sum, b;

	if (!strong_window_not_flat(q, x, &m, &sum) || m * p <= sum)
		return false;
	b = m * p - sum;
	return p >= PLAN_BIG_PIXEL || b * b > (q->loaded->plan->ns2_q16 * sum * m) >> 16;
}

/* The strong pixels of the row that the column sums are centred on. */
static void search_row(struct engine_queue *q, uint32_t y)
{
	const struct engine_plan *loaded = q->loaded;
	const struct plan *plan = loaded->plan;
	const struct ring_row *row = cpu_row(q, y);
	uint32_t width = plan->shape.width;

	loaded->rows->stands_out[cpu_wide(plan)](&loaded->tests, &q->columns, width, row->values, q->candidates);
	for (uint32_t from = 0; from < width; from += 64)
		for (uint64_t bits = strong_bits(q->candidates, from, width); bits; bits &= bits - 1) {
			uint32_t x = from + (uint32_t)__builtin_ctzll(bits);
			uint32_t p = cpu_value(plan, row, x);

			if (is_strong(q, x, p))
				strong_add(q, x, y, p);
		}
}

void strong_row(struct engine_queue *q, int64_t y)
{
	const struct engine_plan *loaded = q->loaded;
	const struct plan *plan = loaded->plan;
	int64_t k = plan->kernel, centre = y - k;
	const struct ring_row *in = cpu_row(q, y), *gone = cpu_row(q, centre - k - 1);

	loaded->rows->roll[cpu_wide(plan)](&q->columns, plan->shape.width, in->values, in->flags, gone->values,
					   gone->flags);
	if (plan->algorithm == SPOTS_DISPERSION_EXTENDED)
		extended_row(q, y);
	else if (centre >= 0 && centre < plan->shape.height)
		search_row(q, (uint32_t)centre);
}
