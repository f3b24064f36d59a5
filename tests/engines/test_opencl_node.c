/* test_opencl_node.c - a whole node with the OpenCL engine answers as one with the CPU's, on whatever device there is, PoCL's among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/lanes_run.h"

#define FRAMES 60

static const struct engine *const opencl_then_cpu[] = {&engine_opencl, &engine_cpu, NULL};

static void frames_channels_and_damage_come_out_as_from_the_cpu(void **state)
{
	static struct lanes_seen seen;
	static const char *const sets[] = {"engine.opencl_cpu=on", "engine.queues_per_device=2", NULL};
	static const char *const options[] = {"--channels", "threshold_1,threshold_2", "--damage", "10%", "--type", "u16", "--seed", "5", NULL};

	lanes_run(&seen, FRAMES, opencl_then_cpu, sets, options);
	assert_int_equal(seen.received, FRAMES);
	assert_true(seen.invalid > 0);
	assert_int_equal(seen.by_cpu, 0);
	assert_int_equal(seen.fallback, 0);
	lanes_assert_as_from_cpu(&seen, FRAMES, options);
}

static void wide_pixels_do_too(void **state)
{
	static struct lanes_seen seen;
	static const char *const sets[] = {"engine.opencl_cpu=on", NULL}, *const options[] = {"--type", "u32", NULL};

	lanes_run(&seen, FRAMES, opencl_then_cpu, sets, options);
	assert_int_equal(seen.by_others, FRAMES);
	lanes_assert_as_from_cpu(&seen, FRAMES, options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_channels_and_damage_come_out_as_from_the_cpu),
		cmocka_unit_test(wide_pixels_do_too),
	};
	struct engine_device device;
	char words[256] = "";

	if (engine_opencl.devices(&device, 1, words, sizeof(words)) <= 0) {
		printf("skipped: no OpenCL device: %s\n", words);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
