/* spots.c - joins strong pixels into spots (algorithms.md section 4).
 *
 * For every engine that labels on the host. Works on the caller's memory only. A union-find over the sorted list gives every pixel the
 * first pixel of its component; the pixels of a component are then chained in order, and each chain is summed up by itself. */
#include "kernels/spots.h"

#include <errno.h>

/* Two entries per strong pixel. */
struct labels {
	uint32_t *first; /* position of an earlier pixel of the component, in the end of its first one */
	uint32_t *next;  /* position of the component's next pixel, LAST after the last one */
};

#define LAST UINT32_MAX

size_t spots_scratch_bytes(const struct plan *plan, uint32_t n_strong)
{
	return (size_t)n_strong * 2 * sizeof(uint32_t);
}

static uint32_t find_first(uint32_t *first, uint32_t i)
{
	while (first[i] != i) {
		first[i] = first[first[i]];
		i = first[i];
	}
	return i;
}

static void join(uint32_t *first, uint32_t a, uint32_t b)
{
	a = find_first(first, a);
	b = find_first(first, b);
	if (a < b)
		first[b] = a;
	else
		first[a] = b;
}

/* above is the first list position that may touch row y from the row before; it only ever moves forward. */
static void join_above(const struct plan *plan, const uint32_t *strong, uint32_t i, uint32_t *above, uint32_t *first)
{
	uint32_t width = plan->shape.width, x = strong[i] % width, y = strong[i] / width;
	uint32_t reach = plan->eight_neighbours ? 1 : 0;

	if (y == 0)
		return;
	uint32_t up = strong[i] - width;
	uint32_t from = x >= reach ? up - reach : up, to = x + reach < width ? up + reach : up;
	while (strong[*above] < from)
		++*above;
	for (uint32_t j = *above; j < i && strong[j] <= to; j++)
		join(first, i, j);
}

static void label(const struct plan *plan, const uint32_t *strong, uint32_t n_strong, const struct labels *labels)
{
	uint32_t above = 0;

	for (uint32_t i = 0; i < n_strong; i++) {
		labels->first[i] = i;
		labels->next[i] = LAST;
		if (i > 0 && strong[i - 1] + 1 == strong[i] && strong[i] % plan->shape.width != 0)
			join(labels->first, i, i - 1);
		join_above(plan, strong, i, &above, labels->first);
	}
	/* An entry never points forward, so one pass in order leads every pixel to its component's first. */
	for (uint32_t i = 0; i < n_strong; i++)
		labels->first[i] = labels->first[labels->first[i]];
	for (uint32_t i = n_strong; i-- > 0;) {
		uint32_t head = labels->first[i];
		if (head == i)
			continue;
		labels->next[i] = labels->next[head];
		labels->next[head] = i;
	}
}

static void sum_up(const struct plan *plan, const uint32_t *strong, const uint32_t *value, const uint32_t *next, uint32_t i,
		   struct spot *spot)
{
	*spot = (struct spot){ .x_min = UINT16_MAX, .y_min = UINT16_MAX };
	for (; i != LAST; i = next[i]) {
		uint32_t x = strong[i] % plan->shape.width, y = strong[i] / plan->shape.width, v = value[i];
		if (spot->n_px == 0 || v > spot->max) {
			spot->max = v;
			spot->max_index = strong[i];
		}
		spot->n_px++;
		spot->sum += v;
		spot->sum_x += (uint64_t)v * x;
		spot->sum_y += (uint64_t)v * y;
		spot->x_min = x < spot->x_min ? (uint16_t)x : spot->x_min;
		spot->x_max = x > spot->x_max ? (uint16_t)x : spot->x_max;
		spot->y_min = y < spot->y_min ? (uint16_t)y : spot->y_min;
		spot->y_max = y > spot->y_max ? (uint16_t)y : spot->y_max;
	}
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

	if (n_strong == 0)
		return 0;
	const struct labels labels = { .first = scratch, .next = (uint32_t *)scratch + n_strong };
	label(plan, strong, n_strong, &labels);
	for (uint32_t i = 0; i < n_strong; i++) {
		struct spot spot;
		if (labels.first[i] != i)
			continue;
		sum_up(plan, strong, value, labels.next, i, &spot);
		if (spot.n_px < plan->min_pixels || spot.n_px > plan->max_pixels || !is_compact(plan, &spot))
			continue;
		if (n_spots == plan->max_spots)
			return -EOVERFLOW;
		spots[n_spots++] = spot;
	}
	return (int)n_spots;
}
