/* lane.c - see lane.h. */
#include "bench/gpu/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 64u
#define PAGE 4096u

static size_t up(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t offsets_bytes(const struct bench_frame *f)
{
	return (f->table.n_blocks + 1) * sizeof(uint32_t);
}

static int fill_slab(struct lane *l)
{
	size_t at = 0;

	for (unsigned i = 0; i < l->batch; i++) {
		const struct bench_frame *f = &l->set->frame[i % l->set->n];

		l->slab_bytes += up(f->payload.len_bytes) + up(offsets_bytes(f));
	}
	l->slab_bytes = (l->slab_bytes + PAGE) / PAGE * PAGE;
	l->slab = aligned_alloc(PAGE, l->slab_bytes);
	if (!l->slab)
		return -ENOMEM;
	memset(l->slab, 0, l->slab_bytes);
	for (unsigned i = 0; i < l->batch; i++) {
		const struct bench_frame *f = &l->set->frame[i % l->set->n];

		l->item[i].payload = f->payload;
		l->item[i].payload.bytes = memcpy(l->slab + at, f->payload.bytes, f->payload.len_bytes);
		at += up(f->payload.len_bytes);
		l->table[i] = f->table;
		l->table[i].offset = memcpy(l->slab + at, f->table.offset, offsets_bytes(f));
		at += up(offsets_bytes(f));
		l->item[i].blocks = &l->table[i];
	}
	return 0;
}

static int take_buffers(struct lane *l, uint32_t wanted)
{
	const struct plan *p = l->set->plan;

	l->table = calloc(l->batch, sizeof(*l->table));
	l->item = calloc(l->batch, sizeof(*l->item));
	l->result = calloc(l->batch, sizeof(*l->result));
	l->bin_sum = calloc((size_t)l->batch * p->n_bins + 1, sizeof(*l->bin_sum));
	l->bin_count = calloc((size_t)l->batch * p->n_bins + 1, sizeof(*l->bin_count));
	l->strong = calloc(p->max_strong, sizeof(*l->strong)); /* all items write theirs here, as each lane of a node lets them */
	l->spots = calloc(p->max_spots, sizeof(*l->spots));
	if (!l->table || !l->item || !l->result || !l->bin_sum || !l->bin_count || !l->strong || !l->spots)
		return -ENOMEM;
	for (unsigned i = 0; i < l->batch; i++) {
		l->item[i].wanted = wanted;
		l->item[i].result = &l->result[i];
		l->item[i].bin_sum = l->bin_sum + (size_t)i * p->n_bins;
		l->item[i].bin_count = l->bin_count + (size_t)i * p->n_bins;
		l->item[i].strong = l->strong;
		l->item[i].spots = l->spots;
	}
	return 0;
}

int lane_open(struct lane *l, const struct engine *engine, struct engine_context *context, const struct bench_set *set, unsigned batch,
	      uint32_t wanted)
{
	struct engine_capabilities can;
	int rc;

	engine->capabilities(context, &can);
	*l = (struct lane){.engine = engine, .context = context, .set = set, .batch = batch < can.max_batch ? batch : can.max_batch};
	rc = take_buffers(l, wanted);
	if (rc == 0)
		rc = fill_slab(l);
	if (rc == 0)
		rc = engine->plan_load(context, &l->plan, set->plan);
	if (rc == 0)
		rc = engine->queue_open(context, &l->queue, image_bytes(&set->shape));
	if (rc == 0) {
		rc = engine->pin(context, l->slab, l->slab_bytes);
		l->pinned = rc == 0;
	}
	if (rc < 0)
		lane_close(l);
	return rc;
}

void lane_close(struct lane *l)
{
	if (l->queue)
		l->engine->queue_close(&l->queue);
	if (l->plan)
		l->engine->plan_drop(l->context, &l->plan);
	if (l->pinned)
		l->engine->unpin(l->context, l->slab, l->slab_bytes);
	free(l->slab);
	free(l->table);
	free(l->item);
	free(l->result);
	free(l->bin_sum);
	free(l->bin_count);
	free(l->strong);
	free(l->spots);
	*l = (struct lane){0};
}

int lane_run(struct lane *l)
{
	int rc = l->engine->submit(l->queue, l->plan, l->item, l->batch);

	if (rc == 0)
		rc = l->engine->wait(l->queue);
	for (unsigned i = 0; i < l->batch && rc == 0; i++)
		rc = l->item[i].status;
	return rc;
}
