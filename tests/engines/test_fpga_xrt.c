/* test_fpga_xrt.c - the driver of FPGA cards by XRT, over a double of its library whose cards are plain C: what is there and why not, cards that are loaded with
 * something else, every call that can fail, units that fall silent, two cards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fpga/devices/xrt.h"
#include "fpga/engine/engine_of.h"
#include "tests/plugins/xrt.h"
#include "tests/support/batch.h"

#define LIBRARY "libxrt_coreutil.so.2"
#define SELF_TEST_JOBS 6u /* of a unit of 16 bits */

static const struct fpga_driver *const drivers[] = {&fpga_xrt, NULL};

FPGA_ENGINE(engine_xrt, drivers)

static struct random rng;
static struct fake_xrt *fake;
static char good_image[] = "/tmp/sluice-xrt-XXXXXX", bad_image[] = "/tmp/sluice-xrt-XXXXXX";

static int as_usual(void **state)
{
	*fake = (struct fake_xrt){.cards = 1, .n_narrow = 2, .n_wide = 1};
	return 0;
}

static int nothing_is_left(void **state)
{
	if (fake->open_cards || fake->open_units || fake->buffers || fake->wrong)
		printf("%u cards, %u units, %u buffers are left, %u calls were wrong\n", fake->open_cards, fake->open_units, fake->buffers, fake->wrong);
	return fake->open_cards || fake->open_units || fake->buffers || fake->wrong ? -1 : 0;
}

static void assert_says(const char *words)
{
	struct engine_device devices[4] = {{.name = ""}};

	assert_int_equal(engine_xrt.devices(devices, 4, NULL, 0), 1);
	if (!strstr(devices[0].unfit, words))
		fail_msg("'%s' does not say '%s'", devices[0].unfit, words);
}

static void cards_are_counted(void **state)
{
	struct engine_device devices[4] = {{.name = ""}};

	fake->cards = 2;
	assert_int_equal(engine_xrt.devices(devices, 4, NULL, 0), 2);
	assert_string_equal(devices[1].name, "FPGA card 1");
	assert_string_equal(devices[1].unfit, "");
	assert_false(devices[1].on_cpu);
}

static void why_there_is_none_is_said_in_words(void **state)
{
	fake->cards = 0;
	assert_says("finds no card");
	fake->aborts = true;
	assert_says("XILINX_XRT");
	fake->aborts = false;
	fake->hangs = true;
	assert_says("does not answer");
}

static void a_card_without_an_image_is_not_used(void **state)
{
	struct engine_config none = {.device = 0}, some = {.fpga_image = good_image}, third = {.device = 2, .fpga_image = good_image};
	struct engine_context *context;
	char words[256];

	assert_int_equal(engine_xrt.probe(&none, words, sizeof words), -ENODEV);
	assert_non_null(strstr(words, "engine.fpga_image"));
	assert_int_equal(engine_xrt.open(&context, &none), -ENODEV);
	assert_int_equal(engine_xrt.probe(&some, words, sizeof words), 0);
	assert_non_null(strstr(words, "FPGA card 0"));
	assert_int_equal(engine_xrt.probe(&third, words, sizeof words), -ENODEV);
	assert_int_equal(engine_xrt.open(&context, &third), -ENODEV);
	assert_null(context);
}

static void assert_open_says(int error, const char *image)
{
	struct engine_context *context;

	assert_int_equal(engine_xrt.open(&context, &(struct engine_config){.fpga_image = image}), error);
	assert_null(context);
}

static void a_card_loaded_with_something_else_is_not_opened(void **state)
{
	assert_open_says(-ENOEXEC, bad_image);
	assert_open_says(-ENOEXEC, "/nonexistent/image.xclbin");
	fake->n_narrow = fake->n_wide = 0; /* an image, but of other kernels */
	assert_open_says(-ENOEXEC, good_image);
	as_usual(NULL);
	fake->identity = 1;
	assert_open_says(-EPROTO, good_image);
	as_usual(NULL);
	fake->version = 77;
	assert_open_says(-EPROTO, good_image);
	as_usual(NULL);
	fake->busy = true;
	assert_open_says(-EBUSY, good_image);
	as_usual(NULL);
	fake->askew = 64; /* no unit takes such an address */
	assert_open_says(-EIO, good_image);
	as_usual(NULL);
	fake->lie = PLAIN_SUM;
	assert_open_says(-EIO, good_image);
}

