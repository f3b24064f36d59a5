/* test_keep.c - the sample of misses is the same everywhere, has the size that was asked for, and grows by adding. Pure. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/keep.h"
#include "tests/support/random.h"

/* Computed from the words of keep.h by another program: image numbers below 2000 that a sample of 1 % keeps. */
static void the_same_frames_are_kept_on_every_node(void **state)
{
	static const uint64_t by_name[] = { 348, 406, 697, 721, 922, 1141, 1187, 1561, 1571, 1645, 1652, 1948 };
	static const uint64_t by_number[] = { 98, 111, 263, 343, 420, 845, 901, 1033, 1045, 1269, 1276, 1381, 1397, 1478, 1507, 1778, 1825, 1883, 1919, 1958 };
	size_t named = 0, numbered = 0;

	for (uint64_t i = 0; i < 2000; i++) {
		bool expect_named = named < sizeof by_name / sizeof *by_name && by_name[named] == i;
		bool expect_numbered = numbered < sizeof by_number / sizeof *by_number && by_number[numbered] == i;

		assert_int_equal(keep_sample("01J3PZ8W5V7N4Q", 7, i, 0.01), expect_named);
		assert_int_equal(keep_sample("01J3PZ8W5V7N4Q", 8, i, 0.01), expect_named); /* the name alone decides */
		assert_int_equal(keep_sample("", 7, i, 0.01), expect_numbered);
		named += expect_named;
		numbered += expect_numbered;
	}
	assert_true(keep_sample("", 7, UINT64_MAX, 0.7170) && !keep_sample("", 7, UINT64_MAX, 0.7169));
}

static void nothing_and_everything_are_exact(void **state)
{
	for (uint64_t i = 0; i < 10000; i++) {
		assert_false(keep_sample("a", 1, i, 0));
		assert_false(keep_sample("a", 1, i, NAN));
		assert_true(keep_sample("a", 1, i, 1));
	}
}

static void the_sample_has_its_size_and_larger_ones_hold_it(void **state)
{
	static const double fractions[] = { 0.001, 0.01, 0.1, 0.5, 0.9 };
	const int n = 200000;
	struct random r;
	uint64_t series;

	random_seed(&r);
	series = random_u64(&r);
	for (size_t f = 0; f < sizeof fractions / sizeof *fractions; f++) {
		double expected = n * fractions[f], sigma = sqrt(expected * (1 - fractions[f]));
		int kept = 0;

		for (int i = 0; i < n; i++) {
			bool in = keep_sample("", series, (uint64_t)i, fractions[f]);

			kept += in;
			assert_true(!in || f == 4 || keep_sample("", series, (uint64_t)i, fractions[f + 1]));
		}
		assert_true(fabs(kept - expected) < 6 * sigma);
	}
}

/* Over many series the counts must scatter as independent draws do: mean and variance of the normalised deviation. */
static void series_are_sampled_independently(void **state)
{
	const int n_series = 2000, n = 1000;
	double sum = 0, squares = 0;

	for (int s = 0; s < n_series; s++) {
		double deviation;
		int kept = 0;

		for (int i = 0; i < n; i++)
			kept += keep_sample("", (uint64_t)s, (uint64_t)i, 0.05);
		deviation = (kept - n * 0.05) / sqrt(n * 0.05 * 0.95);
		sum += deviation;
		squares += deviation * deviation;
	}
	assert_true(fabs(sum / n_series) < 5 / sqrt(n_series));
	assert_true(fabs(squares / n_series - 1) < 5 * sqrt(2.0 / n_series));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_frames_are_kept_on_every_node),
		cmocka_unit_test(nothing_and_everything_are_exact),
		cmocka_unit_test(the_sample_has_its_size_and_larger_ones_hold_it),
		cmocka_unit_test(series_are_sampled_independently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
