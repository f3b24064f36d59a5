/* test_tsan_fpga_queues.c - two threads analyse on the queues of one FPGA card, while a third loads and drops plans: under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "tests/support/batch.h"
#include "tests/support/plain_card.h"

#define ROUNDS 12

static struct engine_context *context;

/* What one thread works on. */
struct worker {
	struct batch batch;
	int error;
};

/* A queue of its own every other round, plans that take turns: memory is taken and given back all the time. */
static void *analyse(void *user)
{
	struct worker *w = user;
	struct engine_queue *queue = NULL;

	for (int round = 0; !w->error && round < ROUNDS; round++) {
		struct engine_plan *loaded = NULL;

		if (!queue)
			w->error = engine_fpga_plain.queue_open(context, &queue, 4 * image_bytes(&w->batch.plan->shape));
		if (!w->error)
			w->error = engine_fpga_plain.plan_load(context, &loaded, w->batch.plan);
		if (!w->error)
			w->error = batch_run(&w->batch, &engine_fpga_plain, queue, loaded);
		if (round % 2)
			engine_fpga_plain.queue_close(&queue);
		engine_fpga_plain.plan_drop(context, &loaded);
	}
	engine_fpga_plain.queue_close(&queue);
	return NULL;
}

static void *load_plans(void *user)
{
	struct worker *w = user;

	for (int round = 0; !w->error && round < 4 * ROUNDS; round++) {
		struct engine_plan *loaded = NULL;

		w->error = engine_fpga_plain.plan_load(context, &loaded, w->batch.plan);
		engine_fpga_plain.plan_drop(context, &loaded);
	}
	return NULL;
}

static void queues_of_one_card_run_in_threads_of_their_own(void **state)
{
	static const struct batch_settings settings[3] = {
		{.shape = {130, 61, PIXEL_U16}, .algorithm = SPOTS_DISPERSION, .n = 12, .damaged_every = 5, .block_bytes = 1024},
		{.shape = {97, 70, PIXEL_U32}, .algorithm = SPOTS_DISPERSION_EXTENDED, .n = 9, .block_bytes = 512},
		{.shape = {50, 40, PIXEL_U8}, .algorithm = SPOTS_DISPERSION, .n = 1},
	};
	struct worker worker[3] = {{.error = 0}};
	struct random rng;
	pthread_t thread[3];

	random_seed(&rng);
	plain_card = (struct plain_card){.n_narrow = 4, .n_wide = 2};
	assert_int_equal(engine_fpga_plain.open(&context, NULL), 0);
	for (int i = 0; i < 3; i++)
		batch_open(&worker[i].batch, &settings[i], &rng);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, i < 2 ? analyse : load_plans, &worker[i]), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(worker[i].error, 0);
		if (i < 2)
			batch_check(&worker[i].batch);
		batch_close(&worker[i].batch);
	}
	engine_fpga_plain.close(&context);
	assert_int_equal(plain_card.held, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_of_one_card_run_in_threads_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