/* An open card with a batch's plan and a queue. */
struct seat {
	struct engine_context *context;
	struct engine_plan *loaded;
	struct engine_queue *queue;
};

static int seat_open(struct seat *s, const struct batch *b, uint32_t card)
{
	struct engine_config config = {.device = card, .fpga_image = good_image, .fpga_clock_mhz = 300};
	int error;

	*s = (struct seat){NULL, NULL, NULL};
	error = engine_xrt.open(&s->context, &config);
	if (!error)
		error = engine_xrt.plan_load(s->context, &s->loaded, b->plan);
	if (!error)
		error = engine_xrt.queue_open(s->context, &s->queue, image_bytes(&b->plan->shape));
	return error;
}

static void seat_close(struct seat *s)
{
	engine_xrt.queue_close(&s->queue);
	if (s->context)
		engine_xrt.plan_drop(s->context, &s->loaded);
	engine_xrt.close(&s->context);
}

static void make_batch(struct batch *b, enum pixel_type type)
{
	struct batch_settings settings = {.shape = {130, 61, type}, .algorithm = SPOTS_DISPERSION, .n = 12, .damaged_every = 5, .block_bytes = 1024};

	batch_open(b, &settings, &rng);
}

static void batches_are_analysed(void **state)
{
	for (unsigned type = 0; type < PIXEL_TYPES; type++) {
		struct engine_counters counters;
		struct batch b;
		struct seat s;

		make_batch(&b, (enum pixel_type)type);
		assert_int_equal(seat_open(&s, &b, 0), 0);
		assert_int_equal(batch_run(&b, &engine_xrt, s.queue, s.loaded), 0);
		batch_check(&b);
		engine_xrt.counters(s.queue, &counters);
		assert_int_equal(counters.clock_mhz, 300);
		assert_int_equal(counters.units, type == PIXEL_U32 ? 1 : 2);
		assert_true(counters.clocks > 0);
		seat_close(&s);
		batch_close(&b);
	}
}

static void what_a_killed_program_left_is_no_end_of_our_jobs(void **state)
{
	for (uint32_t looks = 0; looks <= 200; looks += 100) {
		struct batch b;
		struct seat s;

		fake->left_done = true;
		fake->left_running = looks;
		make_batch(&b, PIXEL_U16);
		assert_int_equal(seat_open(&s, &b, 0), 0);
		assert_int_equal(batch_run(&b, &engine_xrt, s.queue, s.loaded), 0);
		batch_check(&b);
		assert_int_equal(fake->wrong, 0);
		seat_close(&s);
		batch_close(&b);
	}
}

