/* engine_bench.c - opening, submit and wait (engine_bench.h). */
#include "bench/suite/engine_bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 64
#define BATCH_BYTES ((size_t)256 << 20)  /* uncompressed; more is no use to any device */
#define CPU_BATCH_FRAME_BYTES 1000000u   /* a processor gains by batches where frames are small */

int engine_bench_open(struct engine_bench *b, const struct engine *engine, const char *level, const struct bench_set *set)
{
	struct engine_config cfg = {.cpu_level = level};
	int rc;

	*b = (struct engine_bench){.engine = engine, .level = level, .set = set};
	rc = engine->probe(&cfg, b->words, sizeof(b->words));
	if (rc < 0)
		return rc;
	rc = engine->open(&b->context, &cfg);
	if (rc == 0) {
		engine->capabilities(b->context, &b->can);
		rc = engine->plan_load(b->context, &b->plan, set->plan);
	}
	if (rc == 0)
		rc = engine->pin(b->context, set->memory, set->memory_bytes);
	b->pinned = rc == 0;
	if (rc < 0) {
		snprintf(b->words, sizeof(b->words), "%s", strerror(-rc));
		engine_bench_close(b);
	}
	return rc;
}

void engine_bench_close(struct engine_bench *b)
{
	if (b->pinned)
		b->engine->unpin(b->context, b->set->memory, b->set->memory_bytes);
	if (b->plan)
		b->engine->plan_drop(b->context, &b->plan);
	if (b->context)
		b->engine->close(&b->context);
	b->pinned = false;
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

int engine_seat_open(struct engine_seat *s, const struct engine_bench *b, unsigned batch)
{
	int rc;

	*s = (struct engine_seat){.bench = b, .batch = batch};
	rc = take_room(s);
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
	free(s->item);
	free(s->result);
	free(s->bin_sum);
	free(s->bin_count);
	free(s->strong);
	free(s->spots);
	*s = (struct engine_seat){0};
}

int engine_seat_run(void *user, unsigned frame)
{
	struct engine_seat *s = user;
	const struct engine_bench *b = s->bench;
	int rc;

	for (unsigned i = 0; i < s->batch; i++) {
		const struct bench_frame *f = &b->set->frame[(frame + i) % b->set->n];

		s->item[i].payload = f->payload;
		s->item[i].blocks = &f->table;
	}
	rc = b->engine->submit(s->queue, b->plan, s->item, s->batch);
	if (rc == 0)
		rc = b->engine->wait(s->queue);
	for (unsigned i = 0; i < s->batch && rc == 0; i++)
		rc = s->item[i].status;
	return rc;
}
