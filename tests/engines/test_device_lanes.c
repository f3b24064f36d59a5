/* test_device_lanes.c - lanes that feed devices: what a device is shown lies where it must, frames come out as from the CPU and in order, several
 * devices share the work, and whatever a device does wrong costs no frame. The device is tests/support/device_engine. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/lanes_run.h"
#include "tests/support/plain_driver.h"

#ifdef FEW_FRAMES
#define FRAMES 60
#else
#define FRAMES LANES_FRAMES_MAX
#endif

static const struct engine *const device_then_cpu[] = {&engine_device, &engine_cpu, NULL};
static const struct engine *const device_alone[] = {&engine_device, NULL};
static const char *const nothing[] = {NULL};

static void run_with(struct lanes_seen *seen, const struct engine *const *engines, const char *const *sets, const char *const *options)
{
	lanes_run(seen, FRAMES, engines, sets, options);
}

static void assert_as_from_cpu(const struct lanes_seen *seen, const char *const *options)
{
	lanes_assert_as_from_cpu(seen, FRAMES, options);
}

static void assert_all_analysed(const struct lanes_seen *seen)
{
	assert_int_equal(seen->received, FRAMES);
	assert_int_equal(seen->ended_analysed, FRAMES);
	assert_int_equal(seen->analysed, FRAMES);
}

static void frames_that_wait_go_together_and_come_out_in_order(void **state)
{
	static struct lanes_seen seen;
	static const char *const sets[] = {"engine.queues_per_device=2", NULL};

	device_engine_reset(1);
	device_engine.device[0].slow_us = 2000;
	run_with(&seen, device_then_cpu, sets, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(seen.by_others, FRAMES);
	assert_int_equal(seen.fallback, 0);
	assert_int_equal(device_engine.device[0].answered, FRAMES);
	assert_true(device_engine.device[0].largest_batch > 1);
	assert_true(device_engine.device[0].batches < FRAMES);
	assert_as_from_cpu(&seen, nothing);
}

static void a_batch_is_no_larger_than_asked_for(void **state)
{
	static struct lanes_seen seen;
	static const char *const sets[] = {"engine.queues_per_device=1", "engine.max_batch=3", NULL};

	device_engine_reset(1);
	device_engine.device[0].slow_us = 1000;
	run_with(&seen, device_then_cpu, sets, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(seen.by_others, FRAMES);
	assert_int_equal(device_engine.device[0].largest_batch, 3);
}

static void channels_and_damaged_frames_come_out_as_from_the_cpu(void **state)
{
	static struct lanes_seen seen;
	static const char *const options[] = {"--channels", "threshold_1,threshold_2", "--damage", "10%", "--truncate", "5%", "--seed", "3", NULL};

	device_engine_reset(1);
	device_engine.device[0].slow_us = 500;
	run_with(&seen, device_then_cpu, nothing, options);
	assert_int_equal(seen.received, FRAMES);
	assert_true(seen.invalid > 0);
	assert_int_equal(seen.by_cpu, 0);
	assert_as_from_cpu(&seen, options);
}

static void several_devices_share_the_work(void **state)
{
	static struct lanes_seen seen;

	device_engine_reset(3);
	for (unsigned d = 0; d < 3; d++)
		device_engine.device[d].slow_us = 2000;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(seen.by_others, FRAMES);
	for (unsigned d = 0; d < 3; d++)
		assert_true(device_engine.device[d].answered > 0);
	assert_non_null(strstr(seen.devices, "\"lanes\":[\"feed.8\",\"feed.9\",\"feed.10\",\"feed.11\"]"));
	assert_non_null(strstr(seen.devices, "\"state\":\"standby\"")); /* the cpu */
	assert_int_equal(device_engine.device[0].answered + device_engine.device[1].answered + device_engine.device[2].answered, FRAMES);
	assert_as_from_cpu(&seen, nothing);
}

/* The whole batch goes to the next engine, each of its frames counted, and the device is not tried again: what other lanes had submitted by then
 * is the most that can still fail. */
static void a_device_that_fails_in_the_middle_is_taken_out(void **state)
{
	static struct lanes_seen seen;
	struct device_engine_device *d = &device_engine.device[0];

	for (int how = 0; how < 2; how++) {
		device_engine_reset(1);
		d->good_images = FRAMES / 3;
		d->slow_us = 500;
		d->one_by_one = how == 1;
		run_with(&seen, device_then_cpu, nothing, nothing);
		assert_all_analysed(&seen);
		assert_true(d->failed > 0);
		assert_int_equal(seen.fallback, d->failed);
		assert_int_equal(seen.by_others, d->answered);
		assert_int_equal(seen.by_cpu, FRAMES - d->answered);
		assert_true(d->shown <= FRAMES / 3 + 4 * DEVICE_ENGINE_BATCH);
		assert_non_null(strstr(seen.devices, "\"device\":\"device 0\",\"engine\":\"device\",\"name\":\"test device 0\",\"state\":\"failed\",\"error\":\""));
		assert_non_null(strstr(seen.devices, "\"device\":\"cpu\",\"engine\":\"cpu\",\"name\":\"\",\"state\":\"used\""));
		assert_as_from_cpu(&seen, nothing);
	}
}