static void two_cards_work_at_the_same_time(void **state)
{
	struct batch b[2];
	struct seat s[2];

	fake->cards = 2;
	for (unsigned i = 0; i < 2; i++) {
		make_batch(&b[i], PIXEL_U16);
		fake->cards = 2;
		assert_int_equal(seat_open(&s[i], &b[i], i), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(engine_xrt.submit(s[i].queue, s[i].loaded, b[i].item, b[i].n), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(engine_xrt.wait(s[i].queue), 0);
		batch_check(&b[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		seat_close(&s[i]);
		batch_close(&b[i]);
	}
}

static void a_unit_that_falls_silent_is_given_up(void **state)
{
	struct batch b;
	struct seat s;

	fake->lie = PLAIN_SILENT;
	fake->after = SELF_TEST_JOBS + 2;
	make_batch(&b, PIXEL_U16);
	assert_int_equal(seat_open(&s, &b, 0), 0);
	assert_int_equal(batch_run(&b, &engine_xrt, s.queue, s.loaded), -EIO);
	assert_int_equal(batch_run(&b, &engine_xrt, s.queue, s.loaded), -EIO);
	seat_close(&s);
	batch_close(&b);
}

/* Opening and a batch, with the n-th call of one function failing; whether it was reached. */
static bool run_with_failure(const struct batch *b, const char *function, unsigned call)
{
	struct batch with = *b;
	struct seat s;
	int error;

	as_usual(NULL);
	fake->fails = function;
	fake->call = call;
	fake->only_in = getpid();
	error = seat_open(&s, b, 0);
	if (!error)
		error = batch_run(&with, &engine_xrt, s.queue, s.loaded);
	for (uint32_t i = 0; !error && i < b->n; i++) /* of one frame alone */
		assert_true(b->item[i].status == b->truth[i].status || b->item[i].status == -EIO);
	seat_close(&s);
	if (fake->open_cards || fake->open_units || fake->buffers || fake->wrong)
		fail_msg("call %u of %s: %u cards, %u units and %u buffers are left, %u calls were wrong", call, function, fake->open_cards, fake->open_units,
			 fake->buffers, fake->wrong);
	return fake->call == 0;
}

static void every_call_may_fail(void **state)
{
	static const char *const functions[] = {
		"xrtDeviceOpen", "xrtDeviceLoadXclbinFile", "xrtDeviceGetXclbinUUID", "xrtPLKernelOpenExclusive", "xrtKernelArgGroupId", "xrtKernelReadRegister",
		"xrtKernelWriteRegister", "xrtBOAlloc", "xrtBOMap", "xrtBOSync",
	};
	struct batch b;

	make_batch(&b, PIXEL_U16);
	for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
		unsigned call = 1, failed = 0;

		while (run_with_failure(&b, functions[f], call)) {
			call += 1 + call / 4;
			failed++;
		}
		assert_true(failed > 0);
	}
	batch_close(&b);
}

static void write_image(char *path, const char *begin)
{
	int fd = mkstemp(path);
	size_t bytes = strlen(begin) + 1;

	assert_true(fd >= 0 && write(fd, begin, bytes) == (ssize_t)bytes && close(fd) == 0);
}

/* Without the library first, then again with the double where the loader looks. 0: this is that second time. */
static int begin_again(char **argv)
{
	struct engine_device device;
	char folder[4096];

	if (getenv("SLUICE_FAKE_XRT"))
		return 0;
	if (engine_xrt.devices(&device, 1, NULL, 0) != 1 || (!strstr(device.unfit, "XRT is not installed") && !dlopen(LIBRARY, RTLD_LAZY))) {
		printf("without XRT: '%s'\n", device.unfit);
		return 1;
	}
	snprintf(folder, sizeof folder, "%s/tests/xrt", getenv("SLUICE_BUILD") ? getenv("SLUICE_BUILD") : ".");
	setenv("LD_LIBRARY_PATH", folder, 1);
	setenv("SLUICE_FAKE_XRT", "1", 1);
	execv("/proc/self/exe", argv);
	return 1;
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, as_usual, nothing_is_left)
	static const struct CMUnitTest tests[] = {
		TEST(cards_are_counted),
		TEST(why_there_is_none_is_said_in_words),
		TEST(a_card_without_an_image_is_not_used),
		TEST(a_card_loaded_with_something_else_is_not_opened),
		TEST(batches_are_analysed),
		TEST(what_a_killed_program_left_is_no_end_of_our_jobs),
		TEST(two_cards_work_at_the_same_time),
		TEST(a_unit_that_falls_silent_is_given_up),
		TEST(every_call_may_fail),
	};
	void *library;
	int failed;

	if (begin_again(argv))
		return 1;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	fake = library ? dlsym(library, "fake_xrt") : NULL;
	if (!fake) {
		printf("the double of %s is not built: %s\n", LIBRARY, dlerror());
		return 1;
	}
	write_image(good_image, FAKE_XRT_MAGIC);
	write_image(bad_image, "something else");
	random_seed(&rng);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(good_image);
	unlink(bad_image);
	return failed;
}
