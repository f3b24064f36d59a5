/* test_known.c - the comparison that self-tests of devices rest on sees every difference, and none where nothing is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/known.h"

#define BINS 4u
#define STRONG 3u
#define SPOTS 2u

struct answer {
	struct result result;
	uint64_t bin_sum[BINS];
	uint32_t bin_count[BINS], strong[STRONG + 1];
	struct spot spots[SPOTS + 1];
};

static struct engine_item aim(struct answer *a)
{
	return (struct engine_item){.result = &a->result, .bin_sum = a->bin_sum, .bin_count = a->bin_count, .strong = a->strong, .spots = a->spots};
}

static bool alike_with_changed_byte(size_t at)
{
	static struct answer truth, other;
	struct engine_item a = aim(&other), b = aim(&truth);

	memset(&truth, 0x11, sizeof truth);
	truth.result.n_strong = STRONG;
	truth.result.n_spots = SPOTS;
	other = truth;
	if (at < sizeof other)
		((uint8_t *)&other)[at] ^= 1;
	return known_is_alike(&a, &b, BINS);
}

static void assert_seen(size_t from, size_t bytes, bool seen)
{
	for (size_t at = from; at < from + bytes; at++)
		if (alike_with_changed_byte(at) == seen)
			fail_msg("byte %zu: a difference there is %s", at, seen ? "not seen" : "seen");
}

static void every_difference_is_seen(void **state)
{
	assert_true(alike_with_changed_byte(SIZE_MAX));
	assert_seen(offsetof(struct answer, result), sizeof(struct result), true);
	assert_seen(offsetof(struct answer, bin_sum), BINS * sizeof(uint64_t), true);
	assert_seen(offsetof(struct answer, bin_count), BINS * sizeof(uint32_t), true);
	assert_seen(offsetof(struct answer, strong), STRONG * sizeof(uint32_t), true);
	for (size_t s = 0; s < SPOTS; s++)
		assert_seen(offsetof(struct answer, spots) + s * sizeof(struct spot), offsetof(struct spot, y_max) + sizeof(uint16_t), true);
}

static void what_lies_behind_the_lists_is_nobodys(void **state)
{
	assert_seen(offsetof(struct answer, strong) + STRONG * sizeof(uint32_t), sizeof(uint32_t), false);
	assert_seen(offsetof(struct answer, spots) + SPOTS * sizeof(struct spot), sizeof(struct spot), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_difference_is_seen),
		cmocka_unit_test(what_lies_behind_the_lists_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
