/* test_geometry.c - what kernels/geometry.h promises, by cases that can be worked out by hand, and the refusals of the .poni reader.
 *
 * With arguments "--values FILE.poni X Y [X Y ...]" it prints, for tests that have pyFAI to compare with, a line per point:
 * q, two_theta, azimuth, solid angle, polarisation (factor 0.95). */
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

#include "kernels/geometry.h"

static const double pi = 3.14159265358979323846;

static void expect(double value, double expected, double relative)
{
	if (!(fabs(value - expected) <= relative * fmax(fabs(expected), 1e-300)))
		fail_msg("%.17g instead of %.17g", value, expected);
}

/* 100 mm away, pixels of 0.1 mm, 1 A, the beam at (10, 20): (1010, 20) is seen at 45 degrees. */
static struct geometry simple(void)
{
	struct geometry g;

	assert_int_equal(geometry_flat(&g, 100.0, 10.0, 20.0, 0.1, 0.1, 1.0), 0);
	assert_true(g.known);
	return g;
}

static void angles_of_a_perpendicular_detector(void **state)
{
	struct geometry g = simple();
	double sine = sin(pi / 8);

	assert_true(geometry_two_theta(&g, 10, 20) == 0.0 && geometry_q(&g, 10, 20) == 0.0);
	assert_true(isinf(geometry_d(&g, 10, 20)));
	expect(geometry_two_theta(&g, 1010, 20), pi / 4, 1e-14);
	expect(geometry_q(&g, 1010, 20), 4 * pi * sine, 1e-14);
	expect(geometry_d(&g, 1010, 20), 1.0 / (2 * sine), 1e-14);
	expect(geometry_radius_mm(&g, 1010, 20), 100.0, 1e-14);
	expect(geometry_azimuth(&g, 1010, 20), 0.0, 0);
	expect(geometry_azimuth(&g, 10, 1020), pi / 2, 1e-14);
	expect(geometry_azimuth(&g, 10, -980), -pi / 2, 1e-14);
	expect(geometry_solid_angle(&g, 10, 20), 1.0, 1e-14);
	expect(geometry_solid_angle(&g, 1010, 20), pow(0.5, 1.5), 1e-14);
	/* cos^2 tt = 1/2: horizontally (1 + 1/2 - f/2) / 2, vertically (1 + 1/2 + f/2) / 2 */
	expect(geometry_polarisation(&g, 1010, 20, 0.9), 0.525, 1e-14);
	expect(geometry_polarisation(&g, 10, 1020, 0.9), 0.975, 1e-14);
	expect(geometry_polarisation(&g, 10, 1020, 0.0), 0.75, 1e-14);
}

static void q_stays_exact_near_the_beam(void **state)
{
	struct geometry g;

	/* A billionth of a pixel: sin(theta) = offset / (2 distance) to 20 digits. */
	assert_int_equal(geometry_flat(&g, 100.0, 0.0, 0.0, 0.1, 0.1, 1.0), 0);
	expect(geometry_q(&g, 0.0, 1e-9), 4 * pi * (1e-9 * 0.1 / 200.0), 1e-14);
}

static void beam_and_distance_come_back(void **state)
{
	struct geometry g = simple();
	double x, y;

	geometry_beam_px(&g, &x, &y);
	expect(x, 10.0, 1e-14);
	expect(y, 20.0, 1e-14);
	expect(geometry_distance_mm(&g), 100.0, 1e-14);
}

static void nonsense_is_refused(void **state)
{
	static const double bad[] = { 0.0, -1.0, NAN, INFINITY };
	struct geometry g;

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(geometry_flat(&g, bad[i], 0, 0, 0.1, 0.1, 1.0), -EDOM);
		assert_false(g.known);
		assert_int_equal(geometry_flat(&g, 100.0, 0, 0, bad[i], 0.1, 1.0), -EDOM);
		assert_int_equal(geometry_flat(&g, 100.0, 0, 0, 0.1, bad[i], 1.0), -EDOM);
		assert_int_equal(geometry_flat(&g, 100.0, 0, 0, 0.1, 0.1, bad[i]), -EDOM);
	}
	assert_int_equal(geometry_flat(&g, 100.0, NAN, 0, 0.1, 0.1, 1.0), -EDOM);
	assert_int_equal(geometry_flat(&g, 100.0, 0, INFINITY, 0.1, 0.1, 1.0), -EDOM);
}

