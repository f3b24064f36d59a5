/* test_score.c - what kernels/score.h promises: scores of hand-made frames, and when they are undefined.
 *
 * With the argument "--spots" it reads lines "x y intensity" (integer pixels) from standard input until their end and prints n_spots_ring_free,
 * total_intensity, d_min, d_min_shells, for a test that has DIALS to compare with. The detector then is perpendicular, 100 mm away, pixels of 0.1 mm, 1 A, the
 * beam at (2000.5, 2000.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/score.h"

#define SIDE 4001
#define SPOTS_MAX 20000

static const double pi = 3.14159265358979323846;
static const struct score_settings defaults = { 50.0, 1.5, 1.0, 2.5 };

/* A plan with a narrow strip of pixels to the right of the beam: pixel x lies 0.1 x mm from it. */
static struct plan *strip(uint32_t bins)
{
	struct plan_settings s;
	struct plan *plan;
	char message[200] = "";

	plan_defaults(&s);
	s.shape = (struct image_shape){ SIDE, 1, PIXEL_U16 };
	s.radial_bins = bins;
	assert_int_equal(geometry_flat(&s.geometry, 100.0, 0.5, 0.5, 0.1, 0.1, 1.0), 0);
	if (plan_make(&plan, &s, 1, message, sizeof message))
		fail_msg("%s", message);
	return plan;
}

static struct spot spot_at(uint32_t x, uint32_t y, uint64_t sum, uint32_t n_px, uint32_t width)
{
	return (struct spot){ .sum = sum, .sum_x = sum * x, .sum_y = sum * y, .n_px = n_px, .max = 1, .max_index = y * width + x,
			      .x_min = (uint16_t)x, .x_max = (uint16_t)x, .y_min = (uint16_t)y, .y_max = (uint16_t)y };
}

/* The pixel of the strip whose spot has the resolution nearest to d. */
static uint32_t pixel_at_d(double d)
{
	return (uint32_t)lround(1000.0 * tan(2.0 * asin(1.0 / (2.0 * d))));
}

static struct score compute(const struct score_settings *settings, const struct plan *plan, const struct spot *spots, uint32_t n,
			    const uint64_t *bin_sum, const uint32_t *bin_count, uint32_t overflow)
{
	const struct result result = { .n_spots = n, .overflow = overflow };
	struct score_scratch *scratch;
	struct score score;

	assert_int_equal(score_scratch_open(&scratch, SPOTS_MAX, plan->n_bins), 0);
	score_compute(&score, settings, plan, &result, spots, bin_sum, bin_count, scratch);
	score_scratch_close(&scratch);
	assert_null(scratch);
	score_scratch_close(&scratch);
	return score;
}

static void expect(double value, double expected)
{
	if (!(fabs(value - expected) <= 1e-9 * fmax(1.0, fabs(expected))))
		fail_msg("%.17g instead of %.17g", value, expected);
}

static void centroids_lie_in_pixel_centres(void **state)
{
	struct spot spot = { .sum = 10, .sum_x = 25, .sum_y = 70 };
	double x, y;

	score_centroid(&spot, &x, &y);
	expect(x, 3.0);
	expect(y, 7.5);
}

static void ice_rings_obey_the_reflection_conditions(void **state)
{
	/* 100 002 101 102 110 103 200 112 201 of hexagonal ice */
	static const double rings[] = { 3.895, 3.669, 3.441, 2.667, 2.249, 2.072, 1.948, 1.918, 1.883 };
	/* 001 and 111 (h h l with odd l) are absent; the others lie between rings */
	static const double gaps[] = { 7.338, 2.150, 20.0, 5.0, 3.2, 3.0, 2.45, 2.36, 2.33 };
	struct plan *plan = strip(100);

	for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
		struct spot spots[2] = { spot_at(pixel_at_d(rings[i]), 0, 7, 3, SIDE), spot_at(pixel_at_d(gaps[i]), 0, 5, 3, SIDE) };
		struct score ring = compute(&defaults, plan, spots, 1, NULL, NULL, 0), gap = compute(&defaults, plan, spots + 1, 1, NULL, NULL, 0);
		if (ring.n_spots_ring_free != 0 || gap.n_spots_ring_free != 1)
			fail_msg("%g should be on a ring and %g not", rings[i], gaps[i]);
		struct score both = compute(&defaults, plan, spots, 2, NULL, NULL, 0);
		expect(both.n_spots, 2);
		expect(both.n_spots_ring_free, 1);
		expect(both.total_intensity, 5);
	}
	plan_free(&plan);
}

