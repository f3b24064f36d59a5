/* test_cpu_engine.c - the CPU engine's side of the contract that comparing results does not show: levels by name, refusals of
 * whole batches, closing what was never opened, and no memory taken once a plan has had its first frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/allocations.c"
#include "kernels/engine.h"
#include "tests/support/random.h"

#define PIXELS_MAX (200u * 150u)

static struct random rng;

/* A plan, an encoded frame and room for what the engine returns. */
struct bench {
	struct plan *plan;
	struct engine_plan *loaded;
	struct payload payload;
	struct block_table blocks;
	struct result result;
	struct engine_item item;
};

static void bench_open(struct bench *b, struct engine_context *context, uint32_t width, uint32_t height,
		       enum spot_algorithm algorithm)
{
	struct plan_settings s;
	struct image_shape shape = {width, height, PIXEL_U16};
	uint16_t *pixels = malloc(image_bytes(&shape));
	size_t len = codec_bound(CODEC_BSLZ4, &shape, 0), entries = block_table_entries(image_bytes(&shape), 8192);
	uint8_t *bytes = malloc(len);
	char message[256];

	plan_defaults(&s);
	s.shape = shape;
	s.algorithm = algorithm;
	s.max_strong = PIXELS_MAX;
	s.max_spots = 1000;
	assert_int_equal(geometry_flat(&s.geometry, 100, width / 2.0, height / 2.0, 0.1, 0.1, 1), 0);
	assert_int_equal(plan_make(&b->plan, &s, 1, message, sizeof message), 0);
	for (size_t i = 0; i < image_pixels(&shape); i++)
		pixels[i] = (uint16_t)(random_below(&rng, 40) ? random_below(&rng, 3) : random_below(&rng, 500));
	assert_int_equal(codec_encode(CODEC_BSLZ4, &shape, 0, pixels, bytes, &len), 0);
	free(pixels);
	b->payload = (struct payload){bytes, len, CODEC_BSLZ4, 2};
	b->blocks = (struct block_table){.capacity = (uint32_t)entries, .offset = malloc(entries * sizeof(uint32_t))};
	assert_int_equal(block_table_build(&b->blocks, &b->payload, &shape), 0);
	assert_int_equal(engine_cpu.plan_load(context, &b->loaded, b->plan), 0);
	b->item = (struct engine_item){
		.payload = b->payload,
		.blocks = &b->blocks,
		.wanted = OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_STRONG | OUTPUT_SPOTS,
		.result = &b->result,
		.bin_sum = calloc(b->plan->n_bins, sizeof(uint64_t)),
		.bin_count = calloc(b->plan->n_bins, sizeof(uint32_t)),
		.strong = calloc(PIXELS_MAX, sizeof(uint32_t)),
		.spots = calloc(1000, sizeof(struct spot)),
	};
}

static void bench_close(struct bench *b, struct engine_context *context)
{
	engine_cpu.plan_drop(context, &b->loaded);
	plan_free(&b->plan);
	free((void *)b->payload.bytes);
	free(b->blocks.offset);
	free(b->item.bin_sum);
	free(b->item.bin_count);
	free(b->item.strong);
	free(b->item.spots);
}

static struct engine_context *open_best(void)
{
	struct engine_context *context;

	assert_int_equal(engine_cpu.open(&context, NULL), 0);
	return context;
}

static void levels_are_taken_by_name_and_unknown_ones_refused_in_words(void **state)
{
	struct engine_config scalar = {.cpu_level = "scalar"}, unknown = {.cpu_level = "abacus"}, second = {.device = 1};
	struct engine_context *context = NULL;
	char words[128] = "";

	assert_int_equal(engine_cpu.probe(&scalar, words, sizeof words), 0);
	assert_non_null(strstr(words, "scalar"));
	assert_int_equal(engine_cpu.open(&context, &scalar), 0);
	engine_cpu.close(&context);
	assert_int_equal(engine_cpu.probe(&unknown, words, sizeof words), -ENODEV);
	assert_non_null(strstr(words, "abacus"));
	assert_int_equal(engine_cpu.open(&context, &unknown), -ENODEV);
	assert_null(context);
	assert_int_equal(engine_cpu.probe(&second, words, sizeof words), -ENODEV);
	assert_int_equal(engine_cpu.open(&context, &second), -ENODEV);
	assert_int_equal(engine_cpu.probe(NULL, words, 4), 0);
	assert_int_equal(words[3], 0);
}

