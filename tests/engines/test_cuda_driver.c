/* test_cuda_driver.c - the CUDA driver's host side does what kernels/device relies on, and says in words why there is no card.
 *
 * No card can be had here: a CUDA runtime in plain C stands for it (fake_cuda_runtime.h). What the card itself computes is for bench/gpu-check
 * on a machine that has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef SLUICE_WITH_CUDA

int main(void)
{
	printf("skipped: this build has no CUDA engine: no CUDA toolkit was found\n");
	return 77;
}

#else

#include "kernels/cuda/driver.h"
#include "kernels/device/engine_of.h"
#include "tests/engines/fake_cuda_runtime.h"

DEVICE_ENGINE(engine_cuda, "cuda", driver_cuda)

static const struct fake_cuda two_cards = {.devices = 2, .driver_version = 13010, .capability = 90};

static int start(void **state)
{
	fake_cuda = two_cards;
	return 0;
}

static void said(const char *wanted, const char *words)
{
	if (!strstr(words, wanted))
		fail_msg("'%s' does not say '%s'", words, wanted);
}

static void test_absence_is_explained(void **state)
{
	struct engine_device device[2];
	char words[256] = "";

	fake_cuda.driver_version = 0;
	assert_int_equal(engine_cuda.devices(device, 2, words, sizeof words), -ENODEV);
	said("driver is not installed", words);
	fake_cuda.driver_version = 11080;
	fake_cuda.driver_too_old = true;
	assert_int_equal(engine_cuda.devices(device, 2, words, sizeof words), -ENODEV);
	said("too old", words);
	said("11.8", words);
	fake_cuda = two_cards;
	fake_cuda.devices = 0;
	assert_int_equal(engine_cuda.probe(&(struct engine_config){0}, words, sizeof words), -ENODEV);
	said("no NVIDIA card", words);
}

static void test_old_card_is_unfit(void **state)
{
	struct engine_device device[1];
	char words[256] = "";

	fake_cuda.capability = 75;
	assert_int_equal(engine_cuda.devices(device, 1, words, sizeof words), 2);
	said("7.5", device[0].unfit);
	assert_int_equal(engine_cuda.probe(&(struct engine_config){0}, words, sizeof words), -ENODEV);
	said("8.0 or later", words);
}

static void test_cards_are_described(void **state)
{
	struct engine_device device[2];
	char words[256] = "";

	assert_int_equal(engine_cuda.devices(device, 2, words, sizeof words), 2);
	assert_string_equal(device[1].name, "Imagined 1");
	assert_string_equal(device[1].pci, "0000:3c:00.0");
	assert_string_equal(device[1].driver, "CUDA 13.1");
	assert_int_equal(device[1].memory_bytes, 1u << 30);
	assert_string_equal(device[1].unfit, "");
	assert_false(device[1].on_cpu);
}

/* Opening computes frames of every kind and compares them with the reference's. */
static void test_known_answers_on_both_cards(void **state)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct engine_context *context;

		assert_int_equal(engine_cuda.open(&context, &(struct engine_config){.device = i}), 0);
		engine_cuda.close(&context);
		assert_null(context);
	}
	assert_int_equal(fake_cuda.held, 0);
	assert_int_equal(fake_cuda.wrong_device, 0);
}

static void test_no_such_card(void **state)
{
	struct engine_context *context;

	assert_int_equal(engine_cuda.open(&context, &(struct engine_config){.device = 2}), -ENODEV);
	assert_null(context);
}

/* Whatever call fails first, opening says so and leaves nothing behind. */
static void test_every_call_may_fail(void **state)
{
	unsigned n = 1;

	for (;; n++) {
		struct engine_context *context;
		int error;

		fake_cuda.fails_at = n;
		error = engine_cuda.open(&context, &(struct engine_config){0});
		if (!fake_cuda.fails_at && error == 0) { /* page-locking may fail: it only costs speed */
			engine_cuda.close(&context);
		} else if (fake_cuda.fails_at) {
			assert_int_equal(error, 0);
			engine_cuda.close(&context);
			break; /* there are fewer calls than that */
		} else {
			if (error != -ENOMEM && error != -EIO)
				fail_msg("call %u failed, and opening said %d", n, error);
			assert_null(context);
		}
		if (fake_cuda.held)
			fail_msg("call %u failed and %d things are left", n, fake_cuda.held);
	}
	print_message("%u calls failed in turn\n", n - 1);
	assert_true(n > 20);
}

static void test_fault_of_a_kernel_is_an_error(void **state)
{
	struct engine_context *context;

	fake_cuda.kernel_fault = true;
	assert_int_equal(engine_cuda.open(&context, &(struct engine_config){0}), -EIO);
	assert_int_equal(fake_cuda.held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_absence_is_explained, start),
		cmocka_unit_test_setup(test_old_card_is_unfit, start),
		cmocka_unit_test_setup(test_cards_are_described, start),
		cmocka_unit_test_setup(test_known_answers_on_both_cards, start),
		cmocka_unit_test_setup(test_no_such_card, start),
		cmocka_unit_test_setup(test_every_call_may_fail, start),
		cmocka_unit_test_setup(test_fault_of_a_kernel_is_an_error, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
