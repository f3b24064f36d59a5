/* test_plan.c - what kernels/plan.h promises: tables that can be worked out by hand, the same numbers as geometry.h, and refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/plan.h"
#include "tests/support/random.h"

static const double pi = 3.14159265358979323846;
static struct random rng;

static struct plan_settings settings_of(uint32_t width, uint32_t height)
{
	struct plan_settings s;

	plan_defaults(&s);
	s.shape = (struct image_shape){ width, height, PIXEL_U16 };
	assert_int_equal(geometry_flat(&s.geometry, 100.0, 0.5, 0.5, 0.1, 0.1, 1.0), 0);
	return s;
}

static struct plan *make(const struct plan_settings *s)
{
	struct plan *plan;
	char message[200] = "";

	if (plan_make(&plan, s, 7, message, sizeof message))
		fail_msg("%s", message);
	assert_int_equal(plan->version, 7);
	return plan;
}

static void expect(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fabs(expected)))
		fail_msg("%.17g instead of %.17g", value, expected);
}

static void a_row_of_pixels_falls_into_bins(void **state)
{
	struct plan_settings s = settings_of(5, 1);

	/* q grows almost in proportion to the index 0 to 4: the range is q(0) = 0 to q(4). */
	s.radial_bins = 2;
	struct plan *plan = make(&s);
	static const uint16_t bins[5] = { 0, 0, 1, 1, 1 };
	/* sin(atan(x) / 2) grows slower than x, so q(2) lies just above the middle. */
	assert_memory_equal(plan->bin, bins, sizeof bins);
	assert_true(plan->radial_min == 0.0);
	expect(plan->radial_max, geometry_q(&s.geometry, 4.5, 0.5), 1e-14);
	expect(plan->bin_centre[0], plan->radial_max / 4, 1e-14);
	expect(plan->bin_centre[1], plan->radial_max * 3 / 4, 1e-14);
	assert_true(plan->bin_q[0] == plan->bin_centre[0]);
	assert_int_equal(plan->static_count[0], 2);
	assert_int_equal(plan->static_count[1], 3);
	assert_int_equal(plan->n_masked_in, 5);
	plan_free(&plan);
	assert_null(plan);
	plan_free(&plan);
	plan_free(NULL);
}

static void a_given_range_includes_both_ends(void **state)
{
	struct plan_settings s = settings_of(5, 1);

	s.radial_bins = 3;
	s.radial_range_auto = false;
	s.radial_min = geometry_q(&s.geometry, 1.5, 0.5);
	s.radial_max = geometry_q(&s.geometry, 3.5, 0.5);
	struct plan *plan = make(&s);
	assert_int_equal(plan->bin[0], PLAN_BIN_NONE);
	assert_int_equal(plan->bin[1], 0);
	assert_int_equal(plan->bin[3], 2);
	assert_int_equal(plan->bin[4], PLAN_BIN_NONE);
	plan_free(&plan);
}

static void masks_are_joined_and_bound_the_range(void **state)
{
	struct plan_settings s = settings_of(5, 1);
	static const uint32_t detector[5] = { 1, 0, 0, 0, 0 };
	static const uint8_t user[5] = { 0, 0, 0, 0, 9 }, allowed[5] = { 0, 1, 1, 1, 0 };

	s.detector_mask = detector;
	s.user_mask = user;
	struct plan *plan = make(&s);
	assert_memory_equal(plan->mask, allowed, 5);
	assert_int_equal(plan->n_masked_in, 3);
	assert_int_equal(plan->bin[0], PLAN_BIN_NONE);
	assert_int_equal(plan->bin[1], 0);
	assert_int_equal(plan->bin[3], plan->n_bins - 1);
	assert_int_equal(plan->bin[4], PLAN_BIN_NONE);
	expect(plan->radial_min, geometry_q(&s.geometry, 1.5, 0.5), 1e-14);
	expect(plan->radial_max, geometry_q(&s.geometry, 3.5, 0.5), 1e-14);
	plan_free(&plan);
}

