/* engine_bench.c - submit and wait, alone or on several threads (engine_bench.h). */
#include "bench/suite/engine_bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/clock.h"

#define THREADS_MAX 256

int engine_bench_open(struct engine_bench *b, const struct engine *engine, const char *level, const struct bench_set *set, char *words,
		      size_t words_bytes)
{
	struct engine_config cfg = {.cpu_level = level};
	const struct plan *plan = set->plan;
	int rc;

	*b = (struct engine_bench){.engine = engine, .set = set};
	rc = engine->probe(&cfg, words, words_bytes);
	if (rc == 0)
		rc = engine->open(&b->context, &cfg);
	if (rc == 0)
		rc = engine->plan_load(b->context, &b->plan, plan);
	if (rc == 0)
		rc = engine->queue_open(b->context, &b->queue, image_bytes(&set->shape));
	b->bin_sum = calloc(plan->n_bins + 1, sizeof(*b->bin_sum));
	b->bin_count = calloc(plan->n_bins + 1, sizeof(*b->bin_count));
	b->strong = calloc(plan->max_strong, sizeof(*b->strong));
	b->spots = calloc(plan->max_spots, sizeof(*b->spots));
	if (rc == 0 && (!b->bin_sum || !b->bin_count || !b->strong || !b->spots))
		rc = -ENOMEM;
	if (rc < 0)
		engine_bench_close(b);
	return rc;
}

void engine_bench_close(struct engine_bench *b)
{
	if (b->queue)
		b->engine->queue_close(&b->queue);
	if (b->plan)
		b->engine->plan_drop(b->context, &b->plan);
	if (b->context)
		b->engine->close(&b->context);
	free(b->bin_sum);
	free(b->bin_count);
	free(b->strong);
	free(b->spots);
	*b = (struct engine_bench){0};
}

int engine_bench_run(void *user, unsigned frame)
{
	struct engine_bench *b = user;
	struct engine_item item = {
		.payload = b->set->frame[frame].payload, .blocks = &b->set->frame[frame].table,
		.wanted = OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS, .result = &b->result,
		.bin_sum = b->bin_sum, .bin_count = b->bin_count, .strong = b->strong, .spots = b->spots,
	};
	int rc = b->engine->submit(b->queue, b->plan, &item, 1);

	if (rc == 0)
		rc = b->engine->wait(b->queue);
	return rc < 0 ? rc : item.status;
}

/* --- several threads --------------------------------------------------------------------------------------------------- */

struct crew {
	_Atomic bool go, stop; /* relaxed: only when, not what */
	_Atomic int ready;     /* acquire and release: a member's queue is open before the clock starts */
};

struct member {
	struct crew *crew;
	struct engine_bench bench;
	uint64_t frames;
	int rc;
	pthread_t thread;
};

static void *work(void *user)
{
	struct member *m = user;

	m->rc = engine_bench_run(&m->bench, 0);
	atomic_fetch_add_explicit(&m->crew->ready, 1, memory_order_release);
	while (!atomic_load_explicit(&m->crew->go, memory_order_relaxed))
		;
	for (unsigned i = 0; m->rc == 0 && !atomic_load_explicit(&m->crew->stop, memory_order_relaxed); i++) {
		m->rc = engine_bench_run(&m->bench, i % m->bench.set->n);
		m->frames++;
	}
	return NULL;
}

static void nap(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

/* Lets all started members work for so long; frames per second. */
static double race(struct crew *crew, struct member *member, unsigned n, double seconds)
{
	uint64_t frames = 0, begun_ns, passed_ns;
	int rc = 0;

	while (atomic_load_explicit(&crew->ready, memory_order_acquire) < (int)n)
		nap(0.001);
	begun_ns = clock_monotonic_ns();
	atomic_store_explicit(&crew->go, true, memory_order_relaxed);
	nap(seconds);
	atomic_store_explicit(&crew->stop, true, memory_order_relaxed);
	for (unsigned i = 0; i < n; i++) {
		pthread_join(member[i].thread, NULL);
		frames += member[i].frames;
		rc = member[i].rc < 0 ? member[i].rc : rc;
	}
	passed_ns = clock_monotonic_ns() - begun_ns;
	return rc < 0 ? rc : (double)frames * 1e9 / (double)passed_ns;
}

double engine_bench_threads(const struct engine *engine, const char *level, const struct bench_set *set, unsigned threads, double seconds)
{
	struct member *member = calloc(THREADS_MAX, sizeof(*member));
	struct crew crew = {0};
	char words[256];
	unsigned started = 0;
	double rate = -ENOMEM;
	int rc = member && threads <= THREADS_MAX ? 0 : -ENOMEM;

	for (; rc == 0 && started < threads; started++) {
		struct member *m = &member[started];

		m->crew = &crew;
		rc = engine_bench_open(&m->bench, engine, level, set, words, sizeof(words));
		if (rc == 0)
			rc = -pthread_create(&m->thread, NULL, work, m);
		if (rc < 0) {
			engine_bench_close(&m->bench);
			break;
		}
	}
	if (started)
		rate = race(&crew, member, started, rc < 0 ? 0 : seconds);
	for (unsigned i = 0; i < started; i++)
		engine_bench_close(&member[i].bench);
	free(member);
	return rc < 0 ? rc : rate;
}