static void the_range_counts_ring_free_spots_inside(void **state)
{
	static const double d[] = { 60.0, 20.0, 3.895, 3.0, 2.45, 1.2 };
	struct score_settings settings = { 25.0, 2.4, 1.0, 2.5 };
	struct plan *plan = strip(100);
	struct spot spots[6];

	for (int i = 0; i < 6; i++)
		spots[i] = spot_at(pixel_at_d(d[i]), 0, 10, 3, SIDE);
	expect(compute(&settings, plan, spots, 6, NULL, NULL, 0).n_spots_range, 3); /* 20, 3, 2.45 */
	plan_free(&plan);
}

static bool all_nan(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isnan(values[i]))
			return false;
	return true;
}

static void what_is_undefined_is_nan(void **state)
{
	struct plan *plan = strip(100);
	struct spot spot = spot_at(200, 0, 10, 3, SIDE);
	uint64_t sum[100] = { 0 };
	uint32_t count[100] = { 0 };
	struct score s = compute(&defaults, plan, &spot, 1, NULL, NULL, 0);

	assert_true(s.n_spots == 1 && s.total_intensity == 10);
	assert_true(isnan(s.total_signal) && isnan(s.background) && isnan(s.ice) && isnan(s.score)); /* no profile */
	assert_true(isnan(s.d_min) && isnan(s.d_min_shells)); /* too few spots */
	s = compute(&defaults, plan, NULL, 0, sum, count, 0);
	assert_true(s.n_spots == 0 && s.n_spots_ring_free == 0 && s.total_intensity == 0 && s.total_signal == 0 && s.score == 0);
	assert_true(isnan(s.background) && isnan(s.ice)); /* a profile without a pixel */
	s = compute(&defaults, plan, NULL, 0, sum, count, RESULT_OVERFLOW_SPOTS);
	assert_true(isnan(s.n_spots) && isnan(s.n_spots_ring_free) && isnan(s.total_intensity) && isnan(s.score));
	plan->algorithm = SPOTS_NONE;
	s = compute(&defaults, plan, NULL, 0, sum, count, 0);
	assert_true(isnan(s.n_spots) && isnan(s.n_spots_range) && isnan(s.total_signal));
	plan->algorithm = SPOTS_DISPERSION;
	plan->geometry.known = false;
	uint32_t n_bins = plan->n_bins;
	plan->n_bins = 0;
	s = compute(&defaults, plan, &spot, 1, NULL, NULL, 0);
	assert_true(s.n_spots == 1);
	assert_true(all_nan(&s.n_spots_ring_free, sizeof s / sizeof(double) - 1));
	plan->n_bins = n_bins;
	plan_free(&plan);
}

static void spots_in_the_direct_beam_have_no_resolution(void **state)
{
	struct plan *plan = strip(100);
	struct spot spot = spot_at(0, 0, 10, 3, SIDE);
	struct score s = compute(&defaults, plan, &spot, 1, NULL, NULL, 0);

	assert_true(s.n_spots == 1 && s.n_spots_ring_free == 0);
	plan_free(&plan);
}

/* Fills every bin with as many pixels as the plan has there and the same counts in each. */
static void flat_profile(const struct plan *plan, uint64_t *sum, uint32_t *count, uint64_t counts)
{
	for (uint32_t b = 0; b < plan->n_bins; b++) {
		count[b] = plan->static_count[b];
		sum[b] = count[b] * counts;
	}
}

