/* plan_tables.c - a plan as the kernels read it: constants, a bit map of what the mask allows, and every pixel's class (see device.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/device/device.h"

_Static_assert(TABLE_WINDOW_MAX == PLAN_WINDOW_MAX && TABLE_KERNEL_MAX == PLAN_K_MAX && TABLE_BIG_PIXEL == PLAN_BIG_PIXEL, "the plan's bounds");
_Static_assert(CLASS_NO_BIN >= PLAN_BINS_MAX && PLAN_BIN_NONE == CLASS_MASKED, "classes are no bins");

#define LIST_HEAD_MIN 64u
#define LIST_HEAD_MAX 8192u /* what comes back of a list in any case: more than a usual frame has */

static uint32_t ceil_div(uint64_t n, uint32_t by)
{
	return (uint32_t)((n + by - 1) / by);
}

static uint32_t clamp(uint64_t n, uint32_t least, uint32_t most)
{
	return n < least ? least : n > most ? most : (uint32_t)n;
}

static void fill_constants(struct plan_table *t, const struct plan *plan)
{
	uint64_t pixels = image_pixels(&plan->shape);

	memcpy(t->c_q16, plan->c_q16, sizeof t->c_q16);
	t->ns2_q16 = plan->ns2_q16;
	t->width = plan->shape.width;
	t->height = plan->shape.height;
	t->type = (uint32_t)plan->shape.type;
	t->pixels = (uint32_t)pixels;
	t->image_units = (uint32_t)(((pixels + PADDING_PIXELS) << plan->shape.type) / 16 + 1);
	t->invalid_from = plan->invalid_from;
	t->saturation = plan->saturation_value < UINT32_MAX ? (uint32_t)plan->saturation_value : UINT32_MAX;
	t->n_bins = plan->n_bins;
	t->k = plan->kernel;
	t->min_count = plan->min_count;
	t->threshold = plan->threshold;
	t->masked_is_background = plan->masked_is_background;
	t->mask_words = ceil_div(plan->shape.width, 32);
	if (plan->algorithm != SPOTS_NONE) {
		uint32_t most = clamp(plan->max_strong, 1, (uint32_t)pixels);

		t->list_head = clamp(pixels / 1024, LIST_HEAD_MIN, LIST_HEAD_MAX);
		t->list_head = clamp(t->list_head, 1, most);
		t->list_rest = most - t->list_head;
	}
	t->record_words = (RECORD_WORDS + 3 * t->n_bins + 2 * t->list_head + 15) / 16 * 16;
}

static void count_groups(struct engine_plan *p)
{
	const struct plan_table *t = &p->table;

	p->totals_groups = ceil_div(t->pixels, TOTALS_PIXELS);
	p->tiles_across = ceil_div(t->width, TILE_WIDTH);
	p->dispersion_tiles = p->tiles_across * ceil_div(t->height, TILE_HEIGHT);
	p->mark_tiles = t->mask_words * ceil_div(t->height, MARK_SIDE);
	p->erode_groups = ceil_div((uint64_t)t->mask_words * t->height, PIXEL_ITEMS);
	p->extended_groups = ceil_div((uint64_t)t->mask_words * t->height, EXTENDED_WORDS);
}

/* Device memory that holds what is given. */
static int upload(struct engine_plan *p, struct driver_queue *queue, struct driver_memory **out, const void *from, size_t bytes)
{
	int error = device_take(p->context, out, bytes);

	if (error)
		return error;
	p->used_bytes += bytes;
	error = p->context->driver->copy_in(queue, *out, 0, from, bytes);
	return error ? error : p->context->driver->finish(queue);
}

static int upload_mask(struct engine_plan *p, struct driver_queue *queue)
{
	const struct plan_table *t = &p->table;
	size_t n = (size_t)t->mask_words * t->height;
	uint32_t *words = calloc(n, sizeof *words);
	const uint8_t *mask = p->plan->mask;
	int error;

	if (!words)
		return -ENOMEM;
	for (size_t y = 0; y < t->height; y++)
		for (uint32_t x = 0; x < t->width; x++)
			words[y * t->mask_words + x / 32] |= (uint32_t)(*mask++ != 0) << x % 32;
	error = upload(p, queue, &p->mask, words, n * sizeof *words);
	free(words);
	return error;
}

static int upload_classes(struct engine_plan *p, struct driver_queue *queue)
{
	const struct plan *plan = p->plan;
	size_t pixels = p->table.pixels, n = pixels + 2 * PADDING_PIXELS;
	uint16_t *classes = malloc(n * sizeof *classes);
	int error;

	if (!classes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		classes[i] = CLASS_MASKED;
		if (i < pixels && plan->mask[i])
			classes[i] = plan->n_bins && plan->bin[i] != PLAN_BIN_NONE ? plan->bin[i] : CLASS_NO_BIN;
	}
	error = upload(p, queue, &p->classes, classes, n * sizeof *classes);
	free(classes);
	return error;
}

int tables_load(struct engine_context *c, struct engine_plan **out, const struct plan *plan)
{
	struct engine_plan *p = calloc(1, sizeof *p);
	struct driver_queue *queue = NULL;
	int error = -ENOMEM;

	*out = NULL;
	if (!p)
		return error;
	p->context = c;
	p->plan = plan;
	p->serial = 1 + atomic_fetch_add_explicit(&c->plans, 1, memory_order_relaxed);
	fill_constants(&p->table, plan);
	count_groups(p);
	error = c->driver->queue_open(c->device, &queue);
	if (!error)
		error = upload(p, queue, &p->table_memory, &p->table, sizeof p->table);
	if (!error)
		error = upload_mask(p, queue);
	if (!error)
		error = upload_classes(p, queue);
	c->driver->queue_close(&queue);
	if (error)
		tables_drop(&p);
	*out = p;
	return error;
}

void tables_drop(struct engine_plan **plan)
{
	struct engine_plan *p = plan ? *plan : NULL;
	struct driver_memory **memory[3];

	if (!p)
		return;
	memory[0] = &p->table_memory;
	memory[1] = &p->mask;
	memory[2] = &p->classes;
	for (int i = 0; i < 3; i++)
		device_give(p->context, memory[i], 0);
	atomic_fetch_sub_explicit(&p->context->used_bytes, p->used_bytes, memory_order_relaxed);
	free(p);
	*plan = NULL;
}