static void unknown_geometry_knows_nothing(void **state)
{
	struct geometry g = { .known = false };
	double x = 0, y = 0;

	geometry_beam_px(&g, &x, &y);
	assert_true(isnan(x) && isnan(y) && isnan(geometry_distance_mm(&g)));
	assert_true(isnan(geometry_q(&g, 1, 1)) && isnan(geometry_d(&g, 1, 1)) && isnan(geometry_spot_d(&g, 1, 1)));
	assert_true(isnan(geometry_two_theta(&g, 1, 1)) && isnan(geometry_radius_mm(&g, 1, 1)) && isnan(geometry_azimuth(&g, 1, 1)));
	assert_true(isnan(geometry_solid_angle(&g, 1, 1)) && isnan(geometry_polarisation(&g, 1, 1, 0.9)));
	assert_int_equal(geometry_set_sensor(&g, "Si", 0.45), -EDOM);
}

static void sensors_shift_oblique_spots_inwards(void **state)
{
	struct geometry g = simple(), thin = g;

	assert_int_equal(geometry_set_sensor(&g, "unobtainium", 0.45), -ENOENT);
	assert_int_equal(geometry_set_sensor(&g, "Si", 0.0), -EDOM);
	assert_true(geometry_spot_d(&g, 1010, 20) == geometry_d(&g, 1010, 20));
	g.sensor_thickness_mm = 1.0;
	g.sensor_mu_per_mm = 2.0;
	/* At 45 degrees the path is sqrt(2) mm; the mean depth along it shifts the spot by depth / sqrt(2). */
	double depth = 0.5 - (sqrt(2.0) + 0.5) * exp(-2.0 * sqrt(2.0));
	expect(geometry_spot_d(&g, 1010, 20), geometry_d(&thin, 1010 - depth / sqrt(2.0) / 0.1, 20), 1e-13);
	assert_true(geometry_spot_d(&g, 1010, 20) > geometry_d(&g, 1010, 20));
	expect(geometry_spot_d(&g, 10.001, 20), geometry_d(&thin, 10.001, 20), 2e-2);
	assert_true(geometry_d(&g, 1010, 20) == geometry_d(&thin, 1010, 20));
}

static void sensors_absorb_as_tabulated(void **state)
{
	struct geometry g = simple();

	g.wavelength_angstrom = 12.398419843320026 / 10.0;
	assert_int_equal(geometry_set_sensor(&g, "Silicon", 0.32), 0);
	expect(g.sensor_mu_per_mm, 33.89 * 2.33 / 10, 1e-9);
	expect(g.sensor_thickness_mm, 0.32, 0);
	g.wavelength_angstrom = 12.398419843320026 / 27.0; /* just above an edge of cadmium */
	assert_int_equal(geometry_set_sensor(&g, "CdTe", 0.75), 0);
	assert_true(g.sensor_mu_per_mm > 28.0 * 0.62 && g.sensor_mu_per_mm < 29.43 * 0.62);
	g.wavelength_angstrom = 20.0;
	assert_int_equal(geometry_set_sensor(&g, "Si", 0.32), -EDOM);
	assert_true(g.sensor_mu_per_mm == 0.0);
}

static struct geometry poni(const char *text)
{
	struct geometry g;
	char message[200] = "";

	if (geometry_from_poni(&g, text, 0, 0, 0, message, sizeof message))
		fail_msg("%s", message);
	return g;
}

#define BODY "Distance: 0.1\nPoni1: 0.002\nPoni2: 0.001\nWavelength: 1e-10\n"