static void background_is_the_mean_over_the_range(void **state)
{
	struct plan *plan = strip(100);
	uint64_t sum[100], inside_sum = 0;
	uint32_t count[100], inside_count = 0;
	struct score_settings settings = { 50.0, 1.5, 1.0, 2.5 };

	flat_profile(plan, sum, count, 7);
	expect(compute(&settings, plan, NULL, 0, sum, count, 0).background, 7);
	for (uint32_t b = 0; b < 100; b++) {
		sum[b] += b * b;
		if (plan->bin_q[b] >= 1.0 && plan->bin_q[b] <= 2.5) {
			inside_sum += sum[b];
			inside_count += count[b];
		}
	}
	expect(compute(&settings, plan, NULL, 0, sum, count, 0).background, (double)inside_sum / inside_count);
	settings.background_q_min = 500;
	settings.background_q_max = 600;
	assert_true(isnan(compute(&settings, plan, NULL, 0, sum, count, 0).background));
	plan_free(&plan);
}

static void signal_is_what_stands_above_the_ring(void **state)
{
	struct plan *plan = strip(100);
	uint64_t sum[100];
	uint32_t count[100];
	uint32_t x = pixel_at_d(3.0);
	struct spot spots[2] = { spot_at(x, 0, 500, 4, SIDE), spot_at(x + 700, 0, 100, 5, SIDE) };

	flat_profile(plan, sum, count, 3);
	sum[plan->bin[x]] = (uint64_t)count[plan->bin[x]] * 10;
	struct score s = compute(&defaults, plan, spots, 2, sum, count, 0);
	expect(s.total_signal, 500 - 4 * 10 + 100 - 5 * 3);
	plan->bin[x + 700] = PLAN_BIN_NONE;
	expect(compute(&defaults, plan, spots, 2, sum, count, 0).total_signal, 460);
	plan_free(&plan);
}

static void score_weighs_signal_against_background(void **state)
{
	struct plan *plan = strip(1000);
	static uint64_t sum[1000];
	static uint32_t count[1000];
	/* Two spots of one shell, one of another, one beyond the limits. */
	struct spot spots[4] = { spot_at(pixel_at_d(1.60), 0, 400, 4, SIDE), spot_at(pixel_at_d(1.601), 0, 300, 4, SIDE),
				 spot_at(pixel_at_d(5.0), 0, 900, 9, SIDE), spot_at(pixel_at_d(1.2), 0, 1000, 4, SIDE) };

	flat_profile(plan, sum, count, 3);
	double expected = sqrt((400 - 12 + 300 - 12) / 4.0) + sqrt((900 - 27) / 4.0);
	expect(compute(&defaults, plan, spots, 4, sum, count, 0).score, expected);
	spots[2].n_px = 1000; /* less than its background: adds nothing */
	expect(compute(&defaults, plan, spots, 4, sum, count, 0).score, sqrt((400 - 12 + 300 - 12) / 4.0));
	plan_free(&plan);
}

static void ice_compares_a_range_with_its_flanks(void **state)
{
	struct plan *plan = strip(4096);
	static uint64_t sum[4096];
	static uint32_t count[4096];
	double inside = 0, added = 0;

	flat_profile(plan, sum, count, 5);
	expect(compute(&defaults, plan, NULL, 0, sum, count, 0).ice, 0);
	for (uint32_t b = 0; b < plan->n_bins; b++) {
		double x = plan->bin_q[b] / (2 * pi) * (plan->bin_q[b] / (2 * pi));
		if (x >= 0.190 && x <= 0.205) {
			inside += count[b];
			added += 4.0 * count[b];
			sum[b] += 4 * count[b];
		}
	}
	assert_true(inside > 20);
	expect(compute(&defaults, plan, NULL, 0, sum, count, 0).ice, added / sqrt(inside * 9 + inside * 5));
	/* A slope is no ice: a profile falling in proportion to 1/d^2 is its own straight line. */
	for (uint32_t b = 0; b < plan->n_bins; b++) {
		double x = plan->bin_q[b] / (2 * pi) * (plan->bin_q[b] / (2 * pi));
		sum[b] = count[b] * (uint64_t)llround(1e6 * fmax(0.0, 1.0 - 2.0 * x));
	}
	assert_true(fabs(compute(&defaults, plan, NULL, 0, sum, count, 0).ice) < 1.0);
	plan_free(&plan);
	/* A detector that sees nothing of the ranges. */
	struct plan_settings s;
	plan_defaults(&s);
	s.shape = (struct image_shape){ 50, 1, PIXEL_U16 };
	assert_int_equal(geometry_flat(&s.geometry, 1000.0, 0.5, 0.5, 0.1, 0.1, 1.0), 0);
	assert_int_equal(plan_make(&plan, &s, 1, NULL, 0), 0);
	flat_profile(plan, sum, count, 5);
	assert_true(isnan(compute(&defaults, plan, NULL, 0, sum, count, 0).ice));
	plan_free(&plan);
}