/* It is out for frames of this kind, and stays for others. */
static void a_device_without_memory_for_such_frames_is_not_asked_again(void **state)
{
	static struct lanes_seen seen;
	struct device_engine_device *d = &device_engine.device[0];

	device_engine_reset(1);
	d->good_images = FRAMES / 3;
	d->slow_us = 500;
	d->fails_with = -ENOMEM;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(seen.fallback, d->failed);
	assert_int_equal(seen.by_cpu, FRAMES - d->answered);
	assert_true(d->shown <= FRAMES / 3 + 4 * DEVICE_ENGINE_BATCH);
	assert_null(strstr(seen.devices, "failed"));
}

static void the_other_devices_go_on(void **state)
{
	static struct lanes_seen seen;

	device_engine_reset(2);
	device_engine.device[0].good_images = FRAMES / 10;
	device_engine.device[0].slow_us = device_engine.device[1].slow_us = 500;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_true(device_engine.device[0].failed > 0);
	assert_int_equal(seen.fallback, device_engine.device[0].failed);
	assert_int_equal(seen.by_others, device_engine.device[0].answered + device_engine.device[1].answered);
	assert_true(device_engine.device[1].answered > FRAMES / 4);
	assert_as_from_cpu(&seen, nothing);
}

static void with_no_engine_left_frames_pass_unanalysed_and_are_counted(void **state)
{
	static struct lanes_seen seen;

	device_engine_reset(1);
	device_engine.device[0].good_images = FRAMES / 6;
	run_with(&seen, device_alone, nothing, nothing);
	assert_int_equal(seen.received, FRAMES);
	assert_int_equal(seen.analysed, device_engine.device[0].answered);
	assert_int_equal(seen.engine_failed, FRAMES - seen.analysed);
	assert_true(seen.engine_failed > 0);
	assert_int_equal(seen.fallback, 0);
}

/* Declining is no failure: the device stays, and nothing is counted as fallback. */
static void what_a_device_declines_the_next_engine_does(void **state)
{
	static struct lanes_seen seen;

	device_engine_reset(1);
	device_engine.device[0].plans_with = -ENOTSUP;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(device_engine.device[0].shown, 0);
	assert_int_equal(seen.by_cpu, FRAMES);
	assert_int_equal(seen.fallback, 0);

	device_engine_reset(1);
	device_engine.device[0].submits_with = -ENOTSUP;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(device_engine.device[0].shown, FRAMES);
	assert_int_equal(seen.by_cpu, FRAMES);
	assert_int_equal(seen.fallback, 0);
	assert_as_from_cpu(&seen, nothing);
}

static void a_device_without_room_for_a_plan_is_passed_over_for_it(void **state)
{
	static struct lanes_seen seen;

	device_engine_reset(2);
	device_engine.device[0].plans_with = -ENOMEM;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(seen.by_others, FRAMES);
	assert_int_equal(device_engine.device[1].answered, FRAMES);
}

static void a_slab_is_as_large_as_frames_want_and_no_larger_than_configured(void **state)
{
	static struct lanes_seen seen;
	static const char *const little[] = {"engine.slab_mib=1", "engine.queues_per_device=16", NULL}, *const enough[] = {"engine.slab_mib=64", NULL};
	static const char *const large[] = {"--size", "500x400", "--type", "u32", "--background", "50", NULL};

	device_engine_reset(1);
	run_with(&seen, device_then_cpu, enough, large);
	assert_all_analysed(&seen);
	assert_int_equal(seen.by_others, FRAMES);
	assert_true(device_engine.device[0].most_pinned_at_once >= 500 * 400 * 4); /* a frame that cannot be compressed would fit, too */
	assert_true(device_engine.device[0].most_pinned_bytes <= (uint64_t)64 << 20);

	device_engine_reset(1);
	run_with(&seen, device_then_cpu, little, large);
	assert_all_analysed(&seen);
	assert_int_equal(seen.by_cpu, FRAMES); /* no frame fits into 64 KiB */
	assert_int_equal(device_engine.device[0].shown, 0);
	assert_true(device_engine.device[0].most_pinned_bytes > 0 && device_engine.device[0].most_pinned_bytes <= 1 << 20);
	assert_int_equal(seen.fallback, 0);
	assert_as_from_cpu(&seen, large);
}