static void nothing_allowed_means_no_bins(void **state)
{
	struct plan_settings s = settings_of(3, 2);
	static const uint8_t user[6] = { 1, 1, 1, 1, 1, 1 };

	s.user_mask = user;
	struct plan *plan = make(&s);
	assert_int_equal(plan->n_bins, 0);
	assert_int_equal(plan->n_masked_in, 0);
	plan_intensity(plan, NULL, NULL, NULL, NULL);
	plan_free(&plan);
	s.radial_range_auto = false;
	s.radial_max = 1.0;
	plan = make(&s);
	assert_int_equal(plan->n_bins, 1000);
	for (int i = 0; i < 6; i++)
		assert_int_equal(plan->bin[i], PLAN_BIN_NONE);
	plan_free(&plan);
}

static void one_pixel_lies_in_the_last_bin(void **state)
{
	struct plan_settings s = settings_of(1, 1);

	assert_int_equal(geometry_flat(&s.geometry, 100.0, 50.0, 0.5, 0.1, 0.1, 1.0), 0);
	struct plan *plan = make(&s);
	assert_int_equal(plan->n_bins, 1000);
	assert_int_equal(plan->bin[0], 999);
	assert_int_equal(plan->static_count[999], 1);
	assert_true(plan->bin_centre[0] == plan->radial_min && plan->radial_min == plan->radial_max);
	plan_free(&plan);
}

static void unknown_geometry_leaves_the_rest(void **state)
{
	struct plan_settings s = settings_of(3, 2);

	s.geometry.known = false;
	s.radial_bins = 0; /* not even looked at */
	struct plan *plan = make(&s);
	assert_int_equal(plan->n_bins, 0);
	assert_null(plan->bin);
	assert_int_equal(plan->n_masked_in, 6);
	assert_int_equal(plan->kernel, 3);
	plan_free(&plan);
}

static struct plan_settings random_settings(uint32_t width, uint32_t height, uint32_t *mask)
{
	struct plan_settings s = settings_of(width, height);
	char text[400], message[200];

	snprintf(text, sizeof text,
		 "PixelSize1: 1e-3\nPixelSize2: 0.8e-3\nDistance: %g\nPoni1: %g\nPoni2: %g\nRot1: %g\nRot2: %g\nRot3: %g\nWavelength: 1e-10\n",
		 0.02 + random_below(&rng, 100) * 1e-3, random_below(&rng, 40) * 1e-3, random_below(&rng, 40) * 1e-3,
		 random_below(&rng, 314) * 1e-2, random_below(&rng, 100) * 1e-2, random_below(&rng, 300) * 1e-2);
	assert_int_equal(geometry_from_poni(&s.geometry, text, 0, 0, 0, message, sizeof message), 0);
	for (uint32_t i = 0; i < width * height; i++)
		mask[i] = random_below(&rng, 4) == 0;
	s.detector_mask = mask;
	s.radial_bins = 1 + random_below(&rng, 60);
	s.radial_sectors = 1 + random_below(&rng, 9);
	s.radial_unit = (enum radial_unit)random_below(&rng, 3);
	s.polarisation_on = random_below(&rng, 2);
	s.polarisation_factor = 0.9;
	return s;
}

static double value_of(const struct plan_settings *s, double x, double y)
{
	return s->radial_unit == RADIAL_Q ? geometry_q(&s->geometry, x, y)
	       : s->radial_unit == RADIAL_TWO_THETA ? geometry_two_theta(&s->geometry, x, y) * 180.0 / pi
						    : geometry_radius_mm(&s->geometry, x, y);
}

