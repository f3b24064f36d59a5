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

/* Of t and a far longer time, the middle is t as the histogram has it: every step is one sixteenth of its octave. */
static void every_time_finds_its_step(void **state)
{
	static struct latency latency;

	for (uint64_t t = 0; t < 30000000000u; t += t / 100 + 7) {
		uint64_t middle;

		latency_clear(&latency);
		latency_add(&latency, t);
		latency_add(&latency, 60000000000u);
		middle = latency_percentile(&latency, 0.5);
		if (middle < t || middle > (t < 1000 ? 1100 : t + t / 16 + 124))
			fail_msg("%llu ns became %llu", (unsigned long long)t, (unsigned long long)middle);
	}
}

static void octaves_hold_every_entry_once(void **state)
{
	uint64_t below = 0, sum_ns = 0, n[LATENCY_OCTAVES] = {0};
	static struct latency latency;
	struct random r;

	random_seed(&r);
	for (unsigned i = 0; i < N; i++) {
		uint64_t t = random_u64(&r) >> (24 + random_below(&r, 40));
		unsigned octave = 0;

		latency_add(&latency, t);
		sum_ns += t;
		while (octave < LATENCY_OCTAVES - 1 && t >= (uint64_t)1984 << octave)
			octave++;
		n[octave]++;
	}
	for (unsigned octave = 0; octave < LATENCY_OCTAVES; octave++) {
		uint64_t upto_ns;

		assert_true(latency_octave(&latency, octave, &upto_ns) == n[octave]);
		assert_true(upto_ns == (uint64_t)1984 << octave);
		below += n[octave];
	}
	assert_true(below == N && latency.sum_ns == sum_ns);
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
		cmocka_unit_test(every_time_finds_its_step),
		cmocka_unit_test(octaves_hold_every_entry_once),
		cmocka_unit_test(nothing_measured_is_zero_and_clearing_forgets),
		cmocka_unit_test(the_extremes_have_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
