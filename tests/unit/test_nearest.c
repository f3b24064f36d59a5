/* test_nearest.c - what a person probably meant to type. Pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/nearest.h"
#include "tests/support/random.h"

static void distances_count_single_slips(void **state)
{
	assert_int_equal(nearest_distance("", ""), 0);
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("kernel", "kernel"), 0);
	assert_int_equal(nearest_distance("kernal", "kernel"), 1);  /* replaced */
	assert_int_equal(nearest_distance("kerne", "kernel"), 1);   /* left out */
	assert_int_equal(nearest_distance("kernnel", "kernel"), 1); /* too many */
	assert_int_equal(nearest_distance("kenrel", "kernel"), 1);  /* swapped */
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	assert_int_equal(nearest_distance("ca", "abc"), 3); /* no letter is touched twice */
}

static void distance_is_the_same_both_ways_and_never_longer_than_the_words(void **state)
{
	struct random r;

	random_seed(&r);
	for (int i = 0; i < 5000; i++) {
		char word[2][100] = { { 0 }, { 0 } };
		unsigned distance, longer;

		for (int w = 0; w < 2; w++)
			for (uint32_t n = random_below(&r, i % 50 ? 12 : 99), j = 0; j < n; j++)
				word[w][j] = (char)('a' + random_below(&r, 3));
		distance = nearest_distance(word[0], word[1]);
		longer = (unsigned)(strlen(word[0]) > strlen(word[1]) ? strlen(word[0]) : strlen(word[1]));
		assert_int_equal(distance, nearest_distance(word[1], word[0]));
		assert_true(distance <= longer);
		assert_true(distance > 0 || !strncmp(word[0], word[1], NEAREST_MAX));
	}
}

static void only_a_near_word_is_offered(void **state)
{
	static const char *const words[] = { "dispersion", "n_spots", "d_min", "ice" };

	assert_string_equal(nearest_word("dispertion", words, 4), "dispersion");
	assert_string_equal(nearest_word("nspots", words, 4), "n_spots");
	assert_string_equal(nearest_word("dmin", words, 4), "d_min");
	assert_null(nearest_word("resolution", words, 4));
	assert_null(nearest_word("anything", words, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_count_single_slips),
		cmocka_unit_test(distance_is_the_same_both_ways_and_never_longer_than_the_words),
		cmocka_unit_test(only_a_near_word_is_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