static void a_poni_without_tilt_is_a_flat_detector(void **state)
{
	struct geometry g = poni("# a comment: 1\r\nPixelSize1: 0.0001\r\nPixelSize2: 1e-4\r\nDistance: 1.0E-1\r\nPoni1: 0.002\r\n"
				 "Poni2: 0.001\r\nRot1: 0\r\nRot2: 0\r\nRot3: 0\r\nSplineFile: None\r\nWavelength: 1.0e-10\r\n");
	struct geometry flat = simple();

	for (double x = -50; x < 2000; x += 97)
		for (double y = -50; y < 2000; y += 101) {
			expect(geometry_q(&g, x, y), geometry_q(&flat, x, y), 1e-9);
			expect(geometry_azimuth(&g, x, y), geometry_azimuth(&flat, x, y), 1e-9);
		}
}

static void a_detector_can_look_backwards(void **state)
{
	struct geometry g = poni("PixelSize1: 1e-4\nPixelSize2: 1e-4\n" BODY "Rot1: 3.14159265358979323846\n");

	expect(geometry_two_theta(&g, 10, 20), pi, 1e-12);
	expect(geometry_q(&g, 10, 20), 4 * pi, 1e-12);
	expect(geometry_q(&g, 1010, 20), 4 * pi * sin(3 * pi / 8), 1e-12);
	assert_true(isnan(geometry_radius_mm(&g, 10, 20)));
	expect(geometry_solid_angle(&g, 1010, 20), pow(0.5, 1.5), 1e-12);
	double x, y;
	geometry_beam_px(&g, &x, &y);
	assert_true(isnan(x) && isnan(y));
}

static void version_two_names_pixels_in_its_configuration(void **state)
{
	struct geometry g = poni("poni_version: 2\nDetector: Detector\nDetector_config: {\"pixel1\": 0.0001, \"pixel2\": 7.5e-05, "
				 "\"max_shape\": [20, 30], \"other\": {\"a\": [1, \"}\"]}}\n" BODY);
	struct geometry given;
	char message[200];

	expect(g.pixel_y_mm, 0.1, 1e-12);
	expect(g.pixel_x_mm, 0.075, 1e-12);
	assert_int_equal(geometry_from_poni(&given, "poni_version: 2\nDetector: Eiger4M\nDetector_config: {}\nDistance: 0.1\n"
						    "Poni1: 0.002\nPoni2: 0.001\n",
					    0.075, 0.08, 1.5, message, sizeof message), 0);
	expect(given.pixel_x_mm, 0.075, 1e-12);
	expect(given.pixel_y_mm, 0.08, 1e-12);
	expect(given.wavelength_angstrom, 1.5, 1e-12);
}

static void orientations_mirror_the_image(void **state)
{
	static const struct {
		int orientation;
		bool rows, columns;
	} cases[] = { { 1, true, true }, { 2, true, false }, { 3, false, false }, { 4, false, true } };
	const char *form = "poni_version: 2.1\nDetector: Detector\nDetector_config: {\"pixel1\": 1e-4, \"pixel2\": 1e-4, \"max_shape\": [200, "
			   "300], \"orientation\": %d}\n" BODY "Rot1: 0.1\nRot2: -0.2\nRot3: 0.3\n";
	char text[600];

	snprintf(text, sizeof text, form, 3);
	struct geometry stored = poni(text);
	for (size_t i = 0; i < 4; i++) {
		snprintf(text, sizeof text, form, cases[i].orientation);
		struct geometry g = poni(text);
		double x = cases[i].columns ? 300 - 17.5 : 17.5, y = cases[i].rows ? 200 - 44.5 : 44.5;
		expect(geometry_q(&g, x, y), geometry_q(&stored, 17.5, 44.5), 1e-12);
		expect(geometry_azimuth(&g, x, y), geometry_azimuth(&stored, 17.5, 44.5), 1e-12);
	}
}

static void the_last_of_several_calibrations_counts(void **state)
{
	struct geometry g = poni("PixelSize1: 1e-4\nPixelSize2: 1e-4\n" BODY "Distance: 0.2\n");

	expect(geometry_distance_mm(&g), 200.0, 1e-12);
}

