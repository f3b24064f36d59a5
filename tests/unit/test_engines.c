/* test_engines.c - which devices a node opens, in which order their turn comes, and what it says of those that it leaves alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/config.h"
#include "pipeline/engines.h"
#include "tests/support/device_engine.h"

#define LINES_MAX 16

struct said {
	unsigned n;
	char line[LINES_MAX][512];
};

static void note(void *user, const char *line)
{
	struct said *said = user;

	assert_true(said->n < LINES_MAX);
	snprintf(said->line[said->n++], sizeof(said->line[0]), "%s", line);
}

static struct said said;
static struct engines engines;
static struct config config;

static void open_these(const struct engine *const *these)
{
	said = (struct said){0};
	assert_int_equal(engines_open(&engines, &config, these, note, &said), 0);
}

static void assert_said(unsigned i, const char *words)
{
	assert_true(i < said.n);
	if (!strstr(said.line[i], words))
		fail_msg("'%s' does not say '%s'", said.line[i], words);
}

/* A folder of this test's own: what is kept, and sysfs. */
static char root[64];

static int defaults(void **state)
{
	config_defaults(&config);
	device_engine_reset(2);
	strcpy(root, "/tmp/sluice-engines-XXXXXX");
	return mkdtemp(root) && setenv("XDG_CACHE_HOME", root, 1) == 0 ? 0 : -1;
}

static int close_all(void **state)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", root);
	engines_close(&engines);
	return system(command) == 0 && device_engine_all_closed() ? 0 : -1;
}

/* Device 0 lies on node 1. */
static void make_pci_nodes(void)
{
	char command[256];

	snprintf(command, sizeof(command), "mkdir -p %s/bus/pci/devices/0000:10:00.0 && echo 1 >%s/bus/pci/devices/0000:10:00.0/numa_node", root, root);
	assert_int_equal(system(command), 0);
	snprintf(config.machine.sysfs, sizeof(config.machine.sysfs), "%s", root);
}

static const struct engine *const device_then_cpu[] = {&engine_device, &engine_cpu, NULL};

static void devices_of_an_engine_are_one_tier_and_what_works_in_place_another(void **state)
{
	static const struct engine *const these[] = {&engine_device, &engine_cpu, &engine_reference, NULL};

	open_these(these);
	assert_int_equal(engines.n, 4);
	assert_int_equal(engines.in_place, 0xc);
	assert_string_equal(engines.open[1].label, "device 1");
	assert_string_equal(engines.open[2].label, "cpu");
	assert_int_equal(engines_best(&engines, ~0u), 0x3);
	assert_int_equal(engines_best(&engines, 0xe), 0x2); /* a plan that the first device does not take */
	assert_int_equal(engines_best(&engines, 0xc), 0xc);
	assert_int_equal(engines_best(&engines, 0), 0);
	assert_true(engines_take_out(&engines, 0, EIO));
	assert_false(engines_take_out(&engines, 0, EIO)); /* once */
	assert_int_equal(engines_best(&engines, ~0u), 0x2);
	assert_true(engines_take_out(&engines, 1, EIO));
	assert_int_equal(engines_best(&engines, ~0u), 0xc);
	assert_false(engines_take_out(&engines, 2, EIO)); /* what works in place stays */
	assert_int_equal(engines_best(&engines, ~0u), 0xc);
	assert_int_equal(engines.open[0].error, EIO);
}

static void lanes_are_counted_by_device_and_bounded_by_what_it_takes(void **state)
{
	open_these(device_then_cpu);
	assert_int_equal(engines_feeders(&engines, 4), 8);
	engines.open[0].can.max_queues = 1;
	assert_int_equal(engines_feeders(&engines, 4), 5);
	assert_int_equal(engines_fed_by(&engines, 4, 0), 0);
	for (uint32_t i = 1; i < 5; i++)
		assert_int_equal(engines_fed_by(&engines, 4, i), 1);
	assert_int_equal(engines_fed_by(&engines, 4, 5), -1);
}

static void every_device_is_named_with_its_facts(void **state)
{
	make_pci_nodes();
	snprintf(device_engine.device[0].facts.driver, sizeof(device_engine.device[0].facts.driver), "12.3");
	open_these(device_then_cpu);
	assert_int_equal(said.n, 3);
	assert_string_equal(said.line[0], "engine device 0: test device 0, driver 12.3, NUMA node 1");
	assert_said(2, "engine cpu: ");
}

static void an_engine_is_told_how_much_it_may_take_and_where_to_keep_what_it_builds(void **state)
{
	open_these(device_then_cpu);
	assert_int_equal(device_engine.max_memory_bytes, 0);
	assert_int_equal(device_engine.found_kept, 6); /* by the first of the two devices */
	assert_string_equal(device_engine.kept, "built");
	engines_close(&engines);
	config.engine.device_memory_mib = 300;
	open_these(device_then_cpu);
	assert_int_equal(device_engine.max_memory_bytes, 300ull << 20);
}

