/* analysed.c - opens an engine for one frame and keeps what it returns. See analysed.h. */
#include "tests/support/analysed.h"

#include <stdio.h>
#include <stdlib.h>

#define ALL_OUTPUTS (OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS)

static void must(int status, const char *what)
{
	if (!status)
		return;
	fprintf(stderr, "engine: %s failed with %d\n", what, status);
	exit(1);
}

static void *take(size_t n, size_t bytes)
{
	void *memory = calloc(n ? n : 1, bytes);

	must(memory ? 0 : -1, "allocation");
	return memory;
}

static void run(const struct engine *engine, const struct plan *plan, struct engine_item *item)
{
	const struct engine_config config = { 0 };
	struct engine_context *context;
	struct engine_plan *loaded;
	struct engine_queue *queue;

	must(engine->open(&context, &config), "open");
	must(engine->plan_load(context, &loaded, plan), "plan_load");
	must(engine->queue_open(context, &queue, image_bytes(&plan->shape)), "queue_open");
	must(engine->submit(queue, loaded, item, 1), "submit");
	must(engine->wait(queue), "wait");
	engine->queue_close(&queue);
	engine->plan_drop(context, &loaded);
	engine->close(&context);
}

struct analysed *analysed_make(const struct engine *engine, const struct plan *plan, const struct payload *payload, uint32_t wanted)
{
	struct analysed *a = take(1, sizeof *a);
	struct block_table table = { .capacity = (uint32_t)block_table_entries(image_bytes(&plan->shape), 1024) };

	a->bin_sum = take(plan->n_bins, sizeof *a->bin_sum);
	a->bin_count = take(plan->n_bins, sizeof *a->bin_count);
	a->strong = take(plan->max_strong, sizeof *a->strong);
	a->spots = take(plan->max_spots, sizeof *a->spots);
	table.offset = take(table.capacity, sizeof *table.offset);
	must(block_table_build(&table, payload, &plan->shape), "block_table_build");
	struct engine_item item = { .payload = *payload, .blocks = &table, .wanted = wanted & ALL_OUTPUTS, .result = &a->result,
				    .bin_sum = a->bin_sum, .bin_count = a->bin_count, .strong = a->strong, .spots = a->spots };
	run(engine, plan, &item);
	a->status = item.status;
	free(table.offset);
	return a;
}

struct analysed *analysed_pixels(const struct engine *engine, const struct plan *plan, const void *pixels, uint32_t wanted)
{
	const struct payload payload = { .bytes = pixels, .len_bytes = image_bytes(&plan->shape), .codec = CODEC_NONE };

	return analysed_make(engine, plan, &payload, wanted);
}

void analysed_free(struct analysed **analysed)
{
	if (!analysed || !*analysed)
		return;
	free((*analysed)->bin_sum);
	free((*analysed)->bin_count);
	free((*analysed)->strong);
	free((*analysed)->spots);
	free(*analysed);
	*analysed = NULL;
}
