/* scratch.c - the memory of a queue of the CPU engine (see cpu.h). Taken when a queue is opened and when a plan needs more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/cpu.h"
#include "kernels/spots.h"

#define ALIGN 64u
#define BLOCK_SLACK 64u /* vectors may touch this much behind the last byte */

static void *take(size_t bytes)
{
	return aligned_alloc(ALIGN, (bytes + ALIGN - 1) / ALIGN * ALIGN);
}

int scratch_open(struct engine_queue **out, size_t max_bytes, const struct cpu_level *level)
{
	struct engine_queue *q;

	*out = NULL;
	if (max_bytes == 0 || max_bytes > SIZE_MAX / 4)
		return -EINVAL;
	q = take(sizeof *q);
	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof *q);
	q->flat.level = level->flat;
	q->max_bytes = max_bytes;
	q->stream = take(max_bytes + BLOCK_SLACK);
	q->block = take(max_bytes + BLOCK_SLACK);
	if (!q->stream || !q->block)
		goto fail;
	*out = q;
	return 0;
fail:
	scratch_close(&q);
	return -ENOMEM;
}

void scratch_close(struct engine_queue **queue)
{
	struct engine_queue *q = queue ? *queue : NULL;

	if (!q)
		return;
	flat_free(&q->flat);
	free(q->stream);
	free(q->block);
	free(q->rows_memory);
	free(q->bin_sum);
	free(q->strong);
	free(q->value);
	free(q->spots_scratch);
	free(q);
	*queue = NULL;
}

/* Cuts the next piece of n entries with padding on both sides; returns where the entries begin. */
static void *cut(uint8_t **at, size_t n, size_t entry_bytes)
{
	uint8_t *entries = *at + ROW_PAD * entry_bytes;

	*at += (n + 2 * ROW_PAD) * entry_bytes;
	return entries;
}

static void cut_row(struct ring_row *row, uint8_t **at, size_t width)
{
	*row = (struct ring_row){0};
	row->values = cut(at, width, sizeof(uint32_t));
	row->flags = cut(at, width, 1);
	row->marked = cut(at, width, 1);
	row->stays = cut(at, width, 1);
	row->core = cut(at, width, 1);
}

/* Anew for every width and type, for what was pixels then may be padding now. */
static void lay_out_rows(struct engine_queue *q, size_t width)
{
	uint8_t *at = q->rows_memory;

	for (uint32_t i = 0; i < RING_ROWS; i++)
		cut_row(&q->ring[i], &at, width);
	cut_row(&q->nothing, &at, width);
	q->columns.n = cut(&at, width, sizeof *q->columns.n);
	q->columns.x = cut(&at, width, sizeof *q->columns.x);
	q->columns.y = cut(&at, width, sizeof *q->columns.y);
	q->around.n = cut(&at, width, sizeof *q->around.n);
	q->around.x = cut(&at, width, sizeof *q->around.x);
	q->candidates = cut(&at, width, 1);
	q->prefix = cut(&at, width + 1, sizeof *q->prefix);
	memset(q->rows_memory, 0, (size_t)(at - q->rows_memory));
}

static size_t rows_bytes(size_t width)
{
	size_t row = (width + 2 * ROW_PAD) * (sizeof(uint32_t) + 4);
	size_t sums = (width + 1 + 2 * ROW_PAD) * (sizeof(uint8_t) + sizeof(double) + 4 * sizeof(uint32_t) + 1);

	return (RING_ROWS + 1) * row + sums;
}

static int fit_rows(struct engine_queue *q, const struct image_shape *shape)
{
	size_t rounded = (shape->width + (size_t)ALIGN - 1) / ALIGN * ALIGN;

	if (q->width == shape->width && q->type == shape->type)
		return 0;
	q->width = 0;
	if (rounded > q->width_room) {
		free(q->rows_memory);
		q->width_room = 0;
		q->rows_memory = take(rows_bytes(rounded));
		if (!q->rows_memory)
			return -ENOMEM;
		q->width_room = (uint32_t)rounded;
	}
	lay_out_rows(q, rounded);
	q->width = shape->width;
	q->type = shape->type;
	return 0;
}

static int fit_bins(struct engine_queue *q, uint32_t n_bins)
{
	if (n_bins < q->bins_room)
		return 0;
	free(q->bin_sum);
	q->bins_room = 0;
	q->bin_sum = take((n_bins + (size_t)1) * sizeof *q->bin_sum);
	if (!q->bin_sum)
		return -ENOMEM;
	q->bins_room = n_bins + 1;
	return 0;
}

static int fit_lists(struct engine_queue *q, const struct plan *plan)
{
	size_t pixels = image_pixels(&plan->shape);
	uint32_t n = plan->max_strong < pixels ? plan->max_strong : (uint32_t)pixels;
	size_t spots_bytes = spots_scratch_bytes(plan, n);

	if (n <= q->list_room && spots_bytes <= q->spots_scratch_bytes)
		return 0;
	free(q->strong);
	free(q->value);
	free(q->spots_scratch);
	q->list_room = 0;
	q->spots_scratch_bytes = 0;
	q->strong = take(n * sizeof *q->strong + ALIGN);
	q->value = take(n * sizeof *q->value + ALIGN);
	q->spots_scratch = take(spots_bytes + ALIGN);
	if (!q->strong || !q->value || !q->spots_scratch)
		return -ENOMEM;
	q->list_room = n;
	q->spots_scratch_bytes = spots_bytes;
	return 0;
}

int scratch_fit(struct engine_queue *q, const struct engine_plan *loaded)
{
	const struct plan *plan = loaded->plan;
	int error;

	if (image_bytes(&plan->shape) > q->max_bytes)
		return -EMSGSIZE;
	error = fit_rows(q, &plan->shape);
	if (!error)
		error = fit_bins(q, plan->n_bins);
	if (!error)
		error = fit_lists(q, plan);
	if (!error && loaded->flat && q->flat.level)
		error = flat_fit(&q->flat, plan);
	return error;
}
