/* rates.c - see rates.h. */
#include "bench/gpu/rates.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"

#define QUEUES_MAX 32u

/* --- equality ------------------------------------------------------------------------------------------------------------ */

/* The reference's answer for the lane's one frame. */
static int refer(const struct lane *l, struct engine_item *item)
{
	struct engine_context *context = NULL;
	struct engine_plan *plan = NULL;
	struct engine_queue *queue = NULL;
	int rc = engine_reference.open(&context, &(struct engine_config){0});

	if (rc == 0)
		rc = engine_reference.plan_load(context, &plan, l->set->plan);
	if (rc == 0)
		rc = engine_reference.queue_open(context, &queue, image_bytes(&l->set->shape));
	if (rc == 0)
		rc = engine_reference.submit(queue, plan, item, 1);
	if (rc == 0)
		rc = engine_reference.wait(queue);
	if (queue)
		engine_reference.queue_close(&queue);
	if (plan)
		engine_reference.plan_drop(context, &plan);
	if (context)
		engine_reference.close(&context);
	return rc < 0 ? rc : item->status;
}

static bool same(const struct engine_item *a, const struct engine_item *b, const struct plan *plan)
{
	return !memcmp(a->result, b->result, sizeof(*a->result)) && !memcmp(a->bin_sum, b->bin_sum, plan->n_bins * sizeof(*a->bin_sum)) &&
	       !memcmp(a->bin_count, b->bin_count, plan->n_bins * sizeof(*a->bin_count)) &&
	       !memcmp(a->strong, b->strong, a->result->n_strong * sizeof(*a->strong)) &&
	       !memcmp(a->spots, b->spots, a->result->n_spots * sizeof(*a->spots));
}

static int compare_frame(struct lane *l, struct lane *truth, unsigned frame)
{
	int rc;

	l->item[0].payload = l->set->frame[frame].payload; /* where it lies: not page-locked, which has to work, too */
	l->item[0].blocks = &l->set->frame[frame].table;
	truth->item[0].payload = l->item[0].payload;
	truth->item[0].blocks = l->item[0].blocks;
	rc = lane_run(l);
	if (rc == 0)
		rc = refer(truth, &truth->item[0]);
	return rc < 0 ? rc : !same(&l->item[0], &truth->item[0], l->set->plan);
}

int rates_compare(const struct engine *engine, struct engine_context *context, const struct bench_set *set)
{
	struct lane lane = {0}, truth = {0};
	int different = 0, rc = lane_open(&lane, engine, context, set, 1, RATES_WANTED);

	if (rc == 0)
		rc = lane_open(&truth, engine, context, set, 1, RATES_WANTED);
	for (unsigned i = 0; i < set->n && rc >= 0; i++) {
		rc = compare_frame(&lane, &truth, i);
		different += rc > 0;
	}
	lane_close(&lane);
	lane_close(&truth);
	return rc < 0 ? rc : different;
}

/* --- one frame ----------------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int rates_latency(struct latency_us *out, const struct engine *engine, struct engine_context *context, const struct bench_set *set, unsigned rounds)
{
	struct lane lane;
	double *us = calloc(rounds, sizeof(*us));
	int rc = us ? lane_open(&lane, engine, context, set, 1, RATES_WANTED) : -ENOMEM;

	*out = (struct latency_us){0};
	if (rc < 0) {
		free(us);
		return rc;
	}
	rc = lane_run(&lane); /* memory grows once */
	for (unsigned i = 0; i < rounds && rc == 0; i++) {
		uint64_t begun_ns = clock_monotonic_ns();

		rc = lane_run(&lane);
		us[i] = (double)(clock_monotonic_ns() - begun_ns) / 1000;
	}
	qsort(us, rounds, sizeof(*us), ascending);
	out->median = us[rounds / 2];
	out->p99 = us[rounds * 99 / 100];
	lane_close(&lane);
	free(us);
	return rc;
}

/* --- several queues ------------------------------------------------------------------------------------------------------ */

struct crew {
	_Atomic bool go, stop; /* relaxed: only when, not what */
	_Atomic unsigned ready; /* acquire and release: memory has grown before the clock starts */
};

struct member {
	struct crew *crew;
	struct lane lane;
	pthread_t thread;
	uint64_t frames;
	int rc;
};

static void *work(void *user)
{
	struct member *m = user;

	m->rc = lane_run(&m->lane);
	atomic_fetch_add_explicit(&m->crew->ready, 1, memory_order_release);
	while (!atomic_load_explicit(&m->crew->go, memory_order_relaxed))
		;
	while (m->rc == 0 && !atomic_load_explicit(&m->crew->stop, memory_order_relaxed)) {
		m->rc = lane_run(&m->lane);
		m->frames += m->lane.batch;
	}
	return NULL;
}

static void nap(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

static double race(struct crew *crew, struct member *member, unsigned n, double seconds)
{
	uint64_t frames = 0, begun_ns;
	int rc = 0;

	while (atomic_load_explicit(&crew->ready, memory_order_acquire) < n)
		nap(0.0005);
	begun_ns = clock_monotonic_ns();
	atomic_store_explicit(&crew->go, true, memory_order_relaxed);
	nap(seconds);
	atomic_store_explicit(&crew->stop, true, memory_order_relaxed);
	for (unsigned i = 0; i < n; i++) {
		pthread_join(member[i].thread, NULL);
		frames += member[i].frames;
		rc = member[i].rc < 0 ? member[i].rc : rc;
	}
	return rc < 0 ? rc : (double)frames * 1e9 / (double)(clock_monotonic_ns() - begun_ns);
}

double rates_sustained(const struct engine *engine, struct engine_context *context, const struct bench_set *set, unsigned queues, unsigned batch,
		       double seconds)
{
	struct member *member = calloc(QUEUES_MAX, sizeof(*member));
	struct crew crew = {0};
	unsigned started = 0;
	double rate = -ENOMEM;
	int rc = member && queues <= QUEUES_MAX ? 0 : -ENOMEM;

	for (; rc == 0 && started < queues; started++) {
		member[started].crew = &crew;
		rc = lane_open(&member[started].lane, engine, context, set, batch, RATES_WANTED);
		if (rc == 0)
			rc = -pthread_create(&member[started].thread, NULL, work, &member[started]);
		if (rc < 0) {
			lane_close(&member[started].lane);
			break;
		}
	}
	if (started)
		rate = race(&crew, member, started, rc < 0 ? 0 : seconds);
	for (unsigned i = 0; i < started; i++)
		lane_close(&member[i].lane);
	free(member);
	return rc < 0 ? rc : rate;
}