#ifdef __aarch64__
static void the_level_that_every_such_processor_has_is_taken(void **state)
{
	struct engine_config neon = {.cpu_level = "neon"};
	char words[128] = "";

	assert_int_equal(engine_cpu.probe(&neon, words, sizeof words), 0);
	assert_int_equal(engine_cpu.probe(NULL, words, sizeof words), 0);
	assert_string_equal(words, "level neon, best here neon");
}
#endif

static void closing_nothing_does_nothing(void **state)
{
	struct engine_context *context = NULL;
	struct engine_queue *queue = NULL;
	struct engine_plan *plan = NULL;

	engine_cpu.queue_close(NULL);
	engine_cpu.queue_close(&queue);
	engine_cpu.close(NULL);
	engine_cpu.close(&context);
	context = open_best();
	engine_cpu.plan_drop(context, NULL);
	engine_cpu.plan_drop(context, &plan);
	assert_int_equal(engine_cpu.queue_open(context, &queue, 0), -EINVAL);
	assert_null(queue);
	assert_int_equal(engine_cpu.queue_open(context, &queue, SIZE_MAX), -EINVAL);
	assert_null(queue);
	engine_cpu.close(&context);
}

static void batches_that_do_not_fit_the_queue_are_refused_whole(void **state)
{
	struct engine_context *context = open_best();
	struct engine_queue *queue;
	struct engine_capabilities can;
	struct bench b;

	bench_open(&b, context, 200, 150, SPOTS_DISPERSION);
	engine_cpu.capabilities(context, &can);
	assert_int_equal(engine_cpu.queue_open(context, &queue, 200 * 150 * 2 - 1), 0);
	b.item.status = 99;
	assert_int_equal(engine_cpu.submit(queue, b.loaded, &b.item, 1), -EMSGSIZE);
	assert_int_equal(engine_cpu.submit(queue, b.loaded, &b.item, can.max_batch + 1), -EINVAL);
	assert_int_equal(b.item.status, 99);
	engine_cpu.queue_close(&queue);
	bench_close(&b, context);
	engine_cpu.close(&context);
}

#if ALLOCATIONS_COUNTED
static uint64_t n_allocations(void)
{
	struct allocations a;

	allocations_read(&a);
	return a.ours + a.libraries;
}
#endif

static void a_queue_takes_no_memory_after_the_first_frames_of_its_plans(void **state)
{
#if !ALLOCATIONS_COUNTED
	print_message("skipped: a sanitizer has the allocator\n");
	skip();
#else
	struct engine_context *context = open_best();
	struct engine_queue *queue;
	struct bench wide, tall;
	uint64_t before;

	allocations_watch_this_thread();
	bench_open(&wide, context, 200, 150, SPOTS_DISPERSION);
	bench_open(&tall, context, 97, 211, SPOTS_DISPERSION_EXTENDED);
	assert_int_equal(engine_cpu.queue_open(context, &queue, PIXELS_MAX * 2), 0);
	before = n_allocations();
	assert_int_equal(engine_cpu.submit(queue, wide.loaded, &wide.item, 1), 0);
	assert_int_equal(engine_cpu.submit(queue, tall.loaded, &tall.item, 1), 0);
	assert_true(n_allocations() > before); /* or this test counts nothing */
	before = n_allocations();
	for (int i = 0; i < 20; i++) {
		struct bench *b = i / 3 % 2 ? &tall : &wide;

		assert_int_equal(engine_cpu.submit(queue, b->loaded, &b->item, 1), 0);
		assert_int_equal(engine_cpu.wait(queue), 0);
		assert_int_equal(b->item.status, 0);
		assert_true(b->result.n_strong > 0);
	}
	assert_int_equal(n_allocations(), before);
	engine_cpu.queue_close(&queue);
	bench_close(&wide, context);
	bench_close(&tall, context);
	engine_cpu.close(&context);
#endif
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_taken_by_name_and_unknown_ones_refused_in_words),
#ifdef __aarch64__
		cmocka_unit_test(the_level_that_every_such_processor_has_is_taken),
#endif
		cmocka_unit_test(closing_nothing_does_nothing),
		cmocka_unit_test(batches_that_do_not_fit_the_queue_are_refused_whole),
		cmocka_unit_test(a_queue_takes_no_memory_after_the_first_frames_of_its_plans),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
