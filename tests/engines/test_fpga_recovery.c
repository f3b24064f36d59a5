/* test_fpga_recovery.c - memory ports of the simulated card hang while the engine fpga runs on it: frames fail, the node's next engine does them, and a unit
 * whose memory has come back is used again by the next opening, without a reset. Skipped where the build has no simulation.
 *
 * The card of this test outlives its openings, as one in a machine does; its units' watchdogs wake sooner than the engine asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fpga/devices/simulated.h"
#include "fpga/engine/engine_of.h"
#include "fpga/registers.h"
#include "fpga/simulated/unit_model.h"
#include "tests/support/batch.h"
#include "tests/support/lanes_run.h"

#define UNITS 3u            /* of the simulated card */
#define WATCHDOG_CLOCKS 8192u
#define SELF_TEST_JOBS 15u  /* of all of them */
#define FRAMES 20

#ifdef FPGA_NO_SIMULATION

int main(void)
{
	printf("skipped: no simulated FPGA: %s\n", FPGA_NO_SIMULATION);
	return 77;
}

#else

static struct random rng;
static struct fpga_device *card;
static struct fpga_driver lasting; /* fpga_simulated, but for what is below */
static const struct fpga_driver *const drivers[] = {&lasting, NULL};
static _Atomic uint32_t jobs;      /* started since the last opening; a mere count */
static uint32_t hangs_at;          /* the job with which a port of its unit hangs, counted from 1; 0: none. Set while no engine is open, as is the next */
static enum unit_port hangs_port;

FPGA_ENGINE(engine_lasting, drivers)

static int open_card(struct fpga_device **out, uint32_t device, const struct engine_config *config)
{
	int error = card ? 0 : fpga_simulated.open(&card, device, config);

	atomic_store(&jobs, 0);
	*out = card;
	return error;
}

static void leave_card(struct fpga_device **device)
{
	*device = NULL;
}

/* A unit is its queue's thread's alone, so the port that hangs is nobody else's. */
static int set(struct fpga_device *device, uint32_t unit, uint32_t offset, uint32_t value)
{
	if (offset == FPGA_REG_WATCHDOG)
		value = WATCHDOG_CLOCKS;
	if (offset == FPGA_REG_CTRL && atomic_fetch_add(&jobs, 1) + 1 == hangs_at)
		unit_model_fault(fpga_simulated_unit(device, unit), hangs_port, UNIT_FAULT_HANG, random_below(&rng, 4));
	return fpga_simulated.set(device, unit, offset, value);
}

static int new_card(void **state)
{
	fpga_simulated.close(&card);
	hangs_at = 0;
	return 0;
}

/* The memory of all units answers again, and there is time for what it owes. */
static void memory_comes_back(void)
{
	hangs_at = 0;
	for (uint32_t u = 0; u < UNITS; u++)
		for (int port = 0; port < UNIT_PORTS; port++)
			unit_model_fault(fpga_simulated_unit(card, u), (enum unit_port)port, UNIT_FAULT_NONE, 0);
	for (uint32_t u = 0; u < UNITS; u++)
		unit_model_run(fpga_simulated_unit(card, u), 5000);
}

/* One batch by an opening of its own. 0, compared with the reference, or what the opening or the batch said. */
static int run(const struct batch_settings *settings)
{
	struct engine_context *context = NULL;
	struct engine_queue *queue = NULL;
	struct engine_plan *loaded = NULL;
	struct batch b;
	int error;

	batch_open(&b, settings, &rng);
	error = engine_lasting.open(&context, NULL);
	if (!error) {
		assert_int_equal(engine_lasting.queue_open(context, &queue, image_bytes(&settings->shape)), 0);
		assert_int_equal(engine_lasting.plan_load(context, &loaded, b.plan), 0);
		error = batch_run(&b, &engine_lasting, queue, loaded);
		if (!error)
			batch_check(&b);
		engine_lasting.plan_drop(context, &loaded);
		engine_lasting.queue_close(&queue);
		engine_lasting.close(&context);
	}
	batch_close(&b);
	return error;
}

static void a_unit_that_gave_up_serves_the_next_opening(void **state)
{
	static const struct batch_settings settings = {.shape = {130, 61, PIXEL_U16}, .algorithm = SPOTS_DISPERSION, .n = 6, .block_bytes = 1024, .damaged_every = 4};

	assert_int_equal(run(&settings), 0);
	for (int port = 0; port < UNIT_PORTS; port++) {
		hangs_port = (enum unit_port)port;
		hangs_at = atomic_load(&jobs) - random_below(&rng, 3); /* the same jobs again, and with one of the last the port hangs */
		assert_int_equal(run(&settings), -EIO);
		hangs_at = 0;
		assert_int_equal(run(&settings), -EIO); /* and does so still */
		memory_comes_back();
		assert_int_equal(run(&settings), 0);
	}
}

/* In the middle of a run: no frame is lost, none is wrong, and a node that is started anew has the whole card again. */
static void the_nodes_next_engine_does_what_a_hung_unit_does_not(void **state)
{
	static const struct engine *const lasting_then_cpu[] = {&engine_lasting, &engine_cpu, NULL};
	static const char *const sets[] = {"engine.fpga_simulated=on", "engine.max_batch=3", NULL}, *const options[] = {"--type", "u16", "--seed", "7", NULL};
	static struct lanes_seen seen;

	hangs_port = UNIT_PORT_TABLE;
	hangs_at = SELF_TEST_JOBS + FRAMES / 2;
	lanes_run(&seen, FRAMES, lasting_then_cpu, sets, options);
	assert_int_equal(seen.received, FRAMES);
	assert_int_equal(seen.engine_failed, 0);
	assert_true(seen.by_others > 0);
	assert_true(seen.by_cpu > 0);
	assert_true(seen.fallback > 0);
	lanes_assert_as_from_cpu(&seen, FRAMES, options);
	memory_comes_back();
	lanes_run(&seen, FRAMES, lasting_then_cpu, sets, options);
	assert_int_equal(seen.by_others, FRAMES);
	assert_int_equal(seen.fallback, 0);
	lanes_assert_as_from_cpu(&seen, FRAMES, options);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_unit_that_gave_up_serves_the_next_opening, new_card, new_card),
		cmocka_unit_test_setup_teardown(the_nodes_next_engine_does_what_a_hung_unit_does_not, new_card, new_card),
	};

	lasting = fpga_simulated;
	lasting.open = open_card;
	lasting.close = leave_card;
	lasting.set = set;
	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
