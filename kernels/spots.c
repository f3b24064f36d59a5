/* spots.c - joins strong pixels into spots (algorithms.md section 4).
 *
 * For every engine that labels on the host. Works on the caller's memory only. The sorted list falls into runs, pixels side by side in a row. A
 * union-find over the runs gives each the first one of its component; those of a component are then chained in order, and each chain is summed up. */
#include "kernels/spots.h"

#include <errno.h>

struct run {
	uint32_t from, to; /* positions in the list: its first pixel, the one behind its last */
	uint32_t y;
	uint32_t first;    /* an earlier run of the component; in the end its first one */
	uint32_t next;     /* the component's next run, LAST after the last one */
};

#define LAST UINT32_MAX

size_t spots_scratch_bytes(const struct plan *plan, uint32_t n_strong)
{
	return (size_t)n_strong * sizeof(struct run);
}

/* Every run, a component of its own. */
static uint32_t find_runs(const struct plan *plan, const uint32_t *strong, uint32_t n_strong, struct run *run)
{
	uint32_t width = plan->shape.width, n = 0, y = 0;
	uint64_t row_end = width;

	for (uint32_t i = 0; i < n_strong; n++) {
		uint32_t from = i++;

		if (strong[from] >= row_end) {
			y = strong[from] / width;
			row_end = (uint64_t)(y + 1) * width;
		}
		while (i < n_strong && strong[i] == strong[i - 1] + 1 && strong[i] < row_end)
			i++;
		run[n] = (struct run){from, i, y, n, LAST};
	}
	return n;
}

static uint32_t find_first(struct run *run, uint32_t i)
{
	while (run[i].first != i) {
		run[i].first = run[run[i].first].first;
		i = run[i].first;
	}
	return i;
}

static void join(struct run *run, uint32_t a, uint32_t b)
{
	a = find_first(run, a);
	b = find_first(run, b);
	if (a < b)
		run[b].first = a;
	else
		run[a].first = b;
}

/* above is the first run that may touch row y from the row before; it only ever moves forward. */
static void join_above(const struct plan *plan, const uint32_t *strong, uint32_t i, uint32_t *above, struct run *run)
{
	uint32_t width = plan->shape.width, reach = plan->eight_neighbours ? 1 : 0;
	uint32_t left = strong[run[i].from], right = strong[run[i].to - 1], row = run[i].y * width;

	if (run[i].y == 0)
		return;
	uint32_t from = left - width - (left > row ? reach : 0), to = right - width + (right + 1 < row + width ? reach : 0);
	while (strong[run[*above].to - 1] < from)
		++*above;
	for (uint32_t j = *above; j < i && strong[run[j].from] <= to; j++)
		join(run, i, j);
}

static void label(const struct plan *plan, const uint32_t *strong, struct run *run, uint32_t n_runs)
{
	uint32_t above = 0;

	for (uint32_t i = 0; i < n_runs; i++)
		join_above(plan, strong, i, &above, run);
	/* An entry never points forward, so one pass in order leads every run to its component's first. */
	for (uint32_t i = 0; i < n_runs; i++)
		run[i].first = run[run[i].first].first;
	for (uint32_t i = n_runs; i-- > 0;) {
		struct run *head = &run[run[i].first];

		if (run[i].first == i)
			continue;
		run[i].next = head->next;
		head->next = i;
	}
}

static void add_run(const struct plan *plan, const uint32_t *strong, const uint32_t *value, const struct run *run, struct spot *spot)
{
	uint32_t x = strong[run->from] - run->y * plan->shape.width, x_end = x + run->to - run->from;
	uint64_t sum = 0;

	spot->x_min = x < spot->x_min ? (uint16_t)x : spot->x_min;
	spot->x_max = x_end - 1 > spot->x_max ? (uint16_t)(x_end - 1) : spot->x_max;
	spot->y_min = run->y < spot->y_min ? (uint16_t)run->y : spot->y_min;
	spot->y_max = run->y > spot->y_max ? (uint16_t)run->y : spot->y_max;
	for (uint32_t i = run->from; i < run->to; i++, x++) {
		uint32_t v = value[i];

		if ((i == run->from && spot->n_px == 0) || v > spot->max) {
			spot->max = v;
			spot->max_index = strong[i];
		}
		sum += v;
		spot->sum_x += (uint64_t)v * x;
	}
	spot->n_px += run->to - run->from;
	spot->sum += sum;
	spot->sum_y += sum * run->y;
}

/* Is the centroid at most 2 px from the peak? Everything is multiplied by sum v, so that it stays exact. */
static bool is_compact(const struct plan *plan, const struct spot *spot)
{
	__int128 limit = (__int128)spot->sum * 2;
	__int128 dx = (__int128)spot->sum_x - (__int128)spot->sum * (spot->max_index % plan->shape.width);
	__int128 dy = (__int128)spot->sum_y - (__int128)spot->sum * (spot->max_index / plan->shape.width);

	/* The squares of what is left here cannot overflow. */
	if (dx > limit || dx < -limit || dy > limit || dy < -limit)
		return false;
	return dx * dx + dy * dy <= limit * limit;
}

int spots_label(const struct plan *plan, const uint32_t *strong, const uint32_t *value, uint32_t n_strong,
		struct spot *spots, void *scratch)
{
	uint32_t n_spots = 0;

	struct run *run = scratch;
	uint32_t n_runs = find_runs(plan, strong, n_strong, run);

	label(plan, strong, run, n_runs);
	for (uint32_t i = 0; i < n_runs; i++) {
		struct spot spot = {.x_min = UINT16_MAX, .y_min = UINT16_MAX};

		if (run[i].first != i)
			continue;
		for (uint32_t j = i; j != LAST; j = run[j].next)
			add_run(plan, strong, value, &run[j], &spot);
		if (spot.n_px < plan->min_pixels || spot.n_px > plan->max_pixels || !is_compact(plan, &spot))
			continue;
		if (n_spots == plan->max_spots)
			return -EOVERFLOW;
		spots[n_spots++] = spot;
	}
	return (int)n_spots;
}
