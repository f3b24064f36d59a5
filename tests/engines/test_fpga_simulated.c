/* test_fpga_simulated.c - the engine fpga on its design, simulated clock by clock: whole frames of a megapixel, a memory that is slow and stalls, what is counted;
 * and, where SLUICE_FPGA_FULL is set, a frame of sixteen. Skipped where the build has no simulation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/engines.h"
#include "tests/support/batch.h"

static struct random rng;
static const struct engine *fpga;

/* What analysing a batch took. */
struct seen {
	struct engine_counters counters;
	struct engine_stage stage[32];
	uint32_t n_stages, n_damaged; /* frames that the reference refuses */
};

/* One batch by a card of its own, compared with the reference. */
static struct seen run(const struct batch_settings *settings, const struct engine_config *config)
{
	struct engine_context *context;
	struct engine_queue *queue;
	struct engine_plan *loaded;
	struct batch b;
	struct seen seen;

	batch_open(&b, settings, &rng);
	assert_int_equal(fpga->open(&context, config), 0);
	assert_int_equal(fpga->queue_open(context, &queue, image_bytes(&settings->shape)), 0);
	assert_int_equal(fpga->plan_load(context, &loaded, b.plan), 0);
	assert_int_equal(batch_run(&b, fpga, queue, loaded), 0);
	batch_check(&b);
	fpga->counters(queue, &seen.counters);
	seen.n_stages = fpga->stages(queue, seen.stage, 32);
	seen.n_damaged = b.n - b.n_good;
	assert_int_equal(seen.counters.frames, b.n);
	assert_int_equal(seen.counters.on_host, 0);
	fpga->plan_drop(context, &loaded);
	fpga->queue_close(&queue);
	fpga->close(&context);
	batch_close(&b);
	return seen;
}

static void a_megapixel_and_modules_of_every_type_are_analysed(void **state)
{
	static const struct image_shape shapes[] = {{1030, 1065, PIXEL_U16}, {515, 532, PIXEL_U8}, {515, 532, PIXEL_U32}};

	for (unsigned i = 0; i < 3; i++) {
		struct batch_settings settings = {.shape = shapes[i], .algorithm = SPOTS_DISPERSION, .n = 1};
		struct seen seen = run(&settings, NULL);

		assert_true(seen.counters.clocks > image_pixels(&settings.shape) / 32);
	}
}

static uint64_t beats(const struct image_shape *shape)
{
	return (uint64_t)(shape->width + 31) / 32 * shape->height;
}

/* Two units share the frames; the memory's ports carry what is there to carry. */
static void what_is_counted_is_what_was_done(void **state)
{
	struct batch_settings settings = {.shape = {333, 120, PIXEL_U16}, .algorithm = SPOTS_DISPERSION, .n = 6, .block_bytes = 4096};
	struct seen seen = run(&settings, &(struct engine_config){.fpga_clock_mhz = 300});
	const struct engine_counters *c = &seen.counters;

	assert_int_equal(c->units, 2);
	assert_int_equal(c->clock_mhz, 300);
	assert_int_equal(c->pixels, 6 * image_pixels(&settings.shape));
	assert_int_equal(c->pixels_tested, c->pixels);
	assert_int_equal(c->table_bytes, 6 * 64 * beats(&settings.shape));
	assert_true(c->payload_bytes > 0 && c->payload_bytes < 2 * c->copied_in_bytes);
	assert_true(c->record_bytes > c->copied_out_bytes);
	assert_true(c->clocks >= 3 * beats(&settings.shape));
	assert_true(seen.n_stages >= 8);
	for (uint32_t s = 0; s < seen.n_stages; s++) {
		assert_true(seen.stage[s].name[0]);
		assert_in_range(seen.stage[s].busy, s < seen.n_stages - 2 ? 1 : 0, 2 * c->clocks); /* the last two only have errors */
		assert_int_equal(seen.stage[s].errors, 0);
	}
}

static void a_slow_memory_costs_clocks_and_nothing_else(void **state)
{
	struct batch_settings settings = {.shape = {200, 90, PIXEL_U16}, .algorithm = SPOTS_DISPERSION, .n = 5, .damaged_every = 3, .block_bytes = 1024};
	struct random same = rng;
	struct seen fast = run(&settings, NULL), slow;

	rng = same; /* the same frames once more */
	slow = run(&settings, &(struct engine_config){.fpga_latency_clocks = 900, .fpga_stall_percent = 70});
	assert_int_equal(slow.counters.payload_bytes, fast.counters.payload_bytes);
	assert_true(slow.counters.clocks > fast.counters.clocks);
	for (uint32_t s = 0; s < slow.n_stages; s++) { /* a damaged frame has one block or some that a decoder refuses; nobody else meets an error */
		assert_int_equal(slow.stage[s].errors, fast.stage[s].errors);
		if (strcmp(slow.stage[s].name, "decode"))
			assert_int_equal(slow.stage[s].errors, 0);
		else
			assert_in_range(slow.stage[s].errors, slow.n_damaged, 3 * slow.n_damaged);
	}
}

static void a_frame_of_sixteen_megapixels_is_analysed(void **state)
{
	struct batch_settings settings = {.shape = {4148, 4362, PIXEL_U16}, .algorithm = SPOTS_DISPERSION, .n = 1};
	struct seen seen;

	if (!getenv("SLUICE_FPGA_FULL")) {
		printf("skipped: a whole frame of 16 megapixels (SLUICE_FPGA_FULL=1 runs it)\n");
		skip();
	}
	seen = run(&settings, NULL);
	printf("%u x %u: %llu clocks\n", settings.shape.width, settings.shape.height, (unsigned long long)seen.counters.clocks);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_megapixel_and_modules_of_every_type_are_analysed),
		cmocka_unit_test(what_is_counted_is_what_was_done),
		cmocka_unit_test(a_slow_memory_costs_clocks_and_nothing_else),
		cmocka_unit_test(a_frame_of_sixteen_megapixels_is_analysed),
	};
	char words[512] = "";

	if (getenv("SLUICE_BUILD"))
		setenv("SLUICE_PLUGINS", getenv("SLUICE_BUILD"), 1);
	fpga = engines_find("fpga", words, sizeof words);
	if (!fpga || fpga->probe(NULL, words, sizeof words)) {
		printf("skipped: no simulated FPGA: %s\n", words);
		return 77;
	}
	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
