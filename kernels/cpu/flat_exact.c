/* flat_exact.c - the decision about single pixels in the CPU engine's short way (kernels/cpu/flat.h): algorithms.md section 3 in integers.
 *
 * For a few thousand pixels a frame. Reads the rings, appends to the lists. */
#include <string.h>

#include "kernels/cpu/flat.h"

#define K 3

struct window {
	uint64_t m, sum, squares;
};

/* Up to 7 in each byte. The compiler's own way may be a function of its library. */
static uint64_t count_bits(uint64_t bits)
{
	bits -= bits >> 1 & 0x5555555555555555;
	bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return bits * 0x0101010101010101 >> 56;
}

/* Valid pixels in 7 rows of n_columns, the first of which is pixel n. Outside the image nothing is valid. */
static uint64_t count_valid(const struct flat_queue *f, int64_t n, uint32_t n_columns)
{
	uint64_t all = 0, row_mask = (UINT64_C(1) << n_columns) - 1;

	for (unsigned row = 0; row < 2 * K + 1; row++, n += f->plan->shape.width) {
		uint64_t at = (uint64_t)n & (f->ring_pixels - 1), bits;

		memcpy(&bits, f->valid + at / 8, sizeof bits);
		all |= (bits >> at % 8 & row_mask) << 8 * row;
	}
	return count_bits(all);
}

static bool is_strong(const struct plan *plan, uint64_t p, const struct window *w)
{
	uint64_t b = w->m * p - w->sum;

	return w->m >= plan->min_count && p > plan->threshold &&
	       w->m * w->squares - w->sum * w->sum > (w->sum * plan->c_q16[w->m]) >> 16 && w->m * p > w->sum &&
	       b * b > (plan->ns2_q16 * w->sum * w->m) >> 16;
}

void flat_decide(struct flat_queue *f, int64_t n, uint64_t sum, uint64_t squares, uint64_t clipped)
{
	const struct plan *plan = f->plan;
	int64_t width = plan->shape.width, x = n % width, corner = n - K * width - K;
	struct window w = {0, sum, squares};
	uint32_t p;

	if (n < 0 || n >= width * plan->shape.height || x < K || x >= width - K)
		return;
	for (; clipped; clipped &= clipped - 1) {
		unsigned at = (unsigned)__builtin_ctzll(clipped);
		uint64_t v = *flat_wide(f, corner + (at / 8) * width + at % 8);

		w.sum += v - f->clip;
		w.squares += v * v - f->clip * f->clip;
	}
	w.m = count_valid(f, corner, 2 * K + 1);
	p = flat_value(f, n);
	if (!is_strong(plan, p, &w))
		return;
	if (f->n_strong < f->list_room) {
		f->strong[f->n_strong] = (uint32_t)n;
		f->value[f->n_strong] = p;
	}
	f->n_strong++;
}

/* Pixel x of row y, whose window has n_columns from x_first on. */
static void decide_edge(struct flat_queue *f, int64_t y, uint32_t x, uint32_t x_first, uint32_t n_columns)
{
	int64_t width = f->plan->shape.width, corner = (y - K) * width + x_first, n = y * width + x;
	struct window w = {count_valid(f, corner, n_columns), 0, 0};
	uint32_t p = flat_value(f, n);

	for (unsigned row = 0; row < 2 * K + 1; row++)
		for (uint32_t i = 0; i < n_columns; i++) {
			uint64_t v = flat_value(f, corner + row * width + i);

			w.sum += v;
			w.squares += v * v;
		}
	if (is_strong(f->plan, p, &w)) {
		f->edge_strong[f->n_edge] = (uint32_t)n;
		f->edge_value[f->n_edge++] = p;
	}
}

/* Whether pixel x from either edge may stand out of a window of x + 4 columns with this sum. */
static bool edge_stands_out(const struct flat_queue *f, uint32_t x, uint64_t p, uint64_t sum)
{
	uint64_t m = 7 * (x + K + 1), b = m * p - sum;

	if (!f->deep)
		return p > f->tables->edge[x][sum];
	return p == f->clip || (m * p > sum && b * b > (f->plan->ns2_q16 * sum * m) >> 16);
}

/* The three columns at either edge of row y; their sums are those of column sums around it, which end K rows lower. */
static void edge_row(struct flat_queue *f, int64_t y)
{
	int64_t width = f->plan->shape.width, lowest = (y + K) * width;
	uint32_t left = 0, right = 0, sums[K];

	for (int64_t i = 0; i < K; i++) {
		left += flat_column(f, lowest + i);
		right += flat_column(f, lowest + width - 1 - i);
	}
	for (int64_t x = 0; x < K; x++) {
		left += flat_column(f, lowest + x + K);
		if (edge_stands_out(f, (uint32_t)x, flat_clipped(f, y * width + x), left))
			decide_edge(f, y, (uint32_t)x, 0, (uint32_t)x + K + 1);
	}
	for (int64_t x = 0; x < K; x++)
		sums[x] = right += flat_column(f, lowest + width - 1 - x - K);
	for (int64_t x = K - 1; x >= 0; x--)
		if (edge_stands_out(f, (uint32_t)x, flat_clipped(f, (y + 1) * width - 1 - x), sums[x]))
			decide_edge(f, y, (uint32_t)(width - 1 - x), (uint32_t)(width - 1 - x - K), (uint32_t)x + K + 1);
}

void flat_edges(struct flat_queue *f, int64_t end)
{
	int64_t width = f->plan->shape.width;

	for (; f->edge_row < f->plan->shape.height && (f->edge_row + K + 1) * width <= end; f->edge_row++)
		edge_row(f, f->edge_row);
}