/* A pixel's bin is where the formula of section 2 puts it; on an edge the two roundings may differ, so a neighbour is let pass there. */
static bool is_bin(const struct plan *plan, uint32_t bin, double value, double azimuth)
{
	double span = plan->radial_max - plan->radial_min; /* 0 where one pixel is left: the last bin */
	double radial = span > 0 ? (value - plan->radial_min) * plan->n_radial / span : plan->n_radial;
	double sector = (azimuth + pi) / (2 * pi) * plan->n_sectors;
	double r = bin % plan->n_radial, s = bin / plan->n_radial;

	return radial > r - 1e-6 && radial < r + 1 + 1e-6 && sector > s - 1e-6 && sector < s + 1 + 1e-6;
}

static void every_pixel_is_where_the_geometry_says(void **state)
{
	enum { WIDTH = 41, HEIGHT = 37 };
	static uint32_t mask[WIDTH * HEIGHT];

	for (int round = 0; round < 60; round++) {
		struct plan_settings s = random_settings(WIDTH, HEIGHT, mask);
		struct plan *plan = make(&s);
		double *norm = calloc(plan->n_bins + 1, sizeof *norm);
		uint32_t *count = calloc(plan->n_bins + 1, sizeof *count);
		for (uint32_t i = 0; i < WIDTH * HEIGHT && plan->n_bins > 0; i++) {
			double x = i % WIDTH + 0.5, y = i / WIDTH + 0.5, value = value_of(&s, x, y);
			if (mask[i] || isnan(value)) {
				assert_int_equal(plan->bin[i], PLAN_BIN_NONE);
				continue;
			}
			assert_true(plan->bin[i] < plan->n_bins);
			assert_true(is_bin(plan, plan->bin[i], value, geometry_azimuth(&s.geometry, x, y)));
			norm[plan->bin[i]] += geometry_solid_angle(&s.geometry, x, y) *
					      (s.polarisation_on ? geometry_polarisation(&s.geometry, x, y, 0.9) : 1.0);
			count[plan->bin[i]]++;
		}
		for (uint32_t b = 0; b < plan->n_bins; b++) {
			assert_int_equal(plan->static_count[b], count[b]);
			expect(plan->norm[b], norm[b], 1e-10);
		}
		free(norm);
		free(count);
		plan_free(&plan);
	}
}

static void bin_q_follows_the_unit(void **state)
{
	struct plan_settings s = settings_of(1001, 1);

	for (int unit = RADIAL_Q; unit <= RADIAL_RADIUS; unit++) {
		s.radial_unit = (enum radial_unit)unit;
		s.radial_bins = 100;
		struct plan *plan = make(&s);
		assert_true(plan->radial_min == 0.0);
		expect(plan->radial_max, unit == RADIAL_Q ? 4 * pi * sin(pi / 8) : unit == RADIAL_TWO_THETA ? 45.0 : 100.0, 1e-12);
		for (uint32_t i = 0; i < 1001; i++) {
			double q = geometry_q(&s.geometry, i + 0.5, 0.5), width = plan->bin_q[1] - plan->bin_q[0];
			assert_true(fabs(plan->bin_q[plan->bin[i]] - q) < 0.51 * width + 1e-12);
		}
		plan_free(&plan);
	}
}

static void thresholds_are_the_tabulated_integers(void **state)
{
	struct plan_settings s = settings_of(8, 8);

	s.kernel = 6;
	struct plan *plan = make(&s);
	assert_int_equal(plan->c_q16[0], 0);
	assert_int_equal(plan->c_q16[1], 0);
	assert_int_equal(plan->c_q16[2], 621627);
	assert_int_equal(plan->c_q16[49], 6998442);
	assert_int_equal(plan->c_q16[169], 18217816);
	assert_int_equal(plan->ns2_q16, 9 * 65536);
	assert_int_equal(plan->invalid_from, 65535);
	plan_free(&plan);
	s.max_minus_1_invalid = true;
	plan = make(&s);
	assert_int_equal(plan->invalid_from, 65534);
	plan_free(&plan);
}