static void resolution_needs_more_than_ten_spots(void **state)
{
	struct plan *plan = strip(100);
	struct spot spots[60];
	uint32_t n = 0;

	/* Ring-free spots from 30 to 5 A, stronger at low resolution. */
	for (uint32_t i = 0; i < 60; i++)
		spots[n++] = spot_at(34 + 2 * i, 0, 4000 - 60 * i, 3, SIDE);
	for (uint32_t i = 0; i < n; i++)
		assert_true(compute(&defaults, plan, spots, i, NULL, NULL, 0).n_spots_ring_free == i);
	struct score ten = compute(&defaults, plan, spots, 10, NULL, NULL, 0), all = compute(&defaults, plan, spots, n, NULL, NULL, 0);
	assert_true(isnan(ten.d_min) && isnan(ten.d_min_shells));
	assert_true(all.d_min > 5.0 && all.d_min < 10.0);
	assert_true(all.d_min_shells > 5.0 && all.d_min_shells < 30.0);
	plan_free(&plan);
}

static void equal_spots_give_no_resolution_and_no_crash(void **state)
{
	static struct spot spots[1000];
	struct plan *plan = strip(100);

	for (uint32_t i = 0; i < 1000; i++)
		spots[i] = spot_at(100, 0, 50, 3, SIDE);
	struct score s = compute(&defaults, plan, spots, 1000, NULL, NULL, 0);
	assert_true(s.n_spots_ring_free == 1000 && isnan(s.d_min) && isnan(s.d_min_shells));
	for (uint32_t i = 0; i < 1000; i++)
		spots[i] = spot_at(100 + i % 2, 0, 50, 3, SIDE);
	s = compute(&defaults, plan, spots, 1000, NULL, NULL, 0);
	assert_true(isnan(s.d_min));
	plan_free(&plan);
}

static int print_spots(void)
{
	static struct spot spots[SPOTS_MAX];
	struct plan plan = { .shape = { SIDE, SIDE, PIXEL_U32 }, .algorithm = SPOTS_DISPERSION };
	uint32_t n = 0;
	unsigned x, y, sum;

	if (geometry_flat(&plan.geometry, 100.0, 2000.5, 2000.5, 0.1, 0.1, 1.0))
		return 1;
	while (n < SPOTS_MAX && scanf("%u %u %u", &x, &y, &sum) == 3)
		spots[n++] = spot_at(x, y, sum, 3, SIDE);
	struct score s = compute(&defaults, &plan, spots, n, NULL, NULL, 0);
	printf("%.17g %.17g %.17g %.17g\n", s.n_spots_ring_free, s.total_intensity, s.d_min, s.d_min_shells);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(centroids_lie_in_pixel_centres),
		cmocka_unit_test(ice_rings_obey_the_reflection_conditions),
		cmocka_unit_test(the_range_counts_ring_free_spots_inside),
		cmocka_unit_test(what_is_undefined_is_nan),
		cmocka_unit_test(spots_in_the_direct_beam_have_no_resolution),
		cmocka_unit_test(background_is_the_mean_over_the_range),
		cmocka_unit_test(signal_is_what_stands_above_the_ring),
		cmocka_unit_test(score_weighs_signal_against_background),
		cmocka_unit_test(ice_compares_a_range_with_its_flanks),
		cmocka_unit_test(resolution_needs_more_than_ten_spots),
		cmocka_unit_test(equal_spots_give_no_resolution_and_no_crash),
	};

	if (argc == 2 && strcmp(argv[1], "--spots") == 0)
		return print_spots();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