/* An OpenCL driver for processors, as PoCL is: ten times slower than the cpu engine, so never taken by itself. */
static void a_device_that_is_the_processor_is_used_only_when_asked_for(void **state)
{
	device_engine.device[1].facts.on_cpu = true;
	open_these(device_then_cpu);
	assert_int_equal(engines.n, 2);
	assert_said(1, "engine device 1: not available: ");
	assert_said(1, "engine.opencl_cpu");
	engines_close(&engines);
	config.engine.opencl_cpu = true;
	open_these(device_then_cpu);
	assert_int_equal(engines.n, 3);
	engines_close(&engines);
	config.engine.opencl_cpu = false;
	config.engine.n_order = 1;
	open_these(device_then_cpu);
	assert_int_equal(engines.n, 3);
}

/* The simulated FPGA has a switch of its own: who lets OpenCL use the processor does not want that. */
static void the_simulated_fpga_is_asked_for_by_its_own_name(void **state)
{
	device_engine.device[1].facts.on_cpu = device_engine.device[1].facts.simulated = true;
	config.engine.opencl_cpu = true;
	open_these(device_then_cpu);
	assert_int_equal(engines.n, 2);
	assert_said(1, "engine device 1: not available: ");
	assert_said(1, "engine.fpga_simulated");
	engines_close(&engines);
	config.engine.opencl_cpu = false;
	config.engine.fpga_simulated = true;
	open_these(device_then_cpu);
	assert_int_equal(engines.n, 3);
}

static void what_is_said_of_the_fpga_reaches_its_engine(void **state)
{
	open_these(device_then_cpu);
	assert_null(device_engine.config.fpga_image);
	assert_int_equal(device_engine.config.fpga_clock_mhz, 250);
	engines_close(&engines);
	strcpy(config.engine.fpga_image, "card.xclbin");
	config.engine.fpga_clock_mhz = 300;
	config.engine.fpga_latency_clocks = 5;
	config.engine.fpga_stall_percent = 7;
	open_these(device_then_cpu);
	assert_string_equal(device_engine.config.fpga_image, "card.xclbin");
	assert_int_equal(device_engine.config.fpga_clock_mhz, 300);
	assert_int_equal(device_engine.config.fpga_latency_clocks, 5);
	assert_int_equal(device_engine.config.fpga_stall_percent, 7);
}

/* One card, two engines: the first in the order has it. */
static void a_card_is_driven_once(void **state)
{
	struct engine other = engine_device;
	const struct engine *const these[] = {&engine_device, &other, &engine_cpu, NULL};

	other.name = "other";
	open_these(these);
	assert_int_equal(engines.n, 3);
	assert_said(2, "engine other 0: not available: test device 0: device 0 drives it");
	engines_close(&engines);
	device_engine.device[0].open_with = -EILSEQ; /* neither can the second, but it is asked */
	open_these(these);
	assert_said(0, "engine device 0: not available: its self-test failed");
	assert_said(2, "engine other 0: not available: its self-test failed");
	assert_said(3, "engine other 1: not available: test device 1: device 1 drives it");
}

static void why_a_device_is_not_there_is_said_in_words(void **state)
{
	snprintf(device_engine.device[0].facts.unfit, sizeof(device_engine.device[0].facts.unfit), "its driver is too old");
	device_engine.device[1].open_with = -ENOMEM;
	open_these(device_then_cpu);
	assert_int_equal(engines.n, 1);
	assert_said(0, "engine device 0: not available: test device 0: its driver is too old");
	assert_said(1, "engine device 1: not available: it has not enough memory");
	engines_close(&engines);
	device_engine.device[1].open_with = -EPERM;
	open_these(device_then_cpu);
	assert_said(1, "it is there and cannot be opened: Operation not permitted");
	engines_close(&engines);
	device_engine.device[1].open_with = -ENOEXEC;
	open_these(device_then_cpu);
	assert_said(1, "engine device 1: not available: it cannot be loaded with that file (engine.fpga_image)");
	engines_close(&engines);
	device_engine.device[1].open_with = -EPROTO;
	open_these(device_then_cpu);
	assert_said(1, "another version of this program");
	engines_close(&engines);
	device_engine.device[1].open_with = -EBUSY;
	open_these(device_then_cpu);
	assert_said(1, "another program uses it");
	engines_close(&engines);
	device_engine_reset(0);
	open_these(device_then_cpu);
	assert_int_equal(said.n, 2);
	assert_said(0, "engine device: not available: no test device was asked for");
}

static void the_default_order_falls_back_by_itself(void **state)
{
	said = (struct said){0};
	assert_int_equal(engines_open(&engines, &config, NULL, note, &said), 0);
	assert_int_equal(config.engine.n_order, 3);
	assert_true(said.n >= 3);
	assert_said(0, "engine cuda");
	assert_said(said.n - 1, "engine cpu: level");
	assert_true(engines.in_place);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, defaults, close_all)
	const struct CMUnitTest tests[] = {
		TEST(devices_of_an_engine_are_one_tier_and_what_works_in_place_another),
		TEST(lanes_are_counted_by_device_and_bounded_by_what_it_takes),
		TEST(every_device_is_named_with_its_facts),
		TEST(an_engine_is_told_how_much_it_may_take_and_where_to_keep_what_it_builds),
		TEST(a_device_that_is_the_processor_is_used_only_when_asked_for),
		TEST(the_simulated_fpga_is_asked_for_by_its_own_name),
		TEST(what_is_said_of_the_fpga_reaches_its_engine),
		TEST(a_card_is_driven_once),
		TEST(why_a_device_is_not_there_is_said_in_words),
		TEST(the_default_order_falls_back_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