static void bad_ponis_are_refused_with_the_line(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "distance is missing" },
		{ "Distance: 0.1\nPoni1: 0\n", "poni2 is missing" },
		{ "Distance: 0.1\nPoni1: 0\nPoni2: 0\n", "wavelength is missing" },
		{ BODY, "pixel size" },
		{ "Distance: abc\n", "line 1: distance: 'abc' is not a number" },
		{ "\n\nDistance: nan\n", "line 3: distance: 'nan' is not a number" },
		{ "Distance: 0x10\n", "not a number" },
		{ "Distance:\n", "not a number" },
		{ "Distance: 1e999\n", "not a number" },
		{ "Distance: 1 2\n", "not a number" },
		{ "Distance: -0.1\n", "not within" },
		{ "Distance: 0\n", "not within" },
		{ "PixelSize1: 3\n", "not within" },
		{ "Rot1: 1e6\n", "not within" },
		{ "Distance: \x01\x80\n", "'\?\?'" },
		{ "Distance: 11111111111111111111111111111111111111111111111111111111111111111111111111\n", "not a number" },
		{ "poni_version: 3\n", "none of 1, 2, 2.1" },
		{ "Detector: Aarhus\n", "not a flat grid" },
		{ "SplineFile: /a/b.spline\n", "distorted" },
		{ "Detector_config: [1]\n", "not a JSON object" },
		{ "Detector_config: {\n", "no closing" },
		{ "Detector_config: {pixel1: 1}\n", "quoted key" },
		{ "Detector_config: {\"pixel1\" 1}\n", "no ':'" },
		{ "Detector_config: {\"pixel1\": }\n", "no whole value" },
		{ "Detector_config: {\"pixel1\": [1}\n", "not" },
		{ "Detector_config: {\"a\": ]}\n", "no whole value" },
		{ "Detector_config: {\"a\": \"b}\n", "no whole value" },
		{ "Detector_config: {\"max_shape\": 5}\n", "max_shape" },
		{ "Detector_config: {\"max_shape\": [0, 5]}\n", "max_shape" },
		{ "Detector_config: {\"orientation\": 5}\n", "orientation" },
		{ "Detector_config: {\"splineFile\": \"x\"}\n", "distorted" },
		{ "Detector_config: {\"pixel1\": 1e-4, \"pixel2\": 1e-4, \"orientation\": 2}\n" BODY, "max_shape is missing" },
	};
	struct geometry g;
	char message[200];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message[0] = 0;
		assert_int_equal(geometry_from_poni(&g, cases[i].text, 0, 0, 0, message, sizeof message), -EINVAL);
		assert_false(g.known);
		if (!strstr(message, cases[i].words))
			fail_msg("'%s' does not say '%s'", message, cases[i].words);
	}
	assert_int_equal(geometry_from_poni(&g, "", 0, 0, 0, NULL, 0), -EINVAL);
}

static int print_values(int n, char **arguments)
{
	static char text[100000];
	char message[200];
	struct geometry g;
	FILE *file = fopen(arguments[0], "rb");

	if (!file || fread(text, 1, sizeof text - 1, file) == 0 || fclose(file))
		return 1;
	if (geometry_from_poni(&g, text, 0, 0, 0, message, sizeof message)) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	for (int i = 1; i + 1 < n; i += 2) {
		double x = atof(arguments[i]), y = atof(arguments[i + 1]);
		printf("%.17g %.17g %.17g %.17g %.17g\n", geometry_q(&g, x, y), geometry_two_theta(&g, x, y), geometry_azimuth(&g, x, y),
		       geometry_solid_angle(&g, x, y), geometry_polarisation(&g, x, y, 0.95));
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(angles_of_a_perpendicular_detector),
		cmocka_unit_test(q_stays_exact_near_the_beam),
		cmocka_unit_test(beam_and_distance_come_back),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(unknown_geometry_knows_nothing),
		cmocka_unit_test(sensors_shift_oblique_spots_inwards),
		cmocka_unit_test(sensors_absorb_as_tabulated),
		cmocka_unit_test(a_poni_without_tilt_is_a_flat_detector),
		cmocka_unit_test(a_detector_can_look_backwards),
		cmocka_unit_test(version_two_names_pixels_in_its_configuration),
		cmocka_unit_test(orientations_mirror_the_image),
		cmocka_unit_test(the_last_of_several_calibrations_counts),
		cmocka_unit_test(bad_ponis_are_refused_with_the_line),
	};

	if (argc > 3 && strcmp(argv[1], "--values") == 0)
		return print_values(argc - 2, argv + 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
