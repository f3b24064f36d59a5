/* test_bench_seats.c - the benchmark suite feeds engines as the node does: what it measures is the whole analysis of every frame of the case, singly, in
 * batches and on several threads, laid out as kernels/engine.h asks of devices, and everything is closed afterwards. Nothing is timed here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bench/suite/cases.c"
#include "bench/suite/engine_bench.c"
#include "bench/suite/measure.c"
#include "bench/suite/scaling.c"
#include "tests/support/device_engine.h"

static const struct bench_case *case_named(const char *name)
{
	for (size_t i = 0; i < bench_cases_n; i++)
		if (!strcmp(bench_cases[i].name, name))
			return &bench_cases[i];
	fail_msg("no case %s", name);
	return NULL;
}

static struct bench_set *open_set(const char *name)
{
	struct bench_set *set;
	char message[256];

	if (bench_set_open(&set, case_named(name), 2, message, sizeof(message)) < 0)
		fail_msg("%s", message);
	return set;
}

/* Every item of every batch has what the reference says of its frame. */
static void assert_as_the_reference(const struct bench_set *set, const struct engine *engine, unsigned batch)
{
	struct engine_bench truth_bench, bench;
	struct engine_seat truth, seat;
	size_t bins = set->plan->n_bins + 1;

	assert_int_equal(engine_bench_open(&truth_bench, &engine_reference, &(struct engine_config){0}, set), 0);
	assert_int_equal(engine_seat_open(&truth, &truth_bench, 1), 0);
	assert_int_equal(engine_bench_open(&bench, engine, &(struct engine_config){0}, set), 0);
	assert_int_equal(engine_seat_open(&seat, &bench, batch), 0);
	assert_true(seat.groups * batch >= set->n);
	for (unsigned g = 0; g < seat.groups; g++) {
		assert_int_equal(engine_seat_run(&seat, g + seat.groups), 0);
		for (unsigned i = 0; i < batch; i++) {
			assert_int_equal(engine_seat_run(&truth, (g * batch + i) % set->n), 0);
			assert_memory_equal(&seat.result[i], truth.result, sizeof(*truth.result));
			assert_memory_equal(seat.bin_sum + i * bins, truth.bin_sum, set->plan->n_bins * sizeof(*truth.bin_sum));
			assert_true(truth.result->n_strong > 0);
		}
	}
	engine_seat_close(&seat);
	engine_bench_close(&bench);
	engine_seat_close(&truth);
	engine_bench_close(&truth_bench);
}

static void batches_hold_the_frames_they_should(void **state)
{
	struct bench_set *set = open_set("arina-typical-u16");

	device_engine_reset(1);
	assert_as_the_reference(set, &engine_cpu, 1);
	assert_as_the_reference(set, &engine_cpu, 24); /* does not divide the frames */
	assert_as_the_reference(set, &engine_device, 1);
	assert_as_the_reference(set, &engine_device, DEVICE_ENGINE_BATCH);
	assert_true(atomic_load(&device_engine.device[0].shown) >= 2 * set->n);
	assert_int_equal(atomic_load(&device_engine.device[0].astray), 0);
	assert_int_equal(atomic_load(&device_engine.device[0].largest_batch), DEVICE_ENGINE_BATCH);
	assert_true(device_engine_all_closed());
	bench_set_close(&set);
}

static void assert_scales(const struct bench_set *set, const struct engine *engine, unsigned batch)
{
	struct scaling_step steps[SCALING_STEPS_MAX];
	struct engine_bench bench;

	assert_int_equal(engine_bench_open(&bench, engine, &(struct engine_config){0}, set), 0);
	assert_int_equal(scaling_run(&bench, batch, 3, 2, 0.005, steps), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(steps[i].threads, i + 1);
		assert_int_equal(steps[i].frames % batch, 0);
		assert_true(steps[i].frames > 0 && steps[i].frames_per_s > 0 && steps[i].ratio > 0 && steps[i].cpu_ratio > 0);
	}
	assert_true(steps[0].ratio == 1);
	engine_bench_close(&bench);
}

static void several_threads_have_a_queue_each(void **state)
{
	struct bench_set *set = open_set("arina-typical-u16");

	device_engine_reset(1);
	assert_scales(set, &engine_cpu, 1);
	assert_scales(set, &engine_device, 8);
	assert_int_equal(atomic_load(&device_engine.device[0].astray), 0);
	assert_true(device_engine_all_closed());
	bench_set_close(&set);
}

static void a_failing_engine_is_an_error_and_leaves_nothing_open(void **state)
{
	struct bench_set *set = open_set("arina-typical-u16");
	struct scaling_step steps[SCALING_STEPS_MAX];
	struct engine_bench bench;

	device_engine_reset(1);
	device_engine.device[0].good_images = 20;
	device_engine.device[0].fails_with = -EIO;
	assert_int_equal(engine_bench_open(&bench, &engine_device, &(struct engine_config){0}, set), 0);
	assert_int_equal(scaling_run(&bench, 8, 2, 2, 0.005, steps), -EIO);
	engine_bench_close(&bench);
	device_engine_reset(1);
	device_engine.device[0].plans_with = -ENOTSUP;
	assert_int_equal(engine_bench_open(&bench, &engine_device, &(struct engine_config){0}, set), -ENOTSUP);
	assert_true(bench.words[0] != '\0');
	assert_true(device_engine_all_closed());
	bench_set_close(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_hold_the_frames_they_should),
		cmocka_unit_test(several_threads_have_a_queue_each),
		cmocka_unit_test(a_failing_engine_is_an_error_and_leaves_nothing_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
