/* test_opencl_engine.c - what is OpenCL's own: batches and damaged blocks by the thousand on a device, programs kept and taken again, and why
 * there is no device where there is none. Skipped where no OpenCL device is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/batch.h"

static struct random rng;

/* Programs that an engine wants kept. */
struct shelf {
	char key[ENGINE_CACHE_KEY];
	uint8_t *bytes;
	size_t n_bytes;
	unsigned loads, stores;
};

static size_t shelf_load(void *user, const char *key, void *out, size_t room_bytes)
{
	struct shelf *shelf = user;

	shelf->loads++;
	if (!shelf->bytes || strcmp(shelf->key, key))
		return 0;
	if (room_bytes >= shelf->n_bytes)
		memcpy(out, shelf->bytes, shelf->n_bytes);
	return shelf->n_bytes;
}

static void shelf_store(void *user, const char *key, const void *bytes, size_t n_bytes)
{
	struct shelf *shelf = user;

	shelf->stores++;
	assert_true(strlen(key) < sizeof shelf->key);
	assert_int_equal(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-."), strlen(key));
	strcpy(shelf->key, key);
	free(shelf->bytes);
	shelf->bytes = malloc(n_bytes);
	shelf->n_bytes = n_bytes;
	memcpy(shelf->bytes, bytes, n_bytes);
}

static struct engine_context *open_with(struct shelf *shelf)
{
	struct engine_config config = {.cache = {shelf_load, shelf_store, shelf}};
	struct engine_context *context;

	assert_int_equal(engine_opencl.open(&context, &config), 0);
	return context;
}

static void a_program_is_built_once_and_kept(void **state)
{
	struct shelf shelf = {.n_bytes = 0};
	struct engine_context *context = open_with(&shelf);

	engine_opencl.close(&context);
	assert_int_equal(shelf.stores, 1);
	assert_true(shelf.n_bytes > 1000);
	context = open_with(&shelf);
	engine_opencl.close(&context);
	assert_int_equal(shelf.stores, 1);
	assert_true(shelf.loads >= 2);
	free(shelf.bytes);
}

static void a_kept_program_that_is_damaged_is_built_anew(void **state)
{
	struct shelf shelf = {.n_bytes = 0};
	struct engine_context *context = open_with(&shelf);

	engine_opencl.close(&context);
	shelf.bytes[random_below(&rng, (uint32_t)shelf.n_bytes)] ^= 0x10;
	context = open_with(&shelf);
	engine_opencl.close(&context);
	assert_int_equal(shelf.stores, 2);
	shelf.n_bytes = 5;
	context = open_with(&shelf);
	engine_opencl.close(&context);
	assert_int_equal(shelf.stores, 3);
	free(shelf.bytes);
}

/* One queue for all batches, so that nothing of one may reach into the next. */
static void run_batches(const struct batch_settings *settings, unsigned n)
{
	struct engine_context *context;
	struct engine_queue *queue;

	assert_int_equal(engine_opencl.open(&context, NULL), 0);
	assert_int_equal(engine_opencl.queue_open(context, &queue, 70 * image_bytes(&settings->shape)), 0);
	for (unsigned i = 0; i < n; i++) {
		struct engine_counters before, after;
		struct engine_plan *loaded;
		struct batch b;

		batch_open(&b, settings, &rng);
		engine_opencl.counters(queue, &before);
		if (b.slab)
			assert_int_equal(engine_opencl.pin(context, b.slab, b.slab_bytes), 0);
		assert_int_equal(engine_opencl.plan_load(context, &loaded, b.plan), 0);
		assert_int_equal(batch_run(&b, &engine_opencl, queue, loaded), 0);
		batch_check(&b);
		engine_opencl.counters(queue, &after);
		assert_int_equal(after.pixels - before.pixels, b.n_good * image_pixels(&settings->shape));
		assert_int_equal(after.frames - before.frames, b.n);
		engine_opencl.plan_drop(context, &loaded);
		if (b.slab)
			engine_opencl.unpin(context, b.slab, b.slab_bytes);
		batch_close(&b);
	}
	engine_opencl.queue_close(&queue);
	engine_opencl.close(&context);
}

static void batches_are_analysed_frame_by_frame(void **state)
{
	for (unsigned type = 0; type < PIXEL_TYPES; type++) {
		struct batch_settings settings = {.shape = {97, 70, (enum pixel_type)type}, .algorithm = SPOTS_DISPERSION, .n = 100,
						  .damaged_every = 4, .any_codec = true, .in_slab = type == PIXEL_U16};

		run_batches(&settings, 1);
	}
}

static void thousands_of_damaged_blocks_are_refused_or_taken_as_liblz4_does(void **state)
{
	static const enum pixel_type types[] = {PIXEL_U16, PIXEL_U32};

	for (unsigned i = 0; i < 2; i++) {
		struct batch_settings settings = {.shape = {33, 30, types[i]}, .n = 250, .damaged_every = 2, .any_codec = true};

		run_batches(&settings, 10);
	}
}

/* In a process of its own, where the loader looks for drivers in vain. */
static void where_there_is_no_driver_it_is_said(void **state)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char words[256] = "";

		setenv("OCL_ICD_VENDORS", "/nonexistent/", 1);
		_exit(engine_opencl.probe(NULL, words, sizeof words) == 0 || !strstr(words, "no OpenCL driver is installed"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_device_that_is_not_there_is_not_opened(void **state)
{
	struct engine_config config = {.device = 60};
	struct engine_device device;
	struct engine_context *context;
	char words[256];

	assert_true(engine_opencl.probe(&config, words, sizeof words) < 0);
	assert_non_null(strstr(words, "there is no device 60"));
	assert_true(engine_opencl.open(&context, &config) < 0);
	assert_null(context);
	assert_true(engine_opencl.devices(&device, 1, words, sizeof words) >= 1);
	assert_true(device.name[0] && device.driver[0] && device.memory_bytes > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_there_is_no_driver_it_is_said), /* before the loader has looked for drivers here */
		cmocka_unit_test(a_device_that_is_not_there_is_not_opened),
		cmocka_unit_test(batches_are_analysed_frame_by_frame),
		cmocka_unit_test(thousands_of_damaged_blocks_are_refused_or_taken_as_liblz4_does),
		cmocka_unit_test(a_program_is_built_once_and_kept),
		cmocka_unit_test(a_kept_program_that_is_damaged_is_built_anew),
	};
	char words[256];
	int status, there;
	pid_t child = fork(); /* asked there, so that the loader is untouched here */

	if (child == 0)
		_exit(engine_opencl.probe(NULL, words, sizeof words) != 0);
	there = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!there) {
		printf("skipped: no OpenCL device\n");
		return 77;
	}
	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
