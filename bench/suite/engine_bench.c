/* engine_bench.c - opening, submit and wait (engine_bench.h). */
#include "bench/suite/engine_bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 64
#define ITEM_ALIGN 64
#define SLAB_ALIGN 4096
#define BATCH_BYTES ((size_t)256 << 20)  /* uncompressed; more is no use to any device */
#define CPU_BATCH_FRAME_BYTES 1000000u   /* a processor gains by batches where frames are small */

int engine_bench_open(struct engine_bench *b, const struct engine *engine, const struct engine_config *config, const struct bench_set *set)
{
	int rc;

	*b = (struct engine_bench){.engine = engine, .level = config->cpu_level, .device = config->device, .set = set};
	rc = engine->probe(config, b->words, sizeof(b->words));
	if (rc < 0)
		return rc;
	rc = engine->open(&b->context, config);
	if (rc == 0) {
		engine->capabilities(b->context, &b->can);
		rc = engine->plan_load(b->context, &b->plan, set->plan);
	}
	if (rc < 0) {
		snprintf(b->words, sizeof(b->words), "%s", strerror(-rc));
		engine_bench_close(b);
	}
	return rc;
}

void engine_bench_close(struct engine_bench *b)
{
	if (b->plan)
		b->engine->plan_drop(b->context, &b->plan);
	if (b->context)
		b->engine->close(&b->context);
}

bool engine_bench_on_cpu(const struct engine *engine)
{
	return engine == &engine_cpu || engine == &engine_reference;
}

unsigned engine_bench_batch(const struct engine_bench *b)
{
	size_t bytes = image_bytes(&b->set->shape), most = BATCH_BYTES / bytes;
	unsigned batch = b->can.max_batch < BATCH_MAX ? b->can.max_batch : BATCH_MAX;

	if (b->engine == &engine_reference || (engine_bench_on_cpu(b->engine) && bytes > CPU_BATCH_FRAME_BYTES))
		return 1;
	if (batch > most)
		batch = (unsigned)most;
	return batch ? batch : 1;
}

static int take_room(struct engine_seat *s)
{
	const struct plan *plan = s->bench->set->plan;
	size_t bins = plan->n_bins + 1, n = s->batch;

	s->item = calloc(n, sizeof(*s->item));
	s->result = calloc(n, sizeof(*s->result));
	s->bin_sum = calloc(n * bins, sizeof(*s->bin_sum));
	s->bin_count = calloc(n * bins, sizeof(*s->bin_count));
	s->strong = calloc(n * plan->max_strong, sizeof(*s->strong));
	s->spots = calloc(n * plan->max_spots, sizeof(*s->spots));
	if (!s->item || !s->result || !s->bin_sum || !s->bin_count || !s->strong || !s->spots)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		s->item[i] = (struct engine_item){
			.wanted = OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS, .result = &s->result[i],
			.bin_sum = s->bin_sum + i * bins, .bin_count = s->bin_count + i * bins,
			.strong = s->strong + i * plan->max_strong, .spots = s->spots + i * plan->max_spots,
		};
	return 0;
}

static size_t rounded_up(size_t bytes, size_t to)
{
	return (bytes + to - 1) / to * to;
}

static size_t table_bytes(const struct block_table *t)
{
	return rounded_up((t->n_blocks + 1) * sizeof(uint32_t), ITEM_ALIGN);
}

/* One behind the other: payload, block offsets, next payload. */
static int lay_out(struct engine_seat *s)
{
	const struct bench_set *set = s->bench->set;
	size_t n = (size_t)s->batch * s->groups, bytes = 0;
	uint8_t *at;
	int rc;

	for (size_t i = 0; i < n; i++)
		bytes += rounded_up(set->frame[i % set->n].payload.len_bytes, ITEM_ALIGN) + table_bytes(&set->frame[i % set->n].table);
	s->slab_bytes = rounded_up(bytes, SLAB_ALIGN);
	at = s->slab = aligned_alloc(SLAB_ALIGN, s->slab_bytes);
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct bench_frame *f = &s->frame[i];

		*f = set->frame[i % set->n];
		f->payload.bytes = memcpy(at, f->bytes, f->payload.len_bytes);
		at += rounded_up(f->payload.len_bytes, ITEM_ALIGN);
		f->table.offset = memcpy(at, f->table.offset, (f->table.n_blocks + 1) * sizeof(uint32_t));
		at += table_bytes(&f->table);
	}
	rc = s->bench->engine->pin(s->bench->context, s->slab, s->slab_bytes);
	s->pinned = rc == 0;
	return rc;
}

static int take_frames(struct engine_seat *s)
{
	const struct bench_set *set = s->bench->set;

	s->groups = (set->n + s->batch - 1) / s->batch;
	s->frame = calloc((size_t)s->batch * s->groups, sizeof(*s->frame));
	if (!s->frame)
		return -ENOMEM;
	if (s->bench->can.needs_pinned)
		return lay_out(s);
	for (unsigned i = 0; i < s->batch * s->groups; i++)
		s->frame[i] = set->frame[i % set->n];
	return 0;
}

int engine_seat_open(struct engine_seat *s, const struct engine_bench *b, unsigned batch)
{
	int rc;

	*s = (struct engine_seat){.bench = b, .batch = batch};
	rc = take_room(s);
	if (rc == 0)
		rc = take_frames(s);
	if (rc == 0)
		rc = b->engine->queue_open(b->context, &s->queue, image_bytes(&b->set->shape));
	if (rc < 0)
		engine_seat_close(s);
	return rc;
}

void engine_seat_close(struct engine_seat *s)
{
	if (s->queue)
		s->bench->engine->queue_close(&s->queue);
	if (s->pinned)
		s->bench->engine->unpin(s->bench->context, s->slab, s->slab_bytes);
	free(s->slab);
	free(s->frame);
	free(s->item);
	free(s->result);
	free(s->bin_sum);
	free(s->bin_count);
	free(s->strong);
	free(s->spots);
	*s = (struct engine_seat){0};
}

int engine_seat_run(void *user, unsigned batch)
{
	struct engine_seat *s = user;
	const struct engine_bench *b = s->bench;
	const struct bench_frame *f = s->frame + (size_t)(batch % s->groups) * s->batch;
	int rc;

	for (unsigned i = 0; i < s->batch; i++) {
		s->item[i].payload = f[i].payload;
		s->item[i].blocks = &f[i].table;
	}
	rc = b->engine->submit(s->queue, b->plan, s->item, s->batch);
	if (rc == 0)
		rc = b->engine->wait(s->queue);
	for (unsigned i = 0; i < s->batch && rc == 0; i++)
		rc = s->item[i].status;
	return rc;
}
