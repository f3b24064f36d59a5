/* test_latency.c - percentiles of the histogram lie at most one step above the true ones and never below. Pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/latency.h"
#include "tests/support/random.h"

#define N 20001

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void percentiles_are_right_within_a_step(void **state)
{
	static const double fractions[] = {0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
	static struct latency latency;
	static uint64_t ns[N];
	struct random r;

	random_seed(&r);
	for (unsigned i = 0; i < N; i++) {
		ns[i] = 1000 + (random_u64(&r) >> (28 + random_below(&r, 30))); /* 1 us to 69 s, all octaves alike */
		latency_add(&latency, ns[i]);
	}
	qsort(ns, N, sizeof(*ns), by_size);
	for (size_t f = 0; f < sizeof(fractions) / sizeof(*fractions); f++) {
		double wanted = fractions[f] * N;
		uint64_t rank = wanted < 1 ? 1 : (uint64_t)wanted + (wanted > (double)(uint64_t)wanted);
		uint64_t got = latency_percentile(&latency, fractions[f]), expected = ns[rank - 1];

		assert_true(got >= expected - 62); /* the unit that times are counted in */
		assert_true((double)got <= (double)expected * (1 + 1.0 / 16) + 124);
	}
	assert_true(latency_percentile(&latency, 1) == ns[N - 1]); /* the longest is kept exactly */
}

static void nothing_measured_is_zero_and_clearing_forgets(void **state)
{
	static struct latency latency;

	assert_true(latency_percentile(&latency, 0.5) == 0);
	latency_add(&latency, 5000000);
	assert_true(latency_percentile(&latency, 0.5) == 5000000);
	latency_clear(&latency);
	assert_true(latency_percentile(&latency, 0.99) == 0);
}

static void the_extremes_have_a_place(void **state)
{
	static struct latency latency;

	latency_add(&latency, 0);
	assert_true(latency_percentile(&latency, 1) == 0);
	latency_add(&latency, UINT64_MAX / 2);
	assert_true(latency_percentile(&latency, 0.5) <= 1100);
	assert_true(latency_percentile(&latency, 1) > 69000000000u); /* beyond the scale: at least its end */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_right_within_a_step),
		cmocka_unit_test(nothing_measured_is_zero_and_clearing_forgets),
		cmocka_unit_test(the_extremes_have_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