/* Devices too slow for what comes: frames pass them by, counted, and those that do not are analysed. */
static void slow_devices_are_passed_by_when_slots_run_low(void **state)
{
	static struct lanes_seen seen;
	static const char *const sets[] = {"overload.analysis=shed", "machine.slots=64", "engine.queues_per_device=2", NULL};

	device_engine_reset(1);
	device_engine.device[0].slow_us = 100000;
	run_with(&seen, device_then_cpu, sets, nothing);
	assert_int_equal(seen.received, FRAMES);
	assert_int_equal(seen.by_others, device_engine.device[0].answered);
	assert_int_equal(seen.analysed, seen.by_others);
	assert_true(seen.analysed > 0 && seen.overload > 0);
	assert_int_equal(seen.analysed + seen.overload, FRAMES);
}

static void memory_that_cannot_be_introduced_costs_no_frame(void **state)
{
	static struct lanes_seen seen;

	device_engine_reset(1);
	device_engine.device[0].pins_with = -ENOMEM;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(seen.by_cpu, FRAMES);
	assert_int_equal(device_engine.device[0].shown, 0);
}

#ifndef FEW_FRAMES
/* kernels/device itself, which CUDA and OpenCL stand behind, on a driver in plain C; in one lane, for that driver counts without atomics. */
static void the_device_engine_answers_as_the_cpu_does(void **state)
{
	static struct lanes_seen seen;
	static const struct engine *const engines[] = {&engine_plain, &engine_cpu, NULL};
	static const char *const sets[] = {"engine.queues_per_device=1", "engine.opencl_cpu=on", NULL};
	static const char *const options[] = {"--channels", "threshold_1,threshold_2", "--damage", "10%", "--type", "u16", "--seed", "5", NULL};

	device_engine_reset(0);
	run_with(&seen, engines, sets, options);
	assert_int_equal(seen.received, FRAMES);
	assert_true(seen.invalid > 0);
	assert_int_equal(seen.by_cpu, 0);
	assert_int_equal(seen.fallback, 0);
	assert_as_from_cpu(&seen, options);
	assert_int_equal(plain_held, 0);
}
#endif

static void a_device_that_cannot_be_opened_is_passed_over(void **state)
{
	static struct lanes_seen seen;

	device_engine_reset(2);
	device_engine.device[0].open_with = -EILSEQ;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(device_engine.device[1].answered, FRAMES);

	device_engine_reset(1);
	device_engine.device[0].open_with = -EILSEQ;
	run_with(&seen, device_then_cpu, nothing, nothing);
	assert_all_analysed(&seen);
	assert_int_equal(seen.by_cpu, FRAMES);
}

/* Frames are in every place they can be in; all of them have an end. */
static void a_node_can_stop_in_the_middle(void **state)
{
	static const char *const sets[] = {"overload.analysis=wait", "engine.threads=2", "limits.max_megapixels=1", NULL};
	static const char *const options[] = {"--size", "200x190", "--pool", "10", "--threads", "1", "--frames", "100000", "--rate", "max", NULL};
	struct driven_node driven;
	char broken[160];

	device_engine_reset(2);
	device_engine.device[0].slow_us = device_engine.device[1].slow_us = 20000;
	device_engine.device[0].good_images = 100;
	driven_node_open(&driven, (struct node_cfg){.engines = device_then_cpu}, sets);
	driven_node_send(&driven, options);
	while (ledger_get(&driven.node->total, LEDGER_ANALYSED) < 300)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	node_drain(driven.node);
	assert_true(ledger_check(&driven.node->total, driven.node->sinks, broken, sizeof(broken)));
	assert_int_equal(ledger_get(&driven.node->total, LEDGER_RECEIVED), ledger_get(&driven.node->total, LEDGER_ANALYSED));
	driven_node_close(&driven);
	assert_true(device_engine_all_closed());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_that_wait_go_together_and_come_out_in_order),
		cmocka_unit_test(a_batch_is_no_larger_than_asked_for),
		cmocka_unit_test(channels_and_damaged_frames_come_out_as_from_the_cpu),
		cmocka_unit_test(several_devices_share_the_work),
		cmocka_unit_test(a_device_that_fails_in_the_middle_is_taken_out),
		cmocka_unit_test(a_device_without_memory_for_such_frames_is_not_asked_again),
		cmocka_unit_test(the_other_devices_go_on),
		cmocka_unit_test(with_no_engine_left_frames_pass_unanalysed_and_are_counted),
		cmocka_unit_test(what_a_device_declines_the_next_engine_does),
		cmocka_unit_test(a_device_without_room_for_a_plan_is_passed_over_for_it),
		cmocka_unit_test(a_slab_is_as_large_as_frames_want_and_no_larger_than_configured),
		cmocka_unit_test(slow_devices_are_passed_by_when_slots_run_low),
		cmocka_unit_test(memory_that_cannot_be_introduced_costs_no_frame),
#ifndef FEW_FRAMES
		cmocka_unit_test(the_device_engine_answers_as_the_cpu_does),
#endif
		cmocka_unit_test(a_device_that_cannot_be_opened_is_passed_over),
		cmocka_unit_test(a_node_can_stop_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
