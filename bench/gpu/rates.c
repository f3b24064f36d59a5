/* rates.c - see rates.h. */
#include "bench/gpu/rates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/scaling.h"
#include "host/clock.h"

int rates_take(struct engine_bench *b, const struct engine *engine, struct engine_context *context, const struct bench_set *set)
{
	*b = (struct engine_bench){.engine = engine, .context = context, .set = set};
	engine->capabilities(context, &b->can);
	return engine->plan_load(context, &b->plan, set->plan);
}

void rates_drop(struct engine_bench *b)
{
	if (b->plan)
		b->engine->plan_drop(b->context, &b->plan);
}

/* Members alone: what lies between two spots is nobody's. */
static bool same_spots(const struct engine_item *a, const struct engine_item *b)
{
	for (uint32_t i = 0; i < b->result->n_spots; i++)
		if (memcmp(&a->spots[i], &b->spots[i], offsetof(struct spot, y_max) + sizeof(a->spots[i].y_max)))
			return false;
	return true;
}

static bool same(const struct engine_item *a, const struct engine_item *b, const struct plan *plan)
{
	return !memcmp(a->result, b->result, sizeof(*a->result)) && !memcmp(a->bin_sum, b->bin_sum, plan->n_bins * sizeof(*a->bin_sum)) &&
	       !memcmp(a->bin_count, b->bin_count, plan->n_bins * sizeof(*a->bin_count)) &&
	       !memcmp(a->strong, b->strong, (a->result->overflow & RESULT_OVERFLOW_STRONG ? 0 : a->result->n_strong) * sizeof(*a->strong)) &&
	       same_spots(a, b);
}

int rates_compare(const struct engine_bench *b)
{
	struct engine_bench reference = {0};
	struct engine_seat seat = {0}, truth = {0};
	int different = 0, rc = engine_bench_open(&reference, &engine_reference, &(struct engine_config){0}, b->set);

	if (rc == 0)
		rc = engine_seat_open(&truth, &reference, 1);
	if (rc == 0)
		rc = engine_seat_open(&seat, b, 1);
	for (unsigned i = 0; i < b->set->n && rc == 0; i++) {
		rc = engine_seat_run(&seat, i);
		if (rc == 0)
			rc = engine_seat_run(&truth, i);
		different += rc == 0 && !same(seat.item, truth.item, b->set->plan);
	}
	engine_seat_close(&seat);
	engine_seat_close(&truth);
	engine_bench_close(&reference);
	return rc < 0 ? rc : different;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int rates_latency(struct latency_us *out, const struct engine_bench *b, unsigned rounds)
{
	struct engine_seat seat = {0};
	double *us = calloc(rounds, sizeof(*us));
	int rc = us ? engine_seat_open(&seat, b, 1) : -ENOMEM;

	*out = (struct latency_us){0};
	if (rc == 0)
		rc = engine_seat_run(&seat, 0); /* memory grows once */
	for (unsigned i = 0; i < rounds && rc == 0; i++) {
		uint64_t begun_ns = clock_monotonic_ns();

		rc = engine_seat_run(&seat, i);
		us[i] = (double)(clock_monotonic_ns() - begun_ns) / 1000;
	}
	if (rc == 0) {
		qsort(us, rounds, sizeof(*us), ascending);
		*out = (struct latency_us){us[rounds / 2], us[rounds * 99 / 100]};
	}
	engine_seat_close(&seat);
	free(us);
	return rc;
}

int rates_sustained(struct sustained *out, const struct engine_bench *b, unsigned queues, unsigned batch, double seconds)
{
	struct scaling_step step[SCALING_STEPS_MAX];
	int n = scaling_run(b, batch, queues, 1, seconds, step);

	if (n < 0)
		return n;
	*out = (struct sustained){step[n - 1].frames_per_s, step[n - 1].threads};
	return 0;
}