static void intensity_is_what_was_counted_over_what_was_seen(void **state)
{
	struct plan_settings s = settings_of(5, 1);

	s.radial_bins = 2;
	struct plan *plan = make(&s);
	/* The first bin lost one of its two pixels in this frame, the second all. */
	const uint64_t sum[2] = { 36, 0 };
	const uint32_t count[2] = { 1, 0 };
	double intensity[2], sigma[2];
	plan_intensity(plan, sum, count, intensity, sigma);
	expect(intensity[0], 36.0 / (plan->norm[0] / 2), 1e-14);
	expect(sigma[0], 6.0 / (plan->norm[0] / 2), 1e-14);
	assert_true(isnan(intensity[1]) && isnan(sigma[1]));
	plan_free(&plan);
}

#define REFUSED(member, value, words) \
	do { \
		struct plan_settings s_ = settings_of(8, 8); \
		char message_[200] = ""; \
		struct plan *plan_ = (struct plan *)&s_; \
		s_.member = value; \
		assert_int_equal(plan_make(&plan_, &s_, 1, message_, sizeof message_), -EINVAL); \
		assert_null(plan_); \
		if (!strstr(message_, words)) \
			fail_msg("'%s' does not say '%s'", message_, words); \
	} while (0)

static void settings_out_of_range_are_refused_by_name(void **state)
{
	REFUSED(shape.width, 0, "0 x 8");
	REFUSED(shape.height, 65536, "65536");
	REFUSED(shape.type, (enum pixel_type)9, "pixel type");
	REFUSED(geometry.origin_mm[2], NAN, "geometry");
	REFUSED(geometry.origin_mm[2], 0.0, "geometry");
	REFUSED(geometry.pixel_x_mm, INFINITY, "geometry");
	REFUSED(geometry.wavelength_angstrom, 0.0, "geometry");
	REFUSED(radial_bins, 0, "radial bins");
	REFUSED(radial_bins, 4097, "radial bins");
	REFUSED(radial_sectors, 0, "radial sectors");
	REFUSED(radial_sectors, 66, "more than 65534");
	REFUSED(radial_range_auto, false, "radial range");
	REFUSED(radial_unit, (enum radial_unit)5, "radial unit");
	REFUSED(algorithm, (enum spot_algorithm)9, "algorithm");
	REFUSED(kernel, 0, "kernel");
	REFUSED(kernel, 7, "kernel");
	REFUSED(min_count, 50, "min_count");
	REFUSED(min_count, 0, "min_count");
	REFUSED(gain, 0.0, "gain");
	REFUSED(gain, NAN, "gain");
	REFUSED(sigma_strong, -1.0, "sigma_strong");
	REFUSED(sigma_strong, 1e9, "too large");
	REFUSED(sigma_background, 1e12, "too large");
	REFUSED(sigma_background, INFINITY, "too large");
	REFUSED(min_pixels, 0, "min_pixels");
	REFUSED(min_pixels, 1001, "min_pixels");
	REFUSED(max_pixels, 65537, "max_pixels");
	REFUSED(max_spots, 0, "max_spots");
	REFUSED(max_strong, 1u << 30, "max_strong");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_of_pixels_falls_into_bins),
		cmocka_unit_test(a_given_range_includes_both_ends),
		cmocka_unit_test(masks_are_joined_and_bound_the_range),
		cmocka_unit_test(nothing_allowed_means_no_bins),
		cmocka_unit_test(one_pixel_lies_in_the_last_bin),
		cmocka_unit_test(unknown_geometry_leaves_the_rest),
		cmocka_unit_test(every_pixel_is_where_the_geometry_says),
		cmocka_unit_test(bin_q_follows_the_unit),
		cmocka_unit_test(thresholds_are_the_tabulated_integers),
		cmocka_unit_test(intensity_is_what_was_counted_over_what_was_seen),
		cmocka_unit_test(settings_out_of_range_are_refused_by_name),
	};

	random_seed(&rng);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
