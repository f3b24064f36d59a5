/* test_fpga_node.c - a whole node with the simulated FPGA answers as one with the CPU's engine: channels, damage, every width of pixels, and what its engine
 * does on the host. Skipped where the build has no simulation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pipeline/engines.h"
#include "tests/support/lanes_run.h"

#define FRAMES 20

static const struct engine *fpga_then_cpu[3];
static const char *const sets[] = {"engine.fpga_simulated=on", NULL};

static void channels_and_damage_come_out_as_from_the_cpu(void **state)
{
	static struct lanes_seen seen;
	static const char *const options[] = {"--channels", "threshold_1,threshold_2", "--damage", "30%", "--type", "u16", "--seed", "5", NULL};

	lanes_run(&seen, FRAMES, fpga_then_cpu, sets, options);
	assert_int_equal(seen.received, FRAMES);
	assert_true(seen.invalid > 0);
	assert_int_equal(seen.by_cpu, 0);
	assert_int_equal(seen.fallback, 0);
	lanes_assert_as_from_cpu(&seen, FRAMES, options);
}

static void wide_pixels_do_too(void **state)
{
	static struct lanes_seen seen;
	static const char *const options[] = {"--type", "u32", NULL};

	lanes_run(&seen, FRAMES, fpga_then_cpu, sets, options);
	assert_int_equal(seen.by_others, FRAMES);
	lanes_assert_as_from_cpu(&seen, FRAMES, options);
}

/* Frames in a codec that units have no decoder for go to the next engine, and that is no failure. */
static void other_codecs_go_to_the_next_engine(void **state)
{
	static struct lanes_seen seen;
	static const char *const options[] = {"--codec", "lz4", NULL};

	lanes_run(&seen, FRAMES, fpga_then_cpu, sets, options);
	assert_int_equal(seen.by_cpu, FRAMES);
	assert_int_equal(seen.fallback, 0);
	lanes_assert_as_from_cpu(&seen, FRAMES, options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channels_and_damage_come_out_as_from_the_cpu),
		cmocka_unit_test(wide_pixels_do_too),
		cmocka_unit_test(other_codecs_go_to_the_next_engine),
	};
	char words[512] = "";

	if (getenv("SLUICE_BUILD"))
		setenv("SLUICE_PLUGINS", getenv("SLUICE_BUILD"), 1);
	fpga_then_cpu[0] = engines_find("fpga", words, sizeof(words));
	fpga_then_cpu[1] = &engine_cpu;
	if (!fpga_then_cpu[0] || fpga_then_cpu[0]->probe(NULL, words, sizeof(words))) {
		printf("skipped: no simulated FPGA: %s\n", words);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
